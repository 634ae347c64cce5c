// SPDX-License-Identifier: GPL-2.0
/* Ephemeral ports, as RFC 6056 wants them: section 3.3.4, algorithm 4, and section 3.2. Who
 * watches the connections to one peer learns nothing of those to another.
 */
#include <arpa/inet.h>

#include "kselftest_harness.h"

#include "lib/fd.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 120

#define HERE		"10.1.0.1"	/* of each namespace */
#define PEERS		200
#define NEAR		2

/* An address of its own, and a network in which nobody answers: what goes there comes in again
 * through the same device and is for nobody.
 */
static void into_the_void(enum net_ns ns)
{
	net_run(ns, "ip address add " HERE "/32 dev lo && ip route add 10.9.0.0/16 dev lo src "
		    HERE);
}

static struct sockaddr_in peer(int number)
{
	/* Half of them are hosts, half of them ports of one host. */
	if (number % 2)
		return addr_of(htonl(0x0a090001 + number), 80);
	return addr_of(htonl(0x0a090001), (uint16_t)(1000 + number));
}

/* Connecting, which goes on as long as the socket is open. */
static int begin(enum net_ns ns, struct sockaddr_in to)
{
	int fd = fd_new_flags(ns, SOCK_NONBLOCK);

	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&to, sizeof(to)));
	return fd;
}

static int port_of(int fd)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);

	TRY(getsockname(fd, (struct sockaddr *)&name, &len));
	SAME(name.sin_addr.s_addr, inet_addr(HERE));
	return ntohs(name.sin_port);
}

/* The port that is chosen; the attempt is given up at once. */
static int port_to(enum net_ns ns, struct sockaddr_in to)
{
	int fd = begin(ns, to), port = port_of(fd);

	fd_close(fd);
	return port;
}

static int range_begin(enum net_ns ns)
{
	return (int)net_get_sysctl(ns, "net.hstp.port_min");
}

static int range_size(enum net_ns ns)
{
	return (int)net_get_sysctl(ns, "net.hstp.port_max") - range_begin(ns) + 1;
}

/* How far it is from @a to @b in a circle of @size. */
static int step(int a, int b, int size)
{
	return (b - a + size) % size;
}

static bool near(int a, int b, int size, int by)
{
	return step(a, b, size) <= by || step(b, a, size) <= by;
}

/* "port = min_ephemeral + (offset + table[index]) % num_ephemeral; table[index]++": one port
 * after the other, whether those before are still in use or not, and round.
 */
TEST(one_after_the_other)
{
	int fds[20], first, size;

	net_alone();
	into_the_void(NS_A);
	size = range_size(NS_A);
	for (int i = 0; i < 20; i++) {
		fds[i] = begin(NS_A, peer(1));
		NEED(port_of(fds[i]) >= range_begin(NS_A));
		NEED(port_of(fds[i]) < range_begin(NS_A) + size);
		if (i)
			SAME(step(port_of(fds[i - 1]), port_of(fds[i]), size), 1);
	}
	for (int i = 0; i < 20; i++)
		fd_close(fds[i]);

	net_hstp(NS_A, "port_min", 50000);
	net_hstp(NS_A, "port_max", 50006);
	first = port_to(NS_A, peer(1));
	for (int i = 1; i < 20; i++)
		SAME(port_to(NS_A, peer(1)), 50000 + (first - 50000 + i) % 7);
}

/* Pairs that are near each other, of all there are. Chance has 5 in @size of them so. */
static int near_pairs(const int *numbers, int count, int size)
{
	int pairs = 0;

	for (int i = 0; i < count; i++)
		for (int j = 0; j < i; j++)
			pairs += near(numbers[i], numbers[j], size, NEAR);
	return pairs;
}

/* Of the 19,900 pairs of 28,232 ports chance makes 3.5 near ones. Were there no F(), those who
 * share an entry of table[], of 256 entries 78 pairs, would follow each other.
 */
#define CHANCE_PAIRS	20

/* F(): another peer, another offset. */
TEST(differs_with_the_peer)
{
	int ports[PEERS], near_last = 0, regular = 0, size;

	net_alone();
	into_the_void(NS_A);
	size = range_size(NS_A);
	SAME(size, 28232);
	for (int i = 0; i < PEERS; i++) {
		ports[i] = port_to(NS_A, peer(i));
		if (i)
			near_last += near(ports[i - 1], ports[i], size, 50);
		if (i > 1)
			regular += near(step(ports[i - 2], ports[i - 1], size),
					step(ports[i - 1], ports[i], size), size, NEAR);
	}
	NEED(near_last < 10);
	NEED(regular < 5);
	NEED(near_pairs(ports, PEERS, size) < CHANCE_PAIRS);
}

/* "secret_key1": another host with the same address has other offsets; not even what two of its
 * ports differ by, where they share an entry of the table, is the same there.
 */
TEST(needs_the_secret)
{
	int differences[PEERS], size, equal = 0;

	net_pair();
	into_the_void(NS_A);
	into_the_void(NS_B);
	size = range_size(NS_A);
	for (int i = 0; i < PEERS; i++) {
		differences[i] = step(port_to(NS_A, peer(i)), port_to(NS_B, peer(i)), size);
		equal += near(differences[i], 0, size, 50);
	}
	NEED(equal < 10);
	NEED(near_pairs(differences, PEERS, size) < CHANCE_PAIRS);
}

/* "check_suitable_port()": neither those that are kept for a service (section 3.2) nor those
 * that bind() has given away are for a connection that will have any port.
 */
TEST(skips_what_is_not_free)
{
	struct sockaddr_in any = { .sin_family = AF_INET }, bound = addr_of(INADDR_ANY, 5002), to;
	int fd = -1, used[4] = { 0 };

	net_alone();
	into_the_void(NS_A);
	net_hstp(NS_A, "port_min", 5000);
	net_hstp(NS_A, "port_max", 5003);
	SAME(net_try_sysctl(NS_A, "net.ipv4.ip_local_reserved_ports", "5001"), 0);
	TRY(bind(fd_new(NS_A), (struct sockaddr *)&bound, sizeof(bound)));
	for (int i = 0; i < PEERS; i++)
		used[port_to(NS_A, peer(i)) - 5000]++;
	NEED(used[0] && used[3]);
	SAME(used[0] + used[3], PEERS);

	/* With bind() they do not go either. */
	for (int i = 0; i < 2; i++)
		TRY(bind(fd_new(NS_A), (struct sockaddr *)&any, sizeof(any)));
	FAILS(EADDRINUSE, bind(fd_new(NS_A), (struct sockaddr *)&any, sizeof(any)));
	fd = fd_new_flags(NS_A, SOCK_NONBLOCK);
	to = peer(1);
	FAILS(EADDRNOTAVAIL, connect(fd, (struct sockaddr *)&to, sizeof(to)));
}

/* What must be unique is both ends: one port serves connections to several peers. */
TEST(port_of_several)
{
	net_alone();
	into_the_void(NS_A);
	net_hstp(NS_A, "port_max", 40000);
	net_hstp(NS_A, "port_min", 40000);
	for (int i = 0; i < 20; i++)
		SAME(port_of(begin(NS_A, peer(i))), 40000);
}

TEST_HARNESS_MAIN
