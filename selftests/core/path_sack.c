// SPDX-License-Identifier: GPL-2.0
/* A sender with selective acknowledgments and timestamps on a simulated path: delay, a
 * bottleneck, segments that are lost where the test says. The peer reports as RFC 2018 section
 * 4 says and echoes as RFC 7323 section 4.3 says. Each ACK goes to a second sender as well,
 * which is RFC 6675 section 5 written down once more, a segment at a time: what both send, and
 * their windows, must be equal all the time. As in path.c, but for that.
 */
#include "congestion.h"
#include "trace.h"

#include <string.h>

#define SEGMENTS	300u	/* that a transfer has at most */
#define SENT_MAX	1024u
#define LOSSES_MAX	12
#define ROOM		65u	/* segments in the peer's window, which is 65535 bytes */
#define DUP_THRESH	3

struct path {
	u32 segments;		/* to transfer */
	u32 delay;		/* one way, ms */
	u32 pace;		/* ms a segment at the bottleneck */
	u32 lost[LOSSES_MAX];	/* segments whose first transmission is lost, from 1 */
	u32 lost_twice;		/* and one whose second is, too */
	u32 acks_lost;		/* each so many'th ACK is lost */
	u32 percent;		/* of what goes either way is lost, by chance */
	u32 cwnd, ssthresh;	/* to begin with, segments; 0: as the RFCs have it */
};

struct report {
	u32 at, ack, count, tsecr;
	struct { u32 left, right; } block[HSTP_SACK_BLOCKS];
};

/* What the RFCs say: windows in bytes, all else in segments; a bound is the one after it. */
struct model {
	u32 cwnd, ssthresh, credit;
	u32 una, nxt, dupacks;
	u32 recover, high_rxt, rescue_rxt;
	bool sacked[SEGMENTS];
	bool recovery, careful;
	u32 srtt, rttvar;	/* 1/8 ms, 1/4 ms */
	u32 timed;		/* a measurement ends when this one is acknowledged, if @timing */
	bool timing;
};

static struct path P;
static struct model M;
static struct {
	u32 arrive[SENT_MAX], number[SENT_MAX], stamp[SENT_MAX], head, tail;
	struct report report[SENT_MAX];
	u32 report_head, report_tail, reports;
	u32 order[SEGMENTS];	/* when the peer got it; 0: it has not */
	u32 next, arrivals, recent, free_at;
	u32 sent[SEGMENTS];
	u32 total, timeouts, recoveries, rescues;
	u32 trip_min, trip_max;
	u64 random;
} S;

static u32 larger(u32 a, u32 b)
{
	return a > b ? a : b;
}

static u32 smaller(u32 a, u32 b)
{
	return a < b ? a : b;
}

/* --- RFC 6675 section 4 ------------------------------------------------- */

/* All segments have SMSS octets, so that three above it are "more than (DupThresh - 1) * SMSS
 * octets", and no less are DupThresh sequences.
 */
static bool is_lost(u32 seg)
{
	u32 above = 0, i;

	for (i = seg + 1; i < M.nxt; i++)
		above += M.sacked[i];
	return above >= DUP_THRESH;
}

static u32 set_pipe(void)
{
	u32 pipe = 0, i;

	for (i = M.una; i < M.nxt; i++) {
		if (M.sacked[i])
			continue;
		pipe += !is_lost(i);
		pipe += i < M.high_rxt;
	}
	return pipe;
}

static u32 highest_sacked(void)
{
	u32 i;

	for (i = M.nxt; i > M.una; i--)
		if (M.sacked[i - 1])
			return i - 1;
	return M.una;
}

/* A hole before something that was reported, not yet sent again: rules 1 and 3. */
static bool next_hole(bool lost, u32 *seg)
{
	u32 i;

	for (i = larger(M.una, M.high_rxt); i < highest_sacked(); i++) {
		if (M.sacked[i] || (lost && !is_lost(i)))
			continue;
		*seg = i;
		return true;
	}
	return false;
}

static bool next_seg(u32 *seg)
{
	u32 i;

	if (next_hole(true, seg)) {
		M.high_rxt = *seg + 1;
		return true;
	}
	if (M.nxt < P.segments && M.nxt < M.una + ROOM) {
		*seg = M.nxt++;
		return true;
	}
	if (next_hole(false, seg)) {
		M.high_rxt = *seg + 1;
		return true;
	}
	if (M.una <= M.rescue_rxt)
		return false;
	for (i = M.nxt; i > M.una; i--) {
		if (M.sacked[i - 1])
			continue;
		*seg = i - 1;
		M.rescue_rxt = M.recover;
		S.rescues++;
		return true;
	}
	return false;
}

/* --- RFC 6675 section 5, RFC 5681 section 3.1, RFC 3042 ------------------- */

static u32 flight(void)
{
	return (M.nxt - M.una) * MSS;
}

static void model_opens(u32 bytes, u32 out)
{
	if (M.cwnd < M.ssthresh) {
		if (M.cwnd < 2 * out)
			M.cwnd += smaller(bytes, MSS);
	} else if (M.cwnd < out + MSS) {
		M.credit += bytes;
		if (M.credit >= M.cwnd) {
			M.credit -= M.cwnd;
			M.cwnd += MSS;
		}
	}
}

static void model_ack(u32 ack, bool news)
{
	u32 acked = ack - M.una, out = flight();

	M.una = ack;
	if (M.recovery) {
		if (ack < M.recover)
			return;
		M.recovery = false;
		M.careful = false;
		/* "... by whatever means" a burst is avoided: as RFC 6582 section 3.2, 3, (1) */
		M.cwnd = smaller(M.ssthresh, larger(flight(), MSS) + MSS);
		M.dupacks = 0;
		return;
	}
	if (acked) {
		M.dupacks = 0;
		if (ack > M.recover)
			M.careful = false;
		model_opens(acked * MSS, out);
		return;
	}
	if (!news)
		return;
	M.dupacks++;
	if (M.careful || (M.dupacks < DUP_THRESH && !is_lost(M.una)))
		return;
	M.recovery = true;
	M.careful = true;
	M.recover = M.nxt;
	M.ssthresh = larger(smaller(out, M.cwnd) / 2, 2 * MSS);
	M.cwnd = M.ssthresh;
	M.credit = 0;
	M.high_rxt = M.una;	/* (4.3) comes in model_sends() */
	S.recoveries++;
}

static bool model_sends(u32 *seg)
{
	if (!M.recovery) {
		u32 edge = M.cwnd + (M.dupacks < DUP_THRESH ? M.dupacks * MSS : 0);

		if (M.nxt == P.segments || flight() + MSS > edge || M.nxt == M.una + ROOM)
			return false;
		*seg = M.nxt++;
		return true;
	}
	if (M.high_rxt == M.una && M.rescue_rxt <= M.una) {
		*seg = M.una;
		M.high_rxt = M.una + 1;
		M.rescue_rxt = M.una + 1;
		return true;
	}
	return set_pipe() * MSS + MSS <= M.cwnd && next_seg(seg);
}

static void model_timeout(bool first)
{
	if (first)
		M.ssthresh = larger(smaller(flight(), M.cwnd) / 2, 2 * MSS);
	M.cwnd = MSS;
	M.credit = 0;
	M.recover = M.nxt;
	M.recovery = false;
	M.careful = true;
	M.dupacks = 0;
	memset(M.sacked, 0, sizeof(M.sacked));
}

/* RFC 6298 section 2, with one measurement a window */
static void model_trip(u32 ack, u32 trip)
{
	u32 off;

	if (!M.timing || ack < M.timed)
		return;
	M.timing = false;
	S.trip_min = smaller(S.trip_min, trip);
	S.trip_max = larger(S.trip_max, trip);
	if (!M.srtt) {
		M.srtt = trip << 3;
		M.rttvar = trip << 1;
		return;
	}
	off = trip > M.srtt >> 3 ? trip - (M.srtt >> 3) : (M.srtt >> 3) - trip;
	M.rttvar += off - (M.rttvar >> 2);
	M.srtt += trip - (M.srtt >> 3);
}

/* --- the path -------------------------------------------------------------- */

/* The same chance each time: Knuth's MMIX */
static bool chance(void)
{
	S.random = S.random * 6364136223846793005ull + 1442695040888963407ull;
	return (S.random >> 33) % 100 < P.percent;
}

static bool loses(u32 number)
{
	u32 i;

	if (chance())
		return true;
	if (P.lost_twice == number + 1)
		return S.sent[number] <= 2;
	for (i = 0; i < LOSSES_MAX; i++)
		if (P.lost[i] == number + 1)
			return S.sent[number] == 1;
	return false;
}

static void travels(struct where w, const struct out *out)
{
	u32 number = (out->seq - ME) / MSS, at;

	trace_same(w, "text of a segment", out->len, MSS);
	trace_check(w, S.tail < SENT_MAX, "it ends");
	if (!M.timing && number + 1 == M.nxt && !S.sent[number]) {
		M.timing = true;
		M.timed = number;
	}
	S.sent[number]++;
	S.total++;
	if (loses(number))
		return;
	at = larger(T.env.now, S.free_at);
	S.free_at = at + P.pace;
	S.arrive[S.tail] = at + P.pace + P.delay;
	S.number[S.tail] = number;
	S.stamp[S.tail++] = out->opt.tsval;
}

/* The core has sent what the model says, in that order. After a timeout all that was out goes
 * again, as the window lets it, which is not in RFC 6675: there only windows are compared.
 */
static void compare(struct where w)
{
	u32 i, seg;

	for (i = 0; i < T.out_count; i++) {
		if (S.timeouts) {
			M.nxt = larger(M.nxt, (T.out[i].seq - ME) / MSS + 1);
		} else {
			trace_check(w, model_sends(&seg), "RFC 6675 sends something");
			trace_same(w, "segment", (T.out[i].seq - ME) / MSS, seg);
		}
		travels(w, &T.out[i]);
	}
	trace_check(w, S.timeouts || !model_sends(&seg), "RFC 6675 sends nothing more");
	T.out_count = 0;
}

/* The run of what the peer holds around a segment. */
static void run_of(u32 seg, u32 *left, u32 *right)
{
	for (*left = seg; *left > S.next && S.order[*left - 1]; --*left)
		;
	for (*right = seg + 1; *right < P.segments && S.order[*right]; ++*right)
		;
}

/* RFC 2018 section 4: the run with what has come last first, then those reported before. */
static void put_blocks(struct report *r)
{
	u32 below = 0xffffffff, left, right, i;

	while (r->count < HSTP_SACK_BLOCKS - 1) {
		u32 best = 0, seg = 0, known = 0;

		for (i = S.next; i < P.segments; i++) {
			if (S.order[i] > best && S.order[i] < below) {
				best = S.order[i];
				seg = i;
			}
		}
		if (!best)
			return;
		below = best;
		run_of(seg, &left, &right);
		for (i = 0; i < r->count; i++)
			known += r->block[i].left == left;
		if (known)
			continue;
		r->block[r->count].left = left;
		r->block[r->count++].right = right;
	}
}

static void peer_gets(u32 number, u32 stamp)
{
	struct report *r = &S.report[S.report_tail];

	/* RFC 7323 section 5.3, R2 and R3: not that of a duplicate, not that behind a gap */
	if (number == S.next)
		S.recent = stamp;
	if (!S.order[number])
		S.order[number] = ++S.arrivals;
	while (S.next < P.segments && S.order[S.next])
		S.next++;
	if (chance() || (P.acks_lost && ++S.reports % P.acks_lost == 0))
		return;
	memset(r, 0, sizeof(*r));
	r->at = T.env.now + P.delay;
	r->ack = S.next;
	r->tsecr = S.recent;
	put_blocks(r);
	S.report_tail++;
}

static void sender_gets(struct where w, const struct report *r)
{
	struct arrival a = {
		.flags = ACK, .seq = PEER, .ack = ME + r->ack * MSS, .wnd = 65535,
		.has = HSTP_HAS_TIMESTAMPS,
		.tsval = 1, .tsecr = r->tsecr, .sack_count = (u8)r->count,
	};
	bool news = false, moved = r->ack > M.una;
	u32 i, seg;

	for (i = 0; i < r->count; i++) {
		a.sack[i].left = ME + r->block[i].left * MSS;
		a.sack[i].right = ME + r->block[i].right * MSS;
		for (seg = larger(r->block[i].left, r->ack); seg < r->block[i].right; seg++) {
			news |= !M.sacked[seg];
			M.sacked[seg] = true;
		}
	}
	if (moved)
		model_trip(r->ack - 1, T.env.now + MY_STAMPS - r->tsecr);
	model_ack(r->ack, news);
	trace_recv(w, a);
	compare(w);
	trace_same(w, "cwnd", T.tcb.cwnd, M.cwnd);
	trace_same(w, "ssthresh", smaller(T.tcb.ssthresh, 1 << 29), smaller(M.ssthresh, 1 << 29));
	trace_same(w, "recovery", T.tcb.fast, M.recovery);
	if (S.timeouts)
		return;
	trace_same(w, "SRTT", T.tcb.srtt, M.srtt);
	trace_same(w, "RTTVAR", T.tcb.rttvar, M.rttvar);
}

static void step(struct where w)
{
	u32 when = 0xffffffff, retries = T.tcb.retries, at;

	if (S.head != S.tail)
		when = S.arrive[S.head];
	if (S.report_head != S.report_tail)
		when = smaller(when, S.report[S.report_head].at);
	if (hstp_deadline(&T.tcb, &at))
		when = smaller(when, larger(at, T.env.now));
	trace_check(w, when != 0xffffffff, "something will happen");
	T.env.now = when;
	if (S.report_head != S.report_tail && S.report[S.report_head].at == when) {
		sender_gets(w, &S.report[S.report_head++]);
		return;
	}
	if (S.head != S.tail && S.arrive[S.head] == when) {
		peer_gets(S.number[S.head], S.stamp[S.head]);
		S.head++;
		return;
	}
	trace_tick(w, 0);
	if (T.tcb.retries == retries)
		return;
	S.timeouts++;
	model_timeout(T.tcb.retries == 1);
	trace_same(w, "cwnd after a timeout", T.tcb.cwnd, M.cwnd);
	trace_same(w, "ssthresh after a timeout", T.tcb.ssthresh, M.ssthresh);
	compare(w);
}

static void transfer(struct where w, struct path path)
{
	memset(&S, 0, sizeof(S));
	S.trip_min = 0xffffffff;
	P = path;
	OFFER(0, 1, 1);
	T.tcb.mss = MSS + HSTP_STAMPS_LEN;
	T.env.now = 1000;
	CALL(open_active);
	EXPECT(SYN);
	T.env.now += 2 * P.delay;
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .wnd = 65535, .mss = 1460, .tsval = 1,
	     .has = HSTP_HAS_TIMESTAMPS | HSTP_HAS_SACK_PERMITTED, .tsecr = 1000 + MY_STAMPS);
	EXPECT(ACK);
	memset(&M, 0, sizeof(M));
	M.cwnd = 10 * MSS;
	M.ssthresh = 1 << 30;
	M.srtt = 2 * P.delay << 3;	/* the SYN's */
	M.rttvar = 2 * P.delay << 1;
	if (P.ssthresh) {
		M.ssthresh = P.ssthresh * MSS;
		T.tcb.ssthresh = M.ssthresh;
	}
	if (P.cwnd) {
		M.cwnd = P.cwnd * MSS;
		T.tcb.cwnd = M.cwnd;
	}
	CALL(send, P.segments * MSS);
	compare(w);
	while (T.tcb.snd_una != ME + P.segments * MSS)
		step(w);
	trace_same(w, "segments at the peer", S.next, P.segments);
	NO_TIMER();
	T.log_count = 0;
}

#define TRANSFER(n, ...) transfer(HERE, (struct path){ .segments = (n), ##__VA_ARGS__ })

TEST(sack_path_clean, "RFC 7323 4.1: without loss, one measurement a window, each of a round trip")
{
	TRANSFER(60, .delay = 100);
	SAME("sent", S.total, 60);
	SAME("shortest", S.trip_min, 200);
	SAME("longest", S.trip_max, 200);
	VAR(srtt, 200 << 3);
}

TEST(sack_path_one, "RFC 6675 5: one loss: one retransmission, no timeout")
{
	TRANSFER(200, .delay = 50, .pace = 1, .lost = { 30 }, .ssthresh = 40);
	SAME("sent", S.total, 201);
	SAME("recoveries", S.recoveries, 1);
	SAME("timeouts", S.timeouts, 0);
}

TEST(sack_path_many, "RFC 6675 5: ten of a window are lost: ten retransmissions in one recovery")
{
	TRANSFER(200, .delay = 60, .pace = 1, .ssthresh = 40,
		 .lost = { 60, 62, 64, 66, 68, 70, 72, 74, 76, 78 });
	SAME("sent", S.total, 210);
	SAME("recoveries", S.recoveries, 1);
	SAME("timeouts", S.timeouts, 0);
}

TEST(sack_path_neighbours, "RFC 6675 4, IsLost(): a whole run is lost")
{
	TRANSFER(200, .delay = 20, .pace = 1, .ssthresh = 30,
		 .lost = { 50, 51, 52, 53, 54, 55, 60, 61 });
	SAME("sent", S.total, 208);
	SAME("recoveries", S.recoveries, 1);
	SAME("timeouts", S.timeouts, 0);
}

TEST(sack_path_twice, "RFC 6675 5: losses in two windows: two recoveries")
{
	TRANSFER(250, .delay = 40, .pace = 1, .ssthresh = 30, .lost = { 40, 150, 152 });
	SAME("sent", S.total, 253);
	SAME("recoveries", S.recoveries, 2);
	SAME("timeouts", S.timeouts, 0);
}

TEST(sack_path_limited, "RFC 6675 5, (3): a small window: limited transmit finds the loss")
{
	TRANSFER(40, .delay = 50, .pace = 1, .lost = { 1 }, .cwnd = 3);
	SAME("sent", S.total, 41);
	SAME("timeouts", S.timeouts, 0);
}

TEST(sack_path_rescue, "RFC 6675 4, NextSeg(), rule 4: the end of the window is lost as well")
{
	TRANSFER(60, .delay = 50, .pace = 1, .lost = { 40, 41, 60 }, .ssthresh = 20);
	SAME("rescues", S.rescues, 1);
	SAME("sent", S.total, 63);
	SAME("timeouts", S.timeouts, 0);
}

TEST(sack_path_acks, "RFC 2018 4: each block is there in several ACKs: one in three may be lost")
{
	TRANSFER(200, .delay = 50, .pace = 1, .ssthresh = 40, .acks_lost = 3,
		 .lost = { 60, 62, 64, 90 });
	/* and one for nothing, of what is only reported late: rule 4 */
	SAME("sent", S.total, 204 + S.rescues);
	CHECK(S.rescues <= 1);
	SAME("timeouts", S.timeouts, 0);
}

TEST(sack_path_tail, "RFC 5681 3.1: the last segment is lost: nobody says so but the timer")
{
	TRANSFER(60, .delay = 50, .pace = 1, .lost = { 60 });
	SAME("timeouts", S.timeouts, 1);
	SAME("sent", S.total, 61);
}

TEST(sack_path_lost_again, "RFC 7323 4.1: after a timeout an echo ends the backoff")
{
	TRANSFER(200, .delay = 50, .lost_twice = 30, .ssthresh = 20);
	CHECK(S.timeouts >= 1);
	VAR(backoff, 0);
	VAR(srtt, 100 << 3);
	CHECK(S.total <= 202 + 20);
}

TEST(sack_path_bad, "RFC 7323 4.1: three of ten lost each way: no timeout is measured")
{
	TRANSFER(250, .delay = 50, .percent = 30);
	CHECK(S.timeouts >= 20);
	/* Each round trip is one of the path, however late its ACK came */
	VAR(srtt, 100 << 3);
	CHECK(T.tcb.rttvar < 10 << 2);
}
