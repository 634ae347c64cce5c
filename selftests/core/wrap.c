// SPDX-License-Identifier: GPL-2.0
/* Sequence numbers pass 2^32: RFC 9293 section 3.4. */
#include "trace.h"

#define LAST 0xffffffffu

/* Both sides' first byte of text is number 0. */
static void established_at_wrap(void)
{
	ISS(LAST);
	CALL(open_active);
	EXPECT(SYN, .seq = LAST);
	RECV(SYN | ACK, .seq = LAST, .ack = 0, .mss = MSS);
	EXPECT(ACK, .seq = 0, .ack = 0);
	STATE(ESTABLISHED);
}

TEST(wrap_arithmetic, "3.4: comparisons are modulo 2^32")
{
	CHECK(hstp_before(LAST, 0));
	CHECK(!hstp_before(0, LAST));
	CHECK(!hstp_before(5, 5));
	CHECK(hstp_after(1, LAST));
	CHECK(hstp_before(0x7fffffffu, 0x80000000u));
	CHECK(hstp_between(0, LAST, 1));
	CHECK(hstp_between(LAST, LAST, 1));
	CHECK(!hstp_between(1, LAST, 1));
	CHECK(!hstp_between(5, 5, 5));
	CHECK(hstp_seq_max(LAST, 3) == 3);
	CHECK(hstp_seq_max(3, LAST) == 3);
}

TEST(wrap_open, "the SYN is the last number, the text begins with 0")
{
	established_at_wrap();
	CALL(send, 10);
	EXPECT(ACK | PSH, .seq = 0, .len = 10);
	RECV(ACK, .seq = 0, .ack = 10, .len = 10);
	TEXT(0, 10);
	ACKED(10);
	CALL(close);
	EXPECT(FIN | ACK, .seq = 10, .ack = 10);
	RECV(FIN | ACK, .seq = 10, .ack = 11);
	EXPECT(ACK, .seq = 11, .ack = 11);
	STATE(TIME_WAIT);
}

TEST(wrap_open_passive, "the same, passively: ISS+1 and IRS+1 are 0")
{
	ISS(LAST);
	LISTENER_RECV(SYN, .seq = LAST, .mss = MSS);
	EXPECT(SYN | ACK, .seq = LAST, .ack = 0);
	/* SEG.ACK =< SND.UNA is not acceptable */
	RECV(ACK, .seq = 0, .ack = LAST);
	EXPECT(RST, .seq = LAST);
	RECV(ACK, .seq = 0, .ack = 0);
	STATE(ESTABLISHED);
}

TEST(wrap_text, "text that passes 2^32, its retransmission and its FIN")
{
	ISS(LAST - 500);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = LAST - 499, .mss = MSS);
	EXPECT(ACK);
	CALL(send, 1000);
	EXPECT(ACK | PSH, .seq = LAST - 499, .len = 1000);
	TICK(200);
	EXPECT(ACK | PSH, .seq = LAST - 499, .len = 1000, .again = true);
	RECV(ACK, .seq = PEER, .ack = LAST);
	SILENCE();	/* the rest is on its way; RFC 6298 5.3 and 5.5: RTO is 400 now */
	TICK(400);
	EXPECT(ACK | PSH, .seq = LAST, .len = 501, .again = true);
	CALL(close);
	EXPECT(FIN | ACK, .seq = 500);
	RECV(ACK, .seq = PEER, .ack = 501);
	STATE(FIN_WAIT_2);
}

TEST(wrap_fin, "the FIN is number 0")
{
	ISS(LAST - 10);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = LAST - 9);
	EXPECT(ACK);
	CALL(send, 10);
	EXPECT(ACK | PSH, .seq = LAST - 9, .len = 10);
	CALL(close);
	EXPECT(FIN | ACK, .seq = 0);
	RECV(ACK, .seq = PEER, .ack = 0);
	STATE(FIN_WAIT_1);
	RECV(ACK, .seq = PEER, .ack = 1);
	STATE(FIN_WAIT_2);
}

TEST(wrap_window, "a receive window that passes 2^32: left edge, inside, right edge")
{
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = LAST - 100, .ack = ME);
	EXPECT(ACK, .ack = LAST - 99);
	/* last number of the window */
	RECV(ACK, .seq = LAST - 99 + BUFFER - 1, .ack = ME, .len = 1);
	DID(HOLD);
	EXPECT(ACK, .ack = LAST - 99);
	/* first one outside */
	RECV(ACK, .seq = LAST - 99 + BUFFER, .ack = ME, .len = 1);
	DID_NOT(HOLD);
	EXPECT(ACK, .ack = LAST - 99);
	RECV(ACK, .seq = 0, .ack = ME, .len = 10);
	DID(HOLD);
	EXPECT(ACK, .ack = LAST - 99);
	RECV(ACK, .seq = LAST - 99, .ack = ME, .len = 100);
	DELIVERED(110);
	EXPECT(ACK, .ack = 10);
	RECV(RST, .seq = 10);
	SIGNAL(RESET);
}

TEST(wrap_send_4g, "more than 4 GiB sent: the numbers pass ISS again, nothing else does")
{
	u64 sent = 0;
	u32 seq = ME;

	T.tcb.mss = 60000;
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .wnd = 65535, .mss = 60000);
	EXPECT(ACK);
	/* the window is filled by halves: 3.8.6.2.1 */
	while (sent < 0x100010000ull) {
		CALL(send, 32767);
		EXPECT(ACK | PSH, .seq = seq, .len = 32767, .off = 0);
		seq += 32767;
		sent += 32767;
		RECV(ACK, .seq = PEER, .ack = seq, .wnd = 65535);
		ACKED(32767);
	}
	/* stop exactly where ISS is next: no SYN may come of it */
	STATE(ESTABLISHED);
	CHECK(hstp_after(seq, MY_ISS));
	CALL(close);
	EXPECT(FIN | ACK, .seq = seq);
}

TEST(wrap_iss_exactly, "SND.NXT is ISS again: text, not a SYN")
{
	u32 left = 0xffffffffu;	/* from ISS + 1 to ISS */
	u32 seq = ME, len;

	T.tcb.mss = 60000;
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .wnd = 65535, .mss = 60000);
	EXPECT(ACK);
	for (; left; left -= len) {
		len = left < 32767 ? left : 32767;
		CALL(send, len);
		EXPECT(ACK | PSH, .seq = seq, .len = len);
		seq += len;
		RECV(ACK, .seq = PEER, .ack = seq, .wnd = 65535);
	}
	VAR(snd_nxt, MY_ISS);
	CALL(send, 10);
	EXPECT(ACK | PSH, .seq = MY_ISS, .len = 10);
	TICK(200);
	EXPECT(ACK | PSH, .seq = MY_ISS, .len = 10, .again = true);
}

TEST(wrap_receive_4g, "more than 4 GiB received: the numbers pass IRS again")
{
	u64 got = 0;
	u32 seq = PEER;

	T.env.buffer = 65535;
	SPACE(65535);
	T.tcb.rcv_mss = 30000;
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(ACK);
	while (got < 0x100010000ull) {
		RECV(ACK, .seq = seq, .ack = ME, .len = 60000);
		TEXT(0, 60000);
		seq += 60000;
		got += 60000;
		EXPECT(ACK, .seq = ME, .ack = seq);
		T.env.space = 65535;
		CALL(receive);
		EXPECT(ACK, .wnd = 65535);
	}
	STATE(ESTABLISHED);
	DELIVERED((u32)got);
}
