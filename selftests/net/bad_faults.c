// SPDX-License-Identifier: GPL-2.0
/* Two honest ends, and rules that turn what they send into what no honest end would: options
 * of illegal length or where they mean nothing, acknowledgments and windows beyond all that
 * was sent, blocks and timestamps that lie, urgent pointers past the text, text past a FIN.
 * In a SYN the first four bytes of the options are its MSS, and no rule reaches further: what
 * comes twice there is for raw segments (bad_options).
 * RFC 9293 section 3.10.7.4: what is not acceptable is thrown away and sent again, or the
 * connection ends; what is read is what was sent, up to where it ends.
 */
#include <netinet/tcp.h>

#include "fault.h"
#include "lib/stream.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 400

#define SIZE		(64 * 1024)	/* bytes each way */
#define PATIENCE_S	40		/* for R2, in the settings below */

#define CHANGES(what, in_what_way, number)				\
	.action = CHANGE, .field = HSTP_NL_FIELD_##what,		\
	.how = HSTP_NL_HOW_##in_what_way, .value = (uint32_t)(number)

/* The first four bytes of the options */
#define WORD(a, b, c, d)						\
	CHANGES(OPTION, SET, (uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* Segments with text, to one end, each fifth of them, not for ever. */
#define TEXTS	.way = IN, .text = TEXT, .every = 5, .count = 10
#define ONE_TEXT .way = IN, .text = TEXT, .nth = 9
#define ACKS	.way = IN, .set = ACK, .clear = SYN | RST, .every = 3, .count = 12

/* What the functions of a test get from it as "self". */
#define scene _test_data_faults

/* One side of a connection. */
struct side {
	int fd;
	unsigned int seed, peer_seed;
	int sent, got;
	bool closed, ended;
	int error;		/* that the program was told */
};

FIXTURE(faults)
{
	struct end a, b;
	struct nl *nl;
	int listener;
};

FIXTURE_SETUP(faults)
{
	net_pair();
	self->a = (struct end){ .ns = NS_A, .addr = inet_addr(ADDR_A), .port = 4000 };
	self->b = (struct end){ .ns = NS_B, .addr = inet_addr(ADDR_B), .port = 80 };
	self->a.other = &self->b;
	self->b.other = &self->a;
	for (int i = 0; i < 2; i++) {
		enum net_ns ns = i ? NS_B : NS_A;

		net_rto(ns, 100, 1000);
		net_hstp(ns, "msl_ms", 100);
		net_hstp(ns, "delack_ms", 10);
		net_hstp(ns, "retries", 8);
		net_hstp(ns, "orphan_retries", 8);
		net_hstp(ns, "fin_timeout", 2000);
	}
	self->nl = nl_open(NS_A);
	self->listener = fd_listen(&self->b, 4);
}

/* Nothing of any of them is left. */
FIXTURE_TEARDOWN(faults)
{
	fd_close(self->listener);
	WAIT_MS(!conn_count(NS_A) && !conn_count(NS_B), 2 * PATIENCE_S * 1000);
	stats_sums(NS_A);
	stats_sums(NS_B);
}

static void send_some(struct side *s)
{
	while (s->sent < SIZE) {
		int left = SIZE - s->sent, len = left < 8192 ? left : 8192;
		ssize_t n = send(s->fd, stream_text(s->seed, s->sent, len), len,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0) {
			if (errno != EAGAIN)
				s->error = errno;
			return;
		}
		s->sent += (int)n;
	}
	if (!s->closed && shutdown(s->fd, SHUT_WR))
		s->error = errno;
	s->closed = true;
}

static void receive_some(struct side *s)
{
	char buf[8192];
	ssize_t n;

	while ((n = recv(s->fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0) {
		NEED(s->got + n <= SIZE);
		if (memcmp(buf, stream_text(s->peer_seed, s->got, (int)n), n))
			die(__FILE__, __LINE__, "what was not sent was read after %d bytes",
			    s->got);
		s->got += (int)n;
	}
	if (!n)
		s->ended = true;
	else if (errno != EAGAIN)
		s->error = errno;
}

static bool done(const struct side *s)
{
	return s->error || (s->sent == SIZE && s->ended);
}

/* Until both have come to an end, good or bad. */
static void exchange(const char *what, struct side side[2])
{
	uint64_t end = now_ms() + PATIENCE_S * 1000;

	while (!done(&side[0]) || !done(&side[1])) {
		for (int i = 0; i < 2; i++) {
			if (done(&side[i]))
				continue;
			send_some(&side[i]);
			if (!side[i].ended)
				receive_some(&side[i]);
		}
		if (now_ms() > end)
			die(__FILE__, __LINE__, "%s: stuck after %d, %d; %d, %d bytes", what,
			    side[0].sent, side[0].got, side[1].sent, side[1].got);
		usleep(POLL_US / 5);
	}
}

/* A connection, and what becomes of it. The rules are there from its first segment on. */
static void under(const char *what, struct end *a, struct end *b, int listener,
		  struct side side[2])
{
	int on = 1, level;

	a->port++;
	side[0] = (struct side){ .seed = a->port, .peer_seed = a->port + 1 };
	side[1] = (struct side){ .seed = a->port + 1, .peer_seed = a->port };
	side[0].fd = fd_start(a);
	if (fd_connected(side[0].fd))
		die(__FILE__, __LINE__, "%s: does not open", what);
	side[1].fd = fd_accept(listener);
	for (int i = 0; i < 2; i++) {
		/* Urgent bytes stay where they are (RFC 6093 section 3.1). */
		TRY(setsockopt(side[i].fd, SOL_SOCKET, SO_OOBINLINE, &on, sizeof(on)));
		/* Who only listens must notice that the other is gone. */
		level = fd_level(side[i].fd);
		TRY(setsockopt(side[i].fd, level, TCP_KEEPIDLE, &on, sizeof(on)));
		TRY(setsockopt(side[i].fd, level, TCP_KEEPINTVL, &on, sizeof(on)));
		TRY(setsockopt(side[i].fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
		fd_block(side[i].fd, false);
	}
	exchange(what, side);
	for (int i = 0; i < 2; i++)
		fd_close(side[i].fd);
}

struct mischief {
	const char *what;
	struct fault first, second;	/* the second, if it has a direction */
};

/* Everything arrives, in spite of it; and it did happen. */
static void survives(struct __test_metadata *_metadata, struct scene *self,
		     const struct mischief *m, int count)
{
	for (; count--; m++) {
		struct side side[2];
		uint32_t id = fault_add_at(__LINE__, self->nl, &m->first);

		if (m->second.way)
			fault_add_at(__LINE__, self->nl, &m->second);
		under(m->what, &self->a, &self->b, self->listener, side);
		for (int i = 0; i < 2; i++)
			if (side[i].error || side[i].got != SIZE)
				die(__FILE__, __LINE__, "%s: %s after %d bytes", m->what,
				    strerror(side[i].error), side[i].got);
		if (!fault_counts(self->nl, id).acted)
			die(__FILE__, __LINE__, "%s: nothing happened", m->what);
		SAME(fault_flush(self->nl), 0);
		TH_LOG("%s", m->what);
	}
}

#define MAD(text, ...)	{ .what = text, .first = { __VA_ARGS__ } }
#define TWICE_MAD(text, other, ...) \
	{ .what = text, .first = { __VA_ARGS__ }, .second = { other } }
#define SURVIVES(all) survives(_metadata, self, all, sizeof(all) / sizeof(*(all)))

/* MUST-7: timestamps are first in text, MSS in a SYN. */
TEST_F(faults, options_of_illegal_length)
{
	static const struct mischief all[] = {
		MAD("timestamps of 9", TEXTS, WORD(1, 1, 8, 9)),
		MAD("timestamps past the header", TEXTS, WORD(1, 1, 8, 11)),
		MAD("timestamps of 0", TEXTS, WORD(1, 1, 8, 0)),
		MAD("blocks of 3", TEXTS, WORD(1, 1, 5, 3)),
		MAD("MSS of 0", TEXTS, WORD(2, 0, 1, 1)),
		MAD("an unknown one of 1", TEXTS, WORD(77, 1, 1, 1)),
		MAD("an unknown one of 255", TEXTS, WORD(77, 255, 1, 1)),
		MAD("MSS of 3 on the SYN", .way = OUT, .set = SYN, .nth = 1, WORD(2, 3, 5, 180)),
		MAD("MSS of 0 on the SYN", .way = OUT, .set = SYN, .nth = 1, WORD(2, 0, 5, 180)),
		MAD("MSS of 41 on the SYN,ACK",
		    .way = IN, .set = SYN, .nth = 1, WORD(2, 41, 5, 180)),
		MAD("scale of 2 on the SYN,ACK",
		    .way = IN, .set = SYN, .nth = 1, WORD(3, 2, 1, 1)),
		MAD("timestamps of 3 on the FIN",
		    .way = IN, .set = FIN, .nth = 1, WORD(1, 1, 8, 3)),
		MAD("an unknown one of 0 on ACKs", ACKS, .text = NO_TEXT, WORD(9, 0, 1, 1)),
	};

	SURVIVES(all);
}

/* ... and of those that only a SYN has, or has filled in otherwise. */
TEST_F(faults, options_of_illegal_length_on_syns)
{
#define FIRST_SYN	.way = OUT, .set = SYN, .nth = 1
#define FIRST_SYN_ACK	.way = IN, .set = SYN, .nth = 1

	static const struct mischief all[] = {
		MAD("SACK-permitted of 0", FIRST_SYN, WORD(4, 0, 1, 1)),
		MAD("SACK-permitted of 1", FIRST_SYN, WORD(4, 1, 1, 1)),
		MAD("SACK-permitted of 3", FIRST_SYN, WORD(4, 3, 0, 1)),
		MAD("SACK-permitted of 41", FIRST_SYN_ACK, WORD(4, 41, 1, 1)),
		MAD("SACK-permitted of 4 on the SYN,ACK", FIRST_SYN_ACK, WORD(4, 4, 9, 9)),
		MAD("timestamps of 2", FIRST_SYN, WORD(8, 2, 1, 1)),
		MAD("timestamps of 4", FIRST_SYN, WORD(8, 4, 9, 9)),
		MAD("timestamps of 0 on the SYN,ACK", FIRST_SYN_ACK, WORD(8, 0, 1, 1)),
		MAD("timestamps of 255 on the SYN,ACK", FIRST_SYN_ACK, WORD(8, 255, 1, 1)),
		MAD("scale of 0", FIRST_SYN, WORD(3, 0, 7, 1)),
		MAD("scale of 4 on the SYN,ACK", FIRST_SYN_ACK, WORD(3, 4, 7, 7)),
		MAD("blocks of 2 on the SYN,ACK", FIRST_SYN_ACK, WORD(5, 2, 1, 1)),
	};

	SURVIVES(all);
}

/* ... whose kind is the header's last byte, so that its length would be in the text: without the
 * options that can be switched off a SYN has the four bytes of its MSS alone.
 */
TEST_F(faults, options_at_the_end)
{
	static const struct mischief all[] = {
		MAD("MSS", FIRST_SYN, WORD(1, 1, 1, 2)),
		MAD("SACK-permitted on the SYN,ACK", FIRST_SYN_ACK, WORD(1, 1, 1, 4)),
		MAD("timestamps on the SYN,ACK", FIRST_SYN_ACK, WORD(1, 1, 1, 8)),
		MAD("an unknown one", FIRST_SYN, WORD(1, 1, 1, 77)),
	};
	static const char *const off[] = { "window_scaling", "timestamps", "sack" };

	for (int i = 0; i < 3; i++) {
		net_hstp(NS_A, off[i], 0);
		net_hstp(NS_B, off[i], 0);
	}
	SURVIVES(all);
}

/* MUST-65, RFC 7323 section 2.2, RFC 2018 section 2, and section 3.2 of RFC 7323: where
 * timestamps are agreed on, what has none is thrown away.
 */
TEST_F(faults, options_in_the_wrong_place)
{
	static const struct mischief all[] = {
		MAD("scale twice on the SYN", .way = OUT, .set = SYN, .nth = 1, WORD(3, 3, 9, 1)),
		MAD("scale twice on the SYN,ACK",
		    .way = IN, .set = SYN, .nth = 1, WORD(3, 3, 1, 1)),
		MAD("SACK-permitted twice",
		    .way = IN, .set = SYN, .nth = 1, WORD(4, 2, 4, 2)),
		MAD("the end of the list on text", TEXTS, WORD(0, 0, 0, 0)),
		MAD("MSS on text", TEXTS, WORD(2, 4, 0, 1)),
		MAD("SACK-permitted on text", TEXTS, WORD(1, 1, 4, 2)),
		MAD("scale on text", TEXTS, WORD(3, 3, 14, 0)),
		MAD("the options of a SYN without it",
		    .way = OUT, .set = SYN, .nth = 1, CHANGES(FLAGS, CLEAR, SYN)),
		MAD("those of a SYN,ACK without SYN",
		    .way = IN, .set = SYN, .nth = 1, CHANGES(FLAGS, CLEAR, SYN)),
		MAD("SYN on text", TEXTS, CHANGES(FLAGS, ADD, SYN)),
	};

	SURVIVES(all);
}

/* Fifth: an ACK of what was not sent is answered and dropped; MUST-34: windows shrink. */
TEST_F(faults, acks_and_windows)
{
	static const struct mischief all[] = {
		MAD("an ACK of one more", ACKS, CHANGES(ACK, ADD, 10 << 20)),
		MAD("an ACK from the other half", ACKS, CHANGES(ACK, ADD, 0x7fffff00)),
		MAD("an old ACK", ACKS, CHANGES(ACK, ADD, -100000000)),
		MAD("no window", ACKS, CHANGES(WINDOW, SET, 0)),
		MAD("a window of 1", ACKS, CHANGES(WINDOW, SET, 1)),
		MAD("all the window that there is", ACKS, CHANGES(WINDOW, SET, 65535)),
		MAD("a number beyond the window", TEXTS, CHANGES(SEQ, ADD, 0x10000000)),
		MAD("a number long gone", TEXTS, CHANGES(SEQ, ADD, -0x10000000)),
		MAD("text without ACK", TEXTS, CHANGES(FLAGS, CLEAR, ACK)),
	};

	SURVIVES(all);
}

/* RFC 2018, RFC 6675: text is lost on the way out, and what comes back does not say which. */
TEST_F(faults, blocks)
{
#define LOSSES	.way = OUT, .text = TEXT, .every = 6, .count = 8, .action = DROP
#define BLOCKS	.way = IN, .every = 1

	static const struct mischief all[] = {
		TWICE_MAD("edges far to the right", LOSSES,
			  BLOCKS, CHANGES(SACK_RIGHT, ADD, 100000000)),
		TWICE_MAD("a little to the right", LOSSES,
			  BLOCKS, CHANGES(SACK_RIGHT, ADD, 1448)),
		TWICE_MAD("what is missing is here", LOSSES,
			  BLOCKS, CHANGES(SACK_LEFT, ADD, -1448)),
		TWICE_MAD("all is here", LOSSES,
			  BLOCKS, CHANGES(SACK_LEFT, ADD, -10000000)),
		TWICE_MAD("turned round", LOSSES,
			  BLOCKS, CHANGES(SACK_LEFT, ADD, 100000)),
		TWICE_MAD("half of all numbers", LOSSES,
			  BLOCKS, CHANGES(SACK_RIGHT, ADD, 0x7fffffff)),
		TWICE_MAD("none at all", LOSSES,
			  BLOCKS, CHANGES(SACK_RIGHT, SET, 0)),
	};

	SURVIVES(all);
}

/* RFC 7323 section 5.3, R1: older is thrown away. Section 4.1: an echo is believed as far as
 * it can be true.
 */
TEST_F(faults, stamps)
{
	static const struct mischief all[] = {
		MAD("of long ago", TEXTS, CHANGES(TSVAL, ADD, -100000000)),
		MAD("of the other half", TEXTS, CHANGES(TSVAL, ADD, 0x80000000)),
		MAD("on ACKs", ACKS, .text = NO_TEXT, CHANGES(TSVAL, ADD, -100000)),
		MAD("echo of nothing", ACKS, CHANGES(TSECR, SET, 0)),
		MAD("echo of the future", ACKS, CHANGES(TSECR, ADD, 100000)),
		MAD("echo of long ago", ACKS, CHANGES(TSECR, ADD, -0x7fffffff)),
		MAD("echo on the SYN,ACK",
		    .way = IN, .set = SYN, .nth = 1, CHANGES(TSECR, ADD, -100000)),
	};

	SURVIVES(all);
}

/* MUST-31: a pointer to anywhere. */
TEST_F(faults, urgent)
{
#define POINTS		TEXTS, CHANGES(FLAGS, ADD, URG)
#define POINTS_ALONE	ACKS, .text = NO_TEXT, CHANGES(FLAGS, ADD, URG)

	static const struct mischief all[] = {
		TWICE_MAD("past the text", POINTS, TEXTS, CHANGES(URGENT, SET, 65535)),
		MAD("at the first byte", TEXTS, CHANGES(FLAGS, ADD, URG)),
		TWICE_MAD("into the next segment", POINTS, TEXTS, CHANGES(URGENT, SET, 2000)),
		TWICE_MAD("without text", POINTS_ALONE, ACKS, .text = NO_TEXT,
			  CHANGES(URGENT, SET, 999)),
		MAD("without URG", TEXTS, CHANGES(URGENT, SET, 7)),
		MAD("on the SYN,ACK",
		    .way = IN, .set = SYN, .nth = 1, CHANGES(FLAGS, ADD, URG)),
		MAD("a FIN that is lost",
		    .way = IN, .set = FIN, .nth = 1, CHANGES(FLAGS, CLEAR, FIN)),
	};

	SURVIVES(all);
}

/* The other end, which has accepted the connection: what it gets, the host of the first changes
 * on the way out.
 */
TEST_F(faults, the_accepted_end)
{
#define TEXTS_OUT	.way = OUT, .text = TEXT, .every = 5, .count = 10
#define ACKS_OUT	.way = OUT, .set = ACK, .clear = SYN | RST, .every = 3, .count = 12

	static const struct mischief all[] = {
		MAD("timestamps of 9", TEXTS_OUT, WORD(1, 1, 8, 9)),
		MAD("an unknown option of 0 on ACKs", ACKS_OUT, .text = NO_TEXT, WORD(9, 0, 1, 1)),
		MAD("scale on text", TEXTS_OUT, WORD(3, 3, 14, 0)),
		MAD("SYN on text", TEXTS_OUT, CHANGES(FLAGS, ADD, SYN)),
		MAD("an ACK of one more", ACKS_OUT, CHANGES(ACK, ADD, 10 << 20)),
		MAD("no window", ACKS_OUT, CHANGES(WINDOW, SET, 0)),
		MAD("a number beyond the window", TEXTS_OUT, CHANGES(SEQ, ADD, 0x10000000)),
		MAD("text without ACK", TEXTS_OUT, CHANGES(FLAGS, CLEAR, ACK)),
		MAD("a stamp of long ago", TEXTS_OUT, CHANGES(TSVAL, ADD, -100000000)),
		MAD("echo of the future", ACKS_OUT, CHANGES(TSECR, ADD, 100000)),
		MAD("urgent", TEXTS_OUT, CHANGES(FLAGS, ADD, URG)),
	};

	SURVIVES(all);
}

/* In a state after close(), and in which the peer has: what is done to the first segment that
 * arrives there. Everything has its end all the same, without an error. What is named with states
 * is done in these alone: after a stamp that jumps ahead all others are old (a_clock_that_jumps).
 */
static const struct fault later[] = {
	{ WORD(1, 1, 8, 3) }, { WORD(9, 0, 1, 1) }, { WORD(2, 3, 0, 0) },
	{ CHANGES(ACK, ADD, 1 << 20) }, { CHANGES(ACK, ADD, 0x7fffff00) },
	{ CHANGES(ACK, ADD, -(1 << 20)) }, { CHANGES(SEQ, ADD, 0x10000000) },
	{ CHANGES(SEQ, ADD, -0x10000000) }, { CHANGES(WINDOW, SET, 0) },
	{ CHANGES(TSVAL, ADD, -100000000) }, { CHANGES(TSECR, ADD, 100000) },
	{ CHANGES(FLAGS, ADD, URG) }, { CHANGES(FLAGS, ADD, SYN) },
	{ CHANGES(FLAGS, CLEAR, ACK) }, { CHANGES(URGENT, SET, 65535) },
	{ CHANGES(TSVAL, ADD, 1 << 30),
	  .states = 1 << HSTP_NL_STATE_CLOSING | 1 << HSTP_NL_STATE_LAST_ACK |
		    1 << HSTP_NL_STATE_TIME_WAIT },
};

static uint32_t in_state(struct scene *self, int state, const struct fault *what)
{
	struct fault f = *what;

	f.way = IN;
	f.states = 1 << state;
	f.nth = 1;
	return fault_add_at(__LINE__, self->nl, &f);
}

static void shut_and_be(const struct end *end, int fd, const char *state)
{
	fd_shut(fd, SHUT_WR);
	WAIT(!strcmp(state_of(end), state));
}

/* Whose turn it is, A's state being the one that is meant: A has closed first, or B, or both. */
static uint32_t closes(struct scene *self, int state, const struct fault *what, int fd, int peer)
{
	struct end *a = &self->a;
	uint32_t id = 0;

	switch (state) {
	case HSTP_NL_STATE_FIN_WAIT_1:	/* the ACK of its FIN */
		id = in_state(self, state, what);
		shut_and_be(a, fd, "FIN-WAIT-2");
		break;
	case HSTP_NL_STATE_FIN_WAIT_2:	/* text */
		shut_and_be(a, fd, "FIN-WAIT-2");
		id = in_state(self, state, what);
		fd_send(peer, "text");
		fd_recv(fd, "text");
		break;
	case HSTP_NL_STATE_CLOSING:	/* the ACK of a FIN that comes late */
		fault_add(self->nl, .way = OUT, .set = FIN,
			  .states = 1 << HSTP_NL_STATE_FIN_WAIT_1, .action = DROP);
		id = in_state(self, state, what);
		shut_and_be(a, fd, "FIN-WAIT-1");
		break;
	case HSTP_NL_STATE_CLOSE_WAIT:	/* the ACK of its text */
		shut_and_be(&self->b, peer, "FIN-WAIT-2");
		WAIT(!strcmp(state_of(a), "CLOSE-WAIT"));
		id = in_state(self, state, what);
		fd_send(fd, "text");
		fd_recv(peer, "text");
		WAIT(fault_counts(self->nl, id).acted);
		shut_and_be(a, fd, "CLOSED");
		break;
	case HSTP_NL_STATE_LAST_ACK:	/* that of its FIN */
		shut_and_be(&self->b, peer, "FIN-WAIT-2");
		id = in_state(self, state, what);
		shut_and_be(a, fd, "CLOSED");
		break;
	case HSTP_NL_STATE_TIME_WAIT:	/* the peer's FIN again, since its ACK was lost */
		fault_add(self->nl, .way = OUT, .states = 1 << state, .nth = 1, .action = DROP);
		id = in_state(self, state, what);
		shut_and_be(a, fd, "FIN-WAIT-2");
		break;
	}
	if (strcmp(state_of(a), "CLOSED")) {
		fd_shut(peer, SHUT_WR);
		WAIT(!strcmp(state_of(a), "TIME-WAIT"));
	}
	return id;
}

TEST_F(faults, in_later_states)
{
	static const int states[] = {
		HSTP_NL_STATE_FIN_WAIT_1, HSTP_NL_STATE_FIN_WAIT_2, HSTP_NL_STATE_CLOSE_WAIT,
		HSTP_NL_STATE_CLOSING, HSTP_NL_STATE_LAST_ACK, HSTP_NL_STATE_TIME_WAIT,
	};

	/* Long enough that a FIN sent again finds it, short enough to be waited for. */
	net_hstp(NS_A, "msl_ms", 10000);
	net_hstp(NS_B, "msl_ms", 10000);
	for (size_t s = 0; s < sizeof(states) / sizeof(*states); s++) {
		for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++) {
			int fd, peer;
			uint32_t id;

			if (later[i].states && !(later[i].states & 1 << states[s]))
				continue;
			self->a.port++;
			fd = fd_start(&self->a);
			SAME(fd_connected(fd), 0);
			peer = fd_accept(self->listener);
			TH_LOG("state %d, change %d", states[s], (int)i);
			id = closes(self, states[s], &later[i], fd, peer);
			WAIT(!strcmp(state_of(&self->b), "LISTEN") ||
			     !strcmp(state_of(&self->b), "TIME-WAIT"));
			SAME(fault_counts(self->nl, id).acted, 1);
			SAME(fault_flush(self->nl), 0);
			SAME(fd_error(fd), 0);
			SAME(fd_error(peer), 0);
			fd_eof(fd);
			fd_eof(peer);
			fd_close(fd);
			fd_close(peer);
		}
	}
	/* TIME-WAIT that has begun goes by the new value as well. */
	net_hstp(NS_A, "msl_ms", 100);
	net_hstp(NS_B, "msl_ms", 100);
}

/* Blocks that lie, after close(): of "one two" the first is lost, the second and the FIN are what
 * the peer holds, and says so. A is in FIN-WAIT-1, or in LAST-ACK when the peer has closed first.
 */
static int lies_after_close(struct scene *self, const struct fault *what, bool second)
{
	int fd, peer, state = second ? HSTP_NL_STATE_LAST_ACK : HSTP_NL_STATE_FIN_WAIT_1, acted;
	uint32_t id;

	self->a.port++;
	fd = fd_start(&self->a);
	SAME(fd_connected(fd), 0);
	peer = fd_accept(self->listener);
	fd_nodelay(fd);
	if (second) {
		shut_and_be(&self->b, peer, "FIN-WAIT-2");
		WAIT(!strcmp(state_of(&self->a), "CLOSE-WAIT"));
	}
	fault_add(self->nl, .way = OUT, .text = TEXT, .nth = 1, .action = DROP);
	id = in_state(self, state, what);
	fd_send(fd, "one ");
	fd_send(fd, "two");
	fd_shut(fd, SHUT_WR);
	fd_recv(peer, "one two");
	fd_eof(peer);
	if (!second)
		fd_shut(peer, SHUT_WR);
	WAIT(!strcmp(state_of(&self->a), second ? "CLOSED" : "TIME-WAIT"));
	fd_eof(fd);
	SAME(fd_error(fd), 0);
	SAME(fd_error(peer), 0);
	acted = fault_counts(self->nl, id).acted;
	SAME(fault_flush(self->nl), 0);
	fd_close(fd);
	fd_close(peer);
	return acted;
}

TEST_F(faults, blocks_after_close)
{
	static const struct fault lies[] = {
		{ CHANGES(SACK_RIGHT, ADD, 100000000) }, { CHANGES(SACK_RIGHT, ADD, 1) },
		{ CHANGES(SACK_LEFT, ADD, -4) }, { CHANGES(SACK_LEFT, ADD, 100000) },
		{ CHANGES(SACK_RIGHT, SET, 0) },
	};

	int acted = 0;

	net_hstp(NS_A, "msl_ms", 10000);
	net_hstp(NS_B, "msl_ms", 10000);
	for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++)
		for (int second = 0; second < 2; second++)
			acted += lies_after_close(self, &lies[i], second);
	/* On a slow machine "one " may go again before there is a block. */
	NEED(acted > 0);
	net_hstp(NS_A, "msl_ms", 100);
	net_hstp(NS_B, "msl_ms", 100);
}

/* What follows ends the connection, and is not to be survived: no byte is wrong before. */
static void ends(struct scene *self, const struct mischief *m, struct side side[2])
{
	uint32_t id = fault_add_at(__LINE__, self->nl, &m->first);

	under(m->what, &self->a, &self->b, self->listener, side);
	SAME(fault_counts(self->nl, id).acted, 1);
	SAME(fault_flush(self->nl), 0);
}

/* Seventh: "ignore the segment text": A has read an end that B did not send, and reads nothing
 * after it. B's text is not acknowledged any more, which its program need not learn.
 */
TEST_F(faults, text_past_a_fin)
{
	static const struct mischief m = MAD("a FIN too early", ONE_TEXT,
						  CHANGES(FLAGS, ADD, FIN));
	struct side side[2];

	ends(self, &m, side);
	NEED(side[0].ended && side[0].got < SIZE);
	NEED(side[1].error || side[1].got == SIZE);
	NEED(stat_now(NS_A, "drop after_fin") > 0);
}

/* Second: a reset at RCV.NXT is a reset. */
TEST_F(faults, a_reset)
{
	static const struct mischief m = MAD("RST on text", ONE_TEXT,
						  CHANGES(FLAGS, ADD, RST));
	struct side side[2];

	ends(self, &m, side);
	SAME(side[0].error, ECONNRESET);
	NEED(side[0].got < SIZE);
	NEED(side[1].error == ECONNRESET || side[1].error == EPIPE || side[1].error == ETIMEDOUT);
}

/* RFC 7323 section 5.3: a clock that has jumped ahead once makes all that follows old, text and
 * answers to probes: A hears nothing that counts any more.
 */
TEST_F(faults, a_clock_that_jumps)
{
	static const struct mischief m = MAD("TSval 12 days ahead", ONE_TEXT,
						  CHANGES(TSVAL, ADD, 1 << 30));
	struct side side[2];

	ends(self, &m, side);
	NEED(side[0].error == ETIMEDOUT || side[0].error == ECONNRESET);
	NEED(side[0].got < SIZE);
	NEED(stat_now(NS_A, "drop old_timestamp") > 0);
}

TEST_HARNESS_MAIN
