// SPDX-License-Identifier: GPL-2.0
/* /proc/net/hstp has the columns of /proc/net/tcp: the same steps on both protocols, with the
 * tester as the peer, and the same numbers in each column.
 */
#include <arpa/inet.h>
#include <linux/hstp.h>
#include <netinet/tcp.h>
#include <sys/fsuid.h>
#include <sys/stat.h>

#include "lib/exchange.h"

#define OWNER	1234
#define OTHER	1235

/* TCP's first retransmission comes after a second, too. */
FIXTURE(on)
{
	struct end us, it;
};

FIXTURE_VARIANT(on)
{
	int proto;
};

FIXTURE_VARIANT_ADD(on, tcp)
{
	.proto = IPPROTO_TCP,
};

FIXTURE_VARIANT_ADD(on, hstp)
{
	.proto = IPPROTO_HSTP,
};

FIXTURE_SETUP(on)
{
	proto = variant->proto;
	net_peer();
	net_rto(NS_A, 1000, 120000);
	net_hstp(NS_A, "rto_min_ms", 200);
	wire_ends(&self->us, NS_T, PORT_US, &self->it, NS_A, PORT_IT);
}

FIXTURE_TEARDOWN(on)
{
	stats_sums(NS_A);
}

static struct conn row_of(const struct end *it)
{
	struct conn row;

	NEED(conn_find(it, &row));
	return row;
}

/* The row becomes such that @cond holds. */
#define wait_for(it, row, cond)	WAIT(((row) = row_of(it), (cond)))

/* What was sent once is not sent again, however long the test takes to answer it. TCP asks the
 * route; its first timeout, a second, stays, and with a longer one FIN-WAIT-2 would last longer.
 */
static void nothing_again(void)
{
	net_no_timers(NS_A);
	if (proto == IPPROTO_TCP)
		net_run(NS_A, "ip route change 10.0.0.0/24 dev va proto kernel scope link "
			"src " ADDR_A " rto_min 5s");
}

static unsigned long inode_of(int fd)
{
	struct stat stat;

	TRY(fstat(fd, &stat));
	return stat.st_ino;
}

/* Nothing is on its way, nothing runs out. */
static void is_idle(const struct conn *row)
{
	SAME(row->tx, 0);
	SAME(row->timer, 0);
	SAME(row->when, 0);
	SAME(row->retransmits, 0);
	SAME(row->probes, 0);
}

static void runs(const struct conn *row, unsigned int timer, unsigned int at_least,
		 unsigned int at_most)
{
	SAME(row->timer, timer);
	if (row->when < at_least || row->when > at_most)
		die(__FILE__, __LINE__, "the timer goes off after %u/100 s, not %u to %u",
		    row->when, at_least, at_most);
}

/* To the byte, blanks at the end included. */
TEST(headline)
{
	char tcp[256], hstp[256];
	FILE *file;

	net_alone();
	net_enter(NS_A);
	file = fopen("/proc/thread-self/net/tcp", "r");
	NEED(file && fgets(tcp, sizeof(tcp), file));
	fclose(file);
	file = fopen("/proc/thread-self/net/hstp", "r");
	NEED(file && fgets(hstp, sizeof(hstp), file));
	fclose(file);
	ASSERT_STREQ(tcp, hstp);
}

static void shake_hands(struct end *us, struct end *it)
{
	wire_send(us, SYN, 100);
	wire_expect(it, SYN | ACK, 300, 101);
	wire_send(us, ACK, 101, 301);
	state_wait(it, "ESTABLISHED");
}

static struct conn listener_row(enum net_ns ns)
{
	static struct conn rows[16];
	int count = conn_list(ns, rows, 16);

	for (int i = 0; i < count; i++)
		if (!strcmp(conn_state(&rows[i]), "LISTEN"))
			return rows[i];
	die(__FILE__, __LINE__, "there is no listener");
}

/* Of a listener rx_queue is how many wait for accept(). Those belong to nobody yet; then to who
 * has accepted them.
 */
TEST_F(on, listener_and_its_children)
{
	struct end us[3], it[3];
	struct conn row;
	int listener, fd;

	setfsuid(OWNER);
	listener = fd_listen(&self->it, 5);
	setfsuid(0);
	row = listener_row(NS_A);
	SAME(row.laddr, self->it.addr);
	SAME(row.lport, PORT_IT);
	SAME(row.raddr, 0);
	SAME(row.rport, 0);
	is_idle(&row);
	SAME(row.rx, 0);
	SAME(row.uid, OWNER);
	SAME(row.inode, inode_of(listener));
	NEED(row.refs >= 1);
	NEED(row.full);

	for (int i = 0; i < 3; i++)
		wire_ends(&us[i], NS_T, (uint16_t)(PORT_US + i), &it[i], NS_A, PORT_IT);
	shake_hands(&us[0], &it[0]);
	shake_hands(&us[1], &it[1]);
	wire_send(&us[1], PSH | ACK, 101, 301, "1234567");
	wire_send(&us[2], SYN, 100);
	wire_expect(&it[2], SYN | ACK, 300, 101);
	row = row_of(&it[2]);
	SAME(row.st, TCP_SYN_RECV);
	SAME(row.tx, 0);
	SAME(row.rx, 0);
	runs(&row, 1, 0, 100U << row.retransmits);
	SAME(row.uid, OWNER);
	SAME(row.probes, 0);
	SAME(row.inode, 0);
	NEED(!row.full);
	row = listener_row(NS_A);
	SAME(row.rx, 2);
	SAME(row.tx, 0);
	wait_for(&it[1], row, row.rx);
	SAME(row.st, TCP_ESTABLISHED);
	SAME(row.rx, 7);
	is_idle(&row);
	SAME(row.inode, 0);
	NEED(row.full);

	setfsuid(OTHER);
	fd = fd_accept(listener);
	setfsuid(0);
	SAME(listener_row(NS_A).rx, 1);
	row = row_of(&it[0]);
	SAME(row.uid, OTHER);
	SAME(row.inode, inode_of(fd));
	/* The SYN,ACK that nobody answers */
	wait_for(&it[2], row, row.retransmits);
	runs(&row, 1, 0, 100U << row.retransmits);
	SAME(row.tx, 0);
}

/* tx_queue and rx_queue, the timer of retransmission and how often it went off. */
TEST_F(on, queues)
{
	struct end *us = &self->us, *it = &self->it;
	struct conn row;
	char text[3];
	int fd;

	setfsuid(OWNER);
	fd = wire_open_active(us, it);
	setfsuid(0);
	row = row_of(it);
	SAME(row.st, TCP_ESTABLISHED);
	SAME(row.laddr, it->addr);
	SAME(row.lport, it->port);
	SAME(row.raddr, us->addr);
	SAME(row.rport, us->port);
	is_idle(&row);
	SAME(row.rx, 0);
	SAME(row.uid, OWNER);
	SAME(row.inode, inode_of(fd));
	NEED(row.refs >= 1);
	NEED(row.full);

	wire_send(us, PSH | ACK, 101, 301, "1234567");
	wait_for(it, row, row.rx);
	SAME(row.rx, 7);
	SAME(row.tx, 0);
	SAME(recv(fd, text, 3, 0), 3);
	SAME(row_of(it).rx, 4);

	fd_send(fd, "12345");
	row = row_of(it);
	SAME(row.tx, 5);
	SAME(row.rx, 4);
	runs(&row, 1, 0, (unsigned int)row.rto + 2);
	wait_for(it, row, row.retransmits >= 2);
	SAME(row.tx, 5);
	SAME(row.probes, 0);
	runs(&row, 1, 0, (unsigned int)row.rto + 2);
	wire_send(us, ACK, 108, 304);
	wait_for(it, row, row.tx < 5);
	SAME(row.tx, 2);
	wire_send(us, ACK, 108, 306);
	wait_for(it, row, !row.tx);
	is_idle(&row);
	SAME(row.rx, 4);
}

/* Probes of a closed window have a timer of their own, and a column. */
TEST_F(on, window_probes)
{
	struct end *us = &self->us, *it = &self->it;
	struct conn row;
	int fd = wire_open_active(us, it);

	fd_nodelay(fd);
	wire_send(us, ACK, 101, 301, .wnd = ZERO_WINDOW);
	wire_sync(NS_A);
	fd_send(fd, "12345");
	/* When it is about to go off, the next one has not been set yet. */
	wait_for(it, row, row.probes >= 2 && row.when > 0);
	SAME(row.tx, 5);
	SAME(row.timer, 4);
	SAME(row.retransmits, 0);
	/* The peer is there: they are counted anew. */
	wire_send(us, ACK, 101, 301, .wnd = ZERO_WINDOW);
	wait_for(it, row, row.probes < 2);
	SAME(row.timer, 4);
	wire_send(us, ACK, 101, 301);
	wait_for(it, row, row.timer == 1);
	wire_sync(NS_A);
	wire_send(us, ACK, 101, 306);
	wait_for(it, row, !row.tx);
	is_idle(&row);
}

/* A connection that is watched for silence: "another timer". It is no less there while
 * something is sent, but that one comes first.
 */
TEST_F(on, keepalive)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_active(us, it), on = 1, idle = 1000;
	struct conn row;

	TRY(setsockopt(fd, fd_level(fd), TCP_KEEPIDLE, &idle, sizeof(idle)));
	TRY(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	row = row_of(it);
	runs(&row, 2, 90000, 100000);
	SAME(row.tx, 0);
	SAME(row.retransmits, 0);
	SAME(row.probes, 0);
	fd_send(fd, "x");
	SAME(row_of(it).timer, 1);
	wire_send(us, ACK, 101, 302);
	wait_for(it, row, row.timer != 1);
	runs(&row, 2, 90000, 100000);
	on = 0;
	TRY(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)));
	row = row_of(it);
	is_idle(&row);
}

/* SYN and FIN occupy a sequence number each, and are counted as long as they are not
 * acknowledged. TCP counts the peer's FIN, too, until recv() has come to it.
 */
TEST_F(on, control_bits_are_counted)
{
	static const struct {
		const char *state;
		int st;
		unsigned int tx, timer;
		bool peer_fin;
	} states[] = {
		{ "SYN-SENT", TCP_SYN_SENT, 1, 1, false },
		{ "ESTABLISHED", TCP_ESTABLISHED, 0, 0, false },
		{ "FIN-WAIT-1", TCP_FIN_WAIT1, 1, 1, false },
		{ "FIN-WAIT-2", TCP_FIN_WAIT2, 0, 0, false },
		{ "CLOSE-WAIT", TCP_CLOSE_WAIT, 0, 0, true },
		{ "CLOSING", TCP_CLOSING, 1, 1, true },
		{ "LAST-ACK", TCP_LAST_ACK, 1, 1, true },
	};
	struct end us, it;

	nothing_again();
	for (size_t i = 0; i < sizeof(states) / sizeof(*states); i++) {
		struct conn row;
		int fd;

		wire_ends(&us, NS_T, (uint16_t)(PORT_US + 1 + i), &it, NS_A, PORT_IT);
		fd = wire_to_state(&us, &it, states[i].state);
		row = row_of(&it);
		SAME(row.st, states[i].st);
		SAME(row.tx, states[i].tx);
		SAME(row.rx, proto == IPPROTO_TCP && states[i].peer_fin);
		SAME(row.timer, states[i].timer);
		SAME(row.inode, inode_of(fd));
		NEED(row.full);
		fd_linger(fd, 1, 0);
		fd_close(fd);
	}
	/* An active open that crosses another: a whole connection, not a record */
	wire_ends(&us, NS_T, PORT_US, &it, NS_A, PORT_IT);
	wire_cross_syns(&us, &it);
	SAME(row_of(&it).st, TCP_SYN_RECV);
	SAME(row_of(&it).tx, 1);
	NEED(row_of(&it).full);
}

/* What nobody holds any more: no socket, no inode. */
TEST_F(on, orphans)
{
	struct end *us = &self->us, *it = &self->it;
	struct conn row;

	nothing_again();
	fd_close(wire_to_state(us, it, "FIN-WAIT-2"));
	row = row_of(it);
	SAME(row.st, TCP_FIN_WAIT2);
	SAME(row.tx, 0);
	SAME(row.rx, 0);
	SAME(row.inode, 0);
	/* A minute, with either. TCP has a record of TIME-WAIT by then and says 3, the number
	 * "for TIME_WAIT state" (the kernel's proc_net_tcp.rst); it is "another timer".
	 */
	runs(&row, variant->proto == IPPROTO_TCP ? 3 : 2, 4000, 6000);

	wire_ends(us, NS_T, PORT_US + 1, it, NS_A, PORT_IT + 1);
	fd_close(wire_to_state(us, it, "TIME-WAIT"));
	row = row_of(it);
	SAME(row.st, TCP_TIME_WAIT);
	SAME(row.laddr, it->addr);
	SAME(row.lport, it->port);
	SAME(row.raddr, us->addr);
	SAME(row.rport, us->port);
	SAME(row.tx, 0);
	SAME(row.rx, 0);
	runs(&row, 3, 4000, 6000);	/* 2MSL, with either */
	SAME(row.retransmits, 0);
	SAME(row.uid, 0);
	SAME(row.probes, 0);
	SAME(row.inode, 0);
	NEED(!row.full);
}

/* The columns behind the pointer, as the socket tells them. */
static void as_info(int fd, const struct end *it)
{
	struct conn row = row_of(it);
	struct tcp_info info;
	socklen_t len = sizeof(info);
	long ato;

	TRY(getsockopt(fd, fd_level(fd), TCP_INFO, &info, &len));
	NEED(row.full);
	SAME(row.rto, info.tcpi_rto / 10000);
	SAME(row.cwnd, info.tcpi_snd_cwnd);
	ato = row.ato * 10000;
	NEED(ato <= info.tcpi_ato && ato + 10000 > info.tcpi_ato);
	NEED(row.cwnd > 0);
	if (row.ssthresh != -1)
		SAME(row.ssthresh, info.tcpi_snd_ssthresh);
}

TEST_F(on, congestion)
{
	struct end *us = &self->us, *it = &self->it;
	int fd = wire_open_active(us, it);
	struct conn row;

	row = row_of(it);
	/* RFC 6928: ten segments */
	SAME(row.cwnd, 10);
	SAME(row.ssthresh, -1);
	as_info(fd, it);

	/* A loss that only the timer finds: one segment, and a threshold, by RFC 5681, 3.1, two
	 * segments where less than four were on their way. Linux takes seven tenths of its window.
	 */
	fd_send(fd, "12345");
	wait_for(it, row, row.retransmits >= 1);
	SAME(row.cwnd, 1);
	SAME(row.ssthresh, proto == IPPROTO_TCP ? 7 : 2);
	wire_send(us, ACK, 101, 306);
	wait_for(it, row, !row.tx);
	as_info(fd, it);
}

TEST_HARNESS_MAIN
