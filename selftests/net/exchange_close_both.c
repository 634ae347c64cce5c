// SPDX-License-Identifier: GPL-2.0
/* Exchange 8: both ends close at the same time, RFC 9293 section 3.6, figure 13. */
#include "lib/exchange.h"

#define EARLY_MS	200	/* timers go by jiffies, which an emulated CPU may keep waiting */

#define CLOSES							\
	"transition ESTABLISHED FIN-WAIT-1 close 1",		\
	"transition FIN-WAIT-1 CLOSING fin 1",			\
	"transition CLOSING TIME-WAIT fin-acked 1",		\
	"transition TIME-WAIT CLOSED time-wait 1"

/* Figure 13, with FINs and ACKs crossing, to the end of 2MSL on both sides. */
TEST_F(relay, figure_13)
{
	struct end *a = &self->a, *b = &self->b;
	struct seen *a_seen, *b_seen;
	int client, server;
	uint64_t begin;

	net_hstp(NS_A, "msl_ms", 300);
	net_hstp(NS_B, "msl_ms", 500);
	exchange_open(a, b, fd_listen(b, 1), &client, &server);
	stats_mark(NS_A);
	stats_mark(NS_B);

	fd_shut(client, SHUT_WR);
	fd_shut(server, SHUT_WR);
	a_seen = wire_expect(a, FIN | ACK, 101, 301);		/* line 2 */
	b_seen = wire_expect(b, FIN | ACK, 301, 101);
	state_is(a, "FIN-WAIT-1");
	state_is(b, "FIN-WAIT-1");
	wire_deliver(a_seen);
	wire_deliver(b_seen);
	a_seen = wire_expect(a, ACK, 102, 302);			/* line 3 */
	b_seen = wire_expect(b, ACK, 302, 102);
	state_is(a, "CLOSING");
	state_is(b, "CLOSING");
	fd_eof(client);
	fd_eof(server);
	begin = now_ms();
	wire_deliver(a_seen);
	wire_deliver(b_seen);
	state_wait(a, "CLOSED");
	ASSERT_LE(begin + 600 - EARLY_MS, now_ms());
	state_wait(b, "LISTEN");
	ASSERT_LE(begin + 1000 - EARLY_MS, now_ms());
	wire_silence(a);
	wire_silence(b);
	ASSERT_EQ(0, conn_count(NS_A));
	STATS(NS_A, CLOSES);
	STATS(NS_B, CLOSES);
}

/* TIME-WAIT on both ends, seen as a state: with 2MSL of a minute it is there to stay. */
TEST_F(relay, time_wait_on_both_ends)
{
	struct end *a = &self->a, *b = &self->b;
	struct seen *a_seen, *b_seen;
	int client, server;

	exchange_open(a, b, fd_listen(b, 1), &client, &server);
	fd_close(client);
	fd_close(server);
	a_seen = wire_expect(a, FIN | ACK, 101, 301);
	b_seen = wire_expect(b, FIN | ACK, 301, 101);
	wire_deliver(a_seen);
	wire_deliver(b_seen);
	wire_pass(a, ACK, 102, 302);
	wire_pass(b, ACK, 302, 102);
	state_is(a, "TIME-WAIT");
	state_is(b, "TIME-WAIT");
	wire_silence(a);
	wire_silence(b);
}

/* One ACK is lost: the FIN comes again, in TIME-WAIT or CLOSING, and is acknowledged. */
TEST_F(peer, ack_lost)
{
	struct end *us = &self->us, *it = &self->it;

	wire_to_state(us, it, "CLOSING");
	stats_mark(NS_A);
	wire_send(us, FIN | ACK, 101, 301);
	wire_expect(it, ACK, 302, 102);
	state_is(it, "CLOSING");
	wire_send(us, ACK, 102, 302);
	state_is(it, "TIME-WAIT");
	wire_silence(it);
	STATS(NS_A, "drop seq 1", "transition CLOSING TIME-WAIT fin-acked 1");
}

/* Section 3.10.7.4, fifth: in CLOSING an ACK that is not for our FIN is ignored. */
TEST_F(peer, old_ack_in_closing)
{
	struct end *us = &self->us, *it = &self->it;

	wire_to_state(us, it, "CLOSING");
	stats_mark(NS_A);
	wire_send(us, ACK, 102, 301);
	state_is(it, "CLOSING");
	wire_silence(it);
	STATS_NONE(NS_A);
}

TEST_HARNESS_MAIN
