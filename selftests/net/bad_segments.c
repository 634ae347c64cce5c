// SPDX-License-Identifier: GPL-2.0
/* Segments that are damaged, or come from or go to where none can: each is dropped in
 * silence or answered as RFC 9293 says, counted under its reason, and nothing happens
 * to the established connection beside.
 */
#include <arpa/inet.h>

#include "kselftest_harness.h"

#include "beside.h"
#include "sock_raw.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

#define PORT 80
#define PEER 4000
#define NOBODY 81		/* no socket there */

#define OPTIONS_MAX 40		/* bytes, data offset 15 */

FIXTURE(bad)
{
	struct beside beside;
	struct end us, it;	/* it: a listener */
	int listener;
};

FIXTURE_SETUP(bad)
{
	net_peer();
	net_no_timers(NS_A);
	beside_open(&self->beside);
	wire_ends(&self->us, NS_T, PEER, &self->it, NS_A, PORT);
	self->listener = fd_listen(&self->it, 8);
	stats_mark(NS_A);
}

/* Whatever came: no word of it, no trace of it, no harm. */
FIXTURE_TEARDOWN(bad)
{
	beside_works(&self->beside);
	fd_no_accept(self->listener);
	stats_sums(NS_A);
}

/* Section 3.1: a header has 20 bytes at least. */
TEST_F(bad, truncated_header)
{
	uint8_t bytes[20] = { 0 };

	/* Ports and a SYN, as far as there is room: nobody may believe them. */
	bytes[0] = PEER >> 8;
	bytes[1] = PEER & 0xff;
	bytes[3] = PORT;
	bytes[12] = 5 << 4;
	bytes[13] = SYN;
	for (int len = 0; len < 20; len++)
		wire_raw(NS_A, self->us.addr, self->it.addr, proto, bytes, len);
	wire_silence(&self->it);
	STATS(NS_A, "drop short 20");
}

/* Section 3.1, "Checksum" (MUST-3): wrong ones are not even answered with a reset. */
TEST_F(bad, checksum)
{
	struct end nobody, peer;
	struct beside *b = &self->beside;

	wire_ends(&peer, NS_T, PEER, &nobody, NS_A, NOBODY);
	for (int bit = 0; bit < 16; bit++)
		wire_send(&self->us, SYN, 100, .sum_xor = (uint16_t)(1 << bit));
	wire_silence(&self->it);
	wire_send(&peer, ACK, 100, 500, .sum_xor = 0x8000);
	wire_silence(&nobody);
	wire_send(&b->us, PSH | ACK, b->sent, b->got, "damaged", .sum_xor = 1);
	wire_send(&b->us, RST, b->sent, .sum_xor = 0x100);
	wire_silence(&b->it);
	fd_empty(b->fd);
	STATS(NS_A, "drop checksum 19");
}

/* Section 3.1, "Data Offset": it points behind the fixed part, within the segment. */
TEST_F(bad, data_offset)
{
	struct beside *b = &self->beside;

	/* The field has four bits: 16 is 0, which the library takes for its default. */
	for (int offset = 16; offset > 0; offset = offset == 16 ? 4 : offset - 1) {
		wire_send(&self->us, SYN, 100, .offset = offset);
		wire_send(&b->us, PSH | ACK, b->sent, b->got, "text", .offset = offset);
	}
	wire_silence(&self->it);
	fd_empty(b->fd);
	STATS(NS_A, "drop offset_low 10");

	stats_mark(NS_A);
	for (int offset = 6; offset < 16; offset++)
		wire_send(&self->us, SYN, 100, .offset = offset);
	/* Four bytes of text may be one option word, no more. */
	for (int offset = 7; offset < 16; offset++)
		wire_send(&b->us, PSH | ACK, b->sent, b->got, "text", .offset = offset);
	wire_silence(&self->it);
	fd_empty(b->fd);
	STATS(NS_A, "drop offset_high 19");
}

/* MUST-57: a SYN to a broadcast or multicast address is discarded in silence. */
TEST_F(bad, not_for_one_host)
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t all_hosts[6] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x01 };

	wire_send(&self->us, SYN, 100, .daddr = inet_addr("10.0.0.255"));
	wire_send(&self->us, SYN, 100, .daddr = inet_addr("255.255.255.255"));
	wire_send(&self->us, SYN, 100, .daddr = inet_addr("224.0.0.1"));
	/* In a frame for all, even when the IP address is the listener's. */
	wire_ether(broadcast);
	wire_send(&self->us, SYN, 100);
	wire_send(&self->us, SYN, 100, .daddr = inet_addr("10.0.0.255"));
	wire_ether(all_hosts);
	wire_send(&self->us, SYN, 100, .daddr = inet_addr("224.0.0.1"));
	wire_ether(NULL);
	wire_silence(&self->it);
	state_is(&self->it, "LISTEN");
	STATS(NS_A, "drop not_unicast 6");
}

/* Not even a reset is sent to or about such an address (RFC 1122 section 3.2.1.3). */
TEST_F(bad, not_for_one_host_and_nobody_there)
{
	struct end nobody, peer;

	wire_ends(&peer, NS_T, PEER, &nobody, NS_A, NOBODY);
	wire_send(&peer, ACK, 100, 500, .daddr = inet_addr("10.0.0.255"));
	wire_send(&peer, ACK, 100, 500, .daddr = inet_addr("224.0.0.1"));
	wire_silence(&nobody);
	STATS(NS_A, "drop not_unicast 2");
}

/* What IP has thrown away for its source, on all CPUs. */
static long refused_by_ip(void)
{
	char line[512];
	FILE *file = fopen("/proc/net/stat/rt_cache", "r");
	long sum = 0;

	NEED(file && fgets(line, sizeof(line), file) && strstr(line, " in_martian_src "));
	while (fgets(line, sizeof(line), file)) {
		unsigned int count;

		if (sscanf(line, "%*x %*x %*x %*x %*x %*x %*x %x", &count) != 1)
			die(__FILE__, __LINE__, "cannot read this line: %s", line);
		sum += count;
	}
	fclose(file);
	return sum;
}

/* MUST-63: a SYN with an invalid source address is ignored, "either by TCP or by the IP layer",
 * which counts them then. RFC 1122 section 3.2.1.3 says which are: (a), (b) "this network",
 * (c) all hosts, (d) all of a network, (g) the host itself; and groups.
 */
TEST_F(bad, martian_source)
{
	static const char *const martians[] = {
		"0.0.0.0", "127.0.0.1", "127.255.255.255", "224.0.0.1", "239.255.255.255",
		"255.255.255.255",
	};
	static const char *const others[] = { "0.0.0.1", "0.255.255.255", "10.0.0.255" };
	enum { MARTIANS = sizeof(martians) / sizeof(*martians) };
	long before = refused_by_ip();

	for (size_t i = 0; i < MARTIANS; i++)
		wire_send(&self->us, SYN, 100, .saddr = inet_addr(martians[i]), .from_zero = !i);
	wire_silence(&self->it);
	STATS_NONE(NS_A);
	SAME(refused_by_ip() - before, MARTIANS);

	/* There is a way to each of them: who answers is seen. */
	net_run(NS_A, "ip route add default via " ADDR_T);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		wire_send(&self->us, SYN, 100, .saddr = inet_addr(others[i]));
	wire_silence(&self->it);
	state_is(&self->it, "LISTEN");
	SAME(conn_count(NS_A), 2);	/* the listener, and the one beside */
	STATS(NS_A, "drop bad_source 3");
	SAME(refused_by_ip() - before, MARTIANS);
}

/* The same where nobody is, and for what is not a SYN: a reset would go to every host
 * of the network (RFC 1122 section 3.2.1.3).
 */
TEST_F(bad, martian_source_and_nobody_there)
{
	struct end nobody, peer;
	uint32_t all = inet_addr("10.0.0.255");

	wire_ends(&peer, NS_T, PEER, &nobody, NS_A, NOBODY);
	wire_send(&peer, SYN, 100, .saddr = all);
	wire_send(&peer, ACK, 100, 500, .saddr = all);
	wire_send(&self->us, ACK, 100, 500, .saddr = all);
	wire_silence(&nobody);
	STATS(NS_A, "drop bad_source 3");
}

/* SO_BINDTODEVICE: a connection gets what comes in through its device and nothing else, in
 * SYN-RECEIVED as well. Who is elsewhere cannot reset it; the same reset from the right side
 * does.
 */
TEST_F(bad, other_device)
{
	struct st_segment rst = {
		.saddr.s_addr = self->us.addr, .daddr.s_addr = inet_addr("10.1.0.1"),
		.sport = PEER, .dport = NOBODY, .seq = 101, .flags = ST_RST,
	};
	struct end us, it;
	int listener, fd;

	/* What is sent to an address of lo from within comes in through lo. */
	net_run(NS_A, "ip address add 10.1.0.1/32 dev lo");
	wire_ends(&us, NS_T, PEER, &it, NS_A, NOBODY);
	it.addr = rst.daddr.s_addr;
	listener = fd_listen(&it, 1);
	TRY(setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, "va", 3));
	wire_send(&us, SYN, 100);
	wire_expect(&it, SYN | ACK, 300, 101);
	stats_mark(NS_A);
	net_enter(NS_A);
	TRY(st_raw_send(proto, &rst));
	state_is(&it, "SYN-RECEIVED");
	STATS(NS_A, "drop rst_no_connection 1", "reset in ignored 1");

	wire_send(&us, ACK, 101, 301);
	fd = fd_accept(listener);
	fd_close(listener);
	stats_mark(NS_A);
	net_enter(NS_A);
	TRY(st_raw_send(proto, &rst));
	state_is(&it, "ESTABLISHED");
	fd_empty(fd);
	STATS(NS_A, "drop rst_no_connection 1", "reset in ignored 1");

	wire_send(&us, RST, 101);
	WAIT(fd_error(fd) == ECONNRESET);
	fd_close(fd);
}

/* A land packet claims to come from the very socket that it goes to. IP lets it in where
 * it may carry an own address; the answer would come here again, for ever.
 */
TEST_F(bad, land)
{
	struct end land_us, land_it;

	net_sysctl(NS_A, "net.ipv4.conf.all.accept_local", 1);
	net_sysctl(NS_A, "net.ipv4.conf.va.accept_local", 1);
	wire_ends(&land_us, NS_T, PORT, &land_it, NS_A, PORT);
	wire_send(&land_us, SYN, 100, .saddr = land_it.addr);
	wire_silence(&land_it);
	SAME(conn_count(NS_A), 2);	/* the listener, and the one beside */
	STATS(NS_A, "drop land 1");

	/* An ACK gets its reset (3.10.7.2 second), which finds the listener: the end. */
	wire_send(&land_us, ACK, 100, 500, .saddr = land_it.addr);
	wire_silence(&land_it);
	STATS(NS_A, "drop listen_ack 1", "reset out listen_ack 1", "drop listen_rst 1",
	      "reset in ignored 1");
}

/* The legal length of an option, kind and length bytes included; 0: of any length.
 * RFC 9293 section 3.2 (MSS), RFC 7323 (3, 8), RFC 2018 (4, 5).
 */
static bool legal(int kind, int length)
{
	switch (kind) {
	case 0:
	case 1:
		return true;	/* a single byte, there is no length */
	case 2:
		return length == 4;
	case 3:
		return length == 3;
	case 4:
		return length == 2;
	case 5:
		return length == 10 || length == 18 || length == 26 || length == 34;
	case 8:
		return length == 10;
	default:
		return length >= 2;
	}
}

/* MUST-7: be prepared for an illegal length. Every kind that has a length is sent with all
 * wrong ones, from 0 to past the end of the header.
 */
TEST_F(bad, option_lengths)
{
	struct beside *b = &self->beside;
	uint8_t options[OPTIONS_MAX];
	int sent = 0;
	char want[64];

	for (int kind = 2; kind <= 255; kind++) {
		for (int length = 0; length <= 255; length++) {
			/* Of those past the end, the first and the last are enough. */
			if (legal(kind, length) && length <= OPTIONS_MAX)
				continue;
			if (length > OPTIONS_MAX + 1 && length < 255)
				continue;
			memset(options, 1, sizeof(options));
			options[0] = (uint8_t)kind;
			options[1] = (uint8_t)length;
			wire_send(&self->us, SYN, 100, .opt = options, .optlen = OPTIONS_MAX);
			wire_send(&b->us, PSH | ACK, b->sent, b->got, "text",
				  .opt = options, .optlen = OPTIONS_MAX);
			sent += 2;
		}
	}
	wire_silence(&self->it);
	fd_empty(b->fd);
	state_is(&self->it, "LISTEN");
	snprintf(want, sizeof(want), "drop option %d", sent);
	STATS(NS_A, want);
}

/* MUST-7 again: an option whose kind is the header's last byte has no length at all. */
TEST_F(bad, option_cut_off)
{
	uint8_t options[OPTIONS_MAX];

	for (int size = 4; size <= OPTIONS_MAX; size += 4) {
		memset(options, 1, sizeof(options));
		options[size - 1] = 2;
		wire_send(&self->us, SYN, 100, .opt = options, .optlen = size);
	}
	wire_silence(&self->it);
	STATS(NS_A, "drop option 10");
}

/* MUST-4: options of single bytes fill the header; MUST-6: those unknown are skipped by
 * their length. Each SYN is as good as one without.
 */
TEST_F(bad, options_that_are_legal)
{
	uint8_t options[OPTIONS_MAX];

	for (int kind = 9; kind < 256; kind += 41) {
		struct end us, it;

		memset(options, 1, sizeof(options));
		options[0] = (uint8_t)kind;
		options[1] = (uint8_t)(2 + kind % 38);
		wire_ends(&us, NS_T, (uint16_t)(5000 + kind), &it, NS_A, PORT);
		wire_send(&us, SYN, 100, .opt = options, .optlen = OPTIONS_MAX);
		wire_expect(&it, SYN | ACK, 300, 101);
		wire_send(&us, RST, 101);
		state_is(&it, "LISTEN");
	}
	/* What follows the end of the list is no option, whatever it looks like. */
	memset(options, 2, sizeof(options));
	options[0] = 0;
	wire_send(&self->us, SYN, 100, .opt = options, .optlen = OPTIONS_MAX);
	wire_expect(&self->it, SYN | ACK, 300, 101);
	wire_send(&self->us, RST, 101);
	state_is(&self->it, "LISTEN");
}

/* 3.10.7.2 first: RST goes before SYN. 3.10.7.4 second: it does, too, where a connection
 * is, so that SYN+RST out of the window is dropped in silence.
 */
TEST_F(bad, syn_rst)
{
	struct beside *b = &self->beside;

	wire_send(&self->us, SYN | RST, 100);
	wire_send(&self->us, SYN | RST | ACK, 100, 500);
	wire_silence(&self->it);
	state_is(&self->it, "LISTEN");
	wire_send(&b->us, SYN | RST, b->sent - 1);
	wire_send(&b->us, SYN | RST | ACK, b->sent + 70000, b->got);
	wire_silence(&b->it);
	stat_grew(NS_A, "drop listen_rst", 2);
	stat_grew(NS_A, "drop rst_seq", 2);
	stat_grew(NS_A, "reset in ignored", 4);
}

/* Section 3.1: what is reserved is ignored, and an urgent pointer is no address. */
TEST_F(bad, reserved_bits_and_urgent_pointer)
{
	struct beside *b = &self->beside;

	/* Section 3.1: control bits that are unknown are ignored; ECE, CWR where the SYNs
	 * have not agreed on them (RFC 3168 section 6.1.1).
	 */
	wire_send(&b->us, PSH | ACK | ECE | CWR, b->sent, b->got, "ecn");
	b->sent += 3;
	fd_recv(b->fd, "ecn");
	/* An urgent pointer past the text, and one without text. */
	wire_send(&b->us, PSH | ACK | URG, b->sent, b->got, "urg", .urg = 65535);
	b->sent += 3;
	fd_recv(b->fd, "urg");
	wire_send(&b->us, ACK | URG, b->sent, b->got, .urg = 1);
	STATS_NONE(NS_A);
}

TEST_HARNESS_MAIN
