/* SPDX-License-Identifier: GPL-2.0 */
/* The sender's scoreboard: what the peer has reported to hold, RFC 6675. */
#ifndef HSTP_CORE_BOARD_H
#define HSTP_CORE_BOARD_H

#include "tcb.h"

/* Holes that are known at once; what is beyond is as if it had not been reported. */
#define HSTP_BOARD_RANGES	31

/**
 * struct hstp_board - a connection's scoreboard; all zero: empty
 * @count: how many of @range there are
 * @range: in order, none touches another; beyond SND.UNA, up to SND.NXT
 */
struct hstp_board {
	u32 count;
	struct hstp_range range[HSTP_BOARD_RANGES];
};

u32 hstp_board_update(struct hstp_board *b, const struct hstp_tcb *t, u32 ack,
		      const struct hstp_options *opt);
void hstp_board_clear(struct hstp_board *b);
bool hstp_board_lost(const struct hstp_board *b, const struct hstp_tcb *t, u32 seq);
u32 hstp_board_gone(const struct hstp_board *b, const struct hstp_tcb *t);
u32 hstp_board_pipe(const struct hstp_board *b, const struct hstp_tcb *t);
u32 hstp_board_held(const struct hstp_board *b, u32 seq);
u32 hstp_board_last(const struct hstp_board *b, u32 nxt);
u32 hstp_board_before(const struct hstp_board *b, u32 end, u32 una);
u32 hstp_board_hole(const struct hstp_board *b, u32 from, u32 *len);

#endif /* HSTP_CORE_BOARD_H */
