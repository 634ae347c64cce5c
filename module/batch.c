// SPDX-License-Identifier: GPL-2.0
/* Messages to a multicast group of the family, gathered before they are sent: a message by
 * itself costs its listener a wake-up and both of them a packet, many times what it takes
 * to write it.
 *
 * A namespace gathers for one group at a time, in one place, so that listeners read what
 * happened in the order in which it happened, on whatever CPU, and of both groups. It is
 * told with the next tick, or as soon as there is enough to fill a good part of a listener's
 * usual receive buffer; in packets of a page, what programs have room for. Nobody waits for
 * a listener. One that is too slow is told so by ENOBUFS.
 */
#include <linux/jiffies.h>
#include <linux/rcupdate.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>

#include "batch.h"
#include "compat.h"
#include "net.h"
#include "netlink.h"

#define QUEUE_MAX	16	/* packets */

/* The family is registered, and has its groups. */
static bool registered;

/* Under the lock. */
static void flush(struct hstp_net *hn)
{
	struct hstp_batch *b = &hn->batch;
	struct sk_buff *skb;

	while ((skb = __skb_dequeue(&b->queue))) {
		if (READ_ONCE(registered))
			genlmsg_multicast_netns(&hstp_nl_family, hn->net, skb, 0, b->group,
						GFP_ATOMIC);
		else
			kfree_skb(skb);
	}
}

static void batch_fires(struct timer_list *timer)
{
	struct hstp_batch *b = from_timer(b, timer, timer);

	spin_lock(&b->lock);
	flush(container_of(b, struct hstp_net, batch));
	spin_unlock(&b->lock);
}

/**
 * hstp_batch_init() - nothing to tell yet
 * @hn: namespace
 */
void hstp_batch_init(struct hstp_net *hn)
{
	spin_lock_init(&hn->batch.lock);
	__skb_queue_head_init(&hn->batch.queue);
	timer_setup(&hn->batch.timer, batch_fires, 0);
}

/**
 * hstp_batch_exit() - tell what is left
 * @hn: namespace, in which nothing happens any more
 *
 * Context: process, may sleep.
 */
void hstp_batch_exit(struct hstp_net *hn)
{
	timer_delete_sync(&hn->batch.timer);
	spin_lock_bh(&hn->batch.lock);
	flush(hn);
	spin_unlock_bh(&hn->batch.lock);
}

/**
 * hstp_batch_start() - the family is there: messages have somewhere to go
 */
void hstp_batch_start(void)
{
	WRITE_ONCE(registered, true);
}

/**
 * hstp_batch_stop() - the family is about to go
 *
 * Context: process, may sleep; nobody refers to the family when it returns.
 */
void hstp_batch_stop(void)
{
	struct hstp_net *hn;
	struct net *net;

	rcu_read_lock();
	for_each_net_rcu(net) {
		hn = hstp_pernet(net);
		spin_lock_bh(&hn->batch.lock);
		flush(hn);
		spin_unlock_bh(&hn->batch.lock);
	}
	rcu_read_unlock();
	WRITE_ONCE(registered, false);
	synchronize_rcu();
}

/**
 * hstp_batch_wanted() - does somebody listen
 * @hn: namespace
 * @group: of the family
 *
 * Context: BH off.
 */
bool hstp_batch_wanted(const struct hstp_net *hn, unsigned int group)
{
	return READ_ONCE(registered) && genl_has_listeners(&hstp_nl_family, hn->net, group);
}

/**
 * hstp_batch_lock() - messages are about to be written
 * @hn: namespace
 *
 * Context: BH off; any lock of a connection or a bucket.
 */
void hstp_batch_lock(struct hstp_net *hn) __acquires(&hn->batch.lock)
{
	spin_lock(&hn->batch.lock);
}

/**
 * hstp_batch_unlock() - they are written
 * @hn: namespace
 */
void hstp_batch_unlock(struct hstp_net *hn) __releases(&hn->batch.lock)
{
	spin_unlock(&hn->batch.lock);
}

static struct sk_buff *new_packet(struct hstp_batch *b, unsigned int group)
{
	struct sk_buff *skb = nlmsg_new(NLMSG_DEFAULT_SIZE, GFP_ATOMIC | __GFP_NOWARN);

	if (!skb)
		return NULL;
	b->group = group;
	__skb_queue_tail(&b->queue, skb);
	if (!timer_pending(&b->timer))
		mod_timer(&b->timer, jiffies);
	return skb;
}

/* A packet with so much room. */
static struct sk_buff *packet_for(struct hstp_net *hn, unsigned int group, size_t room)
{
	struct hstp_batch *b = &hn->batch;
	struct sk_buff *skb = skb_peek_tail(&b->queue);
	bool full = skb && skb_tailroom(skb) < room;

	if (skb && !full && b->group == group)
		return skb;
	if (skb && (b->group != group || skb_queue_len(&b->queue) >= QUEUE_MAX))
		flush(hn);
	return new_packet(b, group);
}

/**
 * hstp_batch_begin() - begin a message
 * @hn: namespace
 * @group: whom it is for
 * @cmd: its command
 * @room: bytes of attributes at most
 *
 * Without memory all listeners are told ENOBUFS, as when their own queue is full.
 *
 * Context: between hstp_batch_lock() and hstp_batch_unlock().
 *
 * Return: where its attributes go; NULL: nowhere, or the family is gone.
 */
void *hstp_batch_begin(struct hstp_net *hn, unsigned int group, u8 cmd, size_t room)
{
	struct genlmsghdr *genl;
	struct nlmsghdr *head;
	struct sk_buff *skb;

	if (!READ_ONCE(registered))
		return NULL;
	skb = packet_for(hn, group, NLMSG_HDRLEN + GENL_HDRLEN + room);
	if (!skb) {
		atomic64_inc(&hn->events_lost);
		genl_set_err(&hstp_nl_family, hn->net, 0, group, -ENOBUFS);
		return NULL;
	}
	head = (struct nlmsghdr *)skb_tail_pointer(skb);
	memset(head, 0, NLMSG_HDRLEN + GENL_HDRLEN);
	head->nlmsg_type = hstp_nl_family.id;
	genl = nlmsg_data(head);
	genl->cmd = cmd;
	genl->version = hstp_nl_family.version;
	return genlmsg_data(genl);
}

/**
 * hstp_batch_end() - the message that was begun last is complete
 * @hn: namespace
 * @end: behind its last attribute
 *
 * Context: between hstp_batch_lock() and hstp_batch_unlock().
 */
void hstp_batch_end(struct hstp_net *hn, void *end)
{
	struct sk_buff *skb = skb_peek_tail(&hn->batch.queue);
	struct nlmsghdr *head = (struct nlmsghdr *)skb_tail_pointer(skb);

	head->nlmsg_len = end - (void *)head;
	__skb_put(skb, head->nlmsg_len);
}
