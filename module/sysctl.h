/* SPDX-License-Identifier: GPL-2.0 */
/* net.hstp.*: the settings of a namespace. */
#ifndef HSTP_SYSCTL_H
#define HSTP_SYSCTL_H

#include "net.h"

int hstp_sysctl_init(struct hstp_net *hn);
void hstp_sysctl_exit(struct hstp_net *hn);

#endif /* HSTP_SYSCTL_H */
