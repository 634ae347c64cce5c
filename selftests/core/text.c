// SPDX-License-Identifier: GPL-2.0
/* Text that arrives: order, gaps, delayed ACKs; RFC 9293 3.10.7.4 and 3.8.6.3. */
#include "trace.h"

TEST(delayed_ack, "SHLD-18, MUST-40: one segment's ACK waits, less than 0.5 s")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 1000);
	SILENCE();
	TICK(39);
	SILENCE();
	TICK(1);
	EXPECT(ACK, .seq = ME, .ack = PEER + 1000);
	NO_TIMER();
}

TEST(delayed_ack_second, "SHLD-19: every second full-sized segment is acknowledged at once")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 1000);
	SILENCE();
	RECV(ACK, .seq = PEER + 1000, .ack = ME, .len = 1000);
	EXPECT(ACK, .ack = PEER + 2000);
	NO_TIMER();
}

TEST(delayed_ack_not_postponed, "MUST-40: more small segments do not postpone it")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 1000);
	TICK(30);
	RECV(ACK, .seq = PEER + 1000, .ack = ME, .len = 10);
	SILENCE();
	TICK(10);
	EXPECT(ACK, .ack = PEER + 1010);
}

TEST(delayed_ack_small_peer, "SHLD-19: full-sized is what the peer can send, not what we asked for")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 100);
	SILENCE();
	RECV(ACK, .seq = PEER + 100, .ack = ME, .len = 100);
	EXPECT(ACK, .ack = PEER + 200);
}

TEST(gap_filled_in_part, "RFC 5681 4.2: a gap that is filled in part is reported at once")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER + 200, .ack = ME, .len = 100);
	EXPECT(ACK, .ack = PEER);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 100);
	EXPECT(ACK, .ack = PEER + 100);
}

TEST(delayed_ack_piggyback, "3.10.7.4 seventh: the ACK rides on text")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	CALL(send, 5);
	EXPECT(ACK | PSH, .seq = ME, .ack = PEER + 10, .len = 5);
	RECV(ACK, .seq = PEER + 10, .ack = ME + 5);
	NO_TIMER();
}

TEST(gap, "SHLD-31: text after a gap is held, and acknowledged when the gap is filled")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 10);
	DID(HOLD);
	TEXT(0, 10);
	EXPECT(ACK, .ack = PEER);
	DELIVERED(0);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	DELIVERED(20);
	EXPECT(ACK, .ack = PEER + 20);
}

TEST(gap_two, "two gaps, filled one after the other")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER + 30, .ack = ME, .len = 10);
	EXPECT(ACK, .ack = PEER);
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 10);
	EXPECT(ACK, .ack = PEER);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	EXPECT(ACK, .ack = PEER + 20);
	DELIVERED(20);
	RECV(ACK, .seq = PEER + 20, .ack = ME, .len = 10);
	EXPECT(ACK, .ack = PEER + 40);
	DELIVERED(40);
}

TEST(gap_overlap, "held text that overlaps is delivered once")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 20);
	EXPECT(ACK, .ack = PEER);
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 5);
	EXPECT(ACK, .ack = PEER);
	RECV(ACK, .seq = PEER + 20, .ack = ME, .len = 20);
	EXPECT(ACK, .ack = PEER);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 15);
	EXPECT(ACK, .ack = PEER + 40);
	DELIVERED(40);
	SAME("held", T.held_count, 0);
}

TEST(gap_fin, "held text that ends with a FIN: EOF when the gap is filled")
{
	ESTABLISHED_CONNECTION();
	T.log_count = 0;
	RECV(FIN | ACK, .seq = PEER + 10, .ack = ME, .len = 10);
	DID(HOLD);
	DID(HOLD_FIN);
	DID_NOT(EOF);
	EXPECT(ACK, .ack = PEER);
	STATE(ESTABLISHED);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	DID(EOF);
	DELIVERED(20);
	TRANSITION(ESTABLISHED, CLOSE_WAIT, FIN);
	EXPECT(ACK, .ack = PEER + 21);
}

TEST(gap_fin_alone, "a FIN without text is held too")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER + 10, .ack = ME);
	DID(HOLD);
	DID(HOLD_FIN);
	EXPECT(ACK, .ack = PEER);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	DID(EOF);
	EXPECT(ACK, .ack = PEER + 11);
	STATE(CLOSE_WAIT);
}

TEST(gap_fin_twice, "held twice, a FIN counts once")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER + 10, .ack = ME, .len = 10);
	EXPECT(ACK, .ack = PEER);
	RECV(FIN | ACK, .seq = PEER + 15, .ack = ME, .len = 5);
	EXPECT(ACK, .ack = PEER);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	EXPECT(ACK, .ack = PEER + 21);
	DELIVERED(20);
	STATE(CLOSE_WAIT);
	SAME("held", T.held_count, 0);
}

TEST(gap_fin_wait, "in FIN-WAIT-2 a held FIN leads to TIME-WAIT")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(FIN | ACK, .seq = PEER + 10, .ack = ME + 1, .len = 10);
	EXPECT(ACK, .ack = PEER);
	STATE(FIN_WAIT_2);
	RECV(ACK, .seq = PEER, .ack = ME + 1, .len = 10);
	EXPECT(ACK, .ack = PEER + 21);
	STATE(TIME_WAIT);
	DELIVERED(20);
}

TEST(gap_known_text_fin, "held text that came otherwise, and the FIN behind it")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER + 10, .ack = ME, .len = 10);
	EXPECT(ACK, .ack = PEER);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 20);
	DID(EOF);
	DELIVERED(20);
	EXPECT(ACK, .ack = PEER + 21);
}

TEST(fin_with_text_twice, "text and FIN that straddle RCV.NXT: only the new part")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	RECV(FIN | ACK, .seq = PEER, .ack = ME, .len = 15);
	TEXT(10, 5);
	DID(EOF);
	EXPECT(ACK, .ack = PEER + 16);
	STATE(CLOSE_WAIT);
}

TEST(fin_at_edge, "text up to the right edge: its FIN is outside and comes again")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER, .ack = ME, .len = BUFFER);
	TEXT(0, BUFFER);
	DID_NOT(EOF);
	EXPECT(ACK, .ack = PEER + BUFFER, .wnd = 0);
	/* with the window closed it is not acceptable */
	RECV(FIN | ACK, .seq = PEER + BUFFER, .ack = ME);
	DID_NOT(EOF);
	EXPECT(ACK, .ack = PEER + BUFFER, .wnd = 0);
	READ(BUFFER);
	EXPECT(ACK, .wnd = BUFFER);
	RECV(FIN | ACK, .seq = PEER + BUFFER, .ack = ME);
	DID(EOF);
	EXPECT(ACK, .ack = PEER + BUFFER + 1);
	STATE(CLOSE_WAIT);
}

TEST(after_fin, "3.10.7.4 seventh, CLOSE-WAIT: text past the FIN is ignored")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER, .ack = ME);
	EXPECT(ACK);
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	RECV(ACK, .seq = PEER + 1, .ack = ME + 10, .len = 5);
	NO_TEXT();
	DROP(AFTER_FIN);
	ACKED(10);
	SILENCE();
}

TEST(half_full_ack, "3.8.6.3: with a huge segment size half a window is acknowledged at once")
{
	T.env.buffer = 65535;
	SPACE(65535);
	T.tcb.rcv_mss = 65000;
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(ACK);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 32000);
	SILENCE();
	RECV(ACK, .seq = PEER + 32000, .ack = ME, .len = 1000);
	EXPECT(ACK, .ack = PEER + 33000);
}

/* Text that was invited, and no memory for it. */
static void refused(void)
{
	ESTABLISHED_CONNECTION();
	T.env.no_room = HSTP_DROP_MEMORY_LIMIT;
	RECV(ACK, .seq = PEER, .ack = ME, .len = 1000);
	DROP(MEMORY_LIMIT);
	DID_NOT(TEXT);
	DID(SHUT);
	EXPECT(ACK, .seq = ME, .ack = PEER, .wnd = 0);
}

TEST(shut, "3.8.6: text without memory: the peer is told of no window, and of its end by RECEIVE")
{
	refused();
	/* what is sent meanwhile says the same */
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10, .wnd = 0);
	CALL(receive);
	SILENCE();
	T.env.no_room = HSTP_DROP_NONE;
	CALL(receive);
	EXPECT(ACK, .ack = PEER, .wnd = BUFFER);
	CALL(receive);
	SILENCE();
	RECV(ACK, .seq = PEER, .ack = ME + 10, .len = 1000);
	TEXT(0, 1000);
	VAR(rcv_nxt, PEER + 1000);
	TICK(40);
	EXPECT(ACK, .ack = PEER + 1000, .wnd = BUFFER - 1000);
}

TEST(shut_honours, "RFC 7323 2.4: all that was in the window stays acceptable when it shrinks")
{
	refused();
	/* ACKs of a peer that has filled the window: with number and text from its edge */
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10, .wnd = 0);
	RECV(ACK, .seq = PEER + BUFFER, .ack = ME + 10);
	VAR(snd_una, ME + 10);
	SILENCE();
	/* what was out, in order, and there is memory again */
	T.env.no_room = HSTP_DROP_NONE;
	RECV(ACK, .seq = PEER + 1000, .ack = ME + 10, .len = 500);
	DID(HOLD);
	EXPECT(ACK, .ack = PEER, .wnd = BUFFER);
	RECV(ACK, .seq = PEER, .ack = ME + 10, .len = 1);
	TEXT(0, 1);
	VAR(rcv_nxt, PEER + 1);
	EXPECT(ACK, .ack = PEER + 1);
	/* its reset */
	RECV(RST, .seq = PEER + 5000);
	RESET_IN(CHALLENGED);
	EXPECT(ACK, .ack = PEER + 1);
}

TEST(shut_probed, "MUST-37: a probe is answered with no window as long as there is no memory")
{
	u32 i;

	refused();
	for (i = 0; i < 20; i++) {
		RECV(ACK, .seq = PEER, .ack = ME, .len = 1);
		DROP(MEMORY_LIMIT);
		EXPECT(ACK, .ack = PEER, .wnd = 0);
	}
	T.env.no_room = HSTP_DROP_NONE;
	RECV(ACK, .seq = PEER, .ack = ME, .len = 1);
	TEXT(0, 1);
	TICK(40);
	EXPECT(ACK, .ack = PEER + 1, .wnd = BUFFER - 1);
}

TEST(shut_not, "3.8.6: text behind a gap is dropped without memory, the window is not shut for it")
{
	ESTABLISHED_CONNECTION();
	T.env.no_room = HSTP_DROP_MEMORY_LIMIT;
	RECV(ACK, .seq = PEER + 1000, .ack = ME, .len = 1000);
	DROP(MEMORY_LIMIT);
	EXPECT(ACK, .ack = PEER, .wnd = BUFFER);
	/* nor is a FIN without text refused */
	RECV(FIN | ACK, .seq = PEER, .ack = ME);
	EXPECT(ACK, .ack = PEER + 1);
	STATE(CLOSE_WAIT);
}

TEST(no_room, "3.10.7.4 seventh: text without room is left to the peer, its ACK counts")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	T.env.no_room = HSTP_DROP_RECEIVE_LIMIT;
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 10, .len = 100);
	DROP(RECEIVE_LIMIT);
	DID_NOT(TEXT);
	DID_NOT(EOF);
	EXPECT(ACK, .seq = ME + 10, .ack = PEER);
	VAR(snd_una, ME + 10);
	STATE(ESTABLISHED);
	T.env.no_room = HSTP_DROP_NONE;
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 10, .len = 100);
	TEXT(0, 100);
	EXPECT(ACK, .ack = PEER + 101);
	STATE(CLOSE_WAIT);
}
