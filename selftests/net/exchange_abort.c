// SPDX-License-Identifier: GPL-2.0
/* Exchange 13: a program aborts, or its connection is reset under its feet. RFC 9293
 * sections 3.10.5 (ABORT), 3.6.1 (SHLD-3: close with text unread), 3.5.3.
 */
#include "lib/states.h"

#include <sys/syscall.h>

#define CLIENT_ABORTS	"transition ESTABLISHED CLOSED abort 1", "reset out abort 1"
#define WAS_RESET	"transition ESTABLISHED CLOSED rst 1", "reset in synchronized 1"

/* Linger 0 is ABORT: <SEQ=SND.NXT><CTL=RST> where the peer may still wait for something,
 * nothing in CLOSING and LAST-ACK. TIME-WAIT belongs to no socket any more, as in TCP, and
 * a program cannot cut it short (RFC 1337).
 */
TEST_F(state, linger_0)
{
	struct end *us = &self->us, *it = &self->it;
	bool silent = IN_STATE("CLOSING") || IN_STATE("LAST-ACK");
	char transition[80];

	if (IN_STATE("TIME-WAIT")) {
		fd_linger(self->fd, 1, 0);
		fd_close(self->fd);
		state_is(it, "TIME-WAIT");
		wire_silence(it);
		STATS_NONE(NS_A);
		return;
	}
	snprintf(transition, sizeof(transition), "transition %s CLOSED abort 1", variant->name);
	fd_linger(self->fd, 1, 0);
	fd_close(self->fd);
	if (!silent)
		wire_expect(it, RST, variant->nxt);
	state_is(it, "CLOSED");
	wire_silence(it);
	if (silent)
		STATS(NS_A, transition);
	else
		STATS(NS_A, transition, "reset out abort 1");

	/* It is forgotten: the peer's next segment meets no connection */
	wire_send(us, ACK, variant->rcv, variant->nxt);
	wire_expect(it, RST, variant->nxt);
}

/* In SYN-SENT nothing is known of the peer: no reset. */
TEST_F(peer, linger_0_in_syn_sent)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "SYN-SENT");

	stats_mark(NS_A);
	fd_linger(fd, 1, 0);
	fd_close(fd);
	state_is(it, "CLOSED");
	wire_silence(it);
	STATS(NS_A, "transition SYN-SENT CLOSED abort 1");
}

/* In SYN-RECEIVED of an active open there is one. */
TEST_F(peer, linger_0_in_syn_received)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_cross_syns(us, it);

	stats_mark(NS_A);
	fd_linger(fd, 1, 0);
	fd_close(fd);
	wire_expect(it, RST, 301);
	state_is(it, "CLOSED");
	STATS(NS_A, "transition SYN-RECEIVED CLOSED abort 1", "reset out abort 1");
}

/* SHLD-3: text was received and not read. */
TEST_F(peer, unread)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "ESTABLISHED");

	stats_mark(NS_A);
	wire_send(us, PSH | ACK, 101, 301, "hello");
	wire_expect(it, ACK, 301, 106);
	fd_close(fd);
	wire_expect(it, RST, 301);
	state_is(it, "CLOSED");
	wire_silence(it);
	STATS(NS_A, "transition ESTABLISHED CLOSED unread 1", "reset out unread 1");
}

/* ... part of it, and the peer has closed. */
TEST_F(peer, unread_rest_in_close_wait)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "ESTABLISHED");

	wire_send(us, FIN | PSH | ACK, 101, 301, "hello");
	wire_expect(it, ACK, 301, 107);
	fd_recv(fd, "hell");
	stats_mark(NS_A);
	fd_close(fd);
	wire_expect(it, RST, 301);
	state_is(it, "CLOSED");
	STATS(NS_A, "transition CLOSE-WAIT CLOSED unread 1", "reset out unread 1");
}

/* All of it was read: a normal close. */
TEST_F(peer, nothing_unread)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "ESTABLISHED");

	stats_mark(NS_A);
	wire_send(us, PSH | ACK, 101, 301, "hello");
	wire_expect(it, ACK, 301, 106);
	fd_recv(fd, "hello");
	fd_close(fd);
	wire_expect(it, FIN | ACK, 301, 106);
	state_is(it, "FIN-WAIT-1");
	STATS(NS_A, "transition ESTABLISHED FIN-WAIT-1 close 1");
}

/* SHLD-3 again: text arrives after close(), where nobody will ever read it. */
TEST_F(peer, late_text)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "FIN-WAIT-2");

	stats_mark(NS_A);
	fd_close(fd);
	wire_send(us, PSH | ACK, 101, 302, "hello");
	wire_expect(it, RST, 302);
	state_is(it, "CLOSED");
	STATS(NS_A, "transition FIN-WAIT-2 CLOSED late-text 1", "reset out late_text 1",
	      "drop closed_text 1");
}

/* Two stacks: the reset of linger 0 is what the other program gets. */
TEST_F(relay, aborted_by_peer)
{
	struct end *a = &self->a, *b = &self->b;
	char buf[8];
	struct st_call call = { .nr = SYS_recvfrom, .buf = buf, .len = sizeof(buf) };
	int client;

	exchange_open(a, b, fd_listen(b, 1), &client, &call.fd);
	stats_mark(NS_A);
	stats_mark(NS_B);
	call_asleep(&call);
	fd_linger(client, 1, 0);
	fd_close(client);
	wire_pass(a, RST, 101);
	call_returns(&call, -1, ECONNRESET);
	state_is(a, "CLOSED");
	state_is(b, "LISTEN");
	STATS(NS_A, CLIENT_ABORTS);
	STATS(NS_B, WAS_RESET);
}

TEST_F(peer, blocked_in_recv)
{
	struct end *us = &self->us, *it = &self->it;
	char buf[8];
	struct st_call call = { .nr = SYS_recvfrom, .buf = buf, .len = sizeof(buf) };

	call.fd = wire_to_state(us, it, "ESTABLISHED");
	call_asleep(&call);
	stats_mark(NS_A);
	wire_send(us, RST, 101);
	call_returns(&call, -1, ECONNRESET);
	ASSERT_EQ(0, recv(call.fd, call.buf, 1, 0));
	state_is(it, "CLOSED");
	STATS(NS_A, WAS_RESET);
}

/* The peer's window is closed, and all that was sent is acknowledged: nothing is on its way. */
static bool probes(const struct end *end)
{
	struct conn conn;

	return conn_find(end, &conn) && conn.timer == 4;
}

/* The peer's window is closed and the send buffer full; the peer's program closes without
 * having read any of it (SHLD-3).
 */
TEST_F(relay, blocked_in_send)
{
	struct end *a = &self->a, *b = &self->b;
	static char text[65536];
	struct st_call call = {
		.nr = SYS_sendto, .buf = text, .len = sizeof(text), .flags = MSG_NOSIGNAL,
	};
	int client;

	/* No probe of the window comes between what is expected below */
	net_rto(NS_B, 60000, 60000);
	exchange_open(a, b, fd_listen(b, 1), &client, &call.fd);
	wire_flow_until(a, send(call.fd, text, sizeof(text), MSG_DONTWAIT | MSG_NOSIGNAL) < 0 &&
			errno == EAGAIN && probes(b));
	call_asleep(&call);
	stats_mark(NS_A);
	stats_mark(NS_B);
	fd_close(client);
	wire_pass(a, RST, 101);
	call_returns(&call, -1, ECONNRESET);
	FAILS(EPIPE, send(call.fd, text, 1, MSG_NOSIGNAL));
	state_is(a, "CLOSED");
	state_is(b, "LISTEN");
	STATS(NS_A, "transition ESTABLISHED CLOSED unread 1", "reset out unread 1");
	STATS(NS_B, WAS_RESET);
}

TEST_F(relay, blocked_in_connect)
{
	struct end *a = &self->a, *b = &self->b;
	struct st_call call = { .nr = SYS_connect };

	call.fd = fd_bound(a);
	call.addr = addr_of(b->addr, b->port);
	call_asleep(&call);
	wire_pass(a, SYN, 100);
	wire_pass(b, RST | ACK, 0, 101, .raw = true);
	call_returns(&call, -1, ECONNREFUSED);
	state_is(a, "CLOSED");
	state_is(b, "CLOSED");
	STATS(NS_A, "transition CLOSED SYN-SENT open-active 1",
	      "transition SYN-SENT CLOSED rst 1", "reset in syn_sent 1");
	STATS(NS_B, "drop no_connection 1", "reset out no_connection 1");
}

/* In SYN-RECEIVED of an active open the reset is a refusal too (3.10.7.4, second). */
TEST_F(peer, blocked_in_connect_and_crossed)
{
	struct end *us = &self->us, *it = &self->it;
	struct st_call call = { .nr = SYS_connect };

	call.fd = fd_bound(it);
	call.addr = addr_of(us->addr, us->port);
	call_asleep(&call);
	wire_expect(it, SYN, 300);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	state_is(it, "SYN-RECEIVED");
	stats_mark(NS_A);
	wire_send(us, RST, 101);
	call_returns(&call, -1, ECONNREFUSED);
	state_is(it, "CLOSED");
	STATS(NS_A, "transition SYN-RECEIVED CLOSED rst 1", "reset in syn_received 1");
}

/* accept() is not told of a handshake that was reset, but goes on to the next one. Here
 * the client gives up before it is answered: nobody is there for the SYN,ACK.
 */
TEST_F(relay, blocked_in_accept)
{
	struct end *a = &self->a, *b = &self->b;
	struct st_call call = { .nr = SYS_accept };
	int client;

	call.fd = fd_listen(b, 4);
	call_asleep(&call);
	client = fd_start(a);
	wire_pass(a, SYN, 100);
	state_is(b, "SYN-RECEIVED");
	fd_close(client);
	state_is(a, "CLOSED");
	stats_mark(NS_A);
	stats_mark(NS_B);
	wire_pass(b, SYN | ACK, 300, 101);
	wire_pass(a, RST, 101);
	state_is(b, "LISTEN");
	ASSERT_EQ(0, st_call_until_blocked(call.tid, SYS_accept));
	STATS(NS_A, "drop no_connection 1", "reset out no_connection 1");
	STATS(NS_B, "transition SYN-RECEIVED LISTEN rst 1", "transition LISTEN CLOSED merge 1",
	      "reset in to_listen 1");

	wire_forget(a);
	wire_forget(b);
	client = fd_start(a);
	wire_pass(a, SYN, 500);
	wire_pass(b, SYN | ACK, 700, 501);
	wire_pass(a, ACK, 501, 701);
	ASSERT_EQ(0, fd_connected(client));
	ASSERT_EQ(0, st_call_join(&call));
	ASSERT_LE(0, call.ret);
	state_is(b, "ESTABLISHED");
	STATS(NS_A, OPEN_ACTIVE);
	STATS(NS_B, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED ESTABLISHED ack 1");
}

/* A connection that was reset while it waited: accept() hands it out as it is. */
TEST_F(peer, reset_before_accept)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 4), fd;
	char byte;

	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	stats_mark(NS_A);
	wire_send(us, RST, 101);
	wire_silence(it);
	state_is(it, "LISTEN");
	STATS(NS_A, "transition ESTABLISHED CLOSED rst 1", "reset in synchronized 1");
	fd = fd_accept(listener);
	FAILS(ECONNRESET, recv(fd, &byte, 1, 0));
	ASSERT_EQ(0, recv(fd, &byte, 1, 0));
}

/* The listener is closed: who waits for accept() waits in vain, and is told. */
TEST_F(peer, listener_closed)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 4);

	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	stats_mark(NS_A);
	fd_close(listener);
	wire_expect(it, RST, 301);
	state_is(it, "CLOSED");
	STATS(NS_A, "transition LISTEN CLOSED close 1",
	      "transition ESTABLISHED CLOSED listener-closed 1",
	      "reset out listener_closed 1");
}

TEST_HARNESS_MAIN
