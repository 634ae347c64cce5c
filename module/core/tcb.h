/* SPDX-License-Identifier: GPL-2.0 */
/* A connection's variables, and what surrounds an event: clock and settings. */
#ifndef HSTP_CORE_TCB_H
#define HSTP_CORE_TCB_H

#include "options.h"
#include "seq.h"
#include "state.h"
#include "types.h"

#define HSTP_WINDOW_UNSCALED	65535u	/* bytes: what a SYN can offer */

struct hstp_board;

/* Explicit Congestion Notification, RFC 3168 section 6.1.1: who may begin it. */
enum hstp_ecn {
	HSTP_ECN_OFF,
	HSTP_ECN_ASK,		/* our SYN asks for it, and who asks for it gets it */
	HSTP_ECN_AGREE,		/* who asks for it gets it */
};

/**
 * struct hstp_config - what a namespace can set
 * @msl_ms: maximum segment lifetime
 * @syn_retries: retransmissions of a SYN
 * @synack_retries: retransmissions of a SYN,ACK of a passive open
 * @retries1: of text and FIN, before IP is told to look for another way (R1, RFC 9293
 *	section 3.8.3)
 * @retries: of text and FIN, before the connection is given up (R2)
 * @orphan_retries: the same when the user has closed
 * @fin_timeout_ms: how long FIN-WAIT-2 lasts without a user
 * @rto_initial_ms: RTO before the first measurement (RFC 6298 rule 2.1)
 * @rto_min_ms: lower bound of RTO (rule 2.4)
 * @rto_max_ms: upper bound of RTO (rule 2.5)
 * @delack_ms: how long an ACK may wait, below 500 with what timers are late (MUST-40)
 * @keepalive_time: how long a connection is idle before it is probed, s (section 3.8.4)
 * @keepalive_intvl: between probes that nobody answers, s
 * @keepalive_probes: how many of them
 * @rfc5961: answer blind attacks as RFC 5961 says; 0 is plain RFC 793
 * @window_scaling: offer the window scale option
 * @timestamps: offer timestamps
 * @sack: offer selective acknowledgments
 * @dsack: report duplicates by them
 * @ecn: of enum hstp_ecn
 */
struct hstp_config {
	int msl_ms;
	int syn_retries;
	int synack_retries;
	int retries1;
	int retries;
	int orphan_retries;
	int fin_timeout_ms;
	int rto_initial_ms;
	int rto_min_ms;
	int rto_max_ms;
	int delack_ms;
	int keepalive_time;
	int keepalive_intvl;
	int keepalive_probes;
	int rfc5961;
	int window_scaling;
	int timestamps;
	int sack;
	int dsack;
	int ecn;
};

#define HSTP_CONFIG_DEFAULT { \
	.msl_ms = 30000, \
	.syn_retries = 7,	/* four minutes: MUST-23 */ \
	.synack_retries = 7, \
	.retries1 = 3, \
	.retries = 15, \
	.orphan_retries = 8, \
	.fin_timeout_ms = 60000, \
	.rto_initial_ms = 1000, \
	.rto_min_ms = 200, \
	.rto_max_ms = 120000, \
	.delack_ms = 40, \
	.keepalive_time = 7200, \
	.keepalive_intvl = 75, \
	.keepalive_probes = 9, \
	.rfc5961 = 1, \
	.window_scaling = 1, \
	.timestamps = 1, \
	.sack = 1, \
	.dsack = 1, \
	.ecn = HSTP_ECN_AGREE, \
}

/**
 * struct hstp_env - the world at the time of an event
 * @cfg: settings
 * @now: clock, ms, wraps
 * @now_s: the same, seconds
 * @iss: initial send sequence number, should the event need one (RFC 6528)
 * @space: free bytes of the receive buffer
 * @buffer: all bytes of the receive buffer (RCV.BUFF, section 3.8.6.2.2): @space
 *	when nothing is in it
 * @buffer_max: what @buffer may become
 * @ts_offset: what our timestamps begin with, should the event need it: as hard to
 *	guess as @iss, and the same for each connection between the same ends
 * @board: scoreboard of a connection with selective acknowledgments, or NULL: nothing is
 *	known of what the peer holds
 * @no_room: of enum hstp_drop: why there is no memory for text, or 0; looked at for a
 *	segment with text, and for any event when hstp_tcb.shut is set
 * @nobody_listens: a SYN on TIME-WAIT has no LISTEN to go to
 * @strange: of enum hstp_strange, of a segment for a user who has asked for security
 */
struct hstp_env {
	const struct hstp_config *cfg;
	u32 now;
	u32 now_s;
	u32 iss;
	u32 space;
	u32 buffer;
	u32 buffer_max;
	u32 ts_offset;
	struct hstp_board *board;
	u8 no_room;
	bool nobody_listens;
	u8 strange;
};

/* How a segment differs from what was asked for the connection: RFC 793 section 2.7. */
enum hstp_strange {
	HSTP_STRANGE_SECURITY = 1 << 0,	/* another level or compartment */
	HSTP_STRANGE_ABOVE = 1 << 1,	/* a higher precedence */
	HSTP_STRANGE_BELOW = 1 << 2,	/* a lower one */
	HSTP_STRANGE_MAY_RAISE = 1 << 3,	/* beside a difference: a higher one is allowed */
};

enum hstp_timer {
	HSTP_TIMER_REXMIT = 1 << 0,	/* retransmission; window probes too */
	HSTP_TIMER_DELACK = 1 << 1,	/* an ACK waits for company */
	HSTP_TIMER_WAIT = 1 << 2,	/* 2MSL, or a forsaken FIN-WAIT-2 */
	HSTP_TIMER_KEEP = 1 << 3,	/* the next keep-alive probe */
};

/**
 * struct hstp_tuning - what the user wants of a connection, and of all that a listener
 *	gets; 0: as the namespace has it
 * @user_timeout_ms: how long text may wait for its acknowledgment (R2 as a time)
 * @window_clamp: bytes that the window is at most
 * @keep_idle_s: in place of hstp_config.keepalive_time
 * @keep_intvl_s: in place of hstp_config.keepalive_intvl
 * @keep_probes: in place of hstp_config.keepalive_probes
 * @syn_retries: in place of hstp_config.syn_retries
 * @linger2_s: how long FIN-WAIT-2 lasts without a user; -1: not at all
 * @congestion: of enum hstp_congestion_id
 * @nodelay: do not wait for ACKs before a small segment (Nagle off)
 * @cork: send no small segment at all, but after a while
 * @keepalive: probe an idle peer (off by default: MUST-25)
 * @transparent: IP_TRANSPARENT: the local address need not be one of ours; no matter of
 *	the core
 */
struct hstp_tuning {
	u32 user_timeout_ms;
	u32 window_clamp;
	u16 keep_idle_s;
	u16 keep_intvl_s;
	u8 keep_probes;
	u8 syn_retries;
	s8 linger2_s;
	u8 congestion : 4;
	u8 nodelay : 1;
	u8 cork : 1;
	u8 keepalive : 1;
	u8 transparent : 1;
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
 * @snd_up: SND.UP, number after the last urgent byte, while @urgent_out
 * @iss: ISS
 * @rcv_nxt: RCV.NXT
 * @rcv_wnd: RCV.WND, bytes offered to the peer and not yet used
 * @rcv_acked: RCV.NXT as the peer was told last
 * @rcv_held: number after the last text that is held behind a gap; RCV.NXT: none
 * @rcv_up: RCV.UP, number after the last urgent byte, while @urgent_in
 * @irs: IRS
 * @recover: SND.NXT when a loss was found last, or @cwnd was reduced, valid while @recovering,
 *	@cautious or @ecn_cut
 * @resent: next number to send again while @recovering or @fast
 * @rescue: RescueRxt while @fast: number after it (RFC 6675 section 2)
 * @cwnd: congestion window, bytes (RFC 5681 section 2)
 * @ssthresh: slow start threshold, bytes
 * @own: what the congestion control keeps; zero when it begins
 * @sent_at: when SYN, text or FIN was sent last, or our SYN was acknowledged
 * @rtt_seq: acknowledged when this number is: ends the running measurement
 * @rtt_at: when the running measurement began
 * @srtt: smoothed round-trip time, 1/8 ms; 0: never measured
 * @rttvar: its variation, 1/4 ms
 * @rto: retransmission timeout, ms
 * @rexmit_at: deadline of HSTP_TIMER_REXMIT
 * @delack_at: deadline of HSTP_TIMER_DELACK
 * @wait_at: deadline of HSTP_TIMER_WAIT
 * @keep_at: deadline of HSTP_TIMER_KEEP
 * @heard_at: when an acceptable segment of the peer arrived last
 * @waiting_since: when what is not acknowledged was first sent, or last went forward
 * @again_count: segments sent again since the beginning
 * @again_bytes: and their text
 * @tune: what the user wants
 * @ts_recent: TS.Recent, the timestamp to echo (RFC 7323 section 4.3)
 * @ts_recent_s: when it was set, seconds of hstp_env.now_s
 * @ts_offset: our timestamps are the clock and this
 * @rcv_sack: text held behind a gap, to report: that which arrived last comes first
 * @dsack: text that arrived twice, to report once
 * @snd_mss: SendMSS, bytes of text that the peer takes, or the user wants in a segment at most
 * @mss: bytes of text we may send in one (Eff.snd.MSS, section 3.7.1): as much as a packet
 *	carries, less the options that are in force or offered
 * @rcv_mss: bytes of text we asked the peer to send at most
 * @rcv_seg: bytes of text that its segments have of late
 * @answered_at: when a probe or what had to be challenged was answered last whatever the limit
 *	of all, modulo 2^16
 * @state: changed by hstp_enter() alone
 * @armed: of enum hstp_timer
 * @retries: retransmissions since the peer was last heard
 * @backoff: times that RTO was doubled since the last measurement
 * @snd_wscale: Snd.Wind.Shift of SND.WND on segments without SYN (RFC 7323 section 2.3)
 * @rcv_wscale: Rcv.Wind.Shift
 * @wscale_ok: window scaling is in force; until the peer's SYN is here: offered
 * @ts_ok: the same of timestamps
 * @sack_ok: the same of selective acknowledgments
 * @rcv_sacks: how many of @rcv_sack there are
 * @urgent_old: so many bytes that the user takes next were urgent, and are no text
 * @passive: opened by a listener
 * @user_gone: nobody will call RECEIVE any more
 * @fin_queued: CLOSE was called, FIN follows the text
 * @ack_now: an ACK is owed at once
 * @resend: segments from @resent on that are to be sent again now, at most; SYN: 1
 * @dupacks: duplicate ACKs since SND.UNA moved
 * @kept: keep-alive probes since the peer was last heard
 * @quick: so many ACKs are not delayed
 * @probe: a small segment is to be sent, or one byte beyond the window
 * @urgent_out: the peer has not acknowledged all up to @snd_up
 * @urgent_in: the user has not taken all up to @rcv_up
 * @urgent_read: but has the last byte before it
 * @keep_probe: a keep-alive probe is to be sent
 * @more: the user has said that more follows at once
 * @push: what is queued goes without waiting
 * @recovering: what was out at a timeout is sent again: SND.UNA has not reached @recover
 * @fast: the same after a fast retransmit (RFC 6582)
 * @fast_partial: there was a partial ACK in it
 * @cautious: no ACK has gone beyond @recover: duplicate ACKs may be of what was sent again
 * @timing: @rtt_seq and @rtt_at are valid
 * @syn_acked: the peer acknowledged our SYN
 * @syn_resent: SYN was sent more than once (RFC 6298 rule 5.7)
 * @ip_options: words of IP options in each packet, which take their room from the text
 * @shut: there was no memory for text in the window: the peer is told of none until there is
 * @ecn_in: packets of the peer that met congestion are reported to it (RFC 3168)
 * @ecn_out: ours may say that it will report them; until the peer's SYN is here: we ask for it
 * @ecn_seen: a packet of the peer said so of us
 * @ecn_echo: a packet of the peer met congestion: segments have ECE until it has heard
 * @ecn_cwr: @cwnd was reduced: the next new text has CWR
 * @ecn_cut: the same, and no ACK has gone beyond @recover: that was once for this window
 * @ecn_hold: @cwnd could not be reduced any further: no new text before HSTP_TIMER_REXMIT
 */
struct hstp_tcb {
	u32 snd_una;
	u32 snd_nxt;
	u32 snd_wnd;
	u32 snd_wl1;
	u32 snd_end;
	u32 snd_wnd_max;
	u32 snd_up;
	u32 iss;
	u32 rcv_nxt;
	u32 rcv_wnd;
	u32 rcv_acked;
	u32 rcv_held;
	u32 rcv_up;
	u32 irs;
	u32 recover;
	u32 resent;
	u32 rescue;
	u32 cwnd;
	u32 ssthresh;
	u32 own[2];
	u32 sent_at;
	u32 rtt_seq;
	u32 rtt_at;
	u32 srtt;
	u32 rttvar;
	u32 rto;
	u32 rexmit_at;
	u32 delack_at;
	u32 wait_at;
	u32 keep_at;
	u32 heard_at;
	u32 waiting_since;
	u32 again_count;
	u32 again_bytes;
	struct hstp_tuning tune;
	u32 ts_recent;
	u32 ts_recent_s;
	u32 ts_offset;
	struct hstp_range rcv_sack[HSTP_SACK_BLOCKS];
	struct hstp_range dsack;
	u16 snd_mss;
	u16 mss;
	u16 rcv_mss;
	u16 rcv_seg;
	u16 answered_at;
	u8 state;
	u8 armed;
	u8 retries;
	u8 backoff;
	u8 resend;
	u8 dupacks;
	u8 kept;
	u8 quick;
	u8 snd_wscale : 4;
	u8 rcv_wscale : 4;
	u8 wscale_ok : 1;
	u8 ts_ok : 1;
	u8 sack_ok : 1;
	u8 rcv_sacks : 3;
	u8 urgent_old : 2;
	u32 passive : 1;
	u32 user_gone : 1;
	u32 fin_queued : 1;
	u32 more : 1;
	u32 push : 1;
	u32 keep_probe : 1;
	u32 urgent_out : 1;
	u32 urgent_in : 1;
	u32 urgent_read : 1;
	u32 ack_now : 1;
	u32 probe : 1;
	u32 recovering : 1;
	u32 fast : 1;
	u32 fast_partial : 1;
	u32 cautious : 1;
	u32 timing : 1;
	u32 syn_acked : 1;
	u32 syn_resent : 1;
	u32 shut : 1;
	u32 ip_options : 4;
	u32 ecn_in : 1;
	u32 ecn_out : 1;
	u32 ecn_seen : 1;
	u32 ecn_echo : 1;
	u32 ecn_cwr : 1;
	u32 ecn_cut : 1;
	u32 ecn_hold : 1;
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
