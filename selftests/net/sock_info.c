// SPDX-License-Identifier: GPL-2.0
/* What HSTP_INFO counts and measures is what TCP_INFO does: the same exchanges on both. Where
 * TCP's number is another one by its nature, it says so. exchange_info has each segment of one.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_info.h"

/* Of TCP the SYN is a byte that was acknowledged, and the FIN one that was received. */
#define SYN_BYTE	(variant->proto == IPPROTO_TCP)
/* What answers a SYN is not counted by TCP: it has no socket yet. */
#define SYN_ACK		(variant->proto == IPPROTO_HSTP)

#define ROUNDS		5
#define LEN		100
#define CHUNK		(1 << 20)

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* @from sends @len bytes, which @to reads. */
static int pass(int from, int to, size_t len)
{
	char text[1000];

	return send(from, text, len, 0) == (ssize_t)len &&
	       st_read_all(to, text, len) == (ssize_t)len ? 0 : -1;
}

/* A thread: read to the end, without copying any of it (MSG_TRUNC, tcp(7)). */
static void *throw_away(void *fd)
{
	char in;

	while (recv(*(int *)fd, &in, CHUNK, MSG_TRUNC) > 0)
		;
	return NULL;
}

/* Segments and bytes of requests and their answers. */
TEST_F(on, counts)
{
	struct st_long_info client, server;

	ASSERT_OK(st_no_retransmission(variant->proto));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	for (int i = 0; i < ROUNDS; i++) {
		ASSERT_EQ(0, pass(self->pair.client, self->pair.server, LEN));
		ASSERT_EQ(0, pass(self->pair.server, self->pair.client, 2 * LEN));
	}
	ASSERT_EQ(0, st_wait_unsent(self->pair.client, 0));
	ASSERT_EQ(0, st_wait_unsent(self->pair.server, 0));
	ASSERT_OK(st_long_info(self->pair.client, variant->proto, &client));
	ASSERT_OK(st_long_info(self->pair.server, variant->proto, &server));

	EXPECT_EQ(ROUNDS, client.data_segs_out);
	EXPECT_EQ(ROUNDS, client.data_segs_in);
	EXPECT_EQ(ROUNDS, server.data_segs_out);
	EXPECT_EQ(ROUNDS, server.data_segs_in);
	EXPECT_EQ(client.segs_in, server.segs_out + !SYN_ACK);
	EXPECT_EQ(server.segs_in, client.segs_out);
	/* SYN, ACK, and what each of them has to say */
	EXPECT_LE(2 + ROUNDS, client.segs_out);
	EXPECT_GE(2 + 2 * ROUNDS, client.segs_out);
	EXPECT_LE(1 + ROUNDS, client.segs_in);
	EXPECT_GE(1 + 2 * ROUNDS, client.segs_in);

	EXPECT_EQ(ROUNDS * LEN, client.bytes_sent);
	EXPECT_EQ(ROUNDS * LEN + SYN_BYTE, client.bytes_acked);
	EXPECT_EQ(2 * ROUNDS * LEN, client.bytes_received);
	EXPECT_EQ(2 * ROUNDS * LEN, server.bytes_sent);
	EXPECT_EQ(2 * ROUNDS * LEN, server.bytes_acked);
	EXPECT_EQ(ROUNDS * LEN, server.bytes_received);

	/* The SYN is delivered, too. */
	EXPECT_EQ(1 + ROUNDS, client.delivered);
	EXPECT_EQ(1 + ROUNDS, server.delivered);
	EXPECT_EQ(0, client.dsack_dups + client.reord_seen + client.rcv_ooopack);
	EXPECT_EQ(0, server.dsack_dups + server.reord_seen + server.rcv_ooopack);
	EXPECT_EQ(0, client.bytes_retrans + server.bytes_retrans);
}

/* What came before accept() is counted. */
TEST_F(on, counts_before_accept)
{
	struct st_long_info client, server;
	int listener, fd;
	char in[3 * LEN];

	ASSERT_OK(st_no_retransmission(variant->proto));
	listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, listener);
	fd = st_connect(variant->proto, &self->pair.addr);
	ASSERT_LE(0, fd);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(LEN, send(fd, in, LEN, 0));
		ASSERT_EQ(0, st_wait_unsent(fd, 0));
	}
	self->pair.server = accept(listener, NULL, NULL);
	ASSERT_LE(0, self->pair.server);
	ASSERT_OK(st_long_info(fd, variant->proto, &client));
	ASSERT_OK(st_long_info(self->pair.server, variant->proto, &server));
	EXPECT_EQ(3, server.data_segs_in);
	EXPECT_EQ(3 * LEN, server.bytes_received);
	EXPECT_EQ(client.segs_out, server.segs_in);
	EXPECT_EQ(client.segs_in, server.segs_out + !SYN_ACK);
	EXPECT_EQ(1, server.delivered);
	ASSERT_EQ(3 * LEN, st_read_all(self->pair.server, in, 3 * LEN));
	ASSERT_OK(st_long_info(self->pair.server, variant->proto, &server));
	EXPECT_EQ(3 * LEN, server.bytes_received);
}

/* A socket that opens another connection begins anew. */
TEST_F(on, counts_anew)
{
	struct sockaddr none = { .sa_family = AF_UNSPEC };
	struct st_long_info info;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(0, pass(self->pair.client, self->pair.server, LEN));
	ASSERT_EQ(0, st_wait_unsent(self->pair.client, 0));
	ASSERT_OK(connect(self->pair.client, &none, sizeof(none)));
	ASSERT_OK(connect(self->pair.client, (struct sockaddr *)&self->pair.addr,
			  sizeof(self->pair.addr)));
	ASSERT_OK(st_long_info(self->pair.client, variant->proto, &info));
	EXPECT_EQ(2, info.segs_out);
	EXPECT_EQ(1, info.segs_in);
	EXPECT_EQ(0, info.data_segs_out);
	EXPECT_EQ(0, info.bytes_sent);
	EXPECT_EQ(SYN_BYTE, info.bytes_acked);
	EXPECT_EQ(1, info.delivered);
}

/* Before anything was measured */
TEST_F(on, not_measured)
{
	int fd = st_open(variant->proto);
	struct st_long_info info;

	ASSERT_OK(st_long_info(fd, variant->proto, &info));
	EXPECT_EQ(~0U, info.min_rtt);
	EXPECT_EQ(0, info.delivery_rate);
	EXPECT_EQ(0, info.busy_time);
	EXPECT_EQ(0, info.segs_in + info.segs_out);
}

/* A round trip takes 400 ms, then next to nothing: in microseconds. */
TEST_F(on, round_trip)
{
	struct st_long_info info;

	ASSERT_EQ(0, system("tc qdisc add dev lo root netem delay 200ms"));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(0, pass(self->pair.client, self->pair.server, LEN));
	ASSERT_EQ(0, st_wait_unsent(self->pair.client, 0));
	ASSERT_OK(st_long_info(self->pair.client, variant->proto, &info));
	EXPECT_LE(400000, info.min_rtt);
	EXPECT_GT(30000000, info.min_rtt);
	/* One small segment, and the user has not sent more: bytes; TCP takes it as full-sized. */
	EXPECT_LT(0, info.delivery_rate);
	if (variant->proto == IPPROTO_HSTP)
		EXPECT_GE(LEN * 1000000ULL / info.min_rtt, info.delivery_rate);
	EXPECT_EQ(1, st_app_limited(&info));
	/* From the text to its ACK, and no more */
	EXPECT_LE(300000, info.busy_time);
	EXPECT_GT(30000000, info.busy_time);
	EXPECT_EQ(0, info.rwnd_limited);
	EXPECT_EQ(0, info.sndbuf_limited);

	/* It is the least of them: one may be late. */
	ASSERT_EQ(0, system("tc qdisc del dev lo root"));
	for (int i = 0; i < 20 && info.min_rtt >= 200000; i++) {
		ASSERT_EQ(0, pass(self->pair.client, self->pair.server, LEN));
		ASSERT_EQ(0, st_wait_unsent(self->pair.client, 0));
		ASSERT_OK(st_long_info(self->pair.client, variant->proto, &info));
	}
	EXPECT_GT(200000, info.min_rtt);
	EXPECT_LT(0, info.min_rtt);
}

/* A receiver knows how long the way to its peer is: what it lets the peer send is there a round
 * trip later, and not sooner. Nothing is known before there was so much.
 */
TEST_F(on, round_trip_of_a_receiver)
{
	static char text[1 << 18];
	struct st_long_info info;
	pthread_t reader;

	ASSERT_EQ(0, system("tc qdisc add dev lo root netem delay 100ms"));
	self->pair.listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, self->pair.listener);
	ASSERT_OK(set(self->pair.listener, SOL_SOCKET, SO_RCVBUF, 32768));
	self->pair.client = st_connect(variant->proto, &self->pair.addr);
	ASSERT_LE(0, self->pair.client);
	self->pair.server = accept(self->pair.listener, NULL, NULL);
	ASSERT_LE(0, self->pair.server);
	ASSERT_OK(st_long_info(self->pair.server, variant->proto, &info));
	EXPECT_EQ(0, info.head.tcpi_rcv_rtt);
	ASSERT_EQ(0, pthread_create(&reader, NULL, throw_away, &self->pair.server));
	ASSERT_EQ((ssize_t)sizeof(text), send(self->pair.client, text, sizeof(text), 0));
	ASSERT_EQ(0, st_wait_unsent(self->pair.client, 0));
	ASSERT_OK(st_long_info(self->pair.server, variant->proto, &info));
	/* TCP's timestamps are ticks. */
	EXPECT_LE(190000, info.head.tcpi_rcv_rtt);
	EXPECT_GT(30000000, info.head.tcpi_rcv_rtt);
	ASSERT_OK(st_long_info(self->pair.client, variant->proto, &info));
	EXPECT_EQ(0, info.head.tcpi_rcv_rtt);
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_EQ(0, pthread_join(reader, NULL));
}

/* A peer that does not read stops the sender by its window. */
TEST_F(on, limited_by_window)
{
	struct st_long_info info, later;
	long long begin = st_now_ms();

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_LT(0, st_fill(self->pair.client));
	usleep(500000);
	ASSERT_OK(st_long_info(self->pair.client, variant->proto, &info));
	EXPECT_LE(200000, info.rwnd_limited);
	EXPECT_LE(info.rwnd_limited, info.busy_time);
	EXPECT_GE(1000 * (st_now_ms() - begin + 200), info.busy_time);
	usleep(500000);
	ASSERT_OK(st_long_info(self->pair.client, variant->proto, &later));
	EXPECT_LE(info.rwnd_limited + 200000, later.rwnd_limited);
	EXPECT_EQ(info.sndbuf_limited, later.sndbuf_limited);
	/* Of the reader nothing is waited for. */
	ASSERT_OK(st_long_info(self->pair.server, variant->proto, &info));
	EXPECT_EQ(0, info.busy_time);
}

/* A long way, and a send buffer much smaller than what it could take. Linux's TCP looks only when
 * it sends, and misses a user who waits after that.
 */
TEST_F(on, limited_by_buffer)
{
	/* Some segments of what the loopback's MTU allows */
	static char text[1 << 18];
	struct st_long_info info;
	pthread_t reader;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(set(self->pair.client, SOL_SOCKET, SO_SNDBUF, 4096));
	ASSERT_EQ(0, system("tc qdisc add dev lo root netem delay 200ms"));
	ASSERT_EQ(0, pthread_create(&reader, NULL, throw_away, &self->pair.server));
	ASSERT_EQ((ssize_t)sizeof(text), send(self->pair.client, text, sizeof(text), 0));
	ASSERT_OK(st_long_info(self->pair.client, variant->proto, &info));
	if (variant->proto == IPPROTO_HSTP) {
		EXPECT_LE(200000, info.sndbuf_limited);
		EXPECT_LT(info.rwnd_limited, info.sndbuf_limited);
	}
	EXPECT_LE(info.sndbuf_limited + info.rwnd_limited, info.busy_time);
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_EQ(0, pthread_join(reader, NULL));
}

/* Many bytes: with HSTP_FULL=1 more than 4 GiB, which takes minutes. */
TEST_F(on, bulk)
{
	uint64_t size = getenv("HSTP_FULL") ? (4ULL << 30) + CHUNK : 16 * CHUNK, left = size;
	struct st_long_info client, server;
	static char chunk[CHUNK];
	pthread_t reader;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(0, pthread_create(&reader, NULL, throw_away, &self->pair.server));
	while (left) {
		size_t some = left < sizeof(chunk) ? left : sizeof(chunk);
		ssize_t sent = send(self->pair.client, chunk, some, 0);

		ASSERT_LT(0, sent);
		left -= (uint64_t)sent;
	}
	ASSERT_EQ(0, st_wait_unsent(self->pair.client, 0));
	ASSERT_OK(st_long_info(self->pair.client, variant->proto, &client));
	ASSERT_OK(st_long_info(self->pair.server, variant->proto, &server));
	EXPECT_EQ(size + client.bytes_retrans, client.bytes_sent);
	EXPECT_EQ(size + SYN_BYTE, client.bytes_acked);
	EXPECT_EQ(size, server.bytes_received);
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_EQ(0, pthread_join(reader, NULL));
}

TEST_HARNESS_MAIN
