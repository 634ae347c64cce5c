// SPDX-License-Identifier: GPL-2.0
/* Closing a connection: RFC 9293 section 3.6, and TIME-WAIT. */
#include "trace.h"

TEST(close_normal_a, "figure 12, peer A: FIN-WAIT-1, FIN-WAIT-2, TIME-WAIT, 2MSL, CLOSED")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	TRANSITION(ESTABLISHED, FIN_WAIT_1, CLOSE);
	EXPECT(FIN | ACK, .seq = ME, .ack = PEER);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	TRANSITION(FIN_WAIT_1, FIN_WAIT_2, FIN_ACKED);
	NO_TIMER();
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1);
	TRANSITION(FIN_WAIT_2, TIME_WAIT, FIN);
	DID(EOF);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 1);
	TICK(59999);	/* MUST-13: 2MSL */
	STATE(TIME_WAIT);
	TICK(1);
	TRANSITION(TIME_WAIT, CLOSED, TIME_WAIT);
	NO_TIMER();
}

TEST(close_normal_b, "figure 12, peer B: CLOSE-WAIT, LAST-ACK, CLOSED")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER, .ack = ME);
	TRANSITION(ESTABLISHED, CLOSE_WAIT, FIN);
	DID(EOF);
	EXPECT(ACK, .seq = ME, .ack = PEER + 1);
	CALL(close);
	TRANSITION(CLOSE_WAIT, LAST_ACK, CLOSE);
	EXPECT(FIN | ACK, .seq = ME, .ack = PEER + 1);
	RECV(ACK, .seq = PEER + 1, .ack = ME + 1);
	TRANSITION(LAST_ACK, CLOSED, FIN_ACKED);
	NO_TIMER();
}

TEST(close_wait_sends, "3.6 case 2: text after the peer's FIN, before ours")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER, .ack = ME);
	EXPECT(ACK, .ack = PEER + 1);
	CALL(send, 10);
	EXPECT(ACK | PSH, .seq = ME, .ack = PEER + 1, .len = 10);
	CALL(close);
	EXPECT(FIN | ACK, .seq = ME + 10, .ack = PEER + 1);
	STATE(LAST_ACK);
	/* a part is not enough */
	RECV(ACK, .seq = PEER + 1, .ack = ME + 10);
	ACKED(10);
	STATE(LAST_ACK);
	RECV(ACK, .seq = PEER + 1, .ack = ME + 11);
	STATE(CLOSED);
}

TEST(close_wait_queue, "3.10.4 CLOSE-WAIT: LAST-ACK begins when the FIN leaves")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER, .ack = ME, .wnd = 1000);
	EXPECT(ACK);
	CALL(send, 1500);
	EXPECT(ACK, .seq = ME, .len = 1000);
	CALL(close);
	STATE(CLOSE_WAIT);
	REFUSED(CLOSING_ERROR, close);
	REFUSED(CLOSING_ERROR, send, 1);
	RECV(ACK, .seq = PEER + 1, .ack = ME + 1000, .wnd = 1000);
	EXPECT(FIN | ACK | PSH, .seq = ME + 1000, .len = 500);
	STATE(LAST_ACK);
	REFUSED(CLOSING_ERROR, close);
}

TEST(close_simultaneous, "figure 13: both close, through CLOSING to TIME-WAIT")
{
	ESTABLISHED_CONNECTION();
	T.log_count = 0;
	CALL(close);
	EXPECT(FIN | ACK, .seq = ME, .ack = PEER);
	RECV(FIN | ACK, .seq = PEER, .ack = ME);
	TRANSITION(ESTABLISHED, FIN_WAIT_1, CLOSE);
	TRANSITION(FIN_WAIT_1, CLOSING, FIN);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 1);
	RECV(ACK, .seq = PEER + 1, .ack = ME + 1);
	TRANSITION(CLOSING, TIME_WAIT, FIN_ACKED);
	TICK(60000);
	TRANSITION(TIME_WAIT, CLOSED, TIME_WAIT);
}

TEST(close_fin_acks_fin, "3.10.7.4 eighth, FIN-WAIT-1: FIN and the ACK of ours in one segment")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	T.log_count = 0;
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1);
	TRANSITION(FIN_WAIT_1, FIN_WAIT_2, FIN_ACKED);
	TRANSITION(FIN_WAIT_2, TIME_WAIT, FIN);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 1);
}

TEST(close_queued, "3.10.4 ESTABLISHED: the FIN waits for the text, FIN-WAIT-1 does not")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 10000);
	while (T.out_count)
		EXPECT(ACK, .len = 1000);
	CALL(close);
	STATE(FIN_WAIT_1);
	SILENCE();
	RECV(ACK, .seq = PEER, .ack = ME + 8000);
	EXPECT(ACK, .seq = ME + 8000, .len = 1000);
	EXPECT(FIN | ACK | PSH, .seq = ME + 9000, .len = 1000);
	/* the text alone is not the FIN */
	RECV(ACK, .seq = PEER, .ack = ME + 10000);
	STATE(FIN_WAIT_1);
	RECV(ACK, .seq = PEER, .ack = ME + 10001);
	STATE(FIN_WAIT_2);
}

TEST(close_queued_fin_first, "the peer's FIN before ours could leave: CLOSING still sends text")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	CALL(send, 10);
	CALL(close);
	STATE(FIN_WAIT_1);
	SILENCE();
	RECV(FIN | ACK, .seq = PEER, .ack = ME, .wnd = 0);
	STATE(CLOSING);
	EXPECT(ACK, .seq = ME, .ack = PEER + 1);
	RECV(ACK, .seq = PEER + 1, .ack = ME, .wnd = 5000);
	EXPECT(FIN | ACK | PSH, .seq = ME, .len = 10);
	RECV(ACK, .seq = PEER + 1, .ack = ME + 11);
	STATE(TIME_WAIT);
}

TEST(close_half, "3.6.1: after CLOSE text is still received")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	RECV(ACK, .seq = PEER, .ack = ME + 1, .len = 10);
	TEXT(0, 10);
	TICK(40);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 10);
	TICK(3600000);	/* for as long as the user is there */
	STATE(FIN_WAIT_2);
}

TEST(fin_lost, "3.10.8: a lost FIN is sent again")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	CALL(close);
	EXPECT(FIN | ACK, .seq = ME + 10);
	RECV(ACK, .seq = PEER, .ack = ME + 10);
	TICK(200);
	EXPECT(FIN | ACK, .seq = ME + 10, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME + 11);
	STATE(FIN_WAIT_2);
}

TEST(time_wait_fin_again, "3.10.7.4 fifth, TIME-WAIT: the FIN again is ACKed, 2MSL starts again")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1);
	EXPECT(ACK);
	TICK(50000);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 1);
	TICK(59999);
	STATE(TIME_WAIT);
	TICK(1);
	STATE(CLOSED);
}

TEST(time_wait_duplicates, "RFC 1337: old duplicates in TIME-WAIT harm nothing")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1);
	EXPECT(ACK);
	/* (H1, H2) old text: an ACK goes out; (H3) the RST that it may bring back */
	RECV(ACK, .seq = PEER - 100, .ack = ME, .len = 50);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 1);
	RECV(RST, .seq = PEER + 1);
	DROP(RST_TIME_WAIT);
	STATE(TIME_WAIT);
	TICK(60000);
	STATE(CLOSED);
}

TEST(time_wait_reopen, "MAY-2: a SYN beyond the old connection replaces TIME-WAIT")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1);
	EXPECT(ACK);
	T.log_count = 0;
	/* one that is not beyond is an old duplicate */
	RECV(SYN, .seq = PEER);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 1);
	STATE(TIME_WAIT);
	RECV(SYN, .seq = PEER + 1);
	DID(REOPEN);
	NO_TRANSITION();
	STATE(TIME_WAIT);
}

/* The connection under test is the listener's copy from here on; what it left behind. */
static struct hstp_tcb syn_that_time_wait_lets_pass(void)
{
	struct hstp_tcb old;
	u32 now;

	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 1);
	RECV(SYN, .seq = PEER + 5000);
	DID(REOPEN);
	STATE(TIME_WAIT);
	old = T.tcb;

	now = T.env.now;
	trace_reset();
	T.env.now = now + 500;
	ISS(ME + 2);	/* (1): beyond all numbers of the old connection */
	CALL(open_passive);
	LISTENER_RECV(SYN, .seq = PEER + 5000);
	EXPECT(SYN | ACK, .seq = ME + 2, .ack = PEER + 5001);
	STATE(SYN_RECEIVED);
	T.log_count = 0;
	return old;
}

/* Go on with a connection that was left. */
static void back_to(const struct hstp_tcb *old)
{
	T.tcb = *old;
	T.state_seen = old->state;
	T.log_count = 0;
}

TEST(time_wait_old_syn, "MAY-2 (2): the SYN is reset as an old duplicate: back in TIME-WAIT")
{
	struct hstp_tcb old = syn_that_time_wait_lets_pass();

	RECV(RST, .seq = PEER + 5001);
	TRANSITION(SYN_RECEIVED, LISTEN, RST);
	TRANSITION(LISTEN, CLOSED, MERGE);
	RESET_IN(TO_LISTEN);
	back_to(&old);
	/* 3.10.7.4 eighth: it answers the FIN, and 2MSL starts again */
	TICK(1000);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 1);
	TICK(59999);
	STATE(TIME_WAIT);
	TICK(1);
	TRANSITION(TIME_WAIT, CLOSED, TIME_WAIT);
}

TEST(time_wait_goes_on, "MAY-2 (2): a SYN that was let pass does not start 2MSL again")
{
	struct hstp_tcb old = syn_that_time_wait_lets_pass();

	RECV(RST, .seq = PEER + 5001);
	back_to(&old);
	/* 500 ms have gone */
	TICK(59499);
	STATE(TIME_WAIT);
	TICK(1);
	STATE(CLOSED);
}

TEST(time_wait_nobody, "MAY-2 is for a SYN that is accepted: without a listener it is challenged")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1);
	EXPECT(ACK);
	T.env.nobody_listens = true;
	RECV(SYN, .seq = PEER + 1);
	DID_NOT(REOPEN);
	DID(CHALLENGE);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 1);
	STATE(TIME_WAIT);
}

TEST(last_ack_syn, "3.10.7.4: a SYN on LAST-ACK gets an ACK, not a connection")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER, .ack = ME);
	EXPECT(ACK);
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(SYN, .seq = PEER + 500);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 1);
	DID(CHALLENGE);
	STATE(LAST_ACK);
}

TEST(leave_unread, "SHLD-3: close() with unread text resets")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	CALL(leave, true);
	EXPECT(RST, .seq = ME);
	RESET_OUT(UNREAD);
	STATE(CLOSED);
	NO_TIMER();
}

TEST(leave_unread_last_ack, "SHLD-3: in LAST-ACK as well")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER, .ack = ME, .len = 10);
	EXPECT(ACK);
	CALL(close);
	EXPECT(FIN | ACK);
	CALL(leave, true);
	EXPECT(RST, .seq = ME + 1);
	STATE(CLOSED);
}

TEST(leave_unread_time_wait, "MUST-13: unread text does not cut TIME-WAIT short")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1, .len = 10);
	EXPECT(ACK);
	REFUSED(CLOSING_ERROR, leave, true);
	SILENCE();
	STATE(TIME_WAIT);
	TICK(60000);
	STATE(CLOSED);
}

TEST(leave_closed, "3.10.4 CLOSED: leaving what is gone says nothing")
{
	REFUSED(NOT_OPEN, leave, true);
	REFUSED(NOT_OPEN, leave, false);
	SILENCE();
}

TEST(late_text, "3.6.1, SHLD-3: text for a user who has gone resets")
{
	ESTABLISHED_CONNECTION();
	CALL(leave, false);
	EXPECT(FIN | ACK, .seq = ME);
	T.log_count = 0;
	/* what was here before is no new text */
	RECV(ACK, .seq = PEER - 10, .ack = ME + 1, .len = 10);
	EXPECT(ACK, .ack = PEER);
	RECV(ACK, .seq = PEER, .ack = ME + 1, .len = 10);
	EXPECT(RST, .seq = ME + 1);
	RESET_OUT(LATE_TEXT);
	DROP(CLOSED_TEXT);
	NO_TEXT();
	TRANSITION(FIN_WAIT_1, FIN_WAIT_2, FIN_ACKED);
	TRANSITION(FIN_WAIT_2, CLOSED, LATE_TEXT);
}

TEST(late_fin, "a FIN for a user who has gone is a FIN")
{
	ESTABLISHED_CONNECTION();
	CALL(leave, false);
	EXPECT(FIN | ACK);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1);
	EXPECT(ACK, .ack = PEER + 1);
	STATE(TIME_WAIT);
}

TEST(late_fin_with_old_text, "a FIN after text that is here is a FIN too")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	CALL(leave, false);
	EXPECT(FIN | ACK, .ack = PEER + 10);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1, .len = 10);
	EXPECT(ACK, .ack = PEER + 11);
	STATE(TIME_WAIT);
}

TEST(fin_wait_2_orphan, "FIN-WAIT-2 without a user ends after fin_timeout")
{
	ESTABLISHED_CONNECTION();
	CALL(leave, false);
	EXPECT(FIN | ACK);
	T.log_count = 0;
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	TICK(59999);
	TRANSITION(FIN_WAIT_1, FIN_WAIT_2, FIN_ACKED);
	STATE(FIN_WAIT_2);
	TICK(1);
	TRANSITION(FIN_WAIT_2, CLOSED, FIN_TIMEOUT);
}

TEST(fin_wait_2_left, "a user who leaves in FIN-WAIT-2 starts that timeout")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	NO_TIMER();
	REFUSED(CLOSING_ERROR, leave, false);
	TICK(60000);
	STATE(CLOSED);
}

TEST(vanish_closed, "what is CLOSED cannot be deleted again")
{
	hstp_vanish(&T.tcb, HSTP_CAUSE_EXIT, &T.acts);
	SAME("actions", T.acts.bits, 0);
	SAME("transitions", T.acts.transition_count, 0);
}

TEST(handover, "another TCB takes the place: nothing of this one goes on")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	hstp_handover(&T.tcb);
	T.state_seen = T.tcb.state;
	STATE(CLOSED);
	NO_TIMER();
	NO_TRANSITION();
	TICK(100000);
	SILENCE();
}
