// SPDX-License-Identifier: GPL-2.0
/* The module and its part of each network namespace: init and exit. */
#include <linux/inet.h>
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <uapi/linux/hstp.h>
#include <uapi/linux/hstp_netlink.h>

#include "batch.h"
#include "conn.h"
#include "fault.h"
#include "ident.h"
#include "ipv4.h"
#include "listen.h"
#include "mini.h"
#include "net.h"
#include "netlink.h"
#include "pages.h"
#include "proc.h"
#include "settings.h"
#include "socket.h"
#include "stats.h"
#include "sysctl.h"
#include "wait.h"

unsigned int hstp_net_id __read_mostly;
EXPORT_SYMBOL_GPL(hstp_net_id);
u8 hstp_protocol __read_mostly;
EXPORT_SYMBOL_GPL(hstp_protocol);

static int protocol = IPPROTO_HSTP;
module_param(protocol, int, 0444);
MODULE_PARM_DESC(protocol, "IP protocol number to use, 1 to 255 (default 253)");

static void exit_counters(struct hstp_net *hn)
{
	percpu_counter_destroy(&hn->memory);
	percpu_counter_destroy(&hn->orphans);
	percpu_counter_destroy(&hn->time_waits);
}

/* To destroy one that was not made does no harm. */
static int __net_init init_counters(struct hstp_net *hn)
{
	int err;

	err = percpu_counter_init(&hn->time_waits, 0, GFP_KERNEL_ACCOUNT);
	if (!err)
		err = percpu_counter_init(&hn->orphans, 0, GFP_KERNEL_ACCOUNT);
	if (!err)
		err = percpu_counter_init(&hn->memory, 0, GFP_KERNEL_ACCOUNT);
	if (err)
		exit_counters(hn);
	return err;
}

static int __net_init hstp_net_init(struct net *net)
{
	struct hstp_net *hn = hstp_pernet(net);
	int err;

	hn->net = net;
	spin_lock_init(&hn->listen_lock);
	spin_lock_init(&hn->port_lock);
	spin_lock_init(&hn->challenge_lock);
	mutex_init(&hn->fault_mutex);
	hstp_ident_init(hn);
	hstp_batch_init(hn);

	err = init_counters(hn);
	if (err)
		return err;
	err = hstp_stats_init(hn);
	if (err)
		goto free_counters;
	err = hstp_conn_net_init(hn);
	if (err)
		goto free_stats;
	err = hstp_wait_init(hn);
	if (err)
		goto free_conns;
	hstp_settings_init(hn);
	err = hstp_sysctl_init(hn);
	if (err)
		goto free_waits;
	err = hstp_proc_init(hn);
	if (err)
		goto free_sysctl;
	return 0;

free_sysctl:
	hstp_sysctl_exit(hn);
free_waits:
	hstp_wait_exit(hn);
free_conns:
	hstp_conn_net_exit(hn);
free_stats:
	hstp_stats_exit(hn);
free_counters:
	exit_counters(hn);
	return err;
}

/* After this and a grace period no segment is being handled any more. */
static void __net_exit hstp_net_pre_exit(struct net *net)
{
	struct hstp_net *hn = hstp_pernet(net);

	WRITE_ONCE(hn->dying, true);
	hstp_fault_pre_exit(hn);
}

static void __net_exit hstp_net_exit(struct net *net)
{
	struct hstp_net *hn = hstp_pernet(net);

	hstp_proc_exit(hn);
	hstp_sysctl_exit(hn);
	hstp_settings_exit(hn);
	hstp_conn_abort_all(hn);
	hstp_mini_exit(hn);
}

static void free_net(struct hstp_net *hn)
{
	hstp_wait_exit(hn);
	hstp_fault_exit(hn);
	hstp_batch_exit(hn);
	hstp_conn_net_exit(hn);
	hstp_stats_exit(hn);
	exit_counters(hn);
}

/* A timer may have taken its connection out of the table before hstp_conn_abort_all() came by:
 * it is not done with the namespace until its softirq, which is a reader, is over.
 */
static void __net_exit hstp_net_exit_batch(struct list_head *nets)
{
	struct net *net;

	synchronize_rcu();
	list_for_each_entry(net, nets, exit_list)
		free_net(hstp_pernet(net));
}

static struct pernet_operations hstp_net_ops = {
	.init = hstp_net_init,
	.pre_exit = hstp_net_pre_exit,
	.exit = hstp_net_exit,
	.exit_batch = hstp_net_exit_batch,
	.id = &hstp_net_id,
	.size = sizeof(struct hstp_net),
};

static int __init hstp_init(void)
{
	int err;

	if (protocol < 1 || protocol > 255) {
		pr_err("hstp: protocol=%d is no IP protocol number; use 1 to 255\n", protocol);
		return -EINVAL;
	}
	hstp_protocol = (u8)protocol;

	err = hstp_conn_cache_init();
	if (err)
		return err;
	err = hstp_mini_cache_init();
	if (err)
		goto free_conn_cache;
	err = register_pernet_subsys(&hstp_net_ops);
	if (err)
		goto free_mini_cache;
	err = hstp_netlink_init();
	if (err)
		goto unregister_net;
	err = hstp_ipv4_init();
	if (err) {
		pr_err("hstp: IP protocol %d is in use already; choose another with protocol=\n",
		       protocol);
		goto unregister_netlink;
	}
	err = hstp_socket_init();
	if (err)
		goto unregister_ipv4;
	pr_info("hstp: serving IP protocol %d\n", protocol);
	return 0;

unregister_ipv4:
	hstp_ipv4_exit();
unregister_netlink:
	hstp_netlink_exit();
unregister_net:
	unregister_pernet_subsys(&hstp_net_ops);
free_mini_cache:
	rcu_barrier();
	hstp_mini_cache_exit();
free_conn_cache:
	hstp_conn_cache_exit();
	return err;
}

/* Sockets hold the module: what is left are connections that nobody holds. */
static void __exit hstp_exit(void)
{
	hstp_socket_exit();
	hstp_ipv4_exit();
	hstp_netlink_exit();
	unregister_pernet_subsys(&hstp_net_ops);
	rcu_barrier();
	hstp_mini_cache_exit();
	hstp_conn_cache_exit();
	hstp_pages_exit();
}

module_init(hstp_init);
module_exit(hstp_exit);

MODULE_DESCRIPTION("HSTP: the connection state machine of TCP on a protocol number of its own");
MODULE_AUTHOR("The HSTP authors");
MODULE_LICENSE("GPL");
MODULE_ALIAS_NET_PF_PROTO_TYPE(PF_INET, 253, 1);	/* SOCK_STREAM */
MODULE_ALIAS_NET_PF_PROTO(PF_INET, 253);
MODULE_ALIAS_GENL_FAMILY(HSTP_GENL_NAME);
