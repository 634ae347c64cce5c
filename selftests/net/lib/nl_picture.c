// SPDX-License-Identifier: GPL-2.0
/* The answers of all commands that read, kept and compared attribute by attribute. */
#include "nl_picture.h"

#include <linux/genetlink.h>

struct message {
	int cmd;
	struct nlmsghdr *copy;
};

struct nl_picture {
	struct message *at;
	int count;
};

static const struct reading {
	int cmd;
	int flags;
	uint16_t moving[4];	/* attributes that time alone changes */
} readings[] = {
	{ HSTP_CMD_CONFIG_GET, 0, { } },
	{ HSTP_CMD_STATS_GET, 0, { } },
	{ HSTP_CMD_FAULT_GET, NLM_F_DUMP, { } },
	{ HSTP_CMD_STEP_GET, 0, { } },
	{ HSTP_CMD_HELD_GET, NLM_F_DUMP, { HSTP_A_HELD_DUE_IN } },
	{ HSTP_CMD_CONN_GET, NLM_F_DUMP,
	  { HSTP_A_CONN_RETRANSMIT_IN, HSTP_A_CONN_ACK_IN, HSTP_A_CONN_WAIT_IN,
	    HSTP_A_CONN_KEEPALIVE_IN } },
};

#define READINGS (sizeof(readings) / sizeof(*readings))

static const struct reading *reading_of(int cmd)
{
	const struct reading *r = readings;

	while (r->cmd != cmd)
		NEED(++r < readings + READINGS);
	return r;
}

static bool moves(int cmd, uint16_t type)
{
	const struct reading *r = reading_of(cmd);

	for (size_t i = 0; i < sizeof(r->moving) / sizeof(*r->moving); i++)
		if (r->moving[i] == type)
			return true;
	return false;
}

static int cmd_of(const struct nlmsghdr *m)
{
	return ((const struct genlmsghdr *)mnl_nlmsg_get_payload(m))->cmd;
}

static void keep(const struct nlmsghdr *m, void *arg)
{
	struct nl_picture *p = arg;
	struct message *last;

	p->at = realloc(p->at, (size_t)(p->count + 1) * sizeof(*p->at));
	NEED(p->at);
	last = &p->at[p->count++];
	last->cmd = cmd_of(m);
	last->copy = malloc(m->nlmsg_len);
	NEED(last->copy);
	memcpy(last->copy, m, m->nlmsg_len);
}

/**
 * nl_picture() - take one
 * @nl: socket of the family, of the namespace that it is of
 *
 * Return: the picture, which ends with the test.
 */
struct nl_picture *nl_picture(struct nl *nl)
{
	struct nl_picture *p = calloc(1, sizeof(*p));

	NEED(p);
	for (size_t i = 0; i < READINGS; i++)
		SAME(nl_talk(nl, nl_request(nl, readings[i].cmd, readings[i].flags), keep, p), 0);
	return p;
}

/**
 * nl_picture_count() - how much there was of something
 * @picture: the picture
 * @cmd: command that told of it
 *
 * Return: number of its messages.
 */
int nl_picture_count(const struct nl_picture *picture, int cmd)
{
	int count = 0;

	for (int i = 0; i < picture->count; i++)
		count += picture->at[i].cmd == cmd;
	return count;
}

static bool same_attr(const struct nlattr *a, const struct nlattr *b)
{
	return a->nla_len == b->nla_len && a->nla_type == b->nla_type &&
	       !memcmp(mnl_attr_get_payload(a), mnl_attr_get_payload(b),
		       mnl_attr_get_payload_len(a));
}

/* Attributes come in the same order: those of the same number, several of them as well. */
static void compare(const struct message *before, const struct message *now, int row)
{
	const char *end = mnl_nlmsg_get_payload_tail(before->copy);
	const char *now_end = mnl_nlmsg_get_payload_tail(now->copy);
	const struct nlattr *a, *b;

	a = mnl_nlmsg_get_payload_offset(before->copy, sizeof(struct genlmsghdr));
	b = mnl_nlmsg_get_payload_offset(now->copy, sizeof(struct genlmsghdr));
	while (mnl_attr_ok(a, (int)(end - (const char *)a))) {
		uint16_t type = mnl_attr_get_type(a);

		if (!mnl_attr_ok(b, (int)(now_end - (const char *)b)))
			die(__FILE__, __LINE__, "command %d, message %d: attribute %d is gone",
			    before->cmd, row, type);
		if (!moves(before->cmd, type) ? !same_attr(a, b) : a->nla_type != b->nla_type)
			die(__FILE__, __LINE__, "command %d, message %d: attribute %d differs",
			    before->cmd, row, type);
		a = mnl_attr_next(a);
		b = mnl_attr_next(b);
	}
	if (mnl_attr_ok(b, (int)(now_end - (const char *)b)))
		die(__FILE__, __LINE__, "command %d, message %d: attribute %d is new",
		    before->cmd, row, mnl_attr_get_type(b));
}

/**
 * nl_picture_same() - nothing has changed
 * @before: the first picture
 * @now: the second
 */
void nl_picture_same(const struct nl_picture *before, const struct nl_picture *now)
{
	for (size_t i = 0; i < READINGS; i++) {
		int cmd = readings[i].cmd, was = nl_picture_count(before, cmd);

		if (nl_picture_count(now, cmd) != was)
			die(__FILE__, __LINE__, "command %d: %d messages, there were %d", cmd,
			    nl_picture_count(now, cmd), was);
	}
	for (int i = 0; i < before->count; i++)
		compare(&before->at[i], &now->at[i], i);
}
