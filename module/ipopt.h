/* SPDX-License-Identifier: GPL-2.0 */
/* IP options of a connection's packets, and the security that they tell of. */
#ifndef HSTP_IPOPT_H
#define HSTP_IPOPT_H

#include <linux/hstp.h>
#include <linux/rcupdate.h>
#include <net/inet_sock.h>
#include <net/ip.h>

#include "core/fsm.h"

#define HSTP_IPOPT_MAX	40	/* bytes: what an IP header has room for */

struct hstp_conn;
struct hstp_path;
struct hstp_tuple;

/**
 * struct hstp_ipopt - what is rare: of most connections there is none
 * @rcu: freed after a grace period: who sends for a record has no lock of it
 * @security: what was asked for; its flags are 0: nothing is checked
 * @tos: SYN-RECEIVED: IP_TOS, with the precedence that the SYN may have raised
 * @named: the user has named a source route: no packet brings another one (MUST-52)
 * @opt: last, with HSTP_IPOPT_MAX bytes of options behind it, as they leave
 */
struct hstp_ipopt {
	struct rcu_head rcu;
	struct hstp_security security;
	u8 tos;
	bool named;
	struct ip_options opt;
};

int hstp_ipopt_security_check(const struct hstp_security *security);
int hstp_ipopt_of_sock(struct sock *sk, struct hstp_ipopt **to);
int hstp_ipopt_of_packet(const struct sk_buff *skb, const struct hstp_security *security,
			 u8 tos, struct hstp_ipopt **to);
void hstp_ipopt_set(struct hstp_conn *conn, struct hstp_ipopt *ipopt);
int hstp_ipopt_changed(struct sock *sk);
struct ip_options_rcu *hstp_ipopt_for_user(const struct hstp_conn *conn);
u8 hstp_ipopt_strange(const struct hstp_security *security, u8 tos, const struct sk_buff *skb);
u8 hstp_ipopt_raise(u8 tos, const struct sk_buff *skb);
void hstp_ipopt_arrives(struct hstp_conn *conn, const struct sk_buff *skb,
			const struct hstp_segment *seg, struct hstp_env *env,
			struct hstp_acts *acts);
void hstp_ipopt_write(struct sk_buff *skb, const struct hstp_tuple *tuple,
		      const struct hstp_ipopt *ipopt);

/**
 * hstp_ipopt_len() - bytes of options in each packet
 * @ipopt: options, or NULL
 */
static inline u32 hstp_ipopt_len(const struct hstp_ipopt *ipopt)
{
	return ipopt ? ipopt->opt.optlen : 0;
}

/**
 * hstp_ipopt_words() - how the core counts them
 * @ipopt: options, or NULL
 */
static inline u32 hstp_ipopt_words(const struct hstp_ipopt *ipopt)
{
	return DIV_ROUND_UP(hstp_ipopt_len(ipopt), 4);
}

/**
 * hstp_ipopt_hop() - where the packets go first
 * @ipopt: options, or NULL
 *
 * Return: the first stop of a source route, or 0: straight to the peer.
 */
static inline __be32 hstp_ipopt_hop(const struct hstp_ipopt *ipopt)
{
	return ipopt && ipopt->opt.srr ? ipopt->opt.faddr : 0;
}

/**
 * hstp_ipopt_in() - has a packet any options
 * @skb: packet that IP has just delivered
 */
static inline bool hstp_ipopt_in(const struct sk_buff *skb)
{
	return IPCB(skb)->opt.optlen;
}

/**
 * hstp_ipopt_security_len() - bytes that a basic security option takes
 * @security: what is in it
 *
 * Return: a multiple of four.
 */
static inline u32 hstp_ipopt_security_len(const struct hstp_security *security)
{
	if (!(security->flags & HSTP_SECURITY_CHECK) || !security->level)
		return 0;
	return ALIGN(3 + security->authority_len, 4);
}

static inline void hstp_ipopt_free(struct hstp_ipopt *ipopt)
{
	if (ipopt)
		kfree_rcu(ipopt, rcu);
}

#endif /* HSTP_IPOPT_H */
