// SPDX-License-Identifier: GPL-2.0
/* Random messages to the family: valid ones, mutated and truncated ones, from who may change
 * things and from who may not. The kernel says what it thinks of each and goes on; the
 * latter changes nothing.
 *
 * HSTP_NETLINK_FUZZ is the number of messages of each kind of user, HSTP_SEED the seed.
 */
#include <linux/genetlink.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "lib/nl.h"
#include "lib/proc.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 240

#define MESSAGES	40000

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

static void put_random(struct nlmsghdr *req, uint16_t type)
{
	static const uint16_t lengths[] = { 0, 1, 2, 3, 4, 4, 4, 8, 16, 33 };
	uint8_t bytes[64];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = rnd(3) ? 0 : (uint8_t)rnd(256);
	mnl_attr_put(req, type, lengths[rnd(sizeof(lengths) / sizeof(*lengths))], bytes);
}

/* A request as it could be meant: a command, attributes of its set, a nest of a match. */
static struct nlmsghdr *random_request(struct nl *nl)
{
	struct nlmsghdr *req = nl_request(nl, (int)rnd(HSTP_CMD_MAX + 3),
					  rnd(3) ? 0 : NLM_F_DUMP);

	for (uint32_t n = rnd(4); n; n--) {
		if (rnd(2)) {
			put_random(req, (uint16_t)rnd(HSTP_A_FAULT_MAX + 3));
		} else {
			struct nlattr *nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);

			for (uint32_t m = rnd(5); m; m--)
				put_random(req, (uint16_t)rnd(HSTP_A_MATCH_MAX + 2));
			mnl_attr_nest_end(req, nest);
		}
	}
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

static void drain(struct nl *nl)
{
	while (recv(nl->fd, nl->reply, sizeof(nl->reply), MSG_DONTWAIT) > 0 ||
	       errno == ENOBUFS)
		;
}

/* The child's exit status says how it went. */
static void send_all(long count)
{
	struct nl *nl = nl_open_here();

	for (long i = 0; i < count; i++) {
		struct nlmsghdr *req = random_request(nl);
		uint32_t len = rnd(4) ? mutate(req) : req->nlmsg_len;

		if (send(nl->fd, req, len, 0) < 0)
			SAME(errno, ENOBUFS);
		drain(nl);
	}
	/* It still answers. */
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_CONFIG_GET, 0), NULL, NULL), 0);
}

static void fuzz_as(uid_t uid)
{
	long count = number_of("HSTP_NETLINK_FUZZ", stress_scaled(MESSAGES));
	int status;
	pid_t pid;

	state = (uint64_t)number_of("HSTP_SEED", (long)now_ms()) | 1;
	printf("# %ld messages, HSTP_SEED=%llu\n", count, (unsigned long long)state);
	net_enter(NS_A);
	pid = TRY(fork());
	if (!pid) {
		if (uid) {
			TRY(setresgid(uid, uid, uid));
			TRY(setresuid(uid, uid, uid));
		}
		send_all(count);
		_exit(0);
	}
	TRY(waitpid(pid, &status, 0));
	SAME(status, 0);
}

static char *read_all(const char *path)
{
	char *text = calloc(1, 1 << 16);
	FILE *f;

	NEED(text);
	net_enter(NS_A);
	f = fopen(path, "r");
	NEED(f);
	NEED(fread(text, 1, (1 << 16) - 1, f) > 0);
	fclose(f);
	return text;
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
	}
}

/* Connections, counters and settings are what they were. */
TEST(unprivileged)
{
	static const char *const settings[] = {
		"msl_ms", "retries", "rto_min_ms", "port_min", "port_max", "segment_events",
		"max_orphans", "delack_ms",
	};
	long before[sizeof(settings) / sizeof(*settings)];
	char path[64], *stat;

	net_alone();
	open_some();
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		snprintf(path, sizeof(path), "net.hstp.%s", settings[i]);
		before[i] = net_get_sysctl(NS_A, path);
	}
	stat = read_all("/proc/thread-self/net/hstp_stat");
	SAME(conn_count(NS_A), 41);
	fuzz_as(65534);
	SAME(conn_count(NS_A), 41);
	NEED(!strcmp(stat, read_all("/proc/thread-self/net/hstp_stat")));
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		snprintf(path, sizeof(path), "net.hstp.%s", settings[i]);
		SAME(net_get_sysctl(NS_A, path), before[i]);
	}
}

/* Rules that lose segments, and segments that are held. */
static void end_faults(void)
{
	struct nl *nl = nl_open(NS_A);
	struct nlmsghdr *req = nl_request(nl, HSTP_CMD_FAULT_DEL, 0);

	mnl_attr_put(req, HSTP_A_FAULT_ALL, 0, NULL);
	SAME(nl_talk(nl, req, NULL, NULL), 0);
	req = nl_request(nl, HSTP_CMD_STEP_SET, 0);
	mnl_attr_put_u8(req, HSTP_A_STEP_ENABLED, 0);
	SAME(nl_talk(nl, req, NULL, NULL), 0);
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
	NEED(net_get_sysctl(NS_A, "net.hstp.port_min") <=
	     net_get_sysctl(NS_A, "net.hstp.port_max"));
	listener = fd_listen(&here, 16);
	fd = fd_new(NS_A);
	TRY(connect(fd, (struct sockaddr *)&to, sizeof(to)));
	fd_close(fd_accept(listener));
}

TEST_HARNESS_MAIN
