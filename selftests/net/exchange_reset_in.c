// SPDX-License-Identifier: GPL-2.0
/* Exchange 10: which resets are valid, and what they do. RFC 9293 section 3.5.3, and the
 * three checks of RFC 5961 section 3.2 in 3.10.7.4, second.
 */
#include "lib/states.h"

/* "If the receiver was in the LISTEN state, it ignores it." */
TEST_F(peer, listen)
{
	struct end *us = &self->us, *it = &self->it;

	fd_listen(it, 1);
	stats_mark(NS_A);
	wire_send(us, RST, 100);
	wire_send(us, RST | ACK, 100, 301);
	wire_send(us, RST | SYN, 100);
	wire_silence(it);
	state_is(it, "LISTEN");
	STATS(NS_A, "drop listen_rst 3", "reset in ignored 3");
}

/* "In the SYN-SENT state, the RST is acceptable if the ACK field acknowledges the SYN." */
TEST_F(peer, syn_sent)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_to_state(us, it, "SYN-SENT");

	stats_mark(NS_A);
	wire_send(us, RST, 0);
	wire_silence(it);
	state_is(it, "SYN-SENT");
	STATS(NS_A, "drop syn_sent_rst 1", "reset in ignored 1");
	wire_send(us, RST | ACK, 0, 300);
	wire_send(us, RST | ACK, 0, 302);
	wire_silence(it);
	state_is(it, "SYN-SENT");
	STATS(NS_A, "drop syn_sent_ack 2", "reset in ignored 2");
	wire_send(us, RST | ACK, 0, 301);
	state_is(it, "CLOSED");
	ASSERT_EQ(ECONNREFUSED, fd_connected(fd));
	wire_silence(it);
	STATS(NS_A, "transition SYN-SENT CLOSED rst 1", "reset in syn_sent 1");
}

static void is_back_in_listen(struct end *it, int listener)
{
	wire_silence(it);
	state_is(it, "LISTEN");
	fd_no_accept(listener);
	SAME(fd_error(listener), 0);
	STATS(NS_A, "transition SYN-RECEIVED LISTEN rst 1", "transition LISTEN CLOSED merge 1",
	      "reset in to_listen 1");
}

static void is_refused(struct end *it, int fd)
{
	wire_silence(it);
	state_is(it, "CLOSED");
	SAME(fd_connected(fd), ECONNREFUSED);
	STATS(NS_A, "transition SYN-RECEIVED CLOSED rst 1", "reset in syn_received 1");
}

/* SYN-RECEIVED from LISTEN returns to LISTEN, and the user is not informed. */
TEST_F(peer, syn_received_passive)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = wire_to_state(us, it, "SYN-RECEIVED");

	stats_mark(NS_A);
	wire_send(us, RST, 90);
	wire_silence(it);
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, "drop rst_seq 1", "reset in ignored 1");
	wire_send(us, RST, 102);
	wire_expect(it, ACK, 301, 101);
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, "drop rst_seq 1", "reset in challenged 1", "challenge 1");
	wire_send(us, RST, 101);
	is_back_in_listen(it, listener);
}

/* SYN-RECEIVED from SYN-SENT: "the connection was refused". */
TEST_F(peer, syn_received_active)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_cross_syns(us, it);

	stats_mark(NS_A);
	wire_send(us, RST, 101);
	is_refused(it, fd);
}

/* 1) Outside the window: silently dropped, in every state. */
TEST_F(state, outside_window)
{
	struct end *us = &self->us, *it = &self->it;

	wire_send(us, RST, variant->rcv - 1);
	wire_send(us, RST, variant->rcv + 70000);
	wire_send(us, RST | ACK, variant->rcv - 1, variant->una);
	wire_silence(it);
	state_is(it, variant->name);
	STATS(NS_A, "drop rst_seq 3", "reset in ignored 3");
}

/* 3) In the window, but not at RCV.NXT: a challenge ACK and nothing else. */
TEST_F(state, in_window)
{
	struct end *us = &self->us, *it = &self->it;

	wire_send(us, RST, variant->rcv + 1);
	wire_expect(it, ACK, variant->nxt, variant->rcv);
	state_is(it, variant->name);
	wire_silence(it);
	STATS(NS_A, "drop rst_seq 1", "reset in challenged 1", "challenge 1");
}

/* What a program gets: "connection reset" where the peer had not closed; where it had, a
 * broken pipe; nothing where the program had closed as well.
 */
static int error_in(const char *state)
{
	if (!strcmp(state, "CLOSE-WAIT"))
		return EPIPE;
	if (!strcmp(state, "CLOSING") || !strcmp(state, "LAST-ACK") ||
	    !strcmp(state, "TIME-WAIT"))
		return 0;
	return ECONNRESET;
}

static const char *counted_as(const char *state)
{
	if (!strcmp(state, "CLOSING") || !strcmp(state, "LAST-ACK") ||
	    !strcmp(state, "TIME-WAIT"))
		return "reset in closing 1";
	return "reset in synchronized 1";
}

/* 2) At RCV.NXT: the connection is reset. But RFC 1337 (fix F1) lets no reset end
 * TIME-WAIT early.
 */
static void is_reset(struct end *it, const char *state, int fd)
{
	char transition[80];

	snprintf(transition, sizeof(transition), "transition %s CLOSED rst 1", state);
	wire_silence(it);
	if (!strcmp(state, "TIME-WAIT")) {
		state_is(it, "TIME-WAIT");
		SAME(fd_error(fd), 0);
		STATS(NS_A, "drop rst_time_wait 1", "reset in ignored 1");
		return;
	}
	state_is(it, "CLOSED");
	SAME(fd_error(fd), error_in(state));
	STATS(NS_A, transition, counted_as(state));
}

TEST_F(state, exact)
{
	wire_send(&self->us, RST, variant->rcv);
	is_reset(&self->it, variant->name, self->fd);
}

/* SHLD-2: a RST may carry text, which says why; and an ACK does not matter to it. */
TEST_F(state, exact_with_text)
{
	char byte;

	wire_send(&self->us, RST | ACK, variant->rcv, variant->nxt + 5000, "out of memory");
	is_reset(&self->it, variant->name, self->fd);
	/* What it says is no text of the stream. */
	if (variant->peer_open)
		SAME(recv(self->fd, &byte, 1, MSG_DONTWAIT), 0);
}

/* Without RFC 5961: "a reset is valid if its sequence number is in the window", in every
 * state, TIME-WAIT included (3.10.7.4, second).
 */
TEST_F(state, in_window_rfc793)
{
	struct end *us = &self->us, *it = &self->it;
	char transition[80];

	net_hstp(NS_A, "rfc5961", 0);
	wire_send(us, RST, variant->rcv - 1);
	wire_silence(it);
	state_is(it, variant->name);
	STATS(NS_A, "drop rst_seq 1", "reset in ignored 1");

	snprintf(transition, sizeof(transition), "transition %s CLOSED rst 1", variant->name);
	wire_send(us, RST, variant->rcv + 1);
	wire_silence(it);
	state_is(it, "CLOSED");
	ASSERT_EQ(error_in(variant->name), fd_error(self->fd));
	STATS(NS_A, transition, counted_as(variant->name));
}

/* ... in SYN-RECEIVED as well, where a passive open returns to LISTEN (3.10.7.4, second), */
TEST_F(peer, syn_received_passive_rfc793)
{
	struct end *us = &self->us, *it = &self->it;
	int listener;

	net_hstp(NS_A, "rfc5961", 0);
	listener = wire_to_state(us, it, "SYN-RECEIVED");
	stats_mark(NS_A);
	wire_send(us, RST, 100);
	wire_silence(it);
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, "drop rst_seq 1", "reset in ignored 1");
	wire_send(us, RST, 5000);
	is_back_in_listen(it, listener);
}

/* ... and an active one is refused. */
TEST_F(peer, syn_received_active_rfc793)
{
	struct end *us = &self->us, *it = &self->it;
	int fd;

	net_hstp(NS_A, "rfc5961", 0);
	fd = wire_cross_syns(us, it);
	stats_mark(NS_A);
	wire_send(us, RST, 100);
	wire_silence(it);
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, "drop rst_seq 1", "reset in ignored 1");
	wire_send(us, RST, 5000);
	is_refused(it, fd);
}

/* RFC 5961 section 7: challenge ACKs are limited, here to 4 a second. How many of them it
 * is may be kept secret from those who count them: half is the least.
 */
static void challenges_are_limited(struct end *us, struct end *it, const char *state)
{
	uint64_t begin;
	int sent = 0;

	wire_to_state(us, it, state);
	net_hstp(NS_A, "challenge_ack_limit", 4);
	stats_mark(NS_A);
	begin = now_ms();
	for (int i = 0; i < 60; i++)
		wire_send(us, RST, 103 + i);	/* in the window of each */
	wire_sync(NS_A);
	while (wire_next(it, 0))
		sent++;
	NEED(sent >= 2);
	/* Full seconds, and the two that were begun; and two a second of its own */
	NEED((uint64_t)sent <= (4 + 2) * ((now_ms() - begin) / 1000 + 2));
	state_is(it, state);
	stat_grew(NS_A, "challenge", sent);
	stat_grew(NS_A, "drop rst_seq", 60);
	stat_grew(NS_A, "reset in challenged", 60);
}

/* Somebody's connection beside it, on which he asks for more challenges than all together get. */
static void mad_opens(struct end *mad, struct end *its)
{
	wire_ends(mad, NS_T, PORT_US + 1, its, NS_A, PORT_IT + 1);
	wire_open_passive(mad, its, fd_listen(its, 1));
	net_hstp(NS_A, "challenge_ack_limit", 1);
	stats_mark(NS_A);
}

static void mad_asks(struct end *mad, struct end *its)
{
	for (int i = 0; i < 20; i++)
		wire_send(mad, SYN, 101);
	wire_sync(NS_A);
	while (wire_next(its, 0))
		;
}

/* Who uses up all challenge ACKs with one connection does not keep others from answering: the
 * keep-alive probe of an honest peer (section 3.8.4, MUST-29) or its probe of a closed window
 * (MUST-37). Both have SEG.SEQ = SND.NXT - 1, and may have no text.
 */
TEST_F(peer, probes_beyond_the_limit)
{
	struct end *us = &self->us, *it = &self->it, mad, its;

	wire_to_state(us, it, "ESTABLISHED");
	mad_opens(&mad, &its);
	for (int i = 0; i < 3; i++) {
		/* Probes come twice a second at most. */
		if (i)
			usleep(800 * 1000);
		mad_asks(&mad, &its);
		wire_send(us, ACK, 100, 301);
		wire_expect(it, ACK, 301, 101);
	}
	stat_grew(NS_A, "drop seq", 3);
	stat_grew(NS_A, "drop syn_synchronized", 60);
}

/* Nor does he keep them from a challenge: the reset of a peer that has lost our last text (RFC 5961
 * section 3.2), or its SYN,ACK again, the third segment having been lost (section 4), would else
 * never get an answer, since it may come only once.
 */
TEST_F(peer, challenges_beyond_the_limit)
{
	struct end *us = &self->us, *it = &self->it, mad, its;
	static const struct seg honest[] = {
		{ .flags = RST, .seq = 102, .given = true },
		{ .flags = SYN | ACK, .seq = 100, .ack = 301, .given = true },
		{ .flags = ACK, .seq = 101, .ack = 400, .given = true },
	};

	wire_open_active(us, it);
	mad_opens(&mad, &its);
	for (unsigned int i = 0; i < ARRAY_SIZE(honest); i++) {
		/* Twice a second */
		if (i)
			usleep(800 * 1000);
		mad_asks(&mad, &its);
		wire_send_at(us, honest[i]);
		wire_expect(it, ACK, 301, 101);
		state_is(it, "ESTABLISHED");
	}
}

TEST_F(peer, challenge_limit)
{
	challenges_are_limited(&self->us, &self->it, "ESTABLISHED");
}

TEST_F(peer, challenge_limit_syn_received)
{
	challenges_are_limited(&self->us, &self->it, "SYN-RECEIVED");
}

TEST_F(peer, challenge_limit_time_wait)
{
	challenges_are_limited(&self->us, &self->it, "TIME-WAIT");
}

TEST_HARNESS_MAIN
