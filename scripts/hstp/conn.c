// SPDX-License-Identifier: GPL-2.0
/* Connections: asking for them, and each attribute as text or JSON. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "conn.h"
#include "out.h"

/* How an attribute is written in the line of details. */
enum form { PLAINLY, FLAG, MS, USEC, OFFSET_ISS, OFFSET_IRS, INTERFACE, ERRNO, HEX, STRING };

static const struct {
	unsigned int attr;
	const char *json;
	const char *text;	/* NULL: it has a column, or is said elsewhere */
	enum form form;
} fields[] = {
	{ HSTP_A_CONN_INODE, "inode", "ino", PLAINLY },
	{ HSTP_A_CONN_COOKIE, "cookie", "sk", HEX },
	{ HSTP_A_CONN_UID, "uid", "uid", PLAINLY },
	{ HSTP_A_CONN_MARK, "mark", "fwmark", HEX },
	{ HSTP_A_CONN_PRIORITY, "priority", "priority", PLAINLY },
	{ HSTP_A_CONN_INTERFACE, "interface", "dev", INTERFACE },
	{ HSTP_A_CONN_TOS, "tos", "tos", HEX },
	{ HSTP_A_CONN_TTL, "ttl", "ttl", PLAINLY },
	{ HSTP_A_CONN_ISS, "iss", "iss", PLAINLY },
	{ HSTP_A_CONN_SND_UNA, "snd_una", "snd_una", OFFSET_ISS },
	{ HSTP_A_CONN_SND_NXT, "snd_nxt", "snd_nxt", OFFSET_ISS },
	{ HSTP_A_CONN_SND_WND, "snd_wnd", "snd_wnd", PLAINLY },
	{ HSTP_A_CONN_SND_UP, "snd_up", "snd_up", OFFSET_ISS },
	{ HSTP_A_CONN_SND_WL1, "snd_wl1", NULL, PLAINLY },
	{ HSTP_A_CONN_IRS, "irs", "irs", PLAINLY },
	{ HSTP_A_CONN_RCV_NXT, "rcv_nxt", "rcv_nxt", OFFSET_IRS },
	{ HSTP_A_CONN_RCV_WND, "rcv_wnd", "rcv_wnd", PLAINLY },
	{ HSTP_A_CONN_RCV_UP, "rcv_up", "rcv_up", OFFSET_IRS },
	{ HSTP_A_CONN_WINDOW_SCALE_SEND, "window_scale_send", "snd_wscale", PLAINLY },
	{ HSTP_A_CONN_WINDOW_SCALE_RECEIVE, "window_scale_receive", "rcv_wscale", PLAINLY },
	{ HSTP_A_CONN_TIMESTAMPS, "timestamps", "ts", FLAG },
	{ HSTP_A_CONN_TIMESTAMP_RECENT, "timestamp_recent", NULL, PLAINLY },
	{ HSTP_A_CONN_SELECTIVE_ACK, "selective_ack", "sack", FLAG },
	{ HSTP_A_CONN_ECN, "ecn", "ecn", FLAG },
	{ HSTP_A_CONN_CONGESTION, "congestion", "cc", STRING },
	{ HSTP_A_CONN_CONGESTION_WINDOW, "congestion_window", "cwnd", PLAINLY },
	{ HSTP_A_CONN_SLOW_START_THRESHOLD, "slow_start_threshold", "ssthresh", PLAINLY },
	{ HSTP_A_CONN_RETRANSMIT_IN, "retransmit_in", NULL, MS },
	{ HSTP_A_CONN_ACK_IN, "ack_in", NULL, MS },
	{ HSTP_A_CONN_WAIT_IN, "wait_in", NULL, MS },
	{ HSTP_A_CONN_KEEPALIVE_IN, "keepalive_in", NULL, MS },
	{ HSTP_A_CONN_RETRIES, "retries", "retries", PLAINLY },
	{ HSTP_A_CONN_BACKOFF, "backoff", "backoff", PLAINLY },
	{ HSTP_A_CONN_SRTT, "srtt", "srtt", USEC },
	{ HSTP_A_CONN_RTTVAR, "rttvar", "rttvar", USEC },
	{ HSTP_A_CONN_RTO, "rto", "rto", USEC },
	{ HSTP_A_CONN_MINIMUM_RTT, "minimum_rtt", "minrtt", USEC },
	{ HSTP_A_CONN_SEGMENTS_IN, "segments_in", "segs_in", PLAINLY },
	{ HSTP_A_CONN_TEXT_SEGMENTS_IN, "text_segments_in", "data_segs_in", PLAINLY },
	{ HSTP_A_CONN_BYTES_RECEIVED, "bytes_received", "bytes_received", PLAINLY },
	{ HSTP_A_CONN_OUT_OF_ORDER, "out_of_order", "rcv_ooopack", PLAINLY },
	{ HSTP_A_CONN_SEGMENTS_OUT, "segments_out", "segs_out", PLAINLY },
	{ HSTP_A_CONN_TEXT_SEGMENTS_OUT, "text_segments_out", "data_segs_out", PLAINLY },
	{ HSTP_A_CONN_BYTES_SENT, "bytes_sent", "bytes_sent", PLAINLY },
	{ HSTP_A_CONN_BYTES_ACKNOWLEDGED, "bytes_acknowledged", "bytes_acked", PLAINLY },
	{ HSTP_A_CONN_RETRANSMITTED, "retransmitted", "retrans", PLAINLY },
	{ HSTP_A_CONN_BYTES_RETRANSMITTED, "bytes_retransmitted", "bytes_retrans", PLAINLY },
	{ HSTP_A_CONN_DELIVERED, "delivered", "delivered", PLAINLY },
	{ HSTP_A_CONN_REPORTED_TWICE, "reported_twice", "dsack_dups", PLAINLY },
	{ HSTP_A_CONN_REORDERED, "reordered", "reord_seen", PLAINLY },
	{ HSTP_A_CONN_DELIVERY_RATE, "delivery_rate", "delivery_rate", PLAINLY },
	{ HSTP_A_CONN_USER_LIMITED, "user_limited", "app_limited", FLAG },
	{ HSTP_A_CONN_BUSY, "busy", "busy", USEC },
	{ HSTP_A_CONN_WINDOW_LIMITED, "window_limited", "rwnd_limited", USEC },
	{ HSTP_A_CONN_BUFFER_LIMITED, "buffer_limited", "sndbuf_limited", USEC },
	{ HSTP_A_CONN_SEND_QUEUE, "send_queue", NULL, PLAINLY },
	{ HSTP_A_CONN_UNSENT, "unsent", "notsent", PLAINLY },
	{ HSTP_A_CONN_RECEIVE_QUEUE, "receive_queue", NULL, PLAINLY },
	{ HSTP_A_CONN_RECEIVE_MEMORY, "receive_memory", "rmem", PLAINLY },
	{ HSTP_A_CONN_RECEIVE_BUFFER, "receive_buffer", "rcvbuf", PLAINLY },
	{ HSTP_A_CONN_SEND_MSS, "send_mss", "mss", PLAINLY },
	{ HSTP_A_CONN_RECEIVE_MSS, "receive_mss", "advmss", PLAINLY },
	{ HSTP_A_CONN_BOUND, "bound", NULL, FLAG },
	{ HSTP_A_CONN_CGROUP, "cgroup", NULL, PLAINLY },
	{ HSTP_A_CONN_PASSIVE, "passive", "passive", FLAG },
	{ HSTP_A_CONN_ORPHAN, "orphan", "orphan", FLAG },
	{ HSTP_A_CONN_UNACCEPTED, "unaccepted", "unaccepted", FLAG },
	{ HSTP_A_CONN_NODELAY, "nodelay", "nodelay", FLAG },
	{ HSTP_A_CONN_CORK, "cork", "cork", FLAG },
	{ HSTP_A_CONN_KEEPALIVE, "keepalive", "keepalive", FLAG },
	{ HSTP_A_CONN_USER_TIMEOUT, "user_timeout", "user_timeout", MS },
	{ HSTP_A_CONN_FIN_QUEUED, "fin_queued", "fin_queued", FLAG },
	{ HSTP_A_CONN_SOFT_ERROR, "soft_error", "soft_error", ERRNO },
	{ HSTP_A_CONN_ACCEPT_QUEUE, "accept_queue", NULL, PLAINLY },
	{ HSTP_A_CONN_BACKLOG, "backlog", NULL, PLAINLY },
	{ HSTP_A_CONN_SYN_QUEUE, "syn_queue", "syn_queue", PLAINLY },
};

#define FIELDS (sizeof(fields) / sizeof(fields[0]))

/**
 * conn_json() - the members of an object that describes a connection
 * @conn: its attributes
 *
 * Names are those of the netlink family with _ for -; numbers and units too.
 */
void conn_json(const struct attrs *conn)
{
	struct addr local = attr_addr(conn->at[HSTP_A_CONN_LOCAL_ADDRESS]);
	struct addr remote = attr_addr(conn->at[HSTP_A_CONN_REMOTE_ADDRESS]);
	char text[ENDPOINT];

	json_string("state", state_name((unsigned int)number(conn, HSTP_A_CONN_STATE)));
	json_string("local_address", address_text(text, &local));
	json_number("local_port", attr_port(conn->at[HSTP_A_CONN_LOCAL_PORT]));
	json_string("remote_address", address_text(text, &remote));
	json_number("remote_port", attr_port(conn->at[HSTP_A_CONN_REMOTE_PORT]));
	if (has(conn, HSTP_A_CONN_SINCE))
		json_number("since", number(conn, HSTP_A_CONN_SINCE));
	for (size_t i = 0; i < FIELDS; i++) {
		if (!has(conn, fields[i].attr))
			continue;
		if (fields[i].form == FLAG)
			json_true(fields[i].json);
		else if (fields[i].form == STRING)
			json_string(fields[i].json, mnl_attr_get_str(conn->at[fields[i].attr]));
		else
			json_number(fields[i].json, number(conn, fields[i].attr));
	}
}

static void detail(const struct attrs *conn, size_t i)
{
	enum form form = fields[i].form;
	uint64_t value = form == STRING ? 0 : number(conn, fields[i].attr);
	char name[IF_NAMESIZE], text[DURATION];

	if (form == OFFSET_ISS || form == OFFSET_IRS) {
		unsigned int from = form == OFFSET_ISS ? HSTP_A_CONN_ISS : HSTP_A_CONN_IRS;

		if (!opt.numeric && has(conn, from)) {
			printf("%s:+%u", fields[i].text,
			       (uint32_t)value - (uint32_t)number(conn, from));
			return;
		}
		form = PLAINLY;
	}
	printf("%s", fields[i].text);
	switch (form) {
	case FLAG:
		break;
	case STRING:
		printf(":%s", mnl_attr_get_str(conn->at[fields[i].attr]));
		break;
	case MS:
		printf(":%s", duration(text, value * 1000000));
		break;
	case USEC:
		printf(":%s", duration(text, value * 1000));
		break;
	case HEX:
		printf(":0x%llx", (unsigned long long)value);
		break;
	case INTERFACE:
		if (if_indextoname((unsigned int)value, name))
			printf(":%s", name);
		else
			printf(":%llu", (unsigned long long)value);
		break;
	case ERRNO:
		printf(":\"%s\"", strerror((int)value));
		break;
	default:
		printf(":%llu", (unsigned long long)value);
		break;
	}
}

/* No loss has set it yet. */
#define NO_THRESHOLD (1U << 30)

/* A value that says nothing. */
static bool is_dull(const struct attrs *conn, size_t i)
{
	switch (fields[i].attr) {
	case HSTP_A_CONN_SLOW_START_THRESHOLD:
		return number(conn, fields[i].attr) >= NO_THRESHOLD;
	case HSTP_A_CONN_MARK:
	case HSTP_A_CONN_PRIORITY:
	case HSTP_A_CONN_INTERFACE:
	case HSTP_A_CONN_TOS:
	case HSTP_A_CONN_RETRIES:
	case HSTP_A_CONN_BACKOFF:
	case HSTP_A_CONN_UNSENT:
	case HSTP_A_CONN_SOFT_ERROR:
	case HSTP_A_CONN_INODE:
	case HSTP_A_CONN_COOKIE:
	case HSTP_A_CONN_TEXT_SEGMENTS_IN:
	case HSTP_A_CONN_BYTES_RECEIVED:
	case HSTP_A_CONN_OUT_OF_ORDER:
	case HSTP_A_CONN_TEXT_SEGMENTS_OUT:
	case HSTP_A_CONN_BYTES_SENT:
	case HSTP_A_CONN_BYTES_ACKNOWLEDGED:
	case HSTP_A_CONN_RETRANSMITTED:
	case HSTP_A_CONN_BYTES_RETRANSMITTED:
	case HSTP_A_CONN_REPORTED_TWICE:
	case HSTP_A_CONN_REORDERED:
	case HSTP_A_CONN_BUSY:
	case HSTP_A_CONN_WINDOW_LIMITED:
	case HSTP_A_CONN_BUFFER_LIMITED:
		return !number(conn, fields[i].attr);
	default:
		return false;
	}
}

/**
 * conn_details() - what has no column: name:value, as ss -i writes it
 * @conn: its attributes
 * @separator: written before the first
 */
void conn_details(const struct attrs *conn, const char *separator)
{
	for (size_t i = 0; i < FIELDS; i++) {
		if (!fields[i].text || !has(conn, fields[i].attr) || is_dull(conn, i))
			continue;
		printf("%s", separator);
		detail(conn, i);
		separator = " ";
	}
}

/**
 * conn_timer() - the deadline that comes first, as "retransmit 180ms"
 * @text: where to write
 * @size: of @text
 * @conn: its attributes
 */
void conn_timer(char *text, size_t size, const struct attrs *conn)
{
	static const struct {
		unsigned int attr;
		const char *name;
	} timers[] = {
		{ HSTP_A_CONN_RETRANSMIT_IN, "retransmit" },
		{ HSTP_A_CONN_ACK_IN, "ack" },
		{ HSTP_A_CONN_WAIT_IN, "end" },
		{ HSTP_A_CONN_KEEPALIVE_IN, "keepalive" },
	};
	const char *name = NULL;
	uint64_t first = UINT64_MAX, ms;
	char when[DURATION];

	for (size_t i = 0; i < sizeof(timers) / sizeof(timers[0]); i++) {
		ms = number(conn, timers[i].attr);
		if (has(conn, timers[i].attr) && ms < first) {
			first = ms;
			name = timers[i].name;
		}
	}
	if (name)
		snprintf(text, size, "%s in %s", name, duration(when, first * 1000000));
	else
		snprintf(text, size, "-");
}

void conn_subject(const struct attrs *conn, struct subject *subject)
{
	subject->state = (unsigned int)number(conn, HSTP_A_CONN_STATE);
	subject->local = attr_addr(conn->at[HSTP_A_CONN_LOCAL_ADDRESS]);
	subject->remote = attr_addr(conn->at[HSTP_A_CONN_REMOTE_ADDRESS]);
	subject->local_port = attr_port(conn->at[HSTP_A_CONN_LOCAL_PORT]);
	subject->remote_port = attr_port(conn->at[HSTP_A_CONN_REMOTE_PORT]);
	subject->conn = conn;
}

bool same_end(const struct addr *a, uint16_t a_port, const struct addr *b, uint16_t b_port)
{
	return a_port == b_port && a->len == b->len && !memcmp(a->bytes, b->bytes, a->len);
}

bool same_ends(const struct subject *a, const struct subject *b)
{
	return same_end(&a->local, a->local_port, &b->local, b->local_port) &&
	       same_end(&a->remote, a->remote_port, &b->remote, b->remote_port);
}

/* Do -4 and -6 leave it? */
bool family_wanted(const struct addr *addr)
{
	return opt.family == AF_UNSPEC || !addr->len ||
	       (addr->len == 4) == (opt.family == AF_INET);
}

struct dump {
	const struct filter *filter;
	conn_each each;
	void *data;
};

static int one(const struct nlmsghdr *nlh, void *data)
{
	struct dump *dump = data;
	struct subject subject;
	struct attrs conn;

	attrs_of(nlh, &conn);
	conn_subject(&conn, &subject);
	if (family_wanted(&subject.local) && filter_match(dump->filter, &subject))
		dump->each(&conn, &subject, dump->data);
	return 0;
}

/* Is it CAP_NET_ADMIN for the namespace that we are in? Who owns that must be our user namespace or
 * one below it.
 */
static bool is_admin(void)
{
	struct __user_cap_header_struct who = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[_LINUX_CAPABILITY_U32S_3];
	int netns, owner;

	if (syscall(SYS_capget, &who, caps) || !(caps[0].effective >> CAP_NET_ADMIN & 1))
		return false;
	netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (netns < 0)
		return true;
	owner = ioctl(netns, NS_GET_USERNS);
	close(netns);
	if (owner < 0)
		return false;
	close(owner);
	return true;
}

/**
 * conn_dump() - all connections that match
 * @nl: from nl_open()
 * @filter: from filter_parse(), or NULL
 * @each: called for each, with what is valid during the call only
 * @data: for @each
 *
 * Does not return when the kernel refuses, nor when it would not tell what the filter asks for.
 */
void conn_dump(struct nl *nl, const struct filter *filter, conn_each each, void *data)
{
	struct dump dump = { .filter = filter, .each = each, .data = data };
	char request[512];
	struct nlmsghdr *nlh;

	/* Of a mark that is not told nothing can be said: it is not 0. */
	if (filter_asks(filter, HSTP_A_CONN_MARK) && !is_admin())
		quit(FAILED,
		     "filter: \"fwmark\" needs root: only who has CAP_NET_ADMIN here is told marks");
	if (!filter_states(filter))
		return;
	nlh = nl_begin(nl, request, HSTP_CMD_CONN_GET, NLM_F_DUMP);
	filter_put(nlh, filter);
	if (nl_call(nl, nlh, one, &dump) < 0)
		quit(FAILED, "listing connections: %s", nl->error);
}
