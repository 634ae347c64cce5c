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
