// SPDX-License-Identifier: GPL-2.0
/* What timestamps begin with: RFC 7323 section 5.4. "a random offset may be introduced on a per
 * connection basis"; between the same two ends they go on (RFC 6191).
 */
#include <time.h>

#include "lib/exchange.h"

#define ENDS	20
#define NEAR_MS	10000
#define CHANCE	3	/* so many of a few hundred pairs are near by chance once in 10^8 */

static uint32_t stamp_of(const struct seen *seen)
{
	const uint8_t *at = wire_option(seen, 8);

	NEED(at);
	return (uint32_t)at[2] << 24 | at[3] << 16 | at[4] << 8 | at[5];
}

/* TSval of the SYN with which @end connects; the attempt is given up at once. */
static uint32_t active(struct end *end)
{
	int fd = fd_start(end);
	struct seen *syn = wire_next(end, PATIENCE_MS);

	NEED(syn && syn->flags == SYN);
	fd_close(fd);
	return stamp_of(syn);
}

/* TSval of the SYN,ACK; the attempt is given up at once. */
static uint32_t passive(struct end *us, struct end *it)
{
	static const uint8_t offer[12] = { 1, 1, 8, 10, 0, 0, 0, 1 };
	struct seen *seen;

	wire_forget(it);
	wire_send(us, SYN, 100, .opt = offer, .optlen = sizeof(offer));
	seen = wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, RST, 101);
	wire_sync(NS_A);
	return stamp_of(seen);
}

static bool near(uint32_t a, uint32_t b)
{
	return a - b + NEAR_MS < 2 * NEAR_MS;
}

/* No two are alike, and none is the time since the machine was started, nor that of the day. */
static void all_differ(const uint32_t *stamps, int count)
{
	struct timespec up, day;
	int clocks = 0, pairs = 0;

	clock_gettime(CLOCK_BOOTTIME, &up);
	clock_gettime(CLOCK_REALTIME, &day);
	for (int i = 0; i < count; i++) {
		clocks += near(stamps[i], up.tv_sec * 1000 + up.tv_nsec / 1000000);
		clocks += near(stamps[i], day.tv_sec * 1000 + day.tv_nsec / 1000000);
		for (int n = 0; n < i; n++)
			pairs += near(stamps[i], stamps[n]);
	}
	NEED(clocks < CHANCE);
	NEED(pairs < CHANCE);
}

TEST_F(peer, differ_with_the_ends)
{
	uint32_t stamps[ENDS];

	for (int i = 0; i < ENDS; i++) {
		self->it.port = 2000 + i;
		stamps[i] = active(&self->it);
	}
	all_differ(stamps, ENDS);
}

TEST_F(peer, differ_with_the_ends_of_a_listener)
{
	uint32_t stamps[ENDS];

	fd_listen(&self->it, 1);
	for (int i = 0; i < ENDS; i++) {
		self->us.port = 2000 + i;
		stamps[i] = passive(&self->us, &self->it);
	}
	all_differ(stamps, ENDS);
}

/* RFC 6191, RFC 7323 section 5.4: the next connection's are later, by the time that has passed;
 * whoever opens it. 3 in 100 are allowed, and what the kernel's ticks may be late while an emulated
 * CPU does not run.
 */
#define TICKS_MS	200

TEST_F(peer, go_on_between_the_same_ends)
{
	uint64_t first_before = now_ms(), before, after, first_after;
	uint32_t first = active(&self->it), grown;

	first_after = now_ms();
	fd_listen(&self->it, 1);
	do {
		before = now_ms();
		grown = passive(&self->us, &self->it) - first;
		after = now_ms();
		if (grown + TICKS_MS < (before - first_after) * 97 / 100 ||
		    grown > (after - first_before) * 103 / 100 + TICKS_MS)
			die(__FILE__, __LINE__, "they grew by %u, not by %llu to %llu", grown,
			    (unsigned long long)(before - first_after),
			    (unsigned long long)(after - first_before));
	} while (before - first_after < 2000);
}

/* Nobody can compute them who does not have the secret: another host with the same address
 * has others for the same ends.
 */
TEST_F(relay, need_the_secret)
{
	int pairs = 0;

	net_run(NS_B, "ip addr add " ADDR_A "/32 dev vb");
	for (int i = 0; i < 8; i++) {
		struct twins twins;

		wire_twins(&twins, 2000 + i);
		pairs += near(active(&twins.a), active(&twins.b));
	}
	NEED(pairs < CHANCE);
}

TEST_HARNESS_MAIN
