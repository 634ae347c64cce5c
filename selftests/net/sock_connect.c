// SPDX-License-Identifier: GPL-2.0
/* connect(): blocking and not, its failures, and AF_UNSPEC, which ends a connection. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "sock_fixture.h"

static int connect_to(int fd, const struct sockaddr_in *addr)
{
	return connect(fd, (const struct sockaddr *)addr, sizeof(*addr));
}

static int disconnect(int fd)
{
	struct sockaddr addr = { .sa_family = AF_UNSPEC };

	return connect(fd, &addr, sizeof(addr));
}

/* An address from which no answer ever comes. */
static struct sockaddr_in silent(void)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(4711),
		.sin_addr = st_silent_addr,
	};
}

TEST_F(on, blocking)
{
	int listener = st_listen(variant->proto, &self->pair.addr, 1), fd;

	ASSERT_LE(0, listener);
	fd = st_open(variant->proto);
	EXPECT_OK(connect_to(fd, &self->pair.addr));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(fd, variant->proto));
	EXPECT_EQ(0, st_take_error(fd));
	EXPECT_ERR(EISCONN, connect_to(fd, &self->pair.addr));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(fd, variant->proto));
}

TEST_F(on, nonblocking)
{
	int listener = st_listen(variant->proto, &self->pair.addr, 1), fd;

	ASSERT_LE(0, listener);
	fd = st_open(variant->proto);
	ASSERT_OK(st_nonblocking(fd));
	EXPECT_ERR(EINPROGRESS, connect_to(fd, &self->pair.addr));
	EXPECT_EQ(POLLOUT, st_wait_events(fd, POLLIN | POLLOUT, POLLOUT));
	EXPECT_EQ(0, st_take_error(fd));
	/* The call after the end of the handshake tells its success, once. */
	EXPECT_OK(connect_to(fd, &self->pair.addr));
	EXPECT_ERR(EISCONN, connect_to(fd, &self->pair.addr));
}

/* Between the SYN and its answer. */
TEST_F(on, nonblocking_waits)
{
	struct sockaddr_in addr = silent();
	int fd = st_open(variant->proto);
	char byte = 0;

	ASSERT_OK(st_route_silent());
	ASSERT_OK(st_nonblocking(fd));
	EXPECT_ERR(EINPROGRESS, connect_to(fd, &addr));
	EXPECT_ERR(EALREADY, connect_to(fd, &addr));
	EXPECT_EQ(TCP_SYN_SENT, st_state(fd, variant->proto));
	EXPECT_EQ(0, st_events(fd, POLLIN | POLLOUT | POLLRDHUP));
	EXPECT_EQ(0, st_take_error(fd));
	EXPECT_ERR(EAGAIN, send(fd, &byte, 1, MSG_NOSIGNAL));
	EXPECT_ERR(EAGAIN, recv(fd, &byte, 1, 0));
	EXPECT_ERR(EINVAL, listen(fd, 1));
}

/* RFC 9293, 3.10.7.3: an acceptable reset in SYN-SENT: "connection reset". */
TEST_F(on, refused)
{
	struct sockaddr_in addr = st_loopback(4711);
	int fd = st_open(variant->proto);
	char byte = 0;

	EXPECT_ERR(ECONNREFUSED, connect_to(fd, &addr));
	EXPECT_EQ(TCP_CLOSE, st_state(fd, variant->proto));
	/* connect() took the error with it. */
	EXPECT_EQ(0, st_take_error(fd));
	EXPECT_EQ(POLLOUT | POLLHUP, st_events(fd, POLLOUT));
	EXPECT_ERR(ENOTCONN, recv(fd, &byte, 1, 0));
	EXPECT_ERR(EPIPE, send(fd, &byte, 1, MSG_NOSIGNAL));
	/* The socket can try again. */
	EXPECT_ERR(ECONNREFUSED, connect_to(fd, &addr));
	self->pair.listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, self->pair.listener);
	EXPECT_OK(connect_to(fd, &self->pair.addr));
}

TEST_F(on, refused_nonblocking)
{
	struct sockaddr_in addr = st_loopback(4711);
	short hung = POLLIN | POLLOUT | POLLRDHUP | POLLERR | POLLHUP;
	int fd = st_open(variant->proto);

	ASSERT_OK(st_nonblocking(fd));
	EXPECT_ERR(EINPROGRESS, connect_to(fd, &addr));
	EXPECT_EQ(hung, st_wait_events(fd, POLLIN | POLLOUT | POLLRDHUP, hung));
	EXPECT_EQ(ECONNREFUSED, st_take_error(fd));
	EXPECT_EQ(0, st_take_error(fd));
	EXPECT_EQ(POLLIN | POLLOUT | POLLRDHUP | POLLHUP,
		  st_events(fd, POLLIN | POLLOUT | POLLRDHUP));
}

/* The same, the error being asked for by connect() itself. */
TEST_F(on, refused_connect_again)
{
	struct sockaddr_in addr = st_loopback(4711);
	int fd = st_open(variant->proto);

	ASSERT_OK(st_nonblocking(fd));
	EXPECT_ERR(EINPROGRESS, connect_to(fd, &addr));
	EXPECT_EQ(TCP_CLOSE, st_wait_state(fd, variant->proto, TCP_CLOSE));
	EXPECT_ERR(ECONNREFUSED, connect_to(fd, &addr));
	/* Told; the next call is a new attempt. */
	EXPECT_ERR(EINPROGRESS, connect_to(fd, &addr));
}

/* No answer to any SYN (RFC 9293, 3.8.3): one retransmission, then the end. */
TEST_F(on, timeout)
{
	struct sockaddr_in addr = silent();
	int fd = st_open(variant->proto);

	ASSERT_OK(st_route_silent());
	ASSERT_OK(st_fast_retransmission(variant->proto));
	ASSERT_OK(st_setting(variant->proto, ST_SYN_RETRIES, 1));
	EXPECT_ERR(ETIMEDOUT, connect_to(fd, &addr));
	EXPECT_EQ(TCP_CLOSE, st_state(fd, variant->proto));
	EXPECT_EQ(0, st_take_error(fd));
}

/* The wait is bounded by SO_SNDTIMEO, the attempt is not. */
TEST_F(on, send_timeout)
{
	struct timeval tv = { .tv_usec = 250000 };
	struct sockaddr_in addr = silent();
	int fd = st_open(variant->proto);
	long long start;

	ASSERT_OK(st_route_silent());
	ASSERT_OK(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv)));
	start = st_now_ms();
	EXPECT_ERR(EINPROGRESS, connect_to(fd, &addr));
	EXPECT_LE(50, st_now_ms() - start);
	EXPECT_EQ(TCP_SYN_SENT, st_state(fd, variant->proto));
	/* Meanwhile another call is told that it goes on already, after its own wait. */
	EXPECT_ERR(EALREADY, connect_to(fd, &addr));
}

static void on_signal(int signal)
{
	(void)signal;
}

/*
 * A signal interrupts the wait and not the attempt: it succeeds later.
 * The blocked thread gets the signal once it sleeps in connect().
 */
TEST_F(on, interrupted)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct st_call call = { .nr = SYS_connect, .addr = silent() };

	ASSERT_OK(st_route_silent());
	ASSERT_OK(sigaction(SIGUSR1, &action, NULL));
	call.fd = st_open(variant->proto);
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(EINTR, call.err);
	EXPECT_EQ(TCP_SYN_SENT, st_state(call.fd, variant->proto));
	ASSERT_OK(st_nonblocking(call.fd));
	EXPECT_ERR(EALREADY, connect_to(call.fd, &call.addr));
}

/* The same with SA_RESTART: the call goes on as if nothing had been. */
TEST_F(on, restarted)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };
	struct st_call call = { .nr = SYS_connect, .addr = silent() };

	ASSERT_OK(st_route_silent());
	ASSERT_OK(st_setting(variant->proto, ST_SYN_RETRIES, 1));
	ASSERT_OK(sigaction(SIGUSR1, &action, NULL));
	call.fd = st_open(variant->proto);
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(ETIMEDOUT, call.err);
}

TEST_F(on, bad_address)
{
	struct sockaddr_in addr = st_loopback(4711);
	int fd = st_open(variant->proto);

	EXPECT_ERR(EINVAL, connect(fd, (struct sockaddr *)&addr, 1));
	EXPECT_ERR(EINVAL, connect(fd, (struct sockaddr *)&addr, sizeof(addr) - 1));
	EXPECT_ERR(EINVAL, connect(fd, (struct sockaddr *)&addr, 0));
	EXPECT_ERR(EINVAL, connect(fd, (struct sockaddr *)&addr, -1));
	EXPECT_ERR(EINVAL, connect(fd, (struct sockaddr *)&addr, 4096));
	EXPECT_ERR(EFAULT, connect(fd, (struct sockaddr *)8, sizeof(addr)));
	addr.sin_family = AF_INET6;
	EXPECT_ERR(EAFNOSUPPORT, connect_to(fd, &addr));
	addr.sin_family = AF_UNIX;
	EXPECT_ERR(EAFNOSUPPORT, connect_to(fd, &addr));
	EXPECT_EQ(TCP_CLOSE, st_state(fd, variant->proto));
}

/* No way there: a group, everybody, and an address without a route. */
TEST_F(on, unreachable)
{
	struct sockaddr_in addr = silent();
	int fd = st_open(variant->proto);

	EXPECT_ERR(ENETUNREACH, connect_to(fd, &addr));
	addr.sin_addr.s_addr = inet_addr("224.0.0.1");
	EXPECT_ERR(ENETUNREACH, connect_to(fd, &addr));
	addr.sin_addr.s_addr = inet_addr("127.255.255.255");
	EXPECT_ERR(ENETUNREACH, connect_to(fd, &addr));
	EXPECT_EQ(TCP_CLOSE, st_state(fd, variant->proto));
	addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	EXPECT_ERR(ECONNREFUSED, connect_to(fd, &addr));
}

/* Linux's 0.0.0.0 is the host itself. */
TEST_F(on, any_address)
{
	struct sockaddr_in addr = { .sin_family = AF_INET }, peer;
	socklen_t len = sizeof(peer);
	int listener = st_listen(variant->proto, &self->pair.addr, 1), fd;

	ASSERT_LE(0, listener);
	addr.sin_port = self->pair.addr.sin_port;
	fd = st_connect(variant->proto, &addr);
	ASSERT_LE(0, fd);
	ASSERT_OK(getpeername(fd, (struct sockaddr *)&peer, &len));
	EXPECT_EQ(htonl(INADDR_LOOPBACK), peer.sin_addr.s_addr);
}

/* A socket may meet itself: a simultaneous open (RFC 9293, figure 8). */
TEST_F(on, itself)
{
	struct sockaddr_in addr = st_loopback(4711);
	int fd = st_open(variant->proto);
	char text[6] = "";

	ASSERT_OK(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_OK(connect_to(fd, &addr));
	EXPECT_EQ(TCP_ESTABLISHED, st_state(fd, variant->proto));
	EXPECT_EQ(5, send(fd, "hello", 5, 0));
	EXPECT_EQ(5, st_read_all(fd, text, 5));
	EXPECT_STREQ("hello", text);
}

/* AF_UNSPEC resets the connection, and the socket is as new. */
TEST_F(on, disconnect)
{
	struct sockaddr_in name = { 0 };
	socklen_t len = sizeof(name);
	char byte = 0;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_OK(disconnect(self->pair.client));
	EXPECT_EQ(TCP_CLOSE, st_state(self->pair.client, variant->proto));
	EXPECT_ERR(ECONNRESET, recv(self->pair.server, &byte, 1, 0));
	EXPECT_ERR(ENOTCONN, getpeername(self->pair.client, (struct sockaddr *)&name, &len));
	ASSERT_OK(getsockname(self->pair.client, (struct sockaddr *)&name, &len));
	EXPECT_EQ(0, name.sin_addr.s_addr);
	/* Outstanding calls are told of the reset (RFC 9293, 3.10.5). */
	EXPECT_EQ(ECONNRESET, st_take_error(self->pair.client));
	EXPECT_ERR(ENOTCONN, recv(self->pair.client, &byte, 1, 0));

	EXPECT_OK(connect_to(self->pair.client, &self->pair.addr));
	self->pair.server = accept(self->pair.listener, NULL, NULL);
	ASSERT_LE(0, self->pair.server);
	EXPECT_EQ(1, send(self->pair.client, "x", 1, 0));
	EXPECT_EQ(1, recv(self->pair.server, &byte, 1, 0));
	EXPECT_EQ('x', byte);
}

/* What was received and not read goes with the connection. */
TEST_F(on, disconnect_drops_data)
{
	char byte = 0;

	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	ASSERT_EQ(3, send(self->pair.server, "old", 3, 0));
	ASSERT_EQ(3, st_wait_queued(self->pair.client, 3));
	ASSERT_OK(disconnect(self->pair.client));
	ASSERT_OK(connect_to(self->pair.client, &self->pair.addr));
	self->pair.server = accept(self->pair.listener, NULL, NULL);
	ASSERT_LE(0, self->pair.server);
	ASSERT_EQ(1, send(self->pair.server, "n", 1, 0));
	EXPECT_EQ(1, recv(self->pair.client, &byte, 1, 0));
	EXPECT_EQ('n', byte);
}

/* A name that bind() gave stays; and disconnecting nothing is no error. */
TEST_F(on, disconnect_keeps_name)
{
	struct sockaddr_in addr = st_loopback(4711), name = { 0 };
	socklen_t len = sizeof(name);
	int fd = st_open(variant->proto);

	EXPECT_OK(disconnect(fd));
	self->pair.listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, self->pair.listener);
	ASSERT_OK(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_OK(connect_to(fd, &self->pair.addr));
	ASSERT_OK(disconnect(fd));
	ASSERT_OK(getsockname(fd, (struct sockaddr *)&name, &len));
	EXPECT_EQ(htons(4711), name.sin_port);
	EXPECT_EQ(htonl(INADDR_LOOPBACK), name.sin_addr.s_addr);
}

/* A listener that disconnects stops listening, and can connect then. */
TEST_F(on, disconnect_listener)
{
	struct sockaddr_in addr;
	int fd = st_listen(variant->proto, &addr, 1);

	ASSERT_LE(0, fd);
	self->pair.listener = st_listen(variant->proto, &self->pair.addr, 1);
	ASSERT_LE(0, self->pair.listener);
	EXPECT_OK(disconnect(fd));
	EXPECT_EQ(TCP_CLOSE, st_state(fd, variant->proto));
	EXPECT_EQ(-1, st_connect(variant->proto, &addr));
	EXPECT_EQ(ECONNREFUSED, errno);
	EXPECT_OK(connect_to(fd, &self->pair.addr));
}

/* Giving up an attempt: the handshake stops, a new one may start. */
TEST_F(on, disconnect_attempt)
{
	struct sockaddr_in addr = silent();
	int fd = st_open(variant->proto);

	ASSERT_OK(st_route_silent());
	ASSERT_OK(st_nonblocking(fd));
	ASSERT_ERR(EINPROGRESS, connect_to(fd, &addr));
	EXPECT_OK(disconnect(fd));
	EXPECT_EQ(TCP_CLOSE, st_state(fd, variant->proto));
	EXPECT_ERR(EINPROGRESS, connect_to(fd, &addr));
	EXPECT_EQ(TCP_SYN_SENT, st_state(fd, variant->proto));
}

/* Ephemeral ports run out. */
TEST_F(on, no_port_left)
{
	struct sockaddr_in addr = st_loopback(4711);	/* none of those that run out */
	int listener = st_open(variant->proto), count = 0;

	ASSERT_OK(bind(listener, (struct sockaddr *)&addr, sizeof(addr)));
	ASSERT_OK(listen(listener, 16));
	if (variant->proto == IPPROTO_TCP) {
		FILE *file = fopen("/proc/sys/net/ipv4/ip_local_port_range", "w");

		ASSERT_NE(NULL, file);
		ASSERT_LT(0, fputs("40000 40003", file));
		ASSERT_EQ(0, fclose(file));
	} else {
		ASSERT_OK(st_sysctl("net/hstp/port_min", 40000));
		ASSERT_OK(st_sysctl("net/hstp/port_max", 40003));
	}
	while (count < 10 && st_connect(variant->proto, &addr) >= 0)
		count++;
	EXPECT_EQ(EADDRNOTAVAIL, errno);
	EXPECT_EQ(4, count);
}

TEST_HARNESS_MAIN
