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

#include "ladder_exchange.h"

#define HOLD_MS		300	/* what happens at both ends comes in order by then */
#define LOST_MS		2000	/* a segment that has not arrived by then is drawn as lost */
#define AGAIN_MS	100	/* until it is looked again whether it is held, or lost */

static struct {
	struct entry *queue;
	size_t first, count, room;
	const char *svg;
	uint64_t begin;			/* ns */
	bool has_begin;
	uint64_t looked;		/* when it was seen what is held, ns */
} ladder;

/* The record behind @e, or NULL. */
struct entry *queue_next(const struct entry *e)
{
	size_t at = (size_t)(e - ladder.queue) + 1;

	return at < ladder.count ? &ladder.queue[at] : NULL;
}

/* Those that wait belong to @x no more. */
void queue_disown(const struct exchange *x)
{
	for (size_t i = ladder.first; i < ladder.count; i++) {
		if (ladder.queue[i].exchange == x)
			ladder.queue[i].exchange = NULL;
	}
}

/* A line about what happened at @time, ns. */
void ladder_draw(struct row *row, uint64_t time)
{
	row->time = time > ladder.begin ? time - ladder.begin : 0;
	ladder_print(row);
	if (ladder.svg)
		ladder_svg_add(row);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t after_ms(const struct entry *e, unsigned int ms)
{
	return e->record.time + ms * 1000000ULL;
}

/* Is its other end one that would say so? */
static bool is_heard(const struct entry *e)
{
	const struct subject *ends = &e->record.ends;

	return ladder_both || (e->exchange && e->exchange->watched[!e->side]) ||
	       ladder_listens(&ends->remote, ends->remote_port);
}

/* When its line can be drawn, ns: when all that happened by then is known, at the other end, too.
 * What has not arrived can be on a long way, unless it is known to be lost or held.
 */
static uint64_t due(const struct entry *e)
{
	const uint64_t waited = after_ms(e, HOLD_MS);
	const struct entry *in;

	if (!entry_is_sending(e) || ladder.looked < waited)
		return waited;
	in = entry_answer(e);
	if (in)
		return after_ms(in, HOLD_MS);
	if (e->changes.corrupt || !is_heard(e) || entry_is_overtaken(e) || ladder_held(&e->record))
		return waited;
	return after_ms(e, LOST_MS);
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
	ladder.svg = svg;
	ladder_both = both;
	ladder_held_open(nl);
	exchanges_list(nl, source);
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

		if (entry_is_sending(e) && ladder_change_sent(&e->record, &e->changes, change))
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
	ladder.queue[at].exchange = exchange_find(&record->ends, &ladder.queue[at].side);
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
		if (entry_is_sending(e) && !entry_answer(e)) {
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
		exchanges_forget(e->record.time);
		ladder.first++;
		entry_show(e);
	}
}

/* Return: exit status of the command. */
int ladder_end(void)
{
	ladder_flush();
	return ladder.svg ? ladder_svg_write(ladder.svg) : DONE;
}
