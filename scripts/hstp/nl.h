/* SPDX-License-Identifier: GPL-2.0 */
/* Talking to the netlink family, and reading what it says. */
#ifndef HSTP_CMD_NL_H
#define HSTP_CMD_NL_H

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include "hstp.h"

#define NL_BUFFER 65536
#define ATTRS 100		/* more than any set of attributes has */

/* An open socket of the family. */
struct nl {
	struct mnl_socket *socket;
	uint16_t family;
	uint32_t seq;
	uint32_t group_events;
	uint32_t group_segments;
	char error[512];	/* after a call that failed: what the kernel said */
	char buffer[NL_BUFFER];
};

/* Attributes by number; NULL where there is none. */
struct attrs {
	const struct nlattr *at[ATTRS];
	const struct nlmsghdr *message;	/* that they are in; NULL for those in a nest */
};

/* 4 bytes of IPv4, 16 of IPv6, or nothing when len is 0. */
struct addr {
	uint8_t len;
	uint8_t bytes[16];
};

typedef int (*nl_reply)(const struct nlmsghdr *nlh, void *data);

struct nl *nl_open(void);
void nl_close(struct nl *nl);
struct nlmsghdr *nl_begin(struct nl *nl, void *buffer, uint8_t command, uint16_t flags);
int nl_call(struct nl *nl, struct nlmsghdr *nlh, nl_reply reply, void *data);
int nl_join(struct nl *nl, uint32_t group);

void attrs_of(const struct nlmsghdr *nlh, struct attrs *attrs);
void attrs_in(const struct nlattr *nest, struct attrs *attrs);
uint64_t attr_number(const struct nlattr *attr);
uint16_t attr_port(const struct nlattr *attr);
struct addr attr_addr(const struct nlattr *attr);

/* The number of an attribute that may be absent. */
static inline uint64_t number(const struct attrs *attrs, unsigned int type)
{
	return attrs->at[type] ? attr_number(attrs->at[type]) : 0;
}

static inline bool has(const struct attrs *attrs, unsigned int type)
{
	return attrs->at[type];
}

#endif /* HSTP_CMD_NL_H */
