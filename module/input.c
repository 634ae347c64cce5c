// SPDX-License-Identifier: GPL-2.0
/* A segment arrives: who is it for? Connections are asked first, then the
 * records, then the listeners; each hands it to the core and does what that says.
 */
#include <net/inet_ecn.h>
#include <net/ip.h>
#include <net/route.h>

#include "act.h"
#include "event.h"
#include "filter.h"
#include "input.h"
#include "ipopt.h"
#include "ipv4.h"
#include "listen.h"
#include "memory.h"
#include "meter.h"
#include "mini.h"
#include "output.h"
#include "passive.h"
#include "socket.h"

static_assert((int)HSTP_ECT_0 == INET_ECN_ECT_0 && (int)HSTP_CE == INET_ECN_CE);

/* Header into variables; the packet's pointers are void afterwards. */
static enum hstp_drop parse(struct sk_buff *skb, struct hstp_segment *seg)
{
	unsigned int len = hstp_header_len(skb->data);

	if (len > HSTP_HEADER_MIN && len <= skb->len && !pskb_may_pull(skb, len))
		return HSTP_DROP_MEMORY;
	seg->ecn = ip_hdr(skb)->tos & INET_ECN_MASK;
	return hstp_segment_parse(skb->data, skb_headlen(skb), skb->len, seg);
}

/* Does the memory that packets take, far more than their text, forbid to keep this
 * one? What is held behind a gap was not acknowledged and gives way to text that
 * fills the gap, which the connection needs to go on.
 */
static enum hstp_drop no_room(struct hstp_conn *conn, const struct sk_buff *skb,
			      const struct hstp_segment *seg)
{
	u64 limit = 2 * ((u64)conn->recvq.limit + HSTP_WINDOW_UNSCALED);
	struct hstp_recvq *q = &conn->recvq;
	bool over;

	over = q->memory + skb->truesize > limit;
	if (!over && !hstp_memory_full(conn->hn, q->memory))
		return HSTP_DROP_NONE;
	if (hstp_after(seg->seq, conn->tcb.rcv_nxt))
		return over ? HSTP_DROP_RECEIVE_LIMIT : HSTP_DROP_MEMORY_LIMIT;
	/* Who sends what is old does not fill the gap, and may be anybody. */
	if (!RB_EMPTY_ROOT(&q->held) && !hstp_after(seg->seq + seg->text_len, conn->tcb.rcv_nxt))
		return HSTP_DROP_NONE;

	hstp_recvq_purge_held(q);
	hstp_sack_forget(&conn->tcb);
	hstp_memory_charge(conn);
	if (q->memory + skb->truesize > 4 * limit)
		return HSTP_DROP_RECEIVE_LIMIT;
	return hstp_memory_full(conn->hn, q->memory) ? HSTP_DROP_MEMORY_LIMIT : HSTP_DROP_NONE;
}

/* RFC 9293 section 3.10.7.1 */
static void to_nobody(struct hstp_net *hn, const struct hstp_tuple *tuple, struct sk_buff *skb,
		      const struct hstp_segment *seg)
{
	struct hstp_tcb closed = { .state = HSTP_CLOSED };
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env = { .cfg = &hn->settings.core };
	u64 since = 0;

	hstp_segment_arrives(&closed, seg, &env, &acts);
	hstp_stats_event(hn, &acts, &since);
	if (acts.bits & HSTP_ACT_REPLY)
		hstp_output_stray(hn, tuple, skb, &closed, &env, &acts);
	kfree_skb(skb);
}

/* Does the filter of its socket, or until accept() of the listening one, let a segment pass? */
static bool passes(const struct hstp_conn *conn, struct sk_buff *skb, struct hstp_segment *seg)
{
	if (likely(conn->sk))
		return likely(!hstp_filter_wanted(conn->sk)) ||
		       hstp_filter_passes(conn->sk, skb, seg);
	return !conn->listener || hstp_listen_passes(conn->listener, skb, seg);
}

/* False when the connection is not to be found there any more: until its lock was
 * taken it could be anybody's.
 */
static bool to_conn(struct hstp_conn *conn, const struct hstp_tuple *tuple, struct sk_buff *skb,
		    struct hstp_segment *seg)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	spin_lock(&conn->lock);
	if (!conn->hashed || !hstp_tuple_equal(&conn->tuple, tuple)) {
		spin_unlock(&conn->lock);
		return false;
	}
	if (!hstp_ipv4_on_device(skb, conn->ifindex)) {
		spin_unlock(&conn->lock);
		to_nobody(conn->hn, tuple, skb, seg);
		return true;
	}
	if (!passes(conn, skb, seg)) {
		spin_unlock(&conn->lock);
		HSTP_COUNT(conn->hn, drops[HSTP_DROP_FILTER]);
		kfree_skb(skb);
		return true;
	}
	hstp_meter_arrives(conn, seg->text_len);
	if (unlikely(seg->opt.sack_count) && !conn->board && conn->tcb.sack_ok)
		conn->board = kzalloc(sizeof(*conn->board), GFP_ATOMIC | __GFP_NOWARN);
	hstp_conn_env(conn, &env);
	if (seg->text_len)
		env.no_room = no_room(conn, skb, seg);
	if (unlikely(conn->ipopt || hstp_ipopt_in(skb)))
		hstp_ipopt_arrives(conn, skb, seg, &env, &acts);
	else
		hstp_segment_arrives(&conn->tcb, seg, &env, &acts);
	if (unlikely(conn->board))
		hstp_meter_selective(conn, seg, &acts);
	hstp_act(conn, skb, seg, &env, &acts);
	spin_unlock(&conn->lock);
	return true;
}

static void to_listener(struct hstp_net *hn, u32 hash, const struct hstp_tuple *tuple,
			struct sk_buff *skb, struct hstp_segment *seg,
			const u32 *iss_floor)
{
	struct hstp_listener *l;

	/* MUST-63: what comes from no host is not answered, nor with a reset */
	if (!hstp_ipv4_source_valid(hn, tuple, skb)) {
		HSTP_COUNT(hn, drops[HSTP_DROP_BAD_SOURCE]);
		kfree_skb(skb);
		return;
	}
	l = hstp_listen_choose(hn, hash, tuple, skb, seg);
	if (l)
		hstp_passive_arrives(l, hash, tuple, skb, seg, iss_floor);
	else
		to_nobody(hn, tuple, skb, seg);
}

/**
 * hstp_input() - a segment has arrived
 * @hn: namespace
 * @tuple: both ends as seen from here
 * @skb: the packet, its first 20 bytes readable and its checksum good; given
 *	away
 *
 * RFC 9293 section 3.10.7. Context: softirq, rcu_read_lock().
 */
void hstp_input(struct hstp_net *hn, const struct hstp_tuple *tuple, struct sk_buff *skb)
{
	u32 hash = hstp_tuple_hash(tuple, &hn->hash_key);
	enum hstp_mini_result result;
	struct hstp_segment seg;
	struct hstp_conn *conn;
	enum hstp_drop why;
	u32 iss_floor;
	bool done;

	why = parse(skb, &seg);
	if (why) {
		HSTP_COUNT(hn, drops[why]);
		kfree_skb(skb);
		return;
	}
	hstp_stats_in(hn, seg.flags);
	hstp_event_in(hn, tuple, &seg);

	/* Connection and record replace each other under the bucket's lock: who
	 * misses one finds the other, or has to look again.
	 */
	do {
		conn = hstp_conn_lookup(hn, tuple, hash);
		if (conn) {
			done = to_conn(conn, tuple, skb, &seg);
			hstp_conn_put(conn);
			if (done)
				return;
		}
		result = hstp_mini_arrives(hn, hash, tuple, skb, &seg, &iss_floor);
	} while (result == HSTP_MINI_CONN);

	if (result != HSTP_MINI_DONE)
		to_listener(hn, hash, tuple, skb, &seg,
			    result == HSTP_MINI_REOPEN ? &iss_floor : NULL);
}
