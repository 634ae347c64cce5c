// SPDX-License-Identifier: GPL-2.0
/* The group "events": each transition with what it was, as many as were counted, and what a
 * slow listener is told.
 */
#include <linux/genetlink.h>

#include "kselftest_harness.h"

#include "lib/nl.h"
#include "lib/proc.h"
#include "stress.h"

/* scripts/test has a limit of its own. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 3600

#define STATES	(HSTP_NL_STATE_TIME_WAIT + 1)
#define CAUSES	(HSTP_NL_CAUSE_SECURITY + 1)
#define PORT	80

static const char *const states[STATES] = {
	"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
	"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT",
};

static const char *const causes[CAUSES] = {
	"open-passive", "open-active", "fork", "merge", "syn", "syn-ack", "ack", "fin",
	"fin-acked", "rst", "bad-syn", "close", "abort", "unread", "late-text", "retries",
	"fin-timeout", "time-wait", "reopen", "icmp", "listener-closed", "limit",
	"exit", "keepalive", "security",
};

#define REPLAYED	10000	/* connections */
#define UNHEARD		300	/* with HSTP_FULL=1 as many as REPLAYED */
#define SEQUENCES	(1 << 20)
#define QUIET_MS	250	/* what is told is told by then, mostly */

/* What was told, counted as the kernel counts. */
struct log {
	long transitions[STATES][STATES][CAUSES];
	long count;
	uint64_t first, last;	/* sequence numbers */
	uint8_t seen[SEQUENCES / 8];	/* which came, from 1 on */
	bool twice;
	bool disorder;
};

static void take_event(const struct nlmsghdr *m, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(m);
	struct log *log = arg;
	struct nl_attrs a;
	uint64_t from, to, cause, seq;

	SAME(genl->cmd, HSTP_CMD_EVENT);
	nl_attrs(m, &a);
	from = nl_number(a.by[HSTP_A_EVENT_FROM]);
	to = nl_number(a.by[HSTP_A_EVENT_TO]);
	cause = nl_number(a.by[HSTP_A_EVENT_CAUSE]);
	seq = nl_number(a.by[HSTP_A_EVENT_SEQUENCE]);
	NEED(from < STATES && to < STATES && cause < CAUSES);
	NEED(seq && seq < SEQUENCES);
	log->transitions[from][to][cause]++;
	log->disorder |= seq <= log->last;
	log->twice |= log->seen[seq / 8] >> seq % 8 & 1;
	log->seen[seq / 8] |= (uint8_t)(1 << seq % 8);
	log->count++;
	if (!log->first || seq < log->first)
		log->first = seq;
	if (seq > log->last)
		log->last = seq;
}

static struct log *new_log(void)
{
	struct log *log = calloc(1, sizeof(*log));

	NEED(log);
	return log;
}

static void take_sequence(const struct nlmsghdr *m, void *arg)
{
	struct nl_attrs a;

	nl_attrs(m, &a);
	*(uint64_t *)arg = nl_number(a.by[HSTP_A_STATS_EVENT_SEQUENCE]);
}

/* Number of the last event that there was. */
static uint64_t last_sequence(void)
{
	struct nl *nl = nl_open(NS_A);
	uint64_t sequence = 0;

	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_STATS_GET, 0), take_sequence, &sequence), 0);
	nl_close(nl);
	return sequence;
}

/* Connections over loopback, ended in turn by either side, by both, and by a reset. */
static void churn_at(uint16_t port, int count)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = port };
	struct sockaddr_in to = addr_of(here.addr, here.port);
	int listener = fd_listen(&here, 16);

	for (int i = 0; i < count; i++) {
		int client = fd_new(NS_A), server;

		TRY(connect(client, (struct sockaddr *)&to, sizeof(to)));
		server = TRY(accept(listener, NULL, NULL));
		if (i % 5 == 4)
			fd_linger(client, 1, 0);
		if (i % 2)
			close(server);
		close(client);
		if (!(i % 2))
			close(server);
	}
	close(listener);
}

static void churn(int count)
{
	churn_at(PORT, count);
	WAIT(!conn_count(NS_A));
}

/* The counters of /proc/net/hstp_stat are exactly what the events add up to. */
static void same_as_counters(const struct log *log)
{
	struct stats *stats = stats_read(NS_A);
	long known = 0, entered = 0;

	for (int from = 0; from < STATES; from++) {
		for (int to = 0; to < STATES; to++) {
			for (int cause = 0; cause < CAUSES; cause++) {
				long told = log->transitions[from][to][cause];
				char key[100];

				snprintf(key, sizeof(key), "transition %s %s %s", states[from],
					 states[to], causes[cause]);
				if (stats_get(stats, key) != told)
					die(__FILE__, __LINE__, "%s: %ld, told %ld", key,
					    stats_get(stats, key), told);
				known += told;
			}
		}
	}
	SAME(known, log->count);
	for (int i = 0; i < STATES; i++) {
		char key[100];

		snprintf(key, sizeof(key), "state %s entered", states[i]);
		entered += stats_get(stats, key);
	}
	SAME(entered, log->count);
	stats_free(stats);
}

/* With a large buffer none is lost: each number from the first to the last came once, and
 * in this order. The listener reads along, as one does.
 */
TEST(replay)
{
	struct log *log = new_log();
	struct nl *nl;

	net_alone();
	net_hstp(NS_A, "msl_ms", 20);
	nl = nl_open(NS_A);
	nl_join(nl, "events", 0);
	churn(stress_full() ? REPLAYED : stress_scaled(REPLAYED));
	while (log->last < last_sequence())
		NEED(nl_told(nl, PATIENCE_MS, take_event, log) > 0);
	NEED(!log->twice);
	NEED(!log->disorder);
	SAME(log->first, 1);
	SAME(log->last, log->count);
	same_as_counters(log);
}

/* With a small one ENOBUFS says that some are missing, and the numbers which and how many.
 * What the connections do is not changed by it.
 */
TEST(slow_listener)
{
	struct log *log = new_log();
	long count = stress_full() ? REPLAYED : stress_scaled(UNHEARD), entered = 0;
	struct stats *stats;
	struct nl *nl;

	net_alone();
	net_hstp(NS_A, "msl_ms", 20);
	nl = nl_open(NS_A);
	nl_join(nl, "events", 65536);
	churn((int)count);
	/* What waits for the next tick waits no longer, on whatever CPU. */
	for (int cpu = 0; cpu < 2; cpu++) {
		stress_on_cpu(cpu);
		usleep(QUIET_MS * 1000);
	}
	/* What had room is there, in spite of the error, which is told once. */
	SAME(nl_told(nl, 0, take_event, log), -ENOBUFS);
	NEED(nl_told(nl, 0, take_event, log) > 0);
	SAME(log->first, 1);
	SAME(log->last, log->count);
	/* The next that come show by their numbers how many were lost. */
	churn(1);
	while (log->last < last_sequence())
		NEED(nl_told(nl, PATIENCE_MS, take_event, log) > 0);
	SAME(nl_told(nl, 0, take_event, log), 0);
	printf("# %ld connections, %ld events of %ld lost\n", count, (long)log->last - log->count,
	       (long)log->last);
	NEED(log->last > (uint64_t)log->count);
	NEED(!log->twice);
	NEED(!log->disorder);
	stats = stats_read(NS_A);
	SAME(stats_get(stats, "state ESTABLISHED entered"), 2 * (count + 1));
	for (int i = 0; i < STATES; i++) {
		char key[100];

		snprintf(key, sizeof(key), "state %s entered", states[i]);
		entered += stats_get(stats, key);
	}
	SAME(log->last, entered);
	stats_free(stats);
	stats_sums(NS_A);
}

struct course {
	uint64_t ns;
	uint64_t last[2];	/* events, segments */
	long changes;		/* from one group to the other */
	int group;
};

static void take_either(const struct nlmsghdr *m, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(m);
	int group = genl->cmd == HSTP_CMD_SEGMENT;
	struct course *c = arg;
	struct nl_attrs a;
	uint64_t ns;

	nl_attrs(m, &a);
	ns = nl_number(a.by[group ? HSTP_A_SEGMENT_TIME : HSTP_A_EVENT_TIME]);
	NEED(ns >= c->ns);
	c->ns = ns;
	SAME(nl_number(a.by[group ? HSTP_A_SEGMENT_SEQUENCE : HSTP_A_EVENT_SEQUENCE]),
	     ++c->last[group]);
	c->changes += group != c->group;
	c->group = group;
}

static void *churn_beside(void *arg)
{
	net_enter(NS_A);
	stress_on_cpu(1);
	churn_at(PORT + 1, *(int *)arg);
	return NULL;
}

/* Who listens to both groups reads what happened as it happened, on all CPUs. */
TEST(order)
{
	int count = 100;
	struct course course = { .ns = 0 };
	pthread_t beside;
	struct nl *nl;

	net_alone();
	net_hstp(NS_A, "msl_ms", 20);
	net_hstp(NS_A, "segment_events", 1);
	nl = nl_open(NS_A);
	nl_join(nl, "events", 0);
	nl_join(nl, "segments", 0);
	SAME(pthread_create(&beside, NULL, churn_beside, &count), 0);
	stress_on_cpu(0);
	churn_at(PORT, count);
	SAME(pthread_join(beside, NULL), 0);
	WAIT(!conn_count(NS_A));
	while (course.last[0] < last_sequence())
		NEED(nl_told(nl, PATIENCE_MS, take_either, &course) > 0);
	/* Seven segments or so of each connection, with its transitions between them. */
	NEED(course.last[1] >= 2 * 7 * (uint64_t)count);
	NEED(course.changes >= 2 * 7 * count);
}

/* Of many the first. */
static void keep_first(const struct nlmsghdr *m, void *arg)
{
	struct nl_kept *kept = arg;

	if (!kept->count)
		nl_keep(m, kept);
}

static void count_either(const struct nlmsghdr *m, void *arg)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(m);

	((long *)arg)[genl->cmd == HSTP_CMD_SEGMENT]++;
}

#define NUMBER(name)	nl_number(a->by[HSTP_A_EVENT_##name])

/* RFC 9293 figures 6 and 12, event by event, with the numbers of the segments. */
TEST(contents)
{
	static const struct {
		int from, to, cause;
		uint32_t una, nxt, rcv;
	} want[] = {
		{ HSTP_NL_STATE_CLOSED, HSTP_NL_STATE_SYN_SENT, HSTP_NL_CAUSE_OPEN_ACTIVE,
		  300, 301, 0 },
		{ HSTP_NL_STATE_SYN_SENT, HSTP_NL_STATE_ESTABLISHED, HSTP_NL_CAUSE_SYN_ACK,
		  301, 301, 101 },
		{ HSTP_NL_STATE_ESTABLISHED, HSTP_NL_STATE_FIN_WAIT_1, HSTP_NL_CAUSE_CLOSE,
		  301, 302, 101 },
		{ HSTP_NL_STATE_FIN_WAIT_1, HSTP_NL_STATE_FIN_WAIT_2, HSTP_NL_CAUSE_FIN_ACKED,
		  302, 302, 101 },
		{ HSTP_NL_STATE_FIN_WAIT_2, HSTP_NL_STATE_TIME_WAIT, HSTP_NL_CAUSE_FIN,
		  302, 302, 102 },
		{ HSTP_NL_STATE_TIME_WAIT, HSTP_NL_STATE_CLOSED, HSTP_NL_CAUSE_TIME_WAIT,
		  302, 302, 102 },
	};
	struct nl_kept kept = { .count = 0 };
	uint64_t before = 0;
	struct end us, it;
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	net_hstp(NS_A, "msl_ms", 1500);
	nl = nl_open(NS_A);
	nl_join(nl, "events", 0);
	wire_ends(&us, NS_T, 4000, &it, NS_A, PORT);
	fd_close(wire_to_state(&us, &it, "TIME-WAIT"));
	nl_told_count(nl, sizeof(want) / sizeof(*want), nl_keep, &kept);
	for (int i = 0; i < kept.count; i++) {
		const struct nl_attrs *a = &kept.a[i];

		SAME(NUMBER(SEQUENCE), i + 1);
		SAME(NUMBER(FROM), want[i].from);
		SAME(NUMBER(TO), want[i].to);
		SAME(NUMBER(CAUSE), want[i].cause);
		/* Not kept in TIME-WAIT: ISS, IRS, SND.WND */
		SAME(!!a->by[HSTP_A_EVENT_ISS], want[i].from != HSTP_NL_STATE_TIME_WAIT);
		if (a->by[HSTP_A_EVENT_ISS])
			SAME((uint32_t)(NUMBER(ISS) - it.shift), 300);
		SAME((uint32_t)(NUMBER(SND_UNA) - it.shift), want[i].una);
		SAME((uint32_t)(NUMBER(SND_NXT) - it.shift), want[i].nxt);
		if (want[i].rcv) {
			SAME(NUMBER(RCV_NXT), want[i].rcv);
			SAME(NUMBER(IRS), a->by[HSTP_A_EVENT_ISS] ? 100 : 0);
			SAME(NUMBER(SND_WND), a->by[HSTP_A_EVENT_ISS] ? 65535 : 0);
			NEED(NUMBER(RCV_WND) > 0 && NUMBER(RCV_WND) <= 65535);
			SAME(!a->by[HSTP_A_EVENT_SND_WND], !a->by[HSTP_A_EVENT_ISS]);
			SAME(!a->by[HSTP_A_EVENT_IRS], !a->by[HSTP_A_EVENT_ISS]);
		} else {
			/* The peer has said nothing yet. */
			NEED(!a->by[HSTP_A_EVENT_IRS] && !a->by[HSTP_A_EVENT_SND_WND]);
			NEED(!a->by[HSTP_A_EVENT_RCV_NXT]);
		}
		SAME(NUMBER(LOCAL_ADDRESS), it.addr);
		SAME(NUMBER(REMOTE_ADDRESS), us.addr);
		SAME(NUMBER(LOCAL_PORT), htons(PORT));
		SAME(NUMBER(REMOTE_PORT), htons(4000));
		/* Nothing is spent in CLOSED; elsewhere, what lies between two events. */
		NEED(NUMBER(TIME) > before);
		SAME(!!a->by[HSTP_A_EVENT_SPENT], i > 0);
		if (i)
			NEED(NUMBER(SPENT) < NUMBER(TIME) - before + 1000000000);
		before = NUMBER(TIME);
	}
}

#define HELD_MS	400

static uint64_t mono_ns(void)
{
	struct timespec t;

	TRY(clock_gettime(CLOCK_MONOTONIC, &t));
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ESTABLISHED is held for a time that is known from both sides: not before it was seen and not
 * after it was asked to end, nor longer than from before the SYN,ACK to after the close.
 */
TEST(spent)
{
	struct nl_kept kept = { .count = 0 };
	uint64_t before, entered, left, after;
	const struct nl_attrs *a;
	struct end us, it;
	struct nl *nl;
	int fd;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	nl_join(nl, "events", 0);
	wire_ends(&us, NS_T, 4000, &it, NS_A, PORT);
	fd = fd_start(&it);
	wire_expect(&it, SYN, 300);
	before = mono_ns();
	wire_send(&us, SYN | ACK, 100, 301, .wnd = 4321);
	wire_expect(&it, ACK, 301, 101);
	entered = mono_ns();
	usleep(HELD_MS * 1000);
	left = mono_ns();
	fd_close(fd);
	after = mono_ns();
	nl_told_count(nl, 3, nl_keep, &kept);
	a = &kept.a[1];
	SAME(NUMBER(TO), HSTP_NL_STATE_ESTABLISHED);
	SAME(NUMBER(SND_WND), 4321);
	NEED(NUMBER(TIME) >= before && NUMBER(TIME) <= entered);
	a = &kept.a[2];
	SAME(NUMBER(FROM), HSTP_NL_STATE_ESTABLISHED);
	NEED(NUMBER(TIME) >= left && NUMBER(TIME) <= after);
	/* It is kept in whole microseconds. */
	NEED(NUMBER(SPENT) + 2000 >= left - entered);
	NEED(NUMBER(SPENT) <= after - before + 2000);
	NEED(NUMBER(SPENT) >= HELD_MS * 1000000ULL - 2000);
}

/* What is not known is absent: a handshake of a listener has no SND.WND, one that is refused
 * no IRS either (RFC 9293 sections 3.10.7.3 and 3.10.7.4, fifth).
 */
TEST(not_known)
{
	struct nl_kept kept = { .count = 0 };
	const struct nl_attrs *a;
	struct end us, it;
	struct nl *nl;
	bool merged = false;
	int ended = 0;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, PORT);
	fd_listen(&it, 1);
	nl_join(nl, "events", 0);
	wire_send(&us, SYN, 100, .wnd = 4321);
	wire_expect(&it, SYN | ACK, 300, 101);
	wire_send(&us, RST, 101);
	wire_sync(NS_A);
	/* Back in LISTEN there is one for all: the last that is told of it. */
	for (int i = 0; !merged; i++) {
		while (i == kept.count)
			NEED(nl_told(nl, PATIENCE_MS, nl_keep, &kept) > 0);
		a = &kept.a[i];
		NEED(!a->by[HSTP_A_EVENT_SND_WND]);
		ended += NUMBER(FROM) == HSTP_NL_STATE_SYN_RECEIVED;
		if (NUMBER(TO) == HSTP_NL_STATE_SYN_RECEIVED)
			SAME(NUMBER(IRS), 100);
		merged = NUMBER(CAUSE) == HSTP_NL_CAUSE_MERGE;
	}
	SAME(ended, 1);
	kept.count = 0;
	wire_ends(&us, NS_T, 4001, &it, NS_A, PORT + 1);
	fd_start(&it);
	wire_expect(&it, SYN, 300);
	wire_send(&us, RST | ACK, 0, 301);
	state_is(&it, "CLOSED");
	nl_told_count(nl, 2, nl_keep, &kept);
	for (int i = 0; i < 2; i++) {
		a = &kept.a[i];
		SAME((uint32_t)(NUMBER(ISS) - it.shift), 300);
		NEED(!a->by[HSTP_A_EVENT_SND_WND] && !a->by[HSTP_A_EVENT_IRS]);
		NEED(!a->by[HSTP_A_EVENT_RCV_NXT]);
	}
}

/* What is said of joining and leaving is not balanced: who joins twice leaves once, and who
 * leaves need not have joined. Whoever does that takes nobody's events away.
 */
TEST(unbalanced)
{
	struct nl_kept kept = { .count = 0 };
	struct nl *nl, *other;

	net_alone();
	net_hstp(NS_A, "msl_ms", 20);
	nl = nl_open(NS_A);
	other = nl_open(NS_A);
	nl_join(nl, "events", 0);
	for (int i = 0; i < 5; i++)
		TRY(setsockopt(other->fd, SOL_NETLINK, NETLINK_DROP_MEMBERSHIP, &nl->groups[0],
			       sizeof(nl->groups[0])));
	churn(1);
	NEED(nl_told(nl, PATIENCE_MS, keep_first, &kept) > 0);
	nl_join(other, "events", 0);
	nl_join(other, "events", 0);
	nl_close(nl);
	kept.count = 0;
	churn(1);
	NEED(nl_told(other, PATIENCE_MS, keep_first, &kept) > 0);
}

static void any_row(const struct nlmsghdr *m, void *arg)
{
}

/* 0: what is looked for, a port, was told. */
static void find_port(const struct nlmsghdr *m, void *arg)
{
	struct nl_attrs a;

	nl_attrs(m, &a);
	if (ntohs((uint16_t)nl_number(a.by[HSTP_A_EVENT_LOCAL_PORT])) == *(int *)arg)
		*(int *)arg = 0;
}

/* Who joins, takes a dump and follows the events misses nothing between them, though the CPU has
 * seen in the same tick that nobody listens.
 */
TEST(dump_and_follow)
{
	static const int dumps[] = { HSTP_CMD_CONN_GET, HSTP_CMD_FAULT_GET, HSTP_CMD_HELD_GET };
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = PORT };
	struct nlmsghdr *req;
	struct nl *asks;

	here.other = &here;
	net_alone();
	asks = nl_open(NS_A);
	stress_on_cpu(0);
	/* Many a round takes less than a tick. */
	for (int i = 0; i < 3 * 100; i++) {
		struct nl *nl = nl_open(NS_A);
		int fd[2], port;

		fd[0] = fd_bound(&here);
		here.port++;
		fd[1] = fd_bound(&here);
		port = here.port++;
		req = nl_request(asks, dumps[i / 100], NLM_F_DUMP);
		/* Of one connection, since all take longer than a tick. */
		if (dumps[i / 100] == HSTP_CMD_CONN_GET)
			nl_match_end(req, &here);
		TRY(listen(fd[0], 1));
		TRY(setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &nl->groups[0],
			       sizeof(nl->groups[0])));
		SAME(nl_talk(asks, req, any_row, NULL), 0);
		TRY(listen(fd[1], 1));
		while (port)
			if (nl_told(nl, PATIENCE_MS, find_port, &port) <= 0)
				die(__FILE__, __LINE__, "round %d: the event is missing", i);
		nl_close(nl);
		close(fd[0]);
		close(fd[1]);
	}
}

static void nothing(const struct nlmsghdr *m, void *arg)
{
	(void)arg;
	die(__FILE__, __LINE__, "told command %d",
	    ((const struct genlmsghdr *)mnl_nlmsg_get_payload(m))->cmd);
}

/* A namespace tells its own listeners, and no other's. */
TEST(namespaces)
{
	struct nl *nl[2];
	long counts[2] = { 0, 0 };

	net_pair();
	net_hstp(NS_A, "msl_ms", 20);
	net_hstp(NS_A, "segment_events", 1);
	net_hstp(NS_B, "segment_events", 1);
	for (int i = 0; i < 2; i++) {
		nl[i] = nl_open(i ? NS_B : NS_A);
		nl_join(nl[i], "events", 0);
		nl_join(nl[i], "segments", 0);
	}
	churn(3);	/* over A's loopback */
	while (!counts[0] || !counts[1])
		NEED(nl_told(nl[0], PATIENCE_MS, count_either, counts) > 0);
	SAME(nl_told(nl[1], QUIET_MS, nothing, NULL), 0);
}

TEST_HARNESS_MAIN
