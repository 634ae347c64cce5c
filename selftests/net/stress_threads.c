// SPDX-License-Identifier: GPL-2.0
/* Many threads make all the calls there are on the same few descriptors, in any order and
 * at the same time. No call's result matters; the kernel's health does, and that in the
 * end nothing is left. Made for kernels that check locks and memory.
 */
#include <poll.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

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

/* One draw: which descriptors, and further dice for what is done with them. */
struct draw {
	int fd, other;
	uint32_t dice;
	char text[9000];
	size_t len;
};

/* A new socket, or an accepted one, takes a slot; who was there is closed by that. */
static void put(int fd, int slot)
{
	if (fd < 0)
		return;
	fd_timeouts(fd, BLOCK_MS);
	dup2(fd, slot);
	close(fd);
}

static void do_socket(struct draw *d)
{
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | (d->dice & 8 ? SOCK_NONBLOCK : 0), proto);

	if (fd < 0)
		return;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	put(fd, d->fd);
}

static void do_bind(struct draw *d)
{
	struct sockaddr_in name = some_address(d->dice);

	bind(d->fd, (struct sockaddr *)&name, sizeof(name));
}

static void do_listen(struct draw *d)
{
	do_bind(d);
	listen(d->fd, (int)(d->dice % 5));
}

static void do_connect(struct draw *d)
{
	struct sockaddr_in name = some_address(d->dice);

	connect(d->fd, (struct sockaddr *)&name, sizeof(name));
}

static void do_disconnect(struct draw *d)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };

	connect(d->fd, &none, sizeof(none));
}

static void do_accept(struct draw *d)
{
	put(accept4(d->fd, NULL, NULL, d->dice & 1 ? SOCK_NONBLOCK : 0), d->other);
}

static void do_send(struct draw *d)
{
	send(d->fd, d->text, d->len, MSG_NOSIGNAL | (d->dice & 1 ? MSG_DONTWAIT : 0));
}

static void do_recv(struct draw *d)
{
	recv(d->fd, d->text, d->len,
	     (d->dice & 1 ? MSG_DONTWAIT : 0) | (d->dice & 2 ? MSG_PEEK : 0) |
	     (d->dice & 4 ? MSG_WAITALL : 0));
}

static void do_shutdown(struct draw *d)
{
	shutdown(d->fd, (int)(d->dice % 3));
}

static void do_close(struct draw *d)
{
	close(d->fd);
}

static void do_dup(struct draw *d)
{
	dup2(d->fd, d->other);
}

static void do_poll(struct draw *d)
{
	struct pollfd p = { .fd = d->fd, .events = POLLIN | POLLOUT };

	poll(&p, 1, (int)(d->dice % BLOCK_MS));
}

static void do_ioctl(struct draw *d)
{
	int queued;

	ioctl(d->fd, d->dice & 1 ? SIOCINQ : SIOCOUTQ, &queued);
}

static void do_name(struct draw *d)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);

	if (d->dice & 1)
		getsockname(d->fd, (struct sockaddr *)&name, &len);
	else
		getpeername(d->fd, (struct sockaddr *)&name, &len);
}

static void do_linger(struct draw *d)
{
	struct linger linger = { .l_onoff = d->dice & 1, .l_linger = (int)(d->dice >> 1 & 1) };

	setsockopt(d->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void do_set_number(struct draw *d)
{
	static const int options[][2] = {
		{ SOL_SOCKET, SO_RCVBUF }, { SOL_SOCKET, SO_SNDBUF }, { SOL_SOCKET, SO_KEEPALIVE },
		{ SOL_HSTP, HSTP_NODELAY }, { SOL_HSTP, HSTP_MAXSEG },
	};
	const int *option = options[d->dice % (sizeof(options) / sizeof(*options))];
	int value = (int)(d->dice >> 8 & 0xffff);

	setsockopt(d->fd, option[0], option[1], &value, sizeof(value));
}

static void do_get(struct draw *d)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	if (d->dice & 1)
		getsockopt(d->fd, SOL_HSTP, HSTP_INFO, &info, &len);
	else
		getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &info, &len);
}

/* How often each is drawn, of all together. */
static const struct {
	void (*call)(struct draw *d);
	unsigned int weight;
} calls[] = {
	{ do_socket, 2 }, { do_bind, 1 }, { do_listen, 2 }, { do_connect, 4 },
	{ do_disconnect, 1 }, { do_accept, 4 }, { do_send, 4 }, { do_recv, 4 },
	{ do_shutdown, 2 }, { do_close, 2 }, { do_dup, 1 }, { do_poll, 1 }, { do_ioctl, 1 },
	{ do_name, 1 }, { do_linger, 1 }, { do_set_number, 1 }, { do_get, 1 },
};

/* Whether it listens or connects, twice or after a close, is for chance to say. */
static void one_call(uint32_t *state, struct draw *d)
{
	unsigned int all = 0, drawn;
	size_t i;

	for (i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		all += calls[i].weight;
	drawn = next_random(state) % all;
	for (i = 0; drawn >= calls[i].weight; i++)
		drawn -= calls[i].weight;
	d->fd = FIRST_FD + (int)(next_random(state) % SLOTS);
	d->other = FIRST_FD + (int)(next_random(state) % SLOTS);
	d->len = next_random(state) % sizeof(d->text);
	d->dice = next_random(state);
	calls[i].call(d);
}

struct caller {
	pthread_t thread;
	uint32_t seed;
	int calls;
};

static void *call_anything(void *arg)
{
	struct caller *c = arg;
	struct draw draw = { 0 };

	for (int i = 0; i < c->calls; i++)
		one_call(&c->seed, &draw);
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
	net_hstp(NS_A, "fin_timeout", 100);
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
