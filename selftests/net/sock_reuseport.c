// SPDX-License-Identifier: GPL-2.0
/* SO_REUSEPORT: several listeners of one name share its connections. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/filter.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_raw.h"

#define PORT	4711
#define MANY	64	/* that all choose one of four has a chance of 4^-63 */

static int set(int fd, int name, int value)
{
	return setsockopt(fd, SOL_SOCKET, name, &value, sizeof(value));
}

static int bound(int proto, int share)
{
	struct sockaddr_in addr = st_loopback(PORT);
	int fd = st_open(proto);

	if (fd < 0 || set(fd, SO_REUSEPORT, share) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)))
		return -1;
	return fd;
}

static int listening(int proto)
{
	int fd = bound(proto, 1);

	return fd < 0 || listen(fd, MANY) ? -1 : fd;
}

static int connected(int proto)
{
	struct sockaddr_in addr = st_loopback(PORT);

	return st_connect(proto, &addr);
}

/* How many connections wait. */
static int waiting(int fd)
{
	int count = 0;

	if (st_settle())
		return -1;
	while (st_events(fd, POLLIN) == POLLIN) {
		close(accept(fd, NULL, NULL));
		count++;
	}
	return count;
}

/* All must want it, whatever they do; and each by itself has the port alone. */
TEST_F(on, all_or_none)
{
	int one = bound(variant->proto, 1);

	ASSERT_LE(0, one);
	EXPECT_EQ(-1, bound(variant->proto, 0));
	EXPECT_EQ(EADDRINUSE, errno);
	EXPECT_LE(0, bound(variant->proto, 1));
	ASSERT_OK(listen(one, 1));
	EXPECT_EQ(-1, bound(variant->proto, 0));
	EXPECT_EQ(EADDRINUSE, errno);
	EXPECT_LE(0, listening(variant->proto));
	close(one);
	ASSERT_OK(st_namespace());
	ASSERT_LE(0, bound(variant->proto, 0));
	EXPECT_EQ(-1, bound(variant->proto, 1));
	EXPECT_EQ(EADDRINUSE, errno);
}

/* Another user cannot take a share of what comes. */
TEST_F(on, one_owner)
{
	int status = -1;
	pid_t child;

	ASSERT_LE(0, listening(variant->proto));
	child = fork();
	if (!child) {
		if (setuid(12345))
			_exit(2);
		_exit(bound(variant->proto, 1) < 0 && errno == EADDRINUSE ? 0 : 1);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
}

/* Each of them gets some, nothing is lost. */
TEST_F(on, shared)
{
	int listener[4], sum = 0;

	for (int i = 0; i < 4; i++) {
		listener[i] = listening(variant->proto);
		ASSERT_LE(0, listener[i]);
	}
	for (int i = 0; i < MANY; i++)
		ASSERT_LE(0, connected(variant->proto));
	for (int i = 0; i < 4; i++) {
		int count = waiting(listener[i]);

		EXPECT_LT(0, count);
		EXPECT_GT(MANY, count);
		sum += count;
	}
	EXPECT_EQ(MANY, sum);
}

/* When one goes the others get all. */
TEST_F(on, one_leaves)
{
	int listener[3], first, third;

	for (int i = 0; i < 3; i++) {
		listener[i] = listening(variant->proto);
		ASSERT_LE(0, listener[i]);
	}
	ASSERT_OK(close(listener[0]));
	ASSERT_OK(shutdown(listener[2], SHUT_RD));
	for (int i = 0; i < MANY; i++)
		ASSERT_LE(0, connected(variant->proto));
	EXPECT_EQ(MANY, waiting(listener[1]));
	/* One that listens again is one of them again. */
	ASSERT_OK(listen(listener[2], MANY));
	for (int i = 0; i < MANY; i++)
		ASSERT_LE(0, connected(variant->proto));
	first = waiting(listener[1]);
	third = waiting(listener[2]);
	EXPECT_LT(0, first);
	EXPECT_LT(0, third);
	EXPECT_EQ(MANY, first + third);
	ASSERT_OK(close(listener[1]));
	ASSERT_OK(close(listener[2]));
	EXPECT_EQ(-1, connected(variant->proto));
	EXPECT_EQ(ECONNREFUSED, errno);
}

/* A listener of the address itself comes before the group of all addresses. */
TEST_F(on, particular)
{
	struct sockaddr_in any = st_loopback(PORT);
	int fd = st_open(variant->proto), exact;

	any.sin_addr.s_addr = htonl(INADDR_ANY);
	ASSERT_OK(set(fd, SO_REUSEPORT, 1));
	ASSERT_OK(bind(fd, (struct sockaddr *)&any, sizeof(any)));
	ASSERT_OK(listen(fd, MANY));
	exact = listening(variant->proto);
	ASSERT_LE(0, exact);
	for (int i = 0; i < 8; i++)
		ASSERT_LE(0, connected(variant->proto));
	EXPECT_EQ(8, waiting(exact));
	EXPECT_EQ(0, waiting(fd));
}

/* A program chooses (socket(7)): here always the second; and a number that none of them
 * has leaves it to the hash.
 */
TEST_F(on, program)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, 1) };
	struct sock_fprog program = { .len = 1, .filter = code };
	int listener[3], sum = 0;

	for (int i = 0; i < 3; i++) {
		listener[i] = listening(variant->proto);
		ASSERT_LE(0, listener[i]);
	}
	ASSERT_OK(setsockopt(listener[0], SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
			     sizeof(program)));
	for (int i = 0; i < MANY; i++)
		ASSERT_LE(0, connected(variant->proto));
	EXPECT_EQ(0, waiting(listener[0]));
	EXPECT_EQ(MANY, waiting(listener[1]));
	EXPECT_EQ(0, waiting(listener[2]));
	code[0].k = 7;
	ASSERT_OK(setsockopt(listener[2], SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program,
			     sizeof(program)));
	for (int i = 0; i < MANY; i++)
		ASSERT_LE(0, connected(variant->proto));
	for (int i = 0; i < 3; i++)
		sum += waiting(listener[i]);
	EXPECT_EQ(MANY, sum);
}

/* The next server finds the port free for it, although the last one's connections are in
 * every state down to TIME-WAIT.
 */
TEST_F(on, restarted)
{
	int listener = listening(variant->proto), client[2], server[2];
	char byte;

	ASSERT_LE(0, listener);
	for (int i = 0; i < 2; i++) {
		client[i] = connected(variant->proto);
		server[i] = accept(listener, NULL, NULL);
		ASSERT_LE(0, server[i]);
	}
	ASSERT_OK(close(server[0]));
	ASSERT_EQ(0, recv(client[0], &byte, 1, 0));
	ASSERT_OK(close(client[0]));
	ASSERT_OK(close(listener));
	listener = listening(variant->proto);
	EXPECT_LE(0, listener);
	ASSERT_LE(0, connected(variant->proto));
	EXPECT_EQ(1, waiting(listener));
	/* Not for who does not share. */
	ASSERT_OK(close(listener));
	EXPECT_EQ(-1, bound(variant->proto, 0));
	EXPECT_EQ(EADDRINUSE, errno);
}

TEST_HARNESS_MAIN
