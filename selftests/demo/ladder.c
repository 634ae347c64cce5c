// SPDX-License-Identifier: GPL-2.0
/* The wire of the demonstration: hands frames from one network device to another, one
 * at a time, and draws each HSTP segment with the states that it finds and leaves at
 * both ends, in the manner of the figures of RFC 9293.
 *
 * Since nothing moves while the wire looks at /proc/net/hstp of both namespaces, the
 * states are exact.
 */
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <linux/hstp.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SHOWN 4			/* segments without SYN, FIN or RST drawn in a row */
#define LOOK_AFTER (1 << 20)	/* bytes of text, then /proc/net/hstp is shown */
#define PATIENCE_MS 30000

enum { CLIENT, SERVER, SIDES };

struct side {
	const char *name;	/* of the namespace */
	int wire;		/* packet socket on our end of its link */
	int proc;		/* its /proc/net/hstp */
	uint32_t iss;
	unsigned long segments, bytes;	/* carried but not drawn */
};

/* The virtio header keeps checksums and segment sizes that the sender left to its device. */
struct frame {
	struct virtio_net_hdr offload;
	struct ethhdr ether;
	struct iphdr ip;
	struct tcphdr tcp;
	uint8_t rest[66000];
} __attribute__((packed));

static struct side sides[SIDES];

static const char *const state_names[] = {
	"CLOSED", "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2",
	"TIME-WAIT", "CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING",
};

/* State numbers of /proc/net/hstp that matter below; NONE: there is no line. */
enum { NONE = 0, TIME_WAIT = 6, LISTEN = 10 };

static int open_proc(const char *netns)
{
	char path[256];
	int home = open("/proc/self/ns/net", O_RDONLY), there, proc;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	there = open(path, O_RDONLY);
	if (home < 0 || there < 0 || setns(there, CLONE_NEWNET))
		err(1, "%s", path);
	proc = open("/proc/thread-self/net/hstp", O_RDONLY);
	if (proc < 0)
		err(1, "/proc/net/hstp of %s", netns);
	if (setns(home, CLONE_NEWNET))
		err(1, "setns");
	close(home);
	close(there);
	return proc;
}

static int open_wire(const char *device)
{
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(device),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0), one = 1;

	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(1, "%s", device);
	return fd;
}

static const char *read_proc(const struct side *side)
{
	static char text[4096];
	size_t length = 0;
	ssize_t n;

	while ((n = pread(side->proc, text + length, sizeof(text) - 1 - length,
			  (off_t)length)) > 0)
		length += (size_t)n;
	text[length] = '\0';
	return text;
}

/* The connection's state, or the listener's while there is no connection. */
static unsigned int state(const struct side *side)
{
	unsigned int found = NONE, st;

	for (const char *line = read_proc(side); line; line = strchr(line, '\n')) {
		line += strspn(line, "\n");
		if (sscanf(line, " %*d: %*8x:%*4x %*8x:%*4x %x", &st) != 1)
			continue;
		if (st != LISTEN)
			return st;
		found = LISTEN;
	}
	return found;
}

static void print_flags(char *text, uint8_t flags)
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG" };
	const char *comma = "";

	/* The order in which RFC 9293 writes them. */
	static const int order[] = { 1, 0, 2, 4, 3, 5 };

	*text = '\0';
	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (!(flags & 1 << order[i]))
			continue;
		text += sprintf(text, "%s%s", comma, names[order[i]]);
		comma = ",";
	}
}

static size_t text_length(const struct frame *frame)
{
	return (size_t)(ntohs(frame->ip.tot_len) - frame->ip.ihl * 4 - frame->tcp.th_off * 4);
}

static void draw(int from, const struct frame *frame)
{
	const char *arrow = from == CLIENT ? "-->" : "<--";
	char segment[128], flags[64], *at = segment;
	size_t length = text_length(frame);

	at += sprintf(at, "<SEQ=%u>", ntohl(frame->tcp.th_seq) - sides[from].iss);
	if (frame->tcp.th_flags & TH_ACK)
		at += sprintf(at, "<ACK=%u>", ntohl(frame->tcp.th_ack) - sides[!from].iss);
	print_flags(flags, frame->tcp.th_flags);
	at += sprintf(at, "<CTL=%s>", flags);
	if (length)
		sprintf(at, "<DATA=%zu>", length);
	printf("  %-12s %s %-52s %s ", state_names[state(&sides[CLIENT])], arrow, segment, arrow);
	printf("%s\n", state_names[state(&sides[SERVER])]);
}

static void draw_rest(void)
{
	for (int i = CLIENT; i < SIDES; i++) {
		if (sides[i].segments)
			printf("  %-12s %s ... %lu more, with %lu bytes\n", "",
			       i == CLIENT ? "-->" : "<--", sides[i].segments, sides[i].bytes);
		sides[i].segments = 0;
		sides[i].bytes = 0;
	}
}

static void look(void)
{
	printf("\n/proc/net/hstp now, between two segments:\n");
	for (int i = CLIENT; i < SIDES; i++) {
		printf(" at the %s:\n", sides[i].name);
		/* The columns that are in use; the rest is for what reads /proc/net/tcp. */
		for (const char *line = read_proc(&sides[i]); *line;) {
			size_t length = strcspn(line, "\n");

			printf("  %.*s\n", (int)(length < 90 ? length : 90), line);
			line += length + !!line[length];
		}
	}
	putchar('\n');
}

static void draw_states(const char *client, const char *between, const char *server)
{
	printf("  %-12s %-60s %s\n", client, between, server);
}

static void account(int from, const struct frame *frame)
{
	static unsigned int drawn;
	static unsigned long carried;

	if (frame->tcp.th_flags & (TH_SYN | TH_FIN | TH_RST)) {
		draw_rest();
		draw(from, frame);
		drawn = 0;
	} else if (drawn < SHOWN) {
		draw(from, frame);
		drawn++;
	} else {
		sides[from].segments++;
		sides[from].bytes += text_length(frame);
	}
	fflush(stdout);

	if (carried < LOOK_AFTER && carried + text_length(frame) >= LOOK_AFTER)
		look();
	carried += text_length(frame);
}

static void carry(int from)
{
	static struct frame frame;
	ssize_t length = recv(sides[from].wire, &frame, sizeof(frame), 0);
	bool ours;

	if (length < 0)
		err(1, "receiving a frame");
	ours = (size_t)length >= offsetof(struct frame, rest) &&
	       frame.ether.h_proto == htons(ETH_P_IP) && frame.ip.protocol == IPPROTO_HSTP;
	if (ours && frame.tcp.th_flags & TH_SYN) {
		if (!sides[CLIENT].iss)
			draw_states("CLOSED", "", state_names[state(&sides[SERVER])]);
		sides[from].iss = ntohl(frame.tcp.th_seq);
	}
	/* veth delivers at once: when this returns, the segment has been processed. */
	if (send(sides[!from].wire, &frame, (size_t)length, 0) != length)
		err(1, "sending a frame of %zd bytes", length);
	if (ours)
		account(from, &frame);
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool over(void)
{
	return state(&sides[CLIENT]) == NONE && state(&sides[SERVER]) == NONE;
}

int main(int argc, char **argv)
{
	struct pollfd fds[SIDES];
	long quiet_since = now_ms();
	bool begun = false, time_wait = false;

	if (argc != 5)
		errx(2, "usage: ladder CLIENT-NETNS DEVICE SERVER-NETNS DEVICE");
	for (int i = CLIENT; i < SIDES; i++) {
		sides[i].name = argv[1 + 2 * i];
		sides[i].proc = open_proc(sides[i].name);
		sides[i].wire = open_wire(argv[2 + 2 * i]);
		fds[i] = (struct pollfd){ .fd = sides[i].wire, .events = POLLIN };
	}
	printf("  %-73s %s\n", sides[CLIENT].name, sides[SERVER].name);
	fflush(stdout);

	for (;;) {
		if (poll(fds, SIDES, 20) > 0) {
			for (int i = CLIENT; i < SIDES; i++)
				if (fds[i].revents)
					carry(i);
			quiet_since = now_ms();
			begun = begun || sides[CLIENT].iss;
			continue;
		}
		time_wait = time_wait || state(&sides[CLIENT]) == TIME_WAIT;
		if (begun && over())
			break;
		if (now_ms() - quiet_since > PATIENCE_MS)
			errx(1, "the wire is silent and the connection still exists");
	}
	draw_rest();
	draw_states("CLOSED", time_wait ? "    2MSL later" : "", "CLOSED");
	return 0;
}
