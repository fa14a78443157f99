/* Inputs that are longer than a model should read: a photo in base64, a whole article. It is told how they begin and
 * names them in its calls; what they hold is put in here. */
#include "agent/think/mind.h"
#include "base/memory.h"
#include <string.h>

#define ROOM_PART   8 /* of the conversation's room is for one input */
#define SHOWN_BYTES 200
#define BEGIN       "{{inputs."
#define END         "}}"

static json_t *beginning(const struct mind *mind, const char *name, const char *text) {
    cleanup_text struct text out = {0};
    history_append_beginning(&mind->history, &out, text, SHOWN_BYTES);
    text_print(&out,
               " (%zu bytes in all; " BEGIN "%s" END " as the value of fill, or as text or base64 of a file of upload, "
               "stands for the whole)",
               strlen(text), name);
    return json_stringn(out.data, out.length);
}

json_t *inputs_shown(const struct mind *mind) {
    json_t *shown = json_copy((json_t *)mind->run->options->inputs), *value;
    const char *name;
    json_object_foreach ((json_t *)mind->run->options->inputs, name, value)
        if (json_string_length(value) > (size_t)mind->context_bytes / ROOM_PART)
            json_object_set_new(shown, name, beginning(mind, name, json_string_value(value)));
    return shown;
}

/* The text that `{{inputs.NAME}}`, and nothing else beside it, stands for; NULL: it is a text of its own. */
static json_t *input_of(const struct mind *mind, const json_t *value) {
    const char *text = json_string_value(value);
    size_t length = text ? strlen(text) : 0, frame = strlen(BEGIN) + strlen(END);
    if (length <= frame || !text_starts_with(text, BEGIN) || !text_ends_with(text, END))
        return NULL;
    cleanup_free char *name = memory_print("%.*s", (int)(length - frame), text + strlen(BEGIN));
    json_t *found = json_object_get(mind->run->options->inputs, name);
    return json_is_string(found) ? found : NULL;
}

static void put_into(const struct mind *mind, json_t *object, const char *const *members, size_t count) {
    for (size_t i = 0; i < count; i++) {
        json_t *found = input_of(mind, json_object_get(object, members[i]));
        if (found)
            json_object_set(object, members[i], found);
    }
}

/* The model's own JSON stays as it is: what is changed is copied. */
json_t *inputs_put_in(const struct mind *mind, const char *action, json_t *arguments) {
    static const char *const value[] = {"value"}, *const contents[] = {"text", "base64", "artifact"};
    if (!strcmp(action, "fill"))
        put_into(mind, arguments, value, ARRAY_LENGTH(value));
    if (strcmp(action, "upload"))
        return arguments;
    json_t *own = json_deep_copy(arguments), *file;
    size_t i;
    json_decref(arguments);
    put_into(mind, json_object_get(own, "file"), contents, ARRAY_LENGTH(contents));
    json_array_foreach (json_object_get(own, "files"), i, file)
        put_into(mind, file, contents, ARRAY_LENGTH(contents));
    return own;
}
