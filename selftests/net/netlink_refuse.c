// SPDX-License-Identifier: GPL-2.0
/* What the family refuses: each command's attributes, of a wrong size, beyond their bounds,
 * and those that it does not take. A refusal has a text, and says which attribute it is about
 * and what that takes. Nothing is changed by one.
 */
#include <linux/genetlink.h>

#include "kselftest_harness.h"

#include "lib/nl_picture.h"
#include "lib/nl_policy.h"
#include "lib/proc.h"

/* A dump that has begun ends with a text alone on kernels before 6.10, which has to do. */
static bool names(const struct nl *nl, const struct nlmsghdr *req, int type)
{
	static const char *const words[HSTP_A_MATCH_MAX + 1] = {
		[HSTP_A_MATCH_LOCAL_ADDRESS] = "local-address",
		[HSTP_A_MATCH_REMOTE_ADDRESS] = "remote-address",
		[HSTP_A_MATCH_LOCAL_PREFIX] = "local-prefix",
		[HSTP_A_MATCH_REMOTE_PREFIX] = "remote-prefix",
		[HSTP_A_MATCH_UID] = "uid", [HSTP_A_MATCH_COOKIE] = "cookie",
		[HSTP_A_MATCH_SINCE] = "since", [HSTP_A_MATCH_UNACCEPTED] = "unaccepted",
		[HSTP_A_MATCH_LOCAL_PORT] = "local-port",
		[HSTP_A_MATCH_REMOTE_PORT] = "remote-port",
	};

	if (nl->bad_type || !(req->nlmsg_flags & NLM_F_DUMP))
		return nl->bad_type == type;
	return type <= HSTP_A_MATCH_MAX && words[type] && strstr(nl->text, words[type]);
}

static int refused(struct nl *nl, struct nlmsghdr *req, int type)
{
	int err = nl_talk(nl, req, NULL, NULL);

	if (!err || !nl->text[0] || (type && !names(nl, req, type)))
		die(__FILE__, __LINE__, "command %d, attribute %d: %d, \"%s\", about %d",
		    ((struct genlmsghdr *)mnl_nlmsg_get_payload(req))->cmd, type, err, nl->text,
		    nl->bad_type);
	return err;
}

/* It says what would be right, as the kernel says of the command. */
static void bound_told(const struct nl *nl, const struct nl_value *v)
{
	const struct nl_value *b = &nl->bound;

	if (b->kind != v->kind || b->min != v->min || b->max != v->max || b->mask != v->mask)
		die(__FILE__, __LINE__,
		    "attribute %d: kind %u, %llu to %llu, mask %#llx; not %u, %llu to %llu, %#llx",
		    v->number, b->kind, (unsigned long long)b->min, (unsigned long long)b->max,
		    (unsigned long long)b->mask, v->kind, (unsigned long long)v->min,
		    (unsigned long long)v->max, (unsigned long long)v->mask);
}

/* The nest that leads to it, and in it one attribute with these bytes. */
static struct nlmsghdr *with(struct nl *nl, int cmd, int flags, int outer, int type,
			     const void *bytes, size_t len)
{
	struct nlmsghdr *req = nl_request(nl, cmd, flags);
	struct nlattr *nest = NULL;

	if (outer)
		nest = mnl_attr_nest_start(req, (uint16_t)outer);
	mnl_attr_put(req, (uint16_t)type, len, bytes);
	if (nest)
		mnl_attr_nest_end(req, nest);
	return req;
}

static size_t size_of(uint32_t kind)
{
	static const size_t sizes[] = {
		[NL_ATTR_TYPE_U8] = 1, [NL_ATTR_TYPE_U16] = 2, [NL_ATTR_TYPE_U32] = 4,
		[NL_ATTR_TYPE_U64] = 8,
	};

	return kind < sizeof(sizes) / sizeof(*sizes) ? sizes[kind] : 0;
}

static bool little_end_first(void)
{
	return htons(1) != 1;
}

static int beyond(struct nl *nl, int cmd, int flags, int outer, const struct nl_value *v,
		  uint64_t number)
{
	size_t len = size_of(v->kind);
	uint8_t bytes[8];

	memcpy(bytes, &number, sizeof(bytes));
	refused(nl, with(nl, cmd, flags, outer, v->number,
			 bytes + (little_end_first() ? 0 : 8 - len), len), v->number);
	bound_told(nl, v);
	return 1;
}

static int of_size(struct nl *nl, int cmd, int flags, int outer, const struct nl_value *v,
		   size_t len)
{
	static const uint8_t zeroes[300];

	refused(nl, with(nl, cmd, flags, outer, v->number, zeroes, len), v->number);
	bound_told(nl, v);
	return 1;
}

/* Bounds that the policy itself has; the others are those of netlink_config and of below. */
static int check_bounds(struct nl *nl, int cmd, int flags, int outer, const struct nl_value *v)
{
	size_t len = size_of(v->kind);
	uint64_t most = len == 8 ? UINT64_MAX : (1ULL << 8 * len) - 1;
	int count = 0;

	if (v->mask && v->mask != most)
		count += beyond(nl, cmd, flags, outer, v, v->mask + 1);
	if (v->max && v->max < most)
		count += beyond(nl, cmd, flags, outer, v, v->max + 1);
	if (v->min)
		count += beyond(nl, cmd, flags, outer, v, v->min - 1);
	return count;
}

/* Returns how many refusals there were. */
static int check_policy(struct nl *nl, const struct nl_policies *all, int cmd, int flags,
			int outer, int number)
{
	const struct nl_policy *p = &all->policy[number];
	static const uint8_t zeroes[300];
	bool taken[NL_ATTRS] = { false };
	int count = 0;

	for (int i = 0; i < p->count; i++) {
		const struct nl_value *v = &p->value[i];
		size_t len = size_of(v->kind);

		taken[v->number] = true;
		if (len) {
			count += of_size(nl, cmd, flags, outer, v, len - 1);
			count += of_size(nl, cmd, flags, outer, v, len + 1);
			count += check_bounds(nl, cmd, flags, outer, v);
		} else if (v->kind == NL_ATTR_TYPE_FLAG) {
			count += of_size(nl, cmd, flags, outer, v, 1);
		} else if (v->kind == NL_ATTR_TYPE_NESTED) {
			/* Without NLA_F_NESTED. */
			refused(nl, with(nl, cmd, flags, outer, v->number, zeroes, 0), v->number);
			count += 1 + check_policy(nl, all, cmd, flags, v->number, v->nest);
		} else {
			/* Addresses: no others are bytes. */
			refused(nl, with(nl, cmd, flags, outer, v->number, zeroes, 5), v->number);
			count++;
		}
	}
	/* What it does not take, within the set and beyond. */
	for (int type = 1; type < NL_ATTRS; type++) {
		if (taken[type])
			continue;
		SAME(refused(nl, with(nl, cmd, flags, outer, type, zeroes, 4), 0), -EINVAL);
		count++;
	}
	return count;
}

static void listen_at(uint16_t port)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = port };

	fd_listen(&here, 1);
}

/* With what the kernel itself says of each command. */
TEST(policies)
{
	struct nl_picture *before;
	struct nl_policies *all;
	int refusals = 0;
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	listen_at(80);
	before = nl_picture(nl);
	SAME(nl_picture_count(before, HSTP_CMD_CONN_GET), 1);
	all = nl_policies(nl);
	NEED(all->commands >= HSTP_CMD_CONFIG_SET);
	for (int i = 0; i < all->commands; i++) {
		int cmd = all->command[i].cmd;

		if (all->command[i].once >= 0)
			refusals += check_policy(nl, all, cmd, 0, 0, all->command[i].once);
		if (all->command[i].dump >= 0)
			refusals += check_policy(nl, all, cmd, NLM_F_DUMP, 0, all->command[i].dump);
		else
			SAME(nl_talk(nl, nl_request(nl, cmd, NLM_F_DUMP), NULL, NULL), -EOPNOTSUPP);
	}
	printf("# %d commands, %d refusals\n", all->commands, refusals);
	stats_sums(NS_A);
	/* A command that there is not. */
	for (int cmd = HSTP_CMD_MAX + 1; cmd < 256; cmd++)
		SAME(nl_talk(nl, nl_request(nl, cmd, 0), NULL, NULL), -EOPNOTSUPP);
	nl_picture_same(before, nl_picture(nl));
}

/* As include/hstp.yaml has them: sets of what an enumeration has, and one of it. */
TEST(bounds)
{
#define ALL(last)	((2U << (last)) - 1)
	static const struct {
		int cmd, outer, type, size;
		uint64_t max;
	} cases[] = {
		{ HSTP_CMD_CONN_GET, HSTP_A_CONN_MATCH, HSTP_A_MATCH_STATES, 2,
		  ALL(HSTP_NL_STATE_TIME_WAIT) },
		{ HSTP_CMD_STATS_GET, 0, HSTP_A_STATS_PARTS, 4, ALL(HSTP_NL_PART_ARROWS) },
		{ HSTP_CMD_STATS_RESET, 0, HSTP_A_STATS_PARTS, 4, ALL(HSTP_NL_PART_ARROWS) },
		{ HSTP_CMD_FAULT_ADD, 0, HSTP_A_FAULT_STATES, 2, ALL(HSTP_NL_STATE_TIME_WAIT) },
		{ HSTP_CMD_FAULT_ADD, 0, HSTP_A_FAULT_DIRECTION, 1, HSTP_NL_DIRECTION_OUT },
		{ HSTP_CMD_FAULT_ADD, 0, HSTP_A_FAULT_TEXT, 1, HSTP_NL_TEXT_WITH },
		{ HSTP_CMD_FAULT_ADD, 0, HSTP_A_FAULT_ACTION, 1, HSTP_NL_ACTION_CORRUPT },
		{ HSTP_CMD_FAULT_ADD, 0, HSTP_A_FAULT_FIELD, 1, HSTP_NL_FIELD_SACK_RIGHT },
		{ HSTP_CMD_FAULT_ADD, 0, HSTP_A_FAULT_HOW, 1, HSTP_NL_HOW_CLEAR },
	};
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const uint64_t bad[] = { cases[i].max + 1, 255, 0x7fff };

		for (size_t j = 0; j < 3; j++) {
			size_t skip = little_end_first() ? 0 : 8 - (size_t)cases[i].size;

			if (bad[j] >> 8 * cases[i].size || bad[j] <= cases[i].max)
				continue;
			SAME(refused(nl, with(nl, cases[i].cmd, 0, cases[i].outer, cases[i].type,
					      (const uint8_t *)&bad[j] + skip,
					      (size_t)cases[i].size), cases[i].type), -ERANGE);
			SAME(nl->bound.min, 0);
			SAME(nl->bound.max, cases[i].max);
		}
	}
}

/* Bytes behind the last attribute that are none. */
TEST(leftover)
{
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	for (int cmd = HSTP_CMD_CONN_GET; cmd <= HSTP_CMD_MAX; cmd++) {
		struct nlmsghdr *req = nl_request(nl, cmd, 0);

		if (cmd == HSTP_CMD_EVENT || cmd == HSTP_CMD_SEGMENT || cmd == HSTP_CMD_CHANGE)
			continue;
		memset((char *)req + req->nlmsg_len, 0, 2);
		req->nlmsg_len += 2;
		SAME(refused(nl, req, 0), -EINVAL);
	}
}

/* What only the command itself can know, with the words that name the bound. */
TEST(matches)
{
	static const struct {
		int type, size;
		uint8_t bytes[16];
		int with_type;		/* an address beside it */
		const char *words;
	} cases[] = {
		/* Given as 0 they do not mean "any". */
		{ HSTP_A_MATCH_LOCAL_PORT, 2, { 0 }, 0, "local-port must be 1 to 65535" },
		{ HSTP_A_MATCH_REMOTE_PORT, 2, { 0 }, 0, "remote-port must be 1 to 65535" },
		{ HSTP_A_MATCH_COOKIE, 8, { 0 }, 0, "cookie must be 1 to" },
		{ HSTP_A_MATCH_SINCE, 8, { 0 }, 0, "since must be 1 to" },
		{ HSTP_A_MATCH_LOCAL_ADDRESS, 3, { 127 }, 0, "local-address must be 4 or 16" },
		{ HSTP_A_MATCH_REMOTE_ADDRESS, 15, { 127 }, 0, "remote-address must be 4 or 16" },
		{ HSTP_A_MATCH_LOCAL_PREFIX, 1, { 8 }, 0, "prefix" },
		{ HSTP_A_MATCH_REMOTE_PREFIX, 1, { 8 }, 0, "prefix" },
		{ HSTP_A_MATCH_LOCAL_PREFIX, 1, { 33 }, HSTP_A_MATCH_LOCAL_ADDRESS, "0 to 32" },
		{ HSTP_A_MATCH_REMOTE_PREFIX, 1, { 255 }, HSTP_A_MATCH_REMOTE_ADDRESS, "0 to 32" },
		{ HSTP_A_MATCH_UID, 4, { 255, 255, 255, 255 }, 0, "uid" },
	};
	static const struct {
		int cmd, flags;
	} commands[] = {
		{ HSTP_CMD_CONN_GET, 0 }, { HSTP_CMD_CONN_GET, NLM_F_DUMP },
		{ HSTP_CMD_CONN_ABORT, 0 }, { HSTP_CMD_CONN_CLOSE, 0 },
	};
	struct nlmsghdr *req;
	struct nlattr *nest;
	struct nl *nl;
	int err;

	net_alone();
	nl = nl_open(NS_A);
	for (size_t c = 0; c < sizeof(commands) / sizeof(*commands); c++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			req = nl_request(nl, commands[c].cmd, commands[c].flags);
			nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
			if (cases[i].with_type)
				mnl_attr_put_u32(req, (uint16_t)cases[i].with_type, 127);
			mnl_attr_put(req, (uint16_t)cases[i].type, (size_t)cases[i].size,
				     cases[i].bytes);
			mnl_attr_nest_end(req, nest);
			/* A number beyond its bounds is out of range. */
			err = -EINVAL;
			if (strstr(cases[i].words, "must be 1 to"))
				err = -ERANGE;
			SAME(refused(nl, req, cases[i].type), err);
			NEED(strstr(nl->text, cases[i].words));
		}
		/* A dump without a match is of all. */
		if (commands[c].flags)
			continue;
		SAME(refused(nl, nl_request(nl, commands[c].cmd, 0), 0), -EINVAL);
		NEED(strstr(nl->text, "match is missing"));
	}
	/* A prefix of IPv6. */
	req = nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP);
	nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
	mnl_attr_put(req, HSTP_A_MATCH_LOCAL_ADDRESS, 16, &in6addr_loopback);
	mnl_attr_put_u8(req, HSTP_A_MATCH_LOCAL_PREFIX, 129);
	mnl_attr_nest_end(req, nest);
	SAME(refused(nl, req, HSTP_A_MATCH_LOCAL_PREFIX), -EINVAL);
	NEED(strstr(nl->text, "0 to 128"));
	/* None, and more than one. */
	req = nl_request(nl, HSTP_CMD_CONN_GET, 0);
	mnl_attr_nest_end(req, mnl_attr_nest_start(req, HSTP_A_CONN_MATCH));
	SAME(refused(nl, req, HSTP_A_CONN_MATCH), -ENOENT);
	for (uint16_t port = 80; port < 82; port++)
		listen_at(port);
	req = nl_request(nl, HSTP_CMD_CONN_GET, 0);
	mnl_attr_nest_end(req, mnl_attr_nest_start(req, HSTP_A_CONN_MATCH));
	SAME(refused(nl, req, HSTP_A_CONN_MATCH), -ENOTUNIQ);
	NEED(strstr(nl->text, "1 connection"));
}

/* Neither does held-release take a port that is 0 for any. */
TEST(release_ports)
{
	static const int types[] = { HSTP_A_HELD_LOCAL_PORT, HSTP_A_HELD_REMOTE_PORT };
	static const uint8_t zero[2];
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	for (size_t i = 0; i < 2; i++) {
		SAME(refused(nl, with(nl, HSTP_CMD_HELD_RELEASE, 0, 0, types[i], zero, 2),
			     types[i]), -ERANGE);
		NEED(strstr(nl->text, "port must be 1 to 65535"));
	}
}

TEST_HARNESS_MAIN
