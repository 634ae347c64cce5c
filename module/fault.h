/* SPDX-License-Identifier: GPL-2.0 */
/* Faults on the way of segments, between IP and the protocol: a namespace's rules lose,
 * repeat, delay, hold, reorder or change what they match, and step mode holds all that is
 * sent. Without rules and step mode a static branch is all there is of it.
 */
#ifndef HSTP_FAULT_H
#define HSTP_FAULT_H

#include <linux/hrtimer.h>
#include <linux/jump_label.h>
#include <linux/skbuff.h>
#include <uapi/linux/hstp_netlink.h>

#include "addr.h"
#include "net.h"

#define HSTP_FAULT_RULES	256		/* of a namespace, at most */
#define HSTP_HELD_MAX		1024		/* segments of a namespace, at most */
#define HSTP_HELD_BYTES		(16 << 20)	/* the memory that they take, at most */

/**
 * struct hstp_rule - one fault
 * @link: in hstp_faults.rules, by @id
 * @id: number
 * @laddr: local address
 * @faddr: remote address
 * @lprefix: leading bits of @laddr that count, 0: any address
 * @fprefix: leading bits of @faddr that count
 * @lport: local port, network order, or 0: any
 * @fport: remote port
 * @states: set of states, 1 << enum hstp_state
 * @directions: set, 1 << enum hstp_nl_direction
 * @texts: set, 1 << enum hstp_nl_text
 * @flags_set: control bits that must be on
 * @flags_clear: control bits that must be off
 * @nth: number of the match that counts, or 0
 * @every: from @nth on, or 0
 * @count: how often it acts at most, or 0: no bound
 * @probability: millionths, or 0: always
 * @seed: of the numbers that @probability is compared with
 * @drawn: how many of them were used
 * @action: enum hstp_nl_action
 * @field: what is changed, enum hstp_nl_field
 * @how: enum hstp_nl_how
 * @value: to or by what
 * @copies: duplicate: how many more
 * @delay_ms: delay
 * @matched: segments that it was for
 * @acted: those to which it did something
 * @overflow: those lost since there was no room to hold or copy them
 * @held: those that it holds now
 *
 * Constant from @link to @delay_ms but for @link and @drawn; the rest is under
 * hstp_faults.lock.
 */
struct hstp_rule {
	struct list_head link;
	u32 id;
	struct in6_addr laddr;
	struct in6_addr faddr;
	u8 lprefix;
	u8 fprefix;
	__be16 lport;
	__be16 fport;
	u16 states;
	u8 directions;
	u8 texts;
	u8 flags_set;
	u8 flags_clear;
	u32 nth;
	u32 every;
	u32 count;
	u32 probability;
	u64 seed;
	u64 drawn;
	u8 action;
	u8 field;
	u8 how;
	u32 value;
	u32 copies;
	u32 delay_ms;
	u64 matched;
	u64 acted;
	u64 overflow;
	u32 held;
};

/**
 * struct hstp_passing - a segment as the rules see it
 * @skb: the packet; its first 20 bytes can be read
 * @tuple: both ends
 * @seq: SEG.SEQ
 * @ack: SEG.ACK
 * @wnd: SEG.WND
 * @flags: control bits
 * @text_len: bytes of text
 * @direction: enum hstp_nl_direction
 * @state: of the connection: before a segment that arrives, after what made it send
 */
struct hstp_passing {
	struct sk_buff *skb;
	const struct hstp_tuple *tuple;
	u32 seq;
	u32 ack;
	u16 wnd;
	u8 flags;
	u32 text_len;
	u8 direction;
	u8 state;
};

/**
 * struct hstp_held - a segment that waits
 * @link: in hstp_faults.held, by @id
 * @due_link: in hstp_faults.delayed, by @due
 * @skb: the packet
 * @tuple: both ends
 * @rule: who holds it; NULL: step mode
 * @id: number
 * @since: when it came
 * @due: delay: when it goes on
 * @ifindex: where it came in; its device may go meanwhile
 * @direction: enum hstp_nl_direction
 * @why: enum hstp_nl_held_why
 */
struct hstp_held {
	struct list_head link;
	struct list_head due_link;
	struct sk_buff *skb;
	struct hstp_tuple tuple;
	struct hstp_rule *rule;
	u32 id;
	ktime_t since;
	ktime_t due;
	int ifindex;
	u8 direction;
	u8 why;
};

/**
 * struct hstp_faults - what a namespace has of it, from the first rule on
 * @hn: the namespace
 * @lock: over all that follows; inside of all others but that of messages
 * @rules: by number
 * @rule_count: how many
 * @last_rule: number of the last one
 * @asks_state: rules that are not for all states; read without @lock
 * @active: there is a rule, or step mode is on; read without @lock
 * @step: step mode is on
 * @keyed: counted in hstp_fault_key; under hstp_net.fault_mutex
 * @held: all that is held, by number
 * @delayed: that of it which has a time, by that
 * @held_count: how many are held
 * @held_bytes: memory that they take
 * @last_held: number of the last one
 * @overflow: segments lost for want of room
 * @timer: for the first of @delayed
 */
struct hstp_faults {
	struct hstp_net *hn;
	spinlock_t lock;	/* BH off */
	struct list_head rules;
	u32 rule_count;
	u32 last_rule;
	u32 asks_state;
	bool active;
	bool step;
	bool keyed;
	struct list_head held;
	struct list_head delayed;
	u32 held_count;
	u32 held_bytes;
	u32 last_held;
	u64 overflow;
	struct hrtimer timer;
};

/**
 * struct hstp_held_choice - which held segments
 * @id: number, or 0: those of step mode and of the action hold, as far as the rest fits
 * @rule: held by this rule, or 0
 * @laddr: local address
 * @faddr: remote address
 * @lprefix: leading bits of @laddr that count: 0 or 128
 * @fprefix: leading bits of @faddr that count
 * @lport: local port, network order, or 0: any
 * @fport: remote port
 * @count: the first so many
 */
struct hstp_held_choice {
	u32 id;
	u32 rule;
	struct in6_addr laddr;
	struct in6_addr faddr;
	u8 lprefix;
	u8 fprefix;
	__be16 lport;
	__be16 fport;
	u32 count;
};

DECLARE_STATIC_KEY_FALSE(hstp_fault_key);	/* a namespace has rules or step mode */

/* Of one connection, and on the same way? */
static inline bool hstp_held_same_way(const struct hstp_held *held,
				      const struct hstp_tuple *tuple, u8 direction)
{
	return held->direction == direction && hstp_tuple_equal(&held->tuple, tuple);
}

/* fault.c */
struct hstp_faults *hstp_faults_peek(const struct hstp_net *hn);
int hstp_fault_add(struct hstp_net *hn, struct hstp_rule *rule, u32 *id);
u32 hstp_fault_del(struct hstp_net *hn, u32 id);
int hstp_fault_step(struct hstp_net *hn, bool on);
bool hstp_fault_meets(struct hstp_net *hn, const struct hstp_tuple *tuple, u8 direction,
		      u8 state, struct sk_buff *skb);
void hstp_fault_pre_exit(struct hstp_net *hn);
void hstp_fault_exit(struct hstp_net *hn);

/* fault_match.c */
bool hstp_rule_matches(const struct hstp_rule *rule, const struct hstp_passing *p);
bool hstp_rule_turn(struct hstp_rule *rule);
u8 hstp_passing_state(const struct hstp_net *hn, const struct hstp_tuple *tuple,
		      const struct sk_buff *skb);
void hstp_passing_look(struct hstp_passing *p);

/* fault_change.c */
bool hstp_passing_has(const struct hstp_passing *p, u8 field);
int hstp_passing_change(struct hstp_passing *p, const struct hstp_rule *rule, u32 *from, u32 *to);
int hstp_passing_corrupt(struct hstp_passing *p);

/* fault_held.c */
bool hstp_held_add(struct hstp_faults *f, struct hstp_rule *rule, u8 why,
		   const struct hstp_tuple *tuple, u8 direction, struct sk_buff *skb);
void hstp_held_take(struct hstp_faults *f, struct hstp_held *held, struct list_head *to);
void hstp_held_take_followers(struct hstp_faults *f, const struct hstp_tuple *tuple,
			      u8 direction, u32 before, struct list_head *to);
void hstp_held_take_on(struct hstp_faults *f, struct hstp_held *held, struct list_head *to);
void hstp_held_to_step(struct hstp_faults *f, struct hstp_held *held);
void hstp_held_go(struct hstp_faults *f, struct list_head *list);
u32 hstp_held_release(struct hstp_faults *f, const struct hstp_held_choice *choice, bool drop);
void hstp_held_purge(struct hstp_faults *f);
enum hrtimer_restart hstp_held_timer(struct hrtimer *timer);

/**
 * hstp_fault_out() - a segment is about to be handed to IP
 * @hn: namespace
 * @tuple: both ends
 * @state: where that of the connection is, read only if there are faults
 * @skb: the packet, its transport header set and its checksum computed or to be computed
 *	by the device
 *
 * Context: BH off, rcu_read_lock(); perhaps the connection's lock.
 *
 * Return: true when @skb is taken care of, and no longer the caller's.
 */
static inline bool hstp_fault_out(struct hstp_net *hn, const struct hstp_tuple *tuple,
				  const u8 *state, struct sk_buff *skb)
{
	return static_branch_unlikely(&hstp_fault_key) &&
	       hstp_fault_meets(hn, tuple, HSTP_NL_DIRECTION_OUT, *state, skb);
}

/**
 * hstp_fault_in() - a segment has come from IP, and its checksum is good
 * @hn: namespace
 * @tuple: both ends
 * @skb: the packet, its first 20 bytes readable
 *
 * Context: softirq, rcu_read_lock().
 *
 * Return: true when @skb is taken care of, and no longer the caller's.
 */
static inline bool hstp_fault_in(struct hstp_net *hn, const struct hstp_tuple *tuple,
				 struct sk_buff *skb)
{
	return static_branch_unlikely(&hstp_fault_key) &&
	       hstp_fault_meets(hn, tuple, HSTP_NL_DIRECTION_IN, 0, skb);
}

#endif /* HSTP_FAULT_H */
