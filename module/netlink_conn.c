// SPDX-License-Identifier: GPL-2.0
/* conn-get, conn-abort, conn-close: connections, to list and to end. */
#include <net/genetlink.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "compat.h"
#include "control.h"
#include "info.h"
#include "match.h"
#include "netlink.h"
#include "netlink-gen.h"

/* All attributes of a connection, bytes. */
#define CONN_ROOM	(HSTP_NL_TUPLE_ROOM + 10 * nla_total_size_64bit(sizeof(u64)) + \
			 nla_total_size(TCP_CA_NAME_MAX) + \
			 HSTP_A_CONN_MAX * nla_total_size(sizeof(u32)))

/**
 * struct walk - how far a dump has come
 * @chain: number of the chain
 * @after: key of the last connection of it that was told; before the first: zeroes
 */
struct walk {
	u32 chain;
	struct hstp_tuple after;
};

/* What put_conn() writes. */
struct row {
	const struct hstp_view *view;
	const struct hstp_net *hn;
	struct user_namespace *ns;
	bool admin;		/* may see SO_MARK, as of TCP */
};

static struct row row_for(const struct sk_buff *request)
{
	return (struct row){
		.hn = hstp_pernet(sock_net(request->sk)),
		.ns = sk_user_ns(NETLINK_CB(request).sk),
		.admin = netlink_net_capable(request, CAP_NET_ADMIN),
	};
}

static bool put_identity(struct sk_buff *skb, const struct row *row)
{
	const struct hstp_view *v = row->view;

	return nla_put_u8(skb, HSTP_A_CONN_STATE, v->tcb.state) ||
	       hstp_nl_put_tuple(skb, &v->tuple, HSTP_A_CONN_LOCAL_ADDRESS) ||
	       nla_put_u64_64bit(skb, HSTP_A_CONN_SINCE, v->since_us * NSEC_PER_USEC,
				 HSTP_A_CONN_PAD) ||
	       (v->cookie && nla_put_u64_64bit(skb, HSTP_A_CONN_COOKIE, v->cookie,
					       HSTP_A_CONN_PAD)) ||
	       (v->inode && nla_put_u32(skb, HSTP_A_CONN_INODE, v->inode)) ||
	       (uid_valid(v->uid) &&
		nla_put_u32(skb, HSTP_A_CONN_UID, from_kuid_munged(row->ns, v->uid))) ||
	       (row->admin && v->mark && nla_put_u32(skb, HSTP_A_CONN_MARK, v->mark)) ||
	       (v->priority && nla_put_u32(skb, HSTP_A_CONN_PRIORITY, v->priority)) ||
	       (v->ifindex && nla_put_u32(skb, HSTP_A_CONN_INTERFACE, v->ifindex)) ||
	       (v->tos && nla_put_u8(skb, HSTP_A_CONN_TOS, v->tos)) ||
	       (v->ttl >= 0 && nla_put_u8(skb, HSTP_A_CONN_TTL, v->ttl)) ||
	       (v->bound && nla_put_flag(skb, HSTP_A_CONN_BOUND)) ||
	       (v->cgroup && nla_put_u64_64bit(skb, HSTP_A_CONN_CGROUP, v->cgroup,
					       HSTP_A_CONN_PAD));
}

static bool put_listener(struct sk_buff *skb, const struct hstp_view *v)
{
	return nla_put_u32(skb, HSTP_A_CONN_ACCEPT_QUEUE, v->queued) ||
	       nla_put_u32(skb, HSTP_A_CONN_BACKLOG, v->backlog) ||
	       nla_put_u32(skb, HSTP_A_CONN_SYN_QUEUE, v->syns);
}

/* RFC 9293 section 3.3.1, those that are known: in SYN-SENT the peer has said nothing. The
 * record that TIME-WAIT is has neither ISS nor IRS, and what could be sent in it does not
 * matter. In the other record, SYN-RECEIVED of a listener, SND.WND and SND.WL1 are not set yet
 * (section 3.10.7.4, fifth).
 */
static bool put_variables(struct sk_buff *skb, const struct hstp_view *v)
{
	const struct hstp_tcb *t = &v->tcb;
	bool heard = t->state != HSTP_SYN_SENT;

	if (t->state != HSTP_TIME_WAIT &&
	    (nla_put_u32(skb, HSTP_A_CONN_ISS, t->iss) ||
	     (heard && nla_put_u32(skb, HSTP_A_CONN_IRS, t->irs))))
		return true;
	return nla_put_u32(skb, HSTP_A_CONN_SND_UNA, t->snd_una) ||
	       nla_put_u32(skb, HSTP_A_CONN_SND_NXT, t->snd_nxt) ||
	       (heard && nla_put_u32(skb, HSTP_A_CONN_RCV_NXT, t->rcv_nxt)) ||
	       nla_put_u32(skb, HSTP_A_CONN_RCV_WND, t->rcv_wnd) ||
	       (t->state != HSTP_TIME_WAIT && nla_put_u32(skb, HSTP_A_CONN_SEND_MSS, t->mss)) ||
	       (v->kind == HSTP_KIND_CONN &&
		((heard && nla_put_u32(skb, HSTP_A_CONN_SND_WND, t->snd_wnd)) ||
		 (heard && nla_put_u32(skb, HSTP_A_CONN_SND_WL1, t->snd_wl1)) ||
		 nla_put_u32(skb, HSTP_A_CONN_RECEIVE_MSS, t->rcv_mss))) ||
	       (t->urgent_out && nla_put_u32(skb, HSTP_A_CONN_SND_UP, t->snd_up)) ||
	       (t->urgent_in && nla_put_u32(skb, HSTP_A_CONN_RCV_UP, t->rcv_up));
}

static bool put_timer(struct sk_buff *skb, const struct hstp_tcb *t, u8 which, u32 deadline,
		      int type)
{
	u32 now = hstp_now_ms();

	if (!(t->armed & which))
		return false;
	return nla_put_u32(skb, type, hstp_after(deadline, now) ? deadline - now : 0);
}

/* SRTT is kept in 1/8 ms, RTTVAR in 1/4 ms. */
static bool put_timers(struct sk_buff *skb, const struct hstp_tcb *t)
{
	if (t->srtt && (nla_put_u32(skb, HSTP_A_CONN_SRTT, t->srtt * (USEC_PER_MSEC / 8)) ||
			nla_put_u32(skb, HSTP_A_CONN_RTTVAR, t->rttvar * (USEC_PER_MSEC / 4))))
		return true;
	return put_timer(skb, t, HSTP_TIMER_REXMIT, t->rexmit_at, HSTP_A_CONN_RETRANSMIT_IN) ||
	       put_timer(skb, t, HSTP_TIMER_DELACK, t->delack_at, HSTP_A_CONN_ACK_IN) ||
	       put_timer(skb, t, HSTP_TIMER_WAIT, t->wait_at, HSTP_A_CONN_WAIT_IN) ||
	       put_timer(skb, t, HSTP_TIMER_KEEP, t->keep_at, HSTP_A_CONN_KEEPALIVE_IN) ||
	       nla_put_u32(skb, HSTP_A_CONN_RTO, t->rto * USEC_PER_MSEC) ||
	       nla_put_u8(skb, HSTP_A_CONN_RETRIES, t->retries) ||
	       nla_put_u8(skb, HSTP_A_CONN_BACKOFF, t->backoff);
}

static bool put_flag(struct sk_buff *skb, int type, bool on)
{
	return on && nla_put_flag(skb, type);
}

/* What both ends have agreed on. */
static bool put_options(struct sk_buff *skb, const struct hstp_tcb *t)
{
	if (t->state == HSTP_SYN_SENT)
		return false;
	if (t->wscale_ok &&
	    (nla_put_u8(skb, HSTP_A_CONN_WINDOW_SCALE_SEND, t->snd_wscale) ||
	     nla_put_u8(skb, HSTP_A_CONN_WINDOW_SCALE_RECEIVE, t->rcv_wscale)))
		return true;
	if (t->ts_ok && (nla_put_flag(skb, HSTP_A_CONN_TIMESTAMPS) ||
			 nla_put_u32(skb, HSTP_A_CONN_TIMESTAMP_RECENT, t->ts_recent)))
		return true;
	return put_flag(skb, HSTP_A_CONN_SELECTIVE_ACK, t->sack_ok) ||
	       put_flag(skb, HSTP_A_CONN_ECN, t->ecn_out);
}

static bool put_congestion(struct sk_buff *skb, const struct hstp_tcb *t)
{
	return nla_put_string(skb, HSTP_A_CONN_CONGESTION, hstp_info_congestion(t)) ||
	       nla_put_u32(skb, HSTP_A_CONN_CONGESTION_WINDOW, t->cwnd) ||
	       nla_put_u32(skb, HSTP_A_CONN_SLOW_START_THRESHOLD, t->ssthresh);
}

static bool put_queues(struct sk_buff *skb, const struct hstp_view *v)
{
	const struct hstp_tcb *t = &v->tcb;

	return nla_put_u32(skb, HSTP_A_CONN_SEND_QUEUE, hstp_text_unacked(t)) ||
	       nla_put_u32(skb, HSTP_A_CONN_UNSENT, hstp_text_unsent(t)) ||
	       nla_put_u32(skb, HSTP_A_CONN_RECEIVE_QUEUE, v->received) ||
	       nla_put_u32(skb, HSTP_A_CONN_RECEIVE_MEMORY, v->memory) ||
	       nla_put_u32(skb, HSTP_A_CONN_RECEIVE_BUFFER, v->rcvbuf) ||
	       put_flag(skb, HSTP_A_CONN_PASSIVE, t->passive) ||
	       put_flag(skb, HSTP_A_CONN_ORPHAN, v->orphan) ||
	       put_flag(skb, HSTP_A_CONN_UNACCEPTED, hstp_view_unaccepted(v)) ||
	       put_flag(skb, HSTP_A_CONN_NODELAY, t->tune.nodelay) ||
	       put_flag(skb, HSTP_A_CONN_CORK, t->tune.cork) ||
	       put_flag(skb, HSTP_A_CONN_KEEPALIVE, t->tune.keepalive) ||
	       (t->tune.user_timeout_ms &&
		nla_put_u32(skb, HSTP_A_CONN_USER_TIMEOUT, t->tune.user_timeout_ms)) ||
	       put_flag(skb, HSTP_A_CONN_FIN_QUEUED, t->fin_queued) ||
	       (v->soft_error && nla_put_u32(skb, HSTP_A_CONN_SOFT_ERROR, v->soft_error));
}

static bool put_u64(struct sk_buff *skb, int type, u64 value)
{
	return nla_put_u64_64bit(skb, type, value, HSTP_A_CONN_PAD);
}

/* What is counted while a socket holds it. */
static bool put_counts(struct sk_buff *skb, const struct tcp_info *info)
{
	return nla_put_u32(skb, HSTP_A_CONN_SEGMENTS_IN, info->tcpi_segs_in) ||
	       nla_put_u32(skb, HSTP_A_CONN_SEGMENTS_OUT, info->tcpi_segs_out) ||
	       nla_put_u32(skb, HSTP_A_CONN_TEXT_SEGMENTS_IN, info->tcpi_data_segs_in) ||
	       nla_put_u32(skb, HSTP_A_CONN_TEXT_SEGMENTS_OUT, info->tcpi_data_segs_out) ||
	       put_u64(skb, HSTP_A_CONN_BYTES_SENT, info->tcpi_bytes_sent) ||
	       nla_put_u32(skb, HSTP_A_CONN_DELIVERED, info->tcpi_delivered) ||
	       nla_put_u32(skb, HSTP_A_CONN_OUT_OF_ORDER, info->tcpi_rcv_ooopack) ||
	       nla_put_u32(skb, HSTP_A_CONN_REPORTED_TWICE, info->tcpi_dsack_dups) ||
	       nla_put_u32(skb, HSTP_A_CONN_REORDERED, info->tcpi_reord_seen);
}

/* And measured. */
static bool put_measures(struct sk_buff *skb, const struct tcp_info *info)
{
	if (info->tcpi_min_rtt != ~0U &&
	    nla_put_u32(skb, HSTP_A_CONN_MINIMUM_RTT, info->tcpi_min_rtt))
		return true;
	if (info->tcpi_delivery_rate &&
	    (put_u64(skb, HSTP_A_CONN_DELIVERY_RATE, info->tcpi_delivery_rate) ||
	     put_flag(skb, HSTP_A_CONN_USER_LIMITED, info->tcpi_delivery_rate_app_limited)))
		return true;
	return put_u64(skb, HSTP_A_CONN_BUSY, info->tcpi_busy_time) ||
	       put_u64(skb, HSTP_A_CONN_WINDOW_LIMITED, info->tcpi_rwnd_limited) ||
	       put_u64(skb, HSTP_A_CONN_BUFFER_LIMITED, info->tcpi_sndbuf_limited);
}

/* As HSTP_INFO has it. */
static bool put_info(struct sk_buff *skb, const struct row *row)
{
	const struct hstp_view *v = row->view;
	struct tcp_info info = {};

	hstp_info_fill(&info, row->hn, &v->tcb, &v->known);
	return put_u64(skb, HSTP_A_CONN_BYTES_RECEIVED, info.tcpi_bytes_received) ||
	       put_u64(skb, HSTP_A_CONN_BYTES_ACKNOWLEDGED, info.tcpi_bytes_acked) ||
	       nla_put_u32(skb, HSTP_A_CONN_RETRANSMITTED, info.tcpi_total_retrans) ||
	       nla_put_u32(skb, HSTP_A_CONN_BYTES_RETRANSMITTED, info.tcpi_bytes_retrans) ||
	       (!v->orphan && (put_counts(skb, &info) || put_measures(skb, &info)));
}

/* What a connection is and has, as attributes; -EMSGSIZE: no room. */
static int put_conn(struct sk_buff *skb, const void *what)
{
	const struct row *row = what;
	const struct hstp_view *v = row->view;
	bool full = put_identity(skb, row);

	if (v->kind == HSTP_KIND_LISTENER)
		full = full || put_listener(skb, v);
	else
		full = full || put_variables(skb, v) || put_timers(skb, &v->tcb) ||
		       put_options(skb, &v->tcb);
	if (v->kind == HSTP_KIND_CONN)
		full = full || put_queues(skb, v) || put_congestion(skb, &v->tcb) ||
		       put_info(skb, row);
	return full ? -EMSGSIZE : 0;
}

/* What is left of a chain. */
static int dump_chain(struct sk_buff *skb, struct netlink_callback *cb, struct walk *walk,
		      const struct hstp_match *m, const struct hstp_snapshot *s)
{
	struct row row = row_for(cb->skb);
	u32 i;

	for (i = 0; i < s->count; i++) {
		const struct hstp_view *v = &s->rows[i];
		int err;

		if (memcmp(&v->key, &walk->after, sizeof(v->key)) <= 0 || !hstp_match(m, v))
			continue;
		row.view = v;
		err = hstp_nl_dump_one(skb, cb, HSTP_CMD_CONN_GET, put_conn, &row);
		if (err)
			return err;
		walk->after = v->key;
	}
	return 0;
}

/**
 * hstp_nl_conn_get_dumpit() - conn-get of all that match
 * @skb: to fill
 * @cb: the dump
 *
 * Chain by chain. In a chain connections are told in the order of their tuples, so that
 * a dump that had to stop in its middle goes on with the next, whatever has come or gone
 * meanwhile.
 */
int hstp_nl_conn_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct hstp_net *hn = hstp_pernet(sock_net(skb->sk));
	struct walk *walk = (struct walk *)cb->ctx;
	u32 end = hstp_snapshot_end(hn), only;
	struct hstp_snapshot snapshot;
	struct hstp_match m;
	int err;

	BUILD_BUG_ON(sizeof(*walk) > sizeof(cb->ctx));
	err = hstp_match_parse(&m, hstp_dump_attrs(cb)[HSTP_A_CONN_MATCH],
			       sk_user_ns(NETLINK_CB(cb->skb).sk), cb->extack);
	if (err)
		return err;
	if (hstp_match_one(&m, hn, &only)) {
		walk->chain = max(walk->chain, only);
		end = only + 1;
	}
	err = hstp_snapshot_init(&snapshot);
	if (err)
		return err;
	while (walk->chain < end) {
		err = hstp_snapshot_take(&snapshot, hn, walk->chain);
		if (!err)
			err = dump_chain(skb, cb, walk, &m, &snapshot);
		if (err)
			break;
		walk->chain++;
		memset(&walk->after, 0, sizeof(walk->after));
		cond_resched();
	}
	hstp_snapshot_exit(&snapshot);
	return err && !skb->len ? err : skb->len;
}

typedef int (visit_fn)(struct hstp_net *hn, struct hstp_view *v, void *arg);

/* Call @fn for each connection that matches, until it returns an error. */
static int visit_matches(struct hstp_net *hn, const struct hstp_match *m, visit_fn *fn, void *arg)
{
	u32 chain = 0, end = hstp_snapshot_end(hn), i;
	struct hstp_snapshot snapshot;
	int err;

	if (hstp_match_one(m, hn, &chain))
		end = chain + 1;
	err = hstp_snapshot_init(&snapshot);
	for (; !err && chain < end; chain++) {
		err = hstp_snapshot_take(&snapshot, hn, chain);
		for (i = 0; !err && i < snapshot.count; i++) {
			if (hstp_match(m, &snapshot.rows[i]))
				err = fn(hn, &snapshot.rows[i], arg);
		}
		cond_resched();
	}
	hstp_snapshot_exit(&snapshot);
	return err;
}

static int parse_required(struct sk_buff *skb, struct genl_info *info, struct hstp_match *m)
{
	const struct nlattr *attr = info->attrs[HSTP_A_CONN_MATCH];

	if (!attr) {
		NL_SET_ERR_MSG(info->extack, "match is missing; an empty one is all connections");
		return -EINVAL;
	}
	return hstp_match_parse(m, attr, sk_user_ns(NETLINK_CB(skb).sk), info->extack);
}

struct found {
	struct hstp_view view;
	bool any;
};

static int find_only(struct hstp_net *hn, struct hstp_view *v, void *arg)
{
	struct found *found = arg;

	if (found->any)
		return -ENOTUNIQ;
	found->view = *v;
	found->any = true;
	return 0;
}

static int refuse_found(struct genl_info *info, int err)
{
	if (err == -ENOENT)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[HSTP_A_CONN_MATCH],
				    "no connection matches");
	else if (err == -ENOTUNIQ)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[HSTP_A_CONN_MATCH],
				    "match must be of 1 connection, more do: use a dump");
	return err;
}

/**
 * hstp_nl_conn_get_doit() - conn-get of a single connection
 * @skb: the request
 * @info: its attributes
 */
int hstp_nl_conn_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct found found = { .any = false };
	struct row row = row_for(skb);
	struct sk_buff *reply;
	struct hstp_match m;
	void *head;
	int err;

	err = parse_required(skb, info, &m);
	if (err)
		return err;
	err = visit_matches(hstp_pernet(genl_info_net(info)), &m, find_only, &found);
	if (err || !found.any)
		return refuse_found(info, err ?: -ENOENT);

	reply = hstp_nl_reply(info, CONN_ROOM, &head);
	if (!reply)
		return -ENOMEM;
	row.view = &found.view;
	err = put_conn(reply, &row);
	if (WARN_ON_ONCE(err)) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, head);
	return genlmsg_reply(reply, info);
}

/* ABORT or CLOSE of a connection that still matches; @v becomes what it is by then. */
typedef bool (order_fn)(struct hstp_net *hn, struct hstp_view *v, const struct hstp_match *m);

/**
 * struct order - what is to be done with connections
 * @fn: ABORT or CLOSE
 * @match: with which
 * @listener: a listener is among them
 * @matched: there is another
 * @count: connections that it was done with
 */
struct order {
	order_fn *fn;
	const struct hstp_match *match;
	bool listener;
	bool matched;
	u32 count;
};

/* Who asks for a single one is told when it does not match any more: it may have to look again. */
static int carry_out(struct hstp_net *hn, struct hstp_view *v, void *arg)
{
	struct order *order = arg;

	if (v->kind == HSTP_KIND_LISTENER) {
		order->listener = true;
		return 0;
	}
	if (order->fn(hn, v, order->match))
		order->count++;
	else if (!hstp_match(order->match, v))
		return 0;
	order->matched = true;
	return 0;
}

/* A listener ends when its socket is closed, and by nothing else. */
static int give_order(struct sk_buff *skb, struct genl_info *info, order_fn *fn)
{
	struct hstp_net *hn = hstp_pernet(genl_info_net(info));
	struct hstp_match m;
	struct order order = { .fn = fn, .match = &m };
	struct sk_buff *reply;
	void *head;
	u32 chain;
	int err;

	err = parse_required(skb, info, &m);
	if (err)
		return err;
	if (m.states == 1 << HSTP_LISTEN)
		return hstp_nl_refuse(info, HSTP_A_CONN_MATCH,
				      "states: a listener ends when its socket is closed",
				      -EOPNOTSUPP);
	reply = hstp_nl_reply(info, nla_total_size(sizeof(u32)), &head);
	if (!reply)
		return -ENOMEM;
	err = visit_matches(hn, &m, carry_out, &order);
	if (!err && !order.matched && order.listener && m.cookie)
		err = hstp_nl_refuse(info, HSTP_A_CONN_MATCH,
				     "cookie: a listener ends when its socket is closed",
				     -EOPNOTSUPP);
	else if (!err && !order.matched && (m.cookie || hstp_match_one(&m, hn, &chain)))
		err = refuse_found(info, -ENOENT);
	if (err) {
		nlmsg_free(reply);
		return err;
	}
	return hstp_nl_reply_number(info, reply, head, HSTP_A_CONN_COUNT, order.count);
}

/**
 * hstp_nl_conn_abort_doit() - conn-abort
 * @skb: the request
 * @info: its attributes
 */
int hstp_nl_conn_abort_doit(struct sk_buff *skb, struct genl_info *info)
{
	return give_order(skb, info, hstp_control_abort);
}

/**
 * hstp_nl_conn_close_doit() - conn-close
 * @skb: the request
 * @info: its attributes
 */
int hstp_nl_conn_close_doit(struct sk_buff *skb, struct genl_info *info)
{
	return give_order(skb, info, hstp_control_close);
}
