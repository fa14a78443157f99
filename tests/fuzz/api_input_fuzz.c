/* What clients send to the API: bodies and queries against a schema with every kind of field, and tokens. Whatever
 * comes, it is accepted whole or refused with complaints that are JSON; a token that was not signed here is never
 * accepted. The first byte of the input says which. */
#include "../unit/whole_schema.h"
#include "api/schema_check.h"
#include "api/token.h"
#include "base/memory.h"
#include "base/text.h"
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>

#define SECRET "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

#define DEMAND(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            abort();                                                                                                   \
    } while (0)

/* Accepted or complained of, never both or neither; the complaints can be printed. */
static void check_outcome(json_t *object, const struct complaints *complaints) {
    DEMAND(!object == !!complaints->detail);
    if (object) {
        DEMAND(json_is_string(json_object_get(object, "name")));
        DEMAND(json_is_integer(json_object_get(object, "count")));
        return;
    }
    cleanup_free char *text = json_print(complaints->detail);
    DEMAND(text && json_array_size(complaints->detail) <= COMPLAINTS_MAX);
}

static void check_token(const char *text) {
    static struct token_keys keys;
    cleanup_json json_t *claims = NULL;
    if (!keys.count)
        DEMAND(!token_keys_derive(SECRET, &keys, NULL));
    DEMAND(token_verify(&keys, text, "access", &claims, NULL) < 0 && !claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    cleanup_complaints struct complaints complaints = {0};
    cleanup_json json_t *object = NULL;
    if (!size)
        return 0;
    cleanup_free char *text = memory_copy_bytes(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        object = schema_check_body(&whole, text, size - 1, &complaints);
        check_outcome(object, &complaints);
        break;
    case 1:
        object = schema_check_query(&whole, text, &complaints);
        check_outcome(object, &complaints);
        break;
    default:
        check_token(text);
    }
    return 0;
}
