/* SPDX-License-Identifier: GPL-2.0 */
/* What ICMP messages report about segments. */
#ifndef HSTP_ICMP_H
#define HSTP_ICMP_H

#include "addr.h"
#include "net.h"

/**
 * struct hstp_quote - the segment that a message is about
 * @skb: the message; its data begins with the packet that it quotes
 * @tuple: both ends as seen from here
 * @seq: the segment's sequence number, host order
 */
struct hstp_quote {
	struct sk_buff *skb;
	struct hstp_tuple tuple;
	u32 seq;
};

bool hstp_icmp_expected(struct hstp_net *hn, const struct hstp_quote *quote);
void hstp_icmp_error(struct hstp_net *hn, const struct hstp_quote *quote, int error, bool hard);
void hstp_icmp_too_big(struct hstp_net *hn, const struct hstp_quote *quote, u32 mtu);

#endif /* HSTP_ICMP_H */
