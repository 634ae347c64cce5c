// SPDX-License-Identifier: GPL-2.0
/* The user's calls: RFC 9293 sections 3.10.1 to 3.10.6, state by state. */
#include "fsm.h"

/**
 * hstp_call_open_passive() - OPEN, passive
 * @t: connection in CLOSED
 * @acts: gets the transition
 *
 * RFC 9293 section 3.10.1.
 *
 * Return: HSTP_OK, or HSTP_EXISTS in any other state.
 */
enum hstp_result hstp_call_open_passive(struct hstp_tcb *t, struct hstp_acts *acts)
{
	if (t->state != HSTP_CLOSED)
		return HSTP_EXISTS;
	hstp_enter(t, HSTP_LISTEN, HSTP_CAUSE_OPEN_PASSIVE, acts);
	return HSTP_OK;
}

/**
 * hstp_call_open_active() - OPEN, active
 * @t: connection in CLOSED, or in LISTEN, which it then leaves; @mss, @snd_mss and
 *	@rcv_mss are set
 * @env: clock, settings and the ISS
 * @acts: gets the transition and HSTP_ACT_OUTPUT for the SYN
 *
 * RFC 9293 section 3.10.1.
 *
 * Return: HSTP_OK, or HSTP_EXISTS in any other state.
 */
enum hstp_result hstp_call_open_active(struct hstp_tcb *t, const struct hstp_env *env,
				       struct hstp_acts *acts)
{
	if (t->state != HSTP_CLOSED && t->state != HSTP_LISTEN)
		return HSTP_EXISTS;
	t->iss = env->iss;
	t->snd_una = t->iss;
	t->snd_nxt = t->iss;
	t->snd_end = t->iss + 1;
	t->passive = 0;
	hstp_options_offer(t, env);
	hstp_ecn_offer(t, env->cfg->ecn == HSTP_ECN_ASK);
	hstp_rtt_init(t, env->cfg);
	hstp_enter(t, HSTP_SYN_SENT, HSTP_CAUSE_OPEN_ACTIVE, acts);
	acts->bits |= HSTP_ACT_OUTPUT;
	return HSTP_OK;
}

/**
 * hstp_call_send() - SEND
 * @t: connection
 * @len: bytes added to the send queue
 * @acts: gets HSTP_ACT_OUTPUT when some can leave
 *
 * RFC 9293 section 3.10.2. With @len 0 it only asks.
 *
 * Return: HSTP_OK; HSTP_NOT_OPEN in CLOSED; HSTP_UNSPECIFIED in LISTEN;
 * HSTP_CLOSING_ERROR after CLOSE.
 */
enum hstp_result hstp_call_send(struct hstp_tcb *t, u32 len, struct hstp_acts *acts)
{
	switch (t->state) {
	case HSTP_CLOSED:
		return HSTP_NOT_OPEN;
	case HSTP_LISTEN:
		return HSTP_UNSPECIFIED;
	case HSTP_SYN_SENT:
	case HSTP_SYN_RECEIVED:
		if (t->fin_queued)
			return HSTP_CLOSING_ERROR;
		t->snd_end += len;	/* queued until ESTABLISHED */
		return HSTP_OK;
	case HSTP_ESTABLISHED:
	case HSTP_CLOSE_WAIT:
		if (t->fin_queued)
			return HSTP_CLOSING_ERROR;
		t->snd_end += len;
		acts->bits |= HSTP_ACT_OUTPUT;
		return HSTP_OK;
	default:
		return HSTP_CLOSING_ERROR;
	}
}

/**
 * hstp_call_receive() - RECEIVE: the user has taken text
 * @t: connection
 * @env: how much space there is now
 * @acts: gets HSTP_ACT_OUTPUT when the peer should hear of it
 *
 * RFC 9293 sections 3.10.3 and 3.8.6.2.2: the window is not reported in crumbs
 * but by a full-sized segment or half the buffer at a time (MUST-39).
 *
 * Return: HSTP_OK; HSTP_NOT_OPEN in CLOSED; HSTP_CLOSING_ERROR when no more
 * text can come.
 */
enum hstp_result hstp_call_receive(struct hstp_tcb *t, const struct hstp_env *env,
				   struct hstp_acts *acts)
{
	u32 offer;

	switch (t->state) {
	case HSTP_CLOSED:
		return HSTP_NOT_OPEN;
	case HSTP_LISTEN:
	case HSTP_SYN_SENT:
	case HSTP_SYN_RECEIVED:
		return HSTP_OK;
	case HSTP_ESTABLISHED:
	case HSTP_FIN_WAIT_1:
	case HSTP_FIN_WAIT_2:
		offer = hstp_window_offer(t, env);
		/* Only a peer that may be waiting needs to be told */
		if ((offer > t->rcv_wnd && 2 * t->rcv_wnd <= offer) ||
		    (t->shut && !env->no_room)) {
			t->ack_now = 1;
			acts->bits |= HSTP_ACT_OUTPUT;
		}
		return HSTP_OK;
	default:
		return HSTP_CLOSING_ERROR;
	}
}

/**
 * hstp_call_quick() - the user wants ACKs at once, or delayed
 * @t: connection
 * @count: how many of them are not delayed; 0: all are
 * @acts: gets HSTP_ACT_OUTPUT when one that was delayed goes now
 */
void hstp_call_quick(struct hstp_tcb *t, u8 count, struct hstp_acts *acts)
{
	t->quick = count;
	if (!count || !(t->armed & HSTP_TIMER_DELACK))
		return;
	t->ack_now = 1;
	acts->bits |= HSTP_ACT_OUTPUT;
}

/**
 * hstp_call_close() - CLOSE: the user has no more to send
 * @t: connection
 * @acts: gets the transition and HSTP_ACT_OUTPUT for the FIN
 *
 * RFC 9293 section 3.10.4.
 *
 * Return: HSTP_OK; HSTP_NOT_OPEN in CLOSED; HSTP_CLOSING_ERROR when it was
 * called before.
 */
enum hstp_result hstp_call_close(struct hstp_tcb *t, struct hstp_acts *acts)
{
	switch (t->state) {
	case HSTP_CLOSED:
		return HSTP_NOT_OPEN;
	case HSTP_LISTEN:
	case HSTP_SYN_SENT:
		hstp_vanish(t, HSTP_CAUSE_CLOSE, acts);
		return HSTP_OK;
	case HSTP_SYN_RECEIVED:
		if (t->fin_queued)
			return HSTP_CLOSING_ERROR;
		t->fin_queued = 1;
		if (t->snd_end != t->iss + 1)
			return HSTP_OK;	/* after what was sent before it */
		hstp_enter(t, HSTP_FIN_WAIT_1, HSTP_CAUSE_CLOSE, acts);
		break;
	case HSTP_ESTABLISHED:
		t->fin_queued = 1;
		hstp_enter(t, HSTP_FIN_WAIT_1, HSTP_CAUSE_CLOSE, acts);
		break;
	case HSTP_CLOSE_WAIT:
		/* LAST-ACK begins when the FIN leaves, in hstp_send_next() */
		if (t->fin_queued)
			return HSTP_CLOSING_ERROR;
		t->fin_queued = 1;
		break;
	default:
		return HSTP_CLOSING_ERROR;
	}
	acts->bits |= HSTP_ACT_OUTPUT;
	return HSTP_OK;
}

/* <SEQ=SND.NXT><CTL=RST>, or what of it the peer takes */
static void reply_abort(const struct hstp_tcb *t, enum hstp_reset_out why,
			struct hstp_acts *acts)
{
	acts->bits |= HSTP_ACT_REPLY;
	acts->reset_out = (u8)why;
	acts->reply.seq = hstp_send_seq(t);
	acts->reply.ack = 0;
	acts->reply.flags = HSTP_RST;
}

/**
 * hstp_call_leave() - the user goes: neither SEND nor RECEIVE any more
 * @t: connection
 * @unread: text arrived that the user has not taken
 * @env: clock and settings
 * @acts: gets what is to be done
 *
 * RFC 9293 section 3.6.1: CLOSE, but a reset when text is lost (SHLD-3). In
 * TIME-WAIT there is nobody to tell, and 2MSL must pass (MUST-13).
 *
 * Return: as hstp_call_close().
 */
enum hstp_result hstp_call_leave(struct hstp_tcb *t, bool unread, const struct hstp_env *env,
				 struct hstp_acts *acts)
{
	t->user_gone = 1;
	if (unread && t->state != HSTP_CLOSED && t->state != HSTP_TIME_WAIT) {
		reply_abort(t, HSTP_RESET_OUT_UNREAD, acts);
		hstp_vanish(t, HSTP_CAUSE_UNREAD, acts);
		return HSTP_OK;
	}
	hstp_timer_stop(t, HSTP_TIMER_KEEP);
	if (t->state == HSTP_FIN_WAIT_2 && !hstp_fin_wait_2(t, env))
		return hstp_call_abort(t, HSTP_RESET_OUT_ABORT, HSTP_CAUSE_FIN_TIMEOUT, acts);
	return hstp_call_close(t, acts);
}

/**
 * hstp_call_abort() - ABORT
 * @t: connection
 * @why: counted under this reason if a reset is sent
 * @cause: of the transition
 * @acts: gets the reset, <SEQ=SND.NXT><CTL=RST>, and the transition
 *
 * RFC 9293 section 3.10.5.
 *
 * Return: HSTP_OK, or HSTP_NOT_OPEN in CLOSED.
 */
enum hstp_result hstp_call_abort(struct hstp_tcb *t, enum hstp_reset_out why,
				 enum hstp_cause cause, struct hstp_acts *acts)
{
	switch (t->state) {
	case HSTP_CLOSED:
		return HSTP_NOT_OPEN;
	case HSTP_SYN_RECEIVED:
	case HSTP_ESTABLISHED:
	case HSTP_FIN_WAIT_1:
	case HSTP_FIN_WAIT_2:
	case HSTP_CLOSE_WAIT:
		reply_abort(t, why, acts);
		break;
	default:
		break;
	}
	hstp_vanish(t, cause, acts);
	return HSTP_OK;
}

/**
 * hstp_call_status() - STATUS
 * @t: connection
 * @state: gets its state
 *
 * RFC 9293 section 3.10.6.
 *
 * Return: HSTP_OK, or HSTP_NOT_OPEN in CLOSED.
 */
enum hstp_result hstp_call_status(const struct hstp_tcb *t, enum hstp_state *state)
{
	*state = (enum hstp_state)t->state;
	return t->state == HSTP_CLOSED ? HSTP_NOT_OPEN : HSTP_OK;
}
