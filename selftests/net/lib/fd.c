// SPDX-License-Identifier: GPL-2.0
/* Socket calls of an end of a connection. */
#include "fd.h"

#include <fcntl.h>
#include <netinet/tcp.h>

#define DEFAULT_PROTOCOL	253

int proto = DEFAULT_PROTOCOL;

/* HSTP_TEST_PROTOCOL=6 tries the tests themselves on TCP. */
static void __attribute__((constructor)) choose_protocol(void)
{
	const char *value = getenv("HSTP_TEST_PROTOCOL");

	if (value)
		proto = atoi(value);
}

struct sockaddr_in addr_of(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = addr, .sin_port = htons(port),
	};
}

int fd_new_flags(enum net_ns ns, int flags)
{
	int on = 1, fd;

	net_enter(ns);
	fd = TRY(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, proto));
	TRY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	return fd;
}

int fd_new(enum net_ns ns)
{
	return fd_new_flags(ns, 0);
}

int fd_bound(const struct end *end)
{
	struct sockaddr_in addr = addr_of(end->addr, end->port);
	int fd = fd_new(end->ns);

	TRY(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}

int fd_listen(const struct end *end, int backlog)
{
	int fd = fd_bound(end);

	TRY(listen(fd, backlog));
	return fd;
}

void fd_block(int fd, bool block)
{
	int flags = TRY(fcntl(fd, F_GETFL));

	TRY(fcntl(fd, F_SETFL, block ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}

int fd_start(const struct end *end)
{
	struct sockaddr_in addr = addr_of(end->other->addr, end->other->port);
	int fd = fd_bound(end);

	fd_block(fd, false);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	fd_block(fd, true);
	return fd;
}

int fd_error(int fd)
{
	socklen_t len = sizeof(int);
	int error;

	TRY(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len));
	return error;
}

short fd_events(int fd, short events, int ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return TRY(poll(&poll_fd, 1, ms)) ? poll_fd.revents : 0;
}

int fd_connected(int fd)
{
	if (!fd_events(fd, POLLOUT, PATIENCE_MS))
		die(__FILE__, __LINE__, "connect() does not end");
	return fd_error(fd);
}

int fd_accept(int fd)
{
	if (!fd_events(fd, POLLIN, PATIENCE_MS))
		die(__FILE__, __LINE__, "nothing to accept");
	return TRY(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
}

void fd_no_accept(int fd)
{
	fd_block(fd, false);
	FAILS(EAGAIN, accept(fd, NULL, NULL));
	fd_block(fd, true);
}

void fd_send_at(const char *file, int line, int fd, const char *text)
{
	ssize_t len = strlen(text), sent = send(fd, text, len, MSG_NOSIGNAL);

	if (sent < 0)
		die_errno(file, line, "send()");
	if (sent != len)
		die(file, line, "send() took %zd of %zd bytes", sent, len);
}

void fd_recv_at(const char *file, int line, int fd, const char *text)
{
	ssize_t want = strlen(text), have = 0, len;
	char buf[4096];

	NEED(want < (ssize_t)sizeof(buf));
	while (have < want) {
		if (!fd_events(fd, POLLIN, PATIENCE_MS))
			die(file, line, "%zd of %zd bytes came", have, want);
		len = recv(fd, buf + have, want - have, 0);
		if (len < 0)
			die_errno(file, line, "recv()");
		if (!len)
			die(file, line, "end after %zd of %zd bytes", have, want);
		have += len;
	}
	if (memcmp(buf, text, want))
		die(file, line, "received \"%.*s\", not \"%s\"", (int)want, buf, text);
}

void fd_eof_at(const char *file, int line, int fd)
{
	ssize_t len;
	char byte;

	if (!fd_events(fd, POLLIN, PATIENCE_MS))
		die(file, line, "the end of the stream does not come");
	len = recv(fd, &byte, 1, 0);
	if (len < 0)
		die_errno(file, line, "recv() at the end of the stream");
	if (len)
		die(file, line, "text instead of the end of the stream");
}

void fd_empty_at(const char *file, int line, int fd)
{
	char byte;

	fails_at(file, line, "recv()", EAGAIN, recv(fd, &byte, 1, MSG_DONTWAIT));
}

void fd_linger(int fd, int on, int seconds)
{
	struct linger linger = { .l_onoff = on, .l_linger = seconds };

	TRY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
}

/* The option's level is the protocol's number, for TCP and HSTP alike. */
void fd_nodelay(int fd)
{
	int on = 1;

	TRY(setsockopt(fd, proto, TCP_NODELAY, &on, sizeof(on)));
}

void fd_close(int fd)
{
	TRY(close(fd));
}

void fd_shut(int fd, int how)
{
	TRY(shutdown(fd, how));
}

void fd_timeouts(int fd, int ms)
{
	struct timeval time = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	TRY(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
	TRY(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)));
}

void call_returns_at(const char *file, int line, struct st_call *call, long ret, int err)
{
	if (st_call_join(call))
		die(file, line, "the call does not return");
	if (call->ret != ret || call->err != err)
		die(file, line, "the call returned %ld (%s), not %ld (%s)", call->ret,
		    call->err ? strerrorname_np(call->err) : "no error", ret,
		    err ? strerrorname_np(err) : "no error");
}
