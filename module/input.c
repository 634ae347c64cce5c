// SPDX-License-Identifier: GPL-2.0
/* A segment arrives: who is it for? Connections are asked first, then the
 * records, then the listeners; each hands it to the core and does what that says.
 */
#include <net/ip.h>
#include <net/route.h>

#include "act.h"
#include "event.h"
#include "input.h"
#include "ipv4.h"
#include "listen.h"
#include "mini.h"
#include "output.h"
#include "passive.h"
#include "socket.h"

/* Header into variables; the packet's pointers are void afterwards. */
static enum hstp_drop parse(struct sk_buff *skb, struct hstp_segment *seg)
{
	unsigned int len = hstp_header_len(skb->data);

	if (len > HSTP_HEADER_MIN && len <= skb->len && !pskb_may_pull(skb, len))
		return HSTP_DROP_MEMORY;
	return hstp_segment_parse(skb->data, skb_headlen(skb), skb->len, seg);
}

/* Does the memory that packets take, far more than their text, forbid to keep this
 * one? What is held behind a gap was not acknowledged and gives way to text that
 * fills the gap, which the connection needs to go on.
 */
static bool too_much_text(struct hstp_conn *conn, const struct sk_buff *skb,
			  const struct hstp_segment *seg)
{
	u64 limit = 2 * ((u64)conn->rcvbuf + HSTP_WINDOW_UNSCALED);

	if (!seg->text_len || conn->recvq.memory + skb->truesize <= limit)
		return false;
	if (hstp_after(seg->seq, conn->tcb.rcv_nxt))
		return true;
	hstp_recvq_purge_held(&conn->recvq);
	hstp_sack_forget(&conn->tcb);
	return conn->recvq.memory + skb->truesize > 4 * limit;
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
		hstp_output_stray(hn, tuple, skb, HSTP_CLOSED, &acts);
	kfree_skb(skb);
}

/* False when the connection is not to be found there any more: until its lock was
 * taken it could be anybody's.
 */
static bool to_conn(struct hstp_conn *conn, const struct hstp_tuple *tuple, struct sk_buff *skb,
		    const struct hstp_segment *seg)
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
	if (unlikely(seg->opt.sack_count) && !conn->board && conn->tcb.sack_ok)
		conn->board = kzalloc(sizeof(*conn->board), GFP_ATOMIC | __GFP_NOWARN);
	hstp_conn_env(conn, &env);
	env.no_room = too_much_text(conn, skb, seg);
	hstp_segment_arrives(&conn->tcb, seg, &env, &acts);
	hstp_act(conn, skb, seg, &env, &acts);
	spin_unlock(&conn->lock);
	return true;
}

static void to_listener(struct hstp_net *hn, u32 hash, const struct hstp_tuple *tuple,
			struct sk_buff *skb, const struct hstp_segment *seg,
			const u32 *iss_floor)
{
	struct hstp_listener *l;

	/* MUST-63: what comes from no host is not answered, nor with a reset */
	if (!hstp_ipv4_source_valid(hn, tuple, skb)) {
		HSTP_COUNT(hn, drops[HSTP_DROP_BAD_SOURCE]);
		kfree_skb(skb);
		return;
	}
	l = hstp_listen_lookup(hn, tuple, inet_sdif(skb) ?: inet_iif(skb));
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

static struct hstp_conn *lookup(const struct hstp_net *hn, const struct hstp_tuple *tuple)
{
	return hstp_conn_lookup(hn, tuple, hstp_tuple_hash(tuple, &hn->hash_key));
}

/* RFC 5927 section 4.1: it must be about something that is on its way. An ACK without
 * text has SEG.SEQ = SND.NXT.
 */
static bool is_credible(const struct hstp_conn *conn, const struct hstp_tuple *tuple, u32 seq)
{
	return conn->hashed && hstp_tuple_equal(&conn->tuple, tuple) &&
	       hstp_between(seq, conn->tcb.snd_una, conn->tcb.snd_nxt + 1);
}

static void take_error(struct hstp_conn *conn, int error, bool hard)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	conn->soft_error = error;
	if (conn->sk)
		WRITE_ONCE(conn->sk->sk_err_soft, error);
	if (!hard)
		return;
	hstp_conn_env(conn, &env);
	hstp_hard_error(&conn->tcb, &acts);
	if (acts.transition_count && conn->sk)
		hstp_sock_error(conn->sk, error);
	hstp_act(conn, NULL, NULL, &env, &acts);
}

static void take_mtu(struct hstp_conn *conn, u32 mtu)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	/* What the route has learned is read when it is looked up again */
	dst_release(conn->dst);
	conn->dst = NULL;
	hstp_conn_env(conn, &env);
	hstp_too_big(&conn->tcb, max_t(u32, mtu, 68) - 40, &acts);
	hstp_act(conn, NULL, NULL, &env, &acts);
}

/**
 * hstp_input_expects_error() - may an error of the network be about a real segment
 * @hn: namespace
 * @tuple: both ends as seen from here
 * @seq: the segment's sequence number, host order
 *
 * Context: softirq, rcu_read_lock().
 *
 * Return: true when a connection has it on its way.
 */
bool hstp_input_expects_error(struct hstp_net *hn, const struct hstp_tuple *tuple, u32 seq)
{
	struct hstp_conn *conn = lookup(hn, tuple);
	bool credible;

	if (!conn)
		return false;
	spin_lock(&conn->lock);
	credible = is_credible(conn, tuple, seq);
	spin_unlock(&conn->lock);
	hstp_conn_put(conn);
	return credible;
}

/**
 * hstp_input_error() - the network reports that a segment did not arrive
 * @hn: namespace
 * @tuple: both ends as seen from here
 * @seq: the segment's sequence number, host order
 * @error: positive errno
 * @hard: the destination cannot be reached at all, see section 3.9.2.2
 *
 * Context: softirq, rcu_read_lock().
 */
void hstp_input_error(struct hstp_net *hn, const struct hstp_tuple *tuple, u32 seq,
		      int error, bool hard)
{
	struct hstp_conn *conn = lookup(hn, tuple);

	if (!conn)
		return;
	spin_lock(&conn->lock);
	if (is_credible(conn, tuple, seq))
		take_error(conn, error, hard);
	spin_unlock(&conn->lock);
	hstp_conn_put(conn);
}

/**
 * hstp_input_too_big() - a segment was too big for the path
 * @hn: namespace
 * @tuple: both ends as seen from here
 * @seq: the segment's sequence number, host order
 * @mtu: bytes of a packet that fits
 *
 * RFC 1191 section 6.4. Context: softirq, rcu_read_lock().
 */
void hstp_input_too_big(struct hstp_net *hn, const struct hstp_tuple *tuple, u32 seq, u32 mtu)
{
	struct hstp_conn *conn = lookup(hn, tuple);

	if (!conn)
		return;
	spin_lock(&conn->lock);
	if (is_credible(conn, tuple, seq))
		take_mtu(conn, mtu);
	spin_unlock(&conn->lock);
	hstp_conn_put(conn);
}
