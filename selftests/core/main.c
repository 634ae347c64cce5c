// SPDX-License-Identifier: GPL-2.0
/* Runs the matrix and every TEST that the other files register. */
#include "matrix.h"
#include "trace.h"

#include <stdio.h>

int main(void)
{
	/* should a test take the program down, the one before it is known */
	setvbuf(stdout, NULL, _IOLBF, 0);
	matrix_run();
	return trace_finish();
}
