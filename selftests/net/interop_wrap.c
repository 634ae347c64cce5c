// SPDX-License-Identifier: GPL-2.0
/* Sequence numbers that pass 2^32 between HSTP and Linux TCP: RFC 9293 section 3.4. Nobody
 * chooses an ISS but the end itself, so connections are opened until one has an ISS near
 * enough.
 */
#include "kselftest_harness.h"
#include "lib/relay.h"
#include "lib/stream.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	240

#define NEAR	(8u << 20)	/* one ISS of 512 */
#define TRIES	12000	/* all of them miss it once in 10^10 */

FIXTURE(wrap)
{
	struct end hstp, tcp;
};

FIXTURE_SETUP(wrap)
{
	interop_pair(&self->hstp, &self->tcp);
	net_sysctl(NS_B, "net.ipv4.tcp_timestamps", 1);
	net_sysctl(NS_B, "net.ipv4.tcp_sack", 1);
	net_sysctl(NS_B, "net.ipv4.tcp_window_scaling", 1);
}

FIXTURE_TEARDOWN(wrap)
{
	stats_sums(NS_A);
}

static void abort_fd(int fd)
{
	fd_linger(fd, 1, 0);
	fd_close(fd);
}

/* The ISS of @end, from what TCP's end has sent: its SYN, and the first ACK. */
static uint32_t iss_of(const struct end *end, struct end *tcp)
{
	struct seen *seen = wire_next(tcp, PATIENCE_MS);

	NEED(seen && seen->flags & SYN);
	if (end == tcp)
		return seen->real_seq;
	while (!(seen->flags & ACK)) {
		seen = wire_next(tcp, PATIENCE_MS);
		NEED(seen);
	}
	return seen->real_ack - 1;
}

/* Open connections until @end's ISS is NEAR below 2^32, then send twice as much both ways. */
static void wraps(struct end *client, struct end *server, const struct end *end)
{
	struct end *tcp = client->ns == NS_B ? client : server;
	int listener = fd_listen(server, 10), fd, server_fd;
	struct stream pair[2];
	uint32_t iss;

	wire_open(NS_B);
	for (int i = 0; i < TRIES; i++) {
		client->port = 10000 + i;
		fd = fd_start(client);
		SAME(fd_connected(fd), 0);
		server_fd = fd_accept(listener);
		iss = iss_of(end, tcp);
		if (-iss < NEAR && -iss > 65536)
			break;
		abort_fd(fd);
		abort_fd(server_fd);
		/* What was seen takes memory. */
		if (i % 100 == 99) {
			wire_close(NS_B);
			wire_open(NS_B);
		}
		NEED(i < TRIES - 1);
	}
	wire_close(NS_B);
	fd_close(listener);
	stream_pair(pair, fd, server_fd, 1, 2 * NEAR);
	stream_run(pair, 2, PATIENCE_MS);
}

TEST_F(wrap, hstp_opens_hstp_wraps)
{
	wraps(&self->hstp, &self->tcp, &self->hstp);
}

TEST_F(wrap, hstp_opens_tcp_wraps)
{
	wraps(&self->hstp, &self->tcp, &self->tcp);
}

TEST_F(wrap, tcp_opens_hstp_wraps)
{
	wraps(&self->tcp, &self->hstp, &self->hstp);
}

TEST_F(wrap, tcp_opens_tcp_wraps)
{
	wraps(&self->tcp, &self->hstp, &self->tcp);
}

TEST_HARNESS_MAIN
