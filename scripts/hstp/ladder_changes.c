// SPDX-License-Identifier: GPL-2.0
/* What rules change in segments on their way: a segment's two ends tell different headers then,
 * and still it is one. The header that it has between them, on the wire, is what both have in
 * common: what the sender's rules made of it, and the receiver's have not changed yet.
 */
#include <string.h>

#include "fault.h"
#include "ladder.h"

#define KEPT	64

/* A segment that the receiver's rules have changed, and that has not been told to arrive yet. */
static struct pending {
	struct subject ends;		/* of who gets it */
	struct header wire, now;
	struct changes changes;		/* none: nothing is here */
} pending[KEPT];			/* the latest ones, a ring */

static unsigned int next;

static struct header header_of(const struct record *r)
{
	return (struct header){
		.seq = r->seq, .ack = r->ack, .length = r->length, .window = r->window,
		.flags = r->flags,
	};
}

static bool same_header(const struct header *a, const struct header *b)
{
	return a->seq == b->seq && a->flags == b->flags && a->length == b->length &&
	       a->window == b->window && (a->ack == b->ack || !(a->flags & ACK));
}

/* As far as it can be told one from another. */
bool same_segment(const struct record *a, const struct record *b)
{
	return same_header(&a->wire, &b->wire);
}

/* The header that a segment has after this change. */
static void apply(struct header *h, const struct record *change)
{
	if (change->corrupt)
		return;
	switch (change->field) {
	case HSTP_NL_FIELD_SEQ:
		h->seq = change->now;
		break;
	case HSTP_NL_FIELD_ACK:
		h->ack = change->now;
		break;
	case HSTP_NL_FIELD_WINDOW:
		h->window = (uint16_t)change->now;
		break;
	case HSTP_NL_FIELD_FLAGS:
		h->flags = (uint8_t)change->now;
		break;
	}
}

static void note(struct changes *c, const struct record *change)
{
	c->corrupt |= change->corrupt;
	if (c->count < CHANGES)
		c->list[c->count] = (struct change){
			.corrupt = change->corrupt, .field = change->field, .was = change->was,
			.now = change->now,
		};
	c->count++;
}

/**
 * ladder_change_sent() - was it this segment that a rule of its sender changed
 * @out: a segment that was sent; what is on the wire is changed then
 * @changes: what was changed in it before; this is added
 * @change: what the rule did
 */
bool ladder_change_sent(struct record *out, struct changes *changes, const struct record *change)
{
	const struct header before = header_of(change);

	/* The header that is told has an ACK even where the bit is off. */
	if (!same_ends(&out->ends, &change->ends) || !same_header(&out->wire, &before))
		return false;
	out->wire.ack = before.ack;
	apply(&out->wire, change);
	note(changes, change);
	return true;
}

static struct pending *pending_of(const struct record *r)
{
	const struct header header = header_of(r);

	for (unsigned int i = 1; i <= KEPT; i++) {
		struct pending *p = &pending[(next - i) % KEPT];

		if (p->changes.count && same_header(&p->now, &header) &&
		    same_ends(&p->ends, &r->ends))
			return p;
	}
	return NULL;
}

/**
 * ladder_change_comes() - a rule of the receiver changed a segment that is about to arrive
 * @change: what it did
 */
void ladder_change_comes(const struct record *change)
{
	struct pending *p = pending_of(change);

	if (!p) {
		p = &pending[next++ % KEPT];
		*p = (struct pending){
			.ends = change->ends, .wire = header_of(change), .now = header_of(change),
		};
	}
	apply(&p->now, change);
	note(&p->changes, change);
}

/**
 * ladder_change_arrived() - a segment arrives: as what did it come
 * @in: the segment; gets what was on the wire
 * @changes: gets what was changed since
 */
void ladder_change_arrived(struct record *in, struct changes *changes)
{
	struct pending *p = pending_of(in);

	if (!p)
		return;
	in->wire = p->wire;
	*changes = p->changes;
	p->changes.count = 0;
}

/**
 * ladder_change_held() - what a segment is that the receiver's rules changed and then held
 * @out: as it left
 *
 * Return: its header now, or NULL when they did not.
 */
const struct header *ladder_change_held(const struct record *out)
{
	for (unsigned int i = 1; i <= KEPT; i++) {
		const struct pending *p = &pending[(next - i) % KEPT];

		if (p->changes.count && same_header(&p->wire, &out->wire) &&
		    same_end(&p->ends.local, p->ends.local_port, &out->ends.remote,
			     out->ends.remote_port) &&
		    same_end(&p->ends.remote, p->ends.remote_port, &out->ends.local,
			     out->ends.local_port))
			return &p->now;
	}
	return NULL;
}

/**
 * ladder_change_text() - the legend of a change
 * @text: where to write
 * @size: bytes there
 * @change: what was changed; sequence numbers as they are shown
 */
void ladder_change_text(char *text, size_t size, const struct change *change)
{
	/* As RFC 9293 and the lines of the ladder call them. */
	static const char *const names[] = {
		[HSTP_NL_FIELD_SEQ] = "SEQ", [HSTP_NL_FIELD_ACK] = "ACK",
		[HSTP_NL_FIELD_WINDOW] = "WND", [HSTP_NL_FIELD_FLAGS] = "CTL",
		[HSTP_NL_FIELD_URGENT] = "UP", [HSTP_NL_FIELD_OPTION] = "OPTIONS",
		[HSTP_NL_FIELD_TSVAL] = "TSVAL", [HSTP_NL_FIELD_TSECR] = "TSECR",
		[HSTP_NL_FIELD_SACK_LEFT] = "SACK-LEFT",
		[HSTP_NL_FIELD_SACK_RIGHT] = "SACK-RIGHT",
	};
	const char *name = change->field < sizeof(names) / sizeof(names[0]) ?
			   names[change->field] : "?";
	char was[40], now[40];

	if (change->corrupt)
		snprintf(text, size, "*checksum corrupted");
	else
		snprintf(text, size, "*%s %s->%s", name,
			 record_value(was, change->field, change->was),
			 record_value(now, change->field, change->now));
}
