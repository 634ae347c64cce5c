// SPDX-License-Identifier: GPL-2.0
/* One request and its replies; finding the family. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "nl.h"
#include "refusal.h"

static int family_group(const struct nlattr *group, void *data)
{
	struct nl *nl = data;
	struct attrs attrs;

	attrs_in(group, &attrs);
	if (!has(&attrs, CTRL_ATTR_MCAST_GRP_NAME) || !has(&attrs, CTRL_ATTR_MCAST_GRP_ID))
		return MNL_CB_OK;
	if (!strcmp(mnl_attr_get_str(attrs.at[CTRL_ATTR_MCAST_GRP_NAME]), HSTP_MCGRP_EVENTS))
		nl->group_events = (uint32_t)number(&attrs, CTRL_ATTR_MCAST_GRP_ID);
	else
		nl->group_segments = (uint32_t)number(&attrs, CTRL_ATTR_MCAST_GRP_ID);
	return MNL_CB_OK;
}

static int family_reply(const struct nlmsghdr *nlh, void *data)
{
	struct nl *nl = data;
	struct attrs attrs;

	attrs_of(nlh, &attrs);
	nl->family = (uint16_t)number(&attrs, CTRL_ATTR_FAMILY_ID);
	if (has(&attrs, CTRL_ATTR_MCAST_GROUPS))
		mnl_attr_parse_nested(attrs.at[CTRL_ATTR_MCAST_GROUPS], family_group, nl);
	return 0;
}

/**
 * nl_open() - a socket of generic netlink on which the family "hstp" was found
 *
 * Does not return when there is none: says how to load the module.
 */
struct nl *nl_open(void)
{
	struct nl *nl = need(calloc(1, sizeof(*nl)));
	char request[256];
	struct nlmsghdr *nlh;
	int on = 1, err;

	nl->socket = mnl_socket_open2(NETLINK_GENERIC, SOCK_CLOEXEC);
	if (!nl->socket || mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		quit(FAILED, "netlink socket: %s", strerror(errno));
	/* Without them there is less to say about a refusal, that is all. */
	mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	mnl_socket_setsockopt(nl->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	nl->seq = (uint32_t)time(NULL);

	nl->family = GENL_ID_CTRL;
	nlh = nl_begin(nl, request, CTRL_CMD_GETFAMILY, NLM_F_ACK);
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, HSTP_GENL_NAME);
	err = nl_call(nl, nlh, family_reply, nl);
	if (err == -ENOENT)
		quit(FAILED,
		     "the module hstp is not loaded: as root, \"modprobe hstp\", or \"insmod hstp.ko\" where it was built");
	if (err < 0)
		quit(FAILED, "looking for netlink family \"%s\": %s", HSTP_GENL_NAME, nl->error);
	return nl;
}

void nl_close(struct nl *nl)
{
	mnl_socket_close(nl->socket);
	free(nl);
}

/**
 * nl_begin() - the head of a request
 * @nl: from nl_open()
 * @buffer: for the whole request, aligned and large enough
 * @command: HSTP_CMD_...
 * @flags: NLM_F_ACK or NLM_F_DUMP
 */
struct nlmsghdr *nl_begin(struct nl *nl, void *buffer, uint8_t command, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl;

	nlh->nlmsg_type = nl->family;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(nlh, sizeof(*genl));
	genl->cmd = command;
	genl->version = HSTP_GENL_VERSION;
	return nlh;
}

/* Return: 0, or -errno with the kernel's words in @nl->error. */
static int outcome(struct nl *nl, const struct nlmsghdr *request, const struct nlmsghdr *nlh)
{
	int err = 0;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	if (err < 0)
		refusal_words(nl->error, sizeof(nl->error), request, nlh, -err);
	return err;
}

/* One datagram. Return: 1 when more are to come, else what nl_call() returns. */
static int take(struct nl *nl, int len, const struct nlmsghdr *request, nl_reply reply,
		void *data)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)nl->buffer;
	int err;

	for (; mnl_nlmsg_ok(nlh, len); nlh = mnl_nlmsg_next(nlh, &len)) {
		if (nlh->nlmsg_seq != request->nlmsg_seq)
			continue;
		/* The end of a dump can carry an error too. */
		if (nlh->nlmsg_type == NLMSG_ERROR || nlh->nlmsg_type == NLMSG_DONE)
			return outcome(nl, request, nlh);
		if (nlh->nlmsg_type < NLMSG_MIN_TYPE)
			continue;
		err = reply ? reply(nlh, data) : 0;
		if (err < 0)
			return err;
	}
	return 1;
}

/**
 * nl_call() - send a request and hand each reply on, up to the ACK or the dump's end
 * @nl: from nl_open()
 * @nlh: the request, from nl_begin() with NLM_F_ACK or NLM_F_DUMP
 * @reply: called for each message, or NULL; less than 0 ends the call with that error
 * @data: for @reply
 *
 * Return: 0, or -errno with the reason in @nl->error.
 */
int nl_call(struct nl *nl, struct nlmsghdr *nlh, nl_reply reply, void *data)
{
	ssize_t len;
	int more;

	if (mnl_socket_sendto(nl->socket, nlh, nlh->nlmsg_len) < 0)
		goto error;
	do {
		len = mnl_socket_recvfrom(nl->socket, nl->buffer, sizeof(nl->buffer));
		if (len < 0 && errno == EINTR) {
			more = 1;
			continue;
		}
		if (len < 0)
			goto error;
		more = take(nl, (int)len, nlh, reply, data);
	} while (more == 1);
	return more;
error:
	more = -errno;
	snprintf(nl->error, sizeof(nl->error), "netlink: %s", strerror(-more));
	return more;
}

/**
 * nl_join() - hear a multicast group
 * @nl: from nl_open()
 * @group: nl->group_events or nl->group_segments
 *
 * Return: 0, or -errno.
 */
int nl_join(struct nl *nl, uint32_t group)
{
	if (mnl_socket_setsockopt(nl->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return 0;
}

static_assert((int)HSTP_A_CONN_MAX < ATTRS, "the largest set");

static int keep(const struct nlattr *attr, void *data)
{
	struct attrs *attrs = data;

	if (mnl_attr_get_type(attr) < ATTRS)
		attrs->at[mnl_attr_get_type(attr)] = attr;
	return MNL_CB_OK;
}

/* The attributes of a message of generic netlink. */
void attrs_of(const struct nlmsghdr *nlh, struct attrs *attrs)
{
	memset(attrs, 0, sizeof(*attrs));
	attrs->message = nlh;
	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), keep, attrs);
}

/* The attributes in a nest. */
void attrs_in(const struct nlattr *nest, struct attrs *attrs)
{
	memset(attrs, 0, sizeof(*attrs));
	mnl_attr_parse_nested(nest, keep, attrs);
}

/* A number of whatever width; a flag is 1. */
uint64_t attr_number(const struct nlattr *attr)
{
	switch (mnl_attr_get_payload_len(attr)) {
	case 0:
		return 1;
	case 1:
		return mnl_attr_get_u8(attr);
	case 2:
		return mnl_attr_get_u16(attr);
	case 4:
		return mnl_attr_get_u32(attr);
	case 8:
		return mnl_attr_get_u64(attr);
	default:
		return 0;
	}
}

/* A port in host order; 0 when absent. */
uint16_t attr_port(const struct nlattr *attr)
{
	const uint8_t *bytes;

	if (!attr || mnl_attr_get_payload_len(attr) != 2)
		return 0;
	bytes = mnl_attr_get_payload(attr);
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

struct addr attr_addr(const struct nlattr *attr)
{
	struct addr addr = { };
	uint16_t len = attr ? mnl_attr_get_payload_len(attr) : 0;

	if (len != 4 && len != 16)
		return addr;
	addr.len = (uint8_t)len;
	memcpy(addr.bytes, mnl_attr_get_payload(attr), len);
	return addr;
}
