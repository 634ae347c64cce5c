// SPDX-License-Identifier: GPL-2.0
/* Losses, silence and urgency on the wire: congestion control (RFC 5681, 6582, 6928, 3042),
 * keep-alives, user timeout and urgent data (RFC 9293 sections 3.8.3 to 3.8.5), as a peer
 * sees them.
 */
#include "lib/exchange.h"

#include <linux/hstp.h>
#include <sys/syscall.h>

#define MSS 536			/* the tester's SYN has no option */
#define SEGMENT(n) (301 + (n) * MSS)

static void set(int fd, int name, int value)
{
	TRY(setsockopt(fd, SOL_HSTP, name, &value, sizeof(value)));
}

/* The stack has so many segments to send, in one call. */
static int sender(struct end *us, struct end *it, int segments)
{
	int fd = wire_open_passive(us, it, fd_listen(it, 1));
	char *text = malloc((size_t)segments * MSS);

	NEED(text);
	wire_pattern(text, 301, segments * MSS);
	stats_mark(NS_A);
	SAME(send(fd, text, (size_t)segments * MSS, MSG_DONTWAIT), segments * MSS);
	free(text);
	return fd;
}

static void expect(struct end *it, int first, int last)
{
	for (int i = first; i <= last; i++)
		wire_expect(it, ACK, SEGMENT(i), 101, .len = MSS);
}

static void expect_again(struct end *it, int segment)
{
	wire_expect(it, PSH | ACK, SEGMENT(segment), 101, .len = MSS);
}

static void acknowledge(struct end *us, int segments)
{
	wire_send(us, ACK, 101, SEGMENT(segments));
}

/* RFC 6928: ten segments; RFC 5681 3.1: one more for each ACK. */
TEST_F(peer, initial_window_and_slow_start)
{
	struct end *us = &self->us, *it = &self->it;

	net_no_timers(NS_A);
	sender(us, it, 30);
	expect(it, 0, 9);
	wire_silence(it);
	acknowledge(us, 1);
	expect(it, 10, 11);
	wire_silence(it);
	acknowledge(us, 3);
	expect(it, 12, 14);
	wire_silence(it);
}

/* RFC 3042, RFC 5681 3.2, RFC 6582 3.2: two duplicates bring new segments, the third the
 * lost one; a partial ACK the next; no timer has gone off.
 */
TEST_F(peer, fast_retransmit)
{
	struct end *us = &self->us, *it = &self->it;

	net_no_timers(NS_A);
	sender(us, it, 30);
	expect(it, 0, 9);
	/* segments 0 and 5 were lost */
	acknowledge(us, 0);
	expect(it, 10, 10);
	wire_silence(it);
	acknowledge(us, 0);
	expect(it, 11, 11);
	wire_silence(it);
	acknowledge(us, 0);
	expect_again(it, 0);
	wire_silence(it);
	STATS(NS_A, "retransmit 1");
	acknowledge(us, 5);
	expect_again(it, 5);
	wire_silence(it);
	STATS(NS_A, "retransmit 1");
	/* all that was out: cwnd is ssthresh, or less to make no burst */
	acknowledge(us, 12);
	expect(it, 12, 13);
	wire_silence(it);
}

/* RFC 5681 3.1: after a timeout one segment, then as many as slow start allows. */
TEST_F(peer, timeout)
{
	struct end *us = &self->us, *it = &self->it;

	net_rto(NS_A, 1000, 60000);
	sender(us, it, 12);
	expect(it, 0, 9);
	expect_again(it, 0);
	wire_silence(it);
	acknowledge(us, 1);
	expect_again(it, 1);
	expect_again(it, 2);
	wire_silence(it);
	STATS(NS_A, "retransmit 3");
}

/* 3.8.4, SHLD-12: a number that was acknowledged, no text; MUST-29: some may be lost. */
TEST_F(peer, keepalive)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1)), on = 1;
	struct st_call call = { .nr = SYS_recvfrom, .fd = fd, .buf = &on, .len = 1 };
	uint64_t begin;

	stats_mark(NS_A);
	set(fd, HSTP_KEEPIDLE, 1);
	set(fd, HSTP_KEEPINTVL, 1);
	set(fd, HSTP_KEEPCNT, 3);
	TRY(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	call_asleep(&call);
	wire_expect(it, ACK, 300, 101);
	begin = now_ms();
	wire_send(us, ACK, 101, 301);
	/* A slow machine may have probed once more before it had that answer. */
	wire_sync(NS_A);
	while (wire_next(it, 0))
		;
	wire_expect(it, ACK, 300, 101);
	NEED(now_ms() - begin >= 800);
	wire_expect(it, ACK, 300, 101);
	wire_expect(it, ACK, 300, 101);
	call_returns(&call, -1, ETIMEDOUT);
	NEED(now_ms() - begin >= 3800);
	state_is(it, "LISTEN");
	wire_silence(it);
	STATS(NS_A, "transition ESTABLISHED CLOSED keepalive 1");
}

/* MUST-21: the user's limit instead of the number of retransmissions. */
TEST_F(peer, user_timeout)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1));
	struct st_call call = { .nr = SYS_recvfrom, .fd = fd, .buf = &fd, .len = 1 };
	uint64_t begin = now_ms();

	net_rto(NS_A, 500, 60000);
	set(fd, HSTP_USER_TIMEOUT, 3000);
	fd_send(fd, "anybody there");
	call_asleep(&call);
	call_returns(&call, -1, ETIMEDOUT);
	NEED(now_ms() - begin >= 2800);
	state_is(it, "LISTEN");
}

/* RFC 5482: it is about what was sent. Text that waits for more, which the sender's override
 * sends after 200 ms (section 3.8.6.2.1), has not waited for the peer yet.
 */
TEST_F(peer, user_timeout_corked)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1));

	set(fd, HSTP_USER_TIMEOUT, 100);
	set(fd, HSTP_CORK, 1);
	fd_send(fd, "wait");
	wire_expect(it, PSH | ACK, 301, 101, "wait");
	state_wait(it, "LISTEN");
	SAME(fd_error(fd), ETIMEDOUT);
	wire_silence(it);
}

/* MUST-62: the pointer is to the byte after the urgent one, both ways. */
TEST_F(peer, urgent)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1));
	struct seen *seen;
	char byte;

	SAME(send(fd, "now!", 4, MSG_OOB), 4);
	seen = wire_expect(it, PSH | ACK | URG, 301, 101, "now!");
	SAME(seen->urg, 4);
	wire_send(us, PSH | ACK | URG, 101, 305, "abc", .urg = 3);
	NEED(fd_events(fd, POLLPRI, PATIENCE_MS) & POLLPRI);
	SAME(recv(fd, &byte, 1, MSG_OOB), 1);
	SAME(byte, 'c');
	fd_recv(fd, "ab");
	fd_empty(fd);
}

/* MUST-32, RFC 6093: the urgent byte is announced before it comes. */
TEST_F(peer, urgent_ahead)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1));
	char byte;

	wire_send(us, ACK | URG, 101, 301, .urg = 5);
	wire_sync(NS_A);
	SAME(recv(fd, &byte, 1, MSG_OOB), -1);
	SAME(errno, EAGAIN);
	wire_send(us, PSH | ACK, 101, 301, "abcd!ef");
	NEED(fd_events(fd, POLLPRI, PATIENCE_MS) & POLLPRI);
	fd_recv(fd, "abcd");
	SAME(recv(fd, &byte, 1, MSG_OOB), 1);
	SAME(byte, '!');
	fd_recv(fd, "ef");
	fd_empty(fd);
}

/* HSTP_DEFER_ACCEPT: an ACK without text is as if lost, and the connection stays in
 * SYN-RECEIVED.
 */
TEST_F(peer, defer_accept)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1);

	net_no_timers(NS_A);
	set(listener, HSTP_DEFER_ACCEPT, 60);
	stats_mark(NS_A);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	wire_silence(it);
	state_is(it, "SYN-RECEIVED");
	fd_no_accept(listener);
	STATS(NS_A, "drop deferred 1", "transition CLOSED LISTEN fork 1",
	      "transition LISTEN SYN-RECEIVED syn 1");
	wire_send(us, PSH | ACK, 101, 301, "hello");
	fd_recv(fd_accept(listener), "hello");
	state_is(it, "ESTABLISHED");
	STATS(NS_A, "transition SYN-RECEIVED ESTABLISHED ack 1");
}

TEST_HARNESS_MAIN
