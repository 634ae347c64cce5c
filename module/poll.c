// SPDX-License-Identifier: GPL-2.0
/* What can be asked of a socket without waiting: poll(), ioctl(). */
#include <linux/sockios.h>
#include <linux/termios.h>
#include <linux/uaccess.h>
#include <asm/ioctls.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "socket.h"

/* Poll may look at a connection that another thread just gives up: RCU keeps the
 * memory a connection, though maybe not this one for longer.
 */
static bool readable(const struct sock *sk)
{
	const struct hstp_conn *conn;
	bool ready;

	rcu_read_lock();
	conn = READ_ONCE(hstp_sk(sk)->conn);
	ready = conn && hstp_stream_readable(sk, conn);
	rcu_read_unlock();
	return ready;
}

static bool urgent(const struct sock *sk)
{
	const struct hstp_conn *conn;
	bool waits;

	rcu_read_lock();
	conn = READ_ONCE(hstp_sk(sk)->conn);
	waits = conn && hstp_urgent_waits(conn);
	rcu_read_unlock();
	return waits;
}

static bool writable(const struct sock *sk)
{
	const struct hstp_conn *conn;
	bool ready;

	rcu_read_lock();
	conn = READ_ONCE(hstp_sk(sk)->conn);
	ready = !conn || hstp_stream_writable(sk, conn);
	rcu_read_unlock();
	return ready;
}

static __poll_t poll_listener(const struct sock *sk)
{
	struct hstp_listener *l;
	bool waiting;

	rcu_read_lock();
	l = READ_ONCE(hstp_sk(sk)->listener);
	waiting = l && hstp_listen_waiting(l);
	rcu_read_unlock();
	return waiting ? EPOLLIN | EPOLLRDNORM : 0;
}

/* Room is announced by hstp_sock_writable(), which must not be missed between
 * the look and the flag.
 */
static bool writable_or_ask(struct sock *sk)
{
	if (writable(sk))
		return true;
	sk_set_bit(SOCKWQ_ASYNC_NOSPACE, sk);
	set_bit(SOCK_NOSPACE, &sk->sk_socket->flags);
	smp_mb__after_atomic();	/* the flag before the second look */
	return writable(sk);
}

/**
 * hstp_poll() - events, as TCP has them
 * @file: descriptor
 * @sock: socket
 * @wait: who wants to hear of changes
 *
 * Context: process; nobody need own the socket.
 */
__poll_t hstp_poll(struct file *file, struct socket *sock, poll_table *wait)
{
	struct sock *sk = sock->sk;
	__poll_t mask = 0;
	u8 shutdown, state;

	sock_poll_wait(file, sock, wait);

	state = inet_sk_state_load(sk);
	if (state == TCP_LISTEN)
		return poll_listener(sk);

	shutdown = READ_ONCE(sk->sk_shutdown);
	if (shutdown == SHUTDOWN_MASK || state == TCP_CLOSE)
		mask |= EPOLLHUP;
	if (shutdown & RCV_SHUTDOWN)
		mask |= EPOLLIN | EPOLLRDNORM | EPOLLRDHUP;

	if (state != TCP_SYN_SENT && state != TCP_SYN_RECV) {
		if (readable(sk))
			mask |= EPOLLIN | EPOLLRDNORM;
		if ((shutdown & SEND_SHUTDOWN) || writable_or_ask(sk))
			mask |= EPOLLOUT | EPOLLWRNORM;
		if (urgent(sk))
			mask |= EPOLLPRI;
	}

	smp_rmb();	/* the state was written after the error */
	if (READ_ONCE(sk->sk_err) || !skb_queue_empty_lockless(&sk->sk_error_queue))
		mask |= EPOLLERR;
	return mask;
}

static int unread(const struct sock *sk, struct hstp_conn *conn)
{
	int bytes;

	if (!conn)
		return 0;
	spin_lock_bh(&conn->lock);
	bytes = hstp_urgent_unread(sk, conn);
	spin_unlock_bh(&conn->lock);
	return bytes;
}

static int at_mark(struct hstp_conn *conn)
{
	int at;

	if (!conn)
		return 0;
	spin_lock_bh(&conn->lock);
	at = hstp_urgent_at_mark(conn);
	spin_unlock_bh(&conn->lock);
	return at;
}

static int unacked(struct hstp_conn *conn)
{
	int bytes = 0;

	if (!conn)
		return 0;
	spin_lock_bh(&conn->lock);
	if (hstp_synchronized(conn->tcb.state))
		bytes = hstp_text_unacked(&conn->tcb);
	spin_unlock_bh(&conn->lock);
	return bytes;
}

static int unsent(struct hstp_conn *conn)
{
	int bytes = 0;

	if (!conn)
		return 0;
	spin_lock_bh(&conn->lock);
	if (hstp_synchronized(conn->tcb.state))
		bytes = hstp_text_unsent(&conn->tcb);
	spin_unlock_bh(&conn->lock);
	return bytes;
}

/**
 * hstp_ioctl() - how much is queued
 * @sk: socket
 * @cmd: SIOCINQ, SIOCOUTQ, SIOCOUTQNSD, SIOCATMARK
 * @arg: where the int goes
 *
 * Return: 0; -EINVAL on a listening socket; -EFAULT; -ENOIOCTLCMD.
 */
int hstp_ioctl(struct sock *sk, int cmd, hstp_ioctl_arg arg)
{
	struct hstp_conn *conn;
	int bytes = 0, err = 0;

	if (cmd != SIOCINQ && cmd != SIOCOUTQ && cmd != SIOCOUTQNSD && cmd != SIOCATMARK)
		return -ENOIOCTLCMD;

	lock_sock(sk);
	conn = hstp_sk(sk)->conn;
	if (conn && conn->tcb.urgent_in)
		hstp_stream_pass_old(sk, conn);
	if (cmd == SIOCATMARK)
		bytes = at_mark(conn);
	else if (sk->sk_state == TCP_LISTEN)
		err = -EINVAL;
	else if (cmd == SIOCINQ)
		bytes = unread(sk, conn);
	else if (cmd == SIOCOUTQ)
		bytes = unacked(conn);
	else
		bytes = unsent(conn);
	release_sock(sk);
	return err ?: hstp_ioctl_answer(bytes, arg);
}
