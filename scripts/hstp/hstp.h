/* SPDX-License-Identifier: GPL-2.0 */
/* What all parts of the command share: how it was called, its words, how it fails. */
#ifndef HSTP_CMD_H
#define HSTP_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/hstp.h>
#include <linux/hstp_netlink.h>

/* Exit statuses. */
enum { DONE = 0, FAILED = 1, MISUSED = 2 };

/* What was asked for before the object. */
struct options {
	const char *name;	/* of the program, for messages */
	const char *netns;	/* -N, or NULL */
	bool json;		/* -j */
	bool pretty;		/* -p */
	bool numeric;		/* -n */
	bool oneline;		/* -o */
	int family;		/* -4, -6: AF_INET, AF_INET6, else AF_UNSPEC */
	bool colour;		/* -c, or a terminal */
};

extern struct options opt;

/* Each object of the command line; argv[0] is the first word after it. */
int cmd_show(int argc, char **argv);
int cmd_stat(int argc, char **argv);
int cmd_export(int argc, char **argv);
int cmd_monitor(int argc, char **argv);
int cmd_abort(int argc, char **argv);
int cmd_close(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_get(int argc, char **argv);
int cmd_diagram(int argc, char **argv);
int cmd_run(int argc, char **argv);
int cmd_fault(int argc, char **argv);
int cmd_step(int argc, char **argv);

/* Say what was wrong and what would be right. */
void say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void quit(int status, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
void *need(void *memory);

bool is_help(const char *word);
bool abbreviates(const char *word, const char *whole);
uint64_t parse_number(const char *what, const char *word, uint64_t low, uint64_t high);
int enter_netns(const char *name);

#endif /* HSTP_CMD_H */
