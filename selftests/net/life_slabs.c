// SPDX-License-Identifier: GPL-2.0
/* The kernel's objects of a connection, by the benchmark's measure, are no larger than what
 * they are promised to be: SYN-RECEIVED 96 bytes, unaccepted 512, orphan 512, TIME-WAIT 96.
 *
 * Cache by cache, all that a thousand of them made grow: what else hangs on a connection (a
 * route, a timer, a packet) counts. Only without debugging are objects as large as that.
 */
#include "kselftest_harness.h"

#include "lib/net.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

TEST(sizes)
{
	int status = system("modprobe tun; HSTP_BENCH_VERBOSE=1 " HSTP_BENCH " --slabs");

	SAME(status, 0);
}

TEST_HARNESS_MAIN
