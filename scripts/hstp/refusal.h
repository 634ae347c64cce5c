/* SPDX-License-Identifier: GPL-2.0 */
/* The kernel's refusals as words. */
#ifndef HSTP_CMD_REFUSAL_H
#define HSTP_CMD_REFUSAL_H

#include "nl.h"

void refusal_words(char *words, size_t size, const struct nlmsghdr *request,
		   const struct nlmsghdr *answer, int err);

#endif /* HSTP_CMD_REFUSAL_H */
