// SPDX-License-Identifier: GPL-2.0
/* Network namespaces know nothing of each other: tables, settings and counters are their
 * own; and one that dies takes its connections along, whatever they are doing.
 */
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"
#include "lib/wire.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

#define PORT 80
#define PEER 4000

static struct sockaddr_in loopback(uint16_t port)
{
	return addr_of(htonl(INADDR_LOOPBACK), port);
}

/* Wherever the caller is. */
static int listen_here(uint16_t port)
{
	struct sockaddr_in name = loopback(port);
	int fd = TRY(socket(AF_INET, SOCK_STREAM, proto));

	TRY(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	TRY(listen(fd, 100));
	return fd;
}

static int connect_here(uint16_t from, uint16_t to)
{
	struct sockaddr_in name = loopback(from);
	int fd = TRY(socket(AF_INET, SOCK_STREAM, proto));

	if (from)
		TRY(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	name = loopback(to);
	TRY(connect(fd, (struct sockaddr *)&name, sizeof(name)));
	return fd;
}

/* The very same four numbers are two connections in two namespaces. */
TEST(same_tuple_twice)
{
	static const char *const texts[] = { "in A", "in B" };
	int client[2], server[2];

	net_pair();
	for (int i = 0; i < 2; i++) {
		int listener;

		net_enter(i ? NS_B : NS_A);
		listener = listen_here(PORT);
		client[i] = connect_here(PEER, PORT);
		server[i] = fd_accept(listener);
		fd_close(listener);
	}
	for (int i = 0; i < 2; i++)
		fd_send(client[i], texts[i]);
	for (int i = 0; i < 2; i++)
		fd_recv(server[i], texts[i]);

	/* The end of one is not the end of the other. */
	fd_linger(client[0], 1, 0);
	fd_close(client[0]);
	WAIT(!conn_count(NS_A));
	SAME(conn_count(NS_B), 2);
	fd_send(server[1], "and back");
	fd_recv(client[1], "and back");
	SAME(stat_now(NS_B, "reset out abort"), 0);
	SAME(stat_now(NS_A, "reset out abort"), 1);
}

TEST(settings_are_independent)
{
	net_pair();
	net_hstp(NS_A, "msl_ms", 1234);
	SAME(net_get_sysctl(NS_A, "net.hstp.msl_ms"), 1234);
	SAME(net_get_sysctl(NS_B, "net.hstp.msl_ms"), 30000);
	/* A new one begins with the defaults, not with somebody's. */
	net_run(NS_A, "unshare -n sh -c 'test $(cat /proc/sys/net/hstp/msl_ms) = 30000'");
}

TEST(counters_are_independent)
{
	struct end us, it;

	net_relay();
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	stats_mark(NS_A);
	stats_mark(NS_B);
	wire_send(&us, ACK, 100, 500);
	wire_expect(&it, RST, 500);
	STATS(NS_A, "drop no_connection 1", "reset out no_connection 1");
	STATS_NONE(NS_B);
	SAME(stat_now(NS_B, "segments in"), 0);
}

/* The process gets a namespace of its own. */
static void go_to_a_new_one(void)
{
	TRY(unshare(CLONE_NEWNET));
	SAME(system("ip link set lo up"), 0);
}

/* Connections in most states, sockets closed and open: what a dying namespace may hold. */
static void fill(void)
{
	int listener;

	go_to_a_new_one();
	listener = listen_here(PORT);
	for (int i = 0; i < 20; i++) {
		int client = connect_here(0, PORT), server = fd_accept(listener);

		switch (i % 4) {
		case 0:		/* ESTABLISHED, text unread on both ends */
			fd_send(client, "unread");
			fd_send(server, "unread");
			break;
		case 1:		/* FIN-WAIT-2 and CLOSE-WAIT */
			fd_shut(client, SHUT_WR);
			break;
		case 2:		/* FIN-WAIT-2 without a socket, CLOSE-WAIT */
			fd_close(client);
			break;
		case 3:		/* TIME-WAIT */
			fd_close(client);
			fd_close(server);
			break;
		}
	}
	for (int i = 0; i < 5; i++)
		connect_here(0, PORT);
}

/* A connection to the tester, who does not acknowledge what he is sent last: it goes again and
 * again. Other segments than the SYN are not waited for, since any of them may be such a one.
 */
static int unanswered(struct end *us, struct end *it, const char *state)
{
	int fd = fd_start(it);

	wire_expect(it, SYN, 300);
	if (!strcmp(state, "SYN-SENT"))
		return fd;
	if (!strcmp(state, "SYN-RECEIVED")) {
		wire_send(us, SYN, 100);
		state_wait(it, state);
		return fd;
	}
	wire_send(us, SYN | ACK, 100, 301);
	state_wait(it, "ESTABLISHED");
	if (!strcmp(state, "ESTABLISHED")) {
		fd_send(fd, "anybody?");
		return fd;
	}
	if (!strcmp(state, "LAST-ACK")) {
		wire_send(us, FIN | ACK, 101, 301);
		state_wait(it, "CLOSE-WAIT");
	}
	fd_shut(fd, SHUT_WR);
	if (!strcmp(state, "CLOSING")) {
		wire_send(us, FIN | ACK, 101, 301);
		state_wait(it, state);
	}
	SAME(strcmp(state_of(it), state), 0);
	return fd;
}

#define OF_EACH	2	/* its socket open, and closed */

/* All states in which something is sent until it is acknowledged, with timers that are running,
 * sockets closed and open. With the process SYN-SENT and SYN-RECEIVED end; the others are what
 * the namespace takes along.
 */
static void retransmit(void)
{
	static const char *const states[] = {
		"SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "CLOSING", "LAST-ACK",
	};
	enum { STATES = sizeof(states) / sizeof(*states) };
	struct end us, it;
	int count = 1;

	net_peer();
	net_rto(NS_A, 50, 1000);
	net_hstp(NS_A, "syn_retries", 127);
	net_hstp(NS_A, "synack_retries", 127);
	net_hstp(NS_A, "retries", 255);
	net_hstp(NS_A, "orphan_retries", 255);
	for (int i = 0; i < OF_EACH * STATES; i++) {
		const char *state = states[i % STATES];
		bool close = i >= STATES && strcmp(state, "SYN-SENT");
		int fd;

		wire_ends(&us, NS_T, (uint16_t)(PEER + i), &it, NS_A, (uint16_t)(1000 + i));
		fd = unanswered(&us, &it, state);
		if (close)
			fd_close(fd);
		count++;
	}
	/* Handshakes of a listener: records. */
	for (int i = 0; i < OF_EACH; i++) {
		wire_ends(&us, NS_T, (uint16_t)(PEER + i), &it, NS_A, PORT);
		if (!i)
			fd_listen(&it, OF_EACH);
		wire_send(&us, SYN, 100);
		state_wait(&it, "SYN-RECEIVED");
		count++;
	}
	/* Nobody has given up yet, and everybody is at it. */
	SAME(conn_count(NS_A), count);
	WAIT(stat_now(NS_A, "retransmit") > 2 * count);
	net_enter(NS_A);
}

/* Orphans of whom each gives up at another moment of the time that the namespace's end takes:
 * a timeout may be at work when the tables go.
 */
static void give_up(void)
{
	enum { PAIRS = 60 };
	int pair[PAIRS][2], listener;

	go_to_a_new_one();
	SAME(system("cd /proc/sys/net/hstp && echo 50 >rto_min_ms && echo 50 >rto_max_ms &&"
		    " echo 3 >orphan_retries"), 0);
	listener = listen_here(PORT);
	for (int i = 0; i < PAIRS; i++) {
		pair[i][0] = connect_here(0, PORT);
		pair[i][1] = fd_accept(listener);
	}
	SAME(system("ip link set lo down"), 0);
	for (int i = 0; i < PAIRS; i++) {
		fd_close(pair[i][0]);
		fd_close(pair[i][1]);
		usleep(4000);
	}
}

static atomic_long rounds;

/* Opens, sends and closes for ever, in the namespace of the thread that started it. */
static void *load(void *arg)
{
	uint16_t port = (uint16_t)(uintptr_t)arg;
	struct sockaddr_in name = loopback(port);
	int listener = listen_here(port);
	char text[1000] = "";

	for (;;) {
		int client = TRY(socket(AF_INET, SOCK_STREAM, proto)), server;

		TRY(connect(client, (struct sockaddr *)&name, sizeof(name)));
		server = TRY(accept(listener, NULL, NULL));
		send(client, text, sizeof(text), MSG_NOSIGNAL | MSG_DONTWAIT);
		send(server, text, sizeof(text), MSG_NOSIGNAL | MSG_DONTWAIT);
		close(client);
		close(server);
		rounds++;
	}
	return NULL;
}

static void start_load(void)
{
	pthread_t thread;

	go_to_a_new_one();
	for (uintptr_t port = PORT; port < PORT + 4; port++)
		SAME(pthread_create(&thread, NULL, load, (void *)port), 0);
	WAIT(rounds > 50);
}

/* A child makes a namespace, @does something in it, stays there and is killed. The namespace
 * is gone when the link between it and ours is: nothing held it, and nothing waited for 2MSL.
 */
static void born_to_die(void (*does)(void))
{
	int ready[2];
	pid_t child;
	char byte = 0;

	TRY(pipe(ready));
	child = TRY(fork());
	if (!child) {
		char command[128];

		does();
		snprintf(command, sizeof(command),
			 "ip link add inside type veth peer outside netns %d", getppid());
		SAME(system(command), 0);
		TRY(write(ready[1], &byte, 1));
		for (;;)
			pause();
	}
	close(ready[1]);
	SAME(TRY(read(ready[0], &byte, 1)), 1);
	NEED(if_nametoindex("outside"));
	TRY(kill(child, SIGKILL));
	TRY(waitpid(child, NULL, 0));
	/* 2MSL would be a minute. */
	WAIT_MS(!if_nametoindex("outside"), 2 * PATIENCE_MS);
	close(ready[0]);
}

TEST(dies_with_connections)
{
	net_alone();
	for (int i = 0; i < 5; i++)
		born_to_die(fill);
}

/* Timers of retransmission are running, and go off meanwhile. */
TEST(dies_retransmitting)
{
	net_alone();
	born_to_die(retransmit);
}

TEST(dies_giving_up)
{
	net_alone();
	for (int i = 0; i < 3; i++)
		born_to_die(give_up);
}

/* Four threads are opening and closing when the namespace loses its last process. */
TEST(dies_under_load)
{
	net_alone();
	for (int i = 0; i < 5; i++)
		born_to_die(start_load);
}

/* The link goes with one namespace while the other end is still talking over it. */
TEST(peer_namespace_dies)
{
	struct end client, server;
	int fd, listener;

	net_pair();
	net_hstp(NS_A, "rto_initial_ms", 100);
	net_hstp(NS_A, "rto_min_ms", 100);
	net_hstp(NS_A, "retries", 2);
	wire_ends(&client, NS_A, PEER, &server, NS_B, PORT);
	listener = fd_listen(&server, 1);
	fd = fd_start(&client);
	SAME(fd_connected(fd), 0);
	fd_close(fd_accept(listener));
	fd_close(listener);
	net_enter(NS_A);
	net_leave(NS_B);
	fd_send(fd, "anyone?");
	/* With the device gone, there is no route: the connection ends all the same. */
	WAIT(!strcmp(state_of(&client), "CLOSED"));
	stats_sums(NS_A);
}

/* A socket keeps its namespace alive after the last process has gone elsewhere. */
TEST(socket_keeps_namespace)
{
	int client, server, listener;

	net_alone();
	net_enter(NS_A);
	listener = listen_here(PORT);
	client = connect_here(0, PORT);
	server = fd_accept(listener);
	net_enter(NS_HOME);
	net_leave(NS_A);
	fd_send(client, "still connected");
	fd_recv(server, "still connected");
	fd_close(client);
	fd_eof(server);
	fd_close(server);
	fd_close(listener);
}

TEST_HARNESS_MAIN
