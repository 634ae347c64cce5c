// SPDX-License-Identifier: GPL-2.0
/* SOCK_DESTROY: RFC 9293 section 3.10.5 for who has CAP_NET_ADMIN; and hstp_diag.ko, which
 * the kernel loads when somebody asks.
 */
#include <sched.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "diag.h"
#include "lib/states.h"

static int destroy(int fd, const struct end *it)
{
	struct diag_query q = diag_of(it);

	return diag_ask(fd, SOCK_DESTROY, 0, &q, NULL);
}

/* A reset <SEQ=SND.NXT><CTL=RST>, unless the FINs have crossed; CLOSED; the user is told. */
TEST_F(state, abort)
{
	bool says = !IN_STATE("CLOSING") && !IN_STATE("LAST-ACK") && !IN_STATE("TIME-WAIT");
	struct diag_query q = diag_of(&self->it);
	struct diag_rows rows = { .count = 0 };
	int fd = diag_open(NS_A);

	/* Not another one that has come to this name. */
	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, 0, &q, &rows), 0);
	q.with_cookie = true;
	q.r.id.idiag_cookie[0] = rows.row[0].m.id.idiag_cookie[0] + 1;
	q.r.id.idiag_cookie[1] = rows.row[0].m.id.idiag_cookie[1];
	SAME(diag_ask(fd, SOCK_DESTROY, 0, &q, NULL), -ESTALE);
	wire_silence(&self->it);
	state_is(&self->it, variant->name);
	q.r.id.idiag_cookie[0]--;
	SAME(diag_ask(fd, SOCK_DESTROY, 0, &q, NULL), 0);
	if (says)
		wire_expect(&self->it, RST, variant->nxt);
	wire_silence(&self->it);
	state_is(&self->it, "CLOSED");
	if (!IN_STATE("TIME-WAIT"))
		SAME(fd_error(self->fd), ECONNABORTED);
	SAME(diag_ask(fd, SOCK_DESTROY, 0, &q, NULL), -ENOENT);
	fd_close(self->fd);
	close(fd);
}

/* A listener ends when its socket is closed; a handshake is reset, and its listener stays. */
TEST(handshake)
{
	struct end us, it, alone;
	int fd;

	net_peer();
	net_no_timers(NS_A);
	fd = diag_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	wire_to_state(&us, &it, "SYN-RECEIVED");
	alone = it;
	alone.other = NULL;
	SAME(destroy(fd, &alone), -EOPNOTSUPP);
	SAME(destroy(fd, &it), 0);
	wire_expect(&it, RST, 301);
	state_is(&it, "LISTEN");
	SAME(destroy(fd, &it), -ENOENT);
	state_is(&it, "LISTEN");
	stats_sums(NS_A);
	close(fd);
}

/* Without the capability one may look, but for the mark, and end nothing. */
TEST(unprivileged)
{
	struct end us, it;
	int status, conn;
	pid_t pid;

	net_peer();
	net_no_timers(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	conn = wire_open_active(&us, &it);
	TRY(setsockopt(conn, SOL_SOCKET, SO_MARK, &(int){ 77 }, sizeof(int)));
	net_enter(NS_A);
	pid = TRY(fork());
	if (!pid) {
		struct diag_query q = diag_of(&it);
		struct diag_rows rows = { .count = 0 };
		int fd = diag_open(NS_A);

		SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, 0, &q, &rows), 0);
		SAME(rows.row[0].mark, 77);
		close(fd);
		TRY(setresgid(65534, 65534, 65534));
		TRY(setresuid(65534, 65534, 65534));
		fd = TRY(socket(AF_NETLINK, SOCK_RAW, NETLINK_SOCK_DIAG));
		SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, 0, &q, &rows), 0);
		SAME(rows.row[1].m.idiag_state, 1);
		NEED(!(rows.row[1].has & 1U << INET_DIAG_MARK));
		SAME(diag_ask(fd, SOCK_DESTROY, 0, &q, NULL), -EPERM);
		_exit(0);
	}
	TRY(waitpid(pid, &status, 0));
	SAME(status, 0);
	state_is(&it, "ESTABLISHED");
	wire_silence(&it);
	fd_close(conn);
}

/* While it is there hstp.ko stays, too; installed, the kernel finds it by its alias. */
TEST(module)
{
	char dir[] = "/tmp/hstp-diag-XXXXXX", text[1024];
	struct utsname kernel;

	FAILS(EWOULDBLOCK, syscall(SYS_delete_module, "hstp", O_NONBLOCK));
	TRY(uname(&kernel));
	NEED(mkdtemp(dir));
	snprintf(text, sizeof(text), "d=%s/lib/modules/%s; mkdir -p $d && "
		 "cp %s /run/vm/hstp.ko $d && depmod -b %s %s 2>/dev/null; "
		 "test \"$(modprobe -d %s -S %s -R net-pf-16-proto-4-type-2-253)\" = hstp_diag "
		 "&& rm -r %s", dir, kernel.release,
		 diag_file(), dir, kernel.release, dir, kernel.release, dir);
	SAME(system(text), 0);
}

TEST_HARNESS_MAIN
