// SPDX-License-Identifier: GPL-2.0
/* What all objects of hstp have in common: options, abbreviations, JSON, colours, the words
 * that bash completes, and what it says when there is no module.
 */
#include "kselftest_harness.h"

#include "cmd.h"
#include "module.h"

static struct cmd c;

/* A JSON text is one, and -p breaks it into lines. */
TEST(json)
{
	static const char python[] =
		"import json, sys; t = sys.stdin.read(); json.loads(t); lines = t.count(\"\\n\")";
	static const struct {
		const char *words;
		int lines;	/* with -p at least */
	} commands[] = {
		{ "show", 50 }, { "show state time-wait", 1 }, { "stat", 100 }, { "get", 18 },
		{ "get msl_ms", 3 },
	};
	struct st_pair pair;

	cmd_pair(&pair);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		cmd(&c, 0, "-j %s | python3 -c '%s; sys.exit(lines != 1)'", commands[i].words,
		    python);
		cmd(&c, 0, "-j -p %s | python3 -c '%s; sys.exit(lines < %d)'", commands[i].words,
		    python, commands[i].lines);
	}
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
	struct st_pair pair;

	cmd_pair(&pair);
	cmd(&c, 0, "show");
	SAME(cmd_count(&c, "\033["), 0);
	cmd(&c, 0, "-c show state established");
	NEED(cmd_count(&c, "\033[32mESTABLISHED") == 2);
	cmd(&c, 0, "--color=never show");
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

/* As long as a word begins right. */
TEST(abbreviations)
{
	static const char *const words[][2] = {
		{ "s", "show" }, { "sh", "show" }, { "sho", "show" }, { "stat", "stat" },
		{ "sta", "stat" }, { "m", "monitor" }, { "mon", "monitor" }, { "a", "abort" },
		{ "c", "close" }, { "g", "get" }, { "e", "export" }, { "exp", "export" },
		{ "d", "diagram" }, { "dia", "diagram" }, { "r", "run" }, { "se", "set" },
		{ "f", "fault" }, { "ste", "step" },
	};
	char usage[64];

	net_alone();
	net_enter(NS_A);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		cmd(&c, 0, "%s help", words[i][0]);
		snprintf(usage, sizeof(usage), "usage: hstp %s", words[i][1]);
		cmd_has(&c, usage);
	}
	cmd(&c, 2, "shows");
	cmd_has(&c, "no object \"shows\": \"hstp help\" lists them");
	cmd(&c, 2, "--no-such-option show");
	cmd_has(&c, "\"hstp help\" lists the options");
	cmd(&c, 0, "-V");
	cmd_has(&c, "hstp");
}

/* Complete the last of @words; the proposals are in c.out, each on a line. */
static void complete(const char *words)
{
	cmd(&c, 0, "help >/dev/null | bash -c 'source " HSTP_COMPLETION
	    "; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _hstp; "
	    "printf \"%%s\\n\" \"${COMPREPLY[@]}\"'", words);
}

TEST(completion)
{
	net_alone();
	net_enter(NS_A);
	complete("hstp mo");
	SAME(strcmp(c.out, "monitor\n"), 0);
	complete("hstp -j st");
	cmd_has(&c, "stat\n");
	complete("hstp show state syn-");
	SAME(strcmp(c.out, "syn-sent\nsyn-received\n"), 0);
	complete("hstp monitor --la");
	SAME(strcmp(c.out, "--ladder\n"), 0);
	complete("hstp diagram s");
	cmd_has(&c, "svg\n");
	complete("hstp --col");
	cmd_has(&c, "--color\n");
	/* Everything that help lists. */
	complete("hstp \"\"");
	cmd_has(&c, "show\n");
	cmd_has(&c, "export\n");
	cmd_has(&c, "fault\n");
	cmd_has(&c, "step\n");
	cmd_has(&c, "run\n");
}

/* Who has no module is told how to come by it. Ends with the module loaded. */
TEST(no_module)
{
	static const char *const commands[] = {
		"show", "stat", "monitor", "get", "set msl_ms 1000", "abort state all", "export",
		"diagram", "fault", "step",
	};

	WAIT(!module_unload());
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		cmd(&c, 1, "%s", commands[i]);
		cmd_has(&c, "the module hstp is not loaded: as root, \"modprobe hstp\"");
		cmd_has(&c, "insmod hstp.ko");
	}
	cmd(&c, 1, "run true");
	cmd_has(&c, "modprobe hstp");
	/* Help needs no module. */
	cmd(&c, 0, "show help");
	SAME(module_load(""), 0);
	cmd(&c, 0, "show");
}

TEST_HARNESS_MAIN
