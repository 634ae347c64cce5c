// SPDX-License-Identifier: GPL-2.0
/* sendfile() and splice(): files and pipes into a socket, and a socket into a pipe. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sock_fixture.h"

#define FILE_SIZE 100000

/* A file of the test stream with seed 6. */
static int pattern_file(void)
{
	static unsigned char bytes[FILE_SIZE];
	int fd = memfd_create("pattern", MFD_CLOEXEC);

	st_pattern_fill(bytes, sizeof(bytes), 6, 0);
	if (fd >= 0 && write(fd, bytes, sizeof(bytes)) != sizeof(bytes))
		return -1;
	return fd;
}

TEST_F(on, sendfile)
{
	static unsigned char in[FILE_SIZE];
	struct st_call reader = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in),
				  .flags = MSG_WAITALL };
	off_t at = 0;
	int file = pattern_file();

	ASSERT_LE(0, file);
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	reader.fd = self->pair.server;
	ASSERT_OK(st_call_start(&reader));
	while (at < FILE_SIZE)
		ASSERT_LT(0, sendfile(self->pair.client, file, &at, FILE_SIZE - at));
	EXPECT_EQ(FILE_SIZE, at);
	ASSERT_OK(st_call_join(&reader));
	EXPECT_EQ(sizeof(in), reader.ret);
	EXPECT_EQ(-1, st_pattern_check(in, sizeof(in), 6, 0));
}

/* From an offset, a part, not moving the file's own position. */
TEST_F(on, sendfile_part)
{
	static unsigned char in[5000];
	off_t at = 12345;
	int file = pattern_file();

	ASSERT_LE(0, file);
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(sizeof(in), sendfile(self->pair.client, file, &at, sizeof(in)));
	EXPECT_EQ(12345 + sizeof(in), at);
	EXPECT_EQ(FILE_SIZE, lseek(file, 0, SEEK_CUR));
	EXPECT_EQ(sizeof(in), st_read_all(self->pair.server, in, sizeof(in)));
	EXPECT_EQ(-1, st_pattern_check(in, sizeof(in), 6, 12345));
	EXPECT_EQ(0, sendfile(self->pair.client, file, NULL, 1));
}

/* Failing, it says so and moves nothing. */
TEST_F(on, sendfile_errors)
{
	int file = pattern_file();
	off_t at = 0;

	ASSERT_LE(0, file);
	signal(SIGPIPE, SIG_IGN);
	EXPECT_ERR(EPIPE, sendfile(st_open(variant->proto), file, &at, 1));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	/* Not from a socket. */
	EXPECT_ERR(EINVAL, sendfile(file, self->pair.client, NULL, 1));
	ASSERT_OK(st_nonblocking(self->pair.client));
	ASSERT_LT(0, st_fill(self->pair.client));
	EXPECT_ERR(EAGAIN, sendfile(self->pair.client, file, &at, 1));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
	EXPECT_ERR(ECONNRESET, sendfile(self->pair.client, file, &at, 1));
	EXPECT_EQ(0, at);
}

TEST_F(on, pipe_to_socket)
{
	char in[4] = "";
	int pipes[2];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(pipe(pipes));
	ASSERT_EQ(3, write(pipes[1], "abc", 3));
	EXPECT_EQ(3, splice(pipes[0], NULL, self->pair.client, NULL, 100, 0));
	EXPECT_EQ(3, st_read_all(self->pair.server, in, 3));
	EXPECT_STREQ("abc", in);
}

TEST_F(on, socket_to_pipe)
{
	char in[8] = "";
	int pipes[2];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(pipe(pipes));
	ASSERT_EQ(6, send(self->pair.client, "abcdef", 6, 0));
	ASSERT_EQ(6, st_wait_queued(self->pair.server, 6));
	EXPECT_EQ(4, splice(self->pair.server, NULL, pipes[1], NULL, 4, 0));
	EXPECT_EQ(2, st_wait_queued(self->pair.server, 2));
	EXPECT_EQ(4, read(pipes[0], in, sizeof(in)));
	EXPECT_STREQ("abcd", in);
	EXPECT_EQ(2, splice(self->pair.server, NULL, pipes[1], NULL, 100, 0));
	ASSERT_OK(st_nonblocking(self->pair.server));
	EXPECT_ERR(EAGAIN, splice(self->pair.server, NULL, pipes[1], NULL, 100, 0));
	ASSERT_OK(close(self->pair.client));
	ASSERT_EQ(TCP_CLOSE_WAIT,
		  st_wait_state(self->pair.server, variant->proto, TCP_CLOSE_WAIT));
	EXPECT_EQ(0, splice(self->pair.server, NULL, pipes[1], NULL, 100, 0));
}

/* A proxy: what comes in goes out, through a pipe, and all of it is the same. */
TEST_F(on, proxy)
{
	static unsigned char out[FILE_SIZE], in[FILE_SIZE];
	struct st_call writer = { .nr = SYS_sendto, .buf = out, .len = sizeof(out) };
	struct st_call reader = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in),
				  .flags = MSG_WAITALL };
	struct st_pair second;
	ssize_t total = 0, got, put;
	int pipes[2];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_pair_open(&second, variant->proto));
	ASSERT_OK(pipe(pipes));
	st_pattern_fill(out, sizeof(out), 7, 0);
	writer.fd = self->pair.client;
	reader.fd = second.server;
	ASSERT_OK(st_call_start(&writer));
	ASSERT_OK(st_call_start(&reader));
	while (total < FILE_SIZE) {
		got = splice(self->pair.server, NULL, pipes[1], NULL, 65536, 0);
		ASSERT_LT(0, got);
		for (total += got; got; got -= put) {
			put = splice(pipes[0], NULL, second.client, NULL, got, 0);
			ASSERT_LT(0, put);
		}
	}
	ASSERT_OK(st_call_join(&writer));
	ASSERT_OK(st_call_join(&reader));
	EXPECT_EQ(sizeof(in), reader.ret);
	EXPECT_EQ(-1, st_pattern_check(in, sizeof(in), 7, 0));
}

TEST_HARNESS_MAIN
