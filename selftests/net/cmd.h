/* SPDX-License-Identifier: GPL-2.0 */
/* The command hstp, run by a test: what it says and how it ends. */
#ifndef CMD_H
#define CMD_H

#include <arpa/inet.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>

#include "lib/fd.h"
#include "lib/net.h"
#include "lib/sock_pair.h"

/* An emulated machine takes its time to start a program, and some tests start thirty. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	180

struct cmd {
	pid_t pid;
	int fd;			/* its output and its messages */
	int status;		/* of its exit */
	size_t len;
	char out[1 << 17];
};

/* Begin "hstp ARGUMENTS"; the shell divides them. */
static inline void cmd_start(struct cmd *c, const char *arguments)
{
	char line[2048];
	int ends[2];

	TRY(pipe(ends));
	c->len = 0;
	c->out[0] = '\0';
	c->pid = TRY(fork());
	if (!c->pid) {
		snprintf(line, sizeof(line), "exec %s %s", HSTP_CMD, arguments);
		dup2(ends[1], 1);
		dup2(ends[1], 2);
		close(ends[0]);
		close(ends[1]);
		execl("/bin/sh", "sh", "-c", line, NULL);
		_exit(127);
	}
	close(ends[1]);
	c->fd = ends[0];
}

/* Take what it has said by now; false at its end. */
static inline bool cmd_read(struct cmd *c, int ms)
{
	struct pollfd fd = { .fd = c->fd, .events = POLLIN };
	ssize_t len;

	if (TRY(poll(&fd, 1, ms)) == 0)
		return true;
	NEED(c->len < sizeof(c->out) - 1);
	len = TRY(read(c->fd, c->out + c->len, sizeof(c->out) - 1 - c->len));
	c->len += (size_t)len;
	c->out[c->len] = '\0';
	return len > 0;
}

/* Wait until it has said @text. */
static inline void cmd_says(struct cmd *c, const char *text)
{
	uint64_t end = now_ms() + PATIENCE_MS;

	while (!strstr(c->out, text)) {
		if (!cmd_read(c, 100))
			die(__FILE__, __LINE__, "hstp ended before \"%s\": %s", text, c->out);
		if (now_ms() > end)
			die(__FILE__, __LINE__, "\"%s\" was not said: %s", text, c->out);
	}
}

/* Wait for its end. */
static inline void cmd_end(struct cmd *c)
{
	uint64_t end = now_ms() + 3 * PATIENCE_MS;
	int status;

	while (cmd_read(c, 1000)) {
		if (now_ms() < end)
			continue;
		kill(c->pid, SIGKILL);
		die(__FILE__, __LINE__, "hstp does not end: %s", c->out);
	}
	close(c->fd);
	SAME(TRY(waitpid(c->pid, &status, 0)), c->pid);
	if (!WIFEXITED(status))
		die(__FILE__, __LINE__, "hstp ended by signal %d: %s", WTERMSIG(status), c->out);
	c->status = WEXITSTATUS(status);
}

static inline void cmd_stop(struct cmd *c)
{
	TRY(kill(c->pid, SIGINT));
	cmd_end(c);
}

/* Run it; its exit status must be @status. */
static inline void cmd(struct cmd *c, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static inline void cmd(struct cmd *c, int status, const char *fmt, ...)
{
	char arguments[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(arguments, sizeof(arguments), fmt, args);
	va_end(args);
	cmd_start(c, arguments);
	cmd_end(c);
	if (c->status != status)
		die(__FILE__, __LINE__, "hstp %s: exit status %d, not %d: %s", arguments,
		    c->status, status, c->out);
}

/* How often is @text in what it said? */
static inline int cmd_count(const struct cmd *c, const char *text)
{
	int count = 0;

	for (const char *at = c->out; (at = strstr(at, text)); at++)
		count++;
	return count;
}

static inline void cmd_has(const struct cmd *c, const char *text)
{
	if (!strstr(c->out, text))
		die(__FILE__, __LINE__, "\"%s\" is not in: %s", text, c->out);
}

static inline uint16_t port_of(int fd)
{
	struct sockaddr_in addr;
	socklen_t len = sizeof(addr);

	TRY(getsockname(fd, (struct sockaddr *)&addr, &len));
	return ntohs(addr.sin_port);
}

/* A namespace, and in it a listener and a connection over the loopback device. */
static inline void cmd_pair(struct st_pair *pair)
{
	net_alone();
	net_enter(NS_A);
	NEED(!st_pair_open(pair, proto));
}

#endif /* CMD_H */
