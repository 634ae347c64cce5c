/* SPDX-License-Identifier: GPL-2.0 */
/* Header options: the kinds in use on the Internet, RFC 9293 section 3.2. */
#ifndef HSTP_CORE_OPTIONS_H
#define HSTP_CORE_OPTIONS_H

#include "seq.h"
#include "types.h"

#define HSTP_OPTIONS_MAX	40	/* bytes */
#define HSTP_MSS_DEFAULT	536	/* MUST-15: when the peer names none (IPv4) */
#define HSTP_MSS_MIN		48	/* less is not believed */
#define HSTP_SACK_BLOCKS	4
#define HSTP_WSCALE_MAX		14	/* RFC 7323 section 2.3 */
#define HSTP_STAMPS_LEN		12	/* bytes of the timestamps option, padded */

enum hstp_option_kind {
	HSTP_OPT_END = 0,
	HSTP_OPT_NOP = 1,
	HSTP_OPT_MSS = 2,
	HSTP_OPT_WSCALE = 3,
	HSTP_OPT_SACK_PERMITTED = 4,
	HSTP_OPT_SACK = 5,
	HSTP_OPT_TIMESTAMPS = 8,
};

enum hstp_option_bit {
	HSTP_HAS_MSS = 1 << 0,
	HSTP_HAS_WSCALE = 1 << 1,
	HSTP_HAS_SACK_PERMITTED = 1 << 2,
	HSTP_HAS_TIMESTAMPS = 1 << 3,
};

/**
 * struct hstp_options - the options of one segment, in host order
 * @has: of enum hstp_option_bit
 * @wscale: window scale shift
 * @sack_count: blocks in @sack
 * @mss: maximum segment size, bytes
 * @tsval: timestamp value
 * @tsecr: timestamp echo reply
 * @sack: left and right edges
 */
struct hstp_options {
	u8 has;
	u8 wscale;
	u8 sack_count;
	u16 mss;
	u32 tsval;
	u32 tsecr;
	struct hstp_range sack[HSTP_SACK_BLOCKS];
};

bool hstp_options_parse(const u8 *bytes, size_t len, struct hstp_options *opt);
unsigned int hstp_options_build(const struct hstp_options *opt, u8 *bytes);

#endif /* HSTP_CORE_OPTIONS_H */
