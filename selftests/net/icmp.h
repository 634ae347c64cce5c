/* SPDX-License-Identifier: GPL-2.0 */
/* ICMP messages about a segment that a stack has sent, as routers on the way send them. */
#ifndef ICMP_H
#define ICMP_H

#include <netinet/ip.h>
#include <netinet/ip_icmp.h>

#include "lib/fd.h"

/* A message about the segment of @it with sequence number @seq, as the test counts. */
struct message {
	struct icmphdr icmp;
	struct iphdr ip;
	uint16_t sport, dport;
	uint32_t seq;
};

static inline struct message message(const struct end *it, uint32_t seq, int type, int code,
				     int mtu)
{
	struct message m = {
		.icmp = { .type = type, .code = code, .un.frag.mtu = htons(mtu) },
		.ip = {
			.version = 4, .ihl = 5, .tot_len = htons(44), .ttl = 64,
			.protocol = proto, .saddr = it->addr, .daddr = it->other->addr,
		},
		.sport = htons(it->port),
		.dport = htons(it->other->port),
		.seq = htonl(seq + it->shift),
	};
	const uint16_t *words = (const uint16_t *)&m;
	uint32_t sum = 0;

	for (size_t i = 0; i < sizeof(m) / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	m.icmp.checksum = (uint16_t)~(sum + (sum >> 16));
	return m;
}

/* From the link, as routers on the way send it. */
static inline void tell(const struct end *it, uint32_t seq, int type, int code, int mtu)
{
	struct message m = message(it, seq, type, code, mtu);

	wire_raw(NS_A, it->other->addr, it->addr, IPPROTO_ICMP, &m, sizeof(m));
	wire_sync(NS_A);
}

#endif /* ICMP_H */
