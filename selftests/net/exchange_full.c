// SPDX-License-Identifier: GPL-2.0
/* Exchange 12, first half: no room for a new connection. What does not fit is dropped
 * without an answer and counted; the client tries again, and gets in when there is room
 * (as a lost SYN would, RFC 9293 section 3.8.1).
 */
#include "lib/exchange.h"

#define ONE_MORE						\
	"transition CLOSED LISTEN fork 1",			\
	"transition LISTEN SYN-RECEIVED syn 1",			\
	"transition SYN-RECEIVED ESTABLISHED ack 1"

/* A second client of the same server. */
static void second(struct end *us, struct end *it, uint16_t port)
{
	wire_ends(us, NS_T, port, it, NS_A, PORT_IT);
}

static void establish(struct end *us, struct end *it)
{
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
}

/* listen(fd, 0) lets one connection wait. The next one's SYN is dropped. */
TEST_F(peer, accept_queue)
{
	struct end *us = &self->us, *it = &self->it, us2, it2;
	int listener = fd_listen(it, 0);

	second(&us2, &it2, 4001);
	establish(us, it);
	stats_mark(NS_A);
	wire_send(&us2, SYN, 100);
	wire_silence(&it2);
	state_is(&it2, "LISTEN");
	STATS(NS_A, "drop listen_overflow 1");
	state_is(it, "ESTABLISHED");

	fd_accept(listener);
	establish(&us2, &it2);
	fd_accept(listener);
	fd_no_accept(listener);
	STATS(NS_A, ONE_MORE);
}

/* Both SYNs found room, but only one of the connections does: the other's ACK is dropped,
 * and it stays in SYN-RECEIVED until a later segment brings the ACK again.
 */
TEST_F(peer, accept_queue_on_third_segment)
{
	struct end *us = &self->us, *it = &self->it, us2, it2;
	int listener = fd_listen(it, 0), fd;

	second(&us2, &it2, 4001);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(&us2, SYN, 100);
	wire_expect(&it2, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	stats_mark(NS_A);
	wire_send(&us2, ACK, 101, 301);
	wire_silence(&it2);
	state_is(&it2, "SYN-RECEIVED");
	STATS(NS_A, "drop listen_overflow 1");

	fd_accept(listener);
	wire_send(&us2, PSH | ACK, 101, 301, "still here");
	wire_expect(&it2, ACK, 301, 111);
	state_is(&it2, "ESTABLISHED");
	fd = fd_accept(listener);
	fd_recv(fd, "still here");
	STATS(NS_A, "transition SYN-RECEIVED ESTABLISHED ack 1");
}

/* net.hstp.max_syn_backlog: connections in SYN-RECEIVED. */
TEST_F(peer, syn_backlog)
{
	struct end *us = &self->us, *it = &self->it, us2, it2, us3, it3;

	net_hstp(NS_A, "max_syn_backlog", 2);
	fd_listen(it, 16);
	second(&us2, &it2, 4001);
	second(&us3, &it3, 4002);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(&us2, SYN, 100);
	wire_expect(&it2, SYN | ACK, 300, 101);
	stats_mark(NS_A);
	wire_send(&us3, SYN, 100);
	wire_silence(&it3);
	state_is(&it3, "LISTEN");
	STATS(NS_A, "drop syn_backlog 1");

	/* Room comes from a reset, and from an ACK */
	wire_send(us, RST, 101);
	wire_silence(it);
	STATS(NS_A, "transition SYN-RECEIVED LISTEN rst 1", "transition LISTEN CLOSED merge 1",
	      "reset in to_listen 1");
	establish(&us3, &it3);
	wire_send(&us2, ACK, 101, 301);
	state_is(&it2, "ESTABLISHED");
	wire_forget(it);
	establish(us, it);
}

/* A stack as client: its SYN comes again by itself, and then there is room. */
TEST_F(relay, client_gets_in)
{
	struct end *a = &self->a, *b = &self->b, us, it;
	int listener = fd_listen(b, 0), client, server;

	wire_ends(&us, NS_T, 4001, &it, NS_B, PORT_IT);
	establish(&us, &it);
	stats_mark(NS_B);
	net_rto(NS_A, 1000, 60000);
	client = fd_start(a);
	wire_pass(a, SYN, 100);
	wire_silence(b);
	wire_pass(a, SYN, 100);
	wire_silence(b);
	ASSERT_EQ(0, fd_events(client, POLLOUT, 0));
	STATS(NS_B, "drop listen_overflow 2");

	fd_accept(listener);
	wire_pass(a, SYN, 100);
	wire_pass(b, SYN | ACK, 300, 101);
	wire_pass(a, ACK, 101, 301);
	ASSERT_EQ(0, fd_connected(client));
	STATS(NS_A, OPEN_ACTIVE, "retransmit 2");
	STATS(NS_B, ONE_MORE);
	server = fd_accept(listener);
	fd_send(client, "at last");
	wire_pass(a, PSH | ACK, 101, 301, "at last");
	fd_recv(server, "at last");
}

TEST_HARNESS_MAIN
