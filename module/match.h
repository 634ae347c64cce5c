/* SPDX-License-Identifier: GPL-2.0 */
/* Which connections a command is about. */
#ifndef HSTP_MATCH_H
#define HSTP_MATCH_H

#include <linux/netlink.h>
#include <net/netlink.h>

#include "snapshot.h"

/**
 * struct hstp_match - what a connection must be like
 * @cookie: of its socket, or 0: any
 * @since: when it entered its state, CLOCK_MONOTONIC ns, or 0: any time
 * @states: set of states, 1 << enum hstp_state
 * @laddr: local address
 * @faddr: remote address
 * @lprefix: leading bits of @laddr that count, 0: any address
 * @fprefix: leading bits of @faddr that count
 * @lport: local port, network order, or 0: any
 * @fport: remote port
 * @uid: owner, or invalid: any
 * @unaccepted: only what waits for accept()
 */
struct hstp_match {
	u64 cookie;
	u64 since;
	u16 states;
	struct in6_addr laddr;
	struct in6_addr faddr;
	u8 lprefix;
	u8 fprefix;
	__be16 lport;
	__be16 fport;
	kuid_t uid;
	bool unaccepted;
};

enum hstp_match_end { HSTP_LOCAL, HSTP_REMOTE };

int hstp_match_address(enum hstp_match_end end, const struct nlattr *attr,
		       const struct nlattr *prefix, struct in6_addr *a, u8 *bits,
		       struct netlink_ext_ack *extack);
int hstp_match_ports(const struct nlattr *local, const struct nlattr *remote, __be16 *lport,
		     __be16 *fport, struct netlink_ext_ack *extack);
int hstp_match_parse(struct hstp_match *m, const struct nlattr *attr,
		     struct user_namespace *ns, struct netlink_ext_ack *extack);
bool hstp_match(const struct hstp_match *m, const struct hstp_view *v);
bool hstp_match_one(const struct hstp_match *m, const struct hstp_net *hn, u32 *chain);

#endif /* HSTP_MATCH_H */
