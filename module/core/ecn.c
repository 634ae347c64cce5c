// SPDX-License-Identifier: GPL-2.0
/* Explicit Congestion Notification, RFC 3168 section 6.1: what the SYNs agree on, how the
 * receiver reports packets that met congestion, and what the sender does about the report.
 * That its own packets say so (ECT) and answer (CWR) is in send.c.
 */
#include "congestion.h"
#include "fsm.h"

/**
 * hstp_ecn_offer() - are we willing
 * @t: connection that sends a SYN, or is about to answer one
 * @willing: its SYN asks for it, or its SYN,ACK may agree
 */
void hstp_ecn_offer(struct hstp_tcb *t, bool willing)
{
	t->ecn_in = willing;
	t->ecn_out = willing;
}

/* Section 6.1.1: an ECN-setup SYN, or SYN,ACK. One with both bits is no such SYN,ACK: who
 * reflects what were reserved bits knows nothing of it (6.1.1.2).
 */
static bool is_setup(const struct hstp_segment *seg)
{
	u8 bits = seg->flags & (HSTP_ECE | HSTP_CWR);

	return bits == (seg->flags & HSTP_ACK ? HSTP_ECE : HSTP_ECE | HSTP_CWR);
}

/**
 * hstp_ecn_agree() - the peer's SYN or SYN,ACK says whether it is willing
 * @t: connection; what we are is set
 * @seg: the segment
 *
 * Section 6.1.1: once a SYN without it has arrived, neither end uses it.
 */
void hstp_ecn_agree(struct hstp_tcb *t, const struct hstp_segment *seg)
{
	if (is_setup(seg))
		return;
	t->ecn_in = 0;
	t->ecn_out = 0;
}

/**
 * hstp_ecn_syn_again() - the peer's SYN has come again: our SYN,ACK was lost
 * @t: connection in SYN-RECEIVED
 * @seg: the SYN
 *
 * Section 6.1.1.1: it may ask no longer, for fear of what lies between. Our answer does not
 * agree then, and our packets do not say that they are of an agreement. Should the SYN,ACK
 * before it arrive after all, the peer's may: what they meet is reported.
 */
void hstp_ecn_syn_again(struct hstp_tcb *t, const struct hstp_segment *seg)
{
	if (!is_setup(seg))
		t->ecn_out = 0;
}

/**
 * hstp_ecn_text() - text has arrived: has its packet met congestion, or its sender heard
 * @t: connection with @ecn_in
 * @seg: acceptable segment with text
 * @acts: gets HSTP_ACT_OUTPUT for an ACK
 *
 * Section 6.1.3: all segments have ECE until one with CWR arrives, which may itself have met
 * congestion. Section 6.1.5: what lies outside of the window says nothing. A sender that
 * has heard has a small window, or will: the ACK does not wait for company.
 */
void hstp_ecn_text(struct hstp_tcb *t, const struct hstp_segment *seg, struct hstp_acts *acts)
{
	bool heard = seg->flags & HSTP_CWR, met = seg->ecn == HSTP_CE;

	if (!t->rcv_wnd || seg->flags & HSTP_SYN)
		return;
	if (seg->ecn != HSTP_NOT_ECT)
		t->ecn_seen = 1;
	if (heard || (met && !t->ecn_echo)) {
		t->ack_now = 1;
		acts->bits |= HSTP_ACT_OUTPUT;
	}
	if (heard)
		t->ecn_echo = 0;
	if (met)
		t->ecn_echo = 1;
}

/**
 * hstp_ecn_ack() - has a packet of ours met congestion
 * @t: connection with @ecn_out; SND.UNA is not yet advanced
 * @seg: segment with SND.UNA =< SEG.ACK =< SND.NXT
 * @env: clock
 *
 * Section 6.1.2: ECE means what a loss means, once for all that was on its way. It goes on
 * until the peer has the next new text, with CWR: that lies at @recover, and an ACK beyond it
 * shows that it has arrived. Such an ACK also ends what the last timeout has begun.
 *
 * Return: true when the congestion window must not grow for this ACK.
 */
bool hstp_ecn_ack(struct hstp_tcb *t, const struct hstp_segment *seg,
		  const struct hstp_env *env)
{
	bool beyond = hstp_after(seg->ack, t->recover);

	if (t->ecn_cut && beyond)
		t->ecn_cut = 0;
	if (!(seg->flags & HSTP_ECE))
		return false;
	if (beyond && !t->fast) {
		t->cautious = 0;
		t->recovering = 0;
		t->resend = 0;
	}
	if (!t->ecn_cut && !t->cautious && !t->recovering) {
		hstp_congestion_marked(t, env);
		t->recover = t->snd_nxt;
	}
	return true;
}
