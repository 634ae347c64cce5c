// SPDX-License-Identifier: GPL-2.0
/* hstp show: connections, a line each and one more with their variables. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "conn.h"
#include "out.h"

/* Columns are as wide as the first connections ask for; later ones may stick out. */
#define MEASURED 1000

/* What is shown of a connection; the columns as text, then the message. */
struct row {
	unsigned int state;
	char queues[2][12];
	char ends[2][ENDPOINT];
	char since[DURATION];
	char timer[DURATION + 16];
	char *message;
};

struct table {
	struct row *rows;
	size_t count;
	int ends[2];		/* width of the columns of addresses */
	bool begun;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void fill(struct row *row, const struct attrs *conn, const struct subject *subject)
{
	bool listens = subject->state == HSTP_NL_STATE_LISTEN;
	uint64_t since = number(conn, HSTP_A_CONN_SINCE), now = now_ns();

	row->state = subject->state;
	snprintf(row->queues[0], sizeof(row->queues[0]), "%u", (unsigned int)
		 number(conn, listens ? HSTP_A_CONN_ACCEPT_QUEUE : HSTP_A_CONN_RECEIVE_QUEUE));
	snprintf(row->queues[1], sizeof(row->queues[1]), "%u", (unsigned int)
		 number(conn, listens ? HSTP_A_CONN_BACKLOG : HSTP_A_CONN_SEND_QUEUE));
	endpoint(row->ends[0], &subject->local, subject->local_port);
	endpoint(row->ends[1], &subject->remote, subject->remote_port);
	if (has(conn, HSTP_A_CONN_SINCE) && since <= now)
		duration(row->since, now - since);
	else
		strcpy(row->since, "-");
	conn_timer(row->timer, sizeof(row->timer), conn);
}

static void head(struct table *table)
{
	static const char *const names[2] = { "Local Address:Port", "Peer Address:Port" };

	if (table->begun)
		return;
	table->begun = true;
	for (int i = 0; i < 2; i++) {
		table->ends[i] = (int)strlen(names[i]);
		for (size_t j = 0; j < table->count; j++) {
			int len = (int)strlen(table->rows[j].ends[i]);

			table->ends[i] = len > table->ends[i] ? len : table->ends[i];
		}
	}
	colour(BOLD);
	printf("%-13s %7s %7s  %-*s  %-*s  %9s  %s", "State", "Recv-Q", "Send-Q", table->ends[0],
	       names[0], table->ends[1], names[1], "Since", "Timer");
	colour(PLAIN);
	putchar('\n');
}

static void print(const struct table *table, const struct row *row, const struct attrs *conn)
{
	colour(state_colour(row->state));
	printf("%-13s", state_name(row->state));
	colour(PLAIN);
	printf(" %7s %7s  %-*s  %-*s  %9s  %s", row->queues[0], row->queues[1], table->ends[0],
	       row->ends[0], table->ends[1], row->ends[1], row->since, row->timer);
	colour(FAINT);
	conn_details(conn, opt.oneline ? "  " : "\n        ");
	colour(PLAIN);
	putchar('\n');
}

static void flush(struct table *table)
{
	struct attrs conn;

	head(table);
	for (size_t i = 0; i < table->count; i++) {
		attrs_of((const struct nlmsghdr *)table->rows[i].message, &conn);
		print(table, &table->rows[i], &conn);
		free(table->rows[i].message);
	}
	table->count = 0;
}

static char *copy(const struct nlmsghdr *nlh)
{
	return memcpy(need(malloc(nlh->nlmsg_len)), nlh, nlh->nlmsg_len);
}

static void show_row(const struct attrs *conn, const struct subject *subject, void *data)
{
	struct table *table = data;
	struct row row = { };

	if (opt.json) {
		json_begin('{', NULL);
		conn_json(conn);
		json_end('}');
		return;
	}
	fill(&row, conn, subject);
	if (table->begun) {
		print(table, &row, conn);
		return;
	}
	row.message = copy(conn->message);
	table->rows[table->count++] = row;
	if (table->count == MEASURED)
		flush(table);
}

static void help(void)
{
	printf("usage: hstp show [FILTER]\n\n"
	       "Lists connections in all states. Recv-Q and Send-Q are bytes; of a listener,\n"
	       "connections that wait for accept() and how many may. Since is the time in the\n"
	       "state. The second line has the variables of RFC 9293 section 3.3.1, counted\n"
	       "from ISS and IRS unless -n is given.\n");
	filter_help(OF_CONNECTIONS);
}

/* hstp show [FILTER] */
int cmd_show(int argc, char **argv)
{
	struct table table = { };
	struct filter *filter;
	struct nl *nl;

	if (argc && is_help(argv[0])) {
		help();
		return DONE;
	}
	filter = filter_parse(argc, argv, OF_CONNECTIONS);
	nl = nl_open();
	table.rows = need(calloc(MEASURED, sizeof(*table.rows)));
	if (opt.json)
		json_begin('[', NULL);
	conn_dump(nl, filter, show_row, &table);
	if (opt.json) {
		json_end(']');
		json_done();
	} else {
		flush(&table);
	}
	free(table.rows);
	nl_close(nl);
	return DONE;
}
