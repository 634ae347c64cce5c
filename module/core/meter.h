/* SPDX-License-Identifier: GPL-2.0 */
/* What is counted and measured of a connection for its user to know: nothing that the
 * protocol does depends on it.
 */
#ifndef HSTP_CORE_METER_H
#define HSTP_CORE_METER_H

#include "fsm.h"

struct hstp_board;

/* What a sender waits for, of RFC 4898's: the later ones say more. */
enum hstp_limit {
	HSTP_LIMIT_NONE,	/* nothing is to be sent, nor out */
	HSTP_LIMIT_NETWORK,	/* ACKs: congestion window and round trip */
	HSTP_LIMIT_WINDOW,	/* the peer's window */
	HSTP_LIMIT_BUFFER,	/* its own buffer, which holds no more than what is out */
	HSTP_LIMIT_COUNT
};

/**
 * struct hstp_early - what is counted of a connection that waits for accept()
 * @segs_in: segments that arrived
 * @segs_out: segments that were sent
 * @texts_in: those of @segs_in with text
 * @disordered: those of @texts_in that came behind a gap
 *
 * There is no room for more: each stays at its largest value. Text is not among it: what has
 * arrived waits for the reader, and nothing can have been sent.
 */
struct hstp_early {
	u16 segs_in;
	u16 segs_out;
	u16 texts_in;
	u16 disordered;
};

/**
 * struct hstp_meter - what is counted of a connection while a socket holds it
 * @sent: bytes of text that were sent, each time that they were
 * @acked: bytes of text that the peer has acknowledged
 * @taken: bytes of text that the user has taken
 * @limit_ms: how long each of enum hstp_limit lasted
 * @round_us: when the window that is waited for began to be used; 0: not yet
 * @mark_us: when the segment was sent whose round trip is measured, while @timing
 * @min_since_us: when @min_us began to be of this half of the window
 * @mark_acked: @acked at that time
 * @mark_seq: acknowledged when this number is: SND.NXT behind that segment
 * @mark_fresh: @fresh_out with that segment
 * @mark_again: hstp_tcb.again_count at that time
 * @mark_at: hstp_tcb.sent_at at that time
 * @known_una: up to this number ...
 * @known_fresh: ... so many of @fresh_out were sent: of what the peer has acknowledged last
 *	it is known exactly
 * @round_seq: when the peer has used it
 * @filled_us: shortest time that the peer has taken to use a window; 0: it never has
 * @gap_seq: up to here, while @gap, the user and not the network says how fast it goes
 * @min_us: shortest round trip lately; ~0: none was measured
 * @min_before_us: the same of the half of the window before
 * @rate_bytes: bytes that the peer acknowledged ...
 * @rate_us: ... in so long: the last round trip that tells the network's rate; 0: none
 * @segs_in: segments that arrived
 * @segs_out: segments that were sent
 * @texts_in: those of @segs_in with text
 * @texts_out: those of @segs_out with text
 * @fresh_out: those of @segs_out with a SYN, text or FIN that had not been sent before
 * @disordered: those of @texts_in that came behind a gap
 * @twice: segments that the peer says it has got twice (RFC 2883)
 * @reordered: how often text came to the peer after what was sent later
 * @text_at: when text in order arrived last, ms of hstp_env.now; before: when it could
 * @limit_since: when @limit began, ms of hstp_env.now
 * @limit: of enum hstp_limit
 * @timing: a round trip is measured
 * @gap: see @gap_seq
 * @mark_idle: there was a gap before the segment that is measured
 * @rate_idle: the same of that of @rate_bytes
 */
struct hstp_meter {
	u64 sent;
	u64 acked;
	u64 taken;
	u64 limit_ms[HSTP_LIMIT_COUNT];
	u64 round_us;
	u64 mark_us;
	u64 min_since_us;
	u64 mark_acked;
	u32 mark_seq;
	u32 mark_fresh;
	u32 mark_again;
	u32 mark_at;
	u32 known_una;
	u32 known_fresh;
	u32 round_seq;
	u32 filled_us;
	u32 gap_seq;
	u32 min_us;
	u32 min_before_us;
	u32 rate_bytes;
	u32 rate_us;
	u32 segs_in;
	u32 segs_out;
	u32 texts_in;
	u32 texts_out;
	u32 fresh_out;
	u32 disordered;
	u32 twice;
	u32 reordered;
	u32 text_at;
	u32 limit_since;
	u8 limit;
	bool timing;
	bool gap;
	bool mark_idle;
	bool rate_idle;
};

void hstp_meter_start(struct hstp_meter *m, const struct hstp_tcb *t,
		      const struct hstp_early *early, u32 now);
void hstp_meter_mark(struct hstp_meter *m, const struct hstp_tcb *t, u64 now_us);
void hstp_meter_trip(struct hstp_meter *m, const struct hstp_tcb *t, u64 now_us);
void hstp_meter_round(struct hstp_meter *m, const struct hstp_tcb *t, u64 now_us);
void hstp_meter_gap(struct hstp_meter *m, const struct hstp_tcb *t,
		    const struct hstp_board *board);
void hstp_meter_reported(struct hstp_meter *m, const struct hstp_tcb *t,
			 const struct hstp_segment *seg);
enum hstp_limit hstp_meter_reason(const struct hstp_tcb *t, const struct hstp_board *board,
				  bool starved);
u64 hstp_meter_limited(const struct hstp_meter *m, enum hstp_limit limit, u32 now);
u32 hstp_meter_min(const struct hstp_meter *m);
u32 hstp_meter_delivered(const struct hstp_meter *m, const struct hstp_tcb *t, u32 sacked);

/**
 * hstp_early_add() - one more, as far as it goes
 * @count: of struct hstp_early
 */
static inline void hstp_early_add(u16 *count)
{
	*count += *count < 0xffff;
}

/**
 * hstp_meter_in() - a segment has arrived
 * @m: meter
 * @text_len: bytes of its text
 *
 * Acceptable or not.
 */
static inline void hstp_meter_in(struct hstp_meter *m, u32 text_len)
{
	m->segs_in++;
	m->texts_in += !!text_len;
}

/**
 * hstp_meter_out() - a segment is sent
 * @m: meter
 * @t: connection
 * @tx: the segment
 *
 * Of the round trips between two ticks of the clock one is measured: to ask for microseconds
 * costs more than all else here.
 *
 * Return: true when hstp_meter_mark() is to be called.
 */
static inline bool hstp_meter_out(struct hstp_meter *m, const struct hstp_tcb *t,
				  const struct hstp_tx *tx)
{
	m->segs_out++;
	if (tx->text_len) {
		m->texts_out++;
		m->sent += tx->text_len;
	} else if (!(tx->flags & (HSTP_SYN | HSTP_FIN))) {
		return false;
	}
	if (tx->again)
		return false;
	m->fresh_out++;
	return !m->timing && (t->sent_at != m->mark_at || !m->mark_us);
}

/**
 * hstp_meter_acked() - SND.UNA has moved
 * @m: meter
 * @t: connection
 * @bytes: of text that were acknowledged
 *
 * Return: true when hstp_meter_trip() is to be called.
 */
static inline bool hstp_meter_acked(struct hstp_meter *m, const struct hstp_tcb *t, u32 bytes)
{
	m->acked += bytes;
	return m->timing && !hstp_before(t->snd_una, m->mark_seq);
}

/**
 * hstp_meter_text() - text in order has arrived
 * @m: meter
 * @t: connection; RCV.NXT is behind the text
 * @now: clock, ms
 *
 * Return: true when hstp_meter_round() is to be called.
 */
static inline bool hstp_meter_text(struct hstp_meter *m, const struct hstp_tcb *t, u32 now)
{
	m->text_at = now;
	return !m->round_us || !hstp_before(t->rcv_nxt, m->round_seq);
}

/**
 * hstp_meter_asks() - may what the sender waits for be another thing after an event
 * @acts: what came of it
 *
 * When text or a FIN was given, sent or acknowledged there is something to send, or was; or
 * the state has changed. A window that shrinks, and nothing else, counts with the next event.
 */
static inline bool hstp_meter_asks(const struct hstp_acts *acts)
{
	return acts->bits & HSTP_ACT_OUTPUT || acts->transition_count;
}

/**
 * hstp_meter_busy() - does the sender wait for anything
 * @t: connection
 *
 * For its text or its FIN to be acknowledged.
 */
static inline bool hstp_meter_busy(const struct hstp_tcb *t)
{
	return t->snd_una != t->snd_end + t->fin_queued;
}

/**
 * hstp_meter_limit() - what the sender waits for from now on
 * @m: meter
 * @limit: of enum hstp_limit
 * @now: clock, ms
 */
static inline void hstp_meter_limit(struct hstp_meter *m, enum hstp_limit limit, u32 now)
{
	if (m->limit == limit)
		return;
	m->limit_ms[m->limit] += now - m->limit_since;
	m->limit_since = now;
	m->limit = (u8)limit;
}

#endif /* HSTP_CORE_METER_H */
