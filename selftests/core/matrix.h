/* SPDX-License-Identifier: GPL-2.0 */
/* Every state and every kind of segment, against the text of RFC 9293. */
#ifndef HSTP_TEST_MATRIX_H
#define HSTP_TEST_MATRIX_H

void matrix_run(void);

#endif /* HSTP_TEST_MATRIX_H */
