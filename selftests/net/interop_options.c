// SPDX-License-Identifier: GPL-2.0
/* Options between HSTP and Linux TCP, each switched on or off at either end: RFC 7323, 2018
 * and 2883. A test's variant names the end that opens.
 */
#include "lib/interop.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	600

#define WSCALE		3
#define SACK_PERMITTED	4
#define SACK		5
#define STAMPS		8

enum { HAS_WSCALE = 1, HAS_STAMPS = 2, HAS_SACK = 4, HAS_DSACK = 8, ALL = 15 };

static const char *const hstp_names[] = {
	"net.hstp.window_scaling", "net.hstp.timestamps", "net.hstp.sack", "net.hstp.dsack",
};

static const char *const tcp_names[] = {
	"net.ipv4.tcp_window_scaling", "net.ipv4.tcp_timestamps", "net.ipv4.tcp_sack",
	"net.ipv4.tcp_dsack",
};

static void set(int hstp, int tcp)
{
	for (int i = 0; i < 4; i++) {
		net_sysctl(NS_A, proto == IPPROTO_TCP ? tcp_names[i] : hstp_names[i],
			   hstp >> i & 1);
		net_sysctl(NS_B, tcp_names[i], tcp >> i & 1);
	}
}

static void same(const struct seen *seen, int kind, bool want, int hstp, int tcp)
{
	NEED(seen);
	if (!!wire_option(seen, kind) != want)
		die(__FILE__, __LINE__, "option %d is %son a segment; HSTP has %#x, TCP %#x",
		    kind, want ? "not " : "", hstp, tcp);
}

/* One connection: what the SYNs say, what text has, what a loss and a duplicate bring. */
static void agree(struct scene *self, int hstp, int tcp)
{
	int mine = self->first == self->hstp ? hstp : tcp;
	int theirs = self->first == self->hstp ? tcp : hstp, both = mine & theirs;
	struct seen *syn, *syn_ack, *text;
	int fd[2], acks;

	set(hstp, tcp);
	relay_open(fd);
	syn = relay_last(self->first, SYN, ACK);
	syn_ack = relay_last(self->second, SYN | ACK, 0);
	same(syn, WSCALE, mine & HAS_WSCALE, hstp, tcp);
	same(syn, STAMPS, mine & HAS_STAMPS, hstp, tcp);
	same(syn, SACK_PERMITTED, mine & HAS_SACK, hstp, tcp);
	same(syn_ack, WSCALE, both & HAS_WSCALE, hstp, tcp);
	same(syn_ack, STAMPS, both & HAS_STAMPS, hstp, tcp);
	same(syn_ack, SACK_PERMITTED, both & HAS_SACK, hstp, tcp);

	fd_nodelay(fd[0]);
	fd_send(fd[0], "first");
	relay_text(fd[1], "first");
	text = relay_last(self->first, PSH, 0);
	same(text, STAMPS, both & HAS_STAMPS, hstp, tcp);

	relay_until(relay_last(self->second, ACK, 0)->ack == text->seq + 5);
	relay_settle(self->hstp);

	/* A gap */
	acks = relay_seen(self->second, ACK, 0);
	relay_lose(self->first, PSH, 0, 1);
	fd_send(fd[0], "lost");
	fd_send(fd[0], "held");
	relay_until(relay_seen(self->second, ACK, 0) > acks);
	same(relay_nth(self->second, ACK, 0, acks), SACK, both & HAS_SACK, hstp, tcp);
	relay_text(fd[1], "lostheld");
	relay_until(relay_last(self->second, ACK, 0)->ack == text->seq + 13);
	relay_for(50);
	relay_settle(self->hstp);

	/* A duplicate, long acknowledged */
	acks = relay_seen(self->second, ACK, 0);
	wire_deliver(text);
	relay_until(relay_seen(self->second, ACK, 0) > acks);
	same(relay_nth(self->second, ACK, 0, acks), SACK,
	     both & HAS_SACK && theirs & HAS_DSACK, hstp, tcp);

	fd_send(fd[1], "and back");
	relay_text(fd[0], "and back");
	same(relay_last(self->second, PSH, 0), STAMPS, both & HAS_STAMPS, hstp, tcp);
	fd_linger(fd[0], 1, 0);
	fd_close(fd[0]);
	relay_state(self->second, "CLOSED");
	fd_close(fd[1]);
	relay_reset();
	self->hstp->port++;
	self->tcp->port++;
}

TEST_F(relay, hstp_lacks)
{
	for (int mask = 0; mask <= ALL; mask++)
		agree(self, mask, ALL);
}

TEST_F(relay, tcp_lacks)
{
	for (int mask = 0; mask <= ALL; mask++)
		agree(self, ALL, mask);
}

TEST_F(relay, both_lack)
{
	for (int mask = 0; mask < ALL; mask++)
		agree(self, mask, mask);
}

/* Every set against every other; a few of them unless HSTP_FULL=1. */
TEST_F(relay, each_lacks_its_own)
{
	bool full = getenv("HSTP_FULL");

	for (int i = full ? 0 : 5; i < 256; i += full ? 1 : 37)
		agree(self, i & ALL, i >> 4);
}

TEST_HARNESS_MAIN
