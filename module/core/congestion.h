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
	HSTP_CONGESTIONS_MAX = 8	/* hstp_tuning.congestion could tell 16 */
};

enum hstp_congestion_event {
	HSTP_CONGESTION_TIMEOUT,	/* the window is one segment now */
	HSTP_CONGESTION_RECOVERED,	/* fast recovery is over, and the window what it set */
	HSTP_CONGESTION_UNUSED,		/* the window does not limit: it says nothing of the path */
};

/**
 * struct hstp_congestion - one algorithm
 * @name: as HSTP_CONGESTION has it
 * @acked: new text was acknowledged outside of fast recovery, bytes, and the window was used:
 *	open it
 * @ssthresh: a loss was found with so many bytes on their way: the new threshold, bytes
 * @event: what else it may want to know, or NULL
 * @partial: an ACK of a part of what was out does not end fast recovery (RFC 6582)
 *
 * It changes hstp_tcb.cwnd, hstp_tcb.own, and through its result hstp_tcb.ssthresh; time is
 * hstp_env.now, round trips are hstp_tcb.srtt.
 */
struct hstp_congestion {
	const char *name;
	void (*acked)(struct hstp_tcb *t, const struct hstp_env *env, u32 bytes);
	u32 (*ssthresh)(struct hstp_tcb *t, const struct hstp_env *env, u32 flight);
	void (*event)(struct hstp_tcb *t, const struct hstp_env *env,
		      enum hstp_congestion_event event);
	bool partial;
};

extern const struct hstp_congestion hstp_newreno;
extern const struct hstp_congestion hstp_reno;

/* By number; NULL: none has it */
extern const struct hstp_congestion *const hstp_congestions[HSTP_CONGESTIONS_MAX];

int hstp_congestion_find(const char *name);
u32 hstp_congestion_initial(const struct hstp_tcb *t);
void hstp_congestion_open(struct hstp_tcb *t, bool lossy);
void hstp_congestion_begin(struct hstp_tcb *t);
void hstp_congestion_acked(struct hstp_tcb *t, u32 bytes, const struct hstp_env *env);
void hstp_congestion_fast(struct hstp_tcb *t, const struct hstp_env *env);
void hstp_congestion_selective(struct hstp_tcb *t, const struct hstp_env *env);
void hstp_congestion_deflate(struct hstp_tcb *t, u32 bytes);
void hstp_congestion_recovered(struct hstp_tcb *t, const struct hstp_env *env);
void hstp_congestion_timeout(struct hstp_tcb *t, const struct hstp_env *env);
void hstp_congestion_marked(struct hstp_tcb *t, const struct hstp_env *env);
void hstp_congestion_restart(struct hstp_tcb *t);
void hstp_congestion_idle(struct hstp_tcb *t, const struct hstp_env *env);
u32 hstp_congestion_room(const struct hstp_tcb *t, const struct hstp_board *board);

#endif /* HSTP_CORE_CONGESTION_H */
