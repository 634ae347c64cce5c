// SPDX-License-Identifier: GPL-2.0
/* Much text, and many connections at once, between HSTP and Linux TCP: every byte is checked.
 * HSTP_FULL=1 asks for the full amounts, which take minutes.
 */
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
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

/* Sees the packets of HSTP's and TCP's numbers on @device that have at least @size bytes: their
 * beginnings, as long as its buffer has room, and PACKET_STATISTICS counts all.
 */
static int watch(enum net_ns ns, const char *device, uint32_t size)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, size, 0, 4),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 253, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 64),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog filter = { .len = sizeof(code) / sizeof(*code), .filter = code };
	struct sockaddr_ll addr = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd, on = 1;

	net_enter(ns);
	fd = TRY(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
	TRY(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)));
	TRY(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)));
	addr.sll_ifindex = if_nametoindex(device);
	NEED(addr.sll_ifindex);
	TRY(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	return fd;
}

/* Of those at hand, packets whose checksum is left to the device; @outgoing: of this host. */
static int count_partial(int fd, bool outgoing)
{
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))], frame[64];
	struct iovec iov = { frame, sizeof(frame) };
	struct tpacket_auxdata aux;
	struct sockaddr_ll from;
	int count = 0;

	for (;;) {
		struct msghdr msg = {
			.msg_name = &from, .msg_namelen = sizeof(from),
			.msg_iov = &iov, .msg_iovlen = 1,
			.msg_control = control, .msg_controllen = sizeof(control),
		};

		if (recvmsg(fd, &msg, MSG_DONTWAIT) < 0)
			return count;
		NEED(CMSG_FIRSTHDR(&msg));
		memcpy(&aux, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(aux));
		count += (from.sll_pkttype == PACKET_OUTGOING) == outgoing &&
			 aux.tp_status & TP_STATUS_CSUMNOTREADY;
	}
}

/* Devices that are said to compute checksums and to cut large packets into segments: what
 * the translator gets has the sum of the pseudo-header alone, in packets of up to 64 KiB. That
 * it does is looked at.
 */
TEST_F(bulk, offloaded)
{
	int all = watch(NS_B, "vb", 0), all_out = watch(NS_B, "vb", 0);
	int large = watch(NS_B, "vb", ETH_HLEN + 1501);
	struct tpacket_stats seen;
	socklen_t len = sizeof(seen);

	net_run(NS_A, "ethtool -K va tx on tso on gso on >/dev/null");
	net_run(NS_B, "ethtool -K vb tx on tso on gso on >/dev/null &&"
		" ip link set dev vb gso_max_segs 65535");
	both_ways(&self->hstp, &self->tcp, scaled(1024, 32));
	SAME(stat_now(NS_A, "drop checksum"), 0);
	/* Both protocols left sums to the device, and TCP's packets were larger than the link's. */
	NEED(count_partial(all, false) > 10);
	NEED(count_partial(all_out, true) > 10);
	TRY(getsockopt(large, SOL_PACKET, PACKET_STATISTICS, &seen, &len));
	NEED(seen.tp_packets > 100);
	NEED(count_partial(large, true) > 10);
}

/* 64 MiB each way while segments are lost, doubled, reordered and damaged. */
TEST_F(bulk, bad_network)
{
	const char *how = "netem limit 10000 delay 1ms loss 0.5% duplicate 1% reorder 5%"
			  " corrupt 1%";

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
