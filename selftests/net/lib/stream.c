// SPDX-License-Identifier: GPL-2.0
/* Texts whose bytes say where they belong, sent and checked. */
#include "stream.h"

#include <poll.h>
#include <sys/socket.h>

#include "fd.h"

/* A prime, so that what is out of place by a power of two is seen. */
#define PERIOD	65521

static char table[PERIOD + STREAM_SOME];

static void fill_table(void)
{
	uint32_t x = 2463534242u;

	for (int i = 0; i < PERIOD; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		table[i] = (char)(x >> 8);
	}
	for (int i = PERIOD; i < PERIOD + STREAM_SOME; i++)
		table[i] = table[i - PERIOD];
}

/**
 * stream_text() - a part of a text
 * @seed: which text
 * @at: its first byte
 * @len: bytes, STREAM_SOME at most
 */
const char *stream_text(unsigned int seed, long long at, int len)
{
	static bool filled;

	NEED(len <= STREAM_SOME);
	if (!filled)
		fill_table();
	filled = true;
	return table + (at + seed * 7919ll) % PERIOD;
}

/**
 * stream_pair() - what goes through one connection
 * @pair: filled in
 * @one_fd: its one end
 * @other_fd: its other end
 * @number: of the connection
 * @size: bytes each way
 */
void stream_pair(struct stream pair[2], int one_fd, int other_fd, unsigned int number,
		 long long size)
{
	for (int i = 0; i < 2; i++) {
		pair[i] = (struct stream){
			.fd = i ? other_fd : one_fd, .size = size, .peer_size = size,
			.seed = 2 * number + i, .peer_seed = 2 * number + !i,
		};
		fd_block(pair[i].fd, false);
	}
}

static void send_some(struct stream *s)
{
	while (s->sent < s->size) {
		long long left = s->size - s->sent;
		int len = left < STREAM_SOME ? (int)left : STREAM_SOME;
		ssize_t n = send(s->fd, stream_text(s->seed, s->sent, len), len,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0)
			die(__FILE__, __LINE__, "send() after %lld bytes: %s", s->sent,
			    strerror(errno));
		s->sent += n;
	}
	fd_shut(s->fd, SHUT_WR);
}

static void receive_some(struct stream *s)
{
	static char buf[STREAM_SOME];
	ssize_t n;

	while ((n = recv(s->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		const char *want = stream_text(s->peer_seed, s->got, n);

		if (s->got + n > s->peer_size)
			die(__FILE__, __LINE__, "more than %lld bytes came", s->peer_size);
		for (int i = 0; memcmp(buf, want, n) && i < n; i++)
			if (buf[i] != want[i])
				die(__FILE__, __LINE__, "text %u is wrong at %lld",
				    s->peer_seed, s->got + i);
		s->got += n;
	}
	if (n < 0 && errno != EAGAIN)
		die(__FILE__, __LINE__, "recv() after %lld bytes: %s", s->got, strerror(errno));
	if (n)
		return;
	SAME(s->got, s->peer_size);
	s->ended = true;
}

static bool step(struct stream *s, short events)
{
	if (events & (POLLOUT | POLLERR | POLLHUP) && s->sent < s->size)
		send_some(s);
	if (events & (POLLIN | POLLERR | POLLHUP) && !s->ended)
		receive_some(s);
	if (s->sent < s->size || !s->ended)
		return true;
	fd_close(s->fd);
	s->fd = -1;
	return false;
}

/**
 * stream_run() - send and check all of it
 * @streams: the ends
 * @count: of them
 * @idle_ms: without any progress the test has failed
 */
void stream_run(struct stream *streams, int count, int idle_ms)
{
	struct pollfd *fds = calloc(count, sizeof(*fds));
	int open = count;

	NEED(fds);
	while (open) {
		for (int i = 0; i < count; i++) {
			struct stream *s = &streams[i];

			fds[i].fd = s->fd;
			fds[i].events = (s->sent < s->size ? POLLOUT : 0) |
					(s->ended ? 0 : POLLIN);
		}
		if (!TRY(poll(fds, count, idle_ms)))
			die(__FILE__, __LINE__, "%d of %d ends are stuck, the first at %lld, %lld",
			    open, count, streams[0].sent, streams[0].got);
		for (int i = 0; i < count; i++)
			if (fds[i].revents && !step(&streams[i], fds[i].revents))
				open--;
	}
	free(fds);
}
