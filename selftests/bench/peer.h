/* SPDX-License-Identifier: GPL-2.0 */
/* A peer made of crafted segments, behind a TUN device: it costs the kernel no socket. */
#ifndef HSTP_BENCH_PEER_H
#define HSTP_BENCH_PEER_H

#include <stdint.h>

#include "bench.h"

struct peer {
	const struct protocol *p;
	int tun;
};

struct segment {
	uint16_t port;		/* the peer's, host order */
	uint32_t seq;
	uint32_t ack;
	uint8_t flags;		/* TH_SYN ... of netinet/tcp.h */
};

void peer_start(struct peer *peer, const struct protocol *p);
void peer_send(const struct peer *peer, const struct segment *segment);
void peer_receive(const struct peer *peer, struct segment *segment);

#endif /* HSTP_BENCH_PEER_H */
