/* SPDX-License-Identifier: GPL-2.0 */
/* Who may refuse a segment that is well-formed: the socket's filter, its cgroup. */
#ifndef HSTP_FILTER_H
#define HSTP_FILTER_H

#include <linux/bpf-cgroup.h>
#include <net/sock.h>

struct hstp_segment;

/**
 * hstp_filter_wanted() - does anybody want to see what a socket gets
 * @sk: socket
 */
static inline bool hstp_filter_wanted(const struct sock *sk)
{
	return rcu_access_pointer(sk->sk_filter) || cgroup_bpf_enabled(CGROUP_INET_INGRESS);
}

bool hstp_filter_passes(struct sock *sk, struct sk_buff *skb, struct hstp_segment *seg);
void hstp_filter_inherit(struct sock *sk, const struct sock *from);

#endif /* HSTP_FILTER_H */
