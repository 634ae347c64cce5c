// SPDX-License-Identifier: GPL-2.0
/* conn-get: what each attribute of a connection says, but for the sequence numbers, the queues'
 * lengths and the options in force, which netlink_conn has.
 */
#include <linux/hstp.h>
#include <net/if.h>
#include <sys/fsuid.h>

#include "icmp.h"
#include "lib/exchange.h"
#include "rows.h"

#define OWNER		1234
#define FWMARK		0x12345
#define PRIORITY	5
#define TOS		0x28
#define TTL		77
#define RCVBUF		30000

static void set(int fd, int level, int name, int value)
{
	TRY(setsockopt(fd, level, name, &value, sizeof(value)));
}

/* Of somebody else, with options of its own. */
static int special_socket(const struct end *it)
{
	int fd;

	setfsuid(OWNER);
	fd = fd_bound(it);
	setfsuid(0);
	/* Sets the priority as well, ip(7). */
	set(fd, IPPROTO_IP, IP_TOS, TOS);
	set(fd, SOL_SOCKET, SO_PRIORITY, PRIORITY);
	set(fd, IPPROTO_IP, IP_TTL, TTL);
	set(fd, SOL_SOCKET, SO_MARK, FWMARK);
	set(fd, SOL_SOCKET, SO_RCVBUF, RCVBUF);
	TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "va", 3));
	return fd;
}

static unsigned int index_of_va(void)
{
	net_enter(NS_A);
	return if_nametoindex("va");
}

static void is_plain(const struct rows *r)
{
	SAME(NUMBER(r, UID), 0);
	NEED(!HAS(r, MARK) && !HAS(r, PRIORITY) && !HAS(r, INTERFACE) && !HAS(r, TOS) &&
	     !HAS(r, TTL));
}

static void is_special(const struct rows *r, uint32_t priority)
{
	SAME(NUMBER(r, UID), OWNER);
	SAME(NUMBER(r, MARK), FWMARK);
	SAME(HAS(r, PRIORITY), !!priority);
	SAME(NUMBER(r, PRIORITY), priority);
	SAME(NUMBER(r, INTERFACE), index_of_va());
	SAME(NUMBER(r, TOS), TOS);
	SAME(NUMBER(r, TTL), TTL);
}

static void begin(struct nl **nl, struct end *us, struct end *it)
{
	net_peer();
	net_no_timers(NS_A);
	*nl = nl_open(NS_A);
	wire_ends(us, NS_T, PORT_US, it, NS_A, PORT_IT);
}

/* In each state as long as there is a connection; what is left of one in TIME-WAIT is what its
 * ACKs are sent with.
 */
TEST(socket_of_active)
{
	struct end us, it;
	struct sockaddr_in to;
	struct rows *r;
	struct nl *nl;
	int fd;

	begin(&nl, &us, &it);
	fd = special_socket(&it);
	fd_block(fd, false);
	to = addr_of(us.addr, us.port);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&to, sizeof(to)));
	wire_expect(&it, SYN, 300);
	r = get_end(nl, &it);
	SAME(NUMBER(r, STATE), HSTP_NL_STATE_SYN_SENT);
	/* The peer has said nothing yet: section 3.10.7.3, fourth, sets them. */
	NEED(HAS(r, ISS) && HAS(r, RCV_WND));
	NEED(!HAS(r, IRS) && !HAS(r, RCV_NXT) && !HAS(r, SND_WND) && !HAS(r, SND_WL1));
	is_special(r, PRIORITY);
	/* socket(7): the kernel doubles it. */
	SAME(NUMBER(r, RECEIVE_BUFFER), 2 * RCVBUF);
	wire_send(&us, SYN | ACK, 100, 301);
	wire_expect(&it, ACK, 301, 101);
	r = get_end(nl, &it);
	SAME(NUMBER(r, STATE), HSTP_NL_STATE_ESTABLISHED);
	is_special(r, PRIORITY);
	NEED(HAS(r, BOUND));
	SAME(NUMBER(r, RECEIVE_BUFFER), 2 * RCVBUF);
	fd_close(fd);
	wire_expect(&it, FIN | ACK, 301, 101);
	r = get_end(nl, &it);
	SAME(NUMBER(r, STATE), HSTP_NL_STATE_FIN_WAIT_1);
	is_special(r, PRIORITY);
	/* bind() has chosen the port, whatever becomes of the socket. */
	NEED(HAS(r, BOUND));
	wire_send(&us, FIN | ACK, 101, 302);
	wire_expect(&it, ACK, 302, 102);
	r = get_end(nl, &it);
	SAME(NUMBER(r, STATE), HSTP_NL_STATE_TIME_WAIT);
	SAME(NUMBER(r, MARK), FWMARK);
	SAME(NUMBER(r, INTERFACE), index_of_va());
	SAME(NUMBER(r, TOS), TOS);
	NEED(!HAS(r, UID) && !HAS(r, PRIORITY) && !HAS(r, TTL) && !HAS(r, BOUND) &&
	     !HAS(r, CGROUP));
}

/* SO_MARK is told to who may set it, as of TCP; the rest to everybody. */
TEST(mark_of_others)
{
	struct end us, it;
	struct nlmsghdr *req;
	struct rows *r;
	struct nl *nl;
	int fd, mark = FWMARK;

	begin(&nl, &us, &it);
	fd = wire_open_active(&us, &it);
	TRY(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
	SAME(NUMBER(get_end(nl, &it), MARK), FWMARK);
	net_enter(NS_A);
	TRY(setresgid(65534, 65534, 65534));
	TRY(setresuid(65534, 65534, 65534));
	nl = nl_open_here();
	r = get_end(nl, &it);
	NEED(!HAS(r, MARK) && HAS(r, COOKIE));
	req = nl_request(nl, HSTP_CMD_CONN_GET, NLM_F_DUMP);
	nl_match_end(req, &it);
	r = get(nl, req);
	SAME(r->count, 1);
	NEED(!HAS(r, MARK) && HAS(r, COOKIE));
}

/* A listener, a handshake that it has begun, and the connection that comes of it; the priority
 * is not handed on, by TCP neither.
 */
TEST(socket_of_passive)
{
	struct end us, it;
	struct nlmsghdr *req;
	struct nlattr *nest;
	struct rows *r;
	struct nl *nl;
	int fd;

	begin(&nl, &us, &it);
	fd = special_socket(&it);
	TRY(listen(fd, 4));
	req = nl_request(nl, HSTP_CMD_CONN_GET, 0);
	nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
	mnl_attr_nest_end(req, nest);
	r = get(nl, req);
	SAME(NUMBER(r, STATE), HSTP_NL_STATE_LISTEN);
	is_special(r, PRIORITY);
	NEED(HAS(r, BOUND));
	wire_send(&us, SYN, 100);
	wire_expect(&it, SYN | ACK, 300, 101);
	r = get_end(nl, &it);
	SAME(NUMBER(r, STATE), HSTP_NL_STATE_SYN_RECEIVED);
	is_special(r, PRIORITY);
	/* Set when it becomes ESTABLISHED, section 3.10.7.4, fifth. */
	NEED(!HAS(r, SND_WND) && !HAS(r, SND_WL1) && !HAS(r, RECEIVE_MSS));
	SAME(NUMBER(r, SEND_MSS), 536);
	wire_send(&us, ACK, 101, 301);
	state_is(&it, "ESTABLISHED");
	r = get_end(nl, &it);
	NEED(HAS(r, UNACCEPTED) && !HAS(r, BOUND) && !HAS(r, CGROUP));
	SAME(NUMBER(r, SND_WND), 65535);
	SAME(NUMBER(r, SND_WL1), 101);
	is_special(r, 0);
	SAME(NUMBER(r, RECEIVE_BUFFER), 2 * RCVBUF);
	/* Who accepts it owns it. */
	setfsuid(OWNER);
	fd = fd_accept(fd);
	setfsuid(0);
	r = get_end(nl, &it);
	is_special(r, 0);
	/* As of TCP: it has the port of its listener. */
	NEED(!HAS(r, BOUND));
	set(fd, SOL_SOCKET, SO_MARK, 7);
	set(fd, SOL_SOCKET, SO_PRIORITY, 6);
	r = get_end(nl, &it);
	SAME(NUMBER(r, MARK), 7);
	SAME(NUMBER(r, PRIORITY), 6);
}

TEST(plain_socket)
{
	struct end us, it;
	struct rows *r;
	struct nl *nl;
	int fd;

	begin(&nl, &us, &it);
	fd = wire_open_active(&us, &it);
	r = get_end(nl, &it);
	is_plain(r);
	NEED(!HAS(r, NODELAY) && !HAS(r, SOFT_ERROR) && !HAS(r, FIN_QUEUED));
	fd_nodelay(fd);
	NEED(HAS(get_end(nl, &it), NODELAY));
}

/* Handshakes under way and connections that wait for accept(). */
TEST(listener_queues)
{
	struct end us[5], it[5];
	struct nlmsghdr *req;
	struct nlattr *nest;
	struct rows *r;
	struct nl *nl;

	begin(&nl, &us[0], &it[0]);
	fd_listen(&it[0], 9);
	for (int i = 0; i < 5; i++) {
		wire_ends(&us[i], NS_T, (uint16_t)(PORT_US + i), &it[i], NS_A, PORT_IT);
		wire_send(&us[i], SYN, 100);
		wire_expect(&it[i], SYN | ACK, 300, 101);
	}
	for (int i = 0; i < 2; i++) {
		wire_send(&us[i], ACK, 101, 301);
		state_is(&it[i], "ESTABLISHED");
	}
	req = nl_request(nl, HSTP_CMD_CONN_GET, 0);
	nest = mnl_attr_nest_start(req, HSTP_A_CONN_MATCH);
	mnl_attr_put_u16(req, HSTP_A_MATCH_STATES, 1 << HSTP_NL_STATE_LISTEN);
	mnl_attr_nest_end(req, nest);
	r = get(nl, req);
	SAME(NUMBER(r, BACKLOG), 9);
	SAME(NUMBER(r, SYN_QUEUE), 3);
	SAME(NUMBER(r, ACCEPT_QUEUE), 2);
}

#define WITHIN(number, low, high) do {					\
	uint64_t it_ = (number);					\
									\
	if (it_ < (uint64_t)(low) || it_ > (uint64_t)(high))		\
		die(__FILE__, __LINE__, "%s is %llu, not %llu to %llu", #number, \
		    (unsigned long long)it_, (unsigned long long)(low),	\
		    (unsigned long long)(high));			\
} while (0)

#define TICKS	200	/* ms; the clock goes on with the ticks of a machine that may be late */

/* RFC 6298 rules 2.1 to 2.3: R of the SYN, R' of text, as they are seen from the other end,
 * which keeps its ACKs back.
 */
TEST(round_trip)
{
	uint64_t began, low, high, srtt, rttvar, second;
	struct end us, it;
	struct seen *seen;
	struct rows *r;
	struct nl *nl;
	int fd;

	begin(&nl, &us, &it);
	net_hstp(NS_A, "rto_min_ms", 10);
	began = now_ms();
	fd = fd_start(&it);
	seen = wire_expect(&it, SYN, 300);
	r = get_end(nl, &it);
	NEED(!HAS(r, SRTT) && !HAS(r, RTTVAR));
	SAME(NUMBER(r, RTO), 60000000);
	WITHIN(NUMBER(r, RETRANSMIT_IN), 1, 60000);
	usleep(700000);
	low = now_ms() - seen->ms - TICKS;
	wire_send(&us, SYN | ACK, 100, 301);
	wire_expect(&it, ACK, 301, 101);
	high = now_ms() - began + TICKS;
	r = get_end(nl, &it);
	srtt = NUMBER(r, SRTT);
	rttvar = NUMBER(r, RTTVAR);
	WITHIN(srtt, low * 1000, high * 1000);
	SAME(2 * rttvar, srtt);
	SAME(NUMBER(r, RTO), srtt + 4 * rttvar);
	NEED(!HAS(r, RETRANSMIT_IN));

	began = now_ms();
	fd_send(fd, "x");
	seen = wire_expect(&it, PSH | ACK, 301, 101, "x");
	WITHIN(NUMBER(get_end(nl, &it), RETRANSMIT_IN), 1, (srtt + 4 * rttvar) / 1000);
	usleep(200000);
	low = now_ms() - seen->ms - TICKS;
	wire_send(&us, ACK, 101, 302);
	WAIT(NUMBER(get_end(nl, &it), SRTT) != srtt);
	high = now_ms() - began + TICKS;
	r = get_end(nl, &it);
	SAME(NUMBER(r, RETRIES), 0);
	/* SRTT <- 7/8 SRTT + 1/8 R' */
	WITHIN(NUMBER(r, SRTT), (7 * srtt + low * 1000) / 8 - 500,
	       (7 * srtt + high * 1000) / 8 + 500);
	second = 8 * NUMBER(r, SRTT) - 7 * srtt;
	/* RTTVAR <- 3/4 RTTVAR + 1/4 |SRTT - R'|, of the old SRTT */
	second = (3 * rttvar + (second > srtt ? second - srtt : srtt - second)) / 4;
	WITHIN(NUMBER(r, RTTVAR), second - 1000, second + 1000);
	WITHIN(NUMBER(r, RTO), NUMBER(r, SRTT) + 4 * NUMBER(r, RTTVAR) - 1000,
	       NUMBER(r, SRTT) + 4 * NUMBER(r, RTTVAR) + 1000);
}

/* RFC 6298 rules 2.1 and 5.5. */
TEST(backoff)
{
	struct end us, it;
	struct rows *r;
	struct nl *nl;

	net_peer();
	/* Enough for what is asked between two of them */
	net_hstp(NS_A, "rto_initial_ms", 3000);
	nl = nl_open(NS_A);
	wire_ends(&us, NS_T, PORT_US, &it, NS_A, PORT_IT);
	fd_start(&it);
	wire_expect(&it, SYN, 300);
	r = get_end(nl, &it);
	SAME(NUMBER(r, RTO), 3000000);
	SAME(NUMBER(r, RETRIES), 0);
	SAME(NUMBER(r, BACKOFF), 0);
	wire_expect(&it, SYN, 300);
	r = get_end(nl, &it);
	SAME(NUMBER(r, RTO), 6000000);
	SAME(NUMBER(r, RETRIES), 1);
	SAME(NUMBER(r, BACKOFF), 1);
	WITHIN(NUMBER(r, RETRANSMIT_IN), 1, 6000);
	wire_send(&us, SYN | ACK, 100, 301);
	wire_expect(&it, ACK, 301, 101);
	r = get_end(nl, &it);
	SAME(NUMBER(r, RETRIES), 0);
	NEED(!HAS(r, RETRANSMIT_IN));
}

/* RFC 9293 section 3.8.6.3: an ACK waits for less than 0.5 s. A machine may be too slow to
 * see it.
 */
TEST(delayed_ack)
{
	struct rows *r = NULL;
	struct end us, it;
	struct nl *nl;

	begin(&nl, &us, &it);
	net_hstp(NS_A, "delack_ms", 450);
	wire_open_active(&us, &it);
	for (uint32_t i = 0; i < 50; i++) {
		wire_send(&us, PSH | ACK, 101 + i, 301, "x");
		WAIT(NUMBER(r = get_end(nl, &it), RCV_NXT) == 102 + i);
		if (HAS(r, ACK_IN))
			break;
	}
	NEED(HAS(r, ACK_IN) && NUMBER(r, ACK_IN) <= 450);
	WAIT(!HAS(get_end(nl, &it), ACK_IN));
}

/* Section 3.10.7.4, fifth: SND.WND and SND.WL1 are those of the segment that was looked at
 * last. RCV.WND is what was announced.
 */
TEST(windows)
{
	struct end us, it;
	struct seen *seen;
	struct rows *r;
	struct nl *nl;

	begin(&nl, &us, &it);
	fd_start(&it);
	wire_expect(&it, SYN, 300);
	wire_send(&us, SYN | ACK, 100, 301, .wnd = 4000);
	seen = wire_expect(&it, ACK, 301, 101);
	r = get_end(nl, &it);
	SAME(NUMBER(r, SND_WND), 4000);
	SAME(NUMBER(r, SND_WL1), 100);
	SAME(NUMBER(r, RCV_WND), seen->wnd);
	wire_send(&us, PSH | ACK, 101, 301, "abc", .wnd = 5000);
	WAIT(NUMBER(get_end(nl, &it), RCV_NXT) == 104);
	r = get_end(nl, &it);
	SAME(NUMBER(r, SND_WND), 5000);
	SAME(NUMBER(r, SND_WL1), 101);
	/* An old one changes nothing. */
	wire_send(&us, PSH | ACK, 101, 301, "abc", .wnd = 6000);
	wire_sync(NS_A);
	r = get_end(nl, &it);
	SAME(NUMBER(r, SND_WND), 5000);
	SAME(NUMBER(r, SND_WL1), 101);
}

/* Section 3.7.1: what the peer announced, 536 without; and what was announced to it. */
TEST(segment_sizes)
{
	struct end us, it;
	struct seen *seen;
	struct rows *r;
	struct nl *nl;

	begin(&nl, &us, &it);
	for (int i = 0; i < 2; i++) {
		wire_ends(&us, NS_T, (uint16_t)(PORT_US + i), &it, NS_A, PORT_IT);
		fd_start(&it);
		seen = wire_expect(&it, SYN, 300);
		NEED(seen->mss > 0);
		wire_send(&us, SYN | ACK, 100, 301, .mss = i ? 700 : 0);
		wire_expect(&it, ACK, 301, 101);
		r = get_end(nl, &it);
		SAME(NUMBER(r, SEND_MSS), i ? 700 : 536);
		SAME(NUMBER(r, RECEIVE_MSS), seen->mss);
	}
}

/* Text that the peer's window has no room for, the FIN behind it, and text that came early. */
TEST(unsent_and_early)
{
	struct end us, it;
	struct rows *r;
	struct nl *nl;
	int fd;

	begin(&nl, &us, &it);
	fd = wire_open_active(&us, &it);
	wire_send(&us, ACK, 101, 301, .wnd = 3);
	WAIT(NUMBER(get_end(nl, &it), SND_WND) == 3);
	fd_nodelay(fd);
	fd_send(fd, "abc");
	wire_expect(&it, PSH | ACK, 301, 101, "abc");
	fd_send(fd, "defgh");
	r = get_end(nl, &it);
	SAME(NUMBER(r, SEND_QUEUE), 8);
	SAME(NUMBER(r, UNSENT), 5);
	NEED(!HAS(r, FIN_QUEUED));
	fd_shut(fd, SHUT_WR);
	r = get_end(nl, &it);
	SAME(NUMBER(r, STATE), HSTP_NL_STATE_FIN_WAIT_1);
	NEED(HAS(r, FIN_QUEUED));
	SAME((uint32_t)(NUMBER(r, SND_NXT) - it.shift), 304);
	SAME(NUMBER(r, RECEIVE_MEMORY), 0);
	wire_send(&us, PSH | ACK, 110, 301, "early");
	WAIT(NUMBER(get_end(nl, &it), RECEIVE_MEMORY) >= 5);
	r = get_end(nl, &it);
	SAME(NUMBER(r, RECEIVE_QUEUE), 0);
	SAME(NUMBER(r, RCV_NXT), 101);
	NEED(NUMBER(r, RECEIVE_MEMORY) <= NUMBER(r, RECEIVE_BUFFER));
}

/* Section 3.9.2.2, MUST-56: unreachable hosts and networks do not end a connection. */
TEST(soft_error)
{
	struct end us, it;
	struct rows *r;
	struct nl *nl;
	int fd;

	begin(&nl, &us, &it);
	fd = wire_open_active(&us, &it);
	fd_send(fd, "x");
	wire_expect(&it, PSH | ACK, 301, 101, "x");
	tell(&it, 301, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	r = get_end(nl, &it);
	SAME(NUMBER(r, STATE), HSTP_NL_STATE_ESTABLISHED);
	SAME(NUMBER(r, SOFT_ERROR), EHOSTUNREACH);
}

/* From one state to the next: the moment lies between what was before and what was after. */
TEST(since)
{
	uint64_t before, entered;
	struct end us, it;
	struct rows *r;
	struct nl *nl;
	int fd;

	begin(&nl, &us, &it);
	net_hstp(NS_A, "msl_ms", 60000);
	net_hstp(NS_A, "fin_timeout", 50000);
	fd = wire_open_active(&us, &it);
	entered = NUMBER(get_end(nl, &it), SINCE);
	before = now_ns();
	NEED(entered < before);
	fd_shut(fd, SHUT_WR);
	wire_expect(&it, FIN | ACK, 301, 101);
	r = get_end(nl, &it);
	/* Kept in microseconds. */
	WITHIN(NUMBER(r, SINCE), before - 1000, now_ns());
	SAME(NUMBER(get_end(nl, &it), SINCE), NUMBER(r, SINCE));
	before = now_ns();
	wire_send(&us, ACK, 101, 302);
	state_is(&it, "FIN-WAIT-2");
	r = get_end(nl, &it);
	WITHIN(NUMBER(r, SINCE), before - 1000, now_ns());
	NEED(!HAS(r, WAIT_IN));
	fd_close(fd);
	WITHIN(NUMBER(get_end(nl, &it), WAIT_IN), 1, 50000);
	before = now_ns();
	wire_send(&us, FIN | ACK, 101, 302);
	wire_expect(&it, ACK, 302, 102);
	r = get_end(nl, &it);
	SAME(NUMBER(r, STATE), HSTP_NL_STATE_TIME_WAIT);
	WITHIN(NUMBER(r, SINCE), before - 1000, now_ns());
	WITHIN(NUMBER(r, WAIT_IN), 60001, 120000);
}

TEST_HARNESS_MAIN
