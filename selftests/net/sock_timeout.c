// SPDX-License-Identifier: GPL-2.0
/* A connection that is given up (RFC 9293, 3.8.3): what each call says of it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_lonely.h"

#define EVENTS (POLLIN | POLLOUT | POLLRDHUP)
#define HUNG_UP (POLLIN | POLLOUT | POLLRDHUP | POLLHUP | POLLERR)

/* Text that is retransmitted for half a minute, a blocking socket. */
static int open_patient(int proto, struct st_lonely *lonely)
{
	return st_route_silent() ?: st_fast_retransmission(proto) ?:
	       st_setting(proto, ST_RETRIES, 6) ?: st_lonely_open(proto, lonely) ?:
	       fcntl(lonely->fd, F_SETFL, O_RDWR);
}

/* From now on what was retransmitted once is given up with the next timeout. */
static int doom(int proto)
{
	return st_setting(proto, ST_RETRIES, 1);
}

/* The same from the beginning: it ends at any moment, perhaps before this returns. */
static int open_doomed(int proto, struct st_lonely *lonely)
{
	return open_patient(proto, lonely) ?: doom(proto);
}

TEST_F(on, poll)
{
	struct st_lonely lonely;
	char byte;

	ASSERT_OK(open_doomed(variant->proto, &lonely));
	EXPECT_EQ(HUNG_UP, st_wait_events(lonely.fd, EVENTS, HUNG_UP));
	EXPECT_EQ(TCP_CLOSE, st_state(lonely.fd, variant->proto));
	EXPECT_EQ(ETIMEDOUT, st_take_error(lonely.fd));
	EXPECT_EQ(0, st_take_error(lonely.fd));
	EXPECT_EQ(0, recv(lonely.fd, &byte, 1, 0));
	EXPECT_ERR(EPIPE, send(lonely.fd, "x", 1, MSG_NOSIGNAL));
}

TEST_F(on, while_receiving)
{
	struct st_call call = { .nr = SYS_recvfrom };
	struct st_lonely lonely;
	char in[8];

	ASSERT_OK(open_doomed(variant->proto, &lonely));
	call.fd = lonely.fd;
	call.buf = in;
	call.len = sizeof(in);
	ASSERT_OK(st_call_start(&call));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(ETIMEDOUT, call.err);
}

/* A writer that waits for room. */
TEST_F(on, while_sending)
{
	static char out[4 << 20];
	struct st_call call = { .nr = SYS_sendto, .buf = out, .len = sizeof(out),
				.flags = MSG_NOSIGNAL };
	struct st_lonely lonely;
	int size = 8192;

	ASSERT_OK(open_patient(variant->proto, &lonely));
	ASSERT_OK(setsockopt(lonely.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
	call.fd = lonely.fd;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(doom(variant->proto));
	ASSERT_OK(st_call_join(&call));
	/* What was taken before is told first. */
	EXPECT_LT(0, call.ret);
	EXPECT_ERR(ETIMEDOUT, send(lonely.fd, "x", 1, MSG_NOSIGNAL));
	EXPECT_ERR(EPIPE, send(lonely.fd, "x", 1, MSG_NOSIGNAL));
}

/* The network has said why: that is the reason then. */
TEST_F(on, explained)
{
	struct st_lonely lonely;

	ASSERT_OK(open_patient(variant->proto, &lonely));
	ASSERT_OK(st_icmp_error(&lonely.sent, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0));
	ASSERT_OK(doom(variant->proto));
	EXPECT_EQ(HUNG_UP, st_wait_events(lonely.fd, EVENTS, HUNG_UP));
	EXPECT_EQ(EHOSTUNREACH, st_take_error(lonely.fd));
}

/* An acknowledgment in time, and the connection lives. */
TEST_F(on, saved)
{
	struct st_lonely lonely;

	ASSERT_OK(open_patient(variant->proto, &lonely));
	ASSERT_OK(st_raw_wait(lonely.raw, &lonely.sent, ST_SYN | ST_ACK, ST_ACK));
	EXPECT_TRUE(st_lonely_works(variant->proto, &lonely));
	EXPECT_EQ(0, st_take_error(lonely.fd));
}

/* A FIN that nobody acknowledges. */
TEST_F(on, fin)
{
	struct st_lonely lonely;

	ASSERT_OK(open_patient(variant->proto, &lonely));
	ASSERT_OK(st_lonely_answer(variant->proto, &lonely, ST_ACK,
				   lonely.sent.seq + lonely.sent.len));
	ASSERT_EQ(0, st_wait_unsent(lonely.fd, 0));
	ASSERT_OK(shutdown(lonely.fd, SHUT_WR));
	EXPECT_EQ(TCP_FIN_WAIT1, st_state(lonely.fd, variant->proto));
	ASSERT_OK(doom(variant->proto));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(lonely.fd, variant->proto, TCP_CLOSE));
	EXPECT_EQ(ETIMEDOUT, st_take_error(lonely.fd));
}

/* close() does not wait for it. */
TEST_F(on, close)
{
	struct st_lonely lonely;
	struct st_segment fin;

	ASSERT_OK(open_patient(variant->proto, &lonely));
	ASSERT_OK(close(lonely.fd));
	ASSERT_OK(st_raw_wait(lonely.raw, &fin, ST_FIN, ST_FIN));
	EXPECT_EQ(lonely.sent.seq + lonely.sent.len, fin.seq + fin.len);
}

TEST_HARNESS_MAIN
