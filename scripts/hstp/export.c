// SPDX-License-Identifier: GPL-2.0
/* hstp export: the counters in Prometheus' text format. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "stats.h"

static FILE *to;

/* The namespace as a label, so that files of several can be read together. */
static void label_netns(void)
{
	if (!opt.netns)
		return;
	fputs("netns=\"", to);
	for (const char *c = opt.netns; *c; c++) {
		if (*c == '"' || *c == '\\' || *c == '\n')
			fputc('\\', to);
		fputc(*c == '\n' ? 'n' : *c, to);
	}
	fputs("\"", to);
}

static void metric(const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* name{labels} up to the value; @labels is empty or ends without a comma. */
static void sample(const char *name, const char *labels)
{
	fputs(name, to);
	if (*labels || opt.netns) {
		fputc('{', to);
		label_netns();
		fprintf(to, "%s%s}", *labels && opt.netns ? "," : "", labels);
	}
	fputc(' ', to);
}

static void count(const char *name, uint64_t value, const char *labels)
{
	sample(name, labels);
	fprintf(to, "%llu\n", (unsigned long long)value);
}

static void seconds(const char *name, uint64_t us, const char *labels)
{
	sample(name, labels);
	fprintf(to, "%llu.%06llu\n", (unsigned long long)us / 1000000,
		(unsigned long long)us % 1000000);
}

/* Quantiles of nothing are left out, its sum and count are not. */
static void summary(const char *name, const char *labels, const struct stats_arrow *times)
{
	const struct {
		const char *quantile;
		uint64_t us;
	} quantiles[] = { { "0.5", times->median }, { "0.99", times->p99 },
			  { "1", times->longest } };
	char more[128], longer[64];

	for (size_t i = 0; times->timed && i < 3; i++) {
		snprintf(more, sizeof(more), "%s,quantile=\"%s\"", labels, quantiles[i].quantile);
		seconds(name, quantiles[i].us, more);
	}
	snprintf(longer, sizeof(longer), "%s_sum", name);
	seconds(longer, times->total, labels);
	snprintf(longer, sizeof(longer), "%s_count", name);
	count(longer, times->timed, labels);
}

static void write_states(const struct stats *stats)
{
	char labels[64];

	metric("hstp_connections", "gauge", "Connections that are in a state.");
	for (unsigned int i = 1; i < STATES; i++) {
		snprintf(labels, sizeof(labels), "state=\"%s\"", state_name(i));
		count("hstp_connections", stats->states[i].now, labels);
	}
	metric("hstp_state_entered_total", "counter", "Times that a connection entered a state.");
	for (unsigned int i = 0; i < STATES; i++) {
		snprintf(labels, sizeof(labels), "state=\"%s\"", state_name(i));
		count("hstp_state_entered_total", stats->states[i].entered, labels);
	}
	metric("hstp_state_left_total", "counter", "Times that a connection left a state.");
	for (unsigned int i = 0; i < STATES; i++) {
		snprintf(labels, sizeof(labels), "state=\"%s\"", state_name(i));
		count("hstp_state_left_total", stats->states[i].left, labels);
	}
	metric("hstp_state_seconds", "summary",
	       "Time that connections spent in a state that they have left.");
	for (unsigned int i = 1; i < STATES; i++) {
		const struct stats_state *s = &stats->states[i];
		const struct stats_arrow times = {
			.timed = s->timed, .total = s->total, .median = s->median, .p99 = s->p99,
			.longest = s->longest,
		};

		snprintf(labels, sizeof(labels), "state=\"%s\"", state_name(i));
		summary("hstp_state_seconds", labels, &times);
	}
}

static void write_arrows(const struct stats *stats)
{
	char labels[96];

	metric("hstp_transition_seconds", "summary",
	       "Time spent in the state left before a transition.");
	for (unsigned int from = 0; from < STATES; from++) {
		for (unsigned int goal = 0; goal < STATES; goal++) {
			if (!stats->arrows[from][goal].timed)
				continue;
			snprintf(labels, sizeof(labels), "from=\"%s\",to=\"%s\"",
				 state_name(from), state_name(goal));
			summary("hstp_transition_seconds", labels, &stats->arrows[from][goal]);
		}
	}
}

static void write_transitions(const struct stats *stats)
{
	char labels[128];

	metric("hstp_transitions_total", "counter", "Transitions between states, by cause.");
	for (size_t i = 0; i < stats->transition_count; i++) {
		const struct stats_transition *t = &stats->transitions[i];

		snprintf(labels, sizeof(labels), "from=\"%s\",to=\"%s\",cause=\"%s\"",
			 state_name(t->from), state_name(t->to), cause_name(t->cause));
		count("hstp_transitions_total", t->count, labels);
	}
}

static void write_segments(const struct stats *stats)
{
	static const char *const ways[] = { "in", "out" };
	char labels[64];

	metric("hstp_segments_total", "counter", "Segments that arrived and were sent.");
	for (int i = 0; i < 2; i++) {
		snprintf(labels, sizeof(labels), "direction=\"%s\"", ways[i]);
		count("hstp_segments_total", stats->segments[i], labels);
	}
	metric("hstp_segment_flags_total", "counter", "Segments with a control bit.");
	for (int i = 0; i < 2; i++) {
		for (unsigned int flag = 0; flag < FLAGS; flag++) {
			snprintf(labels, sizeof(labels), "direction=\"%s\",flag=\"%s\"", ways[i],
				 flag_name(flag));
			count("hstp_segment_flags_total", stats->flags[i][flag], labels);
		}
	}
	metric("hstp_retransmits_total", "counter", "Segments sent again.");
	count("hstp_retransmits_total", stats->retransmits, "");
	metric("hstp_challenge_acks_total", "counter", "Challenge ACKs of RFC 5961 sent.");
	count("hstp_challenge_acks_total", stats->challenges, "");
}

static void write_reasons(const char *name, const struct stats_reasons *reasons,
			  const char *(*word)(unsigned int), const char *more)
{
	char labels[96];

	for (unsigned int i = 0; i < REASONS; i++) {
		if (!reasons->known[i])
			continue;
		snprintf(labels, sizeof(labels), "%sreason=\"%s\"", more, word(i));
		count(name, reasons->count[i], labels);
	}
}

static void write_all(const struct stats *stats)
{
	write_states(stats);
	write_transitions(stats);
	write_arrows(stats);
	write_segments(stats);
	metric("hstp_resets_total", "counter", "Resets that arrived, by effect; sent, by reason.");
	write_reasons("hstp_resets_total", &stats->resets[0], reset_in_name, "direction=\"in\",");
	write_reasons("hstp_resets_total", &stats->resets[1], reset_out_name,
		      "direction=\"out\",");
	metric("hstp_drops_total", "counter", "Segments thrown away, by reason.");
	write_reasons("hstp_drops_total", &stats->drops, drop_name, "");
	metric("hstp_events_total", "counter", "Events that listeners could hear of.");
	count("hstp_events_total", stats->event_sequence, "");
	metric("hstp_events_lost_total", "counter", "Events lost for want of memory.");
	count("hstp_events_lost_total", stats->events_lost, "");
}

/* A reader of the file sees the old or the new one, never a part. */
static int write_file(const struct stats *stats, const char *path)
{
	char new[4096];
	int len = snprintf(new, sizeof(new), "%s.%d", path, (int)getpid());
	bool bad;

	if (len < 0 || (size_t)len >= sizeof(new))
		quit(MISUSED, "export: the name of the file is too long");
	to = fopen(new, "wx");
	if (!to)
		quit(FAILED, "%s: %s", new, strerror(errno));
	write_all(stats);
	/* A write that failed before the last one is not what fclose() speaks of. */
	bad = fflush(to) || ferror(to);
	if (fclose(to) || bad || rename(new, path)) {
		say("%s: %s", path, strerror(errno));
		unlink(new);
		return FAILED;
	}
	return DONE;
}

/* hstp export [FILE] */
int cmd_export(int argc, char **argv)
{
	static struct stats stats;
	struct nl *nl;

	if (argc && is_help(argv[0])) {
		printf("usage: hstp export [FILE]\n\n"
		       "Writes all counters in Prometheus' text format, to the standard output or to\n"
		       "FILE, which is replaced at once: one that ends in .prom in the directory that\n"
		       "node_exporter's textfile collector reads. With -N, netns is a label.\n");
		return DONE;
	}
	if (argc > 1)
		quit(MISUSED, "export: one file at most, not \"%s\" too", argv[1]);
	nl = nl_open();
	stats_read(nl, HSTP_CMD_STATS_GET, &stats);
	nl_close(nl);
	if (argc)
		return write_file(&stats, argv[0]);
	to = stdout;
	write_all(&stats);
	return DONE;
}
