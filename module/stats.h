/* SPDX-License-Identifier: GPL-2.0 */
/* Counters, one set per namespace and CPU. */
#ifndef HSTP_STATS_H
#define HSTP_STATS_H

#include <linux/ktime.h>
#include <linux/percpu.h>

#include "core/fsm.h"
#include "net.h"

/* Times are counted in classes of half an octave up to 2^37 us, 38 hours; the last
 * class holds what is longer, too. One set for each arrow must fit, with all that is
 * counted besides, into what alloc_percpu() gives at most: 32 KiB.
 */
#define HSTP_TIME_CLASSES	74

/**
 * struct hstp_stats - what one CPU has counted in one namespace
 *
 * All members are u64 or arrays of it: hstp_stats_sum() adds them as one array.
 *
 * @transitions: arrows taken, by cause
 * @spent: how often a time in this class was spent in the state that the arrow leaves
 * @spent_total: all those times, us
 * @spent_max: the longest of them, us
 * @flags_in: segments that arrived with each of the eight flags
 * @flags_out: segments sent with each of them
 * @segments_in: segments that arrived
 * @segments_out: segments sent
 * @drops: by reason
 * @resets_in: by what they did
 * @resets_out: by reason
 * @retransmits: segments sent again
 * @challenges: challenge ACKs sent
 * @carried: not counted: in a sum, connections that were in the state when the count
 *	began anew
 */
struct hstp_stats {
	u64 transitions[HSTP_EDGE_COUNT][HSTP_CAUSE_COUNT];
	u64 spent[HSTP_EDGE_COUNT][HSTP_TIME_CLASSES];
	u64 spent_total[HSTP_EDGE_COUNT];
	u64 spent_max[HSTP_EDGE_COUNT];
	u64 flags_in[8];
	u64 flags_out[8];
	u64 segments_in;
	u64 segments_out;
	u64 drops[HSTP_DROP_COUNT];
	u64 resets_in[HSTP_RESET_IN_COUNT];
	u64 resets_out[HSTP_RESET_OUT_COUNT];
	u64 retransmits;
	u64 challenges;
	u64 carried[HSTP_STATE_COUNT];
};

/**
 * struct hstp_times - how long connections stayed in a state before they left it
 *
 * @timed: how many, of those whose time was taken
 * @total: all of it, us
 * @median: half of them stayed no longer, us; at most half too many, and never more
 *	than @longest
 * @p99: 99 of 100 stayed no longer, likewise
 * @longest: us
 */
struct hstp_times {
	u64 timed;
	u64 total;
	u64 median;
	u64 p99;
	u64 longest;
};

#define HSTP_COUNT(hn, field)		this_cpu_inc((*(hn)->stats).field)
#define HSTP_COUNT_ADD(hn, field, n)	this_cpu_add((*(hn)->stats).field, n)

int hstp_stats_init(struct hstp_net *hn);
void hstp_stats_exit(struct hstp_net *hn);
void hstp_stats_event(struct hstp_net *hn, const struct hstp_acts *acts, u64 *since_us);
void hstp_stats_in(struct hstp_net *hn, u8 flags);
void hstp_stats_out(struct hstp_net *hn, u8 flags, bool again);

bool hstp_stats_timed(unsigned int edge, unsigned int cause);
struct hstp_stats *hstp_stats_sum(struct hstp_net *hn);
struct hstp_stats *hstp_stats_reset(struct hstp_net *hn);
void hstp_stats_passages(const struct hstp_stats *sum, enum hstp_state state,
			 u64 *entered, u64 *left);
u32 hstp_stats_arrows(enum hstp_state state);
void hstp_stats_times(const struct hstp_stats *sum, u32 edges, struct hstp_times *times);

/**
 * hstp_since_widen() - the time that a compact record keeps, in full
 * @us: microseconds since boot, modulo 2^32, at most 71 minutes ago
 *
 * The coarse clock is enough to find the upper half. It is behind by a tick, so
 * @us can be ahead of it: allow for a second.
 *
 * Return: microseconds since boot.
 */
static inline u64 hstp_since_widen(u32 us)
{
	u64 top = (u64)ktime_to_us(ktime_get_coarse()) + USEC_PER_SEC;

	return top - (u32)((u32)top - us);
}

#endif /* HSTP_STATS_H */
