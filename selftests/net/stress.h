/* SPDX-License-Identifier: GPL-2.0 */
/* How much stress: all of it, or a part where a kernel is slow (HSTP_STRESS_SCALE, in
 * percent).
 */
#ifndef STRESS_H
#define STRESS_H

#include <pthread.h>
#include <sched.h>

#include "lib/check.h"

static inline int stress_scaled(int full)
{
	const char *text = getenv("HSTP_STRESS_SCALE");
	int percent = text ? atoi(text) : 100;

	NEED(percent > 0);
	return full * percent / 100 ? full * percent / 100 : 1;
}

/* The calling thread runs on CPU @n, counted round those that there are. */
static inline void stress_on_cpu(int n)
{
	cpu_set_t all, one;
	int cpu = -1;

	TRY(sched_getaffinity(0, sizeof(all), &all));
	for (n %= CPU_COUNT(&all); n >= 0; n--)
		for (cpu++; !CPU_ISSET(cpu, &all); cpu++)
			;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	TRY(sched_setaffinity(0, sizeof(one), &one));
}

#endif /* STRESS_H */
