// SPDX-License-Identifier: GPL-2.0
/* The kernel's YNL client: connections, counters, settings and notifications. */
#include "ynl.h"

YNL(conn_get)
YNL(conn_get_dump)
YNL(conn_abort)
YNL(conn_close)
YNL(stats_get)
YNL(stats_reset)
YNL(config_get)
YNL(config_set)
YNL(event)
YNL(segment)

TEST_HARNESS_MAIN
