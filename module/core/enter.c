// SPDX-License-Identifier: GPL-2.0
/* The one place that changes a connection's state. */
#include "fsm.h"

/* In CLOSED nothing is sent and nothing is waited for. */
static void stop(struct hstp_tcb *t)
{
	hstp_timer_stop(t, HSTP_TIMER_REXMIT | HSTP_TIMER_DELACK | HSTP_TIMER_WAIT |
			HSTP_TIMER_KEEP);
	t->ack_now = 0;
	t->resend = 0;
	t->probe = 0;
	t->keep_probe = 0;
}

/**
 * hstp_enter() - take an arrow of the state diagram
 * @t: connection
 * @to: state to enter; there must be an arrow to it
 * @cause: why
 * @acts: gets the transition, for counters and events, and HSTP_ACT_OPENED when
 *	that is where the arrow leads
 */
void hstp_enter(struct hstp_tcb *t, enum hstp_state to, enum hstp_cause cause,
		struct hstp_acts *acts)
{
	int edge = hstp_edge_find(t->state, to);

	/* There is no other arrow, and no event takes more of them */
	if (edge < 0 || acts->transition_count == HSTP_TRANSITIONS_MAX)
		return;
	acts->transitions[acts->transition_count].edge = (u8)edge;
	acts->transitions[acts->transition_count].cause = (u8)cause;
	acts->transition_count++;
	t->state = (u8)to;

	if (to == HSTP_ESTABLISHED)
		acts->bits |= HSTP_ACT_OPENED;
	if (to == HSTP_CLOSED)
		stop(t);
}

/**
 * hstp_vanish() - delete a TCB without a word to the peer
 * @t: connection in any state
 * @cause: why
 * @acts: gets the transition, if there is one
 */
void hstp_vanish(struct hstp_tcb *t, enum hstp_cause cause, struct hstp_acts *acts)
{
	if (t->state != HSTP_CLOSED)
		hstp_enter(t, HSTP_CLOSED, cause, acts);
}

/**
 * hstp_handover() - another TCB has taken this one's place in its state
 * @t: the one that is left behind
 *
 * No arrow is taken: the connection is where it was, in other hands.
 */
void hstp_handover(struct hstp_tcb *t)
{
	t->state = HSTP_CLOSED;
	stop(t);
}
