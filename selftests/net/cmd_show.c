// SPDX-License-Identifier: GPL-2.0
/* hstp show: the connections that there are, and those of them that a filter matches. */
#include <fcntl.h>
#include <grp.h>
#include <net/if.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "kselftest_harness.h"

#include "cmd.h"

static struct cmd c;

/* One listener, the client's end and the server's: RFC 9293 section 3.5, figure 6. */
TEST(each_end)
{
	struct st_pair pair;
	char text[200];

	cmd_pair(&pair);
	cmd(&c, 0, "-n -j show");
	SAME(cmd_count(&c, "\"state\":\"LISTEN\""), 1);
	SAME(cmd_count(&c, "\"state\":\"ESTABLISHED\""), 2);
	SAME(cmd_count(&c, "\"passive\":true"), 1);
	snprintf(text, sizeof(text),
		 "\"state\":\"ESTABLISHED\",\"local_address\":\"127.0.0.1\",\"local_port\":%u,\"remote_address\":\"127.0.0.1\",\"remote_port\":%u",
		 port_of(pair.client), port_of(pair.server));
	cmd_has(&c, text);

	cmd(&c, 0, "-n show");
	snprintf(text, sizeof(text), "127.0.0.1:%u", port_of(pair.client));
	SAME(cmd_count(&c, text), 2);
	/* A SYN takes one sequence number: section 3.4. */
	SAME(cmd_count(&c, " uid:0 "), 3);
	cmd(&c, 0, "show state established");
	SAME(cmd_count(&c, "snd_una:+1 snd_nxt:+1"), 2);
	SAME(cmd_count(&c, "rcv_nxt:+1"), 2);
}

/* Bytes wait where ss(8) has them, and what is acknowledged does not wait any more. */
TEST(queues)
{
	struct st_pair pair;
	int len = 0;

	net_alone();
	net_enter(NS_A);
	/* Nothing is sent twice, however late its ACK comes. */
	net_no_timers(NS_A);
	NEED(!st_pair_open(&pair, proto));
	fd_send(pair.client, "twelve bytes");
	SAME(st_wait_queued(pair.server, 12), 12);
	do
		cmd(&c, 0, "-j show sport = :%u", port_of(pair.client));
	while (!strstr(c.out, "\"send_queue\":0") && len++ < 1000);
	cmd_has(&c, "\"send_queue\":0");
	cmd(&c, 0, "-j show sport = :%u dport = :%u", port_of(pair.server), port_of(pair.client));
	cmd_has(&c, "\"receive_queue\":12");
	cmd_has(&c, "\"text_segments_in\":1,\"bytes_received\":12,");
	/* As ss(8) calls them, but for those that are 0 */
	cmd(&c, 0, "show sport = :%u", port_of(pair.client));
	cmd_has(&c, " segs_out:3 data_segs_out:1 bytes_sent:12 bytes_acked:12 delivered:2 ");
	SAME(cmd_count(&c, "bytes_received:"), 0);
}

/* RFC 3168 section 6.1.1: it is in force when one end asks and the other agrees. */
TEST(options)
{
	struct st_pair pair;

	net_alone();
	net_enter(NS_A);
	net_hstp(NS_A, "ecn", 1);
	NEED(!st_pair_open(&pair, proto));
	cmd(&c, 0, "show state established");
	SAME(cmd_count(&c, " ts "), 2);
	SAME(cmd_count(&c, " sack "), 2);
	SAME(cmd_count(&c, " ecn "), 2);
	cmd(&c, 0, "-j show state established");
	SAME(cmd_count(&c, "\"ecn\":true"), 2);
}

/* So many connections match. */
#define MATCHES(count, ...) do {					\
	cmd(&c, 0, "-o show " __VA_ARGS__);				\
	SAME(cmd_count(&c, "\n") - 1, count);				\
} while (0)

TEST(filters)
{
	struct st_pair pair;
	char digits[32];
	int client, server;

	cmd_pair(&pair);
	client = port_of(pair.client);
	server = port_of(pair.server);
	MATCHES(3, "state all");
	MATCHES(1, "state listening");
	MATCHES(2, "state established");
	MATCHES(2, "state connected");
	MATCHES(0, "state time-wait");
	MATCHES(3, "state listen established");
	MATCHES(3, "state listen state established");
	MATCHES(2, "exclude listen");
	MATCHES(2, "sport = :%d", server);
	MATCHES(2, "'sport=%d'", server);
	MATCHES(1, "'sport = :%d and state established'", server);
	MATCHES(1, "sport = :%d state established", server);
	MATCHES(1, "dport eq :%d", client);
	MATCHES(2, "'dport != :%d'", client);
	MATCHES(2, "not dport = :%d", client);
	MATCHES(2, "'sport = :%d or dport = :%d'", client, client);
	MATCHES(1, "'( sport = :%d || dport = :%d ) && ! sport = :%d'", client, client, client);
	MATCHES(3, "src 127.0.0.0/8");
	MATCHES(3, "src 127.0.0.1");
	MATCHES(0, "src 127.0.0.2");
	MATCHES(0, "src 126.0.0.0/8");
	MATCHES(3, "src 126.0.0.0/7");
	MATCHES(2, "dst 127.0.0.1");
	MATCHES(1, "dst 127.0.0.1:%d", client);
	MATCHES(1, "dst :%d", client);
	MATCHES(0, "src [::1]:%d", server);
	MATCHES(3, "uid = 0");
	MATCHES(0, "uid = 1");
	MATCHES(1, "passive");
	MATCHES(2, "not passive");
	/* The listener's peer has port 0. */
	snprintf(digits, sizeof(digits), "%d", client < server ? client : server);
	MATCHES(3, "'dport <= :65535 and dport >= :0'");
	MATCHES(2, "'dport > :0 and dport lt :65535'");
	MATCHES(1, "'dport < :%s'", digits);
	MATCHES(3, "state established or state listen");
}

/* What is known of the socket: a listener, a connection with both its sockets, and one that was
 * not accepted, whose client has a mark and a device.
 */
TEST(filters_of_sockets)
{
	unsigned long long cookie;
	socklen_t len = sizeof(cookie);
	int marked, mark = 0x17;
	struct st_pair pair;
	struct stat st;

	cmd_pair(&pair);
	marked = TRY(st_open(proto));
	TRY(setsockopt(marked, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
	TRY(setsockopt(marked, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	TRY(connect(marked, (struct sockaddr *)&pair.addr, sizeof(pair.addr)));
	MATCHES(5, "state all");
	MATCHES(1, "fwmark = 23");
	MATCHES(1, "fwmark = 0x17");
	/* As with ss: only the bits of the mask count. */
	MATCHES(1, "fwmark = 0x10/0xf0");
	MATCHES(0, "fwmark = 0x17/0xf0");
	MATCHES(4, "fwmark = 0/0xf0");
	MATCHES(4, "'fwmark != 7/15'");
	MATCHES(1, "'fwmark > 22'");
	/* Who has none has 0, as with ss. */
	MATCHES(4, "fwmark = 0");
	MATCHES(4, "'fwmark != 23'");
	MATCHES(4, "not fwmark = 23");
	MATCHES(1, "fwmark = 23 sport = :%u", port_of(marked));
	MATCHES(1, "dev = lo");
	MATCHES(1, "dev = %u", if_nametoindex("lo"));
	MATCHES(4, "dev = 0");
	MATCHES(4, "'dev != lo'");
	MATCHES(1, "unaccepted");
	MATCHES(4, "not unaccepted");
	MATCHES(1, "unaccepted dport = :%u", port_of(marked));
	TRY(fstat(pair.client, &st));
	MATCHES(1, "inode = %lu", (unsigned long)st.st_ino);
	MATCHES(1, "inode = %lu sport = :%u", (unsigned long)st.st_ino, port_of(pair.client));
	MATCHES(4, "'inode != %lu'", (unsigned long)st.st_ino);
	TRY(getsockopt(pair.server, SOL_SOCKET, SO_COOKIE, &cookie, &len));
	MATCHES(1, "cookie = %llu", cookie);
	MATCHES(1, "cookie = %llu dport = :%u", cookie, port_of(pair.client));
	MATCHES(4, "'cookie != %llu'", cookie);
	/* That which waits for accept() has no socket yet. */
	MATCHES(1, "inode = 0");
	MATCHES(1, "cookie = 0 unaccepted");
	MATCHES(0, "orphan");
	fd_close(pair.client);
	SAME(st_wait_state(pair.server, proto, TCP_CLOSE_WAIT), TCP_CLOSE_WAIT);
	MATCHES(1, "orphan");
	MATCHES(1, "orphan dport = :%u", port_of(pair.server));
	MATCHES(4, "not orphan");
	MATCHES(2, "orphan or unaccepted");
}

/* Marks are told to who has CAP_NET_ADMIN: what others ask of them has no answer. ss(8) is refused,
 * too.
 */
TEST(filters_without_rights)
{
	static const char *const words[] = {
		"show fwmark = 23", "show fwmark = 0", "show not fwmark = 23",
		"-j show state listen or '! ( uid = 0 and fwmark != 23/0xff )'",
		"abort fwmark = 0", "close fwmark = 23",
	};
	struct st_pair pair;
	int mark = 23;

	cmd_pair(&pair);
	TRY(setsockopt(pair.client, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)));
	MATCHES(1, "fwmark = 23");
	TRY(setgroups(0, NULL));
	TRY(setresgid(65534, 65534, 65534));
	TRY(setresuid(65534, 65534, 65534));
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		cmd(&c, 1, "%s", words[i]);
		cmd_has(&c, "filter: \"fwmark\" needs root: only who has CAP_NET_ADMIN here");
		SAME(cmd_count(&c, "\n"), 1);
	}
	MATCHES(3, "uid = 0");
	SAME(st_state(pair.client, proto), TCP_ESTABLISHED);
}

/* Whose local port bind() has not chosen: bind() to port 0 has not, and what a listener's
 * connection has was not given to it by bind(), as of TCP. It does not depend on the socket.
 */
TEST(filters_autobound)
{
	struct sockaddr_in addr = st_loopback(4567);
	struct st_pair pair;
	int client;

	cmd_pair(&pair);
	MATCHES(3, "autobound");
	client = TRY(st_open(proto));
	TRY(bind(client, (struct sockaddr *)&addr, sizeof(addr)));
	TRY(connect(client, (struct sockaddr *)&pair.addr, sizeof(pair.addr)));
	MATCHES(4, "autobound");
	MATCHES(1, "not autobound");
	MATCHES(1, "'! autobound and sport = :4567'");
	cmd(&c, 0, "-j show not autobound");
	SAME(cmd_count(&c, "\"local_port\":4567,"), 1);
	SAME(cmd_count(&c, "\"bound\":true"), 1);
	cmd(&c, 0, "-j show autobound");
	SAME(cmd_count(&c, "\"bound\":"), 0);
	fd_close(client);
	MATCHES(1, "orphan not autobound");
	client = TRY(st_open(proto));
	addr = st_loopback(4568);
	TRY(bind(client, (struct sockaddr *)&addr, sizeof(addr)));
	TRY(listen(client, 1));
	MATCHES(1, "state listen not autobound");
	MATCHES(1, "state listen autobound");
}

#define CGROUPS	"/run/cgroup"

static void enter_cgroup(const char *name)
{
	char path[100], pid[16];
	int fd, n;

	snprintf(path, sizeof(path), CGROUPS "/%s/cgroup.procs", name);
	fd = TRY(open(path, O_WRONLY | O_CLOEXEC));
	n = snprintf(pid, sizeof(pid), "%d", getpid());
	SAME(write(fd, pid, (size_t)n), n);
	close(fd);
}

/* Where the process was that made the socket; who has no socket is in none. */
TEST(filters_cgroup)
{
	struct st_pair pair;

	mkdir(CGROUPS, 0755);
	if (mount("none", CGROUPS, "cgroup2", 0, NULL) && errno != EBUSY)
		SKIP(return, "no cgroups");
	mkdir(CGROUPS "/one", 0755);
	enter_cgroup("one");
	cmd_pair(&pair);
	enter_cgroup("");
	NEED(st_connect(proto, &pair.addr) >= 0);
	MATCHES(5, "state all");
	MATCHES(3, "cgroup = " CGROUPS "/one");
	MATCHES(3, "cgroup one");
	MATCHES(2, "'cgroup != one'");
	MATCHES(2, "not cgroup one");
	MATCHES(1, "cgroup = " CGROUPS);
	MATCHES(1, "cgroup = " CGROUPS "/ and dport = :%u", port_of(pair.listener));
	MATCHES(1, "unaccepted and not cgroup one and not cgroup " CGROUPS);
	cmd(&c, 2, "show cgroup = two");
	cmd_has(&c, "there is no cgroup \"two\": No such file");
	cmd(&c, 2, "show cgroup = " CGROUPS "/one/cgroup.procs");
	cmd_has(&c, "there is no cgroup \"" CGROUPS "/one/cgroup.procs\": Not a directory");
	TRY(rmdir(CGROUPS "/one"));
}

/* Each message says what would be right, and nothing is listed. */
TEST(mistakes)
{
	static const struct {
		const char *words, *says;
	} wrong[] = {
		{ "state open", "\"open\" is not a state: closed, listen" },
		{ "dport", "a port should follow \"dport\"" },
		{ "dport = :70000", "not a number from 0 to 65535" },
		{ "src 10.0.0", "\"10.0.0\" is not an address: 192.0.2.1" },
		{ "src 10.0.0.0/33", "not a number from 0 to 32" },
		{ "'( src 10.0.0.1'", "a \")\" is missing" },
		{ "'src 10.0.0.1 )'", "\")\" has no place here" },
		{ "sport = :1 and", "ends where a condition should be" },
		{ "colour = red", "\"colour\" is not a condition: state" },
		{ "dev = no_such_device", "no interface \"no_such_device\"" },
		{ "dev = 1x", "dev \"1x\" is not a number" },
		{ "fwmark = 1/", "mask \"\" is not a number" },
		{ "uid = 1/2", "uid \"1/2\" is not a number" },
		{ "cgroup", "a path should follow \"cgroup\"" },
		{ "'cgroup > /'", "cgroups are compared with = or != only" },
		{ "cgroup = /no/such", "there is no cgroup \"/no/such\": No such file" },
		{ "cgroup = /proc", "\"/proc\" is not a cgroup of version 2: directories below" },
	};

	net_alone();
	net_enter(NS_A);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cmd(&c, 2, "show %s", wrong[i].words);
		cmd_has(&c, wrong[i].says);
		SAME(cmd_count(&c, "\n"), 1);
	}
	cmd(&c, 2, "nonsense");
	cmd_has(&c, "no object \"nonsense\"");
	cmd(&c, 1, "-N no_such_namespace show");
	cmd_has(&c, "no network namespace \"no_such_namespace\"");
}

TEST(help)
{
	static const char *const objects[] = {
		"show", "stat", "monitor", "abort", "close", "get", "set", "export", "diagram",
		"fault", "step", "run",
	};
	static const char *const verbs[] = {
		"fault add", "fault show", "fault del", "fault flush", "step on", "step off",
		"step show", "step next", "step go", "step drop", "diagram svg", "stat reset",
	};
	char usage[64];

	cmd(&c, 0, "help");
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
		cmd_has(&c, objects[i]);
	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		cmd(&c, 0, "%s help", objects[i]);
		snprintf(usage, sizeof(usage), "usage: hstp %s", objects[i]);
		cmd_has(&c, usage);
		cmd(&c, 0, "help %s", objects[i]);
		cmd_has(&c, usage);
	}
	/* Verbs of an object, too. */
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		cmd(&c, 0, "%s help", verbs[i]);
		snprintf(usage, sizeof(usage), "usage: hstp %.4s", verbs[i]);
		cmd_has(&c, usage);
	}
	cmd(&c, 2, "help nonsense");
	cmd_has(&c, "no object \"nonsense\"");
	cmd(&c, 2, "%s", "");
}

TEST_HARNESS_MAIN
