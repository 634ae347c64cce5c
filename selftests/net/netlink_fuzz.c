// SPDX-License-Identifier: GPL-2.0
/* Random messages to the family: valid ones, mutated and truncated ones, from who may change
 * things and from who may not. The kernel says what it thinks of each and goes on; the
 * latter changes nothing.
 *
 * What commands there are, and what they take, is asked of the kernel.
 *
 * HSTP_NETLINK_FUZZ is the number of messages of each kind of user, HSTP_SEED the seed.
 */
#include <linux/genetlink.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "fault.h"
#include "lib/nl_picture.h"
#include "lib/nl_policy.h"
#include "lib/sock_raw.h"
#include "stress.h"

/* scripts/test has a limit of its own. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 3600

#define MESSAGES	60000
#define MESSAGES_FULL	1000000		/* HSTP_FULL=1 */
#define PACKET		24	/* messages in one */
#define SENDERS		2

static uint64_t state;

/* xorshift64* */
static uint32_t rnd(uint32_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (uint32_t)(state * 2685821657736338717ULL >> 32) % below;
}

static long number_of(const char *name, long fallback)
{
	const char *text = getenv(name);

	return text ? atol(text) : fallback;
}

static uint64_t random_number(const struct nl_value *v)
{
	uint64_t any = (uint64_t)rnd(UINT32_MAX) << 32 | rnd(UINT32_MAX);

	switch (rnd(8)) {
	case 0:
		return v->min - rnd(2);
	case 1:
		return v->max + rnd(2);
	case 2:
		return any;
	case 3:
		return any >> rnd(64);
	case 4:
		return v->mask ? v->mask & any : v->max;
	default:
		return rnd(12);
	}
}

static void put_bytes(struct nlmsghdr *req, const struct nl_value *v)
{
	static const uint32_t lengths[] = { 0, 1, 4, 4, 4, 4, 16, 16, 33 };
	uint32_t length = lengths[rnd(sizeof(lengths) / sizeof(*lengths))];
	uint8_t bytes[64] = { 127, 0, 0, 1 };

	if (!rnd(4) && v->longest < sizeof(bytes))
		length = v->longest + rnd(2);
	for (size_t i = 0; i < sizeof(bytes); i++)
		if (!rnd(4))
			bytes[i] = (uint8_t)rnd(256);
	mnl_attr_put(req, v->number, length, bytes);
}

static void put_attrs(struct nlmsghdr *req, const struct nl_policies *all, int policy);

static void put_value(struct nlmsghdr *req, const struct nl_policies *all,
		      const struct nl_value *v)
{
	uint64_t number = random_number(v);
	struct nlattr *nest;

	switch (v->kind) {
	case NL_ATTR_TYPE_FLAG:
		mnl_attr_put(req, v->number, 0, NULL);
		break;
	case NL_ATTR_TYPE_U8:
		mnl_attr_put_u8(req, v->number, (uint8_t)number);
		break;
	case NL_ATTR_TYPE_U16:
		mnl_attr_put_u16(req, v->number, (uint16_t)number);
		break;
	case NL_ATTR_TYPE_U32:
		mnl_attr_put_u32(req, v->number, (uint32_t)number);
		break;
	case NL_ATTR_TYPE_U64:
		mnl_attr_put(req, v->number, sizeof(number), &number);
		break;
	case NL_ATTR_TYPE_NESTED:
		nest = mnl_attr_nest_start(req, v->number);
		put_attrs(req, all, v->nest);
		mnl_attr_nest_end(req, nest);
		break;
	default:
		put_bytes(req, v);
		break;
	}
}

static void put_attrs(struct nlmsghdr *req, const struct nl_policies *all, int policy)
{
	const struct nl_policy *p = &all->policy[policy];
	uint32_t n;

	if (policy < 0 || !p->count)
		return;
	for (n = rnd(5); n; n--)
		put_value(req, all, &p->value[rnd((uint32_t)p->count)]);
	/* One that it does not take. */
	if (!rnd(8))
		mnl_attr_put_u32(req, (uint16_t)rnd(NL_ATTRS), rnd(12));
}

/* A request as it could be meant: what the kernel says that the command takes. */
static struct nlmsghdr *random_request(struct nl *nl, const struct nl_policies *all)
{
	uint32_t n = rnd((uint32_t)all->commands);
	bool dump = all->command[n].dump >= 0 && !rnd(4);
	struct nlmsghdr *req = nl_request(nl, rnd(16) ? all->command[n].cmd : (int)rnd(256),
					  dump || !rnd(16) ? NLM_F_DUMP : 0);

	put_attrs(req, all, dump ? all->command[n].dump : all->command[n].once);
	return req;
}

/* One bit, one byte, or a length that is not so; the header's stay what gets it there. */
static uint32_t mutate(struct nlmsghdr *req)
{
	uint8_t *bytes = (uint8_t *)req;
	uint32_t len = req->nlmsg_len;

	for (uint32_t n = rnd(4); n && len > NLMSG_HDRLEN; n--)
		bytes[NLMSG_HDRLEN + rnd(len - NLMSG_HDRLEN)] = (uint8_t)rnd(256);
	if (!rnd(8))
		req->nlmsg_flags = (uint16_t)rnd(65536);
	if (!rnd(8)) {
		len = NLMSG_HDRLEN + rnd(len - NLMSG_HDRLEN + 1);
		req->nlmsg_len = rnd(2) ? len : len + rnd(16);
	}
	return len;
}

/* What became of requests: by their sequence number the command, and by command how many were
 * done.
 */
static uint8_t command_of[256];
static long accepted[256];

static void take_answer(const struct nlmsghdr *m)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(m);

	if (m->nlmsg_type == NLMSG_ERROR && !err->error)
		accepted[command_of[m->nlmsg_seq % 256]]++;
}

static void drain(struct nl *nl)
{
	ssize_t n;

	while ((n = recv(nl->fd, nl->reply, sizeof(nl->reply), MSG_DONTWAIT)) > 0 ||
	       errno == ENOBUFS) {
		const struct nlmsghdr *m = (const void *)nl->reply;

		for (int left = (int)n; mnl_nlmsg_ok(m, left); m = mnl_nlmsg_next(m, &left))
			take_answer(m);
	}
}

/* Several in one packet; what claims another length than it has comes last. Returns how
 * many.
 */
static long send_some(struct nl *nl, const struct nl_policies *all, long most)
{
	static char packet[65536];
	uint32_t total = 0;
	long count = 0;

	while (count < most && count < PACKET) {
		struct nlmsghdr *req = random_request(nl, all);
		uint32_t len = rnd(4) ? req->nlmsg_len : mutate(req);

		memcpy(packet + total, req, len);
		/* What is no request is acknowledged unread. */
		command_of[req->nlmsg_seq % 256] = req->nlmsg_flags & NLM_F_REQUEST ?
						   ((uint8_t *)req)[NLMSG_HDRLEN] : 0;
		total += len;
		count++;
		if (len != req->nlmsg_len)
			break;
		total = NLMSG_ALIGN(total);
	}
	if (send(nl->fd, packet, total, 0) < 0)
		SAME(errno, ENOBUFS);
	drain(nl);
	return count;
}

static const int reading[] = { HSTP_CMD_STATS_GET, HSTP_CMD_CONFIG_GET, HSTP_CMD_STEP_GET };
static const int changing[] = {
	HSTP_CMD_STATS_RESET, HSTP_CMD_CONFIG_SET, HSTP_CMD_STEP_SET, HSTP_CMD_HELD_RELEASE,
	HSTP_CMD_FAULT_ADD, HSTP_CMD_FAULT_DEL, HSTP_CMD_CONN_ABORT, HSTP_CMD_CONN_CLOSE,
};

/* Not all are refused before they come to their command: one in a hundred was done at least,
 * and of those that change, from who may, those that need nothing to be there.
 */
static void check_accepted(long sent, bool may)
{
	long all = 0;

	for (int i = 0; i < 256; i++)
		all += accepted[i];
	printf("# %ld of %ld done\n", all, sent);
	NEED(all > sent / 100);
	for (size_t i = 0; i < sizeof(reading) / sizeof(*reading); i++)
		NEED(accepted[reading[i]] > 0);
	for (size_t i = 0; i < sizeof(changing) / sizeof(*changing); i++) {
		if (!may)
			SAME(accepted[changing[i]], 0);
		else if (i < 4)
			NEED(accepted[changing[i]] > 0);
	}
}

/* The child's exit status says how it went. */
static void send_all(long count, bool may)
{
	struct nl *nl = nl_open_here();
	struct nl_policies *all = nl_policies(nl);
	long sent = count;

	while (count > 0)
		count -= send_some(nl, all, count);
	check_accepted(sent, may);
	/* It still answers. */
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_CONFIG_GET, 0), NULL, NULL), 0);
}

/* @own: as root of a user namespace that the network namespace does not belong to. */
static pid_t start_as(uid_t uid, bool own, long count)
{
	pid_t pid = TRY(fork());

	if (pid)
		return pid;
	if (uid) {
		TRY(setresgid(uid, uid, uid));
		TRY(setresuid(uid, uid, uid));
		if (own)
			TRY(unshare(CLONE_NEWUSER));
	}
	send_all(count, !uid);
	_exit(0);
}

/* On all CPUs at once. */
static void fuzz_as(uid_t uid)
{
	long count = number_of("HSTP_NETLINK_FUZZ",
			       stress_full() ? MESSAGES_FULL : stress_scaled(MESSAGES));
	uint64_t seed = (uint64_t)number_of("HSTP_SEED", (long)now_ms());
	pid_t pids[SENDERS];
	int status;

	printf("# %ld messages, HSTP_SEED=%llu\n", count, (unsigned long long)seed);
	net_enter(NS_A);
	for (int i = 0; i < SENDERS; i++) {
		state = (seed + (uint64_t)i) * 0x9e3779b97f4a7c15ULL | 1;
		pids[i] = start_as(uid, i, count / SENDERS);
	}
	for (int i = 0; i < SENDERS; i++) {
		TRY(waitpid(pids[i], &status, 0));
		SAME(status, 0);
	}
}

static void open_some(void)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = 80 };
	struct sockaddr_in to = addr_of(here.addr, here.port);
	int listener = fd_listen(&here, 16);

	for (int i = 0; i < 20; i++) {
		int fd = fd_new(NS_A);

		TRY(connect(fd, (struct sockaddr *)&to, sizeof(to)));
		if (i % 2)
			TRY(accept(listener, NULL, NULL));
		if (i % 5 == 1)
			fd_send(fd, "unread");
		if (i % 5 == 2)
			fd_shut(fd, SHUT_WR);
	}
}

/* Each rule holds a reset for a connection that there is not, the last one waits in step mode:
 * nothing that is ever sent again.
 */
static void hold_some(struct nl *nl)
{
	struct st_segment syn = {
		.saddr.s_addr = htonl(INADDR_LOOPBACK), .daddr.s_addr = htonl(INADDR_LOOPBACK),
		.sport = 5000, .seq = 100, .flags = SYN,
	};

	fault_add(nl, .way = OUT, .local = "127.0.0.1", .lport = 1001, .action = HOLD);
	fault_add(nl, .way = OUT, .lport = 1002, .set = RST, .action = DELAY, .delay = 600000);
	fault_add(nl, .way = IN, .states = 1 << HSTP_NL_STATE_ESTABLISHED, .probability = 1000000,
		  .seed = 7, .action = DROP);
	for (syn.dport = 1001; syn.dport <= 1003; syn.dport++) {
		if (syn.dport == 1003)
			SAME(step_set(nl, true), 0);
		TRY(st_raw_send(proto, &syn));
	}
	WAIT(held_count(nl) == 3);
}

static void look_for_timer(const struct nlmsghdr *m, void *arg)
{
	struct nl_attrs a;

	nl_attrs(m, &a);
	if (a.by[HSTP_A_CONN_RETRANSMIT_IN] || a.by[HSTP_A_CONN_ACK_IN])
		*(bool *)arg = true;
}

static bool all_acknowledged(struct nl *nl)
{
	bool timers = false;

	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP), look_for_timer, &timers),
	     0);
	return !timers;
}

/* Settings, counters, rules, step mode, held segments and connections are what they were, in
 * each of their attributes.
 */
TEST(unprivileged)
{
	struct nl_picture *before;
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	open_some();
	WAIT(all_acknowledged(nl));
	hold_some(nl);
	before = nl_picture(nl);
	SAME(nl_picture_count(before, HSTP_CMD_CONFIG_GET), 1);
	SAME(nl_picture_count(before, HSTP_CMD_FAULT_GET), 3);
	SAME(nl_picture_count(before, HSTP_CMD_HELD_GET), 3);
	SAME(nl_picture_count(before, HSTP_CMD_CONN_GET), 41);
	fuzz_as(65534);
	nl_picture_same(before, nl_picture(nl));
}

/* Rules that lose segments, and segments that are held. */
static void end_faults(void)
{
	struct nl *nl = nl_open(NS_A);

	SAME(fault_flush(nl), 0);
	SAME(step_set(nl, false), 0);
	nl_close(nl);
}

static void take_back(const struct nlmsghdr *m, void *arg)
{
	struct nlmsghdr *req = arg;
	int settings = 0;
	struct nl_attrs a;

	nl_attrs(m, &a);
	for (int type = 1; type <= HSTP_A_CONFIG_ECN; type++) {
		if (!a.by[type])
			continue;
		mnl_attr_put_u32(req, (uint16_t)type, (uint32_t)nl_number(a.by[type]));
		settings++;
	}
	SAME(settings, 31);
}

/* Each setting has a value that it takes, as netlink_config has their bounds. */
static void check_settings(void)
{
	struct nl *nl = nl_open(NS_A), *other = nl_open(NS_A);
	struct nlmsghdr *req = nl_request(other, HSTP_CMD_CONFIG_SET, 0);

	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_CONFIG_GET, 0), take_back, req), 0);
	SAME(nl_talk(other, req, NULL, NULL), 0);
	nl_close(other);
	nl_close(nl);
}

/* Whatever it did, the settings are within their bounds, and connections work. */
TEST(privileged)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = 81 };
	struct sockaddr_in to = addr_of(here.addr, here.port);
	int listener, fd;

	net_alone();
	open_some();
	fuzz_as(0);
	end_faults();
	check_settings();
	NEED(net_get_sysctl(NS_A, "net.hstp.port_min") <=
	     net_get_sysctl(NS_A, "net.hstp.port_max"));
	listener = fd_listen(&here, 16);
	fd = fd_new(NS_A);
	TRY(connect(fd, (struct sockaddr *)&to, sizeof(to)));
	fd_close(fd_accept(listener));
}

TEST_HARNESS_MAIN
