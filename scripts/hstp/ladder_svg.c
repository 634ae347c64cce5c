// SPDX-License-Identifier: GPL-2.0
/* A ladder as SVG: two lines, and slanted arrows between them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ladder.h"

enum { LEFT = 250, RIGHT = 850, MIDDLE = (LEFT + RIGHT) / 2, WIDTH = 1020 };
enum { HIGH = 44, SLANT = 14, TOP = 30, NEAR = 14, LEGEND = 18 };

static struct row *rows;
static size_t row_count, row_room;

/* Words come last, and keep the lines that cross them off. */
static bool writing;

void ladder_svg_add(const struct row *row)
{
	if (row_count == row_room) {
		row_room = row_room * 2 + 256;
		rows = need(realloc(rows, row_room * sizeof(*rows)));
	}
	rows[row_count++] = *row;
}

static void text(FILE *to, int x, int y, const char *class, const char *words)
{
	if (!writing)
		return;
	fprintf(to, "<text x=\"%d\" y=\"%d\" class=\"%s\">", x, y, class);
	for (; *words; words++) {
		if (*words == '<')
			fputs("&lt;", to);
		else if (*words == '>')
			fputs("&gt;", to);
		else if (*words == '&')
			fputs("&amp;", to);
		else
			fputc(*words, to);
	}
	fputs("</text>\n", to);
}

static void state(FILE *to, int side, int y, unsigned int number)
{
	static const char *const colours[] = {
		[PLAIN] = "black", [BOLD] = "black", [FAINT] = "gray", [YELLOW] = "#a06000",
		[GREEN] = "#107010", [BLUE] = "#1040b0", [CYAN] = "#007080",
	};

	if (number == NO_STATE)
		return;
	fprintf(to, "<g fill=\"%s\">", colours[state_colour(number)]);
	text(to, side ? RIGHT + 12 : LEFT - 12, y + 4, side ? "s" : "s e", state_name(number));
	fputs("</g>\n", to);
}

static void line(FILE *to, int from, int from_y, int end, int end_y, const char *class, bool head)
{
	if (writing)
		return;
	fprintf(to, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"%s\"%s/>\n", from,
		from_y, end, end_y, class, head ? " marker-end=\"url(#head)\"" : "");
}

/* The line at which a segment began that arrives later; NULL when another connection's lines
 * are between them.
 */
static const struct row *beginning_of(const struct row *row)
{
	if (!row->link || !row->late)
		return NULL;
	for (const struct row *r = row; r > rows && r->kind != ROW_HEAD; r--) {
		if (r[-1].link == row->link)
			return r - 1;
	}
	return NULL;
}

/* And the other way round: where it arrives; or NULL. */
static const struct row *end_of(const struct row *row)
{
	if (!row->link || row->late)
		return NULL;
	for (const struct row *r = row + 1; r < rows + row_count && r->kind != ROW_HEAD; r++) {
		if (r->link == row->link)
			return r;
	}
	return NULL;
}

/* Where the arrow of a segment that began before, and arrives later, passes the words above
 * the line at @y; 0: none does.
 */
static int crossing(int y)
{
	const int words = y - 8;

	for (size_t i = 0; i < row_count; i++) {
		const struct row *end = &rows[i], *began = beginning_of(end);
		int done, all;

		if (!began || began->y >= words || end->y + SLANT <= words)
			continue;
		done = words - began->y;
		all = end->y + SLANT - began->y;
		return end->side ? RIGHT - (RIGHT - LEFT) * done / all :
				   LEFT + (RIGHT - LEFT) * done / all;
	}
	return 0;
}

/* In the middle; of an arrow that others cross, near the line that it leaves; of those, on the
 * other side of it.
 */
static void words(FILE *to, const struct row *row, int y, const char *label)
{
	const struct row *end = end_of(row);
	int other = crossing(row->y);
	bool right = end ? row->side : other < MIDDLE;

	if (end || other)
		text(to, right ? RIGHT - NEAR : LEFT + NEAR, y, right ? "e" : "", label);
	else
		text(to, MIDDLE, y, "m", label);
}

/* What the legends of a segment take between its label and its arrow, which would go through them
 * if they were below it: the arrow is a long one.
 */
static int above(const struct row *row)
{
	const struct row *r = row + 1;

	if (!end_of(row))
		return 0;
	while (r < rows + row_count && r->kind == ROW_CHANGE)
		r++;
	return (int)(r - row - 1) * LEGEND;
}

static void label(FILE *to, const struct row *row, int y)
{
	char label[sizeof(row->text) + 20];

	snprintf(label, sizeof(label), "%s%s%s", row->text, row->again ? " again" : "",
		 row->changed ? " *" : "");
	fprintf(to, "<g%s>", row->changed ? " class=\"changed\"" :
			     row->again ? " class=\"again\"" : "");
	words(to, row, y - 3 - above(row), label);
	fputs("</g>\n", to);
}

/* Each in a line of its own: below the arrow of the segment, where that is a long one above it, or
 * below its end if that is where it was changed.
 */
static void legend(FILE *to, const struct row *row, int y)
{
	const struct row *segment = row;

	while (segment > rows && segment->kind == ROW_CHANGE)
		segment--;
	fputs("<g class=\"changed\">", to);
	if (beginning_of(segment))
		text(to, segment->side ? LEFT + NEAR : RIGHT - NEAR, y - HIGH + SLANT + 15,
		     segment->side ? "" : "e", row->text);
	else if (end_of(segment))
		words(to, segment, y - HIGH + LEGEND - 3, row->text);
	else
		words(to, segment, y - HIGH + SLANT + 10, row->text);
	fputs("</g>\n", to);
}

static void segment(FILE *to, const struct row *row, int y)
{
	const int from = row->side ? RIGHT - 2 : LEFT + 2, end = row->side ? LEFT + 2 : RIGHT - 2;
	const int middle = MIDDLE, toward = row->side ? -1 : 1;
	const struct row *began = beginning_of(row), *arrives = end_of(row);
	const char *class = (row->fate == LOST && !arrives) || row->reset ? "a bad" : "a";

	if (began) {
		/* The arrow from the other line to this one. */
		line(to, from, began->y, end, y + SLANT, class, true);
		state(to, !row->side, y + SLANT, row->states[!row->side]);
		return;
	}
	label(to, row, y);
	if (!row->late)
		state(to, row->side, y, row->states[row->side]);
	/* The line where it arrives has its arrow. */
	if (arrives)
		return;
	if (row->fate == LOST) {
		line(to, from, y, from + (end - from) * 3 / 4 - 7 * toward, y + SLANT * 3 / 4,
		     class, false);
		text(to, from + (end - from) * 3 / 4, y + SLANT * 3 / 4 + 5, "x", "\xc3\x97");
	} else if (row->fate == UNDER_WAY) {
		line(to, from, y, middle, y + SLANT / 2, class, false);
		text(to, middle + 14 * toward, y + SLANT / 2 + 3, "m", "...");
	} else if (row->late) {
		line(to, middle, y + SLANT / 2, end, y + SLANT, class, true);
		text(to, middle - 14 * toward, y + SLANT / 2 + 1, "m", "...");
	} else {
		line(to, from, y, end, y + SLANT, class, true);
	}
	if (row->fate == ARRIVED)
		state(to, !row->side, y + SLANT, row->states[!row->side]);
}

static void draw(FILE *to, const struct row *row, int y)
{
	char time[32];

	snprintf(time, sizeof(time), "%.6f", (double)row->time / 1e9);
	if (row->kind != ROW_NOTE && row->kind != ROW_CHANGE)
		text(to, 90, y + 4, "t", time);
	switch (row->kind) {
	case ROW_HEAD:
		text(to, LEFT, y - 18, "h", row->names[0]);
		text(to, RIGHT, y - 18, "h", row->names[1]);
		state(to, 0, y, row->states[0]);
		state(to, 1, y, row->states[1]);
		break;
	case ROW_NOTE:
		text(to, row->side ? RIGHT + 12 : LEFT - 12, y + 14, row->side ? "n" : "n e",
		     row->text);
		break;
	case ROW_STATES:
		state(to, row->side, y, row->states[row->side]);
		break;
	case ROW_SEGMENT:
		segment(to, row, y);
		break;
	case ROW_CHANGE:
		legend(to, row, y);
		break;
	}
}

static int height(const struct row *row)
{
	switch (row->kind) {
	case ROW_HEAD:
		return HIGH + 14;
	case ROW_NOTE:
		return HIGH / 2 + 2;
	case ROW_CHANGE:
		return LEGEND;
	default:
		return HIGH;
	}
}

static void lifelines(FILE *to, int from, int end)
{
	for (int x = LEFT; from >= 0 && x <= RIGHT; x += RIGHT - LEFT)
		line(to, x, from, x, end, "l", false);
}

static void draw_rows(FILE *to)
{
	int y = TOP, line = -1;

	for (size_t i = 0; i <= row_count; i++) {
		/* The two lines go from each head to the next. */
		if (i == row_count || rows[i].kind == ROW_HEAD) {
			lifelines(to, line, y - 8);
			line = y + 18;
		}
		if (i == row_count)
			break;
		rows[i].y = y + (rows[i].kind == ROW_HEAD ? 30 : above(&rows[i]));
		draw(to, &rows[i], rows[i].y);
		y += height(&rows[i]);
	}
}

static void draw_all(FILE *to)
{
	int y = TOP;

	for (size_t i = 0; i < row_count; i++)
		y += height(&rows[i]);
	fprintf(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\">\n"
		"<style>text{font:13px monospace;stroke:white;stroke-width:4px;"
		"paint-order:stroke}.e{text-anchor:end}.m,.h,.x{text-anchor:middle}"
		".h{font-weight:bold}.t{fill:gray;font-size:11px;text-anchor:end}"
		".n{font-style:italic}.x{fill:#c00000;font-size:20px}.s{font-weight:bold}"
		".again{fill:#a06000}.changed{fill:#007080}.a{stroke:black;stroke-width:1.2}"
		".bad{stroke:#c00000}"
		".l{stroke:#808080}</style>\n"
		"<defs><marker id=\"head\" orient=\"auto\" markerWidth=\"10\" markerHeight=\"8\" "
		"refX=\"9\" refY=\"4\"><path d=\"M0,0 L10,4 L0,8 z\"/></marker></defs>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		WIDTH, y);
	draw_rows(to);
	writing = true;
	draw_rows(to);
	writing = false;
	fputs("</svg>\n", to);
}

/**
 * ladder_svg_write() - draw all lines
 * @path: name of the file
 *
 * Return: exit status of the command.
 */
int ladder_svg_write(const char *path)
{
	FILE *to = fopen(path, "w");

	if (!to) {
		say("%s: %s", path, strerror(errno));
		return FAILED;
	}
	draw_all(to);
	if (fclose(to)) {
		say("%s: %s", path, strerror(errno));
		return FAILED;
	}
	return DONE;
}
