/* SPDX-License-Identifier: GPL-2.0 */
/* What the ladder keeps: the records that wait to be drawn, and the connections that they are
 * about.
 */
#ifndef HSTP_CMD_LADDER_EXCHANGE_H
#define HSTP_CMD_LADDER_EXCHANGE_H

#include "ladder.h"

/* One connection, by its two ends; end 0 is drawn at the left. */
struct exchange {
	struct exchange *next;
	unsigned long number;		/* none has it again */
	struct addr addr[2];
	uint16_t port[2];
	unsigned int state[2];
	bool watched[2];		/* it has said something */
	bool has_base[2];
	uint32_t base[2];		/* sequence numbers count from here */
	uint8_t syn[2];			/* flags of the last SYN sent */
	bool begun;			/* states of the beginning are known */
	uint64_t last;			/* when something was drawn of it, ns */
	uint64_t listed;		/* they are those of a list made before this, ns */
};

/* A record that waits to be drawn. */
struct entry {
	struct record record;
	int source;		/* the namespace that told it */
	struct exchange *exchange;
	int side;
	bool done;
	struct changes changes;	/* on its way out or in, as far as that is this end's */
	uint64_t link;		/* of an arrival: its sending has a line with this number */
};

extern bool ladder_both;	/* all namespaces that talk are listened to, two */

/* ladder.c: the queue */
uint64_t now_ns(void);
struct entry *queue_next(const struct entry *e);
void queue_disown(const struct exchange *x);
void ladder_draw(struct row *row, uint64_t time);

/* ladder_exchange.c */
struct exchange *exchange_find(const struct subject *ends, int *side);
struct exchange *exchange_begin(const struct record *r, int source, int *side);
void exchange_end(struct exchange *x);
void exchange_enter(struct exchange *x, int side, const struct record *event);
unsigned int exchange_without(const struct exchange *x, int side);
void exchange_begin_states(const struct entry *e, struct exchange *x);
void exchange_iss(const struct exchange *x, int side, uint32_t seq, bool chosen);
uint32_t exchange_relative(const struct exchange *x, int side, uint32_t seq);
bool exchange_is_over(const struct exchange *x);
void exchanges_forget(uint64_t now);
void exchanges_list(struct nl *nl, int source);

/* ladder_match.c */
struct entry *entry_next(const struct entry *e, const struct exchange *x, int side);
struct entry *entry_effect(const struct entry *in, const struct entry *last);
struct entry *entry_arrival(const struct entry *out);
const struct entry *entry_answer(const struct entry *e);
bool entry_crossed(const struct entry *out, const struct entry *in);
bool entry_is_sending(const struct entry *e);
bool entry_is_overtaken(const struct entry *e);

/* ladder_show.c */
void entry_show(struct entry *e);

#endif /* HSTP_CMD_LADDER_EXCHANGE_H */
