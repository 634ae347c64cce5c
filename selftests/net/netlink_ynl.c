// SPDX-License-Identifier: GPL-2.0
/* The kernel's YNL client drives the family from its YAML alone: a test for each command and
 * each kind of notification, in ynl.py.
 */
#include <libgen.h>
#include <limits.h>

#include "kselftest_harness.h"

#include "lib/net.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

static const char *cache(void)
{
	static char path[PATH_MAX];
	const char *given = getenv("HSTP_CACHE"), *home = getenv("HOME");

	if (given)
		return given;
	snprintf(path, sizeof(path), "%s/.cache/hstp", home ? home : "/root");
	return path;
}

/* Programs are run in the source's directory, or lie in a directory of it. */
static const char *source(void)
{
	static char path[PATH_MAX];
	const char *given = getenv("HSTP_SOURCE");

	if (given)
		return given;
	TRY(readlink("/proc/self/exe", path, sizeof(path) - 1));
	return dirname(dirname(path));
}

static void run(const char *name)
{
	net_alone();
	net_run(NS_A, "exec python3 %s/ynl.py %s/ynl/tools/net/ynl %s/../../include/hstp.yaml %s",
		source(), cache(), source(), name);
}

#define YNL(name) TEST(name) { run(#name); }

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
