// SPDX-License-Identifier: GPL-2.0
/* Who may refuse what a socket gets or does: its filter (SO_ATTACH_FILTER), and its
 * cgroup's programs for connect() and for what arrives.
 */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "lib/exchange.h"

static void attach(int fd, uint32_t keep)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, keep) };
	struct sock_fprog program = { .len = 1, .filter = code };

	TRY(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
}

static void detach(int fd)
{
	int none = 0;

	TRY(setsockopt(fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none)));
}

/* 0: the packet is not for this socket; as if it were lost. */
TEST_F(peer, drops_text)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_active(us, it);

	stats_mark(NS_A);
	attach(fd, 0);
	wire_send(us, PSH | ACK, 101, 301, "lost");
	wire_silence(it);
	fd_empty(fd);
	STATS(NS_A, "drop filter 1");
	detach(fd);
	wire_send(us, PSH | ACK, 101, 301, "kept");
	wire_expect(it, ACK, 301, 105);
	fd_recv(fd, "kept");
}

/* n: the rest of the packet is cut off; the header never is. */
TEST_F(peer, cuts_text)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_active(us, it);

	attach(fd, 23);
	wire_send(us, PSH | ACK, 101, 301, "abcdef");
	wire_expect(it, ACK, 301, 104);
	fd_recv(fd, "abc");
	detach(fd);
	wire_send(us, PSH | ACK, 104, 301, "def");
	wire_expect(it, ACK, 301, 107);
	fd_recv(fd, "def");
}

TEST_F(peer, stops_active_open)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = fd_bound(it);
	struct sockaddr_in addr = addr_of(us->addr, us->port);

	stats_mark(NS_A);
	attach(fd, 0);
	fd_block(fd, false);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	wire_expect(it, SYN, 300);
	wire_send(us, SYN | ACK, 100, 301);
	wire_silence(it);
	state_is(it, "SYN-SENT");
	STATS(NS_A, "transition CLOSED SYN-SENT open-active 1", "drop filter 1");
	detach(fd);
	wire_send(us, SYN | ACK, 100, 301);
	wire_expect(it, ACK, 301, 101);
	SAME(fd_connected(fd), 0);
}

TEST_F(peer, stops_passive_open)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), fd;

	stats_mark(NS_A);
	attach(listener, 0);
	wire_send(us, SYN, 100);
	wire_silence(it);
	state_is(it, "LISTEN");
	STATS(NS_A, "drop filter 1");
	detach(listener);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	stats_mark(NS_A);
	attach(listener, 0);
	wire_send(us, ACK, 101, 301);
	wire_silence(it);
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, "drop filter 1");
	detach(listener);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");

	/* accept()'s socket has what the listening one has */
	attach(listener, 0);
	fd = fd_accept(listener);
	stats_mark(NS_A);
	wire_send(us, PSH | ACK, 101, 301, "lost");
	wire_silence(it);
	STATS(NS_A, "drop filter 1");
	detach(fd);
	wire_send(us, PSH | ACK, 101, 301, "kept");
	wire_expect(it, ACK, 301, 105);
	fd_recv(fd, "kept");
	fd_close(fd);
	fd_close(listener);
}

/* Until accept() the listening socket is asked, for text, too. */
TEST_F(peer, drops_text_before_accept)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), fd;

	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	attach(listener, 0);
	stats_mark(NS_A);
	wire_send(us, PSH | ACK, 101, 301, "lost");
	wire_silence(it);
	STATS(NS_A, "drop filter 1");
	detach(listener);
	attach(listener, 23);
	wire_send(us, PSH | ACK, 101, 301, "abcdef");
	wire_expect(it, ACK, 301, 104);
	detach(listener);
	wire_send(us, PSH | ACK, 104, 301, "def");
	wire_expect(it, ACK, 301, 107);
	fd = fd_accept(listener);
	fd_recv(fd, "abcdef");
	/* Accepted, it is no more the listener's. */
	attach(listener, 0);
	wire_send(us, PSH | ACK, 107, 301, "its own");
	wire_expect(it, ACK, 301, 114);
	fd_recv(fd, "its own");
	fd_close(listener);
	fd_close(fd);
}

/* A program of two instructions: return @verdict. */
static int load(int type, int attach_type, int verdict)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type, .insn_cnt = 2, .insns = (uintptr_t)code,
		.license = (uintptr_t)"GPL", .expected_attach_type = attach_type,
	};

	return TRY((int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr)));
}

/* @verdict is given in our cgroup from now on. */
static int rule_cgroup(int type, int attach_type, int verdict)
{
	union bpf_attr attr = { .attach_type = attach_type };

	attr.target_fd = TRY(open("/run/cgroup/hstp", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	attr.attach_bpf_fd = load(type, attach_type, verdict);
	return (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attr, sizeof(attr));
}

/* Into a cgroup of our own, where @verdict is given; -1: there are none here. */
static int enter_cgroup(int type, int attach_type, int verdict)
{
	char pid[16];
	int fd, n;

	mkdir("/run/cgroup", 0755);
	if (mount("none", "/run/cgroup", "cgroup2", 0, NULL) && errno != EBUSY)
		return -1;
	mkdir("/run/cgroup/hstp", 0755);
	if (rule_cgroup(type, attach_type, verdict))
		return -1;
	fd = TRY(open("/run/cgroup/hstp/cgroup.procs", O_WRONLY | O_CLOEXEC));
	n = snprintf(pid, sizeof(pid), "%d", getpid());
	SAME(write(fd, pid, n), n);
	close(fd);
	return 0;
}

static void leave_cgroup(void)
{
	int fd = TRY(open("/run/cgroup/cgroup.procs", O_WRONLY | O_CLOEXEC));
	char pid[16];
	int n = snprintf(pid, sizeof(pid), "%d", getpid());

	SAME(write(fd, pid, n), n);
	close(fd);
	TRY(rmdir("/run/cgroup/hstp"));
}

TEST_F(peer, cgroup_connect)
{
	struct sockaddr_in addr = addr_of(self->us.addr, self->us.port);
	int fd;

	if (enter_cgroup(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, BPF_CGROUP_INET4_CONNECT, 0))
		SKIP(return, "no cgroup with programs");
	fd = fd_new(NS_A);
	FAILS(EPERM, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	wire_silence(&self->it);
	leave_cgroup();
}

TEST_F(peer, cgroup_ingress)
{
	struct end *us = &self->us, *it = &self->it;
	int fd;

	if (enter_cgroup(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, 0))
		SKIP(return, "no cgroup with programs");
	fd = fd_start(it);
	wire_expect(it, SYN, 300);
	stats_mark(NS_A);
	wire_send(us, SYN | ACK, 100, 301);
	wire_silence(it);
	state_is(it, "SYN-SENT");
	STATS(NS_A, "drop filter 1");
	leave_cgroup();
	fd_close(fd);
}

/* What arrives before accept() is the listening socket's cgroup's. */
TEST_F(peer, cgroup_before_accept)
{
	struct end *us = &self->us, *it = &self->it;
	int listener, fd;

	if (enter_cgroup(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, 1))
		SKIP(return, "no cgroup with programs");
	listener = fd_listen(it, 1);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	stats_mark(NS_A);
	TRY(rule_cgroup(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, 0));
	wire_send(us, PSH | ACK, 101, 301, "lost");
	wire_silence(it);
	STATS(NS_A, "drop filter 1");
	TRY(rule_cgroup(BPF_PROG_TYPE_CGROUP_SKB, BPF_CGROUP_INET_INGRESS, 1));
	wire_send(us, PSH | ACK, 101, 301, "kept");
	wire_expect(it, ACK, 301, 105);
	fd = fd_accept(listener);
	fd_recv(fd, "kept");
	fd_close(fd);
	fd_close(listener);
	leave_cgroup();
}

TEST_HARNESS_MAIN
