/* SPDX-License-Identifier: GPL-2.0 */
/* Scenarios as tests. */
#ifndef HSTP_TEST_PLAY_H
#define HSTP_TEST_PLAY_H

void play_scenarios(const char *const *patterns);

#endif /* HSTP_TEST_PLAY_H */
