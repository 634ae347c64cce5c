// SPDX-License-Identifier: GPL-2.0
/* How a socket gets its connection: connect(), listen(), accept(). */
#include <linux/cred.h>
#include <linux/in.h>
#include <linux/security.h>
#include <net/inet_common.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "act.h"
#include "buffers.h"
#include "compat.h"
#include "filter.h"
#include "ident.h"
#include "ipopt.h"
#include "ipv4.h"
#include "output.h"
#include "socket.h"

static void set_mss(const struct hstp_sock *hsk, struct hstp_conn *conn)
{
	conn->tcb.rcv_mss = hstp_output_mss(conn->dst, hsk->mss);
	conn->tcb.snd_mss = hsk->mss ?: U16_MAX;
	conn->tcb.ip_options = hstp_ipopt_words(conn->ipopt);
	hstp_path_mss(&conn->tcb, hstp_ipv4_mss(conn->dst));
}

/* A connection with its route, not yet with a port. */
static struct hstp_conn *prepare(struct sock *sk, const struct sockaddr_in *to)
{
	struct inet_sock *inet = inet_sk(sk);
	struct hstp_net *hn = hstp_pernet(sock_net(sk));
	struct hstp_conn *conn = hstp_conn_new(hn, GFP_KERNEL);
	struct hstp_way way;
	int err;

	if (!conn)
		return ERR_PTR(-ENOMEM);
	ipv6_addr_set_v4mapped(inet->inet_saddr, &conn->tuple.laddr);
	ipv6_addr_set_v4mapped(to->sin_addr.s_addr, &conn->tuple.faddr);
	conn->tuple.lport = htons(inet->inet_num);
	conn->tuple.fport = to->sin_port;
	hstp_sock_options(sk, conn);
	conn->ifindex = sk->sk_bound_dev_if;
	conn->uid = sk->sk_uid;
	conn->accepted = true;
	conn->tcb.tune = hstp_sock_tuning(sk);
	err = hstp_ipopt_of_sock(sk, &conn->ipopt);
	if (err)
		goto put;
	hstp_output_way(conn, &way);
	err = hstp_ipv4_source(hn, &conn->tuple, &way, &conn->dst);
	if (err)
		goto put;
	set_mss(hstp_sk(sk), conn);
	return conn;

put:
	hstp_conn_put(conn);
	return ERR_PTR(err);
}

static void set_names(struct sock *sk, const struct hstp_tuple *tuple)
{
	struct inet_sock *inet = inet_sk(sk);

	inet->inet_saddr = tuple->laddr.s6_addr32[3];
	inet->inet_rcv_saddr = tuple->laddr.s6_addr32[3];
	inet->inet_sport = tuple->lport;
	inet->inet_num = ntohs(tuple->lport);
	inet->inet_daddr = tuple->faddr.s6_addr32[3];
	inet->inet_dport = tuple->fport;
}

/* OPEN, once the connection is in the table. The SYN may be answered before
 * this returns.
 */
static void open_conn(struct sock *sk, struct hstp_conn *conn)
	__must_hold(&conn->lock)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	set_names(sk, &conn->tuple);
	WRITE_ONCE(hstp_sk(sk)->conn, conn);
	sock_hold(sk);
	conn->sk = sk;
	sk->sk_state = TCP_SYN_SENT;
	hstp_conn_env(conn, &env);
	env.buffer_max = hstp_buffer_max(conn->hn, conn->recvq.limit, &conn->tcb.tune,
					 hstp_buffer_fixed(sk));
	env.iss = hstp_ident_isn(conn->hn, &conn->tuple);
	if (conn->successor && !hstp_after(env.iss, conn->tcb.iss))
		env.iss = conn->tcb.iss + 1;
	env.ts_offset = hstp_ident_stamps(conn->hn, &conn->tuple);
	hstp_call_open_active(&conn->tcb, &env, &acts);
	memset(&hstp_sk(sk)->meter, 0, sizeof(hstp_sk(sk)->meter));
	sk_peek_offset_bwd(sk, INT_MAX);	/* what was peeked at is another stream's */
	hstp_meter_start(&hstp_sk(sk)->meter, &conn->tcb, &conn->early, env.now);
	hstp_act(conn, NULL, NULL, &env, &acts);
}

/**
 * hstp_pre_connect() - a cgroup's program may change the peer, or refuse it
 * @sk: socket, owned
 * @uaddr: the peer
 * @addr_len: its length, bytes
 *
 * inet_stream_connect() asks when there is any such program.
 *
 * Return: 0; -EINVAL; -EPERM.
 */
int hstp_pre_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	if (addr_len < (int)sizeof(struct sockaddr_in))
		return -EINVAL;
	return hstp_cgroup_connect4(sk, uaddr, addr_len);
}

/**
 * hstp_connect() - begin an active open
 * @sk: socket, owned, in TCP_CLOSE
 * @uaddr: the peer
 * @addr_len: its length, bytes
 *
 * inet_stream_connect() has looked at the socket's state, and waits after this.
 *
 * Return: 0; -EINVAL, -EAFNOSUPPORT, -ENETUNREACH and what else routing says;
 * -EADDRNOTAVAIL when no port is free; -ENOMEM.
 */
int hstp_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len)
{
	const struct sockaddr_in *to = (struct sockaddr_in *)uaddr;
	struct hstp_conn *conn;
	int err;

	if (addr_len < sizeof(*to))
		return -EINVAL;
	if (to->sin_family != AF_INET)
		return -EAFNOSUPPORT;
	/* A dead connection is gone: disconnect() comes before another connect() */
	if (WARN_ON_ONCE(hstp_sk(sk)->conn))
		return -EISCONN;

	conn = prepare(sk, to);
	if (IS_ERR(conn))
		return PTR_ERR(conn);
	spin_lock_bh(&conn->lock);
	err = hstp_port_connect(sk, conn);
	if (!err)
		open_conn(sk, conn);
	spin_unlock_bh(&conn->lock);
	if (err)
		hstp_conn_put(conn);
	return err;
}

static int start_listening(struct sock *sk, u32 backlog)
{
	struct inet_sock *inet = inet_sk(sk);
	struct hstp_listener *l;
	struct in6_addr laddr;
	int err;

	if (!inet->inet_num) {
		err = hstp_port_get(sk, 0);
		if (err)
			return err;
		inet->inet_sport = htons(inet->inet_num);
	} else if (hstp_port_listen_conflict(sk)) {
		return -EADDRINUSE;
	}

	ipv6_addr_set_v4mapped(inet->inet_rcv_saddr, &laddr);
	sk->sk_state = TCP_LISTEN;
	err = hstp_listen_start(sk, hstp_pernet(sock_net(sk)), &laddr, inet->inet_sport,
				sk->sk_bound_dev_if, backlog, &l);
	if (err) {
		sk->sk_state = TCP_CLOSE;
		return err;
	}
	WRITE_ONCE(hstp_sk(sk)->listener, l);
	/* Whoever polled meanwhile saw LISTEN, but no queue */
	if (hstp_listen_waiting(l))
		sk->sk_data_ready(sk);
	return 0;
}

/**
 * hstp_listen() - passive open
 * @sock: socket
 * @backlog: how many connections may wait for accept(), less one
 *
 * On a socket that listens already only the backlog changes.
 *
 * Return: 0; -EINVAL on a connected socket; -EADDRINUSE; -ENOMEM.
 */
int hstp_listen(struct socket *sock, int backlog)
{
	struct sock *sk = sock->sk;
	struct hstp_listener *l;
	int err = -EINVAL;

	lock_sock(sk);
	if (sock->state != SS_UNCONNECTED || sock->type != SOCK_STREAM)
		goto out;
	if (!((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)))
		goto out;

	WRITE_ONCE(sk->sk_max_ack_backlog, backlog);
	l = hstp_sk(sk)->listener;
	if (!l) {
		err = start_listening(sk, backlog);
		goto out;
	}
	spin_lock_bh(&l->lock);
	l->backlog = backlog;
	spin_unlock_bh(&l->lock);
	err = 0;
out:
	release_sock(sk);
	return err;
}

static int look_for_connection(const struct sock *sk)
{
	if (sk->sk_state != TCP_LISTEN)
		return -EINVAL;
	return hstp_listen_waiting(hstp_sk(sk)->listener) ? 0 : -EAGAIN;
}

/* Until a connection waits. Of several callers each connection wakes one. */
static int wait_for_connection(struct sock *sk, long timeo)
{
	int err = look_for_connection(sk);
	DEFINE_WAIT(wait);

	if (err != -EAGAIN || !timeo)
		return err;
	for (;;) {
		prepare_to_wait_exclusive(sk_sleep(sk), &wait, TASK_INTERRUPTIBLE);
		err = look_for_connection(sk);
		if (err != -EAGAIN)
			break;
		if (signal_pending(current)) {
			err = sock_intr_errno(timeo);
			break;
		}
		if (!timeo)
			break;
		release_sock(sk);
		timeo = schedule_timeout(timeo);
		lock_sock(sk);
	}
	finish_wait(sk_sleep(sk), &wait);
	return err;
}

/* Options that are a bit each, of no connection but of the socket alone. */
#define INHERITED_FLAGS							\
	(BIT(SOCK_LINGER) | BIT(SOCK_URGINLINE) | BIT(SOCK_BROADCAST) |	\
	 BIT(SOCK_LOCALROUTE) | BIT(SOCK_DBG) | BIT(SOCK_RXQ_OVFL) |	\
	 BIT(SOCK_RCVMARK) | BIT(SOCK_SELECT_ERR_QUEUE) |		\
	 BIT(SOCK_FILTER_LOCKED) | BIT(SOCK_RCVTSTAMP) |		\
	 BIT(SOCK_RCVTSTAMPNS) | BIT(SOCK_TSTAMP_NEW) | SK_FLAGS_TIMESTAMP)

/* What accept()'s socket has from the listening one as that is now: what the socket alone
 * goes by. What its connection goes by was taken from the listener when the handshake ended, and
 * is told as the connection has it, see take_over().
 */
static void inherit(struct sock *sk, const struct sock *from)
{
	struct inet_sock *inet = inet_sk(sk);
	const struct inet_sock *parent = inet_sk(from);

	sk->sk_type = from->sk_type;
	sk->sk_protocol = from->sk_protocol;
	sk->sk_destruct = inet_sock_destruct;
	sk->sk_uid = from->sk_uid;
	sk->sk_no_check_tx = from->sk_no_check_tx;
	sk->sk_allocation = from->sk_allocation;
	sk->sk_userlocks = from->sk_userlocks & ~(SOCK_BINDPORT_LOCK | SOCK_RCVBUF_LOCK);
	sk->sk_sndbuf = from->sk_sndbuf;
	sk->sk_rcvlowat = from->sk_rcvlowat;
	sk->sk_rcvtimeo = from->sk_rcvtimeo;
	sk->sk_sndtimeo = from->sk_sndtimeo;
	sk->sk_lingertime = from->sk_lingertime;
	sk->sk_pacing_rate = from->sk_pacing_rate;
	sk->sk_max_pacing_rate = from->sk_max_pacing_rate;
	sk->sk_flags |= from->sk_flags & INHERITED_FLAGS;
	sk->sk_tsflags = from->sk_tsflags;
	sk->sk_bind_phc = from->sk_bind_phc;
	/* sk_destruct() takes it back */
	if (unlikely(sk->sk_flags & SK_FLAGS_TIMESTAMP))
		net_enable_timestamp();

	inet->mc_ttl = parent->mc_ttl;
	inet->mc_index = parent->mc_index;
	hstp_inet_inherit(sk, from);

	hstp_sk(sk)->mss = hstp_sk(from)->mss;
	hstp_sk(sk)->security = hstp_sk(from)->security;
	hstp_filter_inherit(sk, from);
	security_sk_clone(from, sk);
}

/* What hstp_passive_establish() gave the connection, as options of its socket: what they say is
 * what it does.
 */
static void take_over(struct sock *sk, const struct hstp_conn *conn)
{
	struct inet_sock *inet = inet_sk(sk);

	sk->sk_bound_dev_if = conn->ifindex;
	sk->sk_mark = conn->mark;
	sk->sk_rcvbuf = conn->recvq.limit;
	if (conn->rcvbuf_fixed)
		sk->sk_userlocks |= SOCK_RCVBUF_LOCK;
	sk->sk_reuse = conn->reuse & HSTP_REUSE_ADDR ? SK_CAN_REUSE : SK_NO_REUSE;
	sk->sk_reuseport = !!(conn->reuse & HSTP_REUSE_PORT);
	inet->tos = conn->tos;	/* the SYN may have raised the precedence */
	inet->uc_ttl = conn->ttl;
	inet->pmtudisc = conn->pmtudisc;

	hstp_sk(sk)->tune = conn->tcb.tune;
	hstp_sk(sk)->quickack = conn->quickack;
	hstp_inet_set_transparent(sk, conn->tcb.tune.transparent);
	sock_valbool_flag(sk, SOCK_KEEPOPEN, conn->tcb.tune.keepalive);
}

static struct sock *new_socket(const struct sock *from, bool kern)
{
	struct sock *sk = sk_alloc(sock_net(from), PF_INET, GFP_KERNEL, &hstp_prot, kern);

	if (!sk)
		return NULL;
	sock_init_data(NULL, sk);
	hstp_prot.init(sk);
	inherit(sk, from);
	return sk;
}

/* The connection has lived without a socket until now, and may be dead. */
static void attach(struct sock *sk, struct hstp_conn *conn)
{
	struct hstp_listener *l;
	u32 now = hstp_now_ms();
	u8 state;

	set_names(sk, &conn->tuple);
	WRITE_ONCE(hstp_sk(sk)->conn, conn);
	spin_lock_bh(&conn->lock);
	hstp_meter_start(&hstp_sk(sk)->meter, &conn->tcb, &conn->early, now);
	conn->accepted = true;
	l = conn->listener;
	conn->listener = NULL;
	WRITE_ONCE(conn->uid, current_fsuid());	/* what sock_graft() makes of the socket's */
	hstp_rounds_start(&conn->rounds, &conn->tcb, now, conn->recvq.bytes);
	sock_hold(sk);
	conn->sk = sk;
	inet_sk(sk)->rcv_tos = conn->rcv_tos;	/* for IP_PKTOPTIONS */
	if (conn->ipopt)
		rcu_assign_pointer(inet_sk(sk)->inet_opt, hstp_ipopt_for_user(conn));
	take_over(sk, conn);
	state = hstp_tcp_states[conn->tcb.state];
	if (conn->eof) {
		sk->sk_shutdown = RCV_SHUTDOWN;
		sock_set_flag(sk, SOCK_DONE);
	}
	if (state == TCP_CLOSE) {
		WRITE_ONCE(sk->sk_err, conn->dead_error);
		sk->sk_shutdown = SHUTDOWN_MASK;
	} else if (unlikely(hstp_tcp_closing(state))) {
		/* conn-close came first: inet_accept() knows of no such thing and warns. It is
		 * shown what an open one would be; its release_sock() shows the state.
		 */
		hstp_sk(sk)->state_next = state;
		hstp_sk(sk)->state_held = true;
		state = conn->eof ? TCP_CLOSE_WAIT : TCP_ESTABLISHED;
	}
	/* Pairs with inet_sk_state_load(): who sees the state sees what came with it */
	smp_store_release(&sk->sk_state, state);
	spin_unlock_bh(&conn->lock);
	hstp_listen_put(l);
}

/**
 * hstp_accept() - make a socket for the connection that has waited longest
 * @sk: listening socket
 * @flags: O_NONBLOCK
 * @err: gets -EINVAL when @sk does not listen, -EAGAIN, -EINTR or -ERESTARTSYS,
 *	-ENOMEM
 * @kern: the kernel asks for itself
 *
 * Context: process.
 *
 * Return: the new socket, or NULL.
 */
struct sock *hstp_accept(struct sock *sk, int flags, int *err, bool kern)
{
	struct sock *newsk = NULL;
	struct hstp_conn *conn;

	lock_sock(sk);
	*err = wait_for_connection(sk, sock_rcvtimeo(sk, flags & O_NONBLOCK));
	if (*err)
		goto out;
	newsk = new_socket(sk, kern);
	if (!newsk) {
		*err = -ENOMEM;
		goto out;
	}
	/* accept() alone takes from the queue, and we own the socket */
	conn = hstp_listen_dequeue(hstp_sk(sk)->listener);
	attach(newsk, conn);
out:
	release_sock(sk);
	return newsk;
}
