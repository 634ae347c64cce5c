// SPDX-License-Identifier: GPL-2.0
/* Reading the counters: one request, the nests of its reply. */
#include <string.h>

#include "stats.h"

static void take_state(const struct attrs *attrs, struct stats *stats)
{
	uint64_t state = number(attrs, HSTP_A_STATS_STATE_STATE);

	if (state >= STATES)
		return;
	stats->states[state] = (struct stats_state){
		.known = true,
		.now = number(attrs, HSTP_A_STATS_STATE_NOW),
		.entered = number(attrs, HSTP_A_STATS_STATE_ENTERED),
		.left = number(attrs, HSTP_A_STATS_STATE_LEFT),
		.median = number(attrs, HSTP_A_STATS_STATE_MEDIAN),
		.p99 = number(attrs, HSTP_A_STATS_STATE_P99),
		.longest = number(attrs, HSTP_A_STATS_STATE_LONGEST),
		.timed = number(attrs, HSTP_A_STATS_STATE_TIMED),
		.total = number(attrs, HSTP_A_STATS_STATE_TOTAL),
	};
}

static void take_arrow(const struct attrs *attrs, struct stats *stats)
{
	uint64_t from = number(attrs, HSTP_A_STATS_ARROW_FROM);
	uint64_t to = number(attrs, HSTP_A_STATS_ARROW_TO);

	if (from >= STATES || to >= STATES)
		return;
	stats->arrows[from][to] = (struct stats_arrow){
		.timed = number(attrs, HSTP_A_STATS_ARROW_TIMED),
		.total = number(attrs, HSTP_A_STATS_ARROW_TOTAL),
		.median = number(attrs, HSTP_A_STATS_ARROW_MEDIAN),
		.p99 = number(attrs, HSTP_A_STATS_ARROW_P99),
		.longest = number(attrs, HSTP_A_STATS_ARROW_LONGEST),
	};
}

static void take_transition(const struct attrs *attrs, struct stats *stats)
{
	if (stats->transition_count == TRANSITIONS)
		return;
	stats->transitions[stats->transition_count++] = (struct stats_transition){
		.from = (unsigned int)number(attrs, HSTP_A_STATS_TRANSITION_FROM),
		.to = (unsigned int)number(attrs, HSTP_A_STATS_TRANSITION_TO),
		.cause = (unsigned int)number(attrs, HSTP_A_STATS_TRANSITION_CAUSE),
		.count = number(attrs, HSTP_A_STATS_TRANSITION_COUNT),
	};
}

static void take_reason(struct stats_reasons *reasons, uint64_t reason, uint64_t count)
{
	if (reason >= REASONS)
		return;
	reasons->known[reason] = true;
	reasons->count[reason] = count;
}

static int take(const struct nlattr *attr, void *data)
{
	struct stats *stats = data;
	struct attrs in;
	uint64_t flag;

	switch (mnl_attr_get_type(attr)) {
	case HSTP_A_STATS_STATE:
		attrs_in(attr, &in);
		take_state(&in, stats);
		break;
	case HSTP_A_STATS_TRANSITION:
		attrs_in(attr, &in);
		take_transition(&in, stats);
		break;
	case HSTP_A_STATS_ARROW:
		attrs_in(attr, &in);
		take_arrow(&in, stats);
		break;
	case HSTP_A_STATS_FLAG:
		attrs_in(attr, &in);
		flag = number(&in, HSTP_A_STATS_FLAG_FLAG);
		if (flag < FLAGS) {
			stats->flags[0][flag] = number(&in, HSTP_A_STATS_FLAG_IN);
			stats->flags[1][flag] = number(&in, HSTP_A_STATS_FLAG_OUT);
		}
		break;
	case HSTP_A_STATS_DROP:
		attrs_in(attr, &in);
		take_reason(&stats->drops, number(&in, HSTP_A_STATS_DROP_REASON),
			    number(&in, HSTP_A_STATS_DROP_COUNT));
		break;
	case HSTP_A_STATS_RESET_IN:
		attrs_in(attr, &in);
		take_reason(&stats->resets[0], number(&in, HSTP_A_STATS_RESET_IN_REASON),
			    number(&in, HSTP_A_STATS_RESET_IN_COUNT));
		break;
	case HSTP_A_STATS_RESET_OUT:
		attrs_in(attr, &in);
		take_reason(&stats->resets[1], number(&in, HSTP_A_STATS_RESET_OUT_REASON),
			    number(&in, HSTP_A_STATS_RESET_OUT_COUNT));
		break;
	case HSTP_A_STATS_SEGMENTS_IN:
		stats->segments[0] = attr_number(attr);
		break;
	case HSTP_A_STATS_SEGMENTS_OUT:
		stats->segments[1] = attr_number(attr);
		break;
	case HSTP_A_STATS_RETRANSMITS:
		stats->retransmits = attr_number(attr);
		break;
	case HSTP_A_STATS_CHALLENGES:
		stats->challenges = attr_number(attr);
		break;
	case HSTP_A_STATS_EVENT_SEQUENCE:
		stats->event_sequence = attr_number(attr);
		break;
	case HSTP_A_STATS_EVENTS_LOST:
		stats->events_lost = attr_number(attr);
		break;
	default:
		break;
	}
	return MNL_CB_OK;
}

static int reply(const struct nlmsghdr *nlh, void *data)
{
	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), take, data);
	return 0;
}

/**
 * stats_read() - all counters
 * @nl: from nl_open()
 * @command: HSTP_CMD_STATS_GET, or HSTP_CMD_STATS_RESET to begin anew with 0
 * @stats: where they go
 *
 * Does not return when the kernel refuses.
 */
void stats_read(struct nl *nl, uint8_t command, struct stats *stats)
{
	char request[128];
	struct nlmsghdr *nlh = nl_begin(nl, request, command, NLM_F_ACK);

	memset(stats, 0, sizeof(*stats));
	if (nl_call(nl, nlh, reply, stats) < 0)
		quit(FAILED, "%s counters: %s",
		     command == HSTP_CMD_STATS_RESET ? "resetting" : "reading", nl->error);
}
