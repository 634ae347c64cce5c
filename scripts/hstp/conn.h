/* SPDX-License-Identifier: GPL-2.0 */
/* Connections as the kernel lists them. */
#ifndef HSTP_CMD_CONN_H
#define HSTP_CMD_CONN_H

#include "filter.h"

typedef void (*conn_each)(const struct attrs *conn, const struct subject *subject, void *data);

void conn_dump(struct nl *nl, const struct filter *filter, conn_each each, void *data);
void conn_subject(const struct attrs *conn, struct subject *subject);
bool family_wanted(const struct addr *addr);
void conn_json(const struct attrs *conn);
void conn_details(const struct attrs *conn, const char *separator);
void conn_timer(char *text, size_t size, const struct attrs *conn);

#endif /* HSTP_CMD_CONN_H */
