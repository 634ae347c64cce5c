// SPDX-License-Identifier: GPL-2.0
/* ABORT and CLOSE by somebody who is not the connection's user. */
#include <linux/export.h>

#include "act.h"
#include "control.h"
#include "mini.h"

/* The connection that was seen, or another that has its name by now: see below. */
static struct hstp_conn *find_conn(struct hstp_net *hn, const struct hstp_view *v)
{
	struct hstp_conn *conn;

	rcu_read_lock();
	conn = hstp_conn_lookup(hn, &v->tuple, hstp_tuple_hash(&v->tuple, &hn->hash_key));
	rcu_read_unlock();
	return conn;
}

/* Under the connection's lock: what was seen, and still as it was asked for. Whatever of it the
 * match looks at may have changed: accept() gives it a socket and another owner.
 */
static bool is_meant(const struct hstp_conn *conn, struct hstp_view *v,
		     const struct hstp_match *m)
{
	if (!conn->hashed || conn->tcb.iss != v->tcb.iss)
		return false;
	hstp_view_conn(v, conn);
	return !m || hstp_match(m, v);
}

/* A record may have become a connection since it was seen. */
static bool abort_conn(struct hstp_net *hn, struct hstp_view *v, const struct hstp_match *m)
{
	struct hstp_conn *conn = find_conn(hn, v);
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;
	bool meant;

	if (!conn)
		return false;
	spin_lock_bh(&conn->lock);
	meant = is_meant(conn, v, m);
	if (meant) {
		hstp_conn_env(conn, &env);
		hstp_call_abort(&conn->tcb, HSTP_RESET_OUT_ABORT, HSTP_CAUSE_ABORT, &acts);
		acts.signal = HSTP_SIGNAL_ABORTED;
		hstp_act(conn, NULL, NULL, &env, &acts);
	}
	spin_unlock_bh(&conn->lock);
	hstp_conn_put(conn);
	return meant;
}

/**
 * hstp_control_abort() - ABORT
 * @hn: namespace
 * @v: the connection as it was seen, not a listener; if it is there still, becomes what it is
 *	when its turn comes
 * @m: what it must be like by then, or NULL: anything
 *
 * RFC 9293 section 3.10.5: a reset to the peer, unless that has closed; the user's
 * calls fail with ECONNABORTED.
 *
 * Context: process.
 *
 * Return: false when it had ended, or does not match @m any more.
 */
bool hstp_control_abort(struct hstp_net *hn, struct hstp_view *v, const struct hstp_match *m)
{
	bool done = abort_conn(hn, v, m);

	if (done)
		return true;
	local_bh_disable();
	done = hstp_mini_abort(hn, v, m);
	local_bh_enable();
	return done;
}
EXPORT_SYMBOL_GPL(hstp_control_abort);

/**
 * hstp_control_close() - CLOSE
 * @hn: namespace
 * @v: as for hstp_control_abort()
 * @m: likewise
 *
 * RFC 9293 section 3.10.4: a FIN follows the text, as after shutdown(SHUT_WR). One that
 * waits for accept() goes on waiting, and can then be read only.
 *
 * Context: process.
 *
 * Return: false when it had ended, does not match @m any more, or CLOSE was called before, or
 * when it is a record: what waits in TIME-WAIT is closed, and a handshake that a
 * listener is in the middle of has no user yet.
 */
bool hstp_control_close(struct hstp_net *hn, struct hstp_view *v, const struct hstp_match *m)
{
	struct hstp_conn *conn = find_conn(hn, v);
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;
	bool done;

	if (!conn)
		return false;
	spin_lock_bh(&conn->lock);
	hstp_conn_env(conn, &env);
	done = is_meant(conn, v, m) && hstp_call_close(&conn->tcb, &acts) == HSTP_OK;
	if (done)
		hstp_act(conn, NULL, NULL, &env, &acts);
	spin_unlock_bh(&conn->lock);
	hstp_conn_put(conn);
	return done;
}
