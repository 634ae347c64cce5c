// SPDX-License-Identifier: GPL-2.0
/* poll(), ppoll() and select(): the events of a socket in every situation. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sock_fixture.h"

#define EVENTS (POLLIN | POLLOUT | POLLRDHUP | POLLPRI)
#define HUNG_UP (POLLIN | POLLOUT | POLLRDHUP | POLLHUP)

TEST_F(on, closed)
{
	EXPECT_EQ(POLLOUT | POLLHUP, st_events(st_open(variant->proto), EVENTS));
}

TEST_F(on, bound)
{
	struct sockaddr_in addr = st_loopback(0);
	int fd = st_open(variant->proto);

	ASSERT_OK(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_EQ(POLLOUT | POLLHUP, st_events(fd, EVENTS));
}

/* A listener is readable while somebody waits to be accepted, never writable. */
TEST_F(on, listening)
{
	int listener = st_listen(variant->proto, &self->pair.addr, 4);

	ASSERT_LE(0, listener);
	EXPECT_EQ(0, st_events(listener, EVENTS));
	for (int i = 0; i < 2; i++)
		ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
	EXPECT_EQ(POLLIN, st_wait_events(listener, EVENTS, POLLIN));
	ASSERT_LE(0, accept(listener, NULL, NULL));
	EXPECT_EQ(POLLIN, st_wait_events(listener, EVENTS, POLLIN));
	ASSERT_LE(0, accept(listener, NULL, NULL));
	EXPECT_EQ(0, st_events(listener, EVENTS));
}

TEST_F(on, connecting)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(7) };
	int fd = st_open(variant->proto);

	ASSERT_OK(st_route_silent());
	addr.sin_addr = st_silent_addr;
	ASSERT_OK(st_nonblocking(fd));
	ASSERT_ERR(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_EQ(0, st_events(fd, EVENTS));
}

TEST_F(on, connecting_times_out)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(7) };
	int fd = st_open(variant->proto);

	ASSERT_OK(st_route_silent());
	ASSERT_OK(st_fast_retransmission(variant->proto));
	ASSERT_OK(st_setting(variant->proto, ST_SYN_RETRIES, 1));
	addr.sin_addr = st_silent_addr;
	ASSERT_OK(st_nonblocking(fd));
	ASSERT_ERR(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_EQ(HUNG_UP | POLLERR, st_wait_events(fd, EVENTS, HUNG_UP | POLLERR));
	EXPECT_ERR(ETIMEDOUT, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
}

TEST_F(on, established)
{
	char in[8];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(POLLOUT, st_events(self->pair.client, EVENTS));
	EXPECT_EQ(POLLOUT, st_events(self->pair.server, EVENTS));
	ASSERT_EQ(2, send(self->pair.client, "ab", 2, 0));
	EXPECT_EQ(POLLIN | POLLOUT,
		  st_wait_events(self->pair.server, EVENTS, POLLIN | POLLOUT));
	/* Level: as long as anything is left. */
	ASSERT_EQ(1, recv(self->pair.server, in, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT, st_events(self->pair.server, EVENTS));
	ASSERT_EQ(1, recv(self->pair.server, in, 1, 0));
	EXPECT_EQ(POLLOUT, st_events(self->pair.server, EVENTS));
	/* Only what was asked for. */
	EXPECT_EQ(0, st_events(self->pair.server, POLLIN));
	EXPECT_EQ(0, st_events(self->pair.server, 0));
}

/* The aliases of POLLIN and POLLOUT. */
TEST_F(on, normal_band)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(POLLRDNORM | POLLWRNORM,
		  st_wait_events(self->pair.server, POLLRDNORM | POLLWRNORM,
				 POLLRDNORM | POLLWRNORM));
	EXPECT_EQ(POLLWRNORM, st_events(self->pair.client, POLLRDNORM | POLLWRNORM));
}

/* A full send buffer; and room again, once a third of it is free. */
TEST_F(on, writable)
{
	static char in[65536];
	ssize_t total, done = 0, ret;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	total = st_fill(self->pair.client);
	ASSERT_LT(0, total);
	EXPECT_EQ(0, st_events(self->pair.client, EVENTS));
	while (done < total) {
		ret = recv(self->pair.server, in, sizeof(in), 0);
		ASSERT_LT(0, ret);
		done += ret;
	}
	EXPECT_EQ(POLLOUT, st_wait_events(self->pair.client, EVENTS, POLLOUT));
}

/* The sleeper is woken by the reader at the other end. */
TEST_F(on, writable_wakes)
{
	static char in[65536];
	struct st_call call = { .nr = SYS_poll, .flags = POLLOUT };
	ssize_t total, done = 0, ret;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	total = st_fill(self->pair.client);
	ASSERT_LT(0, total);
	call.fd = self->pair.client;
	ASSERT_OK(st_call_blocked(&call));
	while (done < total) {
		ret = recv(self->pair.server, in, sizeof(in), 0);
		ASSERT_LT(0, ret);
		done += ret;
	}
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(POLLOUT, call.ret);
}

TEST_F(on, readable_wakes)
{
	struct st_call call = { .nr = SYS_poll, .flags = POLLIN };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	call.fd = self->pair.server;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(POLLIN, call.ret);
}

TEST_F(on, accept_wakes)
{
	struct st_call call = { .nr = SYS_poll, .flags = POLLIN };

	call.fd = st_listen(variant->proto, &self->pair.addr, 4);
	ASSERT_LE(0, call.fd);
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(POLLIN, call.ret);
}

/* The peer will send no more: POLLRDHUP for who asks, and an end to be read. */
TEST_F(on, peer_shut)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_EQ(POLLIN | POLLOUT | POLLRDHUP,
		  st_wait_events(self->pair.server, EVENTS, POLLIN | POLLOUT | POLLRDHUP));
	ASSERT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT | POLLRDHUP, st_events(self->pair.server, EVENTS));
	ASSERT_EQ(0, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT | POLLRDHUP, st_events(self->pair.server, EVENTS));
	EXPECT_EQ(POLLIN, st_events(self->pair.server, POLLIN));
}

/* Who has shut its own half is writable: a send() fails at once. */
TEST_F(on, shut)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_EQ(POLLOUT, st_events(self->pair.client, EVENTS));
	ASSERT_OK(shutdown(self->pair.client, SHUT_RD));
	EXPECT_EQ(HUNG_UP, st_events(self->pair.client, EVENTS));
}

TEST_F(on, shut_when_full)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_LT(0, st_fill(self->pair.client));
	ASSERT_EQ(0, st_events(self->pair.client, EVENTS));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_EQ(POLLOUT, st_events(self->pair.client, EVENTS));
}

/* Both directions closed: POLLHUP, asked for or not. */
TEST_F(on, both_shut)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_OK(shutdown(self->pair.server, SHUT_WR));
	EXPECT_EQ(HUNG_UP, st_wait_events(self->pair.client, EVENTS, HUNG_UP));
	EXPECT_EQ(HUNG_UP, st_wait_events(self->pair.server, EVENTS, HUNG_UP));
	EXPECT_EQ(POLLHUP, st_events(self->pair.client, 0));
}

TEST_F(on, reset)
{
	int err;
	socklen_t len = sizeof(err);

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_abort(self->pair.server));
	EXPECT_EQ(HUNG_UP | POLLERR,
		  st_wait_events(self->pair.client, EVENTS, HUNG_UP | POLLERR));
	EXPECT_EQ(POLLERR | POLLHUP, st_events(self->pair.client, 0));
	ASSERT_OK(getsockopt(self->pair.client, SOL_SOCKET, SO_ERROR, &err, &len));
	EXPECT_EQ(HUNG_UP, st_events(self->pair.client, EVENTS));
}

/* The end wakes a sleeper who waits for data. */
TEST_F(on, end_wakes)
{
	struct st_call call = { .nr = SYS_poll, .flags = POLLIN | POLLRDHUP };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	call.fd = self->pair.server;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(close(self->pair.client));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(POLLIN | POLLRDHUP, call.ret);
}

TEST_F(on, listener_shut)
{
	int listener = st_listen(variant->proto, &self->pair.addr, 4);

	ASSERT_LE(0, listener);
	ASSERT_OK(shutdown(listener, SHUT_RD));
	/* A closed socket like any other. */
	EXPECT_EQ(POLLOUT | POLLHUP, st_events(listener, EVENTS));
}

/* select(): its three sets. */
static int select_now(int fd)
{
	struct timeval none = { 0 };
	fd_set in, out, except;
	int count;

	FD_ZERO(&in);
	FD_SET(fd, &in);
	out = in;
	except = in;
	count = select(fd + 1, &in, &out, &except, &none);
	if (count < 0)
		return -1;
	return (FD_ISSET(fd, &in) ? 1 : 0) | (FD_ISSET(fd, &out) ? 2 : 0) |
	       (FD_ISSET(fd, &except) ? 4 : 0);
}

TEST_F(on, select)
{
	int fd = st_open(variant->proto);

	EXPECT_EQ(3, select_now(fd));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(0, select_now(self->pair.listener));
	EXPECT_EQ(2, select_now(self->pair.client));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	ASSERT_EQ(1, st_wait_queued(self->pair.server, 1));
	EXPECT_EQ(3, select_now(self->pair.server));
	ASSERT_LT(0, st_fill(self->pair.client));
	EXPECT_EQ(0, select_now(self->pair.client));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
	EXPECT_EQ(3, select_now(self->pair.client));
}

/* One poll() over many: each says its own. */
TEST_F(on, many)
{
	struct pollfd p[3];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(1, send(self->pair.server, "x", 1, 0));
	ASSERT_EQ(1, st_wait_queued(self->pair.client, 1));
	p[0] = (struct pollfd){ .fd = self->pair.listener, .events = POLLIN };
	p[1] = (struct pollfd){ .fd = self->pair.client, .events = POLLIN };
	p[2] = (struct pollfd){ .fd = self->pair.server, .events = POLLIN | POLLOUT };
	EXPECT_EQ(2, poll(p, 3, 0));
	EXPECT_EQ(0, p[0].revents);
	EXPECT_EQ(POLLIN, p[1].revents);
	EXPECT_EQ(POLLOUT, p[2].revents);
}

TEST_HARNESS_MAIN
