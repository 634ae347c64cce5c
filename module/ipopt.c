// SPDX-License-Identifier: GPL-2.0
/* IP options: what the user has asked for (IP_OPTIONS), the way back of a source route (RFC
 * 9293 section 3.9.2.1), and the basic security option (RFC 1108) with the precedence (RFC
 * 791), by which core/security.c decides. What else a packet brings is ignored (MUST-50).
 */

#include "addr.h"
#include "conn.h"
#include "ipopt.h"
#include "socket.h"

#define ROUTE_AT	3	/* where addresses begin in an option that has a pointer */
#define ROUTES_MAX	9

#define SECURITY_AT	2	/* where the level is in a basic security option */
#define PRECEDENCE	0xe0	/* in the TOS octet */

static struct hstp_ipopt *alloc(gfp_t gfp)
{
	return kzalloc(sizeof(struct hstp_ipopt) + HSTP_IPOPT_MAX, gfp);
}

/* Options end at a multiple of four bytes. */
static void pad(struct ip_options *opt)
{
	while (opt->optlen & 3)
		opt->__data[opt->optlen++] = IPOPT_END;
}

/**
 * hstp_ipopt_security_check() - can it be put into a packet
 * @security: what a user asks for
 *
 * RFC 1108 section 2.4: the lowest bit of each octet of the authorities says that one more
 * follows, and the last one is not 0.
 *
 * Return: 0 or -EINVAL.
 */
int hstp_ipopt_security_check(const struct hstp_security *security)
{
	u8 len = security->authority_len, i;

	if (security->flags & ~(HSTP_SECURITY_CHECK | HSTP_SECURITY_RAISE))
		return -EINVAL;
	if (len > sizeof(security->authority) || (len && !security->level))
		return -EINVAL;
	for (i = 0; i < len; i++) {
		if ((security->authority[i] & 1) != (i + 1 < len))
			return -EINVAL;
	}
	return len && !security->authority[len - 1] ? -EINVAL : 0;
}

static void add_security(struct ip_options *opt, const struct hstp_security *security)
{
	u8 *to = opt->__data + opt->optlen;
	u8 len = security->authority_len;

	if (!(security->flags & HSTP_SECURITY_CHECK) || !security->level)
		return;
	to[0] = IPOPT_SEC;
	to[1] = SECURITY_AT + 1 + len;
	to[SECURITY_AT] = security->level;
	memcpy(to + SECURITY_AT + 1, security->authority, len);
	opt->optlen += to[1];
	while (opt->optlen & 3)
		opt->__data[opt->optlen++] = IPOPT_NOOP;
}

/* What the user gave to IP_OPTIONS, after what is there. */
static int add_user(struct ip_options *opt, const struct ip_options *user)
{
	u8 shift = opt->optlen;

	if (shift + user->optlen > HSTP_IPOPT_MAX)
		return -EINVAL;
	memcpy(opt->__data + shift, user->__data, user->optlen);
	opt->optlen += user->optlen;
	opt->faddr = user->faddr;
	opt->is_strictroute = user->is_strictroute;
	opt->rr_needaddr = user->rr_needaddr;
	opt->ts_needaddr = user->ts_needaddr;
	opt->ts_needtime = user->ts_needtime;
	opt->srr = user->srr ? user->srr + shift : 0;
	opt->rr = user->rr ? user->rr + shift : 0;
	opt->ts = user->ts ? user->ts + shift : 0;
	opt->router_alert = user->router_alert ? user->router_alert + shift : 0;
	return 0;
}

/**
 * hstp_ipopt_of_sock() - the options that a socket asks for
 * @sk: socket, owned
 * @to: gets them, or NULL when there are none
 *
 * Context: process.
 *
 * Return: 0, -ENOMEM, or -EINVAL when there is no room for all of them.
 */
int hstp_ipopt_of_sock(struct sock *sk, struct hstp_ipopt **to)
{
	const struct hstp_security *security = &hstp_sk(sk)->security;
	const struct ip_options_rcu *user;
	struct hstp_ipopt *ipopt;
	int err = 0;

	user = rcu_dereference_protected(inet_sk(sk)->inet_opt, lockdep_sock_is_held(sk));
	*to = NULL;
	if (!user && !security->flags)
		return 0;
	ipopt = alloc(GFP_KERNEL_ACCOUNT);
	if (!ipopt)
		return -ENOMEM;
	ipopt->security = *security;
	add_security(&ipopt->opt, security);
	if (user)
		err = add_user(&ipopt->opt, &user->opt);
	if (err) {
		kfree(ipopt);
		return err;
	}
	ipopt->named = ipopt->opt.srr;
	*to = ipopt;
	return 0;
}

/* MUST-53: the way back over the stops that a packet has recorded, the last one first. The
 * last of all is the peer, whose place is left empty.
 */
static void add_way_back(struct ip_options *opt, const struct sk_buff *skb)
{
	const u8 *from = skb_network_header(skb) + IPCB(skb)->opt.srr;
	u8 stops = (min(from[2] - 1, (int)from[1]) - ROUTE_AT) / 4, i;
	u8 *to = opt->__data + opt->optlen;
	__be32 first;

	/* RFC 1812 section 5.2.4.1: a sender that has recorded itself is no stop */
	memcpy(&first, from + ROUTE_AT, 4);
	if (stops && first == ip_hdr(skb)->saddr) {
		from += 4;
		stops--;
	}
	if (!stops || stops > ROUTES_MAX || opt->optlen + ROUTE_AT + 4 * stops > HSTP_IPOPT_MAX)
		return;
	memcpy(&opt->faddr, from + ROUTE_AT + 4 * (stops - 1), 4);
	for (i = 1; i < stops; i++)
		memcpy(to + ROUTE_AT + 4 * (i - 1), from + ROUTE_AT + 4 * (stops - 1 - i), 4);
	to[0] = IPCB(skb)->opt.is_strictroute ? IPOPT_SSRR : IPOPT_LSRR;
	to[1] = ROUTE_AT + 4 * stops;
	to[2] = IPOPT_MINOFF;
	opt->srr = sizeof(struct iphdr) + opt->optlen;
	opt->is_strictroute = IPCB(skb)->opt.is_strictroute;
	opt->optlen += to[1];
	pad(opt);
}

/**
 * hstp_ipopt_of_packet() - the options of a passive open
 * @skb: packet with the SYN, or with a segment that has another source route
 * @security: what the listener asks for
 * @tos: its IP_TOS
 * @to: gets them, or NULL when there are none
 *
 * Context: softirq.
 *
 * Return: 0 or -ENOMEM.
 */
int hstp_ipopt_of_packet(const struct sk_buff *skb, const struct hstp_security *security,
			 u8 tos, struct hstp_ipopt **to)
{
	struct hstp_ipopt *ipopt;

	*to = NULL;
	if (!IPCB(skb)->opt.srr && !security->flags)
		return 0;
	ipopt = alloc(GFP_ATOMIC | __GFP_NOWARN);
	if (!ipopt)
		return -ENOMEM;
	ipopt->security = *security;
	ipopt->tos = tos;
	add_security(&ipopt->opt, security);
	if (IPCB(skb)->opt.srr)
		add_way_back(&ipopt->opt, skb);
	if (!ipopt->opt.optlen && !security->flags) {
		kfree(ipopt);
		return 0;
	}
	*to = ipopt;
	return 0;
}

/**
 * hstp_ipopt_set() - a connection's packets have these options from now on
 * @conn: connection
 * @ipopt: options, given away, or NULL
 *
 * RFC 9293 section 3.7.1: what they take of a packet its text has not. Another way needs
 * another route.
 *
 * Context: the connection's lock.
 */
void hstp_ipopt_set(struct hstp_conn *conn, struct hstp_ipopt *ipopt)
{
	struct hstp_ipopt *old = conn->ipopt;

	hstp_path_options(&conn->tcb, hstp_ipopt_words(ipopt));
	if (hstp_ipopt_hop(old) != hstp_ipopt_hop(ipopt))
		hstp_conn_drop_route(conn);
	conn->ipopt = ipopt;
	hstp_ipopt_free(old);
}

/**
 * hstp_ipopt_changed() - the user has set IP_OPTIONS or HSTP_SECURITY
 * @sk: socket, owned
 *
 * Context: process.
 *
 * Return: 0, -ENOMEM, or -EINVAL when there is no room for all of them.
 */
int hstp_ipopt_changed(struct sock *sk)
{
	struct hstp_conn *conn = hstp_sk(sk)->conn;
	struct hstp_ipopt *ipopt;
	int err;

	err = hstp_ipopt_of_sock(sk, &ipopt);
	if (err)
		return err;
	if (!conn) {
		kfree(ipopt);
		return 0;
	}
	spin_lock_bh(&conn->lock);
	hstp_ipopt_set(conn, ipopt);
	spin_unlock_bh(&conn->lock);
	return 0;
}

/**
 * hstp_ipopt_for_user() - a connection's options, for IP_OPTIONS of the socket that it gets
 * @conn: connection
 *
 * As with TCP the way back is there to be read; the security is not part of it.
 *
 * Context: the connection's lock.
 *
 * Return: options, or NULL when there are none, or no memory.
 */
struct ip_options_rcu *hstp_ipopt_for_user(const struct hstp_conn *conn)
{
	struct ip_options_rcu *user;
	u8 shift;

	if (!conn->ipopt || !conn->ipopt->opt.srr)
		return NULL;
	user = kzalloc(sizeof(*user) + HSTP_IPOPT_MAX, GFP_ATOMIC | __GFP_NOWARN);
	if (!user)
		return NULL;
	shift = conn->ipopt->opt.srr - sizeof(struct iphdr);
	user->opt = conn->ipopt->opt;
	user->opt.srr -= shift;
	user->opt.optlen -= shift;
	memcpy(user->opt.__data, conn->ipopt->opt.__data + shift, user->opt.optlen);
	return user;
}

/* The basic security option of a packet, or NULL; IP has checked all lengths. */
static const u8 *find_security(const struct sk_buff *skb)
{
	const u8 *at = skb_network_header(skb) + sizeof(struct iphdr);
	const u8 *end = at + IPCB(skb)->opt.optlen;

	while (at < end && *at != IPOPT_END) {
		if (*at == IPOPT_NOOP) {
			at++;
			continue;
		}
		if (end - at < 2 || at[1] < 2 || at[1] > end - at)
			return NULL;
		if (*at == IPOPT_SEC)
			return at;
		at += at[1];
	}
	return NULL;
}

/* Is the level the one that was asked for, and are the compartments? */
static bool same_security(const struct hstp_security *want, const u8 *got)
{
	if (!want->level || !got)
		return !want->level && !got;
	return got[1] == SECURITY_AT + 1 + want->authority_len &&
	       got[SECURITY_AT] == want->level &&
	       !memcmp(got + SECURITY_AT + 1, want->authority, want->authority_len);
}

/**
 * hstp_ipopt_strange() - how a packet differs from what was asked for
 * @security: what was asked for
 * @tos: IP_TOS
 * @skb: the packet
 *
 * Return: of enum hstp_strange.
 */
u8 hstp_ipopt_strange(const struct hstp_security *security, u8 tos, const struct sk_buff *skb)
{
	u8 ours = tos & PRECEDENCE, theirs = ip_hdr(skb)->tos & PRECEDENCE, strange = 0;

	if (!(security->flags & HSTP_SECURITY_CHECK))
		return 0;
	if (!same_security(security, find_security(skb)))
		strange |= HSTP_STRANGE_SECURITY;
	if (theirs > ours)
		strange |= HSTP_STRANGE_ABOVE;
	if (theirs < ours)
		strange |= HSTP_STRANGE_BELOW;
	if (strange && security->flags & HSTP_SECURITY_RAISE)
		strange |= HSTP_STRANGE_MAY_RAISE;
	return strange;
}

/**
 * hstp_ipopt_raise() - take over a packet's precedence
 * @tos: IP_TOS
 * @skb: the packet
 *
 * Return: the new IP_TOS.
 */
u8 hstp_ipopt_raise(u8 tos, const struct sk_buff *skb)
{
	return (tos & ~PRECEDENCE) | (ip_hdr(skb)->tos & PRECEDENCE);
}

static bool same_route(const struct hstp_ipopt *a, const struct hstp_ipopt *b)
{
	return hstp_ipopt_len(a) == hstp_ipopt_len(b) && hstp_ipopt_hop(a) == hstp_ipopt_hop(b) &&
	       (!a || !memcmp(a->opt.__data, b->opt.__data, a->opt.optlen));
}

/* SHLD-24: a later segment came another way. */
static void learn(struct hstp_conn *conn, const struct sk_buff *skb)
{
	static const struct hstp_security none;
	struct hstp_ipopt *old = conn->ipopt, *ipopt;

	if (hstp_ipopt_of_packet(skb, old ? &old->security : &none, conn->tos, &ipopt) || !ipopt)
		return;
	if (!ipopt->opt.srr || same_route(ipopt, old))
		kfree(ipopt);
	else
		hstp_ipopt_set(conn, ipopt);
}

/**
 * hstp_ipopt_arrives() - hstp_segment_arrives(), where there is security or IP options
 * @conn: connection
 * @skb: the packet
 * @seg: its segment
 * @env: the event's surroundings
 * @acts: all zero; gets what is to be done
 *
 * Context: softirq, the connection's lock.
 */
void hstp_ipopt_arrives(struct hstp_conn *conn, const struct sk_buff *skb,
			const struct hstp_segment *seg, struct hstp_env *env,
			struct hstp_acts *acts)
{
	struct hstp_ipopt *ipopt = conn->ipopt;

	if (ipopt)
		env->strange = hstp_ipopt_strange(&ipopt->security, conn->tos, skb);
	hstp_segment_arrives(&conn->tcb, seg, env, acts);
	if (acts->bits & HSTP_ACT_RAISE) {
		conn->tos = hstp_ipopt_raise(conn->tos, skb);
		if (conn->sk)
			WRITE_ONCE(inet_sk(conn->sk)->tos, conn->tos);
	}
	if (IPCB(skb)->opt.srr && !acts->drop && conn->tcb.passive && !(ipopt && ipopt->named))
		learn(conn, skb);
}

/* RFC 791: our address, and the time, where the packet has room for them. */
static void record(u8 *header, struct ip_options *opt, __be32 addr)
{
	u8 *to;

	if (opt->rr_needaddr) {
		to = header + opt->rr;
		memcpy(to + to[2] - 5, &addr, 4);
	}
	if (opt->ts_needaddr) {
		to = header + opt->ts;
		memcpy(to + to[2] - 9, &addr, 4);
	}
	if (opt->ts_needtime) {
		__be32 time = inet_current_timestamp();

		to = header + opt->ts;
		memcpy(to + to[2] - 5, &time, 4);
	}
}

/**
 * hstp_ipopt_write() - write the options of a packet
 * @skb: begins with its IP header, complete but for its length, and room for the options
 *	behind it
 * @tuple: both ends
 * @ipopt: options
 */
void hstp_ipopt_write(struct sk_buff *skb, const struct hstp_tuple *tuple,
		      const struct hstp_ipopt *ipopt)
{
	const struct ip_options *opt = &ipopt->opt;
	u8 *header = skb_network_header(skb);
	struct iphdr *iph = ip_hdr(skb);

	iph->ihl += opt->optlen / 4;
	IPCB(skb)->opt = *opt;
	memcpy(iph + 1, opt->__data, opt->optlen);
	if (opt->srr) {
		u8 *route = header + opt->srr;

		memcpy(route + route[1] - 4, &tuple->faddr.s6_addr32[3], 4);
		iph->daddr = opt->faddr;
	}
	record(header, &IPCB(skb)->opt, iph->saddr);
}
