// SPDX-License-Identifier: GPL-2.0
/* The send queue: user's bytes in buffers of pages, which segments then share. */
#include <linux/uio.h>
#include <net/sock.h>

#include "sendq.h"

/* Up to this many bytes are copied rather than shared: a reference to a page
 * costs more.
 */
#define COPY_MAX	256

/* A small message fits into the buffer's own head. */
static struct sk_buff *fill_linear(struct msghdr *msg, size_t len, gfp_t gfp)
{
	struct sk_buff *skb = alloc_skb(len, gfp);

	if (!skb)
		return ERR_PTR(-ENOMEM);
	if (!copy_from_iter_full(skb_put(skb, len), len, &msg->msg_iter)) {
		kfree_skb(skb);
		return ERR_PTR(-EFAULT);
	}
	return skb;
}

/**
 * hstp_sendq_fill() - copy the user's bytes into a buffer
 * @sk: socket whose page fragment is used
 * @msg: where the bytes come from
 * @len: how many; as many as pages can be had for are taken
 * @gfp: how to allocate
 *
 * Context: process, lock_sock(), no spinlock.
 *
 * Return: a buffer of 1 to @len bytes, -ENOMEM or -EFAULT.
 */
struct sk_buff *hstp_sendq_fill(struct sock *sk, struct msghdr *msg, size_t len, gfp_t gfp)
{
	struct page_frag *pfrag = sk_page_frag(sk);
	struct sk_buff *skb;
	int frags = 0;

	if (len <= COPY_MAX)
		return fill_linear(msg, len, gfp);

	skb = alloc_skb(0, gfp);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	while (len && frags < MAX_SKB_FRAGS) {
		size_t n;

		if (!sk_page_frag_refill(sk, pfrag))
			break;
		n = min_t(size_t, len, pfrag->size - pfrag->offset);
		if (copy_page_from_iter(pfrag->page, pfrag->offset, n, &msg->msg_iter) != n) {
			kfree_skb(skb);
			return ERR_PTR(-EFAULT);
		}
		get_page(pfrag->page);
		skb_fill_page_desc(skb, frags++, pfrag->page, pfrag->offset, n);
		pfrag->offset += n;
		skb->len += n;
		skb->data_len += n;
		skb->truesize += n;
		len -= n;
	}
	if (!skb->len) {
		kfree_skb(skb);
		return ERR_PTR(-ENOMEM);
	}
	return skb;
}

/**
 * hstp_sendq_append() - add a buffer to the end
 * @q: queue
 * @skb: of hstp_sendq_fill(); given away
 *
 * Context: the connection's lock.
 */
void hstp_sendq_append(struct hstp_sendq *q, struct sk_buff *skb)
{
	skb->next = NULL;
	if (q->tail)
		q->tail->next = skb;
	else
		q->head = skb;
	q->tail = skb;
	q->memory += skb->truesize;
}

/**
 * hstp_sendq_free() - forget what the peer has acknowledged
 * @q: queue
 * @bytes: how many, from the front
 *
 * Context: the connection's lock.
 */
void hstp_sendq_free(struct hstp_sendq *q, u32 bytes)
{
	q->skip += bytes;
	while (q->head && q->skip >= q->head->len) {
		struct sk_buff *skb = q->head;

		q->skip -= skb->len;
		q->memory -= skb->truesize;
		q->head = skb->next;
		if (!q->head)
			q->tail = NULL;
		skb->next = NULL;
		consume_skb(skb);
	}
}

/**
 * hstp_sendq_purge() - forget everything
 * @q: queue
 */
void hstp_sendq_purge(struct hstp_sendq *q)
{
	kfree_skb_list(q->head);
	memset(q, 0, sizeof(*q));
}

/* Add to @to the part of @from's pages that holds @len bytes from @off; false
 * when some of it is not in pages, or there are too many.
 */
static bool share(struct sk_buff *to, const struct sk_buff *from, u32 off, u32 len)
{
	struct skb_shared_info *info = skb_shinfo(from);
	int i;

	if (off < skb_headlen(from))
		return false;
	off -= skb_headlen(from);
	for (i = 0; i < info->nr_frags && len; i++) {
		const skb_frag_t *frag = &info->frags[i];
		u32 size = skb_frag_size(frag), n;
		int at = skb_shinfo(to)->nr_frags;
		u32 page_off;

		if (off >= size) {
			off -= size;
			continue;
		}
		n = min(size - off, len);
		page_off = skb_frag_off(frag) + off;
		if (skb_can_coalesce(to, at, skb_frag_page(frag), page_off)) {
			skb_frag_size_add(&skb_shinfo(to)->frags[at - 1], n);
		} else {
			if (at == MAX_SKB_FRAGS)
				return false;
			get_page(skb_frag_page(frag));
			skb_fill_page_desc(to, at, skb_frag_page(frag), page_off, n);
		}
		to->len += n;
		to->data_len += n;
		to->truesize += n;
		len -= n;
		off = 0;
	}
	return true;
}

static bool share_range(struct sk_buff *to, const struct sk_buff *from, u32 off, u32 len)
{
	for (; len; from = from->next, off = 0) {
		u32 n = min(from->len - off, len);

		if (!share(to, from, off, n))
			return false;
		len -= n;
	}
	return true;
}

static struct sk_buff *copy_range(const struct sk_buff *from, u32 off, u32 len,
				  unsigned int headroom)
{
	struct sk_buff *to = alloc_skb(headroom + len, GFP_ATOMIC | __GFP_NOWARN);

	if (!to)
		return NULL;
	skb_reserve(to, headroom);
	for (; len; from = from->next, off = 0) {
		u32 n = min(from->len - off, len);

		if (skb_copy_bits(from, off, skb_put(to, n), n)) {
			kfree_skb(to);
			return NULL;
		}
		len -= n;
	}
	return to;
}

/**
 * hstp_sendq_segment() - a packet with a part of the queue
 * @q: queue
 * @off: first byte, counted from the oldest in the queue
 * @len: bytes, at least 1; @off + @len are in the queue
 * @headroom: bytes to leave free for headers
 *
 * Context: the connection's lock.
 *
 * Return: a packet, its pages shared with the queue where that is possible, or
 * NULL.
 */
struct sk_buff *hstp_sendq_segment(const struct hstp_sendq *q, u32 off, u32 len,
				   unsigned int headroom)
{
	const struct sk_buff *from = q->head;
	struct sk_buff *to;

	for (off += q->skip; off >= from->len; from = from->next)
		off -= from->len;

	if (len > COPY_MAX) {
		to = alloc_skb(headroom, GFP_ATOMIC | __GFP_NOWARN);
		if (!to)
			return NULL;
		skb_reserve(to, headroom);
		if (share_range(to, from, off, len))
			return to;
		kfree_skb(to);
	}
	return copy_range(from, off, len, headroom);
}
