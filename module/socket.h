/* SPDX-License-Identifier: GPL-2.0 */
/* The descriptor's view of a connection or a listener. */
#ifndef HSTP_SOCKET_H
#define HSTP_SOCKET_H

#include <linux/hstp.h>
#include <linux/net.h>
#include <linux/poll.h>
#include <net/inet_sock.h>
#include <net/tcp_states.h>

#include "compat.h"
#include "conn.h"
#include "listen.h"

struct tcp_info;

/**
 * struct hstp_sock - a socket; lock_sock() orders its callers among themselves
 * @inet: must be first
 * @conn: the connection, a reference; set once and kept until release or
 *	disconnect, under lock_sock()
 * @listener: the same for a listening socket
 * @bind_node: in hstp_net.ports, under its lock, when the port was bound
 * @bound_port: the port that @bind_node stands for, host order; 0: none
 * @mss: HSTP_MAXSEG, bytes, or 0
 * @state_next: the TCP_* that release_sock() shows when @state_held
 * @state_held: softirq changed the state while a call owned the socket, or accept() had not
 *	given it to the user yet
 * @eof_held: the same for the end of the peer's text
 * @quickack: what HSTP_QUICKACK was set to last
 * @quick: so many ACKs are not delayed for that
 * @defer: HSTP_DEFER_ACCEPT, retransmissions of the SYN,ACK
 * @security: HSTP_SECURITY
 * @tune: the options that the core knows, for a connection to be
 * @meter: what is counted of @conn, under its lock
 */
struct hstp_sock {
	struct inet_sock inet;
	struct hstp_conn *conn;
	struct hstp_listener *listener;
	struct hlist_node bind_node;
	u16 bound_port;
	u16 mss;
	u8 state_next;
	bool state_held;
	bool eof_held;
	bool quickack;
	u8 quick;
	u8 defer;
	struct hstp_security security;
	struct hstp_tuning tune;
	struct hstp_meter meter;
};

static inline struct hstp_sock *hstp_sk(const struct sock *sk)
{
	return (struct hstp_sock *)sk;
}

/**
 * hstp_sock_tuning() - what a socket's options are for its connection
 * @sk: socket
 */
static inline struct hstp_tuning hstp_sock_tuning(const struct sock *sk)
{
	struct hstp_tuning tune = hstp_sk(sk)->tune;

	tune.transparent = hstp_inet_transparent(sk);
	return tune;
}

/**
 * hstp_sock_reuse() - what a socket says of others that have its port
 * @sk: socket
 *
 * Return: of enum hstp_reuse.
 */
static inline u8 hstp_sock_reuse(const struct sock *sk)
{
	return (sk->sk_reuse ? HSTP_REUSE_ADDR : 0) | (sk->sk_reuseport ? HSTP_REUSE_PORT : 0);
}

/**
 * hstp_sock_options() - let a connection know what its socket was set to
 * @sk: its socket
 * @conn: the connection, locked or not yet in the table
 *
 * What its route depends on makes the next segment look for another one.
 */
static inline void hstp_sock_options(const struct sock *sk, struct hstp_conn *conn)
{
	u32 mark = READ_ONCE(sk->sk_mark);
	u8 tos = READ_ONCE(inet_sk(sk)->tos);

	if (unlikely(mark != conn->mark || tos != conn->tos)) {
		conn->mark = mark;
		conn->tos = tos;
		hstp_conn_drop_route(conn);
	}
	conn->recvq.limit = READ_ONCE(sk->sk_rcvbuf);
	conn->priority = READ_ONCE(sk->sk_priority);
	conn->pmtudisc = inet_sk(sk)->pmtudisc;
	conn->ttl = inet_sk(sk)->uc_ttl;
	WRITE_ONCE(conn->reuse, hstp_sock_reuse(sk));
}

/**
 * hstp_tcp_closing() - has CLOSE been called in a state, and the connection not ended
 * @state: TCP_*
 */
static inline bool hstp_tcp_closing(u8 state)
{
	return (1 << state) & (TCPF_FIN_WAIT1 | TCPF_FIN_WAIT2 | TCPF_CLOSING | TCPF_LAST_ACK);
}

extern const u8 hstp_tcp_states[HSTP_STATE_COUNT];	/* HSTP's state -> TCP_* */
extern struct proto hstp_prot;
extern const struct proto_ops hstp_stream_ops;

/* socket.c: what the connection tells its socket; under the connection's lock */
void hstp_sock_state(struct sock *sk, enum hstp_state state);
void hstp_sock_eof(struct sock *sk);
void hstp_sock_error(struct sock *sk, int error);
void hstp_sock_readable(struct sock *sk);
void hstp_sock_writable(struct sock *sk);
void hstp_sock_changed(struct sock *sk);
void hstp_sock_show(struct sock *sk, u8 state);
int hstp_socket_init(void);
void hstp_socket_exit(void);

/* open.c */
int hstp_pre_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len);
int hstp_connect(struct sock *sk, struct sockaddr *uaddr, int addr_len);
int hstp_listen(struct socket *sock, int backlog);
struct sock *hstp_accept(struct sock *sk, int flags, int *err, bool kern);

/* stream.c */
int hstp_sendmsg(struct sock *sk, struct msghdr *msg, size_t len);
int hstp_recvmsg(struct sock *sk, struct msghdr *msg, size_t len, int flags, int *addr_len);
void hstp_stream_pass_old(struct sock *sk, struct hstp_conn *conn);
bool hstp_stream_readable(const struct sock *sk, const struct hstp_conn *conn);
bool hstp_stream_writable(const struct sock *sk, const struct hstp_conn *conn);

/* poll.c */
__poll_t hstp_poll(struct file *file, struct socket *sock, poll_table *wait);
int hstp_ioctl(struct sock *sk, int cmd, hstp_ioctl_arg arg);

/* sockopt.c */
int hstp_setsockopt(struct sock *sk, int level, int name, sockptr_t val, unsigned int len);
int hstp_getsockopt(struct sock *sk, int level, int name, char __user *val, int __user *len);
int hstp_set_rcvlowat(struct sock *sk, int val);
void hstp_set_keepalive(struct sock *sk, int val);

/* info.c */
void hstp_info(struct sock *sk, struct tcp_info *info);

/* urgent.c */
bool hstp_urgent_ahead(const struct hstp_conn *conn, u32 *bytes);
void hstp_urgent_taken(struct hstp_conn *conn, u32 bytes);
u32 hstp_urgent_text(const struct sock *sk, const struct hstp_conn *conn);
u32 hstp_urgent_unread(const struct sock *sk, const struct hstp_conn *conn);
bool hstp_urgent_at_mark(const struct hstp_conn *conn);
bool hstp_urgent_waits(const struct hstp_conn *conn);
int hstp_urgent_receive(struct sock *sk, struct msghdr *msg, size_t len, int flags);

/* ports.c */
int hstp_port_get(struct sock *sk, unsigned short port);
void hstp_port_put(struct sock *sk);
int hstp_port_connect(struct sock *sk, struct hstp_conn *conn);
bool hstp_port_listen_conflict(struct sock *sk);

#endif /* HSTP_SOCKET_H */
