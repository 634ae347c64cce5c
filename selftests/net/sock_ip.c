// SPDX-License-Identifier: GPL-2.0
/* What a socket asks of the packets and of the way that they take: SO_MARK, SO_PRIORITY,
 * SO_TIMESTAMPING, IP_PKTOPTIONS.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <time.h>
#include <unistd.h>

#include "sock_fixture.h"

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

static int get(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) ? -1 : value;
}

static int connect_to_silent(int fd)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(4711), .sin_addr = st_silent_addr,
	};

	return connect(fd, (struct sockaddr *)&addr, sizeof(addr));
}

/* socket(7): the mark chooses the way. */
TEST_F(on, mark)
{
	int fd;

	ASSERT_OK(st_route_silent());
	ASSERT_EQ(0, system("ip rule add fwmark 7 table 100 && "
			    "ip route add unreachable default table 100"));
	fd = st_open(variant->proto);
	ASSERT_OK(st_nonblocking(fd));
	EXPECT_EQ(0, get(fd, SOL_SOCKET, SO_MARK));
	ASSERT_OK(set(fd, SOL_SOCKET, SO_MARK, 7));
	EXPECT_EQ(7, get(fd, SOL_SOCKET, SO_MARK));
	EXPECT_ERR(EHOSTUNREACH, connect_to_silent(fd));
	ASSERT_OK(set(fd, SOL_SOCKET, SO_MARK, 8));
	EXPECT_ERR(EINPROGRESS, connect_to_silent(fd));
}

/* ... of a listener's connections as well, which are marked as it is. */
TEST_F(on, mark_inherited)
{
	self->pair.listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, self->pair.listener);
	ASSERT_OK(set(self->pair.listener, SOL_SOCKET, SO_MARK, 7));
	ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
	self->pair.server = accept(self->pair.listener, NULL, NULL);
	ASSERT_LE(0, self->pair.server);
	EXPECT_EQ(7, get(self->pair.server, SOL_SOCKET, SO_MARK));
}

/* Packets that a band of a queueing discipline has let through. */
static long band_packets(int band)
{
	char command[200], text[32] = "";
	FILE *pipe;

	snprintf(command, sizeof(command), "tc -s class show dev lo | "
		 "sed -n '/class prio 1:%d /,/Sent/s/.* \\([0-9]*\\) pkt.*/\\1/p'", band);
	pipe = popen(command, "r");
	if (!pipe || !fgets(text, sizeof(text), pipe) || pclose(pipe))
		return -1;
	return strtol(text, NULL, 10);
}

/* tc-prio(8): priority 6 is for the first band, 2 for the third. */
TEST_F(on, priority)
{
	long before;

	ASSERT_EQ(0, system("tc qdisc add dev lo root handle 1: prio"));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(0, get(self->pair.client, SOL_SOCKET, SO_PRIORITY));
	EXPECT_EQ(0, band_packets(1));
	EXPECT_EQ(0, band_packets(3));
	ASSERT_OK(set(self->pair.client, SOL_SOCKET, SO_PRIORITY, 6));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	ASSERT_EQ(1, st_wait_queued(self->pair.server, 1));
	EXPECT_LT(0, band_packets(1));
	EXPECT_EQ(0, band_packets(3));
	before = band_packets(1);
	ASSERT_OK(set(self->pair.client, SOL_SOCKET, SO_PRIORITY, 2));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, 0));
	ASSERT_EQ(2, st_wait_queued(self->pair.server, 2));
	EXPECT_LT(0, band_packets(3));
	EXPECT_EQ(before, band_packets(1));
}

/* timestamping.txt: software timestamps of what was received. */
TEST_F(on, timestamping)
{
	char control[CMSG_SPACE(sizeof(struct scm_timestamping))], in[8];
	struct iovec iov = { in, sizeof(in) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct scm_timestamping stamps;
	struct cmsghdr *cmsg;
	struct timespec before, after;
	long long end = st_now_ms() + ST_WAIT_MS;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(set(self->pair.server, SOL_SOCKET, SO_TIMESTAMPING,
		      SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE));
	/* Stamps are switched on by a work item; segments before it have none. */
	usleep(300000);
	do {
		msg.msg_controllen = sizeof(control);
		ASSERT_EQ(0, clock_gettime(CLOCK_REALTIME, &before));
		ASSERT_EQ(2, send(self->pair.client, "hi", 2, 0));
		ASSERT_EQ(2, st_wait_queued(self->pair.server, 2));
		ASSERT_EQ(0, clock_gettime(CLOCK_REALTIME, &after));
		/* Read later, it is still the time of the arrival. */
		usleep(500000);
		ASSERT_EQ(2, recvmsg(self->pair.server, &msg, 0));
		cmsg = CMSG_FIRSTHDR(&msg);
	} while (!cmsg && st_now_ms() < end);
	ASSERT_NE(NULL, cmsg);
	EXPECT_EQ(SOL_SOCKET, cmsg->cmsg_level);
	EXPECT_EQ(SCM_TIMESTAMPING, cmsg->cmsg_type);
	memcpy(&stamps, CMSG_DATA(cmsg), sizeof(stamps));
	EXPECT_LE(before.tv_sec * 1000000000ll + before.tv_nsec,
		  stamps.ts[0].tv_sec * 1000000000ll + stamps.ts[0].tv_nsec);
	EXPECT_GE(after.tv_sec * 1000000000ll + after.tv_nsec,
		  stamps.ts[0].tv_sec * 1000000000ll + stamps.ts[0].tv_nsec);
	/* No hardware has stamped it. */
	EXPECT_EQ(0, stamps.ts[2].tv_sec);
	EXPECT_EQ(NULL, CMSG_NXTHDR(&msg, cmsg));
}

/* ip(7): of a stream, what came with the segment that opened it. */
TEST_F(on, pktoptions)
{
	char control[CMSG_SPACE(sizeof(int)) + 64];
	struct cmsghdr *cmsg = (struct cmsghdr *)control;
	socklen_t len = sizeof(control);
	int tos = -1;

	self->pair.listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, self->pair.listener);
	ASSERT_OK(set(self->pair.listener, IPPROTO_IP, IP_RECVTOS, 1));
	self->pair.client = st_open(variant->proto);
	ASSERT_OK(set(self->pair.client, IPPROTO_IP, IP_TOS, 0x28));
	ASSERT_OK(connect(self->pair.client, (struct sockaddr *)&self->pair.addr,
			  sizeof(self->pair.addr)));
	self->pair.server = accept(self->pair.listener, NULL, NULL);
	ASSERT_LE(0, self->pair.server);
	ASSERT_OK(getsockopt(self->pair.server, IPPROTO_IP, IP_PKTOPTIONS, control, &len));
	ASSERT_LE(CMSG_LEN(sizeof(int)), len);
	EXPECT_EQ(IPPROTO_IP, cmsg->cmsg_level);
	EXPECT_EQ(IP_TOS, cmsg->cmsg_type);
	memcpy(&tos, CMSG_DATA(cmsg), sizeof(tos));
	EXPECT_EQ(0x28, tos);
}

TEST_HARNESS_MAIN
