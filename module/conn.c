// SPDX-License-Identifier: GPL-2.0
/* Connection objects: the table, lookup, lifetime. */
#include <linux/rculist.h>
#include <linux/rculist_nulls.h>
#include <linux/slab.h>
#include <net/dst.h>

#include "act.h"
#include "buffers.h"
#include "conn.h"
#include "ipopt.h"
#include "memory.h"
#include "mini.h"
#include "stats.h"
#include "timer.h"

#define BUCKETS		8192

static struct kmem_cache *conn_cache;

/* A lookup may still hold an object that is being used anew: it finds a lock
 * and a reference count in working order at any time.
 */
static void conn_construct(void *object)
{
	struct hstp_conn *conn = object;

	spin_lock_init(&conn->lock);
	refcount_set(&conn->ref, 0);
}

/**
 * hstp_conn_cache_init() - make the cache of connections
 *
 * Return: 0 or -ENOMEM.
 */
int hstp_conn_cache_init(void)
{
	/* A slab of 512, where locks and timers do not carry what debugging wants */
	BUILD_BUG_ON(!IS_ENABLED(CONFIG_LOCKDEP) && sizeof(struct hstp_conn) > 504);

	conn_cache = kmem_cache_create("hstp_conn", sizeof(struct hstp_conn), 0,
				       SLAB_TYPESAFE_BY_RCU | SLAB_ACCOUNT, conn_construct);
	return conn_cache ? 0 : -ENOMEM;
}

/**
 * hstp_conn_cache_exit() - give it back
 *
 * Context: no connection is left, and rcu_barrier() was called.
 */
void hstp_conn_cache_exit(void)
{
	kmem_cache_destroy(conn_cache);
}

/**
 * hstp_conn_net_init() - make a namespace's table
 * @hn: namespace
 *
 * Return: 0 or -ENOMEM.
 */
int hstp_conn_net_init(struct hstp_net *hn)
{
	u32 i;

	hn->buckets = kvmalloc_array(BUCKETS, sizeof(*hn->buckets), GFP_KERNEL_ACCOUNT);
	if (!hn->buckets)
		return -ENOMEM;
	hn->bucket_mask = BUCKETS - 1;
	for (i = 0; i < BUCKETS; i++) {
		INIT_HLIST_NULLS_HEAD(&hn->buckets[i].conns, i);
		hn->buckets[i].minis = NULL;
		spin_lock_init(&hn->buckets[i].lock);
	}
	return 0;
}

/**
 * hstp_conn_net_exit() - give it back
 * @hn: namespace; its table is empty
 */
void hstp_conn_net_exit(struct hstp_net *hn)
{
	kvfree(hn->buckets);
}

/**
 * hstp_conn_new() - a connection in CLOSED
 * @hn: namespace
 * @gfp: how to allocate
 *
 * Return: a connection with one reference, the caller's, or NULL.
 */
struct hstp_conn *hstp_conn_new(struct hstp_net *hn, gfp_t gfp)
{
	struct hstp_conn *conn = kmem_cache_alloc(conn_cache, gfp);

	if (!conn)
		return NULL;
	/* A lookup may be under way to the next object of the old chain: node,
	 * lock and reference count stay as they are.
	 */
	memset_startat(conn, 0, tuple);
	conn->hn = hn;
	conn->ttl = -1;
	hstp_timer_setup(conn);
	smp_wmb();	/* who gets a reference sees all of the above */
	refcount_set(&conn->ref, 1);
	return conn;
}

/**
 * hstp_conn_hold() - take a reference
 * @conn: connection that the caller has a reference of
 */
void hstp_conn_hold(struct hstp_conn *conn)
{
	refcount_inc(&conn->ref);
}

/**
 * hstp_conn_put() - give a reference back
 * @conn: connection; freed with the last
 *
 * Context: any; not the last one under @conn's lock.
 */
void hstp_conn_put(struct hstp_conn *conn)
{
	if (!refcount_dec_and_test(&conn->ref))
		return;
	hstp_sendq_purge(&conn->sendq);
	hstp_recvq_purge(&conn->recvq);
	kfree(conn->board);
	hstp_ipopt_free(conn->ipopt);
	hstp_memory_charge(conn);
	dst_release(conn->dst);
	kmem_cache_free(conn_cache, conn);
}

/**
 * hstp_conn_drop_route() - the next segment is to look for a route anew
 * @conn: connection
 *
 * Context: its lock, or it is not in the table yet.
 */
void hstp_conn_drop_route(struct hstp_conn *conn)
{
	dst_release(conn->dst);
	conn->dst = NULL;
}

/**
 * hstp_bucket() - the chain of a hash
 * @hn: namespace
 * @hash: hstp_tuple_hash() of a tuple
 */
struct hstp_bucket *hstp_bucket(const struct hstp_net *hn, u32 hash)
{
	return &hn->buckets[hash & hn->bucket_mask];
}

static bool matches(const struct hstp_conn *conn, const struct hstp_net *hn,
		    const struct hstp_tuple *tuple, u32 hash)
{
	return conn->hash == hash && conn->hn == hn && hstp_tuple_equal(&conn->tuple, tuple);
}

/**
 * hstp_conn_lookup() - the connection of a tuple
 * @hn: namespace
 * @tuple: both ends
 * @hash: of @tuple
 *
 * What it finds may leave the table at once: only under the connection's lock
 * does hstp_conn.hashed say more.
 *
 * Context: rcu_read_lock().
 *
 * Return: a connection with a reference for the caller, or NULL.
 */
struct hstp_conn *hstp_conn_lookup(const struct hstp_net *hn, const struct hstp_tuple *tuple,
				   u32 hash)
{
	struct hstp_bucket *b = hstp_bucket(hn, hash);
	struct hlist_nulls_node *node;
	struct hstp_conn *conn;

again:
	hlist_nulls_for_each_entry_rcu(conn, node, &b->conns, node) {
		if (!matches(conn, hn, tuple, hash))
			continue;
		if (!refcount_inc_not_zero(&conn->ref))
			return NULL;
		/* What follows is read after the reference was taken */
		smp_acquire__after_ctrl_dep();
		if (likely(matches(conn, hn, tuple, hash)))
			return conn;
		hstp_conn_put(conn);
		goto again;
	}
	/* An object that was moved to another chain took us along */
	if (get_nulls_value(node) != (hash & hn->bucket_mask))
		goto again;
	return NULL;
}

/**
 * hstp_conn_in_bucket() - is the tuple that of a connection
 * @b: its bucket
 * @tuple: both ends
 *
 * Context: the bucket's lock.
 */
bool hstp_conn_in_bucket(const struct hstp_bucket *b, const struct hstp_tuple *tuple)
{
	struct hlist_nulls_node *node;
	struct hstp_conn *conn;

	hlist_nulls_for_each_entry(conn, node, &b->conns, node) {
		if (hstp_tuple_equal(&conn->tuple, tuple))
			return true;
	}
	return false;
}

/**
 * hstp_conn_hash_locked() - put a connection into the table
 * @conn: its tuple and hash are set, and nobody in the bucket has that tuple
 * @b: its bucket
 *
 * The table takes a reference.
 *
 * Context: the connection's lock, the bucket's lock.
 */
void hstp_conn_hash_locked(struct hstp_conn *conn, struct hstp_bucket *b)
{
	hstp_conn_hold(conn);
	conn->hashed = true;
	hlist_nulls_add_head_rcu(&conn->node, &b->conns);
}

/**
 * hstp_conn_hash() - put a connection into the table if its tuple is free
 * @conn: its tuple and hash are set; gets the ISS of the one before it as its own if it takes
 *	the place of one in TIME-WAIT
 *
 * Context: the connection's lock.
 *
 * Return: 0, or -EADDRNOTAVAIL when a connection or a record has the tuple.
 */
int hstp_conn_hash(struct hstp_conn *conn)
{
	struct hstp_bucket *b = hstp_bucket(conn->hn, conn->hash);
	struct hstp_mini *mini;
	int err = -EADDRNOTAVAIL;

	spin_lock_bh(&b->lock);
	mini = hstp_mini_find(b, &conn->tuple);
	if (mini && hstp_mini_yields(conn->hn, b, mini, &conn->tcb.iss)) {
		conn->successor = true;
		mini = NULL;
	}
	if (!mini && !hstp_conn_in_bucket(b, &conn->tuple)) {
		hstp_conn_hash_locked(conn, b);
		err = 0;
	}
	spin_unlock_bh(&b->lock);
	return err;
}

/**
 * hstp_conn_unhash() - take a connection out of the table
 * @conn: connection, in the table or not
 *
 * Context: the connection's lock; the caller has a reference.
 */
void hstp_conn_unhash(struct hstp_conn *conn)
{
	struct hstp_bucket *b = hstp_bucket(conn->hn, conn->hash);

	if (!conn->hashed)
		return;
	conn->hashed = false;
	spin_lock_bh(&b->lock);
	hlist_nulls_del_init_rcu(&conn->node);
	spin_unlock_bh(&b->lock);
	hstp_conn_put(conn);
}

static bool in_the_way(const struct hstp_claim *claim, const struct hstp_tuple *t, int ifindex)
{
	return (!claim->ifindex || !ifindex || claim->ifindex == ifindex) &&
	       (hstp_addr_any(&claim->laddr) || ipv6_addr_equal(&t->laddr, &claim->laddr));
}

static bool bucket_uses_port(const struct hstp_bucket *b, const struct hstp_claim *claim,
			     __be16 lport)
{
	struct hlist_nulls_node *node;
	const struct hstp_mini *mini;
	struct hstp_conn *conn;

	hlist_nulls_for_each_entry(conn, node, &b->conns, node) {
		u8 both = claim->reuse & READ_ONCE(conn->reuse);

		if (!uid_eq(READ_ONCE(conn->uid), claim->uid))
			both &= ~HSTP_REUSE_PORT;
		if (conn->tuple.lport == lport && !both &&
		    in_the_way(claim, &conn->tuple, READ_ONCE(conn->ifindex)))
			return true;
	}
	for (mini = b->minis; mini; mini = mini->next) {
		/* Of a record the owner is not known. */
		if (mini->tuple.lport == lport && !(claim->reuse & mini->reuse) &&
		    in_the_way(claim, &mini->tuple, hstp_mini_device(mini)))
			return true;
	}
	return false;
}

/**
 * hstp_conn_port_used() - does any connection or record keep a port from somebody
 * @hn: namespace
 * @claim: who wants it
 * @lport: local port, network order
 *
 * It walks the table, so that the path of a handshake need not keep count of
 * ports: bind() is rare.
 *
 * Context: process, no lock.
 */
bool hstp_conn_port_used(const struct hstp_net *hn, const struct hstp_claim *claim, __be16 lport)
{
	bool used = false;
	u32 i;

	for (i = 0; i <= hn->bucket_mask && !used; i++) {
		struct hstp_bucket *b = &hn->buckets[i];

		if (hlist_nulls_empty(&b->conns) && !READ_ONCE(b->minis))
			continue;
		spin_lock_bh(&b->lock);
		used = bucket_uses_port(b, claim, lport);
		spin_unlock_bh(&b->lock);
	}
	return used;
}

static void mark_port(const struct hstp_claim *claim, const struct hstp_tuple *t, int ifindex,
		      unsigned long *used)
{
	if (in_the_way(claim, t, ifindex))
		__set_bit(ntohs(t->lport), used);
}

/**
 * hstp_conn_ports_used() - which ports connections and records keep from somebody
 * @hn: namespace
 * @claim: who wants one, and shares none
 * @used: a bit for each of HSTP_PORTS, host order; those in use are set
 *
 * Context: process, no lock.
 */
void hstp_conn_ports_used(const struct hstp_net *hn, const struct hstp_claim *claim,
			  unsigned long *used)
{
	struct hlist_nulls_node *node;
	const struct hstp_mini *mini;
	struct hstp_conn *conn;
	u32 i;

	for (i = 0; i <= hn->bucket_mask; i++) {
		struct hstp_bucket *b = &hn->buckets[i];

		if (hlist_nulls_empty(&b->conns) && !READ_ONCE(b->minis))
			continue;
		spin_lock_bh(&b->lock);
		hlist_nulls_for_each_entry(conn, node, &b->conns, node)
			mark_port(claim, &conn->tuple, READ_ONCE(conn->ifindex), used);
		for (mini = b->minis; mini; mini = mini->next)
			mark_port(claim, &mini->tuple, hstp_mini_device(mini), used);
		spin_unlock_bh(&b->lock);
		cond_resched();
	}
}

static struct hstp_conn *first_of_bucket(struct hstp_bucket *b)
{
	struct hlist_nulls_node *node;
	struct hstp_conn *conn, *found = NULL;

	/* Nothing comes into a bucket any more, and most have been empty for long */
	if (hlist_nulls_empty(&b->conns))
		return NULL;
	spin_lock_bh(&b->lock);
	hlist_nulls_for_each_entry(conn, node, &b->conns, node) {
		hstp_conn_hold(conn);
		found = conn;
		break;
	}
	spin_unlock_bh(&b->lock);
	return found;
}

/**
 * hstp_conn_abort_all() - end every connection of a namespace
 * @hn: namespace; no segment and no call reaches it any more
 *
 * Context: process.
 */
void hstp_conn_abort_all(struct hstp_net *hn)
{
	struct hstp_conn *conn;
	u32 i;

	for (i = 0; i <= hn->bucket_mask; i++) {
		while ((conn = first_of_bucket(&hn->buckets[i]))) {
			struct hstp_acts acts = HSTP_ACTS_INIT;
			struct hstp_env env;

			spin_lock_bh(&conn->lock);
			hstp_conn_env(conn, &env);
			/* A namespace that dies has neither devices nor routes any more */
			if (check_net(hn->net))
				hstp_call_abort(&conn->tcb, HSTP_RESET_OUT_EXIT, HSTP_CAUSE_EXIT,
						&acts);
			else
				hstp_vanish(&conn->tcb, HSTP_CAUSE_EXIT, &acts);
			hstp_act(conn, NULL, NULL, &env, &acts);
			spin_unlock_bh(&conn->lock);
			hstp_timer_kill(conn);
			hstp_conn_put(conn);
			cond_resched();
		}
	}
}

/**
 * hstp_conn_env() - what surrounds an event on a connection
 * @conn: connection
 * @env: filled, but for the ISS and the offset of timestamps
 *
 * Context: the connection's lock.
 */
void hstp_conn_env(const struct hstp_conn *conn, struct hstp_env *env)
{
	u32 window = hstp_buffer_text(conn->recvq.limit, &conn->tcb.tune);

	env->cfg = &conn->hn->settings.core;
	env->now = hstp_now_ms();
	env->now_s = hstp_now_s();
	env->iss = 0;
	env->buffer = window;
	env->buffer_max = window;
	env->ts_offset = 0;
	env->board = conn->board;
	env->space = window > conn->recvq.bytes ? window - conn->recvq.bytes : 0;
	env->nobody_listens = false;
	env->no_room = HSTP_DROP_NONE;
	env->strange = 0;
	if (unlikely(conn->tcb.shut) && hstp_memory_full(conn->hn, conn->recvq.memory))
		env->no_room = HSTP_DROP_MEMORY_LIMIT;
}
