/* SPDX-License-Identifier: GPL-2.0 */
/* What the tests of hstp monitor share: somebody to listen to. */
#ifndef MONITOR_H
#define MONITOR_H

#include <sys/syscall.h>

#include "cmd.h"

static struct cmd c;
static char port[16];

/* A listener; its connections are opened and closed by the client first. */
static inline void one(int listener, const struct sockaddr_in *addr)
{
	int client = st_connect(proto, addr), server = TRY(accept(listener, NULL, NULL));

	NEED(client >= 0);
	fd_close(client);
	SAME(st_wait_state(server, proto, TCP_CLOSE_WAIT), TCP_CLOSE_WAIT);
	fd_close(server);
}

static inline int begin(struct sockaddr_in *addr)
{
	int listener;

	net_alone();
	net_enter(NS_A);
	net_hstp(NS_A, "msl_ms", 100);
	*addr = st_loopback(0);
	listener = TRY(st_listen(proto, addr, 5));
	snprintf(port, sizeof(port), "%u", port_of(listener));
	*addr = st_loopback((uint16_t)atoi(port));
	return listener;
}

/* It has joined its groups when it waits for what they tell. */
static inline void it_listens(void)
{
	NEED(!st_call_until_blocked(c.pid, SYS_poll));
}

#endif /* MONITOR_H */
