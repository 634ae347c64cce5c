// SPDX-License-Identifier: GPL-2.0
/* The retransmission timeout of RFC 6298. */
#include "fsm.h"

static u32 bounded(u32 rto, const struct hstp_config *cfg)
{
	return hstp_min(hstp_max(rto, (u32)cfg->rto_min_ms), (u32)cfg->rto_max_ms);
}

/**
 * hstp_rtt_init() - before anything was measured
 * @t: connection
 * @cfg: settings
 *
 * RFC 6298 rule 2.1.
 */
void hstp_rtt_init(struct hstp_tcb *t, const struct hstp_config *cfg)
{
	t->srtt = 0;
	t->rttvar = 0;
	t->backoff = 0;
	t->rto = hstp_min((u32)cfg->rto_initial_ms, (u32)cfg->rto_max_ms);
}

/**
 * hstp_rtt_restore() - undo the backoff
 * @t: connection
 * @cfg: settings
 *
 * The timeouts that doubled RTO were not those of the network.
 */
void hstp_rtt_restore(struct hstp_tcb *t, const struct hstp_config *cfg)
{
	if (!t->srtt) {
		hstp_rtt_init(t, cfg);
		return;
	}
	t->backoff = 0;
	t->rto = bounded((t->srtt >> 3) + hstp_max(1, t->rttvar), cfg);
}

/**
 * hstp_rtt_sample() - a round trip was measured
 * @t: connection
 * @ms: how long it took; of a segment that was sent once (Karn's algorithm,
 *	rule 3)
 * @cfg: settings
 *
 * RFC 6298 rules 2.2 to 2.5. The clock's granularity G is 1 ms.
 */
void hstp_rtt_sample(struct hstp_tcb *t, u32 ms, const struct hstp_config *cfg)
{
	u32 delta;

	ms = hstp_min(ms, (u32)cfg->rto_max_ms);
	if (!t->srtt) {
		t->srtt = ms << 3;
		t->rttvar = ms << 1;
	} else {
		delta = ms > t->srtt >> 3 ? ms - (t->srtt >> 3) : (t->srtt >> 3) - ms;
		t->rttvar = t->rttvar - (t->rttvar >> 2) + delta;
		t->srtt = t->srtt - (t->srtt >> 3) + ms;
	}
	/* 0 says "never measured"; 1/8 ms is as good as nothing */
	t->srtt = hstp_max(t->srtt, 1);
	hstp_rtt_restore(t, cfg);
}

/**
 * hstp_rtt_backoff() - the retransmission timer went off
 * @t: connection
 * @cfg: settings
 *
 * RFC 6298 rule 5.5. The measurement that runs ends when something is in fact
 * sent again (Karn's algorithm), in send.c.
 */
void hstp_rtt_backoff(struct hstp_tcb *t, const struct hstp_config *cfg)
{
	if (t->backoff < 255)
		t->backoff++;
	t->rto = hstp_min(2 * t->rto, (u32)cfg->rto_max_ms);
}
