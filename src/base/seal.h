/* Sealed streams: secret at rest, and whole or refused (libsodium's secretstream, XChaCha20-Poly1305).
 *
 * The key is a subkey of SECRET_KEY per purpose; whoever reads also tries the older keys that SECRET_KEY may list. The
 * context (an agent's id, say) is bound in: one agent's file cannot be put in another's place. Form: magic, header,
 * pieces of SEAL_PIECE bytes with a tag each; the last is marked, so a file that was cut off is noticed. One thread. */
#pragma once

#include "base/error.h"
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>

#define SEAL_PIECE (64 * 1024)

/* Numbers of crypto_kdf subkeys; 1 is the ticket key (ticket.c). Never use a number again. */
enum seal_purpose { SEAL_PROFILE = 2, SEAL_CREDENTIAL = 3, SEAL_MODEL_KEY = 4, SEAL_ANSWER = 8 };

struct seal_writer {
    crypto_secretstream_xchacha20poly1305_state state;
    int fd;
    const char *context; /* borrowed */
    unsigned char piece[SEAL_PIECE];
    size_t length;
};

/* Begins a sealed file at `fd` (borrowed) with the first key of `secret_key`. */
int seal_begin(struct seal_writer *writer, int fd, const char *secret_key, enum seal_purpose purpose,
               const char *context, struct error *e);
int seal_write(struct seal_writer *writer, const void *data, size_t length); /* 0 or -errno */
int seal_end(struct seal_writer *writer);                                    /* writes the rest; 0 or -errno */

/* Unseals the whole of `fd` into `out`. -EBADMSG, in words, when it was changed, cut off, sealed with another key or
 * for another context; what was written to `out` by then must not be used. */
int seal_open(int fd, int out, const char *secret_key, enum seal_purpose purpose, const char *context, struct error *e);

/* Sealed texts, for a column of a table: "1." and base64url of nonce and ciphertext (XChaCha20-Poly1305), with the same
 * keys and the context bound in. free(); the opened text is to be wiped with sodium_memzero first. */
int seal_text(const char *text, const char *secret_key, enum seal_purpose purpose, const char *context,
              char **ret_sealed, struct error *e);
int seal_text_open(const char *sealed, const char *secret_key, enum seal_purpose purpose, const char *context,
                   char **ret_text, struct error *e);
