/* SPDX-License-Identifier: GPL-2.0 */
/* Network namespaces for one test: who is in them and how they are joined.
 *
 *	net_alone()	A with a loopback device
 *	net_peer()	A, and at the other end of its link the tester
 *	net_pair()	A and B on one link, the tester watches both directions
 *	net_relay()	A and B on a link each, and only the tester between them
 *
 * Namespaces have no name: they go when the test's process goes. Devices are "va" in
 * A and "vb" in B; the tester's ends in T are "ta" and "tb". Addresses of neighbours are
 * static (no ARP), IPv6 is off, checksums are computed before the wire.
 */
#ifndef HSTP_TEST_NET_H
#define HSTP_TEST_NET_H

#include "check.h"

enum net_ns { NS_HOME, NS_A, NS_B, NS_T, NS_COUNT };

#define ADDR_A	"10.0.0.1"
#define ADDR_B	"10.0.0.2"
#define ADDR_T	"10.0.0.9"	/* nobody has it: the tester speaks for it */

void net_alone(void);
void net_peer(void);
void net_pair(void);
void net_relay(void);

/* One more, empty, for the calling thread; returns its descriptor. */
int net_new(void);

/* The calling thread goes into @ns: sockets that it opens belong there. */
void net_enter(enum net_ns ns);

/* The library lets go of @ns: it dies with its last process or socket. The calling
 * thread must be elsewhere.
 */
void net_leave(enum net_ns ns);

bool net_has(enum net_ns ns);

/* @ns speaks TCP from now on; what comes and goes on its link is translated. */
void net_translate(enum net_ns ns);

/* The protocol of @ns: "proto" (fd.h) unless it is translated. */
int net_protocol(enum net_ns ns);

/* The two stacks share one link: nothing needs the tester to pass. */
bool net_direct(void);

/* There is a link to @ns that the tester sees. */
bool net_wired(enum net_ns ns);

/* Go to where @ns's link ends; returns the index of the device at that end. */
unsigned int net_enter_link(enum net_ns ns);

/* Run a shell command in @ns; its exit status must be 0 in net_run(). */
int net_status(enum net_ns ns, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void net_run(enum net_ns ns, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

int net_write(const char *path, const char *text, int flags);	/* 0 or -errno */

/* @name as in sysctl(8), "net.hstp.msl_ms". net_hstp() adds the "net.hstp.". */
void net_sysctl(enum net_ns ns, const char *name, long value);
int net_try_sysctl(enum net_ns ns, const char *name, const char *value); /* 0 or -errno */
long net_get_sysctl(enum net_ns ns, const char *name);
void net_hstp(enum net_ns ns, const char *name, long value);

/* No timer runs out by itself in @ns: retransmission timeout at its maximum. What a
 * test sees is then what segments and calls bring about.
 */
void net_no_timers(enum net_ns ns);

/* Retransmission after @first_ms, doubled each time up to @max_ms. */
void net_rto(enum net_ns ns, long first_ms, long max_ms);

#endif /* HSTP_TEST_NET_H */
