#include "agent/shapes.h"
#include "agent/script.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

static const char *const criteria[] = {"element", "css", "text", "role", "label", "placeholder", "test_id"};

bool shapes_has_target(const json_t *object) {
    for (size_t i = 0; i < ARRAY_LENGTH(criteria); i++)
        if (json_object_get(object, criteria[i]))
            return true;
    return false;
}

bool shapes_has_condition(const json_t *object) {
    static const char *const others[] = {"url", "title", "given", "not", "all", "any"};
    for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
        if (json_object_get(object, others[i]))
            return true;
    return shapes_has_target(object);
}

json_t *shapes_target_of(const json_t *object) {
    json_t *target = json_object();
    for (const struct field *field = shape_target.fields; field->name; field++)
        if (json_object_get(object, field->name))
            json_object_set(target, field->name, json_object_get(object, field->name));
    return target;
}

int shapes_check_names(const json_t *value, const char *path, struct error *e) {
    if (json_object_get(value, "name") && !json_object_get(value, "role"))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s.name goes with a role; use text for what stands on the page",
                         path);
    return 0;
}

int shapes_check_target(const json_t *value, const char *path, struct error *e) {
    if (!shapes_has_target(value))
        return error_set(e, EINVAL, ERROR_BAD_INPUT,
                         "%s names no element: give css, text, role, label, placeholder or test_id", path);
    return shapes_check_names(value, path, e);
}

const struct shape shape_target = {
    .name = "target",
    .doc = "Which element is meant. All criteria given must hold. A bare text means `text`. The search goes through "
           "shadow roots (closed ones when nothing else fits, unless the page is very large) and all iframes; of "
           "several elements that fit the first visible one in document order is taken.",
    .shorthand = "text",
    .check = shapes_check_target,
    .fields =
        (const struct field[]){
            {"element", FIELD_INT, "number of the element, as the last look at the page told it", .least = 1,
             .most = 1000000000, .model_only = true},
            {"css", FIELD_TEXT, "CSS selector; it must match within one document or shadow root"},
            {"text", FIELD_TEXT, "text on the page; alone it means the innermost element that holds it"},
            {"role", FIELD_TEXT, "ARIA role, written or implied: button, link, textbox, heading, row ..."},
            {"name", FIELD_TEXT, "accessible name, with `role`"},
            {"label", FIELD_TEXT, "text of the label of a field"},
            {"placeholder", FIELD_TEXT, "placeholder of a field"},
            {"test_id", FIELD_TEXT, "data-testid (also data-test-id, data-test, data-qa), exactly"},
            {"exact", FIELD_BOOL, "texts and names must be equal, not just contain it whatever the case"},
            {"nth", FIELD_INT, "the nth visible one, from 1; -1 is the last", .least = -10000, .most = 10000},
            {"within", FIELD_SHAPE, "only inside elements that fit this target", &shape_target},
            {"frame", FIELD_SHAPE, "only inside iframes that this means, at any depth", &shape_frame},
            {"strict", FIELD_BOOL, "fail when more than one visible element fits"},
            {"fallback", FIELD_SHAPES,
             "other targets of the same element, tried in order when nothing fits: after a second without a match in a "
             "page that is not being left, or at once in conditions, lists, `within` and `frame`",
             &shape_target},
            {NULL},
        },
};

static int check_frame(const json_t *value, const char *path, struct error *e) {
    if (!shapes_has_target(value) && !json_object_get(value, "named") && !json_object_get(value, "frame"))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s names no iframe: give named, or css, test_id, label ...",
                         path);
    return shapes_check_names(value, path, e);
}

const struct shape shape_frame = {
    .name = "frame",
    .doc = "Which iframe is meant: a target for its element, or `named`. `{\"css\": \"#inner\", \"frame\": "
           "\"outer\"}` is one inside another.",
    .base = &shape_target,
    .shorthand = "named",
    .check = check_frame,
    .fields =
        (const struct field[]){
            {"named", FIELD_TEXT, "its name, title, id or a part of its address"},
            {NULL},
        },
};

int shapes_check_condition(const json_t *value, const char *path, struct error *e) {
    static const char *const about_element[] = {"state", "contains", "value", "count", "at_least", "at_most"};
    bool target = shapes_has_target(value);
    if (!shapes_has_condition(value))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s names nothing to look at: give a target, url, title or given",
                         path);
    for (size_t i = 0; !target && i < ARRAY_LENGTH(about_element); i++)
        if (json_object_get(value, about_element[i]))
            return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s.%s needs a target (css, text, role, label ...)", path,
                             about_element[i]);
    return shapes_check_names(value, path, e);
}

#define STATES "visible|hidden|attached|detached|enabled|disabled|editable|checked|unchecked|focused"

const struct shape shape_condition = {
    .name = "condition",
    .doc = "Something that is true or false of the page: a target with what it should be like, the address, the title. "
           "All that is given must hold. A bare text means that this text is visible.",
    .shorthand = "text",
    .base = &shape_target,
    .check = shapes_check_condition,
    .fields =
        (const struct field[]){
            {"state", FIELD_TEXT, "what the element should be; default visible", .choices = STATES},
            {"contains", FIELD_TEXT, "text that the element must contain"},
            {"value", FIELD_TEXT, "what the field must hold, exactly"},
            {"count", FIELD_INT, "how many visible elements fit", .least = 0, .most = 1000000},
            {"at_least", FIELD_INT, "fewest visible elements that fit", .least = 0, .most = 1000000},
            {"at_most", FIELD_INT, "most visible elements that fit", .least = 0, .most = 1000000},
            {"url", FIELD_TEXT, "part of the page's address; `*` stands for anything"},
            {"title", FIELD_TEXT, "part of the page's title; `*` stands for anything"},
            {"given", FIELD_ANY,
             "a value, mostly a template, that the next six compare; a missing `{{results.x?}}` is null"},
            {"equals", FIELD_ANY, "the given value must be this"},
            {"differs", FIELD_ANY, "the given value must not be this"},
            {"matches", FIELD_TEXT, "the given value's text must contain this; `*` stands for anything"},
            {"more_than", FIELD_ANY, "the given number must be greater"},
            {"less_than", FIELD_ANY, "the given number must be smaller"},
            {"is_empty", FIELD_BOOL, "whether the given value is null, false, 0 or an empty text, list or object"},
            {"not", FIELD_SHAPE, "this must not hold", &shape_condition},
            {"all", FIELD_SHAPES, "each of these must hold", &shape_condition},
            {"any", FIELD_SHAPES, "at least one of these must hold", &shape_condition},
            {NULL},
        },
};

static json_t *reading_from_text(const char *text) {
    const char *at = strrchr(text, '@');
    json_t *reading = json_object();
    if (!at || at > text)
        json_object_set_new(reading, "css", json_stringn(text, at ? (size_t)(at - text) : strlen(text)));
    if (at)
        json_object_set_new(reading, "attribute", json_string(at + 1));
    return reading;
}

static int check_reading(const json_t *value, const char *path, struct error *e) {
    static const char *const whole[] = {"list", "table", "fields"};
    int kinds = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(whole); i++)
        kinds += json_object_get(value, whole[i]) != NULL;
    if (kinds > 1)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s has more than one of list, table and fields", path);
    return shapes_check_names(value, path, e);
}

static int check_list(const json_t *value, const char *path, struct error *e) {
    if (json_object_get(value, "fields") && json_object_get(value, "each"))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s has both fields and each", path);
    return shapes_check_target(value, path, e);
}

static const struct field reading_fields[] = {
    {"read", FIELD_TEXT, "what of it; default text (one line); lines keeps line breaks",
     .choices = "text|lines|html|value|name|role|checked|visible"},
    {"attribute", FIELD_TEXT, "this attribute instead; href and src come as whole addresses"},
    {"match", FIELD_TEXT, "regular expression: its first group, else what it matched"},
    {"type", FIELD_TEXT, "converts the text; numbers are understood as people write them",
     .choices = "text|number|integer|boolean"},
    {"default", FIELD_ANY, "value when there is nothing"},
    {"optional", FIELD_BOOL, "null (an empty list) when nothing fits, instead of waiting and failing"},
    {"fields", FIELD_MAP, "an object: each member is a reading inside this element", &shape_reading},
    {"list", FIELD_SHAPE, "a list: one item per element that fits", &shape_list},
    {"table", FIELD_SHAPE, "the rows of a table, as objects when it has a header row", &shape_table},
    {NULL},
};

const struct shape shape_reading = {
    .name = "reading",
    .doc = "What to read. A target says where (inside the item it belongs to; none: that item, or the page itself). A "
           "bare text is a CSS selector, `selector@attribute` or `@attribute`.",
    .base = &shape_target,
    .from_text = reading_from_text,
    .check = check_reading,
    .fields = reading_fields,
};

const struct shape shape_list = {
    .name = "list",
    .doc = "A target that fits every item, and what to read of each. Without `fields` and `each` an item is its text.",
    .base = &shape_target,
    .check = check_list,
    .fields =
        (const struct field[]){
            {"fields", FIELD_MAP, "each item is an object of these readings", &shape_reading},
            {"each", FIELD_SHAPE, "each item is this reading", &shape_reading},
            {"read", FIELD_TEXT, "what of the item; default text",
             .choices = "text|lines|html|value|name|role|checked|visible"},
            {"attribute", FIELD_TEXT, "this attribute of the item"},
            {"match", FIELD_TEXT, "regular expression: its first group, else what it matched"},
            {"type", FIELD_TEXT, "converts the text", .choices = "text|number|integer|boolean"},
            {"limit", FIELD_INT, "at most so many items", .least = 1, .most = 1000000},
            {"hidden", FIELD_BOOL, "items that cannot be seen count too"},
            {"optional", FIELD_BOOL, "an empty list is fine; otherwise the step waits for an item"},
            {NULL},
        },
};

const struct shape shape_table = {
    .name = "table",
    .doc = "A target that fits the table or something around it.",
    .base = &shape_target,
    .check = shapes_check_target,
    .fields = (const struct field[]){{"optional", FIELD_BOOL, "an empty list when there is no such table"}, {NULL}},
};

const struct shape shape_goto = {
    .name = "goto",
    .shorthand = "url",
    .fields =
        (const struct field[]){
            {"url", FIELD_TEXT, "the address; http:// or https://", .required = true},
            {"until", FIELD_TEXT, "how far to wait; default load. quiet: no request for half a second",
             .choices = "commit|dom|load|quiet"},
            {NULL},
        },
};

#define MODIFIERS "Alt|Control|Meta|Shift"

const struct shape shape_click = {
    .name = "click",
    .base = &shape_target,
    .shorthand = "text",
    .check = shapes_check_target,
    .fields =
        (const struct field[]){
            {"button", FIELD_TEXT, "mouse button; default left", .choices = "left|middle|right"},
            {"times", FIELD_INT, "2 is a double click", .least = 1, .most = 3},
            {"modifiers", FIELD_TEXTS, "keys held meanwhile", .choices = MODIFIERS},
            {"follow", FIELD_BOOL, "the click opens a tab or window: wait for it and go on in it"},
            {NULL},
        },
};

static int check_fill(const json_t *value, const char *path, struct error *e) {
    bool text = json_object_get(value, "value"), credential = json_object_get(value, "credential");
    if (!text && !credential)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs value (or credential and part)", path);
    if (text && credential)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s has both value and credential", path);
    if (credential != (json_object_get(value, "part") != NULL))
        return error_set(e, EINVAL, ERROR_BAD_INPUT,
                         credential ? "%s needs part: username, password or totp" : "%s.part goes with a credential",
                         path);
    return shapes_check_target(value, path, e);
}

const struct shape shape_fill = {
    .name = "fill",
    .base = &shape_target,
    .check = check_fill,
    .fields =
        (const struct field[]){
            {"value", FIELD_TEXT, "the text; it replaces what is there. Dates as 2026-11-23, times as 18:30"},
            {"credential", FIELD_TEXT,
             "instead of a text: the name of one of the agent's credentials. It goes into fields of its own domains "
             "only, and nothing that the run tells shows it"},
            {"part", FIELD_TEXT,
             "which part of the credential; password goes into password fields only, totp is the code that an "
             "authenticator would show now",
             .choices = "username|password|totp"},
            {NULL},
        },
};

const struct shape shape_press = {
    .name = "press",
    .base = &shape_target,
    .shorthand = "key",
    .check = shapes_check_names,
    .fields =
        (const struct field[]){
            {"key", FIELD_TEXT, "a key (Enter, Tab, ArrowDown, a, F5) or a chord (Control+A)", .required = true},
            {"times", FIELD_INT, "how often it is pressed", .least = 1, .most = 1000},
            {NULL},
        },
};

static int check_wait_for(const json_t *value, const char *path, struct error *e) {
    if (json_object_get(value, "ms") || json_object_get(value, "page"))
        return shapes_check_names(value, path, e);
    return shapes_check_condition(value, path, e);
}

const struct shape shape_wait_for = {
    .name = "wait_for",
    .base = &shape_condition,
    .shorthand = "text",
    .check = check_wait_for,
    .fields =
        (const struct field[]){
            {"page", FIELD_TEXT, "how far the page must have loaded", .choices = "dom|load|quiet"},
            {"ms", FIELD_INT, "a pause of so many milliseconds", .least = 1, .most = 3600000},
            {NULL},
        },
};

const struct shape shape_assert = {
    .name = "assert",
    .base = &shape_condition,
    .shorthand = "text",
    .check = shapes_check_condition,
    .fields = (const struct field[]){{"message", FIELD_TEXT, "what to say when it does not hold"}, {NULL}},
};

const struct shape shape_extract = {
    .name = "extract",
    .base = &shape_reading,
    .check = check_reading,
    .fields =
        (const struct field[]){
            {"as", FIELD_TEXT, "the result's name", .required = true},
            {"append", FIELD_BOOL, "add to the list that is there already, as when walking pages"},
            {NULL},
        },
};

const struct shape shape_screenshot = {
    .name = "screenshot",
    .base = &shape_target,
    .shorthand = "as",
    .check = shapes_check_names,
    .fields =
        (const struct field[]){
            {"as", FIELD_TEXT, "the picture's name", .required = true},
            {"full_page", FIELD_BOOL, "the whole page, not only what is in view"},
            {"format", FIELD_TEXT, "default png", .choices = "png|jpeg"},
            {NULL},
        },
};

const struct shape shape_download = {
    .name = "download",
    .fields =
        (const struct field[]){
            {"click", FIELD_SHAPE, "what to click so that the download begins", &shape_click, .required = true},
            {"as", FIELD_TEXT, "the result's name: {name, bytes, artifact}", .required = true},
            {NULL},
        },
};

static int check_repeat(const json_t *value, const char *path, struct error *e) {
    if (!json_object_get(value, "times") && !json_object_get(value, "while") && !json_object_get(value, "until"))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs times, while or until", path);
    return 0;
}

const struct shape shape_repeat = {
    .name = "repeat",
    .check = check_repeat,
    .fields =
        (const struct field[]){
            {"steps", FIELD_STEPS, "the steps of one pass; {{loop.index}} counts from 1", .check = script_check_steps,
             .required = true},
            {"times", FIELD_INT, "how many passes", .least = 0, .most = 100000},
            {"while", FIELD_SHAPE, "asked before each pass; false ends it", &shape_condition},
            {"until", FIELD_SHAPE, "asked after each pass; true ends it", &shape_condition},
            {"between", FIELD_STEPS, "steps between two passes, such as a click on Next", .check = script_check_steps},
            {"max", FIELD_INT, "passes after which the step fails; default 100", .least = 1, .most = 100000},
            {NULL},
        },
};
