/* SPDX-License-Identifier: GPL-2.0 */
/* Rules for segments as words of the command line: read, and written. */
#ifndef HSTP_CMD_FAULT_H
#define HSTP_CMD_FAULT_H

#include "filter.h"

extern const char *const action_names[];
extern const char *const field_names[];

void fault_put(struct nlmsghdr *nlh, int argc, char **argv);

#endif /* HSTP_CMD_FAULT_H */
