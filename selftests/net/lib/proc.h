/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel tells: /proc/net/hstp and /proc/net/hstp_stat. */
#ifndef HSTP_TEST_PROC_H
#define HSTP_TEST_PROC_H

#include "wire.h"

/* Lines that the library looks at, at most. */
#define CONNS_MAX	8192

/* One line of /proc/net/hstp. */
struct conn {
	uint32_t laddr, raddr;	/* network order */
	uint16_t lport, rport;
	int st;			/* as the kernel numbers TCP's states */
	unsigned int tx, rx;	/* queues, bytes */
	unsigned int timer, when, retransmits;	/* when: 1/100 s */
	unsigned int uid;
	unsigned int probes;	/* the column "timeout" */
	unsigned long inode;
	unsigned int refs;
	bool full;		/* there are these as well: */
	unsigned long rto, ato;	/* 1/100 s */
	unsigned int quick;
	unsigned int cwnd;	/* segments */
	int ssthresh;		/* segments; -1: none yet */
};

/* Names are RFC 9293's: "SYN-RECEIVED". */
const char *conn_state(const struct conn *conn);

/* All lines of @ns; returns how many, fills at most @max. */
int conn_list(enum net_ns ns, struct conn *conns, int max);
int conn_count(enum net_ns ns);

/* The connection of @end, to its other end. */
bool conn_find(const struct end *end, struct conn *conn);

/* "CLOSED" when there is none; "LISTEN" when only a listener on its port is. */
const char *state_of(const struct end *end);

/* @end's state after it dealt with all that was sent. */
#define state_is(end, state) state_is_at(__FILE__, __LINE__, end, state)
void state_is_at(const char *file, int line, struct end *end, const char *state);

/* It comes to @state by itself, in PATIENCE_MS. */
#define state_wait(end, state) state_wait_at(__FILE__, __LINE__, end, state)
void state_wait_at(const char *file, int line, struct end *end, const char *state);

/* hstp_stat, as keys and numbers:
 *	"state ESTABLISHED now", "state ESTABLISHED entered", "... left", "... p50",
 *	"... p99", "... max", "transition LISTEN SYN-RECEIVED syn", "segments in",
 *	"flag out syn", "reset in closing", "drop seq", "retransmit", "challenge"
 * A key that is not there counts 0.
 */
struct stats;
struct stats *stats_read(enum net_ns ns);
void stats_free(struct stats *stats);
long stats_get(const struct stats *stats, const char *key);
long stat_now(enum net_ns ns, const char *key);	/* read and get */

/* Count from here on. */
void stats_mark(enum net_ns ns);

/* Since stats_mark() or the last STATS() in @ns, these and no other transitions,
 * resets, drops, retransmissions and challenge ACKs were counted:
 *	STATS(NS_A, "transition LISTEN SYN-RECEIVED syn 1", "drop seq 2");
 * Waits until it is so (a counter may follow its segment by a moment).
 */
#define STATS(ns, ...) \
	stats_only_at(__FILE__, __LINE__, ns, \
		      (const char *const[]){ __VA_ARGS__, NULL })
/* None of them was counted. */
#define STATS_NONE(ns) \
	stats_only_at(__FILE__, __LINE__, ns, (const char *const[]){ NULL })
void stats_only_at(const char *file, int line, enum net_ns ns, const char *const *want);

/* What was counted until now was expected; segments and flags count on from stats_mark(). */
void stats_skip(enum net_ns ns);

/* One counter grew by @n since the mark (does not move the mark). */
#define stat_grew(ns, key, n) stat_grew_at(__FILE__, __LINE__, ns, key, n)
void stat_grew_at(const char *file, int line, enum net_ns ns, const char *key, long n);

/* The sums that hold whenever @ns is idle: now = entered - left for each state, and so
 * many lines of /proc/net/hstp are in it; the transitions into a state sum up to entered,
 * those out of it to left.
 */
#define stats_sums(ns) stats_sums_at(__FILE__, __LINE__, ns)
void stats_sums_at(const char *file, int line, enum net_ns ns);

/* Segments and flags counted by @ns since stats_mark() are those that the tester saw
 * on the wire. Only where all of them pass the tester.
 */
#define stats_wire(ns) stats_wire_at(__FILE__, __LINE__, ns)
void stats_wire_at(const char *file, int line, enum net_ns ns);

#endif /* HSTP_TEST_PROC_H */
