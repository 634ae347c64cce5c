// SPDX-License-Identifier: GPL-2.0
/* Text behind a gap: in any order, in pieces that overlap, in more pieces than an honest peer
 * would make. RFC 9293 section 3.10.7.4: "segments with higher beginning sequence numbers
 * SHOULD be held for later processing (SHLD-31)". Each byte is delivered once, in order, and
 * no number of pieces makes the next one dear.
 */
#include <time.h>

#include "bad.h"

#define TEXT	6000	/* bytes behind a gap, at most */

static uint32_t random_state = 1;

/* The same in each run */
static uint32_t below(uint32_t limit)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % limit;
}

static int read_all(int fd, char *buf, int len)
{
	int got = 0;

	while (got < len) {
		int n;

		WAIT(fd_events(fd, POLLIN, 0) & POLLIN);
		n = TRY(recv(fd, buf + got, len - got, 0));
		NEED(n > 0);
		got += n;
	}
	return got;
}

/* Pieces of 1 to 200 bytes, anywhere; what they leave out comes last. Only pieces that the
 * stack has all of count as duplicates, and those that a longer one covers.
 */
TEST_F(bad, pieces_in_any_order)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1));
	char in[TEXT], text[TEXT];
	uint32_t from = 101;

	for (int round = 0; round < 20; round++, from += TEXT) {
		for (int i = 0; i < 100; i++) {
			int at = 1 + below(TEXT - 200);

			wire_send(us, PSH | ACK, from + at, 301, .len = 1 + below(200));
		}
		wire_sync(NS_A);
		fd_empty(fd);
		for (int at = 0; at < TEXT; at += 1000)
			wire_send(us, PSH | ACK, from + at, 301, .len = 1000);
		SAME(read_all(fd, in, TEXT), TEXT);
		wire_pattern(text, from, TEXT);
		NEED(!memcmp(in, text, TEXT));
		while (wire_next(it, 0))
			;
	}
	fd_empty(fd);
	state_is(it, "ESTABLISHED");
}

/* Which piece has all of which: that is thrown away, and counted. Of one that has a part of
 * another what is new is kept.
 */
TEST_F(bad, pieces_of_pieces)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1));
	static const struct {
		uint32_t seq;
		int len, drops;
	} pieces[] = {
		{ 201, 10, 0 },
		{ 201, 10, 1 },		/* the same */
		{ 205, 6, 1 },		/* its end */
		{ 201, 5, 1 },		/* its beginning */
		{ 201, 20, 1 },		/* which it is the beginning of */
		{ 231, 10, 0 },
		{ 251, 10, 0 },
		{ 215, 10, 0 },		/* overlaps */
		{ 211, 60, 2 },		/* covers two of them, and goes on behind the rest */
		{ 191, 90, 3 },		/* and this all */
		{ 271, 10, 1 },
		{ 281, 1, 0 },
		{ 271, 12, 0 },		/* one byte is new */
	};
	char in[300], text[300];

	stats_mark(NS_A);
	for (size_t i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		wire_send(us, PSH | ACK, pieces[i].seq, 301, .len = pieces[i].len);
		wire_expect(it, ACK, 301, 101);
		if (!pieces[i].drops) {
			STATS_NONE(NS_A);
			continue;
		}
		stat_grew(NS_A, "drop duplicate", pieces[i].drops);
		stats_mark(NS_A);
	}
	wire_send(us, PSH | ACK, 101, 301, .len = 95);
	wire_expect(it, ACK, 301, 283);
	SAME(read_all(fd, in, 182), 182);
	wire_pattern(text, 101, 182);
	NEED(!memcmp(in, text, 182));
	fd_empty(fd);
}

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	TRY(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts));
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

#define PIECES	10000
#define BATCH	10	/* so few that this machine does them without a pause, once at least */

/* Pieces of a byte with a byte between them; returns what a batch takes at least, ns. */
static uint64_t send_pieces(struct end *us, struct end *it, int from, int to)
{
	uint64_t least = UINT64_MAX;

	for (int i = from; i < to;) {
		uint64_t begin = cpu_ns(), took;

		for (int n = 0; n < BATCH; n++, i++)
			wire_send(us, PSH | ACK, 103 + 2 * i, 301, .len = 1);
		took = cpu_ns() - begin;
		if (took < least)
			least = took;
		while (wire_next(it, 0))	/* an ACK for each */
			;
	}
	return least;
}

/* Each piece must be put in its place among all others: that takes hardly longer when there
 * are many ("SegmentSmack", CVE-2018-5390, was a queue that did not do so). They arrive while
 * their sender runs, so that its time is theirs.
 */
TEST_F(bad, thousands_of_pieces)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), size = 16 << 20;
	uint64_t few, many;

	TRY(setsockopt(listener, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)));
	wire_open_passive(us, it, listener);
	stats_mark(NS_A);
	few = send_pieces(us, it, 0, 1000);
	send_pieces(us, it, 1000, PIECES - 1000);
	many = send_pieces(us, it, PIECES - 1000, PIECES);
	printf("# %d pieces: %llu us; after %d others %llu us\n", BATCH,
	       (unsigned long long)few / 1000, PIECES - 1000, (unsigned long long)many / 1000);
	/* None was refused for its memory. */
	STATS_NONE(NS_A);
	NEED(many < 3 * few);
}

TEST_HARNESS_MAIN
