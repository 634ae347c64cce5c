// SPDX-License-Identifier: GPL-2.0
/* net.hstp.*: the settings of a namespace as files. */
#include <linux/slab.h>
#include <linux/sysctl.h>

#include "compat.h"
#include "settings.h"
#include "sysctl.h"

/* One file. A new value is tried on a copy of all settings. */
static int hstp_sysctl(hstp_ctl_table *table, int write, void *buffer, size_t *lenp,
		       loff_t *ppos)
{
	unsigned int number = (unsigned long)table->extra2;
	struct hstp_net *hn = table->extra1;
	struct hstp_settings new;
	struct ctl_table one = {
		.procname = table->procname,
		.data = hstp_setting_of(&new, number),
		.maxlen = sizeof(int),
		.mode = table->mode,
	};
	const char *refusal;
	int err;

	mutex_lock(&hstp_settings_mutex);
	new = hn->settings;
	err = proc_dointvec(&one, write, buffer, lenp, ppos);
	if (!err && write) {
		if (hstp_settings_check(&new, &refusal) < 0)
			hstp_settings_change(hn, &new);
		else
			err = -EINVAL;
	}
	mutex_unlock(&hstp_settings_mutex);
	return err;
}

/**
 * hstp_sysctl_init() - net.hstp for a new namespace
 * @hn: namespace, with its settings
 *
 * Who has CAP_NET_ADMIN in the user namespace that owns @hn may write them.
 *
 * Context: process, may sleep.
 * Return: 0 or -ENOMEM.
 */
int hstp_sysctl_init(struct hstp_net *hn)
{
	struct ctl_table *table;
	unsigned long i;

	if (!IS_ENABLED(CONFIG_SYSCTL))
		return 0;

	/* One more, empty, ends it */
	table = kcalloc(HSTP_SETTING_COUNT + 1, sizeof(*table), GFP_KERNEL);
	if (!table)
		return -ENOMEM;
	for (i = 0; i < HSTP_SETTING_COUNT; i++) {
		table[i].procname = hstp_settings[i].name;
		table[i].data = hstp_setting_of(&hn->settings, i);
		table[i].maxlen = sizeof(int);
		table[i].mode = 0644;
		table[i].proc_handler = hstp_sysctl;
		table[i].extra1 = hn;
		table[i].extra2 = (void *)i;
	}

	hn->sysctl = hstp_register_sysctl(hn->net, "net/hstp", table, HSTP_SETTING_COUNT);
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
	const struct ctl_table *table;

	if (!hn->sysctl)
		return;
	table = hn->sysctl->ctl_table_arg;
	unregister_net_sysctl_table(hn->sysctl);
	hn->sysctl = NULL;
	kfree(table);
}
