// SPDX-License-Identifier: GPL-2.0
/* hstp abort, hstp close: end the connections that a filter matches. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "out.h"

#define ROUNDS 8	/* in which what has changed is looked for anew */

/* One connection by all that tells it from others, even from one that has taken its ends:
 * its socket, or without one, the moment since which it is in its state. accept() gives it a
 * socket, with an owner and a cgroup, and leaves that moment as it is.
 */
struct target {
	struct subject subject;
	uint64_t cookie, since;
	bool unaccepted;
	uint16_t states;	/* in which the filter would let it pass as well */
};

struct targets {
	struct target *list;
	size_t count, room;
	bool closes;
	const struct filter *filter;
};

/* A listener ends with its socket only. What TIME-WAIT is was closed before. */
static bool can_end(const struct targets *targets, unsigned int state)
{
	return state != HSTP_NL_STATE_LISTEN &&
	       !(targets->closes && state == HSTP_NL_STATE_TIME_WAIT);
}

static uint16_t states_of(const struct filter *filter, struct subject subject)
{
	uint16_t states = 0;

	for (subject.state = 0; subject.state <= HSTP_NL_STATE_TIME_WAIT; subject.state++)
		if (filter_match(filter, &subject))
			states |= (uint16_t)(1 << subject.state);
	return states;
}

static void collect(const struct attrs *conn, const struct subject *subject, void *data)
{
	struct targets *targets = data;

	if (!can_end(targets, subject->state))
		return;
	if (targets->count == targets->room) {
		targets->room = targets->room * 2 + 64;
		targets->list = need(realloc(targets->list,
					     targets->room * sizeof(*targets->list)));
	}
	targets->list[targets->count] = (struct target){
		.subject = *subject,
		.cookie = number(conn, HSTP_A_CONN_COOKIE),
		.since = number(conn, HSTP_A_CONN_SINCE),
		.unaccepted = has(conn, HSTP_A_CONN_UNACCEPTED),
		.states = states_of(targets->filter, *subject),
	};
	targets->list[targets->count++].subject.conn = NULL;
}

static int count_reply(const struct nlmsghdr *nlh, void *data)
{
	uint64_t *count = data;
	struct attrs attrs;

	attrs_of(nlh, &attrs);
	*count += number(&attrs, HSTP_A_CONN_COUNT);
	return 0;
}

/* Ask for exactly this one, as long as it is in a state that the filter lets pass, and if it was
 * nobody's, still is.
 */
static int end(struct nl *nl, uint8_t command, const struct target *target, uint64_t *count)
{
	const struct subject *s = &target->subject;
	char request[512];
	struct nlmsghdr *nlh = nl_begin(nl, request, command, NLM_F_ACK);
	struct nlattr *nest = mnl_attr_nest_start(nlh, HSTP_A_CONN_MATCH);

	mnl_attr_put_u16(nlh, HSTP_A_MATCH_STATES, target->states);
	if (target->cookie)
		mnl_attr_put_u64(nlh, HSTP_A_MATCH_COOKIE, target->cookie);
	else if (target->since)
		mnl_attr_put_u64(nlh, HSTP_A_MATCH_SINCE, target->since);
	if (target->unaccepted)
		mnl_attr_put(nlh, HSTP_A_MATCH_UNACCEPTED, 0, NULL);
	mnl_attr_put(nlh, HSTP_A_MATCH_LOCAL_ADDRESS, s->local.len, s->local.bytes);
	mnl_attr_put_u16(nlh, HSTP_A_MATCH_LOCAL_PORT, htons(s->local_port));
	mnl_attr_put(nlh, HSTP_A_MATCH_REMOTE_ADDRESS, s->remote.len, s->remote.bytes);
	mnl_attr_put_u16(nlh, HSTP_A_MATCH_REMOTE_PORT, htons(s->remote_port));
	mnl_attr_nest_end(nlh, nest);
	return nl_call(nl, nlh, count_reply, count);
}

static void tell(const struct target *target)
{
	const struct subject *s = &target->subject;
	char local[ENDPOINT], remote[ENDPOINT];

	if (opt.json) {
		json_begin('{', NULL);
		json_string("state", state_name(s->state));
		json_string("local_address", address_text(local, &s->local));
		json_number("local_port", s->local_port);
		json_string("remote_address", address_text(remote, &s->remote));
		json_number("remote_port", s->remote_port);
		json_end('}');
		return;
	}
	endpoint(local, &s->local, s->local_port);
	endpoint(remote, &s->remote, s->remote_port);
	colour(state_colour(s->state));
	printf("%-13s", state_name(s->state));
	colour(PLAIN);
	printf(" %s %s\n", local, remote);
}

/* What became of all orders so far. */
struct outcome {
	uint64_t ended;
	bool failed;
	bool refused;		/* as any other would be */
	bool changed;		/* one of this round was no more what was listed */
};

/* Order what was listed, one after the other. */
static void order(struct nl *nl, const char *verb, uint8_t command,
		  const struct targets *targets, struct outcome *o)
{
	o->changed = false;
	for (size_t i = 0; i < targets->count && !o->refused; i++) {
		uint64_t count = 0;
		int err = end(nl, command, &targets->list[i], &count);

		if (err == -ENOENT) {
			o->changed = true;
		} else if (err < 0) {
			say("%s: %s", verb, nl->error);
			o->failed = true;
			o->refused = err == -EPERM;
		} else if (count) {
			tell(&targets->list[i]);
			o->ended++;
		}
	}
}

static int act(const char *verb, uint8_t command, int argc, char **argv)
{
	struct targets targets = { .closes = command == HSTP_CMD_CONN_CLOSE };
	struct outcome o = { .ended = 0 };
	struct filter *filter;
	struct nl *nl;

	filter = filter_parse(argc, argv, OF_CONNECTIONS);
	if (!filter)
		quit(MISUSED,
		     "%s: say which connections, as in: hstp %s dst 192.0.2.1 dport = :80; \"state all\" means all",
		     verb, verb);
	targets.filter = filter;
	nl = nl_open();
	conn_dump(nl, filter, collect, &targets);
	if (opt.json)
		json_begin('[', NULL);
	order(nl, verb, command, &targets, &o);
	/* What has ended by itself since it was listed is gone. What has come to another state may
	 * still match.
	 */
	for (int round = 1; round < ROUNDS && o.changed && !o.refused; round++) {
		targets.count = 0;
		conn_dump(nl, filter, collect, &targets);
		order(nl, verb, command, &targets, &o);
	}
	if (opt.json) {
		json_end(']');
		json_done();
	}
	if (!o.ended && !o.failed) {
		say("%s: no connection matches that could be", verb);
		o.failed = true;
	}
	free(targets.list);
	nl_close(nl);
	return o.failed ? FAILED : DONE;
}

/* hstp abort FILTER */
int cmd_abort(int argc, char **argv)
{
	if (argc && is_help(argv[0])) {
		printf("usage: hstp abort FILTER\n\n"
		       "Resets the connections that match (RFC 9293 section 3.10.5): the peer gets a RST,\n"
		       "the program ECONNABORTED. Prints each one with the state that it was in.\n");
		filter_help(OF_CONNECTIONS);
		return DONE;
	}
	return act("abort", HSTP_CMD_CONN_ABORT, argc, argv);
}

/* hstp close FILTER */
int cmd_close(int argc, char **argv)
{
	if (argc && is_help(argv[0])) {
		printf("usage: hstp close FILTER\n\n"
		       "Closes our direction of the connections that match (RFC 9293 section 3.10.4), as\n"
		       "if their programs had called shutdown(SHUT_WR): a FIN follows what they have\n"
		       "sent. Prints each one with the state that it was in.\n");
		filter_help(OF_CONNECTIONS);
		return DONE;
	}
	return act("close", HSTP_CMD_CONN_CLOSE, argc, argv);
}
