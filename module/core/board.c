// SPDX-License-Identifier: GPL-2.0
/* The sender's scoreboard, RFC 6675 sections 3 and 4. The peer may lie: what it says of
 * text that was never sent, or that it has acknowledged, is not believed.
 */
#include "board.h"

#define DUPLICATES	3	/* DupThresh */

static void remove(struct hstp_board *b, u32 at, u32 count)
{
	b->count -= count;
	for (; at < b->count; at++)
		b->range[at] = b->range[at + count];
}

/* A range that begins where the ACK is, or before: had the peer still got it, it would
 * have acknowledged it.
 */
static void trim(struct hstp_board *b, u32 ack)
{
	u32 gone = 0;

	while (gone < b->count && !hstp_after(b->range[gone].left, ack))
		gone++;
	if (gone)
		remove(b, 0, gone);
}

/* Returns how many bytes are new. */
static u32 add(struct hstp_board *b, struct hstp_range new)
{
	u32 at = 0, end, known = 0, i;

	while (at < b->count && hstp_before(b->range[at].right, new.left))
		at++;
	for (end = at; end < b->count && !hstp_after(b->range[end].left, new.right); end++) {
		known += b->range[end].right - b->range[end].left;
		new.left = hstp_seq_min(new.left, b->range[end].left);
		new.right = hstp_seq_max(new.right, b->range[end].right);
	}
	if (end > at) {
		remove(b, at, end - at - 1);
	} else {
		if (b->count == HSTP_BOARD_RANGES)
			return 0;
		for (i = b->count++; i > at; i--)
			b->range[i] = b->range[i - 1];
	}
	b->range[at] = new;
	return new.right - new.left - known;
}

/**
 * hstp_board_update() - an ACK tells what the peer holds
 * @b: scoreboard
 * @t: connection; SND.UNA is not yet advanced
 * @ack: SND.UNA =< SEG.ACK =< SND.NXT
 * @opt: the segment's options
 *
 * RFC 6675 section 4, Update(). A first block of text that arrived twice (RFC 2883
 * section 4) is below SEG.ACK or within the second block: it says nothing new.
 *
 * Return: bytes that it did not hold before, as far as we know.
 */
u32 hstp_board_update(struct hstp_board *b, const struct hstp_tcb *t, u32 ack,
		      const struct hstp_options *opt)
{
	u32 bytes = 0, i;

	trim(b, ack);
	for (i = 0; i < opt->sack_count; i++) {
		struct hstp_range r = opt->sack[i];

		if (r.right - r.left < t->snd_nxt - ack && hstp_after(r.left, ack) &&
		    hstp_before(r.left, r.right) && !hstp_after(r.right, t->snd_nxt))
			bytes += add(b, r);
	}
	return bytes;
}

/**
 * hstp_board_clear() - forget it all
 * @b: scoreboard, or NULL
 *
 * RFC 2018 section 8: after a timeout the peer may have thrown it away.
 */
void hstp_board_clear(struct hstp_board *b)
{
	if (b)
		b->count = 0;
}

static bool enough(const struct hstp_tcb *t, u32 ranges, u32 bytes)
{
	return ranges >= DUPLICATES || bytes > (DUPLICATES - 1) * (u32)t->mss;
}

/**
 * hstp_board_lost() - is a byte lost that the peer does not hold
 * @b: scoreboard
 * @t: connection
 * @seq: number of the byte
 *
 * RFC 6675 section 4, IsLost().
 */
bool hstp_board_lost(const struct hstp_board *b, const struct hstp_tcb *t, u32 seq)
{
	u32 ranges = 0, bytes = 0, i;

	for (i = b->count; i-- && hstp_after(b->range[i].left, seq);) {
		ranges++;
		bytes += b->range[i].right - b->range[i].left;
	}
	return enough(t, ranges, bytes);
}

/**
 * hstp_board_gone() - how much is lost
 * @b: scoreboard
 * @t: connection in fast recovery
 *
 * Holes of which IsLost() is true, sent again or not; of that at SND.UNA, with which the
 * recovery began, a segment at least.
 *
 * Return: bytes.
 */
u32 hstp_board_gone(const struct hstp_board *b, const struct hstp_tcb *t)
{
	u32 ranges = 0, bytes = 0, gone = 0, i, left;
	u32 first = (b->count ? b->range[0].left : t->snd_nxt) - t->snd_una;

	for (i = b->count; i--;) {
		ranges++;
		bytes += b->range[i].right - b->range[i].left;
		left = i ? b->range[i - 1].right : t->snd_una;
		if (enough(t, ranges, bytes))
			gone += b->range[i].left - left;
	}
	return hstp_max(gone, hstp_min(t->mss, first));
}

static u32 before_resent(const struct hstp_tcb *t, u32 left, u32 right)
{
	u32 end = hstp_seq_min(t->resent, right);

	return hstp_after(end, left) ? end - left : 0;
}

/**
 * hstp_board_pipe() - how much is on its way
 * @b: scoreboard
 * @t: connection in fast recovery: what is below @resent was sent again
 *
 * RFC 6675 section 4, SetPipe(): what is neither held nor lost, and what was sent again.
 *
 * Return: bytes.
 */
u32 hstp_board_pipe(const struct hstp_board *b, const struct hstp_tcb *t)
{
	u32 ranges = 0, bytes = 0, pipe = 0, right = t->snd_nxt, left, i;

	for (i = b->count; i--; right = b->range[i].left) {
		left = b->range[i].right;
		if (!enough(t, ranges, bytes))
			pipe += right - left;
		pipe += before_resent(t, left, right);
		ranges++;
		bytes += b->range[i].right - b->range[i].left;
	}
	if (!enough(t, ranges, bytes))
		pipe += right - t->snd_una;
	return pipe + before_resent(t, t->snd_una, right);
}

/**
 * hstp_board_held() - how much the peer holds
 * @b: scoreboard
 * @seq: up to here
 *
 * Return: bytes.
 */
u32 hstp_board_held(const struct hstp_board *b, u32 seq)
{
	u32 bytes = 0, i;

	for (i = 0; i < b->count && hstp_before(b->range[i].left, seq); i++)
		bytes += hstp_seq_min(b->range[i].right, seq) - b->range[i].left;
	return bytes;
}

/**
 * hstp_board_hole() - the next run of bytes that the peer does not hold
 * @b: scoreboard
 * @from: where to begin looking, not before SND.UNA
 * @len: bytes from there to the next range; unchanged after the last one
 *
 * Return: number of the first byte.
 */
u32 hstp_board_hole(const struct hstp_board *b, u32 from, u32 *len)
{
	u32 i;

	for (i = 0; i < b->count; i++) {
		if (hstp_before(from, b->range[i].left)) {
			*len = b->range[i].left - from;
			break;
		}
		from = hstp_seq_max(from, b->range[i].right);
	}
	return from;
}

/**
 * hstp_board_last() - the end of the last run of bytes that the peer does not hold
 * @b: scoreboard
 * @nxt: SND.NXT
 *
 * Return: number after the last of them.
 */
u32 hstp_board_last(const struct hstp_board *b, u32 nxt)
{
	return b->count && b->range[b->count - 1].right == nxt ? b->range[b->count - 1].left : nxt;
}

/**
 * hstp_board_before() - where the run of bytes that the peer does not hold begins
 * @b: scoreboard
 * @end: number after the last byte of the run
 * @una: SND.UNA
 *
 * Return: number of its first byte.
 */
u32 hstp_board_before(const struct hstp_board *b, u32 end, u32 una)
{
	u32 i;

	for (i = b->count; i--;) {
		if (!hstp_after(b->range[i].right, end))
			return b->range[i].right;
	}
	return una;
}
