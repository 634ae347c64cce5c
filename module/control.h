/* SPDX-License-Identifier: GPL-2.0 */
/* Calls on a connection that are not its user's. */
#ifndef HSTP_CONTROL_H
#define HSTP_CONTROL_H

#include "snapshot.h"

bool hstp_control_abort(struct hstp_net *hn, const struct hstp_view *v, u16 states);
bool hstp_control_close(struct hstp_net *hn, const struct hstp_view *v, u16 states);

#endif /* HSTP_CONTROL_H */
