// SPDX-License-Identifier: GPL-2.0
/* The receive queues: they know sequence numbers, but no rule of the protocol. */
#include <linux/ip.h>
#include <net/dst.h>

#include "core/seq.h"
#include "recvq.h"

/**
 * hstp_recvq_detach() - a buffer outlives the packet that it came as
 * @skb: keeps no device, no route and no sender
 */
void hstp_recvq_detach(struct sk_buff *skb)
{
	skb_orphan(skb);
	skb_dst_drop(skb);
	nf_reset_ct(skb);
	skb->dev = NULL;
	skb->next = NULL;
}

/* Small segments share a buffer, so that the memory they take is in proportion
 * to their text. The reader may be copying out of the head: it is left alone. What is told
 * of a packet is that of its last byte: the time it came, and the TOS octet, which all of a
 * buffer have in common (MAY-9).
 */
static bool coalesce(struct hstp_recvq *q, struct sk_buff *skb)
{
	struct hstp_skb_cb *cb = HSTP_CB(skb), *tail_cb;
	bool stolen;
	int delta;

	if (!q->tail || q->tail == q->head)
		return false;
	tail_cb = HSTP_CB(q->tail);
	if (tail_cb->off + tail_cb->len != q->tail->len || cb->off > skb_headlen(skb) ||
	    cb->off + cb->len != skb->len || ip_hdr(q->tail)->tos != ip_hdr(skb)->tos)
		return false;
	__skb_pull(skb, cb->off);
	cb->off = 0;
	if (!skb_try_coalesce(q->tail, skb, &stolen, &delta))
		return false;
	tail_cb->len += cb->len;
	q->tail->tstamp = skb->tstamp;
	skb_hwtstamps(q->tail)->hwtstamp = skb_hwtstamps(skb)->hwtstamp;
	WRITE_ONCE(q->bytes, q->bytes + cb->len);
	q->memory += delta;
	kfree_skb_partial(skb, stolen);
	return true;
}

/**
 * hstp_recvq_append() - text in order, for the user
 * @q: queues
 * @skb: a buffer whose HSTP_CB() is filled; given away
 *
 * Context: the connection's lock.
 */
void hstp_recvq_append(struct hstp_recvq *q, struct sk_buff *skb)
{
	hstp_recvq_detach(skb);
	if (coalesce(q, skb))
		return;
	if (q->tail)
		q->tail->next = skb;
	else
		smp_store_release(&q->head, skb);	/* pairs with hstp_recvq_first() */
	q->tail = skb;
	WRITE_ONCE(q->bytes, q->bytes + HSTP_CB(skb)->len);
	q->memory += skb->truesize;
}

/* Number after the last byte, or after the FIN. */
static u32 end_of(const struct sk_buff *skb)
{
	const struct hstp_skb_cb *cb = HSTP_CB(skb);

	return cb->seq + cb->len + cb->fin;
}

/* Number after a run. */
static u32 run_end(const struct sk_buff *first)
{
	return end_of(HSTP_CB(first)->last);
}

/* A run without its FIN, if it has one. */
static void tell_run(const struct sk_buff *first, struct hstp_range *whole)
{
	whole->left = HSTP_CB(first)->seq;
	whole->right = run_end(first) - HSTP_CB(HSTP_CB(first)->last)->fin;
}

/* The node lies where the links and the device are. */
static void clear_node(struct sk_buff *skb)
{
	skb->next = NULL;
	skb->prev = NULL;
	skb->dev = NULL;
}

static u32 drop_run(struct hstp_recvq *q, struct sk_buff *first)
{
	struct sk_buff *skb = first, *next;
	u32 count = 0;

	rb_erase(&first->rbnode, &q->held);
	clear_node(first);
	for (; skb; skb = next) {
		next = HSTP_CB(skb)->next;
		q->memory -= skb->truesize;
		kfree_skb(skb);
		count++;
	}
	return count;
}

/* The last run that begins before @seq, or NULL; @next gets that behind it, or NULL. */
static struct sk_buff *find_run(const struct hstp_recvq *q, u32 seq, struct sk_buff **next)
{
	struct rb_node *at = q->held.rb_node;
	struct sk_buff *before = NULL;

	*next = NULL;
	while (at) {
		struct sk_buff *first = rb_to_skb(at);

		if (hstp_before(HSTP_CB(first)->seq, seq)) {
			before = first;
			at = at->rb_right;
		} else {
			*next = first;
			at = at->rb_left;
		}
	}
	return before;
}

static void insert_run(struct hstp_recvq *q, struct sk_buff *skb)
{
	struct rb_node **at = &q->held.rb_node, *parent = NULL;

	while (*at) {
		parent = *at;
		at = hstp_before(HSTP_CB(rb_to_skb(parent))->seq, HSTP_CB(skb)->seq) ?
		     &parent->rb_right : &parent->rb_left;
	}
	rb_link_node(&skb->rbnode, parent, at);
	rb_insert_color(&skb->rbnode, &q->held);
}

/* @skb is a run of one buffer: it goes to the end of the run @before, or begins one, and the
 * run @behind follows it. Returns the first buffer of what that makes.
 */
static struct sk_buff *join(struct hstp_recvq *q, struct sk_buff *before, struct sk_buff *skb,
			    struct sk_buff *behind)
{
	struct sk_buff *first = before ?: skb;

	if (behind) {
		HSTP_CB(skb)->next = behind;
		HSTP_CB(skb)->last = HSTP_CB(behind)->last;
	}
	if (before) {
		HSTP_CB(HSTP_CB(before)->last)->next = skb;
		HSTP_CB(before)->last = HSTP_CB(skb)->last;
	}
	if (before && behind)
		rb_erase(&behind->rbnode, &q->held);
	else if (behind)
		rb_replace_node(&behind->rbnode, &skb->rbnode, &q->held);
	else if (!before)
		insert_run(q, skb);
	if (behind)
		clear_node(behind);
	return first;
}

/**
 * hstp_recvq_hold() - text beyond a gap
 * @q: queues
 * @skb: a buffer whose HSTP_CB() is filled; given away
 * @whole: gets what it is now part of: all the text that is held without a gap
 *
 * No byte is held twice: a buffer keeps of its text what was not there, and takes the place
 * of runs that it has all of. So one look at each level of the tree finds its place, and
 * how far its run goes, however many pieces a peer sends behind a gap.
 *
 * Context: the connection's lock.
 *
 * Return: how many buffers were thrown away: that one, or those that it has all of.
 */
u32 hstp_recvq_hold(struct hstp_recvq *q, struct sk_buff *skb, struct hstp_range *whole)
{
	struct sk_buff *before, *behind, *next;
	struct hstp_skb_cb *cb = HSTP_CB(skb);
	u32 end = end_of(skb), known, count = 0;

	before = find_run(q, cb->seq, &behind);
	if (before && hstp_before(run_end(before), cb->seq))
		before = NULL;
	if (before && !hstp_before(run_end(before), end))
		goto duplicate;
	if (behind && HSTP_CB(behind)->seq == cb->seq && !hstp_before(run_end(behind), end)) {
		before = behind;
		goto duplicate;
	}

	for (; behind && !hstp_after(run_end(behind), end); behind = next) {
		next = skb_rb_next(behind);
		count += drop_run(q, behind);
	}
	if (behind && hstp_after(HSTP_CB(behind)->seq, end))
		behind = NULL;
	if (behind && HSTP_CB(behind)->seq != end) {
		/* Text of a peer that goes beyond its FIN was there first */
		cb->len = HSTP_CB(behind)->seq - cb->seq;
		cb->fin = false;
	}
	if (before) {
		known = run_end(before) - cb->seq;
		cb->seq += known;
		cb->off += known;
		cb->len -= known;
	}

	hstp_recvq_detach(skb);
	cb->next = NULL;
	cb->last = skb;
	q->memory += skb->truesize;
	tell_run(join(q, before, skb, behind), whole);
	return count;

duplicate:
	tell_run(before, whole);
	kfree_skb(skb);
	return 1;
}

/**
 * hstp_recvq_held_pop() - take the earliest buffer that is held
 * @q: queues
 *
 * Context: the connection's lock.
 *
 * Return: the buffer, or NULL.
 */
struct sk_buff *hstp_recvq_held_pop(struct hstp_recvq *q)
{
	struct sk_buff *skb = skb_rb_first(&q->held), *next;

	if (!skb)
		return NULL;
	next = HSTP_CB(skb)->next;
	if (next) {
		HSTP_CB(next)->last = HSTP_CB(skb)->last;
		rb_replace_node(&skb->rbnode, &next->rbnode, &q->held);
	} else {
		rb_erase(&skb->rbnode, &q->held);
	}
	clear_node(skb);
	q->memory -= skb->truesize;
	return skb;
}

/**
 * hstp_recvq_purge_held() - forget what is held
 * @q: queues
 */
void hstp_recvq_purge_held(struct hstp_recvq *q)
{
	struct sk_buff *skb;

	while ((skb = hstp_recvq_held_pop(q)))
		kfree_skb(skb);
}

/**
 * hstp_recvq_purge() - forget everything
 * @q: queues
 *
 * Context: the connection's lock, or the last reference.
 */
void hstp_recvq_purge(struct hstp_recvq *q)
{
	hstp_recvq_purge_held(q);
	kfree_skb_list(q->head);
	memset(q, 0, sizeof(*q));
}
