// SPDX-License-Identifier: GPL-2.0
/* Timeouts: retransmission, delayed ACK, TIME-WAIT; RFC 9293 section 3.10.8. */
#include "congestion.h"
#include "fsm.h"

/**
 * hstp_deadline() - when is hstp_timeouts() to be called next
 * @t: connection
 * @when: the earliest deadline, ms of hstp_env.now
 *
 * Return: false when no timer is armed.
 */
bool hstp_deadline(const struct hstp_tcb *t, u32 *when)
{
	bool any = false;

	if (t->armed & HSTP_TIMER_REXMIT) {
		*when = t->rexmit_at;
		any = true;
	}
	if (t->armed & HSTP_TIMER_DELACK && (!any || hstp_before(t->delack_at, *when))) {
		*when = t->delack_at;
		any = true;
	}
	if (t->armed & HSTP_TIMER_WAIT && (!any || hstp_before(t->wait_at, *when))) {
		*when = t->wait_at;
		any = true;
	}
	return any;
}

static bool due(const struct hstp_tcb *t, enum hstp_timer which, u32 at, u32 now)
{
	return t->armed & which && !hstp_before(now, at);
}

/* How many retransmissions the state is worth: R2 of section 3.8.3 */
static int retries_max(const struct hstp_tcb *t, const struct hstp_config *cfg)
{
	if (!t->syn_acked)
		return t->passive ? cfg->synack_retries : cfg->syn_retries;
	return t->user_gone ? cfg->orphan_retries : cfg->retries;
}

static void retransmission_timeout(struct hstp_tcb *t, const struct hstp_env *env,
				   struct hstp_acts *acts)
{
	if (t->retries >= retries_max(t, env->cfg)) {
		acts->signal = HSTP_SIGNAL_TIMED_OUT;
		hstp_vanish(t, HSTP_CAUSE_RETRIES, acts);
		return;
	}
	t->retries++;
	hstp_rtt_backoff(t, env->cfg);
	if (!t->syn_acked)
		t->syn_resent = 1;
	if (t->snd_nxt == t->snd_una) {
		t->probe = 1;	/* nothing is out: the window is closed */
	} else {
		/* A probe that the peer did not take was not lost */
		if (t->snd_wnd)
			hstp_congestion_timeout(t);
		hstp_send_again(t);
	}
	hstp_timer_arm(t, HSTP_TIMER_REXMIT, &t->rexmit_at, env->now + t->rto);
	acts->bits |= HSTP_ACT_OUTPUT;
}

/**
 * hstp_timeouts() - handle every deadline that has passed
 * @t: connection
 * @env: clock and settings
 * @acts: all zero; gets what is to be done
 *
 * Context: the connection's lock.
 */
void hstp_timeouts(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_acts *acts)
{
	if (due(t, HSTP_TIMER_WAIT, t->wait_at, env->now)) {
		hstp_vanish(t, t->state == HSTP_TIME_WAIT ? HSTP_CAUSE_TIME_WAIT :
			    HSTP_CAUSE_FIN_TIMEOUT, acts);
		return;
	}
	if (due(t, HSTP_TIMER_DELACK, t->delack_at, env->now)) {
		hstp_timer_stop(t, HSTP_TIMER_DELACK);
		t->ack_now = 1;
		acts->bits |= HSTP_ACT_OUTPUT;
	}
	if (due(t, HSTP_TIMER_REXMIT, t->rexmit_at, env->now))
		retransmission_timeout(t, env, acts);
}
