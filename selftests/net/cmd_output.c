// SPDX-License-Identifier: GPL-2.0
/* What all objects of hstp have in common: options, JSON, colours. */
#include "kselftest_harness.h"

#include "cmd.h"

static struct cmd c;

/* A JSON text is one, and -p breaks it into lines. One Python looks at all: it is slow to
 * start.
 */
TEST(json)
{
	static const char python[] =
		"import json, sys\n"
		"for name in sys.argv[1:]:\n"
		"    text = open(name).read()\n"
		"    json.loads(text)\n"
		"    least = int(name.rsplit(\".\", 1)[1])\n"
		"    lines = text.count(\"\\n\")\n"
		"    if lines < least or (least == 1 and lines > 1):\n"
		"        sys.exit(f\"{name}: {lines} lines\")\n";
	static const struct {
		const char *words;
		int lines;	/* at least; 1: no more */
	} commands[] = {
		{ "show", 1 }, { "-p show", 50 }, { "show state time-wait", 1 },
		{ "-p show state time-wait", 1 }, { "stat", 1 }, { "-p stat", 100 }, { "get", 1 },
		{ "-p get", 18 }, { "get msl_ms", 1 }, { "-p get msl_ms", 3 },
	};
	char dir[] = "/tmp/hstp_json.XXXXXX";
	struct st_pair pair;

	cmd_pair(&pair);
	NEED(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		cmd(&c, 0, "-j %s >%s/%zu.%d", commands[i].words, dir, i, commands[i].lines);
	cmd(&c, 0, "help >/dev/null | python3 -c '%s' %s/* && rm -r %s", python, dir, dir);
}

/* -n: no names, and numbers as they are on the wire; -o: one line each. */
TEST(numeric_and_oneline)
{
	struct sockaddr_in addr = st_loopback(80);
	int listener;

	net_alone();
	net_enter(NS_A);
	listener = TRY(st_open(proto));
	TRY(bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	TRY(listen(listener, 5));
	NEED(st_connect(proto, &addr) >= 0);
	cmd(&c, 0, "show dport = :80");
	cmd_has(&c, "127.0.0.1:http");
	cmd_has(&c, "snd_una:+1 ");
	SAME(cmd_count(&c, "\n"), 3);
	cmd(&c, 0, "-n -o show dport = :80");
	cmd_has(&c, "127.0.0.1:80");
	SAME(cmd_count(&c, "snd_una:+"), 0);
	SAME(cmd_count(&c, "\n"), 2);
	/* A service's name is as good as its number. */
	cmd(&c, 0, "-o show dport = :http");
	SAME(cmd_count(&c, "\n"), 2);
}

TEST(families)
{
	struct st_pair pair;

	cmd_pair(&pair);
	cmd(&c, 0, "-4 -o show");
	SAME(cmd_count(&c, "\n"), 1 + 3);
	cmd(&c, 0, "-6 -o show");
	SAME(cmd_count(&c, "\n"), 1);
}

/* Colours are for those who ask, or who look at a terminal and have not refused them. */
TEST(colours)
{
	static const char *const always[] = {
		"-calways", "-c=always", "-color", "-color=always", "--color=always",
	};
	struct st_pair pair;

	cmd_pair(&pair);
	cmd(&c, 0, "show");
	SAME(cmd_count(&c, "\033["), 0);
	cmd(&c, 0, "-c show state established");
	NEED(cmd_count(&c, "\033[32mESTABLISHED") == 2);
	/* iproute2's ways to say it */
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++) {
		cmd(&c, 0, "%s show state established", always[i]);
		SAME(cmd_count(&c, "\033[32mESTABLISHED"), 2);
	}
	cmd(&c, 0, "--color=never show");
	SAME(cmd_count(&c, "\033["), 0);
	cmd(&c, 0, "-c=never show");
	SAME(cmd_count(&c, "\033["), 0);
	cmd(&c, 2, "-csometimes show");
	cmd_has(&c, "always, auto or never");
	/* script(1) makes a terminal. */
	if (net_status(NS_A, "command -v script >/dev/null"))
		SKIP(return, "no script(1)");
	cmd(&c, 0, "help >/dev/null | env -u NO_COLOR TERM=linux script -qec '" HSTP_CMD
	    " show state established' /dev/null");
	NEED(cmd_count(&c, "\033[32mESTABLISHED") == 2);
	cmd(&c, 0, "help >/dev/null | NO_COLOR=1 TERM=linux script -qec '" HSTP_CMD
	    " show' /dev/null");
	SAME(cmd_count(&c, "\033["), 0);
}

TEST_HARNESS_MAIN
