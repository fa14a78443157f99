/* The redactor: the first line is a secret, what follows a text. A secret that stands in the text as it is never stays
 * unseen, and what has none stays as it is. */
#include "agent/redact.h"
#include "base/memory.h"
#include "fuzz.h"
#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const uint8_t *line = memchr(data, '\n', size);
    size_t length = line ? (size_t)(line - data) : 0;
    if (length > 64 || (length && memchr(data, 0, length)))
        return 0;
    cleanup_free char *secret = memory_copy_bytes(data, length);
    const char *text = (const char *)data + length, *end = (const char *)data + size;
    cleanup_text struct text out = {0};
    struct redactor *redactor = redactor_make();
    redactor_add(redactor, secret, INT64_MAX);
    bool changed = redactor_text(redactor, text, (size_t)(end - text), &out);
    if (length >= REDACT_LEAST_BYTES && memmem(text, (size_t)(end - text), secret, length))
        assert(changed);
    assert(!changed || memmem(out.data, out.length, REDACTED, strlen(REDACTED)));
    redactor_free(redactor);
    return 0;
}
