// SPDX-License-Identifier: GPL-2.0
/* Initial sequence numbers: RFC 9293 section 3.4.1 and RFC 6528. */
#include <time.h>

#include "lib/exchange.h"

/* The ISS that @end chooses when it connects; the attempt is given up at once. */
static uint32_t iss(struct end *end)
{
	int fd = fd_start(end);
	struct seen *syn = wire_next(end, PATIENCE_MS);

	NEED(syn && syn->flags == SYN);
	fd_close(fd);
	return syn->real_seq;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

/* MUST-8: between the same two ends the number grows by one in about 4 us, from each
 * connection to the next and in all of them together; 3 in 100 faster or slower is about.
 */
TEST_F(peer, follows_the_clock)
{
	uint64_t before, after, first_before, first_after, least, most;
	uint32_t first, grown;

	first_before = now_ns();
	first = iss(&self->it);
	first_after = now_ns();
	do {
		before = now_ns();
		grown = iss(&self->it) - first;
		after = now_ns();
		least = (before - first_after) / 4120;
		most = (after - first_before) / 3880;
		if (grown + 1 < least || grown > most + 1)
			die(__FILE__, __LINE__, "it grew by %u, not by %llu to %llu", grown,
			    (unsigned long long)least, (unsigned long long)most);
	} while (before - first_after < 300000000);
}

/* Other ends, another offset: what one connection shows says nothing about the next. The
 * clock is the same, so differences between ports would be small or regular without F().
 */
TEST_F(peer, differs_with_the_ends)
{
	uint32_t last = 0, step, last_step = 0;
	int near = 0, regular = 0;

	for (int i = 0; i < 20; i++) {
		uint32_t number;

		self->it.port = 2000 + i;
		number = iss(&self->it);
		step = number - last;
		if (step + 1000000 < 2000000)
			near++;
		if (i > 1 && step - last_step + 1000000 < 2000000)
			regular++;
		last = number;
		last_step = step;
	}
	NEED(near < 3);
	NEED(regular < 3);
}

/* MUST-9, SHLD-1: nobody can compute it who does not have the secret: another host with the
 * same addresses and ports, at the same time, has other numbers.
 */
TEST_F(relay, needs_the_secret)
{
	int near = 0;

	net_run(NS_B, "ip addr add " ADDR_A "/32 dev vb");
	for (int i = 0; i < 8; i++) {
		struct twins twins;
		uint32_t a, b;

		wire_twins(&twins, 2000 + i);
		a = iss(&twins.a);
		b = iss(&twins.b);
		if (a - b + 10000000 < 20000000)
			near++;
	}
	/* By chance one is so once in 200. */
	NEED(near < 4);
}

TEST_HARNESS_MAIN
