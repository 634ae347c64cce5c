/* SPDX-License-Identifier: GPL-2.0 */
/* The netlink family "hstp": requests, their answers, and what is told to its groups.
 *
 *	struct nl *nl = nl_open(NS_A);
 *	struct nlmsghdr *req = nl_request(nl, HSTP_CMD_CONFIG_SET, 0);
 *
 *	mnl_attr_put_u32(req, HSTP_A_CONFIG_MSL_MS, 0);
 *	SAME(nl_talk(nl, req, NULL, NULL), -ERANGE);
 *	NEED(strstr(nl->text, "msl_ms"));
 */
#ifndef HSTP_TEST_NL_H
#define HSTP_TEST_NL_H

#include <libmnl/libmnl.h>
#include <linux/hstp_netlink.h>

#include "fd.h"

#define NL_ATTRS	100	/* more than any set has */
#define NL_KEEP		16	/* messages in struct nl_kept */

/* What the kernel says that an attribute takes. */
struct nl_value {
	uint16_t number;	/* of the attribute */
	uint32_t kind;		/* enum netlink_attribute_type; 0: nothing is said */
	uint64_t min, max;	/* of an unsigned number */
	uint64_t mask;		/* bits that it may have; 0: any */
	uint32_t longest;	/* of bytes; 0: no bound */
	int nest;		/* number of the policy of a nest, or -1 */
};

struct nl {
	int fd;			/* NETLINK_GENERIC, not connected */
	uint16_t family;
	uint32_t groups[2];	/* events, segments */
	uint32_t seq;
	char text[200];		/* of the last refusal, or "" */
	int bad_type;		/* attribute that it names, the innermost; 0: none */
	struct nl_value bound;	/* what it says that this attribute takes */
	char request[65536];
	char reply[65536];
};

/* The attributes of a message or a nest by their number; NULL: not there. */
struct nl_attrs {
	const struct nlattr *by[NL_ATTRS];
};

typedef void nl_fn(const struct nlmsghdr *message, void *arg);

struct nl *nl_open(enum net_ns ns);
struct nl *nl_open_here(void);
void nl_close(struct nl *nl);
struct nlmsghdr *nl_request(struct nl *nl, int cmd, int flags);

/* Send it and call @fn for each message of the answer. Returns 0 or -errno. */
int nl_talk(struct nl *nl, struct nlmsghdr *request, nl_fn *fn, void *arg);

/* Join a group with a receive buffer of @bytes (0: the largest that there is). */
void nl_join(struct nl *nl, const char *group, int bytes);

/* What was told until now; returns the number of messages, -ENOBUFS when some were lost
 * (and then there may be more). Waits @ms for the first one.
 */
int nl_told(struct nl *nl, int ms, nl_fn *fn, void *arg);

/* Goes on until @count messages were told, and no more. */
void nl_told_count(struct nl *nl, int count, nl_fn *fn, void *arg);

/* Messages that outlive the buffer that they came in. */
struct nl_kept {
	int count;
	struct nl_attrs a[NL_KEEP];
	char bytes[NL_KEEP][1024];
};

void nl_keep(const struct nlmsghdr *message, void *kept);	/* an nl_fn */

void nl_attrs(const struct nlmsghdr *message, struct nl_attrs *attrs);
void nl_nested(const struct nlattr *nest, struct nl_attrs *attrs);

/* What a nest NL_POLICY_TYPE_ATTR_ says. */
struct nl_value nl_value_of(const struct nlattr *nest);

uint64_t nl_number(const struct nlattr *attr);	/* of any width; 0 if not there */

/* A nest HSTP_A_CONN_MATCH that is the connection of @end, or the side of it. */
void nl_match_end(struct nlmsghdr *request, const struct end *end);

#endif /* HSTP_TEST_NL_H */
