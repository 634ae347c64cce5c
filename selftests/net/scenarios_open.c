// SPDX-License-Identifier: GPL-2.0
/* The scenarios that open connections, find half-open ones and reset them. */
#include <stddef.h>

#include "lib/play.h"

int main(void)
{
	static const char *const patterns[] = { "0[0-6]-*", "09-*", "10-*", NULL };

	play_scenarios(patterns);
	return 0;
}
