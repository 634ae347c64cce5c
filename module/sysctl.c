// SPDX-License-Identifier: GPL-2.0
/* net.hstp.*: the settings of a namespace, their defaults and their bounds. */
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sysctl.h>

#include "sysctl.h"

#define HSTP_MSEC_PER_HOUR	(60 * 60 * 1000)

/* What a new namespace begins with; the table below refers to it, and each
 * namespace's copy of the table to the namespace's own.
 */
static struct hstp_settings hstp_defaults = {
	.core = HSTP_CONFIG_DEFAULT,
	.challenge_ack_limit = 1000,
	.max_syn_backlog = 1024,
	.max_time_wait = 262144,
	.max_orphans = 65536,
	.port_min = 32768,
	.port_max = 60999,
};

/* port_min and port_max bound each other. */
static DEFINE_MUTEX(hstp_port_mutex);

static int hstp_sysctl_port(struct ctl_table *table, int write, void *buffer,
			    size_t *lenp, loff_t *ppos)
{
	int ret;

	mutex_lock(&hstp_port_mutex);
	ret = proc_dointvec_minmax(table, write, buffer, lenp, ppos);
	mutex_unlock(&hstp_port_mutex);
	return ret;
}

#define HSTP_SETTING(name, member, low, high) { \
	.procname = name, \
	.data = &hstp_defaults.member, \
	.maxlen = sizeof(int), \
	.mode = 0644, \
	.proc_handler = proc_dointvec_minmax, \
	.extra1 = (int []){ low }, \
	.extra2 = (int []){ high }, \
}

static struct ctl_table hstp_sysctls[] = {
	HSTP_SETTING("msl_ms", core.msl_ms, 1, 120000),
	HSTP_SETTING("syn_retries", core.syn_retries, 1, 127),
	HSTP_SETTING("synack_retries", core.synack_retries, 0, 127),
	HSTP_SETTING("retries", core.retries, 1, 255),
	HSTP_SETTING("orphan_retries", core.orphan_retries, 1, 255),
	HSTP_SETTING("fin_timeout", core.fin_timeout_ms, 1, HSTP_MSEC_PER_HOUR),
	HSTP_SETTING("rto_initial_ms", core.rto_initial_ms, 10, 60000),
	HSTP_SETTING("rto_min_ms", core.rto_min_ms, 10, 60000),
	HSTP_SETTING("rto_max_ms", core.rto_max_ms, 10, HSTP_MSEC_PER_HOUR),
	HSTP_SETTING("delack_ms", core.delack_ms, 1, 499),
	HSTP_SETTING("rfc5961", core.rfc5961, 0, 1),
	HSTP_SETTING("challenge_ack_limit", challenge_ack_limit, 1, 1000000),
	HSTP_SETTING("max_syn_backlog", max_syn_backlog, 1, 1 << 20),
	HSTP_SETTING("max_time_wait", max_time_wait, 0, 1 << 24),
	HSTP_SETTING("max_orphans", max_orphans, 0, 1 << 24),
	{
		.procname = "port_min",
		.data = &hstp_defaults.port_min,
		.maxlen = sizeof(int),
		.mode = 0644,
		.proc_handler = hstp_sysctl_port,
		.extra1 = SYSCTL_ONE,
		.extra2 = &hstp_defaults.port_max,
	},
	{
		.procname = "port_max",
		.data = &hstp_defaults.port_max,
		.maxlen = sizeof(int),
		.mode = 0644,
		.proc_handler = hstp_sysctl_port,
		.extra1 = &hstp_defaults.port_min,
		.extra2 = (int []){ 65535 },
	},
	{ }
};

/* From an address in the defaults to the same one in a namespace's settings;
 * other addresses, the fixed bounds, stay.
 */
static void *hstp_sysctl_rebase(struct hstp_net *hn, void *p)
{
	unsigned long offset = (unsigned long)p - (unsigned long)&hstp_defaults;

	return offset < sizeof(hstp_defaults) ? (void *)&hn->settings + offset : p;
}

/**
 * hstp_sysctl_init() - default settings, and net.hstp, for a new namespace
 * @hn: namespace
 *
 * Who has CAP_NET_ADMIN in the user namespace that owns @hn may write them.
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int hstp_sysctl_init(struct hstp_net *hn)
{
	struct ctl_table *table, *entry;

	hn->settings = hstp_defaults;
	if (!IS_ENABLED(CONFIG_SYSCTL))
		return 0;

	table = kmemdup(hstp_sysctls, sizeof(hstp_sysctls), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	for (entry = table; entry->procname; entry++) {
		entry->data = hstp_sysctl_rebase(hn, entry->data);
		entry->extra1 = hstp_sysctl_rebase(hn, entry->extra1);
		entry->extra2 = hstp_sysctl_rebase(hn, entry->extra2);
	}

	hn->sysctl = register_net_sysctl(hn->net, "net/hstp", table);
	if (!hn->sysctl) {
		kfree(table);
		return -ENOMEM;
	}
	return 0;
}

/**
 * hstp_sysctl_exit() - remove a namespace's net.hstp
 * @hn: namespace
 *
 * Context: process; waits for those who read or write a setting just now.
 */
void hstp_sysctl_exit(struct hstp_net *hn)
{
	struct ctl_table *table;

	if (!hn->sysctl)
		return;
	table = hn->sysctl->ctl_table_arg;
	unregister_net_sysctl_table(hn->sysctl);
	hn->sysctl = NULL;
	kfree(table);
}
