// SPDX-License-Identifier: GPL-2.0
/* hstp stat, export, diagram: the counters, in three forms. */
#include "kselftest_harness.h"

#include "cmd.h"

static struct cmd c;

/* The client's way and the server's through RFC 9293 figure 5, when the client closes. */
static const char *const arrows[][3] = {
	{ "CLOSED", "SYN-SENT", "open-active" }, { "SYN-SENT", "ESTABLISHED", "syn-ack" },
	{ "ESTABLISHED", "FIN-WAIT-1", "close" }, { "FIN-WAIT-1", "FIN-WAIT-2", "fin-acked" },
	{ "FIN-WAIT-2", "TIME-WAIT", "fin" }, { "CLOSED", "LISTEN", "open-passive" },
	{ "LISTEN", "SYN-RECEIVED", "syn" }, { "SYN-RECEIVED", "ESTABLISHED", "ack" },
	{ "ESTABLISHED", "CLOSE-WAIT", "fin" }, { "CLOSE-WAIT", "LAST-ACK", "close" },
	{ "LAST-ACK", "CLOSED", "fin-acked" },
};

#define ARROWS (sizeof(arrows) / sizeof(arrows[0]))

/* One connection opened, and closed by the client first. */
static void one(void)
{
	struct st_pair pair;

	cmd_pair(&pair);
	fd_close(pair.client);
	NEED(fd_events(pair.server, POLLIN, PATIENCE_MS) & POLLIN);
	SAME(st_wait_state(pair.server, proto, TCP_CLOSE_WAIT), TCP_CLOSE_WAIT);
	fd_close(pair.server);
	do
		cmd(&c, 0, "-o show state time-wait");
	while (cmd_count(&c, "\n") != 2);
}

TEST(stat_of_one)
{
	char text[200];

	one();
	cmd(&c, 0, "-j stat");
	cmd_has(&c, "\"LISTEN\":{\"now\":1,");
	cmd_has(&c, "\"ESTABLISHED\":{\"now\":0,\"entered\":2,\"left\":2,");
	cmd_has(&c, "\"TIME-WAIT\":{\"now\":1,\"entered\":1,\"left\":0,");
	for (size_t i = 0; i < ARROWS; i++) {
		snprintf(text, sizeof(text),
			 "{\"from\":\"%s\",\"to\":\"%s\",\"cause\":\"%s\",\"count\":1}",
			 arrows[i][0], arrows[i][1], arrows[i][2]);
		cmd_has(&c, text);
	}
	/* Three to open and four to close, seen at both ends; FINs and SYNs two each. */
	cmd_has(&c, "\"segments_in\":{\"all\":7,\"fin\":2,\"syn\":2,\"rst\":0,");
	cmd_has(&c, "\"segments_out\":{\"all\":7,\"fin\":2,\"syn\":2,\"rst\":0,");

	cmd(&c, 0, "stat reset");
	cmd_has(&c, "FIN-WAIT-2    -> TIME-WAIT     fin ");
	cmd(&c, 0, "-j stat");
	cmd_has(&c, "\"transitions\":[]");
	cmd_has(&c, "\"TIME-WAIT\":{\"now\":1,\"entered\":1,\"left\":0,");
	cmd(&c, 2, "stat --watch nothing");
	cmd(&c, 2, "stat sometimes");
}

TEST(watch)
{
	struct st_pair pair;

	cmd_pair(&pair);
	cmd_start(&c, "stat --watch 1");
	cmd_says(&c, "challenge ACKs");
	fd_close(pair.client);
	cmd_says(&c, "+1");
	cmd_stop(&c);
	SAME(c.status, 0);
}

/* Each sample has a line of its own, each metric one TYPE that comes before its samples. */
static void check_prometheus(char *text)
{
	char name[100], type[100] = "", value[100];

	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, "# TYPE ", 7)) {
			NEED(sscanf(line, "# TYPE %99s %*s", type) == 1);
			continue;
		}
		if (line[0] == '#')
			continue;
		NEED(sscanf(line, "%99[a-z_]", name) == 1);
		if (strncmp(name, type, strlen(type)))
			die(__FILE__, __LINE__, "%s has no TYPE before it", name);
		line = strrchr(line, ' ');
		NEED(line);
		NEED(sscanf(line, " %99[0-9.]", value) == 1);
		SAME(strlen(line), strlen(value) + 1);
	}
}

TEST(prometheus)
{
	char file[] = "/tmp/hstp_export.XXXXXX", text[200];
	struct cmd *copy = &c;

	one();
	cmd(&c, 0, "export");
	cmd_has(&c, "hstp_connections{state=\"TIME-WAIT\"} 1\n");
	cmd_has(&c, "hstp_state_entered_total{state=\"ESTABLISHED\"} 2\n");
	cmd_has(&c, "hstp_state_seconds_count{state=\"ESTABLISHED\"} 2\n");
	cmd_has(&c, "hstp_segment_flags_total{direction=\"in\",flag=\"fin\"} 2\n");
	cmd_has(&c, "hstp_resets_total{direction=\"out\",reason=\"abort\"} 0\n");
	cmd_has(&c, "hstp_drops_total{reason=\"checksum\"} 0\n");
	for (size_t i = 0; i < ARROWS; i++) {
		snprintf(text, sizeof(text),
			 "hstp_transitions_total{from=\"%s\",to=\"%s\",cause=\"%s\"} 1\n",
			 arrows[i][0], arrows[i][1], arrows[i][2]);
		cmd_has(&c, text);
	}
	SAME(cmd_count(&c, "# TYPE hstp_connections "), 1);
	check_prometheus(copy->out);

	close(TRY(mkstemp(file)));
	cmd(&c, 0, "export %s", file);
	SAME(c.len, 0);
	SAME(net_status(NS_A, "grep -q '^hstp_connections{state=\"LISTEN\"} 1$' %s", file), 0);
	unlink(file);
	cmd(&c, 1, "export /no/such/directory/file");
}

/* Eleven states, CLOSED twice, and dot(1) can draw it. */
TEST(diagram)
{
	one();
	cmd(&c, 0, "diagram");
	SAME(cmd_count(&c, "<b>"), 12);
	cmd_has(&c, "<b>TIME-WAIT</b><br/>1 now>");
	cmd_has(&c, "\"FIN-WAIT-2\" -> \"TIME-WAIT\" [label=");
	cmd_has(&c, "\"LAST-ACK\" -> \"end\" [label=");
	SAME(cmd_count(&c, ">fin-acked 1<"), 2);
	SAME(cmd_count(&c, ">fin 1<"), 2);
	/* Nobody came this way. */
	cmd_has(&c, "\"FIN-WAIT-1\" -> \"CLOSING\" [color=gray70]");
	if (net_status(NS_A, "command -v dot >/dev/null"))
		SKIP(return, "no dot");
	cmd(&c, 0, "diagram svg");
	cmd_has(&c, "</svg>");
	/* The listener, and TIME-WAIT. */
	SAME(cmd_count(&c, ">1 now<"), 2);
}

TEST_HARNESS_MAIN
