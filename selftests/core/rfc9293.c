// SPDX-License-Identifier: GPL-2.0
/* RFC 9293 section 3.10.7 retold, to say what is expected of each cell of the
 * matrix: in its order, in plain 64-bit arithmetic (the numbers used there do not
 * wrap), with the sentence that decides named in each outcome. It shares no code
 * with the core.
 */
#include "matrix.h"

static struct outcome stay(const struct cell *c, const char *rule, enum reply reply)
{
	return (struct outcome){ .rule = rule, .to = places[c->place].state, .reply = reply,
				 .una = c->una, .rcv_nxt = c->rcv_nxt };
}

static struct outcome go(const struct cell *c, const char *rule, enum hstp_state to,
			 enum reply reply)
{
	struct outcome o = stay(c, rule, reply);

	o.to = to;
	return o;
}

static struct outcome die(const struct cell *c, const char *rule, enum reply reply,
			  enum hstp_signal signal)
{
	struct outcome o = go(c, rule, HSTP_CLOSED, reply);

	o.signal = signal;
	return o;
}

static struct outcome challenged(const struct cell *c, const char *rule)
{
	struct outcome o = stay(c, rule, ACK_NOW);

	o.challenge = c->rfc5961;
	return o;
}

/* "Seventh, process the segment text" and "Eighth, check the FIN bit", for a
 * segment that begins at @first (after its SYN) with what may have happened
 * before in @o.
 */
static struct outcome text_and_fin(const struct cell *c, u64 first, struct outcome o)
{
	u64 left = o.rcv_nxt, right = c->rcv_nxt + c->rcv_wnd;
	u64 begin = first > left ? first : left;
	u64 end = first + c->len < right ? first + c->len : right;
	bool fin = c->kind->flags & FIN && first + c->len >= left && first + c->len < right;
	bool any = c->len || c->kind->flags & FIN;

	if (c->place == SYN_SENT)
		right = left + BUFFER, end = first + c->len, fin = c->kind->flags & FIN;

	switch (o.to) {
	case HSTP_ESTABLISHED:
	case HSTP_FIN_WAIT_1:
	case HSTP_FIN_WAIT_2:
		break;
	default:
		/* "a FIN has been received from the remote side. Ignore the
		 * segment text." "If the FIN bit is set, ... send an
		 * acknowledgment for the FIN. TIME-WAIT: Restart the 2 MSL"
		 */
		if (any)
			o.rule = "3.10.7.4 seventh: past the FIN, ignored";
		if (c->kind->flags & FIN) {
			o.rule = "3.10.7.4 eighth: a FIN again, remain";
			o.reply = ACK_NOW;
			o.wait_restarted = o.to == HSTP_TIME_WAIT;
		}
		return o;
	}
	if (!any)
		return o;
	if (begin > end || (begin == end && !fin)) {
		/* all of it was "trimmed off": 3.8.6.1, "must still send an
		 * acknowledgment showing its next expected sequence number"
		 */
		o.rule = "3.10.7.4 first: trimmed, 3.8.6.1: acknowledged";
		o.reply = ACK_NOW;
		return o;
	}
	o.text_off = begin - first;
	o.text_len = end - begin;
	if (begin != left) {
		/* "Segments with higher beginning sequence numbers SHOULD be held
		 * for later processing (SHLD-31)"; section 3.8.6.3:
		 * "immediately acknowledge out-of-order segments"
		 */
		o.rule = "3.10.7.4 first: after a gap, held (SHLD-31)";
		o.held = true;
		o.reply = ACK_NOW;
		return o;
	}
	if (end > begin) {
		o.rule = "3.10.7.4 seventh: text";
		o.text = true;
		o.rcv_nxt = end;
		if (o.reply == NOTHING)
			o.reply = ACK_SOON;
		/* SHLD-19: "at least every second full-sized segment" */
		if (end - begin >= 2 * MSS)
			o.reply = ACK_NOW;
	}
	if (!fin)
		return o;
	o.rule = "3.10.7.4 eighth: FIN";
	o.eof = true;
	o.rcv_nxt++;
	o.reply = ACK_NOW;
	if (o.to == HSTP_ESTABLISHED)
		o.to = HSTP_CLOSE_WAIT;
	else if (o.to == HSTP_FIN_WAIT_1)
		o.to = HSTP_CLOSING;
	else
		o.to = HSTP_TIME_WAIT;
	return o;
}

/* "If there are other controls or text in the segment, queue them for processing after the
 * ESTABLISHED state has been reached"
 */
static struct outcome queued(const struct cell *c, struct outcome o)
{
	o.text_len = c->len;
	o.held = c->len || c->kind->flags & FIN;
	return o;
}

static struct outcome rfc_syn_sent(const struct cell *c)
{
	u8 flags = c->kind->flags;
	struct outcome o;

	if (flags & ACK && (c->ack <= MY_ISS || c->ack > c->nxt))
		return stay(c, "3.10.7.3 first: SEG.ACK =< ISS or > SND.NXT",
			    flags & RST ? NOTHING : RST_AT_ACK);
	if (flags & RST && flags & ACK)
		/* connect() tells "refused", as section 3.10.7.4 calls it */
		return die(c, "3.10.7.3 second: RST, the ACK was acceptable", NOTHING,
			   HSTP_SIGNAL_REFUSED);
	if (flags & RST)
		return stay(c, "3.10.7.3 second: RST, no ACK", NOTHING);
	if (!(flags & SYN))
		return stay(c, "3.10.7.3 fifth: neither SYN nor RST", NOTHING);
	if (!(flags & ACK)) {
		o = go(c, "3.10.7.3 fourth: SYN alone", HSTP_SYN_RECEIVED, SYN_ACK);
		o.rcv_nxt = c->seq + 1;
		return queued(c, o);
	}
	o = go(c, "3.10.7.3 fourth: our SYN has been ACKed", HSTP_ESTABLISHED, ACK_NOW);
	o.una = c->ack;
	o.rcv_nxt = c->seq + 1;
	return text_and_fin(c, c->seq + 1, o);
}

/* Table 6, and the allowance that follows it */
static bool table_6(const struct cell *c)
{
	u64 left = c->rcv_nxt, right = c->rcv_nxt + c->rcv_wnd;
	u64 last = c->seq + c->seg_len - 1;
	u8 flags = c->kind->flags;

	/* Appendix A.2 asks to consider simultaneous window probes, and ends that
	 * have filled each other's windows: their ACKs come from the right edge,
	 * or from one number after it
	 */
	if (flags & ACK && !(flags & (SYN | RST)) && !c->seg_len &&
	    c->seq >= left && c->seq <= right + 1)
		return true;
	if (!c->rcv_wnd) {
		if (!c->seg_len && c->seq == left)
			return true;
		/* "special allowance should be made to accept valid ACKs, URGs,
		 * and RSTs" (MUST-66)
		 */
		if (flags & RST)
			return c->seq == left;
		return flags & ACK && !(flags & SYN) && c->seq >= left && c->seq <= left + 1;
	}
	if (c->seq >= left && c->seq < right)
		return true;
	return c->seg_len && last >= left && last < right;
}

static struct outcome rfc_rst(const struct cell *c)
{
	if (c->rfc5961 && c->seq != c->rcv_nxt)
		return challenged(c, "3.10.7.4 second, 3): RST in the window, not at RCV.NXT");
	switch (c->place) {
	case SYN_RECEIVED_PASSIVE:
		return go(c, "3.10.7.4 second, SYN-RECEIVED: return to LISTEN", HSTP_LISTEN,
			  NOTHING);
	case SYN_RECEIVED_ACTIVE:
		return die(c, "3.10.7.4 second, SYN-RECEIVED: connection refused", NOTHING,
			   HSTP_SIGNAL_REFUSED);
	case CLOSE_WAIT:
		return die(c, "3.10.7.4 second, CLOSE-WAIT: connection reset", NOTHING,
			   HSTP_SIGNAL_RESET_AFTER_FIN);
	case CLOSING:
	case LAST_ACK:
		return die(c, "3.10.7.4 second, CLOSING, LAST-ACK: CLOSED", NOTHING,
			   HSTP_SIGNAL_NONE);
	case TIME_WAIT:
		if (c->rfc5961)
			return stay(c, "RFC 1337 section 3, (F1): ignore RST in TIME-WAIT",
				    NOTHING);
		return die(c, "3.10.7.4 second, TIME-WAIT: CLOSED", NOTHING, HSTP_SIGNAL_NONE);
	default:
		return die(c, "3.10.7.4 second, ESTABLISHED: connection reset", NOTHING,
			   HSTP_SIGNAL_RESET);
	}
}

static struct outcome rfc_ack(const struct cell *c)
{
	struct outcome o = stay(c, "3.10.7.4 fifth: the ACK field", NOTHING);

	if (c->place == SYN_RECEIVED_PASSIVE || c->place == SYN_RECEIVED_ACTIVE) {
		if (c->ack <= c->una || c->ack > c->nxt)
			return stay(c, "3.10.7.4 fifth, SYN-RECEIVED, and 3.5.2 group 2",
				    RST_AT_ACK);
		o.to = HSTP_ESTABLISHED;
		o.una = c->ack;
		return text_and_fin(c, c->seq, o);
	}
	if (c->ack > c->nxt)
		return challenged(c, "3.10.7.4 fifth: SEG.ACK > SND.NXT");
	if (c->rfc5961 && c->ack + c->max_wnd < c->una)
		return challenged(c, "3.10.7.4 fifth: SEG.ACK < SND.UNA - MAX.SND.WND");
	if (c->ack > c->una)
		o.una = c->ack;

	if (o.una == c->nxt && c->place == FIN_WAIT_1)
		o.to = HSTP_FIN_WAIT_2;
	if (o.una == c->nxt && c->place == CLOSING)
		o.to = HSTP_TIME_WAIT;
	if (o.una == c->nxt && c->place == LAST_ACK) {
		o.to = HSTP_CLOSED;
		o.rule = "3.10.7.4 fifth, LAST-ACK: our FIN is acknowledged";
		return o;
	}
	return text_and_fin(c, c->seq, o);
}

/**
 * rfc9293() - what must come of a segment
 * @c: a state and a segment
 */
struct outcome rfc9293(const struct cell *c)
{
	bool opening = c->place == SYN_RECEIVED_PASSIVE || c->place == SYN_RECEIVED_ACTIVE;
	u8 flags = c->kind->flags;
	struct outcome o;

	switch (c->place) {
	case CLOSED:
		if (flags & RST)
			return stay(c, "3.10.7.1: a RST is discarded", NOTHING);
		return stay(c, "3.10.7.1: causes a RST",
			    flags & ACK ? RST_AT_ACK : RST_AT_ZERO);
	case LISTEN:
		if (flags & RST)
			return stay(c, "3.10.7.2 first: RST is ignored", NOTHING);
		if (flags & ACK)
			return stay(c, "3.10.7.2 second: any ACK is bad", RST_AT_ACK);
		if (!(flags & SYN))
			return stay(c, "3.10.7.2 fourth: drop", NOTHING);
		o = queued(c, go(c, "3.10.7.2 third: SYN", HSTP_SYN_RECEIVED, SYN_ACK));
		o.rcv_nxt = c->seq + 1;
		o.una = MY_ISS;
		return o;
	case SYN_SENT:
		return rfc_syn_sent(c);
	default:
		break;
	}

	if (c->place == TIME_WAIT && (flags & (SYN | ACK | RST)) == SYN &&
	    c->seq >= c->rcv_nxt) {
		o = stay(c, "3.6.1 MAY-2: a new SYN reopens", NOTHING);
		o.reopen = true;
		return o;
	}
	if (c->place == SYN_RECEIVED_ACTIVE && (flags & (SYN | ACK | RST)) == (SYN | ACK) &&
	    c->seq == PEER_ISS) {
		if (c->ack <= c->una || c->ack > c->nxt)
			return stay(c, "3.5.2 group 2: unacceptable ACK", RST_AT_ACK);
		o = go(c, "figure 7, line 6: ESTABLISHED", HSTP_ESTABLISHED, ACK_NOW);
		o.una = c->ack;
		return o;
	}
	if (!table_6(c)) {
		if (flags & RST)
			return stay(c, "3.10.7.4 first: not acceptable, RST", NOTHING);
		/* The SYN,ACK is the acknowledgment that a peer in SYN-SENT can use:
		 * an ACK without SYN it drops (3.10.7.3 fifth)
		 */
		if (opening && flags & SYN && c->seq == PEER_ISS)
			return stay(c, "3.10.7.4 first: SYN again, SYN,ACK again", SYN_ACK);
		o = stay(c, "3.10.7.4 first: not acceptable", ACK_NOW);
		/* The first one's answer is the connection's own */
		if (!c->seg_len && (opening || c->place == TIME_WAIT))
			o = challenged(c, "3.10.7.4 first, RFC 5961 section 7: not acceptable");
		if (flags & SYN && !opening)
			o = challenged(c, "3.10.7.4 fourth: a SYN, irrespective of its number");
		/* fifth, TIME-WAIT: "a retransmission of the remote FIN.
		 * Acknowledge it, and restart the 2 MSL timeout."
		 */
		o.wait_restarted = c->place == TIME_WAIT && flags & FIN &&
				   c->seq + c->seg_len == c->rcv_nxt;
		return o;
	}
	if (flags & RST)
		return rfc_rst(c);
	if (flags & SYN) {
		if (c->place == SYN_RECEIVED_PASSIVE)
			return go(c, "3.10.7.4 fourth, SYN-RECEIVED: return to LISTEN",
				  HSTP_LISTEN, NOTHING);
		if (c->rfc5961)
			return challenged(c, "3.10.7.4 fourth: challenge ACK");
		return die(c, "3.10.7.4 fourth, RFC 793: an error",
			   flags & ACK ? RST_AT_ACK : RST_AT_ZERO, HSTP_SIGNAL_RESET);
	}
	if (!(flags & ACK))
		return stay(c, "3.10.7.4 fifth: the ACK bit is off", NOTHING);
	return rfc_ack(c);
}
