// SPDX-License-Identifier: GPL-2.0
/* Counting: transitions, time in state, segments, resets; and adding it up. */
#include <linux/bitops.h>
#include <linux/lockdep.h>
#include <linux/math64.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "stats.h"

/**
 * hstp_stats_init() - the counters of a new namespace
 * @hn: namespace
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int hstp_stats_init(struct hstp_net *hn)
{
	BUILD_BUG_ON(sizeof(struct hstp_stats) > PCPU_MIN_UNIT_SIZE);
	mutex_init(&hn->stats_mutex);
	hn->stats_base = NULL;
	hn->stats = alloc_percpu(struct hstp_stats);
	return hn->stats ? 0 : -ENOMEM;
}

/**
 * hstp_stats_exit() - free what hstp_stats_init() allocated
 * @hn: namespace, in which nothing counts any more
 */
void hstp_stats_exit(struct hstp_net *hn)
{
	kvfree(hn->stats_base);
	free_percpu(hn->stats);
}

/* Each octave has two classes: the bit after a number's first one. Below 4 us a class
 * is one microsecond.
 */
static unsigned int time_class(u64 us)
{
	unsigned int octave;

	if (us < 4)
		return us;
	octave = fls64(us) - 1;
	return min_t(unsigned int, octave * 2 + ((us >> (octave - 1)) & 1),
		     HSTP_TIME_CLASSES - 1);
}

/* The longest time that belongs to a class. */
static u64 time_class_end(unsigned int class)
{
	if (class < 4)
		return class;
	return ((class % 2 + 3ULL) << (class / 2 - 1)) - 1;
}

/* Is this the step of a listener's copy on its way from or to the listener? It
 * does not wait for anything in LISTEN.
 */
static bool passes_listen(unsigned int edge, unsigned int cause)
{
	return edge == HSTP_EDGE_LISTEN_SYN_RECEIVED ||
	       (edge == HSTP_EDGE_LISTEN_CLOSED && cause == HSTP_CAUSE_MERGE);
}

/**
 * hstp_stats_timed() - is the time counted that was spent in the state left
 * @edge: arrow taken, of enum hstp_edge
 * @cause: why, of enum hstp_cause
 */
bool hstp_stats_timed(unsigned int edge, unsigned int cause)
{
	return hstp_edges[edge].from != HSTP_CLOSED && !passes_listen(edge, cause);
}

/**
 * hstp_stats_event() - count what an event did
 * @hn: namespace
 * @acts: what came of the event; to be counted once
 * @since_us: when the connection entered the state it was in before the event,
 *	microseconds since boot; advanced when it has left it
 *
 * A reset that was sent is counted when it is @acts' reply; drops and resets
 * that arrived are counted as @acts names them.
 *
 * Context: BH off; under the lock that protects @since_us.
 */
void hstp_stats_event(struct hstp_net *hn, const struct hstp_acts *acts, u64 *since_us)
{
	struct hstp_stats *s = this_cpu_ptr(hn->stats);
	unsigned int i;
	u64 now;

	lockdep_assert_in_softirq();
	if (acts->drop)
		s->drops[acts->drop]++;
	if (acts->reset_in)
		s->resets_in[acts->reset_in]++;
	if (acts->reset_out && (acts->bits & HSTP_ACT_REPLY))
		s->resets_out[acts->reset_out]++;
	if (!acts->transition_count)
		return;

	now = ktime_to_us(ktime_get());
	for (i = 0; i < acts->transition_count; i++) {
		unsigned int edge = acts->transitions[i].edge;
		unsigned int cause = acts->transitions[i].cause;

		s->transitions[edge][cause]++;
		if (hstp_stats_timed(edge, cause)) {
			u64 spent = now - *since_us;

			s->spent[edge][time_class(spent)]++;
			s->spent_total[edge] += spent;
			if (spent > s->spent_max[edge])
				s->spent_max[edge] = spent;
		}
		*since_us = now;
	}
}

static void count_flags(u64 *counters, u8 flags)
{
	for (; flags; flags &= flags - 1)
		counters[__ffs(flags)]++;
}

/**
 * hstp_stats_in() - count a segment that arrived
 * @hn: namespace
 * @flags: of enum hstp_flag
 *
 * Context: BH off.
 */
void hstp_stats_in(struct hstp_net *hn, u8 flags)
{
	struct hstp_stats *s = this_cpu_ptr(hn->stats);

	lockdep_assert_in_softirq();
	s->segments_in++;
	count_flags(s->flags_in, flags);
}

/**
 * hstp_stats_out() - count a segment that is sent
 * @hn: namespace
 * @flags: of enum hstp_flag
 * @again: it is a retransmission
 *
 * Context: BH off.
 */
void hstp_stats_out(struct hstp_net *hn, u8 flags, bool again)
{
	struct hstp_stats *s = this_cpu_ptr(hn->stats);

	lockdep_assert_in_softirq();
	s->segments_out++;
	count_flags(s->flags_out, flags);
	if (again)
		s->retransmits++;
}

/* What all CPUs have counted since the namespace began; @sum is all zeroes. */
static void sum_all(const struct hstp_net *hn, struct hstp_stats *sum)
{
	u64 longest[HSTP_EDGE_COUNT] = { 0 };
	u64 *total = (u64 *)sum;
	unsigned int cpu, i;

	BUILD_BUG_ON(sizeof(*sum) % sizeof(u64));
	for_each_possible_cpu(cpu) {
		const struct hstp_stats *s = per_cpu_ptr(hn->stats, cpu);
		const u64 *counter = (const u64 *)s;

		for (i = 0; i < sizeof(*s) / sizeof(u64); i++)
			total[i] += READ_ONCE(counter[i]);
		for (i = 0; i < HSTP_EDGE_COUNT; i++)
			longest[i] = max(longest[i], READ_ONCE(s->spent_max[i]));
	}
	memcpy(sum->spent_max, longest, sizeof(longest));
}

/* The maxima begin anew. */
static void take_longest(struct hstp_net *hn, u64 *longest)
{
	unsigned int cpu, edge;

	for_each_possible_cpu(cpu) {
		u64 *spent_max = per_cpu_ptr(hn->stats, cpu)->spent_max;

		for (edge = 0; edge < HSTP_EDGE_COUNT; edge++)
			longest[edge] = max(longest[edge], xchg(&spent_max[edge], 0));
	}
}

static void subtract(struct hstp_stats *sum, const struct hstp_stats *base)
{
	const u64 *less = (const u64 *)base;
	u64 *total = (u64 *)sum;
	unsigned int i;

	for (i = 0; i < sizeof(*sum) / sizeof(u64); i++)
		total[i] -= less[i];
}

/**
 * hstp_stats_sum() - add up what all CPUs have counted
 * @hn: namespace
 *
 * Takes no lock of those who count and stops nobody: the sums belong together when
 * the namespace is idle; under load each is right for some time during the call.
 *
 * Context: process, may sleep.
 * Return: the sums, and the largest of the maxima, for the caller to kvfree(),
 * or NULL: no memory.
 */
struct hstp_stats *hstp_stats_sum(struct hstp_net *hn)
{
	struct hstp_stats *sum = kvzalloc(sizeof(*sum), GFP_KERNEL);

	if (!sum)
		return NULL;
	mutex_lock(&hn->stats_mutex);
	sum_all(hn, sum);
	if (hn->stats_base)
		subtract(sum, hn->stats_base);
	mutex_unlock(&hn->stats_mutex);
	return sum;
}

/* The connections that there are have entered their states before the new count. */
static void carry(struct hstp_stats *base, const struct hstp_stats *sum)
{
	unsigned int state;
	u64 entered, left;

	for (state = 0; state < HSTP_STATE_COUNT; state++) {
		hstp_stats_passages(sum, state, &entered, &left);
		base->carried[state] = left - entered;
	}
	/* It left CLOSED, once for each of them */
	base->carried[HSTP_CLOSED] = -base->carried[HSTP_CLOSED];
}

/**
 * hstp_stats_reset() - begin to count anew
 * @hn: namespace
 *
 * Those who count are not stopped: what has been counted so far is subtracted from
 * now on. Each count is in the result, or comes after it. The longest time of those that are
 * counted now is known in any case: one that ends at this very moment may be known in both. A
 * connection that is in a state counts as having entered it.
 *
 * Context: process, may sleep.
 * Return: as hstp_stats_sum(), the last of the old.
 */
struct hstp_stats *hstp_stats_reset(struct hstp_net *hn)
{
	struct hstp_stats *sum, *base;
	u64 longest[HSTP_EDGE_COUNT] = { 0 };
	unsigned int edge;

	base = kvmalloc(sizeof(*base), GFP_KERNEL_ACCOUNT);
	sum = kvzalloc(sizeof(*sum), GFP_KERNEL);
	if (!base || !sum) {
		kvfree(base);
		kvfree(sum);
		return NULL;
	}
	mutex_lock(&hn->stats_mutex);
	/* In this order: what is not in the sum has its maximum still to come */
	take_longest(hn, longest);
	sum_all(hn, sum);
	memcpy(base, sum, sizeof(*base));
	memset(base->spent_max, 0, sizeof(base->spent_max));
	for (edge = 0; edge < HSTP_EDGE_COUNT; edge++)
		sum->spent_max[edge] = max(sum->spent_max[edge], longest[edge]);
	if (hn->stats_base)
		subtract(sum, hn->stats_base);
	carry(base, sum);
	swap(hn->stats_base, base);
	mutex_unlock(&hn->stats_mutex);
	kvfree(base);
	return sum;
}

/**
 * hstp_stats_passages() - how often a state was entered and left
 * @sum: from hstp_stats_sum()
 * @state: the state
 * @entered: times entered
 * @left: times left; the difference is the number of connections now in it
 */
void hstp_stats_passages(const struct hstp_stats *sum, enum hstp_state state,
			 u64 *entered, u64 *left)
{
	unsigned int edge, cause;

	*entered = state == HSTP_CLOSED ? 0 : sum->carried[state];
	*left = state == HSTP_CLOSED ? sum->carried[state] : 0;
	for (edge = 0; edge < HSTP_EDGE_COUNT; edge++) {
		u64 count = 0;

		if (hstp_edges[edge].from != state && hstp_edges[edge].to != state)
			continue;
		for (cause = 0; cause < HSTP_CAUSE_COUNT; cause++)
			count += sum->transitions[edge][cause];
		if (hstp_edges[edge].to == state)
			*entered += count;
		else
			*left += count;
	}
}

/**
 * hstp_stats_arrows() - the arrows that leave a state
 * @state: the state
 *
 * Return: a bit for each, 1 << enum hstp_edge.
 */
u32 hstp_stats_arrows(enum hstp_state state)
{
	unsigned int edge;
	u32 edges = 0;

	BUILD_BUG_ON(HSTP_EDGE_COUNT > 32);
	for (edge = 0; edge < HSTP_EDGE_COUNT; edge++) {
		if (hstp_edges[edge].from == state)
			edges |= BIT(edge);
	}
	return edges;
}

/* How many stayed for a time in @class before they took one of @edges. */
static u64 in_class(const struct hstp_stats *sum, u32 edges, unsigned int class)
{
	u64 count = 0;

	for (; edges; edges &= edges - 1)
		count += sum->spent[__ffs(edges)][class];
	return count;
}

/* The time that @percent of a hundred did not exceed, us. */
static u64 percentile(const struct hstp_stats *sum, u32 edges, const struct hstp_times *times,
		      unsigned int percent)
{
	u64 rank = div_u64(times->timed * percent + 99, 100), seen = 0;
	unsigned int class;

	for (class = 0; class < HSTP_TIME_CLASSES - 1; class++) {
		seen += in_class(sum, edges, class);
		if (seen >= rank)
			return min(time_class_end(class), times->longest);
	}
	return times->longest;
}

/**
 * hstp_stats_times() - how long connections stayed before they took one of some arrows
 * @sum: from hstp_stats_sum()
 * @edges: the arrows, 1 << enum hstp_edge each; those of hstp_stats_arrows() for a state
 * @times: where it is told; all 0 when none of the arrows was taken
 */
void hstp_stats_times(const struct hstp_stats *sum, u32 edges, struct hstp_times *times)
{
	unsigned int class;
	u32 rest;

	memset(times, 0, sizeof(*times));
	for (class = 0; class < HSTP_TIME_CLASSES; class++)
		times->timed += in_class(sum, edges, class);
	for (rest = edges; rest; rest &= rest - 1) {
		times->total += sum->spent_total[__ffs(rest)];
		times->longest = max(times->longest, sum->spent_max[__ffs(rest)]);
	}
	if (!times->timed)
		return;
	times->median = percentile(sum, edges, times, 50);
	times->p99 = percentile(sum, edges, times, 99);
}
