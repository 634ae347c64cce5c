// SPDX-License-Identifier: GPL-2.0
/* Options where they cannot be, from a raw socket: of illegal length in every state, cut off
 * by the end of the header, repeated, on segments on which they mean nothing, and such as
 * were not agreed on. RFC 9293 sections 3.1 and 3.2, RFC 7323, RFC 2018.
 */
#include <linux/tcp.h>

#include "bad.h"

#define OPTIONS_MAX 40

enum { END, NOP, MSS, WSCALE, PERMITTED, SACK, STAMPS = 8 };

/* The whole length of an option of a known kind; of SACK, one block's. */
static const struct {
	int kind, len;
} known[] = {
	{ MSS, 4 }, { WSCALE, 3 }, { PERMITTED, 2 }, { SACK, 10 }, { STAMPS, 10 },
};

#define KNOWN	((int)(sizeof(known) / sizeof(*known)))

/* What is in no state more than a segment to be thrown away: lengths that the kind cannot
 * have, that are none, that lead past the header.
 */
static const uint8_t bombs[][4] = {
	{ MSS, 3, 0, NOP }, { MSS, 0, 5, 5 }, { WSCALE, 2, NOP, NOP }, { WSCALE, 4, 7, 7 },
	{ PERMITTED, 3, 0, NOP }, { SACK, 2, NOP, NOP }, { SACK, 3, 0, NOP }, { STAMPS, 9, 0, 0 },
	{ STAMPS, 10, 0, 0 }, { 30, 1, 0, 0 }, { 254, 5, 0, 0 }, { NOP, NOP, NOP, MSS },
	{ NOP, NOP, NOP, 255 },
};

#define BOMBS	((int)(sizeof(bombs) / sizeof(*bombs)))

static const char *const states[] = {
	"SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT",
	"CLOSING", "LAST-ACK", "TIME-WAIT",
};

#define STATES	((int)(sizeof(states) / sizeof(*states)))

static struct tcp_info info_of(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	TRY(getsockopt(fd, fd_level(fd), TCP_INFO, &info, &len));
	return info;
}

static void counted(int drops)
{
	char want[64];

	snprintf(want, sizeof(want), "drop option %d", drops);
	STATS(NS_A, want);
}

/* MUST-7, in every state and on each kind of segment, the acceptable reset and FIN included:
 * no answer, no change, counted.
 */
TEST_F(bad, in_every_state)
{
	static const uint8_t flags[] = {
		SYN, SYN | ACK, ACK, FIN | ACK, RST, RST | ACK, PSH | ACK
	};

	for (int s = 0; s < STATES; s++) {
		struct end us, it;
		int sent = 0, fd;

		wire_ends(&us, NS_T, PEER + s, &it, NS_A, PORT + s);
		fd = wire_to_state(&us, &it, states[s]);
		stats_mark(NS_A);
		for (int i = 0; i < BOMBS; i++) {
			for (size_t f = 0; f < sizeof(flags); f++) {
				bool fin = s >= 5, our_fin = s > 2 && s != 5;

				wire_send(&us, flags[f], s ? 101 + fin : 100, 301 + our_fin,
					  flags[f] & PSH ? "text" : NULL,
					  .opt = bombs[i], .optlen = 4);
				sent++;
			}
		}
		wire_silence(&it);
		state_is(&it, states[s]);
		counted(sent);
		fd_linger(fd, 1, 0);
		fd_close(fd);
		while (wire_next(&it, 50))
			;
	}
}

/* MUST-7: an option of a known kind and a legal length, of which the header has only the
 * first bytes; for every length of the header and every number of bytes that are there.
 */
TEST_F(bad, cut_off)
{
	struct beside *b = &self->beside;
	uint8_t options[OPTIONS_MAX];
	int listener = fd_listen(&self->it, 8), sent = 0;

	stats_mark(NS_A);
	for (int i = 0; i < KNOWN; i++) {
		for (int size = 4; size <= OPTIONS_MAX; size += 4) {
			for (int there = 1; there < known[i].len && there <= size; there++) {
				uint8_t *at = options + size - there;

				memset(options, NOP, sizeof(options));
				memset(at, 0, there);
				at[0] = known[i].kind;
				if (there > 1)
					at[1] = known[i].len;
				wire_send(&self->us, SYN, 100, .opt = options, .optlen = size);
				wire_send(&b->us, PSH | ACK, b->sent, b->got, "text",
					  .opt = options, .optlen = size);
				sent += 2;
			}
		}
	}
	wire_silence(&self->it);
	state_is(&self->it, "LISTEN");
	fd_empty(b->fd);
	fd_no_accept(listener);
	counted(sent);
}

/* Options that are there twice, in a SYN and later. No RFC says which one counts; one of them
 * does, and the connection works.
 */
TEST_F(bad, repeated)
{
	static const uint8_t syn[] = {
		MSS, 4, 600 >> 8, 600 & 255, MSS, 4, 900 >> 8, 900 & 255,
		WSCALE, 3, 1, NOP, WSCALE, 3, 2, NOP, PERMITTED, 2, PERMITTED, 2,
		STAMPS, 10, 0, 0, 0, 10, 0, 0, 0, 0, STAMPS, 10, 0, 0, 0, 20, 0, 0, 0, 0,
	};
	static const uint8_t later[] = {
		STAMPS, 10, 0, 0, 0, 30, 0, 0, 0, 0, STAMPS, 10, 0, 0, 0, 31, 0, 0, 0, 0,
	};
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), fd;
	struct tcp_info info;
	struct seen *seen;
	char text[4000];

	wire_send(us, SYN, 100, .opt = syn, .optlen = sizeof(syn));
	seen = wire_expect(it, SYN | ACK, 300, 101);
	NEED(wire_option(seen, STAMPS));
	NEED(wire_option(seen, STAMPS)[9] == 10 || wire_option(seen, STAMPS)[9] == 20);
	wire_send(us, ACK, 101, 301, .opt = later, .optlen = sizeof(later));
	fd = fd_accept(listener);
	info = info_of(fd);
	SAME(info.tcpi_options, TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE);
	NEED(info.tcpi_snd_wscale == 1 || info.tcpi_snd_wscale == 2);
	wire_send(us, PSH | ACK, 101, 301, "once", .opt = later, .optlen = sizeof(later));
	fd_recv(fd, "once");
	fd_empty(fd);
	wire_pattern(text, 301, sizeof(text));
	SAME(send(fd, text, sizeof(text), 0), sizeof(text));
	for (int got = 0; got < 2400; got += seen->len) {
		do {
			seen = wire_next(it, PATIENCE_MS);
			NEED(seen);
		} while (!seen->len);
		SAME(seen->seq, 301 + got);
		/* 12 bytes of it for timestamps */
		NEED(seen->len <= 900 - 12);
	}
	fd_linger(fd, 1, 0);
	fd_close(fd);
}

/* The options that belong to a SYN, on what is none: MUST-65, RFC 7323 section 2.2 ("MUST be
 * ignored"), RFC 2018 section 2. The connection was opened without any.
 */
TEST_F(bad, of_a_syn_later)
{
	static const uint8_t options[] = {
		MSS, 4, 0, 88, WSCALE, 3, 7, NOP, PERMITTED, 2, NOP, NOP,
		STAMPS, 10, 0, 0, 0, 10, 0, 0, 0, 0, NOP, NOP,
	};
	struct beside *b = &self->beside;
	struct tcp_info before = info_of(b->fd), after;
	struct seen *seen;

	wire_send(&b->us, PSH | ACK, b->sent, b->got, "text", .wnd = 3000,
		  .opt = options, .optlen = sizeof(options));
	b->sent += 4;
	fd_recv(b->fd, "text");
	after = info_of(b->fd);
	SAME(after.tcpi_options, 0);
	SAME(after.tcpi_snd_wscale, 0);
	SAME(after.tcpi_snd_mss, before.tcpi_snd_mss);
	SAME(after.tcpi_snd_wnd, 3000);
	/* Text behind a gap is not reported, nothing is stamped. */
	wire_send(&b->us, PSH | ACK, b->sent + 10, b->got, "behind", .opt = options,
		  .optlen = sizeof(options));
	wire_sync(NS_A);
	seen = wire_next(&b->it, 0);
	NEED(seen);
	for (; seen; seen = wire_next(&b->it, 0)) {
		SAME(seen->optlen, 0);
		SAME(seen->ack, b->sent);
	}
	fd_empty(b->fd);
	wire_send(&b->us, PSH | ACK, b->sent, b->got, "0123456789");
	b->sent += 16;
	fd_recv(b->fd, "0123456789behind");
	STATS_NONE(NS_A);
}

/* They mean nothing in any other state either: what is acceptable without them is so with
 * them. Nothing was agreed on; the blocks and stamps are of any number.
 */
TEST_F(bad, not_agreed)
{
	static const uint8_t options[] = {
		STAMPS, 10, 0xff, 0xff, 0xff, 0xff, 0x80, 0, 0, 0,
		SACK, 18, 0, 0, 1, 45, 0, 0, 1, 46, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,
		WSCALE, 3, 14, MSS, 4, 0, 1, PERMITTED, 2, NOP, NOP, NOP,
	};

	for (int s = 1; s < STATES; s++) {
		bool fin = s >= 5;
		struct end us, it;
		int fd;

		wire_ends(&us, NS_T, PEER + s, &it, NS_A, PORT + s);
		fd = wire_to_state(&us, &it, states[s]);
		stats_mark(NS_A);
		/* Acknowledges our SYN, not our FIN: no state but SYN-RECEIVED goes on. */
		for (int i = 0; i < 2; i++)
			wire_send(&us, ACK, 101 + fin, 301, .opt = options,
				  .optlen = sizeof(options));
		wire_silence(&it);
		state_is(&it, s == 1 ? "ESTABLISHED" : states[s]);
		if (s == 1)
			STATS(NS_A, "transition SYN-RECEIVED ESTABLISHED ack 1");
		else
			STATS_NONE(NS_A);
		fd_linger(fd, 1, 0);
		fd_close(fd);
		while (wire_next(&it, 50))
			;
	}
}

/* A SYN and a SYN,ACK with blocks, and with options that we did not offer (RFC 7323 section
 * 1.3: only "if it has received" one, RFC 2018 section 2).
 */
TEST_F(bad, on_a_syn)
{
	static const uint8_t offer[] = {
		MSS, 4, 4, 0, WSCALE, 3, 7, NOP, PERMITTED, 2,
		STAMPS, 10, 0, 0, 0, 10, 0, 0, 0, 0,
		SACK, 18, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 1, 45, 0xff, 0, 0, 0, NOP, NOP,
	};
	struct end *us = &self->us, *it = &self->it;
	struct tcp_info info;
	struct seen *seen;
	int fd;

	net_hstp(NS_A, "window_scaling", 0);
	net_hstp(NS_A, "timestamps", 0);
	net_hstp(NS_A, "sack", 0);
	for (int passive = 0; passive < 2; passive++) {
		wire_ends(us, NS_T, PEER + passive, it, NS_A, PORT);
		fd = passive ? fd_listen(it, 1) : fd_start(it);
		if (!passive)
			wire_expect(it, SYN, 300);
		wire_send(us, passive ? SYN : SYN | ACK, 100, 301, .opt = offer,
			  .optlen = sizeof(offer));
		seen = passive ? wire_expect(it, SYN | ACK, 300, 101) :
				 wire_expect(it, ACK, 301, 101);
		NEED(!wire_option(seen, WSCALE) && !wire_option(seen, PERMITTED) &&
		     !wire_option(seen, STAMPS));
		if (passive) {
			wire_send(us, ACK, 101, 301);
			fd = fd_accept(fd);
		} else {
			SAME(fd_connected(fd), 0);
		}
		info = info_of(fd);
		SAME(info.tcpi_options, 0);
		fd_send(fd, "plain");
		seen = wire_expect(it, PSH | ACK, 301, 101, "plain");
		SAME(seen->optlen, 0);
		fd_linger(fd, 1, 0);
		fd_close(fd);
		wire_expect(it, RST, 306);
	}
}

/* RFC 7323 section 2.3: a shift above 14 is taken for 14. */
TEST_F(bad, shift)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 8);

	for (int shift = 15; shift <= 255; shift += 48) {
		uint8_t option[] = { WSCALE, 3, (uint8_t)shift, NOP };
		int fd;

		wire_ends(us, NS_T, PEER + shift, it, NS_A, PORT);
		wire_send(us, SYN, 100, .opt = option, .optlen = 4);
		wire_expect(it, SYN | ACK, 300, 101);
		wire_send(us, ACK, 101, 301, .wnd = 65535);
		fd = fd_accept(listener);
		SAME(info_of(fd).tcpi_snd_wscale, 14);
		/* REC-1: all of its 30 bits */
		SAME(info_of(fd).tcpi_snd_wnd, 65535 << 14);
		wire_send(us, RST, 101);
		WAIT(fd_error(fd) == ECONNRESET);
		fd_close(fd);
	}
}

/* MUST-16 and section 3.7.1: an MSS too small to be true is not obeyed to the letter, one of
 * zero is none, one larger than our own does not make segments that the link cannot carry.
 */
TEST_F(bad, sizes)
{
	static const int sizes[] = { 0, 1, 7, 1461, 9000, 65535 };
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 8);
	char text[3000];

	wire_pattern(text, 301, sizeof(text));
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		uint8_t option[] = { MSS, 4, (uint8_t)(sizes[i] >> 8), (uint8_t)sizes[i] };
		int fd, segments = 0;
		struct seen *seen;

		wire_ends(us, NS_T, PEER + i, it, NS_A, PORT);
		wire_send(us, SYN, 100, .opt = option, .optlen = 4);
		wire_expect(it, SYN | ACK, 300, 101);
		wire_send(us, ACK, 101, 301);
		fd = fd_accept(listener);
		SAME(send(fd, text, sizeof(text), 0), sizeof(text));
		for (int got = 0; got < 2 * 536; segments++) {
			seen = wire_next(it, PATIENCE_MS);
			NEED(seen);
			SAME(seen->seq, 301 + got);
			NEED(seen->len <= 1460);
			got += seen->len;
			wire_send(us, ACK, 101, 301 + got);
		}
		/* One byte a packet is a way to make a host work for nothing. */
		NEED(segments <= 2 * 536 / 8);
		wire_send(us, RST, 101);
		WAIT(fd_error(fd) == ECONNRESET);
		fd_close(fd);
		while (wire_next(it, 20))
			;
	}
}

TEST_HARNESS_MAIN
