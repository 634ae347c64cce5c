// SPDX-License-Identifier: GPL-2.0
/* The receive buffer grows with what its reader takes in a round trip, unless it was told
 * how large it is to be.
 */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>

#include "sock_fixture.h"

#define TOTAL	(8 << 20)	/* bytes; some ten round trips of what a buffer holds at first */

static int rcvbuf(int fd)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, &len) ? -1 : value;
}

/* Round trips of 40 ms, in segments as an Ethernet has them. */
static int far_away(void)
{
	return system("ip link set lo mtu 1500; "
		      "tc qdisc add dev lo root netem limit 100000 delay 20ms");
}

static void write_all(int fd)
{
	static unsigned char out[65536];

	for (int at = 0; at < TOTAL; at += sizeof(out)) {
		st_pattern_fill(out, sizeof(out), 3, at);
		for (size_t done = 0; done < sizeof(out);) {
			ssize_t ret = send(fd, out + done, sizeof(out) - done, 0);

			if (ret < 0)
				_exit(1);
			done += ret;
		}
	}
	_exit(0);
}

/* Returns how many bytes arrived as they were sent. */
static int transfer(struct st_pair *pair)
{
	static unsigned char in[65536];
	pid_t child = fork();
	int at = 0, status = -1;

	if (!child)
		write_all(pair->client);
	while (at < TOTAL) {
		ssize_t ret = recv(pair->server, in, sizeof(in), 0);

		if (ret <= 0 || st_pattern_check(in, ret, 3, at) != -1)
			break;
		at += ret;
	}
	return waitpid(child, &status, 0) == child && !status ? at : -1;
}

static int bound(int proto, int bytes)
{
	char text[100];
	int ret;

	if (proto == IPPROTO_HSTP)
		return st_sysctl("net/hstp/rcvbuf_max", bytes);
	snprintf(text, sizeof(text), "echo 4096 131072 %d > /proc/sys/net/ipv4/tcp_rmem", bytes);
	ret = system(text);
	return ret;
}

TEST_F(on, grows)
{
	int before;

	ASSERT_EQ(0, far_away());
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	before = rcvbuf(self->pair.server);
	ASSERT_EQ(TOTAL, transfer(&self->pair));
	EXPECT_LT(2 * before, rcvbuf(self->pair.server));
	EXPECT_GE(6291456, rcvbuf(self->pair.server));
	/* Each end has its own. */
	EXPECT_EQ(before, rcvbuf(self->pair.client));
}

/* The end that opened the connection as well. */
TEST_F(on, grows_of_the_client)
{
	struct st_pair swapped;
	int before;

	ASSERT_EQ(0, far_away());
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	before = rcvbuf(self->pair.client);
	swapped = self->pair;
	swapped.client = self->pair.server;
	swapped.server = self->pair.client;
	ASSERT_EQ(TOTAL, transfer(&swapped));
	EXPECT_LT(2 * before, rcvbuf(self->pair.client));
}

TEST_F(on, bounded)
{
	ASSERT_EQ(0, far_away());
	ASSERT_OK(bound(variant->proto, 300000));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(TOTAL, transfer(&self->pair));
	EXPECT_LT(250000, rcvbuf(self->pair.server));
	EXPECT_GE(300000, rcvbuf(self->pair.server));
}

/* Who has said how large it is to be gets no more. */
TEST_F(on, fixed)
{
	int size = 100000;

	ASSERT_EQ(0, far_away());
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(setsockopt(self->pair.server, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	ASSERT_EQ(TOTAL, transfer(&self->pair));
	EXPECT_EQ(2 * size, rcvbuf(self->pair.server));
}

/* ... nor does who is accepted from it. */
TEST_F(on, fixed_by_the_listener)
{
	int size = 100000, listener;

	ASSERT_EQ(0, far_away());
	listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, listener);
	ASSERT_OK(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	self->pair.client = st_connect(variant->proto, &self->pair.addr);
	self->pair.server = accept(listener, NULL, NULL);
	ASSERT_LE(0, self->pair.server);
	ASSERT_EQ(TOTAL, transfer(&self->pair));
	EXPECT_EQ(2 * size, rcvbuf(self->pair.server));
}

/* What nobody reads needs no larger one. */
TEST_F(on, unread)
{
	int before;

	ASSERT_EQ(0, far_away());
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	before = rcvbuf(self->pair.server);
	ASSERT_LT(0, st_fill(self->pair.client));
	EXPECT_EQ(before, rcvbuf(self->pair.server));
}

TEST_HARNESS_MAIN
