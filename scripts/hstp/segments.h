/* SPDX-License-Identifier: GPL-2.0 */
/* The setting segment_events, shared by the monitors of a namespace. */
#ifndef HSTP_CMD_SEGMENTS_H
#define HSTP_CMD_SEGMENTS_H

#include "nl.h"

struct segments {
	char path[64];		/* of the file with the lock; "" without one */
	int lock;		/* open file, or -1 */
	bool switched;		/* this process switched it on */
};

int segments_told(struct nl *nl, bool *told);
void segments_name(struct segments *s);
int segments_on(struct segments *s, struct nl *nl);
int segments_off(struct segments *s, struct nl *nl);
void segments_gone(struct segments *s);

#endif /* HSTP_CMD_SEGMENTS_H */
