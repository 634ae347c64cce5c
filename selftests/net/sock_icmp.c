// SPDX-License-Identifier: GPL-2.0
/* ICMP errors about a connection's segments (RFC 9293, 3.9.2.2). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_lonely.h"

#define HUNG_UP (POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR)
#define EVENTS (POLLIN | POLLOUT | POLLRDHUP)

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
		ASSERT_OK(st_connecting(variant->proto, &self->pair, 0, &syn));
		ASSERT_OK(st_icmp_error(&syn, ICMP_DEST_UNREACH, cases[i].code, 0));
		EXPECT_EQ(HUNG_UP, st_wait_events(self->pair.client, EVENTS, HUNG_UP));
		EXPECT_EQ(cases[i].err, st_take_error(self->pair.client));
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
		ASSERT_OK(st_connecting(variant->proto, &self->pair, 0, &syn));
		ASSERT_OK(st_icmp_error(&syn, ICMP_DEST_UNREACH, cases[i].code, 0));
		if (variant->proto == IPPROTO_TCP) {
			EXPECT_EQ(HUNG_UP, st_wait_events(self->pair.client, EVENTS, HUNG_UP));
			EXPECT_EQ(cases[i].err, st_take_error(self->pair.client));
		} else {
			EXPECT_EQ(TCP_SYN_SENT, st_state(self->pair.client, variant->proto));
			EXPECT_EQ(cases[i].err, st_take_error(self->pair.client));
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
	struct st_lonely lonely;

	ASSERT_OK(st_route_silent());
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_OK(st_lonely_open(variant->proto, &lonely));
		ASSERT_OK(st_icmp_error(&lonely.sent, cases[i].type, cases[i].code, 0));
		EXPECT_EQ(TCP_ESTABLISHED, st_state(lonely.fd, variant->proto));
		EXPECT_EQ(POLLOUT, st_events(lonely.fd, EVENTS));
		EXPECT_EQ(cases[i].err, st_take_error(lonely.fd));
		EXPECT_EQ(0, st_take_error(lonely.fd));
		EXPECT_TRUE(st_lonely_works(variant->proto, &lonely));
		ASSERT_OK(st_lonely_close(&lonely));
	}
}

/* Nor do the hard ones: in synchronized states they are hints (RFC 5461, RFC 5927). */
TEST_F(on, established_hard)
{
	static const int codes[] = { ICMP_PROT_UNREACH, ICMP_PORT_UNREACH };
	struct st_lonely lonely;

	ASSERT_OK(st_route_silent());
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		ASSERT_OK(st_lonely_open(variant->proto, &lonely));
		ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, codes[i], 0));
		EXPECT_EQ(TCP_ESTABLISHED, st_state(lonely.fd, variant->proto));
		EXPECT_TRUE(st_lonely_works(variant->proto, &lonely));
		ASSERT_OK(st_lonely_close(&lonely));
	}
}

/* Source Quench is discarded (MUST-55). */
TEST_F(on, source_quench)
{
	struct st_segment syn;
	struct st_lonely lonely;

	ASSERT_OK(st_route_silent());
	ASSERT_OK(st_lonely_open(variant->proto, &lonely));
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_SOURCE_QUENCH, 0, 0));
	EXPECT_EQ(0, st_take_error(lonely.fd));
	EXPECT_TRUE(st_lonely_works(variant->proto, &lonely));
	ASSERT_OK(st_connecting(variant->proto, &self->pair, 0, &syn));
	ASSERT_OK(st_icmp_error(&syn, ICMP_SOURCE_QUENCH, 0, 0));
	EXPECT_EQ(TCP_SYN_SENT, st_state(self->pair.client, variant->proto));
	EXPECT_EQ(0, st_take_error(self->pair.client));
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
	struct st_lonely lonely;

	ASSERT_OK(st_connecting(variant->proto, &self->pair, 0, &syn));
	misquote(&syn, 1000000);
	ASSERT_OK(st_icmp_error(&syn, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0));
	EXPECT_EQ(TCP_SYN_SENT, st_state(self->pair.client, variant->proto));
	EXPECT_EQ(0, st_take_error(self->pair.client));

	ASSERT_OK(st_route_silent());
	ASSERT_OK(st_lonely_open(variant->proto, &lonely));
	misquote(&lonely.sent, -10);
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0));
	EXPECT_EQ(0, st_take_error(lonely.fd));
	misquote(&lonely.sent, ST_LONELY_MSS + 10);
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0));
	EXPECT_EQ(0, st_take_error(lonely.fd));
	/* Nor about another connection. */
	misquote(&lonely.sent, 0);
	lonely.sent.packet[20] ^= 1;
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0));
	EXPECT_EQ(0, st_take_error(lonely.fd));
	EXPECT_TRUE(st_lonely_works(variant->proto, &lonely));
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
	EXPECT_EQ(0, st_take_error(self->pair.listener));
	EXPECT_LE(0, st_connect(variant->proto, &self->pair.addr));
	EXPECT_LE(0, accept(self->pair.listener, NULL, NULL));
}

/* Segments are seen as they would be on a wire: the loopback does not cut them up itself. */
static int segment_in_software(void)
{
	struct ethtool_value off = { .cmd = ETHTOOL_STSO, .data = 0 };
	struct ifreq ifr = { .ifr_name = "lo", .ifr_data = (char *)&off };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ret;

	ret = ioctl(fd, SIOCETHTOOL, &ifr);
	close(fd);
	return ret;
}

/*
 * Fragmentation needed (RFC 1191, 6.4): what was too big is sent again at
 * once, smaller, and all segments are smaller from now on.
 */
TEST_F(on, path_mtu)
{
	struct st_lonely lonely;
	struct st_segment again;
	struct tcp_info info;

	ASSERT_OK(st_route_silent());
	ASSERT_OK(segment_in_software());
	ASSERT_OK(st_lonely_open(variant->proto, &lonely));
	ASSERT_OK(st_info(lonely.fd, variant->proto, &info));
	ASSERT_EQ(ST_LONELY_MSS, info.tcpi_snd_mss);
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 560));
	/* A retransmission may have been on its way. */
	do {
		ASSERT_OK(st_raw_next(lonely.raw, &again));
	} while (again.len == ST_LONELY_MSS);
	EXPECT_EQ(lonely.sent.seq, again.seq);
	EXPECT_EQ(560 - 40, again.len);
	ASSERT_OK(st_info(lonely.fd, variant->proto, &info));
	EXPECT_EQ(560 - 40, info.tcpi_snd_mss);
	EXPECT_EQ(560, path_mtu());
	EXPECT_EQ(0, st_take_error(lonely.fd));
	EXPECT_TRUE(st_lonely_works(variant->proto, &lonely));
}

/* A larger MTU than what is known is no news. */
TEST_F(on, path_mtu_larger)
{
	struct st_lonely lonely;
	struct tcp_info info;

	ASSERT_OK(st_route_silent());
	ASSERT_OK(st_lonely_open(variant->proto, &lonely));
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 560));
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 1400));
	ASSERT_OK(st_info(lonely.fd, variant->proto, &info));
	EXPECT_EQ(560 - 40, info.tcpi_snd_mss);
	EXPECT_TRUE(st_lonely_works(variant->proto, &lonely));
}

/* A ridiculous MTU is not believed beyond net.ipv4.route.min_pmtu, 552. */
TEST_F(on, path_mtu_tiny)
{
	static const int mtus[] = { 68, 0 };
	struct st_lonely lonely;
	struct tcp_info info;

	for (size_t i = 0; i < ARRAY_SIZE(mtus); i++) {
		/* One that has not learned anything yet. */
		ASSERT_OK(st_namespace());
		ASSERT_OK(st_route_silent());
		ASSERT_OK(st_lonely_open(variant->proto, &lonely));
		ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED,
					mtus[i]));
		ASSERT_OK(st_info(lonely.fd, variant->proto, &info));
		EXPECT_EQ(552 - 40, info.tcpi_snd_mss);
		EXPECT_TRUE(st_lonely_works(variant->proto, &lonely));
		ASSERT_OK(st_lonely_close(&lonely));
	}
}

/* One that quotes what was never sent changes neither the connection nor the route. */
TEST_F(on, path_mtu_forged)
{
	struct st_lonely lonely;
	struct tcp_info info;

	ASSERT_OK(st_route_silent());
	ASSERT_OK(st_lonely_open(variant->proto, &lonely));
	misquote(&lonely.sent, -10);
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 560));
	ASSERT_OK(st_info(lonely.fd, variant->proto, &info));
	EXPECT_EQ(ST_LONELY_MSS, info.tcpi_snd_mss);
	EXPECT_EQ(65535, path_mtu());
	EXPECT_TRUE(st_lonely_works(variant->proto, &lonely));
}

TEST_HARNESS_MAIN
