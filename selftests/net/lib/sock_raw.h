/* SPDX-License-Identifier: GPL-2.0 */
/* Raw sockets beside a stream socket: seeing its segments, forging answers and ICMP errors. */
#ifndef SOCK_RAW_H
#define SOCK_RAW_H

#include <netinet/in.h>
#include <stdint.h>

/* A segment as it went by, in host order; addresses in network order. */
struct st_segment {
	struct in_addr saddr, daddr;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;		/* FIN 1, SYN 2, RST 4, PSH 8, ACK 16 */
	uint16_t len;		/* bytes of text */
	const uint8_t *text;

	int packet_len;
	uint8_t packet[2048];	/* from the IP header on, cut off at the end */
};

#define ST_FIN 1
#define ST_SYN 2
#define ST_RST 4
#define ST_PSH 8
#define ST_ACK 16

int st_raw_open(int proto);
int st_raw_open_outgoing(void);
int st_raw_next(int raw, struct st_segment *seg);
int st_raw_wait(int raw, struct st_segment *seg, uint8_t mask, uint8_t flags);
int st_raw_send(int proto, const struct st_segment *seg);
int st_settle(void);
int st_icmp_error(const struct st_segment *about, int type, int code, uint16_t mtu);

#endif
