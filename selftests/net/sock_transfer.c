// SPDX-License-Identifier: GPL-2.0
/*
 * Streams: what goes in comes out, byte for byte, both ways at once, whatever
 * the sizes of the pieces, of the buffers and of the segments.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_raw.h"

#define STREAM (1 << 20)
#define SHORT_STREAM (1 << 17)
#define SLOW_STREAM (1 << 15)	/* through buffers that hold a segment or two */
#define PIECE_MAX 30000

/* One direction of a connection, seen from its sender or its receiver. */
struct stream {
	int fd;
	unsigned int seed;	/* of the pattern and of the pieces' sizes */
	size_t total;
	size_t piece_max;
	size_t done;
	ssize_t wrong;		/* position of the first wrong byte, or -1 */
	int err;
};

/* Piece sizes from 1 on, the small ones as probable as the large ones. */
static size_t piece(unsigned int *state, size_t max)
{
	size_t size;

	*state = *state * 1103515245 + 12345;
	size = 1 + (*state >> 8) % max;
	return size >> (*state >> 4) % 12 ?: 1;
}

static void *send_stream(void *arg)
{
	struct stream *s = arg;
	unsigned int state = s->seed;
	unsigned char *buf = malloc(s->piece_max);

	while (buf && s->done < s->total) {
		size_t size = piece(&state, s->piece_max);
		ssize_t ret;

		if (size > s->total - s->done)
			size = s->total - s->done;
		st_pattern_fill(buf, size, s->seed, s->done);
		ret = send(s->fd, buf, size, MSG_NOSIGNAL);
		if (ret < 0) {
			s->err = errno;
			break;
		}
		s->done += ret;
	}
	shutdown(s->fd, SHUT_WR);
	free(buf);
	return NULL;
}

static void *receive_stream(void *arg)
{
	struct stream *s = arg;
	unsigned int state = s->seed * 7;
	unsigned char *buf = malloc(s->piece_max);
	ssize_t ret = 0;

	s->wrong = -1;
	while (buf && s->wrong < 0) {
		ret = recv(s->fd, buf, piece(&state, s->piece_max), 0);
		if (ret <= 0)
			break;
		s->wrong = st_pattern_check(buf, ret, s->seed, s->done);
		s->done += ret;
	}
	if (ret < 0)
		s->err = errno;
	free(buf);
	return NULL;
}

/* Both ways at once, a thread for each end of each direction. */
static void both_ways(struct __test_metadata *_metadata, const struct st_pair *pair,
		      size_t total, size_t piece_max)
{
	struct stream streams[4] = {
		{ .fd = pair->client, .seed = 1 }, { .fd = pair->server, .seed = 1 },
		{ .fd = pair->server, .seed = 2 }, { .fd = pair->client, .seed = 2 },
	};
	pthread_t threads[4];

	for (int i = 0; i < 4; i++) {
		streams[i].total = total;
		streams[i].piece_max = piece_max;
		ASSERT_EQ(0, pthread_create(&threads[i], NULL,
					    i % 2 ? receive_stream : send_stream,
					    &streams[i]));
	}
	for (int i = 0; i < 4; i++) {
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
		EXPECT_EQ(0, streams[i].err);
		EXPECT_EQ(total, streams[i].done);
		if (i % 2)
			EXPECT_EQ(-1, streams[i].wrong);
	}
}

static int buffers(const struct st_pair *pair, int send, int receive)
{
	int fds[] = { pair->client, pair->server };

	for (int i = 0; i < 2; i++)
		if (setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &send, sizeof(send)) ||
		    setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &receive, sizeof(receive)))
			return -1;
	return 0;
}

TEST_F(on, both_ways)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	both_ways(_metadata, &self->pair, STREAM, PIECE_MAX);
	EXPECT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(self->pair.server, variant->proto, TCP_CLOSE));
}

TEST_F(on, small_pieces)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	both_ways(_metadata, &self->pair, 20000, 40);
}

TEST_F(on, small_buffers)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(buffers(&self->pair, 3000, 3000));
	both_ways(_metadata, &self->pair, SLOW_STREAM, PIECE_MAX);
}

/* The send buffer is the larger one, and the other way around. */
TEST_F(on, uneven_buffers)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(buffers(&self->pair, 200000, 4000));
	both_ways(_metadata, &self->pair, SLOW_STREAM, PIECE_MAX);
	close(self->pair.client);
	close(self->pair.server);
	close(self->pair.listener);
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(buffers(&self->pair, 4000, 200000));
	both_ways(_metadata, &self->pair, SLOW_STREAM, PIECE_MAX);
}

/* Segments as small as they may get. */
TEST_F(on, small_segments)
{
	int fd = st_open(variant->proto), mss = 100;

	self->pair.listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, self->pair.listener);
	ASSERT_OK(setsockopt(fd, variant->proto, TCP_MAXSEG, &mss, sizeof(mss)));
	ASSERT_OK(connect(fd, (struct sockaddr *)&self->pair.addr, sizeof(self->pair.addr)));
	self->pair.client = fd;
	self->pair.server = accept(self->pair.listener, NULL, NULL);
	ASSERT_LE(0, self->pair.server);
	both_ways(_metadata, &self->pair, SHORT_STREAM, PIECE_MAX);
}

TEST_F(on, without_delay)
{
	int one = 1;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(setsockopt(self->pair.client, variant->proto, TCP_NODELAY, &one,
			     sizeof(one)));
	ASSERT_OK(setsockopt(self->pair.server, variant->proto, TCP_NODELAY, &one,
			     sizeof(one)));
	both_ways(_metadata, &self->pair, SHORT_STREAM, 2000);
}

/* A request and its answer, many times: nothing waits for a timer. */
TEST_F(on, request_answer)
{
	int late = 0;
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	for (int i = 0; i < 300; i++) {
		long long start = st_now_ms();

		byte = i;
		ASSERT_EQ(1, send(self->pair.client, &byte, 1, 0));
		ASSERT_EQ(1, recv(self->pair.server, &byte, 1, 0));
		ASSERT_EQ((char)i, byte);
		byte = ~i;
		ASSERT_EQ(1, send(self->pair.server, &byte, 1, 0));
		ASSERT_EQ(1, recv(self->pair.client, &byte, 1, 0));
		ASSERT_EQ((char)~i, byte);
		late += st_now_ms() - start >= 36;
	}
	/* A delayed acknowledgment in each round would be 40 ms. */
	EXPECT_GT(250, late);
}

/* One thread, non-blocking sockets, epoll: an echo server and its client. */
TEST_F(on, epoll_echo)
{
	static unsigned char echo[PIECE_MAX], in[PIECE_MAX], out[PIECE_MAX];
	size_t sent = 0, received = 0, from = 0, to = 0;
	struct epoll_event event;
	int ep = epoll_create1(0);
	unsigned int state = 3;
	bool shut = false;
	ssize_t ret;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(buffers(&self->pair, 20000, 20000));
	ASSERT_OK(st_nonblocking(self->pair.client));
	ASSERT_OK(st_nonblocking(self->pair.server));
	event = (struct epoll_event){ .events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u32 = 0 };
	ASSERT_OK(epoll_ctl(ep, EPOLL_CTL_ADD, self->pair.client, &event));
	event.data.u32 = 1;
	ASSERT_OK(epoll_ctl(ep, EPOLL_CTL_ADD, self->pair.server, &event));

	while (received < SHORT_STREAM) {
		bool moved = true;

		ASSERT_LT(0, epoll_wait(ep, &event, 1, ST_WAIT_MS));
		while (moved) {
			moved = false;
			if (sent < SHORT_STREAM) {
				size_t size = piece(&state, sizeof(out));

				if (size > SHORT_STREAM - sent)
					size = SHORT_STREAM - sent;
				st_pattern_fill(out, size, 4, sent);
				ret = send(self->pair.client, out, size, 0);
				ASSERT_TRUE(ret > 0 || errno == EAGAIN);
				if (ret > 0) {
					sent += ret;
					moved = true;
				}
			} else if (!shut) {
				ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
				shut = true;
			}
			if (from == to) {
				ret = recv(self->pair.server, echo, sizeof(echo), 0);
				ASSERT_TRUE(ret >= 0 || errno == EAGAIN);
				from = 0;
				to = ret > 0 ? ret : 0;
			}
			if (from < to) {
				ret = send(self->pair.server, echo + from, to - from, 0);
				ASSERT_TRUE(ret > 0 || errno == EAGAIN);
				if (ret > 0) {
					from += ret;
					moved = true;
				}
			}
			ret = recv(self->pair.client, in, piece(&state, sizeof(in)), 0);
			ASSERT_TRUE(ret > 0 || errno == EAGAIN);
			if (ret > 0) {
				ASSERT_EQ(-1, st_pattern_check(in, ret, 4, received));
				received += ret;
				moved = true;
			}
		}
	}
	EXPECT_EQ(SHORT_STREAM, received);
	ASSERT_EQ(0, recv(self->pair.server, echo, 1, 0));
}

/* A reader that sleeps long closes the window and opens it again (3.8.6). */
TEST_F(on, window_closes)
{
	static unsigned char in[PIECE_MAX];
	ssize_t total = 0, done, ret;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(buffers(&self->pair, 20000, 20000));
	for (int round = 0; round < 3; round++) {
		total = st_fill(self->pair.client);
		ASSERT_LT(0, total);
		for (done = 0; done < total; done += ret) {
			ret = recv(self->pair.server, in, sizeof(in), 0);
			ASSERT_LT(0, ret);
			ASSERT_EQ(-1, st_pattern_check(in, ret, 0, done));
		}
		EXPECT_EQ(total, done);
	}
}

/* Many connections side by side do not mix. */
TEST_F(on, side_by_side)
{
	struct st_pair pairs[20];
	unsigned char out[500], in[500];

	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++)
		ASSERT_OK(st_pair_open(&pairs[i], variant->proto));
	for (int round = 0; round < 5; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
			st_pattern_fill(out, sizeof(out), i, round * sizeof(out));
			ASSERT_EQ(sizeof(out), send(pairs[i].client, out, sizeof(out), 0));
		}
		for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
			ASSERT_EQ(sizeof(in), st_read_all(pairs[i].server, in, sizeof(in)));
			ASSERT_EQ(-1, st_pattern_check(in, sizeof(in), i, round * sizeof(in)));
		}
	}
}

/* The same four numbers again and again, from a client with one port. */
TEST_F(on, one_port)
{
	struct sockaddr_in addr = st_loopback(4711);
	int one = 1;
	char byte;

	self->pair.listener = st_listen(variant->proto, &self->pair.addr, 4);
	ASSERT_LE(0, self->pair.listener);
	for (int i = 0; i < 5; i++) {
		int fd = st_open(variant->proto), server;

		ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)));
		ASSERT_OK(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
		ASSERT_OK(connect(fd, (struct sockaddr *)&self->pair.addr, sizeof(addr)));
		server = accept(self->pair.listener, NULL, NULL);
		ASSERT_LE(0, server);
		ASSERT_EQ(1, send(fd, "x", 1, 0));
		ASSERT_EQ(1, recv(server, &byte, 1, 0));
		/* The server closes first: its end is the one in TIME-WAIT, and a new
		 * SYN from the same port opens it again (MAY-2).
		 */
		ASSERT_OK(close(server));
		ASSERT_EQ(0, recv(fd, &byte, 1, 0));
		ASSERT_OK(close(fd));
		ASSERT_OK(st_settle());
	}
}

TEST_HARNESS_MAIN
