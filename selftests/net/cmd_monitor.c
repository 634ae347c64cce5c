// SPDX-License-Identifier: GPL-2.0
/* hstp monitor: what happens, as it happens, and what could not be heard of it. */
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include "kselftest_harness.h"

#include "lib/proc.h"
#include "monitor.h"

/* RFC 9293 figure 5, the client's way on the left, the server's on the right. */
TEST(events)
{
	static const char *const path[] = {
		"CLOSED -> SYN-SENT  open-active", "SYN-SENT -> ESTABLISHED  syn-ack",
		"ESTABLISHED -> FIN-WAIT-1  close", "FIN-WAIT-1 -> FIN-WAIT-2  fin-acked",
		"FIN-WAIT-2 -> TIME-WAIT  fin", "TIME-WAIT -> CLOSED  time-wait",
	};
	struct sockaddr_in addr;
	int listener = begin(&addr);
	char arguments[100];
	const char *at;

	snprintf(arguments, sizeof(arguments), "-n monitor 'dport = :%s'", port);
	cmd_start(&c, arguments);
	it_listens();
	one(listener, &addr);
	cmd_says(&c, "TIME-WAIT -> CLOSED");
	cmd_stop(&c);
	SAME(c.status, 0);
	/* These, in their order, and no others. */
	at = c.out;
	for (size_t i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		at = strstr(at, path[i]);
		if (!at)
			die(__FILE__, __LINE__, "\"%s\" is missing: %s", path[i], c.out);
	}
	SAME(cmd_count(&c, "\n"), sizeof(path) / sizeof(path[0]));
}

#define DAY	(24 * 3600.0)

/* Seconds since midnight by the clock on the wall. */
static double time_of_day(void)
{
	struct timespec ts;
	struct tm tm;

	TRY(clock_gettime(CLOCK_REALTIME, &ts));
	NEED(localtime_r(&ts.tv_sec, &tm));
	return tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec + (double)ts.tv_nsec / 1e9;
}

/* Each line begins with the time of day, and ends with how long the state lasted that was left:
 * TIME-WAIT twice the maximum segment lifetime (RFC 9293 section 3.4.1), CLOSED has no beginning.
 */
TEST(times)
{
	double begun, now, last = 0, lasted = -1;
	struct sockaddr_in addr;
	int listener = begin(&addr), lines = 0;
	char arguments[100];

	net_hstp(NS_A, "msl_ms", 1000);
	snprintf(arguments, sizeof(arguments), "-n monitor 'dport = :%s'", port);
	begun = time_of_day();
	cmd_start(&c, arguments);
	it_listens();
	one(listener, &addr);
	cmd_says(&c, "TIME-WAIT -> CLOSED");
	cmd_stop(&c);
	now = time_of_day();
	for (char *line = strtok(c.out, "\n"); line; line = strtok(NULL, "\n"), lines++) {
		const char *after = strstr(line, "  after ");
		int hours, minutes, read;
		double at, seconds;

		read = sscanf(line, "%2d:%2d:%9lf 127.0.0.1:", &hours, &minutes, &seconds);
		SAME(read, 3);
		at = hours * 3600 + minutes * 60 + seconds;
		/* Midnight may have passed. */
		NEED(begun < now ? at >= begun - 0.001 && at <= now + 0.001 :
				   at >= begun - 0.001 || at <= now + 0.001);
		NEED(!lines || at >= last || last - at > DAY / 2);
		last = at;
		SAME(!after, !!strstr(line, "CLOSED -> SYN-SENT"));
		if (strstr(line, "TIME-WAIT -> CLOSED"))
			lasted = atof(after + strlen("  after "));
	}
	SAME(lines, 6);
	/* Told in tenths of a second; ticks may be late, and early then. */
	NEED(lasted > 1.7 && lasted < PATIENCE_MS / 1000.0);
}

TEST(json_and_count)
{
	struct sockaddr_in addr;
	int listener = begin(&addr);

	cmd_start(&c, "-j monitor events --count 3");
	it_listens();
	one(listener, &addr);
	cmd_end(&c);
	SAME(c.status, 0);
	SAME(cmd_count(&c, "\n"), 3);
	SAME(cmd_count(&c, "{\"kind\":\"event\",\"sequence\":"), 3);
	SAME(cmd_count(&c, "\"from\":\"CLOSED\",\"to\":\"SYN-SENT\",\"cause\":\"open-active\""), 1);
}

/* The number of @name in the JSON text of @line; -1 without. */
static long long member(const char *line, const char *name)
{
	char key[40];
	const char *at;

	snprintf(key, sizeof(key), "\"%s\":", name);
	at = strstr(line, key);
	if (at && at[strlen(key)] == '-')
		die(__FILE__, __LINE__, "\"%s\" is less than 0: %s", name, line);
	return at ? atoll(at + strlen(key)) : -1;
}

#define NS	1000000000LL	/* of a second */

static uint64_t monotonic(void)
{
	struct timespec ts;

	TRY(clock_gettime(CLOCK_MONOTONIC, &ts));
	return (uint64_t)(ts.tv_sec * NS + ts.tv_nsec);
}

/* All that an event carries: when, between whom, for how long, and the variables of RFC 9293
 * section 3.3.1 after it, along figures 6 and 12 at the client. SYN and FIN take a number each
 * (section 3.4).
 */
TEST(json_members)
{
	static const struct {
		const char *to;
		int una, nxt, rcv;	/* more than ISS and IRS; -1: may not be known */
	} path[] = {
		{ "SYN-SENT", 0, 1, -1 }, { "ESTABLISHED", 1, 1, 1 }, { "FIN-WAIT-1", 1, -1, 1 },
		{ "FIN-WAIT-2", 2, 2, 1 }, { "TIME-WAIT", 2, 2, 2 }, { "CLOSED", -1, -1, -1 },
	};
	struct sockaddr_in addr;
	int listener = begin(&addr), i = 0;
	uint64_t begun = monotonic(), last = 0;
	long long iss = -1, irs = -1, client = -1;
	char arguments[100], text[200];

	net_hstp(NS_A, "msl_ms", 1000);
	snprintf(arguments, sizeof(arguments), "-j monitor 'dport = :%s'", port);
	cmd_start(&c, arguments);
	it_listens();
	one(listener, &addr);
	cmd_says(&c, "\"cause\":\"time-wait\"");
	cmd_stop(&c);
	SAME(cmd_count(&c, "\n"), 6);
	for (char *line = strtok(c.out, "\n"); line; line = strtok(NULL, "\n"), i++) {
		uint64_t time = (uint64_t)member(line, "time");
		long long spent = member(line, "spent");

		snprintf(text, sizeof(text), "\"to\":\"%s\"", path[i].to);
		NEED(strstr(line, text));
		NEED(time >= begun && time >= last && time <= monotonic());
		/* The state that is left had been entered with the line before, or just before
		 * that was told.
		 */
		SAME(spent < 0, !i);
		NEED(!i || llabs(spent - (long long)(time - last)) < NS);
		if (i == 5)
			NEED(spent >= 2 * NS - NS / 5);
		last = time;
		if (!i)
			client = member(line, "local_port");
		NEED(client > 0 && client < 65536);
		snprintf(text, sizeof(text), "\"local_address\":\"127.0.0.1\",\"local_port\":%lld,"
			 "\"remote_address\":\"127.0.0.1\",\"remote_port\":%s,", client, port);
		NEED(strstr(line, text));

		/* TIME-WAIT keeps neither initial number. */
		if (i == 5) {
			SAME(member(line, "iss"), -1);
			SAME(member(line, "irs"), -1);
			SAME(member(line, "snd_wnd"), -1);
			break;
		}
		if (!i)
			iss = member(line, "iss");
		NEED(iss >= 0 && iss <= UINT32_MAX);
		SAME(member(line, "iss"), iss);
		SAME(member(line, "snd_una"), (uint32_t)(iss + path[i].una));
		if (path[i].nxt >= 0)
			SAME(member(line, "snd_nxt"), (uint32_t)(iss + path[i].nxt));
		NEED(member(line, "rcv_wnd") > 0);
		if (path[i].rcv < 0) {
			SAME(member(line, "irs"), -1);
			continue;
		}
		if (irs < 0)
			irs = member(line, "irs");
		NEED(irs >= 0 && irs <= UINT32_MAX);
		SAME(member(line, "irs"), irs);
		SAME(member(line, "rcv_nxt"), (uint32_t)(irs + path[i].rcv));
		NEED(member(line, "snd_wnd") > 0);
	}
	SAME(i, 5);
}

/* Section 3.7.1: the longest packet of RFC 791, which loopback takes, less both headers; and what
 * a SYN offers by default.
 */
#define OFFER_TEXT	" mss 65495 wscale %u sackok ts %u:%u\n"

/* The segments of RFC 9293 figures 6 and 12 as the client's end sends and gets them, and each of
 * them at the server's end once more.
 */
TEST(segments)
{
	static const struct {
		char way;
		const char *flags;
		bool ack, mss;
	} want[] = {
		{ '>', "SYN", false, true }, { '<', "SYN,ACK", true, true },
		{ '>', "ACK", true, false },
		{ '>', "FIN,ACK", true, false }, { '<', "ACK", true, false },
		{ '<', "FIN,ACK", true, false }, { '>', "ACK", true, false },
	};
	unsigned int seq, ack, win, local, remote, scale, stamps[2];
	unsigned int last[2] = { 0 }, next[2] = { 0 };
	char arguments[100], words[200];
	struct sockaddr_in addr;
	int listener = begin(&addr), at = 0, len, n, got;
	size_t i;

	snprintf(arguments, sizeof(arguments), "-n monitor segments --count 7 'dport = :%s'", port);
	cmd_start(&c, arguments);
	it_listens();
	WAIT(net_get_sysctl(NS_A, "net.hstp.segment_events") == 1);
	one(listener, &addr);
	cmd_end(&c);
	SAME(c.status, 0);
	SAME(net_get_sysctl(NS_A, "net.hstp.segment_events"), 0);
	SAME(cmd_count(&c, "\n"), 7);
	for (i = 0; i < sizeof(want) / sizeof(*want); i++, at += len) {
		int out = want[i].way == '>';
		const char *line = c.out + at;
		char way;

		len = (int)strcspn(line, "\n") + 1;
		n = 0;
		got = sscanf(line, "%*d:%*d:%*f 127.0.0.1:%u %c 127.0.0.1:%u %199s seq %u%n",
			     &local, &way, &remote, words, &seq, &n);
		SAME(got, 5);
		SAME(way, want[i].way);
		SAME(remote, atoi(port));
		SAME(strcmp(words, want[i].flags), 0);
		line += n;
		got = sscanf(line, " ack %u%n", &ack, &n);
		SAME(got, want[i].ack);
		if (want[i].ack)
			line += n;
		got = sscanf(line, " win %u%n", &win, &n);
		SAME(got, 1);
		line += n;
		if (want[i].mss)
			got = sscanf(line, OFFER_TEXT "%n", &scale, &stamps[0], &stamps[1], &n) - 1;
		else
			got = sscanf(line, " ts %u:%u\n%n", &stamps[0], &stamps[1], &n);
		SAME(got, 2);
		/* RFC 7323 section 3.2: what is echoed is the other end's last. */
		SAME(stamps[1], last[!out]);
		last[out] = stamps[0];
		/* Section 3.4: SYN and FIN take a number each; what was sent next is expected. */
		if (!strstr(words, "SYN"))
			SAME(seq, next[out]);
		if (want[i].ack)
			SAME(ack, next[!out]);
		next[out] = seq + (strstr(words, "SYN") || strstr(words, "FIN"));
	}
}

TEST(segments_json)
{
	char arguments[100], line[300];
	struct sockaddr_in addr;
	int listener = begin(&addr);

	snprintf(arguments, sizeof(arguments), "-j monitor segments --count 14");
	cmd_start(&c, arguments);
	it_listens();
	WAIT(net_get_sysctl(NS_A, "net.hstp.segment_events") == 1);
	one(listener, &addr);
	cmd_end(&c);
	SAME(c.status, 0);
	SAME(cmd_count(&c, "\n"), 14);
	for (int i = 1; i <= 14; i++) {
		snprintf(line, sizeof(line), "{\"kind\":\"segment\",\"sequence\":%d,\"time\":", i);
		SAME(cmd_count(&c, line), 1);
	}
	SAME(cmd_count(&c, "\"direction\":\"out\",\"flags\":"), 7);
	SAME(cmd_count(&c, "\"direction\":\"in\",\"flags\":"), 7);
	SAME(cmd_count(&c, "\"flags\":\"SYN\",\"seq\":"), 2);
	SAME(cmd_count(&c, "\"flags\":\"SYN,ACK\",\"seq\":"), 2);
	SAME(cmd_count(&c, "\"flags\":\"FIN,ACK\",\"seq\":"), 4);
	SAME(cmd_count(&c, "\"flags\":\"ACK\",\"seq\":"), 6);
	SAME(cmd_count(&c, "\"ack\":"), 12);
	SAME(cmd_count(&c, "\"mss\":65495,\"window_scale\":"), 4);
	SAME(cmd_count(&c, "\"sack_permitted\":true,\"tsval\":"), 4);
	SAME(cmd_count(&c, ",\"tsval\":"), 14);
	SAME(cmd_count(&c, ",\"tsecr\":0}"), 2);	/* of a SYN */
	SAME(cmd_count(&c, "\"length\":0"), 14);
}

/* What a rule has changed on the way is told, and can be seen where it arrives: here the urgent
 * pointer and an echoed timestamp.
 */
TEST(segments_changed)
{
	struct st_pair pair;

	cmd_pair(&pair);
	snprintf(port, sizeof(port), "%u", port_of(pair.listener));
	for (int json = 0; json < 2; json++) {
		char arguments[200];

		cmd(&c, 0, "fault add in sport %s flags urg nth 1 change urgent 77", port);
		cmd(&c, 0, "fault add in sport %s flags urg nth 1 change tsecr 12345", port);
		snprintf(arguments, sizeof(arguments),
			 "%s monitor segments --count 3 'sport = :%s'", json ? "-j" : "-n", port);
		cmd_start(&c, arguments);
		it_listens();
		WAIT(net_get_sysctl(NS_A, "net.hstp.segment_events") == 1);
		TRY(send(pair.client, "u", 1, MSG_OOB));
		cmd_end(&c);
		SAME(c.status, 0);
		SAME(cmd_count(&c, json ? "\"urgent\":77," : " urg 77 "), 1);
		SAME(cmd_count(&c, json ? ",\"tsecr\":12345" : ":12345\n"), 1);
		SAME(cmd_count(&c, json ? "{\"kind\":\"change\",\"sequence\":" : " changes "), 2);
		SAME(cmd_count(&c, json ? "\"urgent\",\"from\":" : " changes urgent "), 1);
		SAME(cmd_count(&c, json ? ",\"to\":77}\n" : " to 77\n"), 1);
		SAME(cmd_count(&c, json ? "\"field\":\"tsecr\",\"from\":" : " changes tsecr "), 1);
		SAME(cmd_count(&c, json ? "\"to\":12345}\n" : " to 12345\n"), 1);
		/* The next monitor is not to hear the ACK of it. */
		SAME(st_wait_unsent(pair.client, 0), 0);
		cmd(&c, 0, "fault flush");
	}
}

/* Flags are told as names, and a wrong checksum as what it is. */
TEST(segments_changed_words)
{
	static const char *const says[][3] = {
		{ " PSH,ACK seq ", "  rule 1 changes flags PSH,ACK to PSH,CWR,ACK\n",
		  "  rule 2 corrupts the checksum\n" },
		{ "\"flags\":\"PSH,ACK\",\"seq\":",
		  "\"rule\":3,\"action\":\"change\",\"field\":\"flags\",\"from\":24,\"to\":152}\n",
		  "\"rule\":4,\"action\":\"corrupt\"}\n" },
	};
	char arguments[200];
	struct st_pair pair;

	cmd_pair(&pair);
	for (int json = 0; json < 2; json++) {
		cmd(&c, 0, "fault add out text count 1 change flags +cwr");
		cmd(&c, 0, "fault add out text count 1 corrupt");
		snprintf(arguments, sizeof(arguments),
			 "%s monitor segments --count 3 'dport = :%u'", json ? "-j" : "-n",
			 port_of(pair.listener));
		cmd_start(&c, arguments);
		it_listens();
		WAIT(net_get_sysctl(NS_A, "net.hstp.segment_events") == 1);
		fd_send(pair.client, "x");
		cmd_end(&c);
		SAME(c.status, 0);
		for (int i = 0; i < 3; i++)
			cmd_has(&c, says[json][i]);
		SAME(cmd_count(&c, "\n"), 3);
		/* All of it is counted together, and nothing was lost. */
		SAME(cmd_count(&c, json ? "\"lost\"" : " lost"), 0);
		fd_recv(pair.server, "x");
		SAME(st_wait_unsent(pair.client, 0), 0);
		cmd(&c, 0, "fault flush");
	}
}

#define SEGMENT_EVENTS "net.hstp.segment_events"

static void monitor_begins(struct cmd *m, const char *arguments)
{
	cmd_start(m, arguments);
	NEED(!st_call_until_blocked(m->pid, SYS_poll));
	WAIT(net_get_sysctl(NS_A, SEGMENT_EVENTS) == 1);
}

/* However it ends, the setting is as it was: a closed terminal hangs up. */
TEST(setting_put_back)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
	struct sockaddr_in addr;
	int listener = begin(&addr);

	for (int before = 0; before < 2; before++) {
		net_sysctl(NS_A, SEGMENT_EVENTS, before);
		for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
			monitor_begins(&c, "monitor segments");
			TRY(kill(c.pid, signals[i]));
			cmd_end(&c);
			SAME(c.status, 0);
			SAME(net_get_sysctl(NS_A, SEGMENT_EVENTS), before);
		}
	}
	/* Nobody reads any more. */
	net_sysctl(NS_A, SEGMENT_EVENTS, 0);
	monitor_begins(&c, "monitor segments");
	close(c.fd);
	one(listener, &addr);
	WAIT(net_get_sysctl(NS_A, SEGMENT_EVENTS) == 0);
	SAME(TRY(waitpid(c.pid, &c.status, 0)), c.pid);
	SAME(WEXITSTATUS(c.status), 1);
}

/* An error ends it: poll() takes no more descriptors than the process may have. */
TEST(setting_put_back_peer)
{
	const struct rlimit few = { 1, 1 };
	struct sockaddr_in addr;
	char arguments[100];
	int peer;

	net_pair();
	net_enter(NS_B);
	peer = TRY(open("/proc/thread-self/ns/net", O_RDONLY));
	net_enter(NS_A);
	snprintf(arguments, sizeof(arguments), "monitor segments --peer /proc/%d/fd/%d", getpid(),
		 peer);
	monitor_begins(&c, arguments);
	WAIT(net_get_sysctl(NS_B, SEGMENT_EVENTS) == 1);
	TRY(prlimit(c.pid, RLIMIT_NOFILE, &few, NULL));
	addr = addr_of(htonl(INADDR_LOOPBACK), 7);
	NEED(st_connect(proto, &addr) < 0);
	cmd_end(&c);
	SAME(c.status, 1);
	cmd_has(&c, "Invalid argument");
	SAME(net_get_sysctl(NS_A, SEGMENT_EVENTS), 0);
	SAME(net_get_sysctl(NS_B, SEGMENT_EVENTS), 0);
}

/* Of two, whichever ends first, the other one goes on hearing, and the last puts it back. */
TEST(two_monitors)
{
	static struct cmd both[2];
	struct sockaddr_in addr;
	int listener = begin(&addr);

	for (int first = 0; first < 2; first++) {
		struct cmd *stays = &both[!first];

		for (int i = 0; i < 2; i++)
			monitor_begins(&both[i], "monitor segments --count 14");
		cmd_stop(&both[first]);
		SAME(both[first].status, 0);
		SAME(net_get_sysctl(NS_A, SEGMENT_EVENTS), 1);
		/* Seven, at both ends; then it ends by itself. */
		one(listener, &addr);
		cmd_end(stays);
		SAME(stays->status, 0);
		SAME(cmd_count(stays, "\n"), 14);
		SAME(net_get_sysctl(NS_A, SEGMENT_EVENTS), 0);
	}
	/* One that was killed could put nothing back; the next one does. */
	monitor_begins(&c, "monitor segments");
	TRY(kill(c.pid, SIGKILL));
	close(c.fd);
	SAME(TRY(waitpid(c.pid, NULL, 0)), c.pid);
	SAME(net_get_sysctl(NS_A, SEGMENT_EVENTS), 1);
	monitor_begins(&c, "monitor segments");
	cmd_stop(&c);
	SAME(net_get_sysctl(NS_A, SEGMENT_EVENTS), 0);
}

/* Numbers behind each @words in what was said, summed up; the last of them. */
static long sum_of(const char *words, long *last)
{
	long sum = 0;

	*last = 0;
	for (const char *at = c.out; (at = strstr(at, words)); at += strlen(words)) {
		*last = atol(at + strlen(words));
		sum += *last;
	}
	return sum;
}

/* The monitor is stopped until it has lost something: it says @full, and @lost when it hears
 * how much that was, with what comes next.
 */
static void overrun(int listener, const struct sockaddr_in *addr, const char *full,
		    const char *lost)
{
	it_listens();
	TRY(kill(c.pid, SIGSTOP));
	for (int i = 0; i < 20; i++)
		one(listener, addr);
	TRY(kill(c.pid, SIGCONT));
	cmd_says(&c, full);
	for (int i = 0; i < 20 && !strstr(c.out, lost); i++) {
		one(listener, addr);
		cmd_read(&c, 1000);
	}
	cmd_says(&c, lost);
}

/* Transitions that were counted so far, of all kinds. */
static long counted(void)
{
	char line[200];
	long sum = 0, n;
	FILE *file = fopen("/proc/thread-self/net/hstp_stat", "r");

	NEED(file);
	while (fgets(line, sizeof(line), file))
		sum += sscanf(line, "transition %*s %*s %*s %ld", &n) == 1 ? n : 0;
	fclose(file);
	return sum;
}

/* Lines of events, and those that were reported as lost, in what was said so far. */
static long accounted_for(long *lost)
{
	long seen = cmd_count(&c, " -> "), number;

	*lost = 0;
	for (const char *at = c.out; (at = strstr(at, "-- ")); at++) {
		if (sscanf(at, "-- %ld events lost\n", &number) == 1)
			*lost += number;
	}
	return seen + *lost;
}

/* A stopped listener loses events: it is told so, and how many, to the last one. */
TEST(loss)
{
	struct sockaddr_in addr;
	int listener = begin(&addr);
	long lost, before = counted();

	cmd_start(&c, "monitor --buffer 5000");
	overrun(listener, &addr,
		"buffer of 5000 bytes was full: --buffer can make it larger\n", " events lost");
	/* What is lost is told with what comes next, which may be lost, too. */
	for (int i = 0; i < 20; i++) {
		WAIT(stat_now(NS_A, "state TIME-WAIT now") == 0);
		for (int n = 0; n < 5 && accounted_for(&lost) < counted() - before; n++)
			cmd_read(&c, 100);
		if (accounted_for(&lost) >= counted() - before)
			break;
		one(listener, &addr);
	}
	SAME(accounted_for(&lost), counted() - before);
	NEED(lost > 0);
	cmd_stop(&c);
	SAME(c.status, 0);
	SAME(accounted_for(&lost), counted() - before);
}

/* Bytes that a user's socket may have. */
static int rmem_max(int bytes)
{
	FILE *file = fopen("/proc/sys/net/core/rmem_max", "r+");
	int was;

	NEED(file);
	SAME(fscanf(file, "%d", &was), 1);
	rewind(file);
	NEED(fprintf(file, "%d\n", bytes) > 0);
	SAME(fclose(file), 0);
	return was;
}

/* Who is not root gets no larger buffer than the system allows: it says how large that is. */
TEST(loss_of_a_user)
{
	int home = TRY(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	int usual = rmem_max(5000), listener;
	struct sockaddr_in addr;

	listener = begin(&addr);
	/* Until it runs another program root could be had back. */
	TRY(setresuid(65534, 65534, 0));
	cmd_start(&c, "monitor");
	TRY(setresuid(0, 0, 0));
	it_listens();
	TRY(setns(home, CLONE_NEWNET));
	rmem_max(usual);
	net_enter(NS_A);
	overrun(listener, &addr,
		"buffer of 5000 bytes was full: net.core.rmem_max allows no more to who is not root\n",
		" events lost");
	cmd_stop(&c);
	SAME(c.status, 0);
}

/* What was printed and what was lost are all that there was. */
TEST(loss_json)
{
	struct sockaddr_in addr;
	int listener = begin(&addr);
	long lost, last;

	cmd_start(&c, "-j monitor --buffer 5000");
	overrun(listener, &addr, "{\"kind\":\"lost\"}", "\"of\":\"events\"");
	cmd_stop(&c);
	SAME(c.status, 0);
	lost = sum_of("\"of\":\"events\",\"count\":", &last);
	NEED(lost > 0);
	sum_of("\"kind\":\"event\",\"sequence\":", &last);
	SAME(cmd_count(&c, "\"kind\":\"event\"") + lost, last);
}

TEST(mistakes)
{
	static const struct {
		const char *words, *says;
	} unknown[] = {
		{ "uid = 0", "\"uid\" is not known of an event: state, exclude, src, dst, " },
		{ "dport = :7 'not orphan'", "\"orphan\" is not known of an event" },
		{ "events fwmark = 1", "\"fwmark\" is not known of an event" },
		{ "segments state established", "\"state\" is not known of a segment: src, " },
		{ "all exclude listen", "\"exclude\" is not known of a segment" },
		{ "--ladder state established", "\"state\" is not known of a segment" },
		{ "events autobound", "\"autobound\" is not known of an event" },
		{ "segments cgroup = /", "\"cgroup\" is not known of a segment" },
		{ "segments cookie = 1", "\"cookie\" is not known of a segment" },
	};

	net_alone();
	net_enter(NS_A);
	cmd(&c, 2, "monitor --svg /tmp/x");
	cmd(&c, 2, "monitor --iss 1,2");
	cmd_has(&c, "--ladder is missing");
	cmd(&c, 2, "monitor --ladder --iss 100");
	cmd_has(&c, "as in: --iss 100,300");
	cmd(&c, 2, "monitor --count");
	cmd(&c, 2, "monitor --count many");
	cmd(&c, 2, "monitor --colour");
	cmd(&c, 2, "monitor state nowhere");
	/* What would never hold, or always, without a word. */
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++) {
		cmd(&c, 2, "monitor %s", unknown[i].words);
		cmd_has(&c, unknown[i].says);
		SAME(cmd_count(&c, "\n"), 1);
	}
	cmd(&c, 0, "monitor --for 1 state established dst 127.0.0.1");
	cmd(&c, 1, "monitor --peer no_such_namespace");
	cmd(&c, 0, "monitor --for 1");
	SAME(c.len, 0);
}

TEST_HARNESS_MAIN
