/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between the supported kernels, and nowhere else. */
#ifndef HSTP_COMPAT_H
#define HSTP_COMPAT_H

#include <linux/timer.h>
#include <linux/version.h>

#if KERNEL_VERSION(6, 16, 0) <= LINUX_VERSION_CODE
#define from_timer(var, callback_timer, field) \
	timer_container_of(var, callback_timer, field)
#endif

#endif /* HSTP_COMPAT_H */
