// SPDX-License-Identifier: GPL-2.0
/* The faults of a namespace: its rules, and what becomes of a segment that meets them. */
#include <linux/mutex.h>
#include <linux/slab.h>
#include <net/ip.h>

#include "compat.h"
#include "event.h"
#include "fault.h"
#include "input.h"
#include "stats.h"

DEFINE_STATIC_KEY_FALSE(hstp_fault_key);

/* What the rules have decided. */
enum verdict {
	GOES_ON,
	IS_TAKEN,	/* lost or held */
};

/**
 * hstp_faults_peek() - the faults of a namespace
 * @hn: namespace
 *
 * Return: them, until the namespace exits, or NULL when it never had any.
 */
struct hstp_faults *hstp_faults_peek(const struct hstp_net *hn)
{
	return smp_load_acquire(&hn->faults);	/* pairs with faults_get() */
}

/* Made if there are none yet; NULL: no memory. */
static struct hstp_faults *faults_get(struct hstp_net *hn)
{
	struct hstp_faults *f = hn->faults;

	lockdep_assert_held(&hn->fault_mutex);
	if (f)
		return f;
	f = kzalloc(sizeof(*f), GFP_KERNEL_ACCOUNT);
	if (!f)
		return NULL;
	f->hn = hn;
	spin_lock_init(&f->lock);
	INIT_LIST_HEAD(&f->rules);
	INIT_LIST_HEAD(&f->held);
	INIT_LIST_HEAD(&f->delayed);
	hrtimer_setup(&f->timer, hstp_held_timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_SOFT);
	smp_store_release(&hn->faults, f);	/* all of it is there for who sees it */
	return f;
}

/* Segments are looked at from now on. Those that are on their way and did not take the
 * state of their connection along are past when this returns.
 */
static void switch_on(struct hstp_faults *f)
{
	if (f->keyed)
		return;
	f->keyed = true;
	static_branch_inc(&hstp_fault_key);
	synchronize_rcu();
}

/* No more, if there is nothing left to look at them for. */
static void switch_off(struct hstp_faults *f)
{
	if (!f->keyed || READ_ONCE(f->active))
		return;
	f->keyed = false;
	static_branch_dec(&hstp_fault_key);
}

static void update_active(struct hstp_faults *f)
{
	WRITE_ONCE(f->active, f->step || f->rule_count);
}

/**
 * hstp_fault_add() - a new rule, behind the others
 * @hn: namespace
 * @rule: from kmalloc(), all but its number set; given away if there is no error
 * @id: gets the number
 *
 * Context: process, may sleep.
 *
 * Return: 0, -ENOMEM, or -ENOSPC: there are HSTP_FAULT_RULES already.
 */
int hstp_fault_add(struct hstp_net *hn, struct hstp_rule *rule, u32 *id)
{
	struct hstp_faults *f;
	int err = -ENOMEM;

	mutex_lock(&hn->fault_mutex);
	f = faults_get(hn);
	if (!f)
		goto unlock;
	err = -ENOSPC;
	if (f->rule_count >= HSTP_FAULT_RULES)
		goto unlock;
	switch_on(f);
	spin_lock_bh(&f->lock);
	rule->id = ++f->last_rule;
	*id = rule->id;
	list_add_tail(&rule->link, &f->rules);
	f->rule_count++;
	if (rule->states != (1 << HSTP_STATE_COUNT) - 1)
		WRITE_ONCE(f->asks_state, f->asks_state + 1);
	update_active(f);
	spin_unlock_bh(&f->lock);
	err = 0;
unlock:
	mutex_unlock(&hn->fault_mutex);
	return err;
}

/* Under the lock: a rule goes, and what it holds is held no more. */
static void remove_rule(struct hstp_faults *f, struct hstp_rule *rule, struct list_head *released)
{
	struct hstp_held *held, *next;

	list_for_each_entry_safe(held, next, &f->held, link) {
		if (held->rule == rule)
			hstp_held_take_on(f, held, released);
	}
	if (rule->states != (1 << HSTP_STATE_COUNT) - 1)
		WRITE_ONCE(f->asks_state, f->asks_state - 1);
	f->rule_count--;
	list_del(&rule->link);
	kfree(rule);
}

/**
 * hstp_fault_del() - remove a rule, or all
 * @hn: namespace
 * @id: number of the rule, or 0: all
 *
 * What it holds goes on. Context: process, may sleep.
 *
 * Return: how many there were.
 */
u32 hstp_fault_del(struct hstp_net *hn, u32 id)
{
	struct hstp_faults *f;
	struct hstp_rule *rule, *next;
	LIST_HEAD(released);
	u32 count = 0;

	mutex_lock(&hn->fault_mutex);
	f = hn->faults;
	if (!f)
		goto unlock;
	spin_lock_bh(&f->lock);
	list_for_each_entry_safe(rule, next, &f->rules, link) {
		if (id && rule->id != id)
			continue;
		remove_rule(f, rule, &released);
		count++;
	}
	update_active(f);
	spin_unlock_bh(&f->lock);
	hstp_held_go(f, &released);
	switch_off(f);
unlock:
	mutex_unlock(&hn->fault_mutex);
	return count;
}

/**
 * hstp_fault_step() - begin to hold what is sent, or cease
 * @hn: namespace
 * @on: begin
 *
 * When it ceases, what was held so goes on. Context: process, may sleep.
 *
 * Return: 0 or -ENOMEM.
 */
int hstp_fault_step(struct hstp_net *hn, bool on)
{
	struct hstp_held *held, *next;
	struct hstp_faults *f;
	LIST_HEAD(released);
	int err = 0;

	mutex_lock(&hn->fault_mutex);
	f = on ? faults_get(hn) : hn->faults;
	if (!f) {
		err = on ? -ENOMEM : 0;
		goto unlock;
	}
	if (on)
		switch_on(f);
	spin_lock_bh(&f->lock);
	f->step = on;
	update_active(f);
	list_for_each_entry_safe(held, next, &f->held, link) {
		if (!on && held->why == HSTP_NL_HELD_WHY_STEP)
			hstp_held_take(f, held, &released);
	}
	spin_unlock_bh(&f->lock);
	hstp_held_go(f, &released);
	switch_off(f);
unlock:
	mutex_unlock(&hn->fault_mutex);
	return err;
}

/* Does this wait for the next segment, and is @p that? */
static bool awaits(const struct hstp_held *held, const struct hstp_passing *p)
{
	return held->why == HSTP_NL_HELD_WHY_REORDER &&
	       hstp_held_same_way(held, p->tuple, p->direction);
}

/* Does something of this connection and direction wait for the next segment already? */
static bool awaits_next(const struct hstp_faults *f, const struct hstp_passing *p)
{
	const struct hstp_held *held;

	list_for_each_entry(held, &f->held, link) {
		if (awaits(held, p))
			return true;
	}
	return false;
}

/* More of the same, before it. They go to @copies as far as there is memory. */
static void duplicate(struct hstp_faults *f, struct hstp_rule *rule, struct sk_buff *skb,
		      struct sk_buff_head *copies)
{
	struct sk_buff *copy;
	u32 i;

	for (i = 0; i < rule->copies; i++) {
		copy = pskb_copy(skb, GFP_ATOMIC | __GFP_NOWARN);
		if (copy) {
			__skb_queue_tail(copies, copy);
		} else {
			rule->overflow++;
			f->overflow++;
		}
	}
}

static void lose(struct hstp_faults *f, struct hstp_rule *rule, struct sk_buff *skb)
{
	rule->overflow++;
	f->overflow++;
	kfree_skb(skb);
}

static struct hstp_change change_of(const struct hstp_rule *rule, const struct hstp_passing *p)
{
	return (struct hstp_change){
		.seq = p->seq,
		.ack = p->ack,
		.length = p->text_len,
		.wnd = p->wnd,
		.flags = p->flags,
		.out = p->direction == HSTP_NL_DIRECTION_OUT,
		.action = rule->action,
		.field = rule->field,
		.rule = rule->id,
	};
}

static enum verdict change(struct hstp_faults *f, struct hstp_rule *rule, struct hstp_passing *p)
{
	struct hstp_change change = change_of(rule, p);

	if (hstp_passing_change(p, rule, &change.from, &change.to)) {
		lose(f, rule, p->skb);
		return IS_TAKEN;
	}
	hstp_event_change(f->hn, p->tuple, &change);
	return GOES_ON;
}

/* The checksum of what arrives was looked at: say what would have been said. */
static enum verdict corrupt(struct hstp_faults *f, struct hstp_rule *rule, struct hstp_passing *p)
{
	struct hstp_change change = change_of(rule, p);

	if (p->direction == HSTP_NL_DIRECTION_OUT && hstp_passing_corrupt(p)) {
		lose(f, rule, p->skb);
		return IS_TAKEN;
	}
	hstp_event_change(f->hn, p->tuple, &change);
	if (p->direction == HSTP_NL_DIRECTION_OUT)
		return GOES_ON;
	HSTP_COUNT(f->hn, drops[HSTP_DROP_CHECKSUM]);
	kfree_skb(p->skb);
	return IS_TAKEN;
}

static enum verdict hold(struct hstp_faults *f, struct hstp_rule *rule, u8 why,
			 struct hstp_passing *p)
{
	hstp_held_add(f, rule, why, p->tuple, p->direction, p->skb);
	return IS_TAKEN;
}

/* Whether the rules behind this one are asked, too, is for @more to say. */
static enum verdict act(struct hstp_faults *f, struct hstp_rule *rule, struct hstp_passing *p,
			struct sk_buff_head *copies, bool *more)
{
	*more = false;
	switch (rule->action) {
	case HSTP_NL_ACTION_DUPLICATE:
		duplicate(f, rule, p->skb, copies);
		return GOES_ON;
	case HSTP_NL_ACTION_DELAY:
		return hold(f, rule, HSTP_NL_HELD_WHY_DELAY, p);
	case HSTP_NL_ACTION_HOLD:
		return hold(f, rule, HSTP_NL_HELD_WHY_HOLD, p);
	case HSTP_NL_ACTION_REORDER:
		return hold(f, rule, HSTP_NL_HELD_WHY_REORDER, p);
	case HSTP_NL_ACTION_CHANGE:
		*more = true;
		return change(f, rule, p);
	case HSTP_NL_ACTION_CORRUPT:
		*more = true;
		return corrupt(f, rule, p);
	default:
		kfree_skb(p->skb);
		return IS_TAKEN;
	}
}

/* Under the lock. */
static enum verdict ask_rules(struct hstp_faults *f, struct hstp_passing *p,
			      struct sk_buff_head *copies)
{
	enum verdict verdict = GOES_ON;
	struct hstp_rule *rule;
	bool more = true;

	list_for_each_entry(rule, &f->rules, link) {
		if (!hstp_rule_matches(rule, p) || !hstp_rule_turn(rule))
			continue;
		/* Behind the next, not behind the one after that. It has matched, and its turn is
		 * over; of those that the rule may act on it is none.
		 */
		if (rule->action == HSTP_NL_ACTION_REORDER && awaits_next(f, p))
			continue;
		rule->acted++;
		verdict = act(f, rule, p, copies, &more);
		if (verdict != GOES_ON || !more)
			break;
	}
	return verdict;
}

/* Under the lock: step mode has it, with its copies before and its followers behind it. */
static void hold_for_step(struct hstp_faults *f, struct hstp_passing *p,
			  struct sk_buff_head *copies)
{
	struct hstp_held *held, *next;
	u32 last = f->last_held;
	struct sk_buff *copy;

	while ((copy = __skb_dequeue(copies)))
		hstp_held_add(f, NULL, HSTP_NL_HELD_WHY_STEP, p->tuple, p->direction, copy);
	hstp_held_add(f, NULL, HSTP_NL_HELD_WHY_STEP, p->tuple, p->direction, p->skb);
	list_for_each_entry_safe(held, next, &f->held, link) {
		if (held->id > last)
			break;
		if (awaits(held, p))
			hstp_held_to_step(f, held);
	}
}

static void go_on(struct hstp_net *hn, const struct hstp_passing *p, struct sk_buff *skb)
{
	if (p->direction == HSTP_NL_DIRECTION_OUT)
		ip_local_out(hn->net, NULL, skb);
	else
		hstp_input(hn, p->tuple, skb);
}

/**
 * hstp_fault_meets() - a segment meets the rules of its namespace
 * @hn: namespace
 * @tuple: both ends
 * @direction: enum hstp_nl_direction
 * @state: of the connection, if it leaves
 * @skb: the packet
 *
 * Context: BH off, rcu_read_lock(); if it leaves, perhaps the connection's lock.
 *
 * Return: true when @skb is taken care of, and no longer the caller's.
 */
bool hstp_fault_meets(struct hstp_net *hn, const struct hstp_tuple *tuple, u8 direction,
		      u8 state, struct sk_buff *skb)
{
	struct hstp_passing p = {
		.skb = skb, .tuple = tuple, .direction = direction, .state = state,
	};
	struct hstp_faults *f = hstp_faults_peek(hn);
	enum verdict verdict;
	struct sk_buff_head copies;
	LIST_HEAD(followers);
	struct sk_buff *copy;

	if (!f || !READ_ONCE(f->active) || READ_ONCE(hn->dying))
		return false;
	hstp_passing_look(&p);
	if (direction == HSTP_NL_DIRECTION_IN && READ_ONCE(f->asks_state))
		p.state = hstp_passing_state(hn, tuple, skb);
	__skb_queue_head_init(&copies);

	spin_lock_bh(&f->lock);
	verdict = ask_rules(f, &p, &copies);
	if (verdict == GOES_ON && direction == HSTP_NL_DIRECTION_OUT && f->step) {
		hold_for_step(f, &p, &copies);
		verdict = IS_TAKEN;
	} else if (verdict == GOES_ON) {
		hstp_held_take_followers(f, tuple, direction, U32_MAX, &followers);
	}
	spin_unlock_bh(&f->lock);

	if (verdict == IS_TAKEN)
		return true;
	while ((copy = __skb_dequeue(&copies)))
		go_on(hn, &p, copy);
	if (list_empty(&followers))
		return false;
	go_on(hn, &p, skb);
	hstp_held_go(f, &followers);
	return true;
}

/**
 * hstp_fault_pre_exit() - a namespace is about to go
 * @hn: namespace, marked as dying
 *
 * What is held is lost, before what it refers to goes. Context: process, may sleep.
 */
void hstp_fault_pre_exit(struct hstp_net *hn)
{
	if (hn->faults)
		hstp_held_purge(hn->faults);
}

/**
 * hstp_fault_exit() - the rules of a namespace go
 * @hn: namespace; no segment and no command reaches it any more
 *
 * Context: process, may sleep.
 */
void hstp_fault_exit(struct hstp_net *hn)
{
	struct hstp_faults *f = hn->faults;
	struct hstp_rule *rule, *next;

	if (!f)
		return;
	list_for_each_entry_safe(rule, next, &f->rules, link)
		kfree(rule);
	WRITE_ONCE(f->active, false);
	switch_off(f);
	kfree(f);
}
