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
#define HSTP_INFO	11	/* read only: struct tcp_info of linux/tcp.h */

#endif /* _UAPI_LINUX_HSTP_H */
