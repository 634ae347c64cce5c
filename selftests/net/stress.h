/* SPDX-License-Identifier: GPL-2.0 */
/* What stress tests share: how much of it (HSTP_STRESS_SCALE, in percent, for kernels that
 * are slow; "25 stress_churn=100" for 25, but all of one program), on which CPU, and
 * between whom.
 */
#ifndef STRESS_H
#define STRESS_H

#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>

#include "lib/wire.h"

static inline int stress_scaled(int full)
{
	const char *text = getenv("HSTP_STRESS_SCALE"), *own;
	char name[64];
	int percent = text ? atoi(text) : 100;

	snprintf(name, sizeof(name), " %s=", program_invocation_short_name);
	own = text ? strstr(text, name) : NULL;
	if (own)
		percent = atoi(own + strlen(name));
	NEED(percent > 0);
	return full * percent / 100 ? full * percent / 100 : 1;
}

/* Does somebody ask for the full amounts, and have the time for them? */
static inline bool stress_full(void)
{
	return getenv("HSTP_FULL");
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

/* Both ends of connections over the link of net_pair(), which nobody watches: a tester
 * who keeps each segment has no place here.
 */
static inline void stress_ends(struct end *client, struct end *server, uint16_t port)
{
	*client = (struct end){ .ns = NS_A, .addr = inet_addr(ADDR_A), .other = server };
	*server = (struct end){
		.ns = NS_B, .addr = inet_addr(ADDR_B), .port = port, .other = client
	};
}

#endif /* STRESS_H */
