// SPDX-License-Identifier: GPL-2.0
/* A ladder as SVG: two lines, and slanted arrows between them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ladder.h"

enum { LEFT = 250, RIGHT = 690, WIDTH = 860, HIGH = 44, SLANT = 14, TOP = 30 };

static struct row *rows;
static size_t row_count, row_room;

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

static void segment(FILE *to, const struct row *row, int y)
{
	int from = row->side ? RIGHT - 2 : LEFT + 2, end = row->side ? LEFT + 2 : RIGHT - 2;
	const char *class = row->fate == LOST || row->reset ? "a bad" : "a";
	char label[sizeof(row->text) + 16];
	int to_y = y + SLANT;

	state(to, row->side, y, row->states[row->side]);
	if (row->fate == LOST) {
		end = from + (end - from) * 3 / 4;
		to_y = y + SLANT * 3 / 4;
		text(to, end, to_y + 5, "x", "\xc3\x97");
		end -= row->side ? -7 : 7;
	} else {
		state(to, !row->side, to_y, row->states[!row->side]);
	}
	fprintf(to, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"%s\"%s/>\n", from, y,
		end, to_y, class, row->fate == LOST ? "" : " marker-end=\"url(#head)\"");
	snprintf(label, sizeof(label), "%s%s", row->text, row->again ? " again" : "");
	text(to, (LEFT + RIGHT) / 2, y - 3, row->again ? "m again" : "m", label);
}

static void draw(FILE *to, const struct row *row, int y)
{
	char time[32];

	snprintf(time, sizeof(time), "%.6f", (double)row->time / 1e9);
	if (row->kind != ROW_NOTE)
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
	}
}

static int height(const struct row *row)
{
	switch (row->kind) {
	case ROW_HEAD:
		return HIGH + 14;
	case ROW_NOTE:
		return HIGH / 2 + 2;
	default:
		return HIGH;
	}
}

static void lifelines(FILE *to, int from, int end)
{
	for (int x = LEFT; from >= 0 && x <= RIGHT; x += RIGHT - LEFT)
		fprintf(to, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" class=\"l\"/>\n", x,
			from, x, end);
}

static void draw_all(FILE *to)
{
	int y = TOP, line = -1;

	for (size_t i = 0; i < row_count; i++)
		y += height(&rows[i]);
	fprintf(to,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\">\n"
		"<style>text{font:13px monospace}.e{text-anchor:end}.m,.h,.x{text-anchor:middle}"
		".h{font-weight:bold}.t{fill:gray;font-size:11px;text-anchor:end}"
		".n{font-style:italic}.x{fill:#c00000;font-size:20px}.s{font-weight:bold}"
		".again{fill:#a06000}.a{stroke:black;stroke-width:1.2}.bad{stroke:#c00000}"
		".l{stroke:#808080}</style>\n"
		"<defs><marker id=\"head\" orient=\"auto\" markerWidth=\"10\" markerHeight=\"8\" "
		"refX=\"9\" refY=\"4\"><path d=\"M0,0 L10,4 L0,8 z\"/></marker></defs>\n"
		"<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
		WIDTH, y);
	y = TOP;
	for (size_t i = 0; i <= row_count; i++) {
		/* The two lines go from each head to the next. */
		if (i == row_count || rows[i].kind == ROW_HEAD) {
			lifelines(to, line, y - 8);
			line = y + 18;
		}
		if (i == row_count)
			break;
		draw(to, &rows[i], y + (rows[i].kind == ROW_HEAD ? 30 : 0));
		y += height(&rows[i]);
	}
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
