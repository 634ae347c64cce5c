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

/**
 * hstp_recvq_hold() - text beyond a gap
 * @q: queues
 * @skb: a buffer whose HSTP_CB() is filled; given away
 *
 * What the queue has already is not kept twice.
 *
 * Context: the connection's lock.
 *
 * Return: false when it was a duplicate.
 */
bool hstp_recvq_hold(struct hstp_recvq *q, struct sk_buff *skb)
{
	const struct hstp_skb_cb *cb = HSTP_CB(skb);
	struct sk_buff **at = &q->held;

	while (*at && !hstp_before(cb->seq, HSTP_CB(*at)->seq)) {
		const struct hstp_skb_cb *old = HSTP_CB(*at);

		if (!hstp_after(cb->seq + cb->len + cb->fin, old->seq + old->len + old->fin)) {
			kfree_skb(skb);
			return false;
		}
		at = &(*at)->next;
	}
	hstp_recvq_detach(skb);
	skb->next = *at;
	*at = skb;
	q->memory += skb->truesize;
	return true;
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
	struct sk_buff *skb = q->held;

	if (!skb)
		return NULL;
	q->held = skb->next;
	skb->next = NULL;
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
