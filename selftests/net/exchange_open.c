// SPDX-License-Identifier: GPL-2.0
/* Exchange 1: the three-way handshake, RFC 9293 section 3.5, figure 6. */
#include "lib/exchange.h"

#include <sys/syscall.h>

/* There is "!" to be had as urgent, and @text before it. */
static void urgent_byte_behind(int fd, const char *text)
{
	char byte = 0;

	SAME(fd_events(fd, POLLIN | POLLPRI, 0), POLLIN | POLLPRI);
	SAME(recv(fd, &byte, 1, MSG_OOB), 1);
	SAME(byte, '!');
	fd_recv(fd, text);
}

/* Figure 6, peer B. The connection is open before anybody accepts it. */
TEST_F(peer, passive)
{
	struct end *us = &self->us, *it = &self->it;
	struct sockaddr_in name;
	socklen_t len = sizeof(name);
	int listener, fd;

	state_is(it, "CLOSED");
	listener = fd_listen(it, 1);
	state_is(it, "LISTEN");
	STATS(NS_A, "transition CLOSED LISTEN open-passive 1");

	wire_send(us, SYN, 100, .mss = 1000);
	wire_expect(it, SYN | ACK, 300, 101, .mss = 1460);
	state_is(it, "SYN-RECEIVED");
	STATS(NS_A, "transition CLOSED LISTEN fork 1",
	      "transition LISTEN SYN-RECEIVED syn 1");
	fd_no_accept(listener);

	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	STATS(NS_A, "transition SYN-RECEIVED ESTABLISHED ack 1");
	wire_silence(it);

	fd = TRY(accept(listener, (struct sockaddr *)&name, &len));
	ASSERT_EQ(us->addr, name.sin_addr.s_addr);
	ASSERT_EQ(htons(us->port), name.sin_port);
	fd_empty(fd);
	fd_send(fd, "hello");
	wire_expect(it, PSH | ACK, 301, 101, "hello");
	wire_send(us, PSH | ACK, 101, 306, "welcome");
	fd_recv(fd, "welcome");
	wire_expect(it, ACK, 306, 108);
	STATS_NONE(NS_A);
}

/* Figure 6, peer A. */
TEST_F(peer, active)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = fd_start(it);

	wire_expect(it, SYN, 300, .mss = 1460);
	state_is(it, "SYN-SENT");
	STATS(NS_A, "transition CLOSED SYN-SENT open-active 1");
	ASSERT_EQ(0, fd_events(fd, POLLOUT, 0));

	wire_send(us, SYN | ACK, 100, 301, .mss = 1000);
	wire_expect(it, ACK, 301, 101);
	state_is(it, "ESTABLISHED");
	STATS(NS_A, "transition SYN-SENT ESTABLISHED syn-ack 1");
	ASSERT_EQ(0, fd_connected(fd));
	fd_send(fd, "hello");
	wire_expect(it, PSH | ACK, 301, 101, "hello");
	wire_silence(it);
}

/* Figure 6, both peers, and what a blocking connect() returns. */
TEST_F(relay, two_stacks)
{
	struct end *a = &self->a, *b = &self->b;
	struct st_call connect_call = { .nr = SYS_connect };
	int listener = fd_listen(b, 1), fd;

	connect_call.fd = fd_bound(a);
	connect_call.addr = addr_of(b->addr, b->port);
	call_asleep(&connect_call);
	wire_pass(a, SYN, 100);
	state_is(b, "SYN-RECEIVED");
	state_is(a, "SYN-SENT");
	wire_pass(b, SYN | ACK, 300, 101);
	call_returns(&connect_call, 0, 0);
	state_is(a, "ESTABLISHED");
	state_is(b, "SYN-RECEIVED");
	wire_pass(a, ACK, 101, 301);
	state_is(b, "ESTABLISHED");
	fd = fd_accept(listener);

	fd_send(connect_call.fd, "question");
	wire_pass(a, PSH | ACK, 101, 301, "question");
	fd_recv(fd, "question");
	wire_pass(b, ACK, 301, 109);
	fd_send(fd, "answer");
	wire_pass(b, PSH | ACK, 301, 109, "answer");
	fd_recv(connect_call.fd, "answer");
	wire_pass(a, ACK, 109, 307);
	STATS(NS_A, OPEN_ACTIVE);
	STATS(NS_B, OPEN_PASSIVE);
}

/* Section 3.10.7.4: after the ACK of the SYN the text of the segment is processed. */
TEST_F(peer, text_on_third_segment)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), fd;

	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, PSH | ACK, 101, 301, "early bird");
	wire_expect(it, ACK, 301, 111);
	state_is(it, "ESTABLISHED");
	fd = fd_accept(listener);
	fd_recv(fd, "early bird");
	fd_empty(fd);
	STATS(NS_A, OPEN_PASSIVE);
}

/* ... and its urgent pointer: sixth, before the text (MUST-32). */
TEST_F(peer, urgent_on_third_segment)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), fd;
	char byte = 0;

	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, URG | PSH | ACK, 101, 301, "early!", .urg = 6);
	wire_expect(it, ACK, 301, 107);
	fd = fd_accept(listener);
	SAME(fd_events(fd, POLLPRI, 0), POLLPRI);
	SAME(recv(fd, &byte, 1, MSG_OOB), 1);
	SAME(byte, '!');
	fd_recv(fd, "early");
	fd_empty(fd);
	STATS(NS_A, OPEN_PASSIVE);
}

/* ... and its FIN too. */
TEST_F(peer, text_and_fin_on_third_segment)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), fd;

	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, FIN | PSH | ACK, 101, 301, "all of it");
	wire_expect(it, ACK, 301, 111);
	state_is(it, "CLOSE-WAIT");
	fd = fd_accept(listener);
	fd_recv(fd, "all of it");
	fd_eof(fd);
	STATS(NS_A, OPEN_PASSIVE,
	      "transition ESTABLISHED CLOSE-WAIT fin 1");
}

/* Section 3.10.7.3: text on the SYN,ACK is processed once the state is ESTABLISHED. */
TEST_F(peer, text_on_syn_ack)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = fd_start(it);

	wire_expect(it, SYN, 300);
	wire_send(us, SYN | ACK, 100, 301, "hello");
	wire_expect(it, ACK, 301, 106);
	ASSERT_EQ(0, fd_connected(fd));
	fd_recv(fd, "hello");
	fd_empty(fd);
	STATS(NS_A, OPEN_ACTIVE);
}

/* ... from the sixth step on, where its urgent pointer counts (MUST-30, MUST-32): it is relative
 * to the number of the SYN (section 3.1).
 */
TEST_F(peer, urgent_text_on_syn_ack)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = fd_start(it);

	wire_expect(it, SYN, 300);
	wire_send(us, SYN | URG | ACK, 100, 301, "hello!", .urg = 7);
	wire_expect(it, ACK, 301, 107);
	ASSERT_EQ(0, fd_connected(fd));
	urgent_byte_behind(fd, "hello");
	fd_empty(fd);
	STATS(NS_A, OPEN_ACTIVE);
}

/* Section 3.5: text on a SYN is legal, and not delivered before ESTABLISHED; never is it there
 * twice, though the peer, who has no acknowledgment of it, sends it again.
 */
TEST_F(peer, text_on_syn)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), fd;

	wire_send(us, SYN, 100, 0, "hello");
	wire_expect(it, SYN | ACK, 300, 101);
	fd_no_accept(listener);
	wire_send(us, PSH | ACK, 101, 301, "hello, world");
	wire_expect(it, ACK, 301, 113);
	fd = fd_accept(listener);
	fd_recv(fd, "hello, world");
	fd_empty(fd);
	STATS(NS_A, OPEN_PASSIVE);
}

/* The third segment is lost: the first text carries the same ACK. */
TEST_F(relay, third_segment_lost)
{
	struct end *a = &self->a, *b = &self->b;
	int listener = fd_listen(b, 1), client = fd_start(a), fd;

	wire_pass(a, SYN, 100);
	wire_pass(b, SYN | ACK, 300, 101);
	wire_lose(a, ACK, 101, 301);
	ASSERT_EQ(0, fd_connected(client));
	state_is(a, "ESTABLISHED");
	state_is(b, "SYN-RECEIVED");
	fd_send(client, "hello");
	wire_pass(a, PSH | ACK, 101, 301, "hello");
	state_wait(b, "ESTABLISHED");
	fd = fd_accept(listener);
	fd_recv(fd, "hello");
	wire_pass(b, ACK, 301, 106);
	STATS(NS_B, OPEN_PASSIVE);
}

/* MUST-10 and 3.10.7.4: the same SYN once more is not acceptable and gets a segment that
 * acknowledges it: the SYN,ACK again, which the client can use. The connection opens once.
 */
TEST_F(peer, syn_twice)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1);

	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_silence(it);
	state_is(it, "SYN-RECEIVED");
	wire_send(us, ACK, 101, 301);
	fd_accept(listener);
	fd_no_accept(listener);
	state_is(it, "ESTABLISHED");
	ASSERT_EQ(2, conn_count(NS_A));
	STATS(NS_A, OPEN_PASSIVE, "drop seq 1", "retransmit 1");
}

/* 3.10.7.2 third: text and FIN of a SYN are kept, unacknowledged, until ESTABLISHED. */
TEST_F(peer, text_on_the_syn)
{
	int listener = fd_listen(&self->it, 5), fd;

	wire_send(&self->us, SYN, 100, 0, "early");
	wire_expect(&self->it, SYN | ACK, 300, 101);
	fd_no_accept(listener);
	wire_send(&self->us, ACK, 101, 301);
	wire_expect(&self->it, ACK, 301, 106);
	fd = fd_accept(listener);
	fd_recv(fd, "early");
	/* What comes again is there already. */
	wire_send(&self->us, PSH | ACK, 101, 301, "early");
	wire_expect(&self->it, ACK, 301, 106);
	wire_send(&self->us, PSH | ACK, 106, 301, "late");
	fd_recv(fd, "late");
	fd_empty(fd);
	STATS(NS_A, OPEN_PASSIVE, "drop duplicate 1");
}

/* ... and what of it was urgent is so then (section 3.10.7.2: "Any other incoming control or data
 * ... will be processed in the SYN-RECEIVED state").
 */
TEST_F(peer, urgent_text_on_the_syn)
{
	int listener = fd_listen(&self->it, 5), fd;

	wire_send(&self->us, SYN | URG, 100, 0, "early!", .urg = 7);
	wire_expect(&self->it, SYN | ACK, 300, 101);
	wire_send(&self->us, ACK, 101, 301);
	wire_expect(&self->it, ACK, 301, 107);
	fd = fd_accept(listener);
	urgent_byte_behind(fd, "early");
	fd_empty(fd);
	STATS(NS_A, OPEN_PASSIVE);
}

/* ... of crossed SYNs too. */
TEST_F(peer, urgent_text_on_a_crossed_syn)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = fd_start(it);

	wire_expect(it, SYN, 300);
	wire_send(us, SYN | URG, 100, 0, "crossed!", .urg = 9);
	wire_expect(it, SYN | ACK, 300, 101);
	state_is(it, "SYN-RECEIVED");
	wire_send(us, ACK, 101, 301);
	wire_expect(it, ACK, 301, 109);
	ASSERT_EQ(0, fd_connected(fd));
	urgent_byte_behind(fd, "crossed");
	fd_empty(fd);
	STATS(NS_A, "transition CLOSED SYN-SENT open-active 1",
	      "transition SYN-SENT SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED ESTABLISHED ack 1", "retransmit 1");
}

/* ... as well with the text that goes on after it, and an end that was there from the first. */
TEST_F(peer, fin_on_the_syn)
{
	int listener = fd_listen(&self->it, 5), fd;

	wire_send(&self->us, SYN | FIN, 100, 0, "all");
	wire_expect(&self->it, SYN | ACK, 300, 101);
	wire_send(&self->us, ACK, 105, 301);
	wire_expect(&self->it, ACK, 301, 105);
	fd = fd_accept(listener);
	fd_recv(fd, "all");
	fd_eof(fd);
	state_is(&self->it, "CLOSE-WAIT");
	STATS(NS_A, OPEN_PASSIVE, "transition ESTABLISHED CLOSE-WAIT fin 1");
}

/* Nothing of an attempt that fails gets anywhere, or stays. */
TEST_F(peer, text_on_a_syn_that_fails)
{
	int listener = fd_listen(&self->it, 5);
	struct end us, it;

	stats_mark(NS_A);
	wire_send(&self->us, SYN, 100, 0, "early");
	wire_expect(&self->it, SYN | ACK, 300, 101);
	wire_send(&self->us, RST, 101);
	wire_sync(NS_A);
	fd_no_accept(listener);
	state_is(&self->it, "LISTEN");
	STATS(NS_A, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED LISTEN rst 1", "transition LISTEN CLOSED merge 1",
	      "reset in to_listen 1");
	/* The next one is another connection. */
	wire_forget(&self->it);
	wire_send(&self->us, SYN, 5000);
	wire_expect(&self->it, SYN | ACK, 300, 5001);
	wire_send(&self->us, ACK, 5001, 301);
	fd_empty(fd_accept(listener));
	STATS(NS_A, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED ESTABLISHED ack 1");
	/* The listener goes: its handshakes as well. */
	wire_ends(&us, NS_T, PORT_US + 1, &it, NS_A, PORT_IT);
	wire_send(&us, SYN, 100, 0, "early");
	wire_expect(&it, SYN | ACK, 300, 101);
	state_is(&it, "SYN-RECEIVED");
	fd_close(listener);
	state_is(&it, "CLOSED");
	wire_silence(&it);
	STATS(NS_A, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED CLOSED listener-closed 1",
	      "transition LISTEN CLOSED close 1");
}

/* The handshake, for a SYN that had @len bytes of text; none of them is acknowledged, nor there
 * to be read, and all of them are, once, when they come again. Returns accept()'s socket.
 */
static int comes_again(struct end *us, struct end *it, int listener, int len)
{
	char text[WIRE_TEXT_MAX], in[WIRE_TEXT_MAX];
	int fd;

	wire_send(us, SYN, 100, .len = len);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	wire_silence(it);
	fd = fd_accept(listener);
	fd_empty(fd);
	net_hstp(NS_A, "mem_limit_kib", 65536);
	wire_send(us, PSH | ACK, 101, 301, .len = len);
	wire_expect(it, ACK, 301, 101 + len);
	SAME(recv(fd, in, sizeof(in), 0), len);
	wire_pattern(text, 101, len);
	NEED(!memcmp(in, text, len));
	fd_empty(fd);
	return fd;
}

/* A handshake keeps no more than a small packet, as anybody may begin as many as there can be. */
TEST_F(peer, much_text_on_the_syn)
{
	int listener = fd_listen(&self->it, 5);

	net_run(NS_A, "ip link set va mtu 9000");
	net_run(NS_T, "ip link set ta mtu 9000");
	comes_again(&self->us, &self->it, listener, WIRE_TEXT_MAX);
	STATS(NS_A, OPEN_PASSIVE);
}

/* ... and nothing when there is no memory (net.hstp.mem_limit_kib). */
TEST_F(peer, text_on_the_syn_without_memory)
{
	int listener = fd_listen(&self->it, 5), other;
	static char text[8192];
	struct end us, it;

	wire_ends(&us, NS_T, PORT_US + 1, &it, NS_A, PORT_IT);
	other = wire_open_passive(&us, &it, listener);
	net_hstp(NS_A, "mem_limit_kib", 64);
	fd_block(other, false);
	while (send(other, text, sizeof(text), 0) > 0)
		;
	SAME(errno, EAGAIN);
	NEED(stat_now(NS_A, "memory") >= 64 << 10);
	stats_skip(NS_A);
	comes_again(&self->us, &self->it, listener, 10);
	STATS(NS_A, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED ESTABLISHED ack 1");
}

TEST_HARNESS_MAIN
