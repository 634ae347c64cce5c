/* SPDX-License-Identifier: GPL-2.0 */
/* The segment's header, RFC 9293 section 3.1: from bytes and to bytes. */
#ifndef HSTP_CORE_SEGMENT_H
#define HSTP_CORE_SEGMENT_H

#include "options.h"
#include "state.h"
#include "types.h"

#define HSTP_HEADER_MIN		20	/* bytes, no option */
#define HSTP_HEADER_MAX		60	/* bytes, data offset 15 */

/* Where the fields are, bytes from the segment's first */
#define HSTP_AT_SPORT		0
#define HSTP_AT_DPORT		2
#define HSTP_AT_SEQ		4
#define HSTP_AT_ACK		8
#define HSTP_AT_OFFSET		12
#define HSTP_AT_FLAGS		13
#define HSTP_AT_WND		14
#define HSTP_AT_CHECK		16
#define HSTP_AT_UP		18

enum hstp_flag {
	HSTP_FIN = 0x01,
	HSTP_SYN = 0x02,
	HSTP_RST = 0x04,
	HSTP_PSH = 0x08,
	HSTP_ACK = 0x10,
	HSTP_URG = 0x20,
	HSTP_ECE = 0x40,
	HSTP_CWR = 0x80,
};

/* The ECN field of the IP header, RFC 3168 section 5. */
enum hstp_codepoint {
	HSTP_NOT_ECT = 0,
	HSTP_ECT_1 = 1,
	HSTP_ECT_0 = 2,
	HSTP_CE = 3,		/* congestion experienced */
};

/**
 * struct hstp_segment - a segment's variables, all in host order
 * @sport: source port
 * @dport: destination port
 * @seq: SEG.SEQ
 * @ack: SEG.ACK, meaningful with HSTP_ACK alone
 * @text_len: bytes of text
 * @wnd: SEG.WND
 * @up: SEG.UP
 * @flags: of enum hstp_flag
 * @header_len: bytes before the text
 * @ecn: of enum hstp_codepoint: the packet's, not the header's
 * @opt: options found
 */
struct hstp_segment {
	u16 sport;
	u16 dport;
	u32 seq;
	u32 ack;
	u32 text_len;
	u16 wnd;
	u16 up;
	u8 flags;
	u8 header_len;
	u8 ecn;
	struct hstp_options opt;
};

/**
 * hstp_seg_len() - SEG.LEN: sequence numbers that a segment occupies
 * @seg: segment
 */
static inline u32 hstp_seg_len(const struct hstp_segment *seg)
{
	return seg->text_len + !!(seg->flags & HSTP_SYN) + !!(seg->flags & HSTP_FIN);
}

unsigned int hstp_header_len(const u8 *bytes);
enum hstp_drop hstp_segment_parse(const u8 *bytes, size_t header_len,
				  size_t total_len, struct hstp_segment *seg);
unsigned int hstp_segment_build(const struct hstp_segment *seg, u8 *bytes);

#endif /* HSTP_CORE_SEGMENT_H */
