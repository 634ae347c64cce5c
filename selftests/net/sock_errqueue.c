// SPDX-License-Identifier: GPL-2.0
/* IP_RECVERR and MSG_ERRQUEUE: what the network reported, message by message (ip(7)). */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_lonely.h"

/* poll() of an attempt that has failed */
#define FAILED (POLLERR | POLLHUP)

/* One message of the error queue. */
struct message {
	struct sock_extended_err err;
	struct sockaddr_in offender;	/* who sent it */
	struct sockaddr_in to;		/* where the segment was to go */
	uint8_t quote[64];
	ssize_t len;
};

static int ask(int fd, int on)
{
	return setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
}

/* 0, or -1 with errno, ENOMSG when there is no IP_RECVERR with it. */
static int next_message(int fd, struct message *m)
{
	char control[256];
	struct iovec iov = { m->quote, sizeof(m->quote) };
	struct msghdr msg = {
		.msg_name = &m->to, .msg_namelen = sizeof(m->to),
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	memset(m, 0, sizeof(*m));
	m->len = recvmsg(fd, &msg, MSG_ERRQUEUE);
	if (m->len < 0)
		return -1;
	for (cmsg = CMSG_FIRSTHDR(&msg); cmsg; cmsg = CMSG_NXTHDR(&msg, cmsg)) {
		if (cmsg->cmsg_level != IPPROTO_IP || cmsg->cmsg_type != IP_RECVERR)
			continue;
		memcpy(&m->err, CMSG_DATA(cmsg), sizeof(m->err));
		memcpy(&m->offender, CMSG_DATA(cmsg) + sizeof(m->err), sizeof(m->offender));
		return msg.msg_flags & MSG_ERRQUEUE ? 0 : -1;
	}
	errno = ENOMSG;
	return -1;
}

/* What a message says, of a segment from this socket. */
static void expect(struct __test_metadata *_metadata, const struct message *m,
		   const struct st_segment *about, int type, int code, int err)
{
	EXPECT_EQ(err, m->err.ee_errno);
	EXPECT_EQ(SO_EE_ORIGIN_ICMP, m->err.ee_origin);
	EXPECT_EQ(type, m->err.ee_type);
	EXPECT_EQ(code, m->err.ee_code);
	EXPECT_EQ(AF_INET, m->offender.sin_family);
	EXPECT_EQ(AF_INET, m->to.sin_family);
	EXPECT_EQ(about->daddr.s_addr, m->to.sin_addr.s_addr);
	EXPECT_EQ(about->dport, ntohs(m->to.sin_port));
	/* The quotation begins with the segment's header. */
	ASSERT_LE(8, m->len);
	EXPECT_EQ(0, memcmp(m->quote, about->packet + 20, 8));
}

/* Of an attempt that a hard error ends. */
TEST_F(on, connecting)
{
	struct st_segment syn;
	struct message m;

	ASSERT_OK(st_connecting(variant->proto, &self->pair, 1, &syn));
	ASSERT_OK(st_icmp_error(&syn, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0));
	ASSERT_EQ(FAILED, st_wait_events(self->pair.client, FAILED, FAILED));
	ASSERT_OK(next_message(self->pair.client, &m));
	expect(_metadata, &m, &syn, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, ECONNREFUSED);
	EXPECT_ERR(EAGAIN, next_message(self->pair.client, &m));
	EXPECT_EQ(TCP_CLOSE, st_state(self->pair.client, variant->proto));
}

/* Who did not ask has none, but of TCP since Linux 5.18. */
TEST_F(on, not_asked)
{
	struct st_segment syn;
	struct message m;

	ASSERT_OK(st_connecting(variant->proto, &self->pair, 1, &syn));
	ASSERT_OK(ask(self->pair.client, 0));
	ASSERT_OK(st_icmp_error(&syn, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0));
	ASSERT_EQ(FAILED, st_wait_events(self->pair.client, FAILED, FAILED));
	EXPECT_ERR(variant->proto == IPPROTO_TCP ? 0 : EAGAIN,
		   next_message(self->pair.client, &m));
}

/* No longer wanted, what waits is thrown away. */
TEST_F(on, no_longer)
{
	struct st_segment syn;
	struct message m;

	ASSERT_OK(st_connecting(variant->proto, &self->pair, 1, &syn));
	ASSERT_OK(st_icmp_error(&syn, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0));
	ASSERT_EQ(FAILED, st_wait_events(self->pair.client, FAILED, FAILED));
	ASSERT_OK(ask(self->pair.client, 0));
	EXPECT_ERR(EAGAIN, next_message(self->pair.client, &m));
}

/* An open connection goes on; the next call is told. Linux's TCP has no message of it. */
TEST_F(on, established)
{
	static const struct {
		int type, code, err;
	} cases[] = {
		{ ICMP_DEST_UNREACH, ICMP_NET_UNREACH, ENETUNREACH },
		{ ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, ECONNREFUSED },
		{ ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, EHOSTUNREACH },
		{ ICMP_PARAMETERPROB, 0, EPROTO },
	};
	struct st_lonely lonely;
	struct message m;

	ASSERT_OK(st_route_silent());
	ASSERT_OK(st_lonely_open(variant->proto, &lonely));
	ASSERT_OK(ask(lonely.fd, 1));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_OK(st_icmp_error(&lonely.sent, cases[i].type, cases[i].code, 0));
		EXPECT_EQ(TCP_ESTABLISHED, st_state(lonely.fd, variant->proto));
		EXPECT_EQ(POLLERR, st_events(lonely.fd, POLLERR));
		EXPECT_EQ(cases[i].err, st_take_error(lonely.fd));
	}
	if (variant->proto == IPPROTO_TCP) {
		EXPECT_ERR(EAGAIN, next_message(lonely.fd, &m));
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ASSERT_OK(next_message(lonely.fd, &m));
		expect(_metadata, &m, &lonely.sent, cases[i].type, cases[i].code,
		       cases[i].err);
	}
	EXPECT_ERR(EAGAIN, next_message(lonely.fd, &m));
	EXPECT_EQ(0, st_take_error(lonely.fd));
	EXPECT_EQ(0, st_events(lonely.fd, POLLERR));
	EXPECT_TRUE(st_lonely_works(variant->proto, &lonely));
}

/* A forgery is not passed on (RFC 5927, 4.1). */
TEST_F(on, forged)
{
	struct st_segment syn;
	struct message m;

	ASSERT_OK(st_connecting(variant->proto, &self->pair, 1, &syn));
	syn.packet[24] ^= 0x40;	/* the highest byte of SEG.SEQ but one bit */
	ASSERT_OK(st_icmp_error(&syn, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0));
	EXPECT_ERR(EAGAIN, next_message(self->pair.client, &m));
	EXPECT_EQ(0, st_events(self->pair.client, POLLERR));
	EXPECT_EQ(TCP_SYN_SENT, st_state(self->pair.client, variant->proto));
}

/* SHLD-9: at R1 who wants to hear of errors is told, and the connection goes on. */
TEST_F(on, delivery_problem)
{
	struct st_lonely lonely;
	struct message m;

	if (variant->proto == IPPROTO_TCP)
		SKIP(return, "Linux's TCP tells nobody");
	/* R1 comes after three times as long: we are to have asked by then. */
	ASSERT_OK(st_sysctl("net/hstp/rto_min_ms", 800));
	ASSERT_OK(st_sysctl("net/hstp/retries1", 2));
	ASSERT_OK(st_route_silent());
	ASSERT_OK(st_lonely_open(variant->proto, &lonely));
	ASSERT_OK(ask(lonely.fd, 1));
	ASSERT_EQ(POLLERR, st_wait_events(lonely.fd, POLLERR, POLLERR));
	ASSERT_OK(next_message(lonely.fd, &m));
	EXPECT_EQ(ETIMEDOUT, m.err.ee_errno);
	EXPECT_EQ(SO_EE_ORIGIN_LOCAL, m.err.ee_origin);
	EXPECT_EQ(st_silent_addr.s_addr, m.to.sin_addr.s_addr);
	EXPECT_EQ(lonely.sent.dport, ntohs(m.to.sin_port));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(lonely.fd, variant->proto));
	EXPECT_EQ(0, st_take_error(lonely.fd));
	/* Once, not with each retransmission after it */
	EXPECT_ERR(EAGAIN, next_message(lonely.fd, &m));
}

TEST_HARNESS_MAIN
