// SPDX-License-Identifier: GPL-2.0
/* hstp stat: the counters as tables, once or again and again. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "stats.h"

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

static void title(const char *text)
{
	colour(BOLD);
	printf("%s", text);
	colour(PLAIN);
	putchar('\n');
}

/* " +12" behind a number that has grown since the last look. */
static void print_count(uint64_t now, uint64_t before, bool again)
{
	printf(" %10llu", (unsigned long long)now);
	if (!again)
		return;
	if (now > before) {
		colour(GREEN);
		printf(" %+-8lld", (long long)(now - before));
		colour(PLAIN);
	} else {
		printf(" %-8s", "");
	}
}

static void print_states(const struct stats *stats, const struct stats *old)
{
	char text[DURATION];

	colour(BOLD);
	printf("%-13s %8s %10s%*s %10s%*s %9s %9s %9s", "State", "now", "entered", old ? 9 : 0, "",
	       "left", old ? 9 : 0, "", "median", "p99", "longest");
	colour(PLAIN);
	putchar('\n');
	for (unsigned int i = 0; i < STATES; i++) {
		const struct stats_state *s = &stats->states[i];
		const uint64_t times[] = { s->median, s->p99, s->longest };

		if (!s->known)
			continue;
		colour(state_colour(i));
		printf("%-13s", state_name(i));
		colour(PLAIN);
		printf(" %8llu", (unsigned long long)s->now);
		print_count(s->entered, old ? old->states[i].entered : 0, old);
		print_count(s->left, old ? old->states[i].left : 0, old);
		for (size_t t = 0; t < 3; t++)
			printf(" %9s", s->timed ? duration(text, times[t] * 1000) : "-");
		putchar('\n');
	}
}

static uint64_t count_before(const struct stats *old, const struct stats_transition *t)
{
	for (size_t i = 0; old && i < old->transition_count; i++) {
		const struct stats_transition *o = &old->transitions[i];

		if (o->from == t->from && o->to == t->to && o->cause == t->cause)
			return o->count;
	}
	return 0;
}

/* How long those took who went the same way, whatever the cause; NULL: nobody knows. */
static const struct stats_arrow *arrow_of(const struct stats *stats,
					  const struct stats_transition *t)
{
	const struct stats_arrow *arrow;

	/* A listener's copy that is given back has not stayed there. */
	if (t->from >= STATES || t->to >= STATES || t->cause == HSTP_NL_CAUSE_MERGE)
		return NULL;
	arrow = &stats->arrows[t->from][t->to];
	return arrow->timed ? arrow : NULL;
}

static void print_transitions(const struct stats *stats, const struct stats *old)
{
	char text[DURATION];

	if (!stats->transition_count)
		return;
	putchar('\n');
	colour(BOLD);
	printf("%-13s    %-13s %-16s %10s%*s %9s", "Transition", "", "cause", "count", old ? 9 : 0,
	       "", "median");
	colour(PLAIN);
	putchar('\n');
	for (size_t i = 0; i < stats->transition_count; i++) {
		const struct stats_transition *t = &stats->transitions[i];
		const struct stats_arrow *arrow = arrow_of(stats, t);

		colour(state_colour(t->from));
		printf("%-13s", state_name(t->from));
		colour(PLAIN);
		printf(" -> ");
		colour(state_colour(t->to));
		printf("%-13s", state_name(t->to));
		colour(PLAIN);
		printf(" %-16s", cause_name(t->cause));
		print_count(t->count, count_before(old, t), old);
		printf(" %9s\n", arrow ? duration(text, arrow->median * 1000) : "-");
	}
}

static void print_segments(const struct stats *stats, const struct stats *old)
{
	static const char *const rest[] = { "retransmitted", "challenge ACKs" };
	const uint64_t now[] = { stats->retransmits, stats->challenges };
	const uint64_t before[] = { old ? old->retransmits : 0, old ? old->challenges : 0 };

	putchar('\n');
	colour(BOLD);
	printf("%-17s %10s%*s %10s", "Segments", "in", old ? 9 : 0, "", "out");
	colour(PLAIN);
	printf("\n%-17s", "all");
	for (int i = 0; i < 2; i++)
		print_count(stats->segments[i], old ? old->segments[i] : 0, old);
	putchar('\n');
	for (unsigned int flag = 0; flag < FLAGS; flag++) {
		if (!stats->flags[0][flag] && !stats->flags[1][flag])
			continue;
		printf("  %-15s", flag_name(flag));
		for (int i = 0; i < 2; i++)
			print_count(stats->flags[i][flag], old ? old->flags[i][flag] : 0, old);
		putchar('\n');
	}
	for (int i = 0; i < 2; i++) {
		printf("%-17s %10s%*s", rest[i], "", old ? 9 : 0, "");
		print_count(now[i], before[i], old);
		putchar('\n');
	}
}

static void print_reasons(const char *heading, const struct stats_reasons *now,
			  const struct stats_reasons *old, const char *(*name)(unsigned int))
{
	bool any = false;

	for (unsigned int i = 0; i < REASONS; i++) {
		if (!now->count[i])
			continue;
		if (!any) {
			putchar('\n');
			title(heading);
		}
		any = true;
		printf("%-17s", name(i));
		print_count(now->count[i], old ? old->count[i] : 0, old);
		putchar('\n');
	}
}

static void print(const struct stats *stats, const struct stats *old)
{
	print_states(stats, old);
	print_transitions(stats, old);
	print_segments(stats, old);
	print_reasons("Resets in", &stats->resets[0], old ? &old->resets[0] : NULL,
		      reset_in_name);
	print_reasons("Resets out", &stats->resets[1], old ? &old->resets[1] : NULL,
		      reset_out_name);
	print_reasons("Drops", &stats->drops, old ? &old->drops : NULL, drop_name);
	if (stats->events_lost)
		printf("\nevents lost for want of memory: %llu\n",
		       (unsigned long long)stats->events_lost);
}

static void json_reasons(const char *key, const struct stats_reasons *reasons,
			 const char *(*name)(unsigned int))
{
	json_begin('{', key);
	for (unsigned int i = 0; i < REASONS; i++) {
		if (reasons->known[i])
			json_number(name(i), reasons->count[i]);
	}
	json_end('}');
}

static void json_arrows(const struct stats *stats)
{
	json_begin('[', "arrows");
	for (unsigned int from = 0; from < STATES; from++) {
		for (unsigned int to = 0; to < STATES; to++) {
			const struct stats_arrow *arrow = &stats->arrows[from][to];

			if (!arrow->timed)
				continue;
			json_begin('{', NULL);
			json_string("from", state_name(from));
			json_string("to", state_name(to));
			json_number("timed", arrow->timed);
			json_number("total", arrow->total);
			json_number("median", arrow->median);
			json_number("p99", arrow->p99);
			json_number("longest", arrow->longest);
			json_end('}');
		}
	}
	json_end(']');
}

static void print_json(const struct stats *stats)
{
	static const char *const ways[] = { "in", "out" };

	json_begin('{', NULL);
	json_begin('{', "states");
	for (unsigned int i = 0; i < STATES; i++) {
		const struct stats_state *s = &stats->states[i];

		if (!s->known)
			continue;
		json_begin('{', state_name(i));
		json_number("now", s->now);
		json_number("entered", s->entered);
		json_number("left", s->left);
		json_number("median", s->median);
		json_number("p99", s->p99);
		json_number("longest", s->longest);
		json_number("timed", s->timed);
		json_number("total", s->total);
		json_end('}');
	}
	json_end('}');
	json_begin('[', "transitions");
	for (size_t i = 0; i < stats->transition_count; i++) {
		const struct stats_transition *t = &stats->transitions[i];

		json_begin('{', NULL);
		json_string("from", state_name(t->from));
		json_string("to", state_name(t->to));
		json_string("cause", cause_name(t->cause));
		json_number("count", t->count);
		json_end('}');
	}
	json_end(']');
	json_arrows(stats);
	for (int way = 0; way < 2; way++) {
		json_begin('{', way ? "segments_out" : "segments_in");
		json_number("all", stats->segments[way]);
		for (unsigned int flag = 0; flag < FLAGS; flag++)
			json_number(flag_name(flag), stats->flags[way][flag]);
		json_end('}');
	}
	json_begin('{', "resets");
	json_reasons(ways[0], &stats->resets[0], reset_in_name);
	json_reasons(ways[1], &stats->resets[1], reset_out_name);
	json_end('}');
	json_reasons("drops", &stats->drops, drop_name);
	json_number("retransmits", stats->retransmits);
	json_number("challenges", stats->challenges);
	json_number("event_sequence", stats->event_sequence);
	json_number("events_lost", stats->events_lost);
	json_end('}');
	json_done();
}

static void watch(struct nl *nl, unsigned int seconds)
{
	static struct stats both[2];
	bool terminal = isatty(STDOUT_FILENO);
	struct sigaction action = { .sa_handler = on_signal };
	unsigned int round = 0;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	do {
		struct stats *now = &both[round % 2], *old = &both[(round + 1) % 2];

		stats_read(nl, HSTP_CMD_STATS_GET, now);
		if (opt.json) {
			print_json(now);
		} else {
			printf(terminal ? "\033[H\033[2J" : round ? "\n" : "");
			print(now, round ? old : NULL);
		}
		if (fflush(stdout))
			return;
		round++;
		poll(NULL, 0, (int)seconds * 1000);
	} while (!stopped);
}

static void help(void)
{
	printf("usage: hstp stat [--watch [SECONDS]] [reset]\n\n"
	       "Counters of the namespace: for each state, connections that are in it, entered it\n"
	       "and left it, and the time that they spent there; each arrow that was taken, with\n"
	       "its cause and the median of the time in the state that it leaves, whatever the\n"
	       "cause; segments, resets and drops by reason (those that are not 0).\n"
	       "  --watch   look again each second, or every SECONDS, and show what has grown\n"
	       "  reset     print them a last time and begin anew with 0\n");
}

/* hstp stat [--watch [SECONDS]] [reset] */
int cmd_stat(int argc, char **argv)
{
	static struct stats stats;
	unsigned int seconds = 0;
	bool reset = false;
	struct nl *nl;

	for (int i = 0; i < argc; i++) {
		if (is_help(argv[i])) {
			help();
			return DONE;
		}
		if (!strcmp(argv[i], "--watch") || !strcmp(argv[i], "-w") ||
		    abbreviates(argv[i], "watch")) {
			seconds = 1;
			if (i + 1 < argc)
				seconds = (unsigned int)parse_number("--watch", argv[++i], 1,
								     86400);
		} else if (strlen(argv[i]) > 2 && abbreviates(argv[i], "reset")) {
			reset = true;
		} else {
			quit(MISUSED, "stat: \"%s\" is neither --watch nor reset", argv[i]);
		}
	}
	if (reset && seconds)
		quit(MISUSED, "stat: --watch and reset do not go together");
	nl = nl_open();
	if (seconds) {
		watch(nl, seconds);
	} else {
		stats_read(nl, reset ? HSTP_CMD_STATS_RESET : HSTP_CMD_STATS_GET, &stats);
		if (opt.json)
			print_json(&stats);
		else
			print(&stats, NULL);
	}
	nl_close(nl);
	return DONE;
}
