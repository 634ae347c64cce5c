// SPDX-License-Identifier: GPL-2.0
/* Text between HSTP and Linux TCP under odd conditions: closed windows, small segments,
 * sequence numbers that wrap, peers that fall silent, options that one of them lacks. A
 * test's variant names the end that opens, or that the test is about.
 */
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>

#include "lib/interop.h"
#include "lib/stream.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	240

/* Take @count bytes of text 0 beginning with byte @from. */
static void take(struct scene *self, int fd, int from, int count)
{
	static char buf[STREAM_SOME];

	for (int have = 0; have < count;) {
		ssize_t len;

		relay_until(fd_events(fd, POLLIN, 0));
		len = count - have < STREAM_SOME ? count - have : STREAM_SOME;
		len = TRY(recv(fd, buf, len, 0));
		NEED(len > 0);
		NEED(!memcmp(buf, stream_text(0, from + have, len), len));
		have += len;
	}
}

/* Send @count bytes of it while they are taken at the other end. */
static void pass(struct scene *self, int from_fd, int to_fd, int count)
{
	int sent = 0, got = 0;

	while (got < count) {
		int len = count - sent < STREAM_SOME ? count - sent : STREAM_SOME, unread;
		ssize_t n = len ? send(from_fd, stream_text(0, sent, len), len,
				       MSG_NOSIGNAL | MSG_DONTWAIT) : 0;

		NEED(n >= 0 || errno == EAGAIN);
		sent += n > 0 ? n : 0;
		relay_until(sent < count || fd_unread(to_fd));
		unread = fd_unread(to_fd);
		if (unread)
			take(self, to_fd, got, unread);
		got += unread;
	}
}

/* As relay_open(), but fd[1] has a small receive buffer from the beginning: one that is made
 * smaller later has Linux drop what its window still covers, against SHLD-14.
 */
static void open_small(struct scene *self, int fd[2])
{
	struct sockaddr_in addr = addr_of(self->second->addr, self->second->port);
	int listener = fd_bound(self->second), size = 8192;

	TRY(setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	TRY(listen(listener, 1));
	fd[0] = fd_bound(self->first);
	fd_block(fd[0], false);
	FAILS(EINPROGRESS, connect(fd[0], (struct sockaddr *)&addr, sizeof(addr)));
	relay_until(fd_events(fd[0], POLLOUT, 0) && fd_events(listener, POLLIN, 0));
	fd[1] = fd_accept(listener);
	fd_close(listener);
}

/* Send until nothing more goes out: the number of bytes. */
static int fill(struct scene *self, int fd)
{
	int sent = 0;

	do {
		ssize_t n = send(fd, stream_text(0, sent, 2000), 2000,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		NEED(n > 0 || errno == EAGAIN);
		sent += n > 0 ? n : 0;
		relay_for(5);
	} while (sent < 60000 && fd_events(fd, POLLOUT, 0));
	relay_until(relay_last(self->second, ACK, 0)->wnd == 0);
	relay_for(500);
	SAME(relay_last(self->second, ACK, 0)->wnd, 0);
	return sent;
}

static int fd_unacked(int fd)
{
	int bytes;

	TRY(ioctl(fd, SIOCOUTQ, &bytes));
	return bytes;
}

/* SHLD-29, SHLD-30: the first after @rto_ms, and each wait is twice the last. */
static int most_probes(uint64_t ms, uint64_t rto_ms)
{
	int count = 0;

	for (uint64_t at = rto_ms; at <= ms; at = 2 * at + rto_ms)
		count++;
	return count;
}

/* MUST-36, MUST-37, SHLD-30 and section 3.8.6.1: the peer's window is closed for a minute (5 s
 * unless HSTP_FULL=1); the end that sends probes, ever more rarely, the other acknowledges,
 * nobody gives up, and what was queued arrives when the window opens.
 */
TEST_F(relay, zero_window)
{
	int seconds = getenv("HSTP_FULL") ? 60 : 5, sent, fd[2], probes, acks;
	uint64_t began;

	net_rto(NS_A, 600, 60000);
	open_small(self, fd);
	began = now_ms();
	sent = fill(self, fd[0]);
	probes = relay_seen(self->first, ACK, 0);
	acks = relay_seen(self->second, ACK, 0);
	relay_for(seconds * 1000);
	/* The more time has gone by before that, the longer are the waits. */
	relay_until(relay_seen(self->first, ACK, 0) >= probes + 2 &&
		    relay_seen(self->second, ACK, 0) >= acks + 2);
	probes = relay_seen(self->first, ACK, 0) - probes;
	NEED(self->first == self->tcp || probes <= most_probes(now_ms() - began, 600));
	SAME(relay_last(self->second, ACK, 0)->wnd, 0);
	state_is(self->first, "ESTABLISHED");
	state_is(self->second, "ESTABLISHED");
	/* Text the other way is acknowledged at once, not with the next probe: Linux drops an
	 * ACK that is beyond its window, as 3.10.7.4 first allows.
	 */
	fd_send(fd[1], "hello");
	relay_text(fd[0], "hello");
	relay_until(fd_unacked(fd[1]) == 0);
	SAME(relay_last(self->first, ACK, 0)->len, 0);
	/* No probe brought more than a window that is closed takes. */
	NEED(fd_unread(fd[1]) < sent);
	take(self, fd[1], 0, sent);
	SAME(fd_error(fd[0]), 0);
	fd_close(fd[0]);
	relay_eof(fd[1]);
}

/* Section 3.10.5 at a closed window that was probed: the reset has a number that the peer takes
 * (3.10.7.4 first makes "special allowance ... to accept valid ACKs, URGs, and RSTs" there).
 */
TEST_F(relay, abort_at_zero_window)
{
	int fd[2], probes, answers;

	net_rto(NS_A, 200, 60000);
	open_small(self, fd);
	fill(self, fd[0]);
	probes = relay_seen(self->first, ACK, 0);
	relay_until(relay_seen(self->first, ACK, 0) > probes);
	answers = relay_seen(self->second, ACK, 0);
	relay_until(relay_seen(self->second, ACK, 0) > answers);
	fd_linger(fd[0], 1, 0);
	fd_close(fd[0]);
	relay_until(!strcmp(state_of(self->second), "CLOSED"));
	SAME(relay_seen(self->first, RST, 0), 1);
}

/* Each window update is lost until a probe was sent: only its answer tells that the window is open
 * (section 3.8.6.1).
 */
TEST_F(relay, window_update_lost)
{
	int sent, fd[2], probes, got;

	net_rto(NS_A, 200, 60000);
	open_small(self, fd);
	sent = fill(self, fd[0]);
	relay_lose(self->second, ACK, 0, RELAY_ALWAYS);
	got = fd_unread(fd[1]);
	NEED(got > 0 && got < sent);
	take(self, fd[1], 0, got);
	relay_until(relay_last(self->second, ACK, 0)->wnd > 0);
	probes = relay_seen(self->first, ACK, 0);
	relay_until(relay_seen(self->first, ACK, 0) > probes);
	/* Less than a segment with text, which would be full here */
	NEED(relay_last(self->first, ACK, 0)->len <= 1);
	relay_reset();
	take(self, fd[1], got, sent - got);
}

/* MUST-14, MUST-16: HSTP_MAXSEG and TCP_MAXSEG of 88 bytes, Linux's least; no segment of
 * either end has more text.
 */
TEST_F(relay, small_segments)
{
	int listener = fd_bound(self->second), mss = 88, fd[2];
	struct sockaddr_in addr = addr_of(self->second->addr, self->second->port);

	TRY(setsockopt(listener, fd_level(listener), TCP_MAXSEG, &mss, sizeof(mss)));
	TRY(listen(listener, 1));
	fd[0] = fd_bound(self->first);
	TRY(setsockopt(fd[0], fd_level(fd[0]), TCP_MAXSEG, &mss, sizeof(mss)));
	fd_block(fd[0], false);
	FAILS(EINPROGRESS, connect(fd[0], (struct sockaddr *)&addr, sizeof(addr)));
	relay_until(fd_events(fd[0], POLLOUT, 0) && fd_events(listener, POLLIN, 0));
	fd[1] = fd_accept(listener);
	SAME(relay_last(self->first, SYN, 0)->mss, 88);
	SAME(relay_last(self->second, SYN, 0)->mss, 88);
	pass(self, fd[0], fd[1], 20000);
	pass(self, fd[1], fd[0], 20000);
	NEED(relay_seen(self->first, ACK, SYN) >= 20000 / 88);
	NEED(relay_seen(self->second, ACK, SYN) >= 20000 / 88);
	/* RFC 6691: what the timestamps take the text has not */
	SAME(relay_longest(self->first), 88 - (INTEROP_ALL ? 12 : 0));
	SAME(relay_longest(self->second), 88 - (INTEROP_ALL ? 12 : 0));
}

/* MUST-65: an MSS option is on the SYN and on nothing else: not on text, ACK, FIN or RST. */
TEST_F(relay, options_on_syn_alone)
{
	int fd[2];

	relay_open(fd);
	pass(self, fd[0], fd[1], 10000);
	pass(self, fd[1], fd[0], 10000);
	fd_shut(fd[0], SHUT_WR);
	relay_eof(fd[1]);
	fd_linger(fd[1], 1, 0);
	fd_close(fd[1]);
	relay_until(relay_seen(self->second, RST, 0));
	NEED(relay_seen(self->first, FIN, 0));
	SAME(relay_with_mss(self->first, SYN, 0), relay_seen(self->first, SYN, 0));
	SAME(relay_with_mss(self->second, SYN, 0), relay_seen(self->second, SYN, 0));
	SAME(relay_with_mss(self->first, 0, SYN), 0);
	SAME(relay_with_mss(self->second, 0, SYN), 0);
}

/* The last segments before the loss of a direction: both ends send at once, each loses its
 * first text segment, and both texts arrive.
 */
TEST_F(relay, first_text_lost_both_ways)
{
	int fd[2];

	relay_open(fd);
	relay_lose(self->first, PSH, 0, 1);
	relay_lose(self->second, PSH, 0, 1);
	fd_send(fd[0], "one way");
	fd_send(fd[1], "the other way");
	relay_text(fd[1], "one way");
	relay_text(fd[0], "the other way");
}

/* Segments that come twice are taken once. */
TEST_F(relay, everything_twice)
{
	struct seen *last;
	int fd[2];

	relay_open(fd);
	for (int i = 0; i < 20; i++) {
		fd_send(fd[i & 1], "twice");
		relay_text(fd[!(i & 1)], "twice");
		last = relay_last(i & 1 ? self->second : self->first, PSH, 0);
		wire_deliver(last);
		wire_sync(last->from->other->ns);
		fd_empty(fd[!(i & 1)]);
	}
}

/* MUST-24 and the rest of section 3.8.4, as far as the peer sees it: probes of an idle
 * connection are answered, and it stays; when they are not, it ends with ETIMEDOUT.
 */
TEST_F(relay, keepalive)
{
	int fd[2], on = 1, idle = 1, count = 3, probes;

	relay_open(fd);
	TRY(setsockopt(fd[0], fd_level(fd[0]), TCP_KEEPIDLE, &idle, sizeof(idle)));
	TRY(setsockopt(fd[0], fd_level(fd[0]), TCP_KEEPINTVL, &idle, sizeof(idle)));
	TRY(setsockopt(fd[0], fd_level(fd[0]), TCP_KEEPCNT, &count, sizeof(count)));
	TRY(setsockopt(fd[0], SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	relay_for(500);
	probes = relay_seen(self->first, ACK, 0);
	relay_until(relay_seen(self->first, ACK, 0) >= probes + 3);
	/* SHLD-12: without text, SEG.SEQ = SND.NXT - 1 */
	SAME(relay_last(self->first, ACK, 0)->len, 0);
	relay_until(relay_last(self->second, ACK, 0)->ack ==
		    relay_last(self->first, ACK, 0)->seq + 1);
	state_is(self->first, "ESTABLISHED");
	state_is(self->second, "ESTABLISHED");
	fd_send(fd[0], "alive");
	relay_text(fd[1], "alive");
	/* MUST-29: one that is lost is not the end. */
	relay_lose(self->second, ACK, 0, 1);
	relay_for(2500);
	state_is(self->first, "ESTABLISHED");
	relay_lose(self->first, ACK, 0, RELAY_ALWAYS);
	relay_state(self->first, "CLOSED");
	FAILS(ETIMEDOUT, recv(fd[0], &(char){ 0 }, 1, 0));
	state_is(self->second, "ESTABLISHED");
}

/* MUST-30 to MUST-33, MUST-62: one urgent byte, out of band as RFC 6093 has it; the pointer
 * is to the first byte that is not urgent, for which Linux needs no setting.
 */
TEST_F(relay, urgent)
{
	struct seen *seen;
	int fd[2], mark;
	char byte;

	relay_open(fd);
	fd_nodelay(fd[0]);
	fd_send(fd[0], "before");
	relay_text(fd[1], "before");
	SAME(send(fd[0], "!", 1, MSG_OOB | MSG_NOSIGNAL), 1);
	relay_until(fd_events(fd[1], POLLPRI, 0) & POLLPRI);
	seen = relay_last(self->first, URG, 0);
	NEED(seen);
	SAME(seen->len, 1);
	SAME(seen->urg, 1);
	fd_send(fd[0], "after");
	relay_until(relay_last(self->first, PSH, 0)->len == 5);
	wire_sync(self->second->ns);
	TRY(ioctl(fd[1], SIOCATMARK, &mark));
	SAME(mark, 1);
	SAME(recv(fd[1], &byte, 1, MSG_OOB), 1);
	SAME(byte, '!');
	fd_recv(fd[1], "after");
	TRY(ioctl(fd[1], SIOCATMARK, &mark));
	SAME(mark, 0);
}

/* What the network gives for the number of a protocol: in every segment of both ends HSTP's
 * number, and checksums that are right for it, whatever its text.
 */
TEST_F(relay, checksums)
{
	int fd[2];

	relay_open(fd);
	/* Each segment that the relay takes is summed; odd lengths too. */
	for (int len = 1; len < 40; len++) {
		NEED(send(fd[0], stream_text(0, 0, len), len, MSG_NOSIGNAL) == len);
		take(self, fd[1], 0, len);
	}
	SAME(stat_now(NS_A, "drop checksum"), 0);
}

TEST_HARNESS_MAIN
