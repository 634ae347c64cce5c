/* SPDX-License-Identifier: GPL-2.0 */
/* Socket calls of an end of a connection, on HSTP or TCP alike. */
#ifndef HSTP_TEST_FD_H
#define HSTP_TEST_FD_H

#include "wire.h"
#include "sock_call.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

/* The protocol of all helpers: 253, or what the variable HSTP_TEST_PROTOCOL says. A
 * test may set it, to run the same steps on TCP (IPPROTO_TCP).
 */
extern int proto;

struct sockaddr_in addr_of(uint32_t addr, uint16_t port); /* network, host order */

int fd_new(enum net_ns ns);			/* SO_REUSEADDR is on */
int fd_new_flags(enum net_ns ns, int flags);	/* SOCK_NONBLOCK ... */
int fd_bound(const struct end *end);		/* new, bound to @end's name */
int fd_listen(const struct end *end, int backlog);	/* and listening */
int fd_start(const struct end *end);		/* and connecting (EINPROGRESS) to the other
						 * end; blocking calls again when done
						 */
int fd_connected(int fd);	/* waits for connect() to end; returns SO_ERROR */
int fd_accept(int fd);	/* waits, accepts; blocking socket */
void fd_no_accept(int fd);	/* nothing is there to be accepted */

/* Text as a string, or the pattern of wire_pattern(). */
#define fd_send(fd, text) fd_send_at(__FILE__, __LINE__, fd, text)
void fd_send_at(const char *file, int line, int fd, const char *text);
#define fd_recv(fd, text) fd_recv_at(__FILE__, __LINE__, fd, text)
void fd_recv_at(const char *file, int line, int fd, const char *text);
#define fd_eof(fd) fd_eof_at(__FILE__, __LINE__, fd)
void fd_eof_at(const char *file, int line, int fd);	/* recv() gives 0 */
#define fd_empty(fd) fd_empty_at(__FILE__, __LINE__, fd)
void fd_empty_at(const char *file, int line, int fd);	/* recv() gives EAGAIN */

void fd_linger(int fd, int on, int seconds);
int fd_level(int fd);		/* its protocol: the level of its own options */
void fd_nodelay(int fd);
int fd_error(int fd);				/* SO_ERROR */
short fd_events(int fd, short events, int ms);	/* poll() */
void fd_close(int fd);			/* must succeed */
void fd_shut(int fd, int how);		/* must succeed */
void fd_block(int fd, bool block);
void fd_timeouts(int fd, int ms);		/* SO_RCVTIMEO, SO_SNDTIMEO */

/* A blocking call in a thread (sock_call.h): asleep in the kernel when this returns. */
#define call_asleep(call) do {						\
	if (st_call_blocked(call))					\
		die(__FILE__, __LINE__, "the call did not block");	\
} while (0)
/* It returns, with this value and this errno. */
#define call_returns(call, ret, err) call_returns_at(__FILE__, __LINE__, call, ret, err)
void call_returns_at(const char *file, int line, struct st_call *call, long ret, int err);

#endif /* HSTP_TEST_FD_H */
