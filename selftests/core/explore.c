// SPDX-License-Identifier: GPL-2.0
/* Two cores joined by a channel that loses, duplicates, delays and reorders:
 * every run that a few such accidents can lead to is explored.
 *
 * A state is both connections, what is in flight and what the users have left to
 * do. From each, every segment in flight can be delivered, lost or delivered and
 * kept, each user can take a step, and time can pass to the next deadline; how
 * often the channel misbehaves is limited by a budget, so that each run comes to
 * an end. At every state what a user got must be what the other one sent, up to
 * there; at every end all of it, and both connections CLOSED with no error. No
 * exchange may come back to where it was with no time passed: it would never end.
 */
#include "board.h"
#include "fsm.h"
#include "held.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLIGHT_MAX	10
#define DEPTH_MAX	400
#define HELD_MAX	4
#define VISITED_BITS	23
#define MSS		2u

/* @position is that of its text in the sender's stream */
struct flight {
	u32 seq;
	u32 ack;
	u32 len;
	u32 position;
	u16 wnd;
	u8 flags;
	u8 to;
	u32 ecn;
	struct hstp_options opt;
};

struct side {
	struct hstp_tcb tcb;
	struct hstp_board board;
	u32 iss;
	u32 space;
	u32 buffer;
	u32 sent;		/* bytes that the user gave */
	u32 freed;		/* of those, acknowledged */
	u32 got;		/* bytes that the user was given */
	u32 script;		/* steps taken */
	bool listening;
	bool passive;
	bool slow;
	bool eof;
	u32 held_count;
	struct held held[HELD_MAX];
};

struct world {
	struct side side[2];
	struct flight flight[FLIGHT_MAX];
	u32 flights;
	u32 now;
	int losses;
	int copies;
	int delays;
	int marks;
};

/* A script: r in front says that the user reads when it likes, else it reads
 * at once; o opens actively and l passively, before anything else happens; then
 * come the steps, digits for bytes to send and c for close.
 */
struct scenario {
	const char *name;
	const char *script[2];
	u32 buffer[2];
	u32 iss[2];
	int losses;
	int copies;
	int delays;
	int marks;		/* packets that meet congestion; both ends want ECN */
	bool sack;
	bool stamps;
};

static const struct scenario scenarios[] = {
	{ "handshake and close, two losses and a copy", { "oc", "lc" }, { 9, 9 }, { 10, 20 },
	  .losses = 2, .copies = 1 },
	{ "handshake and close, a loss and a delay", { "oc", "lc" }, { 9, 9 }, { 10, 20 },
	  .losses = 1, .delays = 1 },
	{ "text both ways, a loss", { "o3c", "l2c" }, { 9, 9 }, { 10, 20 }, .losses = 1 },
	{ "text one way, two losses", { "o3c", "lc" }, { 9, 9 }, { 10, 20 }, .losses = 2 },
	{ "text one way, a loss and a copy", { "o3c", "lc" }, { 9, 9 }, { 10, 20 },
	  .losses = 1, .copies = 1 },
	{ "text one way, a delay", { "o3c", "lc" }, { 9, 9 }, { 10, 20 }, .delays = 1 },
	{ "numbers that wrap", { "o3c", "lc" }, { 9, 9 }, { 0xfffffffe, 0xffffffff }, .losses = 1 },
	{ "simultaneous open, a loss and a copy", { "oc", "oc" }, { 9, 9 }, { 10, 20 },
	  .losses = 1, .copies = 1 },
	{ "simultaneous open, text on one side", { "o1c", "oc" }, { 9, 9 }, { 10, 20 },
	  .losses = 1 },
	{ "a window that closes", { "o3", "rl" }, { 9, 2 }, { 10, 20 }, .losses = 1 },
	{ "both windows close", { "ro2", "rl2" }, { 1, 1 }, { 10, 20 }, .losses = 0 },
	{ "both windows full, the first segments lost", { "ro4", "rl4" }, { 4, 4 }, { 10, 20 },
	  .losses = 2 },
	{ "fast retransmit, a loss", { "o9", "l" }, { 9, 9 }, { 10, 20 }, .losses = 1 },
	{ "three segments reordered", { "o6c", "lc" }, { 9, 9 }, { 10, 20 }, .losses = 0 },
	{ "selective acknowledgments, a loss", { "o9", "l" }, { 9, 9 }, { 0xfffffffc, 20 },
	  .losses = 1, .sack = true },
	{ "selective acknowledgments, two losses", { "o6", "l" }, { 9, 9 }, { 10, 20 },
	  .losses = 2, .sack = true },
	{ "timestamps, a loss", { "o2c", "lc" }, { 9, 9 }, { 10, 20 }, .losses = 1,
	  .stamps = true },
	{ "congestion is met twice", { "o6", "l1" }, { 9, 9 }, { 10, 20 }, .marks = 2 },
	{ "congestion is met, and a close", { "o2c", "lc" }, { 9, 9 }, { 10, 20 }, .marks = 1 },
	{ "congestion is met after a timeout", { "o224", "l" }, { 9, 9 }, { 10, 20 },
	  .marks = 2, .losses = 1 },
	{ "all options, simultaneous open", { "o2", "o" }, { 9, 9 }, { 10, 20 },
	  .losses = 1, .sack = true, .stamps = true },
};

static const struct scenario *scenario;
static struct hstp_config cfg = HSTP_CONFIG_DEFAULT;
static u64 *visited;
static unsigned long states, ends;
static const char *trail[DEPTH_MAX];	/* how each state was left */
static u64 been[DEPTH_MAX + 1];		/* and its fingerprint */
static unsigned int depth;
static bool failed;

static void broken(const struct world *w, const char *what)
{
	unsigned int i;

	if (failed)
		return;
	failed = true;
	printf("# %s: %s\n#   A %s got %u, B %s got %u, in flight %u, after %u steps:\n#  ",
	       scenario->name, what, hstp_state_names[w->side[0].tcb.state], w->side[0].got,
	       hstp_state_names[w->side[1].tcb.state], w->side[1].got, w->flights, depth);
	for (i = 0; i < depth && i < 60; i++)
		printf(" %s", trail[i]);
	printf("\n");
}

/* --- what a kernel would do ------------------------------------------- */

static struct hstp_env environment(const struct world *w, const struct side *s)
{
	return (struct hstp_env){ .cfg = &cfg, .now = w->now, .iss = s->iss,
				  .space = s->space, .buffer = s->buffer,
				  .buffer_max = s->buffer,
				  .board = s->tcb.sack_ok ? (struct hstp_board *)&s->board : NULL };
}

static void launch(struct world *w, u8 from, struct flight f)
{
	if (w->flights == FLIGHT_MAX) {
		broken(w, "more in flight than this scenario can need");
		return;
	}
	f.to = !from;
	w->flight[w->flights++] = f;
}

static void deliver(struct world *w, struct side *s, u32 position, u32 len)
{
	if (position != s->got)
		broken(w, "the user got text out of order, twice, or not that which was sent");
	s->got += len;
	s->space -= len;
}

/* What is not there must not tell two states apart. */
static void copy_options(struct hstp_options *to, const struct hstp_options *from)
{
	u8 i;

	memset(to, 0, sizeof(*to));
	to->has = from->has;
	if (from->has & HSTP_HAS_MSS)
		to->mss = from->mss;
	if (from->has & HSTP_HAS_WSCALE)
		to->wscale = from->wscale;
	if (from->has & HSTP_HAS_TIMESTAMPS) {
		to->tsval = from->tsval;
		to->tsecr = from->tsecr;
	}
	to->sack_count = from->sack_count;
	for (i = 0; i < from->sack_count; i++)
		to->sack[i] = from->sack[i];
}

static void perform(struct world *w, u8 which, struct hstp_acts *acts)
{
	struct side *s = &w->side[which];
	struct hstp_env env = environment(w, s);
	struct hstp_tx tx;

	if (acts->signal)
		broken(w, "a user was told of an error");
	if (acts->bits & HSTP_ACT_EOF)
		s->eof = true;
	if (acts->bits & HSTP_ACT_ACKED)
		s->freed += acts->acked;
	if (acts->bits & HSTP_ACT_REPLY) {
		struct flight reset = {
			.seq = acts->reply.seq, .ack = acts->reply.ack,
			.flags = acts->reply.flags
		};

		launch(w, which, reset);
	}
	if (!(acts->bits & HSTP_ACT_OUTPUT))
		return;
	while (!failed && hstp_send_next(&s->tcb, &env, acts, &tx)) {
		struct flight next = {
			.seq = tx.seq, .ack = tx.ack, .len = tx.text_len, .wnd = tx.wnd,
			.flags = tx.flags, .position = s->freed + tx.text_off,
			.ecn = tx.ect ? HSTP_ECT_0 : HSTP_NOT_ECT
		};

		copy_options(&next.opt, &tx.opt);
		if (tx.text_off + tx.text_len > s->sent - s->freed)
			broken(w, "text was sent that the user never gave");
		launch(w, which, next);
	}
}

static void read_all(struct world *w, u8 which)
{
	struct side *s = &w->side[which];
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_env env;

	s->space = s->buffer;
	env = environment(w, s);
	hstp_call_receive(&s->tcb, &env, &acts);
	perform(w, which, &acts);
}

static void arrive(struct world *w, const struct flight *f)
{
	struct side *s = &w->side[f->to];
	struct hstp_env env = environment(w, s);
	struct hstp_acts acts = HSTP_ACTS_INIT;
	struct hstp_segment seg = {
		.seq = f->seq,
		.ack = f->ack,
		.text_len = f->len,
		.wnd = f->wnd,
		.flags = f->flags,
		.ecn = (u8)f->ecn,
		.opt = f->opt,
	};
	u32 first = f->seq + !!(f->flags & HSTP_SYN);
	struct held text;

	if (s->listening) {
		s->listening = !hstp_listen_arrives(&s->tcb, &seg, &env, &acts);
		if (s->listening)
			s->tcb.state = HSTP_CLOSED;
	} else {
		hstp_segment_arrives(&s->tcb, &seg, &env, &acts);
	}
	if (acts.bits & HSTP_ACT_HOLD && s->held_count < HELD_MAX)
		held_keep(s->held, &s->held_count, (struct held){
			.seq = first + acts.text_off,
			.len = acts.text_len,
			.position = f->position + acts.text_off,
			.fin = acts.bits & HSTP_ACT_HOLD_FIN,
		}, &s->tcb);
	if (acts.bits & HSTP_ACT_TEXT)
		deliver(w, s, f->position + acts.text_off, acts.text_len);
	if (acts.bits & (HSTP_ACT_TEXT | HSTP_ACT_OPENED))
		while (held_next(s->held, &s->held_count, &text, &s->tcb, &env, &acts))
			if (acts.text_len)
				deliver(w, s, text.position + acts.text_off, acts.text_len);
	perform(w, f->to, &acts);
	if (s->space < s->buffer && !s->slow)
		read_all(w, f->to);
}

/* --- the steps -------------------------------------------------------- */

static bool user_can(const struct world *w, u8 which)
{
	const struct side *s = &w->side[which];
	char step = scenario->script[which][s->script];

	if (!step || s->listening)
		return false;
	if (s->tcb.state == HSTP_CLOSED)
		return false;
	/* who closes in SYN-SENT never opened anything */
	if (step == 'c' && s->tcb.state == HSTP_SYN_SENT)
		return false;
	/* accept() comes before what is done to the socket */
	return !s->passive || hstp_synchronized(s->tcb.state);
}

static bool user_can_read(const struct side *s)
{
	return s->slow && s->space < s->buffer;
}

static void user_step(struct world *w, u8 which)
{
	struct side *s = &w->side[which];
	struct hstp_env env = environment(w, s);
	struct hstp_acts acts = HSTP_ACTS_INIT;
	enum hstp_result result = HSTP_OK;
	char step = scenario->script[which][s->script++];

	switch (step) {
	case 'o':
		result = hstp_call_open_active(&s->tcb, &env, &acts);
		break;
	case 'c':
		result = hstp_call_close(&s->tcb, &acts);
		break;
	default:
		s->sent += (u32)(step - '0');
		result = hstp_call_send(&s->tcb, (u32)(step - '0'), &acts);
		break;
	}
	if (result != HSTP_OK)
		broken(w, "a call was refused");
	perform(w, which, &acts);
}

static bool next_deadline(const struct world *w, u32 *when)
{
	bool any = false;
	u32 at;
	int i;

	for (i = 0; i < 2; i++)
		if (hstp_deadline(&w->side[i].tcb, &at) && (!any || hstp_before(at, *when))) {
			*when = at;
			any = true;
		}
	return any;
}

static void time_passes(struct world *w, u32 when)
{
	u8 i;

	if (hstp_after(when, w->now))
		w->now = when;
	for (i = 0; i < 2; i++) {
		struct hstp_env env = environment(w, &w->side[i]);
		struct hstp_acts acts = HSTP_ACTS_INIT;

		hstp_timeouts(&w->side[i].tcb, &env, &acts);
		perform(w, i, &acts);
	}
}

static void remove_flight(struct world *w, u32 i)
{
	w->flights--;
	w->flight[i] = w->flight[w->flights];
	memset(&w->flight[w->flights], 0, sizeof(w->flight[0]));
}

/* --- exploring -------------------------------------------------------- */

static u64 mix(u64 h, const void *bytes, size_t len)
{
	const u8 *p = bytes;
	u32 part;

	for (; len >= sizeof(part); len -= sizeof(part), p += sizeof(part)) {
		memcpy(&part, p, sizeof(part));
		h = (h ^ part) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return h;
}

/* What lies beyond the counts was there before and means nothing. */
static void forget_old(struct side *s)
{
	u32 i;

	for (i = s->board.count; i < HSTP_BOARD_RANGES; i++)
		memset(&s->board.range[i], 0, sizeof(s->board.range[i]));
	for (i = s->tcb.rcv_sacks; i < HSTP_SACK_BLOCKS; i++)
		memset(&s->tcb.rcv_sack[i], 0, sizeof(s->tcb.rcv_sack[i]));
	if (s->tcb.dsack.left == s->tcb.dsack.right)
		memset(&s->tcb.dsack, 0, sizeof(s->tcb.dsack));
}

/* Equal worlds have equal fingerprints whatever the clock says and in whatever
 * order the segments entered the channel.
 */
static u64 fingerprint(const struct world *w)
{
	struct world c = *w;
	u64 h = 0xcbf29ce484222325u, channel = 0;
	u32 i;

	for (i = 0; i < 2; i++) {
		struct hstp_tcb *t = &c.side[i].tcb;

		forget_old(&c.side[i]);
		if (t->ts_ok && t->state != HSTP_SYN_SENT)
			t->ts_recent -= w->now;
		t->rexmit_at = t->armed & HSTP_TIMER_REXMIT ? t->rexmit_at - w->now : 0;
		t->delack_at = t->armed & HSTP_TIMER_DELACK ? t->delack_at - w->now : 0;
		t->wait_at = t->armed & HSTP_TIMER_WAIT ? t->wait_at - w->now : 0;
		t->rtt_at = t->timing ? t->rtt_at - w->now : 0;
		t->heard_at = 0;
		t->waiting_since = 0;
		t->sent_at = hstp_min(w->now - t->sent_at, t->rto + 1);
	}
	c.now = 0;
	for (i = 0; i < w->flights; i++) {
		struct flight f = w->flight[i];

		if (f.opt.has & HSTP_HAS_TIMESTAMPS) {
			f.opt.tsval -= w->now;
			f.opt.tsecr -= f.flags & HSTP_ACK ? w->now : 0;
		}
		channel += mix(0x9e3779b97f4a7c15u, &f, sizeof(f));
	}
	memset(c.flight, 0, sizeof(c.flight));
	h = mix(h, &c, sizeof(c));
	h = mix(h, &channel, sizeof(channel));
	return h ? h : 1;
}

static bool seen(u64 h)
{
	u64 mask = (1u << VISITED_BITS) - 1;
	u64 i = (h ^ h >> 32) & mask;

	for (; visited[i]; i = (i + 1) & mask)
		if (visited[i] == h)
			return true;
	if (states > mask / 4 * 3) {
		printf("# the table of states is full\n");
		exit(1);
	}
	visited[i] = h;
	states++;
	return false;
}

static void check_end(const struct world *w)
{
	int i;

	ends++;
	for (i = 0; i < 2; i++) {
		bool closes = strchr(scenario->script[0], 'c') && strchr(scenario->script[1], 'c');

		if (w->side[i].got != w->side[!i].sent)
			broken(w, "the end, but not all text arrived");
		if (w->side[i].freed != w->side[i].sent)
			broken(w, "the end, but not all text was acknowledged");
		if (!closes)
			continue;
		if (w->side[i].tcb.state != HSTP_CLOSED)
			broken(w, "deadlock: nothing can happen, and it is not CLOSED");
		if (!w->side[i].eof)
			broken(w, "the end, but a user was not told of the peer's CLOSE");
	}
}

static void explore(const struct world *w);

/* Back in a state of this run: segments answer each other for ever. */
static bool goes_round(u64 h)
{
	unsigned int i;

	for (i = depth; i && strcmp(trail[i - 1], "time"); i--)
		if (been[i - 1] == h)
			return true;
	return false;
}

static void go(const struct world *w, const char *how)
{
	if (depth == DEPTH_MAX) {
		broken(w, "it does not end");
		return;
	}
	trail[depth++] = how;
	explore(w);
	depth--;
}

static void explore(const struct world *w)
{
	static const char *const reads[] = { "A:reads", "B:reads" };
	static const char *const mark[] = { "mark>A", "mark>B" };
	static const char *const lose[] = { "lose>A", "lose>B" }, *const copy[] = {
		"copy>A", "copy>B" }, *const pass[] = { ">A", ">B" }, *const user[] = {
		"A:user", "B:user" };
	struct world n;
	bool stuck = true;
	u64 h = fingerprint(w);
	u32 i, when;

	if (failed)
		return;
	if (seen(h)) {
		if (goes_round(h))
			broken(w, "segments answer each other for ever");
		return;
	}
	been[depth] = h;

	for (i = 0; i < w->flights && !failed; i++) {
		stuck = false;
		n = *w;
		remove_flight(&n, i);
		arrive(&n, &w->flight[i]);
		go(&n, pass[w->flight[i].to]);
		if (w->losses) {
			n = *w;
			n.losses--;
			remove_flight(&n, i);
			go(&n, lose[w->flight[i].to]);
		}
		if (w->marks && w->flight[i].ecn == HSTP_ECT_0) {
			struct flight marked = w->flight[i];

			n = *w;
			n.marks--;
			marked.ecn = HSTP_CE;
			remove_flight(&n, i);
			arrive(&n, &marked);
			go(&n, mark[w->flight[i].to]);
		}
		if (w->copies) {
			n = *w;
			n.copies--;
			arrive(&n, &w->flight[i]);
			go(&n, copy[w->flight[i].to]);
		}
	}
	for (i = 0; i < 2 && !failed; i++) {
		if (!user_can_read(&w->side[i]))
			continue;
		stuck = false;
		n = *w;
		read_all(&n, (u8)i);
		go(&n, reads[i]);
	}
	for (i = 0; i < 2 && !failed; i++) {
		if (!user_can(w, (u8)i))
			continue;
		stuck = false;
		n = *w;
		user_step(&n, (u8)i);
		go(&n, user[i]);
	}
	/* Time passes when nothing else can happen, or by way of a delay */
	if (!failed && next_deadline(w, &when) && (stuck || w->delays)) {
		n = *w;
		n.delays -= !stuck;
		stuck = false;
		time_passes(&n, when);
		go(&n, "time");
	}
	if (stuck)
		check_end(w);
}

static bool run(const struct scenario *s, struct world *w)
{
	int i;

	memset(w, 0, sizeof(*w));
	memset(visited, 0, sizeof(u64) << VISITED_BITS);
	scenario = s;
	cfg.sack = scenario->sack;
	cfg.timestamps = scenario->stamps;
	cfg.ecn = scenario->marks ? HSTP_ECN_ASK : HSTP_ECN_OFF;
	states = 0;
	ends = 0;
	depth = 0;
	failed = false;
	w->now = 1000;
	w->losses = s->losses;
	w->copies = s->copies;
	w->delays = s->delays;
	w->marks = s->marks;
	for (i = 0; i < 2; i++) {
		w->side[i].tcb.mss = MSS;
		w->side[i].tcb.snd_mss = 65535;
		w->side[i].tcb.rcv_mss = MSS;
		w->side[i].iss = s->iss[i];
		w->side[i].buffer = s->buffer[i];
		w->side[i].space = s->buffer[i];
		w->side[i].slow = s->script[i][0] == 'r';
		w->side[i].script = w->side[i].slow;
		w->side[i].passive = s->script[i][w->side[i].script] == 'l';
		w->side[i].listening = w->side[i].passive;
		w->side[i].script += w->side[i].passive;
	}
	for (i = 0; i < 2; i++)
		if (!w->side[i].passive)
			user_step(w, (u8)i);
	explore(w);
	return !failed && ends;
}

int main(void)
{
	unsigned int i, bad = 0, count = sizeof(scenarios) / sizeof(scenarios[0]);
	struct world w;

	cfg.window_scaling = 0;	/* the windows are too small for it */
	visited = malloc(sizeof(u64) << VISITED_BITS);
	if (!visited)
		return 1;
	for (i = 0; i < count; i++) {
		bool good = run(&scenarios[i], &w);

		bad += !good;
		printf("%s %u - two cores, %s\n# %lu states, %lu ends\n", good ? "ok" : "not ok",
		       i + 1, scenarios[i].name, states, ends);
		fflush(stdout);
	}
	free(visited);
	printf("1..%u\n# %u passed, %u failed\n", count, count - bad, bad);
	return bad != 0;
}
