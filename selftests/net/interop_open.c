// SPDX-License-Identifier: GPL-2.0
/* HSTP and Linux TCP open connections with each other, in both roles: RFC 9293 section 3.5.
 * A test's variant names the end that opens, or that the test is about.
 */
#include "lib/interop.h"

static void both_greet(struct scene *self, int one_fd, int other_fd)
{
	fd_send(one_fd, "greetings");
	relay_text(other_fd, "greetings");
	fd_send(other_fd, "and back");
	relay_text(one_fd, "and back");
}

/* Figure 6 */
TEST_F(relay, three_way)
{
	int fd[2];

	interop_patient();
	relay_open(fd);
	relay_state(self->first, "ESTABLISHED");
	relay_state(self->second, "ESTABLISHED");
	SAME(relay_seen(self->first, SYN, ACK), 1);
	SAME(relay_seen(self->second, SYN | ACK, 0), 1);
	SAME(relay_seen(self->second, SYN, ACK), 0);
	/* MUST-14, SHLD-5: both say what they can take: 1500 - 40. */
	SAME(relay_last(self->first, SYN, 0)->mss, 1460);
	SAME(relay_last(self->second, SYN, 0)->mss, 1460);
	both_greet(self, fd[0], fd[1]);
	if (variant->tcp)
		STATS(NS_A, "transition CLOSED LISTEN open-passive 1",
		      "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
		      "transition SYN-RECEIVED ESTABLISHED ack 1",
		      "transition LISTEN CLOSED close 1");
	else
		STATS(NS_A, "transition CLOSED SYN-SENT open-active 1",
		      "transition SYN-SENT ESTABLISHED syn-ack 1");
}

/* The SYN is lost, and its retransmission opens the connection. */
TEST_F(relay, syn_lost)
{
	int fd[2];

	relay_lose(self->first, SYN, ACK, 1);
	relay_open(fd);
	NEED(relay_seen(self->first, SYN, ACK) >= 2);
	both_greet(self, fd[0], fd[1]);
}

/* The SYN,ACK is lost: one of the two sends again, and the other answers. */
TEST_F(relay, syn_ack_lost)
{
	int fd[2];

	relay_lose(self->second, SYN | ACK, 0, 1);
	relay_open(fd);
	NEED(relay_seen(self->second, SYN | ACK, 0) >= 2);
	both_greet(self, fd[0], fd[1]);
}

/* The third segment is lost: text brings the acknowledgment as well. */
TEST_F(relay, ack_lost)
{
	int listener = fd_listen(self->second, 5), fd[2];

	interop_patient();
	relay_lose(self->first, ACK, SYN | PSH, 1);
	fd[0] = fd_start(self->first);
	relay_until(fd_events(fd[0], POLLOUT, 0));
	SAME(fd_error(fd[0]), 0);
	relay_state(self->first, "ESTABLISHED");
	relay_until(relay_seen(self->first, ACK, SYN | PSH) == 1);
	state_is(self->second, "SYN-RECEIVED");
	fd_send(fd[0], "text");
	relay_until(fd_events(listener, POLLIN, 0));
	fd[1] = fd_accept(listener);
	relay_text(fd[1], "text");
	fd_close(listener);
	both_greet(self, fd[0], fd[1]);
}

/* Nobody listens: section 3.10.7.1, a reset, and ECONNREFUSED for the caller. */
TEST_F(relay, refused)
{
	int fd = fd_start(self->first);

	relay_until(fd_events(fd, POLLOUT, 0));
	SAME(fd_error(fd), ECONNREFUSED);
	SAME(relay_seen(self->second, RST | ACK, 0), 1);
	relay_state(self->first, "CLOSED");
}

/* Figure 7, MUST-10: both SYNs cross. Each end has asked for the other by name; the variant
 * is whose SYN arrives first.
 */
TEST_F(relay, simultaneous)
{
	int fd[2];

	relay_hold(self->first, SYN, ACK);
	relay_hold(self->second, SYN, ACK);
	fd[0] = fd_start(self->first);
	fd[1] = fd_start(self->second);
	relay_until(relay_held(self->first) && relay_held(self->second));
	state_is(self->first, "SYN-SENT");
	state_is(self->second, "SYN-SENT");
	relay_hold(self->first, SYN | ACK, 0);
	relay_hold(self->second, SYN | ACK, 0);
	relay_release(self->first);
	relay_release(self->second);
	relay_until(fd_events(fd[0], POLLOUT, 0) && fd_events(fd[1], POLLOUT, 0));
	SAME(fd_error(fd[0]), 0);
	SAME(fd_error(fd[1]), 0);
	relay_state(self->first, "ESTABLISHED");
	relay_state(self->second, "ESTABLISHED");
	/* Each went by way of SYN-RECEIVED: it has sent its SYN with an ACK, too. */
	NEED(relay_seen(self->hstp, SYN | ACK, 0) >= 1);
	NEED(relay_seen(self->tcp, SYN | ACK, 0) >= 1);
	SAME(relay_seen(self->first, RST, 0) + relay_seen(self->second, RST, 0), 0);
	both_greet(self, fd[0], fd[1]);
	stat_grew(NS_A, "transition SYN-SENT SYN-RECEIVED syn", 1);
	stat_grew(NS_A, "transition SYN-RECEIVED ESTABLISHED ack", 1);
}

/* ... one of the two SYNs never arrives: its end is answered with the other's SYN,ACK. */
TEST_F(relay, simultaneous_one_lost)
{
	int fd[2];

	relay_lose(self->first, SYN, ACK, RELAY_ALWAYS);
	fd[0] = fd_start(self->first);
	relay_until(relay_seen(self->first, SYN, ACK));
	fd[1] = fd_start(self->second);
	relay_until(fd_events(fd[0], POLLOUT, 0) && fd_events(fd[1], POLLOUT, 0));
	SAME(fd_error(fd[0]), 0);
	SAME(fd_error(fd[1]), 0);
	relay_state(self->first, "ESTABLISHED");
	relay_state(self->second, "ESTABLISHED");
	both_greet(self, fd[0], fd[1]);
}

/* An old SYN of the opener arrives before the new one, figure 8: the listener's SYN,ACK is
 * for the old one, the opener resets that, and the connection opens all the same.
 */
TEST_F(relay, old_duplicate_syn)
{
	int listener = fd_listen(self->second, 5), fd[2];

	relay_hold(self->first, SYN, ACK);
	fd[0] = fd_start(self->first);
	relay_until(relay_held(self->first));
	wire_send(self->first, SYN, relay_last(self->first, SYN, 0)->seq - 1000000);
	relay_until(relay_seen(self->first, RST, 0));
	state_is(self->first, "SYN-SENT");
	relay_state(self->second, "LISTEN");
	relay_release(self->first);
	relay_until(fd_events(fd[0], POLLOUT, 0) && fd_events(listener, POLLIN, 0));
	SAME(fd_error(fd[0]), 0);
	fd[1] = fd_accept(listener);
	fd_close(listener);
	both_greet(self, fd[0], fd[1]);
}

/* ... and the new SYN arrives before the reset of what the old one has begun. It is outside the
 * window, so the listener says what it expects (3.10.7.4, first), and is reset for that.
 */
TEST_F(relay, old_duplicate_syn_first)
{
	int listener = fd_listen(self->second, 5), fd[2];
	struct seen *syn;

	relay_hold(self->first, SYN, ACK);
	relay_hold(self->second, SYN | ACK, 0);
	fd[0] = fd_start(self->first);
	relay_until(relay_held(self->first));
	syn = relay_last(self->first, SYN, 0);
	wire_send(self->first, SYN, syn->seq - 1000000);
	relay_until(relay_held(self->second));
	state_is(self->second, "SYN-RECEIVED");
	wire_deliver(syn);
	relay_until(relay_seen(self->first, RST, 0));
	SAME(relay_last(self->first, RST, 0)->seq, syn->seq - 1000000 + 1);
	relay_state(self->second, "LISTEN");
	state_is(self->first, "SYN-SENT");
	fd_no_accept(listener);
	relay_release(self->second);
	relay_until(relay_seen(self->first, RST, 0) >= 2);
	wire_sync(self->second->ns);
	state_is(self->second, "LISTEN");
	relay_release(self->first);
	relay_until(fd_events(fd[0], POLLOUT, 0) && fd_events(listener, POLLIN, 0));
	SAME(fd_error(fd[0]), 0);
	fd[1] = fd_accept(listener);
	fd_no_accept(listener);
	fd_close(listener);
	both_greet(self, fd[0], fd[1]);
}

/* Figure 11: an old SYN arrives where both ends listen. What it has begun is reset by the other
 * listener, and both listen as before.
 */
TEST_F(relay, old_syn_between_two_listeners)
{
	int listeners[2] = { fd_listen(self->first, 1), fd_listen(self->second, 1) };

	relay_hold(self->second, SYN | ACK, 0);
	wire_send(self->first, SYN, 1000);
	relay_until(relay_held(self->second));
	state_is(self->second, "SYN-RECEIVED");
	state_is(self->first, "LISTEN");
	relay_release(self->second);
	relay_until(relay_seen(self->first, RST, 0));
	SAME(relay_last(self->first, RST, 0)->seq, 1001);
	relay_state(self->second, "LISTEN");
	state_is(self->first, "LISTEN");
	SAME(relay_seen(self->second, RST, 0), 0);
	fd_no_accept(listeners[0]);
	fd_no_accept(listeners[1]);
}

TEST_HARNESS_MAIN
