/* SPDX-License-Identifier: GPL-2.0 */
/* Rows of conn-get: each a connection with its attributes. */
#ifndef ROWS_H
#define ROWS_H

#include <time.h>

#include "lib/nl.h"

struct rows {
	int count;
	struct nl_attrs last;
	char kept[65536];
};

static inline void keep_row(const struct nlmsghdr *m, void *arg)
{
	struct rows *rows = arg;

	memcpy(rows->kept, m, m->nlmsg_len);
	nl_attrs((const struct nlmsghdr *)rows->kept, &rows->last);
	rows->count++;
}

static inline struct rows *get(struct nl *nl, struct nlmsghdr *req)
{
	struct rows *rows = calloc(1, sizeof(*rows));

	NEED(rows);
	SAME(nl_talk(nl, req, keep_row, rows), 0);
	return rows;
}

static inline struct rows *get_end(struct nl *nl, const struct end *end)
{
	struct nlmsghdr *req = nl_request(nl, HSTP_CMD_CONN_GET, 0);
	struct rows *rows;

	nl_match_end(req, end);
	rows = get(nl, req);
	SAME(rows->count, 1);
	return rows;
}

static inline int dump(struct nl *nl, struct nlmsghdr *req)
{
	struct rows *rows = get(nl, req);
	int count = rows->count;

	free(rows);
	return count;
}

#define NUMBER(rows, name)	nl_number((rows)->last.by[HSTP_A_CONN_##name])
#define HAS(rows, name)		(!!(rows)->last.by[HSTP_A_CONN_##name])

/* As attribute "since" counts. */
static inline uint64_t now_ns(void)
{
	struct timespec t;

	TRY(clock_gettime(CLOCK_MONOTONIC, &t));
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

#endif /* ROWS_H */
