// SPDX-License-Identifier: GPL-2.0
/* hstp stat, export, diagram: the counters, in three forms. */
#include "kselftest_harness.h"

#include "cmd.h"
#include "lib/proc.h"

static struct cmd c;

/* The client's way and the server's through RFC 9293 figure 5, when the client closes. */
static const char *const arrows[][3] = {
	{ "CLOSED", "SYN-SENT", "open-active" }, { "SYN-SENT", "ESTABLISHED", "syn-ack" },
	{ "ESTABLISHED", "FIN-WAIT-1", "close" }, { "FIN-WAIT-1", "FIN-WAIT-2", "fin-acked" },
	{ "FIN-WAIT-2", "TIME-WAIT", "fin" }, { "CLOSED", "LISTEN", "open-passive" },
	{ "LISTEN", "SYN-RECEIVED", "syn" }, { "SYN-RECEIVED", "ESTABLISHED", "ack" },
	{ "ESTABLISHED", "CLOSE-WAIT", "fin" }, { "CLOSE-WAIT", "LAST-ACK", "close" },
	{ "LAST-ACK", "CLOSED", "fin-acked" },
};

#define ARROWS (sizeof(arrows) / sizeof(arrows[0]))

/* One connection opened, and closed by the client first. */
static void one(void)
{
	struct st_pair pair;

	cmd_pair(&pair);
	fd_close(pair.client);
	NEED(fd_events(pair.server, POLLIN, PATIENCE_MS) & POLLIN);
	SAME(st_wait_state(pair.server, proto, TCP_CLOSE_WAIT), TCP_CLOSE_WAIT);
	fd_close(pair.server);
	do
		cmd(&c, 0, "-o show state time-wait");
	while (cmd_count(&c, "\n") != 2);
}

TEST(stat_of_one)
{
	char text[200];

	one();
	cmd(&c, 0, "-j stat");
	cmd_has(&c, "\"LISTEN\":{\"now\":1,");
	cmd_has(&c, "\"ESTABLISHED\":{\"now\":0,\"entered\":2,\"left\":2,");
	cmd_has(&c, "\"TIME-WAIT\":{\"now\":1,\"entered\":1,\"left\":0,");
	for (size_t i = 0; i < ARROWS; i++) {
		snprintf(text, sizeof(text),
			 "{\"from\":\"%s\",\"to\":\"%s\",\"cause\":\"%s\",\"count\":1}",
			 arrows[i][0], arrows[i][1], arrows[i][2]);
		cmd_has(&c, text);
	}
	/* Three to open and four to close, seen at both ends; FINs and SYNs two each. */
	cmd_has(&c, "\"segments_in\":{\"all\":7,\"fin\":2,\"syn\":2,\"rst\":0,");
	cmd_has(&c, "\"segments_out\":{\"all\":7,\"fin\":2,\"syn\":2,\"rst\":0,");

	/* LISTEN passes its copies on at once, without a time. */
	for (size_t i = 0; i < ARROWS; i++) {
		bool timed = strcmp(arrows[i][0], "CLOSED") && strcmp(arrows[i][0], "LISTEN");

		snprintf(text, sizeof(text),
			 "{\"from\":\"%s\",\"to\":\"%s\",\"timed\":1,\"total\":", arrows[i][0],
			 arrows[i][1]);
		SAME(cmd_count(&c, text), timed);
	}

	cmd(&c, 0, "stat reset");
	cmd_has(&c, "FIN-WAIT-2    -> TIME-WAIT     fin ");
	cmd(&c, 0, "-j stat");
	cmd_has(&c, "\"transitions\":[]");
	cmd_has(&c, "\"TIME-WAIT\":{\"now\":1,\"entered\":1,\"left\":0,");
	cmd(&c, 2, "stat --watch nothing");
	cmd(&c, 2, "stat sometimes");
}

TEST(watch)
{
	struct st_pair pair;

	cmd_pair(&pair);
	cmd_start(&c, "stat --watch 1");
	cmd_says(&c, "challenge ACKs");
	fd_close(pair.client);
	cmd_says(&c, "+1");
	cmd_stop(&c);
	SAME(c.status, 0);
}

/* What promtool checks, with the format's grammar as its documentation has it: each metric
 * has one HELP and one TYPE, in that order, before its samples, which stand together; a
 * counter's name ends in _total, a summary's samples are quantiles, _sum and _count; no
 * sample comes twice; the last line ends.
 */
static const char prometheus_check[] =
	"import re, sys\n"
	"text = sys.stdin.read()\n"
	"assert text.endswith('\\n'), 'no newline at the end'\n"
	"seen, types, helps, now, sums = set(), {}, set(), None, {}\n"
	"label = r'[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\\n]|\\\\[\\\\\"n])*\"'\n"
	"sample = re.compile(r'([a-z_]+)(?:\\{(%s(?:,%s)*)\\})? ([0-9]+(?:\\.[0-9]+)?)' % (label, label))\n"
	"for line in text[:-1].split('\\n'):\n"
	"    if line.startswith('# HELP '):\n"
	"        now, words = line[7:].split(' ', 1)\n"
	"        assert now not in helps and words.strip() == words and words, line\n"
	"        helps.add(now)\n"
	"        continue\n"
	"    if line.startswith('# TYPE '):\n"
	"        name, kind = line[7:].split(' ')\n"
	"        assert name == now and name not in types, line\n"
	"        assert kind in ('counter', 'gauge', 'summary'), line\n"
	"        assert (kind == 'counter') == name.endswith('_total'), line\n"
	"        types[name] = kind\n"
	"        continue\n"
	"    m = sample.fullmatch(line)\n"
	"    assert m, line\n"
	"    name, labels = m[1], re.findall(label, m[2] or '')\n"
	"    assert (name, m[2]) not in seen, line\n"
	"    seen.add((name, m[2]))\n"
	"    keys = [l.split('=')[0] for l in labels]\n"
	"    assert len(keys) == len(set(keys)), line\n"
	"    if types[now] != 'summary':\n"
	"        assert name == now and 'quantile' not in keys, line\n"
	"        continue\n"
	"    whose = now, tuple(l for l in labels if not l.startswith('quantile='))\n"
	"    if name == now:\n"
	"        assert 'quantile' in keys, line\n"
	"    else:\n"
	"        assert name in (now + '_sum', now + '_count') and 'quantile' not in keys, line\n"
	"        sums.setdefault(whose, {})[name[len(now):]] = float(m[3])\n"
	"assert types and set(types) == helps, 'HELP without TYPE'\n"
	"for whose, s in sums.items():\n"
	"    assert set(s) == {'_sum', '_count'}, whose\n"
	"    assert (s['_sum'] > 0) == (s['_count'] > 0), whose\n"
	"assert any(s['_count'] for s in sums.values()), 'nothing was timed'\n";

/* Hand the text of "hstp ARGUMENTS" to that. */
static void check_prometheus(const char *arguments)
{
	char script[] = "/tmp/hstp_prometheus.XXXXXX", line[300];
	int fd = TRY(mkstemp(script));

	SAME(TRY(write(fd, prometheus_check, sizeof(prometheus_check) - 1)),
	     sizeof(prometheus_check) - 1);
	close(fd);
	snprintf(line, sizeof(line), "%s | python3 %s", arguments, script);
	cmd(&c, 0, "%s", line);
	SAME(c.len, 0);
	unlink(script);
}

TEST(prometheus)
{
	char file[] = "/tmp/hstp_export.XXXXXX", text[200];

	one();
	cmd(&c, 0, "export");
	cmd_has(&c, "hstp_connections{state=\"TIME-WAIT\"} 1\n");
	cmd_has(&c, "hstp_state_entered_total{state=\"ESTABLISHED\"} 2\n");
	cmd_has(&c, "hstp_state_seconds_count{state=\"ESTABLISHED\"} 2\n");
	cmd_has(&c, "hstp_segment_flags_total{direction=\"in\",flag=\"fin\"} 2\n");
	cmd_has(&c, "hstp_resets_total{direction=\"out\",reason=\"abort\"} 0\n");
	cmd_has(&c, "hstp_drops_total{reason=\"checksum\"} 0\n");
	for (size_t i = 0; i < ARROWS; i++) {
		snprintf(text, sizeof(text),
			 "hstp_transitions_total{from=\"%s\",to=\"%s\",cause=\"%s\"} 1\n",
			 arrows[i][0], arrows[i][1], arrows[i][2]);
		cmd_has(&c, text);
	}
	/* TIME-WAIT lasts, so there is no quantile of it, nor a sum. */
	cmd_has(&c, "hstp_state_seconds_sum{state=\"TIME-WAIT\"} 0.000000\n");
	SAME(cmd_count(&c, "hstp_state_seconds{state=\"TIME-WAIT\""), 0);
	SAME(cmd_count(&c, "hstp_state_seconds{state=\"ESTABLISHED\",quantile="), 3);
	cmd_has(&c, "hstp_transition_seconds_count{from=\"ESTABLISHED\",to=\"CLOSE-WAIT\"} 1\n");
	cmd_has(&c, "hstp_transition_seconds_sum{from=\"ESTABLISHED\",to=\"CLOSE-WAIT\"} ");
	check_prometheus("export");

	close(TRY(mkstemp(file)));
	cmd(&c, 0, "export %s", file);
	SAME(c.len, 0);
	SAME(net_status(NS_A, "grep -q '^hstp_connections{state=\"LISTEN\"} 1$' %s", file), 0);
	unlink(file);
	cmd(&c, 1, "export /no/such/directory/file");
	cmd_has(&c, "/no/such/directory/file");
	cmd(&c, 2, "export a b");
}

/* A file that cannot be written whole does not take the old one's place, nor is it left there. */
TEST(prometheus_cut)
{
	char dir[] = "/tmp/hstp_export.XXXXXX";

	one();
	NEED(mkdtemp(dir));
	cmd(&c, 0, "export %s/x.prom", dir);
	net_run(NS_A, "cp %s/x.prom %s/before", dir, dir);
	cmd(&c, 1, "help >/dev/null | (trap '' XFSZ; ulimit -f 8; exec " HSTP_CMD
	    " export %s/x.prom)", dir);
	cmd_has(&c, "File too large");
	net_run(NS_A, "cmp %s/x.prom %s/before && [ $(ls %s | wc -l) = 2 ]", dir, dir, dir);
	net_run(NS_A, "rm -r %s", dir);
}

/* A label's value can be any text: backslash, quotation mark and newline are escaped. */
TEST(prometheus_label)
{
	static const char odd[] = "/tmp/hstp \"net\\ns";

	one();
	unlink(odd);
	TRY(symlink("/proc/self/ns/net", odd));
	cmd(&c, 0, "-N '%s' export", odd);
	cmd_has(&c, "hstp_connections{netns=\"/tmp/hstp \\\"net\\\\ns\",state=\"TIME-WAIT\"} 1\n");
	cmd_has(&c, "hstp_retransmits_total{netns=\"/tmp/hstp \\\"net\\\\ns\"} 0\n");
	check_prometheus("-N '/tmp/hstp \"net\\ns' export");
	unlink(odd);
}

/* Eleven states, CLOSED twice, and dot(1) can draw it. */
TEST(diagram)
{
	one();
	cmd(&c, 0, "diagram");
	SAME(cmd_count(&c, "<b>"), 12);
	cmd_has(&c, "<b>TIME-WAIT</b><br/>1 now>");
	cmd_has(&c, "\"FIN-WAIT-2\" -> \"TIME-WAIT\" [label=");
	cmd_has(&c, "\"LAST-ACK\" -> \"end\" [label=");
	SAME(cmd_count(&c, ">fin-acked 1<"), 2);
	SAME(cmd_count(&c, ">fin 1<"), 2);
	/* Eight of its arrows leave a state after a stay in it, seven states. */
	SAME(cmd_count(&c, "<i>median "), 8);
	SAME(cmd_count(&c, "<br/>median "), 7);
	/* Nobody came this way. */
	cmd_has(&c, "\"FIN-WAIT-1\" -> \"CLOSING\" [color=gray70]");
	if (net_status(NS_A, "command -v dot >/dev/null"))
		SKIP(return, "no dot");
	cmd(&c, 0, "diagram svg");
	cmd_has(&c, "</svg>");
	/* The listener, and TIME-WAIT. */
	SAME(cmd_count(&c, ">1 now<"), 2);
}

/* Microseconds as the diagram has them: in the unit that suits, with a digit behind the point
 * below a hundred.
 */
static const char *words_of(long us, char words[32])
{
	static const struct {
		long us;
		const char *name;
	} units[] = { { 1, "us" }, { 1000, "ms" }, { 1000000, "s" } };
	int n = us < 1000 ? 0 : us < 1000000 ? 1 : 2;

	if (!us)
		return "0";
	snprintf(words, 32, "%.*f%s", us < 100 * units[n].us ? 1 : 0,
		 (double)us / (double)units[n].us, units[n].name);
	return words;
}

#define STAY_MS	400

/* The medians at states are those of /proc/net/hstp_stat, those at arrows the time that who took
 * them was in the state that they leave: the other connection stays in ESTABLISHED for longer and
 * leaves it another way.
 */
TEST(diagram_medians)
{
	static const char *const left[] = {
		"SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
		"LAST-ACK",
	};
	char text[200], words[32];
	static struct cmd numbers;
	struct st_pair pair, other;
	uint64_t began = now_ms();
	const char *at;
	long median;

	cmd_pair(&pair);
	NEED(!st_pair_open(&other, proto));
	usleep(STAY_MS * 1000);
	fd_close(pair.client);
	SAME(st_wait_state(pair.server, proto, TCP_CLOSE_WAIT), TCP_CLOSE_WAIT);
	usleep(STAY_MS * 1000);
	fd_close(pair.server);
	WAIT(stat_now(NS_A, "state LAST-ACK left") == 1);
	NEED(!st_abort(other.client));
	WAIT(stat_now(NS_A, "state ESTABLISHED left") == 4);
	began = now_ms() - began;
	cmd(&c, 0, "diagram");
	for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++) {
		snprintf(text, sizeof(text), "state %s p50", left[i]);
		median = stat_now(NS_A, text);
		snprintf(text, sizeof(text), "<b>%s</b><br/>0 now<br/>median %s>", left[i],
			 words_of(median, words));
		cmd_has(&c, text);
	}
	cmd(&numbers, 0, "-j stat");
	for (size_t i = 0; i < ARROWS; i++) {
		const char *from = arrows[i][0], *to = arrows[i][1];

		if (!strcmp(from, "CLOSED") || !strcmp(from, "LISTEN"))
			continue;
		snprintf(text, sizeof(text), "{\"from\":\"%s\",\"to\":\"%s\",\"timed\":", from,
			 to);
		at = strstr(numbers.out, text);
		NEED(at);
		at = strstr(at, "\"median\":");
		NEED(at);
		median = atol(at + strlen("\"median\":"));
		/* Two of them are what we waited for, the others are shorter than all together. */
		NEED(median <= (long)began * 1000);
		if (!strcmp(from, "ESTABLISHED") || !strcmp(from, "CLOSE-WAIT") ||
		    !strcmp(from, "FIN-WAIT-2"))
			NEED(median >= STAY_MS * 1000 / 2);
		snprintf(text, sizeof(text), "\"%s\" -> \"%s\" [", from,
			 strcmp(to, "CLOSED") ? to : "end");
		at = strstr(c.out, text);
		NEED(at);
		snprintf(text, sizeof(text), "<i>median %s</i>", words_of(median, words));
		if (!strstr(at, text) || strstr(at, text) > strchr(at, '\n'))
			die(__FILE__, __LINE__, "%s to %s: no \"%s\" in: %.200s", from, to, text,
			    at);
	}
}

TEST_HARNESS_MAIN
