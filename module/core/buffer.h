/* SPDX-License-Identifier: GPL-2.0 */
/* How large a receive buffer is worth while: dynamic right-sizing. */
#ifndef HSTP_CORE_BUFFER_H
#define HSTP_CORE_BUFFER_H

#include "tcb.h"

/**
 * struct hstp_rounds - what the user takes in a round trip
 * @since: when this round began, ms of hstp_env.now
 * @from: number of the byte that the user was to take next then
 * @most: bytes that the user took in a round, at most
 */
struct hstp_rounds {
	u32 since;
	u32 from;
	u32 most;
};

/**
 * hstp_round_over() - has a round trip passed
 * @r: the round
 * @t: connection
 * @now: clock, ms
 */
static inline bool hstp_round_over(const struct hstp_rounds *r, const struct hstp_tcb *t, u32 now)
{
	return now - r->since > t->srtt >> 3;
}

void hstp_rounds_start(struct hstp_rounds *r, const struct hstp_tcb *t, u32 now, u32 queued);
u32 hstp_round_end(struct hstp_rounds *r, const struct hstp_tcb *t, const struct hstp_env *env,
		   u32 queued);

#endif /* HSTP_CORE_BUFFER_H */
