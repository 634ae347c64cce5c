/* SPDX-License-Identifier: GPL-2.0 */
/* What is particular to IPv4. */
#ifndef HSTP_IPV4_H
#define HSTP_IPV4_H

#include "addr.h"
#include "conn.h"
#include "output.h"

int hstp_ipv4_source(struct hstp_net *hn, struct hstp_tuple *tuple, int ifindex, u32 mark,
		     u8 tos, kuid_t uid, bool transparent, struct dst_entry **dst);
struct dst_entry *hstp_ipv4_route(struct hstp_net *hn, const struct hstp_tuple *tuple,
				  int ifindex, u32 mark, u8 tos, kuid_t uid, bool transparent);
u16 hstp_ipv4_mss(const struct dst_entry *dst);
bool hstp_ipv4_source_valid(struct hstp_net *hn, const struct hstp_tuple *tuple,
			    const struct sk_buff *skb);
bool hstp_ipv4_on_device(const struct sk_buff *skb, int ifindex);
void hstp_ipv4_send(struct hstp_net *hn, struct sk_buff *skb, const struct hstp_tuple *tuple,
		    const struct hstp_path *path);
int hstp_ipv4_init(void);
void hstp_ipv4_exit(void);

#endif /* HSTP_IPV4_H */
