// SPDX-License-Identifier: GPL-2.0
/* The connections that the ladder draws, each by its two ends: their names, their states, the
 * numbers that their sequence numbers count from.
 */
#include <stdlib.h>

#include "conn.h"
#include "ladder_exchange.h"

#define FORGET_MS	3000	/* after so long a silence, an end of which nothing is known */

bool ladder_both;

static struct exchange *exchanges;
static unsigned long numbers;	/* given to exchanges */
static int listing;		/* the namespace whose connections are listed */

/* Which end of @x is @addr and @port? -1: neither. */
static int side_of(const struct exchange *x, const struct addr *addr, uint16_t port)
{
	for (int i = 0; i < 2; i++) {
		if (same_end(&x->addr[i], x->port[i], addr, port))
			return i;
	}
	return -1;
}

static struct subject ends_of(const struct exchange *x, int side)
{
	return (struct subject){
		.local = x->addr[side], .local_port = x->port[side],
		.remote = x->addr[!side], .remote_port = x->port[!side],
	};
}

/* @chosen: the end itself tells it. */
void exchange_iss(const struct exchange *x, int side, uint32_t seq, bool chosen)
{
	struct subject ends = ends_of(x, side);

	ladder_iss_learn(&ends, seq, chosen);
}

/* That of @ends, and which of its sides is the local end; NULL: none is known. */
struct exchange *exchange_find(const struct subject *ends, int *side)
{
	for (struct exchange *x = exchanges; x; x = x->next) {
		*side = side_of(x, &ends->local, ends->local_port);
		if (*side >= 0 && same_end(&x->addr[!*side], x->port[!*side], &ends->remote,
					   ends->remote_port))
			return x;
	}
	return NULL;
}

/* Of two namespaces the first is at the left. In one it is whoever speaks first: who sends,
 * or opens.
 */
struct exchange *exchange_begin(const struct record *r, int source, int *side)
{
	struct exchange *x = need(calloc(1, sizeof(*x)));
	bool remote_first = r->segment ? !r->out : r->cause == HSTP_NL_CAUSE_FORK;

	*side = ladder_both ? source : remote_first;
	x->addr[*side] = r->ends.local;
	x->port[*side] = r->ends.local_port;
	x->addr[!*side] = r->ends.remote;
	x->port[!*side] = r->ends.remote_port;
	x->state[0] = NO_STATE;
	x->state[1] = NO_STATE;
	x->number = ++numbers;
	x->next = exchanges;
	exchanges = x;
	return x;
}

/* It was drawn to its end: what waits and has its ends is of the next one. */
void exchange_end(struct exchange *x)
{
	struct exchange **at = &exchanges;

	queue_disown(x);
	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	free(x);
}

/* What a transition makes known. */
void exchange_enter(struct exchange *x, int side, const struct record *event)
{
	/* The listener's copy that is given back: what is there still is the listener. */
	if (event->cause != HSTP_NL_CAUSE_MERGE)
		x->state[side] = event->to;
	if (event->known & 1U << ISS && !x->has_base[side]) {
		x->base[side] = event->variables[ISS];
		x->has_base[side] = true;
		exchange_iss(x, side, event->variables[ISS], true);
	}
}

/* The state of an end that has no connection. */
unsigned int exchange_without(const struct exchange *x, int side)
{
	return ladder_listens(&x->addr[side], x->port[side]) ? HSTP_NL_STATE_LISTEN :
							       HSTP_NL_STATE_CLOSED;
}

/* The state that an end began with, as far as the first thing it says of it tells. */
void exchange_begin_states(const struct entry *e, struct exchange *x)
{
	bool syn = e->record.segment ? e->record.flags & SYN && !(e->record.flags & ACK) :
				       e->record.from == HSTP_NL_STATE_CLOSED;

	x->begun = true;
	for (int side = 0; side < 2; side++) {
		for (const struct entry *n = e; n; n = queue_next(n)) {
			if (n->exchange != x || n->side != side)
				continue;
			x->watched[side] = true;
			if (n->record.segment)
				continue;
			x->state[side] = n->record.cause == HSTP_NL_CAUSE_FORK ?
					 HSTP_NL_STATE_LISTEN : n->record.from;
			break;
		}
		x->watched[side] |= ladder_both;
		if (x->watched[side] && x->state[side] == NO_STATE && syn)
			x->state[side] = exchange_without(x, side);
	}
}

/* A sequence number as it is shown. */
uint32_t exchange_relative(const struct exchange *x, int side, uint32_t seq)
{
	const struct subject ends = ends_of(x, side);

	if (opt.numeric || ladder_iss_shown(&ends, side, &seq))
		return seq;
	return x->has_base[side] ? seq - x->base[side] : seq;
}

/* Is nothing left at either end? */
bool exchange_is_over(const struct exchange *x)
{
	for (int i = 0; i < 2; i++) {
		if (x->state[i] != HSTP_NL_STATE_CLOSED && x->state[i] != HSTP_NL_STATE_LISTEN &&
		    x->state[i] != NO_STATE)
			return false;
	}
	return x->begun && (x->state[0] != NO_STATE || x->state[1] != NO_STATE);
}

/* Segments to nobody, and their resets, between ever new ends, would be kept for ever. @now is the
 * time of the next record, ns.
 */
void exchanges_forget(uint64_t now)
{
	struct exchange *next;

	for (struct exchange *x = exchanges; x; x = next) {
		next = x->next;
		if (x->begun && x->state[0] == NO_STATE && x->state[1] == NO_STATE &&
		    x->last + FORGET_MS * 1000000ULL < now)
			exchange_end(x);
	}
}

static void begin_with(const struct attrs *conn, const struct subject *subject, void *data)
{
	struct record record = { .ends = *subject };
	struct exchange *x;
	int side;

	(void)data;
	if (subject->state == HSTP_NL_STATE_LISTEN) {
		ladder_listen(subject);
		return;
	}
	x = exchange_find(subject, &side);
	if (!x)
		x = exchange_begin(&record, listing, &side);
	x->begun = true;
	x->watched[side] = true;
	x->state[side] = subject->state;
	if (has(conn, HSTP_A_CONN_ISS)) {
		x->base[side] = (uint32_t)number(conn, HSTP_A_CONN_ISS);
		x->has_base[side] = true;
		exchange_iss(x, side, x->base[side], true);
	}
	if (has(conn, HSTP_A_CONN_IRS)) {
		x->base[!side] = (uint32_t)number(conn, HSTP_A_CONN_IRS);
		x->has_base[!side] = true;
		exchange_iss(x, !side, x->base[!side], true);
	}
}

/* Those that are there already: before the first record, once for each namespace. */
void exchanges_list(struct nl *nl, int source)
{
	listing = source;
	conn_dump(nl, NULL, begin_with, NULL);
	for (struct exchange *x = exchanges; x; x = x->next)
		x->listed = now_ns();
}
