/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the socket tests (names in st_) share: a namespace with a loopback in it, sockets and
 * connected pairs of either protocol, waiting for a condition, and the pattern
 * that transferred bytes are compared with.
 */
#ifndef SOCK_PAIR_H
#define SOCK_PAIR_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How long a test waits for what must happen; an emulated machine is slow. */
#define ST_WAIT_MS 30000
/* How long a test looks at what must not happen. */
#define ST_QUIET_MS 200

/* A listener on 127.0.0.1 and both ends of one connection to it. */
struct st_pair {
	struct sockaddr_in addr;
	int listener;
	int client;
	int server;
};

/* Settings that both protocols have, under different names. */
enum st_setting {
	ST_SYN_RETRIES,
	ST_SYNACK_RETRIES,
	ST_RETRIES,
};

int st_namespace(void);
int st_sysctl(const char *path, long value);
int st_setting(int proto, enum st_setting setting, int value);
int st_fast_retransmission(int proto);
int st_no_retransmission(int proto);
int st_route_silent(void);
extern const struct in_addr st_silent_addr, st_own_addr;

int st_open(int proto);
int st_listen(int proto, struct sockaddr_in *addr, int backlog);
int st_connect(int proto, const struct sockaddr_in *addr);
int st_pair_open(struct st_pair *pair, int proto);
struct sockaddr_in st_loopback(uint16_t port);
int st_nonblocking(int fd);
int st_reset_on_close(int fd);
int st_abort(int fd);

int st_info(int fd, int proto, struct tcp_info *info);
int st_take_error(int fd);
int st_state(int fd, int proto);
int st_wait_state(int fd, int proto, int state);
int st_wait_queued(int fd, int bytes);
int st_wait_unsent(int fd, int bytes);
short st_wait_events(int fd, short events, short want);
short st_events(int fd, short events);
long long st_now_ms(void);
void st_pause(void);

uint8_t st_pattern(uint64_t seed, uint64_t at);
void st_pattern_fill(void *buf, size_t len, uint64_t seed, uint64_t at);
ssize_t st_pattern_check(const void *buf, size_t len, uint64_t seed, uint64_t at);
ssize_t st_fill(int fd);
ssize_t st_read_all(int fd, void *buf, size_t len);

/**
 * st_err - what a call said, as one number
 * @ret: what the call returned
 *
 * Return: 0 when the call succeeded, else errno.
 */
#define st_err(ret) ((ret) < 0 ? errno : 0)

#endif
