// SPDX-License-Identifier: GPL-2.0
/* SOCK_DIAG_BY_FAMILY: what it says of a connection in each state, in a dump and asked for
 * exactly that one, and which connections the filters of a dump let pass.
 */
#include <net/if.h>

#include "diag.h"
#include "lib/states.h"
#include "lib/proc.h"

/* include/net/tcp_states.h has more than netinet/tcp.h; the numbers are the same. */
static int tcp_state(const char *name)
{
	static const char *const names[] = {
		"", "ESTABLISHED", "SYN-SENT", "SYN-RECEIVED", "FIN-WAIT-1", "FIN-WAIT-2",
		"TIME-WAIT", "CLOSED", "CLOSE-WAIT", "LAST-ACK", "LISTEN", "CLOSING",
	};
	int i = 1;

	while (strcmp(names[i], name))
		i++;
	return i;
}

#define EXT(name) (1 << (INET_DIAG_##name - 1))

static void same_ends(const struct diag_row *row, const struct end *it)
{
	SAME(row->m.idiag_family, AF_INET);
	SAME(row->m.id.idiag_src[0], it->addr);
	SAME(row->m.id.idiag_dst[0], it->other->addr);
	SAME(ntohs(row->m.id.idiag_sport), it->port);
	SAME(ntohs(row->m.id.idiag_dport), it->other->port);
	for (int i = 1; i < 4; i++)
		SAME(row->m.id.idiag_src[i] | row->m.id.idiag_dst[i], 0);
}

/* The row says of it what /proc/net/hstp says; sock_diag(7) has the meaning of its members. */
TEST_F(state, exact)
{
	struct diag_rows rows = { .count = 0 };
	struct diag_row *row = &rows.row[0];
	int fd = diag_open(NS_A), err;
	struct diag_query q = diag_of(&self->it);
	struct conn conn;

	NEED(conn_find(&self->it, &conn));
	q.r.idiag_ext = EXT(INFO) | EXT(MEMINFO) | EXT(TOS) | EXT(CONG);
	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, 0, &q, &rows), 0);
	SAME(rows.count, 1);
	same_ends(row, &self->it);
	SAME(row->m.idiag_state, tcp_state(variant->name));
	SAME(row->m.idiag_timer, IN_STATE("TIME-WAIT") ? 3 : variant->nxt != variant->una);
	SAME(row->m.idiag_timer, conn.timer);
	SAME(row->m.idiag_inode, conn.inode);
	SAME(row->m.idiag_rqueue, 0);
	/* The FIN, as with TCP */
	SAME(row->m.idiag_wqueue, variant->nxt != variant->una);
	SAME(row->m.idiag_wqueue, conn.tx);
	if (IN_STATE("TIME-WAIT")) {
		/* As TCP's: a record has no more than a name and a time. */
		NEED(row->m.idiag_expires > 0 && row->m.idiag_expires <= 240000);
		SAME(row->has, 1 << INET_DIAG_MARK);
	} else {
		NEED(row->m.idiag_inode);
		NEED(row->has & 1 << INET_DIAG_INFO && row->has & 1 << INET_DIAG_MEMINFO);
		NEED(!strcmp(row->congestion, "newreno"));
		SAME(row->info.tcpi_state, row->m.idiag_state);
		SAME(row->info.tcpi_snd_wnd, 65535);
		SAME(row->info.tcpi_unacked, variant->nxt != variant->una);
		SAME(row->shutdown, (variant->nxt == 302 ? 2 : 0) | (variant->peer_open ? 0 : 1));
		SAME(row->memory.idiag_rmem, 0);
	}
	/* Its own cookie, and one that is not. */
	memcpy(&q.r.id.idiag_cookie, row->m.id.idiag_cookie, sizeof(q.r.id.idiag_cookie));
	q.with_cookie = true;
	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, 0, &q, &rows), 0);
	SAME(rows.count, 2);
	q.r.id.idiag_cookie[0]++;
	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, 0, &q, NULL), -ESTALE);
	q.with_cookie = false;
	q.r.id.idiag_dport = htons(PORT_US + 1);
	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, 0, &q, NULL), -ENOENT);
	q = diag_of(&self->it);
	q.r.id.idiag_if = 12345;
	err = diag_ask(fd, SOCK_DIAG_BY_FAMILY, 0, &q, NULL);
	SAME(err, -ENOENT);
	close(fd);
}

/* Filters of the request itself: states, ports, family. */
TEST_F(state, dump)
{
	int fd = diag_open(NS_A), state = tcp_state(variant->name);
	struct diag_query q = { .with_states = true };
	struct diag_rows rows = { .count = 0 };

	q.r.idiag_states = 1U << state;
	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, &rows), 0);
	SAME(rows.count, 1);
	same_ends(&rows.row[0], &self->it);
	q.r.idiag_states = ~(1U << state);
	SAME(diag_count(fd, &q), 0);
	q = (struct diag_query){ .r.id.idiag_sport = htons(PORT_IT) };
	SAME(diag_count(fd, &q), 1);
	q.r.id.idiag_dport = htons(PORT_US);
	SAME(diag_count(fd, &q), 1);
	q.r.id.idiag_dport = htons(PORT_IT);
	SAME(diag_count(fd, &q), 0);
	q = (struct diag_query){ .r.sdiag_family = AF_INET6 };
	SAME(diag_count(fd, &q), 0);
	/* Nobody serves this number: nothing is told of ours instead. */
	q = (struct diag_query){ .r.sdiag_protocol = 254 };
	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, NULL), -ENOENT);
	close(fd);
	/* Another namespace has none of it. */
	fd = diag_open(NS_T);
	q = (struct diag_query){ .with_states = false };
	SAME(diag_count(fd, &q), 0);
	close(fd);
}

/* A listener, who waits in its queues, and a handshake. */
TEST(listener)
{
	struct diag_rows rows = { .count = 0 };
	struct diag_query q, all = { .with_states = false };
	struct end us, it, alone;
	int fd;

	net_peer();
	net_no_timers(NS_A);
	fd = diag_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	wire_to_state(&us, &it, "SYN-RECEIVED");
	SAME(diag_count(fd, &all), 2);
	q = diag_of(&it);
	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, 0, &q, &rows), 0);
	SAME(rows.row[0].m.idiag_state, tcp_state("SYN-RECEIVED"));
	SAME(rows.row[0].m.idiag_timer, 1);
	NEED(rows.row[0].m.idiag_expires > 0);
	wire_send(&us, ACK, 101, 301);
	state_is(&it, "ESTABLISHED");
	/* The listener: no remote end. */
	alone = it;
	alone.other = NULL;
	q = diag_of(&alone);
	q.r.idiag_ext = EXT(INFO);
	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, 0, &q, &rows), 0);
	SAME(rows.count, 2);
	SAME(rows.row[1].m.idiag_state, tcp_state("LISTEN"));
	SAME(rows.row[1].m.idiag_rqueue, 1);
	SAME(rows.row[1].info.tcpi_unacked, 1);
	SAME(rows.row[1].m.idiag_wqueue, rows.row[1].info.tcpi_sacked);
	NEED(rows.row[1].m.idiag_inode);
	close(fd);
}

/* Text that waits for its reader, and text that waits for its ACK. */
TEST(queues)
{
	struct diag_rows rows = { .count = 0 };
	struct diag_query q;
	struct end us, it;
	int fd, conn;

	net_peer();
	net_no_timers(NS_A);
	fd = diag_open(NS_A);
	wire_ends(&us, NS_T, 4000, &it, NS_A, 80);
	conn = wire_open_active(&us, &it);
	TRY(setsockopt(conn, SOL_SOCKET, SO_MARK, &(int){ 77 }, sizeof(int)));
	fd_send(conn, "hello, world");
	wire_expect(&it, PSH | ACK, 301, 101, "hello, world");
	wire_send(&us, PSH | ACK, 101, 301, "hello");
	wire_sync(NS_A);
	q = diag_of(&it);
	q.r.idiag_ext = EXT(INFO) | EXT(MEMINFO);
	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, 0, &q, &rows), 0);
	SAME(rows.row[0].m.idiag_rqueue, 5);
	SAME(rows.row[0].m.idiag_wqueue, 12);
	NEED(rows.row[0].memory.idiag_rmem >= 5);
	SAME(rows.row[0].memory.idiag_wmem, 12);
	SAME(rows.row[0].info.tcpi_unacked, 1);
	SAME(rows.row[0].shutdown, 0);
	fd_close(conn);
	close(fd);
}

/* Programs as ss makes them: linux/inet_diag.h. */
struct program {
	uint32_t words[64];
	int len;
};

static void add_op(struct program *p, int code, int yes, int no)
{
	struct inet_diag_bc_op op = { .code = (uint8_t)code, .yes = (uint8_t)yes,
				      .no = (uint16_t)no };

	memcpy((char *)p->words + p->len, &op, sizeof(op));
	p->len += (int)sizeof(op);
}

/* One condition with an operand of @size bytes: past the end if it does not hold. */
static int passing(int fd, int code, const void *operand, int size)
{
	struct program p = { .len = 0 };
	struct diag_query q;

	add_op(&p, code, 4 + size, 4 + size + 4);
	memcpy((char *)p.words + p.len, operand, (size_t)size);
	p.len += size;
	q = (struct diag_query){ .program = p.words, .program_len = p.len };
	return diag_count(fd, &q);
}

static int passing_port(int fd, int code, uint16_t port)
{
	struct inet_diag_bc_op operand = { .no = port };

	return passing(fd, code, &operand, sizeof(operand));
}

static int passing_address(int fd, int code, const char *text, int prefix, int port)
{
	struct {
		struct inet_diag_hostcond cond;
		uint32_t addr;
	} operand = { .cond = { .family = AF_INET, .prefix_len = (uint8_t)prefix,
				.port = port }, .addr = inet_addr(text) };

	return passing(fd, code, &operand, sizeof(operand));
}

TEST(programs)
{
	struct inet_diag_markcond mark = { .mark = 0x10, .mask = 0xf0 };
	struct end us[4], it[4];
	struct program p = { .len = 0 };
	struct diag_query q;
	uint32_t device;
	int fd;

	net_peer();
	net_no_timers(NS_A);
	fd = diag_open(NS_A);
	for (int i = 0; i < 4; i++) {
		int conn;

		wire_ends(&us[i], NS_T, (uint16_t)(4000 + i), &it[i], NS_A, (uint16_t)(80 + i));
		conn = wire_open_active(&us[i], &it[i]);
		TRY(setsockopt(conn, SOL_SOCKET, SO_MARK, &(int){ i << 4 }, sizeof(int)));
		if (i == 3)
			TRY(setsockopt(conn, SOL_SOCKET, SO_BINDTODEVICE, "va", 3));
	}
	SAME(passing_port(fd, INET_DIAG_BC_S_EQ, 81), 1);
	SAME(passing_port(fd, INET_DIAG_BC_S_EQ, 4001), 0);
	SAME(passing_port(fd, INET_DIAG_BC_S_GE, 82), 2);
	SAME(passing_port(fd, INET_DIAG_BC_S_LE, 80), 1);
	SAME(passing_port(fd, INET_DIAG_BC_D_EQ, 4001), 1);
	SAME(passing_port(fd, INET_DIAG_BC_D_GE, 4003), 1);
	SAME(passing_port(fd, INET_DIAG_BC_D_LE, 4002), 3);
	SAME(passing_address(fd, INET_DIAG_BC_S_COND, ADDR_A, 32, -1), 4);
	SAME(passing_address(fd, INET_DIAG_BC_S_COND, ADDR_A, 32, 83), 1);
	SAME(passing_address(fd, INET_DIAG_BC_D_COND, ADDR_A, 32, -1), 0);
	SAME(passing_address(fd, INET_DIAG_BC_D_COND, "10.0.0.8", 31, -1), 4);
	SAME(passing_address(fd, INET_DIAG_BC_D_COND, "10.0.0.8", 32, -1), 0);
	SAME(passing_address(fd, INET_DIAG_BC_D_COND, "10.0.0.8", 31, 4002), 1);
	SAME(passing_address(fd, INET_DIAG_BC_D_COND, "0.0.0.0", 0, -1), 4);
	SAME(passing(fd, INET_DIAG_BC_MARK_COND, &mark, sizeof(mark)), 1);
	/* bind() has chosen all of these ports. */
	SAME(passing(fd, INET_DIAG_BC_AUTO, "", 0), 0);
	device = 0;
	SAME(passing(fd, INET_DIAG_BC_DEV_COND, &device, sizeof(device)) +
	     passing(fd, INET_DIAG_BC_DEV_COND, &(uint32_t){ if_nametoindex("va") },
		     sizeof(device)), 4);

	/* sport = 80 or sport = 82: the first jumps over the second, JMP always. */
	add_op(&p, INET_DIAG_BC_S_EQ, 8, 12);
	add_op(&p, 0, 0, 80);
	add_op(&p, INET_DIAG_BC_JMP, 4, 12);
	add_op(&p, INET_DIAG_BC_S_EQ, 8, 12);
	add_op(&p, 0, 0, 82);
	q = (struct diag_query){ .program = p.words, .program_len = p.len };
	SAME(diag_count(fd, &q), 2);
	/* One that jumps into the middle of another is none. */
	p.len = 0;
	add_op(&p, INET_DIAG_BC_S_EQ, 8, 12);
	add_op(&p, 0, 0, 80);
	add_op(&p, INET_DIAG_BC_NOP, 2, 4);
	q.program_len = p.len;
	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, &q, NULL), -EINVAL);
	close(fd);
}

/* More than one message of the answer can hold: each once. */
TEST(many)
{
	enum { COUNT = 600 };
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = 80 };
	struct sockaddr_in to = addr_of(here.addr, here.port);
	static uint8_t seen[65536];
	struct nlmsghdr *m;
	static char buffer[65536];
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 r;
	} request = {
		.head = { sizeof(request), SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_DUMP, 1, 0 },
		.r = { .sdiag_family = AF_INET, .sdiag_protocol = IPPROTO_HSTP,
		       .idiag_ext = EXT(INFO), .idiag_states = 1 << 1 },
	};
	int listener, fd, len, rows = 0;
	bool done = false;

	net_alone();
	listener = fd_listen(&here, 16);
	for (int i = 0; i < COUNT / 2; i++) {
		TRY(connect(fd_new(NS_A), (struct sockaddr *)&to, sizeof(to)));
		fd_accept(listener);
	}
	fd = diag_open(NS_A);
	TRY(send(fd, &request, sizeof(request), 0));
	while (!done) {
		len = (int)TRY(recv(fd, buffer, sizeof(buffer), 0));
		for (m = (void *)buffer; mnl_nlmsg_ok(m, len); m = mnl_nlmsg_next(m, &len)) {
			const struct inet_diag_msg *r = mnl_nlmsg_get_payload(m);

			done = m->nlmsg_type == NLMSG_DONE;
			if (done)
				break;
			SAME(m->nlmsg_type, SOCK_DIAG_BY_FAMILY);
			rows++;
			if (ntohs(r->id.idiag_dport) == 80)
				SAME(seen[ntohs(r->id.idiag_sport)]++, 0);
		}
	}
	SAME(rows, COUNT);
	close(fd);
}

TEST_HARNESS_MAIN
