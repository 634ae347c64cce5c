/* SPDX-License-Identifier: GPL-2.0 */
/* One timer a connection, for the earliest of its deadlines. */
#ifndef HSTP_TIMER_H
#define HSTP_TIMER_H

#include "conn.h"

void hstp_timer_setup(struct hstp_conn *conn);
void hstp_timer_update(struct hstp_conn *conn);
void hstp_timer_kill(struct hstp_conn *conn);

#endif /* HSTP_TIMER_H */
