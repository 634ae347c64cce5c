// SPDX-License-Identifier: GPL-2.0
/* The congestion control of RFC 5681, and with the recovery of RFC 6582. Of its own it keeps the
 * bytes that were acknowledged towards the next increase.
 */
#include "congestion.h"

/* RFC 5681 section 3.1, equations (2) and (3); the latter by counting bytes: cwnd
 * grows by a segment when as many bytes as it has were acknowledged.
 */
static void acked(struct hstp_tcb *t, const struct hstp_env *env, u32 bytes)
{
	u32 *credit = &t->own[0];

	(void)env;
	if (t->cwnd < t->ssthresh) {
		t->cwnd += hstp_min(bytes, t->mss);
		*credit = 0;
		return;
	}
	*credit += bytes;
	if (*credit < t->cwnd)
		return;
	*credit -= t->cwnd;
	t->cwnd += t->mss;
}

/* Equation (4) */
static u32 ssthresh(struct hstp_tcb *t, const struct hstp_env *env, u32 flight)
{
	(void)env;
	t->own[0] = 0;
	return hstp_max(flight / 2, 2 * (u32)t->mss);
}

const struct hstp_congestion hstp_newreno = {
	.name = "newreno",
	.acked = acked,
	.ssthresh = ssthresh,
	.partial = true,
};

const struct hstp_congestion hstp_reno = {
	.name = "reno",
	.acked = acked,
	.ssthresh = ssthresh,
};
