// SPDX-License-Identifier: GPL-2.0
/* Raw sockets beside a stream socket: seeing its segments, forging answers and ICMP errors. */
#define _GNU_SOURCE
#include "sock_raw.h"
#include "sock_pair.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static uint32_t add(uint32_t sum, const void *data, size_t len)
{
	const uint8_t *byte = data;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? byte[i] : byte[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

/**
 * st_raw_open - a raw socket that sees the protocol's segments
 * @proto: IPPROTO_TCP or HSTP's number
 *
 * Return: the descriptor, or -1 with errno.
 */
int st_raw_open(int proto)
{
	return socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, proto);
}

/**
 * st_raw_open_outgoing - a packet socket that sees what is sent, arriving or not
 *
 * On the loopback device alone.
 *
 * Return: a descriptor for st_raw_next(), or -1 with errno.
 */
int st_raw_open_outgoing(void)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = if_nametoindex("lo"),
	};
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Of a packet socket's: what left, not what came in, and no ICMP. */
static bool wanted(const struct sockaddr_ll *from, const struct iphdr *ip)
{
	return from->sll_family != AF_PACKET ||
	       (from->sll_pkttype == PACKET_OUTGOING && ip->protocol != IPPROTO_ICMP);
}

/**
 * st_raw_next - the next segment that a raw socket saw
 * @raw: of st_raw_open() or st_raw_open_outgoing()
 * @seg: filled in
 *
 * Return: 0, or -1 when none came within %ST_WAIT_MS or it has no whole header.
 */
int st_raw_next(int raw, struct st_segment *seg)
{
	struct pollfd p = { .fd = raw, .events = POLLIN };
	struct sockaddr_ll from;
	struct tcphdr tcp;
	struct iphdr ip;
	socklen_t size;
	ssize_t len;
	int head;

	do {
		if (poll(&p, 1, ST_WAIT_MS) != 1)
			return -1;
		size = sizeof(from);
		len = recvfrom(raw, seg->packet, sizeof(seg->packet), MSG_TRUNC,
			       (struct sockaddr *)&from, &size);
		if (len < (ssize_t)sizeof(ip))
			return -1;
		memcpy(&ip, seg->packet, sizeof(ip));
	} while (!wanted(&from, &ip));
	if (len < (ssize_t)(sizeof(ip) + sizeof(tcp)))
		return -1;
	memcpy(&tcp, seg->packet + ip.ihl * 4, sizeof(tcp));
	head = ip.ihl * 4 + tcp.doff * 4;
	seg->saddr.s_addr = ip.saddr;
	seg->daddr.s_addr = ip.daddr;
	seg->sport = ntohs(tcp.source);
	seg->dport = ntohs(tcp.dest);
	seg->seq = ntohl(tcp.seq);
	seg->ack = ntohl(tcp.ack_seq);
	seg->flags = seg->packet[ip.ihl * 4 + 13];
	seg->len = len - head;
	seg->text = seg->packet + head;
	seg->packet_len = len < (ssize_t)sizeof(seg->packet) ? len : (int)sizeof(seg->packet);
	return 0;
}

/**
 * st_raw_wait - the next segment of a kind, the others being passed over
 * @raw: of st_raw_open() or st_raw_open_outgoing()
 * @seg: filled in
 * @mask: which flags matter
 * @flags: what they have to be
 *
 * Return: 0, or -1 when none came.
 */
int st_raw_wait(int raw, struct st_segment *seg, uint8_t mask, uint8_t flags)
{
	long long end = st_now_ms() + ST_WAIT_MS;

	while (st_now_ms() < end) {
		if (st_raw_next(raw, seg))
			return -1;
		if ((seg->flags & mask) == flags)
			return 0;
	}
	return -1;
}

/*
 * Ask for an echo, from the CPU on which the caller stays, and wait for it: what
 * was on its way there before has been dealt with.
 */
static int echo(int icmp, struct in_addr addr)
{
	static uint16_t number;
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = addr };
	struct icmphdr request = {
		.type = ICMP_ECHO,
		.un.echo = { .id = htons(getpid()), .sequence = htons(++number) },
	};
	struct pollfd p = { .fd = icmp, .events = POLLIN };
	struct {
		struct iphdr ip;
		struct icmphdr icmp;
	} answer = { 0 };

	request.checksum = fold(add(0, &request, sizeof(request)));
	if (sendto(icmp, &request, sizeof(request), 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -1;
	while (answer.icmp.type != ICMP_ECHOREPLY || answer.icmp.un.gateway != request.un.gateway ||
	       answer.ip.protocol != IPPROTO_ICMP)
		if (poll(&p, 1, ST_WAIT_MS) != 1 || recv(icmp, &answer, sizeof(answer), 0) < 0)
			return -1;
	return 0;
}

/* Send a packet and wait until it was dealt with. */
static int deliver(int raw, const void *packet, size_t len, struct in_addr addr)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = addr };
	int icmp = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), ret = -1;
	cpu_set_t old, here;

	if (icmp < 0 || sched_getaffinity(0, sizeof(old), &old))
		return -1;
	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	if (!sched_setaffinity(0, sizeof(here), &here) &&
	    sendto(raw, packet, len, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)len)
		ret = echo(icmp, addr);
	sched_setaffinity(0, sizeof(old), &old);
	close(icmp);
	return ret;
}

/**
 * st_settle - wait until what is on its way over the loopback has arrived
 *
 * And what answers that, and the answer to this, on all CPUs: a CPU may stand still
 * with a segment that it is to deal with, although whoever waited for an earlier one of the
 * same connection goes on. What waits for a timer (a delayed ACK) is not on its way.
 *
 * Return: 0, or -1 with errno.
 */
int st_settle(void)
{
	const struct in_addr loopback = { .s_addr = htonl(INADDR_LOOPBACK) };
	int icmp = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_ICMP), ret = 0;
	cpu_set_t old, one;

	if (icmp < 0 || sched_getaffinity(0, sizeof(old), &old))
		return -1;
	/* An echo and its answer are two hops long, a handshake is three. */
	for (int i = 0; !ret && i < 2 * CPU_SETSIZE; i++) {
		if (!CPU_ISSET(i % CPU_SETSIZE, &old))
			continue;
		CPU_ZERO(&one);
		CPU_SET(i % CPU_SETSIZE, &one);
		ret = sched_setaffinity(0, sizeof(one), &one) ?: echo(icmp, loopback);
	}
	sched_setaffinity(0, sizeof(old), &old);
	close(icmp);
	return ret;
}

/**
 * st_raw_send - forge a segment without text
 * @proto: IPPROTO_TCP or HSTP's number
 * @seg: its addresses, ports, numbers and flags
 *
 * It has been dealt with when this returns.
 *
 * Return: 0, or -1 with errno.
 */
int st_raw_send(int proto, const struct st_segment *seg)
{
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
	} packet = {
		.ip = {
			.version = 4, .ihl = 5, .ttl = 64, .protocol = proto,
			.saddr = seg->saddr.s_addr, .daddr = seg->daddr.s_addr,
			.tot_len = htons(sizeof(packet)),
		},
		.tcp = {
			.source = htons(seg->sport), .dest = htons(seg->dport),
			.seq = htonl(seg->seq), .ack_seq = htonl(seg->ack),
			.doff = 5, .window = htons(8000),
		},
	};
	uint32_t sum;
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_RAW), ret;

	if (raw < 0)
		return -1;
	((uint8_t *)&packet.tcp)[13] = seg->flags;
	sum = add(0, &packet.ip.saddr, 8) + proto + sizeof(packet.tcp);
	packet.tcp.check = fold(add(sum, &packet.tcp, sizeof(packet.tcp)));
	ret = deliver(raw, &packet, sizeof(packet), seg->daddr);
	close(raw);
	return ret;
}

/**
 * st_icmp_error - tell a segment's sender that it did not arrive
 * @about: the segment; the message quotes what RFC 792 says, its first 28 bytes
 * @type: ICMP_DEST_UNREACH, …
 * @code: ICMP_HOST_UNREACH, …
 * @mtu: of the next hop, for ICMP_FRAG_NEEDED; bytes
 *
 * It has been dealt with when this returns.
 *
 * Return: 0, or -1 with errno.
 */
int st_icmp_error(const struct st_segment *about, int type, int code, uint16_t mtu)
{
	struct {
		struct icmphdr icmp;
		uint8_t quote[28];
	} packet = {
		.icmp = { .type = type, .code = code, .un.frag.mtu = htons(mtu) },
	};
	int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), ret;

	if (raw < 0)
		return -1;
	memcpy(packet.quote, about->packet, sizeof(packet.quote));
	packet.icmp.checksum = fold(add(0, &packet, sizeof(packet)));
	ret = deliver(raw, &packet, sizeof(packet), about->saddr);
	close(raw);
	return ret;
}
