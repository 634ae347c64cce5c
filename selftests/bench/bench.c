// SPDX-License-Identifier: GPL-2.0
/* Measures HSTP beside the kernel's other protocols, prints one table of it, and fails when
 * a figure is above TCP's or an object above its goal. With --slabs only HSTP's objects.
 *
 * To be run by scripts/bench in a machine whose clock counts instructions. Each figure
 * is taken in a process and a network namespace of its own, so that what one leaves
 * behind (TIME-WAIT above all) does not weigh on the next.
 */
#include <err.h>
#include <getopt.h>
#include <linux/hstp.h>
#include <math.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

enum { TCP, DCCP, SCTP, UNIX, HSTP, PROTOCOLS };

static const struct protocol protocols[PROTOCOLS] = {
	[TCP] = { "TCP", AF_INET, SOCK_STREAM, IPPROTO_TCP, true, true },
	[DCCP] = { "DCCP", AF_INET, SOCK_DCCP, IPPROTO_DCCP, false, false },
	[SCTP] = { "SCTP", AF_INET, SOCK_STREAM, IPPROTO_SCTP, false, false },
	[UNIX] = { "AF_UNIX", AF_UNIX, SOCK_STREAM, 0, true, false },
	[HSTP] = { "HSTP", AF_INET, SOCK_STREAM, IPPROTO_HSTP, true, true },
};

static const struct figure figures[] = {
	{ .name = "connection", .title = "socket+connect+accept+close+close",
	  .measure = measure_connection, .goal = 58000 },
	{ .name = "connection_unheard", .title = "connection, nobody listens to events",
	  .measure_beside = measure_connection_unheard, .limit = 1.005 },
	{ .name = "connection_events", .title = "connection, somebody listens to events",
	  .measure_beside = measure_connection_events, .limit = 1.15 },
	{ .name = "connection_rr", .title = "the same with a 1-byte request and reply",
	  .measure = measure_connection_rr, .goal = 78000 },
	{ .name = "rr", .title = "1-byte request and reply, open connection",
	  .measure = measure_rr, .goal = 18000 },
	{ .name = "bulk_mib", .title = "1 MiB between two processes",
	  .measure = measure_bulk_mib, .stream = true },
	{ .name = "slab_syn_received", .title = "SYN-RECEIVED",
	  .measure = measure_syn_received, .bytes = true, .peer = true, .goal = 96 },
	{ .name = "slab_unaccepted", .title = "ESTABLISHED, waiting for accept()",
	  .measure = measure_unaccepted, .bytes = true, .peer = true, .goal = 512 },
	{ .name = "slab_orphan", .title = "closed by the user, waiting for the peer",
	  .measure = measure_orphan, .bytes = true, .peer = true, .goal = 512 },
	{ .name = "slab_time_wait", .title = "TIME-WAIT",
	  .measure = measure_time_wait, .bytes = true, .peer = true, .goal = 96 },
};

static void raise_loopback(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		err(1, "bringing up lo");
	close(fd);
}

/* The last namespace is taken down behind our back; on a machine whose clock counts
 * instructions, time passes only when the kernel has nothing left to do.
 */
static void let_kernel_finish(void)
{
	struct timespec second = { .tv_sec = 1 };

	nanosleep(&second, NULL);
}

struct result {
	double value;		/* NAN: could not be measured */
	double base;
};

static struct result measure(const struct figure *f, const struct protocol *p)
{
	struct result result = { NAN, NAN };
	int status, fd[2];
	pid_t child;

	let_kernel_finish();
	fflush(stdout);
	if (pipe(fd))
		err(1, "pipe");
	child = fork();
	if (child < 0)
		err(1, "fork");
	if (!child) {
		close(fd[0]);
		if (unshare(CLONE_NEWNET))
			err(1, "unshare");
		raise_loopback();
		if (f->limit)
			result.value = f->measure_beside(p, &result.base);
		else
			result.value = f->measure(p);
		_exit(write(fd[1], &result, sizeof(result)) != sizeof(result));
	}
	close(fd[1]);
	if (read(fd[0], &result, sizeof(result)) != sizeof(result))
		result.value = NAN;
	close(fd[0]);
	if (waitpid(child, &status, 0) != child || status)
		result.value = NAN;
	if (isnan(result.value))
		warnx("%s of %s could not be measured", f->name, p->name);
	return result;
}

static bool applies(const struct figure *f, int protocol)
{
	if (f->limit)
		return protocol == HSTP;
	if (f->peer)
		return protocol == TCP || protocol == HSTP;
	return !f->stream || protocols[protocol].type == SOCK_STREAM;
}

static void print_figure(double value, const char *after)
{
	char text[32], *end, *point;
	int digits;

	if (isnan(value) || !value) {
		printf("%12s%s", "", after);
		return;
	}
	/* Thousands apart: 87,500. */
	digits = snprintf(text, sizeof(text), "%.0f", value);
	end = text + digits;
	for (point = end - 3; point > text; point -= 3) {
		memmove(point + 1, point, strlen(point) + 1);
		*point = ',';
	}
	printf("%12s%s", text, after);
}

static void print_row(const struct figure *f, const double *row)
{
	printf("%-42s", f->title);
	for (int p = 0; p < PROTOCOLS; p++)
		print_figure(row[p], "");
	print_figure(f->goal, "\n");
	fflush(stdout);
}

static void print_head(const char *what)
{
	printf("\n%-42s", what);
	for (int p = 0; p < PROTOCOLS; p++)
		printf("%12s", protocols[p].name);
	printf("%12s\n", "goal");
}

static double rows[ARRAY_SIZE(figures)][PROTOCOLS];

/* What HSTP's figure is held against: TCP's, or its own without something. */
static double bases[ARRAY_SIZE(figures)];

/* What must hold of a figure: no more than TCP's or than the limit above its base, and for
 * objects no more than the goal.
 *
 * Return: true when it does; what does not is said.
 */
static bool holds(const struct figure *f, double value, double base)
{
	bool good = true;

	if (f->limit && value > base * f->limit) {
		warnx("%s: %.0f is above %.3f of %.0f", f->name, value, f->limit, base);
		good = false;
	}
	if (!f->limit && value > base) {
		warnx("%s: %.0f is above TCP's %.0f", f->name, value, base);
		good = false;
	}
	if (f->bytes && value > f->goal) {
		warnx("%s: %.0f bytes are above the goal, %.0f", f->name, value, f->goal);
		good = false;
	}
	return good;
}

/* Return: true when all that exists could be measured. */
static bool measure_row(size_t figure, const bool *exists)
{
	const struct figure *f = &figures[figure];
	bool complete = true;

	for (int p = 0; p < PROTOCOLS; p++) {
		struct result result = { NAN, NAN };

		if (exists[p] && applies(f, p)) {
			result = measure(f, &protocols[p]);
			complete = complete && !isnan(result.value);
		}
		rows[figure][p] = result.value;
		if (p == HSTP)
			bases[figure] = f->limit ? result.base : rows[figure][TCP];
	}
	print_row(f, rows[figure]);
	return complete;
}

/* All, or those that are named. */
static bool wanted(const struct figure *f, char **names)
{
	if (!*names)
		return true;
	for (; *names; names++)
		if (!strcmp(*names, f->name))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "slabs", no_argument, NULL, 's' }, { 0 } };
	bool exists[PROTOCOLS] = { false }, good = true, slabs = false;
	const struct figure *last = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		if (option != 's')
			errx(2, "usage: bench [--slabs] [NAME ...]");
		slabs = true;
	}
	for (int p = 0; p < PROTOCOLS; p++) {
		if (slabs && p != HSTP)
			continue;
		exists[p] = protocol_exists(&protocols[p]);
		if (exists[p])
			continue;
		warn("%s", protocols[p].name);
		good = good && !protocols[p].needed;
	}
	for (size_t f = 0; f < ARRAY_SIZE(figures); f++) {
		if ((slabs && !figures[f].bytes) || !wanted(&figures[f], argv + optind))
			continue;
		if (!last || figures[f].bytes != last->bytes)
			print_head(figures[f].bytes ? "bytes of slab objects" : "instructions");
		last = &figures[f];
		good = measure_row(f, exists) && good;
	}
	putchar('\n');
	for (size_t f = 0; f < ARRAY_SIZE(figures); f++)
		if (rows[f][HSTP] && bases[f] && !isnan(rows[f][HSTP] + bases[f]))
			printf("bench: %s %.0f %.0f %.3f\n", figures[f].name, rows[f][HSTP],
			       bases[f], rows[f][HSTP] / bases[f]);
	fflush(stdout);
	for (size_t f = 0; f < ARRAY_SIZE(figures); f++)
		good = holds(&figures[f], rows[f][HSTP], bases[f]) && good;
	return good ? 0 : 1;
}
