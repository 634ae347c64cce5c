// SPDX-License-Identifier: GPL-2.0
/* What programs ask of HSTP is on the wire: HSTP_QUICKACK, HSTP_DEFER_ACCEPT (tcp(7)). */
#include <linux/hstp.h>

#include "lib/exchange.h"

static void ask(int fd, int option, int value)
{
	TRY(setsockopt(fd, SOL_HSTP, option, &value, sizeof(value)));
}

#define DELACK_MS	450
#define BETWEEN_MS	250	/* an ACK that was delayed does not come so soon, */

/* Is the ACK of four bytes sent at once? Then it is there when they were dealt with. So is one
 * that was delayed, if this machine stood still meanwhile: then nothing is known, and the next
 * four bytes must tell.
 */
static bool at_once(struct end *us, struct end *it, uint32_t *seq)
{
	struct seen *seen;
	uint64_t before;

	do {
		before = now_ms();
		wire_send(us, PSH | ACK, *seq, 301, "text");
		*seq += 4;
		wire_sync(NS_A);
		seen = wire_next(it, 0);
		if (!seen) {
			wire_expect(it, ACK, 301, *seq);
			return false;
		}
		SAME(seen->flags, ACK);
		SAME(seen->ack, *seq);
	} while (seen->ms - before >= BETWEEN_MS);
	return true;
}

/* One waits when the program asks for it: it goes now. */
static void waits_no_longer(struct end *us, struct end *it, int fd, uint32_t *seq)
{
	do {
		ask(fd, HSTP_QUICKACK, 0);
		wire_send(us, PSH | ACK, *seq, 301, "text");
		*seq += 4;
		wire_sync(NS_A);
	} while (wire_next(it, 0));	/* it stood still */
	ask(fd, HSTP_QUICKACK, 1);
	NEED(wire_next(it, 0));
}

/* RFC 9293 section 3.8.6.3, tcp(7): ACKs are delayed, or not, as the program says, whether it
 * says so before there is one to delay or while one waits; "not permanent".
 */
TEST_F(peer, quick_ack)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t seq = 101;
	int fd, quick;

	net_hstp(NS_A, "delack_ms", DELACK_MS);
	fd = wire_open_passive(us, it, fd_listen(it, 1));
	ask(fd, HSTP_QUICKACK, 0);
	NEED(!at_once(us, it, &seq));
	ask(fd, HSTP_QUICKACK, 1);
	for (int i = 0; i < 4; i++)
		NEED(at_once(us, it, &seq));
	ask(fd, HSTP_QUICKACK, 0);
	NEED(!at_once(us, it, &seq));
	waits_no_longer(us, it, fd, &seq);
	for (quick = 0; quick < 100; quick++)
		if (!at_once(us, it, &seq))
			break;
	NEED(quick > 0 && quick < 100);
}

/* ... or as it was said to the listener. */
TEST_F(peer, quick_ack_of_a_child)
{
	net_hstp(NS_A, "delack_ms", DELACK_MS);
	for (int quick = 0; quick < 2; quick++) {
		uint32_t seq = 101;
		struct end us, it;
		int listener;

		wire_ends(&us, NS_T, PORT_US + quick, &it, NS_A, PORT_IT + quick);
		listener = fd_listen(&it, 1);
		ask(listener, HSTP_QUICKACK, quick);
		wire_open_passive(&us, &it, listener);
		SAME(at_once(&us, &it, &seq), quick);
	}
}

/* tcp(7): accept() is not bothered before text comes, but for so long only: a client that
 * waits for the server to begin, as a mail server does, is accepted after the seconds that
 * were asked for, by its answer to the next SYN,ACK. So many seconds are so many
 * retransmissions, which double: 1 and 3 are one and two.
 */
TEST_F(peer, defer_accept_ends)
{
	static const int seconds[] = { 1, 3 };

	/* An ACK is in time when it comes before this is over. */
	net_rto(NS_A, 1000, 60000);
	for (int i = 0; i < 2; i++) {
		struct end us, it;
		int listener;

		wire_ends(&us, NS_T, PORT_US + i, &it, NS_A, PORT_IT + i);
		listener = fd_listen(&it, 1);
		ask(listener, HSTP_DEFER_ACCEPT, seconds[i]);
		stats_mark(NS_A);
		wire_send(&us, SYN, 100);
		wire_expect(&it, SYN | ACK, 300, 101);
		for (int n = 0; n <= i; n++) {
			wire_send(&us, ACK, 101, 301);
			state_is(&it, "SYN-RECEIVED");
			fd_no_accept(listener);
			wire_expect(&it, SYN | ACK, 300, 101);
		}
		wire_send(&us, ACK, 101, 301);
		state_is(&it, "ESTABLISHED");
		fd_send(fd_accept(listener), "220 ready");
		wire_expect(&it, PSH | ACK, 301, 101, "220 ready");
		wire_send(&us, ACK, 101, 310);
		wire_sync(NS_A);
		stat_grew(NS_A, "drop deferred", 1 + i);
		stat_grew(NS_A, "retransmit", 1 + i);
	}
}

/* ... and a client that is silent is gone after its retries, never accepted. */
TEST_F(peer, defer_accept_of_nobody)
{
	int listener = fd_listen(&self->it, 1);

	net_rto(NS_A, 700, 60000);
	net_hstp(NS_A, "synack_retries", 1);
	ask(listener, HSTP_DEFER_ACCEPT, 100);
	stats_mark(NS_A);
	wire_send(&self->us, SYN, 100);
	wire_expect(&self->it, SYN | ACK, 300, 101);
	wire_send(&self->us, ACK, 101, 301);
	wire_expect(&self->it, SYN | ACK, 300, 101);
	wire_send(&self->us, ACK, 101, 301);
	state_wait(&self->it, "LISTEN");
	fd_no_accept(listener);
	STATS(NS_A, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED CLOSED retries 1", "drop deferred 2", "retransmit 1");
}

TEST_HARNESS_MAIN
