// SPDX-License-Identifier: GPL-2.0
/* Random segments, thousands of them: valid ones in which bytes were changed, cut off or
 * added, for a listener and for a connection. What each does is not predicted; afterwards
 * the kernel is well, the sums are right, and the connection beside is unharmed.
 *
 * HSTP_FUZZ_SEED repeats a run, HSTP_FUZZ_ROUNDS makes it longer.
 */
#include <arpa/inet.h>

#include "kselftest_harness.h"

#include "beside.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 900

#define ROUNDS 3000
#define PORT 80
#define PEER 4000
#define SYNC_EVERY 64		/* segments, so that no queue on the way overflows */
#define SEGMENT_MAX 1400	/* bytes */

static uint64_t random_state;

/* xorshift64*: small, and the same everywhere for the same seed */
static uint32_t random32(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1dULL) >> 32);
}

static uint32_t below(uint32_t limit)
{
	return random32() % limit;
}

static long setting(const char *name, long standard)
{
	const char *text = getenv(name);

	return text ? strtol(text, NULL, 0) : standard;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

struct target {
	struct end us, it;
	int fd;
};

/* Numbers near those that matter to the connection, as often as any others. */
static uint32_t number_near(uint32_t number)
{
	static const int32_t near[] = { -70000, -65536, -1000, -2, -1, 0, 0, 0, 1, 2, 1000, 65534,
					65535, 65536, 70000 };

	if (!below(8))
		return random32();
	return number + (uint32_t)near[below(sizeof(near) / sizeof(*near))];
}

/* A segment that could be valid; the numbers are the target's real ones. */
static int make(uint8_t *bytes, const struct target *t)
{
	uint32_t ack = 301 + (t->it.known ? t->it.shift : 0);
	int words = 5 + (below(3) ? 0 : (int)below(11));
	int text = below(2) ? 0 : (int)below(200);

	for (int i = 0; i < words * 4 + text; i++)
		bytes[i] = (uint8_t)random32();
	put16(bytes, t->us.port);
	put16(bytes + 2, t->it.port);
	put32(bytes + 4, number_near(101));
	put32(bytes + 8, number_near(ack));
	bytes[12] = (uint8_t)(words << 4);
	/* RST would end most of it early: seldom. */
	bytes[13] = (uint8_t)(random32() & (below(32) ? ~(uint32_t)RST : 0xff) & 0x3f);
	put16(bytes + 14, below(4) ? 65535 : below(3));
	return words * 4 + text;
}

/* Everything but the ports: who is beside stays out of it. */
static int mutate(uint8_t *bytes, int len)
{
	for (uint32_t n = below(4); n; n--) {
		switch (below(4)) {
		case 0:
			bytes[4 + below((uint32_t)len - 4)] ^= (uint8_t)(1 << below(8));
			break;
		case 1:
			bytes[4 + below((uint32_t)len - 4)] = (uint8_t)random32();
			break;
		case 2:
			len = 8 + (int)below((uint32_t)len - 7);
			break;
		case 3:
			for (uint32_t more = below(200); more && len < SEGMENT_MAX; more--)
				bytes[len++] = (uint8_t)random32();
			break;
		}
		if (len < 9)
			break;
	}
	return len;
}

static uint32_t add(uint32_t sum, const uint8_t *bytes, int len)
{
	for (int i = 0; i < len; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static void make_checksum(const struct target *t, uint8_t *bytes, int len)
{
	uint32_t sum = (uint32_t)(proto + len);

	if (len < 18)
		return;
	put16(bytes + 16, 0);
	sum = add(sum, (const uint8_t *)&t->us.addr, 4);
	sum = add(sum, (const uint8_t *)&t->it.addr, 4);
	sum = add(sum, bytes, len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(bytes + 16, ~sum & 0xffff);
}

static void fuzz(const struct target *t)
{
	uint8_t bytes[SEGMENT_MAX];
	int len = mutate(bytes, make(bytes, t));

	/* Most with a good checksum, or nothing else would be tested. */
	if (below(16))
		make_checksum(t, bytes, len);
	wire_raw(NS_A, t->us.addr, t->it.addr, proto, bytes, len);
}

static void ends(struct target *t, int number)
{
	wire_ends(&t->us, NS_T, (uint16_t)(PEER + number), &t->it, NS_A, PORT);
}

/* What came of it is read and thrown away; an idle socket's buffers are too. */
static void drain(struct target *t)
{
	char text[4096];

	wire_sync(NS_A);
	while (wire_next(&t->it, 0))
		;
	if (t->fd < 0)
		return;
	while (recv(t->fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
}

/* Segments that came in, those included in which no header was found. */
static long counted(void)
{
	static const char *const keys[] = {
		"segments in", "drop short", "drop offset_low", "drop offset_high", "drop checksum",
		"drop option",
	};
	long sum = 0;

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		sum += stat_now(NS_A, keys[i]);
	return sum;
}

FIXTURE(fuzz)
{
	struct beside beside;
	struct end us, it;
	int listener;
	long rounds, sent;
};

FIXTURE_SETUP(fuzz)
{
	uint64_t seed = (uint64_t)setting("HSTP_FUZZ_SEED", 253);

	random_state = seed * 0x9e3779b97f4a7c15ULL + 1;
	self->rounds = setting("HSTP_FUZZ_ROUNDS", ROUNDS);
	net_peer();
	/* No challenge ACK is withheld, TIME-WAIT is short, and no SYN comes twice. */
	net_hstp(NS_A, "rto_initial_ms", 10000);
	net_hstp(NS_A, "challenge_ack_limit", 1000000);
	net_hstp(NS_A, "msl_ms", 10);
	beside_open(&self->beside);
	wire_ends(&self->us, NS_T, PEER, &self->it, NS_A, PORT);
	self->listener = fd_listen(&self->it, 64);
	fd_block(self->listener, false);
	stats_mark(NS_A);
}

FIXTURE_TEARDOWN(fuzz)
{
	wire_sync(NS_A);
	beside_works(&self->beside);
	/* None got lost on the way, none was overlooked. */
	NEED(counted() >= self->sent);
	fd_close(self->listener);
	stats_sums(NS_A);
}

/* In LISTEN, and in the SYN-RECEIVED that comes of it. */
TEST_F(fuzz, listener)
{
	struct target t = { .fd = -1 };

	for (; self->sent < self->rounds; self->sent++) {
		ends(&t, (int)(self->sent / SYNC_EVERY) % 500);
		fuzz(&t);
		if (self->sent % SYNC_EVERY)
			continue;
		drain(&t);
		while ((t.fd = accept4(self->listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
			close(t.fd);
	}
}

/* A connection gets them until it dies, then another one. */
static long fuzz_connection(long rounds, const char *state)
{
	struct target t = { .fd = -1 };
	int number = 1000;
	long sent;

	for (sent = 0; sent < rounds; sent++) {
		if (t.fd < 0) {
			ends(&t, number++);
			/* Not the listener's port: no SYN opens it again. */
			t.it.port = PORT + 1;
			t.fd = wire_to_state(&t.us, &t.it, state);
		}
		fuzz(&t);
		if (sent % SYNC_EVERY)
			continue;
		drain(&t);
		if (strcmp(state_of(&t.it), "CLOSED"))
			continue;
		fd_close(t.fd);
		t.fd = -1;
	}
	return sent;
}

TEST_F(fuzz, established)
{
	self->sent = fuzz_connection(self->rounds, "ESTABLISHED");
}

TEST_F(fuzz, syn_sent)
{
	self->sent = fuzz_connection(self->rounds, "SYN-SENT");
}

TEST_F(fuzz, fin_wait_2)
{
	self->sent = fuzz_connection(self->rounds, "FIN-WAIT-2");
}

TEST_F(fuzz, close_wait)
{
	self->sent = fuzz_connection(self->rounds, "CLOSE-WAIT");
}

TEST_HARNESS_MAIN
