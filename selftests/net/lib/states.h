/* SPDX-License-Identifier: GPL-2.0 */
/* A test of this fixture runs once in each synchronized state (RFC 9293 section 3.4).
 *
 * The stack (it) has opened the connection and the tester (us) is its other end; the
 * numbers that each state has come to are in the variant.
 */
#ifndef HSTP_TEST_STATES_H
#define HSTP_TEST_STATES_H

#include "exchange.h"

FIXTURE(state)
{
	struct end us;
	struct end it;
	int fd;
};

FIXTURE_VARIANT(state)
{
	const char *name;
	uint32_t nxt;		/* SND.NXT of the stack */
	uint32_t una;		/* its SND.UNA */
	uint32_t rcv;		/* its RCV.NXT */
	bool peer_open;		/* the tester's FIN has not come */
};

#define STATE(id, text, nxt_, una_, rcv_)			\
	FIXTURE_VARIANT_ADD(state, id)				\
	{							\
		.name = text, .nxt = nxt_, .una = una_, .rcv = rcv_, \
		.peer_open = (rcv_) == 101,			\
	}

STATE(established, "ESTABLISHED", 301, 301, 101);
STATE(fin_wait_1, "FIN-WAIT-1", 302, 301, 101);
STATE(fin_wait_2, "FIN-WAIT-2", 302, 302, 101);
STATE(close_wait, "CLOSE-WAIT", 301, 301, 102);
STATE(closing, "CLOSING", 302, 301, 102);
STATE(last_ack, "LAST-ACK", 302, 301, 102);
STATE(time_wait, "TIME-WAIT", 302, 302, 102);

FIXTURE_SETUP(state)
{
	net_peer();
	net_no_timers(NS_A);
	wire_ends(&self->us, NS_T, PORT_US, &self->it, NS_A, PORT_IT);
	self->fd = wire_to_state(&self->us, &self->it, variant->name);
	stats_mark(NS_A);
}

FIXTURE_TEARDOWN(state)
{
	stats_sums(NS_A);
	stats_wire(NS_A);
}

/* One of them by its name. */
#define IN_STATE(text)	(!strcmp(variant->name, text))

#endif /* HSTP_TEST_STATES_H */
