// SPDX-License-Identifier: GPL-2.0
/* Every state x every kind of segment x both settings of rfc5961: one test each.
 * What is expected of each comes from rfc9293.c.
 */
#include "matrix.h"

#include <stdio.h>
#include <string.h>

/* --- the states, and how a connection gets there ---------------------- */

const struct place_name places[PLACES] = {
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

/* --- the segments ----------------------------------------------------- */

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
	{ "ACK, SEQ of a probe", ACK, S_EDGE1, A_NXT, 0 },
	{ "ACK, SEQ after a probe", ACK, S_EDGE2, A_NXT, 0 },
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

/* --- the comparison --------------------------------------------------- */

static struct cell cell;
static char title[200];

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
	case S_EDGE1:	return right + 1;
	case S_EDGE2:	return right + 2;
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

/* One cell: what came of the segment, against the RFC. */
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
	if (cell.place <= SYN_SENT) {
		T.tcb.rcv_nxt = PEER;
		cell.rcv_nxt = PEER;
	}
	if (cell.place < SYN_SENT) {
		cell.una = MY_ISS;
		cell.nxt = ME;
	}
	cell.seq = seq_number(kind->seq);
	cell.ack = ack_number(kind->ack);
	cell.len = kind->len;
	cell.seg_len = kind->len + !!(kind->flags & SYN) + !!(kind->flags & FIN);
	o = rfc9293(&cell);
	snprintf(title + strlen(title), sizeof(title) - strlen(title), " (%s)", o.rule);

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
