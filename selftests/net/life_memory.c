// SPDX-License-Identifier: GPL-2.0
/* net.hstp.mem_limit_kib: the queues of a namespace are bounded, and it lives on at its
 * bound; other namespaces do not notice.
 */
#include <arpa/inet.h>

#include "lib/exchange.h"

#define CONNECTIONS	8
#define LIMIT_KIB	256
#define LEAST		4096	/* bytes that every queue may have, and a packet beyond */
#define PACKET		(80 * 1024)

struct ends {
	int client, server;
	long sent, got;
};

static struct end to = { .ns = NS_B, .port = PORT_IT }, from = { .ns = NS_A, .other = &to };

static int listening(void)
{
	to.addr = inet_addr(ADDR_B);
	from.addr = inet_addr(ADDR_A);
	to.other = &from;
	return fd_listen(&to, CONNECTIONS);
}

static struct ends open_one(int listener)
{
	struct ends e = { .client = fd_start(&from) };

	SAME(fd_connected(e.client), 0);
	e.server = fd_accept(listener);
	return e;
}

/* As much as goes; the byte at @sent is its number. */
static void fill(struct ends *e)
{
	char text[8192];
	ssize_t n;

	do {
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = (char)(e->sent + (long)i);
		n = send(e->client, text, sizeof(text), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0)
			e->sent += n;
	} while (n > 0);
	SAME(errno, EAGAIN);
}

/* All that was sent, from whoever has some of it. */
static void drain(struct ends *e, int count)
{
	uint64_t end = now_ms() + 3 * PATIENCE_MS;
	char text[8192];
	int left = count;
	ssize_t n;

	while (left) {
		left = 0;
		for (int k = 0; k < count; k++) {
			n = recv(e[k].server, text, sizeof(text), MSG_DONTWAIT);
			NEED(n || e[k].got == e[k].sent);
			NEED(n >= 0 || errno == EAGAIN);
			for (ssize_t i = 0; i < n; i++)
				SAME(text[i], (char)(e[k].got + i));
			e[k].got += n > 0 ? n : 0;
			left += e[k].got < e[k].sent;
		}
		NEED(now_ms() < end);
		usleep(1000);
	}
}

static void echo(struct ends *e)
{
	fd_send(e->client, "question");
	fd_recv(e->server, "question");
	fd_send(e->server, "answer");
	fd_recv(e->client, "answer");
}

static void close_both(struct ends *e)
{
	fd_close(e->client);
	fd_close(e->server);
}

static void begin(void)
{
	net_pair();
	net_rto(NS_A, 200, 400);
	net_rto(NS_B, 200, 400);
	/* What is dropped comes again, as often as it takes */
	net_hstp(NS_A, "retries", 255);
	net_hstp(NS_B, "retries", 255);
	net_hstp(NS_A, "msl_ms", 10);
	net_hstp(NS_B, "msl_ms", 10);
}

static void all_is_given_back(void)
{
	WAIT(!stat_now(NS_A, "memory"));
	WAIT(!stat_now(NS_B, "memory"));
	WAIT(!stat_now(NS_A, "state ESTABLISHED now"));
	stats_sums(NS_A);
	stats_sums(NS_B);
}

/* Text that comes is dropped as if lost, and counted; what was sent arrives in the end. */
TEST(receiver_at_its_limit)
{
	struct ends e[CONNECTIONS], more;
	int listener;

	begin();
	net_hstp(NS_B, "mem_limit_kib", LIMIT_KIB);
	listener = listening();
	for (int i = 0; i < CONNECTIONS; i++) {
		e[i] = open_one(listener);
		fill(&e[i]);
	}
	WAIT(stat_now(NS_B, "drop memory_limit") > 0);
	NEED(stat_now(NS_B, "memory") >= LIMIT_KIB * 1024 - PACKET);
	NEED(stat_now(NS_B, "memory") <=
	     LIMIT_KIB * 1024 + (CONNECTIONS + 1) * (LEAST + PACKET));
	SAME(stat_now(NS_B, "drop receive_limit"), 0);
	SAME(stat_now(NS_A, "drop memory_limit"), 0);

	/* It lives: others can connect and talk */
	more = open_one(listener);
	echo(&more);
	drain(e, CONNECTIONS);
	echo(&more);
	for (int i = 0; i < CONNECTIONS; i++)
		close_both(&e[i]);
	close_both(&more);
	fd_close(listener);
	all_is_given_back();
}

/* send() takes no more, and epoll does not say that it would. */
TEST(sender_at_its_limit)
{
	struct ends e[CONNECTIONS], more;
	long before, sent = 0;
	int listener;

	begin();
	listener = listening();
	for (int i = 0; i < CONNECTIONS; i++)
		e[i] = open_one(listener);
	net_hstp(NS_A, "mem_limit_kib", 64);
	for (int i = 0; i < CONNECTIONS; i++)
		fill(&e[i]);
	/* Until no window is open any more */
	do {
		before = sent;
		sent = 0;
		usleep(300000);
		for (int i = 0; i < CONNECTIONS; i++) {
			fill(&e[i]);
			sent += e[i].sent;
		}
	} while (sent != before);
	NEED(stat_now(NS_A, "memory") >= 64 * 1024);
	NEED(stat_now(NS_A, "memory") <= 64 * 1024 + CONNECTIONS * LEAST + PACKET);
	for (int i = 0; i < CONNECTIONS; i++)
		SAME(fd_events(e[i].client, POLLOUT, 0), 0);

	more = open_one(listener);
	echo(&more);
	drain(e, CONNECTIONS);
	for (int i = 0; i < CONNECTIONS; i++)
		SAME(fd_events(e[i].client, POLLOUT, PATIENCE_MS), POLLOUT);
	for (int i = 0; i < CONNECTIONS; i++)
		close_both(&e[i]);
	close_both(&more);
	fd_close(listener);
	all_is_given_back();
}

/* What nobody reads any more is given back, too: reset, abort, close with text unread. */
TEST(given_back)
{
	struct ends e[6];
	int listener;

	begin();
	listener = listening();
	for (int i = 0; i < 6; i++) {
		e[i] = open_one(listener);
		fill(&e[i]);
	}
	NEED(stat_now(NS_A, "memory") > 0);
	WAIT(stat_now(NS_B, "memory") > 0);
	for (int i = 0; i < 6; i++) {
		if (i < 2)
			fd_close(e[i].server);
		if (i == 2 || i == 3)
			fd_linger(e[i].client, 1, 0);
		fd_close(e[i].client);
		if (i >= 2)
			fd_close(e[i].server);
	}
	fd_close(listener);
	all_is_given_back();
}

TEST_HARNESS_MAIN
