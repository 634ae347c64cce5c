// SPDX-License-Identifier: GPL-2.0
/* The passive open: from the SYN that a listener gets to the connection that
 * accept() takes.
 */
#include <net/dst.h>
#include <net/ip.h>

#include "act.h"
#include "buffers.h"
#include "ident.h"
#include "ipv4.h"
#include "memory.h"
#include "mini.h"
#include "output.h"
#include "passive.h"
#include "stats.h"

/* bytes of memory of a SYN with text that is kept */
#define EARLY_MAX	4096

static void drop(struct hstp_net *hn, struct sk_buff *skb, enum hstp_drop why)
{
	HSTP_COUNT(hn, drops[why]);
	kfree_skb(skb);
}

/**
 * hstp_passive_refuses() - would a SYN be dropped
 * @l: listener
 * @tuple: both ends
 *
 * The peer must not be ourselves, and there must be room for the handshake and
 * for the connection.
 *
 * Context: rcu_read_lock().
 *
 * Return: why, or HSTP_DROP_NONE.
 */
enum hstp_drop hstp_passive_refuses(struct hstp_listener *l, const struct hstp_tuple *tuple)
{
	if (tuple->lport == tuple->fport && ipv6_addr_equal(&tuple->laddr, &tuple->faddr))
		return HSTP_DROP_LAND;
	if (hstp_listen_full(l))
		return HSTP_DROP_LISTEN_OVERFLOW;
	if (atomic_read(&l->syns) >= READ_ONCE(l->hn->settings.max_syn_backlog))
		return HSTP_DROP_SYN_BACKLOG;
	return HSTP_DROP_NONE;
}

/* RFC 9293 section 3.10.7.2 third: text of a SYN waits for the end of the handshake, if there
 * is room for it; else it comes again. A listener's records hold no more than the backlog of
 * small packets.
 */
static struct sk_buff *keep_early(struct hstp_net *hn, struct sk_buff *skb,
				  const struct hstp_segment *seg, const struct hstp_acts *acts)
{
	struct hstp_skb_cb *cb = HSTP_CB(skb);

	if (skb->truesize > EARLY_MAX || hstp_memory_room(hn, HSTP_MEMORY_LEAST) != U32_MAX)
		return NULL;
	hstp_recvq_detach(skb);
	cb->seq = seg->seq + 1;
	cb->off = seg->header_len;
	cb->len = acts->text_len;
	cb->fin = acts->bits & HSTP_ACT_HOLD_FIN;
	percpu_counter_add_batch(&hn->memory, skb->truesize, HSTP_MEMORY_BATCH);
	return skb_get(skb);
}

/* The IP options of a SYN; @p gets the precedence that it asks for, if the listener allows.
 * What the listener's security does not allow is answered here.
 */
static enum hstp_drop take_options(struct hstp_listener *l, const struct hstp_tuple *tuple,
				   struct sk_buff *skb, struct hstp_segment *seg,
				   struct hstp_env *env, struct hstp_profile *p,
				   struct hstp_ipopt **ipopt)
{
	struct hstp_tcb t = { .state = HSTP_LISTEN };
	struct hstp_acts acts = HSTP_ACTS_INIT;

	env->strange = hstp_ipopt_strange(&p->security, p->tos, skb);
	if (!hstp_security_opens(seg, env, &acts)) {
		hstp_output_stray(l->hn, tuple, skb, &t, env, &acts);
		HSTP_COUNT(l->hn, resets_out[acts.reset_out]);
		return acts.drop;
	}
	if (acts.bits & HSTP_ACT_RAISE)
		p->tos = hstp_ipopt_raise(p->tos, skb);
	if (hstp_ipopt_of_packet(skb, &p->security, p->tos, ipopt))
		return HSTP_DROP_MEMORY;
	p->ipopt = *ipopt;
	env->strange = 0;
	return HSTP_DROP_NONE;
}

/* A record in SYN-RECEIVED, and the SYN,ACK. */
static enum hstp_drop open_passive(struct hstp_listener *l, u32 hash,
				   const struct hstp_tuple *tuple, struct sk_buff *skb,
				   struct hstp_segment *seg, bool reopen,
				   struct hstp_env *env)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_tcb t = { .state = HSTP_CLOSED };
	struct hstp_net *hn = l->hn;
	struct hstp_rare rare = {};
	struct hstp_profile p;
	struct hstp_path path;
	struct hstp_way way;
	enum hstp_drop why;
	struct hstp_tx tx;

	if (!hstp_listen_admit(l, &p))
		return HSTP_DROP_NO_CONNECTION;
	if (unlikely(p.filtered) && !hstp_listen_passes(l, skb, seg)) {
		hstp_listen_dismiss(l);
		return HSTP_DROP_FILTER;
	}
	if (unlikely(p.security.flags || hstp_ipopt_in(skb))) {
		why = take_options(l, tuple, skb, seg, env, &p, &rare.ipopt);
		if (why) {
			hstp_listen_dismiss(l);
			return why;
		}
	}
	path.mark = p.mark;
	path.priority = p.priority;
	path.tos = p.tos;
	path.pmtudisc = p.pmtudisc;
	path.ttl = p.ttl;
	path.state = HSTP_SYN_RECEIVED;
	path.ipopt = rare.ipopt;
	hstp_profile_way(&p, &way);
	path.dst = hstp_ipv4_route(hn, tuple, &way);
	if (IS_ERR(path.dst)) {
		hstp_ipopt_free(rare.ipopt);
		hstp_listen_dismiss(l);
		return HSTP_DROP_BAD_SOURCE;
	}

	t.rcv_mss = hstp_output_mss(path.dst, p.mss);
	t.snd_mss = p.mss ?: U16_MAX;
	hstp_path_mss(&t, hstp_ipv4_mss(path.dst));
	env->buffer = hstp_buffer_text(p.rcvbuf, &p.tune);
	env->buffer_max = hstp_buffer_max(hn, p.rcvbuf, &p.tune, p.rcvbuf_fixed);
	env->space = env->buffer;
	hstp_listen_arrives(&t, seg, env, &acts);
	hstp_send_next(&t, env, &acts, &tx);

	if (unlikely(acts.bits & HSTP_ACT_HOLD))
		rare.early = keep_early(hn, skb, seg, &acts);
	why = hstp_mini_open(l, hash, tuple, &t, p.reuse, reopen, &rare, &acts);
	if (!why)
		hstp_output_tx(hn, tuple, &path, &tx);
	else
		hstp_listen_dismiss(l);
	dst_release(path.dst);
	return why;
}

/**
 * hstp_passive_arrives() - a segment for a listener
 * @l: listener
 * @hash: of @tuple
 * @tuple: both ends
 * @skb: the packet; given away
 * @seg: its segment
 * @iss_floor: what our ISS must be beyond, if TIME-WAIT has let the segment pass; or NULL
 *
 * RFC 9293 section 3.10.7.2. Context: softirq, rcu_read_lock().
 */
void hstp_passive_arrives(struct hstp_listener *l, u32 hash, const struct hstp_tuple *tuple,
			  struct sk_buff *skb, struct hstp_segment *seg,
			  const u32 *iss_floor)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_tcb t = { .state = HSTP_LISTEN };
	enum hstp_drop why;
	struct hstp_env env;
	u64 since = 0;

	hstp_mini_env(l->hn, &env);
	if ((seg->flags & (HSTP_SYN | HSTP_ACK | HSTP_RST)) != HSTP_SYN) {
		hstp_listen_arrives(&t, seg, &env, &acts);
		hstp_stats_event(l->hn, &acts, &since);
		if (acts.bits & HSTP_ACT_REPLY)
			hstp_output_stray(l->hn, tuple, skb, &t, &env, &acts);
		kfree_skb(skb);
		return;
	}
	why = hstp_passive_refuses(l, tuple);
	if (!why) {
		env.iss = hstp_ident_isn(l->hn, tuple);
		env.ts_offset = hstp_ident_stamps(l->hn, tuple);
		/* MAY-2: beyond all that the connection before this one has used */
		if (iss_floor && !hstp_after(env.iss, *iss_floor))
			env.iss = *iss_floor + 1;
		why = open_passive(l, hash, tuple, skb, seg, iss_floor, &env);
	}
	if (why)
		drop(l->hn, skb, why);
	else
		consume_skb(skb);
}

static void take_rare(struct hstp_conn *conn, struct hstp_rare *rare)
{
	struct hstp_range whole;

	if (rare->ipopt) {
		conn->ipopt = rare->ipopt;
		conn->tcb.ip_options = hstp_ipopt_words(conn->ipopt);
		conn->tos = conn->ipopt->tos;
	}
	if (rare->early) {
		conn->early.texts_in++;
		conn->charged = rare->early->truesize;
		hstp_recvq_hold(&conn->recvq, rare->early, &whole);
	}
	memset(rare, 0, sizeof(*rare));
}

/* The connection that a record becomes when its SYN is acknowledged. Its priority is none, as
 * that of the socket that accept() will make: the listener's is for what the listener sends.
 */
static struct hstp_conn *promote(struct hstp_net *hn, u32 hash, struct hstp_mini *mini,
				 const struct hstp_tcb *t, const struct hstp_segment *seg,
				 const struct hstp_profile *p)
{
	struct hstp_conn *conn = hstp_conn_new(hn, GFP_ATOMIC);

	if (!conn)
		return NULL;
	conn->tuple = mini->tuple;
	conn->hash = hash;
	conn->tcb = *t;
	conn->tcb.tune = p->tune;
	conn->tcb.quick = p->quick;
	conn->quickack = p->quickack;
	conn->tcb.again_count = mini->retries;
	/* The SYN and this segment; our SYN,ACK, as often as the timer has sent it */
	conn->early.segs_in = 2;
	conn->early.segs_out = 1 + mini->retries;
	conn->early.texts_in = !!seg->text_len;
	conn->reuse = p->reuse;
	conn->recvq.limit = p->rcvbuf;
	conn->rcvbuf_fixed = p->rcvbuf_fixed;
	conn->mark = p->mark;
	conn->ifindex = p->ifindex;
	conn->uid = p->uid;
	conn->tos = p->tos;
	conn->pmtudisc = p->pmtudisc;
	conn->ttl = p->ttl;
	conn->since_us = hstp_since_widen(mini->since_us);
	if (unlikely(mini->more))
		take_rare(conn, hstp_mini_rare(mini));
	return conn;
}

/* Nobody is to be told of a connection before its first text, or the end of it; but the
 * peer is not kept waiting for ever.
 */
static bool deferred(const struct hstp_mini *mini, const struct hstp_segment *seg,
		     const struct hstp_profile *p)
{
	return mini->retries < p->defer && !seg->text_len && !(seg->flags & HSTP_FIN);
}

static void open_conn(struct hstp_listener *l, const struct hstp_profile *p,
		      struct hstp_conn *conn, struct sk_buff *skb,
		      const struct hstp_segment *seg, struct hstp_env *env,
		      struct hstp_acts *acts)
{
	struct hstp_acts abort = HSTP_ACTS_INIT;

	/* The record had no room for the MSS that the SYN,ACK announced */
	if (hstp_output_route(conn))
		conn->tcb.rcv_mss = hstp_output_mss(conn->dst, p->mss);
	hstp_conn_env(conn, env);
	hstp_keepalive_start(&conn->tcb, env);
	hstp_act(conn, skb, seg, env, acts);
	if (hstp_listen_enqueue(l, conn))
		return;
	/* close() of the listener came first */
	hstp_call_abort(&conn->tcb, HSTP_RESET_OUT_LISTENER_CLOSED, HSTP_CAUSE_LISTENER_CLOSED,
			&abort);
	hstp_act(conn, NULL, NULL, env, &abort);
}

/* The core has seen all of the segment by now: one that the filter would cut off is
 * dropped, and comes again to the connection if its ACK comes without it.
 */
static bool passes(struct hstp_listener *l, struct sk_buff *skb, const struct hstp_segment *seg)
{
	struct hstp_segment cut = *seg;

	return hstp_listen_passes(l, skb, &cut) && cut.text_len == seg->text_len;
}

/**
 * hstp_passive_establish() - the third segment of the handshake has arrived
 * @hn: namespace
 * @b: bucket of the record; its lock is released
 * @mini: the record, which gives way to a connection if there is room for one
 * @hash: of its tuple
 * @t: its variables after the segment
 * @skb: the packet; given away
 * @seg: its segment
 * @env: the event's surroundings
 * @acts: what the core asked for
 *
 * Context: softirq, rcu_read_lock(), @b's lock.
 */
void hstp_passive_establish(struct hstp_net *hn, struct hstp_bucket *b, struct hstp_mini *mini,
			    u32 hash, const struct hstp_tcb *t, struct sk_buff *skb,
			    const struct hstp_segment *seg, struct hstp_env *env,
			    struct hstp_acts *acts)
	__releases(&b->lock)
{
	struct hstp_listener *l = mini->listener;
	struct hstp_profile p;
	struct hstp_conn *conn;
	enum hstp_drop why;

	why = hstp_listen_reserve(l, &p);
	if (!why && deferred(mini, seg, &p)) {
		/* HSTP_DEFER_ACCEPT: as if this ACK had been lost */
		hstp_listen_unreserve(l);
		why = HSTP_DROP_DEFERRED;
	}
	if (why) {
		spin_unlock(&b->lock);
		drop(hn, skb, why);
		return;
	}
	why = HSTP_DROP_FILTER;
	if (unlikely(p.filtered) && !passes(l, skb, seg))
		goto unreserve;
	why = HSTP_DROP_MEMORY;
	conn = promote(hn, hash, mini, t, seg, &p);
	if (!conn)
		goto unreserve;
	conn->rcv_tos = ip_hdr(skb)->tos;
	/* Against the order of locks, but without a circle. The connection is in no
	 * table yet: its lock can only be held by who looked for the one that had its
	 * memory before. Under the lock they find that it is not hashed, and let go:
	 * to_conn() and the ICMP handlers take no bucket's lock before they have.
	 */
	while (!spin_trylock(&conn->lock))
		cpu_relax();
	refcount_inc(&l->ref);
	hstp_mini_erase(hn, b, mini);
	hstp_mini_supersede(hn, b, &conn->tuple);
	hstp_conn_hash_locked(conn, b);
	spin_unlock(&b->lock);

	open_conn(l, &p, conn, skb, seg, env, acts);
	spin_unlock(&conn->lock);
	hstp_conn_put(conn);
	hstp_listen_put(l);
	return;

unreserve:
	hstp_listen_unreserve(l);
	spin_unlock(&b->lock);
	drop(hn, skb, why);
}
