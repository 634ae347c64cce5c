// SPDX-License-Identifier: GPL-2.0
/* The netlink family "hstp", by way of libmnl's messages and attributes. */
#include "nl.h"

#include <linux/genetlink.h>
#include <poll.h>

#ifndef SOL_NETLINK
#define SOL_NETLINK 270
#endif

_Static_assert((int)HSTP_A_CONN_MAX < NL_ATTRS, "the largest set");

static void take_group(struct nl *nl, const struct nlattr *group)
{
	struct nl_attrs a;
	const char *name;

	nl_nested(group, &a);
	name = mnl_attr_get_str(a.by[CTRL_ATTR_MCAST_GRP_NAME]);
	for (int i = 0; i < 2; i++)
		if (!strcmp(name, i ? "segments" : "events"))
			nl->groups[i] = mnl_attr_get_u32(a.by[CTRL_ATTR_MCAST_GRP_ID]);
}

static void take_family(const struct nlmsghdr *message, void *arg)
{
	const struct nlattr *group;
	struct nl *nl = arg;
	struct nl_attrs a;

	nl_attrs(message, &a);
	nl->family = mnl_attr_get_u16(a.by[CTRL_ATTR_FAMILY_ID]);
	mnl_attr_for_each_nested(group, a.by[CTRL_ATTR_MCAST_GROUPS])
		take_group(nl, group);
}

/**
 * nl_open() - a socket for the family
 * @ns: where
 *
 * Return: the socket, which ends with the test.
 */
struct nl *nl_open(enum net_ns ns)
{
	net_enter(ns);
	return nl_open_here();
}

/**
 * nl_open_here() - a socket for the family in the namespace of the thread
 *
 * Return: the socket.
 */
struct nl *nl_open_here(void)
{
	struct nl *nl = calloc(1, sizeof(*nl));
	struct nlmsghdr *req;
	int on = 1;

	NEED(nl);
	nl->fd = TRY(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
	TRY(setsockopt(nl->fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)));
	TRY(setsockopt(nl->fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on)));
	nl->family = GENL_ID_CTRL;
	req = nl_request(nl, CTRL_CMD_GETFAMILY, 0);
	mnl_attr_put_strz(req, CTRL_ATTR_FAMILY_NAME, HSTP_GENL_NAME);
	SAME(nl_talk(nl, req, take_family, nl), 0);
	NEED(nl->groups[0] && nl->groups[1]);
	return nl;
}

/**
 * nl_close() - close it
 * @nl: the socket
 */
void nl_close(struct nl *nl)
{
	close(nl->fd);
	free(nl);
}

/**
 * nl_request() - begin a request
 * @nl: the socket
 * @cmd: of HSTP_CMD_
 * @flags: NLM_F_DUMP, or 0
 *
 * Return: the message; room for 64 KiB of attributes.
 */
struct nlmsghdr *nl_request(struct nl *nl, int cmd, int flags)
{
	struct nlmsghdr *req = mnl_nlmsg_put_header(nl->request);
	struct genlmsghdr *genl;

	req->nlmsg_type = nl->family;
	req->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags);
	req->nlmsg_seq = ++nl->seq;
	genl = mnl_nlmsg_put_extra_header(req, sizeof(*genl));
	genl->cmd = (uint8_t)cmd;
	genl->version = HSTP_GENL_VERSION;
	return req;
}

/* The innermost attribute of the request that begins at @offset. */
static int type_at(const struct nl *nl, uint32_t offset)
{
	const char *at = nl->request + offset;
	const struct nlmsghdr *req = (const void *)nl->request;

	if (offset + sizeof(struct nlattr) > req->nlmsg_len)
		return 0;
	return mnl_attr_get_type((const struct nlattr *)at);
}

static int error_of(struct nl *nl, const struct nlmsghdr *message)
{
	const struct nlmsgerr *e = mnl_nlmsg_get_payload(message);
	size_t skip = message->nlmsg_type == NLMSG_ERROR ? sizeof(*e) : sizeof(int);
	const struct nlattr *attr;

	nl->text[0] = '\0';
	nl->bad_type = 0;
	nl->bound = (struct nl_value){ .nest = -1 };
	if (message->nlmsg_type == NLMSG_ERROR && e->error &&
	    !(message->nlmsg_flags & NLM_F_CAPPED))
		skip += e->msg.nlmsg_len - sizeof(e->msg);
	if (message->nlmsg_flags & NLM_F_ACK_TLVS)
		mnl_attr_for_each(attr, message, (unsigned int)skip) {
			if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG)
				snprintf(nl->text, sizeof(nl->text), "%s",
					 mnl_attr_get_str(attr));
			else if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_OFFS)
				nl->bad_type = type_at(nl, mnl_attr_get_u32(attr));
			else if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_POLICY)
				nl->bound = nl_value_of(attr);
		}
	return e->error;
}

/**
 * nl_talk() - send a request and take all of its answer
 * @nl: the socket
 * @request: from nl_request()
 * @fn: called for each message of the answer, or NULL
 * @arg: for @fn
 *
 * Return: 0 or a negative errno; @nl then has the text and the attribute.
 */
int nl_talk(struct nl *nl, struct nlmsghdr *request, nl_fn *fn, void *arg)
{
	const struct nlmsghdr *m;
	int len;

	TRY(send(nl->fd, request, request->nlmsg_len, 0));
	for (;;) {
		len = (int)TRY(recv(nl->fd, nl->reply, sizeof(nl->reply), 0));
		for (m = (void *)nl->reply; mnl_nlmsg_ok(m, len); m = mnl_nlmsg_next(m, &len)) {
			if (m->nlmsg_seq != request->nlmsg_seq)
				continue;
			if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE)
				return error_of(nl, m);
			if (fn)
				fn(m, arg);
		}
	}
}

/* The kernel looks for listeners once a tick, and with each command. */
static void nl_notice(const struct nl *joined)
{
	struct nl *nl = calloc(1, sizeof(*nl));

	NEED(nl);
	nl->fd = TRY(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC));
	nl->family = joined->family;
	SAME(nl_talk(nl, nl_request(nl, HSTP_CMD_CONFIG_GET, 0), NULL, NULL), 0);
	nl_close(nl);
}

/**
 * nl_join() - listen to a group
 * @nl: the socket
 * @group: its name
 * @bytes: of the receive buffer; 0: as large as can be
 */
void nl_join(struct nl *nl, const char *group, int bytes)
{
	uint32_t id = nl->groups[!strcmp(group, "segments")];

	if (!bytes)
		bytes = 64 << 20;
	TRY(setsockopt(nl->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)));
	TRY(setsockopt(nl->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &id, sizeof(id)));
	nl_notice(nl);
}

/**
 * nl_told() - what listeners were told until now
 * @nl: the socket
 * @ms: how long to wait for something
 * @fn: called for each message
 * @arg: for @fn
 *
 * Return: number of messages, or -ENOBUFS: some were lost.
 */
int nl_told(struct nl *nl, int ms, nl_fn *fn, void *arg)
{
	struct pollfd p = { .fd = nl->fd, .events = POLLIN };
	const struct nlmsghdr *m;
	int len, count = 0;

	poll(&p, 1, ms);
	for (;;) {
		len = (int)recv(nl->fd, nl->reply, sizeof(nl->reply), MSG_DONTWAIT);
		if (len < 0 && errno == ENOBUFS)
			return -ENOBUFS;
		if (len < 0 && errno == EAGAIN)
			return count;
		TRY(len);
		for (m = (void *)nl->reply; mnl_nlmsg_ok(m, len); m = mnl_nlmsg_next(m, &len)) {
			count++;
			fn(m, arg);
		}
	}
}

void nl_told_count(struct nl *nl, int count, nl_fn *fn, void *arg)
{
	for (int n; count > 0; count -= n) {
		n = nl_told(nl, PATIENCE_MS, fn, arg);
		NEED(n > 0);
	}
	SAME(count, 0);
}

void nl_keep(const struct nlmsghdr *message, void *arg)
{
	struct nl_kept *kept = arg;
	char *bytes = kept->bytes[kept->count];

	NEED(kept->count < NL_KEEP && message->nlmsg_len <= sizeof(kept->bytes[0]));
	memcpy(bytes, message, message->nlmsg_len);
	nl_attrs((const struct nlmsghdr *)bytes, &kept->a[kept->count]);
	kept->count++;
}

static void keep(struct nl_attrs *attrs, const struct nlattr *attr)
{
	uint16_t type = mnl_attr_get_type(attr);

	if (type < NL_ATTRS)
		attrs->by[type] = attr;
}

/**
 * nl_attrs() - the attributes of a message
 * @message: of a generic netlink family
 * @attrs: filled; of several with the same number the last
 */
void nl_attrs(const struct nlmsghdr *message, struct nl_attrs *attrs)
{
	const struct nlattr *attr;

	memset(attrs, 0, sizeof(*attrs));
	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
		keep(attrs, attr);
}

/**
 * nl_nested() - the attributes of a nest
 * @nest: the attribute
 * @attrs: filled
 */
void nl_nested(const struct nlattr *nest, struct nl_attrs *attrs)
{
	const struct nlattr *attr;

	memset(attrs, 0, sizeof(*attrs));
	mnl_attr_for_each_nested(attr, nest)
		keep(attrs, attr);
}

/**
 * nl_value_of() - what the kernel says that an attribute takes
 * @nest: of NL_POLICY_TYPE_ATTR_
 *
 * Return: its words as numbers; the attribute's own number is not among them.
 */
struct nl_value nl_value_of(const struct nlattr *nest)
{
	struct nl_attrs a;

	nl_nested(nest, &a);
	return (struct nl_value){
		.kind = (uint32_t)nl_number(a.by[NL_POLICY_TYPE_ATTR_TYPE]),
		.min = nl_number(a.by[NL_POLICY_TYPE_ATTR_MIN_VALUE_U]),
		.max = nl_number(a.by[NL_POLICY_TYPE_ATTR_MAX_VALUE_U]),
		.mask = nl_number(a.by[NL_POLICY_TYPE_ATTR_MASK]),
		.longest = (uint32_t)nl_number(a.by[NL_POLICY_TYPE_ATTR_MAX_LENGTH]),
		.nest = a.by[NL_POLICY_TYPE_ATTR_POLICY_IDX] ?
			(int)mnl_attr_get_u32(a.by[NL_POLICY_TYPE_ATTR_POLICY_IDX]) : -1,
	};
}

/**
 * nl_number() - the value of an unsigned attribute
 * @attr: attribute of any width, or NULL
 *
 * Return: the value; 0 when there is no attribute.
 */
uint64_t nl_number(const struct nlattr *attr)
{
	uint64_t wide;

	if (!attr)
		return 0;
	switch (mnl_attr_get_payload_len(attr)) {
	case 1:
		return mnl_attr_get_u8(attr);
	case 2:
		return mnl_attr_get_u16(attr);
	case 4:
		return mnl_attr_get_u32(attr);
	default:
		SAME(mnl_attr_get_payload_len(attr), 8);
		memcpy(&wide, mnl_attr_get_payload(attr), sizeof(wide));
		return wide;
	}
}

/**
 * nl_match_end() - ask for one connection
 * @request: gets the nest
 * @end: its local end; the other end is the remote one
 */
void nl_match_end(struct nlmsghdr *request, const struct end *end)
{
	struct nlattr *nest = mnl_attr_nest_start(request, HSTP_A_CONN_MATCH);

	mnl_attr_put_u32(request, HSTP_A_MATCH_LOCAL_ADDRESS, end->addr);
	mnl_attr_put_u16(request, HSTP_A_MATCH_LOCAL_PORT, htons(end->port));
	mnl_attr_put_u32(request, HSTP_A_MATCH_REMOTE_ADDRESS, end->other->addr);
	mnl_attr_put_u16(request, HSTP_A_MATCH_REMOTE_PORT, htons(end->other->port));
	mnl_attr_nest_end(request, nest);
}
