// SPDX-License-Identifier: GPL-2.0
/* Sequence numbers as RFC 9293's figures have them: each initial one as a round number, the
 * same for all connections that an end has had with its peer.
 */
#include "ladder.h"

/* Numbers of one connection are not further apart. */
#define FAR	(1U << 20)
#define KEPT	64

/* The initial sequence number of an end; it may have had others before. */
struct iss {
	struct subject ends;
	uint32_t seq;
	int more;		/* that it is shown as than the first one */
};

static struct {
	bool wanted;
	uint32_t from[2];		/* what the first ones are shown as */
	struct iss kept[KEPT];		/* the latest ones, a ring */
	unsigned int count;
} numbers;

static unsigned int kept(void)
{
	return numbers.count < KEPT ? numbers.count : KEPT;
}

/* That which @seq counts from: the closest before it of that end; or NULL. */
static const struct iss *iss_of(const struct subject *ends, uint32_t seq)
{
	const struct iss *best = NULL;

	for (unsigned int i = 0; i < kept(); i++) {
		const struct iss *iss = &numbers.kept[i];

		if (seq - iss->seq < 1U << 31 && same_ends(&iss->ends, ends) &&
		    (!best || seq - iss->seq < seq - best->seq))
			best = iss;
	}
	return best;
}

/**
 * ladder_iss_learn() - an end has this initial sequence number
 * @ends: it and its peer
 * @seq: the number
 * @chosen: by the end itself. Else it comes from nobody knows where, and may be older than
 *	all others: RFC 9293 figure 8 has 90 for 100 then
 */
void ladder_iss_learn(const struct subject *ends, uint32_t seq, bool chosen)
{
	const struct iss *known = iss_of(ends, seq);
	int more = 0;

	if (known && (known->seq == seq || (!chosen && seq - known->seq < FAR)))
		return;
	for (unsigned int i = 0; i < kept(); i++)
		more += same_ends(&numbers.kept[i].ends, ends) && numbers.kept[i].more >= 0 ?
			1000 : 0;
	numbers.kept[numbers.count++ % KEPT] = (struct iss){
		.ends = *ends, .seq = seq, .more = chosen ? more : -10,
	};
}

/**
 * ladder_iss_shown() - what a sequence number is shown as
 * @ends: who counts with it, and its peer
 * @side: where it is drawn
 * @seq: the number; changed, if anything is known of it
 *
 * Return: false when ladder_count_from() was not called.
 */
bool ladder_iss_shown(const struct subject *ends, int side, uint32_t *seq)
{
	const struct iss *iss = iss_of(ends, *seq);

	if (numbers.wanted && iss)
		*seq = numbers.from[side] + (uint32_t)iss->more + (*seq - iss->seq);
	return numbers.wanted;
}

/**
 * ladder_count_from() - what initial sequence numbers are shown as
 * @left: those of the end at the left
 * @right: of the other
 *
 * When an end has another one later, that is shown as 1000 more.
 */
void ladder_count_from(uint32_t left, uint32_t right)
{
	numbers.wanted = true;
	numbers.from[0] = left;
	numbers.from[1] = right;
}
