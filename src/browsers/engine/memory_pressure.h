/* Whether the machine has room for one more browser. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Reads /proc/meminfo and /proc/pressure/memory (where the kernel has it). Returns NULL when there is room, else why
 * not, as a constant text for people. */
const char *memory_pressure_objection(int64_t least_free_mb);
