// SPDX-License-Identifier: GPL-2.0
/* The send queue: user's bytes in buffers of pages, which segments then share. */
#include <linux/uio.h>

#include "pages.h"
#include "sendq.h"

/* A small message fits into the buffer's own head, a page fragment: an object
 * of a slab would be cleared first.
 */
static struct sk_buff *fill_linear(struct msghdr *msg, size_t len)
{
	unsigned int size = SKB_DATA_ALIGN(len) + SKB_DATA_ALIGN(sizeof(struct skb_shared_info));
	void *data = netdev_alloc_frag(size);
	struct sk_buff *skb;

	if (!data)
		return ERR_PTR(-ENOMEM);
	skb = build_skb(data, size);
	if (!skb) {
		skb_free_frag(data);
		return ERR_PTR(-ENOMEM);
	}
	if (!copy_from_iter_full(skb_put(skb, len), len, &msg->msg_iter)) {
		kfree_skb(skb);
		return ERR_PTR(-EFAULT);
	}
	return skb;
}

static int fill_pages(struct sk_buff *skb, struct msghdr *msg, size_t len, gfp_t gfp)
{
	struct hstp_piece piece;
	int i;

	for (i = 0; len && i < MAX_SKB_FRAGS; i++) {
		if (!hstp_pages_get(len, gfp, &piece))
			break;
		skb_fill_page_desc(skb, i, piece.page, piece.off, piece.len);
		skb->len += piece.len;
		skb->data_len += piece.len;
		skb->truesize += piece.len;
		len -= piece.len;
		if (copy_page_from_iter(piece.page, piece.off, piece.len, &msg->msg_iter) !=
		    piece.len)
			return -EFAULT;
	}
	return skb->len ? 0 : -ENOMEM;
}

/**
 * hstp_sendq_fill() - copy the user's bytes into a buffer
 * @msg: where the bytes come from
 * @len: how many; as many as pages can be had for are taken
 * @gfp: how to allocate
 *
 * Context: process, no spinlock.
 *
 * Return: a buffer of 1 to @len bytes, -ENOMEM or -EFAULT.
 */
struct sk_buff *hstp_sendq_fill(struct msghdr *msg, size_t len, gfp_t gfp)
{
	struct sk_buff *skb;
	int err;

	if (len <= HSTP_COPY_MAX)
		return fill_linear(msg, len);
	skb = alloc_skb(0, gfp);
	if (!skb)
		return ERR_PTR(-ENOMEM);
	err = fill_pages(skb, msg, len, gfp);
	if (err) {
		kfree_skb(skb);
		return ERR_PTR(err);
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

/* One more piece of a page at the end of @to; false when it has too many. */
static bool add_piece(struct sk_buff *to, struct page *page, u32 off, u32 len)
{
	int at = skb_shinfo(to)->nr_frags;

	if (skb_can_coalesce(to, at, page, off)) {
		skb_frag_size_add(&skb_shinfo(to)->frags[at - 1], len);
	} else {
		if (at == MAX_SKB_FRAGS)
			return false;
		get_page(page);
		skb_fill_page_desc(to, at, page, off, len);
	}
	to->len += len;
	to->data_len += len;
	to->truesize += len;
	return true;
}

/* Add to @to the pieces of @from's pages that hold @len bytes from @off. A
 * buffer's head is a page fragment, too: see fill_linear().
 */
static bool share(struct sk_buff *to, const struct sk_buff *from, u32 off, u32 len)
{
	struct skb_shared_info *info = skb_shinfo(from);
	u32 size = skb_headlen(from), n;
	struct page *page;
	int i;

	if (off < size) {
		n = min(size - off, len);
		page = virt_to_head_page(from->head);
		if (!add_piece(to, page, from->data + off - (u8 *)page_address(page), n))
			return false;
		len -= n;
		off += n;
	}
	off -= size;
	for (i = 0; i < info->nr_frags && len; i++) {
		const skb_frag_t *frag = &info->frags[i];

		size = skb_frag_size(frag);
		if (off >= size) {
			off -= size;
			continue;
		}
		n = min(size - off, len);
		if (!add_piece(to, skb_frag_page(frag), skb_frag_off(frag) + off, n))
			return false;
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

static bool copy_range(struct sk_buff *to, const struct sk_buff *from, u32 off, u32 len)
{
	for (; len; from = from->next, off = 0) {
		u32 n = min(from->len - off, len);

		if (skb_copy_bits(from, off, skb_put(to, n), n))
			return false;
		len -= n;
	}
	return true;
}

/**
 * hstp_sendq_get() - put a part of the queue into a packet
 * @q: queue
 * @off: first byte, counted from the oldest in the queue
 * @len: bytes, at least 1; @off + @len are in the queue
 * @to: packet: copied to if it has @len bytes of tailroom, else it shares the
 *	queue's pages
 *
 * Context: the connection's lock.
 *
 * Return: false when the bytes are in too many pieces to be shared; @to is then
 * of no use any more.
 */
bool hstp_sendq_get(const struct hstp_sendq *q, u32 off, u32 len, struct sk_buff *to)
{
	const struct sk_buff *from = q->head;

	for (off += q->skip; off >= from->len; from = from->next)
		off -= from->len;
	if (skb_tailroom(to) >= len)
		return copy_range(to, from, off, len);
	return share_range(to, from, off, len);
}
