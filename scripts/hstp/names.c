// SPDX-License-Identifier: GPL-2.0
/* Words for the numbers that the kernel sends. They are those of module/core/state.h, so
 * that /proc, the log and this command say the same.
 */
#include <string.h>
#include <strings.h>

#include "../../module/core/state.h"
#include "names.h"

/* The family's numbers and the core's are one. */
#define X(id, name) _Static_assert((int)HSTP_NL_STATE_##id == (int)HSTP_##id, name);
HSTP_STATES(X)
#undef X
#define X(id, name) _Static_assert((int)HSTP_NL_CAUSE_##id == (int)HSTP_CAUSE_##id, name);
HSTP_CAUSES(X)
#undef X
#define X(id, name) _Static_assert((int)HSTP_NL_DROP_##id == (int)HSTP_DROP_##id, name);
HSTP_DROPS(X)
#undef X
#define X(id, name) \
	_Static_assert((int)HSTP_NL_RESET_OUT_##id == (int)HSTP_RESET_OUT_##id, name);
HSTP_RESETS_OUT(X)
#undef X
#define X(id, name) _Static_assert((int)HSTP_NL_RESET_IN_##id == (int)HSTP_RESET_IN_##id, name);
HSTP_RESETS_IN(X)
#undef X

#define X(id, name) name,
static const char *const states[] = { HSTP_STATES(X) };
static const char *const causes[] = { HSTP_CAUSES(X) };
static const char *const drops[] = { "none", HSTP_DROPS(X) };
static const char *const resets_out[] = { "none", HSTP_RESETS_OUT(X) };
static const char *const resets_in[] = { "none", HSTP_RESETS_IN(X) };
#undef X
static const char *const flags[] = { "fin", "syn", "rst", "psh", "ack", "urg", "ece", "cwr" };

static const char *const settings[] = {
	[HSTP_A_CONFIG_MSL_MS] = "msl_ms",
	[HSTP_A_CONFIG_SYN_RETRIES] = "syn_retries",
	[HSTP_A_CONFIG_SYNACK_RETRIES] = "synack_retries",
	[HSTP_A_CONFIG_RETRIES] = "retries",
	[HSTP_A_CONFIG_ORPHAN_RETRIES] = "orphan_retries",
	[HSTP_A_CONFIG_FIN_TIMEOUT] = "fin_timeout",
	[HSTP_A_CONFIG_RTO_INITIAL_MS] = "rto_initial_ms",
	[HSTP_A_CONFIG_RTO_MIN_MS] = "rto_min_ms",
	[HSTP_A_CONFIG_RTO_MAX_MS] = "rto_max_ms",
	[HSTP_A_CONFIG_DELACK_MS] = "delack_ms",
	[HSTP_A_CONFIG_RFC5961] = "rfc5961",
	[HSTP_A_CONFIG_CHALLENGE_ACK_LIMIT] = "challenge_ack_limit",
	[HSTP_A_CONFIG_MAX_SYN_BACKLOG] = "max_syn_backlog",
	[HSTP_A_CONFIG_MAX_TIME_WAIT] = "max_time_wait",
	[HSTP_A_CONFIG_MAX_ORPHANS] = "max_orphans",
	[HSTP_A_CONFIG_MEM_LIMIT_KIB] = "mem_limit_kib",
	[HSTP_A_CONFIG_PORT_MIN] = "port_min",
	[HSTP_A_CONFIG_PORT_MAX] = "port_max",
	[HSTP_A_CONFIG_SEGMENT_EVENTS] = "segment_events",
	[HSTP_A_CONFIG_KEEPALIVE_TIME] = "keepalive_time",
	[HSTP_A_CONFIG_KEEPALIVE_INTVL] = "keepalive_intvl",
	[HSTP_A_CONFIG_KEEPALIVE_PROBES] = "keepalive_probes",
	[HSTP_A_CONFIG_RETRIES1] = "retries1",
	[HSTP_A_CONFIG_WINDOW_SCALING] = "window_scaling",
	[HSTP_A_CONFIG_TIMESTAMPS] = "timestamps",
	[HSTP_A_CONFIG_SACK] = "sack",
	[HSTP_A_CONFIG_DSACK] = "dsack",
	[HSTP_A_CONFIG_TW_REUSE] = "tw_reuse",
	[HSTP_A_CONFIG_TW_RECYCLE] = "tw_recycle",
	[HSTP_A_CONFIG_RCVBUF_MAX] = "rcvbuf_max",
	[HSTP_A_CONFIG_ECN] = "ecn",
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A newer module may know more than this program. */
static const char *word(const char *const *table, size_t count, unsigned int number)
{
	return number < count ? table[number] : "unknown";
}

const char *state_name(unsigned int state)
{
	return word(states, COUNT(states), state);
}

const char *cause_name(unsigned int cause)
{
	return word(causes, COUNT(causes), cause);
}

const char *drop_name(unsigned int drop)
{
	return word(drops, COUNT(drops), drop);
}

const char *reset_in_name(unsigned int reason)
{
	return word(resets_in, COUNT(resets_in), reason);
}

const char *reset_out_name(unsigned int reason)
{
	return word(resets_out, COUNT(resets_out), reason);
}

const char *flag_name(unsigned int flag)
{
	return word(flags, COUNT(flags), flag);
}

/**
 * state_set() - the states that a word of the filter language means
 * @name: RFC 9293's name of a state in any case, one of ss(8)'s, or a group
 * @set: where a bit for each state is set
 *
 * Return: 0, or -1 when @name means nothing.
 */
int state_set(const char *name, unsigned int *set)
{
	const unsigned int listen = 1U << HSTP_LISTEN, closed = 1U << HSTP_CLOSED;
	const unsigned int small = 1U << HSTP_SYN_RECEIVED | 1U << HSTP_TIME_WAIT;
	const struct {
		const char *name;
		unsigned int set;
	} others[] = {
		{ "all", ALL_STATES },
		{ "listening", listen },
		{ "syn-recv", 1U << HSTP_SYN_RECEIVED },
		{ "estab", 1U << HSTP_ESTABLISHED },
		{ "connected", ALL_STATES & ~(listen | closed) },
		{ "synchronized", ALL_STATES & ~(listen | closed | 1U << HSTP_SYN_SENT) },
		{ "bucket", small },
		{ "big", ALL_STATES & ~(small | closed) },
	};

	for (size_t i = 0; i < COUNT(states); i++) {
		if (!strcasecmp(name, states[i])) {
			*set = 1U << i;
			return 0;
		}
	}
	for (size_t i = 0; i < COUNT(others); i++) {
		if (!strcasecmp(name, others[i].name)) {
			*set = others[i].set;
			return 0;
		}
	}
	return -1;
}

const char *setting_name(unsigned int attr)
{
	return attr < COUNT(settings) ? settings[attr] : NULL;
}

/**
 * setting_attr() - the attribute of a setting
 * @name: as in sysctl net.hstp; - for _ is as good
 *
 * Return: HSTP_A_CONFIG_..., or -1 when there is no such setting.
 */
int setting_attr(const char *name)
{
	for (size_t i = 0; i < COUNT(settings); i++) {
		size_t at = 0;

		if (!settings[i])
			continue;
		while (name[at] && (name[at] == settings[i][at] ||
				    (name[at] == '-' && settings[i][at] == '_')))
			at++;
		if (!name[at] && !settings[i][at])
			return (int)i;
	}
	return -1;
}
