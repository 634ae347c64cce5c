/* SPDX-License-Identifier: GPL-2.0 */
/* /proc/net/hstp and /proc/net/hstp_stat. */
#ifndef HSTP_PROC_H
#define HSTP_PROC_H

#include "net.h"

int hstp_proc_init(struct hstp_net *hn);
void hstp_proc_exit(struct hstp_net *hn);

#endif /* HSTP_PROC_H */
