// SPDX-License-Identifier: GPL-2.0
/* Which segments a fault is for, and whether it is their turn. */
#include <net/ip.h>
#include <net/route.h>

#include "conn.h"
#include "core/bytes.h"
#include "core/segment.h"
#include "fault.h"
#include "listen.h"
#include "mini.h"

/**
 * hstp_passing_look() - read a segment's header
 * @p: @p->skb is set
 */
void hstp_passing_look(struct hstp_passing *p)
{
	const u8 *header = skb_transport_header(p->skb);
	unsigned int all = p->skb->len - skb_transport_offset(p->skb);
	unsigned int len = hstp_header_len(header);

	p->seq = hstp_get32(header + 4);
	p->ack = hstp_get32(header + 8);
	p->flags = header[13];
	p->wnd = hstp_get16(header + 14);
	p->text_len = all > len ? all - len : 0;
}

/**
 * hstp_passing_state() - the state that a segment that arrives will find
 * @hn: namespace
 * @tuple: both ends
 * @skb: the packet
 *
 * Context: softirq, rcu_read_lock(), no lock.
 */
u8 hstp_passing_state(const struct hstp_net *hn, const struct hstp_tuple *tuple,
		      const struct sk_buff *skb)
{
	u32 hash = hstp_tuple_hash(tuple, &hn->hash_key);
	struct hstp_bucket *b = hstp_bucket(hn, hash);
	struct hstp_conn *conn = hstp_conn_lookup(hn, tuple, hash);
	const struct hstp_mini *mini;
	u8 state = HSTP_CLOSED;

	if (conn) {
		state = READ_ONCE(conn->tcb.state);
		hstp_conn_put(conn);
		return state;
	}
	spin_lock_bh(&b->lock);
	mini = hstp_mini_find(b, tuple);
	if (mini)
		state = mini->state;
	spin_unlock_bh(&b->lock);
	if (mini)
		return state;
	return hstp_listen_lookup(hn, tuple, inet_sdif(skb) ?: inet_iif(skb)) ?
	       HSTP_LISTEN : HSTP_CLOSED;
}

/**
 * hstp_rule_matches() - is a fault for a segment
 * @rule: fault
 * @p: segment
 */
bool hstp_rule_matches(const struct hstp_rule *rule, const struct hstp_passing *p)
{
	const struct hstp_tuple *t = p->tuple;

	return rule->directions & 1 << p->direction &&
	       (p->flags & rule->flags_set) == rule->flags_set &&
	       !(p->flags & rule->flags_clear) &&
	       rule->texts & 1 << (p->text_len ? HSTP_NL_TEXT_WITH : HSTP_NL_TEXT_WITHOUT) &&
	       rule->states & 1 << p->state &&
	       (!rule->lport || rule->lport == t->lport) &&
	       (!rule->fport || rule->fport == t->fport) &&
	       (!rule->lprefix || ipv6_prefix_equal(&rule->laddr, &t->laddr, rule->lprefix)) &&
	       (!rule->fprefix || ipv6_prefix_equal(&rule->faddr, &t->faddr, rule->fprefix)) &&
	       hstp_passing_has(p, rule->field);
}

/* SplitMix64: the @n-th number of a seed, the same on every kernel. */
static u64 draw(u64 seed, u64 n)
{
	u64 z = seed + n * 0x9e3779b97f4a7c15ULL;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

/**
 * hstp_rule_turn() - a segment matches: count it; is it one to act on
 * @rule: fault
 *
 * Context: hstp_faults.lock.
 */
bool hstp_rule_turn(struct hstp_rule *rule)
{
	u64 n = ++rule->matched;
	u64 past;

	if (rule->count && rule->acted >= rule->count)
		return false;
	if (n < rule->nth || (rule->nth && !rule->every && n > rule->nth))
		return false;
	if (rule->every) {
		div64_u64_rem(n - (rule->nth ?: 1), rule->every, &past);
		if (past)
			return false;
	}
	if (rule->probability &&
	    (draw(rule->seed, ++rule->drawn) >> 32) * 1000000 >> 32 >= rule->probability)
		return false;
	return true;
}
