/* Secrets that are handed out and kept only as digests: refresh tokens, keys, links. They are random, so a digest needs
 * neither salt nor slowness. Any thread. */
#pragma once

#define SECRET_TEXT_SIZE   44 /* 32 random bytes in base64url */
#define SECRET_DIGEST_SIZE 65 /* SHA-256 in hexadecimal */

void secret_make(char secret[SECRET_TEXT_SIZE], char digest[SECRET_DIGEST_SIZE]);
void secret_digest(const char *secret, char digest[SECRET_DIGEST_SIZE]);
