/* SPDX-License-Identifier: GPL-2.0 */
/* Queues of records that wait for a fixed time: the first in is the first out. */
#ifndef HSTP_WAIT_H
#define HSTP_WAIT_H

#include <linux/list.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

#include "mini.h"
#include "net.h"

/* Queue 0 is TIME-WAIT's; the others are SYN-RECEIVED's, one for each number of
 * retransmissions. There are so many that in the last, which is for all that are beyond,
 * the smallest RTO that can be set (10 ms) has been doubled up to the largest (1 h):
 * all wait equally long there, too.
 */
#define HSTP_WAIT_SHORT		21	/* that of the short TIME-WAITs */
#define HSTP_WAIT_QUEUES	22

/**
 * struct hstp_wait - the queues of one CPU
 * @lock: over the rest; innermost
 * @queues: of struct hstp_mini.wait
 * @timer: for the earliest of the queues' heads
 * @hn: the namespace
 */
struct hstp_wait {
	spinlock_t lock;	/* BH off */
	struct list_head queues[HSTP_WAIT_QUEUES];
	struct timer_list timer;
	struct hstp_net *hn;
};

int hstp_wait_init(struct hstp_net *hn);
void hstp_wait_exit(struct hstp_net *hn);
void hstp_wait_anew(struct hstp_net *hn);
u32 hstp_wait_delay(const struct hstp_net *hn, const struct hstp_mini *mini);
void hstp_wait_add(struct hstp_net *hn, struct hstp_mini *mini);
void hstp_wait_del(struct hstp_net *hn, struct hstp_mini *mini);

#endif /* HSTP_WAIT_H */
