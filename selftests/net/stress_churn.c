// SPDX-License-Identifier: GPL-2.0
/* Ten thousand connections opened and closed from two CPUs; then the module goes, at once
 * and clean, although 2,000 of them are in TIME-WAIT and 100 are orphans.
 */
#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"
#include "lib/wire.h"
#include "module.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 900

#define PORT 80
#define CONNECTIONS 10000
#define TIME_WAITS 2000		/* of them, both ends together */
#define ORPHANS 100
#define UNLOAD_MS 20000		/* "at once", of an emulated machine; TIME-WAIT is 4 minutes */

struct worker {
	pthread_t thread;
	int number;		/* and CPU */
	int connections;
};

/* One connection with text both ways; who closes first takes turns. */
static void one(int listener, const struct sockaddr_in *to, int round)
{
	int client = TRY(socket(AF_INET, SOCK_STREAM, proto)), server;
	char byte = 'x';

	TRY(connect(client, (const struct sockaddr *)to, sizeof(*to)));
	server = TRY(accept(listener, NULL, NULL));
	if (round % 4 == 0) {
		SAME(send(client, &byte, 1, 0), 1);
		SAME(recv(server, &byte, 1, 0), 1);
		SAME(send(server, &byte, 1, 0), 1);
		SAME(recv(client, &byte, 1, 0), 1);
	}
	close(round & 1 ? client : server);
	close(round & 1 ? server : client);
}

static void *churn(void *arg)
{
	struct worker *w = arg;
	struct end client, server;
	struct sockaddr_in to;
	int listener;

	stress_on_cpu(w->number);
	stress_ends(&client, &server, (uint16_t)(PORT + w->number));
	listener = fd_listen(&server, 16);
	to = addr_of(server.addr, server.port);
	net_enter(NS_A);
	for (int i = 0; i < w->connections; i++)
		one(listener, &to, i);
	close(listener);
	return NULL;
}

static void churn_on_two_cpus(int connections)
{
	struct worker workers[2];

	for (int i = 0; i < 2; i++) {
		workers[i] = (struct worker){ .number = i, .connections = connections / 2 };
		SAME(pthread_create(&workers[i].thread, NULL, churn, &workers[i]), 0);
	}
	for (int i = 0; i < 2; i++)
		SAME(pthread_join(workers[i].thread, NULL), 0);
}

/* Both ends of half as many connections close into a link that is down. */
static void make_orphans(int orphans)
{
	struct end client, server;
	int listener, *fds = calloc((size_t)orphans, sizeof(*fds));

	NEED(fds);
	stress_ends(&client, &server, PORT + 10);
	listener = fd_listen(&server, orphans);
	for (int i = 0; i < orphans / 2; i++) {
		client.port = (uint16_t)(20000 + i);
		fds[2 * i] = fd_start(&client);
		SAME(fd_connected(fds[2 * i]), 0);
		fds[2 * i + 1] = fd_accept(listener);
	}
	close(listener);
	net_run(NS_A, "ip link set va down");
	for (int i = 0; i < orphans / 2 * 2; i++)
		fd_close(fds[i]);
	free(fds);
}

/* The link settles: what is on its way arrives, and every close is complete. */
static bool settled(enum net_ns ns)
{
	static const char *const passing[] = {
		"SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2",
		"CLOSE-WAIT", "CLOSING", "LAST-ACK",
	};
	char key[64];

	for (size_t i = 0; i < sizeof(passing) / sizeof(*passing); i++) {
		snprintf(key, sizeof(key), "state %s now", passing[i]);
		if (stat_now(ns, key))
			return false;
	}
	return true;
}

TEST(churn_then_unload)
{
	int connections = stress_scaled(CONNECTIONS), waits = stress_scaled(TIME_WAITS);
	int orphans = stress_scaled(ORPHANS) / 2 * 2;
	long entered = 0, left = 0;
	uint64_t start;

	if (access(module_file(), R_OK))
		SKIP(return, "no module file %s", module_file());
	net_pair();
	for (enum net_ns ns = NS_A; ns <= NS_B; ns++) {
		net_hstp(ns, "msl_ms", 120000);
		net_hstp(ns, "max_time_wait", waits / 2);
	}
	churn_on_two_cpus(connections);
	WAIT(settled(NS_A) && settled(NS_B));

	/* All passed through ESTABLISHED at both ends, and through TIME-WAIT at one at least:
	 * at both, when the FINs crossed.
	 */
	for (enum net_ns ns = NS_A; ns <= NS_B; ns++) {
		SAME(stat_now(ns, "state ESTABLISHED entered"), connections / 2 * 2);
		entered += stat_now(ns, "state TIME-WAIT entered");
		left += stat_now(ns, "state TIME-WAIT now");
		/* Both CPUs may take the last place: the limit is counted for each by itself. */
		NEED(stat_now(ns, "state TIME-WAIT now") <= waits / 2 + 1);
		stats_sums(ns);
	}
	NEED(entered >= connections / 2 * 2);
	NEED(left >= waits / 2 * 2 && left <= waits / 2 * 2 + 2);
	make_orphans(orphans);
	SAME(stat_now(NS_A, "state FIN-WAIT-1 now") + stat_now(NS_B, "state FIN-WAIT-1 now"),
	     orphans);

	net_enter(NS_HOME);
	start = now_ms();
	SAME(module_unload(), 0);
	if (now_ms() - start > UNLOAD_MS)
		die(__FILE__, __LINE__, "unloading took %d ms", (int)(now_ms() - start));
	module_left_no_slab();
	SAME(module_load(""), 0);
}

TEST_HARNESS_MAIN
