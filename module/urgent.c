// SPDX-License-Identifier: GPL-2.0
/* Urgent data as programs know it: the last urgent byte is taken out of the stream, to be
 * had with MSG_OOB, unless SO_OOBINLINE leaves it there.
 */
#include <net/sock.h>
#include <net/tcp_states.h>

#include "socket.h"

/* Number of the byte that the user takes next. */
static u32 next_byte(const struct hstp_conn *conn)
{
	const struct hstp_recvq *q = &conn->recvq;

	return q->head ? HSTP_CB(q->head)->seq + q->taken : conn->tcb.rcv_nxt;
}

/**
 * hstp_urgent_ahead() - how far it is to the urgent byte
 * @conn: connection
 * @bytes: gets how many bytes come before it
 *
 * Context: the connection's lock.
 *
 * Return: false when there is none that the user has not passed.
 */
bool hstp_urgent_ahead(const struct hstp_conn *conn, u32 *bytes)
{
	if (likely(!conn->tcb.urgent_in))
		return false;
	*bytes = conn->tcb.rcv_up - 1 - next_byte(conn);
	return true;
}

/**
 * hstp_urgent_at_mark() - is the next byte the urgent one (SIOCATMARK)
 * @conn: connection
 *
 * Context: the connection's lock.
 */
bool hstp_urgent_at_mark(const struct hstp_conn *conn)
{
	u32 ahead;

	return hstp_urgent_ahead(conn, &ahead) && !ahead;
}

/**
 * hstp_urgent_waits() - has the urgent byte arrived, and was not taken (POLLPRI)
 * @conn: connection
 *
 * Context: any; without the connection's lock the answer may be old.
 */
bool hstp_urgent_waits(const struct hstp_conn *conn)
{
	const struct hstp_tcb *t = &conn->tcb;

	return t->urgent_in && !t->urgent_read && !hstp_before(t->rcv_nxt, t->rcv_up);
}

/**
 * hstp_urgent_text() - how much that can be read has come
 * @sk: socket
 * @conn: its connection, with a mark
 *
 * The urgent byte that comes next does not count, nor do those that were: they are not part of
 * the stream, unless SO_OOBINLINE leaves them there.
 *
 * Context: any; without the connection's lock the answer may be old. After a FIN, which RCV.NXT
 * counts, it may be wrong by one: then there is the end to read.
 */
u32 hstp_urgent_text(const struct sock *sk, const struct hstp_conn *conn)
{
	const struct hstp_tcb *t = &conn->tcb;
	u32 bytes = READ_ONCE(conn->recvq.bytes);
	u32 next;

	if (sock_flag(sk, SOCK_URGINLINE))
		return bytes;
	next = t->rcv_nxt - bytes + t->urgent_old;
	bytes -= min_t(u32, bytes, t->urgent_old);
	return bytes && t->rcv_up - 1 == next ? bytes - 1 : bytes;
}

/**
 * hstp_urgent_taken() - the user has taken text
 * @conn: connection
 * @bytes: of it
 *
 * Context: the connection's lock.
 */
void hstp_urgent_taken(struct hstp_conn *conn, u32 bytes)
{
	if (unlikely(conn->tcb.urgent_in))
		hstp_urgent_passed(&conn->tcb, next_byte(conn), bytes);
}

/**
 * hstp_urgent_unread() - bytes that can be read before the mark (SIOCINQ)
 * @sk: socket
 * @conn: its connection
 *
 * Context: the connection's lock.
 */
u32 hstp_urgent_unread(const struct sock *sk, const struct hstp_conn *conn)
{
	u32 ahead, bytes = conn->recvq.bytes;

	if (!hstp_urgent_ahead(conn, &ahead) || sock_flag(sk, SOCK_URGINLINE) || ahead >= bytes)
		return bytes;
	return ahead;
}

static int urgent_byte(const struct hstp_conn *conn, u32 ahead, u8 *byte)
{
	u32 at = conn->recvq.taken + ahead;
	const struct sk_buff *skb;

	for (skb = conn->recvq.head; skb; skb = skb->next) {
		const struct hstp_skb_cb *cb = HSTP_CB(skb);

		if (at < cb->len)
			return skb_copy_bits(skb, cb->off + at, byte, 1);
		at -= cb->len;
	}
	return -EAGAIN;
}

/* Returns 0 with the byte, or an error. */
static int look(struct sock *sk, struct hstp_conn *conn, bool peek, u8 *byte)
{
	u32 ahead;
	int err;

	if (sock_flag(sk, SOCK_URGINLINE) || !hstp_urgent_ahead(conn, &ahead) ||
	    conn->tcb.urgent_read)
		return -EINVAL;
	err = urgent_byte(conn, ahead, byte);
	if (!err && !peek)
		conn->tcb.urgent_read = 1;
	return err;
}

/**
 * hstp_urgent_receive() - recv(MSG_OOB)
 * @sk: socket, owned
 * @msg: where the byte goes
 * @len: bytes of room
 * @flags: MSG_PEEK, MSG_TRUNC
 *
 * It never waits.
 *
 * Return: 1; 0 when the stream ended before the byte came, or without room; -EINVAL
 * when there is no urgent data, or it was read, or stays in the stream; -EAGAIN when
 * it was announced but has not come; -ENOTCONN, -EFAULT.
 */
int hstp_urgent_receive(struct sock *sk, struct msghdr *msg, size_t len, int flags)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;
	int err = -EINVAL;
	u8 byte;

	if (conn) {
		spin_lock_bh(&conn->lock);
		err = look(sk, conn, flags & MSG_PEEK, &byte);
		spin_unlock_bh(&conn->lock);
	}
	if (err == -EAGAIN && (sk->sk_state == TCP_CLOSE || sk->sk_shutdown & RCV_SHUTDOWN))
		return 0;
	if (err)
		return err == -EINVAL && sk->sk_state == TCP_CLOSE &&
		       !sock_flag(sk, SOCK_DONE) && !conn ? -ENOTCONN : err;
	msg->msg_flags |= MSG_OOB;
	if (!len) {
		msg->msg_flags |= MSG_TRUNC;
		return 0;
	}
	if (!(flags & MSG_TRUNC) && memcpy_to_msg(msg, &byte, 1))
		return -EFAULT;
	return 1;
}
