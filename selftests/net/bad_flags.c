// SPDX-License-Identifier: GPL-2.0
/* Every combination of the six control bits of RFC 9293, in every state, with and without
 * RFC 5961, at the left edge of the window, inside and outside of it: the answer, the
 * state that follows and what is counted are those of section 3.10.7, written down here
 * as a function in the section's own order.
 *
 * Counted is, for each segment, what it did or why it was thrown away: the first check of
 * 3.10.7 that it failed (module/core/state.h).
 */
#include "kselftest_harness.h"

#include "beside.h"
#include "lib/wire_private.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

#define COMBINATIONS 64
#define PORT 80
#define PEER 4000

/* Where the segment lies. Before RCV.NXT is known it does not matter; in SYN-SENT the ACK
 * takes its place: inside it is acceptable, outside it is not.
 */
enum where {
	EXACT,			/* SEG.SEQ = RCV.NXT */
	INSIDE,			/* one further */
	OUTSIDE,		/* beyond the largest window */
	WHERES
};

static const uint32_t beyond[WHERES] = { 0, 1, 70000 };
static const char *const where_names[WHERES] = { "exact", "inside", "outside" };

/* What may be answered. */
enum answer {
	SILENCE,
	RESET_BY_ACK,		/* <SEQ=SEG.ACK><CTL=RST> */
	RESET_ALL,		/* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
	SYN_ACK,		/* <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> */
	AN_ACK,			/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
};

/* A connection that was brought into its state, and what its next segment must say. */
struct start {
	const char *state;
	uint32_t snd_nxt, rcv_nxt;
	bool active;		/* SYN-RECEIVED: of an active open */
	bool listener;		/* TIME-WAIT: somebody listens on its port */
};

/* One segment, and in which situation. */
struct trial {
	const struct start *start;
	uint8_t flags;
	enum where where;
	bool rfc5961;
};

#define COUNTS_MAX 6

struct outcome {
	enum answer answer;
	const char *state;
	uint32_t fin;		/* 1 when the segment's FIN is acknowledged */
	bool held;		/* the FIN waits for what is missing before it */
	bool own;		/* answered by what the connection may send beyond all limits */
	bool challenged;	/* first of all by that, too, but counted either way */
	int counts;
	char count[COUNTS_MAX][96];	/* as STATS() wants them */
};

static const struct start starts[] = {
	{ .state = "CLOSED", .snd_nxt = 301, .rcv_nxt = 101 },
	{ .state = "LISTEN", .snd_nxt = 301, .rcv_nxt = 101 },
	{ .state = "SYN-SENT", .snd_nxt = 301, .rcv_nxt = 101 },
	{ .state = "SYN-RECEIVED", .snd_nxt = 301, .rcv_nxt = 101 },
	{ .state = "ESTABLISHED", .snd_nxt = 301, .rcv_nxt = 101 },
	{ .state = "FIN-WAIT-1", .snd_nxt = 302, .rcv_nxt = 101 },
	{ .state = "FIN-WAIT-2", .snd_nxt = 302, .rcv_nxt = 101 },
	{ .state = "CLOSE-WAIT", .snd_nxt = 301, .rcv_nxt = 102 },
	{ .state = "CLOSING", .snd_nxt = 302, .rcv_nxt = 102 },
	{ .state = "LAST-ACK", .snd_nxt = 302, .rcv_nxt = 102 },
	{ .state = "TIME-WAIT", .snd_nxt = 302, .rcv_nxt = 102 },
	{ .state = "SYN-RECEIVED", .snd_nxt = 301, .rcv_nxt = 101, .active = true },
	{ .state = "TIME-WAIT", .snd_nxt = 302, .rcv_nxt = 102, .listener = true },
};

static bool is(const char *state, const char *name)
{
	return !strcmp(state, name);
}

static void count(struct outcome *o, const char *what)
{
	NEED(o->counts < COUNTS_MAX);
	snprintf(o->count[o->counts++], sizeof(o->count[0]), "%s 1", what);
}

static void challenges(struct outcome *o)
{
	o->challenged = true;
	count(o, "challenge");
}

static void answers(struct outcome *o, enum answer answer)
{
	o->answer = answer;
}

static void goes(struct outcome *o, const char *to, const char *cause)
{
	char text[80];

	snprintf(text, sizeof(text), "transition %s %s %s", o->state, to, cause);
	count(o, text);
	o->state = to;
}

/* A passive open that is given up: its copy of the listener ends. */
static void returns_to_listen(struct outcome *o, const char *cause)
{
	goes(o, "LISTEN", cause);
	count(o, "transition LISTEN CLOSED merge");
}

static void resets(struct outcome *o, uint8_t flags, const char *why)
{
	char text[80];

	answers(o, flags & ACK ? RESET_BY_ACK : RESET_ALL);
	snprintf(text, sizeof(text), "reset out %s", why);
	count(o, text);
}

/* 3.10.7.1 */
static void closed(struct outcome *o, uint8_t flags)
{
	if (flags & RST) {
		count(o, "drop rst_no_connection");
		count(o, "reset in ignored");
		return;
	}
	count(o, "drop no_connection");
	resets(o, flags, "no_connection");
}

/* 3.10.7.2. A FIN on the SYN may be "queued for processing later": the SYN-ACK covers the
 * SYN alone.
 */
static void listen_state(struct outcome *o, uint8_t flags)
{
	if (flags & RST) {
		count(o, "drop listen_rst");
		count(o, "reset in ignored");
	} else if (flags & ACK) {
		count(o, "drop listen_ack");
		resets(o, flags, "listen_ack");
	} else if (flags & SYN) {
		answers(o, SYN_ACK);
		count(o, "transition CLOSED LISTEN fork");
		goes(o, "SYN-RECEIVED", "syn");
	} else {
		count(o, "drop listen_no_syn");
	}
}

/* 3.10.7.3 */
static void syn_sent(struct outcome *o, const struct trial *t)
{
	uint8_t flags = t->flags;

	/* First */
	if (flags & ACK && t->where == OUTSIDE) {
		count(o, "drop syn_sent_ack");
		if (flags & RST)
			count(o, "reset in ignored");
		else
			resets(o, flags, "syn_sent_ack");
		return;
	}
	/* Second */
	if (flags & RST && flags & ACK) {
		count(o, "reset in syn_sent");
		goes(o, "CLOSED", "rst");
		return;
	}
	if (flags & RST) {
		count(o, "drop syn_sent_rst");
		count(o, "reset in ignored");
		return;
	}
	/* Fifth */
	if (!(flags & SYN)) {
		count(o, "drop syn_sent_no_syn");
		return;
	}
	/* Fourth; the SYN goes again, now with an ACK. */
	if (!(flags & ACK)) {
		answers(o, SYN_ACK);
		count(o, "retransmit");
		goes(o, "SYN-RECEIVED", "syn");
		return;
	}
	/* "continue processing at the sixth step": the FIN counts. */
	answers(o, AN_ACK);
	goes(o, "ESTABLISHED", "syn-ack");
	if (flags & FIN) {
		o->fin = 1;
		goes(o, "CLOSE-WAIT", "fin");
	}
}

/* The peer's FIN has come already. */
static bool had_fin(const char *state)
{
	return is(state, "CLOSE-WAIT") || is(state, "CLOSING") || is(state, "LAST-ACK") ||
	       is(state, "TIME-WAIT");
}

/* 3.10.7.4 second; RFC 5961 section 3.2; RFC 1337 (fix F1) for TIME-WAIT. */
static void reset_arrives(struct outcome *o, const struct trial *t)
{
	if (t->rfc5961 && t->where == INSIDE) {
		answers(o, AN_ACK);
		count(o, "drop rst_seq");
		count(o, "reset in challenged");
		challenges(o);
	} else if (t->rfc5961 && is(o->state, "TIME-WAIT")) {
		count(o, "drop rst_time_wait");
		count(o, "reset in ignored");
	} else if (is(o->state, "SYN-RECEIVED") && t->start->active) {
		count(o, "reset in syn_received");
		goes(o, "CLOSED", "rst");
	} else if (is(o->state, "SYN-RECEIVED")) {
		count(o, "reset in to_listen");
		returns_to_listen(o, "rst");
	} else {
		count(o, had_fin(o->state) && !is(o->state, "CLOSE-WAIT") ?
		      "reset in closing" : "reset in synchronized");
		goes(o, "CLOSED", "rst");
	}
}

/* 3.10.7.4 fourth. An active open in SYN-RECEIVED is treated as a synchronized state. */
static void syn_arrives(struct outcome *o, const struct trial *t)
{
	count(o, "drop syn_synchronized");
	if (is(o->state, "SYN-RECEIVED") && !t->start->active) {
		returns_to_listen(o, "bad-syn");
	} else if (t->rfc5961) {
		answers(o, AN_ACK);
		challenges(o);
	} else {
		resets(o, t->flags, "bad_syn");
		goes(o, "CLOSED", "bad-syn");
	}
}

/* 3.10.7.4 fifth, SEG.ACK = SND.NXT. */
static void ack_arrives(struct outcome *o)
{
	if (is(o->state, "SYN-RECEIVED"))
		goes(o, "ESTABLISHED", "ack");
	else if (is(o->state, "FIN-WAIT-1"))
		goes(o, "FIN-WAIT-2", "fin-acked");
	else if (is(o->state, "CLOSING"))
		goes(o, "TIME-WAIT", "fin-acked");
	else if (is(o->state, "LAST-ACK"))
		goes(o, "CLOSED", "fin-acked");
}

/* 3.10.7.4 eighth. A second FIN, after the first, cannot be: the peer is told what was
 * received. One that came early waits (3.10.7.4 seventh: "SHOULD" be held), and the peer
 * is told what is missing.
 */
static void fin_arrives(struct outcome *o, const struct trial *t)
{
	answers(o, AN_ACK);
	if (had_fin(o->state)) {
		count(o, "drop after_fin");
	} else if (t->where == INSIDE) {
		o->held = true;
	} else {
		o->fin = 1;
		goes(o, is(o->state, "ESTABLISHED") ? "CLOSE-WAIT" : "TIME-WAIT", "fin");
	}
}

/* MAY-2: where somebody listens, a SYN beyond the old connection may open the next one. What it
 * is beyond of is RCV.NXT, not the window.
 */
static bool reopens(const struct outcome *o, const struct trial *t)
{
	return is(o->state, "TIME-WAIT") && t->start->listener &&
	       (t->flags & (SYN | ACK | RST)) == SYN;
}

/* 3.10.7.4 */
static void other(struct outcome *o, const struct trial *t)
{
	uint8_t flags = t->flags;

	if (reopens(o, t)) {
		o->state = "LISTEN";
		listen_state(o, flags);
		return;
	}
	/* First */
	if (t->where == OUTSIDE && flags & RST) {
		count(o, "drop rst_seq");
		count(o, "reset in ignored");
	} else if (t->where == OUTSIDE) {
		answers(o, AN_ACK);
		count(o, "drop seq");
		/* RFC 5961 section 4: a SYN "irrespective of the sequence number"; section
		 * 7: the ACKs that answer ACKs are limited as well, but for those that a
		 * connection has of its own, one every half second.
		 */
		o->own = !(flags & (SYN | FIN)) && !is(o->state, "SYN-RECEIVED") &&
			 !is(o->state, "TIME-WAIT");
		if (t->rfc5961 && !o->own &&
		    (flags & SYN ? !is(o->state, "SYN-RECEIVED") : !(flags & FIN)))
			challenges(o);
	} else if (flags & RST) {
		reset_arrives(o, t);
	} else if (flags & SYN) {
		syn_arrives(o, t);
	} else if (!(flags & ACK)) {
		count(o, "drop no_ack");
	} else {
		ack_arrives(o);
		if (flags & FIN && !is(o->state, "CLOSED"))
			fin_arrives(o, t);
	}
}

static struct outcome expected(const struct trial *t)
{
	struct outcome o = { .answer = SILENCE, .state = t->start->state };

	if (is(o.state, "CLOSED"))
		closed(&o, t->flags);
	else if (is(o.state, "LISTEN"))
		listen_state(&o, t->flags);
	else if (is(o.state, "SYN-SENT"))
		syn_sent(&o, t);
	else
		other(&o, t);
	return o;
}

/* SEG.LEN without text */
static uint32_t seg_len(uint8_t flags)
{
	return (uint32_t)(!!(flags & SYN) + !!(flags & FIN));
}

/* A SYN has the sequence number before RCV.NXT where none was received yet. */
static bool before_syn(const char *state)
{
	return is(state, "LISTEN") || is(state, "SYN-SENT");
}

static uint32_t seg_seq(const struct trial *t)
{
	if (before_syn(t->start->state))
		return t->start->rcv_nxt - !!(t->flags & SYN);
	return t->start->rcv_nxt + beyond[t->where];
}

static uint32_t seg_ack(const struct trial *t)
{
	return t->start->snd_nxt + (is(t->start->state, "SYN-SENT") ? beyond[t->where] : 0);
}

static bool answered(const struct outcome *want, const struct trial *t, const struct seen *seen)
{
	if (!seen)
		return want->answer == SILENCE;
	switch (want->answer) {
	case SILENCE:
		return false;
	case AN_ACK:
		return seen->flags == ACK && seen->seq == t->start->snd_nxt &&
		       seen->ack == t->start->rcv_nxt + want->fin;
	case RESET_BY_ACK:
		return seen->flags == RST && seen->seq == seg_ack(t);
	case RESET_ALL:
		return seen->flags == (RST | ACK) && !seen->real_seq &&
		       seen->ack == seg_seq(t) + seg_len(t->flags);
	case SYN_ACK:
		return seen->flags == (SYN | ACK) && seen->ack == seg_seq(t) + 1;
	}
	return false;
}

static int bring_to(struct end *us, struct end *it, const struct start *start)
{
	if (is(start->state, "CLOSED"))
		return -1;
	if (is(start->state, "LISTEN"))
		return fd_listen(it, 8);
	if (start->active)
		return wire_cross_syns(us, it);
	if (start->listener)
		return wire_server_time_wait(us, it);
	return wire_to_state(us, it, start->state);
}

static const char *text(const struct trial *t)
{
	static char buffer[160];

	snprintf(buffer, sizeof(buffer), "%s, rfc5961 %d, %s: %s", t->start->state,
		 t->rfc5961, where_names[t->where], wire_flags(t->flags));
	return buffer;
}

/* What is counted beside the segment's arrival is seen in the same way as elsewhere. */
static void counted(const struct outcome *want)
{
	const char *list[COUNTS_MAX + 1] = { NULL };

	for (int i = 0; i < want->counts; i++)
		list[i] = want->count[i];
	stats_only_at(__FILE__, __LINE__, NS_A, list);
}

/* Connections come and go, each on ports of its own: what an earlier one left behind has
 * nothing to say. One that a segment did not change serves for the next segment.
 */
struct subject {
	struct end us, it;
	int fd;
	bool open;
	bool answered;		/* it may have used its own answer, half a second ago or less */
	int number;
};

static void renew(struct subject *s, const struct start *start)
{
	if (s->open)
		return;
	s->number++;
	wire_ends(&s->us, NS_T, (uint16_t)(PEER + s->number),
		  &s->it, NS_A, (uint16_t)(PORT + s->number));
	s->fd = bring_to(&s->us, &s->it, start);
	s->open = true;
	s->answered = false;
	stats_skip(NS_A);
}

static void finish(struct subject *s)
{
	if (!s->open)
		return;
	s->open = false;
	if (s->fd < 0)
		return;
	fd_linger(s->fd, 1, 0);
	fd_close(s->fd);
}

/* What an end is seen to be in when its connection has gone. */
static const char *shown(const struct trial *t, const char *state)
{
	return t->start->listener && is(state, "CLOSED") ? "LISTEN" : state;
}

static void one(struct subject *s, const struct trial *t)
{
	struct outcome want = expected(t);
	const char *state, *become = shown(t, want.state);
	struct seen *seen;

	if (want.own && s->answered)
		finish(s);
	renew(s, t->start);
	wire_send(&s->us, t->flags, seg_seq(t), seg_ack(t));
	wire_sync(NS_A);
	seen = wire_next(&s->it, 0);
	state = state_of(&s->it);
	if (!is(state, become))
		die(__FILE__, __LINE__, "%s: became %s, not %s", text(t), state, become);
	if (!answered(&want, t, seen))
		die(__FILE__, __LINE__, "%s: wrong answer: %s", text(t),
		    seen ? "see the trace" : "silence");
	if (wire_next(&s->it, 0))
		die(__FILE__, __LINE__, "%s: a second answer", text(t));
	wire_trace("%s", text(t));
	counted(&want);
	s->answered |= want.own || want.challenged;
	if (!is(want.state, t->start->state) || want.held)
		finish(s);
}

FIXTURE(flags)
{
	struct beside beside;
};

FIXTURE_SETUP(flags)
{
	net_peer();
	net_no_timers(NS_A);
	beside_open(&self->beside);
	stats_mark(NS_A);
}

FIXTURE_TEARDOWN(flags)
{
	beside_works(&self->beside);
	stats_sums(NS_A);
	stats_wire(NS_A);
}

FIXTURE_VARIANT(flags)
{
	int start;
};

#define IN_STATE(name, number) \
	FIXTURE_VARIANT_ADD(flags, name) { .start = number }

IN_STATE(closed, 0);
IN_STATE(listen, 1);
IN_STATE(syn_sent, 2);
IN_STATE(syn_received, 3);
IN_STATE(established, 4);
IN_STATE(fin_wait_1, 5);
IN_STATE(fin_wait_2, 6);
IN_STATE(close_wait, 7);
IN_STATE(closing, 8);
IN_STATE(last_ack, 9);
IN_STATE(time_wait, 10);
IN_STATE(syn_received_active, 11);
IN_STATE(time_wait_listener, 12);

static void all_combinations(const struct start *start, bool rfc5961)
{
	/* A slow kernel is content with the left edge. */
	int wheres = stress_scaled(WHERES) == WHERES ? WHERES : 1;
	struct subject s = { 0 };

	net_hstp(NS_A, "rfc5961", rfc5961);
	for (int where = 0; where < wheres; where++) {
		/* Nothing is known of the peer's numbers: there is no window. */
		if (where && (is(start->state, "CLOSED") || is(start->state, "LISTEN")))
			break;
		if (where == INSIDE && is(start->state, "SYN-SENT"))
			continue;
		for (int flags = 0; flags < COMBINATIONS; flags++) {
			struct trial t = {
				start, (uint8_t)flags, (enum where)where, rfc5961
			};

			one(&s, &t);
		}
	}
	finish(&s);
}

TEST_F(flags, rfc5961)
{
	all_combinations(&starts[variant->start], true);
}

/* Plain processing: net.hstp.rfc5961 = 0 */
TEST_F(flags, rfc793)
{
	all_combinations(&starts[variant->start], false);
}

TEST_HARNESS_MAIN
