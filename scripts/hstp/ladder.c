// SPDX-License-Identifier: GPL-2.0
/* From what two ends say, each for itself, to the exchange between them: which segment
 * went where, and the states that it met and left behind.
 *
 * Records wait a moment, for their order is that of their times and not of their arrival,
 * and a segment's line needs what came of it. At one end the kernel tells of a segment
 * that arrived, then of those sent in reply, then of the transitions.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conn.h"
#include "ladder.h"

#define HOLD_MS		300	/* what happens at both ends comes in order by then */
#define LOST_MS		2000	/* a segment that has not arrived by then is drawn as lost */
#define FORGET_MS	3000	/* after so long a silence, an end of which nothing is known */
#define AGAIN_MS	100	/* until it is looked again whether it is held, or lost */

/* One connection, by its two ends; end 0 is drawn at the left. */
struct exchange {
	struct exchange *next;
	struct addr addr[2];
	uint16_t port[2];
	unsigned int state[2];
	bool watched[2];		/* it has said something */
	bool has_base[2];
	uint32_t base[2];		/* sequence numbers count from here */
	uint8_t syn[2];			/* flags of the last SYN sent */
	bool named;
	bool begun;			/* states of the beginning are known */
	uint64_t last;			/* when something was drawn of it, ns */
	uint64_t listed;		/* they are those of a list made before this, ns */
};

struct entry {
	struct record record;
	int source;		/* the namespace that told it */
	struct exchange *exchange;
	int side;
	bool done;
	struct changes changes;	/* on its way out or in, as far as that is this end's */
	uint64_t link;		/* of an arrival: its sending has a line with this number */
};

static struct {
	struct entry *queue;
	size_t first, count, room;
	struct exchange *exchanges;
	const struct exchange *last;	/* that a line was about */
	const char *svg;
	bool both;			/* all namespaces that talk are listened to, two */
	int listing;			/* whose connections are listed */
	uint64_t begin;			/* ns */
	bool has_begin;
	uint64_t links;
	uint64_t looked;		/* when it was seen what is held, ns */
} ladder;

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

static void learn_iss(const struct exchange *x, int side, uint32_t seq, bool chosen)
{
	struct subject ends = ends_of(x, side);

	ladder_iss_learn(&ends, seq, chosen);
}

static struct exchange *find(const struct subject *ends, int *side)
{
	for (struct exchange *x = ladder.exchanges; x; x = x->next) {
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
static struct exchange *begin_exchange(const struct record *r, int source, int *side)
{
	struct exchange *x = need(calloc(1, sizeof(*x)));
	bool remote_first = r->segment ? !r->out : r->cause == HSTP_NL_CAUSE_FORK;

	*side = ladder.both ? source : remote_first;
	x->addr[*side] = r->ends.local;
	x->port[*side] = r->ends.local_port;
	x->addr[!*side] = r->ends.remote;
	x->port[!*side] = r->ends.remote_port;
	x->state[0] = NO_STATE;
	x->state[1] = NO_STATE;
	x->next = ladder.exchanges;
	ladder.exchanges = x;
	return x;
}

static void end_exchange(struct exchange *x)
{
	struct exchange **at = &ladder.exchanges;

	for (size_t i = ladder.first; i < ladder.count; i++) {
		if (ladder.queue[i].exchange == x)
			ladder.queue[i].exchange = NULL;
	}
	while (*at != x)
		at = &(*at)->next;
	*at = x->next;
	if (ladder.last == x)
		ladder.last = NULL;
	free(x);
}

/* The next of the same end, whatever it is. */
static struct entry *next_of(const struct entry *e, const struct exchange *x, int side)
{
	for (const struct entry *n = e + 1; n < ladder.queue + ladder.count; n++) {
		if (n->exchange == x && n->side == side && !n->done)
			return (struct entry *)n;
	}
	return NULL;
}

static void enter(struct exchange *x, int side, const struct record *event)
{
	/* The listener's copy that is given back: what is there still is the listener. */
	if (event->cause != HSTP_NL_CAUSE_MERGE)
		x->state[side] = event->to;
	if (event->known & 1U << ISS && !x->has_base[side]) {
		x->base[side] = event->variables[ISS];
		x->has_base[side] = true;
		learn_iss(x, side, event->variables[ISS], true);
	}
}

/* The next transition that a segment's arrival brought about, behind @last; NULL: no more. */
static struct entry *effect_of(const struct entry *in, const struct entry *last)
{
	struct exchange *x = in->exchange;

	for (struct entry *n = next_of(last, x, in->side); n; n = next_of(n, x, in->side)) {
		if (n->record.segment && n->record.out)
			continue;
		return n->record.segment || !cause_is_segment(n->record.cause) ? NULL : n;
	}
	return NULL;
}

static void arrive(struct entry *in)
{
	in->done = true;
	for (struct entry *n = effect_of(in, in); n; n = effect_of(in, n)) {
		enter(in->exchange, in->side, &n->record);
		n->done = true;
	}
}

/* The state of an end that has no connection. */
static unsigned int without(const struct exchange *x, int side)
{
	return ladder_listens(&x->addr[side], x->port[side]) ? HSTP_NL_STATE_LISTEN :
							       HSTP_NL_STATE_CLOSED;
}

/* The state that an end began with, as far as the first thing it says of it tells. */
static void begin_states(const struct entry *e, struct exchange *x)
{
	bool syn = e->record.segment ? e->record.flags & SYN && !(e->record.flags & ACK) :
				       e->record.from == HSTP_NL_STATE_CLOSED;

	x->begun = true;
	for (int side = 0; side < 2; side++) {
		for (const struct entry *n = e; n < ladder.queue + ladder.count; n++) {
			if (n->exchange != x || n->side != side)
				continue;
			x->watched[side] = true;
			if (n->record.segment)
				continue;
			x->state[side] = n->record.cause == HSTP_NL_CAUSE_FORK ?
					 HSTP_NL_STATE_LISTEN : n->record.from;
			break;
		}
		x->watched[side] |= ladder.both;
		if (x->watched[side] && x->state[side] == NO_STATE && syn)
			x->state[side] = without(x, side);
	}
}

static void draw(struct row *row, const struct exchange *x, uint64_t time)
{
	row->time = time > ladder.begin ? time - ladder.begin : 0;
	row->states[0] = x->state[0];
	row->states[1] = x->state[1];
	ladder_print(row);
	if (ladder.svg)
		ladder_svg_add(row);
}

static void head(struct exchange *x, uint64_t time)
{
	struct row row = { .kind = ROW_HEAD };

	if (ladder.last == x)
		return;
	/* Who was asked, and did not name it, does not have it. */
	for (int i = 0; ladder.both && i < 2; i++) {
		x->watched[i] = true;
		if (x->state[i] == NO_STATE)
			x->state[i] = without(x, i);
	}
	for (int i = 0; i < 2; i++)
		endpoint(row.names[i], &x->addr[i], x->port[i]);
	draw(&row, x, time);
	ladder.last = x;
}

static void note(struct exchange *x, int side, const struct record *event, uint64_t time)
{
	struct row row = { .kind = ROW_NOTE, .side = side };
	const char *text = cause_note(event->cause);

	if (text)
		snprintf(row.text, sizeof(row.text), "%s", text);
	else
		snprintf(row.text, sizeof(row.text), "(%s)", cause_name(event->cause));
	draw(&row, x, time);
}

/* A sequence number as it is shown. */
static uint32_t relative(const struct exchange *x, int side, uint32_t seq)
{
	const struct subject ends = ends_of(x, side);

	if (opt.numeric || ladder_iss_shown(&ends, side, &seq))
		return seq;
	return x->has_base[side] ? seq - x->base[side] : seq;
}

static void describe(struct row *row, struct exchange *x, const struct record *r, int side)
{
	char flags[40];
	int len;

	if (r->flags & SYN) {
		x->base[side] = r->seq;
		x->has_base[side] = true;
		learn_iss(x, side, r->seq, r->out || !x->watched[side]);
	}
	len = snprintf(row->text, sizeof(row->text), "<SEQ=%u>", relative(x, side, r->seq));
	if (r->flags & ACK)
		len += snprintf(row->text + len, sizeof(row->text) - (size_t)len, "<ACK=%u>",
				relative(x, !side, r->ack));
	len += snprintf(row->text + len, sizeof(row->text) - (size_t)len, "<CTL=%s>",
			record_flags(flags, r->flags));
	if (r->length)
		snprintf(row->text + len, sizeof(row->text) - (size_t)len, "<DATA=%u>",
			 r->length);
	/* After a SYN, a SYN,ACK is another segment, for all that its number is the same. */
	row->again = r->again && !(r->flags & SYN && x->syn[side] != r->flags);
	if (r->flags & SYN && r->out)
		x->syn[side] = r->flags;
	row->reset = r->flags & RST;
}

/* Is @in what becomes of @out at the other end? */
bool arrives_as(const struct record *out, const struct record *in)
{
	const struct subject *from = &out->ends, *to = &in->ends;

	return in->segment && !in->out && same_segment(out, in) &&
	       same_end(&from->local, from->local_port, &to->remote, to->remote_port) &&
	       same_end(&from->remote, from->remote_port, &to->local, to->local_port);
}

/* Where a segment arrived. Of several that are alike, the one that was sent last has the next
 * arrival: what was held, or lost and sent again, did not come before it.
 */
static struct entry *arrival_of(const struct entry *out)
{
	struct exchange *x = out->exchange;
	int later = 0;

	if (out->changes.corrupt)
		return NULL;
	for (struct entry *n = ladder.queue + (out - ladder.queue) + 1;
	     n < ladder.queue + ladder.count; n++) {
		if (n->exchange != x || n->done || !n->record.segment ||
		    !same_segment(&n->record, &out->record))
			continue;
		if (n->side == out->side && n->record.out)
			later += !n->changes.corrupt;
		else if (n->side != out->side && !n->record.out && !later--)
			return n;
	}
	return NULL;
}

/* Did something happen, after @out was sent, to the end where it arrives as @in, that comes
 * first? Then the arrival is a line of its own, in its place. That text and ACKs crossed it
 * does not matter unless it changes the state; then it is told after what the sender came to
 * in the meantime, too.
 */
static bool crossed(const struct entry *out, const struct entry *in)
{
	bool matters = effect_of(in, in);

	for (const struct entry *n = out + 1; n < in; n++) {
		if (n->exchange != in->exchange || n->done)
			continue;
		if (n->side != in->side) {
			if (matters && !n->record.segment)
				return true;
			continue;
		}
		if (matters)
			return true;
		if (!n->record.segment || !n->record.out || n->record.flags & (SYN | FIN | RST))
			return true;
	}
	return false;
}

/* What the rules of an end changed in a segment that was drawn. */
static void show_changes(const struct entry *e, uint64_t time)
{
	struct row row = { .kind = ROW_CHANGE, .side = e->record.out ? e->side : !e->side };
	const struct changes *c = &e->changes;

	for (unsigned int i = 0; i < c->count && i < CHANGES; i++) {
		struct change change = c->list[i];
		bool seq = !change.corrupt && change.field == HSTP_NL_FIELD_SEQ;

		if (seq || change.field == HSTP_NL_FIELD_ACK ||
		    change.field == HSTP_NL_FIELD_SACK_LEFT ||
		    change.field == HSTP_NL_FIELD_SACK_RIGHT) {
			change.was = relative(e->exchange, seq ? row.side : !row.side, change.was);
			change.now = relative(e->exchange, seq ? row.side : !row.side, change.now);
		}
		ladder_change_text(row.text, sizeof(row.text), &change);
		draw(&row, e->exchange, time);
	}
	if (c->count <= CHANGES)
		return;
	snprintf(row.text, sizeof(row.text), "*and %u more", c->count - CHANGES);
	draw(&row, e->exchange, time);
}

static void show_out(struct entry *e)
{
	struct row row = { .kind = ROW_SEGMENT, .side = e->side };
	struct exchange *x = e->exchange;
	struct entry *event = next_of(e, x, e->side), *in;
	bool held = false, joined = true;

	/* A call that sends this: its transition is told right after it. */
	if (event && !event->record.segment && !cause_is_segment(event->record.cause) &&
	    !cause_is_silent(event->record.cause) && e->record.flags & (SYN | FIN | RST)) {
		note(x, e->side, &event->record, e->record.time);
		enter(x, e->side, &event->record);
		event->done = true;
	}
	describe(&row, x, &e->record, e->side);
	in = arrival_of(e);
	if (e->changes.corrupt || (in && in->changes.corrupt)) {
		row.fate = LOST;
	} else if (in && crossed(e, in)) {
		in->link = ++ladder.links;
		row.link = in->link;
		row.fate = UNDER_WAY;
		joined = false;
	} else if (!in) {
		held = ladder_held(&e->record);
		row.fate = held ? UNDER_WAY : x->watched[!e->side] ? LOST : NOT_WATCHED;
		row.link = ++ladder.links;
	}
	if (in && joined)
		arrive(in);
	ladder_late_sent(&e->record, in ? 0 : row.link, held);
	row.changed = e->changes.count || (in && joined && in->changes.count);
	draw(&row, x, e->record.time);
	show_changes(e, e->record.time);
	if (in && joined)
		show_changes(in, e->record.time);
}

static void show_in(struct entry *e)
{
	struct row row = {
		.kind = ROW_SEGMENT, .side = !e->side,
		.link = e->link ? e->link : ladder_late_arrives(&e->record),
	};

	row.late = row.link || e->exchange->watched[!e->side];
	row.fate = e->changes.corrupt ? LOST : ARRIVED;
	row.changed = e->changes.count;
	describe(&row, e->exchange, &e->record, !e->side);
	arrive(e);
	draw(&row, e->exchange, e->record.time);
	show_changes(e, e->record.time);
}

static void show_event(struct entry *e)
{
	struct row row = { .kind = ROW_STATES, .side = e->side };
	struct exchange *x = e->exchange;

	if (!cause_is_segment(e->record.cause))
		note(x, e->side, &e->record, e->record.time);
	enter(x, e->side, &e->record);
	draw(&row, x, e->record.time);
}

static bool is_over(const struct exchange *x)
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
static void forget_unknown(uint64_t now)
{
	struct exchange *next;

	for (struct exchange *x = ladder.exchanges; x; x = next) {
		next = x->next;
		if (x->begun && x->state[0] == NO_STATE && x->state[1] == NO_STATE &&
		    x->last + FORGET_MS * 1000000ULL < now)
			end_exchange(x);
	}
}

static void show(struct entry *e)
{
	struct exchange *x;

	if (e->done)
		return;
	e->done = true;
	/* What happened before the list was made is in it already. */
	if (e->exchange && e->record.time < e->exchange->listed) {
		end_exchange(e->exchange);
		e->exchange = NULL;
	}
	if (!e->exchange) {
		e->exchange = begin_exchange(&e->record, e->source, &e->side);
		/* Some that wait belong to it. */
		for (struct entry *n = e + 1; n < ladder.queue + ladder.count; n++) {
			if (!n->exchange && find(&n->record.ends, &n->side) == e->exchange)
				n->exchange = e->exchange;
		}
	}
	x = e->exchange;
	x->listed = 0;
	x->last = e->record.time;
	if (!x->begun)
		begin_states(e, x);
	x->watched[e->side] = true;
	head(x, e->record.time);
	if (!e->record.segment)
		show_event(e);
	else if (e->record.out)
		show_out(e);
	else
		show_in(e);
	if (is_over(x))
		end_exchange(x);
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t after_ms(const struct entry *e, unsigned int ms)
{
	return e->record.time + ms * 1000000ULL;
}

/* Where a segment arrived that left, even if nothing of its connection was drawn yet. */
static const struct entry *answer_to(const struct entry *e)
{
	if (e->exchange || e->changes.corrupt)
		return arrival_of(e);
	for (const struct entry *n = e + 1; n < ladder.queue + ladder.count; n++) {
		if (arrives_as(&e->record, &n->record))
			return n;
	}
	return NULL;
}

static bool is_sending(const struct entry *e)
{
	return e->record.segment && e->record.out && !e->done;
}

/* Is its other end one that would say so? */
static bool is_heard(const struct entry *e)
{
	const struct subject *ends = &e->record.ends;

	return ladder.both || (e->exchange && e->exchange->watched[!e->side]) ||
	       ladder_listens(&ends->remote, ends->remote_port);
}

/* Has something arrived that was sent after it? */
static bool is_overtaken(const struct entry *e)
{
	for (const struct entry *n = e + 1; e->exchange && n < ladder.queue + ladder.count; n++) {
		if (n->exchange == e->exchange && n->side == e->side && n->record.segment &&
		    n->record.out && arrival_of(n))
			return true;
	}
	return false;
}

/* When its line can be drawn, ns: when all that happened by then is known, at the other end, too.
 * What has not arrived can be on a long way, unless it is known to be lost or held.
 */
static uint64_t due(const struct entry *e)
{
	const uint64_t waited = after_ms(e, HOLD_MS);
	const struct entry *in;

	if (!is_sending(e) || ladder.looked < waited)
		return waited;
	in = answer_to(e);
	if (in)
		return after_ms(in, HOLD_MS);
	if (e->changes.corrupt || !is_heard(e) || is_overtaken(e) || ladder_held(&e->record))
		return waited;
	return after_ms(e, LOST_MS);
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
	x = find(subject, &side);
	if (!x)
		x = begin_exchange(&record, ladder.listing, &side);
	x->begun = true;
	x->watched[side] = true;
	x->state[side] = subject->state;
	if (has(conn, HSTP_A_CONN_ISS)) {
		x->base[side] = (uint32_t)number(conn, HSTP_A_CONN_ISS);
		x->has_base[side] = true;
		learn_iss(x, side, x->base[side], true);
	}
	if (has(conn, HSTP_A_CONN_IRS)) {
		x->base[!side] = (uint32_t)number(conn, HSTP_A_CONN_IRS);
		x->has_base[!side] = true;
		learn_iss(x, !side, x->base[!side], true);
	}
}

/**
 * ladder_start() - before the first record; once for each namespace
 * @svg: file to draw it to at the end too, or NULL
 * @source: number of the namespace, 0 or 1
 * @both: two namespaces are listened to: all ends are in one of them
 * @nl: a socket that hears nothing, which is kept: connections that are there already are
 *	read with it, and later the segments that are held
 */
void ladder_start(const char *svg, int source, bool both, struct nl *nl)
{
	ladder.listing = source;
	ladder.svg = svg;
	ladder.both = both;
	ladder_held_open(nl);
	conn_dump(nl, NULL, begin_with, NULL);
	for (struct exchange *x = ladder.exchanges; x; x = x->next)
		x->listed = now_ns();
}

/* Make room: what was drawn is needed no more. */
static void drop_drawn(void)
{
	ladder.count -= ladder.first;
	memmove(ladder.queue, ladder.queue + ladder.first, ladder.count * sizeof(*ladder.queue));
	ladder.first = 0;
}

/* A rule of its sender changed a segment: the last one that was such, told just before. */
static void change_sent(const struct record *change)
{
	for (size_t i = ladder.count; i-- > ladder.first;) {
		struct entry *e = &ladder.queue[i];

		if (is_sending(e) && ladder_change_sent(&e->record, &e->changes, change))
			return;
	}
}

/**
 * ladder_add() - one more record
 * @record: an event or a segment
 * @source: number of the namespace that tells it
 */
void ladder_add(const struct record *record, int source)
{
	size_t at;

	if (record->change && record->out) {
		change_sent(record);
		return;
	}
	/* What is corrupt goes no further: that is all that will be told of its arrival. */
	if (record->change) {
		ladder_change_comes(record);
		if (!record->corrupt)
			return;
	}
	/* A listener is one end only. */
	if (!record->ends.remote_port) {
		if (record->to == HSTP_NL_STATE_LISTEN)
			ladder_listen(&record->ends);
		else
			ladder_listen_no_more(&record->ends);
		return;
	}
	if (ladder.first > ladder.count / 2)
		drop_drawn();
	if (ladder.count == ladder.room) {
		ladder.room = ladder.room * 2 + 1024;
		ladder.queue = need(realloc(ladder.queue, ladder.room * sizeof(*ladder.queue)));
	}
	for (at = ladder.count; at > ladder.first; at--) {
		if (ladder.queue[at - 1].record.time <= record->time)
			break;
		ladder.queue[at] = ladder.queue[at - 1];
	}
	ladder.queue[at] = (struct entry){ .record = *record, .source = source };
	ladder.queue[at].exchange = find(&record->ends, &ladder.queue[at].side);
	if (record->segment && !record->out)
		ladder_change_arrived(&ladder.queue[at].record, &ladder.queue[at].changes);
	ladder.count++;
	if (!ladder.has_begin || record->time < ladder.begin)
		ladder.begin = record->time;
	ladder.has_begin = true;
}

/* How long until it is worth a look whether the first record can be drawn, ms; -1 when there is
 * none.
 */
int ladder_wait(void)
{
	const uint64_t again = ladder.looked + AGAIN_MS * 1000000ULL;
	uint64_t now = now_ns(), then;

	if (ladder.first == ladder.count)
		return -1;
	then = due(&ladder.queue[ladder.first]);
	if (again < then)
		then = again;
	return then > now ? (int)((then - now) / 1000000) + 1 : 0;
}

/* Had it waited long enough for others when it was looked? */
static bool has_waited(const struct entry *e)
{
	return after_ms(e, HOLD_MS) <= ladder.looked;
}

/**
 * ladder_look() - see what is held, before ladder_flush() has to know
 * @all: everything is to be drawn, not only what has waited long enough
 *
 * What is let go after that is told by its arrival, what was before has arrived: read what
 * the sockets have in between.
 *
 * Return: true when that had to be seen. The kernel tells of an arrival with the next tick.
 */
bool ladder_look(bool all)
{
	ladder.looked = all ? UINT64_MAX : now_ns();
	for (size_t i = ladder.first; i < ladder.count; i++) {
		const struct entry *e = &ladder.queue[i];

		if (!has_waited(e))
			return false;
		if (is_sending(e) && !answer_to(e)) {
			ladder_held_read();
			return true;
		}
	}
	return false;
}

/* Draw what had waited long enough when ladder_look() looked, and is known by now. */
void ladder_flush(void)
{
	while (ladder.first < ladder.count) {
		struct entry *e = &ladder.queue[ladder.first];

		if (due(e) > ladder.looked)
			return;
		forget_unknown(e->record.time);
		ladder.first++;
		show(e);
	}
}

/* Return: exit status of the command. */
int ladder_end(void)
{
	ladder_flush();
	return ladder.svg ? ladder_svg_write(ladder.svg) : DONE;
}
