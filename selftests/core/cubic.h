/* SPDX-License-Identifier: GPL-2.0 */
/* An algorithm of congestion control that joins the others in the tests. */
#ifndef HSTP_TEST_CUBIC_H
#define HSTP_TEST_CUBIC_H

#include "congestion.h"

#define CUBIC	(HSTP_CONGESTION_RENO + 1)

extern const struct hstp_congestion cubic;

#endif /* HSTP_TEST_CUBIC_H */
