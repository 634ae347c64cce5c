// SPDX-License-Identifier: GPL-2.0
/* Messages, words and numbers of the command line, network namespaces by name. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hstp.h"

static void vsay(const char *fmt, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", opt.name);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

/**
 * say() - a message on the standard error, after the program's name
 * @fmt: as printf()'s, without a newline
 */
void say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsay(fmt, args);
	va_end(args);
}

/**
 * quit() - a message, and the end
 * @status: FAILED or MISUSED
 * @fmt: as printf()'s, without a newline
 */
void quit(int status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsay(fmt, args);
	va_end(args);
	exit(status);
}

/**
 * need() - @memory, unless there was none
 * @memory: what malloc() or one of its kind returned
 */
void *need(void *memory)
{
	if (!memory)
		quit(FAILED, "out of memory");
	return memory;
}

bool is_help(const char *word)
{
	return !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
}

bool abbreviates(const char *word, const char *whole)
{
	return *word && !strncmp(word, whole, strlen(word));
}

/**
 * parse_number() - a number within bounds, decimal or, with 0x before it, hexadecimal
 * @what: what it is, for the message
 * @word: the number
 * @low: lowest value
 * @high: highest value
 *
 * Does not return when @word is something else.
 */
uint64_t parse_number(const char *what, const char *word, uint64_t low, uint64_t high)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(word, &end, !strncmp(word, "0x", 2) ? 16 : 10);
	if (word[0] < '0' || word[0] > '9' || *end || errno || value < low || value > high)
		quit(MISUSED, "%s \"%s\" is not a number from %llu to %llu", what, word,
		     (unsigned long long)low, (unsigned long long)high);
	return value;
}

/**
 * enter_netns() - go into the network namespace that ip-netns(8) knows as @name
 * @name: a name below /run/netns, or a path
 *
 * Return: 0, or -1 after a message.
 */
int enter_netns(const char *name)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s%s", strchr(name, '/') ? "" : "/run/netns/", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		if (errno == ENOENT)
			say("no network namespace \"%s\": \"ip netns\" lists them", name);
		else
			say("network namespace \"%s\": %s", name, strerror(errno));
		return -1;
	}
	if (setns(fd, CLONE_NEWNET)) {
		if (errno == EPERM)
			say("entering network namespace \"%s\" needs root (CAP_SYS_ADMIN)", name);
		else
			say("\"%s\" is not a network namespace: %s", path, strerror(errno));
		close(fd);
		return -1;
	}
	close(fd);
	return 0;
}
