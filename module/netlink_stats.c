// SPDX-License-Identifier: GPL-2.0
/* stats-get, stats-reset: the counters. */
#include <linux/mm.h>
#include <net/genetlink.h>

#include "netlink.h"
#include "netlink-gen.h"
#include "stats.h"

/* The numbers that userspace sees are those that the core has. */
#define X(id, name) static_assert((int)HSTP_NL_DROP_##id == (int)HSTP_DROP_##id);
HSTP_DROPS(X)
#undef X
#define X(id, name) static_assert((int)HSTP_NL_RESET_OUT_##id == (int)HSTP_RESET_OUT_##id);
HSTP_RESETS_OUT(X)
#undef X
#define X(id, name) static_assert((int)HSTP_NL_RESET_IN_##id == (int)HSTP_RESET_IN_##id);
HSTP_RESETS_IN(X)
#undef X

/* put_reasons() fills three sets of attributes, which are alike. */
#define ALIKE(set) \
	static_assert((int)HSTP_A_STATS_##set##_REASON == (int)HSTP_A_STATS_DROP_REASON && \
		      (int)HSTP_A_STATS_##set##_COUNT == (int)HSTP_A_STATS_DROP_COUNT && \
		      (int)HSTP_A_STATS_##set##_PAD == (int)HSTP_A_STATS_DROP_PAD)
ALIKE(RESET_IN);
ALIKE(RESET_OUT);

#define ALL_PARTS	(BIT(HSTP_NL_PART_STATES) | BIT(HSTP_NL_PART_TRANSITIONS) | \
			 BIT(HSTP_NL_PART_SEGMENTS) | BIT(HSTP_NL_PART_RESETS) | \
			 BIT(HSTP_NL_PART_DROPS) | BIT(HSTP_NL_PART_EVENTS) | \
			 BIT(HSTP_NL_PART_ARROWS))

#define U64_ROOM	nla_total_size_64bit(sizeof(u64))
#define U8_ROOM		nla_total_size(sizeof(u8))
#define COUNT_ROOM	(nla_total_size(0) + U8_ROOM + U64_ROOM)

static int put_u64(struct sk_buff *skb, int type, u64 value, int pad)
{
	return nla_put_u64_64bit(skb, type, value, pad);
}

static int put_state(struct sk_buff *skb, const struct hstp_stats *sum, unsigned int state)
{
	struct nlattr *nest = nla_nest_start(skb, HSTP_A_STATS_STATE);
	u64 entered, left, now;
	const int pad = HSTP_A_STATS_STATE_PAD;
	struct hstp_times times;

	if (!nest || nla_put_u8(skb, HSTP_A_STATS_STATE_STATE, state))
		return -EMSGSIZE;
	hstp_stats_passages(sum, state, &entered, &left);
	hstp_stats_times(sum, hstp_stats_arrows(state), &times);
	/* While counters run, a connection may seem to leave first. */
	now = state != HSTP_CLOSED && entered > left ? entered - left : 0;
	if (put_u64(skb, HSTP_A_STATS_STATE_NOW, now, pad) ||
	    put_u64(skb, HSTP_A_STATS_STATE_ENTERED, entered, pad) ||
	    put_u64(skb, HSTP_A_STATS_STATE_LEFT, left, pad) ||
	    put_u64(skb, HSTP_A_STATS_STATE_MEDIAN, times.median, pad) ||
	    put_u64(skb, HSTP_A_STATS_STATE_P99, times.p99, pad) ||
	    put_u64(skb, HSTP_A_STATS_STATE_LONGEST, times.longest, pad) ||
	    put_u64(skb, HSTP_A_STATS_STATE_TIMED, times.timed, pad) ||
	    put_u64(skb, HSTP_A_STATS_STATE_TOTAL, times.total, pad))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_states(struct sk_buff *skb, const struct hstp_stats *sum)
{
	unsigned int state;

	for (state = 0; state < HSTP_STATE_COUNT; state++) {
		if (put_state(skb, sum, state))
			return -EMSGSIZE;
	}
	return 0;
}

static int put_transition(struct sk_buff *skb, unsigned int edge, unsigned int cause, u64 count)
{
	struct nlattr *nest = nla_nest_start(skb, HSTP_A_STATS_TRANSITION);

	if (!nest ||
	    nla_put_u8(skb, HSTP_A_STATS_TRANSITION_FROM, hstp_edges[edge].from) ||
	    nla_put_u8(skb, HSTP_A_STATS_TRANSITION_TO, hstp_edges[edge].to) ||
	    nla_put_u8(skb, HSTP_A_STATS_TRANSITION_CAUSE, cause) ||
	    put_u64(skb, HSTP_A_STATS_TRANSITION_COUNT, count, HSTP_A_STATS_TRANSITION_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Those that were taken. */
static int put_transitions(struct sk_buff *skb, const struct hstp_stats *sum)
{
	unsigned int edge, cause;

	for (edge = 0; edge < HSTP_EDGE_COUNT; edge++) {
		for (cause = 0; cause < HSTP_CAUSE_COUNT; cause++) {
			u64 count = sum->transitions[edge][cause];

			if (count && put_transition(skb, edge, cause, count))
				return -EMSGSIZE;
		}
	}
	return 0;
}

static int put_arrow(struct sk_buff *skb, const struct hstp_stats *sum, unsigned int edge)
{
	const int pad = HSTP_A_STATS_ARROW_PAD;
	struct hstp_times times;
	struct nlattr *nest;

	hstp_stats_times(sum, BIT(edge), &times);
	if (!times.timed)
		return 0;
	nest = nla_nest_start(skb, HSTP_A_STATS_ARROW);
	if (!nest ||
	    nla_put_u8(skb, HSTP_A_STATS_ARROW_FROM, hstp_edges[edge].from) ||
	    nla_put_u8(skb, HSTP_A_STATS_ARROW_TO, hstp_edges[edge].to) ||
	    put_u64(skb, HSTP_A_STATS_ARROW_TIMED, times.timed, pad) ||
	    put_u64(skb, HSTP_A_STATS_ARROW_TOTAL, times.total, pad) ||
	    put_u64(skb, HSTP_A_STATS_ARROW_MEDIAN, times.median, pad) ||
	    put_u64(skb, HSTP_A_STATS_ARROW_P99, times.p99, pad) ||
	    put_u64(skb, HSTP_A_STATS_ARROW_LONGEST, times.longest, pad))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

/* Those that were taken after a stay. */
static int put_arrows(struct sk_buff *skb, const struct hstp_stats *sum)
{
	unsigned int edge;

	for (edge = 0; edge < HSTP_EDGE_COUNT; edge++) {
		if (put_arrow(skb, sum, edge))
			return -EMSGSIZE;
	}
	return 0;
}

static int put_segments(struct sk_buff *skb, const struct hstp_stats *sum)
{
	const int pad = HSTP_A_STATS_PAD;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sum->flags_in); i++) {
		struct nlattr *nest = nla_nest_start(skb, HSTP_A_STATS_FLAG);

		if (!nest || nla_put_u8(skb, HSTP_A_STATS_FLAG_FLAG, i) ||
		    put_u64(skb, HSTP_A_STATS_FLAG_IN, sum->flags_in[i],
			    HSTP_A_STATS_FLAG_PAD) ||
		    put_u64(skb, HSTP_A_STATS_FLAG_OUT, sum->flags_out[i],
			    HSTP_A_STATS_FLAG_PAD))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	if (put_u64(skb, HSTP_A_STATS_SEGMENTS_IN, sum->segments_in, pad) ||
	    put_u64(skb, HSTP_A_STATS_SEGMENTS_OUT, sum->segments_out, pad) ||
	    put_u64(skb, HSTP_A_STATS_RETRANSMITS, sum->retransmits, pad) ||
	    put_u64(skb, HSTP_A_STATS_CHALLENGES, sum->challenges, pad))
		return -EMSGSIZE;
	return 0;
}

/* One nest for each reason. Reason 0 is "none". */
static int put_reasons(struct sk_buff *skb, int type, const u64 *counters, unsigned int count)
{
	unsigned int i;

	for (i = 1; i < count; i++) {
		struct nlattr *nest = nla_nest_start(skb, type);

		if (!nest || nla_put_u8(skb, HSTP_A_STATS_DROP_REASON, i) ||
		    put_u64(skb, HSTP_A_STATS_DROP_COUNT, counters[i], HSTP_A_STATS_DROP_PAD))
			return -EMSGSIZE;
		nla_nest_end(skb, nest);
	}
	return 0;
}

static int put_resets(struct sk_buff *skb, const struct hstp_stats *sum)
{
	return put_reasons(skb, HSTP_A_STATS_RESET_IN, sum->resets_in, HSTP_RESET_IN_COUNT) ?:
	       put_reasons(skb, HSTP_A_STATS_RESET_OUT, sum->resets_out, HSTP_RESET_OUT_COUNT);
}

static int put_events(struct sk_buff *skb, struct hstp_net *hn)
{
	return put_u64(skb, HSTP_A_STATS_EVENT_SEQUENCE, atomic64_read(&hn->event_sequence),
		       HSTP_A_STATS_PAD) ?:
	       put_u64(skb, HSTP_A_STATS_EVENTS_LOST, atomic64_read(&hn->events_lost),
		       HSTP_A_STATS_PAD);
}

static int put_stats(struct sk_buff *skb, struct hstp_net *hn, const struct hstp_stats *sum,
		     u32 parts)
{
	int err = 0;

	if (parts & BIT(HSTP_NL_PART_STATES))
		err = put_states(skb, sum);
	if (!err && parts & BIT(HSTP_NL_PART_TRANSITIONS))
		err = put_transitions(skb, sum);
	if (!err && parts & BIT(HSTP_NL_PART_SEGMENTS))
		err = put_segments(skb, sum);
	if (!err && parts & BIT(HSTP_NL_PART_RESETS))
		err = put_resets(skb, sum);
	if (!err && parts & BIT(HSTP_NL_PART_DROPS))
		err = put_reasons(skb, HSTP_A_STATS_DROP, sum->drops, HSTP_DROP_COUNT);
	if (!err && parts & BIT(HSTP_NL_PART_EVENTS))
		err = put_events(skb, hn);
	if (!err && parts & BIT(HSTP_NL_PART_ARROWS))
		err = put_arrows(skb, sum);
	return err;
}

static unsigned int transitions_of(const struct hstp_stats *sum)
{
	unsigned int edge, cause, taken = 0;

	for (edge = 0; edge < HSTP_EDGE_COUNT; edge++) {
		for (cause = 0; cause < HSTP_CAUSE_COUNT; cause++)
			taken += !!sum->transitions[edge][cause];
	}
	return taken;
}

/* Bytes that the reply takes at most, with so many transitions. */
static size_t room_for(unsigned int taken)
{
	return HSTP_STATE_COUNT * (COUNT_ROOM + 7 * U64_ROOM) +
	       HSTP_EDGE_COUNT * (COUNT_ROOM + U8_ROOM + 4 * U64_ROOM) +
	       taken * (COUNT_ROOM + 2 * U8_ROOM) +
	       sizeof_field(struct hstp_stats, flags_in) / sizeof(u64) * (COUNT_ROOM + U64_ROOM) +
	       (HSTP_DROP_COUNT + HSTP_RESET_IN_COUNT + HSTP_RESET_OUT_COUNT) * COUNT_ROOM +
	       6 * U64_ROOM;
}

/* The sums are freed. */
static int reply_with(struct genl_info *info, struct sk_buff *reply, void *head,
		      struct hstp_stats *sum)
{
	const struct nlattr *attr = info->attrs[HSTP_A_STATS_PARTS];
	u32 parts = attr ? nla_get_u32(attr) : ALL_PARTS;
	int err;

	err = put_stats(reply, hstp_pernet(genl_info_net(info)), sum, parts);
	kvfree(sum);
	if (WARN_ON_ONCE(err)) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, head);
	return genlmsg_reply(reply, info);
}

/**
 * hstp_nl_stats_get_doit() - stats-get
 * @skb: the request
 * @info: its attributes
 */
int hstp_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct hstp_stats *sum = hstp_stats_sum(hstp_pernet(genl_info_net(info)));
	struct sk_buff *reply;
	void *head;

	if (!sum)
		return -ENOMEM;
	reply = hstp_nl_reply(info, room_for(transitions_of(sum)), &head);
	if (reply)
		return reply_with(info, reply, head, sum);
	kvfree(sum);
	return -ENOMEM;
}

/**
 * hstp_nl_stats_reset_doit() - stats-reset
 * @skb: the request
 * @info: its attributes
 *
 * Nothing is reset unless there is memory to tell what was: the reply has room for whatever
 * is counted until then.
 */
int hstp_nl_stats_reset_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct hstp_stats *sum;
	struct sk_buff *reply;
	void *head;

	reply = hstp_nl_reply(info, room_for(HSTP_EDGE_COUNT * HSTP_CAUSE_COUNT), &head);
	if (!reply)
		return -ENOMEM;
	sum = hstp_stats_reset(hstp_pernet(genl_info_net(info)));
	if (sum)
		return reply_with(info, reply, head, sum);
	nlmsg_free(reply);
	return -ENOMEM;
}
