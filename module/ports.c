// SPDX-License-Identifier: GPL-2.0
/* Local ports: which of them bind() may have, and which connect() chooses. */
#include <linux/bitmap.h>
#include <linux/hash.h>
#include <linux/random.h>
#include <net/ip.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "ident.h"
#include "socket.h"

/* connect() lets others run after so many ports that were taken */
#define TRIES_AT_ONCE	64

static struct hlist_head *port_bucket(struct hstp_net *hn, u16 port)
{
	return &hn->ports[port % HSTP_PORT_BUCKETS];
}

static bool same_device(const struct sock *a, const struct sock *b)
{
	int of_b = READ_ONCE(b->sk_bound_dev_if);

	return !a->sk_bound_dev_if || !of_b || a->sk_bound_dev_if == of_b;
}

static bool same_address(const struct sock *a, const struct sock *b)
{
	__be32 of_a = inet_sk(a)->inet_rcv_saddr;
	__be32 of_b = inet_sk(b)->inet_rcv_saddr;

	return !of_a || !of_b || of_a == of_b;
}

static bool both_reuse(const struct sock *a, const struct sock *b)
{
	return a->sk_reuse && b->sk_reuse && READ_ONCE(b->sk_state) != TCP_LISTEN;
}

/* Listeners, too: they form a group. */
static bool both_reuseport(const struct sock *a, const struct sock *b)
{
	return a->sk_reuseport && b->sk_reuseport && uid_eq(a->sk_uid, b->sk_uid);
}

/* @share: SO_REUSEADDR and SO_REUSEPORT count. Under hn->port_lock. */
static bool bound_by_other(struct hstp_net *hn, const struct sock *sk, u16 port, bool share)
{
	const struct hstp_sock *hsk;

	hlist_for_each_entry(hsk, port_bucket(hn, port), bind_node) {
		const struct sock *other = &hsk->inet.sk;

		if (other == sk || hsk->bound_port != port)
			continue;
		if (!same_device(sk, other) || !same_address(sk, other))
			continue;
		if (!share || !(both_reuse(sk, other) || both_reuseport(sk, other)))
			return true;
	}
	return false;
}

/* One that shares nothing. */
static struct hstp_claim claim_of(const struct sock *sk)
{
	struct hstp_claim claim = { .ifindex = sk->sk_bound_dev_if, .uid = sk->sk_uid };

	ipv6_addr_set_v4mapped(inet_sk(sk)->inet_rcv_saddr, &claim.laddr);
	return claim;
}

/* Connections, and TIME-WAIT's records, have no socket that says so. @share: as for
 * bound_by_other().
 */
static bool used_by_connection(struct hstp_net *hn, const struct sock *sk, u16 port, bool share)
{
	struct hstp_claim claim = claim_of(sk);

	if (share)
		claim.reuse = hstp_sock_reuse(sk);
	return hstp_conn_port_used(hn, &claim, htons(port));
}

static bool take(struct hstp_net *hn, struct sock *sk, u16 port, bool share)
{
	struct hstp_sock *hsk = hstp_sk(sk);
	bool taken;

	spin_lock_bh(&hn->port_lock);
	taken = bound_by_other(hn, sk, port, share);
	if (!taken) {
		hlist_add_head(&hsk->bind_node, port_bucket(hn, port));
		hsk->bound_port = port;
		inet_sk(sk)->inet_num = port;
	}
	spin_unlock_bh(&hn->port_lock);
	return !taken;
}

static void port_range(const struct hstp_net *hn, u32 *min, u32 *count)
{
	u32 first = READ_ONCE(hn->settings.port_min);
	u32 last = READ_ONCE(hn->settings.port_max);

	*min = first;
	*count = last >= first ? last - first + 1 : 1;
}

static unsigned long *ports_of_connections(struct hstp_net *hn, const struct sock *sk)
{
	unsigned long *used = bitmap_zalloc(HSTP_PORTS, GFP_KERNEL);
	struct hstp_claim claim = claim_of(sk);

	if (used)
		hstp_conn_ports_used(hn, &claim, used);
	return used;
}

/* Looking through the table is expensive: when the first port is taken there, one
 * look gets all others that are. After that only who comes meanwhile can be in the way.
 */
static int take_any(struct hstp_net *hn, struct sock *sk)
{
	unsigned long *used = NULL;
	u32 min, count, offset, i;
	int err = -EADDRINUSE;

	port_range(hn, &min, &count);
	offset = get_random_u32();
	for (i = 0; i < count; i++) {
		u16 port = min + (offset + i) % count;

		cond_resched();
		if (inet_is_local_reserved_port(sock_net(sk), port))
			continue;
		if ((used && test_bit(port, used)) || !take(hn, sk, port, false))
			continue;
		if (!used_by_connection(hn, sk, port, false)) {
			err = 0;
			break;
		}
		hstp_port_put(sk);
		if (used)
			continue;
		used = ports_of_connections(hn, sk);
		if (!used) {
			err = -ENOMEM;
			break;
		}
	}
	bitmap_free(used);
	return err;
}

/**
 * hstp_port_get() - bind a socket to a port
 * @sk: socket, owned, without a port; its address is set
 * @port: host order; 0: any that is free
 *
 * Two sockets may have a port when they are bound to different addresses or
 * devices, when both say SO_REUSEADDR and none of them listens, or when both say
 * SO_REUSEPORT and have the same owner. The same goes for a socket and what another left
 * behind, down to TIME-WAIT.
 *
 * Context: process.
 *
 * Return: 0, -EADDRINUSE or -ENOMEM.
 */
int hstp_port_get(struct sock *sk, unsigned short port)
{
	struct hstp_net *hn = hstp_pernet(sock_net(sk));

	if (!port)
		return take_any(hn, sk);
	if (used_by_connection(hn, sk, port, true))
		return -EADDRINUSE;
	return take(hn, sk, port, true) ? 0 : -EADDRINUSE;
}

/**
 * hstp_port_put() - give a socket's port back
 * @sk: socket, with or without a port
 *
 * Context: any; the owner of @sk, or its spinlock.
 */
void hstp_port_put(struct sock *sk)
{
	struct hstp_sock *hsk = hstp_sk(sk);
	struct hstp_net *hn = hstp_pernet(sock_net(sk));

	inet_sk(sk)->inet_num = 0;
	if (!hsk->bound_port)
		return;
	spin_lock_bh(&hn->port_lock);
	hlist_del_init(&hsk->bind_node);
	hsk->bound_port = 0;
	spin_unlock_bh(&hn->port_lock);
}

/**
 * hstp_port_listen_conflict() - is there somebody who forbids a listener
 * @sk: socket, owned, bound to the port
 *
 * What SO_REUSEADDR allowed to bind() may be wrong by now.
 */
bool hstp_port_listen_conflict(struct sock *sk)
{
	struct hstp_net *hn = hstp_pernet(sock_net(sk));
	bool conflict;

	spin_lock_bh(&hn->port_lock);
	conflict = bound_by_other(hn, sk, inet_sk(sk)->inet_num, true);
	spin_unlock_bh(&hn->port_lock);
	return conflict;
}

static int hash_at(struct hstp_conn *conn, u16 port)
{
	conn->tuple.lport = htons(port);
	conn->hash = hstp_tuple_hash(&conn->tuple, &conn->hn->hash_key);
	return hstp_conn_hash(conn);
}

/* A port that bind() has given away is not for chance connections. A bind() that
 * happens right now does no harm: the tuples remain different.
 */
static bool is_bound(struct hstp_net *hn, const struct sock *sk, u16 port)
{
	bool bound;

	if (hlist_empty(port_bucket(hn, port)))
		return false;
	spin_lock_bh(&hn->port_lock);
	bound = bound_by_other(hn, sk, port, false);
	spin_unlock_bh(&hn->port_lock);
	return bound;
}

/**
 * hstp_port_connect() - give an active open its port, and put it into the table
 * @sk: its socket, owned
 * @conn: connection; its addresses and the peer's port are set, and its own port
 *	if @sk is bound
 *
 * RFC 6056 section 3.3.4, algorithm 4: double-hash port selection.
 *
 * Context: process; the connection's lock, which is given up now and then as
 * long as nobody else knows the connection.
 *
 * Return: 0, or -EADDRNOTAVAIL when the tuple, or every port, is taken.
 */
int hstp_port_connect(struct sock *sk, struct hstp_conn *conn)
{
	struct hstp_net *hn = conn->hn;
	u32 min, count, offset, i, *step;

	if (inet_sk(sk)->inet_num)
		return hash_at(conn, inet_sk(sk)->inet_num) ? -EADDRNOTAVAIL : 0;

	port_range(hn, &min, &count);
	conn->tuple.lport = 0;
	offset = hstp_ident_port_offset(hn, &conn->tuple, &step);
	for (i = 1; i <= count; i++) {
		u32 n = READ_ONCE(*step);
		u16 port = min + (offset + n) % count;

		WRITE_ONCE(*step, n + 1);
		if (!inet_is_local_reserved_port(sock_net(sk), port) &&
		    !is_bound(hn, sk, port) && !hash_at(conn, port))
			return 0;
		if (i % TRIES_AT_ONCE)
			continue;
		spin_unlock_bh(&conn->lock);
		cond_resched();
		spin_lock_bh(&conn->lock);
	}
	return -EADDRNOTAVAIL;
}
