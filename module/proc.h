/* SPDX-License-Identifier: GPL-2.0 */
/* /proc/net/hstp and /proc/net/hstp_stat. */
#ifndef HSTP_PROC_H
#define HSTP_PROC_H

#include "net.h"

struct proc_dir_entry;

/* proc_conn.c */
bool hstp_proc_conn_init(struct proc_dir_entry *dir);

/* proc.c */
int hstp_proc_init(struct hstp_net *hn);
void hstp_proc_exit(struct hstp_net *hn);

#endif /* HSTP_PROC_H */
