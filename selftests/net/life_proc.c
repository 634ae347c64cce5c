// SPDX-License-Identifier: GPL-2.0
/* /proc/net/hstp while connections change: who is there from the first line to the last is
 * printed, and once, whatever state it goes through meanwhile.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>

#include "lib/exchange.h"

#define CONNECTIONS	300
#define FIRST_PORT	20000

static atomic_int stop;
static atomic_int readings;

/* A reading of all lines: each connection of A's once. */
static void look(void)
{
	static _Thread_local struct conn conns[CONNS_MAX];
	static _Thread_local char seen[CONNECTIONS];
	int count = conn_list(NS_A, conns, CONNS_MAX);

	memset(seen, 0, sizeof(seen));
	for (int i = 0; i < count; i++) {
		int n = conns[i].lport - FIRST_PORT;

		if (n < 0 || n >= CONNECTIONS)
			continue;
		if (seen[n]++)
			die(__FILE__, __LINE__, "connection %d is there twice", n);
	}
	for (int i = 0; i < CONNECTIONS; i++) {
		if (!seen[i])
			die(__FILE__, __LINE__, "connection %d is not there", i);
	}
	atomic_fetch_add(&readings, 1);
}

static void *look_on_and_on(void *arg)
{
	while (!atomic_load(&stop))
		look();
	return NULL;
}

/* ESTABLISHED, FIN-WAIT-1, FIN-WAIT-2, and then a compact record in TIME-WAIT. */
TEST(becomes_time_wait)
{
	struct end client = { .ns = NS_A }, server = { .ns = NS_B, .port = PORT_IT };
	int fds[CONNECTIONS], accepted[CONNECTIONS], listener;
	pthread_t readers[2];

	net_pair();
	client.addr = inet_addr(ADDR_A);
	server.addr = inet_addr(ADDR_B);
	client.other = &server;
	server.other = &client;
	listener = fd_listen(&server, 5);
	for (int i = 0; i < CONNECTIONS; i++) {
		client.port = (uint16_t)(FIRST_PORT + i);
		fds[i] = fd_start(&client);
		SAME(fd_connected(fds[i]), 0);
		accepted[i] = fd_accept(listener);
	}
	look();
	for (int i = 0; i < 2; i++)
		SAME(pthread_create(&readers[i], NULL, look_on_and_on, NULL), 0);
	while (atomic_load(&readings) < 4)
		usleep(POLL_US);
	for (int i = 0; i < CONNECTIONS; i++) {
		int before = atomic_load(&readings);

		fd_close(fds[i]);
		fd_close(accepted[i]);
		usleep(2000);
		/* The readers' CPU may stand still. */
		if (i % 50 == 0)
			WAIT(atomic_load(&readings) > before);
	}
	WAIT(stat_now(NS_A, "state TIME-WAIT now") == CONNECTIONS);
	NEED(atomic_load(&readings) > 8);
	atomic_store(&stop, 1);
	for (int i = 0; i < 2; i++)
		SAME(pthread_join(readers[i], NULL), 0);
	look();
	stats_sums(NS_A);
}

TEST_HARNESS_MAIN
