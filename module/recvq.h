/* SPDX-License-Identifier: GPL-2.0 */
/* Text that arrived: in order for the user, and what is held for a gap. */
#ifndef HSTP_RECVQ_H
#define HSTP_RECVQ_H

#include <linux/rbtree.h>
#include <linux/skbuff.h>

#include "core/options.h"

/**
 * struct hstp_recvq - two queues
 * @head: in order, oldest first; linked by skb->next
 * @tail: last of them
 * @held: out of order: runs of text without a gap, by sequence number; linked by skb->rbnode
 *	of the first buffer of each, and from there by hstp_skb_cb.next
 * @bytes: of text in order; poll and others read it without the lock
 * @taken: bytes of @head that the user has
 * @memory: bytes of memory that both queues take
 * @limit: what that is to stay below, SO_RCVBUF
 */
struct hstp_recvq {
	struct sk_buff *head;
	struct sk_buff *tail;
	struct rb_root held;
	u32 bytes;
	u32 taken;
	u32 memory;
	int limit;
};

/**
 * struct hstp_skb_cb - what is kept beside the text of a queued buffer
 * @seq: number of its first byte, host order
 * @off: where the text begins, bytes after skb->data
 * @len: bytes of text
 * @fin: a FIN follows it
 * @next: of one that is held: the buffer behind it in its run, or NULL
 * @last: of the first one of a run: its last
 */
struct hstp_skb_cb {
	u32 seq;
	u32 off;
	u32 len;
	bool fin;
	struct sk_buff *next;
	struct sk_buff *last;
};

static_assert(sizeof(struct hstp_skb_cb) <= sizeof_field(struct sk_buff, cb));

#define HSTP_CB(skb)	((struct hstp_skb_cb *)(skb)->cb)

/**
 * hstp_recvq_first() - the buffer that the user reads next
 * @q: queues
 *
 * Only who reads takes it away, and nothing is added to it: without the connection's lock it
 * can be read from.
 *
 * Context: the owner of the socket.
 */
static inline struct sk_buff *hstp_recvq_first(const struct hstp_recvq *q)
{
	return smp_load_acquire(&q->head);	/* pairs with hstp_recvq_append() */
}

void hstp_recvq_detach(struct sk_buff *skb);
void hstp_recvq_append(struct hstp_recvq *q, struct sk_buff *skb);
u32 hstp_recvq_hold(struct hstp_recvq *q, struct sk_buff *skb, struct hstp_range *whole);
struct sk_buff *hstp_recvq_held_pop(struct hstp_recvq *q);
void hstp_recvq_purge_held(struct hstp_recvq *q);
void hstp_recvq_purge(struct hstp_recvq *q);

#endif /* HSTP_RECVQ_H */
