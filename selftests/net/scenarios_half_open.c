// SPDX-License-Identifier: GPL-2.0
/* The scenarios of half-open connections. */
#include <stddef.h>

#include "lib/play.h"

int main(void)
{
	static const char *const patterns[] = { "0[456]-*", NULL };

	play_scenarios(patterns);
	return 0;
}
