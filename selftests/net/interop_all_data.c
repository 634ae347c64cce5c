// SPDX-License-Identifier: GPL-2.0
/* Text under odd conditions once more, with all of TCP's options on: timestamps, SACK,
 * window scaling.
 */
#define INTEROP_ALL	true
#include "interop_data.c"
