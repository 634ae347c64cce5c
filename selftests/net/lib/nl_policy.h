/* SPDX-License-Identifier: GPL-2.0 */
/* What the commands of the family take, as the kernel itself describes it. */
#ifndef HSTP_TEST_NL_POLICY_H
#define HSTP_TEST_NL_POLICY_H

#include "nl.h"

#define NL_POLICIES	64
#define NL_COMMANDS	64

struct nl_policy {
	int count;
	struct nl_value value[NL_ATTRS];
};

struct nl_policies {
	int commands;
	struct {
		uint8_t cmd;
		int once, dump;	/* policies, or -1: there is no such */
	} command[NL_COMMANDS];
	struct nl_policy policy[NL_POLICIES];
};

/* All of them; ends with the test. */
struct nl_policies *nl_policies(struct nl *nl);

#endif /* HSTP_TEST_NL_POLICY_H */
