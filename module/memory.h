/* SPDX-License-Identifier: GPL-2.0 */
/* How much memory the queues of a namespace take, and the bound of it. */
#ifndef HSTP_MEMORY_H
#define HSTP_MEMORY_H

#include <linux/percpu_counter.h>

#include "conn.h"

/* What a CPU may have counted for itself, bytes */
#define HSTP_MEMORY_BATCH	131072

/* A queue may always have this much, bytes: every connection goes on, if slowly, whatever
 * others do.
 */
#define HSTP_MEMORY_LEAST	4096

/**
 * hstp_memory_room() - how far may a queue grow
 * @hn: namespace
 * @own: bytes of memory that the queue takes
 *
 * Near the bound the CPUs' counts are added up, so that it is kept exactly.
 *
 * Context: any.
 *
 * Return: bytes; U32_MAX: as far as its owner likes.
 */
static inline u32 hstp_memory_room(struct hstp_net *hn, u32 own)
{
	s64 bound = (s64)READ_ONCE(hn->settings.mem_limit_kib) << 10;

	if (likely(__percpu_counter_compare(&hn->memory, bound, HSTP_MEMORY_BATCH) < 0))
		return U32_MAX;
	return own < HSTP_MEMORY_LEAST ? HSTP_MEMORY_LEAST - own : 0;
}

/**
 * hstp_memory_full() - may a queue grow no more
 * @hn: namespace
 * @own: bytes of memory that the queue takes
 *
 * Context: any.
 */
static inline bool hstp_memory_full(struct hstp_net *hn, u32 own)
{
	return own >= HSTP_MEMORY_LEAST && !hstp_memory_room(hn, own);
}

/**
 * hstp_memory_charge() - a connection's queues may have changed
 * @conn: connection
 *
 * Context: the connection's lock, or the last reference.
 */
static inline void hstp_memory_charge(struct hstp_conn *conn)
{
	u32 used = conn->recvq.memory + conn->sendq.memory;

	if (used == conn->charged)
		return;
	percpu_counter_add_batch(&conn->hn->memory, (s32)(used - conn->charged),
				 HSTP_MEMORY_BATCH);
	conn->charged = used;
}

#endif /* HSTP_MEMORY_H */
