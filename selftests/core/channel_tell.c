// SPDX-License-Identifier: GPL-2.0
/* What is told of a simulated connection: a line for each event, and what was broken. */
#include "channel.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TOLD_MAX	3	/* failures of each network */

/**
 * say() - something happens at a side
 * @which: side
 * @format: what, as for printf()
 */
void say(u32 which, const char *format, ...)
{
	const struct side *s = &world.side[which];
	va_list args;

	if (!channel_verbose)
		return;
	printf("# %8u %c %-12s ", world.now - world.began, "AB"[which],
	       s->listening ? "LISTEN" : hstp_state_names[s->tcb.state]);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

/**
 * shown() - a segment, as RFC 9293 writes it
 * @seg: the segment
 * @from: side that sent it; numbers are counted from each ISS
 *
 * Return: text that lasts until the next call.
 */
const char *shown(const struct hstp_segment *seg, u32 from)
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE",
					     "CWR" };
	u32 iss = world.side[from].iss, irs = world.side[!from].iss, i;
	static char text[300];
	int at;

	if (!channel_verbose)
		return "";
	at = sprintf(text, "<SEQ=%u>", seg->seq - iss);
	if (seg->flags & HSTP_ACK)
		at += sprintf(text + at, "<ACK=%u>", seg->ack - irs);
	at += sprintf(text + at, "<WND=%u>", seg->wnd);
	if (seg->text_len)
		at += sprintf(text + at, "<LEN=%u>", seg->text_len);
	for (i = 0; i < seg->opt.sack_count; i++)
		at += sprintf(text + at, "<SACK=%u-%u>", seg->opt.sack[i].left - irs,
			      seg->opt.sack[i].right - irs);
	at += sprintf(text + at, "<CTL=");
	for (i = 0; i < 8; i++)
		if (seg->flags & 1 << i)
			at += sprintf(text + at, "%s,", names[i]);
	strcpy(text + at - 1, seg->ecn == HSTP_CE ? ">, marked" : ">");
	return text;
}

static void tell_side(u32 which)
{
	const struct side *s = &world.side[which];
	const struct hstp_tcb *t = &s->tcb;

	printf("#   %c %s gave %u, got %u, SND.UNA %u NXT %u WND %u, RCV.NXT %u WND %u\n",
	       "AB"[which], hstp_state_names[t->state], s->sent, s->got, t->snd_una - s->iss,
	       t->snd_nxt - s->iss, t->snd_wnd, t->rcv_nxt - world.side[!which].iss, t->rcv_wnd);
}

/**
 * broken() - what must hold does not
 * @what: does not, and the section that says so
 */
void broken(const char *what)
{
	if (world.failed)
		return;
	world.failed = true;
	if (world.told >= TOLD_MAX)
		return;
	printf("# seed %lu, %s, after %u ms: %s\n", world.seed, world.network->name,
	       world.now - world.began, what);
	tell_side(0);
	tell_side(1);
	printf("#   what led there: %s -v %lu\n", channel_program, world.seed);
}
