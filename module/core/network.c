// SPDX-License-Identifier: GPL-2.0
/* What the network reports about a connection, RFC 9293 section 3.9.2.2. */
#include "congestion.h"
#include "fsm.h"

/**
 * hstp_hard_error() - the network says that the destination cannot be reached
 * @t: connection
 * @acts: all zero; gets what is to be done
 *
 * Destination Unreachable codes 2 to 4 SHOULD abort the connection (SHLD-26).
 * Once the handshake is over, they may be an attack (RFC 5927 section 4.1), so
 * that only connections that are not synchronized die of them.
 */
void hstp_hard_error(struct hstp_tcb *t, struct hstp_acts *acts)
{
	if (t->state == HSTP_SYN_SENT || t->state == HSTP_SYN_RECEIVED)
		hstp_vanish(t, HSTP_CAUSE_ICMP, acts);
}

/**
 * hstp_path_mss() - how much text a packet of the path carries
 * @t: connection
 * @path: bytes, of a packet without options
 *
 * That may be more than before: what was learnt of a path is forgotten after a while (RFC 1191
 * section 6.3).
 */
void hstp_path_mss(struct hstp_tcb *t, u32 path)
{
	hstp_mss_fit(t, path);
	/* The initial window is of segments of this path (RFC 6928) */
	if (t->snd_nxt == t->iss + 1)
		t->cwnd = hstp_min(t->cwnd, hstp_congestion_initial(t));
}

/**
 * hstp_path_options() - each packet has other IP options from now on
 * @t: connection
 * @words: that they take
 */
void hstp_path_options(struct hstp_tcb *t, u32 words)
{
	u32 path = t->mss + hstp_options_len(t);

	t->ip_options = words & 15;
	hstp_mss_fit(t, path);
}

/**
 * hstp_too_big() - a segment was too big for the path
 * @t: connection
 * @path: bytes of text that a packet without options carries; 0 is ignored
 * @acts: all zero; gets what is to be done
 *
 * RFC 1191 section 6.4: what was lost is sent again, in smaller segments,
 * without waiting for the timer.
 */
void hstp_too_big(struct hstp_tcb *t, u32 path, struct hstp_acts *acts)
{
	u16 before = t->mss;

	if (!hstp_synchronized(t->state) || !path)
		return;
	hstp_path_mss(t, path);
	if (t->mss >= before) {
		t->mss = before;
		return;
	}
	acts->bits |= HSTP_ACT_OUTPUT;	/* what was too small to send may not be now */
	if (t->snd_nxt == t->snd_una)
		return;
	hstp_congestion_restart(t);
	hstp_send_again(t);
}
