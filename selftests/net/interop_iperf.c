// SPDX-License-Identifier: GPL-2.0
/* iperf3 and socat, one end on HSTP and one on TCP. */
#include "programs.h"

static void iperf(enum net_ns server, enum net_ns user)
{
	serve(server, 5201, "iperf3 -s -B %s", ADDR(server));
	client(user, "iperf3 -c %s -n 10M", ADDR(server));
	client(user, "iperf3 -c %s -n 10M -R", ADDR(server));
	client(user, "iperf3 -c %s -n 4M -P 4 -N", ADDR(server));
	spoken(9);
}

TEST_F(programs, iperf3_to_iperf3)
{
	iperf(NS_B, NS_A);
}

TEST_F(programs, iperf3_from_iperf3)
{
	iperf(NS_A, NS_B);
}

static void pipe_through(enum net_ns server, enum net_ns user)
{
	serve(server, 7777, "socat TCP4-LISTEN:7777,fork,reuseaddr,bind=%s EXEC:cat",
	      ADDR(server));
	client(user, "socat -t 30 - TCP4:%s:7777,nodelay <file >back", ADDR(server));
	net_run(NS_HOME, "cmp file back");
	spoken(1);
}

TEST_F(programs, socat_to_socat)
{
	pipe_through(NS_B, NS_A);
}

TEST_F(programs, socat_from_socat)
{
	pipe_through(NS_A, NS_B);
}

TEST_HARNESS_MAIN
