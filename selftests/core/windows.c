// SPDX-License-Identifier: GPL-2.0
/* Windows: RFC 9293 sections 3.7.4 and 3.8.6. */
#include "trace.h"

/* --- Nagle and the sender's silly window avoidance -------------------- */

TEST(nagle, "3.7.4: a small segment waits while another one is out")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 10);
	EXPECT(ACK | PSH, .seq = ME, .len = 10);
	CALL(send, 10);
	SILENCE();
	CALL(send, 995);
	EXPECT(ACK, .seq = ME + 10, .len = 1000, .off = 10);
	SILENCE();
	RECV(ACK, .seq = PEER, .ack = ME + 1010);
	EXPECT(ACK | PSH, .seq = ME + 1010, .len = 5);
}

TEST(nagle_off, "MUST-17: Nagle's algorithm can be turned off")
{
	ESTABLISHED_CONNECTION();
	T.tcb.tune.nodelay = 1;
	CALL(send, 10);
	EXPECT(ACK | PSH, .seq = ME, .len = 10);
	CALL(send, 10);
	EXPECT(ACK | PSH, .seq = ME + 10, .len = 10);
}

TEST(nagle_close, "the last small segment does not wait: it carries the FIN")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	CALL(send, 10);
	SILENCE();
	CALL(close);
	EXPECT(FIN | ACK | PSH, .seq = ME + 10, .len = 10);
}

TEST(push, "MUST-61: PSH on the last segment of what is queued, not before")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 2500);
	EXPECT(ACK, .len = 1000);
	EXPECT(ACK, .len = 1000);
	SILENCE();
	RECV(ACK, .seq = PEER, .ack = ME + 2000);
	EXPECT(ACK | PSH, .len = 500);
}

TEST(sws_sender, "MUST-38: a small part of the window is not used until the timer overrides")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 300);
	CALL(send, 2000);
	SILENCE();
	TICK(199);
	SILENCE();
	TICK(1);
	EXPECT(ACK, .seq = ME, .len = 300);
}

TEST(sws_sender_fits, "3.8.6.2.1 (2): all that is queued fits")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 300);
	CALL(send, 300);
	EXPECT(ACK | PSH, .len = 300);
}

TEST(sws_sender_half, "3.8.6.2.1 (3): half of the largest window is worth a segment")
{
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .wnd = 1200, .mss = MSS);
	EXPECT(ACK);
	CALL(send, 2000);
	EXPECT(ACK, .seq = ME, .len = 600);
	EXPECT(ACK, .seq = ME + 600, .len = 600);
	SILENCE();
	RECV(ACK, .seq = PEER, .ack = ME + 600, .wnd = 1200);
	EXPECT(ACK, .seq = ME + 1200, .len = 600);
	SILENCE();
}

TEST(sws_sender_half_exact, "3.8.6.2.1 (3): and that is Fs * Max(SND.WND), rounded down")
{
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .wnd = 1, .mss = MSS);
	EXPECT(ACK);
	CALL(send, 20);
	EXPECT(ACK, .len = 1);
	RECV(ACK, .seq = PEER, .ack = ME + 1, .wnd = 1);
	EXPECT(ACK, .len = 1);
}

TEST(window_full, "3.8.6.2.1: no more leaves than the window takes")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 2000);
	CALL(send, 5000);
	EXPECT(ACK, .seq = ME, .len = 1000);
	EXPECT(ACK, .seq = ME + 1000, .len = 1000);
	SILENCE();
	/* U = SND.UNA + SND.WND - SND.NXT */
	RECV(ACK, .seq = PEER, .ack = ME + 1000, .wnd = 2000);
	EXPECT(ACK, .seq = ME + 2000, .len = 1000, .off = 1000);
	SILENCE();
}

/* --- window updates --------------------------------------------------- */

TEST(window_update, "3.10.7.4 fifth: an ACK of nothing new may open the window")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 1000);
	CALL(send, 2000);
	EXPECT(ACK, .len = 1000);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 3000);
	EXPECT(ACK | PSH, .seq = ME + 1000, .len = 1000);
}

TEST(window_old_segment, "3.10.7.4 fifth: SND.WL1, an old segment does not change the window")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER + 10, .ack = ME, .len = 10, .wnd = 3000);
	EXPECT(ACK, .ack = PEER);
	VAR(snd_wnd, 3000);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 5, .wnd = 1000);
	VAR(snd_wnd, 3000);
	VAR(snd_wl1, PEER + 10);
	EXPECT(ACK, .ack = PEER + 5);	/* a gap is left */
}

TEST(window_old_ack, "3.10.7.4 fifth: SND.WL2, an ACK older than the last does not either")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 2000);
	EXPECT(ACK, .len = 1000);
	EXPECT(ACK | PSH, .len = 1000);
	RECV(ACK, .seq = PEER, .ack = ME + 1000, .wnd = 5000);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 100);
	VAR(snd_wnd, 5000);
	VAR(snd_una, ME + 1000);
	/* equal: the later one counts */
	RECV(ACK, .seq = PEER, .ack = ME + 1000, .wnd = 4000);
	VAR(snd_wnd, 4000);
	VAR(snd_wnd_max, WINDOW);
}

/* --- a window that closes --------------------------------------------- */

/* The peer echoes the timestamp of the last segment that it got, the probe's: SEG.SEQ =<
 * Last.ACK.sent (RFC 7323 section 4.3). Without timestamps the fields mean nothing.
 */
#define RECV_ECHO(...) \
	RECV(ACK, .seq = PEER, .has = HSTP_HAS_TIMESTAMPS, .tsval = 1000, \
	     .tsecr = T.last.opt.tsval, ##__VA_ARGS__)

static void established_with(bool stamps)
{
	OFFER(0, stamps, 0);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS,
	     .has = stamps ? HSTP_HAS_TIMESTAMPS : 0, .tsval = 1000, .tsecr = T.last.opt.tsval);
	EXPECT(ACK);
	T.log_count = 0;
}

static void probes_back_off(bool stamps)
{
	u32 wait;

	established_with(stamps);
	RECV_ECHO(.ack = ME, .wnd = 0);
	CALL(send, 10);
	SILENCE();
	TICK(199);
	SILENCE();
	TICK(1);
	EXPECT(ACK, .seq = ME, .len = 1);
	for (wait = 400; wait < 10000; wait *= 2) {
		RECV_ECHO(.ack = ME, .wnd = 0);
		SILENCE();
		TICK(wait - 1);
		SILENCE();
		TICK(1);
		EXPECT(ACK | PSH, .seq = ME, .len = 1, .again = true);
	}
	STATE(ESTABLISHED);
}

TEST(probe, "MUST-36, SHLD-29, SHLD-30: probes of one byte, after RTO, twice as late each")
{
	probes_back_off(false);
}

TEST(probe_stamps, "RFC 7323 4.1: the echo of a probe that was not taken measures nothing")
{
	probes_back_off(true);
}

static void probes_for_ever(bool stamps)
{
	int i;

	CONFIG(retries, 3);
	established_with(stamps);
	RECV_ECHO(.ack = ME, .wnd = 0);
	CALL(send, 1);
	for (i = 0; i < 30; i++) {
		TICK(T.tcb.rexmit_at - T.env.now);
		EXPECT(ACK | PSH, .seq = ME, .len = 1);
		RECV_ECHO(.ack = ME, .wnd = 0);
		STATE(ESTABLISHED);
	}
	VAR(rto, 120000);
}

TEST(probe_for_ever, "MUST-37: as long as probes are acknowledged the connection stays open")
{
	probes_for_ever(false);
}

TEST(probe_for_ever_stamps, "MUST-37, SHLD-30: with timestamps, too, and ever more rarely")
{
	probes_for_ever(true);
}

TEST(probe_unanswered, "3.8.3: probes that nobody answers are retransmissions")
{
	CONFIG(retries, 3);
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	CALL(send, 10);
	TICK(200 + 400 + 800);
	EXPECT(ACK, .len = 1);
	EXPECT(ACK | PSH, .len = 1);
	EXPECT(ACK | PSH, .len = 1);
	TICK(1600);
	SIGNAL(TIMED_OUT);
	STATE(CLOSED);
}

/* Nor does it end sooner than its retransmissions would: 200 ms, 400, 800 and 1600. */
static void orphan_probes(bool stamps)
{
	u32 wait;

	CONFIG(orphan_retries, 3);
	established_with(stamps);
	RECV_ECHO(.ack = ME, .wnd = 0);
	CALL(send, 10);
	CALL(leave, false);
	STATE(FIN_WAIT_1);
	TICK(200);
	EXPECT(ACK, .seq = ME, .len = 1);
	for (wait = 400; wait <= 800; wait *= 2) {
		RECV_ECHO(.ack = ME, .wnd = 0);
		TICK(wait - 1);
		SILENCE();
		TICK(1);
		EXPECT(ACK | PSH, .seq = ME, .len = 1, .again = true);
	}
	RECV_ECHO(.ack = ME, .wnd = 0);
	TICK(1599);
	STATE(FIN_WAIT_1);
	TICK(1);
	SIGNAL(TIMED_OUT);
	STATE(CLOSED);
}

TEST(probe_orphan, "RFC 6429: a connection without a user does not probe for ever")
{
	orphan_probes(false);
}

TEST(probe_orphan_stamps, "RFC 6429: with timestamps it does not end any sooner")
{
	orphan_probes(true);
}

TEST(probe_accepted, "the probe's byte may be accepted with the window still closed")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	CALL(send, 10);
	TICK(200);
	EXPECT(ACK, .seq = ME, .len = 1);
	RECV(ACK, .seq = PEER, .ack = ME + 1, .wnd = 0);
	ACKED(1);
	SILENCE();
	TICK(1000);
	EXPECT(ACK, .seq = ME + 1, .len = 1, .off = 0);
	while (T.out_count)
		EXPECT(T.out[0].flags, .seq = ME + 1, .len = 1);
}

TEST(probe_fin, "a FIN alone probes as well")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	CALL(close);
	SILENCE();
	STATE(FIN_WAIT_1);
	TICK(200);
	EXPECT(FIN | ACK, .seq = ME);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 100);
	EXPECT(FIN | ACK, .seq = ME, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME + 1, .wnd = 100);
	STATE(FIN_WAIT_2);
}

TEST(reopen_untouched, "3.8.6.1: the window opens before a probe was sent")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	CALL(send, 10);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 5000);
	EXPECT(ACK | PSH, .seq = ME, .len = 10, .again = false);
}

TEST(reopen_probed, "3.8.6.1: the window opens: the probe's byte goes again at once, backoff ends")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	CALL(send, 1500);
	TICK(200 + 400 + 800);
	EXPECT(ACK, .len = 1);
	EXPECT(ACK | PSH, .len = 1);
	EXPECT(ACK | PSH, .len = 1);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 5000);
	EXPECT(ACK | PSH, .seq = ME, .len = 1, .again = true);
	EXPECT(ACK, .seq = ME + 1, .len = 1000, .off = 1);
	VAR(rto, 200);
	RECV(ACK, .seq = PEER, .ack = ME + 1001, .wnd = 5000);
	EXPECT(ACK | PSH, .seq = ME + 1001, .len = 499);
}

TEST(reopen_never_measured, "the same on a connection whose round trip was never measured")
{
	CALL(open_active);
	EXPECT(SYN);
	TICK(1000);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .wnd = 0);
	EXPECT(ACK);
	CALL(send, 10);
	TICK(3000);
	EXPECT(ACK, .len = 1);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 100);
	EXPECT(ACK | PSH, .len = 1, .again = true);
	VAR(backoff, 0);
	VAR(rto, 1000);
	RECV(ACK, .seq = PEER, .ack = ME + 1, .wnd = 100);
	EXPECT(ACK | PSH, .len = 9);
}

/* --- a window that shrinks -------------------------------------------- */

TEST(shrunk, "MUST-34, SHLD-15, SHLD-16: a shrunk window: nothing new, retransmission inside it")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 5000);
	while (T.out_count)
		EXPECT(T.out[0].flags, .len = 1000);
	RECV(ACK, .seq = PEER, .ack = ME + 1000, .wnd = 500);
	CALL(send, 3000);
	SILENCE();
	TICK(200);
	EXPECT(ACK | PSH, .seq = ME + 1000, .len = 500, .again = true);
	/* the window opens again: what is out, is out */
	RECV(ACK, .seq = PEER, .ack = ME + 5000, .wnd = 8000);
	EXPECT(ACK, .seq = ME + 5000, .len = 1000);
	EXPECT(ACK, .seq = ME + 6000, .len = 1000);
	SILENCE();	/* RFC 5681 section 3.1: slow start after the timeout */
	RECV(ACK, .seq = PEER, .ack = ME + 7000, .wnd = 8000);
	EXPECT(ACK | PSH, .seq = ME + 7000, .len = 1000);
}

TEST(shrunk_to_zero, "MUST-35: a window that shrinks to zero is probed")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 2000);
	EXPECT(ACK, .len = 1000);
	EXPECT(ACK | PSH, .len = 1000);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	TICK(200);
	EXPECT(ACK | PSH, .seq = ME, .len = 1, .again = true);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 3000);
	EXPECT(ACK | PSH, .seq = ME, .len = 1000, .again = true);
}

TEST(shrunk_for_ever, "SHLD-17: text that is out beyond a shrunk window does not end a connection")
{
	int i;

	CONFIG(retries, 3);
	ESTABLISHED_CONNECTION();
	CALL(send, 2000);
	EXPECT(ACK, .len = 1000);
	EXPECT(ACK | PSH, .len = 1000);
	for (i = 0; i < 30; i++) {
		RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
		STATE(ESTABLISHED);
		TICK(T.tcb.rexmit_at - T.env.now);
		EXPECT(ACK | PSH, .seq = ME, .len = 1, .again = true);
	}
}

/* --- what has no text, while more is out than the peer takes ----------- */

/* Section 3.10.7.4 first: at a window of zero SEG.SEQ = RCV.NXT alone is acceptable, else
 * what is below RCV.NXT + RCV.WND; SND.NXT is beyond that while a probe is out.
 */
TEST(ack_while_probing, "3.10.7.4: an ACK beside a probe has a number that the peer accepts")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	CALL(send, 10);
	TICK(200);
	EXPECT(ACK, .seq = ME, .len = 1);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10, .wnd = 0);
	TICK(40);
	EXPECT(ACK, .seq = ME, .ack = PEER + 10);
	/* The byte was taken after all */
	RECV(ACK, .seq = PEER + 10, .ack = ME + 1, .len = 10, .wnd = 0);
	TICK(40);
	EXPECT(ACK, .seq = ME + 1, .ack = PEER + 20);
}

/* Both windows were closed, both peers have probed and opened theirs, and all four segments cross:
 * the peer's ACKs come from where its probe began, and that byte was taken.
 */
static void both_open(void)
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = BUFFER, .wnd = 0);
	EXPECT(ACK, .ack = PEER + BUFFER, .wnd = 0);
	DELIVERED(BUFFER);
	CALL(send, 10);
	TICK(200);
	EXPECT(ACK, .seq = ME, .len = 1);
	SPACE(BUFFER);
	CALL(receive);
	EXPECT(ACK, .seq = ME, .wnd = BUFFER);
	RECV(ACK, .seq = PEER + BUFFER, .ack = ME, .len = 1, .wnd = 0);
	DELIVERED(BUFFER + 1);
	TICK(40);
	EXPECT(ACK, .seq = ME, .ack = PEER + BUFFER + 1);
}

TEST(ack_from_the_old_edge, "3.10.7.4 first: an ACK from a right edge that was moved is valid")
{
	both_open();
	RECV(ACK, .seq = PEER + BUFFER, .ack = ME + 1, .wnd = 5000);
	ACKED(1);
	EXPECT(ACK | PSH, .seq = ME + 1, .ack = PEER + BUFFER + 1, .len = 9);
	RECV(ACK, .seq = PEER + BUFFER + 1, .ack = ME + 10, .wnd = 5000);
	ACKED(9);
	SILENCE();
}

TEST(ack_from_an_old_window, "3.10.7.4 first: not from further back than a window was ever wide")
{
	both_open();
	RECV(ACK, .seq = PEER + BUFFER + 1 - 65536, .ack = ME + 1, .wnd = 5000);
	EXPECT(ACK, .seq = ME, .ack = PEER + BUFFER + 1);
	VAR(snd_una, ME);
	RECV(ACK, .seq = PEER + BUFFER + 1 - 65535, .ack = ME + 1, .wnd = 5000);
	ACKED(1);
	EXPECT(ACK | PSH, .seq = ME + 1, .len = 9);
}

TEST(ack_from_the_old_edge_beyond, "3.10.7.4 fifth: such an ACK is of what was sent, or none")
{
	both_open();
	RECV(ACK, .seq = PEER + BUFFER, .ack = ME + 2, .wnd = 5000);
	DROP(ACK_BEYOND);
	EXPECT(ACK, .seq = ME, .ack = PEER + BUFFER + 1);
	VAR(snd_una, ME);
	VAR(snd_wnd, 0);
}

TEST(ack_from_the_old_edge_strange, "3.10.7.4 third: such an ACK has the connection's security")
{
	both_open();
	T.env.strange = HSTP_STRANGE_SECURITY;
	RECV(ACK, .seq = PEER + BUFFER, .ack = ME + 1, .wnd = 5000);
	DROP(SEQ);
	EXPECT(ACK, .seq = ME, .ack = PEER + BUFFER + 1);
	VAR(snd_una, ME);
	STATE(ESTABLISHED);
	T.env.strange = 0;
	RECV(ACK, .seq = PEER + BUFFER, .ack = ME + 1, .wnd = 5000);
	ACKED(1);
	EXPECT(ACK | PSH, .seq = ME + 1, .len = 9);
}

TEST(ack_of_old_number, "3.10.7.4 first: an old ACK counts only while text is beyond the window")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 10);
	DELIVERED(10);
	CALL(send, 10);
	EXPECT(ACK | PSH, .seq = ME, .len = 10);
	RECV(ACK, .seq = PEER + 9, .ack = ME + 10);
	EXPECT(ACK, .seq = ME + 10, .ack = PEER + 10);
	VAR(snd_una, ME);
}

TEST(window_of_a_new_ack, "3.10.7.4 fifth: what acknowledges more is newer, whatever its number")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 20);
	EXPECT(ACK | PSH, .seq = ME, .len = 20);
	/* The peer had sent 3000, which was refused here, and begins again below that. */
	RECV(ACK, .seq = PEER + 3000, .ack = ME + 10, .wnd = 0);
	ACKED(10);
	VAR(snd_wnd, 0);
	RECV(ACK, .seq = PEER, .ack = ME + 10, .wnd = 900);
	VAR(snd_wnd, 0);
	RECV(ACK, .seq = PEER, .ack = ME + 20, .wnd = 800);
	ACKED(10);
	VAR(snd_wnd, 800);
	SILENCE();
}

TEST(ack_while_fin_probes, "3.10.7.4: so has the ACK of a FIN, when ours is out")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	CALL(close);
	TICK(200);
	EXPECT(FIN | ACK, .seq = ME);
	RECV(ACK | FIN, .seq = PEER, .ack = ME, .wnd = 0);
	STATE(CLOSING);
	EXPECT(ACK, .seq = ME, .ack = PEER + 1);
}

TEST(ack_while_shrunk, "3.10.7.4: and one after a window has shrunk below what is out")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 3000);
	EXPECT(ACK, .len = 1000);
	EXPECT(ACK, .len = 1000);
	EXPECT(ACK | PSH, .len = 1000);
	RECV(ACK, .seq = PEER, .ack = ME + 1000, .wnd = 500);
	RECV(ACK, .seq = PEER, .ack = ME + 1000, .wnd = 500, .len = 10);
	TICK(40);
	EXPECT(ACK, .seq = ME + 1500, .ack = PEER + 10);
	/* 3.10.7.4: else SND.NXT */
	RECV(ACK, .seq = PEER + 10, .ack = ME + 1000, .wnd = 2000, .len = 10);
	TICK(40);
	EXPECT(ACK, .seq = ME + 3000, .ack = PEER + 20);
}

/* RFC 7323 section 2.4: what does not go into a scaled window may have been cut off: the
 * peer takes all that it has offered before.
 */
TEST(ack_while_rounded, "RFC 7323 2.4: a window that only was rounded down has not shrunk")
{
	OFFER(1, 0, 0);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS, .wnd = 3000,
	     .has = HSTP_HAS_WSCALE, .wscale = 4);
	EXPECT(ACK);
	CALL(send, 3000);
	EXPECT(ACK, .len = 1000);
	EXPECT(ACK, .len = 1000);
	EXPECT(ACK | PSH, .len = 1000);
	/* 2000 bytes are 125 times 16, 1990 would be 124.4: 1984, and 16 are missing */
	RECV(ACK, .seq = PEER, .ack = ME + 1000, .wnd = 2000 >> 4, .len = 10);
	TICK(40);
	EXPECT(ACK, .seq = ME + 3000, .ack = PEER + 10);
	RECV(ACK, .seq = PEER + 10, .ack = ME + 1000, .wnd = 1984 >> 4, .len = 10);
	TICK(40);
	EXPECT(ACK, .seq = ME + 2984, .ack = PEER + 20);
	T.log_count = 0;
}

TEST(abort_while_probing, "RFC 5961 3.2: a RST beside a probe has the exact number")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 0);
	CALL(send, 10);
	TICK(200);
	EXPECT(ACK, .seq = ME, .len = 1);
	CALL(abort);
	EXPECT(RST, .seq = ME);
	STATE(CLOSED);
	T.log_count = 0;
}

/* --- our window ------------------------------------------------------- */

TEST(sws_receiver, "MUST-39: the window moves right by a full-sized segment, from zero as well")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = BUFFER);
	EXPECT(ACK, .ack = PEER + BUFFER, .wnd = 0);
	READ(1);
	SILENCE();
	READ(998);
	SILENCE();
	READ(1);
	EXPECT(ACK, .seq = ME, .ack = PEER + BUFFER, .wnd = 1000);
	/* below: only a peer that may be waiting needs to be told */
	READ(500);
	SILENCE();
	READ(500);
	EXPECT(ACK, .wnd = 2000);
}

TEST(sws_receiver_small, "MUST-39: or by half of a buffer that is smaller")
{
	T.env.buffer = 600;
	SPACE(600);
	CALL(open_active);
	EXPECT(SYN, .wnd = 600);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(ACK, .wnd = 600);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 600);
	EXPECT(ACK, .wnd = 0);
	READ(299);
	SILENCE();
	READ(1);
	EXPECT(ACK, .wnd = 300);
}

TEST(update_piggybacked, "3.8.6.2.2: a window that is still wide is not reported by itself")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = 1500);
	TICK(40);
	EXPECT(ACK, .wnd = 8500);
	READ(1500);
	SILENCE();
	CALL(send, 1);
	EXPECT(ACK | PSH, .len = 1, .wnd = BUFFER);
}

TEST(right_edge, "SHLD-14: a smaller buffer does not move the right edge to the left")
{
	ESTABLISHED_CONNECTION();
	SPACE(1000);
	RECV(ACK, .seq = PEER, .ack = ME, .len = 1000);
	TICK(40);
	EXPECT(ACK, .ack = PEER + 1000, .wnd = 9000);
	CALL(receive);
	SILENCE();
}

TEST(window_largest, "3.1: no window is larger than its field")
{
	T.env.buffer = 1000000;
	SPACE(1000000);
	CALL(open_active);
	EXPECT(SYN, .wnd = 65535);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME);
	EXPECT(ACK, .wnd = 65535);
}

TEST(zero_window_text, "3.8.6.1: text at a closed window is not taken, but answered")
{
	ESTABLISHED_CONNECTION();
	RECV(ACK, .seq = PEER, .ack = ME, .len = BUFFER);
	EXPECT(ACK, .wnd = 0);
	RECV(ACK, .seq = PEER + BUFFER, .ack = ME, .len = 1);
	NO_TEXT();
	EXPECT(ACK, .ack = PEER + BUFFER, .wnd = 0);
	DELIVERED(BUFFER);
}

TEST(zero_window_ack, "3.4: with a closed window ACKs still count")
{
	ESTABLISHED_CONNECTION();
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	RECV(ACK, .seq = PEER, .ack = ME, .len = BUFFER);
	EXPECT(ACK, .wnd = 0);
	RECV(ACK, .seq = PEER + BUFFER, .ack = ME + 5);
	ACKED(5);
	/* appendix A.2: also from the number that probed us */
	RECV(ACK, .seq = PEER + BUFFER + 1, .ack = ME + 10);
	ACKED(5);
	SILENCE();
}
