/* SPDX-License-Identifier: GPL-2.0 */
/* The passive open. */
#ifndef HSTP_PASSIVE_H
#define HSTP_PASSIVE_H

#include "listen.h"
#include "mini.h"

enum hstp_drop hstp_passive_refuses(struct hstp_listener *l, const struct hstp_tuple *tuple);
void hstp_passive_arrives(struct hstp_listener *l, u32 hash, const struct hstp_tuple *tuple,
			  struct sk_buff *skb, struct hstp_segment *seg,
			  const u32 *iss_floor);
void hstp_passive_establish(struct hstp_net *hn, struct hstp_bucket *b, struct hstp_mini *mini,
			    u32 hash, const struct hstp_tcb *t, struct sk_buff *skb,
			    const struct hstp_segment *seg, struct hstp_env *env,
			    struct hstp_acts *acts)
	__releases(&b->lock);

#endif /* HSTP_PASSIVE_H */
