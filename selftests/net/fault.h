/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of faults share: rules, step mode and held segments by way of netlink, and
 * the scene: the tester (us) and a stack (it) whose timers do not run out.
 */
#ifndef FAULT_H
#define FAULT_H

#include <arpa/inet.h>

#include "lib/exchange.h"
#include "lib/nl.h"

enum { EITHER_WAY, IN, OUT };
enum { ANY_TEXT, NO_TEXT, TEXT };

#define DROP		HSTP_NL_ACTION_DROP
#define DUPLICATE	HSTP_NL_ACTION_DUPLICATE
#define DELAY		HSTP_NL_ACTION_DELAY
#define HOLD		HSTP_NL_ACTION_HOLD
#define REORDER		HSTP_NL_ACTION_REORDER
#define CHANGE		HSTP_NL_ACTION_CHANGE
#define CORRUPT		HSTP_NL_ACTION_CORRUPT

/* A rule; what is zero is not said to the kernel, but for the action. */
struct fault {
	int way;
	const char *local, *remote;
	int local_bits, remote_bits;	/* -1: prefix 0 */
	uint16_t lport, fport;
	uint16_t states;
	uint8_t set, clear;
	int text;
	uint32_t nth, every, count, probability;
	uint64_t seed;
	int action;
	uint32_t copies, delay;
	int field, how;			/* of CHANGE: always said */
	uint32_t value;
};

/* A mark that can be seen on the wire and harms nobody. */
#define MARK		777
#define MARKS		.action = CHANGE, .field = HSTP_NL_FIELD_WINDOW, .value = MARK

static inline void fault_put_end(struct nlmsghdr *req, const char *addr, int bits, uint16_t port,
				 uint16_t addr_type, uint16_t bits_type, uint16_t port_type)
{
	if (addr)
		mnl_attr_put_u32(req, addr_type, inet_addr(addr));
	if (bits)
		mnl_attr_put_u8(req, bits_type, bits < 0 ? 0 : (uint8_t)bits);
	if (port)
		mnl_attr_put_u16(req, port_type, htons(port));
}

static inline struct nlmsghdr *fault_request(struct nl *nl, const struct fault *f)
{
	struct nlmsghdr *req = nl_request(nl, HSTP_CMD_FAULT_ADD, 0);
	const struct {
		uint16_t type;
		uint32_t value;
	} numbers[] = {
		{ HSTP_A_FAULT_NTH, f->nth }, { HSTP_A_FAULT_EVERY, f->every },
		{ HSTP_A_FAULT_COUNT, f->count }, { HSTP_A_FAULT_PROBABILITY, f->probability },
		{ HSTP_A_FAULT_COPIES, f->copies }, { HSTP_A_FAULT_DELAY_MS, f->delay },
	};

	if (f->way)
		mnl_attr_put_u8(req, HSTP_A_FAULT_DIRECTION, f->way == OUT ?
				HSTP_NL_DIRECTION_OUT : HSTP_NL_DIRECTION_IN);
	fault_put_end(req, f->local, f->local_bits, f->lport, HSTP_A_FAULT_LOCAL_ADDRESS,
		      HSTP_A_FAULT_LOCAL_PREFIX, HSTP_A_FAULT_LOCAL_PORT);
	fault_put_end(req, f->remote, f->remote_bits, f->fport, HSTP_A_FAULT_REMOTE_ADDRESS,
		      HSTP_A_FAULT_REMOTE_PREFIX, HSTP_A_FAULT_REMOTE_PORT);
	if (f->states)
		mnl_attr_put_u16(req, HSTP_A_FAULT_STATES, f->states);
	if (f->set)
		mnl_attr_put_u8(req, HSTP_A_FAULT_FLAGS_SET, f->set);
	if (f->clear)
		mnl_attr_put_u8(req, HSTP_A_FAULT_FLAGS_CLEAR, f->clear);
	if (f->text)
		mnl_attr_put_u8(req, HSTP_A_FAULT_TEXT, f->text == TEXT ? HSTP_NL_TEXT_WITH :
				HSTP_NL_TEXT_WITHOUT);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		if (numbers[i].value)
			mnl_attr_put_u32(req, numbers[i].type, numbers[i].value);
	if (f->seed)
		mnl_attr_put_u64(req, HSTP_A_FAULT_SEED, f->seed);
	mnl_attr_put_u8(req, HSTP_A_FAULT_ACTION, (uint8_t)f->action);
	if (f->action == CHANGE) {
		mnl_attr_put_u8(req, HSTP_A_FAULT_FIELD, (uint8_t)f->field);
		mnl_attr_put_u8(req, HSTP_A_FAULT_HOW, (uint8_t)f->how);
		mnl_attr_put_u32(req, HSTP_A_FAULT_VALUE, f->value);
	}
	return req;
}

static inline void fault_take_id(const struct nlmsghdr *m, void *arg)
{
	struct nl_attrs a;

	nl_attrs(m, &a);
	*(uint32_t *)arg = (uint32_t)nl_number(a.by[HSTP_A_FAULT_ID]);
}

/* Number of the new rule. */
#define fault_add(nl, ...) fault_add_at(__LINE__, nl, &(struct fault){ __VA_ARGS__ })
static inline uint32_t fault_add_at(int line, struct nl *nl, const struct fault *f)
{
	uint32_t id = 0;
	int err = nl_talk(nl, fault_request(nl, f), fault_take_id, &id);

	if (err)
		die(__FILE__, line, "rule refused: %s (%s)", nl->text, strerror(-err));
	NEED(id);
	return id;
}

static inline int fault_del(struct nl *nl, uint32_t id)
{
	struct nlmsghdr *req = nl_request(nl, HSTP_CMD_FAULT_DEL, 0);

	mnl_attr_put_u32(req, HSTP_A_FAULT_ID, id);
	return nl_talk(nl, req, NULL, NULL);
}

static inline int fault_flush(struct nl *nl)
{
	struct nlmsghdr *req = nl_request(nl, HSTP_CMD_FAULT_DEL, 0);

	mnl_attr_put(req, HSTP_A_FAULT_ALL, 0, NULL);
	return nl_talk(nl, req, NULL, NULL);
}

struct fault_counts {
	uint64_t matched, acted, overflow;
	uint32_t held;
};

static inline void fault_take_counts(const struct nlmsghdr *m, void *arg)
{
	struct fault_counts *c = arg;
	struct nl_attrs a;

	nl_attrs(m, &a);
	c->matched = nl_number(a.by[HSTP_A_FAULT_MATCHED]);
	c->acted = nl_number(a.by[HSTP_A_FAULT_ACTED]);
	c->overflow = nl_number(a.by[HSTP_A_FAULT_OVERFLOW]);
	c->held = (uint32_t)nl_number(a.by[HSTP_A_FAULT_HELD]);
}

static inline struct fault_counts fault_counts(struct nl *nl, uint32_t id)
{
	struct nlmsghdr *req = nl_request(nl, HSTP_CMD_FAULT_GET, 0);
	struct fault_counts c = { };

	mnl_attr_put_u32(req, HSTP_A_FAULT_ID, id);
	SAME(nl_talk(nl, req, fault_take_counts, &c), 0);
	return c;
}

/* So many matched, and it did something to so many of them. */
#define fault_did(nl, id, m, a) do {					\
	struct fault_counts counts_ = fault_counts(nl, id);		\
									\
	SAME(counts_.matched, m);					\
	SAME(counts_.acted, a);						\
	SAME(counts_.overflow, 0);					\
} while (0)

static inline int step_set(struct nl *nl, bool on)
{
	struct nlmsghdr *req = nl_request(nl, HSTP_CMD_STEP_SET, 0);

	mnl_attr_put_u8(req, HSTP_A_STEP_ENABLED, on);
	return nl_talk(nl, req, NULL, NULL);
}

/* What step-get says of one attribute. */
struct step_value {
	int type;
	uint64_t value;
};

static inline void step_take(const struct nlmsghdr *m, void *arg)
{
	struct step_value *v = arg;
	struct nl_attrs a;

	nl_attrs(m, &a);
	NEED(a.by[v->type]);
	v->value = nl_number(a.by[v->type]);
}

static inline uint64_t step_get(struct nl *nl, int type)
{
	struct step_value v = { .type = type };

	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_STEP_GET, 0), step_take, &v), 0);
	return v.value;
}

#define held_count(nl)	step_get(nl, HSTP_A_STEP_HELD)

/* A segment that is held, in the kernel's numbers. */
struct held {
	uint32_t id, rule;
	int why, out, flags;
	uint32_t seq, ack, length, window, due_in;
	bool has_ack, has_due;
	uint16_t lport, fport;
};

#define HELD_LIST	2048

struct held_list {
	struct held at[HELD_LIST];
	int count;
};

static inline void held_take(const struct nlmsghdr *m, void *arg)
{
	struct held_list *list = arg;
	struct nl_attrs a;
	struct held *h;

	NEED(list->count < HELD_LIST);
	h = &list->at[list->count++];
	nl_attrs(m, &a);
	*h = (struct held){
		.id = (uint32_t)nl_number(a.by[HSTP_A_HELD_ID]),
		.rule = (uint32_t)nl_number(a.by[HSTP_A_HELD_RULE]),
		.why = (int)nl_number(a.by[HSTP_A_HELD_WHY]),
		.out = nl_number(a.by[HSTP_A_HELD_DIRECTION]) == HSTP_NL_DIRECTION_OUT,
		.flags = (int)nl_number(a.by[HSTP_A_HELD_FLAGS]),
		.seq = (uint32_t)nl_number(a.by[HSTP_A_HELD_SEQ]),
		.ack = (uint32_t)nl_number(a.by[HSTP_A_HELD_ACK]),
		.has_ack = a.by[HSTP_A_HELD_ACK],
		.window = (uint32_t)nl_number(a.by[HSTP_A_HELD_WINDOW]),
		.length = (uint32_t)nl_number(a.by[HSTP_A_HELD_LENGTH]),
		.due_in = (uint32_t)nl_number(a.by[HSTP_A_HELD_DUE_IN]),
		.has_due = a.by[HSTP_A_HELD_DUE_IN],
		.lport = ntohs((uint16_t)nl_number(a.by[HSTP_A_HELD_LOCAL_PORT])),
		.fport = ntohs((uint16_t)nl_number(a.by[HSTP_A_HELD_REMOTE_PORT])),
	};
}

static inline struct held_list *held_all(struct nl *nl)
{
	static struct held_list list;

	list.count = 0;
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_HELD_GET, NLM_F_DUMP), held_take, &list), 0);
	return &list;
}

/* Zero: not said. */
struct release {
	uint32_t id, rule, count;
	const char *local, *remote;
	uint16_t lport, fport;
	bool drop;
};

static inline void held_take_released(const struct nlmsghdr *m, void *arg)
{
	struct nl_attrs a;

	nl_attrs(m, &a);
	*(int *)arg = (int)nl_number(a.by[HSTP_A_HELD_RELEASED]);
}

/* How many went on or were lost, or -errno. */
#define held_release(nl, ...) held_release_all(nl, &(struct release){ __VA_ARGS__ })
static inline int held_release_all(struct nl *nl, const struct release *r)
{
	struct nlmsghdr *req = nl_request(nl, HSTP_CMD_HELD_RELEASE, 0);
	int released = 0, err;

	if (r->id)
		mnl_attr_put_u32(req, HSTP_A_HELD_ID, r->id);
	if (r->rule)
		mnl_attr_put_u32(req, HSTP_A_HELD_RULE, r->rule);
	if (r->count)
		mnl_attr_put_u32(req, HSTP_A_HELD_COUNT, r->count);
	if (r->local)
		mnl_attr_put_u32(req, HSTP_A_HELD_LOCAL_ADDRESS, inet_addr(r->local));
	if (r->remote)
		mnl_attr_put_u32(req, HSTP_A_HELD_REMOTE_ADDRESS, inet_addr(r->remote));
	if (r->lport)
		mnl_attr_put_u16(req, HSTP_A_HELD_LOCAL_PORT, htons(r->lport));
	if (r->fport)
		mnl_attr_put_u16(req, HSTP_A_HELD_REMOTE_PORT, htons(r->fport));
	if (r->drop)
		mnl_attr_put(req, HSTP_A_HELD_DROP, 0, NULL);
	err = nl_talk(nl, req, held_take_released, &released);
	return err ? err : released;
}

FIXTURE(fault)
{
	struct end us;	/* the tester, ISS 100 */
	struct end it;	/* the stack in A, ISS 300 */
	struct nl *nl;	/* in A */
	int fd;		/* of the stack, once it is open */
};

FIXTURE_SETUP(fault)
{
	net_peer();
	net_no_timers(NS_A);
	wire_ends(&self->us, NS_T, PORT_US, &self->it, NS_A, PORT_IT);
	self->nl = nl_open(NS_A);
	self->fd = -1;
	stats_mark(NS_A);
}

FIXTURE_TEARDOWN(fault)
{
	stats_sums(NS_A);
}

/* ESTABLISHED: 101 and 301 come next. Small segments do not wait for ACKs. */
static inline void fault_open(struct end *us, struct end *it, int *fd)
{
	*fd = wire_open_passive(us, it, fd_listen(it, 4));
	fd_nodelay(*fd);
	stats_mark(NS_A);
}

#endif /* FAULT_H */
