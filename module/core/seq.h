/* SPDX-License-Identifier: GPL-2.0 */
/* Arithmetic on sequence numbers and on millisecond clocks, modulo 2^32. */
#ifndef HSTP_CORE_SEQ_H
#define HSTP_CORE_SEQ_H

#include "types.h"

/**
 * hstp_before() - is @a earlier than @b in sequence space
 * @a: sequence number, host order
 * @b: sequence number, host order
 *
 * RFC 9293 section 3.4: comparisons are modulo 2^32 and hold for numbers that
 * are less than 2^31 apart. Times in ms obey the same rule.
 */
static inline bool hstp_before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

/**
 * hstp_after() - is @a later than @b in sequence space
 * @a: sequence number, host order
 * @b: sequence number, host order
 */
static inline bool hstp_after(u32 a, u32 b)
{
	return hstp_before(b, a);
}

/**
 * hstp_between() - is @low =< @seq < @high in sequence space
 * @seq: sequence number, host order
 * @low: first number of the range
 * @high: first number after the range
 */
static inline bool hstp_between(u32 seq, u32 low, u32 high)
{
	return seq - low < high - low;
}

/**
 * hstp_count_on() - a count of bytes in full, of which a sequence number tells the low half
 * @before: the count when it was known last, less than 4 GiB ago
 * @low: its low half now
 */
static inline u64 hstp_count_on(u64 before, u32 low)
{
	return before + (u32)(low - (u32)before);
}

/**
 * struct hstp_range - a run of sequence numbers
 * @left: the first of them
 * @right: the first after it; equal to @left: none
 */
struct hstp_range {
	u32 left;
	u32 right;
};

static inline u32 hstp_seq_min(u32 a, u32 b)
{
	return hstp_before(a, b) ? a : b;
}

static inline u32 hstp_seq_max(u32 a, u32 b)
{
	return hstp_after(a, b) ? a : b;
}

static inline u32 hstp_min(u32 a, u32 b)
{
	return a < b ? a : b;
}

static inline u32 hstp_max(u32 a, u32 b)
{
	return a > b ? a : b;
}

#endif /* HSTP_CORE_SEQ_H */
