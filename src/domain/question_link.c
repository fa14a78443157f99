#include "domain/question_link.h"
#include "base/config.h"
#include "base/keys.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <sodium.h>
#include <string.h>

#define ID  (UUID_TEXT_SIZE - 1)
#define MAC crypto_auth_BYTES

static int make_mac(const char *secret_key, const char *id, unsigned char mac[MAC], struct error *e) {
    unsigned char key[crypto_auth_KEYBYTES];
    int r = keys_derive(secret_key, KEY_QUESTION_LINK, key, sizeof key, e);
    if (!r)
        crypto_auth(mac, (const unsigned char *)id, ID, key);
    sodium_memzero(key, sizeof key);
    return r;
}

int question_token_make(const char *id, char **ret_token, struct error *e) {
    unsigned char block[ID + MAC];
    struct text token = {0};
    memcpy(block, id, ID);
    int r = make_mac(config_text(CONFIG_SECRET_KEY), id, block + ID, e);
    if (r < 0)
        return r;
    text_append_base64url(&token, block, sizeof block);
    *ret_token = token.data;
    return 0;
}

static int refuse(struct error *e) {
    error_set(e, ENOENT, ERROR_NOT_FOUND, "this link is of no use (any more)");
    error_hint(e, "it was answered, withdrawn, or its time is up");
    return -ENOENT;
}

int question_token_read(const char *token, char ret_id[UUID_TEXT_SIZE], struct error *e) {
    unsigned char block[ID + MAC + 3], mac[MAC];
    char id[UUID_TEXT_SIZE] = "";
    size_t length = 0;
    bool fits = false;
    if (text_decode_base64url(token, strlen(token), block, sizeof block, &length) || length != ID + MAC)
        return refuse(e);
    memcpy(id, block, ID);
    for (const char *at = config_text(CONFIG_SECRET_KEY); !fits && *at; at = keys_next(at)) {
        int r = make_mac(at, id, mac, e);
        if (r < 0)
            return r;
        fits = !sodium_memcmp(mac, block + ID, MAC);
    }
    if (!fits || !uuid_is_valid(id))
        return refuse(e);
    memcpy(ret_id, id, sizeof id);
    return 0;
}
