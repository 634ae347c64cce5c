// SPDX-License-Identifier: GPL-2.0
/* How much may be on its way: congestion window and threshold, RFC 5681. How they grow and
 * shrink is the matter of an algorithm: reno.c, and the table in algorithms.c. When a loss
 * is found, and what is sent again then, is in recovery.c.
 */
#include "board.h"
#include "congestion.h"

#define DUPLICATES	3		/* of an ACK: the segment after it was lost */

static u32 flight_size(const struct hstp_tcb *t)
{
	return t->snd_nxt - t->snd_una;
}

static const struct hstp_congestion *algorithm(const struct hstp_tcb *t)
{
	return hstp_congestions[t->tune.congestion];
}

static void tell(struct hstp_tcb *t, const struct hstp_env *env, enum hstp_congestion_event event)
{
	if (algorithm(t)->event)
		algorithm(t)->event(t, env, event);
}

static bool equal(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/**
 * hstp_congestion_find() - the algorithm of a name
 * @name: ends with a zero
 *
 * Return: of enum hstp_congestion_id, or -1.
 */
int hstp_congestion_find(const char *name)
{
	int i;

	for (i = 0; i < HSTP_CONGESTIONS_MAX; i++) {
		if (hstp_congestions[i] && equal(hstp_congestions[i]->name, name))
			return i;
	}
	return -1;
}

/**
 * hstp_congestion_initial() - the initial window
 * @t: connection with its SendMSS
 *
 * RFC 6928 section 2, equation (1).
 *
 * Return: bytes.
 */
u32 hstp_congestion_initial(const struct hstp_tcb *t)
{
	return hstp_min(10 * (u32)t->mss, hstp_max(2 * (u32)t->mss, 14600));
}

/**
 * hstp_congestion_open() - our SYN was acknowledged
 * @t: connection with its SendMSS
 * @lossy: it was sent again more than once
 *
 * RFC 6928 section 2: one retransmission may have been a short timeout, more say
 * that segments are lost; then RFC 5681 section 3.1 allows one segment.
 */
void hstp_congestion_open(struct hstp_tcb *t, bool lossy)
{
	t->cwnd = lossy ? t->mss : hstp_congestion_initial(t);
	t->ssthresh = HSTP_CWND_MAX;
	t->ecn_cwr = 0;
	hstp_congestion_begin(t);
}

/**
 * hstp_congestion_begin() - an algorithm begins to work
 * @t: connection that has opened, or has got another one
 */
void hstp_congestion_begin(struct hstp_tcb *t)
{
	t->own[0] = 0;
	t->own[1] = 0;
}

/**
 * hstp_congestion_acked() - new text was acknowledged, outside of fast recovery
 * @t: connection; SND.UNA is not yet advanced
 * @bytes: how many
 * @env: clock
 *
 * A window that was not used says nothing about the path: it does not grow (RFC 7661
 * section 4.3).
 */
void hstp_congestion_acked(struct hstp_tcb *t, u32 bytes, const struct hstp_env *env)
{
	u32 flight = flight_size(t);

	if (t->cwnd < t->ssthresh ? t->cwnd >= 2 * flight : t->cwnd >= flight + t->mss)
		tell(t, env, HSTP_CONGESTION_UNUSED);
	else if (t->cwnd < HSTP_CWND_MAX)
		algorithm(t)->acked(t, env, bytes);
}

/* Has what is out been reduced for already, because of ECE? Losses are then of the same
 * congestion, but those of what is sent again (RFC 3168 section 6.1.2).
 */
static bool reduced(const struct hstp_tcb *t)
{
	return t->ecn_cut && !t->fast && !t->recovering && hstp_before(t->snd_una, t->recover);
}

/* What limited transmit has sent beyond the window does not count (RFC 5681 section
 * 3.2, 2).
 */
static void reduce(struct hstp_tcb *t, const struct hstp_env *env)
{
	u32 flight = hstp_min(flight_size(t), t->cwnd);

	t->ecn_cwr = t->ecn_out;
	if (reduced(t))
		return;
	t->ecn_cut = t->ecn_out;
	t->ssthresh = algorithm(t)->ssthresh(t, env, flight);
}

/**
 * hstp_congestion_fast() - duplicate ACKs show that a segment was lost
 * @t: connection
 * @env: clock
 *
 * RFC 5681 section 3.2, 2 and 3: the segments that have left the network are added.
 */
void hstp_congestion_fast(struct hstp_tcb *t, const struct hstp_env *env)
{
	reduce(t, env);
	t->cwnd = t->ssthresh + DUPLICATES * (u32)t->mss;
}

/**
 * hstp_congestion_selective() - the scoreboard shows that a segment was lost
 * @t: connection
 * @env: clock
 *
 * RFC 6675 section 5, (4.2): it also shows what has left the network.
 */
void hstp_congestion_selective(struct hstp_tcb *t, const struct hstp_env *env)
{
	reduce(t, env);
	t->cwnd = t->ssthresh;
}

/**
 * hstp_congestion_deflate() - a part of what was out was acknowledged in fast recovery
 * @t: connection
 * @bytes: of that part
 *
 * RFC 6582 section 3.2, 3, partial acknowledgments.
 */
void hstp_congestion_deflate(struct hstp_tcb *t, u32 bytes)
{
	t->cwnd -= hstp_min(bytes, t->cwnd);
	if (bytes >= t->mss)
		t->cwnd += t->mss;
	t->cwnd = hstp_max(t->cwnd, t->mss);
}

/**
 * hstp_congestion_recovered() - fast recovery is over
 * @t: connection; SND.UNA is advanced
 * @env: clock
 *
 * RFC 6582 section 3.2, 3, full acknowledgments, (1): no burst follows.
 */
void hstp_congestion_recovered(struct hstp_tcb *t, const struct hstp_env *env)
{
	u32 mss = t->mss;

	t->cwnd = hstp_min(t->ssthresh, hstp_max(flight_size(t), mss) + mss);
	tell(t, env, HSTP_CONGESTION_RECOVERED);
}

/**
 * hstp_congestion_timeout() - the retransmission timer has found a loss
 * @t: connection; @t->retries counts this timeout
 * @env: clock
 *
 * RFC 5681 section 3.1: the loss window is one segment. The threshold is not lowered
 * again when what was sent again is lost, too.
 */
void hstp_congestion_timeout(struct hstp_tcb *t, const struct hstp_env *env)
{
	if (t->retries <= 1)
		reduce(t, env);
	t->cwnd = t->mss;
	tell(t, env, HSTP_CONGESTION_TIMEOUT);
}

/**
 * hstp_congestion_marked() - a packet has met congestion and was not lost
 * @t: connection
 * @env: clock
 *
 * RFC 3168 section 6.1.2: as for a loss, but nothing is sent again.
 */
void hstp_congestion_marked(struct hstp_tcb *t, const struct hstp_env *env)
{
	reduce(t, env);
	t->cwnd = hstp_min(t->cwnd, t->ssthresh);
}

/**
 * hstp_congestion_restart() - what is out is lost, but not by congestion
 * @t: connection
 *
 * It goes again in slow start, up to the window that there was (RFC 1191 section 6.4).
 */
void hstp_congestion_restart(struct hstp_tcb *t)
{
	t->ssthresh = hstp_max(t->ssthresh, t->cwnd);
	t->cwnd = t->mss;
}

/**
 * hstp_congestion_idle() - something is to be sent, and nothing is on its way
 * @t: connection
 * @env: clock
 *
 * RFC 5681 section 4.1: what the window says is out of date after RTO.
 */
void hstp_congestion_idle(struct hstp_tcb *t, const struct hstp_env *env)
{
	if (env->now - t->sent_at <= t->rto)
		return;
	t->cwnd = hstp_min(t->cwnd, hstp_congestion_initial(t));
	tell(t, env, HSTP_CONGESTION_UNUSED);
}

/**
 * hstp_congestion_room() - how much new text may be sent
 * @t: connection
 * @board: its scoreboard, or NULL; used in fast recovery (RFC 6675 section 5, (C))
 *
 * RFC 3042: each of the first two duplicate ACKs says that a segment has left the
 * network, and allows one more.
 *
 * Return: bytes.
 */
u32 hstp_congestion_room(const struct hstp_tcb *t, const struct hstp_board *board)
{
	u32 flight = t->fast && board ? hstp_board_pipe(board, t) : flight_size(t);
	u32 edge = t->cwnd;

	if (t->dupacks && t->dupacks < DUPLICATES && !t->fast)
		edge += (u32)t->dupacks * t->mss;
	return edge > flight ? edge - flight : 0;
}
