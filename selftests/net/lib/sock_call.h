/* SPDX-License-Identifier: GPL-2.0 */
/* A socket call that blocks, made by a thread of its own. */
#ifndef SOCK_CALL_H
#define SOCK_CALL_H

#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>

struct st_call {
	/* Set by the caller; what a call has no use for stays 0. */
	long nr;		/* SYS_recvfrom, SYS_sendto, SYS_connect, … */
	int fd;
	void *buf;
	size_t len;
	int flags;
	struct sockaddr_in addr;

	/* Its outcome, once st_call_join() returned. */
	long ret;
	int err;		/* errno, 0 when ret is not negative */

	pthread_t thread;
	pid_t tid;
};

int st_call_start(struct st_call *call);
int st_call_blocked(struct st_call *call);
int st_call_join(struct st_call *call);
int st_call_until_blocked(pid_t tid, long nr);

#endif
