// SPDX-License-Identifier: GPL-2.0
/* hstp step: hold what is sent, and let it go on when told to. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "filter.h"
#include "out.h"
#include "record.h"

/* A segment that is held. */
struct held {
	uint32_t id;
	unsigned int why;
	uint64_t rule, since;
	bool out, timed;
	uint64_t due_in;		/* ms */
	struct subject ends;
	uint32_t seq, ack, length;
	uint16_t window;
	uint8_t flags;
};

struct list {
	struct held *held;
	size_t count, room;
};

static const char *const whys[] = { "step", "hold", "reorder", "delay" };

static const char *why_name(const struct held *held)
{
	return held->why < sizeof(whys) / sizeof(whys[0]) ? whys[held->why] : "unknown";
}

static int take(const struct nlmsghdr *nlh, void *data)
{
	struct list *list = data;
	struct attrs attrs;
	struct held *held;

	if (list->count == list->room) {
		list->room = list->room * 2 + 64;
		list->held = need(realloc(list->held, list->room * sizeof(*list->held)));
	}
	held = memset(&list->held[list->count++], 0, sizeof(*held));
	attrs_of(nlh, &attrs);
	held->id = (uint32_t)number(&attrs, HSTP_A_HELD_ID);
	held->why = (unsigned int)number(&attrs, HSTP_A_HELD_WHY);
	held->rule = number(&attrs, HSTP_A_HELD_RULE);
	held->since = number(&attrs, HSTP_A_HELD_SINCE);
	held->out = number(&attrs, HSTP_A_HELD_DIRECTION) == HSTP_NL_DIRECTION_OUT;
	held->timed = has(&attrs, HSTP_A_HELD_DUE_IN);
	held->due_in = number(&attrs, HSTP_A_HELD_DUE_IN);
	held->ends.state = NO_STATE;
	held->ends.local = attr_addr(attrs.at[HSTP_A_HELD_LOCAL_ADDRESS]);
	held->ends.local_port = attr_port(attrs.at[HSTP_A_HELD_LOCAL_PORT]);
	held->ends.remote = attr_addr(attrs.at[HSTP_A_HELD_REMOTE_ADDRESS]);
	held->ends.remote_port = attr_port(attrs.at[HSTP_A_HELD_REMOTE_PORT]);
	held->seq = (uint32_t)number(&attrs, HSTP_A_HELD_SEQ);
	held->ack = (uint32_t)number(&attrs, HSTP_A_HELD_ACK);
	held->window = (uint16_t)number(&attrs, HSTP_A_HELD_WINDOW);
	held->flags = (uint8_t)number(&attrs, HSTP_A_HELD_FLAGS);
	held->length = (uint32_t)number(&attrs, HSTP_A_HELD_LENGTH);
	return 0;
}

/* Return: 0, or less after a message. */
static int read_held(struct nl *nl, struct list *list)
{
	char request[128];
	struct nlmsghdr *nlh = nl_begin(nl, request, HSTP_CMD_HELD_GET, NLM_F_DUMP);

	int err;

	list->count = 0;
	err = nl_call(nl, nlh, take, list);
	if (err < 0)
		say("step: %s", nl->error);
	return err;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t age(const struct held *held)
{
	uint64_t now = now_ns();

	return now > held->since ? now - held->since : 0;
}

static void print_json(const struct held *h)
{
	char text[ENDPOINT], flags[40];

	json_begin('{', NULL);
	json_number("id", h->id);
	json_string("why", why_name(h));
	if (h->rule)
		json_number("rule", h->rule);
	json_string("direction", h->out ? "out" : "in");
	json_string("local_address", address_text(text, &h->ends.local));
	json_number("local_port", h->ends.local_port);
	json_string("remote_address", address_text(text, &h->ends.remote));
	json_number("remote_port", h->ends.remote_port);
	json_number("since", h->since);
	if (h->timed)
		json_number("due_in", h->due_in);
	json_string("flags", record_flags(flags, h->flags));
	json_number("seq", h->seq);
	if (h->flags & ACK)
		json_number("ack", h->ack);
	json_number("window", h->window);
	json_number("length", h->length);
	json_end('}');
}

static void print(const struct held *h)
{
	char local[ENDPOINT], remote[ENDPOINT], text[40];

	if (opt.json) {
		print_json(h);
		return;
	}
	printf("%u: %s %s %s  ", h->id, endpoint(local, &h->ends.local, h->ends.local_port),
	       h->out ? ">" : "<", endpoint(remote, &h->ends.remote, h->ends.remote_port));
	colour(h->flags & RST ? RED : CYAN);
	printf("%s", record_flags(text, h->flags));
	colour(PLAIN);
	printf(" seq %u", h->seq);
	if (h->flags & ACK)
		printf(" ack %u", h->ack);
	printf(" win %u", h->window);
	if (h->length)
		printf(" len %u", h->length);
	colour(FAINT);
	printf("  %s", why_name(h));
	if (h->rule)
		printf(" by rule %" PRIu64, h->rule);
	printf(" for %s", duration(text, age(h)));
	if (h->timed)
		printf(", due in %" PRIu64 "ms", h->due_in);
	colour(PLAIN);
	putchar('\n');
}

/* Step mode, and what the namespace holds and may hold. */
struct mode {
	bool enabled;
	uint64_t held, bytes, most, most_bytes, overflow;
};

static int mode_reply(const struct nlmsghdr *nlh, void *data)
{
	struct mode *mode = data;
	struct attrs attrs;

	attrs_of(nlh, &attrs);
	*mode = (struct mode){
		.enabled = number(&attrs, HSTP_A_STEP_ENABLED),
		.held = number(&attrs, HSTP_A_STEP_HELD),
		.bytes = number(&attrs, HSTP_A_STEP_HELD_BYTES),
		.most = number(&attrs, HSTP_A_STEP_MAX_HELD),
		.most_bytes = number(&attrs, HSTP_A_STEP_MAX_BYTES),
		.overflow = number(&attrs, HSTP_A_STEP_OVERFLOW),
	};
	return 0;
}

/* "held" is the list of them, so that their number has another name than in the family. */
static void mode_json(const struct mode *mode)
{
	if (mode->enabled)
		json_true("enabled");
	else
		json_false("enabled");
	json_number("held_count", mode->held);
	json_number("held_bytes", mode->bytes);
	json_number("max_held", mode->most);
	json_number("max_bytes", mode->most_bytes);
	json_number("overflow", mode->overflow);
	json_begin('[', "held");
}

static void mode_text(const struct mode *mode)
{
	printf("step %s, %" PRIu64 " held (at most %" PRIu64 ")", mode->enabled ? "on" : "off",
	       mode->held, mode->most);
	if (mode->overflow)
		printf(", %" PRIu64 " lost for want of room", mode->overflow);
	putchar('\n');
}

/* All is read before something is printed. */
static int show(int argc, char **argv)
{
	struct filter *filter = filter_parse(argc, argv, OF_SEGMENTS);
	struct list list = { };
	struct mode mode = { };
	struct nlmsghdr *nlh;
	char request[128];
	struct nl *nl;

	nl = nl_open();
	nlh = nl_begin(nl, request, HSTP_CMD_STEP_GET, NLM_F_ACK);
	if (nl_call(nl, nlh, mode_reply, &mode) < 0)
		quit(FAILED, "step: %s", nl->error);
	if (read_held(nl, &list) < 0)
		return FAILED;
	if (opt.json) {
		json_begin('{', NULL);
		mode_json(&mode);
	} else {
		mode_text(&mode);
	}
	for (size_t i = 0; i < list.count; i++) {
		if (filter_match(filter, &list.held[i].ends))
			print(&list.held[i]);
	}
	if (opt.json) {
		json_end(']');
		json_end('}');
		json_done();
	}
	free(list.held);
	nl_close(nl);
	return DONE;
}

static int set(bool on)
{
	struct nl *nl = nl_open();
	char request[128];
	struct nlmsghdr *nlh = nl_begin(nl, request, HSTP_CMD_STEP_SET, NLM_F_ACK);

	mnl_attr_put_u8(nlh, HSTP_A_STEP_ENABLED, on);
	if (nl_call(nl, nlh, NULL, NULL) < 0)
		quit(FAILED, "step %s: %s", on ? "on" : "off", nl->error);
	nl_close(nl);
	return DONE;
}

/* What "next", "go" and "drop" are asked to let go. */
struct choice {
	const char *verb;
	bool drop;
	uint64_t count;			/* at most; 0: all */
	uint64_t rule;			/* held by this one, or 0 */
	uint64_t patience;		/* ns to wait for them */
	char **ids;			/* by their numbers, or none */
	bool *went;			/* each of them */
	int id_count;
	struct filter *filter;
};

static bool is_number(const char *word)
{
	return *word && strspn(word, "0123456789") == strlen(word);
}

/* Is it named by the number @i? */
static bool is_id(const struct choice *c, int i, const struct held *held)
{
	return strtoull(c->ids[i], NULL, 10) == held->id;
}

static bool chosen(const struct choice *c, const struct held *held)
{
	for (int i = 0; i < c->id_count; i++) {
		if (is_id(c, i, held))
			return true;
	}
	/* What waits for the next one, or for its time, goes only when it is named. */
	return !c->id_count && (held->why == HSTP_NL_HELD_WHY_STEP ||
				held->why == HSTP_NL_HELD_WHY_HOLD) &&
	       (!c->rule || c->rule == held->rule) && filter_match(c->filter, &held->ends);
}

/* Return: 0; -ENOENT when it is held no more, or another error, which was said. */
static int release(struct nl *nl, const struct choice *c, const struct held *held)
{
	char request[128];
	struct nlmsghdr *nlh = nl_begin(nl, request, HSTP_CMD_HELD_RELEASE, NLM_F_ACK);
	int err;

	mnl_attr_put_u32(nlh, HSTP_A_HELD_ID, held->id);
	if (c->drop)
		mnl_attr_put(nlh, HSTP_A_HELD_DROP, 0, NULL);
	err = nl_call(nl, nlh, NULL, NULL);
	if (err < 0 && err != -ENOENT)
		say("step %s: %s", c->verb, nl->error);
	return err;
}

/* Return: 0, or less after a message; @gone counts what went. */
static int let_these_go(struct nl *nl, const struct choice *c, struct list *list, uint64_t *gone)
{
	int err = read_held(nl, list);

	for (size_t i = 0; !err && i < list->count && (!c->count || *gone < c->count); i++) {
		if (!chosen(c, &list->held[i]))
			continue;
		err = release(nl, c, &list->held[i]);
		if (!err) {
			print(&list->held[i]);
			(*gone)++;
			for (int n = 0; n < c->id_count; n++)
				c->went[n] |= is_id(c, n, &list->held[i]);
		} else if (err == -ENOENT) {
			err = 0;
		}
	}
	return err;
}

/* Return: exit status; those that are named and did not go are told. */
static int all_went(const struct choice *c)
{
	int status = DONE;

	for (int i = 0; i < c->id_count; i++) {
		if (c->went[i])
			continue;
		say("step %s: no segment %s is held", c->verb, c->ids[i]);
		status = FAILED;
	}
	return status;
}

static int let_go(const struct choice *c)
{
	const struct timespec nap = { .tv_nsec = 5000000 };
	uint64_t gone = 0, end = now_ns() + c->patience;
	struct nl *nl = nl_open();
	struct list list = { };
	int err;

	if (opt.json)
		json_begin('[', NULL);
	for (;;) {
		err = let_these_go(nl, c, &list, &gone);
		if (err || (gone && gone >= c->count) || now_ns() >= end)
			break;
		nanosleep(&nap, NULL);
	}
	if (opt.json) {
		json_end(']');
		json_done();
	}
	free(list.held);
	nl_close(nl);
	if (err)
		return FAILED;
	if (c->id_count)
		return all_went(c);
	if (gone && (!c->patience || gone >= c->count))
		return DONE;
	say("step %s: nothing%s that %s is held", c->verb, gone ? " more" : "",
	    c->filter || c->rule ? "is meant" : "can go on");
	return FAILED;
}

/* next [N] [wait SECONDS] [FILTER], go [rule N | ID ... | FILTER], drop likewise */
static int parse_go(const char *verb, int argc, char **argv)
{
	struct choice c = { .verb = verb, .drop = !strcmp(verb, "drop") };
	bool next = !strcmp(verb, "next");

	if (next) {
		c.count = 1;
		if (argc && is_number(argv[0])) {
			c.count = parse_number("step next", argv[0], 1, UINT32_MAX);
			argc--;
			argv++;
		}
		if (argc > 1 && !strcmp(argv[0], "wait")) {
			c.patience = 1000000000 * parse_number("step next wait", argv[1], 0, 86400);
			argc -= 2;
			argv += 2;
		}
	} else if (argc && is_number(argv[0])) {
		for (c.ids = argv; c.id_count < argc && is_number(argv[c.id_count]);)
			c.id_count++;
		c.went = need(calloc((size_t)c.id_count, sizeof(*c.went)));
		argc -= c.id_count;
		argv += c.id_count;
		if (argc)
			quit(MISUSED, "step %s: numbers of segments, or a filter, not both", verb);
	} else if (argc && !strcmp(argv[0], "all")) {
		argc--;
		argv++;
	} else if (!argc && c.drop) {
		quit(MISUSED, "step drop: say what: numbers of segments, a filter, or all");
	}
	if (argc > 1 && !strcmp(argv[0], "rule")) {
		c.rule = parse_number("step: rule", argv[1], 1, UINT32_MAX);
		argc -= 2;
		argv += 2;
	}
	c.filter = filter_parse(argc, argv, OF_SEGMENTS);
	return let_go(&c);
}

static void help(void)
{
	printf("usage: hstp step on|off\n"
	       "       hstp step [show [FILTER]]\n"
	       "       hstp step next [N] [wait SECONDS] [FILTER]\n"
	       "       hstp step go|drop [all] [rule N] [FILTER]\n"
	       "       hstp step go|drop NUMBER ...\n\n"
	       "In step mode each segment that is sent in this network namespace is held until it is\n"
	       "told to go on: \"next\" lets the first go, or the first N, and with \"wait\" waits so\n"
	       "long for them; \"go\" lets all go. \"drop\" loses them instead. What goes is printed.\n"
	       "\"off\" lets everything go. Segments that a rule of \"hstp fault\" holds go the same\n"
	       "way; those that it delays, or that wait for the next one, only by their number.\n");
	filter_help(OF_SEGMENTS);
}

/* hstp step on|off|show|next|go|drop */
int cmd_step(int argc, char **argv)
{
	static const char *const verbs[] = { "next", "go", "drop" };

	if (argc && (is_help(argv[0]) || (argc > 1 && is_help(argv[1])))) {
		help();
		return DONE;
	}
	if (!argc || abbreviates(argv[0], "show") || !strcmp(argv[0], "list"))
		return show(argc ? argc - 1 : 0, argv + 1);
	if (!strcmp(argv[0], "on") || !strcmp(argv[0], "off")) {
		if (argc > 1)
			quit(MISUSED, "step %s: \"%s\" has no place here", argv[0], argv[1]);
		return set(!strcmp(argv[0], "on"));
	}
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (abbreviates(argv[0], verbs[i]))
			return parse_go(verbs[i], argc - 1, argv + 1);
	}
	quit(MISUSED, "step: \"%s\" is none of on, off, show, next, go, drop", argv[0]);
}
