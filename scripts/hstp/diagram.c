// SPDX-License-Identifier: GPL-2.0
/* hstp diagram: the state diagram of RFC 9293 (figure 5), with what was counted. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "stats.h"

/* The figure's arrows are always drawn; others once something has gone along them. */
static const unsigned char figure[][2] = {
	{ HSTP_NL_STATE_CLOSED, HSTP_NL_STATE_LISTEN },
	{ HSTP_NL_STATE_CLOSED, HSTP_NL_STATE_SYN_SENT },
	{ HSTP_NL_STATE_LISTEN, HSTP_NL_STATE_CLOSED },
	{ HSTP_NL_STATE_LISTEN, HSTP_NL_STATE_SYN_RECEIVED },
	{ HSTP_NL_STATE_LISTEN, HSTP_NL_STATE_SYN_SENT },
	{ HSTP_NL_STATE_SYN_SENT, HSTP_NL_STATE_CLOSED },
	{ HSTP_NL_STATE_SYN_SENT, HSTP_NL_STATE_SYN_RECEIVED },
	{ HSTP_NL_STATE_SYN_SENT, HSTP_NL_STATE_ESTABLISHED },
	{ HSTP_NL_STATE_SYN_RECEIVED, HSTP_NL_STATE_LISTEN },
	{ HSTP_NL_STATE_SYN_RECEIVED, HSTP_NL_STATE_ESTABLISHED },
	{ HSTP_NL_STATE_SYN_RECEIVED, HSTP_NL_STATE_FIN_WAIT_1 },
	{ HSTP_NL_STATE_ESTABLISHED, HSTP_NL_STATE_FIN_WAIT_1 },
	{ HSTP_NL_STATE_ESTABLISHED, HSTP_NL_STATE_CLOSE_WAIT },
	{ HSTP_NL_STATE_FIN_WAIT_1, HSTP_NL_STATE_FIN_WAIT_2 },
	{ HSTP_NL_STATE_FIN_WAIT_1, HSTP_NL_STATE_CLOSING },
	{ HSTP_NL_STATE_FIN_WAIT_2, HSTP_NL_STATE_TIME_WAIT },
	{ HSTP_NL_STATE_CLOSING, HSTP_NL_STATE_TIME_WAIT },
	{ HSTP_NL_STATE_CLOSE_WAIT, HSTP_NL_STATE_LAST_ACK },
	{ HSTP_NL_STATE_LAST_ACK, HSTP_NL_STATE_CLOSED },
	{ HSTP_NL_STATE_TIME_WAIT, HSTP_NL_STATE_CLOSED },
};

static bool in_figure(unsigned int from, unsigned int to)
{
	for (size_t i = 0; i < sizeof(figure) / sizeof(figure[0]); i++) {
		if (figure[i][0] == from && figure[i][1] == to)
			return true;
	}
	return false;
}

static const char *fill(const struct stats_state *s)
{
	if (s->now)
		return "#c8e6c9";
	return s->entered ? "#f5f5f5" : "white";
}

/* A state: its name, how many are in it, how long it lasts. CLOSED is where connections
 * come from and where they end: it is drawn twice, as a figure with the end at the
 * bottom has the fewest crossings.
 */
static void node(FILE *to, unsigned int state, const struct stats_state *s)
{
	char text[DURATION];

	fprintf(to, "\t\"%s\" [fillcolor=\"%s\", label=<<b>%s</b>", state_name(state), fill(s),
		state_name(state));
	if (state == HSTP_NL_STATE_CLOSED)
		fprintf(to, "<br/>%llu begun", (unsigned long long)s->left);
	else
		fprintf(to, "<br/>%llu now", (unsigned long long)s->now);
	if (s->timed)
		fprintf(to, "<br/>median %s", duration(text, s->median * 1000));
	fputs(">];\n", to);
	if (state == HSTP_NL_STATE_CLOSED)
		fprintf(to,
			"\t\"end\" [fillcolor=\"%s\", label=<<b>CLOSED</b><br/>%llu ended>];\n",
			s->entered ? "#f5f5f5" : "white", (unsigned long long)s->entered);
}

/* A line for each cause, then how long it took in the state that the arrow leaves; the cell
 * keeps them off their arrow.
 */
static void label(FILE *to, const struct stats *stats, unsigned int from, unsigned int goal)
{
	const struct stats_arrow *arrow = &stats->arrows[from][goal];
	char text[DURATION];

	fputs("label=<<table border=\"0\" cellpadding=\"6\"><tr><td align=\"left\">", to);
	for (size_t i = 0; i < stats->transition_count; i++) {
		const struct stats_transition *t = &stats->transitions[i];

		if (t->from == from && t->to == goal && t->count)
			fprintf(to, "%s %llu<br align=\"left\"/>", cause_name(t->cause),
				(unsigned long long)t->count);
	}
	if (arrow->timed)
		fprintf(to, "<i>median %s</i><br align=\"left\"/>",
			duration(text, arrow->median * 1000));
	fputs("</td></tr></table>>", to);
}

static void arrow(FILE *to, const struct stats *stats, unsigned int from, unsigned int goal)
{
	bool ends = goal == HSTP_NL_STATE_CLOSED, taken = false;

	for (size_t i = 0; i < stats->transition_count && !taken; i++) {
		const struct stats_transition *t = &stats->transitions[i];

		taken = t->from == from && t->to == goal && t->count;
	}
	if (!taken && !in_figure(from, goal))
		return;
	fprintf(to, "\t\"%s\" -> \"%s\" [", state_name(from), ends ? "end" : state_name(goal));
	fputs(taken ? "" : "color=gray70", to);
	fputs(in_figure(from, goal) ? "" : "style=dashed, ", to);
	if (taken)
		label(to, stats, from, goal);
	fputs("];\n", to);
}

static void write_dot(FILE *to, const struct stats *stats)
{
	fputs("digraph hstp {\n"
	      "\tgraph [rankdir=TB, nodesep=0.7, ranksep=0.6, fontname=\"Helvetica\"];\n"
	      "\tnode [shape=box, style=\"rounded,filled\", fontname=\"Helvetica\", fontsize=11];\n"
	      "\tedge [fontname=\"Helvetica\", fontsize=9];\n", to);
	for (unsigned int i = 0; i < STATES; i++)
		node(to, i, &stats->states[i]);
	fputs("\t{ rank=source; \"CLOSED\"; }\n\t{ rank=sink; \"end\"; }\n"
	      "\t{ rank=same; \"FIN-WAIT-1\"; \"CLOSE-WAIT\"; }\n", to);
	for (unsigned int from = 0; from < STATES; from++) {
		for (unsigned int goal = 0; goal < STATES; goal++)
			arrow(to, stats, from, goal);
	}
	fputs("}\n", to);
}

/* dot(1) makes a picture of it, on its standard output or in @path. */
static int write_svg(const struct stats *stats, const char *path)
{
	char command[4200] = "dot -Tsvg";
	FILE *to;
	int status;

	if (path && setenv("HSTP_DIAGRAM", path, 1) == 0)
		strcat(command, " -o \"$HSTP_DIAGRAM\"");
	if (system("command -v dot >/dev/null 2>&1"))
		quit(FAILED,
		     "diagram: svg is drawn by dot(1), which is not here: install graphviz, or say \"hstp diagram dot\"");
	fflush(stdout);
	to = popen(command, "w");
	if (!to)
		quit(FAILED, "diagram: dot: %s", strerror(errno));
	write_dot(to, stats);
	status = pclose(to);
	if (status) {
		say("diagram: dot has failed");
		return FAILED;
	}
	return DONE;
}

/* hstp diagram [dot|svg] [FILE] */
int cmd_diagram(int argc, char **argv)
{
	static struct stats stats;
	const char *path = NULL;
	bool svg = false;
	FILE *to = stdout;
	struct nl *nl;

	if (argc && is_help(argv[argc - 1])) {
		printf("usage: hstp diagram [dot|svg] [FILE]\n\n"
		       "Draws the state diagram of RFC 9293 section 3.3.2: in each state, how many\n"
		       "connections are in it now and the median of the time that they stay; at each\n"
		       "arrow, its causes and how often, and the median of the time that those who took\n"
		       "it had been in the state that it leaves. Dashed arrows are not in the RFC's\n"
		       "figure: resets, aborts, timeouts. As input for Graphviz, or drawn by its dot(1).\n");
		return DONE;
	}
	if (argc && (!strcmp(argv[0], "svg") || !strcmp(argv[0], "dot"))) {
		svg = argv[0][0] == 's';
		argc--;
		argv++;
	}
	if (argc)
		path = argv[0];
	if (argc > 1)
		quit(MISUSED, "diagram: one file at most, not \"%s\" too", argv[1]);
	nl = nl_open();
	stats_read(nl, HSTP_CMD_STATS_GET, &stats);
	nl_close(nl);
	if (svg)
		return write_svg(&stats, path);
	if (path)
		to = fopen(path, "w");
	if (!to)
		quit(FAILED, "%s: %s", path, strerror(errno));
	write_dot(to, &stats);
	if (path && (fflush(to) || ferror(to) || fclose(to))) {
		say("%s: %s", path, strerror(errno));
		return FAILED;
	}
	return DONE;
}
