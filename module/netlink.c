// SPDX-License-Identifier: GPL-2.0
/* The generic netlink family "hstp". Its commands, their attributes and who may use
 * them are in include/hstp.yaml, of which netlink-gen.c is made; each command is in a
 * file of its own.
 */
#include <net/genetlink.h>

#include "batch.h"
#include "compat.h"
#include "event.h"
#include "netlink.h"
#include "netlink-gen.h"

/* Again, since those of netlink-gen.c cannot be seen from here. */
static const struct genl_multicast_group groups[] = {
	[HSTP_NLGRP_EVENTS] = { HSTP_MCGRP_EVENTS, },
	[HSTP_NLGRP_SEGMENTS] = { HSTP_MCGRP_SEGMENTS, },
};

/* netlink-gen.h has them in this order. */
static_assert(HSTP_NLGRP_EVENTS == 0 && HSTP_NLGRP_SEGMENTS == 1 && ARRAY_SIZE(groups) == 2);

/* hstp_nl_put_tuple() and hstp_put_tuple() are told the number of the first. */
#define IN_A_ROW(set) \
	static_assert(HSTP_A_##set##_LOCAL_PORT - HSTP_A_##set##_LOCAL_ADDRESS == 1 && \
		      HSTP_A_##set##_REMOTE_ADDRESS - HSTP_A_##set##_LOCAL_ADDRESS == 2 && \
		      HSTP_A_##set##_REMOTE_PORT - HSTP_A_##set##_LOCAL_ADDRESS == 3)
IN_A_ROW(CONN);
IN_A_ROW(EVENT);
IN_A_ROW(SEGMENT);
IN_A_ROW(HELD);

#if HSTP_GENL_TELLS_LISTENERS
static int bind(int group)
{
	hstp_event_joined(group);
	return 0;
}
#endif

/* Those of netlink-gen.c, with the flag that has the kernel ask who may use them moved to where
 * pre_doit() finds it: the kernel says nothing to who may not.
 */
static struct genl_ops ops[ARRAY_SIZE(hstp_nl_ops)] __ro_after_init;

static int pre_doit(const struct hstp_genl_ops *op, struct sk_buff *skb,
		    struct genl_info *info)
{
	if (op->internal_flags &&
	    !netlink_ns_capable(skb, genl_info_net(info)->user_ns, CAP_NET_ADMIN)) {
		NL_SET_ERR_MSG(info->extack,
			       "this needs root: CAP_NET_ADMIN in the user namespace that owns the network namespace");
		return -EPERM;
	}
	/* Who has joined and asks for anything hears of all that happens after the answer. */
	hstp_event_look_anew();
	return 0;
}

/* The same of a dump, before which no pre_doit() is asked. */
static int start(struct netlink_callback *cb)
{
	hstp_event_look_anew();
	return 0;
}

struct genl_family hstp_nl_family __ro_after_init = {
	.name = HSTP_GENL_NAME,
	.version = HSTP_GENL_VERSION,
	.netnsok = true,
	.parallel_ops = true,
	.module = THIS_MODULE,
	.ops = ops,
	.n_ops = ARRAY_SIZE(ops),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.pre_doit = pre_doit,
#if HSTP_GENL_TELLS_LISTENERS
	.bind = bind,
#endif
};

/**
 * hstp_nl_refuse() - say why a command is refused
 * @info: the command
 * @attr: the attribute that it is about, if it was given
 * @why: which attribute, and what is wrong with it
 * @err: negative errno
 *
 * Return: @err.
 */
int hstp_nl_refuse(struct genl_info *info, int attr, const char *why, int err)
{
	if (info->extack)
		info->extack->_msg = why;
	if (info->attrs[attr])
		NL_SET_BAD_ATTR(info->extack, info->attrs[attr]);
	return err;
}

static int put_address(struct sk_buff *skb, int type, const struct in6_addr *a)
{
	if (ipv6_addr_v4mapped(a))
		return nla_put_in_addr(skb, type, a->s6_addr32[3]);
	return nla_put_in6_addr(skb, type, a);
}

/**
 * hstp_nl_put_tuple() - both ends of a connection
 * @skb: message
 * @tuple: the ends
 * @first: number of the local address' attribute, which the local port's, the remote
 *	address' and the remote port's follow
 *
 * Return: 0 or -EMSGSIZE.
 */
int hstp_nl_put_tuple(struct sk_buff *skb, const struct hstp_tuple *tuple, int first)
{
	if (put_address(skb, first, &tuple->laddr) ||
	    nla_put_be16(skb, first + 1, tuple->lport) ||
	    put_address(skb, first + 2, &tuple->faddr) ||
	    nla_put_be16(skb, first + 3, tuple->fport))
		return -EMSGSIZE;
	return 0;
}

/**
 * hstp_nl_reply() - begin the reply to a command
 * @info: the command
 * @room: bytes of attributes at most
 * @head: gets what genlmsg_end() needs
 *
 * Context: process, may sleep.
 * Return: a message, or NULL.
 */
struct sk_buff *hstp_nl_reply(struct genl_info *info, size_t room, void **head)
{
	struct sk_buff *skb = genlmsg_new(room, GFP_KERNEL);

	if (!skb)
		return NULL;
	*head = genlmsg_put_reply(skb, info, &hstp_nl_family, 0, info->genlhdr->cmd);
	if (*head)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

/**
 * hstp_nl_reply_number() - send a reply that is one number
 * @info: the command
 * @reply: from hstp_nl_reply(), with room for it; gone afterwards
 * @head: from there too
 * @attr: of the number
 * @value: the number
 *
 * Return: 0 or a negative errno.
 */
int hstp_nl_reply_number(struct genl_info *info, struct sk_buff *reply, void *head, int attr,
			 u32 value)
{
	if (WARN_ON_ONCE(nla_put_u32(reply, attr, value))) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, head);
	return genlmsg_reply(reply, info);
}

/**
 * hstp_nl_dump_one() - one message of a dump
 * @skb: to fill
 * @cb: the dump
 * @cmd: its command
 * @put: writes the attributes
 * @what: what they are of
 *
 * Return: 0, or -EMSGSIZE: it has to go into the next packet.
 */
int hstp_nl_dump_one(struct sk_buff *skb, struct netlink_callback *cb, u8 cmd,
		     hstp_nl_put_fn *put, const void *what)
{
	void *head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				 &hstp_nl_family, NLM_F_MULTI, cmd);

	if (!head)
		return -EMSGSIZE;
	if (put(skb, what)) {
		genlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return 0;
}

/**
 * hstp_netlink_init() - register the family
 *
 * Return: 0 or a negative errno.
 */
int __init hstp_netlink_init(void)
{
	unsigned int i;
	int err;

	memcpy(ops, hstp_nl_ops, sizeof(ops));
	for (i = 0; i < ARRAY_SIZE(ops); i++) {
		if (ops[i].dumpit) {
			ops[i].start = start;
			continue;
		}
		ops[i].internal_flags = ops[i].flags & GENL_UNS_ADMIN_PERM;
		ops[i].flags &= ~GENL_UNS_ADMIN_PERM;
	}
	err = genl_register_family(&hstp_nl_family);
	if (!err)
		hstp_event_start();
	return err;
}

/**
 * hstp_netlink_exit() - no more commands, no more events
 *
 * Context: process; each namespace is still as it was.
 */
void hstp_netlink_exit(void)
{
	hstp_batch_stop();
	genl_unregister_family(&hstp_nl_family);
}
