// SPDX-License-Identifier: GPL-2.0
/* The group "segments", where it is asked for: each segment with its header, and what rules
 * that change its way have to do with that.
 */
#include <linux/genetlink.h>

#include "fault.h"

#define QUIET_MS	250	/* what is told is told by then */

static void keep_segment(const struct nlmsghdr *m, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(m);

	SAME(genl->cmd, HSTP_CMD_SEGMENT);
	nl_keep(m, arg);
}

static int command(const struct nl_kept *kept, int i)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)kept->bytes[i];

	return ((const struct genlmsghdr *)mnl_nlmsg_get_payload(m))->cmd;
}

static void nothing(const struct nlmsghdr *m, void *arg)
{
	die(__FILE__, __LINE__, "a segment was told");
}

#define PART(name)	nl_number(a->by[HSTP_A_SEGMENT_##name])
#define HAS(name)	(!!a->by[HSTP_A_SEGMENT_##name])

/* The next @count messages, and no more: they live as long as the test. */
static const struct nl_kept *only(struct nl *nl, int count)
{
	struct nl_kept *kept = calloc(1, sizeof(*kept));

	NEED(kept);
	nl_told_count(nl, count, nl_keep, kept);
	SAME(nl_told(nl, QUIET_MS, nothing, NULL), 0);
	return kept;
}

struct segments {
	long in, out;
	long flags[256];
	uint64_t last;
};

static void take_segment(const struct nlmsghdr *m, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(m);
	struct segments *s = arg;
	struct nl_attrs a;

	SAME(genl->cmd, HSTP_CMD_SEGMENT);
	nl_attrs(m, &a);
	if (nl_number(a.by[HSTP_A_SEGMENT_DIRECTION]) == HSTP_NL_DIRECTION_OUT)
		s->out++;
	else
		s->in++;
	s->flags[nl_number(a.by[HSTP_A_SEGMENT_FLAGS])]++;
	s->last = nl_number(a.by[HSTP_A_SEGMENT_SEQUENCE]);
}

/* Not before a namespace asks for it; then each one that is counted, too. */
TEST(each)
{
	struct segments s = { .in = 0 };
	struct end us, it;
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	nl_join(nl, "segments", 0);
	wire_ends(&us, NS_T, 4000, &it, NS_A, PORT_IT);
	fd_close(wire_to_state(&us, &it, "TIME-WAIT"));
	SAME(nl_told(nl, QUIET_MS, take_segment, &s), 0);
	net_hstp(NS_A, "segment_events", 1);
	wire_ends(&us, NS_T, 4001, &it, NS_A, PORT_IT);
	fd_close(wire_to_state(&us, &it, "TIME-WAIT"));
	/* Figure 6 and 12: SYN, FIN and the ACK of the peer's FIN; the other half comes */
	nl_told_count(nl, 7, take_segment, &s);
	SAME(s.out, 4);
	SAME(s.in, 3);
	SAME(s.flags[SYN], 1);
	SAME(s.flags[SYN | ACK], 1);
	SAME(s.flags[FIN | ACK], 2);
	SAME(s.flags[ACK], 3);
	SAME(s.last, 7);
	net_hstp(NS_A, "segment_events", 0);
	wire_send(&us, ACK, 102, 302);
	wire_sync(NS_A);
	SAME(nl_told(nl, QUIET_MS, take_segment, &s), 0);
}

/* What a segment carries, and that it is sent again: as it is on the wire. */
TEST(contents)
{
	struct nl_kept kept = { .count = 0 };
	const struct nl_attrs *a;
	struct seen *seen[2];
	struct end us, it;
	struct nl *nl;
	int fd;

	net_peer();
	/* The SYN once, text once more and then not for a while */
	net_no_timers(NS_A);
	net_hstp(NS_A, "rto_min_ms", 1500);
	wire_ends(&us, NS_T, 4000, &it, NS_A, PORT_IT);
	fd = wire_open_active(&us, &it);
	fd_nodelay(fd);
	net_hstp(NS_A, "segment_events", 1);
	nl = nl_open(NS_A);
	nl_join(nl, "segments", 0);
	fd_send(fd, "five!");
	for (int i = 0; i < 2; i++)
		seen[i] = wire_expect(&it, PSH | ACK, 301, 101, "five!");
	wire_send(&us, PSH | ACK, 101, 306, "abc", .wnd = 1234);
	wire_expect(&it, ACK, 306, 104);
	nl_told_count(nl, 4, keep_segment, &kept);
	for (int i = 0; i < 2; i++) {
		a = &kept.a[i];
		SAME(PART(DIRECTION), HSTP_NL_DIRECTION_OUT);
		SAME((uint32_t)(PART(SEQ) - it.shift), 301);
		SAME(PART(ACK), 101);
		SAME(PART(FLAGS), PSH | ACK);
		SAME(PART(LENGTH), 5);
		SAME(PART(WINDOW), seen[i]->wnd);
		NEED(PART(WINDOW) > 0);
		SAME(!!a->by[HSTP_A_SEGMENT_AGAIN], i);
	}
	a = &kept.a[2];
	SAME(PART(DIRECTION), HSTP_NL_DIRECTION_IN);
	SAME(PART(SEQ), 101);
	SAME((uint32_t)(PART(ACK) - it.shift), 306);
	SAME(PART(LENGTH), 3);
	SAME(PART(WINDOW), 1234);
	NEED(!a->by[HSTP_A_SEGMENT_AGAIN]);
	a = &kept.a[3];
	SAME(PART(LENGTH), 0);
	SAME(PART(FLAGS), ACK);
}

/* The options of a SYN: MSS 1000, window scale 7, SACK-permitted, timestamps 5000 and 0. */
static const uint8_t offer[] = {
	2, 4, 1000 >> 8, 1000 & 255, 1, 3, 3, 7, 4, 2,
	8, 10, 0, 0, 5000 >> 8, 5000 & 255, 0, 0, 0, 0,
};

static uint32_t word(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

struct blocks {
	int count;
	uint32_t left[4], right[4];
};

/* The blocks that a message tells, in their order. */
static struct blocks blocks_of(const struct nl_attrs *a, const struct nl_kept *kept)
{
	const struct nlmsghdr *m = (const struct nlmsghdr *)kept->bytes[a - kept->a];
	struct blocks b = { .count = 0 };
	const struct nlattr *attr;
	struct nl_attrs in;

	mnl_attr_for_each(attr, m, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) != HSTP_A_SEGMENT_SACK)
			continue;
		NEED(b.count < 4);
		nl_nested(attr, &in);
		b.left[b.count] = (uint32_t)nl_number(in.by[HSTP_A_SEGMENT_SACK_LEFT]);
		b.right[b.count++] = (uint32_t)nl_number(in.by[HSTP_A_SEGMENT_SACK_RIGHT]);
	}
	return b;
}

/* What the stack has sent: told as it is on the wire, RFC 7323 sections 2.2 and 3.2, RFC 2018
 * sections 2 and 3, RFC 9293 section 3.1.
 */
static void same_on_wire(const struct nl_attrs *a, const struct nl_kept *kept,
			 const struct seen *seen)
{
	const uint8_t *scale = wire_option(seen, 3), *stamps = wire_option(seen, 8),
		      *sack = wire_option(seen, 5);
	struct blocks b = blocks_of(a, kept);

	SAME(PART(DIRECTION), HSTP_NL_DIRECTION_OUT);
	SAME(PART(FLAGS), seen->flags);
	SAME(HAS(URGENT), !!(seen->flags & URG));
	SAME(PART(URGENT), seen->flags & URG ? seen->urg : 0);
	SAME(PART(MSS), seen->mss);
	SAME(HAS(WINDOW_SCALE), !!scale);
	SAME(PART(WINDOW_SCALE), scale ? scale[2] : 0);
	SAME(HAS(SACK_PERMITTED), !!wire_option(seen, 4));
	SAME(HAS(TSVAL), !!stamps);
	SAME(HAS(TSECR), !!stamps);
	SAME(PART(TSVAL), stamps ? word(stamps + 2) : 0);
	SAME(PART(TSECR), stamps ? word(stamps + 6) : 0);
	SAME(b.count, sack ? (sack[1] - 2) / 8 : 0);
	for (int i = 0; i < b.count; i++) {
		SAME(b.left[i], word(sack + 2 + 8 * i));
		SAME(b.right[i], word(sack + 6 + 8 * i));
	}
}

/* Timestamps and, of two blocks, the first so many. */
static int put_options(uint8_t *opt, uint32_t tsval, int blocks)
{
	static const uint32_t edges[] = { 1000, 2000, 0xfffffff0, 16 };
	uint32_t words[4] = { 0, tsval, 0x01020304, 0 };
	int len = 2;

	opt[0] = 1;
	opt[1] = 1;
	opt[len] = 8;
	opt[len + 1] = 10;
	for (int i = 1; i < 3; i++)
		for (int byte = 0; byte < 4; byte++)
			opt[len + 2 + 4 * (i - 1) + byte] = (uint8_t)(words[i] >> (24 - 8 * byte));
	len += 10;
	if (!blocks)
		return len;
	opt[len] = 5;
	opt[len + 1] = (uint8_t)(2 + 8 * blocks);
	for (int i = 0; i < 2 * blocks; i++)
		for (int byte = 0; byte < 4; byte++)
			opt[len + 2 + 4 * i + byte] = (uint8_t)(edges[i] >> (24 - 8 * byte));
	return len + 2 + 8 * blocks;
}

/* The rest of the header: urgent pointer and options, of what arrives and of what leaves. */
TEST_F(fault, options)
{
	struct end *us = &self->us, *it = &self->it;
	struct nl_kept kept = { .count = 0 };
	const struct nl_attrs *a;
	struct seen *seen[4];
	struct blocks b;
	uint8_t opt[40];
	int fd, len;

	net_hstp(NS_A, "segment_events", 1);
	fd = fd_listen(it, 1);
	nl_join(self->nl, "segments", 0);
	wire_send(us, SYN, 100, .opt = offer, .optlen = sizeof(offer));
	seen[0] = wire_expect(it, SYN | ACK, 300, 101);
	len = put_options(opt, 5001, 0);
	wire_send(us, ACK, 101, 301, .opt = opt, .optlen = len);
	fd = fd_accept(fd);
	TRY(send(fd, "u", 1, MSG_OOB));
	seen[1] = wire_next(it, PATIENCE_MS);
	NEED(seen[1] && seen[1]->flags & URG);
	wire_send(us, URG | PSH | ACK, 102, 302, "hole", .urg = 3, .opt = opt, .optlen = len);
	seen[2] = wire_next(it, PATIENCE_MS);
	NEED(seen[2] && wire_option(seen[2], 5));
	len = put_options(opt, 5002, 2);
	wire_send(us, ACK, 101, 302, .opt = opt, .optlen = len);
	wire_sync(NS_A);
	nl_told_count(self->nl, 7, keep_segment, &kept);

	a = &kept.a[0];
	SAME(PART(DIRECTION), HSTP_NL_DIRECTION_IN);
	SAME(PART(MSS), 1000);
	NEED(HAS(WINDOW_SCALE) && HAS(SACK_PERMITTED) && HAS(TSVAL) && HAS(TSECR));
	SAME(PART(WINDOW_SCALE), 7);
	SAME(PART(TSVAL), 5000);
	SAME(PART(TSECR), 0);
	NEED(!HAS(URGENT) && !HAS(SACK));
	same_on_wire(&kept.a[1], &kept, seen[0]);
	a = &kept.a[2];
	NEED(!HAS(MSS) && !HAS(WINDOW_SCALE) && !HAS(SACK_PERMITTED) && !HAS(SACK));
	SAME(PART(TSVAL), 5001);
	SAME(PART(TSECR), 0x01020304);
	same_on_wire(&kept.a[3], &kept, seen[1]);
	a = &kept.a[4];
	SAME(PART(FLAGS), URG | PSH | ACK);
	NEED(HAS(URGENT));
	SAME(PART(URGENT), 3);
	same_on_wire(&kept.a[5], &kept, seen[2]);
	a = &kept.a[6];
	SAME(PART(TSVAL), 5002);
	b = blocks_of(a, &kept);
	SAME(b.count, 2);
	SAME(b.left[0], 1000);
	SAME(b.right[0], 2000);
	SAME(b.left[1], 0xfffffff0);
	SAME(b.right[1], 16);
	NEED(!HAS(URGENT));
}

/* What leaves is told as the protocol sends it, once, whatever becomes of it. */
TEST_F(fault, leaving_before_rules)
{
	struct end *us = &self->us, *it = &self->it;
	static const int actions[] = { DROP, DUPLICATE, HOLD, CHANGE };
	struct nl *hears = nl_open(NS_A);
	const struct nl_kept *kept;
	const struct nl_attrs *a;

	fault_open(us, it, &self->fd);
	net_hstp(NS_A, "segment_events", 1);
	nl_join(hears, "segments", 0);
	for (uint32_t i = 0; i < 4; i++) {
		fault_add(self->nl, .way = OUT, .text = TEXT, .action = actions[i],
			  .field = HSTP_NL_FIELD_WINDOW, .value = MARK);
		fd_send(self->fd, "x");
		kept = only(hears, 1 + (actions[i] == CHANGE));
		a = kept->a;
		SAME(command(kept, 0), HSTP_CMD_SEGMENT);
		SAME(PART(DIRECTION), HSTP_NL_DIRECTION_OUT);
		SAME((uint32_t)(PART(SEQ) - it->shift), 301 + i);
		NEED(PART(WINDOW) != MARK);
		for (int copy = 0; copy < 2 && actions[i] == DUPLICATE; copy++)
			wire_expect(it, PSH | ACK, 301 + i, 101, "x");
		if (actions[i] == HOLD) {
			SAME(held_release(self->nl), 1);
			wire_expect(it, PSH | ACK, 301 + i, 101, "x");
		}
		if (actions[i] == CHANGE)
			wire_expect(it, PSH | ACK, 301 + i, 101, "x", .wnd = MARK);
		wire_silence(it);
		SAME(fault_flush(self->nl), 0);
	}
	SAME(nl_told(hears, QUIET_MS, nothing, NULL), 0);
}

/* What arrives is told as the protocol gets it, as often as it does, and when it does. */
TEST_F(fault, arriving_after_rules)
{
	struct end *us = &self->us, *it = &self->it;
	static const int actions[] = { DROP, DUPLICATE, HOLD, CHANGE };
	static const int times[] = { 0, 2, 1, 1 };
	struct nl *hears = nl_open(NS_A);
	const struct nl_kept *kept;
	const struct nl_attrs *a;

	fault_open(us, it, &self->fd);
	net_hstp(NS_A, "segment_events", 1);
	nl_join(hears, "segments", 0);
	for (uint32_t i = 0; i < 4; i++) {
		const int first = actions[i] == CHANGE;

		fault_add(self->nl, .way = IN, .action = actions[i],
			  .field = HSTP_NL_FIELD_WINDOW, .value = MARK);
		wire_send(us, ACK, 101, 301, .wnd = 1000);
		wire_sync(NS_A);
		if (actions[i] == HOLD) {
			SAME(nl_told(hears, QUIET_MS, nothing, NULL), 0);
			SAME(held_release(self->nl), 1);
		}
		kept = only(hears, first + times[i]);
		a = &kept->a[first];
		for (int time = first; time < first + times[i]; time++, a++) {
			SAME(command(kept, time), HSTP_CMD_SEGMENT);
			SAME(PART(DIRECTION), HSTP_NL_DIRECTION_IN);
			SAME(PART(WINDOW), actions[i] == CHANGE ? MARK : 1000);
		}
		SAME(fault_flush(self->nl), 0);
	}
	wire_silence(it);
}

#define CHANGED(name)	nl_number(a->by[HSTP_A_CHANGE_##name])
#define SAYS(name)	(!!a->by[HSTP_A_CHANGE_##name])

/* What rules change is told: by which, in which segment, from what to what. On the way out after
 * the segment, on the way in before it.
 */
TEST_F(fault, changes)
{
	struct end *us = &self->us, *it = &self->it;
	static const struct {
		int field, how;
		uint32_t value, from, to;	/* more than the numbers of the stack in some */
	} cases[] = {
		{ HSTP_NL_FIELD_SEQ, HSTP_NL_HOW_ADD, 1, 101, 102 },
		{ HSTP_NL_FIELD_WINDOW, HSTP_NL_HOW_ADD, 0xffff, 1000, 999 },
		{ HSTP_NL_FIELD_FLAGS, HSTP_NL_HOW_ADD, PSH, ACK, PSH | ACK },
		{ HSTP_NL_FIELD_FLAGS, HSTP_NL_HOW_CLEAR, ACK, ACK, 0 },
		{ HSTP_NL_FIELD_URGENT, HSTP_NL_HOW_SET, 65535, 0, 65535 },
	};
	struct nl *hears = nl_open(NS_A);
	const struct nl_kept *kept;
	const struct nl_attrs *a;
	uint64_t sequence = 0;
	uint32_t rule, drop;

	fault_open(us, it, &self->fd);
	net_hstp(NS_A, "segment_events", 1);
	nl_join(hears, "segments", 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		rule = fault_add(self->nl, .way = IN, .action = CHANGE, .field = cases[i].field,
				 .how = cases[i].how, .value = cases[i].value);
		/* It does not arrive, and is told for all that. */
		drop = fault_add(self->nl, .way = IN, .action = DROP);
		wire_send(us, ACK, 101, 301, .wnd = 1000);
		wire_sync(NS_A);
		kept = only(hears, 1);
		a = kept->a;
		SAME(command(kept, 0), HSTP_CMD_CHANGE);
		SAME(CHANGED(SEQUENCE), ++sequence);
		NEED(CHANGED(TIME) > 0);
		SAME(CHANGED(DIRECTION), HSTP_NL_DIRECTION_IN);
		SAME(ntohs((uint16_t)CHANGED(LOCAL_PORT)), PORT_IT);
		SAME(ntohs((uint16_t)CHANGED(REMOTE_PORT)), PORT_US);
		SAME(CHANGED(SEQ), 101);
		SAME((uint32_t)(CHANGED(ACK) - it->shift), 301);
		SAME(CHANGED(FLAGS), ACK);
		SAME(CHANGED(WINDOW), 1000);
		SAME(CHANGED(LENGTH), 0);
		SAME(CHANGED(RULE), rule);
		SAME(CHANGED(ACTION), HSTP_NL_ACTION_CHANGE);
		SAME(CHANGED(FIELD), cases[i].field);
		SAME(CHANGED(FROM), cases[i].from);
		SAME(CHANGED(TO), cases[i].to);
		SAME(fault_del(self->nl, drop), 0);
		SAME(fault_del(self->nl, rule), 0);
	}

	/* Two in a segment that leaves: the second sees what the first made of it. */
	rule = fault_add(self->nl, .way = OUT, .text = TEXT, .action = CHANGE,
			 .field = HSTP_NL_FIELD_ACK, .how = HSTP_NL_HOW_ADD, .value = 5);
	fault_add(self->nl, .way = OUT, .text = TEXT, .action = CORRUPT);
	fd_send(self->fd, "four");
	kept = only(hears, 3);
	SAME(command(kept, 0), HSTP_CMD_SEGMENT);
	a = &kept->a[0];
	SAME(PART(SEQUENCE), ++sequence);
	SAME(PART(ACK), 101);
	for (int i = 1; i < 3; i++) {
		a = &kept->a[i];
		SAME(command(kept, i), HSTP_CMD_CHANGE);
		SAME(CHANGED(SEQUENCE), ++sequence);
		SAME(CHANGED(DIRECTION), HSTP_NL_DIRECTION_OUT);
		SAME((uint32_t)(CHANGED(SEQ) - it->shift), 301);
		SAME(CHANGED(ACK), i == 1 ? 101 : 106);
		SAME(CHANGED(FLAGS), PSH | ACK);
		SAME(CHANGED(LENGTH), 4);
		SAME(CHANGED(RULE), rule + (uint32_t)i - 1);
		SAME(CHANGED(ACTION), i == 1 ? HSTP_NL_ACTION_CHANGE : HSTP_NL_ACTION_CORRUPT);
		SAME(SAYS(FIELD), i == 1);
		SAME(SAYS(FROM), i == 1);
		SAME(SAYS(TO), i == 1);
	}
	a = &kept->a[1];
	SAME(CHANGED(FIELD), HSTP_NL_FIELD_ACK);
	SAME(CHANGED(FROM), 101);
	SAME(CHANGED(TO), 106);
	SAME(fault_flush(self->nl), 0);

	/* Who does not ask for segments is not told of this either. */
	net_hstp(NS_A, "segment_events", 0);
	fault_add(self->nl, .way = IN, .action = CHANGE, .field = HSTP_NL_FIELD_WINDOW,
		  .value = MARK);
	wire_send(us, ACK, 101, 301, .wnd = 1000);
	wire_sync(NS_A);
	SAME(nl_told(hears, QUIET_MS, nothing, NULL), 0);
}

TEST_HARNESS_MAIN
