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
 * hstp_too_big() - a segment was too big for the path
 * @t: connection
 * @mss: bytes of text that fit; 0 is ignored
 * @acts: all zero; gets what is to be done
 *
 * RFC 1191 section 6.4: what was lost is sent again, in smaller segments,
 * without waiting for the timer.
 */
void hstp_too_big(struct hstp_tcb *t, u16 mss, struct hstp_acts *acts)
{
	mss = mss ? hstp_options_less(t, mss) : 0;
	if (!hstp_synchronized(t->state) || !mss || mss >= t->mss)
		return;
	t->mss = mss;
	acts->bits |= HSTP_ACT_OUTPUT;	/* what was too small to send may not be now */
	if (t->snd_nxt == t->snd_una)
		return;
	hstp_congestion_restart(t);
	hstp_send_again(t);
}
