// SPDX-License-Identifier: GPL-2.0
/* IPv4: packets and ICMP messages in, routes, packets out. */
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <net/icmp.h>
#include <net/inet_common.h>
#include <net/ip.h>
#include <net/protocol.h>
#include <net/route.h>

#include "core/bytes.h"
#include "fault.h"
#include "icmp.h"
#include "input.h"
#include "ipv4.h"
#include "stats.h"

static void fill_tuple(struct hstp_tuple *tuple, __be32 laddr, __be32 faddr, __be16 lport,
		       __be16 fport)
{
	ipv6_addr_set_v4mapped(laddr, &tuple->laddr);
	ipv6_addr_set_v4mapped(faddr, &tuple->faddr);
	tuple->lport = lport;
	tuple->fport = fport;
}

/* RFC 1122 section 3.2.1.3, (a) and (b): of a host that does not know its network yet. IP's
 * own check, ipv4_is_zeronet(), is for 0.0.0.0 alone.
 */
static bool is_this_network(__be32 addr)
{
	return !(addr & htonl(IN_CLASSA_NET));
}

/* MUST-57 and MUST-63: neither end can be a group or the network itself. */
static enum hstp_drop check_ends(const struct sk_buff *skb, const struct iphdr *iph)
{
	if (skb->pkt_type != PACKET_HOST ||
	    skb_rtable(skb)->rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST))
		return HSTP_DROP_NOT_UNICAST;
	if (ipv4_is_multicast(iph->saddr) || ipv4_is_lbcast(iph->saddr) ||
	    is_this_network(iph->saddr))
		return HSTP_DROP_BAD_SOURCE;
	return HSTP_DROP_NONE;
}

static enum hstp_drop check(struct sk_buff *skb)
{
	enum hstp_drop why = check_ends(skb, ip_hdr(skb));

	if (why)
		return why;
	if (!pskb_may_pull(skb, HSTP_HEADER_MIN))
		return HSTP_DROP_SHORT;
	if (skb_checksum_validate(skb, hstp_protocol, inet_compute_pseudo))
		return HSTP_DROP_CHECKSUM;
	return HSTP_DROP_NONE;
}

static int ipv4_rcv(struct sk_buff *skb)
{
	struct hstp_net *hn = hstp_pernet(dev_net(skb->dev));
	enum hstp_drop why = READ_ONCE(hn->dying) ? HSTP_DROP_EXITING : check(skb);
	const struct iphdr *iph;
	struct hstp_tuple tuple;
	const u8 *header;

	if (why) {
		HSTP_COUNT(hn, drops[why]);
		kfree_skb(skb);
		return 0;
	}
	iph = ip_hdr(skb);
	header = skb->data;
	fill_tuple(&tuple, iph->daddr, iph->saddr,
		   htons(hstp_get16(header + HSTP_AT_DPORT)),
		   htons(hstp_get16(header + HSTP_AT_SPORT)));
	if (!hstp_fault_in(hn, &tuple, skb))
		hstp_input(hn, &tuple, skb);
	return 0;
}

/* Destination Unreachable: section 3.9.2.2 of RFC 9293 and 4.2.3.9 of RFC 1122 */
static bool is_hard(int code)
{
	return code == ICMP_PROT_UNREACH || code == ICMP_PORT_UNREACH;
}

static int ipv4_err(struct sk_buff *skb, u32 info)
{
	const struct iphdr *iph = (const struct iphdr *)skb->data;
	const u8 *header = skb->data + iph->ihl * 4;	/* 8 bytes can be read */
	struct net *net = dev_net(skb->dev);
	struct hstp_net *hn = hstp_pernet(net);
	int type = icmp_hdr(skb)->type;
	int code = icmp_hdr(skb)->code;
	struct hstp_quote quote = { .skb = skb };

	quote.seq = hstp_get32(header + HSTP_AT_SEQ);
	fill_tuple(&quote.tuple, iph->saddr, iph->daddr,
		   htons(hstp_get16(header + HSTP_AT_SPORT)),
		   htons(hstp_get16(header + HSTP_AT_DPORT)));

	switch (type) {
	case ICMP_REDIRECT:
		ipv4_redirect(skb, net, 0, hstp_protocol);
		return 0;
	case ICMP_TIME_EXCEEDED:
		hstp_icmp_error(hn, &quote, EHOSTUNREACH, false);
		return 0;
	case ICMP_PARAMETERPROB:
		hstp_icmp_error(hn, &quote, EPROTO, false);
		return 0;
	case ICMP_DEST_UNREACH:
		break;
	default:
		return 0;	/* MUST-55: Source Quench is silently discarded */
	}

	if (code > NR_ICMP_UNREACH)
		return 0;
	if (code == ICMP_FRAG_NEEDED) {
		/* The route is not for strangers to narrow, nor for anybody without end */
		if (!hstp_icmp_expected(hn, &quote))
			return 0;
		info = max(info, READ_ONCE(net->ipv4.ip_rt_min_pmtu));
		ipv4_update_pmtu(skb, net, info, 0, hstp_protocol);
		hstp_icmp_too_big(hn, &quote, info);
		return 0;
	}
	hstp_icmp_error(hn, &quote, icmp_err_convert[code].errno, is_hard(code));
	return 0;
}

/**
 * hstp_ipv4_queue_error() - IP_RECVERR: a message of the network for MSG_ERRQUEUE
 * @sk: socket
 * @quote: the segment that it is about
 * @error: positive errno
 *
 * Without memory for it, or room in the queue, it is lost. Context: softirq.
 */
void hstp_ipv4_queue_error(struct sock *sk, const struct hstp_quote *quote, int error)
{
	struct sk_buff *skb = skb_clone(quote->skb, GFP_ATOMIC);
	struct sock_exterr_skb *serr;
	const struct iphdr *iph;

	if (!skb)
		return;
	iph = (const struct iphdr *)skb->data;
	serr = SKB_EXT_ERR(skb);
	memset(&serr->ee, 0, sizeof(serr->ee));
	serr->ee.ee_errno = error;
	serr->ee.ee_origin = SO_EE_ORIGIN_ICMP;
	serr->ee.ee_type = icmp_hdr(skb)->type;
	serr->ee.ee_code = icmp_hdr(skb)->code;
	serr->addr_offset = (const u8 *)&iph->daddr - skb_network_header(skb);
	serr->port = quote->tuple.fport;
	if (skb_pull(skb, iph->ihl * 4)) {
		skb_reset_transport_header(skb);
		if (!sock_queue_err_skb(sk, skb))
			return;
	}
	kfree_skb(skb);
}

/**
 * hstp_ipv4_queue_delay() - IP_RECVERR: text has been sent again so often that something is wrong
 * @sk: socket
 * @tuple: both ends
 *
 * SHLD-9, for MSG_ERRQUEUE: ETIMEDOUT of SO_EE_ORIGIN_LOCAL. The connection goes on. Context:
 * softirq.
 */
void hstp_ipv4_queue_delay(struct sock *sk, const struct hstp_tuple *tuple)
{
	struct sk_buff *skb = alloc_skb(sizeof(struct iphdr), GFP_ATOMIC | __GFP_NOWARN);
	struct sock_exterr_skb *serr;
	struct iphdr *iph;

	if (!skb)
		return;
	iph = skb_put_zero(skb, sizeof(*iph));
	iph->daddr = tuple->faddr.s6_addr32[3];
	skb_reset_network_header(skb);
	serr = SKB_EXT_ERR(skb);
	memset(&serr->ee, 0, sizeof(serr->ee));
	serr->ee.ee_errno = ETIMEDOUT;
	serr->ee.ee_origin = SO_EE_ORIGIN_LOCAL;
	serr->addr_offset = (u8 *)&iph->daddr - skb_network_header(skb);
	serr->port = tuple->fport;
	__skb_pull(skb, skb->len);
	skb_reset_transport_header(skb);
	if (sock_queue_err_skb(sk, skb))
		kfree_skb(skb);
}

static struct rtable *lookup(struct hstp_net *hn, struct flowi4 *fl4,
			     const struct hstp_tuple *tuple, const struct hstp_way *way)
{
	flowi4_init_output(fl4, way->ifindex, way->mark, RT_TOS(way->tos), RT_SCOPE_UNIVERSE,
			   hstp_protocol, way->transparent ? FLOWI_FLAG_ANYSRC : 0,
			   way->hop ?: tuple->faddr.s6_addr32[3], tuple->laddr.s6_addr32[3],
			   tuple->fport, tuple->lport, way->uid);
	return ip_route_output_flow(hn->net, fl4, NULL);
}

/**
 * hstp_ipv4_route() - the route of a connection
 * @hn: namespace
 * @tuple: both ends
 * @way: what else it depends on
 *
 * Return: a route with a reference for the caller, or an error pointer.
 */
struct dst_entry *hstp_ipv4_route(struct hstp_net *hn, const struct hstp_tuple *tuple,
				  const struct hstp_way *way)
{
	struct flowi4 fl4;
	struct rtable *rt = lookup(hn, &fl4, tuple, way);

	return IS_ERR(rt) ? ERR_CAST(rt) : &rt->dst;
}

/**
 * hstp_ipv4_source() - the route of a connection that is to be opened
 * @hn: namespace
 * @tuple: both ends; addresses that are unspecified are filled in (RFC 9293
 *	section 3.9.1.3)
 * @way: what else it depends on
 * @dst: gets the route with a reference for the caller
 *
 * Return: 0; -ENETUNREACH when there is no route, or none to one host.
 */
int hstp_ipv4_source(struct hstp_net *hn, struct hstp_tuple *tuple, const struct hstp_way *way,
		     struct dst_entry **dst)
{
	struct flowi4 fl4;
	struct rtable *rt = lookup(hn, &fl4, tuple, way);

	if (IS_ERR(rt))
		return PTR_ERR(rt);
	if (rt->rt_flags & (RTCF_MULTICAST | RTCF_BROADCAST)) {
		ip_rt_put(rt);
		return -ENETUNREACH;
	}
	ipv6_addr_set_v4mapped(fl4.saddr, &tuple->laddr);
	if (!way->hop)
		ipv6_addr_set_v4mapped(fl4.daddr, &tuple->faddr);
	*dst = &rt->dst;
	return 0;
}

/**
 * hstp_ipv4_mss() - how much text a packet of a route carries
 * @dst: route
 *
 * RFC 9293 section 3.7.1: the MTU less the fixed headers.
 *
 * Return: bytes.
 */
u16 hstp_ipv4_mss(const struct dst_entry *dst)
{
	return clamp_t(u32, dst_mtu(dst), 68, 65535) - sizeof(struct iphdr) - HSTP_HEADER_MIN;
}

/**
 * hstp_ipv4_source_valid() - can the sender of a packet be a host
 * @hn: namespace
 * @tuple: both ends
 * @skb: the packet
 *
 * MUST-63. What IP and the cheaper checks let pass is the broadcast address of
 * a network of ours.
 */
bool hstp_ipv4_source_valid(struct hstp_net *hn, const struct hstp_tuple *tuple,
			    const struct sk_buff *skb)
{
	unsigned int type = inet_addr_type_dev_table(hn->net, skb->dev,
						     tuple->faddr.s6_addr32[3]);

	return type == RTN_UNICAST || type == RTN_LOCAL;
}

/**
 * hstp_ipv4_on_device() - did a packet come in where a socket is bound
 * @skb: the packet
 * @ifindex: SO_BINDTODEVICE, or 0
 */
bool hstp_ipv4_on_device(const struct sk_buff *skb, int ifindex)
{
	return !ifindex || ifindex == inet_iif(skb) || ifindex == inet_sdif(skb);
}

static void checksum(struct sk_buff *skb, const struct hstp_tuple *tuple,
		     const struct net_device *dev)
{
	__be32 saddr = tuple->laddr.s6_addr32[3];
	__be32 daddr = tuple->faddr.s6_addr32[3];
	__sum16 *field = (__sum16 *)(skb_transport_header(skb) + HSTP_AT_CHECK);
	__wsum sum;

	/* Devices that know only TCP and UDP would leave our field as it is */
	if (dev->features & NETIF_F_HW_CSUM) {
		*field = ~csum_tcpudp_magic(saddr, daddr, skb->len, hstp_protocol, 0);
		skb->ip_summed = CHECKSUM_PARTIAL;
		skb->csum_start = skb_transport_header(skb) - skb->head;
		skb->csum_offset = HSTP_AT_CHECK;
		return;
	}
	sum = skb_checksum(skb, 0, skb->len, 0);
	*field = csum_tcpudp_magic(saddr, daddr, skb->len, hstp_protocol, sum);
	skb->ip_summed = CHECKSUM_NONE;
}

/* IP_MTU_DISCOVER; as ip_dont_fragment() has it for a socket. */
static bool may_fragment(const struct hstp_path *path)
{
	if (likely(path->pmtudisc == IP_PMTUDISC_WANT))
		return dst_metric_locked(path->dst, RTAX_MTU);
	return path->pmtudisc != IP_PMTUDISC_DO;
}

/**
 * hstp_ipv4_send() - sum a segment, put it into a packet and send that
 * @hn: namespace
 * @skb: starts with the segment's header; given away
 * @tuple: both ends
 * @path: how it gets there; @path->dst stays the caller's
 *
 * Context: BH off, rcu_read_lock().
 */
void hstp_ipv4_send(struct hstp_net *hn, struct sk_buff *skb, const struct hstp_tuple *tuple,
		    const struct hstp_path *path)
{
	struct dst_entry *dst = path->dst;
	bool fragment = may_fragment(path);
	struct iphdr *iph;

	checksum(skb, tuple, dst->dev);

	if (unlikely(path->ipopt))
		skb_push(skb, path->ipopt->opt.optlen);
	iph = skb_push(skb, sizeof(*iph));
	skb_reset_network_header(skb);
	iph->version = 4;
	iph->ihl = sizeof(*iph) / 4;
	iph->tos = path->tos;
	iph->frag_off = fragment ? 0 : htons(IP_DF);
	iph->ttl = path->ttl >= 0 ? path->ttl : ip4_dst_hoplimit(dst);
	iph->protocol = hstp_protocol;
	iph->saddr = tuple->laddr.s6_addr32[3];
	iph->daddr = tuple->faddr.s6_addr32[3];
	if (unlikely(path->ipopt))
		hstp_ipopt_write(skb, tuple, path->ipopt);
	skb_dst_set_noref(skb, dst);
	ip_select_ident(hn->net, skb, NULL);

	skb->protocol = htons(ETH_P_IP);
	skb->mark = path->mark;
	skb->priority = path->priority;
	skb->ignore_df = fragment;
	if (!hstp_fault_out(hn, tuple, &path->state, skb))
		ip_local_out(hn->net, NULL, skb);
}

static const struct net_protocol ipv4_protocol = {
	.handler = ipv4_rcv,
	.err_handler = ipv4_err,
	.icmp_strict_tag_validation = 1,
};

/**
 * hstp_ipv4_init() - have IP deliver the protocol's packets
 *
 * Return: 0, or -EBUSY when another protocol has the number.
 */
int hstp_ipv4_init(void)
{
	return inet_add_protocol(&ipv4_protocol, hstp_protocol) ? -EBUSY : 0;
}

/**
 * hstp_ipv4_exit() - have IP deliver no more
 *
 * When it returns, no packet is being handled.
 */
void hstp_ipv4_exit(void)
{
	inet_del_protocol(&ipv4_protocol, hstp_protocol);
}
