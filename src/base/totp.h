/* Codes of an authenticator: TOTP (RFC 6238) over HMAC-SHA-1, 30 s, 6 digits, as nearly every site uses it. Any thread.
 */
#pragma once

#include "base/error.h"
#include <stdint.h>

#define TOTP_CODE_SIZE 7
#define TOTP_STEP_S    30

/* -EINVAL when `secret` is no base32 (RFC 4648; spaces, dashes and case do not matter) of 80 to 512 bits. */
int totp_check(const char *secret, struct error *e);
/* The code at a moment (seconds since 1970). */
int totp_code(const char *secret, int64_t unix_s, char code[TOTP_CODE_SIZE], struct error *e);
