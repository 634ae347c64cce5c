// SPDX-License-Identifier: GPL-2.0
/* ABORT and CLOSE by somebody who is not the connection's user. */
#include "act.h"
#include "control.h"
#include "mini.h"

/* The connection that was seen, locked, with a reference; not another that has its
 * name by now.
 */
static struct hstp_conn *find_conn(struct hstp_net *hn, const struct hstp_view *v)
	__acquires(&conn->lock)
{
	struct hstp_conn *conn;

	rcu_read_lock();
	conn = hstp_conn_lookup(hn, &v->tuple, hstp_tuple_hash(&v->tuple, &hn->hash_key));
	rcu_read_unlock();
	if (!conn)
		return NULL;
	spin_lock_bh(&conn->lock);
	if (conn->hashed && conn->tcb.iss == v->tcb.iss)
		return conn;
	spin_unlock_bh(&conn->lock);
	hstp_conn_put(conn);
	return NULL;
}

static void release_conn(struct hstp_conn *conn)
	__releases(&conn->lock)
{
	spin_unlock_bh(&conn->lock);
	hstp_conn_put(conn);
}

static bool abort_conn(struct hstp_conn *conn)
	__must_hold(&conn->lock)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	hstp_conn_env(conn, &env);
	if (hstp_call_abort(&conn->tcb, HSTP_RESET_OUT_ABORT, HSTP_CAUSE_ABORT, &acts) != HSTP_OK)
		return false;
	acts.signal = HSTP_SIGNAL_ABORTED;
	hstp_act(conn, NULL, NULL, &env, &acts);
	return true;
}

/**
 * hstp_control_abort() - ABORT
 * @hn: namespace
 * @v: the connection as it was seen; not a listener
 *
 * RFC 9293 section 3.10.5: a reset to the peer, unless that has closed; the user's
 * calls fail with ECONNABORTED.
 *
 * Context: process.
 *
 * Return: false when it had ended.
 */
bool hstp_control_abort(struct hstp_net *hn, const struct hstp_view *v)
{
	struct hstp_conn *conn = find_conn(hn, v);
	bool done;

	if (conn) {
		done = abort_conn(conn);
		release_conn(conn);
		return done;
	}
	local_bh_disable();
	done = hstp_mini_abort(hn, &v->tuple);
	local_bh_enable();
	return done;
}

/**
 * hstp_control_close() - CLOSE
 * @hn: namespace
 * @v: the connection as it was seen; not a listener
 *
 * RFC 9293 section 3.10.4: a FIN follows the text, as after shutdown(SHUT_WR).
 *
 * Context: process.
 *
 * Return: false when it had ended, or CLOSE was called before, or when it is a record:
 * what waits in TIME-WAIT is closed, and a handshake that a listener is in the middle
 * of has no user yet.
 */
bool hstp_control_close(struct hstp_net *hn, const struct hstp_view *v)
{
	struct hstp_conn *conn = find_conn(hn, v);
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;
	bool done;

	if (!conn)
		return false;
	hstp_conn_env(conn, &env);
	done = hstp_call_close(&conn->tcb, &acts) == HSTP_OK;
	if (done)
		hstp_act(conn, NULL, NULL, &env, &acts);
	release_conn(conn);
	return done;
}
