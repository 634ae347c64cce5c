// SPDX-License-Identifier: GPL-2.0
/* The command line: options, then an object, whose words are its own business. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hstp.h"

struct options opt = { .name = "hstp" };

static const struct object {
	const char *name;
	int (*call)(int argc, char **argv);
	const char *purpose;
} objects[] = {
	{ "show", cmd_show, "list connections: hstp show [FILTER]" },
	{ "stat", cmd_stat, "counters: hstp stat [--watch [SECONDS]] [reset]" },
	{ "monitor", cmd_monitor, "events as they happen: hstp monitor [segments|all] [--ladder]" },
	{ "abort", cmd_abort, "reset connections: hstp abort FILTER" },
	{ "close", cmd_close, "close connections in order: hstp close FILTER" },
	{ "get", cmd_get, "settings: hstp get [NAME ...]" },
	{ "set", cmd_set, "change settings: hstp set NAME VALUE [NAME VALUE ...]" },
	{ "export", cmd_export, "counters for Prometheus: hstp export [FILE]" },
	{ "diagram", cmd_diagram, "state diagram with counts: hstp diagram [dot|svg] [FILE]" },
	{ "fault", cmd_fault, "lose, delay, change segments: hstp fault add|show|del|flush" },
	{ "step", cmd_step, "hold what is sent: hstp step on|off|show|next|go|drop" },
	{ "run", cmd_run, "run a program on HSTP: hstp run COMMAND [ARGUMENT ...]" },
};

#define OBJECTS (sizeof(objects) / sizeof(objects[0]))

static void usage(FILE *to)
{
	fprintf(to, "usage: hstp [OPTION ...] OBJECT [...]\n\n");
	for (size_t i = 0; i < OBJECTS; i++)
		fprintf(to, "  %-9s %s\n", objects[i].name, objects[i].purpose);
	fprintf(to,
		"\n"
		"  -j, --json          JSON        -p, --pretty        with line breaks\n"
		"  -n, --numeric       no names of services, sequence numbers as they are\n"
		"  -o, --oneline       one line for each connection\n"
		"  -4, --ipv4          IPv4 only   -6, --ipv6          IPv6 only\n"
		"  -N, --net NAME      in this network namespace (see ip-netns(8))\n"
		"  -c, --color[=WHEN]  always, auto (the default: on a terminal) or never\n"
		"  -V, --version       -h, --help\n"
		"\n"
		"Words can be abbreviated. \"hstp OBJECT help\" says more; so does hstp(8).\n");
}

/* -c, -cWHEN, --color=WHEN, and as iproute2 has them: -c=WHEN, -color=WHEN */
static bool want_colour(const char *when)
{
	if (when && !strncmp(when, "olor", 4))
		when += 4;
	if (when && *when == '=')
		when++;
	if (!when || !*when || !strcmp(when, "always"))
		return true;
	if (!strcmp(when, "never"))
		return false;
	if (strcmp(when, "auto"))
		quit(MISUSED, "-c %s: WHEN is always, auto or never", when);
	return isatty(STDOUT_FILENO) && !getenv("NO_COLOR") &&
	       !(getenv("TERM") && !strcmp(getenv("TERM"), "dumb"));
}

static const struct object *find_object(const char *word)
{
	if (!strncmp(word, "st", 2) && abbreviates(word, "stat"))
		return &objects[1];
	for (size_t i = 0; i < OBJECTS; i++) {
		if (abbreviates(word, objects[i].name))
			return &objects[i];
	}
	if (abbreviates(word, "ls") || !strcmp(word, "list"))
		return &objects[0];
	return NULL;
}

static void parse_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "pretty", no_argument, NULL, 'p' },
		{ "numeric", no_argument, NULL, 'n' },
		{ "oneline", no_argument, NULL, 'o' },
		{ "ipv4", no_argument, NULL, '4' },
		{ "ipv6", no_argument, NULL, '6' },
		{ "net", required_argument, NULL, 'N' },
		{ "netns", required_argument, NULL, 'N' },
		{ "color", optional_argument, NULL, 'c' },
		{ "colour", optional_argument, NULL, 'c' },
		{ "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },
		{ }
	};
	int c;

	opt.colour = want_colour("auto");
	while ((c = getopt_long(argc, argv, "+jpno46N:c::Vh", longs, NULL)) != -1) {
		switch (c) {
		case 'j':
			opt.json = true;
			break;
		case 'p':
			opt.pretty = true;
			break;
		case 'n':
			opt.numeric = true;
			break;
		case 'o':
			opt.oneline = true;
			break;
		case '4':
			opt.family = AF_INET;
			break;
		case '6':
			opt.family = AF_INET6;
			break;
		case 'N':
			opt.netns = optarg;
			break;
		case 'c':
			opt.colour = want_colour(optarg);
			break;
		case 'V':
			printf("hstp, netlink family version %d\n", HSTP_GENL_VERSION);
			exit(DONE);
		case 'h':
			usage(stdout);
			exit(DONE);
		default:
			fprintf(stderr, "\"hstp help\" lists the options\n");
			exit(MISUSED);
		}
	}
}

int main(int argc, char **argv)
{
	const struct object *object;
	int status;

	parse_options(argc, argv);
	argc -= optind;
	argv += optind;
	if (!argc) {
		usage(stderr);
		return MISUSED;
	}
	if (is_help(argv[0]) && argc == 1) {
		usage(stdout);
		return DONE;
	}
	/* "help OBJECT" is "OBJECT help". */
	if (is_help(argv[0])) {
		char *word = argv[0];

		argv[0] = argv[1];
		argv[1] = word;
		argc = 2;
	}
	object = find_object(argv[0]);
	if (!object)
		quit(MISUSED, "no object \"%s\": \"hstp help\" lists them", argv[0]);
	if (opt.netns && enter_netns(opt.netns) < 0)
		return FAILED;
	status = object->call(argc - 1, argv + 1);
	if (fflush(stdout) || ferror(stdout)) {
		say("what was written did not all get out");
		return FAILED;
	}
	return status;
}
