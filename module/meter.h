/* SPDX-License-Identifier: GPL-2.0 */
/* Where what is counted of a connection is kept: in its socket, and before it has one in what
 * room the connection has. Closed, it is counted no more. All under the connection's lock.
 */
#ifndef HSTP_METER_H
#define HSTP_METER_H

#include "core/meter.h"
#include "socket.h"

static inline u64 hstp_meter_now_us(void)
{
	return (u64)ktime_to_us(ktime_get());
}

/**
 * hstp_meter_arrives() - a segment has arrived
 * @conn: connection
 * @text_len: bytes of its text
 */
static inline void hstp_meter_arrives(struct hstp_conn *conn, u32 text_len)
{
	if (likely(conn->sk)) {
		hstp_meter_in(&hstp_sk(conn->sk)->meter, text_len);
	} else if (!conn->accepted) {
		hstp_early_add(&conn->early.segs_in);
		if (text_len)
			hstp_early_add(&conn->early.texts_in);
	}
}

/**
 * hstp_meter_sends() - a segment is sent
 * @conn: connection; SND.NXT is behind the segment
 * @tx: the segment
 */
static inline void hstp_meter_sends(struct hstp_conn *conn, const struct hstp_tx *tx)
{
	struct hstp_meter *m;

	if (likely(conn->sk)) {
		m = &hstp_sk(conn->sk)->meter;
		if (hstp_meter_out(m, &conn->tcb, tx))
			hstp_meter_mark(m, &conn->tcb, hstp_meter_now_us());
	} else if (!conn->accepted) {
		hstp_early_add(&conn->early.segs_out);
	}
}

/**
 * hstp_meter_progress() - SND.UNA has moved
 * @conn: connection
 * @bytes: of text that were acknowledged
 */
static inline void hstp_meter_progress(struct hstp_conn *conn, u32 bytes)
{
	struct hstp_meter *m;

	if (!conn->sk)
		return;
	m = &hstp_sk(conn->sk)->meter;
	if (hstp_meter_acked(m, &conn->tcb, bytes))
		hstp_meter_trip(m, &conn->tcb, hstp_meter_now_us());
}

/**
 * hstp_meter_selective() - an ACK of a peer that has reported what it holds
 * @conn: connection with a scoreboard
 * @seg: the segment
 * @acts: what came of it
 */
static inline void hstp_meter_selective(struct hstp_conn *conn, const struct hstp_segment *seg,
					const struct hstp_acts *acts)
{
	struct hstp_meter *m;

	if (!conn->sk)
		return;
	m = &hstp_sk(conn->sk)->meter;
	m->reordered += !!(acts->bits & HSTP_ACT_REORDERED);
	if (seg->opt.sack_count && !acts->drop)
		hstp_meter_reported(m, &conn->tcb, seg);
}

/**
 * hstp_meter_takes() - text in order has arrived
 * @conn: connection
 * @now: clock, ms
 */
static inline void hstp_meter_takes(struct hstp_conn *conn, u32 now)
{
	struct hstp_meter *m;

	if (!conn->sk)
		return;
	m = &hstp_sk(conn->sk)->meter;
	if (hstp_meter_text(m, &conn->tcb, now))
		hstp_meter_round(m, &conn->tcb, hstp_meter_now_us());
}

/**
 * hstp_meter_disorder() - text behind a gap has arrived
 * @conn: connection
 */
static inline void hstp_meter_disorder(struct hstp_conn *conn)
{
	if (conn->sk)
		hstp_sk(conn->sk)->meter.disordered++;
	else if (!conn->accepted)
		hstp_early_add(&conn->early.disordered);
}

/* The user has found the send buffer full. */
static inline bool hstp_meter_starved(const struct sock *sk)
{
	return sk->sk_socket && test_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
}

/**
 * hstp_meter_waits() - what the sender waits for may have changed
 * @conn: connection
 * @now: clock, ms
 *
 * To be called when hstp_meter_asks() says so, and when the user begins to wait for room.
 */
static inline void hstp_meter_waits(struct hstp_conn *conn, u32 now)
{
	enum hstp_limit limit = HSTP_LIMIT_NONE;
	struct hstp_meter *m;

	if (!conn->sk)
		return;
	m = &hstp_sk(conn->sk)->meter;
	if (hstp_meter_busy(&conn->tcb))
		limit = hstp_meter_reason(&conn->tcb, conn->board, hstp_meter_starved(conn->sk));
	hstp_meter_limit(m, limit, now);
}

#endif /* HSTP_METER_H */
