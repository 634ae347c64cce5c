/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/* What programs need to use HSTP: protocol number, option level, options. */
#ifndef _UAPI_LINUX_HSTP_H
#define _UAPI_LINUX_HSTP_H

#include <linux/types.h>

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

/* What TCP has not. */
#define HSTP_SECURITY	128	/* struct hstp_security */

/* Of struct hstp_security: RFC 793 sections 2.7 and 3.4. */
#define HSTP_SECURITY_CHECK	1	/* segments must have level, compartment, precedence */
#define HSTP_SECURITY_RAISE	2	/* a peer may raise the precedence as it opens */

/**
 * struct hstp_security - security level and compartment of a connection, and its precedence
 * @flags: HSTP_SECURITY_CHECK, HSTP_SECURITY_RAISE; 0: nothing is checked, the default
 * @level: classification level of RFC 1108 section 2.3, sent in each packet as part of the
 *	basic security option; 0: packets have no such option
 * @authority_len: bytes of @authority
 * @authority: protection authority flags of RFC 1108 section 2.4
 *
 * The precedence is that of IP_TOS. To be set before connect() or listen(); accept()'s
 * sockets have it of their listener. A @level needs CAP_NET_RAW.
 */
struct hstp_security {
	__u8 flags;
	__u8 level;
	__u8 authority_len;
	__u8 authority[5];
};

#endif /* _UAPI_LINUX_HSTP_H */
