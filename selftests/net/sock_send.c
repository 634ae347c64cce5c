// SPDX-License-Identifier: GPL-2.0
/* send() and its kin: what is taken, when it blocks, and how it fails. */
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

static int small_buffers(const struct st_pair *pair)
{
	int size = 16384;

	return setsockopt(pair->client, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) ?:
	       setsockopt(pair->server, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
}

TEST_F(on, whole)
{
	unsigned char out[3000], in[3000];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	st_pattern_fill(out, sizeof(out), 1, 0);
	EXPECT_EQ(sizeof(out), send(self->pair.client, out, sizeof(out), 0));
	EXPECT_EQ(sizeof(in), st_read_all(self->pair.server, in, sizeof(in)));
	EXPECT_EQ(-1, st_pattern_check(in, sizeof(in), 1, 0));
	/* All of it is acknowledged in the end. */
	EXPECT_EQ(0, st_wait_unsent(self->pair.client, 0));
}

TEST_F(on, nothing)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(0, send(self->pair.client, NULL, 0, 0));
	EXPECT_EQ(0, write(self->pair.client, "", 0));
	/* An empty send() is no end of file. */
	EXPECT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	EXPECT_ERR(EAGAIN, recv(self->pair.server, &byte, 1, MSG_DONTWAIT));
}

TEST_F(on, gather)
{
	struct iovec iov[4];
	struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 4 };
	char in[16] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	iov[0] = (struct iovec){ .iov_base = "one", .iov_len = 3 };
	iov[1] = (struct iovec){ .iov_base = NULL, .iov_len = 0 };
	iov[2] = (struct iovec){ .iov_base = "two", .iov_len = 3 };
	iov[3] = (struct iovec){ .iov_base = "three", .iov_len = 5 };
	EXPECT_EQ(11, sendmsg(self->pair.client, &msg, 0));
	EXPECT_EQ(11, st_read_all(self->pair.server, in, 11));
	EXPECT_STREQ("onetwothree", in);
}

/* As many pieces as there can be (IOV_MAX), 256 KiB together. */
TEST_F(on, big_writev)
{
	static unsigned char out[1024][256], in[sizeof(out)];
	static struct iovec iov[1025];
	struct st_call reader = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in),
				    .flags = MSG_WAITALL };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	st_pattern_fill(out, sizeof(out), 2, 0);
	for (size_t i = 0; i < 1024; i++)
		iov[i] = (struct iovec){ .iov_base = out[i], .iov_len = sizeof(out[i]) };
	reader.fd = self->pair.server;
	ASSERT_OK(st_call_start(&reader));
	EXPECT_EQ(sizeof(out), writev(self->pair.client, iov, 1024));
	ASSERT_OK(st_call_join(&reader));
	EXPECT_EQ(sizeof(in), reader.ret);
	EXPECT_EQ(-1, st_pattern_check(in, sizeof(in), 2, 0));
	EXPECT_ERR(EINVAL, writev(self->pair.client, iov, 1025));
}

/* Non-blocking: what fits is taken, then EAGAIN, and room makes it writable. */
TEST_F(on, dontwait)
{
	static unsigned char in[16384];
	ssize_t total, done = 0, ret;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(small_buffers(&self->pair));
	total = st_fill(self->pair.client);
	ASSERT_LT(0, total);
	EXPECT_ERR(EAGAIN, send(self->pair.client, "x", 1, MSG_DONTWAIT));
	EXPECT_EQ(0, st_events(self->pair.client, POLLOUT));
	while (done < total) {
		ret = recv(self->pair.server, in, sizeof(in), 0);
		ASSERT_LT(0, ret);
		ASSERT_EQ(-1, st_pattern_check(in, ret, 0, done));
		done += ret;
	}
	EXPECT_EQ(total, done);
	EXPECT_EQ(POLLOUT, st_wait_events(self->pair.client, POLLOUT, POLLOUT));
}

/* A blocking call takes everything, waiting for room as long as it must. */
TEST_F(on, blocking)
{
	static unsigned char out[300000], in[sizeof(out)];
	struct st_call call = { .nr = SYS_sendto, .buf = out, .len = sizeof(out) };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(small_buffers(&self->pair));
	st_pattern_fill(out, sizeof(out), 3, 0);
	call.fd = self->pair.client;
	ASSERT_OK(st_call_blocked(&call));
	EXPECT_EQ(sizeof(in), st_read_all(self->pair.server, in, sizeof(in)));
	EXPECT_EQ(-1, st_pattern_check(in, sizeof(in), 3, 0));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(sizeof(out), call.ret);
}

static void on_signal(int signal)
{
	(void)signal;
}

/* A signal ends the wait: with the count so far, or EINTR when that is none. */
TEST_F(on, interrupted)
{
	static unsigned char out[4 << 20];
	struct sigaction action = { .sa_handler = on_signal };
	struct st_call call = { .nr = SYS_sendto, .buf = out, .len = sizeof(out) };

	ASSERT_OK(sigaction(SIGUSR1, &action, NULL));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(small_buffers(&self->pair));
	call.fd = self->pair.client;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	ASSERT_OK(st_call_join(&call));
	EXPECT_LT(0, call.ret);
	EXPECT_GT((long)sizeof(out), call.ret);

	ASSERT_LE(0, st_fill(self->pair.client));
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(EINTR, call.err);
}

/* SO_SNDTIMEO: the count so far, or EAGAIN when that is none. */
TEST_F(on, send_timeout)
{
	static unsigned char out[4 << 20];
	struct timeval tv = { .tv_usec = 250000 };
	long long start;
	ssize_t ret;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(small_buffers(&self->pair));
	ASSERT_OK(setsockopt(self->pair.client, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	ret = send(self->pair.client, out, sizeof(out), 0);
	EXPECT_LT(0, ret);
	EXPECT_GT((ssize_t)sizeof(out), ret);
	ASSERT_LE(0, st_fill(self->pair.client));
	start = st_now_ms();
	EXPECT_ERR(EAGAIN, send(self->pair.client, out, sizeof(out), 0));
	EXPECT_LE(50, st_now_ms() - start);
}

TEST_F(on, not_connected)
{
	int fd = st_open(variant->proto);

	EXPECT_ERR(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_ERR(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT));
}

/* On a connection an address is ignored. */
TEST_F(on, address)
{
	struct sockaddr_in addr = st_loopback(1);
	char byte = 0;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(1, sendto(self->pair.client, "x", 1, 0, (struct sockaddr *)&addr,
			    sizeof(addr)));
	EXPECT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ('x', byte);
}

/* After the peer's reset: the error once, then EPIPE. */
TEST_F(on, reset)
{
	short hung = POLLOUT | POLLERR | POLLHUP;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_EQ(hung, st_wait_events(self->pair.client, POLLOUT, hung));
	EXPECT_ERR(ECONNRESET, send(self->pair.client, "x", 1, MSG_NOSIGNAL));
	EXPECT_ERR(EPIPE, send(self->pair.client, "x", 1, MSG_NOSIGNAL));
}

/* After shutdown(SHUT_WR). */
TEST_F(on, shut)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_ERR(EPIPE, send(self->pair.client, "x", 1, MSG_NOSIGNAL));
	EXPECT_ERR(EPIPE, send(self->pair.client, NULL, 0, MSG_NOSIGNAL));
}

static volatile sig_atomic_t pipes;

static void on_pipe(int signal)
{
	(void)signal;
	pipes++;
}

/* EPIPE comes with SIGPIPE, unless MSG_NOSIGNAL. */
TEST_F(on, sigpipe)
{
	struct sigaction action = { .sa_handler = on_pipe };
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };

	ASSERT_OK(sigaction(SIGPIPE, &action, NULL));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_ERR(EPIPE, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(1, pipes);
	EXPECT_ERR(EPIPE, write(self->pair.client, "x", 1));
	EXPECT_EQ(2, pipes);
	EXPECT_ERR(EPIPE, writev(self->pair.client, &iov, 1));
	EXPECT_EQ(3, pipes);
	EXPECT_ERR(EPIPE, send(self->pair.client, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(3, pipes);
}

/* SIGPIPE's default action. */
TEST_F_SIGNAL(on, sigpipe_kills, SIGPIPE)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	write(self->pair.client, "x", 1);
}

/* Memory that cannot be read: nothing is sent … */
TEST_F(on, fault)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_ERR(EFAULT, send(self->pair.client, (void *)8, 100, 0));
	EXPECT_ERR(EFAULT, sendmsg(self->pair.client, (void *)8, 0));
	EXPECT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ('x', byte);
}

/* … or what comes before it; never what is not there. */
TEST_F(on, fault_half_way)
{
	long page = sysconf(_SC_PAGESIZE);
	unsigned char *out = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char in[2 * 4096];
	ssize_t ret;

	ASSERT_NE(MAP_FAILED, (void *)out);
	ASSERT_OK(munmap(out + page, page));
	st_pattern_fill(out, page, 4, 0);
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ret = send(self->pair.client, out, 2 * page, 0);
	/* How much of the page goes is the implementation's choice. */
	EXPECT_TRUE(ret == -1 ? errno == EFAULT : ret > 0 && ret <= page);
	ASSERT_OK(close(self->pair.client));
	EXPECT_EQ(ret < 0 ? 0 : ret, st_read_all(self->pair.server, in, sizeof(in)));
	EXPECT_EQ(-1, st_pattern_check(in, ret < 0 ? 0 : ret, 4, 0));
}

/* MSG_MORE holds back at most; the end of the stream comes after all of it. */
TEST_F(on, more)
{
	char in[8] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(3, send(self->pair.client, "abc", 3, MSG_MORE));
	EXPECT_EQ(3, send(self->pair.client, "def", 3, 0));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_EQ(6, st_read_all(self->pair.server, in, sizeof(in)));
	EXPECT_EQ(0, memcmp(in, "abcdef", 6));
}

TEST_F(on, many_messages)
{
	struct iovec iov[3] = { { "ab", 2 }, { "cd", 2 }, { "ef", 2 } };
	struct mmsghdr msgs[3] = { 0 };
	char in[8] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	for (int i = 0; i < 3; i++) {
		msgs[i].msg_hdr.msg_iov = &iov[i];
		msgs[i].msg_hdr.msg_iovlen = 1;
	}
	EXPECT_EQ(3, sendmmsg(self->pair.client, msgs, 3, 0));
	EXPECT_EQ(2, msgs[2].msg_len);
	EXPECT_EQ(6, st_read_all(self->pair.server, in, 6));
	EXPECT_STREQ("abcdef", in);
}

TEST_HARNESS_MAIN
