// SPDX-License-Identifier: GPL-2.0
/* Explicit Congestion Notification on the wire, RFC 3168 section 6.1: the tester is the peer,
 * and the network that marks packets.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "lib/exchange.h"

static const uint8_t setups[] = { 0, ECE, CWR, ECE | CWR };

/* The next segment from @it, and the ECN field of its packet. */
#define expect_ect(it, field, ...) do {						\
	struct seen *seen_ = wire_expect(it, __VA_ARGS__);			\
										\
	SAME(wire_tos(seen_), field);						\
} while (0)

/* Text both ways says whether the ends have agreed. Numbers are 101 and 301. */
static void in_force(struct end *us, struct end *it, int fd, bool agreed)
{
	fd_send(fd, "text");
	expect_ect(it, agreed ? ECT_0 : NOT_ECT, PSH | ACK, 301, 101, "text");
	wire_send(us, PSH | ACK, 101, 305, "marked", .tos = CE);
	expect_ect(it, NOT_ECT, ACK | (agreed ? ECE : 0), 305, 107);
	fd_recv(fd, "marked");
}

static void end_of(struct end *us, struct end *it, int fd)
{
	wire_send(us, RST, 107);
	state_wait(it, "CLOSED");
	fd_close(fd);
}

/* Sections 6.1.1 and 6.1.5: the namespace agrees unless it is told not to; ECT never on a
 * SYN, SYN-ACK or ACK.
 */
TEST_F(peer, asked)
{
	for (int i = 0; i < 12; i++) {
		uint8_t bits = setups[i % 4];
		bool agreed = i / 4 && bits == (ECE | CWR);
		int listener, fd;
		struct end us, it;

		net_hstp(NS_A, "ecn", i / 4);
		wire_ends(&us, NS_T, (uint16_t)(5000 + i), &it, NS_A, (uint16_t)(90 + i));
		listener = fd_listen(&it, 1);
		wire_send(&us, SYN | bits, 100);
		expect_ect(&it, NOT_ECT, SYN | ACK | (agreed ? ECE : 0), 300, 101);
		wire_send(&us, ACK, 101, 301);
		state_is(&it, "ESTABLISHED");
		fd = fd_accept(listener);
		fd_close(listener);
		in_force(&us, &it, fd, agreed);
		end_of(&us, &it, fd);
	}
}

TEST_F(peer, asks)
{
	for (int i = 0; i < 12; i++) {
		uint8_t bits = setups[i % 4];
		bool asks = i / 4 == 1;
		struct end us, it;
		int fd;

		net_hstp(NS_A, "ecn", i / 4);
		wire_ends(&us, NS_T, (uint16_t)(5000 + i), &it, NS_A, 90);
		fd = fd_start(&it);
		expect_ect(&it, NOT_ECT, SYN | (asks ? ECE | CWR : 0), 300);
		wire_send(&us, SYN | ACK | bits, 100, 301);
		expect_ect(&it, NOT_ECT, ACK, 301, 101);
		SAME(fd_connected(fd), 0);
		in_force(&us, &it, fd, asks && bits == ECE);
		end_of(&us, &it, fd);
	}
}

/* Without a word in net.hstp: it agrees, and does not ask. */
TEST_F(peer, default_setting)
{
	int listener = fd_listen(&self->it, 1);

	SAME(net_get_sysctl(NS_A, "net.hstp.ecn"), 2);
	wire_send(&self->us, SYN | ECE | CWR, 100);
	expect_ect(&self->it, NOT_ECT, SYN | ACK | ECE, 300, 101);
	wire_send(&self->us, RST, 101);
	state_wait(&self->it, "LISTEN");
	fd_close(listener);
	wire_forget(&self->it);
	fd_close(fd_start(&self->it));
	expect_ect(&self->it, NOT_ECT, SYN, 300);
}

/* Section 6.1.1: both open at once. */
TEST_F(peer, crossing)
{
	struct end *us = &self->us, *it = &self->it;
	int fd;

	net_hstp(NS_A, "ecn", 1);
	fd = fd_start(it);
	expect_ect(it, NOT_ECT, SYN | ECE | CWR, 300);
	wire_send(us, SYN | ECE | CWR, 100);
	expect_ect(it, NOT_ECT, SYN | ACK | ECE, 300, 101);
	wire_send(us, SYN | ACK | ECE, 100, 301);
	expect_ect(it, NOT_ECT, ACK, 301, 101);
	in_force(us, it, fd, true);
}

/* Section 6.1.1.1: a SYN that nobody answers goes again and asks no longer. Had the first
 * one been heard: what the peer's packets meet is reported; ours say nothing.
 */
TEST_F(peer, syn_lost)
{
	struct end *us = &self->us, *it = &self->it;
	int fd;

	net_hstp(NS_A, "ecn", 1);
	net_rto(NS_A, 700, 3600000);
	fd = fd_start(it);
	expect_ect(it, NOT_ECT, SYN | ECE | CWR, 300);
	expect_ect(it, NOT_ECT, SYN, 300);
	net_no_timers(NS_A);
	wire_send(us, SYN | ACK | ECE, 100, 301);
	wire_expect(it, ACK, 301, 101);
	fd_send(fd, "text");
	expect_ect(it, NOT_ECT, PSH | ACK, 301, 101, "text");
	wire_send(us, PSH | ACK, 101, 305, "marked", .tos = CE);
	expect_ect(it, NOT_ECT, ACK | ECE, 305, 107);
}

/* The same as seen by who is asked: a record in SYN-RECEIVED, of a listener. */
TEST_F(peer, syn_ack_lost)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1);

	wire_send(us, SYN | ECE | CWR, 100);
	wire_expect(it, SYN | ACK | ECE, 300, 101);
	wire_send(us, SYN | ECE | CWR, 100);
	wire_expect(it, SYN | ACK | ECE, 300, 101);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	in_force(us, it, fd_accept(listener), true);
}

TEST_F(peer, asks_no_longer)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), fd;

	wire_send(us, SYN | ECE | CWR, 100);
	wire_expect(it, SYN | ACK | ECE, 300, 101);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	fd = fd_accept(listener);
	fd_send(fd, "text");
	expect_ect(it, NOT_ECT, PSH | ACK, 301, 101, "text");
}

/* A connection whose SYNs have agreed; returns accept()'s socket, which does not wait to
 * fill its segments.
 */
static int open_agreed(struct end *us, struct end *it)
{
	int listener = fd_listen(it, 1), fd;

	wire_send(us, SYN | ECE | CWR, 100, .mss = 1000);
	wire_expect(it, SYN | ACK | ECE, 300, 101);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	fd = fd_accept(listener);
	fd_close(listener);
	fd_nodelay(fd);
	return fd;
}

/* Section 6.1.3: ECE on all segments, until one with CWR has come. */
TEST_F(peer, receiver)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = open_agreed(us, it);

	wire_send(us, PSH | ACK, 101, 301, "a", .tos = ECT_0);
	wire_expect(it, ACK, 301, 102);
	wire_send(us, PSH | ACK, 102, 301, "b", .tos = CE);
	wire_expect(it, ACK | ECE, 301, 103);
	wire_send(us, PSH | ACK, 103, 301, "c", .tos = ECT_0);
	wire_expect(it, ACK | ECE, 301, 104);
	fd_send(fd, "text");
	expect_ect(it, ECT_0, PSH | ACK | ECE, 301, 104, "text");
	wire_send(us, PSH | ACK | CWR, 104, 305, "d", .tos = ECT_0);
	wire_expect(it, ACK, 305, 105);
	wire_send(us, PSH | ACK | CWR, 105, 305, "e", .tos = CE);
	wire_expect(it, ACK | ECE, 305, 106);
	/* 6.1.5: outside of the window neither says anything */
	wire_send(us, PSH | ACK | CWR, 101, 305, "a", .tos = ECT_0);
	wire_expect(it, ACK | ECE, 305, 106);
	wire_send(us, PSH | ACK | CWR, 106, 305, "f", .tos = ECT_0);
	wire_expect(it, ACK, 305, 107);
	wire_send(us, PSH | ACK, 101, 305, "a", .tos = CE);
	wire_expect(it, ACK, 305, 107);
	fd_recv(fd, "abcdef");
	/* 6.1.4: a packet without text is none that counts */
	wire_send(us, ACK, 107, 305, .tos = CE);
	wire_send(us, PSH | ACK, 107, 305, "g", .tos = ECT_0);
	wire_expect(it, ACK, 305, 108);
}

#define SEGMENT 1000

static void send_segments(int fd, uint32_t seq, int count)
{
	static char text[20 * SEGMENT];

	wire_pattern(text, seq, count * SEGMENT);
	SAME(send(fd, text, (size_t)count * SEGMENT, 0), count * SEGMENT);
}

/* Section 6.1.2: half of the window, once; CWR on the first segment of what follows alone,
 * also when that is sent at once as several.
 */
TEST_F(peer, sender)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = open_agreed(us, it);
	struct tcp_info info;
	socklen_t len = sizeof(info);

	/* RFC 6928: ten segments */
	send_segments(fd, 301, 20);
	for (int i = 0; i < 10; i++)
		expect_ect(it, ECT_0, ACK, 301 + i * SEGMENT, 101, .len = SEGMENT);
	wire_silence(it);
	wire_send(us, ACK | ECE, 101, 301 + SEGMENT);
	wire_silence(it);
	TRY(getsockopt(fd, 253, TCP_INFO, &info, &len));
	SAME(info.tcpi_snd_cwnd, 5);
	SAME(info.tcpi_snd_ssthresh, 5);
	SAME(info.tcpi_ca_state, 2);	/* TCP_CA_CWR of linux/tcp.h */
	NEED(info.tcpi_options & TCPI_OPT_ECN);
	NEED(!(info.tcpi_options & 16));	/* TCPI_OPT_ECN_SEEN */
	/* All that was out is acknowledged: it was the same congestion. Five go. */
	wire_send(us, ACK | ECE, 101, 301 + 10 * SEGMENT);
	expect_ect(it, ECT_0, ACK | CWR, 301 + 10 * SEGMENT, 101, .len = SEGMENT);
	for (int i = 11; i < 15; i++)
		expect_ect(it, ECT_0, ACK, 301 + i * SEGMENT, 101, .len = SEGMENT);
	wire_silence(it);
	/* The segment with CWR has arrived, and congestion after it */
	wire_send(us, ACK | ECE, 101, 301 + 12 * SEGMENT);
	wire_silence(it);
	TRY(getsockopt(fd, 253, TCP_INFO, &info, &len));
	SAME(info.tcpi_snd_cwnd, 2);
	wire_send(us, ACK, 101, 301 + 14 * SEGMENT);
	expect_ect(it, ECT_0, ACK | CWR, 301 + 15 * SEGMENT, 101, .len = SEGMENT);
}

/* Section 6.1.5: not on what goes again, nor on a FIN without text. */
TEST_F(peer, not_again)
{
	struct end *us = &self->us, *it = &self->it;
	int fd;

	net_rto(NS_A, 1000, 3600000);
	fd = open_agreed(us, it);
	fd_send(fd, "text");
	expect_ect(it, ECT_0, PSH | ACK, 301, 101, "text");
	expect_ect(it, NOT_ECT, PSH | ACK, 301, 101, "text");
	net_no_timers(NS_A);
	wire_send(us, ACK, 101, 305);
	fd_send(fd, "more");
	/* 6.1.2: "because of a retransmit timeout" as well */
	expect_ect(it, ECT_0, PSH | ACK | CWR, 305, 101, "more");
	wire_send(us, ACK, 101, 309);
	fd_shut(fd, SHUT_WR);
	expect_ect(it, NOT_ECT, FIN | ACK, 309, 101);
}

/* Section 6.1.6: nor on what probes a window. */
TEST_F(peer, no_probe)
{
	struct end *us = &self->us, *it = &self->it;
	int fd;

	net_rto(NS_A, 1000, 3600000);
	fd = open_agreed(us, it);
	fd_send(fd, "text");
	expect_ect(it, ECT_0, PSH | ACK, 301, 101, "text");
	wire_send(us, ACK, 101, 305, .wnd = ZERO_WINDOW);
	wire_sync(NS_A);
	fd_send(fd, "probe");
	expect_ect(it, NOT_ECT, ACK, 305, 101, "p");
}

/* RFC 9293 section 3.9.1.9: IP_TOS is the user's but for the ECN field, as TCP's. */
TEST_F(peer, tos_of_the_user)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = open_agreed(us, it), tos = 0xff;

	TRY(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)));
	fd_send(fd, "text");
	expect_ect(it, 0xfc | ECT_0, PSH | ACK, 301, 101, "text");
	wire_send(us, PSH | ACK, 101, 305, "text");
	expect_ect(it, 0xfc, ACK, 305, 105);
	wire_send(us, RST, 105);
	state_wait(it, "CLOSED");
	fd_close(fd);

	/* not agreed */
	wire_ends(us, NS_T, PORT_US + 1, it, NS_A, PORT_IT);
	fd = wire_open_active(us, it);
	TRY(setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos)));
	fd_send(fd, "text");
	expect_ect(it, 0xfc, PSH | ACK, 301, 101, "text");
}

/* HSTP_INFO tells what the SYNs have agreed on, and that the peer makes use of it. */
TEST_F(peer, told)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = open_agreed(us, it);
	struct tcp_info info;
	socklen_t len = sizeof(info);

	wire_send(us, PSH | ACK, 101, 301, "text", .tos = ECT_0);
	wire_expect(it, ACK, 301, 105);
	TRY(getsockopt(fd, 253, TCP_INFO, &info, &len));
	SAME(info.tcpi_options, TCPI_OPT_ECN | 16);	/* TCPI_OPT_ECN_SEEN */
}

TEST_HARNESS_MAIN
