// SPDX-License-Identifier: GPL-2.0
/* hstp fault: rules that lose, repeat, delay, hold, reorder or change segments. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fault.h"
#include "out.h"
#include "record.h"

/* The attributes of one end. */
static const struct {
	const char *word, *port_word, *json_addr, *json_prefix, *json_port;
	unsigned int addr, prefix, port;
} ends[2] = {
	{ "src", "sport", "local_address", "local_prefix", "local_port",
	  HSTP_A_FAULT_LOCAL_ADDRESS, HSTP_A_FAULT_LOCAL_PREFIX, HSTP_A_FAULT_LOCAL_PORT },
	{ "dst", "dport", "remote_address", "remote_prefix", "remote_port",
	  HSTP_A_FAULT_REMOTE_ADDRESS, HSTP_A_FAULT_REMOTE_PREFIX, HSTP_A_FAULT_REMOTE_PORT },
};

/* Numbers that are said as "WORD NUMBER" when they are there. */
static const struct {
	const char *word;
	unsigned int attr;
} numbers[] = {
	{ "nth", HSTP_A_FAULT_NTH }, { "every", HSTP_A_FAULT_EVERY },
	{ "count", HSTP_A_FAULT_COUNT },
};

#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

static const char *named(const char *const *names, unsigned int count, uint64_t number)
{
	return number < count ? names[number] : "unknown";
}

static const char *action_name(const struct attrs *rule)
{
	return named(action_names, 7, number(rule, HSTP_A_FAULT_ACTION));
}

static const char *field_name(const struct attrs *rule)
{
	return named(field_names, 10, number(rule, HSTP_A_FAULT_FIELD));
}

static void print_end(const struct attrs *rule, int i)
{
	struct addr addr = attr_addr(rule->at[ends[i].addr]);
	unsigned int bits = (unsigned int)number(rule, ends[i].prefix);
	char text[ENDPOINT];

	if (addr.len) {
		printf(" %s %s", ends[i].word, address_text(text, &addr));
		if (has(rule, ends[i].prefix) && bits != addr.len * 8U)
			printf("/%u", bits);
	}
	if (has(rule, ends[i].port))
		printf(" %s %u", ends[i].port_word, attr_port(rule->at[ends[i].port]));
}

static void print_states(uint64_t states)
{
	const char *before = " state ";

	for (unsigned int i = 0; i < STATES; i++) {
		if (!(states >> i & 1))
			continue;
		printf("%s", before);
		for (const char *c = state_name(i); *c; c++)
			putchar(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
		before = ",";
	}
}

/* @before each one, @between them, as "syn,!ack" */
static const char *print_flags(const char *between, const char *before, uint64_t flags)
{
	for (unsigned int i = 0; i < 8; i++) {
		if (!(flags >> i & 1))
			continue;
		printf("%s%s%s", between, before, flag_name(i));
		between = ",";
	}
	return between;
}

static void print_change(const struct attrs *rule)
{
	uint32_t value = (uint32_t)number(rule, HSTP_A_FAULT_VALUE);
	uint64_t how = number(rule, HSTP_A_FAULT_HOW);
	const char *sign = how == HSTP_NL_HOW_ADD ? "+" : how == HSTP_NL_HOW_CLEAR ? "-" : "";

	printf(" %s ", field_name(rule));
	if (number(rule, HSTP_A_FAULT_FIELD) == HSTP_NL_FIELD_FLAGS)
		printf("%s", value ? (print_flags(sign, "", value), "") : "none");
	else if (number(rule, HSTP_A_FAULT_FIELD) == HSTP_NL_FIELD_OPTION)
		printf("%s%u.%u.%u.%u", sign, value >> 24, value >> 16 & 255, value >> 8 & 255,
		       value & 255);
	else if (how == HSTP_NL_HOW_ADD && value > INT32_MAX)
		printf("-%u", -value);
	else
		printf("%s%u", sign, value);
}

static void print_action(const struct attrs *rule)
{
	uint64_t ms = number(rule, HSTP_A_FAULT_DELAY_MS);

	putchar(' ');
	colour(BOLD);
	printf("%s", action_name(rule));
	colour(PLAIN);
	if (has(rule, HSTP_A_FAULT_COPIES) && number(rule, HSTP_A_FAULT_COPIES) != 1)
		printf(" %" PRIu64, number(rule, HSTP_A_FAULT_COPIES));
	if (has(rule, HSTP_A_FAULT_DELAY_MS))
		printf(" %" PRIu64 "ms", ms);
	if (has(rule, HSTP_A_FAULT_FIELD))
		print_change(rule);
}

static void print_text(const struct attrs *rule)
{
	printf("%" PRIu64 ":", number(rule, HSTP_A_FAULT_ID));
	if (has(rule, HSTP_A_FAULT_DIRECTION))
		printf(number(rule, HSTP_A_FAULT_DIRECTION) == HSTP_NL_DIRECTION_OUT ? " out" :
		       " in");
	print_end(rule, 0);
	print_end(rule, 1);
	if (has(rule, HSTP_A_FAULT_STATES))
		print_states(number(rule, HSTP_A_FAULT_STATES));
	print_flags(print_flags(" flags ", "", number(rule, HSTP_A_FAULT_FLAGS_SET)), "!",
		    number(rule, HSTP_A_FAULT_FLAGS_CLEAR));
	if (has(rule, HSTP_A_FAULT_TEXT))
		printf(number(rule, HSTP_A_FAULT_TEXT) == HSTP_NL_TEXT_WITH ? " text" :
		       " no-text");
	for (size_t i = 0; i < NUMBERS; i++) {
		if (has(rule, numbers[i].attr))
			printf(" %s %" PRIu64, numbers[i].word, number(rule, numbers[i].attr));
	}
	if (has(rule, HSTP_A_FAULT_PROBABILITY))
		printf(" probability %g%% seed %" PRIu64,
		       (double)number(rule, HSTP_A_FAULT_PROBABILITY) / 1e4,
		       number(rule, HSTP_A_FAULT_SEED));
	print_action(rule);
	colour(FAINT);
	printf("  matched %" PRIu64 " acted %" PRIu64, number(rule, HSTP_A_FAULT_MATCHED),
	       number(rule, HSTP_A_FAULT_ACTED));
	if (number(rule, HSTP_A_FAULT_HELD))
		printf(" held %" PRIu64, number(rule, HSTP_A_FAULT_HELD));
	if (number(rule, HSTP_A_FAULT_OVERFLOW))
		printf(" overflow %" PRIu64, number(rule, HSTP_A_FAULT_OVERFLOW));
	colour(PLAIN);
	putchar('\n');
}

static void json_end_of(const struct attrs *rule, int i)
{
	struct addr addr = attr_addr(rule->at[ends[i].addr]);
	char text[ENDPOINT];

	if (addr.len) {
		json_string(ends[i].json_addr, address_text(text, &addr));
		json_number(ends[i].json_prefix, number(rule, ends[i].prefix));
	}
	if (has(rule, ends[i].port))
		json_number(ends[i].json_port, attr_port(rule->at[ends[i].port]));
}

static void json_states(uint64_t states)
{
	json_begin('[', "states");
	for (unsigned int i = 0; i < STATES; i++) {
		if (states >> i & 1)
			json_string(NULL, state_name(i));
	}
	json_end(']');
}

static void json_given(const char *key, const struct attrs *rule, unsigned int attr)
{
	if (has(rule, attr))
		json_number(key, number(rule, attr));
}

static void json_match(const struct attrs *rule)
{
	char flags[40];

	if (has(rule, HSTP_A_FAULT_DIRECTION))
		json_string("direction", number(rule, HSTP_A_FAULT_DIRECTION) ==
			    HSTP_NL_DIRECTION_OUT ? "out" : "in");
	json_end_of(rule, 0);
	json_end_of(rule, 1);
	if (has(rule, HSTP_A_FAULT_STATES))
		json_states(number(rule, HSTP_A_FAULT_STATES));
	if (has(rule, HSTP_A_FAULT_FLAGS_SET))
		json_string("flags_set", record_flags(flags, (unsigned int)
			    number(rule, HSTP_A_FAULT_FLAGS_SET)));
	if (has(rule, HSTP_A_FAULT_FLAGS_CLEAR))
		json_string("flags_clear", record_flags(flags, (unsigned int)
			    number(rule, HSTP_A_FAULT_FLAGS_CLEAR)));
	if (has(rule, HSTP_A_FAULT_TEXT))
		json_string("text", number(rule, HSTP_A_FAULT_TEXT) == HSTP_NL_TEXT_WITH ?
			    "with" : "without");
	for (size_t i = 0; i < NUMBERS; i++)
		json_given(numbers[i].word, rule, numbers[i].attr);
	json_given("probability", rule, HSTP_A_FAULT_PROBABILITY);
	json_given("seed", rule, HSTP_A_FAULT_SEED);
}

static void print_json(const struct attrs *rule)
{
	static const char *const hows[] = { "set", "add", "clear" };

	json_begin('{', NULL);
	json_number("id", number(rule, HSTP_A_FAULT_ID));
	json_match(rule);
	json_string("action", action_name(rule));
	json_given("copies", rule, HSTP_A_FAULT_COPIES);
	json_given("delay_ms", rule, HSTP_A_FAULT_DELAY_MS);
	if (has(rule, HSTP_A_FAULT_FIELD)) {
		json_string("field", field_name(rule));
		json_string("how", named(hows, 3, number(rule, HSTP_A_FAULT_HOW)));
		json_number("value", number(rule, HSTP_A_FAULT_VALUE));
	}
	json_number("matched", number(rule, HSTP_A_FAULT_MATCHED));
	json_number("acted", number(rule, HSTP_A_FAULT_ACTED));
	json_number("overflow", number(rule, HSTP_A_FAULT_OVERFLOW));
	json_number("held", number(rule, HSTP_A_FAULT_HELD));
	json_end('}');
}

static int show_reply(const struct nlmsghdr *nlh, void *data)
{
	struct attrs rule;

	(void)data;
	attrs_of(nlh, &rule);
	if (opt.json)
		print_json(&rule);
	else
		print_text(&rule);
	return 0;
}

static uint32_t rule_number(const char *word)
{
	return (uint32_t)parse_number("fault: rule", word, 1, UINT32_MAX);
}

static int show(int argc, char **argv)
{
	struct nlmsghdr *nlh;
	char request[128];
	int status = DONE;
	struct nl *nl;

	for (int i = 0; i < argc; i++)
		rule_number(argv[i]);
	nl = nl_open();
	if (opt.json)
		json_begin('[', NULL);
	if (!argc) {
		nlh = nl_begin(nl, request, HSTP_CMD_FAULT_GET, NLM_F_DUMP);
		if (nl_call(nl, nlh, show_reply, NULL) < 0) {
			say("fault show: %s", nl->error);
			status = FAILED;
		}
	}
	for (int i = 0; i < argc; i++) {
		nlh = nl_begin(nl, request, HSTP_CMD_FAULT_GET, NLM_F_ACK);
		mnl_attr_put_u32(nlh, HSTP_A_FAULT_ID, rule_number(argv[i]));
		if (nl_call(nl, nlh, show_reply, NULL) < 0) {
			say("fault show %s: %s", argv[i], nl->error);
			status = FAILED;
		}
	}
	if (opt.json) {
		json_end(']');
		json_done();
	}
	nl_close(nl);
	return status;
}

static int id_reply(const struct nlmsghdr *nlh, void *data)
{
	struct attrs attrs;

	(void)data;
	attrs_of(nlh, &attrs);
	if (!opt.json) {
		printf("%" PRIu64 "\n", number(&attrs, HSTP_A_FAULT_ID));
		return 0;
	}
	json_begin('{', NULL);
	json_number("id", number(&attrs, HSTP_A_FAULT_ID));
	json_end('}');
	json_done();
	return 0;
}

static int add(int argc, char **argv)
{
	struct nl *nl = nl_open();
	char request[1024];
	struct nlmsghdr *nlh = nl_begin(nl, request, HSTP_CMD_FAULT_ADD, NLM_F_ACK);

	fault_put(nlh, argc, argv);
	if (nl_call(nl, nlh, id_reply, NULL) < 0)
		quit(FAILED, "fault add: %s", nl->error);
	nl_close(nl);
	return DONE;
}

static int del(int argc, char **argv)
{
	int status = DONE;
	char request[128];
	struct nl *nl;

	if (!argc)
		quit(MISUSED,
		     "fault del: a number should follow; \"hstp fault show\" has them, "
		     "\"hstp fault flush\" removes all");
	for (int i = 0; i < argc; i++)
		rule_number(argv[i]);
	nl = nl_open();
	for (int i = 0; i < argc; i++) {
		struct nlmsghdr *nlh = nl_begin(nl, request, HSTP_CMD_FAULT_DEL, NLM_F_ACK);

		mnl_attr_put_u32(nlh, HSTP_A_FAULT_ID, rule_number(argv[i]));
		if (nl_call(nl, nlh, NULL, NULL) < 0) {
			say("fault del %s: %s", argv[i], nl->error);
			status = FAILED;
		}
	}
	nl_close(nl);
	return status;
}

static int flush(int argc, char **argv)
{
	struct nlmsghdr *nlh;
	char request[128];
	struct nl *nl;

	if (argc)
		quit(MISUSED, "fault flush removes all rules; \"hstp fault del %s\" only one",
		     argv[0]);
	nl = nl_open();
	nlh = nl_begin(nl, request, HSTP_CMD_FAULT_DEL, NLM_F_ACK);
	mnl_attr_put(nlh, HSTP_A_FAULT_ALL, 0, NULL);
	if (nl_call(nl, nlh, NULL, NULL) < 0)
		quit(FAILED, "fault flush: %s", nl->error);
	nl_close(nl);
	return DONE;
}

static void help(void)
{
	printf("usage: hstp fault add [in|out] [CONDITION ...] ACTION\n"
	       "       hstp fault [show [NUMBER ...]]\n"
	       "       hstp fault del NUMBER ...\n"
	       "       hstp fault flush\n\n"
	       "Rules for segments between IP and HSTP in this network namespace. \"add\" prints the\n"
	       "new rule's number. Rules are asked in the order of their numbers; the first that\n"
	       "acts is the last that is asked, but for change and corrupt.\n\n"
	       "CONDITION, of which all must hold:\n"
	       "  in, out               arrives, or is sent; both without it\n"
	       "  src ADDRESS[/BITS][:PORT], dst ADDRESS[/BITS][:PORT], sport PORT, dport PORT\n"
	       "                        own end, peer\n"
	       "  state STATE[,STATE]   of the connection: before what arrives, after what sends\n"
	       "  flags [!]FLAG[,...]   fin, syn, rst, psh, ack, urg, ece, cwr; off with !\n"
	       "  text, no-text         with bytes of the user, or without\n"
	       "and of those that match only\n"
	       "  nth N                 the n-th; with every, from it on\n"
	       "  every N               one of N\n"
	       "  count N               the first N that these let through\n"
	       "  probability P%% [seed N]\n"
	       "                        so many, the same ones with the same seed\n"
	       "ACTION:\n"
	       "  drop                  lost\n"
	       "  duplicate [K]         arrives K times more, 1 without it\n"
	       "  delay TIME            200ms, 1.5s\n"
	       "  hold                  until \"hstp step go\", or the rule is removed\n"
	       "  reorder               goes behind the next of its connection and direction\n"
	       "  change FIELD [+|-]VALUE\n"
	       "                        seq, ack, window, flags, urgent; option: the first four\n"
	       "                        bytes of the options, as 3.3.7.0; tsval, tsecr, sack-left, sack-right\n"
	       "                        of segments that have it; the checksum is corrected\n"
	       "  corrupt               the checksum is wrong\n"
	       "For instance: hstp fault add out dst 10.0.0.2 flags syn,!ack nth 1 drop\n");
}

/* hstp fault add|show|del|flush */
int cmd_fault(int argc, char **argv)
{
	if (argc && (is_help(argv[0]) || (argc > 1 && is_help(argv[1])))) {
		help();
		return DONE;
	}
	if (!argc || abbreviates(argv[0], "show") || !strcmp(argv[0], "list"))
		return show(argc ? argc - 1 : 0, argv + 1);
	if (abbreviates(argv[0], "add"))
		return add(argc - 1, argv + 1);
	if (abbreviates(argv[0], "delete"))
		return del(argc - 1, argv + 1);
	if (abbreviates(argv[0], "flush"))
		return flush(argc - 1, argv + 1);
	quit(MISUSED, "fault: \"%s\" is none of add, show, del, flush", argv[0]);
}
