/* SPDX-License-Identifier: GPL-2.0 */
/* A connection whose peer does not exist: what it sends is seen, and answered by hand. */
#ifndef SOCK_LONELY_H
#define SOCK_LONELY_H

#include "sock_pair.h"
#include "sock_raw.h"

/* RFC 9293, 3.7.1: without an option in the SYN-ACK the peer takes 536 bytes. */
#define ST_LONELY_MSS 536

struct st_lonely {
	int fd;			/* the socket, non-blocking */
	int raw;		/* sees what is sent */
	uint32_t peer_seq;	/* the next of the peer that the test plays */
	struct st_segment sent;	/* the last segment with text */
};

int st_lonely_open(int proto, struct st_lonely *lonely);
int st_lonely_answer(int proto, const struct st_lonely *lonely, uint8_t flags, uint32_t ack);
int st_lonely_works(int proto, struct st_lonely *lonely);
int st_lonely_close(struct st_lonely *lonely);
int st_connecting(int proto, struct st_pair *pair, int recverr, struct st_segment *syn);

#endif
