// SPDX-License-Identifier: GPL-2.0
/* The user's calls in every state: RFC 9293 sections 3.10.1 to 3.10.6. */
#include "trace.h"

/* --- CLOSED ----------------------------------------------------------- */

TEST(calls_closed, "CLOSED: every call but OPEN finds no connection")
{
	REFUSED(NOT_OPEN, send, 1);
	REFUSED(NOT_OPEN, receive);
	REFUSED(NOT_OPEN, close);
	REFUSED(NOT_OPEN, abort);
	REFUSED(NOT_OPEN, status);
	SILENCE();
	NO_TRANSITION();
}

TEST(calls_open_passive, "3.10.1 CLOSED: passive OPEN enters LISTEN and sends nothing")
{
	CALL(open_passive);
	TRANSITION(CLOSED, LISTEN, OPEN_PASSIVE);
	SILENCE();
	CALL(status);
	SAME("status", T.status, HSTP_LISTEN);
}

/* --- LISTEN ----------------------------------------------------------- */

TEST(calls_listen, "LISTEN: SEND needs a remote socket, RECEIVE waits, OPEN passive exists")
{
	CALL(open_passive);
	REFUSED(UNSPECIFIED, send, 1);
	CALL(receive);
	REFUSED(EXISTS, open_passive);
	SILENCE();
	STATE(LISTEN);
}

TEST(calls_listen_open, "3.10.1 LISTEN: active OPEN changes it from passive to active")
{
	CALL(open_passive);
	CALL(open_active);
	TRANSITION(CLOSED, LISTEN, OPEN_PASSIVE);
	TRANSITION(LISTEN, SYN_SENT, OPEN_ACTIVE);
	EXPECT(SYN, .seq = MY_ISS);
	/* MUST-11: it is active now, and a reset in SYN-RECEIVED ends it */
	RECV(SYN, .seq = PEER_ISS);
	EXPECT(SYN | ACK);
	RECV(RST, .seq = PEER);
	SIGNAL(REFUSED);
	TRANSITION(SYN_SENT, SYN_RECEIVED, SYN);
	TRANSITION(SYN_RECEIVED, CLOSED, RST);
	RESET_IN(SYN_RECEIVED);
}

TEST(calls_listen_close, "3.10.4 LISTEN: CLOSE deletes the TCB")
{
	CALL(open_passive);
	CALL(close);
	TRANSITION(CLOSED, LISTEN, OPEN_PASSIVE);
	TRANSITION(LISTEN, CLOSED, CLOSE);
	SILENCE();
}

TEST(calls_listen_abort, "3.10.5 LISTEN: ABORT deletes the TCB without a reset")
{
	CALL(open_passive);
	CALL(abort);
	TRANSITION(CLOSED, LISTEN, OPEN_PASSIVE);
	TRANSITION(LISTEN, CLOSED, ABORT);
	SILENCE();
}

/* --- SYN-SENT --------------------------------------------------------- */

static void syn_sent(void)
{
	CALL(open_active);
	EXPECT(SYN);
	T.log_count = 0;
}

TEST(calls_syn_sent, "SYN-SENT: SEND and RECEIVE are queued, OPEN exists")
{
	syn_sent();
	CALL(send, 10);
	CALL(receive);
	REFUSED(EXISTS, open_active);
	REFUSED(EXISTS, open_passive);
	SILENCE();
	CALL(status);
	SAME("status", T.status, HSTP_SYN_SENT);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(ACK | PSH, .seq = ME, .ack = PEER, .len = 10);
}

TEST(calls_syn_sent_close, "3.10.4 SYN-SENT: CLOSE deletes the TCB")
{
	syn_sent();
	CALL(close);
	TRANSITION(SYN_SENT, CLOSED, CLOSE);
	SILENCE();
	NO_TIMER();
}

TEST(calls_syn_sent_abort, "3.10.5 SYN-SENT: ABORT deletes the TCB without a reset")
{
	syn_sent();
	CALL(abort);
	TRANSITION(SYN_SENT, CLOSED, ABORT);
	SILENCE();
}

/* --- SYN-RECEIVED ----------------------------------------------------- */

TEST(calls_syn_received, "SYN-RECEIVED: SEND and RECEIVE are queued, OPEN exists")
{
	PASSIVE_SYN_RECEIVED();
	CALL(send, 10);
	CALL(receive);
	REFUSED(EXISTS, open_active);
	SILENCE();
	RECV(ACK, .seq = PEER, .ack = ME);
	EXPECT(ACK | PSH, .seq = ME, .ack = PEER, .len = 10);
}

TEST(calls_syn_received_close, "3.10.4 SYN-RECEIVED: CLOSE with nothing queued sends the FIN")
{
	PASSIVE_SYN_RECEIVED();
	CALL(close);
	TRANSITION(SYN_RECEIVED, FIN_WAIT_1, CLOSE);
	EXPECT(FIN | ACK, .seq = ME, .ack = PEER);
	REFUSED(CLOSING_ERROR, send, 1);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	TRANSITION(FIN_WAIT_1, FIN_WAIT_2, FIN_ACKED);
}

TEST(calls_syn_received_close_lost, "the same, and the SYN-ACK is lost: both are sent again")
{
	PASSIVE_SYN_RECEIVED();
	CALL(close);
	EXPECT(FIN | ACK, .seq = ME, .ack = PEER);
	TICK(1000);
	EXPECT(SYN | ACK, .seq = MY_ISS, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME);
	EXPECT(FIN | ACK, .seq = ME, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	STATE(FIN_WAIT_2);
}

TEST(calls_syn_received_close_queued, "3.10.4 SYN-RECEIVED: CLOSE after SEND waits for ESTABLISHED")
{
	PASSIVE_SYN_RECEIVED();
	CALL(send, 10);
	CALL(close);
	SILENCE();
	NO_TRANSITION();
	REFUSED(CLOSING_ERROR, close);
	REFUSED(CLOSING_ERROR, send, 1);
	RECV(ACK, .seq = PEER, .ack = ME);
	TRANSITION(SYN_RECEIVED, ESTABLISHED, ACK);
	TRANSITION(ESTABLISHED, FIN_WAIT_1, CLOSE);
	EXPECT(FIN | ACK | PSH, .seq = ME, .ack = PEER, .len = 10);
}

TEST(calls_syn_received_abort, "3.10.5 SYN-RECEIVED: ABORT sends <SEQ=SND.NXT><CTL=RST>")
{
	PASSIVE_SYN_RECEIVED();
	CALL(abort);
	EXPECT(RST, .seq = ME, .ack = 0);
	TRANSITION(SYN_RECEIVED, CLOSED, ABORT);
	RESET_OUT(ABORT);
}

/* --- synchronized ----------------------------------------------------- */

TEST(calls_established, "ESTABLISHED: OPEN exists, STATUS tells")
{
	ESTABLISHED_CONNECTION();
	REFUSED(EXISTS, open_active);
	REFUSED(EXISTS, open_passive);
	CALL(receive);
	CALL(send, 0);
	SILENCE();
	CALL(status);
	SAME("status", T.status, HSTP_ESTABLISHED);
}

TEST(calls_established_abort, "3.10.5 ESTABLISHED: ABORT resets from SND.NXT and flushes")
{
	ESTABLISHED_CONNECTION();
	T.log_count = 0;
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	CALL(abort);
	EXPECT(RST, .seq = ME + 10, .ack = 0);
	TRANSITION(ESTABLISHED, CLOSED, ABORT);
	NO_TIMER();
}

/* 3.10, FIN-WAIT-1 and FIN-WAIT-2: our FIN was sent, the peer's text may come. */
#define FIN_WAIT_CALLS(in, open) do {					\
	T.log_count = 0;						\
	REFUSED(CLOSING_ERROR, send, 1);				\
	REFUSED(CLOSING_ERROR, close);					\
	REFUSED(EXISTS, open);						\
	CALL(receive);							\
	CALL(status);							\
	SAME("status", T.status, HSTP_##in);				\
	CALL(abort);							\
	EXPECT(RST, .seq = ME + 1);					\
	TRANSITION(in, CLOSED, ABORT);					\
} while (0)

/* 3.10, both FINs were sent: "connection closing" to all; 3.10.5: ABORT sends nothing. */
#define CLOSING_CALLS(in, open) do {					\
	T.log_count = 0;						\
	REFUSED(CLOSING_ERROR, send, 1);				\
	REFUSED(CLOSING_ERROR, receive);				\
	REFUSED(CLOSING_ERROR, close);					\
	REFUSED(EXISTS, open);						\
	CALL(status);							\
	SAME("status", T.status, HSTP_##in);				\
	CALL(abort);							\
	SILENCE();							\
	TRANSITION(in, CLOSED, ABORT);					\
} while (0)

TEST(calls_fin_wait_1, "FIN-WAIT-1: SEND and CLOSE: closing; RECEIVE is served; ABORT resets")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	FIN_WAIT_CALLS(FIN_WAIT_1, open_active);
}

TEST(calls_fin_wait_2, "FIN-WAIT-2: SEND and CLOSE: closing; RECEIVE is served; ABORT resets")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(ACK, .seq = PEER, .ack = ME + 1);
	FIN_WAIT_CALLS(FIN_WAIT_2, open_passive);
}

TEST(calls_close_wait, "CLOSE-WAIT: RECEIVE: closing; SEND is served; ABORT resets")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER, .ack = ME);
	EXPECT(ACK);
	T.log_count = 0;
	REFUSED(CLOSING_ERROR, receive);
	REFUSED(EXISTS, open_active);
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	CALL(status);
	SAME("status", T.status, HSTP_CLOSE_WAIT);
	CALL(abort);
	EXPECT(RST, .seq = ME + 10);
	TRANSITION(CLOSE_WAIT, CLOSED, ABORT);
}

TEST(calls_closing, "CLOSING: every call: closing; ABORT deletes without a reset")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(FIN | ACK, .seq = PEER, .ack = ME);
	EXPECT(ACK);
	CLOSING_CALLS(CLOSING, open_active);
}

TEST(calls_last_ack, "LAST-ACK: every call: closing; ABORT deletes without a reset")
{
	ESTABLISHED_CONNECTION();
	RECV(FIN | ACK, .seq = PEER, .ack = ME);
	EXPECT(ACK);
	CALL(close);
	EXPECT(FIN | ACK);
	CLOSING_CALLS(LAST_ACK, open_active);
}

TEST(calls_time_wait, "TIME-WAIT: every call: closing; ABORT deletes without a reset")
{
	ESTABLISHED_CONNECTION();
	CALL(close);
	EXPECT(FIN | ACK);
	RECV(FIN | ACK, .seq = PEER, .ack = ME + 1);
	EXPECT(ACK);
	CLOSING_CALLS(TIME_WAIT, open_passive);
	NO_TIMER();
}
