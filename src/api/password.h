/* Passwords: Argon2id (libsodium). Each call takes PASSWORD_MEMORY and some tens of milliseconds: slow lanes only,
 * whose number so bounds the memory. */
#pragma once

#include "domain/accounts.h"
#include <stdbool.h>

#define PASSWORD_LEAST  10
#define PASSWORD_MOST   128
#define PASSWORD_MEMORY (32u << 20) /* OWASP's least is 19 MiB with two passes */
#define PASSWORD_PASSES 3

int password_hash(const char *password, char ret_hash[ACCOUNT_HASH_SIZE], struct error *e);
/* Takes as long for an empty hash (no such account, no password) as for any other. */
bool password_fits(const char *hash, const char *password);
