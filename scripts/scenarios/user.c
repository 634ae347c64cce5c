// SPDX-License-Identifier: GPL-2.0
/* The user of a TCP endpoint (RFC 9293 section 3.9.1), who does what lines on the standard
 * input say and answers each with a line: what came of it, or the name of the error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/hstp.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int listener = -1, conn = -1, tap = -1;

static void answer(const char *text)
{
	puts(text);
	fflush(stdout);
}

/* What a call returned, in words. */
static void result(long value, const char *good)
{
	answer(value < 0 ? strerrorname_np(errno) : good);
}

static struct sockaddr_in address(const char *host, int port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

	if (*host && inet_pton(AF_INET, host, &addr.sin_addr) != 1)
		fprintf(stderr, "user: \"%s\" is not an IPv4 address\n", host);
	return addr;
}

/* A socket of HSTP, bound to @port unless that is 0; -1 with errno. */
static int open_at(int port)
{
	struct sockaddr_in here = address("", port);
	int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_HSTP), on = 1;

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (port && bind(fd, (struct sockaddr *)&here, sizeof(here))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* OPEN, passive */
static void call_listen(int port, int backlog)
{
	listener = open_at(port);
	result(listener < 0 ? -1 : listen(listener, backlog), "listening");
}

static void call_accept(void)
{
	conn = accept(listener, NULL, NULL);
	result(conn, "accepted");
}

/* OPEN, active, from @from or from any port */
static void call_connect(const char *host, int port, int from)
{
	struct sockaddr_in there = address(host, port);

	conn = open_at(from);
	result(conn < 0 ? -1 : connect(conn, (struct sockaddr *)&there, sizeof(there)),
	       "connected");
}

static void call_send(const char *text)
{
	result(send(conn, text, strlen(text), MSG_NOSIGNAL), "sent");
}

/* SEND until it fails: when the peer's window is full it waits */
static void call_fill(void)
{
	static const char text[65536];

	while (send(conn, text, sizeof(text), MSG_NOSIGNAL) >= 0)
		;
	result(-1, NULL);
}

static void call_receive(void)
{
	char text[1000] = "received ";
	const size_t head = strlen(text);
	ssize_t len = recv(conn, text + head, sizeof(text) - head - 1, 0);

	result(len, len ? text : "end");
}

/* ABORT: a close that does not linger */
static void call_abort(void)
{
	struct linger linger = { .l_onoff = 1 };

	setsockopt(conn, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	result(close(conn), "aborted");
}

/* From here on a third party, who sees what comes from the peer. */
static void call_tap(void)
{
	tap = socket(AF_INET, SOCK_RAW, IPPROTO_HSTP);
	result(tap, "tapped");
}

static uint16_t checksum(uint32_t from, uint32_t to, const struct tcphdr *segment)
{
	const struct {
		uint32_t from, to;
		uint16_t protocol, len;
		struct tcphdr segment;
	} summed = { from, to, htons(IPPROTO_HSTP), htons(sizeof(*segment)), *segment };
	uint16_t words[sizeof(summed) / 2];
	uint32_t sum = 0;

	memcpy(words, &summed, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

/* A reset for the sender of the last segment that was seen, as if from whom it was for. Its
 * number is @offset from the one that is expected.
 */
static void call_forge(int offset)
{
	static struct packet {
		struct iphdr ip;
		struct tcphdr segment;
	} last;
	struct sockaddr_in there = { .sin_family = AF_INET };
	struct tcphdr reset = { .doff = 5, .rst = 1 };
	struct packet next;

	while (recv(tap, &next, sizeof(next), MSG_DONTWAIT) == sizeof(next))
		last = next;
	there.sin_addr.s_addr = last.ip.saddr;
	reset.source = last.segment.dest;
	reset.dest = last.segment.source;
	reset.seq = htonl(ntohl(last.segment.ack_seq) + (uint32_t)offset);
	reset.check = checksum(last.ip.daddr, last.ip.saddr, &reset);
	result(sendto(tap, &reset, sizeof(reset), 0, (struct sockaddr *)&there, sizeof(there)),
	       "forged");
}

static bool enter(const char *netns)
{
	char path[300];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && !setns(fd, CLONE_NEWNET)) {
		close(fd);
		return true;
	}
	fprintf(stderr, "user: network namespace \"%s\": %s\n", netns, strerror(errno));
	return false;
}

static void help(void)
{
	puts("usage: user NETNS\n\n"
	     "Does in that network namespace (see ip-netns(8)), on SOCK_STREAM/IPPROTO_HSTP,\n"
	     "what the lines of its standard input say:\n"
	     "  listen PORT [BACKLOG]           accept\n"
	     "  connect ADDRESS PORT [FROM]     send TEXT        receive\n"
	     "  fill (SEND until it fails)      shutdown         close\n"
	     "  abort                           unlisten\n"
	     "  tap (see what the peer sends)   forge OFFSET (a reset, so far from what it expects)\n"
	     "and answers each with a line, the name of the error if there was one.");
}

int main(int argc, char **argv)
{
	char line[1000], host[64];
	int port, more;

	if (argc != 2 || argv[1][0] == '-') {
		help();
		return argc == 2 ? 0 : 2;
	}
	if (!enter(argv[1]))
		return 1;
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		more = 0;
		if (sscanf(line, "listen %d %d", &port, &more) >= 1)
			call_listen(port, more ? more : 5);
		else if (!strcmp(line, "accept"))
			call_accept();
		else if (sscanf(line, "connect %63s %d %d", host, &port, &more) >= 2)
			call_connect(host, port, more);
		else if (!strncmp(line, "send ", 5))
			call_send(line + 5);
		else if (!strcmp(line, "fill"))
			call_fill();
		else if (!strcmp(line, "receive"))
			call_receive();
		else if (!strcmp(line, "shutdown"))
			result(shutdown(conn, SHUT_WR), "shut");
		else if (!strcmp(line, "close"))
			result(close(conn), "closed");
		else if (!strcmp(line, "abort"))
			call_abort();
		else if (!strcmp(line, "tap"))
			call_tap();
		else if (sscanf(line, "forge %d", &more) == 1)
			call_forge(more);
		else if (!strcmp(line, "unlisten"))
			result(close(listener), "closed");
		else
			answer("what?");
	}
	return 0;
}
