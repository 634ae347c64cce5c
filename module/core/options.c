// SPDX-License-Identifier: GPL-2.0
/* Options are parsed without trust: each length is checked before it is used. */
#include "bytes.h"
#include "options.h"

/* Two no-operations, kind and length */
#define STAMPS_ALONE	(HSTP_OPT_NOP << 24 | HSTP_OPT_NOP << 16 | \
			 HSTP_OPT_TIMESTAMPS << 8 | 10)

/* One option of a known kind; false when its length is not the kind's. */
static bool parse_one(u8 kind, const u8 *value, unsigned int len, struct hstp_options *opt)
{
	unsigned int i;

	switch (kind) {
	case HSTP_OPT_MSS:
		if (len != 2)
			return false;
		opt->mss = hstp_get16(value);
		opt->has |= HSTP_HAS_MSS;
		return true;
	case HSTP_OPT_WSCALE:
		if (len != 1)
			return false;
		opt->wscale = value[0];
		opt->has |= HSTP_HAS_WSCALE;
		return true;
	case HSTP_OPT_SACK_PERMITTED:
		if (len != 0)
			return false;
		opt->has |= HSTP_HAS_SACK_PERMITTED;
		return true;
	case HSTP_OPT_SACK:
		if (len == 0 || len % 8 || len > 8 * HSTP_SACK_BLOCKS)
			return false;
		opt->sack_count = (u8)(len / 8);
		for (i = 0; i < opt->sack_count; i++) {
			opt->sack[i].left = hstp_get32(value + 8 * i);
			opt->sack[i].right = hstp_get32(value + 8 * i + 4);
		}
		return true;
	case HSTP_OPT_TIMESTAMPS:
		if (len != 8)
			return false;
		opt->tsval = hstp_get32(value);
		opt->tsecr = hstp_get32(value + 4);
		opt->has |= HSTP_HAS_TIMESTAMPS;
		return true;
	default:
		return true;	/* MUST-6: an unknown option is skipped by its length */
	}
}

/**
 * hstp_options_parse() - read a header's options
 * @bytes: what follows the first 20 bytes of the header
 * @len: bytes of options, up to HSTP_OPTIONS_MAX
 * @opt: filled; meaningful only when the result is true
 *
 * MUST-4 (the three kinds that everybody knows), MUST-5 (on any segment), MUST-6
 * (unknown kinds) and MUST-64 (at any alignment). An option that repeats overrides
 * the one before it.
 *
 * Return: false when an option has an illegal length or runs past the header,
 * which MUST-7 asks to survive.
 */
bool hstp_options_parse(const u8 *bytes, size_t len, struct hstp_options *opt)
{
	size_t at = 0;

	opt->has = 0;
	opt->sack_count = 0;
	/* As most segments have it: RFC 7323 appendix A */
	if (len == HSTP_STAMPS_LEN && hstp_get32(bytes) == STAMPS_ALONE) {
		opt->tsval = hstp_get32(bytes + 4);
		opt->tsecr = hstp_get32(bytes + 8);
		opt->has = HSTP_HAS_TIMESTAMPS;
		return true;
	}
	while (at < len) {
		u8 kind = bytes[at];
		u8 size;

		if (kind == HSTP_OPT_END)
			return true;
		if (kind == HSTP_OPT_NOP) {
			at++;
			continue;
		}
		if (len - at < 2)
			return false;
		size = bytes[at + 1];
		if (size < 2 || size > len - at)
			return false;
		if (!parse_one(kind, bytes + at + 2, size - 2, opt))
			return false;
		at += size;
	}
	return true;
}

/* As many blocks as there is room for. */
static unsigned int put_sack(const struct hstp_options *opt, u8 *bytes, unsigned int room)
{
	unsigned int count = opt->sack_count, i;

	while (count && 4 + 8 * count > room)
		count--;
	if (!count)
		return 0;
	bytes[0] = HSTP_OPT_NOP;
	bytes[1] = HSTP_OPT_NOP;
	bytes[2] = HSTP_OPT_SACK;
	bytes[3] = (u8)(2 + 8 * count);
	for (i = 0; i < count; i++) {
		hstp_put32(bytes + 4 + 8 * i, opt->sack[i].left);
		hstp_put32(bytes + 8 + 8 * i, opt->sack[i].right);
	}
	return 4 + 8 * count;
}

static unsigned int put_on_syn(const struct hstp_options *opt, u8 *bytes)
{
	unsigned int at = 0;

	if (opt->has & HSTP_HAS_MSS) {
		bytes[at++] = HSTP_OPT_MSS;
		bytes[at++] = 4;
		hstp_put16(bytes + at, opt->mss);
		at += 2;
	}
	if (opt->has & HSTP_HAS_WSCALE) {
		bytes[at++] = HSTP_OPT_NOP;
		bytes[at++] = HSTP_OPT_WSCALE;
		bytes[at++] = 3;
		bytes[at++] = opt->wscale;
	}
	if (opt->has & HSTP_HAS_SACK_PERMITTED) {
		bytes[at++] = HSTP_OPT_NOP;
		bytes[at++] = HSTP_OPT_NOP;
		bytes[at++] = HSTP_OPT_SACK_PERMITTED;
		bytes[at++] = 2;
	}
	return at;
}

/**
 * hstp_options_build() - write the options that @opt has
 * @opt: options; SACK blocks that find no room, as the fourth beside timestamps, are
 *	left out
 * @bytes: room for HSTP_OPTIONS_MAX bytes
 *
 * Return: bytes written, a multiple of four: each option is padded with no-operations.
 */
unsigned int hstp_options_build(const struct hstp_options *opt, u8 *bytes)
{
	unsigned int at = 0;

	if (opt->has & ~HSTP_HAS_TIMESTAMPS)
		at = put_on_syn(opt, bytes);
	if (opt->has & HSTP_HAS_TIMESTAMPS) {
		hstp_put32(bytes + at, STAMPS_ALONE);
		hstp_put32(bytes + at + 4, opt->tsval);
		hstp_put32(bytes + at + 8, opt->tsecr);
		at += HSTP_STAMPS_LEN;
	}
	if (opt->sack_count)
		at += put_sack(opt, bytes + at, HSTP_OPTIONS_MAX - at);
	return at;
}
