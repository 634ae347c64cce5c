// SPDX-License-Identifier: GPL-2.0
/* Who may refuse a segment that is well-formed: the socket's filter, its cgroup, and then
 * the security module, too.
 */
#include <linux/filter.h>

#include "core/segment.h"
#include "filter.h"

/**
 * hstp_filter_passes() - ask them
 * @sk: socket that the segment is for, with hstp_filter_wanted()
 * @skb: the packet; a filter may cut it off
 * @seg: its segment: the text is what is left of it
 *
 * Context: softirq.
 */
bool hstp_filter_passes(struct sock *sk, struct sk_buff *skb, struct hstp_segment *seg)
{
	if (sk_filter_trim_cap(sk, skb, seg->header_len))
		return false;
	seg->text_len = min_t(u32, seg->text_len, skb->len - seg->header_len);
	return true;
}

/**
 * hstp_filter_inherit() - accept()'s socket has the filter of the listening one
 * @sk: new socket
 * @from: listening socket, owned
 */
void hstp_filter_inherit(struct sock *sk, const struct sock *from)
{
	struct sk_filter *filter;

	rcu_read_lock();
	filter = rcu_dereference(from->sk_filter);
	if (filter && refcount_inc_not_zero(&filter->refcnt)) {
		atomic_add(bpf_prog_size(filter->prog->len), &sk->sk_omem_alloc);
		RCU_INIT_POINTER(sk->sk_filter, filter);
	}
	rcu_read_unlock();
}
