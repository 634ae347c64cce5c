// SPDX-License-Identifier: GPL-2.0
/* Notifications: each transition to the group "events", each segment, where that is
 * asked for, to the group "segments".
 *
 * They are made where things happen, under the connection's lock, and handed to the
 * listeners' sockets at once: what a listener reads is in the order in which it came to
 * be. Nobody waits for a listener. One that is too slow is told so by ENOBUFS, and finds
 * a gap in the sequence numbers.
 */
#include <net/genetlink.h>

#include "compat.h"
#include "event.h"
#include "netlink.h"
#include "netlink-gen.h"

DEFINE_STATIC_KEY_FALSE(hstp_event_key);
DEFINE_STATIC_KEY_FALSE(hstp_segment_key);

/* The family is registered, and has its groups. */
static bool registered;

/* The numbers that userspace sees are those that the core has. */
#define X(id, name) static_assert((int)HSTP_NL_STATE_##id == (int)HSTP_##id);
HSTP_STATES(X)
#undef X
#define X(id, name) static_assert((int)HSTP_NL_CAUSE_##id == (int)HSTP_CAUSE_##id);
HSTP_CAUSES(X)
#undef X

/* Attributes of an event beside the tuple, bytes. */
#define EVENT_ROOM	(HSTP_NL_TUPLE_ROOM + GENL_HDRLEN + \
			 3 * nla_total_size_64bit(sizeof(u64)) + \
			 3 * nla_total_size(sizeof(u8)) + 7 * nla_total_size(sizeof(u32)))
#define SEGMENT_ROOM	(HSTP_NL_TUPLE_ROOM + GENL_HDRLEN + \
			 2 * nla_total_size_64bit(sizeof(u64)) + \
			 2 * nla_total_size(sizeof(u8)) + 2 * nla_total_size(sizeof(u16)) + \
			 3 * nla_total_size(sizeof(u32)) + nla_total_size(0))

/**
 * hstp_event_start() - the family is there: events have somewhere to go
 */
void hstp_event_start(void)
{
	WRITE_ONCE(registered, true);
	if (!HSTP_GENL_TELLS_LISTENERS)
		static_branch_enable(&hstp_event_key);
}

/**
 * hstp_event_stop() - the family is about to go
 *
 * Context: process; nobody refers to the family when it returns.
 */
void hstp_event_stop(void)
{
	WRITE_ONCE(registered, false);
	synchronize_rcu();
}

/**
 * hstp_event_listeners() - a socket has joined or left a group
 * @group: of the family
 * @more: it has joined
 *
 * Context: process, may sleep.
 */
void hstp_event_listeners(int group, bool more)
{
	if (group != HSTP_NLGRP_EVENTS)
		return;
	if (more)
		static_branch_inc(&hstp_event_key);
	else
		static_branch_dec(&hstp_event_key);
}

/**
 * hstp_event_segments() - a namespace wants to see segments, or does no more
 * @more: it wants to
 *
 * Context: process, may sleep.
 */
void hstp_event_segments(bool more)
{
	if (more)
		static_branch_inc(&hstp_segment_key);
	else
		static_branch_dec(&hstp_segment_key);
}

static bool somebody_listens(const struct hstp_net *hn, unsigned int group)
{
	return READ_ONCE(registered) && genl_has_listeners(&hstp_nl_family, hn->net, group);
}

/* Nobody gets it: all listeners are told, as when their own queue is full. */
static void lost(struct hstp_net *hn, unsigned int group)
{
	atomic64_inc(&hn->events_lost);
	genl_set_err(&hstp_nl_family, hn->net, 0, group, -ENOBUFS);
}

/* ISS and IRS are not kept in the record that TIME-WAIT is. */
static int put_variables(struct sk_buff *skb, const struct hstp_tcb *t, unsigned int from,
			 unsigned int to)
{
	if (to == HSTP_LISTEN || (from == HSTP_LISTEN && to == HSTP_CLOSED))
		return 0;
	if (from != HSTP_TIME_WAIT && (nla_put_u32(skb, HSTP_A_EVENT_ISS, t->iss) ||
				       (t->state != HSTP_SYN_SENT &&
					nla_put_u32(skb, HSTP_A_EVENT_IRS, t->irs))))
		return -EMSGSIZE;
	if (nla_put_u32(skb, HSTP_A_EVENT_SND_UNA, t->snd_una) ||
	    nla_put_u32(skb, HSTP_A_EVENT_SND_NXT, t->snd_nxt) ||
	    nla_put_u32(skb, HSTP_A_EVENT_SND_WND, t->snd_wnd) ||
	    nla_put_u32(skb, HSTP_A_EVENT_RCV_NXT, t->rcv_nxt) ||
	    nla_put_u32(skb, HSTP_A_EVENT_RCV_WND, t->rcv_wnd))
		return -EMSGSIZE;
	return 0;
}

static int put_event(struct sk_buff *skb, struct hstp_net *hn, const struct hstp_tuple *tuple,
		     const struct hstp_tcb *t, unsigned int edge, unsigned int cause,
		     u64 spent_us)
{
	unsigned int from = hstp_edges[edge].from, to = hstp_edges[edge].to;
	void *head = genlmsg_put(skb, 0, 0, &hstp_nl_family, 0, HSTP_CMD_EVENT);

	if (!head)
		return -EMSGSIZE;
	if (nla_put_u64_64bit(skb, HSTP_A_EVENT_SEQUENCE,
			      (u64)atomic64_inc_return(&hn->event_sequence), HSTP_A_EVENT_PAD) ||
	    nla_put_u64_64bit(skb, HSTP_A_EVENT_TIME, ktime_get_ns(), HSTP_A_EVENT_PAD) ||
	    nla_put_u8(skb, HSTP_A_EVENT_FROM, from) ||
	    nla_put_u8(skb, HSTP_A_EVENT_TO, to) ||
	    nla_put_u8(skb, HSTP_A_EVENT_CAUSE, cause) ||
	    (hstp_stats_timed(edge, cause) &&
	     nla_put_u64_64bit(skb, HSTP_A_EVENT_SPENT, spent_us * NSEC_PER_USEC,
			       HSTP_A_EVENT_PAD)) ||
	    hstp_nl_put_tuple(skb, tuple, HSTP_A_EVENT_LOCAL_ADDRESS) ||
	    put_variables(skb, t, from, to))
		return -EMSGSIZE;
	genlmsg_end(skb, head);
	return 0;
}

/**
 * hstp_event_tell() - transitions, for who listens
 * @hn: namespace
 * @tuple: both ends of the connection
 * @t: its variables after the event
 * @acts: what came of the event, at least one transition
 * @since_us: when the state before them was entered, microseconds since boot
 * @now_us: when they were taken
 *
 * Context: BH off; any lock of a connection or a bucket.
 */
void hstp_event_tell(struct hstp_net *hn, const struct hstp_tuple *tuple,
		     const struct hstp_tcb *t, const struct hstp_acts *acts, u64 since_us,
		     u64 now_us)
{
	unsigned int i, count = acts->transition_count;
	struct sk_buff *skb;

	if (!somebody_listens(hn, HSTP_NLGRP_EVENTS))
		return;
	skb = nlmsg_new(count * nlmsg_total_size(EVENT_ROOM), GFP_ATOMIC | __GFP_NOWARN);
	if (!skb) {
		atomic64_add(count, &hn->event_sequence);
		lost(hn, HSTP_NLGRP_EVENTS);
		return;
	}
	for (i = 0; i < count; i++) {
		/* All of an event happen at once: only the first state has lasted */
		if (WARN_ON_ONCE(put_event(skb, hn, tuple, t, acts->transitions[i].edge,
					   acts->transitions[i].cause,
					   i ? 0 : now_us - since_us))) {
			kfree_skb(skb);
			return;
		}
	}
	genlmsg_multicast_netns(&hstp_nl_family, hn->net, skb, 0, HSTP_NLGRP_EVENTS, GFP_ATOMIC);
}

struct header {
	u32 seq;
	u32 ack;
	u32 length;
	u16 window;
	u16 mss;
	u8 flags;
	bool again;
	bool out;
};

static int put_segment(struct sk_buff *skb, struct hstp_net *hn, const struct hstp_tuple *tuple,
		       const struct header *h)
{
	void *head = genlmsg_put(skb, 0, 0, &hstp_nl_family, 0, HSTP_CMD_SEGMENT);

	if (!head ||
	    nla_put_u64_64bit(skb, HSTP_A_SEGMENT_SEQUENCE,
			      (u64)atomic64_inc_return(&hn->segment_sequence),
			      HSTP_A_SEGMENT_PAD) ||
	    nla_put_u64_64bit(skb, HSTP_A_SEGMENT_TIME, ktime_get_ns(), HSTP_A_SEGMENT_PAD) ||
	    nla_put_u8(skb, HSTP_A_SEGMENT_DIRECTION,
		       h->out ? HSTP_NL_DIRECTION_OUT : HSTP_NL_DIRECTION_IN) ||
	    hstp_nl_put_tuple(skb, tuple, HSTP_A_SEGMENT_LOCAL_ADDRESS) ||
	    nla_put_u32(skb, HSTP_A_SEGMENT_SEQ, h->seq) ||
	    ((h->flags & HSTP_ACK) && nla_put_u32(skb, HSTP_A_SEGMENT_ACK, h->ack)) ||
	    nla_put_u16(skb, HSTP_A_SEGMENT_WINDOW, h->window) ||
	    nla_put_u8(skb, HSTP_A_SEGMENT_FLAGS, h->flags) ||
	    nla_put_u32(skb, HSTP_A_SEGMENT_LENGTH, h->length) ||
	    (h->mss && nla_put_u16(skb, HSTP_A_SEGMENT_MSS, h->mss)) ||
	    (h->again && nla_put_flag(skb, HSTP_A_SEGMENT_AGAIN)))
		return -EMSGSIZE;
	genlmsg_end(skb, head);
	return 0;
}

static void tell_segment(struct hstp_net *hn, const struct hstp_tuple *tuple,
			 const struct header *h)
{
	struct sk_buff *skb;

	if (!READ_ONCE(hn->settings.segment_events) ||
	    !somebody_listens(hn, HSTP_NLGRP_SEGMENTS))
		return;
	skb = nlmsg_new(SEGMENT_ROOM, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb) {
		atomic64_inc(&hn->segment_sequence);
		lost(hn, HSTP_NLGRP_SEGMENTS);
		return;
	}
	if (WARN_ON_ONCE(put_segment(skb, hn, tuple, h))) {
		kfree_skb(skb);
		return;
	}
	genlmsg_multicast_netns(&hstp_nl_family, hn->net, skb, 0, HSTP_NLGRP_SEGMENTS,
				GFP_ATOMIC);
}

/**
 * hstp_event_tell_in() - a segment that has arrived, for who listens
 * @hn: namespace
 * @tuple: both ends
 * @seg: the segment
 *
 * Context: BH off.
 */
void hstp_event_tell_in(struct hstp_net *hn, const struct hstp_tuple *tuple,
			const struct hstp_segment *seg)
{
	struct header h = {
		.seq = seg->seq,
		.ack = seg->ack,
		.length = seg->text_len,
		.window = seg->wnd,
		.mss = seg->opt.has & HSTP_HAS_MSS ? seg->opt.mss : 0,
		.flags = seg->flags,
	};

	tell_segment(hn, tuple, &h);
}

/**
 * hstp_event_tell_out() - a segment that is sent, for who listens
 * @hn: namespace
 * @tuple: both ends
 * @tx: the segment
 *
 * Context: BH off.
 */
void hstp_event_tell_out(struct hstp_net *hn, const struct hstp_tuple *tuple,
			 const struct hstp_tx *tx)
{
	struct header h = {
		.seq = tx->seq,
		.ack = tx->ack,
		.length = tx->text_len,
		.window = tx->wnd,
		.mss = tx->opt.has & HSTP_HAS_MSS ? tx->opt.mss : 0,
		.flags = tx->flags,
		.again = tx->again,
		.out = true,
	};

	tell_segment(hn, tuple, &h);
}
