// SPDX-License-Identifier: GPL-2.0
/* Exchange 2: both ends open at the same time, RFC 9293 section 3.5, figure 7; MUST-10. */
#include "lib/exchange.h"

/* <SEQ=ISS> goes twice, first as SYN, then as SYN,ACK: our SYN is sent again. */
#define CROSSED							\
	"transition CLOSED SYN-SENT open-active 1",		\
	"transition SYN-SENT SYN-RECEIVED syn 1",		\
	"transition SYN-RECEIVED ESTABLISHED ack 1",		\
	"retransmit 1"

/* After figure 7's last line an end may acknowledge the other's SYN once more. */
static void let_acks_pass(struct end *from)
{
	struct seen *seen;

	wire_sync(from->ns);
	while ((seen = wire_next(from, 0))) {
		SAME(seen->flags, ACK);
		SAME(seen->len, 0);
		if (from->other->ns != NS_T)
			wire_deliver(seen);
	}
}

/* Figure 7 with both SYNs and both SYN,ACKs crossing: one connection, on each side. */
TEST_F(relay, all_cross)
{
	struct end *a = &self->a, *b = &self->b;
	int a_fd = fd_start(a), b_fd = fd_start(b);
	struct seen *a_syn = wire_expect(a, SYN, 100);
	struct seen *b_syn = wire_expect(b, SYN, 300);
	struct seen *a_syn_ack, *b_syn_ack;

	state_is(a, "SYN-SENT");
	state_is(b, "SYN-SENT");
	wire_deliver(b_syn);
	wire_deliver(a_syn);
	a_syn_ack = wire_expect(a, SYN | ACK, 100, 301);
	b_syn_ack = wire_expect(b, SYN | ACK, 300, 101);
	state_is(a, "SYN-RECEIVED");
	state_is(b, "SYN-RECEIVED");
	ASSERT_EQ(0, fd_events(a_fd, POLLOUT, 0));
	wire_deliver(b_syn_ack);
	state_is(a, "ESTABLISHED");
	wire_deliver(a_syn_ack);
	state_is(b, "ESTABLISHED");
	let_acks_pass(a);
	let_acks_pass(b);

	ASSERT_EQ(0, fd_connected(a_fd));
	ASSERT_EQ(0, fd_connected(b_fd));
	ASSERT_EQ(1, conn_count(NS_A));
	ASSERT_EQ(1, conn_count(NS_B));
	fd_send(a_fd, "from a");
	wire_pass(a, PSH | ACK, 101, 301, "from a");
	fd_recv(b_fd, "from a");
	wire_pass(b, ACK, 301, 107);
	fd_send(b_fd, "from b");
	wire_pass(b, PSH | ACK, 301, 107, "from b");
	fd_recv(a_fd, "from b");
	wire_pass(a, ACK, 107, 307);
	STATS(NS_A, CROSSED);
	STATS(NS_B, CROSSED);
}

/* One SYN is lost: the end that got one is in SYN-RECEIVED, and its SYN,ACK is what the
 * other waits for in SYN-SENT.
 */
TEST_F(relay, one_syn_lost)
{
	struct end *a = &self->a, *b = &self->b;
	int a_fd = fd_start(a), b_fd = fd_start(b);

	wire_lose(a, SYN, 100);
	wire_pass(b, SYN, 300);
	wire_pass(a, SYN | ACK, 100, 301);
	state_is(a, "SYN-RECEIVED");
	wire_pass(b, ACK, 301, 101);
	state_is(b, "ESTABLISHED");
	state_is(a, "ESTABLISHED");
	ASSERT_EQ(0, fd_connected(a_fd));
	ASSERT_EQ(0, fd_connected(b_fd));
	wire_silence(a);
	wire_silence(b);
	STATS(NS_A, CROSSED);
	STATS(NS_B, OPEN_ACTIVE);
}

/* Section 3.10.7.4, fifth: a bare ACK of the SYN establishes as well. */
TEST_F(peer, plain_ack)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = fd_start(it);

	wire_expect(it, SYN, 300);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	state_is(it, "SYN-RECEIVED");
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	ASSERT_EQ(0, fd_connected(fd));
	wire_silence(it);
	STATS(NS_A, CROSSED);
}

/* The SYN,ACK of figure 7, line 6, from the tester; then text. */
TEST_F(peer, syn_ack)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = fd_start(it);

	wire_expect(it, SYN, 300);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, SYN | ACK, 100, 301);
	state_is(it, "ESTABLISHED");
	let_acks_pass(it);
	wire_send(us, PSH | ACK, 101, 301, "hello");
	wire_expect(it, ACK, 301, 106);
	ASSERT_EQ(0, fd_connected(fd));
	fd_recv(fd, "hello");
	STATS(NS_A, CROSSED);
}

/* 3.10.7.3 fourth: "If there are other controls or text in the segment, queue them for
 * processing after the ESTABLISHED state has been reached". They are not acknowledged before.
 */
static int text_crosses(struct end *us, struct end *it, uint8_t flags)
{
	int fd = fd_start(it);

	wire_expect(it, SYN, 300);
	wire_send(us, SYN | flags, 100, 0, "early");
	wire_expect(it, SYN | ACK, 300, 101);
	state_is(it, "SYN-RECEIVED");
	fd_empty(fd);
	return fd;
}

TEST_F(peer, text_on_the_syn)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = text_crosses(us, it, 0);

	wire_send(us, SYN | ACK, 100, 301);
	wire_expect(it, ACK, 301, 106);
	state_is(it, "ESTABLISHED");
	ASSERT_EQ(0, fd_connected(fd));
	fd_recv(fd, "early");
	wire_send(us, PSH | ACK, 101, 301, "early");
	wire_expect(it, ACK, 301, 106);
	wire_send(us, PSH | ACK, 106, 301, "late");
	wire_expect(it, ACK, 301, 110);
	fd_recv(fd, "late");
	fd_empty(fd);
	STATS(NS_A, CROSSED, "drop duplicate 1");
}

/* What acknowledges our SYN may have it again, and more. */
TEST_F(peer, text_on_the_syn_and_the_ack)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = text_crosses(us, it, 0);

	wire_send(us, PSH | ACK, 101, 301, "early bird");
	wire_expect(it, ACK, 301, 111);
	ASSERT_EQ(0, fd_connected(fd));
	fd_recv(fd, "early bird");
	fd_empty(fd);
	STATS(NS_A, CROSSED);
}

TEST_F(peer, fin_on_the_syn)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = text_crosses(us, it, FIN);

	wire_send(us, ACK, 107, 301);
	wire_expect(it, ACK, 301, 107);
	state_is(it, "CLOSE-WAIT");
	ASSERT_EQ(0, fd_connected(fd));
	fd_recv(fd, "early");
	fd_eof(fd);
	STATS(NS_A, CROSSED, "transition ESTABLISHED CLOSE-WAIT fin 1");
}

/* Of an attempt that fails nothing is delivered, or stays. */
TEST_F(peer, text_on_the_syn_and_a_reset)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = text_crosses(us, it, FIN);

	NEED(stat_now(NS_A, "memory") > 0);
	/* Not at RCV.NXT, since they are not there yet */
	wire_send(us, RST, 107);
	wire_expect(it, ACK, 301, 101);
	state_is(it, "SYN-RECEIVED");
	wire_send(us, RST, 101);
	state_is(it, "CLOSED");
	SAME(fd_connected(fd), ECONNREFUSED);
	SAME(recv(fd, &(char){ 0 }, 1, 0), 0);
	SAME(stat_now(NS_A, "memory"), 0);
}

TEST_HARNESS_MAIN
