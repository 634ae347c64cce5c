// SPDX-License-Identifier: GPL-2.0
/* Opening a connection: the figures of RFC 9293 section 3.5. */
#include "trace.h"

#include <string.h>

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

TEST(open_text_on_third, "figure 6: text already on the third segment is delivered")
{
	PASSIVE_SYN_RECEIVED();
	RECV(ACK | PSH, .seq = PEER, .ack = ME, .len = 10);
	STATE(ESTABLISHED);
	TEXT(0, 10);
	DELIVERED(10);
	TICK(40);
	EXPECT(ACK, .seq = ME, .ack = PEER + 10);
}

TEST(open_simultaneous, "figure 7, peer A (MUST-10): simultaneous open")
{
	ISS(100);
	CALL(open_active);
	EXPECT(SYN, .seq = 100);
	TRANSITION(CLOSED, SYN_SENT, OPEN_ACTIVE);
	/* line 3 and 5 */
	RECV(SYN, .seq = 300, .mss = MSS);
	TRANSITION(SYN_SENT, SYN_RECEIVED, SYN);
	EXPECT(SYN | ACK, .seq = 100, .ack = 301, .mss = MSS);
	/* line 6 */
	RECV(SYN | ACK, .seq = 300, .ack = 101, .mss = MSS);
	TRANSITION(SYN_RECEIVED, ESTABLISHED, ACK);
	DID(OPENED);
	EXPECT(ACK, .seq = 101, .ack = 301);
	NO_TIMER();
}

TEST(open_simultaneous_lost, "figure 7: the peer's SYN-ACK is lost, ours is sent again")
{
	ACTIVE_SYN_RECEIVED();
	TICK(1000);
	EXPECT(SYN | ACK, .seq = MY_ISS, .ack = PEER, .again = true);
	/* the peer is ESTABLISHED: it answers with an ACK (3.10.7.4 fourth) */
	RECV(ACK, .seq = PEER, .ack = ME);
	TRANSITION(SYN_RECEIVED, ESTABLISHED, ACK);
}

TEST(open_simultaneous_text, "figure 7: text queued in SYN-SENT goes when it is open")
{
	CALL(open_active);
	EXPECT(SYN);
	CALL(send, 10);
	SILENCE();
	RECV(SYN, .seq = PEER_ISS, .mss = MSS);
	EXPECT(SYN | ACK);
	CALL(send, 5);
	SILENCE();
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK | PSH, .seq = ME, .ack = PEER, .len = 15, .off = 0);
	RECV(ACK, .seq = PEER, .ack = ME + 15);
	ACKED(15);
}

TEST(old_duplicate_syn_b, "figure 8, peer B: old duplicate SYN, RST, back to LISTEN")
{
	ISS(300);
	LISTENER_RECV(SYN, .seq = 90);
	EXPECT(SYN | ACK, .seq = 300, .ack = 91);
	T.log_count = 0;
	/* line 5 */
	RECV(RST, .seq = 91);
	TRANSITION(SYN_RECEIVED, LISTEN, RST);
	TRANSITION(LISTEN, CLOSED, MERGE);
	RESET_IN(TO_LISTEN);
	NO_TIMER();
	/* line 6: the real SYN */
	ISS(400);
	LISTENER_RECV(SYN, .seq = 100);
	EXPECT(SYN | ACK, .seq = 400, .ack = 101);
	RECV(ACK, .seq = 101, .ack = 401);
	STATE(ESTABLISHED);
}

TEST(old_duplicate_syn_a, "figure 8, peer A: the wrong ACK is answered with RST")
{
	ISS(100);
	CALL(open_active);
	EXPECT(SYN, .seq = 100);
	/* lines 4 and 5 */
	RECV(SYN | ACK, .seq = 300, .ack = 91);
	EXPECT(RST, .seq = 91);
	RESET_OUT(SYN_SENT_ACK);
	STATE(SYN_SENT);
	/* lines 7 and 8 */
	RECV(SYN | ACK, .seq = 400, .ack = 101);
	EXPECT(ACK, .seq = 101, .ack = 401);
	STATE(ESTABLISHED);
}

TEST(old_duplicate_syn_overtaken, "figure 8, variant: the real SYN arrives before the RST")
{
	ISS(300);
	LISTENER_RECV(SYN, .seq = 90);
	EXPECT(SYN | ACK, .seq = 300, .ack = 91);
	T.log_count = 0;
	/* 3.10.7.4 fourth, SYN-RECEIVED: a SYN in the window, passive OPEN */
	RECV(SYN, .seq = 100);
	TRANSITION(SYN_RECEIVED, LISTEN, BAD_SYN);
	TRANSITION(LISTEN, CLOSED, MERGE);
	/* the RST finds the listener, which ignores it (3.10.7.2 first) */
	LISTENER_RECV(RST, .seq = 91);
	DROP(LISTEN_RST);
	/* the SYN again, by A's timer */
	LISTENER_RECV(SYN, .seq = 100);
	EXPECT(SYN | ACK, .seq = 300, .ack = 101);
}

TEST(half_open_a, "figure 9, peer A: ACK of the old window in SYN-SENT, RST, SYN again")
{
	ISS(400);
	CALL(open_active);
	EXPECT(SYN, .seq = 400);
	RECV(ACK, .seq = 300, .ack = 100);
	EXPECT(RST, .seq = 100);
	STATE(SYN_SENT);
	/* line 7 */
	TICK(1000);
	EXPECT(SYN, .seq = 400, .again = true);
}

TEST(half_open_b, "figure 9, peer B: SYN outside the window, ACK, RST, abort")
{
	ESTABLISHED_CONNECTION();
	RECV(SYN, .seq = PEER - 1000);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	STATE(ESTABLISHED);
	RECV(RST, .seq = PEER);
	SIGNAL(RESET);
	TRANSITION(ESTABLISHED, CLOSED, RST);
	RESET_IN(SYNCHRONIZED);
}

TEST(half_open_active, "figure 10: text to a peer that has forgotten, RST, abort")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 10);
	EXPECT(ACK | PSH, .seq = ME, .ack = PEER, .len = 10);
	RECV(RST, .seq = PEER);
	SIGNAL(RESET);
	STATE(CLOSED);
	NO_TIMER();
}

TEST(half_open_no_tcb, "figure 10, peer A: no connection, RST from the ACK field")
{
	RECV(ACK, .seq = 300, .ack = 100, .len = 10);
	EXPECT(RST, .seq = 100, .ack = 0);
	DROP(NO_CONNECTION);
	RESET_OUT(NO_CONNECTION);
}

TEST(two_passive, "figure 11: old duplicate SYN on two passive sockets")
{
	/* peer B, lines 2 to 5; Z is 70, X is 300 */
	ISS(300);
	LISTENER_RECV(SYN, .seq = 70);
	EXPECT(SYN | ACK, .seq = 300, .ack = 71);
	T.log_count = 0;
	RECV(RST, .seq = 71);
	TRANSITION(SYN_RECEIVED, LISTEN, RST);
	TRANSITION(LISTEN, CLOSED, MERGE);
	/* peer A, lines 3 and 4 */
	LISTENER_RECV(SYN | ACK, .seq = 300, .ack = 71);
	CHECK(!T.forked);
	EXPECT(RST, .seq = 71);
	DROP(LISTEN_ACK);
	RESET_OUT(LISTEN_ACK);
}

TEST(refused, "3.10.7.3: SYN to a closed port is refused")
{
	CALL(open_active);
	EXPECT(SYN);
	RECV(RST | ACK, .seq = 0, .ack = ME);
	SIGNAL(REFUSED);
	STATE(CLOSED);
	RESET_IN(SYN_SENT);
}

TEST(syn_ack_text_fin, "3.10.7.3 fourth: SYN-ACK with text and FIN goes on at the sixth step")
{
	CALL(open_active);
	EXPECT(SYN);
	TRANSITION(CLOSED, SYN_SENT, OPEN_ACTIVE);
	RECV(SYN | FIN | ACK, .seq = PEER_ISS, .ack = ME, .len = 10);
	TRANSITION(SYN_SENT, ESTABLISHED, SYN_ACK);
	TRANSITION(ESTABLISHED, CLOSE_WAIT, FIN);
	TEXT(0, 10);
	DID(EOF);
	EXPECT(ACK, .seq = ME, .ack = PEER + 11);
}

TEST(syn_ack_urgent, "3.10.7.3 fourth: SYN-ACK with URG goes on at the sixth step")
{
	CALL(open_active);
	EXPECT(SYN);
	/* The pointer counts from the number of the SYN (section 3.1). */
	RECV(SYN | ACK | URG, .seq = PEER_ISS, .ack = ME, .len = 3, .up = 4);
	DID(URGENT);
	VAR(urgent_in, 1);
	VAR(rcv_up, PEER + 3);
	TEXT(0, 3);
	EXPECT(ACK, .seq = ME, .ack = PEER + 3);
}

TEST(syn_ack_urgent_no_text, "3.10.7.3 fourth: a pointer at the SYN itself says nothing")
{
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK | URG, .seq = PEER_ISS, .ack = ME, .up = 1);
	DID_NOT(URGENT);
	VAR(urgent_in, 0);
	EXPECT(ACK, .seq = ME, .ack = PEER);
}

TEST(syn_text_kept, "3.10.7.2 third: text on a SYN is kept until ESTABLISHED, and not acknowledged")
{
	LISTENER_RECV(SYN, .seq = PEER_ISS, .len = 10, .mss = MSS);
	EXPECT(SYN | ACK, .ack = PEER);
	DELIVERED(0);
	RECV(ACK, .seq = PEER, .ack = ME);
	DELIVERED(10);
	EXPECT(ACK, .ack = PEER + 10);
}

TEST(syn_text_again, "3.10.7.2 third: what comes again, or goes on, is not delivered twice")
{
	LISTENER_RECV(SYN, .seq = PEER_ISS, .len = 10, .mss = MSS);
	EXPECT(SYN | ACK, .ack = PEER);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 15);
	DELIVERED(15);
	TICK(40);
	EXPECT(ACK, .ack = PEER + 15);
	trace_reset();
	LISTENER_RECV(SYN, .seq = PEER_ISS, .len = 10, .mss = MSS);
	EXPECT(SYN | ACK, .ack = PEER);
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 5);
	DELIVERED(15);
	EXPECT(ACK, .ack = PEER + 15);
}

TEST(syn_text_fin, "3.10.7.2 third: a FIN of a SYN is processed after ESTABLISHED")
{
	LISTENER_RECV(SYN | FIN, .seq = PEER_ISS, .len = 10, .mss = MSS);
	EXPECT(SYN | ACK, .ack = PEER);
	RECV(ACK, .seq = PEER, .ack = ME);
	DELIVERED(10);
	DID(EOF);
	EXPECT(ACK, .ack = PEER + 11);
	STATE(CLOSE_WAIT);
}

TEST(syn_text_too_much, "3.10.7.2 third: no more of it than the window that is offered")
{
	SPACE(1500);
	LISTENER_RECV(SYN | FIN, .seq = PEER_ISS, .len = 2000, .mss = MSS);
	EXPECT(SYN | ACK, .ack = PEER, .wnd = 1500);
	RECV(ACK, .seq = PEER, .ack = ME);
	DELIVERED(1500);
	DID_NOT(EOF);
	EXPECT(ACK, .ack = PEER + 1500);
	STATE(ESTABLISHED);
}

TEST(syn_text_reset, "3.10.7.2 third: nothing of an attempt that is reset is delivered")
{
	LISTENER_RECV(SYN, .seq = PEER_ISS, .len = 10, .mss = MSS);
	EXPECT(SYN | ACK, .ack = PEER);
	RECV(RST, .seq = PEER);
	DELIVERED(0);
	STATE(CLOSED);
}

TEST(syn_text_unwanted, "3.6.1, SHLD-3: text on a SYN that nobody will read resets")
{
	CALL(open_active);
	EXPECT(SYN, .seq = MY_ISS);
	RECV(SYN, .seq = PEER_ISS, .len = 10, .mss = MSS);
	EXPECT(SYN | ACK, .seq = MY_ISS, .ack = PEER);
	CALL(send, 5);
	CALL(leave, false);
	SILENCE();
	RECV(ACK, .seq = PEER, .ack = ME);
	DELIVERED(0);
	EXPECT(RST, .seq = ME);
	RESET_OUT(LATE_TEXT);
	STATE(CLOSED);
}

TEST(syn_fin_left, "3.10.7.4 eighth: the FIN of a SYN counts although nobody reads any more")
{
	CALL(open_active);
	EXPECT(SYN, .seq = MY_ISS);
	RECV(SYN | FIN, .seq = PEER_ISS, .mss = MSS);
	EXPECT(SYN | ACK, .seq = MY_ISS, .ack = PEER);
	CALL(send, 5);
	CALL(leave, false);
	SILENCE();
	RECV(ACK, .seq = PEER, .ack = ME);
	EXPECT(PSH | FIN | ACK, .seq = ME, .len = 5, .ack = PEER + 1);
	STATE(CLOSING);
}

TEST(syn_text_crossed, "3.10.7.3 fourth: the same where both ends open at once")
{
	CALL(open_active);
	EXPECT(SYN, .seq = MY_ISS);
	RECV(SYN, .seq = PEER_ISS, .len = 10, .mss = MSS);
	EXPECT(SYN | ACK, .seq = MY_ISS, .ack = PEER);
	DELIVERED(0);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	DELIVERED(10);
	EXPECT(ACK, .ack = PEER + 10);
	STATE(ESTABLISHED);
}

/* 3.10.7.4 first: "an acknowledgment should be sent in reply". */
TEST(ack_war, "RFC 5961 section 7: ACKs outside the window are answered within the limit")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER - 5, .ack = ME);
	DROP(SEQ);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	RECV(ACK, .seq = PEER - 5, .ack = ME);
	DROP(SEQ);
	DID(CHALLENGE);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	/* What has text, or a FIN, is repeated by the peer until it is acknowledged */
	RECV(ACK | PSH, .seq = PEER - 10, .ack = ME, .len = 10);
	DID_NOT(CHALLENGE);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	RECV(ACK | FIN, .seq = PEER + BUFFER, .ack = ME);
	DID_NOT(CHALLENGE);
	EXPECT(ACK, .seq = ME, .ack = PEER);
}

/* Section 3.8.4: a keep-alive probe has SEG.SEQ = SND.NXT - 1. Its answer is no challenge, of
 * which a stranger can use up what all connections have.
 */
TEST(probes_answered, "MUST-29, MUST-37: twice a second a probe without text is answered")
{
	int i;

	ESTABLISHED_CONNECTION();
	for (i = 0; i < 300; i++) {
		RECV(ACK, .seq = PEER - 1, .ack = ME);
		DROP(SEQ);
		DID_NOT(CHALLENGE);
		EXPECT(ACK, .seq = ME, .ack = PEER);
		TICK(499);
		RECV(ACK, .seq = PEER - 1, .ack = ME);
		DID(CHALLENGE);
		DID(LIMIT);
		EXPECT(ACK, .seq = ME, .ack = PEER);
		TICK(1);
	}
}

/* A peer that has forgotten the connection may say so but once, by a reset that is not exact; that
 * of a handshake whose third segment was lost by its SYN,ACK, which is no use to anybody else.
 */
TEST(challenges_sent, "RFC 5961: twice a second a challenge is not limited by what others do")
{
	static const struct {
		u8 flags;
		u32 seq, ack;
	} honest[] = {
		{ RST, PEER + 10, ME },			/* section 3.2 */
		{ SYN | ACK, PEER_ISS, ME },		/* section 4.2 */
		{ SYN, PEER + 10, 0 },
		{ ACK, PEER, ME + 1 },			/* section 5.2 */
	};
	unsigned int i, k;

	ESTABLISHED_CONNECTION();
	for (i = 0; i < 4; i++) {
		for (k = 0; k < 2; k++) {
			RECV(honest[i].flags, .seq = honest[i].seq, .ack = honest[i].ack);
			DID(CHALLENGE);
			if (k)
				DID(LIMIT);
			else
				DID_NOT(LIMIT);
			EXPECT(ACK, .seq = ME, .ack = PEER);
			TICK(k ? 1 : 499);
		}
	}
	STATE(ESTABLISHED);
}

TEST(probes_of_records, "RFC 5961 section 7: what is only a record answers within the limit of all")
{
	PASSIVE_SYN_RECEIVED();
	RECV(ACK, .seq = PEER - 1, .ack = ME);
	DID(CHALLENGE);
	DID(LIMIT);
	EXPECT(ACK, .seq = ME, .ack = PEER);
}

TEST(syn_ack_lost, "the SYN again finds SYN-RECEIVED: the SYN-ACK again")
{
	PASSIVE_SYN_RECEIVED();
	RECV(SYN, .seq = PEER_ISS, .mss = MSS);
	EXPECT(SYN | ACK, .seq = MY_ISS, .ack = PEER, .again = true);
	STATE(SYN_RECEIVED);
}

TEST(third_lost, "the third segment is lost: the SYN-ACK again is acknowledged again")
{
	ESTABLISHED_CONNECTION();
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	DID(CHALLENGE);	/* RFC 5961 section 4: whatever its number */
	EXPECT(ACK, .seq = ME, .ack = PEER);
	STATE(ESTABLISHED);
}

TEST(mss_smaller, "MUST-14, MUST-16: no segment is larger than the peer's MSS")
{
	CALL(open_active);
	EXPECT(SYN, .mss = MSS);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = 600);
	EXPECT(ACK);
	CALL(send, 1200);
	EXPECT(ACK, .seq = ME, .len = 600);
	EXPECT(ACK | PSH, .seq = ME + 600, .len = 600, .off = 600);
}

TEST(mss_larger, "3.7.1: the peer's MSS is no leave to send more than the path takes")
{
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = 9000);
	EXPECT(ACK);
	VAR(mss, MSS);
}

/* Section 3.7.1: Eff.snd.MSS = min(SendMSS + 20, MMS_S) - TCPhdrsize - IPoptionsize */
static void opens_with(u32 words, bool stamps, u32 theirs, u32 eff)
{
	trace_reset();
	hstp_path_options(&T.tcb, words);
	OFFER(0, stamps, 0);
	CALL(open_active);
	EXPECT(SYN, .mss = MSS);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = theirs,
	     .has = stamps ? HSTP_HAS_TIMESTAMPS : 0);
	EXPECT(ACK);
	CALL(send, 2 * eff);
	EXPECT(ACK, .seq = ME, .len = eff);
	EXPECT(ACK | PSH, .seq = ME + eff, .len = eff);
	T.log_count = 0;
}

TEST(mss_ip_options, "MUST-16: IP options are taken from the smaller one of both")
{
	opens_with(0, false, 600, 600);
	opens_with(3, false, 600, 600 - 12);
	opens_with(3, false, 9000, MSS - 12);
	opens_with(10, true, 600, 600 - 40 - 12);
	/* nothing is left but what a segment must have */
	opens_with(10, true, 48, 1);
}

TEST(mss_ip_options_gone, "MUST-16: when they are taken away it is the peer's MSS, not more")
{
	opens_with(3, false, 600, 588);
	RECV(ACK, .seq = PEER, .ack = ME + 2 * 588);
	hstp_path_options(&T.tcb, 0);
	CALL(send, 1200);
	EXPECT(ACK, .len = 600);
	EXPECT(ACK | PSH, .len = 600);
}

TEST(mss_early_options, "MUST-16: so it is when they come before the peer's SYN")
{
	OFFER(0, 1, 0);
	CALL(open_active);
	EXPECT(SYN);
	hstp_path_options(&T.tcb, 3);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS, .has = HSTP_HAS_TIMESTAMPS);
	EXPECT(ACK);
	VAR(mss, MSS - 12 - 12);
}

TEST(mss_missing, "MUST-15: without an MSS option the peer takes 536")
{
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(ACK);
	VAR(mss, 536);
}

TEST(mss_without_syn, "MUST-5: an option may be on any segment; an MSS without SYN means nothing")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .mss = 100);
	VAR(mss, MSS);
}

TEST(mss_zero, "an MSS of 0 is no MSS")
{
	LISTENER_RECV(SYN, .seq = PEER_ISS);
	EXPECT(SYN | ACK);
	VAR(mss, 536);
	trace_reset();
	struct hstp_segment seg = { .seq = PEER_ISS, .flags = SYN, .wnd = WINDOW };

	seg.opt.has = HSTP_HAS_MSS;
	hstp_listen_arrives(&T.tcb, &seg, &T.env, &T.acts);
	VAR(mss, 536);
	T.state_seen = T.tcb.state;
	memset(&T.acts, 0, sizeof(T.acts));
}

TEST(mss_tiny, "a peer cannot make us send one byte a packet")
{
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = 1);
	EXPECT(ACK);
	VAR(mss, 48);
}

TEST(window_in_syn, "SHLD-14: the right edge that the SYN offered does not move left")
{
	CALL(open_active);
	EXPECT(SYN, .wnd = BUFFER);
	SPACE(2000);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(ACK, .wnd = BUFFER);
}
