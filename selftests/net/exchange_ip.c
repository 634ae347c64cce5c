// SPDX-License-Identifier: GPL-2.0
/* What programs ask of IP is on the wire: RFC 9293 sections 3.9.1.9 and 3.9.2. */
#include <netinet/ip.h>

#include "lib/exchange.h"

static const struct iphdr *ip_of(const struct seen *seen)
{
	return (const void *)(seen->frame + 14);
}

static void ask(int fd, int option, int value)
{
	TRY(setsockopt(fd, IPPROTO_IP, option, &value, sizeof(value)));
}

/* MUST-48, SHLD-21, SHLD-22: the Diffserv field, on the SYN and from when it is changed,
 * unchanged.
 */
TEST_F(peer, diffserv_field)
{
	static const uint8_t fields[] = { 0xb8, 0x20, 0xfc, 0x04, 0x00 };
	struct sockaddr_in addr = addr_of(self->us.addr, self->us.port);
	int fd = fd_bound(&self->it);
	uint32_t seq = 301;
	struct seen *seen;

	ask(fd, IP_TOS, 0x28);
	fd_block(fd, false);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	seen = wire_expect(&self->it, SYN, 300);
	SAME(ip_of(seen)->tos, 0x28);
	wire_send(&self->us, SYN | ACK, 100, 301);
	seen = wire_expect(&self->it, ACK, 301, 101);
	SAME(ip_of(seen)->tos, 0x28);
	fd_nodelay(fd);
	for (size_t i = 0; i < sizeof(fields); i++) {
		ask(fd, IP_TOS, fields[i]);
		fd_send(fd, "text");
		seen = wire_expect(&self->it, PSH | ACK, seq, 101, "text");
		SAME(ip_of(seen)->tos, fields[i]);
		seq += 4;
		wire_send(&self->us, ACK, 101, seq);
	}
}

/* ... of a passive open: what the listener asks for is on the SYN,ACK already. */
TEST_F(peer, diffserv_field_of_a_listener)
{
	int listener = fd_listen(&self->it, 1), fd;
	struct seen *seen;

	ask(listener, IP_TOS, 0x48);
	wire_send(&self->us, SYN, 100);
	seen = wire_expect(&self->it, SYN | ACK, 300, 101);
	SAME(ip_of(seen)->tos, 0x48);
	wire_send(&self->us, ACK, 101, 301);
	fd = fd_accept(listener);
	fd_send(fd, "text");
	seen = wire_expect(&self->it, PSH | ACK, 301, 101, "text");
	SAME(ip_of(seen)->tos, 0x48);
}

/* MUST-49 */
TEST_F(peer, time_to_live)
{
	struct sockaddr_in addr = addr_of(self->us.addr, self->us.port);
	int fd = fd_bound(&self->it);
	struct seen *seen;

	ask(fd, IP_TTL, 7);
	fd_block(fd, false);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	seen = wire_expect(&self->it, SYN, 300);
	SAME(ip_of(seen)->ttl, 7);
	wire_send(&self->us, SYN | ACK, 100, 301);
	seen = wire_expect(&self->it, ACK, 301, 101);
	SAME(ip_of(seen)->ttl, 7);
	ask(fd, IP_TTL, 255);
	fd_send(fd, "text");
	seen = wire_expect(&self->it, PSH | ACK, 301, 101, "text");
	SAME(ip_of(seen)->ttl, 255);
	ask(fd, IP_TTL, -1);	/* the default again */
	wire_send(&self->us, ACK, 101, 305);
	fd_send(fd, "more");
	seen = wire_expect(&self->it, PSH | ACK, 305, 101, "more");
	SAME(ip_of(seen)->ttl, net_get_sysctl(NS_A, "net.ipv4.ip_default_ttl"));
}

/* ... to the last segment: TIME-WAIT, and a socket that is no more, have it too. */
TEST_F(peer, time_to_live_of_time_wait)
{
	static const int values[] = { 7, 255, 1, -1 };

	for (size_t i = 0; i < sizeof(values) / sizeof(*values); i++) {
		int value = values[i], fd;
		struct end us, it;
		struct seen *seen;

		wire_ends(&us, NS_T, PORT_US + i, &it, NS_A, PORT_IT + i);
		fd = wire_open_active(&us, &it);
		ask(fd, IP_TTL, value);
		if (value < 0)
			value = net_get_sysctl(NS_A, "net.ipv4.ip_default_ttl");
		fd_close(fd);
		seen = wire_expect(&it, FIN | ACK, 301, 101);
		SAME(ip_of(seen)->ttl, value);
		wire_send(&us, FIN | ACK, 101, 302);
		seen = wire_expect(&it, ACK, 302, 102);
		SAME(ip_of(seen)->ttl, value);
		state_is(&it, "TIME-WAIT");
		wire_send(&us, FIN | ACK, 101, 302);
		seen = wire_expect(&it, ACK, 302, 102);
		SAME(ip_of(seen)->ttl, value);
	}
}

/* The field of the packet that had the last byte that was read, or -1. */
static int field_of_read(int fd, char *in, size_t len)
{
	char control[CMSG_SPACE(64)];
	struct iovec iov = { in, len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *cmsg;

	TRY(recvmsg(fd, &msg, 0));
	cmsg = CMSG_FIRSTHDR(&msg);
	if (!cmsg)
		return -1;
	SAME(cmsg->cmsg_level, IPPROTO_IP);
	SAME(cmsg->cmsg_type, IP_TOS);
	NEED(!CMSG_NXTHDR(&msg, cmsg));
	return *CMSG_DATA(cmsg);
}

static int field_of_recv(int fd)
{
	char in[64];

	return field_of_read(fd, in, sizeof(in));
}

/* MAY-9: the received field is passed up to who asks for it. */
TEST_F(peer, diffserv_field_received)
{
	static const uint8_t fields[] = { 0xb8, 0x00, 0xff, 0x20 };
	int listener = fd_listen(&self->it, 1), fd;
	uint32_t seq = 101;

	fd = wire_open_passive(&self->us, &self->it, listener);
	wire_send(&self->us, PSH | ACK, seq, 301, "text", .tos = 0x48);
	SAME(field_of_recv(fd), -1);
	ask(fd, IP_RECVTOS, 1);
	for (size_t i = 0; i < sizeof(fields); i++) {
		seq += 4;
		wire_send(&self->us, PSH | ACK, seq, 301, "text", .tos = fields[i]);
		SAME(field_of_recv(fd), fields[i]);
	}
	/* Read in one go, it is the last one's. */
	wire_send(&self->us, PSH | ACK, seq + 4, 301, "text", .tos = 0x08);
	wire_send(&self->us, PSH | ACK, seq + 8, 301, "text", .tos = 0x10);
	wire_sync(NS_A);
	SAME(field_of_recv(fd), 0x10);
	ask(fd, IP_RECVTOS, 0);
	wire_send(&self->us, PSH | ACK, seq + 12, 301, "text", .tos = 0x10);
	SAME(field_of_recv(fd), -1);
}

/* ... also where small segments share a buffer: each has its own, and what is read up to a
 * segment's end tells that segment's.
 */
TEST_F(peer, diffserv_field_of_many)
{
	static const uint8_t fields[] = { 0x08, 0x10, 0x20, 0x48, 0x48, 0xb8, 0x28 };
	int fd = wire_open_passive(&self->us, &self->it, fd_listen(&self->it, 1));
	size_t count = sizeof(fields);
	char in[4];

	ask(fd, IP_RECVTOS, 1);
	for (size_t i = 0; i < count; i++)
		wire_send(&self->us, PSH | ACK, 101 + 4 * i, 301, "text", .tos = fields[i]);
	wire_sync(NS_A);
	SAME(field_of_recv(fd), fields[count - 1]);
	for (size_t i = 0; i < count; i++)
		wire_send(&self->us, PSH | ACK, 129 + 4 * i, 301, "more", .tos = fields[i]);
	wire_sync(NS_A);
	for (size_t i = 0; i < count; i++)
		SAME(field_of_read(fd, in, sizeof(in)), fields[i]);
}

static long long realtime_ns(void)
{
	struct timespec now;

	TRY(clock_gettime(CLOCK_REALTIME, &now));
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

/* SO_TIMESTAMPNS of what was read in one go: when the last of its segments came, socket(7) */
TEST_F(peer, time_of_many)
{
	int fd = wire_open_passive(&self->us, &self->it, fd_listen(&self->it, 1)), on = 1;
	char control[CMSG_SPACE(sizeof(struct timespec))], in[64];
	struct iovec iov = { in, sizeof(in) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	long long before, after, told;
	struct timespec stamp;
	uint32_t seq = 101;

	TRY(setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)));
	/* Stamps are switched on by a work item; segments before it have none. */
	do {
		wire_send(&self->us, PSH | ACK, seq, 301, "none");
		seq += 4;
		msg.msg_controllen = sizeof(control);
		SAME(recvmsg(fd, &msg, 0), 4);
	} while (!CMSG_FIRSTHDR(&msg) && !usleep(POLL_US));
	for (int i = 0; i < 4; i++) {
		before = realtime_ns();
		wire_send(&self->us, PSH | ACK, seq, 301, "text");
		seq += 4;
		wire_sync(NS_A);
	}
	msg.msg_controllen = sizeof(control);
	after = realtime_ns();
	SAME(recvmsg(fd, &msg, 0), 16);
	NEED(CMSG_FIRSTHDR(&msg));
	SAME(CMSG_FIRSTHDR(&msg)->cmsg_type, SO_TIMESTAMPNS);
	memcpy(&stamp, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(stamp));
	told = stamp.tv_sec * 1000000000ll + stamp.tv_nsec;
	NEED(told >= before && told <= after);
}

TEST_HARNESS_MAIN
