// SPDX-License-Identifier: GPL-2.0
/* Checksums that a device is to make: between namespaces they stay half made, and a device
 * that cannot make them has them made by the kernel. What arrives is whole, or known to be
 * good; RFC 9293 section 3.1 (MUST-2, MUST-3).
 *
 * All other tests look at segments that the stack has summed itself.
 */
#include "lib/exchange.h"
#include "lib/wire_private.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>

#define PORT 80

/* What a socket has seen of HSTP's packets. */
struct sums {
	int fd;
	int half;		/* the sum of the pseudo-header, the rest to be made */
	int whole;
	int wrong;
};

/* Sees what @device of @ns receives, also when a bridge takes it. */
static void watch(struct sums *s, enum net_ns ns, const char *device)
{
	struct sockaddr_ll name = { .sll_family = AF_PACKET };
	int on = 1;

	net_enter(ns);
	*s = (struct sums){ .fd = TRY(socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0)) };
	TRY(setsockopt(s->fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)));
	name.sll_protocol = htons(ETH_P_ALL);
	name.sll_ifindex = (int)if_nametoindex(device);
	TRY(bind(s->fd, (struct sockaddr *)&name, sizeof(name)));
}

static bool is_half_made(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == SOL_PACKET && c->cmsg_type == PACKET_AUXDATA)
			return ((struct tpacket_auxdata *)CMSG_DATA(c))->tp_status &
			       TP_STATUS_CSUMNOTREADY;
	die(__FILE__, __LINE__, "no word on the checksum");
}

/* The field then holds the pseudo-header's sum, not complemented: the complement of a sum
 * over no segment at all but for its length.
 */
static uint16_t pseudo_sum(const struct iphdr *ip, int len)
{
	uint32_t sum = (ip->saddr >> 16) + (ip->saddr & 0xffff) + (ip->daddr >> 16) +
		       (ip->daddr & 0xffff) + htons((uint16_t)proto) + htons((uint16_t)len);

	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

static void look(struct sums *s, struct msghdr *msg, const uint8_t *frame)
{
	const struct iphdr *ip = (const void *)(frame + ETHER_LEN);
	const struct wire_header *header = (const void *)(frame + ETHER_LEN + 4 * ip->ihl);
	int len = ntohs(ip->tot_len) - 4 * ip->ihl;

	if (frame[12] != 8 || frame[13] || ip->protocol != proto)
		return;
	if (is_half_made(msg)) {
		s->half++;
		s->wrong += header->sum != pseudo_sum(ip, len);
	} else {
		s->whole++;
		s->wrong += wire_sum(ip->saddr, ip->daddr, header, len) != 0xffff;
	}
}

static void count(struct sums *s)
{
	uint8_t frame[65536], control[256];

	for (;;) {
		struct sockaddr_ll from;
		struct iovec iov = { frame, sizeof(frame) };
		struct msghdr msg = {
			.msg_iov = &iov, .msg_iovlen = 1, .msg_name = &from,
			.msg_namelen = sizeof(from), .msg_control = control,
			.msg_controllen = sizeof(control),
		};

		if (recvmsg(s->fd, &msg, 0) < 0)
			return;
		if (from.sll_pkttype != PACKET_OUTGOING)
			look(s, &msg, frame);
	}
}

static void offload(enum net_ns ns, const char *device, bool on)
{
	net_run(ns, "ethtool -K %s tx %s >/dev/null", device, on ? "on" : "off");
}

/* A connection with text of odd and even lengths both ways, from A to B, and its end. */
static void talk(void)
{
	struct end a = { .ns = NS_A, .addr = inet_addr(ADDR_A), .port = 4000 };
	struct end b = { .ns = NS_B, .addr = inet_addr(ADDR_B), .port = PORT };
	int listener, client, server;

	a.other = &b;
	b.other = &a;
	listener = fd_listen(&b, 1);
	client = fd_start(&a);
	SAME(fd_connected(client), 0);
	server = fd_accept(listener);
	fd_send(client, "odd");
	fd_recv(server, "odd");
	fd_send(server, "even");
	fd_recv(client, "even");
	for (int i = 0; i < 20; i++) {
		char text[2000], got[2000];
		int len = 1 + i * 99;

		wire_pattern(text, (uint32_t)i, len);
		SAME(send(client, text, (size_t)len, 0), len);
		SAME(recv(server, got, (size_t)len, MSG_WAITALL), len);
		NEED(!memcmp(text, got, (size_t)len));
	}
	fd_close(client);
	fd_eof(server);
	fd_close(server);
	state_wait(&b, "LISTEN");
	SAME(stat_now(NS_A, "drop checksum") + stat_now(NS_B, "drop checksum"), 0);
	SAME(stat_now(NS_A, "retransmit") + stat_now(NS_B, "retransmit"), 0);
}

/* A veth device as it is made: it claims to sum, and its peer takes that for done. */
TEST(stays_half_made)
{
	struct sums sums;

	net_pair();
	net_no_timers(NS_A);
	net_no_timers(NS_B);
	offload(NS_A, "va", true);
	offload(NS_B, "vb", true);
	watch(&sums, NS_B, "vb");
	talk();
	count(&sums);
	SAME(sums.wrong, 0);
	SAME(sums.whole, 0);
	ASSERT_LE(24, sums.half);
}

/* A bridge takes the same packets on to a device that does not sum: by what the stack has
 * noted (where the segment begins, where the checksum lies) the kernel makes it.
 */
TEST(is_made_on_the_way)
{
	struct sums before, after;

	net_relay();
	net_no_timers(NS_A);
	net_no_timers(NS_B);
	offload(NS_A, "va", true);
	offload(NS_T, "tb", false);
	if (net_status(NS_T, "ip link add br0 type bridge 2>/dev/null"))
		SKIP(return, "the kernel has no bridge");
	net_run(NS_T, "ip link set ta master br0 && ip link set tb master br0 &&"
		      " ip link set br0 up");
	watch(&before, NS_T, "ta");
	watch(&after, NS_B, "vb");
	/* A bridge's ports learn and listen for a while */
	WAIT(!net_status(NS_A, "ping -c 1 -W 1 " ADDR_B " >/dev/null"));
	talk();
	count(&before);
	count(&after);
	SAME(before.wrong, 0);
	ASSERT_LE(24, before.half);
	SAME(after.wrong, 0);
	SAME(after.half, 0);
	ASSERT_LE(24, after.whole);
}

TEST_HARNESS_MAIN
