// SPDX-License-Identifier: GPL-2.0
/* The receiving side of selective acknowledgments, RFC 2018 and RFC 2883: which text is
 * held behind a gap, and which has arrived twice.
 */
#include "fsm.h"

/* Each report leaves room for the others and for timestamps. */
static u32 blocks_max(const struct hstp_tcb *t)
{
	return t->ts_ok ? HSTP_SACK_BLOCKS - 1 : HSTP_SACK_BLOCKS;
}

static void remove(struct hstp_tcb *t, u32 at)
{
	t->rcv_sacks--;
	for (; at < t->rcv_sacks; at++)
		t->rcv_sack[at] = t->rcv_sack[at + 1];
}

/* That which is reported longest gives way. */
static void put_first(struct hstp_tcb *t, struct hstp_range range)
{
	u32 at = t->rcv_sacks;

	if (at == HSTP_SACK_BLOCKS)
		at--;
	else
		t->rcv_sacks++;
	for (; at; at--)
		t->rcv_sack[at] = t->rcv_sack[at - 1];
	t->rcv_sack[0] = range;
}

/* The first block from now on, with what it touches. */
static void report(struct hstp_tcb *t, struct hstp_range range)
{
	u32 i = 0;

	while (i < t->rcv_sacks) {
		struct hstp_range old = t->rcv_sack[i];

		if (hstp_after(range.left, old.right) || hstp_before(range.right, old.left)) {
			i++;
			continue;
		}
		range.left = hstp_seq_min(range.left, old.left);
		range.right = hstp_seq_max(range.right, old.right);
		remove(t, i);
		i = 0;	/* it may touch now what it did not */
	}
	put_first(t, range);
}

/**
 * hstp_sack_hold() - text beyond a gap was put aside
 * @t: connection
 * @left: number of its first byte, beyond RCV.NXT
 * @right: number after the last
 * @env: settings
 *
 * RFC 2018 section 4: the first block is that with the segment that has just arrived; the
 * others follow, the latest first. What was there already is a duplicate (RFC 2883 section
 * 4.2). The caller may know more of what is beside it: see hstp_sack_whole().
 */
void hstp_sack_hold(struct hstp_tcb *t, u32 left, u32 right, const struct hstp_env *env)
{
	u32 i;

	if (!t->sack_ok || left == right)
		return;
	for (i = 0; i < t->rcv_sacks; i++)
		hstp_sack_twice(t, hstp_seq_max(left, t->rcv_sack[i].left),
				hstp_seq_min(right, t->rcv_sack[i].right), env);
	report(t, (struct hstp_range){ left, right });
}

/**
 * hstp_sack_whole() - what the text that was put aside last is part of
 * @t: connection
 * @whole: all that is held before and behind it without a gap
 *
 * RFC 2018 section 4: "the first SACK block ... MUST specify the contiguous block of data
 * containing the segment which triggered this ACK". There may be more blocks than are remembered
 * here; who holds the text knows them all.
 */
void hstp_sack_whole(struct hstp_tcb *t, struct hstp_range whole)
{
	if (t->sack_ok && whole.left != whole.right && hstp_after(whole.left, t->rcv_nxt))
		report(t, whole);
}

/**
 * hstp_sack_twice() - text has arrived that was here already
 * @t: connection
 * @left: number of its first byte
 * @right: number after the last; not after @left: there was none
 * @env: settings
 *
 * RFC 2883 section 4: reported once, with the next ACK.
 */
void hstp_sack_twice(struct hstp_tcb *t, u32 left, u32 right, const struct hstp_env *env)
{
	if (!t->sack_ok || !env->cfg->dsack || !hstp_before(left, right))
		return;
	t->dsack.left = left;
	t->dsack.right = right;
}

/**
 * hstp_sack_advance() - RCV.NXT has moved
 * @t: connection
 *
 * A block that it has reached is behind a gap no more.
 */
void hstp_sack_advance(struct hstp_tcb *t)
{
	u32 i = 0;

	while (i < t->rcv_sacks) {
		if (hstp_after(t->rcv_sack[i].left, t->rcv_nxt))
			i++;
		else
			remove(t, i);
	}
}

/**
 * hstp_sack_forget() - the text that was put aside is not there any more
 * @t: connection
 *
 * RFC 2018 section 8 allows it: it was not acknowledged.
 */
void hstp_sack_forget(struct hstp_tcb *t)
{
	t->rcv_sacks = 0;
	t->rcv_held = t->rcv_nxt;
}

static bool has_dsack(const struct hstp_tcb *t)
{
	return t->dsack.left != t->dsack.right;
}

/**
 * hstp_sack_len() - what the blocks of the next segment take
 * @t: connection
 *
 * Return: bytes of options.
 */
u32 hstp_sack_len(const struct hstp_tcb *t)
{
	u32 count = hstp_min(t->rcv_sacks + has_dsack(t), blocks_max(t));

	return count ? 4 + 8 * count : 0;
}

/**
 * hstp_sack_tell() - put the blocks into a segment that acknowledges
 * @t: connection; the duplicate is reported with that
 * @opt: its options
 */
void hstp_sack_tell(struct hstp_tcb *t, struct hstp_options *opt)
{
	u32 max = blocks_max(t), i;

	if (has_dsack(t))
		opt->sack[opt->sack_count++] = t->dsack;
	for (i = 0; i < t->rcv_sacks && opt->sack_count < max; i++)
		opt->sack[opt->sack_count++] = t->rcv_sack[i];
	t->dsack.left = t->dsack.right;
}
