// SPDX-License-Identifier: GPL-2.0
/* Urgent data as programs use it: MSG_OOB, SO_OOBINLINE, SIOCATMARK, POLLPRI, SIGURG. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sock_fixture.h"

static int at_mark(int fd)
{
	int mark = -1;

	return ioctl(fd, SIOCATMARK, &mark) ? -1 : mark;
}

static int readable_bytes(int fd)
{
	int bytes = -1;

	return ioctl(fd, FIONREAD, &bytes) ? -1 : bytes;
}

static bool urgent_comes(int fd)
{
	return st_wait_events(fd, POLLPRI, POLLPRI) & POLLPRI;
}

/* The last byte is urgent, taken out of the stream, and where it was is marked. */
TEST_F(on, out_of_band)
{
	char in[16] = "";
	int fd;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	fd = self->pair.server;
	EXPECT_ERR(EINVAL, recv(fd, in, 1, MSG_OOB));
	EXPECT_EQ(0, at_mark(fd));
	ASSERT_EQ(4, send(self->pair.client, "abc!", 4, MSG_OOB));
	ASSERT_EQ(3, send(self->pair.client, "def", 3, 0));
	ASSERT_TRUE(urgent_comes(fd));
	ASSERT_EQ(3, st_wait_queued(fd, 3));
	EXPECT_EQ(3, readable_bytes(fd));
	EXPECT_EQ(0, at_mark(fd));
	EXPECT_EQ(1, recv(fd, in, 16, MSG_OOB | MSG_PEEK));
	EXPECT_EQ('!', in[0]);
	EXPECT_EQ(1, recv(fd, in, 16, MSG_OOB));
	EXPECT_EQ('!', in[0]);
	EXPECT_EQ(0, st_events(fd, POLLPRI));
	EXPECT_ERR(EINVAL, recv(fd, in, 1, MSG_OOB));
	/* Reading stops at the mark. */
	EXPECT_EQ(3, recv(fd, in, 16, 0));
	EXPECT_EQ(0, memcmp(in, "abc", 3));
	EXPECT_EQ(1, at_mark(fd));
	EXPECT_EQ(3, st_read_all(fd, in, 3));
	EXPECT_EQ(0, memcmp(in, "def", 3));
	EXPECT_EQ(0, at_mark(fd));
}

/* RFC 6093, 3.1: with SO_OOBINLINE it stays where it is. */
TEST_F(on, in_line)
{
	char in[16] = "";
	int fd, on = 1;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	fd = self->pair.server;
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
	ASSERT_EQ(4, send(self->pair.client, "abc!", 4, MSG_OOB));
	ASSERT_EQ(3, send(self->pair.client, "def", 3, 0));
	ASSERT_EQ(7, st_wait_queued(fd, 7));
	EXPECT_TRUE(urgent_comes(fd));
	EXPECT_ERR(EINVAL, recv(fd, in, 1, MSG_OOB));
	EXPECT_EQ(3, recv(fd, in, 16, 0));
	EXPECT_EQ(0, memcmp(in, "abc", 3));
	EXPECT_EQ(1, at_mark(fd));
	EXPECT_EQ(4, st_read_all(fd, in, 4));
	EXPECT_EQ(0, memcmp(in, "!def", 4));
	EXPECT_EQ(0, at_mark(fd));
}

/* What opens the connection for a listener that waits for text is urgent. */
TEST_F(on, deferred)
{
	int listener, client, fd, seconds = 5;
	char in[16] = "";

	listener = st_listen(variant->proto, &self->pair.addr, 5);
	ASSERT_LE(0, listener);
	ASSERT_OK(setsockopt(listener, variant->proto, TCP_DEFER_ACCEPT, &seconds,
			     sizeof(seconds)));
	client = st_connect(variant->proto, &self->pair.addr);
	ASSERT_LE(0, client);
	ASSERT_EQ(1, send(client, "!", 1, MSG_OOB));
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_TRUE(urgent_comes(fd));
	EXPECT_EQ(1, at_mark(fd));
	EXPECT_EQ(1, recv(fd, in, 16, MSG_OOB));
	EXPECT_EQ('!', in[0]);
	EXPECT_ERR(EAGAIN, recv(fd, in, 16, MSG_DONTWAIT));
}

/* Passed without being read, it is gone. */
TEST_F(on, passed)
{
	char in[16] = "";
	int fd;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	fd = self->pair.server;
	ASSERT_EQ(1, send(self->pair.client, "!", 1, MSG_OOB));
	ASSERT_TRUE(urgent_comes(fd));
	EXPECT_EQ(1, at_mark(fd));
	EXPECT_ERR(EAGAIN, recv(fd, in, 16, MSG_DONTWAIT));
	ASSERT_EQ(3, send(self->pair.client, "abc", 3, 0));
	EXPECT_EQ(3, st_read_all(fd, in, 3));
	EXPECT_EQ(0, memcmp(in, "abc", 3));
	EXPECT_ERR(EINVAL, recv(fd, in, 1, MSG_OOB));
	EXPECT_EQ(0, st_events(fd, POLLPRI));
}

/* Who would find nothing but the urgent byte has nothing to read: recv() would wait, or lose
 * that byte. It does not count as text after it was taken either.
 */
TEST_F(on, poll)
{
	char in[16] = "";
	int fd;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	fd = self->pair.server;
	ASSERT_EQ(1, send(self->pair.client, "!", 1, MSG_OOB));
	ASSERT_TRUE(urgent_comes(fd));
	EXPECT_EQ(POLLPRI, st_events(fd, POLLIN | POLLPRI));
	EXPECT_EQ(0, readable_bytes(fd));
	EXPECT_EQ(1, recv(fd, in, 1, MSG_OOB));
	EXPECT_EQ('!', in[0]);
	EXPECT_EQ(0, st_events(fd, POLLIN | POLLPRI));
	ASSERT_EQ(4, send(self->pair.client, "abc?", 4, MSG_OOB));
	ASSERT_TRUE(urgent_comes(fd));
	EXPECT_EQ(POLLIN | POLLPRI, st_events(fd, POLLIN | POLLPRI));
	EXPECT_EQ(3, st_read_all(fd, in, 3));
	EXPECT_EQ(0, memcmp(in, "abc", 3));
	/* Text before the mark was read, and nothing is behind it. */
	EXPECT_EQ(POLLPRI, st_events(fd, POLLIN | POLLPRI));
	ASSERT_EQ(1, send(self->pair.client, "d", 1, 0));
	EXPECT_EQ(POLLIN, st_wait_events(fd, POLLIN, POLLIN));
	EXPECT_EQ(POLLIN | POLLPRI, st_events(fd, POLLIN | POLLPRI));
	EXPECT_EQ(1, recv(fd, in, 16, 0));
	EXPECT_EQ('d', in[0]);
	EXPECT_EQ(0, st_events(fd, POLLIN | POLLPRI));
	/* The end is something to read. */
	ASSERT_EQ(1, send(self->pair.client, "!", 1, MSG_OOB));
	ASSERT_TRUE(urgent_comes(fd));
	EXPECT_EQ(POLLPRI, st_events(fd, POLLIN | POLLPRI));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_EQ(POLLIN, st_wait_events(fd, POLLIN, POLLIN));
	EXPECT_EQ(0, recv(fd, in, 16, 0));
}

static void byte_comes(int fd, char byte)
{
	char in = 0;

	while (recv(fd, &in, 1, MSG_OOB | MSG_PEEK) != 1 || in != byte)
		st_pause();
}

/* There is one mark. A byte that was urgent, and that the reader has come to, is not text when
 * the next one has the mark; one that is behind text is.
 */
TEST_F(on, again)
{
	char in[16] = "";
	int fd;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	fd = self->pair.server;
	for (const char *byte = "!?#"; *byte; byte++) {
		ASSERT_EQ(1, send(self->pair.client, byte, 1, MSG_OOB));
		byte_comes(fd, *byte);
		EXPECT_EQ(POLLPRI, st_events(fd, POLLIN | POLLPRI));
		EXPECT_EQ(0, readable_bytes(fd));
		EXPECT_EQ(1, at_mark(fd));
	}
	ASSERT_EQ(3, send(self->pair.client, "ab!", 3, MSG_OOB));
	byte_comes(fd, '!');
	EXPECT_EQ(POLLIN | POLLPRI, st_events(fd, POLLIN | POLLPRI));
	EXPECT_EQ(2, recv(fd, in, 16, MSG_PEEK));
	EXPECT_EQ(0, memcmp(in, "ab", 2));
	ASSERT_EQ(2, send(self->pair.client, "c?", 2, MSG_OOB));
	byte_comes(fd, '?');
	EXPECT_EQ(4, readable_bytes(fd));
	EXPECT_EQ(4, st_read_all(fd, in, 4));
	EXPECT_EQ(0, memcmp(in, "ab!c", 4));
	EXPECT_EQ(1, at_mark(fd));
	EXPECT_EQ(POLLPRI, st_events(fd, POLLIN | POLLPRI));
	EXPECT_EQ(1, recv(fd, in, 1, MSG_OOB));
	EXPECT_EQ('?', in[0]);
	ASSERT_EQ(1, send(self->pair.client, "d", 1, 0));
	EXPECT_EQ(1, recv(fd, in, 16, 0));
	EXPECT_EQ('d', in[0]);
}

/* SO_RCVLOWAT counts what can be read. */
TEST_F(on, low_water_mark)
{
	int fd, two = 2;
	char in[16] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	fd = self->pair.server;
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &two, sizeof(two)));
	ASSERT_EQ(1, send(self->pair.client, "!", 1, MSG_OOB));
	ASSERT_TRUE(urgent_comes(fd));
	ASSERT_EQ(1, send(self->pair.client, "a", 1, 0));
	/* FIONREAD does not look beyond the mark. */
	while (recv(fd, in, 2, MSG_PEEK | MSG_DONTWAIT) != 1)
		usleep(1000);
	EXPECT_EQ(POLLPRI, st_events(fd, POLLIN | POLLPRI));
	ASSERT_EQ(1, send(self->pair.client, "b", 1, 0));
	EXPECT_EQ(POLLIN, st_wait_events(fd, POLLIN, POLLIN));
	EXPECT_EQ(2, st_read_all(fd, in, 2));
	EXPECT_EQ(0, memcmp(in, "ab", 2));
}

/* In the stream it is text as any other. */
TEST_F(on, poll_in_line)
{
	int fd, on = 1;
	char in[16];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	fd = self->pair.server;
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
	ASSERT_EQ(1, send(self->pair.client, "!", 1, MSG_OOB));
	ASSERT_TRUE(urgent_comes(fd));
	EXPECT_EQ(POLLIN | POLLPRI, st_events(fd, POLLIN | POLLPRI));
	EXPECT_EQ(1, recv(fd, in, 16, 0));
	EXPECT_EQ('!', in[0]);
	EXPECT_EQ(0, st_events(fd, POLLIN | POLLPRI));
}

/* An edge is of what has come. */
TEST_F(on, epoll_edge)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLPRI | EPOLLET };
	int ep = epoll_create1(EPOLL_CLOEXEC), fd;
	char in[16] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	fd = self->pair.server;
	ASSERT_OK(epoll_ctl(ep, EPOLL_CTL_ADD, fd, &event));
	ASSERT_EQ(1, send(self->pair.client, "!", 1, MSG_OOB));
	ASSERT_EQ(1, epoll_wait(ep, &event, 1, -1));
	EXPECT_EQ(EPOLLPRI, event.events);
	ASSERT_EQ(1, recv(fd, in, 1, MSG_OOB));
	EXPECT_EQ('!', in[0]);
	ASSERT_EQ(3, send(self->pair.client, "abc", 3, 0));
	ASSERT_EQ(1, epoll_wait(ep, &event, 1, -1));
	EXPECT_EQ(EPOLLIN, event.events);
	EXPECT_EQ(3, st_read_all(fd, in, 3));
	EXPECT_EQ(0, memcmp(in, "abc", 3));
}

/* MSG_PEEK does not look across the mark, nor move it. */
TEST_F(on, peek)
{
	char in[16] = "";
	int fd;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	fd = self->pair.server;
	ASSERT_EQ(4, send(self->pair.client, "abc!", 4, MSG_OOB));
	ASSERT_TRUE(urgent_comes(fd));
	EXPECT_EQ(3, recv(fd, in, 16, MSG_PEEK));
	EXPECT_EQ(0, memcmp(in, "abc", 3));
	EXPECT_EQ(3, recv(fd, in, 16, MSG_PEEK));
	EXPECT_EQ(0, at_mark(fd));
	EXPECT_EQ(1, recv(fd, in, 1, MSG_OOB));
	EXPECT_EQ('!', in[0]);
}

/* SO_PEEK_OFF counts the urgent byte as a place of the stream, whether or not it is read with
 * it: no byte is looked at twice, or passed over, neither on the way across the mark nor after
 * the text up to it was read.
 */
TEST_F(on, peek_off)
{
	int fd, zero = 0;
	char in[16] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	fd = self->pair.server;
	/* TCP has it from Linux 6.9 on. */
	if (variant->proto != IPPROTO_HSTP) {
		EXPECT_ERR(EOPNOTSUPP, setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &zero,
						  sizeof(zero)));
		return;
	}
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &zero, sizeof(zero)));
	ASSERT_EQ(4, send(self->pair.client, "abc!", 4, MSG_OOB));
	ASSERT_EQ(6, send(self->pair.client, "defghi", 6, 0));
	ASSERT_TRUE(urgent_comes(fd));
	/* Across the mark */
	EXPECT_EQ(3, recv(fd, in, 16, MSG_PEEK));
	EXPECT_EQ(0, memcmp(in, "abc", 3));
	ASSERT_EQ(2, recv(fd, in, 2, MSG_PEEK));
	EXPECT_EQ(0, memcmp(in, "de", 2));
	ASSERT_EQ(2, recv(fd, in, 2, MSG_PEEK));
	EXPECT_EQ(0, memcmp(in, "fg", 2));
	/* Reading up to the mark, and past it, moves it back. */
	ASSERT_EQ(3, recv(fd, in, 16, 0));
	EXPECT_EQ(0, memcmp(in, "abc", 3));
	ASSERT_EQ(1, recv(fd, in, 1, MSG_PEEK));
	EXPECT_EQ('h', in[0]);
	ASSERT_EQ(2, recv(fd, in, 2, 0));
	EXPECT_EQ(0, memcmp(in, "de", 2));
	ASSERT_EQ(1, recv(fd, in, 16, MSG_PEEK));
	EXPECT_EQ('i', in[0]);
	EXPECT_ERR(EAGAIN, recv(fd, in, 16, MSG_PEEK | MSG_DONTWAIT));
	ASSERT_EQ(4, recv(fd, in, 16, 0));
	EXPECT_EQ(0, memcmp(in, "fghi", 4));
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
	signals++;
}

/* MUST-32: who asks for it hears of it by a signal. */
TEST_F(on, signal)
{
	long long end = st_now_ms() + ST_WAIT_MS;
	char in[16];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_NE(SIG_ERR, signal(SIGURG, count_signal));
	ASSERT_OK(fcntl(self->pair.server, F_SETOWN, getpid()));
	ASSERT_EQ(3, send(self->pair.client, "abc", 3, 0));
	ASSERT_EQ(3, st_read_all(self->pair.server, in, 3));
	EXPECT_EQ(0, signals);
	ASSERT_EQ(1, send(self->pair.client, "!", 1, MSG_OOB));
	ASSERT_TRUE(urgent_comes(self->pair.server));
	/* It is seen just before that is told. */
	while (!signals && st_now_ms() < end)
		st_pause();
	EXPECT_EQ(1, signals);
}

/* The peer ends: what was announced and did not come is not waited for. */
TEST_F(on, end)
{
	char in[16];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(2, send(self->pair.client, "a!", 2, MSG_OOB));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_TRUE(urgent_comes(self->pair.server));
	EXPECT_EQ(1, recv(self->pair.server, in, 1, MSG_OOB));
	EXPECT_EQ('!', in[0]);
	EXPECT_EQ(1, recv(self->pair.server, in, 16, 0));
	EXPECT_EQ(0, recv(self->pair.server, in, 16, 0));
}

/* Text with many urgent bytes in line arrives in order. */
TEST_F(on, many)
{
	int on = 1;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(setsockopt(self->pair.server, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
	for (uint64_t at = 0; at < 200 * 1000; at += 1000) {
		char out[1000], in[1000];

		st_pattern_fill(out, sizeof(out), 1, at);
		ASSERT_EQ(sizeof(out), send(self->pair.client, out, sizeof(out),
					    at % 3000 ? 0 : MSG_OOB));
		ASSERT_EQ(sizeof(in), st_read_all(self->pair.server, in, sizeof(in)));
		ASSERT_EQ(-1, st_pattern_check(in, sizeof(in), 1, at));
	}
}

TEST_HARNESS_MAIN
