// SPDX-License-Identifier: GPL-2.0
/* What a fault changes in a segment: a field of the header, or the checksum. */
#include <linux/bitops.h>
#include <linux/netdevice.h>
#include <net/checksum.h>

#include "core/bytes.h"
#include "core/segment.h"
#include "fault.h"

/* Where header fields are, RFC 9293 section 3.1 */
#define SEQ_OFFSET	4
#define ACK_OFFSET	8
#define FLAGS_OFFSET	12	/* of the word with the data offset before them */
#define WINDOW_OFFSET	14
#define CHECK_OFFSET	16
#define URGENT_OFFSET	18

/* Of which option a field is, and where in it: RFC 7323 section 3.2, RFC 2018 section 3. */
static const struct {
	u8 kind;
	u8 at;
} option_fields[] = {
	[HSTP_NL_FIELD_TSVAL] = { HSTP_OPT_TIMESTAMPS, 2 },
	[HSTP_NL_FIELD_TSECR] = { HSTP_OPT_TIMESTAMPS, 6 },
	[HSTP_NL_FIELD_SACK_LEFT] = { HSTP_OPT_SACK, 2 },
	[HSTP_NL_FIELD_SACK_RIGHT] = { HSTP_OPT_SACK, 6 },
};

/* The options may have been changed before, or come from anywhere. */
static int find_option(const u8 *options, int len, u8 kind)
{
	int at = 0;

	while (at + 1 < len && options[at] != HSTP_OPT_END) {
		if (options[at] == HSTP_OPT_NOP) {
			at++;
			continue;
		}
		if (options[at] == kind)
			return at;
		if (options[at + 1] < 2)
			break;
		at += options[at + 1];
	}
	return -ENOENT;
}

/* Bytes from the beginning of the header, or -ENOENT. */
static int offset_of(const struct hstp_passing *p, u8 field)
{
	int head = skb_transport_offset(p->skb), at;
	int len = hstp_header_len(skb_transport_header(p->skb)) - HSTP_HEADER_MIN;
	u8 copy[HSTP_OPTIONS_MAX];
	const u8 *options;

	switch (field) {
	case HSTP_NL_FIELD_SEQ:
		return SEQ_OFFSET;
	case HSTP_NL_FIELD_ACK:
		return ACK_OFFSET;
	case HSTP_NL_FIELD_WINDOW:
		return WINDOW_OFFSET;
	case HSTP_NL_FIELD_FLAGS:
		return FLAGS_OFFSET;
	case HSTP_NL_FIELD_URGENT:
		return URGENT_OFFSET;
	}
	if (len <= 0)
		return -ENOENT;
	options = skb_header_pointer(p->skb, head + HSTP_HEADER_MIN, len, copy);
	if (!options)
		return -ENOENT;
	if (field == HSTP_NL_FIELD_OPTION)
		return HSTP_HEADER_MIN;
	at = find_option(options, len, option_fields[field].kind);
	if (at < 0 || at + option_fields[field].at + 4 > len)
		return -ENOENT;
	return HSTP_HEADER_MIN + at + option_fields[field].at;
}

/**
 * hstp_passing_has() - is there what a rule changes
 * @p: segment
 * @field: enum hstp_nl_field
 */
bool hstp_passing_has(const struct hstp_passing *p, u8 field)
{
	return offset_of(p, field) >= 0;
}

static u32 changed(u32 from, const struct hstp_rule *rule)
{
	if (rule->how == HSTP_NL_HOW_SET)
		return rule->value;
	if (rule->field != HSTP_NL_FIELD_FLAGS)
		return from + rule->value;
	return rule->how == HSTP_NL_HOW_ADD ? from | rule->value : from & ~rule->value;
}

/* What four bytes add to a checksum: at an odd place each is in the other half of its word. */
static __be32 addend(u32 value, unsigned int offset)
{
	return htonl(offset & 1 ? ror32(value, BITS_PER_BYTE) : value);
}

/* The checksum follows, whether it is complete or the device's to complete. Options are where
 * who sent them, or a rule before this one, has put them.
 */
static void put32(struct sk_buff *skb, unsigned int offset, u32 value)
{
	u8 *header = skb_transport_header(skb);

	inet_proto_csum_replace4((__sum16 *)(header + CHECK_OFFSET), skb,
				 addend(hstp_get32(header + offset), offset),
				 addend(value, offset), false);
	hstp_put32(header + offset, value);
}

static void put16(struct sk_buff *skb, unsigned int offset, u16 value)
{
	u8 *header = skb_transport_header(skb);
	__be16 *at = (__be16 *)(header + offset), to = htons(value);

	inet_proto_csum_replace2((__sum16 *)(header + CHECK_OFFSET), skb, *at, to, false);
	*at = to;
}

static int make_writable(struct sk_buff *skb, unsigned int len)
{
	return skb_ensure_writable(skb, skb_transport_offset(skb) + len);
}

/* What is there, of which field. */
static u32 value_at(const u8 *at, u8 field)
{
	switch (field) {
	case HSTP_NL_FIELD_WINDOW:
	case HSTP_NL_FIELD_URGENT:
		return hstp_get16(at);
	case HSTP_NL_FIELD_FLAGS:
		return at[1];
	default:
		return hstp_get32(at);
	}
}

/**
 * hstp_passing_change() - change a field, and correct the checksum
 * @p: segment that has it
 * @rule: says what, and how
 * @from: gets what it was
 * @to: gets what it is now
 *
 * Return: 0 or -ENOMEM.
 */
int hstp_passing_change(struct hstp_passing *p, const struct hstp_rule *rule, u32 *from, u32 *to)
{
	struct sk_buff *skb = p->skb;
	int at = offset_of(p, rule->field);
	/* All fields of the fixed part are in it; those of options have four bytes */
	int err = make_writable(skb, at < HSTP_HEADER_MIN ? HSTP_HEADER_MIN : at + 4);
	const u8 *header = skb_transport_header(skb);

	if (err)
		return err;
	*from = value_at(header + at, rule->field);
	switch (rule->field) {
	case HSTP_NL_FIELD_WINDOW:
	case HSTP_NL_FIELD_URGENT:
		put16(skb, at, (u16)changed(*from, rule));
		break;
	case HSTP_NL_FIELD_FLAGS:
		put16(skb, at, header[at] << 8 | (u8)changed(*from, rule));
		break;
	default:
		put32(skb, at, changed(*from, rule));
		break;
	}
	*to = value_at(header + at, rule->field);
	hstp_passing_look(p);
	return 0;
}

/**
 * hstp_passing_corrupt() - have a segment leave with a wrong checksum
 * @p: segment that is sent
 *
 * Return: 0 or a negative errno.
 */
int hstp_passing_corrupt(struct hstp_passing *p)
{
	struct sk_buff *skb = p->skb;
	int err;

	/* A device that computed it would put it right */
	if (skb->ip_summed == CHECKSUM_PARTIAL) {
		err = skb_checksum_help(skb);
		if (err)
			return err;
	}
	err = make_writable(skb, HSTP_HEADER_MIN);
	if (err)
		return err;
	skb_transport_header(skb)[CHECK_OFFSET + 1] ^= 1;
	return 0;
}
