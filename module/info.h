/* SPDX-License-Identifier: GPL-2.0 */
/* A connection as a struct tcp_info. */
#ifndef HSTP_INFO_H
#define HSTP_INFO_H

#include "net.h"

struct tcp_info;

void hstp_info_fill(struct tcp_info *info, const struct hstp_net *hn, const struct hstp_tcb *t,
		    u32 buffer, u32 mtu);
const char *hstp_info_congestion(const struct hstp_tcb *t);

#endif /* HSTP_INFO_H */
