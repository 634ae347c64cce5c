// SPDX-License-Identifier: GPL-2.0
/* LISTEN: the table of listeners, and the queue of those that accept() awaits. */
#include <linux/rculist.h>
#include <linux/slab.h>
#include <net/inet_sock.h>
#include <net/ip.h>
#include <net/sock_reuseport.h>

#include "act.h"
#include "buffers.h"
#include "event.h"
#include "filter.h"
#include "ipv4.h"
#include "listen.h"
#include "mini.h"
#include "socket.h"

static struct hlist_head *chain(const struct hstp_net *hn, __be16 lport)
{
	return (struct hlist_head *)&hn->listeners[ntohs(lport) % HSTP_LISTEN_BUCKETS];
}

static bool overlap(const struct hstp_listener *l, const struct in6_addr *laddr, int ifindex)
{
	int bound = READ_ONCE(l->ifindex);

	if (bound && ifindex && bound != ifindex)
		return false;
	return hstp_addr_any(&l->laddr) || hstp_addr_any(laddr) ||
	       ipv6_addr_equal(&l->laddr, laddr);
}

/* A listener has no peer. */
static void tell(struct hstp_listener *l, const struct hstp_acts *acts)
{
	struct hstp_tuple tuple = { .laddr = l->laddr, .lport = l->lport };

	if (ipv6_addr_v4mapped(&l->laddr))
		ipv6_addr_set_v4mapped(0, &tuple.faddr);
	hstp_event(l->hn, &tuple, &l->tcb, acts, &l->since_us);
}

/* SO_REUSEPORT: sockets of one owner. Under hn->listen_lock. */
static bool may_share(const struct hstp_listener *l, const struct sock *sk)
{
	return l->shares && sk->sk_reuseport && uid_eq(l->sk->sk_uid, sk->sk_uid);
}

/* Who listens at the same name as @l is of its group. Under hn->listen_lock. */
static int join_group(struct hstp_listener *l, struct hlist_head *head)
{
	bool any = hstp_addr_any(&l->laddr);
	struct hstp_listener *other;

	hlist_for_each_entry(other, head, node) {
		if (other->shares && other->lport == l->lport && other->ifindex == l->ifindex &&
		    ipv6_addr_equal(&other->laddr, &l->laddr))
			return reuseport_add_sock(l->sk, other->sk, any);
	}
	return reuseport_alloc(l->sk, any);
}

/**
 * hstp_listen_start() - a socket begins to listen
 * @sk: the socket
 * @hn: its namespace
 * @laddr: address it is bound to, or unspecified
 * @lport: its port, network order
 * @ifindex: the interface it is bound to, or 0
 * @backlog: connections that may wait for accept(), less one
 * @out: gets the listener with a reference for the socket
 *
 * RFC 9293 section 3.10.1, passive OPEN. Context: process, lock_sock().
 *
 * Return: 0, -ENOMEM, or -EADDRINUSE when another socket listens there that does not share.
 */
int hstp_listen_start(struct sock *sk, struct hstp_net *hn, const struct in6_addr *laddr,
		      __be16 lport, int ifindex, u32 backlog, struct hstp_listener **out)
{
	struct hlist_head *head = chain(hn, lport);
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_listener *l, *other;
	int err = -EADDRINUSE;

	l = kzalloc(sizeof(*l), GFP_KERNEL_ACCOUNT);
	if (!l)
		return -ENOMEM;
	refcount_set(&l->ref, 2);	/* table and socket */
	spin_lock_init(&l->lock);
	l->last = &l->first;
	l->hn = hn;
	l->laddr = *laddr;
	l->lport = lport;
	l->ifindex = ifindex;
	l->backlog = backlog;
	l->sk = sk;
	l->shares = sk->sk_reuseport;

	spin_lock_bh(&hn->listen_lock);
	hlist_for_each_entry(other, head, node) {
		if (other->lport == lport && overlap(other, laddr, ifindex) &&
		    !may_share(other, sk))
			goto refuse;
	}
	if (l->shares) {
		/* Who has found it in its group may look at it for a while */
		sock_set_flag(sk, SOCK_RCU_FREE);
		err = join_group(l, head);
		if (err)
			goto refuse;
	}
	hstp_call_open_passive(&l->tcb, &acts);
	tell(l, &acts);
	sock_hold(sk);
	hlist_add_head_rcu(&l->node, head);
	spin_unlock_bh(&hn->listen_lock);
	*out = l;
	return 0;

refuse:
	spin_unlock_bh(&hn->listen_lock);
	kfree(l);
	return err;
}

static void reset_unaccepted(struct hstp_listener *l, struct hstp_conn *conn)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	spin_lock_bh(&conn->lock);
	conn->listener = NULL;
	hstp_conn_env(conn, &env);
	hstp_call_abort(&conn->tcb, HSTP_RESET_OUT_LISTENER_CLOSED, HSTP_CAUSE_LISTENER_CLOSED,
			&acts);
	hstp_act(conn, NULL, NULL, &env, &acts);
	spin_unlock_bh(&conn->lock);
	hstp_conn_put(conn);
	hstp_listen_put(l);
}

/**
 * hstp_listen_stop() - a socket listens no more
 * @l: its listener; the socket's reference is given away
 *
 * RFC 9293 section 3.10.4, CLOSE in LISTEN. Who waited for accept() is reset.
 *
 * Context: process, lock_sock().
 */
void hstp_listen_stop(struct hstp_listener *l)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_conn *conn, *next;
	struct sock *sk;

	spin_lock_bh(&l->hn->listen_lock);
	hlist_del_init_rcu(&l->node);
	if (l->shares)
		reuseport_detach_sock(l->sk);
	spin_unlock_bh(&l->hn->listen_lock);

	spin_lock_bh(&l->lock);
	sk = l->sk;
	WRITE_ONCE(l->sk, NULL);
	next = l->first;
	WRITE_ONCE(l->first, NULL);
	l->last = &l->first;
	l->queued = 0;
	hstp_call_close(&l->tcb, &acts);
	tell(l, &acts);
	spin_unlock_bh(&l->lock);

	hstp_mini_drop_listener(l);

	while ((conn = next)) {
		next = conn->accept_next;
		reset_unaccepted(l, conn);
	}
	sock_put(sk);
	hstp_listen_put(l);	/* the table's */
	hstp_listen_put(l);	/* the socket's */
}

/**
 * hstp_listen_lookup() - who listens for a segment
 * @hn: namespace
 * @tuple: both ends
 * @ifindex: interface that the segment came in on
 *
 * The most particular one wins: address and interface, address, interface, any.
 *
 * Context: rcu_read_lock(), under which the result is valid.
 *
 * Return: a listener, of a group any, or NULL.
 */
struct hstp_listener *hstp_listen_lookup(const struct hstp_net *hn, const struct hstp_tuple *tuple,
					 int ifindex)
{
	struct hstp_listener *l, *best = NULL;
	int best_score = -1;

	hlist_for_each_entry_rcu(l, chain(hn, tuple->lport), node) {
		int score = 0, bound = READ_ONCE(l->ifindex);

		if (l->lport != tuple->lport)
			continue;
		if (!hstp_addr_any(&l->laddr)) {
			if (!ipv6_addr_equal(&l->laddr, &tuple->laddr))
				continue;
			score += 2;
		}
		if (bound) {
			if (bound != ifindex)
				continue;
			score++;
		}
		if (score > best_score) {
			best = l;
			best_score = score;
		}
	}
	return best;
}

/* One of the group of @l. Sockets that listen are freed after a grace period. */
static struct hstp_listener *member(struct hstp_listener *l, u32 hash, struct sk_buff *skb,
				    const struct hstp_segment *seg)
{
	struct sock *sk = READ_ONCE(l->sk);
	struct hstp_listener *chosen = NULL;

	if (sk)
		sk = reuseport_select_sock(sk, hash, skb, seg->header_len);
	if (sk)
		chosen = READ_ONCE(hstp_sk(sk)->listener);
	return chosen ?: l;
}

/**
 * hstp_listen_choose() - who of those that listen gets a segment
 * @hn: namespace
 * @hash: of @tuple
 * @tuple: both ends
 * @skb: the packet
 * @seg: its segment
 *
 * Of a group (SO_REUSEPORT) its program chooses, if it has one, else the hash.
 *
 * Context: softirq, rcu_read_lock(), under which the result is valid.
 *
 * Return: a listener or NULL.
 */
struct hstp_listener *hstp_listen_choose(const struct hstp_net *hn, u32 hash,
					 const struct hstp_tuple *tuple, struct sk_buff *skb,
					 const struct hstp_segment *seg)
{
	struct hstp_listener *l = hstp_listen_lookup(hn, tuple, inet_sdif(skb) ?: inet_iif(skb));

	return l && l->shares ? member(l, hash, skb, seg) : l;
}

/**
 * hstp_listen_put() - give a reference back
 * @l: listener; freed with the last, after a grace period
 */
void hstp_listen_put(struct hstp_listener *l)
{
	if (refcount_dec_and_test(&l->ref))
		kfree_rcu(l, rcu);
}

static void copy_profile(const struct sock *sk, struct hstp_profile *p)
{
	p->rcvbuf = READ_ONCE(sk->sk_rcvbuf);
	p->rcvbuf_fixed = hstp_buffer_fixed(sk);
	p->mark = READ_ONCE(sk->sk_mark);
	p->priority = READ_ONCE(sk->sk_priority);
	p->ifindex = READ_ONCE(sk->sk_bound_dev_if);
	p->uid = sk->sk_uid;
	p->mss = READ_ONCE(hstp_sk(sk)->mss);
	p->defer = READ_ONCE(hstp_sk(sk)->defer);
	p->quickack = READ_ONCE(hstp_sk(sk)->quickack);
	p->quick = READ_ONCE(hstp_sk(sk)->quick);
	p->tune = hstp_sock_tuning(sk);	/* all that is in it is inherited */
	p->security = hstp_sk(sk)->security;
	p->ipopt = NULL;
	p->reuse = hstp_sock_reuse(sk);
	p->filtered = hstp_filter_wanted(sk);
	p->tos = READ_ONCE(inet_sk(sk)->tos);
	p->pmtudisc = READ_ONCE(inet_sk(sk)->pmtudisc);
	p->ttl = READ_ONCE(inet_sk(sk)->uc_ttl);
}

/**
 * hstp_listen_profile() - what a new connection takes over
 * @l: listener
 * @p: filled
 *
 * Each field is named here: a connection has nothing else of its listener.
 *
 * Return: false when the listener is closed.
 */
bool hstp_listen_profile(struct hstp_listener *l, struct hstp_profile *p)
{
	const struct sock *sk;

	spin_lock_bh(&l->lock);
	sk = l->sk;
	if (sk)
		copy_profile(sk, p);
	spin_unlock_bh(&l->lock);
	return sk;
}

/**
 * hstp_profile_way() - what the route of a listener's new connection depends on
 * @p: what the connection takes over
 * @way: filled
 */
void hstp_profile_way(const struct hstp_profile *p, struct hstp_way *way)
{
	way->hop = hstp_ipopt_hop(p->ipopt);
	way->ifindex = p->ifindex;
	way->mark = p->mark;
	way->uid = p->uid;
	way->tos = p->tos;
	way->transparent = p->tune.transparent;
}

/**
 * hstp_listen_passes() - does the socket's filter let a segment pass
 * @l: listener
 * @skb: the packet; a filter may cut it off
 * @seg: its segment: the text is what is left of it
 *
 * Context: softirq; maybe the lock of a connection that waits for accept().
 */
bool hstp_listen_passes(struct hstp_listener *l, struct sk_buff *skb, struct hstp_segment *seg)
{
	struct sock *sk;
	bool passes;

	spin_lock(&l->lock);
	sk = l->sk;
	if (sk && !hstp_filter_wanted(sk))
		sk = NULL;
	if (sk)
		sock_hold(sk);
	spin_unlock(&l->lock);
	if (!sk)
		return true;
	passes = hstp_filter_passes(sk, skb, seg);
	sock_put(sk);
	return passes;
}

/**
 * hstp_listen_reserve() - a connection is going to wait for accept()
 * @l: listener
 * @p: filled as by hstp_listen_profile()
 *
 * Its place is taken at once, so that others who come at the same time cannot have
 * it. hstp_listen_enqueue() or hstp_listen_unreserve() must follow.
 *
 * Return: why not, or HSTP_DROP_NONE.
 */
enum hstp_drop hstp_listen_reserve(struct hstp_listener *l, struct hstp_profile *p)
{
	enum hstp_drop why = HSTP_DROP_NONE;

	spin_lock_bh(&l->lock);
	if (!l->sk) {
		why = HSTP_DROP_NO_CONNECTION;
	} else if (hstp_listen_full(l)) {
		why = HSTP_DROP_LISTEN_OVERFLOW;
	} else {
		WRITE_ONCE(l->queued, l->queued + 1);
		copy_profile(l->sk, p);
	}
	spin_unlock_bh(&l->lock);
	return why;
}

/**
 * hstp_listen_unreserve() - a connection will not wait for accept() after all
 * @l: listener
 */
void hstp_listen_unreserve(struct hstp_listener *l)
{
	spin_lock_bh(&l->lock);
	if (l->sk)
		WRITE_ONCE(l->queued, l->queued - 1);
	spin_unlock_bh(&l->lock);
}

/**
 * hstp_listen_admit() - a SYN is going to get a record
 * @l: listener found under rcu_read_lock()
 * @p: filled as by hstp_listen_profile()
 *
 * Takes a reference for the record and counts it, so that close() of the
 * listener knows that there may be one. hstp_listen_dismiss() undoes both.
 *
 * Return: false when the listener is closed.
 */
bool hstp_listen_admit(struct hstp_listener *l, struct hstp_profile *p)
{
	const struct sock *sk;

	spin_lock_bh(&l->lock);
	sk = l->sk;
	if (sk) {
		copy_profile(sk, p);
		refcount_inc(&l->ref);
		atomic_inc(&l->syns);
	}
	spin_unlock_bh(&l->lock);
	return sk;
}

/**
 * hstp_listen_dismiss() - a record that was admitted is gone
 * @l: listener; the record's reference is given away
 */
void hstp_listen_dismiss(struct hstp_listener *l)
{
	atomic_dec(&l->syns);
	hstp_listen_put(l);
}

/**
 * hstp_listen_open() - has the listener not been closed
 * @l: listener
 *
 * A record is put into its bucket, under the bucket's lock, only if this is
 * true: what close() does not find there afterwards is not added later.
 */
bool hstp_listen_open(const struct hstp_listener *l)
{
	return READ_ONCE(l->sk);
}

/**
 * hstp_listen_full() - can no more connections wait for accept()
 * @l: listener
 *
 * As with TCP, one more than listen() was told may wait.
 */
bool hstp_listen_full(struct hstp_listener *l)
{
	return READ_ONCE(l->queued) > READ_ONCE(l->backlog);
}

/**
 * hstp_listen_enqueue() - a connection waits for accept()
 * @l: listener, where hstp_listen_reserve() has got it a place
 * @conn: connection; the queue takes a reference
 *
 * Context: the connection's lock, BH off.
 *
 * Return: false when the listener is closed.
 */
bool hstp_listen_enqueue(struct hstp_listener *l, struct hstp_conn *conn)
{
	struct sock *sk;

	spin_lock(&l->lock);
	sk = l->sk;
	if (sk) {
		hstp_conn_hold(conn);
		refcount_inc(&l->ref);
		conn->listener = l;
		conn->accept_next = NULL;
		WRITE_ONCE(*l->last, conn);
		l->last = &conn->accept_next;
		sock_hold(sk);
	}
	spin_unlock(&l->lock);
	if (!sk)
		return false;
	sk->sk_data_ready(sk);
	sock_put(sk);
	return true;
}

/**
 * hstp_listen_dequeue() - take the connection that has waited longest
 * @l: listener
 *
 * Context: process, lock_sock().
 *
 * Return: a connection with the queue's reference, or NULL. The caller takes its reference of
 * the listener, hstp_conn.listener, under its lock.
 */
struct hstp_conn *hstp_listen_dequeue(struct hstp_listener *l)
{
	struct hstp_conn *conn;

	spin_lock_bh(&l->lock);
	conn = l->first;
	if (conn) {
		WRITE_ONCE(l->first, conn->accept_next);
		if (!l->first)
			l->last = &l->first;
		WRITE_ONCE(l->queued, l->queued - 1);
	}
	spin_unlock_bh(&l->lock);
	return conn;
}

/**
 * hstp_listen_waiting() - would accept() return at once
 * @l: listener
 */
bool hstp_listen_waiting(struct hstp_listener *l)
{
	return READ_ONCE(l->first);
}
