/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between the supported kernels, and nowhere else. */
#ifndef HSTP_COMPAT_H
#define HSTP_COMPAT_H

#include <linux/bpf-cgroup.h>
#include <linux/hrtimer.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <net/genetlink.h>

#if KERNEL_VERSION(6, 16, 0) <= LINUX_VERSION_CODE
#define from_timer(var, callback_timer, field) \
	timer_container_of(var, callback_timer, field)
#endif

#if KERNEL_VERSION(6, 13, 0) > LINUX_VERSION_CODE
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

/* Ask the programs that a cgroup has for connect(); @len is a variable. */
#if KERNEL_VERSION(6, 7, 0) <= LINUX_VERSION_CODE
#define hstp_cgroup_connect4(sk, uaddr, len) \
	BPF_CGROUP_RUN_PROG_INET4_CONNECT(sk, uaddr, &(len))
#else
#define hstp_cgroup_connect4(sk, uaddr, len) \
	BPF_CGROUP_RUN_PROG_INET4_CONNECT(sk, uaddr)
#endif

/* Does a generic netlink family hear of who joins its multicast groups? */
#define HSTP_GENL_TELLS_LISTENERS	(KERNEL_VERSION(6, 9, 0) <= LINUX_VERSION_CODE)

/* What a family's pre_doit is told of the command. */
#if KERNEL_VERSION(6, 2, 0) <= LINUX_VERSION_CODE
#define hstp_genl_ops	genl_split_ops
#else
#define hstp_genl_ops	genl_ops
#endif

/* Does inet_diag hold a handler's module itself while it calls it? */
#if KERNEL_VERSION(6, 9, 0) <= LINUX_VERSION_CODE
#define HSTP_DIAG_OWNER		.owner = THIS_MODULE,
#else
#define HSTP_DIAG_OWNER
#endif

/**
 * hstp_dump_attrs() - the attributes of a dump's request
 * @cb: the dump
 */
static inline struct nlattr **hstp_dump_attrs(struct netlink_callback *cb)
{
#if KERNEL_VERSION(6, 7, 0) <= LINUX_VERSION_CODE
	return genl_info_dump(cb)->attrs;
#else
	return genl_dumpit_info(cb)->attrs;
#endif
}

#endif /* HSTP_COMPAT_H */
