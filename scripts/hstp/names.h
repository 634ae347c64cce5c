/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers of the netlink family as words, and words as numbers. */
#ifndef HSTP_CMD_NAMES_H
#define HSTP_CMD_NAMES_H

#include "hstp.h"

#define STATES (HSTP_NL_STATE_TIME_WAIT + 1)
#define ALL_STATES ((1U << STATES) - 1)

const char *state_name(unsigned int state);
const char *cause_name(unsigned int cause);
const char *drop_name(unsigned int drop);
const char *reset_in_name(unsigned int reason);
const char *reset_out_name(unsigned int reason);
const char *flag_name(unsigned int flag);

int state_set(const char *word, unsigned int *set);
const char *setting_name(unsigned int attr);
int setting_attr(const char *word);

#endif /* HSTP_CMD_NAMES_H */
