/* SPDX-License-Identifier: GPL-2.0 */
/* Questions by sock_diag, and their answers. A program that includes this has hstp_diag.ko
 * while it runs.
 */
#ifndef DIAG_H
#define DIAG_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/hstp.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/syscall.h>

#include "lib/fd.h"
#include "lib/proc.h"

#define DIAG_ROWS	64

/* What came of one connection. */
struct diag_row {
	struct inet_diag_msg m;
	uint32_t has;			/* attributes, 1 << INET_DIAG_* */
	struct tcp_info info;
	struct inet_diag_meminfo memory;
	uint32_t mark, class_id;
	uint8_t tos, shutdown;
	char congestion[16];
};

struct diag_rows {
	int count;
	struct diag_row row[DIAG_ROWS];
};

/* A question; zero means what asks for most. */
struct diag_query {
	struct inet_diag_req_v2 r;
	const void *program;
	int program_len;
	bool with_states;		/* r.idiag_states counts, even if 0 */
	bool with_cookie;		/* r.id.idiag_cookie counts */
};

static pid_t diag_owner;

static inline const char *diag_file(void)
{
	const char *file = getenv("HSTP_DIAG_MODULE");

	return file ? file : "/run/vm/hstp_diag.ko";
}

static void __attribute__((constructor)) diag_load(void)
{
	int fd = TRY(open(diag_file(), O_RDONLY | O_CLOEXEC));

	/* Where it is not built in. */
	if (system("modprobe -q inet_diag 2>/dev/null"))
		fprintf(stderr, "# inet_diag is part of the kernel\n");
	TRY(syscall(SYS_finit_module, fd, "", 0));
	close(fd);
	diag_owner = getpid();
}

static void __attribute__((destructor)) diag_unload(void)
{
	if (getpid() == diag_owner)
		TRY(syscall(SYS_delete_module, "hstp_diag", O_NONBLOCK));
}

static inline int diag_open(enum net_ns ns)
{
	net_enter(ns);
	return TRY(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
}

static inline void diag_take(const struct nlmsghdr *m, struct diag_rows *rows)
{
	struct diag_row *row = &rows->row[rows->count++];
	const struct nlattr *attr;

	NEED(rows->count <= DIAG_ROWS);
	SAME(m->nlmsg_type, SOCK_DIAG_BY_FAMILY);
	memcpy(&row->m, mnl_nlmsg_get_payload(m), sizeof(row->m));
	mnl_attr_for_each(attr, m, sizeof(row->m)) {
		uint16_t len = mnl_attr_get_payload_len(attr);
		const void *data = mnl_attr_get_payload(attr);

		row->has |= 1U << mnl_attr_get_type(attr);
		switch (mnl_attr_get_type(attr)) {
		case INET_DIAG_INFO:
			NEED(len >= sizeof(row->info));
			memcpy(&row->info, data, sizeof(row->info));
			break;
		case INET_DIAG_MEMINFO:
			SAME(len, sizeof(row->memory));
			memcpy(&row->memory, data, sizeof(row->memory));
			break;
		case INET_DIAG_MARK:
			row->mark = mnl_attr_get_u32(attr);
			break;
		case INET_DIAG_CLASS_ID:
			row->class_id = mnl_attr_get_u32(attr);
			break;
		case INET_DIAG_CONG:
			snprintf(row->congestion, sizeof(row->congestion), "%s",
				 mnl_attr_get_str(attr));
			break;
		case INET_DIAG_TOS:
			row->tos = mnl_attr_get_u8(attr);
			break;
		case INET_DIAG_SHUTDOWN:
			row->shutdown = mnl_attr_get_u8(attr);
			break;
		}
	}
}

/* Ask, and take the whole answer; 0 or -errno. @rows may be NULL. */
static inline int diag_ask(int fd, int type, int flags, const struct diag_query *q,
			   struct diag_rows *rows)
{
	static char buffer[65536];
	struct nlmsghdr *m = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *r;
	static uint32_t seq;
	int len;

	m->nlmsg_type = (uint16_t)type;
	m->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	m->nlmsg_seq = ++seq;
	r = mnl_nlmsg_put_extra_header(m, sizeof(*r));
	*r = q->r;
	if (!r->sdiag_family)
		r->sdiag_family = AF_INET;
	if (!r->sdiag_protocol)
		r->sdiag_protocol = IPPROTO_HSTP;
	if (!q->with_states)
		r->idiag_states = ~0U;
	if (!q->with_cookie)
		memset(r->id.idiag_cookie, 0xff, sizeof(r->id.idiag_cookie));
	if (q->program)
		mnl_attr_put(m, INET_DIAG_REQ_BYTECODE, (size_t)q->program_len, q->program);
	TRY(send(fd, m, m->nlmsg_len, 0));
	for (;;) {
		len = (int)TRY(recv(fd, buffer, sizeof(buffer), 0));
		for (m = (void *)buffer; mnl_nlmsg_ok(m, len); m = mnl_nlmsg_next(m, &len)) {
			SAME(m->nlmsg_seq, seq);
			if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE)
				return *(int *)mnl_nlmsg_get_payload(m);
			NEED(rows);
			diag_take(m, rows);
		}
	}
}

/* One connection, by both ends. */
static inline struct diag_query diag_of(const struct end *it)
{
	struct diag_query q = {
		.r.id.idiag_sport = htons(it->port), .r.id.idiag_src[0] = it->addr,
	};

	if (it->other) {
		q.r.id.idiag_dport = htons(it->other->port);
		q.r.id.idiag_dst[0] = it->other->addr;
	}
	return q;
}

/* How many a dump has. */
static inline int diag_count(int fd, const struct diag_query *q)
{
	struct diag_rows rows = { .count = 0 };

	SAME(diag_ask(fd, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, q, &rows), 0);
	return rows.count;
}

#endif /* DIAG_H */
