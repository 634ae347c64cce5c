// SPDX-License-Identifier: GPL-2.0
/* config-get and config-set: the settings of net.hstp, all or none, and nobody's but the
 * owner's.
 */
#include <sched.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "lib/nl.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

static const struct setting {
	int type;
	const char *name;
	long standard, min, max;
} settings[] = {
	{ HSTP_A_CONFIG_MSL_MS, "msl_ms", 30000, 1, 120000 },
	{ HSTP_A_CONFIG_SYN_RETRIES, "syn_retries", 7, 1, 127 },
	{ HSTP_A_CONFIG_SYNACK_RETRIES, "synack_retries", 7, 0, 127 },
	{ HSTP_A_CONFIG_RETRIES, "retries", 15, 1, 255 },
	{ HSTP_A_CONFIG_ORPHAN_RETRIES, "orphan_retries", 8, 1, 255 },
	{ HSTP_A_CONFIG_FIN_TIMEOUT, "fin_timeout", 60000, 1, 3600000 },
	{ HSTP_A_CONFIG_RTO_INITIAL_MS, "rto_initial_ms", 1000, 10, 60000 },
	{ HSTP_A_CONFIG_RTO_MIN_MS, "rto_min_ms", 200, 10, 60000 },
	{ HSTP_A_CONFIG_RTO_MAX_MS, "rto_max_ms", 120000, 200, 3600000 },
	{ HSTP_A_CONFIG_DELACK_MS, "delack_ms", 40, 1, 450 },
	{ HSTP_A_CONFIG_RFC5961, "rfc5961", 1, 0, 1 },
	{ HSTP_A_CONFIG_CHALLENGE_ACK_LIMIT, "challenge_ack_limit", 1000, 1, 1000000 },
	{ HSTP_A_CONFIG_MAX_SYN_BACKLOG, "max_syn_backlog", 1024, 1, 1048576 },
	{ HSTP_A_CONFIG_MAX_TIME_WAIT, "max_time_wait", 262144, 0, 16777216 },
	{ HSTP_A_CONFIG_MAX_ORPHANS, "max_orphans", 65536, 0, 16777216 },
	{ HSTP_A_CONFIG_MEM_LIMIT_KIB, "mem_limit_kib", 262144, 64, 1073741824 },
	{ HSTP_A_CONFIG_PORT_MIN, "port_min", 32768, 1, 60999 },
	{ HSTP_A_CONFIG_PORT_MAX, "port_max", 60999, 32768, 65535 },
	{ HSTP_A_CONFIG_SEGMENT_EVENTS, "segment_events", 0, 0, 1 },
	{ HSTP_A_CONFIG_KEEPALIVE_TIME, "keepalive_time", 7200, 1, 32767 },
	{ HSTP_A_CONFIG_KEEPALIVE_INTVL, "keepalive_intvl", 75, 1, 32767 },
	{ HSTP_A_CONFIG_KEEPALIVE_PROBES, "keepalive_probes", 9, 1, 127 },
	{ HSTP_A_CONFIG_RETRIES1, "retries1", 3, 1, 255 },
	{ HSTP_A_CONFIG_WINDOW_SCALING, "window_scaling", 1, 0, 1 },
	{ HSTP_A_CONFIG_TIMESTAMPS, "timestamps", 1, 0, 1 },
	{ HSTP_A_CONFIG_SACK, "sack", 1, 0, 1 },
	{ HSTP_A_CONFIG_DSACK, "dsack", 1, 0, 1 },
	{ HSTP_A_CONFIG_TW_REUSE, "tw_reuse", 0, 0, 1 },
	{ HSTP_A_CONFIG_TW_RECYCLE, "tw_recycle", 0, 0, 1 },
	{ HSTP_A_CONFIG_RCVBUF_MAX, "rcvbuf_max", 6291456, 4096, 1073741824 },
	{ HSTP_A_CONFIG_ECN, "ecn", 2, 0, 2 },
};

#define SETTINGS (sizeof(settings) / sizeof(*settings))

struct values {
	long by[NL_ATTRS];
	int count;
};

static void take_values(const struct nlmsghdr *m, void *arg)
{
	struct values *v = arg;
	struct nl_attrs a;

	nl_attrs(m, &a);
	for (int i = 0; i < NL_ATTRS; i++) {
		v->by[i] = a.by[i] ? (long)nl_number(a.by[i]) : -1;
		v->count += !!a.by[i];
	}
}

static struct values get(struct nl *nl, bool defaults)
{
	struct nlmsghdr *req = nl_request(nl, HSTP_CMD_CONFIG_GET, 0);
	struct values v = { .count = 0 };

	if (defaults)
		mnl_attr_put(req, HSTP_A_CONFIG_DEFAULTS, 0, NULL);
	SAME(nl_talk(nl, req, take_values, &v), 0);
	SAME(v.count, SETTINGS);
	return v;
}

static int set(struct nl *nl, int type, uint32_t value)
{
	struct nlmsghdr *req = nl_request(nl, HSTP_CMD_CONFIG_SET, 0);

	mnl_attr_put_u32(req, (uint16_t)type, value);
	return nl_talk(nl, req, NULL, NULL);
}

static long sysctl(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "net.hstp.%s", name);
	return net_get_sysctl(NS_A, path);
}

/* Bounds are taken, what is past them refused with the name and the bound; the sysctl
 * shows the same.
 */
TEST(bounds)
{
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];
		const long bad[] = { s->min - 1, s->max + 1, 0x80000000L, 0xffffffffL };
		struct values v = get(nl, false);

		SAME(v.by[s->type], s->standard);
		for (size_t j = 0; j < sizeof(bad) / sizeof(*bad); j++) {
			SAME(set(nl, s->type, (uint32_t)bad[j]), -ERANGE);
			NEED(strstr(nl->text, s->name));
			SAME(nl->bad_type, s->type);
			SAME(sysctl(s->name), s->standard);
		}
		SAME(set(nl, s->type, (uint32_t)s->min), 0);
		SAME(sysctl(s->name), s->min);
		SAME(set(nl, s->type, (uint32_t)s->max), 0);
		SAME(sysctl(s->name), s->max);
		SAME(get(nl, true).by[s->type], s->standard);
		SAME(set(nl, s->type, (uint32_t)s->standard), 0);
	}
}

/* The refusal says the bound as a number. */
TEST(refusal_says_bound)
{
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	SAME(set(nl, HSTP_A_CONFIG_DELACK_MS, 500), -ERANGE);
	NEED(strstr(nl->text, "delack_ms") && strstr(nl->text, "1") && strstr(nl->text, "450"));
	SAME(set(nl, HSTP_A_CONFIG_PORT_MAX, 1), -ERANGE);
	NEED(strstr(nl->text, "port_min") && strstr(nl->text, "port_max"));
	SAME(nl->bad_type, HSTP_A_CONFIG_PORT_MAX);
}

/* RFC 6298 section 2, rules 2.4 and 2.5: RTO has a lower and an upper bound. A lower one above the
 * upper one is none: whichever of them says so is refused, and named.
 */
TEST(bounds_of_rto)
{
	struct nlmsghdr *req;
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	SAME(set(nl, HSTP_A_CONFIG_RTO_MAX_MS, 199), -ERANGE);
	SAME(nl->bad_type, HSTP_A_CONFIG_RTO_MAX_MS);
	NEED(strstr(nl->text, "rto_min_ms must not be above rto_max_ms"));
	SAME(set(nl, HSTP_A_CONFIG_RTO_MAX_MS, 200), 0);
	SAME(set(nl, HSTP_A_CONFIG_RTO_MIN_MS, 201), -ERANGE);
	SAME(nl->bad_type, HSTP_A_CONFIG_RTO_MIN_MS);
	SAME(sysctl("rto_min_ms"), 200);
	req = nl_request(nl, HSTP_CMD_CONFIG_SET, 0);
	mnl_attr_put_u32(req, HSTP_A_CONFIG_RTO_MIN_MS, 30);
	mnl_attr_put_u32(req, HSTP_A_CONFIG_RTO_MAX_MS, 29);
	SAME(nl_talk(nl, req, NULL, NULL), -ERANGE);
	SAME(sysctl("rto_min_ms"), 200);
	SAME(sysctl("rto_max_ms"), 200);
	/* Both at once, in whichever order. */
	req = nl_request(nl, HSTP_CMD_CONFIG_SET, 0);
	mnl_attr_put_u32(req, HSTP_A_CONFIG_RTO_MIN_MS, 400);
	mnl_attr_put_u32(req, HSTP_A_CONFIG_RTO_MAX_MS, 500);
	SAME(nl_talk(nl, req, NULL, NULL), 0);
	SAME(sysctl("rto_min_ms"), 400);
	SAME(sysctl("rto_max_ms"), 500);
}

/* One bad value among good ones: nothing changes. Both ends of a range can move at once. */
TEST(all_or_none)
{
	struct nlmsghdr *req;
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	req = nl_request(nl, HSTP_CMD_CONFIG_SET, 0);
	mnl_attr_put_u32(req, HSTP_A_CONFIG_MSL_MS, 1000);
	mnl_attr_put_u32(req, HSTP_A_CONFIG_RETRIES, 256);
	mnl_attr_put_u32(req, HSTP_A_CONFIG_DELACK_MS, 10);
	SAME(nl_talk(nl, req, NULL, NULL), -ERANGE);
	SAME(nl->bad_type, HSTP_A_CONFIG_RETRIES);
	SAME(sysctl("msl_ms"), 30000);
	SAME(sysctl("delack_ms"), 40);

	req = nl_request(nl, HSTP_CMD_CONFIG_SET, 0);
	mnl_attr_put_u32(req, HSTP_A_CONFIG_PORT_MIN, 62000);
	mnl_attr_put_u32(req, HSTP_A_CONFIG_PORT_MAX, 62010);
	mnl_attr_put_u32(req, HSTP_A_CONFIG_MSL_MS, 1000);
	SAME(nl_talk(nl, req, NULL, NULL), 0);
	SAME(sysctl("port_min"), 62000);
	SAME(sysctl("port_max"), 62010);
	SAME(sysctl("msl_ms"), 1000);
}

/* What no setting is, and what is no setting's, is refused. */
TEST(strict)
{
	struct nlmsghdr *req;
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	SAME(set(nl, HSTP_A_CONFIG_MAX + 1, 1), -EINVAL);
	NEED(nl->text[0]);
	req = nl_request(nl, HSTP_CMD_CONFIG_SET, 0);
	mnl_attr_put_u16(req, HSTP_A_CONFIG_MSL_MS, 1);
	SAME(nl_talk(nl, req, NULL, NULL), -EINVAL);
	req = nl_request(nl, HSTP_CMD_CONFIG_SET, 0);
	mnl_attr_put(req, HSTP_A_CONFIG_DEFAULTS, 0, NULL);
	SAME(nl_talk(nl, req, NULL, NULL), -EINVAL);
	SAME(nl->bad_type, HSTP_A_CONFIG_DEFAULTS);
	req = nl_request(nl, HSTP_CMD_CONFIG_GET, 0);
	mnl_attr_put_u32(req, HSTP_A_CONFIG_MSL_MS, 1);
	SAME(nl_talk(nl, req, NULL, NULL), -EINVAL);
	req = nl_request(nl, HSTP_CMD_MAX + 1, 0);
	SAME(nl_talk(nl, req, NULL, NULL), -EOPNOTSUPP);
}

/* A namespace has its own settings. */
TEST(per_namespace)
{
	struct nl *a, *b;

	net_pair();
	a = nl_open(NS_A);
	b = nl_open(NS_B);
	SAME(set(a, HSTP_A_CONFIG_MSL_MS, 77), 0);
	SAME(get(a, false).by[HSTP_A_CONFIG_MSL_MS], 77);
	SAME(get(b, false).by[HSTP_A_CONFIG_MSL_MS], 30000);
}

/* Who has no capability reads, and changes nothing; the commands that change. */
TEST(needs_capability)
{
	static const int changing[] = {
		HSTP_CMD_CONN_ABORT, HSTP_CMD_CONN_CLOSE, HSTP_CMD_STATS_RESET,
		HSTP_CMD_CONFIG_SET, HSTP_CMD_FAULT_ADD, HSTP_CMD_FAULT_DEL, HSTP_CMD_STEP_SET,
		HSTP_CMD_HELD_RELEASE,
	};
	struct nl *nl;

	net_alone();
	net_enter(NS_A);
	TRY(setresgid(65534, 65534, 65534));
	TRY(setresuid(65534, 65534, 65534));
	nl = nl_open_here();
	for (size_t i = 0; i < sizeof(changing) / sizeof(*changing); i++) {
		struct nlmsghdr *req = nl_request(nl, changing[i], 0);

		SAME(nl_talk(nl, req, NULL, NULL), -EPERM);
		NEED(strstr(nl->text, "needs root") && strstr(nl->text, "CAP_NET_ADMIN"));
	}
	SAME(get(nl, false).by[HSTP_A_CONFIG_MSL_MS], 30000);
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_STATS_GET, 0), NULL, NULL), 0);
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP), NULL, NULL), 0);
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_FAULT_GET, NLM_F_DUMP), NULL, NULL), 0);
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_HELD_GET, NLM_F_DUMP), NULL, NULL), 0);
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_STEP_GET, 0), NULL, NULL), 0);
}

/* Root of a user namespace rules the network namespace that belongs to it. */
TEST(owner_of_namespace)
{
	struct nl *nl;

	TRY(setresgid(65534, 65534, 65534));
	TRY(setresuid(65534, 65534, 65534));
	TRY(unshare(CLONE_NEWUSER | CLONE_NEWNET));
	nl = nl_open_here();
	SAME(set(nl, HSTP_A_CONFIG_MSL_MS, 88), 0);
	SAME(get(nl, false).by[HSTP_A_CONFIG_MSL_MS], 88);
}

TEST_HARNESS_MAIN
