/* SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause) */
/* Do not edit directly, auto-generated from: */
/*	include/hstp.yaml */
/* YNL-GEN kernel header */

#ifndef _LINUX_HSTP_GEN_H
#define _LINUX_HSTP_GEN_H

#include <net/netlink.h>
#include <net/genetlink.h>

#include <uapi/linux/hstp_netlink.h>

/* Common nested types */
extern const struct nla_policy hstp_match_nl_policy[HSTP_A_MATCH_UNACCEPTED + 1];

extern const struct nla_policy hstp_conn_get_nl_policy[HSTP_A_CONN_MATCH + 1];

extern const struct nla_policy hstp_conn_abort_nl_policy[HSTP_A_CONN_MATCH + 1];

extern const struct nla_policy hstp_conn_close_nl_policy[HSTP_A_CONN_MATCH + 1];

extern const struct nla_policy hstp_stats_get_nl_policy[HSTP_A_STATS_PARTS + 1];

extern const struct nla_policy hstp_stats_reset_nl_policy[HSTP_A_STATS_PARTS + 1];

extern const struct nla_policy hstp_config_get_nl_policy[HSTP_A_CONFIG_DEFAULTS + 1];

extern const struct nla_policy hstp_config_set_nl_policy[HSTP_A_CONFIG_ECN + 1];

extern const struct nla_policy hstp_fault_add_nl_policy[HSTP_A_FAULT_VALUE + 1];

extern const struct nla_policy hstp_fault_del_nl_policy[HSTP_A_FAULT_ALL + 1];

extern const struct nla_policy hstp_fault_get_nl_policy[HSTP_A_FAULT_ID + 1];

extern const struct nla_policy hstp_step_get_nl_policy[HSTP_A_STEP_PAD + 1];

extern const struct nla_policy hstp_step_set_nl_policy[HSTP_A_STEP_ENABLED + 1];

extern const struct nla_policy hstp_held_get_nl_policy[HSTP_A_HELD_ID + 1];

extern const struct nla_policy hstp_held_release_nl_policy[HSTP_A_HELD_DROP + 1];

/* Ops table for hstp */
extern const struct genl_ops hstp_nl_ops[14];

int hstp_nl_conn_get_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_conn_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int hstp_nl_conn_abort_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_conn_close_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_stats_get_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_stats_reset_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_config_get_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_config_set_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_fault_add_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_fault_del_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_fault_get_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_fault_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int hstp_nl_step_get_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_step_set_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_held_get_doit(struct sk_buff *skb, struct genl_info *info);
int hstp_nl_held_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);
int hstp_nl_held_release_doit(struct sk_buff *skb, struct genl_info *info);

enum {
	HSTP_NLGRP_EVENTS,
	HSTP_NLGRP_SEGMENTS,
};

#endif /* _LINUX_HSTP_GEN_H */
