// SPDX-License-Identifier: GPL-2.0
/* The user of a TCP endpoint (RFC 9293 section 3.9.1), who does what lines on the standard
 * input say and answers each with a line: what came of it, or the name of the error.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/hstp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int listener = -1, conn = -1;

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

static void help(void)
{
	puts("usage: user\n\n"
	     "Does on SOCK_STREAM/IPPROTO_HSTP what the lines of its standard input say:\n"
	     "  listen PORT [BACKLOG]           accept\n"
	     "  connect ADDRESS PORT [FROM]     send TEXT        receive\n"
	     "  shutdown                        close            abort\n"
	     "  unlisten\n"
	     "and answers each with a line, the name of the error if there was one.");
}

int main(int argc, char **argv)
{
	char line[1000], host[64];
	int port, more;

	(void)argv;
	if (argc > 1) {
		help();
		return 0;
	}
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
		else if (!strcmp(line, "receive"))
			call_receive();
		else if (!strcmp(line, "shutdown"))
			result(shutdown(conn, SHUT_WR), "shut");
		else if (!strcmp(line, "close"))
			result(close(conn), "closed");
		else if (!strcmp(line, "abort"))
			call_abort();
		else if (!strcmp(line, "unlisten"))
			result(close(listener), "closed");
		else
			answer("what?");
	}
	return 0;
}
