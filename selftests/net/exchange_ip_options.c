// SPDX-License-Identifier: GPL-2.0
/* IP options: RFC 9293 section 3.9.2.1; source routes as RFC 791 section 3.1 and RFC 1122
 * section 4.2.3.8 have them.
 */
#include <arpa/inet.h>
#include <linux/tcp.h>
#include <netinet/ip.h>

#include "lib/exchange.h"

#define HOP1	"10.0.0.7"	/* routers on the link: the tester speaks for them */
#define HOP2	"10.0.0.8"

#define NOP	1
#define RR	7
#define TS	68
#define LSRR	131
#define SSRR	137

static const struct iphdr *ip_of(const struct seen *seen)
{
	return (const void *)(seen->frame + 14);
}

static const uint8_t *options_of(const struct seen *seen, int *len)
{
	*len = ip_of(seen)->ihl * 4 - 20;
	return seen->frame + 14 + 20;
}

/* Routers that the stack can reach, and packets that may tell their way. */
static void allow_routes(void)
{
	net_run(NS_A, "ip neigh replace " HOP1 " lladdr 02:00:00:00:00:09 dev va");
	net_run(NS_A, "ip neigh replace " HOP2 " lladdr 02:00:00:00:00:09 dev va");
	net_sysctl(NS_A, "net.ipv4.conf.all.accept_source_route", 1);
	net_sysctl(NS_A, "net.ipv4.conf.va.accept_source_route", 1);
}

static void put_addr(uint8_t *to, const char *addr)
{
	uint32_t a = inet_addr(addr);

	memcpy(to, &a, 4);
}

/* A source route of @count addresses; @at: the pointer. Returns its length. */
static int route(uint8_t *to, uint8_t kind, int at, int count, const char *const addr[])
{
	to[0] = kind;
	to[1] = 3 + 4 * count;
	to[2] = at;
	for (int i = 0; i < count; i++)
		put_addr(to + 3 + 4 * i, addr[i]);
	return to[1];
}

/* The packet goes to @first, and on by these stops and no others. */
static void expect_route(const struct seen *seen, const char *first, uint8_t kind, int count,
			 const char *const addr[])
{
	uint8_t want[40];
	const uint8_t *got;
	int len, n = route(want, kind, 4, count, addr);

	got = options_of(seen, &len);
	SAME(ip_of(seen)->daddr, inet_addr(first));
	NEED(len >= n && len < n + 4);
	NEED(!memcmp(got, want, n));
	NEED(seen->sum_good);
}

static int start(struct end *us, struct end *it, const uint8_t *opt, int len)
{
	struct sockaddr_in addr = addr_of(us->addr, us->port);
	int fd = fd_bound(it);

	TRY(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, opt, len));
	fd_block(fd, false);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}

/* MUST-50: what TCP does not understand is ignored, whatever it is, on the SYN and later. */
TEST_F(peer, ignored)
{
	static const uint8_t unknown[] = { 0x5e, 8, 1, 2, 3, 4, 5, 6, NOP, 0x9e, 4, 7, 7 };
	static const uint8_t stream[] = { 136, 4, 1, 2 };
	static const uint8_t security[] = { 130, 11, 0xab, 0, 0, 0, 0, 0, 0, 0, 0 };
	static const struct {
		const uint8_t *opt;
		int len;
	} cases[] = {
		{ unknown, sizeof(unknown) }, { stream, sizeof(stream) },
		{ security, sizeof(security) },
	};
	int listener = fd_listen(&self->it, 1), fd, len;
	uint32_t seq = 101;
	struct seen *seen;

	wire_send(&self->us, SYN, 100, .ipopt = unknown, .ipoptlen = sizeof(unknown));
	seen = wire_expect(&self->it, SYN | ACK, 300, 101);
	options_of(seen, &len);
	SAME(len, 0);
	wire_send(&self->us, ACK, 101, 301, .ipopt = unknown, .ipoptlen = sizeof(unknown));
	fd = fd_accept(listener);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		wire_send(&self->us, PSH | ACK, seq, 301, "text", .ipopt = cases[i].opt,
			  .ipoptlen = cases[i].len);
		seq += 4;
		fd_recv(fd, "text");
	}
	fd_send(fd, "back");
	do {
		seen = wire_next(&self->it, PATIENCE_MS);
		NEED(seen);
		options_of(seen, &len);
		SAME(len, 0);
	} while (!seen->len);
	state_is(&self->it, "ESTABLISHED");
}

/* MUST-51: the user names the way, on which every segment goes. */
TEST_F(peer, route_of_the_user)
{
	const char *const way[] = { HOP1, HOP2 }, *const on_wire[] = { HOP2, ADDR_T };
	uint8_t opt[40];
	struct seen *seen;
	int fd;

	allow_routes();
	fd = start(&self->us, &self->it, opt, route(opt, LSRR, 4, 2, way));
	seen = wire_expect(&self->it, SYN, 300);
	expect_route(seen, HOP1, LSRR, 2, on_wire);
	wire_send(&self->us, SYN | ACK, 100, 301, .mss = 1460);
	seen = wire_expect(&self->it, ACK, 301, 101);
	expect_route(seen, HOP1, LSRR, 2, on_wire);
	fd_send(fd, "text");
	seen = wire_expect(&self->it, PSH | ACK, 301, 101, "text");
	expect_route(seen, HOP1, LSRR, 2, on_wire);
	/* The last ones leave when no socket is left. */
	wire_send(&self->us, ACK, 101, 305);
	fd_close(fd);
	seen = wire_expect(&self->it, FIN | ACK, 305, 101);
	expect_route(seen, HOP1, LSRR, 2, on_wire);
}

/* MUST-52: and no packet names another. */
TEST_F(peer, user_comes_first)
{
	const char *const way[] = { HOP1 }, *const on_wire[] = { ADDR_T };
	const char *const other[] = { HOP2 };
	uint8_t opt[40], theirs[40];
	struct seen *seen;
	int fd, len;

	allow_routes();
	fd = start(&self->us, &self->it, opt, route(opt, SSRR, 4, 1, way));
	seen = wire_expect(&self->it, SYN, 300);
	expect_route(seen, HOP1, SSRR, 1, on_wire);
	len = route(theirs, LSRR, 8, 1, other);
	wire_send(&self->us, SYN | ACK, 100, 301, .ipopt = theirs, .ipoptlen = len);
	seen = wire_expect(&self->it, ACK, 301, 101);
	expect_route(seen, HOP1, SSRR, 1, on_wire);
	wire_send(&self->us, PSH | ACK, 101, 301, "text", .ipopt = theirs, .ipoptlen = len);
	fd_recv(fd, "text");
	seen = wire_expect(&self->it, ACK, 301, 105);
	expect_route(seen, HOP1, SSRR, 1, on_wire);
	fd_send(fd, "back");
	seen = wire_expect(&self->it, PSH | ACK, 301, 105, "back");
	expect_route(seen, HOP1, SSRR, 1, on_wire);
}

/* MUST-53: a passive open goes back the way that the SYN came, on every segment. */
TEST_F(peer, way_back)
{
	/* Recorded from the tester's end: HOP2 was first, HOP1 is next to the stack. */
	const char *const came[] = { HOP2, HOP1 }, *const back[] = { HOP2, ADDR_T };
	int listener, fd, len;
	uint8_t opt[40], got[40];
	socklen_t room = sizeof(got);
	struct seen *seen;

	allow_routes();
	listener = fd_listen(&self->it, 1);
	len = route(opt, LSRR, 12, 2, came);
	wire_send(&self->us, SYN, 100, .ipopt = opt, .ipoptlen = len);
	seen = wire_expect(&self->it, SYN | ACK, 300, 101);
	expect_route(seen, HOP1, LSRR, 2, back);
	/* Whatever it is that sends it again */
	wire_send(&self->us, SYN, 100);
	seen = wire_expect(&self->it, SYN | ACK, 300, 101);
	expect_route(seen, HOP1, LSRR, 2, back);
	wire_send(&self->us, ACK, 101, 301);
	fd = fd_accept(listener);
	fd_send(fd, "text");
	seen = wire_expect(&self->it, PSH | ACK, 301, 101, "text");
	expect_route(seen, HOP1, LSRR, 2, back);
	/* The program can read it: first the stop that is next. */
	TRY(getsockopt(fd, IPPROTO_IP, IP_OPTIONS, got, &room));
	NEED(room >= 11);
	SAME(got[0], LSRR);
	NEED(!memcmp(got + 3, &(uint32_t){ inet_addr(HOP1) }, 4));
	NEED(!memcmp(got + 7, &(uint32_t){ inet_addr(HOP2) }, 4));
	/* Down to TIME-WAIT */
	wire_send(&self->us, ACK, 101, 305);
	fd_shut(fd, SHUT_WR);
	wire_expect(&self->it, FIN | ACK, 305, 101);
	wire_send(&self->us, FIN | ACK, 101, 306);
	wire_expect(&self->it, ACK, 306, 102);
	state_is(&self->it, "TIME-WAIT");
	wire_send(&self->us, FIN | ACK, 101, 306);
	seen = wire_expect(&self->it, ACK, 306, 102);
	expect_route(seen, HOP1, LSRR, 2, back);
}

/* SHLD-24: a segment that came another way is answered on that one. */
TEST_F(peer, later_way)
{
	const char *const came[] = { HOP1 }, *const later[] = { HOP2 };
	const char *const back[] = { ADDR_T };
	int listener, fd, len;
	struct seen *seen;
	uint8_t opt[40];

	allow_routes();
	listener = fd_listen(&self->it, 1);
	len = route(opt, LSRR, 8, 1, came);
	wire_send(&self->us, SYN, 100, .ipopt = opt, .ipoptlen = len);
	expect_route(wire_expect(&self->it, SYN | ACK, 300, 101), HOP1, LSRR, 1, back);
	wire_send(&self->us, ACK, 101, 301);
	fd = fd_accept(listener);
	/* One that is not acceptable teaches nothing. */
	len = route(opt, LSRR, 8, 1, later);
	wire_send(&self->us, PSH | ACK, 200000, 301, "text", .ipopt = opt, .ipoptlen = len);
	expect_route(wire_expect(&self->it, ACK, 301, 101), HOP1, LSRR, 1, back);
	wire_send(&self->us, PSH | ACK, 101, 301, "text", .ipopt = opt, .ipoptlen = len);
	fd_recv(fd, "text");
	fd_send(fd, "back");
	do {
		seen = wire_next(&self->it, PATIENCE_MS);
		NEED(seen);
		expect_route(seen, HOP2, LSRR, 1, back);
	} while (!seen->len);
}

/* MUST-16: options of IP take their room from the text. */
TEST_F(peer, room)
{
	const char *const way[] = { HOP1, HOP2 };
	static const char text[3000];
	uint8_t opt[40];
	struct seen *seen;
	int fd;

	allow_routes();
	fd = start(&self->us, &self->it, opt, route(opt, LSRR, 4, 2, way));
	/* What is announced is what we can receive: RFC 6691 section 2 */
	seen = wire_expect(&self->it, SYN, 300, .mss = 1460);
	NEED(seen);
	wire_send(&self->us, SYN | ACK, 100, 301, .mss = 1460);
	wire_expect(&self->it, ACK, 301, 101);
	SAME(TRY(send(fd, text, sizeof(text), 0)), sizeof(text));
	seen = wire_next(&self->it, PATIENCE_MS);
	NEED(seen);
	SAME(seen->len, 1460 - 12);
	SAME(ntohs(ip_of(seen)->tot_len), 1500);
}

/* MUST-16, section 3.7.1: from the smaller one of what we can send and what the peer takes; and
 * when they are taken away, it is what the peer takes, no more.
 */
TEST_F(peer, room_of_a_small_peer)
{
	const char *const way[] = { HOP1, HOP2 };
	static const char text[3000];
	uint8_t opt[40];
	struct seen *seen;
	int fd, got = 0;

	allow_routes();
	fd = start(&self->us, &self->it, opt, route(opt, LSRR, 4, 2, way));
	wire_expect(&self->it, SYN, 300, .mss = 1460);
	wire_send(&self->us, SYN | ACK, 100, 301, .mss = 1000);
	wire_expect(&self->it, ACK, 301, 101);
	SAME(TRY(send(fd, text, 2 * 988, 0)), 2 * 988);
	for (; got < 2 * 988; got += seen->len) {
		seen = wire_next(&self->it, PATIENCE_MS);
		NEED(seen);
		SAME(seen->len, 1000 - 12);
		SAME(ntohs(ip_of(seen)->tot_len), 1000 + 40);
	}
	wire_send(&self->us, ACK, 101, 301 + got);
	wire_sync(NS_A);
	TRY(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, NULL, 0));
	SAME(TRY(send(fd, text, 2000, 0)), 2000);
	for (; got < 2 * 988 + 2000; got += seen->len) {
		seen = wire_next(&self->it, PATIENCE_MS);
		NEED(seen);
		SAME(seen->len, 1000);
	}
}

/* MAY-10, MAY-11: the time, and the way, are recorded where the user asks for it. */
TEST_F(peer, recorded)
{
	uint8_t record[] = { RR, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0 };
	uint8_t stamp[] = { TS, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
	const uint8_t *got;
	struct seen *seen;
	int fd, len;

	fd = start(&self->us, &self->it, record, sizeof(record));
	seen = wire_expect(&self->it, SYN, 300);
	got = options_of(seen, &len);
	SAME(len, 12);
	SAME(got[0], RR);
	SAME(got[2], 8);	/* one is there */
	NEED(!memcmp(got + 3, &self->it.addr, 4));
	TRY(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, stamp, sizeof(stamp)));
	wire_send(&self->us, SYN | ACK, 100, 301);
	seen = wire_expect(&self->it, ACK, 301, 101);
	got = options_of(seen, &len);
	SAME(len, 12);
	SAME(got[0], TS);
	SAME(got[2], 13);
	NEED(!memcmp(got + 4, &self->it.addr, 4));
	NEED(got[8] | got[9] | got[10] | got[11]);
	/* And off again. */
	TRY(setsockopt(fd, IPPROTO_IP, IP_OPTIONS, NULL, 0));
	fd_send(fd, "text");
	seen = wire_expect(&self->it, PSH | ACK, 301, 101, "text");
	options_of(seen, &len);
	SAME(len, 0);
}

/* Section 3.7.1: Eff.snd.MSS is less by the options; on the narrowest link of RFC 791 section
 * 3.2, 68 bytes, nothing is left of it.
 */
TEST(no_room_for_text)
{
	struct end us = { .ns = NS_B, .addr = inet_addr(ADDR_B), .port = PORT_IT };
	struct end it = { .ns = NS_A, .addr = inet_addr(ADDR_A), .other = &us };
	struct tcp_info info;
	socklen_t len = sizeof(info);
	uint8_t opt[40];
	int fd;

	memset(opt, NOP, sizeof(opt));
	net_pair();
	net_run(NS_A, "ip link set va mtu 68");
	fd = start(&us, &it, opt, sizeof(opt));
	TRY(getsockopt(fd, fd_level(fd), TCP_INFO, &info, &len));
	SAME(info.tcpi_snd_mss, 1);
}

TEST_HARNESS_MAIN
