// SPDX-License-Identifier: GPL-2.0
/* ssh, scp and sshd, one end on HSTP and one on TCP. */
#include "programs.h"

/* The key exchange is one that an emulated machine does soon. */
static void shell(enum net_ns server, enum net_ns user)
{
	const char *options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=known"
			      " -o IdentitiesOnly=yes -i key -F none"
			      " -o KexAlgorithms=curve25519-sha256";

	net_run(NS_HOME, "mkdir -p /run/sshd && ssh-keygen -q -t ed25519 -N '' -f key && "
		"ssh-keygen -q -t ed25519 -N '' -f host && cat >sshd.conf <<EOF\n"
		"Port 22\nListenAddress %s\nHostKey $PWD/host\nAuthorizedKeysFile $PWD/key.pub\n"
		"PermitRootLogin yes\nStrictModes no\nUsePAM no\nPidFile none\n"
		"Subsystem sftp /usr/lib/openssh/sftp-server\n"
		"EOF\n", ADDR(server));
	serve(server, 22, "/usr/sbin/sshd -D -e -f $PWD/sshd.conf");
	client(user, "ssh %s root@%s 'echo from there; exit 7' >said; test $? = 7", options,
	       ADDR(server));
	net_run(NS_HOME, "grep -qx 'from there' said");
	client(user, "scp -q %s file root@%s:$PWD/there", options, ADDR(server));
	net_run(NS_HOME, "cmp file there");
	client(user, "scp -q %s root@%s:$PWD/there back", options, ADDR(server));
	net_run(NS_HOME, "cmp file back");
	spoken(3);
}

TEST_F(programs, ssh_and_scp_to_sshd)
{
	shell(NS_B, NS_A);
}

TEST_F(programs, sshd_from_ssh_and_scp)
{
	shell(NS_A, NS_B);
}

TEST_HARNESS_MAIN
