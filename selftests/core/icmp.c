// SPDX-License-Identifier: GPL-2.0
/* What the network reports: RFC 9293 section 3.9.2.2, RFC 1191, RFC 5927. */
#include "trace.h"

TEST(hard_syn_sent, "SHLD-26: a hard error aborts a connection that is being opened")
{
	CALL(open_active);
	EXPECT(SYN);
	T.log_count = 0;
	HARD_ERROR();
	TRANSITION(SYN_SENT, CLOSED, ICMP);
	NO_TIMER();
}

TEST(hard_syn_received, "SHLD-26: in SYN-RECEIVED as well")
{
	PASSIVE_SYN_RECEIVED();
	HARD_ERROR();
	TRANSITION(SYN_RECEIVED, CLOSED, ICMP);
}

TEST(hard_established, "RFC 5927 4.1: a synchronized connection does not die of it")
{
	ESTABLISHED_CONNECTION();
	HARD_ERROR();
	STATE(ESTABLISHED);
	SILENCE();
	CALL(close);
	EXPECT(FIN | ACK);
	HARD_ERROR();
	STATE(FIN_WAIT_1);
}

TEST(hard_closed, "nor is there anything to abort in CLOSED and LISTEN")
{
	HARD_ERROR();
	STATE(CLOSED);
	CALL(open_passive);
	HARD_ERROR();
	STATE(LISTEN);
}

TEST(too_big, "RFC 1191 6.4: what was lost goes again at once, in smaller segments")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 2000);
	EXPECT(ACK, .len = 1000);
	EXPECT(ACK | PSH, .len = 1000);
	TOO_BIG(500);
	EXPECT(ACK | PSH, .seq = ME, .len = 500, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME + 500);
	/* As in slow start (RFC 5681 section 3.1), an ACK of all allows twice as much */
	EXPECT(ACK | PSH, .seq = ME + 500, .len = 500, .again = true);
	EXPECT(ACK | PSH, .seq = ME + 1000, .len = 500, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME + 1500);
	EXPECT(ACK | PSH, .seq = ME + 1500, .len = 500, .again = true);
	/* RFC 6298 5.5 is not for this: the timer did not go off */
	VAR(backoff, 0);
}

TEST(path_larger, "SHLD-6, RFC 1191 6.3: what was learnt is forgotten: up to the peer's MSS again")
{
	ESTABLISHED_CONNECTION();
	TOO_BIG(500);
	CHECK(hstp_path_limits(&T.tcb));
	CALL(send, 500);
	EXPECT(ACK | PSH, .len = 500);
	RECV(ACK, .seq = PEER, .ack = ME + 500);
	hstp_path_mss(&T.tcb, 800);
	CHECK(hstp_path_limits(&T.tcb));
	CALL(send, 1600);
	EXPECT(ACK, .len = 800);
	EXPECT(ACK | PSH, .len = 800);
	RECV(ACK, .seq = PEER, .ack = ME + 2100);
	hstp_path_mss(&T.tcb, 9000);
	CHECK(!hstp_path_limits(&T.tcb));
	CALL(send, 2000);
	EXPECT(ACK, .len = MSS);
	EXPECT(ACK | PSH, .len = MSS);
}

TEST(path_of_passive, "RFC 6928 2: the path that is known after the handshake bounds cwnd")
{
	PASSIVE_SYN_RECEIVED();
	RECV(ACK, .seq = PEER, .ack = ME);
	VAR(cwnd, 10 * MSS);
	hstp_path_mss(&T.tcb, 500);
	VAR(mss, 500);
	VAR(cwnd, 5000);
	T.log_count = 0;
}

TEST(too_big_idle, "with nothing out only the size changes")
{
	ESTABLISHED_CONNECTION();
	TOO_BIG(500);
	SILENCE();
	CALL(send, 1000);
	EXPECT(ACK, .len = 500);
	EXPECT(ACK | PSH, .len = 500);
}

TEST(too_big_waiting, "what was too little for a large segment may fill a small one")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 600);
	CALL(send, 900);
	SILENCE();
	TOO_BIG(500);
	EXPECT(ACK, .len = 500);
}

TEST(too_big_ignored, "a size that is no news, or none, or too early, is ignored")
{
	CALL(open_active);
	EXPECT(SYN);
	TOO_BIG(500);
	VAR(mss, MSS);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	CALL(send, 1000);
	EXPECT(ACK | PSH, .len = 1000);
	TOO_BIG(1000);
	TOO_BIG(2000);
	TOO_BIG(0);
	VAR(mss, MSS);
	SILENCE();
}
