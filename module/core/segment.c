// SPDX-License-Identifier: GPL-2.0
/* Parsing and building of headers. The checksum is its caller's. */
#include "bytes.h"
#include "segment.h"

/**
 * hstp_header_len() - what the data offset says
 * @bytes: at least HSTP_HEADER_MIN bytes
 *
 * Return: bytes of header, 0 to 60; below HSTP_HEADER_MIN is an error of the
 * sender (RFC 9293 section 3.1, "Data Offset").
 */
unsigned int hstp_header_len(const u8 *bytes)
{
	return (bytes[HSTP_AT_OFFSET] >> 4) * 4;
}

/**
 * hstp_segment_parse() - read a header
 * @bytes: the segment's first bytes
 * @header_len: how many of them can be read
 * @total_len: bytes of the whole segment, text included
 * @seg: filled, but for @ecn, when the result is HSTP_DROP_NONE
 *
 * Return: HSTP_DROP_NONE, or why the segment cannot be used: it is too short,
 * its data offset lies, or an option's length is illegal (MUST-7).
 */
enum hstp_drop hstp_segment_parse(const u8 *bytes, size_t header_len,
				  size_t total_len, struct hstp_segment *seg)
{
	unsigned int len;

	if (header_len < HSTP_HEADER_MIN || total_len < HSTP_HEADER_MIN)
		return HSTP_DROP_SHORT;
	len = hstp_header_len(bytes);
	if (len < HSTP_HEADER_MIN)
		return HSTP_DROP_OFFSET_LOW;
	if (len > header_len || len > total_len)
		return HSTP_DROP_OFFSET_HIGH;

	seg->sport = hstp_get16(bytes + HSTP_AT_SPORT);
	seg->dport = hstp_get16(bytes + HSTP_AT_DPORT);
	seg->seq = hstp_get32(bytes + HSTP_AT_SEQ);
	seg->ack = hstp_get32(bytes + HSTP_AT_ACK);
	seg->flags = bytes[HSTP_AT_FLAGS];
	seg->wnd = hstp_get16(bytes + HSTP_AT_WND);
	seg->up = hstp_get16(bytes + HSTP_AT_UP);
	seg->header_len = (u8)len;
	seg->text_len = (u32)(total_len - len);

	if (!hstp_options_parse(bytes + HSTP_HEADER_MIN, len - HSTP_HEADER_MIN, &seg->opt))
		return HSTP_DROP_OPTION;
	return HSTP_DROP_NONE;
}

/**
 * hstp_segment_build() - write a header
 * @seg: all variables but @header_len, @text_len and @ecn are used
 * @bytes: room for HSTP_HEADER_MAX bytes
 *
 * The checksum field is left zero.
 *
 * Return: bytes written.
 */
unsigned int hstp_segment_build(const struct hstp_segment *seg, u8 *bytes)
{
	unsigned int len = HSTP_HEADER_MIN;

	hstp_put16(bytes + HSTP_AT_SPORT, seg->sport);
	hstp_put16(bytes + HSTP_AT_DPORT, seg->dport);
	hstp_put32(bytes + HSTP_AT_SEQ, seg->seq);
	hstp_put32(bytes + HSTP_AT_ACK, seg->ack);
	hstp_put16(bytes + HSTP_AT_WND, seg->wnd);
	hstp_put16(bytes + HSTP_AT_CHECK, 0);
	hstp_put16(bytes + HSTP_AT_UP, seg->up);

	len += hstp_options_build(&seg->opt, bytes + HSTP_HEADER_MIN);
	bytes[HSTP_AT_OFFSET] = (u8)(len / 4 << 4);
	bytes[HSTP_AT_FLAGS] = seg->flags;
	return len;
}
