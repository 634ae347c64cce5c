// SPDX-License-Identifier: GPL-2.0
/* Security level, compartment and precedence: RFC 793 section 3.4, reset generation, groups 2
 * and 3, and section 3.9, pages 66 to 71; RFC 9293 sections 3.10.7.2 to 3.10.7.4, third.
 */
#include "trace.h"

#define STRANGE(how)	(T.env.strange = (how))
#define OTHER		HSTP_STRANGE_SECURITY
#define ABOVE		HSTP_STRANGE_ABOVE
#define BELOW		HSTP_STRANGE_BELOW
#define MAY_RAISE	HSTP_STRANGE_MAY_RAISE

/* --- LISTEN (page 66) ----------------------------------------------------- */

TEST(security_listen, "RFC 793 page 66: another level than LISTEN's: reset, and LISTEN stays")
{
	CALL(open_passive);
	TRANSITION(CLOSED, LISTEN, OPEN_PASSIVE);
	STRANGE(OTHER);
	RECV(SYN, .seq = PEER_ISS, .len = 5);
	EXPECT(RST | ACK, .seq = 0, .ack = PEER_ISS + 6);
	STATE(LISTEN);
	NO_TRANSITION();
	DROP(SECURITY);
	RESET_OUT(SECURITY);
	STRANGE(0);
	RECV(SYN, .seq = PEER_ISS);
	EXPECT(SYN | ACK, .ack = PEER);
}

TEST(security_listener, "RFC 793 page 66: no copy of a listener for what is refused")
{
	STRANGE(OTHER);
	LISTENER_RECV(SYN, .seq = PEER_ISS);
	EXPECT(RST | ACK, .seq = 0, .ack = PEER_ISS + 1);
	NO_TRANSITION();
	CHECK(!T.forked);
	DROP(SECURITY);
}

TEST(security_listen_others, "RFC 793 page 66: RST and ACK are looked at before the level")
{
	STRANGE(OTHER);
	LISTENER_RECV(RST, .seq = PEER_ISS);
	DROP(LISTEN_RST);
	LISTENER_RECV(ACK, .seq = PEER_ISS, .ack = 77);
	EXPECT(RST, .seq = 77);
	DROP(LISTEN_ACK);
	LISTENER_RECV(FIN, .seq = PEER_ISS);
	DROP(LISTEN_NO_SYN);
}

TEST(precedence_listen_raised, "RFC 793 page 66: a higher precedence raises ours where allowed")
{
	STRANGE(ABOVE | MAY_RAISE);
	LISTENER_RECV(SYN, .seq = PEER_ISS);
	EXPECT(SYN | ACK, .ack = PEER);
	DID(RAISE);
}

TEST(precedence_listen_refused, "RFC 793 page 66: a higher precedence is else reset")
{
	STRANGE(ABOVE);
	LISTENER_RECV(SYN, .seq = PEER_ISS);
	EXPECT(RST | ACK, .seq = 0, .ack = PEER_ISS + 1);
	CHECK(!T.forked);
}

TEST(precedence_listen_lower, "RFC 793 page 66: a lower precedence goes on")
{
	STRANGE(BELOW | MAY_RAISE);
	LISTENER_RECV(SYN, .seq = PEER_ISS);
	EXPECT(SYN | ACK, .ack = PEER);
	DID_NOT(RAISE);
}

/* --- SYN-SENT (page 67) --------------------------------------------------- */

static void syn_sent(void)
{
	CALL(open_active);
	EXPECT(SYN, .seq = MY_ISS);
	TRANSITION(CLOSED, SYN_SENT, OPEN_ACTIVE);
}

TEST(security_syn_sent, "RFC 793 page 67: another level in SYN-SENT: reset, the state stays")
{
	syn_sent();
	STRANGE(OTHER);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(RST, .seq = ME);
	DROP(SECURITY);
	RECV(SYN, .seq = PEER_ISS);
	EXPECT(RST | ACK, .seq = 0, .ack = PEER);
	RECV(ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(RST, .seq = ME);
	STATE(SYN_SENT);
	NO_TRANSITION();
	STRANGE(0);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	STATE(ESTABLISHED);
}

TEST(security_syn_sent_rst, "RFC 793 page 67: a reset counts whatever its level")
{
	syn_sent();
	STRANGE(OTHER);
	RECV(RST | ACK, .seq = 0, .ack = ME);
	SIGNAL(REFUSED);
	STATE(CLOSED);
}

TEST(precedence_syn_ack, "RFC 793 page 67: a SYN,ACK must have our precedence")
{
	syn_sent();
	STRANGE(ABOVE | MAY_RAISE);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(RST, .seq = ME);
	STRANGE(BELOW);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(RST, .seq = ME);
	STATE(SYN_SENT);
}

TEST(precedence_syn, "RFC 793 page 67: of a SYN without ACK a higher one raises, a lower goes on")
{
	syn_sent();
	STRANGE(ABOVE);
	RECV(SYN, .seq = PEER_ISS);
	EXPECT(RST | ACK, .seq = 0, .ack = PEER);
	STATE(SYN_SENT);
	STRANGE(ABOVE | MAY_RAISE);
	RECV(SYN, .seq = PEER_ISS);
	EXPECT(SYN | ACK, .seq = MY_ISS, .ack = PEER);
	DID(RAISE);
	STATE(SYN_RECEIVED);
}

TEST(precedence_syn_lower, "RFC 793 page 67: a lower one is checked at the next segment")
{
	syn_sent();
	STRANGE(BELOW);
	RECV(SYN, .seq = PEER_ISS);
	EXPECT(SYN | ACK, .seq = MY_ISS, .ack = PEER);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(RST, .seq = ME);
	STATE(SYN_RECEIVED);
	STRANGE(0);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	STATE(ESTABLISHED);
}

/* --- SYN-RECEIVED (page 70) ----------------------------------------------- */

TEST(security_syn_received, "RFC 793 page 70: a mismatch in SYN-RECEIVED: reset, the state stays")
{
	static const u8 ways[] = { OTHER, ABOVE, ABOVE | MAY_RAISE, BELOW };

	PASSIVE_SYN_RECEIVED();
	for (unsigned int i = 0; i < sizeof(ways); i++) {
		STRANGE(ways[i]);
		RECV(ACK, .seq = PEER, .ack = ME);
		EXPECT(RST, .seq = ME);
		STATE(SYN_RECEIVED);
		DROP(SECURITY);
	}
	STRANGE(0);
	RECV(ACK, .seq = PEER, .ack = ME);
	STATE(ESTABLISHED);
}

/* --- synchronized states (page 71) ---------------------------------------- */

TEST(security_established, "RFC 793 page 71: a mismatch in ESTABLISHED: reset, the user is told")
{
	static const u8 ways[] = { OTHER, ABOVE, ABOVE | MAY_RAISE, BELOW };

	for (unsigned int i = 0; i < sizeof(ways); i++) {
		trace_reset();
		ESTABLISHED_CONNECTION();
		STRANGE(ways[i]);
		RECV(ACK | PSH, .seq = PEER, .ack = ME, .len = 3);
		EXPECT(RST, .seq = ME);
		SIGNAL(RESET);
		TRANSITION(ESTABLISHED, CLOSED, SECURITY);
		RESET_OUT(SECURITY);
		NO_TEXT();
	}
}

TEST(security_old, "RFC 793 page 71: a segment of an old connection does not end this one")
{
	ESTABLISHED_CONNECTION();
	STRANGE(OTHER);
	RECV(ACK | PSH, .seq = PEER - 100, .ack = ME, .len = 3);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	STATE(ESTABLISHED);
}

TEST(security_rst, "RFC 793 page 70: a reset is looked at before the level")
{
	ESTABLISHED_CONNECTION();
	STRANGE(OTHER);
	RECV(RST, .seq = PEER);
	SIGNAL(RESET);
	TRANSITION(ESTABLISHED, CLOSED, RST);
}

TEST(security_closing, "RFC 793 page 71: the same in the states of a connection that closes")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK, .seq = ME);
	STRANGE(BELOW);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	EXPECT(RST, .seq = ME + 1);
	SIGNAL(RESET);
	STATE(CLOSED);
}

TEST(security_time_wait, "no SYN of another level takes TIME-WAIT's place")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK, .seq = ME);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 1);
	STATE(TIME_WAIT);
	STRANGE(OTHER);
	RECV(SYN, .seq = PEER + 100000);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 1);
	STATE(TIME_WAIT);
	STRANGE(0);
	RECV(SYN, .seq = PEER + 100000);
	DID(REOPEN);
}
