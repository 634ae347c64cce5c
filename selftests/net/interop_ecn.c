// SPDX-License-Identifier: GPL-2.0
/* Explicit Congestion Notification between HSTP and Linux TCP: RFC 3168 section 6.1. A test's
 * variant names the end that opens.
 */
#include "lib/interop.h"
#include "lib/stream.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	300

static void set(int hstp, int tcp)
{
	if (proto == IPPROTO_TCP)
		net_sysctl(NS_A, "net.ipv4.tcp_ecn", hstp);
	net_hstp(NS_A, "ecn", hstp);
	net_sysctl(NS_B, "net.ipv4.tcp_ecn", tcp);
}

static void close_both(struct scene *self, int fd[2])
{
	fd_linger(fd[0], 1, 0);
	fd_close(fd[0]);
	relay_state(self->second, "CLOSED");
	fd_close(fd[1]);
	relay_reset();
	self->hstp->port++;
	self->tcp->port++;
}

/* Text from one end; returns its segment when it is acknowledged, and the ACK. */
static struct seen *say(struct scene *self, struct end *from, int from_fd, int to_fd,
			const char *text, struct seen **ack)
{
	struct seen *segment, *last;

	fd_send(from_fd, text);
	relay_text(to_fd, text);
	segment = relay_last(from, PSH, 0);
	relay_until((last = relay_last(from->other, ACK, SYN)) &&
		    last->ack == segment->seq + strlen(text));
	*ack = last;
	return segment;
}

/* Section 6.1.1, the settings of both ends: 0 never, 1 asks and agrees, 2 agrees. */
TEST_F(relay, agree)
{
	interop_patient();
	for (int i = 0; i < 9; i++) {
		int hstp = i % 3, tcp = i / 3;
		int mine = self->first == self->hstp ? hstp : tcp;
		int theirs = self->first == self->hstp ? tcp : hstp;
		bool agreed = mine == 1 && theirs;
		struct seen *ack;
		int fd[2];

		set(hstp, tcp);
		relay_open(fd);
		SAME(relay_last(self->first, SYN, ACK)->flags, SYN | (mine == 1 ? ECE | CWR : 0));
		SAME(relay_last(self->second, SYN | ACK, 0)->flags,
		     SYN | ACK | (agreed ? ECE : 0));
		SAME(wire_tos(say(self, self->first, fd[0], fd[1], "text", &ack)),
		     agreed ? ECT_0 : NOT_ECT);
		SAME(wire_tos(say(self, self->second, fd[1], fd[0], "back", &ack)),
		     agreed ? ECT_0 : NOT_ECT);
		close_both(self, fd);
	}
}

/* One packet of @from meets congestion: sections 6.1.2 and 6.1.3, ECE, CWR, and no more. */
static void congestion(struct scene *self, struct end *from, int from_fd, int to_fd)
{
	struct seen *segment, *ack;

	fd_nodelay(from_fd);
	segment = say(self, from, from_fd, to_fd, "before", &ack);
	SAME(segment->flags, PSH | ACK);
	SAME(wire_tos(segment), ECT_0);
	SAME(ack->flags, ACK);
	SAME(wire_tos(ack), NOT_ECT);
	relay_mark(from, PSH, 0, 1);
	segment = say(self, from, from_fd, to_fd, "marked", &ack);
	SAME(segment->flags, PSH | ACK);
	SAME(wire_tos(segment), CE);
	SAME(ack->flags, ACK | ECE);
	segment = say(self, from, from_fd, to_fd, "answer", &ack);
	SAME(segment->flags, PSH | ACK | CWR);
	SAME(wire_tos(segment), ECT_0);
	SAME(ack->flags, ACK);
	segment = say(self, from, from_fd, to_fd, "after", &ack);
	SAME(segment->flags, PSH | ACK);
	SAME(ack->flags, ACK);
}

TEST_F(relay, congestion_is_met)
{
	int fd[2];

	interop_patient();
	set(1, 1);
	relay_open(fd);
	congestion(self, self->first, fd[0], fd[1]);
	congestion(self, self->second, fd[1], fd[0]);
	/* again, and while the other way is marked */
	congestion(self, self->first, fd[0], fd[1]);
	close_both(self, fd);
}

/* Section 6.1.1.1: the first SYN is lost; the connection opens without. */
TEST_F(relay, syn_lost)
{
	struct seen *ack;
	int fd[2];

	set(1, 1);
	relay_lose(self->first, SYN, ACK, 1);
	relay_open(fd);
	SAME(relay_seen(self->first, SYN | ECE | CWR, ACK), 1);
	SAME(relay_last(self->first, SYN, ACK)->flags, SYN);
	SAME(wire_tos(say(self, self->first, fd[0], fd[1], "text", &ack)), NOT_ECT);
	SAME(wire_tos(say(self, self->second, fd[1], fd[0], "back", &ack)), NOT_ECT);
	close_both(self, fd);
}

/* Much text both ways over links that mark what they would else drop. */
TEST(bulk)
{
	struct end hstp, tcp;
	struct stream pair[2];
	int listener, fd, server_fd;

	interop_pair(&hstp, &tcp);
	set(1, 1);
	listener = fd_listen(&tcp, 5);
	fd = fd_start(&hstp);
	SAME(fd_connected(fd), 0);
	server_fd = fd_accept(listener);
	fd_close(listener);
	/* Not before: a handshake's segments cannot be marked, and who loses a SYN does without. */
	if (net_status(NS_A, "tc qdisc add dev va root netem loss 3%% ecn"))
		SKIP(return, "this kernel has no netem");
	net_run(NS_B, "tc qdisc add dev vb root netem loss 3%% ecn");
	stream_pair(pair, fd, server_fd, 0, 2 << 20);
	stream_run(pair, 2, 60000);
	/* Each end has reported congestion and answered a report. */
	NEED(stat_now(NS_A, "flag out ece") > 2);
	NEED(stat_now(NS_A, "flag out cwr") > 2);
	NEED(stat_now(NS_A, "flag in ece") > 2);
	NEED(stat_now(NS_A, "flag in cwr") > 2);
}

TEST_HARNESS_MAIN
