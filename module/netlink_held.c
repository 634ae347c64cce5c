// SPDX-License-Identifier: GPL-2.0
/* step-get, step-set, held-get, held-release: step mode, and segments that are held. */
#include <net/genetlink.h>

#include "fault.h"
#include "match.h"
#include "netlink.h"
#include "netlink-gen.h"
#include "netlink_listed.h"

/* All attributes of a held segment, bytes. */
#define HELD_ROOM	(HSTP_NL_TUPLE_ROOM + nla_total_size_64bit(sizeof(u64)) + \
			 HSTP_A_HELD_MAX * nla_total_size(sizeof(u32)))
#define STEP_ROOM	(nla_total_size_64bit(sizeof(u64)) + \
			 HSTP_A_STEP_MAX * nla_total_size(sizeof(u32)))

static int put_step(struct sk_buff *skb, bool step, u32 held, u32 bytes, u64 overflow)
{
	if (nla_put_u8(skb, HSTP_A_STEP_ENABLED, step) ||
	    nla_put_u32(skb, HSTP_A_STEP_HELD, held) ||
	    nla_put_u32(skb, HSTP_A_STEP_HELD_BYTES, bytes) ||
	    nla_put_u32(skb, HSTP_A_STEP_MAX_HELD, HSTP_HELD_MAX) ||
	    nla_put_u32(skb, HSTP_A_STEP_MAX_BYTES, HSTP_HELD_BYTES) ||
	    nla_put_u64_64bit(skb, HSTP_A_STEP_OVERFLOW, overflow, HSTP_A_STEP_PAD))
		return -EMSGSIZE;
	return 0;
}

/**
 * hstp_nl_step_get_doit() - step-get
 * @skb: the request
 * @info: its attributes
 */
int hstp_nl_step_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct hstp_faults *f = hstp_faults_peek(hstp_pernet(genl_info_net(info)));
	u32 held = 0, bytes = 0;
	struct sk_buff *reply;
	bool step = false;
	u64 overflow = 0;
	void *head;

	reply = hstp_nl_reply(info, STEP_ROOM, &head);
	if (!reply)
		return -ENOMEM;
	if (f) {
		spin_lock_bh(&f->lock);
		step = f->step;
		held = f->held_count;
		bytes = f->held_bytes;
		overflow = f->overflow;
		spin_unlock_bh(&f->lock);
	}
	if (WARN_ON_ONCE(put_step(reply, step, held, bytes, overflow))) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, head);
	return genlmsg_reply(reply, info);
}

/**
 * hstp_nl_step_set_doit() - step-set
 * @skb: the request
 * @info: its attributes
 */
int hstp_nl_step_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct nlattr *enabled = info->attrs[HSTP_A_STEP_ENABLED];

	if (!enabled)
		return hstp_nl_refuse(info, HSTP_A_STEP_ENABLED, "enabled is missing, 0 or 1",
				      -EINVAL);
	if (nla_get_u8(enabled) > 1)
		return hstp_nl_refuse(info, HSTP_A_STEP_ENABLED, "enabled must be 0 to 1", -ERANGE);
	return hstp_fault_step(hstp_pernet(genl_info_net(info)), nla_get_u8(enabled));
}

static int put_header(struct sk_buff *skb, const struct hstp_held *held)
{
	struct hstp_passing p = { .skb = held->skb };

	hstp_passing_look(&p);
	if (nla_put_u32(skb, HSTP_A_HELD_SEQ, p.seq) ||
	    (p.flags & HSTP_ACK && nla_put_u32(skb, HSTP_A_HELD_ACK, p.ack)) ||
	    nla_put_u16(skb, HSTP_A_HELD_WINDOW, p.wnd) ||
	    nla_put_u8(skb, HSTP_A_HELD_FLAGS, p.flags) ||
	    nla_put_u32(skb, HSTP_A_HELD_LENGTH, p.text_len))
		return -EMSGSIZE;
	return 0;
}

static u32 due_in(const struct hstp_held *held)
{
	s64 ms = ktime_ms_delta(held->due, ktime_get());

	return ms > 0 ? ms : 0;
}

static int put_held(struct sk_buff *skb, const void *what)
{
	const struct hstp_held *held = what;

	if (nla_put_u32(skb, HSTP_A_HELD_ID, held->id) ||
	    nla_put_u8(skb, HSTP_A_HELD_WHY, held->why) ||
	    (held->rule && nla_put_u32(skb, HSTP_A_HELD_RULE, held->rule->id)) ||
	    nla_put_u8(skb, HSTP_A_HELD_DIRECTION, held->direction) ||
	    hstp_nl_put_tuple(skb, &held->tuple, HSTP_A_HELD_LOCAL_ADDRESS) ||
	    nla_put_u64_64bit(skb, HSTP_A_HELD_SINCE, ktime_to_ns(held->since),
			      HSTP_A_HELD_PAD) ||
	    (held->why == HSTP_NL_HELD_WHY_DELAY &&
	     nla_put_u32(skb, HSTP_A_HELD_DUE_IN, due_in(held))) ||
	    put_header(skb, held))
		return -EMSGSIZE;
	return 0;
}

static const void *next_held(const struct hstp_faults *f, const void *at, u32 *id)
{
	const struct hstp_held *held = at;

	held = held ? list_next_entry(held, link) :
		      list_first_entry(&f->held, struct hstp_held, link);
	if (list_entry_is_head(held, &f->held, link))
		return NULL;
	*id = held->id;
	return held;
}

static const struct hstp_nl_listed segments = {
	.cmd = HSTP_CMD_HELD_GET,
	.id = HSTP_A_HELD_ID,
	.next = next_held,
	.put = put_held,
	.missing = "id is missing; a dump has all segments",
	.unknown = "no segment is held with this id",
};

/**
 * hstp_nl_held_get_doit() - held-get of one segment
 * @skb: the request
 * @info: its attributes
 */
int hstp_nl_held_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	return hstp_nl_listed_get(info, &segments, HELD_ROOM);
}

/**
 * hstp_nl_held_get_dumpit() - held-get of all segments, or of that with the number
 * @skb: to fill
 * @cb: the dump
 */
int hstp_nl_held_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	return hstp_nl_listed_dump(skb, cb, &segments);
}

static int parse_choice(struct genl_info *info, struct hstp_held_choice *c)
{
	struct nlattr **attrs = info->attrs;
	int err;

	memset(c, 0, sizeof(*c));
	c->count = U32_MAX;
	if (attrs[HSTP_A_HELD_ID])
		c->id = nla_get_u32(attrs[HSTP_A_HELD_ID]);
	if (attrs[HSTP_A_HELD_RULE])
		c->rule = nla_get_u32(attrs[HSTP_A_HELD_RULE]);
	if (attrs[HSTP_A_HELD_COUNT])
		c->count = nla_get_u32(attrs[HSTP_A_HELD_COUNT]);
	if (attrs[HSTP_A_HELD_ID] && !c->id)
		return hstp_nl_refuse(info, HSTP_A_HELD_ID, "id must be 1 to 4294967295", -ERANGE);
	if (attrs[HSTP_A_HELD_RULE] && !c->rule)
		return hstp_nl_refuse(info, HSTP_A_HELD_RULE, "rule must be 1 to 4294967295",
				      -ERANGE);
	if (!c->count)
		return hstp_nl_refuse(info, HSTP_A_HELD_COUNT, "count must be 1 to 4294967295",
				      -ERANGE);
	err = hstp_match_ports(attrs[HSTP_A_HELD_LOCAL_PORT], attrs[HSTP_A_HELD_REMOTE_PORT],
			       &c->lport, &c->fport, info->extack) ?:
	      hstp_match_address(HSTP_LOCAL, attrs[HSTP_A_HELD_LOCAL_ADDRESS], NULL, &c->laddr,
				 &c->lprefix, info->extack);
	return err ?: hstp_match_address(HSTP_REMOTE, attrs[HSTP_A_HELD_REMOTE_ADDRESS], NULL,
					 &c->faddr, &c->fprefix, info->extack);
}

/**
 * hstp_nl_held_release_doit() - held-release
 * @skb: the request
 * @info: its attributes
 */
int hstp_nl_held_release_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct hstp_faults *f = hstp_faults_peek(hstp_pernet(genl_info_net(info)));
	bool drop = nla_get_flag(info->attrs[HSTP_A_HELD_DROP]);
	struct hstp_held_choice choice;
	struct sk_buff *reply;
	u32 released = 0;
	void *head;
	int err;

	err = parse_choice(info, &choice);
	if (err)
		return err;
	reply = hstp_nl_reply(info, nla_total_size(sizeof(u32)), &head);
	if (!reply)
		return -ENOMEM;
	if (f)
		released = hstp_held_release(f, &choice, drop);
	if (choice.id && !released) {
		nlmsg_free(reply);
		return hstp_nl_refuse(info, HSTP_A_HELD_ID, "no segment is held with this id",
				      -ENOENT);
	}
	return hstp_nl_reply_number(info, reply, head, HSTP_A_HELD_RELEASED, released);
}
