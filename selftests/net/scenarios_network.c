// SPDX-License-Identifier: GPL-2.0
/* The scenarios of a bad network. */
#include <stddef.h>

#include "lib/play.h"

int main(void)
{
	static const char *const patterns[] = { "14-*", NULL };

	play_scenarios(patterns);
	return 0;
}
