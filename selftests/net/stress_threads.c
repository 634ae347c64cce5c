// SPDX-License-Identifier: GPL-2.0
/* Many threads make all the calls there are on the same few descriptors, in any order and
 * at the same time. No call's result matters; the kernel's health does, and that in the
 * end nothing is left. Made for kernels that check locks and memory.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include <linux/hstp.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>

#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"
#include "lib/wire.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

#define THREADS 8
#define CALLS 4000		/* of each thread */
#define SLOTS 24		/* descriptors that they share */
#define FIRST_FD 500		/* nothing else has these numbers */
#define PORTS 4
#define PORT 8000
#define BLOCK_MS 20

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static struct sockaddr_in some_address(uint32_t r)
{
	return addr_of(htonl(INADDR_LOOPBACK), (uint16_t)(PORT + r % PORTS));
}

/* A new socket, or an accepted one, takes a slot; who was there is closed by that. */
static void put(int fd, int slot)
{
	if (fd < 0)
		return;
	fd_timeouts(fd, BLOCK_MS);
	dup2(fd, slot);
	close(fd);
}

static void new_socket(int slot, uint32_t r)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | (r & 8 ? SOCK_NONBLOCK : 0), proto);

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	put(fd, slot);
}

static void options(int fd, uint32_t r)
{
	struct linger linger = { .l_onoff = r & 1, .l_linger = (int)(r >> 1 & 1) };
	int value = (int)(r % 70000), error;
	socklen_t len = sizeof(error);
	struct tcp_info info;

	switch (r >> 8 & 7) {
	case 0:
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		break;
	case 1:
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof(value));
		break;
	case 2:
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &value, sizeof(value));
		break;
	case 3:
		setsockopt(fd, SOL_HSTP, HSTP_NODELAY, &value, sizeof(value));
		break;
	case 4:
		setsockopt(fd, SOL_HSTP, HSTP_MAXSEG, &value, sizeof(value));
		break;
	case 5:
		getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
		break;
	default:
		len = sizeof(info);
		getsockopt(fd, SOL_HSTP, HSTP_INFO, &info, &len);
		break;
	}
}

static void ask(int fd, uint32_t r)
{
	struct pollfd p = { .fd = fd, .events = POLLIN | POLLOUT };
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	int queued;

	switch (r >> 8 & 3) {
	case 0:
		poll(&p, 1, (int)(r % BLOCK_MS));
		break;
	case 1:
		ioctl(fd, r & 1 ? SIOCINQ : SIOCOUTQ, &queued);
		break;
	case 2:
		getsockname(fd, (struct sockaddr *)&name, &len);
		break;
	default:
		getpeername(fd, (struct sockaddr *)&name, &len);
		break;
	}
}

/* Whether it listens or connects, twice or after a close, is for chance to say. */
static void one_call(uint32_t r, char *text, size_t size)
{
	int fd = FIRST_FD + (int)(r % SLOTS), other = FIRST_FD + (int)(r / SLOTS % SLOTS);
	struct sockaddr_in name = some_address(r >> 16);
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	size_t len = (r >> 4) % size;

	switch (r >> 20 & 31) {
	case 0: case 1:
		new_socket(fd, r);
		break;
	case 2:
		bind(fd, (struct sockaddr *)&name, sizeof(name));
		break;
	case 3: case 4:
		bind(fd, (struct sockaddr *)&name, sizeof(name));
		listen(fd, (int)(r % 5));
		break;
	case 5: case 6: case 7: case 8:
		connect(fd, (struct sockaddr *)&name, sizeof(name));
		break;
	case 9: case 10: case 11: case 12:
		put(accept4(fd, NULL, NULL, r & 16 ? SOCK_NONBLOCK : 0), other);
		break;
	case 13: case 14: case 15: case 16:
		send(fd, text, len, MSG_NOSIGNAL | (r & 32 ? MSG_DONTWAIT : 0));
		break;
	case 17: case 18: case 19: case 20:
		recv(fd, text, len, (r & 32 ? MSG_DONTWAIT : 0) | (r & 64 ? MSG_PEEK : 0) |
		     (r & 128 ? MSG_WAITALL : 0));
		break;
	case 21: case 22:
		shutdown(fd, (int)(r % 3));
		break;
	case 23: case 24:
		close(fd);
		break;
	case 25: case 26:
		options(fd, r);
		break;
	case 27: case 28:
		ask(fd, r);
		break;
	case 29:
		dup2(fd, other);
		break;
	case 30:
		connect(fd, &none, sizeof(none));
		break;
	default:
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &fd, sizeof(fd));
		break;
	}
}

struct caller {
	pthread_t thread;
	uint32_t seed;
	int calls;
};

static void *call_anything(void *arg)
{
	struct caller *c = arg;
	char text[9000] = "";

	for (int i = 0; i < c->calls; i++)
		one_call(next_random(&c->seed), text, sizeof(text));
	return NULL;
}

static void short_lives(void)
{
	net_alone();
	net_hstp(NS_A, "msl_ms", 20);
	net_hstp(NS_A, "rto_initial_ms", 50);
	net_hstp(NS_A, "rto_min_ms", 20);
	net_hstp(NS_A, "rto_max_ms", 200);
	net_hstp(NS_A, "syn_retries", 3);
	net_hstp(NS_A, "synack_retries", 3);
	net_hstp(NS_A, "retries", 4);
	net_hstp(NS_A, "orphan_retries", 4);
	net_hstp(NS_A, "fin_timeout_ms", 100);
	net_enter(NS_A);
}

TEST(all_calls_on_shared_descriptors)
{
	struct caller callers[THREADS];

	short_lives();
	for (int i = 0; i < THREADS; i++) {
		callers[i] = (struct caller){
			.seed = 2463534242u + (uint32_t)i * 77777, .calls = stress_scaled(CALLS)
		};
		SAME(pthread_create(&callers[i].thread, NULL, call_anything, &callers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		SAME(pthread_join(callers[i].thread, NULL), 0);
	for (int fd = FIRST_FD; fd < FIRST_FD + SLOTS; fd++)
		close(fd);
	/* Not a trivial run: connections were made and text went through. */
	NEED(stat_now(NS_A, "state ESTABLISHED entered") > 10);
	NEED(stat_now(NS_A, "flag out psh") > 10);
	WAIT_MS(!conn_count(NS_A), 60000);
	stats_sums(NS_A);
}

/* Blocked in each call that can block while another thread resets or closes. */
struct blocked {
	pthread_t thread;
	int fd;
	int kind;
	atomic_bool in;
};

static void *block(void *arg)
{
	struct blocked *b = arg;
	static char text[1 << 20];
	struct pollfd p = { .fd = b->fd, .events = POLLIN };

	atomic_store(&b->in, true);
	switch (b->kind) {
	case 0:
		recv(b->fd, text, 10, 0);
		break;
	case 1:
		send(b->fd, text, sizeof(text), MSG_NOSIGNAL);
		break;
	case 2:
		poll(&p, 1, PATIENCE_MS);
		break;
	default:
		accept(b->fd, NULL, NULL);
		break;
	}
	return NULL;
}

/* Three blocked in every call on one connection; shutdown() or the peer's reset must wake
 * them all, close() of the descriptor goes on meanwhile.
 */
TEST(everybody_wakes_up)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = PORT };
	struct sockaddr_in to = addr_of(here.addr, here.port);

	short_lives();
	for (int round = 0; round < stress_scaled(100); round++) {
		struct blocked blocked[12];
		int listener = fd_listen(&here, 4), client, server;

		client = TRY(socket(AF_INET, SOCK_STREAM, proto));
		TRY(connect(client, (struct sockaddr *)&to, sizeof(to)));
		server = fd_accept(listener);
		for (int i = 0; i < 12; i++) {
			blocked[i].kind = i % 4;
			blocked[i].fd = i % 4 == 3 ? listener : client;
			atomic_store(&blocked[i].in, false);
			SAME(pthread_create(&blocked[i].thread, NULL, block, &blocked[i]), 0);
		}
		for (int i = 0; i < 12; i++)
			while (!atomic_load(&blocked[i].in))
				sched_yield();
		if (round & 1)
			fd_linger(server, 1, 0);
		else
			fd_shut(client, SHUT_RDWR);
		fd_close(server);
		fd_shut(listener, SHUT_RD);
		for (int i = 0; i < 12; i++)
			SAME(pthread_join(blocked[i].thread, NULL), 0);
		fd_close(listener);
		fd_close(client);
	}
	WAIT_MS(!conn_count(NS_A), 60000);
	stats_sums(NS_A);
}

TEST_HARNESS_MAIN
