// SPDX-License-Identifier: GPL-2.0
/* Much text, and many connections at once, between HSTP and Linux TCP: every byte is checked.
 * HSTP_FULL=1 asks for the full amounts, which take minutes.
 */
#include <sys/resource.h>

#include "kselftest_harness.h"
#include "lib/relay.h"
#include "lib/stream.h"
#include "stress.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	1200

#define MIB		(1ll << 20)
#define IDLE_MS		60000

FIXTURE(bulk)
{
	struct end hstp, tcp;
};

/* TCP as it comes: with all of its options. */
FIXTURE_SETUP(bulk)
{
	interop_pair(&self->hstp, &self->tcp);
	net_sysctl(NS_B, "net.ipv4.tcp_timestamps", 1);
	net_sysctl(NS_B, "net.ipv4.tcp_sack", 1);
	net_sysctl(NS_B, "net.ipv4.tcp_window_scaling", 1);
	net_sysctl(NS_B, "net.ipv4.tcp_early_retrans", 3);
	/* What a lossy minute should not end, and short timers for it. */
	net_rto(NS_A, 100, 1000);
	net_hstp(NS_A, "retries", 100);
	net_hstp(NS_A, "orphan_retries", 100);
	net_hstp(NS_A, "syn_retries", 20);
	net_hstp(NS_A, "synack_retries", 20);
}

FIXTURE_TEARDOWN(bulk)
{
	/* TIME-WAIT passes (2 s), and nothing else is left. */
	WAIT_MS(!conn_count(NS_A), 120000);
	stats_sums(NS_A);
}

static int open_one(struct end *client, struct end *server, int *server_fd)
{
	int listener = fd_listen(server, 5), fd = fd_start(client);

	SAME(fd_connected(fd), 0);
	*server_fd = fd_accept(listener);
	fd_close(listener);
	return fd;
}

static void both_ways(struct end *client, struct end *server, long long size)
{
	struct stream pair[2];
	int fd, server_fd;

	fd = open_one(client, server, &server_fd);
	stream_pair(pair, fd, server_fd, 0, size);
	stream_run(pair, 2, IDLE_MS);
}

static long long scaled(long long full_mib, long long default_mib)
{
	return getenv("HSTP_FULL") ? full_mib * MIB : stress_scaled(default_mib) * MIB;
}

/* The checksums are made before the wire, each segment is a packet. 1 GiB each way. */
TEST_F(bulk, hstp_opens)
{
	both_ways(&self->hstp, &self->tcp, scaled(1024, 32));
	SAME(stat_now(NS_A, "drop checksum"), 0);
}

TEST_F(bulk, tcp_opens)
{
	both_ways(&self->tcp, &self->hstp, scaled(1024, 32));
	SAME(stat_now(NS_A, "drop checksum"), 0);
}

/* Devices that are said to compute checksums and to cut large packets into segments: what
 * the translator gets has the sum of the pseudo-header alone, in packets of up to 64 KiB.
 */
TEST_F(bulk, offloaded)
{
	net_run(NS_A, "ethtool -K va tx on tso on gso on >/dev/null");
	net_run(NS_B, "ethtool -K vb tx on tso on gso on >/dev/null &&"
		" ip link set dev vb gso_max_segs 65535");
	both_ways(&self->hstp, &self->tcp, scaled(1024, 32));
	SAME(stat_now(NS_A, "drop checksum"), 0);
}

/* 64 MiB each way while segments are lost, doubled, reordered and damaged. */
TEST_F(bulk, bad_network)
{
	const char *how = "netem limit 10000 delay 1ms loss 0.5% duplicate 1% reorder 5%"
			  " corrupt 0.5%";

	if (net_status(NS_A, "tc qdisc add dev va root %s", how) ||
	    net_status(NS_B, "tc qdisc add dev vb root %s", how))
		SKIP(return, "this kernel has no netem");
	both_ways(&self->hstp, &self->tcp, scaled(64, 8));
	net_run(NS_A, "tc qdisc del dev va root");
	net_run(NS_B, "tc qdisc del dev vb root");
	/* The network was as bad as it was meant to be. */
	NEED(stat_now(NS_A, "retransmit") > 0);
	NEED(stat_now(NS_A, "drop checksum") > 0);
}

/* 500 connections at once, one half opened by each, 32 KiB each way. */
TEST_F(bulk, many)
{
	int count = stress_scaled(500), size = 32 * 1024;
	struct stream *streams = calloc(2 * count, sizeof(*streams));
	struct rlimit files = { 4096, 4096 };
	int hstp_listener, tcp_listener;

	NEED(streams);
	TRY(setrlimit(RLIMIT_NOFILE, &files));
	hstp_listener = fd_listen(&self->hstp, count);
	tcp_listener = fd_listen(&self->tcp, count);
	for (int i = 0; i < count; i++) {
		struct end server = i % 2 ? self->hstp : self->tcp, client = *server.other;
		int fd, server_fd;

		client.port = 10000 + i;
		client.other = &server;
		fd = fd_start(&client);
		SAME(fd_connected(fd), 0);
		server_fd = fd_accept(i % 2 ? hstp_listener : tcp_listener);
		stream_pair(streams + 2 * i, fd, server_fd, i, size);
	}
	fd_close(hstp_listener);
	fd_close(tcp_listener);
	stat_grew(NS_A, "state ESTABLISHED now", count);
	stream_run(streams, 2 * count, IDLE_MS);
	SAME(stat_now(NS_A, "drop checksum"), 0);
	free(streams);
}

TEST_HARNESS_MAIN
