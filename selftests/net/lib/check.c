// SPDX-License-Identifier: GPL-2.0
/* How a test fails, and what time it is. */
#include "check.h"

#include <stdarg.h>
#include <time.h>

static void (*last_words[4])(void);

/**
 * at_death() - have something printed when the test fails
 * @fn: called once, by die()
 */
void at_death(void (*fn)(void))
{
	for (size_t i = 0; i < sizeof(last_words) / sizeof(last_words[0]); i++) {
		if (last_words[i] == fn)
			return;
		if (!last_words[i]) {
			last_words[i] = fn;
			return;
		}
	}
}

/**
 * die() - end the test's process as failed
 * @file: of the step that failed
 * @line: of the step that failed
 * @fmt: why
 *
 * Without unwinding: sockets, threads and namespaces go with the process.
 */
void die(const char *file, int line, const char *fmt, ...)
{
	static int dying;
	const char *base = strrchr(file, '/');
	va_list args;

	if (__atomic_exchange_n(&dying, 1, __ATOMIC_SEQ_CST))
		_exit(1);
	fflush(stdout);
	fprintf(stderr, "# %s:%d: ", base ? base + 1 : file, line);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	for (size_t i = 0; i < sizeof(last_words) / sizeof(last_words[0]); i++)
		if (last_words[i])
			last_words[i]();
	_exit(1);
}

/**
 * die_errno() - end the test's process as failed because of errno
 * @file: of the step that failed
 * @line: of the step that failed
 * @what: the call that set errno
 */
void die_errno(const char *file, int line, const char *what)
{
	die(file, line, "%s: %s", what, strerror(errno));
}

/**
 * fails_at() - a call must have failed
 * @file: of the step
 * @line: of the step
 * @what: the call, as text
 * @want: errno that it must have set
 * @got: what it returned
 *
 * Behind FAILS().
 */
void fails_at(const char *file, int line, const char *what, int want, long got)
{
	int error = errno;

	if (got != -1)
		die(file, line, "%s gave %ld, not %s", what, got, strerrorname_np(want));
	if (error != want)
		die(file, line, "%s: %s, not %s", what, strerrorname_np(error),
		    strerrorname_np(want));
}

/**
 * now_ms() - the time
 *
 * Return: milliseconds of the monotonic clock.
 */
uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ull + now.tv_nsec / 1000000;
}
