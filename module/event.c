// SPDX-License-Identifier: GPL-2.0
/* Notifications: each transition to the group "events", each segment, where that is
 * asked for, to the group "segments".
 *
 * They are written where things happen, under the connection's lock, and numbered: who
 * could not be told finds a gap.
 */
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <net/genetlink.h>

#include "batch.h"
#include "event.h"
#include "netlink-gen.h"

DEFINE_STATIC_KEY_FALSE(hstp_event_key);
DEFINE_STATIC_KEY_FALSE(hstp_segment_key);

DEFINE_PER_CPU(struct hstp_ear, hstp_ear);

/* What hstp_event_key is the result of. */
static DEFINE_MUTEX(key_mutex);
static bool events = true;
static bool joined;

/* The numbers that userspace sees are those that the core has. */
#define X(id, name) static_assert((int)HSTP_NL_STATE_##id == (int)HSTP_##id);
HSTP_STATES(X)
#undef X
#define X(id, name) static_assert((int)HSTP_NL_CAUSE_##id == (int)HSTP_CAUSE_##id);
HSTP_CAUSES(X)
#undef X

/* Attributes, bytes; each u64 may have an empty one before it. */
#define U64_ROOM	(nla_total_size(0) + nla_total_size(sizeof(u64)))
#define TUPLE_ROOM	(2 * nla_total_size(sizeof(struct in6_addr)) + \
			 2 * nla_total_size(sizeof(__be16)))
#define EVENT_ROOM	(TUPLE_ROOM + 3 * U64_ROOM + 3 * nla_total_size(sizeof(u8)) + \
			 7 * nla_total_size(sizeof(u32)))
#define SACK_ROOM	nla_total_size(2 * nla_total_size(sizeof(u32)))
#define SEGMENT_ROOM	(TUPLE_ROOM + 2 * U64_ROOM + 3 * nla_total_size(sizeof(u8)) + \
			 3 * nla_total_size(sizeof(u16)) + \
			 5 * nla_total_size(sizeof(u32)) + 2 * nla_total_size(0) + \
			 HSTP_SACK_BLOCKS * SACK_ROOM)
#define CHANGE_ROOM	(TUPLE_ROOM + 2 * U64_ROOM + 4 * nla_total_size(sizeof(u8)) + \
			 nla_total_size(sizeof(u16)) + 6 * nla_total_size(sizeof(u32)))

static void update_key(void)
{
	lockdep_assert_held(&key_mutex);
	if (events && joined)
		static_branch_enable(&hstp_event_key);
	else
		static_branch_disable(&hstp_event_key);
}

static int set_events(const char *value, const struct kernel_param *param)
{
	int err;

	mutex_lock(&key_mutex);
	err = param_set_bool(value, param);
	if (!err)
		update_key();
	mutex_unlock(&key_mutex);
	return err;
}

static const struct kernel_param_ops events_ops = {
	.set = set_events,
	.get = param_get_bool,
};

module_param_cb(events, &events_ops, &events, 0644);
MODULE_PARM_DESC(events, "tell the multicast group \"events\" of transitions (default Y)");

/**
 * hstp_event_joined() - a socket is about to join a group
 * @group: of the family
 *
 * From the first one on each transition looks whether somebody listens, once a tick. It is
 * not for the kernel's word to end that: it says that a socket joins before it has, says
 * it again of one that has joined already, and says that one leaves which never joined, or
 * while the group still counts it. A count of its words could be made to say "nobody" by any
 * user.
 *
 * Context: process, may sleep.
 */
void hstp_event_joined(int group)
{
	if (group != HSTP_NLGRP_EVENTS)
		return;
	mutex_lock(&key_mutex);
	joined = true;
	update_key();
	mutex_unlock(&key_mutex);
}

/**
 * hstp_event_start() - the family is there: events have somewhere to go
 */
void hstp_event_start(void)
{
	hstp_batch_start();
	if (!HSTP_GENL_TELLS_LISTENERS)
		hstp_event_joined(HSTP_NLGRP_EVENTS);
}

/**
 * hstp_event_look() - look whether somebody listens, once a tick
 * @hn: any namespace: the kernel keeps one set of groups for all
 *
 * Context: BH off.
 */
bool hstp_event_look(const struct hstp_net *hn)
{
	bool heard;

	this_cpu_write(hstp_ear.looked, jiffies);
	smp_mb();	/* pairs with that of hstp_event_look_anew() */
	heard = hstp_batch_wanted(hn, HSTP_NLGRP_EVENTS);
	this_cpu_write(hstp_ear.heard, heard);
	return heard;
}

/**
 * hstp_event_look_anew() - somebody may have joined
 *
 * Who has joined before is told of all that happens from now on.
 *
 * Context: process.
 */
void hstp_event_look_anew(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		WRITE_ONCE(per_cpu(hstp_ear, cpu).looked, jiffies - HZ);
	smp_mb();	/* looked before what the caller does next */
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

/* Has the peer said its sequence number? In SYN-SENT not yet (RFC 9293 section 3.10.7.3). */
static bool knows_irs(unsigned int from, unsigned int to)
{
	return to != HSTP_SYN_SENT && (from != HSTP_SYN_SENT || to != HSTP_CLOSED);
}

/* And its window? The handshake of a listener takes that with the ACK that ends it (section
 * 3.10.7.4, fifth).
 */
static bool knows_window(const struct hstp_tcb *t, unsigned int from, unsigned int to)
{
	if (t->passive && (to == HSTP_SYN_RECEIVED ||
			   (from == HSTP_SYN_RECEIVED && to == HSTP_CLOSED)))
		return false;
	return knows_irs(from, to);
}

/* ISS, IRS and SND.WND are not kept in the record that TIME-WAIT is. */
static void *put_variables(void *at, const struct hstp_tcb *t, unsigned int from,
			   unsigned int to)
{
	if (to == HSTP_LISTEN || (from == HSTP_LISTEN && to == HSTP_CLOSED))
		return at;
	if (from != HSTP_TIME_WAIT) {
		at = hstp_put_u32(at, HSTP_A_EVENT_ISS, t->iss);
		if (knows_window(t, from, to))
			at = hstp_put_u32(at, HSTP_A_EVENT_SND_WND, t->snd_wnd);
		if (knows_irs(from, to))
			at = hstp_put_u32(at, HSTP_A_EVENT_IRS, t->irs);
	}
	at = hstp_put_u32(at, HSTP_A_EVENT_SND_UNA, t->snd_una);
	at = hstp_put_u32(at, HSTP_A_EVENT_SND_NXT, t->snd_nxt);
	if (knows_irs(from, to))
		at = hstp_put_u32(at, HSTP_A_EVENT_RCV_NXT, t->rcv_nxt);
	return hstp_put_u32(at, HSTP_A_EVENT_RCV_WND, t->rcv_wnd);
}

static void tell_event(struct hstp_net *hn, const struct hstp_tuple *tuple,
		       const struct hstp_tcb *t, unsigned int edge, unsigned int cause,
		       u64 spent_us)
{
	unsigned int from = hstp_edges[edge].from, to = hstp_edges[edge].to;
	u64 sequence = atomic64_inc_return(&hn->event_sequence);
	void *at = hstp_batch_begin(hn, HSTP_NLGRP_EVENTS, HSTP_CMD_EVENT, EVENT_ROOM);

	if (!at)
		return;
	at = hstp_put_u64(at, HSTP_A_EVENT_SEQUENCE, sequence, HSTP_A_EVENT_PAD);
	at = hstp_put_u64(at, HSTP_A_EVENT_TIME, ktime_get_ns(), HSTP_A_EVENT_PAD);
	at = hstp_put_u8(at, HSTP_A_EVENT_FROM, from);
	at = hstp_put_u8(at, HSTP_A_EVENT_TO, to);
	at = hstp_put_u8(at, HSTP_A_EVENT_CAUSE, cause);
	if (hstp_stats_timed(edge, cause))
		at = hstp_put_u64(at, HSTP_A_EVENT_SPENT, spent_us * NSEC_PER_USEC,
				  HSTP_A_EVENT_PAD);
	at = hstp_put_tuple(at, tuple, HSTP_A_EVENT_LOCAL_ADDRESS);
	hstp_batch_end(hn, put_variables(at, t, from, to));
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
	unsigned int i;

	hstp_batch_lock(hn);
	/* All of an event happen at once: only the first state has lasted */
	for (i = 0; i < acts->transition_count; i++)
		tell_event(hn, tuple, t, acts->transitions[i].edge, acts->transitions[i].cause,
			   i ? 0 : now_us - since_us);
	hstp_batch_unlock(hn);
}

struct header {
	u32 seq;
	u32 ack;
	u32 length;
	u16 window;
	u16 urgent;
	u8 flags;
	bool again;
	bool out;
	const struct hstp_options *opt;
};

static void *put_options(void *at, const struct hstp_options *opt)
{
	unsigned int i;

	if (opt->has & HSTP_HAS_MSS)
		at = hstp_put_u16(at, HSTP_A_SEGMENT_MSS, opt->mss);
	if (opt->has & HSTP_HAS_WSCALE)
		at = hstp_put_u8(at, HSTP_A_SEGMENT_WINDOW_SCALE, opt->wscale);
	if (opt->has & HSTP_HAS_SACK_PERMITTED)
		at = hstp_put_head(at, HSTP_A_SEGMENT_SACK_PERMITTED, 0);
	if (opt->has & HSTP_HAS_TIMESTAMPS) {
		at = hstp_put_u32(at, HSTP_A_SEGMENT_TSVAL, opt->tsval);
		at = hstp_put_u32(at, HSTP_A_SEGMENT_TSECR, opt->tsecr);
	}
	for (i = 0; i < opt->sack_count; i++) {
		at = hstp_put_head(at, HSTP_A_SEGMENT_SACK | NLA_F_NESTED,
				   2 * nla_total_size(sizeof(u32)));
		at = hstp_put_u32(at, HSTP_A_SEGMENT_SACK_LEFT, opt->sack[i].left);
		at = hstp_put_u32(at, HSTP_A_SEGMENT_SACK_RIGHT, opt->sack[i].right);
	}
	return at;
}

static void *put_header(void *at, const struct header *h)
{
	at = hstp_put_u32(at, HSTP_A_SEGMENT_SEQ, h->seq);
	if (h->flags & HSTP_ACK)
		at = hstp_put_u32(at, HSTP_A_SEGMENT_ACK, h->ack);
	at = hstp_put_u16(at, HSTP_A_SEGMENT_WINDOW, h->window);
	at = hstp_put_u8(at, HSTP_A_SEGMENT_FLAGS, h->flags);
	at = hstp_put_u32(at, HSTP_A_SEGMENT_LENGTH, h->length);
	if (h->flags & HSTP_URG)
		at = hstp_put_u16(at, HSTP_A_SEGMENT_URGENT, h->urgent);
	if (h->again)
		at = hstp_put_head(at, HSTP_A_SEGMENT_AGAIN, 0);
	return put_options(at, h->opt);
}

static bool segments_wanted(const struct hstp_net *hn)
{
	return READ_ONCE(hn->settings.segment_events) &&
	       hstp_batch_wanted(hn, HSTP_NLGRP_SEGMENTS);
}

/* What both kinds of messages of the group begin with, in the same attributes. */
static_assert((int)HSTP_A_CHANGE_SEQUENCE == (int)HSTP_A_SEGMENT_SEQUENCE);
static_assert((int)HSTP_A_CHANGE_TIME == (int)HSTP_A_SEGMENT_TIME);
static_assert((int)HSTP_A_CHANGE_DIRECTION == (int)HSTP_A_SEGMENT_DIRECTION);
static_assert((int)HSTP_A_CHANGE_REMOTE_PORT == (int)HSTP_A_SEGMENT_REMOTE_PORT);

/* Between hstp_batch_lock() and hstp_batch_unlock(). */
static void *begin_segment(struct hstp_net *hn, u8 cmd, size_t room,
			   const struct hstp_tuple *tuple, bool out)
{
	u64 sequence = atomic64_inc_return(&hn->segment_sequence);
	void *at = hstp_batch_begin(hn, HSTP_NLGRP_SEGMENTS, cmd, room);

	if (!at)
		return NULL;
	at = hstp_put_u64(at, HSTP_A_SEGMENT_SEQUENCE, sequence, HSTP_A_SEGMENT_PAD);
	at = hstp_put_u64(at, HSTP_A_SEGMENT_TIME, ktime_get_ns(), HSTP_A_SEGMENT_PAD);
	at = hstp_put_u8(at, HSTP_A_SEGMENT_DIRECTION,
			 out ? HSTP_NL_DIRECTION_OUT : HSTP_NL_DIRECTION_IN);
	return hstp_put_tuple(at, tuple, HSTP_A_SEGMENT_LOCAL_ADDRESS);
}

static void tell_segment(struct hstp_net *hn, const struct hstp_tuple *tuple,
			 const struct header *h)
{
	void *at;

	if (!segments_wanted(hn))
		return;
	hstp_batch_lock(hn);
	at = begin_segment(hn, HSTP_CMD_SEGMENT, SEGMENT_ROOM, tuple, h->out);
	if (at)
		hstp_batch_end(hn, put_header(at, h));
	hstp_batch_unlock(hn);
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
		.urgent = seg->up,
		.flags = seg->flags,
		.opt = &seg->opt,
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
		.urgent = tx->up,
		.flags = tx->flags,
		.again = tx->again,
		.out = true,
		.opt = &tx->opt,
	};

	tell_segment(hn, tuple, &h);
}

static void *put_change(void *at, const struct hstp_change *change)
{
	at = hstp_put_u32(at, HSTP_A_CHANGE_SEQ, change->seq);
	at = hstp_put_u32(at, HSTP_A_CHANGE_ACK, change->ack);
	at = hstp_put_u16(at, HSTP_A_CHANGE_WINDOW, change->wnd);
	at = hstp_put_u8(at, HSTP_A_CHANGE_FLAGS, change->flags);
	at = hstp_put_u32(at, HSTP_A_CHANGE_LENGTH, change->length);
	at = hstp_put_u32(at, HSTP_A_CHANGE_RULE, change->rule);
	at = hstp_put_u8(at, HSTP_A_CHANGE_ACTION, change->action);
	if (change->action != HSTP_NL_ACTION_CHANGE)
		return at;
	at = hstp_put_u8(at, HSTP_A_CHANGE_FIELD, change->field);
	at = hstp_put_u32(at, HSTP_A_CHANGE_FROM, change->from);
	return hstp_put_u32(at, HSTP_A_CHANGE_TO, change->to);
}

/**
 * hstp_event_tell_change() - what a rule has changed in a segment, for who listens
 * @hn: namespace
 * @tuple: both ends
 * @change: what
 *
 * Context: BH off; any lock but that of messages.
 */
void hstp_event_tell_change(struct hstp_net *hn, const struct hstp_tuple *tuple,
			    const struct hstp_change *change)
{
	void *at;

	if (!segments_wanted(hn))
		return;
	hstp_batch_lock(hn);
	at = begin_segment(hn, HSTP_CMD_CHANGE, CHANGE_ROOM, tuple, change->out);
	if (at)
		hstp_batch_end(hn, put_change(at, change));
	hstp_batch_unlock(hn);
}
