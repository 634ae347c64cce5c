// SPDX-License-Identifier: GPL-2.0
/* Random bytes become headers, and random events on a connection, against what
 * must hold whatever happens. The entry point is libFuzzer's.
 */
#include "board.h"
#include "congestion.h"
#include "fsm.h"
#include "held.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

#define HOLD(cond) \
	do { \
		if (!(cond)) \
			broken(__LINE__, #cond); \
	} while (0)

#define BUFFER_MAX	70000u
#define HELD_MAX	8

/* The connection, its surroundings, and a model of what both users may see. */
struct run {
	const u8 *at;
	const u8 *end;
	struct hstp_config cfg;
	struct hstp_env env;
	struct hstp_tcb tcb;
	struct hstp_board board;
	u8 state;		/* as the transitions tell it */
	bool open;		/* ISS and IRS are known, and what follows is valid */
	u32 next;		/* number of the next byte that the user gets */
	u32 offered;		/* largest right edge that left on a segment */
	u32 queued;		/* bytes that the user gave */
	u32 freed;		/* of those, acknowledged */
	bool gone;
	bool eof;
	struct held held[HELD_MAX];
	u32 held_count;
};

static struct run r;

static void broken(int line, const char *what)
{
	printf("# fuzz.c:%d: broken: %s\n", line, what);
	printf("#   in %s, ISS %u SND.UNA %u SND.NXT %u end %u\n",
	       hstp_state_names[r.tcb.state], r.tcb.iss, r.tcb.snd_una, r.tcb.snd_nxt,
	       r.tcb.snd_end);
	printf("#   IRS %u RCV.NXT %u RCV.WND %u\n", r.tcb.irs, r.tcb.rcv_nxt, r.tcb.rcv_wnd);
	fflush(stdout);
	abort();
}

static u8 byte(void)
{
	return r.at < r.end ? *r.at++ : 0;
}

static u32 word(void)
{
	u32 high = byte();

	return high << 24 | (u32)byte() << 16 | (u32)byte() << 8 | byte();
}

/* --- what must hold --------------------------------------------------- */

static void check_transitions(const struct hstp_acts *acts)
{
	unsigned int i;

	HOLD(acts->transition_count <= HSTP_TRANSITIONS_MAX);
	for (i = 0; i < acts->transition_count; i++) {
		HOLD(acts->transitions[i].edge < HSTP_EDGE_COUNT);
		HOLD(acts->transitions[i].cause < HSTP_CAUSE_COUNT);
		HOLD(hstp_edges[acts->transitions[i].edge].from == r.state);
		r.state = hstp_edges[acts->transitions[i].edge].to;
	}
	HOLD(r.state == r.tcb.state);
}

/* A connection that waits for its peer must have a timer, or it waits for ever. */
static void check_alive(void)
{
	const struct hstp_tcb *t = &r.tcb;
	bool waits = false;

	switch (t->state) {
	case HSTP_CLOSED:
		HOLD(!t->armed);
		return;
	case HSTP_SYN_SENT:
	case HSTP_SYN_RECEIVED:
		waits = true;
		break;
	case HSTP_ESTABLISHED:
	case HSTP_CLOSE_WAIT:
	case HSTP_FIN_WAIT_1:
	case HSTP_CLOSING:
	case HSTP_LAST_ACK:
		waits = t->snd_una != t->snd_nxt || t->snd_end != t->snd_una ||
			(t->fin_queued && !hstp_fin_acked(t));
		waits = waits && !hstp_fin_acked(t);
		break;
	case HSTP_TIME_WAIT:
		HOLD(t->armed == HSTP_TIMER_WAIT);
		return;
	case HSTP_FIN_WAIT_2:
		HOLD(!t->user_gone || t->armed & HSTP_TIMER_WAIT);
		break;
	default:
		break;
	}
	HOLD(!(waits || t->ecn_hold) == !(t->armed & HSTP_TIMER_REXMIT));
	/* an ACK that is owed has left, or a timer sends it */
	HOLD(!t->ack_now);
	HOLD(t->state < HSTP_ESTABLISHED || t->rcv_nxt == t->rcv_acked ||
	     t->armed & HSTP_TIMER_DELACK);
}

static void check_numbers(void)
{
	const struct hstp_tcb *t = &r.tcb;

	if (t->state < HSTP_SYN_RECEIVED)
		return;
	HOLD(!hstp_after(t->snd_una, t->snd_nxt));
	HOLD(!hstp_after(t->snd_nxt, t->snd_end + 1));
	HOLD(t->fin_queued || !hstp_after(t->snd_nxt, t->snd_end));
	HOLD(t->snd_end == t->iss + 1 + r.queued);
	HOLD(!t->syn_acked || r.freed + hstp_text_unacked(t) == r.queued);
	HOLD(!hstp_after(t->rcv_nxt, r.offered));
	HOLD(t->rcv_nxt + t->rcv_wnd == r.offered);
	HOLD(t->rcv_wnd <= HSTP_WINDOW_UNSCALED << t->rcv_wscale);
	HOLD(t->rto >= 1 && t->rto <= (u32)r.cfg.rto_max_ms);
	HOLD(t->mss);
	HOLD(!t->syn_acked || t->cwnd >= t->mss);
	HOLD(!t->fast || t->cautious);
	HOLD(!t->urgent_out || !hstp_after(t->snd_up, t->snd_end));
	if (t->state >= HSTP_ESTABLISHED)
		HOLD(t->rcv_nxt == r.next + r.eof);
}

/* What the peer is told to be held is beyond RCV.NXT, within the window, and no block is
 * part of another; what it is believed to hold is on its way and in order.
 */
static void check_blocks(void)
{
	const struct hstp_tcb *t = &r.tcb;
	const struct hstp_board *b = &r.board;
	u32 i, j;

	HOLD(t->sack_ok || (!t->rcv_sacks && t->dsack.left == t->dsack.right && !b->count));
	for (i = 0; i < t->rcv_sacks; i++) {
		HOLD(hstp_before(t->rcv_sack[i].left, t->rcv_sack[i].right));
		HOLD(hstp_after(t->rcv_sack[i].left, t->rcv_nxt));
		HOLD(!hstp_after(t->rcv_sack[i].right, t->rcv_nxt + t->rcv_wnd));
		for (j = 0; j < i; j++)
			HOLD(hstp_after(t->rcv_sack[i].left, t->rcv_sack[j].right) ||
			     hstp_before(t->rcv_sack[i].right, t->rcv_sack[j].left));
	}
	HOLD(b->count <= HSTP_BOARD_RANGES);
	for (i = 0; i < b->count; i++) {
		HOLD(hstp_before(b->range[i].left, b->range[i].right));
		HOLD(hstp_after(b->range[i].left, i ? b->range[i - 1].right : t->snd_una));
		HOLD(!hstp_after(b->range[i].right, t->snd_nxt));
	}
}

static void check_options(const struct hstp_tx *tx)
{
	const struct hstp_tcb *t = &r.tcb;
	bool syn = tx->flags & HSTP_SYN;
	u8 bytes[HSTP_OPTIONS_MAX];
	u32 len;

	HOLD(!(tx->opt.has & HSTP_HAS_MSS) == !syn);
	HOLD(!(tx->opt.has & HSTP_HAS_WSCALE) == !(syn && t->wscale_ok));
	HOLD(!(tx->opt.has & HSTP_HAS_SACK_PERMITTED) == !(syn && t->sack_ok));
	/* RFC 7323 section 3.2: on every segment, once it was negotiated */
	HOLD(!(tx->opt.has & HSTP_HAS_TIMESTAMPS) == !t->ts_ok);
	if (t->ts_ok)
		HOLD(tx->opt.tsval == r.env.now + t->ts_offset && tx->opt.tsecr == t->ts_recent);
	/* RFC 6691 section 2: text and options fit into a segment without options */
	len = hstp_options_build(&tx->opt, bytes);
	HOLD(syn || !tx->text_len || t->mss < 60 ||
	     tx->text_len + len <= t->mss + (t->ts_ok ? HSTP_STAMPS_LEN : 0u));
	HOLD(t->rcv_wscale <= HSTP_WSCALE_MAX && t->snd_wscale <= HSTP_WSCALE_MAX);
	HOLD(t->wscale_ok || !(t->rcv_wscale | t->snd_wscale));
}

/* RFC 3168 section 6.1 */
static void check_ecn(const struct hstp_tx *tx, u32 una)
{
	const struct hstp_tcb *t = &r.tcb;
	u8 bits = tx->flags & (HSTP_ECE | HSTP_CWR);

	HOLD(!t->ecn_out || t->ecn_in);
	HOLD(!t->ecn_echo || t->ecn_in);
	HOLD(!t->ecn_in || r.cfg.ecn);
	if (tx->flags & HSTP_SYN) {
		HOLD(!tx->ect);
		if (t->state == HSTP_SYN_SENT)
			HOLD(bits == (r.cfg.ecn == HSTP_ECN_ASK && !tx->again ?
				      HSTP_ECE | HSTP_CWR : 0));
		else
			HOLD(bits == (t->ecn_out ? HSTP_ECE : 0));
		return;
	}
	HOLD(!(bits & HSTP_ECE) == !t->ecn_echo);
	HOLD(!(bits & HSTP_CWR) || tx->ect);
	HOLD(tx->ect == (t->ecn_out && tx->text_len && !tx->again &&
			 hstp_before(tx->seq, una + t->snd_wnd)));
}

static void check_sent(const struct hstp_tx *tx, u32 una)
{
	u32 edge, i;
	const struct hstp_tcb *t = &r.tcb;
	u32 end = tx->seq + tx->text_len + !!(tx->flags & HSTP_FIN);

	HOLD(!(tx->flags & HSTP_RST));
	HOLD(!(tx->flags & HSTP_URG) == !tx->up);
	HOLD(!(tx->flags & HSTP_SYN) || (tx->seq == t->iss && !tx->text_len && !t->syn_acked));
	HOLD(!(tx->flags & HSTP_SYN) || (tx->opt.has & HSTP_HAS_MSS && tx->opt.mss == t->rcv_mss));
	if (!(tx->flags & HSTP_ACK)) {
		HOLD((tx->flags & ~(HSTP_ECE | HSTP_CWR)) == HSTP_SYN &&
		     t->state == HSTP_SYN_SENT);
	} else {
		HOLD(tx->ack == t->rcv_nxt);
		/* SHLD-14: the right edge never moves left, but without memory */
		edge = tx->ack + (tx->flags & HSTP_SYN ? tx->wnd : (u32)tx->wnd << t->rcv_wscale);
		if (r.open && !(tx->flags & HSTP_SYN) && hstp_before(edge, r.offered))
			HOLD(!tx->wnd && t->shut && r.env.no_room);
		/* What is accepted is at least what was offered */
		HOLD(!hstp_before(tx->ack + t->rcv_wnd, edge));
		r.offered = tx->ack + t->rcv_wnd;
	}
	HOLD(tx->text_len <= t->mss);
	for (i = 0; tx->again && tx->text_len && i < r.board.count; i++)
		HOLD(!hstp_before(tx->seq, r.board.range[i].right) ||
		     !hstp_after(tx->seq + tx->text_len, r.board.range[i].left));
	check_options(tx);
	check_ecn(tx, una);
	if (tx->text_len) {
		HOLD(hstp_synchronized(t->state));
		HOLD(!hstp_after(tx->seq + tx->text_len, t->iss + 1 + r.queued));
		HOLD(tx->text_off == tx->seq - (t->syn_acked ? una : t->iss + 1));
	}
	if (tx->flags & HSTP_FIN)
		HOLD(t->fin_queued && end == t->snd_end + 1);
	if (tx->text_len && !tx->again && !t->snd_wnd)
		HOLD(tx->text_len == 1);	/* a probe */
	HOLD(!hstp_after(end, t->snd_nxt));
}

static void deliver(const struct hstp_acts *acts, u32 first)
{
	/* RFC 9293 section 3.6.1: nobody would read it */
	HOLD(!r.gone);
	HOLD(!r.eof);
	/* in order, once, and nothing that was not in the segment */
	HOLD(first + acts->text_off == r.next);
	/* A scaled window is rounded up */
	HOLD(acts->text_len <= r.env.space || r.tcb.rcv_wscale);
	r.next += acts->text_len;
	r.env.space -= hstp_min(acts->text_len, r.env.space);
}

/* --- performing the actions ------------------------------------------- */

/* RFC 2018 section 4: the first block is whole. What finds no place here is as if it had been
 * thrown away, so that nothing can be said of the blocks any more.
 */
static void hold(const struct hstp_acts *acts, u32 first)
{
	const struct hstp_tcb *t = &r.tcb;
	struct hstp_range range;

	if (r.held_count == HELD_MAX) {
		hstp_sack_forget(&r.tcb);
		return;
	}
	range = held_keep(r.held, &r.held_count, (struct held){
		.seq = first + acts->text_off,
		.len = acts->text_len,
		.fin = acts->bits & HSTP_ACT_HOLD_FIN,
	}, &r.tcb);
	if (t->sack_ok && hstp_after(range.left, t->rcv_nxt) && range.left != range.right)
		HOLD(t->rcv_sacks && t->rcv_sack[0].left == range.left &&
		     t->rcv_sack[0].right == range.right);
}

static void release_held(struct hstp_acts *acts)
{
	struct held text;

	while (held_next(r.held, &r.held_count, &text, &r.tcb, &r.env, acts)) {
		HOLD(acts->text_off + acts->text_len <= text.len);
		if (acts->text_len)
			deliver(acts, text.seq);
		r.eof |= !!(acts->bits & HSTP_ACT_EOF);
	}
}

static void perform(struct hstp_acts *acts)
{
	struct hstp_tx tx;
	unsigned int sent = 0;

	HOLD(acts->drop < HSTP_DROP_COUNT && acts->reset_in < HSTP_RESET_IN_COUNT &&
	     acts->reset_out < HSTP_RESET_OUT_COUNT);
	HOLD(!(acts->bits & HSTP_ACT_REPLY) == !acts->reset_out);
	if (acts->bits & HSTP_ACT_ACKED)
		r.freed += acts->acked;
	if (acts->bits & HSTP_ACT_OUTPUT) {
		u32 una = r.tcb.snd_una;

		while (hstp_send_next(&r.tcb, &r.env, acts, &tx)) {
			check_sent(&tx, una);
			HOLD(++sent < 100000);
		}
	} else {
		/* nobody forgot to ask for output */
		struct hstp_tcb copy = r.tcb;
		struct hstp_acts other = HSTP_ACTS_INIT;

		HOLD(!hstp_send_next(&copy, &r.env, &other, &tx));
	}
	check_transitions(acts);
	check_numbers();
	check_blocks();
	check_alive();
}

/* --- events ----------------------------------------------------------- */

static u32 near(u32 a, u32 b, u8 how)
{
	static const s32 steps[] = { 0, 0, 0, 1, -1, 2, 10, -10 };
	u32 base = how & 8 ? b : a;

	if ((how & 0xf0) == 0xf0)
		return word();
	if ((how & 0xf0) == 0xe0)
		return a + (b - a) / 2;
	return base + (u32)steps[how & 7];
}

static void segment(void)
{
	static const u16 windows[] = { 8000, 0, 1, 500, 65535, 8000, 0, 3000 };
	static const u16 lengths[] = { 0, 0, 1, 10, 536, 1460, 5000, 0 };
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_segment seg;
	u8 shape = byte();
	u32 first;

	memset(&seg, 0, sizeof(seg));
	seg.flags = byte();
	if (shape & 0x80)
		seg.flags = HSTP_ACK | (seg.flags & (HSTP_ECE | HSTP_CWR));
	seg.ecn = byte() & 3;
	seg.seq = near(r.tcb.rcv_nxt, r.offered, byte());
	if (shape == 0x7f)
		seg.seq = r.tcb.irs;
	seg.ack = near(r.tcb.snd_una, r.tcb.snd_nxt, byte());
	seg.wnd = windows[shape & 7];
	seg.up = (u16)(byte() * 7);
	seg.text_len = lengths[shape >> 3 & 7];
	if (seg.flags & HSTP_SYN && shape & 0x40) {
		seg.opt.has = HSTP_HAS_MSS | (byte() & 0xf);
		seg.opt.mss = (u16)(word() & 0x7ff);
		seg.opt.wscale = byte();
	}
	if (r.tcb.sack_ok && shape & 0x20) {
		u32 i;

		seg.opt.sack_count = byte() & 3;
		for (i = 0; i < seg.opt.sack_count; i++) {
			seg.opt.sack[i].left = near(r.tcb.snd_una, r.tcb.snd_nxt, byte());
			seg.opt.sack[i].right = near(seg.opt.sack[i].left, r.tcb.snd_nxt, byte());
		}
	}
	r.env.board = r.tcb.sack_ok ? &r.board : NULL;
	if (r.tcb.ts_ok && byte() & 0xfc)
		seg.opt.has |= HSTP_HAS_TIMESTAMPS;
	if (seg.opt.has & HSTP_HAS_TIMESTAMPS) {
		seg.opt.tsval = near(r.tcb.ts_recent, r.tcb.ts_recent + 100, byte() & 0xf7);
		seg.opt.tsecr = near(r.env.now + r.tcb.ts_offset, r.tcb.rtt_at, byte());
	}
	if (!r.open)
		r.tcb.rcv_nxt = 0;

	hstp_segment_arrives(&r.tcb, &seg, &r.env, &acts);

	HOLD(!(seg.flags & HSTP_RST) || !(acts.bits & HSTP_ACT_REPLY));
	HOLD(acts.text_off + acts.text_len <= seg.text_len);
	if (!r.open && r.tcb.state >= HSTP_SYN_RECEIVED) {
		r.open = true;
		r.next = seg.seq + 1;
		r.offered = r.next + r.tcb.rcv_wnd;
	}
	first = seg.seq + !!(seg.flags & HSTP_SYN);
	if (acts.bits & HSTP_ACT_HOLD)
		hold(&acts, first);
	if (acts.bits & HSTP_ACT_TEXT)
		deliver(&acts, first);
	r.eof |= !!(acts.bits & HSTP_ACT_EOF);
	if (acts.bits & (HSTP_ACT_TEXT | HSTP_ACT_OPENED))
		release_held(&acts);
	perform(&acts);
}

static void tick(u32 ms)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	u32 when;

	/* to the next deadline, or to some point before it */
	if (hstp_deadline(&r.tcb, &when) && hstp_before(when, r.env.now + ms))
		ms = hstp_before(when, r.env.now) ? 0 : when - r.env.now;
	r.env.now += ms;
	hstp_timeouts(&r.tcb, &r.env, &acts);
	perform(&acts);
}

/* What setsockopt() does. */
static void tune(u8 how)
{
	struct hstp_tuning *t = &r.tcb.tune;

	t->nodelay = how & 1;
	t->cork = how >> 1 & 1;
	t->keepalive = how >> 2 & 1;
	t->keep_idle_s = how & 8 ? 1 : 0;
	t->keep_probes = how & 16 ? 2 : 0;
	t->user_timeout_ms = how & 32 ? 500 : 0;
	t->linger2_s = how & 64 ? -1 : 0;
	t->congestion = how & 128 ? HSTP_CONGESTION_RENO : HSTP_CONGESTION_NEWRENO;
	r.tcb.more = how >> 3 & 1;
	hstp_keepalive_start(&r.tcb, &r.env);
}

static void user(u8 what)
{
	struct hstp_acts acts = HSTP_ACTS_INIT;
	u32 len;

	switch (what) {
	case 0:
		len = byte() * 16u;
		if (hstp_call_send(&r.tcb, len, &acts) == HSTP_OK)
			r.queued += len;
		break;
	case 1:
		len = byte() * 64u;
		r.env.space += hstp_min(len, r.env.buffer - r.env.space);
		hstp_call_receive(&r.tcb, &r.env, &acts);
		break;
	case 2:
		hstp_call_close(&r.tcb, &acts);
		break;
	case 3:
		if (r.gone)
			break;
		r.gone = true;
		hstp_call_leave(&r.tcb, r.env.space != r.env.buffer, &r.env, &acts);
		break;
	case 4:
		hstp_call_abort(&r.tcb, HSTP_RESET_OUT_ABORT, HSTP_CAUSE_ABORT, &acts);
		break;
	case 5:
		hstp_hard_error(&r.tcb, &acts);
		break;
	case 6:
		hstp_too_big(&r.tcb, (u16)(byte() * 8), &acts);
		break;
	case 7:
		tune(byte());
		acts.bits |= HSTP_ACT_OUTPUT;
		break;
	default:
		len = byte() * 4u;
		if (hstp_call_send(&r.tcb, len, &acts) == HSTP_OK) {
			r.queued += len;
			if (len)
				hstp_call_urgent(&r.tcb);
		}
		break;
	}
	perform(&acts);
}

static void begin(void)
{
	static const struct hstp_config defaults = HSTP_CONFIG_DEFAULT;
	struct hstp_acts acts = HSTP_ACTS_INIT;
	u8 how = byte();

	r.cfg = defaults;
	r.cfg.rfc5961 = how & 1;
	r.env.cfg = &r.cfg;
	r.env.iss = how & 2 ? 0xffffff00u + byte() : word();
	r.env.now = how & 4 ? 0xfffff000u : word();
	r.env.buffer = 1 + (word() & 0xffff) % BUFFER_MAX;
	r.env.space = r.env.buffer;
	r.env.buffer_max = r.env.buffer << (word() & 7);
	r.env.ts_offset = word();
	r.cfg.window_scaling = how >> 6 & 1;
	r.cfg.timestamps = how >> 7;
	r.cfg.sack = r.cfg.timestamps ^ r.cfg.window_scaling;
	r.cfg.ecn = byte() % 3;
	r.tcb.mss = how & 8 ? 1460 : 536;
	r.tcb.snd_mss = 65535;
	r.tcb.rcv_mss = how & 16 ? 1460 : 536;
	if (how & 32)
		hstp_call_open_passive(&r.tcb, &acts);
	else
		hstp_call_open_active(&r.tcb, &r.env, &acts);
	perform(&acts);
}

static void connection(void)
{
	begin();
	while (r.at < r.end && r.tcb.state != HSTP_CLOSED) {
		u8 event = byte();

		if (event < 160)
			segment();
		else if (event < 200)
			tick(byte() * 8u);
		else if (event < 208)
			tick(400000);
		else if (event < 232)
			user(0);
		else if (event < 244)
			user(1);
		else if (event == 255)
			r.env.no_room ^= HSTP_DROP_MEMORY_LIMIT;
		else
			user((event - 244) % 7 + 2);
	}
}

/* --- headers ---------------------------------------------------------- */

static void header(const u8 *data, size_t size)
{
	struct hstp_segment seg, again;
	u8 built[HSTP_HEADER_MAX];
	u8 *exact = malloc(size ? size : 1);	/* a byte more is found out */
	unsigned int len;

	memset(&seg, 0, sizeof(seg));
	memset(&again, 0, sizeof(again));
	if (size)
		memcpy(exact, data, size);
	if (hstp_segment_parse(exact, size, size, &seg) == HSTP_DROP_NONE) {
		HOLD(seg.header_len + seg.text_len == size);
		HOLD(seg.opt.sack_count <= HSTP_SACK_BLOCKS);
		len = hstp_segment_build(&seg, built);
		HOLD(len <= HSTP_HEADER_MAX);
		HOLD(hstp_segment_parse(built, len, len, &again) == HSTP_DROP_NONE);
		HOLD(again.seq == seg.seq && again.ack == seg.ack && again.flags == seg.flags);
		HOLD(again.wnd == seg.wnd && again.up == seg.up && again.opt.has == seg.opt.has);
		HOLD(!(seg.opt.has & HSTP_HAS_MSS) || again.opt.mss == seg.opt.mss);
	}
	free(exact);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	memset(&r, 0, sizeof(r));
	if (!size)
		return 0;
	r.at = data + 1;
	r.end = data + size;
	if (data[0] & 7)
		connection();
	else
		header(data + 1, size - 1);
	return 0;
}
