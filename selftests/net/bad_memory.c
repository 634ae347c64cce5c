// SPDX-License-Identifier: GPL-2.0
/* No memory: each allocation that a call makes fails in turn, and those in softirq fail at
 * random. Calls say ENOMEM or ENOBUFS, or do without; connections that are open carry on;
 * and nothing is leaked.
 *
 * Needs a kernel with fault injection (CONFIG_FAILSLAB, CONFIG_FAULT_INJECTION_DEBUG_FS).
 */
#include <fcntl.h>

#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/nl.h"
#include "lib/proc.h"
#include "lib/wire.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 900

#define PORT 80
#define FAILSLAB "/sys/kernel/debug/failslab/"
#define FAIL_NTH "/proc/thread-self/fail-nth"
#define CALL_ALLOCATIONS 200	/* no call makes that many */

static void failslab(const char *what, const char *value)
{
	char name[96];

	snprintf(name, sizeof(name), FAILSLAB "%s", what);
	SAME(net_write(name, value, 0), 0);
}

static bool available(void)
{
	return !access(FAILSLAB "probability", W_OK) && !access(FAIL_NTH, W_OK);
}

/* Sleeping allocations fail as well; silently, for the log is read for warnings. */
static void failures_of_any_kind(void)
{
	failslab("ignore-gfp-wait", "N");
	failslab("verbose", "0");
	failslab("probability", "0");
}

/* What a step works on, and the step: 0 or -errno. */
struct work {
	struct sockaddr_in to;
	int listener, client, server;
};

typedef int (*step)(struct work *w);

/* Repeats @step, the nth allocation in it failing, for n = 1, 2 ... until it makes fewer.
 * Returns how often it failed. Where it is a file that cannot be made, the kernel says
 * ENFILE or EMFILE for any protocol.
 */
static int fail_each(struct work *w, step step, void (*undo)(struct work *w))
{
	int nth, failed = 0;

	for (nth = 1; nth < CALL_ALLOCATIONS; nth++) {
		char text[16];
		int fd, err;

		fd = TRY(open(FAIL_NTH, O_RDWR | O_CLOEXEC));
		snprintf(text, sizeof(text), "%d", nth);
		TRY(write(fd, text, strlen(text)));
		err = step(w);
		/* What is left of the count: not 0, the nth was not reached. */
		TRY(pread(fd, text, sizeof(text), 0));
		TRY(write(fd, "0", 1));
		close(fd);
		if (err)
			failed++;
		if (err && err != -ENOMEM && err != -ENOBUFS && err != -EAGAIN &&
		    err != -ENFILE && err != -EMFILE && err != -ENETUNREACH)
			die(__FILE__, __LINE__, "allocation %d failing: %s", nth, strerror(-err));
		undo(w);
		if (atoi(text))
			break;
	}
	NEED(nth > 1 && nth < CALL_ALLOCATIONS);
	return failed;
}

static int make_socket(struct work *w)
{
	w->client = socket(AF_INET, SOCK_STREAM, proto);
	return w->client < 0 ? -errno : 0;
}

static void close_client(struct work *w)
{
	if (w->client >= 0) {
		fd_linger(w->client, 1, 0);
		fd_close(w->client);
	}
	w->client = -1;
}

static int start_listening(struct work *w)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, proto);

	if (fd < 0)
		return -errno;
	w->client = fd;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&w->to, sizeof(w->to)) || listen(fd, 10))
		return -errno;
	return 0;
}

static int do_connect(struct work *w)
{
	w->client = socket(AF_INET, SOCK_STREAM, proto);
	if (w->client < 0)
		return -errno;
	return connect(w->client, (struct sockaddr *)&w->to, sizeof(w->to)) ? -errno : 0;
}

/* Whoever got through is taken from the queue, so that there is room for the next. */
static void forget_connection(struct work *w)
{
	int fd;

	close_client(w);
	while ((fd = accept(w->listener, NULL, NULL)) >= 0)
		close(fd);
}

static int do_accept(struct work *w)
{
	w->server = accept(w->listener, NULL, NULL);
	return w->server < 0 ? -errno : 0;
}

/* The last segment of the handshake may be dealt with by another thread. */
static void connect_for_accept(struct work *w)
{
	SAME(do_connect(w), 0);
	WAIT(fd_events(w->listener, POLLIN, 0));
}

static void put_back(struct work *w)
{
	if (w->server >= 0)
		close(w->server);
	w->server = -1;
	close_client(w);
	while ((w->server = accept(w->listener, NULL, NULL)) >= 0)
		close(w->server);
	connect_for_accept(w);
}

static void work_start(struct work *w)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = PORT };

	net_alone();
	net_hstp(NS_A, "rto_initial_ms", 20);
	net_hstp(NS_A, "rto_min_ms", 20);
	net_hstp(NS_A, "rto_max_ms", 200);
	net_hstp(NS_A, "msl_ms", 20);
	failures_of_any_kind();
	*w = (struct work){ .to = addr_of(here.addr, PORT), .client = -1, .server = -1 };
	w->listener = fd_listen(&here, 100);
	fd_block(w->listener, false);
}

static void work_end(struct work *w)
{
	fd_close(w->listener);
	WAIT(!conn_count(NS_A));
	stats_sums(NS_A);
}

TEST(socket_and_listen)
{
	struct work w;

	if (!available())
		SKIP(return, "this kernel has no fault injection");
	work_start(&w);
	NEED(fail_each(&w, make_socket, close_client) >= 1);
	w.to.sin_port = htons(PORT + 1);
	NEED(fail_each(&w, start_listening, close_client) >= 1);
	work_end(&w);
}

TEST(connecting)
{
	struct work w;

	if (!available())
		SKIP(return, "this kernel has no fault injection");
	work_start(&w);
	NEED(fail_each(&w, do_connect, forget_connection) >= 1);
	work_end(&w);
}

TEST(accepting)
{
	struct work w;

	if (!available())
		SKIP(return, "this kernel has no fault injection");
	work_start(&w);
	connect_for_accept(&w);
	NEED(fail_each(&w, do_accept, put_back) >= 1);
	close_client(&w);
	forget_connection(&w);
	work_end(&w);
}

/* Text goes through unharmed while every tenth atomic allocation fails: what could not be
 * sent or kept is sent again.
 */
TEST(text_while_allocations_fail)
{
	static char out[32768], in[sizeof(out)];
	struct work w;
	int rounds = stress_scaled(50);

	if (!available())
		SKIP(return, "this kernel has no fault injection");
	work_start(&w);
	connect_for_accept(&w);
	SAME(do_accept(&w), 0);
	failslab("ignore-gfp-wait", "Y");
	failslab("times", "-1");
	failslab("probability", "10");
	for (int round = 0; round < rounds; round++) {
		size_t sent = 0, got = 0;

		for (size_t i = 0; i < sizeof(out); i++)
			out[i] = (char)(i * 7 + i / 256 + (size_t)round);
		while (got < sizeof(in)) {
			struct pollfd p = { .fd = w.server, .events = POLLIN };
			ssize_t n;

			if (sent < sizeof(out)) {
				n = send(w.client, out + sent, sizeof(out) - sent, MSG_DONTWAIT);
				if (n > 0)
					sent += (size_t)n;
				else if (errno != EAGAIN && errno != ENOMEM && errno != ENOBUFS)
					die_errno(__FILE__, __LINE__, "send");
			}
			poll(&p, 1, 10);
			n = recv(w.server, in + got, sizeof(in) - got, MSG_DONTWAIT);
			if (n > 0)
				got += (size_t)n;
			else if (!n || (errno != EAGAIN && errno != ENOMEM))
				die_errno(__FILE__, __LINE__, "recv");
		}
		NEED(!memcmp(in, out, sizeof(in)));
	}
	failslab("probability", "0");
	fd_close(w.client);
	fd_close(w.server);
	work_end(&w);
}

/* Connections are opened and closed meanwhile; which fail is for chance to say, but those
 * that are closed end, and none is left.
 */
TEST(connections_while_allocations_fail)
{
	int opened = 0, rounds = stress_scaled(500);
	struct work w;

	if (!available())
		SKIP(return, "this kernel has no fault injection");
	work_start(&w);
	net_hstp(NS_A, "syn_retries", 3);
	net_hstp(NS_A, "synack_retries", 3);
	net_hstp(NS_A, "orphan_retries", 3);
	failslab("times", "-1");
	failslab("ignore-gfp-wait", "Y");
	failslab("probability", "10");
	for (int round = 0; round < rounds; round++) {
		opened += !do_connect(&w);
		if (w.client >= 0)
			close(w.client);
		w.server = accept(w.listener, NULL, NULL);
		if (w.server >= 0)
			close(w.server);
	}
	w.client = -1;
	failslab("probability", "0");
	printf("# %d of %d connections opened\n", opened, rounds);
	NEED(opened > rounds / 4);
	forget_connection(&w);
	work_end(&w);
}

struct heard {
	uint64_t count, last;
};

static void hear(const struct nlmsghdr *m, void *arg)
{
	struct heard *heard = arg;
	struct nl_attrs a;

	nl_attrs(m, &a);
	NEED(nl_number(a.by[HSTP_A_EVENT_SEQUENCE]) > heard->last);
	heard->last = nl_number(a.by[HSTP_A_EVENT_SEQUENCE]);
	heard->count++;
}

struct told {
	uint64_t sequence, lost;
};

static void take_told(const struct nlmsghdr *m, void *arg)
{
	struct told *told = arg;
	struct nl_attrs a;

	nl_attrs(m, &a);
	told->sequence = nl_number(a.by[HSTP_A_STATS_EVENT_SEQUENCE]);
	told->lost = nl_number(a.by[HSTP_A_STATS_EVENTS_LOST]);
}

static struct told told(struct nl *nl)
{
	struct told told = { .sequence = 0 };

	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_STATS_GET, 0), take_told, &told), 0);
	return told;
}

/* An event that there is no memory for is lost, and its listener is told so: by ENOBUFS and by the
 * numbers of the others. Nothing else is lost.
 */
TEST(events_while_allocations_fail)
{
	int rounds = stress_scaled(500), err, losses = 0;
	struct heard heard = { .count = 0 };
	struct nl *nl, *asks;
	struct told end;
	struct work w;

	if (!available())
		SKIP(return, "this kernel has no fault injection");
	work_start(&w);
	nl = nl_open(NS_A);
	asks = nl_open(NS_A);
	nl_join(nl, "events", 0);
	net_hstp(NS_A, "syn_retries", 3);
	net_hstp(NS_A, "synack_retries", 3);
	failslab("times", "-1");
	failslab("ignore-gfp-wait", "Y");
	failslab("probability", "30");
	for (int round = 0; round < rounds; round++) {
		do_connect(&w);
		forget_connection(&w);
	}
	failslab("probability", "0");
	WAIT(conn_count(NS_A) == 1);
	end = told(asks);
	/* The last of them are told with the next one that there is memory for. */
	w.client = -1;
	while (heard.last < end.sequence) {
		err = nl_told(nl, 1000, hear, &heard);
		losses += err == -ENOBUFS;
		if (!err) {
			SAME(do_connect(&w), 0);
			forget_connection(&w);
		}
	}
	WAIT(conn_count(NS_A) == 1);
	while ((err = nl_told(nl, 1000, hear, &heard)))
		losses += err == -ENOBUFS;
	end = told(asks);
	printf("# %llu events, %llu lost\n", (unsigned long long)end.sequence,
	       (unsigned long long)end.lost);
	NEED(end.lost > 0);
	NEED(losses > 0);
	SAME(heard.count + end.lost, end.sequence);
	work_end(&w);
}

TEST_HARNESS_MAIN
