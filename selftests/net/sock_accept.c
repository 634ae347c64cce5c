// SPDX-License-Identifier: GPL-2.0
/* accept() and accept4(): the new socket, waiting for it, and when there is none. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "sock_fixture.h"
#include "sock_raw.h"

static int get(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	return getsockopt(fd, level, name, &value, &len) ? -errno : value;
}

static int set(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value));
}

/* The first connection in the queue comes out first, with its peer's name. */
TEST_F(on, peer)
{
	struct sockaddr_in name[2], peer;
	socklen_t len = sizeof(peer);
	int listener = st_listen(variant->proto, &self->pair.addr, 4), fd;

	ASSERT_LE(0, listener);
	for (int i = 0; i < 2; i++) {
		fd = st_connect(variant->proto, &self->pair.addr);
		ASSERT_LE(0, fd);
		ASSERT_OK(getsockname(fd, (struct sockaddr *)&name[i], &len));
		/* connect() may return before the peer has its ACK. */
		ASSERT_EQ(POLLIN, st_wait_events(listener, POLLIN, POLLIN));
	}
	for (int i = 0; i < 2; i++) {
		memset(&peer, 0xff, sizeof(peer));
		len = sizeof(peer);
		fd = accept(listener, (struct sockaddr *)&peer, &len);
		ASSERT_LE(0, fd);
		EXPECT_EQ(sizeof(peer), len);
		EXPECT_EQ(0, memcmp(&name[i], &peer, sizeof(peer)));
		EXPECT_EQ(TCP_ESTABLISHED, st_state(fd, variant->proto));
		EXPECT_EQ(POLLOUT, st_events(fd, POLLIN | POLLOUT | POLLRDHUP));
	}
}

/* A short buffer gets the name's beginning, and its whole length. */
TEST_F(on, short_address)
{
	union {
		struct sockaddr_in in;
		unsigned char bytes[16];
	} peer;
	socklen_t len = 4;
	int listener = st_listen(variant->proto, &self->pair.addr, 4), fd;

	ASSERT_LE(0, listener);
	ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
	memset(&peer, 0xff, sizeof(peer));
	fd = accept(listener, (struct sockaddr *)&peer, &len);
	ASSERT_LE(0, fd);
	EXPECT_EQ(sizeof(peer.in), len);
	EXPECT_EQ(AF_INET, peer.in.sin_family);
	EXPECT_EQ(0xff, peer.bytes[4]);
}

/* accept4()'s flags are the new descriptor's, not the listener's. */
TEST_F(on, flags)
{
	int listener = st_listen(variant->proto, &self->pair.addr, 4), fd;

	ASSERT_LE(0, listener);
	for (int i = 0; i < 4; i++) {
		int flags = (i & 1 ? SOCK_NONBLOCK : 0) | (i & 2 ? SOCK_CLOEXEC : 0);

		ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
		fd = accept4(listener, NULL, NULL, flags);
		ASSERT_LE(0, fd);
		EXPECT_EQ(i & 1 ? O_NONBLOCK : 0, fcntl(fd, F_GETFL) & O_NONBLOCK);
		EXPECT_EQ(i & 2 ? FD_CLOEXEC : 0, fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	EXPECT_ERR(EINVAL, accept4(listener, NULL, NULL, 1));
}

/* A non-blocking listener's connections are blocking (Linux). */
TEST_F(on, nonblocking)
{
	int listener = st_listen(variant->proto, &self->pair.addr, 4), fd;

	ASSERT_LE(0, listener);
	ASSERT_OK(st_nonblocking(listener));
	EXPECT_ERR(EAGAIN, accept(listener, NULL, NULL));
	ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
	ASSERT_EQ(POLLIN, st_wait_events(listener, POLLIN | POLLOUT, POLLIN));
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(0, fcntl(fd, F_GETFL) & O_NONBLOCK);
	EXPECT_EQ(0, st_events(listener, POLLIN | POLLOUT));
	EXPECT_ERR(EAGAIN, accept(listener, NULL, NULL));
}

TEST_F(on, not_listening)
{
	EXPECT_ERR(EINVAL, accept(st_open(variant->proto), NULL, NULL));
	ASSERT_OK(st_pair_open(&self->pair, variant->proto));
	EXPECT_ERR(EINVAL, accept(self->pair.client, NULL, NULL));
	EXPECT_ERR(EINVAL, accept(self->pair.server, NULL, NULL));
}

TEST_F(on, bad_pointers)
{
	struct sockaddr_in peer;
	socklen_t len = -1;
	int listener = st_listen(variant->proto, &self->pair.addr, 4);

	ASSERT_LE(0, listener);
	ASSERT_OK(st_nonblocking(listener));
	for (int i = 0; i < 2; i++)
		ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
	ASSERT_OK(st_settle());
	/* The connection that could not be named is gone. */
	EXPECT_ERR(EINVAL, accept(listener, (struct sockaddr *)&peer, &len));
	len = sizeof(peer);
	EXPECT_ERR(EFAULT, accept(listener, (struct sockaddr *)8, &len));
	EXPECT_ERR(EAGAIN, accept(listener, NULL, NULL));
	EXPECT_EQ(TCP_LISTEN, st_state(listener, variant->proto));
}

/* Blocked until a connection is there. */
TEST_F(on, blocking)
{
	struct st_call call = { .nr = SYS_accept };

	call.fd = st_listen(variant->proto, &self->pair.addr, 4);
	ASSERT_LE(0, call.fd);
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
	ASSERT_OK(st_call_join(&call));
	EXPECT_LE(0, call.ret);
}

/* One connection wakes one of those who wait. */
TEST_F(on, two_wait)
{
	struct st_call call[2] = { { .nr = SYS_accept }, { .nr = SYS_accept } };

	call[0].fd = st_listen(variant->proto, &self->pair.addr, 4);
	call[1].fd = call[0].fd;
	ASSERT_LE(0, call[0].fd);
	ASSERT_OK(st_call_blocked(&call[0]));
	ASSERT_OK(st_call_blocked(&call[1]));
	for (int i = 0; i < 2; i++)
		ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
	ASSERT_OK(st_call_join(&call[0]));
	ASSERT_OK(st_call_join(&call[1]));
	EXPECT_LE(0, call[0].ret);
	EXPECT_LE(0, call[1].ret);
	EXPECT_NE(call[0].ret, call[1].ret);
}

/* SO_RCVTIMEO bounds the wait. */
TEST_F(on, receive_timeout)
{
	struct timeval tv = { .tv_usec = 250000 };
	int listener = st_listen(variant->proto, &self->pair.addr, 4);
	long long start;

	ASSERT_LE(0, listener);
	ASSERT_OK(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	start = st_now_ms();
	EXPECT_ERR(EAGAIN, accept(listener, NULL, NULL));
	EXPECT_LE(50, st_now_ms() - start);
	ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
	ASSERT_EQ(POLLIN, st_wait_events(listener, POLLIN, POLLIN));
	EXPECT_LE(0, accept(listener, NULL, NULL));
}

static void on_signal(int signal)
{
	(void)signal;
}

TEST_F(on, interrupted)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct st_call call = { .nr = SYS_accept };

	ASSERT_OK(sigaction(SIGUSR1, &action, NULL));
	call.fd = st_listen(variant->proto, &self->pair.addr, 4);
	ASSERT_LE(0, call.fd);
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_EQ(0, pthread_kill(call.thread, SIGUSR1));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(EINTR, call.err);
}

/* shutdown() by another thread ends the wait. */
TEST_F(on, shutdown_wakes)
{
	struct st_call call = { .nr = SYS_accept };

	call.fd = st_listen(variant->proto, &self->pair.addr, 4);
	ASSERT_LE(0, call.fd);
	ASSERT_OK(st_call_blocked(&call));
	ASSERT_OK(shutdown(call.fd, SHUT_RDWR));
	ASSERT_OK(st_call_join(&call));
	EXPECT_EQ(EINVAL, call.err);
}

/* The peer reset it before: the connection is accepted, and says so. */
TEST_F(on, reset_before)
{
	int listener = st_listen(variant->proto, &self->pair.addr, 4), fd;
	char byte;

	ASSERT_LE(0, listener);
	fd = st_connect(variant->proto, &self->pair.addr);
	ASSERT_LE(0, fd);
	ASSERT_EQ(POLLIN, st_wait_events(listener, POLLIN, POLLIN));
	ASSERT_OK(st_abort(fd));
	ASSERT_OK(st_settle());
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(TCP_CLOSE, st_state(fd, variant->proto));
	EXPECT_ERR(ECONNRESET, recv(fd, &byte, 1, 0));
	EXPECT_EQ(0, recv(fd, &byte, 1, 0));
}

/* The peer closed it before: end of file, after the data. */
TEST_F(on, closed_before)
{
	int listener = st_listen(variant->proto, &self->pair.addr, 4), fd;
	char text[8];

	ASSERT_LE(0, listener);
	fd = st_connect(variant->proto, &self->pair.addr);
	ASSERT_LE(0, fd);
	ASSERT_EQ(2, send(fd, "hi", 2, 0));
	ASSERT_OK(close(fd));
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(TCP_CLOSE_WAIT, st_wait_state(fd, variant->proto, TCP_CLOSE_WAIT));
	EXPECT_EQ(2, recv(fd, text, sizeof(text), 0));
	EXPECT_EQ(0, recv(fd, text, sizeof(text), 0));
}

/* Options set on the listener are those of its connections. */
TEST_F(on, inherits)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 7 };
	int listener = st_listen(variant->proto, &self->pair.addr, 4), fd, one = 1;
	struct timeval tv = { .tv_sec = 77 };
	socklen_t len = sizeof(one);

	ASSERT_LE(0, listener);
	ASSERT_OK(setsockopt(listener, SOL_SOCKET, SO_KEEPALIVE, &one, len));
	ASSERT_OK(setsockopt(listener, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
	ASSERT_OK(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)));
	ASSERT_OK(setsockopt(listener, variant->proto, TCP_NODELAY, &one, len));
	ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	one = 0;
	ASSERT_OK(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, &len));
	EXPECT_EQ(1, one);
	one = 0;
	ASSERT_OK(getsockopt(fd, variant->proto, TCP_NODELAY, &one, &len));
	EXPECT_EQ(1, one);
	memset(&linger, 0, sizeof(linger));
	len = sizeof(linger);
	ASSERT_OK(getsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, &len));
	EXPECT_EQ(1, linger.l_onoff);
	EXPECT_EQ(7, linger.l_linger);
	memset(&tv, 0, sizeof(tv));
	len = sizeof(tv);
	ASSERT_OK(getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, &len));
	EXPECT_EQ(77, tv.tv_sec);
}

/* ... and so are these, which are of the socket alone. */
TEST_F(on, inherits_flags)
{
	static const int names[] = {
		SO_TIMESTAMP, SO_TIMESTAMPNS, SO_RXQ_OVFL, SO_SELECT_ERR_QUEUE, SO_OOBINLINE,
		SO_DONTROUTE, SO_DEBUG, SO_RCVMARK, SO_LOCK_FILTER,
	};
	int listener = st_listen(variant->proto, &self->pair.addr, 4), fd;

	ASSERT_LE(0, listener);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		ASSERT_EQ(0, get(listener, SOL_SOCKET, names[i]));
		ASSERT_OK(set(listener, SOL_SOCKET, names[i], 1));
		ASSERT_LE(0, st_connect(variant->proto, &self->pair.addr));
		fd = accept(listener, NULL, NULL);
		ASSERT_LE(0, fd);
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++)
			EXPECT_EQ(get(listener, SOL_SOCKET, names[k]),
				  get(fd, SOL_SOCKET, names[k]));
		EXPECT_EQ(1, get(fd, SOL_SOCKET, names[i]));
		ASSERT_OK(close(fd));
	}
}

/* Stamps go on when the listener, which was the first to ask for them, is gone. */
TEST_F(on, inherits_timestamping)
{
	int flags = SOF_TIMESTAMPING_RX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE;
	char control[CMSG_SPACE(sizeof(struct scm_timestamping))], in[8];
	struct iovec iov = { in, sizeof(in) };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int listener = st_listen(variant->proto, &self->pair.addr, 4), client, fd;
	long long end = st_now_ms() + ST_WAIT_MS;
	struct timespec before, after;
	struct scm_timestamping stamps;
	struct cmsghdr *cmsg;

	ASSERT_LE(0, listener);
	ASSERT_OK(set(listener, SOL_SOCKET, SO_TIMESTAMPING, flags));
	client = st_connect(variant->proto, &self->pair.addr);
	ASSERT_LE(0, client);
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_EQ(flags, get(fd, SOL_SOCKET, SO_TIMESTAMPING));
	ASSERT_OK(close(listener));
	/* They are switched on and off by a work item; what comes before it runs has none. */
	usleep(300000);
	do {
		msg.msg_controllen = sizeof(control);
		ASSERT_EQ(0, clock_gettime(CLOCK_REALTIME, &before));
		ASSERT_EQ(2, send(client, "hi", 2, 0));
		ASSERT_EQ(2, st_wait_queued(fd, 2));
		ASSERT_EQ(0, clock_gettime(CLOCK_REALTIME, &after));
		ASSERT_EQ(2, recvmsg(fd, &msg, 0));
		cmsg = CMSG_FIRSTHDR(&msg);
	} while (!cmsg && st_now_ms() < end);
	ASSERT_NE(NULL, cmsg);
	EXPECT_EQ(SCM_TIMESTAMPING, cmsg->cmsg_type);
	memcpy(&stamps, CMSG_DATA(cmsg), sizeof(stamps));
	EXPECT_LE(before.tv_sec * 1000000000ll + before.tv_nsec,
		  stamps.ts[0].tv_sec * 1000000000ll + stamps.ts[0].tv_nsec);
	EXPECT_GE(after.tv_sec * 1000000000ll + after.tv_nsec,
		  stamps.ts[0].tv_sec * 1000000000ll + stamps.ts[0].tv_nsec);
}

/* The listener's filter is asked for what comes to a connection before accept(), too: a packet
 * that it refuses is as if it were lost.
 */
TEST_F(on, filtered_before)
{
	/* Of more than 80 bytes: dropped; the handshake's are shorter. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, 80, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
	};
	struct sock_fprog program = { .len = 4, .filter = code };
	int listener = st_listen(variant->proto, &self->pair.addr, 4), client, fd;
	char text[100] = "text", in[100] = "";

	ASSERT_LE(0, listener);
	ASSERT_OK(setsockopt(listener, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)));
	client = st_connect(variant->proto, &self->pair.addr);
	ASSERT_LE(0, client);
	ASSERT_EQ(POLLIN, st_wait_events(listener, POLLIN, POLLIN));
	ASSERT_EQ(sizeof(text), send(client, text, sizeof(text), 0));
	/* It is sent again and again, and does not come. */
	usleep(500000);
	fd = accept(listener, NULL, NULL);
	ASSERT_LE(0, fd);
	EXPECT_ERR(EAGAIN, recv(fd, in, sizeof(in), MSG_DONTWAIT));
	ASSERT_OK(set(fd, SOL_SOCKET, SO_DETACH_FILTER, 0));
	EXPECT_EQ(sizeof(in), recv(fd, in, sizeof(in), MSG_WAITALL));
	EXPECT_STREQ("text", in);
}

/* What the listener was set to when the handshake ended is what the connection has and does:
 * what was said to the listener since is for those that come later.
 */
TEST_F(on, inherits_at_handshake)
{
	struct {
		int level;
		int name;
		int value;
	} options[] = {
		{ variant->proto, TCP_NODELAY, 1 },
		{ variant->proto, TCP_CORK, 1 },
		{ variant->proto, TCP_KEEPIDLE, 11 },
		{ variant->proto, TCP_KEEPINTVL, 12 },
		{ variant->proto, TCP_KEEPCNT, 13 },
		{ variant->proto, TCP_LINGER2, 14 },
		{ variant->proto, TCP_USER_TIMEOUT, 15 },
		{ variant->proto, TCP_QUICKACK, 0 },
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ SOL_SOCKET, SO_RCVBUF, 20000 },
		{ SOL_SOCKET, SO_MARK, 16 },
		{ SOL_SOCKET, SO_REUSEADDR, 1 },
		{ SOL_SOCKET, SO_REUSEPORT, 1 },
		{ IPPROTO_IP, IP_TTL, 17 },
		{ IPPROTO_IP, IP_TOS, 0x20 },
		{ IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO },
		{ IPPROTO_IP, IP_TRANSPARENT, 1 },
	};
	int listener = st_listen(variant->proto, &self->pair.addr, 4), client, fd;
	int count = sizeof(options) / sizeof(*options), was[32];
	char device[16] = "";
	socklen_t len = sizeof(device);

	ASSERT_LE(0, listener);
	client = st_connect(variant->proto, &self->pair.addr);
	ASSERT_LE(0, client);
	ASSERT_EQ(POLLIN, st_wait_events(listener, POLLIN, POLLIN));
	for (int i = 0; i < count; i++) {
		was[i] = get(listener, options[i].level, options[i].name);
		ASSERT_OK(set(listener, options[i].level, options[i].name, options[i].value));
		ASSERT_NE(was[i], get(listener, options[i].level, options[i].name));
	}
	ASSERT_OK(setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3));
	for (int later = 0; later < 2; later++) {
		fd = accept(listener, NULL, NULL);
		ASSERT_LE(0, fd);
		for (int i = 0; i < count; i++) {
			int is = get(fd, options[i].level, options[i].name);

			EXPECT_EQ(later ? get(listener, options[i].level, options[i].name) :
				  was[i], is)
				TH_LOG("option %d", i);
		}
		len = sizeof(device);
		ASSERT_OK(getsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, device, &len));
		EXPECT_EQ(later ? 3 : 0, len);
		client = st_connect(variant->proto, &self->pair.addr);
		ASSERT_LE(0, client);
	}
}

TEST_HARNESS_MAIN
