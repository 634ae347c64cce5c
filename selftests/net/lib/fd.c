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

/**
 * addr_of() - make a socket address
 * @addr: network order
 * @port: host order
 *
 * Return: the address.
 */
struct sockaddr_in addr_of(uint32_t addr, uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_addr.s_addr = addr, .sin_port = htons(port),
	};
}

/**
 * fd_new_flags() - make a socket
 * @ns: where
 * @flags: SOCK_NONBLOCK ...
 *
 * Return: a stream socket of the protocol under test, SO_REUSEADDR on.
 */
int fd_new_flags(enum net_ns ns, int flags)
{
	int on = 1, fd;

	net_enter(ns);
	fd = TRY(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, net_protocol(ns)));
	TRY(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	return fd;
}

/**
 * fd_new() - make a socket
 * @ns: where
 *
 * Return: a stream socket of the protocol under test, SO_REUSEADDR on.
 */
int fd_new(enum net_ns ns)
{
	return fd_new_flags(ns, 0);
}

/**
 * fd_bound() - make a socket that has an end's name
 * @end: which
 *
 * Return: the socket.
 */
int fd_bound(const struct end *end)
{
	struct sockaddr_in addr = addr_of(end->addr, end->port);
	int fd = fd_new(end->ns);

	TRY(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}

/**
 * fd_listen() - make an end listen
 * @end: which
 * @backlog: as for listen()
 *
 * Return: the listening socket.
 */
int fd_listen(const struct end *end, int backlog)
{
	int fd = fd_bound(end);

	TRY(listen(fd, backlog));
	return fd;
}

/**
 * fd_block() - make calls block, or not
 * @fd: socket
 * @block: true: they do
 */
void fd_block(int fd, bool block)
{
	int flags = TRY(fcntl(fd, F_GETFL));

	TRY(fcntl(fd, F_SETFL, block ? flags & ~O_NONBLOCK : flags | O_NONBLOCK));
}

/**
 * fd_start() - let an end begin to connect to its other end
 * @end: which
 *
 * Return: the socket; its calls block, but connect() has returned.
 */
int fd_start(const struct end *end)
{
	struct sockaddr_in addr = addr_of(end->other->addr, end->other->port);
	int fd = fd_bound(end);

	fd_block(fd, false);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	fd_block(fd, true);
	return fd;
}

/**
 * fd_error() - read SO_ERROR, which clears it
 * @fd: socket
 *
 * Return: errno, 0 for none.
 */
int fd_error(int fd)
{
	socklen_t len = sizeof(int);
	int error;

	TRY(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len));
	return error;
}

/**
 * fd_events() - poll one socket
 * @fd: socket
 * @events: POLLIN ...
 * @ms: how long, 0 not at all
 *
 * Return: revents, 0 when the time is over.
 */
short fd_events(int fd, short events, int ms)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };

	return TRY(poll(&poll_fd, 1, ms)) ? poll_fd.revents : 0;
}

/**
 * fd_connected() - wait until connecting has come to an end
 * @fd: from fd_start()
 *
 * Return: SO_ERROR: 0 when it is open.
 */
int fd_connected(int fd)
{
	if (!fd_events(fd, POLLOUT, PATIENCE_MS))
		die(__FILE__, __LINE__, "connect() does not end");
	return fd_error(fd);
}

/**
 * fd_accept() - wait for a connection and accept it
 * @fd: listening socket
 *
 * Return: the new socket.
 */
int fd_accept(int fd)
{
	if (!fd_events(fd, POLLIN, PATIENCE_MS))
		die(__FILE__, __LINE__, "nothing to accept");
	return TRY(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
}

/**
 * fd_no_accept() - nothing must be there to be accepted
 * @fd: listening socket
 */
void fd_no_accept(int fd)
{
	fd_block(fd, false);
	FAILS(EAGAIN, accept(fd, NULL, NULL));
	fd_block(fd, true);
}

/**
 * fd_send_at() - send a text, all of it
 * @file: of the step
 * @line: of the step
 * @fd: socket
 * @text: a string
 *
 * Behind fd_send().
 */
void fd_send_at(const char *file, int line, int fd, const char *text)
{
	ssize_t len = strlen(text), sent = send(fd, text, len, MSG_NOSIGNAL);

	if (sent < 0)
		die_errno(file, line, "send()");
	if (sent != len)
		die(file, line, "send() took %zd of %zd bytes", sent, len);
}

/**
 * fd_recv_at() - receive a text, which must be this one
 * @file: of the step
 * @line: of the step
 * @fd: socket
 * @text: a string; what comes after it stays
 *
 * Behind fd_recv().
 */
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

/**
 * fd_eof_at() - the end of the stream must be next
 * @file: of the step
 * @line: of the step
 * @fd: socket
 *
 * Behind fd_eof().
 */
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

/**
 * fd_empty_at() - nothing must be there to be received
 * @file: of the step
 * @line: of the step
 * @fd: socket
 *
 * Behind fd_empty().
 */
void fd_empty_at(const char *file, int line, int fd)
{
	char byte;

	fails_at(file, line, "recv()", EAGAIN, recv(fd, &byte, 1, MSG_DONTWAIT));
}

/**
 * fd_linger() - set SO_LINGER
 * @fd: socket
 * @on: l_onoff
 * @seconds: l_linger
 */
void fd_linger(int fd, int on, int seconds)
{
	struct linger linger = { .l_onoff = on, .l_linger = seconds };

	TRY(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
}

/**
 * fd_level() - the level of a socket's own options
 * @fd: socket
 *
 * Return: the number of its protocol.
 */
int fd_level(int fd)
{
	socklen_t len = sizeof(int);
	int number;

	TRY(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &number, &len));
	return number;
}

/**
 * fd_nodelay() - send small segments at once
 * @fd: socket
 *
 * The option's level is the protocol's number, for TCP and HSTP alike.
 */
void fd_nodelay(int fd)
{
	int on = 1;

	TRY(setsockopt(fd, fd_level(fd), TCP_NODELAY, &on, sizeof(on)));
}

/**
 * fd_close() - close(), which must succeed
 * @fd: socket
 */
void fd_close(int fd)
{
	TRY(close(fd));
}

/**
 * fd_shut() - shutdown(), which must succeed
 * @fd: socket
 * @how: SHUT_WR ...
 */
void fd_shut(int fd, int how)
{
	TRY(shutdown(fd, how));
}

/**
 * fd_timeouts() - set SO_RCVTIMEO and SO_SNDTIMEO
 * @fd: socket
 * @ms: both of them
 */
void fd_timeouts(int fd, int ms)
{
	struct timeval time = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	TRY(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
	TRY(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time)));
}

/**
 * call_returns_at() - a call in a thread must return this
 * @file: of the step
 * @line: of the step
 * @call: from st_call_start() or call_asleep()
 * @ret: its value
 * @err: its errno, 0 when @ret is not -1
 *
 * Behind call_returns().
 */
void call_returns_at(const char *file, int line, struct st_call *call, long ret, int err)
{
	if (st_call_join(call))
		die(file, line, "the call does not return");
	if (call->ret != ret || call->err != err)
		die(file, line, "the call returned %ld (%s), not %ld (%s)", call->ret,
		    call->err ? strerrorname_np(call->err) : "no error", ret,
		    err ? strerrorname_np(err) : "no error");
}
