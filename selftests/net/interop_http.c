// SPDX-License-Identifier: GPL-2.0
/* nginx and curl, one of them on HSTP and one on TCP. */
#include "programs.h"

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

TEST_HARNESS_MAIN
