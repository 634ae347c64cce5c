// SPDX-License-Identifier: GPL-2.0
/* The scenarios in which somebody has no room or gives up. */
#include <stddef.h>

#include "lib/play.h"

int main(void)
{
	static const char *const patterns[] = { "12-*", NULL };

	play_scenarios(patterns);
	return 0;
}
