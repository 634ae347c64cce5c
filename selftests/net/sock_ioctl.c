// SPDX-License-Identifier: GPL-2.0
/* ioctl(): bytes to be read (SIOCINQ), not yet acknowledged (SIOCOUTQ), not yet sent. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sock_fixture.h"

/* The number, or -errno. */
static int ask(int fd, unsigned long request)
{
	int value = -1;

	return ioctl(fd, request, &value) ? -errno : value;
}

TEST_F(on, same_requests)
{
	EXPECT_EQ(FIONREAD, SIOCINQ);
	EXPECT_EQ(TIOCOUTQ, SIOCOUTQ);
}

TEST_F(on, unread)
{
	char in[8];

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(0, ask(self->pair.server, SIOCINQ));
	ASSERT_EQ(5, send(self->pair.client, "abcde", 5, 0));
	EXPECT_EQ(5, st_wait_queued(self->pair.server, 5));
	ASSERT_EQ(2, recv(self->pair.server, in, 2, 0));
	EXPECT_EQ(3, ask(self->pair.server, SIOCINQ));
	ASSERT_EQ(3, recv(self->pair.server, in, 3, MSG_PEEK));
	EXPECT_EQ(3, ask(self->pair.server, SIOCINQ));
	/* The peer's FIN takes a sequence number, and is no byte. */
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_EQ(TCP_CLOSE_WAIT,
		  st_wait_state(self->pair.server, variant->proto, TCP_CLOSE_WAIT));
	EXPECT_EQ(3, ask(self->pair.server, SIOCINQ));
	ASSERT_EQ(3, recv(self->pair.server, in, 8, 0));
	EXPECT_EQ(0, ask(self->pair.server, SIOCINQ));
}

/* What a peer with a full buffer has not taken is both unsent and unacknowledged. */
TEST_F(on, unacknowledged)
{
	static char in[65536];
	ssize_t total, done = 0, ret;
	int queued;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(0, ask(self->pair.client, SIOCOUTQ));
	EXPECT_EQ(0, ask(self->pair.client, SIOCOUTQNSD));
	ASSERT_EQ(5, send(self->pair.client, "abcde", 5, 0));
	EXPECT_EQ(0, st_wait_unsent(self->pair.client, 0));
	total = st_fill(self->pair.client);
	ASSERT_LT(0, total);
	total += 5;
	queued = ask(self->pair.client, SIOCOUTQ);
	EXPECT_LT(0, queued);
	EXPECT_GE(queued, ask(self->pair.client, SIOCOUTQNSD));
	EXPECT_LT(0, ask(self->pair.client, SIOCOUTQNSD));
	/* Each byte is on one side or the other. */
	EXPECT_EQ(total, queued + ask(self->pair.server, SIOCINQ));
	while (done < total) {
		ret = recv(self->pair.server, in, sizeof(in), 0);
		ASSERT_LT(0, ret);
		done += ret;
	}
	EXPECT_EQ(0, st_wait_unsent(self->pair.client, 0));
	EXPECT_EQ(0, ask(self->pair.client, SIOCOUTQNSD));
}

/* A FIN in flight is no byte either. */
TEST_F(on, after_fin)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(shutdown(self->pair.client, SHUT_WR));
	ASSERT_EQ(TCP_FIN_WAIT2,
		  st_wait_state(self->pair.client, variant->proto, TCP_FIN_WAIT2));
	EXPECT_EQ(0, ask(self->pair.client, SIOCOUTQ));
}

/* A listener has no stream to count; a closed socket's is empty. */
TEST_F(on, states)
{
	int fd = st_open(variant->proto);

	EXPECT_EQ(0, ask(fd, SIOCINQ));
	EXPECT_EQ(0, ask(fd, SIOCOUTQ));
	EXPECT_EQ(0, ask(fd, SIOCOUTQNSD));
	ASSERT_OK(listen(fd, 1));
	EXPECT_EQ(-EINVAL, ask(fd, SIOCINQ));
	EXPECT_EQ(-EINVAL, ask(fd, SIOCOUTQ));
	EXPECT_EQ(-EINVAL, ask(fd, SIOCOUTQNSD));
}

TEST_F(on, connecting)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(7) };
	int fd = st_open(variant->proto);

	ASSERT_OK(st_route_silent());
	addr.sin_addr = st_silent_addr;
	ASSERT_OK(st_nonblocking(fd));
	ASSERT_ERR(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	EXPECT_EQ(0, ask(fd, SIOCINQ));
	EXPECT_EQ(0, ask(fd, SIOCOUTQ));
}

/* No out-of-band mark is reached where none was set. */
TEST_F(on, mark)
{
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_EQ(0, ask(self->pair.server, SIOCATMARK));
}

TEST_F(on, nonblocking)
{
	int on = 1;
	char byte;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_OK(ioctl(self->pair.server, FIONBIO, &on));
	EXPECT_EQ(O_NONBLOCK, fcntl(self->pair.server, F_GETFL) & O_NONBLOCK);
	EXPECT_ERR(EAGAIN, recv(self->pair.server, &byte, 1, 0));
}

TEST_F(on, wrong)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = st_open(variant->proto);

	EXPECT_EQ(-ENOTTY, ask(fd, 0xdead));
	EXPECT_ERR(EFAULT, ioctl(fd, SIOCINQ, (void *)8));
	EXPECT_ERR(EFAULT, ioctl(fd, SIOCOUTQ, (void *)8));
	/* Those of devices pass through. */
	EXPECT_OK(ioctl(fd, SIOCGIFFLAGS, &ifr));
	EXPECT_EQ(IFF_UP | IFF_LOOPBACK, ifr.ifr_flags & (IFF_UP | IFF_LOOPBACK));
}

TEST_HARNESS_MAIN
