/* SPDX-License-Identifier: GPL-2.0 */
/* All that the family tells of a namespace, to be compared with what it tells later. */
#ifndef HSTP_TEST_NL_PICTURE_H
#define HSTP_TEST_NL_PICTURE_H

#include "nl.h"

struct nl_picture;

/* Settings, counters, rules, step mode, held segments, connections: each with all of its
 * attributes. What time alone changes is left out: milliseconds until something.
 */
struct nl_picture *nl_picture(struct nl *nl);

/* How many messages a command answered. */
int nl_picture_count(const struct nl_picture *picture, int cmd);

/* The test cannot go on unless they are the same; says where they are not. */
void nl_picture_same(const struct nl_picture *before, const struct nl_picture *now);

#endif /* HSTP_TEST_NL_PICTURE_H */
