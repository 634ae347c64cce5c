// SPDX-License-Identifier: GPL-2.0
/* Exchange 12, second half: nobody answers. SYN, SYN,ACK, text and FIN are each given up
 * after their retries, not before their time, with "connection timed out". RFC 9293
 * section 3.8.3, RFC 6298 rules 2.1, 5.5 (back off) and 2.5 (a maximum).
 */
#include "lib/exchange.h"

#include <sys/syscall.h>

#define FIRST_MS	300
#define TICK_MS		20	/* the kernel's timers may be this early against our clock */

/* The same segment again, not before @rto_ms after @before. */
static struct seen *again(struct end *it, struct seen *before, unsigned int rto_ms)
{
	struct seen *seen = wire_expect(it, before->flags, before->seq, before->ack,
					.len = before->len);

	if (seen->ms + TICK_MS < before->ms + rto_ms)
		die(__FILE__, __LINE__, "again after %d ms, not %u",
		    (int)(seen->ms - before->ms), rto_ms);
	return seen;
}

/* An open connection whose RTO is FIRST_MS: measured anew under these bounds. */
static int open_with_short_rto(struct end *us, struct end *it)
{
	int fd = wire_open_active(us, it);

	net_rto(NS_A, FIRST_MS, 60000);
	fd_nodelay(fd);
	for (int i = 0; i < 16; i++) {
		fd_send(fd, "x");
		wire_expect(it, PSH | ACK, 301 + i, 101, "x");
		wire_send(us, ACK, 101, 302 + i);
		wire_sync(NS_A);
	}
	stats_mark(NS_A);
	return fd;
}

/* net.hstp.syn_retries */
TEST_F(peer, syn)
{
	struct end *us = &self->us, *it = &self->it;
	struct st_call call = { .nr = SYS_connect };
	struct seen *seen;

	net_rto(NS_A, FIRST_MS, 60000);
	net_hstp(NS_A, "syn_retries", 2);
	call.fd = fd_bound(it);
	call.addr = addr_of(us->addr, us->port);
	call_asleep(&call);
	seen = wire_expect(it, SYN, 300);
	state_is(it, "SYN-SENT");
	seen = again(it, seen, FIRST_MS);
	seen = again(it, seen, 2 * FIRST_MS);
	call_returns(&call, -1, ETIMEDOUT);
	ASSERT_LE(seen->ms + 4 * FIRST_MS, now_ms() + TICK_MS);
	state_is(it, "CLOSED");
	wire_silence(it);
	STATS(NS_A, "transition CLOSED SYN-SENT open-active 1",
	      "transition SYN-SENT CLOSED retries 1", "retransmit 2");
}

/* net.hstp.rto_max_ms: without it the 9 waits would be 512 times the first. */
TEST_F(peer, syn_back_off_has_a_limit)
{
	struct end *it = &self->it;
	uint64_t begin = now_ms();
	struct seen *seen;
	int fd;

	net_rto(NS_A, 100, 150);
	net_hstp(NS_A, "syn_retries", 8);
	fd = fd_start(it);
	seen = wire_expect(it, SYN, 300);
	seen = again(it, seen, 100);
	for (int i = 0; i < 7; i++)
		seen = again(it, seen, 150);
	ASSERT_EQ(ETIMEDOUT, fd_connected(fd));
	ASSERT_GT(begin + 40000, now_ms());
	STATS(NS_A, "transition CLOSED SYN-SENT open-active 1",
	      "transition SYN-SENT CLOSED retries 1", "retransmit 8");
}

/* net.hstp.synack_retries; the listener's user hears nothing of it. */
TEST_F(peer, syn_ack)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *seen;
	int listener;

	net_rto(NS_A, FIRST_MS, 60000);
	net_hstp(NS_A, "synack_retries", 2);
	listener = fd_listen(it, 1);
	stats_mark(NS_A);
	wire_send(us, SYN, 100);
	seen = wire_expect(it, SYN | ACK, 300, 101);
	seen = again(it, seen, FIRST_MS);
	seen = again(it, seen, 2 * FIRST_MS);
	state_is(it, "SYN-RECEIVED");
	state_wait(it, "LISTEN");
	ASSERT_LE(seen->ms + 4 * FIRST_MS, now_ms() + TICK_MS);
	fd_no_accept(listener);
	ASSERT_EQ(0, fd_error(listener));
	wire_silence(it);
	STATS(NS_A, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED CLOSED retries 1", "retransmit 2");
}

/* A SYN,ACK that is lost comes again, and the handshake goes on from there. */
TEST_F(relay, syn_ack_lost)
{
	struct end *a = &self->a, *b = &self->b;
	int listener, client;

	net_rto(NS_B, 1000, 60000);
	listener = fd_listen(b, 1);
	client = fd_start(a);
	wire_pass(a, SYN, 100);
	wire_lose(b, SYN | ACK, 300, 101);
	wire_pass(b, SYN | ACK, 300, 101);
	wire_pass(a, ACK, 101, 301);
	ASSERT_EQ(0, fd_connected(client));
	fd_accept(listener);
	STATS(NS_A, OPEN_ACTIVE);
	STATS(NS_B, OPEN_PASSIVE, "retransmit 1");
}

/* net.hstp.retries: text; a program that waits for the answer is told. */
TEST_F(peer, text)
{
	struct end *us = &self->us, *it = &self->it;
	char buf[8];
	struct st_call call = { .nr = SYS_recvfrom, .buf = buf, .len = sizeof(buf) };
	struct seen *seen;

	net_hstp(NS_A, "retries", 2);
	call.fd = open_with_short_rto(us, it);
	fd_send(call.fd, "hello");
	call_asleep(&call);
	seen = wire_expect(it, PSH | ACK, 317, 101, "hello");
	seen = again(it, seen, FIRST_MS);
	seen = again(it, seen, 2 * FIRST_MS);
	call_returns(&call, -1, ETIMEDOUT);
	ASSERT_LE(seen->ms + 4 * FIRST_MS, now_ms() + TICK_MS);
	state_is(it, "CLOSED");
	FAILS(EPIPE, send(call.fd, "x", 1, MSG_NOSIGNAL));
	wire_silence(it);
	STATS(NS_A, "transition ESTABLISHED CLOSED retries 1", "retransmit 2");
}

/* An answer in between: the retries begin anew (3.8.3: it counts since the peer was
 * heard last).
 */
TEST_F(peer, text_heard_at_last)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *seen;
	int fd;

	net_hstp(NS_A, "retries", 2);
	fd = open_with_short_rto(us, it);
	fd_send(fd, "hello");
	seen = wire_expect(it, PSH | ACK, 317, 101, "hello");
	seen = again(it, seen, FIRST_MS);
	seen = again(it, seen, 2 * FIRST_MS);
	wire_send(us, ACK, 101, 322);
	state_is(it, "ESTABLISHED");
	wire_quiet(it, 300);
	ASSERT_EQ(0, fd_error(fd));
	STATS(NS_A, "retransmit 2");
}

/* The FIN of shutdown(): the program holds the socket, and gets the error. */
TEST_F(peer, fin)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *seen;
	int fd;

	net_hstp(NS_A, "retries", 2);
	fd = open_with_short_rto(us, it);
	fd_shut(fd, SHUT_WR);
	seen = wire_expect(it, FIN | ACK, 317, 101);
	seen = again(it, seen, FIRST_MS);
	seen = again(it, seen, 2 * FIRST_MS);
	state_is(it, "FIN-WAIT-1");
	state_wait(it, "CLOSED");
	ASSERT_LE(seen->ms + 4 * FIRST_MS, now_ms() + TICK_MS);
	ASSERT_EQ(ETIMEDOUT, fd_error(fd));
	STATS(NS_A, "transition ESTABLISHED FIN-WAIT-1 close 1",
	      "transition FIN-WAIT-1 CLOSED retries 1", "retransmit 2");
}

/* net.hstp.orphan_retries: after close() nobody waits, and less is tried. */
TEST_F(peer, fin_of_an_orphan)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *seen;

	net_hstp(NS_A, "retries", 9);
	net_hstp(NS_A, "orphan_retries", 1);
	fd_close(open_with_short_rto(us, it));
	seen = wire_expect(it, FIN | ACK, 317, 101);
	seen = again(it, seen, FIRST_MS);
	state_wait(it, "CLOSED");
	ASSERT_LE(seen->ms + 2 * FIRST_MS, now_ms() + TICK_MS);
	wire_silence(it);
	STATS(NS_A, "transition ESTABLISHED FIN-WAIT-1 close 1",
	      "transition FIN-WAIT-1 CLOSED retries 1", "retransmit 1");
}

/* ... in LAST-ACK too. */
TEST_F(peer, last_ack)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *seen;
	int fd;

	net_hstp(NS_A, "orphan_retries", 1);
	fd = open_with_short_rto(us, it);
	wire_send(us, FIN | ACK, 101, 317);
	wire_expect(it, ACK, 317, 102);
	fd_close(fd);
	seen = wire_expect(it, FIN | ACK, 317, 102);
	seen = again(it, seen, FIRST_MS);
	state_wait(it, "CLOSED");
	ASSERT_LE(seen->ms + 2 * FIRST_MS, now_ms() + TICK_MS);
	STATS(NS_A, "transition ESTABLISHED CLOSE-WAIT fin 1",
	      "transition CLOSE-WAIT LAST-ACK close 1",
	      "transition LAST-ACK CLOSED retries 1", "retransmit 1");
}

TEST_HARNESS_MAIN
