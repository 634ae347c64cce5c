// SPDX-License-Identifier: GPL-2.0
/* getsockname() and getpeername() in every state of a socket. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <unistd.h>

#include "sock_fixture.h"

static struct sockaddr_in local(int fd)
{
	struct sockaddr_in addr = { .sin_family = 0xffff };
	socklen_t len = sizeof(addr);

	return getsockname(fd, (struct sockaddr *)&addr, &len) ?
	       (struct sockaddr_in){ 0 } : addr;
}

/* errno, or 0. */
static int peer_error(int fd)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	return st_err(getpeername(fd, (struct sockaddr *)&addr, &len));
}

static struct sockaddr_in peer(int fd)
{
	struct sockaddr_in addr = { .sin_family = 0xffff };
	socklen_t len = sizeof(addr);

	return getpeername(fd, (struct sockaddr *)&addr, &len) ?
	       (struct sockaddr_in){ 0 } : addr;
}

static int same(struct sockaddr_in a, struct sockaddr_in b)
{
	return a.sin_family == b.sin_family && a.sin_port == b.sin_port &&
	       a.sin_addr.s_addr == b.sin_addr.s_addr;
}

TEST_F(on, closed)
{
	int fd = st_open(variant->proto);

	EXPECT_EQ(AF_INET, local(fd).sin_family);
	EXPECT_EQ(0, local(fd).sin_port);
	EXPECT_EQ(htonl(INADDR_ANY), local(fd).sin_addr.s_addr);
	EXPECT_EQ(ENOTCONN, peer_error(fd));
}

TEST_F(on, listening)
{
	int fd = st_listen(variant->proto, &self->pair.addr, 1);

	EXPECT_TRUE(same(local(fd), self->pair.addr));
	EXPECT_EQ(ENOTCONN, peer_error(fd));
}

/* In SYN-SENT the connection has a local end, and a remote one that nobody has met. */
TEST_F(on, connecting)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(7) };
	int fd = st_open(variant->proto);

	ASSERT_OK(st_route_silent());
	addr.sin_addr = st_silent_addr;
	ASSERT_OK(st_nonblocking(fd));
	ASSERT_ERR(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_NE(0, local(fd).sin_port);
	EXPECT_EQ(st_own_addr.s_addr, local(fd).sin_addr.s_addr);
	EXPECT_EQ(ENOTCONN, peer_error(fd));
}

TEST_F(on, established)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_TRUE(same(peer(self->pair.client), self->pair.addr));
	EXPECT_TRUE(same(local(self->pair.server), self->pair.addr));
	EXPECT_TRUE(same(peer(self->pair.server), local(self->pair.client)));
	EXPECT_EQ(htonl(INADDR_LOOPBACK), local(self->pair.client).sin_addr.s_addr);
}

/* A connection to a wildcard listener has the address that it came to. */
TEST_F(on, wildcard_listener)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(4711) };
	int listener = st_open(variant->proto), server;

	ASSERT_OK(bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_OK(listen(listener, 1));
	addr.sin_addr.s_addr = inet_addr("127.0.0.7");
	ASSERT_LE(0, st_connect(variant->proto, &addr));
	server = accept(listener, NULL, NULL);
	ASSERT_LE(0, server);
	EXPECT_TRUE(same(local(server), addr));
	EXPECT_EQ(htonl(INADDR_ANY), local(listener).sin_addr.s_addr);
}

/* Half-closed in either direction it still has both ends. */
TEST_F(on, half_closed)
{
	struct sockaddr_in name;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	name = local(self->pair.client);
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_EQ(TCP_CLOSE_WAIT,
		  st_wait_state(self->pair.server, variant->proto, TCP_CLOSE_WAIT));
	EXPECT_TRUE(same(peer(self->pair.server), name));
	EXPECT_TRUE(same(peer(self->pair.client), self->pair.addr));
	EXPECT_TRUE(same(local(self->pair.client), name));
}

/* Closed by both: no peer any more. */
TEST_F(on, ended)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_OK(shutdown(self->pair.server, SHUT_WR));
	ASSERT_EQ(0, recv(self->pair.client, &byte, 1, 0));
	ASSERT_EQ(TCP_CLOSE, st_wait_state(self->pair.server, variant->proto, TCP_CLOSE));
	ASSERT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
	EXPECT_EQ(ENOTCONN, peer_error(self->pair.server));
	EXPECT_EQ(ENOTCONN, peer_error(self->pair.client));
	EXPECT_EQ(htonl(INADDR_LOOPBACK), local(self->pair.server).sin_addr.s_addr);
}

TEST_F(on, reset)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
	EXPECT_EQ(ENOTCONN, peer_error(self->pair.client));
}

TEST_F(on, refused)
{
	struct sockaddr_in addr = st_loopback(4711);
	int fd = st_open(variant->proto);

	ASSERT_ERR(ECONNREFUSED, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_EQ(ENOTCONN, peer_error(fd));
}

TEST_F(on, lengths)
{
	unsigned char bytes[16];
	socklen_t len = 3;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	memset(bytes, 0xee, sizeof(bytes));
	ASSERT_OK(getpeername(self->pair.client, (struct sockaddr *)bytes, &len));
	EXPECT_EQ(sizeof(struct sockaddr_in), len);
	EXPECT_EQ(0xee, bytes[3]);
	EXPECT_NE(0xee, bytes[0]);
	len = -1;
	EXPECT_ERR(EINVAL, getsockname(self->pair.client, (struct sockaddr *)bytes, &len));
	len = sizeof(bytes);
	EXPECT_ERR(EFAULT, getsockname(self->pair.client, (struct sockaddr *)8, &len));
	EXPECT_ERR(EFAULT, getpeername(self->pair.client, (struct sockaddr *)bytes,
				       (socklen_t *)8));
}

TEST_HARNESS_MAIN
