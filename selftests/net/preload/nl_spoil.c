// SPDX-License-Identifier: GPL-2.0
/* Preloaded into hstp, which says nothing wrong by itself: the attribute HSTP_SPOIL_TYPE of a
 * command HSTP_SPOIL_COMMAND is given HSTP_SPOIL_BYTE as each of its bytes, or, when that is
 * 256, another number, as if a newer program spoke to an older module.
 */
#include <dlfcn.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static int variable(const char *name)
{
	const char *text = getenv(name);

	return text ? atoi(text) : -1;
}

static void spoil_in(char *at, char *end)
{
	int type = variable("HSTP_SPOIL_TYPE"), byte = variable("HSTP_SPOIL_BYTE");
	struct nlattr *attr;

	for (; at + NLA_HDRLEN <= end; at += NLA_ALIGN(attr->nla_len)) {
		attr = (struct nlattr *)at;
		if (attr->nla_len < NLA_HDRLEN || at + attr->nla_len > end)
			return;
		if (attr->nla_type & NLA_F_NESTED)
			spoil_in(at + NLA_HDRLEN, at + attr->nla_len);
		else if (attr->nla_type == type && byte == 256)
			attr->nla_type = 200;
		else if (attr->nla_type == type)
			memset(at + NLA_HDRLEN, byte, attr->nla_len - NLA_HDRLEN);
	}
}

static void spoil(struct nlmsghdr *nlh, size_t len)
{
	struct genlmsghdr *genl = NLMSG_DATA(nlh);

	if (len < NLMSG_LENGTH(GENL_HDRLEN) || nlh->nlmsg_type == GENL_ID_CTRL)
		return;
	if (genl->cmd == variable("HSTP_SPOIL_COMMAND"))
		spoil_in((char *)genl + GENL_HDRLEN, (char *)nlh + len);
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags, const struct sockaddr *addr,
	       socklen_t addr_len)
{
	ssize_t (*next)(int fd, const void *buf, size_t len, int flags,
			const struct sockaddr *addr, socklen_t addr_len);
	void *symbol = dlsym(RTLD_NEXT, "sendto");
	char *copy = malloc(len);
	ssize_t sent = -1;

	if (!copy)
		return sent;
	memcpy(&next, &symbol, sizeof(next));
	memcpy(copy, buf, len);
	spoil((struct nlmsghdr *)copy, len);
	sent = next(fd, copy, len, flags, addr, addr_len);
	free(copy);
	return sent;
}
