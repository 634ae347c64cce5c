// SPDX-License-Identifier: GPL-2.0
/* Exchange 11, second half: what arrives too late, in LAST-ACK and TIME-WAIT. RFC 1337,
 * RFC 9293 section 3.6.1 (MAY-2).
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>

#include "lib/exchange.h"
#include "lib/nl.h"

#define LATE_MS	5000	/* a loaded machine may look at its timers so late */

/* The SYN is let pass; TIME-WAIT ends when it was no old duplicate. */
#define REOPENING						\
	"transition CLOSED LISTEN fork 1",			\
	"transition LISTEN SYN-RECEIVED syn 1"
#define REOPENED						\
	"transition TIME-WAIT CLOSED reopen 1",			\
	"transition SYN-RECEIVED ESTABLISHED ack 1"

/* What follows is counted from there. */
static int server_in_time_wait(struct end *us, struct end *it)
{
	int listener = wire_server_time_wait(us, it);

	stats_mark(NS_A);
	return listener;
}

/* RFC 1337: old text, an old ACK, an old reset and a reset made to fit end nothing. */
TEST_F(peer, delayed_duplicates)
{
	struct end *us = &self->us, *it = &self->it;

	wire_to_state(us, it, "TIME-WAIT");
	stats_mark(NS_A);
	wire_send(us, PSH | ACK, 96, 301, "hello");
	wire_expect(it, ACK, 302, 102);
	wire_send(us, ACK, 102, 302);
	wire_send(us, ACK, 102, 301);
	wire_silence(it);
	state_is(it, "TIME-WAIT");
	STATS(NS_A, "drop duplicate 1");

	/* A reset from before the window, one at its edge, one in it */
	wire_send(us, RST, 101);
	wire_silence(it);
	STATS(NS_A, "drop rst_seq 1", "reset in ignored 1");
	wire_send(us, RST, 102);
	wire_silence(it);
	STATS(NS_A, "drop rst_time_wait 1", "reset in ignored 1");
	wire_send(us, RST, 103);
	wire_expect(it, ACK, 302, 102);
	wire_silence(it);
	STATS(NS_A, "drop rst_seq 1", "reset in challenged 1", "challenge 1");
	state_is(it, "TIME-WAIT");
}

/* Only a FIN that is the peer's starts 2MSL again; text behind it is ignored. */
TEST_F(peer, text_after_fin)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "TIME-WAIT");

	stats_mark(NS_A);
	wire_send(us, PSH | ACK, 102, 302, "hello");
	state_is(it, "TIME-WAIT");
	fd_eof(fd);
	STATS(NS_A, "drop after_fin 1");
}

/* The retransmitted FIN is acknowledged, each time, and 2MSL starts again. */
TEST_F(peer, fin_again)
{
	struct end *us = &self->us, *it = &self->it;
	uint64_t first, second;

	net_hstp(NS_A, "msl_ms", 1000);
	wire_to_state(us, it, "TIME-WAIT");
	first = now_ms();
	while (now_ms() < first + 500)
		wire_silence(it);
	stats_mark(NS_A);
	second = now_ms();
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102);
	STATS(NS_A, "drop seq 1");
	state_wait(it, "CLOSED");
	ASSERT_LE(second + 2000 - 200, now_ms());
	STATS(NS_A, "transition TIME-WAIT CLOSED time-wait 1");
}

/* ... but no other segment does: duplicates all the time do not keep it alive, nor longer than
 * 2MSL and what a slow machine's timer is late.
 */
TEST_F(peer, duplicates_do_not_prolong)
{
	struct end *us = &self->us, *it = &self->it;
	uint64_t until = now_ms() + PATIENCE_MS;
	bool open = true;

	net_hstp(NS_A, "msl_ms", 500);
	wire_to_state(us, it, "TIME-WAIT");
	stats_mark(NS_A);
	while (open && now_ms() < until) {
		wire_send(us, ACK, 102, 302);
		wire_sync(NS_A);
		open = !strcmp(state_of(it), "TIME-WAIT");
	}
	ASSERT_FALSE(open);
	stat_grew(NS_A, "transition TIME-WAIT CLOSED time-wait", 1);
	ASSERT_LE((1000 - 200) * 1000, stat_now(NS_A, "state TIME-WAIT max"));
	ASSERT_GE((1000 + LATE_MS) * 1000, stat_now(NS_A, "state TIME-WAIT max"));
}

/* A SYN on a LAST-ACK connection (RFC 5961 section 4): an ACK, and the close goes on. */
TEST_F(peer, syn_in_last_ack)
{
	struct end *us = &self->us, *it = &self->it;

	wire_to_state(us, it, "LAST-ACK");
	stats_mark(NS_A);
	wire_send(us, SYN, 500);
	wire_expect(it, ACK, 302, 102);
	state_is(it, "LAST-ACK");
	STATS(NS_A, "drop syn_synchronized 1", "challenge 1");
	wire_send(us, ACK, 102, 302);
	state_is(it, "CLOSED");
	wire_silence(it);
	STATS(NS_A, "transition LAST-ACK CLOSED fin-acked 1");
}

/* The client that sent this SYN does not know the old connection: it resets it, and its
 * SYN is welcome the next time.
 */
TEST_F(peer, reopened_from_last_ack)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 8), fd = wire_open_passive(us, it, listener);

	wire_send(us, FIN | ACK, 101, 301);
	wire_expect(it, ACK, 301, 102);
	fd_close(fd);
	wire_expect(it, FIN | ACK, 301, 102);
	state_is(it, "LAST-ACK");
	stats_mark(NS_A);
	wire_send(us, SYN, 500);
	wire_expect(it, ACK, 302, 102);
	wire_send(us, RST, 102);
	state_is(it, "LISTEN");
	STATS(NS_A, "drop syn_synchronized 1", "challenge 1",
	      "transition LAST-ACK CLOSED rst 1", "reset in closing 1");
	wire_forget(it);
	wire_send(us, SYN, 500);
	wire_expect(it, SYN | ACK, 700, 501);
	wire_send(us, ACK, 501, 701);
	fd_accept(listener);
	state_is(it, "ESTABLISHED");
}

/* MAY-2: a SYN beyond what the old connection received opens the next one, and its ISS is
 * larger than any number of the old one. What is left of the old one harms nothing.
 */
TEST_F(peer, reopened_from_time_wait)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = server_in_time_wait(us, it), fd;
	uint32_t old_nxt = 302 + it->shift;
	struct seen *seen;

	wire_forget(it);
	wire_send(us, SYN, 200);
	seen = wire_expect(it, SYN | ACK, 400, 201);
	ASSERT_LT(0, (int32_t)(seen->real_seq - old_nxt));
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, REOPENING);
	wire_send(us, ACK, 201, 401);
	fd = fd_accept(listener);
	state_is(it, "ESTABLISHED");
	SAME(conn_count(NS_A), 2);	/* this one and the listener */
	STATS(NS_A, REOPENED);

	/* An old duplicate of the first incarnation */
	wire_send(us, PSH | ACK, 101, 401, "old");
	wire_expect(it, ACK, 401, 201);
	fd_empty(fd);
	STATS(NS_A, "drop duplicate 1");
	wire_send(us, PSH | ACK, 201, 401, "new");
	wire_expect(it, ACK, 401, 204);
	fd_recv(fd, "new");
}

/* The next number after the old FIN is the first that is beyond. */
TEST_F(peer, reopened_at_the_edge)
{
	struct end *us = &self->us, *it = &self->it;

	server_in_time_wait(us, it);
	wire_forget(it);
	wire_send(us, SYN, 102);
	wire_expect(it, SYN | ACK, 400, 103);
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, REOPENING);
}

/* A SYN that TIME-WAIT lets pass, number 200; the old connection's numbers are put back. */
static void let_pass(struct end *us, struct end *it)
{
	struct end old = *it;

	wire_forget(it);
	wire_send(us, SYN, 200);
	wire_expect(it, SYN | ACK, 400, 201);
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, REOPENING);
	SAME(stat_now(NS_A, "state SYN-RECEIVED now"), 1);
	SAME(stat_now(NS_A, "state TIME-WAIT now"), 1);
	*it = old;
}

/* MAY-2, (2): "returns to TIME-WAIT state if the SYN turns out to be an old duplicate", as
 * the reset of figure 8 says. All of it is there: the FIN that comes again is acknowledged,
 * an old SYN as well, and the real SYN opens.
 */
TEST_F(peer, returns_when_the_syn_was_old)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = server_in_time_wait(us, it);

	let_pass(us, it);
	wire_send(us, RST, 201);
	wire_silence(it);
	state_is(it, "TIME-WAIT");
	STATS(NS_A, "transition SYN-RECEIVED LISTEN rst 1", "transition LISTEN CLOSED merge 1",
	      "reset in to_listen 1");
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102);
	wire_send(us, SYN, 101);
	wire_expect(it, ACK, 302, 102);
	STATS(NS_A, "drop seq 2", "challenge 1");

	let_pass(us, it);
	wire_send(us, RST, 201);
	state_is(it, "TIME-WAIT");
	stats_mark(NS_A);
	wire_forget(it);
	wire_send(us, SYN, 150);
	wire_expect(it, SYN | ACK, 500, 151);
	wire_send(us, ACK, 151, 501);
	fd_accept(listener);
	state_is(it, "ESTABLISHED");
	STATS(NS_A, REOPENING, REOPENED);
}

/* The same when nobody answers the SYN,ACK, or the listener goes. */
TEST_F(peer, returns_when_nobody_answers)
{
	struct end *us = &self->us, *it = &self->it;

	server_in_time_wait(us, it);
	net_hstp(NS_A, "synack_retries", 0);
	/* Until then it is looked at. */
	net_rto(NS_A, 2000, 2000);
	let_pass(us, it);
	state_wait(it, "TIME-WAIT");
	STATS(NS_A, "transition SYN-RECEIVED CLOSED retries 1");
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102);
}

TEST_F(peer, returns_when_the_listener_goes)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = server_in_time_wait(us, it);

	let_pass(us, it);
	fd_close(listener);
	state_is(it, "TIME-WAIT");
	STATS(NS_A, "transition SYN-RECEIVED CLOSED listener-closed 1",
	      "transition LISTEN CLOSED close 1");
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102);
}

/* 2MSL go on meanwhile. When they are over there is nothing to return to. */
TEST_F(peer, time_wait_ends_while_it_opens)
{
	struct end *us = &self->us, *it = &self->it;

	net_hstp(NS_A, "msl_ms", 1000);
	server_in_time_wait(us, it);
	let_pass(us, it);
	WAIT(!stat_now(NS_A, "state TIME-WAIT now"));
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, "transition TIME-WAIT CLOSED time-wait 1");
	wire_send(us, RST, 201);
	state_is(it, "LISTEN");
	STATS(NS_A, "transition SYN-RECEIVED LISTEN rst 1", "transition LISTEN CLOSED merge 1",
	      "reset in to_listen 1");
	SAME(conn_count(NS_A), 1);
}

static void note_state(const struct nlmsghdr *m, void *arg)
{
	struct nl_attrs a;

	nl_attrs(m, &a);
	((int *)arg)[nl_number(a.by[HSTP_A_CONN_STATE])]++;
}

/* Ask with @cmd for all connections in @states, a bit for each. */
static int ask(struct nl *nl, int cmd, int flags, uint16_t states, nl_fn *fn, void *arg)
{
	struct nlmsghdr *req = nl_request(nl, cmd, flags);
	struct nlattr *nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);

	mnl_attr_put_u16(req, HSTP_A_MATCH_STATES, states);
	mnl_attr_nest_end(req, nest);
	return nl_talk(nl, req, fn, arg);
}

/* Who looks sees both of them, once; who aborts one of them leaves the other. */
TEST_F(peer, both_are_shown)
{
	struct end *us = &self->us, *it = &self->it;
	struct nl *nl = nl_open(NS_A);
	struct conn conns[4];
	int seen[16] = {}, told[16] = {};
	uint16_t all = 0x7fe;		/* but CLOSED */

	server_in_time_wait(us, it);
	let_pass(us, it);
	SAME(conn_list(NS_A, conns, 4), 3);
	for (int i = 0; i < 3; i++)
		seen[conns[i].st]++;
	SAME(seen[TCP_LISTEN], 1);
	SAME(seen[TCP_SYN_RECV], 1);
	SAME(seen[TCP_TIME_WAIT], 1);
	SAME(ask(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP, all, note_state, told), 0);
	SAME(told[HSTP_NL_STATE_LISTEN], 1);
	SAME(told[HSTP_NL_STATE_SYN_RECEIVED], 1);
	SAME(told[HSTP_NL_STATE_TIME_WAIT], 1);

	SAME(ask(nl, HSTP_CMD_CONN_ABORT, 0, 1 << HSTP_NL_STATE_TIME_WAIT, NULL, NULL), 0);
	wire_silence(it);
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, "transition TIME-WAIT CLOSED abort 1");
	nl_close(nl);
}

/* An old SYN is none: it gets the ACK of 3.10.7.4, first, and TIME-WAIT goes on. */
TEST_F(peer, old_syn_in_time_wait)
{
	struct end *us = &self->us, *it = &self->it;

	server_in_time_wait(us, it);
	wire_send(us, SYN, 101);
	wire_expect(it, ACK, 302, 102);
	wire_send(us, SYN, 50);
	wire_expect(it, ACK, 302, 102);
	wire_silence(it);
	state_is(it, "TIME-WAIT");
	STATS(NS_A, "drop seq 2", "challenge 2");
}

/* Nobody listens: there is nothing to open, and TIME-WAIT must not be cut short by it.
 * The SYN gets the ACK of 3.10.7.4, fourth.
 */
TEST_F(peer, syn_in_time_wait_without_listener)
{
	struct end *us = &self->us, *it = &self->it;

	wire_to_state(us, it, "TIME-WAIT");
	wire_send(us, SYN, 200);
	wire_expect(it, ACK, 302, 102);
	wire_silence(it);
	state_is(it, "TIME-WAIT");
}

/* A SYN that the listener is going to drop must not cut TIME-WAIT short either: the next
 * one would meet neither old duplicates' answer nor the bound of the ISS (MAY-2 asks for
 * both). When there is room, it opens.
 */
TEST_F(peer, reopened_only_if_there_is_room)
{
	struct end *us = &self->us, *it = &self->it, other, there;
	int listener = fd_listen(it, 0);
	uint32_t old_nxt;
	struct seen *seen;

	fd_close(wire_open_passive(us, it, listener));
	wire_expect(it, FIN | ACK, 301, 101);
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102);
	/* listen(0): one connection may wait for accept(), as with TCP. */
	wire_ends(&other, NS_T, PORT_US + 1, &there, NS_A, PORT_IT);
	wire_send(&other, SYN, 100);
	wire_expect(&there, SYN | ACK, 300, 101);
	wire_send(&other, ACK, 101, 301);
	state_is(&there, "ESTABLISHED");
	stats_mark(NS_A);

	wire_send(us, SYN, 200);
	wire_expect(it, ACK, 302, 102);
	wire_silence(it);
	state_is(it, "TIME-WAIT");

	fd_accept(listener);
	old_nxt = 302 + it->shift;
	stats_mark(NS_A);
	wire_forget(it);
	wire_send(us, SYN, 200);
	seen = wire_expect(it, SYN | ACK, 400, 201);
	ASSERT_LT(0, (int32_t)(seen->real_seq - old_nxt));
	STATS(NS_A, REOPENING);
}

/* IP_TOS (MUST-48, section 3.9.2): the last ACKs have it as well. */
TEST_F(peer, type_of_service)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 8), tos = IPTOS_LOWDELAY;
	struct seen *seen;

	TRY(setsockopt(listener, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)));
	fd_close(wire_open_passive(us, it, listener));
	seen = wire_expect(it, FIN | ACK, 301, 101);
	SAME(seen->frame[15], IPTOS_LOWDELAY);
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102);
	state_is(it, "TIME-WAIT");
	wire_send(us, FIN | ACK, 101, 302);
	seen = wire_expect(it, ACK, 302, 102);
	SAME(seen->frame[15], IPTOS_LOWDELAY);
}

/* SO_MARK and SO_BINDTODEVICE of the socket that was: only with the mark, or the device, is
 * there a route to the client, and the last ACKs find it as well.
 */
static void answers_by_route(struct end *us, struct end *it, const char *rule, int listener)
{
	net_run(NS_A, "ip route add 10.1.0.0/24 dev va table 100 &&"
		      " ip neigh add 10.1.0.9 dev va lladdr 02:00:00:00:00:09 &&"
		      " ip rule add %s table 100", rule);
	net_sysctl(NS_A, "net.ipv4.conf.all.rp_filter", 0);
	net_sysctl(NS_A, "net.ipv4.conf.va.rp_filter", 0);
	us->addr = inet_addr("10.1.0.9");
	fd_close(wire_open_passive(us, it, listener));
	wire_expect(it, FIN | ACK, 301, 101);
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102);
	state_is(it, "TIME-WAIT");
	wire_send(us, FIN | ACK, 101, 302);
	wire_expect(it, ACK, 302, 102);
	wire_send(us, SYN, 50);
	wire_expect(it, ACK, 302, 102);
	state_is(it, "TIME-WAIT");
}

TEST_F(peer, mark)
{
	int listener = fd_listen(&self->it, 8), mark = 7;

	TRY(setsockopt(listener, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
	answers_by_route(&self->us, &self->it, "fwmark 7", listener);
}

TEST_F(peer, device)
{
	int listener = fd_listen(&self->it, 8);

	TRY(setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, "va", 2));
	answers_by_route(&self->us, &self->it, "oif va", listener);
}

/* Two stacks: the client's port is free again at once, the server's TIME-WAIT yields. */
TEST_F(relay, two_stacks)
{
	struct end *a = &self->a, *b = &self->b;
	int listener = fd_listen(b, 1), client, server;
	uint32_t old;

	exchange_open(a, b, listener, &client, &server);
	fd_close(server);
	wire_pass(b, FIN | ACK, 301, 101);
	wire_pass(a, ACK, 101, 302);
	fd_close(client);
	wire_pass(a, FIN | ACK, 101, 302);
	wire_pass(b, ACK, 302, 102);
	state_is(a, "CLOSED");
	state_is(b, "TIME-WAIT");
	stats_mark(NS_A);
	stats_mark(NS_B);

	old = a->shift;
	wire_forget(a);
	wire_forget(b);
	client = fd_start(a);
	wire_pass(a, SYN, 500);
	/* RFC 6528: the ISS of the same pair of sockets only moves forward */
	ASSERT_LT(0, (int32_t)(500 + a->shift - (102 + old)));
	wire_pass(b, SYN | ACK, 700, 501);
	wire_pass(a, ACK, 501, 701);
	ASSERT_EQ(0, fd_connected(client));
	server = fd_accept(listener);
	fd_send(client, "again");
	wire_pass(a, PSH | ACK, 501, 701, "again");
	fd_recv(server, "again");
	STATS(NS_A, OPEN_ACTIVE);
	STATS(NS_B, REOPENING, REOPENED);
}

TEST_HARNESS_MAIN
