// SPDX-License-Identifier: GPL-2.0
/* listen(): who may, how many may wait, and what a listener refuses to do. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_raw.h"

TEST_F(on, state)
{
	int fd = st_listen(variant->proto, &self->pair.addr, 1);

	ASSERT_LE(0, fd);
	EXPECT_EQ(TCP_LISTEN, st_state(fd, variant->proto));
	EXPECT_EQ(0, st_events(fd, POLLIN | POLLOUT | POLLRDHUP));
}

/* Without bind() the system chooses a port, on every address. */
TEST_F(on, unbound)
{
	struct sockaddr_in addr = { 0 };
	socklen_t len = sizeof(addr);
	int fd = st_open(variant->proto);

	ASSERT_OK(listen(fd, 1));
	ASSERT_OK(getsockname(fd, (struct sockaddr *)&addr, &len));
	EXPECT_EQ(htonl(INADDR_ANY), addr.sin_addr.s_addr);
	EXPECT_NE(0, addr.sin_port);
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	EXPECT_LE(0, st_connect(variant->proto, &addr));
}

/* RFC 9293 MUST-41, MUST-42: listeners on one port, each for a local address of its own; what
 * one of them does leaves the other, and connections on that port, alone.
 */
TEST_F(on, one_port_two_addresses)
{
	struct sockaddr_in one = st_loopback(0), two;
	int listener[2], client[2], server[2];
	char byte;

	listener[0] = st_listen(variant->proto, &one, 2);
	ASSERT_LE(0, listener[0]);
	client[0] = st_connect(variant->proto, &one);
	ASSERT_LE(0, client[0]);
	server[0] = accept(listener[0], NULL, NULL);
	two = one;
	two.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
	listener[1] = st_listen(variant->proto, &two, 2);
	ASSERT_LE(0, listener[1]);
	client[1] = st_connect(variant->proto, &two);
	ASSERT_LE(0, client[1]);
	server[1] = accept(listener[1], NULL, NULL);
	ASSERT_LE(0, server[1]);
	ASSERT_OK(close(listener[1]));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(1, send(client[i], i ? "b" : "a", 1, 0));
		ASSERT_EQ(1, recv(server[i], &byte, 1, 0));
		EXPECT_EQ(i ? 'b' : 'a', byte);
	}
	EXPECT_EQ(-1, st_connect(variant->proto, &two));
	EXPECT_LE(0, st_connect(variant->proto, &one));
}

TEST_F(on, not_when_connected)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_ERR(EINVAL, listen(self->pair.client, 1));
	EXPECT_ERR(EINVAL, listen(self->pair.server, 1));
	/* Nothing happened to them. */
	EXPECT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(1, st_wait_queued(self->pair.server, 1));
}

/*
 * A backlog of n lets n + 1 connections wait; listen() again changes n, and
 * what waits stays. What finds no room gets no answer (the SYN is dropped),
 * and its retransmission gets in when there is room.
 */
TEST_F(on, backlog)
{
	struct sockaddr_in addr;
	int listener = st_listen(variant->proto, &addr, 1), late;

	ASSERT_LE(0, listener);
	ASSERT_OK(st_fast_retransmission(variant->proto));
	for (int i = 0; i < 2; i++)
		ASSERT_LE(0, st_connect(variant->proto, &addr));
	/* The clients are open a moment before the listener's queue has them. */
	ASSERT_OK(st_settle());

	late = st_open(variant->proto);
	ASSERT_OK(st_nonblocking(late));
	ASSERT_ERR(EINPROGRESS, connect(late, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_EQ(0, poll(&(struct pollfd){ .fd = late, .events = POLLOUT }, 1,
			  ST_QUIET_MS));
	EXPECT_EQ(TCP_SYN_SENT, st_state(late, variant->proto));

	ASSERT_OK(listen(listener, 2));
	EXPECT_EQ(POLLOUT, st_wait_events(late, POLLIN | POLLOUT, POLLOUT));
	for (int i = 0; i < 3; i++)
		EXPECT_LE(0, accept(listener, NULL, NULL));
}

/* accept() makes the room. */
TEST_F(on, backlog_drained)
{
	struct sockaddr_in addr;
	int listener = st_listen(variant->proto, &addr, 0), late;

	ASSERT_LE(0, listener);
	ASSERT_OK(st_fast_retransmission(variant->proto));
	ASSERT_LE(0, st_connect(variant->proto, &addr));
	ASSERT_EQ(POLLIN, st_wait_events(listener, POLLIN, POLLIN));
	late = st_open(variant->proto);
	ASSERT_OK(st_nonblocking(late));
	ASSERT_ERR(EINPROGRESS, connect(late, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_LE(0, accept(listener, NULL, NULL));
	EXPECT_EQ(POLLOUT, st_wait_events(late, POLLIN | POLLOUT, POLLOUT));
	EXPECT_LE(0, accept(listener, NULL, NULL));
}

/* A negative backlog is as large as the system allows. */
TEST_F(on, backlog_negative)
{
	struct sockaddr_in addr;
	int listener = st_listen(variant->proto, &addr, -1);

	ASSERT_LE(0, listener);
	for (int i = 0; i < 10; i++)
		ASSERT_LE(0, st_connect(variant->proto, &addr));
	for (int i = 0; i < 10; i++)
		ASSERT_LE(0, accept(listener, NULL, NULL));
}

/* net.core.somaxconn bounds it from above. */
TEST_F(on, backlog_somaxconn)
{
	struct sockaddr_in addr;
	int listener, late;

	ASSERT_OK(st_sysctl("net/core/somaxconn", 0));
	listener = st_listen(variant->proto, &addr, 100);
	ASSERT_LE(0, listener);
	ASSERT_LE(0, st_connect(variant->proto, &addr));
	ASSERT_EQ(POLLIN, st_wait_events(listener, POLLIN, POLLIN));
	late = st_open(variant->proto);
	ASSERT_OK(st_nonblocking(late));
	ASSERT_ERR(EINPROGRESS, connect(late, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_EQ(0, poll(&(struct pollfd){ .fd = late, .events = POLLOUT }, 1,
			  ST_QUIET_MS));
}

/* A listener has no stream. */
TEST_F(on, no_stream)
{
	struct sockaddr_in addr;
	int fd = st_listen(variant->proto, &addr, 1);
	socklen_t len = sizeof(addr);
	char byte = 0;

	ASSERT_LE(0, fd);
	EXPECT_ERR(ENOTCONN, recv(fd, &byte, 1, 0));
	EXPECT_ERR(EPIPE, send(fd, &byte, 1, MSG_NOSIGNAL));
	EXPECT_ERR(EISCONN, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_ERR(ENOTCONN, getpeername(fd, (struct sockaddr *)&addr, &len));
	EXPECT_EQ(TCP_LISTEN, st_state(fd, variant->proto));
}

/* shutdown() of a listener's reading side ends it; it can listen again. */
TEST_F(on, shutdown)
{
	struct sockaddr_in addr = st_loopback(4711);
	int fd = st_open(variant->proto);

	ASSERT_OK(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_OK(listen(fd, 1));
	ASSERT_OK(shutdown(fd, SHUT_RD));
	EXPECT_EQ(TCP_CLOSE, st_state(fd, variant->proto));
	EXPECT_EQ(-1, st_connect(variant->proto, &addr));
	EXPECT_EQ(ECONNREFUSED, errno);
	EXPECT_ERR(EINVAL, accept(fd, NULL, NULL));
	ASSERT_OK(listen(fd, 1));
	EXPECT_LE(0, st_connect(variant->proto, &addr));
}

/* The other side is none of its business. */
TEST_F(on, shutdown_write)
{
	struct sockaddr_in addr;
	int fd = st_listen(variant->proto, &addr, 1);

	ASSERT_LE(0, fd);
	ASSERT_OK(shutdown(fd, SHUT_WR));
	EXPECT_EQ(TCP_LISTEN, st_state(fd, variant->proto));
	EXPECT_LE(0, st_connect(variant->proto, &addr));
}

/* Connections that nobody accepted are reset when their listener closes. */
TEST_F(on, close_resets_waiting)
{
	struct sockaddr_in addr;
	int listener = st_listen(variant->proto, &addr, 2), client;
	char byte;

	ASSERT_LE(0, listener);
	client = st_connect(variant->proto, &addr);
	ASSERT_LE(0, client);
	ASSERT_EQ(POLLIN, st_wait_events(listener, POLLIN, POLLIN));
	close(listener);
	EXPECT_ERR(ECONNRESET, recv(client, &byte, 1, 0));
	EXPECT_EQ(TCP_CLOSE, st_state(client, variant->proto));
	EXPECT_EQ(-1, st_connect(variant->proto, &addr));
	EXPECT_EQ(ECONNREFUSED, errno);
}

/* A connection is accepted with what arrived before. */
TEST_F(on, data_before_accept)
{
	struct sockaddr_in addr;
	int listener = st_listen(variant->proto, &addr, 2), client, server;
	char text[16];

	ASSERT_LE(0, listener);
	client = st_connect(variant->proto, &addr);
	ASSERT_LE(0, client);
	ASSERT_EQ(5, send(client, "hello", 5, 0));
	ASSERT_OK(close(client));
	server = accept(listener, NULL, NULL);
	ASSERT_LE(0, server);
	EXPECT_EQ(5, st_read_all(server, text, sizeof(text)));
	EXPECT_EQ(0, memcmp(text, "hello", 5));
}

TEST_HARNESS_MAIN
