// SPDX-License-Identifier: GPL-2.0
/* Timestamps: old duplicates and measured round trips, RFC 7323 sections 3 to 5. */
#include "trace.h"

#define TS		HSTP_HAS_TIMESTAMPS
#define STAMP(now)	((now) + MY_STAMPS)
#define OPEN_AT		100000u

/* Both ends have timestamps; TS.Recent is @stamp. */
static void open_with(u32 stamp)
{
	OFFER(0, 1, 0);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS, .has = TS, .tsval = stamp,
	     .tsecr = STAMP(OPEN_AT));
	EXPECT(ACK);
	OPTION(tsecr, stamp);
	T.log_count = 0;
}

TEST(paws_old, "5.3, R1: an older timestamp: dropped, and acknowledged")
{
	open_with(1000);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10, .has = TS, .tsval = 999);
	DROP(OLD_TIMESTAMP);
	NO_TEXT();
	DID_NOT(CHALLENGE);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	OPTION(tsecr, 1000);
	/* without text the answer is limited, else two ends could answer for ever */
	RECV(ACK, .seq = PEER, .ack = ME, .has = TS, .tsval = 999);
	DROP(OLD_TIMESTAMP);
	DID_NOT(CHALLENGE);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	RECV(ACK, .seq = PEER, .ack = ME, .has = TS, .tsval = 999);
	DROP(OLD_TIMESTAMP);
	DID(CHALLENGE);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	/* but a FIN is repeated until it is acknowledged */
	RECV(ACK | FIN, .seq = PEER, .ack = ME, .has = TS, .tsval = 999);
	DROP(OLD_TIMESTAMP);
	DID_NOT(CHALLENGE);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	/* equal is not older */
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10, .has = TS, .tsval = 1000);
	TEXT(0, 10);
	TICK(100);
	EXPECT(ACK, .ack = PEER + 10);
}

TEST(paws_wrap, "5.3: timestamps are compared modulo 2^32")
{
	open_with(0xfffffffe);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10, .has = TS, .tsval = 3);
	TEXT(0, 10);
	TICK(100);
	EXPECT(ACK, .ack = PEER + 10);
	OPTION(tsecr, 3);
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 10, .has = TS, .tsval = 0xffffffff);
	DROP(OLD_TIMESTAMP);
	EXPECT(ACK, .ack = PEER + 10);
	/* the far half is older */
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 10, .has = TS, .tsval = 3 + 0x7fffffffu);
	TEXT(0, 10);
	TICK(100);
	EXPECT(ACK, .ack = PEER + 20);
	RECV(ACK, .seq = PEER + 20, .ack = ME, .len = 10, .has = TS, .tsval = 2 + 0x7fffffffu);
	DROP(OLD_TIMESTAMP);
	EXPECT(ACK, .ack = PEER + 20);
}

TEST(paws_idle, "5.5: after 24 days TS.Recent says nothing")
{
	open_with(1000);
	SLEEP(24 * 86400);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10, .has = TS, .tsval = 999);
	DROP(OLD_TIMESTAMP);
	EXPECT(ACK, .ack = PEER);
	SLEEP(1);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10, .has = TS, .tsval = 5);
	TEXT(0, 10);
	TICK(100);
	EXPECT(ACK, .ack = PEER + 10);
	OPTION(tsecr, 5);	/* the new one counts from now on */
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 10, .has = TS, .tsval = 4);
	DROP(OLD_TIMESTAMP);
	EXPECT(ACK, .ack = PEER + 10);
}

TEST(paws_idle_twice, "5.5: nor after 60 days, when a clock of 32 bits of ms has wrapped")
{
	open_with(1000);
	SLEEP(60 * 86400);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10, .has = TS, .tsval = 5);
	TEXT(0, 10);
	TICK(100);
	EXPECT(ACK, .ack = PEER + 10);
}

TEST(paws_reset, "5.3, R1: a RST is not looked at so")
{
	open_with(1000);
	RECV(RST, .seq = PEER, .has = TS, .tsval = 999);
	SIGNAL(RESET);
	STATE(CLOSED);
	T.log_count = 0;
}

TEST(paws_syn, "5.3: a SYN of a peer that began anew finds an ACK, and can reset us")
{
	open_with(1000);
	RECV(SYN, .seq = 4000, .has = TS, .tsval = 5);
	DROP(OLD_TIMESTAMP);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	RECV(SYN, .seq = 4000);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	RECV(RST, .seq = PEER);
	SIGNAL(RESET);
	T.log_count = 0;
}

TEST(stamp_missing, "3.2: a segment without a timestamp is dropped silently")
{
	open_with(1000);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	DROP(NO_TIMESTAMP);
	NO_TEXT();
	SILENCE();
	RECV(ACK | FIN, .seq = PEER, .ack = ME);
	DROP(NO_TIMESTAMP);
	STATE(ESTABLISHED);
	SILENCE();
	/* but not a RST */
	RECV(RST, .seq = PEER);
	SIGNAL(RESET);
	T.log_count = 0;
}

TEST(stamp_not_agreed, "3.2: timestamps that were not agreed on are ignored")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10, .has = TS, .tsval = 1000);
	TEXT(0, 10);
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 10, .has = TS, .tsval = 1);
	TEXT(0, 10);
	EXPECT(ACK, .ack = PEER + 20);
	OPTION(has, 0);
}

/* Section 3.2: TSopt "SHOULD be sent in an <RST> segment"; "if the ACK bit is not set in the
 * outgoing TCP header, the sender of that segment SHOULD set the TSecr field to zero".
 */
TEST(stamp_reset, "3.2: a RST has a timestamp, and an echo only beside an ACK")
{
	open_with(1000);
	TICK(70);
	CALL(abort);
	EXPECT(RST, .seq = ME);
	OPTION(has, TS);
	OPTION(tsval, STAMP(OPEN_AT + 70));
	OPTION(tsecr, 0);
	T.log_count = 0;
}

TEST(stamp_reset_not_agreed, "3.2: but not where timestamps were not agreed on, or not yet")
{
	OFFER(0, 1, 0);
	CALL(open_active);
	EXPECT(SYN);
	OPTION(has, TS | HSTP_HAS_MSS);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	EXPECT(RST, .seq = ME + 1);
	OPTION(has, 0);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	CALL(abort);
	EXPECT(RST, .seq = ME);
	OPTION(has, 0);
	T.log_count = 0;
}

TEST(stamp_reset_passive, "3.2: that of a handshake as well")
{
	OFFER(0, 1, 0);
	LISTENER_RECV(SYN, .seq = PEER_ISS, .mss = MSS, .has = TS, .tsval = 1000);
	EXPECT(SYN | ACK);
	RECV(ACK, .seq = PEER, .ack = ME + 1, .has = TS, .tsval = 1001);
	EXPECT(RST, .seq = ME + 1);
	OPTION(has, TS);
	T.log_count = 0;
}

/* Section 4.3: "If more than one TSopt is received before a reply segment is sent, the
 * TCP must choose only one of the TSvals to echo".
 */
TEST(echo_delayed, "4.3, (A): a delayed ACK echoes the first segment that it acknowledges")
{
	open_with(1000);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10, .has = TS, .tsval = 1010);
	SILENCE();
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 5, .has = TS, .tsval = 1020);
	TICK(100);
	EXPECT(ACK, .ack = PEER + 15);
	OPTION(tsecr, 1010);
}

TEST(echo_hole, "4.3, (B): behind a hole, the last segment that moved the left edge")
{
	open_with(1000);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10, .has = TS, .tsval = 1010);
	TICK(100);
	EXPECT(ACK, .ack = PEER + 10);
	OPTION(tsecr, 1010);
	RECV(ACK, .seq = PEER + 20, .ack = ME, .len = 10, .has = TS, .tsval = 1030);
	EXPECT(ACK, .ack = PEER + 10);
	OPTION(tsecr, 1010);
	RECV(ACK, .seq = PEER + 30, .ack = ME, .len = 10, .has = TS, .tsval = 1040);
	EXPECT(ACK, .ack = PEER + 10);
	OPTION(tsecr, 1010);
	/* (C): the segment that fills the hole */
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 10, .has = TS, .tsval = 1050);
	EXPECT(ACK, .ack = PEER + 40);
	OPTION(tsecr, 1050);
}

TEST(echo_outside, "5.3, R2 before R3: a segment outside the window leaves TS.Recent alone")
{
	open_with(1000);
	RECV(ACK, .seq = PEER - 100, .ack = ME, .len = 10, .has = TS, .tsval = 9000);
	EXPECT(ACK, .ack = PEER);
	OPTION(tsecr, 1000);
	RECV(ACK, .seq = PEER + BUFFER + 100, .ack = ME, .len = 10, .has = TS, .tsval = 9000);
	EXPECT(ACK, .ack = PEER);
	OPTION(tsecr, 1000);
}

/* After a segment that goes no further than some check of 3.10.7.4, with a timestamp of the far
 * future: the next honest text is not old.
 */
static void still_hears(u32 next)
{
	VAR(ts_recent, 1000);
	STATE(ESTABLISHED);
	RECV(ACK, .seq = next, .ack = ME, .len = 10, .has = TS, .tsval = 1010);
	DROP(NONE);
	TEXT(0, 10);
	TICK(100);
	EXPECT(ACK, .ack = next + 10);
	OPTION(tsecr, 1010);
}

#define FAR	(1000u + (1u << 30))

TEST(blind_no_ack, "3.10.7.4 fifth: a segment without ACK is dropped, its timestamp with it")
{
	open_with(1000);
	RECV(PSH, .seq = PEER, .len = 10, .has = TS, .tsval = FAR);
	DROP(NO_ACK);
	still_hears(PEER);
}

TEST(blind_old_ack, "RFC 5961 5.2: so is one with an ACK older than the largest window")
{
	open_with(1000);
	RECV(ACK, .seq = PEER, .ack = ME - WINDOW - 1, .len = 10, .has = TS, .tsval = FAR);
	DROP(ACK_OLD);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	OPTION(tsecr, 1000);
	still_hears(PEER);
}

TEST(blind_future_ack, "3.10.7.4 fifth: and one that acknowledges what was not sent")
{
	open_with(1000);
	RECV(ACK, .seq = PEER - 5, .ack = ME + 1, .len = 10, .has = TS, .tsval = FAR);
	DROP(ACK_BEYOND);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	OPTION(tsecr, 1000);
	still_hears(PEER);
}

TEST(blind_syn, "RFC 5961 4.2: and a SYN that is challenged")
{
	open_with(1000);
	RECV(SYN, .seq = PEER, .has = TS, .tsval = FAR);
	DROP(SYN_SYNCHRONIZED);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	OPTION(tsecr, 1000);
	still_hears(PEER);
}

TEST(blind_crossed, "3.10.7.4 fifth: and the SYN,ACK of a simultaneous open with a wrong ACK")
{
	OFFER(0, 1, 0);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN, .seq = PEER_ISS, .mss = MSS, .has = TS, .tsval = 1000);
	EXPECT(SYN | ACK);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME + 7, .has = TS, .tsval = FAR);
	EXPECT(RST, .seq = ME + 7);
	STATE(SYN_RECEIVED);
	VAR(ts_recent, 1000);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .has = TS, .tsval = 1000,
	     .tsecr = STAMP(OPEN_AT));
	EXPECT(ACK);
	still_hears(PEER);
	T.log_count = 0;
}

TEST(trip_syn, "4.1: the SYN's round trip is measured by the echo")
{
	OFFER(0, 1, 0);
	CALL(open_active);
	EXPECT(SYN);
	TICK(300);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS, .has = TS, .tsval = 1,
	     .tsecr = STAMP(OPEN_AT + 100));
	EXPECT(ACK);
	VAR(srtt, 200 << 3);	/* RFC 6298 rule 2.2 */
	VAR(rttvar, 200 << 1);
	T.log_count = 0;
}

TEST(trip_again, "4.1: of a segment that was sent again, too, and of the copy that arrived")
{
	u32 sent;

	open_with(1000);
	VAR(srtt, 1);
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	TICK(200);
	EXPECT(ACK | PSH, .len = 10, .again = true);
	sent = T.env.now;
	OPTION(tsval, STAMP(sent));
	T.tcb.srtt = 0;		/* as if nothing had been measured */
	TICK(50);
	RECV(ACK, .seq = PEER, .ack = ME + 10, .has = TS, .tsval = 1010, .tsecr = STAMP(sent));
	VAR(srtt, 50 << 3);
	VAR(backoff, 0);
}

TEST(trip_backoff, "4.1: any echo that moves SND.UNA tells of it: RTO does not stay doubled")
{
	open_with(1000);
	T.tcb.tune.nodelay = 1;
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	/* Both are lost, the measurement is over, and nothing new is there to be sent. */
	T.tcb.timing = 0;
	TICK(200);
	EXPECT(ACK | PSH, .len = 20, .again = true);
	TICK(400);
	EXPECT(ACK | PSH, .len = 20, .again = true);
	VAR(backoff, 2);
	TICK(5);
	RECV(ACK, .seq = PEER, .ack = ME + 10, .has = TS, .tsval = 1010,
	     .tsecr = STAMP(T.env.now - 5));
	VAR(backoff, 0);
	VAR(rto, 200);	/* rto_min_ms */
}

TEST(trip_lost_ack, "5.3, R2: the ACK of a duplicate does not measure the timeout")
{
	u32 first;

	open_with(1000);
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	first = T.env.now;
	T.tcb.srtt = 0;		/* as if nothing had been measured */
	/* It arrives, and its ACK is lost. */
	TICK(200);
	EXPECT(ACK | PSH, .len = 10, .again = true);
	TICK(400);
	EXPECT(ACK | PSH, .len = 10, .again = true);
	TICK(5);
	RECV(ACK, .seq = PEER, .ack = ME + 10, .has = TS, .tsval = 1010, .tsecr = STAMP(first));
	VAR(srtt, 0);
	VAR(backoff, 2);
	/* What is sent next tells how long it takes. */
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	TICK(5);
	RECV(ACK, .seq = PEER, .ack = ME + 20, .has = TS, .tsval = 1020,
	     .tsecr = STAMP(T.env.now - 5));
	VAR(srtt, 5 << 3);
	VAR(backoff, 0);
}

/* SYN, SYN,ACK lost, SYN again: it is outside the peer's window, which answers with what it
 * has taken, the stamp of the first.
 */
TEST(trip_lost_syn_ack, "5.3, R2: the ACK of a SYN that came twice does not measure the timeout")
{
	u32 first;

	OFFER(0, 1, 0);
	CALL(open_active);
	EXPECT(SYN);
	first = T.env.now;
	TICK(1000);
	EXPECT(SYN, .again = true);
	TICK(10);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS, .has = TS, .tsval = 1,
	     .tsecr = STAMP(first));
	EXPECT(ACK);
	VAR(srtt, 0);
	VAR(rto, 3000);		/* RFC 6298 rule 5.7 */
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	TICK(10);
	RECV(ACK, .seq = PEER, .ack = ME + 10, .has = TS, .tsval = 11,
	     .tsecr = STAMP(T.env.now - 10));
	VAR(srtt, 10 << 3);
	VAR(rto, 200);
	T.log_count = 0;
}

/* RFC 7323 section 4.1: "only if the segment advances the left edge of the send window" */
TEST(trip_nothing_new, "4.1: what acknowledges nothing new does not measure our silence")
{
	u32 sent;

	open_with(1000);
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	sent = T.env.now;
	RECV(ACK, .seq = PEER, .ack = ME + 10, .wnd = 0, .has = TS, .tsval = 1000,
	     .tsecr = STAMP(sent));
	CALL(send, 10);
	TICK(200);
	EXPECT(ACK, .seq = ME + 10, .len = 1);
	VAR(backoff, 1);
	TICK(5);
	RECV(ACK, .seq = PEER, .ack = ME + 10, .wnd = 0, .has = TS, .tsval = 1200,
	     .tsecr = STAMP(T.env.now - 5));
	VAR(retries, 0);
	VAR(backoff, 1);
	VAR(srtt, 1);
	VAR(rto, 400);
	/* A text segment that was sent before the probe arrived */
	TICK(100);
	RECV(ACK, .seq = PEER, .ack = ME + 10, .wnd = 0, .len = 10, .has = TS, .tsval = 1250,
	     .tsecr = STAMP(sent));
	VAR(backoff, 1);
	VAR(srtt, 1);
	VAR(rto, 400);
	TICK(40);
	EXPECT(ACK, .ack = PEER + 10);
	/* When the byte is taken, that ends both */
	TICK(0);
	RECV(ACK, .seq = PEER + 10, .ack = ME + 11, .wnd = 0, .has = TS, .tsval = 1300,
	     .tsecr = STAMP(T.env.now - 8));
	VAR(backoff, 0);
	VAR(srtt, 1 + 8);	/* 7/8 and 1/8 8 ms; in 1/8 ms */
}

TEST(trip_karn, "RFC 6298 rule 3: without timestamps there is none")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	TICK(200);
	EXPECT(ACK | PSH, .len = 10, .again = true);
	T.tcb.srtt = 0;
	TICK(50);
	RECV(ACK, .seq = PEER, .ack = ME + 10);
	VAR(srtt, 0);
}

TEST(trip_lie, "an echo of the future is not believed, one of long ago within bounds")
{
	open_with(1000);
	T.tcb.srtt = 0;
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	RECV(ACK, .seq = PEER, .ack = ME + 10, .has = TS, .tsval = 1010,
	     .tsecr = STAMP(T.env.now + 1));
	VAR(srtt, 0);
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	RECV(ACK, .seq = PEER, .ack = ME + 20, .has = TS, .tsval = 1010,
	     .tsecr = STAMP(T.env.now - 0x7fffffffu));
	VAR(rto, 120000);	/* RFC 6298 rule 2.5 */
}

TEST(trip_once, "4.2: one measurement a window, or the weights of RFC 6298 would not hold")
{
	open_with(1000);
	T.tcb.srtt = 0;
	T.tcb.tune.nodelay = 1;
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	RECV(ACK, .seq = PEER, .ack = ME + 10, .has = TS, .tsval = 1010,
	     .tsecr = STAMP(T.env.now - 100));
	VAR(srtt, 100 << 3);
	RECV(ACK, .seq = PEER, .ack = ME + 20, .has = TS, .tsval = 1010,
	     .tsecr = STAMP(T.env.now - 900));
	VAR(srtt, 100 << 3);
}

/* RFC 6191 section 2: does a SYN that finds TIME-WAIT open the next connection? */
static void syn_finds_time_wait(bool before, bool now, u32 stamp, u32 seq, bool reopened)
{
	u8 has = before ? TS : 0;

	trace_reset();
	OFFER(0, 1, 0);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .has = has, .tsval = 1000);
	EXPECT(ACK);
	CALL(close);
	EXPECT(ACK | FIN);
	RECV(ACK | FIN, .seq = PEER, .ack = ME + 1, .has = has, .tsval = 2000);
	EXPECT(ACK, .ack = PEER + 1);
	STATE(TIME_WAIT);
	T.log_count = 0;
	RECV(SYN, .seq = seq, .has = now ? TS : 0, .tsval = stamp);
	if (reopened) {
		NO_TRANSITION();
		DID(REOPEN);
		SILENCE();
		STATE(TIME_WAIT);
		return;
	}
	STATE(TIME_WAIT);
	NO_TRANSITION();
	DID(CHALLENGE);
	EXPECT(ACK, .ack = PEER + 1);
}

TEST(time_wait_stamps, "RFC 6191 section 2: each of its cases")
{
	/* the last connection had timestamps, the next would, too */
	syn_finds_time_wait(true, true, 2001, PEER - 5000, true);
	syn_finds_time_wait(true, true, 2000 + 0x7fffffffu, PEER - 5000, true);
	syn_finds_time_wait(true, true, 2000, PEER + 1, true);
	syn_finds_time_wait(true, true, 2000, PEER, false);
	syn_finds_time_wait(true, true, 1999, PEER + 5000, false);
	/* it had, the next would not */
	syn_finds_time_wait(true, false, 0, PEER + 1, true);
	syn_finds_time_wait(true, false, 0, PEER, false);
	/* it had not, the next would */
	syn_finds_time_wait(false, true, 1, PEER - 5000, true);
	/* neither */
	syn_finds_time_wait(false, false, 0, PEER + 1, true);
	syn_finds_time_wait(false, false, 0, PEER, false);
}

TEST(time_wait_stamps_off, "RFC 6191 section 2: where they are off, those of a SYN mean nothing")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(ACK | FIN);
	RECV(ACK | FIN, .seq = PEER, .ack = ME + 1);
	EXPECT(ACK);
	T.log_count = 0;
	RECV(SYN, .seq = PEER - 100, .has = TS, .tsval = 9000);
	STATE(TIME_WAIT);
	EXPECT(ACK);
}
