// SPDX-License-Identifier: GPL-2.0
/* A connection whose peer does not exist: what it sends is seen, and answered by hand. */
#define _GNU_SOURCE
#include "sock_lonely.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/**
 * st_lonely_answer - send a segment as the peer
 * @proto: IPPROTO_TCP or HSTP's number
 * @lonely: the connection; SEG.SEQ is its @peer_seq
 * @flags: of the segment
 * @ack: SEG.ACK
 *
 * Return: 0, or -1 with errno.
 */
int st_lonely_answer(int proto, const struct st_lonely *lonely, uint8_t flags, uint32_t ack)
{
	struct st_segment seg = {
		.saddr = st_silent_addr, .daddr = st_own_addr,
		.sport = lonely->sent.dport, .dport = lonely->sent.sport,
		.seq = lonely->peer_seq, .ack = ack, .flags = flags,
	};

	return st_raw_send(proto, &seg);
}

/* The next segment with text. */
static int wait_text(struct st_lonely *lonely)
{
	do {
		if (st_raw_wait(lonely->raw, &lonely->sent, ST_SYN | ST_ACK, ST_ACK))
			return -1;
	} while (!lonely->sent.len);
	return 0;
}

/**
 * st_lonely_open - open a connection and send %ST_LONELY_MSS bytes on it
 * @proto: IPPROTO_TCP or HSTP's number
 * @lonely: filled in; its @sent is the segment, which is on its way
 *
 * st_route_silent() comes before.
 *
 * Return: 0, or -1 with errno.
 */
int st_lonely_open(int proto, struct st_lonely *lonely)
{
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_port = htons(4711), .sin_addr = st_silent_addr,
	};
	char text[ST_LONELY_MSS] = "";

	lonely->raw = st_raw_open_outgoing();
	lonely->fd = st_open(proto);
	if (lonely->raw < 0 || lonely->fd < 0 || st_nonblocking(lonely->fd))
		return -1;
	if (!connect(lonely->fd, (struct sockaddr *)&addr, sizeof(addr)) ||
	    errno != EINPROGRESS)
		return -1;
	if (st_raw_wait(lonely->raw, &lonely->sent, ST_SYN, ST_SYN))
		return -1;
	lonely->peer_seq = 5000;
	if (st_lonely_answer(proto, lonely, ST_SYN | ST_ACK, lonely->sent.seq + 1) ||
	    st_wait_events(lonely->fd, POLLOUT, POLLOUT) != POLLOUT)
		return -1;
	lonely->peer_seq++;
	if (send(lonely->fd, text, sizeof(text), 0) != sizeof(text) || wait_text(lonely))
		return -1;
	return lonely->sent.len == sizeof(text) ? 0 : -1;
}

/**
 * st_lonely_works - does the connection still send
 * @proto: IPPROTO_TCP or HSTP's number
 * @lonely: the connection; the peer acknowledges what was sent, and sees one byte more
 *
 * Return: 1 if it does.
 */
int st_lonely_works(int proto, struct st_lonely *lonely)
{
	uint32_t next = lonely->sent.seq + lonely->sent.len;

	if (st_lonely_answer(proto, lonely, ST_ACK, next) || st_wait_unsent(lonely->fd, 0) ||
	    send(lonely->fd, "x", 1, 0) != 1)
		return 0;
	do {
		if (wait_text(lonely))
			return 0;
	} while (lonely->sent.seq != next);
	return st_state(lonely->fd, proto) == TCP_ESTABLISHED;
}

/**
 * st_lonely_close - leave nothing behind
 * @lonely: the connection
 *
 * Return: 0, or -1 with errno.
 */
int st_lonely_close(struct st_lonely *lonely)
{
	return st_abort(lonely->fd) ?: close(lonely->raw);
}

/**
 * st_connecting - a connection in SYN-SENT whose SYN gets no answer
 * @proto: IPPROTO_TCP or HSTP's number
 * @pair: its @listener's queue is full then, and its @client is non-blocking
 * @recverr: what IP_RECVERR of the client is set to
 * @syn: filled in: the SYN, as it was seen
 *
 * Return: 0, or -1 with errno.
 */
int st_connecting(int proto, struct st_pair *pair, int recverr, struct st_segment *syn)
{
	int raw;

	pair->listener = st_listen(proto, &pair->addr, 0);
	if (pair->listener < 0 || st_connect(proto, &pair->addr) < 0 ||
	    st_wait_events(pair->listener, POLLIN, POLLIN) != POLLIN)
		return -1;
	raw = st_raw_open(proto);
	pair->client = st_open(proto);
	if (raw < 0 || pair->client < 0 || st_nonblocking(pair->client) ||
	    setsockopt(pair->client, IPPROTO_IP, IP_RECVERR, &recverr, sizeof(recverr)))
		return -1;
	if (!connect(pair->client, (struct sockaddr *)&pair->addr, sizeof(pair->addr)) ||
	    errno != EINPROGRESS)
		return -1;
	return st_raw_wait(raw, syn, ST_SYN | ST_ACK, ST_SYN);
}
