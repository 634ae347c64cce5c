// SPDX-License-Identifier: GPL-2.0
/* Sockets, listeners and connections over loopback, of any of the measured protocols. */
#include <arpa/inet.h>
#include <err.h>
#include <linux/dccp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

#ifndef SOL_DCCP
#define SOL_DCCP 269
#endif

#define PORT 7

/**
 * protocol_socket() - make a socket
 * @p: its protocol
 *
 * Return: a descriptor, or -1 with errno.
 */
int protocol_socket(const struct protocol *p)
{
	int fd = socket(p->family, p->type, p->number);
	uint32_t service = htonl(1);

	if (fd >= 0 && p->type == SOCK_DCCP &&
	    setsockopt(fd, SOL_DCCP, DCCP_SOCKOPT_SERVICE, &service, sizeof(service)))
		err(1, "DCCP service code");
	return fd;
}

/**
 * protocol_exists() - does this kernel have the protocol
 * @p: the protocol
 */
bool protocol_exists(const struct protocol *p)
{
	int fd = protocol_socket(p);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/**
 * protocol_address() - where listeners listen
 * @p: the protocol
 * @address: filled in
 *
 * Return: the length of the address, bytes.
 */
socklen_t protocol_address(const struct protocol *p, struct sockaddr_storage *address)
{
	struct sockaddr_in *in = (void *)address;
	struct sockaddr_un *un = (void *)address;

	memset(address, 0, sizeof(*address));
	address->ss_family = (sa_family_t)p->family;
	if (p->family == AF_UNIX) {
		/* An abstract name of this process: no file is left behind. */
		return (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
				   (size_t)snprintf(un->sun_path + 1, sizeof(un->sun_path) - 1,
						    "bench-%d", getpid()) + 1);
	}
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in->sin_port = htons(PORT);
	return sizeof(*in);
}

/**
 * protocol_listen() - make a listening socket
 * @p: its protocol
 * @backlog: listen()'s
 * @address: filled in: where to connect to
 * @length: filled in: bytes of @address
 *
 * Return: a descriptor; the process ends when it fails.
 */
int protocol_listen(const struct protocol *p, int backlog, struct sockaddr_storage *address,
		    socklen_t *length)
{
	int fd = protocol_socket(p);

	if (fd < 0)
		err(1, "%s: socket", p->name);
	*length = protocol_address(p, address);
	if (bind(fd, (struct sockaddr *)address, *length))
		err(1, "%s: bind", p->name);
	if (listen(fd, backlog))
		err(1, "%s: listen", p->name);
	return fd;
}

/**
 * protocol_options() - are all options of TCP in force on a connection
 * @p: its protocol
 * @fd: either end
 *
 * HSTP and TCP do the same work only if both have timestamps, scaling and SACK: the process
 * ends if they do not. Other protocols are not asked.
 */
void protocol_options(const struct protocol *p, int fd)
{
	const int all = TCPI_OPT_TIMESTAMPS | TCPI_OPT_SACK | TCPI_OPT_WSCALE;
	struct tcp_info info;
	socklen_t length = sizeof(info);

	if (!p->options)
		return;
	if (getsockopt(fd, p->number, TCP_INFO, &info, &length))
		err(1, "%s: TCP_INFO", p->name);
	if ((info.tcpi_options & all) != all)
		errx(1, "%s: timestamps, SACK and window scaling are not all on: options %#x",
		     p->name, info.tcpi_options);
}

/**
 * protocol_pair() - open one connection over loopback
 * @p: its protocol
 * @pair: filled in: descriptors of the active and of the passive end
 */
void protocol_pair(const struct protocol *p, int pair[2])
{
	struct sockaddr_storage address;
	socklen_t length;
	int listener = protocol_listen(p, 16, &address, &length);

	pair[0] = protocol_socket(p);
	if (pair[0] < 0)
		err(1, "%s: socket", p->name);
	if (connect(pair[0], (struct sockaddr *)&address, length))
		err(1, "%s: connect", p->name);
	pair[1] = accept(listener, NULL, NULL);
	if (pair[1] < 0)
		err(1, "%s: accept", p->name);
	close(listener);
	protocol_options(p, pair[0]);
}
