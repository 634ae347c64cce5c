// SPDX-License-Identifier: GPL-2.0
/* Segments that are under way since a rule or step mode holds them: RFC 9293's "...". */
#include <stdlib.h>
#include <string.h>

#include "ladder.h"

static struct {
	struct nl *nl[2];	/* a socket in each namespace */
	int count;
} sources;

static struct {
	struct record *list;
	size_t count, room;
} held;

static int take(const struct nlmsghdr *nlh, void *data)
{
	struct subject *ends;
	struct record *r;
	struct attrs a;

	(void)data;
	if (held.count == held.room) {
		held.room = held.room * 2 + 64;
		held.list = need(realloc(held.list, held.room * sizeof(*held.list)));
	}
	r = memset(&held.list[held.count++], 0, sizeof(*r));
	ends = &r->ends;
	attrs_of(nlh, &a);
	r->out = number(&a, HSTP_A_HELD_DIRECTION) == HSTP_NL_DIRECTION_OUT;
	r->seq = (uint32_t)number(&a, HSTP_A_HELD_SEQ);
	r->ack = (uint32_t)number(&a, HSTP_A_HELD_ACK);
	r->flags = (uint8_t)number(&a, HSTP_A_HELD_FLAGS);
	r->length = (uint32_t)number(&a, HSTP_A_HELD_LENGTH);
	ends->local = attr_addr(a.at[HSTP_A_HELD_LOCAL_ADDRESS]);
	ends->local_port = attr_port(a.at[HSTP_A_HELD_LOCAL_PORT]);
	ends->remote = attr_addr(a.at[HSTP_A_HELD_REMOTE_ADDRESS]);
	ends->remote_port = attr_port(a.at[HSTP_A_HELD_REMOTE_PORT]);
	if (!r->out)
		*ends = (struct subject){
			.local = ends->remote, .local_port = ends->remote_port,
			.remote = ends->local, .remote_port = ends->local_port,
		};
	return 0;
}

/* What @nl's namespace holds belongs to the ladder too. */
void ladder_held_open(struct nl *nl)
{
	sources.nl[sources.count++] = nl;
}

/* Look at what is held now. Who may not, or an old module, has nothing. */
void ladder_held_read(void)
{
	char request[128];

	held.count = 0;
	for (int i = 0; i < sources.count; i++) {
		struct nl *nl = sources.nl[i];

		nl_call(nl, nl_begin(nl, request, HSTP_CMD_HELD_GET, NLM_F_DUMP), take, NULL);
	}
}

/* Was a segment that left its sender held when ladder_held_read() looked? */
bool ladder_held(const struct record *out)
{
	const struct header *changed = ladder_change_held(out), *h = changed ? changed : &out->wire;

	for (size_t i = 0; i < held.count; i++) {
		const struct record *r = &held.list[i];

		if (r->seq == h->seq && (r->ack == h->ack || !(h->flags & ACK)) &&
		    r->flags == h->flags && r->length == h->length &&
		    same_ends(&r->ends, &out->ends))
			return true;
	}
	return false;
}
