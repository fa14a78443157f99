#include "store/s3_list.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A piece of the answer: [at, end). */
struct span {
    const char *at, *end;
};

static const char *find(struct span span, const char *text) {
    return span.at < span.end ? memmem(span.at, (size_t)(span.end - span.at), text, strlen(text)) : NULL;
}

/* The content of the first <name>...</name> in `span`; at == NULL: there is none. ret_after: what follows it. */
static struct span element(struct span span, const char *name, struct span *ret_after) {
    char open[40], close[40];
    snprintf(open, sizeof open, "<%s>", name);
    snprintf(close, sizeof close, "</%s>", name);
    const char *begin = find(span, open);
    const char *end = begin ? find((struct span){begin, span.end}, close) : NULL;
    if (!end)
        return (struct span){0};
    if (ret_after)
        *ret_after = (struct span){end + strlen(close), span.end};
    return (struct span){begin + strlen(open), end};
}

/* &amp; and the like. */
static char *decode(struct span span) {
    static const struct {
        const char *entity;
        char character;
    } entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&#39;", '\''}};
    cleanup_text struct text out = {0};
    text_append_string(&out, "");
    while (span.at < span.end) {
        size_t length = 1;
        char character = *span.at;
        for (size_t i = 0; character == '&' && i < ARRAY_LENGTH(entities); i++)
            if ((size_t)(span.end - span.at) >= strlen(entities[i].entity) &&
                !memcmp(span.at, entities[i].entity, strlen(entities[i].entity))) {
                length = strlen(entities[i].entity);
                character = entities[i].character;
                break;
            }
        text_append_char(&out, character);
        span.at += length;
    }
    return take_pointer(out.data);
}

static int read_object(struct span span, struct s3_object *ret_object) {
    struct span key = element(span, "Key", NULL), size = element(span, "Size", NULL);
    struct span time = element(span, "LastModified", NULL);
    if (!key.at || !size.at || !time.at)
        return -EINVAL;
    cleanup_free char *size_text = decode(size), *time_text = decode(time), *key_text = decode(key);
    if (text_parse_int(size_text, 0, INT64_MAX, &ret_object->size) || clock_parse(time_text, &ret_object->changed_us))
        return -EINVAL;
    ret_object->key = take_pointer(key_text);
    return 0;
}

static int refuse(struct error *e) {
    return error_set(e, EPROTO, ERROR_PROTOCOL, "the object store's list is no ListBucketResult");
}

int s3_list_parse(const char *data, size_t length, struct s3_list *ret_list, struct error *e) {
    cleanup_s3_list struct s3_list list = {0};
    struct span rest = {data, data ? data + length : data}, contents;
    if (!find(rest, "<ListBucketResult"))
        return refuse(e);
    struct span truncated = element(rest, "IsTruncated", NULL), token = element(rest, "NextContinuationToken", NULL);
    while ((contents = element(rest, "Contents", &rest)).at) {
        struct s3_object object = {0};
        if (read_object(contents, &object) < 0)
            return refuse(e);
        list.objects = memory_resize(list.objects, (list.count + 1) * sizeof *list.objects);
        list.objects[list.count++] = object;
    }
    if (truncated.end - truncated.at == 4 && !memcmp(truncated.at, "true", 4)) {
        if (!token.at)
            return refuse(e);
        list.token = decode(token);
    }
    *ret_list = list;
    list = (struct s3_list){0};
    return 0;
}

void s3_list_done(struct s3_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->objects[i].key);
    free(list->objects);
    free(list->token);
    *list = (struct s3_list){0};
}
