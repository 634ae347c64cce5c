// SPDX-License-Identifier: GPL-2.0
/* Options of level SOL_HSTP; numbers, values and errors are those of TCP. */
#include <linux/hstp.h>
#include <linux/tcp.h>
#include <linux/uaccess.h>
#include <net/ip.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "act.h"
#include "core/congestion.h"
#include "core/options.h"
#include "ipopt.h"
#include "output.h"
#include "socket.h"

/* TCP's bounds of TCP_MAXSEG, bytes */
#define MAXSEG_MIN	88
#define MAXSEG_MAX	32767

/* TCP's bounds */
#define KEEP_SECONDS_MAX	32767
#define KEEP_PROBES_MAX		127
#define SYNCNT_MAX		127
#define LINGER2_MAX		120

/* ACKs that HSTP_QUICKACK does not delay: what belongs together, but not for ever. */
#define QUICK_ACKS	16

/* TCP's name length, bytes */
#define CONGESTION_NAME	16

/* What a change means for a connection. */
enum effect {
	EFFECT_NONE,
	EFFECT_SEND,		/* something may go that was held back */
	EFFECT_PUSH,		/* all that was held back goes */
	EFFECT_KEEPALIVE,	/* its timer starts anew */
	EFFECT_QUICK,		/* ACKs are not delayed */
	EFFECT_CONGESTION,	/* another algorithm begins */
};

static void apply(struct sock *sk, enum effect effect)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	if (!conn)
		return;
	spin_lock_bh(&conn->lock);
	conn->tcb.tune = hstp_sock_tuning(sk);
	hstp_conn_env(conn, &env);
	if (effect == EFFECT_SEND || effect == EFFECT_PUSH)
		acts.bits |= HSTP_ACT_OUTPUT;
	if (effect == EFFECT_PUSH && hstp_text_unsent(&conn->tcb))
		conn->tcb.push = 1;
	if (effect == EFFECT_KEEPALIVE)
		hstp_keepalive_start(&conn->tcb, &env);
	if (effect == EFFECT_QUICK)
		hstp_call_quick(&conn->tcb, hstp_sk(sk)->quick, &acts);
	if (effect == EFFECT_CONGESTION)
		hstp_congestion_begin(&conn->tcb);
	hstp_act(conn, NULL, NULL, &env, &acts);
	spin_unlock_bh(&conn->lock);
}

/**
 * hstp_set_keepalive() - SO_KEEPALIVE
 * @sk: socket, owned
 * @val: on or off
 */
void hstp_set_keepalive(struct sock *sk, int val)
{
	hstp_sk(sk)->tune.keepalive = !!val;
	apply(sk, EFFECT_KEEPALIVE);
}

/* As TCP: @seconds are so many retransmissions, which double from a second on. */
static u8 seconds_to_retries(int seconds)
{
	int step = 1, sum = 1;
	u8 count;

	if (seconds <= 0)
		return 0;
	for (count = 1; seconds > sum && count < 255; count++) {
		step = min(2 * step, 120);
		sum += step;
	}
	return count;
}

static int retries_to_seconds(u8 count)
{
	int step = 1, sum = 1;

	if (!count)
		return 0;
	while (--count) {
		step = min(2 * step, 120);
		sum += step;
	}
	return sum;
}

static int set_window_clamp(struct sock *sk, int val)
{
	if (!val && sk->sk_state != TCP_CLOSE)
		return -EINVAL;
	hstp_sk(sk)->tune.window_clamp = val ? max_t(u32, val, SOCK_MIN_RCVBUF / 2) : 0;
	apply(sk, EFFECT_NONE);
	return 0;
}

static bool within(int val, int low, int high)
{
	return val >= low && val <= high;
}

/* An option whose value is an int. */
static int set_int(struct sock *sk, int name, int val)
{
	struct hstp_sock *hsk = hstp_sk(sk);
	struct hstp_tuning *tune = &hsk->tune;
	enum effect effect = EFFECT_NONE;

	switch (name) {
	case HSTP_NODELAY:
		tune->nodelay = !!val;
		effect = val ? EFFECT_PUSH : EFFECT_NONE;
		break;
	case HSTP_CORK:
		tune->cork = !!val;
		effect = val ? EFFECT_NONE : EFFECT_SEND;
		break;
	case HSTP_MAXSEG:
		if (val && !within(val, MAXSEG_MIN, MAXSEG_MAX))
			return -EINVAL;
		hsk->mss = val;
		return 0;
	case HSTP_KEEPIDLE:
		if (!within(val, 1, KEEP_SECONDS_MAX))
			return -EINVAL;
		tune->keep_idle_s = val;
		effect = EFFECT_KEEPALIVE;
		break;
	case HSTP_KEEPINTVL:
		if (!within(val, 1, KEEP_SECONDS_MAX))
			return -EINVAL;
		tune->keep_intvl_s = val;
		break;
	case HSTP_KEEPCNT:
		if (!within(val, 1, KEEP_PROBES_MAX))
			return -EINVAL;
		tune->keep_probes = val;
		break;
	case HSTP_SYNCNT:
		if (!within(val, 1, SYNCNT_MAX))
			return -EINVAL;
		tune->syn_retries = val;
		break;
	case HSTP_LINGER2:
		tune->linger2_s = clamp(val, -1, LINGER2_MAX);
		break;
	case HSTP_DEFER_ACCEPT:
		WRITE_ONCE(hsk->defer, seconds_to_retries(val));
		return 0;
	case HSTP_WINDOW_CLAMP:
		return set_window_clamp(sk, val);
	case HSTP_QUICKACK:
		WRITE_ONCE(hsk->quickack, !!val);
		WRITE_ONCE(hsk->quick, val ? QUICK_ACKS : 0);
		effect = EFFECT_QUICK;
		break;
	case HSTP_USER_TIMEOUT:
		if (val < 0)
			return -EINVAL;
		tune->user_timeout_ms = val;
		break;
	default:
		return -ENOPROTOOPT;
	}
	apply(sk, effect);
	return 0;
}

static int set_congestion(struct sock *sk, sockptr_t val, unsigned int len)
{
	char name[CONGESTION_NAME];
	int number;
	long n;

	if (len < 1)
		return -EINVAL;
	n = strncpy_from_sockptr(name, val, min_t(long, sizeof(name) - 1, len));
	if (n < 0)
		return -EFAULT;
	name[n] = 0;
	number = hstp_congestion_find(name);
	if (number < 0)
		return -ENOENT;

	lock_sock(sk);
	hstp_sk(sk)->tune.congestion = number;
	apply(sk, EFFECT_CONGESTION);
	release_sock(sk);
	return 0;
}

/* What the security leaves room for. */
static int set_ip_options(struct sock *sk, sockptr_t val, unsigned int len)
{
	int err;

	lock_sock(sk);
	err = ALIGN(len, 4) + hstp_ipopt_security_len(&hstp_sk(sk)->security) > HSTP_IPOPT_MAX ?
	      -EINVAL : 0;
	release_sock(sk);
	if (!err)
		err = ip_setsockopt(sk, SOL_IP, IP_OPTIONS, val, len);
	if (err)
		return err;
	lock_sock(sk);
	err = hstp_ipopt_changed(sk);
	release_sock(sk);
	return err;
}

static int set_security(struct sock *sk, sockptr_t val, unsigned int len)
{
	struct hstp_security new, old;
	int err;

	if (len < sizeof(new))
		return -EINVAL;
	if (copy_from_sockptr(&new, val, sizeof(new)))
		return -EFAULT;
	err = hstp_ipopt_security_check(&new);
	if (err)
		return err;
	if (new.level && !sockopt_ns_capable(sock_net(sk)->user_ns, CAP_NET_RAW))
		return -EPERM;

	lock_sock(sk);
	err = -EISCONN;
	if (sk->sk_state != TCP_CLOSE || hstp_sk(sk)->conn)
		goto out;
	old = hstp_sk(sk)->security;
	hstp_sk(sk)->security = new;
	err = hstp_ipopt_changed(sk);
	if (err)
		hstp_sk(sk)->security = old;
out:
	release_sock(sk);
	return err;
}

/**
 * hstp_setsockopt() - set an option
 * @sk: socket
 * @level: SOL_HSTP; others are IP's
 * @name: of linux/hstp.h
 * @val: an int, a name for HSTP_CONGESTION, or a struct hstp_security
 * @len: bytes of @val
 *
 * Return: 0, -EINVAL, -EFAULT, -ENOPROTOOPT, -ENOENT for an algorithm that is not
 * there, -EISCONN and -EPERM for security, and what IP says.
 */
int hstp_setsockopt(struct sock *sk, int level, int name, sockptr_t val, unsigned int len)
{
	int number, err;

	/* A stream has two ends: it joins no group */
	if (level == SOL_IP && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP))
		return -EPROTO;
	if (level == SOL_IP && name == IP_OPTIONS)
		return set_ip_options(sk, val, len);
	if (level != SOL_HSTP)
		return ip_setsockopt(sk, level, name, val, len);
	if (name == HSTP_SECURITY)
		return set_security(sk, val, len);
	if (name == HSTP_CONGESTION)
		return set_congestion(sk, val, len);
	if (len < sizeof(number))
		return -EINVAL;
	if (copy_from_sockptr(&number, val, sizeof(number)))
		return -EFAULT;

	lock_sock(sk);
	err = set_int(sk, name, number);
	release_sock(sk);
	return err;
}

static int maxseg(const struct sock *sk)
{
	const struct hstp_sock *hsk = hstp_sk(sk);

	if (hsk->mss && ((1 << sk->sk_state) & (TCPF_CLOSE | TCPF_LISTEN)))
		return hsk->mss;
	return hsk->conn ? READ_ONCE(hsk->conn->tcb.mss) : HSTP_MSS_DEFAULT;
}

static int window_clamp(const struct hstp_sock *hsk)
{
	struct hstp_env env;

	if (hsk->tune.window_clamp || !hsk->conn)
		return hsk->tune.window_clamp;
	spin_lock_bh(&hsk->conn->lock);
	hstp_conn_env(hsk->conn, &env);
	spin_unlock_bh(&hsk->conn->lock);
	return env.buffer;
}

static int get_int(const struct sock *sk, int name, int *val)
{
	const struct hstp_config *cfg = &hstp_pernet(sock_net(sk))->settings.core;
	const struct hstp_sock *hsk = hstp_sk(sk);
	const struct hstp_tuning *tune = &hsk->tune;

	switch (name) {
	case HSTP_NODELAY:
		*val = tune->nodelay;
		break;
	case HSTP_CORK:
		*val = tune->cork;
		break;
	case HSTP_MAXSEG:
		*val = maxseg(sk);
		break;
	case HSTP_KEEPIDLE:
		*val = tune->keep_idle_s ?: READ_ONCE(cfg->keepalive_time);
		break;
	case HSTP_KEEPINTVL:
		*val = tune->keep_intvl_s ?: READ_ONCE(cfg->keepalive_intvl);
		break;
	case HSTP_KEEPCNT:
		*val = tune->keep_probes ?: READ_ONCE(cfg->keepalive_probes);
		break;
	case HSTP_SYNCNT:
		*val = tune->syn_retries ?: READ_ONCE(cfg->syn_retries);
		break;
	case HSTP_LINGER2:
		*val = tune->linger2_s ?: READ_ONCE(cfg->fin_timeout_ms) / (int)MSEC_PER_SEC;
		break;
	case HSTP_DEFER_ACCEPT:
		*val = retries_to_seconds(hsk->defer);
		break;
	case HSTP_WINDOW_CLAMP:
		*val = window_clamp(hsk);
		break;
	case HSTP_QUICKACK:
		*val = hsk->quickack;
		break;
	case HSTP_USER_TIMEOUT:
		*val = tune->user_timeout_ms;
		break;
	default:
		return -ENOPROTOOPT;
	}
	return 0;
}

static int give(const void *from, int size, int room, char __user *val, int __user *len)
{
	size = min_t(unsigned int, room, size);
	if (put_user(size, len))
		return -EFAULT;
	return copy_to_user(val, from, size) ? -EFAULT : 0;
}

static int get_congestion(const struct sock *sk, int room, char __user *val, int __user *len)
{
	char name[CONGESTION_NAME] = {};

	strscpy(name, hstp_congestions[hstp_sk(sk)->tune.congestion]->name, sizeof(name));
	return give(name, sizeof(name), room, val, len);
}

static int get_security(struct sock *sk, int room, char __user *val, int __user *len)
{
	struct hstp_security security;

	lock_sock(sk);
	security = hstp_sk(sk)->security;
	release_sock(sk);
	return give(&security, sizeof(security), room, val, len);
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
 * @name: of linux/hstp.h
 * @val: where the value goes
 * @len: bytes of room there; gets the bytes written
 *
 * Return: 0, -EINVAL, -EFAULT, -ENOPROTOOPT.
 */
int hstp_getsockopt(struct sock *sk, int level, int name, char __user *val, int __user *len)
{
	struct tcp_info info;
	int room, number, err;

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
	if (name == HSTP_CONGESTION)
		return get_congestion(sk, room, val, len);
	if (name == HSTP_SECURITY)
		return get_security(sk, room, val, len);
	if (name == HSTP_INFO) {
		lock_sock(sk);
		hstp_info(sk, &info);
		release_sock(sk);
		return give(&info, sizeof(info), room, val, len);
	}

	lock_sock(sk);
	err = get_int(sk, name, &number);
	release_sock(sk);
	return err ? err : give(&number, sizeof(number), room, val, len);
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

	val = min(val, READ_ONCE(sk->sk_rcvbuf) / 2);
	WRITE_ONCE(sk->sk_rcvlowat, val ? val : 1);
	if (!conn)
		return 0;
	spin_lock_bh(&conn->lock);
	hstp_sock_readable(sk);
	spin_unlock_bh(&conn->lock);
	return 0;
}
