#include "base/secret.h"
#include "base/text.h"
#include <sodium.h>
#include <string.h>

void secret_digest(const char *secret, char digest[SECRET_DIGEST_SIZE]) {
    unsigned char bytes[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(bytes, (const unsigned char *)secret, strlen(secret));
    sodium_bin2hex(digest, SECRET_DIGEST_SIZE, bytes, sizeof bytes);
}

void secret_make(char secret[SECRET_TEXT_SIZE], char digest[SECRET_DIGEST_SIZE]) {
    unsigned char bytes[32];
    cleanup_text struct text text = {0};
    randombytes_buf(bytes, sizeof bytes);
    text_append_base64url(&text, bytes, sizeof bytes);
    memcpy(secret, text.data, SECRET_TEXT_SIZE);
    secret_digest(secret, digest);
}
