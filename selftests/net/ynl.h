/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's YNL client drives the family from its YAML alone: each test is a function of
 * ynl.py. A program has no more of them than an emulated machine does in a few minutes: each
 * starts Python and reads the YAML.
 */
#ifndef YNL_H
#define YNL_H

#include <libgen.h>
#include <limits.h>

#include "kselftest_harness.h"

#include "lib/net.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

static inline const char *cache(void)
{
	static char path[PATH_MAX];
	const char *given = getenv("HSTP_CACHE"), *home = getenv("HOME");

	if (given)
		return given;
	snprintf(path, sizeof(path), "%s/.cache/hstp", home ? home : "/root");
	return path;
}

/* Programs are run in the source's directory, or lie in a directory of it. */
static inline const char *source(void)
{
	static char path[PATH_MAX];
	const char *given = getenv("HSTP_SOURCE");

	if (given)
		return given;
	TRY(readlink("/proc/self/exe", path, sizeof(path) - 1));
	return dirname(dirname(path));
}

static inline void run(const char *name)
{
	net_alone();
	net_run(NS_A, "exec python3 %s/ynl.py %s/ynl/tools/net/ynl %s/../../include/hstp.yaml %s",
		source(), cache(), source(), name);
}

#define YNL(name) TEST(name) { run(#name); }

#endif /* YNL_H */
