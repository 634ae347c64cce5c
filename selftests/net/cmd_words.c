// SPDX-License-Identifier: GPL-2.0
/* The words of hstp: abbreviations, those that bash completes, and what it says when there is
 * no module.
 */
#include <fcntl.h>

#include "kselftest_harness.h"

#include "cmd.h"
#include "module.h"

static struct cmd c;

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
	cmd(&c, 0, "help >/dev/null | bash -c 'PATH=$(dirname " HSTP_CMD "):$PATH; source "
	    HSTP_COMPLETION "; COMP_WORDS=(%s); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _hstp; "
	    "printf \"%%s\\n\" \"${COMPREPLY[@]}\"'", words);
}

TEST(completion)
{
	struct st_pair pair;
	char words[100];
	int first;

	net_pair();
	net_enter(NS_A);
	first = TRY(open("/proc/thread-self/ns/net", O_RDONLY));
	NEED(!st_pair_open(&pair, proto));
	complete("hstp show dst \"\"");
	SAME(strcmp(c.out, "0.0.0.0\n127.0.0.1\n"), 0);
	complete("hstp show src 127");
	SAME(strcmp(c.out, "127.0.0.1\n"), 0);
	complete("hstp mo");
	SAME(strcmp(c.out, "monitor\n"), 0);
	complete("hstp -j st");
	cmd_has(&c, "stat\n");
	complete("hstp show state syn-");
	SAME(strcmp(c.out, "syn-sent\nsyn-received\n"), 0);
	/* What is known of what is looked at, and no more. */
	complete("hstp show pa");
	SAME(strcmp(c.out, "passive\n"), 0);
	complete("hstp monitor pa");
	SAME(strcmp(c.out, "\n"), 0);
	complete("hstp monitor ex");
	SAME(strcmp(c.out, "exclude\n"), 0);
	complete("hstp monitor segments ex");
	SAME(strcmp(c.out, "\n"), 0);
	complete("hstp monitor --ladder st");
	SAME(strcmp(c.out, "\n"), 0);
	complete("hstp step next ex");
	SAME(strcmp(c.out, "\n"), 0);
	complete("hstp step next dp");
	SAME(strcmp(c.out, "dport\n"), 0);
	complete("hstp monitor --la");
	SAME(strcmp(c.out, "--ladder\n"), 0);
	complete("hstp diagram s");
	cmd_has(&c, "svg\n");
	complete("hstp --col");
	cmd_has(&c, "--color\n");
	/* What there is in another namespace. */
	cmd(&c, 0, "fault add drop");
	net_enter(NS_B);
	complete("hstp fault del \"\"");
	ASSERT_STREQ("\n", c.out);
	snprintf(words, sizeof(words), "hstp -N /proc/%d/fd/%d fault del \"\"", getpid(), first);
	complete(words);
	ASSERT_STREQ("1\n", c.out);
	snprintf(words, sizeof(words), "hstp --net=/proc/%d/fd/%d show src 127", getpid(), first);
	complete(words);
	ASSERT_STREQ("127.0.0.1\n", c.out);
	complete("hstp fault add flags !u");
	ASSERT_STREQ("!urg\n", c.out);
	/* Everything that help lists. */
	complete("hstp \"\"");
	cmd_has(&c, "show\n");
	cmd_has(&c, "export\n");
	cmd_has(&c, "fault\n");
	cmd_has(&c, "step\n");
	cmd_has(&c, "run\n");
}

static void without_module(void)
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
}

/* In a process of its own, so that the module is loaded again whatever comes of it. */
static void apart(void (*call)(void))
{
	int status;
	pid_t pid;

	fflush(stdout);
	pid = TRY(fork());
	if (!pid) {
		alarm(TEST_TIMEOUT_DEFAULT / 2);
		call();
		_exit(0);
	}
	SAME(TRY(waitpid(pid, &status, 0)), pid);
	if (!module_loaded())
		SAME(module_load(""), 0);
	SAME(status, 0);
	cmd(&c, 0, "show");
}

/* Who has no module is told how to come by it. */
TEST(no_module)
{
	apart(without_module);
}

/* Who listens would never hear another word: each says that, and what it drew is there. */
static void removed_under_monitor(void)
{
	static const char *const arguments[] = {
		"monitor", "-j monitor segments", "monitor --ladder --svg /tmp/hstp_removed.svg",
	};
	static struct cmd monitors[3];

	net_alone();
	net_enter(NS_A);
	for (int i = 0; i < 3; i++) {
		cmd_start(&monitors[i], arguments[i]);
		NEED(!st_call_until_blocked(monitors[i].pid, SYS_poll));
	}
	/* The namespace has no socket, and nothing else that holds the module. */
	WAIT(!module_unload());
	for (int i = 0; i < 3; i++) {
		cmd_end(&monitors[i]);
		SAME(monitors[i].status, 1);
		cmd_has(&monitors[i], "the module hstp was removed");
		SAME(cmd_count(&monitors[i], "hstp: "), 1);
	}
	NEED(!unlink("/tmp/hstp_removed.svg"));
	/* No lock of the setting's is left. */
	NEED(net_status(NS_A, "ls /run/hstp-segments.*"));
}

TEST(module_removed)
{
	apart(removed_under_monitor);
}

TEST_HARNESS_MAIN
