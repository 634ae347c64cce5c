// SPDX-License-Identifier: GPL-2.0
/* Receive buffer auto-tuning. The sender's window doubles with each round trip at most
 * (RFC 5681 section 3.1), and the buffer must not be what stops it: it is to hold twice
 * what the user takes in a round trip ("dynamic right-sizing", Fisk and Feng, 2001). A user
 * who does not read has no need of a larger one.
 */
#include "buffer.h"

/**
 * hstp_rounds_start() - a user begins to read
 * @r: filled
 * @t: connection
 * @now: clock, ms
 * @queued: bytes of text that the user has not taken
 */
void hstp_rounds_start(struct hstp_rounds *r, const struct hstp_tcb *t, u32 now, u32 queued)
{
	r->since = now;
	r->from = t->rcv_nxt - queued;
	r->most = 0;
}

/**
 * hstp_round_end() - a round trip has passed since the last round began
 * @r: the round; the next one begins
 * @t: connection
 * @env: clock, the buffer and what it may become
 * @queued: bytes of text that the user has not taken
 *
 * What was more than in any round before will be more by as much again in the next one,
 * before this can be called again.
 *
 * Return: bytes that the buffer is to have; hstp_env.buffer when it is to stay.
 */
u32 hstp_round_end(struct hstp_rounds *r, const struct hstp_tcb *t, const struct hstp_env *env,
		   u32 queued)
{
	u32 next = t->rcv_nxt - queued, taken = next - r->from, want;

	r->since = env->now;
	r->from = next;
	if (taken <= r->most)
		return env->buffer;
	/* What does not fit into a quarter of it does not need to be multiplied */
	want = taken < env->buffer_max / 4 ? 2 * (taken + (taken - r->most)) : env->buffer_max;
	r->most = taken;
	want = hstp_min(want, env->buffer_max);
	return hstp_max(want, env->buffer);
}
