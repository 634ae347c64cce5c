// SPDX-License-Identifier: GPL-2.0
/* A connection ends while another thread is in a call on it, or just about to be: the call
 * says why it ended, at whatever moment that comes. Never the end of the text, which is
 * what recv() would report by 0.
 */
#include <linux/sockios.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

#include "kselftest_harness.h"

#include "lib/nl.h"
#include "lib/proc.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

#define PAIRS 2			/* of threads: one calls, the other ends */
#define ROUNDS 500		/* of each pair */
#define PORT 8000
#define NOWHERE 4000		/* a port of the tester, who does not answer */

enum way { ABORT, RESET, WAYS };

struct call {
	long (*make)(int fd, const struct sockaddr_in *peer);
	bool connects;
	bool fills;
};

static char text[16384];

static long make_recv(int fd, const struct sockaddr_in *peer)
{
	return recv(fd, text, 1, 0);
}

static long make_peek(int fd, const struct sockaddr_in *peer)
{
	return recv(fd, text, 1, MSG_PEEK);
}

static long make_send(int fd, const struct sockaddr_in *peer)
{
	return send(fd, text, sizeof(text), MSG_NOSIGNAL);
}

static long make_connect(int fd, const struct sockaddr_in *peer)
{
	return connect(fd, (const struct sockaddr *)peer, sizeof(*peer));
}

/* A hangup without a reason would be the end of the text, too. */
static long make_poll(int fd, const struct sockaddr_in *peer)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, PATIENCE_MS) != 1 || !(p.revents & POLLERR))
		return p.revents;
	errno = fd_error(fd);
	return -1;
}

struct pair {
	pthread_t caller, ender;
	const struct call *call;
	int number;
	int rounds;
	atomic_int go, done;	/* rounds that have begun, that have ended */
	int fd;
	struct sockaddr_in peer;
	unsigned int wait;
	long ret;
	int err;
};

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

static void spin(unsigned int n)
{
	for (volatile unsigned int i = 0; i < n; i++)
		;
}

static void *call_on_and_on(void *arg)
{
	struct pair *p = arg;

	for (int round = 1; round <= p->rounds; round++) {
		while (atomic_load(&p->go) < round)
			sched_yield();
		spin(p->wait);
		errno = 0;
		p->ret = p->call->make(p->fd, &p->peer);
		p->err = errno;
		atomic_store(&p->done, round);
	}
	return NULL;
}

static int open_pair(const struct pair *p, int listener, struct end *us, int *server)
{
	int fd = fd_new(NS_A);
	socklen_t len = sizeof(struct sockaddr_in);
	struct sockaddr_in name = addr_of(us->addr, 0);
	int queued, unsent;

	TRY(bind(fd, (struct sockaddr *)&name, sizeof(name)));
	TRY(getsockname(fd, (struct sockaddr *)&name, &len));
	us->port = ntohs(name.sin_port);
	if (p->call->connects)
		return fd;
	name = addr_of(us->other->addr, us->other->port);
	TRY(connect(fd, (struct sockaddr *)&name, sizeof(name)));
	*server = TRY(accept(listener, NULL, NULL));
	if (!p->call->fills)
		return fd;
	do {
		while (send(fd, text, sizeof(text), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
			;
		TRY(ioctl(fd, SIOCOUTQ, &queued));
		TRY(ioctl(fd, SIOCOUTQNSD, &unsent));
		/* Until nothing is on its way whose ACK could make room. */
	} while (queued != unsent || send(fd, text, 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0);
	return fd;
}

static void abort_by_netlink(struct nl *nl, const struct end *us)
{
	struct nlmsghdr *req;
	int err;

	/* connect() may not have come so far */
	do {
		req = nl_request(nl, HSTP_CMD_CONN_ABORT, 0);
		nl_match_end(req, us);
		err = nl_talk(nl, req, NULL, NULL);
		NEED(!err || err == -ENOENT);
	} while (err);
}

static void *end_on_and_on(void *arg)
{
	struct pair *p = arg;
	uint32_t dice = 2463534242u + (uint32_t)p->number * 77777;
	struct end us = { .ns = NS_A }, it = { .ns = NS_A };
	int listener, server = -1;
	struct nl *nl;

	us.addr = inet_addr(p->call->connects ? ADDR_A : "127.0.0.1");
	us.other = &it;
	it.addr = inet_addr(p->call->connects ? ADDR_T : "127.0.0.1");
	it.port = p->call->connects ? NOWHERE : (uint16_t)(PORT + p->number);
	it.other = &us;
	p->peer = addr_of(it.addr, it.port);
	nl = nl_open(NS_A);
	listener = p->call->connects ? -1 : fd_listen(&it, 5);
	for (int round = 1; round <= p->rounds; round++) {
		enum way way = p->call->connects ? ABORT : next_random(&dice) % WAYS;
		int want = way == ABORT ? ECONNABORTED : ECONNRESET;

		p->fd = open_pair(p, listener, &us, &server);
		p->wait = next_random(&dice) % 4000;
		atomic_store(&p->go, round);
		spin(next_random(&dice) % 8000);
		if (next_random(&dice) % 8 == 0)
			usleep(300);
		if (way == ABORT) {
			abort_by_netlink(nl, &us);
		} else {
			fd_linger(server, 1, 0);
			fd_close(server);
			server = -1;
		}
		while (atomic_load(&p->done) < round)
			sched_yield();
		if (p->ret != -1 || p->err != want)
			die(__FILE__, __LINE__, "round %d, %s: %ld (%s), not -1 (%s)", round,
			    way == ABORT ? "aborted" : "reset", p->ret,
			    p->err ? strerrorname_np(p->err) : "no error",
			    strerrorname_np(want));
		if (server != -1)
			fd_close(server);
		server = -1;
		fd_close(p->fd);
	}
	if (listener != -1)
		fd_close(listener);
	nl_close(nl);
	return NULL;
}

FIXTURE(call)
{
};

FIXTURE_SETUP(call)
{
	net_peer();
	net_run(NS_A, "ip link set lo up");
	net_no_timers(NS_A);
	net_hstp(NS_A, "msl_ms", 1);
}

FIXTURE_TEARDOWN(call)
{
	WAIT(!conn_count(NS_A));
	stats_sums(NS_A);
}

FIXTURE_VARIANT(call)
{
	struct call call;
};

FIXTURE_VARIANT_ADD(call, recv) { { .make = make_recv } };
FIXTURE_VARIANT_ADD(call, peek) { { .make = make_peek } };
FIXTURE_VARIANT_ADD(call, send) { { .make = make_send, .fills = true } };
FIXTURE_VARIANT_ADD(call, poll) { { .make = make_poll } };
FIXTURE_VARIANT_ADD(call, connect) { { .make = make_connect, .connects = true } };

TEST_F(call, says_why)
{
	struct pair pairs[PAIRS];

	for (int i = 0; i < PAIRS; i++) {
		struct pair *p = &pairs[i];

		*p = (struct pair){
			.call = &variant->call, .number = i, .rounds = stress_scaled(ROUNDS)
		};
		SAME(pthread_create(&p->caller, NULL, call_on_and_on, p), 0);
		SAME(pthread_create(&p->ender, NULL, end_on_and_on, p), 0);
	}
	for (int i = 0; i < PAIRS; i++) {
		SAME(pthread_join(pairs[i].ender, NULL), 0);
		SAME(pthread_join(pairs[i].caller, NULL), 0);
	}
}

TEST_HARNESS_MAIN
