// SPDX-License-Identifier: GPL-2.0
/* Which connections a command is about: from attributes to a filter, and the filter. */
#include <linux/uidgid.h>

#include "match.h"
#include "netlink-gen.h"

#define V4_BITS		32
#define V6_BITS		128

/* A dump of kernels before 6.10 says no more than the text: it names the attribute. */
static const struct {
	const char *alone;
	const char *size;
	const char *v4;
	const char *v6;
} refusals[] = {
	[HSTP_LOCAL] = {
		.alone = "local-prefix needs a local-address",
		.size = "local-address must be 4 or 16 bytes",
		.v4 = "local-prefix must be 0 to 32 with an address of IPv4",
		.v6 = "local-prefix must be 0 to 128 with an address of IPv6",
	},
	[HSTP_REMOTE] = {
		.alone = "remote-prefix needs a remote-address",
		.size = "remote-address must be 4 or 16 bytes",
		.v4 = "remote-prefix must be 0 to 32 with an address of IPv4",
		.v6 = "remote-prefix must be 0 to 128 with an address of IPv6",
	},
};

static int refuse(struct netlink_ext_ack *extack, const struct nlattr *attr, const char *why)
{
	NL_SET_BAD_ATTR(extack, attr);
	if (extack)
		extack->_msg = why;
	return -EINVAL;
}

/**
 * hstp_match_address() - make an address of attributes
 * @end: whose it is
 * @attr: 4 or 16 bytes, or NULL: any address
 * @prefix: how many of its bits count, or NULL: all
 * @a: gets the address, v4-mapped if it is of IPv4
 * @bits: gets the leading bits of @a that count; 0: any address
 * @extack: told what is wrong
 *
 * Return: 0 or -EINVAL.
 */
int hstp_match_address(enum hstp_match_end end, const struct nlattr *attr,
		       const struct nlattr *prefix, struct in6_addr *a, u8 *bits,
		       struct netlink_ext_ack *extack)
{
	unsigned int width;

	*bits = 0;
	if (!attr)
		return prefix ? refuse(extack, prefix, refusals[end].alone) : 0;
	switch (nla_len(attr)) {
	case sizeof(__be32):
		ipv6_addr_set_v4mapped(nla_get_in_addr(attr), a);
		width = V4_BITS;
		break;
	case sizeof(*a):
		*a = nla_get_in6_addr(attr);
		width = V6_BITS;
		break;
	default:
		return refuse(extack, attr, refusals[end].size);
	}
	if (prefix && nla_get_u8(prefix) > width)
		return refuse(extack, prefix, width == V4_BITS ? refusals[end].v4 :
								 refusals[end].v6);
	*bits = V6_BITS - width + (prefix ? nla_get_u8(prefix) : width);
	return 0;
}

/* 0 is no port, no cookie and no time: one that is given as 0 does not mean any. */
static int parse_port(__be16 *port, const struct nlattr *attr, const char *bound,
		      struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	*port = nla_get_be16(attr);
	if (*port)
		return 0;
	refuse(extack, attr, bound);
	return -ERANGE;
}

/**
 * hstp_match_ports() - make ports of attributes
 * @local: attribute, or NULL: any port
 * @remote: likewise
 * @lport: gets the port, or stays as it is
 * @fport: likewise
 * @extack: told what is wrong
 *
 * Return: 0 or -ERANGE.
 */
int hstp_match_ports(const struct nlattr *local, const struct nlattr *remote, __be16 *lport,
		     __be16 *fport, struct netlink_ext_ack *extack)
{
	return parse_port(lport, local, "local-port must be 1 to 65535", extack) ?:
	       parse_port(fport, remote, "remote-port must be 1 to 65535", extack);
}

static int parse_u64(u64 *to, const struct nlattr *attr, const char *bound,
		     struct netlink_ext_ack *extack)
{
	if (!attr)
		return 0;
	*to = nla_get_u64(attr);
	if (*to)
		return 0;
	refuse(extack, attr, bound);
	return -ERANGE;
}

static int parse_uid(struct hstp_match *m, const struct nlattr *attr, struct user_namespace *ns,
		     struct netlink_ext_ack *extack)
{
	m->uid = INVALID_UID;
	if (!attr)
		return 0;
	m->uid = make_kuid(ns, nla_get_u32(attr));
	if (uid_valid(m->uid))
		return 0;
	return refuse(extack, attr, "uid does not exist in the user namespace");
}

/**
 * hstp_match_parse() - make a filter of attributes
 * @m: filled
 * @attr: a nest that was validated, or NULL: any connection
 * @ns: user namespace of the caller
 * @extack: told what is wrong
 *
 * Return: 0, -EINVAL, or -ERANGE.
 */
int hstp_match_parse(struct hstp_match *m, const struct nlattr *attr,
		     struct user_namespace *ns, struct netlink_ext_ack *extack)
{
	struct nlattr *tb[HSTP_A_MATCH_MAX + 1];
	int err;

	memset(m, 0, sizeof(*m));
	m->states = HSTP_ALL_STATES;
	m->uid = INVALID_UID;
	if (!attr)
		return 0;
	err = nla_parse_nested(tb, HSTP_A_MATCH_MAX, attr, hstp_match_nl_policy, extack);
	if (err)
		return err;

	if (tb[HSTP_A_MATCH_STATES])
		m->states = nla_get_u16(tb[HSTP_A_MATCH_STATES]);
	m->unaccepted = nla_get_flag(tb[HSTP_A_MATCH_UNACCEPTED]);
	err = parse_u64(&m->cookie, tb[HSTP_A_MATCH_COOKIE],
			"cookie must be 1 to 18446744073709551615", extack) ?:
	      parse_u64(&m->since, tb[HSTP_A_MATCH_SINCE],
			"since must be 1 to 18446744073709551615", extack) ?:
	      hstp_match_ports(tb[HSTP_A_MATCH_LOCAL_PORT], tb[HSTP_A_MATCH_REMOTE_PORT],
			       &m->lport, &m->fport, extack) ?:
	      parse_uid(m, tb[HSTP_A_MATCH_UID], ns, extack);
	if (err)
		return err;
	err = hstp_match_address(HSTP_LOCAL, tb[HSTP_A_MATCH_LOCAL_ADDRESS],
				 tb[HSTP_A_MATCH_LOCAL_PREFIX], &m->laddr, &m->lprefix, extack);
	if (err)
		return err;
	return hstp_match_address(HSTP_REMOTE, tb[HSTP_A_MATCH_REMOTE_ADDRESS],
				  tb[HSTP_A_MATCH_REMOTE_PREFIX], &m->faddr, &m->fprefix,
				  extack);
}

/**
 * hstp_match() - does a filter let a connection pass
 * @m: filter
 * @v: connection
 */
bool hstp_match(const struct hstp_match *m, const struct hstp_view *v)
{
	return v->tcb.state != HSTP_CLOSED &&
	       m->states & 1 << v->tcb.state &&
	       (!m->cookie || m->cookie == v->cookie) &&
	       (!m->since || m->since == v->since_us * NSEC_PER_USEC) &&
	       (!m->lport || m->lport == v->tuple.lport) &&
	       (!m->fport || m->fport == v->tuple.fport) &&
	       (!m->unaccepted || hstp_view_unaccepted(v)) &&
	       (!uid_valid(m->uid) || uid_eq(m->uid, v->uid)) &&
	       (!m->lprefix || ipv6_prefix_equal(&m->laddr, &v->tuple.laddr, m->lprefix)) &&
	       (!m->fprefix || ipv6_prefix_equal(&m->faddr, &v->tuple.faddr, m->fprefix));
}

/**
 * hstp_match_one() - can a filter let no more than one connection pass
 * @m: filter
 * @hn: namespace
 * @chain: gets the number of the only chain in which that can be
 *
 * Return: true when both ends are named.
 */
bool hstp_match_one(const struct hstp_match *m, const struct hstp_net *hn, u32 *chain)
{
	struct hstp_tuple tuple = { .laddr = m->laddr, .faddr = m->faddr, .lport = m->lport,
				    .fport = m->fport };

	if (m->lprefix != V6_BITS || m->fprefix != V6_BITS || !m->lport || !m->fport)
		return false;
	*chain = hstp_snapshot_chain(hn, &tuple);
	return true;
}
