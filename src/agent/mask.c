#include "agent/mask.h"
#include "agent/redact.h"
#include "base/clock.h"
#include <sodium.h>
#include <string.h>

/* The next code point of valid UTF-8. */
static uint32_t next_code(const char **at) {
    static const struct {
        unsigned char mask, is, keep;
        int more;
    } leads[] = {{0x80, 0, 0x7F, 0}, {0xE0, 0xC0, 0x1F, 1}, {0xF0, 0xE0, 0x0F, 2}, {0xF8, 0xF0, 0x07, 3}};
    unsigned char first = (unsigned char)*(*at)++;
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        if ((first & leads[i].mask) != leads[i].is)
            continue;
        uint32_t code = first & leads[i].keep;
        for (int n = 0; n < leads[i].more && **at; n++)
            code = code << 6 | ((unsigned char)*(*at)++ & 0x3F);
        return code;
    }
    return first;
}

static void add_unit(const struct masks *masks, struct mask *mask, uint32_t unit) {
    for (int i = 0; i < 2; i++)
        mask->hashes[i] = mask->hashes[i] * masks->bases[i] + unit;
    mask->length++;
}

static struct mask mask_of(const struct masks *masks, const char *secret, int64_t until) {
    struct mask mask = {.until = until};
    while (*secret) {
        uint32_t code = next_code(&secret);
        if (code < 0x10000) {
            add_unit(masks, &mask, code);
        } else {
            add_unit(masks, &mask, 0xD800 + ((code - 0x10000) >> 10));
            add_unit(masks, &mask, 0xDC00 + ((code - 0x10000) & 0x3FF));
        }
    }
    return mask;
}

void masks_add(struct masks *masks, const char *secret, int64_t until) {
    if (strlen(secret) < REDACT_LEAST_BYTES)
        return;
    for (int i = 0; !masks->count && i < 2; i++)
        masks->bases[i] = randombytes_random() | 1;
    struct mask mask = mask_of(masks, secret, until);
    for (size_t i = 0; i < masks->count; i++)
        if (!memcmp(masks->rows[i].hashes, mask.hashes, sizeof mask.hashes)) {
            masks->rows[i].until = until;
            return;
        }
    if (masks->count == MASKS_MAX)
        memmove(masks->rows, masks->rows + 1, --masks->count * sizeof masks->rows[0]);
    masks->rows[masks->count++] = mask;
}

json_t *masks_json(const struct masks *masks) {
    if (!masks->count)
        return NULL;
    json_t *list = json_array();
    for (size_t i = 0; i < masks->count; i++)
        if (masks->rows[i].until >= clock_monotonic_ms())
            json_array_append_new(list, json_pack("{s:I, s:[I, I]}", "length", (json_int_t)masks->rows[i].length,
                                                  "hashes", (json_int_t)masks->rows[i].hashes[0],
                                                  (json_int_t)masks->rows[i].hashes[1]));
    return json_pack("{s:[I, I], s:o}", "bases", (json_int_t)masks->bases[0], (json_int_t)masks->bases[1], "secrets",
                     list);
}
