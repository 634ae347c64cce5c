/* SPDX-License-Identifier: GPL-2.0 */
/* An event or a segment as the kernel tells it, and what is made of them. */
#ifndef HSTP_CMD_RECORD_H
#define HSTP_CMD_RECORD_H

#include <stdio.h>

#include "filter.h"

#define NO_STATE 31		/* of a segment: nobody says */
#define SACK_BLOCKS 4		/* no header has room for more */

/* RFC 9293's variables (section 3.3.1) that an event comes with. */
enum variable { SND_UNA, SND_NXT, SND_WND, ISS, RCV_NXT, RCV_WND, IRS, VARIABLES };

/* What tells segments of a connection one from another. */
struct header {
	uint32_t seq, ack, length;
	uint16_t window;
	uint8_t flags;
};

struct record {
	bool segment;			/* or what a rule changed in one */
	uint64_t sequence;
	uint64_t time;			/* CLOCK_MONOTONIC, ns */
	struct subject ends;
	/* an event */
	unsigned int from, to, cause;
	bool timed;
	uint64_t spent;			/* ns */
	uint32_t variables[VARIABLES];
	unsigned int known;		/* which of them */
	/* a segment */
	bool out, again;
	uint32_t seq, ack, length;
	uint16_t window, mss, urgent;
	uint8_t flags;
	bool has_scale, sack_permitted, has_stamps;
	uint8_t scale;
	uint32_t tsval, tsecr;
	unsigned int sack_count;
	struct sack {
		uint32_t left, right;
	} sack[SACK_BLOCKS];
	struct header wire;		/* between both ends, as far as is known */
	/* what a rule changed in a segment, whose header is that before */
	bool change, corrupt;
	uint32_t rule;
	unsigned int field;		/* if it is not corrupt */
	uint32_t was, now;
};

#define FIN (1U << HSTP_NL_FLAG_FIN)
#define SYN (1U << HSTP_NL_FLAG_SYN)
#define RST (1U << HSTP_NL_FLAG_RST)
#define ACK (1U << HSTP_NL_FLAG_ACK)
#define URG (1U << HSTP_NL_FLAG_URG)

bool record_read(const struct nlmsghdr *nlh, struct record *record);
void record_print(const struct record *record);
const char *record_flags(char text[40], unsigned int flags);
const char *record_value(char text[40], unsigned int field, uint32_t value);

void ladder_count_from(uint32_t left, uint32_t right);
void ladder_start(const char *svg, int source, bool both, struct nl *nl);
void ladder_add(const struct record *record, int source);
int ladder_wait(void);
bool ladder_look(bool all);
void ladder_flush(void);
int ladder_end(void);

#endif /* HSTP_CMD_RECORD_H */
