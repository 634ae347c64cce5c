// SPDX-License-Identifier: GPL-2.0
/* Segments whose line was drawn before they arrived, for when they do: the picture has an arrow
 * from that line to the one where they arrive.
 */
#include "ladder.h"

#define KEPT	256

static struct sent {
	struct record out;
	uint64_t link;		/* its line's; 0: nothing is here */
	bool held;		/* by a rule or step mode: it is not lost */
} sent[KEPT];			/* the latest ones, a ring */

static unsigned int next;

/**
 * ladder_late_sent() - a segment that left was drawn
 * @out: the segment
 * @link: number of its line when it has not arrived, or 0
 * @held: it was held when it was looked
 *
 * One like it that was drawn before, and had not arrived, was lost.
 */
void ladder_late_sent(const struct record *out, uint64_t link, bool held)
{
	for (int i = 0; i < KEPT; i++) {
		if (sent[i].link && !sent[i].held && same_segment(&sent[i].out, out) &&
		    same_ends(&sent[i].out.ends, &out->ends))
			sent[i].link = 0;
	}
	if (link)
		sent[next++ % KEPT] = (struct sent){ .out = *out, .link = link, .held = held };
}

/**
 * ladder_late_arrives() - a segment arrives whose sending is not among what waits to be drawn
 * @in: the segment
 *
 * Return: number of the line where it was sent, or 0.
 */
uint64_t ladder_late_arrives(const struct record *in)
{
	uint64_t link;

	for (int i = 0; i < KEPT; i++) {
		if (!sent[i].link || !arrives_as(&sent[i].out, in))
			continue;
		link = sent[i].link;
		sent[i].link = 0;
		return link;
	}
	return 0;
}
