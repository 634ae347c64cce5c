/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* What programs need to use HSTP: protocol number, option level, options. */
#ifndef _UAPI_LINUX_HSTP_H
#define _UAPI_LINUX_HSTP_H

/* The default; the module's parameter "protocol" can choose another number. */
#define IPPROTO_HSTP	253

/* Level for getsockopt() and setsockopt(). */
#define SOL_HSTP	253

/* Option numbers and values are those of TCP. */
#define HSTP_NODELAY	1	/* int: send at once, without Nagle's algorithm */
#define HSTP_MAXSEG	2	/* int: bytes of text in a segment at most */
#define HSTP_CORK	3	/* int: hold back what fills no segment, for a while */
#define HSTP_KEEPIDLE	4	/* int: seconds before an idle peer is probed (SO_KEEPALIVE) */
#define HSTP_KEEPINTVL	5	/* int: seconds between unanswered probes */
#define HSTP_KEEPCNT	6	/* int: how many of them */
#define HSTP_SYNCNT	7	/* int: retransmissions of a SYN */
#define HSTP_LINGER2	8	/* int: seconds in FIN-WAIT-2 after close(), -1: none */
#define HSTP_DEFER_ACCEPT 9	/* int: seconds that accept() waits for the first text */
#define HSTP_WINDOW_CLAMP 10	/* int: bytes of the receive window at most */
#define HSTP_INFO	11	/* read only: struct tcp_info of linux/tcp.h */
#define HSTP_QUICKACK	12	/* int: acknowledge at once, for now */
#define HSTP_CONGESTION	13	/* string: "newreno" or "reno" */
#define HSTP_USER_TIMEOUT 18	/* int: ms that text may be unacknowledged */

#endif /* _UAPI_LINUX_HSTP_H */
