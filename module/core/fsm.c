// SPDX-License-Identifier: GPL-2.0
/* SEGMENT ARRIVES: RFC 9293 section 3.10.7, in its order and by its numbers. */
#include "fsm.h"

static void drop(struct hstp_acts *acts, enum hstp_drop why)
{
	acts->drop = (u8)why;
}

static void owe_ack(struct hstp_tcb *t, struct hstp_acts *acts)
{
	t->ack_now = 1;
	acts->bits |= HSTP_ACT_OUTPUT;
}

/* What others do to the limit of all must not keep a connection from answering: each has answers
 * of its own, and is limited beyond. Nothing is shared that a stranger could learn from. A record
 * has no room for a time.
 */
static bool answers_itself(struct hstp_tcb *t, const struct hstp_env *env)
{
	u16 now = (u16)env->now;

	if (t->state == HSTP_SYN_RECEIVED || t->state == HSTP_TIME_WAIT ||
	    (u16)(now - t->answered_at) < HSTP_ANSWER_MS)
		return false;
	t->answered_at = now;
	return true;
}

/* RFC 5961: an ACK that makes an honest peer prove itself, rate limited. The peer may ask but
 * once, by the reset of a connection that it has forgotten; or again and again, by a SYN,ACK whose
 * ACK was lost.
 */
static void challenge(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_acts *acts)
{
	if (env->cfg->rfc5961) {
		acts->bits |= HSTP_ACT_CHALLENGE;
		if (!answers_itself(t, env))
			acts->bits |= HSTP_ACT_LIMIT;
	}
	owe_ack(t, acts);
}

/* An ACK of an ACK could be answered by another, for ever: those are limited (RFC 5961 section
 * 7). But a keep-alive probe is one, and so is a probe of a closed window that has no text.
 */
static void answer(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_acts *acts)
{
	if (answers_itself(t, env))
		owe_ack(t, acts);
	else
		challenge(t, env, acts);
}

/**
 * hstp_reply_reset() - answer a segment with a reset
 * @seg: the segment
 * @why: counted under this reason
 * @acts: gets the reply
 *
 * Section 3.5.2: a reset takes its sequence number from the ACK field of the
 * segment, or is zero and acknowledges all of it.
 */
void hstp_reply_reset(const struct hstp_segment *seg, enum hstp_reset_out why,
		      struct hstp_acts *acts)
{
	acts->bits |= HSTP_ACT_REPLY;
	acts->reset_out = (u8)why;
	if (seg->flags & HSTP_ACK) {
		acts->reply.seq = seg->ack;
		acts->reply.ack = 0;
		acts->reply.flags = HSTP_RST;
	} else {
		acts->reply.seq = 0;
		acts->reply.ack = seg->seq + hstp_seg_len(seg);
		acts->reply.flags = HSTP_RST | HSTP_ACK;
	}
}

static void take_window(struct hstp_tcb *t, const struct hstp_segment *seg)
{
	t->snd_wnd = hstp_seg_wnd(t, seg);
	t->snd_wl1 = seg->seq;
	t->snd_wnd_max = hstp_max(t->snd_wnd_max, t->snd_wnd);
}

/* IRS, and the options that only a SYN carries. */
static void take_syn(struct hstp_tcb *t, const struct hstp_segment *seg,
		     const struct hstp_env *env)
{
	bool named = seg->opt.has & HSTP_HAS_MSS && seg->opt.mss;
	u32 mss = named ? seg->opt.mss : HSTP_MSS_DEFAULT;

	t->irs = seg->seq;
	t->rcv_nxt = seg->seq + 1;
	t->rcv_acked = t->irs;
	t->rcv_held = t->rcv_nxt;
	/* A peer cannot make us send one byte a packet */
	mss = hstp_max(mss, HSTP_MSS_MIN);
	t->snd_mss = (u16)hstp_min(t->snd_mss, mss);
	hstp_options_agree(t, &seg->opt, env);
	hstp_ecn_agree(t, seg);
}

static void die(struct hstp_tcb *t, enum hstp_signal signal, enum hstp_cause cause,
		struct hstp_acts *acts)
{
	acts->signal = (u8)signal;
	hstp_enter(t, HSTP_CLOSED, cause, acts);
}

static void text_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			 const struct hstp_env *env, struct hstp_acts *acts);

/* 3.10.7.1 */
static void closed_arrives(const struct hstp_segment *seg, struct hstp_acts *acts)
{
	if (seg->flags & HSTP_RST) {
		acts->reset_in = HSTP_RESET_IN_IGNORED;
		drop(acts, HSTP_DROP_RST_NO_CONNECTION);
		return;
	}
	drop(acts, HSTP_DROP_NO_CONNECTION);
	hstp_reply_reset(seg, HSTP_RESET_OUT_NO_CONNECTION, acts);
}

/* 3.10.7.2 */
static void listen_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			   const struct hstp_env *env, struct hstp_acts *acts)
{
	/* First, check for a RST */
	if (seg->flags & HSTP_RST) {
		acts->reset_in = HSTP_RESET_IN_IGNORED;
		drop(acts, HSTP_DROP_LISTEN_RST);
		return;
	}

	/* Second, check for an ACK */
	if (seg->flags & HSTP_ACK) {
		drop(acts, HSTP_DROP_LISTEN_ACK);
		hstp_reply_reset(seg, HSTP_RESET_OUT_LISTEN_ACK, acts);
		return;
	}

	/* Fourth, other data or control */
	if (!(seg->flags & HSTP_SYN)) {
		drop(acts, HSTP_DROP_LISTEN_NO_SYN);
		return;
	}

	/* Third, check for a SYN, and the security */
	if (!hstp_security_opens(seg, env, acts))
		return;

	hstp_options_offer(t, env);
	hstp_ecn_offer(t, env->cfg->ecn != HSTP_ECN_OFF);
	take_syn(t, seg, env);
	take_window(t, seg);
	t->iss = env->iss;
	t->snd_una = t->iss;
	t->snd_nxt = t->iss;
	t->snd_end = t->iss + 1;
	t->passive = 1;
	hstp_rtt_init(t, env->cfg);
	t->rcv_wnd = hstp_window_offer(t, env);
	hstp_enter(t, HSTP_SYN_RECEIVED, HSTP_CAUSE_SYN, acts);
	hstp_receive_early(t, seg, env, acts);
	owe_ack(t, acts);
}

/* 3.10.7.3 */
static void syn_sent_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			     const struct hstp_env *env, struct hstp_acts *acts)
{
	bool ack = seg->flags & HSTP_ACK;

	/* First, check the ACK bit */
	if (ack && (!hstp_after(seg->ack, t->iss) || hstp_after(seg->ack, t->snd_nxt))) {
		drop(acts, HSTP_DROP_SYN_SENT_ACK);
		if (seg->flags & HSTP_RST)
			acts->reset_in = HSTP_RESET_IN_IGNORED;
		else
			hstp_reply_reset(seg, HSTP_RESET_OUT_SYN_SENT_ACK, acts);
		return;
	}

	/* Second, check the RST bit */
	if (seg->flags & HSTP_RST) {
		if (!ack) {
			acts->reset_in = HSTP_RESET_IN_IGNORED;
			drop(acts, HSTP_DROP_SYN_SENT_RST);
			return;
		}
		acts->reset_in = HSTP_RESET_IN_SYN_SENT;
		die(t, HSTP_SIGNAL_REFUSED, HSTP_CAUSE_RST, acts);
		return;
	}

	/* Third, check the security */
	if (!hstp_security_opens(seg, env, acts))
		return;

	/* Fifth, if neither of the SYN or RST bits is set */
	if (!(seg->flags & HSTP_SYN)) {
		drop(acts, HSTP_DROP_SYN_SENT_NO_SYN);
		return;
	}

	/* Fourth, check the SYN bit */
	take_syn(t, seg, env);
	take_window(t, seg);
	owe_ack(t, acts);
	if (!ack) {
		/* Our SYN goes again, now with an ACK */
		t->resend = 1;
		hstp_enter(t, HSTP_SYN_RECEIVED, HSTP_CAUSE_SYN, acts);
		hstp_receive_early(t, seg, env, acts);
		return;
	}
	hstp_stamps_measure(t, seg, env);
	hstp_send_acked(t, seg, env, acts);
	hstp_enter(t, HSTP_ESTABLISHED, HSTP_CAUSE_SYN_ACK, acts);
	/* "Continue processing at the sixth step" */
	hstp_urgent_arrives(t, seg, env, acts);
	text_arrives(t, seg, env, acts);
}

/* Appendix A.2: an ACK may come from the right edge, of a peer that has filled the
 * window, or from one number beyond it, of a peer that has probed it. Two such
 * peers that find each other's ACKs unacceptable answer them with ACKs for ever.
 * It may carry text at a closed window: "special allowance should be made to
 * accept valid ACKs" (3.10.7.4 first); the text will be trimmed off.
 */
static bool lone_ack(const struct hstp_tcb *t, const struct hstp_segment *seg)
{
	return (seg->flags & (HSTP_ACK | HSTP_SYN | HSTP_RST)) == HSTP_ACK &&
	       (!t->rcv_wnd || !hstp_seg_len(seg)) &&
	       hstp_between(seg->seq, t->rcv_nxt, t->rcv_nxt + t->rcv_wnd + 2);
}

/* 3.10.7.4 first: the four cases of acceptability */
static bool acceptable(const struct hstp_tcb *t, const struct hstp_segment *seg)
{
	u32 len = hstp_seg_len(seg);
	u32 end = t->rcv_nxt + t->rcv_wnd;

	if (lone_ack(t, seg))
		return true;
	/* MUST-66: a RST counts even if nothing fits */
	if (!t->rcv_wnd)
		return seg->seq == t->rcv_nxt && (!len || seg->flags & HSTP_RST);
	if (hstp_between(seg->seq, t->rcv_nxt, end))
		return true;
	return len && hstp_between(seg->seq + len - 1, t->rcv_nxt, end);
}

/* Both ends opened at once: the peer's SYN,ACK repeats the SYN that brought us
 * here, and establishes the connection by its ACK (figure 7, lines 6 and 7).
 */
static bool crossed_syn(const struct hstp_tcb *t, const struct hstp_segment *seg)
{
	return t->state == HSTP_SYN_RECEIVED && !t->passive && seg->seq == t->irs &&
	       (seg->flags & (HSTP_SYN | HSTP_ACK | HSTP_RST)) == (HSTP_SYN | HSTP_ACK);
}

/* Text that we have taken from beyond the window that the peer knows (a probe, or what was out when
 * the window shrank) has moved RCV.NXT past the right edge that its ACKs come from until it
 * learns of a larger window: see hstp_send_seq(). When we are beyond its window, too, ours are
 * like that: two such peers would find all ACKs of each other unacceptable, answer them with ACKs
 * without end, and learn nothing. "Special allowance should be made to accept valid ACKs" (3.10.7.4
 * first).
 */
static bool late_ack(const struct hstp_tcb *t, const struct hstp_segment *seg)
{
	return (seg->flags & (HSTP_ACK | HSTP_SYN | HSTP_RST)) == HSTP_ACK &&
	       !hstp_seg_len(seg) && hstp_synchronized(t->state) &&
	       hstp_after(t->snd_nxt, t->snd_una + t->snd_wnd) &&
	       hstp_between(seg->seq, t->rcv_nxt - (HSTP_WINDOW_UNSCALED << t->rcv_wscale),
			    t->rcv_nxt);
}

static void restart_time_wait(struct hstp_tcb *t, const struct hstp_env *env)
{
	hstp_timer_arm(t, HSTP_TIMER_WAIT, &t->wait_at, env->now + 2 * (u32)env->cfg->msl_ms);
}

/* What of a segment that is thrown away was here already (RFC 2883 section 4). */
static void report_twice(struct hstp_tcb *t, const struct hstp_segment *seg,
			 const struct hstp_env *env)
{
	u32 first = seg->seq + !!(seg->flags & HSTP_SYN);

	hstp_sack_twice(t, first, hstp_seq_min(first + seg->text_len, t->rcv_nxt), env);
}

static void unacceptable(struct hstp_tcb *t, const struct hstp_segment *seg,
			 const struct hstp_env *env, struct hstp_acts *acts)
{
	if (seg->flags & HSTP_RST) {
		acts->reset_in = HSTP_RESET_IN_IGNORED;
		drop(acts, HSTP_DROP_RST_SEQ);
		return;
	}
	if (seg->text_len && !hstp_after(seg->seq + hstp_seg_len(seg), t->rcv_nxt)) {
		drop(acts, HSTP_DROP_DUPLICATE);
		report_twice(t, seg, env);
	} else {
		drop(acts, HSTP_DROP_SEQ);
	}
	/* A SYN is challenged whatever its number (RFC 5961 section 4) */
	if (seg->flags & HSTP_SYN && hstp_synchronized(t->state))
		challenge(t, env, acts);
	else if (!hstp_seg_len(seg))
		answer(t, env, acts);
	else
		owe_ack(t, acts);

	/* Our SYN,ACK was lost: it is the ACK that the peer can use. */
	if (t->state == HSTP_SYN_RECEIVED && seg->flags & HSTP_SYN && seg->seq == t->irs) {
		t->resend = 1;
		hstp_ecn_syn_again(t, seg);
	}

	/* 3.10.7.4 eighth: the peer's FIN again, so our ACK of it was lost */
	if (t->state == HSTP_TIME_WAIT && seg->flags & HSTP_FIN &&
	    seg->seq + hstp_seg_len(seg) == t->rcv_nxt)
		restart_time_wait(t, env);
}

/* 3.10.7.4 second: RST is on, and in the window */
static void reset_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			  const struct hstp_env *env, struct hstp_acts *acts)
{
	/* RFC 5961 section 3.2: but for the exact number, it may be a guess */
	if (env->cfg->rfc5961 && seg->seq != t->rcv_nxt) {
		acts->reset_in = HSTP_RESET_IN_CHALLENGED;
		drop(acts, HSTP_DROP_RST_SEQ);
		challenge(t, env, acts);
		return;
	}

	switch (t->state) {
	case HSTP_SYN_RECEIVED:
		if (t->passive) {
			acts->reset_in = HSTP_RESET_IN_TO_LISTEN;
			hstp_enter(t, HSTP_LISTEN, HSTP_CAUSE_RST, acts);
			return;
		}
		acts->reset_in = HSTP_RESET_IN_SYN_RECEIVED;
		die(t, HSTP_SIGNAL_REFUSED, HSTP_CAUSE_RST, acts);
		return;
	case HSTP_CLOSE_WAIT:
		acts->reset_in = HSTP_RESET_IN_SYNCHRONIZED;
		die(t, HSTP_SIGNAL_RESET_AFTER_FIN, HSTP_CAUSE_RST, acts);
		return;
	case HSTP_TIME_WAIT:
		/* RFC 1337 fix F1: an old reset must not cut TIME-WAIT short */
		if (env->cfg->rfc5961) {
			acts->reset_in = HSTP_RESET_IN_IGNORED;
			drop(acts, HSTP_DROP_RST_TIME_WAIT);
			return;
		}
		acts->reset_in = HSTP_RESET_IN_CLOSING;
		hstp_vanish(t, HSTP_CAUSE_RST, acts);
		return;
	case HSTP_CLOSING:
	case HSTP_LAST_ACK:
		acts->reset_in = HSTP_RESET_IN_CLOSING;
		hstp_vanish(t, HSTP_CAUSE_RST, acts);
		return;
	default:
		acts->reset_in = HSTP_RESET_IN_SYNCHRONIZED;
		die(t, HSTP_SIGNAL_RESET, HSTP_CAUSE_RST, acts);
		return;
	}
}

/* 3.10.7.4 fourth: SYN is on */
static void syn_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			const struct hstp_env *env, struct hstp_acts *acts)
{
	drop(acts, HSTP_DROP_SYN_SYNCHRONIZED);
	if (t->state == HSTP_SYN_RECEIVED && t->passive) {
		hstp_enter(t, HSTP_LISTEN, HSTP_CAUSE_BAD_SYN, acts);
		return;
	}
	if (env->cfg->rfc5961) {
		challenge(t, env, acts);
		return;
	}
	hstp_reply_reset(seg, HSTP_RESET_OUT_BAD_SYN, acts);
	die(t, HSTP_SIGNAL_RESET, HSTP_CAUSE_BAD_SYN, acts);
}

static void start_time_wait(struct hstp_tcb *t, enum hstp_cause cause,
			    const struct hstp_env *env, struct hstp_acts *acts)
{
	hstp_enter(t, HSTP_TIME_WAIT, cause, acts);
	hstp_timer_stop(t, HSTP_TIMER_REXMIT | HSTP_TIMER_DELACK | HSTP_TIMER_KEEP);
	restart_time_wait(t, env);
}

/* 3.10.7.4 fifth, SYN-RECEIVED: true when the rest of the segment counts */
static bool opening_ack(struct hstp_tcb *t, const struct hstp_segment *seg,
			const struct hstp_env *env, struct hstp_acts *acts)
{
	if (!hstp_after(seg->ack, t->snd_una) || hstp_after(seg->ack, t->snd_nxt)) {
		drop(acts, HSTP_DROP_ACK_SYN_RECEIVED);
		hstp_reply_reset(seg, HSTP_RESET_OUT_SYN_RECEIVED_ACK, acts);
		return false;
	}
	take_window(t, seg);
	hstp_stamps_measure(t, seg, env);
	hstp_send_acked(t, seg, env, acts);
	hstp_enter(t, HSTP_ESTABLISHED, HSTP_CAUSE_ACK, acts);
	acts->bits |= HSTP_ACT_OUTPUT;

	/* A CLOSE that had to wait for this (3.10.4, SYN-RECEIVED) */
	if (t->fin_queued)
		hstp_enter(t, HSTP_FIN_WAIT_1, HSTP_CAUSE_CLOSE, acts);
	return true;
}

/* 3.10.7.4 fifth, ESTABLISHED: true when the rest of the segment counts */
static bool synchronized_ack(struct hstp_tcb *t, const struct hstp_segment *seg,
			     const struct hstp_env *env, struct hstp_acts *acts)
{
	if (hstp_after(seg->ack, t->snd_nxt)) {
		drop(acts, HSTP_DROP_ACK_BEYOND);
		challenge(t, env, acts);
		return false;
	}
	/* RFC 5961 section 5.2 */
	if (env->cfg->rfc5961 && hstp_before(seg->ack, t->snd_una - t->snd_wnd_max)) {
		drop(acts, HSTP_DROP_ACK_OLD);
		challenge(t, env, acts);
		return false;
	}
	if (hstp_before(seg->ack, t->snd_una))
		return true;

	hstp_recovery_ack(t, seg, env, acts);

	/* SND.WL2 =< SEG.ACK needs no test and no variable: SND.WL2 is never above
	 * SND.UNA, and what is below SND.UNA has just gone. SND.WL1 is to tell old segments
	 * from new ones; but what acknowledges more than all before it is new, even if the
	 * peer sends again from below SND.WL1 because a window has shrunk.
	 */
	if (!hstp_after(t->snd_wl1, seg->seq) || hstp_after(seg->ack, t->snd_una)) {
		if (hstp_seg_wnd(t, seg) > t->snd_wnd)
			acts->bits |= HSTP_ACT_OUTPUT;
		if (seg->wnd && !t->snd_wnd)
			hstp_send_reopened(t, env->cfg);
		take_window(t, seg);
	}
	hstp_stamps_measure(t, seg, env);
	hstp_send_acked(t, seg, env, acts);
	return true;
}

/* 3.10.7.4 fifth: the ACK field; true when the rest of the segment counts */
static bool ack_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			const struct hstp_env *env, struct hstp_acts *acts)
{
	if (t->state == HSTP_SYN_RECEIVED)
		return opening_ack(t, seg, env, acts);
	if (!synchronized_ack(t, seg, env, acts))
		return false;
	if (!hstp_fin_acked(t))
		return true;

	switch (t->state) {
	case HSTP_FIN_WAIT_1:
		hstp_enter(t, HSTP_FIN_WAIT_2, HSTP_CAUSE_FIN_ACKED, acts);
		/* Nobody will read: do not wait for the peer for ever */
		if (!t->user_gone || hstp_fin_wait_2(t, env))
			return true;
		hstp_vanish(t, HSTP_CAUSE_FIN_TIMEOUT, acts);
		return false;
	case HSTP_CLOSING:
		start_time_wait(t, HSTP_CAUSE_FIN_ACKED, env, acts);
		return true;
	case HSTP_LAST_ACK:
		hstp_enter(t, HSTP_CLOSED, HSTP_CAUSE_FIN_ACKED, acts);
		return false;
	default:
		return true;
	}
}

/* 3.10.7.4 eighth: the FIN at RCV.NXT */
static void fin_arrives(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_acts *acts)
{
	t->rcv_nxt++;
	t->rcv_wnd--;	/* it was in the window, or it would have been trimmed */
	hstp_sack_forget(t);	/* what a peer sent beyond its FIN is no text */
	acts->bits |= HSTP_ACT_EOF;
	owe_ack(t, acts);

	switch (t->state) {
	case HSTP_ESTABLISHED:
		hstp_enter(t, HSTP_CLOSE_WAIT, HSTP_CAUSE_FIN, acts);
		return;
	case HSTP_FIN_WAIT_1:
		hstp_enter(t, HSTP_CLOSING, HSTP_CAUSE_FIN, acts);
		return;
	default:
		start_time_wait(t, HSTP_CAUSE_FIN, env, acts);
		return;
	}
}

/* There is no memory for text that the window has invited. Dropped without a word it would
 * use up the peer's retransmissions; but a window of zero it probes for as long as it takes
 * (MUST-36, MUST-37). This is what SHLD-14 asks to avoid, and MUST-34 to be robust against.
 * What RFC 7323 section 2.4 says of a receiver that does it holds: all that was ever in the
 * window is acceptable, since only the window that is told shrinks, not RCV.WND. Behind a
 * gap it is not needed: the text that fills the gap may still find room.
 */
static void refuse_text(struct hstp_tcb *t, const struct hstp_segment *seg,
			const struct hstp_env *env, struct hstp_acts *acts)
{
	drop(acts, (enum hstp_drop)env->no_room);
	if (!hstp_after(seg->seq, t->rcv_nxt) && !t->shut) {
		t->shut = 1;
		acts->bits |= HSTP_ACT_SHUT;
	}
	owe_ack(t, acts);
}

/* 3.10.7.4 seventh and eighth: is there anything beyond the ACK, may it come? */
static void text_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			 const struct hstp_env *env, struct hstp_acts *acts)
{
	if (!seg->text_len && !(seg->flags & HSTP_FIN))
		return;
	if (!hstp_may_receive(t->state)) {
		/* The peer's FIN was here: nothing can follow it. Text is
		 * ignored, a FIN is acknowledged.
		 */
		drop(acts, HSTP_DROP_AFTER_FIN);
		if (!(seg->flags & HSTP_FIN))
			return;
		owe_ack(t, acts);
		if (t->state == HSTP_TIME_WAIT)
			restart_time_wait(t, env);
		return;
	}
	if (t->ecn_in && seg->text_len)
		hstp_ecn_text(t, seg, acts);
	/* RFC 9293 section 3.6.1 (SHLD-3): text that nobody will read */
	if (t->user_gone && seg->text_len &&
	    hstp_after(seg->seq + seg->text_len, t->rcv_nxt)) {
		drop(acts, HSTP_DROP_CLOSED_TEXT);
		hstp_call_abort(t, HSTP_RESET_OUT_LATE_TEXT, HSTP_CAUSE_LATE_TEXT, acts);
		return;
	}
	if (seg->text_len && env->no_room) {
		refuse_text(t, seg, env, acts);
		return;
	}
	hstp_receive_text(t, seg, env, acts);
	if (acts->bits & HSTP_ACT_EOF)
		fin_arrives(t, env, acts);
}

/* MAY-2 and SHLD-4: a SYN that is later than the old connection may open the next one.
 * Its timestamp tells, if it has one, else its number (RFC 6191 section 2). TIME-WAIT lasts
 * until that one is established, so that it is there to return to "if the SYN turns out to
 * be an old duplicate".
 */
static bool is_later(const struct hstp_tcb *t, const struct hstp_segment *seg,
		     const struct hstp_env *env)
{
	bool beyond = hstp_after(seg->seq, t->rcv_nxt - 1);

	if (!env->cfg->timestamps || !(seg->opt.has & HSTP_HAS_TIMESTAMPS))
		return beyond;
	if (!t->ts_ok)
		return true;
	return seg->opt.tsval == t->ts_recent ? beyond :
						hstp_after(seg->opt.tsval, t->ts_recent);
}

static bool reopens(const struct hstp_tcb *t, const struct hstp_segment *seg,
		    const struct hstp_env *env)
{
	return t->state == HSTP_TIME_WAIT && !env->nobody_listens &&
	       (seg->flags & (HSTP_SYN | HSTP_ACK | HSTP_RST)) == HSTP_SYN && !env->strange &&
	       is_later(t, seg, env);
}

/* RFC 7323 sections 3.2 and 5.3, R1. A SYN without a timestamp may come of a peer that
 * has forgotten the connection: it must learn of it.
 */
static bool stamp_acceptable(struct hstp_tcb *t, const struct hstp_segment *seg,
			     const struct hstp_env *env, struct hstp_acts *acts)
{
	if (seg->flags & HSTP_RST)
		return true;
	if (!(seg->opt.has & HSTP_HAS_TIMESTAMPS)) {
		if (seg->flags & HSTP_SYN)
			return true;
		drop(acts, HSTP_DROP_NO_TIMESTAMP);
		return false;
	}
	if (!hstp_stamps_old(t, seg, env))
		return true;
	drop(acts, HSTP_DROP_OLD_TIMESTAMP);
	if (seg->flags & HSTP_SYN) {
		challenge(t, env, acts);
	} else if (!hstp_seg_len(seg)) {
		answer(t, env, acts);
	} else {
		report_twice(t, seg, env);
		owe_ack(t, acts);
	}
	return false;
}

/* 3.10.7.4: SYN-RECEIVED and the synchronized states */
static void otherwise_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			      const struct hstp_env *env, struct hstp_acts *acts)
{
	if (reopens(t, seg, env)) {
		acts->bits |= HSTP_ACT_REOPEN;
		return;
	}

	/* First, check the sequence number */
	if (t->ts_ok && !stamp_acceptable(t, seg, env, acts))
		return;
	if (crossed_syn(t, seg)) {
		if (env->strange) {
			hstp_security_refuse(t, seg, acts);
			return;
		}
		hstp_ecn_agree(t, seg);
		if (!ack_arrives(t, seg, env, acts))
			return;
		hstp_stamps_take(t, seg, env);
		owe_ack(t, acts);
		return;
	}
	if (!acceptable(t, seg)) {
		if (late_ack(t, seg) && !env->strange && !ack_arrives(t, seg, env, acts))
			return;
		unacceptable(t, seg, env, acts);
		return;
	}

	t->heard_at = env->now;
	t->kept = 0;

	/* Second, check the RST bit */
	if (seg->flags & HSTP_RST) {
		reset_arrives(t, seg, env, acts);
		return;
	}

	/* Third, check security */
	if (env->strange) {
		hstp_security_refuse(t, seg, acts);
		return;
	}

	/* Fourth, check the SYN bit */
	if (seg->flags & HSTP_SYN) {
		syn_arrives(t, seg, env, acts);
		return;
	}

	/* Fifth, check the ACK field */
	if (!(seg->flags & HSTP_ACK)) {
		drop(acts, HSTP_DROP_NO_ACK);
		return;
	}
	if (!ack_arrives(t, seg, env, acts))
		return;
	/* RFC 7323 section 5.3 does so with the first check. But one segment from far ahead makes
	 * all honest ones old, so that it takes what any other effect of a segment takes: not
	 * just a number in the window, but an ACK that could be the peer's (RFC 5961 section 5).
	 */
	hstp_stamps_take(t, seg, env);

	/* Sixth, check the URG bit */
	hstp_urgent_arrives(t, seg, env, acts);

	/* Seventh, process the segment text; eighth, check the FIN bit */
	text_arrives(t, seg, env, acts);
}

/**
 * hstp_segment_arrives() - a segment for a connection has arrived
 * @t: the connection; in CLOSED nothing of it but the state is read
 * @seg: the segment; its checksum was good
 * @env: clock and settings
 * @acts: all zero; gets what is to be done
 *
 * RFC 9293 section 3.10.7. Context: the connection's lock.
 */
void hstp_segment_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			  const struct hstp_env *env, struct hstp_acts *acts)
{
	switch (t->state) {
	case HSTP_CLOSED:
		closed_arrives(seg, acts);
		break;
	case HSTP_LISTEN:
		listen_arrives(t, seg, env, acts);
		break;
	case HSTP_SYN_SENT:
		syn_sent_arrives(t, seg, env, acts);
		break;
	default:
		otherwise_arrives(t, seg, env, acts);
		break;
	}
	/* A passive open that is back in LISTEN is the listener's again */
	if (t->state == HSTP_LISTEN && acts->transition_count)
		hstp_enter(t, HSTP_CLOSED, HSTP_CAUSE_MERGE, acts);
}

/**
 * hstp_listen_arrives() - a segment for a listener has arrived
 * @t: all zero but @mss, @snd_mss, @rcv_mss and @ip_options; becomes the new connection
 * @seg: the segment
 * @env: clock, settings and the ISS of a new connection
 * @acts: all zero; gets what is to be done
 *
 * RFC 9293 section 3.10.7.2. The listener itself stays in LISTEN: its copy
 * goes to SYN-RECEIVED.
 *
 * Return: true when @t is a new connection in SYN-RECEIVED.
 */
bool hstp_listen_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			 const struct hstp_env *env, struct hstp_acts *acts)
{
	bool fork = (seg->flags & (HSTP_SYN | HSTP_ACK | HSTP_RST)) == HSTP_SYN &&
		    hstp_security_opens(seg, env, acts);

	if (fork)
		hstp_enter(t, HSTP_LISTEN, HSTP_CAUSE_FORK, acts);
	else
		t->state = HSTP_LISTEN;
	listen_arrives(t, seg, env, acts);
	return fork;
}

/**
 * hstp_held_arrives() - text that was held may be in order now
 * @t: connection
 * @seq: number of its first byte
 * @len: bytes
 * @fin: a FIN follows it
 * @env: clock and settings
 * @acts: text_off and text_len are overwritten; other actions are added
 *
 * To be called for what hstp_acts.HSTP_ACT_HOLD made the caller keep, earliest
 * first, after RCV.NXT has moved, and with HSTP_ACT_OPENED: a SYN may have had text.
 *
 * Return: false when a gap is left before @seq, which stays held; else true:
 * text_len bytes from text_off are the user's, the rest was a duplicate.
 */
bool hstp_held_arrives(struct hstp_tcb *t, u32 seq, u32 len, bool fin,
		       const struct hstp_env *env, struct hstp_acts *acts)
{
	u32 known = t->rcv_nxt - seq;

	if (hstp_after(seq, t->rcv_nxt))
		return false;
	acts->text_off = hstp_min(known, len);
	acts->text_len = 0;
	if (!hstp_may_receive(t->state) || known > len)
		return true;
	/* As in text_arrives(): what a SYN brought, and its user has not waited for */
	if (t->user_gone && len != known) {
		drop(acts, HSTP_DROP_CLOSED_TEXT);
		hstp_call_abort(t, HSTP_RESET_OUT_LATE_TEXT, HSTP_CAUSE_LATE_TEXT, acts);
		return true;
	}
	acts->text_len = len - known;
	t->rcv_nxt += acts->text_len;
	t->rcv_wnd -= hstp_min(t->rcv_wnd, acts->text_len);
	hstp_sack_advance(t);
	owe_ack(t, acts);
	if (fin)
		fin_arrives(t, env, acts);
	return true;
}
