/* SPDX-License-Identifier: GPL-2.0 */
/* The counters of a namespace, as the kernel sends them. */
#ifndef HSTP_CMD_STATS_H
#define HSTP_CMD_STATS_H

#include "names.h"
#include "nl.h"

#define TRANSITIONS 512		/* arrows times causes that can be */
#define REASONS 64
#define FLAGS 8

struct stats_state {
	bool known;
	uint64_t now, entered, left;
	uint64_t median, p99, longest;	/* us */
	uint64_t timed, total;		/* whose time was taken; us of all */
};

/* Those that took an arrow, and how long they had been in the state that it leaves. */
struct stats_arrow {
	uint64_t timed, total, median, p99, longest;
};

struct stats_transition {
	unsigned int from, to, cause;
	uint64_t count;
};

/* A reason's number is its index; known says which the kernel sent. */
struct stats_reasons {
	bool known[REASONS];
	uint64_t count[REASONS];
};

struct stats {
	struct stats_state states[STATES];
	struct stats_transition transitions[TRANSITIONS];
	size_t transition_count;
	struct stats_arrow arrows[STATES][STATES];	/* from, to */
	uint64_t flags[2][FLAGS];	/* in, out */
	uint64_t segments[2];
	struct stats_reasons drops, resets[2];
	uint64_t retransmits, challenges;
	uint64_t event_sequence, events_lost;
};

void stats_read(struct nl *nl, uint8_t command, struct stats *stats);

#endif /* HSTP_CMD_STATS_H */
