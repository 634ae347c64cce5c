// SPDX-License-Identifier: GPL-2.0
/* hstp run: a program whose stream sockets speak HSTP, by way of a preloaded library. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "hstp.h"

#define LIBRARY "libhstp-run.so"

/* Beside this program, where it was built; else where it is installed. */
static void find_library(char path[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", path, PATH_MAX - sizeof(LIBRARY) - 1);
	char *slash;

	if (len > 0) {
		path[len] = '\0';
		slash = strrchr(path, '/');
		strcpy(slash + 1, LIBRARY);
		if (!access(path, R_OK))
			return;
	}
	strcpy(path, LIBDIR "/" LIBRARY);
	if (access(path, R_OK))
		quit(FAILED, "run: %s: %s (make -C scripts/hstp install puts it there)", path,
		     strerror(errno));
}

/* ld.so(8) would look for parts of the path, and run the program without the library. */
static void check_library(const char *path)
{
	if (strpbrk(path, " :$"))
		quit(FAILED,
		     "run: %s cannot be preloaded: its path has a blank, a colon or a dollar sign, which ld.so(8) takes for its own; make -C scripts/hstp install puts it elsewhere",
		     path);
}

/* Where execvp() would find it. */
static void find_program(const char *name, char path[PATH_MAX])
{
	const char *dirs = getenv("PATH");
	size_t len;

	snprintf(path, PATH_MAX, "%s", name);
	if (strchr(name, '/')) {
		if (!access(path, X_OK))
			return;
		quit(FAILED, "run: %s: %s", name, strerror(errno));
	}
	for (dirs = dirs ? dirs : "/usr/bin:/bin"; *dirs; dirs += len + (dirs[len] == ':')) {
		len = strcspn(dirs, ":");
		snprintf(path, PATH_MAX, "%.*s/%s", (int)len, len ? dirs : ".", name);
		if (!access(path, X_OK))
			return;
	}
	quit(FAILED, "run: there is no program \"%s\" in PATH", name);
}

/* A dynamic program names its interpreter, which is what loads libraries. */
static bool is_dynamic(int fd, const Elf64_Ehdr *head)
{
	Elf64_Phdr segment;

	for (unsigned int i = 0; i < head->e_phnum; i++) {
		off_t at = (off_t)(head->e_phoff + (size_t)i * head->e_phentsize);

		if (pread(fd, &segment, sizeof(segment), at) != sizeof(segment))
			break;
		if (segment.p_type == PT_INTERP)
			return true;
	}
	return false;
}

/* The system loads no other library into a program that gains rights when it is started. Scripts
 * gain none.
 */
static void check_rights(const char *path)
{
	struct statvfs fs;
	struct stat st;

	if (stat(path, &st) || (!statvfs(path, &fs) && fs.f_flag & ST_NOSUID))
		return;
	if ((st.st_mode & S_ISUID && st.st_uid != getuid()) ||
	    (st.st_mode & S_ISGID && st.st_mode & 0010 && st.st_gid != getgid()))
		quit(FAILED,
		     "run: %s is set-user-ID or set-group-ID: the system loads no other library into it",
		     path);
	/* Root has them all already. */
	if (getuid() && getxattr(path, "security.capability", NULL, 0) > 0)
		quit(FAILED,
		     "run: %s has file capabilities (getcap(8)): the system loads no other library into it; run as root, it does",
		     path);
}

/* Refuse what a preloaded library cannot reach. A script is as good as its interpreter. */
static void check_program(const char *path, int depth)
{
	union {
		Elf64_Ehdr elf;
		char text[256];
	} head = { };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *word;

	/* Unreadable but executable: no script, and there is no more to look at. */
	if (fd < 0) {
		check_rights(path);
		return;
	}
	if (read(fd, &head, sizeof(head) - 1) < 4)
		goto out;
	if (head.text[0] == '#' && head.text[1] == '!' && depth < 4) {
		word = strtok(head.text + 2, " \t\n");
		if (word)
			check_program(word, depth + 1);
		goto out;
	}
	check_rights(path);
	if (memcmp(head.elf.e_ident, ELFMAG, SELFMAG))
		goto out;
	if (head.elf.e_ident[EI_CLASS] != (sizeof(long) == 8 ? ELFCLASS64 : ELFCLASS32))
		quit(FAILED, "run: %s is of another word size than %s: it cannot load it", path,
		     LIBRARY);
	if (sizeof(long) == 8 && !is_dynamic(fd, &head.elf))
		quit(FAILED,
		     "run: %s is linked statically: no library can be loaded into it; a dynamic build of it would do",
		     path);
out:
	close(fd);
}

/* Better now than as an error of the program that nobody understands. */
static void check_protocol(int protocol)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, protocol);

	if (fd < 0 && errno == EPROTONOSUPPORT)
		quit(FAILED,
		     "run: protocol %d is not there: as root, \"modprobe hstp\", or \"insmod hstp.ko\" where it was built",
		     protocol);
	if (fd >= 0)
		close(fd);
}

/* hstp run [--protocol N] COMMAND [ARGUMENT ...] */
int cmd_run(int argc, char **argv)
{
	char library[PATH_MAX], program[PATH_MAX], number[16], *preload;
	int protocol = IPPROTO_HSTP;
	const char *before;

	if (argc && is_help(argv[0])) {
		printf("usage: hstp run [--protocol N] COMMAND [ARGUMENT ...]\n\n"
		       "Runs a program with its TCP sockets moved to HSTP: a preloaded library (%s)\n"
		       "changes the protocol in socket(), and the level of TCP's options. What the program\n"
		       "starts is run so, too. Programs that are linked statically, or that gain rights when\n"
		       "they are started (set-user-ID, file capabilities), are refused; those that call the\n"
		       "kernel without the C library, as Go's do, keep TCP.\n"
		       "  --protocol N  the module's parameter \"protocol\", if it is not %d\n",
		       LIBRARY, IPPROTO_HSTP);
		return DONE;
	}
	if (argc > 1 && !strcmp(argv[0], "--protocol")) {
		protocol = (int)parse_number("--protocol", argv[1], 1, 255);
		argc -= 2;
		argv += 2;
	}
	if (!argc)
		quit(MISUSED, "run: a command is missing, as in: hstp run nc -l 8080");
	if (argv[0][0] == '-')
		quit(MISUSED, "run: there is no option \"%s\" but --protocol", argv[0]);
	find_library(library);
	check_library(library);
	find_program(argv[0], program);
	check_program(program, 0);
	check_protocol(protocol);

	before = getenv("LD_PRELOAD");
	if (asprintf(&preload, "%s%s%s", library, before && *before ? ":" : "",
		     before ? before : "") < 0)
		quit(FAILED, "out of memory");
	snprintf(number, sizeof(number), "%d", protocol);
	if (setenv("LD_PRELOAD", preload, 1) || setenv("HSTP_PROTOCOL", number, 1))
		quit(FAILED, "run: environment: %s", strerror(errno));
	execv(program, argv);
	quit(FAILED, "run: %s: %s", program, strerror(errno));
}
