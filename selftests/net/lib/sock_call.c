// SPDX-License-Identifier: GPL-2.0
/*
 * A socket call that blocks, made by a thread of its own; and how a test knows
 * that the thread has gone to sleep in it.
 */
#define _GNU_SOURCE
#include "sock_call.h"
#include "sock_pair.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static void *run(void *arg)
{
	struct st_call *call = arg;
	struct pollfd p = { .fd = call->fd, .events = call->flags };

	__atomic_store_n(&call->tid, gettid(), __ATOMIC_RELEASE);
	errno = 0;
	switch (call->nr) {
	case SYS_accept:
		call->ret = accept(call->fd, NULL, NULL);
		break;
	case SYS_close:
		call->ret = close(call->fd);
		break;
	case SYS_connect:
		call->ret = connect(call->fd, (struct sockaddr *)&call->addr,
				    sizeof(call->addr));
		break;
	case SYS_poll:
		call->ret = poll(&p, 1, ST_WAIT_MS);
		if (call->ret > 0)
			call->ret = p.revents;
		break;
	case SYS_recvfrom:
		call->ret = recv(call->fd, call->buf, call->len, call->flags);
		break;
	case SYS_sendto:
		call->ret = send(call->fd, call->buf, call->len, call->flags);
		break;
	default:
		call->ret = -1;
		errno = ENOSYS;
	}
	call->err = call->ret < 0 ? errno : 0;
	return NULL;
}

/**
 * st_call_until_blocked - wait until a thread sleeps in a system call
 * @tid: a thread of this process, or another process
 * @nr: the call's number
 *
 * Return: 0 once it sleeps in that call, -1 when it never did.
 */
int st_call_until_blocked(pid_t tid, long nr)
{
	long long end = st_now_ms() + ST_WAIT_MS;
	char path[64];
	long seen;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/syscall", tid);
	while (st_now_ms() < end) {
		file = fopen(path, "r");
		if (!file)
			return -1;
		/* A thread that runs reads as "running". */
		if (fscanf(file, "%ld", &seen) != 1)
			seen = -1;
		fclose(file);
		if (seen == nr)
			return 0;
		st_pause();
	}
	return -1;
}

/**
 * st_call_start - make a call in a thread, without waiting for it
 * @call: the call
 *
 * Return: 0, or -1.
 */
int st_call_start(struct st_call *call)
{
	call->tid = 0;
	return pthread_create(&call->thread, NULL, run, call) ? -1 : 0;
}

/**
 * st_call_blocked - make a call in a thread and wait until it blocks
 * @call: the call
 *
 * Return: 0 once the thread sleeps in the call, -1 when it does not.
 */
int st_call_blocked(struct st_call *call)
{
	pid_t tid;

	if (st_call_start(call))
		return -1;
	while (!(tid = __atomic_load_n(&call->tid, __ATOMIC_ACQUIRE)))
		st_pause();
	return st_call_until_blocked(tid, call->nr);
}

/**
 * st_call_join - wait until a call returns
 * @call: the call; its outcome is in @call->ret and @call->err
 *
 * Return: 0, or -1 when it did not return within %ST_WAIT_MS.
 */
int st_call_join(struct st_call *call)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += ST_WAIT_MS / 1000;
	return pthread_timedjoin_np(call->thread, NULL, &end) ? -1 : 0;
}
