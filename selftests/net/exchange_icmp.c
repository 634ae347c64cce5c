// SPDX-License-Identifier: GPL-2.0
/* ICMP errors about handshakes that a listener is in the middle of, and where errors must
 * come from: RFC 9293 section 3.9.2.2, RFC 5927 section 4.1. sock_icmp has the rest.
 */
#include "icmp.h"
#include "lib/exchange.h"

/* From another interface of the same host. */
static void tell_by_loopback(const struct end *it, uint32_t seq, int type, int code, int mtu)
{
	struct message m = message(it, seq, type, code, mtu);
	struct sockaddr_in to = addr_of(htonl(INADDR_LOOPBACK), 0);
	int raw;

	net_run(NS_A, "ip link set lo up");
	net_enter(NS_A);
	raw = TRY(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
	SAME(sendto(raw, &m, sizeof(m), 0, (struct sockaddr *)&to, sizeof(to)), sizeof(m));
	close(raw);
	wire_sync(NS_A);
}

static int begin(struct end *us, struct end *it)
{
	int listener = fd_listen(it, 1);

	wire_send(us, SYN, 100, .mss = 1460);
	wire_expect(it, SYN | ACK, 300, 101);
	state_is(it, "SYN-RECEIVED");
	stats_mark(NS_A);
	return listener;
}

/* SHLD-26: codes 2 and 3 SHOULD abort the connection; nobody is there to be told. */
TEST_F(peer, hard)
{
	static const int codes[] = { ICMP_PROT_UNREACH, ICMP_PORT_UNREACH };
	struct end *us = &self->us, *it = &self->it;
	int listener = -1;

	for (int i = 0; i < 2; i++) {
		if (i) {
			fd_close(listener);
			wire_ends(us, NS_T, PORT_US, it, NS_A, PORT_IT + 1);
		}
		listener = begin(us, it);
		tell(it, 300, ICMP_DEST_UNREACH, codes[i], 0);
		state_is(it, "LISTEN");
		wire_silence(it);
		STATS(NS_A, "transition SYN-RECEIVED CLOSED icmp 1");
		fd_no_accept(listener);
		/* What the peer has after all is not there any more */
		wire_send(us, ACK, 101, 301);
		wire_expect(it, RST, 301);
		STATS(NS_A, "reset out listen_ack 1", "drop listen_ack 1");
	}
}

/* MUST-56: codes 0, 1 and 5, Time Exceeded and Parameter Problem MUST NOT abort it. */
TEST_F(peer, soft)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = begin(us, it);

	tell(it, 300, ICMP_DEST_UNREACH, ICMP_NET_UNREACH, 0);
	tell(it, 300, ICMP_DEST_UNREACH, ICMP_HOST_UNREACH, 0);
	tell(it, 300, ICMP_DEST_UNREACH, ICMP_SR_FAILED, 0);
	tell(it, 300, ICMP_TIME_EXCEEDED, ICMP_EXC_TTL, 0);
	tell(it, 300, ICMP_PARAMETERPROB, 0, 0);
	tell(it, 300, ICMP_SOURCE_QUENCH, 0, 0);
	state_is(it, "SYN-RECEIVED");
	STATS_NONE(NS_A);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	SAME(fd_error(fd_accept(listener)), 0);
}

/* RFC 5927 section 4.1: all that is on its way is the SYN,ACK. */
TEST_F(peer, forged)
{
	struct end *us = &self->us, *it = &self->it;

	begin(us, it);
	tell(it, 299, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	tell(it, 301, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	state_is(it, "SYN-RECEIVED");
	STATS_NONE(NS_A);
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
}

/* RFC 1191 section 6.4: what the path has said of the SYN,ACK holds for the text. */
TEST_F(peer, too_big)
{
	struct end *us = &self->us, *it = &self->it;
	char text[1000] = { 0 };
	int listener = begin(us, it), fd;
	struct seen *seen;

	tell(it, 301, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 600);	/* forged */
	tell(it, 300, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 700);
	state_is(it, "SYN-RECEIVED");
	wire_send(us, ACK, 101, 301);
	state_is(it, "ESTABLISHED");
	fd = fd_accept(listener);
	SAME(send(fd, text, sizeof(text), 0), sizeof(text));
	seen = wire_next(it, PATIENCE_MS);
	NEED(seen);
	SAME(seen->len, 700 - 40);
}

/* SHLD-6, RFC 1191 section 6.3: what the path has said is forgotten, and text is sent in segments
 * as large as before.
 */
TEST_F(peer, too_big_forgotten)
{
	struct end *us = &self->us, *it = &self->it;
	char text[1400] = { 0 };
	struct seen *seen;
	int fd, got = 0;

	fd = fd_start(it);
	wire_expect(it, SYN, 300, .mss = 1460);
	wire_send(us, SYN | ACK, 100, 301, .mss = 1400);
	wire_expect(it, ACK, 301, 101);
	SAME(fd_connected(fd), 0);
	SAME(send(fd, text, 1400, 0), 1400);
	SAME(wire_next(it, PATIENCE_MS)->len, 1400);
	tell(it, 301, ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED, 700);
	while (got < 1400) {
		seen = wire_next(it, PATIENCE_MS);
		NEED(seen && seen->len <= 700 - 40);
		got += seen->len;
		wire_send(us, ACK, 101, 301 + got);
	}
	wire_sync(NS_A);
	net_sysctl(NS_A, "net.ipv4.route.flush", 1);
	SAME(send(fd, text, 1400, 0), 1400);
	SAME(wire_next(it, PATIENCE_MS)->len, 1400);
}

/* SO_BINDTODEVICE: what comes by another interface is not for this connection. */
TEST_F(peer, other_device)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = fd_bound(it);
	struct sockaddr_in addr = addr_of(us->addr, us->port);

	TRY(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "va", 2));
	fd_block(fd, false);
	FAILS(EINPROGRESS, connect(fd, (struct sockaddr *)&addr, sizeof(addr)));
	wire_expect(it, SYN, 300);
	stats_mark(NS_A);
	tell_by_loopback(it, 300, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	state_is(it, "SYN-SENT");
	SAME(fd_error(fd), 0);
	STATS_NONE(NS_A);
	tell(it, 300, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	state_is(it, "CLOSED");
	SAME(fd_error(fd), ECONNREFUSED);
	STATS(NS_A, "transition SYN-SENT CLOSED icmp 1");
}

TEST_F(peer, other_device_of_record)
{
	struct end *us = &self->us, *it = &self->it;
	int listener = fd_bound(it);

	TRY(setsockopt(listener, SOL_SOCKET, SO_BINDTODEVICE, "va", 2));
	TRY(listen(listener, 1));
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	state_is(it, "SYN-RECEIVED");
	tell_by_loopback(it, 300, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	state_is(it, "SYN-RECEIVED");
	tell(it, 300, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
	state_is(it, "LISTEN");
}

TEST_HARNESS_MAIN
