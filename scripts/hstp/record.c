// SPDX-License-Identifier: GPL-2.0
/* Events and segments: read from a message, written as a line or as JSON. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fault.h"
#include "out.h"
#include "record.h"

/* The ends are four attributes in a row. */
static void read_ends(const struct attrs *attrs, unsigned int first, struct subject *ends)
{
	ends->local = attr_addr(attrs->at[first]);
	ends->local_port = attr_port(attrs->at[first + 1]);
	ends->remote = attr_addr(attrs->at[first + 2]);
	ends->remote_port = attr_port(attrs->at[first + 3]);
}

static const struct {
	unsigned int attr;
	const char *name;
} variables[VARIABLES] = {
	[SND_UNA] = { HSTP_A_EVENT_SND_UNA, "snd_una" },
	[SND_NXT] = { HSTP_A_EVENT_SND_NXT, "snd_nxt" },
	[SND_WND] = { HSTP_A_EVENT_SND_WND, "snd_wnd" },
	[ISS] = { HSTP_A_EVENT_ISS, "iss" },
	[RCV_NXT] = { HSTP_A_EVENT_RCV_NXT, "rcv_nxt" },
	[RCV_WND] = { HSTP_A_EVENT_RCV_WND, "rcv_wnd" },
	[IRS] = { HSTP_A_EVENT_IRS, "irs" },
};

static void read_event(const struct attrs *attrs, struct record *record)
{
	record->sequence = number(attrs, HSTP_A_EVENT_SEQUENCE);
	record->time = number(attrs, HSTP_A_EVENT_TIME);
	record->from = (unsigned int)number(attrs, HSTP_A_EVENT_FROM);
	record->to = (unsigned int)number(attrs, HSTP_A_EVENT_TO);
	record->cause = (unsigned int)number(attrs, HSTP_A_EVENT_CAUSE);
	record->timed = has(attrs, HSTP_A_EVENT_SPENT);
	record->spent = number(attrs, HSTP_A_EVENT_SPENT);
	for (int i = 0; i < VARIABLES; i++) {
		record->variables[i] = (uint32_t)number(attrs, variables[i].attr);
		record->known |= (unsigned int)has(attrs, variables[i].attr) << i;
	}
	read_ends(attrs, HSTP_A_EVENT_LOCAL_ADDRESS, &record->ends);
	record->ends.state = record->to;
}

/* Of other attributes there is one at most. */
static int read_sack(const struct nlattr *attr, void *data)
{
	struct record *record = data;
	struct attrs block;

	if (mnl_attr_get_type(attr) != HSTP_A_SEGMENT_SACK || record->sack_count == SACK_BLOCKS)
		return MNL_CB_OK;
	attrs_in(attr, &block);
	record->sack[record->sack_count++] = (struct sack){
		.left = (uint32_t)number(&block, HSTP_A_SEGMENT_SACK_LEFT),
		.right = (uint32_t)number(&block, HSTP_A_SEGMENT_SACK_RIGHT),
	};
	return MNL_CB_OK;
}

static void read_options(const struct attrs *attrs, struct record *record)
{
	record->mss = (uint16_t)number(attrs, HSTP_A_SEGMENT_MSS);
	record->has_scale = has(attrs, HSTP_A_SEGMENT_WINDOW_SCALE);
	record->scale = (uint8_t)number(attrs, HSTP_A_SEGMENT_WINDOW_SCALE);
	record->sack_permitted = has(attrs, HSTP_A_SEGMENT_SACK_PERMITTED);
	record->has_stamps = has(attrs, HSTP_A_SEGMENT_TSVAL);
	record->tsval = (uint32_t)number(attrs, HSTP_A_SEGMENT_TSVAL);
	record->tsecr = (uint32_t)number(attrs, HSTP_A_SEGMENT_TSECR);
	mnl_attr_parse(attrs->message, sizeof(struct genlmsghdr), read_sack, record);
}

static void read_segment(const struct attrs *attrs, struct record *record)
{
	record->segment = true;
	record->sequence = number(attrs, HSTP_A_SEGMENT_SEQUENCE);
	record->time = number(attrs, HSTP_A_SEGMENT_TIME);
	record->out = number(attrs, HSTP_A_SEGMENT_DIRECTION) == HSTP_NL_DIRECTION_OUT;
	record->again = has(attrs, HSTP_A_SEGMENT_AGAIN);
	record->seq = (uint32_t)number(attrs, HSTP_A_SEGMENT_SEQ);
	record->ack = (uint32_t)number(attrs, HSTP_A_SEGMENT_ACK);
	record->length = (uint32_t)number(attrs, HSTP_A_SEGMENT_LENGTH);
	record->window = (uint16_t)number(attrs, HSTP_A_SEGMENT_WINDOW);
	record->urgent = (uint16_t)number(attrs, HSTP_A_SEGMENT_URGENT);
	record->flags = (uint8_t)number(attrs, HSTP_A_SEGMENT_FLAGS);
	record->wire = (struct header){
		.seq = record->seq, .ack = record->ack, .length = record->length,
		.window = record->window, .flags = record->flags,
	};
	read_options(attrs, record);
	read_ends(attrs, HSTP_A_SEGMENT_LOCAL_ADDRESS, &record->ends);
	record->ends.state = NO_STATE;
}

static void read_change(const struct attrs *attrs, struct record *record)
{
	record->segment = true;
	record->change = true;
	record->sequence = number(attrs, HSTP_A_CHANGE_SEQUENCE);
	record->time = number(attrs, HSTP_A_CHANGE_TIME);
	record->out = number(attrs, HSTP_A_CHANGE_DIRECTION) == HSTP_NL_DIRECTION_OUT;
	record->seq = (uint32_t)number(attrs, HSTP_A_CHANGE_SEQ);
	record->ack = (uint32_t)number(attrs, HSTP_A_CHANGE_ACK);
	record->length = (uint32_t)number(attrs, HSTP_A_CHANGE_LENGTH);
	record->window = (uint16_t)number(attrs, HSTP_A_CHANGE_WINDOW);
	record->flags = (uint8_t)number(attrs, HSTP_A_CHANGE_FLAGS);
	record->rule = (uint32_t)number(attrs, HSTP_A_CHANGE_RULE);
	record->corrupt = number(attrs, HSTP_A_CHANGE_ACTION) == HSTP_NL_ACTION_CORRUPT;
	record->field = (unsigned int)number(attrs, HSTP_A_CHANGE_FIELD);
	record->was = (uint32_t)number(attrs, HSTP_A_CHANGE_FROM);
	record->now = (uint32_t)number(attrs, HSTP_A_CHANGE_TO);
	read_ends(attrs, HSTP_A_CHANGE_LOCAL_ADDRESS, &record->ends);
	record->ends.state = NO_STATE;
}

/**
 * record_read() - what a notification says
 * @nlh: the message
 * @record: where it goes
 *
 * Return: false when it is neither an event nor a segment, nor what was changed in one.
 */
bool record_read(const struct nlmsghdr *nlh, struct record *record)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(nlh);
	struct attrs attrs;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*genl))
		return false;
	memset(record, 0, sizeof(*record));
	attrs_of(nlh, &attrs);
	if (genl->cmd == HSTP_CMD_EVENT)
		read_event(&attrs, record);
	else if (genl->cmd == HSTP_CMD_SEGMENT)
		read_segment(&attrs, record);
	else if (genl->cmd == HSTP_CMD_CHANGE)
		read_change(&attrs, record);
	else
		return false;
	return true;
}

/**
 * record_flags() - control bits as RFC 9293 writes them, "SYN,ACK"
 * @text: where to write
 * @flags: the bits
 *
 * Return: @text
 */
const char *record_flags(char text[40], unsigned int flags)
{
	/* In the order in which people say them; ACK comes last. */
	static const uint8_t order[] = { 1, 0, 2, 3, 5, 6, 7, 4 };
	char *to = text;

	for (size_t i = 0; i < sizeof(order); i++) {
		if (!(flags >> order[i] & 1))
			continue;
		if (to != text)
			*to++ = ',';
		for (const char *c = flag_name(order[i]); *c; c++)
			*to++ = (char)toupper((unsigned char)*c);
	}
	*to = '\0';
	return text;
}

/**
 * record_value() - a field of a header as a rule that changes it has it
 * @text: where to write
 * @field: enum hstp_nl_field
 * @value: of it
 *
 * Return: @text
 */
const char *record_value(char text[40], unsigned int field, uint32_t value)
{
	if (field == HSTP_NL_FIELD_FLAGS)
		return value ? record_flags(text, value) : strcpy(text, "none");
	if (field == HSTP_NL_FIELD_OPTION)
		snprintf(text, 40, "%u.%u.%u.%u", value >> 24, value >> 16 & 255, value >> 8 & 255,
			 value & 255);
	else
		snprintf(text, 40, "%u", value);
	return text;
}

static const char *record_field(const struct record *r)
{
	return r->field <= HSTP_NL_FIELD_SACK_RIGHT ? field_names[r->field] : "unknown";
}

static void options_json(const struct record *r)
{
	if (r->mss)
		json_number("mss", r->mss);
	if (r->has_scale)
		json_number("window_scale", r->scale);
	if (r->sack_permitted)
		json_true("sack_permitted");
	if (r->has_stamps) {
		json_number("tsval", r->tsval);
		json_number("tsecr", r->tsecr);
	}
	if (!r->sack_count)
		return;
	json_begin('[', "sack");
	for (unsigned int i = 0; i < r->sack_count; i++) {
		json_begin('{', NULL);
		json_number("left", r->sack[i].left);
		json_number("right", r->sack[i].right);
		json_end('}');
	}
	json_end(']');
}

/* As "hstp fault show" has the rule. */
static void change_json(const struct record *r)
{
	json_number("rule", r->rule);
	json_string("action", action_names[r->corrupt ? HSTP_NL_ACTION_CORRUPT :
							HSTP_NL_ACTION_CHANGE]);
	if (r->corrupt)
		return;
	json_string("field", record_field(r));
	json_number("from", r->was);
	json_number("to", r->now);
}

static void segment_json(const struct record *r)
{
	char flags[40];

	json_string("direction", r->out ? "out" : "in");
	json_string("flags", record_flags(flags, r->flags));
	json_number("seq", r->seq);
	if (r->flags & ACK)
		json_number("ack", r->ack);
	json_number("window", r->window);
	json_number("length", r->length);
	if (r->change) {
		change_json(r);
		return;
	}
	if (r->flags & URG)
		json_number("urgent", r->urgent);
	if (r->again)
		json_true("again");
	options_json(r);
}

static void print_json(const struct record *r)
{
	char local[ENDPOINT], remote[ENDPOINT];

	json_begin('{', NULL);
	json_string("kind", r->change ? "change" : r->segment ? "segment" : "event");
	json_number("sequence", r->sequence);
	json_number("time", r->time);
	json_string("local_address", address_text(local, &r->ends.local));
	json_number("local_port", r->ends.local_port);
	json_string("remote_address", address_text(remote, &r->ends.remote));
	json_number("remote_port", r->ends.remote_port);
	if (r->segment) {
		segment_json(r);
	} else {
		json_string("from", state_name(r->from));
		json_string("to", state_name(r->to));
		json_string("cause", cause_name(r->cause));
		if (r->timed)
			json_number("spent", r->spent);
		for (int i = 0; i < VARIABLES; i++) {
			if (r->known & 1U << i)
				json_number(variables[i].name, r->variables[i]);
		}
	}
	json_end('}');
	json_done();
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* How far the time of day is from the kernel's clock: both looked at in one moment, as far as
 * it goes, since this process may have to wait between two looks.
 */
static int64_t clocks_apart(void)
{
	int64_t least = INT64_MAX, apart = 0;

	for (int i = 0; i < 10 && least > 100000; i++) {
		int64_t before = clock_ns(CLOCK_MONOTONIC), now = clock_ns(CLOCK_REALTIME);
		int64_t took = clock_ns(CLOCK_MONOTONIC) - before;

		if (took >= least)
			continue;
		least = took;
		apart = now - before - took / 2;
	}
	return apart;
}

/* The time of day at which the kernel's clock showed @ns. How far the two clocks are
 * apart is looked at anew only when one was set, or lines would go back in time.
 */
static void print_time(uint64_t ns)
{
	static int64_t apart;
	int64_t now = clocks_apart(), then;
	struct tm tm;
	time_t s;

	if (llabs(now - apart) > 10000000)
		apart = now;
	then = apart + (int64_t)ns;
	s = (time_t)(then / 1000000000);
	localtime_r(&s, &tm);
	printf("%02d:%02d:%02d.%06d ", tm.tm_hour, tm.tm_min, tm.tm_sec,
	       (int)(then % 1000000000 / 1000));
}

static void print_options(const struct record *r)
{
	if (r->mss)
		printf(" mss %u", r->mss);
	if (r->has_scale)
		printf(" wscale %u", r->scale);
	if (r->sack_permitted)
		printf(" sackok");
	if (r->has_stamps)
		printf(" ts %u:%u", r->tsval, r->tsecr);
	for (unsigned int i = 0; i < r->sack_count; i++)
		printf("%s%u-%u", i ? "," : " sack ", r->sack[i].left, r->sack[i].right);
}

static void print_change(const struct record *r)
{
	char was[40], now[40];

	colour(YELLOW);
	if (r->corrupt)
		printf("  rule %u corrupts the checksum", r->rule);
	else
		printf("  rule %u changes %s %s to %s", r->rule, record_field(r),
		       record_value(was, r->field, r->was), record_value(now, r->field, r->now));
	colour(PLAIN);
}

static void print_segment(const struct record *r)
{
	char text[40];

	colour(r->flags & RST ? RED : CYAN);
	printf("%s", record_flags(text, r->flags));
	colour(PLAIN);
	printf(" seq %u", r->seq);
	if (r->flags & ACK)
		printf(" ack %u", r->ack);
	printf(" win %u", r->window);
	if (r->length)
		printf(" len %u", r->length);
	if (r->change) {
		print_change(r);
		return;
	}
	if (r->flags & URG)
		printf(" urg %u", r->urgent);
	print_options(r);
	if (r->again)
		printf(" again");
}

/**
 * record_print() - one line
 * @r: an event or a segment
 */
void record_print(const struct record *r)
{
	char local[ENDPOINT], remote[ENDPOINT], text[40];

	if (opt.json) {
		print_json(r);
		return;
	}
	print_time(r->time);
	printf("%s %s %s  ", endpoint(local, &r->ends.local, r->ends.local_port),
	       !r->segment ? "-" : r->out ? ">" : "<",
	       endpoint(remote, &r->ends.remote, r->ends.remote_port));
	if (r->segment) {
		print_segment(r);
	} else {
		colour(state_colour(r->from));
		printf("%s", state_name(r->from));
		colour(PLAIN);
		printf(" -> ");
		colour(state_colour(r->to));
		printf("%s", state_name(r->to));
		colour(PLAIN);
		printf("  %s", cause_name(r->cause));
		if (r->timed)
			printf("  after %s", duration(text, r->spent));
	}
	putchar('\n');
}
