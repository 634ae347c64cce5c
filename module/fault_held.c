// SPDX-License-Identifier: GPL-2.0
/* Segments that are held on their way: step mode, the actions hold, delay and reorder. How
 * many there can be, and how they go on.
 */
#include <linux/netdevice.h>
#include <linux/slab.h>
#include <net/dst.h>
#include <net/ip.h>

#include "fault.h"
#include "input.h"

/* Under the lock: the timer goes off when the first of those with a time is due. */
static void arm(struct hstp_faults *f)
{
	const struct hstp_held *first;

	first = list_first_entry_or_null(&f->delayed, struct hstp_held, due_link);
	if (first)
		hrtimer_start(&f->timer, first->due, HRTIMER_MODE_ABS_SOFT);
}

static void set_due(struct hstp_faults *f, struct hstp_held *held, u32 delay_ms)
{
	struct hstp_held *other;

	held->due = ktime_add_ms(held->since, delay_ms);
	list_for_each_entry_reverse(other, &f->delayed, due_link) {
		if (other->due <= held->due)
			break;
	}
	list_add(&held->due_link, &other->due_link);
	if (list_is_first(&held->due_link, &f->delayed))
		arm(f);
}

/* A packet that outlives the moment keeps neither what only RCU protects nor what a
 * namespace that goes would wait for.
 */
static bool detach(struct hstp_held *held, struct sk_buff *skb)
{
	if (!skb_dst_force(skb))
		return false;
	nf_reset_ct(skb);
	skb_orphan(skb);
	held->skb = skb;
	if (held->direction == HSTP_NL_DIRECTION_IN) {
		held->ifindex = skb->dev->ifindex;
		skb->dev = NULL;
	}
	return true;
}

static struct hstp_held *make(struct hstp_faults *f, const struct hstp_tuple *tuple,
			      u8 direction, struct sk_buff *skb)
{
	struct hstp_held *held;

	if (READ_ONCE(f->hn->dying) || f->held_count >= HSTP_HELD_MAX ||
	    skb->truesize > HSTP_HELD_BYTES - f->held_bytes)
		return NULL;
	held = kzalloc(sizeof(*held), GFP_ATOMIC | __GFP_NOWARN);
	if (!held)
		return NULL;
	held->direction = direction;
	held->tuple = *tuple;
	if (!detach(held, skb)) {
		kfree(held);
		return NULL;
	}
	return held;
}

/**
 * hstp_held_add() - hold a segment
 * @f: faults of the namespace
 * @rule: who holds it; NULL: step mode
 * @why: enum hstp_nl_held_why
 * @tuple: both ends
 * @direction: enum hstp_nl_direction
 * @skb: the packet; given away
 *
 * What there is no room for is lost, and counted.
 *
 * Context: BH off, the faults' lock, rcu_read_lock().
 *
 * Return: false when it is lost.
 */
bool hstp_held_add(struct hstp_faults *f, struct hstp_rule *rule, u8 why,
		   const struct hstp_tuple *tuple, u8 direction, struct sk_buff *skb)
{
	struct hstp_held *held = make(f, tuple, direction, skb);

	if (!held) {
		f->overflow++;
		if (rule)
			rule->overflow++;
		kfree_skb(skb);
		return false;
	}
	held->since = ktime_get();
	held->id = ++f->last_held;
	held->why = why;
	held->rule = rule;
	if (rule)
		rule->held++;
	f->held_count++;
	f->held_bytes += skb->truesize;
	list_add_tail(&held->link, &f->held);
	INIT_LIST_HEAD(&held->due_link);
	if (why == HSTP_NL_HELD_WHY_DELAY)
		set_due(f, held, rule->delay_ms);
	return true;
}

/**
 * hstp_held_take() - a segment is held no more
 * @f: faults of the namespace
 * @held: the segment
 * @to: list to whose end it goes, for hstp_held_go()
 *
 * Context: the faults' lock.
 */
void hstp_held_take(struct hstp_faults *f, struct hstp_held *held, struct list_head *to)
{
	if (held->rule)
		held->rule->held--;
	held->rule = NULL;
	f->held_count--;
	f->held_bytes -= held->skb->truesize;
	list_del_init(&held->due_link);
	list_move_tail(&held->link, to);
}

/**
 * hstp_held_take_followers() - what has waited for a segment is held no more
 * @f: faults of the namespace
 * @tuple: both ends of the segment that goes on
 * @direction: of it, enum hstp_nl_direction
 * @before: number that it was held with: what came later waits for another
 * @to: list to whose end they go
 *
 * Context: the faults' lock.
 */
void hstp_held_take_followers(struct hstp_faults *f, const struct hstp_tuple *tuple,
			      u8 direction, u32 before, struct list_head *to)
{
	struct hstp_held *held, *next;

	list_for_each_entry_safe(held, next, &f->held, link) {
		if (held->id > before)
			break;
		if (held->why == HSTP_NL_HELD_WHY_REORDER &&
		    hstp_held_same_way(held, tuple, direction))
			hstp_held_take(f, held, to);
	}
}

/**
 * hstp_held_take_on() - a segment is held no more and goes on, with what has waited for it
 * @f: faults of the namespace
 * @held: the segment
 * @to: list to whose end they go, for hstp_held_go()
 *
 * Context: the faults' lock. Who walks through hstp_faults.held need not fear for the next
 * one: what has waited lies before @held.
 */
void hstp_held_take_on(struct hstp_faults *f, struct hstp_held *held, struct list_head *to)
{
	hstp_held_take(f, held, to);
	hstp_held_take_followers(f, &held->tuple, held->direction, held->id, to);
}

/**
 * hstp_held_to_step() - what a rule has held so long, step mode holds now
 * @f: faults of the namespace
 * @held: the segment; goes behind all others
 *
 * Context: the faults' lock.
 */
void hstp_held_to_step(struct hstp_faults *f, struct hstp_held *held)
{
	held->rule->held--;
	held->rule = NULL;
	held->why = HSTP_NL_HELD_WHY_STEP;
	held->id = ++f->last_held;
	list_move_tail(&held->link, &f->held);
}

static void lost(struct hstp_faults *f)
{
	spin_lock_bh(&f->lock);
	f->overflow++;
	spin_unlock_bh(&f->lock);
}

/* Under rcu_read_lock(), BH off. */
static void go_on(struct hstp_faults *f, struct hstp_held *held)
{
	struct hstp_net *hn = f->hn;
	struct sk_buff *skb = held->skb;

	if (held->direction == HSTP_NL_DIRECTION_OUT) {
		ip_local_out(hn->net, NULL, skb);
		return;
	}
	skb->dev = dev_get_by_index_rcu(hn->net, held->ifindex);
	if (!skb->dev || READ_ONCE(hn->dying)) {
		lost(f);
		kfree_skb(skb);
		return;
	}
	hstp_input(hn, &held->tuple, skb);
}

/**
 * hstp_held_go() - segments go on their way
 * @f: faults of the namespace
 * @list: the segments, from hstp_held_take(), in their order
 *
 * Context: not the faults' lock; a connection's only if all are its own and leave.
 */
void hstp_held_go(struct hstp_faults *f, struct list_head *list)
{
	struct hstp_held *held, *next;

	list_for_each_entry_safe(held, next, list, link) {
		local_bh_disable();
		rcu_read_lock();
		go_on(f, held);
		rcu_read_unlock();
		local_bh_enable();
		kfree(held);
	}
}

static void forget(struct list_head *list)
{
	struct hstp_held *held, *next;

	list_for_each_entry_safe(held, next, list, link) {
		kfree_skb(held->skb);
		kfree(held);
	}
}

static bool chosen(const struct hstp_held_choice *c, const struct hstp_held *held)
{
	const struct hstp_tuple *t = &held->tuple;

	if (c->id ? c->id != held->id : held->why != HSTP_NL_HELD_WHY_STEP &&
	    held->why != HSTP_NL_HELD_WHY_HOLD)
		return false;
	return (!c->rule || (held->rule && held->rule->id == c->rule)) &&
	       (!c->lport || c->lport == t->lport) &&
	       (!c->fport || c->fport == t->fport) &&
	       (!c->lprefix || ipv6_prefix_equal(&c->laddr, &t->laddr, c->lprefix)) &&
	       (!c->fprefix || ipv6_prefix_equal(&c->faddr, &t->faddr, c->fprefix));
}

/**
 * hstp_held_release() - let segments go
 * @f: faults of the namespace
 * @choice: which
 * @drop: they are lost instead
 *
 * Context: process, no lock.
 *
 * Return: how many; what has waited for them is not counted.
 */
u32 hstp_held_release(struct hstp_faults *f, const struct hstp_held_choice *choice, bool drop)
{
	struct hstp_held *held, *next;
	LIST_HEAD(list);
	u32 count = 0;

	spin_lock_bh(&f->lock);
	list_for_each_entry_safe(held, next, &f->held, link) {
		if (count == choice->count)
			break;
		if (!chosen(choice, held))
			continue;
		if (drop)
			hstp_held_take(f, held, &list);
		else
			hstp_held_take_on(f, held, &list);
		count++;
	}
	spin_unlock_bh(&f->lock);
	if (drop)
		forget(&list);
	else
		hstp_held_go(f, &list);
	return count;
}

/**
 * hstp_held_timer() - what was delayed long enough goes on
 * @timer: of struct hstp_faults
 *
 * Context: softirq.
 */
enum hrtimer_restart hstp_held_timer(struct hrtimer *timer)
{
	struct hstp_faults *f = container_of(timer, struct hstp_faults, timer);
	struct hstp_held *held, *next;
	ktime_t now = ktime_get();
	LIST_HEAD(list);

	spin_lock_bh(&f->lock);
	list_for_each_entry_safe(held, next, &f->delayed, due_link) {
		if (held->due > now)
			break;
		hstp_held_take_on(f, held, &list);
	}
	arm(f);
	spin_unlock_bh(&f->lock);
	hstp_held_go(f, &list);
	return HRTIMER_NORESTART;
}

/**
 * hstp_held_purge() - lose all that is held
 * @f: faults of a namespace that is dying: nothing is added any more
 *
 * Context: process, may sleep.
 */
void hstp_held_purge(struct hstp_faults *f)
{
	struct hstp_held *held, *next;
	LIST_HEAD(list);

	spin_lock_bh(&f->lock);
	list_for_each_entry_safe(held, next, &f->held, link)
		hstp_held_take(f, held, &list);
	spin_unlock_bh(&f->lock);
	hrtimer_cancel(&f->timer);
	forget(&list);
}
