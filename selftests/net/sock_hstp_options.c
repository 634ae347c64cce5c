// SPDX-License-Identifier: GPL-2.0
/* HSTP_NODELAY, HSTP_MAXSEG and HSTP_INFO, which are TCP_NODELAY, TCP_MAXSEG and TCP_INFO. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <stddef.h>
#include <unistd.h>

#include "sock_fixture.h"

static int get(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, level, name, &value, &len) || len != sizeof(value))
		return -1;
	return value;
}

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* Ported by changing two numbers. */
TEST(numbers)
{
	EXPECT_EQ(TCP_NODELAY, HSTP_NODELAY);
	EXPECT_EQ(TCP_MAXSEG, HSTP_MAXSEG);
	EXPECT_EQ(TCP_INFO, HSTP_INFO);
	EXPECT_EQ(IPPROTO_HSTP, SOL_HSTP);
}

TEST_F(on, nodelay)
{
	int level = variant->proto, fd = st_open(variant->proto);

	EXPECT_EQ(0, get(fd, level, HSTP_NODELAY));
	EXPECT_OK(set(fd, level, HSTP_NODELAY, 77));
	EXPECT_EQ(1, get(fd, level, HSTP_NODELAY));
	EXPECT_OK(set(fd, level, HSTP_NODELAY, 0));
	EXPECT_EQ(0, get(fd, level, HSTP_NODELAY));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_OK(set(self->pair.client, level, HSTP_NODELAY, 1));
	EXPECT_EQ(1, get(self->pair.client, level, HSTP_NODELAY));
	/* Small pieces, each at once, arrive all the same. */
	for (int i = 0; i < 50; i++)
		ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(50, st_wait_queued(self->pair.server, 50));
}

/* Switching it on sends what Nagle's algorithm held back (RFC 9293, 3.7.4). */
TEST_F(on, nodelay_pushes)
{
	int level = variant->proto;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	ASSERT_OK(set(self->pair.client, level, HSTP_NODELAY, 1));
	EXPECT_EQ(5, st_wait_queued(self->pair.server, 5));
}

TEST_F(on, maxseg)
{
	int level = variant->proto, fd = st_open(variant->proto), listener;
	struct tcp_info info;

	EXPECT_EQ(536, get(fd, level, HSTP_MAXSEG));
	EXPECT_ERR(EINVAL, set(fd, level, HSTP_MAXSEG, 1));
	EXPECT_ERR(EINVAL, set(fd, level, HSTP_MAXSEG, 40000));
	EXPECT_ERR(EINVAL, set(fd, level, HSTP_MAXSEG, -1));
	EXPECT_OK(set(fd, level, HSTP_MAXSEG, 0));
	EXPECT_OK(set(fd, level, HSTP_MAXSEG, 1000));
	listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, listener);
	ASSERT_OK(connect(fd, (struct sockaddr *)&self->pair.addr, sizeof(self->pair.addr)));
	EXPECT_GE(1000, get(fd, level, HSTP_MAXSEG));
	EXPECT_LT(900, get(fd, level, HSTP_MAXSEG));
	/* The peer was told (MUST-14). */
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_GE(1000, get(fd, level, HSTP_MAXSEG));
	EXPECT_LT(900, get(fd, level, HSTP_MAXSEG));
	ASSERT_OK(st_info(fd, variant->proto, &info));
	EXPECT_GE(1000, info.tcpi_snd_mss);
	EXPECT_LT(900, info.tcpi_snd_mss);
}

/* The loopback's segments are as large as its MTU allows. */
TEST_F(on, maxseg_from_mtu)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_LT(32000, get(self->pair.client, variant->proto, HSTP_MAXSEG));
	EXPECT_GE(65535 - 40, get(self->pair.client, variant->proto, HSTP_MAXSEG));
}

/* tcpi_state through a connection's life. */
TEST_F(on, info_state)
{
	int fd = st_open(variant->proto);
	char byte;

	EXPECT_EQ(TCP_CLOSE, st_state(fd, variant->proto));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(TCP_LISTEN, st_state(self->pair.listener, variant->proto));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(self->pair.client, variant->proto));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(self->pair.server, variant->proto));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	EXPECT_EQ(TCP_CLOSE_WAIT,
		  st_wait_state(self->pair.server, variant->proto, TCP_CLOSE_WAIT));
	EXPECT_EQ(TCP_FIN_WAIT2,
		  st_wait_state(self->pair.client, variant->proto, TCP_FIN_WAIT2));
	ASSERT_OK(shutdown(self->pair.server, SHUT_WR));
	ASSERT_EQ(0, recv(self->pair.client, &byte, 1, 0));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(self->pair.server, variant->proto, TCP_CLOSE));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
}

/* An established connection has its estimates (RFC 6298). */
TEST_F(on, info_numbers)
{
	struct tcp_info info;
	char in[100];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(sizeof(in), send(self->pair.client, in, sizeof(in), 0));
		ASSERT_EQ(sizeof(in), st_read_all(self->pair.server, in, sizeof(in)));
	}
	ASSERT_EQ(0, st_wait_unsent(self->pair.client, 0));
	ASSERT_OK(st_info(self->pair.client, variant->proto, &info));
	EXPECT_LT(0, info.tcpi_rto);
	EXPECT_GE(120000000, info.tcpi_rto);
	EXPECT_LT(0, info.tcpi_rtt);
	EXPECT_LT(0, info.tcpi_snd_mss);
	EXPECT_LT(0, info.tcpi_rcv_mss);
	EXPECT_EQ(0, info.tcpi_unacked);
	EXPECT_EQ(0, info.tcpi_retransmits);
}

/* A shorter buffer gets the beginning of the structure. */
TEST_F(on, info_length)
{
	unsigned char bytes[sizeof(struct tcp_info) + 512];
	socklen_t len = 1;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	memset(bytes, 0xee, sizeof(bytes));
	ASSERT_OK(getsockopt(self->pair.client, variant->proto, HSTP_INFO, bytes, &len));
	EXPECT_EQ(1, len);
	EXPECT_EQ(TCP_ESTABLISHED, bytes[0]);
	EXPECT_EQ(0xee, bytes[1]);
	/* A longer one is told how much there is. */
	len = sizeof(bytes);
	ASSERT_OK(getsockopt(self->pair.client, variant->proto, HSTP_INFO, bytes, &len));
	EXPECT_LE(offsetof(struct tcp_info, tcpi_total_retrans), len);
	EXPECT_GT(sizeof(bytes), len);
	len = 0;
	EXPECT_OK(getsockopt(self->pair.client, variant->proto, HSTP_INFO, bytes, &len));
	EXPECT_EQ(0, len);
	EXPECT_ERR(ENOPROTOOPT, set(self->pair.client, variant->proto, HSTP_INFO, 1));
}

/* An int is read and written whole or in part. */
TEST_F(on, int_length)
{
	int level = variant->proto, fd = st_open(variant->proto), value = -1;
	unsigned char byte = 1, bytes[4];
	socklen_t len = 1;

	EXPECT_ERR(EINVAL, setsockopt(fd, level, HSTP_NODELAY, &byte, 1));
	EXPECT_ERR(EINVAL, setsockopt(fd, level, HSTP_NODELAY, &value, 0));
	ASSERT_OK(set(fd, level, HSTP_NODELAY, 1));
	ASSERT_OK(getsockopt(fd, level, HSTP_NODELAY, &value, &len));
	EXPECT_EQ(1, len);
	/* The other bytes are what they were. */
	memcpy(bytes, &value, sizeof(bytes));
	EXPECT_EQ(1, bytes[0]);
	EXPECT_EQ(0xff, bytes[1]);
	EXPECT_EQ(0xff, bytes[3]);
	len = 100;
	ASSERT_OK(getsockopt(fd, level, HSTP_NODELAY, &value, &len));
	EXPECT_EQ(sizeof(int), len);
	EXPECT_EQ(1, value);
}

TEST_F(on, wrong_arguments)
{
	int level = variant->proto, fd = st_open(variant->proto), value = 1;
	socklen_t len = -1;

	EXPECT_ERR(EFAULT, setsockopt(fd, level, HSTP_NODELAY, NULL, sizeof(value)));
	EXPECT_ERR(EFAULT, setsockopt(fd, level, HSTP_MAXSEG, (void *)8, sizeof(value)));
	EXPECT_ERR(EINVAL, getsockopt(fd, level, HSTP_NODELAY, &value, &len));
	EXPECT_ERR(EINVAL, getsockopt(fd, level, HSTP_INFO, &value, &len));
	len = sizeof(value);
	EXPECT_ERR(EFAULT, getsockopt(fd, level, HSTP_NODELAY, (void *)8, &len));
	EXPECT_ERR(EFAULT, getsockopt(fd, level, HSTP_NODELAY, &value, NULL));
	EXPECT_ERR(EFAULT, getsockopt(fd, level, HSTP_INFO, (void *)8, &len));
	EXPECT_ERR(ENOPROTOOPT, set(fd, level, 9999, 1));
	EXPECT_ERR(ENOPROTOOPT, getsockopt(fd, level, 9999, &value, &len));
}

TEST_HARNESS_MAIN
