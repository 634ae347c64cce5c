/* SPDX-License-Identifier: GPL-2.0 */
/* The connections of a bucket as they are at one moment. */
#ifndef HSTP_SNAPSHOT_H
#define HSTP_SNAPSHOT_H

#include "conn.h"
#include "info.h"
#include "listen.h"

/* Chains that hold connections: the listeners' first, then the table's buckets. */
#define HSTP_FIRST_BUCKET	HSTP_LISTEN_BUCKETS

#define HSTP_ALL_STATES		((1 << HSTP_STATE_COUNT) - 1)

/**
 * enum hstp_kind - what object a connection is
 * @HSTP_KIND_LISTENER: struct hstp_listener
 * @HSTP_KIND_RECORD: struct hstp_mini
 * @HSTP_KIND_CONN: struct hstp_conn
 */
enum hstp_kind {
	HSTP_KIND_LISTENER,
	HSTP_KIND_RECORD,
	HSTP_KIND_CONN,
};

/**
 * struct hstp_view - a connection as it was
 * @key: rows of a chain are in its order, and no two have the same
 * @tuple: both ends
 * @tcb: its variables; CLOSED: it has gone meanwhile
 * @known: what else there is to tell; HSTP_KIND_CONN alone
 * @since_us: when the state was entered, microseconds since boot
 * @cookie: of the socket, or 0
 * @object: what it is in the kernel, not to be looked at
 * @conn: for use inside snapshot.c
 * @inode: of the socket, or 0
 * @uid: owner, or invalid
 * @mark: SO_MARK
 * @priority: SO_PRIORITY
 * @ifindex: the interface it is bound to, or 0
 * @received: bytes of text that the user has not taken
 * @memory: bytes of memory that all that arrived takes
 * @rcvbuf: bound of @memory
 * @sndbuf: bound of the memory of text to be sent; without a socket 0
 * @cgroup: of the socket, or 0
 * @queued: listener: connections that wait for accept()
 * @backlog: listener: listen()'s argument
 * @syns: listener: handshakes under way
 * @refs: references to @object
 * @soft_error: errno that the network reported last
 * @ttl: IP_TTL, or -1
 * @tos: IP_TOS
 * @kind: of enum hstp_kind
 * @accepted: it does not wait for accept()
 * @orphan: no socket holds it any more
 * @bound: bind() has chosen its port
 */
struct hstp_view {
	struct hstp_tuple key;
	struct hstp_tuple tuple;
	struct hstp_tcb tcb;
	struct hstp_known known;
	u64 since_us;
	u64 cookie;
	const void *object;
	u64 cgroup;
	struct hstp_conn *conn;
	unsigned long inode;
	kuid_t uid;
	u32 mark;
	u32 priority;
	int ifindex;
	u32 received;
	u32 memory;
	u32 rcvbuf;
	u32 sndbuf;
	u32 queued;
	u32 backlog;
	u32 syns;
	u32 refs;
	int soft_error;
	s16 ttl;
	u8 tos;
	u8 kind;
	bool accepted;
	bool orphan;
	bool bound;
};

/**
 * hstp_view_unaccepted() - does a connection wait for accept()
 * @v: connection
 */
static inline bool hstp_view_unaccepted(const struct hstp_view *v)
{
	return !v->accepted && !v->orphan;
}

/* Which timer goes off next, in the numbers of /proc/net/tcp and of idiag_timer. */
enum hstp_view_timer {
	HSTP_VIEW_NONE,
	HSTP_VIEW_REXMIT,
	HSTP_VIEW_OTHER,	/* keep-alive, or a forsaken FIN-WAIT-2 */
	HSTP_VIEW_TIME_WAIT,
	HSTP_VIEW_PROBE,
};

/**
 * struct hstp_view_wait - what a connection waits for
 * @left_ms: until the timer goes off
 * @timer: of enum hstp_view_timer
 * @retries: retransmissions
 * @probes: unanswered probes of the window, or of a silent peer
 */
struct hstp_view_wait {
	u32 left_ms;
	u8 timer;
	u8 retries;
	u8 probes;
};

/**
 * struct hstp_snapshot - the connections of a chain
 * @rows: them
 * @count: how many
 * @room: for how many there is memory
 */
struct hstp_snapshot {
	struct hstp_view *rows;
	u32 count;
	u32 room;
};

int hstp_snapshot_init(struct hstp_snapshot *s);
void hstp_snapshot_exit(struct hstp_snapshot *s);
bool hstp_snapshot_empty(const struct hstp_net *hn, u32 chain);
u32 hstp_snapshot_end(const struct hstp_net *hn);
u32 hstp_snapshot_chain(const struct hstp_net *hn, const struct hstp_tuple *tuple);
void hstp_view_conn(struct hstp_view *v, const struct hstp_conn *conn);
void hstp_view_record(struct hstp_view *v, const struct hstp_net *hn,
		      const struct hstp_mini *mini);
void hstp_view_wait(const struct hstp_view *v, struct hstp_view_wait *wait);
u32 hstp_view_unacked(const struct hstp_view *v);
int hstp_snapshot_take(struct hstp_snapshot *s, struct hstp_net *hn, u32 chain);

#endif /* HSTP_SNAPSHOT_H */
