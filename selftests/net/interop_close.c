// SPDX-License-Identifier: GPL-2.0
/* Connections between HSTP and Linux TCP come to their end: RFC 9293 section 3.6. A test's
 * variant names the protocol of the end that opens.
 */
#include "lib/interop.h"

/* One end closes, the other reads the end of the text and closes: figure 12. */
static void normal_close(struct scene *self, struct end *closer, struct end *other,
			 int closer_fd, int other_fd)
{
	fd_send(closer_fd, "last words");
	fd_close(closer_fd);
	relay_text(other_fd, "last words");
	relay_eof(other_fd);
	relay_state(closer, "FIN-WAIT-2");
	relay_state(other, "CLOSE-WAIT");
	fd_close(other_fd);
	relay_state(closer, "TIME-WAIT");
	relay_state(other, "CLOSED");
	NEED(relay_seen(closer, FIN, 0) && relay_seen(other, FIN, 0));
	SAME(relay_seen(closer, RST, 0), 0);
	/* A FIN that goes again, as a slow machine lets it, is acknowledged again; only the first
	 * of these ACKs still finds the other end.
	 */
	NEED(relay_seen(other, RST, 0) < relay_seen(other, FIN, 0));
	/* MUST-13: HSTP stays for 2 MSL, set to 2 s. Linux departs from it: its TIME-WAIT is
	 * 60 s (TCP_TIMEWAIT_LEN), whatever the MSL, which section 3.4.2 has as two minutes.
	 */
	if (closer == self->hstp)
		relay_state(closer, "CLOSED");
}

TEST_F(relay, opener_closes)
{
	int fd[2];

	relay_open(fd);
	normal_close(self, self->first, self->second, fd[0], fd[1]);
}

TEST_F(relay, listener_closes)
{
	int fd[2];

	relay_open(fd);
	normal_close(self, self->second, self->first, fd[1], fd[0]);
}

/* What the closed end gets after its FIN, it takes: section 3.6, case 1 and 2. */
static void half_close(struct scene *self, struct end *closer, struct end *other,
		       int closer_fd, int other_fd)
{
	static char text[20000];
	int sent = 0;

	fd_send(closer_fd, "question");
	fd_shut(closer_fd, SHUT_WR);
	relay_text(other_fd, "question");
	relay_eof(other_fd);
	relay_state(closer, "FIN-WAIT-2");
	relay_state(other, "CLOSE-WAIT");
	FAILS(EPIPE, send(closer_fd, "x", 1, MSG_NOSIGNAL));
	for (int round = 0; round < 5; round++) {
		wire_pattern(text, round, sizeof(text) - 1);
		for (size_t i = 0; i < sizeof(text) - 1; i++)
			text[i] = 'a' + (text[i] & 15);
		sent += TRY(send(other_fd, text, sizeof(text) - 1, MSG_NOSIGNAL));
		for (size_t have = 0; have < sizeof(text) - 1;) {
			char buf[4000];
			ssize_t len;

			relay_until(fd_events(closer_fd, POLLIN, 0));
			len = TRY(recv(closer_fd, buf, sizeof(buf), 0));
			NEED(len > 0 && !memcmp(buf, text + have, len));
			have += len;
		}
	}
	SAME(sent, 5 * (sizeof(text) - 1));
	state_is(closer, "FIN-WAIT-2");
	fd_close(other_fd);
	relay_eof(closer_fd);
	relay_state(closer, "TIME-WAIT");
	relay_state(other, "CLOSED");
	fd_close(closer_fd);
}

TEST_F(relay, opener_half_closes)
{
	int fd[2];

	relay_open(fd);
	half_close(self, self->first, self->second, fd[0], fd[1]);
}

TEST_F(relay, listener_half_closes)
{
	int fd[2];

	relay_open(fd);
	half_close(self, self->second, self->first, fd[1], fd[0]);
}

/* Figure 13: both FINs cross, both ends go through CLOSING to TIME-WAIT. */
TEST_F(relay, simultaneous_close)
{
	int fd[2];

	relay_open(fd);
	relay_hold(self->first, FIN, 0);
	relay_hold(self->second, FIN, 0);
	fd_close(fd[0]);
	fd_close(fd[1]);
	relay_until(relay_held(self->first) && relay_held(self->second));
	state_is(self->first, "FIN-WAIT-1");
	state_is(self->second, "FIN-WAIT-1");
	/* Their ACKs wait until both have the other's FIN. */
	relay_hold(self->first, ACK, FIN);
	relay_hold(self->second, ACK, FIN);
	wire_deliver(relay_last(self->first, FIN, 0));
	wire_deliver(relay_last(self->second, FIN, 0));
	relay_state(self->first, "CLOSING");
	relay_state(self->second, "CLOSING");
	relay_release(self->first);
	relay_release(self->second);
	relay_state(self->first, "TIME-WAIT");
	relay_state(self->second, "TIME-WAIT");
	SAME(relay_seen(self->first, RST, 0) + relay_seen(self->second, RST, 0), 0);
	relay_state(self->hstp, "CLOSED");
}

/* The first FIN of the end that closes first is lost. */
TEST_F(relay, first_fin_lost)
{
	int fd[2];

	relay_open(fd);
	relay_lose(self->first, FIN, 0, 1);
	fd_close(fd[0]);
	relay_eof(fd[1]);
	NEED(relay_seen(self->first, FIN, 0) >= 2);
	relay_state(self->first, "FIN-WAIT-2");
	fd_close(fd[1]);
	relay_state(self->first, "TIME-WAIT");
	relay_state(self->second, "CLOSED");
}

/* ... the FIN of the other end. */
TEST_F(relay, second_fin_lost)
{
	int fd[2];

	relay_open(fd);
	fd_close(fd[0]);
	relay_eof(fd[1]);
	relay_state(self->first, "FIN-WAIT-2");
	relay_lose(self->second, FIN, 0, 1);
	fd_close(fd[1]);
	relay_state(self->first, "TIME-WAIT");
	relay_state(self->second, "CLOSED");
	NEED(relay_seen(self->second, FIN, 0) >= 2);
}

/* The ACK of the last FIN is lost twice: LAST-ACK sends the FIN again, and TIME-WAIT
 * acknowledges it each time, section 3.10.7.4, eighth.
 */
TEST_F(relay, last_ack_lost)
{
	int fd[2], acks;

	relay_open(fd);
	fd_close(fd[0]);
	relay_eof(fd[1]);
	relay_state(self->first, "FIN-WAIT-2");
	acks = relay_seen(self->first, ACK, FIN);
	relay_lose(self->first, ACK, FIN, RELAY_ALWAYS);
	fd_close(fd[1]);
	relay_state(self->first, "TIME-WAIT");
	relay_until(relay_seen(self->first, ACK, FIN) >= acks + 2);
	state_is(self->second, "LAST-ACK");
	relay_reset();
	relay_state(self->second, "CLOSED");
	NEED(relay_seen(self->second, FIN, 0) >= 3);
	SAME(relay_seen(self->first, RST, 0), 0);
}

/* MAY-2, section 3.6.1: a SYN from the other end with a number beyond the last one reopens
 * from TIME-WAIT. The end that was closed first listens.
 */
TEST_F(relay, reopened_from_time_wait)
{
	int listener = fd_listen(self->first, 5), fd[2], again;

	fd[1] = fd_start(self->second);
	relay_until(fd_events(listener, POLLIN, 0));
	fd[0] = fd_accept(listener);
	fd_close(fd[0]);
	relay_eof(fd[1]);
	fd_close(fd[1]);
	relay_state(self->first, "TIME-WAIT");
	relay_state(self->second, "CLOSED");
	/* Its clock has moved on, section 3.4.1: the new ISS is above what was used. */
	again = fd_start(self->second);
	relay_until(fd_events(listener, POLLIN, 0));
	fd[0] = fd_accept(listener);
	relay_until(fd_events(again, POLLOUT, 0));
	SAME(fd_error(again), 0);
	fd_send(again, "once more");
	relay_text(fd[0], "once more");
	relay_state(self->first, "ESTABLISHED");
	relay_state(self->second, "ESTABLISHED");
}

/* A delayed duplicate makes the end that is CLOSED reset one that is in TIME-WAIT. RFC 1337
 * (hazard H1) says to ignore that, and HSTP does. Linux departs from it, as RFC 9293 section
 * 3.10.7.4 (second) lets it: net.ipv4.tcp_rfc1337 is off, and the reset ends TIME-WAIT.
 */
TEST_F(relay, assassination)
{
	int fd[2], resets;

	net_hstp(NS_A, "msl_ms", 10000);
	relay_open(fd);
	fd_close(fd[0]);
	relay_eof(fd[1]);
	fd_close(fd[1]);
	relay_state(self->first, "TIME-WAIT");
	relay_state(self->second, "CLOSED");
	resets = relay_seen(self->second, RST, 0);
	wire_deliver(relay_last(self->first, ACK, FIN));
	relay_until(relay_seen(self->second, RST, 0) > resets);
	if (self->first == self->hstp) {
		wire_sync(NS_A);
		state_is(self->first, "TIME-WAIT");
	} else {
		relay_state(self->first, "CLOSED");
	}
}

/* An end that nobody holds any more does not wait for ever in FIN-WAIT-2: both stacks give
 * up after a while, which RFC 9293 does not ask for. Then the other's text is reset.
 */
TEST_F(relay, fin_wait_2_ends)
{
	int fd[2];

	/* Until then it is looked at. */
	net_hstp(NS_A, "fin_timeout", 2000);
	net_sysctl(NS_B, "net.ipv4.tcp_fin_timeout", 2);
	relay_open(fd);
	fd_close(fd[0]);
	relay_eof(fd[1]);
	relay_state(self->first, "FIN-WAIT-2");
	relay_state(self->first, "CLOSED");
	state_is(self->second, "CLOSE-WAIT");
	fd_send(fd[1], "too late");
	relay_until(relay_seen(self->first, RST, 0));
	relay_state(self->second, "CLOSED");
	SAME(fd_error(fd[1]), EPIPE);
}

TEST_HARNESS_MAIN
