// SPDX-License-Identifier: GPL-2.0
/* Which segments a fault is for: direction, ends, flags, text, state of the connection, and
 * then the n-th, every n-th, so many, or some by chance. Those that it is for are marked by
 * their window, as the tester sees on the wire, or lost on their way in.
 */
#include "fault.h"

/* The stack sends a byte; is it marked? The tester acknowledges it. */
static bool sends_marked(struct end *us, struct end *it, int fd, uint32_t *nxt)
{
	struct seen *seen;

	fd_send(fd, "x");
	seen = wire_expect(it, PSH | ACK, *nxt, 101, "x");
	wire_send(us, ACK, 101, ++*nxt);
	NEED(seen->sum_good);
	return seen->wnd == MARK;
}

/* What leaves is not what arrives. */
TEST_F(fault, direction)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t out, in, both;

	fault_open(us, it, &self->fd);
	out = fault_add(self->nl, .way = OUT, MARKS);
	fd_send(self->fd, "hello");
	wire_expect(it, PSH | ACK, 301, 101, "hello", .wnd = MARK);
	wire_send(us, ACK, 101, 306);
	wire_silence(it);
	fault_did(self->nl, out, 1, 1);
	SAME(fault_del(self->nl, out), 0);

	in = fault_add(self->nl, .way = IN, .action = DROP);
	wire_send(us, PSH | ACK, 101, 306, "lost");
	wire_silence(it);
	fd_empty(self->fd);
	fault_did(self->nl, in, 1, 1);
	fd_send(self->fd, "world");
	wire_expect(it, PSH | ACK, 306, 101, "world");
	wire_silence(it);
	fault_did(self->nl, in, 1, 1);
	SAME(fault_del(self->nl, in), 0);

	both = fault_add(self->nl, .action = DROP);
	wire_send(us, PSH | ACK, 101, 311, "lost");
	wire_silence(it);
	fault_did(self->nl, both, 1, 1);
	fd_send(self->fd, "x");
	wire_silence(it);
	fault_did(self->nl, both, 2, 2);
	STATS_NONE(NS_A);
}

/* Addresses with their prefixes, and ports: the own ones and the peer's. */
TEST_F(fault, ends)
{
	static const struct {
		struct fault fault;
		bool matches;
	} cases[] = {
		{ { .lport = PORT_IT }, true }, { { .lport = PORT_US }, false },
		{ { .fport = PORT_US }, true }, { { .fport = PORT_IT }, false },
		{ { .local = ADDR_A }, true }, { { .local = ADDR_T }, false },
		{ { .remote = ADDR_T }, true }, { { .remote = ADDR_A }, false },
		{ { .local = "10.0.0.255", .local_bits = 24 }, true },
		{ { .local = "10.0.1.1", .local_bits = 24 }, false },
		{ { .local = "10.0.1.1", .local_bits = 23 }, true },
		{ { .local = "192.0.2.1", .local_bits = -1 }, true },
		{ { .remote = "10.0.0.8", .remote_bits = 31 }, true },
		{ { .remote = "10.0.0.10", .remote_bits = 31 }, false },
		{ { .remote = "10.0.0.8", .remote_bits = 32 }, false },
		{ { .remote = ADDR_T, .local = ADDR_A, .lport = PORT_IT, .fport = PORT_US }, true },
		{ { .remote = ADDR_T, .local = ADDR_A, .lport = PORT_IT, .fport = 1 }, false },
	};
	uint32_t nxt = 301;

	fault_open(&self->us, &self->it, &self->fd);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct fault f = cases[i].fault, marks = { MARKS };
		uint32_t id;

		f.way = OUT;
		f.action = marks.action;
		f.field = marks.field;
		f.value = marks.value;
		id = fault_add_at(__LINE__, self->nl, &f);
		if (sends_marked(&self->us, &self->it, self->fd, &nxt) != cases[i].matches)
			die(__FILE__, __LINE__, "case %zu", i);
		fault_did(self->nl, id, cases[i].matches, cases[i].matches);
		SAME(fault_del(self->nl, id), 0);
	}
}

/* An arriving segment's own end is where it goes to. */
TEST_F(fault, ends_of_arriving)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id;

	fault_open(us, it, &self->fd);
	fault_add(self->nl, .way = IN, .lport = PORT_US, .action = DROP);
	fault_add(self->nl, .way = IN, .fport = PORT_IT, .action = DROP);
	fault_add(self->nl, .way = IN, .local = ADDR_T, .action = DROP);
	id = fault_add(self->nl, .way = IN, .lport = PORT_IT, .fport = PORT_US, .local = ADDR_A,
		       .remote = ADDR_T, .count = 1, .action = DROP);
	wire_send(us, PSH | ACK, 101, 301, "a");
	wire_silence(it);
	wire_send(us, PSH | ACK, 101, 301, "b");
	fd_recv(self->fd, "b");
	fault_did(self->nl, id, 2, 1);
}

/* All that are set are on, all that are clear are off. */
TEST_F(fault, flags)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t syn, syn_ack, fin, other, listener;

	syn = fault_add(self->nl, .way = IN, .set = SYN, .clear = ACK, .count = 1,
			.action = DROP);
	syn_ack = fault_add(self->nl, .way = OUT, .set = SYN | ACK, .count = 1, MARKS);
	fin = fault_add(self->nl, .way = OUT, .set = FIN, .clear = RST, MARKS);
	other = fault_add(self->nl, .way = OUT, .clear = FIN | SYN | PSH, MARKS);
	listener = (uint32_t)fd_listen(it, 1);
	wire_send(us, SYN, 100);
	wire_silence(it);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101, .wnd = MARK);
	wire_send(us, ACK, 101, 301);
	self->fd = fd_accept((int)listener);
	fd_send(self->fd, "x");
	NEED(wire_expect(it, PSH | ACK, 301, 101, "x")->wnd != MARK);
	/* Out of order: an ACK at once, which is not delayed. */
	wire_send(us, ACK, 102, 302, "y");
	wire_expect(it, ACK, 302, 101, .wnd = MARK);
	fd_shut(self->fd, SHUT_WR);
	wire_expect(it, FIN | ACK, 302, 101, .wnd = MARK);
	fault_did(self->nl, syn, 2, 1);
	fault_did(self->nl, syn_ack, 1, 1);
	fault_did(self->nl, fin, 1, 1);
	fault_did(self->nl, other, 1, 1);
}

TEST_F(fault, text)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t with, without, nxt = 301;

	fault_open(us, it, &self->fd);
	with = fault_add(self->nl, .way = OUT, .text = TEXT, MARKS);
	ASSERT_TRUE(sends_marked(us, it, self->fd, &nxt));
	wire_send(us, ACK, 102, 302, "y");
	NEED(wire_expect(it, ACK, 302, 101)->wnd != MARK);
	fault_did(self->nl, with, 1, 1);
	SAME(fault_del(self->nl, with), 0);

	without = fault_add(self->nl, .way = OUT, .text = NO_TEXT, MARKS);
	ASSERT_FALSE(sends_marked(us, it, self->fd, &nxt));
	wire_send(us, ACK, 102, 303, "y");
	wire_expect(it, ACK, 303, 101, .wnd = MARK);
	fault_did(self->nl, without, 1, 1);
}

static const char *const states[] = {
	"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
	"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT",
};

#define STATE_COUNT	(sizeof(states) / sizeof(*states))
#define ALL		((1 << STATE_COUNT) - 1)

/* What arrives meets the rule for the state that it finds, and no other. It is lost, and
 * the state stays.
 */
TEST_F(fault, state_of_arriving)
{
	static struct end ends[STATE_COUNT][2];

	for (size_t i = 0; i < STATE_COUNT; i++) {
		struct end *us = &ends[i][0], *it = &ends[i][1];
		uint32_t other, this;

		wire_ends(us, NS_T, (uint16_t)(5000 + i), it, NS_A, (uint16_t)(100 + i));
		if (i == 1)
			fd_listen(it, 1);
		else if (i > 1)
			wire_to_state(us, it, states[i]);
		other = fault_add(self->nl, .way = IN, .states = (uint16_t)(ALL & ~(1 << i)),
				  .action = DROP);
		this = fault_add(self->nl, .way = IN, .states = (uint16_t)(1 << i),
				 .action = DROP);
		stats_mark(NS_A);
		wire_send(us, RST | ACK, i == 2 ? 0 : 101, 301);
		wire_silence(it);
		STATS_NONE(NS_A);
		if (i > 1)
			state_is(it, states[i]);
		fault_did(self->nl, other, 0, 0);
		fault_did(self->nl, this, 1, 1);
		SAME(fault_flush(self->nl), 0);
	}
}

/* What leaves has the state of its connection after what made it leave. RFC 9293 section
 * 3.10: OPEN and the SYN; a SYN and its SYN,ACK; the ACK that opens; CLOSE and the FIN in
 * both directions; the ACKs of the other's FIN; resets for nobody and by a listener.
 */
TEST_F(fault, state_of_leaving)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t ids[STATE_COUNT];
	static const uint64_t counts[STATE_COUNT] = {
		1, 1, 1, 1, 2, 1, 1, 1, 0, 1, 1,
	};
	int listener, fd;

	for (size_t i = 0; i < STATE_COUNT; i++)
		ids[i] = fault_add(self->nl, .way = OUT, .states = (uint16_t)(1 << i), MARKS);
	wire_send(us, ACK, 100, 700);
	wire_expect(it, RST, 700, .wnd = MARK, .raw = true);		/* CLOSED */

	listener = fd_listen(it, 1);
	wire_send(us, ACK, 100, 800);
	wire_expect(it, RST, 800, .wnd = MARK, .raw = true);		/* LISTEN */
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101, .wnd = MARK);		/* SYN-RECEIVED */
	wire_send(us, ACK, 101, 301);
	fd = fd_accept(listener);
	fd_send(fd, "x");
	wire_expect(it, PSH | ACK, 301, 101, "x", .wnd = MARK);		/* ESTABLISHED */
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102, .wnd = MARK);			/* CLOSE-WAIT */
	fd_shut(fd, SHUT_WR);
	wire_expect(it, FIN | ACK, 302, 102, .wnd = MARK);		/* LAST-ACK */
	wire_send(us, ACK, 102, 303);
	state_wait(it, "LISTEN");

	wire_ends(us, NS_T, 4001, it, NS_A, 81);
	fd = fd_start(it);
	wire_expect(it, SYN, 300, .wnd = MARK);				/* SYN-SENT */
	wire_send(us, SYN | ACK, 100, 301);
	wire_expect(it, ACK, 301, 101, .wnd = MARK);			/* ESTABLISHED */
	SAME(fd_connected(fd), 0);
	fd_shut(fd, SHUT_WR);
	wire_expect(it, FIN | ACK, 301, 101, .wnd = MARK);		/* FIN-WAIT-1 */
	wire_send(us, ACK, 101, 302);
	state_is(it, "FIN-WAIT-2");
	wire_send(us, ACK, 102, 302, "y");
	wire_expect(it, ACK, 302, 101, .wnd = MARK);			/* FIN-WAIT-2 */
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102, .wnd = MARK);			/* TIME-WAIT */
	state_is(it, "TIME-WAIT");
	for (size_t i = 0; i < STATE_COUNT; i++)
		fault_did(self->nl, ids[i], counts[i], counts[i]);
}

/* The FIN crosses ours: its ACK leaves in CLOSING. */
TEST_F(fault, state_closing)
{
	uint32_t id = fault_add(self->nl, .way = OUT, .states = 1 << HSTP_NL_STATE_CLOSING, MARKS);

	wire_to_state(&self->us, &self->it, "CLOSING");
	fault_did(self->nl, id, 1, 1);
}

/* A connection's reset: ABORT enters CLOSED (RFC 9293 section 3.10.5). */
TEST_F(fault, state_of_abort)
{
	uint32_t id;

	fault_open(&self->us, &self->it, &self->fd);
	id = fault_add(self->nl, .way = OUT, .states = 1 << HSTP_NL_STATE_CLOSED, MARKS);
	fd_linger(self->fd, 1, 0);
	fd_close(self->fd);
	wire_expect(&self->it, RST, 301, .wnd = MARK);
	fault_did(self->nl, id, 1, 1);
}

#define SENDS 12

/* Which of 12 segments are marked, as a set; bit 1 is the first. */
static unsigned int turns(struct end *us, struct end *it, int fd, uint32_t *nxt)
{
	unsigned int set = 0;

	for (int i = 1; i <= SENDS; i++)
		if (sends_marked(us, it, fd, nxt))
			set |= 1U << i;
	return set;
}

TEST_F(fault, turn)
{
	static const struct {
		uint32_t nth, every, count;
		unsigned int set;
	} cases[] = {
		{ 0, 0, 0, 0x1ffe },
		{ 1, 0, 0, 1 << 1 },
		{ 3, 0, 0, 1 << 3 },
		{ 13, 0, 0, 0 },
		{ 0, 1, 0, 0x1ffe },
		{ 0, 3, 0, 1 << 1 | 1 << 4 | 1 << 7 | 1 << 10 },
		{ 2, 4, 0, 1 << 2 | 1 << 6 | 1 << 10 },
		{ 0, 0, 2, 1 << 1 | 1 << 2 },
		{ 0, 3, 2, 1 << 1 | 1 << 4 },
		{ 5, 2, 3, 1 << 5 | 1 << 7 | 1 << 9 },
		{ 4, 0, 5, 1 << 4 },
	};
	uint32_t nxt = 301;

	fault_open(&self->us, &self->it, &self->fd);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		uint32_t id = fault_add(self->nl, .way = OUT, .text = TEXT, .nth = cases[i].nth,
					.every = cases[i].every, .count = cases[i].count, MARKS);

		if (turns(&self->us, &self->it, self->fd, &nxt) != cases[i].set)
			die(__FILE__, __LINE__, "case %zu", i);
		fault_did(self->nl, id, SENDS, __builtin_popcount(cases[i].set));
		SAME(fault_del(self->nl, id), 0);
	}
}

/* The n-th number of a seed: Steele, Lea and Flood's SplitMix64, as published. */
static uint64_t draw(uint64_t *x)
{
	uint64_t z = (*x += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static unsigned int drawn(uint64_t seed, uint32_t millionths)
{
	unsigned int set = 0;

	for (int i = 1; i <= SENDS; i++)
		if ((double)draw(&seed) / 18446744073709551616.0 * 1e6 < millionths)
			set |= 1U << i;
	return set;
}

/* The same seed, the same segments: those that the generator says. */
TEST_F(fault, seed)
{
	static const struct {
		uint64_t seed;
		uint32_t millionths;
	} cases[] = {
		{ 1, 500000 }, { 1, 500000 }, { 2, 500000 }, { 0xffffffffffffffff, 300000 },
		{ 7, 1 }, { 7, 1000000 },
	};
	uint32_t nxt = 301;

	SAME(drawn(7, 1), 0);
	SAME(drawn(7, 1000000), 0x1ffe);
	ASSERT_NE(drawn(1, 500000), drawn(2, 500000));
	fault_open(&self->us, &self->it, &self->fd);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		unsigned int set = drawn(cases[i].seed, cases[i].millionths);
		uint32_t id = fault_add(self->nl, .way = OUT, .text = TEXT, .seed = cases[i].seed,
					.probability = cases[i].millionths, MARKS);

		if (turns(&self->us, &self->it, self->fd, &nxt) != set)
			die(__FILE__, __LINE__, "case %zu: not %x", i, set);
		fault_did(self->nl, id, SENDS, __builtin_popcount(set));
		SAME(fault_del(self->nl, id), 0);
	}
}

/* Rules are asked in their order. A change lets the next one see what has become of the
 * segment; a loss is the end.
 */
TEST_F(fault, order)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t change, see, lose, late, nxt = 301;

	fault_open(us, it, &self->fd);
	change = fault_add(self->nl, .way = OUT, .text = TEXT, .action = CHANGE,
			   .field = HSTP_NL_FIELD_FLAGS, .how = HSTP_NL_HOW_CLEAR, .value = PSH);
	see = fault_add(self->nl, .way = OUT, .set = PSH, .action = DROP);
	lose = fault_add(self->nl, .way = OUT, .clear = PSH, .nth = 2, .action = DROP);
	late = fault_add(self->nl, .way = OUT, MARKS);
	fd_send(self->fd, "x");
	wire_expect(it, ACK, nxt, 101, "x", .wnd = MARK);
	fd_send(self->fd, "y");
	wire_silence(it);
	fd_send(self->fd, "z");
	wire_expect(it, ACK, nxt + 2, 101, "z", .wnd = MARK);
	fault_did(self->nl, change, 3, 3);
	fault_did(self->nl, see, 0, 0);
	fault_did(self->nl, lose, 3, 1);
	fault_did(self->nl, late, 2, 2);
}

TEST_HARNESS_MAIN
