// SPDX-License-Identifier: GPL-2.0
/* Text of an acceptable segment: what of it is new, and when to acknowledge. */
#include "fsm.h"

/* Section 3.8.6.3: an ACK may wait, but not for more than a second full-sized
 * segment (SHLD-19), and not while the peer cannot send one into what is left of
 * the window. How large its segments are is seen, not known: it may be able to
 * send less than we asked for. A gap that is filled only in part is reported at
 * once (RFC 5681 section 4.2).
 */
static bool ack_is_due(const struct hstp_tcb *t)
{
	return t->quick ||
	       t->rcv_nxt - t->rcv_acked >= 2 * (u32)t->rcv_seg ||
	       t->rcv_wnd < hstp_min(t->rcv_mss, HSTP_WINDOW_UNSCALED / 2) ||
	       t->rcv_held != t->rcv_nxt;
}

static void schedule_ack(struct hstp_tcb *t, u32 len, const struct hstp_env *env,
			 struct hstp_acts *acts)
{
	if (len > t->rcv_seg)
		t->rcv_seg = (u16)hstp_min(len, HSTP_WINDOW_UNSCALED);
	else
		t->rcv_seg -= (u16)((t->rcv_seg - len) / 8);
	if (hstp_before(t->rcv_held, t->rcv_nxt))
		t->rcv_held = t->rcv_nxt;

	if (ack_is_due(t)) {
		t->quick -= !!t->quick;
		t->ack_now = 1;
		acts->bits |= HSTP_ACT_OUTPUT;
		return;
	}
	if (!(t->armed & HSTP_TIMER_DELACK))
		hstp_timer_arm(t, HSTP_TIMER_DELACK, &t->delack_at,
			       env->now + (u32)env->cfg->delack_ms);
}

/**
 * hstp_receive_text() - RFC 9293 section 3.10.7.4, seventh and eighth
 * @t: connection in a state in which text may come; the segment is acceptable
 * @seg: a segment with text or FIN; its SYN, if any, was dealt with
 * @env: clock and settings
 * @acts: gets HSTP_ACT_TEXT, HSTP_ACT_HOLD and the part that counts, and
 *	HSTP_ACT_EOF when a FIN is next in order: RCV.NXT is then before the FIN
 */
void hstp_receive_text(struct hstp_tcb *t, const struct hstp_segment *seg,
		       const struct hstp_env *env, struct hstp_acts *acts)
{
	u32 first = seg->seq + !!(seg->flags & HSTP_SYN);
	u32 last = first + seg->text_len;
	u32 end = t->rcv_nxt + t->rcv_wnd;
	bool fin = seg->flags & HSTP_FIN;
	u32 from = hstp_seq_max(first, t->rcv_nxt);
	u32 to = last;

	/* Section 3.10.7.4 first: what is outside the window is trimmed off */
	if (hstp_after(to, end))
		to = end;
	if (!hstp_before(last, end))
		fin = false;
	if (hstp_before(first, t->rcv_nxt))
		hstp_sack_twice(t, first, hstp_seq_min(last, t->rcv_nxt), env);
	if (hstp_after(from, to) || (from == to && !fin)) {
		acts->drop = HSTP_DROP_SEQ;
		t->ack_now = 1;
		acts->bits |= HSTP_ACT_OUTPUT;
		return;
	}

	acts->text_off = from - first;
	acts->text_len = to - from;
	if (from != t->rcv_nxt) {
		/* A gap: the ACK tells the peer at once where (SHLD-31) */
		acts->bits |= HSTP_ACT_HOLD | HSTP_ACT_OUTPUT;
		if (fin)
			acts->bits |= HSTP_ACT_HOLD_FIN;
		t->rcv_held = hstp_seq_max(t->rcv_held, to);
		hstp_sack_hold(t, from, to, env);
		t->ack_now = 1;
		return;
	}

	if (acts->text_len) {
		acts->bits |= HSTP_ACT_TEXT;
		t->rcv_nxt = to;
		t->rcv_wnd -= acts->text_len;
		if (t->rcv_sacks)
			hstp_sack_advance(t);
		schedule_ack(t, acts->text_len, env, acts);
		/* A gap is filled in part, or something came twice: the peer sends
		 * again, and is to know at once (RFC 5681 section 4.2)
		 */
		if (hstp_sack_due(t)) {
			t->ack_now = 1;
			acts->bits |= HSTP_ACT_OUTPUT;
		}
	}
	if (fin)
		acts->bits |= HSTP_ACT_EOF;
}

/**
 * hstp_receive_early() - text and FIN of a SYN that does not yet open the connection
 * @t: connection that has just entered SYN-RECEIVED
 * @seg: the SYN
 * @env: clock and settings
 * @acts: gets HSTP_ACT_HOLD and the part that counts
 *
 * RFC 9293 sections 3.10.7.2 third and 3.10.7.3 fourth: "queue them for processing after the
 * ESTABLISHED state has been reached". It is not acknowledged before that: should there be
 * no memory for it, it comes again.
 */
void hstp_receive_early(const struct hstp_tcb *t, const struct hstp_segment *seg,
			const struct hstp_env *env, struct hstp_acts *acts)
{
	bool fin = seg->flags & HSTP_FIN && seg->text_len < t->rcv_wnd;

	acts->text_off = 0;
	acts->text_len = hstp_min(seg->text_len, t->rcv_wnd);
	if (env->no_room || (!acts->text_len && !fin))
		return;
	acts->bits |= HSTP_ACT_HOLD;
	if (fin)
		acts->bits |= HSTP_ACT_HOLD_FIN;
}
