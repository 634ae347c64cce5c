/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers that a stranger must not guess: ISNs and ephemeral ports. */
#ifndef HSTP_IDENT_H
#define HSTP_IDENT_H

#include "addr.h"
#include "net.h"

void hstp_ident_init(struct hstp_net *hn);
u32 hstp_ident_isn(const struct hstp_net *hn, const struct hstp_tuple *tuple);
u32 hstp_ident_stamps(const struct hstp_net *hn, const struct hstp_tuple *tuple);
u32 hstp_ident_port_offset(struct hstp_net *hn, const struct hstp_tuple *tuple, u32 **step);

#endif /* HSTP_IDENT_H */
