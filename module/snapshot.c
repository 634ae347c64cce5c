// SPDX-License-Identifier: GPL-2.0
/* A chain of the tables, copied: what a dump says of it is true of one moment. */
#include <linux/cgroup.h>
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/rculist.h>
#include <linux/rculist_nulls.h>
#include <linux/slab.h>
#include <linux/sock_diag.h>
#include <linux/sort.h>
#include <net/dst.h>
#include <net/sock.h>

#include "mini.h"
#include "snapshot.h"
#include "stats.h"

#define FIRST_ROOM	32	/* rows; a bucket rarely has more */

static int resize(struct hstp_snapshot *s, u32 room)
{
	struct hstp_view *rows = kvmalloc_array(room, sizeof(*rows), GFP_KERNEL);

	if (!rows)
		return -ENOMEM;
	kvfree(s->rows);
	s->rows = rows;
	s->room = room;
	return 0;
}

/**
 * hstp_snapshot_init() - make room
 * @s: snapshot
 *
 * Return: 0 or -ENOMEM.
 */
int hstp_snapshot_init(struct hstp_snapshot *s)
{
	s->rows = NULL;
	s->count = 0;
	return resize(s, FIRST_ROOM);
}
EXPORT_SYMBOL_GPL(hstp_snapshot_init);

/**
 * hstp_snapshot_exit() - give it back
 * @s: snapshot
 */
void hstp_snapshot_exit(struct hstp_snapshot *s)
{
	kvfree(s->rows);
}
EXPORT_SYMBOL_GPL(hstp_snapshot_exit);

/**
 * hstp_snapshot_end() - number of the chains of a namespace
 * @hn: namespace
 */
u32 hstp_snapshot_end(const struct hstp_net *hn)
{
	return HSTP_FIRST_BUCKET + hn->bucket_mask + 1;
}
EXPORT_SYMBOL_GPL(hstp_snapshot_end);

/**
 * hstp_snapshot_chain() - which chain a connection is in
 * @hn: namespace
 * @tuple: both ends; of a listener the remote port is 0
 *
 * Return: number of the chain.
 */
u32 hstp_snapshot_chain(const struct hstp_net *hn, const struct hstp_tuple *tuple)
{
	if (!tuple->fport)
		return ntohs(tuple->lport) % HSTP_LISTEN_BUCKETS;
	return HSTP_FIRST_BUCKET + (hstp_tuple_hash(tuple, &hn->hash_key) & hn->bucket_mask);
}
EXPORT_SYMBOL_GPL(hstp_snapshot_chain);

/**
 * hstp_snapshot_empty() - is there nothing in a chain
 * @hn: namespace
 * @chain: its number, below hstp_snapshot_end()
 *
 * Context: any; the answer may be old.
 */
bool hstp_snapshot_empty(const struct hstp_net *hn, u32 chain)
{
	const struct hstp_bucket *b;

	if (chain < HSTP_FIRST_BUCKET)
		return hlist_empty(&hn->listeners[chain]);
	b = &hn->buckets[chain - HSTP_FIRST_BUCKET];
	return hlist_nulls_empty(&b->conns) && !READ_ONCE(b->minis);
}

static void look_at_socket(struct hstp_view *v, struct sock *sk)
{
	u32 cookie[2];

	sock_diag_save_cookie(sk, cookie);
	v->cookie = (u64)cookie[1] << 32 | cookie[0];
	v->inode = sock_i_ino(sk);
	v->sndbuf = READ_ONCE(sk->sk_sndbuf);
	v->bound = sk->sk_userlocks & SOCK_BINDPORT_LOCK;
	v->mark = READ_ONCE(sk->sk_mark);
	v->priority = READ_ONCE(sk->sk_priority);
	v->tos = READ_ONCE(inet_sk(sk)->tos);
	v->ttl = READ_ONCE(inet_sk(sk)->uc_ttl);
#ifdef CONFIG_SOCK_CGROUP_DATA
	v->cgroup = cgroup_id(sock_cgroup_ptr(&sk->sk_cgrp_data));
#endif
}

/* False when it is closed. */
static bool look_at_listener(struct hstp_view *v, struct hstp_listener *l)
{
	struct sock *sk;

	memset(v, 0, sizeof(*v));
	spin_lock_bh(&l->lock);
	sk = l->sk;
	if (sk) {
		v->tcb = l->tcb;
		v->since_us = l->since_us;
		v->queued = l->queued;
		v->backlog = l->backlog;
		v->uid = sk->sk_uid;
		v->rcvbuf = READ_ONCE(sk->sk_rcvbuf);
		look_at_socket(v, sk);
	}
	spin_unlock_bh(&l->lock);
	if (!sk)
		return false;
	v->kind = HSTP_KIND_LISTENER;
	v->object = l;
	v->refs = refcount_read(&l->ref);
	v->accepted = true;
	v->syns = atomic_read(&l->syns);
	v->ifindex = READ_ONCE(l->ifindex);
	v->tuple.laddr = l->laddr;
	v->tuple.lport = l->lport;
	if (ipv6_addr_v4mapped(&l->laddr))
		ipv6_addr_set_v4mapped(0, &v->tuple.faddr);
	/* Several can have the same name, on different interfaces */
	v->key = v->tuple;
	v->key.faddr.s6_addr32[0] = (__force __be32)v->ifindex;
	v->key.faddr.s6_addr32[1] = (__force __be32)(u32)v->cookie;
	v->key.faddr.s6_addr32[2] = (__force __be32)(u32)(v->cookie >> 32);
	return true;
}

/**
 * hstp_view_record() - a record as it is
 * @v: filled
 * @hn: namespace
 * @mini: record
 *
 * Context: the bucket's lock.
 */
void hstp_view_record(struct hstp_view *v, const struct hstp_net *hn,
		      const struct hstp_mini *mini)
{
	struct hstp_profile p;

	memset(v, 0, sizeof(*v));
	v->kind = HSTP_KIND_RECORD;
	v->object = mini;
	v->tuple = mini->tuple;
	v->key = mini->tuple;
	v->uid = INVALID_UID;
	v->ttl = -1;
	v->accepted = true;
	v->since_us = hstp_since_widen(mini->since_us);
	hstp_mini_thaw(mini, hn, &v->tcb);
	if (mini->state == HSTP_TIME_WAIT) {
		v->mark = mini->mark;
		v->ifindex = mini->ifindex;
		v->tos = mini->tos;
		return;
	}
	if (!hstp_listen_profile(mini->listener, &p))
		return;
	v->uid = p.uid;
	v->mark = p.mark;
	v->priority = p.priority;
	v->ifindex = p.ifindex;
	v->tos = p.tos;
	v->ttl = p.ttl;
	v->rcvbuf = p.rcvbuf;
}

/**
 * hstp_view_conn() - a connection as it is
 * @v: filled
 * @conn: connection, in the table
 *
 * Context: the connection's lock; the caller has a reference.
 */
void hstp_view_conn(struct hstp_view *v, const struct hstp_conn *conn)
{
	memset(v, 0, sizeof(*v));
	v->kind = HSTP_KIND_CONN;
	v->tuple = conn->tuple;
	v->key = conn->tuple;
	v->object = conn;
	v->refs = refcount_read(&conn->ref) - 1;	/* less our own */
	v->tcb = conn->tcb;
	v->since_us = conn->since_us;
	v->received = conn->recvq.bytes;
	v->memory = conn->recvq.memory;
	v->rcvbuf = conn->recvq.limit;
	v->ifindex = conn->ifindex;
	v->mark = conn->mark;
	v->priority = conn->priority;
	v->uid = conn->uid;
	v->soft_error = conn->soft_error;
	v->tos = conn->tos;
	v->ttl = conn->ttl;
	v->orphan = conn->orphan;
	v->bound = conn->bound;
	v->accepted = conn->accepted;
	hstp_info_look(conn, &v->known);
	if (conn->sk)
		look_at_socket(v, conn->sk);
}

/* The connection was in the bucket a moment ago. If it is in TIME-WAIT now, a record has
 * taken its place.
 */
static void follow(struct hstp_view *v, struct hstp_net *hn, struct hstp_bucket *b)
{
	struct hstp_tuple tuple = v->key;
	const struct hstp_mini *mini;

	spin_lock_bh(&b->lock);
	mini = hstp_mini_find(b, &tuple);
	if (mini)
		hstp_view_record(v, hn, mini);
	spin_unlock_bh(&b->lock);
}

/* Locks of connections are taken outside of the bucket's: the latter for references,
 * then each of the former for a look.
 */
static void look_closer(struct hstp_view *v, struct hstp_net *hn, struct hstp_bucket *b)
{
	struct hstp_conn *conn = v->conn;
	bool hashed;

	spin_lock_bh(&conn->lock);
	hashed = conn->hashed;
	if (hashed)
		hstp_view_conn(v, conn);
	spin_unlock_bh(&conn->lock);
	hstp_conn_put(conn);
	v->conn = NULL;
	if (!hashed)
		follow(v, hn, b);
}

static void hold_conn(struct hstp_view *v, struct hstp_conn *conn)
{
	memset(v, 0, sizeof(*v));
	hstp_conn_hold(conn);
	v->conn = conn;
	v->tuple = conn->tuple;
	v->key = conn->tuple;
}

/* A handshake has the same ends as this, which is in TIME-WAIT: its key becomes one that
 * no connection's own address makes.
 */
static void mark_second(struct hstp_view *v)
{
	v->key.laddr.s6_addr32[0] = htonl(~0u);
}

/* Take what there is room for; returns how many there are. */
static u32 collect(struct hstp_snapshot *s, struct hstp_net *hn, struct hstp_bucket *b)
{
	struct hlist_nulls_node *node;
	const struct hstp_mini *mini;
	struct hstp_conn *conn;
	bool handshakes = false;
	u32 count = 0;

	spin_lock_bh(&b->lock);
	hlist_nulls_for_each_entry(conn, node, &b->conns, node) {
		if (count < s->room)
			hold_conn(&s->rows[count], conn);
		count++;
	}
	for (mini = b->minis; mini; mini = mini->next) {
		handshakes |= mini->state == HSTP_SYN_RECEIVED;
		if (count < s->room) {
			hstp_view_record(&s->rows[count], hn, mini);
			if (handshakes && hstp_mini_find(b, &mini->tuple) != mini)
				mark_second(&s->rows[count]);
		}
		count++;
	}
	spin_unlock_bh(&b->lock);
	return count;
}

static int take_bucket(struct hstp_snapshot *s, struct hstp_net *hn, u32 number)
{
	struct hstp_bucket *b = &hn->buckets[number];
	u32 count, i;

	if (hlist_nulls_empty(&b->conns) && !READ_ONCE(b->minis))
		return 0;
	while ((count = collect(s, hn, b)) > s->room) {
		for (i = 0; i < s->room; i++) {
			if (s->rows[i].conn)
				hstp_conn_put(s->rows[i].conn);
		}
		if (resize(s, count + FIRST_ROOM))
			return -ENOMEM;
	}
	for (i = 0; i < count; i++) {
		if (s->rows[i].conn)
			look_closer(&s->rows[i], hn, b);
	}
	s->count = count;
	return 0;
}

static int take_listeners(struct hstp_snapshot *s, struct hstp_net *hn, u32 number)
{
	struct hstp_listener *l;
	u32 count;

	if (hlist_empty(&hn->listeners[number]))
		return 0;
again:
	count = 0;
	spin_lock_bh(&hn->listen_lock);
	hlist_for_each_entry(l, &hn->listeners[number], node) {
		if (count == s->room) {
			spin_unlock_bh(&hn->listen_lock);
			if (resize(s, 2 * s->room))
				return -ENOMEM;
			goto again;
		}
		if (look_at_listener(&s->rows[count], l))
			count++;
	}
	spin_unlock_bh(&hn->listen_lock);
	s->count = count;
	return 0;
}

static int compare(const void *a, const void *b)
{
	return memcmp(&((const struct hstp_view *)a)->key, &((const struct hstp_view *)b)->key,
		      sizeof(struct hstp_tuple));
}

/**
 * hstp_snapshot_take() - copy a chain
 * @s: gets the connections that are in it, in the order of their keys; some may be in
 *	CLOSED, which have gone since
 * @hn: namespace
 * @chain: its number, below hstp_snapshot_end()
 *
 * A connection never leaves its chain before it ends, whatever object it is: who takes
 * all chains meets each that lasts once.
 *
 * Context: process, may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int hstp_snapshot_take(struct hstp_snapshot *s, struct hstp_net *hn, u32 chain)
{
	int err;

	s->count = 0;
	if (chain < HSTP_FIRST_BUCKET)
		err = take_listeners(s, hn, chain);
	else
		err = take_bucket(s, hn, chain - HSTP_FIRST_BUCKET);
	if (!err && s->count > 1)
		sort(s->rows, s->count, sizeof(*s->rows), compare, NULL);
	return err;
}
EXPORT_SYMBOL_GPL(hstp_snapshot_take);

static u32 left(u32 deadline)
{
	u32 now = hstp_now_ms();

	return hstp_after(deadline, now) ? deadline - now : 0;
}

/**
 * hstp_view_wait() - what a connection waits for, as TCP tells it
 * @v: connection
 * @wait: filled
 *
 * Retransmission comes first, whatever else is waited for.
 */
void hstp_view_wait(const struct hstp_view *v, struct hstp_view_wait *wait)
{
	const struct hstp_tcb *t = &v->tcb;

	memset(wait, 0, sizeof(*wait));
	wait->probes = t->kept;
	if (t->armed & HSTP_TIMER_REXMIT) {
		wait->left_ms = left(t->rexmit_at);
		if (hstp_synchronized(t->state) && !t->snd_wnd) {
			wait->timer = HSTP_VIEW_PROBE;
			wait->probes = t->retries;
		} else {
			wait->timer = HSTP_VIEW_REXMIT;
			wait->retries = t->retries;
		}
	} else if (t->armed & HSTP_TIMER_WAIT) {
		wait->left_ms = left(t->wait_at);
		wait->timer = t->state == HSTP_TIME_WAIT ? HSTP_VIEW_TIME_WAIT : HSTP_VIEW_OTHER;
	} else if (t->armed & HSTP_TIMER_KEEP) {
		wait->left_ms = left(t->keep_at);
		wait->timer = HSTP_VIEW_OTHER;
	}
}
EXPORT_SYMBOL_GPL(hstp_view_wait);

/**
 * hstp_view_unacked() - what a connection was given to send and the peer has not got
 * @v: connection
 *
 * Return: sequence numbers, those of SYN and FIN included, as TCP tells it: of a whole
 * connection alone.
 */
u32 hstp_view_unacked(const struct hstp_view *v)
{
	const struct hstp_tcb *t = &v->tcb;

	return v->kind == HSTP_KIND_CONN ? t->snd_end + t->fin_queued - t->snd_una : 0;
}
EXPORT_SYMBOL_GPL(hstp_view_unacked);
