// SPDX-License-Identifier: GPL-2.0
/* One socket, many users: dup(), fork(), SCM_RIGHTS, threads. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sock_fixture.h"

/* The exit status of a child that succeeds is 0. */
static int reap(pid_t child)
{
	int status = -1;

	if (waitpid(child, &status, 0) != child)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Both descriptors are the same socket: options, flags, stream. */
TEST_F(on, duplicate)
{
	int copy, one = 1;
	socklen_t len = sizeof(one);
	char in[4] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	copy = dup(self->pair.client);
	ASSERT_LE(0, copy);
	ASSERT_OK(setsockopt(copy, SOL_SOCKET, SO_KEEPALIVE, &one, len));
	one = 0;
	ASSERT_OK(getsockopt(self->pair.client, SOL_SOCKET, SO_KEEPALIVE, &one, &len));
	EXPECT_EQ(1, one);
	ASSERT_OK(st_nonblocking(copy));
	EXPECT_EQ(O_NONBLOCK, fcntl(self->pair.client, F_GETFL) & O_NONBLOCK);
	ASSERT_EQ(2, send(self->pair.client, "ab", 2, 0));
	ASSERT_EQ(1, send(copy, "c", 1, 0));
	EXPECT_EQ(3, st_read_all(self->pair.server, in, 3));
	EXPECT_STREQ("abc", in);
	ASSERT_OK(shutdown(copy, SHUT_WR));
	EXPECT_ERR(EPIPE, send(self->pair.client, "x", 1, MSG_NOSIGNAL));
}

/* A child goes on with the connection when its parent has closed it. */
TEST_F(on, child_serves)
{
	char in[8] = "";
	pid_t child;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		char text[4];

		if (st_read_all(self->pair.server, text, 3) != 3)
			_exit(1);
		_exit(send(self->pair.server, text, 3, 0) == 3 ? 0 : 2);
	}
	ASSERT_OK(close(self->pair.server));
	ASSERT_EQ(3, send(self->pair.client, "abc", 3, 0));
	EXPECT_EQ(3, st_read_all(self->pair.client, in, sizeof(in)));
	EXPECT_STREQ("abc", in);
	EXPECT_EQ(0, reap(child));
}

/* Several processes accept from one listener: each connection goes to one. */
TEST_F(on, children_accept)
{
	struct sockaddr_in addr;
	int listener = st_listen(variant->proto, &addr, 16);
	pid_t child[3];
	char byte;

	ASSERT_LE(0, listener);
	for (int i = 0; i < 3; i++) {
		child[i] = fork();
		ASSERT_LE(0, child[i]);
		if (!child[i]) {
			for (int j = 0; j < 4; j++) {
				int fd = accept(listener, NULL, NULL);

				if (fd < 0 || send(fd, "s", 1, 0) != 1)
					_exit(1);
				close(fd);
			}
			_exit(0);
		}
	}
	ASSERT_OK(close(listener));
	for (int i = 0; i < 12; i++) {
		int fd = st_connect(variant->proto, &addr);

		ASSERT_LE(0, fd);
		EXPECT_EQ(1, recv(fd, &byte, 1, 0));
		EXPECT_EQ(0, recv(fd, &byte, 1, 0));
		ASSERT_OK(close(fd));
	}
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(0, reap(child[i]));
}

/* A descriptor that travels; its sender closes it meanwhile. */
TEST_F(on, passed)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { .iov_base = "x", .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	char in[4] = "", byte;
	int fds[2], fd;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	control.header.cmsg_level = SOL_SOCKET;
	control.header.cmsg_type = SCM_RIGHTS;
	control.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.header), &self->pair.server, sizeof(int));
	ASSERT_EQ(1, sendmsg(fds[0], &msg, 0));
	ASSERT_OK(close(self->pair.server));
	ASSERT_EQ(3, send(self->pair.client, "abc", 3, 0));
	iov.iov_base = &byte;
	msg.msg_controllen = sizeof(control);
	ASSERT_EQ(1, recvmsg(fds[1], &msg, 0));
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(int));
	EXPECT_EQ(3, st_read_all(fd, in, 3));
	EXPECT_STREQ("abc", in);
}

/* Two readers: each byte to one of them, none lost. */
TEST_F(on, two_readers)
{
	char in[2] = "";
	struct st_call call[2];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	for (int i = 0; i < 2; i++) {
		call[i] = (struct st_call){ .nr = SYS_recvfrom, .fd = self->pair.server,
					    .buf = &in[i], .len = 1 };
		ASSERT_OK(st_call_blocked(&call[i]));
	}
	ASSERT_EQ(2, send(self->pair.client, "ab", 2, 0));
	ASSERT_OK(st_call_join(&call[0]));
	ASSERT_OK(st_call_join(&call[1]));
	EXPECT_EQ(1, call[0].ret);
	EXPECT_EQ(1, call[1].ret);
	EXPECT_EQ('a' + 'b', in[0] + in[1]);
}

/* The end of the stream is for all of them. */
TEST_F(on, readers_end)
{
	char in[2];
	struct st_call call[2];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	for (int i = 0; i < 2; i++) {
		call[i] = (struct st_call){ .nr = SYS_recvfrom, .fd = self->pair.server,
					    .buf = &in[i], .len = 1 };
		ASSERT_OK(st_call_blocked(&call[i]));
	}
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_OK(st_call_join(&call[0]));
	ASSERT_OK(st_call_join(&call[1]));
	EXPECT_EQ(0, call[0].ret);
	EXPECT_EQ(0, call[1].ret);
}

struct writer {
	int fd;
	char letter;
	long sent;
};

#define RECORD 16384
#define RECORDS 16

static void *write_records(void *arg)
{
	struct writer *writer = arg;
	char record[RECORD];

	memset(record, writer->letter, sizeof(record));
	for (int i = 0; i < RECORDS; i++) {
		ssize_t ret = send(writer->fd, record, sizeof(record), 0);

		if (ret > 0)
			writer->sent += ret;
	}
	return NULL;
}

/* Two writers: every byte arrives, those of each call in one piece. */
TEST_F(on, two_writers)
{
	static char in[RECORD];
	struct writer writer[2];
	pthread_t thread[2];
	long count[2] = { 0 };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	for (int i = 0; i < 2; i++) {
		writer[i] = (struct writer){ .fd = self->pair.client, .letter = 'a' + i };
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, write_records, &writer[i]));
	}
	for (int i = 0; i < 2 * RECORDS; i++) {
		ASSERT_EQ(RECORD, st_read_all(self->pair.server, in, RECORD));
		for (int j = 0; j < RECORD; j++) {
			ASSERT_TRUE(in[j] == 'a' || in[j] == 'b');
			count[in[j] - 'a']++;
		}
	}
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, pthread_join(thread[i], NULL));
		EXPECT_EQ(RECORD * RECORDS, writer[i].sent);
		EXPECT_EQ(RECORD * RECORDS, count[i]);
	}
}

/* One reads, one writes, the same socket at the same time. */
TEST_F(on, reader_and_writer)
{
	static char out[100000], in[sizeof(out)];
	struct st_call reader = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in),
				  .flags = MSG_WAITALL };
	char byte = 0;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	st_pattern_fill(out, sizeof(out), 5, 0);
	reader.fd = self->pair.client;
	ASSERT_OK(st_call_blocked(&reader));
	/* A sleeping reader holds nobody up. */
	EXPECT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ(sizeof(out), send(self->pair.server, out, sizeof(out), 0));
	ASSERT_OK(st_call_join(&reader));
	EXPECT_EQ(sizeof(in), reader.ret);
	EXPECT_EQ(-1, st_pattern_check(in, sizeof(in), 5, 0));
}

/*
 * close() of the descriptor under a sleeping reader does not disturb it: the
 * call holds the socket, and still gets what comes.
 */
TEST_F(on, close_under_reader)
{
	char in[4] = "";
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = 3 };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	call.fd = self->pair.server;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(close(self->pair.server));
	EXPECT_ERR(EBADF, recv(self->pair.server, in, 1, 0));
	ASSERT_EQ(3, send(self->pair.client, "abc", 3, 0));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(3, call.ret);
	EXPECT_STREQ("abc", in);
	/* With the call its last user is gone. */
	EXPECT_EQ(0, recv(self->pair.client, in, 1, 0));
}

TEST_F(on, close_under_accept)
{
	struct st_call call = { .nr = SYS_accept };
	struct sockaddr_in addr;

	call.fd = st_listen(variant->proto, &addr, 1);
	ASSERT_LE(0, call.fd);
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(close(call.fd));
	ASSERT_LE(0, st_connect(variant->proto, &addr));
	ASSERT_OK(st_call_join(&call));
	EXPECT_LE(0, call.ret);
	EXPECT_EQ(-1, st_connect(variant->proto, &addr));
	EXPECT_EQ(ECONNREFUSED, errno);
}

/* A thread that waits for text finds itself on a listener: who has ended the attempt to
 * connect has taken its error and listened before that thread could look. There is no text,
 * nor will there be any, so the call ends as that of a socket which was disconnected (TCP's
 * goes on to wait).
 */
TEST_F(on, listens_under_reader)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(4711), .sin_addr = st_silent_addr,
	};
	struct sched_param usual = { 0 }, urgent = { .sched_priority = 1 };
	struct st_call call = { .nr = SYS_recvfrom };
	int fd = st_open(variant->proto), flags, error = 0;
	socklen_t len = sizeof(error);
	cpu_set_t one;
	char byte;

	if (variant->proto == IPPROTO_TCP)
		SKIP(return, "TCP's recv() waits on");
	CPU_ZERO(&one);
	CPU_SET(0, &one);
	ASSERT_OK(sched_setaffinity(0, sizeof(one), &one));
	ASSERT_LE(0, fd);
	ASSERT_OK(st_route_silent());
	flags = fcntl(fd, F_GETFL);
	ASSERT_OK(st_nonblocking(fd));
	ASSERT_ERR(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_OK(fcntl(fd, F_SETFL, flags));
	call.fd = fd;
	call.buf = &byte;
	call.len = 1;
	ASSERT_OK(st_call_blocked(&call));
	/* On one CPU, the reader does not run before we sleep */
	ASSERT_OK(sched_setscheduler(0, SCHED_FIFO, &urgent));
	EXPECT_OK(shutdown(fd, SHUT_RDWR));
	EXPECT_OK(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len));
	EXPECT_OK(listen(fd, 1));
	ASSERT_OK(sched_setscheduler(0, SCHED_OTHER, &usual));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(ECONNRESET, error);
	EXPECT_EQ(EPIPE, call.err);
	close(fd);
}

/* SIGIO tells the owner of an O_ASYNC socket. */
static volatile sig_atomic_t signals;

static void on_signal(int signal)
{
	(void)signal;
	signals++;
}

TEST_F(on, async)
{
	struct sigaction action = { .sa_handler = on_signal };
	long long end = st_now_ms() + ST_WAIT_MS;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(sigaction(SIGIO, &action, NULL));
	ASSERT_OK(fcntl(self->pair.server, F_SETOWN, getpid()));
	ASSERT_OK(fcntl(self->pair.server, F_SETFL, O_ASYNC));
	EXPECT_EQ(0, signals);
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	while (!signals && st_now_ms() < end)
		st_pause();
	EXPECT_LE(1, signals);
}

TEST_HARNESS_MAIN
