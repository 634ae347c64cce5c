// SPDX-License-Identifier: GPL-2.0
/* A peer made of crafted segments, behind a TUN device: it costs the kernel no socket. */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "peer.h"

#define HERE 0x0a090001		/* 10.9.0.1, the kernel's end of the device */
#define PEER 0x0a090002
#define PORT 7

struct packet {
	struct iphdr ip;
	struct tcphdr tcp;
	uint8_t rest[1500 - sizeof(struct iphdr) - sizeof(struct tcphdr)];
};

static uint32_t add_words(uint32_t sum, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void set_address(int fd, const char *name, unsigned long request, uint32_t address)
{
	struct ifreq r = { 0 };
	struct sockaddr_in *in = (struct sockaddr_in *)&r.ifr_addr;

	strcpy(r.ifr_name, name);
	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(address);
	if (ioctl(fd, request, &r))
		err(1, "address of %s", name);
}

/**
 * peer_start() - put the peer at the other end of a new TUN device of this namespace
 * @peer: filled in
 * @p: the protocol that it speaks
 */
void peer_start(struct peer *peer, const struct protocol *p)
{
	struct ifreq r = { .ifr_name = "tun0", .ifr_flags = IFF_TUN | IFF_NO_PI };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	peer->p = p;
	peer->tun = open("/dev/net/tun", O_RDWR);
	if (peer->tun < 0 || ioctl(peer->tun, TUNSETIFF, &r))
		err(1, "/dev/net/tun");
	set_address(fd, r.ifr_name, SIOCSIFADDR, HERE);
	set_address(fd, r.ifr_name, SIOCSIFNETMASK, 0xffffff00);
	r.ifr_flags = IFF_UP | IFF_RUNNING;
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &r))
		err(1, "bringing up tun0");
	close(fd);
}

/**
 * peer_send() - let one segment arrive at the kernel
 * @peer: from here
 * @segment: no text, no options
 */
void peer_send(const struct peer *peer, const struct segment *segment)
{
	const size_t length = sizeof(struct iphdr) + sizeof(struct tcphdr);
	struct packet packet = {
		.ip = {
			.version = 4,
			.ihl = sizeof(struct iphdr) / 4,
			.tot_len = htons((uint16_t)length),
			.ttl = 64,
			.protocol = (uint8_t)peer->p->number,
			.saddr = htonl(PEER),
			.daddr = htonl(HERE),
		},
		.tcp = {
			.th_sport = htons(segment->port),
			.th_dport = htons(PORT),
			.th_seq = htonl(segment->seq),
			.th_ack = htonl(segment->ack),
			.th_off = sizeof(struct tcphdr) / 4,
			.th_flags = segment->flags,
			.th_win = htons(65535),
		},
	};
	uint32_t pseudo = PEER / 65536 + PEER % 65536 + HERE / 65536 + HERE % 65536 +
			  (uint32_t)peer->p->number + sizeof(struct tcphdr);

	packet.ip.check = fold(add_words(0, &packet.ip, sizeof(packet.ip)));
	packet.tcp.check = fold(add_words(pseudo, &packet.tcp, sizeof(packet.tcp)));
	if (write(peer->tun, &packet, length) != (ssize_t)length)
		err(1, "sending a segment");
}

/**
 * peer_receive() - wait for a segment of the protocol; the process ends when none comes
 * @peer: here
 * @segment: filled in
 */
void peer_receive(const struct peer *peer, struct segment *segment)
{
	struct pollfd poll_fd = { .fd = peer->tun, .events = POLLIN };
	struct packet packet;

	do {
		if (poll(&poll_fd, 1, 10000) != 1)
			errx(1, "%s: no segment came", peer->p->name);
		if (read(peer->tun, &packet, sizeof(packet)) < 0)
			err(1, "receiving a segment");
	} while (packet.ip.version != 4 || packet.ip.protocol != peer->p->number);
	segment->port = ntohs(packet.tcp.dest);
	segment->seq = ntohl(packet.tcp.seq);
	segment->ack = ntohl(packet.tcp.ack_seq);
	segment->flags = packet.tcp.th_flags;
}
