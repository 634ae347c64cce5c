/* SPDX-License-Identifier: GPL-2.0 */
/* LISTEN: who waits for connections on a port, and those that wait for accept(). */
#ifndef HSTP_LISTEN_H
#define HSTP_LISTEN_H

#include <linux/refcount.h>

#include "addr.h"
#include "conn.h"
#include "ipopt.h"
#include "net.h"

struct hstp_way;

/**
 * struct hstp_listener - one listening socket
 * @node: in hstp_net.listeners, read under RCU
 * @ref: one for each pointer kept: table, socket, SYN-RECEIVED records
 * @rcu: freed after a grace period
 * @hn: the namespace
 * @sk: the socket; NULL once it is closed; written under @lock
 * @laddr: address it is bound to, or unspecified
 * @lport: its port, network order
 * @ifindex: the interface it is bound to, or 0; whoever owns the socket may change it
 * @lock: over what follows; innermost, beside the wait queues' locks
 * @first: of the connections that wait for accept(), linked by accept_next
 * @last: where the next one is put: @first or the last one's link
 * @queued: how many, with those that are about to
 * @backlog: listen()'s argument
 * @syns: SYN-RECEIVED records
 * @shares: SO_REUSEPORT: others may listen at the same name
 * @tcb: its state, LISTEN or CLOSED
 * @since_us: when that was entered
 */
struct hstp_listener {
	struct hlist_node node;
	refcount_t ref;
	struct rcu_head rcu;
	struct hstp_net *hn;
	struct sock *sk;
	struct in6_addr laddr;
	__be16 lport;
	int ifindex;
	spinlock_t lock;	/* BH off */
	struct hstp_conn *first;
	struct hstp_conn **last;
	u32 queued;
	u32 backlog;
	atomic_t syns;
	bool shares;
	struct hstp_tcb tcb;
	u64 since_us;
};

/**
 * struct hstp_profile - what a new connection takes over from its listener
 * @rcvbuf: SO_RCVBUF, bytes
 * @rcvbuf_fixed: the user has chosen it
 * @quickack: HSTP_QUICKACK
 * @mark: SO_MARK
 * @priority: SO_PRIORITY
 * @ifindex: SO_BINDTODEVICE
 * @uid: owner
 * @mss: HSTP_MAXSEG, bytes, or 0
 * @ttl: IP_TTL, or -1
 * @tos: IP_TOS
 * @defer: HSTP_DEFER_ACCEPT, retransmissions of the SYN,ACK
 * @quick: ACKs that are not delayed for that
 * @pmtudisc: IP_MTU_DISCOVER
 * @tune: the options that the core knows
 * @security: HSTP_SECURITY
 * @ipopt: of a record: its IP options, valid under RCU, or NULL
 * @reuse: of enum hstp_reuse
 * @filtered: somebody wants to see what comes, see filter.h
 */
struct hstp_profile {
	int rcvbuf;
	u32 mark;
	u32 priority;
	int ifindex;
	kuid_t uid;
	u16 mss;
	s16 ttl;
	u8 tos;
	u8 defer;
	u8 quick;
	u8 pmtudisc;
	bool rcvbuf_fixed;
	bool quickack;
	u8 reuse;
	bool filtered;
	struct hstp_tuning tune;
	struct hstp_security security;
	const struct hstp_ipopt *ipopt;
};

int hstp_listen_start(struct sock *sk, struct hstp_net *hn, const struct in6_addr *laddr,
		      __be16 lport, int ifindex, u32 backlog, struct hstp_listener **out);
void hstp_listen_stop(struct hstp_listener *l);
struct hstp_listener *hstp_listen_lookup(const struct hstp_net *hn, const struct hstp_tuple *tuple,
					 int ifindex);
struct hstp_listener *hstp_listen_choose(const struct hstp_net *hn, u32 hash,
					 const struct hstp_tuple *tuple, struct sk_buff *skb,
					 const struct hstp_segment *seg);
void hstp_listen_put(struct hstp_listener *l);
bool hstp_listen_passes(struct hstp_listener *l, struct sk_buff *skb, struct hstp_segment *seg);
bool hstp_listen_profile(struct hstp_listener *l, struct hstp_profile *p);
void hstp_profile_way(const struct hstp_profile *p, struct hstp_way *way);
enum hstp_drop hstp_listen_reserve(struct hstp_listener *l, struct hstp_profile *p);
void hstp_listen_unreserve(struct hstp_listener *l);
bool hstp_listen_admit(struct hstp_listener *l, struct hstp_profile *p);
void hstp_listen_dismiss(struct hstp_listener *l);
bool hstp_listen_open(const struct hstp_listener *l);
bool hstp_listen_full(struct hstp_listener *l);
bool hstp_listen_enqueue(struct hstp_listener *l, struct hstp_conn *conn);
struct hstp_conn *hstp_listen_dequeue(struct hstp_listener *l);
bool hstp_listen_waiting(struct hstp_listener *l);

#endif /* HSTP_LISTEN_H */
