// SPDX-License-Identifier: GPL-2.0
/* A pair of veth devices, asked for in one message: starting ip(8) for it would be most of
 * what a test costs on an emulated machine.
 */
#include "net_link.h"

#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>

#define REPLY_MAX	8192

static void put_device(struct nlmsghdr *nlh, const char *name, const uint8_t *mac)
{
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	if (mac)
		mnl_attr_put(nlh, IFLA_ADDRESS, 6, mac);
}

/**
 * net_link_add() - make two devices that are joined
 * @name: of the one in the calling thread's namespace
 * @mac: its address, or NULL for any
 * @peer: of the other
 * @peer_mac: its address, or NULL
 * @peer_ns: descriptor of the namespace that the other goes to
 */
void net_link_add(const char *name, const uint8_t *mac, const char *peer,
		  const uint8_t *peer_mac, int peer_ns)
{
	char buf[1024], reply[REPLY_MAX];
	struct mnl_socket *nl = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlattr *info, *data, *other;
	int len;

	NEED(nl);
	TRY(mnl_socket_bind(nl, 0, MNL_SOCKET_AUTOPID));
	nlh->nlmsg_type = RTM_NEWLINK;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	put_device(nlh, name, mac);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "veth");
	data = mnl_attr_nest_start(nlh, IFLA_INFO_DATA);
	other = mnl_attr_nest_start(nlh, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	put_device(nlh, peer, peer_mac);
	mnl_attr_put_u32(nlh, IFLA_NET_NS_FD, (uint32_t)peer_ns);
	mnl_attr_nest_end(nlh, other);
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, info);

	TRY(mnl_socket_sendto(nl, nlh, nlh->nlmsg_len));
	len = (int)TRY(mnl_socket_recvfrom(nl, reply, sizeof(reply)));
	if (mnl_cb_run(reply, (size_t)len, 0, mnl_socket_get_portid(nl), NULL, NULL) < 0)
		die_errno(__FILE__, __LINE__, "making a veth device");
	mnl_socket_close(nl);
}
