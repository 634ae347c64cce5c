/* SPDX-License-Identifier: GPL-2.0 */
/* The scene of the tests between HSTP and Linux TCP, for both roles. */
#ifndef HSTP_TEST_INTEROP_H
#define HSTP_TEST_INTEROP_H

#include "kselftest_harness.h"
#include "relay.h"

/* An emulated machine with a debug kernel takes its time. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	120

/* What the functions of a test get from it as "self". */
#define scene _test_data_relay

/* Both roles: which protocol's end opens, or does whatever the test is about. */
FIXTURE(relay)
{
	struct end ends[2];
	struct end *hstp, *tcp;
	struct end *first, *second;	/* the variant's, the other one's */
};

FIXTURE_VARIANT(relay)
{
	bool tcp;
};

FIXTURE_VARIANT_ADD(relay, hstp)
{
	.tcp = false,
};

FIXTURE_VARIANT_ADD(relay, tcp)
{
	.tcp = true,
};

FIXTURE_SETUP(relay)
{
	self->hstp = &self->ends[0];
	self->tcp = &self->ends[1];
	self->first = variant->tcp ? self->tcp : self->hstp;
	self->second = variant->tcp ? self->hstp : self->tcp;
	interop_relay(self->hstp, self->tcp);
	interop_options(INTEROP_ALL);
}

FIXTURE_TEARDOWN(relay)
{
	stats_sums(NS_A);
}

/* An open connection: @first's socket is fd[0], opened actively. */
#define relay_open(fd) relay_connect(self->first, self->second, &(fd)[0], &(fd)[1])

#endif /* HSTP_TEST_INTEROP_H */
