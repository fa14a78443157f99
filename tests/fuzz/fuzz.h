/* The entry point that libFuzzer and the plain replay program (replay.c) call. */
#pragma once

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
