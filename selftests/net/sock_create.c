// SPDX-License-Identifier: GPL-2.0
/* socket(): which types and protocols there are, flags, and what has no place here. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sock_fixture.h"

/* A new socket is blocking and survives exec(), unless the type says otherwise. */
TEST_F(on, type_flags)
{
	int fd = socket(AF_INET, SOCK_STREAM, variant->proto);

	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_GETFD) & FD_CLOEXEC);
	EXPECT_EQ(O_RDWR, fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE));

	fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, variant->proto);
	ASSERT_LE(0, fd);
	EXPECT_EQ(FD_CLOEXEC, fcntl(fd, F_GETFD) & FD_CLOEXEC);
	EXPECT_EQ(O_RDWR | O_NONBLOCK, fcntl(fd, F_GETFL) & (O_NONBLOCK | O_ACCMODE));
}

/* The protocol is a byte stream: no datagrams, no packets. */
TEST_F(on, wrong_type)
{
	EXPECT_ERR(EPROTONOSUPPORT, socket(AF_INET, SOCK_DGRAM, variant->proto));
	EXPECT_ERR(ESOCKTNOSUPPORT, socket(AF_INET, SOCK_SEQPACKET, variant->proto));
	EXPECT_ERR(EPROTONOSUPPORT, socket(AF_UNIX, SOCK_STREAM, variant->proto));
	EXPECT_ERR(EINVAL, socket(AF_INET, SOCK_STREAM | 0x40000000, variant->proto));
	EXPECT_ERR(EINVAL, socket(AF_INET, 0x7f, variant->proto));
}

/* Two connected sockets out of nothing are AF_UNIX's alone. */
TEST_F(on, no_socketpair)
{
	int fds[2];

	EXPECT_ERR(EOPNOTSUPP, socketpair(AF_INET, SOCK_STREAM, variant->proto, fds));
}

/* The state of a socket that nothing was done with is CLOSED (TCP_CLOSE). */
TEST_F(on, state)
{
	int fd = st_open(variant->proto);

	ASSERT_LE(0, fd);
	EXPECT_EQ(TCP_CLOSE, st_state(fd, variant->proto));
	EXPECT_EQ(POLLOUT | POLLHUP, st_events(fd, POLLIN | POLLOUT));
}

/* A socket is not a file: no position, no truncation, no sync. */
TEST_F(on, not_a_file)
{
	int fd = st_open(variant->proto);
	char byte = 0;

	ASSERT_LE(0, fd);
	EXPECT_ERR(ESPIPE, lseek(fd, 0, SEEK_SET));
	EXPECT_ERR(ESPIPE, pread(fd, &byte, 1, 0));
	EXPECT_ERR(ESPIPE, pwrite(fd, &byte, 1, 0));
	EXPECT_ERR(EINVAL, ftruncate(fd, 0));
	EXPECT_ERR(EINVAL, fsync(fd));
	EXPECT_ERR(ENOTTY, ioctl(fd, 0x5401, &byte));
}

/* The calls of a stream socket on what is not a socket. */
TEST_F(on, not_a_socket)
{
	struct sockaddr_in addr = st_loopback(0);
	int pipes[2];

	ASSERT_OK(pipe(pipes));
	EXPECT_ERR(ENOTSOCK, bind(pipes[0], (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_ERR(ENOTSOCK, listen(pipes[0], 1));
	EXPECT_ERR(ENOTSOCK, accept(pipes[0], NULL, NULL));
	EXPECT_ERR(ENOTSOCK, shutdown(pipes[0], SHUT_WR));
	close(pipes[0]);
	EXPECT_ERR(EBADF, listen(pipes[0], 1));
	EXPECT_ERR(EBADF, connect(pipes[0], (struct sockaddr *)&addr, sizeof(addr)));
}

/* The process' descriptors run out, and come back. */
TEST_F(on, many)
{
	struct rlimit limit = { .rlim_cur = 200, .rlim_max = 200 };
	int fds[200], count = 0;

	ASSERT_OK(setrlimit(RLIMIT_NOFILE, &limit));
	while (count < 200 && (fds[count] = st_open(variant->proto)) >= 0)
		count++;
	ASSERT_LT(100, count);
	EXPECT_ERR(EMFILE, st_open(variant->proto));
	EXPECT_OK(close(fds[0]));
	EXPECT_EQ(fds[0], st_open(variant->proto));
	for (int i = 0; i < count; i++)
		EXPECT_OK(close(fds[i]));
	EXPECT_ERR(EBADF, close(fds[0]));
}

TEST_HARNESS_MAIN
