// SPDX-License-Identifier: GPL-2.0
/* config-get, config-set: the settings, those of net.hstp. */
#include <net/genetlink.h>

#include "netlink.h"
#include "netlink-gen.h"
#include "settings.h"

/* Settings and their attributes are in the same order. */
#define FIRST_ATTR	HSTP_A_CONFIG_MSL_MS

static_assert(FIRST_ATTR + HSTP_SETTING_COUNT - 1 == HSTP_A_CONFIG_MAX);
static_assert(FIRST_ATTR + HSTP_SET_rfc5961 == HSTP_A_CONFIG_RFC5961);
static_assert(FIRST_ATTR + HSTP_SET_segment_events == HSTP_A_CONFIG_SEGMENT_EVENTS);
static_assert(FIRST_ATTR + HSTP_SET_ecn == HSTP_A_CONFIG_ECN);

/**
 * hstp_nl_config_get_doit() - config-get
 * @skb: the request
 * @info: its attributes
 */
int hstp_nl_config_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	const struct hstp_settings *s = &hstp_pernet(genl_info_net(info))->settings;
	struct sk_buff *reply;
	unsigned int i;
	void *head;
	int err = 0;

	if (nla_get_flag(info->attrs[HSTP_A_CONFIG_DEFAULTS]))
		s = &hstp_settings_default;
	reply = hstp_nl_reply(info, HSTP_SETTING_COUNT * nla_total_size(sizeof(u32)), &head);
	if (!reply)
		return -ENOMEM;
	mutex_lock(&hstp_settings_mutex);
	for (i = 0; i < HSTP_SETTING_COUNT && !err; i++)
		err = nla_put_u32(reply, FIRST_ATTR + i, *hstp_setting_of(s, i));
	mutex_unlock(&hstp_settings_mutex);
	if (WARN_ON_ONCE(err)) {
		nlmsg_free(reply);
		return err;
	}
	genlmsg_end(reply, head);
	return genlmsg_reply(reply, info);
}

/* What is beyond an int is beyond any bound. */
static void take_settings(struct hstp_settings *s, struct nlattr *const *attrs)
{
	unsigned int i;

	for (i = 0; i < HSTP_SETTING_COUNT; i++) {
		const struct nlattr *attr = attrs[FIRST_ATTR + i];

		if (attr)
			*hstp_setting_of(s, i) = min_t(u32, nla_get_u32(attr), INT_MAX);
	}
}

static int refuse(struct genl_info *info, int number, const char *why)
{
	const struct nlattr *attr = info->attrs[FIRST_ATTR + number];

	/* Of the two ends of a range, that which was given */
	if (!attr && number == HSTP_SET_port_min)
		attr = info->attrs[HSTP_A_CONFIG_PORT_MAX];
	else if (!attr && number == HSTP_SET_rto_min_ms)
		attr = info->attrs[HSTP_A_CONFIG_RTO_MAX_MS];
	NL_SET_BAD_ATTR(info->extack, attr);
	if (info->extack)
		info->extack->_msg = why;
	return -ERANGE;
}

/**
 * hstp_nl_config_set_doit() - config-set
 * @skb: the request
 * @info: its attributes
 *
 * All that are given, or none.
 */
int hstp_nl_config_set_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct hstp_net *hn = hstp_pernet(genl_info_net(info));
	struct hstp_settings new;
	const char *why;
	int number;

	mutex_lock(&hstp_settings_mutex);
	new = hn->settings;
	take_settings(&new, info->attrs);
	number = hstp_settings_check(&new, &why);
	if (number < 0)
		hstp_settings_change(hn, &new);
	mutex_unlock(&hstp_settings_mutex);
	return number < 0 ? 0 : refuse(info, number, why);
}
