// SPDX-License-Identifier: GPL-2.0
/* Exchange 6: an old duplicate SYN between two passive sockets. RFC 9293 section 3.5.1,
 * figure 11.
 */
#include "lib/exchange.h"

#define ACCEPTED							\
	"transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1", \
	"transition SYN-RECEIVED ESTABLISHED ack 1"

TEST_F(relay, figure_11)
{
	struct end *a = &self->a, *b = &self->b;
	int a_listener = fd_listen(a, 1), b_listener = fd_listen(b, 1);

	stats_mark(NS_A);
	stats_mark(NS_B);
	wire_send(a, SYN, 50);				/* line 2: SEQ=Z */
	state_is(b, "SYN-RECEIVED");
	wire_pass(b, SYN | ACK, 300, 51);		/* line 3: SEQ=X, ACK=Z+1 */
	state_is(a, "LISTEN");
	wire_pass(a, RST, 51);				/* line 4: SEQ=Z+1 */
	state_is(a, "LISTEN");				/* line 5 */
	state_is(b, "LISTEN");
	wire_silence(a);
	wire_silence(b);
	fd_no_accept(a_listener);
	fd_no_accept(b_listener);
	ASSERT_EQ(1, conn_count(NS_A));
	ASSERT_EQ(1, conn_count(NS_B));
	STATS(NS_A, "drop listen_ack 1", "reset out listen_ack 1");
	STATS(NS_B, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED LISTEN rst 1", "transition LISTEN CLOSED merge 1",
	      "reset in to_listen 1");
}

/* Both listeners are as good as new: each accepts a connection of the other's host. */
TEST_F(relay, listeners_still_listen)
{
	struct end *a = &self->a, *b = &self->b;
	struct end client, server;
	int a_listener = fd_listen(a, 1), b_listener = fd_listen(b, 1);
	int client_fd, server_fd;

	wire_send(a, SYN, 50);
	wire_pass(b, SYN | ACK, 300, 51);
	wire_pass(a, RST, 51);
	state_is(b, "LISTEN");
	stats_mark(NS_A);
	stats_mark(NS_B);

	wire_ends(&client, NS_A, 5000, &server, NS_B, PORT_IT);
	exchange_open(&client, &server, b_listener, &client_fd, &server_fd);
	state_is(&client, "ESTABLISHED");
	state_is(&server, "ESTABLISHED");
	wire_ends(&client, NS_B, 5001, &server, NS_A, PORT_US);
	exchange_open(&client, &server, a_listener, &client_fd, &server_fd);
	state_is(&client, "ESTABLISHED");
	state_is(&server, "ESTABLISHED");
	STATS(NS_A, OPEN_ACTIVE, ACCEPTED);
	STATS(NS_B, OPEN_ACTIVE, ACCEPTED);
}

TEST_HARNESS_MAIN
