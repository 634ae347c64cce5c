// SPDX-License-Identifier: GPL-2.0
/* Timeouts: retransmission, delayed ACK, TIME-WAIT; RFC 9293 section 3.10.8. */
#include "board.h"
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
	if (t->armed & HSTP_TIMER_KEEP && (!any || hstp_before(t->keep_at, *when))) {
		*when = t->keep_at;
		any = true;
	}
	return any;
}

static bool due(const struct hstp_tcb *t, enum hstp_timer which, u32 at, u32 now)
{
	return t->armed & which && !hstp_before(now, at);
}

/**
 * hstp_rexmit_arm() - start HSTP_TIMER_REXMIT
 * @t: connection; hstp_tcb.waiting_since is set
 * @ms: how long it takes
 * @env: clock
 *
 * It does not go off later than the user timeout.
 */
void hstp_rexmit_arm(struct hstp_tcb *t, u32 ms, const struct hstp_env *env)
{
	u32 when = env->now + ms, end = t->waiting_since + t->tune.user_timeout_ms;

	if (t->tune.user_timeout_ms && hstp_before(end, when))
		when = hstp_seq_max(end, env->now + 1);
	hstp_timer_arm(t, HSTP_TIMER_REXMIT, &t->rexmit_at, when);
}

/* How many retransmissions the state is worth: R2 of section 3.8.3 */
static int retries_max(const struct hstp_tcb *t, const struct hstp_config *cfg)
{
	if (!t->syn_acked && t->passive)
		return cfg->synack_retries;
	if (!t->syn_acked)
		return t->tune.syn_retries ? t->tune.syn_retries : cfg->syn_retries;
	return t->user_gone ? cfg->orphan_retries : cfg->retries;
}

/* R2 is a number of retransmissions, or a time that the user has named (MUST-21); of a
 * SYN both.
 */
static bool given_up(const struct hstp_tcb *t, const struct hstp_env *env)
{
	u32 limit = t->tune.user_timeout_ms;

	if (limit && env->now - t->waiting_since >= limit)
		return true;
	if (limit && t->syn_acked && !t->user_gone)
		return false;
	return t->retries >= retries_max(t, env->cfg);
}

/* Nothing is out, but something waits: for a larger window, or for more text to fill a
 * segment. That is long enough now; a closed window is probed.
 */
static void override(struct hstp_tcb *t, const struct hstp_env *env)
{
	t->probe = 1;
	if (t->snd_wnd) {
		t->waiting_since = env->now;
		return;
	}
	t->retries++;
	hstp_rtt_backoff(t, env->cfg);
}

/* At R1 IP is told that its way may be a bad one (MUST-20). */
static void lost(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_acts *acts)
{
	t->retries++;
	hstp_rtt_backoff(t, env->cfg);
	if (!t->syn_acked)
		t->syn_resent = 1;
	if (t->retries == env->cfg->retries1)
		acts->bits |= HSTP_ACT_ADVISE;
	/* A probe that the peer did not take was not lost */
	if (t->snd_wnd)
		hstp_congestion_timeout(t, env);
	hstp_board_clear(env->board);
	hstp_send_again(t);
}

/* New text has waited for this, and nothing else (RFC 3168 section 6.1.2). */
static bool released(struct hstp_tcb *t, struct hstp_acts *acts)
{
	bool held = t->ecn_hold;

	t->ecn_hold = 0;
	if (!held || t->snd_nxt != t->snd_una)
		return false;
	hstp_timer_stop(t, HSTP_TIMER_REXMIT);
	acts->bits |= HSTP_ACT_OUTPUT;
	return true;
}

static void retransmission_timeout(struct hstp_tcb *t, const struct hstp_env *env,
				   struct hstp_acts *acts)
{
	bool idle = t->snd_nxt == t->snd_una;

	if (released(t, acts))
		return;
	/* What was never sent cannot have waited too long for its acknowledgment */
	if (!(idle && t->snd_wnd) && given_up(t, env)) {
		acts->signal = HSTP_SIGNAL_TIMED_OUT;
		hstp_vanish(t, HSTP_CAUSE_RETRIES, acts);
		return;
	}
	if (idle)
		override(t, env);
	else
		lost(t, env, acts);
	hstp_rexmit_arm(t, t->rto, env);
	acts->bits |= HSTP_ACT_OUTPUT;
}

/**
 * hstp_fin_wait_2() - FIN-WAIT-2 has no user, or no user any more
 * @t: connection
 * @env: clock and settings
 *
 * HSTP_LINGER2 says how long it may last.
 *
 * Return: false when it is to end at once.
 */
bool hstp_fin_wait_2(struct hstp_tcb *t, const struct hstp_env *env)
{
	u32 ms = t->tune.linger2_s ? 1000 * (u32)t->tune.linger2_s :
		 (u32)env->cfg->fin_timeout_ms;

	if (t->tune.linger2_s < 0)
		return false;
	hstp_timer_arm(t, HSTP_TIMER_WAIT, &t->wait_at, env->now + ms);
	return true;
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
	if (due(t, HSTP_TIMER_KEEP, t->keep_at, env->now))
		hstp_keepalive_timeout(t, env, acts);
}
