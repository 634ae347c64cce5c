// SPDX-License-Identifier: GPL-2.0
/* Exchange 5: half-open, found by the side that stayed up and sends. RFC 9293 section
 * 3.5.1, figure 10.
 */
#include "lib/exchange.h"

#include <sys/syscall.h>

/* Open between two stacks, then @a forgets the connection and nobody hears of it. */
static int half_open(struct end *a, struct end *b)
{
	int client, server;

	exchange_open(a, b, fd_listen(b, 1), &client, &server);
	fd_linger(client, 1, 0);
	fd_close(client);
	wire_lose(a, RST, 101);
	state_is(a, "CLOSED");
	state_is(b, "ESTABLISHED");
	stats_mark(NS_A);
	stats_mark(NS_B);
	return server;
}

#define RESET_BY_NOBODY	"drop no_connection 1", "reset out no_connection 1"

/* Figure 10: the text is answered with a reset, and the program hears of it once. */
TEST_F(relay, text)
{
	struct end *a = &self->a, *b = &self->b;
	int server = half_open(a, b);
	char byte;

	fd_send(server, "anybody?");
	wire_pass(b, PSH | ACK, 301, 101, "anybody?");
	wire_pass(a, RST, 101);
	state_is(b, "LISTEN");
	ASSERT_EQ(POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDHUP,
		  fd_events(server, POLLIN | POLLOUT | POLLRDHUP, PATIENCE_MS));
	FAILS(ECONNRESET, recv(server, &byte, 1, 0));
	ASSERT_EQ(0, recv(server, &byte, 1, 0));
	FAILS(EPIPE, send(server, "x", 1, MSG_NOSIGNAL));
	wire_silence(b);
	STATS(NS_A, RESET_BY_NOBODY);
	STATS(NS_B, "transition ESTABLISHED CLOSED rst 1", "reset in synchronized 1");
}

/* A program that waits for the answer is woken with the error. */
TEST_F(relay, text_then_blocked_receive)
{
	struct end *a = &self->a, *b = &self->b;
	char buf[8];
	struct st_call call = { .nr = SYS_recvfrom, .buf = buf, .len = sizeof(buf) };

	call.fd = half_open(a, b);
	fd_send(call.fd, "anybody?");
	call_asleep(&call);
	wire_pass(b, PSH | ACK, 301, 101, "anybody?");
	wire_pass(a, RST, 101);
	call_returns(&call, -1, ECONNRESET);
	ASSERT_EQ(0, fd_error(call.fd));
	STATS(NS_A, RESET_BY_NOBODY);
	STATS(NS_B, "transition ESTABLISHED CLOSED rst 1", "reset in synchronized 1");
}

/* ... or one that waits for room: what it has sent lies on the wire. */
TEST_F(relay, blocked_send)
{
	struct end *a = &self->a, *b = &self->b;
	static char text[65536];
	struct st_call call = {
		.nr = SYS_sendto, .buf = text, .len = sizeof(text), .flags = MSG_NOSIGNAL,
	};
	struct seen *first;

	call.fd = half_open(a, b);
	while (send(call.fd, text, sizeof(text), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
		;
	ASSERT_EQ(EAGAIN, errno);
	call_asleep(&call);
	first = wire_next(b, PATIENCE_MS);
	NEED(first);
	ASSERT_EQ(301, first->seq);
	ASSERT_LT(0, first->len);
	wire_deliver(first);
	wire_pass(a, RST, 101);
	call_returns(&call, -1, ECONNRESET);
	FAILS(EPIPE, send(call.fd, text, 1, MSG_NOSIGNAL));
	state_is(a, "CLOSED");
	state_is(b, "LISTEN");
	STATS(NS_A, RESET_BY_NOBODY);
	STATS(NS_B, "transition ESTABLISHED CLOSED rst 1", "reset in synchronized 1");
}

/* Its FIN finds out as well. */
TEST_F(relay, fin)
{
	struct end *a = &self->a, *b = &self->b;
	int server = half_open(a, b);

	fd_shut(server, SHUT_WR);
	wire_pass(b, FIN | ACK, 301, 101);
	state_is(b, "FIN-WAIT-1");
	wire_pass(a, RST, 101);
	state_is(b, "LISTEN");
	ASSERT_EQ(ECONNRESET, fd_error(server));
	STATS(NS_A, RESET_BY_NOBODY);
	STATS(NS_B, "transition ESTABLISHED FIN-WAIT-1 close 1",
	      "transition FIN-WAIT-1 CLOSED rst 1", "reset in synchronized 1");
}

/* The crashed side is up again and listens: still no connection, but now in LISTEN
 * (section 3.10.7.2, second).
 */
TEST_F(relay, text_to_a_listener)
{
	struct end *a = &self->a, *b = &self->b;
	int server = half_open(a, b), listener = fd_listen(a, 1);

	stats_mark(NS_A);
	fd_send(server, "anybody?");
	wire_pass(b, PSH | ACK, 301, 101, "anybody?");
	wire_pass(a, RST, 101);
	state_is(a, "LISTEN");
	state_is(b, "LISTEN");
	fd_no_accept(listener);
	ASSERT_EQ(ECONNRESET, fd_error(server));
	STATS(NS_A, "drop listen_ack 1", "reset out listen_ack 1");
	STATS(NS_B, "transition ESTABLISHED CLOSED rst 1", "reset in synchronized 1");
}

TEST_HARNESS_MAIN
