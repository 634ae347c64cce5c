// SPDX-License-Identifier: GPL-2.0
/* hstp fault, hstp step: what they bring about, how they say it, and what they refuse. */
#include <grp.h>

#include "kselftest_harness.h"

#include "cmd.h"
#include "lib/proc.h"

static struct cmd c;

/* A listener on port 7, and a socket whose SYN is on its way. */
static int connecting(void)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = 7 };
	struct sockaddr_in to = addr_of(here.addr, here.port);
	static int listener;
	int fd;

	if (!listener)
		listener = fd_listen(&here, 9);
	fd = fd_new_flags(NS_A, SOCK_NONBLOCK);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&to, sizeof(to)));
	return fd;
}

/* RFC 9293 section 3.8.1: a SYN that is lost is sent again. */
TEST(drop_first_syn)
{
	int fd;

	net_alone();
	net_hstp(NS_A, "rto_initial_ms", 800);
	net_enter(NS_A);
	cmd(&c, 0, "fault add out dst 127.0.0.1:7 flags syn,!ack nth 1 drop");
	ASSERT_STREQ("1\n", c.out);
	fd = connecting();
	SAME(fd_connected(fd), 0);
	cmd(&c, 0, "fault show");
	ASSERT_STREQ("1: out dst 127.0.0.1 dport 7 flags syn,!ack nth 1 drop  matched 2 acted 1\n",
		     c.out);
	SAME(stat_now(NS_A, "retransmit"), 1);
	cmd(&c, 0, "-j fault show 1");
	ASSERT_STREQ("[{\"id\":1,\"direction\":\"out\",\"remote_address\":\"127.0.0.1\","
		     "\"remote_prefix\":32,\"remote_port\":7,\"flags_set\":\"SYN\","
		     "\"flags_clear\":\"ACK\",\"nth\":1,\"action\":\"drop\",\"matched\":2,"
		     "\"acted\":1,\"overflow\":0,\"held\":0}]\n", c.out);
	cmd(&c, 0, "fault del 1");
	cmd(&c, 0, "fault");
	ASSERT_STREQ("", c.out);
	cmd(&c, 1, "fault del 1");
	cmd_has(&c, "no rule has this id");
}

/* What show says is what add takes: each rule, shown, added and shown again, is the same. */
TEST(round_trip)
{
	static const char *const rules[] = {
		"drop",
		"in duplicate",
		"out duplicate 5",
		"src 10.0.0.0/8 dst 10.1.2.3 hold",
		"src 2001:db8::/32 sport 80 reorder",
		"dst 2001:db8::1 dport 80 corrupt",
		"sport 80 dport 81 delay 1500ms",
		"state established,time-wait drop",
		"state closed flags !rst,!cwr drop",
		"flags fin,ack text drop",
		"no-text nth 3 every 4 count 5 drop",
		"probability 12.5% seed 18446744073709551615 drop",
		"probability 0.0001% seed 0 drop",
		"change seq 5",
		"change seq +5",
		"change ack -5",
		"change window 65535",
		"change flags syn,rst",
		"change flags +syn,rst",
		"change flags -psh",
		"change flags none",
		"change urgent 9",
		"change option 3.3.7.0",
		"change tsval -1000",
		"change sack-right +5",
	};
	char line[256];

	net_alone();
	net_enter(NS_A);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		snprintf(line, sizeof(line), "%zu: %s  matched 0 acted 0\n", i + 1, rules[i]);
		cmd(&c, 0, "fault add %s", rules[i]);
		cmd(&c, 0, "fault show %zu", i + 1);
		ASSERT_STREQ(line, c.out);
	}
	cmd(&c, 0, "fault show");
	SAME(cmd_count(&c, "\n"), sizeof(rules) / sizeof(*rules));
	cmd(&c, 0, "fault flush");
	cmd(&c, 0, "fault show");
	SAME(c.len, 0);
}

/* Other words for the same. */
TEST(words)
{
	net_alone();
	net_enter(NS_A);
	cmd(&c, 0, "fault add out local 10.0.0.1:80 remote 10.0.0.2:81 state estab dup");
	cmd(&c, 0, "fault add probability 0.5 seed 1 del 0.25s");
	cmd(&c, 0, "fault add dport = :http flags -ack change window =3");
	cmd(&c, 0, "fault add state synchronized dr");
	cmd(&c, 0, "fault show");
	cmd_has(&c, "1: out src 10.0.0.1 sport 80 dst 10.0.0.2 dport 81 state established "
		"duplicate ");
	cmd_has(&c, "2: probability 50% seed 1 delay 250ms ");
	cmd_has(&c, "3: dport 80 flags !ack change window 3 ");
	cmd_has(&c, "4: state syn-received,established,fin-wait-1,fin-wait-2,close-wait,"
		"closing,last-ack,time-wait drop ");
	cmd(&c, 0, "-j fault add hold");
	ASSERT_STREQ("{\"id\":5}\n", c.out);
	cmd(&c, 0, "fault delete 1 2 3");
	cmd(&c, 0, "fault list");
	SAME(cmd_count(&c, "\n"), 2);
}

/* What was wrong, and what would be right. */
TEST(refusals)
{
	static const struct {
		const char *words, *says;
	} cases[] = {
		{ "fault add", "what is to be done? drop, duplicate, delay, hold, reorder" },
		{ "fault add in", "what is to be done?" },
		{ "fault add frop", "\"frop\" is neither a condition (in, out, src" },
		{ "fault add drop hold", "\"hold\" is a second action" },
		{ "fault add in out drop", "\"out\" comes on top of another" },
		{ "fault add nth 1 nth 2 drop", "\"nth\" comes on top of another" },
		{ "fault add dst 10.0.0.2:80 dport 443 drop", "\"dport\" comes on top of another" },
		{ "fault add dport 443 dst 10.0.0.2:80 drop", "\"dst\" comes on top of another" },
		{ "fault add sport :1 local :1 drop", "\"local\" comes on top of another" },
		{ "fault add src :1 sport 1 drop", "\"sport\" comes on top of another" },
		{ "fault add peer 10.0.0.2 remote 10.0.0.3 drop",
		  "\"remote\" comes on top of another" },
		{ "fault add nth 0 drop", "nth \"0\" is not a number from 1 to 1000000000" },
		{ "fault add every x drop", "every \"x\" is not a number" },
		{ "fault add probability 101% drop", "0.0001% to 100%" },
		{ "fault add probability 0 drop", "0.0001% to 100%" },
		{ "fault add delay", "a time as 200ms should follow \"delay\"" },
		{ "fault add delay 601s", "from 1ms to 600s" },
		{ "fault add delay 3h", "from 1ms to 600s" },
		{ "fault add duplicate 101", "from 1 to 100" },
		{ "fault add flags", "a list as syn,!ack should follow \"flags\"" },
		{ "fault add flags sin drop", "\"sin\" is not a flag: fin, syn" },
		{ "fault add flags syn,!syn drop", "both on and off" },
		{ "fault add state open drop", "\"open\" is not a state: closed" },
		{ "fault add src 10.0.0 drop", "\"10.0.0\" is not an address" },
		{ "fault add dport 65536 drop", "from 0 to 65535" },
		{ "fault add change", "seq, ack, window, flags ... should follow" },
		{ "fault add change offset 1", "\"offset\" is not a field" },
		{ "fault add change urgent 65536", "number from 0 to 65535" },
		{ "fault add change option 3.2", "is not four bytes" },
		{ "fault add change window 65536", "from 0 to 65535" },
		{ "fault add change flags +all", "\"all\" is not a flag" },
		{ "fault del", "a number should follow" },
		{ "fault del all", "\"all\" is not a number" },
		{ "fault flush 1", "hstp fault del 1" },
		{ "fault remove", "none of add, show, del, flush" },
		{ "step maybe", "none of on, off, show, next, go, drop" },
		{ "step on now", "\"now\" has no place here" },
		{ "step next 0", "from 1 to" },
		{ "step drop", "say what" },
		{ "step go 1 dport = :1", "not both" },
		{ "step go foo", "\"foo\" is not a condition" },
		/* A segment has ends and nothing else: what is not known must not match. */
		{ "step drop not passive", "\"passive\" is not known of a segment: src, dst, " },
		{ "step drop 'not uid = 0'", "\"uid\" is not known of a segment" },
		{ "step go dport = :7 inode = 1", "\"inode\" is not known of a segment" },
		{ "step next state established", "\"state\" is not known of a segment" },
		{ "step show exclude listen", "\"exclude\" is not known of a segment" },
	};

	net_alone();
	net_enter(NS_A);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cmd(&c, 2, "%s", cases[i].words);
		cmd_has(&c, cases[i].says);
	}
	/* The kernel's own words. */
	cmd(&c, 1, "fault add seed 1 drop");
	cmd_has(&c, "seed goes with probability only");
	cmd(&c, 1, "fault add dport 0 drop");
	cmd_has(&c, "remote-port must be 1 to 65535");
	cmd(&c, 1, "fault show 9");
	cmd_has(&c, "no rule has this id");
	cmd(&c, 0, "fault show");
	SAME(c.len, 0);
	cmd(&c, 0, "fault help");
	cmd(&c, 0, "step help");
}

TEST(step)
{
	char line[128];
	int fds[3];

	net_alone();
	net_no_timers(NS_A);
	net_enter(NS_A);
	cmd(&c, 0, "step");
	ASSERT_STREQ("step off, 0 held (at most 1024)\n", c.out);
	cmd(&c, 1, "step next");
	cmd_has(&c, "nothing that can go on is held");
	cmd(&c, 0, "step on");
	for (int i = 0; i < 3; i++)
		fds[i] = connecting();
	cmd(&c, 0, "step show");
	cmd_has(&c, "step on, 3 held (at most 1024)\n");
	SAME(cmd_count(&c, " SYN seq "), 3);
	SAME(cmd_count(&c, "  step for "), 3);

	/* The SYN goes, and the SYN,ACK is held; then that, and the ACK. */
	cmd(&c, 0, "-n step next");
	snprintf(line, sizeof(line), "127.0.0.1:%u > 127.0.0.1:7  SYN seq ", port_of(fds[0]));
	cmd_has(&c, line);
	SAME(cmd_count(&c, "\n"), 1);
	cmd(&c, 0, "step next 2 wait 20 dport = :%u or '( sport = :%u and sport != :7 )'",
	    port_of(fds[0]), port_of(fds[0]));
	SAME(cmd_count(&c, " SYN,ACK seq "), 1);
	SAME(cmd_count(&c, " ACK seq "), 1);
	SAME(cmd_count(&c, "\n"), 2);
	SAME(fd_connected(fds[0]), 0);
	cmd(&c, 1, "step next 3 wait 0 sport = :%u", port_of(fds[0]));

	cmd(&c, 0, "step drop sport = :%u", port_of(fds[1]));
	SAME(cmd_count(&c, "\n"), 1);
	SAME(stat_now(NS_A, "transition LISTEN SYN-RECEIVED syn"), 1);
	cmd(&c, 0, "-j step show dport = :7 sport = :%u", port_of(fds[2]));
	cmd_has(&c, "{\"enabled\":true,\"held_count\":1,");
	cmd_has(&c, "\"why\":\"step\",\"direction\":\"out\",");
	cmd_has(&c, "\"flags\":\"SYN\"");
	cmd(&c, 0, "step off");
	SAME(fd_connected(fds[2]), 0);
	cmd(&c, 0, "-j step");
	cmd_has(&c, "{\"enabled\":false,\"held_count\":0,");
	cmd(&c, 1, "step go 99");
	cmd_has(&c, "no segment 99 is held");
}

/* Those that are held go, and those that are not are named. */
TEST(step_numbers)
{
	int fds[3];

	net_alone();
	net_no_timers(NS_A);
	net_enter(NS_A);
	cmd(&c, 0, "step on");
	for (int i = 0; i < 3; i++)
		fds[i] = connecting();
	cmd(&c, 1, "-n step go 99 2 100 2");
	SAME(cmd_count(&c, " SYN seq "), 1);
	SAME(cmd_count(&c, "\n2: "), 0);
	SAME(strncmp(c.out, "2: ", 3), 0);
	SAME(cmd_count(&c, "hstp: step go: no segment 99 is held\n"), 1);
	SAME(cmd_count(&c, "hstp: step go: no segment 100 is held\n"), 1);
	SAME(cmd_count(&c, "\n"), 3);
	cmd(&c, 1, "-j step drop 3 99 2>/dev/null");
	SAME(strncmp(c.out, "[{\"id\":3,", 9), 0);
	cmd(&c, 1, "-j step drop 3 2>/dev/null");
	ASSERT_STREQ("[]\n", c.out);
	cmd(&c, 0, "step off");
	SAME(fd_connected(fds[0]), 0);
	SAME(fd_connected(fds[1]), 0);
	SAME(stat_now(NS_A, "transition LISTEN SYN-RECEIVED syn"), 2);
}

TEST(held_by_rule)
{
	int fd;

	net_alone();
	net_no_timers(NS_A);
	net_enter(NS_A);
	cmd(&c, 0, "fault add in state syn-sent delay 600s");
	cmd(&c, 0, "fault add out flags syn,!ack hold");
	fd = connecting();
	cmd(&c, 0, "fault show 2");
	cmd_has(&c, "matched 1 acted 1 held 1\n");
	cmd(&c, 0, "step show");
	cmd_has(&c, "step off, 1 held");
	cmd_has(&c, "  hold by rule 2 for ");
	cmd(&c, 1, "step go rule 1");
	cmd_has(&c, "nothing that is meant is held");
	cmd(&c, 0, "step go rule 2");
	SAME(cmd_count(&c, "\n"), 1);
	WAIT((cmd(&c, 0, "step show"), cmd_count(&c, "delay by rule 1") == 1));
	cmd_has(&c, ", due in 59");
	cmd(&c, 1, "step go");
	cmd(&c, 0, "step go 2");
	SAME(fd_connected(fd), 0);
}

/* Whatever goes wrong, what was written is a JSON text, or nothing; messages go elsewhere. */
TEST(json_mistakes)
{
	static const struct {
		const char *words, *out;
		int status;
	} mistakes[] = {
		{ "fault show none", "", 2 },
		{ "fault show 1 none", "", 2 },
		{ "fault show 99", "[]\n", 1 },
		{ "fault add", "", 2 },
		{ "fault add drop drop", "", 2 },
		{ "step show state nowhere", "", 2 },
		{ "step next 0", "", 2 },
		{ "step next", "[]\n", 1 },
		{ "step go 99", "[]\n", 1 },
		{ "step drop", "", 2 },
	};

	net_alone();
	net_enter(NS_A);
	cmd(&c, 0, "fault add drop");
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		cmd(&c, mistakes[i].status, "-j %s 2>/dev/null", mistakes[i].words);
		ASSERT_STREQ(mistakes[i].out, c.out);
	}
}

/* Everybody may look, nobody but root may change. */
TEST(unprivileged)
{
	net_alone();
	net_no_timers(NS_A);
	net_enter(NS_A);
	cmd(&c, 0, "fault add out hold");
	connecting();
	TRY(setgroups(0, NULL));
	TRY(setresgid(65534, 65534, 65534));
	TRY(setresuid(65534, 65534, 65534));
	cmd(&c, 0, "fault show");
	cmd_has(&c, "held 1");
	cmd(&c, 0, "step show");
	cmd_has(&c, "hold by rule 1");
	cmd(&c, 1, "fault add drop");
	cmd_has(&c, "needs root");
	cmd(&c, 1, "fault del 1");
	cmd_has(&c, "needs root");
	cmd(&c, 1, "fault flush");
	cmd_has(&c, "needs root");
	cmd(&c, 1, "step on");
	cmd_has(&c, "needs root");
	cmd(&c, 1, "step next");
	cmd_has(&c, "needs root");
	cmd(&c, 1, "-j step next 2>/dev/null");
	ASSERT_STREQ("[]\n", c.out);
	cmd(&c, 0, "fault show");
	cmd_has(&c, "held 1");
}

TEST_HARNESS_MAIN
