// SPDX-License-Identifier: GPL-2.0
/* The words of "hstp fault add", and what they are for the kernel. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fault.h"

const char *const action_names[] = {
	"drop", "duplicate", "delay", "hold", "reorder", "change", "corrupt", NULL
};

const char *const field_names[] = {
	"seq", "ack", "window", "flags", "urgent", "option", "tsval", "tsecr", "sack-left",
	"sack-right", NULL
};

/* The conditions; each can be said once. */
enum condition {
	IN, OUT, TEXT, NO_TEXT, STATE, FLAGS, NTH, EVERY, COUNT, PROBABILITY, SEED, SRC, DST,
	SPORT, DPORT
};

/* Where in the words we are. */
struct words {
	struct nlmsghdr *nlh;
	char **at;
	char **end;
	bool acts;		/* an action was given */
	unsigned int given;	/* set of those conditions that can be said once */
};

/* The next word; does not return when there is none. */
static char *next(struct words *w, const char *after, const char *what)
{
	if (w->at == w->end)
		quit(MISUSED, "fault: %s should follow \"%s\"", what, after);
	return *w->at++;
}

/* A condition, called @word, must not be said along with those in the set @rivals. */
static void give(struct words *w, enum condition which, unsigned int rivals, const char *word)
{
	if (w->given & rivals)
		quit(MISUSED, "fault: \"%s\" comes on top of another of its kind", word);
	w->given |= 1U << which;
}

static int index_of(const char *const *names, const char *word)
{
	for (int i = 0; names[i]; i++) {
		if (abbreviates(word, names[i]))
			return i;
	}
	return -1;
}

static unsigned int flag_bit(const char *name)
{
	for (unsigned int i = 0; i < 8; i++) {
		if (!strcasecmp(name, flag_name(i)))
			return 1U << i;
	}
	quit(MISUSED, "fault: \"%s\" is not a flag: fin, syn, rst, psh, ack, urg, ece, cwr are",
	     name);
}

/* "syn,!ack": bits that are on, and bits that are off; without @off all are on. */
static unsigned int flags_of(char *word, unsigned int *off)
{
	unsigned int on = 0, clear = 0;
	char *save = NULL, *name;

	for (name = strtok_r(word, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		if (off && (*name == '!' || *name == '-'))
			clear |= flag_bit(name + 1);
		else
			on |= flag_bit(name);
	}
	if (on & clear)
		quit(MISUSED, "fault: a flag cannot be both on and off");
	if (off)
		*off = clear;
	return on;
}

static void put_flags(struct words *w)
{
	unsigned int off, on = flags_of(next(w, "flags", "a list as syn,!ack"), &off);

	if (on)
		mnl_attr_put_u8(w->nlh, HSTP_A_FAULT_FLAGS_SET, (uint8_t)on);
	if (off)
		mnl_attr_put_u8(w->nlh, HSTP_A_FAULT_FLAGS_CLEAR, (uint8_t)off);
}

static void put_states(struct words *w)
{
	char *save = NULL, *word = next(w, "state", "a state"), *name;
	unsigned int states = 0, set;

	for (name = strtok_r(word, ",", &save); name; name = strtok_r(NULL, ",", &save)) {
		if (state_set(name, &set))
			quit(MISUSED,
			     "fault: \"%s\" is not a state: closed, listen, syn-sent, syn-received, established, fin-wait-1, fin-wait-2, close-wait, closing, last-ack, time-wait, or synchronized",
			     name);
		states |= set;
	}
	mnl_attr_put_u16(w->nlh, HSTP_A_FAULT_STATES, (uint16_t)states);
}

/* src, dst, sport, dport mean what they mean in a filter. */
static void put_end(struct words *w, char *word)
{
	char *pair[2] = { word, next(w, word, "an address or a port") };
	enum condition port;
	struct filter *filter;

	if (!strcmp(pair[1], "=") || !strcmp(pair[1], "eq"))
		pair[1] = next(w, word, "an address or a port");
	filter = filter_parse(2, pair, OF_CONNECTIONS);
	if ((filter->kind != FILTER_ADDRESS && filter->kind != FILTER_PORT) ||
	    (filter->kind == FILTER_PORT && filter->compare != EQ))
		quit(MISUSED, "fault: after \"%s\", one address or port", word);
	port = filter->remote ? DPORT : SPORT;
	if (filter->kind == FILTER_ADDRESS && filter->addr.len) {
		mnl_attr_put(w->nlh, filter->remote ? HSTP_A_FAULT_REMOTE_ADDRESS :
			     HSTP_A_FAULT_LOCAL_ADDRESS, filter->addr.len, filter->addr.bytes);
		mnl_attr_put_u8(w->nlh, filter->remote ? HSTP_A_FAULT_REMOTE_PREFIX :
				HSTP_A_FAULT_LOCAL_PREFIX, filter->prefix);
	}
	if (filter->compare != EQ)
		return;
	/* "src 192.0.2.1:80" has a port as well. */
	if (filter->kind == FILTER_ADDRESS)
		give(w, port, 1U << port, word);
	mnl_attr_put_u16(w->nlh, filter->remote ? HSTP_A_FAULT_REMOTE_PORT :
			 HSTP_A_FAULT_LOCAL_PORT, htons((uint16_t)filter->number));
}

static void put_number(struct words *w, uint16_t attr, const char *name)
{
	const char *word = next(w, name, "a number");

	mnl_attr_put_u32(w->nlh, attr, (uint32_t)parse_number(name, word, 1, 1000000000));
}

static void put_seed(struct words *w)
{
	const char *word = next(w, "seed", "a number");

	mnl_attr_put_u64(w->nlh, HSTP_A_FAULT_SEED, parse_number("seed", word, 0, UINT64_MAX));
}

/* "10%" and "0.1" are the same. */
static void put_probability(struct words *w)
{
	const char *word = next(w, "probability", "a number as 10%");
	char *end;
	double part = strtod(word, &end);

	if (*end == '%') {
		part /= 100;
		end++;
	}
	if (end == word || *end || !(part * 1e6 >= 0.5 && part <= 1))
		quit(MISUSED, "probability \"%s\" is not a number from 0.0001%% to 100%%", word);
	mnl_attr_put_u32(w->nlh, HSTP_A_FAULT_PROBABILITY, (uint32_t)(part * 1e6 + 0.5));
}

/* "200", "200ms", "1.5s" */
static void put_delay(struct words *w)
{
	const char *word = next(w, "delay", "a time as 200ms");
	char *end;
	double ms = strtod(word, &end);

	if (!strcmp(end, "s"))
		ms *= 1000;
	if (end == word || (*end && strcmp(end, "s") && strcmp(end, "ms")) ||
	    !(ms >= 1 && ms <= 600000))
		quit(MISUSED, "delay \"%s\" is not a time from 1ms to 600s", word);
	mnl_attr_put_u32(w->nlh, HSTP_A_FAULT_DELAY_MS, (uint32_t)ms);
}

/* Four bytes, as they are in the segment. */
static uint32_t parse_bytes(const char *name, const char *word)
{
	struct in_addr bytes;

	if (inet_pton(AF_INET, word, &bytes) != 1)
		quit(MISUSED, "%s \"%s\" is not four bytes as 3.3.7.0", name, word);
	return ntohl(bytes.s_addr);
}

/* FIELD VALUE: the value alone sets, + adds, - subtracts; of flags, switches on or off. */
static void put_change(struct words *w)
{
	char *name = next(w, "change", "seq, ack, window, flags ..."), *word;
	int field = index_of(field_names, name), how = HSTP_NL_HOW_SET;
	uint32_t value;
	bool minus;

	if (field < 0)
		quit(MISUSED, "change: \"%s\" is not a field: \"hstp fault help\" lists them",
		     name);
	word = next(w, field_names[field], "a value");
	minus = *word == '-';
	if (*word == '+' || minus) {
		word++;
		how = HSTP_NL_HOW_ADD;
	} else if (*word == '=') {
		word++;
	}
	if (field == HSTP_NL_FIELD_FLAGS) {
		value = !strcmp(word, "none") ? 0 : flags_of(word, NULL);
		if (minus)
			how = HSTP_NL_HOW_CLEAR;
	} else if (field == HSTP_NL_FIELD_OPTION) {
		value = parse_bytes(field_names[field], word);
	} else {
		value = (uint32_t)parse_number(field_names[field], word, 0,
					       field == HSTP_NL_FIELD_WINDOW ||
					       field == HSTP_NL_FIELD_URGENT ? UINT16_MAX :
					       UINT32_MAX);
		value = minus ? -value : value;
	}
	mnl_attr_put_u8(w->nlh, HSTP_A_FAULT_FIELD, (uint8_t)field);
	mnl_attr_put_u8(w->nlh, HSTP_A_FAULT_HOW, (uint8_t)how);
	mnl_attr_put_u32(w->nlh, HSTP_A_FAULT_VALUE, value);
}

static void put_action(struct words *w, int action)
{
	if (w->acts)
		quit(MISUSED, "fault: \"%s\" is a second action; a rule has one",
		     action_names[action]);
	w->acts = true;
	mnl_attr_put_u8(w->nlh, HSTP_A_FAULT_ACTION, (uint8_t)action);
	if (action == HSTP_NL_ACTION_DELAY)
		put_delay(w);
	else if (action == HSTP_NL_ACTION_CHANGE)
		put_change(w);
	else if (action == HSTP_NL_ACTION_DUPLICATE && w->at != w->end &&
		 **w->at >= '0' && **w->at <= '9')
		mnl_attr_put_u32(w->nlh, HSTP_A_FAULT_COPIES,
				 (uint32_t)parse_number("duplicate", *w->at++, 1, 100));
}

static const struct {
	const char *word;
	enum condition number;
} conditions[] = {
	{ "in", IN }, { "out", OUT }, { "text", TEXT }, { "no-text", NO_TEXT },
	{ "state", STATE }, { "flags", FLAGS }, { "nth", NTH }, { "every", EVERY },
	{ "count", COUNT }, { "probability", PROBABILITY }, { "seed", SEED },
	{ "src", SRC }, { "local", SRC }, { "dst", DST }, { "peer", DST }, { "remote", DST },
	{ "sport", SPORT }, { "dport", DPORT },
};

static int condition_of(const char *word)
{
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		if (!strcmp(word, conditions[i].word))
			return (int)conditions[i].number;
	}
	return -1;
}

/* What must not be said along with it: itself, and its opposite. */
static unsigned int rivals(enum condition which)
{
	switch (which) {
	case IN:
	case OUT:
		return 1U << IN | 1U << OUT;
	case TEXT:
	case NO_TEXT:
		return 1U << TEXT | 1U << NO_TEXT;
	default:
		return 1U << which;
	}
}

static void put_condition(struct words *w, enum condition which, char *word)
{
	give(w, which, rivals(which), word);
	switch (which) {
	case IN:
		mnl_attr_put_u8(w->nlh, HSTP_A_FAULT_DIRECTION, HSTP_NL_DIRECTION_IN);
		break;
	case OUT:
		mnl_attr_put_u8(w->nlh, HSTP_A_FAULT_DIRECTION, HSTP_NL_DIRECTION_OUT);
		break;
	case TEXT:
		mnl_attr_put_u8(w->nlh, HSTP_A_FAULT_TEXT, HSTP_NL_TEXT_WITH);
		break;
	case NO_TEXT:
		mnl_attr_put_u8(w->nlh, HSTP_A_FAULT_TEXT, HSTP_NL_TEXT_WITHOUT);
		break;
	case STATE:
		put_states(w);
		break;
	case FLAGS:
		put_flags(w);
		break;
	case NTH:
		put_number(w, HSTP_A_FAULT_NTH, word);
		break;
	case EVERY:
		put_number(w, HSTP_A_FAULT_EVERY, word);
		break;
	case COUNT:
		put_number(w, HSTP_A_FAULT_COUNT, word);
		break;
	case PROBABILITY:
		put_probability(w);
		break;
	case SEED:
		put_seed(w);
		break;
	default:
		put_end(w, !strcmp(word, "remote") ? "dst" : word);
	}
}

/**
 * fault_put() - the attributes of a rule
 * @nlh: the request
 * @argc: number of words
 * @argv: the words; they are changed
 *
 * Does not return when they make no sense: says where, and what would.
 */
void fault_put(struct nlmsghdr *nlh, int argc, char **argv)
{
	struct words w = { .nlh = nlh, .at = argv, .end = argv + argc };

	while (w.at != w.end) {
		char *word = *w.at++;
		int condition = condition_of(word), action;

		if (condition >= 0) {
			put_condition(&w, (enum condition)condition, word);
			continue;
		}
		action = index_of(action_names, word);
		if (action < 0)
			quit(MISUSED,
			     "fault: \"%s\" is neither a condition (in, out, src, dst, sport, dport, state, flags, text, no-text, nth, every, count, probability, seed) nor an action (drop, duplicate, delay, hold, reorder, change, corrupt)",
			     word);
		put_action(&w, action);
	}
	if (!w.acts)
		quit(MISUSED,
		     "fault: what is to be done? drop, duplicate, delay, hold, reorder, change or corrupt");
}
