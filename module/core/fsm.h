/* SPDX-License-Identifier: GPL-2.0 */
/* The state machine of RFC 9293: events in, actions out. Whoever calls it holds
 * the connection's lock and performs the actions.
 */
#ifndef HSTP_CORE_FSM_H
#define HSTP_CORE_FSM_H

#include "segment.h"
#include "state.h"
#include "tcb.h"

/* What the caller is asked to do. */
enum hstp_act {
	HSTP_ACT_OUTPUT = 1 << 0,	/* send what hstp_send_next() yields */
	HSTP_ACT_REPLY = 1 << 1,	/* send hstp_acts.reply */
	HSTP_ACT_CHALLENGE = 1 << 2,	/* the owed ACK is a challenge: count it */
	HSTP_ACT_TEXT = 1 << 3,		/* text at text_off, text_len is in order */
	HSTP_ACT_HOLD = 1 << 4,		/* the same, beyond RCV.NXT or of a SYN: keep it, and
					 * tell hstp_sack_whole()
					 */
	HSTP_ACT_HOLD_FIN = 1 << 5,	/* what is held ends with a FIN */
	HSTP_ACT_EOF = 1 << 6,		/* the peer will send no more text */
	HSTP_ACT_ACKED = 1 << 7,	/* SND.UNA has moved: free, wake writers */
	HSTP_ACT_OPENED = 1 << 8,	/* became ESTABLISHED */
	HSTP_ACT_REOPEN = 1 << 9,	/* SYN that TIME-WAIT lets LISTEN have */
	HSTP_ACT_URGENT = 1 << 10,	/* the peer has urgent data: RCV.UP has moved */
	HSTP_ACT_ADVISE = 1 << 11,	/* the route may be bad: negative advice to IP */
	HSTP_ACT_RAISE = 1 << 12,	/* take over the segment's precedence */
	HSTP_ACT_REORDERED = 1 << 13,	/* the peer got text after what was sent later */
	HSTP_ACT_LIMIT = 1 << 14,	/* the challenge is owed only within the limit of all */
	HSTP_ACT_SHUT = 1 << 15,	/* hstp_tcb.shut: no more may come before some is read */
};

/* What the user is told when a connection dies; soft errors are not among them. */
enum hstp_signal {
	HSTP_SIGNAL_NONE,
	HSTP_SIGNAL_REFUSED,		/* "connection refused" */
	HSTP_SIGNAL_RESET,		/* "connection reset" */
	HSTP_SIGNAL_RESET_AFTER_FIN,	/* the same when the peer had closed before */
	HSTP_SIGNAL_TIMED_OUT,		/* "connection aborted due to user timeout" */
	HSTP_SIGNAL_ABORTED,		/* somebody else's ABORT */
};

/* The answers to a user's call, RFC 9293 section 3.10. */
enum hstp_result {
	HSTP_OK,
	HSTP_NOT_OPEN,			/* "connection does not exist" */
	HSTP_EXISTS,			/* "connection already exists" */
	HSTP_CLOSING_ERROR,		/* "connection closing" */
	HSTP_UNSPECIFIED,		/* "remote socket unspecified" */
};

#define HSTP_ANSWER_MS	500	/* a connection answers probes and challenges at least so often */

#define HSTP_TRANSITIONS_MAX	4

/**
 * struct hstp_acts - what came of an event
 * @bits: of enum hstp_act
 * @text_off: bytes of the segment's text before the part that counts
 * @text_len: bytes of that part
 * @acked: bytes of our text that were acknowledged
 * @reply: segment to send as it is, without ports
 * @transitions: arrows taken, in order
 * @transition_count: how many
 * @signal: of enum hstp_signal
 * @drop: of enum hstp_drop
 * @reset_in: of enum hstp_reset_in
 * @reset_out: of enum hstp_reset_out
 */
struct hstp_acts {
	u32 bits;
	u32 text_off;
	u32 text_len;
	u32 acked;
	struct {
		u32 seq;
		u32 ack;
		u8 flags;
	} reply;
	struct {
		u8 edge;
		u8 cause;
	} transitions[HSTP_TRANSITIONS_MAX];
	u8 transition_count;
	u8 signal;
	u8 drop;
	u8 reset_in;
	u8 reset_out;
};

#define HSTP_ACTS_INIT { .bits = 0 }

/**
 * struct hstp_tx - a segment to send
 * @seq: SEG.SEQ
 * @ack: SEG.ACK
 * @text_off: where its text begins, bytes after the oldest byte in the send queue
 * @text_len: bytes of text
 * @wnd: SEG.WND
 * @up: SEG.UP
 * @opt: options
 * @flags: of enum hstp_flag
 * @again: a retransmission
 * @ect: the packet says that congestion it meets will be reported: ECT(0) in its IP header
 */
struct hstp_tx {
	u32 seq;
	u32 ack;
	u32 text_off;
	u32 text_len;
	u16 wnd;
	u16 up;
	u8 flags;
	bool again;
	bool ect;
	struct hstp_options opt;
};

/* enter.c: the one place that changes a state */
void hstp_enter(struct hstp_tcb *t, enum hstp_state to, enum hstp_cause cause,
		struct hstp_acts *acts);
void hstp_vanish(struct hstp_tcb *t, enum hstp_cause cause, struct hstp_acts *acts);
void hstp_handover(struct hstp_tcb *t);

/* fsm.c: SEGMENT ARRIVES */
void hstp_segment_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			  const struct hstp_env *env, struct hstp_acts *acts);
bool hstp_listen_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			 const struct hstp_env *env, struct hstp_acts *acts);
bool hstp_held_arrives(struct hstp_tcb *t, u32 seq, u32 len, bool fin,
		       const struct hstp_env *env, struct hstp_acts *acts);
void hstp_reply_reset(const struct hstp_segment *seg, enum hstp_reset_out why,
		      struct hstp_acts *acts);

/* negotiate.c: the options that both ends know */
void hstp_options_offer(struct hstp_tcb *t, const struct hstp_env *env);
void hstp_options_agree(struct hstp_tcb *t, const struct hstp_options *opt,
			const struct hstp_env *env);
void hstp_mss_fit(struct hstp_tcb *t, u32 path);

/* stamps.c: RFC 7323 */
bool hstp_stamps_old(const struct hstp_tcb *t, const struct hstp_segment *seg,
		     const struct hstp_env *env);
void hstp_stamps_take(struct hstp_tcb *t, const struct hstp_segment *seg,
		      const struct hstp_env *env);
void hstp_stamps_measure(struct hstp_tcb *t, const struct hstp_segment *seg,
			 const struct hstp_env *env);

/* ecn.c: RFC 3168 */
void hstp_ecn_offer(struct hstp_tcb *t, bool willing);
void hstp_ecn_agree(struct hstp_tcb *t, const struct hstp_segment *seg);
void hstp_ecn_syn_again(struct hstp_tcb *t, const struct hstp_segment *seg);
void hstp_ecn_text(struct hstp_tcb *t, const struct hstp_segment *seg, struct hstp_acts *acts);
bool hstp_ecn_ack(struct hstp_tcb *t, const struct hstp_segment *seg,
		  const struct hstp_env *env);

/* sack.c: what is held behind gaps, for the peer to know */
void hstp_sack_hold(struct hstp_tcb *t, u32 left, u32 right, const struct hstp_env *env);
void hstp_sack_whole(struct hstp_tcb *t, struct hstp_range whole);
void hstp_sack_twice(struct hstp_tcb *t, u32 left, u32 right, const struct hstp_env *env);
void hstp_sack_advance(struct hstp_tcb *t);
void hstp_sack_forget(struct hstp_tcb *t);
u32 hstp_sack_len(const struct hstp_tcb *t);
void hstp_sack_tell(struct hstp_tcb *t, struct hstp_options *opt);

/* security.c: level, compartment, precedence */
bool hstp_security_opens(const struct hstp_segment *seg, const struct hstp_env *env,
			 struct hstp_acts *acts);
void hstp_security_refuse(struct hstp_tcb *t, const struct hstp_segment *seg,
			  struct hstp_acts *acts);

/* receive.c: text and FIN of an acceptable segment */
void hstp_receive_text(struct hstp_tcb *t, const struct hstp_segment *seg,
		       const struct hstp_env *env, struct hstp_acts *acts);
void hstp_receive_early(const struct hstp_tcb *t, const struct hstp_segment *seg,
			const struct hstp_env *env, struct hstp_acts *acts);

/* urgent.c */
void hstp_urgent_arrives(struct hstp_tcb *t, const struct hstp_segment *seg,
			 const struct hstp_env *env, struct hstp_acts *acts);
void hstp_urgent_passed(struct hstp_tcb *t, u32 next, u32 bytes);

/* keepalive.c */
void hstp_keepalive_start(struct hstp_tcb *t, const struct hstp_env *env);
void hstp_keepalive_timeout(struct hstp_tcb *t, const struct hstp_env *env,
			    struct hstp_acts *acts);

/* calls.c: the user's calls */
enum hstp_result hstp_call_open_passive(struct hstp_tcb *t, struct hstp_acts *acts);
enum hstp_result hstp_call_open_active(struct hstp_tcb *t, const struct hstp_env *env,
				       struct hstp_acts *acts);
enum hstp_result hstp_call_send(struct hstp_tcb *t, u32 len, struct hstp_acts *acts);
void hstp_call_urgent(struct hstp_tcb *t);
void hstp_call_quick(struct hstp_tcb *t, u8 count, struct hstp_acts *acts);
enum hstp_result hstp_call_receive(struct hstp_tcb *t, const struct hstp_env *env,
				   struct hstp_acts *acts);
enum hstp_result hstp_call_close(struct hstp_tcb *t, struct hstp_acts *acts);
enum hstp_result hstp_call_leave(struct hstp_tcb *t, bool unread, const struct hstp_env *env,
				 struct hstp_acts *acts);
enum hstp_result hstp_call_abort(struct hstp_tcb *t, enum hstp_reset_out why,
				 enum hstp_cause cause, struct hstp_acts *acts);
enum hstp_result hstp_call_status(const struct hstp_tcb *t, enum hstp_state *state);

/* network.c: what ICMP says */
void hstp_hard_error(struct hstp_tcb *t, struct hstp_acts *acts);
void hstp_path_mss(struct hstp_tcb *t, u32 path);
void hstp_path_options(struct hstp_tcb *t, u32 words);
void hstp_too_big(struct hstp_tcb *t, u32 path, struct hstp_acts *acts);

/* send.c: what to send, and what an ACK means */
bool hstp_send_next(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_acts *acts,
		    struct hstp_tx *tx);
void hstp_reply_tx(const struct hstp_tcb *t, const struct hstp_env *env,
		   const struct hstp_acts *acts, struct hstp_tx *tx);
void hstp_send_acked(struct hstp_tcb *t, const struct hstp_segment *seg,
		     const struct hstp_env *env, struct hstp_acts *acts);
u32 hstp_send_seq(const struct hstp_tcb *t);
u32 hstp_segment_size(const struct hstp_tcb *t);
u32 hstp_window_offer(const struct hstp_tcb *t, const struct hstp_env *env);

/* recovery.c: what was lost */
void hstp_send_again(struct hstp_tcb *t);
void hstp_send_reopened(struct hstp_tcb *t, const struct hstp_config *cfg);
void hstp_recovery_ack(struct hstp_tcb *t, const struct hstp_segment *seg,
		       const struct hstp_env *env, struct hstp_acts *acts);
bool hstp_recovery_acked(struct hstp_tcb *t, u32 bytes, const struct hstp_env *env);

/* rtt.c: RFC 6298 */
void hstp_rtt_init(struct hstp_tcb *t, const struct hstp_config *cfg);
void hstp_rtt_sample(struct hstp_tcb *t, u32 ms, const struct hstp_config *cfg);
void hstp_rtt_restore(struct hstp_tcb *t, const struct hstp_config *cfg);
void hstp_rtt_backoff(struct hstp_tcb *t, const struct hstp_config *cfg);

/* timeout.c: USER, RETRANSMISSION and TIME-WAIT TIMEOUT */
void hstp_rexmit_arm(struct hstp_tcb *t, u32 ms, const struct hstp_env *env);
bool hstp_fin_wait_2(struct hstp_tcb *t, const struct hstp_env *env);
bool hstp_deadline(const struct hstp_tcb *t, u32 *when);
void hstp_timeouts(struct hstp_tcb *t, const struct hstp_env *env, struct hstp_acts *acts);

/**
 * hstp_sack_due() - is there text to report selectively
 * @t: connection
 */
static inline bool hstp_sack_due(const struct hstp_tcb *t)
{
	return t->rcv_sacks || t->dsack.left != t->dsack.right;
}

/**
 * hstp_options_len() - what the options of each packet take
 * @t: connection
 *
 * Return: bytes, those of IP and ours.
 */
static inline u32 hstp_options_len(const struct hstp_tcb *t)
{
	return 4u * t->ip_options + (t->ts_ok ? HSTP_STAMPS_LEN : 0);
}

/**
 * hstp_path_limits() - would segments be larger if the path were
 * @t: connection
 */
static inline bool hstp_path_limits(const struct hstp_tcb *t)
{
	return t->mss + hstp_options_len(t) < t->snd_mss;
}

/**
 * hstp_seg_wnd() - SEG.WND in bytes
 * @t: connection
 * @seg: segment
 *
 * RFC 7323 section 2.3: a SYN's is not scaled.
 */
static inline u32 hstp_seg_wnd(const struct hstp_tcb *t, const struct hstp_segment *seg)
{
	return seg->flags & HSTP_SYN ? seg->wnd : (u32)seg->wnd << t->snd_wscale;
}

#endif /* HSTP_CORE_FSM_H */
