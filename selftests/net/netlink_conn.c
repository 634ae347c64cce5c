// SPDX-License-Identifier: GPL-2.0
/* conn-get: the variables of a connection in each state, and which connections a filter
 * lets pass.
 */
#include <linux/hstp.h>

#include "lib/states.h"
#include "rows.h"

static const char *const states[] = {
	"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
	"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT",
};

/* RFC 9293 section 3.3.1, with the values that the segments seen on the wire give. */
TEST_F(state, variables)
{
	struct nl *nl = nl_open(NS_A);
	struct rows *r = get_end(nl, &self->it);
	uint64_t since = NUMBER(r, SINCE);

	NEED(!strcmp(states[NUMBER(r, STATE)], variant->name));
	SAME((uint32_t)(NUMBER(r, SND_NXT) - self->it.shift), variant->nxt);
	SAME((uint32_t)(NUMBER(r, SND_UNA) - self->it.shift), variant->una);
	SAME(NUMBER(r, RCV_NXT), variant->rcv);
	/* include/hstp.yaml says what is not kept there. */
	SAME(HAS(r, SND_WND), !IN_STATE("TIME-WAIT"));
	SAME(HAS(r, SND_WL1), !IN_STATE("TIME-WAIT"));
	if (HAS(r, SND_WND))
		SAME(NUMBER(r, SND_WND), 65535);
	NEED(NUMBER(r, RCV_WND) > 0 && NUMBER(r, RCV_WND) <= 65535);
	if (IN_STATE("TIME-WAIT")) {
		NEED(!HAS(r, ISS) && !HAS(r, IRS));
		NEED(NUMBER(r, WAIT_IN) > 0 && NUMBER(r, WAIT_IN) <= 2 * 30000);
	} else {
		SAME((uint32_t)(NUMBER(r, ISS) - self->it.shift), 300);
		SAME(NUMBER(r, IRS), 100);
		NEED(HAS(r, COOKIE) && HAS(r, INODE));
	}
	/* The FIN that is not acknowledged is sent again some time. */
	SAME(HAS(r, RETRANSMIT_IN), variant->nxt != variant->una);
	NEED(since && since < now_ns());
	SAME(NUMBER(r, LOCAL_PORT), htons(PORT_IT));
	SAME(NUMBER(r, REMOTE_PORT), htons(PORT_US));
	SAME(NUMBER(r, LOCAL_ADDRESS), self->it.addr);
	SAME(NUMBER(r, REMOTE_ADDRESS), self->us.addr);
	free(r);
	nl_close(nl);
}

/* A wider filter finds it; one that is off by one thing does not. */
TEST_F(state, filter)
{
	static const struct {
		int type, size;
		uint32_t good, bad;
	} filters[] = {
		{ HSTP_A_MATCH_LOCAL_PORT, 2, PORT_IT, PORT_IT + 1 },
		{ HSTP_A_MATCH_REMOTE_PORT, 2, PORT_US, PORT_IT },
	};
	struct nl *nl = nl_open(NS_A);
	unsigned int number = 0;

	while (strcmp(states[number], variant->name))
		number++;
	for (int bad = 0; bad < 2; bad++) {
		struct nlmsghdr *req;
		struct nlattr *nest;

		for (unsigned int i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
			req = nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP);
			nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
			mnl_attr_put_u16(req, (uint16_t)filters[i].type,
					 htons((uint16_t)(bad ? filters[i].bad : filters[i].good)));
			mnl_attr_nest_end(req, nest);
			SAME(dump(nl, req), !bad);
		}
		req = nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP);
		nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
		mnl_attr_put_u16(req, HSTP_A_MATCH_STATES,
				 (uint16_t)(bad ? 0x7ff & ~(1U << number) : 1U << number));
		mnl_attr_nest_end(req, nest);
		SAME(dump(nl, req), !bad);
		/* 10.0.0.0/8 and 10.0.0.1/32 are ours, 10.1.0.0/16 is not. */
		for (int prefix = 8; prefix <= 32; prefix += 8) {
			req = nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP);
			nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
			mnl_attr_put_u32(req, HSTP_A_MATCH_LOCAL_ADDRESS,
					 bad ? self->it.addr ^ htonl(1U << (32 - prefix)) :
					       self->it.addr);
			mnl_attr_put_u8(req, HSTP_A_MATCH_LOCAL_PREFIX, (uint8_t)prefix);
			mnl_attr_nest_end(req, nest);
			SAME(dump(nl, req), !bad);
			req = nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP);
			nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
			mnl_attr_put_u32(req, HSTP_A_MATCH_REMOTE_ADDRESS,
					 bad ? self->us.addr ^ htonl(1U << (32 - prefix)) :
					       self->us.addr);
			mnl_attr_put_u8(req, HSTP_A_MATCH_REMOTE_PREFIX, (uint8_t)prefix);
			mnl_attr_nest_end(req, nest);
			SAME(dump(nl, req), !bad);
		}
	}
	nl_close(nl);
}

/* One that is asked for alone must be there, and be alone. */
TEST(one_means_one)
{
	struct end us[2], it[2];
	struct nlmsghdr *req;
	struct nlattr *nest;
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	for (int i = 0; i < 2; i++) {
		wire_ends(&us[i], NS_T, (uint16_t)(4000 + i), &it[i], NS_A, (uint16_t)(80 + i));
		req = nl_request(nl, HSTP_CMD_CONN_GET, 0);
		nl_match_end(req, &it[i]);
		SAME(nl_talk(nl, req, NULL, NULL), -ENOENT);
		SAME(nl->bad_type, HSTP_A_CONN_MATCH);
		wire_open_active(&us[i], &it[i]);
		free(get_end(nl, &it[i]));
	}
	req = nl_request(nl, HSTP_CMD_CONN_GET, 0);
	nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
	mnl_attr_nest_end(req, nest);
	SAME(nl_talk(nl, req, NULL, NULL), -ENOTUNIQ);
	NEED(strstr(nl->text, "match"));
	req = nl_request(nl, HSTP_CMD_CONN_GET, 0);
	SAME(nl_talk(nl, req, NULL, NULL), -EINVAL);
	NEED(strstr(nl->text, "match"));
	req = nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP);
	SAME(dump(nl, req), 2);
}

/* SO_COOKIE, inode, owner, mark, interface: what ties it to its socket. */
TEST(socket_of_it)
{
	struct end us, it;
	uint64_t cookie;
	socklen_t len = sizeof(cookie);
	struct nlmsghdr *req;
	struct nlattr *nest;
	struct rows *r;
	struct nl *nl;
	struct conn conn;
	int fd;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	fd = wire_open_active(&us, &it);
	TRY(getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len));
	req = nl_request(nl, HSTP_CMD_CONN_GET, 0);
	nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
	mnl_attr_put_u64(req, HSTP_A_MATCH_COOKIE, cookie);
	mnl_attr_nest_end(req, nest);
	r = get(nl, req);
	SAME(r->count, 1);
	SAME(NUMBER(r, COOKIE), cookie);
	NEED(conn_find(&it, &conn));
	SAME(NUMBER(r, INODE), conn.inode);
	SAME(NUMBER(r, UID), 0);
	NEED(!HAS(r, ORPHAN) && !HAS(r, PASSIVE) && !HAS(r, UNACCEPTED));
	for (uint32_t uid = 0; uid < 2; uid++) {
		req = nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP);
		nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
		mnl_attr_put_u32(req, HSTP_A_MATCH_UID, uid);
		mnl_attr_nest_end(req, nest);
		SAME(dump(nl, req), !uid);
	}
	fd_close(fd);
	r = get_end(nl, &it);
	NEED(HAS(r, ORPHAN) && !HAS(r, COOKIE) && !HAS(r, INODE));
}

/* What is queued on both sides. */
TEST(queues)
{
	struct end us, it;
	struct rows *r;
	struct nl *nl;
	int fd;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	fd = wire_open_active(&us, &it);
	fd_send(fd, "five!");
	wire_expect(&it, PSH | ACK, 301, 101, "five!");
	/* It acknowledges nothing of that. */
	wire_send(&us, PSH | ACK, 101, 301, "seven b");
	WAIT(NUMBER(get_end(nl, &it), RECEIVE_QUEUE) == 7);
	r = get_end(nl, &it);
	SAME(NUMBER(r, SEND_QUEUE), 5);
	SAME(NUMBER(r, UNSENT), 0);
	NEED(NUMBER(r, RECEIVE_MEMORY) >= 7);
	NEED(HAS(r, RETRANSMIT_IN));
}

/* A listener and what waits for it. */
TEST(listener)
{
	struct end us, it;
	struct nlmsghdr *req;
	struct nlattr *nest;
	struct rows *r;
	struct nl *nl;
	int fd;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	fd = fd_listen(&it, 3);
	wire_send(&us, SYN, 100);
	wire_expect(&it, SYN | ACK, 300, 101);
	r = get_end(nl, &it);
	SAME(NUMBER(r, STATE), HSTP_NL_STATE_SYN_RECEIVED);
	SAME((uint32_t)(NUMBER(r, ISS) - it.shift), 300);
	SAME(NUMBER(r, IRS), 100);
	wire_send(&us, ACK, 101, 301);
	state_is(&it, "ESTABLISHED");
	r = get_end(nl, &it);
	NEED(HAS(r, PASSIVE) && HAS(r, UNACCEPTED) && !HAS(r, COOKIE));
	req = nl_request(nl, HSTP_CMD_CONN_GET, 0);
	nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
	mnl_attr_put_u16(req, HSTP_A_MATCH_STATES, 1 << HSTP_NL_STATE_LISTEN);
	mnl_attr_nest_end(req, nest);
	r = get(nl, req);
	SAME(NUMBER(r, BACKLOG), 3);
	SAME(NUMBER(r, ACCEPT_QUEUE), 1);
	SAME(NUMBER(r, SYN_QUEUE), 0);
	fd_close(fd_accept(fd));
}

/* The options of a SYN: MSS 1000, and of window scale 7, SACK-permitted and timestamps 5000
 * and 0 those that @which has, 1, 2 and 4.
 */
static int put_offer(uint8_t *opt, int which)
{
	static const char *const options[] = {
		"\1\3\3\7", "\1\1\4\2", "\1\1\x8\xa\0\0\x13\x88\0\0\0\0",
	};
	static const int lengths[] = { 4, 4, 12 };
	int len = 4;

	memcpy(opt, "\2\4\3\xe8", 4);
	for (int i = 0; i < 3; i++) {
		if (!(which & 1 << i))
			continue;
		memcpy(opt + len, options[i], (size_t)lengths[i]);
		len += lengths[i];
	}
	return len;
}

/* The shift that a SYN,ACK has announced; -1: none (RFC 7323 section 2.2). */
static int shift_in(const struct seen *seen)
{
	for (int i = 0; i + 2 < seen->optlen && seen->opt[i];
	     i += seen->opt[i] == 1 ? 1 : seen->opt[i + 1])
		if (seen->opt[i] == 3)
			return seen->opt[i + 2];
	return -1;
}

/* @shift: as announced; @recent: the timestamp of the last segment in order (RFC 7323 section
 * 4.3).
 */
static void in_force(const struct rows *r, int which, int shift, uint32_t recent)
{
	SAME(HAS(r, WINDOW_SCALE_SEND), which & 1);
	SAME(HAS(r, WINDOW_SCALE_RECEIVE), which & 1);
	SAME(shift >= 0, which & 1);
	if (which & 1) {
		SAME(NUMBER(r, WINDOW_SCALE_SEND), 7);
		SAME(NUMBER(r, WINDOW_SCALE_RECEIVE), shift);
	}
	SAME(HAS(r, SELECTIVE_ACK), !!(which & 2));
	SAME(HAS(r, TIMESTAMPS), !!(which & 4));
	SAME(HAS(r, TIMESTAMP_RECENT), !!(which & 4));
	if (which & 4)
		SAME(NUMBER(r, TIMESTAMP_RECENT), recent);
	SAME(HAS(r, ECN), !!(which & 8));
}

/* What both ends have offered is: RFC 7323 sections 2.2 and 3.2, RFC 2018 section 2, RFC 3168
 * section 6.1.1, where a SYN asks with ECE and CWR, and a SYN-ACK agrees with ECE. It is
 * the same in SYN-RECEIVED and afterwards, to the end of TIME-WAIT, which answers with
 * timestamps, too (RFC 7323 section 3.2).
 */
TEST(options_in_force)
{
	/* Value 5001. */
	static const uint8_t stamp[] = "\1\1\x8\xa\0\0\x13\x89\0\0\0\0";
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	for (int which = 0; which < 16; which++) {
		uint32_t mss = 1000 - (which & 4 ? 12 : 0);
		bool ecn = which & 8;
		struct end us, it;
		uint8_t opt[40];
		struct rows *r;
		int shift, fd;

		wire_ends(&us, NS_T, (uint16_t)(4000 + which), &it, NS_A, (uint16_t)(80 + which));
		fd = fd_listen(&it, 1);
		wire_send(&us, SYN | (ecn ? ECE | CWR : 0), 100, .opt = opt,
			  .optlen = put_offer(opt, which));
		shift = shift_in(wire_expect(&it, SYN | ACK | (ecn ? ECE : 0), 300, 101));
		r = get_end(nl, &it);
		SAME(NUMBER(r, STATE), HSTP_NL_STATE_SYN_RECEIVED);
		in_force(r, which, shift, 5000);
		wire_send(&us, ACK, 101, 301, .opt = stamp, .optlen = which & 4 ? 12 : 0);
		state_is(&it, "ESTABLISHED");
		r = get_end(nl, &it);
		in_force(r, which, shift, 5001);
		/* RFC 6928 section 2: ten segments that are not large; RFC 5681 section 3.1: the
		 * threshold is arbitrarily high.
		 */
		SAME(strcmp(mnl_attr_get_str(r->last.by[HSTP_A_CONN_CONGESTION]), "newreno"), 0);
		SAME(NUMBER(r, SEND_MSS), mss);
		SAME(NUMBER(r, CONGESTION_WINDOW), 10 * mss);
		NEED(NUMBER(r, SLOW_START_THRESHOLD) > 65535U << 7);
		fd_close(fd_accept(fd));
		wire_expect(&it, FIN | ACK, 301, 101);
		wire_send(&us, FIN | ACK, 101, 302, .opt = stamp, .optlen = which & 4 ? 12 : 0);
		wire_expect(&it, ACK, 302, 102);
		r = get_end(nl, &it);
		SAME(NUMBER(r, STATE), HSTP_NL_STATE_TIME_WAIT);
		in_force(r, which, shift, 5001);
	}
}

/* What its user has set, and urgent data (RFC 9293 sections 3.8.3 to 3.8.5, 3.9.1). */
TEST(set_by_user)
{
	struct end us, it;
	int fd, on = 1, idle = 1000, timeout = 300000;
	struct rows *r;
	struct nl *nl;

	net_peer();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	fd = wire_open_active(&us, &it);
	r = get_end(nl, &it);
	NEED(!HAS(r, KEEPALIVE) && !HAS(r, KEEPALIVE_IN) && !HAS(r, CORK) &&
	     !HAS(r, USER_TIMEOUT) && !HAS(r, SND_UP) && !HAS(r, RCV_UP));
	TRY(setsockopt(fd, SOL_HSTP, HSTP_KEEPIDLE, &idle, sizeof(idle)));
	TRY(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	TRY(setsockopt(fd, SOL_HSTP, HSTP_USER_TIMEOUT, &timeout, sizeof(timeout)));
	r = get_end(nl, &it);
	NEED(HAS(r, KEEPALIVE));
	NEED(NUMBER(r, KEEPALIVE_IN) > 0 && NUMBER(r, KEEPALIVE_IN) <= 1000000);
	SAME(NUMBER(r, USER_TIMEOUT), 300000);
	SAME(TRY(send(fd, "wxyz", 4, MSG_OOB)), 4);
	r = get_end(nl, &it);
	SAME((uint32_t)(NUMBER(r, SND_UP) - it.shift), 305);
	wire_expect(&it, PSH | ACK | URG, 301, 101, "wxyz");
	/* The pointer of a segment is an offset from its number, to the byte that follows. */
	wire_send(&us, PSH | ACK | URG, 101, 305, "abc", .urg = 3);
	WAIT(!HAS(get_end(nl, &it), SND_UP));
	WAIT(HAS(get_end(nl, &it), RCV_UP));
	SAME(NUMBER(get_end(nl, &it), RCV_UP), 104);
	TRY(setsockopt(fd, SOL_HSTP, HSTP_CORK, &on, sizeof(on)));
	NEED(HAS(get_end(nl, &it), CORK));
}

/* Each refusal says which attribute and what it should be. */
TEST(refusals)
{
	static const struct {
		int type;
		int len;
		const char *text;
	} bad[] = {
		{ HSTP_A_MATCH_LOCAL_ADDRESS, 3, "4 or 16" },
		{ HSTP_A_MATCH_REMOTE_ADDRESS, 17, "4 or 16" },
		{ HSTP_A_MATCH_REMOTE_ADDRESS, 0, "4 or 16" },
		{ HSTP_A_MATCH_LOCAL_PREFIX, 1, "address" },
		{ HSTP_A_MATCH_LOCAL_PORT, 1, "" },
		{ HSTP_A_MATCH_COOKIE, 4, "" },
		{ HSTP_A_MATCH_SINCE, 4, "" },
		{ HSTP_A_MATCH_UNACCEPTED, 1, "" },
		{ HSTP_A_MATCH_MAX + 1, 4, "" },
		{ HSTP_A_MATCH_STATES, 2, "" },	/* of more than there are */
	};
	static const char bytes[32] = { 0, -1 };
	struct nl *nl;

	net_alone();
	nl = nl_open(NS_A);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		for (int cmd = HSTP_CMD_CONN_GET; cmd <= HSTP_CMD_CONN_CLOSE; cmd++) {
			struct nlmsghdr *req = nl_request(nl, cmd, 0);
			struct nlattr *nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
			int err;

			mnl_attr_put(req, (uint16_t)bad[i].type, (size_t)bad[i].len, bytes);
			mnl_attr_nest_end(req, nest);
			err = nl_talk(nl, req, NULL, NULL);
			NEED(err == -EINVAL || err == -ERANGE);
			NEED(nl->text[0] && strstr(nl->text, bad[i].text));
			SAME(nl->bad_type, bad[i].type);
		}
	}
}

TEST_HARNESS_MAIN
