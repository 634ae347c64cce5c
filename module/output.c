// SPDX-License-Identifier: GPL-2.0
/* Segments on their way out: packet, header, checksum, route. */
#include <net/dst.h>
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/route.h>

#include "event.h"
#include "fault.h"
#include "ipv4.h"
#include "meter.h"
#include "output.h"

#define HEADROOM	(SKB_DATA_ALIGN(MAX_HEADER + 128) + HSTP_HEADER_MAX)

/* A packet's head is small and short-lived: a page fragment holds it, which
 * costs less than an object of the smallest slab that would.
 */
static struct sk_buff *alloc_packet(unsigned int room)
{
	unsigned int size = SKB_DATA_ALIGN(HEADROOM + room) +
			    SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	void *data = napi_alloc_frag(size);
	struct sk_buff *skb;

	if (unlikely(!data))
		return NULL;
	skb = napi_build_skb(data, size);
	if (unlikely(!skb)) {
		skb_free_frag(data);
		return NULL;
	}
	skb_reserve(skb, HEADROOM);
	return skb;
}

static void add_header(struct sk_buff *skb, const struct hstp_tuple *tuple,
		       const struct hstp_tx *tx)
{
	struct hstp_segment seg;
	u8 header[HSTP_HEADER_MAX];
	unsigned int len;

	seg.sport = ntohs(tuple->lport);
	seg.dport = ntohs(tuple->fport);
	seg.seq = tx->seq;
	seg.ack = tx->ack;
	seg.wnd = tx->wnd;
	seg.up = tx->up;
	seg.flags = tx->flags;
	seg.opt = tx->opt;
	len = hstp_segment_build(&seg, header);
	memcpy(skb_push(skb, len), header, len);
	skb_reset_transport_header(skb);
}

static void transmit(struct hstp_net *hn, struct sk_buff *skb, const struct hstp_tuple *tuple,
		     const struct hstp_path *path, const struct hstp_tx *tx)
{
	add_header(skb, tuple, tx);
	hstp_stats_out(hn, tx->flags, tx->again);
	hstp_event_out(hn, tuple, tx);
	hstp_ipv4_send(hn, skb, tuple, path);
}

/**
 * hstp_output_tx() - send a segment without text
 * @hn: namespace
 * @tuple: both ends
 * @path: how it gets there; @path->dst stays the caller's
 * @tx: the segment
 *
 * Context: BH off, rcu_read_lock().
 */
void hstp_output_tx(struct hstp_net *hn, const struct hstp_tuple *tuple,
		    const struct hstp_path *path, const struct hstp_tx *tx)
{
	struct sk_buff *skb = alloc_packet(0);

	if (skb)
		transmit(hn, skb, tuple, path, tx);
}

/**
 * hstp_output_mss() - the MSS to announce
 * @dst: route
 * @user_mss: HSTP_MAXSEG, bytes, or 0
 *
 * Return: bytes of text that the route carries, or less if the user says so.
 */
u16 hstp_output_mss(const struct dst_entry *dst, u16 user_mss)
{
	u16 mss = hstp_ipv4_mss(dst);

	return user_mss && user_mss < mss ? user_mss : mss;
}

/**
 * hstp_output_way() - what a connection's route depends on
 * @conn: connection, locked or not yet in the table
 * @way: filled
 */
void hstp_output_way(const struct hstp_conn *conn, struct hstp_way *way)
{
	way->hop = hstp_ipopt_hop(conn->ipopt);
	way->ifindex = conn->ifindex;
	way->mark = conn->mark;
	way->uid = conn->uid;
	way->tos = conn->tos;
	way->transparent = conn->tcb.tune.transparent;
}

/**
 * hstp_output_route() - find a connection's route
 * @conn: connection
 *
 * It is kept until the routing tables change; what it has learnt of the path's MTU is forgotten
 * sooner (SHLD-6, RFC 1191 section 6.3), which matters where that is what limits segments.
 *
 * Context: the connection's lock.
 *
 * Return: false when there is none.
 */
bool hstp_output_route(struct hstp_conn *conn)
{
	struct dst_entry *dst = conn->dst;
	struct hstp_way way;

	if (likely(dst && (!dst->obsolete || dst->ops->check(dst, 0)))) {
		if (unlikely(hstp_path_limits(&conn->tcb)))
			hstp_path_mss(&conn->tcb, hstp_ipv4_mss(dst));
		return true;
	}
	dst_release(dst);
	conn->dst = NULL;
	hstp_output_way(conn, &way);
	dst = hstp_ipv4_route(conn->hn, &conn->tuple, &way);
	if (IS_ERR(dst))
		return false;
	conn->dst = dst;
	hstp_path_mss(&conn->tcb, hstp_ipv4_mss(dst));
	return true;
}

static void path_of(const struct hstp_conn *conn, struct hstp_path *path)
{
	path->dst = conn->dst;
	path->ipopt = conn->ipopt;
	path->mark = conn->mark;
	path->priority = conn->priority;
	path->tos = conn->tos;
	path->pmtudisc = conn->pmtudisc;
	path->ttl = conn->ttl;
	if (static_branch_unlikely(&hstp_fault_key))
		path->state = conn->tcb.state;
}

static struct sk_buff *alloc_large(unsigned int room)
{
	struct sk_buff *skb = alloc_skb(HEADROOM + room, GFP_ATOMIC | __GFP_NOWARN);

	if (skb)
		skb_reserve(skb, HEADROOM);
	return skb;
}

/* A packet with the segment's text: copied if there is little of it, else shared
 * with the queue; copied after all if it is in too many pieces.
 */
static struct sk_buff *text_packet(const struct hstp_sendq *q, const struct hstp_tx *tx)
{
	struct sk_buff *skb;

	skb = alloc_packet(tx->text_len <= HSTP_COPY_MAX ? tx->text_len : 0);
	if (!skb)
		return NULL;
	if (likely(hstp_sendq_get(q, tx->text_off, tx->text_len, skb)))
		return skb;
	kfree_skb(skb);

	skb = alloc_large(tx->text_len);
	if (skb && !hstp_sendq_get(q, tx->text_off, tx->text_len, skb)) {
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

static void send_one(struct hstp_conn *conn, const struct hstp_path *path,
		     const struct hstp_tx *tx)
{
	struct sk_buff *skb;

	skb = tx->text_len ? text_packet(&conn->sendq, tx) : alloc_packet(0);
	if (!skb)
		return;
	hstp_meter_sends(conn, tx);
	transmit(conn->hn, skb, &conn->tuple, path, tx);
}

/**
 * hstp_output() - send all that the core has to send
 * @conn: connection
 * @env: the event's surroundings
 * @acts: gets transitions
 *
 * What cannot be sent now is as if lost on the way: it will be sent again.
 *
 * Context: the connection's lock, BH off.
 */
void hstp_output(struct hstp_conn *conn, const struct hstp_env *env, struct hstp_acts *acts)
{
	struct hstp_path path;
	struct hstp_tx tx;
	bool way;

	rcu_read_lock();
	way = hstp_output_route(conn);	/* it tells how large segments can be */
	while (hstp_send_next(&conn->tcb, env, acts, &tx)) {
		if (!way)
			continue;
		path_of(conn, &path);
		if (tx.ect)
			path.tos |= INET_ECN_ECT_0;
		send_one(conn, &path, &tx);
	}
	rcu_read_unlock();
}

/**
 * hstp_output_reply() - send a connection's reset
 * @conn: connection
 * @env: the event's surroundings
 * @acts: has the reply
 *
 * Context: the connection's lock, BH off.
 */
void hstp_output_reply(struct hstp_conn *conn, const struct hstp_env *env,
		       const struct hstp_acts *acts)
{
	struct hstp_path path;
	struct hstp_tx tx;

	hstp_reply_tx(&conn->tcb, env, acts, &tx);
	rcu_read_lock();
	if (hstp_output_route(conn)) {
		path_of(conn, &path);
		send_one(conn, &path, &tx);
	}
	rcu_read_unlock();
}

/**
 * hstp_output_stray() - answer a segment that belongs to no connection, or only to a record
 * @hn: namespace
 * @tuple: both ends
 * @skb: the packet that is answered
 * @t: what it has found
 * @env: the event's surroundings
 * @acts: has the reply
 *
 * Context: softirq, rcu_read_lock().
 */
void hstp_output_stray(struct hstp_net *hn, const struct hstp_tuple *tuple, struct sk_buff *skb,
		       const struct hstp_tcb *t, const struct hstp_env *env,
		       const struct hstp_acts *acts)
{
	struct hstp_path path = {
		.mark = IP4_REPLY_MARK(hn->net, skb->mark),
		.pmtudisc = IP_PMTUDISC_WANT,
		.ttl = -1,
		.state = t->state,
	};
	struct hstp_way way = { .uid = GLOBAL_ROOT_UID, .transparent = true };
	struct hstp_tx tx;

	/* Not every address that a route leads here for is ours to answer from; those
	 * that IP_TRANSPARENT serves are.
	 */
	if (skb_rtable(skb)->rt_type != RTN_LOCAL)
		return;
	way.mark = path.mark;
	path.dst = hstp_ipv4_route(hn, tuple, &way);
	if (IS_ERR(path.dst))
		return;
	hstp_reply_tx(t, env, acts, &tx);
	hstp_output_tx(hn, tuple, &path, &tx);
	dst_release(path.dst);
}

/**
 * hstp_challenge_allowed() - may one more challenge ACK be sent this second
 * @hn: namespace
 *
 * RFC 5961 section 7: a limit for all connections together, which a stranger
 * cannot use to learn of one connection: half of it is random.
 */
bool hstp_challenge_allowed(struct hstp_net *hn)
{
	unsigned long second = jiffies / HZ;
	bool allowed = false;

	spin_lock_bh(&hn->challenge_lock);
	if (hn->challenge_second != second) {
		u32 limit = READ_ONCE(hn->settings.challenge_ack_limit);
		u32 half = (limit + 1) / 2;

		hn->challenge_second = second;
		hn->challenge_count = half + prandom_u32_max(limit - half + 1);
	}
	if (hn->challenge_count) {
		hn->challenge_count--;
		allowed = true;
	}
	spin_unlock_bh(&hn->challenge_lock);
	return allowed;
}
