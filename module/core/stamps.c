// SPDX-License-Identifier: GPL-2.0
/* Timestamps, RFC 7323: old duplicates are found by them, and round trips measured. */
#include "fsm.h"

#define VALID_S	(24 * 86400)	/* seconds that TS.Recent is good for: section 5.5 */

static bool expired(const struct hstp_tcb *t, const struct hstp_env *env)
{
	return env->now_s - t->ts_recent_s > VALID_S;
}

/**
 * hstp_stamps_old() - is a segment older than what has arrived
 * @t: connection with timestamps
 * @seg: segment with a timestamp
 * @env: clock
 *
 * RFC 7323 section 5.3, R1. After 24 days without a segment TS.Recent says nothing:
 * the peer's clock may have wrapped (section 5.5).
 */
bool hstp_stamps_old(const struct hstp_tcb *t, const struct hstp_segment *seg,
		     const struct hstp_env *env)
{
	return hstp_before(seg->opt.tsval, t->ts_recent) && !expired(t, env);
}

/**
 * hstp_stamps_take() - remember the timestamp to echo
 * @t: connection
 * @seg: acceptable segment
 * @env: clock
 *
 * RFC 7323 section 5.3, R3: it is that of the segment that ACKs have waited for
 * longest (section 4.3).
 */
void hstp_stamps_take(struct hstp_tcb *t, const struct hstp_segment *seg,
		      const struct hstp_env *env)
{
	if (!t->ts_ok || !(seg->opt.has & HSTP_HAS_TIMESTAMPS) ||
	    hstp_after(seg->seq, t->rcv_acked) || hstp_stamps_old(t, seg, env))
		return;
	t->ts_recent = seg->opt.tsval;
	t->ts_recent_s = env->now_s;
}

/**
 * hstp_stamps_measure() - a round trip, if an ACK ends one
 * @t: connection
 * @seg: segment that acknowledges something new; SND.UNA is not yet advanced
 * @env: clock and settings
 *
 * RFC 7323 section 4.1. There is no need of Karn's algorithm: the echo is of the copy
 * that arrived. One measurement a window, as without timestamps, so that the weights
 * of RFC 6298 hold (section 4.2); but where timeouts have doubled RTO, nothing new may be
 * sent for long whose round trip would be measured, and the first echo ends that. What was
 * echoed of the future is a lie.
 *
 * An echo of before the last timeout is of a copy whose ACK was lost, most likely: the
 * receiver does not take the stamp of a duplicate (section 5.3, R2 before R3). It would
 * measure the timeout.
 */
void hstp_stamps_measure(struct hstp_tcb *t, const struct hstp_segment *seg,
			 const struct hstp_env *env)
{
	u32 trip = env->now + t->ts_offset - seg->opt.tsecr;

	if (!t->ts_ok || !(seg->opt.has & HSTP_HAS_TIMESTAMPS))
		return;
	if (!t->backoff && (!t->timing || hstp_before(seg->ack, t->rtt_seq)))
		return;
	t->timing = 0;
	if (hstp_before(trip, 0) || (t->retries && trip > env->now - t->sent_at))
		return;
	hstp_rtt_sample(t, trip, env->cfg);
}
