// SPDX-License-Identifier: GPL-2.0
/* Ports that wait for peers: no segment says that an end is in LISTEN. */
#include <stdlib.h>
#include <string.h>

#include "ladder.h"

static struct listener {
	struct listener *next;
	struct addr addr;
	uint16_t port;
} *listeners;

void ladder_listen(const struct subject *ends)
{
	struct listener *l = need(calloc(1, sizeof(*l)));

	l->addr = ends->local;
	l->port = ends->local_port;
	l->next = listeners;
	listeners = l;
}

void ladder_listen_no_more(const struct subject *ends)
{
	for (struct listener **at = &listeners; *at; at = &(*at)->next) {
		struct listener *l = *at;

		if (!same_end(&l->addr, l->port, &ends->local, ends->local_port))
			continue;
		*at = l->next;
		free(l);
		return;
	}
}

/* Is there one for this end, or for all addresses? */
bool ladder_listens(const struct addr *addr, uint16_t port)
{
	static const struct addr any;

	for (const struct listener *l = listeners; l; l = l->next) {
		if (l->port == port && (same_end(&l->addr, port, addr, port) ||
					!memcmp(l->addr.bytes, any.bytes, sizeof(any.bytes))))
			return true;
	}
	return false;
}
