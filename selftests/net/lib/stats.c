// SPDX-License-Identifier: GPL-2.0
/* /proc/net/hstp_stat: the counters, what they grew by, and whether they add up. */
#include "fd.h"
#include "proc.h"

#include <netinet/in.h>
#include <stdarg.h>

#define KEY_MAX		80
#define KEYS_MAX	512

struct stats {
	int count;
	struct {
		char key[KEY_MAX];
		long value;
	} all[KEYS_MAX];
};

/* A counter may follow its segment by a moment, and that segment a CPU that stands still. */
#define SOON_MS		PATIENCE_MS

static struct stats *marks[NS_COUNT];

static const char *const states[] = {
	"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
	"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT",
};

#define STATES	(sizeof(states) / sizeof(states[0]))

/* TCP has no such file: the tests then check everything else. */
static bool no_counters(void)
{
	return proto == IPPROTO_TCP;
}

static void add(struct stats *stats, long value, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void add(struct stats *stats, long value, const char *fmt, ...)
{
	va_list args;

	NEED(stats->count < KEYS_MAX);
	va_start(args, fmt);
	vsnprintf(stats->all[stats->count].key, KEY_MAX, fmt, args);
	va_end(args);
	stats->all[stats->count++].value = value;
}

/* "state NAME NOW ENTERED LEFT P50 P99 MAX" are six numbers under one name. */
static bool add_state(struct stats *stats, const char *line)
{
	static const char *const columns[] = { "now", "entered", "left", "p50", "p99", "max" };
	long values[6];
	char name[32];

	if (sscanf(line, "state %31s %ld %ld %ld %ld %ld %ld", name, &values[0], &values[1],
		   &values[2], &values[3], &values[4], &values[5]) != 7)
		return false;
	for (int i = 0; i < 6; i++)
		add(stats, values[i], "state %s %s", name, columns[i]);
	return true;
}

/* All other lines end in their number. */
static bool add_line(struct stats *stats, char *line)
{
	char *number, *end;
	long value;

	line[strcspn(line, "\n")] = 0;
	number = strrchr(line, ' ');
	if (!number)
		return false;
	*number++ = 0;
	value = strtol(number, &end, 10);
	if (end == number || *end)
		return false;
	add(stats, value, "%s", line);
	return true;
}

/**
 * stats_read() - read /proc/net/hstp_stat
 * @ns: where
 *
 * Return: all counters, for stats_free().
 */
struct stats *stats_read(enum net_ns ns)
{
	struct stats *stats = calloc(1, sizeof(*stats));
	char line[256];
	FILE *file;

	NEED(stats);
	if (no_counters())
		return stats;
	net_enter(ns);
	file = fopen("/proc/thread-self/net/hstp_stat", "r");
	if (!file)
		die_errno(__FILE__, __LINE__, "/proc/net/hstp_stat");
	while (fgets(line, sizeof(line), file)) {
		bool ok = strncmp(line, "state ", 6) ? add_line(stats, line) :
			  add_state(stats, line);

		if (!ok)
			die(__FILE__, __LINE__, "cannot read this line: %s", line);
	}
	fclose(file);
	return stats;
}

/**
 * stats_free() - free what stats_read() returned
 * @stats: may be NULL
 */
void stats_free(struct stats *stats)
{
	free(stats);
}

/**
 * stats_get() - look a counter up
 * @stats: counters
 * @key: see proc.h
 *
 * Return: its value, 0 when it is not there.
 */
long stats_get(const struct stats *stats, const char *key)
{
	for (int i = 0; stats && i < stats->count; i++)
		if (!strcmp(stats->all[i].key, key))
			return stats->all[i].value;
	return 0;
}

/**
 * stat_now() - read one counter
 * @ns: where
 * @key: see proc.h
 *
 * Return: its value.
 */
long stat_now(enum net_ns ns, const char *key)
{
	struct stats *stats = stats_read(ns);
	long value = stats_get(stats, key);

	stats_free(stats);
	return value;
}

/**
 * stats_mark() - count from here on
 * @ns: where
 */
void stats_mark(enum net_ns ns)
{
	if (net_wired(ns)) {
		wire_sync(ns);
		wire_count_reset(ns);
	}
	stats_free(marks[ns]);
	marks[ns] = stats_read(ns);
}

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* What a test must foresee completely. */
static bool is_foreseen(const char *key)
{
	return starts(key, "transition ") || starts(key, "reset ") || starts(key, "drop ") ||
	       starts(key, "retransmit") || starts(key, "challenge");
}

/* "drop seq 2" wants the counter "drop seq" to grow by 2. */
static long wanted(const char *const *want, const char *key)
{
	size_t len = strlen(key);
	long sum = 0;

	for (; *want; want++)
		if (starts(*want, key) && (*want)[len] == ' ' && !strchr(*want + len + 1, ' '))
			sum += strtol(*want + len, NULL, 10);
	return sum;
}

/* How many counters differ from what is wanted; they are told when @tell. */
static int differences(enum net_ns ns, const struct stats *now, const char *const *want,
		       bool tell)
{
	int wrong = 0;

	for (int i = 0; i < now->count; i++) {
		const char *key = now->all[i].key;
		long grew = now->all[i].value - stats_get(marks[ns], key);

		if (!is_foreseen(key) || grew == wanted(want, key))
			continue;
		wrong++;
		if (tell)
			fprintf(stderr, "# counted: %s %ld, expected %ld\n", key, grew,
				wanted(want, key));
	}
	for (; *want; want++) {
		const char *space = strrchr(*want, ' ');
		char key[KEY_MAX];

		NEED(space && is_foreseen(*want));
		snprintf(key, sizeof(key), "%.*s", (int)(space - *want), *want);
		if (stats_get(now, key) - stats_get(marks[ns], key))
			continue;
		wrong++;
		if (tell)
			fprintf(stderr, "# not counted: %s\n", *want);
	}
	return wrong;
}

/* The mark for segments and flags stays where it was. */
static void move_mark(enum net_ns ns, struct stats *now)
{
	for (int i = 0; i < now->count; i++) {
		if (is_foreseen(now->all[i].key))
			continue;
		now->all[i].value = stats_get(marks[ns], now->all[i].key);
	}
	stats_free(marks[ns]);
	marks[ns] = now;
}

/**
 * stats_only_at() - exactly this was counted since the mark
 * @file: of the step
 * @line: of the step
 * @ns: where
 * @want: "KEY NUMBER" each, NULL at the end
 *
 * Behind STATS(). Moves the mark, but for segments and flags.
 */
void stats_only_at(const char *file, int line, enum net_ns ns, const char *const *want)
{
	uint64_t until = now_ms() + SOON_MS;
	struct stats *now;

	if (no_counters())
		return;
	for (;;) {
		if (net_wired(ns))
			wire_sync(ns);
		now = stats_read(ns);
		if (!differences(ns, now, want, false))
			break;
		if (now_ms() > until) {
			differences(ns, now, want, true);
			die(file, line, "the counters of %c are not as expected",
			    ns == NS_A ? 'A' : 'B');
		}
		stats_free(now);
		usleep(POLL_US);
	}
	move_mark(ns, now);
}

/**
 * stats_skip() - what was counted until now is not looked at
 * @ns: where
 *
 * Moves the mark, but for segments and flags.
 */
void stats_skip(enum net_ns ns)
{
	if (net_wired(ns))
		wire_sync(ns);
	move_mark(ns, stats_read(ns));
}

/**
 * stat_grew_at() - a counter grew by so much since the mark
 * @file: of the step
 * @line: of the step
 * @ns: where
 * @key: see proc.h
 * @n: how much
 *
 * Behind stat_grew().
 */
void stat_grew_at(const char *file, int line, enum net_ns ns, const char *key, long n)
{
	uint64_t until = now_ms() + SOON_MS;
	long grew;

	if (no_counters())
		return;
	while ((grew = stat_now(ns, key) - stats_get(marks[ns], key)) != n) {
		if (now_ms() > until)
			die(file, line, "\"%s\" grew by %ld, not %ld", key, grew, n);
		usleep(POLL_US);
	}
}

static long sum_transitions(const struct stats *stats, const char *state, bool into)
{
	char from[32], to[32];
	long sum = 0;

	for (int i = 0; i < stats->count; i++)
		if (sscanf(stats->all[i].key, "transition %31s %31s", from, to) == 2 &&
		    !strcmp(into ? to : from, state))
			sum += stats->all[i].value;
	return sum;
}

static long column(const struct stats *stats, const char *state, const char *name)
{
	char key[KEY_MAX];

	snprintf(key, sizeof(key), "state %s %s", state, name);
	return stats_get(stats, key);
}

/* Lines of /proc/net/hstp in @state. */
static long lines(const struct conn *conns, int count, const char *state)
{
	long found = 0;

	for (int i = 0; i < count; i++)
		found += !strcmp(conn_state(&conns[i]), state);
	return found;
}

/* CLOSED has no "now": it is where connections come from and end. */
static bool sums_right(const struct stats *stats, const struct conn *conns, int count, bool tell)
{
	bool right = true;

	for (size_t i = 0; i < STATES; i++) {
		long now = column(stats, states[i], "now");
		long entered = column(stats, states[i], "entered");
		long left = column(stats, states[i], "left");
		long in = sum_transitions(stats, states[i], true);
		long out = sum_transitions(stats, states[i], false);

		long found = lines(conns, count, states[i]);

		if (in == entered && out == left && now == (i ? entered - left : 0) &&
		    now == found)
			continue;
		right = false;
		if (tell)
			fprintf(stderr,
				"# %s: %ld lines, now %ld entered %ld left %ld, transitions in %ld out %ld\n",
				states[i], found, now, entered, left, in, out);
	}
	return right;
}

/**
 * stats_sums_at() - the sums must be right
 * @file: of the step
 * @line: of the step
 * @ns: where, idle
 *
 * Behind stats_sums().
 */
void stats_sums_at(const char *file, int line, enum net_ns ns)
{
	uint64_t until = now_ms() + SOON_MS;
	static struct conn conns[CONNS_MAX];
	struct stats *stats;
	bool right;
	int count;

	if (no_counters())
		return;
	do {
		stats = stats_read(ns);
		NEED(stats->count);
		count = conn_list(ns, conns, CONNS_MAX);
		right = sums_right(stats, conns, count, now_ms() > until);
		stats_free(stats);
		if (!right && now_ms() > until)
			die(file, line, "the sums are wrong");
	} while (!right && !usleep(POLL_US));
}

static bool same_count(const struct stats *now, enum net_ns ns, const char *key,
		       unsigned long seen, bool tell)
{
	long counted = stats_get(now, key) - stats_get(marks[ns], key);

	if (counted == (long)seen)
		return true;
	if (tell)
		fprintf(stderr, "# %c counted %ld \"%s\", the wire has had %lu\n",
			ns == NS_A ? 'A' : 'B', counted, key, seen);
	return false;
}

static bool wire_right(const struct stats *now, enum net_ns ns, const struct wire_count *wire,
		       bool tell)
{
	static const char *const flags[] = {
		"fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr"
	};
	bool right = same_count(now, ns, "segments in", wire->in, tell);
	char key[KEY_MAX];

	right &= same_count(now, ns, "segments out", wire->out, tell);
	for (int bit = 0; bit < 8; bit++) {
		snprintf(key, sizeof(key), "flag in %s", flags[bit]);
		right &= same_count(now, ns, key, wire->flag_in[bit], tell);
		snprintf(key, sizeof(key), "flag out %s", flags[bit]);
		right &= same_count(now, ns, key, wire->flag_out[bit], tell);
	}
	return right;
}

/**
 * stats_wire_at() - segments and flags must have been counted as they passed
 * @file: of the step
 * @line: of the step
 * @ns: where
 *
 * Behind stats_wire(); since stats_mark().
 */
void stats_wire_at(const char *file, int line, enum net_ns ns)
{
	uint64_t until = now_ms() + SOON_MS;
	struct wire_count wire;
	struct stats *stats;
	bool right;

	if (no_counters())
		return;
	/* A delayed ACK may leave between the two looks. */
	do {
		wire_sync(ns);
		wire = wire_count(ns);
		stats = stats_read(ns);
		NEED(stats->count);
		right = wire_right(stats, ns, &wire, now_ms() > until);
		stats_free(stats);
		if (!right && now_ms() > until)
			die(file, line, "the counters are not what passed on the wire");
	} while (!right && !usleep(POLL_US));
}
