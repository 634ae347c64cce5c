/* SPDX-License-Identifier: GPL-2.0 */
/* HSTP_INFO and TCP_INFO as linux/tcp.h has it: the C library's struct ends sooner. */
#ifndef SOCK_INFO_H
#define SOCK_INFO_H

#include <linux/hstp.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/socket.h>

struct st_long_info {
	struct tcp_info head;
	uint64_t pacing_rate, max_pacing_rate, bytes_acked, bytes_received;
	uint32_t segs_out, segs_in, notsent_bytes, min_rtt, data_segs_in, data_segs_out;
	uint64_t delivery_rate, busy_time, rwnd_limited, sndbuf_limited;
	uint32_t delivered, delivered_ce;
	uint64_t bytes_sent, bytes_retrans;
	uint32_t dsack_dups, reord_seen, rcv_ooopack, snd_wnd;
};

/* 0, or -1 and errno. */
static inline int st_long_info(int fd, int proto, struct st_long_info *info)
{
	socklen_t len = sizeof(*info);

	return getsockopt(fd, proto, HSTP_INFO, info, &len) || len != sizeof(*info) ? -1 : 0;
}

/* tcpi_delivery_rate_app_limited, which has no name there. */
static inline int st_app_limited(const struct st_long_info *info)
{
	return ((const uint8_t *)info)[7] & 1;
}

#endif /* SOCK_INFO_H */
