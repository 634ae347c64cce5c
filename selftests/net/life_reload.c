// SPDX-License-Identifier: GPL-2.0
/* The module comes and goes: loaded, unloaded with connections in any state, refused where
 * its number is taken, found by its aliases. Ends with the module loaded as it was.
 */
#include <fcntl.h>
#include <linux/hstp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"
#include "lib/wire.h"
#include "module.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 300

#define PORT 80
#define PEER 4000

/* What the kernel has logged from now on, line by line. */
static int log_open(void)
{
	int fd = TRY(open("/dev/kmsg", O_RDONLY | O_NONBLOCK));

	TRY(lseek(fd, 0, SEEK_END));
	return fd;
}

static bool log_has(int fd, const char *text, char *line, size_t size)
{
	ssize_t len;

	while ((len = read(fd, line, size - 1)) > 0) {
		line[len] = '\0';
		if (strstr(line, "hstp") && strstr(line, text))
			return true;
	}
	return false;
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	int fd = TRY(open(name, O_WRONLY | O_CREAT | O_TRUNC, mode));

	SAME(TRY(write(fd, text, strlen(text))), strlen(text));
	close(fd);
}

FIXTURE(reload)
{
};

#define MODPROBE "/proc/sys/kernel/modprobe"

FIXTURE_SETUP(reload)
{
	/* An installed module would come back by itself; links would not come any more. */
	if (system("modprobe -q veth"))
		ksft_print_msg("veth: not a module here\n");
	write_file(MODPROBE, "/bin/false", 0644);
	if (access(module_file(), R_OK))
		SKIP(return, "no module file %s", module_file());
	if (!module_loaded())
		SAME(module_load(""), 0);
	/* A listener that shared its port, before this, is freed after a grace period. */
	WAIT(!module_references());
}

/* Whatever a test did, the next one and the next program find the module. */
FIXTURE_TEARDOWN(reload)
{
	if (!module_loaded())
		module_load("");
	write_file(MODPROBE, "/sbin/modprobe", 0644);
}

TEST_F(reload, again_and_again)
{
	for (int i = 0; i < 10; i++) {
		SAME(module_unload(), 0);
		NEED(access("/proc/net/hstp", F_OK));
		NEED(access("/proc/sys/net/hstp", F_OK));
		module_left_no_slab();
		FAILS(EPROTONOSUPPORT, socket(AF_INET, SOCK_STREAM, IPPROTO_HSTP));
		SAME(module_load(""), 0);
		NEED(!access("/proc/net/hstp", R_OK));
	}
}

/* An open descriptor holds the module, as it does of any protocol. */
TEST_F(reload, socket_holds_it)
{
	int fd = TRY(socket(AF_INET, SOCK_STREAM, IPPROTO_HSTP));

	SAME(module_unload(), -EWOULDBLOCK);
	fd_close(fd);
	SAME(module_unload(), 0);
}

/* RFC 9293 section 3.10.4, CLOSE in SYN-RECEIVED: FIN-WAIT-1, though the SYN was not
 * acknowledged.
 */
static void close_before_syn_acked(struct end *us, struct end *it)
{
	fd_close(wire_cross_syns(us, it));
	state_is(it, "FIN-WAIT-1");
}

/* A connection without a descriptor does not: the module goes at once, in each state that
 * such a connection can have. Nothing is waited for, neither the peer nor 2MSL. In LISTEN,
 * SYN-SENT and (of a passive open) SYN-RECEIVED there is no connection without a socket:
 * close() ends it; a listener that is being closed is the next test's.
 */
TEST_F(reload, connections_in_any_state)
{
	static const char *const states[] = {
		"ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK",
		"TIME-WAIT",
	};
	enum { STATES = sizeof(states) / sizeof(*states) };
	struct end us, it;

	net_peer();
	for (int port = PEER; port < PEER + 200; port += 100) {
		uint64_t start;

		net_no_timers(NS_A);
		for (size_t i = 0; i < STATES; i++) {
			wire_ends(&us, NS_T, (uint16_t)(port + i), &it, NS_A, PORT);
			fd_close(wire_to_state(&us, &it, states[i]));
		}
		wire_ends(&us, NS_T, (uint16_t)(port + STATES), &it, NS_A, PORT);
		close_before_syn_acked(&us, &it);
		SAME(conn_count(NS_A), STATES + 1);
		start = now_ms();
		SAME(module_unload(), 0);
		NEED(now_ms() - start < PATIENCE_MS);
		module_left_no_slab();
		SAME(module_load(""), 0);
		SAME(conn_count(NS_A), 0);
		/* What the peer still sends finds nobody. */
		wire_forget(&it);
		while (wire_next(&it, 0))
			;
		wire_send(&us, ACK, 102, 5000);
		wire_expect(&it, RST, 5000);
	}
}

/* SYN-RECEIVED and the accept queue hang on a listener: a process that dies leaves them
 * behind for a moment, and the module may go in that moment.
 */
TEST_F(reload, right_after_a_kill)
{
	for (int i = 0; i < 5; i++) {
		int ready[2];
		pid_t child;
		char byte = 0;

		TRY(pipe(ready));
		child = TRY(fork());
		if (!child) {
			struct end us, it;

			net_peer();
			for (int n = 0; n < 20; n++) {
				wire_ends(&us, NS_T, (uint16_t)(PEER + n), &it, NS_A, PORT);
				if (!n)
					fd_listen(&it, 100);
				wire_send(&us, SYN, 100);
				wire_expect(&it, SYN | ACK, 300, 101);
				if (n & 1)
					wire_send(&us, ACK, 101, 301);
			}
			TRY(write(ready[1], &byte, 1));
			for (;;)
				pause();
		}
		close(ready[1]);
		SAME(TRY(read(ready[0], &byte, 1)), 1);
		close(ready[0]);
		TRY(kill(child, SIGKILL));
		TRY(waitpid(child, NULL, 0));
		SAME(module_unload(), 0);
		module_left_no_slab();
		SAME(module_load(""), 0);
	}
}

/* Reading /proc and setting sysctls while the module goes away. */
static void *read_for_ever(void *arg)
{
	volatile bool *stop = arg;
	char text[4096];

	while (!*stop) {
		int fd = open("/proc/net/hstp_stat", O_RDONLY);

		while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
			;
		close(fd);
		fd = open("/proc/net/hstp", O_RDONLY);
		while (fd >= 0 && read(fd, text, sizeof(text)) > 0)
			;
		close(fd);
		fd = open("/proc/sys/net/hstp/msl_ms", O_WRONLY);
		if (fd >= 0 && write(fd, "30000", 5) < 0)
			NEED(errno != EINVAL);
		close(fd);
		fd = socket(AF_INET, SOCK_STREAM, IPPROTO_HSTP);
		close(fd);
	}
	return NULL;
}

TEST_F(reload, while_it_is_being_read)
{
	volatile bool stop = false;
	pthread_t threads[2];

	for (int i = 0; i < 2; i++)
		SAME(pthread_create(&threads[i], NULL, read_for_ever, (void *)&stop), 0);
	for (int i = 0; i < 10; i++) {
		WAIT(!module_unload());
		SAME(module_load(""), 0);
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
}

/* In use already: no load, and the log says why. 6, 17: TCP and UDP. */
TEST_F(reload, protocol_in_use)
{
	static const char *const taken[] = { "protocol=6", "protocol=17", "protocol=1" };
	char line[1024];

	SAME(module_unload(), 0);
	for (size_t i = 0; i < sizeof(taken) / sizeof(*taken); i++) {
		int log = log_open();

		SAME(module_load(taken[i]), -EBUSY);
		NEED(log_has(log, strchr(taken[i], '=') + 1, line, sizeof(line)));
		NEED(!module_loaded());
		NEED(access("/proc/net/hstp", F_OK));
		module_left_no_slab();
		close(log);
	}
	/* Nothing of a failed load is left in the way of a good one. */
	SAME(module_load(""), 0);
	SAME(close(TRY(socket(AF_INET, SOCK_STREAM, IPPROTO_TCP))), 0);
}

TEST_F(reload, protocol_out_of_bounds)
{
	SAME(module_unload(), 0);
	SAME(module_load("protocol=0"), -EINVAL);
	SAME(module_load("protocol=256"), -EINVAL);
	SAME(module_load("protocol=-1"), -EINVAL);
	SAME(module_load("protocol=six"), -EINVAL);
	SAME(module_load(""), 0);
}

/* RFC 3692 has two numbers for experiments; the other one works as well. */
TEST_F(reload, other_protocol)
{
	struct end us, it;
	int fd;

	SAME(module_unload(), 0);
	SAME(module_load("protocol=254"), 0);
	FAILS(EPROTONOSUPPORT, socket(AF_INET, SOCK_STREAM, IPPROTO_HSTP));
	proto = 254;
	net_peer();
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	fd = wire_open_active(&us, &it);
	fd_send(fd, "on 254");
	wire_expect(&it, PSH | ACK, 301, 101, "on 254");
	fd_linger(fd, 1, 0);
	fd_close(fd);
	net_enter(NS_HOME);
	SAME(module_unload(), 0);
	SAME(module_load(""), 0);
}

/* socket() of an installed module loads it: the kernel asks modprobe for these aliases, and
 * sock_diag for that of the other module. Installed is what "make modules_install" has made.
 */
TEST_F(reload, socket_loads_it)
{
	static const char *const aliases[][2] = {
		{ "net-pf-2-proto-253-type-1", "hstp" },
		{ "net-pf-2-proto-253", "hstp" },
		{ "net-pf-16-proto-4-type-2-253", "hstp_diag" },
	};
	char dir[] = "/tmp/hstp-modules-XXXXXX", name[128], text[1024];
	const char *installed = getenv("HSTP_INSTALLED");
	struct utsname kernel;

	TRY(uname(&kernel));
	if (!installed)
		SKIP(return, "HSTP_INSTALLED does not say where it was installed");
	NEED(mkdtemp(dir));
	snprintf(text, sizeof(text), "cp -rs %s/lib %s && depmod -b %s %s 2>/dev/null", installed,
		 dir, dir, kernel.release);
	SAME(system(text), 0);
	for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++) {
		snprintf(text, sizeof(text), "test \"$(modprobe -d %s -S %s -R %s)\" = %s", dir,
			 kernel.release, aliases[i][0], aliases[i][1]);
		SAME(system(text), 0);
	}
	snprintf(text, sizeof(text), "cmp \"$(find %s -name hstp.ko)\" %s", dir, module_file());
	SAME(system(text), 0);

	/* A modprobe of our own, which looks where the module has just been installed. */
	snprintf(name, sizeof(name), "%s/modprobe", dir);
	snprintf(text, sizeof(text), "#!/bin/sh\nexec modprobe -d %s \"$@\"\n", dir);
	write_file(name, text, 0755);
	write_file(MODPROBE, name, 0644);
	SAME(module_unload(), 0);
	SAME(close(TRY(socket(AF_INET, SOCK_STREAM, IPPROTO_HSTP))), 0);
	NEED(module_loaded());
	snprintf(text, sizeof(text), "rm -r %s", dir);
	SAME(system(text), 0);
}

TEST_HARNESS_MAIN
