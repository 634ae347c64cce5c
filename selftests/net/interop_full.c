// SPDX-License-Identifier: GPL-2.0
/* HSTP and Linux TCP when there is no room for a new connection: what does not fit is dropped
 * without an answer, as if it had been lost (RFC 9293 section 3.8.1), and gets in when it comes
 * again and there is room. A test's variant names the end that opens.
 */
#include "lib/interop.h"

/* A connection from a port of its own. */
struct line {
	struct end ends[2];	/* HSTP's, TCP's */
	bool tcp_opens;
	int fd;			/* the client's */
};

/* What is relayed from now on, and what the test means by the names of ends. */
static void turn_to(struct scene *self, struct line *line)
{
	self->hstp = &line->ends[0];
	self->tcp = &line->ends[1];
	self->first = &line->ends[line->tcp_opens];
	self->second = &line->ends[!line->tcp_opens];
}

/* One more, from the next port. */
static void begin(struct scene *self, struct line *line)
{
	uint16_t ports[2] = { self->hstp->port, self->tcp->port };

	line->tcp_opens = self->first == self->tcp;
	ports[line->tcp_opens]++;
	wire_ends(&line->ends[0], NS_A, ports[0], &line->ends[1], NS_B, ports[1]);
	line->ends[0].known = true;
	line->ends[1].known = true;
	turn_to(self, line);
	line->fd = fd_start(self->first);
}

/* ... that gets in, and waits for accept(). */
static void get_in(struct scene *self, struct line *line)
{
	begin(self, line);
	relay_until(fd_events(line->fd, POLLOUT, 0));
	SAME(fd_error(line->fd), 0);
	relay_state(self->second, "ESTABLISHED");
}

/* It is open at both ends, and carries text both ways. */
static void works(struct scene *self, struct line *line, int fd)
{
	turn_to(self, line);
	relay_state(self->first, "ESTABLISHED");
	relay_state(self->second, "ESTABLISHED");
	fd_send(line->fd, "at last");
	relay_text(fd, "at last");
	fd_send(fd, "welcome");
	relay_text(line->fd, "welcome");
}

/* Without cookies, which not every kernel has, Linux drops a SYN when there is no room for another,
 * as HSTP does.
 */
static int listens(struct scene *self, int backlog)
{
	const char *cookies = "/proc/sys/net/ipv4/tcp_syncookies";

	NEED(!net_status(NS_B, "test ! -e %s || echo 0 >%s", cookies, cookies));
	return fd_listen(self->second, backlog);
}

static void dropped(struct scene *self, const char *why)
{
	if (self->second == self->hstp)
		NEED(stat_now(NS_A, why) >= 1);
}

/* The SYN of the last that began is not answered. */
static void syn_dropped(struct scene *self, const char *why)
{
	relay_until(relay_seen(self->first, SYN, ACK));
	wire_sync(self->second->ns);
	relay_turn(self->hstp);
	SAME(relay_seen(self->second, 0, 0), 0);
	state_is(self->first, "SYN-SENT");
	state_is(self->second, "LISTEN");
	dropped(self, why);
}

/* The queue for accept() is full: the next SYN is not answered until there is room. */
TEST_F(relay, syn)
{
	int listener = listens(self, 1), fd;
	struct line lines[3];

	get_in(self, &lines[0]);
	get_in(self, &lines[1]);
	begin(self, &lines[2]);
	syn_dropped(self, "drop listen_overflow");

	fd_accept(listener);
	relay_until(fd_events(lines[2].fd, POLLOUT, 0));
	SAME(fd_error(lines[2].fd), 0);
	NEED(relay_seen(self->first, SYN, ACK) >= 2);
	SAME(relay_seen(self->first, RST, 0) + relay_seen(self->second, RST, 0), 0);
	relay_state(self->second, "ESTABLISHED");
	fd_accept(listener);
	fd = fd_accept(listener);
	fd_no_accept(listener);
	works(self, &lines[2], fd);
}

/* ... is full when the third segment comes, which is dropped: the client has its connection and
 * sends text, which goes again and again until the server has it too.
 */
TEST_F(relay, third_segment)
{
	struct line others[3], late;
	int listener = listens(self, 2), fd;

	get_in(self, &others[0]);
	get_in(self, &others[1]);
	begin(self, &late);
	relay_hold(self->first, ACK, SYN);
	relay_until(relay_held(self->first));
	SAME(fd_connected(late.fd), 0);
	get_in(self, &others[2]);

	turn_to(self, &late);
	relay_release(self->first);
	wire_sync(self->second->ns);
	state_is(self->first, "ESTABLISHED");
	state_is(self->second, "SYN-RECEIVED");
	dropped(self, "drop listen_overflow");
	fd_send(late.fd, "text");
	relay_until(relay_seen(self->first, PSH, 0) >= 2);
	wire_sync(self->second->ns);
	state_is(self->first, "ESTABLISHED");
	state_is(self->second, "SYN-RECEIVED");
	SAME(fd_error(late.fd), 0);

	for (int i = 0; i < 3; i++)
		fd_accept(listener);
	relay_until(fd_events(listener, POLLIN, 0));
	fd = fd_accept(listener);
	fd_no_accept(listener);
	relay_text(fd, "text");
	SAME(relay_seen(self->first, RST, 0) + relay_seen(self->second, RST, 0), 0);
	works(self, &late, fd);
}

/* As many handshakes as may be are under way: the next SYN is not answered until one of them
 * has come to its end.
 */
TEST_F(relay, syn_backlog)
{
	struct line one, other;
	int listener, fd[2];

	net_hstp(NS_A, "max_syn_backlog", 1);
	listener = listens(self, 0);	/* Linux: one more than that */
	begin(self, &one);
	relay_hold(self->second, SYN | ACK, 0);
	relay_until(relay_held(self->second));
	state_is(self->second, "SYN-RECEIVED");

	begin(self, &other);
	syn_dropped(self, "drop syn_backlog");

	turn_to(self, &one);
	relay_release(self->second);
	relay_until(fd_events(listener, POLLIN, 0));
	fd[0] = fd_accept(listener);
	works(self, &one, fd[0]);
	turn_to(self, &other);
	relay_until(fd_events(listener, POLLIN, 0));
	NEED(relay_seen(self->first, SYN, ACK) >= 2);
	fd[1] = fd_accept(listener);
	works(self, &other, fd[1]);
}

TEST_HARNESS_MAIN
