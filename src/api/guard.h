/* Slows down whoever guesses: failures are counted per account and per address, and each beyond the first few makes the
 * next attempt wait longer. Accounts that do not exist are counted the same way, so the answer tells nothing. Counted
 * in Redis, for all processes together; in this process alone while Redis is down. Any thread. */
#pragma once

#include "api/api.h"

#define GUARD_FREE_ACCOUNT 5  /* failures of an account before the first wait */
#define GUARD_FREE_ADDRESS 30 /* and of an address, behind which many people may sit */
#define GUARD_WAIT_MOST_S  300
#define GUARD_MEMORY_S     3600 /* failures are forgotten so long after the last */

/* -EAGAIN, ERROR_LIMIT, with Retry-After, while one of them must wait. `account` is an e-mail address; "": none. */
int guard_check(struct api_call *call, const char *account, struct error *e);
void guard_failed(struct api_call *call, const char *account);
/* The account's failures are forgotten; the address's are not, or one good account would free an address. */
void guard_succeeded(struct api_call *call, const char *account);
