#include "base/totp.h"
#include "base/sha1.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SECRET_MAX 64
#define SECRET_MIN 10
#define MODULUS    1000000

static int digit_of(char c) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const char *at = strchr(digits, c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return c && at ? (int)(at - digits) : -1;
}

static int decode(const char *text, unsigned char secret[SECRET_MAX], size_t *ret_length) {
    size_t length = 0;
    unsigned bits = 0, have = 0;
    for (; *text && *text != '='; text++) {
        if (*text == ' ' || *text == '-')
            continue;
        int digit = digit_of(*text);
        if (digit < 0)
            return -EINVAL;
        bits = bits << 5 | (unsigned)digit;
        have += 5;
        if (have < 8)
            continue;
        if (length == SECRET_MAX)
            return -EINVAL;
        have -= 8;
        secret[length++] = (unsigned char)(bits >> have);
    }
    if (length < SECRET_MIN || text[strspn(text, "=")])
        return -EINVAL;
    *ret_length = length;
    return 0;
}

static int refuse(struct error *e) {
    error_set(e, EINVAL, ERROR_BAD_INPUT, "totp_secret is not a base32 text of 80 to 512 bits");
    error_hint(e, "it is what a site shows beside the QR code: letters A to Z and digits 2 to 7");
    return -EINVAL;
}

int totp_check(const char *secret, struct error *e) {
    unsigned char bytes[SECRET_MAX];
    size_t length;
    int r = decode(secret, bytes, &length);
    sodium_memzero(bytes, sizeof bytes);
    return r < 0 ? refuse(e) : 0;
}

int totp_code(const char *secret, int64_t unix_s, char code[TOTP_CODE_SIZE], struct error *e) {
    unsigned char bytes[SECRET_MAX], counter[8], digest[SHA1_DIGEST];
    size_t length;
    if (decode(secret, bytes, &length) < 0)
        return refuse(e);
    for (int i = 0; i < 8; i++)
        counter[7 - i] = (unsigned char)((uint64_t)(unix_s / TOTP_STEP_S) >> (8 * i));
    hmac_sha1(bytes, length, counter, sizeof counter, digest);
    sodium_memzero(bytes, sizeof bytes);
    const unsigned char *at = digest + (digest[SHA1_DIGEST - 1] & 15);
    uint32_t number = ((uint32_t)at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | (uint32_t)at[3];
    snprintf(code, TOTP_CODE_SIZE, "%06u", number % MODULUS);
    return 0;
}
