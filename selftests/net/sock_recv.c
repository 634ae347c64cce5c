// SPDX-License-Identifier: GPL-2.0
/* recv() and its kin: flags, partial reads, the end of the stream, failures. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sock_fixture.h"

static int send_text(int fd, const char *text)
{
	return send(fd, text, strlen(text), 0) == (ssize_t)strlen(text) ? 0 : -1;
}

/* What is there is given, at once, up to the size asked for. */
TEST_F(on, partial)
{
	char in[16] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(send_text(self->pair.client, "abcdefgh"));
	ASSERT_EQ(8, st_wait_queued(self->pair.server, 8));
	EXPECT_EQ(3, recv(self->pair.server, in, 3, 0));
	EXPECT_STREQ("abc", in);
	EXPECT_EQ(1, read(self->pair.server, in, 1));
	EXPECT_EQ('d', in[0]);
	EXPECT_EQ(4, recv(self->pair.server, in, sizeof(in), 0));
	EXPECT_EQ(0, memcmp(in, "efgh", 4));
	EXPECT_ERR(EAGAIN, recv(self->pair.server, in, 1, MSG_DONTWAIT));
}

TEST_F(on, nothing)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(send_text(self->pair.client, "x"));
	ASSERT_EQ(1, st_wait_queued(self->pair.server, 1));
	EXPECT_EQ(0, recv(self->pair.server, NULL, 0, 0));
	EXPECT_EQ(1, st_wait_queued(self->pair.server, 1));
}

/* MSG_PEEK gives the bytes and leaves them. */
TEST_F(on, peek)
{
	char in[16] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_ERR(EAGAIN, recv(self->pair.server, in, 1, MSG_PEEK | MSG_DONTWAIT));
	ASSERT_OK(send_text(self->pair.client, "abcdef"));
	ASSERT_EQ(6, st_wait_queued(self->pair.server, 6));
	for (int i = 0; i < 2; i++) {
		memset(in, 0, sizeof(in));
		EXPECT_EQ(4, recv(self->pair.server, in, 4, MSG_PEEK));
		EXPECT_STREQ("abcd", in);
	}
	EXPECT_EQ(2, recv(self->pair.server, in, 2, 0));
	memset(in, 0, sizeof(in));
	EXPECT_EQ(4, recv(self->pair.server, in, sizeof(in), MSG_PEEK));
	EXPECT_STREQ("cdef", in);
	ASSERT_OK(close(self->pair.client));
	/* MSG_WAITALL does not wait for more than the stream has. */
	EXPECT_EQ(4, recv(self->pair.server, in, sizeof(in), MSG_WAITALL));
	EXPECT_EQ(0, recv(self->pair.server, in, sizeof(in), MSG_PEEK));
	EXPECT_EQ(0, recv(self->pair.server, in, sizeof(in), 0));
}

/* Peeking across many segments. */
TEST_F(on, peek_long)
{
	static unsigned char out[20000], in[sizeof(out)];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	st_pattern_fill(out, sizeof(out), 1, 0);
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(1000, send(self->pair.client, out + i * 1000, 1000, 0));
	ASSERT_EQ(sizeof(out), st_wait_queued(self->pair.server, sizeof(out)));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(sizeof(in), recv(self->pair.server, in, sizeof(in), MSG_PEEK));
		EXPECT_EQ(-1, st_pattern_check(in, sizeof(in), 1, 0));
	}
	EXPECT_EQ(1500, recv(self->pair.server, in, 1500, 0));
	EXPECT_EQ(sizeof(in) - 1500, recv(self->pair.server, in, sizeof(in), MSG_PEEK));
	EXPECT_EQ(-1, st_pattern_check(in, sizeof(in) - 1500, 1, 1500));
}

/* MSG_WAITALL: all of it, however it comes. */
TEST_F(on, waitall)
{
	static unsigned char out[200000], in[sizeof(out)];
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in),
				  .flags = MSG_WAITALL };
	size_t at = 0;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	st_pattern_fill(out, sizeof(out), 2, 0);
	call.fd = self->pair.server;
	ASSERT_OK(st_call_blocked(&call));
	for (size_t len = 1; at < sizeof(out); at += len, len = len * 3 % 9973) {
		if (len > sizeof(out) - at)
			len = sizeof(out) - at;
		ASSERT_EQ(len, send(self->pair.client, out + at, len, 0));
	}
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(sizeof(in), call.ret);
	EXPECT_EQ(-1, st_pattern_check(in, sizeof(in), 2, 0));
}

/* Who peeks and sleeps goes on with what another one, who read meanwhile, has left. (TCP begins
 * anew then with each piece that comes.)
 */
TEST_F(on, peek_waitall)
{
	char in[16] = "", read[16] = "";
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = 10,
				  .flags = MSG_PEEK | MSG_WAITALL };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(send_text(self->pair.client, "abcde"));
	ASSERT_EQ(5, st_wait_queued(self->pair.server, 5));
	call.fd = self->pair.server;
	ASSERT_OK(st_call_blocked(&call));
	EXPECT_EQ(5, recv(self->pair.server, read, 5, 0));
	if (variant->proto == IPPROTO_HSTP) {
		ASSERT_OK(send_text(self->pair.client, "v"));
		ASSERT_EQ(1, st_wait_queued(self->pair.server, 1));
		EXPECT_OK(st_call_until_blocked(call.tid, SYS_recvfrom));
		ASSERT_OK(send_text(self->pair.client, "wxyz"));
	} else {
		ASSERT_OK(send_text(self->pair.client, "vwxyz"));
	}
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(10, call.ret);
	EXPECT_STREQ("abcdevwxyz", in);
	EXPECT_EQ(5, st_wait_queued(self->pair.server, 5));
}

/* … or less, at the end of the stream. */
TEST_F(on, waitall_end)
{
	char in[16] = "";
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in),
				  .flags = MSG_WAITALL };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	call.fd = self->pair.server;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(send_text(self->pair.client, "abc"));
	ASSERT_OK(close(self->pair.client));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(3, call.ret);
	EXPECT_STREQ("abc", in);
}

static void on_signal(int signal)
{
	(void)signal;
}

/* … or at a signal, which loses nothing. */
TEST_F(on, waitall_interrupted)
{
	struct sigaction action = { .sa_handler = on_signal };
	char in[16] = "";
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in),
				  .flags = MSG_WAITALL };

	ASSERT_OK(sigaction(SIGUSR1, &action, NULL));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(send_text(self->pair.client, "abc"));
	ASSERT_EQ(3, st_wait_queued(self->pair.server, 3));
	call.fd = self->pair.server;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(3, call.ret);
	EXPECT_STREQ("abc", in);
	/* With nothing to give, the signal is the outcome. */
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(EINTR, call.err);
	ASSERT_OK(send_text(self->pair.client, "def"));
	EXPECT_EQ(3, recv(self->pair.server, in, sizeof(in), 0));
	EXPECT_EQ(0, memcmp(in, "def", 3));
}

/* … and MSG_DONTWAIT is stronger. */
TEST_F(on, waitall_dontwait)
{
	char in[16];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_ERR(EAGAIN, recv(self->pair.server, in, 16, MSG_WAITALL | MSG_DONTWAIT));
	ASSERT_OK(send_text(self->pair.client, "abc"));
	ASSERT_EQ(3, st_wait_queued(self->pair.server, 3));
	EXPECT_EQ(3, recv(self->pair.server, in, 16, MSG_WAITALL | MSG_DONTWAIT));
}

/* MSG_TRUNC throws the bytes away instead of copying them (tcp(7)). */
TEST_F(on, trunc)
{
	char in[16] = "untouched";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(send_text(self->pair.client, "abcdef"));
	ASSERT_EQ(6, st_wait_queued(self->pair.server, 6));
	EXPECT_EQ(4, recv(self->pair.server, in, 4, MSG_TRUNC));
	EXPECT_STREQ("untouched", in);
	EXPECT_EQ(2, recv(self->pair.server, in, sizeof(in), 0));
	EXPECT_EQ(0, memcmp(in, "ef", 2));
}

TEST_F(on, scatter)
{
	char a[2], b[3], c[100];
	struct iovec iov[3] = { { a, 2 }, { b, 3 }, { c, 100 } };
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 3 };
	struct sockaddr_in name;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(send_text(self->pair.client, "abcdefgh"));
	ASSERT_EQ(8, st_wait_queued(self->pair.server, 8));
	/* A stream's messages carry neither a name nor ancillary data. */
	msg.msg_name = &name;
	msg.msg_namelen = sizeof(name);
	msg.msg_flags = 0x55;
	EXPECT_EQ(8, recvmsg(self->pair.server, &msg, 0));
	EXPECT_EQ(0, memcmp(a, "ab", 2));
	EXPECT_EQ(0, memcmp(b, "cde", 3));
	EXPECT_EQ(0, memcmp(c, "fgh", 3));
	EXPECT_EQ(0, msg.msg_namelen);
	EXPECT_EQ(0, msg.msg_flags);
}

TEST_F(on, from)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(send_text(self->pair.client, "x"));
	EXPECT_EQ(1, recvfrom(self->pair.server, &byte, 1, 0, (struct sockaddr *)&name, &len));
	EXPECT_EQ(0, len);
}

TEST_F(on, not_connected)
{
	int fd = st_open(variant->proto);
	char byte;

	EXPECT_ERR(ENOTCONN, recv(fd, &byte, 1, 0));
	EXPECT_ERR(ENOTCONN, recv(fd, &byte, 1, MSG_DONTWAIT));
	EXPECT_ERR(ENOTCONN, recv(fd, &byte, 1, MSG_PEEK));
}

TEST_F(on, blocking)
{
	char in[16] = "";
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in) };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	call.fd = self->pair.server;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(send_text(self->pair.client, "abc"));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(3, call.ret);
	EXPECT_STREQ("abc", in);
}

/* The end of the stream wakes, and stays. */
TEST_F(on, end)
{
	char in[16] = "";
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in) };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	call.fd = self->pair.server;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(close(self->pair.client));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(0, call.ret);
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, recv(self->pair.server, in, sizeof(in), 0));
}

/* SO_RCVTIMEO bounds the wait for the first byte, and MSG_WAITALL's for the last. */
TEST_F(on, receive_timeout)
{
	struct timeval tv = { .tv_usec = 250000 };
	char in[16] = "";
	long long start;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(setsockopt(self->pair.server, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	start = st_now_ms();
	EXPECT_ERR(EAGAIN, recv(self->pair.server, in, sizeof(in), 0));
	EXPECT_LE(50, st_now_ms() - start);
	ASSERT_OK(send_text(self->pair.client, "abc"));
	ASSERT_EQ(3, st_wait_queued(self->pair.server, 3));
	start = st_now_ms();
	EXPECT_EQ(3, recv(self->pair.server, in, sizeof(in), MSG_WAITALL));
	EXPECT_LE(50, st_now_ms() - start);
	EXPECT_STREQ("abc", in);
}

/* Memory that cannot be written; the byte is still there. */
TEST_F(on, fault)
{
	char byte = 0;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(send_text(self->pair.client, "x"));
	ASSERT_EQ(1, st_wait_queued(self->pair.server, 1));
	EXPECT_ERR(EFAULT, recv(self->pair.server, (void *)8, 1, 0));
	EXPECT_ERR(EFAULT, recvmsg(self->pair.server, (void *)8, 0));
	EXPECT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ('x', byte);
}

/* More pieces than there may be, and a length that is none. */
TEST_F(on, bad_message)
{
	static struct iovec iov[1025];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 1025 };
	char byte = 0;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(send_text(self->pair.client, "x"));
	ASSERT_EQ(1, st_wait_queued(self->pair.server, 1));
	EXPECT_ERR(EMSGSIZE, recvmsg(self->pair.server, &msg, 0));
	EXPECT_ERR(EMSGSIZE, sendmsg(self->pair.server, &msg, 0));
	msg.msg_iovlen = 1;
	iov[0].iov_base = &byte;
	iov[0].iov_len = (size_t)-1;
	EXPECT_ERR(EINVAL, recvmsg(self->pair.server, &msg, 0));
	EXPECT_ERR(EINVAL, sendmsg(self->pair.server, &msg, 0));
	EXPECT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ('x', byte);
}

/* After a reset: first what had arrived and been acknowledged before it, then the error. */
TEST_F(on, reset)
{
	char in[4];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(send_text(self->pair.client, "abc"));
	ASSERT_EQ(3, st_wait_queued(self->pair.server, 3));
	ASSERT_OK(st_abort(self->pair.client));
	ASSERT_EQ(TCP_CLOSE, st_wait_state(self->pair.server, variant->proto, TCP_CLOSE));
	EXPECT_EQ(3, recv(self->pair.server, in, 4, 0));
	EXPECT_ERR(ECONNRESET, recv(self->pair.server, in, 4, 0));
	EXPECT_EQ(0, recv(self->pair.server, in, 4, 0));
}

/* No error queue, and no out-of-band byte, that nobody sent. */
TEST_F(on, queues_empty)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_ERR(EAGAIN, recv(self->pair.server, &byte, 1, MSG_ERRQUEUE));
	EXPECT_ERR(EINVAL, recv(self->pair.server, &byte, 1, MSG_OOB));
}

TEST_HARNESS_MAIN
