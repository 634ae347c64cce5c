/* SPDX-License-Identifier: GPL-2.0 */
/* The fixture of tests that send bad segments to places of their own, beside a connection
 * that must go on.
 */
#ifndef BAD_H
#define BAD_H

#include "kselftest_harness.h"

#include "beside.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

#define PORT 80
#define PEER 4000

FIXTURE(bad)
{
	struct beside beside;
	struct end us, it;
};

FIXTURE_SETUP(bad)
{
	net_peer();
	net_no_timers(NS_A);
	beside_open(&self->beside);
	wire_ends(&self->us, NS_T, PEER, &self->it, NS_A, PORT);
	stats_mark(NS_A);
}

FIXTURE_TEARDOWN(bad)
{
	beside_works(&self->beside);
	stats_sums(NS_A);
}

#endif /* BAD_H */
