// SPDX-License-Identifier: GPL-2.0
/* A sender on a simulated path: delay, a bottleneck with a queue, and segments that are
 * lost where the test says. The peer is as simple as RFC 5681 section 4.2 has it. Each ACK
 * that the sender gets goes to a second sender as well, which knows no more than the
 * formulas of RFC 5681, RFC 6582 and RFC 3042, written down here once more: the windows of
 * both must be equal all the time.
 */
#include "congestion.h"
#include "trace.h"

#include <string.h>

#define SEGMENTS	400u	/* that a transfer has at most */
#define LOSSES_MAX	12
#define ACKS_MAX	1024
#define FOREVER		0xffffffffu

struct path {
	u32 segments;		/* to transfer */
	u32 delay;		/* one way, ms */
	u32 pace;		/* ms a segment at the bottleneck */
	u32 queue;		/* segments that wait there at most; 0: no bound */
	u32 every;		/* the peer acknowledges at once each such segment */
	u32 lost[LOSSES_MAX];	/* segments whose first transmission is lost, from 1 */
	u32 lost_twice;		/* and one whose second is, too */
	u32 cwnd, ssthresh;	/* to begin with, segments; 0: as the RFCs have it */
};

/* What the RFCs say, in bytes. */
struct model {
	u32 cwnd, ssthresh, una, recover, credit;
	u32 dupacks;
	bool fast, careful;
};

static struct path P;
static struct model M;
static struct {
	u32 arrive[2 * SEGMENTS + 64], number[2 * SEGMENTS + 64], head, tail;
	u32 ack_at[ACKS_MAX], ack[ACKS_MAX], ack_head, ack_tail;
	bool got[SEGMENTS + 1];
	u32 next, pending, free_at;
	u32 sent[SEGMENTS + 1];
	u32 cwnd[SEGMENTS + 1];	/* when so many were acknowledged, segments */
	u32 total, overflows, timeouts;
} S;

static u32 flight(void)
{
	return T.tcb.snd_nxt - M.una;
}

static u32 larger(u32 a, u32 b)
{
	return a > b ? a : b;
}

static u32 smaller(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* RFC 5681 section 3.1; RFC 6582 section 3.2 */
static void model_ack(u32 ack)
{
	u32 n = ack - M.una, out = flight();

	if (!n) {
		M.dupacks++;
		if (M.fast) {
			M.cwnd += MSS;
		} else if (M.dupacks == 3 && (!M.careful || ack - MSS >= M.recover)) {
			M.ssthresh = larger(smaller(out, M.cwnd) / 2, 2 * MSS);
			M.cwnd = M.ssthresh + 3 * MSS;
			M.recover = T.tcb.snd_nxt;
			M.credit = 0;
			M.fast = true;
			M.careful = true;
		}
		return;
	}
	M.dupacks = 0;
	M.una = ack;
	if (M.fast && ack < M.recover) {
		M.cwnd = M.cwnd - n + (n >= MSS ? MSS : 0);
		return;
	}
	if (M.fast) {
		M.fast = false;
		M.cwnd = smaller(M.ssthresh, larger(flight(), MSS) + MSS);
		return;
	}
	/* Only a window that limits is one that grows (RFC 7661) */
	if (M.cwnd < M.ssthresh) {
		if (M.cwnd < 2 * out)
			M.cwnd += smaller(n, MSS);
	} else if (M.cwnd < out + MSS) {
		M.credit += n;
		if (M.credit >= M.cwnd) {
			M.credit -= M.cwnd;
			M.cwnd += MSS;
		}
	}
}

static void model_timeout(bool first)
{
	if (first)
		M.ssthresh = larger(smaller(flight(), M.cwnd) / 2, 2 * MSS);
	M.cwnd = MSS;
	M.credit = 0;
	M.recover = T.tcb.snd_nxt;
	M.fast = false;
	M.careful = true;
	M.dupacks = 0;
}

static bool loses(u32 number)
{
	u32 i;

	if (P.lost_twice == number + 1)
		return S.sent[number] <= 2;
	for (i = 0; i < LOSSES_MAX; i++)
		if (P.lost[i] == number + 1)
			return S.sent[number] == 1;
	return false;
}

/* What the core has sent goes onto the path. */
static void travel(struct where w)
{
	u32 i;

	for (i = 0; i < T.out_count; i++) {
		u32 number = (T.out[i].seq - ME) / MSS, at = T.env.now;

		trace_same(w, "text of a segment", T.out[i].len, MSS);
		S.sent[number]++;
		S.total++;
		if (loses(number))
			continue;
		at = larger(at, S.free_at);
		if (P.queue && at - T.env.now > P.queue * P.pace) {
			S.overflows++;
			continue;
		}
		S.free_at = at + P.pace;
		S.arrive[S.tail] = at + P.pace + P.delay;
		S.number[S.tail] = number;
		S.tail++;
	}
	T.out_count = 0;
}

/* The peer: cumulative, at once when something is out of order or a gap is filled. */
static void peer_gets(u32 number)
{
	u32 before = S.next;

	S.got[number] = true;
	while (S.next < P.segments && S.got[S.next])
		S.next++;
	S.pending++;
	if (S.next == before + 1 && S.pending < P.every && S.next < P.segments)
		return;
	S.pending = 0;
	S.ack_at[S.ack_tail % ACKS_MAX] = T.env.now + P.delay;
	S.ack[S.ack_tail++ % ACKS_MAX] = S.next;
}

static void sender_gets(struct where w, u32 number)
{
	u32 ack = ME + number * MSS;

	model_ack(ack);
	RECV(ACK, .seq = PEER, .ack = ack, .wnd = 65535);
	travel(w);
	trace_same(w, "cwnd", T.tcb.cwnd, M.cwnd);
	trace_same(w, "ssthresh", smaller(T.tcb.ssthresh, 1 << 29), smaller(M.ssthresh, 1 << 29));
	trace_same(w, "fast recovery", T.tcb.fast, M.fast);
	S.cwnd[number] = T.tcb.cwnd / MSS;
	/* RFC 5681 section 3.1, RFC 3042: never more out than these allow */
	trace_check(w, T.tcb.snd_nxt - M.una <= M.cwnd + 2 * MSS || M.careful, "flight =< cwnd");
}

static u32 next_event(void)
{
	u32 when = FOREVER, at;

	if (S.head != S.tail)
		when = S.arrive[S.head];
	if (S.ack_head != S.ack_tail)
		when = smaller(when, S.ack_at[S.ack_head % ACKS_MAX]);
	if (hstp_deadline(&T.tcb, &at))
		when = smaller(when, larger(at, T.env.now));
	return when;
}

static void step(struct where w)
{
	u32 when = next_event(), retries = T.tcb.retries, at;

	trace_check(w, when != FOREVER, "something will happen");
	T.env.now = when;
	if (S.ack_head != S.ack_tail && S.ack_at[S.ack_head % ACKS_MAX] == when) {
		sender_gets(w, S.ack[S.ack_head++ % ACKS_MAX]);
		return;
	}
	if (S.head != S.tail && S.arrive[S.head] == when) {
		peer_gets(S.number[S.head++]);
		return;
	}
	hstp_deadline(&T.tcb, &at);
	TICK(0);
	if (T.tcb.retries == retries)
		return;
	S.timeouts++;
	model_timeout(T.tcb.retries == 1);
	trace_same(w, "cwnd after a timeout", T.tcb.cwnd, M.cwnd);
	trace_same(w, "ssthresh after a timeout", T.tcb.ssthresh, M.ssthresh);
	travel(w);
}

static void transfer(struct where w, struct path path)
{
	memset(&S, 0, sizeof(S));
	P = path;
	if (!P.every)
		P.every = 1;
	T.env.now = 1000;
	CALL(open_active);
	EXPECT(SYN);
	T.env.now += 2 * P.delay;
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .wnd = 65535, .mss = MSS);
	EXPECT(ACK);
	M = (struct model){ .cwnd = 10 * MSS, .ssthresh = 1 << 30, .una = ME };
	if (P.ssthresh) {
		M.ssthresh = P.ssthresh * MSS;
		T.tcb.ssthresh = M.ssthresh;
	}
	if (P.cwnd) {
		M.cwnd = P.cwnd * MSS;
		T.tcb.cwnd = M.cwnd;
	}
	CALL(send, P.segments * MSS);
	travel(w);
	while (T.tcb.snd_una != ME + P.segments * MSS)
		step(w);
	trace_same(w, "segments at the peer", S.next, P.segments);
	NO_TIMER();
}

#define TRANSFER(n, ...) transfer(HERE, (struct path){ .segments = (n), ##__VA_ARGS__ })

TEST(path_slow_start, "RFC 5681 3.1: without loss the window doubles each round trip")
{
	/* 10, 20 and 30 of 40 segments: three round trips of 200 ms */
	TRANSFER(60, .delay = 100);
	SAME("sent", S.total, 60);
	SAME("round trips", (T.env.now - 1200 + 199) / 200, 3);
	SAME("cwnd after one", S.cwnd[10], 20);
	SAME("cwnd after two", S.cwnd[30], 40);
}

TEST(path_delayed_acks, "RFC 5681 3.1: every second segment acknowledged, it grows half as fast")
{
	/* 10, 15, 22, then the rest of 60 */
	TRANSFER(60, .delay = 100, .every = 2);
	SAME("sent", S.total, 60);
	SAME("round trips", (T.env.now - 1200 + 199) / 200, 4);
}

TEST(path_avoidance, "RFC 5681 3.1: in congestion avoidance a segment more each round trip")
{
	/* 10 + 11 + 12 + 13 + 14 = 60 */
	TRANSFER(60, .delay = 100, .ssthresh = 10);
	SAME("round trips", (T.env.now - 1200 + 199) / 200, 5);
	SAME("cwnd", S.cwnd[9], 10);
	SAME("cwnd after one", S.cwnd[10], 11);
	SAME("cwnd after two", S.cwnd[10 + 11], 12);
	SAME("cwnd after three", S.cwnd[10 + 11 + 12], 13);
	SAME("cwnd after four", S.cwnd[10 + 11 + 12 + 13], 14);
}

TEST(path_one_loss, "RFC 6582: one loss: one retransmission, no timeout")
{
	TRANSFER(200, .delay = 50, .pace = 1, .lost = { 30 });
	SAME("sent", S.total, 201);
	SAME("timeouts", S.timeouts, 0);
}

TEST(path_losses, "RFC 6582: losses in one window: one retransmission each")
{
	TRANSFER(200, .delay = 20, .pace = 1, .lost = { 30, 33, 40 });
	SAME("sent", S.total, 203);
	SAME("timeouts", S.timeouts, 0);
}

TEST(path_neighbours, "RFC 6582: neighbours are lost")
{
	TRANSFER(200, .delay = 20, .pace = 1, .lost = { 50, 51 });
	SAME("sent", S.total, 202);
	SAME("timeouts", S.timeouts, 0);
}

TEST(path_limited_transmit, "RFC 3042: a small window needs no timeout for a loss")
{
	/* 3 are out, the first is lost: 2 duplicates, which bring 2 new segments */
	TRANSFER(40, .delay = 50, .pace = 1, .lost = { 1 }, .cwnd = 3);
	SAME("timeouts", S.timeouts, 0);
	SAME("sent", S.total, 41);
}

TEST(path_tail, "RFC 5681 3.1: the last segment is lost: nobody says so but the timer")
{
	TRANSFER(60, .delay = 50, .pace = 1, .lost = { 60 });
	SAME("timeouts", S.timeouts, 1);
	SAME("sent", S.total, 61);
}

TEST(path_twice, "RFC 5681 3.1: the retransmission is lost as well: a timeout")
{
	TRANSFER(200, .delay = 50, .pace = 1, .lost_twice = 30);
	SAME("timeouts", S.timeouts, 1);
}

TEST(path_many, "RFC 6582 4: so many losses that the timer is faster")
{
	TRANSFER(200, .delay = 60, .pace = 1,
		 .lost = { 20, 22, 24, 26, 28, 30, 32, 34, 36, 38, 40 });
	CHECK(S.timeouts >= 1);
	/* and what the peer held goes again only where the window is found by it */
	CHECK(S.total <= 200 + 11 + 25);
}

TEST(path_first_window, "all of the first window is lost")
{
	TRANSFER(60, .delay = 50, .pace = 1, .lost = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 });
	SAME("timeouts", S.timeouts, 1);
	SAME("sent", S.total, 70);
}

TEST(path_queue, "a bottleneck that overflows: the window finds its size, all arrives")
{
	TRANSFER(400, .delay = 10, .pace = 5, .queue = 10, .every = 2);
	CHECK(S.overflows > 0);
	/* 15 segments fit: 4 on the way and 11 in the queue; no collapse */
	CHECK(S.total <= 400 + 60);
	CHECK(T.env.now - 1000 <= 400 * 5 * 2);
}
