/* SPDX-License-Identifier: GPL-2.0 */
/* A connection as a struct tcp_info. */
#ifndef HSTP_INFO_H
#define HSTP_INFO_H

#include "conn.h"

struct tcp_info;

/**
 * struct hstp_known - what is told of a connection beside its variables
 * @meter: what was counted; when no socket holds it any more, nothing
 * @acked: bytes of text that the peer has acknowledged
 * @received: bytes of text that have arrived in order
 * @buffer: all bytes of its receive buffer
 * @mtu: of the path, bytes, or 0
 * @most: bytes that the user took in a round trip, at most
 * @held: bytes that the peer holds behind gaps
 * @lost: bytes that are out and, as far as is known, lost
 * @again: bytes that are out and were sent again
 */
struct hstp_known {
	struct hstp_meter meter;
	u64 acked;
	u64 received;
	u32 buffer;
	u32 mtu;
	u32 most;
	u32 held;
	u32 lost;
	u32 again;
};

void hstp_info_look(const struct hstp_conn *conn, struct hstp_known *k);
void hstp_info_fill(struct tcp_info *info, const struct hstp_net *hn, const struct hstp_tcb *t,
		    const struct hstp_known *k);
const char *hstp_info_congestion(const struct hstp_tcb *t);

#endif /* HSTP_INFO_H */
