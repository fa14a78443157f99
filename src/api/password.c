#include "api/password.h"
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>

_Static_assert(ACCOUNT_HASH_SIZE >= crypto_pwhash_STRBYTES, "a hash fits");

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char nobody[crypto_pwhash_STRBYTES]; /* fits no password that anybody can send */

static int make(const char *password, size_t length, char hash[crypto_pwhash_STRBYTES]) {
    return crypto_pwhash_str_alg(hash, password, length, PASSWORD_PASSES, PASSWORD_MEMORY,
                                 crypto_pwhash_ALG_ARGON2ID13);
}

static void make_nobody(void) {
    char random[32];
    randombytes_buf(random, sizeof random);
    if (make(random, sizeof random, nobody))
        nobody[0] = '\0';
}

int password_hash(const char *password, char ret_hash[ACCOUNT_HASH_SIZE], struct error *e) {
    if (make(password, strlen(password), ret_hash))
        return error_set(e, ENOMEM, ERROR_UNAVAILABLE, "there is no memory to hash a password");
    return 0;
}

bool password_fits(const char *hash, const char *password) {
    pthread_once(&once, make_nobody);
    return !crypto_pwhash_str_verify(*hash ? hash : nobody, password, strlen(password)) && *hash;
}
