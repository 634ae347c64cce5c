// SPDX-License-Identifier: GPL-2.0
/* hstp monitor: listens to one namespace or two, and says what it could not hear. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>

#include "conn.h"
#include "out.h"
#include "record.h"
#include "segments.h"

#define BUFFER (8 << 20)	/* bytes of the socket's receive buffer */
#define ENOUGH 100000		/* messages at a time */
#define TICKS_MS 30		/* a few of the kernel's, however slow its clock */
#define NOTIFY GENL_ID_CTRL	/* group of nlctrl, which the kernel gives its own number */

/* A namespace that is listened to. */
struct source {
	const char *netns;
	struct nl *nl;
	int buffer;		/* bytes of its receive buffer, as --buffer has them */
	uint64_t last[2];	/* sequence numbers of the last event and segment */
	struct nl *control;	/* for requests: it hears nothing else */
	struct segments segments;
};

static struct {
	struct source sources[2];
	int source_count;
	bool events, segments, ladder;
	const char *svg, *iss;
	const struct filter *filter;
	uint64_t lines, count;	/* printed, wanted; 0 is any number */
	uint64_t until;		/* ms */
	int buffer;
	bool peer;		/* there are to be two sources */
	bool gone;		/* the module was removed */
} monitor = { .buffer = BUFFER };

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Losses are a line among the others, since what follows must be read with them in mind. */
static void report_loss(const struct source *source, uint64_t count, bool segments)
{
	if (opt.json) {
		json_begin('{', NULL);
		json_string("kind", "lost");
		if (source->netns)
			json_string("netns", source->netns);
		if (count) {
			json_string("of", segments ? "segments" : "events");
			json_number("count", count);
		}
		json_end('}');
		json_done();
		return;
	}
	colour(RED);
	if (count)
		printf("-- %llu %s lost", (unsigned long long)count,
		       segments ? "segments" : "events");
	else
		printf("-- the socket's buffer of %d bytes was full: %s", source->buffer,
		       source->buffer < monitor.buffer ?
		       "net.core.rmem_max allows no more to who is not root" :
		       "--buffer can make it larger");
	if (source->netns)
		printf(" (namespace %s)", source->netns);
	colour(PLAIN);
	putchar('\n');
}

/* A namespace tells of segments only when it is asked to. */
static void want_segments(struct source *source)
{
	if (segments_on(&source->segments, source->control) < 0)
		quit(FAILED,
		     "monitor: segments are not told here, and to change it: %s (hstp set segment_events 1)",
		     source->control->error);
}

/* Connections that are there already; on a socket that hears nothing else. */
static void begin_ladder(int source)
{
	ladder_start(monitor.svg, source, monitor.peer, nl_open());
}

/* The kernel looks for listeners once a tick, and with each command: with one, the first events
 * are not missed.
 */
static void be_noticed(struct source *source)
{
	bool told;

	if (segments_told(source->control, &told) < 0)
		quit(FAILED, "monitor: reading settings: %s", source->control->error);
}

/* As large as is wanted, or as large as may be. */
static void make_room(struct source *source)
{
	const int fd = mnl_socket_get_fd(source->nl->socket);
	socklen_t len = sizeof(source->buffer);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &monitor.buffer, sizeof(monitor.buffer)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &monitor.buffer, sizeof(monitor.buffer));
	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &source->buffer, &len))
		quit(FAILED, "monitor: getsockopt: %s", strerror(errno));
	/* socket(7): the kernel doubles what it is told. */
	source->buffer /= 2;
}

static void listen_to(const char *netns)
{
	struct source *source = &monitor.sources[monitor.source_count];
	int err = 0;

	source->netns = netns;
	source->nl = nl_open();
	source->control = nl_open();
	segments_name(&source->segments);
	monitor.source_count++;
	make_room(source);
	if (monitor.events)
		err = nl_join(source->nl, source->nl->group_events);
	if (!err && monitor.segments)
		err = nl_join(source->nl, source->nl->group_segments);
	if (!err)
		err = nl_join(source->nl, NOTIFY);
	if (err)
		quit(FAILED, "monitor: joining the netlink group: %s", strerror(-err));
	be_noticed(source);
	if (monitor.ladder)
		begin_ladder((int)(source - monitor.sources));
}

static bool wanted(const struct record *record)
{
	struct subject other = record->ends;

	if (!family_wanted(&other.local))
		return false;
	if (filter_match(monitor.filter, &record->ends))
		return true;
	if (!monitor.ladder)
		return false;
	/* A ladder needs what the other end says too. */
	other.local = record->ends.remote;
	other.local_port = record->ends.remote_port;
	other.remote = record->ends.local;
	other.remote_port = record->ends.local_port;
	return filter_match(monitor.filter, &other);
}

/* nlctrl says that a family is there no more. Another module's would have another number. */
static bool tells_the_end(const struct source *source, const struct nlmsghdr *nlh)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct attrs attrs;

	if (nlh->nlmsg_type != GENL_ID_CTRL || mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl) ||
	    genl->cmd != CTRL_CMD_DELFAMILY)
		return false;
	attrs_of(nlh, &attrs);
	return number(&attrs, CTRL_ATTR_FAMILY_ID) == source->nl->family;
}

static void take(struct source *source, const struct nlmsghdr *nlh)
{
	struct record record;
	uint64_t *last;

	if (tells_the_end(source, nlh))
		monitor.gone = true;
	if (nlh->nlmsg_type != source->nl->family || !record_read(nlh, &record))
		return;
	last = &source->last[record.segment];
	if (*last && record.sequence > *last + 1)
		report_loss(source, record.sequence - *last - 1, record.segment);
	if (record.sequence > *last)
		*last = record.sequence;
	if (!wanted(&record) || (monitor.count && monitor.lines == monitor.count))
		return;
	monitor.lines++;
	if (monitor.ladder)
		ladder_add(&record, (int)(source - monitor.sources));
	else
		record_print(&record);
}

/* One datagram, which can hold several messages. */
static void receive(struct source *source)
{
	struct nl *nl = source->nl;
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)nl->buffer;
	ssize_t size = recv(mnl_socket_get_fd(nl->socket), nl->buffer, sizeof(nl->buffer),
			    MSG_DONTWAIT);
	int len = (int)size;

	if (size < 0) {
		if (errno == ENOBUFS)
			report_loss(source, 0, false);
		else if (errno != EINTR && errno != EAGAIN)
			quit(FAILED, "monitor: %s", strerror(errno));
		return;
	}
	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len))
		take(source, nlh);
}

static int wait_ms(void)
{
	int wait = monitor.ladder ? ladder_wait() : -1;
	uint64_t now = now_ms();

	if (monitor.until) {
		int left = monitor.until > now ? (int)(monitor.until - now) : 0;

		if (wait < 0 || left < wait)
			wait = left;
	}
	return wait;
}

/* What is in the sockets already; while more comes all the time, a part. */
static void drain(void)
{
	struct pollfd fd = { .events = POLLIN };

	for (int i = 0; i < monitor.source_count; i++) {
		fd.fd = mnl_socket_get_fd(monitor.sources[i].nl->socket);
		for (int n = 0; n < ENOUGH && poll(&fd, 1, 0) > 0; n++)
			receive(&monitor.sources[i]);
	}
}

/* See what is held, then read of the arrivals of what was let go. */
static void look(bool all)
{
	if (ladder_look(all))
		poll(NULL, 0, TICKS_MS);
	drain();
}

/* One that comes just before it waits is not slept over, unlike with a handler. */
static int signals_as_file(void)
{
	sigset_t stopping;
	int fd;

	sigemptyset(&stopping);
	sigaddset(&stopping, SIGHUP);
	sigaddset(&stopping, SIGINT);
	sigaddset(&stopping, SIGQUIT);
	sigaddset(&stopping, SIGTERM);
	sigaddset(&stopping, SIGPIPE);	/* a write fails instead */
	sigprocmask(SIG_BLOCK, &stopping, NULL);
	fd = signalfd(-1, &stopping, SFD_CLOEXEC);
	if (fd < 0)
		quit(FAILED, "monitor: signalfd: %s", strerror(errno));
	return fd;
}

static void loop(int signals)
{
	const int count = monitor.source_count;
	struct pollfd fds[3] = { { .fd = signals, .events = POLLIN } };

	for (int i = 0; i < count; i++)
		fds[i + 1] = (struct pollfd){
			.fd = mnl_socket_get_fd(monitor.sources[i].nl->socket), .events = POLLIN,
		};
	while (!fds[0].revents && !monitor.gone &&
	       !(monitor.count && monitor.lines >= monitor.count) &&
	       !(monitor.until && now_ms() >= monitor.until)) {
		if (poll(fds, (nfds_t)count + 1, wait_ms()) < 0 && errno != EINTR)
			quit(FAILED, "monitor: %s", strerror(errno));
		for (int i = 0; i < count; i++) {
			if (fds[i + 1].revents)
				receive(&monitor.sources[i]);
		}
		if (monitor.ladder && !ladder_wait()) {
			look(false);
			ladder_flush();
		}
		if (fflush(stdout))
			return;
	}
}

/* On every way out, quit() among them; the second time there is nothing left to do. */
static void leave(void)
{
	for (int i = 0; i < monitor.source_count; i++) {
		struct source *source = &monitor.sources[i];

		if (monitor.gone)
			segments_gone(&source->segments);
		else if (segments_off(&source->segments, source->control) < 0)
			say("monitor: segment_events stays on: %s", source->control->error);
	}
}

static void help(void)
{
	printf("usage: hstp monitor [events|segments|all] [OPTION ...] [FILTER]\n\n"
	       "Prints a line for each transition, each segment, or both, as they happen; of segments,\n"
	       "also what a rule of \"hstp fault\" changed in one.\n"
	       "  --ladder        draw each connection as the figures of RFC 9293 do: who was in\n"
	       "                  which state, and which segment went which way; * is one that a\n"
	       "                  rule changed, and below it is said what\n"
	       "  --svg FILE      at the end, draw it there too (with --ladder)\n"
	       "  --iss A,B       initial sequence numbers are shown as A at the left and B at the\n"
	       "                  right instead of 0, later ones of the same end as 1000 more\n"
	       "  --peer NAME     listen in this network namespace too\n"
	       "  --count N       stop after N events\n"
	       "  --for SECONDS   stop after this time\n"
	       "  --buffer BYTES  of the socket's receive buffer (default %d)\n"
	       "What could not be heard is told, with how much it was. Segments need root, unless\n"
	       "\"hstp set segment_events 1\" was said before; the setting is put back by the last\n"
	       "monitor of the namespace that ends. Where segments are told, a FILTER can name ends,\n"
	       "no states.\n", BUFFER);
	filter_help(OF_EVENTS);
}

static const char *argument(int *i, int argc, char **argv)
{
	if (*i + 1 >= argc)
		quit(MISUSED, "monitor: %s should be followed by a value", argv[*i]);
	return argv[++*i];
}

/* --iss LEFT,RIGHT */
static void count_from(const char *word)
{
	char left[16] = "", right[16] = "";

	if (!monitor.ladder)
		quit(MISUSED, "monitor: --iss is for a ladder: --ladder is missing");
	if (sscanf(word, "%15[^,],%15s", left, right) != 2)
		quit(MISUSED, "monitor: --iss \"%s\" is not two numbers, as in: --iss 100,300",
		     word);
	ladder_count_from((uint32_t)parse_number("--iss", left, 0, UINT32_MAX),
			  (uint32_t)parse_number("--iss", right, 0, UINT32_MAX));
}

/* Return: false for help. */
static bool parse(int argc, char **argv, const char **peer)
{
	int i;

	monitor.events = true;
	if (argc && strlen(argv[0]) > 1 && abbreviates(argv[0], "segments")) {
		monitor.segments = true;
		monitor.events = false;
	} else if (argc && !strcmp(argv[0], "all")) {
		monitor.segments = true;
	}
	i = argc && (monitor.segments || abbreviates(argv[0], "events")) ? 1 : 0;
	for (; i < argc; i++) {
		const char *word = argv[i];

		if (is_help(word))
			return false;
		if (!strcmp(word, "--ladder"))
			monitor.ladder = true;
		else if (!strcmp(word, "--svg"))
			monitor.svg = argument(&i, argc, argv);
		else if (!strcmp(word, "--iss"))
			monitor.iss = argument(&i, argc, argv);
		else if (!strcmp(word, "--peer"))
			*peer = argument(&i, argc, argv);
		else if (!strcmp(word, "--count"))
			monitor.count = parse_number(word, argument(&i, argc, argv), 1, INT64_MAX);
		else if (!strcmp(word, "--for"))
			monitor.until = now_ms() + 1000 *
				parse_number(word, argument(&i, argc, argv), 1, 1000000);
		else if (!strcmp(word, "--buffer"))
			monitor.buffer = (int)parse_number(word, argument(&i, argc, argv), 1,
							   1 << 30);
		else if (word[0] == '-')
			quit(MISUSED, "monitor: there is no option \"%s\": \"hstp monitor help\"",
			     word);
		else
			break;
	}
	if (monitor.ladder) {
		monitor.events = true;
		monitor.segments = true;
	} else if (monitor.svg) {
		quit(MISUSED, "monitor: --svg draws a ladder: --ladder is missing");
	}
	monitor.filter = filter_parse(argc - i, argv + i,
				      monitor.segments ? OF_SEGMENTS : OF_EVENTS);
	if (monitor.iss)
		count_from(monitor.iss);
	return true;
}

/* hstp monitor [events|segments|all] [OPTION ...] [FILTER] */
int cmd_monitor(int argc, char **argv)
{
	const char *peer = NULL;
	int status = DONE, signals;

	if (!parse(argc, argv, &peer)) {
		help();
		return DONE;
	}
	signals = signals_as_file();
	if (atexit(leave))
		quit(FAILED, "out of memory");
	monitor.peer = peer;
	listen_to(opt.netns);
	if (peer) {
		if (enter_netns(peer) < 0)
			return FAILED;
		listen_to(peer);
	}
	/* Last, so that who sees it in the setting knows that all else is done. */
	for (int i = 0; monitor.segments && i < monitor.source_count; i++)
		want_segments(&monitor.sources[i]);
	loop(signals);
	if (monitor.ladder)
		look(true);
	else
		drain();
	leave();
	if (monitor.ladder)
		status = ladder_end();
	if (monitor.gone)
		quit(FAILED, "monitor: the module hstp was removed: there is nothing more to hear");
	return status;
}
