// SPDX-License-Identifier: GPL-2.0
/* What is measured of a connection: round trips, the rate at which text is delivered, what
 * the sender waits for, and what its segments met with. Of the segments on their way there
 * is no record: at most once a round trip one is marked, and when the peer has it, so much is
 * known.
 */
#include "board.h"
#include "congestion.h"
#include "meter.h"

#define UNKNOWN		(~0u)
#define HALF_US		150000000u	/* of the five minutes that a minimum is good for */
#define SECOND_US	1000000u

/**
 * hstp_meter_start() - a socket gets the connection
 * @m: all zero
 * @t: connection that has sent nothing yet, or was opened passively
 * @early: what was counted before
 * @now: clock, ms
 */
void hstp_meter_start(struct hstp_meter *m, const struct hstp_tcb *t,
		      const struct hstp_early *early, u32 now)
{
	m->segs_in = early->segs_in;
	m->segs_out = early->segs_out;
	m->texts_in = early->texts_in;
	m->disordered = early->disordered;
	m->min_us = UNKNOWN;
	m->min_before_us = UNKNOWN;
	m->limit_since = now;
	m->text_at = now;
	m->known_una = t->snd_una;
	if (!t->passive)
		return;
	/* The peer has our SYN, and text may have come */
	m->fresh_out = 1;
	m->known_fresh = 1;
	m->text_at = t->heard_at;
}

/**
 * hstp_meter_mark() - measure the round trip of the segment that is sent
 * @m: meter; none is measured
 * @t: connection; SND.NXT is behind the segment
 * @now_us: clock, microseconds
 */
void hstp_meter_mark(struct hstp_meter *m, const struct hstp_tcb *t, u64 now_us)
{
	if (m->gap && hstp_after(t->snd_una, m->gap_seq))
		m->gap = false;
	m->mark_us = now_us;
	m->mark_acked = m->acked;
	m->mark_seq = t->snd_nxt;
	m->mark_fresh = m->fresh_out;
	m->mark_again = t->again_count;
	m->mark_at = t->sent_at;
	m->mark_idle = m->gap;
	m->timing = true;
}

static void note_min(struct hstp_meter *m, u32 us, u64 now_us)
{
	u64 age = now_us - m->min_since_us;

	if (age > HALF_US) {
		m->min_before_us = age > 2 * (u64)HALF_US ? UNKNOWN : m->min_us;
		m->min_us = UNKNOWN;
		m->min_since_us = now_us;
	}
	m->min_us = hstp_min(m->min_us, us);
}

/* As TCP's: the user's pauses make a rate smaller than the network's, so one that they had a
 * part in counts only if it is the largest.
 */
static void note_rate(struct hstp_meter *m, u64 bytes, u32 us)
{
	if (m->mark_idle && m->rate_us && bytes * m->rate_us < (u64)m->rate_bytes * us)
		return;
	m->rate_bytes = (u32)bytes;
	m->rate_us = us;
	m->rate_idle = m->mark_idle;
}

/**
 * hstp_meter_trip() - the peer has the segment that was marked
 * @m: meter
 * @t: connection; SND.UNA is advanced
 * @now_us: clock, microseconds
 *
 * The delivery rate is what SND.UNA moved by while the segment was on its way, and its ACK,
 * through that time: a sample each round trip, where TCP takes one with each ACK.
 */
void hstp_meter_trip(struct hstp_meter *m, const struct hstp_tcb *t, u64 now_us)
{
	u64 bytes = m->acked - m->mark_acked, trip = now_us - m->mark_us;
	u32 us = trip < UNKNOWN ? hstp_max((u32)trip, 1) : UNKNOWN - 1;

	m->timing = false;
	m->known_una = m->mark_seq;
	m->known_fresh = m->mark_fresh;
	/* Karn's algorithm: else it may be another copy's ACK, or that of a gap filled late */
	if (m->mark_again == t->again_count)
		note_min(m, us, now_us);
	/* Shorter than a round trip: it was not this segment that the peer has acknowledged */
	if (bytes && (us >= hstp_meter_min(m) || hstp_meter_min(m) == UNKNOWN))
		note_rate(m, bytes, us);
}

/**
 * hstp_meter_round() - the peer has used a window, or begins with the first one
 * @m: meter
 * @t: connection; RCV.NXT is behind the text that has just arrived, which was not acknowledged
 * @now_us: clock, microseconds
 *
 * What lies beyond the window that was offered until now can only be the answer to an ACK from
 * now on: it comes a round trip later, or more if the peer has no more to send or the user does
 * not read. The shortest time is the best guess of a receiver, as TCP's where there are no
 * timestamps.
 */
void hstp_meter_round(struct hstp_meter *m, const struct hstp_tcb *t, u64 now_us)
{
	u64 took = now_us - m->round_us;

	if (m->round_us && took < UNKNOWN && (!m->filled_us || took < m->filled_us))
		m->filled_us = hstp_max((u32)took, 1);
	m->round_us = now_us;
	m->round_seq = t->rcv_nxt + t->rcv_wnd + 1;
}

/**
 * hstp_meter_gap() - the user sends: did the network wait for that
 * @m: meter
 * @t: connection; the new text is not yet in it
 * @board: its scoreboard, or NULL
 *
 * What is out then, and what follows until that is acknowledged, is not as fast as the
 * network could be.
 */
void hstp_meter_gap(struct hstp_meter *m, const struct hstp_tcb *t,
		    const struct hstp_board *board)
{
	if (hstp_text_unsent(t) >= t->mss || !hstp_congestion_room(t, board))
		return;
	m->gap = true;
	m->gap_seq = t->snd_nxt;
}

/**
 * hstp_meter_reported() - an ACK with selective acknowledgments was accepted
 * @m: meter
 * @t: connection
 * @seg: the segment
 *
 * RFC 2883 section 4: the first block tells of a duplicate when it is below SEG.ACK or
 * within the second one. The peer may lie.
 */
void hstp_meter_reported(struct hstp_meter *m, const struct hstp_tcb *t,
			 const struct hstp_segment *seg)
{
	const struct hstp_range *r = seg->opt.sack;
	u32 len = r->right - r->left;

	if (!t->sack_ok || !hstp_before(r->left, r->right) || len > t->snd_wnd_max ||
	    hstp_after(r->right, t->snd_nxt))
		return;
	if (!hstp_before(r->left, seg->ack) &&
	    (seg->opt.sack_count < 2 || hstp_before(r->left, r[1].left) ||
	     hstp_after(r->right, r[1].right)))
		return;
	m->twice += (len + t->mss - 1) / t->mss;
}

/**
 * hstp_meter_reason() - what does a sender wait for
 * @t: connection with something that was not acknowledged, see hstp_meter_busy()
 * @board: its scoreboard, or NULL
 * @starved: the user waits for room in the send buffer
 *
 * Return: of enum hstp_limit.
 */
enum hstp_limit hstp_meter_reason(const struct hstp_tcb *t, const struct hstp_board *board,
				  bool starved)
{
	u32 unsent = hstp_text_unsent(t), edge = t->snd_una + t->snd_wnd;
	u32 usable = hstp_after(edge, t->snd_nxt) ? edge - t->snd_nxt : 0;

	if (!t->syn_acked || t->state == HSTP_CLOSED || t->state == HSTP_TIME_WAIT)
		return HSTP_LIMIT_NONE;
	if (unsent ? usable >= hstp_min(unsent, hstp_segment_size(t)) : !starved)
		return HSTP_LIMIT_NETWORK;
	if (!hstp_congestion_room(t, board))
		return HSTP_LIMIT_NETWORK;
	return unsent ? HSTP_LIMIT_WINDOW : HSTP_LIMIT_BUFFER;
}

/**
 * hstp_meter_limited() - how long has a sender waited for something
 * @m: meter
 * @limit: for what, of enum hstp_limit
 * @now: clock, ms
 *
 * Return: ms.
 */
u64 hstp_meter_limited(const struct hstp_meter *m, enum hstp_limit limit, u32 now)
{
	return m->limit_ms[limit] + (m->limit == limit ? now - m->limit_since : 0);
}

/**
 * hstp_meter_min() - the shortest round trip of the last minutes
 * @m: meter
 *
 * Return: microseconds; ~0: none was measured.
 */
u32 hstp_meter_min(const struct hstp_meter *m)
{
	return hstp_min(m->min_us, m->min_before_us);
}

/**
 * hstp_meter_delivered() - segments that the peer has
 * @m: meter
 * @t: connection
 * @sacked: how many it holds behind gaps
 *
 * With a SYN, text or FIN, and those that it has got twice. Exact when nothing is out; else at
 * least so many, as if those that were acknowledged since the last mark had been full-sized.
 */
u32 hstp_meter_delivered(const struct hstp_meter *m, const struct hstp_tcb *t, u32 sacked)
{
	u32 mss = hstp_max(t->mss, 1), since = t->snd_una - m->known_una;
	u32 twice = hstp_min(m->twice, t->again_count);

	if (t->snd_una == t->snd_nxt || !m->fresh_out)
		return m->fresh_out + twice;
	return hstp_min(m->known_fresh + (since + mss - 1) / mss + sacked, m->fresh_out - 1) +
	       twice;
}
