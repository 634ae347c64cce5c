/* SPDX-License-Identifier: GPL-2.0 */
/* Text on its way out: what the user gave and the peer has not acknowledged. */
#ifndef HSTP_SENDQ_H
#define HSTP_SENDQ_H

#include <linux/skbuff.h>

/* Up to this many bytes are copied rather than shared: a reference to a page
 * costs more.
 */
#define HSTP_COPY_MAX	256

/**
 * struct hstp_sendq - a queue of bytes
 * @head: buffers of pages, oldest first
 * @tail: the last of them
 * @memory: bytes of memory that they take
 * @skip: bytes at the front of @head that were acknowledged
 */
struct hstp_sendq {
	struct sk_buff *head;
	struct sk_buff *tail;
	u32 memory;
	u32 skip;
};

struct sk_buff *hstp_sendq_fill(struct msghdr *msg, size_t len, gfp_t gfp);
void hstp_sendq_append(struct hstp_sendq *q, struct sk_buff *skb);
void hstp_sendq_free(struct hstp_sendq *q, u32 bytes);
void hstp_sendq_purge(struct hstp_sendq *q);
bool hstp_sendq_get(const struct hstp_sendq *q, u32 off, u32 len, struct sk_buff *to);

#endif /* HSTP_SENDQ_H */
