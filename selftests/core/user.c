// SPDX-License-Identifier: GPL-2.0
/* What the user can ask of a connection: keep-alive, user timeout, cork, quick ACKs, urgent
 * data; RFC 9293 sections 3.8.3 to 3.8.6.
 */
#include "trace.h"

#define HOUR	3600000u

/* --- keep-alive, section 3.8.4 ------------------------------------------ */

TEST(keep_off, "MUST-25: keep-alives are off by default")
{
	ESTABLISHED_CONNECTION();
	NO_TIMER();
}

TEST(keep_default, "MUST-28, SHLD-12: the first after two hours, without text, one number back")
{
	ESTABLISHED_CONNECTION();
	KEEPALIVE(true);
	TICK(2 * HOUR - 1);
	SILENCE();
	TICK(1);
	EXPECT(ACK, .seq = ME - 1, .ack = PEER);
	RECV(ACK, .seq = PEER, .ack = ME);
	TICK(2 * HOUR - 1);
	SILENCE();
	TICK(1);
	EXPECT(ACK, .seq = ME - 1);
}

TEST(keep_open, "MUST-24: asked for before the connection opens")
{
	T.tcb.tune.keepalive = 1;
	T.tcb.tune.keep_idle_s = 5;
	CALL(open_active);
	EXPECT(SYN);
	TICK(100);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(ACK);
	TICK(4999);
	SILENCE();
	TICK(1);
	EXPECT(ACK, .seq = ME - 1);
}

TEST(keep_times, "MUST-27, MUST-29: intervals can be set; one lost answer does not matter")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.keep_idle_s = 10;
	T.tcb.tune.keep_intvl_s = 2;
	T.tcb.tune.keep_probes = 3;
	KEEPALIVE(true);
	TICK(10000);
	EXPECT(ACK, .seq = ME - 1);
	TICK(2000);
	EXPECT(ACK, .seq = ME - 1);
	RECV(ACK, .seq = PEER, .ack = ME);
	STATE(ESTABLISHED);
	TICK(9999);
	SILENCE();
	TICK(1);
	EXPECT(ACK, .seq = ME - 1);
	TICK(2000);
	EXPECT(ACK, .seq = ME - 1);
	TICK(2000);
	EXPECT(ACK, .seq = ME - 1);
	TICK(1999);
	STATE(ESTABLISHED);
	TICK(1);
	SIGNAL(TIMED_OUT);
	TRANSITION(ESTABLISHED, CLOSED, KEEPALIVE);
	NO_TIMER();
}

TEST(keep_busy, "MUST-26: not while text comes, nor while text of ours is out")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.keep_idle_s = 1;
	T.tcb.tune.keep_intvl_s = 1;
	KEEPALIVE(true);
	TICK(900);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	TICK(999);
	EXPECT(ACK);	/* the delayed one */
	SILENCE();
	TICK(1);
	EXPECT(ACK, .seq = ME - 1);
	RECV(ACK, .seq = PEER + 10, .ack = ME);
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	CONFIG(rto_max_ms, 200);
	for (int i = 0; i < 12; i++) {
		TICK(200);
		EXPECT(ACK | PSH, .seq = ME, .len = 10, .again = true);
		SILENCE();
	}
}

TEST(keep_user_timeout, "RFC 5482: a user timeout is kept instead of a number of probes")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.keep_idle_s = 1;
	T.tcb.tune.keep_intvl_s = 1;
	T.tcb.tune.keep_probes = 1;
	T.tcb.tune.user_timeout_ms = 3000;
	KEEPALIVE(true);
	TICK(2000);
	EXPECT(ACK, .seq = ME - 1);
	EXPECT(ACK, .seq = ME - 1);
	STATE(ESTABLISHED);
	TICK(1000);
	SIGNAL(TIMED_OUT);
	STATE(CLOSED);
}

TEST(keep_switch, "switched off, or without a user, nothing is probed")
{
	ESTABLISHED_CONNECTION();
	KEEPALIVE(true);
	KEEPALIVE(false);
	NO_TIMER();
	KEEPALIVE(true);
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	STATE(FIN_WAIT_2);
	TICK(2 * HOUR);
	EXPECT(ACK, .seq = ME);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	REFUSED(CLOSING_ERROR, leave, false);
	CHECK(T.tcb.armed == HSTP_TIMER_WAIT);
}

TEST(keep_late, "MUST-28: asked for after a month of silence, it is time at once")
{
	ESTABLISHED_CONNECTION();
	SLEEP(30 * 86400);
	KEEPALIVE(true);
	TICK(1);
	EXPECT(ACK, .seq = ME - 1);
}

TEST(keep_closed, "keep-alive of what is not open starts nothing")
{
	KEEPALIVE(true);
	NO_TIMER();
}

/* --- user timeout, section 3.8.3 ---------------------------------------- */

TEST(user_timeout, "MUST-21: the user says how long text may be unacknowledged")
{
	CONFIG(retries, 2);
	ESTABLISHED_CONNECTION();
	T.tcb.tune.user_timeout_ms = 5000;
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	TICK(4999);
	STATE(ESTABLISHED);
	CHECK(T.tcb.retries > 2);	/* its number counts no more */
	T.out_count = 0;
	TICK(1);
	SIGNAL(TIMED_OUT);
	TRANSITION(ESTABLISHED, CLOSED, RETRIES);
}

TEST(user_timeout_progress, "it starts anew with each byte that is acknowledged")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.user_timeout_ms = 1000;
	CALL(send, 20);
	EXPECT(ACK | PSH, .len = 20);
	TICK(900);
	T.out_count = 0;
	RECV(ACK, .seq = PEER, .ack = ME + 10);
	T.out_count = 0;
	TICK(999);
	T.out_count = 0;
	STATE(ESTABLISHED);
	TICK(1);
	SIGNAL(TIMED_OUT);
}

TEST(user_timeout_window, "tcp(7): it is kept with a closed window as well")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.user_timeout_ms = 1000;
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	CALL(send, 20);
	for (int i = 0; i < 4; i++) {
		TICK(240);
		T.out_count = 0;
		RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	}
	STATE(ESTABLISHED);
	TICK(40);
	SIGNAL(TIMED_OUT);
}

TEST(user_timeout_syn, "MUST-22: the same for a SYN")
{
	T.tcb.tune.user_timeout_ms = 2500;
	CALL(open_active);
	EXPECT(SYN);
	TICK(2499);
	EXPECT(SYN, .again = true);
	TICK(1);
	SIGNAL(TIMED_OUT);
}

TEST(syncnt, "MUST-22: the user says how often a SYN is sent again")
{
	T.tcb.tune.syn_retries = 1;
	CALL(open_active);
	EXPECT(SYN);
	TICK(1000);
	EXPECT(SYN, .again = true);
	TICK(1999);
	STATE(SYN_SENT);
	TICK(1);
	SIGNAL(TIMED_OUT);
}

TEST(advice, "MUST-20, SHLD-10: after three retransmissions IP is asked for another way")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	TICK(200);
	EXPECT(ACK | PSH, .again = true, .len = 10);
	DID_NOT(ADVISE);
	TICK(400);
	EXPECT(ACK | PSH, .again = true, .len = 10);
	DID_NOT(ADVISE);
	TICK(800);
	EXPECT(ACK | PSH, .again = true, .len = 10);
	DID(ADVISE);
	TICK(1600);
	EXPECT(ACK | PSH, .again = true, .len = 10);
	DID_NOT(ADVISE);
}

TEST(advice_syn, "MUST-20, MUST-22: R1 of a SYN is the same as that of text")
{
	CALL(open_active);
	EXPECT(SYN);
	TICK(1000);
	EXPECT(SYN, .again = true);
	DID_NOT(ADVISE);
	TICK(2000);
	EXPECT(SYN, .again = true);
	DID_NOT(ADVISE);
	TICK(4000);
	EXPECT(SYN, .again = true);
	DID(ADVISE);
	TICK(8000);
	EXPECT(SYN, .again = true);
	DID_NOT(ADVISE);
}

/* --- FIN-WAIT-2 ---------------------------------------------------------- */

TEST(linger2, "HSTP_LINGER2: how long FIN-WAIT-2 lasts without a user")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.linger2_s = 3;
	CALL(leave, false);
	EXPECT(FIN | ACK);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	T.log_count = 0;
	TICK(2999);
	STATE(FIN_WAIT_2);
	TICK(1);
	TRANSITION(FIN_WAIT_2, CLOSED, FIN_TIMEOUT);
}

TEST(linger2_none, "HSTP_LINGER2 below 0: it does not last at all")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.linger2_s = -1;
	CALL(leave, false);
	EXPECT(FIN | ACK);
	T.log_count = 0;
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	TRANSITION(FIN_WAIT_1, FIN_WAIT_2, FIN_ACKED);
	TRANSITION(FIN_WAIT_2, CLOSED, FIN_TIMEOUT);
	SILENCE();
}

TEST(linger2_none_later, "the same when the user goes in FIN-WAIT-2: the peer is told")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.linger2_s = -1;
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	T.log_count = 0;
	CALL(leave, false);
	EXPECT(RST, .seq = ME + 1);
	TRANSITION(FIN_WAIT_2, CLOSED, FIN_TIMEOUT);
}

/* --- cork, more, push, sections 3.7.4 and 3.9.1.2 ------------------------ */

TEST(cork, "HSTP_CORK: full segments go, what is left waits, but not for ever (MUST-60)")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.cork = 1;
	CALL(send, 1500);
	EXPECT(ACK, .len = 1000);
	SILENCE();
	RECV(ACK, .seq = PEER, .ack = ME + 1000);
	SILENCE();
	TICK(199);
	SILENCE();
	TICK(1);
	EXPECT(ACK | PSH, .seq = ME + 1000, .len = 500, .again = false);
	/* that was no retransmission */
	VAR(retries, 0);
	VAR(backoff, 0);
}

TEST(cork_fin, "CLOSE sends what the cork held")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.cork = 1;
	CALL(send, 500);
	SILENCE();
	CALL(close);
	EXPECT(FIN | ACK | PSH, .len = 500);
}

TEST(cork_push, "HSTP_NODELAY switched on sends what the cork held, once")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.cork = 1;
	CALL(send, 500);
	SILENCE();
	T.tcb.push = 1;
	CALL(send, 0);
	EXPECT(ACK | PSH, .len = 500);
	CALL(send, 500);
	SILENCE();
	VAR(push, 0);
	TICK(0);
}

TEST(more, "MSG_MORE: a small segment waits for what follows")
{
	ESTABLISHED_CONNECTION();
	T.tcb.more = 1;
	CALL(send, 300);
	SILENCE();
	T.tcb.more = 0;
	CALL(send, 300);
	EXPECT(ACK | PSH, .len = 600);
}

/* --- quick ACKs ---------------------------------------------------------- */

TEST(quick, "HSTP_QUICKACK: the next ACKs are not delayed, what waits goes")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	SILENCE();
	QUICK(2);
	EXPECT(ACK, .ack = PEER + 10);
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 10);
	EXPECT(ACK, .ack = PEER + 20);
	RECV(ACK, .seq = PEER + 20, .ack = ME, .len = 10);
	EXPECT(ACK, .ack = PEER + 30);
	RECV(ACK, .seq = PEER + 30, .ack = ME, .len = 10);
	SILENCE();
	TICK(40);
	EXPECT(ACK, .ack = PEER + 40);
	QUICK(2);
	QUICK(0);
	RECV(ACK, .seq = PEER + 40, .ack = ME, .len = 10);
	SILENCE();
	TICK(40);
	EXPECT(ACK, .ack = PEER + 50);
}

/* --- urgent data, section 3.8.5 ------------------------------------------ */

TEST(urgent_send, "MUST-30, MUST-62: URG, and the number of the first byte that is not urgent")
{
	ESTABLISHED_CONNECTION();
	URGENT(10);
	EXPECT(ACK | PSH | URG, .seq = ME, .len = 10, .up = 10);
	/* Nagle does not hold urgent text; what follows is not urgent */
	URGENT(5);
	EXPECT(ACK | PSH | URG, .seq = ME + 10, .len = 5, .up = 5);
	RECV(ACK, .seq = PEER, .ack = ME + 15);
	CALL(send, 5);
	EXPECT(ACK | PSH, .seq = ME + 15, .len = 5);
}

TEST(urgent_long, "MUST-31: urgent text of any length, in many segments")
{
	ESTABLISHED_CONNECTION();
	URGENT(2500);
	EXPECT(ACK | URG, .len = 1000, .up = 2500);
	EXPECT(ACK | URG, .len = 1000, .up = 1500);
	EXPECT(ACK | PSH | URG, .len = 500, .up = 500);
	TICK(200);
	EXPECT(ACK | PSH | URG, .seq = ME, .len = 1000, .up = 2500, .again = true);
}

TEST(urgent_far, "3.1: the urgent pointer has 16 bits")
{
	ESTABLISHED_CONNECTION();
	URGENT(70000);
	EXPECT(ACK | URG, .len = 1000, .up = 65535);
	while (T.out_count)
		EXPECT(ACK | URG, .len = 1000, .up = T.out[0].up);
}

TEST(urgent_receive, "3.10.7.4 sixth: RCV.UP moves forward, the user is told once")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK | URG, .seq = PEER, .ack = ME, .len = 10, .up = 10);
	DID(URGENT);
	VAR(rcv_up, PEER + 10);
	VAR(urgent_in, 1);
	RECV(ACK | URG, .seq = PEER, .ack = ME, .len = 10, .up = 10);
	DID_NOT(URGENT);
	EXPECT(ACK);
	/* a later pointer is news */
	RECV(ACK | URG, .seq = PEER + 10, .ack = ME, .len = 20, .up = 5);
	DID(URGENT);
	VAR(rcv_up, PEER + 15);
	T.out_count = 0;
	/* an older pointer does not move it back */
	RECV(ACK | URG, .seq = PEER + 30, .ack = ME, .len = 20, .up = 0);
	VAR(rcv_up, PEER + 30);
	T.out_count = 0;
	RECV(ACK | URG, .seq = PEER + 12, .ack = ME, .len = 50, .up = 1);
	DID_NOT(URGENT);
	VAR(rcv_up, PEER + 30);
	T.out_count = 0;
	TICK(40);
	T.out_count = 0;
}

TEST(urgent_ahead, "MUST-32: the pointer may be far beyond the text")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK | URG, .seq = PEER, .ack = ME, .up = 30000);
	DID(URGENT);
	VAR(rcv_up, PEER + 30000);
	hstp_urgent_passed(&T.tcb, PEER + 29999, 29999);
	VAR(urgent_in, 1);
	hstp_urgent_passed(&T.tcb, PEER + 30000, 1);
	VAR(urgent_in, 0);
}

TEST(urgent_taken, "3.10.7.4 sixth: not if the user has taken what it is about")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	READ(10);
	RECV(ACK | URG, .seq = PEER + 10, .ack = ME, .up = 0);
	DID_NOT(URGENT);
	VAR(urgent_in, 0);
	TICK(40);
	EXPECT(ACK);
}

/* As Linux has it: such a byte cannot be had any more, and is not read as text. */
TEST(urgent_again, "3.8.5: an urgent byte that the user has come to is no text when another is")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK | URG, .seq = PEER, .ack = ME, .len = 1, .up = 1);
	VAR(urgent_old, 0);
	T.out_count = 0;
	RECV(ACK | URG, .seq = PEER + 1, .ack = ME, .len = 1, .up = 1);
	DID(URGENT);
	VAR(urgent_old, 1);
	VAR(rcv_up, PEER + 2);
	T.out_count = 0;
	RECV(ACK | URG, .seq = PEER + 2, .ack = ME, .len = 4, .up = 4);
	VAR(urgent_old, 2);
	VAR(rcv_up, PEER + 6);
	T.out_count = 0;
	/* The user has not come to the last one: there is text before it. */
	RECV(ACK | URG, .seq = PEER + 6, .ack = ME, .len = 1, .up = 1);
	VAR(urgent_old, 2);
	VAR(rcv_up, PEER + 7);
	hstp_urgent_passed(&T.tcb, PEER + 1, 1);
	VAR(urgent_old, 1);
	hstp_urgent_passed(&T.tcb, PEER + 6, 5);
	VAR(urgent_old, 0);
	VAR(urgent_in, 1);
	TICK(40);
	T.out_count = 0;
}

TEST(urgent_to_come, "3.8.5: nor is there one to leave behind that has not come")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK | URG, .seq = PEER, .ack = ME, .up = 1);
	RECV(ACK | URG, .seq = PEER, .ack = ME, .up = 5);
	DID(URGENT);
	VAR(urgent_old, 0);
}

TEST(urgent_zero_window, "MUST-66: URG counts with a closed window")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = BUFFER);
	EXPECT(ACK, .wnd = 0);
	RECV(ACK | URG, .seq = PEER + BUFFER, .ack = ME, .len = 1, .up = 1);
	DID(URGENT);
	NO_TEXT();
	EXPECT(ACK, .ack = PEER + BUFFER);
}

TEST(urgent_states, "3.10.7.4 sixth: in CLOSE-WAIT and later there is none any more")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER, .ack = ME);
	EXPECT(ACK);
	RECV(ACK | URG, .seq = PEER + 1, .ack = ME, .up = 5);
	DID_NOT(URGENT);
	VAR(urgent_in, 0);
}

/* RFC 5482 section 1: it is about "transmitted data". What waits for more text, or for a larger
 * window, is sent in time (section 3.8.6.2.1) and counts from then.
 */
static void timeout_of_what_waits(u32 len, u32 sent)
{
	T.tcb.tune.user_timeout_ms = 150;
	CALL(send, len);
	SILENCE();
	TICK(199);
	STATE(ESTABLISHED);
	SILENCE();
	TICK(1);
	STATE(ESTABLISHED);
	EXPECT(ACK | (len == sent ? PSH : 0), .seq = ME, .len = sent);
	TICK(149);
	STATE(ESTABLISHED);
	TICK(1);
	SIGNAL(TIMED_OUT);
	STATE(CLOSED);
}

TEST(user_timeout_cork, "RFC 5482: the user timeout does not end what waits for more text")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.cork = 1;
	timeout_of_what_waits(10, 10);
}

TEST(user_timeout_sws, "RFC 5482: nor what waits for a larger window")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 300);
	timeout_of_what_waits(2000, 300);
}
