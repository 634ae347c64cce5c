// SPDX-License-Identifier: GPL-2.0
/* Initial sequence numbers and ephemeral ports that strangers cannot predict. */
#include <linux/ktime.h>
#include <linux/random.h>

#include "ident.h"

/**
 * hstp_ident_init() - draw a namespace's secrets
 * @hn: namespace
 */
void hstp_ident_init(struct hstp_net *hn)
{
	get_random_bytes(&hn->hash_key, sizeof(hn->hash_key));
	get_random_bytes(&hn->isn_key, sizeof(hn->isn_key));
	get_random_bytes(&hn->stamps_key, sizeof(hn->stamps_key));
	get_random_bytes(&hn->port_key, sizeof(hn->port_key));
	get_random_bytes(&hn->port_step, sizeof(hn->port_step));
}

/**
 * hstp_ident_isn() - an initial sequence number
 * @hn: namespace
 * @tuple: both ends
 *
 * RFC 6528 section 3: ISN = M + F(ends, secret). M is a clock that ticks every
 * 4 microseconds (RFC 9293 section 3.4.1), so that it wraps in 4.77 hours.
 *
 * Return: sequence number, host order.
 */
u32 hstp_ident_isn(const struct hstp_net *hn, const struct hstp_tuple *tuple)
{
	return (u32)siphash(tuple, sizeof(*tuple), &hn->isn_key) +
	       (u32)(ktime_get_ns() >> 12);
}

/**
 * hstp_ident_stamps() - what the timestamps of a connection begin with
 * @hn: namespace
 * @tuple: both ends
 *
 * RFC 7323 section 5.4: the clock itself would tell how long we are up. The next
 * connection between the same ends has the same offset, so that its timestamps are
 * later than those of this one (RFC 6191).
 *
 * Return: milliseconds, modulo 2^32.
 */
u32 hstp_ident_stamps(const struct hstp_net *hn, const struct hstp_tuple *tuple)
{
	return (u32)siphash(tuple, sizeof(*tuple), &hn->stamps_key);
}

/**
 * hstp_ident_port_offset() - where the search for an ephemeral port begins
 * @hn: namespace
 * @tuple: both ends; the local port is not read
 * @step: gets the counter to add, which the caller increments with each port
 *	tried
 *
 * RFC 6056 section 3.3.4, algorithm 4: both hashes take the ends and a secret.
 *
 * Return: a number to take modulo the number of ports.
 */
u32 hstp_ident_port_offset(struct hstp_net *hn, const struct hstp_tuple *tuple, u32 **step)
{
	struct hstp_tuple ends = *tuple;
	u64 hash;

	ends.lport = 0;
	hash = siphash(&ends, sizeof(ends), &hn->port_key);
	*step = &hn->port_step[hash >> 56];
	return (u32)hash;
}
