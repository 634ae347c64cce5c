// SPDX-License-Identifier: GPL-2.0
/* What is no rule is refused, with the attribute and the bound in the text; who may not change
 * anything only reads.
 */
#include <sched.h>

#include "fault.h"

static struct nl *nl;

static struct nlmsghdr *add(int action)
{
	struct nlmsghdr *req = nl_request(nl, HSTP_CMD_FAULT_ADD, 0);

	if (action >= 0)
		mnl_attr_put_u8(req, HSTP_A_FAULT_ACTION, (uint8_t)action);
	return req;
}

/* Refused with this error, this attribute, and a text that says so. */
#define REFUSED(req, err, type, ...)						\
	refused_at(__LINE__, req, err, type, (const char *const[]){ __VA_ARGS__, NULL })
static void refused_at(int line, struct nlmsghdr *req, int err, int type,
		       const char *const *words)
{
	int got = nl_talk(nl, req, NULL, NULL);

	if (got != -err || nl->bad_type != type)
		die(__FILE__, line, "error %d and attribute %d, not %d and %d (%s)", got,
		    nl->bad_type, -err, type, nl->text);
	for (; *words; words++)
		if (!strstr(nl->text, *words))
			die(__FILE__, line, "no \"%s\" in: %s", *words, nl->text);
}

static void count(const struct nlmsghdr *m, void *arg)
{
	++*(int *)arg;
}

static int rules(void)
{
	int n = 0;

	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_FAULT_GET, NLM_F_DUMP), count, &n), 0);
	return n;
}

TEST(numbers)
{
	static const struct {
		int type;
		int action;
		const char *name;
		uint32_t low, high;
		const char *high_text;
	} cases[] = {
		{ HSTP_A_FAULT_NTH, DROP, "nth", 1, 1000000000, "1000000000" },
		{ HSTP_A_FAULT_EVERY, DROP, "every", 1, 1000000000, "1000000000" },
		{ HSTP_A_FAULT_COUNT, DROP, "count", 1, 1000000000, "1000000000" },
		{ HSTP_A_FAULT_PROBABILITY, DROP, "probability", 1, 1000000, "1000000" },
		{ HSTP_A_FAULT_COPIES, DUPLICATE, "copies", 1, 100, "100" },
		{ HSTP_A_FAULT_DELAY_MS, DELAY, "delay-ms", 1, 600000, "600000" },
	};

	net_alone();
	nl = nl_open(NS_A);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const uint32_t bad[] = { cases[i].low - 1, cases[i].high + 1, 0xffffffff };
		const uint32_t good[] = { cases[i].low, cases[i].high };
		struct nlmsghdr *req;

		for (size_t j = 0; j < 3; j++) {
			req = add(cases[i].action);
			mnl_attr_put_u32(req, (uint16_t)cases[i].type, bad[j]);
			REFUSED(req, ERANGE, cases[i].type, cases[i].name, "1 to",
				cases[i].high_text);
		}
		SAME(rules(), 0);
		for (size_t j = 0; j < 2; j++) {
			req = add(cases[i].action);
			mnl_attr_put_u32(req, (uint16_t)cases[i].type, good[j]);
			SAME(nl_talk(nl, req, NULL, NULL), 0);
		}
		SAME(rules(), 2);
		SAME(fault_flush(nl), 0);
	}
}

TEST(values_of_change)
{
	static const struct {
		int field, how;
		uint32_t value;
		int err, bad;
		const char *word;
	} cases[] = {
		{ HSTP_NL_FIELD_SEQ, HSTP_NL_HOW_SET, 0xffffffff, 0, 0, "" },
		{ HSTP_NL_FIELD_ACK, HSTP_NL_HOW_ADD, 0xffffffff, 0, 0, "" },
		{ HSTP_NL_FIELD_WINDOW, HSTP_NL_HOW_SET, 65535, 0, 0, "" },
		{ HSTP_NL_FIELD_WINDOW, HSTP_NL_HOW_SET, 65536, ERANGE, HSTP_A_FAULT_VALUE,
		  "0 to 65535" },
		{ HSTP_NL_FIELD_WINDOW, HSTP_NL_HOW_ADD, 0xffffffff, 0, 0, "" },
		{ HSTP_NL_FIELD_FLAGS, HSTP_NL_HOW_SET, 255, 0, 0, "" },
		{ HSTP_NL_FIELD_FLAGS, HSTP_NL_HOW_ADD, 256, ERANGE, HSTP_A_FAULT_VALUE,
		  "0 to 255" },
		{ HSTP_NL_FIELD_FLAGS, HSTP_NL_HOW_CLEAR, 255, 0, 0, "" },
		{ HSTP_NL_FIELD_SEQ, HSTP_NL_HOW_CLEAR, 1, EINVAL, HSTP_A_FAULT_HOW, "flags" },
		{ HSTP_NL_FIELD_URGENT, HSTP_NL_HOW_SET, 65535, 0, 0, "" },
		{ HSTP_NL_FIELD_URGENT, HSTP_NL_HOW_SET, 65536, ERANGE, HSTP_A_FAULT_VALUE,
		  "0 to 65535" },
		{ HSTP_NL_FIELD_OPTION, HSTP_NL_HOW_SET, 0xffffffff, 0, 0, "" },
		{ HSTP_NL_FIELD_SACK_RIGHT, HSTP_NL_HOW_ADD, 0xffffffff, 0, 0, "" },
		{ HSTP_NL_FIELD_TSVAL, HSTP_NL_HOW_CLEAR, 1, EINVAL, HSTP_A_FAULT_HOW, "flags" },
	};

	net_alone();
	nl = nl_open(NS_A);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct nlmsghdr *req = add(CHANGE);

		mnl_attr_put_u8(req, HSTP_A_FAULT_FIELD, (uint8_t)cases[i].field);
		mnl_attr_put_u8(req, HSTP_A_FAULT_HOW, (uint8_t)cases[i].how);
		mnl_attr_put_u32(req, HSTP_A_FAULT_VALUE, cases[i].value);
		REFUSED(req, cases[i].err, cases[i].bad, cases[i].word);
	}
}

/* What belongs together, and what does not. */
TEST(incomplete)
{
	struct nlmsghdr *req;

	net_alone();
	nl = nl_open(NS_A);
	REFUSED(add(-1), EINVAL, 0, "action is missing");
	REFUSED(add(DELAY), EINVAL, HSTP_A_FAULT_ACTION, "delay-ms", "1 to 600000");
	REFUSED(add(CHANGE), EINVAL, HSTP_A_FAULT_ACTION, "field");

	req = add(DROP);
	mnl_attr_put_u32(req, HSTP_A_FAULT_COPIES, 2);
	REFUSED(req, EINVAL, HSTP_A_FAULT_COPIES, "copies", "duplicate");
	req = add(DROP);
	mnl_attr_put_u32(req, HSTP_A_FAULT_DELAY_MS, 2);
	REFUSED(req, EINVAL, HSTP_A_FAULT_DELAY_MS, "delay-ms", "delay");
	req = add(DROP);
	mnl_attr_put_u32(req, HSTP_A_FAULT_VALUE, 2);
	REFUSED(req, EINVAL, HSTP_A_FAULT_VALUE, "value", "change");
	req = add(DROP);
	mnl_attr_put_u64(req, HSTP_A_FAULT_SEED, 2);
	REFUSED(req, EINVAL, HSTP_A_FAULT_SEED, "seed", "probability");
	req = add(DROP);
	mnl_attr_put_u8(req, HSTP_A_FAULT_LOCAL_PREFIX, 8);
	REFUSED(req, EINVAL, HSTP_A_FAULT_LOCAL_PREFIX, "prefix");
	SAME(rules(), 0);
}

TEST(what_never_matches)
{
	struct nlmsghdr *req;

	net_alone();
	nl = nl_open(NS_A);
	req = add(DROP);
	mnl_attr_put_u16(req, HSTP_A_FAULT_STATES, 0);
	REFUSED(req, EINVAL, HSTP_A_FAULT_STATES, "states");
	req = add(DROP);
	mnl_attr_put_u8(req, HSTP_A_FAULT_FLAGS_SET, SYN | ACK);
	mnl_attr_put_u8(req, HSTP_A_FAULT_FLAGS_CLEAR, ACK | FIN);
	REFUSED(req, EINVAL, HSTP_A_FAULT_FLAGS_CLEAR, "flags-clear", "flags-set");
	req = add(DROP);
	mnl_attr_put_u16(req, HSTP_A_FAULT_LOCAL_PORT, 0);
	REFUSED(req, ERANGE, HSTP_A_FAULT_LOCAL_PORT, "local-port", "1 to 65535");
	req = add(DROP);
	mnl_attr_put_u16(req, HSTP_A_FAULT_REMOTE_PORT, 0);
	REFUSED(req, ERANGE, HSTP_A_FAULT_REMOTE_PORT, "remote-port", "1 to 65535");
	req = add(DROP);
	mnl_attr_put(req, HSTP_A_FAULT_REMOTE_ADDRESS, 5, "12345");
	REFUSED(req, EINVAL, HSTP_A_FAULT_REMOTE_ADDRESS, "4 or 16");
	req = add(DROP);
	mnl_attr_put_u32(req, HSTP_A_FAULT_LOCAL_ADDRESS, inet_addr(ADDR_A));
	mnl_attr_put_u8(req, HSTP_A_FAULT_LOCAL_PREFIX, 33);
	REFUSED(req, EINVAL, HSTP_A_FAULT_LOCAL_PREFIX, "0 to 32");
	SAME(rules(), 0);
}

/* Numbers of enums, bits of sets, lengths and attributes that do not exist. */
TEST(strict)
{
	static const struct {
		int type, value;
	} bytes[] = {
		{ HSTP_A_FAULT_DIRECTION, 2 }, { HSTP_A_FAULT_TEXT, 2 },
		{ HSTP_A_FAULT_FIELD, 10 }, { HSTP_A_FAULT_HOW, 3 }, { HSTP_A_FAULT_ACTION, 7 },
	};
	struct nlmsghdr *req;

	net_alone();
	nl = nl_open(NS_A);
	for (size_t i = 0; i < sizeof(bytes) / sizeof(*bytes); i++) {
		req = add(-1);
		mnl_attr_put_u8(req, (uint16_t)bytes[i].type, (uint8_t)bytes[i].value);
		REFUSED(req, ERANGE, bytes[i].type, "");
	}
	req = add(DROP);
	mnl_attr_put_u16(req, HSTP_A_FAULT_STATES, 0x800);
	REFUSED(req, ERANGE, HSTP_A_FAULT_STATES, "");
	req = add(DROP);
	mnl_attr_put_u16(req, HSTP_A_FAULT_NTH, 1);
	REFUSED(req, EINVAL, HSTP_A_FAULT_NTH, "");
	req = add(DROP);
	mnl_attr_put_u32(req, HSTP_A_FAULT_ID, 1);
	REFUSED(req, EINVAL, HSTP_A_FAULT_ID, "");
	req = add(DROP);
	mnl_attr_put_u64(req, HSTP_A_FAULT_MATCHED, 1);
	REFUSED(req, EINVAL, HSTP_A_FAULT_MATCHED, "");
	req = nl_request(nl, HSTP_CMD_STEP_GET, 0);
	mnl_attr_put_u8(req, HSTP_A_STEP_ENABLED, 1);
	REFUSED(req, EINVAL, HSTP_A_STEP_ENABLED, "");
	req = nl_request(nl, HSTP_CMD_HELD_GET, NLM_F_DUMP);
	mnl_attr_put_u32(req, HSTP_A_HELD_RULE, 1);
	SAME(nl_talk(nl, req, NULL, NULL), -EINVAL);
	SAME(rules(), 0);
}

TEST(step_and_held)
{
	static const struct {
		int type;
		const char *name;
	} numbers[] = {
		{ HSTP_A_HELD_ID, "id" }, { HSTP_A_HELD_RULE, "rule" },
		{ HSTP_A_HELD_COUNT, "count" },
	};
	struct nlmsghdr *req;

	net_alone();
	nl = nl_open(NS_A);
	REFUSED(nl_request(nl, HSTP_CMD_STEP_SET, 0), EINVAL, 0, "enabled", "0 or 1");
	req = nl_request(nl, HSTP_CMD_STEP_SET, 0);
	mnl_attr_put_u8(req, HSTP_A_STEP_ENABLED, 2);
	REFUSED(req, ERANGE, HSTP_A_STEP_ENABLED, "enabled", "0 to 1");
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		req = nl_request(nl, HSTP_CMD_HELD_RELEASE, 0);
		mnl_attr_put_u32(req, (uint16_t)numbers[i].type, 0);
		REFUSED(req, ERANGE, numbers[i].type, numbers[i].name, "1 to 4294967295");
	}
	req = nl_request(nl, HSTP_CMD_HELD_RELEASE, 0);
	mnl_attr_put_u32(req, HSTP_A_HELD_ID, 9);
	REFUSED(req, ENOENT, HSTP_A_HELD_ID, "id");
	req = nl_request(nl, HSTP_CMD_HELD_GET, 0);
	mnl_attr_put_u32(req, HSTP_A_HELD_ID, 9);
	REFUSED(req, ENOENT, HSTP_A_HELD_ID, "id");
	REFUSED(nl_request(nl, HSTP_CMD_HELD_GET, 0), EINVAL, 0, "id is missing");
	SAME(held_release(nl), 0);
	SAME(step_set(nl, false), 0);
}

TEST(removal)
{
	struct nlmsghdr *req;

	net_alone();
	nl = nl_open(NS_A);
	SAME(fault_del(nl, 1), -ENOENT);
	SAME(fault_flush(nl), 0);
	fault_add(nl, .action = DROP);
	REFUSED(nl_request(nl, HSTP_CMD_FAULT_DEL, 0), EINVAL, 0, "id is missing");
	req = nl_request(nl, HSTP_CMD_FAULT_DEL, 0);
	mnl_attr_put_u32(req, HSTP_A_FAULT_ID, 1);
	mnl_attr_put(req, HSTP_A_FAULT_ALL, 0, NULL);
	REFUSED(req, EINVAL, HSTP_A_FAULT_ALL, "not both");
	SAME(fault_del(nl, 0), -ENOENT);
	SAME(rules(), 1);
	SAME(fault_del(nl, 1), 0);
	SAME(fault_del(nl, 1), -ENOENT);
	/* Numbers are not used again. */
	SAME(fault_add(nl, .action = DROP), 2);
}

/* So many rules and no more; a dump has them all. */
TEST(many)
{
	net_alone();
	nl = nl_open(NS_A);
	for (int i = 0; i < 256; i++)
		fault_add(nl, .fport = (uint16_t)(i + 1), .lport = 9, .nth = 3, .every = 4,
			  .local = ADDR_A, .remote = ADDR_B, .states = 1, .action = DROP);
	REFUSED(add(DROP), ENOSPC, 0, "256");
	SAME(rules(), 256);
	SAME(fault_del(nl, 100), 0);
	SAME(fault_add(nl, .action = DROP), 257);
	SAME(rules(), 256);
}

/* Who has no capability reads all of it and changes nothing. */
TEST(needs_capability)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = 80 };
	struct sockaddr_in to = addr_of(here.addr, here.port);
	struct nl *root;
	int fd;

	net_alone();
	root = nl_open(NS_A);
	net_no_timers(NS_A);
	fd_listen(&here, 1);
	fault_add(root, .way = OUT, .set = SYN, .action = HOLD);
	fd = fd_new_flags(NS_A, SOCK_NONBLOCK);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&to, sizeof(to)));
	net_enter(NS_A);
	TRY(setresgid(65534, 65534, 65534));
	TRY(setresuid(65534, 65534, 65534));
	nl = nl_open_here();
	SAME(nl_talk(nl, add(DROP), NULL, NULL), -EPERM);
	SAME(fault_flush(nl), -EPERM);
	SAME(fault_del(nl, 1), -EPERM);
	SAME(step_set(nl, true), -EPERM);
	SAME(held_release(nl), -EPERM);
	SAME(held_release(nl, .drop = true), -EPERM);
	SAME(rules(), 1);
	SAME(fault_counts(nl, 1).held, 1);
	SAME(step_get(nl, HSTP_A_STEP_ENABLED), 0);
	SAME(held_all(nl)->count, 1);
	SAME(held_all(nl)->at[0].flags, SYN);
}

/* Root of a user namespace rules the network namespace that belongs to it. */
TEST(owner_of_namespace)
{
	TRY(setresgid(65534, 65534, 65534));
	TRY(setresuid(65534, 65534, 65534));
	TRY(unshare(CLONE_NEWUSER | CLONE_NEWNET));
	nl = nl_open_here();
	SAME(fault_add(nl, .action = DROP), 1);
	SAME(step_set(nl, true), 0);
	SAME(held_release(nl), 0);
	SAME(fault_flush(nl), 0);
}

TEST_HARNESS_MAIN
