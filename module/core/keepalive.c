// SPDX-License-Identifier: GPL-2.0
/* Keep-alive probes, RFC 9293 section 3.8.4. */
#include "fsm.h"

static u32 seconds(u32 tuned, int set)
{
	return 1000 * (tuned ? tuned : (u32)set);
}

static void arm(struct hstp_tcb *t, u32 when)
{
	hstp_timer_arm(t, HSTP_TIMER_KEEP, &t->keep_at, when);
}

/**
 * hstp_keepalive_start() - keep-alive was switched on or off, or its times have changed,
 *	or the connection has opened
 * @t: connection
 * @env: clock and settings
 */
void hstp_keepalive_start(struct hstp_tcb *t, const struct hstp_env *env)
{
	u32 idle = seconds(t->tune.keep_idle_s, env->cfg->keepalive_time);

	t->kept = 0;
	/* Silence of more than 2^31 ms would look like the future */
	if (t->tune.keepalive && t->syn_acked && !t->user_gone && t->state != HSTP_TIME_WAIT &&
	    t->state != HSTP_CLOSED)
		arm(t, env->now - t->heard_at < idle ? t->heard_at + idle : env->now);
	else
		hstp_timer_stop(t, HSTP_TIMER_KEEP);
}

static bool given_up(const struct hstp_tcb *t, u32 silent, const struct hstp_env *env)
{
	u32 probes = t->tune.keep_probes ? t->tune.keep_probes :
		     (u32)env->cfg->keepalive_probes;

	if (t->tune.user_timeout_ms)
		return t->kept && silent >= t->tune.user_timeout_ms;
	return t->kept >= probes;
}

/**
 * hstp_keepalive_timeout() - HSTP_TIMER_KEEP has gone off
 * @t: connection
 * @env: clock and settings
 * @acts: gets what is to be done
 *
 * Only an idle connection is probed (MUST-26): what is sent and not acknowledged has a
 * timer of its own. One probe without an answer proves nothing (MUST-29).
 */
void hstp_keepalive_timeout(struct hstp_tcb *t, const struct hstp_env *env,
			    struct hstp_acts *acts)
{
	u32 idle = seconds(t->tune.keep_idle_s, env->cfg->keepalive_time);
	u32 silent = env->now - t->heard_at;

	if (t->snd_una != t->snd_end + hstp_fin_acked(t)) {
		arm(t, env->now + idle);
		return;
	}
	if (silent < idle) {
		arm(t, t->heard_at + idle);
		return;
	}
	if (given_up(t, silent, env)) {
		acts->signal = HSTP_SIGNAL_TIMED_OUT;
		hstp_vanish(t, HSTP_CAUSE_KEEPALIVE, acts);
		return;
	}
	t->kept++;
	t->keep_probe = 1;
	acts->bits |= HSTP_ACT_OUTPUT;
	arm(t, env->now + seconds(t->tune.keep_intvl_s, env->cfg->keepalive_intvl));
}
