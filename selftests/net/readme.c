// SPDX-License-Identifier: GPL-2.0
/* What the README tells people to type works as it stands there: the server and the client are
 * cut out of it, built by the commands beside them and run; and the demonstration.
 */
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	180

#define README	HSTP_TOP "/README.md"
#define PORT	7777

static char *read_whole(const char *name)
{
	FILE *file = fopen(name, "r");
	size_t size = 1 << 20, len;
	char *text = malloc(size);

	if (!file)
		die_errno(__FILE__, __LINE__, name);
	NEED(text);
	len = fread(text, 1, size - 1, file);
	NEED(len < size - 1);
	text[len] = '\0';
	fclose(file);
	return text;
}

/* What is between @from and @to, from @at on. */
static char *between(const char *at, const char *from, const char *to)
{
	const char *begin = strstr(at, from), *end;

	if (!begin)
		die(__FILE__, __LINE__, "the README has no \"%s\"", from);
	begin += strlen(from);
	end = strstr(begin, to);
	NEED(end);
	return strndup(begin, (size_t)(end - begin));
}

/* "`NAME` ...; `cc ... && ./...`:" and the program. Leaves the program's file in the current
 * directory; returns the commands.
 */
static char *cut_out(const char *readme, const char *name)
{
	char mark[32], *commands, *program;
	const char *at;
	FILE *file;

	snprintf(mark, sizeof(mark), "\n`%s` ", name);
	at = strstr(readme, mark);
	if (!at)
		die(__FILE__, __LINE__, "the README does not introduce %s", name);
	commands = between(at, "`cc ", "`");
	program = between(at, "```c\n", "```\n");
	file = fopen(name, "w");
	NEED(file && fputs(program, file) >= 0 && !fclose(file));
	free(program);
	return commands;
}

static void is_text(const char *name, const char *want)
{
	char *text = read_whole(name);

	if (strcmp(text, want))
		die(__FILE__, __LINE__, "%s has \"%s\", not \"%s\"", name, text, want);
	free(text);
}

/* "./client 127.0.0.1 hello" and what comes of it. The compiler has nothing to say of them. */
TEST(server_and_client)
{
	char dir[] = "/tmp/readme.XXXXXX", *readme = read_whole(README), *server, *client;
	struct end nobody = { 0 }, here = { .ns = NS_A, .port = PORT, .other = &nobody };

	NEED(mkdtemp(dir));
	TRY(chdir(dir));
	TRY(symlink(HSTP_TOP "/include", "include"));
	server = cut_out(readme, "server.c");
	client = cut_out(readme, "client.c");
	NEED(strstr(client, "./client 127.0.0.1 hello"));
	net_alone();
	/* The status is there as soon as its file is. */
	net_run(NS_A,
		"{ cc -Wall -Wextra -Werror %s; echo $? >status; mv status server.status; } >server.log 2>&1 &",
		server);
	WAIT_MS(!strcmp(state_of(&here), "LISTEN") || !access("server.status", F_OK), 60000);
	if (net_status(NS_A, "cc -Wall -Wextra -Werror %s >client.log 2>&1", client)) {
		system("sed 's/^/# /' server.log client.log >&2");
		die(__FILE__, __LINE__, "the client failed");
	}
	is_text("client.log", "You said hello\n");
	WAIT(!access("server.status", F_OK));
	is_text("server.status", "0\n");
	is_text("server.log", "");
	/* It was HSTP that they spoke. */
	SAME(stat_now(NS_A, "state ESTABLISHED entered"), 2);
	net_run(NS_HOME, "rm -r %s", dir);
}

static void has(const char *text, const char *what)
{
	if (!strstr(text, what))
		die(__FILE__, __LINE__, "the demonstration does not show \"%s\"", what);
}

/* How often @what is in @text. */
static int count(const char *text, const char *what)
{
	int n = 0;

	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

/* "make demo": a file of some MiB, the exchange with the states of both ends, /proc/net/hstp in
 * the middle of it, and the transitions of both.
 */
TEST(demo)
{
	static const char out[] = "/tmp/demo.log";
	static const char *const states[] = {
		"LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
		"CLOSE-WAIT", "LAST-ACK", "TIME-WAIT", "CLOSED",
	};
	char *text, *sent, *received;
	int status;

	setenv("HSTP_DEMO", HSTP_DEMO, 1);
	status = system("exec >/tmp/demo.log 2>&1; " HSTP_SCRIPTS "/demo --in-machine;"
			" status=$?; ip netns del client; ip netns del server; exit $status");
	if (status)
		system("sed 's/^/# /' /tmp/demo.log >&2");
	SAME(status, 0);
	text = read_whole(out);
	sent = between(text, "sha256 sent      ", "\n");
	received = between(text, "sha256 received  ", "\n");
	SAME(strlen(sent), 64);
	NEED(!strcmp(sent, received));
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++)
		has(text, states[i]);
	has(text, "local_address rem_address");
	SAME(count(text, "by open-active"), 1);
	SAME(count(text, "by open-passive"), 1);
	/* Both ends are through. */
	SAME(count(text, "by fin-acked") + count(text, "by time-wait") >= 3, 1);
	unlink(out);
}

TEST_HARNESS_MAIN
