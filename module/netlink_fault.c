// SPDX-License-Identifier: GPL-2.0
/* fault-add, fault-del, fault-get: the rules of a namespace. */
#include <linux/random.h>
#include <linux/slab.h>
#include <net/genetlink.h>

#include "fault.h"
#include "match.h"
#include "netlink.h"
#include "netlink-gen.h"
#include "netlink_listed.h"

#define ALL_STATES	((1 << HSTP_STATE_COUNT) - 1)
#define EITHER		3	/* of two directions, of with and without text */

/* All attributes of a rule, bytes. */
#define RULE_ROOM	(HSTP_NL_TUPLE_ROOM + 4 * nla_total_size_64bit(sizeof(u64)) + \
			 HSTP_A_FAULT_MAX * nla_total_size(sizeof(u32)))

/* Numbers within bounds, and the text for those that are not. */
#define BOUND(attr, name, lowest, highest) \
	{ HSTP_A_FAULT_##attr, lowest, highest, name " must be " #lowest " to " #highest }

static const struct bound {
	int attr;
	u32 low;
	u32 high;
	const char *refusal;
} bounds[] = {
	BOUND(NTH, "nth", 1, 1000000000),
	BOUND(EVERY, "every", 1, 1000000000),
	BOUND(COUNT, "count", 1, 1000000000),
	BOUND(PROBABILITY, "probability", 1, 1000000),
	BOUND(COPIES, "copies", 1, 100),
	BOUND(DELAY_MS, "delay-ms", 1, 600000),
};

/* What goes with one action alone, and what that cannot do without. */
static const struct need {
	int attr;
	u8 action;
	bool required;
	const char *missing;
	const char *useless;
} needs[] = {
	{ HSTP_A_FAULT_COPIES, HSTP_NL_ACTION_DUPLICATE, false, NULL,
	  "copies goes with action duplicate only" },
	{ HSTP_A_FAULT_DELAY_MS, HSTP_NL_ACTION_DELAY, true,
	  "action delay needs delay-ms, 1 to 600000", "delay-ms goes with action delay only" },
	{ HSTP_A_FAULT_FIELD, HSTP_NL_ACTION_CHANGE, true,
	  "action change needs field: seq, ack, window, flags ...",
	  "field goes with action change only" },
	{ HSTP_A_FAULT_HOW, HSTP_NL_ACTION_CHANGE, true,
	  "action change needs how: set, add or clear", "how goes with action change only" },
	{ HSTP_A_FAULT_VALUE, HSTP_NL_ACTION_CHANGE, true,
	  "action change needs value", "value goes with action change only" },
};

static int check_bounds(struct genl_info *info)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bounds); i++) {
		const struct nlattr *attr = info->attrs[bounds[i].attr];

		if (attr && (nla_get_u32(attr) < bounds[i].low ||
			     nla_get_u32(attr) > bounds[i].high))
			return hstp_nl_refuse(info, bounds[i].attr, bounds[i].refusal, -ERANGE);
	}
	return 0;
}

static int check_needs(struct genl_info *info, u8 action)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(needs); i++) {
		bool given = info->attrs[needs[i].attr];

		if (given && needs[i].action != action)
			return hstp_nl_refuse(info, needs[i].attr, needs[i].useless, -EINVAL);
		if (!given && needs[i].required && needs[i].action == action)
			return hstp_nl_refuse(info, HSTP_A_FAULT_ACTION, needs[i].missing, -EINVAL);
	}
	return 0;
}

static u32 number(const struct genl_info *info, int attr)
{
	return info->attrs[attr] ? nla_get_u32(info->attrs[attr]) : 0;
}

static u8 byte(const struct genl_info *info, int attr)
{
	return info->attrs[attr] ? nla_get_u8(info->attrs[attr]) : 0;
}

/* One of two as a set; both when nothing is said. */
static u8 one_of_two(const struct genl_info *info, int attr)
{
	return info->attrs[attr] ? 1 << nla_get_u8(info->attrs[attr]) : EITHER;
}

static int parse_port(struct genl_info *info, int attr, __be16 *port, const char *bound)
{
	if (!info->attrs[attr])
		return 0;
	*port = nla_get_be16(info->attrs[attr]);
	return *port ? 0 : hstp_nl_refuse(info, attr, bound, -ERANGE);
}

static int parse_ends(struct genl_info *info, struct hstp_rule *rule)
{
	struct nlattr **attrs = info->attrs;
	int err;

	err = hstp_match_address(HSTP_LOCAL, attrs[HSTP_A_FAULT_LOCAL_ADDRESS],
				 attrs[HSTP_A_FAULT_LOCAL_PREFIX], &rule->laddr, &rule->lprefix,
				 info->extack);
	if (!err)
		err = hstp_match_address(HSTP_REMOTE, attrs[HSTP_A_FAULT_REMOTE_ADDRESS],
					 attrs[HSTP_A_FAULT_REMOTE_PREFIX], &rule->faddr,
					 &rule->fprefix, info->extack);
	if (!err)
		err = parse_port(info, HSTP_A_FAULT_LOCAL_PORT, &rule->lport,
				 "local-port must be 1 to 65535");
	return err ?: parse_port(info, HSTP_A_FAULT_REMOTE_PORT, &rule->fport,
				 "remote-port must be 1 to 65535");
}

static int parse_match(struct genl_info *info, struct hstp_rule *rule)
{
	struct nlattr *states = info->attrs[HSTP_A_FAULT_STATES];

	rule->directions = one_of_two(info, HSTP_A_FAULT_DIRECTION);
	rule->texts = one_of_two(info, HSTP_A_FAULT_TEXT);
	rule->states = states ? nla_get_u16(states) : ALL_STATES;
	rule->flags_set = byte(info, HSTP_A_FAULT_FLAGS_SET);
	rule->flags_clear = byte(info, HSTP_A_FAULT_FLAGS_CLEAR);
	if (!rule->states)
		return hstp_nl_refuse(info, HSTP_A_FAULT_STATES, "states must have one at least",
				      -EINVAL);
	if (rule->flags_set & rule->flags_clear)
		return hstp_nl_refuse(info, HSTP_A_FAULT_FLAGS_CLEAR,
				      "flags-clear must have none of flags-set", -EINVAL);
	return parse_ends(info, rule);
}

static int parse_turn(struct genl_info *info, struct hstp_rule *rule)
{
	struct nlattr *seed = info->attrs[HSTP_A_FAULT_SEED];

	rule->nth = number(info, HSTP_A_FAULT_NTH);
	rule->every = number(info, HSTP_A_FAULT_EVERY);
	rule->count = number(info, HSTP_A_FAULT_COUNT);
	rule->probability = number(info, HSTP_A_FAULT_PROBABILITY);
	if (!seed)
		rule->seed = get_random_u32();
	else if (rule->probability)
		rule->seed = nla_get_u64(seed);
	else
		return hstp_nl_refuse(info, HSTP_A_FAULT_SEED, "seed goes with probability only",
				      -EINVAL);
	return 0;
}

static int parse_change(struct genl_info *info, struct hstp_rule *rule)
{
	rule->field = byte(info, HSTP_A_FAULT_FIELD);
	rule->how = byte(info, HSTP_A_FAULT_HOW);
	rule->value = number(info, HSTP_A_FAULT_VALUE);
	if (rule->how == HSTP_NL_HOW_CLEAR && rule->field != HSTP_NL_FIELD_FLAGS)
		return hstp_nl_refuse(info, HSTP_A_FAULT_HOW,
				      "how: clear goes with field flags only", -EINVAL);
	if (rule->field == HSTP_NL_FIELD_FLAGS && rule->value > U8_MAX)
		return hstp_nl_refuse(info, HSTP_A_FAULT_VALUE, "value of flags must be 0 to 255",
				      -ERANGE);
	if ((rule->field == HSTP_NL_FIELD_WINDOW || rule->field == HSTP_NL_FIELD_URGENT) &&
	    rule->how == HSTP_NL_HOW_SET && rule->value > U16_MAX)
		return hstp_nl_refuse(info, HSTP_A_FAULT_VALUE,
				      "value of window and urgent must be 0 to 65535", -ERANGE);
	return 0;
}

static int parse_action(struct genl_info *info, struct hstp_rule *rule)
{
	int err;

	if (!info->attrs[HSTP_A_FAULT_ACTION])
		return hstp_nl_refuse(info, HSTP_A_FAULT_ACTION, "action is missing", -EINVAL);
	rule->action = byte(info, HSTP_A_FAULT_ACTION);
	rule->copies = number(info, HSTP_A_FAULT_COPIES) ?: 1;
	rule->delay_ms = number(info, HSTP_A_FAULT_DELAY_MS);
	err = check_needs(info, rule->action);
	return err ?: parse_change(info, rule);
}

/* What is there and wrong is told before what is missing. */
static int parse_rule(struct genl_info *info, struct hstp_rule *rule)
{
	int err;

	err = check_bounds(info);
	if (!err)
		err = parse_match(info, rule);
	if (!err)
		err = parse_turn(info, rule);
	return err ?: parse_action(info, rule);
}

/**
 * hstp_nl_fault_add_doit() - fault-add
 * @skb: the request
 * @info: its attributes
 */
int hstp_nl_fault_add_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply;
	struct hstp_rule *rule;
	void *head;
	u32 id;
	int err;

	rule = kzalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT);
	if (!rule)
		return -ENOMEM;
	err = parse_rule(info, rule);
	if (err)
		goto free_rule;
	err = -ENOMEM;
	reply = hstp_nl_reply(info, nla_total_size(sizeof(u32)), &head);
	if (!reply)
		goto free_rule;
	err = hstp_fault_add(hstp_pernet(genl_info_net(info)), rule, &id);
	if (err)
		goto free_reply;
	return hstp_nl_reply_number(info, reply, head, HSTP_A_FAULT_ID, id);

free_reply:
	nlmsg_free(reply);
	if (err == -ENOSPC)
		NL_SET_ERR_MSG(info->extack, "there are 256 rules already, the most that can be");
free_rule:
	kfree(rule);
	return err;
}

/**
 * hstp_nl_fault_del_doit() - fault-del
 * @skb: the request
 * @info: its attributes
 */
int hstp_nl_fault_del_doit(struct sk_buff *skb, struct genl_info *info)
{
	bool all = nla_get_flag(info->attrs[HSTP_A_FAULT_ALL]);
	u32 id = number(info, HSTP_A_FAULT_ID), removed;
	struct sk_buff *reply;
	void *head;

	if (all && info->attrs[HSTP_A_FAULT_ID])
		return hstp_nl_refuse(info, HSTP_A_FAULT_ALL, "id or all, not both", -EINVAL);
	if (!all && !info->attrs[HSTP_A_FAULT_ID])
		return hstp_nl_refuse(info, HSTP_A_FAULT_ID,
				      "id is missing; all removes every rule", -EINVAL);
	if (!all && !id)
		return hstp_nl_refuse(info, HSTP_A_FAULT_ID, "no rule has this id", -ENOENT);
	reply = hstp_nl_reply(info, nla_total_size(sizeof(u32)), &head);
	if (!reply)
		return -ENOMEM;
	removed = hstp_fault_del(hstp_pernet(genl_info_net(info)), id);
	if (!all && !removed) {
		nlmsg_free(reply);
		return hstp_nl_refuse(info, HSTP_A_FAULT_ID, "no rule has this id", -ENOENT);
	}
	return hstp_nl_reply_number(info, reply, head, HSTP_A_FAULT_REMOVED, removed);
}

static bool put_address(struct sk_buff *skb, int attr, int prefix, const struct in6_addr *a,
			u8 bits)
{
	if (!bits)
		return false;
	if (bits >= 96 && ipv6_addr_v4mapped(a))
		return nla_put_in_addr(skb, attr, a->s6_addr32[3]) ||
		       nla_put_u8(skb, prefix, bits - 96);
	return nla_put_in6_addr(skb, attr, a) || nla_put_u8(skb, prefix, bits);
}

static bool put_given(struct sk_buff *skb, int attr, u32 value)
{
	return value && nla_put_u32(skb, attr, value);
}

static bool put_match(struct sk_buff *skb, const struct hstp_rule *r)
{
	return (r->directions != EITHER &&
		nla_put_u8(skb, HSTP_A_FAULT_DIRECTION, r->directions >> 1)) ||
	       put_address(skb, HSTP_A_FAULT_LOCAL_ADDRESS, HSTP_A_FAULT_LOCAL_PREFIX, &r->laddr,
			   r->lprefix) ||
	       put_address(skb, HSTP_A_FAULT_REMOTE_ADDRESS, HSTP_A_FAULT_REMOTE_PREFIX,
			   &r->faddr, r->fprefix) ||
	       (r->lport && nla_put_be16(skb, HSTP_A_FAULT_LOCAL_PORT, r->lport)) ||
	       (r->fport && nla_put_be16(skb, HSTP_A_FAULT_REMOTE_PORT, r->fport)) ||
	       (r->states != ALL_STATES && nla_put_u16(skb, HSTP_A_FAULT_STATES, r->states)) ||
	       (r->flags_set && nla_put_u8(skb, HSTP_A_FAULT_FLAGS_SET, r->flags_set)) ||
	       (r->flags_clear && nla_put_u8(skb, HSTP_A_FAULT_FLAGS_CLEAR, r->flags_clear)) ||
	       (r->texts != EITHER && nla_put_u8(skb, HSTP_A_FAULT_TEXT, r->texts >> 1));
}

static bool put_turn(struct sk_buff *skb, const struct hstp_rule *r)
{
	return put_given(skb, HSTP_A_FAULT_NTH, r->nth) ||
	       put_given(skb, HSTP_A_FAULT_EVERY, r->every) ||
	       put_given(skb, HSTP_A_FAULT_COUNT, r->count) ||
	       put_given(skb, HSTP_A_FAULT_PROBABILITY, r->probability) ||
	       (r->probability &&
		nla_put_u64_64bit(skb, HSTP_A_FAULT_SEED, r->seed, HSTP_A_FAULT_PAD));
}

static bool put_action(struct sk_buff *skb, const struct hstp_rule *r)
{
	if (nla_put_u8(skb, HSTP_A_FAULT_ACTION, r->action))
		return true;
	switch (r->action) {
	case HSTP_NL_ACTION_DUPLICATE:
		return nla_put_u32(skb, HSTP_A_FAULT_COPIES, r->copies);
	case HSTP_NL_ACTION_DELAY:
		return nla_put_u32(skb, HSTP_A_FAULT_DELAY_MS, r->delay_ms);
	case HSTP_NL_ACTION_CHANGE:
		return nla_put_u8(skb, HSTP_A_FAULT_FIELD, r->field) ||
		       nla_put_u8(skb, HSTP_A_FAULT_HOW, r->how) ||
		       nla_put_u32(skb, HSTP_A_FAULT_VALUE, r->value);
	default:
		return false;
	}
}

static int put_rule(struct sk_buff *skb, const void *what)
{
	const struct hstp_rule *r = what;

	if (nla_put_u32(skb, HSTP_A_FAULT_ID, r->id) || put_match(skb, r) || put_turn(skb, r) ||
	    put_action(skb, r) ||
	    nla_put_u64_64bit(skb, HSTP_A_FAULT_MATCHED, r->matched, HSTP_A_FAULT_PAD) ||
	    nla_put_u64_64bit(skb, HSTP_A_FAULT_ACTED, r->acted, HSTP_A_FAULT_PAD) ||
	    nla_put_u64_64bit(skb, HSTP_A_FAULT_OVERFLOW, r->overflow, HSTP_A_FAULT_PAD) ||
	    nla_put_u32(skb, HSTP_A_FAULT_HELD, r->held))
		return -EMSGSIZE;
	return 0;
}

static const void *next_rule(const struct hstp_faults *f, const void *at, u32 *id)
{
	const struct hstp_rule *rule = at;

	rule = rule ? list_next_entry(rule, link) :
		      list_first_entry(&f->rules, struct hstp_rule, link);
	if (list_entry_is_head(rule, &f->rules, link))
		return NULL;
	*id = rule->id;
	return rule;
}

static const struct hstp_nl_listed rules = {
	.cmd = HSTP_CMD_FAULT_GET,
	.id = HSTP_A_FAULT_ID,
	.next = next_rule,
	.put = put_rule,
	.missing = "id is missing; a dump has all rules",
	.unknown = "no rule has this id",
};

/**
 * hstp_nl_fault_get_doit() - fault-get of one rule
 * @skb: the request
 * @info: its attributes
 */
int hstp_nl_fault_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return hstp_nl_listed_get(info, &rules, RULE_ROOM);
}

/**
 * hstp_nl_fault_get_dumpit() - fault-get of all rules, or of that with the number
 * @skb: to fill
 * @cb: the dump
 */
int hstp_nl_fault_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return hstp_nl_listed_dump(skb, cb, &rules);
}
