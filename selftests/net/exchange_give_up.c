// SPDX-License-Identifier: GPL-2.0
/* Exchange 12, second half: nobody answers. SYN, SYN,ACK, text, FIN and probes of a closed
 * window are each given up after their retries, at their time, with "connection timed
 * out". RFC 9293 sections 3.8.3 and 3.8.6.1, RFC 6298 rules 2.1, 5.5 (back off) and 2.5 (a
 * maximum).
 */
#include "lib/exchange.h"

#include <sys/syscall.h>

#define FIRST_MS	300
#define EARLY_MS	200	/* a loaded machine may see a segment so late after it was sent, */

#define LATE_MS		5000	/* and the next one this late after its time */
#define ROUND_MS	20	/* /proc/net/hstp tells hundredths of a second */

/* The timer that /proc/net/hstp tells goes off @rto_ms after @before was sent: no later, however
 * late this machine is, and no earlier either. If half of that has gone by before anybody could
 * look, it may have gone off since, and be another one.
 */
static void waits(const struct end *it, const struct seen *before, unsigned int rto_ms)
{
	unsigned int passed, left;
	struct conn conn;
	bool there = conn_find(it, &conn);

	passed = (unsigned int)(now_ms() - before->ms);
	if (passed >= rto_ms / 2)
		return;
	NEED(there);
	left = conn.when * 10;
	NEED(conn.timer == 1 || conn.timer == 4);
	if (left > rto_ms + ROUND_MS || left + passed + EARLY_MS < rto_ms)
		die(__FILE__, __LINE__, "after %u ms the timer is set to %u ms, not %u in all",
		    passed, left, rto_ms);
}

/* It is @rto_ms after @before, about. */
static void passed(const struct seen *before, uint64_t now, unsigned int rto_ms)
{
	if (now + EARLY_MS < before->ms + rto_ms || now > before->ms + rto_ms + LATE_MS)
		die(__FILE__, __LINE__, "after %d ms, not %u", (int)(now - before->ms), rto_ms);
}

/* The same segment again, @rto_ms after @before. PSH may be on any segment (3.9.1.2). */
static struct seen *again(struct end *it, struct seen *before, unsigned int rto_ms)
{
	struct seen *seen;

	waits(it, before, rto_ms);
	seen = wire_next(it, PATIENCE_MS);
	NEED(seen);
	SAME(seen->flags & ~PSH, before->flags & ~PSH);
	SAME(seen->seq, before->seq);
	SAME(seen->ack, before->ack);
	SAME(seen->len, before->len);
	passed(before, seen->ms, rto_ms);
	return seen;
}

/* The last wait, after which the state is @state. */
static void ends(struct end *it, const struct seen *before, unsigned int rto_ms,
		 const char *state)
{
	waits(it, before, rto_ms);
	state_wait(it, state);
	passed(before, now_ms(), rto_ms);
}

/* What acknowledges @seen, up to @ack; with timestamps, if that has one, which it echoes
 * (RFC 7323 section 4.3).
 */
static void answer(struct end *us, const struct seen *seen, uint8_t flags, uint32_t seq,
		   uint32_t ack, int wnd)
{
	const uint8_t *stamp = wire_option(seen, 8);
	uint8_t opt[12] = { 1, 1, 8, 10, 0, 0, 0x13, 0x88 };

	if (stamp)
		memcpy(opt + 8, stamp + 2, 4);
	wire_send(us, flags, seq, ack, .wnd = wnd, .opt = opt, .optlen = stamp ? 12 : 0);
	wire_sync(NS_A);
}

/* RTO is FIRST_MS: measured anew under these bounds, the last time; until then it is a minute. */
static int short_rto(struct end *us, struct end *it, int fd)
{
	fd_nodelay(fd);
	for (int i = 0; i < 16; i++) {
		if (i == 15)
			net_rto(NS_A, FIRST_MS, 60000);
		fd_send(fd, "x");
		answer(us, wire_expect(it, PSH | ACK, 301 + i, 101, "x"), ACK, 101, 302 + i, 0);
	}
	stats_mark(NS_A);
	return fd;
}

static int open_with_short_rto(struct end *us, struct end *it)
{
	return short_rto(us, it, wire_open_active(us, it));
}

/* The same with timestamps. */
static int open_with_stamps(struct end *us, struct end *it)
{
	int fd = fd_start(it);

	answer(us, wire_expect(it, SYN, 300), SYN | ACK, 100, 301, 0);
	NEED(wire_option(wire_expect(it, ACK, 301, 101), 8));
	SAME(fd_connected(fd), 0);
	return short_rto(us, it, fd);
}

/* RFC 6298 rules 2.1 and 5.1: what is sent first waits for RTO, here a minute, so that a part in
 * a hundred is more than what a loaded machine is late; whatever it is that is sent.
 */
#define MINUTE_MS	60000

TEST_F(peer, the_first_wait)
{
	struct end *us = &self->us, *it = &self->it, other, there;
	struct seen *seen;
	int fd;

	net_hstp(NS_A, "rto_max_ms", MINUTE_MS);
	fd = fd_start(it);
	waits(it, wire_expect(it, SYN, 300), MINUTE_MS);
	wire_send(us, SYN, 100);
	seen = wire_expect(it, SYN | ACK, 300, 101);
	waits(it, seen, MINUTE_MS);
	wire_send(us, ACK, 101, 301);
	SAME(fd_connected(fd), 0);
	fd_send(fd, "hello");
	waits(it, wire_expect(it, PSH | ACK, 301, 101, "hello"), MINUTE_MS);
	wire_send(us, ACK, 101, 306);
	wire_sync(NS_A);
	fd_shut(fd, SHUT_WR);
	waits(it, wire_expect(it, FIN | ACK, 306, 101), MINUTE_MS);

	/* A listener's handshake */
	wire_ends(&other, NS_T, PORT_US, &there, NS_A, PORT_IT + 1);
	fd_listen(&there, 1);
	wire_send(&other, SYN, 100);
	waits(&there, wire_expect(&there, SYN | ACK, 300, 101), MINUTE_MS);
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
	ends(it, seen, 4 * FIRST_MS, "CLOSED");
	call_returns(&call, -1, ETIMEDOUT);
	wire_silence(it);
	STATS(NS_A, "transition CLOSED SYN-SENT open-active 1",
	      "transition SYN-SENT CLOSED retries 1", "retransmit 2");
}

/* net.hstp.rto_max_ms: without it the 9 waits would be 512 times the first. */
TEST_F(peer, syn_back_off_has_a_limit)
{
	struct end *it = &self->it;
	struct seen *seen;
	int fd;

	net_rto(NS_A, 100, 150);
	net_hstp(NS_A, "syn_retries", 8);
	fd = fd_start(it);
	seen = wire_expect(it, SYN, 300);
	seen = again(it, seen, 100);
	for (int i = 0; i < 7; i++)
		seen = again(it, seen, 150);
	ends(it, seen, 150, "CLOSED");
	ASSERT_EQ(ETIMEDOUT, fd_connected(fd));
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
	ends(it, seen, 4 * FIRST_MS, "LISTEN");
	fd_no_accept(listener);
	ASSERT_EQ(0, fd_error(listener));
	wire_silence(it);
	STATS(NS_A, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED CLOSED retries 1", "retransmit 2");
}

/* Each wait is its own, however long others' are: a SYN,ACK that was sent again seven times
 * goes again before one whose turn is later, although that one began to wait earlier.
 */
TEST_F(peer, syn_acks_wait_apart)
{
	struct end *us = &self->us, *it = &self->it, us2, it2;
	struct seen *first, *second;

	net_rto(NS_A, 10, 60000);
	net_hstp(NS_A, "synack_retries", 20);
	fd_listen(it, 4);
	wire_send(us, SYN, 100);
	first = wire_expect(it, SYN | ACK, 300, 101);
	/* Too soon after one another for their times to be looked at */
	for (int i = 0; i < 7; i++) {
		first = wire_next(it, PATIENCE_MS);
		NEED(first);
	}
	/* The first goes again 2,560 ms after it was begun, and then 2,560 later; the second
	 * is begun between 1,280 and 2,560.
	 */
	wire_quiet(it, 300);
	wire_ends(&us2, NS_T, PORT_US + 1, &it2, NS_A, PORT_IT);
	wire_send(&us2, SYN, 100);
	second = wire_expect(&it2, SYN | ACK, 300, 101);
	first = wire_next(it, PATIENCE_MS);
	NEED(first);
	for (int i = 0; i < 8; i++) {
		second = wire_next(&it2, PATIENCE_MS);
		NEED(second);
	}
	first = wire_next(it, PATIENCE_MS);
	NEED(first);
	ASSERT_LT(second->ms, first->ms);
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
	ends(it, seen, 4 * FIRST_MS, "CLOSED");
	call_returns(&call, -1, ETIMEDOUT);
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
	ends(it, seen, 4 * FIRST_MS, "CLOSED");
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
	ends(it, seen, 2 * FIRST_MS, "CLOSED");
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
	ends(it, seen, 2 * FIRST_MS, "CLOSED");
	STATS(NS_A, "transition ESTABLISHED CLOSE-WAIT fin 1",
	      "transition CLOSE-WAIT LAST-ACK close 1",
	      "transition LAST-ACK CLOSED retries 1", "retransmit 1");
}

/* 3.8.6.1: as long as the peer answers probes of its closed window, the connection MUST
 * stay open (MUST-37), however few retries there are ...
 */
static void stays_closed(struct end *us, struct end *it, int fd)
{
	struct seen *seen;

	net_hstp(NS_A, "retries", 1);
	fd_send(fd, "x");
	answer(us, wire_expect(it, PSH | ACK, 317, 101, "x"), ACK, 101, 318, ZERO_WINDOW);
	fd_send(fd, "hello");
	seen = wire_expect(it, ACK, 318, 101, .len = 1);
	for (int i = 1; i < 3; i++) {
		answer(us, seen, ACK, 101, 318, ZERO_WINDOW);
		/* SHLD-30: "increase exponentially the interval between successive probes" */
		seen = again(it, seen, FIRST_MS << i);
	}
	answer(us, seen, ACK, 101, 318, 0);
	for (uint32_t next = 318; next < 323; next += seen->len) {
		seen = wire_next(it, PATIENCE_MS);
		NEED(seen && seen->len);
		SAME(seen->seq, next);
	}
	answer(us, seen, ACK, 101, 323, 0);
	state_is(it, "ESTABLISHED");
	SAME(fd_error(fd), 0);
	STATS(NS_A, "retransmit 3");
}

TEST_F(peer, window_stays_closed)
{
	stays_closed(&self->us, &self->it, open_with_short_rto(&self->us, &self->it));
}

TEST_F(peer, window_stays_closed_stamps)
{
	stays_closed(&self->us, &self->it, open_with_stamps(&self->us, &self->it));
}

/* ... but one that answers nothing is dead, */
TEST_F(peer, probes)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *seen;
	int fd;

	net_hstp(NS_A, "retries", 2);
	fd = open_with_short_rto(us, it);
	wire_send(us, ACK, 101, 317, .wnd = ZERO_WINDOW);
	wire_sync(NS_A);
	fd_send(fd, "hello");
	seen = wire_expect(it, ACK, 317, 101, .len = 1);
	seen = again(it, seen, 2 * FIRST_MS);
	ends(it, seen, 4 * FIRST_MS, "CLOSED");
	ASSERT_EQ(ETIMEDOUT, fd_error(fd));
	wire_silence(it);
	STATS(NS_A, "transition ESTABLISHED CLOSED retries 1", "retransmit 1");
}

/* ... and one that answers has no claim on a connection that nobody holds: RFC 6429 section 4
 * lets the system abort it, when as many probes were sent as retransmissions would be.
 */
static void orphan_probes(struct end *us, struct end *it, int fd)
{
	struct seen *seen;

	net_hstp(NS_A, "retries", 9);
	net_hstp(NS_A, "orphan_retries", 2);
	fd_send(fd, "x");
	answer(us, wire_expect(it, PSH | ACK, 317, 101, "x"), ACK, 101, 318, ZERO_WINDOW);
	fd_send(fd, "hello");
	fd_close(fd);
	state_is(it, "FIN-WAIT-1");
	seen = wire_expect(it, ACK, 318, 101, .len = 1);
	answer(us, seen, ACK, 101, 318, ZERO_WINDOW);
	seen = again(it, seen, 2 * FIRST_MS);
	answer(us, seen, ACK, 101, 318, ZERO_WINDOW);
	ends(it, seen, 4 * FIRST_MS, "CLOSED");
	wire_silence(it);
	STATS(NS_A, "transition ESTABLISHED FIN-WAIT-1 close 1",
	      "transition FIN-WAIT-1 CLOSED retries 1", "retransmit 1");
}

TEST_F(peer, probes_of_an_orphan)
{
	orphan_probes(&self->us, &self->it, open_with_short_rto(&self->us, &self->it));
}

TEST_F(peer, probes_of_an_orphan_stamps)
{
	orphan_probes(&self->us, &self->it, open_with_stamps(&self->us, &self->it));
}

/* Text in CLOSE-WAIT: the peer, which has closed, has gone meanwhile. */
TEST_F(peer, text_in_close_wait)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *seen;
	int fd;

	net_hstp(NS_A, "retries", 1);
	fd = open_with_short_rto(us, it);
	wire_send(us, FIN | ACK, 101, 317);
	wire_expect(it, ACK, 317, 102);
	fd_send(fd, "hello");
	seen = wire_expect(it, PSH | ACK, 317, 102, "hello");
	state_is(it, "CLOSE-WAIT");
	seen = again(it, seen, FIRST_MS);
	ends(it, seen, 2 * FIRST_MS, "CLOSED");
	ASSERT_EQ(ETIMEDOUT, fd_error(fd));
	FAILS(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
	STATS(NS_A, "transition ESTABLISHED CLOSE-WAIT fin 1",
	      "transition CLOSE-WAIT CLOSED retries 1", "retransmit 1");
}

TEST_HARNESS_MAIN
