// SPDX-License-Identifier: GPL-2.0
/* Step mode: what is sent waits until it is told to go on; and how much can wait. */
#include "fault.h"

/* A handshake, segment by segment (RFC 9293 figure 6): nothing moves by itself. */
TEST_F(fault, handshake)
{
	struct end *us = &self->us, *it = &self->it;
	struct held_list *held;
	int fd;

	SAME(step_set(self->nl, true), 0);
	SAME(step_get(self->nl, HSTP_A_STEP_ENABLED), 1);
	fd = fd_start(it);
	wire_silence(it);
	held = held_all(self->nl);
	SAME(held->count, 1);
	SAME(held->at[0].why, HSTP_NL_HELD_WHY_STEP);
	SAME(held->at[0].rule, 0);
	SAME(held->at[0].out, 1);
	SAME(held->at[0].flags, SYN);
	NEED(!held->at[0].has_ack);
	SAME(held->at[0].lport, PORT_IT);
	SAME(held_release(self->nl, .count = 1), 1);
	wire_expect(it, SYN, 300);
	wire_send(us, SYN | ACK, 100, 301);
	SAME(fd_connected(fd), 0);
	wire_silence(it);
	state_is(it, "ESTABLISHED");
	held = held_all(self->nl);
	SAME(held->count, 1);
	SAME(held->at[0].flags, ACK);
	SAME(held->at[0].ack, 101);
	SAME(held_release(self->nl, .count = 1), 1);
	wire_expect(it, ACK, 301, 101);
	SAME(held_count(self->nl), 0);

	/* What arrives is not held. */
	wire_send(us, PSH | ACK, 101, 301, "in");
	fd_recv(fd, "in");
}

/* One, n, all; in the order in which they were sent. */
TEST_F(fault, how_many)
{
	struct end *us = &self->us, *it = &self->it;

	fault_open(us, it, &self->fd);
	SAME(step_set(self->nl, true), 0);
	for (int i = 0; i < 6; i++)
		fd_send(self->fd, "x");
	SAME(held_count(self->nl), 6);
	wire_silence(it);
	SAME(held_release(self->nl, .count = 1), 1);
	wire_expect(it, PSH | ACK, 301, 101, "x");
	wire_silence(it);
	SAME(held_release(self->nl, .count = 2), 2);
	wire_expect(it, PSH | ACK, 302, 101, "x");
	wire_expect(it, PSH | ACK, 303, 101, "x");
	wire_silence(it);
	SAME(held_release(self->nl, .count = 1, .drop = true), 1);
	wire_silence(it);
	SAME(held_release(self->nl), 2);
	wire_expect(it, PSH | ACK, 305, 101, "x");
	wire_expect(it, PSH | ACK, 306, 101, "x");
	SAME(held_release(self->nl), 0);
	wire_silence(it);
}

/* One connection's. */
TEST_F(fault, of_one_connection)
{
	struct end *us = &self->us, *it = &self->it, other_us, other_it;
	int other;

	fault_open(us, it, &self->fd);
	wire_ends(&other_us, NS_T, 4001, &other_it, NS_A, 81);
	fault_open(&other_us, &other_it, &other);
	SAME(step_set(self->nl, true), 0);
	fd_send(self->fd, "a");
	fd_send(other, "b");
	fd_send(self->fd, "c");
	SAME(held_release(self->nl, .local = ADDR_B), 0);
	SAME(held_release(self->nl, .remote = ADDR_A), 0);
	SAME(held_release(self->nl, .lport = 82), 0);
	SAME(held_release(self->nl, .local = ADDR_A, .lport = 81, .remote = ADDR_T,
			  .fport = 4001), 1);
	wire_expect(&other_it, PSH | ACK, 301, 101, "b");
	wire_silence(it);
	SAME(held_release(self->nl, .fport = PORT_US), 2);
	wire_expect(it, PSH | ACK, 301, 101, "a");
	wire_expect(it, PSH | ACK, 302, 101, "c");
}

/* Off: all that it has goes on; what rules have stays. */
TEST_F(fault, off)
{
	struct end *us = &self->us, *it = &self->it;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = OUT, .nth = 2, .action = HOLD);
	SAME(step_set(self->nl, true), 0);
	for (int i = 0; i < 3; i++)
		fd_send(self->fd, "x");
	SAME(held_count(self->nl), 3);
	SAME(step_set(self->nl, false), 0);
	SAME(step_get(self->nl, HSTP_A_STEP_ENABLED), 0);
	wire_expect(it, PSH | ACK, 301, 101, "x");
	wire_expect(it, PSH | ACK, 303, 101, "x");
	wire_silence(it);
	SAME(held_count(self->nl), 1);
	fd_send(self->fd, "y");
	wire_expect(it, PSH | ACK, 304, 101, "y");
	SAME(held_release(self->nl, .rule = id), 1);
	wire_expect(it, PSH | ACK, 302, 101, "x");
	SAME(step_set(self->nl, false), 0);
}

/* Rules come first: step mode has what they leave of it. */
TEST_F(fault, behind_rules)
{
	struct end *us = &self->us, *it = &self->it;
	struct held_list *held;

	fault_open(us, it, &self->fd);
	fault_add(self->nl, .way = OUT, .nth = 1, .action = DROP);
	fault_add(self->nl, .way = OUT, .nth = 1, .copies = 2, .action = DUPLICATE);
	fault_add(self->nl, .way = OUT, .nth = 1, .action = REORDER);
	fault_add(self->nl, .way = OUT, .nth = 1, MARKS);
	SAME(step_set(self->nl, true), 0);
	for (int i = 0; i < 4; i++)
		fd_send(self->fd, "x");
	held = held_all(self->nl);
	SAME(held->count, 5);
	for (int i = 0; i < 5; i++) {
		static const int seqs[] = { 302, 302, 302, 304, 303 };

		SAME(held->at[i].why, HSTP_NL_HELD_WHY_STEP);
		SAME(held->at[i].seq - it->shift, seqs[i]);
		SAME(held->at[i].window == MARK, seqs[i] == 304);
	}
	wire_silence(it);
	SAME(held_release(self->nl), 5);
	for (int i = 0; i < 3; i++)
		wire_expect(it, PSH | ACK, 302, 101, "x");
	wire_expect(it, PSH | ACK, 304, 101, "x", .wnd = MARK);
	wire_expect(it, PSH | ACK, 303, 101, "x");
}

/* There is a bound. What is beyond it is lost and counted, and nothing else is. */
TEST_F(fault, bound)
{
	struct end *us = &self->us, *it = &self->it;
	uint64_t most = step_get(self->nl, HSTP_A_STEP_MAX_HELD);
	struct fault_counts counts;
	struct held_list *held;
	uint32_t id;

	fault_open(us, it, &self->fd);
	id = fault_add(self->nl, .way = IN, .text = NO_TEXT, .action = HOLD);
	for (uint64_t i = 0; i < most + 76; i++)
		wire_send(us, ACK, 101, 301);
	WAIT(fault_counts(self->nl, id).matched == most + 76);
	counts = fault_counts(self->nl, id);
	SAME(counts.acted, most + 76);
	SAME(counts.overflow, 76);
	SAME(counts.held, most);
	SAME(step_get(self->nl, HSTP_A_STEP_OVERFLOW), 76);
	held = held_all(self->nl);
	SAME(held->count, most);
	for (int i = 1; i < held->count; i++)
		SAME(held->at[i].id, held->at[0].id + i);

	/* Step mode has no room either. */
	SAME(step_set(self->nl, true), 0);
	fd_send(self->fd, "lost");
	SAME(held_count(self->nl), most);
	SAME(step_get(self->nl, HSTP_A_STEP_OVERFLOW), 77);
	SAME(held_release(self->nl, .count = 24, .drop = true), 24);
	fd_send(self->fd, "kept");
	SAME(held_count(self->nl), most - 24 + 1);
	SAME(held_release(self->nl, .count = 1), 1);
	WAIT(stat_now(NS_A, "segments in") == 3);	/* two of the handshake */
	SAME(held_release(self->nl, .rule = id, .drop = true), most - 25);
	SAME(held_release(self->nl), 1);
	wire_expect(it, PSH | ACK, 305, 101, "kept");
	wire_silence(it);
	SAME(held_count(self->nl), 0);
	SAME(step_get(self->nl, HSTP_A_STEP_HELD_BYTES), 0);
	stat_grew(NS_A, "segments in", 1);
}

#define LARGE		60000	/* bytes of text, in segments as large as loopback takes them */
#define COPIES		100

/* There is a bound in bytes of memory, too, which large segments come to before there are too many
 * of them.
 */
TEST(bound_in_bytes)
{
	static char text[LARGE];
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = 80 };
	struct sockaddr_in to = addr_of(here.addr, here.port);
	uint64_t most, bytes, held, sent;
	int listener, fd[4];
	struct nl *nl;
	uint32_t id;

	net_alone();
	net_no_timers(NS_A);
	nl = nl_open(NS_A);
	most = step_get(nl, HSTP_A_STEP_MAX_BYTES);
	listener = fd_listen(&here, 4);
	for (int i = 0; i < 4; i++) {
		fd[i] = fd_new(NS_A);
		TRY(connect(fd[i], (struct sockaddr *)&to, sizeof(to)));
		fd_nodelay(fd[i]);
	}
	id = fault_add(nl, .way = OUT, .text = TEXT, .copies = COPIES, .action = DUPLICATE);
	SAME(step_set(nl, true), 0);
	/* All of them and their copies are more than there is room for. */
	for (int i = 0; i < 4; i++) {
		SAME(TRY(send(fd[i], text, LARGE, 0)), LARGE);
		sent = fault_counts(nl, id).matched * (COPIES + 1);
		held = held_count(nl);
		bytes = step_get(nl, HSTP_A_STEP_HELD_BYTES);
		SAME(held + step_get(nl, HSTP_A_STEP_OVERFLOW), sent);
		NEED(held < step_get(nl, HSTP_A_STEP_MAX_HELD));
		NEED(bytes <= most);
	}
	NEED(held < sent);
	/* There is no room for one more of them, but there is for a small one. */
	NEED(bytes + 2 * LARGE > most);
	SAME(fault_flush(nl), 0);
	fd_shut(fd[0], SHUT_WR);
	SAME(held_count(nl), held + 1);
	NEED(step_get(nl, HSTP_A_STEP_HELD_BYTES) <= most);
	SAME(held_release(nl, .count = (uint32_t)held, .drop = true), held);
	SAME(held_count(nl), 1);
	NEED(step_get(nl, HSTP_A_STEP_HELD_BYTES) < LARGE);
	SAME(step_set(nl, false), 0);
	SAME(held_count(nl), 0);
	SAME(step_get(nl, HSTP_A_STEP_HELD_BYTES), 0);
	for (int i = 0; i < 4; i++) {
		fd_linger(fd[i], 1, 0);
		fd_close(fd[i]);
	}
	fd_close(listener);
	stats_sums(NS_A);
}

/* A namespace's rules, step mode and segments are its own. */
TEST(per_namespace)
{
	struct end a = { .ns = NS_A, .port = 4000 }, b = { .ns = NS_B, .port = 80 };
	struct nl *nl_a, *nl_b;
	int listener, client;

	net_pair();
	a.addr = inet_addr(ADDR_A);
	b.addr = inet_addr(ADDR_B);
	a.other = &b;
	b.other = &a;
	net_no_timers(NS_A);
	nl_a = nl_open(NS_A);
	nl_b = nl_open(NS_B);
	SAME(step_set(nl_b, true), 0);
	fault_add(nl_b, .way = OUT, .fport = 1, .action = DROP);
	listener = fd_listen(&b, 1);
	client = fd_start(&a);
	WAIT(held_count(nl_b) == 1);
	SAME(held_count(nl_a), 0);
	SAME(step_get(nl_a, HSTP_A_STEP_ENABLED), 0);
	SAME(held_release(nl_a), 0);
	SAME(fault_flush(nl_a), 0);
	fault_did(nl_b, 1, 0, 0);
	SAME(held_release(nl_b), 1);
	SAME(fd_connected(client), 0);
	fd_close(fd_accept(listener));
}

TEST_HARNESS_MAIN
