/* SPDX-License-Identifier: GPL-2.0 */
/* The established connection beside which bad segments arrive, and which they must not
 * harm.
 */
#ifndef BESIDE_H
#define BESIDE_H

#include "lib/proc.h"
#include "lib/fd.h"
#include "lib/wire.h"

#define BESIDE_PORT 7
#define BESIDE_PEER 7007

struct beside {
	struct end us, it;
	int fd;
	uint32_t sent, got;	/* SND.NXT of the tester and of the stack */
};

/* Opens it in NS_A, with the tester as the peer. */
static inline void beside_open(struct beside *b)
{
	int listener;

	wire_ends(&b->us, NS_T, BESIDE_PEER, &b->it, NS_A, BESIDE_PORT);
	listener = fd_listen(&b->it, 1);
	b->fd = wire_open_passive(&b->us, &b->it, listener);
	close(listener);
	b->sent = 101;
	b->got = 301;
}

/* Text comes through both ways, in sequence; nothing else has come. */
static inline void beside_works(struct beside *b)
{
	static const char there[] = "are you there", here[] = "still here";
	struct seen *seen;

	wire_send(&b->us, PSH | ACK, b->sent, b->got, there);
	b->sent += sizeof(there) - 1;
	fd_recv(b->fd, there);
	fd_send(b->fd, here);
	/* ACKs, of this or of what came before it, may go ahead of the text. */
	do {
		seen = wire_next(&b->it, PATIENCE_MS);
		NEED(seen);
		SAME(seen->seq, b->got);
		NEED((int)(b->sent - seen->ack) >= 0);
	} while (!seen->len);
	SAME(seen->ack, b->sent);
	SAME(seen->len, sizeof(here) - 1);
	NEED(!memcmp(seen->text, here, sizeof(here) - 1));
	b->got += sizeof(here) - 1;
	wire_send(&b->us, ACK, b->sent, b->got);
	state_is(&b->it, "ESTABLISHED");
}

#endif /* BESIDE_H */
