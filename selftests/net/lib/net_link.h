/* SPDX-License-Identifier: GPL-2.0 */
/* Devices that join two namespaces. */
#ifndef HSTP_TEST_NET_LINK_H
#define HSTP_TEST_NET_LINK_H

#include "check.h"

void net_link_add(const char *name, const uint8_t *mac, const char *peer,
		  const uint8_t *peer_mac, int peer_ns);

#endif /* HSTP_TEST_NET_LINK_H */
