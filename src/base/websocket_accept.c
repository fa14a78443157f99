#include "base/websocket_accept.h"
#include <errno.h>
#include <sodium.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define SHA1_BLOCK  64
#define SHA1_DIGEST 20
#define KEY_BYTES   16
#define GUID        "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" /* RFC 6455, 1.3 */

static uint32_t rotate(uint32_t value, int bits) {
    return value << bits | value >> (32 - bits);
}

/* FIPS 180-4, 6.1.2. */
static void sha1_block(uint32_t state[5], const unsigned char block[SHA1_BLOCK]) {
    static const uint32_t constants[4] = {0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
    uint32_t w[80], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)block[t * 4] << 24 | (uint32_t)block[t * 4 + 1] << 16 | (uint32_t)block[t * 4 + 2] << 8 |
               block[t * 4 + 3];
    for (int t = 16; t < 80; t++)
        w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
    for (int t = 0; t < 80; t++) {
        uint32_t f = t < 20 ? (b & c) | (~b & d) : t >= 40 && t < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
        uint32_t next = rotate(a, 5) + f + e + constants[t / 20] + w[t];
        e = d, d = c, c = rotate(b, 30), b = a, a = next;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d, state[4] += e;
}

/* Of at most one block less padding: the handshake's text is always 60 bytes, so two blocks do. */
static void sha1_short(const void *data, size_t length, unsigned char digest[SHA1_DIGEST]) {
    uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    unsigned char blocks[2 * SHA1_BLOCK] = {0};
    memcpy(blocks, data, length);
    blocks[length] = 0x80;
    uint64_t bits = (uint64_t)length * 8;
    for (int i = 0; i < 8; i++)
        blocks[sizeof blocks - 1 - i] = (unsigned char)(bits >> (8 * i));
    sha1_block(state, blocks);
    sha1_block(state, blocks + SHA1_BLOCK);
    for (int i = 0; i < SHA1_DIGEST; i++)
        digest[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

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
    sha1_short(text, (size_t)n, digest);
    sodium_bin2base64(accept, WEBSOCKET_ACCEPT_SIZE, digest, sizeof digest, sodium_base64_VARIANT_ORIGINAL);
    return 0;
}
