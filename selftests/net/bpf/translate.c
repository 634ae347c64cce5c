// SPDX-License-Identifier: GPL-2.0
/* The translator between HSTP and TCP: the number of the protocol in the IP header, and
 * nothing else but the checksums that it is part of. tc attaches it to a device of the end
 * that speaks TCP: "to_tcp" to what comes in, "to_hstp" to what goes out.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define HSTP		253
#define CHECK_OFFSET	16	/* RFC 9293 section 3.1 */

/* RFC 792; the header of Linux that has them needs a C library. */
#define ICMP_DEST_UNREACH	3
#define ICMP_TIME_EXCEEDED	11
#define ICMP_PARAMETERPROB	12
#define ICMP_HEADER_LEN		8

/* The number and its part of the IP header's checksum (RFC 1624). */
static __always_inline int swap_number(struct __sk_buff *skb, __u32 ip, __u8 from, __u8 to)
{
	if (bpf_l3_csum_replace(skb, ip + offsetof(struct iphdr, check), bpf_htons(from),
				bpf_htons(to), sizeof(__u16)))
		return -1;
	return bpf_skb_store_bytes(skb, ip + offsetof(struct iphdr, protocol), &to, sizeof(to),
				   0);
}

/* An ICMP error quotes the packet that it is about. The quoted header and its checksum
 * change by opposite amounts: ICMP's own sum stays.
 */
static __always_inline int quotation(struct __sk_buff *skb, __u32 icmp, __u8 from, __u8 to)
{
	__u32 inner = icmp + ICMP_HEADER_LEN;
	struct iphdr ip;
	__u8 type;

	if (bpf_skb_load_bytes(skb, icmp, &type, sizeof(type)) ||
	    (type != ICMP_DEST_UNREACH && type != ICMP_TIME_EXCEEDED &&
	     type != ICMP_PARAMETERPROB) ||
	    bpf_skb_load_bytes(skb, inner, &ip, sizeof(ip)) || ip.protocol != from)
		return 0;
	return swap_number(skb, inner, from, to);
}

static __always_inline int translate(struct __sk_buff *skb, __u8 from, __u8 to)
{
	const __u32 ip_at = ETH_HLEN;
	struct iphdr ip;
	__u32 segment;

	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, ip_at, &ip, sizeof(ip)))
		return TC_ACT_OK;
	segment = ip_at + ip.ihl * 4;
	if (ip.protocol == IPPROTO_ICMP)
		return quotation(skb, segment, from, to) ? TC_ACT_SHOT : TC_ACT_OK;
	if (ip.protocol != from)
		return TC_ACT_OK;
	if (swap_number(skb, ip_at, from, to))
		return TC_ACT_SHOT;
	/* Only the first fragment has the header. */
	if (ip.frag_off & bpf_htons(0x1fff))
		return TC_ACT_OK;
	/* The number is in the pseudo-header. Saying so makes it right, too, where the sum of
	 * the pseudo-header is all that is there yet, the rest being left to a device.
	 */
	bpf_l4_csum_replace(skb, segment + CHECK_OFFSET, bpf_htons(from), bpf_htons(to),
			    BPF_F_PSEUDO_HDR | sizeof(__u16));
	return TC_ACT_OK;
}

SEC("to_tcp")
int towards_tcp(struct __sk_buff *skb)
{
	return translate(skb, HSTP, IPPROTO_TCP);
}

SEC("to_hstp")
int towards_hstp(struct __sk_buff *skb)
{
	return translate(skb, IPPROTO_TCP, HSTP);
}

char gpl[] SEC("license") = "GPL";
