// SPDX-License-Identifier: GPL-2.0
/*
 * Namespaces, sockets, connected pairs and waiting for conditions, for the
 * socket tests.
 */
#define _GNU_SOURCE
#include "sock_pair.h"
#include "sock_raw.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* 192.0.2.1 (TEST-NET-1 of RFC 5737): st_route_silent() sends it into the void. */
const struct in_addr st_silent_addr = { .s_addr = 0x010200c0 };
/* 198.51.100.1 (TEST-NET-2): who speaks to it. */
const struct in_addr st_own_addr = { .s_addr = 0x016433c6 };

/**
 * st_namespace - move the calling process into a new network namespace
 *
 * Its loopback device is up and nothing else is in it.
 *
 * Return: 0, or -1 with errno.
 */
int st_namespace(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd, ret;

	if (unshare(CLONE_NEWNET))
		return -1;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return -1;
	ret = ioctl(fd, SIOCSIFFLAGS, &ifr);
	close(fd);
	return ret;
}

/**
 * st_sysctl - set a sysctl of the current namespace
 * @path: name below /proc/sys
 * @value: what to write
 *
 * Return: 0, or -1 with errno.
 */
int st_sysctl(const char *path, long value)
{
	char name[128], text[24];
	ssize_t len;
	int fd;

	snprintf(name, sizeof(name), "/proc/sys/%s", path);
	fd = open(name, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = snprintf(text, sizeof(text), "%ld", value);
	if (write(fd, text, len) != len)
		len = -1;
	close(fd);
	return len < 0 ? -1 : 0;
}

/**
 * st_setting - set what TCP and HSTP call by different names
 * @proto: IPPROTO_TCP or HSTP's number
 * @setting: which
 * @value: a count of retransmissions
 *
 * Return: 0, or -1 with errno.
 */
int st_setting(int proto, enum st_setting setting, int value)
{
	static const char *const tcp[] = {
		[ST_SYN_RETRIES] = "net/ipv4/tcp_syn_retries",
		[ST_SYNACK_RETRIES] = "net/ipv4/tcp_synack_retries",
		[ST_RETRIES] = "net/ipv4/tcp_retries2",
	};
	static const char *const hstp[] = {
		[ST_SYN_RETRIES] = "net/hstp/syn_retries",
		[ST_SYNACK_RETRIES] = "net/hstp/synack_retries",
		[ST_RETRIES] = "net/hstp/retries",
	};

	return st_sysctl(proto == IPPROTO_TCP ? tcp[setting] : hstp[setting], value);
}

/**
 * st_fast_retransmission - shorten the retransmission timeout where possible
 * @proto: IPPROTO_TCP or HSTP's number
 *
 * TCP's first timeout is a constant second, HSTP's becomes 200 ms.
 *
 * Return: 0, or -1 with errno.
 */
int st_fast_retransmission(int proto)
{
	return proto == IPPROTO_TCP ? 0 : st_sysctl("net/hstp/rto_initial_ms", 200);
}

/**
 * st_no_retransmission - on 127.0.0.1 text is sent again after a minute, not sooner
 * @proto: IPPROTO_TCP or HSTP's number
 *
 * Of connections that are opened from now on: for who counts their segments, since a CPU may
 * stand still for longer than the usual 200 ms.
 *
 * Return: 0, or -1.
 */
int st_no_retransmission(int proto)
{
	if (proto != IPPROTO_TCP)
		return st_sysctl("net/hstp/rto_initial_ms", 60000) ?:
		       st_sysctl("net/hstp/rto_min_ms", 60000);
	/* Its probe of a lost tail does not ask the route. */
	if (st_sysctl("net/ipv4/tcp_early_retrans", 0))
		return -1;
	return system("ip route change local 127.0.0.1 dev lo table local proto kernel "
		      "scope host src 127.0.0.1 rto_min 60s") ? -1 : 0;
}

/**
 * st_route_silent - give the namespace a peer that never answers
 *
 * What is sent to &st_silent_addr leaves through the loopback device and is
 * dropped without a word, since it comes in for nobody. It comes from
 * &st_own_addr, a second address of the loopback.
 *
 * Return: 0, or -1 with errno.
 */
int st_route_silent(void)
{
	struct rtentry route = { .rt_flags = RTF_UP | RTF_HOST, .rt_dev = "lo" };
	struct sockaddr_in *dst = (struct sockaddr_in *)&route.rt_dst;
	struct ifreq ifr = { .ifr_name = "lo:1" };
	struct sockaddr_in *own = (struct sockaddr_in *)&ifr.ifr_addr;
	int fd, ret;

	dst->sin_family = AF_INET;
	dst->sin_addr = st_silent_addr;
	own->sin_family = AF_INET;
	own->sin_addr = st_own_addr;
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return -1;
	ret = ioctl(fd, SIOCSIFADDR, &ifr);
	if (!ret)
		ret = ioctl(fd, SIOCADDRT, &route);
	close(fd);
	return ret;
}

/**
 * st_open - a stream socket of the protocol
 * @proto: IPPROTO_TCP or HSTP's number
 *
 * Return: the descriptor, or -1 with errno.
 */
int st_open(int proto)
{
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, proto);
}

/**
 * st_loopback - an address on 127.0.0.1
 * @port: host order
 */
struct sockaddr_in st_loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

/**
 * st_listen - a listener on a free port of 127.0.0.1
 * @proto: IPPROTO_TCP or HSTP's number
 * @addr: where its address goes
 * @backlog: listen()'s argument
 *
 * Return: the descriptor, or -1 with errno.
 */
int st_listen(int proto, struct sockaddr_in *addr, int backlog)
{
	socklen_t len = sizeof(*addr);
	int fd = st_open(proto);

	if (fd < 0)
		return -1;
	*addr = st_loopback(0);
	if (bind(fd, (struct sockaddr *)addr, sizeof(*addr)) ||
	    listen(fd, backlog) ||
	    getsockname(fd, (struct sockaddr *)addr, &len)) {
		close(fd);
		return -1;
	}
	return fd;
}

/**
 * st_connect - a socket connected to an address
 * @proto: IPPROTO_TCP or HSTP's number
 * @addr: where to
 *
 * Return: the descriptor, or -1 with errno.
 */
int st_connect(int proto, const struct sockaddr_in *addr)
{
	int fd = st_open(proto), err;

	if (fd < 0)
		return -1;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr))) {
		err = errno;
		close(fd);
		errno = err;
		return -1;
	}
	return fd;
}

/**
 * st_pair_open - a listener and one accepted connection to it
 * @pair: filled in
 * @proto: IPPROTO_TCP or HSTP's number
 *
 * Return: 0, or -1 with errno.
 */
int st_pair_open(struct st_pair *pair, int proto)
{
	pair->listener = st_listen(proto, &pair->addr, 8);
	if (pair->listener < 0)
		return -1;
	pair->client = st_connect(proto, &pair->addr);
	if (pair->client < 0)
		return -1;
	pair->server = accept(pair->listener, NULL, NULL);
	return pair->server < 0 ? -1 : 0;
}

/**
 * st_nonblocking - set O_NONBLOCK
 * @fd: the descriptor
 *
 * Return: 0, or -1 with errno.
 */
int st_nonblocking(int fd)
{
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/**
 * st_reset_on_close - make the last close() of a socket a reset
 * @fd: the socket
 *
 * Return: 0, or -1 with errno.
 */
int st_reset_on_close(int fd)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	return setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

/**
 * st_abort - reset a connection (RFC 9293, 3.10.5)
 * @fd: its socket, closed
 *
 * Return: 0, or -1 with errno.
 */
int st_abort(int fd)
{
	return st_reset_on_close(fd) ?: close(fd);
}

/**
 * st_info - TCP_INFO or HSTP_INFO
 * @fd: the socket
 * @proto: its protocol, which is the option's level too
 * @info: filled in
 *
 * Return: 0, or -1 with errno.
 */
int st_info(int fd, int proto, struct tcp_info *info)
{
	socklen_t len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return getsockopt(fd, proto, TCP_INFO, info, &len);
}

/**
 * st_take_error - read SO_ERROR, which clears it
 * @fd: the socket
 *
 * Return: the error, 0 if there was none, or -1 with errno.
 */
int st_take_error(int fd)
{
	int err = -1;
	socklen_t len = sizeof(err);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len) ? -1 : err;
}

/**
 * st_state - the state a socket's connection is in
 * @fd: the socket
 * @proto: its protocol
 *
 * Return: a number of enum tcp_state's kind, or -1 with errno.
 */
int st_state(int fd, int proto)
{
	struct tcp_info info;

	return st_info(fd, proto, &info) ? -1 : info.tcpi_state;
}

/**
 * st_wait_state - wait until a socket's connection is in a state
 * @fd: the socket
 * @proto: its protocol
 * @state: the state
 *
 * Return: the state it is in at the end, @state if all is well.
 */
int st_wait_state(int fd, int proto, int state)
{
	long long end = st_now_ms() + ST_WAIT_MS;

	while (st_state(fd, proto) != state && st_now_ms() < end)
		st_pause();
	return st_state(fd, proto);
}

static int wait_ioctl(int fd, unsigned long request, int bytes)
{
	long long end = st_now_ms() + ST_WAIT_MS;
	int seen = -1;

	for (;;) {
		if (ioctl(fd, request, &seen))
			return -1;
		if (seen == bytes || st_now_ms() >= end)
			return seen;
		st_pause();
	}
}

/**
 * st_wait_queued - wait until so many bytes are there to be read
 * @fd: the socket
 * @bytes: how many
 *
 * Return: how many there are at the end, @bytes if all is well.
 */
int st_wait_queued(int fd, int bytes)
{
	return wait_ioctl(fd, SIOCINQ, bytes);
}

/**
 * st_wait_unsent - wait until so many bytes are sent and not acknowledged
 * @fd: the socket
 * @bytes: how many
 *
 * Return: how many there are at the end, @bytes if all is well.
 */
int st_wait_unsent(int fd, int bytes)
{
	return wait_ioctl(fd, SIOCOUTQ, bytes);
}

/**
 * st_events - what poll() says of a descriptor now
 * @fd: the descriptor
 * @events: what to ask for
 *
 * Return: the returned events.
 */
short st_events(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) < 0 ? -1 : p.revents;
}

/**
 * st_wait_events - wait until poll() says exactly this of a descriptor
 * @fd: the descriptor
 * @events: what to ask for
 * @want: the returned events to wait for
 *
 * Return: the events at the end, @want if all is well.
 */
short st_wait_events(int fd, short events, short want)
{
	long long end = st_now_ms() + ST_WAIT_MS;
	short seen;

	while ((seen = st_events(fd, events)) != want && st_now_ms() < end)
		st_pause();
	return seen;
}

/**
 * st_now_ms - the monotonic clock, in ms
 */
long long st_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/**
 * st_pause - the interval between two looks at a condition
 */
void st_pause(void)
{
	poll(NULL, 0, 2);
}

/**
 * st_pattern - the byte of a test stream at a position
 * @seed: which stream
 * @at: the position, from 0
 *
 * Bytes 256, 4096 or 65536 apart differ, so that a piece moved, lost or sent
 * twice shows.
 */
uint8_t st_pattern(uint64_t seed, uint64_t at)
{
	uint64_t x = (at + 1) * 0x9e3779b97f4a7c15ULL ^ seed * 0xbf58476d1ce4e5b9ULL;

	return (x ^ x >> 29) >> 32;
}

/**
 * st_pattern_fill - write a piece of a test stream
 * @buf: where to
 * @len: its length in bytes
 * @seed: which stream
 * @at: the position of its first byte
 */
void st_pattern_fill(void *buf, size_t len, uint64_t seed, uint64_t at)
{
	uint8_t *byte = buf;

	for (size_t i = 0; i < len; i++)
		byte[i] = st_pattern(seed, at + i);
}

/**
 * st_pattern_check - compare a piece of a test stream
 * @buf: what was received
 * @len: its length in bytes
 * @seed: which stream
 * @at: the position of its first byte
 *
 * Return: -1 when every byte is right, else the position of the first wrong one.
 */
ssize_t st_pattern_check(const void *buf, size_t len, uint64_t seed, uint64_t at)
{
	const uint8_t *byte = buf;

	for (size_t i = 0; i < len; i++)
		if (byte[i] != st_pattern(seed, at + i))
			return at + i;
	return -1;
}

/**
 * st_fill - send a test stream (seed 0) until nothing more is taken
 * @fd: a connected socket whose peer does not read
 *
 * Acknowledgments make room in the send buffer for a while: it is full when a
 * whole %ST_QUIET_MS pass without, and none is on its way.
 *
 * Return: the bytes that were taken, or -1 with errno.
 */
ssize_t st_fill(int fd)
{
	uint8_t piece[16384];
	ssize_t total = 0, ret;
	bool quiet = false;

	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLOUT };

		st_pattern_fill(piece, sizeof(piece), 0, total);
		ret = send(fd, piece, sizeof(piece), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (ret < 0 && errno != EAGAIN)
			return -1;
		if (ret < 0 && quiet)
			return total;
		if (ret > 0)
			total += ret;
		/* Not writable, there may yet be room for a little. */
		quiet = ret < 0 && !poll(&p, 1, ST_QUIET_MS) && !st_settle();
	}
}

/**
 * st_read_all - read until so many bytes, the end, or an error
 * @fd: a blocking socket
 * @buf: where to
 * @len: how many
 *
 * Return: the bytes read, or -1 with errno when an error came first.
 */
ssize_t st_read_all(int fd, void *buf, size_t len)
{
	size_t done = 0;
	ssize_t ret;

	while (done < len) {
		ret = read(fd, (char *)buf + done, len - done);
		if (ret < 0)
			return -1;
		if (!ret)
			break;
		done += ret;
	}
	return done;
}
