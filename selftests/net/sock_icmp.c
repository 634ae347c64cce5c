// SPDX-License-Identifier: GPL-2.0
/* ICMP errors about a connection's segments (RFC 9293, 3.9.2.2). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_raw.h"

#define HUNG_UP (POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR)
#define EVENTS (POLLIN | POLLOUT | POLLRDHUP)

static int take_error(int fd)
{
	int err = -1;
	socklen_t len = sizeof(err);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) ? -1 : err;
}

/*
 * A connection in SYN-SENT whose SYN is seen and gets no answer: the
 * listener's queue is full.
 */
static int start_connecting(int proto, struct st_pair *pair, struct st_segment *syn)
{
	int raw;

	pair->listener = st_listen(proto, &pair->addr, 0);
	if (pair->listener < 0 || st_connect(proto, &pair->addr) < 0 ||
	    st_wait_events(pair->listener, POLLIN, POLLIN) != POLLIN)
		return -1;
	raw = st_raw_open(proto);
	pair->client = st_open(proto);
	if (raw < 0 || pair->client < 0 || st_nonblocking(pair->client))
		return -1;
	if (!connect(pair->client, (struct sockaddr *)&pair->addr, sizeof(pair->addr)) ||
	    errno != EINPROGRESS)
		return -1;
	return st_raw_wait(raw, syn, ST_SYN | ST_ACK, ST_SYN);
}

/* A connection, and a segment of its client with the next sequence number to be sent. */
static int establish(int proto, struct st_pair *pair, struct st_segment *ack)
{
	int raw = st_raw_open(proto), ret;

	if (raw < 0 || st_pair_open(pair, proto))
		return -1;
	ret = st_raw_wait(raw, ack, ST_SYN | ST_ACK, ST_ACK);
	close(raw);
	return ret;
}

static int still_works(const struct st_pair *pair)
{
	char byte = 0;

	return send(pair->client, "x", 1, 0) == 1 && recv(pair->server, &byte, 1, 0) == 1 &&
	       byte == 'x' && send(pair->server, "y", 1, 0) == 1 &&
	       recv(pair->client, &byte, 1, 0) == 1 && byte == 'y';
}

/* Hard errors end an attempt, each with its errno. */
TEST_F(on, hard_connecting)
{
	static const struct {
		int code, err;
	} cases[] = {
		{ ICMP_PROT_UNREACH, ENOPROTOOPT },
		{ ICMP_PORT_UNREACH, ECONNREFUSED },
	};
	struct st_segment syn;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_OK(start_connecting(variant->proto, &self->pair, &syn));
		ASSERT_OK(st_icmp_error(&syn, ICMP_DEST_UNREACH, cases[i].code, 0));
		EXPECT_EQ(HUNG_UP, st_wait_events(self->pair.client, EVENTS, HUNG_UP));
		EXPECT_EQ(cases[i].err, take_error(self->pair.client));
		EXPECT_EQ(TCP_CLOSE, st_state(self->pair.client, variant->proto));
		close(self->pair.client);
		close(self->pair.listener);
	}
}

/* The one who waits in connect() is told. */
TEST_F(on, hard_wakes)
{
	struct st_call call = { .nr = SYS_connect };
	struct st_segment syn;
	int raw = st_raw_open(variant->proto);

	self->pair.listener = st_listen(variant->proto, &call.addr, 0);
	ASSERT_LE(0, self->pair.listener);
	ASSERT_LE(0, st_connect(variant->proto, &call.addr));
	ASSERT_EQ(POLLIN, st_wait_events(self->pair.listener, POLLIN, POLLIN));
	for (int i = 0; i < 3; i++)
		ASSERT_OK(st_raw_next(raw, &syn));
	call.fd = st_open(variant->proto);
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(st_raw_wait(raw, &syn, ST_SYN | ST_ACK, ST_SYN));
	ASSERT_OK(st_icmp_error(&syn, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(ECONNREFUSED, call.err);
}

/*
 * Soft errors MUST NOT abort (MUST-56): the attempt goes on, and succeeds when
 * there is room. Linux's TCP gives up all the same, and says why.
 */
TEST_F(on, soft_connecting)
{
	static const struct {
		int code, err;
	} cases[] = {
		{ ICMP_NET_UNREACH, ENETUNREACH },
		{ ICMP_HOST_UNREACH, EHOSTUNREACH },
	};
	struct st_segment syn;

	ASSERT_OK(st_fast_retransmission(variant->proto));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_OK(start_connecting(variant->proto, &self->pair, &syn));
		ASSERT_OK(st_icmp_error(&syn, ICMP_DEST_UNREACH, cases[i].code, 0));
		if (variant->proto == IPPROTO_TCP) {
			EXPECT_EQ(HUNG_UP, st_wait_events(self->pair.client, EVENTS, HUNG_UP));
			EXPECT_EQ(cases[i].err, take_error(self->pair.client));
		} else {
			EXPECT_EQ(TCP_SYN_SENT, st_state(self->pair.client, variant->proto));
			EXPECT_EQ(cases[i].err, take_error(self->pair.client));
			ASSERT_LE(0, accept(self->pair.listener, NULL, NULL));
			EXPECT_EQ(POLLOUT,
				  st_wait_events(self->pair.client, EVENTS, POLLOUT));
		}
		close(self->pair.client);
		close(self->pair.listener);
	}
}

/* No error of the network ends an open connection; SO_ERROR tells of it, once. */
TEST_F(on, established)
{
	static const struct {
		int code, err;
	} cases[] = {
		{ ICMP_NET_UNREACH, ENETUNREACH },
		{ ICMP_HOST_UNREACH, EHOSTUNREACH },
		{ ICMP_SR_FAILED, EOPNOTSUPP },
	};
	struct st_segment ack;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_OK(establish(variant->proto, &self->pair, &ack));
		ASSERT_OK(st_icmp_error(&ack, ICMP_DEST_UNREACH, cases[i].code, 0));
		EXPECT_EQ(TCP_ESTABLISHED, st_state(self->pair.client, variant->proto));
		EXPECT_EQ(POLLOUT, st_events(self->pair.client, EVENTS));
		EXPECT_EQ(cases[i].err, take_error(self->pair.client));
		EXPECT_EQ(0, take_error(self->pair.client));
		EXPECT_TRUE(still_works(&self->pair));
	}
}

/* Nor do the hard ones: in synchronized states they are hints (RFC 5461, RFC 5927). */
TEST_F(on, established_hard)
{
	static const int codes[] = { ICMP_PROT_UNREACH, ICMP_PORT_UNREACH };
	struct st_segment ack;

	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		ASSERT_OK(establish(variant->proto, &self->pair, &ack));
		ASSERT_OK(st_icmp_error(&ack, ICMP_DEST_UNREACH, codes[i], 0));
		EXPECT_EQ(TCP_ESTABLISHED, st_state(self->pair.client, variant->proto));
		EXPECT_TRUE(still_works(&self->pair));
	}
}

/* Source Quench is discarded (MUST-55). */
TEST_F(on, source_quench)
{
	struct st_segment syn, ack;

	ASSERT_OK(establish(variant->proto, &self->pair, &ack));
	ASSERT_OK(st_icmp_error(&ack, ICMP_SOURCE_QUENCH, 0, 0));
	EXPECT_EQ(0, take_error(self->pair.client));
	EXPECT_TRUE(still_works(&self->pair));
	close(self->pair.listener);
	ASSERT_OK(start_connecting(variant->proto, &self->pair, &syn));
	ASSERT_OK(st_icmp_error(&syn, ICMP_SOURCE_QUENCH, 0, 0));
	EXPECT_EQ(TCP_SYN_SENT, st_state(self->pair.client, variant->proto));
	EXPECT_EQ(0, take_error(self->pair.client));
}

/* A quotation that nobody has sent is a forgery (RFC 5927, 4.1). */
TEST_F(on, wrong_quotation)
{
	struct st_segment syn, ack;
	uint32_t seq;

	ASSERT_OK(start_connecting(variant->proto, &self->pair, &syn));
	/* The sequence number follows the IP header and both ports. */
	seq = htonl(syn.seq + 1000000);
	memcpy(syn.packet + 24, &seq, sizeof(seq));
	ASSERT_OK(st_icmp_error(&syn, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0));
	EXPECT_EQ(TCP_SYN_SENT, st_state(self->pair.client, variant->proto));
	EXPECT_EQ(0, take_error(self->pair.client));
	close(self->pair.client);
	close(self->pair.listener);

	ASSERT_OK(establish(variant->proto, &self->pair, &ack));
	seq = htonl(ack.seq - 1000000);
	memcpy(ack.packet + 24, &seq, sizeof(seq));
	ASSERT_OK(st_icmp_error(&ack, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0));
	EXPECT_EQ(0, take_error(self->pair.client));
	/* Nor about another connection. */
	ack.packet[20] ^= 1;
	ASSERT_OK(st_icmp_error(&ack, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0));
	EXPECT_EQ(0, take_error(self->pair.client));
	EXPECT_TRUE(still_works(&self->pair));
}

/* A listener minds no error about its SYN-ACKs' ports. */
TEST_F(on, listener)
{
	struct st_segment seg, about;
	int raw = st_raw_open(variant->proto);

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_raw_wait(raw, &seg, ST_SYN | ST_ACK, ST_SYN | ST_ACK));
	about = seg;
	/* To a port that has no connection. */
	about.packet[22] ^= 1;
	ASSERT_OK(st_icmp_error(&about, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0));
	EXPECT_EQ(TCP_LISTEN, st_state(self->pair.listener, variant->proto));
	EXPECT_EQ(0, take_error(self->pair.listener));
	EXPECT_LE(0, st_connect(variant->proto, &self->pair.addr));
	EXPECT_LE(0, accept(self->pair.listener, NULL, NULL));
}

/* Fragmentation needed: smaller segments from now on, and the stream goes on (RFC 1191). */
TEST_F(on, path_mtu)
{
	static unsigned char out[50000], in[sizeof(out)];
	struct st_segment ack;
	struct tcp_info info;

	ASSERT_OK(establish(variant->proto, &self->pair, &ack));
	ASSERT_OK(st_info(self->pair.client, variant->proto, &info));
	ASSERT_LT(1000, info.tcpi_snd_mss);
	ASSERT_OK(st_icmp_error(&ack, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1000));
	ASSERT_OK(st_info(self->pair.client, variant->proto, &info));
	EXPECT_GE(1000 - 40, info.tcpi_snd_mss);
	EXPECT_LE(1000 - 40 - 40, info.tcpi_snd_mss);
	EXPECT_EQ(0, take_error(self->pair.client));
	st_pattern_fill(out, sizeof(out), 1, 0);
	EXPECT_EQ(sizeof(out), send(self->pair.client, out, sizeof(out), 0));
	EXPECT_EQ(sizeof(in), st_read_all(self->pair.server, in, sizeof(in)));
	EXPECT_EQ(-1, st_pattern_check(in, sizeof(in), 1, 0));
	/* It was about one direction. */
	ASSERT_OK(st_info(self->pair.server, variant->proto, &info));
	EXPECT_LT(1000, info.tcpi_snd_mss);
}

/* A larger MTU than what is known is no news. */
TEST_F(on, path_mtu_larger)
{
	struct st_segment ack;
	struct tcp_info before, after;

	ASSERT_OK(establish(variant->proto, &self->pair, &ack));
	ASSERT_OK(st_icmp_error(&ack, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1000));
	ASSERT_OK(st_info(self->pair.client, variant->proto, &before));
	ASSERT_OK(st_icmp_error(&ack, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1400));
	ASSERT_OK(st_info(self->pair.client, variant->proto, &after));
	EXPECT_EQ(before.tcpi_snd_mss, after.tcpi_snd_mss);
	EXPECT_TRUE(still_works(&self->pair));
}

/* A ridiculous MTU is not believed beyond net.ipv4.route.min_pmtu, nor none at all. */
TEST_F(on, path_mtu_tiny)
{
	static const int mtus[] = { 68, 0 };
	struct st_segment ack;
	struct tcp_info info;

	for (size_t i = 0; i < ARRAY_SIZE(mtus); i++) {
		ASSERT_OK(establish(variant->proto, &self->pair, &ack));
		ASSERT_OK(st_icmp_error(&ack, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, mtus[i]));
		ASSERT_OK(st_info(self->pair.client, variant->proto, &info));
		EXPECT_LE(552 - 40 - 40, info.tcpi_snd_mss);
		EXPECT_TRUE(still_works(&self->pair));
	}
}

/* One that quotes what was never sent changes neither the connection nor the next one. */
TEST_F(on, path_mtu_forged)
{
	struct st_segment ack;
	struct tcp_info info;
	uint32_t seq;

	ASSERT_OK(establish(variant->proto, &self->pair, &ack));
	seq = htonl(ack.seq - 1000000);
	memcpy(ack.packet + 24, &seq, sizeof(seq));
	ASSERT_OK(st_icmp_error(&ack, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1000));
	ASSERT_OK(st_info(self->pair.client, variant->proto, &info));
	EXPECT_LT(1000, info.tcpi_snd_mss);
	EXPECT_TRUE(still_works(&self->pair));
	/* A new connection asks the route anew. */
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_info(self->pair.client, variant->proto, &info));
	EXPECT_LT(1000, info.tcpi_snd_mss);
}

TEST_HARNESS_MAIN
