// SPDX-License-Identifier: GPL-2.0
/* SOCK_RAW beside SOCK_STREAM: the kernel's raw socket on the same protocol number. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_raw.h"

/* It sees each segment of a connection's life, both directions, in order. */
TEST_F(on, sees_segments)
{
	int raw = st_raw_open(variant->proto);
	struct st_segment syn, synack, ack, data, fin;
	char byte;

	ASSERT_LE(0, raw);
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_raw_next(raw, &syn));
	ASSERT_OK(st_raw_next(raw, &synack));
	ASSERT_OK(st_raw_next(raw, &ack));
	EXPECT_EQ(ST_SYN, syn.flags & 0x3f);
	EXPECT_EQ(self->pair.addr.sin_port, htons(syn.dport));
	EXPECT_EQ(0, syn.len);
	EXPECT_EQ(ST_SYN | ST_ACK, synack.flags & 0x3f);
	EXPECT_EQ(syn.seq + 1, synack.ack);
	EXPECT_EQ(syn.sport, synack.dport);
	EXPECT_EQ(ST_ACK, ack.flags);
	EXPECT_EQ(syn.seq + 1, ack.seq);
	EXPECT_EQ(synack.seq + 1, ack.ack);

	ASSERT_EQ(5, send(self->pair.client, "hello", 5, 0));
	ASSERT_OK(st_raw_next(raw, &data));
	EXPECT_EQ(ST_PSH | ST_ACK, data.flags);
	EXPECT_EQ(syn.seq + 1, data.seq);
	EXPECT_EQ(5, data.len);
	EXPECT_EQ(0, memcmp("hello", data.text, 5));

	ASSERT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	ASSERT_OK(shutdown(self->pair.server, SHUT_WR));
	ASSERT_OK(st_raw_wait(raw, &fin, ST_FIN, ST_FIN));
	EXPECT_EQ(synack.seq + 1, fin.seq);
	EXPECT_EQ(syn.sport, fin.dport);
}

/* Several of them, each sees all, and one of another protocol nothing. */
TEST_F(on, each_sees_all)
{
	int one = st_raw_open(variant->proto), two = st_raw_open(variant->proto);
	int other = st_raw_open(254);
	struct st_segment a, b;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	for (int i = 0; i < 3; i++) {
		ASSERT_OK(st_raw_next(one, &a));
		ASSERT_OK(st_raw_next(two, &b));
		EXPECT_EQ(a.packet_len, b.packet_len);
		EXPECT_EQ(0, memcmp(a.packet, b.packet, a.packet_len));
	}
	EXPECT_EQ(0, st_events(other, POLLIN));
}

/* The last numbers that the client's peer has seen from it. */
static int client_numbers(int raw, struct st_segment *ack)
{
	struct st_segment syn;

	/* SYN, SYN-ACK, and the ACK of it. */
	if (st_raw_next(raw, &syn) || st_raw_next(raw, ack) || st_raw_next(raw, ack))
		return -1;
	return syn.flags & ST_SYN && ack->flags == ST_ACK ? 0 : -1;
}

/* It sends: a forged reset with the next sequence number is as good as a real one. */
TEST_F(on, forged_reset)
{
	int raw = st_raw_open(variant->proto);
	struct st_segment seg;
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(client_numbers(raw, &seg));
	seg.flags = ST_RST;
	ASSERT_OK(st_raw_send(variant->proto, &seg));
	EXPECT_ERR(ECONNRESET, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(self->pair.client, variant->proto));
	/* The half-open connection ends with the client's next segment. */
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_ERR(ECONNRESET, recv(self->pair.client, &byte, 1, 0));
}

/* One beyond is challenged (RFC 5961, 3.2), one outside the window dropped. */
TEST_F(on, forged_reset_not_exact)
{
	int raw = st_raw_open(variant->proto);
	struct st_segment seg, challenge;
	char byte = 0;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(client_numbers(raw, &seg));
	seg.flags = ST_RST;
	seg.seq++;
	ASSERT_OK(st_raw_send(variant->proto, &seg));
	ASSERT_OK(st_raw_wait(raw, &challenge, ST_RST | ST_ACK, ST_ACK));
	EXPECT_EQ(seg.ack, challenge.seq);
	EXPECT_EQ(seg.seq - 1, challenge.ack);
	seg.seq += 0x10000000;
	ASSERT_OK(st_raw_send(variant->proto, &seg));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(self->pair.server, variant->proto));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ('x', byte);
}

/* A reset for a connection that does not exist harms nobody. */
TEST_F(on, forged_reset_elsewhere)
{
	int raw = st_raw_open(variant->proto);
	struct st_segment seg;
	char byte = 0;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(client_numbers(raw, &seg));
	seg.flags = ST_RST;
	seg.sport ^= 1;
	ASSERT_OK(st_raw_send(variant->proto, &seg));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ(TCP_LISTEN, st_state(self->pair.listener, variant->proto));
}

/* IP_TOS and IP_TTL are those of the segments, the listener's those of its SYN-ACKs. */
TEST_F(on, ip_header)
{
	int raw = st_raw_open(variant->proto), fd = st_open(variant->proto), value = 9;
	struct st_segment seg;
	struct iphdr ip;

	self->pair.listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, self->pair.listener);
	ASSERT_OK(setsockopt(self->pair.listener, IPPROTO_IP, IP_TTL, &value, sizeof(value)));
	value = 7;
	ASSERT_OK(setsockopt(fd, IPPROTO_IP, IP_TTL, &value, sizeof(value)));
	value = 0x10;
	ASSERT_OK(setsockopt(fd, IPPROTO_IP, IP_TOS, &value, sizeof(value)));
	ASSERT_OK(connect(fd, (struct sockaddr *)&self->pair.addr, sizeof(self->pair.addr)));
	for (int i = 0; i < 3; i++) {
		ASSERT_OK(st_raw_next(raw, &seg));
		memcpy(&ip, seg.packet, sizeof(ip));
		EXPECT_EQ(i == 1 ? 9 : 7, ip.ttl);
		EXPECT_EQ(i == 1 ? 0 : 0x10, ip.tos);
		EXPECT_EQ(variant->proto, ip.protocol);
		/* Path MTU discovery (RFC 1191). */
		EXPECT_EQ(htons(IP_DF), ip.frag_off);
	}
}

TEST_F(on, needs_capability)
{
	ASSERT_OK(seteuid(65534));
	EXPECT_ERR(EPERM, st_raw_open(variant->proto));
	EXPECT_LE(0, st_open(variant->proto));
}

TEST_HARNESS_MAIN
