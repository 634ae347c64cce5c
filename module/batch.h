/* SPDX-License-Identifier: GPL-2.0 */
/* Messages to a multicast group of the family, gathered before they are sent. */
#ifndef HSTP_BATCH_H
#define HSTP_BATCH_H

#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <net/netlink.h>

#include "addr.h"

struct hstp_net;

/**
 * struct hstp_batch - what listeners of a namespace will be told next
 * @lock: over all that follows; BH off, taken inside of all others
 * @queue: packets of messages; the last has room for more, maybe
 * @group: whom they are for
 * @timer: they are told when it fires
 */
struct hstp_batch {
	spinlock_t lock;	/* BH off, innermost */
	struct sk_buff_head queue;
	unsigned int group;
	struct timer_list timer;
};

void hstp_batch_init(struct hstp_net *hn);
void hstp_batch_exit(struct hstp_net *hn);
bool hstp_batch_wanted(const struct hstp_net *hn, unsigned int group);
void hstp_batch_lock(struct hstp_net *hn);
void hstp_batch_unlock(struct hstp_net *hn);
void *hstp_batch_begin(struct hstp_net *hn, unsigned int group, u8 cmd, size_t room);
void hstp_batch_end(struct hstp_net *hn, void *end);
void hstp_batch_start(void);
void hstp_batch_stop(void);

/* Attributes of a message are written one behind the other, each at @at, which a function
 * returns moved on: hstp_batch_begin() has made sure that there is room for all of them.
 * nla_put() asks anew for each, which is most of what an event would cost.
 */
static inline void *hstp_put_head(void *at, int type, size_t len)
{
	struct nlattr *attr = at;

	attr->nla_len = (u16)(NLA_HDRLEN + len);
	attr->nla_type = (u16)type;
	return at + NLA_HDRLEN;
}

static inline void *hstp_put_u32(void *at, int type, u32 value)
{
	at = hstp_put_head(at, type, sizeof(value));
	*(u32 *)at = value;
	return at + sizeof(value);
}

static inline void *hstp_put_u8(void *at, int type, u8 value)
{
	at = hstp_put_head(at, type, sizeof(value));
	*(u32 *)at = 0;
	*(u8 *)at = value;
	return at + NLA_ALIGN(sizeof(value));
}

static inline void *hstp_put_u16(void *at, int type, u16 value)
{
	at = hstp_put_head(at, type, sizeof(value));
	*(u32 *)at = 0;
	*(u16 *)at = value;
	return at + NLA_ALIGN(sizeof(value));
}

/* As nla_put_64bit(): with an attribute of type @pad before it where that is needed. */
static inline void *hstp_put_u64(void *at, int type, u64 value, int pad)
{
	if (!IS_ENABLED(CONFIG_HAVE_EFFICIENT_UNALIGNED_ACCESS) &&
	    IS_ALIGNED((unsigned long)at, sizeof(value)))
		at = hstp_put_head(at, pad, 0);
	at = hstp_put_head(at, type, sizeof(value));
	memcpy(at, &value, sizeof(value));
	return at + sizeof(value);
}

static inline void *hstp_put_address(void *at, int type, const struct in6_addr *a)
{
	if (ipv6_addr_v4mapped(a))
		return hstp_put_u32(at, type, (__force u32)a->s6_addr32[3]);
	at = hstp_put_head(at, type, sizeof(*a));
	memcpy(at, a, sizeof(*a));
	return at + sizeof(*a);
}

/* As hstp_nl_put_tuple(). */
static inline void *hstp_put_tuple(void *at, const struct hstp_tuple *tuple, int first)
{
	at = hstp_put_address(at, first, &tuple->laddr);
	at = hstp_put_u16(at, first + 1, (__force u16)tuple->lport);
	at = hstp_put_address(at, first + 2, &tuple->faddr);
	return hstp_put_u16(at, first + 3, (__force u16)tuple->fport);
}

#endif /* HSTP_BATCH_H */
