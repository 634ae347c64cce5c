// SPDX-License-Identifier: GPL-2.0
/* What a filter means: does it hold for a connection, and what of it the kernel can
 * look at itself.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "filter.h"

/* Do the leading @prefix bits agree? An IPv4-mapped address is not IPv4 here. */
static bool within(const struct addr *addr, const struct addr *net, uint8_t prefix)
{
	unsigned int whole = prefix / 8, rest = prefix % 8;

	if (!net->len)
		return true;
	if (addr->len != net->len || memcmp(addr->bytes, net->bytes, whole))
		return false;
	return !rest || !((addr->bytes[whole] ^ net->bytes[whole]) >> (8 - rest));
}

static bool compare(uint64_t value, enum filter_compare how, uint64_t with)
{
	switch (how) {
	case ANY:
		return true;
	case EQ:
		return value == with;
	case NE:
		return value != with;
	case LT:
		return value < with;
	case LE:
		return value <= with;
	case GT:
		return value > with;
	case GE:
		return value >= with;
	}
	return false;
}

/**
 * filter_match() - does it hold
 * @filter: from filter_parse(); NULL holds for everything
 * @subject: what to look at; what it does not know does not match
 */
bool filter_match(const struct filter *filter, const struct subject *subject)
{
	const struct addr *addr;
	uint16_t port;

	if (!filter)
		return true;
	addr = filter->remote ? &subject->remote : &subject->local;
	port = filter->remote ? subject->remote_port : subject->local_port;
	switch (filter->kind) {
	case FILTER_AND:
		return filter_match(filter->left, subject) && filter_match(filter->right, subject);
	case FILTER_OR:
		return filter_match(filter->left, subject) || filter_match(filter->right, subject);
	case FILTER_NOT:
		return !filter_match(filter->left, subject);
	case FILTER_STATES:
		return filter->number >> subject->state & 1;
	case FILTER_ADDRESS:
		return within(addr, &filter->addr, filter->prefix) &&
		       compare(port, filter->compare, filter->number);
	case FILTER_PORT:
		return compare(port, filter->compare, filter->number);
	case FILTER_NUMBER:
		/* None is 0, but nobody is not root. */
		return subject->conn &&
		       (filter->attr != HSTP_A_CONN_UID || has(subject->conn, filter->attr)) &&
		       compare(number(subject->conn, filter->attr) & filter->mask,
			       filter->compare, filter->number);
	case FILTER_FLAG:
		return subject->conn && has(subject->conn, filter->attr);
	}
	return false;
}

/* What must hold for the whole to hold, as far as the kernel can be asked. */
struct demand {
	unsigned int states;
	struct {
		const struct filter *addr;
		const struct filter *port;
	} end[2];
	const struct filter *uid;
	const struct filter *cookie;
};

static void demand(const struct filter *filter, struct demand *want)
{
	if (!filter)
		return;
	if (filter->kind == FILTER_AND) {
		demand(filter->left, want);
		demand(filter->right, want);
	} else if (filter->kind == FILTER_STATES) {
		want->states &= (unsigned int)filter->number;
	} else if (filter->kind == FILTER_ADDRESS) {
		if (filter->addr.len)
			want->end[filter->remote].addr = filter;
		if (filter->compare == EQ)
			want->end[filter->remote].port = filter;
	} else if (filter->kind == FILTER_PORT && filter->compare == EQ) {
		want->end[filter->remote].port = filter;
	} else if (filter->kind == FILTER_NUMBER && filter->compare == EQ) {
		if (filter->attr == HSTP_A_CONN_UID)
			want->uid = filter;
		else if (filter->attr == HSTP_A_CONN_COOKIE)
			want->cookie = filter;
	}
}

/**
 * filter_states() - the states that something that matches can be in
 * @filter: from filter_parse(), or NULL
 */
unsigned int filter_states(const struct filter *filter)
{
	struct demand want = { .states = ALL_STATES };

	demand(filter, &want);
	return want.states;
}

/**
 * filter_asks() - does it depend on an attribute of a connection
 * @filter: from filter_parse(), or NULL
 * @attr: the attribute
 */
bool filter_asks(const struct filter *filter, unsigned int attr)
{
	if (!filter)
		return false;
	return ((filter->kind == FILTER_NUMBER || filter->kind == FILTER_FLAG) &&
		filter->attr == attr) ||
	       filter_asks(filter->left, attr) || filter_asks(filter->right, attr);
}

/**
 * filter_put() - the nest "match" of a request for connections
 * @nlh: the request
 * @filter: from filter_parse(), or NULL
 *
 * The kernel sends a superset of what matches: filter_match() still decides.
 */
void filter_put(struct nlmsghdr *nlh, const struct filter *filter)
{
	static const struct {
		uint16_t addr, prefix, port;
	} types[2] = {
		{ HSTP_A_MATCH_LOCAL_ADDRESS, HSTP_A_MATCH_LOCAL_PREFIX,
		  HSTP_A_MATCH_LOCAL_PORT },
		{ HSTP_A_MATCH_REMOTE_ADDRESS, HSTP_A_MATCH_REMOTE_PREFIX,
		  HSTP_A_MATCH_REMOTE_PORT },
	};
	struct demand want = { .states = ALL_STATES };
	struct nlattr *nest = NULL;

	demand(filter, &want);
	if (want.states == ALL_STATES && !want.end[0].addr && !want.end[0].port &&
	    !want.end[1].addr && !want.end[1].port && !want.uid && !want.cookie)
		return;
	nest = mnl_attr_nest_start(nlh, HSTP_A_CONN_MATCH);
	if (want.states != ALL_STATES)
		mnl_attr_put_u16(nlh, HSTP_A_MATCH_STATES, (uint16_t)want.states);
	for (int i = 0; i < 2; i++) {
		const struct filter *addr = want.end[i].addr, *port = want.end[i].port;

		if (addr) {
			mnl_attr_put(nlh, types[i].addr, addr->addr.len, addr->addr.bytes);
			mnl_attr_put_u8(nlh, types[i].prefix, addr->prefix);
		}
		/* 0, a listener's remote port, is not for the kernel to look for */
		if (port && port->number)
			mnl_attr_put_u16(nlh, types[i].port, htons((uint16_t)port->number));
	}
	if (want.uid)
		mnl_attr_put_u32(nlh, HSTP_A_MATCH_UID, (uint32_t)want.uid->number);
	if (want.cookie && want.cookie->number)
		mnl_attr_put_u64(nlh, HSTP_A_MATCH_COOKIE, want.cookie->number);
	mnl_attr_nest_end(nlh, nest);
}

/**
 * filter_help() - the conditions that there are
 * @of: what the filter is for
 */
void filter_help(enum filter_of of)
{
	printf("\n"
	       "FILTER, in the language of ss(8); what stands side by side must all hold:\n");
	if (of != OF_SEGMENTS)
		printf("  state STATE ...       one of RFC 9293's (time-wait, ...), or all,\n"
		       "                        connected, synchronized, bucket, big\n"
		       "  exclude STATE         not in it\n");
	printf("  src ADDRESS[/BITS][:PORT], dst ADDRESS[/BITS][:PORT]\n"
	       "                        own end, peer; [2001:db8::1]:80 for IPv6\n"
	       "  sport OP :PORT, dport OP :PORT\n"
	       "                        OP is = != < <= > >= or eq ne lt le gt ge\n");
	if (of == OF_CONNECTIONS)
		printf("  uid OP N, inode OP N, cookie OP N, fwmark OP N[/MASK]\n"
		       "  dev OP INTERFACE      its name or number\n"
		       "  cgroup = PATH, cgroup != PATH\n"
		       "                        of the socket, version 2; below where they are mounted\n"
		       "                        unless it begins with /\n"
		       "  autobound             bind() has not chosen the local port\n"
		       "  passive, orphan, unaccepted\n");
	printf("  and (&&), or (||), not (!), parentheses\n");
	if (of == OF_CONNECTIONS)
		printf("For instance:\n"
		       "  hstp show 'state time-wait ( dport = :80 or sport = :80 )'\n");
}
