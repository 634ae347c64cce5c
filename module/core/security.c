// SPDX-License-Identifier: GPL-2.0
/* Security level, compartment and precedence: RFC 793 sections 2.7 and 3.4, reset generation
 * groups 2 and 3, and section 3.9, pages 66 to 71; of RFC 9293 section 3.10.7 the level and
 * the compartment. Only a user who has asked for them knows of it: hstp_env.strange is else 0.
 */
#include "fsm.h"

static bool refuse(const struct hstp_segment *seg, struct hstp_acts *acts)
{
	acts->drop = HSTP_DROP_SECURITY;
	hstp_reply_reset(seg, HSTP_RESET_OUT_SECURITY, acts);
	return false;
}

/**
 * hstp_security_opens() - a SYN for LISTEN or SYN-SENT: may it open the connection
 * @seg: the segment
 * @env: what is strange about it
 * @acts: gets the reset, or HSTP_ACT_RAISE when the connection has the segment's precedence
 *	from now on
 *
 * In LISTEN there is no ACK, nor in SYN-SENT when both ends open at once: who is asked may
 * raise the precedence. A SYN,ACK must have the one that our SYN had. Whoever is refused,
 * the state stays.
 *
 * Return: false when it may not.
 */
bool hstp_security_opens(const struct hstp_segment *seg, const struct hstp_env *env,
			 struct hstp_acts *acts)
{
	u8 strange = env->strange;

	if (strange & HSTP_STRANGE_SECURITY)
		return refuse(seg, acts);
	if (seg->flags & HSTP_ACK)
		return strange & (HSTP_STRANGE_ABOVE | HSTP_STRANGE_BELOW) ?
		       refuse(seg, acts) : true;
	if (!(strange & HSTP_STRANGE_ABOVE) || !(seg->flags & HSTP_SYN))
		return true;
	if (!(strange & HSTP_STRANGE_MAY_RAISE))
		return refuse(seg, acts);
	acts->bits |= HSTP_ACT_RAISE;
	return true;
}

/**
 * hstp_security_refuse() - a strange segment for a connection beyond SYN-SENT
 * @t: connection
 * @seg: acceptable segment without RST
 * @acts: gets the reset, and in a synchronized state the end of the connection
 *
 * It stands after the check of the sequence number, so that a segment of an old connection
 * with another security does not end this one.
 */
void hstp_security_refuse(struct hstp_tcb *t, const struct hstp_segment *seg,
			  struct hstp_acts *acts)
{
	refuse(seg, acts);
	if (!hstp_synchronized(t->state))
		return;
	acts->signal = HSTP_SIGNAL_RESET;
	hstp_enter(t, HSTP_CLOSED, HSTP_CAUSE_SECURITY, acts);
}
