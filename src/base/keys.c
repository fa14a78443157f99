#include "base/keys.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define KDF_CONTEXT "replinet"
#define KEY_DIGITS  64

int keys_derive(const char *secret_key, enum key_purpose purpose, unsigned char *key, size_t length, struct error *e) {
    unsigned char master[crypto_kdf_KEYBYTES];
    size_t digits = strcspn(secret_key, ","), bytes = 0;
    if (digits != KEY_DIGITS || sodium_hex2bin(master, sizeof master, secret_key, digits, NULL, &bytes, NULL) ||
        bytes != sizeof master)
        return error_set(e, EINVAL, ERROR_BAD_CONFIG, "SECRET_KEY is not 64 hexadecimal digits");
    crypto_kdf_derive_from_key(key, length, purpose, KDF_CONTEXT, master);
    sodium_memzero(master, sizeof master);
    return 0;
}

const char *keys_next(const char *secret_key) {
    const char *comma = strchr(secret_key, ',');
    return comma ? comma + 1 + strspn(comma + 1, " ") : secret_key + strlen(secret_key);
}
