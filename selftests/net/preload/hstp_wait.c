// SPDX-License-Identifier: GPL-2.0
/* Preloaded into hstp, which does not wait between what it looks at and what it does: it stops
 * before the first command HSTP_WAIT_COMMAND that it sends, until it is told to go on.
 */
#include <dlfcn.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
	       socklen_t addr_len)
{
	ssize_t (*next)(int fd, const void *buf, size_t len, int flags,
			const struct sockaddr *addr, socklen_t addr_len);
	void *symbol = dlsym(RTLD_NEXT, "sendto");
	const char *command = getenv("HSTP_WAIT_COMMAND");
	const struct nlmsghdr *nlh = buf;
	static bool waited;

	memcpy(&next, &symbol, sizeof(next));
	if (!waited && command && len >= NLMSG_LENGTH(GENL_HDRLEN) &&
	    nlh->nlmsg_type != GENL_ID_CTRL &&
	    ((const struct genlmsghdr *)NLMSG_DATA(nlh))->cmd == atoi(command)) {
		waited = true;
		raise(SIGSTOP);
	}
	return next(fd, buf, len, flags, addr, addr_len);
}
