// SPDX-License-Identifier: GPL-2.0
/* The sending side: which segment is next, and what an acknowledgment frees. */
#include "board.h"
#include "congestion.h"
#include "fsm.h"

#define OVERRIDE_MS	200	/* section 3.8.6.2.1: from 0.1 to 1 second */

/**
 * hstp_segment_size() - bytes of text in a full-sized segment
 * @t: connection
 *
 * No more than half of the largest window that the peer ever offered: else one
 * segment would fill a small window, and the peer would delay its ACK (RFC 9293
 * section 3.8.6.2.1).
 */
u32 hstp_segment_size(const struct hstp_tcb *t)
{
	u32 half = t->snd_wnd_max / 2;
	u32 size = t->mss, blocks = hstp_sack_due(t) ? hstp_sack_len(t) : 0;

	/* RFC 6691 section 2: options take their room from the text */
	size = size > blocks ? size - blocks : 1;
	return half && half < size ? half : size;
}

/**
 * hstp_window_offer() - RCV.WND that the next segment carries
 * @t: connection
 * @env: space of the receive buffer
 *
 * The right edge never moves left (SHLD-14; but see hstp_tcb.shut) and moves right by a full-sized
 * segment or half of the buffer at least (MUST-39), from zero as well.
 *
 * Return: bytes.
 */
u32 hstp_window_offer(const struct hstp_tcb *t, const struct hstp_env *env)
{
	u32 top = HSTP_WINDOW_UNSCALED << (t->syn_acked ? t->rcv_wscale : 0);
	u32 offer = hstp_min(env->space, top);
	u32 step = hstp_min(t->rcv_mss, hstp_min(env->buffer, top) / 2);

	if (offer <= t->rcv_wnd || offer - t->rcv_wnd < step)
		return t->rcv_wnd;
	return offer;
}

/* SEG.WND, scaled. What does not go into it is offered as well: the edge that the peer
 * sees must not move left by what is cut off (RFC 7323 section 2.4).
 */
static u16 tell_window(struct hstp_tcb *t, const struct hstp_env *env)
{
	u32 wnd = (t->rcv_wnd + (1u << t->rcv_wscale) - 1) >> t->rcv_wscale;

	wnd = hstp_min(wnd, HSTP_WINDOW_UNSCALED);
	t->rcv_wnd = wnd << t->rcv_wscale;
	if (t->shut) {
		if (env->no_room)
			return 0;
		t->shut = 0;
	}
	return (u16)wnd;
}

/* The options that every segment has. */
static void stamp(const struct hstp_tcb *t, const struct hstp_env *env, struct hstp_options *opt)
{
	opt->has = 0;
	opt->sack_count = 0;
	if (!t->ts_ok)
		return;
	opt->has = HSTP_HAS_TIMESTAMPS;
	opt->tsval = env->now + t->ts_offset;
	opt->tsecr = t->ts_recent;
}

/**
 * hstp_reply_tx() - the reset that answers an event, as a segment
 * @t: connection after the event
 * @env: clock
 * @acts: has the reply
 * @tx: the segment
 *
 * RFC 7323 section 3.2: timestamps that were agreed on SHOULD be on a reset, too; an echo
 * means something beside an ACK only.
 */
void hstp_reply_tx(const struct hstp_tcb *t, const struct hstp_env *env,
		   const struct hstp_acts *acts, struct hstp_tx *tx)
{
	tx->seq = acts->reply.seq;
	tx->ack = acts->reply.ack;
	tx->flags = acts->reply.flags;
	tx->text_off = 0;
	tx->text_len = 0;
	tx->wnd = 0;
	tx->up = 0;
	tx->again = false;
	tx->ect = false;
	stamp(t, env, &tx->opt);
	if (t->state == HSTP_SYN_SENT)	/* offered, not agreed */
		tx->opt.has = 0;
	if (!(tx->flags & HSTP_ACK))
		tx->opt.tsecr = 0;
}

static void arm_retransmission(struct hstp_tcb *t, const struct hstp_env *env)
{
	hstp_rexmit_arm(t, t->rto, env);
}

/* What every segment carries; an ACK is on all but the first SYN. */
static void fill(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_tx *tx)
{
	tx->text_off = 0;
	tx->text_len = 0;
	tx->again = false;
	tx->ect = false;
	stamp(t, env, &tx->opt);
	t->rcv_wnd = hstp_window_offer(t, env);
	if (t->state == HSTP_SYN_SENT) {
		tx->flags = 0;
		tx->ack = 0;
		tx->wnd = (u16)t->rcv_wnd;
		return;
	}
	tx->wnd = tell_window(t, env);
	t->rcv_acked = t->rcv_nxt;
	t->ack_now = 0;
	hstp_timer_stop(t, HSTP_TIMER_DELACK);
	tx->flags = t->ecn_echo ? HSTP_ACK | HSTP_ECE : HSTP_ACK;
	tx->ack = t->rcv_nxt;
	if (hstp_sack_due(t))
		hstp_sack_tell(t, &tx->opt);
}

static void time_segment(struct hstp_tcb *t, const struct hstp_env *env)
{
	if (t->timing)
		return;
	t->timing = 1;
	t->rtt_seq = t->snd_nxt;
	t->rtt_at = env->now;
}

/* RFC 3168 section 6.1.1. One that goes again asks no longer: what lies between may throw
 * away what asks (6.1.1.1). Then our packets must not say that there is an agreement, but
 * the peer may have heard the first one, and what its packets meet is reported.
 */
static u8 ecn_setup(struct hstp_tcb *t, bool again)
{
	if (t->state == HSTP_SYN_SENT && again)
		t->ecn_out = 0;
	if (!t->ecn_out)
		return 0;
	return t->state == HSTP_SYN_SENT ? HSTP_ECE | HSTP_CWR : HSTP_ECE;
}

static void send_syn(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_tx *tx)
{
	fill(t, env, tx);
	tx->seq = t->iss;
	tx->flags |= HSTP_SYN;
	tx->wnd = (u16)hstp_min(t->rcv_wnd, HSTP_WINDOW_UNSCALED);
	tx->opt.has |= HSTP_HAS_MSS;
	tx->opt.mss = t->rcv_mss;
	if (t->wscale_ok) {
		tx->opt.has |= HSTP_HAS_WSCALE;
		tx->opt.wscale = t->rcv_wscale;
	}
	if (t->sack_ok)
		tx->opt.has |= HSTP_HAS_SACK_PERMITTED;
	tx->again = t->resend > 0;
	tx->flags |= ecn_setup(t, tx->again);
	t->resend = 0;
	t->sent_at = env->now;
	if (t->snd_nxt == t->iss) {
		t->snd_nxt = t->iss + 1;
		t->waiting_since = env->now;
	}
	t->again_count += tx->again;
	if (tx->again)
		t->timing = 0;
	else
		time_segment(t, env);
	if (!(t->armed & HSTP_TIMER_REXMIT))
		arm_retransmission(t, env);
}

/* RFC 6675 section 4, NextSeg(), rules 1 to 3, and section 5, (C): a hole that is lost,
 * else new text, else a hole before something that the peer holds.
 */
static bool hole_allowed(const struct hstp_tcb *t, const struct hstp_board *b, u32 len)
{
	bool lost = hstp_board_lost(b, t, t->resent);

	if (t->resent == t->snd_una && t->dupacks)
		return true;	/* that which was found first */
	if (!b->count || !hstp_before(t->resent, b->range[b->count - 1].left))
		return false;
	if (!lost && hstp_text_unsent(t) && hstp_before(t->snd_nxt, t->snd_una + t->snd_wnd))
		return false;
	return hstp_board_pipe(b, t) + len <= t->cwnd;
}

/* May the segment at t->resent go again today: as much of it as the peer's window takes,
 * and the whole of it within the congestion window?
 */
static bool again_allowed(const struct hstp_tcb *t, const struct hstp_env *env, u32 len)
{
	if (!hstp_before(t->resent, t->snd_una + hstp_max(t->snd_wnd, 1)))
		return false;
	if (t->fast && env->board)
		return hole_allowed(t, env->board, len);
	if (!hstp_before(t->resent, t->recover))
		return false;
	if (t->resent == t->snd_una)
		return true;
	if (env->board)
		len -= hstp_board_held(env->board, t->resent);
	return t->resent + len - t->snd_una <= t->cwnd;
}

/* @len bytes from @seq once more, and the FIN if it is next; returns what is next then. */
static u32 repeat(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_tx *tx, u32 seq,
		  u32 len)
{
	fill(t, env, tx);
	if (!t->ts_ok)
		t->timing = 0;	/* Karn's algorithm */
	tx->again = true;
	t->again_count++;
	t->again_bytes += len;
	tx->seq = seq;
	tx->text_off = seq - t->snd_una;
	tx->text_len = len;
	t->sent_at = env->now;
	seq += len;
	if (len)
		tx->flags |= HSTP_PSH;
	if (hstp_fin_sent(t) && seq == t->snd_end) {
		tx->flags |= HSTP_FIN;
		seq++;
	}
	return seq;
}

/* RFC 6675 section 4, NextSeg(), rule 4: nothing that is known to be lost, nothing new, and no
 * hole before what the peer holds: the last segments may be lost, of which no ACK will tell.
 * Once in a recovery, when what was found first is repaired, the last of what the peer does
 * not hold is sent again.
 */
static bool rescue(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_tx *tx)
{
	const struct hstp_board *b = env->board;
	u32 high = hstp_board_last(b, t->snd_nxt), low, len;

	if (!hstp_after(t->snd_una, t->rescue) || !hstp_after(high, t->snd_una) ||
	    (hstp_text_unsent(t) && hstp_before(t->snd_nxt, t->snd_una + t->snd_wnd)))
		return false;
	len = hstp_segment_size(t);
	if (hstp_board_pipe(b, t) + len > t->cwnd)
		return false;
	low = hstp_board_before(b, high, t->snd_una);
	high = hstp_seq_min(high, t->snd_end);
	if (high - low < len)
		len = high - low;
	t->rescue = t->recover;
	repeat(t, env, tx, high - len, len);
	return true;
}

/* A segment from t->resent once more. */
static bool send_again(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_tx *tx)
{
	u32 edge = t->snd_una + hstp_max(t->snd_wnd, 1);
	u32 end = t->snd_nxt - hstp_fin_sent(t);
	u32 len, hole = ~0u;

	if (!t->resend)
		return false;
	if (env->board)
		t->resent = hstp_board_hole(env->board, t->resent, &hole);
	len = hstp_min(hstp_min(end - t->resent, hole), hstp_segment_size(t));
	if (!again_allowed(t, env, len)) {
		t->resend = 0;
		return t->fast && env->board && rescue(t, env, tx);
	}

	t->resend--;
	t->resent = repeat(t, env, tx, t->resent, hstp_min(len, edge - t->resent));
	if (!t->fast_partial)
		arm_retransmission(t, env);
	return true;
}

/* Sender's silly window avoidance and Nagle's algorithm, sections 3.7.4 and
 * 3.8.6.2.1: is a segment of @len bytes, of @unsent, worth sending?
 */
static bool worth_sending(const struct hstp_tcb *t, u32 len, u32 unsent)
{
	bool idle = t->snd_nxt == t->snd_una;

	if (!len)
		return false;
	if (len >= hstp_segment_size(t))
		return true;
	if (len != unsent)
		return (idle || t->tune.nodelay) && len >= t->snd_wnd_max / 2;
	if (t->fin_queued || t->push || t->urgent_out)
		return true;
	return !t->tune.cork && !t->more && (idle || t->tune.nodelay);
}

/* Text waits and nothing is out: the window is closed, and will be probed (MUST-35), or
 * what is waited for, a larger window or more text, may never come (MUST-60).
 */
static void watch_window(struct hstp_tcb *t, const struct hstp_env *env)
{
	if (t->snd_nxt != t->snd_una || t->armed & HSTP_TIMER_REXMIT)
		return;
	t->waiting_since = env->now;
	if (t->snd_wnd)
		hstp_timer_arm(t, HSTP_TIMER_REXMIT, &t->rexmit_at, env->now + OVERRIDE_MS);
	else
		hstp_rexmit_arm(t, t->rto, env);
}

/* RFC 3168 sections 6.1.4 to 6.1.6: new text alone, and no window probe, since only of text
 * that the peer awaits a loss is noticed. CWR goes with what follows a reduction.
 */
static void say_ecn(struct hstp_tcb *t, struct hstp_tx *tx)
{
	tx->ect = true;
	if (!t->ecn_cwr)
		return;
	t->ecn_cwr = 0;
	tx->flags |= HSTP_CWR;
}

static bool send_new(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_acts *acts,
		     struct hstp_tx *tx)
{
	u32 unsent = hstp_text_unsent(t);
	u32 edge = t->snd_una + t->snd_wnd;
	u32 usable = hstp_after(edge, t->snd_nxt) ? edge - t->snd_nxt : 0;
	bool fin_waits = t->fin_queued && !hstp_fin_sent(t);
	bool awaited = usable;
	u32 len, seq = t->snd_nxt;
	bool fin;

	if (!unsent && !fin_waits)
		return false;
	if (seq == t->snd_una)
		hstp_congestion_idle(t, env);
	if (t->probe && !usable)
		usable = 1;
	len = hstp_min(hstp_min(unsent, usable), hstp_segment_size(t));
	len = hstp_min(len, hstp_congestion_room(t, env->board));
	fin = fin_waits && len == unsent && usable > len;
	if (!fin && !worth_sending(t, len, unsent) && !(t->probe && len)) {
		watch_window(t, env);
		return false;
	}

	t->probe = 0;
	fill(t, env, tx);
	tx->seq = seq;
	tx->text_off = t->syn_acked ? seq - t->snd_una : seq - (t->iss + 1);
	tx->text_len = len;
	t->snd_nxt += len + fin;
	if (t->ecn_out && len && awaited)
		say_ecn(t, tx);
	if (len && len == unsent) {
		tx->flags |= HSTP_PSH;	/* MUST-61 */
		t->push = 0;
	}
	if (fin) {
		tx->flags |= HSTP_FIN;
		if (t->state == HSTP_CLOSE_WAIT)
			hstp_enter(t, HSTP_LAST_ACK, HSTP_CAUSE_CLOSE, acts);
	}
	t->sent_at = env->now;
	time_segment(t, env);
	/* A timer that watched the window starts anew */
	if (seq == t->snd_una || !(t->armed & HSTP_TIMER_REXMIT)) {
		if (!(t->armed & HSTP_TIMER_REXMIT))
			t->waiting_since = env->now;
		arm_retransmission(t, env);
	}
	return true;
}

static bool may_send_text(const struct hstp_tcb *t)
{
	switch (t->state) {
	case HSTP_ESTABLISHED:
	case HSTP_CLOSE_WAIT:
	case HSTP_FIN_WAIT_1:
	case HSTP_CLOSING:
	case HSTP_LAST_ACK:
		return true;
	default:
		return false;
	}
}

/**
 * hstp_send_seq() - SEG.SEQ of a segment without text or FIN
 * @t: connection
 *
 * SND.NXT; but while a probe of a closed window is out, or text beyond one that has shrunk,
 * that is more than the peer finds acceptable (section 3.10.7.4 first): it would drop an ACK
 * or RST. Then it is the window's right edge. Less than a unit of a scaled window may just
 * have been cut off, and have arrived (RFC 7323 section 2.4).
 */
u32 hstp_send_seq(const struct hstp_tcb *t)
{
	u32 edge = t->snd_una + t->snd_wnd;

	if (!t->syn_acked || !hstp_after(t->snd_nxt, edge) ||
	    (t->snd_wnd && t->snd_nxt - edge < 1u << t->snd_wscale))
		return t->snd_nxt;
	return edge;
}

/* What is to be sent first: SYN, what was lost, new text, FIN, an ACK. */
static bool choose(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_acts *acts,
		   struct hstp_tx *tx)
{
	if (t->state == HSTP_CLOSED || t->state == HSTP_LISTEN)
		return false;

	if (!t->syn_acked && (t->resend || t->snd_nxt == t->iss)) {
		send_syn(t, env, tx);
		return true;
	}
	if (send_again(t, env, tx))
		return true;
	if (may_send_text(t) && !t->ecn_hold && send_new(t, env, acts, tx))
		return true;
	if (!t->ack_now && !t->keep_probe)
		return false;
	fill(t, env, tx);
	/* SHLD-12: no text, and a number that the peer has acknowledged */
	tx->seq = hstp_send_seq(t) - t->keep_probe;
	t->keep_probe = 0;
	return true;
}

/**
 * hstp_send_next() - the next segment that the connection has to send
 * @t: connection
 * @env: clock, settings and the free space of the receive buffer
 * @acts: gets the transition to LAST-ACK when the FIN leaves in CLOSE-WAIT
 * @tx: the segment
 *
 * To be called until it returns false. The caller sends what it gets or loses
 * it: a loss is repaired like one on the way.
 *
 * Context: the connection's lock.
 *
 * Return: false when there is nothing to send.
 */
bool hstp_send_next(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_acts *acts,
		    struct hstp_tx *tx)
{
	if (!choose(t, env, acts, tx))
		return false;
	tx->up = 0;
	if (t->urgent_out && t->syn_acked && hstp_before(tx->seq, t->snd_up)) {
		/* MUST-62: the first byte that is not urgent; as far as the field goes */
		tx->flags |= HSTP_URG;
		tx->up = (u16)hstp_min(t->snd_up - tx->seq, 65535);
	}
	return true;
}

/**
 * hstp_send_acked() - the peer acknowledges what we sent
 * @t: connection
 * @seg: segment with SND.UNA =< SEG.ACK =< SND.NXT
 * @env: clock and settings
 * @acts: gets HSTP_ACT_ACKED and how many bytes of text that were
 *
 * RFC 9293 section 3.10.7.4 fifth, RFC 6298 rules 3, 5.2 and 5.3, and RFC 3168 section 6.1.2.
 */
void hstp_send_acked(struct hstp_tcb *t, const struct hstp_segment *seg,
		     const struct hstp_env *env, struct hstp_acts *acts)
{
	u32 before = hstp_text_unacked(t), ack = seg->ack, bytes = ack - t->snd_una;
	bool syn = !t->syn_acked, restart = true;
	bool marked = t->ecn_out && !syn && hstp_ecn_ack(t, seg, env);

	/* MUST-37: a peer that answers probes is alive, however long it takes */
	if (!t->snd_wnd && !t->user_gone)
		t->retries = 0;
	if (!bytes)
		return;

	if (t->timing && !hstp_before(ack, t->rtt_seq)) {
		t->timing = 0;
		hstp_rtt_sample(t, env->now - t->rtt_at, env->cfg);
	}
	if (syn)
		hstp_congestion_open(t, t->retries > 1);
	else if (!t->fast && !marked)
		hstp_congestion_acked(t, bytes, env);
	t->snd_una = ack;
	t->syn_acked = 1;
	t->retries = 0;
	t->dupacks = 0;
	t->waiting_since = env->now;
	if (t->urgent_out && !hstp_before(ack, t->snd_up))
		t->urgent_out = 0;
	acts->acked = before - hstp_text_unacked(t);
	acts->bits |= HSTP_ACT_ACKED | HSTP_ACT_OUTPUT;

	if (syn) {
		t->sent_at = env->now;
		t->heard_at = env->now;
		t->answered_at = (u16)(env->now - HSTP_ANSWER_MS);
		hstp_keepalive_start(t, env);
	}
	/* Rule 5.7: a lost SYN says nothing good of the first guess */
	if (syn && t->syn_resent) {
		t->backoff = 0;
		t->rto = hstp_min(3 * (u32)env->cfg->rto_initial_ms,
				  (u32)env->cfg->rto_max_ms);
	}

	if (t->cautious || t->recovering)
		restart = hstp_recovery_acked(t, bytes, env);
	/* A window of one segment cannot be halved: "the sending TCP MUST reset the retransmit
	 * timer", and sends no new text before it goes off
	 */
	t->ecn_hold = marked && t->cwnd <= t->mss && !hstp_fin_acked(t);
	if (ack == t->snd_nxt && !t->ecn_hold)
		hstp_timer_stop(t, HSTP_TIMER_REXMIT);
	else if (restart)
		arm_retransmission(t, env);
}
