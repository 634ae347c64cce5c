// SPDX-License-Identifier: ((GPL-2.0 WITH Linux-syscall-note) OR BSD-3-Clause)
/* Do not edit directly, auto-generated from: */
/*	include/hstp.yaml */
/* YNL-GEN kernel source */

#include <net/netlink.h>
#include <net/genetlink.h>

#include "netlink-gen.h"

#include <uapi/linux/hstp_netlink.h>

/* Common nested types */
const struct nla_policy hstp_match_nl_policy[HSTP_A_MATCH_UNACCEPTED + 1] = {
	[HSTP_A_MATCH_COOKIE] = { .type = NLA_U64, },
	[HSTP_A_MATCH_STATES] = NLA_POLICY_MAX(NLA_U16, 0x7ff),
	[HSTP_A_MATCH_LOCAL_ADDRESS] = { .type = NLA_BINARY, },
	[HSTP_A_MATCH_LOCAL_PREFIX] = { .type = NLA_U8, },
	[HSTP_A_MATCH_LOCAL_PORT] = { .type = NLA_U16, },
	[HSTP_A_MATCH_REMOTE_ADDRESS] = { .type = NLA_BINARY, },
	[HSTP_A_MATCH_REMOTE_PREFIX] = { .type = NLA_U8, },
	[HSTP_A_MATCH_REMOTE_PORT] = { .type = NLA_U16, },
	[HSTP_A_MATCH_UID] = { .type = NLA_U32, },
	[HSTP_A_MATCH_SINCE] = { .type = NLA_U64, },
	[HSTP_A_MATCH_UNACCEPTED] = { .type = NLA_FLAG, },
};

/* HSTP_CMD_CONN_GET - do */
const struct nla_policy hstp_conn_get_nl_policy[HSTP_A_CONN_MATCH + 1] = {
	[HSTP_A_CONN_MATCH] = NLA_POLICY_NESTED(hstp_match_nl_policy),
};

/* HSTP_CMD_CONN_ABORT - do */
const struct nla_policy hstp_conn_abort_nl_policy[HSTP_A_CONN_MATCH + 1] = {
	[HSTP_A_CONN_MATCH] = NLA_POLICY_NESTED(hstp_match_nl_policy),
};

/* HSTP_CMD_CONN_CLOSE - do */
const struct nla_policy hstp_conn_close_nl_policy[HSTP_A_CONN_MATCH + 1] = {
	[HSTP_A_CONN_MATCH] = NLA_POLICY_NESTED(hstp_match_nl_policy),
};

/* HSTP_CMD_STATS_GET - do */
const struct nla_policy hstp_stats_get_nl_policy[HSTP_A_STATS_PARTS + 1] = {
	[HSTP_A_STATS_PARTS] = NLA_POLICY_MAX(NLA_U32, 0x7f),
};

/* HSTP_CMD_STATS_RESET - do */
const struct nla_policy hstp_stats_reset_nl_policy[HSTP_A_STATS_PARTS + 1] = {
	[HSTP_A_STATS_PARTS] = NLA_POLICY_MAX(NLA_U32, 0x7f),
};

/* HSTP_CMD_CONFIG_GET - do */
const struct nla_policy hstp_config_get_nl_policy[HSTP_A_CONFIG_DEFAULTS + 1] = {
	[HSTP_A_CONFIG_DEFAULTS] = { .type = NLA_FLAG, },
};

/* HSTP_CMD_CONFIG_SET - do */
const struct nla_policy hstp_config_set_nl_policy[HSTP_A_CONFIG_ECN + 1] = {
	[HSTP_A_CONFIG_MSL_MS] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_SYN_RETRIES] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_SYNACK_RETRIES] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_RETRIES] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_ORPHAN_RETRIES] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_FIN_TIMEOUT] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_RTO_INITIAL_MS] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_RTO_MIN_MS] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_RTO_MAX_MS] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_DELACK_MS] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_RFC5961] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_CHALLENGE_ACK_LIMIT] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_MAX_SYN_BACKLOG] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_MAX_TIME_WAIT] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_MAX_ORPHANS] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_MEM_LIMIT_KIB] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_PORT_MIN] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_PORT_MAX] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_SEGMENT_EVENTS] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_KEEPALIVE_TIME] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_KEEPALIVE_INTVL] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_KEEPALIVE_PROBES] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_RETRIES1] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_WINDOW_SCALING] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_TIMESTAMPS] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_SACK] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_DSACK] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_TW_REUSE] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_TW_RECYCLE] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_RCVBUF_MAX] = { .type = NLA_U32, },
	[HSTP_A_CONFIG_ECN] = { .type = NLA_U32, },
};

/* HSTP_CMD_FAULT_ADD - do */
const struct nla_policy hstp_fault_add_nl_policy[HSTP_A_FAULT_VALUE + 1] = {
	[HSTP_A_FAULT_DIRECTION] = NLA_POLICY_MAX(NLA_U8, 1),
	[HSTP_A_FAULT_LOCAL_ADDRESS] = { .type = NLA_BINARY, },
	[HSTP_A_FAULT_LOCAL_PORT] = { .type = NLA_U16, },
	[HSTP_A_FAULT_REMOTE_ADDRESS] = { .type = NLA_BINARY, },
	[HSTP_A_FAULT_REMOTE_PORT] = { .type = NLA_U16, },
	[HSTP_A_FAULT_LOCAL_PREFIX] = { .type = NLA_U8, },
	[HSTP_A_FAULT_REMOTE_PREFIX] = { .type = NLA_U8, },
	[HSTP_A_FAULT_STATES] = NLA_POLICY_MAX(NLA_U16, 0x7ff),
	[HSTP_A_FAULT_FLAGS_SET] = NLA_POLICY_MAX(NLA_U8, 0xff),
	[HSTP_A_FAULT_FLAGS_CLEAR] = NLA_POLICY_MAX(NLA_U8, 0xff),
	[HSTP_A_FAULT_TEXT] = NLA_POLICY_MAX(NLA_U8, 1),
	[HSTP_A_FAULT_NTH] = { .type = NLA_U32, },
	[HSTP_A_FAULT_EVERY] = { .type = NLA_U32, },
	[HSTP_A_FAULT_COUNT] = { .type = NLA_U32, },
	[HSTP_A_FAULT_PROBABILITY] = { .type = NLA_U32, },
	[HSTP_A_FAULT_SEED] = { .type = NLA_U64, },
	[HSTP_A_FAULT_ACTION] = NLA_POLICY_MAX(NLA_U8, 6),
	[HSTP_A_FAULT_COPIES] = { .type = NLA_U32, },
	[HSTP_A_FAULT_DELAY_MS] = { .type = NLA_U32, },
	[HSTP_A_FAULT_FIELD] = NLA_POLICY_MAX(NLA_U8, 9),
	[HSTP_A_FAULT_HOW] = NLA_POLICY_MAX(NLA_U8, 2),
	[HSTP_A_FAULT_VALUE] = { .type = NLA_U32, },
};

/* HSTP_CMD_FAULT_DEL - do */
const struct nla_policy hstp_fault_del_nl_policy[HSTP_A_FAULT_ALL + 1] = {
	[HSTP_A_FAULT_ID] = { .type = NLA_U32, },
	[HSTP_A_FAULT_ALL] = { .type = NLA_FLAG, },
};

/* HSTP_CMD_FAULT_GET - do */
const struct nla_policy hstp_fault_get_nl_policy[HSTP_A_FAULT_ID + 1] = {
	[HSTP_A_FAULT_ID] = { .type = NLA_U32, },
};

/* HSTP_CMD_STEP_GET - do */
const struct nla_policy hstp_step_get_nl_policy[HSTP_A_STEP_PAD + 1] = {
};

/* HSTP_CMD_STEP_SET - do */
const struct nla_policy hstp_step_set_nl_policy[HSTP_A_STEP_ENABLED + 1] = {
	[HSTP_A_STEP_ENABLED] = { .type = NLA_U8, },
};

/* HSTP_CMD_HELD_GET - do */
const struct nla_policy hstp_held_get_nl_policy[HSTP_A_HELD_ID + 1] = {
	[HSTP_A_HELD_ID] = { .type = NLA_U32, },
};

/* HSTP_CMD_HELD_RELEASE - do */
const struct nla_policy hstp_held_release_nl_policy[HSTP_A_HELD_DROP + 1] = {
	[HSTP_A_HELD_ID] = { .type = NLA_U32, },
	[HSTP_A_HELD_RULE] = { .type = NLA_U32, },
	[HSTP_A_HELD_LOCAL_ADDRESS] = { .type = NLA_BINARY, },
	[HSTP_A_HELD_LOCAL_PORT] = { .type = NLA_U16, },
	[HSTP_A_HELD_REMOTE_ADDRESS] = { .type = NLA_BINARY, },
	[HSTP_A_HELD_REMOTE_PORT] = { .type = NLA_U16, },
	[HSTP_A_HELD_COUNT] = { .type = NLA_U32, },
	[HSTP_A_HELD_DROP] = { .type = NLA_FLAG, },
};

/* Ops table for hstp */
const struct genl_ops hstp_nl_ops[14] = {
	{
		.cmd		= HSTP_CMD_CONN_GET,
		.doit		= hstp_nl_conn_get_doit,
		.dumpit		= hstp_nl_conn_get_dumpit,
		.policy		= hstp_conn_get_nl_policy,
		.maxattr	= HSTP_A_CONN_MATCH,
	},
	{
		.cmd		= HSTP_CMD_CONN_ABORT,
		.doit		= hstp_nl_conn_abort_doit,
		.policy		= hstp_conn_abort_nl_policy,
		.maxattr	= HSTP_A_CONN_MATCH,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HSTP_CMD_CONN_CLOSE,
		.doit		= hstp_nl_conn_close_doit,
		.policy		= hstp_conn_close_nl_policy,
		.maxattr	= HSTP_A_CONN_MATCH,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HSTP_CMD_STATS_GET,
		.doit		= hstp_nl_stats_get_doit,
		.policy		= hstp_stats_get_nl_policy,
		.maxattr	= HSTP_A_STATS_PARTS,
	},
	{
		.cmd		= HSTP_CMD_STATS_RESET,
		.doit		= hstp_nl_stats_reset_doit,
		.policy		= hstp_stats_reset_nl_policy,
		.maxattr	= HSTP_A_STATS_PARTS,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HSTP_CMD_CONFIG_GET,
		.doit		= hstp_nl_config_get_doit,
		.policy		= hstp_config_get_nl_policy,
		.maxattr	= HSTP_A_CONFIG_DEFAULTS,
	},
	{
		.cmd		= HSTP_CMD_CONFIG_SET,
		.doit		= hstp_nl_config_set_doit,
		.policy		= hstp_config_set_nl_policy,
		.maxattr	= HSTP_A_CONFIG_ECN,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HSTP_CMD_FAULT_ADD,
		.doit		= hstp_nl_fault_add_doit,
		.policy		= hstp_fault_add_nl_policy,
		.maxattr	= HSTP_A_FAULT_VALUE,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HSTP_CMD_FAULT_DEL,
		.doit		= hstp_nl_fault_del_doit,
		.policy		= hstp_fault_del_nl_policy,
		.maxattr	= HSTP_A_FAULT_ALL,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HSTP_CMD_FAULT_GET,
		.doit		= hstp_nl_fault_get_doit,
		.dumpit		= hstp_nl_fault_get_dumpit,
		.policy		= hstp_fault_get_nl_policy,
		.maxattr	= HSTP_A_FAULT_ID,
	},
	{
		.cmd		= HSTP_CMD_STEP_GET,
		.doit		= hstp_nl_step_get_doit,
		.policy		= hstp_step_get_nl_policy,
		.maxattr	= HSTP_A_STEP_PAD,
	},
	{
		.cmd		= HSTP_CMD_STEP_SET,
		.doit		= hstp_nl_step_set_doit,
		.policy		= hstp_step_set_nl_policy,
		.maxattr	= HSTP_A_STEP_ENABLED,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
	{
		.cmd		= HSTP_CMD_HELD_GET,
		.doit		= hstp_nl_held_get_doit,
		.dumpit		= hstp_nl_held_get_dumpit,
		.policy		= hstp_held_get_nl_policy,
		.maxattr	= HSTP_A_HELD_ID,
	},
	{
		.cmd		= HSTP_CMD_HELD_RELEASE,
		.doit		= hstp_nl_held_release_doit,
		.policy		= hstp_held_release_nl_policy,
		.maxattr	= HSTP_A_HELD_DROP,
		.flags		= GENL_UNS_ADMIN_PERM,
	},
};

static const struct genl_multicast_group hstp_nl_mcgrps[] = {
	[HSTP_NLGRP_EVENTS] = { "events", },
	[HSTP_NLGRP_SEGMENTS] = { "segments", },
};
