/* SPDX-License-Identifier: GPL-2.0 */
/* Loading and unloading hstp.ko from within a test. */
#ifndef MODULE_H
#define MODULE_H

#include <fcntl.h>
#include <sys/syscall.h>

#include "lib/check.h"

/* Where scripts/vm lays it. */
static inline const char *module_file(void)
{
	const char *file = getenv("HSTP_MODULE");

	return file ? file : "/run/vm/hstp.ko";
}

/* 0 or -errno; @params as for insmod. */
static inline int module_load(const char *params)
{
	int fd = TRY(open(module_file(), O_RDONLY | O_CLOEXEC)), err;

	err = syscall(SYS_finit_module, fd, params, 0) ? -errno : 0;
	close(fd);
	return err;
}

/* At once or not at all; 0 or -errno. */
static inline int module_unload(void)
{
	return syscall(SYS_delete_module, "hstp", O_NONBLOCK) ? -errno : 0;
}

static inline bool module_loaded(void)
{
	return !access("/sys/module/hstp/initstate", F_OK);
}

/* How many hold it: as long as there are any, it is not unloaded. */
static inline int module_references(void)
{
	FILE *file = fopen("/sys/module/hstp/refcnt", "r");
	int count = -1;

	if (!file || fscanf(file, "%d", &count) != 1)
		die_errno(__FILE__, __LINE__, "/sys/module/hstp/refcnt");
	fclose(file);
	return count;
}

/* No cache of the module's is left in the slab allocator. */
static inline void module_left_no_slab(void)
{
	char line[512];
	FILE *file = fopen("/proc/slabinfo", "r");

	NEED(file);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, "hstp", 4))
			die(__FILE__, __LINE__, "slab cache left: %s", line);
	fclose(file);
}

#endif /* MODULE_H */
