// SPDX-License-Identifier: GPL-2.0
/* What is counted and measured for HSTP_INFO. What each number means is RFC 4898's (the names
 * in linux/tcp.h), RFC 2883's for duplicates, and TCP's for round trips and rates.
 */
#include "meter.h"
#include "trace.h"

#include <string.h>

#define GIB	(1ull << 30)
#define TS	HSTP_HAS_TIMESTAMPS

static struct hstp_meter m;
static u64 clock_us;

static void start(void)
{
	static const struct hstp_early none;

	memset(&m, 0, sizeof(m));
	clock_us = 1000000000;
	hstp_meter_start(&m, &T.tcb, &none, T.env.now);
}

/* A segment that has just left T.tcb, as the kernel half tells of it. */
static void out(u8 flags, u32 len, bool again)
{
	struct hstp_tx tx = { .flags = flags, .text_len = len, .again = again };

	if (hstp_meter_out(&m, &T.tcb, &tx))
		hstp_meter_mark(&m, &T.tcb, clock_us);
}

/* @count segments of @len bytes, pushed one by one. */
static void send_all(unsigned int count, u32 len)
{
	while (count--) {
		CALL(send, len);
		EXPECT(PSH | ACK, .len = len);
		out(PSH | ACK, len, false);
	}
}

/* The peer acknowledges up to @una after @us microseconds. */
static void acked(u32 una, u32 us)
{
	RECV(ACK, .seq = PEER, .ack = una);
	clock_us += us;
	T.env.now++;	/* a tick, so that the next one is measured */
	if (hstp_meter_acked(&m, &T.tcb, T.acts.acked))
		hstp_meter_trip(&m, &T.tcb, clock_us);
}

static void established(void)
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.nodelay = 1;
	start();
}

TEST(meter_64_bits, "meter: bytes are counted beyond 4 GiB")
{
	struct hstp_tx tx = { .flags = ACK, .text_len = (u32)GIB };
	u64 count = 0;
	int i;

	established();
	for (i = 0; i < 9; i++) {
		hstp_meter_out(&m, &T.tcb, &tx);
		m.timing = false;
		hstp_meter_acked(&m, &T.tcb, (u32)GIB);
		count = hstp_count_on(count, (u32)((i + 1) * GIB));
	}
	SAME("sent", m.sent, 9 * GIB);
	SAME("acknowledged", m.acked, 9 * GIB);
	SAME("by its low half", count, 9 * GIB);
	SAME("as it was", hstp_count_on(9 * GIB + 5, (u32)GIB + 5), 9 * GIB + 5);
	SAME("the next", hstp_count_on(9 * GIB + 5, (u32)GIB + 6), 9 * GIB + 6);
	SAME("as far as it goes", hstp_count_on(9 * GIB, (u32)GIB - 1), 13 * GIB - 1);
}

TEST(meter_segments, "meter: segments, those with text, and bytes each time that they are sent")
{
	established();
	hstp_meter_in(&m, 0);
	hstp_meter_in(&m, 5);
	hstp_meter_in(&m, 1);
	SAME("in", m.segs_in, 3);
	SAME("in with text", m.texts_in, 2);
	out(ACK, 0, false);
	out(PSH | ACK, 7, false);
	out(PSH | ACK, 7, true);
	out(FIN | ACK, 0, false);
	out(RST, 0, false);
	SAME("out", m.segs_out, 5);
	SAME("out with text", m.texts_out, 2);
	SAME("bytes", m.sent, 14);
	SAME("not sent before", m.fresh_out, 2);
}

TEST(meter_early, "meter: before accept() as far as the room goes")
{
	struct hstp_early early = { .segs_in = 65534, .segs_out = 3, .texts_in = 2,
				    .disordered = 1 };

	PASSIVE_SYN_RECEIVED();
	RECV(ACK, .seq = PEER, .ack = ME);
	hstp_early_add(&early.segs_in);
	SAME("one more", early.segs_in, 65535);
	hstp_early_add(&early.segs_in);
	SAME("it stays", early.segs_in, 65535);
	memset(&m, 0, sizeof(m));
	hstp_meter_start(&m, &T.tcb, &early, T.env.now);
	SAME("in", m.segs_in, 65535);
	SAME("out", m.segs_out, 3);
	SAME("in with text", m.texts_in, 2);
	SAME("behind a gap", m.disordered, 1);
	/* The peer has our SYN. */
	SAME("delivered", hstp_meter_delivered(&m, &T.tcb, 0), 1);
}

TEST(meter_delivered, "meter: exact at each mark, never more than the peer has")
{
	established();
	send_all(5, 10);
	SAME("none", hstp_meter_delivered(&m, &T.tcb, 0), 0);
	/* Three segments: the first, which is marked, and one at least. */
	acked(ME + 30, 100);
	SAME("at least", hstp_meter_delivered(&m, &T.tcb, 0), 2);
	SAME("and what is held", hstp_meter_delivered(&m, &T.tcb, 1), 3);
	SAME("but not all", hstp_meter_delivered(&m, &T.tcb, 100), 4);
	acked(ME + 50, 100);
	SAME("all", hstp_meter_delivered(&m, &T.tcb, 0), 5);
	/* The first of three is marked. */
	send_all(3, 10);
	acked(ME + 60, 100);
	SAME("the marked one", hstp_meter_delivered(&m, &T.tcb, 0), 6);
	acked(ME + 80, 100);
	SAME("all", hstp_meter_delivered(&m, &T.tcb, 0), 8);
	/* What came twice was delivered twice, if it was sent twice. */
	m.twice = 5;
	SAME("none was", hstp_meter_delivered(&m, &T.tcb, 0), 8);
	T.tcb.again_count = 2;
	SAME("two were", hstp_meter_delivered(&m, &T.tcb, 0), 10);
}

TEST(meter_min, "meter: the shortest round trip of the last five minutes")
{
	u32 una = ME;

	established();
	SAME("none", hstp_meter_min(&m), ~0u);
	send_all(1, 10);
	acked(una += 10, 700);
	SAME("first", hstp_meter_min(&m), 700);
	send_all(1, 10);
	acked(una += 10, 900);
	SAME("longer", hstp_meter_min(&m), 700);
	send_all(1, 10);
	acked(una += 10, 650);
	SAME("shorter", hstp_meter_min(&m), 650);
	/* Of two and a half minutes before it is still known, */
	clock_us += 151000000;
	send_all(1, 10);
	acked(una += 10, 5000);
	SAME("of the half before", hstp_meter_min(&m), 650);
	/* then no more, */
	clock_us += 151000000;
	send_all(1, 10);
	acked(una += 10, 6000);
	SAME("the half before", hstp_meter_min(&m), 5000);
	/* and after a long silence nothing is. */
	clock_us += 1000000000;
	send_all(1, 10);
	acked(una += 10, 7000);
	SAME("after a silence", hstp_meter_min(&m), 7000);
}

TEST(meter_ticks, "meter: of the round trips between two ticks one is measured")
{
	established();
	send_all(1, 10);
	acked(ME + 10, 50);
	SAME("the first", m.min_us, 50);
	send_all(1, 10);
	T.env.now--;
	acked(ME + 20, 40);
	SAME("the next", m.min_us, 40);
	/* No tick has passed since that was sent. */
	send_all(1, 10);
	acked(ME + 30, 30);
	SAME("not measured", m.min_us, 40);
	SAME("but counted", m.acked, 30);
	SAME("and delivered", hstp_meter_delivered(&m, &T.tcb, 0), 3);
	send_all(1, 10);
	acked(ME + 40, 20);
	SAME("measured", m.min_us, 20);
}

TEST(meter_karn, "meter: what was sent again measures no round trip (RFC 6298, 3)")
{
	established();
	send_all(1, 10);
	TICK(200);
	EXPECT(PSH | ACK, .seq = ME, .len = 10, .again = true);
	out(PSH | ACK, 10, true);
	acked(ME + 10, 50);
	SAME("none", hstp_meter_min(&m), ~0u);
	send_all(1, 10);
	acked(ME + 20, 80);
	SAME("the next", hstp_meter_min(&m), 80);
}

TEST(meter_rate, "meter: bytes that were delivered in a round trip, through its length")
{
	established();
	send_all(4, 1000);
	acked(ME + 4000, 2000);
	SAME("bytes", m.rate_bytes, 4000);
	SAME("time", m.rate_us, 2000);
	CHECK(!m.rate_idle);
	/* Slower, and the network's doing: it counts. */
	send_all(2, 1000);
	acked(ME + 6000, 4000);
	SAME("bytes", m.rate_bytes, 2000);
	SAME("time", m.rate_us, 4000);
	/* Less than a tick of the clock is one. */
	send_all(1, 10);
	acked(ME + 6010, 0);
	SAME("bytes", m.rate_bytes, 10);
	SAME("time", m.rate_us, 1);
}

TEST(meter_gap, "meter: a rate that the user's pause made counts only if it is the largest")
{
	established();
	hstp_meter_gap(&m, &T.tcb, NULL);
	send_all(1, 1000);
	acked(ME + 1000, 1000);
	SAME("the first", m.rate_bytes, 1000);
	CHECK(m.rate_idle);
	hstp_meter_gap(&m, &T.tcb, NULL);
	send_all(1, 500);
	acked(ME + 1500, 1000);
	SAME("slower", m.rate_bytes, 1000);
	hstp_meter_gap(&m, &T.tcb, NULL);
	send_all(1, 500);
	acked(ME + 2000, 400);
	SAME("faster: mark was before", m.rate_bytes, 500);
	/* Until all is acknowledged that was out at the gap */
	send_all(1, 500);
	hstp_meter_gap(&m, &T.tcb, NULL);
	m.timing = false;
	T.env.now++;
	send_all(1, 500);
	CHECK(m.mark_idle);
	acked(ME + 3000, 400);
	send_all(1, 500);
	CHECK(!m.mark_idle);
}

TEST(meter_no_gap, "meter: no gap while text waits, or the congestion window is used up")
{
	established();
	SPACE(BUFFER);
	T.tcb.cwnd = 2000;
	send_all(2, 1000);
	hstp_meter_gap(&m, &T.tcb, NULL);
	CHECK(!m.gap);
	CALL(send, 1500);
	T.tcb.cwnd = 20000;
	hstp_meter_gap(&m, &T.tcb, NULL);
	CHECK(!m.gap);
}

/* Text in order, so long after the text before; who reads does so at once. */
static void text(u32 len, u32 us)
{
	RECV(ACK, .seq = T.tcb.rcv_nxt, .ack = ME, .len = len);
	T.out_count = 0;
	clock_us += us;
	if (hstp_meter_text(&m, &T.tcb, T.env.now))
		hstp_meter_round(&m, &T.tcb, clock_us);
	T.env.space = BUFFER;
}

TEST(meter_filled, "meter: text beyond a window is the answer to an ACK: a receiver's round trip")
{
	u32 i;

	established();
	/* No timer's ACK opens the window by itself. */
	SAME("the window", T.tcb.rcv_wnd, BUFFER);
	text(1000, 0);
	for (i = 0; i < 9; i++)
		text(1000, 10);
	SAME("the first window", m.filled_us, 0);
	text(1000, 5000);
	SAME("beyond it", m.filled_us, 5090);
	/* The next window's, of which two segments may have been used before they were read */
	for (i = 0; m.filled_us == 5090 && i < 20; i++)
		text(1000, 1);
	SAME("faster", m.filled_us, i);
	CHECK(i >= 8 && i <= 11);
	for (i = 0; i < 30; i++)
		text(1000, 4000);
	CHECK(m.filled_us < 20);
	/* Less than a tick of the clock is one. */
	for (i = 0; i < 30; i++)
		text(1000, 0);
	SAME("a tick", m.filled_us, 1);
}

/* What the sender waits for after the last event, as the kernel half finds out. */
static void waits_for(struct where w, enum hstp_limit limit, bool starved)
{
	enum hstp_limit got = HSTP_LIMIT_NONE;

	if (starved || hstp_meter_asks(&T.acts)) {
		if (hstp_meter_busy(&T.tcb))
			got = hstp_meter_reason(&T.tcb, NULL, starved);
		hstp_meter_limit(&m, got, T.env.now);
	}
	trace_same(w, "limit", m.limit, limit);
}

#define WAITS_FOR(limit, starved) waits_for(HERE, HSTP_LIMIT_##limit, starved)

TEST(meter_limits, "meter: what a sender waits for, and how long")
{
	established();
	WAITS_FOR(NONE, false);
	/* Nobody who sends nothing is starved. */
	WAITS_FOR(NONE, true);
	T.env.now += 10;
	send_all(1, 1000);
	WAITS_FOR(NETWORK, false);
	T.env.now += 20;
	/* All is out, and more could be. */
	WAITS_FOR(BUFFER, true);
	T.env.now += 30;
	/* The window is 8000: the tenth thousand does not go. */
	CALL(send, 9000);
	for (int i = 0; i < 7; i++)
		EXPECT(ACK, .len = 1000);
	WAITS_FOR(WINDOW, false);
	WAITS_FOR(WINDOW, true);
	T.env.now += 40;
	SAME("network", hstp_meter_limited(&m, HSTP_LIMIT_NETWORK, T.env.now), 20);
	SAME("buffer", hstp_meter_limited(&m, HSTP_LIMIT_BUFFER, T.env.now), 30);
	SAME("window", hstp_meter_limited(&m, HSTP_LIMIT_WINDOW, T.env.now), 40);
	/* It is the network that has no more room. */
	T.tcb.cwnd = 8000;
	WAITS_FOR(NETWORK, true);
	T.env.now += 50;
	SAME("network", hstp_meter_limited(&m, HSTP_LIMIT_NETWORK, T.env.now), 70);
	SAME("window", hstp_meter_limited(&m, HSTP_LIMIT_WINDOW, T.env.now), 40);
	RECV(ACK, .seq = PEER, .ack = ME + 8000);
	EXPECT(ACK, .len = 1000);
	EXPECT(PSH | ACK, .len = 1000);
	RECV(ACK, .seq = PEER, .ack = ME + 10000);
	WAITS_FOR(NONE, false);
	T.env.now += 60;
	SAME("network", hstp_meter_limited(&m, HSTP_LIMIT_NETWORK, T.env.now), 70);
}

TEST(meter_asks, "meter: text that arrives, or is read, does not change what a sender waits for")
{
	established();
	WAITS_FOR(NONE, false);
	RECV(PSH | ACK, .seq = PEER, .ack = ME, .len = 100);
	CHECK(!hstp_meter_asks(&T.acts));
	CALL(receive);
	CHECK(!hstp_meter_asks(&T.acts));
	TICK(T.cfg.delack_ms);
	EXPECT(ACK, .ack = PEER + 100);
	WAITS_FOR(NONE, false);
	/* What it does not look at is not asked for; but text that cannot leave is. */
	RECV(ACK, .seq = PEER + 100, .ack = ME, .wnd = 0);
	CHECK(!hstp_meter_asks(&T.acts));
	CALL(send, 10);
	WAITS_FOR(WINDOW, false);
}

TEST(meter_fin, "meter: a FIN is waited for, too, and a connection that is dead for nothing")
{
	established();
	CALL(close);
	EXPECT(FIN | ACK);
	WAITS_FOR(NETWORK, false);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	WAITS_FOR(NONE, false);
	trace_reset();
	established();
	send_all(1, 1000);
	WAITS_FOR(NETWORK, false);
	RECV(RST, .seq = PEER);
	SIGNAL(RESET);
	WAITS_FOR(NONE, false);
	T.log_count = 0;
}

TEST(meter_syn, "meter: a SYN is not waited for, but measured and delivered")
{
	CALL(open_active);
	start();
	EXPECT(SYN);
	out(SYN, 0, false);
	WAITS_FOR(NONE, false);
	SAME("none", hstp_meter_delivered(&m, &T.tcb, 0), 0);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	clock_us += 300;
	CHECK(hstp_meter_acked(&m, &T.tcb, T.acts.acked));
	hstp_meter_trip(&m, &T.tcb, clock_us);
	SAME("round trip", hstp_meter_min(&m), 300);
	SAME("no rate", m.rate_us, 0);
	SAME("one", hstp_meter_delivered(&m, &T.tcb, 0), 1);
	T.log_count = 0;
}

/* Both ends report; five segments of 500 bytes are out. */
static void five_out(void)
{
	OFFER(0, 0, 1);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS, .wnd = 20000,
	     .has = HSTP_HAS_SACK_PERMITTED);
	EXPECT(ACK);
	T.tcb.tune.nodelay = 1;
	T.log_count = 0;
	start();
	send_all(5, 500);
}

#define HAS(una, l, r) \
	RECV(ACK, .seq = PEER, .ack = ME + (una), .wnd = 20000, .sack_count = 1, \
	     .sack = { { ME + (l), ME + (r) } })

TEST(meter_reordered, "meter: text that comes after what was sent later, and was sent once")
{
	five_out();
	HAS(0, 500, 1000);
	DID_NOT(REORDERED);
	HAS(0, 500, 1500);
	DID_NOT(REORDERED);
	RECV(ACK, .seq = PEER, .ack = ME + 1500, .wnd = 20000);
	DID(REORDERED);
	/* Nothing is behind a gap any more. */
	RECV(ACK, .seq = PEER, .ack = ME + 2000, .wnd = 20000);
	DID_NOT(REORDERED);
}

TEST(meter_reordered_gap, "meter: the same of a report alone")
{
	five_out();
	HAS(0, 2000, 2500);
	DID_NOT(REORDERED);
	HAS(0, 1000, 1500);
	DID(REORDERED);
	/* The same once more tells nothing. */
	HAS(0, 1000, 1500);
	DID_NOT(REORDERED);
}

TEST(meter_lost, "meter: what was sent again does not come out of order")
{
	five_out();
	HAS(0, 500, 1000);
	HAS(0, 500, 1500);
	HAS(0, 500, 2000);
	EXPECT(PSH | ACK, .seq = ME, .len = 500, .again = true);
	SAME("lost", hstp_board_gone(&T.board, &T.tcb), 500);
	RECV(ACK, .seq = PEER, .ack = ME + 2000, .wnd = 20000);
	EXPECT(PSH | ACK, .seq = ME + 2000, .len = 500, .again = true);
	DID_NOT(REORDERED);
}

TEST(meter_gone, "meter: lost is what three ranges or more than two segments are beyond")
{
	five_out();
	T.tcb.snd_end += 5000;
	T.tcb.snd_nxt += 5000;
	T.board.count = 3;
	T.board.range[0] = (struct hstp_range){ ME + 500, ME + 1000 };
	T.board.range[1] = (struct hstp_range){ ME + 1500, ME + 2000 };
	T.board.range[2] = (struct hstp_range){ ME + 2500, ME + 3000 };
	/* 500 bytes have three ranges beyond them. */
	SAME("lost", hstp_board_gone(&T.board, &T.tcb), 500);
	T.board.range[2].right = ME + 4501;
	SAME("lost", hstp_board_gone(&T.board, &T.tcb), 1500);
	/* That with which it began, of which a duplicate ACK tells, is a segment at most. */
	T.board.count = 1;
	T.board.range[0] = (struct hstp_range){ ME + 1500, ME + 2000 };
	SAME("lost", hstp_board_gone(&T.board, &T.tcb), 1000);
	T.board.range[0].left = ME + 400;
	SAME("lost", hstp_board_gone(&T.board, &T.tcb), 400);
	T.out_count = 0;
}

/* What HAS() has brought, as the kernel half tells of it. */
static void reported(u32 ack, u8 count, u32 l, u32 r, u32 l2, u32 r2)
{
	struct hstp_segment seg = { .ack = ack, .opt.sack_count = count,
				    .opt.sack = { { l, r }, { l2, r2 } } };

	hstp_meter_reported(&m, &T.tcb, &seg);
}

TEST(meter_twice, "meter: RFC 2883 section 4: below SEG.ACK, or within the second block")
{
	five_out();
	RECV(ACK, .seq = PEER, .ack = ME + 1000, .wnd = 20000);
	reported(ME + 1000, 1, ME, ME + 500, 0, 0);
	SAME("below", m.twice, 1);
	reported(ME + 1000, 2, ME + 1500, ME + 2000, ME + 1500, ME + 2500);
	SAME("within", m.twice, 2);
	/* As long as two segments: MSS is 1000. */
	reported(ME + 2500, 1, ME + 500, ME + 1600, 0, 0);
	SAME("two", m.twice, 4);
	/* Reports of what is held */
	reported(ME + 1000, 1, ME + 1500, ME + 2000, 0, 0);
	reported(ME + 1000, 2, ME + 1500, ME + 2000, ME + 2100, ME + 2500);
	reported(ME + 1000, 2, ME + 1500, ME + 2000, ME + 1600, ME + 2500);
	/* Lies: upside down, never sent, larger than any window */
	reported(ME + 1000, 1, ME + 500, ME, 0, 0);
	reported(ME + 1000, 1, ME + 500, ME + 2501, 0, 0);
	reported(ME + 1000, 1, ME - 30000, ME, 0, 0);
	SAME("no more", m.twice, 4);
	T.tcb.sack_ok = 0;
	reported(ME + 1000, 1, ME, ME + 500, 0, 0);
	SAME("not agreed", m.twice, 4);
}
