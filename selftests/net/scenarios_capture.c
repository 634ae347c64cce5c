// SPDX-License-Identifier: GPL-2.0
/* The scenarios of what others see on the wire; tshark takes its time. */
#include <stddef.h>

#include "lib/play.h"

int main(void)
{
	static const char *const patterns[] = { "1[5-9]-*", NULL };

	play_scenarios(patterns);
	return 0;
}
