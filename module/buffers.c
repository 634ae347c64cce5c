// SPDX-License-Identifier: GPL-2.0
/* The sizes of a socket's buffers: what they may become, and how they grow. */
#include "buffers.h"
#include "memory.h"

/**
 * hstp_buffer_max() - how much text a receive buffer may be for
 * @hn: namespace
 * @rcvbuf: bytes of memory that it has
 * @tune: HSTP_WINDOW_CLAMP
 * @fixed: it does not grow
 *
 * Return: bytes.
 */
u32 hstp_buffer_max(const struct hstp_net *hn, int rcvbuf, const struct hstp_tuning *tune,
		    bool fixed)
{
	return hstp_buffer_text(fixed ? rcvbuf : max(rcvbuf, READ_ONCE(hn->settings.rcvbuf_max)),
				tune);
}

/**
 * hstp_buffer_tune() - the user has read for a round trip: is the receive buffer large enough
 * @sk: socket, owned
 * @conn: its connection
 * @env: the event's surroundings; the buffer may be larger afterwards
 *
 * Context: the connection's lock.
 */
void hstp_buffer_tune(struct sock *sk, struct hstp_conn *conn, struct hstp_env *env)
{
	bool fixed = hstp_buffer_fixed(sk) || hstp_memory_room(conn->hn, 0) != U32_MAX;
	u32 text;

	env->buffer_max = hstp_buffer_max(conn->hn, conn->recvq.limit, &conn->tcb.tune, fixed);
	text = hstp_round_end(&conn->rounds, &conn->tcb, env, conn->recvq.bytes);
	if (text == env->buffer)
		return;
	conn->recvq.limit = 2 * text;
	WRITE_ONCE(sk->sk_rcvbuf, conn->recvq.limit);
	hstp_conn_env(conn, env);
}
