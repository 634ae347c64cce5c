// SPDX-License-Identifier: GPL-2.0
/* Exchange 9: when a reset is sent, and when an empty ACK. RFC 9293 section 3.5.2. */
#include "lib/states.h"

/* Group 1, SEG with ACK: <SEQ=SEG.ACK><CTL=RST> (3.10.7.1). */
TEST_F(peer, closed_ack)
{
	struct end *us = &self->us, *it = &self->it;

	wire_send(us, ACK, 100, 555);
	wire_expect(it, RST, 555);
	wire_send(us, SYN | ACK, 100, 556);
	wire_expect(it, RST, 556);
	wire_send(us, FIN | PSH | ACK, 100, 557, "text");
	wire_expect(it, RST, 557);
	state_is(it, "CLOSED");
	wire_silence(it);
	STATS(NS_A, "drop no_connection 3", "reset out no_connection 3");
}

/* Group 1, SEG without ACK: <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>; SYN and FIN count
 * in SEG.LEN (section 3.4).
 */
TEST_F(peer, closed_no_ack)
{
	struct end *us = &self->us, *it = &self->it;

	wire_send(us, SYN, 100);
	wire_expect(it, RST | ACK, 0, 101);
	wire_send(us, PSH, 100, 0, "hello");
	wire_expect(it, RST | ACK, 0, 105);
	wire_send(us, FIN, 100);
	wire_expect(it, RST | ACK, 0, 101);
	wire_send(us, SYN | FIN, 100, 0, "hello");
	wire_expect(it, RST | ACK, 0, 107);
	wire_send(us, 0, 100);
	wire_expect(it, RST | ACK, 0, 100);
	wire_silence(it);
	STATS(NS_A, "drop no_connection 5", "reset out no_connection 5");
}

/* "... except another reset" */
TEST_F(peer, closed_rst)
{
	struct end *us = &self->us, *it = &self->it;

	wire_send(us, RST, 100);
	wire_send(us, RST | ACK, 100, 555);
	wire_send(us, RST | SYN, 100);
	wire_silence(it);
	STATS(NS_A, "drop rst_no_connection 3", "reset in ignored 3");
}

/* Group 2 in LISTEN (3.10.7.2, second): any ACK is one too many. */
TEST_F(peer, listen_ack)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1);

	stats_mark(NS_A);
	wire_send(us, ACK, 100, 555);
	wire_expect(it, RST, 555);
	wire_send(us, SYN | ACK, 100, 556);
	wire_expect(it, RST, 556);
	state_is(it, "LISTEN");
	fd_no_accept(listener);
	wire_silence(it);
	STATS(NS_A, "drop listen_ack 2", "reset out listen_ack 2");
}

/* LISTEN, fourth: neither SYN nor RST nor ACK "should not be processed", silently. */
TEST_F(peer, listen_nothing)
{
	struct end *us = &self->us, *it = &self->it;

	fd_listen(it, 1);
	stats_mark(NS_A);
	wire_send(us, 0, 100);
	wire_send(us, FIN, 100);
	wire_send(us, PSH, 100, 0, "hello");
	wire_silence(it);
	state_is(it, "LISTEN");
	STATS(NS_A, "drop listen_no_syn 3");
}

/* Group 2 in SYN-SENT (3.10.7.3, first): SEG.ACK =< ISS or SEG.ACK > SND.NXT. */
TEST_F(peer, syn_sent_unacceptable_ack)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "SYN-SENT");

	stats_mark(NS_A);
	wire_send(us, ACK, 100, 300);
	wire_expect(it, RST, 300);
	wire_send(us, SYN | ACK, 100, 302);
	wire_expect(it, RST, 302);
	wire_send(us, ACK, 100, 299);
	wire_expect(it, RST, 299);
	wire_send(us, RST | ACK, 100, 302);
	wire_silence(it);
	state_is(it, "SYN-SENT");
	ASSERT_EQ(0, fd_events(fd, POLLOUT, 0));
	STATS(NS_A, "drop syn_sent_ack 4", "reset out syn_sent_ack 3", "reset in ignored 1");

	wire_send(us, SYN | ACK, 100, 301);
	wire_expect(it, ACK, 301, 101);
	ASSERT_EQ(0, fd_connected(fd));
}

/* SYN-SENT, first and fifth: a good ACK without a SYN is dropped without an answer. */
TEST_F(peer, syn_sent_bare_ack)
{
	struct end *us = &self->us, *it = &self->it;

	wire_to_state(us, it, "SYN-SENT");
	stats_mark(NS_A);
	wire_send(us, ACK, 100, 301);
	wire_send(us, PSH, 100, 0, "hello");
	wire_silence(it);
	state_is(it, "SYN-SENT");
	STATS(NS_A, "drop syn_sent_no_syn 2");
}

/* Group 2 in SYN-RECEIVED (3.10.7.4, fifth): a reset, "the connection remains in the same
 * state", and the right ACK still opens it.
 */
TEST_F(peer, syn_received_unacceptable_ack)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = wire_to_state(us, it, "SYN-RECEIVED");

	stats_mark(NS_A);
	wire_send(us, ACK, 101, 300);
	wire_expect(it, RST, 300);
	wire_send(us, ACK, 101, 302);
	wire_expect(it, RST, 302);
	state_is(it, "SYN-RECEIVED");
	fd_no_accept(listener);
	STATS(NS_A, "drop ack_syn_received 2", "reset out syn_received_ack 2");

	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	fd_accept(listener);
	STATS(NS_A, "transition SYN-RECEIVED ESTABLISHED ack 1");
}

/* ... of an active open too, of which the program hears nothing. */
TEST_F(peer, syn_received_active_unacceptable_ack)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_cross_syns(us, it);

	stats_mark(NS_A);
	wire_send(us, ACK, 101, 300);
	wire_expect(it, RST, 300);
	wire_send(us, PSH | ACK, 101, 302, "hello");
	wire_expect(it, RST, 302);
	wire_silence(it);
	state_is(it, "SYN-RECEIVED");
	ASSERT_EQ(0, fd_events(fd, POLLIN | POLLOUT, 0));
	STATS(NS_A, "drop ack_syn_received 2", "reset out syn_received_ack 2");

	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	ASSERT_EQ(0, fd_connected(fd));
	fd_empty(fd);
	STATS(NS_A, "transition SYN-RECEIVED ESTABLISHED ack 1");
}

/* SYN-RECEIVED, first: out of the window it is an ACK there too. */
TEST_F(peer, syn_received_outside_window)
{
	struct end *us = &self->us, *it = &self->it;

	wire_to_state(us, it, "SYN-RECEIVED");
	stats_mark(NS_A);
	wire_send(us, ACK, 50, 301);
	wire_expect(it, ACK, 301, 101);
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, "drop seq 1", "challenge 1");
}

/* Group 3: SEQ outside the window, before and behind it. */
TEST_F(state, outside_window)
{
	struct end *us = &self->us, *it = &self->it;

	wire_send(us, PSH | ACK, variant->rcv - 50, variant->una, "hello");
	wire_expect(it, ACK, variant->nxt, variant->rcv);
	state_is(it, variant->name);
	STATS(NS_A, "drop duplicate 1");
	wire_send(us, ACK, variant->rcv - 1, variant->una);
	wire_expect(it, ACK, variant->nxt, variant->rcv);
	wire_send(us, PSH | ACK, variant->rcv + 65536, variant->una, "hello");
	wire_expect(it, ACK, variant->nxt, variant->rcv);
	wire_send(us, FIN | ACK, variant->rcv + 1000000, variant->una);
	wire_expect(it, ACK, variant->nxt, variant->rcv);
	state_is(it, variant->name);
	wire_silence(it);
	stat_grew(NS_A, "drop seq", 3);
	/* A record answers within the limit of all challenge ACKs, a connection has its own */
	stat_grew(NS_A, "challenge", !strcmp(variant->name, "TIME-WAIT"));
}

/* Group 3: ACK of what was never sent; the text on it does not count. */
TEST_F(state, ack_beyond)
{
	struct end *us = &self->us, *it = &self->it;

	wire_send(us, ACK, variant->rcv, variant->nxt + 1);
	wire_expect(it, ACK, variant->nxt, variant->rcv);
	if (variant->peer_open) {
		wire_send(us, PSH | ACK, variant->rcv, variant->nxt + 1, "hello");
		wire_expect(it, ACK, variant->nxt, variant->rcv);
		fd_empty(self->fd);
	}
	state_is(it, variant->name);
	wire_silence(it);
	if (variant->peer_open)
		STATS(NS_A, "drop ack_beyond 2", "challenge 2");
	else
		STATS(NS_A, "drop ack_beyond 1", "challenge 1");
}

/* RFC 5961 section 5: ACK older than the largest window that we ever gave. */
TEST_F(state, ack_too_old)
{
	struct end *us = &self->us, *it = &self->it;

	wire_send(us, ACK, variant->rcv, variant->una - 65536);
	wire_expect(it, ACK, variant->nxt, variant->rcv);
	state_is(it, variant->name);
	STATS(NS_A, "drop ack_old 1", "challenge 1");

	/* Without it the old ACK is a duplicate and "can be ignored". */
	net_hstp(NS_A, "rfc5961", 0);
	wire_send(us, ACK, variant->rcv, variant->una - 65536);
	wire_silence(it);
	state_is(it, variant->name);
	STATS_NONE(NS_A);
}

/* 3.10.7.4, fifth: "if the ACK bit is off, drop the segment and return" */
TEST_F(state, no_ack_bit)
{
	struct end *us = &self->us, *it = &self->it;

	wire_send(us, FIN | PSH, variant->rcv, 0, "hello");
	wire_silence(it);
	state_is(it, variant->name);
	STATS(NS_A, "drop no_ack 1");
}

/* A program's SYN to a closed port: "connection refused" (3.10.7.3, second). */
TEST_F(relay, refused)
{
	struct end *a = &self->a, *b = &self->b;
	int fd = fd_start(a);

	wire_pass(a, SYN, 100);
	wire_pass(b, RST | ACK, 0, 101, .raw = true);
	ASSERT_EQ(ECONNREFUSED, fd_connected(fd));
	state_is(a, "CLOSED");
	state_is(b, "CLOSED");
	STATS(NS_A, "transition CLOSED SYN-SENT open-active 1",
	      "transition SYN-SENT CLOSED rst 1", "reset in syn_sent 1");
	STATS(NS_B, "drop no_connection 1", "reset out no_connection 1");
}

TEST_HARNESS_MAIN
