// SPDX-License-Identifier: GPL-2.0
/* Instructions that a piece of work costs: opening and closing, requests, bulk data. */
#include <err.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

#define WARM_UP 200
#define BATCHES 15
#define BATCHES_IN_TURN 41
#define ROUNDS 100		/* in a batch */
#define CHUNK 65536		/* bytes of a bulk read or write */
#define MIB (1024 * 1024)
#define BULK_BATCH 2		/* MiB */

/* Under QEMU's -icount shift=0 a nanosecond of the clock is an instruction. */
static double now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t))
		err(1, "clock_gettime");
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

struct round {
	const struct protocol *p;
	int fd[2];			/* rr: the connection */
	int listener;			/* connection: where to */
	struct sockaddr_storage address;
	socklen_t length;
};

static void warm_up(void (*round)(struct round *), struct round *r)
{
	for (int i = 0; i < WARM_UP; i++)
		round(r);
}

static double batch(void (*round)(struct round *), struct round *r)
{
	double start = now();

	for (int i = 0; i < ROUNDS; i++)
		round(r);
	return (now() - start) / ROUNDS;
}

/* The median hides the timer ticks and what else the kernel does now and then. */
static double rounds(void (*round)(struct round *), struct round *r)
{
	double cost[BATCHES];

	warm_up(round, r);
	for (int b = 0; b < BATCHES; b++)
		cost[b] = batch(round, r);
	return median(cost, BATCHES);
}

static void one_byte(const struct protocol *p, int from, int to)
{
	char byte = 'x';

	if (send(from, &byte, 1, 0) != 1)
		err(1, "%s: send", p->name);
	if (recv(to, &byte, 1, 0) != 1)
		err(1, "%s: recv", p->name);
}

static void request(struct round *r)
{
	one_byte(r->p, r->fd[0], r->fd[1]);
	one_byte(r->p, r->fd[1], r->fd[0]);
}

static void open_pair(struct round *r)
{
	r->fd[0] = protocol_socket(r->p);
	if (r->fd[0] < 0)
		err(1, "%s: socket", r->p->name);
	if (connect(r->fd[0], (struct sockaddr *)&r->address, r->length))
		err(1, "%s: connect", r->p->name);
	r->fd[1] = accept(r->listener, NULL, NULL);
	if (r->fd[1] < 0)
		err(1, "%s: accept", r->p->name);
}

/* The client closes first: it is the one that stays in TIME-WAIT. */
static void close_pair(struct round *r)
{
	close(r->fd[0]);
	close(r->fd[1]);
}

static void connection(struct round *r)
{
	open_pair(r);
	close_pair(r);
}

static void connection_rr(struct round *r)
{
	open_pair(r);
	request(r);
	close_pair(r);
}

static double connections(const struct protocol *p, void (*round)(struct round *))
{
	struct round r = { .p = p };

	r.listener = protocol_listen(p, 16, &r.address, &r.length);
	open_pair(&r);
	protocol_options(p, r.fd[0]);
	close_pair(&r);
	return rounds(round, &r);
}

/**
 * measure_connection() - socket, connect, accept, close, close
 * @p: the protocol
 *
 * Return: instructions a connection.
 */
double measure_connection(const struct protocol *p)
{
	return connections(p, connection);
}

/**
 * measure_connection_unheard() - the same, what it costs that somebody might listen to events
 * @p: HSTP
 * @base: set: while HSTP does not even look for listeners
 *
 * The difference is small, so that both are measured in turn.
 *
 * Return: instructions a connection.
 */
double measure_connection_unheard(const struct protocol *p, double *base)
{
	double cost[2][BATCHES_IN_TURN];
	struct round r = { .p = p };

	r.listener = protocol_listen(p, 16, &r.address, &r.length);
	warm_up(connection, &r);
	for (int b = 0; b < 2 * BATCHES_IN_TURN; b++) {
		events_switch(b % 2);
		cost[b % 2][b / 2] = batch(connection, &r);
	}
	*base = median(cost[0], BATCHES_IN_TURN);
	return median(cost[1], BATCHES_IN_TURN);
}

/**
 * measure_connection_events() - the same with somebody who reads all events
 * @p: HSTP
 * @base: set: before
 *
 * Return: instructions a connection, the listener's too.
 */
double measure_connection_events(const struct protocol *p, double *base)
{
	struct round r = { .p = p };
	pid_t listener;
	double cost;

	r.listener = protocol_listen(p, 16, &r.address, &r.length);
	*base = rounds(connection, &r);
	listener = events_listen();
	cost = rounds(connection, &r);
	if (!events_leave(listener))
		errx(1, "the listener has lost events");
	return cost;
}

/**
 * measure_connection_rr() - the same with a byte each way
 * @p: the protocol
 *
 * Return: instructions a connection.
 */
double measure_connection_rr(const struct protocol *p)
{
	return connections(p, connection_rr);
}

/**
 * measure_rr() - a byte each way on an open connection
 * @p: the protocol
 *
 * Return: instructions a request and its reply.
 */
double measure_rr(const struct protocol *p)
{
	struct round r = { .p = p };

	protocol_pair(p, r.fd);
	return rounds(request, &r);
}

static void write_all(int fd)
{
	static char chunk[CHUNK];

	for (;;)
		if (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) < 0)
			_exit(0);
}

static void read_mib(const struct protocol *p, int fd, size_t mib)
{
	static char chunk[CHUNK];
	size_t left = mib * MIB;

	while (left) {
		ssize_t n = recv(fd, chunk, left < sizeof(chunk) ? left : sizeof(chunk), 0);

		if (n <= 0)
			err(1, "%s: recv", p->name);
		left -= (size_t)n;
	}
}

/**
 * measure_bulk_mib() - a writing and a reading process on one connection
 * @p: the protocol
 *
 * Return: instructions a MiB.
 */
double measure_bulk_mib(const struct protocol *p)
{
	double cost[BATCHES];
	pid_t writer;
	int fd[2];

	protocol_pair(p, fd);
	writer = fork();
	if (writer < 0)
		err(1, "fork");
	if (!writer) {
		close(fd[1]);
		write_all(fd[0]);
	}
	close(fd[0]);
	read_mib(p, fd[1], BULK_BATCH);
	for (int b = 0; b < BATCHES; b++) {
		double start = now();

		read_mib(p, fd[1], BULK_BATCH);
		cost[b] = (now() - start) / BULK_BATCH;
	}
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	close(fd[1]);
	return median(cost, BATCHES);
}
