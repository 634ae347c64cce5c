/* SPDX-License-Identifier: GPL-2.0 */
/* The scene of the tests with programs that know nothing of HSTP: one end runs with "hstp
 * run" in A, the other is the same as ever, on TCP in B.
 */
#ifndef PROGRAMS_H
#define PROGRAMS_H

#include <sys/stat.h>

#include "kselftest_harness.h"
#include "lib/relay.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	240

#define RUN(ns)		((ns) == NS_A && proto != IPPROTO_TCP ? HSTP_CMD " run" : "")
#define ADDR(ns)	((ns) == NS_A ? ADDR_A : ADDR_B)

/* A directory of its own, and in it a file of random bytes. */
FIXTURE(programs)
{
	char dir[32];
	struct end hstp, tcp;
};

FIXTURE_SETUP(programs)
{
	strcpy(self->dir, "/tmp/interop.XXXXXX");
	NEED(mkdtemp(self->dir));
	TRY(chdir(self->dir));
	TRY(chmod(self->dir, 0755));
	interop_pair(&self->hstp, &self->tcp);
	net_sysctl(NS_B, "net.ipv4.tcp_timestamps", 1);
	net_sysctl(NS_B, "net.ipv4.tcp_sack", 1);
	net_sysctl(NS_B, "net.ipv4.tcp_window_scaling", 1);
	net_run(NS_HOME, "head -c 1000000 /dev/urandom >file");
}

FIXTURE_TEARDOWN(programs)
{
	net_run(NS_HOME, "rm -rf %s", self->dir);
}

/* Start a server of @where in the background, and wait until it listens. */
#define serve(where, number, fmt, ...) do {					\
	net_run(where, "{ %s " fmt "; } >server.log 2>&1 </dev/null &",		\
		RUN(where), ##__VA_ARGS__);					\
	served(where, number);							\
} while (0)

static inline void served(enum net_ns ns, uint16_t port)
{
	struct end nobody = { 0 }, end = { .ns = ns, .port = port, .other = &nobody };
	uint64_t until = now_ms() + 3 * PATIENCE_MS;

	while (strcmp(state_of(&end), "LISTEN")) {
		if (now_ms() > until) {
			system("sed 's/^/# /' server.log >&2");
			die(__FILE__, __LINE__, "the server does not listen");
		}
		usleep(10 * POLL_US);
	}
}

/* Run a client of @where to its end, which must be good. */
#define client(where, fmt, ...) do {						\
	int status_ = net_status(where, "{ timeout 200 %s " fmt			\
				 "; } >client.log 2>&1 </dev/null",		\
				 RUN(where), ##__VA_ARGS__);			\
										\
	if (status_) {								\
		system("sed 's/^/# client: /' client.log >&2; "			\
		       "sed 's/^/# server: /' server.log >&2");			\
		die(__FILE__, __LINE__, "the client ended with status %d", status_); \
	}									\
} while (0)

/* It was HSTP that they spoke: connections came and text went. */
static inline void spoken(int connections)
{
	NEED(stat_now(NS_A, "state ESTABLISHED entered") >= connections);
	NEED(stat_now(NS_A, "segments in") > 4);
}

#endif /* PROGRAMS_H */
