// SPDX-License-Identifier: GPL-2.0
/* Settings net.hstp.*: each has its default and its bounds, belongs to one namespace, and
 * does what it says.
 */
#include <limits.h>

#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"
#include "lib/wire.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

#define PORT 80
#define PEER 4000
#define EARLY_MS 200	/* jiffies stand still while an emulated CPU does not run, and then jump */

static const struct setting {
	const char *name;
	long standard, min, max;
} settings[] = {
	{ "msl_ms", 30000, 1, 120000 },
	{ "syn_retries", 7, 1, 127 },
	{ "synack_retries", 7, 0, 127 },
	{ "retries", 15, 1, 255 },
	{ "orphan_retries", 8, 1, 255 },
	{ "fin_timeout", 60000, 1, 3600000 },
	{ "rto_initial_ms", 1000, 10, 60000 },
	{ "rto_min_ms", 200, 10, 60000 },
	{ "rto_max_ms", 120000, 10, 3600000 },
	{ "delack_ms", 40, 1, 450 },
	{ "rfc5961", 1, 0, 1 },
	{ "challenge_ack_limit", 1000, 1, 1000000 },
	{ "max_syn_backlog", 1024, 1, 1048576 },
	{ "max_time_wait", 262144, 0, 16777216 },
	{ "max_orphans", 65536, 0, 16777216 },
	{ "mem_limit_kib", 262144, 64, 1073741824 },
	{ "port_min", 32768, 1, 65535 },
	{ "port_max", 60999, 1, 65535 },
	{ "keepalive_time", 7200, 1, 32767 },
	{ "keepalive_intvl", 75, 1, 32767 },
	{ "keepalive_probes", 9, 1, 127 },
	{ "retries1", 3, 1, 255 },
	{ "window_scaling", 1, 0, 1 },
	{ "timestamps", 1, 0, 1 },
	{ "sack", 1, 0, 1 },
	{ "dsack", 1, 0, 1 },
	{ "tw_reuse", 0, 0, 1 },
	{ "tw_recycle", 0, 0, 1 },
	{ "rcvbuf_max", 6291456, 4096, 1073741824 },
	{ "ecn", 2, 0, 2 },
};

#define SETTINGS (sizeof(settings) / sizeof(*settings))

static int try_number(const char *name, long value)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "net.hstp.%s", name);
	snprintf(text, sizeof(text), "%ld", value);
	return net_try_sysctl(NS_A, path, text);
}

static int try_text(const char *name, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "net.hstp.%s", name);
	return net_try_sysctl(NS_A, path, text);
}

static long get(const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "net.hstp.%s", name);
	return net_get_sysctl(NS_A, path);
}

TEST(defaults)
{
	net_alone();
	for (size_t i = 0; i < SETTINGS; i++)
		if (get(settings[i].name) != settings[i].standard)
			die(__FILE__, __LINE__, "%s is %ld, not %ld", settings[i].name,
			    get(settings[i].name), settings[i].standard);
}

/* The bounds themselves are taken, what is past them is refused and changes nothing. The
 * two ends of the range of ports, and of RTO, bound each other, too: they have tests of their own.
 */
TEST(bounds)
{
	net_alone();
	for (size_t i = 0; i < SETTINGS; i++) {
		const struct setting *s = &settings[i];

		if (!strncmp(s->name, "port_", 5) || !strncmp(s->name, "rto_m", 5))
			continue;
		SAME(try_number(s->name, s->min), 0);
		SAME(get(s->name), s->min);
		SAME(try_number(s->name, s->min - 1), -EINVAL);
		SAME(get(s->name), s->min);
		SAME(try_number(s->name, s->max), 0);
		SAME(get(s->name), s->max);
		SAME(try_number(s->name, s->max + 1), -EINVAL);
		SAME(try_number(s->name, -1), -EINVAL);
		SAME(try_number(s->name, LONG_MAX), -EINVAL);
		SAME(try_number(s->name, (1L << 32) + s->min), -EINVAL);
		SAME(try_text(s->name, "ten"), -EINVAL);
		SAME(get(s->name), s->max);
	}
}

TEST(bounds_of_ports)
{
	net_alone();
	SAME(try_number("port_min", 0), -EINVAL);
	SAME(try_number("port_min", -1), -EINVAL);
	SAME(try_number("port_max", 65536), -EINVAL);
	/* The lower end is not above the upper one. */
	SAME(try_number("port_min", 61000), -EINVAL);
	SAME(try_number("port_max", 32767), -EINVAL);
	SAME(get("port_min"), 32768);
	SAME(get("port_max"), 60999);
	SAME(try_number("port_max", 65535), 0);
	SAME(try_number("port_min", 65535), 0);
	SAME(try_number("port_min", 1), 0);
	SAME(try_number("port_max", 1), 0);
	SAME(get("port_min"), 1);
	SAME(get("port_max"), 1);
}

TEST(bounds_of_rto)
{
	net_alone();
	SAME(try_number("rto_min_ms", 9), -EINVAL);
	SAME(try_number("rto_min_ms", 60001), -EINVAL);
	SAME(try_number("rto_max_ms", 9), -EINVAL);
	SAME(try_number("rto_max_ms", 3600001), -EINVAL);
	SAME(try_number("rto_max_ms", -1), -EINVAL);
	/* The lower end is not above the upper one. */
	SAME(try_number("rto_max_ms", 199), -EINVAL);
	SAME(get("rto_min_ms"), 200);
	SAME(get("rto_max_ms"), 120000);
	SAME(try_number("rto_min_ms", 10), 0);
	SAME(try_number("rto_max_ms", 10), 0);
	SAME(try_number("rto_min_ms", 11), -EINVAL);
	SAME(get("rto_min_ms"), 10);
	SAME(get("rto_max_ms"), 10);
	SAME(try_number("rto_max_ms", 3600000), 0);
	SAME(try_number("rto_min_ms", 60000), 0);
	SAME(get("rto_min_ms"), 60000);
	SAME(get("rto_max_ms"), 3600000);
}

/* A namespace's owner may set it, others may read it only. */
TEST(needs_capability)
{
	net_alone();
	SAME(net_status(NS_A, "setpriv --reuid 65534 --regid 65534 --clear-groups"
			" cat /proc/sys/net/hstp/msl_ms >/dev/null"), 0);
	NEED(net_status(NS_A, "setpriv --reuid 65534 --regid 65534 --clear-groups"
			" sh -c 'echo 1000 >/proc/sys/net/hstp/msl_ms' 2>/dev/null"));
	SAME(get("msl_ms"), 30000);
}

/* That a setting does what it says is tested here; for the retries and rto_* in
 * exchange_give_up, for max_syn_backlog in exchange_full.
 *
 * TIME-WAIT lasts 2MSL (RFC 9293 section 3.6.1).
 */
TEST(msl_is_effective)
{
	struct end us, it;
	uint64_t start;
	int fd;

	net_peer();
	net_no_timers(NS_A);
	net_hstp(NS_A, "msl_ms", 1500);
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	fd = wire_to_state(&us, &it, "FIN-WAIT-2");
	start = now_ms();
	wire_send(&us, FIN | ACK, 101, 302);
	wire_expect(&it, ACK, 302, 102);
	state_is(&it, "TIME-WAIT");
	fd_close(fd);
	state_wait(&it, "CLOSED");
	NEED(now_ms() - start + EARLY_MS >= 3000);
}

/* ... and for those that wait already, more than are dealt with at a time. */
TEST(msl_is_effective_at_once)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = PORT };
	struct sockaddr_in to = addr_of(here.addr, here.port);
	enum { MANY = 700 };
	int listener;

	net_alone();
	net_hstp(NS_A, "msl_ms", 120000);
	listener = fd_listen(&here, 1);
	for (int i = 0; i < MANY; i++) {
		int client = fd_new(NS_A), server;

		TRY(connect(client, (struct sockaddr *)&to, sizeof(to)));
		server = fd_accept(listener);
		fd_close(client);
		fd_eof(server);
		fd_close(server);
	}
	WAIT(stat_now(NS_A, "state TIME-WAIT now") >= MANY);
	net_hstp(NS_A, "msl_ms", 1);
	WAIT(!stat_now(NS_A, "state TIME-WAIT now"));
	WAIT(stat_now(NS_A, "transition TIME-WAIT CLOSED time-wait") == MANY);
	stats_sums(NS_A);
}

/* FIN-WAIT-2 is left by itself when no socket is there to wait for the peer's FIN. */
TEST(fin_timeout_is_effective)
{
	struct end us, it;
	uint64_t start;

	net_peer();
	net_no_timers(NS_A);
	net_hstp(NS_A, "fin_timeout", 500);
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	fd_close(wire_open_active(&us, &it));
	wire_expect(&it, FIN | ACK, 301, 101);
	stats_mark(NS_A);
	start = now_ms();
	wire_send(&us, ACK, 101, 302);
	state_wait(&it, "CLOSED");
	NEED(now_ms() - start + EARLY_MS >= 500);
	STATS(NS_A, "transition FIN-WAIT-1 FIN-WAIT-2 fin-acked 1",
	      "transition FIN-WAIT-2 CLOSED fin-timeout 1");
}

/* An ACK may wait for delack_ms, and does when nothing else is to be sent (MUST-40). */
TEST(delack_is_effective)
{
	struct end us, it;
	struct seen *seen;
	uint64_t start;

	net_peer();
	net_no_timers(NS_A);
	net_hstp(NS_A, "delack_ms", 300);
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	wire_open_active(&us, &it);
	start = now_ms();
	wire_send(&us, PSH | ACK, 101, 301, "x");
	seen = wire_expect(&it, ACK, 301, 102);
	NEED(seen->ms - start + EARLY_MS >= 300);
}

/* ... and is sent in less than half a second then, at the highest delay that can be asked for,
 * though timers are late. Whether this machine was, by more than there is to spare, the next
 * one tells.
 */
TEST(delack_is_below_half_a_second)
{
	struct end us, it;
	uint32_t seq = 101;
	uint64_t start;
	int tries = 0;

	net_peer();
	net_hstp(NS_A, "delack_ms", 450);
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	wire_open_active(&us, &it);
	do {
		NEED(tries++ < 40);
		start = now_ms();
		wire_send(&us, PSH | ACK, seq++, 301, "x");
	} while (wire_expect(&it, ACK, 301, seq)->ms >= start + 500);
}

/* RFC 5961 section 4 answers a SYN in the window with an ACK, RFC 793 with a reset. */
TEST(rfc5961_is_effective)
{
	struct seen *reset;
	struct end us, it;

	net_peer();
	net_no_timers(NS_A);
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	wire_open_active(&us, &it);
	wire_send(&us, SYN, 101);
	wire_expect(&it, ACK, 301, 101);
	state_is(&it, "ESTABLISHED");
	/* The next segment obeys. */
	net_hstp(NS_A, "rfc5961", 0);
	wire_send(&us, SYN, 101);
	reset = wire_next(&it, PATIENCE_MS);
	NEED(reset && reset->flags & RST);
	state_is(&it, "CLOSED");
}

/* RFC 5961 section 7: up to so many challenge ACKs a second, then silence. How many
 * exactly, from half of it up, is left to chance, so that nobody can count on it.
 */
TEST(challenge_ack_limit_is_effective)
{
	enum { LIMIT = 10, SENT = 200 };
	struct end us, it;
	uint64_t start, seconds;
	int answers = 0;

	net_peer();
	net_no_timers(NS_A);
	net_hstp(NS_A, "challenge_ack_limit", LIMIT);
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	wire_open_active(&us, &it);
	stats_mark(NS_A);
	start = now_ms();
	for (int i = 0; i < SENT; i++)
		wire_send(&us, SYN, 101);
	wire_sync(NS_A);
	/* The clock's seconds that were touched, the first and the last in part. */
	seconds = (now_ms() - start) / 1000 + 2;
	while (wire_next(&it, 0))
		answers++;
	NEED(answers >= LIMIT / 2);
	/* Two a second are the connection's own. */
	NEED((uint64_t)answers <= (LIMIT + 2) * seconds && answers < SENT);
	stat_grew(NS_A, "challenge", answers);
	stat_grew(NS_A, "drop syn_synchronized", SENT);
}

/* Ephemeral ports come from the range: from one of a single port none but it. */
TEST(ports_are_effective)
{
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	struct end server, client;
	int fd, second;

	net_pair();
	net_hstp(NS_A, "port_max", 40000);
	net_hstp(NS_A, "port_min", 40000);
	wire_ends(&client, NS_A, 0, &server, NS_B, PORT);
	fd_listen(&server, 1);
	fd = fd_new(NS_A);
	name = addr_of(server.addr, PORT);
	TRY(connect(fd, (struct sockaddr *)&name, sizeof(name)));
	TRY(getsockname(fd, (struct sockaddr *)&name, &len));
	SAME(ntohs(name.sin_port), 40000);
	second = fd_new(NS_A);
	name = addr_of(server.addr, PORT);
	FAILS(EADDRNOTAVAIL, connect(second, (struct sockaddr *)&name, sizeof(name)));
}

/* What does not fit into max_time_wait is closed at once, and counted as such. */
TEST(max_time_wait_is_effective)
{
	struct end us[2], it[2];
	int fd;

	net_peer();
	net_no_timers(NS_A);
	net_hstp(NS_A, "max_time_wait", 1);
	for (int i = 0; i < 2; i++) {
		wire_ends(&us[i], NS_T, (uint16_t)(PEER + i), &it[i], NS_A, PORT);
		fd = wire_to_state(&us[i], &it[i], "FIN-WAIT-2");
		fd_close(fd);
		wire_send(&us[i], FIN | ACK, 101, 302);
		wire_expect(&it[i], ACK, 302, 102);
		state_is(&it[i], i ? "CLOSED" : "TIME-WAIT");
	}
	SAME(stat_now(NS_A, "transition TIME-WAIT CLOSED limit"), 1);
	stats_sums(NS_A);
}

/* Beyond max_orphans close() resets instead of leaving one more connection alone. */
TEST(max_orphans_is_effective)
{
	struct end us[2], it[2];
	int fd;

	net_peer();
	net_no_timers(NS_A);
	net_hstp(NS_A, "max_orphans", 1);
	for (int i = 0; i < 2; i++) {
		wire_ends(&us[i], NS_T, (uint16_t)(PEER + i), &it[i], NS_A, PORT);
		fd = wire_open_active(&us[i], &it[i]);
		fd_close(fd);
		if (!i) {
			wire_expect(&it[i], FIN | ACK, 301, 101);
			state_is(&it[i], "FIN-WAIT-1");
			continue;
		}
		/* Section 3.10.5, ABORT: <SEQ=SND.NXT><CTL=RST> */
		wire_expect(&it[i], RST, 301);
		state_is(&it[i], "CLOSED");
	}
	SAME(stat_now(NS_A, "reset out limit"), 1);
	stats_sums(NS_A);
}

TEST_HARNESS_MAIN
