// SPDX-License-Identifier: GPL-2.0
/* Urgent data, RFC 9293 section 3.8.5 as RFC 6093 reads it: a mark in the stream. */
#include "fsm.h"

#define URGENT_OLD_MAX	3	/* hstp_tcb.urgent_old; who leaves more of them reads the rest */

/**
 * hstp_call_urgent() - what the user gave until now is urgent
 * @t: connection, right after SEND
 *
 * Sections 3.10.2 and 3.8.5: SND.UP is the number after the last urgent byte (MUST-62).
 */
void hstp_call_urgent(struct hstp_tcb *t)
{
	t->snd_up = t->snd_end;
	t->urgent_out = 1;
}

/**
 * hstp_urgent_arrives() - a segment with URG
 * @t: connection
 * @seg: acceptable segment
 * @env: how much the user has not taken
 * @acts: gets HSTP_ACT_URGENT when the user is to be told
 *
 * Section 3.10.7.4 sixth. What was told is not told again (MUST-32), and what the user
 * has taken is not urgent any more. There is one mark. An urgent byte that the user has come
 * to, and not passed, is no text when another one takes the mark from it.
 */
void hstp_urgent_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			 const struct hstp_env *env, struct hstp_acts *acts)
{
	u32 up = seg->seq + seg->up;
	u32 next;

	if (!(seg->flags & HSTP_URG) || !hstp_may_receive(t->state) || t->user_gone)
		return;
	next = t->rcv_nxt - (env->buffer - env->space) + t->urgent_old;
	if (!hstp_after(up, next))
		return;
	if (t->urgent_in && !hstp_after(up, t->rcv_up))
		return;
	/* With more unread than the buffer is for now, it is not known what the user has. */
	if (t->urgent_in && t->rcv_up == next + 1 && t->rcv_nxt != next && env->space)
		t->urgent_old += t->urgent_old < URGENT_OLD_MAX;
	t->rcv_up = up;
	t->urgent_in = 1;
	t->urgent_read = 0;
	acts->bits |= HSTP_ACT_URGENT;
}

/**
 * hstp_urgent_passed() - the user has taken text
 * @t: connection
 * @next: number of the next byte that is to be taken
 * @bytes: that were taken
 */
void hstp_urgent_passed(struct hstp_tcb *t, u32 next, u32 bytes)
{
	t->urgent_old -= hstp_min(t->urgent_old, bytes);
	if (t->urgent_in && !hstp_before(next, t->rcv_up))
		t->urgent_in = 0;
}
