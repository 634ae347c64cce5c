// SPDX-License-Identifier: GPL-2.0
/* Numbers that cannot be, from a raw socket: acknowledgments of what was not sent, windows
 * that shrink, blocks of what is not held, timestamps that jump, urgent pointers past the
 * text, text past a FIN. RFC 9293 sections 3.8 and 3.10.7.4; the connection stays, or ends as
 * they say, and nobody gets what was not sent.
 */
#include <linux/tcp.h>
#include <sys/ioctl.h>

#include "bad.h"

enum { SACK = 5, STAMPS = 8 };

/* States in which the peer's numbers are known, and what comes next in each. */
static const struct place {
	const char *state;
	uint32_t snd_nxt, rcv_nxt;
	bool text;		/* may come */
} places[] = {
	{ "ESTABLISHED", 301, 101, true },
	{ "FIN-WAIT-1", 302, 101, true },
	{ "FIN-WAIT-2", 302, 101, true },
	{ "CLOSE-WAIT", 301, 102, false },
	{ "CLOSING", 302, 102, false },
	{ "LAST-ACK", 302, 102, false },
	{ "TIME-WAIT", 302, 102, false },
};

#define PLACES	((int)(sizeof(places) / sizeof(*places)))

/* In a place of its own: the ends, and the socket. */
static int bring_to(const struct place *place, int number, struct end *us, struct end *it)
{
	int fd;

	wire_ends(us, NS_T, PEER + number, it, NS_A, PORT + number);
	fd = wire_to_state(us, it, place->state);
	stats_mark(NS_A);
	return fd;
}

static void leave(struct end *it, int fd)
{
	fd_linger(fd, 1, 0);
	fd_close(fd);
	while (wire_next(it, 50))
		;
}

/* Section 3.10.7.4, fifth: "If the ACK acks something not yet sent (SEG.ACK > SND.NXT), then
 * send an ACK, drop the segment, and return."
 */
TEST_F(bad, ack_beyond)
{
	static const uint32_t beyond[] = { 1, 2, 65535, 0x7ffffff0 };

	for (int i = 0; i < PLACES; i++) {
		const struct place *p = &places[i];
		struct end us, it;
		int fd = bring_to(p, i, &us, &it);

		for (int n = 0; n < 4; n++) {
			wire_send(&us, PSH | ACK, p->rcv_nxt, p->snd_nxt + beyond[n],
				  p->text ? "no" : NULL);
			wire_expect(&it, ACK, p->snd_nxt, p->rcv_nxt);
		}
		wire_silence(&it);
		state_is(&it, p->state);
		STATS(NS_A, "drop ack_beyond 4", "challenge 4");
		if (p->text)
			fd_empty(fd);
		leave(&it, fd);
	}
}

/* RFC 5961 section 5.2: an ACK older than the largest window is no honest peer's. Without it
 * the ACK "can be ignored", and text that comes with it counts.
 */
TEST_F(bad, ack_old)
{
	static const uint32_t back[] = { 70000, 1 << 20, 0x7ffffff0 };

	for (int rfc5961 = 1; rfc5961 >= 0; rfc5961--) {
		net_hstp(NS_A, "rfc5961", rfc5961);
		for (int i = 0; i < PLACES; i++) {
			const struct place *p = &places[i];
			struct end us, it;
			int fd = bring_to(p, 10 * rfc5961 + i, &us, &it);

			for (int n = 0; rfc5961 && n < 3; n++) {
				wire_send(&us, PSH | ACK, p->rcv_nxt, p->snd_nxt - back[n],
					  p->text ? "no" : NULL);
				wire_expect(&it, ACK, p->snd_nxt, p->rcv_nxt);
			}
			if (rfc5961)
				STATS(NS_A, "drop ack_old 3", "challenge 3");
			if (p->text && rfc5961)
				fd_empty(fd);
			if (p->text && !rfc5961) {
				wire_send(&us, PSH | ACK, p->rcv_nxt, p->snd_nxt - back[0], "yes");
				fd_recv(fd, "yes");
			}
			state_is(&it, p->state);
			leave(&it, fd);
		}
	}
}

/* MUST-34, SHLD-16: a peer that shrinks its window below what is on its way. Nothing new goes
 * out, nothing ends; what it can take later it gets.
 */
TEST_F(bad, window_shrinks)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1)), got = 0;
	char text[6000];
	struct seen *seen;

	fd_nodelay(fd);
	wire_pattern(text, 301, sizeof(text));
	SAME(send(fd, text, 3000, 0), 3000);
	while (got < 3000) {
		seen = wire_next(it, PATIENCE_MS);
		NEED(seen);
		SAME(seen->seq, 301 + got);
		got += seen->len;
	}
	wire_send(us, ACK, 101, 301, .wnd = 10);
	wire_send(us, ACK, 101, 301, .wnd = 1);
	wire_send(us, ACK, 101, 301, .wnd = ZERO_WINDOW);
	SAME(send(fd, text + 3000, 3000, 0), 3000);
	wire_silence(it);
	state_is(it, "ESTABLISHED");
	/* All has arrived after all. */
	wire_send(us, ACK, 101, 3301, .wnd = 3000);
	while (got < 6000) {
		seen = wire_next(it, PATIENCE_MS);
		NEED(seen);
		SAME(seen->seq, 301 + got);
		NEED(!memcmp(seen->text, text + got, seen->len));
		got += seen->len;
	}
	SAME(got, 6000);
	wire_send(us, ACK, 101, 6301);
	wire_silence(it);
	leave(it, fd);
}

/* The largest window that there is, a quarter of all numbers (RFC 7323 section 2.3), and an edge
 * that moves left with each ACK: each is believed, and only what there is goes out.
 */
TEST_F(bad, window_huge)
{
	static const uint8_t scale[] = { 3, 3, 14, 1 };
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), fd;
	socklen_t len = sizeof(struct tcp_info);
	struct tcp_info info;

	wire_send(us, SYN, 100, .opt = scale, .optlen = 4);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301, .wnd = 65535);
	fd = fd_accept(listener);
	fd_nodelay(fd);
	for (int i = 0; i < 5; i++) {
		fd_send(fd, "1234");
		wire_expect(it, PSH | ACK, 301 + 4 * i, 101, "1234");
		wire_send(us, ACK, 101, 305 + 4 * i, .wnd = 65535 - 10000 * i);
		wire_sync(NS_A);
		TRY(getsockopt(fd, fd_level(fd), TCP_INFO, &info, &len));
		SAME(info.tcpi_snd_wnd, (65535 - 10000 * i) << 14);
	}
	wire_silence(it);
	state_is(it, "ESTABLISHED");
	leave(it, fd);
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* A connection with SACK; "text" is out, and then a FIN: the stack's real number of its
 * first byte.
 */
static uint32_t open_with_sack(struct end *us, struct end *it, int *fd)
{
	static const uint8_t permitted[] = { 4, 2, 1, 1 };
	int listener = fd_listen(it, 1);
	struct seen *seen;

	wire_send(us, SYN, 100, .opt = permitted, .optlen = 4);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	*fd = fd_accept(listener);
	fd_nodelay(*fd);
	seen = (fd_send(*fd, "text"), wire_expect(it, PSH | ACK, 301, 101, "text"));
	return seen->real_seq;
}

static void send_block(struct end *us, uint32_t ack, uint32_t left, uint32_t right)
{
	uint8_t block[] = { 1, 1, SACK, 10, 0, 0, 0, 0, 0, 0, 0, 0 };

	put32(block + 4, left);
	put32(block + 8, right);
	wire_send(us, ACK, 101, ack, .opt = block, .optlen = 12);
}

/* RFC 2018 section 8: what was reported may be thrown away. The peer has said that it holds
 * all that follows the first byte, the FIN as well; when that does not show in SEG.ACK, all of
 * it goes again.
 */
TEST_F(bad, blocks_taken_back)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t real, from = 301;
	int fd;

	net_rto(NS_A, 1000, 4000);
	real = open_with_sack(us, it, &fd);
	fd_shut(fd, SHUT_WR);
	wire_expect(it, FIN | ACK, 305, 101);
	send_block(us, 301, real + 1, real + 5);
	while (from < 306) {
		struct seen *seen = wire_next(it, PATIENCE_MS);

		NEED(seen);
		if (seen->seq != from)
			continue;
		NEED(!memcmp(seen->text, &"text"[from - 301], seen->len));
		from += seen->len + !!(seen->flags & FIN);
		/* It had only this. */
		if (from < 306)
			wire_send(us, ACK, 101, from);
	}
	wire_send(us, ACK, 101, 306);
	state_is(it, "FIN-WAIT-2");
	leave(it, fd);
}

/* Blocks that cannot be true, in the states after close(): below SND.UNA, beyond SND.NXT,
 * turned round, of half the numbers, as wide as nothing. They are not believed, and what is
 * out goes again by its timer.
 */
TEST_F(bad, blocks_that_lie)
{
	static const uint32_t lies[][2] = {
		{ 5, 6 }, { 6, 100 }, { 0, 0x80000000 }, { 0x80000000, 0 }, { 4, 1 }, { 2, 2 },
		{ (uint32_t)-100, 0 }, { (uint32_t)-100, 5 }, { 0x7fffffff, 0x80000005 },
	};
	struct end *us = &self->us, *it = &self->it;
	uint32_t real;
	int fd;

	net_rto(NS_A, 2000, 8000);
	real = open_with_sack(us, it, &fd);
	fd_shut(fd, SHUT_WR);
	wire_expect(it, FIN | ACK, 305, 101);
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++)
		for (int n = 0; n < 4; n++)
			send_block(us, 301, real + lies[i][0], real + lies[i][1]);
	state_is(it, "FIN-WAIT-1");
	wire_expect(it, FIN | PSH | ACK, 301, 101, "text");
	wire_send(us, ACK, 101, 306);
	state_is(it, "FIN-WAIT-2");
	send_block(us, 306, real + 1, real + 3);
	send_block(us, 306, real + 6, real + 300);
	state_is(it, "FIN-WAIT-2");
	wire_send(us, FIN | ACK, 101, 306);
	wire_expect(it, ACK, 306, 102);
	state_is(it, "TIME-WAIT");
	leave(it, fd);
}

static const uint8_t *stamp(uint32_t value, uint32_t echo)
{
	static uint8_t bytes[12] = { 1, 1, STAMPS, 10 };

	put32(bytes + 4, value);
	put32(bytes + 8, echo);
	return bytes;
}

#define STAMP(value, echo) .opt = stamp(value, echo), .optlen = 12

static uint32_t in_stamps(const struct seen *seen, int offset)
{
	const uint8_t *at = wire_option(seen, STAMPS);

	NEED(at);
	at += offset;
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint32_t value_of(const struct seen *seen)
{
	return in_stamps(seen, 2);
}

static uint32_t echo_of(const struct seen *seen)
{
	return in_stamps(seen, 6);
}

/* RFC 7323 section 5.3: what jumps forward by less than 2^31 is newer, and counts from then on;
 * what jumps by more, or back, is old: text is acknowledged and thrown away. A segment out
 * of the window does not move the clock (R2 before R3).
 */
TEST_F(bad, stamps_that_jump)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), fd;
	struct seen *seen;

	wire_send(us, SYN, 100, STAMP(1000, 0));
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301, STAMP(1000, 0));
	fd = fd_accept(listener);
	stats_mark(NS_A);

	wire_send(us, PSH | ACK, 101 + 100000, 301, "out", STAMP(0x40000000, 0));
	SAME(echo_of(wire_expect(it, ACK, 301, 101)), 1000);
	wire_send(us, PSH | ACK, 101, 301, "half", STAMP(1000 + 0x80000001u, 0));
	SAME(echo_of(wire_expect(it, ACK, 301, 101)), 1000);
	fd_empty(fd);
	wire_send(us, PSH | ACK, 101, 301, "next", STAMP(1000 + 0x7fffffffu, 0));
	seen = wire_expect(it, ACK, 301, 105);
	SAME(echo_of(seen), 1000 + 0x7fffffffu);
	fd_recv(fd, "next");
	for (int i = 0; i < 3; i++) {
		wire_send(us, PSH | ACK, 105, 301, "back", STAMP(1000 + i, 0));
		SAME(echo_of(wire_expect(it, ACK, 301, 105)), 1000 + 0x7fffffffu);
	}
	fd_empty(fd);
	STATS(NS_A, "drop old_timestamp 4", "drop seq 1");
	state_is(it, "ESTABLISHED");
	leave(it, fd);
}

/* Who guesses a number in the window, but no ACK that the peer could send (RFC 5961 section 5.2),
 * has said nothing: its timestamp, far ahead, does not make honest text old.
 */
TEST_F(bad, stamps_of_the_blind)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), fd;

	wire_send(us, SYN, 100, STAMP(1000, 0));
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301, STAMP(1000, 0));
	fd = fd_accept(listener);
	stats_mark(NS_A);

	wire_send(us, PSH, 101, 0, "none", STAMP(0x40000000, 0));
	wire_send(us, PSH | ACK, 99, 301 - 70000, "old", STAMP(0x40000000, 0));
	SAME(echo_of(wire_expect(it, ACK, 301, 101)), 1000);
	wire_send(us, PSH | ACK, 101, 302, "beyond", STAMP(0x40000000, 0));
	SAME(echo_of(wire_expect(it, ACK, 301, 101)), 1000);
	wire_send(us, SYN, 101, 0, STAMP(0x40000000, 0));
	SAME(echo_of(wire_expect(it, ACK, 301, 101)), 1000);
	wire_send(us, PSH | ACK, 101, 301, "honest", STAMP(1001, 0));
	SAME(echo_of(wire_expect(it, ACK, 301, 107)), 1001);
	fd_recv(fd, "honest");
	STATS(NS_A, "drop no_ack 1", "drop ack_old 1", "drop ack_beyond 1",
	      "drop syn_synchronized 1", "challenge 3");
	leave(it, fd);
}

/* Section 4.1 there: an echo of what was not sent, of the future or of long ago, is no round
 * trip of 25 days. The text that is out goes again in time, which is measured with an echo that is
 * true.
 */
TEST_F(bad, echoes_that_lie)
{
	static const uint32_t off[] = { 0, 1, 1000000, 0x7fffffff, 0x80000000, 0xffffffff };
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), fd, at = 301;
	struct seen *seen;
	uint32_t now;

	wire_send(us, SYN, 100, STAMP(1000, 0));
	seen = wire_expect(it, SYN | ACK, 300, 101);
	now = value_of(seen);
	wire_send(us, ACK, 101, 301, STAMP(1000, now));
	fd = fd_accept(listener);
	for (size_t i = 0; i < sizeof(off) / sizeof(*off); i++) {
		fd_send(fd, "1234");
		wire_expect(it, PSH | ACK, at, 101, "1234");
		at += 4;
		wire_send(us, ACK, 101, at, STAMP(1001 + i, now + off[i]));
	}
	net_rto(NS_A, 500, 2 * PATIENCE_MS);
	fd_send(fd, "true");
	seen = wire_expect(it, PSH | ACK, at, 101, "true");
	at += 4;
	wire_send(us, ACK, 101, at, STAMP(1009, value_of(seen)));
	fd_send(fd, "last");
	wire_expect(it, PSH | ACK, at, 101, "last");
	seen = wire_next(it, PATIENCE_MS);
	NEED(seen);
	SAME(seen->seq, at);
	wire_send(us, ACK, 101, at + 4, STAMP(1010, 0));
	state_is(it, "ESTABLISHED");
	leave(it, fd);
}

static int at_mark(int fd)
{
	int mark = -1;

	TRY(ioctl(fd, SIOCATMARK, &mark));
	return mark;
}

/* Section 3.8.5, MUST-31: the pointer may lie anywhere, as far from the text as the field goes.
 * The text is read as ever; that which is announced and has not come cannot be.
 */
TEST_F(bad, urgent_past_the_text)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1));
	char byte, text[2000];

	wire_send(us, PSH | ACK | URG, 101, 301, "abc", .urg = 65535);
	wire_expect(it, ACK, 301, 104);
	fd_recv(fd, "abc");
	FAILS(EAGAIN, recv(fd, &byte, 1, MSG_OOB));
	SAME(at_mark(fd), 0);
	/* One that goes back is not news (3.10.7.4, sixth: RCV.UP = max). */
	wire_send(us, PSH | ACK | URG, 104, 301, "def", .urg = 1);
	fd_recv(fd, "def");
	wire_send(us, ACK | URG, 107, 301, .urg = 65535);
	wire_send(us, ACK | URG, 107, 301);
	wire_send(us, PSH | ACK, 107, 301, "ghi", .urg = 9);
	fd_recv(fd, "ghi");
	FAILS(EAGAIN, recv(fd, &byte, 1, MSG_OOB));
	fd_empty(fd);
	SAME(fd_events(fd, POLLIN | POLLPRI, 0), 0);
	/* The stream goes on through all that was pointed over. */
	for (uint32_t seq = 110; seq < 110 + 64000; seq += 1000) {
		wire_pattern(text, seq, 1000);
		wire_send(us, PSH | ACK, seq, 301, .len = 1000);
		for (int got = 0; got < 1000;) {
			char buf[1000];
			int n;

			WAIT(fd_events(fd, POLLIN, 0) & POLLIN);
			n = TRY(recv(fd, buf, sizeof(buf), 0));
			NEED(n > 0 && !memcmp(buf, text + got, n));
			got += n;
		}
		while (wire_next(it, 0))
			;
	}
	wire_send(us, FIN | ACK, 110 + 64000, 301);
	wire_sync(NS_A);
	fd_eof(fd);
	/* It never came. */
	SAME(recv(fd, &byte, 1, MSG_OOB), 0);
	leave(it, fd);
}

/* Sixth, CLOSE-WAIT and later: "this should not occur since a FIN has been received ... Ignore
 * the URG." What a SYN without text says of text that is to come, that text will say again.
 */
TEST_F(bad, urgent_where_nothing_comes)
{
	char byte;
	int fd, listener;

	for (int i = 0; i < PLACES; i++) {
		const struct place *p = &places[i];
		struct end us, it;

		if (p->text)
			continue;
		fd = bring_to(p, i, &us, &it);
		wire_send(&us, ACK | URG, p->rcv_nxt, p->snd_nxt - !strcmp(p->state, "CLOSING") -
			  !strcmp(p->state, "LAST-ACK"), .urg = 1);
		wire_silence(&it);
		state_is(&it, p->state);
		SAME(fd_events(fd, POLLPRI, 0) & POLLPRI, 0);
		FAILS(EINVAL, recv(fd, &byte, 1, MSG_OOB));
		STATS_NONE(NS_A);
		leave(&it, fd);
	}
	listener = fd_listen(&self->it, 1);
	wire_send(&self->us, SYN | URG, 100, .urg = 1000);
	wire_expect(&self->it, SYN | ACK, 300, 101);
	wire_send(&self->us, ACK, 101, 301);
	fd = fd_accept(listener);
	SAME(fd_events(fd, POLLPRI, 0) & POLLPRI, 0);
	leave(&self->it, fd);
}

/* Section 3.10.7.4, seventh: after a FIN "this should not occur ... Ignore the segment text."
 * What was kept from beyond it is never read, nor is what comes later.
 */
TEST_F(bad, text_past_a_fin)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1));
	char buf[64];

	stats_mark(NS_A);
	wire_send(us, PSH | ACK, 106, 301, "beyond");	/* the FIN will be 106 */
	wire_expect(it, ACK, 301, 101);
	wire_send(us, PSH | ACK, 120, 301, "further");
	wire_expect(it, ACK, 301, 101);
	wire_send(us, FIN | PSH | ACK, 101, 301, "aaaaa");
	wire_expect(it, ACK, 301, 107);
	state_is(it, "CLOSE-WAIT");
	SAME(recv(fd, buf, sizeof(buf), 0), 5);
	NEED(!memcmp(buf, "aaaaa", 5));
	fd_eof(fd);
	/* Whatever comes now */
	wire_send(us, PSH | ACK, 107, 301, "later");
	wire_send(us, PSH | ACK, 106, 301, "over the FIN");
	wire_send(us, PSH | ACK, 101, 301, "aaaaaand on");
	wire_sync(NS_A);
	while (wire_next(it, 0))
		;
	wire_send(us, FIN | PSH | ACK, 107, 301, "again");
	wire_expect(it, ACK, 301, 107);
	wire_silence(it);
	fd_eof(fd);
	state_is(it, "CLOSE-WAIT");
	STATS(NS_A, "transition ESTABLISHED CLOSE-WAIT fin 1", "drop after_fin 4");
	leave(it, fd);
}

/* ... one FIN before, one behind another: that which is reached first is the end. */
TEST_F(bad, two_fins)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1));
	char buf[64];

	wire_send(us, FIN | PSH | ACK, 111, 301, "ccccc");
	wire_expect(it, ACK, 301, 101);
	state_is(it, "ESTABLISHED");
	wire_send(us, FIN | PSH | ACK, 106, 301, "bbb");
	wire_expect(it, ACK, 301, 101);
	wire_send(us, PSH | ACK, 101, 301, "aaaaa");
	wire_expect(it, ACK, 301, 110);
	state_is(it, "CLOSE-WAIT");
	SAME(recv(fd, buf, sizeof(buf), 0), 8);
	NEED(!memcmp(buf, "aaaaabbb", 8));
	fd_eof(fd);
	leave(it, fd);
}

TEST_HARNESS_MAIN
