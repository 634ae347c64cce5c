// SPDX-License-Identifier: GPL-2.0
/* HSTP and Linux TCP: the connection is reset by the other end while a program waits in recv(),
 * send(), connect() or accept(), RFC 9293 section 3.10.7. A test's variant names the end whose
 * program waits.
 */
#include <sys/syscall.h>

#include "lib/interop.h"

static void abort_fd(int fd)
{
	fd_linger(fd, 1, 0);
	fd_close(fd);
}

static void reset_during(struct scene *self, struct st_call *call, int fd[2])
{
	call->fd = fd[0];
	call_asleep(call);
	abort_fd(fd[1]);
	relay_state(self->first, "CLOSED");
	call_returns(call, -1, ECONNRESET);
	SAME(fd_error(fd[0]), 0);
}

TEST_F(relay, in_recv)
{
	char buf[8];
	struct st_call call = { .nr = SYS_recvfrom, .buf = buf, .len = sizeof(buf) };
	int fd[2];

	relay_open(fd);
	reset_during(self, &call, fd);
}

/* Nothing that is sent arrives, so that there is no room in the buffer until the end. */
TEST_F(relay, in_send)
{
	static char text[4096];
	struct st_call call = {
		.nr = SYS_sendto, .buf = text, .len = sizeof(text), .flags = MSG_NOSIGNAL,
	};
	int fd[2];

	relay_open(fd);
	relay_lose(self->first, ACK, 0, RELAY_ALWAYS);
	while (send(fd[0], text, sizeof(text), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		relay_turn(self->hstp);
	SAME(errno, EAGAIN);
	reset_during(self, &call, fd);
}

TEST_F(relay, in_connect)
{
	struct st_call call = {
		.nr = SYS_connect, .addr = addr_of(self->second->addr, self->second->port),
	};

	call.fd = fd_bound(self->first);
	call_asleep(&call);
	state_is(self->first, "SYN-SENT");
	relay_state(self->first, "CLOSED");
	SAME(relay_seen(self->second, RST | ACK, 0), 1);
	call_returns(&call, -1, ECONNREFUSED);
}

/* accept() hears nothing of a connection that did not become one, and gets the next. */
TEST_F(relay, in_accept)
{
	struct st_call call = { .nr = SYS_accept };
	int fd;

	call.fd = fd_listen(self->first, 1);
	call_asleep(&call);
	relay_hold(self->first, SYN | ACK, 0);
	fd = fd_start(self->second);
	relay_until(relay_held(self->first));
	state_is(self->first, "SYN-RECEIVED");
	fd_close(fd);
	relay_release(self->first);
	relay_until(relay_seen(self->second, RST, 0));
	relay_state(self->first, "LISTEN");
	SAME(st_call_until_blocked(call.tid, SYS_accept), 0);

	fd = fd_start(self->second);
	relay_until(fd_events(fd, POLLOUT, 0));
	SAME(fd_error(fd), 0);
	relay_state(self->first, "ESTABLISHED");
	SAME(st_call_join(&call), 0);
	NEED(call.ret >= 0);
	fd_send(fd, "hello");
	relay_text(call.ret, "hello");
}

TEST_HARNESS_MAIN
