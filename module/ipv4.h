/* SPDX-License-Identifier: GPL-2.0 */
/* What is particular to IPv4. */
#ifndef HSTP_IPV4_H
#define HSTP_IPV4_H

#include "addr.h"
#include "conn.h"
#include "icmp.h"
#include "output.h"

/**
 * struct hstp_way - what a route depends on, besides the ends
 * @hop: where packets go first, or 0
 * @ifindex: interface to use, or 0
 * @mark: SO_MARK
 * @uid: owner, for rules that ask for it
 * @tos: IP_TOS
 * @transparent: the local address need not be one of ours
 */
struct hstp_way {
	__be32 hop;
	int ifindex;
	u32 mark;
	kuid_t uid;
	u8 tos;
	bool transparent;
};

int hstp_ipv4_source(struct hstp_net *hn, struct hstp_tuple *tuple, const struct hstp_way *way,
		     struct dst_entry **dst);
struct dst_entry *hstp_ipv4_route(struct hstp_net *hn, const struct hstp_tuple *tuple,
				  const struct hstp_way *way);
u16 hstp_ipv4_mss(const struct dst_entry *dst);
bool hstp_ipv4_source_valid(struct hstp_net *hn, const struct hstp_tuple *tuple,
			    const struct sk_buff *skb);
bool hstp_ipv4_on_device(const struct sk_buff *skb, int ifindex);
void hstp_ipv4_send(struct hstp_net *hn, struct sk_buff *skb, const struct hstp_tuple *tuple,
		    const struct hstp_path *path);
void hstp_ipv4_queue_error(struct sock *sk, const struct hstp_quote *quote, int error);
void hstp_ipv4_queue_delay(struct sock *sk, const struct hstp_tuple *tuple);
int hstp_ipv4_init(void);
void hstp_ipv4_exit(void);

#endif /* HSTP_IPV4_H */
