// SPDX-License-Identifier: GPL-2.0
/* HSTP and Linux TCP when nothing arrives any more: SYN, SYN,ACK, text and FIN are given up after
 * their retries, RFC 9293 section 3.8.3, with "connection timed out"; the other end does not
 * know, until it asks. A test's variant names the end that gives up.
 */
#include <netinet/tcp.h>

#include "lib/interop.h"

/* Both try once more, the shorter of their ways. */
static void give_up_soon(void)
{
	static const char *const hstp[] = {
		"syn_retries", "synack_retries", "retries", "orphan_retries",
	};
	static const char *const tcp[] = {
		"tcp_syn_retries", "tcp_synack_retries", "tcp_retries2", "tcp_orphan_retries",
	};
	char name[64];

	for (int i = 0; i < 4; i++) {
		net_hstp(NS_A, hstp[i], 1);
		snprintf(name, sizeof(name), "net.ipv4.%s", tcp[i]);
		net_sysctl(NS_B, name, 1);
	}
	net_rto(NS_A, 200, 2000);
}

/* Nothing of @first arrives; it has told its program, and is no more. */
static void timed_out(struct scene *self, int fd)
{
	relay_until(fd_events(fd, POLLIN | POLLOUT, 0) & POLLERR);
	FAILS(ETIMEDOUT, recv(fd, &(char){ 0 }, 1, 0));
	SAME(fd_error(fd), 0);
	SAME(recv(fd, &(char){ 0 }, 1, 0), 0);
	relay_state(self->first, "CLOSED");
}

/* The other end asks whether the connection is still there (section 3.8.4), and is told that it
 * is not (3.5.2, group 1).
 */
static void asks(struct scene *self, int fd)
{
	int on = 1, idle = 1;

	relay_reset();
	TRY(setsockopt(fd, fd_level(fd), TCP_KEEPIDLE, &idle, sizeof(idle)));
	TRY(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	relay_until(relay_seen(self->first, RST, 0));
	relay_state(self->second, "CLOSED");
	FAILS(ECONNRESET, recv(fd, &(char){ 0 }, 1, 0));
}

static void counted(struct scene *self, const char *key)
{
	if (self->first == self->hstp)
		stat_grew(NS_A, key, 1);
}

TEST_F(relay, syn_given_up)
{
	int listener = fd_listen(self->second, 1), fd;

	give_up_soon();
	relay_lose(self->first, SYN, 0, RELAY_ALWAYS);
	fd = fd_start(self->first);
	timed_out(self, fd);
	SAME(relay_seen(self->first, SYN, 0), 2);
	state_is(self->second, "LISTEN");
	fd_no_accept(listener);
	counted(self, "transition SYN-SENT CLOSED retries");
}

/* The client goes as well, without a word: the listener's program hears of nothing. */
TEST_F(relay, syn_ack_given_up)
{
	int listener = fd_listen(self->first, 1), fd;

	give_up_soon();
	relay_lose(self->first, SYN | ACK, 0, RELAY_ALWAYS);
	fd = fd_start(self->second);
	relay_until(relay_seen(self->first, SYN | ACK, 0));
	state_is(self->first, "SYN-RECEIVED");
	state_is(self->second, "SYN-SENT");
	fd_close(fd);
	relay_state(self->second, "CLOSED");
	relay_state(self->first, "LISTEN");
	NEED(relay_seen(self->first, SYN | ACK, 0) >= 2);
	SAME(relay_seen(self->first, RST, 0), 0);
	fd_no_accept(listener);
	SAME(fd_error(listener), 0);
	counted(self, "transition SYN-RECEIVED CLOSED retries");
	/* It listens as before. */
	relay_reset();
	fd = fd_start(self->second);
	relay_until(fd_events(fd, POLLOUT, 0) && fd_events(listener, POLLIN, 0));
	SAME(fd_error(fd), 0);
}

TEST_F(relay, text_given_up)
{
	int fd[2];

	relay_open(fd);
	give_up_soon();
	relay_lose(self->first, ACK, 0, RELAY_ALWAYS);
	fd_send(fd[0], "text");
	timed_out(self, fd[0]);
	NEED(relay_seen(self->first, PSH, 0) >= 2);
	state_is(self->second, "ESTABLISHED");
	fd_empty(fd[1]);
	counted(self, "transition ESTABLISHED CLOSED retries");
	asks(self, fd[1]);
}

TEST_F(relay, fin_given_up)
{
	int fd[2];

	relay_open(fd);
	give_up_soon();
	relay_lose(self->first, ACK, 0, RELAY_ALWAYS);
	fd_shut(fd[0], SHUT_WR);
	state_is(self->first, "FIN-WAIT-1");
	timed_out(self, fd[0]);
	NEED(relay_seen(self->first, FIN, 0) >= 2);
	state_is(self->second, "ESTABLISHED");
	fd_empty(fd[1]);
	counted(self, "transition FIN-WAIT-1 CLOSED retries");
	asks(self, fd[1]);
}

/* The end that closed last and has no program any more: the first has its half yet. */
TEST_F(relay, fin_of_last_ack_given_up)
{
	int fd[2];

	relay_open(fd);
	fd_shut(fd[1], SHUT_WR);
	relay_eof(fd[0]);
	relay_state(self->second, "FIN-WAIT-2");
	give_up_soon();
	relay_lose(self->first, ACK, 0, RELAY_ALWAYS);
	fd_close(fd[0]);
	relay_until(relay_seen(self->first, FIN, 0));
	relay_state(self->first, "CLOSED");
	NEED(relay_seen(self->first, FIN, 0) >= 2);
	state_is(self->second, "FIN-WAIT-2");
	fd_empty(fd[1]);
	counted(self, "transition LAST-ACK CLOSED retries");
	asks(self, fd[1]);
}

TEST_HARNESS_MAIN
