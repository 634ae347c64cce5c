// SPDX-License-Identifier: GPL-2.0
/* INET_DIAG_REQ_BYTECODE: the program that ss makes of a filter, run on a connection. Each
 * operation jumps forward, by one distance if it holds and by another if it does not; a
 * connection passes if the program ends exactly at its end. inet_diag has checked the
 * program: operations are whole, and jumps lead to where one begins, or too far.
 */
#include <linux/inet_diag.h>
#include <linux/socket.h>

#include "diag_filter.h"

/* What operations look at; ports in host order. */
struct subject {
	const struct hstp_view *v;
	u8 family;
	u16 sport;
	u16 dport;
};

static bool same_bits(const __be32 *a, const __be32 *b, unsigned int bits)
{
	if (memcmp(a, b, bits / 32 * sizeof(*a)))
		return false;
	if (!(bits % 32))
		return true;
	return !((a[bits / 32] ^ b[bits / 32]) & htonl(~0U << (32 - bits % 32)));
}

static bool address_holds(const struct inet_diag_hostcond *cond, const struct subject *s,
			  const struct in6_addr *a, u16 port)
{
	const __be32 *words = a->s6_addr32;

	if (cond->port != -1 && cond->port != port)
		return false;
	/* An IPv4 one may be meant of a v4-mapped address, too */
	if (cond->family == AF_INET)
		return ipv6_addr_v4mapped(a) && same_bits(words + 3, cond->addr, cond->prefix_len);
	if (cond->family == AF_INET6)
		return s->family == AF_INET6 && same_bits(words, cond->addr, cond->prefix_len);
	return true;
}

/* Operands are aligned to four bytes. */
static bool cgroup_holds(const void *operand, u64 cgroup)
{
	return !memcmp(operand, &cgroup, sizeof(cgroup));
}

static bool mark_holds(const struct inet_diag_markcond *cond, u32 mark)
{
	return (mark & cond->mask) == cond->mark;
}

static bool holds(const struct inet_diag_bc_op *op, const struct subject *s)
{
	const void *operand = op + 1;

	switch (op->code) {
	case INET_DIAG_BC_JMP:
		return false;
	case INET_DIAG_BC_S_EQ:
		return s->sport == op[1].no;
	case INET_DIAG_BC_S_GE:
		return s->sport >= op[1].no;
	case INET_DIAG_BC_S_LE:
		return s->sport <= op[1].no;
	case INET_DIAG_BC_D_EQ:
		return s->dport == op[1].no;
	case INET_DIAG_BC_D_GE:
		return s->dport >= op[1].no;
	case INET_DIAG_BC_D_LE:
		return s->dport <= op[1].no;
	case INET_DIAG_BC_AUTO:
		return !s->v->bound;
	case INET_DIAG_BC_S_COND:
		return address_holds(operand, s, &s->v->tuple.laddr, s->sport);
	case INET_DIAG_BC_D_COND:
		return address_holds(operand, s, &s->v->tuple.faddr, s->dport);
	case INET_DIAG_BC_DEV_COND:
		return *(const u32 *)operand == (u32)s->v->ifindex;
	case INET_DIAG_BC_MARK_COND:
		return mark_holds(operand, s->v->mark);
	case INET_DIAG_BC_CGROUP_COND:
		return cgroup_holds(operand, s->v->cgroup);
	default:	/* INET_DIAG_BC_NOP */
		return true;
	}
}

/**
 * hstp_diag_filter() - does a program let a connection pass
 * @program: checked by inet_diag, or NULL: any
 * @v: connection
 * @family: AF_INET or AF_INET6
 */
bool hstp_diag_filter(const struct nlattr *program, const struct hstp_view *v, u8 family)
{
	const struct subject s = {
		.v = v, .family = family,
		.sport = ntohs(v->tuple.lport), .dport = ntohs(v->tuple.fport),
	};
	const void *at;
	int left;

	if (!program)
		return true;
	at = nla_data(program);
	left = nla_len(program);
	while (left > 0) {
		const struct inet_diag_bc_op *op = at;
		int step = holds(op, &s) ? op->yes : op->no;

		at += step;
		left -= step;
	}
	return !left;
}
