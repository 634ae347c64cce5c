// SPDX-License-Identifier: GPL-2.0
/* Exchange 7: the normal close, RFC 9293 section 3.6, figure 12, and the half-close. */
#include "lib/exchange.h"

#define MSL_MS		300
#define FIN_TIMEOUT_MS	3000	/* until then the test looks at what is waited in */
#define EARLY_MS	200	/* timers go by jiffies, which an emulated CPU may keep waiting */

#define CLOSES_FIRST							\
	"transition ESTABLISHED FIN-WAIT-1 close 1",			\
	"transition FIN-WAIT-1 FIN-WAIT-2 fin-acked 1",			\
	"transition FIN-WAIT-2 TIME-WAIT fin 1"
#define CLOSES_SECOND							\
	"transition ESTABLISHED CLOSE-WAIT fin 1",			\
	"transition CLOSE-WAIT LAST-ACK close 1",			\
	"transition LAST-ACK CLOSED fin-acked 1"

/* Figure 12: four segments; between the second and the third the passive side goes on
 * sending, and the active side goes on receiving after its shutdown(SHUT_WR).
 */
TEST_F(relay, figure_12)
{
	struct end *a = &self->a, *b = &self->b;
	int client, server;
	uint64_t begin;

	net_hstp(NS_A, "msl_ms", MSL_MS);
	exchange_open(a, b, fd_listen(b, 1), &client, &server);
	stats_mark(NS_A);
	stats_mark(NS_B);

	fd_shut(client, SHUT_WR);
	wire_pass(a, FIN | ACK, 101, 301);			/* line 2 */
	wire_pass(b, ACK, 301, 102);				/* line 3 */
	state_is(a, "FIN-WAIT-2");
	state_is(b, "CLOSE-WAIT");
	fd_eof(server);
	FAILS(EPIPE, send(client, "x", 1, MSG_NOSIGNAL));
	fd_empty(client);

	fd_send(server, "one more thing");
	wire_pass(b, PSH | ACK, 301, 102, "one more thing");
	wire_pass(a, ACK, 102, 315);
	fd_recv(client, "one more thing");
	fd_empty(client);
	state_is(a, "FIN-WAIT-2");
	state_is(b, "CLOSE-WAIT");

	fd_close(server);
	begin = now_ms();
	wire_pass(b, FIN | ACK, 315, 102);			/* line 4 */
	state_is(b, "LAST-ACK");
	wire_pass(a, ACK, 102, 316);				/* line 5 */
	state_wait(b, "LISTEN");
	fd_eof(client);
	state_wait(a, "CLOSED");				/* line 6 */
	ASSERT_LE(begin + 2 * MSL_MS - EARLY_MS, now_ms());
	wire_silence(a);
	wire_silence(b);
	STATS(NS_A, CLOSES_FIRST, "transition TIME-WAIT CLOSED time-wait 1");
	STATS(NS_B, CLOSES_SECOND);
	if (proto == IPPROTO_TCP)
		return;
	/* Microseconds; one connection is the median and the longest */
	ASSERT_LE((2 * MSL_MS - EARLY_MS) * 1000, stat_now(NS_A, "state TIME-WAIT max"));
	ASSERT_LT(0, stat_now(NS_A, "state TIME-WAIT p50"));
}

/* close() on both sides, nothing left to say. */
TEST_F(relay, both_close_in_turn)
{
	struct end *a = &self->a, *b = &self->b;
	int client, server;

	exchange_open(a, b, fd_listen(b, 1), &client, &server);
	stats_mark(NS_A);
	stats_mark(NS_B);
	fd_close(client);
	wire_pass(a, FIN | ACK, 101, 301);
	state_is(b, "CLOSE-WAIT");
	wire_pass(b, ACK, 301, 102);
	state_is(a, "FIN-WAIT-2");
	fd_eof(server);
	fd_close(server);
	wire_pass(b, FIN | ACK, 301, 102);
	wire_pass(a, ACK, 102, 302);
	state_is(a, "TIME-WAIT");
	state_is(b, "LISTEN");
	STATS(NS_A, CLOSES_FIRST);
	STATS(NS_B, CLOSES_SECOND);
}

/* Text that was sent before the close arrives before the end. */
TEST_F(relay, text_then_close)
{
	struct end *a = &self->a, *b = &self->b;
	int client, server;

	exchange_open(a, b, fd_listen(b, 1), &client, &server);
	fd_send(client, "last words");
	wire_pass(a, PSH | ACK, 101, 301, "last words");
	wire_pass(b, ACK, 301, 111);
	fd_close(client);
	wire_pass(a, FIN | ACK, 111, 301);
	wire_pass(b, ACK, 301, 112);
	fd_recv(server, "last words");
	fd_eof(server);
	state_is(a, "FIN-WAIT-2");
	state_is(b, "CLOSE-WAIT");
	STATS(NS_A, OPEN_ACTIVE, "transition ESTABLISHED FIN-WAIT-1 close 1",
	      "transition FIN-WAIT-1 FIN-WAIT-2 fin-acked 1");
	STATS(NS_B, OPEN_PASSIVE, "transition ESTABLISHED CLOSE-WAIT fin 1");
}

/* Section 3.10.7.4, eighth: the FIN that also acknowledges ours leads from FIN-WAIT-1 to
 * TIME-WAIT.
 */
TEST_F(peer, fin_with_ack_of_fin)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "FIN-WAIT-1");

	stats_mark(NS_A);
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102);
	state_is(it, "TIME-WAIT");
	fd_eof(fd);
	STATS(NS_A, "transition FIN-WAIT-1 FIN-WAIT-2 fin-acked 1",
	      "transition FIN-WAIT-2 TIME-WAIT fin 1");
}

/* Text in FIN-WAIT-1 and FIN-WAIT-2 is delivered (3.10.7.4, seventh). */
TEST_F(peer, text_in_fin_wait)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "FIN-WAIT-1");

	stats_mark(NS_A);
	wire_send(us, PSH | ACK, 101, 301, "first");
	wire_expect(it, ACK, 302, 106);
	state_is(it, "FIN-WAIT-1");
	wire_send(us, PSH | ACK, 106, 302, "second");
	wire_expect(it, ACK, 302, 112);
	state_is(it, "FIN-WAIT-2");
	wire_send(us, FIN | PSH | ACK, 112, 302, "third");
	wire_expect(it, ACK, 302, 118);
	state_is(it, "TIME-WAIT");
	fd_recv(fd, "firstsecondthird");
	fd_eof(fd);
	STATS(NS_A, "transition FIN-WAIT-1 FIN-WAIT-2 fin-acked 1",
	      "transition FIN-WAIT-2 TIME-WAIT fin 1");
}

/* A FIN that comes before the text in front of it waits for it (SHLD-31). */
TEST_F(peer, fin_out_of_order)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "ESTABLISHED");

	stats_mark(NS_A);
	wire_send(us, FIN | PSH | ACK, 106, 301, "world");
	wire_expect(it, ACK, 301, 101);
	state_is(it, "ESTABLISHED");
	fd_empty(fd);
	wire_send(us, ACK, 101, 301, "hello");
	wire_expect(it, ACK, 301, 112);
	state_is(it, "CLOSE-WAIT");
	fd_recv(fd, "helloworld");
	fd_eof(fd);
	STATS(NS_A, "transition ESTABLISHED CLOSE-WAIT fin 1");
}

/* Nobody holds the connection any more, and the peer never closes: FIN-WAIT-2 ends after
 * net.hstp.fin_timeout.
 */
TEST_F(peer, fin_wait_2_of_an_orphan)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "FIN-WAIT-2");
	uint64_t begin = now_ms();

	net_hstp(NS_A, "fin_timeout", FIN_TIMEOUT_MS);
	stats_mark(NS_A);
	fd_close(fd);
	state_is(it, "FIN-WAIT-2");
	STATS_NONE(NS_A);
	state_wait(it, "CLOSED");
	ASSERT_LE(begin + FIN_TIMEOUT_MS - EARLY_MS, now_ms());
	wire_silence(it);
	STATS(NS_A, "transition FIN-WAIT-2 CLOSED fin-timeout 1");
}

/* ... and so does the one that it comes to after close(). */
TEST_F(peer, fin_wait_2_after_close)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "ESTABLISHED");
	uint64_t begin;

	net_hstp(NS_A, "fin_timeout", 500);
	stats_mark(NS_A);
	fd_close(fd);
	wire_expect(it, FIN | ACK, 301, 101);
	begin = now_ms();
	wire_send(us, ACK, 101, 302);
	state_wait(it, "CLOSED");
	ASSERT_LE(begin + 500 - EARLY_MS, now_ms());
	wire_silence(it);
	STATS(NS_A, "transition ESTABLISHED FIN-WAIT-1 close 1",
	      "transition FIN-WAIT-1 FIN-WAIT-2 fin-acked 1",
	      "transition FIN-WAIT-2 CLOSED fin-timeout 1");
}

/* A program that holds the socket after SHUT_WR may wait for ever: no timeout. */
TEST_F(peer, fin_wait_2_of_a_half_close)
{
	struct end *us = &self->us, *it = &self->it;
	int fd;

	net_hstp(NS_A, "fin_timeout", 100);
	fd = wire_to_state(us, it, "FIN-WAIT-2");
	stats_mark(NS_A);
	wire_quiet(it, 500);
	state_is(it, "FIN-WAIT-2");
	wire_send(us, PSH | ACK, 101, 302, "late");
	wire_expect(it, ACK, 302, 105);
	fd_recv(fd, "late");
	STATS_NONE(NS_A);
}

TEST_HARNESS_MAIN
