// SPDX-License-Identifier: GPL-2.0
/* What is read in /proc: right whenever the system is idle, well-formed at any moment, and
 * safe and cheap to read while connections come and go.
 */
#include <fcntl.h>
#include <stdatomic.h>

#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"
#include "lib/wire.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

#define PORT 80
#define LINE 150		/* bytes of a line of /proc/net/hstp, newline included */
#define STATES 11

static const char *const states[STATES] = {
	"CLOSED", "LISTEN", "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
	"FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT",
};

struct load {
	pthread_t thread;
	uint16_t port;
	int rounds;
	atomic_bool *stop;	/* or until it is set */
};

/* Every way to begin and to end that one process has. */
static void one(int listener, const struct sockaddr_in *to, int round)
{
	int client = TRY(socket(AF_INET, SOCK_STREAM, proto)), server;
	char text[200] = "";

	TRY(connect(client, (const struct sockaddr *)to, sizeof(*to)));
	if (round % 7 == 6) {
		/* Reset before anybody accepted it; the RST does not overtake the third segment. */
		NEED(fd_events(listener, POLLIN, PATIENCE_MS) & POLLIN);
		fd_linger(client, 1, 0);
		fd_close(client);
		client = -1;
	}
	server = TRY(accept(listener, NULL, NULL));
	switch (round % 7) {
	case 0:
		SAME(send(client, text, sizeof(text), 0), sizeof(text));
		SAME(recv(server, text, sizeof(text), MSG_WAITALL), sizeof(text));
		break;
	case 1:
		fd_shut(client, SHUT_WR);
		SAME(send(server, text, 1, 0), 1);
		SAME(recv(client, text, 1, 0), 1);
		break;
	case 2:
		fd_linger(server, 1, 0);
		break;
	case 3:
		/* Unread text: a reset instead of a FIN. */
		SAME(send(client, text, 10, 0), 10);
		break;
	case 4:
		fd_shut(server, SHUT_RDWR);
		fd_shut(client, SHUT_RDWR);
		break;
	default:
		break;
	}
	close(server);
	if (client >= 0)
		close(client);
}

static void *run_load(void *arg)
{
	struct load *load = arg;
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = load->port };
	struct sockaddr_in to = addr_of(here.addr, here.port);
	int listener = fd_listen(&here, 64);

	for (int i = 0; load->stop ? !atomic_load(load->stop) : i < load->rounds; i++)
		one(listener, &to, i);
	close(listener);
	return NULL;
}

static void start(struct load *loads, int count, int rounds, atomic_bool *stop)
{
	for (int i = 0; i < count; i++) {
		loads[i] = (struct load){
			.port = (uint16_t)(PORT + i), .rounds = rounds, .stop = stop
		};
		SAME(pthread_create(&loads[i].thread, NULL, run_load, &loads[i]), 0);
	}
}

static void join(struct load *loads, int count)
{
	for (int i = 0; i < count; i++)
		SAME(pthread_join(loads[i].thread, NULL), 0);
}

static char *read_whole(const char *name)
{
	size_t size = 1 << 20, len = 0;
	char *text = malloc(size);
	int fd = TRY(open(name, O_RDONLY | O_CLOEXEC));
	ssize_t n;

	NEED(text);
	while ((n = TRY(read(fd, text + len, size - 1 - len))) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(fd);
	return text;
}

/* Each line as long as the next, its addresses and its state where they belong. */
static void check_connections(void)
{
	char *text = read_whole("/proc/thread-self/net/hstp"), *line = text;

	NEED(!strncmp(text, "  sl  local_address", 19));
	for (; *line; line += LINE) {
		unsigned int st;

		NEED(strlen(line) >= LINE);
		NEED(strchr(line, '\n') == line + LINE - 1);
		if (line == text)
			continue;
		if (sscanf(line, "%*d: %*8x:%*4x %*8x:%*4x %2x ", &st) != 1)
			die(__FILE__, __LINE__, "not a connection: %.*s", LINE, line);
		NEED(st >= 1 && st <= 11);
	}
	free(text);
}

/* All states in their order, and numbers that can be. */
static void check_stat(void)
{
	char *text = read_whole("/proc/thread-self/net/hstp_stat"), *line = text;

	for (int i = 0; i < STATES; i++) {
		unsigned long long entered, left, p50, p99, max;
		long long now;
		char name[32];

		if (sscanf(line, "state %31s %lld %llu %llu %llu %llu %llu\n", name, &now,
			   &entered, &left, &p50, &p99, &max) != 7)
			die(__FILE__, __LINE__, "not a state: %.80s", line);
		NEED(!strcmp(name, states[i]));
		NEED(p50 <= p99 && p99 <= max);
		line = strchr(line, '\n') + 1;
	}
	free(text);
}

static void *run_reader(void *arg)
{
	atomic_bool *stop = arg;
	long reads = 0;

	net_enter(NS_A);
	for (; !atomic_load(stop); reads++) {
		check_connections();
		check_stat();
	}
	return (void *)reads;
}

/* Four threads open and close while two read. */
TEST(reading_under_load)
{
	atomic_bool stop = false;
	struct load loads[4];
	pthread_t readers[2];
	void *reads;

	net_alone();
	net_hstp(NS_A, "msl_ms", 50);
	for (int i = 0; i < 2; i++)
		SAME(pthread_create(&readers[i], NULL, run_reader, &stop), 0);
	start(loads, 4, stress_scaled(500), NULL);
	join(loads, 4);
	atomic_store(&stop, true);
	for (int i = 0; i < 2; i++) {
		SAME(pthread_join(readers[i], &reads), 0);
		NEED((long)reads > 0);
	}
	WAIT(!conn_count(NS_A));
	stats_sums(NS_A);
}

/* Nothing is left over, neither a connection nor a difference, however it ended. */
TEST(sums_when_idle)
{
	struct load loads[4];

	net_alone();
	net_hstp(NS_A, "msl_ms", 20);
	for (int again = 0; again < 5; again++) {
		start(loads, 4, stress_scaled(100), NULL);
		join(loads, 4);
		WAIT(!conn_count(NS_A));
		stats_sums(NS_A);
		for (int i = 1; i < STATES; i++) {
			char key[64];

			snprintf(key, sizeof(key), "state %s now", states[i]);
			SAME(stat_now(NS_A, key), 0);
		}
		SAME(stat_now(NS_A, "state CLOSED entered"), stat_now(NS_A, "state CLOSED left"));
		/* Over loopback all that goes out comes in. */
		WAIT(stat_now(NS_A, "segments in") == stat_now(NS_A, "segments out"));
		SAME(stat_now(NS_A, "flag in fin"), stat_now(NS_A, "flag out fin"));
		SAME(stat_now(NS_A, "flag in rst"), stat_now(NS_A, "flag out rst"));
	}
}

static uint64_t now_us(void)
{
	struct timespec t;

	TRY(clock_gettime(CLOCK_MONOTONIC, &t));
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

/* A connection between two sockets of one namespace, and how long both its ends were in
 * ESTABLISHED: @least when it was certainly open, @most when it was perhaps.
 */
struct stay {
	int client, server;
	uint64_t before, open;
	uint64_t least, most;	/* microseconds */
};

static void come(struct stay *stay, int listener, const struct sockaddr_in *to)
{
	stay->before = now_us();
	stay->client = TRY(socket(AF_INET, SOCK_STREAM, proto));
	TRY(connect(stay->client, (const struct sockaddr *)to, sizeof(*to)));
	stay->server = fd_accept(listener);
	stay->open = now_us();
}

static void go(struct stay *stay)
{
	uint64_t until = now_us();

	fd_close(stay->client);
	fd_eof(stay->server);
	stay->least = until - stay->open;
	stay->most = now_us() - stay->before;
	fd_close(stay->server);
}

/* Classes of times are half octaves: a time is told as the end of its class. */
static uint64_t class_end(uint64_t us)
{
	return us + us / 2;
}

enum { SHORT = 90, MEDIUM = 9 };

/* "state NAME ... P50 P99 MAX": of 200 ends 180 stay for a short time, 18 for longer than the
 * longest of those, and two for twice as long. The 100th is a short one, the 198th the longest
 * of the others but the two, and the last is the maximum.
 */
TEST(time_in_state)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = PORT };
	struct sockaddr_in to = addr_of(here.addr, here.port);
	static struct stay brief[SHORT], medium[MEDIUM], longest;
	uint64_t p50, p99, max, most_brief = 0, least_brief = UINT64_MAX, most_medium = 0;
	uint64_t least_medium = 0;
	int listener;

	net_alone();
	listener = fd_listen(&here, 16);
	come(&longest, listener, &to);
	for (int i = 0; i < SHORT; i++) {
		come(&brief[i], listener, &to);
		go(&brief[i]);
		if (brief[i].most > most_brief)
			most_brief = brief[i].most;
		if (brief[i].least < least_brief)
			least_brief = brief[i].least;
	}
	for (int i = 0; i < MEDIUM; i++)
		come(&medium[i], listener, &to);
	usleep((useconds_t)(2 * class_end(most_brief) + 200000));
	for (int i = 0; i < MEDIUM; i++) {
		go(&medium[i]);
		NEED(medium[i].least > class_end(most_brief));
		if (medium[i].most > most_medium)
			most_medium = medium[i].most;
		if (medium[i].least > least_medium)
			least_medium = medium[i].least;
	}
	usleep((useconds_t)(2 * class_end(most_medium)));
	go(&longest);
	NEED(longest.least > class_end(most_medium));
	SAME(stat_now(NS_A, "state ESTABLISHED left"), 2 * (SHORT + MEDIUM + 1));

	p50 = (uint64_t)stat_now(NS_A, "state ESTABLISHED p50");
	p99 = (uint64_t)stat_now(NS_A, "state ESTABLISHED p99");
	max = (uint64_t)stat_now(NS_A, "state ESTABLISHED max");
	if (p50 < least_brief || p50 > class_end(most_brief))
		die(__FILE__, __LINE__, "the median is %llu us, not from %llu to %llu",
		    (unsigned long long)p50, (unsigned long long)least_brief,
		    (unsigned long long)most_brief);
	if (p99 < least_medium || p99 > class_end(most_medium))
		die(__FILE__, __LINE__, "p99 is %llu us, not from %llu to %llu",
		    (unsigned long long)p99, (unsigned long long)least_medium,
		    (unsigned long long)most_medium);
	if (max < longest.least || max > longest.most)
		die(__FILE__, __LINE__, "the longest is %llu us, not from %llu to %llu",
		    (unsigned long long)max, (unsigned long long)longest.least,
		    (unsigned long long)longest.most);
}

/* The shortest of several: what else runs meanwhile only adds. */
static uint64_t cost_of_stat(void)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < 20; i++) {
		uint64_t begin = now_us();

		check_stat();
		if (now_us() - begin < best)
			best = now_us() - begin;
	}
	return best;
}

/* The statistics are counters: reading them costs the same with thousands of connections
 * as with none.
 */
TEST(stat_does_not_walk_connections)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = PORT };
	struct sockaddr_in to = addr_of(here.addr, here.port);
	int listener, connections = stress_scaled(4000);
	uint64_t before, after;

	net_alone();
	net_hstp(NS_A, "msl_ms", 120000);
	net_enter(NS_A);
	before = cost_of_stat();
	listener = fd_listen(&here, 16);
	for (int i = 0; i < connections; i++)
		one(listener, &to, 5);
	WAIT(stat_now(NS_A, "state TIME-WAIT now") >= connections);
	after = cost_of_stat();
	if (after > 3 * before + 1000)
		die(__FILE__, __LINE__, "%d us with %d connections, %d us with none", (int)after,
		    connections, (int)before);
}

TEST_HARNESS_MAIN
