// SPDX-License-Identifier: GPL-2.0
/* hstp_diag.ko: connections for those who ask by SOCK_DIAG_BY_FAMILY, as they ask for TCP's:
 * ss and what else was written for sock_diag.
 *
 * It is a module of its own, as tcp_diag is, which the kernel loads when it is asked, so that
 * hstp.ko does without inet_diag.ko.
 */
#include <linux/inet_diag.h>
#include <linux/module.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "compat.h"
#include "control.h"
#include "diag_filter.h"
#include "info.h"
#include "snapshot.h"
#include "socket.h"

/* All attributes of a connection, bytes. */
#define ATTRS_ROOM	(nla_total_size_64bit(sizeof(struct tcp_info)) + \
			 nla_total_size(sizeof(struct inet_diag_meminfo)) + \
			 nla_total_size(SK_MEMINFO_VARS * sizeof(u32)) + \
			 nla_total_size_64bit(sizeof(u64)) + nla_total_size(TCP_CA_NAME_MAX) + \
			 2 * nla_total_size(sizeof(u32)) + 3 * nla_total_size(sizeof(u8)))

/**
 * struct walk - how far a dump has come
 * @chain: number of the chain
 * @after: key of the last connection of it that was told; before the first: zeroes
 */
struct walk {
	u32 chain;
	struct hstp_tuple after;
};

/* Of what is asked for, and of who asks. */
struct asker {
	const struct hstp_net *hn;
	struct user_namespace *ns;
	bool admin;
	u8 ext;
};

static u8 family_of(const struct hstp_view *v)
{
	return ipv6_addr_v4mapped(&v->tuple.laddr) ? AF_INET : AF_INET6;
}

static void fill_address(__be32 *to, const struct in6_addr *a)
{
	memset(to, 0, sizeof(*a));
	if (ipv6_addr_v4mapped(a))
		to[0] = a->s6_addr32[3];
	else
		memcpy(to, a, sizeof(*a));
}

static void read_address(struct in6_addr *a, const __be32 *from, u8 family)
{
	if (family == AF_INET)
		ipv6_addr_set_v4mapped(from[0], a);
	else
		memcpy(a, from, sizeof(*a));
}

static void fill_timer(struct inet_diag_msg *r, const struct hstp_view *v)
{
	struct hstp_view_wait wait;

	hstp_view_wait(v, &wait);
	r->idiag_timer = wait.timer;
	r->idiag_retrans = wait.timer == HSTP_VIEW_REXMIT ? wait.retries : wait.probes;
	r->idiag_expires = wait.left_ms;
}

static void fill_message(struct inet_diag_msg *r, const struct hstp_view *v,
			 struct user_namespace *ns)
{
	bool listens = v->kind == HSTP_KIND_LISTENER;

	memset(r, 0, sizeof(*r));
	r->idiag_family = family_of(v);
	r->idiag_state = hstp_tcp_states[v->tcb.state];
	r->id.idiag_sport = v->tuple.lport;
	r->id.idiag_dport = v->tuple.fport;
	fill_address(r->id.idiag_src, &v->tuple.laddr);
	fill_address(r->id.idiag_dst, &v->tuple.faddr);
	r->id.idiag_if = v->ifindex;
	r->id.idiag_cookie[0] = (u32)v->cookie;
	r->id.idiag_cookie[1] = (u32)(v->cookie >> 32);
	r->idiag_rqueue = listens ? v->queued : v->received;
	r->idiag_wqueue = listens ? v->backlog : hstp_view_unacked(v);
	r->idiag_uid = uid_valid(v->uid) ? from_kuid_munged(ns, v->uid) : 0;
	r->idiag_inode = v->inode;
	if (!listens)
		fill_timer(r, v);
}

static u8 shutdown_of(const struct hstp_tcb *t)
{
	u8 shutdown = t->fin_queued ? SEND_SHUTDOWN : 0;

	if (t->user_gone || (hstp_synchronized(t->state) && !hstp_may_receive(t->state)))
		shutdown |= RCV_SHUTDOWN;
	return shutdown;
}

static bool asked(const struct asker *asker, int type)
{
	return asker->ext & 1 << (type - 1);
}

static bool put_memory(struct sk_buff *skb, const struct asker *asker, const struct hstp_view *v)
{
	u32 unacked = hstp_text_unacked(&v->tcb);
	struct inet_diag_meminfo info = { .idiag_rmem = v->memory, .idiag_wmem = unacked };
	u32 more[SK_MEMINFO_VARS] = {
		[SK_MEMINFO_RMEM_ALLOC] = v->memory,
		[SK_MEMINFO_RCVBUF] = v->rcvbuf,
		[SK_MEMINFO_SNDBUF] = v->sndbuf,
		[SK_MEMINFO_WMEM_QUEUED] = unacked,
	};

	return (asked(asker, INET_DIAG_MEMINFO) &&
		nla_put(skb, INET_DIAG_MEMINFO, sizeof(info), &info)) ||
	       (asked(asker, INET_DIAG_SKMEMINFO) &&
		nla_put(skb, INET_DIAG_SKMEMINFO, sizeof(more), more));
}

static bool put_info(struct sk_buff *skb, const struct asker *asker, const struct hstp_view *v)
{
	struct nlattr *attr = nla_reserve_64bit(skb, INET_DIAG_INFO, sizeof(struct tcp_info),
						INET_DIAG_PAD);
	struct tcp_info *info;

	if (!attr)
		return true;
	info = nla_data(attr);
	memset(info, 0, sizeof(*info));
	info->tcpi_state = hstp_tcp_states[v->tcb.state];
	if (v->kind == HSTP_KIND_LISTENER) {
		info->tcpi_unacked = v->queued;
		info->tcpi_sacked = v->backlog;
	} else {
		hstp_info_fill(info, asker->hn, &v->tcb, &v->known);
	}
	return false;
}

/* As of TCP's: compact records have less of it. */
static bool put_attrs(struct sk_buff *skb, const struct asker *asker, const struct hstp_view *v)
{
	if (asker->admin && nla_put_u32(skb, INET_DIAG_MARK, v->mark))
		return true;
	if (v->kind == HSTP_KIND_RECORD)
		return false;
	return nla_put_u8(skb, INET_DIAG_SHUTDOWN, shutdown_of(&v->tcb)) ||
	       (asked(asker, INET_DIAG_TOS) && nla_put_u8(skb, INET_DIAG_TOS, v->tos)) ||
	       (asked(asker, INET_DIAG_TCLASS) &&
		nla_put_u32(skb, INET_DIAG_CLASS_ID, v->priority)) ||
	       (v->cgroup && nla_put_u64_64bit(skb, INET_DIAG_CGROUP_ID, v->cgroup,
					       INET_DIAG_PAD)) ||
	       (asked(asker, INET_DIAG_CONG) && v->kind == HSTP_KIND_CONN &&
		nla_put_string(skb, INET_DIAG_CONG, hstp_info_congestion(&v->tcb))) ||
	       put_memory(skb, asker, v) ||
	       (asked(asker, INET_DIAG_INFO) && put_info(skb, asker, v));
}

static struct asker asker_of(const struct sk_buff *request, const struct inet_diag_req_v2 *r)
{
	return (struct asker){
		.hn = hstp_pernet(sock_net(request->sk)),
		.ns = sk_user_ns(NETLINK_CB(request).sk),
		.admin = netlink_net_capable(request, CAP_NET_ADMIN),
		.ext = r->idiag_ext,
	};
}

static int put_conn(struct sk_buff *skb, struct netlink_callback *cb, const struct asker *asker,
		    const struct hstp_view *v, u16 flags)
{
	struct nlmsghdr *head = nlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
					  cb->nlh->nlmsg_type, sizeof(struct inet_diag_msg),
					  flags);

	if (!head)
		return -EMSGSIZE;
	fill_message(nlmsg_data(head), v, asker->ns);
	if (put_attrs(skb, asker, v)) {
		nlmsg_cancel(skb, head);
		return -EMSGSIZE;
	}
	nlmsg_end(skb, head);
	return 0;
}

static bool matches(const struct inet_diag_req_v2 *r, const struct nlattr *program,
		    const struct hstp_view *v)
{
	u8 family = family_of(v);

	return v->tcb.state != HSTP_CLOSED &&
	       r->idiag_states & 1U << hstp_tcp_states[v->tcb.state] &&
	       (r->sdiag_family == AF_UNSPEC || r->sdiag_family == family) &&
	       (!r->id.idiag_sport || r->id.idiag_sport == v->tuple.lport) &&
	       (!r->id.idiag_dport || r->id.idiag_dport == v->tuple.fport) &&
	       hstp_diag_filter(program, v, family);
}

/* What is left of a chain. */
static int dump_chain(struct sk_buff *skb, struct netlink_callback *cb,
		      const struct inet_diag_req_v2 *r, const struct asker *asker,
		      const struct hstp_snapshot *s)
{
	const struct inet_diag_dump_data *data = cb->data;
	struct walk *walk = (struct walk *)cb->ctx;
	u32 i;

	for (i = 0; i < s->count; i++) {
		const struct hstp_view *v = &s->rows[i];

		if (memcmp(&v->key, &walk->after, sizeof(v->key)) <= 0 ||
		    !matches(r, data->inet_diag_nla_bc, v))
			continue;
		if (put_conn(skb, cb, asker, v, NLM_F_MULTI))
			return -EMSGSIZE;
		walk->after = v->key;
	}
	return 0;
}

/* inet_diag takes no error of a dump, and ends one that adds nothing as if it were complete. */
static void refuse(struct sk_buff *skb, struct netlink_callback *cb, int err)
{
	struct nlmsghdr *head = nlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
					  NLMSG_ERROR, sizeof(struct nlmsgerr), 0);
	struct nlmsgerr *payload;

	if (WARN_ON_ONCE(!head))
		return;
	payload = nlmsg_data(head);
	payload->error = err;
	payload->msg = *cb->nlh;
}

/* Chain by chain, as conn-get does, which has the same reasons. */
static void dump(struct sk_buff *skb, struct netlink_callback *cb,
		 const struct inet_diag_req_v2 *r)
{
	struct hstp_net *hn = hstp_pernet(sock_net(cb->skb->sk));
	struct asker asker = asker_of(cb->skb, r);
	struct walk *walk = (struct walk *)cb->ctx;
	u32 end = hstp_snapshot_end(hn);
	struct hstp_snapshot snapshot;
	int err;

	BUILD_BUG_ON(sizeof(*walk) > sizeof(cb->ctx));
	err = hstp_snapshot_init(&snapshot);
	for (; !err && walk->chain < end; walk->chain++) {
		err = hstp_snapshot_take(&snapshot, hn, walk->chain);
		if (!err)
			err = dump_chain(skb, cb, r, &asker, &snapshot);
		if (err)
			break;
		memset(&walk->after, 0, sizeof(walk->after));
		cond_resched();
	}
	hstp_snapshot_exit(&snapshot);
	/* What is there already goes first, and then the rest is tried again */
	if (!err || skb->len)
		return;
	refuse(skb, cb, err);
	walk->chain = end;
}

/* A listener's own address can be any; the others have exactly one name. */
static bool is_meant(const struct inet_diag_req_v2 *r, const struct hstp_tuple *tuple,
		     const struct hstp_view *v)
{
	if (v->tcb.state == HSTP_CLOSED || v->tuple.lport != tuple->lport ||
	    (r->id.idiag_if && r->id.idiag_if != v->ifindex))
		return false;
	if (v->kind == HSTP_KIND_LISTENER)
		return hstp_addr_any(&v->tuple.laddr) ||
		       ipv6_addr_equal(&v->tuple.laddr, &tuple->laddr);
	return hstp_tuple_equal(&v->tuple, tuple);
}

static int check_cookie(const struct inet_diag_sockid *id, const struct hstp_view *v)
{
	if (id->idiag_cookie[0] == INET_DIAG_NOCOOKIE &&
	    id->idiag_cookie[1] == INET_DIAG_NOCOOKIE)
		return 0;
	if (id->idiag_cookie[0] != (u32)v->cookie ||
	    id->idiag_cookie[1] != (u32)(v->cookie >> 32))
		return -ESTALE;
	return 0;
}

/* The connection with both ends as asked, or without a remote port the listener. */
static int find_one(struct hstp_net *hn, const struct inet_diag_req_v2 *r, struct hstp_view *found)
{
	struct hstp_tuple tuple = { .lport = r->id.idiag_sport, .fport = r->id.idiag_dport };
	struct hstp_snapshot s;
	int err;
	u32 i;

	if (r->sdiag_family != AF_INET && r->sdiag_family != AF_INET6)
		return -EINVAL;
	read_address(&tuple.laddr, r->id.idiag_src, r->sdiag_family);
	read_address(&tuple.faddr, r->id.idiag_dst, r->sdiag_family);
	err = hstp_snapshot_init(&s);
	if (err)
		return err;
	err = hstp_snapshot_take(&s, hn, hstp_snapshot_chain(hn, &tuple));
	if (err)
		goto out;
	err = -ENOENT;
	for (i = 0; i < s.count && err; i++) {
		if (!is_meant(r, &tuple, &s.rows[i]))
			continue;
		err = check_cookie(&r->id, &s.rows[i]);
		if (!err)
			*found = s.rows[i];
	}
out:
	hstp_snapshot_exit(&s);
	return err;
}

static int dump_one(struct netlink_callback *cb, const struct inet_diag_req_v2 *r)
{
	struct net *net = sock_net(cb->skb->sk);
	struct asker asker = asker_of(cb->skb, r);
	struct hstp_view v;
	struct sk_buff *skb;
	int err;

	err = find_one(hstp_pernet(net), r, &v);
	if (err)
		return err;
	skb = nlmsg_new(sizeof(struct inet_diag_msg) + ATTRS_ROOM, GFP_KERNEL);
	if (!skb)
		return -ENOMEM;
	err = put_conn(skb, cb, &asker, &v, 0);
	if (WARN_ON_ONCE(err)) {
		nlmsg_free(skb);
		return err;
	}
	return nlmsg_unicast(net->diag_nlsk, skb, NETLINK_CB(cb->skb).portid);
}

/* ABORT, RFC 9293 section 3.10.5. A listener ends when its socket is closed. */
static int destroy(struct sk_buff *request, const struct inet_diag_req_v2 *r)
{
	struct hstp_net *hn = hstp_pernet(sock_net(request->sk));
	struct hstp_view v;
	int err;

	if (!netlink_net_capable(request, CAP_NET_ADMIN))
		return -EPERM;
	err = find_one(hn, r, &v);
	if (err)
		return err;
	if (v.kind == HSTP_KIND_LISTENER)
		return -EOPNOTSUPP;
	return hstp_control_abort(hn, &v, NULL) ? 0 : -ENOENT;
}

/* inet_diag asks for idiag_get_info of TCP and UDP alone, when it reports who was ended. */
static struct inet_diag_handler handler = {
	HSTP_DIAG_OWNER
	.dump = dump,
	.dump_one = dump_one,
	.destroy = destroy,
	.idiag_info_size = sizeof(struct tcp_info),
};

static int __init hstp_diag_init(void)
{
	handler.idiag_type = hstp_protocol;
	return inet_diag_register(&handler);
}

static void __exit hstp_diag_exit(void)
{
	inet_diag_unregister(&handler);
}

module_init(hstp_diag_init);
module_exit(hstp_diag_exit);

MODULE_DESCRIPTION("HSTP: connections by sock_diag");
MODULE_AUTHOR("The HSTP authors");
MODULE_LICENSE("GPL");
/* NETLINK_SOCK_DIAG, AF_INET and IPPROTO_HSTP; inet_diag asks so for AF_INET6, too */
MODULE_ALIAS("net-pf-16-proto-4-type-2-253");
