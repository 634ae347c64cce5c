// SPDX-License-Identifier: GPL-2.0
/* Stands in for libFuzzer where clang is missing: random inputs, no guidance.
 * Takes libFuzzer's -runs, -max_total_time, -max_len and -seed.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long option(int argc, char **argv, const char *name, unsigned long otherwise)
{
	size_t len = strlen(name);
	int i;

	for (i = 1; i < argc; i++)
		if (!strncmp(argv[i], name, len) && argv[i][len] == '=')
			return strtoul(argv[i] + len + 1, NULL, 10);
	return otherwise;
}

int main(int argc, char **argv)
{
	unsigned long runs = option(argc, argv, "-runs", 0);
	time_t end = time(NULL) + (time_t)option(argc, argv, "-max_total_time", 5);
	size_t max = option(argc, argv, "-max_len", 1024);
	uint64_t x = 0x9e3779b97f4a7c15u ^ option(argc, argv, "-seed", 1);
	uint8_t *data = malloc(max);
	unsigned long n;
	size_t len, i;

	for (n = 0; runs ? n < runs : time(NULL) < end; n++) {
		len = 1 + x % max;
		for (i = 0; i < len; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			data[i] = (uint8_t)(x >> 32);
		}
		LLVMFuzzerTestOneInput(data, len);
	}
	free(data);
	printf("# %lu runs\n", n);
	return 0;
}
