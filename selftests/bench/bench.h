/* SPDX-License-Identifier: GPL-2.0 */
/* What is measured, of which protocol. */
#ifndef HSTP_BENCH_H
#define HSTP_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct protocol {
	const char *name;
	int family;
	int type;
	int number;
	bool needed;		/* the benchmark fails without it */
	bool options;		/* has TCP's, which are to be on */
};

struct figure {
	const char *name;	/* in the lines for programs */
	const char *title;	/* in the table */
	double (*measure)(const struct protocol *p);
	bool bytes;		/* of memory, otherwise instructions */
	bool peer;		/* needs a peer of crafted segments: HSTP and TCP only */
	bool stream;		/* not for DCCP, which loses what it cannot send */
	double goal;		/* for HSTP, 0: none */

	/* Instead of measure(), of HSTP alone: sets what it is held against, too. */
	double (*measure_beside)(const struct protocol *p, double *base);
	double limit;		/* how much more it may be, times the base */
};

/* protocol.c */
int protocol_socket(const struct protocol *p);
bool protocol_exists(const struct protocol *p);
socklen_t protocol_address(const struct protocol *p, struct sockaddr_storage *address);
int protocol_listen(const struct protocol *p, int backlog, struct sockaddr_storage *address,
		    socklen_t *length);
void protocol_options(const struct protocol *p, int fd);
void protocol_pair(const struct protocol *p, int pair[2]);

/* work.c */
double measure_connection(const struct protocol *p);
double measure_connection_unheard(const struct protocol *p, double *base);
double measure_connection_events(const struct protocol *p, double *base);
double measure_connection_rr(const struct protocol *p);
double measure_rr(const struct protocol *p);
double measure_bulk_mib(const struct protocol *p);

/* events.c */
pid_t events_listen(void);
bool events_leave(pid_t pid);
void events_switch(bool on);

/* memory.c */
double measure_syn_received(const struct protocol *p);
double measure_unaccepted(const struct protocol *p);
double measure_orphan(const struct protocol *p);
double measure_time_wait(const struct protocol *p);

#endif /* HSTP_BENCH_H */
