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

/* A connection to somebody who does not exist, with a segment of it on its way. */
struct lonely {
	int fd;
	int raw;		/* sees what is sent */
	uint32_t peer_seq;	/* the next of the peer that we play */
	struct st_segment sent;	/* the segment: 536 bytes, the first of the stream */
};

/* RFC 9293, 3.7.1: without an option in the SYN-ACK the peer takes 536 bytes. */
#define DEFAULT_MSS 536

static int forge_ack(int proto, const struct lonely *lonely, uint8_t flags, uint32_t ack)
{
	struct st_segment seg = {
		.saddr = st_silent_addr, .daddr = st_own_addr,
		.sport = lonely->sent.dport, .dport = lonely->sent.sport,
		.seq = lonely->peer_seq, .ack = ack, .flags = flags,
	};

	return st_raw_send(proto, &seg);
}

static int open_lonely(int proto, struct lonely *lonely)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(4711), .sin_addr = st_silent_addr,
	};
	char text[DEFAULT_MSS] = "";

	lonely->raw = st_raw_open_outgoing();
	lonely->fd = st_open(proto);
	if (lonely->raw < 0 || lonely->fd < 0 || st_nonblocking(lonely->fd))
		return -1;
	if (!connect(lonely->fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    errno != EINPROGRESS)
		return -1;
	if (st_raw_wait(lonely->raw, &lonely->sent, ST_SYN, ST_SYN))
		return -1;
	lonely->peer_seq = 5000;
	if (forge_ack(proto, lonely, ST_SYN | ST_ACK, lonely->sent.seq + 1) ||
	    st_wait_events(lonely->fd, EVENTS, POLLOUT) != POLLOUT)
		return -1;
	lonely->peer_seq++;
	if (send(lonely->fd, text, sizeof(text), 0) != sizeof(text))
		return -1;
	do {
		if (st_raw_wait(lonely->raw, &lonely->sent, ST_SYN | ST_ACK, ST_ACK))
			return -1;
	} while (!lonely->sent.len);
	return lonely->sent.len == sizeof(text) ? 0 : -1;
}

/* The peer acknowledges, and takes one byte more. */
static int still_works(int proto, struct lonely *lonely)
{
	uint32_t next = lonely->sent.seq + lonely->sent.len;

	if (forge_ack(proto, lonely, ST_ACK, next) || st_wait_unsent(lonely->fd, 0) ||
	    send(lonely->fd, "x", 1, 0) != 1)
		return 0;
	do {
		if (st_raw_wait(lonely->raw, &lonely->sent, ST_SYN | ST_ACK, ST_ACK))
			return 0;
	} while (lonely->sent.seq != next || !lonely->sent.len);
	return st_state(lonely->fd, proto) == TCP_ESTABLISHED;
}

static int close_lonely(struct lonely *lonely)
{
	return st_abort(lonely->fd) ?: close(lonely->raw);
}

/* The MTU that the kernel knows on the way to the peer. */
static int path_mtu(void)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(4711), .sin_addr = st_silent_addr,
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0), mtu = -1;
	socklen_t len = sizeof(mtu);

	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &len))
		mtu = -1;
	close(fd);
	return mtu;
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
		int type, code, err;
	} cases[] = {
		{ ICMP_DEST_UNREACH, ICMP_NET_UNREACH, ENETUNREACH },
		{ ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, EHOSTUNREACH },
		{ ICMP_DEST_UNREACH, ICMP_SR_FAILED, EOPNOTSUPP },
		{ ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, EHOSTUNREACH },
		{ ICMP_PARAMETERPROB, 0, EPROTO },
	};
	struct lonely lonely;

	ASSERT_OK(st_route_silent());
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_OK(open_lonely(variant->proto, &lonely));
		ASSERT_OK(st_icmp_error(&lonely.sent, cases[i].type, cases[i].code, 0));
		EXPECT_EQ(TCP_ESTABLISHED, st_state(lonely.fd, variant->proto));
		EXPECT_EQ(POLLOUT, st_events(lonely.fd, EVENTS));
		EXPECT_EQ(cases[i].err, take_error(lonely.fd));
		EXPECT_EQ(0, take_error(lonely.fd));
		EXPECT_TRUE(still_works(variant->proto, &lonely));
		ASSERT_OK(close_lonely(&lonely));
	}
}

/* Nor do the hard ones: in synchronized states they are hints (RFC 5461, RFC 5927). */
TEST_F(on, established_hard)
{
	static const int codes[] = { ICMP_PROT_UNREACH, ICMP_PORT_UNREACH };
	struct lonely lonely;

	ASSERT_OK(st_route_silent());
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		ASSERT_OK(open_lonely(variant->proto, &lonely));
		ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, codes[i], 0));
		EXPECT_EQ(TCP_ESTABLISHED, st_state(lonely.fd, variant->proto));
		EXPECT_TRUE(still_works(variant->proto, &lonely));
		ASSERT_OK(close_lonely(&lonely));
	}
}

/* Source Quench is discarded (MUST-55). */
TEST_F(on, source_quench)
{
	struct st_segment syn;
	struct lonely lonely;

	ASSERT_OK(st_route_silent());
	ASSERT_OK(open_lonely(variant->proto, &lonely));
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_SOURCE_QUENCH, 0, 0));
	EXPECT_EQ(0, take_error(lonely.fd));
	EXPECT_TRUE(still_works(variant->proto, &lonely));
	ASSERT_OK(start_connecting(variant->proto, &self->pair, &syn));
	ASSERT_OK(st_icmp_error(&syn, ICMP_SOURCE_QUENCH, 0, 0));
	EXPECT_EQ(TCP_SYN_SENT, st_state(self->pair.client, variant->proto));
	EXPECT_EQ(0, take_error(self->pair.client));
}

/* The quoted segment's sequence number, behind the IP header and both ports. */
static void misquote(struct st_segment *seg, int32_t by)
{
	uint32_t seq = htonl(seg->seq + by);

	memcpy(seg->packet + 24, &seq, sizeof(seq));
}

/* A quotation that nobody has sent is a forgery (RFC 5927, 4.1). */
TEST_F(on, wrong_quotation)
{
	struct st_segment syn;
	struct lonely lonely;

	ASSERT_OK(start_connecting(variant->proto, &self->pair, &syn));
	misquote(&syn, 1000000);
	ASSERT_OK(st_icmp_error(&syn, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0));
	EXPECT_EQ(TCP_SYN_SENT, st_state(self->pair.client, variant->proto));
	EXPECT_EQ(0, take_error(self->pair.client));

	ASSERT_OK(st_route_silent());
	ASSERT_OK(open_lonely(variant->proto, &lonely));
	misquote(&lonely.sent, -10);
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0));
	EXPECT_EQ(0, take_error(lonely.fd));
	misquote(&lonely.sent, DEFAULT_MSS + 10);
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0));
	EXPECT_EQ(0, take_error(lonely.fd));
	/* Nor about another connection. */
	misquote(&lonely.sent, 0);
	lonely.sent.packet[20] ^= 1;
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0));
	EXPECT_EQ(0, take_error(lonely.fd));
	EXPECT_TRUE(still_works(variant->proto, &lonely));
}

/* A listener minds no error about what was sent from its port. */
TEST_F(on, listener)
{
	struct st_segment seg;
	int raw = st_raw_open(variant->proto);

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_raw_wait(raw, &seg, ST_SYN | ST_ACK, ST_SYN | ST_ACK));
	/* To a port that has no connection. */
	seg.packet[22] ^= 1;
	ASSERT_OK(st_icmp_error(&seg, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0));
	EXPECT_EQ(TCP_LISTEN, st_state(self->pair.listener, variant->proto));
	EXPECT_EQ(0, take_error(self->pair.listener));
	EXPECT_LE(0, st_connect(variant->proto, &self->pair.addr));
	EXPECT_LE(0, accept(self->pair.listener, NULL, NULL));
}

/*
 * Fragmentation needed (RFC 1191, 6.4): what was too big is sent again at
 * once, smaller, and all segments are smaller from now on.
 */
TEST_F(on, path_mtu)
{
	struct lonely lonely;
	struct st_segment again;
	struct tcp_info info;

	ASSERT_OK(st_route_silent());
	ASSERT_OK(open_lonely(variant->proto, &lonely));
	ASSERT_OK(st_info(lonely.fd, variant->proto, &info));
	ASSERT_EQ(DEFAULT_MSS, info.tcpi_snd_mss);
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 560));
	ASSERT_OK(st_raw_next(lonely.raw, &again));
	EXPECT_EQ(lonely.sent.seq, again.seq);
	EXPECT_EQ(560 - 40, again.len);
	ASSERT_OK(st_info(lonely.fd, variant->proto, &info));
	EXPECT_EQ(560 - 40, info.tcpi_snd_mss);
	EXPECT_EQ(560, path_mtu());
	EXPECT_EQ(0, take_error(lonely.fd));
	EXPECT_TRUE(still_works(variant->proto, &lonely));
}

/* A larger MTU than what is known is no news. */
TEST_F(on, path_mtu_larger)
{
	struct lonely lonely;
	struct tcp_info info;

	ASSERT_OK(st_route_silent());
	ASSERT_OK(open_lonely(variant->proto, &lonely));
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 560));
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1400));
	ASSERT_OK(st_info(lonely.fd, variant->proto, &info));
	EXPECT_EQ(560 - 40, info.tcpi_snd_mss);
	EXPECT_TRUE(still_works(variant->proto, &lonely));
}

/* A ridiculous MTU is not believed beyond net.ipv4.route.min_pmtu, 552. */
TEST_F(on, path_mtu_tiny)
{
	static const int mtus[] = { 68, 0 };
	struct lonely lonely;
	struct tcp_info info;

	ASSERT_OK(st_route_silent());
	for (size_t i = 0; i < ARRAY_SIZE(mtus); i++) {
		ASSERT_OK(open_lonely(variant->proto, &lonely));
		ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
					mtus[i]));
		ASSERT_OK(st_info(lonely.fd, variant->proto, &info));
		EXPECT_EQ(552 - 40, info.tcpi_snd_mss);
		EXPECT_TRUE(still_works(variant->proto, &lonely));
		ASSERT_OK(close_lonely(&lonely));
	}
}

/* One that quotes what was never sent changes neither the connection nor the route. */
TEST_F(on, path_mtu_forged)
{
	struct lonely lonely;
	struct tcp_info info;

	ASSERT_OK(st_route_silent());
	ASSERT_OK(open_lonely(variant->proto, &lonely));
	misquote(&lonely.sent, -10);
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 560));
	ASSERT_OK(st_info(lonely.fd, variant->proto, &info));
	EXPECT_EQ(DEFAULT_MSS, info.tcpi_snd_mss);
	EXPECT_EQ(65536, path_mtu());
	EXPECT_TRUE(still_works(variant->proto, &lonely));
}

TEST_HARNESS_MAIN
