// SPDX-License-Identifier: GPL-2.0
/* Headers and options, byte by byte: RFC 9293 sections 3.1 and 3.2. */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

/* Ports 4660 and 22136, SEQ, ACK, data offset 5, every flag, WND, UP. */
static const u8 plain[HSTP_HEADER_MIN] = {
	0x12, 0x34, 0x56, 0x78, 0x01, 0x02, 0x03, 0x04, 0xf1, 0xf2, 0xf3, 0xf4,
	0x50, 0xff, 0xab, 0xcd, 0x00, 0x00, 0x9a, 0xbc,
};

/* Parse @len bytes that have not one byte behind them that may be read. */
static enum hstp_drop parse(const u8 *bytes, size_t len, size_t total, struct hstp_segment *seg)
{
	u8 *exact = malloc(len ? len : 1);
	enum hstp_drop drop;

	memcpy(exact, bytes, len);
	memset(seg, 0xa5, sizeof(*seg));
	drop = hstp_segment_parse(exact, len, total, seg);
	free(exact);
	return drop;
}

/* A header with @len bytes of options, padded with END to 32-bit words. */
static enum hstp_drop parse_options(const u8 *options, size_t len, struct hstp_segment *seg)
{
	u8 bytes[HSTP_HEADER_MAX] = { 0 };
	size_t words = (len + 3) / 4;

	memcpy(bytes, plain, sizeof(plain));
	memcpy(bytes + HSTP_HEADER_MIN, options, len);
	bytes[12] = (u8)((5 + words) << 4);
	return parse(bytes, 20 + 4 * words, 20 + 4 * words, seg);
}

TEST(header_fields, "figure 1: every field is where it belongs")
{
	struct hstp_segment seg;

	SAME("drop", parse(plain, 20, 120, &seg), HSTP_DROP_NONE);
	SAME("source port", seg.sport, 0x1234);
	SAME("destination port", seg.dport, 0x5678);
	SAME("SEQ", seg.seq, 0x01020304);
	SAME("ACK", seg.ack, 0xf1f2f3f4);
	SAME("flags", seg.flags, 0xff);
	SAME("WND", seg.wnd, 0xabcd);
	SAME("UP", seg.up, 0x9abc);
	SAME("header", seg.header_len, 20);
	SAME("text", seg.text_len, 100);
	SAME("options", seg.opt.has, 0);
	SAME("SEG.LEN", hstp_seg_len(&seg), 102);
}

TEST(header_flags, "figure 1: each flag has its bit")
{
	static const u8 flags[8] = { HSTP_CWR, HSTP_ECE, HSTP_URG, HSTP_ACK, HSTP_PSH, HSTP_RST,
				     HSTP_SYN, HSTP_FIN };
	u8 bytes[HSTP_HEADER_MIN];
	struct hstp_segment seg;
	unsigned int i;

	memcpy(bytes, plain, sizeof(bytes));
	for (i = 0; i < 8; i++) {
		bytes[13] = (u8)(0x80 >> i);
		parse(bytes, 20, 20, &seg);
		SAME("flag", seg.flags, flags[i]);
	}
	/* "Reserved bits must be ignored in received segments" */
	bytes[12] = 0x5f;
	SAME("drop", parse(bytes, 20, 20, &seg), HSTP_DROP_NONE);
	SAME("header", seg.header_len, 20);
}

TEST(header_truncated, "a header cut off at each of its bytes is not read")
{
	struct hstp_segment seg;
	size_t len;

	for (len = 0; len < 20; len++) {
		SAME("drop", parse(plain, len, len, &seg), HSTP_DROP_SHORT);
		SAME("drop", parse(plain, 20, len, &seg), HSTP_DROP_SHORT);
	}
}

TEST(header_offset, "3.1: a data offset below 5 or past the end")
{
	u8 bytes[HSTP_HEADER_MAX + 4] = { 0 };
	struct hstp_segment seg;
	unsigned int words, len;

	memcpy(bytes, plain, sizeof(plain));
	for (words = 0; words < 16; words++) {
		bytes[12] = (u8)(words << 4);
		SAME("header", hstp_header_len(bytes), 4 * words);
		for (len = 20; len <= 64; len++) {
			enum hstp_drop drop = HSTP_DROP_NONE;

			if (words < 5)
				drop = HSTP_DROP_OFFSET_LOW;
			else if (len < 4 * words)
				drop = HSTP_DROP_OFFSET_HIGH;
			SAME("drop", parse(bytes, len, len, &seg), drop);
			SAME("drop", parse(bytes, 60, len, &seg), drop);
		}
		if (words >= 5)
			SAME("all there, but not readable", parse(bytes, 4 * words - 4, 64, &seg),
			     words == 5 ? HSTP_DROP_SHORT : HSTP_DROP_OFFSET_HIGH);
	}
}

TEST(options_known, "MUST-4: MSS, window scale, SACK permitted, timestamps, NOP and END")
{
	static const u8 options[] = { 2, 4, 0x05, 0xb4, 1, 3, 3, 7, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6,
				      7, 8, 0, 2 };
	struct hstp_segment seg;

	SAME("drop", parse_options(options, sizeof(options), &seg), HSTP_DROP_NONE);
	SAME("has", seg.opt.has, HSTP_HAS_MSS | HSTP_HAS_WSCALE | HSTP_HAS_SACK_PERMITTED |
	     HSTP_HAS_TIMESTAMPS);
	SAME("MSS", seg.opt.mss, 1460);
	SAME("scale", seg.opt.wscale, 7);
	SAME("TSval", seg.opt.tsval, 0x01020304);
	SAME("TSecr", seg.opt.tsecr, 0x05060708);
	SAME("SACK blocks", seg.opt.sack_count, 0);
	SAME("header", seg.header_len, 44);
}

TEST(options_unaligned, "MUST-64: an option begins at any byte")
{
	u8 options[HSTP_OPTIONS_MAX];
	struct hstp_segment seg;
	unsigned int nops;

	for (nops = 0; nops <= 36; nops++) {
		memset(options, 1, sizeof(options));
		memcpy(options + nops, "\x02\x04\x02\x18", 4);
		SAME("drop", parse_options(options, 40, &seg), HSTP_DROP_NONE);
		SAME("has", seg.opt.has, HSTP_HAS_MSS);
		SAME("MSS", seg.opt.mss, 536);
	}
}

TEST(options_sack, "RFC 2018: one to four blocks")
{
	u8 options[34] = { 5, 0 };
	struct hstp_segment seg;
	unsigned int blocks, i;

	for (i = 2; i < sizeof(options); i++)
		options[i] = (u8)i;
	for (blocks = 1; blocks <= 4; blocks++) {
		options[1] = (u8)(2 + 8 * blocks);
		SAME("drop", parse_options(options, options[1], &seg), HSTP_DROP_NONE);
		SAME("blocks", seg.opt.sack_count, blocks);
		SAME("left", seg.opt.sack[0].left, 0x02030405);
		SAME("right", seg.opt.sack[blocks - 1].right,
		     0x06070809 + (blocks - 1) * 0x08080808u);
	}
}

TEST(options_end, "3.2: END ends the list, whatever follows")
{
	static const u8 options[] = { 1, 0, 2, 255, 2, 4, 1, 1 };
	struct hstp_segment seg;

	SAME("drop", parse_options(options, sizeof(options), &seg), HSTP_DROP_NONE);
	SAME("has", seg.opt.has, 0);
}

TEST(options_unknown, "MUST-6: a kind that is not known is skipped by its length")
{
	u8 options[8] = { 0, 4, 0xff, 0xff, 2, 4, 0x02, 0x18 };
	struct hstp_segment seg;
	unsigned int kind;

	for (kind = 6; kind < 256; kind++) {
		if (kind == HSTP_OPT_TIMESTAMPS)
			continue;
		options[0] = (u8)kind;
		SAME("drop", parse_options(options, 8, &seg), HSTP_DROP_NONE);
		SAME("has", seg.opt.has, HSTP_HAS_MSS);
		SAME("MSS", seg.opt.mss, 536);
	}
}

TEST(options_repeated, "an option that repeats overrides the one before it")
{
	static const u8 options[] = { 2, 4, 0x05, 0xb4, 2, 4, 0x02, 0x18 };
	struct hstp_segment seg;

	SAME("drop", parse_options(options, sizeof(options), &seg), HSTP_DROP_NONE);
	SAME("MSS", seg.opt.mss, 536);
}

/* The lengths that each kind may have, RFC 9293 3.2, RFC 7323, RFC 2018. */
static bool legal(unsigned int kind, unsigned int size)
{
	switch (kind) {
	case HSTP_OPT_MSS:		return size == 4;
	case HSTP_OPT_WSCALE:		return size == 3;
	case HSTP_OPT_SACK_PERMITTED:	return size == 2;
	case HSTP_OPT_SACK:		return size == 10 || size == 18 || size == 26 || size == 34;
	case HSTP_OPT_TIMESTAMPS:	return size == 10;
	default:			return size >= 2;
	}
}

TEST(options_lengths, "MUST-7: every kind with every length: 0, 1, illegal, past the header")
{
	u8 options[HSTP_OPTIONS_MAX] = { 0 };
	struct hstp_segment seg;
	unsigned int kind, size;

	for (kind = 2; kind < 256; kind++)
		for (size = 0; size < 256; size++) {
			options[0] = (u8)kind;
			options[1] = (u8)size;
			SAME("drop", parse_options(options, 40, &seg),
			     size <= 40 && legal(kind, size) ? HSTP_DROP_NONE : HSTP_DROP_OPTION);
		}
}

TEST(options_truncated, "MUST-7: the list cut off at each byte")
{
	/* legal where an option ends: 0, 4, 5, 8, 10, 20, 30 */
	static const u8 options[] = { 2, 4, 0x05, 0xb4, 1, 3, 3, 7, 4, 2, 8, 10, 1, 2, 3, 4, 5, 6,
				      7, 8, 5, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct hstp_options opt;
	size_t len;

	for (len = 0; len <= sizeof(options); len++) {
		bool whole = len == 0 || len == 4 || len == 5 || len == 8 || len == 10 ||
			     len == 20 || len == 30;
		u8 *exact = malloc(len ? len : 1);

		memcpy(exact, options, len);
		SAME("parsed", hstp_options_parse(exact, len, &opt), whole);
		free(exact);
	}
}

TEST(round_trip, "what is built is parsed back, with every set of options")
{
	struct hstp_segment in, out;
	u8 bytes[HSTP_HEADER_MAX];
	unsigned int has, len;

	for (has = 0; has < 16; has++) {
		memset(&in, 0, sizeof(in));
		memset(bytes, 0xee, sizeof(bytes));
		in.sport = 1;
		in.dport = 65535;
		in.seq = 0xfffefdfc;
		in.ack = 0x80000001;
		in.flags = SYN | ACK;
		in.wnd = 65535;
		in.up = 7;
		in.opt.has = (u8)has;
		in.opt.mss = 1460;
		in.opt.wscale = 14;
		in.opt.tsval = 0xdeadbeef;
		in.opt.tsecr = 1;
		len = hstp_segment_build(&in, bytes);
		SAME("multiple of 4", len % 4, 0);
		SAME("checksum", bytes[16] | bytes[17], 0);
		SAME("drop", parse(bytes, len, len, &out), HSTP_DROP_NONE);
		SAME("header", out.header_len, len);
		SAME("sport", out.sport, in.sport);
		SAME("dport", out.dport, in.dport);
		SAME("SEQ", out.seq, in.seq);
		SAME("ACK", out.ack, in.ack);
		SAME("flags", out.flags, in.flags);
		SAME("WND", out.wnd, in.wnd);
		SAME("UP", out.up, in.up);
		SAME("has", out.opt.has, has);
		if (has & HSTP_HAS_MSS)
			SAME("MSS", out.opt.mss, 1460);
		if (has & HSTP_HAS_WSCALE)
			SAME("scale", out.opt.wscale, 14);
		if (has & HSTP_HAS_TIMESTAMPS)
			SAME("TSval", out.opt.tsval, 0xdeadbeef);
	}
}

TEST(round_trip_sack, "RFC 2018 section 3: four blocks have room, beside timestamps three")
{
	struct hstp_segment in, out;
	unsigned int blocks, i, len, fit, stamps;
	u8 bytes[HSTP_HEADER_MAX];

	for (blocks = 0; blocks < 10; blocks++) {
		stamps = blocks >= 5;
		memset(&in, 0, sizeof(in));
		in.flags = ACK;
		in.opt.has = stamps ? HSTP_HAS_TIMESTAMPS : 0;
		in.opt.tsval = 0xdeadbeef;
		in.opt.sack_count = (u8)(blocks % 5);
		for (i = 0; i < 4; i++) {
			in.opt.sack[i].left = 0xfffffff0 + 1000 * i;
			in.opt.sack[i].right = 0xfffffff0 + 1000 * i + 100;
		}
		len = hstp_segment_build(&in, bytes);
		SAME("multiple of 4", len % 4, 0);
		SAME("drop", parse(bytes, len, len, &out), HSTP_DROP_NONE);
		fit = in.opt.sack_count < 4 - stamps ? in.opt.sack_count : 4 - stamps;
		SAME("blocks", out.opt.sack_count, fit);
		for (i = 0; i < fit; i++) {
			SAME("left", out.opt.sack[i].left, in.opt.sack[i].left);
			SAME("right", out.opt.sack[i].right, in.opt.sack[i].right);
		}
		SAME("has", out.opt.has, in.opt.has);
	}
}

TEST(names, "every state, cause and reason has a name, and every arrow its ends")
{
	unsigned int i, from, to, arrows = 0;

	for (i = 0; i < HSTP_STATE_COUNT; i++)
		CHECK(hstp_state_names[i] && *hstp_state_names[i]);
	for (i = 0; i < HSTP_CAUSE_COUNT; i++)
		CHECK(hstp_cause_names[i] && *hstp_cause_names[i]);
	for (i = 0; i < HSTP_DROP_COUNT; i++)
		CHECK(hstp_drop_names[i] && *hstp_drop_names[i]);
	for (i = 0; i < HSTP_RESET_OUT_COUNT; i++)
		CHECK(hstp_reset_out_names[i] && *hstp_reset_out_names[i]);
	for (i = 0; i < HSTP_RESET_IN_COUNT; i++)
		CHECK(hstp_reset_in_names[i] && *hstp_reset_in_names[i]);
	for (from = 0; from < HSTP_STATE_COUNT; from++)
		for (to = 0; to < HSTP_STATE_COUNT; to++) {
			int edge = hstp_edge_find(from, to);

			if (edge < 0)
				continue;
			SAME("from", hstp_edges[edge].from, from);
			SAME("to", hstp_edges[edge].to, to);
			arrows++;
		}
	SAME("arrows", arrows, HSTP_EDGE_COUNT);
}

/* Figure 5, and from its text: an abort, a reset or a timeout leads to CLOSED. */
TEST(arrows, "figure 5: there is no arrow that the RFC does not have")
{
	CHECK(hstp_edge_find(HSTP_CLOSED, HSTP_ESTABLISHED) < 0);
	CHECK(hstp_edge_find(HSTP_LISTEN, HSTP_ESTABLISHED) < 0);
	CHECK(hstp_edge_find(HSTP_ESTABLISHED, HSTP_TIME_WAIT) < 0);
	CHECK(hstp_edge_find(HSTP_FIN_WAIT_2, HSTP_CLOSING) < 0);
	CHECK(hstp_edge_find(HSTP_CLOSE_WAIT, HSTP_TIME_WAIT) < 0);
	CHECK(hstp_edge_find(HSTP_LAST_ACK, HSTP_TIME_WAIT) < 0);
	CHECK(hstp_edge_find(HSTP_TIME_WAIT, HSTP_ESTABLISHED) < 0);
}
