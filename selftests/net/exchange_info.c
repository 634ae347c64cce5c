// SPDX-License-Identifier: GPL-2.0
/* What HSTP_INFO counts of an exchange whose every segment is known. The counters are RFC
 * 4898's, as linux/tcp.h says of its struct tcp_info, and RFC 2883's for duplicates; sock_diag
 * tells the same of them.
 */
#include "diag.h"
#include "lib/exchange.h"
#include "rows.h"

/* MSS 1000, SACK-permitted */
#define OFFER "\2\4\3\xe8" "\4\2\1\1"

#define MSS	1000

static struct tcp_info info_of(int fd)
{
	struct tcp_info info;
	socklen_t len = sizeof(info);

	TRY(getsockopt(fd, SOL_HSTP, HSTP_INFO, &info, &len));
	SAME(len, sizeof(info));
	return info;
}

static struct tcp_info diag_info(int fd, const struct end *it)
{
	struct diag_query q = diag_of(it);
	struct diag_rows rows = { .count = 0 };

	q.r.idiag_ext = 1 << (INET_DIAG_INFO - 1);
	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, 0, &q, &rows), 0);
	SAME(rows.count, 1);
	return rows.row[0].info;
}

#define SEGMENTS(info, in, text_in, out, text_out) do {		\
	SAME((info).tcpi_segs_in, in);				\
	SAME((info).tcpi_data_segs_in, text_in);		\
	SAME((info).tcpi_segs_out, out);			\
	SAME((info).tcpi_data_segs_out, text_out);		\
} while (0)

#define BYTES(info, received, sent, acked) do {			\
	SAME((info).tcpi_bytes_received, received);		\
	SAME((info).tcpi_bytes_sent, sent);			\
	SAME((info).tcpi_bytes_acked, acked);			\
} while (0)

/* SACK blocks, numbers after @seen's SEG.SEQ. */
static const uint8_t *blocks(const struct seen *seen, int count, uint32_t l, uint32_t r,
			     uint32_t l2, uint32_t r2)
{
	uint32_t numbers[] = { l, r, l2, r2 };
	static uint8_t bytes[20];

	bytes[0] = 1;
	bytes[1] = 1;
	bytes[2] = 5;
	bytes[3] = (uint8_t)(2 + 8 * count);
	for (int i = 0; i < 2 * count; i++) {
		uint32_t n = htonl(seen->real_seq + numbers[i]);

		memcpy(bytes + 4 + 4 * i, &n, 4);
	}
	return bytes;
}

#define BLOCK(seen, l, r)	.opt = blocks(seen, 1, l, r, 0, 0), .optlen = 12
#define BLOCKS(seen, l, r, l2, r2) .opt = blocks(seen, 2, l, r, l2, r2), .optlen = 20

/* Both ends report selectively; returns accept()'s socket. */
static int open_selective(struct end *us, struct end *it)
{
	int listener = fd_listen(it, 1), fd;

	wire_send(us, SYN, 100, .opt = (const uint8_t *)OFFER, .optlen = 8);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	fd = fd_accept(listener);
	TRY(setsockopt(fd, SOL_HSTP, HSTP_NODELAY, &(int){ 1 }, sizeof(int)));
	return fd;
}

/* @count full segments are sent, of which the first is returned. */
static struct seen *send_segments(int fd, struct end *it, int count)
{
	char text[10 * MSS];
	struct seen *first = NULL;

	wire_pattern(text, 301, count * MSS);
	SAME(send(fd, text, (size_t)count * MSS, 0), count * MSS);
	for (int i = 0; i < count; i++) {
		struct seen *seen = wire_expect(it, i < count - 1 ? ACK : PSH | ACK,
						301 + (uint32_t)i * MSS, 101, .len = MSS);

		first = first ?: seen;
	}
	return first;
}

/* RFC 9293, 3.5: SYN and ACK in, SYN,ACK out, and then each segment, acceptable or not. Text
 * counts each time that it comes, and once where it is new.
 */
TEST_F(peer, arrivals)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_passive(us, it, fd_listen(it, 1));
	struct tcp_info info = info_of(fd);

	SEGMENTS(info, 2, 0, 1, 0);
	BYTES(info, 0, 0, 0);
	SAME(info.tcpi_delivered, 1);
	wire_send(us, PSH | ACK, 101, 301, "hello");
	wire_expect(it, ACK, 301, 106);
	info = info_of(fd);
	SEGMENTS(info, 3, 1, 2, 0);
	BYTES(info, 5, 0, 0);
	/* Behind a gap, and the same again */
	wire_send(us, PSH | ACK, 111, 301, "behind");
	wire_expect(it, ACK, 301, 106);
	wire_send(us, PSH | ACK, 111, 301, "behind");
	wire_expect(it, ACK, 301, 106);
	info = info_of(fd);
	SEGMENTS(info, 5, 3, 4, 0);
	SAME(info.tcpi_rcv_ooopack, 2);
	BYTES(info, 5, 0, 0);
	wire_send(us, PSH | ACK, 106, 301, "a gap");
	wire_expect(it, ACK, 301, 117);
	/* An old duplicate, and a number that no window has */
	wire_send(us, PSH | ACK, 101, 301, "hello");
	wire_expect(it, ACK, 301, 117);
	wire_send(us, ACK, 0x10000000, 301);
	wire_expect(it, ACK, 301, 117);
	info = info_of(fd);
	SEGMENTS(info, 8, 5, 7, 0);
	SAME(info.tcpi_rcv_ooopack, 2);
	BYTES(info, 16, 0, 0);
	/* What the user takes was received all the same. */
	fd_recv(fd, "hello");
	BYTES(info_of(fd), 16, 0, 0);
	fd_recv(fd, "a gapbehind");
	BYTES(info_of(fd), 16, 0, 0);
	/* A FIN is a segment, but no text. */
	wire_send(us, FIN | ACK, 117, 301);
	wire_expect(it, ACK, 301, 118);
	info = info_of(fd);
	SEGMENTS(info, 9, 5, 8, 0);
	BYTES(info, 16, 0, 0);
}

/* An active open: SYN and ACK out, SYN,ACK in. */
TEST_F(peer, departures)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_active(us, it);
	struct tcp_info info = info_of(fd);

	TRY(setsockopt(fd, SOL_HSTP, HSTP_NODELAY, &(int){ 1 }, sizeof(int)));
	SEGMENTS(info, 1, 0, 2, 0);
	SAME(info.tcpi_delivered, 1);
	NEED(info.tcpi_min_rtt > 0 && info.tcpi_min_rtt != ~0U);
	SAME(info.tcpi_delivery_rate, 0);
	SAME(info.tcpi_busy_time, 0);
	/* Of what is sent in one tick one round trip is measured: that was the SYN's. */
	WAIT(info_of(fd).tcpi_last_ack_recv > 0);
	fd_send(fd, "one");
	wire_expect(it, PSH | ACK, 301, 101, "one");
	fd_send(fd, "two");
	wire_expect(it, PSH | ACK, 304, 101, "two");
	info = info_of(fd);
	SEGMENTS(info, 1, 0, 4, 2);
	BYTES(info, 0, 6, 0);
	SAME(info.tcpi_delivered, 1);
	wire_send(us, ACK, 101, 304);
	wire_sync(NS_A);
	info = info_of(fd);
	SEGMENTS(info, 2, 0, 4, 2);
	BYTES(info, 0, 6, 3);
	SAME(info.tcpi_delivered, 2);
	wire_send(us, ACK, 101, 307);
	wire_sync(NS_A);
	info = info_of(fd);
	BYTES(info, 0, 6, 6);
	SAME(info.tcpi_delivered, 3);
	NEED(info.tcpi_delivery_rate > 0);
	/* The user has sent less than the network would carry. */
	SAME(info.tcpi_delivery_rate_app_limited, 1);
	/* A FIN is delivered, and no text. */
	TRY(shutdown(fd, SHUT_WR));
	wire_expect(it, FIN | ACK, 307, 101);
	wire_send(us, ACK, 101, 308);
	state_is(it, "FIN-WAIT-2");
	info = info_of(fd);
	SEGMENTS(info, 4, 0, 5, 2);
	BYTES(info, 0, 6, 6);
	SAME(info.tcpi_delivered, 4);
}

/* Text sent again counts as sent again, and as delivered once. */
TEST_F(peer, sent_again)
{
	struct end *us = &self->us, *it = &self->it;
	struct tcp_info info;
	uint32_t min;
	int fd;

	net_rto(NS_A, 2000, 2000);
	fd = wire_open_active(us, it);
	min = info_of(fd).tcpi_min_rtt;
	fd_send(fd, "text");
	wire_expect(it, PSH | ACK, 301, 101, "text");
	wire_expect(it, PSH | ACK, 301, 101, "text");
	wire_send(us, ACK, 101, 305);
	wire_sync(NS_A);
	info = info_of(fd);
	NEED(info.tcpi_total_retrans >= 1);
	SEGMENTS(info, 2, 0, 3 + info.tcpi_total_retrans, 1 + info.tcpi_total_retrans);
	SAME(info.tcpi_bytes_retrans, 4 * info.tcpi_total_retrans);
	BYTES(info, 0, 4 + info.tcpi_bytes_retrans, 4);
	SAME(info.tcpi_delivered, 2);
	/* RFC 6298, 3: it measured no round trip. */
	SAME(info.tcpi_min_rtt, min);
}

/* A SYN,ACK that the timer has sent again is one more segment, and was sent again. */
TEST_F(peer, handshake_again)
{
	struct end *us = &self->us, *it = &self->it;
	struct tcp_info info;
	int listener;

	net_hstp(NS_A, "rto_min_ms", 1000);
	net_hstp(NS_A, "rto_initial_ms", 1000);
	listener = fd_listen(it, 1);
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	info = info_of(fd_accept(listener));
	NEED(info.tcpi_total_retrans >= 1);
	SEGMENTS(info, 2, 0, 1 + info.tcpi_total_retrans, 0);
	SAME(info.tcpi_bytes_retrans, 0);
}

/* What is counted before accept() its socket has. */
TEST_F(peer, before_accept)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_listen(it, 1), diag = diag_open(NS_A), fd;
	struct tcp_info before, after;

	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, PSH | ACK, 101, 301, "with the ACK");
	wire_expect(it, ACK, 301, 113);
	wire_send(us, PSH | ACK, 118, 301, "behind");
	wire_expect(it, ACK, 301, 113);
	wire_send(us, PSH | ACK, 113, 301, "a gap");
	wire_expect(it, ACK, 301, 124);
	before = diag_info(diag, it);
	SEGMENTS(before, 4, 3, 4, 0);
	BYTES(before, 23, 0, 0);
	SAME(before.tcpi_rcv_ooopack, 1);
	SAME(before.tcpi_delivered, 1);
	fd = fd_accept(listener);
	after = info_of(fd);
	SEGMENTS(after, 4, 3, 4, 0);
	BYTES(after, 23, 0, 0);
	SAME(after.tcpi_rcv_ooopack, 1);
	SAME(after.tcpi_delivered, 1);
	wire_send(us, PSH | ACK, 124, 301, "more");
	wire_expect(it, ACK, 301, 128);
	after = info_of(fd);
	SEGMENTS(after, 5, 4, 5, 0);
	BYTES(after, 27, 0, 0);
	close(diag);
}

/* RFC 2883, section 4: each report of a duplicate, below SEG.ACK or within the second block. */
TEST_F(peer, duplicates_reported)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = open_selective(us, it);
	struct seen *first = send_segments(fd, it, 4);

	wire_send(us, ACK, 101, 301 + MSS, BLOCK(first, 0, MSS));
	wire_sync(NS_A);
	SAME(info_of(fd).tcpi_dsack_dups, 1);
	/* Two segments, of which one has been reported before */
	wire_send(us, ACK, 101, 301 + MSS, BLOCKS(first, 2 * MSS, 3 * MSS, 2 * MSS, 3 * MSS));
	wire_sync(NS_A);
	SAME(info_of(fd).tcpi_dsack_dups, 2);
	wire_send(us, ACK, 101, 301 + 4 * MSS, BLOCK(first, MSS, 3 * MSS));
	wire_sync(NS_A);
	SAME(info_of(fd).tcpi_dsack_dups, 4);
	/* Nothing was sent again: it was delivered once. */
	SAME(info_of(fd).tcpi_delivered, 5);
	SAME(info_of(fd).tcpi_total_retrans, 0);
}

/* The peer holds what was sent later, and then gets what was sent before it, once. */
TEST_F(peer, reordered)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = open_selective(us, it);
	struct seen *first = send_segments(fd, it, 4);
	struct tcp_info info;

	wire_send(us, ACK, 101, 301, BLOCK(first, MSS, 2 * MSS));
	wire_sync(NS_A);
	info = info_of(fd);
	SAME(info.tcpi_sacked, 1);
	SAME(info.tcpi_reord_seen, 0);
	SAME(info.tcpi_delivered, 2);
	SAME(info.tcpi_lost, 0);
	wire_send(us, ACK, 101, 301 + 2 * MSS);
	wire_sync(NS_A);
	info = info_of(fd);
	SAME(info.tcpi_sacked, 0);
	SAME(info.tcpi_reord_seen, 1);
	SAME(info.tcpi_delivered, 3);
	wire_send(us, ACK, 101, 301 + 4 * MSS);
	wire_sync(NS_A);
	info = info_of(fd);
	SAME(info.tcpi_reord_seen, 1);
	SAME(info.tcpi_delivered, 5);
}

/* RFC 6675: three segments are held beyond one that is lost, which goes again. */
TEST_F(peer, lost)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = open_selective(us, it);
	struct seen *first = send_segments(fd, it, 5);
	struct tcp_info info;

	for (uint32_t n = 2; n <= 4; n++)
		wire_send(us, ACK, 101, 301, BLOCK(first, MSS, n * MSS));
	wire_expect(it, PSH | ACK, 301, 101, .len = MSS);
	info = info_of(fd);
	SAME(info.tcpi_sacked, 3);
	SAME(info.tcpi_lost, 1);
	SAME(info.tcpi_retrans, 1);
	SAME(info.tcpi_unacked, 5);
	SAME(info.tcpi_total_retrans, 1);
	SAME(info.tcpi_delivered, 4);
	SAME(info.tcpi_bytes_sent, 6 * MSS);
	wire_send(us, ACK, 101, 301 + 5 * MSS);
	wire_sync(NS_A);
	info = info_of(fd);
	SAME(info.tcpi_sacked, 0);
	SAME(info.tcpi_lost, 0);
	SAME(info.tcpi_retrans, 0);
	SAME(info.tcpi_reord_seen, 0);
	SAME(info.tcpi_delivered, 6);
	BYTES(info, 0, 6 * MSS, 5 * MSS);
}

/* Of a round trip of 400 ms or more, in which 4000 bytes were delivered. */
TEST_F(peer, rate)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = open_selective(us, it);
	struct tcp_info info;

	SAME(info_of(fd).tcpi_min_rtt, ~0U);
	send_segments(fd, it, 4);
	usleep(400000);
	wire_send(us, ACK, 101, 301 + 4 * MSS);
	wire_sync(NS_A);
	info = info_of(fd);
	NEED(info.tcpi_min_rtt >= 400000 && info.tcpi_min_rtt != ~0U);
	/* 4000 bytes through that round trip, whose length is told in whole microseconds */
	SAME(info.tcpi_delivery_rate, 4000000000ULL / info.tcpi_min_rtt);
	NEED(info.tcpi_busy_time >= 200000);	/* it is measured in ticks */
	NEED(info.tcpi_busy_time <= info.tcpi_min_rtt + 200000);
	SAME(info.tcpi_rwnd_limited, 0);
	SAME(info.tcpi_sndbuf_limited, 0);
}

/* The peer's window lets 1500 bytes go of 5000, and then none. */
TEST_F(peer, window)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = open_selective(us, it);
	char text[5 * MSS];
	struct tcp_info info, later;

	wire_send(us, ACK, 101, 301, .wnd = 1500);
	wire_sync(NS_A);
	wire_pattern(text, 301, sizeof(text));
	SAME(send(fd, text, sizeof(text), 0), sizeof(text));
	wire_expect(it, ACK, 301, 101, .len = MSS);
	usleep(500000);
	info = info_of(fd);
	NEED(info.tcpi_rwnd_limited >= 200000);
	SAME(info.tcpi_busy_time, info.tcpi_rwnd_limited);
	wire_send(us, ACK, 101, 301 + MSS, .wnd = 65000);
	for (uint32_t i = 1; i < 5; i++)
		wire_expect(it, i < 4 ? ACK : PSH | ACK, 301 + i * MSS, 101, .len = MSS);
	info = info_of(fd);
	usleep(500000);
	later = info_of(fd);
	SAME(later.tcpi_rwnd_limited, info.tcpi_rwnd_limited);
	NEED(later.tcpi_busy_time >= info.tcpi_busy_time + 200000);
	wire_send(us, ACK, 101, 301 + 5 * MSS);
	wire_sync(NS_A);
	info = info_of(fd);
	usleep(500000);
	later = info_of(fd);
	SAME(later.tcpi_busy_time, info.tcpi_busy_time);
}

/* conn-get tells what HSTP_INFO does. */
TEST_F(peer, conn_get)
{
	struct end *us = &self->us, *it = &self->it;
	struct nl *nl = nl_open(NS_A);
	struct tcp_info info;
	struct rows *r;
	int fd;

	fd = open_selective(us, it);
	r = get_end(nl, it);
	SAME(NUMBER(r, SEGMENTS_IN), 2);
	SAME(NUMBER(r, SEGMENTS_OUT), 1);
	NEED(!HAS(r, MINIMUM_RTT) && !HAS(r, DELIVERY_RATE) && !HAS(r, USER_LIMITED));
	free(r);
	send_segments(fd, it, 3);
	wire_send(us, PSH | ACK, 106, 301 + 2 * MSS, "behind");
	wire_expect(it, ACK, 301 + 3 * MSS, 101);
	info = info_of(fd);
	r = get_end(nl, it);
	SAME(NUMBER(r, SEGMENTS_IN), 3);
	SAME(NUMBER(r, TEXT_SEGMENTS_IN), 1);
	SAME(NUMBER(r, SEGMENTS_OUT), 5);
	SAME(NUMBER(r, TEXT_SEGMENTS_OUT), 3);
	SAME(NUMBER(r, BYTES_SENT), 3 * MSS);
	SAME(NUMBER(r, BYTES_ACKNOWLEDGED), 2 * MSS);
	SAME(NUMBER(r, OUT_OF_ORDER), 1);
	SAME(NUMBER(r, BYTES_RECEIVED), 0);
	SAME(NUMBER(r, DELIVERED), 3);
	SAME(NUMBER(r, RETRANSMITTED), 0);
	SAME(NUMBER(r, BYTES_RETRANSMITTED), 0);
	SAME(NUMBER(r, REPORTED_TWICE), 0);
	SAME(NUMBER(r, REORDERED), 0);
	SAME(NUMBER(r, MINIMUM_RTT), info.tcpi_min_rtt);
	SAME(NUMBER(r, DELIVERY_RATE), info.tcpi_delivery_rate);
	SAME(HAS(r, USER_LIMITED), info.tcpi_delivery_rate_app_limited);
	NEED(NUMBER(r, BUSY) >= info.tcpi_busy_time);
	SAME(NUMBER(r, WINDOW_LIMITED), info.tcpi_rwnd_limited);
	SAME(NUMBER(r, BUFFER_LIMITED), info.tcpi_sndbuf_limited);
	free(r);
	/* Of what no socket holds any more only bytes are known. */
	fd_close(fd);
	wire_expect(it, FIN | ACK, 301 + 3 * MSS, 101);
	r = get_end(nl, it);
	NEED(!HAS(r, SEGMENTS_IN) && !HAS(r, BYTES_SENT) && !HAS(r, DELIVERED) && !HAS(r, BUSY));
	SAME(NUMBER(r, BYTES_ACKNOWLEDGED), 2 * MSS);
	free(r);
	nl_close(nl);
}

/* sock_diag tells what HSTP_INFO does, and of a closed connection its bytes still. */
TEST_F(peer, diag)
{
	struct end *us = &self->us, *it = &self->it;
	int diag = diag_open(NS_A), fd = open_selective(us, it);
	struct tcp_info mine, theirs;

	send_segments(fd, it, 3);
	wire_send(us, PSH | ACK, 101, 301 + 2 * MSS, "hello");
	wire_expect(it, ACK, 301 + 3 * MSS, 106);
	mine = info_of(fd);
	theirs = diag_info(diag, it);
	/* They were asked at different times. */
	theirs.tcpi_last_data_sent = mine.tcpi_last_data_sent;
	theirs.tcpi_last_data_recv = mine.tcpi_last_data_recv;
	theirs.tcpi_last_ack_recv = mine.tcpi_last_ack_recv;
	theirs.tcpi_busy_time = mine.tcpi_busy_time;
	/* Of the socket, not of the connection */
	theirs.tcpi_pacing_rate = mine.tcpi_pacing_rate;
	theirs.tcpi_max_pacing_rate = mine.tcpi_max_pacing_rate;
	for (size_t i = 0; i < sizeof(mine); i++) {
		if (((uint8_t *)&mine)[i] != ((uint8_t *)&theirs)[i])
			die(__FILE__, __LINE__, "byte %zu differs: %u, %u", i,
			    ((uint8_t *)&mine)[i], ((uint8_t *)&theirs)[i]);
	}
	SEGMENTS(theirs, 3, 1, 5, 3);
	BYTES(theirs, 5, 3 * MSS, 2 * MSS);

	fd_recv(fd, "hello");
	fd_close(fd);
	wire_expect(it, FIN | ACK, 301 + 3 * MSS, 106);
	theirs = diag_info(diag, it);
	SEGMENTS(theirs, 0, 0, 0, 0);
	BYTES(theirs, 5, 0, 2 * MSS);
	wire_send(us, ACK, 106, 302 + 3 * MSS);
	state_is(it, "FIN-WAIT-2");
	BYTES(diag_info(diag, it), 5, 0, 3 * MSS);
	close(diag);
}

TEST_HARNESS_MAIN
