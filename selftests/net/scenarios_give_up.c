// SPDX-License-Identifier: GPL-2.0
/* The scenarios in which somebody gives up, and those of a bad network. */
#include <stddef.h>

#include "lib/play.h"

int main(void)
{
	static const char *const patterns[] = { "1[2-9]-*", NULL };

	play_scenarios(patterns);
	return 0;
}
