/* SPDX-License-Identifier: GPL-2.0 */
/* Two peers, the channel between them, and their clock: see channel.c. */
#ifndef HSTP_TEST_CHANNEL_H
#define HSTP_TEST_CHANNEL_H

#include "board.h"
#include "fsm.h"
#include "held.h"

#define CHANNEL_FLIGHTS	20000
#define CHANNEL_HELD	4000

/* An ACK that is not acceptable, or overtaken by one with a later timestamp, is answered with
 * one, and that may be overtaken. By chance it goes on so for some ten of them.
 */
#define CHANNEL_ANSWERS	40

/* What may happen to a connection, and what its users do: the most of each. It gets less, or
 * nothing of it at all.
 */
struct network {
	const char *name;
	u32 loss;		/* of 100 packets */
	u32 copies;
	u32 marks;
	u32 latency;		/* ms */
	u32 jitter;		/* ms */
	u32 text;		/* bytes that each user writes */
	u32 buffer;		/* bytes that each can receive, beyond a few hundred */
	u32 pause;		/* ms between what a user does */
	u32 rto;		/* ms, the bound of RTO */
	bool much;		/* it gets half of each at least, and users always pause */
	bool forgetful;		/* there is no memory for a while, again and again */
	bool narrow;		/* the path's MSS changes */
};

/* Either a segment or, with too_big, the news that one was too big: for that path. If it has
 * neither text nor SYN or FIN, answers tells of how many such in a row each was the answer to
 * the last.
 */
struct flight {
	u32 at;
	u32 order;		/* of two that arrive at once the first is first */
	u32 position;		/* of its text in the sender's stream */
	u32 too_big;
	u32 answers;
	u8 to;
	struct hstp_segment seg;
};

struct side {
	struct hstp_tcb tcb;
	struct hstp_board board;
	struct hstp_config cfg;
	u32 iss;
	u32 ts_offset;
	u32 link_mss;		/* what its own link carries */
	u32 buffer;
	u32 buffer_max;
	u32 unread;		/* bytes in it */
	u32 left;		/* bytes that the user has not given yet */
	u32 sent;		/* bytes that it gave */
	u32 freed;		/* of those, acknowledged */
	u32 urgent;		/* of those, up to the last urgent one */
	u32 got;		/* bytes that it was given */
	u32 offered;		/* the rightmost edge of a window that was told */
	u32 pause;
	u32 writes_at;
	u32 reads_at;
	u32 memory_at;		/* there is none any more, or some again */
	bool no_memory;
	bool listening;
	bool closed;
	bool eof;
	u32 held_count;
	struct held held[CHANNEL_HELD];
};

/**
 * struct world - one connection
 * @side: its ends
 * @flights: packets that are on their way
 * @network: what it is sent over
 * @seed: all that is random comes of it
 * @began: clock, ms
 * @now: clock, ms
 * @clean_at: when the network begins to do no harm
 * @moved_at: when there was progress last: see moved()
 * @idle: segments sent since then
 * @turns: all events since then
 * @answers: what answers the segment that is dealt with has that many before it
 * @told: failures of this network that were described before
 * @failed: something was broken
 * @flight: the packets
 */
struct world {
	struct side side[2];
	u32 flights;
	const struct network *network;
	unsigned long seed;
	u32 began;
	u32 now;
	u32 clean_at;
	u32 moved_at;
	u32 idle;
	u32 turns;
	u32 answers;
	u32 told;
	bool failed;
	struct flight flight[CHANNEL_FLIGHTS];
};

extern struct world world;
extern const char *channel_program;
extern bool channel_verbose;

/* channel.c */
void moved(void);
void carry(u8 from, struct flight f);

/* channel_peer.c: what a kernel would do, and what must hold of it */
struct hstp_env environment(const struct side *s);
void perform(u8 which, struct hstp_acts *acts);
void arrives(const struct flight *f);

/* channel_tell.c */
__attribute__((format(printf, 2, 3)))
void say(u32 which, const char *format, ...);
const char *shown(const struct hstp_segment *seg, u32 from);
void broken(const char *what);

#endif /* HSTP_TEST_CHANNEL_H */
