/* What seal.c and seal_text.c share. */
#pragma once

#include "base/seal.h"

#define SEAL_KEY 32

/* The subkey of one of the comma-separated keys: the first `length` bytes of `digits`. */
int seal_derive(const char *digits, size_t length, enum seal_purpose purpose, unsigned char key[SEAL_KEY],
                struct error *e);
