// SPDX-License-Identifier: GPL-2.0
/* Exchange 3: an old duplicate SYN, RFC 9293 section 3.5, figure 8. */
#include "lib/exchange.h"

#define REFUSED_OLD						\
	"transition CLOSED LISTEN fork 1",			\
	"transition LISTEN SYN-RECEIVED syn 1",			\
	"transition SYN-RECEIVED LISTEN rst 1",			\
	"transition LISTEN CLOSED merge 1",			\
	"reset in to_listen 1"
#define OPENS							\
	"transition CLOSED LISTEN fork 1",			\
	"transition LISTEN SYN-RECEIVED syn 1",			\
	"transition SYN-RECEIVED ESTABLISHED ack 1"

/* Figure 8, line by line. */
TEST_F(relay, reset_before_syn)
{
	struct end *a = &self->a, *b = &self->b;
	int listener = fd_listen(b, 1), client = fd_start(a), server;
	struct seen *syn = wire_expect(a, SYN, 100);	/* line 2: delayed */

	stats_mark(NS_B);
	wire_send(a, SYN, 90);				/* line 3: the old one */
	state_is(b, "SYN-RECEIVED");
	wire_pass(b, SYN | ACK, 300, 91);
	state_is(a, "SYN-SENT");
	wire_pass(a, RST, 91);				/* line 5 */
	state_is(a, "SYN-SENT");
	state_is(b, "LISTEN");
	fd_no_accept(listener);
	STATS(NS_B, REFUSED_OLD);

	wire_forget(b);
	wire_deliver(syn);				/* line 6 */
	wire_pass(b, SYN | ACK, 400, 101);
	wire_pass(a, ACK, 101, 401);
	state_is(a, "ESTABLISHED");
	state_is(b, "ESTABLISHED");
	ASSERT_EQ(0, fd_connected(client));
	server = fd_accept(listener);
	fd_send(client, "hello");
	wire_pass(a, PSH | ACK, 101, 401, "hello");
	fd_recv(server, "hello");
	STATS(NS_A, OPEN_ACTIVE, "drop syn_sent_ack 1", "reset out syn_sent_ack 1");
	STATS(NS_B, OPENS);
}

/* The SYN of line 6 arrives before the RST, and is in the window. Section 3.10.7.4,
 * fourth: a passive open returns to LISTEN, where the RST of line 5 is ignored
 * (3.10.7.2, first). The client's next try of the same SYN opens the connection.
 */
TEST_F(relay, syn_before_reset)
{
	struct end *a = &self->a, *b = &self->b;
	int listener = fd_listen(b, 1), client = fd_start(a);
	struct seen *syn = wire_expect(a, SYN, 100), *syn_ack;

	stats_mark(NS_B);
	wire_send(a, SYN, 90);
	syn_ack = wire_expect(b, SYN | ACK, 300, 91);
	wire_deliver(syn);
	state_is(b, "LISTEN");
	wire_silence(b);
	STATS(NS_B, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED LISTEN bad-syn 1", "transition LISTEN CLOSED merge 1",
	      "drop syn_synchronized 1");

	wire_deliver(syn_ack);
	wire_pass(a, RST, 91);
	state_is(a, "SYN-SENT");
	state_is(b, "LISTEN");
	wire_silence(b);
	STATS(NS_B, "drop listen_rst 1", "reset in ignored 1");

	wire_forget(b);
	wire_deliver(syn);
	wire_pass(b, SYN | ACK, 400, 101);
	wire_pass(a, ACK, 101, 401);
	state_is(b, "ESTABLISHED");
	ASSERT_EQ(0, fd_connected(client));
	fd_accept(listener);
	fd_no_accept(listener);
	STATS(NS_B, OPENS);
}

/* The real SYN arrives before the RST, and is outside the window that the old one opened:
 * it is answered with an ACK (3.10.7.4, first), and the client resets what it does not
 * know, once for each answer.
 */
TEST_F(relay, syn_outside_before_reset)
{
	struct end *a = &self->a, *b = &self->b;
	int listener = fd_listen(b, 1), client = fd_start(a);
	struct seen *syn = wire_expect(a, SYN, 100);

	stats_mark(NS_B);
	wire_send(a, SYN, 200);
	wire_pass(b, SYN | ACK, 300, 201);
	wire_deliver(syn);
	wire_pass(b, ACK, 301, 201);
	state_is(b, "SYN-RECEIVED");
	wire_pass(a, RST, 201);
	state_is(b, "LISTEN");
	wire_pass(a, RST, 201);
	state_is(b, "LISTEN");
	state_is(a, "SYN-SENT");
	wire_silence(b);
	STATS(NS_B, REFUSED_OLD, "drop seq 1", "drop listen_rst 1", "reset in ignored 1");

	wire_forget(b);
	wire_deliver(syn);
	wire_pass(b, SYN | ACK, 400, 101);
	wire_pass(a, ACK, 101, 401);
	ASSERT_EQ(0, fd_connected(client));
	fd_accept(listener);
	fd_no_accept(listener);
	STATS(NS_A, OPEN_ACTIVE, "drop syn_sent_ack 2", "reset out syn_sent_ack 2");
	STATS(NS_B, OPENS);
}

TEST_HARNESS_MAIN
