// SPDX-License-Identifier: GPL-2.0
/* Which options are in force after both SYNs: RFC 7323, RFC 2018 section 2, RFC 6691. */
#include "trace.h"

#include <stdio.h>

#define STAMP(now)	((now) + MY_STAMPS)
#define ALL		(HSTP_HAS_WSCALE | HSTP_HAS_TIMESTAMPS | HSTP_HAS_SACK_PERMITTED)

static void offer(unsigned int set)
{
	OFFER(set & 1, set >> 1 & 1, set >> 2 & 1);
}

static u8 bits(unsigned int set)
{
	return (u8)((set & 1 ? HSTP_HAS_WSCALE : 0) | (set & 2 ? HSTP_HAS_TIMESTAMPS : 0) |
		    (set & 4 ? HSTP_HAS_SACK_PERMITTED : 0));
}

/* What both have is in force, and shows on the next segments: timestamps on each of
 * them, windows shifted, and less text in a segment.
 */
static void in_force(unsigned int set)
{
	SAME("window scaling", T.tcb.wscale_ok, set & 1);
	SAME("shift of ours", T.tcb.rcv_wscale, set & 1 ? 3 : 0);
	SAME("shift of theirs", T.tcb.snd_wscale, set & 1 ? 5 : 0);
	SAME("timestamps", T.tcb.ts_ok, set >> 1 & 1);
	SAME("selective", T.tcb.sack_ok, set >> 2);
	SAME("MSS", T.tcb.mss, MSS - (set & 2 ? 12 : 0));
}

static void active(unsigned int ours, unsigned int theirs)
{
	unsigned int both = ours & theirs;

	trace_reset();
	T.env.buffer = 500000;	/* needs a shift of 3: 65535 << 3 = 524280 */
	T.env.buffer_max = 500000;
	T.env.space = 500000;
	offer(ours);
	CALL(open_active);
	EXPECT(SYN, .wnd = 65535, .mss = MSS);
	OPTION(has, HSTP_HAS_MSS | bits(ours));
	if (ours & 1)
		OPTION(wscale, 3);
	if (ours & 2) {
		OPTION(tsval, STAMP(100000));
		OPTION(tsecr, 0);
	}
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS, .has = bits(theirs), .wscale = 5,
	     .tsval = 77, .tsecr = STAMP(100000), .wnd = 5000);
	/* RFC 7323 section 2.3: the window of a SYN is not shifted */
	VAR(snd_wnd, 5000);
	EXPECT(ACK, .wnd = both & 1 ? 500000 >> 3 : 65535);
	OPTION(has, bits(both & 2));
	if (both & 2) {
		OPTION(tsval, STAMP(100000));
		OPTION(tsecr, 77);
	}
	in_force(both);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 5000, .has = bits(both & 2), .tsval = 78);
	VAR(snd_wnd, both & 1 ? 5000 << 5 : 5000);
	SILENCE();
	T.log_count = 0;
}

static void passive(unsigned int ours, unsigned int theirs)
{
	unsigned int both = ours & theirs;

	trace_reset();
	T.env.buffer = 500000;
	T.env.buffer_max = 500000;
	T.env.space = 500000;
	offer(ours);
	LISTENER_RECV(SYN, .seq = PEER_ISS, .mss = MSS, .has = bits(theirs), .wscale = 5,
		      .tsval = 77, .wnd = 5000);
	EXPECT(SYN | ACK, .wnd = 65535, .mss = MSS);
	OPTION(has, HSTP_HAS_MSS | bits(both));
	if (both & 1)
		OPTION(wscale, 3);
	if (both & 2) {
		OPTION(tsval, STAMP(100000));
		OPTION(tsecr, 77);
	}
	VAR(snd_wnd, 5000);
	in_force(both);
	RECV(ACK, .seq = PEER, .ack = ME, .wnd = 5000, .has = bits(both & 2), .tsval = 78,
	     .tsecr = STAMP(100000));
	STATE(ESTABLISHED);
	VAR(snd_wnd, both & 1 ? 5000 << 5 : 5000);
	T.log_count = 0;
	CALL(send, 10);
	EXPECT(ACK | PSH, .len = 10);
	OPTION(has, bits(both & 2));
}

static void simultaneous(unsigned int ours, unsigned int theirs)
{
	unsigned int both = ours & theirs;

	trace_reset();
	T.env.buffer = 500000;
	T.env.buffer_max = 500000;
	T.env.space = 500000;
	offer(ours);
	CALL(open_active);
	EXPECT(SYN, .mss = MSS);
	RECV(SYN, .seq = PEER_ISS, .mss = MSS, .has = bits(theirs), .wscale = 5, .tsval = 77);
	EXPECT(SYN | ACK, .wnd = 65535);
	OPTION(has, HSTP_HAS_MSS | bits(both));
	if (both & 2)
		OPTION(tsecr, 77);
	in_force(both);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS, .has = bits(both), .wscale = 5,
	     .tsval = 78, .wnd = 5000);
	STATE(ESTABLISHED);
	VAR(snd_wnd, 5000);
	EXPECT(ACK, .seq = ME, .ack = PEER);
	if (both & 2)
		OPTION(tsecr, 78);
	in_force(both);
	T.log_count = 0;
}

TEST(negotiate_active, "active open, 8 x 8 sets of options: what both SYNs have is in force")
{
	unsigned int ours, theirs;

	for (ours = 0; ours < 8; ours++)
		for (theirs = 0; theirs < 8; theirs++)
			active(ours, theirs);
}

TEST(negotiate_passive, "passive open, 8 x 8 sets of options")
{
	unsigned int ours, theirs;

	for (ours = 0; ours < 8; ours++)
		for (theirs = 0; theirs < 8; theirs++)
			passive(ours, theirs);
}

TEST(negotiate_simultaneous, "simultaneous open, 8 x 8 sets of options")
{
	unsigned int ours, theirs;

	for (ours = 0; ours < 8; ours++)
		for (theirs = 0; theirs < 8; theirs++)
			simultaneous(ours, theirs);
}

TEST(negotiate_shift, "RFC 7323 section 2.3: a shift above 14 is taken for 14")
{
	unsigned int shift;

	for (shift = 0; shift < 256; shift++) {
		trace_reset();
		OFFER(1, 0, 0);
		LISTENER_RECV(SYN, .seq = PEER_ISS, .has = HSTP_HAS_WSCALE, .wscale = (u8)shift);
		EXPECT(SYN | ACK);
		VAR(snd_wscale, shift > 14 ? 14 : shift);
		T.log_count = 0;
	}
}

TEST(negotiate_buffer, "RFC 7323 section 2.3: the shift is the smallest that says the buffer")
{
	static const struct {
		u32 buffer;
		u8 shift;
	} cases[] = {
		{ 0, 0 }, { 65535, 0 }, { 65536, 1 }, { 131070, 1 }, { 131072, 2 },
		{ 1 << 20, 5 }, { 65535u << 14, 14 }, { 0xffffffffu, 14 },
	};
	unsigned int i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		trace_reset();
		OFFER(1, 0, 0);
		T.env.buffer_max = cases[i].buffer;
		CALL(open_active);
		EXPECT(SYN);
		OPTION(wscale, cases[i].shift);
		T.log_count = 0;
	}
}

TEST(negotiate_later, "options of a SYN mean nothing on a segment that is none")
{
	OFFER(1, 1, 1);
	CALL(open_active);
	EXPECT(SYN);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS);
	EXPECT(ACK);
	RECV(ACK, .seq = PEER, .ack = ME, .has = ALL, .wscale = 7, .tsval = 1, .mss = 100);
	VAR(snd_wscale, 0);
	VAR(ts_ok, 0);
	VAR(sack_ok, 0);
	VAR(mss, MSS);
	VAR(snd_wnd, WINDOW);
	/* nor does a SYN, when the connection is open */
	RECV(SYN, .seq = PEER, .mss = 100, .has = ALL, .wscale = 7, .tsval = 1);
	EXPECT(ACK);
	VAR(snd_wscale, 0);
	VAR(ts_ok, 0);
	VAR(mss, MSS);
	T.log_count = 0;
}

TEST(negotiate_syn_again, "the SYN and the SYN-ACK have the same options when they go again")
{
	OFFER(1, 1, 1);
	CALL(open_active);
	EXPECT(SYN);
	TICK(1000);
	EXPECT(SYN, .again = true, .mss = MSS);
	OPTION(has, HSTP_HAS_MSS | ALL);
	OPTION(tsval, STAMP(101000));
	T.log_count = 0;
	trace_reset();
	OFFER(1, 1, 1);
	LISTENER_RECV(SYN, .seq = PEER_ISS, .has = ALL, .wscale = 5, .tsval = 77);
	EXPECT(SYN | ACK);
	RECV(SYN, .seq = PEER_ISS, .has = ALL, .wscale = 5, .tsval = 78);
	EXPECT(SYN | ACK, .again = true);
	OPTION(has, HSTP_HAS_MSS | ALL);
	T.log_count = 0;
}

TEST(wscale_edge, "RFC 7323 section 2.4: the right edge that the peer sees never moves left")
{
	u32 edge, now, i;

	T.env.buffer = 1000000;
	T.env.buffer_max = 1000000;
	T.env.space = 1000000;
	OFFER(1, 0, 0);
	CALL(open_active);
	EXPECT(SYN);
	OPTION(wscale, 4);
	RECV(SYN | ACK, .seq = PEER_ISS, .ack = ME, .mss = MSS, .has = HSTP_HAS_WSCALE);
	EXPECT(ACK, .wnd = 1000000 >> 4);
	edge = T.last.ack + (T.last.wnd << 4);
	/* lengths that are no multiple of 16, and a user who reads nothing */
	for (i = 0; i < 1500; i++) {
		RECV(ACK, .seq = T.tcb.rcv_nxt, .ack = ME, .len = i % 700 + 1);
		TICK(100);
		EXPECT(ACK);
		now = T.last.ack + (T.last.wnd << 4);
		CHECK(!hstp_before(now, edge));
		edge = now;
	}
	T.log_count = 0;
}
