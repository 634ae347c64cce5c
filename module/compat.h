/* SPDX-License-Identifier: GPL-2.0 */
/* What differs between the supported kernels, and nowhere else. */
#ifndef HSTP_COMPAT_H
#define HSTP_COMPAT_H

#include <linux/bpf-cgroup.h>
#include <linux/hrtimer.h>
#include <linux/random.h>
#include <linux/sysctl.h>
#include <linux/timer.h>
#include <linux/version.h>
#include <net/genetlink.h>
#include <net/inet_sock.h>

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

#if KERNEL_VERSION(6, 2, 0) <= LINUX_VERSION_CODE
#define prandom_u32_max(ceil)	get_random_u32_below(ceil)
#endif

/* What ioctl() of a protocol answers with: who calls it copies that to the user, later. */
#if KERNEL_VERSION(6, 5, 0) <= LINUX_VERSION_CODE
#define hstp_ioctl_arg	int *
#define hstp_ioctl_answer(value, arg)	({ *(arg) = (value); 0; })
#define HSTP_NO_SENDPAGE
#else
#define hstp_ioctl_arg	unsigned long
#define hstp_ioctl_answer(value, arg)	put_user(value, (int __user *)(arg))
#define HSTP_NO_SENDPAGE	.sendpage = sock_no_sendpage,
#endif

/* Options of IP that are a bit each. */
#if KERNEL_VERSION(6, 6, 0) <= LINUX_VERSION_CODE
#define hstp_inet_transparent(sk)	inet_test_bit(TRANSPARENT, sk)
#define hstp_inet_set_transparent(sk, on)	inet_assign_bit(TRANSPARENT, sk, on)
#define hstp_inet_recverr(sk)		inet_test_bit(RECVERR, sk)
#define hstp_inet_cmsg_flags(sk)	inet_cmsg_flags(inet_sk(sk))

static inline void hstp_inet_inherit(struct sock *sk, const struct sock *from)
{
	inet_assign_bit(MC_LOOP, sk, inet_test_bit(MC_LOOP, from));
	inet_assign_bit(MC_ALL, sk, inet_test_bit(MC_ALL, from));
	inet_assign_bit(FREEBIND, sk, inet_test_bit(FREEBIND, from));
	inet_assign_bit(RECVERR, sk, inet_test_bit(RECVERR, from));
	inet_sk(sk)->inet_flags |= inet_cmsg_flags(inet_sk(from));
}
#else
#define hstp_inet_transparent(sk)	(inet_sk(sk)->transparent)
#define hstp_inet_set_transparent(sk, on)	(inet_sk(sk)->transparent = (on))
#define hstp_inet_recverr(sk)		(inet_sk(sk)->recverr)
#define hstp_inet_cmsg_flags(sk)	(inet_sk(sk)->cmsg_flags)

static inline void hstp_inet_inherit(struct sock *sk, const struct sock *from)
{
	struct inet_sock *inet = inet_sk(sk);
	const struct inet_sock *parent = inet_sk(from);

	inet->mc_loop = parent->mc_loop;
	inet->mc_all = parent->mc_all;
	inet->freebind = parent->freebind;
	inet->recverr = parent->recverr;
	inet->cmsg_flags = parent->cmsg_flags;
}
#endif

/* A table of settings ends with an empty one, or is given with its size. */
#if KERNEL_VERSION(6, 11, 0) <= LINUX_VERSION_CODE
#define hstp_ctl_table	const struct ctl_table
#define hstp_register_sysctl(net, path, table, count) \
	register_net_sysctl_sz(net, path, table, count)
#else
#define hstp_ctl_table	struct ctl_table
#define hstp_register_sysctl(net, path, table, count) register_net_sysctl(net, path, table)
#endif

/* accept() of a protocol: @fn takes the arguments that it had before. */
#if KERNEL_VERSION(6, 10, 0) <= LINUX_VERSION_CODE
#define HSTP_PROTO_ACCEPT(fn)							\
static struct sock *fn##_arg(struct sock *sk, struct proto_accept_arg *arg)	\
{										\
	return fn(sk, arg->flags, &arg->err, arg->kern);			\
}

#define hstp_proto_accept(fn)	fn##_arg
#else
#define HSTP_PROTO_ACCEPT(fn)
#define hstp_proto_accept(fn)	fn
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
