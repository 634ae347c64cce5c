// SPDX-License-Identifier: GPL-2.0
/* The module comes and goes while the network sends without a pause: handshakes, text,
 * resets and ICMP errors arrive before, during and after each unload.
 */
#include <arpa/inet.h>
#include <linux/hstp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"
#include "lib/wire.h"
#include "module.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

#define PORT 80
#define PEER 4000
#define PEERS 64	/* ports that the flood comes from */
#define ROUNDS 10

/* RFC 9293 section 3.1 */
struct header {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t offset, flags;
	uint16_t wnd, sum, urg;
} __attribute__((packed));

struct packet {
	uint8_t to[6], from[6];
	uint16_t type;
	struct iphdr ip;
	union {
		struct {
			struct header header;
			char text[20];
		};
		struct {
			struct icmphdr icmp;
			struct iphdr about;
			struct header start;	/* 8 bytes are enough (RFC 792) */
		};
	};
} __attribute__((packed));

struct flood {
	int fd;
	struct sockaddr_ll link;
	uint32_t here, there;		/* addresses, network order */
	uint32_t iss[PEERS];		/* the stack's, as its last SYN,ACK said */
	volatile unsigned long *sent;	/* shared with the test */
};

static uint16_t sum_of(const void *data, size_t len)
{
	const uint8_t *bytes = data;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? bytes[i] : bytes[i] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	return htons(~(sum + (sum >> 16)));
}

static struct iphdr ip_header(uint32_t saddr, uint32_t daddr, int protocol, size_t len)
{
	struct iphdr ip = {
		.version = 4, .ihl = 5, .tot_len = htons(sizeof(ip) + len), .ttl = 64,
		.protocol = protocol, .saddr = saddr, .daddr = daddr,
	};

	ip.check = sum_of(&ip, sizeof(ip));
	return ip;
}

static void emit(struct flood *flood, struct packet *packet, int protocol, size_t len)
{
	static const uint8_t us[6] = { 2, 0, 0, 0, 0, 9 }, it[6] = { 2, 0, 0, 0, 0, 1 };

	memcpy(packet->to, it, sizeof(it));
	memcpy(packet->from, us, sizeof(us));
	packet->type = htons(ETH_P_IP);
	packet->ip = ip_header(flood->here, flood->there, protocol, len);
	/* A queue that is full for a moment is part of the game. */
	if (sendto(flood->fd, packet, offsetof(struct packet, header) + len, 0,
		   (struct sockaddr *)&flood->link, sizeof(flood->link)) > 0)
		++*flood->sent;
}

static void send_segment(struct flood *flood, int i, uint8_t flags, uint32_t seq, size_t text)
{
	size_t len = sizeof(struct header) + text;
	struct packet packet = {
		.header = {
			.sport = htons(PEER + i), .dport = htons(PORT), .seq = htonl(seq),
			.ack = flags & ACK ? htonl(flood->iss[i] + 1) : 0,
			.offset = 5 << 4, .flags = flags, .wnd = htons(65535),
		},
	};

	memset(packet.text, 'x', sizeof(packet.text));
	packet.header.sum = htons(~wire_sum(flood->here, flood->there, &packet.header, len));
	emit(flood, &packet, proto, len);
}

/* As if a segment of the stack had not arrived. */
static void send_error(struct flood *flood, int i, int code)
{
	struct packet packet = {
		.icmp = { .type = ICMP_DEST_UNREACH, .code = code },
		.about = ip_header(flood->there, flood->here, proto, 20),
		.start = {
			.sport = htons(PORT), .dport = htons(PEER + i),
			.seq = htonl(flood->iss[i]),
		},
	};
	size_t len = sizeof(packet.icmp) + sizeof(packet.about) + sizeof(packet.start);

	if (code == ICMP_FRAG_NEEDED)
		packet.icmp.un.frag.mtu = htons(600);
	packet.icmp.checksum = sum_of(&packet.icmp, len);
	emit(flood, &packet, IPPROTO_ICMP, len);
}

/* A SYN,ACK tells the ISS, and mostly gets its ACK. */
static void read_answers(struct flood *flood)
{
	struct packet packet;
	ssize_t len;

	while ((len = recv(flood->fd, &packet, sizeof(packet), MSG_DONTWAIT)) > 0) {
		int i = ntohs(packet.header.dport) - PEER;

		if (len < (ssize_t)offsetof(struct packet, text) || packet.ip.protocol != proto ||
		    packet.header.flags != (SYN | ACK) || i < 0 || i >= PEERS)
			continue;
		flood->iss[i] = ntohl(packet.header.seq);
		if (rand() % 4)
			send_segment(flood, i, ACK, 101, 0);
	}
}

static void send_one(struct flood *flood, int i)
{
	switch (rand() % 8) {
	case 0:
	case 1:
		send_segment(flood, i, SYN, 100, 0);
		break;
	case 2:
		send_segment(flood, i, PSH | ACK, 101, sizeof(((struct packet *)0)->text));
		break;
	case 3:
		send_segment(flood, i, PSH | ACK, 111, 10);
		break;
	case 4:
		send_segment(flood, i, FIN | ACK, 101, 0);
		break;
	case 5:
		send_segment(flood, i, rand() % 2 ? RST : RST | ACK, 101, 0);
		break;
	default:
		send_error(flood, i, rand() % 5);
	}
}

/* A process that does nothing else until it is killed. */
static pid_t flood_start(volatile unsigned long *sent)
{
	struct flood flood = {
		.link = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP) },
		.here = inet_addr(ADDR_T), .there = inet_addr(ADDR_A), .sent = sent,
	};
	pid_t child = TRY(fork());

	if (child)
		return child;
	flood.link.sll_ifindex = net_enter_link(NS_A);
	flood.fd = TRY(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
	TRY(bind(flood.fd, (struct sockaddr *)&flood.link, sizeof(flood.link)));
	for (;;) {
		read_answers(&flood);
		send_one(&flood, rand() % PEERS);
	}
}

static bool more_than(volatile unsigned long *sent, unsigned long before)
{
	return *sent > before + 20;
}

/* The whole of a handshake came about, and more than a handshake. */
static bool is_busy(void)
{
	return stat_now(NS_A, "transition LISTEN SYN-RECEIVED syn") > 4 &&
	       stat_now(NS_A, "transition SYN-RECEIVED ESTABLISHED ack") > 4 &&
	       stat_now(NS_A, "transition ESTABLISHED CLOSE-WAIT fin") > 0;
}

/* Users come and go: what they leave behind does not hold the module. */
static void leave_orphans(int listener)
{
	fd_block(listener, false);
	for (int i = 0; i < 4; i++) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			close(fd);
	}
	close(listener);
}

TEST(unload_under_load)
{
	volatile unsigned long *sent;
	struct end us, it;
	pid_t child;

	if (access(module_file(), R_OK))
		SKIP(return, "no module file %s", module_file());
	if (!module_loaded())
		SAME(module_load(""), 0);
	sent = mmap(NULL, sizeof(*sent), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		    -1, 0);
	NEED(sent != MAP_FAILED);
	net_peer();
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	wire_close(NS_A);
	child = flood_start(sent);

	for (int i = 0; i < stress_scaled(ROUNDS); i++) {
		int listener = fd_listen(&it, 100);
		unsigned long before;

		WAIT(is_busy());
		leave_orphans(listener);
		before = *sent;
		/* A segment that is being dealt with may have a socket for a moment. */
		WAIT(!module_unload());
		module_left_no_slab();
		/* It goes on where nobody listens any more, and where somebody just begins. */
		WAIT(more_than(sent, before));
		SAME(module_load(""), 0);
		NEED(!access("/proc/net/hstp", R_OK));
	}
	WAIT(stat_now(NS_A, "segments in") > 20);
	TRY(kill(child, SIGKILL));
	TRY(waitpid(child, NULL, 0));
	stats_sums(NS_A);
}

TEST_HARNESS_MAIN
