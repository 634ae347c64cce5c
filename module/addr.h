/* SPDX-License-Identifier: GPL-2.0 */
/* Who talks to whom: one tuple type for both address families. */
#ifndef HSTP_ADDR_H
#define HSTP_ADDR_H

#include <linux/in6.h>
#include <linux/siphash.h>
#include <linux/string.h>
#include <net/ipv6.h>

/**
 * struct hstp_tuple - both ends of a connection; IPv4 addresses are v4-mapped
 * @laddr: our address
 * @faddr: the peer's address
 * @lport: our port, network order
 * @fport: the peer's port, network order
 */
struct hstp_tuple {
	struct in6_addr laddr;
	struct in6_addr faddr;
	__be16 lport;
	__be16 fport;
};

static inline bool hstp_tuple_equal(const struct hstp_tuple *a, const struct hstp_tuple *b)
{
	return a->lport == b->lport && a->fport == b->fport &&
	       ipv6_addr_equal(&a->faddr, &b->faddr) && ipv6_addr_equal(&a->laddr, &b->laddr);
}

/**
 * hstp_tuple_hash() - where a tuple's bucket is
 * @t: tuple
 * @key: secret of the namespace, so that nobody can fill one bucket on purpose
 */
static inline u32 hstp_tuple_hash(const struct hstp_tuple *t, const hsiphash_key_t *key)
{
	if (!ipv6_addr_v4mapped(&t->faddr))
		return hsiphash(t, sizeof(*t), key);
	return hsiphash_3u32((__force u32)t->faddr.s6_addr32[3],
			     (__force u32)t->laddr.s6_addr32[3],
			     (__force u32)t->lport << 16 | (__force u32)t->fport, key);
}

/**
 * hstp_addr_any() - is this the unspecified address of either family
 * @a: address
 */
static inline bool hstp_addr_any(const struct in6_addr *a)
{
	return ipv6_addr_any(a) || (ipv6_addr_v4mapped(a) && !a->s6_addr32[3]);
}

#endif /* HSTP_ADDR_H */
