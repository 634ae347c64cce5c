// SPDX-License-Identifier: GPL-2.0
/* fault-get and held-get: one of a numbered list, or all of it. */
#include <net/genetlink.h>

#include "compat.h"
#include "netlink_listed.h"

/* That with the number, or an error; under the lock. */
static int put_numbered(struct sk_buff *skb, const struct hstp_faults *f,
			const struct hstp_nl_listed *kind, u32 wanted)
{
	const void *at = NULL;
	u32 id;

	while ((at = kind->next(f, at, &id)) && id <= wanted) {
		if (id == wanted)
			return kind->put(skb, at);
	}
	return -ENOENT;
}

/**
 * hstp_nl_listed_get() - reply with one
 * @info: the request
 * @kind: of what
 * @room: bytes of attributes at most
 *
 * Context: process, may sleep.
 * Return: 0 or a negative errno.
 */
int hstp_nl_listed_get(struct genl_info *info, const struct hstp_nl_listed *kind, size_t room)
{
	struct hstp_faults *f = hstp_faults_peek(hstp_pernet(genl_info_net(info)));
	const struct nlattr *id = info->attrs[kind->id];
	struct sk_buff *reply;
	void *head;
	int err;

	if (!id)
		return hstp_nl_refuse(info, kind->id, kind->missing, -EINVAL);
	if (!f)
		return hstp_nl_refuse(info, kind->id, kind->unknown, -ENOENT);
	reply = hstp_nl_reply(info, room, &head);
	if (!reply)
		return -ENOMEM;
	spin_lock_bh(&f->lock);
	err = put_numbered(reply, f, kind, nla_get_u32(id));
	spin_unlock_bh(&f->lock);
	if (err) {
		nlmsg_free(reply);
		WARN_ON_ONCE(err != -ENOENT);
		return hstp_nl_refuse(info, kind->id, kind->unknown, err);
	}
	genlmsg_end(reply, head);
	return genlmsg_reply(reply, info);
}

/**
 * hstp_nl_listed_dump() - all of them, or that with the number, if there is one
 * @skb: to fill
 * @cb: the dump; its first word is the least number that was not told
 * @kind: of what
 *
 * Context: process.
 * Return: bytes that were filled.
 */
int hstp_nl_listed_dump(struct sk_buff *skb, struct netlink_callback *cb,
			const struct hstp_nl_listed *kind)
{
	struct hstp_faults *f = hstp_faults_peek(hstp_pernet(sock_net(skb->sk)));
	const struct nlattr *only = hstp_dump_attrs(cb)[kind->id];
	u32 *from = (u32 *)cb->ctx, last = U32_MAX, id;
	const void *at = NULL;

	if (!f)
		return 0;
	if (only) {
		last = nla_get_u32(only);
		*from = max(*from, last);
	}
	spin_lock_bh(&f->lock);
	while ((at = kind->next(f, at, &id)) && id <= last) {
		if (id < *from)
			continue;
		if (hstp_nl_dump_one(skb, cb, kind->cmd, kind->put, at))
			break;
		*from = id + 1;
	}
	spin_unlock_bh(&f->lock);
	return skb->len;
}
