/* SPDX-License-Identifier: GPL-2.0 */
/* The fixed-width types of the core, in the kernel and in host programs. */
#ifndef HSTP_CORE_TYPES_H
#define HSTP_CORE_TYPES_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int32_t s32;
#endif

#endif /* HSTP_CORE_TYPES_H */
