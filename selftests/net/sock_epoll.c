// SPDX-License-Identifier: GPL-2.0
/* epoll: level, edge, one shot, exclusive, and a socket that goes while it is watched. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_raw.h"

static int watch(int ep, int op, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.fd = fd };

	return epoll_ctl(ep, op, fd, &event);
}

/* The events of the only descriptor watched, or 0 after @ms without any. */
static uint32_t wait_event(int ep, int ms)
{
	struct epoll_event event = { 0 };

	return epoll_wait(ep, &event, 1, ms) == 1 ? event.events : 0;
}

/* As long as something is there. */
TEST_F(on, level)
{
	int ep = epoll_create1(0);
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(watch(ep, EPOLL_CTL_ADD, self->pair.server, EPOLLIN));
	EXPECT_EQ(0, wait_event(ep, 0));
	ASSERT_EQ(2, send(self->pair.client, "ab", 2, 0));
	EXPECT_EQ(EPOLLIN, wait_event(ep, ST_WAIT_MS));
	EXPECT_EQ(EPOLLIN, wait_event(ep, 0));
	ASSERT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ(EPOLLIN, wait_event(ep, 0));
	ASSERT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ(0, wait_event(ep, 0));
}

/* Once for each arrival, read or not. */
TEST_F(on, edge)
{
	int ep = epoll_create1(0);
	char in[8];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(watch(ep, EPOLL_CTL_ADD, self->pair.server, EPOLLIN | EPOLLET));
	ASSERT_EQ(2, send(self->pair.client, "ab", 2, 0));
	EXPECT_EQ(EPOLLIN, wait_event(ep, ST_WAIT_MS));
	EXPECT_EQ(0, wait_event(ep, 0));
	ASSERT_EQ(1, recv(self->pair.server, in, 1, 0));
	EXPECT_EQ(0, wait_event(ep, 0));
	/* More of it is another edge, whatever was left. */
	ASSERT_EQ(1, send(self->pair.client, "c", 1, 0));
	EXPECT_EQ(EPOLLIN, wait_event(ep, ST_WAIT_MS));
	ASSERT_EQ(2, recv(self->pair.server, in, 8, 0));
	EXPECT_EQ(0, wait_event(ep, 0));
	/* So is the end. */
	ASSERT_OK(close(self->pair.client));
	ASSERT_OK(st_settle());
	EXPECT_EQ(EPOLLIN, wait_event(ep, ST_WAIT_MS));
	EXPECT_EQ(0, wait_event(ep, 0));
}

/* A descriptor that is added or changed says what is there already. */
TEST_F(on, edge_starts)
{
	int ep = epoll_create1(0);

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	ASSERT_EQ(1, st_wait_queued(self->pair.server, 1));
	ASSERT_OK(watch(ep, EPOLL_CTL_ADD, self->pair.server, EPOLLIN | EPOLLOUT | EPOLLET));
	EXPECT_EQ(EPOLLIN | EPOLLOUT, wait_event(ep, 0));
	EXPECT_EQ(0, wait_event(ep, 0));
	ASSERT_OK(watch(ep, EPOLL_CTL_MOD, self->pair.server, EPOLLIN | EPOLLET));
	EXPECT_EQ(EPOLLIN, wait_event(ep, 0));
}

/* Room in the send buffer is an edge for who met EAGAIN. */
TEST_F(on, edge_writable)
{
	static char in[65536];
	int ep = epoll_create1(0);
	ssize_t total, done = 0, ret;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(watch(ep, EPOLL_CTL_ADD, self->pair.client, EPOLLOUT | EPOLLET));
	EXPECT_EQ(EPOLLOUT, wait_event(ep, 0));
	total = st_fill(self->pair.client);
	ASSERT_LT(0, total);
	while (wait_event(ep, 0))
		;
	EXPECT_ERR(EAGAIN, send(self->pair.client, "x", 1, MSG_DONTWAIT));
	while (done < total) {
		ret = recv(self->pair.server, in, sizeof(in), 0);
		ASSERT_LT(0, ret);
		done += ret;
	}
	EXPECT_EQ(EPOLLOUT, wait_event(ep, ST_WAIT_MS));
}

TEST_F(on, edge_connect)
{
	int ep = epoll_create1(0), fd = st_open(variant->proto);

	self->pair.listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, self->pair.listener);
	ASSERT_OK(st_nonblocking(fd));
	ASSERT_ERR(EINPROGRESS, connect(fd, (struct sockaddr *)&self->pair.addr,
					sizeof(self->pair.addr)));
	ASSERT_OK(st_settle());
	ASSERT_OK(watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLET));
	EXPECT_EQ(EPOLLOUT, wait_event(ep, ST_WAIT_MS));
	EXPECT_EQ(0, wait_event(ep, 0));
}

TEST_F(on, edge_refused)
{
	struct sockaddr_in addr = st_loopback(4711);
	int ep = epoll_create1(0), fd = st_open(variant->proto);

	ASSERT_OK(st_nonblocking(fd));
	ASSERT_ERR(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_OK(st_settle());
	ASSERT_OK(watch(ep, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLET));
	EXPECT_EQ(EPOLLIN | EPOLLOUT | EPOLLERR | EPOLLHUP, wait_event(ep, ST_WAIT_MS));
}

/* One event, then silence until it is asked for again. */
TEST_F(on, one_shot)
{
	int ep = epoll_create1(0);

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(watch(ep, EPOLL_CTL_ADD, self->pair.server, EPOLLIN | EPOLLONESHOT));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(EPOLLIN, wait_event(ep, ST_WAIT_MS));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	ASSERT_EQ(2, st_wait_queued(self->pair.server, 2));
	EXPECT_EQ(0, wait_event(ep, 0));
	ASSERT_OK(watch(ep, EPOLL_CTL_MOD, self->pair.server, EPOLLIN | EPOLLONESHOT));
	EXPECT_EQ(EPOLLIN, wait_event(ep, 0));
}

/* Hang-ups and errors come unasked; EPOLLRDHUP only to who asks. */
TEST_F(on, hang_up)
{
	int ep = epoll_create1(0);

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(watch(ep, EPOLL_CTL_ADD, self->pair.server, EPOLLRDHUP));
	EXPECT_EQ(0, wait_event(ep, 0));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_EQ(EPOLLRDHUP, wait_event(ep, ST_WAIT_MS));
	ASSERT_OK(watch(ep, EPOLL_CTL_MOD, self->pair.server, 0));
	EXPECT_EQ(0, wait_event(ep, 0));
	ASSERT_OK(st_abort(self->pair.client));
	EXPECT_EQ(EPOLLERR | EPOLLHUP, wait_event(ep, ST_WAIT_MS));
}

/* The last descriptor closed: it is watched no more. */
TEST_F(on, closed_while_watched)
{
	int ep = epoll_create1(0);

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(watch(ep, EPOLL_CTL_ADD, self->pair.server, EPOLLIN | EPOLLOUT));
	EXPECT_EQ(EPOLLOUT, wait_event(ep, 0));
	ASSERT_OK(close(self->pair.server));
	EXPECT_EQ(0, wait_event(ep, 0));
	EXPECT_ERR(EBADF, watch(ep, EPOLL_CTL_MOD, self->pair.server, EPOLLIN));
}

TEST_F(on, listener)
{
	int ep = epoll_create1(0);
	int listener = st_listen(variant->proto, &self->pair.addr, 8);

	ASSERT_LE(0, listener);
	ASSERT_OK(watch(ep, EPOLL_CTL_ADD, listener, EPOLLIN | EPOLLET));
	for (int i = 0; i < 3; i++) {
		ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
		EXPECT_EQ(EPOLLIN, wait_event(ep, ST_WAIT_MS));
		EXPECT_EQ(0, wait_event(ep, 0));
	}
}

/* An accepted socket that is watched before its first byte. */
TEST_F(on, accepted)
{
	int ep = epoll_create1(0);

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(watch(ep, EPOLL_CTL_ADD, self->pair.server, EPOLLIN | EPOLLRDHUP | EPOLLET));
	EXPECT_EQ(0, wait_event(ep, 0));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(EPOLLIN, wait_event(ep, ST_WAIT_MS));
	ASSERT_OK(close(self->pair.client));
	EXPECT_EQ(EPOLLIN | EPOLLRDHUP, wait_event(ep, ST_WAIT_MS));
}

TEST_HARNESS_MAIN
