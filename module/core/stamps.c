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
 * @seg: acceptable ACK; SND.UNA is not yet advanced
 * @env: clock and settings
 *
 * Only of an ACK that moves SND.UNA (RFC 7323 section 4.1, RTTM rule). What is in another one
 * may be the echo of a window probe that was not taken, whose intervals are to grow (SHLD-30),
 * or of what we sent before we were silent for long.
 *
 * RTO stays doubled until a round trip is measured (RFC 6298, after rule 5.7). By Karn's
 * algorithm that takes new text, sent once and acknowledged; an echo is of the copy that has
 * arrived, so that with timestamps what was sent again ends the backoff as well. Where many
 * segments are lost nothing new may be sent for long. Else there is one measurement a window,
 * so that the weights of RFC 6298 hold (RFC 7323 section 4.2 and appendix G).
 *
 * Two echoes measure nothing: that of the future, which is a lie; and that of before the last
 * timeout. The receiver does not take the stamp of a duplicate (section 5.3, R2 before R3), so
 * it is of a copy whose ACK was lost, most likely, and would measure the timeout.
 */
void hstp_stamps_measure(struct hstp_tcb *t, const struct hstp_segment *seg,
			 const struct hstp_env *env)
{
	u32 trip = env->now + t->ts_offset - seg->opt.tsecr;

	if (!t->ts_ok || !(seg->opt.has & HSTP_HAS_TIMESTAMPS) ||
	    !hstp_after(seg->ack, t->snd_una))
		return;
	if (!t->backoff && (!t->timing || hstp_before(seg->ack, t->rtt_seq)))
		return;
	t->timing = 0;
	if (hstp_before(trip, 0) || (t->retries && trip > env->now - t->sent_at))
		return;
	hstp_rtt_sample(t, trip, env->cfg);
}
