// SPDX-License-Identifier: GPL-2.0
/* Every timeout of a connection: one timer, for the earliest deadline. */
#include "act.h"
#include "compat.h"
#include "socket.h"
#include "timer.h"

static void timer_fires(struct timer_list *timer)
{
	struct hstp_conn *conn = from_timer(conn, timer, timer);
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	spin_lock(&conn->lock);
	if (conn->tcb.state != HSTP_CLOSED) {
		/* What was set since the last call counts for what goes again by itself, too */
		if (conn->sk)
			hstp_sock_options(conn->sk, conn);
		hstp_conn_env(conn, &env);
		hstp_timeouts(&conn->tcb, &env, &acts);
		hstp_act(conn, NULL, NULL, &env, &acts);
	}
	spin_unlock(&conn->lock);
	hstp_conn_put(conn);
}

/**
 * hstp_timer_setup() - prepare a new connection's timer
 * @conn: connection
 */
void hstp_timer_setup(struct hstp_conn *conn)
{
	timer_setup(&conn->timer, timer_fires, 0);
}

/**
 * hstp_timer_update() - the connection's deadlines may have changed
 * @conn: connection
 *
 * A timer that would fire too early is left alone: it finds nothing due and is
 * armed anew then, which is cheaper than moving it with each segment. While it
 * is pending it has a reference.
 *
 * Context: the connection's lock.
 */
void hstp_timer_update(struct hstp_conn *conn)
{
	unsigned long expires;
	u32 when;

	if (conn->tcb.state == HSTP_CLOSED) {
		if (timer_delete(&conn->timer))
			hstp_conn_put(conn);
		return;
	}
	if (!hstp_deadline(&conn->tcb, &when))
		return;
	when -= hstp_now_ms();
	expires = jiffies + ((s32)when > 0 ? msecs_to_jiffies(when) : 0);
	if (timer_pending(&conn->timer) && !time_after(conn->timer.expires, expires))
		return;
	if (!mod_timer(&conn->timer, expires))
		hstp_conn_hold(conn);
}

/**
 * hstp_timer_kill() - wait until the timer's function has returned
 * @conn: connection in CLOSED
 *
 * Context: process, without the connection's lock.
 */
void hstp_timer_kill(struct hstp_conn *conn)
{
	if (timer_delete_sync(&conn->timer))
		hstp_conn_put(conn);
}
