#include "base/memory.h"
#include "base/seal_internal.h"
#include "base/text.h"
#include <assert.h>
#include <errno.h>
#include <string.h>

#define MARK  "1."
#define NONCE crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG   crypto_aead_xchacha20poly1305_ietf_ABYTES
#define KEY   crypto_aead_xchacha20poly1305_ietf_KEYBYTES

static_assert(KEY == SEAL_KEY, "one size of subkeys");

static const unsigned char *bytes_of(const char *text) {
    return (const unsigned char *)text;
}

int seal_text(const char *text, const char *secret_key, enum seal_purpose purpose, const char *context,
              char **ret_sealed, struct error *e) {
    unsigned char key[KEY];
    unsigned long long length;
    int r = seal_derive(secret_key, strcspn(secret_key, ","), purpose, key, e);
    if (r < 0)
        return r;
    cleanup_free unsigned char *block = memory_alloc(NONCE + strlen(text) + TAG);
    randombytes_buf(block, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(block + NONCE, &length, bytes_of(text), strlen(text), bytes_of(context),
                                               strlen(context), NULL, block, key);
    sodium_memzero(key, sizeof key);
    struct text sealed = {0};
    text_append_string(&sealed, MARK);
    text_append_base64url(&sealed, block, NONCE + (size_t)length);
    *ret_sealed = sealed.data;
    return 0;
}

static int open_with(const unsigned char *block, size_t length, const unsigned char key[KEY], const char *context,
                     char *text) {
    unsigned long long got;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt((unsigned char *)text, &got, NULL, block + NONCE, length - NONCE,
                                                   bytes_of(context), strlen(context), block, key))
        return -EBADMSG;
    text[got] = '\0';
    return 0;
}

int seal_text_open(const char *sealed, const char *secret_key, enum seal_purpose purpose, const char *context,
                   char **ret_text, struct error *e) {
    unsigned char key[KEY];
    size_t length = 0, room = strlen(sealed);
    cleanup_free unsigned char *block = memory_alloc(room + 1);
    if (!text_starts_with(sealed, MARK) ||
        text_decode_base64url(sealed + strlen(MARK), room - strlen(MARK), block, room, &length) || length < NONCE + TAG)
        return error_set(e, EBADMSG, ERROR_STORAGE, "a sealed text is none, or was cut off");
    cleanup_free char *text = memory_alloc(length + 1);
    int r = -EBADMSG;
    for (const char *at = secret_key; r == -EBADMSG && *at; at += *at == ',') {
        size_t digits = strcspn(at, ",");
        r = seal_derive(at, digits, purpose, key, e);
        if (!r)
            r = open_with(block, length, key, context, text);
        sodium_memzero(key, sizeof key);
        at += digits;
    }
    if (r == -EBADMSG)
        return error_set(e, EBADMSG, ERROR_STORAGE,
                         "a sealed text was changed, or sealed with another SECRET_KEY or for something else");
    if (!r)
        *ret_text = take_pointer(text);
    return r;
}
