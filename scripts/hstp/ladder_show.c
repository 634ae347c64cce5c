// SPDX-License-Identifier: GPL-2.0
/* What is drawn of a record: a segment's line with the states it left and met, what rules
 * changed in it, what a user or a timer did.
 */
#include "ladder_exchange.h"

static struct {
	unsigned long last;		/* number of the exchange that a line was about */
	uint64_t links;			/* numbers given to them */
} shown;

static void draw(struct row *row, const struct exchange *x, uint64_t time)
{
	row->states[0] = x->state[0];
	row->states[1] = x->state[1];
	ladder_draw(row, time);
}

static void head(struct exchange *x, uint64_t time)
{
	struct row row = { .kind = ROW_HEAD };

	if (shown.last == x->number)
		return;
	/* Who was asked, and did not name it, does not have it. */
	for (int i = 0; ladder_both && i < 2; i++) {
		x->watched[i] = true;
		if (x->state[i] == NO_STATE)
			x->state[i] = exchange_without(x, i);
	}
	for (int i = 0; i < 2; i++)
		endpoint(row.names[i], &x->addr[i], x->port[i]);
	draw(&row, x, time);
	shown.last = x->number;
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

static void describe(struct row *row, struct exchange *x, const struct record *r, int side)
{
	char flags[40];
	int len;

	if (r->flags & SYN) {
		x->base[side] = r->seq;
		x->has_base[side] = true;
		exchange_iss(x, side, r->seq, r->out || !x->watched[side]);
	}
	len = snprintf(row->text, sizeof(row->text), "<SEQ=%u>",
		       exchange_relative(x, side, r->seq));
	if (r->flags & ACK)
		len += snprintf(row->text + len, sizeof(row->text) - (size_t)len, "<ACK=%u>",
				exchange_relative(x, !side, r->ack));
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

/* What the rules of an end changed in a segment that was drawn. */
static void show_changes(const struct entry *e, uint64_t time)
{
	struct row row = { .kind = ROW_CHANGE, .side = e->record.out ? e->side : !e->side };
	const struct changes *c = &e->changes;

	for (unsigned int i = 0; i < c->count && i < CHANGES; i++) {
		struct change change = c->list[i];
		bool seq = !change.corrupt && change.field == HSTP_NL_FIELD_SEQ;
		int whose = seq ? row.side : !row.side;

		if (seq || change.field == HSTP_NL_FIELD_ACK ||
		    change.field == HSTP_NL_FIELD_SACK_LEFT ||
		    change.field == HSTP_NL_FIELD_SACK_RIGHT) {
			change.was = exchange_relative(e->exchange, whose, change.was);
			change.now = exchange_relative(e->exchange, whose, change.now);
		}
		ladder_change_text(row.text, sizeof(row.text), &change);
		draw(&row, e->exchange, time);
	}
	if (c->count <= CHANGES)
		return;
	snprintf(row.text, sizeof(row.text), "*and %u more", c->count - CHANGES);
	draw(&row, e->exchange, time);
}

static void arrive(struct entry *in)
{
	in->done = true;
	for (struct entry *n = entry_effect(in, in); n; n = entry_effect(in, n)) {
		exchange_enter(in->exchange, in->side, &n->record);
		n->done = true;
	}
}

static void show_out(struct entry *e)
{
	struct row row = { .kind = ROW_SEGMENT, .side = e->side };
	struct exchange *x = e->exchange;
	struct entry *event = entry_next(e, x, e->side), *in;
	bool held = false, joined = true;

	/* A call that sends this: its transition is told right after it. */
	if (event && !event->record.segment && !cause_is_segment(event->record.cause) &&
	    !cause_is_silent(event->record.cause) && e->record.flags & (SYN | FIN | RST)) {
		note(x, e->side, &event->record, e->record.time);
		exchange_enter(x, e->side, &event->record);
		event->done = true;
	}
	describe(&row, x, &e->record, e->side);
	in = entry_arrival(e);
	if (e->changes.corrupt || (in && in->changes.corrupt)) {
		row.fate = LOST;
	} else if (in && entry_crossed(e, in)) {
		in->link = ++shown.links;
		row.link = in->link;
		row.fate = UNDER_WAY;
		joined = false;
	} else if (!in) {
		held = ladder_held(&e->record);
		row.fate = held ? UNDER_WAY : x->watched[!e->side] ? LOST : NOT_WATCHED;
		row.link = ++shown.links;
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
	exchange_enter(x, e->side, &e->record);
	draw(&row, x, e->record.time);
}

/* Draw a record whose time has come, with those that belong to it. */
void entry_show(struct entry *e)
{
	struct exchange *x;

	if (e->done)
		return;
	e->done = true;
	/* What happened before the list was made is in it already. */
	if (e->exchange && e->record.time < e->exchange->listed) {
		exchange_end(e->exchange);
		e->exchange = NULL;
	}
	if (!e->exchange) {
		e->exchange = exchange_begin(&e->record, e->source, &e->side);
		/* Some that wait belong to it. */
		for (struct entry *n = queue_next(e); n; n = queue_next(n)) {
			if (!n->exchange && exchange_find(&n->record.ends, &n->side) == e->exchange)
				n->exchange = e->exchange;
		}
	}
	x = e->exchange;
	x->listed = 0;
	x->last = e->record.time;
	if (!x->begun)
		exchange_begin_states(e, x);
	x->watched[e->side] = true;
	head(x, e->record.time);
	if (!e->record.segment)
		show_event(e);
	else if (e->record.out)
		show_out(e);
	else
		show_in(e);
	if (exchange_is_over(x))
		exchange_end(x);
}
