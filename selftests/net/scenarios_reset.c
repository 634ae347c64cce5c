// SPDX-License-Identifier: GPL-2.0
/* The scenarios of refusals and resets. */
#include <stddef.h>

#include "lib/play.h"

int main(void)
{
	static const char *const patterns[] = { "09-*", "10-*", "13-*", NULL };

	play_scenarios(patterns);
	return 0;
}
