// SPDX-License-Identifier: GPL-2.0
/* Every combination of the six control bits of RFC 9293, in every state: the answer and
 * the state that follows are those of section 3.10.7, written down here as a function
 * in the section's own order.
 */
#include "kselftest_harness.h"

#include "beside.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 600

#define COMBINATIONS 64
#define PORT 80
#define PEER 4000

/* What may be answered. */
enum answer {
	SILENCE,
	RESET_BY_ACK,		/* <SEQ=SEG.ACK><CTL=RST> */
	RESET_ALL,		/* <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK> */
	SYN_ACK,		/* <SEQ=ISS><ACK=RCV.NXT><CTL=SYN,ACK> */
	AN_ACK,			/* <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK> */
	PERHAPS_ACK,		/* the same or silence: the text leaves it open */
};

struct outcome {
	enum answer answer;
	const char *state;
	uint32_t fin;		/* 1 when the segment's FIN is acknowledged */
};

/* A connection that was brought into its state, and what its next segment must say. */
struct start {
	const char *state;
	uint32_t snd_nxt, rcv_nxt;
};

static const struct start starts[] = {
	{ "CLOSED", 301, 101 },
	{ "LISTEN", 301, 101 },
	{ "SYN-SENT", 301, 101 },
	{ "SYN-RECEIVED", 301, 101 },
	{ "ESTABLISHED", 301, 101 },
	{ "FIN-WAIT-1", 302, 101 },
	{ "FIN-WAIT-2", 302, 101 },
	{ "CLOSE-WAIT", 301, 102 },
	{ "CLOSING", 302, 102 },
	{ "LAST-ACK", 302, 102 },
	{ "TIME-WAIT", 302, 102 },
};

static bool is(const char *state, const char *name)
{
	return !strcmp(state, name);
}

/* 3.10.7.1 */
static struct outcome closed(uint8_t flags)
{
	if (flags & RST)
		return (struct outcome){ SILENCE, "CLOSED", 0 };
	return (struct outcome){ flags & ACK ? RESET_BY_ACK : RESET_ALL, "CLOSED", 0 };
}

/* 3.10.7.2. A FIN on the SYN may be "queued for processing later": the SYN-ACK covers the
 * SYN alone.
 */
static struct outcome listen_state(uint8_t flags)
{
	if (flags & RST)
		return (struct outcome){ SILENCE, "LISTEN", 0 };
	if (flags & ACK)
		return (struct outcome){ RESET_BY_ACK, "LISTEN", 0 };
	if (flags & SYN)
		return (struct outcome){ SYN_ACK, "SYN-RECEIVED", 0 };
	return (struct outcome){ SILENCE, "LISTEN", 0 };
}

/* 3.10.7.3; SEG.ACK, when there is one, is acceptable. */
static struct outcome syn_sent(uint8_t flags)
{
	if (flags & RST)
		return (struct outcome){ SILENCE, flags & ACK ? "CLOSED" : "SYN-SENT", 0 };
	if (!(flags & SYN))
		return (struct outcome){ SILENCE, "SYN-SENT", 0 };
	if (!(flags & ACK))
		return (struct outcome){ SYN_ACK, "SYN-RECEIVED", 0 };
	/* "continue processing at the sixth step": the FIN counts. */
	if (flags & FIN)
		return (struct outcome){ AN_ACK, "CLOSE-WAIT", 1 };
	return (struct outcome){ AN_ACK, "ESTABLISHED", 0 };
}

/* 3.10.7.4 fifth, per state; SEG.ACK = SND.NXT. */
static const char *acknowledged(const char *state)
{
	if (is(state, "SYN-RECEIVED"))
		return "ESTABLISHED";
	if (is(state, "FIN-WAIT-1"))
		return "FIN-WAIT-2";
	if (is(state, "CLOSING"))
		return "TIME-WAIT";
	if (is(state, "LAST-ACK"))
		return "CLOSED";
	return state;
}

/* 3.10.7.4 eighth, per state. */
static const char *fin_received(const char *state)
{
	if (is(state, "ESTABLISHED"))
		return "CLOSE-WAIT";
	if (is(state, "FIN-WAIT-2"))
		return "TIME-WAIT";
	return state;
}

/* 3.10.7.4 with RFC 5961; SEG.SEQ = RCV.NXT, in the window. */
static struct outcome other(const char *state, uint8_t flags)
{
	bool passive = is(state, "SYN-RECEIVED");
	bool had_fin;

	/* Second; in TIME-WAIT RFC 1337 (fix F1) has a reset ignored. */
	if (flags & RST && is(state, "TIME-WAIT"))
		return (struct outcome){ SILENCE, state, 0 };
	if (flags & RST)
		return (struct outcome){ SILENCE, passive ? "LISTEN" : "CLOSED", 0 };
	/* Fourth: back to LISTEN, or a challenge ACK. In TIME-WAIT a SYN beyond the old
	 * connection may open the next one (MAY-2), but here nobody listens.
	 */
	if (flags & SYN && passive)
		return (struct outcome){ SILENCE, "LISTEN", 0 };
	if (flags & SYN)
		return (struct outcome){ AN_ACK, state, 0 };
	/* Fifth */
	if (!(flags & ACK))
		return (struct outcome){ SILENCE, state, 0 };
	had_fin = is(state, "CLOSE-WAIT") || is(state, "CLOSING") || is(state, "TIME-WAIT");
	state = acknowledged(state);
	if (is(state, "CLOSED"))
		return (struct outcome){ SILENCE, state, 0 };
	/* Eighth; a second FIN, after the first, cannot be: at most it is told so. */
	if (had_fin)
		return (struct outcome){ PERHAPS_ACK, state, 0 };
	if (flags & FIN)
		return (struct outcome){ AN_ACK, fin_received(state), 1 };
	return (struct outcome){ SILENCE, state, 0 };
}

static struct outcome expected(const char *state, uint8_t flags)
{
	if (is(state, "CLOSED"))
		return closed(flags);
	if (is(state, "LISTEN"))
		return listen_state(flags);
	if (is(state, "SYN-SENT"))
		return syn_sent(flags);
	return other(state, flags);
}

static const char *flag_names(uint8_t flags)
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG" };
	static char text[32];
	size_t at = 0;

	text[0] = '\0';
	for (int i = 0; i < 6; i++)
		if (flags & 1 << i)
			at += (size_t)snprintf(text + at, sizeof(text) - at, " %s", names[i]);
	return text;
}

/* SEG.LEN without text */
static uint32_t seg_len(uint8_t flags)
{
	return (uint32_t)(!!(flags & SYN) + !!(flags & FIN));
}

static bool answered(const struct outcome *want, const struct start *start, uint8_t flags,
		     const struct seen *seen)
{
	uint32_t rcv_nxt = start->rcv_nxt + want->fin;

	switch (want->answer) {
	case SILENCE:
		return !seen;
	case PERHAPS_ACK:
		if (!seen)
			return true;
		/* fall through */
	case AN_ACK:
		return seen && seen->flags == ACK && seen->seq == start->snd_nxt &&
		       seen->ack == rcv_nxt;
	case RESET_BY_ACK:
		return seen && seen->flags == RST && seen->real_seq == start->snd_nxt;
	case RESET_ALL:
		return seen && seen->flags == (RST | ACK) && !seen->real_seq &&
		       seen->ack == start->rcv_nxt + seg_len(flags);
	case SYN_ACK:
		return seen && seen->flags == (SYN | ACK) && seen->ack == start->rcv_nxt;
	}
	return false;
}

/* A SYN has the sequence number before RCV.NXT where none was received yet. */
static bool before_syn(const char *state)
{
	return is(state, "LISTEN") || is(state, "SYN-SENT");
}

static int bring_to(struct end *us, struct end *it, const char *state)
{
	if (is(state, "CLOSED"))
		return -1;
	if (is(state, "LISTEN"))
		return fd_listen(it, 8);
	return wire_to_state(us, it, state);
}

static void one(const struct start *start, uint8_t flags)
{
	struct outcome want = expected(start->state, flags);
	uint32_t seq = start->rcv_nxt;
	struct seen *seen, *next;
	struct end us, it;
	const char *state;
	int fd;

	/* Ports of its own: what an earlier one left behind has nothing to say here. */
	wire_ends(&us, NS_T, (uint16_t)(PEER + flags), &it, NS_A, (uint16_t)(PORT + flags));
	fd = bring_to(&us, &it, start->state);
	if (before_syn(start->state) && flags & SYN)
		seq--;
	wire_send(&us, flags, seq, start->snd_nxt);
	wire_sync(NS_A);
	seen = wire_next(&it, 0);
	/* Of several ACKs the last one counts. */
	while (seen && (next = wire_next(&it, 0)))
		seen = next;
	state = state_of(&it);
	if (!is(state, want.state))
		die(__FILE__, __LINE__, "%s,%s: became %s, not %s", start->state,
		    flag_names(flags), state, want.state);
	if (!answered(&want, start, flags, seen))
		die(__FILE__, __LINE__, "%s,%s: wrong answer: %s", start->state,
		    flag_names(flags), seen ? "see the trace" : "silence");
	if (fd >= 0) {
		fd_linger(fd, 1, 0);
		fd_close(fd);
	}
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
}

FIXTURE_TEARDOWN(flags)
{
	beside_works(&self->beside);
	stats_sums(NS_A);
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

TEST_F(flags, all_combinations)
{
	for (int flags = 0; flags < COMBINATIONS; flags++)
		one(&starts[variant->start], (uint8_t)flags);
}

TEST_HARNESS_MAIN
