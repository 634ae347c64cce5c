// SPDX-License-Identifier: GPL-2.0
/* How fast the CPU's time stamp counter goes, in kHz. A kernel on emulated CPUs cannot find out
 * when the host has other work: what it measures may be a fifth of it, and all its clocks are
 * wrong by so much.
 */
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct moment {
	uint64_t ticks, ns;
};

/* Of many looks at both clocks the one that took least: nothing came between. */
static struct moment now(void)
{
	uint64_t least = UINT64_MAX;
	struct moment best = { 0 };

	for (int i = 0; i < 2000; i++) {
		uint64_t before = __rdtsc(), after;
		struct timespec ts;

		clock_gettime(CLOCK_MONOTONIC_RAW, &ts);
		after = __rdtsc();
		if (after - before >= least)
			continue;
		least = after - before;
		best.ticks = before + least / 2;
		best.ns = ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
	}
	return best;
}

int main(void)
{
	struct timespec pause = { .tv_nsec = 200000000 };
	struct moment begin = now(), end;

	nanosleep(&pause, NULL);
	end = now();
	printf("%" PRIu64 "\n", (end.ticks - begin.ticks) * 1000000 / (end.ns - begin.ns));
	return 0;
}
