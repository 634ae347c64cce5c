// SPDX-License-Identifier: GPL-2.0
/* CTRL_CMD_GETPOLICY: which attributes the family's commands take. */
#include "nl_policy.h"

#include <linux/genetlink.h>

static int index_of(const struct nlattr *attr)
{
	return attr ? (int)mnl_attr_get_u32(attr) : -1;
}

static void take_command(struct nl_policies *all, const struct nlattr *nest)
{
	int n = all->commands++;
	struct nl_attrs a;

	NEED(n < NL_COMMANDS);
	nl_nested(nest, &a);
	all->command[n].cmd = (uint8_t)mnl_attr_get_type(nest);
	all->command[n].once = index_of(a.by[CTRL_ATTR_POLICY_DO]);
	all->command[n].dump = index_of(a.by[CTRL_ATTR_POLICY_DUMP]);
}

static void take_value(struct nl_policy *policy, const struct nlattr *nest)
{
	struct nl_value *v = &policy->value[policy->count++];

	NEED(policy->count <= NL_ATTRS);
	*v = nl_value_of(nest);
	v->number = mnl_attr_get_type(nest);
}

static void take(const struct nlmsghdr *m, void *arg)
{
	const struct nlattr *nest, *inner;
	struct nl_policies *all = arg;
	struct nl_attrs a;

	nl_attrs(m, &a);
	if (a.by[CTRL_ATTR_OP_POLICY])
		mnl_attr_for_each_nested(nest, a.by[CTRL_ATTR_OP_POLICY])
			take_command(all, nest);
	if (!a.by[CTRL_ATTR_POLICY])
		return;
	mnl_attr_for_each_nested(nest, a.by[CTRL_ATTR_POLICY]) {
		NEED(mnl_attr_get_type(nest) < NL_POLICIES);
		mnl_attr_for_each_nested(inner, nest)
			take_value(&all->policy[mnl_attr_get_type(nest)], inner);
	}
}

/**
 * nl_policies() - what all commands take
 * @nl: socket of the family
 *
 * Return: the policies.
 */
struct nl_policies *nl_policies(struct nl *nl)
{
	struct nl_policies *all = calloc(1, sizeof(*all));
	uint16_t family = nl->family;
	struct nlmsghdr *req;

	NEED(all);
	nl->family = GENL_ID_CTRL;
	req = nl_request(nl, CTRL_CMD_GETPOLICY, NLM_F_DUMP);
	nl->family = family;
	mnl_attr_put_strz(req, CTRL_ATTR_FAMILY_NAME, HSTP_GENL_NAME);
	SAME(nl_talk(nl, req, take, all), 0);
	NEED(all->commands);
	return all;
}
