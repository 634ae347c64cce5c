// SPDX-License-Identifier: GPL-2.0
/* Loss recovery: how a loss is found, and what is sent again; RFC 5681 section 3.2,
 * RFC 6582, and with a scoreboard RFC 6675. What it does to the congestion window is in
 * congestion.c.
 */
#include "board.h"
#include "congestion.h"
#include "fsm.h"

#define ALL	255	/* as many segments as the windows allow */

/**
 * hstp_send_again() - what is out may be lost: begin again at SND.UNA
 * @t: connection with a SYN, text or a FIN that was not acknowledged
 *
 * RFC 6582 section 3.2, 4. Copies of one number alone, a SYN or a probe of a closed window, make no
 * three duplicates in what is sent after it.
 */
void hstp_send_again(struct hstp_tcb *t)
{
	t->resent = t->snd_una;
	t->recover = t->snd_nxt;
	t->recovering = 1;
	t->cautious = t->snd_nxt - t->snd_una > 1;
	t->fast = 0;
	t->fast_partial = 0;
	t->dupacks = 0;
	t->resend = 1;
}

/**
 * hstp_send_reopened() - the peer's window was closed and is open now
 * @t: connection
 * @cfg: settings
 *
 * The byte that probed the window was thrown away by the peer.
 */
void hstp_send_reopened(struct hstp_tcb *t, const struct hstp_config *cfg)
{
	hstp_rtt_restore(t, cfg);
	if (t->snd_nxt != t->snd_una)
		hstp_send_again(t);
}

/* RFC 6582 section 3.2, 2; RFC 6675 section 5, (4). Until an ACK goes beyond what was out
 * when the last loss was found, duplicates may come of what was sent again for nothing.
 */
static void fast_retransmit(struct hstp_tcb *t, const struct hstp_env *env)
{
	if (env->board) {
		hstp_congestion_selective(t, env);
		t->resend = ALL;
	} else {
		hstp_congestion_fast(t, env);
		t->resend = 1;
	}
	t->recover = t->snd_nxt;
	t->resent = t->snd_una;
	t->rescue = t->snd_una + hstp_segment_size(t);
	t->recovering = 0;
	t->fast = 1;
	t->fast_partial = 0;
	t->cautious = 1;
}

static u32 peer_has(const struct hstp_tcb *t, const struct hstp_board *b, u32 ack, u32 top)
{
	return hstp_seq_min(ack, top) - t->snd_una + hstp_board_held(b, top);
}

/* Returns how many bytes are new to the scoreboard. When nothing was sent again, and the peer
 * has now more of what is below the last that it held, the network has reordered it.
 */
static u32 update_board(const struct hstp_tcb *t, struct hstp_board *b,
			const struct hstp_segment *seg, struct hstp_acts *acts)
{
	u32 top, known, bytes;

	if (!b->count || t->cautious)
		return hstp_board_update(b, t, seg->ack, &seg->opt);
	top = b->range[b->count - 1].right;
	known = peer_has(t, b, t->snd_una, top);
	bytes = hstp_board_update(b, t, seg->ack, &seg->opt);
	if (peer_has(t, b, seg->ack, top) > known)
		acts->bits |= HSTP_ACT_REORDERED;
	return bytes;
}

/* RFC 6675 section 2: a duplicate is what reports text that was not reported before,
 * whatever else it has.
 */
static void selective_ack(struct hstp_tcb *t, const struct hstp_segment *seg,
			  const struct hstp_env *env, struct hstp_acts *acts)
{
	u32 bytes = update_board(t, env->board, seg, acts);

	if (t->fast) {
		t->resend = ALL;
		acts->bits |= HSTP_ACT_OUTPUT;
		return;
	}
	if (!bytes || seg->ack != t->snd_una)
		return;
	if (t->dupacks < 255)
		t->dupacks++;
	acts->bits |= HSTP_ACT_OUTPUT;
	if (!t->cautious && (t->dupacks >= 3 || hstp_board_lost(env->board, t, t->snd_una)))
		fast_retransmit(t, env);
}

/**
 * hstp_recovery_ack() - is this ACK a duplicate, and what does that say
 * @t: connection; SND.WND and SND.UNA are not yet updated
 * @seg: segment with SND.UNA =< SEG.ACK =< SND.NXT
 * @env: the scoreboard
 * @acts: gets HSTP_ACT_OUTPUT when something may be sent for it
 *
 * RFC 5681 section 2, "duplicate acknowledgment", and section 3.2.
 */
void hstp_recovery_ack(struct hstp_tcb *t, const struct hstp_segment *seg,
		       const struct hstp_env *env, struct hstp_acts *acts)
{
	if (env->board) {
		selective_ack(t, seg, env, acts);
		return;
	}
	if (seg->ack != t->snd_una || t->snd_nxt == t->snd_una || hstp_seg_len(seg) ||
	    hstp_seg_wnd(t, seg) != t->snd_wnd || !t->snd_wnd)
		return;
	if (t->dupacks < 255)
		t->dupacks++;
	acts->bits |= HSTP_ACT_OUTPUT;
	if (t->fast)
		t->cwnd += t->mss;	/* one more has left the network */
	else if (t->dupacks == 3 && !t->cautious)
		fast_retransmit(t, env);
}

/* In fast recovery: all that was out when it began, or a part. Returns whether the
 * retransmission timer starts again.
 */
static bool fast_acked(struct hstp_tcb *t, u32 bytes, const struct hstp_env *env)
{
	bool first = !t->fast_partial;

	if (!hstp_before(t->snd_una, t->recover) ||
	    (!env->board && !hstp_congestions[t->tune.congestion]->partial)) {
		t->fast = 0;
		t->fast_partial = 0;
		t->resend = 0;
		/* A block is no echo of what was sent again: it says what is new */
		t->cautious = !env->board && t->snd_una == t->recover;
		hstp_congestion_recovered(t, env);
		return true;
	}
	if (env->board) {
		t->resent = hstp_seq_max(t->resent, t->snd_una);
		return true;
	}
	/* The segment after it was lost as well */
	hstp_congestion_deflate(t, bytes);
	t->resent = t->snd_una;
	t->resend = 1;
	t->fast_partial = 1;
	return first;
}

/* An ACK of a part of what was out when the timer went off shows what to send next.
 * Beyond what was sent again: the peer held the text behind a gap, and the next gap is
 * at SEG.ACK. Else all that follows may be lost, and goes again as the window allows.
 */
static void timeout_acked(struct hstp_tcb *t)
{
	if (hstp_after(t->snd_una, t->resent)) {
		t->resent = t->snd_una;
		t->resend = 1;
	} else {
		t->resend = ALL;
	}
}

/**
 * hstp_recovery_acked() - SND.UNA has moved while a loss is repaired, or was of late
 * @t: connection
 * @bytes: by how much
 * @env: the scoreboard
 *
 * Return: false when the retransmission timer goes on as it is: with many losses it is
 * faster than one of them each round trip ("Impatient", RFC 6582 section 4).
 */
bool hstp_recovery_acked(struct hstp_tcb *t, u32 bytes, const struct hstp_env *env)
{
	if (t->fast)
		return fast_acked(t, bytes, env);

	if (hstp_after(t->snd_una, t->recover))
		t->cautious = 0;
	if (!hstp_before(t->snd_una, t->recover)) {
		t->recovering = 0;
		t->resend = 0;
	} else if (t->recovering) {
		timeout_acked(t);
	}
	return true;
}
