#include "base/websocket_accept.h"
#include "base/sha1.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define KEY_BYTES 16
#define GUID      "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */

char *websocket_make_key(char key[WEBSOCKET_KEY_SIZE]) {
    unsigned char bytes[KEY_BYTES];
    randombytes_buf(bytes, sizeof bytes);
    return sodium_bin2base64(key, WEBSOCKET_KEY_SIZE, bytes, sizeof bytes, sodium_base64_VARIANT_ORIGINAL);
}

int websocket_accept(const char *key, char accept[WEBSOCKET_ACCEPT_SIZE]) {
    unsigned char bytes[KEY_BYTES], digest[SHA1_DIGEST];
    char text[WEBSOCKET_KEY_SIZE + sizeof GUID];
    size_t length = 0;
    const char *end = NULL;
    if (strlen(key) != WEBSOCKET_KEY_SIZE - 1 ||
        sodium_base642bin(bytes, sizeof bytes, key, strlen(key), NULL, &length, &end, sodium_base64_VARIANT_ORIGINAL) ||
        length != KEY_BYTES || *end)
        return -EINVAL;
    int n = snprintf(text, sizeof text, "%s" GUID, key);
    sha1(text, (size_t)n, digest);
    sodium_bin2base64(accept, WEBSOCKET_ACCEPT_SIZE, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
    return 0;
}
