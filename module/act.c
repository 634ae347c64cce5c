// SPDX-License-Identifier: GPL-2.0
/* What the core asked for is done here, in the order in which others see it:
 * text, segments, counters, the socket, the table, the timer.
 */

#include "act.h"
#include "core/segment.h"
#include "event.h"
#include "ipv4.h"
#include "memory.h"
#include "meter.h"
#include "mini.h"
#include "output.h"
#include "socket.h"
#include "timer.h"

/* Text that closes a gap brings along what was held behind it. */
static void take_held(struct hstp_conn *conn, const struct hstp_env *env, struct hstp_acts *acts)
{
	struct hstp_recvq *q = &conn->recvq;

	while (!RB_EMPTY_ROOT(&q->held)) {
		struct sk_buff *skb = skb_rb_first(&q->held);
		struct hstp_skb_cb *cb = HSTP_CB(skb);

		if (!hstp_held_arrives(&conn->tcb, cb->seq, cb->len, cb->fin, env, acts))
			return;
		hstp_recvq_held_pop(q);
		cb->seq += acts->text_off;
		cb->off += acts->text_off;
		cb->len = acts->text_len;
		if (cb->len)
			hstp_recvq_append(q, skb);
		else
			kfree_skb(skb);
	}
}

/* The segment's text goes to one of the queues, or nowhere. */
static void take_text(struct hstp_conn *conn, struct sk_buff *skb, const struct hstp_segment *seg,
		      const struct hstp_env *env, struct hstp_acts *acts)
{
	struct hstp_skb_cb *cb = HSTP_CB(skb);
	struct hstp_range whole;
	u32 twice;

	cb->seq = seg->seq + !!(seg->flags & HSTP_SYN) + acts->text_off;
	cb->off = seg->header_len + acts->text_off;
	cb->len = acts->text_len;
	cb->fin = acts->bits & HSTP_ACT_HOLD_FIN;
	if (acts->bits & HSTP_ACT_HOLD) {
		if (cb->seq != conn->tcb.rcv_nxt)
			hstp_meter_disorder(conn);
		twice = hstp_recvq_hold(&conn->recvq, skb, &whole);
		hstp_sack_whole(&conn->tcb, whole);
		HSTP_COUNT_ADD(conn->hn, drops[HSTP_DROP_DUPLICATE], twice);
		return;
	}
	hstp_meter_takes(conn, env->now);
	hstp_recvq_append(&conn->recvq, skb);
	take_held(conn, env, acts);
}

/* Positive, as in sk_err */
static const int signal_errno[] = {
	[HSTP_SIGNAL_NONE] = 0,
	[HSTP_SIGNAL_REFUSED] = ECONNREFUSED,
	[HSTP_SIGNAL_RESET] = ECONNRESET,
	[HSTP_SIGNAL_RESET_AFTER_FIN] = EPIPE,
	[HSTP_SIGNAL_TIMED_OUT] = ETIMEDOUT,
	[HSTP_SIGNAL_ABORTED] = ECONNABORTED,
};

/* What the network has said explains why the peer was silent. */
static int error_of(const struct hstp_conn *conn, const struct hstp_acts *acts)
{
	if (acts->signal == HSTP_SIGNAL_TIMED_OUT && conn->soft_error)
		return conn->soft_error;
	return signal_errno[acts->signal];
}

static void tell_socket(struct hstp_conn *conn, const struct hstp_acts *acts)
{
	int error = error_of(conn, acts);
	struct sock *sk = conn->sk;

	if (!sk) {
		if (error)
			conn->dead_error = error;
		if (acts->bits & HSTP_ACT_EOF)
			conn->eof = true;
		return;
	}
	if (error)
		hstp_sock_error(sk, error);
	if (acts->bits & HSTP_ACT_EOF)
		hstp_sock_eof(sk);
	if (acts->bits & HSTP_ACT_OPENED)
		hstp_rounds_start(&conn->rounds, &conn->tcb, hstp_now_ms(), conn->recvq.bytes);
	if (acts->transition_count) {
		hstp_sock_state(sk, conn->tcb.state);
		hstp_sock_changed(sk);
	}
	if (acts->bits & HSTP_ACT_URGENT)
		sk_send_sigurg(sk);
	if (acts->bits & (HSTP_ACT_TEXT | HSTP_ACT_EOF | HSTP_ACT_SHUT))
		hstp_sock_readable(sk);
	if (acts->bits & (HSTP_ACT_ACKED | HSTP_ACT_OPENED))
		hstp_sock_writable(sk);
}

/* R1: the next segment looks for another route (MUST-20), and who wants to hear of errors is
 * told (SHLD-9).
 */
static void advise(struct hstp_conn *conn)
{
	if (conn->sk && hstp_inet_recverr(conn->sk))
		hstp_ipv4_queue_delay(conn->sk, &conn->tuple);
	hstp_conn_drop_route(conn);
}

static void challenge(struct hstp_conn *conn, const struct hstp_acts *acts)
{
	if (!(acts->bits & HSTP_ACT_LIMIT) || hstp_challenge_allowed(conn->hn))
		HSTP_COUNT(conn->hn, challenges);
	else
		conn->tcb.ack_now = 0;
}

/* Nothing can be sent or come any more; what has come can still be read. */
static void leave_table(struct hstp_conn *conn)
{
	hstp_conn_unhash(conn);
	hstp_sendq_purge(&conn->sendq);
	hstp_recvq_purge_held(&conn->recvq);
	if (conn->orphan) {
		conn->orphan = false;
		percpu_counter_dec(&conn->hn->orphans);
	}
}

/* Its SYN had text, or a FIN: RFC 9293 section 3.10.7.4 for it, from the sixth step on. */
static noinline void take_early(struct hstp_conn *conn, struct hstp_env *env,
				struct hstp_acts *acts)
{
	const struct sk_buff *skb = skb_rb_first(&conn->recvq.held);
	struct hstp_segment seg;

	if (!hstp_segment_parse(skb->data, skb_headlen(skb), skb->len, &seg) &&
	    seg.flags & HSTP_SYN)
		hstp_urgent_arrives(&conn->tcb, &seg, env, acts);
	take_held(conn, env, acts);
	hstp_conn_env(conn, env);
	acts->bits |= HSTP_ACT_TEXT;
}

/* The peer has got some of our text, or our SYN: what the network said before is outdated. */
static void progress(struct hstp_conn *conn, struct hstp_env *env, struct hstp_acts *acts)
{
	if (acts->bits & HSTP_ACT_OPENED && !RB_EMPTY_ROOT(&conn->recvq.held))
		take_early(conn, env, acts);
	hstp_meter_progress(conn, acts->acked);
	hstp_sendq_free(&conn->sendq, acts->acked);
	conn->soft_error = 0;
	if (conn->sk)
		WRITE_ONCE(conn->sk->sk_err_soft, 0);
}

/* TIME-WAIT goes on as a record; without room for one it ends here. */
static void time_wait(struct hstp_conn *conn)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;

	if (hstp_mini_time_wait(conn))
		return;
	hstp_vanish(&conn->tcb, HSTP_CAUSE_LIMIT, &acts);
	hstp_event(conn->hn, &conn->tuple, &conn->tcb, &acts, &conn->since_us);
}

/**
 * hstp_act() - do what the core asked for
 * @conn: connection
 * @skb: packet that brought the event, or NULL; given away
 * @seg: its segment
 * @env: the event's surroundings
 * @acts: what the core asked for
 *
 * Context: the connection's lock, BH off; the caller has a reference.
 */
void hstp_act(struct hstp_conn *conn, struct sk_buff *skb, const struct hstp_segment *seg,
	      struct hstp_env *env, struct hstp_acts *acts)
{
	if (acts->bits & (HSTP_ACT_TEXT | HSTP_ACT_HOLD)) {
		take_text(conn, skb, seg, env, acts);
		hstp_conn_env(conn, env);
	} else {
		consume_skb(skb);
	}
	if (acts->bits & HSTP_ACT_ACKED)
		progress(conn, env, acts);
	if (acts->bits & HSTP_ACT_ADVISE)
		advise(conn);
	if (acts->bits & HSTP_ACT_CHALLENGE)
		challenge(conn, acts);
	if (acts->bits & HSTP_ACT_OUTPUT)
		hstp_output(conn, env, acts);
	if (acts->bits & HSTP_ACT_REPLY)
		hstp_output_reply(conn, env, acts);

	hstp_event(conn->hn, &conn->tuple, &conn->tcb, acts, &conn->since_us);
	if (conn->tcb.state == HSTP_TIME_WAIT)
		time_wait(conn);
	if (conn->tcb.state == HSTP_CLOSED)
		leave_table(conn);
	hstp_memory_charge(conn);
	if (acts->bits | acts->transition_count)
		tell_socket(conn, acts);
	if (hstp_meter_asks(acts))
		hstp_meter_waits(conn, env->now);
	hstp_timer_update(conn);
}
