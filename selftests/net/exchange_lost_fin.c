// SPDX-License-Identifier: GPL-2.0
/* Exchange 11, first half: a FIN or its ACK is lost. RFC 9293 sections 3.6 and 3.10.8. */
#include "lib/exchange.h"

/* Both stacks retransmit after a second; each of them waits 2MSL of three seconds. */
static void prepare(struct end *a, struct end *b, int *client, int *server)
{
	net_rto(NS_A, 1000, 60000);
	net_rto(NS_B, 1000, 60000);
	net_hstp(NS_A, "msl_ms", 1500);
	net_hstp(NS_B, "msl_ms", 1500);
	exchange_open(a, b, fd_listen(b, 1), client, server);
	stats_mark(NS_A);
	stats_mark(NS_B);
}

/* The FIN that @a has sent a second time passes, and so does its ACK. */
static void first_fin_again(struct end *a, struct end *b)
{
	wire_pass(a, FIN | ACK, 101, 301);
	wire_pass(b, ACK, 301, 102);
	state_wait(a, "FIN-WAIT-2");
	state_wait(b, "CLOSE-WAIT");
	STATS(NS_A, "transition ESTABLISHED FIN-WAIT-1 close 1",
	      "transition FIN-WAIT-1 FIN-WAIT-2 fin-acked 1", "retransmit 1");
}

/* The client's FIN arrives, and the server closes as well. */
static void close_both(struct end *a, struct end *b, int client, int server)
{
	fd_close(client);
	wire_pass(a, FIN | ACK, 101, 301);
	wire_pass(b, ACK, 301, 102);
	state_is(b, "CLOSE-WAIT");
	fd_close(server);
}

/* The first FIN is lost, and comes again from FIN-WAIT-1. */
TEST_F(relay, first_fin)
{
	struct end *a = &self->a, *b = &self->b;
	int client, server;

	prepare(a, b, &client, &server);
	fd_close(client);
	wire_lose(a, FIN | ACK, 101, 301);
	state_is(a, "FIN-WAIT-1");
	state_is(b, "ESTABLISHED");
	first_fin_again(a, b);
	fd_eof(server);
	STATS(NS_B, "transition ESTABLISHED CLOSE-WAIT fin 1");
}

/* Its ACK is lost: the FIN comes again and is only acknowledged again. */
TEST_F(relay, ack_of_first_fin)
{
	struct end *a = &self->a, *b = &self->b;
	int client, server;

	prepare(a, b, &client, &server);
	fd_close(client);
	wire_pass(a, FIN | ACK, 101, 301);
	wire_lose(b, ACK, 301, 102);
	state_is(b, "CLOSE-WAIT");
	first_fin_again(a, b);
	STATS(NS_B, "transition ESTABLISHED CLOSE-WAIT fin 1", "drop seq 1");
}

/* The second FIN is lost, and comes again from LAST-ACK. */
TEST_F(relay, second_fin)
{
	struct end *a = &self->a, *b = &self->b;
	int client, server;

	prepare(a, b, &client, &server);
	close_both(a, b, client, server);
	wire_lose(b, FIN | ACK, 301, 102);
	state_is(b, "LAST-ACK");
	wire_pass(b, FIN | ACK, 301, 102);
	wire_pass(a, ACK, 102, 302);
	state_wait(b, "LISTEN");
	state_is(a, "TIME-WAIT");
	STATS(NS_B, "transition ESTABLISHED CLOSE-WAIT fin 1",
	      "transition CLOSE-WAIT LAST-ACK close 1",
	      "transition LAST-ACK CLOSED fin-acked 1", "retransmit 1");
}

/* The last ACK is lost: TIME-WAIT answers the FIN that comes again, and starts 2MSL anew
 * (3.10.7.4, eighth): it lasts 2MSL from the second FIN on, not from the first.
 */
TEST_F(relay, last_ack)
{
	struct end *a = &self->a, *b = &self->b;
	struct seen *first, *second;
	int client, server;
	uint64_t again;

	prepare(a, b, &client, &server);
	close_both(a, b, client, server);
	first = wire_expect(b, FIN | ACK, 301, 102);
	wire_deliver(first);
	wire_lose(a, ACK, 102, 302);
	state_is(a, "TIME-WAIT");
	state_is(b, "LAST-ACK");
	second = wire_expect(b, FIN | ACK, 301, 102);
	again = now_ms();
	wire_deliver(second);
	wire_pass(a, ACK, 102, 302);
	state_wait(b, "LISTEN");
	state_wait(a, "CLOSED");
	ASSERT_LE(first->ms + 800, second->ms);
	ASSERT_LE(again + 3000 - 200, now_ms());
	wire_silence(a);
	STATS(NS_A, "transition ESTABLISHED FIN-WAIT-1 close 1",
	      "transition FIN-WAIT-1 FIN-WAIT-2 fin-acked 1",
	      "transition FIN-WAIT-2 TIME-WAIT fin 1",
	      "transition TIME-WAIT CLOSED time-wait 1", "drop seq 1");
	STATS(NS_B, "transition ESTABLISHED CLOSE-WAIT fin 1",
	      "transition CLOSE-WAIT LAST-ACK close 1",
	      "transition LAST-ACK CLOSED fin-acked 1", "retransmit 1");
}

/* A FIN that was lost together with text before it: both come again, in order, the earliest
 * first (RFC 6298 rule 5.4), and whether in one segment or in two is the sender's business.
 */
TEST_F(relay, text_and_fin)
{
	struct end *a = &self->a, *b = &self->b;
	int client, server, segments = 1;
	char retransmit[32];
	struct seen *again;

	prepare(a, b, &client, &server);
	fd_send(client, "farewell");
	wire_lose(a, PSH | ACK, 101, 301, "farewell");
	fd_close(client);
	wire_lose(a, FIN | ACK, 109, 301);
	state_is(a, "FIN-WAIT-1");
	state_is(b, "ESTABLISHED");

	again = wire_next(a, PATIENCE_MS);
	NEED(again);
	SAME(again->flags & ~FIN, PSH | ACK);
	SAME(again->seq, 101);
	SAME(again->ack, 301);
	SAME(again->len, strlen("farewell"));
	NEED(!memcmp(again->text, "farewell", strlen("farewell")));
	wire_deliver(again);
	if (!(again->flags & FIN)) {
		wire_pass(b, ACK, 301, 109);
		wire_pass(a, FIN | ACK, 109, 301);
		segments++;
	}
	wire_pass(b, ACK, 301, 110);
	state_wait(b, "CLOSE-WAIT");
	fd_recv(server, "farewell");
	fd_eof(server);
	state_wait(a, "FIN-WAIT-2");
	snprintf(retransmit, sizeof(retransmit), "retransmit %d", segments);
	STATS(NS_A, "transition ESTABLISHED FIN-WAIT-1 close 1",
	      "transition FIN-WAIT-1 FIN-WAIT-2 fin-acked 1", retransmit);
	STATS(NS_B, "transition ESTABLISHED CLOSE-WAIT fin 1");
}

TEST_HARNESS_MAIN
