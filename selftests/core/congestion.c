// SPDX-License-Identifier: GPL-2.0
/* Congestion control and loss recovery, step by step: RFC 5681, 6582, 6928, 3042. */
#include "congestion.h"
#include "trace.h"

/* Open, with a peer whose window is no limit, and @segments sent of what the user gave. */
static void sending(u32 segments)
{
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .wnd = 65535, .mss = MSS);
	EXPECT(ACK);
	CALL(send, 60000);
	for (u32 i = 0; i < segments; i++)
		EXPECT(ACK, .seq = ME + i * MSS, .len = MSS);
	SILENCE();
}

/* The peer has got @segments in order. */
static void acked(u32 segments)
{
	RECV(ACK, .seq = PEER, .ack = ME + segments * MSS, .wnd = 65535);
}

/* The same, and what is sent for it is of no interest. */
static void acked_so(u32 segments)
{
	acked(segments);
	T.out_count = 0;
}

static void expect_new(u32 segment)
{
	EXPECT(ACK, .seq = ME + segment * MSS, .len = MSS, .again = false);
}

static void expect_again(u32 segment)
{
	EXPECT(ACK | PSH, .seq = ME + segment * MSS, .len = MSS, .again = true);
}

/* --- the initial window ------------------------------------------------ */

static u32 initial(u32 mss)
{
	trace_reset();
	T.tcb.mss = (u16)mss;
	T.tcb.rcv_mss = (u16)mss;
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .wnd = 65535, .mss = mss);
	EXPECT(ACK);
	T.log_count = 0;
	return T.tcb.cwnd;
}

TEST(iw, "RFC 6928 2 (1): IW is min(10 MSS, max(2 MSS, 14600))")
{
	SAME("MSS 536", initial(536), 5360);
	SAME("MSS 1000", initial(1000), 10000);
	SAME("MSS 1460", initial(1460), 14600);
	SAME("MSS 2000", initial(2000), 14600);
	SAME("MSS 9000", initial(9000), 18000);
	SAME("MSS 65495", initial(65495), 130990);
}

TEST(iw_sends, "RFC 6928 2: ten segments leave before the first ACK, no more")
{
	sending(10);
}

TEST(iw_syn_lost, "RFC 6928 2: one lost SYN does not make the initial window smaller")
{
	CALL(open_active);
	EXPECT(SYN);
	TICK(1000);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	VAR(cwnd, 10 * MSS);
}

TEST(iw_syns_lost, "RFC 5681 3.1, RFC 6928 2: more of them do: one segment")
{
	CALL(open_active);
	EXPECT(SYN);
	TICK(3000);
	EXPECT(SYN);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	VAR(cwnd, MSS);
	CALL(send, 5000);
	EXPECT(ACK, .len = MSS);
	SILENCE();
}

TEST(iw_passive, "the same for who accepts")
{
	PASSIVE_SYN_RECEIVED();
	RECV(ACK, .seq = PEER, .ack = ME);
	VAR(cwnd, 10 * MSS);
	VAR(tune.congestion, HSTP_CONGESTION_NEWRENO);
}

/* --- slow start, congestion avoidance ---------------------------------- */

TEST(slow_start, "RFC 5681 3.1 (2): cwnd += min(N, SMSS)")
{
	sending(10);
	acked(1);
	VAR(cwnd, 11 * MSS);
	expect_new(10);
	expect_new(11);
	/* a delayed ACK of two counts once */
	acked(3);
	VAR(cwnd, 12 * MSS);
	expect_new(12);
	expect_new(13);
	expect_new(14);
	/* N < SMSS */
	RECV(ACK, .seq = PEER, .ack = ME + 3 * MSS + 100, .wnd = 65535);
	VAR(cwnd, 12 * MSS + 100);
	SILENCE();
}

TEST(avoidance, "RFC 5681 3.1 (3): from ssthresh on a segment each round trip")
{
	sending(10);
	T.tcb.ssthresh = 10 * MSS;
	for (u32 i = 1; i < 10; i++) {
		acked(i);
		VAR(cwnd, 10 * MSS);
		expect_new(9 + i);
	}
	acked(10);
	VAR(cwnd, 11 * MSS);
	expect_new(19);
	expect_new(20);
	for (u32 i = 11; i < 21; i++) {
		acked(i);
		VAR(cwnd, 11 * MSS);
		expect_new(10 + i);
	}
	acked(21);
	VAR(cwnd, 12 * MSS);
	expect_new(31);
	expect_new(32);
}

TEST(unused, "RFC 7661 4.3: a window that is not used does not grow")
{
	ESTABLISHED_CONNECTION();
	for (u32 i = 0; i < 50; i++) {
		CALL(send, 100);
		EXPECT(ACK | PSH, .len = 100);
		RECV(ACK, .seq = PEER, .ack = ME + 100 * (i + 1));
	}
	VAR(cwnd, 10 * MSS);
	/* in congestion avoidance as well */
	T.tcb.ssthresh = 5 * MSS;
	for (u32 i = 50; i < 200; i++) {
		CALL(send, 100);
		EXPECT(ACK | PSH, .len = 100);
		RECV(ACK, .seq = PEER, .ack = ME + 100 * (i + 1));
	}
	VAR(cwnd, 10 * MSS);
}

TEST(window_limit, "RFC 5681 3.1: the smaller of cwnd and the peer's window")
{
	ESTABLISHED_CONNECTION();
	T.tcb.cwnd = 3 * MSS;
	CALL(send, 20000);
	for (u32 i = 0; i < 3; i++)
		expect_new(i);
	SILENCE();
	T.tcb.cwnd = 20 * MSS;
	RECV(ACK, .seq = PEER, .ack = ME + MSS);
	for (u32 i = 3; i < 9; i++)
		expect_new(i);
	SILENCE();
}

TEST(largest, "cwnd ends where the largest window that a peer can have does")
{
	sending(10);
	T.tcb.cwnd = 1u << 30;
	T.tcb.snd_una -= 1u << 30;	/* as if so much were out */
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 65535);
	VAR(cwnd, 1u << 30);
	while (T.out_count)
		EXPECT(ACK | (T.out[0].flags & PSH), .len = T.out[0].len);
}

/* --- duplicate ACKs ----------------------------------------------------- */

TEST(limited, "RFC 3042: a new segment for each of the first two duplicates")
{
	sending(10);
	acked(0);
	expect_new(10);
	SILENCE();
	acked(0);
	expect_new(11);
	SILENCE();
	/* the congestion window is what it was */
	VAR(cwnd, 10 * MSS);
}

TEST(limited_window, "RFC 3042: as long as the peer's window takes it")
{
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .wnd = 10000, .mss = MSS);
	EXPECT(ACK);
	CALL(send, 60000);
	for (u32 i = 0; i < 10; i++)
		expect_new(i);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 10000);
	SILENCE();
}

TEST(fast, "RFC 5681 3.2: the third duplicate: ssthresh, cwnd, retransmission; then inflation")
{
	sending(10);
	acked_so(0);
	acked_so(0);
	acked(0);
	/* FlightSize without limited transmit: 10 segments */
	VAR(ssthresh, 5 * MSS);
	VAR(cwnd, 8 * MSS);
	expect_again(0);
	SILENCE();
	/* 12 are out: the fifth of the next five is the first to make room */
	for (u32 i = 9; i <= 12; i++) {
		acked(0);
		VAR(cwnd, i * MSS);
		SILENCE();
	}
	acked(0);
	VAR(cwnd, 13 * MSS);
	expect_new(12);
	/* RFC 6582 3.2, 3, full ACK (1): min(ssthresh, max(FlightSize, SMSS) + SMSS) */
	acked(12);
	VAR(cwnd, 2 * MSS);
	VAR(ssthresh, 5 * MSS);
	expect_new(13);
	SILENCE();
}

TEST(fast_full, "RFC 6582 3.2, 3: a full ACK with much in flight leaves cwnd = ssthresh")
{
	sending(10);
	for (u32 i = 0; i < 3; i++)
		acked_so(0);
	for (u32 i = 0; i < 10; i++)
		acked_so(0);		/* new segments, up to 18 out */
	VAR(cwnd, 18 * MSS);
	acked(12);
	VAR(cwnd, 5 * MSS);
}

TEST(fast_small, "RFC 5681 3.1 (4): ssthresh is two segments at least")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.nodelay = 1;
	for (u32 i = 0; i < 4; i++) {
		CALL(send, 10);
		EXPECT(ACK | PSH, .len = 10);
	}
	for (u32 i = 0; i < 3; i++)
		RECV(ACK, .seq = PEER, .ack = ME);
	EXPECT(ACK | PSH, .seq = ME, .len = 40, .again = true);
	VAR(ssthresh, 2 * MSS);
	VAR(cwnd, 5 * MSS);
}

TEST(two_are_no_loss, "RFC 5681 3.2: fewer than three may be reordering")
{
	sending(10);
	acked_so(0);
	acked_so(0);
	acked(4);
	VAR(cwnd, 11 * MSS);
	T.out_count = 0;
	/* they count from the beginning */
	acked_so(4);
	acked_so(4);
	VAR(cwnd, 11 * MSS);
	VAR(fast, 0);
}

TEST(not_duplicates, "RFC 5681 2: not with text, another window, nothing out, or the window shut")
{
	sending(10);
	for (u32 i = 0; i < 4; i++) {
		RECV(ACK, .seq = PEER + 10 * i, .ack = ME, .wnd = 65535, .len = 10);
		T.out_count = 0;
		RECV(ACK, .seq = PEER + 10 * (i + 1), .ack = ME, .wnd = 65534 - i);
	}
	VAR(dupacks, 0);
	TICK(40);
	T.out_count = 0;
	RECV(ACK, .seq = PEER + 40, .ack = ME, .wnd = 0);
	for (u32 i = 0; i < 5; i++)
		RECV(ACK, .seq = PEER + 40, .ack = ME, .wnd = 0);
	VAR(dupacks, 0);
	VAR(cwnd, 10 * MSS);

	trace_reset();
	ESTABLISHED_CONNECTION();
	for (u32 i = 0; i < 5; i++)
		RECV(ACK, .seq = PEER, .ack = ME);
	VAR(dupacks, 0);
}

TEST(duplicates_count, "the count of duplicates does not wrap")
{
	sending(10);
	T.tcb.dupacks = 254;
	T.tcb.cautious = 1;
	for (u32 i = 0; i < 5; i++)
		acked(0);
	VAR(dupacks, 255);
	VAR(fast, 0);
}

/* Three duplicates in what has just been sent: the first of it is lost. */
static void found_by_duplicates(u32 una)
{
	T.out_count = 0;
	for (u32 i = 0; i < 2; i++)
		RECV(ACK, .seq = PEER, .ack = una, .wnd = 60000);
	VAR(fast, 0);
	T.out_count = 0;
	RECV(ACK, .seq = PEER, .ack = una, .wnd = 60000);
	VAR(fast, 1);
	EXPECT(ACK | PSH, .seq = una, .len = MSS, .again = true);
}

TEST(duplicates_after_syn, "RFC 5681 3.2: a SYN that was sent again does not hide the next loss")
{
	CALL(open_active);
	EXPECT(SYN);
	TICK(1000);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .wnd = 60000, .mss = MSS);
	EXPECT(ACK);
	CALL(send, 10 * MSS);
	found_by_duplicates(ME);
}

TEST(duplicates_after_probe, "RFC 5681 3.2: nor does a byte that has probed a closed window")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	CALL(send, 10 * MSS);
	TICK(200);
	EXPECT(ACK, .seq = ME, .len = 1);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 60000);
	EXPECT(ACK | PSH, .seq = ME, .len = 1, .again = true);
	T.out_count = 0;
	RECV(ACK, .seq = PEER, .ack = ME + 1, .wnd = 60000);
	found_by_duplicates(ME + 1);
}

/* --- fast recovery ------------------------------------------------------ */

/* Segments 0 and @second are lost of the first ten; fast recovery has begun. */
static void two_lost(void)
{
	sending(10);
	for (u32 i = 0; i < 3; i++)
		acked_so(0);
	for (u32 i = 0; i < 5; i++)
		acked_so(0);
	VAR(cwnd, 13 * MSS);
	VAR(snd_nxt, ME + 13 * MSS);
}

TEST(partial, "RFC 6582 3.2, 3: a partial ACK: the next hole, and cwnd less what left, plus one")
{
	two_lost();
	acked(5);
	VAR(cwnd, 9 * MSS);
	VAR(fast, 1);
	expect_again(5);
	/* 13 - 5 are out: one more */
	expect_new(13);
	SILENCE();
	/* duplicates inflate as before */
	acked(5);
	VAR(cwnd, 10 * MSS);
	expect_new(14);
	/* recover was SND.NXT at the third duplicate: 12 */
	acked(12);
	VAR(fast, 0);
	VAR(cwnd, 4 * MSS);	/* FlightSize 3, plus one */
	expect_new(15);
}

TEST(partial_small, "RFC 6582 3.2, 3: less than a segment does not give one back")
{
	two_lost();
	RECV(ACK, .seq = PEER, .ack = ME + 400, .wnd = 65535);
	VAR(cwnd, 13 * MSS - 400);
	EXPECT(ACK | PSH, .seq = ME + 400, .len = MSS, .again = true);
	SILENCE();
}

TEST(partial_floor, "cwnd does not go below a segment")
{
	two_lost();
	T.tcb.cwnd = 1500;
	RECV(ACK, .seq = PEER, .ack = ME + 900, .wnd = 65535);
	VAR(cwnd, MSS);
	EXPECT(ACK | PSH, .seq = ME + 900, .len = MSS, .again = true);
}

TEST(partial_timer, "RFC 6582 3.2, 3: the first partial ACK restarts the timer, later ones do not")
{
	two_lost();
	TICK(150);
	acked_so(2);
	TICK(150);
	acked_so(4);
	VAR(fast, 1);
	TICK(49);
	SILENCE();
	TICK(1);
	expect_again(4);
	VAR(cwnd, MSS);
	VAR(fast, 0);
}

TEST(full_timer, "RFC 6298 5.3: the ACK that ends it restarts the timer")
{
	two_lost();
	TICK(150);
	acked_so(2);
	TICK(150);
	acked_so(12);
	TICK(199);
	VAR(retries, 0);
	TICK(1);
	VAR(retries, 1);
	T.out_count = 0;
}

TEST(reno, "RFC 5681 3.2: Reno: any ACK of new text ends fast recovery")
{
	T.tcb.tune.congestion = HSTP_CONGESTION_RENO;
	two_lost();
	acked(5);
	VAR(fast, 0);
	VAR(cwnd, 5 * MSS);
	SILENCE();
	/* and the next loss is found by duplicates again */
	for (u32 i = 0; i < 3; i++)
		acked(5);
	expect_again(5);
	VAR(fast, 1);
}

TEST(cautious, "RFC 6582 3.2, 2: duplicates of what was sent again do not halve the window twice")
{
	sending(10);
	TICK(200);
	expect_again(0);
	VAR(ssthresh, 5 * MSS);
	/* the peer had it all but the first: then duplicates of what goes again for nothing */
	RECV(ACK, .seq = PEER, .ack = ME + 2 * MSS, .wnd = 65535);
	T.out_count = 0;
	for (u32 i = 0; i < 5; i++)
		acked_so(2);
	VAR(fast, 0);
	VAR(ssthresh, 5 * MSS);
	/* all of it is acknowledged, and duplicates of that still prove nothing */
	acked_so(10);
	for (u32 i = 0; i < 4; i++)
		acked_so(10);
	VAR(fast, 0);
	/* beyond recover they do */
	acked_so(11);
	for (u32 i = 0; i < 3; i++)
		acked_so(11);
	VAR(fast, 1);
}

/* --- timeouts ----------------------------------------------------------- */

TEST(timeout, "RFC 5681 3.1: a timeout: ssthresh is half of what was out, cwnd one segment")
{
	sending(10);
	TICK(200);
	VAR(ssthresh, 5 * MSS);
	VAR(cwnd, MSS);
	expect_again(0);
	/* RFC 5681 3.1: lost once more: ssthresh stays */
	TICK(400);
	VAR(ssthresh, 5 * MSS);
	VAR(cwnd, MSS);
	expect_again(0);
	/* slow start up to it, then congestion avoidance */
	for (u32 i = 1; i < 5; i++) {
		acked_so(i);
		VAR(cwnd, (1 + i) * MSS);
	}
	for (u32 i = 5; i < 9; i++) {
		acked_so(i);
		VAR(cwnd, 5 * MSS);
	}
	acked(9);
	VAR(cwnd, 6 * MSS);
	T.out_count = 0;
}

TEST(timeout_fast, "RFC 6582 3.2, 4: a timeout ends fast recovery, recover is SND.NXT")
{
	two_lost();
	TICK(200);
	expect_again(0);
	VAR(fast, 0);
	VAR(recover, ME + 13 * MSS);
	VAR(cwnd, MSS);
}

TEST(timeout_probe, "3.8.6.1: a probe of a closed window that is not taken was not lost")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	CALL(send, 5000);
	TICK(200 + 400);
	EXPECT(ACK, .len = 1);
	EXPECT(ACK | PSH, .len = 1, .again = true);
	VAR(cwnd, 10 * MSS);
}

/* --- idle --------------------------------------------------------------- */

TEST(idle, "RFC 5681 4.1: after RTO without sending, cwnd is min(IW, cwnd)")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	T.tcb.cwnd = 30 * MSS;
	RECV(ACK, .seq = PEER, .ack = ME + 10);
	TICK(200);	/* RTO is 200: not more than that */
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	VAR(cwnd, 30 * MSS);
	RECV(ACK, .seq = PEER, .ack = ME + 20);
	TICK(201);
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	VAR(cwnd, 10 * MSS);
	/* not raised to it */
	RECV(ACK, .seq = PEER, .ack = ME + 30);
	T.tcb.cwnd = 2 * MSS;
	TICK(201);
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	VAR(cwnd, 2 * MSS);
}

/* --- the choice --------------------------------------------------------- */

TEST(names, "the algorithms have the names that programs know")
{
	SAME("newreno", (u32)hstp_congestion_find("newreno"), HSTP_CONGESTION_NEWRENO);
	SAME("reno", (u32)hstp_congestion_find("reno"), HSTP_CONGESTION_RENO);
	CHECK(hstp_congestion_find("vegas") < 0);
	CHECK(hstp_congestion_find("") < 0);
	CHECK(hstp_congestion_find("ren") < 0);
	CHECK(hstp_congestion_find("renoo") < 0);
}
