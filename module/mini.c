// SPDX-License-Identifier: GPL-2.0
/* SYN-RECEIVED and TIME-WAIT need little: a record of 96 bytes, thawed into the
 * core's variables for each event and frozen again.
 */
#include <linux/slab.h>
#include <net/dst.h>
#include <net/ip.h>
#include <net/route.h>

#include "act.h"
#include "event.h"
#include "ipv4.h"
#include "match.h"
#include "memory.h"
#include "mini.h"
#include "output.h"
#include "passive.h"
#include "snapshot.h"
#include "wait.h"

static struct kmem_cache *mini_cache;

/**
 * hstp_mini_cache_init() - make the cache of records
 *
 * Return: 0 or -ENOMEM.
 */
int hstp_mini_cache_init(void)
{
	BUILD_BUG_ON(sizeof(struct hstp_mini) > 96);
	BUILD_BUG_ON(CONFIG_NR_CPUS > 1 << 14);	/* hstp_mini.cpu */

	mini_cache = KMEM_CACHE(hstp_mini, SLAB_ACCOUNT);
	return mini_cache ? 0 : -ENOMEM;
}

/**
 * hstp_mini_cache_exit() - give it back
 */
void hstp_mini_cache_exit(void)
{
	kmem_cache_destroy(mini_cache);
}

/**
 * hstp_mini_device() - the interface that a record is bound to
 * @mini: record
 *
 * Context: the bucket's lock.
 *
 * Return: its number, or 0.
 */
int hstp_mini_device(const struct hstp_mini *mini)
{
	if (mini->state == HSTP_TIME_WAIT)
		return mini->ifindex;
	return READ_ONCE(mini->listener->ifindex);
}

/**
 * hstp_mini_find() - the record of a tuple
 * @b: its bucket
 * @tuple: both ends
 *
 * Context: the bucket's lock.
 *
 * Return: a record, valid under that lock, or NULL. A handshake is found before the
 * TIME-WAIT that it began with.
 */
struct hstp_mini *hstp_mini_find(const struct hstp_bucket *b, const struct hstp_tuple *tuple)
{
	struct hstp_mini *mini;

	for (mini = b->minis; mini; mini = mini->next) {
		if (hstp_tuple_equal(&mini->tuple, tuple))
			return mini;
	}
	return NULL;
}

/* The same, of the two that a pair of ends can have. */
static struct hstp_mini *find_in_state(const struct hstp_bucket *b,
				       const struct hstp_tuple *tuple, enum hstp_state state)
{
	struct hstp_mini *mini = hstp_mini_find(b, tuple);

	if (state != HSTP_TIME_WAIT)
		return mini;
	while (mini && (mini->state != HSTP_TIME_WAIT || !hstp_tuple_equal(&mini->tuple, tuple)))
		mini = mini->next;
	return mini;
}

/* What a record held of a SYN's text is counted as that of a connection. */
static void forget_rare(struct hstp_net *hn, const struct hstp_rare *rare)
{
	hstp_ipopt_free(rare->ipopt);
	if (!rare->early)
		return;
	percpu_counter_add_batch(&hn->memory, -(s32)rare->early->truesize, HSTP_MEMORY_BATCH);
	kfree_skb(rare->early);
}

/* Most of them have nothing that is rare. @rare is given away if there is a record. */
static struct hstp_mini *alloc(const struct hstp_rare *rare)
{
	struct hstp_mini_more *more;
	struct hstp_mini *mini;

	if (likely(!rare->ipopt && !rare->early)) {
		mini = kmem_cache_alloc(mini_cache, GFP_ATOMIC | __GFP_NOWARN);
		if (mini)
			mini->more = 0;
		return mini;
	}
	more = kmalloc(sizeof(*more), GFP_ATOMIC | __GFP_NOWARN);
	if (!more)
		return NULL;
	more->mini.more = 1;
	more->rare = *rare;
	return &more->mini;
}

static void release(struct hstp_net *hn, struct hstp_mini *mini)
{
	if (likely(!mini->more)) {
		kmem_cache_free(mini_cache, mini);
		return;
	}
	forget_rare(hn, hstp_mini_rare(mini));
	kfree(container_of(mini, struct hstp_mini_more, mini));
}

static void insert(struct hstp_net *hn, struct hstp_bucket *b, struct hstp_mini *mini)
{
	mini->next = b->minis;
	WRITE_ONCE(b->minis, mini);
	if (mini->state == HSTP_TIME_WAIT)
		percpu_counter_inc(&hn->time_waits);
	hstp_wait_add(hn, mini);
}

/**
 * hstp_mini_erase() - a record is no more
 * @hn: namespace
 * @b: its bucket
 * @mini: record; freed
 *
 * Context: the bucket's lock.
 */
void hstp_mini_erase(struct hstp_net *hn, struct hstp_bucket *b, struct hstp_mini *mini)
{
	struct hstp_mini **at = &b->minis;

	hstp_wait_del(hn, mini);
	while (*at != mini)
		at = &(*at)->next;
	WRITE_ONCE(*at, mini->next);
	if (mini->state == HSTP_TIME_WAIT)
		percpu_counter_dec(&hn->time_waits);
	else
		hstp_listen_dismiss(mini->listener);
	release(hn, mini);
}

/**
 * hstp_mini_env() - what surrounds an event without a connection
 * @hn: namespace
 * @env: filled
 */
void hstp_mini_env(const struct hstp_net *hn, struct hstp_env *env)
{
	*env = (struct hstp_env){
		.cfg = &hn->settings.core,
		.now = hstp_now_ms(),
		.now_s = hstp_now_s(),
		.space = 0,	/* offers no more than it did */
	};
}

/**
 * hstp_mini_count() - count what an event did to a record, and tell who listens
 * @hn: namespace
 * @mini: the record
 * @t: its variables after the event
 * @acts: what came of it
 *
 * Context: BH off; the bucket's lock, or the record is in no bucket yet.
 */
void hstp_mini_count(struct hstp_net *hn, struct hstp_mini *mini, const struct hstp_tcb *t,
		     const struct hstp_acts *acts)
{
	u64 since = hstp_since_widen(mini->since_us);

	hstp_event(hn, &mini->tuple, t, acts, &since);
	mini->since_us = (u32)since;
}

/* A challenge ACK that is over the limit is not owed. */
static void limit_challenge(struct hstp_net *hn, struct hstp_tcb *t, const struct hstp_acts *acts)
{
	if (!(acts->bits & HSTP_ACT_CHALLENGE))
		return;
	if (hstp_challenge_allowed(hn))
		HSTP_COUNT(hn, challenges);
	else
		t->ack_now = 0;
}

static void send(struct hstp_net *hn, const struct hstp_tuple *tuple, enum hstp_state state,
		 const struct hstp_profile *p, struct hstp_tx *tx)
{
	struct hstp_path path = {
		.mark = p->mark,
		.priority = p->priority,
		.ipopt = p->ipopt,
		.tos = p->tos,
		.pmtudisc = p->pmtudisc,
		.ttl = p->ttl,
		.state = state,
	};
	struct hstp_way way;

	hstp_profile_way(p, &way);
	path.dst = hstp_ipv4_route(hn, tuple, &way);
	if (IS_ERR(path.dst))
		return;
	if (tx->opt.has & HSTP_HAS_MSS)
		tx->opt.mss = hstp_output_mss(path.dst, p->mss);
	hstp_output_tx(hn, tuple, &path, tx);
	dst_release(path.dst);
}

/* TIME-WAIT has no listener to take these from: it has what leads to the peer. */
static bool profile_of(struct hstp_mini *mini, struct hstp_profile *p)
{
	if (mini->state == HSTP_SYN_RECEIVED) {
		if (!hstp_listen_profile(mini->listener, p))
			return false;
		if (mini->more && hstp_mini_rare(mini)->ipopt) {
			p->ipopt = hstp_mini_rare(mini)->ipopt;
			p->tos = p->ipopt->tos;
		}
		return true;
	}
	memset(p, 0, sizeof(*p));
	p->mark = mini->mark;
	p->ifindex = mini->ifindex;
	p->tos = mini->tos;
	p->pmtudisc = IP_PMTUDISC_WANT;
	p->ttl = mini->ttl ?: -1;
	p->tune.transparent = mini->transparent;
	p->uid = GLOBAL_ROOT_UID;
	if (mini->more)
		p->ipopt = hstp_mini_rare(mini)->ipopt;
	return true;
}

/* TIME-WAIT lets a SYN pass only if it is going to be answered. */
static bool may_reopen(const struct hstp_net *hn, u32 hash, const struct hstp_tuple *tuple,
		       struct sk_buff *skb, const struct hstp_segment *seg)
{
	struct hstp_listener *l = hstp_listen_choose(hn, hash, tuple, skb, seg);

	return l && !hstp_passive_refuses(l, tuple);
}

static u8 strange(struct hstp_mini *mini, const struct sk_buff *skb)
{
	const struct hstp_ipopt *ipopt = hstp_mini_rare(mini)->ipopt;
	u8 tos = mini->state == HSTP_TIME_WAIT ? mini->tos : ipopt->tos;

	return hstp_ipopt_strange(&ipopt->security, tos, skb);
}

static bool is_record_state(enum hstp_state state)
{
	return state == HSTP_SYN_RECEIVED || state == HSTP_TIME_WAIT;
}

/**
 * hstp_mini_arrives() - show a segment to the records of its bucket
 * @hn: namespace
 * @hash: of @tuple
 * @tuple: both ends
 * @skb: the packet; given away if the result is HSTP_MINI_DONE
 * @seg: its segment
 * @iss_floor: gets what the next ISS must be beyond, with HSTP_MINI_REOPEN
 *
 * Context: softirq, no lock.
 *
 * Return: what became of it.
 */
enum hstp_mini_result hstp_mini_arrives(struct hstp_net *hn, u32 hash,
					const struct hstp_tuple *tuple, struct sk_buff *skb,
					const struct hstp_segment *seg, u32 *iss_floor)
{
	struct hstp_bucket *b = hstp_bucket(hn, hash);
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_profile p;
	struct hstp_mini *mini;
	struct hstp_env env;
	struct hstp_tcb t;
	struct hstp_tx tx;
	bool have_tx = false;

	spin_lock(&b->lock);
	mini = hstp_mini_find(b, tuple);
	if (!mini) {
		bool conn = hstp_conn_in_bucket(b, tuple);

		spin_unlock(&b->lock);
		return conn ? HSTP_MINI_CONN : HSTP_MINI_NONE;
	}
	if (!hstp_ipv4_on_device(skb, hstp_mini_device(mini))) {
		spin_unlock(&b->lock);
		return HSTP_MINI_NONE;
	}

	hstp_mini_thaw(mini, hn, &t);
	hstp_mini_env(hn, &env);
	if (unlikely(mini->more && hstp_mini_rare(mini)->ipopt))
		env.strange = strange(mini, skb);
	if (mini->state == HSTP_SYN_RECEIVED) {
		env.space = t.rcv_wnd;
		env.buffer = env.space;	/* nothing is unread */
	} else if (seg->flags & HSTP_SYN) {
		env.nobody_listens = !may_reopen(hn, hash, tuple, skb, seg);
	}
	hstp_segment_arrives(&t, seg, &env, &acts);

	if (acts.bits & HSTP_ACT_REOPEN) {
		spin_unlock(&b->lock);
		*iss_floor = t.snd_nxt;
		return HSTP_MINI_REOPEN;
	}
	if (t.state != HSTP_CLOSED && !is_record_state(t.state)) {
		hstp_passive_establish(hn, b, mini, hash, &t, skb, seg, &env, &acts);
		return HSTP_MINI_DONE;
	}

	hstp_mini_count(hn, mini, &t, &acts);
	limit_challenge(hn, &t, &acts);
	if (t.state == HSTP_CLOSED) {
		hstp_mini_erase(hn, b, mini);
	} else {
		have_tx = profile_of(mini, &p) && hstp_send_next(&t, &env, &acts, &tx);
		hstp_mini_freeze(mini, &t);
		if (t.state == HSTP_TIME_WAIT && t.wait_at != hstp_mini_queued(mini) + t.rto) {
			hstp_wait_del(hn, mini);
			hstp_wait_add(hn, mini);
		}
	}
	spin_unlock(&b->lock);

	if (have_tx)
		send(hn, tuple, t.state, &p, &tx);
	if (acts.bits & HSTP_ACT_REPLY)
		hstp_output_stray(hn, tuple, skb, &t, &env, &acts);
	kfree_skb(skb);
	return HSTP_MINI_DONE;
}

/**
 * hstp_mini_open() - a handshake begins
 * @l: listener, which hstp_listen_admit() has been asked for
 * @hash: of @tuple
 * @tuple: both ends
 * @t: variables after the SYN
 * @reuse: of enum hstp_reuse
 * @reopen: TIME-WAIT has let the SYN pass
 * @rare: what most handshakes do not have; given away
 * @acts: the core's actions on the SYN, which are counted
 *
 * Context: softirq.
 *
 * Return: HSTP_DROP_NONE: the record has the listener's reference; else why there is
 * no record.
 */
enum hstp_drop hstp_mini_open(struct hstp_listener *l, u32 hash, const struct hstp_tuple *tuple,
			      const struct hstp_tcb *t, u8 reuse, bool reopen,
			      const struct hstp_rare *rare, struct hstp_acts *acts)
{
	struct hstp_net *hn = l->hn;
	struct hstp_bucket *b = hstp_bucket(hn, hash);
	struct hstp_mini *old, *mini = alloc(rare);

	if (!mini) {
		forget_rare(hn, rare);
		return HSTP_DROP_MEMORY;
	}
	mini->listener = l;
	mini->tuple = *tuple;
	mini->reuse = reuse;
	mini->since_us = 0;
	mini->seq = t->iss;
	hstp_mini_freeze(mini, t);

	spin_lock(&b->lock);
	old = hstp_mini_find(b, tuple);
	if (!hstp_listen_open(l) || hstp_conn_in_bucket(b, tuple) ||
	    (old && !(reopen && old->state == HSTP_TIME_WAIT))) {
		/* close() of the listener, or the same SYN on another CPU */
		spin_unlock(&b->lock);
		release(hn, mini);
		return HSTP_DROP_DUPLICATE;
	}
	hstp_mini_count(hn, mini, t, acts);
	insert(hn, b, mini);
	spin_unlock(&b->lock);
	return HSTP_DROP_NONE;
}

/**
 * hstp_mini_time_wait() - a connection in TIME-WAIT needs no more than a record
 * @conn: the connection; afterwards it is out of the table and in CLOSED
 *
 * Context: the connection's lock; the caller has a reference.
 *
 * Return: false when the namespace has too many records, or no memory.
 */
bool hstp_mini_time_wait(struct hstp_conn *conn)
{
	struct hstp_net *hn = conn->hn;
	struct hstp_bucket *b = hstp_bucket(hn, conn->hash);
	struct hstp_mini *mini;

	if (percpu_counter_compare(&hn->time_waits,
				   READ_ONCE(hn->settings.max_time_wait)) >= 0)
		return false;
	mini = alloc(&(struct hstp_rare){ .ipopt = conn->ipopt });
	if (!mini)
		return false;
	conn->ipopt = NULL;
	mini->mark = conn->mark;
	mini->ifindex = conn->ifindex;
	mini->tuple = conn->tuple;
	mini->tos = conn->tos;
	mini->ttl = max_t(s16, conn->ttl, 0);
	mini->retries = conn->tcb.ts_ok && READ_ONCE(hn->settings.recycle_time_wait);
	mini->transparent = conn->tcb.tune.transparent;
	mini->reuse = conn->reuse;
	mini->since_us = (u32)conn->since_us;
	mini->seq = conn->tcb.snd_nxt;
	hstp_mini_freeze(mini, &conn->tcb);

	spin_lock_bh(&b->lock);
	insert(hn, b, mini);
	hlist_nulls_del_init_rcu(&conn->node);
	spin_unlock_bh(&b->lock);

	conn->hashed = false;
	hstp_handover(&conn->tcb);
	hstp_conn_put(conn);
	return true;
}

/**
 * hstp_mini_timeout() - a record has waited long enough
 * @hn: namespace
 * @tuple: both ends
 * @state: its state
 *
 * Context: softirq, no lock.
 */
void hstp_mini_timeout(struct hstp_net *hn, const struct hstp_tuple *tuple,
		       enum hstp_state state)
{
	struct hstp_bucket *b = hstp_bucket(hn, hstp_tuple_hash(tuple, &hn->hash_key));
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_profile p;
	struct hstp_mini *mini;
	struct hstp_env env;
	struct hstp_tcb t;
	struct hstp_tx tx;
	bool have_tx = false;

	spin_lock(&b->lock);
	mini = find_in_state(b, tuple, state);
	if (!mini) {
		spin_unlock(&b->lock);
		return;
	}
	hstp_mini_thaw(mini, hn, &t);
	hstp_mini_env(hn, &env);
	hstp_timeouts(&t, &env, &acts);
	if (acts.transition_count || acts.bits) {
		hstp_mini_count(hn, mini, &t, &acts);
		if (t.state == HSTP_CLOSED) {
			hstp_mini_erase(hn, b, mini);
		} else {
			have_tx = profile_of(mini, &p) && hstp_send_next(&t, &env, &acts, &tx);
			hstp_wait_del(hn, mini);
			hstp_mini_freeze(mini, &t);
			hstp_wait_add(hn, mini);
		}
	}
	spin_unlock(&b->lock);
	if (have_tx)
		send(hn, tuple, t.state, &p, &tx);
}

/* RFC 5927 section 4.1: all that SYN-RECEIVED has on its way is its SYN,ACK. Under the
 * bucket's lock.
 */
static struct hstp_mini *find_sender(struct hstp_bucket *b, const struct hstp_quote *quote)
{
	struct hstp_mini *mini = hstp_mini_find(b, &quote->tuple);

	if (!mini || mini->state != HSTP_SYN_RECEIVED || mini->seq != quote->seq)
		return NULL;
	return hstp_ipv4_on_device(quote->skb, hstp_mini_device(mini)) ? mini : NULL;
}

/**
 * hstp_mini_has_sent() - is a segment that of a record
 * @hn: namespace
 * @quote: the segment, as an ICMP message has it
 *
 * Context: softirq, no lock.
 */
bool hstp_mini_has_sent(struct hstp_net *hn, const struct hstp_quote *quote)
{
	struct hstp_bucket *b = hstp_bucket(hn, hstp_tuple_hash(&quote->tuple, &hn->hash_key));
	bool found;

	spin_lock(&b->lock);
	found = find_sender(b, quote);
	spin_unlock(&b->lock);
	return found;
}

/**
 * hstp_mini_hard_error() - the peer of a handshake cannot be reached
 * @hn: namespace
 * @quote: its SYN,ACK, as an ICMP message has it
 *
 * RFC 9293 section 3.9.2.2, SHLD-26: the handshake is over.
 *
 * Context: softirq, no lock.
 */
void hstp_mini_hard_error(struct hstp_net *hn, const struct hstp_quote *quote)
{
	struct hstp_bucket *b = hstp_bucket(hn, hstp_tuple_hash(&quote->tuple, &hn->hash_key));
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_mini *mini;
	struct hstp_tcb t;

	spin_lock(&b->lock);
	mini = find_sender(b, quote);
	if (mini) {
		hstp_mini_thaw(mini, hn, &t);
		hstp_hard_error(&t, &acts);
		hstp_mini_count(hn, mini, &t, &acts);
		hstp_mini_erase(hn, b, mini);
	}
	spin_unlock(&b->lock);
}

/* Is a record what was seen, or what has become of that? Its numbers never change while it
 * is one. A connection has become TIME-WAIT's when its FIN followed the text that was seen.
 */
static bool is_seen(const struct hstp_mini *mini, const struct hstp_view *v)
{
	const struct hstp_tcb *t = &v->tcb;

	if (!hstp_tuple_equal(&mini->tuple, &v->tuple))
		return false;
	if (v->kind == HSTP_KIND_RECORD && mini->state == t->state)
		return mini->seq == t->iss && mini->rcv_nxt == t->rcv_nxt &&
		       mini->since_us == (u32)v->since_us;
	return mini->state == HSTP_TIME_WAIT && mini->seq == t->snd_end + 1 &&
	       mini->rcv_nxt - t->rcv_nxt <= t->rcv_wnd + 1;
}

static struct hstp_mini *find_seen(const struct hstp_net *hn, const struct hstp_bucket *b,
				   struct hstp_view *v, const struct hstp_match *m)
{
	struct hstp_mini *mini = b->minis;

	while (mini && !is_seen(mini, v))
		mini = mini->next;
	if (!mini)
		return NULL;
	hstp_view_record(v, hn, mini);
	return !m || hstp_match(m, v) ? mini : NULL;
}

/**
 * hstp_mini_abort() - ABORT of a record
 * @hn: namespace
 * @v: the record as it was seen, or the connection that has become one; becomes what it is
 * @m: what it must be like, or NULL: anything
 *
 * RFC 9293 section 3.10.5.
 *
 * Context: BH off, no lock.
 *
 * Return: false when there is none, or another that has its name, or it does not match.
 */
bool hstp_mini_abort(struct hstp_net *hn, struct hstp_view *v, const struct hstp_match *m)
{
	const struct hstp_tuple *tuple = &v->tuple;
	struct hstp_bucket *b = hstp_bucket(hn, hstp_tuple_hash(tuple, &hn->hash_key));
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_profile p;
	struct hstp_mini *mini;
	struct hstp_env env;
	struct hstp_tcb t;
	struct hstp_tx tx;
	bool have_tx;

	spin_lock(&b->lock);
	mini = find_seen(hn, b, v, m);
	if (!mini) {
		spin_unlock(&b->lock);
		return false;
	}
	hstp_mini_thaw(mini, hn, &t);
	hstp_call_abort(&t, HSTP_RESET_OUT_ABORT, HSTP_CAUSE_ABORT, &acts);
	hstp_mini_count(hn, mini, &t, &acts);
	have_tx = acts.bits & HSTP_ACT_REPLY && profile_of(mini, &p);
	hstp_mini_erase(hn, b, mini);
	spin_unlock(&b->lock);
	if (have_tx) {
		hstp_mini_env(hn, &env);
		hstp_reply_tx(&t, &env, &acts, &tx);
		rcu_read_lock();
		send(hn, tuple, t.state, &p, &tx);
		rcu_read_unlock();
	}
	return true;
}

/* Delete the records of @l, or all, without a word to the peers. */
static void vanish(struct hstp_net *hn, const struct hstp_listener *l, enum hstp_cause cause)
{
	struct hstp_mini *mini, *next;
	u32 i;

	for (i = 0; i <= hn->bucket_mask; i++) {
		struct hstp_bucket *b = &hn->buckets[i];

		/* Nobody adds to the records of all; one for @l may be on its way */
		if (!l && !READ_ONCE(b->minis))
			continue;
		spin_lock_bh(&b->lock);
		for (mini = b->minis; mini; mini = next) {
			struct hstp_acts acts = HSTP_ACTS_INIT;
			struct hstp_tcb t;

			next = mini->next;
			if (l && (mini->state != HSTP_SYN_RECEIVED || mini->listener != l))
				continue;
			hstp_mini_thaw(mini, hn, &t);
			hstp_vanish(&t, cause, &acts);
			hstp_mini_count(hn, mini, &t, &acts);
			hstp_mini_erase(hn, b, mini);
		}
		spin_unlock_bh(&b->lock);
	}
}

/**
 * hstp_mini_drop_listener() - forget the handshakes of a listener
 * @l: listener that was closed
 *
 * Context: process.
 */
void hstp_mini_drop_listener(struct hstp_listener *l)
{
	if (atomic_read(&l->syns))
		vanish(l->hn, l, HSTP_CAUSE_LISTENER_CLOSED);
}

/**
 * hstp_mini_exit() - forget all records of a namespace
 * @hn: namespace; no segment and no call reaches it any more
 *
 * Context: process.
 */
void hstp_mini_exit(struct hstp_net *hn)
{
	vanish(hn, NULL, HSTP_CAUSE_EXIT);
}
