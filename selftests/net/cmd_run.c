// SPDX-License-Identifier: GPL-2.0
/* hstp run: programs that know nothing of HSTP speak it. */
#include <grp.h>
#include <linux/capability.h>
#include <linux/hstp.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "kselftest_harness.h"

#include "cmd.h"

static struct cmd c;

/* bash opens a stream socket for /dev/tcp; what it says must come to a listener of HSTP. */
TEST(bash)
{
	struct sockaddr_in addr;
	char arguments[200];
	int listener, fd;

	net_alone();
	net_enter(NS_A);
	addr = st_loopback(0);
	listener = TRY(st_listen(proto, &addr, 5));
	snprintf(arguments, sizeof(arguments),
		 "run bash -c 'exec 3<>/dev/tcp/127.0.0.1/%u; echo hello >&3; cat <&3; exit 7'",
		 port_of(listener));
	cmd_start(&c, arguments);
	fd = fd_accept(listener);
	fd_recv(fd, "hello\n");
	fd_send(fd, "answer\n");
	fd_close(fd);
	cmd_end(&c);
	/* It ends as its program does. */
	SAME(c.status, 7);
	SAME(strcmp(c.out, "answer\n"), 0);
}

/* An option of TCP's level goes to HSTP's. */
TEST(options)
{
	static const char program[] =
		"import socket as s; a = s.socket(); "
		"a.setsockopt(s.IPPROTO_TCP, s.TCP_NODELAY, 1); "
		"print(a.getsockopt(s.SOL_SOCKET, 38), a.getsockopt(s.IPPROTO_TCP, s.TCP_NODELAY), "
		"s.socket(s.AF_INET, s.SOCK_DGRAM).getsockopt(s.SOL_SOCKET, 38))";
	char want[32];

	net_alone();
	net_enter(NS_A);
	cmd(&c, 0, "run python3 -c '%s'", program);
	snprintf(want, sizeof(want), "%d 1 %d\n", IPPROTO_HSTP, IPPROTO_UDP);
	SAME(strcmp(c.out, want), 0);
}

/* The system preloads nothing into what gains rights: an error, not TCP without a word. */
TEST(gains_rights)
{
	const struct vfs_cap_data caps = {
		.magic_etc = VFS_CAP_REVISION_2,
		.data = { { .permitted = 1 << CAP_NET_BIND_SERVICE } },
	};
	char dir[] = "/tmp/hstp_run.XXXXXX";

	net_alone();
	net_enter(NS_A);
	NEED(mkdtemp(dir));
	TRY(chmod(dir, 0755));
	net_run(NS_A, "cd %s && cp /bin/true root && cp root other && cp root group && "
		"cp root able && "
		"chmod 4755 root && chown 65533 other && chmod 4755 other && chgrp 65533 group && "
		"chmod 2755 group && echo '#!/bin/sh' >script && chown 65533 script && "
		"chmod 4755 script", dir);
	snprintf(c.out, sizeof(c.out), "%s/able", dir);
	TRY(setxattr(c.out, "security.capability", &caps, sizeof(caps), 0));

	/* Root loses rights, or has no more than before. */
	cmd(&c, 0, "run %s/root", dir);
	cmd(&c, 0, "run %s/able", dir);
	cmd(&c, 1, "run %s/other", dir);
	cmd_has(&c, "/other is set-user-ID or set-group-ID");
	cmd(&c, 1, "run %s/group", dir);
	cmd_has(&c, "/group is set-user-ID or set-group-ID");
	/* The bit means nothing on a script. */
	cmd(&c, 0, "run %s/script", dir);

	TRY(setgroups(0, NULL));
	TRY(setresgid(65534, 65534, 65534));
	TRY(setresuid(65534, 65534, 65534));
	cmd(&c, 1, "run %s/root", dir);
	cmd_has(&c, "/root is set-user-ID or set-group-ID");
	cmd(&c, 1, "run %s/able", dir);
	cmd_has(&c, "/able has file capabilities");
	cmd(&c, 0, "run %s/script", dir);
}

/* ld.so divides its list at blanks and colons, and only warns of what it does not find. */
TEST(path_cannot_be_preloaded)
{
	static const char *const names[] = { "a b", "a:b", "a$ORIGIN" };
	char dir[] = "/tmp/hstp_run.XXXXXX";

	net_alone();
	net_enter(NS_A);
	NEED(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		net_run(NS_A, "mkdir '%s/%s' && cp " HSTP_BUILD "/hstp " HSTP_BUILD
			"/libhstp-run.so '%s/%s'", dir, names[i], dir, names[i]);
		cmd(&c, 1, "run env -u LD_PRELOAD '%s/%s/hstp' run echo TCP", dir, names[i]);
		cmd_has(&c, "libhstp-run.so cannot be preloaded: its path has a blank, ");
		SAME(cmd_count(&c, "\n"), 1);
	}
	/* Nothing is wrong with it but its place. */
	net_run(NS_A, "mv '%s/%s' %s/right", dir, names[0], dir);
	cmd(&c, 0, "run env -u LD_PRELOAD %s/right/hstp run echo HSTP", dir);
	ASSERT_STREQ("HSTP\n", c.out);
	net_run(NS_A, "rm -r %s", dir);
}

TEST(refusals)
{
	net_alone();
	net_enter(NS_A);
	cmd(&c, 2, "run");
	cmd_has(&c, "a command is missing");
	cmd(&c, 1, "run no_such_program");
	cmd_has(&c, "no program \"no_such_program\"");
	cmd(&c, 1, "run /etc/passwd");
	cmd_has(&c, "Permission denied");
	cmd(&c, 1, "run --protocol 200 true");
	cmd_has(&c, "protocol 200 is not there");
	if (net_status(NS_A, "file -L $(command -v busybox) 2>/dev/null | grep -q static") &&
	    net_status(NS_A, "dpkg -s busybox-static >/dev/null 2>&1"))
		SKIP(return, "no program that is linked statically");
	cmd(&c, 1, "run busybox true");
	cmd_has(&c, "is linked statically");
}

TEST_HARNESS_MAIN
