// SPDX-License-Identifier: GPL-2.0
/* A dump while connections come and go: each that lasts from its beginning to its end is in
 * it exactly once, whatever it turns into meanwhile. Both ends of each connection are in the
 * namespace, and each end is one of its own in the dump.
 */
#include <stdatomic.h>
#include <sys/resource.h>

#include "kselftest_harness.h"

#include "lib/nl.h"
#include "lib/proc.h"
#include "stress.h"

/* scripts/test has a limit of its own. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 3600

#define LISTENERS	4	/* one alone has not enough ports for the clients */
#define PORT_LASTING	80	/* and those behind: their connections stay, established */
#define PORT_WAITING	91	/* its connections stay, in TIME-WAIT at one end */
#define PORT_CHURN	92	/* and behind: a thread each */
#define CHURNS		2
#define PACE_ROWS	64	/* of dumps, until it is seen whether enough come and go */
#define PORTS		65536

#define DUMPS		40
#define ROWS_EACH	200	/* of dumps, between two connections that close */

static atomic_long rows_seen;	/* of all dumps */

/* Connections that come and go. */
static struct {
	atomic_bool stop;
	atomic_long count;	/* opened and closed again */
	long a_second;		/* wanted at least; 0: any number */
	uint64_t began;		/* ms */
} churn;

/* The dump goes on when as many have come and gone as should have by now. Returns how many
 * that is in a second.
 */
static long keep_pace(void)
{
	uint64_t end = now_ms() + PATIENCE_MS, now;
	long rate;

	for (;;) {
		now = now_ms();
		rate = churn.count * 1000 / (long)(now - churn.began + 1);
		if (rate >= churn.a_second)
			return rate;
		if (now > end)
			die(__FILE__, __LINE__, "%ld a second come and go, not %ld", rate,
			    churn.a_second);
		usleep(1000);
	}
}

struct listing {
	uint8_t lasting[2][LISTENERS][PORTS];	/* by the client's port: both ends are in A */
	uint8_t waiting[PORTS];
	long rows;
};

static bool is_lasting(uint16_t port)
{
	return port >= PORT_LASTING && port < PORT_LASTING + LISTENERS;
}

static void look(const struct nlmsghdr *m, void *arg)
{
	struct listing *seen = arg;
	uint16_t local, remote;
	struct nl_attrs a;

	nl_attrs(m, &a);
	local = ntohs((uint16_t)nl_number(a.by[HSTP_A_CONN_LOCAL_PORT]));
	remote = ntohs((uint16_t)nl_number(a.by[HSTP_A_CONN_REMOTE_PORT]));
	seen->rows++;
	if (++rows_seen % PACE_ROWS == 0 && churn.a_second)
		keep_pace();
	if (is_lasting(remote))
		seen->lasting[0][remote - PORT_LASTING][local]++;
	else if (is_lasting(local) && remote)
		seen->lasting[1][local - PORT_LASTING][remote]++;
	else if (remote == PORT_WAITING)
		seen->waiting[local]++;
}

static uint16_t own_port(int fd)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);

	TRY(getsockname(fd, (struct sockaddr *)&name, &len));
	return ntohs(name.sin_port);
}

struct pair {
	int client, server;
	uint16_t port, to;
};

static struct pair open_pair(int listener, uint16_t port)
{
	struct sockaddr_in to = addr_of(htonl(INADDR_LOOPBACK), port);
	struct pair p = { .client = TRY(socket(AF_INET, SOCK_STREAM, proto)), .to = port };

	TRY(connect(p.client, (struct sockaddr *)&to, sizeof(to)));
	p.server = TRY(accept(listener, NULL, NULL));
	p.port = own_port(p.client);
	return p;
}

static int listen_on(uint16_t port)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = port };

	return fd_listen(&here, 64);
}

static void *run_churn(void *arg)
{
	uint16_t port = (uint16_t)(PORT_CHURN + (long)arg);
	int listener;

	net_enter(NS_A);
	listener = listen_on(port);
	for (long rounds = 0; !churn.stop; rounds++) {
		struct pair p = open_pair(listener, port);

		/* A reset leaves nothing, so that there are always ports. */
		if (rounds % 8)
			fd_linger(p.client, 1, 0);
		close(p.client);
		close(p.server);
		churn.count++;
	}
	close(listener);
	return NULL;
}

/* Goes into TIME-WAIT while a dump is under way: from a connection to a record. There are
 * rows for all of them, see complete_under_churn.
 */
static void *run_closing(void *arg)
{
	struct pair *pairs = arg;

	for (int i = 0; pairs[i].client >= 0; i++) {
		while (rows_seen < (long)i * ROWS_EACH)
			usleep(200);
		close(pairs[i].client);
		close(pairs[i].server);
	}
	return NULL;
}

static void check(const struct listing *seen, const struct pair *lasting, int count,
		  const struct pair *waiting, int closing)
{
	for (int i = 0; i < count; i++) {
		uint16_t port = lasting[i].port, to = lasting[i].to - PORT_LASTING;

		if (seen->lasting[0][to][port] != 1 || seen->lasting[1][to][port] != 1)
			die(__FILE__, __LINE__, "port %d: %d and %d times", port,
			    seen->lasting[0][to][port], seen->lasting[1][to][port]);
	}
	for (int i = 0; i < closing; i++)
		if (seen->waiting[waiting[i].port] != 1)
			die(__FILE__, __LINE__, "port %d, on its way to TIME-WAIT: %d times",
			    waiting[i].port, seen->waiting[waiting[i].port]);
}

/* Both ends of all connections are ours. */
static void allow_files(rlim_t count)
{
	struct rlimit limit = { .rlim_cur = count, .rlim_max = count };

	SAME(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* @count connections that last and @closing that go into TIME-WAIT, while @a_second at least
 * come and go.
 */
static void complete_under_churn(int count, int closing, int dumps, long a_second)
{
	struct pair *lasting = calloc((size_t)count, sizeof(*lasting));
	struct pair *waiting = calloc((size_t)closing + 1, sizeof(*waiting));
	pthread_t churner[CHURNS], closer;
	struct listing *seen = malloc(sizeof(*seen));
	int listener[LISTENERS + 1];
	int dumped = 0;
	struct nl *nl;
	long rate;

	NEED(lasting && waiting && seen);
	allow_files(2 * (rlim_t)(count + closing) + 1000);
	net_alone();
	net_hstp(NS_A, "msl_ms", 120000);
	nl = nl_open(NS_A);
	for (int i = 0; i < LISTENERS; i++)
		listener[i] = listen_on((uint16_t)(PORT_LASTING + i));
	listener[LISTENERS] = listen_on(PORT_WAITING);
	for (int i = 0; i < count; i++)
		lasting[i] = open_pair(listener[i % LISTENERS],
				       (uint16_t)(PORT_LASTING + i % LISTENERS));
	for (int i = 0; i < closing; i++)
		waiting[i] = open_pair(listener[LISTENERS], PORT_WAITING);
	waiting[closing].client = -1;

	for (long i = 0; i < CHURNS; i++)
		SAME(pthread_create(&churner[i], NULL, run_churn, (void *)i), 0);
	WAIT(churn.count > 0);
	churn.count = 0;
	churn.began = now_ms();
	churn.a_second = a_second;
	SAME(pthread_create(&closer, NULL, run_closing, waiting), 0);
	NEED(dumps * (2L * count + closing) >= (long)closing * ROWS_EACH);
	for (; dumped < dumps; dumped++) {
		memset(seen, 0, sizeof(*seen));
		SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP), look, seen), 0);
		NEED(seen->rows >= 2 * count + closing);
		check(seen, lasting, count, waiting, closing);
	}
	rate = keep_pace();
	printf("# %d connections that last, %ld a second that come and go, %d dumps\n", count,
	       rate, dumped);
	SAME(pthread_join(closer, NULL), 0);
	churn.stop = true;
	for (int i = 0; i < CHURNS; i++)
		SAME(pthread_join(churner[i], NULL), 0);
}

TEST(many_dumps)
{
	complete_under_churn(stress_scaled(1500), stress_scaled(600), 40, 0);
}

/* HSTP_FULL=1: 50,000 of them, and a thousand a second. */
TEST(many_connections)
{
	if (stress_full())
		complete_under_churn(50000, 600, 4, 1000);
	else
		complete_under_churn(stress_scaled(5000), stress_scaled(300), 8, 10);
}

/* A reader with little room gets the same, in more messages. */
TEST(small_reader)
{
	struct pair pairs[200];
	struct listing *seen = calloc(1, sizeof(*seen));
	struct nlmsghdr *req;
	int listener;
	struct nl *nl;
	bool done = false;
	int reads = 0;

	NEED(seen);
	net_alone();
	nl = nl_open(NS_A);
	listener = listen_on(PORT_LASTING);
	for (int i = 0; i < 200; i++)
		pairs[i] = open_pair(listener, PORT_LASTING);
	/* The kernel fills what a reader has shown to have: this one has shown nothing yet. */
	close(nl->fd);
	nl->fd = TRY(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
	req = nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP);
	TRY(send(nl->fd, req, req->nlmsg_len, 0));
	while (!done) {
		int len = (int)TRY(recv(nl->fd, nl->reply, 8192, 0));
		const struct nlmsghdr *m;

		reads++;
		for (m = (void *)nl->reply; mnl_nlmsg_ok(m, len); m = mnl_nlmsg_next(m, &len)) {
			NEED(m->nlmsg_type != NLMSG_ERROR);
			done = m->nlmsg_type == NLMSG_DONE;
			if (!done)
				look(m, seen);
		}
	}
	NEED(reads >= 400 * 200 / 8192);
	check(seen, pairs, 200, NULL, 0);
}

TEST_HARNESS_MAIN
