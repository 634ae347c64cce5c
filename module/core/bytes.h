/* SPDX-License-Identifier: GPL-2.0 */
/* Numbers in network order, read and written at any alignment. */
#ifndef HSTP_CORE_BYTES_H
#define HSTP_CORE_BYTES_H

#include "types.h"

static inline u16 hstp_get16(const u8 *p)
{
	return (u16)(p[0] << 8 | p[1]);
}

static inline u32 hstp_get32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static inline void hstp_put16(u8 *p, u16 v)
{
	p[0] = (u8)(v >> 8);
	p[1] = (u8)v;
}

static inline void hstp_put32(u8 *p, u32 v)
{
	p[0] = (u8)(v >> 24);
	p[1] = (u8)(v >> 16 & 0xff);
	p[2] = (u8)(v >> 8 & 0xff);
	p[3] = (u8)(v & 0xff);
}

#endif /* HSTP_CORE_BYTES_H */
