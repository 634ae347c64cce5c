// SPDX-License-Identifier: GPL-2.0
/* A way that has died: RFC 9293 section 3.8.3, "pass negative advice ... to the IP layer, thereby
 * triggering dead-gateway diagnosis" (MUST-20), RFC 1122 section 3.3.1.4. There are two routers to
 * the peer, and the kernel knows which one does not answer; but a connection keeps its route
 * until it has reason to ask anew.
 */
#include <netinet/ip.h>

#include "lib/exchange.h"

/* Where the tester's address can be reached by; what is sent to either passes the tester. */
static const char *const routers[] = { "10.0.0.7", "10.0.0.8" };

static void add_routers(void)
{
	/* That the link is up is told some time after it is: all routes are forgotten then. */
	WAIT(!net_status(NS_A, "ip link show va | grep -q 'state UP '"));
	net_run(NS_A, "ip route del 10.0.0.0/24 dev va");
	for (int i = 0; i < 2; i++) {
		net_run(NS_A, "ip neigh replace %s lladdr 02:00:00:00:00:0%d dev va nud permanent",
			routers[i], 7 + i);
		net_run(NS_A, "ip route append default via %s dev va onlink", routers[i]);
	}
}

/* Which router a frame was sent to. */
static int router_of(const struct seen *seen)
{
	int last = seen->frame[5];

	NEED(last == 7 || last == 8);
	return last - 7;
}

/* Nobody answers there any more. */
static void kill_router(int number)
{
	net_run(NS_A, "ip neigh change %s dev va nud failed", routers[number]);
}

/* Up to R1 retransmissions go the old way; then another one is looked for. */
TEST_F(peer, text)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *seen;
	int fd, old;

	add_routers();
	net_hstp(NS_A, "retries1", 2);
	fd = wire_open_active(us, it);
	fd_nodelay(fd);
	/* RTO is measured anew under these bounds, the last time. */
	for (int i = 0; i < 16; i++) {
		if (i == 15)
			net_rto(NS_A, 300, 600);
		fd_send(fd, "x");
		seen = wire_expect(it, PSH | ACK, 301 + i, 101, "x");
		wire_send(us, ACK, 101, 302 + i);
		wire_sync(NS_A);
	}
	old = router_of(seen);
	kill_router(old);
	fd_send(fd, "text");
	/* Whatever was meant for the old one waits for its answer. */
	seen = wire_next(it, PATIENCE_MS);
	NEED(seen);
	SAME(seen->seq, 317);
	SAME(seen->len, 4);
	SAME(router_of(seen), !old);
	wire_send(us, ACK, 101, 321);
	/* It stays with the new one. */
	fd_send(fd, "more");
	seen = wire_next(it, PATIENCE_MS);
	NEED(seen);
	SAME(seen->seq, 321);
	SAME(router_of(seen), !old);
	wire_send(us, ACK, 101, 325);
	state_is(it, "ESTABLISHED");
	SAME(fd_error(fd), 0);
	NEED(stat_now(NS_A, "retransmit") >= 2);
	wire_sync(NS_A);
	stats_mark(NS_A);	/* what never left the host was counted as sent */
}

/* "The same mechanism" for a SYN (MUST-22). */
TEST_F(peer, syn)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *seen;
	int fd, old;

	add_routers();
	net_hstp(NS_A, "retries1", 1);
	net_rto(NS_A, 2500, 2500);
	fd = fd_start(it);
	old = router_of(wire_expect(it, SYN, 300));
	kill_router(old);
	seen = wire_expect(it, SYN, 300);
	SAME(router_of(seen), !old);
	wire_send(us, SYN | ACK, 100, 301);
	seen = wire_expect(it, ACK, 301, 101);
	SAME(router_of(seen), !old);
	SAME(fd_connected(fd), 0);
	stat_grew(NS_A, "retransmit", 1);
}

/* The mark or the TOS of a connection that is open chooses a route of its own, in the middle of
 * things: what is sent afterwards goes there, what is sent again as well.
 */
static void takes_other_route(struct end *us, struct end *it, const char *rule, int level,
			      int option, int value)
{
	int listener = fd_listen(it, 1), fd, zero = 0;
	struct seen *seen;

	add_routers();
	net_run(NS_A, "ip route del default via %s && ip rule add %s table 100 &&"
		      " ip route add default via %s dev va onlink table 100",
		routers[1], rule, routers[1]);
	net_rto(NS_A, 1000, 1000);
	wire_send(us, SYN, 100);
	SAME(router_of(wire_expect(it, SYN | ACK, 300, 101)), 0);
	wire_send(us, ACK, 101, 301);
	fd = fd_accept(listener);
	TRY(setsockopt(fd, level, option, &value, sizeof(value)));
	fd_send(fd, "text");
	SAME(router_of(wire_expect(it, PSH | ACK, 301, 101, "text")), 1);
	/* Set back, before it goes again by itself or, if that was earlier, a second time */
	TRY(setsockopt(fd, level, option, &zero, sizeof(zero)));
	for (int i = 0; i < 8; i++) {
		seen = wire_next(it, PATIENCE_MS);
		NEED(seen);
		SAME(seen->seq, 301);
		if (!router_of(seen))
			break;
	}
	SAME(router_of(seen), 0);
	wire_send(us, ACK, 101, 305);
	wire_sync(NS_A);
	while (wire_next(it, 0))
		;
	state_is(it, "ESTABLISHED");
	stats_mark(NS_A);
}

TEST_F(peer, mark)
{
	takes_other_route(&self->us, &self->it, "fwmark 7", SOL_SOCKET, SO_MARK, 7);
}

TEST_F(peer, type_of_service)
{
	takes_other_route(&self->us, &self->it, "tos 0x10", IPPROTO_IP, IP_TOS,
			  IPTOS_LOWDELAY);
}

TEST_HARNESS_MAIN
