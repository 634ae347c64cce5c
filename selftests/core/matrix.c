// SPDX-License-Identifier: GPL-2.0
/* Every state x every kind of segment x both settings of rfc5961: one test each.
 *
 * What is expected is computed by rfc() below, which is RFC 9293 section 3.10.7
 * retold: in its order, in plain 64-bit arithmetic (the numbers used here do not
 * wrap), with the sentence that decides named in each outcome. It shares no
 * code with the core.
 */
#include "matrix.h"
#include "trace.h"

#include <stdio.h>
#include <string.h>

/* --- the states, and how a connection gets there ------------------------- */

enum place {
	CLOSED,
	LISTEN,
	SYN_SENT,
	SYN_RECEIVED_PASSIVE,
	SYN_RECEIVED_ACTIVE,
	ESTABLISHED,
	ZERO_WINDOW,		/* ESTABLISHED, RCV.WND is 0 */
	FIN_WAIT_1,
	FIN_WAIT_2,
	CLOSE_WAIT,
	CLOSING,
	LAST_ACK,
	TIME_WAIT,
	PLACES
};

static const struct {
	const char *name;
	enum hstp_state state;
} places[PLACES] = {
	[CLOSED] = { "CLOSED", HSTP_CLOSED },
	[LISTEN] = { "LISTEN", HSTP_LISTEN },
	[SYN_SENT] = { "SYN-SENT", HSTP_SYN_SENT },
	[SYN_RECEIVED_PASSIVE] = { "SYN-RECEIVED (passive)", HSTP_SYN_RECEIVED },
	[SYN_RECEIVED_ACTIVE] = { "SYN-RECEIVED (active)", HSTP_SYN_RECEIVED },
	[ESTABLISHED] = { "ESTABLISHED", HSTP_ESTABLISHED },
	[ZERO_WINDOW] = { "ESTABLISHED with RCV.WND=0", HSTP_ESTABLISHED },
	[FIN_WAIT_1] = { "FIN-WAIT-1", HSTP_FIN_WAIT_1 },
	[FIN_WAIT_2] = { "FIN-WAIT-2", HSTP_FIN_WAIT_2 },
	[CLOSE_WAIT] = { "CLOSE-WAIT", HSTP_CLOSE_WAIT },
	[CLOSING] = { "CLOSING", HSTP_CLOSING },
	[LAST_ACK] = { "LAST-ACK", HSTP_LAST_ACK },
	[TIME_WAIT] = { "TIME-WAIT", HSTP_TIME_WAIT },
};

/* Ten bytes are on their way, so that there is something to acknowledge. */
static void send_ten(void)
{
	ESTABLISHED_CONNECTION();
	CALL(send, 10);
	EXPECT(ACK | PSH, .seq = ME, .ack = PEER, .len = 10);
}

static void bring_to(enum place place)
{
	switch (place) {
	case LISTEN:
		CALL(open_passive);
		break;
	case SYN_SENT:
		CALL(open_active);
		EXPECT(SYN, .seq = MY_ISS);
		break;
	case SYN_RECEIVED_PASSIVE:
		PASSIVE_SYN_RECEIVED();
		break;
	case SYN_RECEIVED_ACTIVE:
		ACTIVE_SYN_RECEIVED();
		break;
	case ESTABLISHED:
		send_ten();
		break;
	case ZERO_WINDOW:
		send_ten();
		RECV(ACK, .seq = PEER, .ack = ME, .len = BUFFER);
		EXPECT(ACK, .ack = PEER + BUFFER, .wnd = 0);
		break;
	case FIN_WAIT_1:
		send_ten();
		CALL(close);
		EXPECT(FIN | ACK, .seq = ME + 10);
		break;
	case FIN_WAIT_2:
		send_ten();
		CALL(close);
		EXPECT(FIN | ACK, .seq = ME + 10);
		RECV(ACK, .seq = PEER, .ack = ME + 11);
		break;
	case CLOSE_WAIT:
		send_ten();
		RECV(FIN | ACK, .seq = PEER, .ack = ME);
		EXPECT(ACK, .ack = PEER + 1);
		break;
	case CLOSING:
		send_ten();
		CALL(close);
		EXPECT(FIN | ACK, .seq = ME + 10);
		RECV(FIN | ACK, .seq = PEER, .ack = ME);
		EXPECT(ACK, .ack = PEER + 1);
		break;
	case LAST_ACK:
		send_ten();
		RECV(FIN | ACK, .seq = PEER, .ack = ME);
		EXPECT(ACK, .ack = PEER + 1);
		CALL(close);
		EXPECT(FIN | ACK, .seq = ME + 10);
		break;
	case TIME_WAIT:
		send_ten();
		CALL(close);
		EXPECT(FIN | ACK, .seq = ME + 10);
		RECV(FIN | ACK, .seq = PEER, .ack = ME + 11);
		EXPECT(ACK, .ack = PEER + 1);
		break;
	default:
		break;
	}
	SAME("state", T.tcb.state, places[place].state);
	T.log_count = 0;
}

/* --- the segments --------------------------------------------------------- */

enum seq_at {
	S_IRS,		/* the SYN that opened the connection */
	S_OLD,		/* 50 before the window */
	S_BEFORE,	/* 1 before the window */
	S_LEFT5,	/* 5 before the window */
	S_NXT,		/* RCV.NXT */
	S_NEXT1,	/* RCV.NXT + 1 */
	S_IN,		/* 100 after RCV.NXT */
	S_RIGHT10,	/* 10 before the right edge */
	S_RIGHT5,	/* 5 before the right edge */
	S_LAST,		/* last number of the window */
	S_EDGE,		/* first number after it */
	S_BEYOND,	/* 100 after it */
};

enum ack_at {
	A_NONE,
	A_ANCIENT,	/* SND.UNA - MAX.SND.WND - 1 */
	A_OLDEST,	/* SND.UNA - MAX.SND.WND */
	A_OLD,		/* SND.UNA - 1 */
	A_UNA,		/* SND.UNA */
	A_PART,		/* SND.UNA + 5 */
	A_NXT,		/* SND.NXT */
	A_BEYOND,	/* SND.NXT + 1 */
};

struct kind {
	const char *name;
	u8 flags;
	enum seq_at seq;
	enum ack_at ack;
	u32 len;
};

static const struct kind kinds[] = {
	{ "SYN, old duplicate", SYN, S_IRS, A_NONE, 0 },
	{ "SYN at RCV.NXT", SYN, S_NXT, A_NONE, 0 },
	{ "SYN in the window", SYN, S_IN, A_NONE, 0 },
	{ "SYN before the window", SYN, S_OLD, A_NONE, 0 },
	{ "SYN beyond the window", SYN, S_BEYOND, A_NONE, 0 },
	{ "SYN with text", SYN, S_NXT, A_NONE, 10 },

	{ "SYN-ACK, old duplicate", SYN | ACK, S_IRS, A_NXT, 0 },
	{ "SYN-ACK, old duplicate, ACK old", SYN | ACK, S_IRS, A_OLD, 0 },
	{ "SYN-ACK, old duplicate, ACK beyond", SYN | ACK, S_IRS, A_BEYOND, 0 },
	{ "SYN-ACK at RCV.NXT", SYN | ACK, S_NXT, A_NXT, 0 },
	{ "SYN-ACK at RCV.NXT, ACK of nothing new", SYN | ACK, S_NXT, A_UNA, 0 },
	{ "SYN-ACK at RCV.NXT, ACK beyond", SYN | ACK, S_NXT, A_BEYOND, 0 },
	{ "SYN-ACK in the window", SYN | ACK, S_IN, A_NXT, 0 },
	{ "SYN-ACK beyond the window", SYN | ACK, S_BEYOND, A_NXT, 0 },
	{ "SYN-ACK with text", SYN | ACK, S_NXT, A_NXT, 10 },
	{ "SYN-ACK with text and FIN", SYN | FIN | ACK, S_NXT, A_NXT, 10 },

	{ "ACK too old for RFC 5961", ACK, S_NXT, A_ANCIENT, 0 },
	{ "ACK as old as RFC 5961 allows", ACK, S_NXT, A_OLDEST, 0 },
	{ "ACK old", ACK, S_NXT, A_OLD, 0 },
	{ "ACK of SND.UNA", ACK, S_NXT, A_UNA, 0 },
	{ "ACK of a part", ACK, S_NXT, A_PART, 0 },
	{ "ACK of SND.NXT", ACK, S_NXT, A_NXT, 0 },
	{ "ACK beyond SND.NXT", ACK, S_NXT, A_BEYOND, 0 },
	{ "ACK, SEQ before the window", ACK, S_BEFORE, A_NXT, 0 },
	{ "ACK, SEQ RCV.NXT+1", ACK, S_NEXT1, A_NXT, 0 },
	{ "ACK, SEQ in the window", ACK, S_IN, A_NXT, 0 },
	{ "ACK, SEQ last of the window", ACK, S_LAST, A_NXT, 0 },
	{ "ACK, SEQ at the right edge", ACK, S_EDGE, A_NXT, 0 },
	{ "ACK, SEQ beyond the window", ACK, S_BEYOND, A_NXT, 0 },
	{ "ACK with URG", ACK | URG, S_NXT, A_NXT, 0 },

	{ "RST at the left edge", RST, S_NXT, A_NONE, 0 },
	{ "RST in the window", RST, S_IN, A_NONE, 0 },
	{ "RST last of the window", RST, S_LAST, A_NONE, 0 },
	{ "RST at the right edge", RST, S_EDGE, A_NONE, 0 },
	{ "RST before the window", RST, S_BEFORE, A_NONE, 0 },
	{ "RST beyond the window", RST, S_BEYOND, A_NONE, 0 },
	{ "RST-ACK at the left edge", RST | ACK, S_NXT, A_NXT, 0 },
	{ "RST-ACK at the left edge, ACK old", RST | ACK, S_NXT, A_OLD, 0 },
	{ "RST-ACK at the left edge, ACK of SND.UNA", RST | ACK, S_NXT, A_UNA, 0 },
	{ "RST-ACK at the left edge, ACK beyond", RST | ACK, S_NXT, A_BEYOND, 0 },
	{ "RST-ACK in the window", RST | ACK, S_IN, A_NXT, 0 },
	{ "RST-ACK before the window", RST | ACK, S_BEFORE, A_NXT, 0 },
	{ "RST with text", RST, S_NXT, A_NONE, 10 },
	{ "SYN-RST at the left edge", SYN | RST, S_NXT, A_NONE, 0 },
	{ "SYN-RST-ACK at the left edge", SYN | RST | ACK, S_NXT, A_NXT, 0 },
	{ "SYN-RST in the window", SYN | RST, S_IN, A_NONE, 0 },

	{ "FIN", FIN | ACK, S_NXT, A_NXT, 0 },
	{ "FIN, ACK of SND.UNA", FIN | ACK, S_NXT, A_UNA, 0 },
	{ "FIN, ACK of a part", FIN | ACK, S_NXT, A_PART, 0 },
	{ "FIN, ACK beyond", FIN | ACK, S_NXT, A_BEYOND, 0 },
	{ "FIN, ACK too old", FIN | ACK, S_NXT, A_ANCIENT, 0 },
	{ "FIN without ACK", FIN, S_NXT, A_NONE, 0 },
	{ "FIN, old duplicate", FIN | ACK, S_BEFORE, A_NXT, 0 },
	{ "FIN after a gap", FIN | ACK, S_IN, A_NXT, 0 },
	{ "FIN last of the window", FIN | ACK, S_LAST, A_NXT, 0 },
	{ "FIN at the right edge", FIN | ACK, S_EDGE, A_NXT, 0 },
	{ "FIN beyond the window", FIN | ACK, S_BEYOND, A_NXT, 0 },

	{ "SYN-FIN at RCV.NXT", SYN | FIN, S_NXT, A_NONE, 0 },
	{ "SYN-FIN, old duplicate", SYN | FIN, S_IRS, A_NONE, 0 },
	{ "SYN-FIN in the window", SYN | FIN, S_IN, A_NONE, 0 },
	{ "SYN-FIN beyond the window", SYN | FIN, S_BEYOND, A_NONE, 0 },
	{ "SYN-FIN-ACK at RCV.NXT", SYN | FIN | ACK, S_NXT, A_NXT, 0 },

	{ "text", ACK, S_NXT, A_NXT, 10 },
	{ "text, ACK of SND.UNA", ACK | PSH, S_NXT, A_UNA, 10 },
	{ "text, ACK old", ACK, S_NXT, A_OLD, 10 },
	{ "text, ACK too old", ACK, S_NXT, A_ANCIENT, 10 },
	{ "text, ACK beyond", ACK, S_NXT, A_BEYOND, 10 },
	{ "text without ACK", PSH, S_NXT, A_NONE, 10 },
	{ "text after a gap", ACK, S_IN, A_NXT, 10 },
	{ "text behind", ACK, S_OLD, A_NXT, 10 },
	{ "text partly behind", ACK, S_LEFT5, A_NXT, 10 },
	{ "text up to the right edge", ACK, S_RIGHT10, A_NXT, 10 },
	{ "text partly beyond", ACK, S_RIGHT5, A_NXT, 10 },
	{ "text at the right edge", ACK, S_EDGE, A_NXT, 10 },
	{ "text beyond the window", ACK, S_BEYOND, A_NXT, 10 },
	{ "text larger than the window", ACK, S_NXT, A_NXT, 20000 },
	{ "text with FIN", FIN | ACK, S_NXT, A_NXT, 10 },
	{ "text behind with FIN at RCV.NXT", FIN | ACK, S_LEFT5, A_NXT, 5 },
	{ "text behind with FIN behind", FIN | ACK, S_LEFT5, A_NXT, 4 },
	{ "text partly behind with FIN", FIN | ACK, S_LEFT5, A_NXT, 10 },
	{ "text after a gap with FIN", FIN | ACK, S_IN, A_NXT, 10 },
	{ "text to the right edge, FIN outside", FIN | ACK, S_RIGHT10, A_NXT, 10 },
	{ "text to the right edge, FIN inside", FIN | ACK, S_RIGHT10, A_NXT, 9 },

	{ "no flag", 0, S_NXT, A_NONE, 0 },
	{ "no flag, beyond the window", 0, S_BEYOND, A_NONE, 0 },
	{ "every flag", 0xff, S_NXT, A_NXT, 0 },
};

struct cell {
	enum place place;
	const struct kind *kind;
	int rfc5961;
	/* the connection when the segment arrives */
	u64 una, nxt, max_wnd, rcv_nxt, rcv_wnd;
	/* the segment */
	u64 seq, ack, len, seg_len;
};

/* --- what RFC 9293 says ---------------------------------------------------- */

enum reply {
	NOTHING,
	ACK_NOW,	/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
	ACK_SOON,	/* the same, not later than the delayed ACK timer */
	SYN_ACK,	/* <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> */
	RST_AT_ACK,	/* <SEQ=SEG.ACK><CTL=RST> */
	RST_AT_ZERO,	/* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
};

struct outcome {
	const char *rule;
	enum hstp_state to;
	enum reply reply;
	enum hstp_signal signal;
	u64 una, rcv_nxt;
	u64 text_off, text_len;
	bool challenge;		/* RFC 5961 section 7: may be throttled */
	bool text;
	bool held;		/* SHLD-31 */
	bool eof;
	bool reopen;		/* MAY-2 */
	bool wait_restarted;
};

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
		if (c->kind->flags & FIN) {
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
		o.held = true;
		o.reply = ACK_NOW;
		return o;
	}
	if (end > begin) {
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
		return o;
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

	if (!c->rcv_wnd) {
		if (!c->seg_len && c->seq == left)
			return true;
		/* "special allowance should be made to accept valid ACKs, URGs,
		 * and RSTs" (MUST-66); appendix A.2: also the ACK of a peer that
		 * has probed with the number at RCV.NXT
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
	struct outcome o = stay(c, "3.10.7.4 fifth to eighth", NOTHING);

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

static struct outcome rfc(const struct cell *c)
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
		o = go(c, "3.10.7.2 third: SYN", HSTP_SYN_RECEIVED, SYN_ACK);
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
		o = go(c, "3.6.1 MAY-2: a new SYN reopens", HSTP_CLOSED, NOTHING);
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
		if (flags & SYN && c->seq != PEER_ISS)
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

/* --- the comparison -------------------------------------------------------- */

static struct cell cell;

static u64 seq_number(enum seq_at at)
{
	u64 left = T.tcb.rcv_nxt, right = left + T.tcb.rcv_wnd;

	switch (at) {
	case S_IRS:	return PEER_ISS;
	case S_OLD:	return left - 50;
	case S_BEFORE:	return left - 1;
	case S_LEFT5:	return left - 5;
	case S_NXT:	return left;
	case S_NEXT1:	return left + 1;
	case S_IN:	return left + 100;
	case S_RIGHT10:	return right - 10;
	case S_RIGHT5:	return right - 5;
	case S_LAST:	return right - 1;
	case S_EDGE:	return right;
	default:	return right + 100;
	}
}

static u64 ack_number(enum ack_at at)
{
	switch (at) {
	case A_ANCIENT:	return cell.una - cell.max_wnd - 1;
	case A_OLDEST:	return cell.una - cell.max_wnd;
	case A_OLD:	return cell.una - 1;
	case A_UNA:	return cell.una;
	case A_PART:	return cell.una + 5;
	case A_NXT:	return cell.nxt;
	case A_BEYOND:	return cell.nxt + 1;
	default:	return 0;
	}
}

static void expect_reply(const struct outcome *o)
{
	switch (o->reply) {
	case NOTHING:
		break;
	case ACK_SOON:
		SILENCE();
		TICK(499);	/* MUST-40 */
		/* fall through */
	case ACK_NOW:
		EXPECT(ACK, .seq = cell.nxt, .ack = o->rcv_nxt);
		break;
	case SYN_ACK:
		EXPECT(SYN | ACK, .seq = MY_ISS, .ack = o->rcv_nxt, .mss = MSS);
		break;
	case RST_AT_ACK:
		EXPECT(RST, .seq = cell.ack, .ack = 0);
		break;
	case RST_AT_ZERO:
		EXPECT(RST | ACK, .seq = 0, .ack = cell.seq + cell.seg_len);
		break;
	}
	SILENCE();
}

/* One cell: what came of the segment, against rfc(). */
static void run_cell(void)
{
	const struct kind *kind = cell.kind;
	struct outcome o;
	u32 bits;

	CONFIG(rfc5961, cell.rfc5961);
	CONFIG(msl_ms, 30000);
	CONFIG(rto_min_ms, 1000);	/* not before the delayed ACK */
	bring_to(cell.place);
	cell.una = T.tcb.snd_una;
	cell.nxt = T.tcb.snd_nxt;
	cell.max_wnd = T.tcb.snd_wnd_max;
	cell.rcv_nxt = T.tcb.rcv_nxt;
	cell.rcv_wnd = T.tcb.rcv_wnd;
	/* numbers that mean nothing in these states, but must not be near zero */
	if (cell.place <= SYN_SENT)
		T.tcb.rcv_nxt = cell.rcv_nxt = PEER;
	if (cell.place < SYN_SENT)
		cell.una = MY_ISS, cell.nxt = ME;
	cell.seq = seq_number(kind->seq);
	cell.ack = ack_number(kind->ack);
	cell.len = kind->len;
	cell.seg_len = kind->len + !!(kind->flags & SYN) + !!(kind->flags & FIN);
	o = rfc(&cell);

	TICK(100);	/* so that a restarted timer can be told from a running one */
	RECV(kind->flags, .seq = (u32)cell.seq, .ack = (u32)cell.ack, .len = kind->len);
	bits = T.acts.bits;

	SAME("signal", T.acts.signal, o.signal);
	T.signal_pending = false;
	SAME("challenge", !!(bits & HSTP_ACT_CHALLENGE), o.challenge);
	SAME("text", !!(bits & HSTP_ACT_TEXT), o.text);
	SAME("text held", !!(bits & HSTP_ACT_HOLD), o.held);
	SAME("end of text", !!(bits & HSTP_ACT_EOF), o.eof);
	SAME("reopened", !!(bits & HSTP_ACT_REOPEN), o.reopen);
	if (o.text || o.held)
		TEXT(o.text_off, o.text_len);
	if (o.to == HSTP_LISTEN && cell.place != LISTEN) {
		/* the listener has its copy back */
		SAME("entered", T.log[0].to, HSTP_LISTEN);
		STATE(CLOSED);
	} else {
		SAME("state", T.tcb.state, o.to);
	}
	if (T.tcb.state > HSTP_LISTEN) {
		SAME("SND.UNA", T.tcb.snd_una, o.una);
		SAME("RCV.NXT", T.tcb.rcv_nxt, o.rcv_nxt);
	}
	if (T.tcb.state == HSTP_TIME_WAIT)
		SAME("2MSL left", T.tcb.wait_at - T.env.now,
		     o.wait_restarted || cell.place != TIME_WAIT ? 60000 : 59900);
	expect_reply(&o);
}

/* Is there such a segment in this state? */
static bool exists(enum place place, const struct kind *kind)
{
	/* where one number is out, it has no part */
	if (kind->ack == A_PART)
		return place >= ESTABLISHED && place != FIN_WAIT_2 && place != TIME_WAIT;
	return true;
}

void matrix_run(void)
{
	unsigned int i, place;
	char title[160];

	for (place = 0; place < PLACES; place++)
		for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
			if (!exists(place, &kinds[i]))
				continue;
			for (int rfc5961 = 0; rfc5961 < 2; rfc5961++) {
				memset(&cell, 0, sizeof(cell));
				cell.place = place;
				cell.kind = &kinds[i];
				cell.rfc5961 = rfc5961;
				snprintf(title, sizeof(title), "%s, rfc5961=%d: %s",
					 places[place].name, rfc5961, kinds[i].name);
				trace_run(title, run_cell);
			}
		}
}
