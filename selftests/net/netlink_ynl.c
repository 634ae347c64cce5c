// SPDX-License-Identifier: GPL-2.0
/* The kernel's YNL client drives the family from its YAML alone: ynl.py has the tests. */
#include <err.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where ynl.py is: programs lie in a directory of the source's. */
static const char *source(void)
{
	static char path[PATH_MAX];
	const char *given = getenv("HSTP_SOURCE");

	if (given)
		return given;
	if (readlink("/proc/self/exe", path, sizeof(path) - 1) < 0)
		err(1, "/proc/self/exe");
	return dirname(dirname(path));
}

int main(int argc, char **argv)
{
	char script[PATH_MAX], ynl[PATH_MAX], spec[PATH_MAX];
	const char *cache = getenv("HSTP_CACHE"), *home = getenv("HOME");
	char **args = calloc((size_t)argc + 4, sizeof(*args));

	if (!args)
		err(1, "calloc");
	snprintf(script, sizeof(script), "%s/ynl.py", source());
	snprintf(spec, sizeof(spec), "%s/../../include/hstp.yaml", source());
	if (cache)
		snprintf(ynl, sizeof(ynl), "%s/ynl/tools/net/ynl", cache);
	else
		snprintf(ynl, sizeof(ynl), "%s/.cache/hstp/ynl/tools/net/ynl",
			 home ? home : "/root");
	args[0] = "python3";
	args[1] = script;
	args[2] = ynl;
	args[3] = spec;
	memcpy(args + 4, argv + 1, ((size_t)argc - 1) * sizeof(*args));
	execvp(args[0], args);
	err(1, "python3");
}
