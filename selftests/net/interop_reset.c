// SPDX-License-Identifier: GPL-2.0
/* Resets between HSTP and Linux TCP, in each state that the one end can be in when the
 * other aborts: RFC 9293 sections 3.5.2, 3.5.3 and 3.10.7. A test's variant names the end
 * that is reset.
 */
#include "lib/interop.h"

/* The end that is reset opens; fd[0] is its socket. */
#define reset_open(fd) relay_open(fd)

static void abort_fd(int fd)
{
	fd_linger(fd, 1, 0);
	fd_close(fd);
}

/* recv() and then SO_ERROR: the error is told once. */
static void told(int fd, int error)
{
	NEED(fd_events(fd, POLLIN, 0) & POLLIN);
	fails_at(__FILE__, __LINE__, "recv()", error, recv(fd, &(char){ 0 }, 1, 0));
	SAME(fd_error(fd), 0);
	SAME(recv(fd, &(char){ 0 }, 1, 0), 0);
	FAILS(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
}

static bool is(const struct end *end, const char *state)
{
	return !strcmp(state_of(end), state);
}

/* It was the reset that ended it, not its own patience with a FIN that is always lost. */
static void ended_by_reset(const struct scene *self, bool tcp, const char *transition)
{
	NEED(relay_seen(self->second, RST, 0));
	if (tcp)
		return;
	stat_grew(NS_A, transition, 1);
	stat_grew(NS_A, "reset in closing", 1);
}

/* The peer's socket is closed before the SYN,ACK comes: RST for that, and the passive end
 * goes back to LISTEN (section 3.10.7.4, second, SYN-RECEIVED).
 */
TEST_F(relay, in_syn_received)
{
	int listener = fd_listen(self->first, 5), fd;

	relay_hold(self->first, SYN | ACK, 0);
	fd = fd_start(self->second);
	relay_until(relay_held(self->first));
	state_is(self->first, "SYN-RECEIVED");
	fd_close(fd);
	relay_state(self->second, "CLOSED");
	relay_release(self->first);
	relay_until(relay_seen(self->second, RST, 0));
	relay_state(self->first, "LISTEN");
	fd_no_accept(listener);
	if (!variant->tcp)
		stat_grew(NS_A, "transition SYN-RECEIVED LISTEN rst", 1);
}

/* An active open in SYN-RECEIVED: the SYNs have crossed, and the other end is gone when the
 * answer to its own arrives. "The connection was refused, signal the user 'connection
 * refused'" (3.10.7.4, second); Linux tells ECONNRESET.
 */
TEST_F(relay, in_syn_received_crossed)
{
	int fd[2];

	relay_lose(self->first, SYN, ACK, RELAY_ALWAYS);
	relay_hold(self->first, SYN | ACK, 0);
	relay_hold(self->second, SYN, ACK);
	fd[0] = fd_start(self->first);
	fd[1] = fd_start(self->second);
	relay_until(relay_seen(self->first, SYN, ACK) && relay_held(self->second));
	state_is(self->first, "SYN-SENT");
	relay_release(self->second);
	relay_until(relay_held(self->first));
	state_is(self->first, "SYN-RECEIVED");
	abort_fd(fd[1]);
	relay_state(self->second, "CLOSED");
	SAME(relay_seen(self->second, RST, 0), 0);
	relay_release(self->first);
	relay_state(self->first, "CLOSED");
	NEED(relay_seen(self->second, RST, 0) >= 1);
	SAME(fd_error(fd[0]), variant->tcp ? ECONNRESET : ECONNREFUSED);
	if (!variant->tcp)
		stat_grew(NS_A, "transition SYN-RECEIVED CLOSED rst", 1);
}

TEST_F(relay, in_established)
{
	int fd[2];

	reset_open(fd);
	abort_fd(fd[1]);
	relay_until(is(self->first, "CLOSED"));
	SAME(relay_seen(self->second, RST, 0), 1);
	told(fd[0], ECONNRESET);
	relay_state(self->second, "CLOSED");
}

/* SHLD-3: what was not read makes close() an abort. */
TEST_F(relay, unread_text)
{
	int fd[2];

	reset_open(fd);
	fd_send(fd[0], "nobody reads this");
	relay_until(fd_unread(fd[1]) > 0);
	fd_close(fd[1]);
	relay_until(is(self->first, "CLOSED"));
	told(fd[0], ECONNRESET);
}

/* SHLD-3: so does what comes after close(). */
TEST_F(relay, text_after_close)
{
	int fd[2];

	reset_open(fd);
	fd_close(fd[1]);
	relay_eof(fd[0]);
	relay_state(self->first, "CLOSE-WAIT");
	fd_send(fd[0], "nobody reads this");
	relay_until(is(self->first, "CLOSED"));
	NEED(relay_seen(self->second, RST, 0) >= 1);
	SAME(fd_error(fd[0]), EPIPE);	/* as in CLOSE-WAIT, below */
	relay_state(self->second, "CLOSED");
}

TEST_F(relay, in_fin_wait_1)
{
	int fd[2];

	reset_open(fd);
	relay_lose(self->first, FIN, 0, RELAY_ALWAYS);
	fd_shut(fd[0], SHUT_WR);
	relay_until(relay_seen(self->first, FIN, 0));
	state_is(self->first, "FIN-WAIT-1");
	abort_fd(fd[1]);
	relay_until(is(self->first, "CLOSED"));
	told(fd[0], ECONNRESET);
}

TEST_F(relay, in_fin_wait_2)
{
	int fd[2];

	reset_open(fd);
	fd_shut(fd[0], SHUT_WR);
	relay_eof(fd[1]);
	relay_state(self->first, "FIN-WAIT-2");
	abort_fd(fd[1]);
	relay_until(is(self->first, "CLOSED"));
	told(fd[0], ECONNRESET);
}

/* Linux tells EPIPE in CLOSE-WAIT where section 3.10.7.4 (second) has "connection reset" for
 * all synchronized states; HSTP's programs get what TCP's get.
 */
TEST_F(relay, in_close_wait)
{
	int fd[2];

	reset_open(fd);
	fd_shut(fd[1], SHUT_WR);
	relay_eof(fd[0]);
	relay_state(self->first, "CLOSE-WAIT");
	relay_state(self->second, "FIN-WAIT-2");
	abort_fd(fd[1]);
	relay_until(is(self->first, "CLOSED"));
	SAME(fd_error(fd[0]), EPIPE);
	SAME(recv(fd[0], &(char){ 0 }, 1, 0), 0);
}

TEST_F(relay, in_last_ack)
{
	int fd[2];

	reset_open(fd);
	fd_shut(fd[1], SHUT_WR);
	relay_eof(fd[0]);
	relay_state(self->second, "FIN-WAIT-2");
	relay_lose(self->first, FIN, 0, RELAY_ALWAYS);
	fd_shut(fd[0], SHUT_WR);
	relay_until(relay_seen(self->first, FIN, 0));
	state_is(self->first, "LAST-ACK");
	abort_fd(fd[1]);
	relay_until(is(self->first, "CLOSED"));
	ended_by_reset(self, variant->tcp, "transition LAST-ACK CLOSED rst");
}

TEST_F(relay, in_closing)
{
	int fd[2];

	reset_open(fd);
	relay_lose(self->first, FIN, 0, RELAY_ALWAYS);
	fd_shut(fd[0], SHUT_WR);
	relay_until(relay_seen(self->first, FIN, 0));
	relay_lose(self->first, ACK, 0, RELAY_ALWAYS);
	fd_shut(fd[1], SHUT_WR);
	relay_state(self->first, "CLOSING");
	state_is(self->second, "FIN-WAIT-1");
	abort_fd(fd[1]);
	relay_until(is(self->first, "CLOSED"));
	ended_by_reset(self, variant->tcp, "transition CLOSING CLOSED rst");
}

/* A connect() that is over: the SYN,ACK that comes after all is answered with a reset. */
TEST_F(relay, given_up_in_syn_sent)
{
	int listener = fd_listen(self->second, 5), fd;

	relay_hold(self->second, SYN | ACK, 0);
	fd = fd_start(self->first);
	relay_until(relay_held(self->second));
	state_is(self->first, "SYN-SENT");
	fd_close(fd);
	relay_state(self->first, "CLOSED");
	relay_release(self->second);
	relay_until(relay_seen(self->first, RST, 0));
	SAME(relay_last(self->first, RST, 0)->flags, RST);
	relay_state(self->second, "LISTEN");
	fd_no_accept(listener);
}

/* RFC 5961 section 3, MAY-12: a reset that is in the window but not at its edge does not
 * end the connection; both stacks ask back, and the peer, who knows better, says nothing.
 */
TEST_F(relay, not_at_the_edge)
{
	struct seen *last;
	int fd[2], acks;

	reset_open(fd);
	fd_send(fd[1], "text");
	relay_text(fd[0], "text");
	relay_for(300);
	last = relay_last(self->second, ACK, 0);
	acks = relay_seen(self->first, ACK, 0);
	wire_send(self->second, RST, last->seq + last->len + 100);
	relay_until(relay_seen(self->first, ACK, 0) > acks);
	state_is(self->first, "ESTABLISHED");
	state_is(self->second, "ESTABLISHED");
	/* Linux answers what is not acceptable only every 500 ms (RFC 5961 section 7). */
	relay_for(1000);
	/* ... and a SYN in the window is answered the same way (section 4 there). */
	acks = relay_seen(self->first, ACK, 0);
	wire_send(self->second, SYN, last->seq + last->len + 100);
	relay_until(relay_seen(self->first, ACK, 0) > acks);
	SAME(relay_seen(self->first, RST, 0), 0);
	state_is(self->first, "ESTABLISHED");
	fd_send(fd[0], "still here");
	relay_text(fd[1], "still here");
}

TEST_HARNESS_MAIN
