// SPDX-License-Identifier: GPL-2.0
/* What the receiver reports: RFC 2018 sections 4 and 7, RFC 2883 section 4. The numbers
 * are those of the RFCs' examples.
 */
#include "trace.h"

#define TS	HSTP_HAS_TIMESTAMPS

/* Both ends can; RCV.NXT is @left. */
static void open_at(u32 left, bool stamps)
{
	OFFER(0, stamps, 1);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = left - 1, .ack = ME, .mss = MSS, .tsval = 1, .wnd = 20000,
	     .has = HSTP_HAS_SACK_PERMITTED | (stamps ? TS : 0));
	EXPECT(ACK, .ack = left);
	OPTION(sack_count, 0);
	T.log_count = 0;
}

/* 500 bytes from @seq on, as a segment of their own */
#define SEGMENT(first) \
	RECV(ACK, .seq = (first), .ack = ME, .len = 500, .wnd = 20000, \
	     .has = T.tcb.ts_ok ? TS : 0, .tsval = 1)
#define REPORT(number, l, r) \
	(OPTION(sack[number].left, l), OPTION(sack[number].right, r))

TEST(sack_case_1, "RFC 2018 section 7, case 1: the last four of eight are lost: no report")
{
	u32 seq;

	open_at(5000, false);
	for (seq = 5000; seq < 7000; seq += 1000) {
		SEGMENT(seq);
		SEGMENT(seq + 500);
		EXPECT(ACK, .ack = seq + 1000);
		OPTION(sack_count, 0);
	}
}

TEST(sack_case_2, "RFC 2018 section 7, case 2: the first of eight is lost")
{
	u32 seq;

	open_at(5000, false);
	for (seq = 5500; seq < 9000; seq += 500) {
		SEGMENT(seq);
		EXPECT(ACK, .ack = 5000);
		OPTION(sack_count, 1);
		REPORT(0, 5500, seq + 500);
	}
	SEGMENT(5000);
	EXPECT(ACK, .ack = 9000);
	OPTION(sack_count, 0);
}

TEST(sack_case_3, "RFC 2018 section 7, case 3: the 2nd, 4th, 6th and 8th are lost")
{
	open_at(5000, false);
	SEGMENT(5000);
	TICK(100);
	EXPECT(ACK, .ack = 5500);
	OPTION(sack_count, 0);
	SEGMENT(6000);
	EXPECT(ACK, .ack = 5500);
	OPTION(sack_count, 1);
	REPORT(0, 6000, 6500);
	SEGMENT(7000);
	EXPECT(ACK, .ack = 5500);
	OPTION(sack_count, 2);
	REPORT(0, 7000, 7500);
	REPORT(1, 6000, 6500);
	SEGMENT(8000);
	EXPECT(ACK, .ack = 5500);
	OPTION(sack_count, 3);
	REPORT(0, 8000, 8500);
	REPORT(1, 7000, 7500);
	REPORT(2, 6000, 6500);
	SEGMENT(6500);
	EXPECT(ACK, .ack = 5500);
	OPTION(sack_count, 2);
	REPORT(0, 6000, 7500);
	REPORT(1, 8000, 8500);
	SEGMENT(5500);
	EXPECT(ACK, .ack = 7500);
	OPTION(sack_count, 1);
	REPORT(0, 8000, 8500);
}

TEST(sack_many, "section 4: as many blocks as there is room for: four, with timestamps three")
{
	u32 seq;
	int stamps;

	for (stamps = 0; stamps < 2; stamps++) {
		trace_reset();
		open_at(5000, stamps);
		for (seq = 6000; seq < 12000; seq += 1000) {
			SEGMENT(seq);
			EXPECT(ACK, .ack = 5000);
		}
		OPTION(sack_count, stamps ? 3 : 4);
		REPORT(0, 11000, 11500);
		REPORT(1, 10000, 10500);
		REPORT(2, 9000, 9500);
		if (!stamps)
			REPORT(3, 8000, 8500);
		T.log_count = 0;
	}
}

TEST(sack_whole, "section 4: the first block is whole, also of text that was not reported lately")
{
	u32 seq;

	open_at(5000, false);
	for (seq = 6000; seq < 12000; seq += 1000) {
		SEGMENT(seq);
		EXPECT(ACK, .ack = 5000);
	}
	REPORT(3, 8000, 8500);
	/* between two blocks that have no room any more */
	SEGMENT(6500);
	EXPECT(ACK, .ack = 5000);
	OPTION(sack_count, 4);
	REPORT(0, 6000, 7500);
	REPORT(1, 11000, 11500);
	REPORT(2, 10000, 10500);
	REPORT(3, 9000, 9500);
	/* between one of them and one that has */
	SEGMENT(8500);
	EXPECT(ACK, .ack = 5000);
	OPTION(sack_count, 4);
	REPORT(0, 8000, 9500);
	REPORT(1, 6000, 7500);
	REPORT(2, 11000, 11500);
	REPORT(3, 10000, 10500);
	/* a part of one, again */
	SEGMENT(12000);
	EXPECT(ACK, .ack = 5000);
	RECV(ACK, .seq = 10100, .ack = ME, .len = 100, .wnd = 20000);
	EXPECT(ACK, .ack = 5000);
	REPORT(0, 10000, 10500);
	REPORT(1, 12000, 12500);
	/* a FIN behind one */
	SEGMENT(13000);
	EXPECT(ACK, .ack = 5000);
	SEGMENT(14000);
	EXPECT(ACK, .ack = 5000);
	RECV(ACK | FIN, .seq = 14500, .ack = ME, .wnd = 20000);
	EXPECT(ACK, .ack = 5000);
	OPTION(sack_count, 4);
	REPORT(0, 14000, 14500);
	REPORT(1, 13000, 13500);
}

TEST(sack_on_text, "RFC 6691 section 2: blocks take their room from the text")
{
	open_at(5000, true);
	SEGMENT(6000);
	EXPECT(ACK, .ack = 5000);
	CALL(send, 2000);
	/* 1000, less 12 of timestamps, less 4 + 8 of a block */
	EXPECT(ACK, .len = 976);
	OPTION(sack_count, 1);
	EXPECT(ACK, .len = 976);
	RECV(ACK, .seq = 5000, .ack = ME + 1952, .has = TS, .tsval = 1);
	EXPECT(ACK | PSH, .len = 48);
}

TEST(sack_off, "section 2: without SACK-permitted of both there is no report")
{
	OFFER(0, 0, 1);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = 4999, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	SEGMENT(6000);
	EXPECT(ACK, .ack = 5000);
	OPTION(sack_count, 0);
	SEGMENT(6000);
	EXPECT(ACK, .ack = 5000);
	OPTION(sack_count, 0);
	T.log_count = 0;
}

TEST(sack_reneged, "section 8: what the receiver had to throw away is not reported any more")
{
	open_at(5000, false);
	SEGMENT(6000);
	EXPECT(ACK, .ack = 5000);
	OPTION(sack_count, 1);
	T.held_count = 0;
	hstp_sack_forget(&T.tcb);
	SEGMENT(5000);
	TICK(100);
	EXPECT(ACK, .ack = 5500);
	OPTION(sack_count, 0);
}

TEST(sack_fin, "a FIN beyond a gap is no text: nothing is reported of it")
{
	open_at(5000, false);
	RECV(ACK | FIN, .seq = 6000, .ack = ME, .wnd = 20000);
	EXPECT(ACK, .ack = 5000);
	OPTION(sack_count, 0);
	RECV(ACK, .seq = 5000, .ack = ME, .len = 1000, .wnd = 20000);
	EXPECT(ACK, .ack = 6001);
	STATE(CLOSE_WAIT);
	T.log_count = 0;
}

TEST(sack_beyond_fin, "nothing follows a FIN: text that came from beyond it is not reported")
{
	open_at(5000, false);
	SEGMENT(5501);
	EXPECT(ACK, .ack = 5000);
	OPTION(sack_count, 1);
	REPORT(0, 5501, 6001);
	RECV(FIN | ACK, .seq = 5000, .ack = ME, .len = 500, .wnd = 20000);
	EXPECT(ACK, .ack = 5501);
	OPTION(sack_count, 0);
	STATE(CLOSE_WAIT);
}

TEST(dsack_again, "RFC 2883 section 4.1.1: a segment twice")
{
	open_at(3000, false);
	SEGMENT(3000);
	SEGMENT(3500);
	EXPECT(ACK, .ack = 4000);
	SEGMENT(3000);
	EXPECT(ACK, .ack = 4000);
	OPTION(sack_count, 1);
	REPORT(0, 3000, 3500);
	/* "each duplicate contiguous sequence of data is reported at most once" */
	SEGMENT(4000);
	TICK(100);
	EXPECT(ACK, .ack = 4500);
	OPTION(sack_count, 0);
}

TEST(dsack_and_gap, "RFC 2883 section 4.1.2: a segment twice, and out of order text")
{
	open_at(3000, false);
	SEGMENT(3000);
	TICK(100);
	EXPECT(ACK, .ack = 3500);
	SEGMENT(4000);
	EXPECT(ACK, .ack = 3500);
	SEGMENT(3000);
	EXPECT(ACK, .ack = 3500);
	OPTION(sack_count, 2);
	REPORT(0, 3000, 3500);
	REPORT(1, 4000, 4500);
}

TEST(dsack_out_of_order, "RFC 2883 section 4.1.3: an out of order segment twice")
{
	open_at(4000, false);
	SEGMENT(4500);
	EXPECT(ACK, .ack = 4000);
	SEGMENT(5000);
	EXPECT(ACK, .ack = 4000);
	REPORT(0, 4500, 5500);
	SEGMENT(5000);
	EXPECT(ACK, .ack = 4000);
	OPTION(sack_count, 2);
	REPORT(0, 5000, 5500);	/* "the second block in the option" has the larger one */
	REPORT(1, 4500, 5500);
}

TEST(dsack_part, "RFC 2883 section 4.2.1: a part of a segment twice")
{
	open_at(1000, false);
	SEGMENT(2000);
	EXPECT(ACK, .ack = 1000);
	REPORT(0, 2000, 2500);
	SEGMENT(1000);
	EXPECT(ACK, .ack = 1500);
	RECV(ACK, .seq = 1000, .ack = ME, .len = 1000, .wnd = 20000);
	EXPECT(ACK, .ack = 2500);
	OPTION(sack_count, 1);
	REPORT(0, 1000, 1500);
}

TEST(dsack_full, "section 4: the duplicate is first, whatever does not fit then")
{
	u32 seq;

	open_at(5000, true);
	for (seq = 6000; seq < 9000; seq += 1000) {
		SEGMENT(seq);
		EXPECT(ACK, .ack = 5000);
	}
	SEGMENT(4500);
	EXPECT(ACK, .ack = 5000);
	OPTION(sack_count, 3);
	REPORT(0, 4500, 5000);
	REPORT(1, 8000, 8500);
	REPORT(2, 7000, 7500);
}

TEST(dsack_old_stamp, "RFC 2883 section 4: one that its timestamp shows to be old is one, too")
{
	open_at(3000, true);
	SEGMENT(3000);
	SEGMENT(3500);
	EXPECT(ACK, .ack = 4000);
	RECV(ACK, .seq = 4000, .ack = ME, .len = 500, .wnd = 20000, .has = TS, .tsval = 9);
	TICK(100);
	EXPECT(ACK, .ack = 4500);
	RECV(ACK, .seq = 5000, .ack = ME, .len = 500, .wnd = 20000, .has = TS, .tsval = 9);
	EXPECT(ACK, .ack = 4500);
	SEGMENT(3000);
	DROP(OLD_TIMESTAMP);
	EXPECT(ACK, .ack = 4500);
	OPTION(sack_count, 2);
	REPORT(0, 3000, 3500);
	REPORT(1, 5000, 5500);
	/* the part of it that is here; the rest was thrown away */
	RECV(ACK, .seq = 3500, .ack = ME, .len = 1500, .wnd = 20000, .has = TS, .tsval = 1);
	DROP(OLD_TIMESTAMP);
	NO_TEXT();
	EXPECT(ACK, .ack = 4500);
	OPTION(sack_count, 2);
	REPORT(0, 3500, 4500);
	/* nothing of it is */
	SEGMENT(4500);
	DROP(OLD_TIMESTAMP);
	NO_TEXT();
	EXPECT(ACK, .ack = 4500);
	OPTION(sack_count, 1);
	REPORT(0, 5000, 5500);
}

TEST(dsack_off, "duplicates are not reported where that is switched off")
{
	CONFIG(dsack, 0);
	open_at(3000, false);
	SEGMENT(3000);
	SEGMENT(3500);
	EXPECT(ACK, .ack = 4000);
	SEGMENT(3000);
	EXPECT(ACK, .ack = 4000);
	OPTION(sack_count, 0);
}
