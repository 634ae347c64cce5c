// SPDX-License-Identifier: GPL-2.0
/* stats-get and stats-reset: the same numbers as /proc/net/hstp_stat, and a new beginning
 * that loses none.
 */
#include <linux/genetlink.h>
#include <stdarg.h>
#include <stdatomic.h>

#include "lib/exchange.h"
#include "lib/nl.h"
#include "stress.h"

static const char *const states[] = {
	"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
	"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT",
};

static const char *const flags[] = { "fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr" };

struct check {
	const struct stats *proc;
	int states, transitions, flags, drops, resets;
	long transition_sum;
};

static void same(const struct check *c, const struct nlattr *attr, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void same(const struct check *c, const struct nlattr *attr, const char *fmt, ...)
{
	char key[100];
	va_list args;

	va_start(args, fmt);
	vsnprintf(key, sizeof(key), fmt, args);
	va_end(args);
	if (!attr || (long)nl_number(attr) != stats_get(c->proc, key))
		die(__FILE__, __LINE__, "%s: %ld in /proc, %ld by netlink", key,
		    stats_get(c->proc, key), attr ? (long)nl_number(attr) : -1);
}

static void check_state(struct check *c, const struct nl_attrs *a)
{
	const char *name = states[nl_number(a->by[HSTP_A_STATS_STATE_STATE])];

	c->states++;
	same(c, a->by[HSTP_A_STATS_STATE_NOW], "state %s now", name);
	same(c, a->by[HSTP_A_STATS_STATE_ENTERED], "state %s entered", name);
	same(c, a->by[HSTP_A_STATS_STATE_LEFT], "state %s left", name);
	same(c, a->by[HSTP_A_STATS_STATE_MEDIAN], "state %s p50", name);
	same(c, a->by[HSTP_A_STATS_STATE_P99], "state %s p99", name);
	same(c, a->by[HSTP_A_STATS_STATE_LONGEST], "state %s max", name);
}

static void check_stats(const struct nlmsghdr *m, void *arg)
{
	struct check *c = arg;
	const struct nlattr *attr;
	struct nl_attrs all, a;

	nl_attrs(m, &all);
	same(c, all.by[HSTP_A_STATS_SEGMENTS_IN], "segments in");
	same(c, all.by[HSTP_A_STATS_SEGMENTS_OUT], "segments out");
	same(c, all.by[HSTP_A_STATS_RETRANSMITS], "retransmit");
	same(c, all.by[HSTP_A_STATS_CHALLENGES], "challenge");
	mnl_attr_for_each(attr, m, sizeof(struct genlmsghdr)) {
		switch (mnl_attr_get_type(attr)) {
		case HSTP_A_STATS_STATE:
			nl_nested(attr, &a);
			check_state(c, &a);
			break;
		case HSTP_A_STATS_TRANSITION:
			nl_nested(attr, &a);
			c->transitions++;
			c->transition_sum += (long)nl_number(a.by[HSTP_A_STATS_TRANSITION_COUNT]);
			break;
		case HSTP_A_STATS_FLAG:
			nl_nested(attr, &a);
			c->flags++;
			same(c, a.by[HSTP_A_STATS_FLAG_IN], "flag in %s",
			     flags[nl_number(a.by[HSTP_A_STATS_FLAG_FLAG])]);
			same(c, a.by[HSTP_A_STATS_FLAG_OUT], "flag out %s",
			     flags[nl_number(a.by[HSTP_A_STATS_FLAG_FLAG])]);
			break;
		case HSTP_A_STATS_DROP:
			nl_nested(attr, &a);
			c->drops++;
			if (nl_number(a.by[HSTP_A_STATS_DROP_REASON]) == HSTP_NL_DROP_DUPLICATE)
				same(c, a.by[HSTP_A_STATS_DROP_COUNT], "drop duplicate");
			break;
		case HSTP_A_STATS_RESET_IN:
		case HSTP_A_STATS_RESET_OUT:
			c->resets++;
			break;
		default:
			break;
		}
	}
}

/* Some of everything: an open, a duplicate, a reset; a connection stays. */
static int some_traffic(struct end *us, struct end *it)
{
	int fd = wire_open_active(us, it);

	wire_send(us, PSH | ACK, 10, 301, "old");
	wire_expect(it, ACK, 301, 101);
	wire_sync(NS_A);
	return fd;
}

/* Everything that /proc says, netlink says. */
TEST_F(peer, same_as_proc)
{
	struct nl *nl = nl_open(NS_A);
	struct check c = { .states = 0 };
	long sum = 0;

	some_traffic(&self->us, &self->it);
	c.proc = stats_read(NS_A);
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_STATS_GET, 0), check_stats, &c), 0);
	SAME(c.states, 11);
	SAME(c.flags, 8);
	SAME(c.drops, HSTP_NL_DROP_SECURITY);
	SAME(c.resets, HSTP_NL_RESET_OUT_SECURITY + HSTP_NL_RESET_IN_IGNORED);
	SAME(stats_get(c.proc, "drop duplicate"), 1);
	for (int i = 0; i < 11; i++) {
		char key[64];

		snprintf(key, sizeof(key), "state %s entered", states[i]);
		sum += stats_get(c.proc, key);
	}
	SAME(c.transition_sum, sum);
	SAME(c.transitions, 2);
	nl_close(nl);
}

static void count_attrs(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *attr;

	mnl_attr_for_each(attr, m, sizeof(struct genlmsghdr))
		((int *)arg)[mnl_attr_get_type(attr)]++;
}

#define STATES	11

/* What the reply says of the time in each state, and of that before each arrow. */
struct times {
	/* timed, total, longest; median, p99 */
	uint64_t state[STATES][3], arrow[STATES][STATES][5];
	int arrows;
};

static void take_times(const struct nlmsghdr *m, void *arg)
{
	struct times *t = arg;
	const struct nlattr *attr;
	struct nl_attrs a;

	mnl_attr_for_each(attr, m, sizeof(struct genlmsghdr)) {
		if (mnl_attr_get_type(attr) == HSTP_A_STATS_STATE) {
			uint64_t *s;

			nl_nested(attr, &a);
			s = t->state[nl_number(a.by[HSTP_A_STATS_STATE_STATE])];
			s[0] = nl_number(a.by[HSTP_A_STATS_STATE_TIMED]);
			s[1] = nl_number(a.by[HSTP_A_STATS_STATE_TOTAL]);
			s[2] = nl_number(a.by[HSTP_A_STATS_STATE_LONGEST]);
		} else if (mnl_attr_get_type(attr) == HSTP_A_STATS_ARROW) {
			uint64_t *s;

			nl_nested(attr, &a);
			s = t->arrow[nl_number(a.by[HSTP_A_STATS_ARROW_FROM])]
				    [nl_number(a.by[HSTP_A_STATS_ARROW_TO])];
			s[0] = nl_number(a.by[HSTP_A_STATS_ARROW_TIMED]);
			s[1] = nl_number(a.by[HSTP_A_STATS_ARROW_TOTAL]);
			s[2] = nl_number(a.by[HSTP_A_STATS_ARROW_LONGEST]);
			s[3] = nl_number(a.by[HSTP_A_STATS_ARROW_MEDIAN]);
			s[4] = nl_number(a.by[HSTP_A_STATS_ARROW_P99]);
			t->arrows++;
		}
	}
}

/* One connection is closed at once and one after 400 ms, by two different arrows: each has
 * its own time, and the state has both.
 */
TEST(arrows)
{
	enum { SYN_SENT = 2, ESTABLISHED = 4, FIN_WAIT_1 = 5, LONG = 400 * 1000 };
	struct times t = { .arrows = 0 };
	const uint64_t *slow = t.arrow[ESTABLISHED][FIN_WAIT_1];
	const uint64_t *fast = t.arrow[ESTABLISHED][0];
	struct end us, it;
	struct nl *nl;
	uint64_t begin;
	int fds[2];

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	begin = now_ms();
	for (int i = 0; i < 2; i++) {
		wire_ends(&us, NS_T, (uint16_t)(4000 + i), &it, NS_A, (uint16_t)(80 + i));
		fds[i] = some_traffic(&us, &it);
		if (i)
			usleep(LONG);
	}
	fd_close(fds[1]);
	wire_expect(&it, FIN | ACK, 301, 101);
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_STATS_GET, 0), take_times, &t), 0);
	SAME(t.arrow[SYN_SENT][ESTABLISHED][0], 2);
	SAME(slow[0], 1);
	NEED(slow[1] >= LONG && slow[1] <= (now_ms() - begin + 1) * 1000);
	/* One only: it is the median, the longest, and all of it. */
	SAME(slow[2], slow[1]);
	SAME(slow[3], slow[1]);
	SAME(slow[4], slow[1]);
	SAME(fast[0], 0);

	fd_linger(fds[0], 1, 0);
	fd_close(fds[0]);
	memset(&t, 0, sizeof(t));
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_STATS_GET, 0), take_times, &t), 0);
	SAME(t.arrows, 3);
	SAME(fast[0], 1);
	NEED(fast[1] > slow[1]);
	for (int from = 0; from < STATES; from++) {
		uint64_t timed = 0, total = 0, longest = 0;

		for (int to = 0; to < STATES; to++) {
			timed += t.arrow[from][to][0];
			total += t.arrow[from][to][1];
			if (t.arrow[from][to][2] > longest)
				longest = t.arrow[from][to][2];
		}
		SAME(t.state[from][0], timed);
		SAME(t.state[from][1], total);
		SAME(t.state[from][2], longest);
	}

	/* Counted anew from 0. */
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_STATS_RESET, 0), NULL, NULL), 0);
	memset(&t, 0, sizeof(t));
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_STATS_GET, 0), take_times, &t), 0);
	SAME(t.arrows, 0);
	SAME(t.state[ESTABLISHED][1] + t.state[ESTABLISHED][2], 0);
	nl_close(nl);
}

/* Only the parts that are asked for. */
TEST(parts)
{
	int counts[NL_ATTRS] = { 0 };
	struct nlmsghdr *req;
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	req = nl_request(nl, HSTP_CMD_STATS_GET, 0);
	mnl_attr_put_u32(req, HSTP_A_STATS_PARTS, 1 << HSTP_NL_PART_STATES);
	SAME(nl_talk(nl, req, count_attrs, counts), 0);
	SAME(counts[HSTP_A_STATS_STATE], 11);
	SAME(counts[HSTP_A_STATS_DROP] + counts[HSTP_A_STATS_FLAG] +
	     counts[HSTP_A_STATS_SEGMENTS_IN] + counts[HSTP_A_STATS_EVENT_SEQUENCE], 0);
	req = nl_request(nl, HSTP_CMD_STATS_GET, 0);
	mnl_attr_put_u32(req, HSTP_A_STATS_PARTS, 1U << 31);
	NEED(nl_talk(nl, req, NULL, NULL) < 0);
	SAME(nl->bad_type, HSTP_A_STATS_PARTS);
}

/* The reply has what was counted; then all is 0 but the connections that there are, which
 * have entered the state they are in.
 */
TEST(reset)
{
	struct check c = { .states = 0 };
	struct end us, it;
	struct nl *nl;
	int fd;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	fd = some_traffic(&us, &it);
	c.proc = stats_read(NS_A);
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_STATS_RESET, 0), check_stats, &c), 0);
	SAME(c.transitions, 2);

	SAME(stat_now(NS_A, "segments in"), 0);
	SAME(stat_now(NS_A, "drop duplicate"), 0);
	SAME(stat_now(NS_A, "state SYN-SENT entered"), 0);
	SAME(stat_now(NS_A, "state SYN-SENT max"), 0);
	SAME(stat_now(NS_A, "state ESTABLISHED now"), 1);
	SAME(stat_now(NS_A, "state ESTABLISHED entered"), 1);
	SAME(stat_now(NS_A, "state ESTABLISHED left"), 0);
	SAME(stat_now(NS_A, "state CLOSED left"), 1);
	SAME(stat_now(NS_A, "state CLOSED entered"), 0);

	fd_linger(fd, 1, 0);
	fd_close(fd);
	wire_expect(&it, RST, 301);
	SAME(stat_now(NS_A, "segments out"), 1);
	SAME(stat_now(NS_A, "transition ESTABLISHED CLOSED abort"), 1);
	SAME(stat_now(NS_A, "state ESTABLISHED now"), 0);
	SAME(stat_now(NS_A, "state CLOSED entered"), 1);
}

/* Now and then something stays in LISTEN for a moment. */
static void *listen_and_close(void *arg)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = 80 };

	stress_on_cpu(1);
	while (!atomic_load((atomic_bool *)arg)) {
		close(fd_listen(&here, 1));
		usleep(3000);	/* some resets find nothing else */
	}
	return NULL;
}

/* A time that is counted after a reset is no longer than the longest after it, and not lost with
 * the longest before it, however close to the reset it ends.
 */
TEST(reset_keeps_longest)
{
	int rounds = stress_scaled(3000), counted = 0;
	uint64_t end = now_ms() + PATIENCE_MS;
	atomic_bool stop = false;
	pthread_t thread;
	struct times t;
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	stress_on_cpu(0);
	SAME(pthread_create(&thread, NULL, listen_and_close, &stop), 0);
	/* The other CPU may stand still for all of the rounds. */
	for (int i = 0; i < rounds || (counted <= rounds / 100 && now_ms() < end); i++) {
		struct nlmsghdr *req = nl_request(nl, HSTP_CMD_STATS_RESET, 0);

		memset(&t, 0, sizeof(t));
		mnl_attr_put_u32(req, HSTP_A_STATS_PARTS, 1 << HSTP_NL_PART_STATES);
		SAME(nl_talk(nl, req, take_times, &t), 0);
		counted += t.state[HSTP_NL_STATE_LISTEN][0] > 0;
		if (t.state[HSTP_NL_STATE_LISTEN][0] && !t.state[HSTP_NL_STATE_LISTEN][2])
			die(__FILE__, __LINE__, "round %d: %llu in %llu us, the longest 0", i,
			    (unsigned long long)t.state[HSTP_NL_STATE_LISTEN][0],
			    (unsigned long long)t.state[HSTP_NL_STATE_LISTEN][1]);
	}
	atomic_store(&stop, true);
	SAME(pthread_join(thread, NULL), 0);
	NEED(counted > rounds / 100);
}

TEST_HARNESS_MAIN
