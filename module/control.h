/* SPDX-License-Identifier: GPL-2.0 */
/* Calls on a connection that are not its user's. */
#ifndef HSTP_CONTROL_H
#define HSTP_CONTROL_H

#include "match.h"
#include "snapshot.h"

bool hstp_control_abort(struct hstp_net *hn, struct hstp_view *v, const struct hstp_match *m);
bool hstp_control_close(struct hstp_net *hn, struct hstp_view *v, const struct hstp_match *m);

#endif /* HSTP_CONTROL_H */
