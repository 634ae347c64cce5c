// SPDX-License-Identifier: GPL-2.0
/* What programs ask of HSTP is on the wire: HSTP_QUICKACK, HSTP_DEFER_ACCEPT (tcp(7)). */
#include <linux/hstp.h>

#include "lib/exchange.h"

static void ask(int fd, int option, int value)
{
	TRY(setsockopt(fd, SOL_HSTP, option, &value, sizeof(value)));
}

#define DELACK_MS	499
#define BETWEEN_MS	250	/* at once is earlier, delayed is later, by the packet's own time */

/* How long the ACK of four bytes takes. */
static int ack_takes(struct end *us, struct end *it, uint32_t *seq)
{
	uint64_t before = now_ms();
	struct seen *seen;

	wire_send(us, PSH | ACK, *seq, 301, "text");
	*seq += 4;
	seen = wire_expect(it, ACK, 301, *seq);
	return (int)(seen->ms - before);
}

/* RFC 9293 section 3.8.6.3, tcp(7): ACKs are delayed, or not, as the program says, whether it
 * says so before there is one to delay or while one waits; "not permanent".
 */
TEST_F(peer, quick_ack)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t seq = 101;
	uint64_t before;
	int fd, quick;

	net_hstp(NS_A, "delack_ms", DELACK_MS);
	fd = wire_open_passive(us, it, fd_listen(it, 1));
	ask(fd, HSTP_QUICKACK, 0);
	NEED(ack_takes(us, it, &seq) > BETWEEN_MS);
	ask(fd, HSTP_QUICKACK, 1);
	for (int i = 0; i < 4; i++)
		NEED(ack_takes(us, it, &seq) < BETWEEN_MS);
	ask(fd, HSTP_QUICKACK, 0);
	NEED(ack_takes(us, it, &seq) > BETWEEN_MS);
	/* One that waits goes now. */
	before = now_ms();
	wire_send(us, PSH | ACK, seq, 301, "text");
	seq += 4;
	ask(fd, HSTP_QUICKACK, 1);
	NEED(wire_expect(it, ACK, 301, seq)->ms < before + BETWEEN_MS);
	for (quick = 0; quick < 100; quick++)
		if (ack_takes(us, it, &seq) > BETWEEN_MS)
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
		NEED((ack_takes(&us, &it, &seq) < BETWEEN_MS) == quick);
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

	net_rto(NS_A, 300, 60000);
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

	net_rto(NS_A, 200, 60000);
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
