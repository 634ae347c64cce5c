/* SPDX-License-Identifier: GPL-2.0 */
/* Every state and every kind of segment, against the text of RFC 9293: what the
 * cells of the matrix are made of, and what is expected of each.
 */
#ifndef HSTP_TEST_MATRIX_H
#define HSTP_TEST_MATRIX_H

#include "trace.h"

/* Where a connection can be. */
enum place {
	CLOSED,
	LISTEN,
	SYN_SENT,
	SYN_RECEIVED_PASSIVE,
	SYN_RECEIVED_ACTIVE,
	ESTABLISHED,
	ZERO_WINDOW,		/* ESTABLISHED, RCV.WND is 0 */
	FIN_WAIT_1,
	FIN_WAIT_2,
	CLOSE_WAIT,
	CLOSING,
	LAST_ACK,
	TIME_WAIT,
	PLACES
};

/* Of the names, @state is the state that a place is in. */
extern const struct place_name {
	const char *name;
	enum hstp_state state;
} places[PLACES];

enum seq_at {
	S_IRS,		/* the SYN that opened the connection */
	S_OLD,		/* 50 before the window */
	S_BEFORE,	/* 1 before the window */
	S_LEFT5,	/* 5 before the window */
	S_NXT,		/* RCV.NXT */
	S_NEXT1,	/* RCV.NXT + 1 */
	S_IN,		/* 100 after RCV.NXT */
	S_RIGHT10,	/* 10 before the right edge */
	S_RIGHT5,	/* 5 before the right edge */
	S_LAST,		/* last number of the window */
	S_EDGE,		/* first number after it */
	S_EDGE1,	/* the next */
	S_EDGE2,	/* and the next */
	S_BEYOND,	/* 100 after it */
};

enum ack_at {
	A_NONE,
	A_ANCIENT,	/* SND.UNA - MAX.SND.WND - 1 */
	A_OLDEST,	/* SND.UNA - MAX.SND.WND */
	A_OLD,		/* SND.UNA - 1 */
	A_UNA,		/* SND.UNA */
	A_PART,		/* SND.UNA + 5 */
	A_NXT,		/* SND.NXT */
	A_BEYOND,	/* SND.NXT + 1 */
};

struct kind {
	const char *name;
	u8 flags;
	enum seq_at seq;
	enum ack_at ack;
	u32 len;
};

struct cell {
	enum place place;
	const struct kind *kind;
	int rfc5961;
	/* the connection when the segment arrives */
	u64 una, nxt, max_wnd, rcv_nxt, rcv_wnd;
	/* the segment */
	u64 seq, ack, len, seg_len;
};

enum reply {
	NOTHING,
	ACK_NOW,	/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
	ACK_SOON,	/* the same, not later than the delayed ACK timer */
	SYN_ACK,	/* <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> */
	RST_AT_ACK,	/* <SEQ=SEG.ACK><CTL=RST> */
	RST_AT_ZERO,	/* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
};

struct outcome {
	const char *rule;
	enum hstp_state to;
	enum reply reply;
	enum hstp_signal signal;
	u64 una, rcv_nxt;
	u64 text_off, text_len;
	bool challenge;		/* RFC 5961 section 7: may be throttled */
	bool text;
	bool held;		/* SHLD-31 */
	bool eof;
	bool reopen;		/* MAY-2 */
	bool wait_restarted;
};

struct outcome rfc9293(const struct cell *c);
void matrix_run(void);

#endif /* HSTP_TEST_MATRIX_H */
