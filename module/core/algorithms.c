// SPDX-License-Identifier: GPL-2.0
/* Which algorithms of congestion control there are. The host tests have a table of their own
 * (selftests/core/algorithms.c), with one more.
 */
#include "congestion.h"

const struct hstp_congestion *const hstp_congestions[HSTP_CONGESTIONS_MAX] = {
	[HSTP_CONGESTION_NEWRENO] = &hstp_newreno,
	[HSTP_CONGESTION_RENO] = &hstp_reno,
};
