/* SPDX-License-Identifier: GPL-2.0 */
/* The actions that the core asked for, performed on a connection. */
#ifndef HSTP_ACT_H
#define HSTP_ACT_H

#include "conn.h"

void hstp_act(struct hstp_conn *conn, struct sk_buff *skb, const struct hstp_segment *seg,
	      struct hstp_env *env, struct hstp_acts *acts);

#endif /* HSTP_ACT_H */
