// SPDX-License-Identifier: GPL-2.0
/* What faults do to segments, as the wire, the socket and the counters show it. */
#include "fault.h"

/* Lost on the way out: sent as the stack sees it, and nobody gets it. RFC 9293 section 3.8.1:
 * it is sent again.
 */
TEST_F(fault, drop_leaving)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = OUT, .text = TEXT, .nth = 1, .action = DROP);
	fd_send(self->fd, "a");
	wire_silence(it);
	stat_grew(NS_A, "segments out", 1);
	fd_send(self->fd, "b");
	wire_expect(it, PSH | ACK, 302, 101, "b");
	fault_did(self->nl, id, 2, 1);
	stat_grew(NS_A, "segments out", 2);
	STATS_NONE(NS_A);
}

TEST_F(fault, drop_and_send_again)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id;

	/* Once, and not again before it is acknowledged */
	net_hstp(NS_A, "rto_min_ms", 1500);
	self->fd = wire_open_active(us, it);
	stats_mark(NS_A);
	id = fault_add(self->nl, .way = OUT, .nth = 1, .action = DROP);
	fd_send(self->fd, "again");
	wire_expect(it, PSH | ACK, 301, 101, "again");
	wire_send(us, ACK, 101, 306);
	fault_did(self->nl, id, 2, 1);
	STATS(NS_A, "retransmit 1");
}

/* Lost on the way in: it never came. */
TEST_F(fault, drop_arriving)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = IN, .set = FIN, .count = 1, .action = DROP);
	wire_send(us, FIN | ACK, 101, 301);
	wire_silence(it);
	state_is(it, "ESTABLISHED");
	stat_grew(NS_A, "segments in", 0);
	wire_send(us, FIN | ACK, 101, 301);
	wire_expect(it, ACK, 301, 102);
	state_is(it, "CLOSE-WAIT");
	fault_did(self->nl, id, 2, 1);
}

TEST_F(fault, duplicate_leaving)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = OUT, .copies = 3, .action = DUPLICATE);
	fd_send(self->fd, "twins");
	for (int i = 0; i < 4; i++)
		NEED(wire_expect(it, PSH | ACK, 301, 101, "twins")->sum_good);
	wire_silence(it);
	fault_did(self->nl, id, 1, 1);
	stat_grew(NS_A, "segments out", 1);
	STATS_NONE(NS_A);
}

/* RFC 9293 section 3.10.7.4, first: the second is not acceptable and is answered with an ACK. */
TEST_F(fault, duplicate_arriving)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = IN, .set = FIN, .action = DUPLICATE);
	wire_send(us, FIN | ACK, 101, 301);
	wire_expect(it, ACK, 301, 102);
	wire_expect(it, ACK, 301, 102);
	wire_silence(it);
	state_is(it, "CLOSE-WAIT");
	fault_did(self->nl, id, 1, 1);
	stat_grew(NS_A, "segments in", 2);
	fd_eof(self->fd);
}

/* Text that is not copied with the header lies in pages that the copies share. */
TEST_F(fault, duplicate_large)
{
	struct end *us = &self->us, *it = &self->it;
	char text[501];

	memset(text, 'x', 500);
	text[500] = '\0';
	fault_open(us, it, &self->fd);
	fault_add(self->nl, .way = OUT, .copies = 2, .action = DUPLICATE);
	fd_send(self->fd, text);
	for (int i = 0; i < 3; i++)
		NEED(wire_expect(it, PSH | ACK, 301, 101, text)->sum_good);
	wire_silence(it);
}

TEST_F(fault, delay_leaving)
{
	struct end *us = &self->us, *it = &self->it;
	struct held_list *held;
	uint64_t start;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = OUT, .nth = 1, .delay = 3000, .action = DELAY);
	start = now_ms();
	fd_send(self->fd, "late");
	fd_send(self->fd, "r");
	wire_expect(it, PSH | ACK, 305, 101, "r");
	held = held_all(self->nl);
	SAME(held->count, 1);
	SAME(held->at[0].why, HSTP_NL_HELD_WHY_DELAY);
	SAME(held->at[0].rule, id);
	NEED(held->at[0].has_due && held->at[0].due_in <= 3000);
	SAME(held->at[0].length, 4);
	SAME(fault_counts(self->nl, id).held, 1);
	wire_expect(it, PSH | ACK, 301, 101, "late");
	NEED(now_ms() - start >= 3000);
	SAME(held_count(self->nl), 0);
	SAME(fault_counts(self->nl, id).held, 0);
	fault_did(self->nl, id, 2, 1);
}

/* Those with the same delay stay in their order; the shorter one overtakes. */
TEST_F(fault, delay_order)
{
	struct end *us = &self->us, *it = &self->it;

	fault_open(us, it, &self->fd);
	fault_add(self->nl, .way = OUT, .nth = 1, .delay = 4000, .action = DELAY);
	fault_add(self->nl, .way = OUT, .delay = 2500, .action = DELAY);
	fd_send(self->fd, "a");
	fd_send(self->fd, "b");
	fd_send(self->fd, "c");
	SAME(held_count(self->nl), 3);
	wire_expect(it, PSH | ACK, 302, 101, "b");
	wire_expect(it, PSH | ACK, 303, 101, "c");
	wire_expect(it, PSH | ACK, 301, 101, "a");
	wire_silence(it);
}

TEST_F(fault, delay_arriving)
{
	struct end *us = &self->us, *it = &self->it;
	uint64_t start;

	fault_open(us, it, &self->fd);
	fault_add(self->nl, .way = IN, .text = TEXT, .delay = 2500, .action = DELAY);
	start = now_ms();
	wire_send(us, PSH | ACK, 101, 301, "late");
	NEED(!(fd_events(self->fd, POLLIN, 200) & POLLIN));
	SAME(held_count(self->nl), 1);
	fd_recv(self->fd, "late");
	NEED(now_ms() - start >= 2500);
	stat_grew(NS_A, "segments in", 1);
}

TEST_F(fault, hold_leaving)
{
	struct end *us = &self->us, *it = &self->it;
	struct held_list *held;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = OUT, .text = TEXT, .action = HOLD);
	fd_send(self->fd, "a");
	fd_send(self->fd, "b");
	fd_shut(self->fd, SHUT_WR);
	wire_expect(it, FIN | ACK, 303, 101);
	wire_silence(it);
	held = held_all(self->nl);
	SAME(held->count, 2);
	for (int i = 0; i < 2; i++) {
		SAME(held->at[i].why, HSTP_NL_HELD_WHY_HOLD);
		SAME(held->at[i].rule, id);
		SAME(held->at[i].out, 1);
		SAME(held->at[i].flags, PSH | ACK);
		SAME(held->at[i].seq - it->shift, 301 + i);
		SAME(held->at[i].ack, 101);
		SAME(held->at[i].length, 1);
		SAME(held->at[i].lport, PORT_IT);
		SAME(held->at[i].fport, PORT_US);
		NEED(!held->at[i].has_due);
	}
	SAME(held_release(self->nl, .id = held->at[1].id), 1);
	wire_expect(it, PSH | ACK, 302, 101, "b");
	SAME(held_release(self->nl, .rule = id + 1), 0);
	SAME(held_release(self->nl, .rule = id), 1);
	wire_expect(it, PSH | ACK, 301, 101, "a");
	wire_silence(it);
	fault_did(self->nl, id, 2, 2);
}

/* A SYN,ACK that is held keeps both ends where they are. */
TEST_F(fault, hold_arriving)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id = fault_add(self->nl, .way = IN, .set = SYN | ACK, .action = HOLD);
	int fd = fd_start(it);

	wire_expect(it, SYN, 300);
	wire_send(us, SYN | ACK, 100, 301);
	wire_silence(it);
	state_is(it, "SYN-SENT");
	SAME(held_all(self->nl)->count, 1);
	SAME(held_all(self->nl)->at[0].out, 0);
	SAME(held_release(self->nl), 1);
	wire_expect(it, ACK, 301, 101);
	SAME(fd_connected(fd), 0);
	fault_did(self->nl, id, 1, 1);
}

/* When a rule goes, what it holds goes on, in its order. */
TEST_F(fault, removal_releases)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t hold, delay, keep;

	fault_open(us, it, &self->fd);
	keep = fault_add(self->nl, .way = OUT, .nth = 1, .action = HOLD);
	hold = fault_add(self->nl, .way = OUT, .count = 2, .action = HOLD);
	delay = fault_add(self->nl, .way = OUT, .nth = 1, .delay = 600000, .action = DELAY);
	for (int i = 0; i < 4; i++)
		fd_send(self->fd, "x");
	wire_silence(it);
	SAME(held_count(self->nl), 4);
	SAME(fault_del(self->nl, hold), 0);
	wire_expect(it, PSH | ACK, 302, 101, "x");
	wire_expect(it, PSH | ACK, 303, 101, "x");
	SAME(fault_del(self->nl, delay), 0);
	wire_expect(it, PSH | ACK, 304, 101, "x");
	wire_silence(it);
	SAME(fault_counts(self->nl, keep).held, 1);
	SAME(fault_flush(self->nl), 0);
	wire_expect(it, PSH | ACK, 301, 101, "x");
	SAME(held_count(self->nl), 0);
}

/* Behind the next one of the same connection and direction, not behind another's. */
TEST_F(fault, reorder_leaving)
{
	struct end *us = &self->us, *it = &self->it, other_us, other_it;
	int other;
	uint32_t id;

	fault_open(us, it, &self->fd);
	wire_ends(&other_us, NS_T, 4001, &other_it, NS_A, 81);
	fault_open(&other_us, &other_it, &other);
	id = fault_add(self->nl, .way = OUT, .lport = PORT_IT, .nth = 1, .action = REORDER);
	fd_send(self->fd, "a");
	fd_send(other, "o");
	wire_expect(&other_it, PSH | ACK, 301, 101, "o");
	wire_send(us, ACK, 101, 301);
	wire_silence(it);
	SAME(held_all(self->nl)->at[0].why, HSTP_NL_HELD_WHY_REORDER);
	SAME(held_release(self->nl), 0);
	fd_send(self->fd, "b");
	wire_expect(it, PSH | ACK, 302, 101, "b");
	wire_expect(it, PSH | ACK, 301, 101, "a");
	fd_send(self->fd, "c");
	wire_expect(it, PSH | ACK, 303, 101, "c");
	fault_did(self->nl, id, 3, 1);
	SAME(held_count(self->nl), 0);
}

/* With each one matching they change places in pairs. */
TEST_F(fault, reorder_each)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = OUT, .action = REORDER);
	for (int i = 0; i < 5; i++)
		fd_send(self->fd, "x");
	wire_expect(it, PSH | ACK, 302, 101, "x");
	wire_expect(it, PSH | ACK, 301, 101, "x");
	wire_expect(it, PSH | ACK, 304, 101, "x");
	wire_expect(it, PSH | ACK, 303, 101, "x");
	wire_silence(it);
	fault_did(self->nl, id, 5, 3);
	SAME(held_release(self->nl, .id = held_all(self->nl)->at[0].id), 1);
	wire_expect(it, PSH | ACK, 305, 101, "x");
}

/* When the next one is held itself, behind it as soon as it goes on: by release, by removal of
 * its rule, when its time has come. If it is lost, behind the one after it.
 */
TEST_F(fault, reorder_behind_held)
{
	struct end *us = &self->us, *it = &self->it;
	enum { RELEASE, REMOVE, LOSE, WAIT_FOR, WAYS };
	uint32_t seq = 301;

	fault_open(us, it, &self->fd);
	for (int way = 0; way < WAYS; way++, seq += 2) {
		uint32_t ids[2];

		ids[0] = fault_add(self->nl, .way = OUT, .nth = 1, .action = REORDER);
		/* It is not asked for the one that waits. */
		ids[1] = fault_add(self->nl, .way = OUT, .nth = 1,
				   .action = way == WAIT_FOR ? DELAY : HOLD,
				   .delay = way == WAIT_FOR ? 300 : 0);
		fd_send(self->fd, "a");
		fd_send(self->fd, "b");
		if (way != WAIT_FOR) {
			SAME(held_count(self->nl), 2);
			wire_silence(it);
		}
		if (way == RELEASE)
			SAME(held_release(self->nl, .rule = ids[1]), 1);
		else if (way == REMOVE)
			SAME(fault_del(self->nl, ids[1]), 0);
		if (way == LOSE) {
			SAME(held_release(self->nl, .rule = ids[1], .drop = true), 1);
			SAME(held_count(self->nl), 1);
			fd_send(self->fd, "c");
			wire_expect(it, PSH | ACK, seq + 2, 101, "c");
			wire_expect(it, PSH | ACK, seq, 101, "a");
			seq++;
		} else {
			wire_expect(it, PSH | ACK, seq + 1, 101, "b");
			wire_expect(it, PSH | ACK, seq, 101, "a");
		}
		SAME(held_count(self->nl), 0);
		SAME(step_get(self->nl, HSTP_A_STEP_HELD_BYTES), 0);
		SAME(fault_counts(self->nl, ids[0]).held, 0);
		SAME(fault_flush(self->nl), 0);
	}
}

/* What was held before it is not its next one, even if it goes on later. */
TEST_F(fault, reorder_not_behind_earlier)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = OUT, .nth = 1, .action = HOLD);
	fault_add(self->nl, .way = OUT, .nth = 1, .action = REORDER);
	fd_send(self->fd, "a");
	fd_send(self->fd, "b");
	SAME(held_count(self->nl), 2);
	SAME(held_release(self->nl, .rule = id), 1);
	wire_expect(it, PSH | ACK, 301, 101, "a");
	wire_silence(it);
	fd_send(self->fd, "c");
	wire_expect(it, PSH | ACK, 303, 101, "c");
	wire_expect(it, PSH | ACK, 302, 101, "b");
	SAME(held_count(self->nl), 0);
}

/* The same of segments that arrive: the first waits for one that is delayed. */
TEST_F(fault, reorder_behind_delayed_arriving)
{
	struct end *us = &self->us, *it = &self->it;

	fault_open(us, it, &self->fd);
	fault_add(self->nl, .way = IN, .count = 1, .action = REORDER);
	fault_add(self->nl, .way = IN, .delay = 300, .action = DELAY);
	wire_send(us, PSH | ACK, 101, 301, "first ");
	wire_send(us, PSH | ACK, 107, 301, "second");
	wire_expect(it, ACK, 301, 101);		/* out of order: at once */
	wire_expect(it, ACK, 301, 113);
	fd_recv(self->fd, "first second");
	SAME(held_count(self->nl), 0);
}

/* Text behind a gap is kept, and delivered when the gap is filled (SHLD-31). */
TEST_F(fault, reorder_arriving)
{
	struct end *us = &self->us, *it = &self->it;

	fault_open(us, it, &self->fd);
	fault_add(self->nl, .way = IN, .nth = 1, .action = REORDER);
	wire_send(us, PSH | ACK, 101, 301, "first ");
	wire_silence(it);
	wire_send(us, PSH | ACK, 107, 301, "second");
	wire_expect(it, ACK, 301, 101);		/* out of order: at once */
	fd_recv(self->fd, "first second");
}

struct change {
	int field, how;
	uint32_t value;
	uint32_t seq, ack;
	int wnd;		/* 0: not looked at */
	uint8_t flags;
};

/* Each field, in each way: the rest stays, and the checksum is good. */
TEST_F(fault, change_leaving)
{
	static const struct change cases[] = {
		{ HSTP_NL_FIELD_SEQ, HSTP_NL_HOW_ADD, 1000, 1301, 101, 0, PSH | ACK },
		{ HSTP_NL_FIELD_SEQ, HSTP_NL_HOW_ADD, (uint32_t)-302, 0xffffffff, 101, 0,
		  PSH | ACK },
		{ HSTP_NL_FIELD_ACK, HSTP_NL_HOW_ADD, 7, 301, 108, 0, PSH | ACK },
		{ HSTP_NL_FIELD_ACK, HSTP_NL_HOW_SET, 4000000000, 301, 4000000000, 0, PSH | ACK },
		{ HSTP_NL_FIELD_WINDOW, HSTP_NL_HOW_SET, 4321, 301, 101, 4321, PSH | ACK },
		{ HSTP_NL_FIELD_FLAGS, HSTP_NL_HOW_SET, URG | ACK, 301, 101, 0, URG | ACK },
		{ HSTP_NL_FIELD_FLAGS, HSTP_NL_HOW_ADD, FIN | CWR, 301, 101, 0,
		  FIN | PSH | ACK | CWR },
		{ HSTP_NL_FIELD_FLAGS, HSTP_NL_HOW_CLEAR, PSH | SYN, 301, 101, 0, ACK },
	};
	struct end *us = &self->us, *it = &self->it;

	fault_open(us, it, &self->fd);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct change *c = &cases[i];
		struct seen *seen;
		uint32_t id;

		id = fault_add(self->nl, .way = OUT, .action = CHANGE, .field = c->field,
			       .how = c->how, .value = c->value);
		fd_send(self->fd, "x");
		seen = wire_expect(it, c->flags, c->seq + (uint32_t)i, c->ack, "x", .wnd = c->wnd);
		NEED(seen->sum_good);
		fault_did(self->nl, id, 1, 1);
		SAME(fault_del(self->nl, id), 0);
	}
}

/* The absolute number, as the wire has it. */
TEST_F(fault, change_seq_set)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *seen;

	fault_open(us, it, &self->fd);
	fault_add(self->nl, .way = OUT, .action = CHANGE, .field = HSTP_NL_FIELD_SEQ,
		  .how = HSTP_NL_HOW_SET, .value = 0x12345678);
	fd_send(self->fd, "x");
	seen = wire_next(it, PATIENCE_MS);
	NEED(seen && seen->sum_good);
	SAME(seen->real_seq, 0x12345678);
}

/* Window arithmetic is modulo 2^16. */
TEST_F(fault, change_window_add)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *seen;
	int wnd;

	fault_open(us, it, &self->fd);
	fd_send(self->fd, "x");
	wnd = wire_expect(it, PSH | ACK, 301, 101, "x")->wnd;
	fault_add(self->nl, .way = OUT, .action = CHANGE, .field = HSTP_NL_FIELD_WINDOW,
		  .how = HSTP_NL_HOW_ADD, .value = (uint32_t)-wnd - 10);
	fd_send(self->fd, "y");
	seen = wire_expect(it, PSH | ACK, 302, 101, "y");
	NEED(seen->sum_good);
	SAME(seen->wnd, 65536 - 10);
}

static uint32_t word_at(const struct seen *seen, int at)
{
	NEED(at + 4 <= seen->optlen);
	return (uint32_t)seen->opt[at] << 24 | (uint32_t)seen->opt[at + 1] << 16 |
	       (uint32_t)seen->opt[at + 2] << 8 | seen->opt[at + 3];
}

/* The pointer is in all segments, an option only in those that have it: others are not
 * the rule's.
 */
TEST_F(fault, change_urgent_and_no_option)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id, none[5];
	struct seen *seen;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = OUT, .action = CHANGE, .field = HSTP_NL_FIELD_URGENT,
		       .how = HSTP_NL_HOW_SET, .value = 500);
	for (int i = 0; i < 5; i++)
		none[i] = fault_add(self->nl, .way = OUT, .action = CHANGE,
				    .field = HSTP_NL_FIELD_OPTION + i,
				    .how = HSTP_NL_HOW_SET, .value = 500);
	fd_send(self->fd, "x");
	seen = wire_expect(it, PSH | ACK, 301, 101, "x");
	NEED(seen->sum_good);
	SAME(seen->urg, 500);
	SAME(seen->optlen, 0);
	fault_did(self->nl, id, 1, 1);
	for (int i = 0; i < 5; i++)
		fault_did(self->nl, none[i], 0, 0);
}

/* Timestamps and blocks, RFC 7323 appendix A and RFC 2018 section 3; text behind a gap is
 * reported, the last first. The rest stays, and the checksum is good.
 */
TEST_F(fault, change_options)
{
	static const uint8_t offer[] = { 4, 2, 8, 10, 0, 0, 0, 77, 0, 0, 0, 0 };
	static const struct {
		int field, at;
		uint32_t value;
	} cases[] = {
		{ HSTP_NL_FIELD_OPTION, 0, 0x0303ff00 },
		{ HSTP_NL_FIELD_TSECR, 8, 0x12345678 },
		{ HSTP_NL_FIELD_SACK_LEFT, 16, 0x00ff00ff },
		{ HSTP_NL_FIELD_SACK_RIGHT, 20, 0xff00ff00 },
		{ HSTP_NL_FIELD_TSVAL, 4, 0xfffffffe },
	};
	struct end *us = &self->us, *it = &self->it;
	uint8_t stamp[] = { 1, 1, 8, 10, 0, 0, 0, 77, 0, 0, 0, 0 };
	int listener = fd_listen(it, 1);

	wire_send(us, SYN, 100, .opt = offer, .optlen = 12);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301, .opt = stamp, .optlen = 12);
	self->fd = fd_accept(listener);
	for (int i = 0; i < 5; i++) {
		uint32_t seq = 200 + 20 * i, blocks = i < 2 ? i + 1 : 3, id;
		uint32_t want[] = { 0x0101080a, 0, 77, 0x01010502 + 8 * blocks, seq, seq + 5 };
		struct seen *seen;

		id = fault_add(self->nl, .way = OUT, .action = CHANGE, .field = cases[i].field,
			       .how = HSTP_NL_HOW_SET, .value = cases[i].value);
		want[cases[i].at / 4] = cases[i].value;
		wire_send(us, PSH | ACK, seq, 301, "bbbbb", .opt = stamp, .optlen = 12);
		seen = wire_expect(it, ACK, 301, 101);
		NEED(seen->sum_good);
		for (int at = 0; at < 24; at += 4)
			if (at != 4 || cases[i].at == 4)
				SAME(word_at(seen, at), want[at / 4]);
		fault_did(self->nl, id, 1, 1);
		SAME(fault_del(self->nl, id), 0);
	}
}

/* A rule moves the timestamps to an odd place, the next one changes them there: the checksum is
 * still right (RFC 1071 section 2: a byte counts by which half of its word it is in).
 */
TEST_F(fault, change_odd)
{
	static const uint8_t offer[] = { 1, 1, 8, 10, 0, 0, 77, 0, 0, 0, 0, 0 };
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1);
	struct seen *seen;
	uint32_t move, id;

	wire_send(us, SYN, 100, .opt = offer, .optlen = 12);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301, .opt = offer, .optlen = 12);
	self->fd = fd_accept(listener);
	/* No-Operation, kind 8, length 10, and the first byte of the value. */
	move = fault_add(self->nl, .way = OUT, .action = CHANGE, .field = HSTP_NL_FIELD_OPTION,
			 .how = HSTP_NL_HOW_SET, .value = 0x01080a00);
	id = fault_add(self->nl, .way = OUT, .action = CHANGE, .field = HSTP_NL_FIELD_TSVAL,
		       .how = HSTP_NL_HOW_SET, .value = 0x12345678);
	wire_send(us, PSH | ACK, 102, 301, "b", .opt = offer, .optlen = 12);
	seen = wire_expect(it, ACK, 301, 101);
	SAME(word_at(seen, 0), 0x01080a12);
	SAME(word_at(seen, 4) >> 8, 0x345678);
	NEED(seen->sum_good);
	fault_did(self->nl, move, 1, 1);
	fault_did(self->nl, id, 1, 1);
}

/* RFC 9293 section 3.10.7.4, fourth, with RFC 5961: a SYN in the window gets a challenge ACK. */
TEST_F(fault, change_arriving)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = IN, .count = 1, .action = CHANGE,
		       .field = HSTP_NL_FIELD_FLAGS, .how = HSTP_NL_HOW_ADD, .value = SYN);
	wire_send(us, ACK, 101, 301);
	wire_expect(it, ACK, 301, 101);
	STATS(NS_A, "drop syn_synchronized 1", "challenge 1");
	fault_did(self->nl, id, 1, 1);
	fault_add(self->nl, .way = IN, .count = 1, .action = CHANGE,
		  .field = HSTP_NL_FIELD_SEQ, .how = HSTP_NL_HOW_ADD, .value = (uint32_t)-1);
	wire_send(us, PSH | ACK, 102, 301, "moved");
	fd_recv(self->fd, "moved");
}

TEST_F(fault, corrupt_leaving)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *seen;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = OUT, .nth = 1, .action = CORRUPT);
	fd_send(self->fd, "x");
	seen = wire_next(it, PATIENCE_MS);
	NEED(seen);
	NEED(!seen->sum_good);
	SAME(seen->flags, PSH | ACK);
	SAME(seen->seq, 301);
	fd_send(self->fd, "y");
	NEED(wire_expect(it, PSH | ACK, 302, 101, "y")->sum_good);
	fault_did(self->nl, id, 2, 1);
}

/* As one that has a wrong checksum: dropped without a word, and counted (MUST-3). */
TEST_F(fault, corrupt_arriving)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = IN, .nth = 1, .action = CORRUPT);
	wire_send(us, FIN | ACK, 101, 301);
	wire_silence(it);
	state_is(it, "ESTABLISHED");
	STATS(NS_A, "drop checksum 1");
	fault_did(self->nl, id, 1, 1);
}

/* Two stacks, and nobody between them but the rules of one. The other end sees what a bad
 * network would do.
 */
TEST(both_ends)
{
	struct end a = { .ns = NS_A, .port = 4000 }, b = { .ns = NS_B, .port = 80 };
	int listener, client, server;
	struct nl *nl;
	uint32_t id;

	net_pair();
	a.addr = inet_addr(ADDR_A);
	b.addr = inet_addr(ADDR_B);
	a.other = &b;
	b.other = &a;
	net_rto(NS_A, 500, 5000);
	nl = nl_open(NS_A);
	listener = fd_listen(&b, 1);
	id = fault_add(nl, .way = OUT, .set = SYN, .nth = 1, .action = CORRUPT);
	client = fd_start(&a);
	SAME(fd_connected(client), 0);
	server = fd_accept(listener);
	fault_did(nl, id, 2, 1);
	SAME(stat_now(NS_B, "drop checksum"), 1);
	SAME(stat_now(NS_A, "retransmit"), 1);
	SAME(stat_now(NS_B, "transition LISTEN SYN-RECEIVED syn"), 1);
	fd_nodelay(client);

	/* Text that a device would sum up arrives good when it was changed. */
	id = fault_add(nl, .way = OUT, .text = TEXT, .action = CHANGE,
		       .field = HSTP_NL_FIELD_WINDOW, .how = HSTP_NL_HOW_SET, .value = 20000);
	fd_send(client, "changed");
	fd_recv(server, "changed");
	SAME(stat_now(NS_B, "drop checksum"), 1);
	fault_did(nl, id, 1, 1);
	stats_sums(NS_A);
	stats_sums(NS_B);
}

TEST_HARNESS_MAIN
