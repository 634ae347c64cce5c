// SPDX-License-Identifier: GPL-2.0
/* A namespace dies, and the module is removed, while segments are held, delayed and wait for
 * the next one, rules come and go, and connections go on: nothing is left.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "fault.h"
#include "module.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

#define PORT 80

/* Connections that load() has opened, in memory that the processes share. */
static atomic_long *opened;

static struct sockaddr_in name_of(uint16_t port)
{
	return addr_of(htonl(INADDR_LOOPBACK), port);
}

static int listen_here(uint16_t port)
{
	struct sockaddr_in name = name_of(port);
	int fd = TRY(socket(AF_INET, SOCK_STREAM, proto));

	TRY(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	TRY(listen(fd, 500));
	return fd;
}

static int start_here(uint16_t port)
{
	struct sockaddr_in name = name_of(port);
	int fd = TRY(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, proto));

	if (connect(fd, (struct sockaddr *)&name, sizeof(name)))
		SAME(errno, EINPROGRESS);
	return fd;
}

/* Of each kind, in both directions. */
static void add_rules(struct nl *nl)
{
	fault_add(nl, .way = OUT, .fport = 81, .delay = 20, .action = DELAY);
	fault_add(nl, .way = IN, .lport = 82, .delay = 5000, .action = DELAY);
	fault_add(nl, .way = OUT, .fport = 83, .action = HOLD);
	fault_add(nl, .way = IN, .lport = 84, .action = HOLD);
	fault_add(nl, .way = OUT, .fport = 85, .nth = 1, .action = REORDER);
	fault_add(nl, .way = IN, .lport = 86, .nth = 1, .action = REORDER);
	fault_add(nl, .text = TEXT, .probability = 300000, .delay = 3, .action = DELAY);
	fault_add(nl, .text = TEXT, .probability = 200000, .copies = 3, .action = DUPLICATE);
	fault_add(nl, .every = 5, .action = REORDER);
	fault_add(nl, .every = 7, .action = DROP);
	fault_add(nl, .way = IN, .states = 1 << HSTP_NL_STATE_ESTABLISHED, .every = 3,
		  .action = CORRUPT);
}

static void *load(void *arg)
{
	int listener = listen_here(90);

	(void)arg;
	fcntl(listener, F_SETFL, O_NONBLOCK);
	for (;;) {
		int client = start_here(90), server = accept(listener, NULL, NULL);

		atomic_fetch_add(opened, 1);
		send(client, "text", 4, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (server >= 0) {
			send(server, "text", 4, MSG_NOSIGNAL | MSG_DONTWAIT);
			close(server);
		}
		/* For it to be accepted in the next round, often. */
		sched_yield();
		close(client);
	}
	return NULL;
}

static void more_opened(long count)
{
	long goal = *opened + count;

	WAIT(*opened >= goal);
}

/* Rules are added and removed, and held segments are let go and lost. */
static void *meddle(void *arg)
{
	struct nl *nl = nl_open_here();

	(void)arg;
	for (;;) {
		uint32_t id = fault_add(nl, .way = OUT, .every = 2, .action = HOLD);

		more_opened(3);
		held_release(nl, .count = 3);
		step_set(nl, true);
		more_opened(3);
		held_all(nl);
		held_release(nl, .count = 5, .drop = true);
		step_set(nl, false);
		SAME(fault_del(nl, id), 0);
	}
	return NULL;
}

/* In a namespace of its own, until it is killed; says so when all is under way. */
static void life(int ready)
{
	pthread_t thread;
	struct nl *nl;

	TRY(unshare(CLONE_NEWNET));
	SAME(system("ip link set lo up"), 0);
	nl = nl_open_here();
	add_rules(nl);
	for (uint16_t port = 81; port <= 86; port++) {
		listen_here(port);
		start_here(port);
	}
	SAME(pthread_create(&thread, NULL, load, NULL), 0);
	SAME(pthread_create(&thread, NULL, meddle, NULL), 0);
	WAIT(held_count(nl) > 5);
	TRY(write(ready, "x", 1));
	pause();
}

TEST(namespace_dies)
{
	int rounds = stress_scaled(12);

	opened = mmap(NULL, sizeof(*opened), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	NEED(opened != MAP_FAILED);
	for (int i = 0; i < rounds; i++) {
		int ready[2], status;
		pid_t child;
		char byte;

		TRY(pipe(ready));
		child = TRY(fork());
		if (!child) {
			life(ready[1]);
			_exit(1);
		}
		close(ready[1]);
		if (read(ready[0], &byte, 1) != 1)
			die(__FILE__, __LINE__, "the namespace never came to life");
		more_opened(10 + i);
		TRY(kill(child, SIGKILL));
		SAME(TRY(waitpid(child, &status, 0)), child);
		NEED(WIFSIGNALED(status));
		close(ready[0]);
	}
	/* The last one goes after its processes; then a new one finds nothing. */
	net_alone();
	SAME(step_get(nl_open(NS_A), HSTP_A_STEP_HELD), 0);
}

/* No socket is left, but all that is held and delayed, orphans, and a network that sends. */
TEST(unload)
{
	if (access(module_file(), R_OK))
		SKIP(return, "no module file %s", module_file());
	net_peer();
	for (int i = 0; i < 8; i++) {
		struct end us, it;
		int listener, fd;
		uint32_t soon;
		struct nl *nl;

		if (!module_loaded())
			SAME(module_load(""), 0);
		nl = nl_open(NS_A);
		wire_ends(&us, NS_T, (uint16_t)(4000 + i), &it, NS_A, PORT);
		net_rto(NS_A, 200, 400);
		listener = fd_listen(&it, 10);
		fd = wire_open_passive(&us, &it, listener);
		soon = fault_add(nl, .way = OUT, .text = TEXT, .nth = 1, .delay = 20,
				 .action = DELAY);
		fault_add(nl, .way = OUT, .text = TEXT, .nth = 1, .delay = 600000, .action = DELAY);
		fault_add(nl, .way = IN, .text = TEXT, .delay = 50, .action = DELAY);
		fault_add(nl, .way = IN, .set = SYN, .action = HOLD);
		fault_add(nl, .way = OUT, .set = FIN, .action = REORDER);
		SAME(step_set(nl, i & 1), 0);
		fd_send(fd, "a");
		fd_send(fd, "b");
		wire_send(&us, PSH | ACK, 101, 301, "text");
		us.port += 100;
		wire_send(&us, SYN, 100);
		WAIT(held_count(nl) >= 2);
		close(fd);
		close(listener);
		wire_send(&us, SYN, 100);
		/* With all that waits, or when some of what is delayed has gone on. */
		if (i & 2)
			WAIT(fault_counts(nl, soon).held == 0);
		nl_close(nl);
		WAIT(!module_unload());
		module_left_no_slab();
	}
	SAME(module_load(""), 0);
	SAME(step_get(nl_open(NS_A), HSTP_A_STEP_ENABLED), 0);
}

TEST_HARNESS_MAIN
