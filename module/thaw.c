// SPDX-License-Identifier: GPL-2.0
/* From a compact record to the core's variables, and back. */
#include "mini.h"
#include "wait.h"

/**
 * hstp_mini_thaw() - the core's variables of a record
 * @mini: the record
 * @hn: its namespace
 * @t: filled; where the record does not know a variable, it has a value with which
 *	the core does the right thing
 *
 * Context: the bucket's lock.
 */
void hstp_mini_thaw(const struct hstp_mini *mini, const struct hstp_net *hn, struct hstp_tcb *t)
{
	memset(t, 0, sizeof(*t));
	t->state = mini->state;
	t->irs = mini->rcv_nxt - 1;
	t->rcv_nxt = mini->rcv_nxt;
	t->rcv_acked = mini->rcv_nxt;
	t->rcv_held = mini->rcv_nxt;
	t->rcv_wnd = mini->rcv_wnd;
	t->rcv_mss = mini->mss;
	t->snd_wnd = mini->snd_wnd;
	t->snd_wnd_max = mini->snd_wnd;
	t->snd_wl1 = t->irs;
	t->mss = mini->mss;
	t->snd_una = mini->seq;
	t->iss = mini->seq;
	t->rto = hstp_wait_delay(hn, mini);

	if (mini->state == HSTP_TIME_WAIT) {
		/* All was said and heard: the FIN is the last that was acknowledged */
		t->snd_nxt = mini->seq;
		t->snd_end = mini->seq - 1;
		t->syn_acked = 1;
		t->fin_queued = 1;
		t->user_gone = 1;
		hstp_timer_arm(t, HSTP_TIMER_WAIT, &t->wait_at, mini->queued_ms + t->rto);
		return;
	}
	t->snd_nxt = mini->seq + 1;
	t->snd_end = mini->seq + 1;
	t->passive = 1;
	t->retries = mini->retries;
	t->syn_resent = mini->retries > 0;
	t->timing = !mini->resent;
	t->rtt_seq = t->snd_nxt;
	t->rtt_at = mini->queued_ms;
	hstp_timer_arm(t, HSTP_TIMER_REXMIT, &t->rexmit_at, mini->queued_ms + t->rto);
}

/**
 * hstp_mini_freeze() - keep of the variables what a record needs
 * @mini: the record; what never changes in it is set
 * @t: the variables
 *
 * Context: the bucket's lock, or @mini is in no bucket yet.
 */
void hstp_mini_freeze(struct hstp_mini *mini, const struct hstp_tcb *t)
{
	mini->state = t->state;
	mini->rcv_nxt = t->rcv_nxt;
	mini->rcv_wnd = (u16)t->rcv_wnd;
	mini->snd_wnd = (u16)t->snd_wnd;
	mini->mss = t->mss;
	if (t->state != HSTP_SYN_RECEIVED)
		return;
	mini->retries = t->retries;
	mini->resent = !t->timing;
}
