// SPDX-License-Identifier: GPL-2.0
/* Connections through a bad network: what is lost, doubled and reordered on the way must
 * not show in what the programs get, and every connection comes to its end.
 */
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdatomic.h>

#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"
#include "lib/wire.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 900

#define PORT 80
#define SOME 4096		/* bytes at a time */
#define END_MS 240000		/* for the last retransmission of the last FIN */

/* One end of a connection: sends its text, reads the other's, closes. */
struct side {
	int fd;
	uint32_t seed, peer_seed;	/* of the texts */
	int sent, got;			/* bytes */
	bool ended;			/* the peer's end of text was read */
};

struct transfer {
	struct side *sides;
	int count;		/* of sides, two for each connection */
	int size;		/* bytes each way */
	int open;		/* descriptors */
};

/* A byte of a text that tells where it belongs: another for each connection and offset. */
static uint8_t text_byte(uint32_t seed, int at)
{
	uint32_t x = seed * 2654435761u + (uint32_t)at * 40503u;

	return (uint8_t)(x >> 16 ^ x >> 7 ^ (uint32_t)at);
}

static bool again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static void send_some(struct transfer *t, struct side *s)
{
	uint8_t text[SOME];

	while (s->sent < t->size) {
		int left = t->size - s->sent, len = left < SOME ? left : SOME;
		ssize_t n;

		for (int i = 0; i < len; i++)
			text[i] = text_byte(s->seed, s->sent + i);
		n = send(s->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && again())
			return;
		NEED(n > 0);
		s->sent += (int)n;
	}
	fd_shut(s->fd, SHUT_WR);
}

static void receive_some(struct transfer *t, struct side *s)
{
	uint8_t text[SOME];
	ssize_t n;

	while ((n = recv(s->fd, text, sizeof(text), MSG_DONTWAIT)) > 0) {
		NEED(s->got + n <= t->size);
		for (int i = 0; i < n; i++)
			if (text[i] != text_byte(s->peer_seed, s->got + i))
				die(__FILE__, __LINE__, "text %u is wrong at %d", s->peer_seed,
				    s->got + i);
		s->got += (int)n;
	}
	if (n < 0) {
		if (!again())
			die_errno(__FILE__, __LINE__, "recv");
		return;
	}
	SAME(s->got, t->size);
	s->ended = true;
}

static void step(struct transfer *t, struct side *s, short events)
{
	if (events & (POLLOUT | POLLERR) && s->sent < t->size)
		send_some(t, s);
	if (events & (POLLIN | POLLERR | POLLHUP) && !s->ended)
		receive_some(t, s);
	if (s->sent < t->size || !s->ended)
		return;
	fd_close(s->fd);
	s->fd = -1;
	t->open--;
}

static void transfer(struct transfer *t)
{
	struct pollfd *fds = calloc((size_t)t->count, sizeof(*fds));

	NEED(fds);
	while (t->open) {
		for (int i = 0; i < t->count; i++) {
			struct side *s = &t->sides[i];

			fds[i].fd = s->fd;
			fds[i].events = (short)((s->sent < t->size ? POLLOUT : 0) |
						(s->ended ? 0 : POLLIN));
		}
		if (!TRY(poll(fds, (nfds_t)t->count, END_MS)))
			die(__FILE__, __LINE__, "%d of %d ends are stuck", t->open, t->count);
		for (int i = 0; i < t->count; i++)
			if (fds[i].revents)
				step(t, &t->sides[i], fds[i].revents);
	}
	free(fds);
}

/* Short timers, or the losses of a few seconds would take as many minutes; patience,
 * or too many in a row would rightly end a connection.
 */
static void impatient(enum net_ns ns)
{
	net_hstp(ns, "rto_initial_ms", 200);
	net_hstp(ns, "rto_min_ms", 50);
	net_hstp(ns, "rto_max_ms", 1000);
	net_hstp(ns, "delack_ms", 10);
	net_hstp(ns, "msl_ms", 500);
	net_hstp(ns, "syn_retries", 60);
	net_hstp(ns, "synack_retries", 60);
	net_hstp(ns, "retries", 60);
	net_hstp(ns, "orphan_retries", 60);
}

static bool spoil(const char *how)
{
	return !net_status(NS_A, "tc qdisc add dev va root netem limit 100000 %s", how) &&
	       !net_status(NS_B, "tc qdisc add dev vb root netem limit 100000 %s", how);
}

static void open_all(struct transfer *t)
{
	struct end client, server;
	int listener;

	t->sides = calloc((size_t)t->count, sizeof(*t->sides));
	NEED(t->sides);
	stress_ends(&client, &server, PORT);
	listener = fd_listen(&server, t->count);
	for (int i = 0; i < t->count; i += 2) {
		client.port = (uint16_t)(10000 + i);
		t->sides[i].fd = fd_start(&client);
	}
	/* Who is who, the ports tell: they come in any order. */
	for (int i = 0; i < t->count; i += 2) {
		struct sockaddr_in name;
		socklen_t len = sizeof(name);
		int fd, number;

		while (!(fd_events(listener, POLLIN, PATIENCE_MS) & POLLIN))
			;
		fd = TRY(accept(listener, (struct sockaddr *)&name, &len));
		number = ntohs(name.sin_port) - 10000;
		NEED(number >= 0 && number < t->count && !t->sides[number + 1].fd);
		t->sides[number + 1].fd = fd;
		t->sides[number].seed = (uint32_t)number;
		t->sides[number].peer_seed = (uint32_t)number + 1;
		t->sides[number + 1].seed = (uint32_t)number + 1;
		t->sides[number + 1].peer_seed = (uint32_t)number;
	}
	fd_close(listener);
	for (int i = 0; i < t->count; i++)
		fd_block(t->sides[i].fd, false);
	t->open = t->count;
}

static long took(enum net_ns ns, const char *arrow)
{
	char key[80];

	snprintf(key, sizeof(key), "transition %s", arrow);
	return stat_now(ns, key);
}

/* Each of @count that came to CLOSED came there from a state in which both ends have closed, by
 * the last ACK or by 2MSL. A FIN or its ACK may be lost so often that TIME-WAIT, a second here,
 * is over before it comes once more: it meets nobody, and what it is answered ends its sender
 * as well (3.10.7.4 second).
 */
static void all_closed(enum net_ns ns, int count)
{
	SAME(took(ns, "LAST-ACK CLOSED fin-acked") + took(ns, "TIME-WAIT CLOSED time-wait") +
	     took(ns, "LAST-ACK CLOSED rst") + took(ns, "CLOSING CLOSED rst"), count);
}

static void through(int connections, int size)
{
	struct transfer t = { .count = 2 * connections, .size = size };

	impatient(NS_A);
	impatient(NS_B);
	open_all(&t);
	transfer(&t);
	WAIT_MS(!conn_count(NS_A) && !conn_count(NS_B), END_MS);
	/* What looks at the counters below asks over the same link. */
	net_run(NS_A, "tc qdisc del dev va root");
	net_run(NS_B, "tc qdisc del dev vb root");
	stats_sums(NS_A);
	stats_sums(NS_B);
	/* The network was as bad as it was meant to be. */
	NEED(stat_now(NS_A, "retransmit") > 0);
	NEED(stat_now(NS_B, "retransmit") > 0);
	SAME(stat_now(NS_A, "state CLOSED entered"), connections);
	SAME(stat_now(NS_A, "state CLOSED left"), connections);
	all_closed(NS_A, connections);
	/* At B the listener, too; each handshake that it began became a connection. */
	SAME(stat_now(NS_B, "state CLOSED entered"), connections + 1);
	SAME(stat_now(NS_B, "state CLOSED left"), connections + 1);
	SAME(took(NS_B, "LISTEN CLOSED close"), 1);
	all_closed(NS_B, connections);
}

#define WATCHED	(128 * 1024)	/* bytes each way, where there is a watcher */

/* What a watcher of the receiving device has found of each client. */
static struct {
	int fd;
	atomic_bool stop;
	struct stream {
		uint32_t first;		/* SEG.SEQ of the first byte */
		uint32_t highest;	/* the same of the last segment, less @first */
		bool seen[WATCHED];
	} streams[10];
	long late;		/* text that arrived behind text that follows it */
} watcher;

/* Text that comes a second time says nothing. */
static void look_at_text(struct stream *s, uint32_t at)
{
	if (at >= WATCHED || s->seen[at])
		return;
	s->seen[at] = true;
	if (at < s->highest)
		watcher.late++;
	else
		s->highest = at;
}

static void look_at(const uint8_t *frame, ssize_t len)
{
	const struct iphdr *ip = (const void *)(frame + ETH_HLEN);
	const uint8_t *segment = (const uint8_t *)ip + 20;
	unsigned int number;
	uint32_t seq;

	if (len < ETH_HLEN + 40 || ip->protocol != proto || ip->ihl != 5)
		return;
	number = (unsigned int)((segment[0] << 8 | segment[1]) - 10000) / 2;
	NEED(number < sizeof(watcher.streams) / sizeof(*watcher.streams));
	memcpy(&seq, segment + 4, sizeof(seq));
	if (segment[13] & SYN)
		watcher.streams[number].first = ntohl(seq) + 1;
	else if (ntohs(ip->tot_len) > 20 + (segment[12] >> 4) * 4)
		look_at_text(&watcher.streams[number], ntohl(seq) - watcher.streams[number].first);
}

static void *watch(void *arg)
{
	uint8_t frame[128];
	ssize_t len;

	do {
		while ((len = recv(watcher.fd, frame, sizeof(frame), MSG_DONTWAIT)) > 0)
			look_at(frame, len);
	} while (!watcher.stop && !usleep(POLL_US));
	return NULL;
}

/* What arrives at B's device from the clients. */
static pthread_t start_watching(void)
{
	struct sockaddr_ll name = {
		.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
	};
	int bytes = 32 << 20;
	pthread_t thread;

	net_enter(NS_B);
	name.sll_ifindex = (int)if_nametoindex("vb");
	watcher.fd = TRY(socket(AF_PACKET, SOCK_RAW, 0));
	TRY(setsockopt(watcher.fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)));
	TRY(bind(watcher.fd, (struct sockaddr *)&name, sizeof(name)));
	SAME(pthread_create(&thread, NULL, watch, NULL), 0);
	return thread;
}

/* 200 connections, 128 KiB each way */
TEST(loss_duplication_reordering)
{
	net_pair();
	if (!spoil("delay 5ms loss 10% duplicate 5% reorder 25%"))
		SKIP(return, "this kernel has no netem");
	through(stress_scaled(200), 128 * 1024);
	/* What came twice was recognized as such, at both ends. */
	NEED(stat_now(NS_A, "drop duplicate") > 0);
	NEED(stat_now(NS_B, "drop duplicate") > 0);
}

/* 10 connections through a network that loses nothing: what comes late was overtaken. */
TEST(reordering)
{
	struct transfer t = { .count = 20, .size = WATCHED };
	pthread_t thread;

	net_pair();
	thread = start_watching();
	if (!spoil("delay 20ms reorder 25%"))
		SKIP(return, "this kernel has no netem");
	open_all(&t);
	transfer(&t);
	watcher.stop = true;
	SAME(pthread_join(thread, NULL), 0);
	net_run(NS_A, "tc qdisc del dev va root");
	net_run(NS_B, "tc qdisc del dev vb root");
	stats_sums(NS_A);
	stats_sums(NS_B);
	if (watcher.late < 50)
		die(__FILE__, __LINE__, "only %ld segments were overtaken", watcher.late);
}

/* 20 connections, 16 KiB each way, three of ten segments lost */
TEST(heavy_loss)
{
	net_pair();
	if (!spoil("loss 30%"))
		SKIP(return, "this kernel has no netem");
	through(stress_scaled(20), 16 * 1024);
}

TEST_HARNESS_MAIN
