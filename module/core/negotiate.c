// SPDX-License-Identifier: GPL-2.0
/* Which options our SYN offers, and which of them both ends have agreed on. */
#include "fsm.h"

/* The smallest shift with which 16 bits can tell of @space bytes. */
static u8 scale_for(u32 space)
{
	u8 shift = 0;

	while (shift < HSTP_WSCALE_MAX && space >> shift > HSTP_WINDOW_UNSCALED)
		shift++;
	return shift;
}

/**
 * hstp_options_offer() - what our SYN says that we can do
 * @t: connection that sends a SYN, or is about to answer one
 * @env: settings, the largest receive buffer, and the offset of our timestamps
 *
 * RFC 7323 sections 2.2 and 3.2, RFC 2018 section 2.
 */
void hstp_options_offer(struct hstp_tcb *t, const struct hstp_env *env)
{
	u32 path = t->mss + hstp_options_len(t);

	t->wscale_ok = !!env->cfg->window_scaling;
	t->ts_ok = !!env->cfg->timestamps;
	t->sack_ok = !!env->cfg->sack;
	t->rcv_wscale = t->wscale_ok ? scale_for(env->buffer_max) : 0;
	t->snd_wscale = 0;
	t->ts_offset = env->ts_offset;
	t->ts_recent = 0;
	hstp_mss_fit(t, path);
}

/**
 * hstp_options_agree() - the peer's SYN says what it can do
 * @t: connection; what we offer is set
 * @opt: the SYN's options
 * @env: clock
 *
 * An option is in force when both SYNs have it. A shift above 14 is taken for 14
 * (RFC 7323 section 2.3).
 */
void hstp_options_agree(struct hstp_tcb *t, const struct hstp_options *opt,
			const struct hstp_env *env)
{
	u32 path = t->mss + hstp_options_len(t);

	if (!(opt->has & HSTP_HAS_SACK_PERMITTED))
		t->sack_ok = 0;
	if (opt->has & HSTP_HAS_WSCALE && t->wscale_ok) {
		t->snd_wscale = (u8)(hstp_min(opt->wscale, HSTP_WSCALE_MAX) & 15);
	} else {
		t->wscale_ok = 0;
		t->rcv_wscale = 0;
	}
	if (opt->has & HSTP_HAS_TIMESTAMPS && t->ts_ok) {
		t->ts_recent = opt->tsval;
		t->ts_recent_s = env->now_s;
	} else {
		t->ts_ok = 0;
	}
	hstp_mss_fit(t, path);
}

/**
 * hstp_mss_fit() - how much text goes into a segment
 * @t: connection; what the peer takes and which options there are is known
 * @path: bytes of text that a packet without options carries
 *
 * RFC 9293 section 3.7.1 (MUST-16), Eff.snd.MSS: the smaller one of what the peer takes and IP
 * can send, less the options of IP and those of each segment (RFC 6691 section 2).
 */
void hstp_mss_fit(struct hstp_tcb *t, u32 path)
{
	u32 mss = hstp_min(t->snd_mss, path), less = hstp_options_len(t);

	/* A path too narrow for the options gets fragments, not nothing */
	t->mss = (u16)(mss > less ? mss - less : 1);
}
