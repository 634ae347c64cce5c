// SPDX-License-Identifier: GPL-2.0
/* Receive buffer auto-tuning: twice what the user takes in a round trip. */
#include "buffer.h"
#include "trace.h"

#define MAX_BUFFER	1000000u

/* A connection whose round trips take 100 ms, and a user who begins to read. */
static void begin(struct hstp_rounds *r)
{
	ESTABLISHED_CONNECTION();
	T.tcb.srtt = 100 << 3;
	T.env.buffer = BUFFER;
	T.env.buffer_max = MAX_BUFFER;
	hstp_rounds_start(r, &T.tcb, T.env.now, 0);
}

/* After @ms milliseconds in which @bytes came, of which the user has left @queued; returns
 * what the buffer is to be.
 */
static u32 read_on(struct hstp_rounds *r, u32 ms, u32 bytes, u32 queued)
{
	T.env.now += ms;
	T.tcb.rcv_nxt += bytes;
	return hstp_round_end(r, &T.tcb, &T.env, queued);
}

TEST(buffer_round, "buffer: a round lasts as long as a round trip")
{
	struct hstp_rounds r;

	begin(&r);
	CHECK(!hstp_round_over(&r, &T.tcb, T.env.now));
	CHECK(!hstp_round_over(&r, &T.tcb, T.env.now + 100));
	CHECK(hstp_round_over(&r, &T.tcb, T.env.now + 101));
	read_on(&r, 101, 0, 0);
	CHECK(!hstp_round_over(&r, &T.tcb, T.env.now + 100));
	/* Where round trips are too short to be measured, a tick. */
	T.tcb.srtt = 1;
	CHECK(!hstp_round_over(&r, &T.tcb, T.env.now));
	CHECK(hstp_round_over(&r, &T.tcb, T.env.now + 1));
}

TEST(buffer_twice, "buffer: twice what was taken in a round trip, and what it grew by")
{
	struct hstp_rounds r;

	begin(&r);
	/* 5000 more than nothing: the next round may have 10000, in 20000 of a window */
	SAME("buffer", read_on(&r, 101, 5000, 0), 20000);
	T.env.buffer = 20000;
	SAME("buffer", read_on(&r, 101, 8000, 0), 22000);
	T.env.buffer = 22000;
	/* No more than before: it is large enough */
	SAME("buffer", read_on(&r, 101, 8000, 0), 22000);
	SAME("buffer", read_on(&r, 101, 100, 0), 22000);
	SAME("buffer", read_on(&r, 101, 9000, 0), 22000);
	SAME("buffer", read_on(&r, 101, 12000, 0), 30000);
}

TEST(buffer_unread, "buffer: what the user does not take makes it no larger")
{
	struct hstp_rounds r;

	begin(&r);
	SAME("buffer", read_on(&r, 101, 9000, 9000), BUFFER);
	SAME("buffer", read_on(&r, 101, 1000, 10000), BUFFER);
	/* It counts when it is taken. */
	SAME("buffer", read_on(&r, 101, 0, 0), 40000);
}

TEST(buffer_bound, "buffer: not beyond its bound, nor smaller than it was")
{
	struct hstp_rounds r;

	begin(&r);
	SAME("buffer", read_on(&r, 101, 10, 0), BUFFER);
	SAME("buffer", read_on(&r, 101, 900000, 0), MAX_BUFFER);
	T.env.buffer = MAX_BUFFER;
	SAME("buffer", read_on(&r, 101, 0xf0000000, 0), MAX_BUFFER);
	T.env.buffer_max = 5;
	SAME("buffer", read_on(&r, 101, 0xf8000000, 0), MAX_BUFFER);
}
