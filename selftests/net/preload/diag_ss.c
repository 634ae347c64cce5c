// SPDX-License-Identifier: GPL-2.0
/* Preloaded into ss, which knows no protocol by its number: what it asks sock_diag about TCP
 * is asked about HSTP.
 */
#include <dlfcn.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static void translate(const struct msghdr *msg)
{
	struct {
		struct nlmsghdr head;
		struct inet_diag_req_v2 r;
	} *request;

	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		if (msg->msg_iov[i].iov_len < sizeof(*request))
			continue;
		request = msg->msg_iov[i].iov_base;
		if (request->head.nlmsg_type != SOCK_DIAG_BY_FAMILY &&
		    request->head.nlmsg_type != SOCK_DESTROY)
			continue;
		if (request->r.sdiag_protocol == IPPROTO_TCP)
			request->r.sdiag_protocol = 253;
	}
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	ssize_t (*next)(int fd, const struct msghdr *msg, int flags);
	void *symbol = dlsym(RTLD_NEXT, "sendmsg");

	memcpy(&next, &symbol, sizeof(next));
	translate(msg);
	return next(fd, msg, flags);
}
