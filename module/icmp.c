// SPDX-License-Identifier: GPL-2.0
/* The network reports that a segment did not arrive: who sent it, and can it be true? */
#include <net/inet_sock.h>
#include <net/sock.h>

#include "act.h"
#include "icmp.h"
#include "ipv4.h"
#include "mini.h"
#include "socket.h"

/* RFC 5927 section 4.1: it must be about something that is on its way. An ACK without
 * text has SEG.SEQ = SND.NXT. And it must come in where the connection is bound.
 */
static bool is_credible(const struct hstp_conn *conn, const struct hstp_quote *quote)
{
	return conn->hashed && hstp_tuple_equal(&conn->tuple, &quote->tuple) &&
	       hstp_ipv4_on_device(quote->skb, conn->ifindex) &&
	       hstp_between(quote->seq, conn->tcb.snd_una, conn->tcb.snd_nxt + 1);
}

static void take_error(struct hstp_conn *conn, const struct hstp_quote *quote, int error,
		       bool hard)
{
	bool wanted = conn->sk && hstp_inet_recverr(conn->sk);
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	conn->soft_error = error;
	if (wanted)
		hstp_ipv4_queue_error(conn->sk, quote, error);
	if (wanted && hstp_synchronized(conn->tcb.state)) {
		/* IP_RECVERR: the next call is told, and the connection goes on */
		hstp_sock_error(conn->sk, error);
		sk_error_report(conn->sk);
		return;
	}
	if (conn->sk)
		WRITE_ONCE(conn->sk->sk_err_soft, error);
	if (!hard)
		return;
	hstp_conn_env(conn, &env);
	hstp_hard_error(&conn->tcb, &acts);
	if (acts.transition_count && conn->sk)
		hstp_sock_error(conn->sk, error);
	hstp_act(conn, NULL, NULL, &env, &acts);
}

static void take_mtu(struct hstp_conn *conn, u32 mtu)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	/* IP_MTU_DISCOVER: who does not want to know may be cut up on the way */
	if (conn->pmtudisc == IP_PMTUDISC_DONT || conn->pmtudisc >= IP_PMTUDISC_INTERFACE)
		return;
	/* What the route has learned is read when it is looked up again */
	hstp_conn_drop_route(conn);
	hstp_conn_env(conn, &env);
	hstp_too_big(&conn->tcb, mtu - 40, &acts);
	hstp_act(conn, NULL, NULL, &env, &acts);
}

/* What a message says: one of both, or nothing that the sender must hear. */
struct report {
	int error;	/* positive errno */
	bool hard;
	u32 mtu;	/* bytes of a packet that fits */
};

/* Tell the connection that sent the segment; false when none has it on its way. */
static bool tell_sender(struct hstp_net *hn, const struct hstp_quote *quote,
			const struct report *report)
{
	struct hstp_conn *conn;
	bool credible;

	conn = hstp_conn_lookup(hn, &quote->tuple, hstp_tuple_hash(&quote->tuple, &hn->hash_key));
	if (!conn)
		return false;
	spin_lock(&conn->lock);
	credible = is_credible(conn, quote);
	if (credible && report->error)
		take_error(conn, quote, report->error, report->hard);
	if (credible && report->mtu)
		take_mtu(conn, report->mtu);
	spin_unlock(&conn->lock);
	hstp_conn_put(conn);
	return credible;
}

/**
 * hstp_icmp_expected() - may a message be about a real segment
 * @hn: namespace
 * @quote: the segment
 *
 * Context: softirq, rcu_read_lock().
 *
 * Return: true when a connection, or a record in SYN-RECEIVED, has it on its way.
 */
bool hstp_icmp_expected(struct hstp_net *hn, const struct hstp_quote *quote)
{
	const struct report nothing = {};

	return tell_sender(hn, quote, &nothing) || hstp_mini_has_sent(hn, quote);
}

/**
 * hstp_icmp_error() - a segment did not arrive
 * @hn: namespace
 * @quote: the segment
 * @error: positive errno
 * @hard: the destination cannot be reached at all, see RFC 9293 section 3.9.2.2
 *
 * Context: softirq, rcu_read_lock().
 */
void hstp_icmp_error(struct hstp_net *hn, const struct hstp_quote *quote, int error, bool hard)
{
	const struct report report = { .error = error, .hard = hard };

	if (!tell_sender(hn, quote, &report) && hard)
		hstp_mini_hard_error(hn, quote);
}

/**
 * hstp_icmp_too_big() - a segment was too big for the path
 * @hn: namespace
 * @quote: the segment
 * @mtu: bytes of a packet that fits
 *
 * RFC 1191 section 6.4. The route knows by now: a record needs no more, since the
 * connection that it becomes asks the route.
 *
 * Context: softirq, rcu_read_lock().
 */
void hstp_icmp_too_big(struct hstp_net *hn, const struct hstp_quote *quote, u32 mtu)
{
	/* RFC 791 section 3.1: no packet that the Internet carries must be smaller */
	const struct report report = { .mtu = max_t(u32, mtu, 68) };

	tell_sender(hn, quote, &report);
}
