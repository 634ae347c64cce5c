// SPDX-License-Identifier: GPL-2.0
/* Explicit Congestion Notification, RFC 3168 section 6.1, step by step. */
#include "trace.h"

/* --- section 6.1.1: what both SYNs say ----------------------------------- */

static const u8 both_bits[] = { 0, ECE, CWR, ECE | CWR };

/* At once, or when the timer of the delayed ACK goes off. */
static void acknowledged(u32 ack, u8 bits)
{
	if (!T.out_count)
		TICK(40);
	EXPECT(ACK | bits, .ack = ack);
	SILENCE();
}

/* Our text says that it will report congestion, and theirs is reported, or neither. */
static void in_force(bool ours, bool theirs)
{
	CALL(send, 10);
	EXPECT(ACK | PSH, .seq = ME, .len = 10, .ect = ours);
	RECV(ACK, .seq = PEER, .ack = ME + 10, .len = 10, .ecn = HSTP_CE);
	acknowledged(PEER + 10, theirs ? ECE : 0);
	T.log_count = 0;
}

TEST(ecn_active, "RFC 3168 6.1.1: an ECN-setup SYN has ECE and CWR, its SYN-ACK ECE alone")
{
	for (int ecn = 0; ecn <= 2; ecn++) {
		for (u32 i = 0; i < 4; i++) {
			trace_reset();
			CONFIG(ecn, ecn);
			CALL(open_active);
			EXPECT(SYN | (ecn == 1 ? ECE | CWR : 0));
			RECV(SYN | ACK | both_bits[i], .seq = PEER_ISS, .ack = ME, .mss = MSS);
			EXPECT(ACK);
			in_force(ecn == 1 && both_bits[i] == ECE,
				 ecn == 1 && both_bits[i] == ECE);
		}
	}
}

TEST(ecn_passive, "RFC 3168 6.1.1: only an ECN-setup SYN gets an ECN-setup SYN-ACK")
{
	for (int ecn = 0; ecn <= 2; ecn++) {
		for (u32 i = 0; i < 4; i++) {
			bool agreed = ecn && both_bits[i] == (ECE | CWR);

			trace_reset();
			CONFIG(ecn, ecn);
			LISTENER_RECV(SYN | both_bits[i], .seq = PEER_ISS, .mss = MSS);
			EXPECT(SYN | ACK | (agreed ? ECE : 0));
			RECV(ACK, .seq = PEER, .ack = ME);
			in_force(agreed, agreed);
		}
	}
}

TEST(ecn_default, "asked, it agrees; by itself it does not ask")
{
	CALL(open_active);
	EXPECT(SYN);
	T.log_count = 0;
	trace_reset();
	LISTENER_RECV(SYN | ECE | CWR, .seq = PEER_ISS, .mss = MSS);
	EXPECT(SYN | ACK | ECE);
	T.log_count = 0;
}

TEST(ecn_simultaneous, "RFC 3168 6.1.1: both open at once: all four SYNs must be ECN-setup")
{
	for (u32 i = 0; i < 4; i++) {
		for (u32 j = 0; j < 4; j++) {
			bool asked = both_bits[i] == (ECE | CWR);

			trace_reset();
			CONFIG(ecn, 1);
			CALL(open_active);
			EXPECT(SYN | ECE | CWR);
			RECV(SYN | both_bits[i], .seq = PEER_ISS, .mss = MSS);
			EXPECT(SYN | ACK | (asked ? ECE : 0));
			RECV(SYN | ACK | both_bits[j], .seq = PEER_ISS, .ack = ME, .mss = MSS);
			EXPECT(ACK);
			in_force(asked && both_bits[j] == ECE, asked && both_bits[j] == ECE);
		}
	}
	/* who has not asked does not agree: it "has sent no non-ECN-setup SYN" */
	trace_reset();
	CONFIG(ecn, 2);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ECE | CWR, .seq = PEER_ISS, .mss = MSS);
	EXPECT(SYN | ACK);
	T.log_count = 0;
}

TEST(ecn_syn_again, "RFC 3168 6.1.1.1: a SYN that goes again asks no longer")
{
	CONFIG(ecn, 1);
	CALL(open_active);
	EXPECT(SYN | ECE | CWR);
	TICK(1000);
	EXPECT(SYN, .again = true);
	TICK(2000);
	EXPECT(SYN, .again = true);
	/* 6.1.1: the first may have been heard. Who "has sent [a] non-ECN-setup SYN" must not
	 * set ECT; who has received none must report CE.
	 */
	RECV(SYN | ACK | ECE, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	in_force(false, true);
}

TEST(ecn_syn_again_none, "RFC 3168 6.1.1.1: and the answer to that one")
{
	CONFIG(ecn, 1);
	CALL(open_active);
	EXPECT(SYN | ECE | CWR);
	TICK(1000);
	EXPECT(SYN, .again = true);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	in_force(false, false);
}

TEST(ecn_syn_ack_again, "RFC 3168 6.1.1: a SYN-ACK that goes again is still ECN-setup")
{
	LISTENER_RECV(SYN | ECE | CWR, .seq = PEER_ISS, .mss = MSS);
	EXPECT(SYN | ACK | ECE);
	TICK(1000);
	EXPECT(SYN | ACK | ECE, .again = true);
	RECV(SYN | ECE | CWR, .seq = PEER_ISS, .mss = MSS);
	EXPECT(SYN | ACK | ECE, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME);
	in_force(true, true);
}

TEST(ecn_asks_no_longer, "RFC 3168 6.1.1: who has received a non-ECN-setup SYN sets no ECT")
{
	LISTENER_RECV(SYN | ECE | CWR, .seq = PEER_ISS, .mss = MSS);
	EXPECT(SYN | ACK | ECE);
	RECV(SYN, .seq = PEER_ISS, .mss = MSS);
	EXPECT(SYN | ACK, .again = true);
	/* one that was late does not change that */
	RECV(SYN | ECE | CWR, .seq = PEER_ISS, .mss = MSS);
	EXPECT(SYN | ACK, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME);
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10, .ect = false);
	T.log_count = 0;
}

TEST(ecn_not_agreed, "without an agreement neither bit nor codepoint means anything")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 20000);
	for (u32 i = 0; i < 8; i++)
		EXPECT(ACK, .seq = ME + i * MSS, .len = MSS, .ect = false);
	RECV(ACK | ECE, .seq = PEER, .ack = ME + MSS);
	VAR(cwnd, 11 * MSS);
	EXPECT(ACK, .seq = ME + 8 * MSS, .len = MSS);
	RECV(ACK | CWR | ECE, .seq = PEER, .ack = ME + MSS, .len = 10, .ecn = HSTP_CE);
	SILENCE();
	TICK(40);
	EXPECT(ACK, .ack = PEER + 10);
	VAR(ecn_seen, 0);
}

/* --- section 6.1.2: the sender ------------------------------------------- */

/* As congestion.c has it, with ECN. */
static void sending(u32 segments)
{
	CONFIG(ecn, 1);
	CALL(open_active);
	EXPECT(SYN | ECE | CWR);
	RECV(SYN | ACK | ECE, .seq = PEER_ISS, .ack = ME, .wnd = 65535, .mss = MSS);
	EXPECT(ACK);
	VAR(cwnd, 10 * MSS);
	CALL(send, 60000);
	for (u32 i = 0; i < segments; i++)
		EXPECT(ACK, .seq = ME + i * MSS, .len = MSS, .ect = true);
	SILENCE();
	T.log_count = 0;
}

static void acked(u32 segments, u8 bits)
{
	RECV(ACK | bits, .seq = PEER, .ack = ME + segments * MSS, .wnd = 65535);
}

static void expect_new(u32 segment, u8 bits)
{
	EXPECT(ACK | bits, .seq = ME + segment * MSS, .len = MSS, .again = false, .ect = true);
}

/* 6.1.5 */
static void expect_again(u32 segment)
{
	EXPECT(ACK | PSH, .seq = ME + segment * MSS, .len = MSS, .again = true, .ect = false);
}

TEST(ecn_echoed, "RFC 3168 6.1.2: ECE: cwnd and ssthresh are halved, and CWR goes once")
{
	sending(10);
	acked(1, ECE);
	VAR(ssthresh, 5 * MSS);
	VAR(cwnd, 5 * MSS);
	SILENCE();
	for (u32 i = 2; i <= 5; i++) {
		acked(i, ECE);
		SILENCE();
	}
	VAR(cwnd, 5 * MSS);
	acked(6, ECE);
	expect_new(10, CWR);
	acked(7, ECE);
	expect_new(11, 0);
	SILENCE();
}

TEST(ecn_once, "RFC 3168 6.1.2: once for what was on its way; then again")
{
	sending(10);
	for (u32 i = 1; i <= 5; i++)
		acked(i, ECE);
	for (u32 i = 6; i <= 10; i++) {
		acked(i, ECE);
		expect_new(i + 4, i == 6 ? CWR : 0);
	}
	/* all that was out is acknowledged, the segment with CWR is not */
	VAR(cwnd, 5 * MSS);
	/* it is, and what came after it has met congestion */
	acked(11, ECE);
	VAR(ssthresh, 5 * MSS / 2);
	VAR(cwnd, 5 * MSS / 2);
	SILENCE();
	acked(12, 0);
	SILENCE();
	acked(13, 0);
	acked(14, 0);
	EXPECT(ACK | CWR, .seq = ME + 15 * MSS, .len = MSS, .ect = true);
	T.out_count = 0;
}

TEST(ecn_growth, "RFC 3168 6.1.2: an ACK with ECE opens nothing, one without does as ever")
{
	sending(10);
	acked(1, ECE);
	for (u32 i = 2; i <= 5; i++) {
		acked(i, 0);
		VAR(cwnd, 5 * MSS);
	}
	/* congestion avoidance: five segments were acknowledged */
	acked(6, 0);
	VAR(cwnd, 6 * MSS);
	expect_new(10, CWR);
	expect_new(11, 0);
	acked(7, ECE);
	expect_new(12, 0);
	for (u32 i = 8; i <= 10; i++) {
		acked(i, ECE);
		expect_new(i + 5, 0);
	}
	VAR(cwnd, 6 * MSS);
	T.out_count = 0;
}

TEST(ecn_syn_ack_is_no_echo, "the ECE of a SYN-ACK reports no congestion")
{
	sending(10);
	VAR(cwnd, 10 * MSS);
	VAR(ecn_cwr, 0);
}

TEST(ecn_duplicate, "RFC 3168 6.1.2: ECE counts on a duplicate ACK")
{
	sending(10);
	acked(0, ECE);
	VAR(cwnd, 5 * MSS);
	VAR(ssthresh, 5 * MSS);
	SILENCE();	/* nor does limited transmit go beyond the new window */
}

TEST(ecn_then_loss, "RFC 3168 6.1.2: a CE packet and a loss in one window reduce it once")
{
	sending(10);
	acked(0, ECE);
	acked(0, ECE);
	acked(0, ECE);
	/* RFC 5681 3.2, 3: ssthresh and the three that have left */
	VAR(ssthresh, 5 * MSS);
	VAR(cwnd, 8 * MSS);
	expect_again(0);
	acked(0, ECE);
	acked(0, ECE);
	SILENCE();
	acked(0, ECE);
	expect_new(10, CWR);
	VAR(ssthresh, 5 * MSS);
	acked(10, ECE);
	VAR(ssthresh, 5 * MSS);
	expect_new(11, 0);
}

TEST(ecn_loss_then, "RFC 3168 6.1.2: a loss first: the same, and CWR for it as well")
{
	sending(10);
	acked(0, 0);
	expect_new(10, 0);	/* limited transmit */
	acked(0, 0);
	expect_new(11, 0);
	acked(0, 0);
	expect_again(0);
	VAR(ssthresh, 5 * MSS);
	acked(0, ECE);
	VAR(ssthresh, 5 * MSS);
	for (u32 i = 0; i < 3; i++)
		acked(0, ECE);
	SILENCE();
	acked(0, ECE);
	expect_new(12, CWR);
	acked(12, ECE);
	VAR(ssthresh, 5 * MSS);
	expect_new(13, 0);
	/* beyond what was out, with CWR: a new window, in which the loss is no longer looked for */
	acked(13, 0);
	expect_new(14, 0);
	expect_new(15, 0);
	acked(14, ECE);
	VAR(ssthresh, 2 * MSS);
	SILENCE();
	acked(15, ECE);
	expect_new(16, CWR);
	SILENCE();
}

TEST(ecn_timeout, "RFC 3168 6.1.2: CWR after a timeout; a loss beside a CE packet is not new")
{
	sending(10);
	acked(1, ECE);
	VAR(ssthresh, 5 * MSS);
	TICK(T.tcb.rto);
	expect_again(1);
	VAR(ssthresh, 5 * MSS);
	VAR(cwnd, MSS);
	/* "if any retransmitted packets are dropped": but not for the second time the same */
	TICK(T.tcb.rto);
	expect_again(1);
	VAR(ssthresh, 5 * MSS);
	acked(10, 0);
	VAR(cwnd, 2 * MSS);
	expect_new(10, CWR);
	expect_new(11, 0);
	SILENCE();
}

TEST(ecn_timeout_alone, "RFC 3168 6.1.2: a timeout reduces the window, and says so")
{
	sending(10);
	TICK(T.tcb.rto);
	expect_again(0);
	VAR(ssthresh, 5 * MSS);
	VAR(cwnd, MSS);
	acked(10, 0);
	expect_new(10, CWR);
	expect_new(11, 0);
	SILENCE();
}

TEST(ecn_again_lost, "RFC 3168 6.1.2: a retransmission that is lost is a new congestion")
{
	sending(10);
	acked(0, ECE);
	acked(0, 0);
	acked(0, 0);
	expect_again(0);
	VAR(ssthresh, 5 * MSS);
	T.tcb.cwnd = 6 * MSS;
	TICK(T.tcb.rto);
	expect_again(0);
	VAR(ssthresh, 3 * MSS);
}

TEST(ecn_one_segment, "RFC 3168 6.1.2: cwnd of one segment: new text waits for the timer")
{
	sending(10);
	TICK(T.tcb.rto);
	expect_again(0);
	VAR(cwnd, MSS);
	/* RTO was doubled */
	acked(10, ECE);
	VAR(cwnd, MSS);
	SILENCE();
	TICK(T.tcb.rto - 1);
	SILENCE();
	TICK(1);
	expect_new(10, CWR);
	SILENCE();
	acked(11, ECE);
	VAR(cwnd, MSS);
	SILENCE();
	TICK(T.tcb.rto);
	expect_new(11, CWR);
	SILENCE();
	VAR(retries, 0);
	/* "until it receives a CWR packet": the next ACK opens the window as ever */
	acked(12, 0);
	VAR(cwnd, 2 * MSS);
	expect_new(12, 0);
	expect_new(13, 0);
	SILENCE();
}

TEST(ecn_one_segment_user, "the wait for the timer is no loss: the user timeout does not count it")
{
	sending(10);
	TICK(T.tcb.rto);
	expect_again(0);
	acked(10, ECE);
	T.tcb.tune.user_timeout_ms = 50;
	SILENCE();
	TICK(T.tcb.rto);
	STATE(ESTABLISHED);
	expect_new(10, CWR);
	SILENCE();
}

TEST(ecn_one_segment_end, "nothing waits for the timer when all was said and heard")
{
	CONFIG(ecn, 1);
	CALL(open_active);
	EXPECT(SYN | ECE | CWR);
	RECV(SYN | ACK | ECE, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	T.tcb.cwnd = MSS;
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10, .ect = true);
	CALL(close);
	EXPECT(ACK | FIN);
	RECV(ACK | ECE, .seq = PEER, .ack = ME + 11);
	STATE(FIN_WAIT_2);
	NO_TIMER();
	T.log_count = 0;
}

TEST(ecn_reno, "RFC 3168 6.1.2: once a window, with an algorithm that leaves recovery early")
{
	T.tcb.tune.congestion = 1;	/* reno: see congestion.c */
	sending(10);
	acked(0, 0);
	expect_new(10, 0);
	acked(0, 0);
	expect_new(11, 0);
	acked(0, 0);
	expect_again(0);
	VAR(ssthresh, 5 * MSS);
	acked(3, ECE);
	VAR(fast, 0);
	VAR(ssthresh, 5 * MSS);
	acked(4, ECE);
	VAR(ssthresh, 5 * MSS);
	T.out_count = 0;
}

TEST(ecn_selective, "RFC 3168 6.1.2: the same with selective acknowledgments")
{
	CONFIG(ecn, 1);
	CONFIG(sack, 1);
	CALL(open_active);
	EXPECT(SYN | ECE | CWR);
	RECV(SYN | ACK | ECE, .seq = PEER_ISS, .ack = ME, .wnd = 65535, .mss = MSS,
	     .has = HSTP_HAS_SACK_PERMITTED);
	EXPECT(ACK);
	CALL(send, 60000);
	for (u32 i = 0; i < 10; i++)
		EXPECT(ACK, .seq = ME + i * MSS, .len = MSS, .ect = true);
	for (u32 i = 2; i <= 4; i++)
		RECV(ACK | ECE, .seq = PEER, .ack = ME, .wnd = 65535, .sack_count = 1,
		     .sack = { { ME + MSS, ME + i * MSS } });
	VAR(ssthresh, 5 * MSS);
	VAR(cwnd, 5 * MSS);
	expect_again(0);
	T.out_count = 0;
	RECV(ACK | ECE, .seq = PEER, .ack = ME + 10 * MSS, .wnd = 65535);
	VAR(ssthresh, 5 * MSS);
	CHECK(T.out_count);
	expect_new(10, CWR);
	while (T.out_count)
		EXPECT(ACK, .len = MSS, .again = false, .ect = true);
	T.log_count = 0;
}

/* --- sections 6.1.4 to 6.1.6: what has no ECT ----------------------------- */

TEST(ecn_no_ect, "RFC 3168 6.1.4, 6.1.5: no ECT on ACKs, FINs and what goes again")
{
	sending(10);
	/* an ACK */
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 65535, .len = 10);
	TICK(40);
	EXPECT(ACK, .ack = PEER + 10, .ect = false);
	/* after a timeout */
	TICK(T.tcb.rto - 40);
	expect_again(0);
	T.log_count = 0;

	trace_reset();
	CONFIG(ecn, 1);
	CALL(open_active);
	EXPECT(SYN | ECE | CWR);
	RECV(SYN | ACK | ECE, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	/* a keep-alive probe */
	KEEPALIVE(true);
	TICK(7200000);
	EXPECT(ACK, .seq = ME - 1, .ect = false);
	RECV(ACK, .seq = PEER, .ack = ME);
	CALL(close);
	EXPECT(ACK | FIN, .ect = false);
	T.log_count = 0;
}

TEST(ecn_fin_with_text, "text that the FIN ends is text")
{
	LISTENER_RECV(SYN | ECE | CWR, .seq = PEER_ISS, .mss = MSS);
	EXPECT(SYN | ACK | ECE);
	CALL(send, 10);
	CALL(close);
	RECV(ACK, .seq = PEER, .ack = ME);
	EXPECT(ACK | PSH | FIN, .len = 10, .ect = true);
	T.log_count = 0;
}

TEST(ecn_probe, "RFC 3168 6.1.6: no ECT on window probes, and no CWR")
{
	CONFIG(ecn, 1);
	CALL(open_active);
	EXPECT(SYN | ECE | CWR);
	RECV(SYN | ACK | ECE, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	CALL(send, 3000);
	for (u32 i = 0; i < 3; i++)
		EXPECT(ACK | (i == 2 ? PSH : 0), .len = MSS, .ect = true);
	RECV(ACK | ECE, .seq = PEER, .ack = ME + 3000, .wnd = 0);
	CALL(send, 2000);
	SILENCE();
	TICK(T.tcb.rto);
	EXPECT(ACK, .seq = ME + 3000, .len = 1, .ect = false);
	RECV(ACK, .seq = PEER, .ack = ME + 3000, .wnd = 0);
	/* it opens: the byte goes again, then comes what is new */
	RECV(ACK, .seq = PEER, .ack = ME + 3000, .wnd = WINDOW);
	EXPECT(ACK | PSH, .seq = ME + 3000, .len = 1, .again = true, .ect = false);
	EXPECT(ACK | CWR, .seq = ME + 3001, .len = MSS, .ect = true);
	T.out_count = 0;
	T.log_count = 0;
}

/* --- section 6.1.3: the receiver ------------------------------------------ */

static void receiving(void)
{
	LISTENER_RECV(SYN | ECE | CWR, .seq = PEER_ISS, .mss = MSS);
	EXPECT(SYN | ACK | ECE);
	RECV(ACK, .seq = PEER, .ack = ME);
	T.log_count = 0;
}

/* @segment counts the peer's segments of 100 bytes. */
static void text(u32 segment, u8 bits, enum hstp_codepoint ecn)
{
	RECV(ACK | bits, .seq = PEER + 100 * segment, .ack = T.tcb.snd_nxt, .len = 100,
	     .ecn = (u8)ecn);
}

static void expect_ack(u32 segments, u8 bits)
{
	acknowledged(PEER + 100 * segments, bits);
}

TEST(ecn_receiver, "RFC 3168 6.1.3: CE: ECE on all ACKs until CWR")
{
	receiving();
	text(0, 0, HSTP_ECT_0);
	expect_ack(1, 0);
	text(1, 0, HSTP_CE);
	expect_ack(2, ECE);
	/* "whether they acknowledge CE data packets or non-CE data packets" */
	text(2, 0, HSTP_ECT_0);
	expect_ack(3, ECE);
	text(3, 0, HSTP_NOT_ECT);
	expect_ack(4, ECE);
	text(4, CWR, HSTP_ECT_0);
	expect_ack(5, 0);
	text(5, 0, HSTP_ECT_1);
	expect_ack(6, 0);
	/* "If another CE packet is received", "once again" */
	text(6, 0, HSTP_CE);
	expect_ack(7, ECE);
	VAR(ecn_seen, 1);
}

TEST(ecn_receiver_both, "RFC 3168 6.1.3: CWR on a CE packet: of that packet nobody has heard")
{
	receiving();
	text(0, 0, HSTP_CE);
	expect_ack(1, ECE);
	text(1, CWR, HSTP_CE);
	expect_ack(2, ECE);
	text(2, 0, HSTP_ECT_0);
	expect_ack(3, ECE);
}

TEST(ecn_receiver_delayed, "RFC 3168 6.1.3: an ACK of two segments has ECE if one met congestion")
{
	for (int first = 0; first < 2; first++) {
		trace_reset();
		receiving();
		text(0, 0, first ? HSTP_CE : HSTP_ECT_0);
		if (first)
			EXPECT(ACK | ECE, .ack = PEER + 100);
		text(1, 0, first ? HSTP_ECT_0 : HSTP_CE);
		expect_ack(2, ECE);
	}
}

TEST(ecn_receiver_at_once, "the sender's window may be one segment: CE and CWR are told at once")
{
	receiving();
	text(0, 0, HSTP_CE);
	EXPECT(ACK | ECE);
	text(1, CWR, HSTP_ECT_0);
	EXPECT(ACK);
	text(2, 0, HSTP_ECT_0);
	SILENCE();
	expect_ack(3, 0);
}

TEST(ecn_receiver_all, "RFC 3168 6.1.3: on all segments: text, what goes again, FIN")
{
	receiving();
	text(0, 0, HSTP_CE);
	expect_ack(1, ECE);
	CALL(send, 10);
	EXPECT(ACK | PSH | ECE, .len = 10, .ect = true);
	TICK(T.tcb.rto);
	EXPECT(ACK | PSH | ECE, .len = 10, .again = true, .ect = false);
	CALL(close);
	EXPECT(ACK | FIN | ECE);
	T.log_count = 0;
}

TEST(ecn_receiver_gap, "RFC 3168 6.1.3: text behind a gap is in the window")
{
	receiving();
	text(1, 0, HSTP_CE);
	expect_ack(0, ECE);
	text(0, 0, HSTP_ECT_0);
	expect_ack(2, ECE);
	text(3, CWR, HSTP_ECT_0);
	expect_ack(2, 0);
}

TEST(ecn_receiver_outside, "RFC 3168 6.1.5: what is outside of the window says nothing")
{
	receiving();
	text(0, 0, HSTP_ECT_0);
	expect_ack(1, 0);
	/* a duplicate */
	text(0, 0, HSTP_CE);
	expect_ack(1, 0);
	/* beyond it */
	RECV(ACK, .seq = PEER + 100 + BUFFER, .ack = ME, .len = 10, .ecn = HSTP_CE);
	expect_ack(1, 0);
	/* nor does CWR there end the report */
	text(1, 0, HSTP_CE);
	expect_ack(2, ECE);
	text(0, CWR, HSTP_ECT_0);
	expect_ack(2, ECE);
	/* a window of zero, and its probe: section 6.1.6 */
	RECV(ACK | CWR, .seq = PEER + 200, .ack = ME, .len = BUFFER - 200, .ecn = HSTP_ECT_0);
	EXPECT(ACK, .wnd = 0);
	RECV(ACK, .seq = PEER + BUFFER, .ack = ME, .len = 1, .ecn = HSTP_CE);
	EXPECT(ACK, .wnd = 0);
}

TEST(ecn_receiver_ack, "RFC 3168 6.1.4: a packet without text is no CE data packet")
{
	receiving();
	RECV(ACK, .seq = PEER, .ack = ME, .ecn = HSTP_CE);
	text(0, 0, HSTP_ECT_0);
	expect_ack(1, 0);
	RECV(ACK | FIN, .seq = PEER + 100, .ack = ME, .ecn = HSTP_CE);
	EXPECT(ACK, .ack = PEER + 101);
	T.log_count = 0;
}
