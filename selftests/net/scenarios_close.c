// SPDX-License-Identifier: GPL-2.0
/* The scenarios that close connections, and what goes wrong on the way. */
#include <stddef.h>

#include "lib/play.h"

int main(void)
{
	static const char *const patterns[] = { "0[78]-*", "11-*", NULL };

	play_scenarios(patterns);
	return 0;
}
