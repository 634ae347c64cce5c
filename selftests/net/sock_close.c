// SPDX-License-Identifier: GPL-2.0
/* close(): in order, by reset, waiting (SO_LINGER), and with others holding on. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sock_fixture.h"

static int set_linger(int fd, int on, int seconds)
{
	struct linger linger = { .l_onoff = on, .l_linger = seconds };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/* close() does not wait; what was sent arrives, then the end. */
TEST_F(on, in_order)
{
	static unsigned char in[16384];
	ssize_t total, done = 0, ret;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	total = st_fill(self->pair.client);
	ASSERT_LT(0, total);
	EXPECT_OK(close(self->pair.client));
	EXPECT_ERR(EBADF, close(self->pair.client));
	while ((ret = recv(self->pair.server, in, sizeof(in), 0)) > 0) {
		ASSERT_EQ(-1, st_pattern_check(in, ret, 0, done));
		done += ret;
	}
	EXPECT_EQ(0, ret);
	EXPECT_EQ(total, done);
	EXPECT_EQ(TCP_CLOSE_WAIT, st_state(self->pair.server, variant->proto));
}

/* Data for a connection whose user is gone: reset (RFC 9293, 3.6.1, SHLD-3). */
TEST_F(on, data_after)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(close(self->pair.client));
	ASSERT_EQ(TCP_CLOSE_WAIT,
		  st_wait_state(self->pair.server, variant->proto, TCP_CLOSE_WAIT));
	EXPECT_EQ(1, send(self->pair.server, "x", 1, 0));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(self->pair.server, variant->proto, TCP_CLOSE));
	/* In CLOSE-WAIT the reset means a broken pipe. */
	EXPECT_ERR(EPIPE, send(self->pair.server, "x", 1, MSG_NOSIGNAL));
}

/* Unread data make close() a reset (RFC 9293, 3.6.1, SHLD-3). */
TEST_F(on, unread)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(3, send(self->pair.server, "abc", 3, 0));
	ASSERT_EQ(3, st_wait_queued(self->pair.client, 3));
	ASSERT_OK(close(self->pair.client));
	EXPECT_ERR(ECONNRESET, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ(TCP_CLOSE, st_state(self->pair.server, variant->proto));
}

/* Even one byte that was left. */
TEST_F(on, unread_rest)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(2, send(self->pair.server, "ab", 2, 0));
	ASSERT_EQ(2, st_wait_queued(self->pair.client, 2));
	ASSERT_EQ(1, recv(self->pair.client, &byte, 1, 0));
	ASSERT_OK(close(self->pair.client));
	EXPECT_ERR(ECONNRESET, recv(self->pair.server, &byte, 1, 0));
}

/* The peer's FIN is not data: it is no reason for a reset. */
TEST_F(on, unread_end)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(shutdown(self->pair.server, SHUT_WR));
	ASSERT_EQ(TCP_CLOSE_WAIT,
		  st_wait_state(self->pair.client, variant->proto, TCP_CLOSE_WAIT));
	ASSERT_OK(close(self->pair.client));
	EXPECT_EQ(0, recv(self->pair.server, &byte, 1, 0));
}

/* SO_LINGER with no time: ABORT (3.10.5), what was not sent is thrown away. */
TEST_F(on, linger_zero)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(set_linger(self->pair.client, 1, 0));
	EXPECT_OK(close(self->pair.client));
	EXPECT_ERR(ECONNRESET, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ(0, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ(TCP_CLOSE, st_state(self->pair.server, variant->proto));
}

/* Switched off again it is an ordinary close. */
TEST_F(on, linger_off)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(set_linger(self->pair.client, 1, 0));
	ASSERT_OK(set_linger(self->pair.client, 0, 0));
	EXPECT_OK(close(self->pair.client));
	EXPECT_EQ(0, recv(self->pair.server, &byte, 1, 0));
}

/* After shutdown() it still resets. */
TEST_F(on, linger_zero_half_closed)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_EQ(0, recv(self->pair.server, &byte, 1, 0));
	ASSERT_OK(set_linger(self->pair.client, 1, 0));
	EXPECT_OK(close(self->pair.client));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(self->pair.server, variant->proto, TCP_CLOSE));
	EXPECT_ERR(EPIPE, send(self->pair.server, "x", 1, MSG_NOSIGNAL));
}

/* A client that has sent text until no more fits, its peer's end before or after that: CLOSE in
 * ESTABLISHED or, while the FIN cannot leave, in CLOSE-WAIT.
 */
static ssize_t fill_and_linger(struct st_pair *pair, int proto, bool half_closed, int seconds)
{
	if (st_pair_open(pair, proto))
		return -1;
	if (half_closed && (shutdown(pair->server, SHUT_WR) ||
			    st_wait_state(pair->client, proto, TCP_CLOSE_WAIT) != TCP_CLOSE_WAIT))
		return -1;
	if (set_linger(pair->client, 1, seconds))
		return -1;
	return st_fill(pair->client);
}

/* SO_LINGER with a time: close() waits until the peer has acknowledged everything … */
TEST_F(on, linger_waits)
{
	static unsigned char in[16384];

	for (int half_closed = 0; half_closed < 2; half_closed++) {
		struct st_call call = { .nr = SYS_close };
		ssize_t total, done = 0, ret;

		total = fill_and_linger(&self->pair, variant->proto, half_closed, 60);
		ASSERT_LT(0, total);
		call.fd = self->pair.client;
		ASSERT_OK(st_call_blocked(&call));
		while ((ret = recv(self->pair.server, in, sizeof(in), 0)) > 0) {
			ASSERT_EQ(-1, st_pattern_check(in, ret, 0, done));
			done += ret;
		}
		EXPECT_EQ(0, ret);
		EXPECT_EQ(total, done);
		ASSERT_OK(st_call_join(&call));
		EXPECT_EQ(0, call.ret);
	}
}

/* … and no longer than that time. The connection goes on by itself. */
TEST_F(on, linger_expires)
{
	static unsigned char in[16384];

	for (int half_closed = 0; half_closed < 2; half_closed++) {
		ssize_t total, done = 0, ret;
		long long start;

		total = fill_and_linger(&self->pair, variant->proto, half_closed, 1);
		ASSERT_LT(0, total);
		start = st_now_ms();
		EXPECT_OK(close(self->pair.client));
		EXPECT_LE(790, st_now_ms() - start);
		while ((ret = recv(self->pair.server, in, sizeof(in), 0)) > 0)
			done += ret;
		EXPECT_EQ(0, ret);
		EXPECT_EQ(total, done);
	}
}

/* A peer's reset ends the wait. */
TEST_F(on, linger_reset)
{
	for (int half_closed = 0; half_closed < 2; half_closed++) {
		struct st_call call = { .nr = SYS_close };

		ASSERT_LT(0, fill_and_linger(&self->pair, variant->proto, half_closed, 60));
		call.fd = self->pair.client;
		ASSERT_OK(st_call_blocked(&call));
		ASSERT_OK(st_abort(self->pair.server));
		ASSERT_OK(st_call_join(&call));
		EXPECT_EQ(0, call.ret);
	}
}

TEST_F(on, linger_option)
{
	struct linger linger;
	socklen_t len = sizeof(linger);
	int fd = st_open(variant->proto);

	ASSERT_OK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len));
	EXPECT_EQ(0, linger.l_onoff);
	EXPECT_EQ(sizeof(linger), len);
	ASSERT_OK(set_linger(fd, 17, 5));
	ASSERT_OK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len));
	EXPECT_EQ(1, linger.l_onoff);
	EXPECT_EQ(5, linger.l_linger);
	EXPECT_ERR(EINVAL, setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(int)));
	EXPECT_ERR(EFAULT, setsockopt(fd, SOL_SOCKET, SO_LINGER, NULL, sizeof(linger)));
}

/* A connection goes on while any descriptor names it. */
TEST_F(on, duplicate)
{
	char byte;
	int copy;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	copy = dup(self->pair.client);
	ASSERT_LE(0, copy);
	ASSERT_OK(close(self->pair.client));
	EXPECT_ERR(EAGAIN, recv(self->pair.server, &byte, 1, MSG_DONTWAIT));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(self->pair.server, variant->proto));
	EXPECT_EQ(1, send(copy, "x", 1, 0));
	EXPECT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	ASSERT_OK(close(copy));
	EXPECT_EQ(0, recv(self->pair.server, &byte, 1, 0));
}

/* An attempt that is closed leaves nothing that answers. */
TEST_F(on, connecting)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(1) };
	int fd = st_open(variant->proto);

	ASSERT_OK(st_route_silent());
	addr.sin_addr = st_silent_addr;
	ASSERT_OK(st_nonblocking(fd));
	ASSERT_ERR(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_OK(close(fd));
}

/* A process that dies closes in order. */
TEST_F(on, process_exit)
{
	char in[8] = "";
	pid_t child;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		send(self->pair.client, "abc", 3, 0);
		kill(getpid(), SIGKILL);
	}
	close(self->pair.client);
	EXPECT_EQ(3, st_read_all(self->pair.server, in, sizeof(in)));
	EXPECT_STREQ("abc", in);
	EXPECT_EQ(child, waitpid(child, NULL, 0));
}

TEST_HARNESS_MAIN
