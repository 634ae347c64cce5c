// SPDX-License-Identifier: GPL-2.0
/* The settings of a namespace, for all who change them: defaults, bounds, and what a
 * change brings about.
 */
#include <linux/stringify.h>

#include "event.h"
#include "settings.h"
#include "wait.h"

/* Whoever changes settings, in any namespace: some depend on others. */
DEFINE_MUTEX(hstp_settings_mutex);

const struct hstp_settings hstp_settings_default = {
	.core = HSTP_CONFIG_DEFAULT,
	.challenge_ack_limit = 1000,
	.max_syn_backlog = 1024,
	.max_time_wait = 262144,
	.max_orphans = 65536,
	.mem_limit_kib = 262144,
	.port_min = 32768,
	.port_max = 60999,
	.rcvbuf_max = 6291456,
};

#define X(file, member, lowest, highest) \
	[HSTP_SET_##file] = { \
		.name = #file, \
		.refusal = #file " must be " #lowest " to " #highest, \
		.offset = offsetof(struct hstp_settings, member), \
		.low = lowest, \
		.high = highest, \
	},
const struct hstp_setting hstp_settings[HSTP_SETTING_COUNT] = { HSTP_SETTINGS(X) };

#undef X

/* Of these the first must not be above the second. */
static const struct {
	u8 low;
	u8 high;
	const char *refusal;
} ranges[] = {
	{ HSTP_SET_port_min, HSTP_SET_port_max, "port_min must not be above port_max" },
	{ HSTP_SET_rto_min_ms, HSTP_SET_rto_max_ms, "rto_min_ms must not be above rto_max_ms" },
};

/**
 * hstp_settings_init() - a new namespace has the defaults
 * @hn: namespace
 */
void hstp_settings_init(struct hstp_net *hn)
{
	hn->settings = hstp_settings_default;
}

/**
 * hstp_settings_exit() - a namespace goes, and what its settings have switched on
 * @hn: namespace; nobody changes its settings any more
 */
void hstp_settings_exit(struct hstp_net *hn)
{
	if (hn->settings.segment_events)
		hstp_event_segments(false);
}

/**
 * hstp_settings_check() - is every setting within its bounds
 * @s: settings
 * @refusal: gets a text for the caller when not
 *
 * Return: the number of the one that is not, or -1.
 */
int hstp_settings_check(const struct hstp_settings *s, const char **refusal)
{
	unsigned int i;

	for (i = 0; i < HSTP_SETTING_COUNT; i++) {
		int value = *hstp_setting_of(s, i);

		if (value < hstp_settings[i].low || value > hstp_settings[i].high) {
			*refusal = hstp_settings[i].refusal;
			return i;
		}
	}
	for (i = 0; i < ARRAY_SIZE(ranges); i++) {
		if (*hstp_setting_of(s, ranges[i].low) > *hstp_setting_of(s, ranges[i].high)) {
			*refusal = ranges[i].refusal;
			return ranges[i].low;
		}
	}
	return -1;
}

/**
 * hstp_settings_change() - make settings effective
 * @hn: namespace
 * @s: settings within their bounds
 *
 * Context: process, hstp_settings_mutex.
 */
void hstp_settings_change(struct hstp_net *hn, const struct hstp_settings *s)
{
	bool segments = hn->settings.segment_events;
	unsigned int i;

	lockdep_assert_held(&hstp_settings_mutex);
	for (i = 0; i < HSTP_SETTING_COUNT; i++)
		WRITE_ONCE(*hstp_setting_of(&hn->settings, i), *hstp_setting_of(s, i));
	hstp_wait_anew(hn);
	if (segments != !!s->segment_events)
		hstp_event_segments(s->segment_events);
}
