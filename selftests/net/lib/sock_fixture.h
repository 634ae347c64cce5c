/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fixture of the socket tests: every test runs twice, each time in a new
 * network namespace, on TCP and on HSTP.
 *
 * What is expected is written out in the tests. The TCP run proves that it is
 * what programs meet today, the HSTP run that they meet the same here. The
 * variable HSTP_TEST_ONLY, "tcp" or "hstp", skips the other one; TCP alone
 * needs no module.
 */
#ifndef SOCK_FIXTURE_H
#define SOCK_FIXTURE_H

#include <errno.h>
#include <linux/hstp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kselftest_harness.h"
#include "sock_call.h"
#include "sock_pair.h"

/* An emulated machine with a debug kernel takes its time. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

/* The call fails, and with this errno. */
#define EXPECT_ERR(err, call) EXPECT_EQ((int)(err), st_err(call))
#define ASSERT_ERR(err, call) ASSERT_EQ((int)(err), st_err(call))
/* The call succeeds; failing, it shows errno. */
#define EXPECT_OK(call) EXPECT_ERR(0, call)
#define ASSERT_OK(call) ASSERT_ERR(0, call)

FIXTURE(on)
{
	struct st_pair pair;	/* not open until the test opens it */
};

FIXTURE_VARIANT(on)
{
	int proto;
};

FIXTURE_VARIANT_ADD(on, tcp)
{
	.proto = IPPROTO_TCP,
};

FIXTURE_VARIANT_ADD(on, hstp)
{
	.proto = IPPROTO_HSTP,
};

FIXTURE_SETUP(on)
{
	const char *name = variant->proto == IPPROTO_TCP ? "tcp" : "hstp";
	const char *only = getenv("HSTP_TEST_ONLY");

	if (only && strcmp(only, name))
		SKIP(_exit(255), "only %s was asked for", only);
	self->pair = (struct st_pair){ .listener = -1, .client = -1, .server = -1 };
	ASSERT_OK(st_namespace());
}

FIXTURE_TEARDOWN(on)
{
}

#endif
