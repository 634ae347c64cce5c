// SPDX-License-Identifier: GPL-2.0
/* No more connections wait for accept() than listen() was told, and one, however many CPUs
 * bring the last segments of handshakes at the same time: two do, again and again, for the
 * one place that there is.
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

#define ROUNDS 1000
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

/* The third segment of a handshake is made of the second: back where that came from. */
static void load(struct shot *shot, const struct seen *syn_ack)
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
	header->seq = view.header->ack;
	header->ack = htonl(ntohl(view.header->seq) + 1);
	header->flags = ACK;
	header->sum = 0;
	header->sum = htons((uint16_t)~wire_sum(ip->saddr, ip->daddr, header, view.len));
}

/* Two handshakes up to their last segments, and both of these. A few instructions more or
 * less let them meet at another place each time.
 */
static void round_of_two(int number, struct end us[2], struct end it[2])
{
	for (int k = 0; k < 2; k++) {
		wire_ends(&us[k], NS_T, (uint16_t)(4000 + 2 * number + k), &it[k], NS_A, PORT);
		wire_send(&us[k], SYN, 100);
		load(&shots[k], wire_expect(&it[k], SYN | ACK, 300, 101));
	}
	pthread_barrier_wait(&loaded);
	while (atomic_load(&aimed) != number)
		;
	atomic_store(&fired, number);
	for (volatile int n = number % 64; n > 0; n--)
		;
	fire(&shots[0]);
	pthread_barrier_wait(&done);
}

TEST(holds)
{
	struct end us[2], it[2];
	pthread_t thread;
	int listener, fd;

	net_peer();
	net_no_timers(NS_A);
	rounds = stress_scaled(ROUNDS);
	SAME(pthread_barrier_init(&loaded, NULL, 2), 0);
	SAME(pthread_barrier_init(&done, NULL, 2), 0);
	for (int k = 0; k < 2; k++)
		open_shot(&shots[k]);
	SAME(pthread_create(&thread, NULL, shoot_in_each_round, &shots[1]), 0);
	stress_on_cpu(0);
	wire_ends(&us[0], NS_T, 4000, &it[0], NS_A, PORT);
	/* listen(0) lets one wait, as with TCP. */
	listener = fd_listen(&it[0], 0);
	fd_block(listener, false);
	for (int i = 1; i <= rounds; i++) {
		round_of_two(i, us, it);
		fd = TRY(accept4(listener, NULL, NULL, SOCK_NONBLOCK));
		fd_no_accept(listener);
		fd_linger(fd, 1, 0);
		fd_close(fd);
		/* The other one is still in SYN-RECEIVED */
		for (int k = 0; k < 2; k++)
			wire_send(&us[k], RST, 101);
		wire_sync(NS_A);
	}
	SAME(pthread_join(thread, NULL), 0);
	SAME(stat_now(NS_A, "drop listen_overflow"), rounds);
	SAME(stat_now(NS_A, "transition SYN-RECEIVED ESTABLISHED ack"), rounds);
	SAME(conn_count(NS_A), 1);
	stats_sums(NS_A);
}

TEST_HARNESS_MAIN
