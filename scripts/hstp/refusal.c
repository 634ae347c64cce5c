// SPDX-License-Identifier: GPL-2.0
/* The kernel's refusals as words. What the module itself refuses has them; of what the kernel
 * refuses by the module's tables it says a word, where the attribute is in the request, and
 * what it would take: they are put together here.
 */
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "refusal.h"

/* Attributes that requests have, by the names of include/hstp.yaml. */
static const char *const match_names[] = {
	[HSTP_A_MATCH_COOKIE] = "cookie", [HSTP_A_MATCH_STATES] = "states",
	[HSTP_A_MATCH_LOCAL_ADDRESS] = "local-address",
	[HSTP_A_MATCH_LOCAL_PREFIX] = "local-prefix", [HSTP_A_MATCH_LOCAL_PORT] = "local-port",
	[HSTP_A_MATCH_REMOTE_ADDRESS] = "remote-address",
	[HSTP_A_MATCH_REMOTE_PREFIX] = "remote-prefix",
	[HSTP_A_MATCH_REMOTE_PORT] = "remote-port", [HSTP_A_MATCH_UID] = "uid",
	[HSTP_A_MATCH_SINCE] = "since", [HSTP_A_MATCH_UNACCEPTED] = "unaccepted",
};

static const char *const conn_names[] = { [HSTP_A_CONN_MATCH] = "match" };
static const char *const stats_names[] = { [HSTP_A_STATS_PARTS] = "parts" };
static const char *const step_names[] = { [HSTP_A_STEP_ENABLED] = "enabled" };

static const char *const fault_names[] = {
	[HSTP_A_FAULT_ID] = "id", [HSTP_A_FAULT_ALL] = "all",
	[HSTP_A_FAULT_DIRECTION] = "direction",
	[HSTP_A_FAULT_LOCAL_ADDRESS] = "local-address",
	[HSTP_A_FAULT_LOCAL_PORT] = "local-port",
	[HSTP_A_FAULT_REMOTE_ADDRESS] = "remote-address",
	[HSTP_A_FAULT_REMOTE_PORT] = "remote-port",
	[HSTP_A_FAULT_LOCAL_PREFIX] = "local-prefix",
	[HSTP_A_FAULT_REMOTE_PREFIX] = "remote-prefix", [HSTP_A_FAULT_STATES] = "states",
	[HSTP_A_FAULT_FLAGS_SET] = "flags-set", [HSTP_A_FAULT_FLAGS_CLEAR] = "flags-clear",
	[HSTP_A_FAULT_TEXT] = "text", [HSTP_A_FAULT_NTH] = "nth",
	[HSTP_A_FAULT_EVERY] = "every", [HSTP_A_FAULT_COUNT] = "count",
	[HSTP_A_FAULT_PROBABILITY] = "probability", [HSTP_A_FAULT_SEED] = "seed",
	[HSTP_A_FAULT_ACTION] = "action", [HSTP_A_FAULT_COPIES] = "copies",
	[HSTP_A_FAULT_DELAY_MS] = "delay-ms", [HSTP_A_FAULT_FIELD] = "field",
	[HSTP_A_FAULT_HOW] = "how", [HSTP_A_FAULT_VALUE] = "value",
};

static const char *const held_names[] = {
	[HSTP_A_HELD_ID] = "id", [HSTP_A_HELD_RULE] = "rule",
	[HSTP_A_HELD_LOCAL_ADDRESS] = "local-address", [HSTP_A_HELD_LOCAL_PORT] = "local-port",
	[HSTP_A_HELD_REMOTE_ADDRESS] = "remote-address",
	[HSTP_A_HELD_REMOTE_PORT] = "remote-port", [HSTP_A_HELD_COUNT] = "count",
	[HSTP_A_HELD_DROP] = "drop",
};

#define SET(names_) { names_, sizeof(names_) / sizeof((names_)[0]) }

struct set {
	const char *const *names;
	unsigned int count;
};

/* The set of a command's attributes; settings have names of their own. */
static struct set set_of(unsigned int command)
{
	switch (command) {
	case HSTP_CMD_CONN_GET:
	case HSTP_CMD_CONN_ABORT:
	case HSTP_CMD_CONN_CLOSE:
		return (struct set)SET(conn_names);
	case HSTP_CMD_STATS_GET:
	case HSTP_CMD_STATS_RESET:
		return (struct set)SET(stats_names);
	case HSTP_CMD_FAULT_ADD:
	case HSTP_CMD_FAULT_DEL:
	case HSTP_CMD_FAULT_GET:
		return (struct set)SET(fault_names);
	case HSTP_CMD_STEP_SET:
		return (struct set)SET(step_names);
	case HSTP_CMD_HELD_GET:
	case HSTP_CMD_HELD_RELEASE:
		return (struct set)SET(held_names);
	default:
		return (struct set){ NULL, 0 };
	}
}

/* The innermost attribute of the request that begins at @offset, by its name. */
static const char *name_at(const struct nlmsghdr *request, uint32_t offset, char *room, size_t size)
{
	const struct genlmsghdr *genl = mnl_nlmsg_get_payload(request);
	const struct nlattr *attr, *bad = (const void *)((const char *)request + offset);
	struct set set = set_of(genl->cmd);
	const char *name = NULL;
	unsigned int type;

	if (offset + sizeof(*bad) > request->nlmsg_len)
		return NULL;
	/* The only nest of a request is the match. */
	mnl_attr_for_each(attr, request, sizeof(*genl)) {
		if (bad > attr && (const void *)bad < mnl_attr_get_payload(attr) +
						      mnl_attr_get_payload_len(attr))
			set = (struct set)SET(match_names);
	}
	type = mnl_attr_get_type(bad);
	if (genl->cmd == HSTP_CMD_CONFIG_SET)
		name = setting_name(type);
	else if (type < set.count)
		name = set.names[type];
	if (name)
		return name;
	snprintf(room, size, "attribute %u", type);
	return room;
}

/* What the kernel would take, of a nest NL_POLICY_TYPE_ATTR_; false: there is nothing to say. */
static bool bound(const struct nlattr *nest, char *room, size_t size)
{
	static const unsigned int bytes[] = {
		[NL_ATTR_TYPE_U8] = 1, [NL_ATTR_TYPE_U16] = 2, [NL_ATTR_TYPE_U32] = 4,
		[NL_ATTR_TYPE_U64] = 8,
	};
	uint64_t type, most;
	struct attrs a;

	attrs_in(nest, &a);
	type = number(&a, NL_POLICY_TYPE_ATTR_TYPE);
	if (type == NL_ATTR_TYPE_FLAG) {
		snprintf(room, size, "must be without a value");
		return true;
	}
	if (type >= sizeof(bytes) / sizeof(bytes[0]) || !bytes[type])
		return false;
	most = UINT64_MAX >> (64 - 8 * bytes[type]);
	if (has(&a, NL_POLICY_TYPE_ATTR_MASK))
		snprintf(room, size, "must have no other bits than 0x%llx",
			 (unsigned long long)number(&a, NL_POLICY_TYPE_ATTR_MASK));
	else if (number(&a, NL_POLICY_TYPE_ATTR_MIN_VALUE_U) ||
		 number(&a, NL_POLICY_TYPE_ATTR_MAX_VALUE_U) < most)
		snprintf(room, size, "must be %llu to %llu",
			 (unsigned long long)number(&a, NL_POLICY_TYPE_ATTR_MIN_VALUE_U),
			 (unsigned long long)number(&a, NL_POLICY_TYPE_ATTR_MAX_VALUE_U));
	else
		snprintf(room, size, "must have %u bytes", bytes[type]);
	return true;
}

/* What follows the error's number, by its type. */
static void read_answer(const struct nlmsghdr *answer, struct attrs *said)
{
	const struct nlmsgerr *err = mnl_nlmsg_get_payload(answer);
	const struct nlattr *attr;
	size_t skip = sizeof(int);

	memset(said, 0, sizeof(*said));
	if (!(answer->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (answer->nlmsg_type == NLMSG_ERROR) {
		skip = sizeof(*err);
		if (err->error && !(answer->nlmsg_flags & NLM_F_CAPPED))
			skip += MNL_ALIGN(err->msg.nlmsg_len - sizeof(err->msg));
	}
	if (answer->nlmsg_len <= MNL_NLMSG_HDRLEN + skip)
		return;
	mnl_attr_for_each(attr, answer, (unsigned int)skip) {
		if (mnl_attr_get_type(attr) < ATTRS)
			said->at[mnl_attr_get_type(attr)] = attr;
	}
}

/**
 * refusal_words() - what an answer says of a request that was refused
 * @words: gets it
 * @size: room there
 * @request: the request
 * @answer: NLMSG_ERROR, or NLMSG_DONE of a dump
 * @err: its errno, positive
 */
void refusal_words(char *words, size_t size, const struct nlmsghdr *request,
		   const struct nlmsghdr *answer, int err)
{
	const char *text, *name = NULL;
	char what[100], number_[32];
	struct attrs said;

	read_answer(answer, &said);
	text = has(&said, NLMSGERR_ATTR_MSG) ? mnl_attr_get_str(said.at[NLMSGERR_ATTR_MSG]) :
					       strerror(err);
	if (has(&said, NLMSGERR_ATTR_OFFS))
		name = name_at(request, (uint32_t)number(&said, NLMSGERR_ATTR_OFFS), number_,
			       sizeof(number_));
	if (name && has(&said, NLMSGERR_ATTR_POLICY) &&
	    bound(said.at[NLMSGERR_ATTR_POLICY], what, sizeof(what)))
		snprintf(words, size, "%s %s (%s)", name, what, text);
	else if (name && !strstr(text, name))
		snprintf(words, size, "%s: %s", name, text);
	else
		snprintf(words, size, "%s", text);
}
