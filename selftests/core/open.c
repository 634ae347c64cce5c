// SPDX-License-Identifier: GPL-2.0
/* Opening a connection: the figures of RFC 9293 section 3.5. */
#include "trace.h"

TEST(open_active, "figure 6, peer A: three-way handshake and data")
{
	ISS(100);
	CALL(open_active);
	EXPECT(SYN, .seq = 100, .ack = 0, .mss = MSS);
	TRANSITION(CLOSED, SYN_SENT, OPEN_ACTIVE);
	STATE(SYN_SENT);

	RECV(SYN | ACK, .seq = 300, .ack = 101, .mss = MSS);
	TRANSITION(SYN_SENT, ESTABLISHED, SYN_ACK);
	DID(OPENED);
	EXPECT(ACK, .seq = 101, .ack = 301, .mss = 0);

	CALL(send, 10);
	EXPECT(ACK | PSH, .seq = 101, .ack = 301, .len = 10, .off = 0);
	RECV(ACK, .seq = 301, .ack = 111);
	ACKED(10);
	SILENCE();
	STATE(ESTABLISHED);
	NO_TIMER();
}

TEST(open_passive, "figure 6, peer B: three-way handshake and data")
{
	ISS(300);
	LISTENER_RECV(SYN, .seq = 100, .mss = MSS);
	CHECK(T.forked);
	TRANSITION(CLOSED, LISTEN, FORK);
	TRANSITION(LISTEN, SYN_RECEIVED, SYN);
	EXPECT(SYN | ACK, .seq = 300, .ack = 101, .mss = MSS);

	RECV(ACK, .seq = 101, .ack = 301);
	TRANSITION(SYN_RECEIVED, ESTABLISHED, ACK);
	DID(OPENED);
	SILENCE();

	RECV(ACK | PSH, .seq = 101, .ack = 301, .len = 10);
	TEXT(0, 10);
	TICK(40);
	EXPECT(ACK, .seq = 301, .ack = 111);
	STATE(ESTABLISHED);
}
