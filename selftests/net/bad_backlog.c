// SPDX-License-Identifier: GPL-2.0
/* Too much at once, and no answer at all: what does not fit a full backlog is dropped and
 * counted, and gets in later; what nobody answers is given up after its retransmissions,
 * with the right error at the right time.
 */
#include "kselftest_harness.h"

#include "lib/fd.h"
#include "lib/proc.h"
#include "lib/wire.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 180

#define PORT 80
#define PEER 4000

/* Timers for giving up: RTO is 300 ms and doubles (RFC 6298 rule 5.5). */
#define RTO_MS 300
#define RETRIES 2

/* Clocks of the two sides of a wire differ by scheduling, and only ever make a
 * retransmission late; early ones may be so by the tick of the kernel's timers.
 */
#define EARLY_MS 10
#define LATE_MS 3000

static void listener_end(struct end *us, struct end *it, int number)
{
	wire_ends(us, NS_T, (uint16_t)(PEER + number), it, NS_A, PORT);
}

/* One SYN more than there may be records of SYN-RECEIVED: dropped and counted; when one
 * has become a connection, the retransmission gets in.
 */
TEST(syn_backlog_full)
{
	struct end us[3], it[3];
	int listener, fd;

	net_peer();
	net_no_timers(NS_A);
	net_hstp(NS_A, "max_syn_backlog", 2);
	for (int i = 0; i < 3; i++)
		listener_end(&us[i], &it[i], i);
	listener = fd_listen(&it[0], 8);
	stats_mark(NS_A);

	for (int i = 0; i < 2; i++) {
		wire_send(&us[i], SYN, 100);
		wire_expect(&it[i], SYN | ACK, 300, 101);
	}
	wire_send(&us[2], SYN, 100);
	wire_silence(&it[2]);
	state_is(&it[2], "LISTEN");
	stat_grew(NS_A, "drop syn_backlog", 1);

	wire_send(&us[0], ACK, 101, 301);
	state_is(&it[0], "ESTABLISHED");
	wire_send(&us[2], SYN, 100);
	wire_expect(&it[2], SYN | ACK, 300, 101);
	wire_send(&us[2], PSH | ACK, 101, 301, "at last");
	wire_send(&us[1], ACK, 101, 301);
	close(fd_accept(listener));
	fd = fd_accept(listener);
	fd_recv(fd, "at last");
	stat_grew(NS_A, "drop syn_backlog", 1);
}

/* With a backlog of 1 two connections may wait for accept(): the third SYN is dropped
 * until one was taken.
 */
TEST(accept_queue_full)
{
	struct end us[3], it[3];
	int listener;

	net_peer();
	net_no_timers(NS_A);
	for (int i = 0; i < 3; i++)
		listener_end(&us[i], &it[i], i);
	listener = fd_listen(&it[0], 1);
	for (int i = 0; i < 2; i++) {
		wire_send(&us[i], SYN, 100);
		wire_expect(&it[i], SYN | ACK, 300, 101);
		wire_send(&us[i], ACK, 101, 301);
		state_is(&it[i], "ESTABLISHED");
	}
	stats_mark(NS_A);
	wire_send(&us[2], SYN, 100);
	wire_silence(&it[2]);
	STATS(NS_A, "drop listen_overflow 1");

	fd_accept(listener);
	wire_send(&us[2], SYN, 100);
	wire_expect(&it[2], SYN | ACK, 300, 101);
	wire_send(&us[2], ACK, 101, 301);
	state_is(&it[2], "ESTABLISHED");
	stat_grew(NS_A, "drop listen_overflow", 0);
	fd_accept(listener);
	fd_accept(listener);
	fd_no_accept(listener);
}

/* The queue filled up while a handshake was on its way: the third segment is dropped, the
 * connection stays in SYN-RECEIVED, and the peer's next segment finishes it.
 */
TEST(third_segment_finds_queue_full)
{
	struct end us[3], it[3];
	int listener, fd;

	net_peer();
	net_no_timers(NS_A);
	for (int i = 0; i < 3; i++)
		listener_end(&us[i], &it[i], i);
	listener = fd_listen(&it[0], 1);
	for (int i = 0; i < 3; i++) {
		wire_send(&us[i], SYN, 100);
		wire_expect(&it[i], SYN | ACK, 300, 101);
	}
	wire_send(&us[0], ACK, 101, 301);
	wire_send(&us[1], ACK, 101, 301);
	wire_sync(NS_A);
	stats_mark(NS_A);
	wire_send(&us[2], ACK, 101, 301);
	state_is(&it[2], "SYN-RECEIVED");
	STATS(NS_A, "drop listen_overflow 1");

	fd_accept(listener);
	fd_accept(listener);
	wire_send(&us[2], PSH | ACK, 101, 301, "late");
	fd = fd_accept(listener);
	fd_recv(fd, "late");
	state_is(&it[2], "ESTABLISHED");
}

/* The same between two stacks: the client's own retransmission gets in. */
TEST(client_waits_for_room)
{
	struct end client[3], server[3];
	int listener, fd[3];

	net_pair();
	net_hstp(NS_A, "rto_initial_ms", RTO_MS);
	net_hstp(NS_B, "rto_initial_ms", RTO_MS);
	for (int i = 0; i < 3; i++)
		wire_ends(&client[i], NS_A, (uint16_t)(PEER + i), &server[i], NS_B, PORT);
	listener = fd_listen(&server[0], 1);
	for (int i = 0; i < 2; i++) {
		fd[i] = fd_start(&client[i]);
		SAME(fd_connected(fd[i]), 0);
	}
	stats_mark(NS_B);
	fd[2] = fd_start(&client[2]);
	WAIT(stat_now(NS_B, "drop listen_overflow") > 1);
	state_is(&client[2], "SYN-SENT");

	fd_accept(listener);
	SAME(fd_connected(fd[2]), 0);
	fd_accept(listener);
	fd_accept(listener);
	state_wait(&server[2], "ESTABLISHED");
	NEED(stat_now(NS_A, "retransmit") >= 1);
}

/* The n-th segment of a row came when RFC 6298 says: RTO, doubled each time. */
static void came_in_time(const struct seen *first, const struct seen *seen, int n)
{
	uint64_t want = (uint64_t)RTO_MS * ((1 << n) - 1), took = seen->ms - first->ms;

	if (took + EARLY_MS < want || took > want + LATE_MS)
		die(__FILE__, __LINE__, "retransmission %d after %llu ms, not %llu", n,
		    (unsigned long long)took, (unsigned long long)want);
}

static void short_timers(void)
{
	net_hstp(NS_A, "rto_initial_ms", RTO_MS);
	net_hstp(NS_A, "rto_min_ms", RTO_MS);
	net_hstp(NS_A, "syn_retries", RETRIES);
	net_hstp(NS_A, "synack_retries", RETRIES);
	net_hstp(NS_A, "retries", RETRIES);
	net_hstp(NS_A, "orphan_retries", RETRIES);
}

/* All of a row of retransmissions of one segment, and when the last of them times out. */
#define ROW(it, ...) do {						\
	struct seen *first_ = wire_expect(it, __VA_ARGS__);		\
									\
	for (int n_ = 1; n_ <= RETRIES; n_++)				\
		came_in_time(first_, wire_expect(it, __VA_ARGS__), n_);	\
	gave_up(it, first_);						\
} while (0)

/* R2 of section 3.8.3: after the last retransmission another, longer RTO passes. */
static void gave_up(struct end *it, const struct seen *first)
{
	uint64_t want = (uint64_t)RTO_MS * ((1 << (RETRIES + 1)) - 1), took;

	WAIT(!strcmp(state_of(it), "CLOSED") || !strcmp(state_of(it), "LISTEN"));
	took = now_ms() - first->ms;
	if (took + EARLY_MS < want || took > want + LATE_MS)
		die(__FILE__, __LINE__, "given up after %llu ms, not %llu",
		    (unsigned long long)took, (unsigned long long)want);
}

/* MUST-20 and MUST-23: R2 for a SYN; connect() says ETIMEDOUT. */
TEST(syn_given_up)
{
	struct end us, it;
	int fd;

	net_peer();
	short_timers();
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	stats_mark(NS_A);
	fd = fd_start(&it);
	ROW(&it, SYN, 300);
	SAME(fd_connected(fd), ETIMEDOUT);
	STATS(NS_A, "transition CLOSED SYN-SENT open-active 1",
	      "transition SYN-SENT CLOSED retries 1", "retransmit 2");
	stats_sums(NS_A);
}

/* The listener hears nothing of a SYN-ACK that is given up. */
TEST(syn_ack_given_up)
{
	struct end us, it;
	int listener;

	net_peer();
	short_timers();
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	listener = fd_listen(&it, 1);
	stats_mark(NS_A);
	wire_send(&us, SYN, 100);
	ROW(&it, SYN | ACK, 300, 101);
	fd_no_accept(listener);
	STATS(NS_A, "transition CLOSED LISTEN fork 1", "transition LISTEN SYN-RECEIVED syn 1",
	      "transition SYN-RECEIVED CLOSED retries 1", "retransmit 2");
	stats_sums(NS_A);
}

/* Text: recv() and send() say ETIMEDOUT, once. */
TEST(text_given_up)
{
	struct end us, it;
	char byte;
	int fd;

	net_peer();
	short_timers();
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	fd = wire_open_active(&us, &it);
	stats_mark(NS_A);
	fd_send(fd, "anyone?");
	ROW(&it, PSH | ACK, 301, 101, "anyone?");
	FAILS(ETIMEDOUT, recv(fd, &byte, 1, 0));
	SAME(recv(fd, &byte, 1, 0), 0);
	FAILS(EPIPE, send(fd, &byte, 1, MSG_NOSIGNAL));
	stat_grew(NS_A, "transition ESTABLISHED CLOSED retries", 1);
	stat_grew(NS_A, "retransmit", RETRIES);
	stats_sums(NS_A);
}

/* FIN after shutdown(): the socket that is still there is told. */
TEST(fin_given_up)
{
	struct end us, it;
	char byte;
	int fd;

	net_peer();
	short_timers();
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	fd = wire_open_active(&us, &it);
	stats_mark(NS_A);
	fd_shut(fd, SHUT_WR);
	ROW(&it, FIN | ACK, 301, 101);
	FAILS(ETIMEDOUT, recv(fd, &byte, 1, 0));
	stat_grew(NS_A, "transition FIN-WAIT-1 CLOSED retries", 1);
	stat_grew(NS_A, "retransmit", RETRIES);
	stats_sums(NS_A);
}

/* FIN after close(): nobody is there to be told, and nothing is left. */
TEST(fin_of_orphan_given_up)
{
	struct end us, it;
	int fd;

	net_peer();
	short_timers();
	net_hstp(NS_A, "retries", 200);
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	fd = wire_open_active(&us, &it);
	stats_mark(NS_A);
	fd_close(fd);
	ROW(&it, FIN | ACK, 301, 101);
	SAME(conn_count(NS_A), 0);
	stat_grew(NS_A, "transition FIN-WAIT-1 CLOSED retries", 1);
	stats_sums(NS_A);
}

/* FIN-WAIT-2 is left by itself when no socket is there to wait for the peer's FIN. */
TEST(orphan_leaves_fin_wait_2)
{
	struct end us, it;
	uint64_t start;
	int fd;

	net_peer();
	net_hstp(NS_A, "fin_timeout_ms", 500);
	wire_ends(&us, NS_T, PEER, &it, NS_A, PORT);
	fd = wire_open_active(&us, &it);
	fd_close(fd);
	wire_expect(&it, FIN | ACK, 301, 101);
	stats_mark(NS_A);
	start = now_ms();
	wire_send(&us, ACK, 101, 302);
	state_wait(&it, "CLOSED");
	NEED(now_ms() - start + EARLY_MS >= 500);
	STATS(NS_A, "transition FIN-WAIT-1 FIN-WAIT-2 fin-acked 1",
	      "transition FIN-WAIT-2 CLOSED fin-timeout 1");
}

TEST_HARNESS_MAIN
