// SPDX-License-Identifier: GPL-2.0
/* A thousand connections at once for minutes, through a network that loses one segment of
 * twenty each way: texts of all lengths both ways, ends that pause, that close their half
 * early, that abort in the middle. Whatever is read is what was sent, an end that was not
 * aborted gets all of it, and afterwards the module goes and leaves nothing.
 *
 * HSTP_FULL=1: five minutes; HSTP_SOAK_SEED repeats a run.
 */
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>

#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"
#include "lib/relay.h"
#include "lib/stream.h"
#include "module.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 1800

#define CONNECTIONS	1000
#define SECONDS		300
#define SECONDS_SHORT	10
#define PORT_A		70
#define PORT_B		80
#define STUCK_MS	120000		/* without any progress of a connection */
#define PAUSE_MS	2000		/* at most */
#define ABORTS		15		/* percent of the connections */

/* What the functions of a test get from it as "self". */
#define scene _test_data_soak

/* One end of a connection. */
struct side {
	int fd;
	unsigned int seed;		/* of its text */
	int size, sent;			/* of it */
	int got;
	bool shut, ended;		/* sent its FIN, read the other's */
	uint64_t no_send, no_recv;	/* until then, ms */
};

enum phase { OPENING, RUNNING };

struct slot {
	enum phase phase;
	struct side side[2];		/* in A, in B */
	int opener;
	uint16_t port;			/* the opener's */
	int aborter, abort_at;		/* -1, or which side, after so many bytes */
	bool aborted;
	uint64_t moved;			/* ms */
};

FIXTURE(soak)
{
	struct slot *slots;
	int count;
	struct end end[2];
	int listener[2];
	int by_port[2][65536];		/* slot + 1 of an opener in A, in B */
	uint64_t random;
	unsigned int texts;
	unsigned long opened, aborted, bytes;
};

FIXTURE_VARIANT(soak)
{
	bool tcp;
};

FIXTURE_VARIANT_ADD(soak, hstp)
{
	.tcp = false,
};

/* B speaks TCP, through the translator. */
FIXTURE_VARIANT_ADD(soak, tcp)
{
	.tcp = true,
};

static int below(struct scene *self, int limit)
{
	self->random ^= self->random >> 12;
	self->random ^= self->random << 25;
	self->random ^= self->random >> 27;
	return (int)((self->random * 0x2545f4914f6cdd1dULL >> 33) % (unsigned int)limit);
}

/* Losses are repaired soon, and no run of them ends a connection. */
static void patient(enum net_ns ns)
{
	net_rto(ns, 200, 2000);
	net_hstp(ns, "msl_ms", 500);
	net_hstp(ns, "syn_retries", 60);
	net_hstp(ns, "synack_retries", 60);
	net_hstp(ns, "retries", 200);
	net_hstp(ns, "orphan_retries", 200);
}

FIXTURE_SETUP(soak)
{
	struct rlimit files = { 8192, 8192 };
	const char *seed = getenv("HSTP_SOAK_SEED");

	self->random = 0x9e3779b97f4a7c15ULL * (seed ? strtoul(seed, NULL, 0) : 1) | 1;
	self->count = stress_scaled(CONNECTIONS);
	self->slots = calloc(self->count, sizeof(*self->slots));
	NEED(self->slots);
	TRY(setrlimit(RLIMIT_NOFILE, &files));
	net_pair();
	if (variant->tcp)
		net_translate(NS_B);
	for (int i = 0; i < 2; i++) {
		struct end *other = &self->end[!i];

		patient(i ? NS_B : NS_A);
		self->end[i] = (struct end){
			.ns = i ? NS_B : NS_A, .addr = inet_addr(i ? ADDR_B : ADDR_A),
			.port = i ? PORT_B : PORT_A, .other = other,
		};
		net_sysctl(i ? NS_B : NS_A, "net.core.somaxconn", 4096);
	}
	for (int i = 0; i < 2; i++) {
		self->listener[i] = fd_listen(&self->end[i], 4096);
		fd_block(self->listener[i], false);
	}
}

FIXTURE_TEARDOWN(soak)
{
	free(self->slots);
}

/* A peer that was aborted while the reset was lost must notice. */
static void keep_alive(int fd)
{
	int on = 1, idle = 2, count = 100;

	TRY(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	TRY(setsockopt(fd, fd_level(fd), TCP_KEEPIDLE, &idle, sizeof(idle)));
	TRY(setsockopt(fd, fd_level(fd), TCP_KEEPINTVL, &on, sizeof(on)));
	TRY(setsockopt(fd, fd_level(fd), TCP_KEEPCNT, &count, sizeof(count)));
}

static void take_side(struct scene *self, struct slot *s, int i, int fd)
{
	int size = below(self, 4) ? below(self, 8000) : below(self, 100000);

	fd_block(fd, false);
	keep_alive(fd);
	s->side[i] = (struct side){ .fd = fd, .seed = self->texts++, .size = size };
}

static void open_one(struct scene *self, struct slot *s)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	int opener = below(self, 2), fd = fd_new_flags(self->end[opener].ns, SOCK_NONBLOCK);
	struct end *to = &self->end[!opener];
	struct sockaddr_in addr = addr_of(to->addr, to->port);

	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	TRY(getsockname(fd, (struct sockaddr *)&name, &len));
	*s = (struct slot){ .opener = opener, .port = ntohs(name.sin_port), .aborter = -1,
			    .moved = now_ms() };
	s->side[!opener].fd = -1;
	take_side(self, s, opener, fd);
	/* Of the last one with this port the other end may not know yet that it is gone. */
	self->by_port[opener][s->port] = (int)(s - self->slots) + 1;
	if (below(self, 100) < ABORTS) {
		s->aborter = below(self, 2);
		s->abort_at = below(self, 20000);
	}
	self->opened++;
}

/* Whoever waits at a listener; its port tells whose it is. */
static void accept_all(struct scene *self, int i)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	int fd;

	while ((fd = accept(self->listener[i], (struct sockaddr *)&name, &len)) >= 0) {
		int number = self->by_port[!i][ntohs(name.sin_port)] - 1;
		struct slot *s = &self->slots[number];

		NEED(number >= 0 && s->side[i].fd < 0);
		take_side(self, s, i, fd);
	}
	NEED(errno == EAGAIN);
}

static void close_side(struct side *side)
{
	fd_close(side->fd);
	side->fd = -1;
}

/* That an end was aborted may be told to the other, once. */
static bool told(const struct slot *s, int error)
{
	return s->aborted && (error == ECONNRESET || error == EPIPE);
}

/* Each returns false when the connection has come to its end here. */
static bool send_some(struct scene *self, struct slot *s, struct side *side)
{
	while (side->sent < side->size) {
		int left = side->size - side->sent, len = 1 + below(self, 8000);
		ssize_t n;

		len = len < left ? len : left;
		n = send(side->fd, stream_text(side->seed, side->sent, len), len,
			 MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0 && told(s, errno))
			return false;
		if (n < 0)
			die_errno(__FILE__, __LINE__, "send");
		side->sent += (int)n;
		s->moved = now_ms();
		if (!below(self, 8)) {
			side->no_send = s->moved + below(self, PAUSE_MS);
			return true;
		}
	}
	if (!side->shut && shutdown(side->fd, SHUT_WR)) {
		NEED(s->aborted && errno == ENOTCONN);
		return false;
	}
	side->shut = true;
	return true;
}

static bool receive_some(struct scene *self, struct slot *s, struct side *side,
			 const struct side *peer)
{
	char buf[8192];

	for (;;) {
		ssize_t n = recv(side->fd, buf, 1 + below(self, sizeof(buf)), MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN)
			return true;
		if (n < 0 && told(s, errno))
			return false;
		if (n < 0)
			die_errno(__FILE__, __LINE__, "recv");
		s->moved = now_ms();
		if (!n)
			break;
		NEED(side->got + n <= peer->size);
		if (memcmp(buf, stream_text(peer->seed, side->got, (int)n), n))
			die(__FILE__, __LINE__, "text %u is wrong near %d", peer->seed, side->got);
		side->got += (int)n;
		self->bytes += n;
		if (!below(self, 8)) {
			side->no_recv = s->moved + below(self, PAUSE_MS);
			return true;
		}
	}
	/* An end without the whole text is there for nobody who was not aborted. */
	if (side->got != peer->size && !s->aborted)
		die(__FILE__, __LINE__, "the end of text %u after %d of %d bytes", peer->seed,
		    side->got, peer->size);
	side->ended = true;
	return true;
}

static void step(struct scene *self, struct slot *s, int i, short events)
{
	struct side *side = &s->side[i];

	if (s->aborter == i && side->sent + side->got >= s->abort_at && !s->aborted) {
		fd_linger(side->fd, 1, 0);
		close_side(side);
		s->aborted = true;
		self->aborted++;
		return;
	}
	if (events & (POLLOUT | POLLERR | POLLHUP) && !side->shut &&
	    !send_some(self, s, side)) {
		close_side(side);
		return;
	}
	if (events & (POLLIN | POLLERR | POLLHUP) && !side->ended &&
	    !receive_some(self, s, side, &s->side[!i])) {
		close_side(side);
		return;
	}
	if (side->shut && side->ended)
		close_side(side);
}

static short wanted(const struct slot *s, const struct side *side, uint64_t now)
{
	short events = 0;

	if (s->phase == OPENING || side->fd < 0)
		return 0;
	if (!side->shut && side->no_send <= now)
		events |= POLLOUT;
	if (!side->ended && side->no_recv <= now)
		events |= POLLIN;
	return events;
}

/* Both ends are there, or both are gone. */
static void turn(struct scene *self, struct slot *s, bool again)
{
	bool gone = s->side[0].fd < 0 && s->side[1].fd < 0;

	if (s->phase == OPENING) {
		if (s->side[0].fd >= 0 && s->side[1].fd >= 0) {
			SAME(fd_error(s->side[s->opener].fd), 0);
			s->phase = RUNNING;
		}
		return;
	}
	if (!gone)
		return;
	if (again)
		open_one(self, s);
}

static void look(struct scene *self, struct slot *s, struct pollfd *fds, uint64_t now)
{
	for (int i = 0; i < 2; i++) {
		short events = wanted(s, &s->side[i], now);

		if (events && fds[i].fd == s->side[i].fd && fds[i].revents)
			step(self, s, i, fds[i].revents & (events | POLLERR | POLLHUP));
	}
	if ((s->side[0].fd >= 0 || s->side[1].fd >= 0) && now > s->moved + STUCK_MS)
		die(__FILE__, __LINE__,
		    "stuck: phase %d, opener %d, aborter %d; %d of %d, got %d; %d of %d, got %d",
		    s->phase, s->opener, s->aborter,
		    s->side[0].sent, s->side[0].size, s->side[0].got, s->side[1].sent,
		    s->side[1].size, s->side[1].got);
}

/* One turn of all; returns how many connections have an end open. */
static int turn_all(struct scene *self, struct pollfd *fds, bool again)
{
	uint64_t now = now_ms();
	int open = 0;

	for (int n = 0; n < self->count; n++) {
		struct slot *s = &self->slots[n];

		for (int i = 0; i < 2; i++) {
			short events = wanted(s, &s->side[i], now);

			fds[2 * n + i] = (struct pollfd){
				.fd = events ? s->side[i].fd : -1, .events = events,
			};
		}
	}
	TRY(poll(fds, 2 * self->count, 20));
	accept_all(self, 0);
	accept_all(self, 1);
	for (int n = 0; n < self->count; n++) {
		struct slot *s = &self->slots[n];

		look(self, s, fds + 2 * n, now);
		turn(self, s, again);
		open += s->side[0].fd >= 0 || s->side[1].fd >= 0;
	}
	return open;
}

static bool all_running(const struct scene *self)
{
	for (int n = 0; n < self->count; n++)
		if (self->slots[n].phase != RUNNING)
			return false;
	return true;
}

TEST_F(soak, many)
{
	struct pollfd *fds = calloc(2 * self->count, sizeof(*fds));
	const char *how = "netem limit 100000 delay 2ms loss 5%";
	int seconds = getenv("HSTP_FULL") ? SECONDS : SECONDS_SHORT;
	uint64_t end;

	if (access(module_file(), R_OK))
		SKIP(return, "no module file %s", module_file());
	if (net_status(NS_A, "tc qdisc add dev va root %s", how) ||
	    net_status(NS_B, "tc qdisc add dev vb root %s", how))
		SKIP(return, "this kernel has no netem");
	NEED(fds);
	/* All at once, before the first of them ends */
	for (int n = 0; n < self->count; n++)
		open_one(self, &self->slots[n]);
	for (end = now_ms() + STUCK_MS; !all_running(self); usleep(POLL_US)) {
		NEED(now_ms() < end);
		accept_all(self, 0);
		accept_all(self, 1);
		for (int n = 0; n < self->count; n++)
			turn(self, &self->slots[n], false);
	}
	NEED(stat_now(NS_A, "state ESTABLISHED now") >= self->count);

	for (end = now_ms() + seconds * 1000; now_ms() < end;)
		turn_all(self, fds, true);
	while (turn_all(self, fds, false))
		;
	TH_LOG("%lu connections, %lu aborted, %lu bytes", self->opened, self->aborted,
	       self->bytes);
	NEED(self->aborted > 0);
	NEED(stat_now(NS_A, "retransmit") > 0);

	/* What is left sends its last FINs. */
	fd_close(self->listener[0]);
	fd_close(self->listener[1]);
	WAIT_MS(!conn_count(NS_A) && (variant->tcp || !conn_count(NS_B)), STUCK_MS);
	net_run(NS_A, "tc qdisc del dev va root");
	net_run(NS_B, "tc qdisc del dev vb root");
	stats_sums(NS_A);
	if (!variant->tcp)
		stats_sums(NS_B);
	net_enter(NS_HOME);
	SAME(module_unload(), 0);
	module_left_no_slab();
	SAME(module_load(""), 0);
	free(fds);
}

TEST_HARNESS_MAIN
