// SPDX-License-Identifier: GPL-2.0
/* redis-server and redis-benchmark, one of them on HSTP and one on TCP. */
#include "programs.h"

static void redis(enum net_ns server, enum net_ns user)
{
	serve(server, 6379, "redis-server --port 6379 --bind %s --save '' --appendonly no"
	      " --protected-mode no", ADDR(server));
	client(user, "redis-benchmark -h %s -t ping,set,get,lpush,mset -n 500 -c 20 -d 1000 -q",
	       ADDR(server));
	client(user, "redis-benchmark -h %s -t set -n 500 -P 16 -q", ADDR(server));
	client(user, "redis-cli -h %s set word interoperable", ADDR(server));
	client(user, "redis-cli -h %s get word >said", ADDR(server));
	net_run(NS_HOME, "grep -qx interoperable said");
	spoken(20);
}

TEST_F(programs, redis_benchmark_to_redis_server)
{
	redis(NS_B, NS_A);
}

TEST_F(programs, redis_server_from_redis_benchmark)
{
	redis(NS_A, NS_B);
}

TEST_HARNESS_MAIN
