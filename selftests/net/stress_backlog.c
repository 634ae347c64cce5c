// SPDX-License-Identifier: GPL-2.0
/* No more connections wait for accept() than listen() was told, and one, however many CPUs
 * bring the last segments of handshakes at the same time.
 */
#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"
#include "lib/wire.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

#define CLIENTS 4
#define ROUNDS 300
#define PORT 8000

static struct end here = { .ns = NS_A, .port = PORT };
static pthread_barrier_t together;
static int rounds;

/* Each round all clients connect at once, and close when the queue has been looked at. */
static void *connect_in_each_round(void *arg)
{
	struct sockaddr_in to = addr_of(here.addr, here.port);

	stress_on_cpu((int)(uintptr_t)arg);
	net_enter(NS_A);
	for (int i = 0; i < rounds; i++) {
		int fd = TRY(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, proto));

		pthread_barrier_wait(&together);
		if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
			SAME(errno, EINPROGRESS);
		pthread_barrier_wait(&together);
		pthread_barrier_wait(&together);
		fd_linger(fd, 1, 0);
		fd_close(fd);
	}
	return NULL;
}

/* The listener's line tells how many wait. */
static int waiting(void)
{
	struct conn conns[64];
	int count = conn_list(NS_A, conns, 64);

	for (int i = 0; i < count; i++)
		if (!strcmp(conn_state(&conns[i]), "LISTEN"))
			return (int)conns[i].rx;
	die(__FILE__, __LINE__, "no listener");
}

static void accept_all(int listener)
{
	int fd;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0)
		fd_close(fd);
	SAME(errno, EAGAIN);
}

TEST(holds)
{
	pthread_t threads[CLIENTS];
	int listener;

	net_alone();
	net_no_timers(NS_A);
	here.addr = htonl(INADDR_LOOPBACK);
	rounds = stress_scaled(ROUNDS);
	SAME(pthread_barrier_init(&together, NULL, CLIENTS + 1), 0);
	/* listen(0) lets one wait, as with TCP. */
	listener = fd_listen(&here, 0);
	fd_block(listener, false);
	for (uintptr_t i = 0; i < CLIENTS; i++)
		SAME(pthread_create(&threads[i], NULL, connect_in_each_round, (void *)i), 0);
	for (int i = 0; i < rounds; i++) {
		pthread_barrier_wait(&together);
		pthread_barrier_wait(&together);
		WAIT(waiting());
		SAME(waiting(), 1);
		accept_all(listener);
		pthread_barrier_wait(&together);
		WAIT((accept_all(listener), conn_count(NS_A) == 1));
	}
	for (int i = 0; i < CLIENTS; i++)
		SAME(pthread_join(threads[i], NULL), 0);
	NEED(stat_now(NS_A, "drop listen_overflow") > 0);
	stats_sums(NS_A);
}

TEST_HARNESS_MAIN
