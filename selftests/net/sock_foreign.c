// SPDX-License-Identifier: GPL-2.0
/* Sockets with an address that is not the machine's: IP_FREEBIND, IP_TRANSPARENT. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <unistd.h>

#include "sock_fixture.h"

#define FOREIGN "192.0.2.7"

static struct sockaddr_in foreign(void)
{
	struct sockaddr_in addr = st_loopback(0);

	addr.sin_addr.s_addr = inet_addr(FOREIGN);
	return addr;
}

static int switch_on(int fd, int name)
{
	int on = 1;

	return setsockopt(fd, IPPROTO_IP, name, &on, sizeof(on));
}

TEST_F(on, freebind)
{
	struct sockaddr_in addr = foreign(), name;
	int fd = st_open(variant->proto);
	socklen_t len = sizeof(name);

	EXPECT_ERR(EADDRNOTAVAIL, bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_OK(switch_on(fd, IP_FREEBIND));
	ASSERT_OK(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_OK(listen(fd, 1));
	ASSERT_OK(getsockname(fd, (struct sockaddr *)&name, &len));
	EXPECT_EQ(addr.sin_addr.s_addr, name.sin_addr.s_addr);
}

/* ip(7): bound while nobody has the address; a connection is opened from it and to it once it
 * is there, not before (RFC 1122 section 3.3.4.2: the source is one of the host's own).
 */
TEST_F(on, freebind_connection)
{
	struct sockaddr_in client = foreign(), server = foreign(), name;
	int listener = st_open(variant->proto), fd = st_open(variant->proto), child;
	struct sockaddr_in here;
	socklen_t len = sizeof(server);
	char in[8];

	ASSERT_LE(0, st_listen(variant->proto, &here, 1));
	ASSERT_OK(switch_on(listener, IP_FREEBIND));
	ASSERT_OK(bind(listener, (struct sockaddr *)&server, len));
	ASSERT_OK(listen(listener, 1));
	ASSERT_OK(getsockname(listener, (struct sockaddr *)&server, &len));
	ASSERT_OK(switch_on(fd, IP_FREEBIND));
	ASSERT_OK(bind(fd, (struct sockaddr *)&client, len));
	EXPECT_ERR(ENETUNREACH, connect(fd, (struct sockaddr *)&here, len));

	ASSERT_EQ(0, system("ip addr add " FOREIGN "/32 dev lo"));
	ASSERT_OK(connect(fd, (struct sockaddr *)&server, len));
	child = accept(listener, (struct sockaddr *)&name, &len);
	ASSERT_LE(0, child);
	EXPECT_EQ(inet_addr(FOREIGN), name.sin_addr.s_addr);
	ASSERT_OK(getsockname(child, (struct sockaddr *)&name, &len));
	EXPECT_EQ(inet_addr(FOREIGN), name.sin_addr.s_addr);
	EXPECT_EQ(server.sin_port, name.sin_port);
	ASSERT_EQ(2, send(fd, "hi", 2, 0));
	EXPECT_EQ(2, recv(child, in, sizeof(in), 0));
	ASSERT_EQ(2, send(child, "yo", 2, 0));
	EXPECT_EQ(2, recv(fd, in, sizeof(in), 0));
	ASSERT_OK(close(fd));
	EXPECT_EQ(0, recv(child, in, sizeof(in), 0));
	ASSERT_OK(shutdown(child, SHUT_WR));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(child, variant->proto, TCP_CLOSE));
}

/* As a transparent proxy has it: both ends have an address that is nobody's here, and a
 * rule brings their packets in.
 */
TEST_F(on, transparent)
{
	struct sockaddr_in client = foreign(), server = foreign(), name;
	int listener = st_open(variant->proto), fd = st_open(variant->proto), child;
	socklen_t len = sizeof(server);
	char in[8];

	ASSERT_EQ(0, system("ip rule add to " FOREIGN " lookup 100"));
	ASSERT_EQ(0, system("ip route add local " FOREIGN " dev lo table 100"));
	ASSERT_OK(switch_on(listener, IP_TRANSPARENT));
	ASSERT_OK(bind(listener, (struct sockaddr *)&server, len));
	ASSERT_OK(listen(listener, 1));
	ASSERT_OK(getsockname(listener, (struct sockaddr *)&server, &len));
	ASSERT_OK(switch_on(fd, IP_TRANSPARENT));
	ASSERT_OK(bind(fd, (struct sockaddr *)&client, len));
	ASSERT_OK(connect(fd, (struct sockaddr *)&server, len));
	child = accept(listener, (struct sockaddr *)&name, &len);
	ASSERT_LE(0, child);
	EXPECT_EQ(inet_addr(FOREIGN), name.sin_addr.s_addr);
	ASSERT_EQ(2, send(fd, "hi", 2, 0));
	EXPECT_EQ(2, recv(child, in, sizeof(in), 0));
	/* To the end: the last ACK comes from there, too. */
	ASSERT_OK(close(fd));
	EXPECT_EQ(0, recv(child, in, sizeof(in), 0));
	ASSERT_OK(shutdown(child, SHUT_WR));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(child, variant->proto, TCP_CLOSE));
}

TEST_HARNESS_MAIN
