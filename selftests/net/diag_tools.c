// SPDX-License-Identifier: GPL-2.0
/* What was written for sock_diag works: ss with its filters and -K, pyroute2. */
#include <libgen.h>
#include <limits.h>

#include "diag.h"
#include "kselftest_harness.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

/* Programs lie in the build directory, in that of the source. */
static const char *built(void)
{
	static char path[PATH_MAX];

	TRY(readlink("/proc/self/exe", path, sizeof(path) - 1));
	return dirname(path);
}

#define OUTPUT 65536

static char *output(const char *command)
{
	char *text = calloc(1, OUTPUT);
	FILE *f;

	NEED(text);
	net_enter(NS_A);
	f = popen(command, "r");
	NEED(f);
	NEED(fread(text, 1, OUTPUT - 1, f) < OUTPUT - 1);
	SAME(pclose(f), 0);
	return text;
}

static char *ss(const char *arguments)
{
	char command[PATH_MAX + 512];

	snprintf(command, sizeof(command), "LD_PRELOAD=%s/diag_ss.so exec ss -H -n -t %s", built(),
		 arguments);
	return output(command);
}

static int lines(const char *text)
{
	int count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

/* Two listeners; three connections to each, of which the client of the last has closed. */
static void open_some(int client[2][3])
{
	for (int l = 0; l < 2; l++) {
		struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK),
				    .port = (uint16_t)(80 + l) };
		struct sockaddr_in to = addr_of(here.addr, here.port);
		int listener = fd_listen(&here, 16);

		for (int i = 0; i < 3; i++) {
			client[l][i] = fd_new(NS_A);
			TRY(connect(client[l][i], (struct sockaddr *)&to, sizeof(to)));
			fd_accept(listener);
		}
		fd_shut(client[l][2], SHUT_WR);
	}
	SAME(conn_count(NS_A), 14);
}

/* Filters as in ss(8), each with the number of connections that it should let pass. */
TEST(ss_filters)
{
	static const struct {
		const char *filter;
		int count;
	} filters[] = {
		{ "-a", 14 },
		{ "", 12 },
		{ "-l", 2 },
		{ "state established", 8 },
		{ "state fin-wait-2", 2 },
		{ "state close-wait", 2 },
		{ "state all exclude established", 6 },
		{ "-a sport = :80", 4 },
		{ "-a dport = :81", 3 },
		{ "-a '( sport = :80 or dport = :80 )'", 7 },
		{ "-a '( sport = :80 or sport = :81 ) and not dport = :80'", 8 },
		{ "-a 'sport le :80'", 4 },
		{ "-a 'dst 127.0.0.0/8'", 12 },
		{ "-a 'dst 10.0.0.0/8'", 0 },
		{ "-a 'src 127.0.0.1:81'", 4 },
		{ "-4 -a", 14 },
		{ "-6 -a", 0 },
	};
	int client[2][3];

	net_alone();
	open_some(client);
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		char *text = ss(filters[i].filter);

		if (lines(text) != filters[i].count)
			die(__FILE__, __LINE__, "ss %s: %d lines, not %d:\n%s", filters[i].filter,
			    lines(text), filters[i].count, text);
		free(text);
	}
}

/* What it prints: the columns, -e, -i, -m, -o. */
TEST(ss_shows)
{
	int client[2][3];
	char want[64];
	char *text;

	net_alone();
	open_some(client);
	fd_send(client[0][0], "seven..");
	text = ss("-e -i -m -o state established dport = :80");
	SAME(lines(text) >= 2, true);
	NEED(strstr(text, "127.0.0.1:80"));
	snprintf(want, sizeof(want), "ino:");
	NEED(strstr(text, want));
	NEED(strstr(text, "sk:"));
	NEED(strstr(text, "skmem:(r"));
	NEED(strstr(text, "mss:"));
	NEED(strstr(text, "rto:"));
	free(text);
	text = ss("state established sport = :80");
	/* Recv-Q of the end that has not read. */
	NEED(!strncmp(text, "7 ", 2) || strstr(text, "\n7 "));
	free(text);
	text = ss("-l sport = :80");
	NEED(!strncmp(text, "LISTEN", 6));
	free(text);
}

TEST(ss_kills)
{
	int client[2][3];

	net_alone();
	open_some(client);
	free(ss("-K dport = :80"));
	for (int i = 0; i < 3; i++) {
		SAME(fd_error(client[0][i]), ECONNABORTED);
		SAME(fd_error(client[1][i]), 0);
	}
	SAME(lines(ss("sport = :81")), 3);
	SAME(lines(ss("-l")), 2);
}

TEST(pyroute2)
{
	static const char *const program =
		"/usr/bin/python3 -c 'import socket\n"
		"from pyroute2 import DiagSocket\n"
		"with DiagSocket() as ds:\n"
		"    ds.bind()\n"
		"    for s in ds.get_sock_stats(family=socket.AF_INET, protocol=253, extensions=2,\n"
		"                               states=1 << 1 | 1 << 10):\n"
		"        info = s.get_attr(\"INET_DIAG_INFO\")\n"
		"        print(s[\"idiag_state\"], s[\"idiag_src\"], s[\"idiag_sport\"],\n"
		"              info[\"tcpi_state\"], info[\"tcpi_snd_mss\"] > 0)\n"
		"'";
	int client[2][3], rows[2] = { 0, 0 };
	char *text, *line, *rest;

	if (access("/usr/lib/python3/dist-packages/pyroute2", F_OK))
		SKIP(return, "python3-pyroute2 is not installed");
	net_alone();
	open_some(client);
	text = output(program);
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		char src[32], mss[8];
		int state, port, info;

		if (sscanf(line, "%d %31s %d %d %7s", &state, src, &port, &info, mss) != 5)
			die(__FILE__, __LINE__, "%s", line);
		SAME(state, info);
		NEED(state == 1 || state == 10);
		NEED(!strcmp(src, "127.0.0.1"));
		if (state == 1)
			NEED(!strcmp(mss, "True"));
		rows[state == 10]++;
	}
	SAME(rows[0], 8);
	SAME(rows[1], 2);
	free(text);
}

TEST_HARNESS_MAIN
