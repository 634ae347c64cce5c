/* SPDX-License-Identifier: GPL-2.0 */
/* Building and sending of segments. */
#ifndef HSTP_OUTPUT_H
#define HSTP_OUTPUT_H

#include "conn.h"
#include "core/fsm.h"
#include "ipopt.h"

struct hstp_way;

/**
 * struct hstp_path - what a segment needs besides its header
 * @dst: route, a reference of the caller's
 * @ipopt: IP options, or NULL
 * @mark: SO_MARK
 * @priority: SO_PRIORITY
 * @tos: IP_TOS
 * @pmtudisc: IP_MTU_DISCOVER
 * @ttl: IP_TTL, or -1
 * @state: of the connection; for faults, and valid when there can be any
 */
struct hstp_path {
	struct dst_entry *dst;
	const struct hstp_ipopt *ipopt;
	u32 mark;
	u32 priority;
	u8 tos;
	u8 pmtudisc;
	s16 ttl;
	u8 state;
};

u16 hstp_output_mss(const struct dst_entry *dst, u16 user_mss);
void hstp_output_way(const struct hstp_conn *conn, struct hstp_way *way);
bool hstp_output_route(struct hstp_conn *conn);
void hstp_output(struct hstp_conn *conn, const struct hstp_env *env, struct hstp_acts *acts);
void hstp_output_reply(struct hstp_conn *conn, const struct hstp_env *env,
		       const struct hstp_acts *acts);
void hstp_output_tx(struct hstp_net *hn, const struct hstp_tuple *tuple,
		    const struct hstp_path *path, const struct hstp_tx *tx);
void hstp_output_stray(struct hstp_net *hn, const struct hstp_tuple *tuple, struct sk_buff *skb,
		       const struct hstp_tcb *t, const struct hstp_env *env,
		       const struct hstp_acts *acts);
bool hstp_challenge_allowed(struct hstp_net *hn);

#endif /* HSTP_OUTPUT_H */
