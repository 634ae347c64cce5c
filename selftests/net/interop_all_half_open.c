// SPDX-License-Identifier: GPL-2.0
/* Half-open connections once more, with all of TCP's options on: timestamps, SACK,
 * window scaling.
 */
#define INTEROP_ALL	true
#include "interop_half_open.c"
