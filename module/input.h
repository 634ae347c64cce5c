/* SPDX-License-Identifier: GPL-2.0 */
/* The way of a segment from IP to the connection that it is for. */
#ifndef HSTP_INPUT_H
#define HSTP_INPUT_H

#include "conn.h"

void hstp_input(struct hstp_net *hn, const struct hstp_tuple *tuple, struct sk_buff *skb);
bool hstp_input_expects_error(struct hstp_net *hn, const struct hstp_tuple *tuple, u32 seq);
void hstp_input_error(struct hstp_net *hn, const struct hstp_tuple *tuple, u32 seq,
		      int error, bool hard);
void hstp_input_too_big(struct hstp_net *hn, const struct hstp_tuple *tuple, u32 seq, u32 mtu);

#endif /* HSTP_INPUT_H */
