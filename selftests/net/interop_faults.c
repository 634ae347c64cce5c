// SPDX-License-Identifier: GPL-2.0
/* Exchanges of HSTP with Linux TCP that a bad network makes: nobody stands between them, but
 * rules of HSTP's namespace and netem lose, hold, double, reorder and damage what passes. RFC
 * 9293 sections 3.5, 3.6 and 3.8. A test's variant names the end that opens, or that the test
 * is about.
 */
#include "fault.h"
#include "lib/relay.h"
#include "lib/stream.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 240

#define NONE	0

/* What the functions of a test get from it as "self". */
#define scene _test_data_link

FIXTURE(link)
{
	struct end hstp, tcp;
	struct end *first, *second;	/* the variant's, the other one's */
	struct nl *nl;
};

FIXTURE_VARIANT(link)
{
	bool tcp;
};

FIXTURE_VARIANT_ADD(link, hstp)
{
	.tcp = false,
};

FIXTURE_VARIANT_ADD(link, tcp)
{
	.tcp = true,
};

FIXTURE_SETUP(link)
{
	interop_pair(&self->hstp, &self->tcp);
	interop_options(INTEROP_ALL);
	net_rto(NS_A, 300, 2000);
	self->first = variant->tcp ? &self->tcp : &self->hstp;
	self->second = variant->tcp ? &self->hstp : &self->tcp;
	self->nl = nl_open(NS_A);
}

FIXTURE_TEARDOWN(link)
{
	stats_sums(NS_A);
}

/* The way of what an end sends, as HSTP sees it. */
static int way_of(const struct end *end)
{
	return end->ns == NS_A ? OUT : IN;
}

/* The first segment of @end with and without these flags is lost. */
#define lose(end, with, without) \
	fault_add(self->nl, .way = way_of(end), .set = (with), .clear = (without), .nth = 1, \
		  .action = DROP)

static void open_link(struct scene *self, int fd[2])
{
	int listener = fd_listen(self->second, 5);

	fd[0] = fd_start(self->first);
	SAME(fd_connected(fd[0]), 0);
	fd[1] = fd_accept(listener);
	fd_close(listener);
	fd_nodelay(fd[0]);
	fd_nodelay(fd[1]);
}

static void greet(int one_fd, int other_fd)
{
	fd_send(one_fd, "greetings");
	fd_recv(other_fd, "greetings");
	fd_send(other_fd, "and back");
	fd_recv(one_fd, "and back");
}

/* Each of the three segments that open a connection, one lost at a time. */
TEST_F(link, opening_lost)
{
	const struct {
		struct end *from;
		uint8_t with, without;
	} losses[] = {
		{ self->first, SYN, ACK }, { self->second, SYN | ACK, NONE },
		{ self->first, ACK, SYN | PSH },
	};

	for (size_t i = 0; i < sizeof(losses) / sizeof(*losses); i++) {
		uint32_t id = lose(losses[i].from, losses[i].with, losses[i].without);
		int fd[2];

		open_link(self, fd);
		greet(fd[0], fd[1]);
		SAME(fault_counts(self->nl, id).acted, 1);
		SAME(fault_flush(self->nl), 0);
		fd_linger(fd[0], 1, 0);
		fd_close(fd[0]);
		state_wait(self->second, "CLOSED");
		fd_close(fd[1]);
		self->first->port++;
	}
}

/* Figure 7: every SYN is held until both are on their way, and so are the SYN,ACKs that answer
 * them. The variant's arrives first.
 */
TEST_F(link, simultaneous_open)
{
	uint32_t in = fault_add(self->nl, .way = IN, .set = SYN, .action = HOLD);
	uint32_t out = fault_add(self->nl, .way = OUT, .set = SYN, .action = HOLD);
	int fd[2];

	net_rto(NS_A, 10000, 20000);
	fd[0] = fd_start(self->first);
	fd[1] = fd_start(self->second);
	WAIT(held_count(self->nl) >= 2);
	state_is(self->first, "SYN-SENT");
	state_is(self->second, "SYN-SENT");
	SAME(held_release(self->nl, .rule = variant->tcp ? in : out, .count = 1), 1);
	state_wait(self->second, "SYN-RECEIVED");
	SAME(held_release(self->nl, .rule = variant->tcp ? out : in, .count = 1), 1);
	state_wait(self->first, "SYN-RECEIVED");
	SAME(fault_flush(self->nl), 0);
	SAME(fd_connected(fd[0]), 0);
	SAME(fd_connected(fd[1]), 0);
	state_wait(self->first, "ESTABLISHED");
	state_wait(self->second, "ESTABLISHED");
	greet(fd[0], fd[1]);
	stat_grew(NS_A, "transition SYN-SENT SYN-RECEIVED syn", 1);
}

/* Figure 13: a link so slow that both FINs are on their way at once. */
TEST_F(link, simultaneous_close)
{
	const char *slow = "netem delay 700ms";
	int fd[2];

	open_link(self, fd);
	greet(fd[0], fd[1]);
	if (net_status(NS_A, "tc qdisc add dev va root %s", slow) ||
	    net_status(NS_B, "tc qdisc add dev vb root %s", slow))
		SKIP(return, "this kernel has no netem");
	fd_close(fd[0]);
	fd_close(fd[1]);
	state_wait(&self->hstp, "TIME-WAIT");
	state_wait(&self->tcp, "TIME-WAIT");
	stat_grew(NS_A, "transition FIN-WAIT-1 CLOSING fin", 1);
	stat_grew(NS_A, "transition CLOSING TIME-WAIT fin-acked", 1);
	state_wait(&self->hstp, "CLOSED");
	/* What looks at the counters afterwards asks over the same link. */
	net_run(NS_A, "tc qdisc del dev va root");
	net_run(NS_B, "tc qdisc del dev vb root");
}

/* Each FIN, and the ACK of the last, lost once: figure 12 all the same. */
TEST_F(link, closing_lost)
{
	uint32_t fins[2], ack;
	int fd[2];

	net_hstp(NS_A, "msl_ms", 3000);
	open_link(self, fd);
	fins[0] = lose(self->first, FIN, NONE);
	fd_close(fd[0]);
	fd_eof(fd[1]);
	state_wait(self->first, "FIN-WAIT-2");
	fins[1] = lose(self->second, FIN, NONE);
	/* TIME-WAIT acknowledges each FIN that comes; the first time in vain. */
	ack = fault_add(self->nl, .way = way_of(self->first), .set = ACK, .clear = FIN, .nth = 1,
			.action = DROP);
	fd_close(fd[1]);
	state_wait(self->first, "TIME-WAIT");
	state_wait(self->second, "CLOSED");
	for (int i = 0; i < 2; i++)
		SAME(fault_counts(self->nl, fins[i]).acted, 1);
	SAME(fault_counts(self->nl, ack).acted, 1);
	if (!variant->tcp)
		state_wait(self->first, "CLOSED");
}

/* A FIN that comes three times: section 3.10.7.4, eighth, CLOSE-WAIT. */
TEST_F(link, fins_doubled)
{
	int fd[2];

	open_link(self, fd);
	fault_add(self->nl, .way = way_of(self->first), .set = FIN, .copies = 2,
		  .action = DUPLICATE);
	fd_close(fd[0]);
	fd_eof(fd[1]);
	state_wait(self->first, "FIN-WAIT-2");
	state_is(self->second, "CLOSE-WAIT");
	fd_close(fd[1]);
	state_wait(self->first, "TIME-WAIT");
	state_wait(self->second, "CLOSED");
	stat_grew(NS_A, "reset out no_connection", 0);
	stat_grew(NS_A, "reset in ignored", 0);
}

/* Figures 10 and 11: a reset that is lost leaves one end half-open; it learns of it when it
 * sends, or when the other asks for the same connection again.
 */
TEST_F(link, half_open)
{
	uint32_t id;
	int fd[2];

	open_link(self, fd);
	id = lose(self->first, RST, NONE);
	fd_linger(fd[0], 1, 0);
	fd_close(fd[0]);
	state_wait(self->first, "CLOSED");
	WAIT(fault_counts(self->nl, id).acted == 1);
	state_is(self->second, "ESTABLISHED");
	fd_send(fd[1], "anybody there");
	state_wait(self->second, "CLOSED");
	FAILS(ECONNRESET, recv(fd[1], &(char){ 0 }, 1, 0));
}

TEST_F(link, half_open_and_opened_again)
{
	int listener = fd_listen(self->second, 5), fd[2], again;

	fd[0] = fd_start(self->first);
	SAME(fd_connected(fd[0]), 0);
	fd[1] = fd_accept(listener);
	lose(self->first, RST, NONE);
	fd_linger(fd[0], 1, 0);
	fd_close(fd[0]);
	state_wait(self->first, "CLOSED");
	again = fd_start(self->first);
	SAME(fd_connected(again), 0);
	FAILS(ECONNRESET, recv(fd[1], &(char){ 0 }, 1, 0));
	fd_close(fd[1]);
	fd[1] = fd_accept(listener);
	greet(again, fd[1]);
}

/* Everything that rules can do to text, at once, both ways: what is read is what was sent. */
TEST_F(link, text)
{
	static const struct fault how[] = {
		{ .text = TEXT, .every = 23, .action = DROP },
		{ .text = TEXT, .every = 19, .action = CORRUPT },
		{ .text = TEXT, .every = 17, .action = REORDER },
		{ .text = TEXT, .every = 13, .action = DUPLICATE },
		{ .text = TEXT, .every = 11, .delay = 20, .action = DELAY },
	};
	const char *bad = "netem delay 1ms loss 2% duplicate 1%";
	struct stream pair[2];
	int fd[2];

	net_rto(NS_A, 100, 1000);
	net_hstp(NS_A, "retries", 100);
	open_link(self, fd);
	for (size_t i = 0; i < sizeof(how) / sizeof(*how); i++)
		fault_add_at(__LINE__, self->nl, &how[i]);
	if (net_status(NS_A, "tc qdisc add dev va root %s", bad) ||
	    net_status(NS_B, "tc qdisc add dev vb root %s", bad))
		SKIP(return, "this kernel has no netem");
	stream_pair(pair, fd[0], fd[1], 3, 500000);
	stream_run(pair, 2, 60000);
	SAME(fault_flush(self->nl), 0);
	net_run(NS_A, "tc qdisc del dev va root");
	net_run(NS_B, "tc qdisc del dev vb root");
	NEED(stat_now(NS_A, "retransmit") > 0);
	NEED(stat_now(NS_A, "drop checksum") > 0);
}

/* The same of half a connection: the other half was closed before (section 3.6). */
TEST_F(link, text_after_a_fin)
{
	struct stream pair[2];
	int fd[2];

	net_rto(NS_A, 100, 1000);
	open_link(self, fd);
	fault_add(self->nl, .text = TEXT, .every = 9, .action = DROP);
	fault_add(self->nl, .set = FIN, .nth = 1, .action = DROP);
	fd_shut(fd[0], SHUT_WR);
	fd_eof(fd[1]);
	state_wait(self->first, "FIN-WAIT-2");
	state_is(self->second, "CLOSE-WAIT");
	stream_pair(pair, fd[0], fd[1], 5, 200000);
	pair[0].size = 0;
	pair[0].sent = 0;
	pair[1].peer_size = 0;
	pair[1].ended = true;
	stream_run(pair, 2, 60000);
	state_wait(self->second, "CLOSED");
}

TEST_HARNESS_MAIN
