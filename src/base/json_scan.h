/* Looks into JSON text without building a tree: for text that PostgreSQL made and that goes out as it is. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The whole number of member `name` of the outermost object; false when there is none. The text must be valid. */
bool json_scan_int(const char *text, size_t length, const char *name, int64_t *ret_value);
