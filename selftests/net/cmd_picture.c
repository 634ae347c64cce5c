// SPDX-License-Identifier: GPL-2.0
/* The pictures of hstp monitor --svg and hstp diagram svg, looked at by pictures.py: legible, and
 * with the right counts. Those of the scenarios are looked at by scenarios_*.
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "kselftest_harness.h"

#include "cmd.h"
#include "lib/proc.h"

static struct cmd c, step;
static char dir[64];

static void make_dir(void)
{
	strcpy(dir, "/tmp/hstp_picture.XXXXXX");
	NEED(mkdtemp(dir));
}

/* What pictures.py says; nothing when the picture is good. */
static const char *looked_at(const char *words)
{
	static char said[1 << 15];
	char line[512];
	size_t len;
	FILE *pipe;

	snprintf(line, sizeof(line), "cd %s && python3 %s/pictures.py %s 2>&1", dir, HSTP_TESTS,
		 words);
	pipe = popen(line, "r");
	NEED(pipe);
	len = fread(said, 1, sizeof(said) - 1, pipe);
	said[len] = '\0';
	NEED((pclose(pipe) != 0) == (len != 0));
	return said;
}

static void is_good(const char *words)
{
	const char *said = looked_at(words);

	if (*said)
		die(__FILE__, __LINE__, "pictures.py %s: %s", words, said);
}

/* The ladder as text, beside the picture. */
static void keep_text(const char *name)
{
	char path[100];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = TRY(open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644));
	SAME(TRY(write(fd, c.out, c.len)), c.len);
	close(fd);
}

/* Pictures that are wrong, and text or counts that are: what must be said of each. */
static struct spoilt {
	char svg[32], beside[32];
	const char *says;
} spoilt[8];

static int spoils;

/* A copy of the file @from of @svg and @beside, changed by @sed, and what is wrong then. */
static void spoil(const char *svg, const char *beside, const char *from, const char *sed,
		  const char *says)
{
	struct spoilt *it = &spoilt[spoils];
	char *copy = strcmp(from, svg) ? it->beside : it->svg;

	NEED(spoils < (int)(sizeof(spoilt) / sizeof(*spoilt)));
	strcpy(it->svg, svg);
	strcpy(it->beside, beside);
	snprintf(copy, sizeof(it->svg), "%d.%s", spoils++, from);
	it->says = says;
	NEED(!net_status(NS_A, "cd %s && sed '%s' %s >%s", dir, sed, from, copy));
}

/* It would be seen if it were otherwise. */
static void all_are_seen(const char *kind)
{
	char words[1000];
	size_t len = strlen(strcpy(words, kind));
	const char *said;

	for (int i = 0; i < spoils; i++)
		len += snprintf(words + len, sizeof(words) - len, " %s %s", spoilt[i].svg,
				spoilt[i].beside);
	NEED(len < sizeof(words));
	said = looked_at(words);
	while (spoils--) {
		const struct spoilt *it = &spoilt[spoils];
		const char *line = said;

		/* A line that begins with the picture's name. */
		while ((line = strstr(line, it->svg)) &&
		       !memmem(line, strcspn(line, "\n"), it->says, strlen(it->says)))
			line += strcspn(line, "\n");
		if (!line)
			die(__FILE__, __LINE__, "of %s and %s, \"%s\" was not said: %s", it->svg,
			    it->beside, it->says, said);
	}
	spoils = 0;
}

static void spoil_ladder(const char *sed, const char *says)
{
	spoil("ladder.svg", "ladder.txt", "ladder.svg", sed, says);
}

/* Segments that are held, and cross, with the longest names and numbers. */
TEST(ladder)
{
	struct end here = { .ns = NS_A, .addr = inet_addr("223.255.255.254"), .port = 54321 };
	struct end own = { .ns = NS_A, .addr = here.addr, .port = 61000 };
	char arguments[200], text[4000] = "";
	struct sockaddr_in addr;
	int listener, client, server;

	net_alone();
	net_no_timers(NS_A);
	net_enter(NS_A);
	make_dir();
	net_run(NS_A, "ip address add 223.255.255.254/32 dev lo");
	listener = fd_listen(&here, 5);
	addr = addr_of(here.addr, here.port);
	snprintf(arguments, sizeof(arguments), "-n monitor --ladder --svg %s/ladder.svg", dir);
	cmd_start(&c, arguments);
	NEED(!st_call_until_blocked(c.pid, SYS_poll));
	WAIT(net_get_sysctl(NS_A, "net.hstp.segment_events") == 1);
	client = fd_bound(&own);
	TRY(connect(client, (struct sockaddr *)&addr, sizeof(addr)));
	server = TRY(accept(listener, NULL, NULL));
	/* As long as a line of a ladder gets. */
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		text[i] = 'x';
	fd_send(client, text);
	fd_recv(server, text);
	cmd(&step, 0, "fault add out flags fin hold");
	fd_close(client);
	fd_close(server);
	/* Longer than a ladder waits for what comes of a segment. */
	cmd_says(&c, "(CLOSE)");
	cmd(&step, 0, "step go");
	WAIT(stat_now(NS_A, "state TIME-WAIT entered") == 2);
	cmd_says(&c, "TIME-WAIT");
	cmd_stop(&c);
	SAME(c.status, 0);
	keep_text("ladder.txt");
	is_good("ladder ladder.svg ladder.txt");

	spoil_ladder("s/>TIME-WAIT</>TIME-WAIT-THAT-IS-FAR-TOO-LONG-FOR-IT</",
		     "leaves the picture");
	spoil_ladder("s/class=\"m\">&lt;SEQ/class=\"e\">\\&lt;SEQ/", "overlap");
	spoil_ladder("0,/ marker-end=[^/]*/s///", " arrows, but ");
	spoil_ladder("0,/<text [^>]*>&lt;SEQ.*text>/s///", " labels, ");
	spoil_ladder("s/:61000/:61001/", "the ends are not");
	spoil_ladder("s/ACK=[0-9]/&9/", "nobody sent");
	spoil_ladder("s/>CLOSING</>CLOSED</; s/>TIME-WAIT</>CLOSED</", "it ends with");
	all_are_seen("ladder");
	net_run(NS_A, "rm -r %s", dir);
}

/* Wait until it was said so often that more was changed in a segment than is told. */
static void more_changed(int count)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	while (cmd_count(&c, " *and 1 more\n") < count) {
		if (!cmd_read(&c, 100) || now_ms() > end)
			die(__FILE__, __LINE__, "not said %d times: %s", count, c.out);
	}
}

/* Each segment is changed four times by either end, with numbers as long as they get: one that
 * arrives at once, and two that are held and cross, whose arrows are long.
 */
TEST(ladder_changes)
{
	static const char *const rules[] = {
		/* What is out of the window is answered with an ACK: nothing is to come of that. */
		"out no-text drop",
		"out text change flags +urg,ece,cwr", "out text change seq 4000000000",
		"out text change seq 4294967295", "out text change ack 4294967295",
		"in text change ack 4000000000", "in text change ack 4294967294",
		"in text change window 1", "in text change flags -urg,ece",
	};
	char arguments[200], text[4000] = "";
	struct st_pair pair;

	net_alone();
	net_no_timers(NS_A);
	net_enter(NS_A);
	NEED(!st_pair_open(&pair, proto));
	make_dir();
	snprintf(arguments, sizeof(arguments), "-n monitor --ladder --svg %s/ladder.svg", dir);
	cmd_start(&c, arguments);
	NEED(!st_call_until_blocked(c.pid, SYS_poll));
	WAIT(net_get_sysctl(NS_A, "net.hstp.segment_events") == 1);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		cmd(&step, 0, "fault add %s", rules[i]);
	memset(text, 'x', sizeof(text) - 1);
	fd_nodelay(pair.client);
	fd_send(pair.client, text);
	more_changed(2);
	cmd(&step, 0, "fault add out text hold");
	fd_send(pair.client, text);
	fd_send(pair.server, text);
	more_changed(4);
	cmd(&step, 0, "step go");
	more_changed(6);
	cmd_stop(&c);
	SAME(c.status, 0);
	SAME(cmd_count(&c, " *CTL PSH,ACK->PSH,URG,ECE,CWR,ACK\n"), 3);
	SAME(cmd_count(&c, " *SEQ 4000000000->4294967295\n"), 3);
	SAME(cmd_count(&c, " *ACK 4000000000->4294967294\n"), 3);
	keep_text("ladder.txt");
	is_good("ladder ladder.svg ladder.txt");

	spoil_ladder("0,/<text [^>]*>\\*and 1 more.*text>/s///", "changed was");
	all_are_seen("ladder");
	net_run(NS_A, "rm -r %s", dir);
}

/* Two connections' ends in STATE, whose name is in lower case, are aborted there. */
static void abort_in(const char *name)
{
	cmd(&step, 0, "abort state %s", name);
	cmd(&step, 0, "fault flush");
}

static struct st_pair pair_of(const char *rule)
{
	struct st_pair pair;

	NEED(!st_pair_open(&pair, proto));
	if (rule)
		cmd(&step, 0, "fault add %s", rule);
	return pair;
}

/* The ends that are open. */
static void end(const struct st_pair *pair)
{
	close(pair->client);
	close(pair->server);
	close(pair->listener);
	cmd(&step, 0, "fault flush");
}

#define ENTERED(state, n) WAIT(stat_now(NS_A, "state " state " now") == (n))

/* Aborts, resets and all that is not in RFC 9293's figure 5, in each state: the most arrows and
 * words that there can be.
 */
static void through_everything(void)
{
	struct sockaddr_in nobody = st_loopback(9);
	struct st_pair pair;
	int fd;

	/* SYN-SENT: aborted, closed and refused */
	cmd(&step, 0, "fault add out flags syn,!ack drop");
	fd = fd_new_flags(NS_A, SOCK_NONBLOCK);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&nobody, sizeof(nobody)));
	abort_in("syn-sent");
	close(fd);
	NEED(st_connect(proto, &nobody) < 0);
	/* SYN-RECEIVED */
	cmd(&step, 0, "fault add in flags ack,!syn drop");
	nobody = st_loopback(0);
	fd = TRY(st_listen(proto, &nobody, 5));
	nobody = st_loopback(port_of(fd));
	NEED((pair.client = st_connect(proto, &nobody)) >= 0);
	ENTERED("SYN-RECEIVED", 1);
	abort_in("syn-received");
	close(pair.client);
	close(fd);
	/* ESTABLISHED: aborted, reset, closed with unread text */
	pair = pair_of(NULL);
	abort_in("established");
	end(&pair);
	pair = pair_of(NULL);
	fd_send(pair.client, "unread");
	SAME(st_wait_queued(pair.server, 6), 6);
	fd_close(pair.server);
	SAME(st_wait_state(pair.client, proto, TCP_CLOSE), TCP_CLOSE);
	end(&pair);
	/* FIN-WAIT-1 */
	pair = pair_of("in flags fin drop");
	fd_close(pair.client);
	ENTERED("FIN-WAIT-1", 1);
	abort_in("fin-wait-1");
	end(&pair);
	/* FIN-WAIT-2 and, since its RST is lost, CLOSE-WAIT */
	pair = pair_of("in flags rst drop");
	fd_close(pair.client);
	ENTERED("FIN-WAIT-2", 1);
	cmd(&step, 0, "abort state fin-wait-2");
	ENTERED("CLOSE-WAIT", 1);
	abort_in("close-wait");
	end(&pair);
	/* LAST-ACK */
	pair = pair_of(NULL);
	fd_close(pair.client);
	ENTERED("CLOSE-WAIT", 1);
	cmd(&step, 0, "fault add in flags fin drop");
	fd_close(pair.server);
	ENTERED("LAST-ACK", 1);
	abort_in("last-ack");
	end(&pair);
	/* CLOSING, the only way into it */
	pair = pair_of("out flags fin hold");
	fd_close(pair.client);
	fd_close(pair.server);
	ENTERED("FIN-WAIT-1", 2);
	cmd(&step, 0, "fault add in no-text flags ack,!fin drop");
	cmd(&step, 0, "step go");
	ENTERED("CLOSING", 2);
	abort_in("closing");
	end(&pair);
	/* TIME-WAIT: aborted, and its end */
	pair = pair_of(NULL);
	fd_close(pair.client);
	ENTERED("CLOSE-WAIT", 1);
	fd_close(pair.server);
	ENTERED("TIME-WAIT", 1);
	abort_in("time-wait");
	net_hstp(NS_A, "msl_ms", 200);
	pair = pair_of(NULL);
	fd_close(pair.client);
	ENTERED("CLOSE-WAIT", 1);
	fd_close(pair.server);
	WAIT(stat_now(NS_A, "transition TIME-WAIT CLOSED time-wait") == 1);
}

TEST(diagram)
{
	struct st_pair pair;

	net_alone();
	net_no_timers(NS_A);
	net_enter(NS_A);
	if (net_status(NS_A, "command -v dot >/dev/null"))
		SKIP(return, "no dot");
	make_dir();
	cmd(&c, 0, "diagram svg %s/none.svg", dir);
	net_run(NS_A, "cp /proc/net/hstp_stat %s/none", dir);
	through_everything();
	NEED(!st_pair_open(&pair, proto));
	cmd(&c, 0, "diagram svg %s/all.svg", dir);
	net_run(NS_A, "cp /proc/net/hstp_stat %s/all", dir);
	is_good("diagram none.svg none all.svg all");

	spoil("all.svg", "all", "all", "s/^transition SYN-SENT CLOSED rst 1/&0/",
	      "SYN-SENT->end has ");
	spoil("all.svg", "all", "all", "s/^state ESTABLISHED 2 /state ESTABLISHED 1 /",
	      "ESTABLISHED has ");
	all_are_seen("diagram");
	net_run(NS_A, "rm -r %s", dir);
}

TEST_HARNESS_MAIN
