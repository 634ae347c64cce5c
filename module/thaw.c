// SPDX-License-Identifier: GPL-2.0
/* From a compact record to the core's variables, and back. */
#include "ident.h"
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
	t->snd_wl1 = t->irs;
	t->wscale_ok = mini->wscale_ok;
	t->snd_wscale = mini->snd_wscale;
	t->rcv_wscale = mini->rcv_wscale;
	t->sack_ok = mini->sack_ok;
	t->ecn_in = mini->ecn_in;
	t->ecn_out = mini->ecn_out;
	if (mini->ts_ok) {
		t->ts_ok = 1;
		t->ts_recent = mini->ts_recent;
		t->ts_recent_s = hstp_now_s();
		t->ts_offset = hstp_ident_stamps(hn, &mini->tuple);
	}
	t->snd_una = mini->seq;
	t->iss = mini->seq;
	t->rto = hstp_wait_delay(hn, mini);

	if (mini->state == HSTP_TIME_WAIT) {
		/* All was said and heard: the FIN is the last that was acknowledged. Of the
		 * peer's window it only matters that it was not closed.
		 */
		t->rcv_wnd = (u32)mini->rcv_wnd << mini->rcv_wscale;
		t->snd_wnd = HSTP_WINDOW_UNSCALED;
		t->snd_wnd_max = HSTP_WINDOW_UNSCALED;
		t->mss = HSTP_MSS_DEFAULT;
		t->snd_nxt = mini->seq;
		t->snd_end = mini->seq - 1;
		t->syn_acked = 1;
		t->fin_queued = 1;
		t->user_gone = 1;
		hstp_timer_arm(t, HSTP_TIMER_WAIT, &t->wait_at, hstp_mini_queued(mini) + t->rto);
		return;
	}
	t->rcv_wnd = mini->rcv_wnd;
	t->rcv_mss = mini->mss;
	t->snd_mss = mini->mss;
	hstp_mss_fit(t, mini->mss);	/* the path is looked at when this is a connection */
	t->snd_nxt = mini->seq + 1;
	t->snd_end = mini->seq + 1;
	t->passive = 1;
	t->retries = mini->retries;
	t->syn_resent = mini->retries > 0;
	t->timing = !mini->resent;
	t->rtt_seq = t->snd_nxt;
	t->rtt_at = hstp_mini_queued(mini);
	t->sent_at = t->rtt_at;
	hstp_timer_arm(t, HSTP_TIMER_REXMIT, &t->rexmit_at, t->rtt_at + t->rto);
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
	mini->ts_recent = t->ts_recent;
	mini->ts_ok = t->ts_ok;
	mini->sack_ok = t->sack_ok;
	mini->ecn_in = t->ecn_in;
	mini->ecn_out = t->ecn_out;
	mini->wscale_ok = t->wscale_ok;
	mini->snd_wscale = t->snd_wscale;
	mini->rcv_wscale = t->rcv_wscale;
	if (t->state != HSTP_SYN_RECEIVED) {
		mini->rcv_wnd = DIV_ROUND_UP(t->rcv_wnd, 1u << t->rcv_wscale);
		return;
	}
	mini->rcv_wnd = min(t->rcv_wnd, HSTP_WINDOW_UNSCALED);
	mini->mss = t->snd_mss;
	mini->retries = t->retries;
	mini->resent = !t->timing;
}
