// SPDX-License-Identifier: GPL-2.0
/* Which of the records that wait tell of the same segment, and what a segment brought about. */
#include "ladder_exchange.h"

/* The next of the same end, whatever it is. */
struct entry *entry_next(const struct entry *e, const struct exchange *x, int side)
{
	for (struct entry *n = queue_next(e); n; n = queue_next(n)) {
		if (n->exchange == x && n->side == side && !n->done)
			return n;
	}
	return NULL;
}

/* The next transition that a segment's arrival brought about, behind @last; NULL: no more. */
struct entry *entry_effect(const struct entry *in, const struct entry *last)
{
	struct exchange *x = in->exchange;

	for (struct entry *n = entry_next(last, x, in->side); n; n = entry_next(n, x, in->side)) {
		if (n->record.segment && n->record.out)
			continue;
		return n->record.segment || !cause_is_segment(n->record.cause) ? NULL : n;
	}
	return NULL;
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
struct entry *entry_arrival(const struct entry *out)
{
	struct exchange *x = out->exchange;
	int later = 0;

	if (out->changes.corrupt)
		return NULL;
	for (struct entry *n = queue_next(out); n; n = queue_next(n)) {
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
bool entry_crossed(const struct entry *out, const struct entry *in)
{
	bool matters = entry_effect(in, in);

	for (const struct entry *n = queue_next(out); n != in; n = queue_next(n)) {
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

/* Where a segment arrived that left, even if nothing of its connection was drawn yet. */
const struct entry *entry_answer(const struct entry *e)
{
	if (e->exchange || e->changes.corrupt)
		return entry_arrival(e);
	for (const struct entry *n = queue_next(e); n; n = queue_next(n)) {
		if (arrives_as(&e->record, &n->record))
			return n;
	}
	return NULL;
}

bool entry_is_sending(const struct entry *e)
{
	return e->record.segment && e->record.out && !e->done;
}

/* Has something arrived that was sent after it? */
bool entry_is_overtaken(const struct entry *e)
{
	if (!e->exchange)
		return false;
	for (const struct entry *n = queue_next(e); n; n = queue_next(n)) {
		if (n->exchange == e->exchange && n->side == e->side && n->record.segment &&
		    n->record.out && entry_arrival(n))
			return true;
	}
	return false;
}
