// SPDX-License-Identifier: GPL-2.0
/* What a fault changes in a segment: a field of the header, or the checksum. */
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

static u32 changed(u32 from, const struct hstp_rule *rule)
{
	if (rule->how == HSTP_NL_HOW_SET)
		return rule->value;
	if (rule->field != HSTP_NL_FIELD_FLAGS)
		return from + rule->value;
	return rule->how == HSTP_NL_HOW_ADD ? from | rule->value : from & ~rule->value;
}

/* The checksum follows, whether it is complete or the device's to complete. */
static void put32(struct sk_buff *skb, unsigned int offset, u32 value)
{
	u8 *header = skb_transport_header(skb);
	__be32 *at = (__be32 *)(header + offset), to = htonl(value);

	inet_proto_csum_replace4((__sum16 *)(header + CHECK_OFFSET), skb, *at, to, false);
	*at = to;
}

static void put16(struct sk_buff *skb, unsigned int offset, u16 value)
{
	u8 *header = skb_transport_header(skb);
	__be16 *at = (__be16 *)(header + offset), to = htons(value);

	inet_proto_csum_replace2((__sum16 *)(header + CHECK_OFFSET), skb, *at, to, false);
	*at = to;
}

static int make_writable(struct sk_buff *skb)
{
	return skb_ensure_writable(skb, skb_transport_offset(skb) + HSTP_HEADER_MIN);
}

/**
 * hstp_passing_change() - change a field, and correct the checksum
 * @p: segment
 * @rule: says what, and how
 *
 * Return: 0 or -ENOMEM.
 */
int hstp_passing_change(struct hstp_passing *p, const struct hstp_rule *rule)
{
	struct sk_buff *skb = p->skb;
	int err = make_writable(skb);

	if (err)
		return err;
	switch (rule->field) {
	case HSTP_NL_FIELD_SEQ:
		put32(skb, SEQ_OFFSET, changed(p->seq, rule));
		break;
	case HSTP_NL_FIELD_ACK:
		put32(skb, ACK_OFFSET, changed(p->ack, rule));
		break;
	case HSTP_NL_FIELD_WINDOW:
		put16(skb, WINDOW_OFFSET, (u16)changed(p->wnd, rule));
		break;
	case HSTP_NL_FIELD_FLAGS:
		put16(skb, FLAGS_OFFSET, skb_transport_header(skb)[FLAGS_OFFSET] << 8 |
		      (u8)changed(p->flags, rule));
		break;
	}
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
	err = make_writable(skb);
	if (err)
		return err;
	skb_transport_header(skb)[CHECK_OFFSET + 1] ^= 1;
	return 0;
}
