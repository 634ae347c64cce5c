// SPDX-License-Identifier: GPL-2.0
/* shutdown(): each direction by itself, in every state. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sock_fixture.h"

/* Half-close (RFC 9293, 3.6 case 1): the other direction goes on. */
TEST_F(on, write)
{
	char in[8] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(3, send(self->pair.client, "abc", 3, 0));
	EXPECT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_EQ(3, st_read_all(self->pair.server, in, sizeof(in)));
	EXPECT_STREQ("abc", in);
	EXPECT_EQ(TCP_CLOSE_WAIT, st_state(self->pair.server, variant->proto));
	EXPECT_EQ(TCP_FIN_WAIT2,
		  st_wait_state(self->pair.client, variant->proto, TCP_FIN_WAIT2));
	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(3, send(self->pair.server, "def", 3, 0));
		EXPECT_EQ(3, st_read_all(self->pair.client, in, 3));
		EXPECT_STREQ("def", in);
	}
	EXPECT_OK(shutdown(self->pair.server, SHUT_WR));
	EXPECT_EQ(0, recv(self->pair.client, in, sizeof(in), 0));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(self->pair.server, variant->proto, TCP_CLOSE));
}

/* What was sent before goes before the FIN. */
TEST_F(on, write_with_queue)
{
	static unsigned char in[16384];
	ssize_t total, done = 0, ret;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	total = st_fill(self->pair.client);
	ASSERT_LT(0, total);
	EXPECT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_ERR(EPIPE, send(self->pair.client, "x", 1, MSG_NOSIGNAL));
	while ((ret = recv(self->pair.server, in, sizeof(in), 0)) > 0) {
		ASSERT_EQ(-1, st_pattern_check(in, ret, 0, done));
		done += ret;
	}
	EXPECT_EQ(0, ret);
	EXPECT_EQ(total, done);
}

/* SHUT_RD sends nothing; the reader sees the end, and what comes is still taken. */
TEST_F(on, read)
{
	char in[8] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_OK(shutdown(self->pair.server, SHUT_RD));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(self->pair.server, variant->proto));
	EXPECT_EQ(0, recv(self->pair.server, in, sizeof(in), 0));
	EXPECT_EQ(POLLIN | POLLOUT | POLLRDHUP,
		  st_events(self->pair.server, POLLIN | POLLOUT | POLLRDHUP));
	EXPECT_EQ(3, send(self->pair.client, "abc", 3, 0));
	ASSERT_EQ(3, st_wait_queued(self->pair.server, 3));
	EXPECT_EQ(3, recv(self->pair.server, in, sizeof(in), 0));
	EXPECT_STREQ("abc", in);
	EXPECT_EQ(0, recv(self->pair.server, in, sizeof(in), 0));
	EXPECT_EQ(3, send(self->pair.server, "def", 3, 0));
	EXPECT_EQ(3, st_read_all(self->pair.client, in, 3));
	EXPECT_STREQ("def", in);
}

/* Data that was there before SHUT_RD can still be read. */
TEST_F(on, read_with_queue)
{
	char in[8] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(3, send(self->pair.client, "abc", 3, 0));
	ASSERT_EQ(3, st_wait_queued(self->pair.server, 3));
	EXPECT_OK(shutdown(self->pair.server, SHUT_RD));
	EXPECT_EQ(3, recv(self->pair.server, in, sizeof(in), MSG_WAITALL));
	EXPECT_STREQ("abc", in);
	EXPECT_EQ(0, recv(self->pair.server, in, sizeof(in), 0));
}

TEST_F(on, both)
{
	char in[8];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_OK(shutdown(self->pair.client, SHUT_RDWR));
	EXPECT_EQ(0, recv(self->pair.client, in, sizeof(in), 0));
	EXPECT_ERR(EPIPE, send(self->pair.client, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(0, recv(self->pair.server, in, sizeof(in), 0));
	EXPECT_EQ(POLLIN | POLLOUT | POLLRDHUP | POLLHUP,
		  st_events(self->pair.client, POLLIN | POLLOUT | POLLRDHUP));
	/* The connection waits for the other's FIN as after SHUT_WR. */
	EXPECT_EQ(TCP_FIN_WAIT2,
		  st_wait_state(self->pair.client, variant->proto, TCP_FIN_WAIT2));
}

/* Twice is no error while the connection lives; afterwards nothing is connected. */
TEST_F(on, again)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_OK(shutdown(self->pair.client, SHUT_RDWR));
	EXPECT_OK(shutdown(self->pair.server, SHUT_WR));
	ASSERT_EQ(TCP_CLOSE, st_wait_state(self->pair.server, variant->proto, TCP_CLOSE));
	EXPECT_ERR(ENOTCONN, shutdown(self->pair.server, SHUT_WR));
	EXPECT_ERR(ENOTCONN, shutdown(self->pair.server, SHUT_RD));
}

/* After both have closed the socket of the first is CLOSED, its connection in TIME-WAIT. */
TEST_F(on, active_end)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_OK(shutdown(self->pair.server, SHUT_WR));
	ASSERT_EQ(0, recv(self->pair.client, &byte, 1, 0));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
	EXPECT_ERR(ENOTCONN, shutdown(self->pair.client, SHUT_WR));
	EXPECT_EQ(0, recv(self->pair.client, &byte, 1, 0));
	EXPECT_EQ(POLLIN | POLLOUT | POLLRDHUP | POLLHUP,
		  st_events(self->pair.client, POLLIN | POLLOUT | POLLRDHUP));
}

/* Both at the same moment, or one just before the other: both end. */
TEST_F(on, crossing)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_OK(shutdown(self->pair.client, SHUT_RDWR));
	EXPECT_OK(shutdown(self->pair.server, SHUT_RDWR));
	EXPECT_EQ(0, recv(self->pair.client, &byte, 1, 0));
	EXPECT_EQ(0, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(self->pair.server, variant->proto, TCP_CLOSE));
}

TEST_F(on, not_connected)
{
	int fd = st_open(variant->proto);

	EXPECT_ERR(ENOTCONN, shutdown(fd, SHUT_RD));
	EXPECT_ERR(ENOTCONN, shutdown(fd, SHUT_WR));
	EXPECT_ERR(ENOTCONN, shutdown(fd, SHUT_RDWR));
}

TEST_F(on, bad_direction)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_ERR(EINVAL, shutdown(self->pair.client, 3));
	EXPECT_ERR(EINVAL, shutdown(self->pair.client, -1));
	EXPECT_ERR(EINVAL, shutdown(st_open(variant->proto), 3));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(self->pair.client, variant->proto));
}

/* A connection that the peer reset is none. */
TEST_F(on, reset)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
	EXPECT_ERR(ENOTCONN, shutdown(self->pair.client, SHUT_WR));
}

/* In SYN-SENT shutdown() gives the attempt up. */
TEST_F(on, connecting)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(1) };
	int fd = st_open(variant->proto);

	ASSERT_OK(st_route_silent());
	addr.sin_addr = st_silent_addr;
	ASSERT_OK(st_nonblocking(fd));
	ASSERT_ERR(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_OK(shutdown(fd, SHUT_WR));
	EXPECT_EQ(TCP_CLOSE, st_state(fd, variant->proto));
}

/* … and wakes who waits for it. */
TEST_F(on, connecting_wakes)
{
	struct st_call call = { .nr = SYS_connect };

	ASSERT_OK(st_route_silent());
	call.fd = st_open(variant->proto);
	call.addr = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(1),
					  .sin_addr = st_silent_addr };
	ASSERT_OK(st_call_blocked(&call));
	EXPECT_OK(shutdown(call.fd, SHUT_RDWR));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(ECONNRESET, call.err);
}

/* A blocked reader gets the end … */
TEST_F(on, wakes_reader)
{
	char in[8];
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in) };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	call.fd = self->pair.client;
	ASSERT_OK(st_call_blocked(&call));
	EXPECT_OK(shutdown(self->pair.client, SHUT_RD));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(0, call.ret);
}

/* … a blocked writer EPIPE. */
TEST_F(on, wakes_writer)
{
	static char out[65536];
	struct st_call call = { .nr = SYS_sendto, .buf = out, .len = sizeof(out),
				  .flags = MSG_NOSIGNAL };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_LT(0, st_fill(self->pair.client));
	call.fd = self->pair.client;
	ASSERT_OK(st_call_blocked(&call));
	EXPECT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(EPIPE, call.err);
}

/* SHUT_WR disturbs no reader. */
TEST_F(on, write_leaves_reader)
{
	char in[8] = "";
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in) };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	call.fd = self->pair.client;
	ASSERT_OK(st_call_blocked(&call));
	EXPECT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_EQ(3, send(self->pair.server, "abc", 3, 0));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(3, call.ret);
	EXPECT_STREQ("abc", in);
}

TEST_HARNESS_MAIN
