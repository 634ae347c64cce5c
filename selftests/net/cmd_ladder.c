// SPDX-License-Identifier: GPL-2.0
/* hstp monitor --ladder: which segment went which way, and when nobody could know that yet. The
 * pictures are cmd_picture's.
 */
#include "kselftest_harness.h"

#include "lib/proc.h"
#include "lib/wire.h"
#include "monitor.h"

/* The ladder is these lines, of words in their order; * is any number of blanks. */
static void drawn(const char *const lines[], size_t count)
{
	const char *at = strchr(c.out + strspn(c.out, "\n"), '\n');
	char word[64];

	/* The ends come first. */
	NEED(at);
	at += strspn(at, "\n 0123456789.");
	for (size_t i = 0; i < count; i++) {
		for (const char *want = lines[i]; *want;) {
			size_t len = strcspn(want, " ");

			snprintf(word, sizeof(word), "%.*s", (int)len, want);
			want += len + (want[len] != '\0');
			if (!strcmp(word, "*"))
				continue;
			at += strspn(at, " ");
			if (strncmp(at, word, len))
				die(__FILE__, __LINE__, "line %zu: not \"%s\" at \"%.40s\" of: %s",
				    i, word, at, c.out);
			at += len;
		}
		SAME(*at, '\n');
		/* The time of the next line. */
		at += strspn(at, "\n 0123456789.");
	}
	SAME(*at, '\0');
}

/* RFC 9293 section 3.5 figure 6 and section 3.6 figure 12, line by line. */
TEST(ladder)
{
	static const char *const lines[] = {
		"CLOSED * LISTEN",
		"(OPEN)",
		"SYN-SENT * --> <SEQ=0><CTL=SYN> * --> SYN-RECEIVED",
		"ESTABLISHED * <-- <SEQ=0><ACK=1><CTL=SYN,ACK> * <-- SYN-RECEIVED",
		"ESTABLISHED * --> <SEQ=1><ACK=1><CTL=ACK> * --> ESTABLISHED",
		"(CLOSE)",
		"FIN-WAIT-1 * --> <SEQ=1><ACK=1><CTL=FIN,ACK> * --> CLOSE-WAIT",
		"FIN-WAIT-2 * <-- <SEQ=1><ACK=2><CTL=ACK> * <-- CLOSE-WAIT",
		"(CLOSE)",
		"TIME-WAIT * <-- <SEQ=1><ACK=2><CTL=FIN,ACK> * <-- LAST-ACK",
		"TIME-WAIT * --> <SEQ=2><ACK=2><CTL=ACK> * --> CLOSED",
		"(2 MSL)",
		"CLOSED * CLOSED",
	};
	char svg[] = "/tmp/hstp_ladder.XXXXXX", arguments[100];
	struct sockaddr_in addr;
	int listener = begin(&addr);

	close(TRY(mkstemp(svg)));
	snprintf(arguments, sizeof(arguments), "monitor --ladder --svg %s dport = :%s", svg, port);
	cmd_start(&c, arguments);
	it_listens();
	WAIT(net_get_sysctl(NS_A, "net.hstp.segment_events") == 1);
	one(listener, &addr);
	cmd_says(&c, "(2 MSL)");
	cmd_stop(&c);
	SAME(c.status, 0);
	SAME(net_get_sysctl(NS_A, "net.hstp.segment_events"), 0);
	drawn(lines, sizeof(lines) / sizeof(lines[0]));
	SAME(net_status(NS_A, "grep -c 'marker-end' %s | grep -qx 7", svg), 0);
	unlink(svg);
}

/* Both close, and each segment is under way for a while (RFC 9293 section 3.6, figure 13; its
 * numbers are one less). Who reads all that only when it is over draws the same as who looks
 * on.
 */
TEST(ladder_late)
{
	static const char *const lines[] = {
		"CLOSED * LISTEN",
		"(OPEN)",
		"SYN-SENT * --> <SEQ=100><CTL=SYN> * --> SYN-RECEIVED",
		"ESTABLISHED * <-- <SEQ=300><ACK=101><CTL=SYN,ACK> * <-- SYN-RECEIVED",
		"ESTABLISHED * --> <SEQ=101><ACK=301><CTL=ACK> * --> ESTABLISHED",
		"(CLOSE)",
		"FIN-WAIT-1 * --> <SEQ=101><ACK=301><CTL=FIN,ACK> * ... ESTABLISHED",
		"(CLOSE)",
		"FIN-WAIT-1 * ... <SEQ=301><ACK=101><CTL=FIN,ACK> * <-- FIN-WAIT-1",
		"FIN-WAIT-1 * ... <SEQ=101><ACK=301><CTL=FIN,ACK> * --> CLOSING",
		"FIN-WAIT-1 * ... <SEQ=302><ACK=102><CTL=ACK> * <-- CLOSING",
		"CLOSING * <-- <SEQ=301><ACK=101><CTL=FIN,ACK> * ... CLOSING",
		"CLOSING * --> <SEQ=102><ACK=302><CTL=ACK> * ... CLOSING",
		"TIME-WAIT * <-- <SEQ=302><ACK=102><CTL=ACK> * ... CLOSING",
		"TIME-WAIT * ... <SEQ=102><ACK=302><CTL=ACK> * --> TIME-WAIT",
	};
	static const char *const then[] = { "CLOSING", "CLOSING", "TIME-WAIT", "TIME-WAIT" };
	struct sockaddr_in addr;
	int listener = begin(&addr), client, server;
	static struct cmd step;

	net_hstp(NS_A, "msl_ms", 60000);
	net_hstp(NS_A, "rto_min_ms", 60000);
	cmd_start(&c, "monitor --ladder --iss 100,300");
	it_listens();
	WAIT(net_get_sysctl(NS_A, "net.hstp.segment_events") == 1);
	TRY(kill(c.pid, SIGSTOP));
	client = st_connect(proto, &addr);
	NEED(client >= 0);
	server = TRY(accept(listener, NULL, NULL));
	cmd(&step, 0, "step on");
	fd_close(client);
	fd_close(server);
	for (int i = 0; i < 4; i++) {
		cmd(&step, 0, "step next");
		WAIT(net_status(NS_A, "grep -q '^state %s %d ' /proc/net/hstp_stat",
				then[i], 1 + i % 2) == 0);
	}
	TRY(kill(c.pid, SIGCONT));
	cmd_says(&c, "--> TIME-WAIT");
	cmd_stop(&c);
	SAME(c.status, 0);
	drawn(lines, sizeof(lines) / sizeof(lines[0]));
}

/* Resident memory of a process, KiB. */
static long resident(pid_t pid)
{
	char path[64], line[200];
	long kib = -1;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "r");
	NEED(file);
	while (fgets(line, sizeof(line), file))
		sscanf(line, "VmRSS: %ld", &kib);
	fclose(file);
	NEED(kib > 0);
	return kib;
}

/* There and back, so many times, never silent for longer than a moment. */
static void talk(const struct st_pair *pair, int rounds)
{
	for (int i = 0; i < rounds; i++) {
		fd_send(pair->client, "x");
		fd_recv(pair->server, "x");
		fd_send(pair->server, "y");
		fd_recv(pair->client, "y");
		usleep(1000);
	}
}

/* A ladder of traffic that never pauses needs no more memory the longer it is drawn: what was
 * drawn is forgotten. 4000 rounds are 16,000 records of more than 100 bytes.
 */
TEST(ladder_memory)
{
	struct st_pair pair;
	long before;

	cmd_pair(&pair);
	net_hstp(NS_A, "segment_events", 1);
	cmd_start(&c, "monitor --ladder >/dev/null");
	it_listens();
	talk(&pair, 1000);
	before = resident(c.pid);
	talk(&pair, 4000);
	if (resident(c.pid) - before > 700)
		die(__FILE__, __LINE__, "grew from %ld to %ld KiB", before, resident(c.pid));
	cmd_stop(&c);
	SAME(c.status, 0);
}

/* Segments to nobody, and the resets that answer them (RFC 9293 section 3.10.7.1), belong together
 * as long as they follow each other. Later they are forgotten: the same ends have a new head.
 */
TEST(ladder_forgets)
{
	struct end us, it;

	net_peer();
	net_enter(NS_A);
	cmd_start(&c, "-n monitor --ladder");
	it_listens();
	WAIT(net_get_sysctl(NS_A, "net.hstp.segment_events") == 1);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 9);
	for (int i = 1; i <= 3; i++) {
		if (i == 3)
			usleep(6000000);	/* the three seconds, and for who looks late */
		wire_send(&us, ACK, 100, 500);
		wire_expect(&it, RST, 500);
		WAIT((cmd_read(&c, 100), cmd_count(&c, "<SEQ=500><CTL=RST>")) == i);
		SAME(cmd_count(&c, ":4000"), i == 3 ? 2 : 1);
	}
	cmd_stop(&c);
	SAME(c.status, 0);
}

/* As many lines of the picture have this in them. */
static void pictured(const char *svg, const char *part, int count)
{
	if (net_status(NS_A, "test $(grep -c -e '%s' %s) = %d", part, svg, count))
		die(__FILE__, __LINE__, "not %d times in the picture: %s", count, part);
}

static void draw(struct sockaddr_in *addr, const char *svg)
{
	char arguments[100];

	snprintf(arguments, sizeof(arguments), "monitor --ladder --svg %s dport = :%s", svg, port);
	cmd_start(&c, arguments);
	it_listens();
	WAIT(net_get_sysctl(NS_A, "net.hstp.segment_events") == 1);
}

/* A long way: each segment arrives 400 ms after it was sent, and is drawn once, as on a short
 * one (RFC 9293 section 3.5 figure 6, section 3.6 figure 12). Nothing is sent again meanwhile.
 */
TEST(long_way)
{
	static const char *const lines[] = {
		"CLOSED * LISTEN",
		"(OPEN)",
		"SYN-SENT * --> <SEQ=0><CTL=SYN> * --> SYN-RECEIVED",
		"ESTABLISHED * <-- <SEQ=0><ACK=1><CTL=SYN,ACK> * <-- SYN-RECEIVED",
		"ESTABLISHED * --> <SEQ=1><ACK=1><CTL=ACK> * --> ESTABLISHED",
		"(CLOSE)",
		"FIN-WAIT-1 * --> <SEQ=1><ACK=1><CTL=FIN,ACK> * --> CLOSE-WAIT",
		"FIN-WAIT-2 * <-- <SEQ=1><ACK=2><CTL=ACK> * <-- CLOSE-WAIT",
		"(CLOSE)",
		"TIME-WAIT * <-- <SEQ=1><ACK=2><CTL=FIN,ACK> * <-- LAST-ACK",
		"TIME-WAIT * --> <SEQ=2><ACK=2><CTL=ACK> * --> CLOSED",
	};
	char svg[] = "/tmp/hstp_ladder.XXXXXX";
	struct sockaddr_in addr;
	int listener = begin(&addr), client, server;

	close(TRY(mkstemp(svg)));
	net_no_timers(NS_A);
	net_hstp(NS_A, "msl_ms", 60000);
	net_run(NS_A, "tc qdisc replace dev lo root netem delay 400ms");
	draw(&addr, svg);
	client = st_connect(proto, &addr);
	NEED(client >= 0);
	server = TRY(accept(listener, NULL, NULL));
	fd_close(client);
	SAME(st_wait_state(server, proto, TCP_CLOSE_WAIT), TCP_CLOSE_WAIT);
	WAIT(stat_now(NS_A, "state FIN-WAIT-2 now") == 1);
	fd_close(server);
	cmd_says(&c, "--> CLOSED");
	cmd_stop(&c);
	SAME(c.status, 0);
	drawn(lines, sizeof(lines) / sizeof(lines[0]));
	pictured(svg, "marker-end", 7);
	unlink(svg);
}

/* A connection that is drawn to @svg from its three first segments on. */
static void drawn_pair(struct st_pair *pair, char *svg)
{
	pair->listener = begin(&pair->addr);
	net_no_timers(NS_A);
	close(TRY(mkstemp(svg)));
	draw(&pair->addr, svg);
	pair->client = st_connect(proto, &pair->addr);
	NEED(pair->client >= 0);
	pair->server = TRY(accept(pair->listener, NULL, NULL));
}

/* What nobody could wait for: drawn as lost, it arrives after all, and the picture has an arrow
 * and no cross.
 */
TEST(very_long_way)
{
	char svg[] = "/tmp/hstp_ladder.XXXXXX";
	struct st_pair pair;

	drawn_pair(&pair, svg);
	net_run(NS_A, "tc qdisc replace dev lo root netem delay 7s");
	fd_send(pair.client, "x");
	cmd_says(&c, "--> <SEQ=1><ACK=1><CTL=PSH,ACK><DATA=1>            XXX ESTABLISHED\n");
	cmd_says(&c, "... <SEQ=1><ACK=1><CTL=PSH,ACK><DATA=1>            --> ESTABLISHED\n");
	cmd_stop(&c);
	SAME(c.status, 0);
	/* The acknowledgment may have been sent, and is lost for all that anybody knows. */
	pictured(svg, "marker-end", 3 + 1);
	pictured(svg, "<text.*DATA=1", 1);
	pictured(svg, "class=.m.>\\.\\.\\.<", 0);
	pictured(svg, "class=.a bad.*marker-end", 0);
	unlink(svg);
}

/* One that is held has a line where it is sent at once, and one where it arrives: an arrow. */
TEST(held_and_let_go)
{
	char svg[] = "/tmp/hstp_ladder.XXXXXX";
	static struct cmd step;
	struct st_pair pair;

	drawn_pair(&pair, svg);
	cmd(&step, 0, "fault add in text hold");
	fd_send(pair.client, "x");
	cmd_says(&c, "--> <SEQ=1><ACK=1><CTL=PSH,ACK><DATA=1>            ... ESTABLISHED\n");
	cmd(&step, 0, "step go");
	fd_recv(pair.server, "x");
	cmd_says(&c, "... <SEQ=1><ACK=1><CTL=PSH,ACK><DATA=1>            --> ESTABLISHED\n");
	cmd_says(&c, "<SEQ=1><ACK=2><CTL=ACK>");
	cmd_stop(&c);
	SAME(c.status, 0);
	pictured(svg, "marker-end", 3 + 2);
	pictured(svg, "<text.*DATA=1", 1);
	pictured(svg, "class=.m.>\\.\\.\\.<", 0);
	unlink(svg);
}

/* What a rule changed on the way is one segment with one arrow, and it is said what was changed:
 * by the sender's rules, by the receiver's, by both. It is not lost and another one.
 */
TEST(changed)
{
	char svg[] = "/tmp/hstp_ladder.XXXXXX";
	static struct cmd rule;
	struct st_pair pair;

	drawn_pair(&pair, svg);
	cmd(&rule, 0, "fault add out text count 1 change window 501");
	fd_send(pair.client, "a");
	fd_recv(pair.server, "a");
	/* Each has its ACK. */
	SAME(st_wait_unsent(pair.client, 0), 0);
	cmd_says(&c, "--> <SEQ=1><ACK=1><CTL=PSH,ACK><DATA=1> *          --> ESTABLISHED\n");
	cmd_says(&c, "->501\n");
	cmd(&rule, 0, "fault flush");
	cmd(&rule, 0, "fault add in text count 1 change window 502");
	fd_send(pair.client, "b");
	fd_recv(pair.server, "b");
	SAME(st_wait_unsent(pair.client, 0), 0);
	cmd_says(&c, "--> <SEQ=2><ACK=1><CTL=PSH,ACK><DATA=1> *          --> ESTABLISHED\n");
	cmd_says(&c, "->502\n");
	cmd(&rule, 0, "fault flush");
	/* Three in all; then the ACK is of what was not sent yet (RFC 9293 section 3.10.7.4). */
	cmd(&rule, 0, "fault add out text count 1 change window 503");
	cmd(&rule, 0, "fault add out text count 1 change ack +1000");
	cmd(&rule, 0, "fault add in text count 1 change window 504");
	fd_send(pair.client, "c");
	cmd_says(&c, "--> <SEQ=3><ACK=1><CTL=PSH,ACK><DATA=1> *          --> ESTABLISHED\n");
	cmd_says(&c, " *WND 503->504\n");
	cmd_says(&c, "<-- <SEQ=1><ACK=3><CTL=ACK>");
	cmd_stop(&c);
	SAME(c.status, 0);
	SAME(cmd_count(&c, " XXX "), 0);
	SAME(cmd_count(&c, "DATA=1"), 3);
	SAME(cmd_count(&c, " *WND "), 4);
	NEED(strstr(c.out, "->503\n") < strstr(c.out, " *ACK 1->1001\n"));
	NEED(strstr(c.out, " *ACK 1->1001\n") < strstr(c.out, " *WND 503->504\n"));
	pictured(svg, "marker-end", 3 + 3 + 3);
	pictured(svg, "<text.*DATA=1&gt; \\*<", 3);
	pictured(svg, "<text.*>\\*WND ", 4);
	pictured(svg, "<text.*>\\*ACK 1-&gt;1001<", 1);
	pictured(svg, "class=.x.", 0);
	unlink(svg);
}

/* The other fields, and what their values are called; the last one is not text that is awaited
 * (RFC 9293 section 3.10.7.4, first).
 */
TEST(changed_fields)
{
	static const struct {
		const char *rule, *says;
	} cases[] = {
		{ "flags +cwr", " *CTL PSH,ACK->PSH,CWR,ACK\n" },
		{ "flags -psh", " *CTL PSH,ACK->ACK\n" },
		{ "urgent 7", " *UP 0->7\n" },
		{ "tsecr 12345", "->12345\n" },
		/* RFC 7323 appendix A: two NOPs, timestamps of ten bytes */
		{ "option 1.1.8.10", " *OPTIONS 1.1.8.10->1.1.8.10\n" },
		{ "seq +1000000000", " *SEQ 6->1000000006\n" },
	};
	char svg[] = "/tmp/hstp_ladder.XXXXXX", text[100];
	static struct cmd rule;
	struct st_pair pair;

	drawn_pair(&pair, svg);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		cmd(&rule, 0, "fault add out text count 1 change %s", cases[i].rule);
		fd_send(pair.client, "x");
		snprintf(text, sizeof(text),
			 "--> <SEQ=%zu><ACK=1><CTL=PSH,ACK><DATA=1> *          --> ESTABLISHED\n",
			 i + 1);
		cmd_says(&c, text);
		cmd_says(&c, cases[i].says);
		if (i < sizeof(cases) / sizeof(*cases) - 1)
			fd_recv(pair.server, "x");
		cmd(&rule, 0, "fault flush");
	}
	cmd_stop(&c);
	SAME(c.status, 0);
	SAME(cmd_count(&c, " XXX "), 0);
	SAME(cmd_count(&c, "DATA=1"), 6);
	unlink(svg);
}

/* A wrong checksum, made by the sender's rules or by the receiver's, is a loss (RFC 9293 section
 * 3.1), and the ladder says whose fault it is.
 */
TEST(corrupted)
{
	char svg[] = "/tmp/hstp_ladder.XXXXXX", text[100];
	static struct cmd rule;
	struct st_pair pair;

	drawn_pair(&pair, svg);
	/* The second does not wait for the ACK of the first (section 3.7.4). */
	fd_nodelay(pair.client);
	for (int in = 0; in < 2; in++) {
		cmd(&rule, 0, "fault add %s text count 1 corrupt", in ? "in" : "out");
		fd_send(pair.client, "x");
		snprintf(text, sizeof(text),
			 "--> <SEQ=%d><ACK=1><CTL=PSH,ACK><DATA=1> *          XXX ESTABLISHED\n",
			 in + 1);
		cmd_says(&c, text);
		cmd_says(&c, " *checksum corrupted\n");
		cmd(&rule, 0, "fault flush");
	}
	cmd_stop(&c);
	SAME(c.status, 0);
	SAME(cmd_count(&c, "DATA=1"), 2);
	SAME(cmd_count(&c, " XXX "), 2);
	SAME(cmd_count(&c, " *checksum corrupted\n"), 2);
	pictured(svg, "marker-end", 3);
	pictured(svg, "class=.x.", 2);
	pictured(svg, "<text.*>\\*checksum corrupted<", 2);
	unlink(svg);
}

/* Changed and then held, by the rules of either end: under way, not lost, and one arrow. */
TEST(changed_and_held)
{
	char svg[] = "/tmp/hstp_ladder.XXXXXX";
	static struct cmd rule;
	struct st_pair pair;

	drawn_pair(&pair, svg);
	for (int in = 0; in < 2; in++) {
		const char *way = in ? "in" : "out";

		cmd(&rule, 0, "fault add %s text count 1 change flags +cwr", way);
		cmd(&rule, 0, "fault add %s text hold", way);
		fd_send(pair.client, "x");
		cmd_says(&c, in ? "--> <SEQ=2><ACK=1><CTL=PSH,ACK><DATA=1>" :
				  "--> <SEQ=1><ACK=1><CTL=PSH,ACK><DATA=1> *          ... ESTABLISHED\n");
		cmd(&rule, 0, "step go");
		fd_recv(pair.server, "x");
		cmd_says(&c, in ? "<SEQ=1><ACK=3><CTL=ACK>" : "<SEQ=1><ACK=2><CTL=ACK>");
		cmd(&rule, 0, "fault flush");
	}
	cmd_stop(&c);
	SAME(c.status, 0);
	SAME(cmd_count(&c, " XXX "), 0);
	SAME(cmd_count(&c, " *CTL PSH,ACK->PSH,CWR,ACK\n"), 2);
	SAME(cmd_count(&c, "DATA=1"), 4);
	pictured(svg, "marker-end", 3 + 2 + 2);
	pictured(svg, "class=.x.", 0);
	unlink(svg);
}

TEST_HARNESS_MAIN
