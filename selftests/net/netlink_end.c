// SPDX-License-Identifier: GPL-2.0
/* conn-abort and conn-close: RFC 9293 sections 3.10.5 and 3.10.4 by somebody else than the
 * user, and who may ask for it.
 */
#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>

#include "lib/nl.h"
#include "lib/sock_pair.h"
#include "lib/states.h"
#include "rows.h"

static void take_count(const struct nlmsghdr *m, void *arg)
{
	struct nl_attrs a;

	nl_attrs(m, &a);
	*(long *)arg = (long)nl_number(a.by[HSTP_A_CONN_COUNT]);
}

/* How many it was done to, or -errno. */
static long order(struct nl *nl, struct nlmsghdr *req)
{
	long count = -1;
	int err = nl_talk(nl, req, take_count, &count);

	return err ?: count;
}

static long order_end(struct nl *nl, int cmd, const struct end *end)
{
	struct nlmsghdr *req = nl_request(nl, cmd, 0);

	nl_match_end(req, end);
	return order(nl, req);
}

static long order_states(struct nl *nl, int cmd, uint16_t states)
{
	struct nlmsghdr *req = nl_request(nl, cmd, 0);
	struct nlattr *nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);

	if (states)
		mnl_attr_put_u16(req, HSTP_A_MATCH_STATES, states);
	mnl_attr_nest_end(req, nest);
	return order(nl, req);
}

/* Section 3.10.5: a reset <SEQ=SND.NXT><CTL=RST>, unless the FINs have crossed; CLOSED;
 * the user is told.
 */
TEST_F(state, abort)
{
	struct nl *nl = nl_open(NS_A);
	bool says = !IN_STATE("CLOSING") && !IN_STATE("LAST-ACK") && !IN_STATE("TIME-WAIT");

	SAME(order_end(nl, HSTP_CMD_CONN_ABORT, &self->it), 1);
	if (says)
		wire_expect(&self->it, RST, variant->nxt);
	wire_silence(&self->it);
	state_is(&self->it, "CLOSED");
	if (!IN_STATE("TIME-WAIT"))
		SAME(fd_error(self->fd), ECONNABORTED);
	SAME(order_end(nl, HSTP_CMD_CONN_ABORT, &self->it), -ENOENT);
	fd_close(self->fd);
	nl_close(nl);
}

/* Section 3.10.4: a FIN in ESTABLISHED and CLOSE-WAIT; elsewhere it was said before. */
TEST_F(state, close)
{
	struct nl *nl = nl_open(NS_A);

	if (IN_STATE("ESTABLISHED") || IN_STATE("CLOSE-WAIT")) {
		SAME(order_end(nl, HSTP_CMD_CONN_CLOSE, &self->it), 1);
		wire_expect(&self->it, FIN | ACK, variant->nxt, variant->rcv);
		state_is(&self->it, IN_STATE("ESTABLISHED") ? "FIN-WAIT-1" : "LAST-ACK");
		FAILS(EPIPE, send(self->fd, "x", 1, MSG_NOSIGNAL));
	} else {
		SAME(order_end(nl, HSTP_CMD_CONN_CLOSE, &self->it), 0);
		wire_silence(&self->it);
		state_is(&self->it, variant->name);
	}
	nl_close(nl);
}

/* A handshake under way: SYN-RECEIVED of a listener is reset, too; the listener stays. */
TEST(abort_handshake)
{
	struct end us, it;
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	wire_to_state(&us, &it, "SYN-RECEIVED");
	SAME(order_states(nl, HSTP_CMD_CONN_ABORT, 1 << HSTP_NL_STATE_LISTEN), -EOPNOTSUPP);
	SAME(order_states(nl, HSTP_CMD_CONN_ABORT, 0), 1);
	wire_expect(&it, RST, 301);
	state_is(&it, "LISTEN");
	stats_sums(NS_A);
}

/* A filter takes all that it lets pass, and no other. */
TEST(abort_by_filter)
{
	struct end us[6], it[6];
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	for (int i = 0; i < 6; i++) {
		wire_ends(&us[i], NS_T, (uint16_t)(4000 + i), &it[i], NS_A, (uint16_t)(80 + i));
		wire_to_state(&us[i], &it[i], i % 2 ? "CLOSE-WAIT" : "ESTABLISHED");
	}
	SAME(order_states(nl, HSTP_CMD_CONN_ABORT, 1 << HSTP_NL_STATE_CLOSE_WAIT), 3);
	for (int i = 0; i < 6; i++)
		state_is(&it[i], i % 2 ? "CLOSED" : "ESTABLISHED");
	SAME(order_states(nl, HSTP_CMD_CONN_ABORT, 1 << HSTP_NL_STATE_CLOSE_WAIT), 0);
	SAME(order_states(nl, HSTP_CMD_CONN_ABORT, 0), 3);
	for (int i = 0; i < 6; i++)
		state_is(&it[i], "CLOSED");
	stats_sums(NS_A);
}

/* A match of one attribute. */
static long order_by(struct nl *nl, int cmd, int type, const void *bytes, size_t len)
{
	struct nlmsghdr *req = nl_request(nl, cmd, 0);
	struct nlattr *nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);

	mnl_attr_put(req, (uint16_t)type, len, bytes);
	mnl_attr_nest_end(req, nest);
	return order(nl, req);
}

static long order_prefix(struct nl *nl, int cmd, in_addr_t remote, uint8_t bits)
{
	struct nlmsghdr *req = nl_request(nl, cmd, 0);
	struct nlattr *nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);

	mnl_attr_put_u32(req, HSTP_A_MATCH_REMOTE_ADDRESS, remote);
	mnl_attr_put_u8(req, HSTP_A_MATCH_REMOTE_PREFIX, bits);
	mnl_attr_nest_end(req, nest);
	return order(nl, req);
}

/* By port, owner and prefix: no other than what it says, and nothing that is given as 0. */
TEST(abort_by_each)
{
	const uint16_t none = 0, port = htons(81), other = htons(4003);
	const uint64_t no_cookie = 0;
	const uint32_t nobody = 65534, root = 0;
	struct end us[4], it[4];
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	for (int i = 0; i < 4; i++) {
		wire_ends(&us[i], NS_T, (uint16_t)(4000 + i), &it[i], NS_A, (uint16_t)(80 + i));
		wire_open_active(&us[i], &it[i]);
	}
	for (int cmd = HSTP_CMD_CONN_ABORT; cmd <= HSTP_CMD_CONN_CLOSE; cmd++) {
		SAME(order_by(nl, cmd, HSTP_A_MATCH_LOCAL_PORT, &none, 2), -ERANGE);
		SAME(order_by(nl, cmd, HSTP_A_MATCH_REMOTE_PORT, &none, 2), -ERANGE);
		SAME(order_by(nl, cmd, HSTP_A_MATCH_COOKIE, &no_cookie, 8), -ERANGE);
		SAME(order_by(nl, cmd, HSTP_A_MATCH_UID, &nobody, 4), 0);
	}
	/* The last bit of the prefix is another. */
	for (uint8_t bits = 1; bits <= 32; bits++)
		for (int cmd = HSTP_CMD_CONN_ABORT; cmd <= HSTP_CMD_CONN_CLOSE; cmd++)
			SAME(order_prefix(nl, cmd, us[0].addr ^ htonl(1U << (32 - bits)), bits),
			     0);
	for (int i = 0; i < 4; i++) {
		wire_silence(&it[i]);
		state_is(&it[i], "ESTABLISHED");
	}
	SAME(order_by(nl, HSTP_CMD_CONN_ABORT, HSTP_A_MATCH_LOCAL_PORT, &port, 2), 1);
	state_is(&it[1], "CLOSED");
	SAME(order_by(nl, HSTP_CMD_CONN_ABORT, HSTP_A_MATCH_REMOTE_PORT, &other, 2), 1);
	state_is(&it[3], "CLOSED");
	state_is(&it[0], "ESTABLISHED");
	SAME(order_prefix(nl, HSTP_CMD_CONN_ABORT, us[0].addr, 24), 2);
	state_is(&it[0], "CLOSED");
	state_is(&it[2], "CLOSED");
	wire_ends(&us[0], NS_T, 4010, &it[0], NS_A, 90);
	wire_open_active(&us[0], &it[0]);
	SAME(order_by(nl, HSTP_CMD_CONN_ABORT, HSTP_A_MATCH_UID, &root, 4), 1);
	state_is(&it[0], "CLOSED");
	stats_sums(NS_A);
}

/* CLOSE by port, owner and prefix: each one's FIN, section 3.10.4, and no other's. */
TEST(close_by_each)
{
	const uint16_t port = htons(81), other = htons(4003);
	const uint32_t owner = 1234, root = 0;
	struct end us[6], it[6];
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	for (int i = 0; i < 6; i++) {
		wire_ends(&us[i], NS_T, (uint16_t)(4000 + i), &it[i], NS_A, (uint16_t)(80 + i));
		setfsuid(i == 4 ? owner : root);	/* whose sockets are */
		wire_open_active(&us[i], &it[i]);
	}
	setfsuid(root);
	SAME(order_by(nl, HSTP_CMD_CONN_CLOSE, HSTP_A_MATCH_LOCAL_PORT, &port, 2), 1);
	wire_expect(&it[1], FIN | ACK, 301, 101);
	state_is(&it[1], "FIN-WAIT-1");
	SAME(order_by(nl, HSTP_CMD_CONN_CLOSE, HSTP_A_MATCH_REMOTE_PORT, &other, 2), 1);
	wire_expect(&it[3], FIN | ACK, 301, 101);
	SAME(order_by(nl, HSTP_CMD_CONN_CLOSE, HSTP_A_MATCH_UID, &owner, 4), 1);
	wire_expect(&it[4], FIN | ACK, 301, 101);
	wire_silence(&it[4]);
	/* 10.0.0.8/31 is 10.0.0.8 and .9, the tester's; 10.0.0.10/31 is not. */
	SAME(order_prefix(nl, HSTP_CMD_CONN_CLOSE, inet_addr("10.0.0.10"), 31), 0);
	for (int i = 0; i < 6; i++)
		state_is(&it[i], i == 1 || i == 3 || i == 4 ? "FIN-WAIT-1" : "ESTABLISHED");
	SAME(order_prefix(nl, HSTP_CMD_CONN_CLOSE, inet_addr("10.0.0.8"), 31), 3);
	for (int i = 0; i < 6; i++) {
		if (i != 1 && i != 3 && i != 4)
			wire_expect(&it[i], FIN | ACK, 301, 101);
		wire_silence(&it[i]);
		state_is(&it[i], "FIN-WAIT-1");
	}
	SAME(order_by(nl, HSTP_CMD_CONN_CLOSE, HSTP_A_MATCH_UID, &root, 4), 0);
	stats_sums(NS_A);
}

static long order_since(struct nl *nl, int cmd, const struct end *end, uint64_t since,
			bool unaccepted)
{
	struct nlmsghdr *req = nl_request(nl, cmd, 0);
	struct nlattr *nest;

	nl_match_end(req, end);
	nest = (struct nlattr *)((char *)req + NLMSG_LENGTH(GENL_HDRLEN));
	mnl_attr_put_u64(req, HSTP_A_MATCH_SINCE, since);
	if (unaccepted)
		mnl_attr_put(req, HSTP_A_MATCH_UNACCEPTED, 0, NULL);
	mnl_attr_nest_end(req, nest);
	return order(nl, req);
}

/* Of those that have had the same ends, the one that was seen: by the moment since which it is
 * in its state. A record of SYN-RECEIVED and TIME-WAIT has nothing else.
 */
TEST(abort_since)
{
	static const char *const states[] = { "ESTABLISHED", "SYN-RECEIVED", "TIME-WAIT" };
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	for (int i = 0; i < 3; i++) {
		struct end us, it;
		uint64_t since;

		wire_ends(&us, NS_T, (uint16_t)(4000 + i), &it, NS_A, (uint16_t)(80 + i));
		wire_to_state(&us, &it, states[i]);
		since = NUMBER(get_end(nl, &it), SINCE);
		for (int cmd = HSTP_CMD_CONN_ABORT; cmd <= HSTP_CMD_CONN_CLOSE; cmd++) {
			SAME(order_since(nl, cmd, &it, since + 1000, false), -ENOENT);
			SAME(order_since(nl, cmd, &it, since - 1000, false), -ENOENT);
		}
		wire_silence(&it);
		state_is(&it, states[i]);
		SAME(order_since(nl, HSTP_CMD_CONN_ABORT, &it, since, false), 1);
		state_is(&it, i == 1 ? "LISTEN" : "CLOSED");
	}
	stats_sums(NS_A);
}

/* Of a handshake, one that waits for accept(), one that was accepted and one whose socket was
 * closed, what waits.
 */
TEST(abort_unaccepted)
{
	static const char *const left[] = { "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "LISTEN" };
	struct end us[4], it[4];
	struct nlmsghdr *req;
	struct nlattr *nest;
	struct nl *nl;
	int listener;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	for (int i = 0; i < 4; i++) {
		wire_ends(&us[i], NS_T, (uint16_t)(4000 + i), &it[i], NS_A, (uint16_t)(80 + i));
		if (i == 0) {
			wire_to_state(&us[i], &it[i], "SYN-RECEIVED");
			continue;
		}
		listener = wire_open_unaccepted(&us[i], &it[i]);
		if (i == 1)
			fd_accept(listener);
		if (i == 2) {
			fd_close(fd_accept(listener));
			wire_expect(&it[i], FIN | ACK, 301, 101);
		}
	}
	req = nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP);
	nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
	mnl_attr_put(req, HSTP_A_MATCH_UNACCEPTED, 0, NULL);
	mnl_attr_nest_end(req, nest);
	SAME(dump(nl, req), 1);
	SAME(order_by(nl, HSTP_CMD_CONN_CLOSE, HSTP_A_MATCH_UNACCEPTED, NULL, 0), 1);
	wire_expect(&it[3], FIN | ACK, 301, 101);
	state_is(&it[3], "FIN-WAIT-1");
	SAME(order_by(nl, HSTP_CMD_CONN_ABORT, HSTP_A_MATCH_UNACCEPTED, NULL, 0), 1);
	wire_expect(&it[3], RST, 302);
	SAME(order_by(nl, HSTP_CMD_CONN_ABORT, HSTP_A_MATCH_UNACCEPTED, NULL, 0), 0);
	for (int i = 0; i < 4; i++) {
		wire_silence(&it[i]);
		state_is(&it[i], left[i]);
	}
	nl_close(nl);
	stats_sums(NS_A);
}

/* By its ends and the moment of its state, which accept() does not change: one that waits, and not
 * one that was accepted since it was seen.
 */
TEST(abort_accepted)
{
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	for (int accepted = 0; accepted < 2; accepted++) {
		struct end us, it;
		uint64_t since;
		int listener;

		wire_ends(&us, NS_T, (uint16_t)(4000 + accepted), &it, NS_A,
			  (uint16_t)(80 + accepted));
		listener = wire_open_unaccepted(&us, &it);
		since = NUMBER(get_end(nl, &it), SINCE);
		if (accepted) {
			fd_accept(listener);
			SAME(NUMBER(get_end(nl, &it), SINCE), since);
			SAME(order_since(nl, HSTP_CMD_CONN_ABORT, &it, since, true), -ENOENT);
			SAME(order_since(nl, HSTP_CMD_CONN_CLOSE, &it, since, true), -ENOENT);
			wire_silence(&it);
			state_is(&it, "ESTABLISHED");
		}
		SAME(order_since(nl, HSTP_CMD_CONN_ABORT, &it, since, !accepted), 1);
		wire_expect(&it, RST, 301);
		state_is(&it, "LISTEN");
	}
	nl_close(nl);
	stats_sums(NS_A);
}

/* A listener ends when its socket is closed: who names one by its cookie is told that, not that
 * there is none.
 */
TEST(listener_by_cookie)
{
	struct end us, it;
	struct nl *nl;
	uint64_t cookie, other;
	socklen_t len = sizeof(cookie);
	int fd;

	net_peer();
	nl = nl_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	fd = fd_listen(&it, 1);
	TRY(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len));
	other = cookie + 1000;
	for (int cmd = HSTP_CMD_CONN_ABORT; cmd <= HSTP_CMD_CONN_CLOSE; cmd++) {
		SAME(order_by(nl, cmd, HSTP_A_MATCH_COOKIE, &cookie, 8), -EOPNOTSUPP);
		NEED(strstr(nl->text, "a listener ends when its socket is closed"));
		SAME(nl->bad_type, HSTP_A_CONN_MATCH);
		SAME(order_by(nl, cmd, HSTP_A_MATCH_COOKIE, &other, 8), -ENOENT);
		NEED(strstr(nl->text, "no connection matches"));
	}
	state_is(&it, "LISTEN");
}

/* Section 3.10.5, SYN-SENT: the connection is deleted, and nothing is sent. Section 3.10.4,
 * SYN-SENT: CLOSE deletes it, too.
 */
TEST(syn_sent)
{
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	for (int cmd = HSTP_CMD_CONN_ABORT; cmd <= HSTP_CMD_CONN_CLOSE; cmd++) {
		struct end us, it;
		int fd;

		wire_ends(&us, NS_T, (uint16_t)(4000 + cmd), &it, NS_A, (uint16_t)(80 + cmd));
		fd = fd_start(&it);
		wire_expect(&it, SYN, 300);
		state_is(&it, "SYN-SENT");
		SAME(order_end(nl, cmd, &it), 1);
		wire_silence(&it);
		state_is(&it, "CLOSED");
		if (cmd == HSTP_CMD_CONN_ABORT)
			SAME(fd_error(fd), ECONNABORTED);
		SAME(order_end(nl, cmd, &it), -ENOENT);
		fd_close(fd);
	}
	stats_sums(NS_A);
}

/* Each one that is still to be closed sends its FIN. */
TEST(close_by_filter)
{
	static const char *const states[] = { "ESTABLISHED", "CLOSE-WAIT", "FIN-WAIT-2" };
	struct end us[6], it[6];
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	for (int i = 0; i < 6; i++) {
		wire_ends(&us[i], NS_T, (uint16_t)(4000 + i), &it[i], NS_A, (uint16_t)(80 + i));
		wire_to_state(&us[i], &it[i], states[i % 3]);
	}
	SAME(order_states(nl, HSTP_CMD_CONN_CLOSE, 1 << HSTP_NL_STATE_ESTABLISHED), 2);
	for (int i = 0; i < 6; i += 3) {
		wire_expect(&it[i], FIN | ACK, 301, 101);
		state_is(&it[i], "FIN-WAIT-1");
		state_is(&it[i + 1], "CLOSE-WAIT");
		state_is(&it[i + 2], "FIN-WAIT-2");
	}
	SAME(order_states(nl, HSTP_CMD_CONN_CLOSE, 0), 2);
	for (int i = 0; i < 6; i += 3) {
		wire_expect(&it[i + 1], FIN | ACK, 301, 102);
		state_is(&it[i], "FIN-WAIT-1");
		state_is(&it[i + 1], "LAST-ACK");
		state_is(&it[i + 2], "FIN-WAIT-2");
	}
	for (int i = 0; i < 6; i++)
		wire_silence(&it[i]);
	stats_sums(NS_A);
}

/* A blocked call is woken by it. */
TEST(abort_wakes)
{
	struct end us, it;
	struct st_call call;
	struct nl *nl;
	char byte;
	int fd;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	fd = wire_open_active(&us, &it);
	call = (struct st_call){ .nr = SYS_recvfrom, .fd = fd, .buf = &byte, .len = 1 };
	call_asleep(&call);
	SAME(order_end(nl, HSTP_CMD_CONN_ABORT, &it), 1);
	call_returns(&call, -1, ECONNABORTED);
}

/* A connection that nobody has accepted yet is closed as if its user had said shutdown(SHUT_WR):
 * section 3.10.4. What accept() gives can still be read, to the end of the peer's text; SEND is
 * an error, "connection closing".
 */
FIXTURE(unaccepted)
{
	struct end us;
	struct end it;
	struct nl *nl;
	int listener;
};

FIXTURE_VARIANT(unaccepted)
{
	const char *state;	/* before accept(); LISTEN when it has ended */
	bool fin_first;		/* the tester's FIN comes before CLOSE, */
	bool fin;		/* ... or after it, */
	bool acked;		/* ... and acknowledges ours, or an ACK does */
	int shown;		/* TCP_*, to who has accepted it */
};

#define UNACCEPTED(id, text, ...)				\
	FIXTURE_VARIANT_ADD(unaccepted, id)			\
	{							\
		.state = text, __VA_ARGS__			\
	}

UNACCEPTED(fin_wait_1, "FIN-WAIT-1", .shown = TCP_FIN_WAIT1);
UNACCEPTED(fin_wait_2, "FIN-WAIT-2", .acked = true, .shown = TCP_FIN_WAIT2);
UNACCEPTED(closing, "CLOSING", .fin = true, .shown = TCP_CLOSING);
UNACCEPTED(last_ack, "LAST-ACK", .fin_first = true, .shown = TCP_LAST_ACK);
UNACCEPTED(time_wait, "TIME-WAIT", .fin = true, .acked = true, .shown = TCP_CLOSE);
UNACCEPTED(closed, "LISTEN", .fin_first = true, .acked = true, .shown = TCP_CLOSE);

FIXTURE_SETUP(unaccepted)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t ack = variant->acked ? 302 : 301;

	net_peer();
	net_no_timers(NS_A);
	self->nl = nl_open(NS_A);
	wire_ends(us, NS_T, 4000, it, NS_A, 80);
	self->listener = fd_listen(it, 1);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	wire_send(us, PSH | ACK, 101, 301, "hi");
	wire_expect(it, ACK, 301, 103);
	if (variant->fin_first) {
		wire_send(us, FIN | ACK, 103, 301);
		wire_expect(it, ACK, 301, 104);
	}
	state_is(it, variant->fin_first ? "CLOSE-WAIT" : "ESTABLISHED");
	stats_mark(NS_A);
	SAME(order_end(self->nl, HSTP_CMD_CONN_CLOSE, it), 1);
	wire_expect(it, FIN | ACK, 301, variant->fin_first ? 104 : 103);
	state_is(it, variant->fin_first ? "LAST-ACK" : "FIN-WAIT-1");
	SAME(order_end(self->nl, HSTP_CMD_CONN_CLOSE, it), 0);
	if (variant->fin) {
		wire_send(us, FIN | ACK, 103, ack);
		wire_expect(it, ACK, 302, 104);
	} else if (variant->acked) {
		wire_send(us, ACK, variant->fin_first ? 104 : 103, 302);
	}
	wire_silence(it);
	state_is(it, variant->state);
}

FIXTURE_TEARDOWN(unaccepted)
{
	nl_close(self->nl);
	stats_sums(NS_A);
	stats_wire(NS_A);
}

TEST_F(unaccepted, close)
{
	struct end *us = &self->us, *it = &self->it;
	bool ended = variant->fin_first || variant->fin;
	int fd = fd_accept(self->listener);

	SAME(st_state(fd, proto), variant->shown);
	state_is(it, variant->state);
	/* As after shutdown(SHUT_WR): nothing is to be waited for */
	SAME(fd_events(fd, POLLIN | POLLOUT | POLLRDHUP, 0),
	     POLLIN | POLLOUT | (ended ? POLLRDHUP | POLLHUP : 0));
	FAILS(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
	fd_recv(fd, "hi");
	if (!ended) {
		fd_empty(fd);
		wire_send(us, FIN | PSH | ACK, 103, 302, "ho");
		wire_expect(it, ACK, 302, 106);
		state_is(it, "TIME-WAIT");
		fd_recv(fd, "ho");
	}
	fd_eof(fd);
	FAILS(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
	if (!strcmp(variant->state, "CLOSING") || !strcmp(variant->state, "LAST-ACK"))
		wire_send(us, ACK, 104, 302);
	state_is(it, variant->fin_first ? "LISTEN" : "TIME-WAIT");
	SAME(st_state(fd, proto), TCP_CLOSE);
	fd_eof(fd);
	SAME(fd_error(fd), 0);
	fd_close(fd);
	wire_silence(it);
}

/* The peer's FIN has come, and then no more from it: what it has sent is whole, though the user
 * is told that its ACK did not come.
 */
TEST(unaccepted_silence)
{
	struct end us, it;
	struct nl *nl;
	int fd;

	net_peer();
	net_hstp(NS_A, "retries", 1);
	/* The SYN,ACK is answered before it is sent again. */
	net_rto(NS_A, 2000, 2000);
	nl = nl_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	fd = fd_listen(&it, 1);
	wire_send(&us, SYN, 100);
	wire_expect(&it, SYN | ACK, 300, 101);
	wire_send(&us, FIN | PSH | ACK, 101, 301, "hi");
	wire_expect(&it, ACK, 301, 104);
	state_is(&it, "CLOSE-WAIT");
	SAME(order_end(nl, HSTP_CMD_CONN_CLOSE, &it), 1);
	wire_expect(&it, FIN | ACK, 301, 104);
	state_wait(&it, "LISTEN");
	fd = fd_accept(fd);
	fd_recv(fd, "hi");
	fd_eof(fd);
	SAME(fd_error(fd), ETIMEDOUT);
	nl_close(nl);
	stats_sums(NS_A);
}

/* A call that waits for room to send is woken by CLOSE, as by shutdown(SHUT_WR): there is none
 * to come.
 */
TEST(close_wakes)
{
	struct end us, it;
	struct st_call call;
	static char text[65536];
	struct nl *nl;
	int fd;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	fd = wire_open_active(&us, &it);
	while (send(fd, text, sizeof(text), MSG_DONTWAIT) > 0)
		;
	while (wire_next(&it, 0))
		;
	SAME(fd_events(fd, POLLOUT, 0), 0);
	call = (struct st_call){
		.nr = SYS_sendto, .fd = fd, .buf = text, .len = 1, .flags = MSG_NOSIGNAL,
	};
	call_asleep(&call);
	SAME(order_end(nl, HSTP_CMD_CONN_CLOSE, &it), 1);
	call_returns(&call, -1, EPIPE);
	SAME(fd_events(fd, POLLOUT, 0), POLLOUT);
	state_is(&it, "FIN-WAIT-1");
	nl_close(nl);
}

TEST_HARNESS_MAIN
