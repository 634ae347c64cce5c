// SPDX-License-Identifier: GPL-2.0
/* A reset arrives: what every call and SO_ERROR say, blocked in it or called after. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_raw.h"

#define EVENTS (POLLIN | POLLOUT | POLLRDHUP)
#define HUNG_UP (POLLIN | POLLOUT | POLLRDHUP | POLLHUP)

/* The error is told once, and all that follows is the end. */
TEST_F(on, so_error)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(0, st_take_error(self->pair.client));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_EQ(HUNG_UP | POLLERR,
		  st_wait_events(self->pair.client, EVENTS, HUNG_UP | POLLERR));
	EXPECT_EQ(ECONNRESET, st_take_error(self->pair.client));
	EXPECT_EQ(0, st_take_error(self->pair.client));
	EXPECT_EQ(HUNG_UP, st_events(self->pair.client, EVENTS));
	EXPECT_EQ(0, recv(self->pair.client, &byte, 1, 0));
	EXPECT_ERR(EPIPE, send(self->pair.client, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(TCP_CLOSE, st_state(self->pair.client, variant->proto));
}

/* The first call that looks takes it. */
TEST_F(on, recv_takes)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
	EXPECT_ERR(ECONNRESET, recv(self->pair.client, &byte, 1, 0));
	EXPECT_EQ(0, st_take_error(self->pair.client));
	EXPECT_EQ(0, recv(self->pair.client, &byte, 1, 0));
}

TEST_F(on, send_takes)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
	EXPECT_ERR(ECONNRESET, send(self->pair.client, "x", 1, MSG_NOSIGNAL));
	EXPECT_EQ(0, st_take_error(self->pair.client));
}

/* A broken pipe is no reset: in CLOSE-WAIT the peer had said it was done. */
TEST_F(on, close_wait)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(shutdown(self->pair.server, SHUT_WR));
	ASSERT_EQ(TCP_CLOSE_WAIT,
		  st_wait_state(self->pair.client, variant->proto, TCP_CLOSE_WAIT));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
	EXPECT_EQ(EPIPE, st_take_error(self->pair.client));
	EXPECT_EQ(0, recv(self->pair.client, &byte, 1, 0));
}

/* Half-closed, waiting for the rest. */
TEST_F(on, fin_wait)
{
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_EQ(TCP_FIN_WAIT2,
		  st_wait_state(self->pair.client, variant->proto, TCP_FIN_WAIT2));
	ASSERT_OK(st_abort(self->pair.server));
	EXPECT_ERR(ECONNRESET, recv(self->pair.client, &byte, 1, 0));
	EXPECT_EQ(TCP_CLOSE, st_state(self->pair.client, variant->proto));
}

TEST_F(on, while_receiving)
{
	char in[8];
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in) };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	call.fd = self->pair.client;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(ECONNRESET, call.err);
}

/* MSG_WAITALL gives what it has; the error is the next call's. */
TEST_F(on, while_waiting_for_all)
{
	char in[8] = "", byte;
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in),
				  .flags = MSG_WAITALL };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(3, send(self->pair.server, "abc", 3, 0));
	ASSERT_EQ(3, st_wait_queued(self->pair.client, 3));
	call.fd = self->pair.client;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_EQ(0, st_wait_queued(self->pair.client, 0));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(3, call.ret);
	EXPECT_STREQ("abc", in);
	EXPECT_ERR(ECONNRESET, recv(self->pair.client, &byte, 1, 0));
}

TEST_F(on, while_sending)
{
	static char out[65536];
	struct st_call call = { .nr = SYS_sendto, .buf = out, .len = sizeof(out),
				  .flags = MSG_NOSIGNAL };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_LT(0, st_fill(self->pair.client));
	call.fd = self->pair.client;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(ECONNRESET, call.err);
}

/* In poll(), which was not asked for errors. */
TEST_F(on, while_polling)
{
	struct st_call call = { .nr = SYS_poll };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	call.fd = self->pair.client;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(POLLERR | POLLHUP, call.ret);
}

/*
 * A full accept queue leaves the client in SYN-SENT; the listener goes, and
 * the next SYN is answered with a reset.
 */
TEST_F(on, while_connecting)
{
	struct st_call call = { .nr = SYS_connect };
	int listener = st_listen(variant->proto, &call.addr, 0);

	ASSERT_LE(0, listener);
	ASSERT_OK(st_fast_retransmission(variant->proto));
	ASSERT_LE(0, st_connect(variant->proto, &call.addr));
	ASSERT_EQ(POLLIN, st_wait_events(listener, POLLIN, POLLIN));
	call.fd = st_open(variant->proto);
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(close(listener));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(ECONNREFUSED, call.err);
	EXPECT_EQ(TCP_CLOSE, st_state(call.fd, variant->proto));
}

/* accept() sleeps through a reset of what it never saw, and works on. */
TEST_F(on, while_accepting)
{
	struct sockaddr_in addr;
	struct st_call call = { .nr = SYS_accept };
	int fd;

	call.fd = st_listen(variant->proto, &addr, 1);
	ASSERT_LE(0, call.fd);
	ASSERT_OK(st_call_blocked(&call));
	fd = st_connect(variant->proto, &addr);
	ASSERT_LE(0, fd);
	ASSERT_OK(st_settle());
	ASSERT_OK(st_abort(fd));
	ASSERT_OK(st_call_join(&call));
	ASSERT_LE(0, call.ret);
	EXPECT_EQ(TCP_CLOSE, st_wait_state(call.ret, variant->proto, TCP_CLOSE));
	EXPECT_EQ(ECONNRESET, st_take_error(call.ret));
	EXPECT_LE(0, st_connect(variant->proto, &addr));
	EXPECT_LE(0, accept(call.fd, NULL, NULL));
}

/* The socket is good for another connection. */
TEST_F(on, connect_again)
{
	char byte = 0;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_abort(self->pair.server));
	ASSERT_EQ(TCP_CLOSE, st_wait_state(self->pair.client, variant->proto, TCP_CLOSE));
	EXPECT_EQ(ECONNRESET, st_take_error(self->pair.client));
	ASSERT_OK(connect(self->pair.client, &(struct sockaddr){ .sa_family = AF_UNSPEC },
			  sizeof(struct sockaddr)));
	ASSERT_OK(connect(self->pair.client, (struct sockaddr *)&self->pair.addr,
			  sizeof(self->pair.addr)));
	self->pair.server = accept(self->pair.listener, NULL, NULL);
	ASSERT_LE(0, self->pair.server);
	EXPECT_EQ(1, send(self->pair.server, "x", 1, 0));
	EXPECT_EQ(1, recv(self->pair.client, &byte, 1, 0));
	EXPECT_EQ('x', byte);
}

TEST_HARNESS_MAIN
