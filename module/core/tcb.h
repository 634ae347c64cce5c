/* SPDX-License-Identifier: GPL-2.0 */
/* A connection's variables, and what surrounds an event: clock and settings. */
#ifndef HSTP_CORE_TCB_H
#define HSTP_CORE_TCB_H

#include "seq.h"
#include "state.h"
#include "types.h"

#define HSTP_WINDOW_MAX		65535	/* bytes; no window scale yet */

/**
 * struct hstp_config - what a namespace can set
 * @msl_ms: maximum segment lifetime
 * @syn_retries: retransmissions of a SYN
 * @synack_retries: retransmissions of a SYN,ACK of a passive open
 * @retries: retransmissions of text and FIN (R2, RFC 9293 section 3.8.3)
 * @orphan_retries: the same when the user has closed
 * @fin_timeout_ms: how long FIN-WAIT-2 lasts without a user
 * @rto_initial_ms: RTO before the first measurement (RFC 6298 rule 2.1)
 * @rto_min_ms: lower bound of RTO (rule 2.4)
 * @rto_max_ms: upper bound of RTO (rule 2.5)
 * @delack_ms: how long an ACK may wait, below 500 (MUST-40)
 * @rfc5961: answer blind attacks as RFC 5961 says; 0 is plain RFC 793
 */
struct hstp_config {
	int msl_ms;
	int syn_retries;
	int synack_retries;
	int retries;
	int orphan_retries;
	int fin_timeout_ms;
	int rto_initial_ms;
	int rto_min_ms;
	int rto_max_ms;
	int delack_ms;
	int rfc5961;
};

#define HSTP_CONFIG_DEFAULT { \
	.msl_ms = 30000, \
	.syn_retries = 6, \
	.synack_retries = 5, \
	.retries = 15, \
	.orphan_retries = 8, \
	.fin_timeout_ms = 60000, \
	.rto_initial_ms = 1000, \
	.rto_min_ms = 200, \
	.rto_max_ms = 120000, \
	.delack_ms = 40, \
	.rfc5961 = 1, \
}

/**
 * struct hstp_env - the world at the time of an event
 * @cfg: settings
 * @now: clock, ms, wraps
 * @iss: initial send sequence number, should the event need one (RFC 6528)
 * @space: free bytes of the receive buffer
 * @buffer: all bytes of the receive buffer (RCV.BUFF, section 3.8.6.2.2): @space
 *	when nothing is in it
 * @no_room: of enum hstp_drop: why there is no memory for the segment's text, or 0
 * @nobody_listens: a SYN on TIME-WAIT has no LISTEN to go to
 */
struct hstp_env {
	const struct hstp_config *cfg;
	u32 now;
	u32 iss;
	u32 space;
	u32 buffer;
	u8 no_room;
	bool nobody_listens;
};

enum hstp_timer {
	HSTP_TIMER_REXMIT = 1 << 0,	/* retransmission; window probes too */
	HSTP_TIMER_DELACK = 1 << 1,	/* an ACK waits for company */
	HSTP_TIMER_WAIT = 1 << 2,	/* 2MSL, or a forsaken FIN-WAIT-2 */
};

/**
 * struct hstp_tcb - the transmission control block, RFC 9293 section 3.3.1
 *
 * Text of the user occupies sequence numbers from ISS + 1 on; its FIN follows
 * the last of it. Sequence numbers are in host order, times in ms of
 * hstp_env.now.
 *
 * @snd_una: SND.UNA, oldest number not acknowledged
 * @snd_nxt: SND.NXT, next number to send; never goes back
 * @snd_wnd: SND.WND, bytes
 * @snd_wl1: SEG.SEQ of the last window update
 * @snd_end: number after the last byte that the user gave us
 * @snd_wnd_max: largest SND.WND seen (Max(SND.WND), section 3.8.6.2.1)
 * @iss: ISS
 * @rcv_nxt: RCV.NXT
 * @rcv_wnd: RCV.WND, bytes offered to the peer and not yet used
 * @rcv_acked: RCV.NXT as the peer was told last
 * @rcv_held: number after the last text that is held behind a gap; RCV.NXT: none
 * @irs: IRS
 * @recover: SND.NXT when a loss was found last, valid while @cautious
 * @resent: next number to send again while @recovering or @fast
 * @cwnd: congestion window, bytes (RFC 5681 section 2)
 * @ssthresh: slow start threshold, bytes
 * @cwnd_credit: bytes acknowledged towards the next increase of @cwnd
 * @sent_at: when text or FIN was sent last
 * @rtt_seq: acknowledged when this number is: ends the running measurement
 * @rtt_at: when the running measurement began
 * @srtt: smoothed round-trip time, 1/8 ms; 0: never measured
 * @rttvar: its variation, 1/4 ms
 * @rto: retransmission timeout, ms
 * @rexmit_at: deadline of HSTP_TIMER_REXMIT
 * @delack_at: deadline of HSTP_TIMER_DELACK
 * @wait_at: deadline of HSTP_TIMER_WAIT
 * @mss: bytes of text we may send in a segment (SendMSS)
 * @rcv_mss: bytes of text we asked the peer to send at most
 * @rcv_seg: bytes of text that its segments have of late
 * @state: changed by hstp_enter() alone
 * @armed: of enum hstp_timer
 * @retries: retransmissions since the peer was last heard
 * @backoff: times that RTO was doubled since the last measurement
 * @passive: opened by a listener
 * @user_gone: nobody will call RECEIVE any more
 * @fin_queued: CLOSE was called, FIN follows the text
 * @nodelay: do not wait for ACKs before a small segment (Nagle off)
 * @ack_now: an ACK is owed at once
 * @resend: segments from @resent on that are to be sent again now, at most; SYN: 1
 * @dupacks: duplicate ACKs since SND.UNA moved
 * @congestion: of enum hstp_congestion_id
 * @probe: one byte is to be sent beyond the window
 * @recovering: what was out at a timeout is sent again: SND.UNA has not reached @recover
 * @fast: the same after a fast retransmit (RFC 6582)
 * @fast_partial: there was a partial ACK in it
 * @cautious: no ACK has gone beyond @recover: duplicate ACKs may be of what was sent again
 * @timing: @rtt_seq and @rtt_at are valid
 * @syn_acked: the peer acknowledged our SYN
 * @syn_resent: SYN was sent more than once (RFC 6298 rule 5.7)
 */
struct hstp_tcb {
	u32 snd_una;
	u32 snd_nxt;
	u32 snd_wnd;
	u32 snd_wl1;
	u32 snd_end;
	u32 snd_wnd_max;
	u32 iss;
	u32 rcv_nxt;
	u32 rcv_wnd;
	u32 rcv_acked;
	u32 rcv_held;
	u32 irs;
	u32 recover;
	u32 resent;
	u32 cwnd;
	u32 ssthresh;
	u32 cwnd_credit;
	u32 sent_at;
	u32 rtt_seq;
	u32 rtt_at;
	u32 srtt;
	u32 rttvar;
	u32 rto;
	u32 rexmit_at;
	u32 delack_at;
	u32 wait_at;
	u16 mss;
	u16 rcv_mss;
	u16 rcv_seg;
	u8 state;
	u8 armed;
	u8 retries;
	u8 backoff;
	u8 resend;
	u8 dupacks;
	u8 congestion;
	u16 passive : 1;
	u16 user_gone : 1;
	u16 fin_queued : 1;
	u16 nodelay : 1;
	u16 ack_now : 1;
	u16 probe : 1;
	u16 recovering : 1;
	u16 fast : 1;
	u16 fast_partial : 1;
	u16 cautious : 1;
	u16 timing : 1;
	u16 syn_acked : 1;
	u16 syn_resent : 1;
};

/**
 * hstp_fin_sent() - has our FIN been sent
 * @t: connection
 */
static inline bool hstp_fin_sent(const struct hstp_tcb *t)
{
	return t->fin_queued && t->snd_nxt == t->snd_end + 1;
}

/**
 * hstp_fin_acked() - has the peer acknowledged our FIN
 * @t: connection
 */
static inline bool hstp_fin_acked(const struct hstp_tcb *t)
{
	return t->fin_queued && t->snd_una == t->snd_end + 1;
}

/**
 * hstp_text_unsent() - bytes that the user gave us and that were never sent
 * @t: connection
 *
 * 0 when the FIN, which follows the text, was sent too.
 */
static inline u32 hstp_text_unsent(const struct hstp_tcb *t)
{
	return hstp_fin_sent(t) ? 0 : t->snd_end - t->snd_nxt;
}

/**
 * hstp_text_unacked() - bytes that the user gave us and the peer has not got
 * @t: connection
 *
 * These are what the send queue must hold.
 */
static inline u32 hstp_text_unacked(const struct hstp_tcb *t)
{
	if (!t->syn_acked)
		return t->snd_end - (t->iss + 1);
	return hstp_fin_acked(t) ? 0 : t->snd_end - t->snd_una;
}

static inline void hstp_timer_arm(struct hstp_tcb *t, enum hstp_timer which, u32 *at, u32 when)
{
	t->armed |= (u8)which;
	*at = when;
}

static inline void hstp_timer_stop(struct hstp_tcb *t, u8 which)
{
	t->armed &= (u8)~which;
}

#endif /* HSTP_CORE_TCB_H */
