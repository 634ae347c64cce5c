// SPDX-License-Identifier: GPL-2.0
/* The life of a socket, and what a connection tells it: state, end of text,
 * errors, room. open.c is how it gets its connection.
 */
#include <linux/module.h>
#include <net/inet_common.h>
#include <net/protocol.h>
#include <net/sock.h>
#include <net/tcp_states.h>
#include <net/xfrm.h>

#include "act.h"
#include "socket.h"

/* The numbers that /proc/net/tcp prints, too. */
const u8 hstp_tcp_states[HSTP_STATE_COUNT] = {
	[HSTP_CLOSED] = TCP_CLOSE,
	[HSTP_LISTEN] = TCP_LISTEN,
	[HSTP_SYN_SENT] = TCP_SYN_SENT,
	[HSTP_SYN_RECEIVED] = TCP_SYN_RECV,
	[HSTP_ESTABLISHED] = TCP_ESTABLISHED,
	[HSTP_FIN_WAIT_1] = TCP_FIN_WAIT1,
	[HSTP_FIN_WAIT_2] = TCP_FIN_WAIT2,
	[HSTP_CLOSE_WAIT] = TCP_CLOSE_WAIT,
	[HSTP_CLOSING] = TCP_CLOSING,
	[HSTP_LAST_ACK] = TCP_LAST_ACK,
	[HSTP_TIME_WAIT] = TCP_TIME_WAIT,
};
EXPORT_SYMBOL_GPL(hstp_tcp_states);

/**
 * hstp_sock_show() - let everybody see a new state
 * @sk: socket
 * @state: TCP_*
 *
 * A socket in CLOSED can do nothing any more, and has no port unless bind()
 * gave it one. Once CLOSE was said, by whomever, nothing more can be sent.
 *
 * Context: the owner of @sk, or its spinlock while nobody owns it.
 */
void hstp_sock_show(struct sock *sk, u8 state)
{
	hstp_sk(sk)->state_held = false;
	if (state == TCP_CLOSE) {
		WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
		if (!(sk->sk_userlocks & SOCK_BINDPORT_LOCK))
			hstp_port_put(sk);
	} else if (hstp_tcp_closing(state)) {
		WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | SEND_SHUTDOWN);
	}
	/* Pairs with inet_sk_state_load(): who sees the state sees what came with it */
	smp_store_release(&sk->sk_state, state);
}

static void show_eof(struct sock *sk)
{
	hstp_sk(sk)->eof_held = false;
	WRITE_ONCE(sk->sk_shutdown, sk->sk_shutdown | RCV_SHUTDOWN);
	sock_set_flag(sk, SOCK_DONE);
}

/**
 * hstp_sock_state() - the connection has entered a state
 * @sk: its socket
 * @state: the state
 *
 * A call that owns the socket sees one state from its beginning to its end: the
 * new one is shown when it gives the socket back; and so does the end of accept(), which
 * gives the socket a descriptor. A connection in TIME-WAIT is nothing to its socket any more.
 *
 * Context: BH off, the connection's lock.
 */
void hstp_sock_state(struct sock *sk, enum hstp_state state)
{
	struct hstp_sock *hsk = hstp_sk(sk);
	u8 next = state == HSTP_TIME_WAIT ? TCP_CLOSE : hstp_tcp_states[state];

	bh_lock_sock(sk);
	if (sock_owned_by_user(sk) || !sk->sk_socket) {
		hsk->state_next = next;
		hsk->state_held = true;
	} else {
		hstp_sock_show(sk, next);
	}
	bh_unlock_sock(sk);
}

/**
 * hstp_sock_eof() - the peer will send no more text
 * @sk: socket of the connection
 *
 * Context: BH off, the connection's lock.
 */
void hstp_sock_eof(struct sock *sk)
{
	bh_lock_sock(sk);
	if (sock_owned_by_user(sk))
		hstp_sk(sk)->eof_held = true;
	else
		show_eof(sk);
	bh_unlock_sock(sk);
}

/* release_sock(), under the socket's spinlock. Who waits was woken too early to
 * see what was held back.
 */
static void hstp_release_cb(struct sock *sk)
{
	struct hstp_sock *hsk = hstp_sk(sk);

	if (likely(!hsk->state_held && !hsk->eof_held))
		return;
	if (hsk->eof_held)
		show_eof(sk);
	if (hsk->state_held)
		hstp_sock_show(sk, hsk->state_next);
	hstp_sock_changed(sk);
}

/**
 * hstp_sock_changed() - wake who waits for a state, for the end of the text, for
 *	an error
 * @sk: socket; what has changed can be seen
 *
 * Context: any.
 */
void hstp_sock_changed(struct sock *sk)
{
	u8 state = READ_ONCE(sk->sk_state);

	sk->sk_state_change(sk);
	if (READ_ONCE(sk->sk_err))
		sk_error_report(sk);
	if (state == TCP_CLOSE)
		sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_HUP);
	else if (READ_ONCE(sk->sk_shutdown) & RCV_SHUTDOWN)
		sk_wake_async(sk, SOCK_WAKE_WAITD, POLL_IN);
	else if (state == TCP_ESTABLISHED)
		sk_wake_async(sk, SOCK_WAKE_IO, POLL_OUT);
}

/**
 * hstp_sock_error() - the connection is dead: the next call is told why
 * @sk: socket of the connection
 * @error: errno, positive
 *
 * To be called before hstp_sock_state(), or a reader would take CLOSED without an
 * error for the end of the text; hstp_sock_changed() wakes.
 *
 * Context: BH off, the connection's lock.
 */
void hstp_sock_error(struct sock *sk, int error)
{
	WRITE_ONCE(sk->sk_err, error);
}

/**
 * hstp_sock_readable() - text has arrived
 * @sk: socket of the connection
 *
 * Context: BH off, the connection's lock.
 */
void hstp_sock_readable(struct sock *sk)
{
	const struct hstp_conn *conn = hstp_sk(sk)->conn;

	if (hstp_stream_readable(sk, conn) || conn->tcb.urgent_in)
		sk->sk_data_ready(sk);
}

/**
 * hstp_sock_writable() - the peer has acknowledged text
 * @sk: socket of the connection
 *
 * Context: BH off, the connection's lock.
 */
void hstp_sock_writable(struct sock *sk)
{
	struct socket *sock = sk->sk_socket;

	smp_mb();	/* pairs with who sets SOCK_NOSPACE and then looks again */
	if (!sock || !test_bit(SOCK_NOSPACE, &sock->flags) ||
	    !hstp_stream_writable(sk, hstp_sk(sk)->conn))
		return;
	clear_bit(SOCK_NOSPACE, &sock->flags);
	sk->sk_write_space(sk);
}

static int hstp_init(struct sock *sk)
{
	struct hstp_sock *hsk = hstp_sk(sk);

	hsk->conn = NULL;
	hsk->listener = NULL;
	INIT_HLIST_NODE(&hsk->bind_node);
	hsk->bound_port = 0;
	hsk->mss = 0;
	hsk->state_held = false;
	hsk->eof_held = false;
	hsk->defer = 0;
	hsk->quickack = true;
	hsk->quick = 0;
	memset(&hsk->tune, 0, sizeof(hsk->tune));
	memset(&hsk->security, 0, sizeof(hsk->security));
	sock_prot_inuse_add(sock_net(sk), sk->sk_prot, 1);
	return 0;
}

static void hstp_destroy(struct sock *sk)
{
	sock_prot_inuse_add(sock_net(sk), sk->sk_prot, -1);
}

static bool lingers_for_nothing(const struct sock *sk)
{
	return sock_flag(sk, SOCK_LINGER) && !sk->sk_lingertime;
}

static bool too_many_orphans(struct hstp_net *hn)
{
	return percpu_counter_compare(&hn->orphans, READ_ONCE(hn->settings.max_orphans)) >= 0;
}

/* CLOSE or ABORT, as close() has to choose: RFC 9293 section 3.6.1. */
static void say_goodbye(struct sock *sk, struct hstp_conn *conn, const struct hstp_env *env,
			struct hstp_acts *acts)
{
	bool unread = conn->recvq.bytes;

	if (!unread && lingers_for_nothing(sk))
		hstp_call_abort(&conn->tcb, HSTP_RESET_OUT_ABORT, HSTP_CAUSE_ABORT, acts);
	else if (!unread && too_many_orphans(conn->hn))
		hstp_call_abort(&conn->tcb, HSTP_RESET_OUT_LIMIT, HSTP_CAUSE_LIMIT, acts);
	else
		hstp_call_leave(&conn->tcb, unread, env, acts);
}

/* From here on the connection is alone, and may end at any moment. */
static void detach(struct hstp_conn *conn)
{
	const struct hstp_meter *m = &hstp_sk(conn->sk)->meter;

	conn->left.acked = m->acked;
	conn->left.received = m->taken + conn->recvq.bytes;
	conn->bound = !!(conn->sk->sk_userlocks & SOCK_BINDPORT_LOCK);
	conn->sk = NULL;
	if (conn->tcb.state == HSTP_CLOSED || conn->orphan)
		return;
	conn->orphan = true;
	percpu_counter_inc(&conn->hn->orphans);
}

/* After CLOSE it is in CLOSE-WAIT as long as its FIN has to wait for text to leave. */
static bool still_closing(const struct sock *sk)
{
	return (1 << READ_ONCE(sk->sk_state)) &
	       (TCPF_FIN_WAIT1 | TCPF_CLOSING | TCPF_CLOSE_WAIT | TCPF_LAST_ACK);
}

/* SO_LINGER: until the peer has acknowledged everything, but no longer than
 * that.
 */
static void linger(struct sock *sk, long timeout)
{
	DEFINE_WAIT_FUNC(wait, woken_wake_function);

	add_wait_queue(sk_sleep(sk), &wait);
	do {
		if (sk_wait_event(sk, &timeout, !still_closing(sk), &wait))
			break;
	} while (!signal_pending(current) && timeout);
	remove_wait_queue(sk_sleep(sk), &wait);
}

static void close_conn(struct sock *sk, struct hstp_conn *conn, long timeout)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	spin_lock_bh(&conn->lock);
	hstp_sock_options(sk, conn);
	hstp_conn_env(conn, &env);
	say_goodbye(sk, conn, &env, &acts);
	if (!timeout)
		detach(conn);
	hstp_act(conn, NULL, NULL, &env, &acts);
	spin_unlock_bh(&conn->lock);
	if (timeout) {
		linger(sk, timeout);
		spin_lock_bh(&conn->lock);
		detach(conn);
		spin_unlock_bh(&conn->lock);
	}
	hstp_sk(sk)->conn = NULL;
	hstp_conn_put(conn);
	__sock_put(sk);		/* the connection's; the caller has another */
}

static void close_listener(struct sock *sk)
{
	struct hstp_listener *l = hstp_sk(sk)->listener;

	WRITE_ONCE(hstp_sk(sk)->listener, NULL);
	hstp_listen_stop(l);
}

/* The last descriptor is closed; @timeout: SO_LINGER, jiffies. */
static void hstp_close(struct sock *sk, long timeout)
{
	struct hstp_sock *hsk = hstp_sk(sk);

	lock_sock(sk);
	WRITE_ONCE(sk->sk_shutdown, SHUTDOWN_MASK);
	if (hsk->listener)
		close_listener(sk);
	else if (hsk->conn)
		close_conn(sk, hsk->conn, timeout);
	hstp_sock_show(sk, TCP_CLOSE);
	hsk->eof_held = false;
	release_sock(sk);
	sk_common_release(sk);
}

/* ABORT; returns what the user is to be told of it. */
static int abort_conn(struct sock *sk, struct hstp_conn *conn)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;
	int error = 0;

	spin_lock_bh(&conn->lock);
	hstp_conn_env(conn, &env);
	switch (conn->tcb.state) {
	case HSTP_CLOSED:
	case HSTP_CLOSING:
	case HSTP_LAST_ACK:
		break;
	default:
		error = ECONNRESET;
		break;
	}
	conn->sk = NULL;
	hstp_call_abort(&conn->tcb, HSTP_RESET_OUT_ABORT, HSTP_CAUSE_ABORT, &acts);
	hstp_act(conn, NULL, NULL, &env, &acts);
	spin_unlock_bh(&conn->lock);
	WRITE_ONCE(hstp_sk(sk)->conn, NULL);
	hstp_conn_put(conn);
	__sock_put(sk);
	return error;
}

/* connect() to AF_UNSPEC, a failed connect(), shutdown() of a listener or of a
 * connect() under way: the socket is as new, but keeps what bind() and
 * setsockopt() said. The caller owns it.
 */
static int hstp_disconnect(struct sock *sk, int flags)
{
	struct hstp_sock *hsk = hstp_sk(sk);
	struct inet_sock *inet = inet_sk(sk);
	int error = 0;

	if (hsk->listener)
		close_listener(sk);
	else if (hsk->conn)
		error = abort_conn(sk, hsk->conn);

	hstp_sock_show(sk, TCP_CLOSE);
	hsk->eof_held = false;
	if (error)
		WRITE_ONCE(sk->sk_err, error);
	inet->inet_dport = 0;
	if (!(sk->sk_userlocks & SOCK_BINDADDR_LOCK)) {
		inet->inet_rcv_saddr = 0;
		inet->inet_saddr = 0;
	}
	WRITE_ONCE(sk->sk_shutdown, 0);
	sock_reset_flag(sk, SOCK_DONE);
	sk_error_report(sk);
	return 0;
}

/* SO_BINDTODEVICE, maybe in the middle of things: what comes in elsewhere is no longer for
 * it. The caller owns the socket.
 */
static void hstp_rehash(struct sock *sk)
{
	struct hstp_listener *l = hstp_sk(sk)->listener;
	struct hstp_conn *conn = hstp_sk(sk)->conn;

	if (l)
		WRITE_ONCE(l->ifindex, sk->sk_bound_dev_if);
	if (!conn)
		return;
	spin_lock_bh(&conn->lock);
	conn->ifindex = sk->sk_bound_dev_if;
	hstp_conn_drop_route(conn);
	spin_unlock_bh(&conn->lock);
}

static void hstp_shutdown(struct sock *sk, int how)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	if (!(how & SEND_SHUTDOWN) || !conn)
		return;
	spin_lock_bh(&conn->lock);
	hstp_sock_options(sk, conn);
	hstp_conn_env(conn, &env);
	hstp_call_close(&conn->tcb, &acts);
	hstp_act(conn, NULL, NULL, &env, &acts);
	spin_unlock_bh(&conn->lock);
}

HSTP_PROTO_ACCEPT(hstp_accept)

struct proto hstp_prot = {
	.name = "HSTP",
	.owner = THIS_MODULE,
	.obj_size = sizeof(struct hstp_sock),
	.no_autobind = true,
	.init = hstp_init,
	.destroy = hstp_destroy,
	.pre_connect = hstp_pre_connect,
	.connect = hstp_connect,
	.accept = hstp_proto_accept(hstp_accept),
	.disconnect = hstp_disconnect,
	.shutdown = hstp_shutdown,
	.close = hstp_close,
	.sendmsg = hstp_sendmsg,
	.recvmsg = hstp_recvmsg,
	.ioctl = hstp_ioctl,
	.keepalive = hstp_set_keepalive,
	.setsockopt = hstp_setsockopt,
	.getsockopt = hstp_getsockopt,
	.release_cb = hstp_release_cb,
	.rehash = hstp_rehash,
	.get_port = hstp_port_get,
	.put_port = hstp_port_put,
	.unhash = hstp_port_put,
};

const struct proto_ops hstp_stream_ops = {
	.family = PF_INET,
	.owner = THIS_MODULE,
	.release = inet_release,
	.bind = inet_bind,
	.connect = inet_stream_connect,
	.socketpair = sock_no_socketpair,
	.accept = inet_accept,
	.getname = inet_getname,
	.poll = hstp_poll,
	.ioctl = inet_ioctl,
	.gettstamp = sock_gettstamp,
	.listen = hstp_listen,
	.shutdown = inet_shutdown,
	.setsockopt = sock_common_setsockopt,
	.getsockopt = sock_common_getsockopt,
	.sendmsg = inet_sendmsg,
	.recvmsg = inet_recvmsg,
	.mmap = sock_no_mmap,
	HSTP_NO_SENDPAGE
	.set_rcvlowat = hstp_set_rcvlowat,
	.set_peek_off = sk_set_peek_off,
};

static struct inet_protosw hstp_protosw = {
	.type = SOCK_STREAM,
	.prot = &hstp_prot,
	.ops = &hstp_stream_ops,
};

/**
 * hstp_socket_init() - let socket() make HSTP's sockets
 *
 * Context: hstp_protocol is set, every namespace is ready.
 *
 * Return: 0 or a negative errno.
 */
int hstp_socket_init(void)
{
	int err = proto_register(&hstp_prot, 1);

	if (err)
		return err;
	hstp_protosw.protocol = hstp_protocol;
	inet_register_protosw(&hstp_protosw);
	return 0;
}

/**
 * hstp_socket_exit() - no more sockets
 *
 * Context: module exit: each socket keeps the module, so none is left.
 */
void hstp_socket_exit(void)
{
	inet_unregister_protosw(&hstp_protosw);
	proto_unregister(&hstp_prot);
}
