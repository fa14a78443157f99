/* SHA-1 (FIPS 180-4) and HMAC-SHA-1 (RFC 2104): for protocols that demand it, and for nothing that needs a hash to
 * trust. Any thread. */
#pragma once

#include <stddef.h>

#define SHA1_DIGEST 20

void sha1(const void *data, size_t length, unsigned char digest[SHA1_DIGEST]);
void hmac_sha1(const void *key, size_t key_length, const void *data, size_t length, unsigned char digest[SHA1_DIGEST]);
