#include "base/sha1.h"
#include <stdint.h>
#include <string.h>

#define SHA1_BLOCK 64

struct sha1_state {
    uint32_t words[5];
    unsigned char block[SHA1_BLOCK];
    uint64_t length;
};

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

static void begin(struct sha1_state *state) {
    *state = (struct sha1_state){.words = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0}};
}

static void add(struct sha1_state *state, const void *data, size_t length) {
    const unsigned char *bytes = data;
    for (size_t i = 0; i < length; i++) {
        state->block[state->length++ % SHA1_BLOCK] = bytes[i];
        if (state->length % SHA1_BLOCK == 0)
            sha1_block(state->words, state->block);
    }
}

static void end(struct sha1_state *state, unsigned char digest[SHA1_DIGEST]) {
    unsigned char size[8];
    uint64_t bits = state->length * 8;
    for (int i = 0; i < 8; i++)
        size[7 - i] = (unsigned char)(bits >> (8 * i));
    add(state, "\x80", 1);
    while (state->length % SHA1_BLOCK != SHA1_BLOCK - sizeof size)
        add(state, "", 1);
    add(state, size, sizeof size);
    for (int i = 0; i < SHA1_DIGEST; i++)
        digest[i] = (unsigned char)(state->words[i / 4] >> (24 - 8 * (i % 4)));
}

void sha1(const void *data, size_t length, unsigned char digest[SHA1_DIGEST]) {
    struct sha1_state state;
    begin(&state);
    add(&state, data, length);
    end(&state, digest);
}

/* One of the two passes of RFC 2104: the padded key, then the data. */
static void hmac_pass(const unsigned char key[SHA1_BLOCK], unsigned char pad, const void *data, size_t length,
                      unsigned char digest[SHA1_DIGEST]) {
    unsigned char padded[SHA1_BLOCK];
    struct sha1_state state;
    for (int i = 0; i < SHA1_BLOCK; i++)
        padded[i] = key[i] ^ pad;
    begin(&state);
    add(&state, padded, sizeof padded);
    add(&state, data, length);
    end(&state, digest);
}

void hmac_sha1(const void *key, size_t key_length, const void *data, size_t length, unsigned char digest[SHA1_DIGEST]) {
    unsigned char block[SHA1_BLOCK] = {0}, inner[SHA1_DIGEST];
    if (key_length > SHA1_BLOCK)
        sha1(key, key_length, block);
    else
        memcpy(block, key, key_length);
    hmac_pass(block, 0x36, data, length, inner);
    hmac_pass(block, 0x5c, inner, sizeof inner, digest);
}
