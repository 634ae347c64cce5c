/* SPDX-License-Identifier: GPL-2.0 */
/* The compact records of SYN-RECEIVED and TIME-WAIT. */
#ifndef HSTP_MINI_H
#define HSTP_MINI_H

#include "addr.h"
#include "conn.h"
#include "icmp.h"
#include "listen.h"

struct hstp_match;
struct hstp_view;

/**
 * struct hstp_mini - a connection with nothing but its state
 *
 * @next: next record of the bucket
 * @wait: in one of the queues of wait.c
 * @listener: SYN-RECEIVED: who it belongs to, a reference
 * @mark: TIME-WAIT: SO_MARK
 * @ifindex: TIME-WAIT: the interface it was bound to, or 0
 * @tuple: both ends
 * @since_us: when the state was entered, us modulo 2^32
 * @queued_ms: when it entered its wait queue, ms modulo 2^22: hstp_mini_queued()
 * @retries: SYN-RECEIVED: retransmissions of the SYN,ACK, by the timer; TIME-WAIT: 1: it is
 *	a short one
 * @sack_ok: selective acknowledgments are in force
 * @seq: SYN-RECEIVED: ISS; TIME-WAIT: SND.NXT
 * @rcv_nxt: RCV.NXT
 * @ts_recent: TS.Recent
 * @rcv_wnd: RCV.WND, scaled in TIME-WAIT
 * @mss: SYN-RECEIVED: SendMSS
 * @tos: TIME-WAIT: IP_TOS
 * @ttl: TIME-WAIT: IP_TTL, or 0: the default
 * @cpu: whose wait queue it is in
 * @ecn_in: as hstp_tcb.ecn_in
 * @ecn_out: as hstp_tcb.ecn_out
 * @state: SYN-RECEIVED or TIME-WAIT
 * @resent: SYN-RECEIVED: SYN,ACK was sent more than once
 * @shared: @state
 * @transparent: TIME-WAIT: IP_TRANSPARENT, in the place of @resent
 * @reuse: of enum hstp_reuse, of the socket that has it, or had it
 * @more: it is a struct hstp_mini_more
 * @ts_ok: timestamps are in force
 * @wscale_ok: window scaling is in force
 * @snd_wscale: shift of the peer's windows
 * @rcv_wscale: shift of ours
 *
 * Under its bucket's lock, with its wait queue's lock inside for @wait.
 *
 * No two have the same ends, but for a handshake that began with a SYN on TIME-WAIT: it
 * comes before that one in the bucket. When it succeeds TIME-WAIT is over, else there it is.
 */
struct hstp_mini {
	struct hstp_mini *next;
	struct list_head wait;
	union {
		struct hstp_listener *listener;
		struct {
			u32 mark;
			int ifindex;
		};
	};
	struct hstp_tuple tuple;
	u32 since_us;
	u32 queued_ms : 22;
	u32 retries : 7;
	u32 reuse : 2;
	u32 sack_ok : 1;
	u32 seq;
	u32 rcv_nxt;
	u32 ts_recent;
	u16 rcv_wnd;
	union {
		u16 mss;
		struct {
			u8 tos;
			u8 ttl;
		};
	};
	u16 cpu : 14;
	u16 ecn_in : 1;
	u16 ecn_out : 1;
	union {
		struct {
			u16 state : 4;
			u16 resent : 1;
			u16 more : 1;
			u16 ts_ok : 1;
			u16 wscale_ok : 1;
			u16 snd_wscale : 4;
			u16 rcv_wscale : 4;
		};
		struct {
			u16 shared : 4;
			u16 transparent : 1;
		};
	};
};

/**
 * struct hstp_rare - what most handshakes do not have
 * @ipopt: IP options and security, or NULL
 * @early: SYN-RECEIVED: the packet with the SYN, if it had text or a FIN, or NULL
 */
struct hstp_rare {
	struct hstp_ipopt *ipopt;
	struct sk_buff *early;
};

/**
 * struct hstp_mini_more - a record with what is rare
 * @mini: the record
 * @rare: what that is
 */
struct hstp_mini_more {
	struct hstp_mini mini;
	struct hstp_rare rare;
};

/**
 * hstp_mini_rare() - what is rare of a record
 * @mini: record that has @more
 */
static inline struct hstp_rare *hstp_mini_rare(struct hstp_mini *mini)
{
	return &container_of(mini, struct hstp_mini_more, mini)->rare;
}

/**
 * hstp_mini_queued() - when a record entered its wait queue
 * @mini: the record, which waits for 69 minutes at most
 *
 * Return: milliseconds since boot, modulo 2^32.
 */
static inline u32 hstp_mini_queued(const struct hstp_mini *mini)
{
	u32 now = hstp_now_ms();

	return now - ((now - mini->queued_ms) & 0x3fffff);
}

int hstp_mini_cache_init(void);
void hstp_mini_cache_exit(void);

/* What became of a segment that was shown to the records of its bucket. */
enum hstp_mini_result {
	HSTP_MINI_NONE,		/* nobody has that tuple */
	HSTP_MINI_CONN,		/* a connection has: look it up again */
	HSTP_MINI_DONE,		/* dealt with */
	HSTP_MINI_REOPEN,	/* TIME-WAIT lets it pass: show it to LISTEN */
};

enum hstp_mini_result hstp_mini_arrives(struct hstp_net *hn, u32 hash,
					const struct hstp_tuple *tuple, struct sk_buff *skb,
					const struct hstp_segment *seg, u32 *iss_floor);
enum hstp_drop hstp_mini_open(struct hstp_listener *l, u32 hash, const struct hstp_tuple *tuple,
			      const struct hstp_tcb *t, u8 reuse, bool reopen,
			      const struct hstp_rare *rare, struct hstp_acts *acts);
bool hstp_mini_time_wait(struct hstp_conn *conn);
void hstp_mini_timeout(struct hstp_net *hn, const struct hstp_tuple *tuple,
		       enum hstp_state state);
void hstp_mini_drop_listener(struct hstp_listener *l);
void hstp_mini_erase(struct hstp_net *hn, struct hstp_bucket *b, struct hstp_mini *mini);
void hstp_mini_env(const struct hstp_net *hn, struct hstp_env *env);
bool hstp_mini_has_sent(struct hstp_net *hn, const struct hstp_quote *quote);
void hstp_mini_hard_error(struct hstp_net *hn, const struct hstp_quote *quote);
void hstp_mini_count(struct hstp_net *hn, struct hstp_mini *mini, const struct hstp_tcb *t,
		     const struct hstp_acts *acts);
bool hstp_mini_abort(struct hstp_net *hn, struct hstp_view *v, const struct hstp_match *m);
int hstp_mini_device(const struct hstp_mini *mini);
struct hstp_mini *hstp_mini_find(const struct hstp_bucket *b, const struct hstp_tuple *tuple);
void hstp_mini_exit(struct hstp_net *hn);

/* reopen.c */
void hstp_mini_supersede(struct hstp_net *hn, struct hstp_bucket *b,
			 const struct hstp_tuple *tuple);
bool hstp_mini_yields(struct hstp_net *hn, struct hstp_bucket *b, struct hstp_mini *mini,
		      u32 *iss_floor);

/* thaw.c */
void hstp_mini_thaw(const struct hstp_mini *mini, const struct hstp_net *hn, struct hstp_tcb *t);
void hstp_mini_freeze(struct hstp_mini *mini, const struct hstp_tcb *t);

#endif /* HSTP_MINI_H */
