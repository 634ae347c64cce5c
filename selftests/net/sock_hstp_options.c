// SPDX-License-Identifier: GPL-2.0
/* The options of level SOL_HSTP, which are those of TCP: values, bounds, errors, inheritance. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_info.h"

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
	EXPECT_EQ(TCP_CORK, HSTP_CORK);
	EXPECT_EQ(TCP_KEEPIDLE, HSTP_KEEPIDLE);
	EXPECT_EQ(TCP_KEEPINTVL, HSTP_KEEPINTVL);
	EXPECT_EQ(TCP_KEEPCNT, HSTP_KEEPCNT);
	EXPECT_EQ(TCP_SYNCNT, HSTP_SYNCNT);
	EXPECT_EQ(TCP_LINGER2, HSTP_LINGER2);
	EXPECT_EQ(TCP_DEFER_ACCEPT, HSTP_DEFER_ACCEPT);
	EXPECT_EQ(TCP_WINDOW_CLAMP, HSTP_WINDOW_CLAMP);
	EXPECT_EQ(TCP_INFO, HSTP_INFO);
	EXPECT_EQ(TCP_QUICKACK, HSTP_QUICKACK);
	EXPECT_EQ(TCP_CONGESTION, HSTP_CONGESTION);
	EXPECT_EQ(TCP_USER_TIMEOUT, HSTP_USER_TIMEOUT);
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

/* What is asked for, and what is told then; -1: refused with EINVAL. */
struct bound {
	int name, ask, told;
};

static const struct bound bounds[] = {
	{ HSTP_CORK, 5, 1 },		{ HSTP_CORK, 0, 0 },
	{ HSTP_KEEPIDLE, 0, -1 },	{ HSTP_KEEPIDLE, -1, -1 },
	{ HSTP_KEEPIDLE, 1, 1 },	{ HSTP_KEEPIDLE, 32767, 32767 },
	{ HSTP_KEEPIDLE, 32768, -1 },
	{ HSTP_KEEPINTVL, 0, -1 },	{ HSTP_KEEPINTVL, 1, 1 },
	{ HSTP_KEEPINTVL, 32767, 32767 }, { HSTP_KEEPINTVL, 32768, -1 },
	{ HSTP_KEEPCNT, 0, -1 },	{ HSTP_KEEPCNT, 1, 1 },
	{ HSTP_KEEPCNT, 127, 127 },	{ HSTP_KEEPCNT, 128, -1 },
	{ HSTP_SYNCNT, 0, -1 },		{ HSTP_SYNCNT, 1, 1 },
	{ HSTP_SYNCNT, 127, 127 },	{ HSTP_SYNCNT, 128, -1 },
	{ HSTP_LINGER2, 5, 5 },		{ HSTP_LINGER2, 100000, 120 },
	{ HSTP_LINGER2, 0, 60 },
	{ HSTP_USER_TIMEOUT, 7000, 7000 }, { HSTP_USER_TIMEOUT, 0, 0 },
	{ HSTP_USER_TIMEOUT, -1, -1 },
	{ HSTP_DEFER_ACCEPT, 0, 0 },	{ HSTP_DEFER_ACCEPT, 1, 1 },
	{ HSTP_DEFER_ACCEPT, 2, 3 },	{ HSTP_DEFER_ACCEPT, 10, 15 },
	{ HSTP_DEFER_ACCEPT, -1, 0 },
	{ HSTP_WINDOW_CLAMP, 20000, 20000 }, { HSTP_WINDOW_CLAMP, 1, 1152 },
	{ HSTP_WINDOW_CLAMP, 0, 0 },
	{ HSTP_QUICKACK, 0, 0 },	{ HSTP_QUICKACK, 1, 1 },
};

TEST_F(on, bounds)
{
	int level = variant->proto, fd = st_open(variant->proto);

	for (size_t i = 0; i < sizeof(bounds) / sizeof(*bounds); i++) {
		const struct bound *b = &bounds[i];
		int before = get(fd, level, b->name);

		TH_LOG("option %d: %d", b->name, b->ask);
		if (b->told < 0) {
			EXPECT_ERR(EINVAL, set(fd, level, b->name, b->ask));
			EXPECT_EQ(before, get(fd, level, b->name));
		} else {
			EXPECT_OK(set(fd, level, b->name, b->ask));
			EXPECT_EQ(b->told, get(fd, level, b->name));
		}
	}
	ASSERT_OK(set(fd, level, HSTP_LINGER2, -5));
	EXPECT_EQ(-1, get(fd, level, HSTP_LINGER2));
}

TEST_F(on, defaults)
{
	int level = variant->proto, fd = st_open(variant->proto);

	EXPECT_EQ(0, get(fd, level, HSTP_CORK));
	/* MUST-28: two hours at least */
	EXPECT_EQ(7200, get(fd, level, HSTP_KEEPIDLE));
	EXPECT_EQ(75, get(fd, level, HSTP_KEEPINTVL));
	EXPECT_EQ(9, get(fd, level, HSTP_KEEPCNT));
	/* MUST-23: a SYN is worth three minutes; six are two in TCP */
	EXPECT_EQ(variant->proto == IPPROTO_TCP ? 6 : 7, get(fd, level, HSTP_SYNCNT));
	EXPECT_EQ(60, get(fd, level, HSTP_LINGER2));
	EXPECT_EQ(0, get(fd, level, HSTP_USER_TIMEOUT));
	EXPECT_EQ(0, get(fd, level, HSTP_DEFER_ACCEPT));
	EXPECT_EQ(1, get(fd, level, HSTP_QUICKACK));
	/* A connection cannot be without a window. */
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_ERR(EINVAL, set(self->pair.client, level, HSTP_WINDOW_CLAMP, 0));
	EXPECT_LT(0, get(self->pair.client, level, HSTP_WINDOW_CLAMP));
}

/* The names; "reno" is what every kernel's TCP has, too. */
TEST_F(on, congestion)
{
	int level = variant->proto, fd = st_open(variant->proto);
	char name[32];
	socklen_t len = sizeof(name);

	EXPECT_OK(setsockopt(fd, level, HSTP_CONGESTION, "reno", 4));
	ASSERT_OK(getsockopt(fd, level, HSTP_CONGESTION, name, &len));
	EXPECT_EQ(16, len);
	EXPECT_STREQ("reno", name);
	EXPECT_ERR(ENOENT, setsockopt(fd, level, HSTP_CONGESTION, "nonesuch", 8));
	EXPECT_ERR(EINVAL, setsockopt(fd, level, HSTP_CONGESTION, "reno", 0));
	EXPECT_ERR(EFAULT, setsockopt(fd, level, HSTP_CONGESTION, NULL, 4));
	len = 3;
	memset(name, 'x', sizeof(name));
	ASSERT_OK(getsockopt(fd, level, HSTP_CONGESTION, name, &len));
	EXPECT_EQ(3, len);
	EXPECT_EQ(0, memcmp(name, "renx", 4));
	if (variant->proto != IPPROTO_HSTP)
		return;
	len = sizeof(name);
	ASSERT_OK(setsockopt(fd, level, HSTP_CONGESTION, "newreno", 7));
	ASSERT_OK(getsockopt(fd, level, HSTP_CONGESTION, name, &len));
	EXPECT_STREQ("newreno", name);
}

/* A child has what its listener was set to. */
TEST_F(on, inherited)
{
	static const int names[] = { HSTP_NODELAY, HSTP_CORK, HSTP_KEEPIDLE, HSTP_KEEPINTVL,
				     HSTP_KEEPCNT, HSTP_SYNCNT, HSTP_LINGER2,
				     HSTP_USER_TIMEOUT };
	int level = variant->proto, listener, client, child, on = 1;
	char name[16] = "";
	socklen_t len = sizeof(name);

	listener = st_listen(variant->proto, &self->pair.addr, 5);
	ASSERT_LE(0, listener);
	for (int i = 0; i < 8; i++)
		ASSERT_OK(set(listener, level, names[i], 1 + i));
	ASSERT_OK(setsockopt(listener, level, HSTP_CONGESTION, "reno", 4));
	ASSERT_OK(setsockopt(listener, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	client = st_connect(variant->proto, &self->pair.addr);
	ASSERT_LE(0, client);
	child = accept(listener, NULL, NULL);
	ASSERT_LE(0, child);
	for (int i = 0; i < 8; i++)
		EXPECT_EQ(i < 2 ? 1 : 1 + i, get(child, level, names[i]));
	EXPECT_EQ(1, get(child, SOL_SOCKET, SO_KEEPALIVE));
	ASSERT_OK(getsockopt(child, level, HSTP_CONGESTION, name, &len));
	EXPECT_STREQ("reno", name);
	EXPECT_EQ(0, get(client, level, HSTP_NODELAY));
}

/* ... and these, which bound what is offered and sent. */
TEST_F(on, inherited_bounds)
{
	int level = variant->proto, listener, client, child;

	listener = st_listen(variant->proto, &self->pair.addr, 5);
	ASSERT_LE(0, listener);
	ASSERT_OK(set(listener, level, HSTP_WINDOW_CLAMP, 20000));
	ASSERT_OK(set(listener, level, HSTP_MAXSEG, 1000));
	client = st_connect(variant->proto, &self->pair.addr);
	ASSERT_LE(0, client);
	child = accept(listener, NULL, NULL);
	ASSERT_LE(0, child);
	EXPECT_EQ(20000, get(child, level, HSTP_WINDOW_CLAMP));
	/* The peer was told, and the other way no more is sent either. */
	EXPECT_GE(1000, get(child, level, HSTP_MAXSEG));
	EXPECT_LT(900, get(child, level, HSTP_MAXSEG));
	EXPECT_GE(1000, get(client, level, HSTP_MAXSEG));
	EXPECT_LT(900, get(client, level, HSTP_MAXSEG));
}

/* The listener's HSTP_QUICKACK is the child's; HSTP_DEFER_ACCEPT is of listening, and of no
 * meaning to who was accepted.
 */
TEST_F(on, inherited_of_acks)
{
	int level = variant->proto, listener;

	listener = st_listen(variant->proto, &self->pair.addr, 5);
	ASSERT_LE(0, listener);
	ASSERT_OK(set(listener, level, HSTP_DEFER_ACCEPT, 5));
	for (int quick = 0; quick < 2; quick++) {
		int client, child;

		ASSERT_OK(set(listener, level, HSTP_QUICKACK, quick));
		client = st_connect(variant->proto, &self->pair.addr);
		ASSERT_LE(0, client);
		ASSERT_EQ(1, send(client, "x", 1, 0));
		child = accept(listener, NULL, NULL);
		ASSERT_LE(0, child);
		EXPECT_EQ(quick, get(child, level, HSTP_QUICKACK));
		EXPECT_EQ(0, get(child, level, HSTP_DEFER_ACCEPT));
		EXPECT_EQ(7, get(listener, level, HSTP_DEFER_ACCEPT));
		/* They are its own from then on. */
		ASSERT_OK(set(child, level, HSTP_QUICKACK, !quick));
		EXPECT_EQ(!quick, get(child, level, HSTP_QUICKACK));
		EXPECT_EQ(quick, get(listener, level, HSTP_QUICKACK));
		close(client);
		close(child);
	}
}

#define CORKED_MS	100	/* text that is held back does not come before */

/* Send "abc", which does not come, until 200 ms have passed. */
static void nothing_comes(int client, int server, int flags)
{
	long long begin = st_now_ms();
	char in[8];

	if (send(client, "abc", 3, flags) != 3)
		abort();
	if (recv(server, in, sizeof(in), MSG_DONTWAIT | MSG_PEEK) > 0 &&
	    st_now_ms() - begin < CORKED_MS)
		abort();
}

/* A cork holds back what fills no segment until it is pulled. */
TEST_F(on, cork)
{
	int level = variant->proto;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(set(self->pair.client, level, HSTP_CORK, 1));
	nothing_comes(self->pair.client, self->pair.server, 0);
	ASSERT_OK(set(self->pair.client, level, HSTP_CORK, 0));
	EXPECT_EQ(3, st_wait_queued(self->pair.server, 3));
	/* HSTP_NODELAY switched on pulls it, too. */
	ASSERT_OK(set(self->pair.client, level, HSTP_CORK, 1));
	ASSERT_EQ(3, send(self->pair.client, "def", 3, 0));
	ASSERT_OK(set(self->pair.client, level, HSTP_NODELAY, 1));
	EXPECT_EQ(6, st_wait_queued(self->pair.server, 6));
	/* And by itself, after some 200 ms (MUST-60). */
	ASSERT_EQ(3, send(self->pair.client, "ghi", 3, 0));
	EXPECT_EQ(9, st_wait_queued(self->pair.server, 9));
}

/* MSG_MORE does the same for one call. */
TEST_F(on, more)
{
	char in[8];

	long long begin;

	/* Who takes longer finds that the first was sent by itself. */
	do {
		ASSERT_OK(st_pair_open(&self->pair, variant->proto));
		begin = st_now_ms();
		nothing_comes(self->pair.client, self->pair.server, MSG_MORE);
		ASSERT_EQ(3, send(self->pair.client, "def", 3, 0));
	} while (st_now_ms() - begin >= CORKED_MS);
	/* Both in one segment, so that one read has them. */
	ASSERT_LT(0, st_wait_events(self->pair.server, POLLIN, POLLIN));
	EXPECT_EQ(6, recv(self->pair.server, in, sizeof(in), 0));
	EXPECT_EQ(0, memcmp(in, "abcdef", 6));
}

/* accept() has nothing before the first text. */
TEST_F(on, defer_accept)
{
	int level = variant->proto, listener, client, child;
	char in[8];

	listener = st_listen(variant->proto, &self->pair.addr, 5);
	ASSERT_LE(0, listener);
	ASSERT_OK(set(listener, level, HSTP_DEFER_ACCEPT, 5));
	client = st_connect(variant->proto, &self->pair.addr);
	ASSERT_LE(0, client);
	EXPECT_EQ(TCP_ESTABLISHED, st_state(client, variant->proto));
	EXPECT_EQ(0, st_events(listener, POLLIN));
	ASSERT_EQ(2, send(client, "hi", 2, 0));
	EXPECT_LT(0, st_wait_events(listener, POLLIN, POLLIN));
	child = accept(listener, NULL, NULL);
	ASSERT_LE(0, child);
	EXPECT_EQ(2, recv(child, in, sizeof(in), 0));
}

/* At once: starting ip(8) takes a while, before and after it has done so. */
static int loopback_down(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), ret;

	ret = ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
	return ret;
}

/* MUST-24 to MUST-27, MUST-29, tcp(7): an idle peer that has gone is found out. */
TEST_F(on, keepalive)
{
	int level = variant->proto, on = 1;
	long long begin;
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(set(self->pair.client, level, HSTP_KEEPIDLE, 1));
	ASSERT_OK(set(self->pair.client, level, HSTP_KEEPINTVL, 1));
	ASSERT_OK(set(self->pair.client, level, HSTP_KEEPCNT, 2));
	ASSERT_OK(setsockopt(self->pair.client, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	/* As long as the peer answers it stays. */
	usleep(5000000);
	EXPECT_EQ(TCP_ESTABLISHED, st_state(self->pair.client, variant->proto));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(self->pair.server, variant->proto));
	begin = st_now_ms();
	ASSERT_OK(loopback_down());
	EXPECT_ERR(ETIMEDOUT, recv(self->pair.client, &byte, 1, 0));
	EXPECT_LE(1000, st_now_ms() - begin);
	EXPECT_EQ(TCP_CLOSE, st_state(self->pair.client, variant->proto));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(self->pair.server, variant->proto));
}

/* MUST-21, tcp(7): what is not acknowledged for so long ends the connection. */
TEST_F(on, user_timeout)
{
	int level = variant->proto;
	long long begin;
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(set(self->pair.client, level, HSTP_USER_TIMEOUT, 2000));
	ASSERT_OK(loopback_down());
	begin = st_now_ms();
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	ASSERT_EQ(-1, recv(self->pair.client, &byte, 1, 0));
	/* The network's own word, if there was any, or the timeout */
	EXPECT_TRUE(errno == ETIMEDOUT || errno == ENETUNREACH || errno == EHOSTUNREACH);
	EXPECT_LE(1800, st_now_ms() - begin);
	EXPECT_GE(60000, st_now_ms() - begin);
}

/* SO_TIMESTAMP: when the text came. */
TEST_F(on, timestamp)
{
	char control[CMSG_SPACE(sizeof(struct timeval))], in[8];
	struct iovec iov = { in, sizeof(in) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct timeval then, now;
	long long end = st_now_ms() + ST_WAIT_MS;
	struct cmsghdr *cmsg;
	int on = 1;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(setsockopt(self->pair.server, SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on)));
	/* Stamps are switched on by a work item; segments before it have none. */
	do {
		msg.msg_controllen = sizeof(control);
		ASSERT_OK(gettimeofday(&now, NULL));
		ASSERT_EQ(2, send(self->pair.client, "hi", 2, 0));
		ASSERT_EQ(2, recvmsg(self->pair.server, &msg, 0));
		cmsg = CMSG_FIRSTHDR(&msg);
	} while (!cmsg && st_now_ms() < end);
	ASSERT_NE(NULL, cmsg);
	EXPECT_EQ(SOL_SOCKET, cmsg->cmsg_level);
	EXPECT_EQ(SO_TIMESTAMP, cmsg->cmsg_type);
	memcpy(&then, CMSG_DATA(cmsg), sizeof(then));
	EXPECT_GE(then.tv_sec, now.tv_sec);
	EXPECT_GE(now.tv_sec + 60, then.tv_sec);
	EXPECT_EQ(NULL, CMSG_NXTHDR(&msg, cmsg));
}

/* SO_PEEK_OFF: the next MSG_PEEK goes on where the last one ended. */
TEST_F(on, peek_off)
{
	int zero = 0;
	char in[8];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	/* TCP has it from Linux 6.9 on. */
	if (variant->proto != IPPROTO_HSTP) {
		EXPECT_ERR(EOPNOTSUPP, setsockopt(self->pair.server, SOL_SOCKET, SO_PEEK_OFF,
						  &zero, sizeof(zero)));
		return;
	}
	ASSERT_OK(setsockopt(self->pair.server, SOL_SOCKET, SO_PEEK_OFF, &zero, sizeof(zero)));
	ASSERT_EQ(6, send(self->pair.client, "abcdef", 6, 0));
	ASSERT_EQ(6, st_wait_queued(self->pair.server, 6));
	EXPECT_EQ(2, recv(self->pair.server, in, 2, MSG_PEEK));
	EXPECT_EQ(0, memcmp(in, "ab", 2));
	EXPECT_EQ(2, recv(self->pair.server, in, 2, MSG_PEEK));
	EXPECT_EQ(0, memcmp(in, "cd", 2));
	/* What is read moves it back. */
	EXPECT_EQ(3, recv(self->pair.server, in, 3, 0));
	EXPECT_EQ(0, memcmp(in, "abc", 3));
	EXPECT_EQ(2, recv(self->pair.server, in, 8, MSG_PEEK));
	EXPECT_EQ(0, memcmp(in, "ef", 2));
}

/* An offset that nothing has come to yet: recv() sleeps, as long as it may. */
TEST_F(on, peek_off_ahead)
{
	struct timeval limit = { .tv_usec = 300000 };
	char out[101], in[200] = "";
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in),
				.flags = MSG_PEEK };
	int fd, ahead = 100;

	if (variant->proto != IPPROTO_HSTP)
		return;
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	fd = self->pair.server;
	memset(out, 'x', sizeof(out));
	out[100] = 'y';
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &ahead, sizeof(ahead)));
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	ASSERT_EQ(50, send(self->pair.client, out, 50, 0));
	ASSERT_EQ(50, st_wait_queued(fd, 50));
	EXPECT_ERR(EAGAIN, recv(fd, in, 1, MSG_PEEK));
	limit.tv_usec = 0;
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	call.fd = fd;
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_EQ(50, send(self->pair.client, out + 50, 50, 0));
	ASSERT_EQ(100, st_wait_queued(fd, 100));
	EXPECT_OK(st_call_until_blocked(call.tid, SYS_recvfrom));
	ASSERT_EQ(1, send(self->pair.client, out + 100, 1, 0));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(1, call.ret);
	EXPECT_EQ('y', in[0]);
	EXPECT_EQ(101, get(fd, SOL_SOCKET, SO_PEEK_OFF));
}

/* Another connection of the socket begins at its own first byte. */
TEST_F(on, peek_off_again)
{
	struct sockaddr unspec = { .sa_family = AF_UNSPEC };
	int fd, zero = 0, accepted;
	char in[8];

	if (variant->proto != IPPROTO_HSTP)
		return;
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	fd = self->pair.client;
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &zero, sizeof(zero)));
	ASSERT_EQ(4, send(self->pair.server, "abcd", 4, 0));
	ASSERT_EQ(4, st_wait_queued(fd, 4));
	EXPECT_EQ(3, recv(fd, in, 3, MSG_PEEK));
	ASSERT_OK(connect(fd, &unspec, sizeof(unspec)));
	ASSERT_OK(connect(fd, (struct sockaddr *)&self->pair.addr, sizeof(self->pair.addr)));
	accepted = accept(self->pair.listener, NULL, NULL);
	ASSERT_LE(0, accepted);
	ASSERT_EQ(4, send(accepted, "efgh", 4, 0));
	ASSERT_EQ(4, st_wait_queued(fd, 4));
	EXPECT_EQ(2, recv(fd, in, 2, MSG_PEEK));
	EXPECT_EQ(0, memcmp(in, "ef", 2));
	close(accepted);
}

/* The windows of an open connection. */
TEST_F(on, info_congestion)
{
	struct tcp_info info;
	char in[100] = "";

	ASSERT_OK(st_no_retransmission(variant->proto));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(sizeof(in), send(self->pair.client, in, sizeof(in), 0));
	ASSERT_EQ(sizeof(in), st_read_all(self->pair.server, in, sizeof(in)));
	ASSERT_EQ(0, st_wait_unsent(self->pair.client, 0));
	ASSERT_OK(st_info(self->pair.client, variant->proto, &info));
	EXPECT_EQ(0, info.tcpi_ca_state);
	EXPECT_LE(2, info.tcpi_snd_cwnd);
	EXPECT_LT(100, info.tcpi_snd_ssthresh);
	EXPECT_EQ(3, info.tcpi_reordering);
	EXPECT_LT(60000, info.tcpi_pmtu);
	EXPECT_GT(30000, info.tcpi_last_data_sent);
}

/* A connection that has sent no text is silent for as long as it is open. */
TEST_F(on, info_silent)
{
	long long start = st_now_ms();
	struct tcp_info info;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	for (int i = 0; i < 2; i++) {
		int fd = i ? self->pair.server : self->pair.client;

		ASSERT_OK(st_info(fd, variant->proto, &info));
		EXPECT_LE(info.tcpi_last_data_sent, st_now_ms() - start + 200);
	}
}

/* What was sent again is counted, in segments and bytes. */
TEST_F(on, info_retransmissions)
{
	/* TCP counts its SYN, too */
	uint64_t syn = variant->proto == IPPROTO_TCP;
	struct st_long_info info;
	char in[100] = "";

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(st_long_info(self->pair.client, variant->proto, &info));
	EXPECT_EQ(0, info.head.tcpi_total_retrans);
	EXPECT_EQ(0, info.bytes_retrans);
	ASSERT_EQ(0, system("tc qdisc add dev lo root netem loss 100%"));
	ASSERT_EQ(sizeof(in), send(self->pair.client, in, sizeof(in), 0));
	do {
		st_pause();
		ASSERT_OK(st_long_info(self->pair.client, variant->proto, &info));
	} while (info.head.tcpi_retransmits < 2);
	ASSERT_EQ(0, system("tc qdisc del dev lo root"));
	ASSERT_EQ(sizeof(in), st_read_all(self->pair.server, in, sizeof(in)));
	ASSERT_EQ(0, st_wait_unsent(self->pair.client, 0));
	ASSERT_OK(st_long_info(self->pair.client, variant->proto, &info));
	EXPECT_EQ(0, info.head.tcpi_retransmits);
	EXPECT_LE(3, info.head.tcpi_total_retrans);
	EXPECT_LE(3 * sizeof(in), info.bytes_retrans);
	EXPECT_EQ(sizeof(in) + syn, info.bytes_acked);
	ASSERT_OK(st_long_info(self->pair.server, variant->proto, &info));
	EXPECT_EQ(sizeof(in), info.bytes_received);
	EXPECT_EQ(0, info.head.tcpi_total_retrans);
}

/* Connections in FIN-WAIT-2, whoever holds them: state 05 in /proc/net/tcp's numbers. */
static int in_fin_wait_2(int proto)
{
	FILE *file = fopen(proto == IPPROTO_TCP ? "/proc/net/tcp" : "/proc/net/hstp", "r");
	char line[512];
	int count = 0;

	while (file && fgets(line, sizeof(line), file))
		count += !!strstr(line, " 05 ");
	if (file)
		fclose(file);
	return count;
}

static void until_in_fin_wait_2(int proto, int count)
{
	while (in_fin_wait_2(proto) != count)
		usleep(20000);	/* the test's time limit ends this */
}

/* tcp(7), TCP_LINGER2: how long FIN-WAIT-2 lasts that nobody holds. It begins with the ACK
 * of the FIN, which may be delayed.
 */
TEST_F(on, linger2)
{
	static const int seconds[] = { -1, 4, 60 };
	int level = variant->proto;

	for (int i = 0; i < 3; i++) {
		time_t closed;

		ASSERT_OK(st_namespace());
		ASSERT_OK(st_pair_open(&self->pair, variant->proto));
		ASSERT_OK(set(self->pair.client, level, HSTP_LINGER2, seconds[i]));
		closed = time(NULL);
		ASSERT_OK(close(self->pair.client));
		if (seconds[i] > 0)
			until_in_fin_wait_2(variant->proto, 1);
		if (seconds[i] <= 4)
			until_in_fin_wait_2(variant->proto, 0);
		if (seconds[i] == 4)
			EXPECT_LE(closed + 3, time(NULL));
	}
}

/* tcp(7), TCP_SYNCNT: one retransmission, after a second, and two more for its answer. */
TEST_F(on, syncnt)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(4711), .sin_addr = st_silent_addr,
	};
	int fd = st_open(variant->proto);
	long long begin = st_now_ms();

	ASSERT_OK(st_route_silent());
	ASSERT_OK(set(fd, variant->proto, HSTP_SYNCNT, 1));
	EXPECT_ERR(ETIMEDOUT, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_LE(2500, st_now_ms() - begin);
	EXPECT_GT(20000, st_now_ms() - begin);
}

/* tcp(7), TCP_WINDOW_CLAMP: the peer cannot send more to who does not read. */
TEST_F(on, window_clamp)
{
	int level = variant->proto, small = 4096;
	ssize_t taken[2];

	for (int i = 0; i < 2; i++) {
		int listener = st_listen(variant->proto, &self->pair.addr, 1);

		ASSERT_LE(0, listener);
		if (i)
			ASSERT_OK(set(listener, level, HSTP_WINDOW_CLAMP, 8000));
		self->pair.client = st_connect(variant->proto, &self->pair.addr);
		ASSERT_LE(0, self->pair.client);
		ASSERT_OK(setsockopt(self->pair.client, SOL_SOCKET, SO_SNDBUF, &small,
				     sizeof(small)));
		taken[i] = st_fill(self->pair.client);
		ASSERT_LT(0, taken[i]);
	}
	EXPECT_LT(40000, taken[0]);
	/* Linux's TCP does not heed what a listener was told. */
	if (variant->proto != IPPROTO_TCP)
		EXPECT_GT(30000, taken[1]);
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
