// SPDX-License-Identifier: GPL-2.0
/* CUBIC, RFC 9438, behind the interface of congestion.h: that this is wide enough for an
 * algorithm that is driven by time and has a state of its own. Without fast convergence and
 * without the region that is friendly to Reno, which need nothing else. What it does on a path
 * is compared with the RFC's formulas in floating point.
 */
#include "cubic.h"
#include "trace.h"

#include <stdint.h>

/* --- the algorithm, with integers as the kernel would ------------------------ */

/* What it keeps in hstp_tcb.own */
#define W_MAX	own[0]	/* bytes */
#define EPOCH	own[1]	/* when congestion avoidance began, ms, 0: it has not */

/* C = 0.4 segments / s^3, beta = 0.7 */
#define C_TENTHS	4
#define BETA_TENTHS	7

/* Section 4.2: K = cubic root of ((W_max - cwnd_epoch) / C), s; here in ms. @segments is in
 * thousandths, K^3 ms^3 = segments / 1000 * 10^9 / C.
 */
static u32 cubic_k(u32 milli_segments)
{
	u64 cube = (u64)milli_segments * 10000000 / C_TENTHS;
	u64 low = 0, high = 1 << 21;

	while (low + 1 < high) {
		u64 k = (low + high) / 2;

		if (k * k * k <= cube)
			low = k;
		else
			high = k;
	}
	return (u32)low;
}

/* Figure 1: W_cubic(t) = C * (t - K)^3 + W_max, bytes; cwnd_epoch is ssthresh. */
static u32 w_cubic(const struct hstp_tcb *t, u32 ms)
{
	u32 below = t->W_MAX > t->ssthresh ? t->W_MAX - t->ssthresh : 0;
	int64_t d = (int64_t)ms - cubic_k((u32)((u64)below * 1000 / t->mss));
	int64_t more = d * d / 1000 * d * C_TENTHS * t->mss / 10000000;

	return (u32)((int64_t)t->W_MAX + more);
}

static void cubic_acked(struct hstp_tcb *t, const struct hstp_env *env, u32 bytes)
{
	u32 target;

	if (t->cwnd < t->ssthresh) {
		t->cwnd += hstp_min(bytes, t->mss);
		return;
	}
	if (!t->EPOCH)
		t->EPOCH = env->now ? env->now : 1;
	if (t->W_MAX < t->ssthresh)
		t->W_MAX = t->ssthresh;	/* section 4.8: K = 0 */
	/* Section 4.2: cwnd is to be there in a round trip; "at most 1.5 cwnd" */
	target = w_cubic(t, env->now - t->EPOCH + (t->srtt >> 3));
	target = hstp_min(target, t->cwnd + t->cwnd / 2);
	if (target > t->cwnd)
		t->cwnd += (u32)((u64)(target - t->cwnd) * hstp_min(bytes, t->cwnd) / t->cwnd);
}

/* Section 4.6 */
static u32 cubic_ssthresh(struct hstp_tcb *t, const struct hstp_env *env, u32 flight)
{
	(void)env;
	t->W_MAX = t->cwnd;
	t->EPOCH = 0;
	return hstp_max((u32)((u64)flight * BETA_TENTHS / 10), 2 * (u32)t->mss);
}

static void cubic_event(struct hstp_tcb *t, const struct hstp_env *env,
			enum hstp_congestion_event event)
{
	(void)env;
	switch (event) {
	case HSTP_CONGESTION_TIMEOUT:
		t->W_MAX = 0;		/* section 4.8 */
		t->EPOCH = 0;
		return;
	case HSTP_CONGESTION_RECOVERED:
		return;
	case HSTP_CONGESTION_UNUSED:
		/* Section 4.2: such time "MUST NOT be" part of t: here t begins anew */
		t->EPOCH = 0;
		return;
	}
}

const struct hstp_congestion cubic = {
	.name = "cubic",
	.acked = cubic_acked,
	.ssthresh = cubic_ssthresh,
	.event = cubic_event,
	.partial = true,
};

/* --- on a path of 100 ms, a segment of 1000 bytes -------------------------------- */

#define TRIP	100

static double root3(double x)
{
	double r = x > 1 ? x : 1;
	int i;

	for (i = 0; i < 200; i++)
		r -= (r * r * r - x) / (3 * r * r);
	return r;
}

/* Segments at @ms, after a loss at a window of @w_max. */
static double formula(double w_max, double ms)
{
	double k = root3(w_max * 0.3 / 0.4), d = ms / 1000 - k;

	return 0.4 * d * d * d + w_max;
}

static void open_cubic(u32 segments)
{
	OFFER(1, 0, 0);
	T.tcb.tune.congestion = CUBIC & 15;
	CALL(open_active);
	EXPECT(SYN);
	TICK(TRIP);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS, .wnd = 65535,
	     .has = HSTP_HAS_WSCALE, .wscale = 8);
	EXPECT(ACK);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 10000);
	T.tcb.sent_at = T.env.now;	/* not idle */
	T.tcb.cwnd = segments * MSS;
	T.tcb.ssthresh = segments * MSS;
	T.log_count = 0;
	CALL(send, 30000 * MSS);
	SAME("the first window", T.out_count, segments);
	T.out_count = 0;
}

/* A round trip: all that is out is acknowledged, a segment an ACK. */
static void round_trip(void)
{
	u32 end = T.tcb.snd_nxt;

	TICK(TRIP);
	T.out_count = 0;
	while (hstp_before(T.tcb.snd_una, end)) {
		RECV(ACK, .seq = PEER, .ack = T.tcb.snd_una + MSS, .wnd = 10000);
		T.out_count = 0;
	}
}

/* The first of what is out is lost: three duplicates, and all arrives but that. */
static void lose_one(void)
{
	u32 end = T.tcb.snd_nxt, count = (end - T.tcb.snd_una) / MSS - 1;

	TICK(TRIP);
	while (count--)
		RECV(ACK, .seq = PEER, .ack = T.tcb.snd_una, .wnd = 10000),
		T.out_count = 0;
	VAR(fast, 1);
	TICK(TRIP);
	RECV(ACK, .seq = PEER, .ack = T.tcb.recover, .wnd = 10000);
	T.out_count = 0;
	VAR(fast, 0);
}

/* Within a segment and a tenth: a round trip is what the window lags behind. */
static bool near(u32 cwnd, double segments)
{
	double off = (double)cwnd / MSS - segments;

	return off < segments / 20 + 1 && -off < segments / 20 + 1;
}

TEST(cubic_joins, "RFC 9438 4.2, 4.6: an algorithm of time and with a state of its own")
{
	u32 begin, trips, at_k = 0, k = (u32)(1000 * root3(30 / 0.4));

	open_cubic(100);
	lose_one();
	/* beta = 0.7 */
	VAR(ssthresh, 70 * MSS);
	while (!T.tcb.own[1])
		round_trip();
	begin = T.tcb.own[1];
	for (trips = 0; trips < 80; trips++) {
		double want = formula(100, T.env.now - begin + TRIP);

		CHECK(near(T.tcb.cwnd, want));
		if (T.env.now - begin >= k && !at_k)
			at_k = T.tcb.cwnd;
		round_trip();
	}
	/* It has come back to where the loss was, slowed down there, and gone beyond. */
	CHECK(near(at_k, 100));
	CHECK(T.tcb.cwnd > 115 * MSS);
}

TEST(cubic_unused, "RFC 9438 4.2: time in which the window was not used does not count")
{
	u32 i;

	open_cubic(20);
	T.tcb.snd_end = T.tcb.snd_nxt;	/* nothing more to send */
	round_trip();
	for (i = 0; i < 50; i++) {
		CALL(send, MSS);
		T.out_count = 0;
		round_trip();
	}
	CHECK(T.tcb.cwnd <= 21 * MSS);
	VAR(own[1], 0);
}

TEST(cubic_timeout, "RFC 9438 4.8: after a timeout K is 0")
{
	open_cubic(50);
	TICK(T.tcb.rexmit_at - T.env.now);
	T.out_count = 0;
	VAR(cwnd, MSS);
	VAR(ssthresh, 35 * MSS);
	VAR(own[0], 0);
	VAR(own[1], 0);
}

TEST(cubic_found, "it is found by its name, and a connection that gets it begins with nothing")
{
	SAME("cubic", (u32)hstp_congestion_find("cubic"), CUBIC);
	ESTABLISHED_CONNECTION();
	T.tcb.own[0] = 1;
	T.tcb.own[1] = 2;
	hstp_congestion_begin(&T.tcb);
	VAR(own[0], 0);
	VAR(own[1], 0);
}
