/* The shapes of the actions beyond the plainest: forms, pointer, tabs, code, and those that decide which steps run. */
#include "agent/script.h"
#include "agent/shapes.h"
#include "base/memory.h"
#include <errno.h>

static int check_select(const json_t *value, const char *path, struct error *e) {
    static const char *const ways[] = {"option", "value", "index", "options"};
    int given = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++)
        given += json_object_get(value, ways[i]) != NULL;
    if (given != 1)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs one of option, value, index or options", path);
    return shapes_check_target(value, path, e);
}

const struct shape shape_select = {
    .name = "select",
    .base = &shape_target,
    .check = check_select,
    .fields =
        (const struct field[]){
            {"option", FIELD_TEXT, "the text of the option, whole or else a part of it"},
            {"value", FIELD_TEXT, "its value attribute instead"},
            {"index", FIELD_INT, "its number instead, from 1; -1 is the last", .least = -10000, .most = 10000},
            {"options", FIELD_TEXTS, "texts of all options that shall be chosen, in a list that takes several"},
            {NULL},
        },
};

static const struct field none[] = {{NULL}};

const struct shape shape_check_box = {
    .name = "check", .base = &shape_target, .shorthand = "text", .check = shapes_check_target, .fields = none};
const struct shape shape_uncheck = {
    .name = "uncheck", .base = &shape_target, .shorthand = "text", .check = shapes_check_target, .fields = none};
const struct shape shape_hover = {
    .name = "hover", .base = &shape_target, .shorthand = "text", .check = shapes_check_target, .fields = none};

static int check_scroll(const json_t *value, const char *path, struct error *e) {
    static const char *const ways[] = {"to", "down", "right", "until"};
    bool given = shapes_has_target(value);
    for (size_t i = 0; i < ARRAY_LENGTH(ways); i++)
        given |= json_object_get(value, ways[i]) != NULL;
    if (!given)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs a target, to, down, right or until", path);
    return shapes_check_names(value, path, e);
}

const struct shape shape_scroll = {
    .name = "scroll",
    .base = &shape_target,
    .shorthand = "text",
    .check = check_scroll,
    .fields =
        (const struct field[]){
            {"to", FIELD_TEXT, "an end of the page, or of what `inside` means", .choices = "top|bottom|left|right"},
            {"down", FIELD_INT, "so many pixels down; negative: up", .least = -1000000, .most = 1000000},
            {"right", FIELD_INT, "so many pixels right; negative: left", .least = -1000000, .most = 1000000},
            {"inside", FIELD_SHAPE, "the area to scroll, or something in it; default the page", &shape_target},
            {"until", FIELD_SHAPE, "scroll on, down to the end unless said otherwise, until this holds",
             &shape_condition},
            {"max", FIELD_INT, "scrolls after which `until` fails; default 100", .least = 1, .most = 100000},
            {NULL},
        },
};

static int check_drag(const json_t *value, const char *path, struct error *e) {
    if (!json_object_get(value, "to") && !json_object_get(value, "right") && !json_object_get(value, "down"))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs to, right or down", path);
    return shapes_check_target(value, path, e);
}

const struct shape shape_drag = {
    .name = "drag",
    .base = &shape_target,
    .check = check_drag,
    .fields =
        (const struct field[]){
            {"to", FIELD_SHAPE, "where to drop it", &shape_target},
            {"right", FIELD_INT, "so many pixels right of there, or of where it is; negative: left", .least = -100000,
             .most = 100000},
            {"down", FIELD_INT, "so many pixels below; negative: above", .least = -100000, .most = 100000},
            {NULL},
        },
};

const struct shape shape_evaluate = {
    .name = "evaluate",
    .base = &shape_target,
    .shorthand = "script",
    .check = shapes_check_names,
    .fields =
        (const struct field[]){
            {"script", FIELD_TEXT,
             "an expression, or statements with return; `inputs`, `results`, `vars`, `loop` and `element` (the target) "
             "are there as variables, promises are awaited. Templates are not replaced in it",
             .required = true},
            {"as", FIELD_TEXT, "the result's name"},
            {"world", FIELD_TEXT, "page: with the page's own variables (default); isolated: out of the page's reach",
             .choices = "page|isolated"},
            {NULL},
        },
};

static int check_cookies(const json_t *value, const char *path, struct error *e) {
    if (!json_object_get(value, "as") && !json_object_get(value, "set") && !json_object_get(value, "clear"))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs as, set or clear", path);
    return 0;
}

const struct shape shape_cookie = {
    .name = "cookie",
    .doc = "A cookie to be set.",
    .fields =
        (const struct field[]){
            {"name", FIELD_TEXT, "its name", .required = true},
            {"value", FIELD_TEXT, "its value", .required = true},
            {"domain", FIELD_TEXT, "default: of the page's address"},
            {"path", FIELD_TEXT, "default /"},
            {"secure", FIELD_BOOL, "only over https"},
            {"http_only", FIELD_BOOL, "out of reach of the page's scripts"},
            {"expires", FIELD_INT, "seconds since 1970; default: with the browser", .least = 1, .most = INT64_MAX},
            {"same_site", FIELD_TEXT, "Strict, Lax or None", .choices = "Strict|Lax|None"},
            {NULL},
        },
};
const struct shape shape_cookies = {
    .name = "cookies",
    .check = check_cookies,
    .fields =
        (const struct field[]){
            {"clear", FIELD_BOOL, "forget those of the page's address, first"},
            {"set", FIELD_SHAPES, "set these", &shape_cookie},
            {"as", FIELD_TEXT, "the result's name: a list of those of the page's address"},
            {NULL},
        },
};

const struct shape shape_history = {
    .name = "history",
    .shorthand = "until",
    .fields =
        (const struct field[]){
            {"until", FIELD_TEXT, "how far to wait; default load", .choices = "commit|dom|load|quiet"},
            {NULL},
        },
};

static int check_file(const json_t *value, const char *path, struct error *e) {
    static const char *const contents[] = {"text", "base64", "artifact"};
    int given = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(contents); i++)
        given += json_object_get(value, contents[i]) != NULL;
    if (given != 1)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs one of text, base64 or artifact", path);
    if (!json_object_get(value, "name") && !json_object_get(value, "artifact"))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs a name", path);
    return 0;
}

const struct shape shape_file = {
    .name = "file",
    .doc = "A file to be uploaded.",
    .shorthand = "artifact",
    .check = check_file,
    .fields =
        (const struct field[]){
            {"name", FIELD_TEXT, "its name, as the page sees it; an artifact has one"},
            {"text", FIELD_TEXT, "its content as text"},
            {"base64", FIELD_TEXT, "its content in base64, mostly a template such as {{inputs.photo}}"},
            {"artifact", FIELD_TEXT,
             "the id of a stored file, as of an earlier download: {{results.invoice.artifact}}"},
            {NULL},
        },
};

static int check_upload(const json_t *value, const char *path, struct error *e) {
    if (!json_object_get(value, "file") == !json_object_get(value, "files"))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs either file or files", path);
    return shapes_check_target(value, path, e);
}

const struct shape shape_upload = {
    .name = "upload",
    .base = &shape_target,
    .check = check_upload,
    .fields =
        (const struct field[]){
            {"file", FIELD_SHAPE, "the file to give", &shape_file},
            {"files", FIELD_SHAPES, "several files, for what takes them", &shape_file},
            {"drop", FIELD_BOOL, "drop them on the element, as with the mouse from another window"},
            {NULL},
        },
};

static int check_tab(const json_t *value, const char *path, struct error *e) {
    static const char *const names[] = {"to", "title", "url"};
    bool named = false, open = json_object_get(value, "open"), close = json_object_get(value, "close");
    for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
        named |= json_object_get(value, names[i]) != NULL;
    if (open && (named || close))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s opens a new tab: to, title, url and close do not go with open",
                         path);
    if (!open && !named && !close && !json_object_get(value, "as"))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs open, to, title, url, close or as", path);
    return 0;
}

const struct shape shape_tab = {
    .name = "tab",
    .shorthand = "to",
    .check = check_tab,
    .fields =
        (const struct field[]){
            {"to", FIELD_TEXT,
             "which one, waited for: its number from 1 (\"-1\": the last), or a part of its title or address; `*` "
             "stands for anything"},
            {"title", FIELD_TEXT, "which one: a part of its title"},
            {"url", FIELD_TEXT, "which one: a part of its address"},
            {"open", FIELD_TEXT, "an address, in a new tab; about:blank for an empty one"},
            {"close", FIELD_BOOL,
             "close it, or the current one when none is named; the script goes on in the tab that "
             "opened it, else in the last one"},
            {"as", FIELD_TEXT, "the result's name: the list of tabs [{number, title, url, current}] after that"},
            {NULL},
        },
};

static int check_dialog(const json_t *value, const char *path, struct error *e) {
    bool answers = json_object_get(value, "answer") || json_object_get(value, "text");
    if (answers == (json_object_get(value, "as") != NULL))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs either an answer (answer, text) or as", path);
    return 0;
}

const struct shape shape_dialog = {
    .name = "dialog",
    .shorthand = "answer",
    .check = check_dialog,
    .fields =
        (const struct field[]){
            {"answer", FIELD_TEXT,
             "to the next dialog; without such a step alerts and leaving a page are accepted, questions dismissed",
             .choices = "accept|dismiss"},
            {"text", FIELD_TEXT, "accept the next prompt with this text"},
            {"on", FIELD_TEXT, "only for this kind of dialog", .choices = "alert|confirm|prompt|beforeunload"},
            {"times", FIELD_INT, "for so many dialogs; default 1", .least = 1, .most = 100000},
            {"as", FIELD_TEXT,
             "the result's name: the last dialog {type, message, default, url, accepted, text}, waited for unless one "
             "was shown since it was last read"},
            {NULL},
        },
};

const struct shape shape_set = {.name = "set", .fields = none, .open = true};

const struct shape shape_if = {
    .name = "if",
    .base = &shape_condition,
    .check = shapes_check_condition,
    .fields =
        (const struct field[]){
            {"wait_ms", FIELD_INT, "give it so long to come true; default 0: as the page is now", .least = 0,
             .most = 3600000},
            {"then", FIELD_STEPS, "steps when it holds", .check = script_check_steps},
            {"else", FIELD_STEPS, "steps when it does not", .check = script_check_steps},
            {NULL},
        },
};

static int check_for_each(const json_t *value, const char *path, struct error *e) {
    if (!json_object_get(value, "in") == !shapes_has_target(value))
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s needs either in (a list) or a target", path);
    return shapes_check_names(value, path, e);
}

const struct shape shape_for_each = {
    .name = "for_each",
    .base = &shape_target,
    .check = check_for_each,
    .fields =
        (const struct field[]){
            {"in", FIELD_ANY, "a list, mostly a template such as {{results.items}}; or give a target"},
            {"steps", FIELD_STEPS,
             "the steps of one pass; {{loop.item}} is the item, {{loop.index}} counts from 1. With a target "
             "{{loop.target}} means the element itself, as in {\"within\": \"{{loop.target}}\"}",
             .check = script_check_steps, .required = true},
            {"max", FIELD_INT, "at most so many items are taken", .least = 1, .most = 100000},
            {NULL},
        },
};

const struct shape shape_call = {
    .name = "call",
    .shorthand = "script",
    .fields =
        (const struct field[]){
            {"script", FIELD_TEXT, "its name among the agent's scripts", .required = true},
            {"inputs", FIELD_ANY, "an object: what {{inputs.name}} means in it; default: the inputs here"},
            {"as", FIELD_TEXT, "its results become this one result; default: they are added to the results here"},
            {NULL},
        },
};

const struct shape shape_stop = {
    .name = "stop",
    .shorthand = "message",
    .fields = (const struct field[]){{"message", FIELD_TEXT, "why, for the events"}, {NULL}},
};
const struct shape shape_fail = {
    .name = "fail",
    .shorthand = "message",
    .fields = (const struct field[]){{"message", FIELD_TEXT, "what went wrong", .required = true}, {NULL}},
};
