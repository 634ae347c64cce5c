// SPDX-License-Identifier: GPL-2.0
/* net.hstp.mem_limit_kib: the queues of a namespace are bounded, and it lives on at its
 * bound; other namespaces do not notice.
 */
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

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

/* A peer whose text is dropped learns that there is no room, and waits for it as long as it
 * takes (RFC 9293 section 3.8.6.1, MUST-37): it would have given up long ago.
 */
TEST(waits_for_room)
{
	struct ends e[CONNECTIONS];
	int listener;

	begin();
	net_hstp(NS_A, "retries", 2);
	net_hstp(NS_B, "mem_limit_kib", 64);
	listener = listening();
	for (int i = 0; i < CONNECTIONS; i++)
		e[i] = open_one(listener);
	for (int i = 0; i < CONNECTIONS; i++)
		fill(&e[i]);
	WAIT(stat_now(NS_B, "drop memory_limit") > 0);
	WAIT_MS(stat_now(NS_A, "retransmit") > 10 * CONNECTIONS, 4 * PATIENCE_MS);
	SAME(stat_now(NS_A, "state ESTABLISHED now"), CONNECTIONS);
	drain(e, CONNECTIONS);
	for (int i = 0; i < CONNECTIONS; i++)
		close_both(&e[i]);
	fd_close(listener);
	all_is_given_back();
}

/* SO_RCVLOWAT asks for more than can come while others have the memory: who waits for it is woken
 * and gets what there is, or nothing would ever be read.
 */
TEST(low_water_mark)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int listener, ep = TRY(epoll_create1(EPOLL_CLOEXEC)), mark = 60000;
	struct ends e[2];

	begin();
	net_hstp(NS_B, "mem_limit_kib", 64);
	listener = listening();
	for (int i = 0; i < 2; i++)
		e[i] = open_one(listener);
	TRY(setsockopt(e[1].server, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark)));
	TRY(epoll_ctl(ep, EPOLL_CTL_ADD, e[1].server, &event));
	fill(&e[0]);
	WAIT(stat_now(NS_B, "drop memory_limit") > 0);
	SAME(epoll_wait(ep, &event, 1, 0), 0);
	fill(&e[1]);
	SAME(epoll_wait(ep, &event, 1, PATIENCE_MS), 1);
	NEED(event.events & EPOLLIN);
	SAME(fd_events(e[1].server, POLLIN, 0), POLLIN);
	drain(e, 2);
	for (int i = 0; i < 2; i++)
		close_both(&e[i]);
	fd_close(listener);
	fd_close(ep);
	all_is_given_back();
}

/* On the wire. What was in the window when it shrank stays acceptable, RFC 7323 section 2.4:
 * the peer's ACKs have numbers behind the text that was dropped.
 */
TEST_F(peer, told_of_no_window)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "ESTABLISHED"), left;
	struct seen *seen = NULL, *next;
	char text[1000], want[1000];
	uint32_t seq = 101;

	net_hstp(NS_A, "mem_limit_kib", 64);
	for (; !stat_now(NS_A, "drop memory_limit"); seq += sizeof(text)) {
		wire_send(us, PSH | ACK, seq, 301, .len = sizeof(text));
		wire_sync(NS_A);
		NEED(seq < 65536);
		while ((next = wire_next(it, 0)))
			seen = next;
	}
	seq -= sizeof(text);		/* the one that was dropped */
	SAME(seen->ack, seq);
	SAME(seen->wnd, 0);
	fd_send(fd, "hello");
	wire_expect(it, PSH | ACK, 301, seq, "hello", .wnd = ZERO_WINDOW);
	wire_send(us, ACK, seq + sizeof(text), 306);
	wire_silence(it);
	TRY(ioctl(fd, SIOCOUTQ, &left));
	SAME(left, 0);
	/* A probe finds it still full */
	wire_send(us, PSH | ACK, seq, 306, .len = 1);
	wire_expect(it, ACK, 306, seq, .wnd = ZERO_WINDOW);
	stats_mark(NS_A);

	/* The user makes room: the peer is told of it, and nothing is missing. */
	for (uint32_t at = 101; at < seq; at += sizeof(text)) {
		SAME(recv(fd, text, sizeof(text), MSG_WAITALL), sizeof(text));
		wire_pattern(want, at, sizeof(text));
		SAME(memcmp(text, want, sizeof(text)), 0);
	}
	seen = wire_expect(it, ACK, 306, seq);
	NEED(seen->wnd >= sizeof(text));
	while ((next = wire_next(it, 0)))	/* and more, as it grows */
		NEED(next->wnd >= seen->wnd);
	wire_send(us, PSH | ACK, seq, 306, .len = sizeof(text));
	wire_expect(it, ACK, 306, seq + sizeof(text));
	SAME(recv(fd, text, sizeof(text), MSG_WAITALL), sizeof(text));
	STATS_NONE(NS_A);
}

/* What is held behind a gap gives way to text that fills it, not to an old segment, which
 * anybody could have sent: half of all sequence numbers are old.
 */
TEST_F(peer, keeps_what_it_holds)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t seq = 201;

	wire_to_state(us, it, "ESTABLISHED");
	net_hstp(NS_A, "mem_limit_kib", 64);
	for (; !stat_now(NS_A, "drop memory_limit"); seq += 1000) {
		wire_send(us, PSH | ACK, seq, 301, .len = 1000);
		wire_expect(it, ACK, 301, 101);
		NEED(seq < 65536);
	}
	seq -= 1000;			/* the one that was dropped */
	wire_send(us, PSH | ACK, 101 - (1u << 30), 301, .len = 100);
	wire_expect(it, ACK, 301, 101);	/* section 3.10.7.4, first: not acceptable */
	net_hstp(NS_A, "mem_limit_kib", 65536);
	wire_send(us, PSH | ACK, 101, 301, .len = 100);
	wire_expect(it, ACK, 301, seq);
}

/* Fill them all, until no peer has a window left that could take some of it. That nothing is
 * on its way does not say so: text waits for a window that is worth a segment, too (RFC 9293
 * section 3.8.6.2.1).
 */
static bool all_stuck(struct ends *e)
{
	struct tcp_info info;
	bool stuck = true;

	for (int i = 0; i < CONNECTIONS; i++) {
		fill(&e[i]);
		TRY(getsockopt(e[i].client, fd_level(e[i].client), TCP_INFO, &info,
			       &(socklen_t){ sizeof(info) }));
		stuck &= !info.tcpi_snd_wnd;
	}
	return stuck;
}

/* send() takes no more, and epoll does not say that it would. */
TEST(sender_at_its_limit)
{
	struct ends e[CONNECTIONS], more;
	int listener;

	begin();
	listener = listening();
	for (int i = 0; i < CONNECTIONS; i++)
		e[i] = open_one(listener);
	net_hstp(NS_A, "mem_limit_kib", 64);
	WAIT_MS(all_stuck(e), 4 * PATIENCE_MS);
	/* What the last ACKs made room for */
	for (int i = 0; i < CONNECTIONS; i++)
		fill(&e[i]);
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
