// SPDX-License-Identifier: GPL-2.0
/* What rules and events of segments cost where there are none: a branch that the kernel patches
 * out, on the way of segments in all namespaces. A kprobe counts the calls behind it.
 *
 * Needs a kernel with CONFIG_KPROBE_EVENTS.
 */
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>

#include "fault.h"

#define TRACING	"/sys/kernel/tracing/"

/* Behind hstp_fault_key and hstp_segment_key. */
enum { FAULT, SEGMENT, BRANCHES };

static const char *const behind[BRANCHES] = { "hstp_fault_meets", "hstp_event_tell_in" };

static void remove_probes(void)
{
	net_write(TRACING "events/hstp_cost/enable", "0", 0);
	for (int i = 0; i < BRANCHES; i++) {
		char text[64];

		snprintf(text, sizeof(text), "-:hstp_cost/%s", behind[i]);
		net_write(TRACING "kprobe_events", text, O_APPEND);
	}
}

static void set_probes(void)
{
	at_death(remove_probes);
	remove_probes();
	for (int i = 0; i < BRANCHES; i++) {
		char text[100];

		snprintf(text, sizeof(text), "p:hstp_cost/%s hstp:%s", behind[i], behind[i]);
		SAME(net_write(TRACING "kprobe_events", text, O_APPEND), 0);
	}
	SAME(net_write(TRACING "events/hstp_cost/enable", "1", 0), 0);
}

static long calls(int branch)
{
	FILE *file = fopen(TRACING "kprobe_profile", "re");
	char line[200], name[100];
	long hits, found = -1;

	NEED(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, " %99s %ld", name, &hits) == 2 && !strcmp(name, behind[branch]))
			found = hits;
	fclose(file);
	NEED(found >= 0);
	return found;
}

/* A connection over A's loopback, whose segments pass both places. */
struct flow {
	int client, server;
};

static long passes(const struct flow *flow, int branch)
{
	long before = calls(branch);

	fd_send(flow->client, "text");
	fd_recv(flow->server, "text");
	return calls(branch) - before;
}

#define COSTS(branch)	NEED(passes(&flow, branch) > 0)
#define FREE(branch)	SAME(passes(&flow, branch), 0)

/* Rules or step mode in a namespace that ends with its only process. */
static void die_with(enum net_ns ns, bool rule, bool step, bool segments)
{
	int status;
	pid_t child = TRY(fork());

	if (!child) {
		struct nl *nl;

		net_enter(ns);
		TRY(unshare(CLONE_NEWNET));
		nl = nl_open_here();
		if (rule)
			fault_add(nl, .way = OUT, .action = DROP);
		if (step)
			SAME(step_set(nl, true), 0);
		if (segments) {
			struct nlmsghdr *req = nl_request(nl, HSTP_CMD_CONFIG_SET, 0);

			mnl_attr_put_u32(req, HSTP_A_CONFIG_SEGMENT_EVENTS, 1);
			SAME(nl_talk(nl, req, NULL, NULL), 0);
		}
		_exit(0);
	}
	SAME(TRY(waitpid(child, &status, 0)), child);
	SAME(status, 0);
}

/* As often as rules come and go, in whatever namespace: with the last of them all is as before.
 */
TEST(branches)
{
	struct end here = { .ns = NS_A, .addr = htonl(INADDR_LOOPBACK), .port = 80 };
	struct sockaddr_in to = addr_of(here.addr, here.port);
	struct nl *nl[2];
	struct flow flow;
	uint32_t id[2];
	int listener;

	if (access(TRACING "kprobe_events", W_OK))
		SKIP(return, "this kernel has no kprobe events");
	net_pair();
	for (int i = 0; i < 2; i++)
		nl[i] = nl_open(i ? NS_B : NS_A);
	listener = fd_listen(&here, 1);
	flow.client = fd_new(NS_A);
	TRY(connect(flow.client, (struct sockaddr *)&to, sizeof(to)));
	flow.server = fd_accept(listener);
	fd_nodelay(flow.client);
	set_probes();

	/* Namespaces of tests before this one may still be dying. */
	WAIT(!passes(&flow, FAULT) && !passes(&flow, SEGMENT));
	id[0] = fault_add(nl[1], .way = OUT, .fport = 1, .action = DROP);
	COSTS(FAULT);
	id[1] = fault_add(nl[1], .way = OUT, .fport = 2, .action = DROP);
	SAME(fault_del(nl[1], id[0]), 0);
	COSTS(FAULT);
	SAME(fault_del(nl[1], id[1]), 0);
	FREE(FAULT);

	/* Step mode and rules, in both orders; twice on, twice off. */
	for (int i = 0; i < 2; i++) {
		SAME(step_set(nl[1], true), 0);
		SAME(step_set(nl[1], true), 0);
		fault_add(nl[1], .way = OUT, .fport = 1, .action = DROP);
		if (i)
			SAME(fault_flush(nl[1]), 0);
		else
			SAME(step_set(nl[1], false), 0);
		COSTS(FAULT);
		SAME(fault_flush(nl[1]), 0);
		SAME(step_set(nl[1], false), 0);
		SAME(step_set(nl[1], false), 0);
		FREE(FAULT);
	}

	/* Two namespaces. */
	fault_add(nl[0], .way = OUT, .fport = 1, .action = DROP);
	fault_add(nl[1], .way = OUT, .fport = 1, .action = DROP);
	SAME(fault_flush(nl[0]), 0);
	COSTS(FAULT);
	SAME(fault_flush(nl[1]), 0);
	FREE(FAULT);

	net_hstp(NS_B, "segment_events", 1);
	COSTS(SEGMENT);
	net_hstp(NS_B, "segment_events", 1);
	net_hstp(NS_B, "segment_events", 0);
	FREE(SEGMENT);
	FREE(FAULT);

	/* They take it with them. */
	for (int i = 1; i < 8; i++)
		die_with(NS_B, i & 1, i & 2, i & 4);
	WAIT(!passes(&flow, FAULT) && !passes(&flow, SEGMENT));
	FREE(FAULT);
	FREE(SEGMENT);
	remove_probes();
}

TEST_HARNESS_MAIN
