/* SPDX-License-Identifier: GPL-2.0 */
/* Congestion control: the algorithms that a connection can choose from. */
#ifndef HSTP_CORE_CONGESTION_H
#define HSTP_CORE_CONGESTION_H

#include "tcb.h"

#define HSTP_CWND_MAX	0x40000000u	/* bytes: no window of the peer is larger */

/* The first is the default. */
enum hstp_congestion_id {
	HSTP_CONGESTION_NEWRENO,
	HSTP_CONGESTION_RENO,
	HSTP_CONGESTION_COUNT
};

/**
 * struct hstp_congestion - one algorithm
 * @name: as HSTP_CONGESTION has it
 * @acked: new text was acknowledged outside of fast recovery, bytes: open the window
 * @ssthresh: a loss was found with so many bytes on their way: the new threshold, bytes
 * @partial: an ACK of a part of what was out does not end fast recovery (RFC 6582)
 */
struct hstp_congestion {
	const char *name;
	void (*acked)(struct hstp_tcb *t, u32 bytes);
	u32 (*ssthresh)(const struct hstp_tcb *t, u32 flight);
	bool partial;
};

extern const struct hstp_congestion hstp_congestions[HSTP_CONGESTION_COUNT];

int hstp_congestion_find(const char *name);
u32 hstp_congestion_initial(const struct hstp_tcb *t);
void hstp_congestion_open(struct hstp_tcb *t, bool lossy);
void hstp_congestion_acked(struct hstp_tcb *t, u32 bytes);
void hstp_congestion_fast(struct hstp_tcb *t);
void hstp_congestion_selective(struct hstp_tcb *t);
void hstp_congestion_deflate(struct hstp_tcb *t, u32 bytes);
void hstp_congestion_recovered(struct hstp_tcb *t);
void hstp_congestion_timeout(struct hstp_tcb *t);
void hstp_congestion_restart(struct hstp_tcb *t);
void hstp_congestion_idle(struct hstp_tcb *t, u32 now);
u32 hstp_congestion_room(const struct hstp_tcb *t, const struct hstp_board *board);

#endif /* HSTP_CORE_CONGESTION_H */
