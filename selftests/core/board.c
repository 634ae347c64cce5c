// SPDX-License-Identifier: GPL-2.0
/* What the sender makes of reports: RFC 6675. */
#include "trace.h"

#include <string.h>

#define BLOCKS(n, ...)	.sack_count = (n), .sack = { __VA_ARGS__ }
#define AT(n)		(ME + (n) * MSS)	/* where segment n of full size begins */

/* Both ends can report; @count segments of full size are out, cwnd is so large. */
static void out(u32 count)
{
	u32 i;

	OFFER(0, 0, 1);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS, .wnd = 60000,
	     .has = HSTP_HAS_SACK_PERMITTED);
	EXPECT(ACK);
	T.tcb.cwnd = count * MSS;
	T.tcb.ssthresh = count * MSS;
	CALL(send, count * MSS);
	for (i = 0; i < count; i++)
		EXPECT(i == count - 1 ? ACK | PSH : ACK, .seq = AT(i), .len = MSS);
	T.log_count = 0;
}

#define REPORTED(a, ...) RECV(ACK, .seq = PEER, .ack = (a), .wnd = 60000, __VA_ARGS__)

TEST(board_update, "section 4, Update(): ranges grow together; the peer's lies are ignored")
{
	struct hstp_board b = { 0 };
	struct hstp_tcb t = { .snd_una = 1000, .snd_nxt = 9000, .mss = 1000 };
	struct hstp_options opt = { .sack_count = 2, .sack = { { 3000, 4000 }, { 6000, 7000 } } };

	SAME("new", hstp_board_update(&b, &t, 1000, &opt), 2000);
	SAME("new", hstp_board_update(&b, &t, 1000, &opt), 0);
	SAME("ranges", b.count, 2);
	opt = (struct hstp_options){ .sack_count = 1, .sack = { { 4000, 6500 } } };
	SAME("new", hstp_board_update(&b, &t, 1000, &opt), 2000);
	SAME("ranges", b.count, 1);
	SAME("left", b.range[0].left, 3000);
	SAME("right", b.range[0].right, 7000);

	/* beyond SND.NXT, empty, reversed, below SEG.ACK, at SEG.ACK, all of the space */
	opt = (struct hstp_options){ .sack_count = 3,
		.sack = { { 8000, 9001 }, { 8000, 8000 }, { 8500, 8000 } } };
	SAME("new", hstp_board_update(&b, &t, 1000, &opt), 0);
	opt = (struct hstp_options){ .sack_count = 3,
		.sack = { { 8000, 9001 }, { 500, 900 }, { 500, 2000 } } };
	SAME("new", hstp_board_update(&b, &t, 1000, &opt), 0);
	opt = (struct hstp_options){ .sack_count = 3,
		.sack = { { 10000, 11000 }, { 1000, 2000 }, { 8000, 7999 } } };
	SAME("new", hstp_board_update(&b, &t, 1000, &opt), 0);
	SAME("ranges", b.count, 1);

	/* a range that begins at SEG.ACK is not held any more */
	opt.sack_count = 0;
	hstp_board_update(&b, &t, 3000, &opt);
	SAME("ranges", b.count, 0);
}

TEST(board_wrap, "Update() where numbers wrap")
{
	struct hstp_board b = { 0 };
	struct hstp_tcb t = { .snd_una = 0xfffffc00, .snd_nxt = 0x1000, .mss = 1000 };
	struct hstp_options opt = { .sack_count = 2,
		.sack = { { 0x100, 0x200 }, { 0xffffff00, 0x10 } } };

	SAME("new", hstp_board_update(&b, &t, t.snd_una, &opt), 0x100 + 0x110);
	SAME("ranges", b.count, 2);
	SAME("first", b.range[0].left, 0xffffff00);
	SAME("second", b.range[1].right, 0x200);
	opt.sack_count = 0;
	hstp_board_update(&b, &t, 0x50, &opt);
	SAME("ranges", b.count, 1);
}

TEST(board_full, "more holes than are known: what is beyond is as if not reported")
{
	struct hstp_board b = { 0 };
	struct hstp_tcb t = { .snd_una = 1000, .snd_nxt = 1000000, .mss = 1000 };
	struct hstp_options opt = { .sack_count = 1 };
	u32 i;

	for (i = 0; i < 2 * HSTP_BOARD_RANGES; i++) {
		opt.sack[0].left = 2000 + 20 * i;
		opt.sack[0].right = 2010 + 20 * i;
		SAME("new", hstp_board_update(&b, &t, 1000, &opt), i < HSTP_BOARD_RANGES ? 10 : 0);
	}
	SAME("ranges", b.count, HSTP_BOARD_RANGES);
	/* one that closes a hole still counts */
	opt.sack[0].left = 2010;
	opt.sack[0].right = 2020;
	SAME("new", hstp_board_update(&b, &t, 1000, &opt), 10);
	SAME("ranges", b.count, HSTP_BOARD_RANGES - 1);
}

TEST(board_dsack, "RFC 2883 section 4: a first block of what was got twice is no news")
{
	struct hstp_board b = { 0 };
	struct hstp_tcb t = { .snd_una = 1000, .snd_nxt = 9000, .mss = 1000 };
	struct hstp_options opt = { .sack_count = 2, .sack = { { 500, 1000 }, { 6000, 7000 } } };

	SAME("new", hstp_board_update(&b, &t, 1000, &opt), 1000);
	opt.sack[0] = (struct hstp_range){ 6000, 6500 };
	SAME("new", hstp_board_update(&b, &t, 1000, &opt), 0);
	SAME("ranges", b.count, 1);
}

TEST(board_lost, "section 4, IsLost(): three ranges, or more than two segments, above")
{
	struct hstp_board b = { .count = 3, .range = { { 2000, 2001 }, { 3000, 3001 },
						       { 4000, 4001 } } };
	struct hstp_tcb t = { .snd_una = 1000, .snd_nxt = 9000, .mss = 1000 };

	CHECK(hstp_board_lost(&b, &t, 1000));
	CHECK(!hstp_board_lost(&b, &t, 2500));
	b = (struct hstp_board){ .count = 1, .range = { { 2000, 4000 } } };
	CHECK(!hstp_board_lost(&b, &t, 1000));
	b.range[0].right++;
	CHECK(hstp_board_lost(&b, &t, 1000));
	CHECK(!hstp_board_lost(&b, &t, 4500));
}

TEST(board_pipe, "section 4, SetPipe(): what is neither held nor lost, and what went again")
{
	struct hstp_board b = { .count = 2, .range = { { 2000, 5000 }, { 6000, 7000 } } };
	struct hstp_tcb t = { .snd_una = 1000, .snd_nxt = 9000, .mss = 1000, .resent = 1000 };

	/* 1000..2000 is lost; 5000..6000 and 7000..9000 are on their way */
	SAME("pipe", hstp_board_pipe(&b, &t), 3000);
	t.resent = 1500;
	SAME("pipe", hstp_board_pipe(&b, &t), 3500);
	t.resent = 6000;
	SAME("pipe", hstp_board_pipe(&b, &t), 5000);
	b.count = 0;
	t.resent = 1000;
	SAME("pipe", hstp_board_pipe(&b, &t), 8000);
}

TEST(recovery_hole, "section 5: one of ten segments is lost: it alone is sent again")
{
	out(10);
	REPORTED(ME, BLOCKS(1, { AT(1), AT(2) }));
	SILENCE();
	REPORTED(ME, BLOCKS(1, { AT(1), AT(3) }));
	SILENCE();
	REPORTED(ME, BLOCKS(1, { AT(1), AT(4) }));
	EXPECT(ACK | PSH, .seq = AT(0), .len = MSS, .again = true);
	SILENCE();
	VAR(ssthresh, 5 * MSS);	/* (4.2): half of FlightSize */
	VAR(cwnd, 5 * MSS);
	REPORTED(ME, BLOCKS(1, { AT(1), AT(9) }));
	SILENCE();
	REPORTED(AT(10), BLOCKS(0));
	SILENCE();
	NO_TIMER();
	VAR(cwnd, 2 * MSS);	/* RFC 6582: FlightSize and a segment, no burst */
}

TEST(recovery_holes, "section 5: several holes go in one round trip, no byte that is held")
{
	out(10);
	/* 0, 2 and 4 are lost */
	REPORTED(ME, BLOCKS(1, { AT(1), AT(2) }));
	REPORTED(ME, BLOCKS(2, { AT(3), AT(4) }, { AT(1), AT(2) }));
	REPORTED(ME, BLOCKS(3, { AT(5), AT(6) }, { AT(3), AT(4) }, { AT(1), AT(2) }));
	EXPECT(ACK | PSH, .seq = AT(0), .len = MSS, .again = true);
	SILENCE();	/* pipe: 7 of 10 on their way, and cwnd is 5 */
	REPORTED(ME, BLOCKS(3, { AT(5), AT(9) }, { AT(3), AT(4) }, { AT(1), AT(2) }));
	EXPECT(ACK | PSH, .seq = AT(2), .len = MSS, .again = true);
	EXPECT(ACK | PSH, .seq = AT(4), .len = MSS, .again = true);
	SILENCE();
	REPORTED(AT(2), BLOCKS(2, { AT(5), AT(9) }, { AT(3), AT(4) }));
	/* Nobody has reported the last one: NextSeg() rule 4 */
	EXPECT(ACK | PSH, .seq = AT(9), .len = MSS, .again = true);
	SILENCE();
	REPORTED(AT(10), BLOCKS(0));
	SILENCE();
	NO_TIMER();
}

TEST(recovery_next, "section 5: one recovery is over, and the next loss is found like the first")
{
	out(10);
	REPORTED(ME, BLOCKS(1, { AT(1), AT(10) }));
	EXPECT(ACK | PSH, .seq = ME, .len = MSS, .again = true);
	REPORTED(AT(10));
	VAR(fast, 0);
	T.tcb.cwnd = 10 * MSS;
	CALL(send, 10 * MSS);
	T.out_count = 0;
	REPORTED(AT(10), BLOCKS(1, { AT(11), AT(14) }));
	VAR(fast, 1);
	EXPECT(ACK | PSH, .seq = AT(10), .len = MSS, .again = true);
}

TEST(recovery_new_text, "section 4, NextSeg() rule 2: then new text, as pipe allows")
{
	out(10);
	CALL(send, 3 * MSS);
	REPORTED(ME, BLOCKS(1, { AT(1), AT(2) }));
	/* RFC 3042: two segments before the loss is sure */
	EXPECT(ACK, .seq = AT(10), .len = MSS);
	REPORTED(ME, BLOCKS(1, { AT(1), AT(3) }));
	EXPECT(ACK, .seq = AT(11), .len = MSS);
	REPORTED(ME, BLOCKS(1, { AT(1), AT(4) }));
	EXPECT(ACK | PSH, .seq = AT(0), .len = MSS, .again = true);
	SILENCE();
	REPORTED(ME, BLOCKS(1, { AT(1), AT(10) }));
	EXPECT(ACK | PSH, .seq = AT(12), .len = MSS, .again = false);
	REPORTED(AT(13), BLOCKS(0));
}

TEST(recovery_lies, "reports of what was never sent start nothing, and free nothing")
{
	out(3);
	REPORTED(ME, BLOCKS(1, { AT(4), AT(9) }));
	REPORTED(ME, BLOCKS(1, { AT(5), AT(9) }));
	REPORTED(ME, BLOCKS(1, { ME - 5000, ME }));
	REPORTED(ME, BLOCKS(1, { AT(2), AT(1) }));
	SILENCE();
	VAR(fast, 0);
	VAR(snd_una, ME);
	SAME("freed", T.freed, 0);
	/* what is reported is not free before it is acknowledged: RFC 2018 section 8 */
	REPORTED(ME, BLOCKS(1, { AT(1), AT(3) }));
	SAME("freed", T.freed, 0);
}

TEST(recovery_timeout, "RFC 2018 section 8: after a timeout nothing counts as held")
{
	out(4);
	REPORTED(ME, BLOCKS(1, { AT(1), AT(3) }));
	SILENCE();
	TICK(200);
	EXPECT(ACK | PSH, .seq = AT(0), .len = MSS, .again = true);
	SAME("ranges", T.board.count, 0);
	/* what is reported again is not sent again */
	REPORTED(AT(1), BLOCKS(1, { AT(2), AT(3) }));
	EXPECT(ACK | PSH, .seq = AT(1), .len = MSS, .again = true);
	EXPECT(ACK | PSH, .seq = AT(3), .len = MSS, .again = true);
	SILENCE();
	REPORTED(AT(4), BLOCKS(0));
	NO_TIMER();
}

TEST(recovery_fin, "a FIN goes again with the hole that it ends")
{
	out(4);
	CALL(close);
	EXPECT(ACK | FIN, .seq = AT(4));
	T.log_count = 0;
	REPORTED(ME, BLOCKS(1, { AT(1), AT(4) }));
	EXPECT(ACK | PSH, .seq = AT(0), .len = MSS, .again = true);
	REPORTED(AT(4), BLOCKS(0));
	/* What is left is rescued: NextSeg() rule 4 */
	EXPECT(ACK | FIN, .seq = AT(4), .again = true);
	REPORTED(AT(4) + 1, BLOCKS(0));
	STATE(FIN_WAIT_2);
	T.log_count = 0;
}

TEST(recovery_rescue, "section 4, NextSeg() rule 4: the last segment is rescued, once")
{
	out(5);
	/* The first and the last are lost. */
	REPORTED(ME, BLOCKS(1, { AT(1), AT(2) }));
	REPORTED(ME, BLOCKS(1, { AT(1), AT(3) }));
	REPORTED(ME, BLOCKS(1, { AT(1), AT(4) }));
	EXPECT(ACK | PSH, .seq = AT(0), .len = MSS, .again = true);
	SILENCE();
	REPORTED(AT(4));
	EXPECT(ACK | PSH, .seq = AT(4), .len = MSS, .again = true);
	SILENCE();
	REPORTED(AT(4));
	SILENCE();
	REPORTED(AT(5));
	SILENCE();
	NO_TIMER();
	VAR(again_count, 2);
	VAR(again_bytes, 2 * MSS);
}

TEST(recovery_rescue_early, "section 5 (4.3): no rescue before the first segment is repaired")
{
	out(5);
	REPORTED(ME, BLOCKS(1, { AT(1), AT(2) }));
	REPORTED(ME, BLOCKS(1, { AT(1), AT(3) }));
	REPORTED(ME, BLOCKS(1, { AT(1), AT(4) }));
	EXPECT(ACK | PSH, .seq = AT(0), .len = MSS, .again = true);
	REPORTED(ME, BLOCKS(1, { AT(1), AT(5) }));
	SILENCE();
	REPORTED(AT(5));
	SILENCE();
}

TEST(recovery_rescue_new, "section 4, NextSeg() rule 4: new text goes before a rescue")
{
	out(5);
	REPORTED(ME, BLOCKS(1, { AT(1), AT(2) }));
	REPORTED(ME, BLOCKS(1, { AT(1), AT(3) }));
	REPORTED(ME, BLOCKS(1, { AT(1), AT(4) }));
	EXPECT(ACK | PSH, .seq = AT(0), .len = MSS, .again = true);
	CALL(send, MSS);
	SILENCE();
	REPORTED(AT(4));
	EXPECT(ACK | PSH, .seq = AT(5), .len = MSS, .again = false);
	SILENCE();
}

TEST(recovery_rescue_fin, "section 4, NextSeg() rule 4: a FIN is part of the last segment")
{
	out(5);
	CALL(close);
	EXPECT(FIN | ACK, .seq = AT(5));
	REPORTED(ME, BLOCKS(1, { AT(1), AT(2) }));
	REPORTED(ME, BLOCKS(1, { AT(1), AT(3) }));
	REPORTED(ME, BLOCKS(1, { AT(1), AT(4) }));
	EXPECT(ACK | PSH, .seq = AT(0), .len = MSS, .again = true);
	REPORTED(AT(4));
	EXPECT(FIN | ACK | PSH, .seq = AT(4), .len = MSS, .again = true);
	SILENCE();
}
