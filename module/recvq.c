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

static void held_erase(struct hstp_recvq *q, struct sk_buff *skb)
{
	rb_erase(&skb->rbnode, &q->held);
	q->memory -= skb->truesize;
	skb->next = NULL;
	skb->prev = NULL;
	skb->dev = NULL;	/* where the node was */
}

/* What lies behind @skb and is part of it, as far as that goes. */
static u32 drop_covered(struct hstp_recvq *q, struct sk_buff *skb)
{
	struct sk_buff *next;
	u32 count = 0;

	while ((next = skb_rb_next(skb)) && !hstp_after(end_of(next), end_of(skb))) {
		held_erase(q, next);
		kfree_skb(next);
		count++;
	}
	return count;
}

/**
 * hstp_recvq_hold() - text beyond a gap
 * @q: queues
 * @skb: a buffer whose HSTP_CB() is filled; given away
 *
 * Of two that are held the one that begins later ends later, too: what another one has is not
 * kept twice. So one look at each level of the tree finds a duplicate, however many a peer
 * sends behind a gap.
 *
 * Context: the connection's lock.
 *
 * Return: how many buffers were thrown away: that one, or those that it has all of.
 */
u32 hstp_recvq_hold(struct hstp_recvq *q, struct sk_buff *skb)
{
	struct rb_node **at = &q->held.rb_node, *parent = NULL;
	u32 seq = HSTP_CB(skb)->seq;

	while (*at) {
		const struct sk_buff *old = rb_to_skb(*at);

		if (!hstp_before(seq, HSTP_CB(old)->seq) &&
		    !hstp_after(end_of(skb), end_of(old))) {
			kfree_skb(skb);
			return 1;
		}
		parent = *at;
		at = hstp_after(seq, HSTP_CB(old)->seq) ? &parent->rb_right : &parent->rb_left;
	}
	hstp_recvq_detach(skb);
	rb_link_node(&skb->rbnode, parent, at);
	rb_insert_color(&skb->rbnode, &q->held);
	q->memory += skb->truesize;
	return drop_covered(q, skb);
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
	struct sk_buff *skb = skb_rb_first(&q->held);

	if (skb)
		held_erase(q, skb);
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
