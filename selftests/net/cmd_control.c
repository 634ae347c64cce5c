// SPDX-License-Identifier: GPL-2.0
/* hstp abort, close, set, get: what they do, and to whom they refuse it. */
#include <fcntl.h>
#include <grp.h>
#include <linux/hstp_netlink.h>
#include <sys/fsuid.h>

#include "kselftest_harness.h"

#include "cmd.h"
#include "lib/proc.h"
#include "lib/wire.h"

static struct cmd c;

/* RFC 9293 section 3.10.5: the peer gets a RST, the user is told of the abort. */
TEST(abort_one)
{
	struct st_pair pair;
	char byte;

	cmd_pair(&pair);
	cmd(&c, 0, "abort sport = :%u", port_of(pair.client));
	SAME(cmd_count(&c, "ESTABLISHED"), 1);
	FAILS(ECONNABORTED, recv(pair.client, &byte, 1, 0));
	NEED(fd_events(pair.server, POLLIN, PATIENCE_MS) & POLLERR);
	FAILS(ECONNRESET, recv(pair.server, &byte, 1, 0));
	cmd(&c, 0, "-o show");
	SAME(cmd_count(&c, "LISTEN"), 1);
	SAME(cmd_count(&c, "ESTABLISHED"), 0);
	cmd(&c, 1, "abort sport = :%u", port_of(pair.client));
	cmd_has(&c, "no connection matches");
	cmd(&c, 2, "abort");
	cmd_has(&c, "say which connections");
}

/* Section 3.10.4, and 3.6 figure 12: the peer reads the end, and can go on sending. */
TEST(close_one)
{
	struct st_pair pair;
	unsigned int client;

	cmd_pair(&pair);
	client = port_of(pair.client);
	cmd(&c, 0, "close sport = :%u", client);
	SAME(cmd_count(&c, "ESTABLISHED"), 1);
	NEED(fd_events(pair.server, POLLIN, PATIENCE_MS) & POLLIN);
	fd_eof(pair.server);
	SAME(st_wait_state(pair.client, proto, TCP_FIN_WAIT2), TCP_FIN_WAIT2);
	FAILS(EPIPE, send(pair.client, "x", 1, MSG_NOSIGNAL));
	fd_send(pair.server, "still");
	fd_recv(pair.client, "still");
	fd_close(pair.server);
	do
		cmd(&c, 0, "-o show state time-wait sport = :%u", client);
	while (cmd_count(&c, "TIME-WAIT") != 1);
	cmd(&c, 1, "close sport = :%u", client);
	cmd_has(&c, "no connection matches");
}

/* All that match, and no other: two to a port, one to another. */
TEST(several)
{
	struct st_pair one, other;
	struct sockaddr_in addr;
	int client, server;

	cmd_pair(&one);
	NEED(!st_pair_open(&other, proto));
	addr = one.addr;
	client = TRY(st_connect(proto, &addr));
	server = TRY(accept(one.listener, NULL, NULL));
	cmd(&c, 0, "close dport = :%u", port_of(one.listener));
	SAME(cmd_count(&c, "ESTABLISHED"), 2);
	fd_eof(one.server);
	fd_eof(server);
	SAME(st_wait_state(one.client, proto, TCP_FIN_WAIT2), TCP_FIN_WAIT2);
	SAME(st_wait_state(client, proto, TCP_FIN_WAIT2), TCP_FIN_WAIT2);
	SAME(st_state(other.client, proto), TCP_ESTABLISHED);
	SAME(st_state(other.server, proto), TCP_ESTABLISHED);
	cmd(&c, 0, "abort state fin-wait-2 close-wait");
	NEED(cmd_count(&c, "\n") >= 2);
	cmd(&c, 0, "-o show state connected");
	SAME(cmd_count(&c, "ESTABLISHED"), 2);
	SAME(cmd_count(&c, "\n"), 3);
}

/* Begin a command in A that waits before it sends the first of these orders: what there was is
 * listed by then.
 */
static void start_and_wait(int order, const char *arguments)
{
	char preload[300], number[16];
	int status;

	net_enter(NS_A);
	snprintf(preload, sizeof(preload), "%s/../hstp_wait.so", HSTP_BUILD);
	snprintf(number, sizeof(number), "%d", order);
	setenv("HSTP_WAIT_COMMAND", number, 1);
	setenv("LD_PRELOAD", preload, 1);
	cmd_start(&c, arguments);
	unsetenv("LD_PRELOAD");
	SAME(TRY(waitpid(c.pid, &status, WUNTRACED)), c.pid);
	NEED(WIFSTOPPED(status));
}

static void go_on(void)
{
	TRY(kill(c.pid, SIGCONT));
	cmd_end(&c);
}

/* Orders are for what the filter matches when they come, not for what it has matched: a handshake
 * that has ended meanwhile is a connection that somebody uses.
 */
TEST(only_what_still_matches)
{
	struct end us, it;
	int listener;

	net_peer();
	net_no_timers(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	listener = wire_to_state(&us, &it, "SYN-RECEIVED");
	start_and_wait(HSTP_CMD_CONN_ABORT, "abort state syn-received or sport = :1");
	wire_send(&us, ACK, 101, 301);
	state_is(&it, "ESTABLISHED");
	go_on();
	SAME(c.status, 1);
	cmd_has(&c, "no connection matches");
	wire_silence(&it);
	state_is(&it, "ESTABLISHED");

	/* One that has a socket */
	fd_accept(listener);
	start_and_wait(HSTP_CMD_CONN_CLOSE, "close state established");
	wire_send(&us, FIN | ACK, 101, 301);
	wire_expect(&it, ACK, 301, 102);
	go_on();
	SAME(c.status, 1);
	wire_silence(&it);
	state_is(&it, "CLOSE-WAIT");
	stats_sums(NS_A);
}

/* What has come to another state that matches as well is ended there. */
TEST(what_matches_again)
{
	struct end us, it;

	net_peer();
	net_no_timers(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	wire_to_state(&us, &it, "SYN-RECEIVED");
	start_and_wait(HSTP_CMD_CONN_ABORT, "abort dport = :4000");
	wire_send(&us, ACK, 101, 301);
	state_is(&it, "ESTABLISHED");
	go_on();
	SAME(c.status, 0);
	SAME(cmd_count(&c, "ESTABLISHED"), 1);
	SAME(cmd_count(&c, "\n"), 1);
	wire_expect(&it, RST, 301);
	state_is(&it, "LISTEN");
	stats_sums(NS_A);
}

/* Nor for what somebody has accepted meanwhile: it has a socket by then, and another owner. */
TEST(not_what_was_accepted)
{
	static const char *const filters[] = {
		"abort unaccepted sport = :80", "close unaccepted sport = :81",
		"abort uid = 0 sport = :82", "close uid = 0 sport = :83",
		"abort inode = 0 state established sport = :84",
	};
	struct end us, it;

	net_peer();
	net_no_timers(NS_A);
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		int listener, fd;

		wire_ends(&us, NS_T, (uint16_t)(4000 + i), &it, NS_A, (uint16_t)(80 + i));
		listener = wire_open_unaccepted(&us, &it);
		start_and_wait(strncmp(filters[i], "abort", 5) ? HSTP_CMD_CONN_CLOSE :
								 HSTP_CMD_CONN_ABORT,
			       filters[i]);
		setfsuid(1234);
		fd = fd_accept(listener);
		setfsuid(0);
		go_on();
		SAME(c.status, 1);
		cmd_has(&c, "no connection matches");
		wire_silence(&it);
		state_is(&it, "ESTABLISHED");
		SAME(fd_error(fd), 0);
	}
	stats_sums(NS_A);
}

/* What matches as well when it has been accepted is ended with its socket. */
TEST(accepted_matches_again)
{
	struct end us, it;
	int listener, fd;

	net_peer();
	net_no_timers(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	listener = wire_open_unaccepted(&us, &it);
	start_and_wait(HSTP_CMD_CONN_ABORT, "abort dport = :4000");
	fd = fd_accept(listener);
	go_on();
	SAME(c.status, 0);
	SAME(cmd_count(&c, "ESTABLISHED"), 1);
	SAME(cmd_count(&c, "\n"), 1);
	wire_expect(&it, RST, 301);
	SAME(fd_error(fd), ECONNABORTED);
	state_is(&it, "LISTEN");
	stats_sums(NS_A);
}

/* Nor for another connection that has taken the ends of what was listed: RFC 9293 section
 * 3.6.1, MAY-2, a SYN opens a connection out of TIME-WAIT.
 */
TEST(not_what_took_its_place)
{
	static const char *const filters[] = {
		"abort state time-wait sport = :80", "abort not unaccepted sport = :81",
	};
	struct end us, it;

	net_peer();
	net_no_timers(NS_A);
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		int listener;

		wire_ends(&us, NS_T, (uint16_t)(4000 + i), &it, NS_A, (uint16_t)(80 + i));
		fd_close(wire_to_state(&us, &it, "TIME-WAIT"));
		listener = fd_listen(&it, 1);
		start_and_wait(HSTP_CMD_CONN_ABORT, filters[i]);
		wire_forget(&it);
		wire_send(&us, SYN, 1000);
		wire_expect(&it, SYN | ACK, 2000, 1001);
		wire_send(&us, ACK, 1001, 2001);
		state_is(&it, "ESTABLISHED");
		go_on();
		SAME(c.status, 1);
		wire_silence(&it);
		state_is(&it, "ESTABLISHED");
		fd_close(fd_accept(listener));
		fd_close(listener);
	}
}

TEST(settings)
{
	net_alone();
	cmd(&c, 0, "get help");
	net_enter(NS_A);
	cmd(&c, 0, "get");
	SAME(cmd_count(&c, "\n"), HSTP_A_CONFIG_MAX - HSTP_A_CONFIG_MSL_MS + 1);
	cmd(&c, 0, "set msl_ms 1234 retries=7");
	SAME(net_get_sysctl(NS_A, "net.hstp.msl_ms"), 1234);
	SAME(net_get_sysctl(NS_A, "net.hstp.retries"), 7);
	cmd(&c, 0, "get msl_ms retries");
	cmd_has(&c, "1234  (default 30000)");
	cmd_has(&c, "7  (default 15)");
	cmd(&c, 0, "-j get delack-ms");
	cmd_has(&c, "{\"delack_ms\":40}");

	/* All or none. */
	cmd(&c, 1, "set retries 8 msl_ms 0");
	cmd_has(&c, "msl_ms");
	cmd_has(&c, "120000");
	SAME(net_get_sysctl(NS_A, "net.hstp.retries"), 7);
	SAME(net_get_sysctl(NS_A, "net.hstp.msl_ms"), 1234);

	cmd(&c, 2, "set retry 8");
	cmd_has(&c, "no setting \"retry\"; there are msl_ms, ");
	cmd(&c, 2, "set retries many");
	cmd(&c, 2, "set retries");
	cmd(&c, 2, "set retries 1 retries 2");
	cmd(&c, 2, "get retry");
}

/* The kernel refuses by the module's tables what a program of another version could send, and
 * hstp says what was wrong and what would be right.
 */
TEST(refused_by_kernel)
{
	static const struct {
		int command, type, byte;
		const char *arguments, *says;
	} cases[] = {
		{ HSTP_CMD_FAULT_ADD, HSTP_A_FAULT_ACTION, 77, "fault add out drop",
		  "action must be 0 to 6 (integer out of range)" },
		{ HSTP_CMD_FAULT_ADD, HSTP_A_FAULT_STATES, 0xff, "fault add state listen drop",
		  "states must be 0 to 2047 (integer out of range)" },
		{ HSTP_CMD_FAULT_ADD, HSTP_A_FAULT_ACTION, 256, "fault add out drop",
		  "action: Unknown attribute type" },
		{ HSTP_CMD_CONN_GET, HSTP_A_MATCH_STATES, 0xff, "show state listen",
		  "states must be 0 to 2047 (integer out of range)" },
		{ HSTP_CMD_CONN_GET, HSTP_A_MATCH_LOCAL_PREFIX, 33, "show src 127.0.0.1",
		  "local-prefix must be 0 to 32 with an address of IPv4" },
		{ HSTP_CMD_CONN_GET, HSTP_A_MATCH_UID, 0xff, "show uid = 0",
		  "uid does not exist in the user namespace" },
		{ HSTP_CMD_CONFIG_SET, HSTP_A_CONFIG_RETRIES, 0, "set retries 7",
		  "retries must be 1 to 255" },
		{ HSTP_CMD_CONFIG_SET, HSTP_A_CONFIG_RETRIES, 256, "set retries 7",
		  "retries: Unknown attribute type" },
	};
	char preload[300];

	net_alone();
	net_enter(NS_A);
	snprintf(preload, sizeof(preload), "%s/../nl_spoil.so", HSTP_BUILD);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char number[3][16];

		snprintf(number[0], 16, "%d", cases[i].command);
		snprintf(number[1], 16, "%d", cases[i].type);
		snprintf(number[2], 16, "%d", cases[i].byte);
		setenv("HSTP_SPOIL_COMMAND", number[0], 1);
		setenv("HSTP_SPOIL_TYPE", number[1], 1);
		setenv("HSTP_SPOIL_BYTE", number[2], 1);
		setenv("LD_PRELOAD", preload, 1);
		cmd(&c, 1, "%s", cases[i].arguments);
		unsetenv("LD_PRELOAD");
		cmd_has(&c, cases[i].says);
		SAME(cmd_count(&c, "\n"), 1);
	}
}

/* Each object acts in the namespace that -N names, and not in the one it is called from. */
TEST(elsewhere)
{
	struct st_pair there, here;
	char net[64], text[40], byte;

	net_pair();
	net_enter(NS_A);
	snprintf(net, sizeof(net), "-N /proc/%d/fd/%d", getpid(),
		 TRY(open("/proc/thread-self/ns/net", O_RDONLY)));
	NEED(!st_pair_open(&there, proto));
	net_enter(NS_B);
	NEED(!st_pair_open(&here, proto));

	cmd(&c, 0, "%s -n -o show exclude listen", net);
	SAME(cmd_count(&c, "ESTABLISHED"), 2);
	snprintf(text, sizeof(text), "127.0.0.1:%u ", port_of(there.client));
	SAME(cmd_count(&c, text), 2);

	cmd(&c, 0, "%s set retries 7", net);
	SAME(net_get_sysctl(NS_A, "net.hstp.retries"), 7);
	SAME(net_get_sysctl(NS_B, "net.hstp.retries"), 15);
	cmd(&c, 0, "--net=%s get retries", net + 3);
	cmd_has(&c, "7  (default 15)");

	cmd(&c, 0, "%s fault add in text drop", net);
	cmd(&c, 0, "fault show");
	SAME(c.len, 0);
	cmd(&c, 0, "%s fault show", net);
	cmd_has(&c, "1: in text drop  matched 0");
	cmd(&c, 0, "%s step on", net);
	cmd(&c, 0, "step show");
	cmd_has(&c, "step off");
	cmd(&c, 0, "%s step show", net);
	cmd_has(&c, "step on");
	/* Nothing is held or lost here. */
	fd_send(here.client, "text");
	fd_recv(here.server, "text");
	cmd(&c, 0, "%s step off", net);
	cmd(&c, 0, "%s fault flush", net);

	cmd(&c, 0, "%s abort sport = :%u", net, port_of(there.client));
	SAME(cmd_count(&c, "ESTABLISHED"), 1);
	FAILS(ECONNABORTED, recv(there.client, &byte, 1, 0));
	SAME(st_state(here.client, proto), TCP_ESTABLISHED);
	SAME(st_state(here.server, proto), TCP_ESTABLISHED);
	cmd(&c, 0, "close sport = :%u", port_of(here.client));
	fd_eof(here.server);
}

/* What it was done to has the names that hstp show has: those of the family. */
TEST(in_json)
{
	static const char *const verbs[] = { "close", "abort" };
	struct st_pair pair;
	char says[200];

	cmd_pair(&pair);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		const char *state = i ? "FIN-WAIT-2" : "ESTABLISHED";

		SAME(st_wait_state(pair.client, proto, i ? TCP_FIN_WAIT2 : TCP_ESTABLISHED),
		     i ? TCP_FIN_WAIT2 : TCP_ESTABLISHED);
		snprintf(says, sizeof(says),
			 "[{\"state\":\"%s\",\"local_address\":\"127.0.0.1\",\"local_port\":%u,\"remote_address\":\"127.0.0.1\",\"remote_port\":%u}]\n",
			 state, port_of(pair.client), port_of(pair.listener));
		cmd(&c, 0, "-j %s sport = :%u", verbs[i], port_of(pair.client));
		if (strcmp(c.out, says))
			die(__FILE__, __LINE__, "not %s but %s", says, c.out);
	}
}

/* Everybody may look, nobody but root may change. */
TEST(unprivileged)
{
	struct st_pair pair;

	cmd_pair(&pair);
	TRY(setgroups(0, NULL));
	TRY(setresgid(65534, 65534, 65534));
	TRY(setresuid(65534, 65534, 65534));
	cmd(&c, 0, "show state established");
	SAME(cmd_count(&c, "ESTABLISHED"), 2);
	cmd(&c, 0, "stat");
	cmd(&c, 0, "get");
	cmd(&c, 1, "set msl_ms 1");
	cmd_has(&c, "needs root");
	cmd(&c, 1, "abort state established");
	cmd_has(&c, "needs root");
	cmd(&c, 1, "close state established");
	cmd_has(&c, "needs root");
	cmd(&c, 1, "stat reset");
	cmd_has(&c, "needs root");
	cmd(&c, 0, "show state established");
	SAME(cmd_count(&c, "ESTABLISHED"), 2);
}

TEST_HARNESS_MAIN
