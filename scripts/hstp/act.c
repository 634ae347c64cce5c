// SPDX-License-Identifier: GPL-2.0
/* hstp abort, hstp close: end the connections that a filter matches. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "out.h"

/* One connection by all that tells it from others. */
struct target {
	struct subject subject;
	uint64_t cookie;
};

struct targets {
	struct target *list;
	size_t count, room;
	bool closes;
};

/* A listener ends with its socket only. What TIME-WAIT is was closed before. */
static bool can_end(const struct targets *targets, unsigned int state)
{
	return state != HSTP_NL_STATE_LISTEN &&
	       !(targets->closes && state == HSTP_NL_STATE_TIME_WAIT);
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

/* Ask for exactly this one: both ends, and the socket if it has one. */
static int end(struct nl *nl, uint8_t command, const struct target *target, uint64_t *count)
{
	const struct subject *s = &target->subject;
	char request[512];
	struct nlmsghdr *nlh = nl_begin(nl, request, command, NLM_F_ACK);
	struct nlattr *nest = mnl_attr_nest_start(nlh, HSTP_A_CONN_MATCH);

	if (target->cookie)
		mnl_attr_put_u64(nlh, HSTP_A_MATCH_COOKIE, target->cookie);
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

	endpoint(local, &s->local, s->local_port);
	endpoint(remote, &s->remote, s->remote_port);
	if (opt.json) {
		json_begin('{', NULL);
		json_string("state", state_name(s->state));
		json_string("local", local);
		json_string("remote", remote);
		json_end('}');
		return;
	}
	colour(state_colour(s->state));
	printf("%-13s", state_name(s->state));
	colour(PLAIN);
	printf(" %s %s\n", local, remote);
}

static int act(const char *verb, uint8_t command, int argc, char **argv)
{
	struct targets targets = { .closes = command == HSTP_CMD_CONN_CLOSE };
	struct filter *filter;
	uint64_t count, ended = 0;
	int status = DONE, err;
	struct nl *nl;

	filter = filter_parse(argc, argv);
	if (!filter)
		quit(MISUSED,
		     "%s: say which connections, as in: hstp %s dst 192.0.2.1 dport = :80; \"state all\" means all",
		     verb, verb);
	nl = nl_open();
	conn_dump(nl, filter, collect, &targets);
	if (opt.json)
		json_begin('[', NULL);
	for (size_t i = 0; i < targets.count; i++) {
		count = 0;
		err = end(nl, command, &targets.list[i], &count);
		if (err == -EPERM) {
			say("%s: %s", verb, nl->error);
			status = FAILED;
			break;
		}
		/* It may have ended by itself since it was listed. */
		if (err < 0 && err != -ENOENT) {
			say("%s: %s", verb, nl->error);
			status = FAILED;
		}
		if (!err && count)
			tell(&targets.list[i]);
		ended += !err && count;
	}
	if (opt.json) {
		json_end(']');
		json_done();
	}
	if (!ended && status == DONE) {
		say("%s: no connection matches that could be", verb);
		status = FAILED;
	}
	free(targets.list);
	nl_close(nl);
	return status;
}

/* hstp abort FILTER */
int cmd_abort(int argc, char **argv)
{
	if (argc && is_help(argv[0])) {
		printf("usage: hstp abort FILTER\n\n"
		       "Resets the connections that match (RFC 9293 section 3.10.5): the peer gets a RST,\n"
		       "the program ECONNABORTED. Prints each one with the state that it was in.\n");
		filter_help();
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
		filter_help();
		return DONE;
	}
	return act("close", HSTP_CMD_CONN_CLOSE, argc, argv);
}
