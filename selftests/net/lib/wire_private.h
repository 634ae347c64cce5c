/* SPDX-License-Identifier: GPL-2.0 */
/* What the halves of the wire tester share: frames below, segments above. */
#ifndef HSTP_TEST_WIRE_PRIVATE_H
#define HSTP_TEST_WIRE_PRIVATE_H

#include "fd.h"

#include <arpa/inet.h>
#include <netinet/ip.h>

#define ETHER_LEN	14

/* RFC 9293 section 3.1, as it lies in memory. */
struct wire_header {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t offset;		/* upper four bits: words */
	uint8_t flags;
	uint16_t wnd, sum, urg;
} __attribute__((packed));

/* Where the frame's IP packet holds a segment, and the segment's length. */
struct wire_view {
	const struct iphdr *ip;
	const struct wire_header *header;
	int len;
};

/* frames */
void wire_stay_on_cpu(void);
uint32_t wire_addr(enum net_ns ns);
/* What an IP header has besides the ends; NULL: nothing. */
struct wire_ip {
	const uint8_t *opt;
	int optlen;
	uint8_t tos;
};

void wire_emit(enum net_ns to, uint32_t saddr, uint32_t daddr, int protocol,
	       const struct wire_ip *more, const void *payload, int len);
void wire_emit_frame(enum net_ns to, const uint8_t *frame, int len);
void wire_read(enum net_ns from);
bool wire_wait(enum net_ns from, uint64_t until_ms);
struct seen *wire_first(enum net_ns from);
bool wire_view(const struct seen *seen, struct wire_view *view);

/* the trace */
void wire_trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
const char *wire_flags(uint8_t flags);

#endif /* HSTP_TEST_WIRE_PRIVATE_H */
