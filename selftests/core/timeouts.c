// SPDX-License-Identifier: GPL-2.0
/* Timeouts: RFC 9293 sections 3.8.1, 3.8.3 and 3.10.8, RFC 6298. */
#include "trace.h"

/* Open with a round trip of @ms. */
static void established_in(u32 ms)
{
	CALL(open_active);
	EXPECT(SYN);
	TICK(ms);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	T.log_count = 0;
}

/* Ten bytes of text leave at once. */
#define SEND_TEN() do {							\
	CALL(send, 10);							\
	EXPECT(ACK | PSH, .len = 10);					\
} while (0)

/* They go again, at that moment and not before. */
#define RESENT_AFTER(ms) do {						\
	TICK((ms) - 1);							\
	SILENCE();							\
	TICK(1);							\
	EXPECT(ACK | PSH, .len = 10, .again = true);			\
} while (0)

TEST(rto_first, "RFC 6298 2.2: RTO is SRTT + 4 RTTVAR = R + 2R after the first measurement")
{
	established_in(100);
	SEND_TEN();
	TICK(299);
	SILENCE();
	TICK(1);
	EXPECT(ACK | PSH, .seq = ME, .len = 10, .off = 0, .again = true);
}

TEST(rto_second, "RFC 6298 2.3: RTTVAR 3/4 50 + 1/4 100, SRTT 7/8 100 + 1/8 200: 362.5 ms")
{
	established_in(100);
	SEND_TEN();
	TICK(200);
	RECV(ACK, .seq = PEER, .ack = ME + 10);
	SEND_TEN();
	TICK(361);
	SILENCE();
	TICK(2);
	EXPECT(ACK | PSH, .seq = ME + 10, .len = 10, .again = true);
}

TEST(rto_shorter, "RFC 6298 2.3: a shorter round trip: |SRTT - R'| counts as well")
{
	established_in(400);
	SEND_TEN();
	TICK(200);
	RECV(ACK, .seq = PEER, .ack = ME + 10);
	/* RTTVAR = 3/4 200 + 1/4 200 = 200, SRTT = 7/8 400 + 1/8 200 = 375 */
	SEND_TEN();
	TICK(1174);
	SILENCE();
	TICK(2);
	EXPECT(ACK | PSH, .len = 10, .again = true);
}

TEST(rto_min, "RFC 6298 2.4: RTO is not below its lower bound")
{
	CONFIG(rto_min_ms, 1000);
	established_in(3);
	SEND_TEN();
	RESENT_AFTER(1000);
}

TEST(rto_max, "RFC 6298 2.5, 5.5: RTO doubles up to its upper bound")
{
	u32 rto;

	CONFIG(rto_max_ms, 3000);
	established_in(100);
	SEND_TEN();
	for (rto = 300; rto < 3000; rto *= 2)
		RESENT_AFTER(rto);
	RESENT_AFTER(3000);
}

TEST(rto_max_sample, "RFC 6298 2.5: nor does a measurement carry it above")
{
	CONFIG(rto_max_ms, 3000);
	CONFIG(rto_initial_ms, 60000);
	CALL(open_active);
	EXPECT(SYN);
	/* the first guess is bounded as well */
	TICK(2999);
	SILENCE();
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(ACK);
	VAR(rto, 3000);
}

TEST(karn, "RFC 6298 3: the ACK of what was sent twice measures nothing, the backoff stays")
{
	established_in(100);
	SEND_TEN();
	TICK(300);
	EXPECT(ACK | PSH, .len = 10, .again = true);
	TICK(1);
	RECV(ACK, .seq = PEER, .ack = ME + 10);
	SEND_TEN();
	TICK(599);
	SILENCE();
	/* one that was sent once ends it: R' = 599 */
	RECV(ACK, .seq = PEER, .ack = ME + 20);
	CHECK(T.tcb.backoff == 0);
	/* RTTVAR = 3/4 50 + 1/4 499 = 162.25, SRTT = 7/8 100 + 1/8 599 = 162.4 */
	CHECK(T.tcb.rto >= 810 && T.tcb.rto <= 812);
}

TEST(rto_syn_lost, "RFC 6298 5.7: after a lost SYN RTO begins at 3 seconds")
{
	CALL(open_active);
	EXPECT(SYN);
	TICK(1000);
	EXPECT(SYN, .seq = MY_ISS, .mss = MSS, .again = true);
	TICK(10);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(ACK);
	SEND_TEN();
	RESENT_AFTER(3000);
}

TEST(rto_restart, "RFC 6298 5.2, 5.3: an ACK of new text restarts the timer, of all stops it")
{
	established_in(100);
	CALL(send, 1000);
	EXPECT(ACK | PSH, .len = 1000);
	CALL(send, 1000);
	EXPECT(ACK | PSH, .len = 1000);
	TICK(200);
	RECV(ACK, .seq = PEER, .ack = ME + 1000);
	/* 362 from here, not 100 */
	TICK(361);
	SILENCE();
	RECV(ACK, .seq = PEER, .ack = ME + 2000);
	NO_TIMER();
}

TEST(syn_timeout, "3.10.8, MUST-23: the SYN is given up after its retransmissions: four minutes")
{
	u32 rto = 1000;
	int i;

	CALL(open_active);
	EXPECT(SYN);
	T.log_count = 0;
	for (i = 0; i < 7; i++, rto *= 2) {
		TICK(rto - 1);
		SILENCE();
		TICK(1);
		EXPECT(SYN, .seq = MY_ISS, .again = true);
	}
	TICK(120000 - 1);	/* RTO is not above its upper bound */
	STATE(SYN_SENT);
	CHECK(T.env.now - 100000 > 180000);
	TICK(1);
	SIGNAL(TIMED_OUT);
	TRANSITION(SYN_SENT, CLOSED, RETRIES);
	NO_TIMER();
}

TEST(syn_ack_timeout, "the SYN-ACK of a passive open has its own limit")
{
	CONFIG(synack_retries, 1);
	PASSIVE_SYN_RECEIVED();
	TICK(1000);
	EXPECT(SYN | ACK, .seq = MY_ISS, .ack = PEER, .mss = MSS, .again = true);
	TICK(2000);
	SIGNAL(TIMED_OUT);
	TRANSITION(SYN_RECEIVED, CLOSED, RETRIES);
}

TEST(text_timeout, "3.8.3: R2 retransmissions of text, then the user is told")
{
	CONFIG(retries, 2);
	ESTABLISHED_CONNECTION();
	SEND_TEN();
	TICK(200);
	EXPECT(ACK | PSH, .len = 10);
	TICK(400);
	EXPECT(ACK | PSH, .len = 10);
	TICK(799);
	STATE(ESTABLISHED);
	TICK(1);
	SIGNAL(TIMED_OUT);
	TRANSITION(ESTABLISHED, CLOSED, RETRIES);
}

/* Until the user is told, from what was sent a moment ago, ms */
static u32 time_to_r2(void)
{
	u32 began = T.env.now, when = began;

	while (T.tcb.state != HSTP_CLOSED && hstp_deadline(&T.tcb, &when)) {
		TICK(when - T.env.now);
		T.out_count = 0;
	}
	SIGNAL(TIMED_OUT);
	T.log_count = 0;
	return T.env.now - began;
}

TEST(r2_time, "SHLD-11: R2 corresponds to at least 100 s: text and FIN, with a user and without")
{
	/* RTO is 200 ms, the least that it may be by default. */
	ESTABLISHED_CONNECTION();
	SEND_TEN();
	CHECK(time_to_r2() >= 100000);

	trace_reset();
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	CHECK(time_to_r2() >= 100000);

	trace_reset();
	ESTABLISHED_CONNECTION();
	CALL(leave, false);
	EXPECT(FIN | ACK);
	CHECK(time_to_r2() >= 100000);

	trace_reset();
	ESTABLISHED_CONNECTION();
	SEND_TEN();
	CALL(leave, false);
	EXPECT(FIN | ACK, .seq = ME + 10);
	CHECK(time_to_r2() >= 100000);
}

TEST(text_heard, "an ACK of something new starts the count of retransmissions again")
{
	CONFIG(retries, 2);
	ESTABLISHED_CONNECTION();
	CALL(send, 2000);
	EXPECT(ACK, .len = 1000);
	EXPECT(ACK | PSH, .len = 1000);
	TICK(600);
	EXPECT(ACK | PSH, .seq = ME, .len = 1000);
	EXPECT(ACK | PSH, .seq = ME, .len = 1000);
	RECV(ACK, .seq = PEER, .ack = ME + 1000);
	/* the rest of what was out when the timer went off: lost as well */
	EXPECT(ACK | PSH, .seq = ME + 1000, .len = 1000, .off = 0, .again = true);
	TICK(800);
	EXPECT(ACK | PSH, .seq = ME + 1000, .len = 1000);
	STATE(ESTABLISHED);
}

TEST(recovery_all_lost, "RFC 5681 3.1 (2): all was lost: an ACK opens the window by a segment")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 8000);
	for (int i = 0; i < 8; i++)
		EXPECT(ACK | (i == 7 ? PSH : 0), .seq = ME + 1000 * i, .len = 1000);
	TICK(200);
	EXPECT(ACK | PSH, .seq = ME, .len = 1000, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME + 1000);
	EXPECT(ACK | PSH, .seq = ME + 1000, .len = 1000, .again = true);
	EXPECT(ACK | PSH, .seq = ME + 2000, .len = 1000, .again = true);
	SILENCE();
	/* cwnd += min(2000, SMSS) */
	RECV(ACK, .seq = PEER, .ack = ME + 3000);
	for (int i = 3; i < 6; i++)
		EXPECT(ACK | PSH, .seq = ME + 1000 * i, .len = 1000, .again = true);
	SILENCE();
	RECV(ACK, .seq = PEER, .ack = ME + 6000);
	EXPECT(ACK | PSH, .seq = ME + 6000, .len = 1000, .again = true);
	EXPECT(ACK | PSH, .seq = ME + 7000, .len = 1000, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME + 8000);
	NO_TIMER();
}

TEST(recovery_gaps, "RFC 6582: an ACK beyond what was sent again shows the next gap")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 4000);
	for (int i = 0; i < 4; i++)
		EXPECT(ACK | (i == 3 ? PSH : 0), .seq = ME + 1000 * i, .len = 1000);
	TICK(200);
	EXPECT(ACK | PSH, .seq = ME, .len = 1000, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME + 2000);
	EXPECT(ACK | PSH, .seq = ME + 2000, .len = 1000, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME + 4000);
	NO_TIMER();
}

TEST(recovery_ends, "what was sent after the timeout is not sent again by an ACK of it")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 1000);
	EXPECT(ACK | PSH, .len = 1000);
	TICK(200);
	EXPECT(ACK | PSH, .seq = ME, .len = 1000, .again = true);
	/* RFC 5681 section 3.1: the loss window is one segment */
	CALL(send, 2000);
	SILENCE();
	RECV(ACK, .seq = PEER, .ack = ME + 1000);
	EXPECT(ACK, .seq = ME + 1000, .len = 1000, .again = false);
	EXPECT(ACK | PSH, .seq = ME + 2000, .len = 1000, .again = false);
	RECV(ACK, .seq = PEER, .ack = ME + 2000);
	SILENCE();
}

TEST(orphan_timeout, "a connection whose user has gone is given up sooner")
{
	CONFIG(orphan_retries, 1);
	ESTABLISHED_CONNECTION();
	CALL(leave, false);
	EXPECT(FIN | ACK, .seq = ME);
	T.log_count = 0;
	TICK(200);
	EXPECT(FIN | ACK, .seq = ME, .again = true);
	TICK(400);
	SIGNAL(TIMED_OUT);
	TRANSITION(FIN_WAIT_1, CLOSED, RETRIES);
}

TEST(backoff_counts, "the count of doublings does not wrap")
{
	CONFIG(retries, 255);
	ESTABLISHED_CONNECTION();
	SEND_TEN();
	T.tcb.backoff = 254;
	TICK(600);
	EXPECT(ACK | PSH, .len = 10);
	EXPECT(ACK | PSH, .len = 10);
	VAR(backoff, 255);
}

TEST(clock_wraps, "times are compared modulo 2^32: a deadline after the clock's wrap")
{
	T.env.now = 0xffffff00u;
	established_in(100);
	SEND_TEN();
	TICK(299);
	SILENCE();
	CHECK(T.env.now < 1000);
	TICK(1);
	EXPECT(ACK | PSH, .len = 10, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME + 10);
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 11);
	EXPECT(ACK);
	T.env.now = 0xfffffff0u;
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 11);
	EXPECT(ACK);
	TICK(59999);
	STATE(TIME_WAIT);
	TICK(1);
	STATE(CLOSED);
}

TEST(deadline_earliest, "the caller is told the earliest of the deadlines")
{
	u32 when = 0;

	CHECK(!hstp_deadline(&T.tcb, &when));
	established_in(100);
	CHECK(!hstp_deadline(&T.tcb, &when));
	SEND_TEN();
	CHECK(hstp_deadline(&T.tcb, &when));
	SAME("retransmission", when - T.env.now, 300);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	CHECK(hstp_deadline(&T.tcb, &when));
	SAME("delayed ACK", when - T.env.now, 40);
	/* the ACK's time comes after the retransmission's */
	TICK(280);
	EXPECT(ACK, .ack = PEER + 10);
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 10);
	CHECK(hstp_deadline(&T.tcb, &when));
	SAME("retransmission", when - T.env.now, 20);
	TICK(20);
	EXPECT(ACK | PSH, .len = 10, .ack = PEER + 20, .again = true);
}

TEST(timer_late, "a timeout that is handled late is handled")
{
	ESTABLISHED_CONNECTION();
	SEND_TEN();
	T.env.now += 5000;
	TICK(0);
	EXPECT(ACK | PSH, .len = 10, .again = true);
}
