/* SPDX-License-Identifier: GPL-2.0 */
/* The words of the protocol: states, the arrows between them, causes, and why
 * segments are dropped and resets sent.
 */
#ifndef HSTP_CORE_STATE_H
#define HSTP_CORE_STATE_H

#include "types.h"

/* RFC 9293 section 3.3.2, in its order; the name is what users read. */
#define HSTP_STATES(X) \
	X(CLOSED, "CLOSED") \
	X(LISTEN, "LISTEN") \
	X(SYN_SENT, "SYN-SENT") \
	X(SYN_RECEIVED, "SYN-RECEIVED") \
	X(ESTABLISHED, "ESTABLISHED") \
	X(FIN_WAIT_1, "FIN-WAIT-1") \
	X(FIN_WAIT_2, "FIN-WAIT-2") \
	X(CLOSE_WAIT, "CLOSE-WAIT") \
	X(CLOSING, "CLOSING") \
	X(LAST_ACK, "LAST-ACK") \
	X(TIME_WAIT, "TIME-WAIT")

/* The arrows of RFC 9293 figure 5, and those its text adds: an abort, a reset
 * or a timeout leads from anywhere to CLOSED.
 */
#define HSTP_EDGES(X) \
	X(CLOSED, LISTEN) \
	X(CLOSED, SYN_SENT) \
	X(LISTEN, SYN_SENT) \
	X(LISTEN, SYN_RECEIVED) \
	X(LISTEN, CLOSED) \
	X(SYN_SENT, SYN_RECEIVED) \
	X(SYN_SENT, ESTABLISHED) \
	X(SYN_SENT, CLOSED) \
	X(SYN_RECEIVED, LISTEN) \
	X(SYN_RECEIVED, ESTABLISHED) \
	X(SYN_RECEIVED, FIN_WAIT_1) \
	X(SYN_RECEIVED, CLOSED) \
	X(ESTABLISHED, FIN_WAIT_1) \
	X(ESTABLISHED, CLOSE_WAIT) \
	X(ESTABLISHED, CLOSED) \
	X(FIN_WAIT_1, FIN_WAIT_2) \
	X(FIN_WAIT_1, CLOSING) \
	X(FIN_WAIT_1, CLOSED) \
	X(FIN_WAIT_2, TIME_WAIT) \
	X(FIN_WAIT_2, CLOSED) \
	X(CLOSE_WAIT, LAST_ACK) \
	X(CLOSE_WAIT, CLOSED) \
	X(CLOSING, TIME_WAIT) \
	X(CLOSING, CLOSED) \
	X(LAST_ACK, CLOSED) \
	X(TIME_WAIT, CLOSED)

/* Why a connection changes its state. */
#define HSTP_CAUSES(X) \
	X(OPEN_PASSIVE, "open-passive")		/* OPEN call, passive */ \
	X(OPEN_ACTIVE, "open-active")		/* OPEN call, active */ \
	X(FORK, "fork")				/* a listener's copy for a new peer */ \
	X(MERGE, "merge")			/* that copy given back to the listener */ \
	X(SYN, "syn")				/* SYN arrived */ \
	X(SYN_ACK, "syn-ack")			/* SYN and the ACK of ours arrived */ \
	X(ACK, "ack")				/* our SYN was acknowledged */ \
	X(FIN, "fin")				/* FIN arrived */ \
	X(FIN_ACKED, "fin-acked")		/* our FIN was acknowledged */ \
	X(RST, "rst")				/* valid RST arrived */ \
	X(BAD_SYN, "bad-syn")			/* SYN in the window, RFC 793 rules */ \
	X(CLOSE, "close")			/* CLOSE call */ \
	X(ABORT, "abort")			/* ABORT call */ \
	X(UNREAD, "unread")			/* closed with text not yet received */ \
	X(LATE_TEXT, "late-text")		/* text for a user that has gone */ \
	X(RETRIES, "retries")			/* retransmissions exhausted */ \
	X(FIN_TIMEOUT, "fin-timeout")		/* nobody waits in FIN-WAIT-2 any more */ \
	X(TIME_WAIT, "time-wait")		/* 2MSL have passed */ \
	X(REOPEN, "reopen")			/* a newer connection took TIME-WAIT's place */ \
	X(ICMP, "icmp")				/* hard error from the network */ \
	X(LISTENER_CLOSED, "listener-closed")	/* the listener went before accept() */ \
	X(LIMIT, "limit")			/* a configured limit was reached */ \
	X(EXIT, "exit")				/* namespace or module goes away */ \
	X(KEEPALIVE, "keepalive")		/* keep-alive probes were not answered */ \
	X(SECURITY, "security")			/* level, compartment or precedence differ */

/* Why an arriving segment is thrown away, wholly or in part. A segment is counted once,
 * under the first of section 3.10.7's checks that it fails, in the order in which the
 * section makes them; one that passes all of them is not counted. A reset is among
 * the resets that came (HSTP_RESETS_IN) as well, whatever it did.
 *
 * Of segments that fail 3.10.7.4's first check, the window, a reset is rst_seq; one
 * that has text, all of it before RCV.NXT, is duplicate; any other is seq, among them a
 * SYN or FIN that comes again without text. Text behind a gap that is held already is
 * duplicate too. A segment that is not thrown away for its number can be for what
 * it brings: after_fin is text, or one more FIN, where the peer's FIN has come.
 */
#define HSTP_DROPS(X) \
	X(SHORT, "short")			/* less than 20 bytes */ \
	X(OFFSET_LOW, "offset_low")		/* data offset below 5 */ \
	X(OFFSET_HIGH, "offset_high")		/* data offset past the end */ \
	X(CHECKSUM, "checksum") \
	X(OPTION, "option")			/* option of an illegal length */ \
	X(NOT_UNICAST, "not_unicast")		/* broadcast, multicast: MUST-57 */ \
	X(BAD_SOURCE, "bad_source")		/* source no host can have: MUST-63 */ \
	X(LAND, "land")				/* from itself to itself */ \
	X(NO_CONNECTION, "no_connection")	/* nobody there: answered with RST */ \
	X(RST_NO_CONNECTION, "rst_no_connection") \
	X(LISTEN_RST, "listen_rst")		/* 3.10.7.2 first */ \
	X(LISTEN_ACK, "listen_ack")		/* 3.10.7.2 second */ \
	X(LISTEN_NO_SYN, "listen_no_syn")	/* 3.10.7.2 fourth */ \
	X(LISTEN_OVERFLOW, "listen_overflow")	/* accept queue is full */ \
	X(SYN_BACKLOG, "syn_backlog")		/* too many in SYN-RECEIVED */ \
	X(SYN_SENT_ACK, "syn_sent_ack")		/* 3.10.7.3 first */ \
	X(SYN_SENT_RST, "syn_sent_rst")		/* RST without a good ACK */ \
	X(SYN_SENT_NO_SYN, "syn_sent_no_syn")	/* neither SYN nor RST */ \
	X(SEQ, "seq")				/* 3.10.7.4 first: outside the window */ \
	X(RST_SEQ, "rst_seq")			/* RST not in the window, or not at RCV.NXT */ \
	X(RST_TIME_WAIT, "rst_time_wait")	/* RFC 1337 */ \
	X(SYN_SYNCHRONIZED, "syn_synchronized")	/* 3.10.7.4 fourth, RFC 5961 section 4 */ \
	X(OLD_TIMESTAMP, "old_timestamp")	/* PAWS: RFC 7323 section 5.3 */ \
	X(NO_TIMESTAMP, "no_timestamp")		/* RFC 7323 section 3.2 */ \
	X(NO_ACK, "no_ack")			/* 3.10.7.4 fifth: ACK bit is off */ \
	X(ACK_OLD, "ack_old")			/* RFC 5961 section 5 */ \
	X(ACK_BEYOND, "ack_beyond")		/* acknowledges what was not sent */ \
	X(ACK_SYN_RECEIVED, "ack_syn_received")	/* unacceptable ACK: RST */ \
	X(AFTER_FIN, "after_fin")		/* text or FIN past the peer's FIN */ \
	X(CLOSED_TEXT, "closed_text")		/* text, and the user has gone */ \
	X(RECEIVE_LIMIT, "receive_limit")	/* receive buffer is full */ \
	X(MEMORY_LIMIT, "memory_limit")		/* the namespace's queues are full */ \
	X(FILTER, "filter")			/* a socket's filter refused it */ \
	X(DUPLICATE, "duplicate")		/* nothing but text that is already here */ \
	X(MEMORY, "memory") \
	X(EXITING, "exiting")			/* namespace goes away */ \
	X(DEFERRED, "deferred")			/* HSTP_DEFER_ACCEPT: an ACK without text */ \
	X(SECURITY, "security")			/* level, compartment or precedence differ */

/* Why a RST is sent, or what one that arrived did. */
#define HSTP_RESETS_OUT(X) \
	X(NO_CONNECTION, "no_connection")	/* 3.5.2 group 1 */ \
	X(LISTEN_ACK, "listen_ack")		/* 3.5.2 group 2 */ \
	X(SYN_SENT_ACK, "syn_sent_ack")		/* 3.5.2 group 2 */ \
	X(SYN_RECEIVED_ACK, "syn_received_ack")	/* 3.5.2 group 2 */ \
	X(BAD_SYN, "bad_syn")			/* SYN in the window, RFC 793 */ \
	X(ABORT, "abort")			/* ABORT call, linger 0 */ \
	X(UNREAD, "unread")			/* closed with unread text: SHLD-3 */ \
	X(LATE_TEXT, "late_text")		/* text after close */ \
	X(LISTENER_CLOSED, "listener_closed")	/* never accepted */ \
	X(LIMIT, "limit")			/* too many orphans */ \
	X(EXIT, "exit") \
	X(SECURITY, "security")			/* RFC 793 section 3.4, groups 2 and 3 */

#define HSTP_RESETS_IN(X) \
	X(SYN_SENT, "syn_sent")			/* refused */ \
	X(SYN_RECEIVED, "syn_received")		/* active open refused */ \
	X(TO_LISTEN, "to_listen")		/* passive: back to LISTEN */ \
	X(SYNCHRONIZED, "synchronized")		/* ESTABLISHED to CLOSE-WAIT */ \
	X(CLOSING, "closing")			/* CLOSING, LAST-ACK, TIME-WAIT */ \
	X(CHALLENGED, "challenged")		/* in the window, RFC 5961 */ \
	X(IGNORED, "ignored")			/* everything else */

enum hstp_state {
#define X(id, name) HSTP_##id,
	HSTP_STATES(X)
#undef X
	HSTP_STATE_COUNT
};

enum hstp_edge {
#define X(from, to) HSTP_EDGE_##from##_##to,
	HSTP_EDGES(X)
#undef X
	HSTP_EDGE_COUNT
};

enum hstp_cause {
#define X(id, name) HSTP_CAUSE_##id,
	HSTP_CAUSES(X)
#undef X
	HSTP_CAUSE_COUNT
};

/* 0 is "not dropped", "no reset". */
enum hstp_drop {
	HSTP_DROP_NONE,
#define X(id, name) HSTP_DROP_##id,
	HSTP_DROPS(X)
#undef X
	HSTP_DROP_COUNT
};

enum hstp_reset_out {
	HSTP_RESET_OUT_NONE,
#define X(id, name) HSTP_RESET_OUT_##id,
	HSTP_RESETS_OUT(X)
#undef X
	HSTP_RESET_OUT_COUNT
};

enum hstp_reset_in {
	HSTP_RESET_IN_NONE,
#define X(id, name) HSTP_RESET_IN_##id,
	HSTP_RESETS_IN(X)
#undef X
	HSTP_RESET_IN_COUNT
};

extern const char *const hstp_state_names[HSTP_STATE_COUNT];
extern const char *const hstp_cause_names[HSTP_CAUSE_COUNT];
extern const char *const hstp_drop_names[HSTP_DROP_COUNT];
extern const char *const hstp_reset_out_names[HSTP_RESET_OUT_COUNT];
extern const char *const hstp_reset_in_names[HSTP_RESET_IN_COUNT];

struct hstp_edge_ends {
	u8 from;
	u8 to;
};

extern const struct hstp_edge_ends hstp_edges[HSTP_EDGE_COUNT];

int hstp_edge_find(enum hstp_state from, enum hstp_state to);

/**
 * hstp_synchronized() - is @state one of the synchronized states
 * @state: a connection's state
 *
 * RFC 9293 section 3.4: both ends know both initial sequence numbers.
 */
static inline bool hstp_synchronized(enum hstp_state state)
{
	return state >= HSTP_ESTABLISHED;
}

/**
 * hstp_may_receive() - can text still arrive in @state
 * @state: a connection's state
 */
static inline bool hstp_may_receive(enum hstp_state state)
{
	return state == HSTP_ESTABLISHED || state == HSTP_FIN_WAIT_1 ||
	       state == HSTP_FIN_WAIT_2;
}

#endif /* HSTP_CORE_STATE_H */
