// SPDX-License-Identifier: GPL-2.0
/* The ends of a simulated connection: what a kernel would do around the core, and what must
 * hold of that. Each ACK that is owed is sent, no limit of challenges hides an exchange of them.
 */
#include "channel.h"

/**
 * environment() - the world as a side sees it
 * @s: side
 */
struct hstp_env environment(const struct side *s)
{
	return (struct hstp_env){
		.cfg = &s->cfg, .now = world.now,
		.now_s = 0xffffff00u + (world.now - world.began) / 1000,
		.iss = s->iss, .ts_offset = s->ts_offset,
		.space = s->buffer > s->unread ? s->buffer - s->unread : 0,
		.buffer = s->buffer, .buffer_max = s->buffer_max,
		.board = s->tcb.sack_ok ? (struct hstp_board *)&s->board : NULL,
		.no_room = s->tcb.shut && s->no_memory ? HSTP_DROP_MEMORY_LIMIT : 0,
	};
}

static void check_sent(struct side *s, struct side *peer, const struct hstp_tx *tx)
{
	u32 end = tx->seq + tx->text_len + !!(tx->flags & HSTP_FIN);
	u32 scale = tx->flags & HSTP_SYN ? 0 : s->tcb.rcv_wscale;
	u32 edge = (tx->flags & HSTP_ACK ? tx->ack : peer->iss) + ((u32)tx->wnd << scale);

	if (tx->text_off + tx->text_len > s->sent - s->freed)
		broken("text was sent that the user never gave (2.2)");
	/* One number more is a probe (3.8.6.1) */
	if (!(tx->flags & HSTP_SYN) && hstp_after(end, peer->offered + 1))
		broken("text was sent beyond any window that the peer ever told (3.8.6)");
	s->offered = hstp_seq_max(s->offered, edge);
}

static void launch(u8 from, const struct hstp_tx *tx)
{
	struct side *s = &world.side[from];
	struct flight f = {
		.to = !from, .position = s->freed + tx->text_off,
		.seg = {
			.seq = tx->seq, .ack = tx->ack, .text_len = tx->text_len,
			.wnd = tx->wnd, .up = tx->up, .flags = tx->flags,
			.header_len = HSTP_HEADER_MIN, .opt = tx->opt,
			.ecn = tx->ect ? HSTP_ECT_0 : HSTP_NOT_ECT,
		},
	};

	if (!hstp_seg_len(&f.seg))
		f.answers = world.answers;
	carry(from, f);
	if (f.answers > CHANNEL_ANSWERS)
		broken("ACKs answer each other without end (A.2)");
	check_sent(s, &world.side[!from], tx);
}

/**
 * perform() - do what an event asks for
 * @which: side at which it was
 * @acts: what came of it; any text is delivered
 */
void perform(u8 which, struct hstp_acts *acts)
{
	struct side *s = &world.side[which], *peer = &world.side[!which];
	struct hstp_env env = environment(s);
	struct hstp_tx tx;

	if (acts->transition_count)
		moved();
	if (acts->signal)
		broken("a user was told of an error, and the peer is there (3.8.3)");
	if (acts->bits & HSTP_ACT_REPLY)
		broken("a reset was sent for a segment of this connection (3.5.2)");
	if (acts->bits & HSTP_ACT_EOF) {
		if (s->eof || !peer->closed || s->got != peer->sent)
			broken("a FIN was found where the peer sent none (3.10.7.4 eighth)");
		s->eof = true;
	}
	if (acts->bits & HSTP_ACT_ACKED && acts->acked) {
		s->freed += acts->acked;
		moved();
		if (s->freed > peer->got)
			broken("text was acknowledged that has not arrived (3.4)");
	}
	while (!world.failed && acts->bits & HSTP_ACT_OUTPUT &&
	       hstp_send_next(&s->tcb, &env, acts, &tx))
		launch(which, &tx);
}

static void deliver(struct side *s, u32 position, u32 len)
{
	if (position != s->got)
		broken("a user got text out of order, twice, or not that which was sent (2.2)");
	s->got += len;
	s->unread += len;
	moved();
}

/* What was not acknowledged gives way to text that the connection needs to go on; that is then
 * refused all the same.
 */
static void run_out(struct side *s, const struct hstp_segment *seg, struct hstp_env *env)
{
	if (!s->no_memory || !seg->text_len || s->listening)
		return;
	env->no_room = HSTP_DROP_MEMORY_LIMIT;
	if (hstp_after(seg->seq, s->tcb.rcv_nxt))
		return;
	s->held_count = 0;
	hstp_sack_forget(&s->tcb);
}

static bool urgent_beyond(const struct side *s, const struct side *peer)
{
	return s->tcb.urgent_in && hstp_after(s->tcb.rcv_up, peer->iss + 1 + peer->urgent);
}

/* A full queue is thrown away (RFC 2018 section 8). */
static void hold(struct side *s, struct held text)
{
	if (s->held_count == CHANNEL_HELD) {
		s->held_count = 0;
		hstp_sack_forget(&s->tcb);
		return;
	}
	held_keep(s->held, &s->held_count, text, &s->tcb);
}

/**
 * arrives() - a segment is there, for a connection that is not CLOSED or for a listener
 * @f: the segment
 */
void arrives(const struct flight *f)
{
	u32 first = f->seg.seq + !!(f->seg.flags & HSTP_SYN);
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct side *s = &world.side[f->to];
	struct hstp_env env = environment(s);
	struct held text;

	run_out(s, &f->seg, &env);
	if (s->listening) {
		if (!hstp_listen_arrives(&s->tcb, &f->seg, &env, &acts))
			broken("something precedes the SYN (3.5)");
		s->listening = false;
	} else {
		hstp_segment_arrives(&s->tcb, &f->seg, &env, &acts);
	}
	say(f->to, "takes %s", shown(&f->seg, !f->to));
	if (urgent_beyond(s, &world.side[!f->to]))
		broken("text is urgent of which the peer's user did not say so (3.8.5)");
	if (acts.bits & HSTP_ACT_HOLD)
		hold(s, (struct held){
			.seq = first + acts.text_off,
			.len = acts.text_len,
			.position = f->position + acts.text_off,
			.fin = acts.bits & HSTP_ACT_HOLD_FIN,
		});
	if (acts.bits & HSTP_ACT_TEXT)
		deliver(s, f->position + acts.text_off, acts.text_len);
	if (acts.bits & (HSTP_ACT_TEXT | HSTP_ACT_OPENED))
		while (held_next(s->held, &s->held_count, &text, &s->tcb, &env, &acts))
			if (acts.text_len)
				deliver(s, text.position + acts.text_off, acts.text_len);
	world.answers = hstp_seg_len(&f->seg) ? 0 : f->answers + 1;
	perform(f->to, &acts);
	world.answers = 0;
}
