// SPDX-License-Identifier: GPL-2.0
/* A ladder's lines on the terminal, as RFC 9293 section 3.5 draws them. */
#include <string.h>

#include "ladder.h"

#define STATE 13

/* Of what is between the arrows; sequence numbers as they are have more digits. */
static int wide(void)
{
	return opt.numeric ? 64 : 46;
}

static void state(unsigned int state, bool pad)
{
	const char *name = state == NO_STATE ? "?" : state_name(state);

	colour(state == NO_STATE ? FAINT : state_colour(state));
	printf("%s", name);
	colour(PLAIN);
	if (pad)
		printf("%*s", (int)(STATE - strlen(name)), "");
}

static void when(const struct row *row)
{
	colour(FAINT);
	printf("%5llu.%06llu  ", (unsigned long long)(row->time / 1000000000),
	       (unsigned long long)(row->time / 1000 % 1000000));
	colour(PLAIN);
}

static void print_segment(const struct row *row)
{
	const char *arrow = row->side ? "<--" : "-->";
	const char *from = row->late ? "..." : arrow, *to = arrow;
	bool lost = row->fate == LOST;
	char text[sizeof(row->text) + 20];

	if (lost)
		to = "XXX";
	else if (row->fate == UNDER_WAY)
		to = "...";
	snprintf(text, sizeof(text), "%s%s%s", row->text, row->again ? " again" : "",
		 row->changed ? " *" : "");
	state(row->states[0], true);
	printf(" %s ", row->side ? to : from);
	colour(row->reset || lost ? RED : row->again ? YELLOW : PLAIN);
	printf("%-*s", wide(), text);
	colour(PLAIN);
	printf(" %s ", row->side ? from : to);
	state(row->states[1], false);
}

/* One line; two for the head. */
void ladder_print(const struct row *row)
{
	const int between = wide() + 10;

	if (row->kind == ROW_HEAD) {
		colour(BOLD);
		printf("\n%12s  %-*s %s\n", "", STATE + between - 1, row->names[0],
		       row->names[1]);
		colour(PLAIN);
	}
	when(row);
	switch (row->kind) {
	case ROW_HEAD:
	case ROW_STATES:
		state(row->states[0], true);
		printf("%*s", between, "");
		state(row->states[1], false);
		break;
	case ROW_NOTE:
		if (row->side)
			printf("%*s", STATE + between, "");
		printf("%s", row->text);
		break;
	case ROW_SEGMENT:
		print_segment(row);
		break;
	case ROW_CHANGE:
		colour(CYAN);
		printf("%*s%s", STATE + 5, "", row->text);
		colour(PLAIN);
		break;
	}
	putchar('\n');
}
