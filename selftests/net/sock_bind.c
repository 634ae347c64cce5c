// SPDX-License-Identifier: GPL-2.0
/* bind(): addresses, ports, and who may have one that is in use. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <unistd.h>

#include "sock_fixture.h"

static int bind_to(int fd, const struct sockaddr_in *addr)
{
	return bind(fd, (const struct sockaddr *)addr, sizeof(*addr));
}

static int reuse(int fd)
{
	int one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
}

static struct sockaddr_in name_of(int fd)
{
	struct sockaddr_in addr = { 0 };
	socklen_t len = sizeof(addr);

	getsockname(fd, (struct sockaddr *)&addr, &len);
	return addr;
}

/* The name is what bind() was given. */
TEST_F(on, name)
{
	struct sockaddr_in addr = st_loopback(4711), name;
	int fd = st_open(variant->proto);

	ASSERT_OK(bind_to(fd, &addr));
	name = name_of(fd);
	EXPECT_EQ(AF_INET, name.sin_family);
	EXPECT_EQ(htons(4711), name.sin_port);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), name.sin_addr.s_addr);
}

/* Port 0: the system chooses, each time another. */
TEST_F(on, port_zero)
{
	struct sockaddr_in addr = st_loopback(0);
	int a = st_open(variant->proto), b = st_open(variant->proto);

	ASSERT_OK(bind_to(a, &addr));
	ASSERT_OK(bind_to(b, &addr));
	EXPECT_NE(0, name_of(a).sin_port);
	EXPECT_NE(0, name_of(b).sin_port);
	EXPECT_NE(name_of(a).sin_port, name_of(b).sin_port);
}

/* Chosen is only a port that nothing else has: neither a socket nor a connection, however
 * few there are left.
 */
TEST_F(on, port_zero_beside_connections)
{
	struct sockaddr_in addr = st_loopback(4711), any = st_loopback(0);
	int listener = st_open(variant->proto), fd;

	ASSERT_EQ(0, system(variant->proto == IPPROTO_TCP ?
			    "echo 40000 40003 > /proc/sys/net/ipv4/ip_local_port_range" :
			    "echo 40000 > /proc/sys/net/hstp/port_min &&"
			    " echo 40003 > /proc/sys/net/hstp/port_max"));
	ASSERT_OK(bind_to(listener, &addr));
	ASSERT_OK(listen(listener, 8));
	for (int i = 0; i < 3; i++)
		ASSERT_LE(0, st_connect(variant->proto, &addr));
	fd = st_open(variant->proto);
	ASSERT_OK(bind_to(fd, &any));
	EXPECT_LE(40000, ntohs(name_of(fd).sin_port));
	EXPECT_GE(40003, ntohs(name_of(fd).sin_port));
	EXPECT_ERR(EADDRINUSE, bind_to(st_open(variant->proto), &any));
	/* There is none left for a connection either. */
	EXPECT_EQ(-1, st_connect(variant->proto, &addr));
	EXPECT_EQ(EADDRNOTAVAIL, errno);
}

/* A name is given once. */
TEST_F(on, twice)
{
	struct sockaddr_in addr = st_loopback(4711);
	int fd = st_open(variant->proto);

	ASSERT_OK(bind_to(fd, &addr));
	EXPECT_ERR(EINVAL, bind_to(fd, &addr));
	addr.sin_port = htons(4712);
	EXPECT_ERR(EINVAL, bind_to(fd, &addr));
	EXPECT_EQ(htons(4711), name_of(fd).sin_port);
}

TEST_F(on, not_when_open)
{
	struct sockaddr_in addr = st_loopback(0);

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_ERR(EINVAL, bind_to(self->pair.client, &addr));
	EXPECT_ERR(EINVAL, bind_to(self->pair.server, &addr));
	EXPECT_ERR(EINVAL, bind_to(self->pair.listener, &addr));
}

TEST_F(on, in_use)
{
	struct sockaddr_in addr = st_loopback(4711), other = st_loopback(4711);
	int a = st_open(variant->proto), b = st_open(variant->proto);

	ASSERT_OK(bind_to(a, &addr));
	EXPECT_ERR(EADDRINUSE, bind_to(b, &addr));
	/* The wildcard covers every address … */
	addr.sin_addr.s_addr = htonl(INADDR_ANY);
	EXPECT_ERR(EADDRINUSE, bind_to(b, &addr));
	/* … and another address of the same host is another name. */
	other.sin_addr.s_addr = inet_addr("127.0.0.2");
	EXPECT_OK(bind_to(b, &other));
}

TEST_F(on, wildcard_in_use)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(4711) };
	struct sockaddr_in addr = st_loopback(4711);
	int a = st_open(variant->proto), b = st_open(variant->proto);

	ASSERT_OK(bind_to(a, &any));
	EXPECT_ERR(EADDRINUSE, bind_to(b, &addr));
	EXPECT_ERR(EADDRINUSE, bind_to(b, &any));
	/* A failed bind() leaves the socket as it was. */
	addr.sin_port = htons(4712);
	EXPECT_OK(bind_to(b, &addr));
}

/* close() of a socket that was only bound frees the name at once. */
TEST_F(on, freed_by_close)
{
	struct sockaddr_in addr = st_loopback(4711);
	int a = st_open(variant->proto), b = st_open(variant->proto);

	ASSERT_OK(bind_to(a, &addr));
	ASSERT_OK(listen(a, 1));
	EXPECT_ERR(EADDRINUSE, bind_to(b, &addr));
	close(a);
	EXPECT_OK(bind_to(b, &addr));
}

/* SO_REUSEADDR on both: they may share a name that nobody listens on. */
TEST_F(on, reuse_shares)
{
	struct sockaddr_in addr = st_loopback(4711);
	int a = st_open(variant->proto), b = st_open(variant->proto);
	int c = st_open(variant->proto);

	ASSERT_OK(reuse(a));
	ASSERT_OK(reuse(b));
	ASSERT_OK(bind_to(a, &addr));
	EXPECT_OK(bind_to(b, &addr));
	/* It takes both to agree. */
	EXPECT_ERR(EADDRINUSE, bind_to(c, &addr));
	/* Only one of them may listen. */
	EXPECT_OK(listen(a, 1));
	EXPECT_ERR(EADDRINUSE, listen(b, 1));
}

/* SO_REUSEADDR does not take a name from a listener. */
TEST_F(on, reuse_not_from_listener)
{
	struct sockaddr_in addr = st_loopback(4711);
	int a = st_open(variant->proto), b = st_open(variant->proto);

	ASSERT_OK(reuse(a));
	ASSERT_OK(reuse(b));
	ASSERT_OK(bind_to(a, &addr));
	ASSERT_OK(listen(a, 1));
	EXPECT_ERR(EADDRINUSE, bind_to(b, &addr));
}

/* A server that closed first can come back at once only with SO_REUSEADDR. */
TEST_F(on, time_wait)
{
	struct sockaddr_in addr = st_loopback(4711);
	int a = st_open(variant->proto), b = st_open(variant->proto);
	int client, server;
	char byte;

	ASSERT_OK(bind_to(a, &addr));
	ASSERT_OK(listen(a, 1));
	client = st_connect(variant->proto, &addr);
	ASSERT_LE(0, client);
	server = accept(a, NULL, NULL);
	ASSERT_LE(0, server);
	close(server);
	close(a);
	ASSERT_EQ(0, read(client, &byte, 1));
	close(client);

	EXPECT_ERR(EADDRINUSE, bind_to(b, &addr));
	ASSERT_OK(reuse(b));
	/* Linux wants the first owner to have agreed too. */
	EXPECT_ERR(EADDRINUSE, bind_to(b, &addr));
}

TEST_F(on, time_wait_reuse)
{
	struct sockaddr_in addr = st_loopback(4711);
	int a = st_open(variant->proto), b = st_open(variant->proto);
	int c = st_open(variant->proto), client, server;
	char byte;

	ASSERT_OK(reuse(a));
	ASSERT_OK(bind_to(a, &addr));
	ASSERT_OK(listen(a, 1));
	client = st_connect(variant->proto, &addr);
	ASSERT_LE(0, client);
	server = accept(a, NULL, NULL);
	ASSERT_LE(0, server);
	close(server);
	close(a);
	ASSERT_EQ(0, read(client, &byte, 1));
	close(client);

	EXPECT_ERR(EADDRINUSE, bind_to(c, &addr));
	ASSERT_OK(reuse(b));
	EXPECT_OK(bind_to(b, &addr));
	EXPECT_OK(listen(b, 1));
	EXPECT_LE(0, st_connect(variant->proto, &addr));
}

/* A server that goes while its connections stay: the same rule. */
TEST_F(on, connection_keeps_name)
{
	struct sockaddr_in addr = st_loopback(4711);
	int a = st_open(variant->proto), b = st_open(variant->proto);
	int server;

	ASSERT_OK(reuse(a));
	ASSERT_OK(bind_to(a, &addr));
	ASSERT_OK(listen(a, 1));
	ASSERT_LE(0, st_connect(variant->proto, &addr));
	server = accept(a, NULL, NULL);
	ASSERT_LE(0, server);
	close(a);
	EXPECT_ERR(EADDRINUSE, bind_to(b, &addr));
	ASSERT_OK(reuse(b));
	EXPECT_OK(bind_to(b, &addr));
	EXPECT_OK(listen(b, 1));
}

static int bind_device(int fd, const char *name)
{
	return setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, strlen(name));
}

/* Connections of one device are not in the way on another, as their listener is not. */
TEST_F(on, devices_apart)
{
	struct sockaddr_in addr = st_loopback(4711);
	int a = st_open(variant->proto), b = st_open(variant->proto);
	int c = st_open(variant->proto), d = st_open(variant->proto), server;

	ASSERT_EQ(0, system("ip link add va type veth peer name vb"));
	ASSERT_OK(bind_device(a, "lo"));
	ASSERT_OK(bind_device(b, "va"));
	ASSERT_OK(bind_device(c, "lo"));
	ASSERT_OK(bind_to(a, &addr));
	ASSERT_OK(listen(a, 1));
	ASSERT_LE(0, st_connect(variant->proto, &addr));
	server = accept(a, NULL, NULL);
	ASSERT_LE(0, server);
	close(a);
	EXPECT_ERR(EADDRINUSE, bind_to(c, &addr));
	EXPECT_ERR(EADDRINUSE, bind_to(d, &addr));
	EXPECT_OK(bind_to(b, &addr));
	ASSERT_EQ(0, system("ip link del va"));
}

TEST_F(on, not_local)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons(4711) };
	int fd = st_open(variant->proto);

	addr.sin_addr = st_silent_addr;
	EXPECT_ERR(EADDRNOTAVAIL, bind_to(fd, &addr));
	addr.sin_addr.s_addr = inet_addr("10.0.0.1");
	EXPECT_ERR(EADDRNOTAVAIL, bind_to(fd, &addr));
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	EXPECT_OK(bind_to(fd, &addr));
}

TEST_F(on, bad_address)
{
	struct sockaddr_in addr = st_loopback(4711);
	int fd = st_open(variant->proto);

	EXPECT_ERR(EINVAL, bind(fd, (struct sockaddr *)&addr, 1));
	EXPECT_ERR(EINVAL, bind(fd, (struct sockaddr *)&addr, 0));
	EXPECT_ERR(EINVAL, bind(fd, (struct sockaddr *)&addr, sizeof(addr) - 1));
	EXPECT_ERR(EINVAL, bind(fd, (struct sockaddr *)&addr, -1));
	EXPECT_ERR(EFAULT, bind(fd, (struct sockaddr *)8, sizeof(addr)));
	addr.sin_family = AF_UNIX;
	EXPECT_ERR(EAFNOSUPPORT, bind_to(fd, &addr));
	/* AF_UNSPEC is AF_INET's old alias for the wildcard alone. */
	addr.sin_family = AF_UNSPEC;
	EXPECT_ERR(EAFNOSUPPORT, bind_to(fd, &addr));
	addr.sin_addr.s_addr = htonl(INADDR_ANY);
	EXPECT_OK(bind_to(fd, &addr));
	EXPECT_EQ(htons(4711), name_of(fd).sin_port);
}

/* Ports below ip_unprivileged_port_start need CAP_NET_BIND_SERVICE. */
TEST_F(on, privileged_port)
{
	struct sockaddr_in addr = st_loopback(80);
	int fd = st_open(variant->proto);

	ASSERT_OK(seteuid(65534));
	EXPECT_ERR(EACCES, bind_to(fd, &addr));
	addr.sin_port = htons(1023);
	EXPECT_ERR(EACCES, bind_to(fd, &addr));
	addr.sin_port = htons(1024);
	EXPECT_OK(bind_to(fd, &addr));
	ASSERT_OK(seteuid(0));
	fd = st_open(variant->proto);
	addr.sin_port = htons(80);
	EXPECT_OK(bind_to(fd, &addr));
}

/* TCP's ports and HSTP's are different ports. */
TEST_F(on, protocols_apart)
{
	struct sockaddr_in addr = st_loopback(4711);
	int other = variant->proto == IPPROTO_TCP ? IPPROTO_UDP : IPPROTO_TCP;
	int type = other == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM;
	int a = st_open(variant->proto), b = socket(AF_INET, type, other);

	ASSERT_OK(bind_to(a, &addr));
	EXPECT_OK(bind_to(b, &addr));
}

/* Namespaces have names of their own. */
TEST_F(on, namespaces_apart)
{
	struct sockaddr_in addr = st_loopback(4711);
	int a = st_open(variant->proto), b;

	ASSERT_OK(bind_to(a, &addr));
	ASSERT_OK(listen(a, 1));
	ASSERT_OK(st_namespace());
	EXPECT_EQ(-1, st_connect(variant->proto, &addr));
	EXPECT_EQ(ECONNREFUSED, errno);
	b = st_open(variant->proto);
	EXPECT_OK(bind_to(b, &addr));
	EXPECT_OK(listen(b, 1));
}

/* A client may choose its end of the connection. */
TEST_F(on, client_port)
{
	struct sockaddr_in addr = st_loopback(4711), name = { 0 };
	socklen_t len = sizeof(name);
	int fd = st_open(variant->proto), server;

	self->pair.listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, self->pair.listener);
	addr.sin_addr.s_addr = inet_addr("127.0.0.9");
	ASSERT_OK(bind_to(fd, &addr));
	ASSERT_OK(connect(fd, (struct sockaddr *)&self->pair.addr, sizeof(addr)));
	server = accept(self->pair.listener, (struct sockaddr *)&name, &len);
	ASSERT_LE(0, server);
	EXPECT_EQ(htons(4711), name.sin_port);
	EXPECT_EQ(inet_addr("127.0.0.9"), name.sin_addr.s_addr);
}

TEST_HARNESS_MAIN
