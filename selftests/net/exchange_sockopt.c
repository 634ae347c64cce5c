// SPDX-License-Identifier: GPL-2.0
/* What a peer sees of the options of a socket (tcp(7)): HSTP_CONGESTION, HSTP_WINDOW_CLAMP. */
#include "lib/exchange.h"

#include <linux/hstp.h>

#define MSS		536	/* the tester's SYN has no option */
#define SEGMENT(n)	(301 + (n) * MSS)
#define SEGMENTS	30
#define CLAMP		5000
#define TEXT		1000

static void use_reno(int fd)
{
	TRY(setsockopt(fd, SOL_HSTP, HSTP_CONGESTION, "reno", 4));
}

static void clamp(int fd)
{
	int bytes = CLAMP;

	TRY(setsockopt(fd, SOL_HSTP, HSTP_WINDOW_CLAMP, &bytes, sizeof(bytes)));
}

static void acknowledge(struct end *us, int segments)
{
	wire_send(us, ACK, 101, SEGMENT(segments));
}

/* Segments 0 and 5 are lost. RFC 5681 section 3.2, step 6: the ACK of all before 5 ends recovery,
 * and 5 goes again when three duplicates say so; RFC 6582 would send it at once.
 */
static void recovers_as_reno(struct end *us, struct end *it, int fd)
{
	char text[SEGMENTS * MSS];

	wire_pattern(text, 301, sizeof(text));
	stats_mark(NS_A);
	SAME(send(fd, text, sizeof(text), MSG_DONTWAIT), sizeof(text));
	for (int i = 0; i < 10; i++)
		wire_expect(it, ACK, SEGMENT(i), 101, .len = MSS);
	for (int i = 0; i < 2; i++) {
		acknowledge(us, 0);
		wire_expect(it, ACK, SEGMENT(10 + i), 101, .len = MSS);
	}
	acknowledge(us, 0);
	wire_expect(it, PSH | ACK, SEGMENT(0), 101, .len = MSS);
	acknowledge(us, 5);
	wire_silence(it);
	STATS(NS_A, "retransmit 1");
}

TEST_F(peer, congestion_of_a_listener)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1);

	use_reno(listener);
	recovers_as_reno(us, it, wire_open_passive(us, it, listener));
}

TEST_F(peer, congestion_of_a_connection)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1));

	use_reno(fd);
	recovers_as_reno(us, it, fd);
}

/* The next ACK, and with it the right edge of the window. */
static uint32_t edge(struct end *it, uint32_t ack)
{
	struct seen *seen = wire_next(it, PATIENCE_MS);

	NEED(seen);
	SAME(seen->flags, ACK);
	SAME(seen->len, 0);
	SAME(seen->ack, ack);
	return seen->ack + seen->wnd;
}

static void read_all(int fd, int bytes)
{
	char buf[5 * TEXT];

	NEED(bytes <= (int)sizeof(buf));
	SAME(recv(fd, buf, bytes, MSG_WAITALL), bytes);
}

/* Set before connect(): from the SYN on. */
TEST_F(peer, clamp_of_a_client)
{
	struct end *us = &self->us, *it = &self->it;
	struct sockaddr_in addr = addr_of(us->addr, us->port);
	uint32_t seq = 101, now;
	int fd = fd_bound(it);

	clamp(fd);
	fd_block(fd, false);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	fd_block(fd, true);
	SAME(wire_expect(it, SYN, 300)->wnd, CLAMP);
	wire_send(us, SYN | ACK, 100, 301);
	SAME(edge(it, seq), seq + CLAMP);
	SAME(fd_connected(fd), 0);
	for (int i = 0; i < 4; i++, seq += TEXT) {
		wire_send(us, PSH | ACK, seq, 301, .len = TEXT);
		SAME(edge(it, seq + TEXT), 101 + CLAMP);
	}
	/* What is read makes room, up to the clamp; it may be told before all of it is read. */
	read_all(fd, 4 * TEXT);
	now = edge(it, seq);
	NEED(now > 101 + CLAMP && now <= seq + CLAMP);
}

/* Set on an open connection: the window that the peer knows is not shrunk (SHLD-14), but its
 * right edge goes no further until the clamp allows.
 */
TEST_F(peer, clamp_of_a_connection)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_active(us, it);
	uint32_t seq = 101, known, end;
	struct seen *seen = NULL;

	net_hstp(NS_A, "delack_ms", 1);
	wire_send(us, PSH | ACK, seq, 301, .len = TEXT);
	seq += TEXT;
	known = edge(it, seq);
	NEED(known > seq + 50000);
	end = known;
	clamp(fd);
	read_all(fd, TEXT);
	while (seq < end + TEXT) {
		wire_send(us, PSH | ACK, seq, 301, .len = TEXT);
		seq += TEXT;
		/* It may have told of room before. */
		do {
			uint32_t now;

			seen = wire_next(it, PATIENCE_MS);
			NEED(seen);
			now = seen->ack + seen->wnd;
			NEED(now >= known);
			NEED(now == known || now <= seen->ack + CLAMP);
			known = now;
		} while (seen->ack != seq);
		read_all(fd, TEXT);
	}
	NEED(seen && seen->wnd <= CLAMP);
}

TEST_HARNESS_MAIN
