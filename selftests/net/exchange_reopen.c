// SPDX-License-Identifier: GPL-2.0
/* Exchange 4: half-open, found by the side that crashed and opens again. RFC 9293 section
 * 3.5.1, figure 9.
 */
#include "lib/exchange.h"

/* Forget a connection as a reboot does: the reset that says so is lost. */
static void crash(struct end *end, int fd, uint32_t nxt)
{
	fd_linger(fd, 1, 0);
	fd_close(fd);
	wire_lose(end, RST, nxt);
	state_is(end, "CLOSED");
}

/* Figure 9 between two stacks; line 7 is the retransmission of line 3. */
TEST_F(relay, figure_9)
{
	struct end *a = &self->a, *b = &self->b;
	int listener = fd_listen(b, 1), client, server;
	struct seen *syn, *ack;
	uint32_t old, expected;

	/* Windows are then what segments say. */
	net_hstp(NS_B, "window_scaling", 0);
	exchange_open(a, b, listener, &client, &server);
	crash(a, client, 101);
	state_is(b, "ESTABLISHED");
	stats_mark(NS_A);
	stats_mark(NS_B);

	net_rto(NS_A, 3000, 60000);
	old = a->shift;
	wire_forget(a);
	client = fd_start(a);
	syn = wire_expect(a, SYN, 400);				/* line 3 */
	wire_deliver(syn);
	expected = 101 + old - a->shift;	/* 101 of the old incarnation */
	ack = wire_expect(b, ACK, 301, expected);		/* line 4 */
	wire_deliver(ack);
	state_is(a, "SYN-SENT");
	state_is(b, "ESTABLISHED");
	wire_pass(a, RST, expected);				/* line 5 */
	state_is(a, "SYN-SENT");				/* line 6 */
	state_is(b, "LISTEN");
	FAILS(ECONNRESET, recv(server, &old, 1, 0));
	/* The clock of the ISS leaves the window behind in a quarter of a second. */
	STATS(NS_B, "transition ESTABLISHED CLOSED rst 1", "reset in synchronized 1",
	      "challenge 1", syn->real_seq - ack->real_ack < ack->wnd ?
	      "drop syn_synchronized 1" : "drop seq 1");

	wire_forget(b);
	wire_pass(a, SYN, 400);					/* line 7 */
	wire_pass(b, SYN | ACK, 500, 401);
	wire_pass(a, ACK, 401, 501);
	ASSERT_EQ(0, fd_connected(client));
	server = fd_accept(listener);
	state_is(a, "ESTABLISHED");
	state_is(b, "ESTABLISHED");
	fd_send(client, "again");
	wire_pass(a, PSH | ACK, 401, 501, "again");
	fd_recv(server, "again");
	STATS(NS_A, OPEN_ACTIVE, "drop syn_sent_ack 1", "reset out syn_sent_ack 1",
	      "retransmit 1");
	STATS(NS_B, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED ESTABLISHED ack 1");
}

/* Figure 9, peer B: SYN in the window, RFC 5961 section 4. */
TEST_F(peer, syn_in_window)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "ESTABLISHED");

	stats_mark(NS_A);
	wire_send(us, SYN, 400);
	wire_expect(it, ACK, 301, 101);
	state_is(it, "ESTABLISHED");
	STATS(NS_A, "drop syn_synchronized 1", "challenge 1");
	wire_send(us, RST, 101);
	state_is(it, "CLOSED");
	wire_silence(it);
	ASSERT_EQ(ECONNRESET, fd_error(fd));
	STATS(NS_A, "transition ESTABLISHED CLOSED rst 1", "reset in synchronized 1");
}

/* ... and outside of it: "irrespective of the sequence number". */
TEST_F(peer, syn_outside_window)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "ESTABLISHED");

	stats_mark(NS_A);
	wire_send(us, SYN, 90);
	wire_expect(it, ACK, 301, 101);
	state_is(it, "ESTABLISHED");
	STATS(NS_A, "drop seq 1", "challenge 1");
	wire_send(us, RST, 101);
	state_is(it, "CLOSED");
	ASSERT_EQ(ECONNRESET, fd_error(fd));
	STATS(NS_A, "transition ESTABLISHED CLOSED rst 1", "reset in synchronized 1");
}

/* Section 3.10.7.4, fourth, without RFC 5961: a SYN in the window is an error, "send a
 * reset" (SEG has no ACK: SEQ=0, ACK=SEG.SEQ+SEG.LEN), "connection reset".
 */
TEST_F(peer, syn_in_window_rfc793)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "ESTABLISHED");

	net_hstp(NS_A, "rfc5961", 0);
	stats_mark(NS_A);
	wire_send(us, SYN, 400);
	wire_expect(it, RST | ACK, 0, 401, .raw = true);
	state_is(it, "CLOSED");
	ASSERT_EQ(ECONNRESET, fd_error(fd));
	STATS(NS_A, "transition ESTABLISHED CLOSED bad-syn 1", "reset out bad_syn 1",
	      "drop syn_synchronized 1");
}

/* ... and outside of it the ACK of the first step, as ever. */
TEST_F(peer, syn_outside_window_rfc793)
{
	struct end *us = &self->us, *it = &self->it;

	wire_to_state(us, it, "ESTABLISHED");
	net_hstp(NS_A, "rfc5961", 0);
	stats_mark(NS_A);
	wire_send(us, SYN, 90);
	wire_expect(it, ACK, 301, 101);
	state_is(it, "ESTABLISHED");
	STATS(NS_A, "drop seq 1");
}

/* Figure 9, peer A: the ACK of a connection that it does not remember. */
TEST_F(peer, ack_of_the_old_window)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = fd_start(it);

	wire_expect(it, SYN, 400);
	wire_send(us, ACK, 300, 100);
	wire_expect(it, RST, 100);
	state_is(it, "SYN-SENT");
	wire_send(us, SYN | ACK, 700, 401);
	wire_expect(it, ACK, 401, 701);
	ASSERT_EQ(0, fd_connected(fd));
	STATS(NS_A, OPEN_ACTIVE, "drop syn_sent_ack 1", "reset out syn_sent_ack 1");
}

TEST_HARNESS_MAIN
