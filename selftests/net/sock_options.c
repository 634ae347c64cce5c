// SPDX-License-Identifier: GPL-2.0
/* SOL_SOCKET options: what they say of a socket, buffers, timeouts, devices, keepalive. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "sock_fixture.h"

static int get(int fd, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	if (getsockopt(fd, SOL_SOCKET, name, &value, &len) || len != sizeof(value))
		return -1;
	return value;
}

static int set(int fd, int name, int value)
{
	return setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

static long core(const char *name)
{
	char path[64];
	long value = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/sys/net/core/%s", name);
	file = fopen(path, "r");
	if (!file)
		return -1;
	if (fscanf(file, "%ld", &value) != 1)
		value = -1;
	fclose(file);
	return value;
}

TEST_F(on, identity)
{
	int fd = st_open(variant->proto);

	EXPECT_EQ(AF_INET, get(fd, SO_DOMAIN));
	EXPECT_EQ(SOCK_STREAM, get(fd, SO_TYPE));
	EXPECT_EQ(variant->proto, get(fd, SO_PROTOCOL));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(AF_INET, get(self->pair.server, SO_DOMAIN));
	EXPECT_EQ(SOCK_STREAM, get(self->pair.server, SO_TYPE));
	EXPECT_EQ(variant->proto, get(self->pair.server, SO_PROTOCOL));
	EXPECT_ERR(ENOPROTOOPT, set(fd, SO_TYPE, SOCK_STREAM));
	EXPECT_ERR(ENOPROTOOPT, set(fd, SO_DOMAIN, AF_INET));
}

TEST_F(on, accepting)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(0, get(st_open(variant->proto), SO_ACCEPTCONN));
	EXPECT_EQ(1, get(self->pair.listener, SO_ACCEPTCONN));
	EXPECT_EQ(0, get(self->pair.client, SO_ACCEPTCONN));
	EXPECT_EQ(0, get(self->pair.server, SO_ACCEPTCONN));
	ASSERT_OK(shutdown(self->pair.listener, SHUT_RD));
	EXPECT_EQ(0, get(self->pair.listener, SO_ACCEPTCONN));
	EXPECT_ERR(ENOPROTOOPT, set(self->pair.client, SO_ACCEPTCONN, 1));
}

/* The kernel doubles what is asked for (socket(7)), within bounds. */
TEST_F(on, buffers)
{
	int fd = st_open(variant->proto);
	long rmem = core("rmem_max"), wmem = core("wmem_max");

	EXPECT_LT(0, get(fd, SO_RCVBUF));
	EXPECT_LT(0, get(fd, SO_SNDBUF));
	EXPECT_OK(set(fd, SO_RCVBUF, 20000));
	EXPECT_EQ(40000, get(fd, SO_RCVBUF));
	EXPECT_OK(set(fd, SO_SNDBUF, 30000));
	EXPECT_EQ(60000, get(fd, SO_SNDBUF));
	/* The lower bounds: SOCK_MIN_RCVBUF, SOCK_MIN_SNDBUF, whatever they are. */
	EXPECT_OK(set(fd, SO_RCVBUF, 0));
	EXPECT_LT(2000, get(fd, SO_RCVBUF));
	EXPECT_GT(5000, get(fd, SO_RCVBUF));
	EXPECT_OK(set(fd, SO_SNDBUF, 1));
	EXPECT_LT(2000, get(fd, SO_SNDBUF));
	EXPECT_GT(10000, get(fd, SO_SNDBUF));
	if (rmem > 0 && wmem > 0) {
		EXPECT_OK(set(fd, SO_RCVBUF, 1 << 30));
		EXPECT_EQ(2 * rmem, get(fd, SO_RCVBUF));
		EXPECT_OK(set(fd, SO_SNDBUF, 1 << 30));
		EXPECT_EQ(2 * wmem, get(fd, SO_SNDBUF));
	}
	EXPECT_OK(set(fd, SO_RCVBUFFORCE, 1 << 23));
	EXPECT_EQ(1 << 24, get(fd, SO_RCVBUF));
	EXPECT_OK(set(fd, SO_SNDBUFFORCE, 1 << 23));
	EXPECT_EQ(1 << 24, get(fd, SO_SNDBUF));
}

/* A buffer of the least size still carries a stream. */
TEST_F(on, least_buffers)
{
	static unsigned char out[60000], in[sizeof(out)];
	size_t sent = 0, done = 0;
	ssize_t ret;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(set(self->pair.client, SO_SNDBUF, 0));
	ASSERT_OK(set(self->pair.server, SO_RCVBUF, 0));
	st_pattern_fill(out, sizeof(out), 1, 0);
	while (done < sizeof(in)) {
		ret = send(self->pair.client, out + sent, sizeof(out) - sent, MSG_DONTWAIT);
		if (ret > 0)
			sent += ret;
		else if (sent < sizeof(out))
			ASSERT_EQ(EAGAIN, errno);
		ret = recv(self->pair.server, in + done, sizeof(in) - done, MSG_DONTWAIT);
		if (ret > 0)
			done += ret;
		else
			st_pause();
	}
	EXPECT_EQ(-1, st_pattern_check(in, sizeof(in), 1, 0));
}

/* The receive buffer bounds what a peer can send to who does not read. */
TEST_F(on, receive_buffer_bounds)
{
	static const int sizes[] = { 4096, 40000 };
	ssize_t taken[2];

	for (int i = 0; i < 2; i++) {
		self->pair.listener = st_listen(variant->proto, &self->pair.addr, 1);
		ASSERT_OK(set(self->pair.listener, SO_RCVBUF, sizes[i]));
		self->pair.client = st_connect(variant->proto, &self->pair.addr);
		ASSERT_LE(0, self->pair.client);
		ASSERT_OK(set(self->pair.client, SO_SNDBUF, 4096));
		taken[i] = st_fill(self->pair.client);
		ASSERT_LT(0, taken[i]);
	}
	EXPECT_GT(20000, taken[0]);
	EXPECT_LT(taken[0] + 10000, taken[1]);
}

TEST_F(on, timeouts)
{
	struct timeval tv = { .tv_sec = 3, .tv_usec = 500000 };
	socklen_t len = sizeof(tv);
	int fd = st_open(variant->proto);

	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	memset(&tv, 0, sizeof(tv));
	ASSERT_OK(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	EXPECT_EQ(3, tv.tv_sec);
	EXPECT_EQ(500000, tv.tv_usec);
	ASSERT_OK(getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, &len));
	EXPECT_EQ(0, tv.tv_sec);
	EXPECT_EQ(0, tv.tv_usec);
	tv.tv_usec = 1000000;
	EXPECT_ERR(EDOM, setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	EXPECT_ERR(EINVAL, setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, 4));
}

TEST_F(on, booleans)
{
	static const int names[] = { SO_KEEPALIVE, SO_REUSEADDR, SO_REUSEPORT, SO_DONTROUTE };
	int fd = st_open(variant->proto);
	char byte = 1;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		EXPECT_EQ(0, get(fd, names[i]));
		EXPECT_OK(set(fd, names[i], 77));
		EXPECT_EQ(1, get(fd, names[i]));
		EXPECT_OK(set(fd, names[i], 0));
		EXPECT_EQ(0, get(fd, names[i]));
		EXPECT_ERR(EINVAL, setsockopt(fd, SOL_SOCKET, names[i], &byte, 1));
		EXPECT_ERR(EFAULT, setsockopt(fd, SOL_SOCKET, names[i], NULL, sizeof(int)));
	}
}

/* SO_KEEPALIVE may come and go at any time, the connection stays. */
TEST_F(on, keepalive)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_OK(set(self->pair.client, SO_KEEPALIVE, 1));
	EXPECT_EQ(1, get(self->pair.client, SO_KEEPALIVE));
	EXPECT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_OK(set(self->pair.client, SO_KEEPALIVE, 0));
	EXPECT_EQ(1, st_wait_queued(self->pair.server, 1));
}

/* SO_RCVLOWAT is what readable means. */
TEST_F(on, low_water_mark)
{
	char in[8];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(1, get(self->pair.server, SO_RCVLOWAT));
	EXPECT_OK(set(self->pair.server, SO_RCVLOWAT, 4));
	EXPECT_EQ(4, get(self->pair.server, SO_RCVLOWAT));
	ASSERT_EQ(3, send(self->pair.client, "abc", 3, 0));
	ASSERT_EQ(3, st_wait_queued(self->pair.server, 3));
	EXPECT_EQ(0, st_events(self->pair.server, POLLIN));
	EXPECT_EQ(3, recv(self->pair.server, in, 8, MSG_PEEK | MSG_DONTWAIT));
	ASSERT_EQ(1, send(self->pair.client, "d", 1, 0));
	EXPECT_EQ(POLLIN, st_wait_events(self->pair.server, POLLIN, POLLIN));
	EXPECT_EQ(4, recv(self->pair.server, in, 8, 0));
}

/* recv() waits for as much, too, though there is some; with TCP until as much has come anew. */
TEST_F(on, low_water_mark_of_recv)
{
	char in[8] = "";
	struct st_call call = { .nr = SYS_recvfrom, .buf = in, .len = sizeof(in) };

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_OK(set(self->pair.server, SO_RCVLOWAT, 4));
	ASSERT_EQ(3, send(self->pair.client, "abc", 3, 0));
	ASSERT_EQ(3, st_wait_queued(self->pair.server, 3));
	call.fd = self->pair.server;
	ASSERT_EQ(0, st_call_blocked(&call));
	ASSERT_EQ(4, send(self->pair.client, "defg", 4, 0));
	ASSERT_EQ(0, st_call_join(&call));
	EXPECT_EQ(7, call.ret);
	EXPECT_EQ(0, memcmp(in, "abcdefg", 7));
	/* Who does not wait has what there is. */
	ASSERT_EQ(3, send(self->pair.client, "hij", 3, 0));
	ASSERT_EQ(3, st_wait_queued(self->pair.server, 3));
	EXPECT_EQ(3, recv(self->pair.server, in, 8, MSG_DONTWAIT));
}

/* Bound to a device: only its routes, and only what comes in through it. */
TEST_F(on, bind_to_device)
{
	struct sockaddr_in addr;
	char name[IFNAMSIZ] = "";
	socklen_t len = sizeof(name);
	int listener = st_open(variant->proto), fd;

	EXPECT_ERR(ENODEV, setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, "none", 5));
	ASSERT_OK(setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	ASSERT_OK(getsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, name, &len));
	EXPECT_STREQ("lo", name);
	addr = st_loopback(4711);
	ASSERT_OK(bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_OK(listen(listener, 4));
	fd = st_connect(variant->proto, &addr);
	ASSERT_LE(0, fd);
	EXPECT_LE(0, accept(listener, NULL, NULL));
	fd = st_open(variant->proto);
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	EXPECT_OK(connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_LE(0, accept(listener, NULL, NULL));
}

/* What comes in through another device is not for it. */
TEST_F(on, bind_to_other_device)
{
	struct sockaddr_in addr = st_loopback(4711);
	int other = st_open(variant->proto), any = st_open(variant->proto), fd;

	ASSERT_EQ(0, system("ip link add va type veth peer name vb"));
	ASSERT_OK(setsockopt(other, SOL_SOCKET, SO_BINDTODEVICE, "va", 3));
	ASSERT_OK(bind(other, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_OK(listen(other, 4));
	EXPECT_EQ(-1, st_connect(variant->proto, &addr));
	EXPECT_EQ(ECONNREFUSED, errno);
	/* The same name on another device is another name. */
	ASSERT_OK(setsockopt(any, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	ASSERT_OK(bind(any, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_OK(listen(any, 4));
	fd = st_connect(variant->proto, &addr);
	ASSERT_LE(0, fd);
	EXPECT_LE(0, accept(any, NULL, NULL));
	EXPECT_EQ(0, st_events(other, POLLIN));
}

/* The same to one that listens, or is connected, already. */
TEST_F(on, bind_to_device_later)
{
	char byte;
	int fd;

	ASSERT_EQ(0, system("ip link add va type veth peer name vb"));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(setsockopt(self->pair.listener, SOL_SOCKET, SO_BINDTODEVICE, "va", 3));
	EXPECT_EQ(-1, st_connect(variant->proto, &self->pair.addr));
	EXPECT_EQ(ECONNREFUSED, errno);
	ASSERT_OK(setsockopt(self->pair.listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	fd = st_connect(variant->proto, &self->pair.addr);
	ASSERT_LE(0, fd);
	EXPECT_LE(0, accept(self->pair.listener, NULL, NULL));

	/* The text finds nobody but the listener, which has never heard of it. */
	ASSERT_OK(setsockopt(self->pair.server, SOL_SOCKET, SO_BINDTODEVICE, "va", 3));
	ASSERT_EQ(1, send(self->pair.client, "x", 1, MSG_NOSIGNAL));
	EXPECT_ERR(ECONNRESET, recv(self->pair.client, &byte, 1, 0));
	EXPECT_ERR(EAGAIN, recv(self->pair.server, &byte, 1, MSG_DONTWAIT));
}

TEST_F(on, wrong_arguments)
{
	int fd = st_open(variant->proto), value = 1;
	socklen_t len = -1;

	EXPECT_ERR(ENOPROTOOPT, set(fd, 9999, 1));
	EXPECT_ERR(ENOPROTOOPT, setsockopt(fd, SOL_SOCKET, SO_ERROR, &value, sizeof(value)));
	EXPECT_ERR(EINVAL, getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, &len));
	len = sizeof(value);
	EXPECT_ERR(ENOPROTOOPT, getsockopt(fd, SOL_SOCKET, 9999, &value, &len));
	EXPECT_ERR(EFAULT, getsockopt(fd, SOL_SOCKET, SO_TYPE, &value, NULL));
	EXPECT_ERR(EFAULT, getsockopt(fd, SOL_SOCKET, SO_TYPE, NULL, &len));
	/* Levels that the socket does not have. */
	EXPECT_ERR(ENOPROTOOPT, setsockopt(fd, IPPROTO_UDP, 1, &value, sizeof(value)));
	EXPECT_ERR(ENOPROTOOPT, setsockopt(fd, IPPROTO_IPV6, 1, &value, sizeof(value)));
}

/* The IP level is the ordinary one. */
TEST_F(on, ip_level)
{
	int fd = st_open(variant->proto), value = 0x10;
	socklen_t len = sizeof(value);

	ASSERT_OK(setsockopt(fd, IPPROTO_IP, IP_TOS, &value, sizeof(value)));
	value = 0;
	ASSERT_OK(getsockopt(fd, IPPROTO_IP, IP_TOS, &value, &len));
	EXPECT_EQ(0x10, value);
	value = 9;
	ASSERT_OK(setsockopt(fd, IPPROTO_IP, IP_TTL, &value, sizeof(value)));
	value = 0;
	ASSERT_OK(getsockopt(fd, IPPROTO_IP, IP_TTL, &value, &len));
	EXPECT_EQ(9, value);
	value = 256;
	EXPECT_ERR(EINVAL, setsockopt(fd, IPPROTO_IP, IP_TTL, &value, sizeof(value)));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	value = 7;
	EXPECT_OK(setsockopt(self->pair.client, IPPROTO_IP, IP_TTL, &value, sizeof(value)));
	EXPECT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(1, st_wait_queued(self->pair.server, 1));
}

TEST_HARNESS_MAIN
