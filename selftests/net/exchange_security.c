// SPDX-License-Identifier: GPL-2.0
/* Security level, compartment and precedence on the wire: RFC 793 section 3.4, reset
 * generation, groups 2 and 3, and section 3.9; the option is that of RFC 1108.
 */
#include <linux/hstp.h>
#include <netinet/ip.h>
#include <sys/wait.h>

#include "lib/exchange.h"

#define SECRET		0x5a	/* RFC 1108 section 2.3 */
#define CONFIDENTIAL	0x96
#define GENSER		0x80	/* section 2.4 */
#define SIOP_ESI	0x40

static const uint8_t secret[] = { 130, 4, SECRET, GENSER };
static const uint8_t lower[] = { 130, 4, CONFIDENTIAL, GENSER };
static const uint8_t elsewhere[] = { 130, 4, SECRET, SIOP_ESI };
static const uint8_t longer[] = { 130, 5, SECRET, GENSER | 1, SIOP_ESI };

#define LABEL(label)	.ipopt = label, .ipoptlen = sizeof(label)

static const struct hstp_security at_secret = {
	.flags = HSTP_SECURITY_CHECK, .level = SECRET, .authority_len = 1, .authority = { GENSER },
};

static int ask(int fd, const struct hstp_security *security)
{
	return setsockopt(fd, SOL_HSTP, HSTP_SECURITY, security, sizeof(*security));
}

static void ask_precedence(int fd, int flags, int tos)
{
	struct hstp_security security = { .flags = flags };

	TRY(ask(fd, &security));
	TRY(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)));
}

static const struct iphdr *ip_of(const struct seen *seen)
{
	return (const void *)(seen->frame + 14);
}

static void labelled(const struct seen *seen)
{
	SAME(ip_of(seen)->ihl, 6);
	NEED(!memcmp(ip_of(seen) + 1, secret, sizeof(secret)));
}

#define PRECEDENCE	0x40

/* A socket at that level, and of that precedence. */
static int fd_secret(const struct end *end)
{
	int fd = fd_bound(end), tos = PRECEDENCE;

	TRY(ask(fd, &at_secret));
	TRY(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)));
	return fd;
}

static int start_secret(const struct end *end)
{
	struct sockaddr_in addr = addr_of(end->other->addr, end->other->port);
	int fd = fd_secret(end);

	fd_block(fd, false);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	fd_block(fd, true);
	return fd;
}

static int listen_secret(const struct end *end)
{
	int fd = fd_secret(end);

	TRY(listen(fd, 8));
	return fd;
}

/* Both have it. */
static struct seen *secret_of(struct seen *seen)
{
	labelled(seen);
	SAME(ip_of(seen)->tos, PRECEDENCE);
	return seen;
}

#define say(us, ...)	wire_send(us, __VA_ARGS__, LABEL(secret), .tos = PRECEDENCE)
#define hear(it, ...)	secret_of(wire_expect(it, __VA_ARGS__))
#define pass(end, ...)	wire_deliver(hear(end, __VA_ARGS__))

/* A listener answers who is not of its level with a reset, and listens on. */
TEST_F(peer, listen)
{
	int listener = fd_new(NS_A), fd;
	struct sockaddr_in addr = addr_of(self->it.addr, self->it.port);

	TRY(bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	TRY(ask(listener, &at_secret));
	TRY(listen(listener, 1));
	wire_send(&self->us, SYN, 100);
	wire_expect(&self->it, RST | ACK, 0, 101, .raw = true);
	wire_send(&self->us, SYN, 100, LABEL(lower));
	wire_expect(&self->it, RST | ACK, 0, 101, .raw = true);
	wire_send(&self->us, SYN, 100, LABEL(elsewhere));
	wire_expect(&self->it, RST | ACK, 0, 101, .raw = true);
	wire_send(&self->us, SYN, 100, LABEL(longer));
	wire_expect(&self->it, RST | ACK, 0, 101, .raw = true);
	STATS(NS_A, "transition CLOSED LISTEN open-passive 1", "drop security 4",
	      "reset out security 4");

	wire_send(&self->us, SYN, 100, LABEL(secret));
	labelled(wire_expect(&self->it, SYN | ACK, 300, 101));
	/* SYN-RECEIVED: reset, and the state stays */
	wire_send(&self->us, ACK, 101, 301, LABEL(lower));
	wire_expect(&self->it, RST, 301);
	state_is(&self->it, "SYN-RECEIVED");
	wire_send(&self->us, ACK, 101, 301, LABEL(secret));
	fd = fd_accept(listener);
	fd_send(fd, "text");
	labelled(wire_expect(&self->it, PSH | ACK, 301, 101, "text"));
	wire_send(&self->us, PSH | ACK, 101, 305, "back", LABEL(secret));
	fd_recv(fd, "back");
	labelled(wire_expect(&self->it, ACK, 305, 105));
}

/* In a synchronized state the connection ends, and both sides hear of it. */
TEST_F(peer, established)
{
	int listener = fd_new(NS_A), fd;
	struct sockaddr_in addr = addr_of(self->it.addr, self->it.port);
	char byte;

	TRY(bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	TRY(ask(listener, &at_secret));
	TRY(listen(listener, 1));
	wire_send(&self->us, SYN, 100, LABEL(secret));
	wire_expect(&self->it, SYN | ACK, 300, 101);
	wire_send(&self->us, ACK, 101, 301, LABEL(secret));
	fd = fd_accept(listener);
	/* An old segment does no harm: it fails the check of its number before. */
	wire_send(&self->us, PSH | ACK, 50, 301, "text");
	labelled(wire_expect(&self->it, ACK, 301, 101));
	state_is(&self->it, "ESTABLISHED");
	wire_send(&self->us, PSH | ACK, 101, 301, "text");
	labelled(wire_expect(&self->it, RST, 301));
	FAILS(ECONNRESET, recv(fd, &byte, 1, 0));
	SAME(stats_get(stats_read(NS_A), "transition ESTABLISHED CLOSED security"), 1);
	SAME(stats_get(stats_read(NS_A), "reset out security"), 1);
	SAME(stats_get(stats_read(NS_A), "drop security"), 1);
}

/* SYN-SENT: a reset, and the state stays until somebody of its level answers. */
TEST_F(peer, syn_sent)
{
	struct sockaddr_in addr = addr_of(self->us.addr, self->us.port);
	int fd = fd_bound(&self->it);

	TRY(ask(fd, &at_secret));
	fd_block(fd, false);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	labelled(wire_expect(&self->it, SYN, 300));
	wire_send(&self->us, SYN | ACK, 100, 301);
	wire_expect(&self->it, RST, 301);
	wire_send(&self->us, SYN | ACK, 100, 301, LABEL(lower));
	wire_expect(&self->it, RST, 301);
	state_is(&self->it, "SYN-SENT");
	/* The precedence is another one. */
	wire_send(&self->us, SYN | ACK, 100, 301, LABEL(secret), .tos = 0x20);
	wire_expect(&self->it, RST, 301);
	state_is(&self->it, "SYN-SENT");
	wire_send(&self->us, SYN | ACK, 100, 301, LABEL(secret));
	labelled(wire_expect(&self->it, ACK, 301, 101));
	SAME(fd_connected(fd), 0);
}

/* Both ends open at once: the higher precedence is for both, where that is allowed. */
TEST_F(peer, crossed)
{
	struct sockaddr_in addr = addr_of(self->us.addr, self->us.port);
	int fd = fd_bound(&self->it), tos = 0;
	socklen_t len = sizeof(tos);
	struct seen *seen;

	ask_precedence(fd, HSTP_SECURITY_CHECK | HSTP_SECURITY_RAISE, 0x40);
	fd_block(fd, false);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	seen = wire_expect(&self->it, SYN, 300);
	SAME(ip_of(seen)->tos, 0x40);
	wire_send(&self->us, SYN, 100, .tos = 0xa0);
	seen = wire_expect(&self->it, SYN | ACK, 300, 101);
	SAME(ip_of(seen)->tos, 0xa0);
	wire_send(&self->us, SYN | ACK, 100, 301, .tos = 0xa0);
	wire_expect(&self->it, ACK, 301, 101);
	SAME(fd_connected(fd), 0);
	TRY(getsockopt(fd, IPPROTO_IP, IP_TOS, &tos, &len));
	SAME(tos, 0xa0);
	fd_send(fd, "text");
	seen = wire_expect(&self->it, PSH | ACK, 301, 101, "text");
	SAME(ip_of(seen)->tos, 0xa0);
}

/* RFC 793 pages 67 and 71: a SYN that crosses ours must have the level, and what acknowledges
 * ours both; else it is reset, "and return".
 */
TEST_F(peer, crossed_by_others)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = start_secret(it);

	hear(it, SYN, 300);
	wire_send(us, SYN, 100, LABEL(lower), .tos = PRECEDENCE);
	secret_of(wire_expect(it, RST | ACK, 0, 101, .raw = true));
	state_is(it, "SYN-SENT");
	say(us, SYN, 100);
	hear(it, SYN | ACK, 300, 101);
	stats_skip(NS_A);
	for (uint32_t seq = 100; seq < 102; seq++) {
		uint8_t flags = seq == 100 ? SYN | ACK : ACK;

		wire_send(us, flags, seq, 301, LABEL(lower), .tos = PRECEDENCE);
		hear(it, RST, 301);
		wire_send(us, flags, seq, 301, LABEL(secret), .tos = 0x20);
		hear(it, RST, 301);
		wire_send(us, flags, seq, 301, LABEL(secret), .tos = 0x60);
		hear(it, RST, 301);
	}
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, "drop security 6", "reset out security 6");
	say(us, SYN | ACK, 100, 301);
	hear(it, ACK, 301, 101);
	SAME(fd_connected(fd), 0);
	state_is(it, "ESTABLISHED");
}

/* As wire_to_state(), with an active open. */
static int secret_in(struct end *us, struct end *it, const char *state)
{
	int fd = start_secret(it);

	hear(it, SYN, 300);
	say(us, SYN | ACK, 100, 301);
	hear(it, ACK, 301, 101);
	SAME(fd_connected(fd), 0);
	if (!strcmp(state, "ESTABLISHED"))
		return fd;
	if (!strcmp(state, "CLOSE-WAIT") || !strcmp(state, "LAST-ACK")) {
		say(us, FIN | ACK, 101, 301);
		hear(it, ACK, 301, 102);
		if (!strcmp(state, "CLOSE-WAIT"))
			return fd;
		fd_shut(fd, SHUT_WR);
		hear(it, FIN | ACK, 301, 102);
		return fd;
	}
	fd_shut(fd, SHUT_WR);
	hear(it, FIN | ACK, 301, 101);
	if (!strcmp(state, "CLOSING")) {
		say(us, FIN | ACK, 101, 301);
		hear(it, ACK, 302, 102);
	} else if (strcmp(state, "FIN-WAIT-1")) {
		say(us, ACK, 101, 302);
		if (!strcmp(state, "TIME-WAIT")) {
			say(us, FIN | ACK, 101, 302);
			hear(it, ACK, 302, 102);
		}
	}
	return fd;
}

/* RFC 793 page 71: in each synchronized state a segment of another level, without one, or of a
 * lower or a higher precedence is reset, and the connection is gone; the ACKs of FINs are as
 * good as those of text, and end nothing before. TIME-WAIT's user has heard all there was.
 */
TEST_F(peer, each_synchronized_state)
{
	static const struct {
		const char *name;
		uint32_t nxt, rcv;
	} states[] = {
		{ "ESTABLISHED", 301, 101 }, { "FIN-WAIT-1", 302, 101 },
		{ "FIN-WAIT-2", 302, 101 }, { "CLOSE-WAIT", 301, 102 },
		{ "CLOSING", 302, 102 }, { "LAST-ACK", 302, 102 }, { "TIME-WAIT", 302, 102 },
	}, *in;
	static const struct {
		const uint8_t *label;
		uint8_t tos;
	} wrong[] = {
		{ lower, PRECEDENCE }, { NULL, PRECEDENCE }, { secret, 0x20 }, { secret, 0x60 },
	};

	for (int i = 0; i < 7 * 4; i++) {
		int len = wrong[i % 4].label ? sizeof(secret) : 0, tos = wrong[i % 4].tos;
		const uint8_t *label = wrong[i % 4].label;
		bool time_wait;
		struct end us, it;
		struct seen *seen;
		char ended[80];
		int fd;

		in = &states[i / 4];
		time_wait = !strcmp(in->name, "TIME-WAIT");
		wire_ends(&us, NS_T, (uint16_t)(5000 + i), &it, NS_A, (uint16_t)(6000 + i));
		fd = secret_in(&us, &it, in->name);
		state_is(&it, in->name);
		stats_skip(NS_A);
		/* With an old number it does nothing */
		wire_send(&us, PSH | ACK, 50, in->nxt, "old", .ipopt = label, .ipoptlen = len,
			  .tos = tos);
		hear(&it, ACK, in->nxt, in->rcv);
		state_is(&it, in->name);
		STATS(NS_A, "drop duplicate 1");
		wire_send(&us, ACK, in->rcv, in->nxt, .ipopt = label, .ipoptlen = len, .tos = tos);
		seen = wire_expect(&it, RST, in->nxt);
		if (!time_wait)
			secret_of(seen);
		state_is(&it, "CLOSED");
		snprintf(ended, sizeof(ended), "transition %s CLOSED security 1", in->name);
		STATS(NS_A, ended, "drop security 1", "reset out security 1");
		SAME(fd_error(fd), time_wait ? 0 : ECONNRESET);
		fd_close(fd);
	}
}

/* TIME-WAIT acknowledges at its level, and only a SYN of its level opens the next connection
 * (RFC 9293, MAY-2): one of another level is no new connection's, whatever its number.
 */
TEST_F(peer, time_wait)
{
	struct end *us = &self->us, *it = &self->it, old;
	int listener = listen_secret(it);

	say(us, SYN, 100);
	hear(it, SYN | ACK, 300, 101);
	say(us, ACK, 101, 301);
	fd_close(fd_accept(listener));
	hear(it, FIN | ACK, 301, 101);
	say(us, FIN | ACK, 101, 302);
	hear(it, ACK, 302, 102);
	state_is(it, "TIME-WAIT");
	stats_skip(NS_A);
	say(us, FIN | ACK, 101, 302);
	hear(it, ACK, 302, 102);
	wire_send(us, SYN, 0x100000, LABEL(lower), .tos = PRECEDENCE);
	hear(it, ACK, 302, 102);
	state_is(it, "TIME-WAIT");
	STATS(NS_A, "drop seq 2", "challenge 1");

	/* One of its level, which turns out to be old */
	old = *it;
	wire_forget(it);
	say(us, SYN, 0x100000);
	hear(it, SYN | ACK, 700, 0x100001);
	say(us, RST, 0x100001);
	state_is(it, "TIME-WAIT");
	*it = old;

	stats_skip(NS_A);
	wire_send(us, SYN, 200, LABEL(lower), .tos = PRECEDENCE);
	wire_expect(it, RST | ACK, 0, 201, .raw = true);
	state_is(it, "LISTEN");
	STATS(NS_A, "transition TIME-WAIT CLOSED security 1", "drop security 1",
	      "reset out security 1");
}

/* Two stacks of one level: each segment says so, also what goes again, and neither takes the
 * other for a stranger.
 */
TEST_F(relay, both_at_one_level)
{
	static const char *const four[] = { "a", "b", "c", "d" };
	struct end *a = &self->a, *b = &self->b;
	struct seen *seen, *fin;
	int listener = listen_secret(b), client = start_secret(a), server;

	seen = hear(a, SYN, 100);
	wire_deliver(seen);
	(void)hear(b, SYN | ACK, 300, 101);
	wire_deliver(seen);
	pass(b, SYN | ACK, 300, 101);
	pass(a, ACK, 101, 301);
	SAME(fd_connected(client), 0);
	server = fd_accept(listener);

	/* The first of four is lost */
	fd_nodelay(client);
	for (int i = 0; i < 4; i++)
		fd_send(client, four[i]);
	(void)hear(a, PSH | ACK, 101, 301, four[0]);
	for (int i = 1; i < 4; i++) {
		pass(a, PSH | ACK, 101 + i, 301, four[i]);
		pass(b, ACK, 301, 101);
	}
	pass(a, PSH | ACK, 101, 301, "a");
	pass(b, ACK, 301, 105);
	fd_recv(server, "abcd");
	fd_send(server, "back");
	pass(b, PSH | ACK, 301, 105, "back");
	fd_recv(client, "back");
	pass(a, ACK, 105, 305);

	fd_close(client);
	pass(a, FIN | ACK, 105, 305);
	pass(b, ACK, 305, 106);
	fd_eof(server);
	fd_close(server);
	fin = hear(b, FIN | ACK, 305, 106);
	wire_deliver(fin);
	(void)hear(a, ACK, 106, 306);
	state_is(a, "TIME-WAIT");
	state_is(b, "LAST-ACK");
	wire_deliver(fin);
	pass(a, ACK, 106, 306);
	state_is(b, "LISTEN");
	net_hstp(NS_A, "msl_ms", 100);
	state_wait(a, "CLOSED");
	for (enum net_ns ns = NS_A; ns <= NS_B; ns++) {
		SAME(stat_now(ns, "drop security"), 0);
		SAME(stat_now(ns, "reset out security"), 0);
	}
}

/* A keep-alive probe is a segment of the connection as well (RFC 9293 section 3.8.4). */
TEST_F(peer, keepalive)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = secret_in(us, it, "ESTABLISHED"), one = 1, long_after = 1000;

	TRY(setsockopt(fd, SOL_HSTP, HSTP_KEEPIDLE, &one, sizeof(one)));
	TRY(setsockopt(fd, SOL_HSTP, HSTP_KEEPINTVL, &long_after, sizeof(long_after)));
	TRY(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)));
	hear(it, ACK, 300, 101);
}

/* A SYN with a higher precedence: refused, or followed; a lower one is found out next. */
TEST_F(peer, precedence)
{
	struct sockaddr_in addr = addr_of(self->it.addr, self->it.port);
	int listener = fd_new(NS_A), fd, tos = 0;
	socklen_t len = sizeof(tos);
	struct seen *seen;

	TRY(bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	ask_precedence(listener, HSTP_SECURITY_CHECK, 0x40);
	TRY(listen(listener, 5));
	wire_send(&self->us, SYN, 100, .tos = 0xa0);
	wire_expect(&self->it, RST | ACK, 0, 101, .raw = true);
	/* The rest of the octet is no precedence. */
	wire_send(&self->us, SYN, 100, .tos = 0x20 | 0x10);
	seen = wire_expect(&self->it, SYN | ACK, 300, 101);
	SAME(ip_of(seen)->tos, 0x40);
	wire_send(&self->us, ACK, 101, 301, .tos = 0x20);
	wire_expect(&self->it, RST, 301);
	state_is(&self->it, "SYN-RECEIVED");
	wire_send(&self->us, ACK, 101, 301, .tos = 0x40);
	fd_close(fd_accept(listener));
	wire_expect(&self->it, FIN | ACK, 301, 101);
	wire_send(&self->us, RST, 101);
	fd_close(listener);

	listener = fd_new(NS_A);
	TRY(bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	ask_precedence(listener, HSTP_SECURITY_CHECK | HSTP_SECURITY_RAISE, 0x40);
	TRY(listen(listener, 5));
	wire_forget(&self->it);
	wire_send(&self->us, SYN, 100, .tos = 0xa0);
	seen = wire_expect(&self->it, SYN | ACK, 300, 101);
	SAME(ip_of(seen)->tos, 0xa0);
	wire_send(&self->us, ACK, 101, 301, .tos = 0xa0);
	fd = fd_accept(listener);
	TRY(getsockopt(fd, IPPROTO_IP, IP_TOS, &tos, &len));
	SAME(tos, 0xa0);
	fd_send(fd, "text");
	seen = wire_expect(&self->it, PSH | ACK, 301, 101, "text");
	SAME(ip_of(seen)->tos, 0xa0);
	/* No segment of an open connection raises it. */
	wire_send(&self->us, ACK, 101, 305, .tos = 0xe0);
	wire_expect(&self->it, RST, 305);
	FAILS(ECONNRESET, recv(fd, &(char){ 0 }, 1, 0));
}

/* What can be asked, by whom, and when. */
TEST_F(peer, bounds)
{
	struct hstp_security wrong[] = {
		{ .flags = 4 },
		{ .flags = 1, .level = SECRET, .authority_len = 6 },
		{ .flags = 1, .level = 0, .authority_len = 1, .authority = { GENSER } },
		{ .flags = 1, .level = SECRET, .authority_len = 1, .authority = { GENSER | 1 } },
		{ .flags = 1, .level = SECRET, .authority_len = 2, .authority = { GENSER, 2 } },
		{ .flags = 1, .level = SECRET, .authority_len = 2, .authority = { GENSER | 1 } },
	};
	struct hstp_security got = { 0 };
	uint8_t way[39] = { 131, 39, 4 };
	socklen_t len = sizeof(got);
	int fd = fd_new(NS_A), status;
	pid_t child;

	TRY(getsockopt(fd, SOL_HSTP, HSTP_SECURITY, &got, &len));
	SAME(len, sizeof(got));
	SAME(got.flags, 0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		FAILS(EINVAL, ask(fd, &wrong[i]));
	FAILS(EINVAL, setsockopt(fd, SOL_HSTP, HSTP_SECURITY, &at_secret, 7));
	TRY(ask(fd, &at_secret));
	TRY(getsockopt(fd, SOL_HSTP, HSTP_SECURITY, &got, &len));
	NEED(!memcmp(&got, &at_secret, sizeof(got)));
	/* There is no room for both. */
	FAILS(EINVAL, setsockopt(fd, IPPROTO_IP, IP_OPTIONS, way, sizeof(way)));
	child = TRY(fork());
	if (!child) {
		struct hstp_security level = { .flags = 1, .level = SECRET };
		struct hstp_security none = { .flags = 1 };
		int own = fd_new(NS_A);

		if (setuid(12345) || !ask(own, &level) || errno != EPERM || ask(own, &none))
			_exit(1);
		_exit(0);
	}
	SAME(waitpid(child, &status, 0), child);
	SAME(status, 0);
	fd = wire_open_active(&self->us, &self->it);
	FAILS(EISCONN, ask(fd, &at_secret));
}

TEST_HARNESS_MAIN
