/* SPDX-License-Identifier: GPL-2.0 */
/* Text behind a gap: the queue of whoever stands in for the kernel half in a test. */
#ifndef HSTP_TEST_HELD_H
#define HSTP_TEST_HELD_H

#include "fsm.h"

/**
 * struct held - what HSTP_ACT_HOLD asked to keep
 * @seq: number of its first byte
 * @len: bytes
 * @position: of its first byte in the sender's stream, for those who check that
 * @fin: a FIN follows it
 */
struct held {
	u32 seq;
	u32 len;
	u32 position;
	u32 fin;
};

struct hstp_range held_keep(struct held *queue, u32 *count, struct held text, struct hstp_tcb *t);
bool held_next(struct held *queue, u32 *count, struct held *text, struct hstp_tcb *t,
	       const struct hstp_env *env, struct hstp_acts *acts);

#endif /* HSTP_TEST_HELD_H */
