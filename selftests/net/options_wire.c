// SPDX-License-Identifier: GPL-2.0
/* Options on the wire: what a SYN-ACK answers to each offer, and what they do then. RFC
 * 7323, RFC 2018, RFC 2883.
 */
#include <netinet/tcp.h>

#include "lib/exchange.h"

enum { MSS = 2, WSCALE = 3, PERMITTED = 4, SACK = 5, STAMPS = 8 };

/* MSS 1000, window scale 7, SACK-permitted, timestamps 5000 and 0 */
#define OFFER "\2\4\3\xe8" "\1\3\3\7" "\4\2" "\x8\xa\0\0\x13\x88\0\0\0\0"

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* The options of most segments: a timestamp that echoes @seen's. */
static const uint8_t *stamp(uint32_t value, const struct seen *seen)
{
	static uint8_t bytes[12];
	const uint8_t *theirs = wire_option(seen, STAMPS);

	memcpy(bytes, "\1\1\x8\xa", 4);
	put32(bytes + 4, value);
	put32(bytes + 8, theirs ? get32(theirs + 2) : 0);
	return bytes;
}

#define STAMP(value, seen) .opt = stamp(value, seen), .optlen = 12

/* @number counts from 0, that which is told first. */
static void reports(const struct seen *seen, int count, int number, uint32_t left, uint32_t right)
{
	const uint8_t *sack = wire_option(seen, SACK);

	NEED(sack);
	SAME(sack[1], 2 + 8 * count);
	SAME(get32(sack + 2 + 8 * number), left);
	SAME(get32(sack + 6 + 8 * number), right);
}

/* Both ends have all of them; returns accept()'s socket. */
static int open_with_all(struct end *us, struct end *it, struct seen **last)
{
	int listener = fd_listen(it, 1);

	*last = (wire_send(us, SYN, 100, .opt = (const uint8_t *)OFFER, .optlen = 20),
		 wire_expect(it, SYN | ACK, 300, 101));
	wire_send(us, ACK, 101, 301, STAMP(5001, *last));
	state_is(it, "ESTABLISHED");
	return fd_accept(listener);
}

/* All that is offered is taken, unless the namespace has switched it off. */
TEST_F(peer, each_can_be_switched_off)
{
	fd_listen(&self->it, 1);
	for (int off = 0; off < 8; off++) {
		struct end us, it;
		struct seen *seen;

		net_hstp(NS_A, "window_scaling", !(off & 1));
		net_hstp(NS_A, "timestamps", !(off & 2));
		net_hstp(NS_A, "sack", !(off & 4));
		wire_ends(&us, NS_T, (uint16_t)(5000 + off), &it, NS_A, self->it.port);
		wire_send(&us, SYN, 100, .opt = (const uint8_t *)OFFER, .optlen = 20);
		seen = wire_expect(&it, SYN | ACK, 300, 101);
		NEED(wire_option(seen, MSS));
		SAME(!wire_option(seen, WSCALE), !!(off & 1));
		SAME(!wire_option(seen, STAMPS), !!(off & 2));
		SAME(!wire_option(seen, PERMITTED), !!(off & 4));
		if (!(off & 2))
			SAME(get32(wire_option(seen, STAMPS) + 6), 5000);
		wire_send(&us, RST, 101);
		state_is(&it, "LISTEN");
	}
}

/* RFC 7323 section 3.2: timestamps "SHOULD be sent in an <RST> segment" of a connection that has
 * them; without ACK the echo is zero. One that does not have them has none there either.
 */
TEST_F(peer, resets)
{
	struct seen *seen, *reset;
	int fd;

	fd = open_with_all(&self->us, &self->it, &seen);
	fd_linger(fd, 1, 0);
	fd_close(fd);
	reset = wire_expect(&self->it, RST, 301);
	NEED(wire_option(reset, STAMPS));
	NEED(get32(wire_option(reset, STAMPS) + 2) - get32(wire_option(seen, STAMPS) + 2) < 100000);
	SAME(get32(wire_option(reset, STAMPS) + 6), 0);
	wire_send(&self->us, ACK, 101, 301, STAMP(5002, seen));
	reset = wire_expect(&self->it, RST, 301);
	NEED(!wire_option(reset, STAMPS));
}

/* What a SYN does not offer, a SYN-ACK does not have. */
TEST_F(peer, nothing_offered)
{
	struct seen *seen;

	fd_listen(&self->it, 1);
	wire_send(&self->us, SYN, 100);
	seen = wire_expect(&self->it, SYN | ACK, 300, 101);
	NEED(wire_option(seen, MSS));
	NEED(!wire_option(seen, WSCALE) && !wire_option(seen, STAMPS) &&
	     !wire_option(seen, PERMITTED));
}

/* An active open offers all of them, and HSTP_INFO tells what came of it. */
TEST_F(relay, both_ends_know)
{
	struct end *a = &self->a, *b = &self->b;
	int listener = fd_listen(b, 1), a_fd = fd_start(a), b_fd;
	struct tcp_info info;
	socklen_t len = sizeof(info);
	struct seen *seen;

	seen = wire_expect(a, SYN, 100);
	NEED(wire_option(seen, WSCALE) && wire_option(seen, STAMPS) &&
	     wire_option(seen, PERMITTED));
	wire_deliver(seen);
	seen = wire_expect(b, SYN | ACK, 300, 101);
	wire_deliver(seen);
	NEED(wire_option(seen, WSCALE) && wire_option(seen, STAMPS) &&
	     wire_option(seen, PERMITTED));
	seen = wire_expect(a, ACK, 101, 301);
	wire_deliver(seen);
	NEED(wire_option(seen, STAMPS) && !wire_option(seen, WSCALE) &&
	     !wire_option(seen, PERMITTED));
	ASSERT_EQ(0, fd_connected(a_fd));
	b_fd = fd_accept(listener);
	for (int end = 0; end < 2; end++) {
		TRY(getsockopt(end ? b_fd : a_fd, 253, TCP_INFO, &info, &len));
		SAME(info.tcpi_options, TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE);
	}
	fd_send(a_fd, "text");
	seen = wire_expect(a, PSH | ACK, 101, 301, "text");
	wire_deliver(seen);
	NEED(wire_option(seen, STAMPS));
	fd_recv(b_fd, "text");
}

/* RFC 2018 section 4: what lies behind a gap is reported, the latest first. RFC 2883: what
 * comes twice, once.
 */
TEST_F(peer, gaps_are_reported)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *last;
	int fd = open_with_all(us, it, &last);

	wire_send(us, PSH | ACK, 111, 301, "bbbbb", STAMP(5002, last));
	reports(wire_expect(it, ACK, 301, 101), 1, 0, 111, 116);
	wire_send(us, PSH | ACK, 121, 301, "ddddd", STAMP(5003, last));
	last = wire_expect(it, ACK, 301, 101);
	reports(last, 2, 0, 121, 126);
	reports(last, 2, 1, 111, 116);
	wire_send(us, PSH | ACK, 111, 301, "bbbbb", STAMP(5004, last));
	last = wire_expect(it, ACK, 301, 101);
	reports(last, 3, 0, 111, 116);
	reports(last, 3, 1, 111, 116);
	reports(last, 3, 2, 121, 126);
	wire_send(us, PSH | ACK, 101, 301, "aaaaaAAAAA", STAMP(5005, last));
	last = wire_expect(it, ACK, 301, 116);
	reports(last, 1, 0, 121, 126);
	SAME(get32(wire_option(last, STAMPS) + 6), 5005);
	fd_recv(fd, "aaaaaAAAAAbbbbb");
	net_hstp(NS_A, "dsack", 0);
	wire_send(us, PSH | ACK, 101, 301, "aaaaa", STAMP(5006, last));
	reports(wire_expect(it, ACK, 301, 116), 1, 0, 121, 126);
}

/* RFC 2018 section 4: "The first SACK block ... MUST specify the contiguous block of data
 * containing the segment which triggered this ACK", whole, also where there are more blocks than
 * one has room for, or than are remembered.
 */
TEST_F(peer, the_first_block_is_whole)
{
	struct end *us = &self->us, *it = &self->it;
	char in[100], text[100];
	struct seen *last;
	int fd = open_with_all(us, it, &last);
	uint32_t stamp_value = 5002;

	/* Seven pieces of 5 bytes, 5 between them */
	for (uint32_t seq = 111; seq < 181; seq += 10) {
		wire_send(us, PSH | ACK, seq, 301, .len = 5, STAMP(stamp_value++, last));
		last = wire_expect(it, ACK, 301, 101);
		reports(last, seq < 131 ? (int)(seq - 101) / 10 : 3, 0, seq, seq + 5);
	}
	/* Behind the first */
	wire_send(us, PSH | ACK, 116, 301, .len = 3, STAMP(stamp_value++, last));
	last = wire_expect(it, ACK, 301, 101);
	reports(last, 3, 0, 111, 119);
	reports(last, 3, 1, 171, 176);
	reports(last, 3, 2, 161, 166);
	/* Between the second and the third */
	wire_send(us, PSH | ACK, 126, 301, .len = 5, STAMP(stamp_value++, last));
	last = wire_expect(it, ACK, 301, 101);
	reports(last, 3, 0, 121, 136);
	reports(last, 3, 1, 111, 119);
	/* Between that and the fourth */
	wire_send(us, PSH | ACK, 136, 301, .len = 5, STAMP(stamp_value++, last));
	last = wire_expect(it, ACK, 301, 101);
	reports(last, 3, 0, 121, 146);
	/* Between the fifth and the sixth, which is remembered */
	wire_send(us, PSH | ACK, 156, 301, .len = 5, STAMP(stamp_value++, last));
	last = wire_expect(it, ACK, 301, 101);
	reports(last, 3, 0, 151, 166);
	reports(last, 3, 1, 121, 146);
	wire_send(us, PSH | ACK, 101, 301, .len = 70, STAMP(stamp_value++, last));
	wire_expect(it, ACK, 301, 176);
	SAME(recv(fd, in, sizeof(in), 0), 75);
	wire_pattern(text, 101, 75);
	NEED(!memcmp(in, text, 75));
	fd_empty(fd);
}

/* RFC 7323 section 5.3: an older timestamp is an old duplicate; section 3.2: no timestamp at
 * all is dropped in silence.
 */
TEST_F(peer, old_duplicates)
{
	struct end *us = &self->us, *it = &self->it;
	struct seen *last;
	int fd = open_with_all(us, it, &last);

	stats_mark(NS_A);
	wire_send(us, PSH | ACK, 101, 301, "old", STAMP(4999, last));
	wire_expect(it, ACK, 301, 101);
	STATS(NS_A, "drop old_timestamp 1");
	wire_send(us, PSH | ACK, 101, 301, "none");
	wire_silence(it);
	STATS(NS_A, "drop no_timestamp 1");
	fd_empty(fd);
	wire_send(us, PSH | ACK, 101, 301, "new", STAMP(5002, last));
	wire_expect(it, ACK, 301, 104);
	fd_recv(fd, "new");
	wire_send(us, RST, 104);
	state_wait(it, "LISTEN");
	ASSERT_EQ(ECONNRESET, fd_error(fd));
}

/* Blocks that lie, of what was not sent, or was acknowledged, or is turned round, and as many
 * as there can be: nothing is sent again for them and nothing is taken for delivered.
 */
TEST_F(peer, lies)
{
	static const uint32_t blocks[][2] = {
		{ 0, 1000 }, { 1, 0 }, { 0, 0 }, { 0x7fffffff, 0x80000001 },
		{ 0, 0x7fffffff }, { 0xffffff00, 0 }, { 5, 100000 },
	};
	struct end *us = &self->us, *it = &self->it;
	uint8_t options[40] = { 1, 1, 8, 10 };
	struct seen *last;
	int fd = open_with_all(us, it, &last);

	fd_send(fd, "text");
	last = wire_expect(it, PSH | ACK, 301, 101, "text");
	stats_mark(NS_A);
	memcpy(options, stamp(5002, last), 12);
	memcpy(options + 12, "\1\1\5\x1a", 4);
	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
		for (int n = 0; n < 3; n++) {
			put32(options + 16 + 8 * n, last->real_seq + blocks[i][0]);
			put32(options + 20 + 8 * n, last->real_seq + blocks[i][1]);
		}
		for (int n = 0; n < 4; n++)
			wire_send(us, ACK, 101, 301, .opt = options, .optlen = 40);
	}
	wire_silence(it);
	state_is(it, "ESTABLISHED");
	STATS_NONE(NS_A);
	wire_send(us, ACK, 101, 305, STAMP(5003, last));
	wire_silence(it);
	fd_send(fd, "more");
	wire_expect(it, PSH | ACK, 305, 101, "more");
}

/* One of two segments is lost and reported so: it alone goes again. */
TEST_F(peer, a_hole_is_filled)
{
	struct end *us = &self->us, *it = &self->it;
	uint8_t options[24] = { 0 };
	struct seen *last, *second;
	char text[5 * 988];
	int fd;

	net_no_timers(NS_A);
	fd = open_with_all(us, it, &last);
	wire_pattern(text, 301, sizeof(text));
	SAME(send(fd, text, sizeof(text), 0), sizeof(text));
	/* MSS 1000 less 12 bytes of timestamps */
	last = wire_expect(it, ACK, 301, 101, .len = 988);
	second = wire_expect(it, ACK, 1289, 101, .len = 988);
	wire_expect(it, ACK, 2277, 101, .len = 988);
	wire_expect(it, ACK, 3265, 101, .len = 988);
	wire_expect(it, PSH | ACK, 4253, 101, .len = 988);
	memcpy(options, stamp(5002, last), 12);
	memcpy(options + 12, "\1\1\5\xa", 4);
	put32(options + 16, second->real_seq);
	for (int n = 1; n <= 3; n++) {
		put32(options + 20, second->real_seq + (uint32_t)n * 988);
		wire_send(us, ACK, 101, 301, .opt = options, .optlen = 24);
	}
	wire_expect(it, PSH | ACK, 301, 101, .len = 988);
	wire_silence(it);
	STATS(NS_A, OPEN_PASSIVE, "retransmit 1");
	wire_send(us, ACK, 101, 301 + sizeof(text), STAMP(5003, last));
	wire_silence(it);
}

/* The server closes first, and all is acknowledged. */
static void to_time_wait(struct end *us, struct end *it, int fd, uint32_t value, struct seen *last)
{
	fd_close(fd);
	last = wire_expect(it, FIN | ACK, 301, 101);
	wire_send(us, FIN | ACK, 101, 302, STAMP(value, last));
	wire_expect(it, ACK, 302, 102);
	state_is(it, "TIME-WAIT");
}

/* Behind one address are two hosts with clocks of their own: that of the second is far behind
 * what the first has told. Whatever is set, a SYN is judged by its own pair of ends.
 */
TEST_F(peer, two_clients_behind_one_address)
{
	struct end *us = &self->us, *it = &self->it;
	uint8_t offer[20];
	struct seen *last;
	int fd, listener;

	net_hstp(NS_A, "tw_reuse", 1);
	net_hstp(NS_A, "tw_recycle", 1);
	listener = fd_listen(it, 8);
	memcpy(offer, OFFER, 20);
	for (int i = 0; i < 4; i++) {
		struct end client, server;
		uint32_t clock = i % 2 ? 5 : 0x40000000;

		wire_ends(&client, NS_T, (uint16_t)(us->port + 1 + i), &server, NS_A, it->port);
		put32(offer + 12, clock);
		wire_send(&client, SYN, 100, .opt = offer, .optlen = 20);
		last = wire_expect(&server, SYN | ACK, 300, 101);
		wire_send(&client, ACK, 101, 301, STAMP(clock + 1, last));
		state_is(&server, "ESTABLISHED");
		fd = fd_accept(listener);
		to_time_wait(&client, &server, fd, clock + 2, last);
	}
}

/* A SYN for TIME-WAIT whose timestamp, if @stamped, is @value. If it @opens the next connection
 * its peer resets that, and TIME-WAIT is there as it was.
 */
static void syn_finds_time_wait(struct end *us, struct end *it, uint32_t seq, bool stamped,
				uint32_t value, bool opens)
{
	uint8_t offer[12] = "\1\1\x8\xa";
	struct end old = *it;
	struct seen *seen;

	put32(offer + 4, value);
	if (opens)
		wire_forget(it);
	wire_send(us, SYN, seq, .opt = offer, .optlen = stamped ? 12 : 0);
	if (opens) {
		seen = wire_expect(it, SYN | ACK, 400, seq + 1);
		/* MAY-2, (1) */
		NEED((int32_t)(seen->real_seq - (302 + old.shift)) > 0);
		state_is(it, "SYN-RECEIVED");
		wire_send(us, RST, seq + 1);
	} else {
		wire_expect(it, ACK, 302, 102);
	}
	wire_silence(it);
	*it = old;
	state_is(it, "TIME-WAIT");
}

/* RFC 6191 section 2, where the last connection had timestamps (the last was 5002) and ended
 * with number 101: those of the SYN say whether it is later, then its number. RFC 7323 section
 * 5.3: text is judged by them as well.
 */
static void judged_by_stamps(struct end *us, struct end *it)
{
	struct seen *last;
	int fd = open_with_all(us, it, &last);

	to_time_wait(us, it, fd, 5002, last);
	syn_finds_time_wait(us, it, 50, true, 5003, true);
	syn_finds_time_wait(us, it, 50, true, 5002 + 0x7fffffffu, true);
	syn_finds_time_wait(us, it, 102, true, 5002, true);
	syn_finds_time_wait(us, it, 101, true, 5002, false);
	syn_finds_time_wait(us, it, 0x100000, true, 5001, false);
	syn_finds_time_wait(us, it, 0x100000, true, 5002 + 0x80000001u, false);
	syn_finds_time_wait(us, it, 102, false, 0, true);
	syn_finds_time_wait(us, it, 101, false, 0, false);

	stats_skip(NS_A);
	wire_send(us, PSH | ACK, 102, 302, "old", STAMP(5001, last));
	wire_expect(it, ACK, 302, 102);
	STATS(NS_A, "drop old_timestamp 1");
	state_is(it, "TIME-WAIT");

	net_hstp(NS_A, "timestamps", 0);
	syn_finds_time_wait(us, it, 50, true, 5003, false);
	syn_finds_time_wait(us, it, 102, true, 5003, true);
	net_hstp(NS_A, "timestamps", 1);
}

/* SHLD-4. The record of TIME-WAIT knows the timestamps, whatever else is set. */
TEST_F(peer, reopened_by_timestamp)
{
	struct end *us = &self->us, *it = &self->it, client, server;
	uint8_t offer[12] = "\1\1\x8\xa";
	struct seen *seen;

	judged_by_stamps(us, it);
	net_hstp(NS_A, "tw_recycle", 1);
	wire_ends(&client, NS_T, PORT_US + 1, &server, NS_A, PORT_IT + 1);
	judged_by_stamps(&client, &server);

	stats_skip(NS_A);
	wire_forget(it);
	put32(offer + 4, 5003);
	wire_send(us, SYN, 50, .opt = offer, .optlen = 12);
	seen = wire_expect(it, SYN | ACK, 400, 51);
	wire_send(us, ACK, 51, 401, STAMP(5004, seen));
	state_is(it, "ESTABLISHED");
	STATS(NS_A, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition TIME-WAIT CLOSED reopen 1", "transition SYN-RECEIVED ESTABLISHED ack 1");
}

/* ... and where the last connection had none: any timestamp is later, else the number says. */
TEST_F(peer, reopened_without_timestamps_before)
{
	struct end *us = &self->us, *it = &self->it;

	wire_server_time_wait(us, it);
	syn_finds_time_wait(us, it, 50, true, 1, true);
	syn_finds_time_wait(us, it, 102, false, 0, true);
	syn_finds_time_wait(us, it, 101, false, 0, false);
	net_hstp(NS_A, "timestamps", 0);
	syn_finds_time_wait(us, it, 50, true, 1, false);
}

/* A translator gives another host the same port, whose clock is far behind. It is told of
 * TIME-WAIT, which its reset does not end (RFC 1337), and gets in when that is over.
 */
TEST_F(peer, another_client_with_the_same_port)
{
	struct end *us = &self->us, *it = &self->it;
	uint8_t offer[12] = "\1\1\x8\xa\0\0\0\5";
	struct seen *last;
	int fd;

	net_hstp(NS_A, "tw_recycle", 1);
	fd = open_with_all(us, it, &last);
	to_time_wait(us, it, fd, 5002, last);
	stats_skip(NS_A);
	wire_send(us, SYN, 0x20000000, .opt = offer, .optlen = 12);
	wire_expect(it, ACK, 302, 102);
	wire_send(us, RST, 102);
	wire_silence(it);
	state_is(it, "TIME-WAIT");
	STATS(NS_A, "drop old_timestamp 1", "challenge 1", "drop rst_time_wait 1",
	      "reset in ignored 1");
	net_hstp(NS_A, "rto_initial_ms", 10);
	state_wait(it, "LISTEN");
	net_no_timers(NS_A);
	wire_forget(it);
	wire_send(us, SYN, 0x20000000, .opt = offer, .optlen = 12);
	last = wire_expect(it, SYN | ACK, 400, 0x20000001);
	wire_send(us, ACK, 0x20000001, 401, STAMP(6, last));
	state_is(it, "ESTABLISHED");
}

/* net.hstp.tw_recycle: 3.5 initial RTOs, not 2MSL; only where timestamps were in force: a
 * TIME-WAIT of before goes on.
 */
TEST_F(peer, recycled)
{
	struct end *us = &self->us, *it = &self->it, client, server;
	struct seen *last;
	uint64_t begin;
	int fd;

	net_hstp(NS_A, "tw_recycle", 1);
	wire_ends(&client, NS_T, PORT_US + 1, &server, NS_A, PORT_IT + 1);
	wire_server_time_wait(&client, &server);
	fd = open_with_all(us, it, &last);
	net_hstp(NS_A, "rto_initial_ms", 400);
	begin = now_ms();
	to_time_wait(us, it, fd, 5002, last);
	state_wait(it, "LISTEN");
	ASSERT_LE(begin + 1400 - 200, now_ms());
	ASSERT_LE(now_ms(), begin + 20000);
	state_is(&server, "TIME-WAIT");
}

static int try_connect(int fd, const struct end *to)
{
	struct sockaddr_in addr = addr_of(to->addr, to->port);

	return connect(fd, (struct sockaddr *)&addr, sizeof(addr)) ? errno : 0;
}

/* net.hstp.tw_reuse: connect() from the same port to the same peer, when a second is over: the
 * timestamp must be a later one. Where there were no timestamps, never.
 */
TEST_F(peer, reused)
{
	struct end *us = &self->us, *it = &self->it, server, client;
	struct seen *last, *syn;
	uint64_t begin;
	int fd, plain, error;

	wire_ends(&server, NS_T, PORT_US + 1, &client, NS_A, PORT_IT + 1);
	fd_close(wire_to_state(&server, &client, "TIME-WAIT"));
	plain = fd_bound(&client);

	fd = fd_start(it);
	syn = wire_expect(it, SYN, 300);
	wire_send(us, SYN | ACK, 100, 301, .opt = (const uint8_t *)OFFER, .optlen = 20);
	last = wire_expect(it, ACK, 301, 101);
	fd_close(fd);
	wire_expect(it, FIN | ACK, 301, 101);
	begin = now_ms();
	wire_send(us, FIN | ACK, 101, 302, STAMP(5001, last));
	last = wire_expect(it, ACK, 302, 102);
	state_is(it, "TIME-WAIT");

	fd = fd_bound(it);
	SAME(try_connect(fd, us), EADDRNOTAVAIL);
	net_hstp(NS_A, "tw_reuse", 1);
	stats_mark(NS_A);
	wire_forget(it);
	fd_block(fd, false);
	while ((error = try_connect(fd, us)) == EADDRNOTAVAIL && now_ms() < begin + PATIENCE_MS)
		usleep(POLL_US);
	SAME(error, EINPROGRESS);
	ASSERT_LE(begin + 1000 - 200, now_ms());
	syn = wire_expect(it, SYN, 300);
	/* MAY-2, (1): beyond all numbers that the last one used */
	NEED((int32_t)(syn->real_seq - last->real_seq) > 0);
	NEED((int32_t)(get32(wire_option(syn, STAMPS) + 2) -
		       get32(wire_option(last, STAMPS) + 2)) > 0);
	STATS(NS_A, "transition TIME-WAIT CLOSED reopen 1",
	      "transition CLOSED SYN-SENT open-active 1");
	SAME(try_connect(plain, &server), EADDRNOTAVAIL);
	state_is(&client, "TIME-WAIT");
	fd_close(fd);
}

TEST_HARNESS_MAIN
