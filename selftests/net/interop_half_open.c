// SPDX-License-Identifier: GPL-2.0
/* Half-open connections between HSTP and Linux TCP: RFC 9293 section 3.5.1. A test's variant
 * names the end that has lost its state; how it lost it, by an abort whose reset did not
 * arrive, the other end cannot know.
 */
#include "lib/interop.h"

/* What the other end has sent since, each time that it has sent it, was reset. */
static void was_reset(struct scene *self, uint8_t with)
{
	int resets = relay_seen(self->first, RST, 0) - 1;

	NEED(resets >= 1);
	NEED(resets <= relay_seen(self->second, with, 0));
}

/* fd[0] is gone, fd[1] remains. */
static void forget(struct scene *self, int fd[2])
{
	relay_lose(self->first, RST, 0, 1);
	fd_linger(fd[0], 1, 0);
	fd_close(fd[0]);
	relay_until(relay_seen(self->first, RST, 0) == 1);
	relay_state(self->first, "CLOSED");
	state_is(self->second, "ESTABLISHED");
}

/* Figure 10: the active side of a half-open connection sends text, and is reset. */
TEST_F(relay, sends_text)
{
	int fd[2];

	relay_open(fd);
	forget(self, fd);
	fd_send(fd[1], "anybody there");
	relay_state(self->second, "CLOSED");
	was_reset(self, PSH);
	FAILS(ECONNRESET, recv(fd[1], &(char){ 0 }, 1, 0));
}

/* ... closes it. */
TEST_F(relay, sends_fin)
{
	int fd[2];

	relay_open(fd);
	forget(self, fd);
	fd_shut(fd[1], SHUT_WR);
	relay_state(self->second, "CLOSED");
	was_reset(self, FIN);
	FAILS(ECONNRESET, recv(fd[1], &(char){ 0 }, 1, 0));
}

/* ... while it waits in recv(). */
TEST_F(relay, sends_nothing)
{
	int fd[2];

	relay_open(fd);
	forget(self, fd);
	relay_for(1000);
	state_is(self->second, "ESTABLISHED");
	SAME(relay_seen(self->second, RST, 0), 0);
	fd_empty(fd[1]);
}

/* Figure 9: the end that forgot opens again from the same port. Its SYN is answered with an
 * ACK that says what the other expects, which it resets; its next SYN finds a listener.
 */
TEST_F(relay, opened_again)
{
	int listener = fd_listen(self->second, 5), fd[2], again;

	fd[0] = fd_start(self->first);
	relay_until(fd_events(fd[0], POLLOUT, 0) && fd_events(listener, POLLIN, 0));
	fd[1] = fd_accept(listener);
	forget(self, fd);
	again = fd_start(self->first);
	relay_until(relay_seen(self->first, RST, 0) >= 2);
	FAILS(ECONNRESET, recv(fd[1], &(char){ 0 }, 1, 0));
	relay_until(fd_events(again, POLLOUT, 0) && fd_events(listener, POLLIN, 0));
	SAME(fd_error(again), 0);
	fd_close(fd[1]);
	fd[1] = fd_accept(listener);
	fd_send(again, "hello again");
	relay_text(fd[1], "hello again");
	relay_state(self->first, "ESTABLISHED");
	relay_state(self->second, "ESTABLISHED");
}

/* The same when the other end has closed since then: a SYN in LAST-ACK. */
TEST_F(relay, opened_again_in_last_ack)
{
	int listener = fd_listen(self->second, 5), fd[2], again;

	fd[0] = fd_start(self->first);
	relay_until(fd_events(fd[0], POLLOUT, 0) && fd_events(listener, POLLIN, 0));
	fd[1] = fd_accept(listener);
	fd_shut(fd[0], SHUT_WR);
	relay_eof(fd[1]);
	relay_state(self->first, "FIN-WAIT-2");
	relay_lose(self->second, FIN, 0, RELAY_ALWAYS);
	fd_close(fd[1]);
	relay_until(relay_seen(self->second, FIN, 0));
	relay_lose(self->first, RST, 0, 1);
	fd_linger(fd[0], 1, 0);
	fd_close(fd[0]);
	relay_until(relay_seen(self->first, RST, 0) == 1);
	relay_state(self->first, "CLOSED");
	state_is(self->second, "LAST-ACK");

	again = fd_start(self->first);
	relay_until(relay_seen(self->first, RST, 0) == 2);
	relay_until(fd_events(again, POLLOUT, 0) && fd_events(listener, POLLIN, 0));
	SAME(fd_error(again), 0);
	if (self->second == self->hstp)
		stat_grew(NS_A, "transition LAST-ACK CLOSED rst", 1);
	fd[1] = fd_accept(listener);
	fd_send(again, "hello again");
	relay_text(fd[1], "hello again");
	relay_state(self->first, "ESTABLISHED");
	relay_state(self->second, "ESTABLISHED");
}

TEST_HARNESS_MAIN
