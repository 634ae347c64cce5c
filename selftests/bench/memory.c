// SPDX-License-Identifier: GPL-2.0
/* Slab memory that a connection occupies in those states that no descriptor shows.
 *
 * A thousand connections are brought into the state by crafted segments; what each
 * cache of the kernel grew by then belongs to them. The cache's own object size is
 * counted, once for each object a connection has, so that half-filled slabs make no
 * difference.
 */
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

#define CONNECTIONS 1000
#define FIRST_PORT 10000
#define ISS 1000
#define CACHES 512

struct cache {
	char name[64];
	long objects;
	long size;		/* bytes of an object */
};

struct slabs {
	struct cache cache[CACHES];
	int count;
};

struct setup {
	struct peer peer;
	int listener;
};

/* Objects freed by RCU or by the deferred close of a file take their time to go. */
static void settle(void)
{
	struct timespec t = { .tv_nsec = 300 * 1000 * 1000 };

	nanosleep(&t, NULL);
}

static void read_slabs(struct slabs *slabs)
{
	FILE *file = fopen("/proc/slabinfo", "r");
	char line[512];

	if (!file)
		err(1, "/proc/slabinfo");
	for (slabs->count = 0; fgets(line, sizeof(line), file);) {
		struct cache *c = &slabs->cache[slabs->count];

		if (sscanf(line, "%63s %ld %*d %ld", c->name, &c->objects, &c->size) != 3)
			continue;
		if (++slabs->count == CACHES)
			errx(1, "more than %d slab caches", CACHES);
	}
	fclose(file);
}

/* A FIN not yet acknowledged is a packet; packets are not part of the connection, and a
 * header without text makes TCP ask for a kmalloc-1k.
 */
static bool is_packet(const char *cache)
{
	return !strncmp(cache, "skbuff_", 7) || !strcmp(cache, "kmalloc-1k");
}

static double grown(const struct slabs *before, const struct slabs *after)
{
	double bytes = 0;

	for (int i = 0; i < after->count; i++) {
		const struct cache *c = &after->cache[i];
		long objects = c->objects, each;

		for (int j = 0; j < before->count; j++)
			if (!strcmp(before->cache[j].name, c->name))
				objects -= before->cache[j].objects;
		each = (objects + CONNECTIONS / 2) / CONNECTIONS;
		if (each <= 0 || is_packet(c->name))
			continue;
		if (getenv("HSTP_BENCH_VERBOSE"))
			fprintf(stderr, "%s: %ld of %ld bytes\n", c->name, each, c->size);
		bytes += (double)(each * c->size);
	}
	if (bytes <= 0)
		errx(1, "no slab cache grew");
	return bytes;
}

/* Room for all of them; each of the two protocols has only some of these. */
static void raise_limit(const char *name, const char *value)
{
	int fd = open(name, O_WRONLY);

	if (fd < 0)
		return;
	if (write(fd, value, strlen(value)) < 0)
		err(1, "%s", name);
	close(fd);
}

static void start(struct setup *s, const struct protocol *p)
{
	struct sockaddr_storage any;
	socklen_t length = protocol_address(p, &any);

	raise_limit("/proc/sys/net/core/somaxconn", "4096");
	raise_limit("/proc/sys/net/ipv4/tcp_syncookies", "0");
	raise_limit("/proc/sys/net/ipv4/tcp_max_syn_backlog", "8192");
	raise_limit("/proc/sys/net/hstp/max_syn_backlog", "8192");
	peer_start(&s->peer, p);
	((struct sockaddr_in *)&any)->sin_addr.s_addr = INADDR_ANY;
	s->listener = protocol_socket(p);
	if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&any, length) ||
	    listen(s->listener, 4096))
		err(1, "%s: listening", p->name);
}

/* What the kernel's end answered must be what was expected, or the figure is of
 * something else. Connections made earlier may be sending again.
 */
static void expect(struct setup *s, uint16_t port, uint8_t flags, struct segment *got)
{
	do
		peer_receive(&s->peer, got);
	while (got->port < port);
	if (got->port != port || got->flags != flags)
		errx(1, "%s: port %u got flags %#x instead of %#x", s->peer.p->name, got->port,
		     got->flags, flags);
}

/* Ends in SYN-RECEIVED; next is the peer's ACK. */
static void syn(struct setup *s, uint16_t port, struct segment *next)
{
	struct segment syn = { .port = port, .seq = ISS, .flags = TH_SYN }, got;

	peer_send(&s->peer, &syn);
	expect(s, port, TH_SYN | TH_ACK, &got);
	*next = (struct segment){
		.port = port, .seq = ISS + 1, .ack = got.seq + 1, .flags = TH_ACK
	};
}

/* Ends in ESTABLISHED, not accepted. */
static void establish(struct setup *s, uint16_t port, struct segment *next)
{
	syn(s, port, next);
	peer_send(&s->peer, next);
}

/* Ends in FIN-WAIT-1. */
static void orphan(struct setup *s, uint16_t port, struct segment *next)
{
	struct segment fin;
	int fd;

	establish(s, port, next);
	fd = accept(s->listener, NULL, NULL);
	if (fd < 0)
		err(1, "%s: accept", s->peer.p->name);
	close(fd);
	expect(s, port, TH_FIN | TH_ACK, &fin);
	next->ack = fin.seq + 1;
}

/* Ends in TIME-WAIT. */
static void time_wait(struct setup *s, uint16_t port, struct segment *next)
{
	struct segment ack;

	orphan(s, port, next);
	next->flags |= TH_FIN;
	peer_send(&s->peer, next);
	expect(s, port, TH_ACK, &ack);
}

static double measure(const struct protocol *p,
		      void (*make)(struct setup *s, uint16_t port, struct segment *next))
{
	static struct slabs before, after;
	struct segment next;
	struct setup s;

	start(&s, p);
	/* One goes ahead: what exists once, such as a route, is not counted. */
	make(&s, FIRST_PORT - 1, &next);
	settle();
	read_slabs(&before);
	for (int i = 0; i < CONNECTIONS; i++)
		make(&s, (uint16_t)(FIRST_PORT + i), &next);
	settle();
	read_slabs(&after);
	return grown(&before, &after);
}

/**
 * measure_syn_received() - a SYN arrived and was answered
 * @p: the protocol
 *
 * Return: bytes a connection.
 */
double measure_syn_received(const struct protocol *p)
{
	return measure(p, syn);
}

/**
 * measure_unaccepted() - the handshake is complete, nobody has called accept()
 * @p: the protocol
 *
 * Return: bytes a connection.
 */
double measure_unaccepted(const struct protocol *p)
{
	return measure(p, establish);
}

/**
 * measure_orphan() - the user has closed, the peer has not answered: FIN-WAIT-1
 * @p: the protocol
 *
 * Return: bytes a connection, without the packet that may be sent again.
 */
double measure_orphan(const struct protocol *p)
{
	return measure(p, orphan);
}

/**
 * measure_time_wait() - the user closed first, the peer has closed too
 * @p: the protocol
 *
 * Return: bytes a connection.
 */
double measure_time_wait(const struct protocol *p)
{
	return measure(p, time_wait);
}
