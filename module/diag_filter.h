/* SPDX-License-Identifier: GPL-2.0 */
/* The filter programs of sock_diag. */
#ifndef HSTP_DIAG_FILTER_H
#define HSTP_DIAG_FILTER_H

#include <net/netlink.h>

#include "snapshot.h"

bool hstp_diag_filter(const struct nlattr *program, const struct hstp_view *v, u8 family);

#endif /* HSTP_DIAG_FILTER_H */
