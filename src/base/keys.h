/* Keys: subkeys of SECRET_KEY, one per purpose (libsodium's crypto_kdf).
 *
 * SECRET_KEY is a comma-separated list of 64 hex digits each: the first is used to sign and seal, the others are still
 * accepted for reading. Any thread. */
#pragma once

#include "base/error.h"
#include <stddef.h>

/* Numbers of the subkeys. 1 is the ticket key (ticket.c), 2 to 9 are seal.h's. Never use a number again. */
enum key_purpose { KEY_ACCESS_TOKEN = 10, KEY_RESET = 11, KEY_QUESTION_LINK = 12 };

/* The subkey of the key at the beginning of `secret_key`; -EINVAL, ERROR_BAD_CONFIG, when that is none. */
int keys_derive(const char *secret_key, enum key_purpose purpose, unsigned char *key, size_t length, struct error *e);

/* The next key of the list, "" at its end. */
const char *keys_next(const char *secret_key);
