/* SPDX-License-Identifier: GPL-2.0 */
/* Filters in ss(8)'s language: parsed, applied, and told to the kernel. */
#ifndef HSTP_CMD_FILTER_H
#define HSTP_CMD_FILTER_H

#include "names.h"
#include "nl.h"

/* What a filter looks at: a connection, or an event or segment of one. */
struct subject {
	unsigned int state;
	struct addr local, remote;
	uint16_t local_port, remote_port;
	const struct attrs *conn;	/* the rest, or NULL */
};

enum filter_kind {
	FILTER_AND, FILTER_OR, FILTER_NOT,
	FILTER_STATES,			/* number: a set */
	FILTER_ADDRESS,			/* prefix, and port when compare is set */
	FILTER_PORT,
	FILTER_NUMBER,			/* attr is compared with number */
	FILTER_FLAG,			/* attr is there */
};

/* What a filter is for: of each less is known than of the one before. */
enum filter_of { OF_CONNECTIONS, OF_EVENTS, OF_SEGMENTS };

enum filter_compare { ANY, EQ, NE, LT, LE, GT, GE };

struct filter {
	enum filter_kind kind;
	struct filter *left, *right;
	bool remote;			/* the peer's address or port */
	enum filter_compare compare;
	struct addr addr;
	uint8_t prefix;
	unsigned int attr;
	uint64_t number;
	uint64_t mask;			/* bits that are compared with number */
};

struct filter *filter_parse(int argc, char **argv, enum filter_of of);
bool filter_match(const struct filter *filter, const struct subject *subject);
void filter_put(struct nlmsghdr *nlh, const struct filter *filter);
unsigned int filter_states(const struct filter *filter);
bool filter_asks(const struct filter *filter, unsigned int attr);
void filter_help(enum filter_of of);

/* conn.c */
bool same_end(const struct addr *a, uint16_t a_port, const struct addr *b, uint16_t b_port);
bool same_ends(const struct subject *a, const struct subject *b);

#endif /* HSTP_CMD_FILTER_H */
