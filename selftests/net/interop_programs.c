// SPDX-License-Identifier: GPL-2.0
/* Programs that know nothing of HSTP: one end runs with "hstp run" in A, the other is the
 * same as ever, on TCP in B.
 */
#include <sys/stat.h>

#include "kselftest_harness.h"
#include "lib/relay.h"

#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT	240

#define RUN(ns)		((ns) == NS_A && proto != IPPROTO_TCP ? HSTP_CMD " run" : "")
#define ADDR(ns)	((ns) == NS_A ? ADDR_A : ADDR_B)

/* A directory of its own, and in it a file of random bytes. */
FIXTURE(programs)
{
	char dir[32];
	struct end hstp, tcp;
};

FIXTURE_SETUP(programs)
{
	strcpy(self->dir, "/tmp/interop.XXXXXX");
	NEED(mkdtemp(self->dir));
	TRY(chdir(self->dir));
	TRY(chmod(self->dir, 0755));
	interop_pair(&self->hstp, &self->tcp);
	net_sysctl(NS_B, "net.ipv4.tcp_timestamps", 1);
	net_sysctl(NS_B, "net.ipv4.tcp_sack", 1);
	net_sysctl(NS_B, "net.ipv4.tcp_window_scaling", 1);
	net_run(NS_HOME, "head -c 3000000 /dev/urandom >file");
}

FIXTURE_TEARDOWN(programs)
{
	net_run(NS_HOME, "rm -rf %s", self->dir);
}

/* Start a server of @where in the background, and wait until it listens. */
#define serve(where, number, fmt, ...) do {					\
	net_run(where, "{ %s " fmt "; } >server.log 2>&1 </dev/null &",		\
		RUN(where), ##__VA_ARGS__);					\
	served(where, number);							\
} while (0)

static void served(enum net_ns ns, uint16_t port)
{
	struct end nobody = { 0 }, end = { .ns = ns, .port = port, .other = &nobody };
	uint64_t until = now_ms() + PATIENCE_MS;

	while (strcmp(state_of(&end), "LISTEN")) {
		if (now_ms() > until) {
			system("sed 's/^/# /' server.log >&2");
			die(__FILE__, __LINE__, "the server does not listen");
		}
		usleep(10 * POLL_US);
	}
}

/* Run a client of @where to its end, which must be good. */
#define client(where, fmt, ...) do {						\
	int status_ = net_status(where, "{ timeout 100 %s " fmt			\
				 "; } >client.log 2>&1 </dev/null",		\
				 RUN(where), ##__VA_ARGS__);			\
										\
	if (status_) {								\
		system("sed 's/^/# client: /' client.log >&2; "			\
		       "sed 's/^/# server: /' server.log >&2");			\
		die(__FILE__, __LINE__, "the client ended with status %d", status_); \
	}									\
} while (0)

/* It was HSTP that they spoke: connections came and text went. */
static void spoken(int connections)
{
	NEED(stat_now(NS_A, "state ESTABLISHED entered") >= connections);
	NEED(stat_now(NS_A, "segments in") > 4);
}

static void http(enum net_ns server, enum net_ns browser)
{
	net_run(NS_HOME, "cat >nginx.conf <<EOF\n"
		"worker_processes 1; daemon off; user root; pid nginx.pid; error_log stderr;\n"
		"events { }\n"
		"http { access_log off; client_body_temp_path t1; proxy_temp_path t2;\n"
		"fastcgi_temp_path t3; uwsgi_temp_path t4; scgi_temp_path t5;\n"
		"sendfile on; tcp_nopush on; client_max_body_size 0;\n"
		"server { listen %s:80; root $PWD; dav_methods PUT; } }\n"
		"EOF\n", ADDR(server));
	serve(server, 80, "nginx -p $PWD -e stderr -c $PWD/nginx.conf");
	client(browser, "curl -sS --fail -o got http://%s/file", ADDR(server));
	net_run(NS_HOME, "cmp file got");
	/* Twice over one connection, and what is not there. */
	client(browser, "curl -sS -o got -o got2 http://%s/file http://%s/nothing",
	       ADDR(server), ADDR(server));
	net_run(NS_HOME, "cmp file got && grep -q 404 got2");
	spoken(2);
}

TEST_F(programs, curl_to_nginx)
{
	http(NS_B, NS_A);
}

TEST_F(programs, nginx_from_curl)
{
	http(NS_A, NS_B);
}

static void shell(enum net_ns server, enum net_ns user)
{
	const char *options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=known"
			      " -o IdentitiesOnly=yes -i key -F none";

	net_run(NS_HOME, "mkdir -p /run/sshd && ssh-keygen -q -t ed25519 -N '' -f key && "
		"ssh-keygen -q -t ed25519 -N '' -f host && cat >sshd.conf <<EOF\n"
		"Port 22\nListenAddress %s\nHostKey $PWD/host\nAuthorizedKeysFile $PWD/key.pub\n"
		"PermitRootLogin yes\nStrictModes no\nUsePAM no\nPidFile none\n"
		"Subsystem sftp /usr/lib/openssh/sftp-server\n"
		"EOF\n", ADDR(server));
	serve(server, 22, "/usr/sbin/sshd -D -e -f $PWD/sshd.conf");
	client(user, "ssh %s root@%s 'echo from there; exit 7' >said; test $? = 7", options,
	       ADDR(server));
	net_run(NS_HOME, "grep -qx 'from there' said");
	client(user, "scp -q %s file root@%s:$PWD/there", options, ADDR(server));
	net_run(NS_HOME, "cmp file there");
	client(user, "scp -q %s root@%s:$PWD/there back", options, ADDR(server));
	net_run(NS_HOME, "cmp file back");
	spoken(3);
}

TEST_F(programs, ssh_and_scp_to_sshd)
{
	shell(NS_B, NS_A);
}

TEST_F(programs, sshd_from_ssh_and_scp)
{
	shell(NS_A, NS_B);
}

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
