// SPDX-License-Identifier: GPL-2.0
/* Text behind a gap: the queue of whoever stands in for the kernel half in a test. */
#include "held.h"

#include <string.h>

/* All that is held without a gap around a segment: sorted, but some may be part of others. */
static struct hstp_range whole(const struct held *queue, u32 count, const struct held *text)
{
	struct hstp_range range = { text->seq, text->seq + text->len };
	bool more;
	u32 i;

	do {
		more = false;
		for (i = 0; i < count; i++) {
			u32 left = queue[i].seq, right = left + queue[i].len;

			if (hstp_after(left, range.right) || hstp_before(right, range.left))
				continue;
			more |= hstp_before(left, range.left) || hstp_after(right, range.right);
			range.left = hstp_seq_min(range.left, left);
			range.right = hstp_seq_max(range.right, right);
		}
	} while (more);
	return range;
}

/**
 * held_keep() - text was to be kept: HSTP_ACT_HOLD
 * @queue: what is kept, sorted; has room for one more
 * @count: how much of it there is
 * @text: to be kept
 * @t: connection; hears of what the text is part of
 *
 * Return: that (RFC 2018 section 4: the first block is whole).
 */
struct hstp_range held_keep(struct held *queue, u32 *count, struct held text, struct hstp_tcb *t)
{
	struct hstp_range range;
	u32 i = (*count)++;

	for (; i && hstp_after(queue[i - 1].seq, text.seq); i--)
		queue[i] = queue[i - 1];
	queue[i] = text;
	range = whole(queue, *count, &text);
	hstp_sack_whole(t, range);
	return range;
}

/**
 * held_next() - take out what is in order now
 * @queue: what is kept
 * @count: how much of it there is
 * @text: what was taken out; of it text_len bytes from text_off on are the user's
 * @t: connection
 * @env: clock and settings
 * @acts: see hstp_held_arrives()
 *
 * To be called until it returns false.
 */
bool held_next(struct held *queue, u32 *count, struct held *text, struct hstp_tcb *t,
	       const struct hstp_env *env, struct hstp_acts *acts)
{
	if (!*count || !hstp_held_arrives(t, queue->seq, queue->len, queue->fin, env, acts))
		return false;
	*text = *queue;
	memmove(queue, queue + 1, --*count * sizeof(*queue));
	/* What is not there must not tell two states apart. */
	memset(queue + *count, 0, sizeof(*queue));
	return true;
}
