/* SPDX-License-Identifier: GPL-2.0 */
/* The settings of a namespace: names, defaults, bounds. */
#ifndef HSTP_SETTINGS_H
#define HSTP_SETTINGS_H

#include <linux/mutex.h>

#include "net.h"

/* In the order of the attributes of the netlink family.
 * X(name, member of struct hstp_settings, lowest, highest)
 */
#define HSTP_SETTINGS(X) \
	X(msl_ms, core.msl_ms, 1, 120000) \
	X(syn_retries, core.syn_retries, 1, 127) \
	X(synack_retries, core.synack_retries, 0, 127) \
	X(retries, core.retries, 1, 255) \
	X(orphan_retries, core.orphan_retries, 1, 255) \
	X(fin_timeout, core.fin_timeout_ms, 1, 3600000) \
	X(rto_initial_ms, core.rto_initial_ms, 10, 60000) \
	X(rto_min_ms, core.rto_min_ms, 10, 60000) \
	X(rto_max_ms, core.rto_max_ms, 10, 3600000) \
	X(delack_ms, core.delack_ms, 1, 450) \
	X(rfc5961, core.rfc5961, 0, 1) \
	X(challenge_ack_limit, challenge_ack_limit, 1, 1000000) \
	X(max_syn_backlog, max_syn_backlog, 1, 1048576) \
	X(max_time_wait, max_time_wait, 0, 16777216) \
	X(max_orphans, max_orphans, 0, 16777216) \
	X(mem_limit_kib, mem_limit_kib, 64, 1073741824) \
	X(port_min, port_min, 1, 65535) \
	X(port_max, port_max, 1, 65535) \
	X(segment_events, segment_events, 0, 1) \
	X(keepalive_time, core.keepalive_time, 1, 32767) \
	X(keepalive_intvl, core.keepalive_intvl, 1, 32767) \
	X(keepalive_probes, core.keepalive_probes, 1, 127) \
	X(retries1, core.retries1, 1, 255) \
	X(window_scaling, core.window_scaling, 0, 1) \
	X(timestamps, core.timestamps, 0, 1) \
	X(sack, core.sack, 0, 1) \
	X(dsack, core.dsack, 0, 1) \
	X(tw_reuse, reuse_time_wait, 0, 1) \
	X(tw_recycle, recycle_time_wait, 0, 1) \
	X(rcvbuf_max, rcvbuf_max, 4096, 1073741824) \
	X(ecn, core.ecn, 0, 2)

enum hstp_setting_number {
#define X(name, member, low, high) HSTP_SET_##name,
	HSTP_SETTINGS(X)
#undef X
	HSTP_SETTING_COUNT
};

/**
 * struct hstp_setting - one of them
 * @name: as in net.hstp.*
 * @refusal: what a caller is told who asks for a value out of bounds
 * @offset: of the int in struct hstp_settings
 * @low: lowest value
 * @high: highest value
 */
struct hstp_setting {
	const char *name;
	const char *refusal;
	unsigned int offset;
	int low;
	int high;
};

extern const struct hstp_setting hstp_settings[HSTP_SETTING_COUNT];
extern const struct hstp_settings hstp_settings_default;
extern struct mutex hstp_settings_mutex;

static inline int *hstp_setting_of(const struct hstp_settings *s, unsigned int number)
{
	return (int *)((char *)s + hstp_settings[number].offset);
}

void hstp_settings_init(struct hstp_net *hn);
void hstp_settings_exit(struct hstp_net *hn);
int hstp_settings_check(const struct hstp_settings *s, const char **refusal);
void hstp_settings_change(struct hstp_net *hn, const struct hstp_settings *s);

#endif /* HSTP_SETTINGS_H */
