/* SPDX-License-Identifier: GPL-2.0 */
/* The scenes in which the exchanges are played.
 *
 * "peer": one stack (it), the tester is the other end (us). "relay": two stacks, every
 * segment between them passes the tester. Retransmission timers are minutes away, so
 * that each segment has its one reason; a test that is about them shortens them. At the
 * end of each test the counters must add up and agree with the wire.
 */
#ifndef HSTP_TEST_EXCHANGE_H
#define HSTP_TEST_EXCHANGE_H

#include "fd.h"
#include "kselftest_harness.h"
#include "proc.h"

/* An emulated machine with a debug kernel takes its time. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	120

/* How the two ends of a connection are counted when it opens. */
#define OPEN_PASSIVE						\
	"transition CLOSED LISTEN open-passive 1",		\
	"transition CLOSED LISTEN fork 1",			\
	"transition LISTEN SYN-RECEIVED syn 1",			\
	"transition SYN-RECEIVED ESTABLISHED ack 1"
#define OPEN_ACTIVE						\
	"transition CLOSED SYN-SENT open-active 1",		\
	"transition SYN-SENT ESTABLISHED syn-ack 1"

#define PORT_US		4000
#define PORT_IT		80

FIXTURE(peer)
{
	struct end us;	/* the tester, ISS 100 */
	struct end it;	/* the stack in A, ISS 300 */
};

FIXTURE_SETUP(peer)
{
	net_peer();
	net_no_timers(NS_A);
	wire_ends(&self->us, NS_T, PORT_US, &self->it, NS_A, PORT_IT);
	stats_mark(NS_A);
}

FIXTURE_TEARDOWN(peer)
{
	stats_sums(NS_A);
	stats_wire(NS_A);
}

FIXTURE(relay)
{
	struct end a;	/* ISS 100 as in the RFC's figures */
	struct end b;	/* ISS 300 */
};

FIXTURE_SETUP(relay)
{
	net_relay();
	net_no_timers(NS_A);
	net_no_timers(NS_B);
	wire_ends(&self->a, NS_A, PORT_US, &self->b, NS_B, PORT_IT);
	stats_mark(NS_A);
	stats_mark(NS_B);
}

FIXTURE_TEARDOWN(relay)
{
	stats_sums(NS_A);
	stats_sums(NS_B);
	stats_wire(NS_A);
	stats_wire(NS_B);
}

/* Between two stacks: @a opens, @b's listener accepts; numbers then 101 and 301. */
static inline __attribute__((unused)) void
exchange_open(struct end *a, struct end *b, int listener, int *client, int *server)
{
	*client = fd_start(a);
	wire_pass(a, SYN, 100);
	wire_pass(b, SYN | ACK, 300, 101);
	wire_pass(a, ACK, 101, 301);
	SAME(fd_connected(*client), 0);
	*server = fd_accept(listener);
}

#endif /* HSTP_TEST_EXCHANGE_H */
