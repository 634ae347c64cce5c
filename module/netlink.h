/* SPDX-License-Identifier: GPL-2.0 */
/* The generic netlink family "hstp": what its files share. */
#ifndef HSTP_NETLINK_H
#define HSTP_NETLINK_H

#include <net/genetlink.h>

#include "addr.h"

extern struct genl_family hstp_nl_family;

/* Attributes of a tuple, bytes. */
#define HSTP_NL_TUPLE_ROOM	(2 * nla_total_size(sizeof(struct in6_addr)) + \
				 2 * nla_total_size(sizeof(__be16)))

/* Writes @what as attributes; -EMSGSIZE: there is no room for them. */
typedef int (hstp_nl_put_fn)(struct sk_buff *skb, const void *what);

int hstp_nl_refuse(struct genl_info *info, int attr, const char *why, int err);
int hstp_nl_put_tuple(struct sk_buff *skb, const struct hstp_tuple *tuple, int first);
struct sk_buff *hstp_nl_reply(struct genl_info *info, size_t room, void **head);
int hstp_nl_reply_number(struct genl_info *info, struct sk_buff *reply, void *head, int attr,
			 u32 value);
int hstp_nl_dump_one(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		     hstp_nl_put_fn *put, const void *what);
int hstp_netlink_init(void);
void hstp_netlink_exit(void);

#endif /* HSTP_NETLINK_H */
