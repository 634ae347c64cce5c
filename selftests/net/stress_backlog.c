// SPDX-License-Identifier: GPL-2.0
/* Segments of handshakes that two CPUs bring at the same time, again and again: no more
 * connections wait for accept() than listen() was told, and one; and what is sent twice
 * makes one handshake, and one connection.
 */
#include <stdatomic.h>

#include <linux/if_ether.h>
#include <linux/if_packet.h>

#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"
#include "lib/wire_private.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

#define ROUNDS 500
#define PORT 80

/* A frame, and the socket that it leaves by. */
struct shot {
	int fd, len;
	uint8_t frame[2048];
};

static struct shot shots[2];
static pthread_barrier_t loaded, done;
static atomic_int aimed, fired;
static int rounds;

static void fire(const struct shot *shot)
{
	SAME(send(shot->fd, shot->frame, shot->len, 0), shot->len);
}

/* The other CPU. It is awake, and only waits for a variable to change, when it is time. */
static void *shoot_in_each_round(void *arg)
{
	stress_on_cpu(1);
	for (int i = 1; i <= rounds; i++) {
		pthread_barrier_wait(&loaded);
		atomic_store(&aimed, i);
		while (atomic_load(&fired) != i)
			;
		fire(arg);
		pthread_barrier_wait(&done);
	}
	return NULL;
}

static void open_shot(struct shot *shot)
{
	struct sockaddr_ll addr = { .sll_family = AF_PACKET };

	addr.sll_ifindex = (int)net_enter_link(NS_A);
	shot->fd = TRY(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
	TRY(bind(shot->fd, (struct sockaddr *)&addr, sizeof(addr)));
}

/* A segment of the client's, made of the SYN,ACK that it got: back where that came from. */
static void load(struct shot *shot, const struct seen *syn_ack, uint8_t flags)
{
	struct ethhdr *ether = (void *)shot->frame;
	struct wire_header *header;
	struct wire_view view;
	struct iphdr *ip;

	NEED(wire_view(syn_ack, &view));
	shot->len = syn_ack->frame_len;
	memcpy(shot->frame, syn_ack->frame, (size_t)shot->len);
	memcpy(ether->h_dest, syn_ack->frame + 6, 6);
	memcpy(ether->h_source, syn_ack->frame, 6);
	ip = (void *)(shot->frame + ETHER_LEN);
	ip->saddr = view.ip->daddr;
	ip->daddr = view.ip->saddr;	/* its checksum stays as it is */
	header = (void *)((uint8_t *)view.header - syn_ack->frame + shot->frame);
	header->sport = view.header->dport;
	header->dport = view.header->sport;
	header->seq = htonl(ntohl(view.header->ack) - !!(flags & SYN));
	header->ack = htonl(ntohl(view.header->seq) + 1);
	header->flags = flags;
	header->sum = 0;
	header->sum = htons((uint16_t)~wire_sum(ip->saddr, ip->daddr, header, view.len));
}

/* Both at once. A few instructions more or less let them meet at another place each time. */
static void meet(int number)
{
	pthread_barrier_wait(&loaded);
	while (atomic_load(&aimed) != number)
		;
	atomic_store(&fired, number);
	for (volatile int n = number % 64; n > 0; n--)
		;
	fire(&shots[0]);
	pthread_barrier_wait(&done);
}

/* One client, up to the SYN,ACK that it gets. */
static struct seen *begin_handshake(int port, struct end *us, struct end *it)
{
	wire_ends(us, NS_T, (uint16_t)port, it, NS_A, PORT);
	wire_send(us, SYN, 100);
	return wire_expect(it, SYN | ACK, 300, 101);
}

static void reset_next(int listener)
{
	int fd;

	/* The CPU that has brought it may be late. */
	NEED(fd_events(listener, POLLIN, PATIENCE_MS) & POLLIN);
	fd = TRY(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
	fd_no_accept(listener);
	fd_linger(fd, 1, 0);
	fd_close(fd);
}

FIXTURE(two)
{
	pthread_t thread;
	int listener;
};

FIXTURE_SETUP(two)
{
	struct end us, it;

	net_peer();
	net_no_timers(NS_A);
	rounds = stress_scaled(ROUNDS);
	SAME(pthread_barrier_init(&loaded, NULL, 2), 0);
	SAME(pthread_barrier_init(&done, NULL, 2), 0);
	for (int k = 0; k < 2; k++)
		open_shot(&shots[k]);
	SAME(pthread_create(&self->thread, NULL, shoot_in_each_round, &shots[1]), 0);
	stress_on_cpu(0);
	wire_ends(&us, NS_T, 4000, &it, NS_A, PORT);
	/* listen(0) lets one wait, as with TCP. */
	self->listener = fd_listen(&it, 0);
	fd_block(self->listener, false);
}

FIXTURE_TEARDOWN(two)
{
	SAME(pthread_join(self->thread, NULL), 0);
	SAME(conn_count(NS_A), 1);
	stats_sums(NS_A);
}

/* Two connections, one place in the accept queue. */
TEST_F(two, one_place)
{
	struct end us[2], it[2];

	for (int i = 1; i <= rounds; i++) {
		for (int k = 0; k < 2; k++)
			load(&shots[k], begin_handshake(4000 + 2 * i + k, &us[k], &it[k]), ACK);
		meet(i);
		/* The other CPU may be late, and is not to find the place free again. */
		WAIT(stat_now(NS_A, "drop listen_overflow") == i);
		reset_next(self->listener);
		/* The other one is still in SYN-RECEIVED */
		for (int k = 0; k < 2; k++)
			wire_send(&us[k], RST, 101);
		wire_sync(NS_A);
	}
	SAME(stat_now(NS_A, "drop listen_overflow"), rounds);
	SAME(stat_now(NS_A, "transition SYN-RECEIVED ESTABLISHED ack"), rounds);
}

/* The same SYN twice: one handshake, however they meet. */
TEST_F(two, one_handshake)
{
	struct end us, it;

	for (int i = 1; i <= rounds; i++) {
		struct seen *syn_ack = begin_handshake(4000 + i, &us, &it);

		for (int k = 0; k < 2; k++)
			load(&shots[k], syn_ack, SYN);
		wire_send(&us, RST, 101);
		wire_sync(NS_A);
		meet(i);
		WAIT(stat_now(NS_A, "state SYN-RECEIVED now") == 1);
		wire_send(&us, RST, 101);
		wire_sync(NS_A);
	}
	SAME(stat_now(NS_A, "transition LISTEN SYN-RECEIVED syn"), 2 * rounds);
}

/* The same third segment twice: one connection. */
TEST_F(two, one_connection)
{
	struct end us, it;

	for (int i = 1; i <= rounds; i++) {
		struct seen *syn_ack = begin_handshake(4000 + i, &us, &it);

		for (int k = 0; k < 2; k++)
			load(&shots[k], syn_ack, ACK);
		meet(i);
		reset_next(self->listener);
		wire_sync(NS_A);
	}
	SAME(stat_now(NS_A, "transition SYN-RECEIVED ESTABLISHED ack"), rounds);
	SAME(stat_now(NS_A, "drop listen_overflow"), 0);
}

TEST_HARNESS_MAIN
