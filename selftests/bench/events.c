// SPDX-License-Identifier: GPL-2.0
/* Someone who listens to HSTP's events, and the switch that turns them off. */
#include <err.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/hstp_netlink.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define SWITCH "/sys/module/hstp/parameters/events"
#define BUFFER 65536

static int take_group(const struct nlattr *group, uint32_t *id)
{
	const struct nlattr *attr;
	const char *name = "";
	uint32_t number = 0;

	mnl_attr_for_each_nested(attr, group) {
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_NAME)
			name = mnl_attr_get_str(attr);
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GRP_ID)
			number = mnl_attr_get_u32(attr);
	}
	if (!strcmp(name, HSTP_MCGRP_EVENTS))
		*id = number;
	return MNL_CB_OK;
}

static int take_family(const struct nlmsghdr *message, void *id)
{
	const struct nlattr *attr, *group;

	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == CTRL_ATTR_MCAST_GROUPS)
			mnl_attr_for_each_nested(group, attr)
				take_group(group, id);
	return MNL_CB_OK;
}

static uint32_t group_of_events(struct mnl_socket *s)
{
	char buffer[BUFFER];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *genl;
	uint32_t id = 0;
	ssize_t len;

	request->nlmsg_type = GENL_ID_CTRL;
	request->nlmsg_flags = NLM_F_REQUEST;
	genl = mnl_nlmsg_put_extra_header(request, sizeof(*genl));
	genl->cmd = CTRL_CMD_GETFAMILY;
	genl->version = 1;
	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, HSTP_GENL_NAME);
	if (mnl_socket_sendto(s, request, request->nlmsg_len) < 0)
		err(1, "netlink");
	len = mnl_socket_recvfrom(s, buffer, sizeof(buffer));
	if (len < 0 || mnl_cb_run(buffer, (size_t)len, 0, 0, take_family, &id) < 0 || !id)
		errx(1, "the netlink family hstp has no group of events");
	return id;
}

static struct mnl_socket *join(void)
{
	struct mnl_socket *s = mnl_socket_open(NETLINK_GENERIC);
	uint32_t group;

	if (!s || mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID))
		err(1, "netlink");
	group = group_of_events(s);
	if (mnl_socket_setsockopt(s, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)))
		err(1, "joining the group of events");
	return s;
}

/**
 * events_listen() - somebody else begins to read all events of this namespace
 *
 * Return: whom events_leave() stops.
 */
pid_t events_listen(void)
{
	struct mnl_socket *s = join();
	pid_t pid = fork();
	char buffer[BUFFER];

	if (pid < 0)
		err(1, "fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			if (recv(mnl_socket_get_fd(s), buffer, sizeof(buffer), 0) < 0)
				_exit(1);	/* ENOBUFS: it was no listener */
	}
	mnl_socket_close(s);
	return pid;
}

/**
 * events_leave() - the listener goes
 * @pid: from events_listen()
 *
 * Return: true when it has got all of them.
 */
bool events_leave(pid_t pid)
{
	int status;

	kill(pid, SIGTERM);
	return waitpid(pid, &status, 0) == pid && WIFSIGNALED(status);
}

/**
 * events_switch() - have HSTP look for listeners, or not
 * @on: look
 */
void events_switch(bool on)
{
	FILE *f = fopen(SWITCH, "w");

	if (!f || fprintf(f, "%d\n", on) < 0 || fclose(f))
		err(1, SWITCH);
}
