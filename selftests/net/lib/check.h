/* SPDX-License-Identifier: GPL-2.0 */
/* How a test fails: at once, saying where and why, with the trace of the wire.
 *
 * Every function of the library ends the test's process when what it needs or
 * expects does not hold, so that a test is a plain list of steps. kselftest's harness
 * runs each test in a process of its own and reports it as failed.
 */
#ifndef HSTP_TEST_CHECK_H
#define HSTP_TEST_CHECK_H

/* Included before the system's headers, which look at this. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* For what must come by itself: an emulated machine is slow, a dead one is dead. */
#define PATIENCE_MS	20000
#define POLL_US		5000

void die(const char *file, int line, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 3, 4)));
void die_errno(const char *file, int line, const char *what) __attribute__((noreturn));
void at_death(void (*fn)(void));
uint64_t now_ms(void);

/* The test cannot go on unless @cond holds. */
#define NEED(cond) do {							\
	if (!(cond))							\
		die(__FILE__, __LINE__, "not so: %s", #cond);		\
} while (0)

/* The test cannot go on unless these numbers are equal. */
#define SAME(got, want) do {						\
	long long got_ = (long long)(got), want_ = (long long)(want);	\
									\
	if (got_ != want_)						\
		die(__FILE__, __LINE__, "%s is %lld, not %lld (%s)",	\
		    #got, got_, want_, #want);				\
} while (0)

/* @call must not return -1. The value is what it returns. */
#define TRY(call) ({							\
	__auto_type try_ = (call);					\
									\
	if (try_ == (__typeof__(try_))-1)				\
		die_errno(__FILE__, __LINE__, #call);			\
	try_;								\
})

/* @call must return -1 with errno @want. */
#define FAILS(want, call) fails_at(__FILE__, __LINE__, #call, want, (errno = 0, (long)(call)))
void fails_at(const char *file, int line, const char *what, int want, long got);

/* Wait for @cond, looking again every 5 ms. */
#define WAIT_MS(cond, ms) do {						\
	uint64_t end_ = now_ms() + (ms);				\
									\
	while (!(cond)) {						\
		if (now_ms() > end_)					\
			die(__FILE__, __LINE__,				\
			    "waited %d ms in vain for: %s", (int)(ms), #cond); \
		usleep(POLL_US);					\
	}								\
} while (0)
#define WAIT(cond) WAIT_MS(cond, PATIENCE_MS)

#endif /* HSTP_TEST_CHECK_H */
