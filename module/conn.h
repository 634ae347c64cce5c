/* SPDX-License-Identifier: GPL-2.0 */
/* Connections: from the end of the handshake, or SYN-SENT, to TIME-WAIT. */
#ifndef HSTP_CONN_H
#define HSTP_CONN_H

#include <linux/compiler.h>
#include <linux/list_nulls.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

#include "addr.h"
#include "core/board.h"
#include "core/buffer.h"
#include "core/fsm.h"
#include "core/meter.h"
#include "net.h"
#include "recvq.h"
#include "sendq.h"

struct dst_entry;
struct hstp_ipopt;
struct hstp_listener;
struct hstp_mini;
struct sock;

/* What a socket says of others that have its port. */
enum hstp_reuse {
	HSTP_REUSE_ADDR = 1 << 0,	/* SO_REUSEADDR */
	HSTP_REUSE_PORT = 1 << 1,	/* SO_REUSEPORT */
};

/**
 * struct hstp_bucket - one chain of the connection table
 * @conns: struct hstp_conn, read under RCU
 * @minis: struct hstp_mini, read and written under @lock
 * @lock: to change either
 */
struct hstp_bucket {
	struct hlist_nulls_head conns;
	struct hstp_mini *minis;
	spinlock_t lock;	/* taken inside a connection's lock */
};

/**
 * struct hstp_left - what is still told of a connection that no socket holds any more
 * @acked: bytes of text that the peer had acknowledged when it was closed
 * @received: bytes of text that had arrived in order
 */
struct hstp_left {
	u64 acked;
	u64 received;
};

/**
 * struct hstp_conn - a connection
 * @node: in the table; hashed as long as the connection can get segments
 * @lock: over all that follows but @ref
 * @ref: one for each pointer kept: table, pending timer, socket, accept queue
 * @tuple: constant while hashed
 * @hash: of @tuple
 * @hn: the namespace
 * @sk: the socket, or NULL: not yet accepted, or closed
 * @listener: in whose accept queue it is, a reference; or NULL
 * @dst: route to the peer, or NULL
 * @timer: for the earliest deadline of @tcb
 * @accept_next: the next in the accept queue; until @accepted
 * @early: what is counted; until @accepted
 * @rounds: what the user reads in a round trip; while it has a socket
 * @left: what its socket's meter has left; once it had one
 * @since_us: when @tcb.state was entered
 * @tcb: the protocol's variables
 * @sendq: text given by the user and not acknowledged
 * @recvq: text arrived and not taken by the user
 * @board: scoreboard, once the peer has reported something, or NULL
 * @ipopt: IP options and security, or NULL
 * @charged: bytes of memory of both queues, as counted in hstp_net.memory
 * @ifindex: the interface it is bound to, or 0
 * @mark: SO_MARK
 * @priority: SO_PRIORITY
 * @uid: owner, for /proc
 * @soft_error: errno the network reported last, positive
 * @dead_error: errno that ended it while it had no socket, positive
 * @tos: IP_TOS
 * @rcv_tos: of the packet that opened it passively
 * @pmtudisc: IP_MTU_DISCOVER
 * @ttl: IP_TTL, or -1
 * @hashed: is in the table
 * @orphan: counted in hstp_net.orphans
 * @accepted: was taken out of the accept queue, or opened actively
 * @bound: its socket, which is gone, was bound to the port by bind()
 * @eof: the peer's text ended while it had no socket
 * @rcvbuf_fixed: until @accepted: the user has chosen the size of the receive buffer
 * @quickack: until @accepted: HSTP_QUICKACK
 * @reuse: of enum hstp_reuse
 * @successor: took the place of a connection in TIME-WAIT: its ISS must be beyond @tcb.iss
 */
struct hstp_conn {
	struct hlist_nulls_node node;
	spinlock_t lock;	/* BH off; outside of a bucket's lock */
	refcount_t ref;
	struct hstp_tuple tuple;
	u32 hash;
	struct hstp_net *hn;
	struct sock *sk;
	struct hstp_listener *listener;
	struct dst_entry *dst;
	struct timer_list timer;
	union {
		struct {
			struct hstp_conn *accept_next;
			struct hstp_early early;
		};
		struct hstp_rounds rounds;
		struct hstp_left left;
	};
	u64 since_us;
	struct hstp_tcb tcb;
	struct hstp_sendq sendq;
	struct hstp_recvq recvq;
	struct hstp_board *board;
	struct hstp_ipopt *ipopt;
	u32 charged;
	int ifindex;
	u32 mark;
	u32 priority;
	kuid_t uid;
	u16 soft_error;
	u16 dead_error;
	s16 ttl;
	u8 tos;
	u8 rcv_tos;
	u8 pmtudisc;
	u8 hashed : 1;
	u8 orphan : 1;
	u8 accepted : 1;
	u8 eof : 1;
	u8 rcvbuf_fixed : 1;
	u8 quickack : 1;
	u8 successor : 1;
	u8 bound : 1;
	u8 reuse;	/* read without the lock */
};

int hstp_conn_cache_init(void);
void hstp_conn_cache_exit(void);
int hstp_conn_net_init(struct hstp_net *hn);
void hstp_conn_net_exit(struct hstp_net *hn);

/**
 * struct hstp_claim - who wants a port
 * @laddr: local address; unspecified stands for all
 * @ifindex: the interface that it is bound to; 0 stands for all
 * @reuse: of enum hstp_reuse: those are not in the way whose socket had one of these, too
 * @uid: HSTP_REUSE_PORT is among sockets of one owner
 */
struct hstp_claim {
	struct in6_addr laddr;
	int ifindex;
	u8 reuse;
	kuid_t uid;
};

struct hstp_conn *hstp_conn_new(struct hstp_net *hn, gfp_t gfp);
void hstp_conn_hold(struct hstp_conn *conn);
void hstp_conn_put(struct hstp_conn *conn);
void hstp_conn_drop_route(struct hstp_conn *conn);

struct hstp_bucket *hstp_bucket(const struct hstp_net *hn, u32 hash);
struct hstp_conn *hstp_conn_lookup(const struct hstp_net *hn, const struct hstp_tuple *tuple,
				   u32 hash);
bool hstp_conn_in_bucket(const struct hstp_bucket *b, const struct hstp_tuple *tuple);
void hstp_conn_hash_locked(struct hstp_conn *conn, struct hstp_bucket *b);
int hstp_conn_hash(struct hstp_conn *conn);
void hstp_conn_unhash(struct hstp_conn *conn);
bool hstp_conn_port_used(const struct hstp_net *hn, const struct hstp_claim *claim, __be16 lport);
void hstp_conn_ports_used(const struct hstp_net *hn, const struct hstp_claim *claim,
			  unsigned long *used);
void hstp_conn_abort_all(struct hstp_net *hn);

void hstp_conn_env(const struct hstp_conn *conn, struct hstp_env *env);

#endif /* HSTP_CONN_H */
