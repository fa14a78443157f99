/* What a picture of the page must not show. The page's worlds are asked where it stands: they get no secret for that,
 * but the length and two hashes of each (mask.js goes through the text with the same hash). Plain data, one thread. */
#pragma once

#include "base/json.h"
#include <stdint.h>

#define MASKS_MAX 64

struct mask {
    size_t length;      /* in UTF-16 units, as pages count */
    uint32_t hashes[2]; /* polynomials in `bases`, modulo 2^32 */
    int64_t until;
};

struct masks {
    uint32_t bases[2]; /* odd; random per run */
    struct mask rows[MASKS_MAX];
    size_t count;
};

/* `until` as in redactor_add. What is shorter than REDACT_LEAST_BYTES is left out; the oldest gives way. */
void masks_add(struct masks *masks, const char *secret, int64_t until);
/* The argument of the page's functions mask and unmask, or NULL when there is nothing to mask. */
json_t *masks_json(const struct masks *masks);
