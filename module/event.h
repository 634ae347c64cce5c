/* SPDX-License-Identifier: GPL-2.0 */
/* What happens, for those who listen: the multicast groups of the netlink family. */
#ifndef HSTP_EVENT_H
#define HSTP_EVENT_H

#include <linux/jiffies.h>
#include <linux/jump_label.h>
#include <linux/percpu.h>

#include "addr.h"
#include "compat.h"
#include "core/fsm.h"
#include "net.h"
#include "stats.h"

DECLARE_STATIC_KEY_FALSE(hstp_event_key);	/* somebody may listen to "events" */
DECLARE_STATIC_KEY_FALSE(hstp_segment_key);	/* a namespace has segment_events */

/**
 * struct hstp_ear - what a CPU knows of listeners
 * @looked: when it looked, jiffies
 * @heard: somebody listened to "events" then
 */
struct hstp_ear {
	unsigned long looked;
	bool heard;
};

DECLARE_PER_CPU(struct hstp_ear, hstp_ear);

/**
 * struct hstp_change - what a rule has changed in a segment
 * @seq: SEG.SEQ before that
 * @ack: SEG.ACK before
 * @length: bytes of text
 * @wnd: SEG.WND before
 * @flags: control bits before
 * @out: the segment leaves
 * @action: enum hstp_nl_action, change or corrupt
 * @field: change: enum hstp_nl_field
 * @rule: number of the rule
 * @from: change: value of the field before
 * @to: change: and now
 */
struct hstp_change {
	u32 seq;
	u32 ack;
	u32 length;
	u16 wnd;
	u8 flags;
	bool out;
	u8 action;
	u8 field;
	u32 rule;
	u32 from;
	u32 to;
};

bool hstp_event_look(const struct hstp_net *hn);
void hstp_event_look_anew(void);
void hstp_event_start(void);
void hstp_event_joined(int group);
void hstp_event_segments(bool more);
void hstp_event_tell(struct hstp_net *hn, const struct hstp_tuple *tuple,
		     const struct hstp_tcb *t, const struct hstp_acts *acts, u64 since_us,
		     u64 now_us);
void hstp_event_tell_in(struct hstp_net *hn, const struct hstp_tuple *tuple,
			const struct hstp_segment *seg);
void hstp_event_tell_out(struct hstp_net *hn, const struct hstp_tuple *tuple,
			 const struct hstp_tx *tx);
void hstp_event_tell_change(struct hstp_net *hn, const struct hstp_tuple *tuple,
			    const struct hstp_change *change);

/* Somebody listens to "events", or did in this tick. */
static inline bool hstp_event_heard(const struct hstp_net *hn)
{
	unsigned long tick = jiffies;

	if (this_cpu_read(hstp_ear.looked) == tick)
		return this_cpu_read(hstp_ear.heard);
	return hstp_event_look(hn);
}

/**
 * hstp_event() - count what an event did, and tell who listens
 * @hn: namespace
 * @tuple: both ends of the connection
 * @t: its variables after the event
 * @acts: what came of the event; to be counted once
 * @since_us: as for hstp_stats_event()
 *
 * Context: BH off; under the lock that protects @since_us.
 */
static inline void hstp_event(struct hstp_net *hn, const struct hstp_tuple *tuple,
			      const struct hstp_tcb *t, const struct hstp_acts *acts,
			      u64 *since_us)
{
	u64 before = *since_us;

	hstp_stats_event(hn, acts, since_us);
	if (static_branch_unlikely(&hstp_event_key) && acts->transition_count &&
	    hstp_event_heard(hn))
		hstp_event_tell(hn, tuple, t, acts, before, *since_us);
}

/**
 * hstp_event_in() - a segment has arrived
 * @hn: namespace
 * @tuple: both ends
 * @seg: the segment
 */
static inline void hstp_event_in(struct hstp_net *hn, const struct hstp_tuple *tuple,
				 const struct hstp_segment *seg)
{
	if (static_branch_unlikely(&hstp_segment_key))
		hstp_event_tell_in(hn, tuple, seg);
}

/**
 * hstp_event_out() - a segment is sent
 * @hn: namespace
 * @tuple: both ends
 * @tx: the segment
 */
static inline void hstp_event_out(struct hstp_net *hn, const struct hstp_tuple *tuple,
				  const struct hstp_tx *tx)
{
	if (static_branch_unlikely(&hstp_segment_key))
		hstp_event_tell_out(hn, tuple, tx);
}

/**
 * hstp_event_change() - a rule has changed a segment
 * @hn: namespace
 * @tuple: both ends
 * @change: what
 */
static inline void hstp_event_change(struct hstp_net *hn, const struct hstp_tuple *tuple,
				     const struct hstp_change *change)
{
	if (static_branch_unlikely(&hstp_segment_key))
		hstp_event_tell_change(hn, tuple, change);
}

#endif /* HSTP_EVENT_H */
