// SPDX-License-Identifier: GPL-2.0
/* The tester's end of the links: frames in and out, and what has passed there. */
#include "wire_private.h"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <time.h>

#define SYNC_ID	0x4853
#define PAYLOAD_MAX	(sizeof(struct wire_header) + 40 + WIRE_TEXT_MAX)

static struct wire {
	int fd;
	bool open;
	struct seen *head, **tail;
	struct seen *first;		/* nothing before it is left to be taken */
	struct wire_count count;
	uint16_t sync_sent, sync_seen;
} wires[NS_COUNT];

static uint8_t ether_to[6];
static bool ether_given;

static const uint8_t mac_tester[6] = { 2, 0, 0, 0, 0, 9 };

static const uint8_t *mac_of(enum net_ns ns)
{
	static const uint8_t mac_a[6] = { 2, 0, 0, 0, 0, 1 };
	static const uint8_t mac_b[6] = { 2, 0, 0, 0, 0, 2 };

	return ns == NS_A ? mac_a : mac_b;
}

/**
 * wire_addr() - the address of a namespace's host
 * @ns: A, B or T
 *
 * Return: network order.
 */
uint32_t wire_addr(enum net_ns ns)
{
	if (ns == NS_A)
		return inet_addr(ADDR_A);
	return inet_addr(ns == NS_B ? ADDR_B : ADDR_T);
}

/**
 * wire_stay_on_cpu() - keep the calling thread on the CPU where it is
 *
 * What is sent, and the echo request after it, are then dealt with in this order.
 */
void wire_stay_on_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	TRY(sched_setaffinity(0, sizeof(set), &set));
}

static struct wire *wire_to(enum net_ns ns)
{
	struct wire *wire = &wires[ns];
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) };
	int buffer = 8 << 20, on = 1;

	if (wire->open)
		return wire;
	addr.sll_ifindex = net_enter_link(ns);
	wire->fd = TRY(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
	TRY(setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)));
	TRY(setsockopt(wire->fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)));
	TRY(bind(wire->fd, (struct sockaddr *)&addr, sizeof(addr)));
	wire->tail = &wire->head;
	wire->open = true;
	at_death(wire_print);
	return wire;
}

static void count_flags(unsigned long counts[8], uint8_t flags)
{
	for (int bit = 0; bit < 8; bit++)
		counts[bit] += flags >> bit & 1;
}

static void count_in(enum net_ns ns, const uint8_t *frame, int len)
{
	const struct iphdr *ip = (const void *)(frame + ETHER_LEN);
	const struct wire_header *header = (const void *)(frame + ETHER_LEN + ip->ihl * 4);

	if (len < (int)(ETHER_LEN + sizeof(*ip)) || ip->protocol != proto)
		return;
	wires[ns].count.in++;
	if (len >= (int)(ETHER_LEN + ip->ihl * 4 + sizeof(*header)))
		count_flags(wires[ns].count.flag_in, header->flags);
}

/**
 * wire_ether() - choose the Ethernet destination of the frames that follow
 * @mac: broadcast or multicast; NULL: the receiver's own again
 */
void wire_ether(const uint8_t mac[6])
{
	ether_given = mac;
	if (mac)
		memcpy(ether_to, mac, sizeof(ether_to));
}

/**
 * wire_emit_frame() - send a frame
 * @to: to whom
 * @frame: all of it
 * @len: bytes
 */
void wire_emit_frame(enum net_ns to, const uint8_t *frame, int len)
{
	struct wire *wire = wire_to(to);

	SAME(TRY(send(wire->fd, frame, len, 0)), len);
	count_in(to, frame, len);
}

static uint16_t internet_sum(const void *data, int len, uint32_t sum)
{
	const uint8_t *bytes = data;

	for (int i = 0; i < len; i++)
		sum += i & 1 ? bytes[i] : bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/**
 * wire_sum() - the one's complement sum over pseudo-header and segment
 * @saddr: source, network order
 * @daddr: destination, network order
 * @segment: header and text
 * @len: bytes
 *
 * Return: host order; 0xffff over a segment whose checksum is good (RFC 9293, 3.1).
 */
uint16_t wire_sum(uint32_t saddr, uint32_t daddr, const void *segment, int len)
{
	struct {
		uint32_t saddr, daddr;
		uint8_t zero, protocol;
		uint16_t len;
	} pseudo = { saddr, daddr, 0, proto, htons(len) };

	return internet_sum(segment, len, internet_sum(&pseudo, sizeof(pseudo), 0));
}

/**
 * wire_emit() - send an IPv4 packet from the tester
 * @to: to whom
 * @saddr: source, network order
 * @daddr: destination, network order
 * @protocol: IP protocol
 * @more: options and TOS, or NULL
 * @payload: after the IP header
 * @len: bytes of it, at most PAYLOAD_MAX
 */
void wire_emit(enum net_ns to, uint32_t saddr, uint32_t daddr, int protocol,
	       const struct wire_ip *more, const void *payload, int len)
{
	uint8_t frame[ETHER_LEN + 60 + PAYLOAD_MAX];
	uint8_t *options = frame + ETHER_LEN + sizeof(struct iphdr);
	int optlen = more ? (more->optlen + 3) & ~3 : 0, head = sizeof(struct iphdr) + optlen;
	struct iphdr ip = {
		.version = 4, .ihl = head / 4, .tot_len = htons(head + len),
		.frag_off = htons(IP_DF), .ttl = 64, .protocol = protocol,
		.saddr = saddr, .daddr = daddr, .tos = more ? more->tos : 0,
	};

	NEED(len <= (int)PAYLOAD_MAX && optlen <= 40);
	memset(options, 0, optlen);
	if (optlen)
		memcpy(options, more->opt, more->optlen);
	ip.check = htons(~internet_sum(options, optlen, internet_sum(&ip, sizeof(ip), 0)));
	memcpy(frame, ether_given ? ether_to : mac_of(to), 6);
	memcpy(frame + 6, mac_tester, 6);
	frame[12] = ETH_P_IP >> 8;
	frame[13] = ETH_P_IP & 0xff;
	memcpy(frame + ETHER_LEN, &ip, sizeof(ip));
	if (len)
		memcpy(frame + ETHER_LEN + head, payload, len);
	wire_emit_frame(to, frame, ETHER_LEN + head + len);
}

/**
 * wire_tos() - the TOS octet of a segment's packet
 * @seen: the segment
 */
uint8_t wire_tos(const struct seen *seen)
{
	return ((const struct iphdr *)(seen->frame + ETHER_LEN))->tos;
}

/**
 * wire_mark() - a packet meets congestion on its way (RFC 3168 section 5)
 * @seen: its segment, before it is delivered
 */
void wire_mark(struct seen *seen)
{
	struct iphdr *ip = (void *)(seen->frame + ETHER_LEN);

	ip->tos |= CE;
	ip->check = 0;
	ip->check = htons(~internet_sum(ip, ip->ihl * 4, 0));
}

/**
 * wire_raw() - send any IPv4 packet, and note it in the trace
 * @to: to whom
 * @saddr: source, network order
 * @daddr: destination, network order
 * @protocol: IP protocol
 * @payload: after the IP header
 * @len: bytes of it, at most PAYLOAD_MAX
 */
void wire_raw(enum net_ns to, uint32_t saddr, uint32_t daddr, int protocol,
	      const void *payload, int len)
{
	wire_trace("raw packet of protocol %d to %c, %d bytes", protocol,
		   to == NS_A ? 'A' : 'B', len);
	wire_emit(to, saddr, daddr, protocol, NULL, payload, len);
}

/**
 * wire_view() - find the segment in a frame
 * @seen: the frame
 * @view: gets where it lies
 *
 * Return: false when there is none of our protocol.
 */
bool wire_view(const struct seen *seen, struct wire_view *view)
{
	int room = seen->frame_len - ETHER_LEN, head;

	view->ip = (const void *)(seen->frame + ETHER_LEN);
	if (room < (int)sizeof(struct iphdr) || view->ip->version != 4)
		return false;
	head = view->ip->ihl * 4;
	if (view->ip->protocol != proto || ntohs(view->ip->tot_len) > room)
		return false;
	view->header = (const void *)(seen->frame + ETHER_LEN + head);
	view->len = ntohs(view->ip->tot_len) - head;
	return view->len >= (int)sizeof(struct wire_header);
}

static void see_sync(struct wire *wire, const struct seen *seen)
{
	const struct iphdr *ip = (const void *)(seen->frame + ETHER_LEN);
	const struct icmphdr *icmp = (const void *)(ip + 1);

	if (seen->frame_len < (int)(ETHER_LEN + sizeof(*ip) + sizeof(*icmp)) ||
	    ip->protocol != IPPROTO_ICMP || ip->ihl != 5 || icmp->type != ICMP_ECHOREPLY ||
	    icmp->un.echo.id != htons(SYNC_ID))
		return;
	wire->sync_seen = ntohs(icmp->un.echo.sequence);
}

static uint64_t ms_of(const struct timespec *time)
{
	return time->tv_sec * 1000ull + time->tv_nsec / 1000000;
}

/* When the kernel got the frame, on the clock of now_ms(): the test may look late. */
static uint64_t arrival(struct msghdr *msg)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	struct timespec then, now;
	uint64_t before, after;

	NEED(cmsg && cmsg->cmsg_type == SCM_TIMESTAMPNS);
	memcpy(&then, CMSG_DATA(cmsg), sizeof(then));
	/* Both clocks at the same moment: nobody came in between */
	do {
		before = now_ms();
		clock_gettime(CLOCK_REALTIME, &now);
		after = now_ms();
	} while (after - before > 1);
	return before - (ms_of(&now) - ms_of(&then));
}

static ssize_t receive(struct wire *wire, struct seen *seen)
{
	char control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec iov = { .iov_base = seen->frame, .iov_len = sizeof(seen->frame) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(wire->fd, &msg, MSG_DONTWAIT);

	if (len < 0)
		return len;
	seen->frame_len = len;
	seen->ms = arrival(&msg);
	return len;
}

/**
 * wire_read() - take all frames that have come off the packet socket
 * @from: who sent them
 */
void wire_read(enum net_ns from)
{
	struct wire *wire = wire_to(from);
	struct wire_view view;
	struct seen *seen;
	ssize_t len;

	for (;;) {
		seen = calloc(1, sizeof(*seen));
		NEED(seen);
		len = receive(wire, seen);
		if (len < 0 && errno != EAGAIN)
			die_errno(__FILE__, __LINE__, "a packet socket");
		if (len < 0)
			break;
		if (!wire_view(seen, &view)) {
			see_sync(wire, seen);
			free(seen);
			continue;
		}
		wire->count.out++;
		count_flags(wire->count.flag_out, view.header->flags);
		if (net_direct())
			count_in(from == NS_A ? NS_B : NS_A, seen->frame, len);
		*wire->tail = seen;
		wire->tail = &seen->next;
		if (!wire->first)
			wire->first = seen;
	}
	free(seen);
}

/**
 * wire_wait() - wait for a frame
 * @from: who sends it
 * @until_ms: of now_ms()
 *
 * Return: false when the time is over.
 */
bool wire_wait(enum net_ns from, uint64_t until_ms)
{
	struct pollfd poll_fd = { .fd = wire_to(from)->fd, .events = POLLIN };
	uint64_t now = now_ms();

	if (now >= until_ms)
		return false;
	return TRY(poll(&poll_fd, 1, until_ms - now)) > 0;
}

/**
 * wire_first() - the oldest segment that no step of the test took
 * @from: who sent it
 *
 * Return: NULL when there is none.
 */
struct seen *wire_first(enum net_ns from)
{
	struct wire *wire = wire_to(from);

	while (wire->first && wire->first->taken)
		wire->first = wire->first->next;
	return wire->first;
}

static void send_echo(enum net_ns ns)
{
	struct icmphdr icmp = { .type = ICMP_ECHO };

	icmp.un.echo.id = htons(SYNC_ID);
	icmp.un.echo.sequence = htons(++wire_to(ns)->sync_sent);
	icmp.checksum = htons(~internet_sum(&icmp, sizeof(icmp), 0));
	wire_emit(ns, wire_addr(NS_T), wire_addr(ns), IPPROTO_ICMP, NULL, &icmp,
		  sizeof(icmp));
}

/**
 * wire_sync() - wait until a host has dealt with all that was sent to it
 * @ns: A or B
 *
 * Its answer to an ICMP echo is the sign: softirq works in order, and the counters of HSTP
 * do not change by it.
 */
void wire_sync(enum net_ns ns)
{
	struct wire *wire = wire_to(ns);
	uint64_t until = now_ms() + PATIENCE_MS;

	send_echo(ns);
	for (;;) {
		wire_read(ns);
		if (wire->sync_seen == wire->sync_sent)
			return;
		if (!wire_wait(ns, until))
			die(__FILE__, __LINE__, "no answer to an ICMP echo from %c",
			    ns == NS_A ? 'A' : 'B');
	}
}

/**
 * wire_open() - begin to see what @ns sends
 * @ns: A or B
 *
 * What it sent before was not seen.
 */
void wire_open(enum net_ns ns)
{
	uint64_t until = now_ms() + PATIENCE_MS;

	if (wires[ns].open)
		return;
	/* A device takes packets only a moment after its peer came up. */
	do {
		send_echo(ns);
		if (now_ms() > until)
			die(__FILE__, __LINE__, "the link to %c does not work",
			    ns == NS_A ? 'A' : 'B');
	} while (!wire_wait(ns, now_ms() + 20));
	wire_sync(ns);
}

/**
 * wire_close() - see no more of what @ns sends
 * @ns: A or B
 *
 * What was seen is forgotten.
 */
void wire_close(enum net_ns ns)
{
	struct wire *wire = &wires[ns];
	struct seen *seen;

	while ((seen = wire->head)) {
		wire->head = seen->next;
		free(seen);
	}
	close(wire->fd);
	*wire = (struct wire){ 0 };
}

/**
 * wire_count() - what has passed on a host's link
 * @ns: A or B
 *
 * Return: segments and flags, as the host should have counted them.
 */
struct wire_count wire_count(enum net_ns ns)
{
	wire_read(ns);
	if (net_direct())
		wire_read(ns == NS_A ? NS_B : NS_A);
	return wires[ns].count;
}

/**
 * wire_count_reset() - count from here on
 * @ns: A or B
 */
void wire_count_reset(enum net_ns ns)
{
	wire_count(ns);
	wires[ns].count = (struct wire_count){ 0 };
}
