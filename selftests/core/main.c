// SPDX-License-Identifier: GPL-2.0
/* Runs the matrix and every TEST that the other files register. */
#include "matrix.h"
#include "trace.h"

int main(void)
{
	matrix_run();
	return trace_finish();
}
