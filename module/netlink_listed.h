/* SPDX-License-Identifier: GPL-2.0 */
/* What a namespace's faults have in numbered lists, to get one of and to dump. */
#ifndef HSTP_NETLINK_LISTED_H
#define HSTP_NETLINK_LISTED_H

#include "fault.h"
#include "netlink.h"

/**
 * struct hstp_nl_listed - rules, or segments that are held
 * @cmd: the command
 * @id: attribute of the number
 * @next: the one after @at, NULL: the first, with its number; NULL: no more; their numbers
 *	go up
 * @put: writes one
 * @missing: refusal of a request of one without a number
 * @unknown: refusal of a number that none has
 */
struct hstp_nl_listed {
	u8 cmd;
	int id;
	const void *(*next)(const struct hstp_faults *f, const void *at, u32 *id);
	hstp_nl_put_fn *put;
	const char *missing;
	const char *unknown;
};

int hstp_nl_listed_get(struct genl_info *info, const struct hstp_nl_listed *kind, size_t room);
int hstp_nl_listed_dump(struct sk_buff *skb, struct netlink_callback *cb,
			const struct hstp_nl_listed *kind);

#endif /* HSTP_NETLINK_LISTED_H */
