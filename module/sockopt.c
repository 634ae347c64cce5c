// SPDX-License-Identifier: GPL-2.0
/* Options of level SOL_HSTP; numbers, values and errors are those of TCP. */
#include <linux/hstp.h>
#include <linux/tcp.h>
#include <linux/uaccess.h>
#include <net/ip.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "act.h"
#include "core/options.h"
#include "output.h"
#include "socket.h"

/* TCP's bounds of TCP_MAXSEG, bytes */
#define MAXSEG_MIN	88
#define MAXSEG_MAX	32767

static void set_nodelay(struct sock *sk, bool on)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	hstp_sk(sk)->nodelay = on;
	if (!conn)
		return;
	spin_lock_bh(&conn->lock);
	hstp_conn_env(conn, &env);
	conn->tcb.nodelay = on;
	if (on)
		acts.bits |= HSTP_ACT_OUTPUT;	/* what Nagle's algorithm held */
	hstp_act(conn, NULL, NULL, &env, &acts);
	spin_unlock_bh(&conn->lock);
}

/**
 * hstp_setsockopt() - set an option
 * @sk: socket
 * @level: SOL_HSTP; others are IP's
 * @name: HSTP_NODELAY, HSTP_MAXSEG
 * @val: an int
 * @len: bytes of @val
 *
 * Return: 0, -EINVAL, -EFAULT, -ENOPROTOOPT, and what IP says.
 */
int hstp_setsockopt(struct sock *sk, int level, int name, sockptr_t val, unsigned int len)
{
	int number, err = 0;

	/* A stream has two ends: it joins no group */
	if (level == SOL_IP && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP))
		return -EPROTO;
	if (level != SOL_HSTP)
		return ip_setsockopt(sk, level, name, val, len);
	if (len < sizeof(number))
		return -EINVAL;
	if (copy_from_sockptr(&number, val, sizeof(number)))
		return -EFAULT;

	lock_sock(sk);
	switch (name) {
	case HSTP_NODELAY:
		set_nodelay(sk, number);
		break;
	case HSTP_MAXSEG:
		if (number && (number < MAXSEG_MIN || number > MAXSEG_MAX))
			err = -EINVAL;
		else
			hstp_sk(sk)->mss = number;
		break;
	default:
		err = -ENOPROTOOPT;
		break;
	}
	release_sock(sk);
	return err;
}

static void fill_conn(struct tcp_info *info, struct hstp_conn *conn)
{
	const struct hstp_tcb *t = &conn->tcb;

	spin_lock_bh(&conn->lock);
	info->tcpi_retransmits = t->retries;
	info->tcpi_backoff = t->backoff;
	info->tcpi_rto = t->rto * USEC_PER_MSEC;
	info->tcpi_ato = conn->hn->settings.core.delack_ms * USEC_PER_MSEC;
	info->tcpi_snd_mss = t->mss;
	info->tcpi_rcv_mss = t->rcv_mss;
	info->tcpi_advmss = t->rcv_mss;
	if (t->mss)
		info->tcpi_unacked = DIV_ROUND_UP(t->snd_nxt - t->snd_una, t->mss);
	info->tcpi_pmtu = conn->dst ? dst_mtu(conn->dst) : 0;
	info->tcpi_rtt = t->srtt * USEC_PER_MSEC / 8;
	info->tcpi_rttvar = t->rttvar * USEC_PER_MSEC / 4;
	info->tcpi_notsent_bytes = hstp_text_unsent(t);
	info->tcpi_rcv_space = conn->rcvbuf / 2;
	info->tcpi_snd_wnd = t->snd_wnd;
	spin_unlock_bh(&conn->lock);
}

static void fill_info(struct sock *sk, struct tcp_info *info)
{
	const struct hstp_sock *hsk = hstp_sk(sk);

	memset(info, 0, sizeof(*info));
	info->tcpi_state = sk->sk_state;
	if (hsk->listener) {
		info->tcpi_unacked = READ_ONCE(hsk->listener->queued);
		info->tcpi_sacked = READ_ONCE(sk->sk_max_ack_backlog);
	} else if (hsk->conn) {
		fill_conn(info, hsk->conn);
	}
}

static int maxseg(const struct sock *sk)
{
	const struct hstp_sock *hsk = hstp_sk(sk);

	if (hsk->mss && ((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)))
		return hsk->mss;
	return hsk->conn ? READ_ONCE(hsk->conn->tcb.mss) : HSTP_MSS_DEFAULT;
}

static int give(const void *from, int size, int room, char __user *val, int __user *len)
{
	size = min_t(unsigned int, room, size);
	if (put_user(size, len))
		return -EFAULT;
	return copy_to_user(val, from, size) ? -EFAULT : 0;
}

/* IP_MTU: what is known of the way to the peer; IP itself would look for a route that
 * the socket keeps.
 */
static int path_mtu(struct sock *sk)
{
	struct hstp_conn *conn;
	int mtu = 0;

	lock_sock(sk);
	conn = hstp_sk(sk)->conn;
	if (conn) {
		spin_lock_bh(&conn->lock);
		if (conn->tcb.state != HSTP_CLOSED && hstp_output_route(conn))
			mtu = dst_mtu(conn->dst);
		spin_unlock_bh(&conn->lock);
	}
	release_sock(sk);
	return mtu;
}

/**
 * hstp_getsockopt() - read an option
 * @sk: socket
 * @level: SOL_HSTP; others are IP's
 * @name: HSTP_NODELAY, HSTP_MAXSEG, HSTP_INFO
 * @val: where the value goes
 * @len: bytes of room there; gets the bytes written
 *
 * Return: 0, -EINVAL, -EFAULT, -ENOPROTOOPT.
 */
int hstp_getsockopt(struct sock *sk, int level, int name, char __user *val, int __user *len)
{
	struct tcp_info info;
	int room, number;

	if (level != SOL_HSTP && !(level == SOL_IP && name == IP_MTU))
		return ip_getsockopt(sk, level, name, val, len);
	if (get_user(room, len))
		return -EFAULT;
	if (room < 0)
		return -EINVAL;
	if (level == SOL_IP) {
		number = path_mtu(sk);
		return number ? give(&number, sizeof(number), room, val, len) : -ENOTCONN;
	}

	switch (name) {
	case HSTP_NODELAY:
		number = hstp_sk(sk)->nodelay;
		break;
	case HSTP_MAXSEG:
		lock_sock(sk);
		number = maxseg(sk);
		release_sock(sk);
		break;
	case HSTP_INFO:
		lock_sock(sk);
		fill_info(sk, &info);
		release_sock(sk);
		return give(&info, sizeof(info), room, val, len);
	default:
		return -ENOPROTOOPT;
	}
	return give(&number, sizeof(number), room, val, len);
}

/**
 * hstp_set_rcvlowat() - SO_RCVLOWAT
 * @sk: socket, owned
 * @val: bytes, not negative
 *
 * More than the receive buffer holds would never arrive.
 *
 * Return: 0.
 */
int hstp_set_rcvlowat(struct sock *sk, int val)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;

	val = min3(val, READ_ONCE(sk->sk_rcvbuf) / 2, HSTP_WINDOW_MAX);
	WRITE_ONCE(sk->sk_rcvlowat, val ? val : 1);
	if (!conn)
		return 0;
	spin_lock_bh(&conn->lock);
	hstp_sock_readable(sk);
	spin_unlock_bh(&conn->lock);
	return 0;
}
