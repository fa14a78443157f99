/* Filling a part of a credential into a field. One thread. */
#pragma once

#include "base/error.h"
#include <stdint.h>

struct step;

/* The last code of each authenticator that went out: a site takes each once. */
#define USED_CODES_MAX 16
struct used_codes {
    struct {
        char credential[201];
        int64_t period; /* of 30 s since 1970 */
    } rows[USED_CODES_MAX];
    unsigned next;
};

/* `fill` with {"credential", "part"}: the field must fit the part, and belong to a document of the credential's
 * domains: the browser says whose it is, and what is typed goes into that very document or nowhere. */
int fill_secret(struct step *step, struct error *e);
