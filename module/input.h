/* SPDX-License-Identifier: GPL-2.0 */
/* The way of a segment from IP to the connection that it is for. */
#ifndef HSTP_INPUT_H
#define HSTP_INPUT_H

#include "conn.h"

void hstp_input(struct hstp_net *hn, const struct hstp_tuple *tuple, struct sk_buff *skb);

#endif /* HSTP_INPUT_H */
