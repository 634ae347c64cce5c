// SPDX-License-Identifier: GPL-2.0
/* The algorithms of module/core/algorithms.c, and one that joins them in the tests. */
#include "cubic.h"

const struct hstp_congestion *const hstp_congestions[HSTP_CONGESTIONS_MAX] = {
	[HSTP_CONGESTION_NEWRENO] = &hstp_newreno,
	[HSTP_CONGESTION_RENO] = &hstp_reno,
	[CUBIC] = &cubic,
};
