// SPDX-License-Identifier: GPL-2.0
/* The kernel's YNL client: faults, step mode and held segments. */
#include "ynl.h"

YNL(fault_add)
YNL(fault_del)
YNL(fault_get)
YNL(fault_get_dump)
YNL(step_get)
YNL(step_set)
YNL(held_get)
YNL(held_get_dump)
YNL(held_release)

TEST_HARNESS_MAIN
