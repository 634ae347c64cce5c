// SPDX-License-Identifier: GPL-2.0
/* Records that wait: queues in which the first in is the first out. */
#include <linux/percpu.h>

#include "compat.h"
#include "stats.h"
#include "wait.h"

#define AT_ONCE	512	/* records that a timer deals with before others have their turn */

static struct list_head *queue_of(struct hstp_wait *w, const struct hstp_mini *mini)
{
	if (mini->state == HSTP_TIME_WAIT)
		return &w->queues[mini->retries ? HSTP_WAIT_SHORT : 0];
	return &w->queues[min(1 + mini->retries, HSTP_WAIT_SHORT - 1)];
}

/**
 * hstp_wait_delay() - how long a record waits
 * @hn: namespace
 * @mini: record in SYN-RECEIVED or TIME-WAIT
 *
 * Return: 2MSL, or 3.5 times the initial RTO if that is shorter and the record was chosen
 * for it, or the timeout of the SYN,ACK, doubled with each retransmission
 * (RFC 6298 rule 5.5), in ms.
 */
u32 hstp_wait_delay(const struct hstp_net *hn, const struct hstp_mini *mini)
{
	const struct hstp_config *cfg = &hn->settings.core;
	u32 max = READ_ONCE(cfg->rto_max_ms);

	if (mini->state == HSTP_TIME_WAIT) {
		u32 full = 2 * (u32)READ_ONCE(cfg->msl_ms);

		if (!mini->retries)
			return full;
		return min(full, (u32)READ_ONCE(cfg->rto_initial_ms) * 7 / 2);
	}
	return min_t(u64, (u64)READ_ONCE(cfg->rto_initial_ms) << min_t(u8, mini->retries, 31), max);
}

/* The earliest deadline of the queues' heads; their order makes it that of all. */
static struct hstp_mini *earliest(struct hstp_wait *w, u32 *when)
{
	struct hstp_mini *best = NULL;
	int i;

	for (i = 0; i < HSTP_WAIT_QUEUES; i++) {
		struct hstp_mini *mini = list_first_entry_or_null(&w->queues[i], struct hstp_mini,
								  wait);
		u32 at;

		if (!mini)
			continue;
		at = hstp_mini_queued(mini) + hstp_wait_delay(w->hn, mini);
		if (best && !hstp_before(at, *when))
			continue;
		best = mini;
		*when = at;
	}
	return best;
}

static void arm(struct hstp_wait *w, u32 when)
{
	s32 left = (s32)(when - hstp_now_ms());

	mod_timer(&w->timer, jiffies + (left > 0 ? msecs_to_jiffies(left) : 0));
}

/* A record may not be touched without its bucket's lock, which is outside of
 * ours: what is due is known by its tuple and its state.
 */
static void wait_fires(struct timer_list *timer)
{
	struct hstp_wait *w = from_timer(w, timer, timer);
	struct hstp_tuple tuple;
	struct hstp_mini *mini;
	enum hstp_state state;
	int left = AT_ONCE;
	u32 when;

	rcu_read_lock();
	for (;;) {
		spin_lock(&w->lock);
		mini = earliest(w, &when);
		if (!mini)
			break;
		if (hstp_before(hstp_now_ms(), when)) {
			arm(w, when);
			break;
		}
		if (!left--) {
			mod_timer(&w->timer, jiffies + 1);
			break;
		}
		tuple = mini->tuple;
		state = mini->state;
		spin_unlock(&w->lock);
		hstp_mini_timeout(w->hn, &tuple, state);
	}
	spin_unlock(&w->lock);
	rcu_read_unlock();
}

/**
 * hstp_wait_init() - make a namespace's queues
 * @hn: namespace
 *
 * Return: 0 or -ENOMEM.
 */
int hstp_wait_init(struct hstp_net *hn)
{
	int cpu, i;

	hn->waits = alloc_percpu_gfp(struct hstp_wait, GFP_KERNEL_ACCOUNT);
	if (!hn->waits)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct hstp_wait *w = per_cpu_ptr(hn->waits, cpu);

		spin_lock_init(&w->lock);
		for (i = 0; i < HSTP_WAIT_QUEUES; i++)
			INIT_LIST_HEAD(&w->queues[i]);
		timer_setup(&w->timer, wait_fires, 0);
		w->hn = hn;
	}
	return 0;
}

/**
 * hstp_wait_exit() - stop the timers and give the queues back
 * @hn: namespace; no record is left, or can come
 */
void hstp_wait_exit(struct hstp_net *hn)
{
	int cpu;

	for_each_possible_cpu(cpu)
		timer_delete_sync(&per_cpu_ptr(hn->waits, cpu)->timer);
	free_percpu(hn->waits);
}

/**
 * hstp_wait_anew() - settings have changed, and delays with them
 * @hn: namespace
 *
 * The timers fire, and find what is due by the delays of now: else a shorter one would have
 * to wait for a head that began to wait before.
 *
 * Context: process.
 */
void hstp_wait_anew(struct hstp_net *hn)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct hstp_wait *w = per_cpu_ptr(hn->waits, cpu);

		spin_lock_bh(&w->lock);
		if (timer_pending(&w->timer))
			mod_timer(&w->timer, jiffies);
		spin_unlock_bh(&w->lock);
	}
}

/**
 * hstp_wait_add() - a record begins to wait
 * @hn: namespace
 * @mini: record; its state and retries say for how long
 *
 * Context: its bucket's lock, BH off.
 */
void hstp_wait_add(struct hstp_net *hn, struct hstp_mini *mini)
{
	struct hstp_wait *w = this_cpu_ptr(hn->waits);
	struct list_head *queue = queue_of(w, mini);
	u32 delay = hstp_wait_delay(hn, mini);
	u32 now = hstp_now_ms();

	mini->cpu = smp_processor_id();
	mini->queued_ms = now & 0x3fffff;

	spin_lock(&w->lock);
	/* Only a head can be the first that is due */
	if (list_empty(queue) &&
	    (!timer_pending(&w->timer) ||
	     time_before(jiffies + msecs_to_jiffies(delay), w->timer.expires)))
		arm(w, now + delay);
	list_add_tail(&mini->wait, queue);
	spin_unlock(&w->lock);
}

/**
 * hstp_wait_del() - a record waits no more
 * @hn: namespace
 * @mini: record
 *
 * Context: its bucket's lock, BH off.
 */
void hstp_wait_del(struct hstp_net *hn, struct hstp_mini *mini)
{
	struct hstp_wait *w = per_cpu_ptr(hn->waits, mini->cpu);

	spin_lock(&w->lock);
	list_del(&mini->wait);
	spin_unlock(&w->lock);
}
