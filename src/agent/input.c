#include "agent/input.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <ctype.h>
#include <errno.h>
#include <string.h>

#define REQUESTS_MAX 16

/* Keys that are not one character: DOM key, DOM code, Windows virtual key code, the text it types.
 * https://www.w3.org/TR/uievents-code/ and winuser.h */
static const struct key {
    const char *name, *code;
    int virtual_code;
    const char *text;
} keys[] = {
    {"Enter", "Enter", 13, "\r"},
    {"Tab", "Tab", 9, NULL},
    {"Escape", "Escape", 27, NULL},
    {"Backspace", "Backspace", 8, NULL},
    {"Delete", "Delete", 46, NULL},
    {"Insert", "Insert", 45, NULL},
    {"Space", "Space", 32, " "},
    {"ArrowLeft", "ArrowLeft", 37, NULL},
    {"ArrowUp", "ArrowUp", 38, NULL},
    {"ArrowRight", "ArrowRight", 39, NULL},
    {"ArrowDown", "ArrowDown", 40, NULL},
    {"Home", "Home", 36, NULL},
    {"End", "End", 35, NULL},
    {"PageUp", "PageUp", 33, NULL},
    {"PageDown", "PageDown", 34, NULL},
    {"Shift", "ShiftLeft", 16, NULL},
    {"Control", "ControlLeft", 17, NULL},
    {"Alt", "AltLeft", 18, NULL},
    {"Meta", "MetaLeft", 91, NULL},
    {"ContextMenu", "ContextMenu", 93, NULL},
    {"F1", "F1", 112, NULL},
    {"F2", "F2", 113, NULL},
    {"F3", "F3", 114, NULL},
    {"F4", "F4", 115, NULL},
    {"F5", "F5", 116, NULL},
    {"F6", "F6", 117, NULL},
    {"F7", "F7", 118, NULL},
    {"F8", "F8", 119, NULL},
    {"F9", "F9", 120, NULL},
    {"F10", "F10", 121, NULL},
    {"F11", "F11", 122, NULL},
    {"F12", "F12", 123, NULL},
};

static const struct {
    const char *name;
    int bit;
} modifier_rows[] = {{"Alt", INPUT_ALT}, {"Control", INPUT_CONTROL}, {"Meta", INPUT_META}, {"Shift", INPUT_SHIFT}};

/* What a chord with Control does in a field: Chromium runs no editing command for a synthetic key unless it is named.
 */
static const struct {
    char letter;
    const char *command;
} editing_commands[] = {{'A', "selectAll"}, {'C', "copy"}, {'V', "paste"}, {'X', "cut"}, {'Z', "undo"}, {'Y', "redo"}};

int input_modifier(const char *name) {
    for (size_t i = 0; i < ARRAY_LENGTH(modifier_rows); i++)
        if (!strcmp(modifier_rows[i].name, name))
            return modifier_rows[i].bit;
    return 0;
}

/* Input may close the very tab that it goes to; what came after that was for nobody. */
static bool has_closed(const struct page *page, const struct error *e) {
    return page_closed(page) || strstr(e->text, "closed");
}

/* The answers belong to the caller. */
static int send_and_keep(struct page *page, struct cdp_request *requests, size_t count, int64_t deadline,
                         struct error *e) {
    for (size_t i = 0; i < count; i++)
        if (!requests[i].session_id)
            requests[i].session_id = page_session_id(page, 0);
    int r = cdp_call_many(page_client(page), requests, count, clock_remaining_ms(deadline), e);
    for (size_t i = 0; i < count; i++)
        if (text_starts_with(requests[i].method, "Input.") && requests[i].error.code == ERROR_BROWSER && !r &&
            !has_closed(page, &requests[i].error))
            r = error_set(e, EIO, ERROR_STEP, "the browser refused the input: %.300s", requests[i].error.text);
    return r;
}

static int send_all(struct page *page, struct cdp_request *requests, size_t count, int64_t deadline, struct error *e) {
    int r = send_and_keep(page, requests, count, deadline, e);
    for (size_t i = 0; i < count; i++)
        json_decref(requests[i].result);
    return r;
}

static struct cdp_request mouse(const char *type, double x, double y, const char *button, int times, int modifiers) {
    static const struct {
        const char *name;
        int bit;
    } buttons[] = {{"left", 1}, {"right", 2}, {"middle", 4}};
    int held = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(buttons); i++)
        if (!strcmp(type, "mousePressed") && !strcmp(buttons[i].name, button))
            held = buttons[i].bit;
    return (struct cdp_request){.method = "Input.dispatchMouseEvent",
                                .params = json_pack("{s:s, s:f, s:f, s:s, s:i, s:i, s:i}", "type", type, "x", x, "y", y,
                                                    "button", button, "buttons", held, "clickCount", times, "modifiers",
                                                    modifiers)};
}

/* Without an answer of the guard the page went away under the click, which met it. */
static void take_outcome(const struct cdp_request *asked, char ret_outcome[16]) {
    const json_t *result = json_object_get(asked->result, "result");
    snprintf(ret_outcome, 16, "%s", json_text_or(result, "value", "hit"));
}

int input_click(struct page *page, double x, double y, const struct input_click *how, size_t session, int64_t deadline,
                char ret_outcome[16], struct error *e) {
    struct cdp_request requests[REQUESTS_MAX] = {0};
    size_t count = 0, inputs;
    requests[count++] = mouse("mouseMoved", x, y, "none", 0, how->modifiers);
    for (int i = 1; i <= how->times; i++) {
        requests[count++] = mouse("mousePressed", x, y, how->button, i, how->modifiers);
        requests[count++] = mouse("mouseReleased", x, y, how->button, i, how->modifiers);
    }
    inputs = count;
    cleanup_free char *id = NULL; /* the session's place in the page may change meanwhile */
    if (!page_world_prepare(page, session, "replinet.pressed()", &requests[count]))
        requests[count++].session_id = id = memory_copy_text(page_session_id(page, session));
    int r = send_and_keep(page, requests, count, deadline, e);
    take_outcome(&requests[inputs], ret_outcome);
    for (size_t i = 0; i < count; i++)
        json_decref(requests[i].result);
    return r;
}

int input_move(struct page *page, double x, double y, int64_t deadline, struct error *e) {
    struct cdp_request request = mouse("mouseMoved", x, y, "none", 0, 0);
    return send_all(page, &request, 1, deadline, e);
}

int input_wheel(struct page *page, double x, double y, double right, double down, int64_t deadline, struct error *e) {
    struct cdp_request requests[] = {
        mouse("mouseMoved", x, y, "none", 0, 0),
        {.method = "Input.dispatchMouseEvent",
         .params = json_pack("{s:s, s:f, s:f, s:f, s:f}", "type", "mouseWheel", "x", x, "y", y, "deltaX", right,
                             "deltaY", down)},
    };
    return send_all(page, requests, ARRAY_LENGTH(requests), deadline, e);
}

static struct cdp_request held_mouse(const char *type, double x, double y) {
    return (struct cdp_request){
        .method = "Input.dispatchMouseEvent",
        .params = json_pack("{s:s, s:f, s:f, s:s, s:i}", "type", type, "x", x, "y", y, "button", "left", "buttons", 1)};
}

static struct cdp_request drag_event(const char *type, double x, double y, json_t *data) {
    return (struct cdp_request){.method = "Input.dispatchDragEvent",
                                .params =
                                    json_pack("{s:s, s:f, s:f, s:O}", "type", type, "x", x, "y", y, "data", data)};
}

static struct cdp_request intercept_drags(bool on) {
    return (struct cdp_request){.method = "Input.setInterceptDrags", .params = json_pack("{s:b}", "enabled", on)};
}

int input_drag_begin(struct page *page, double x, double y, int64_t deadline, struct error *e) {
    json_decref(page_take_drag(page)); /* of an earlier drag */
    struct cdp_request requests[] = {
        intercept_drags(true),
        mouse("mouseMoved", x, y, "none", 0, 0),
        mouse("mousePressed", x, y, "left", 1, 0),
        held_mouse("mouseMoved", x + 2, y + 2),
        held_mouse("mouseMoved", x + 5, y + 5),
    };
    return send_all(page, requests, ARRAY_LENGTH(requests), deadline, e);
}

/* HTML drag and drop: the browser handed over what is dragged. */
static int drop_data(struct page *page, json_t *data, double x, double y, bool drop, int64_t deadline,
                     struct error *e) {
    struct cdp_request requests[] = {
        drag_event("dragEnter", x, y, data),        drag_event("dragOver", x, y, data),
        drag_event("dragOver", x, y, data),         drag_event(drop ? "drop" : "dragCancel", x, y, data),
        mouse("mouseReleased", x, y, "left", 1, 0), intercept_drags(false),
    };
    return send_all(page, requests, ARRAY_LENGTH(requests), deadline, e);
}

int input_drag_end(struct page *page, double from_x, double from_y, double x, double y, int moves, bool drop,
                   int64_t deadline, struct error *e) {
    cleanup_json json_t *data = page_take_drag(page);
    int r = 0;
    for (int i = 1; !r && !data && i <= moves; i++) {
        double part = (double)i / moves;
        struct cdp_request move = held_mouse("mouseMoved", from_x + (x - from_x) * part, from_y + (y - from_y) * part);
        r = send_all(page, &move, 1, deadline, e);
        data = page_take_drag(page); /* some pages need a longer way before a drag begins */
    }
    if (data)
        return r < 0 ? r : drop_data(page, data, x, y, drop, deadline, e);
    struct cdp_request end[] = {mouse("mouseReleased", x, y, "left", 1, 0), intercept_drags(false)};
    return r < 0 ? r : send_all(page, end, ARRAY_LENGTH(end), deadline, e);
}

int input_drop_files(struct page *page, double x, double y, const json_t *paths, int64_t deadline, struct error *e) {
    cleanup_json json_t *data = json_pack("{s:[], s:O, s:i}", "items", "files", paths, "dragOperationsMask", 1);
    struct cdp_request requests[] = {
        drag_event("dragEnter", x, y, data),
        drag_event("dragOver", x, y, data),
        drag_event("drop", x, y, data),
    };
    return send_all(page, requests, ARRAY_LENGTH(requests), deadline, e);
}

/* One character: a letter or digit has its own code, others only the text. */
static bool describe_character(const char *name, struct key *ret_key, char code[16]) {
    unsigned char c = (unsigned char)name[0];
    size_t letters = 0;
    for (const char *p = name; *p; p++)
        letters += ((unsigned char)*p & 0xC0) != 0x80;
    if (letters != 1)
        return false;
    *ret_key = (struct key){name, "", isalnum(c) ? toupper(c) : 0, name};
    if (isalpha(c))
        snprintf(code, 16, "Key%c", toupper(c)), ret_key->code = code;
    else if (isdigit(c))
        snprintf(code, 16, "Digit%c", c), ret_key->code = code;
    return true;
}

static bool find_key(const char *name, struct key *ret_key, char code[16]) {
    for (size_t i = 0; i < ARRAY_LENGTH(keys); i++)
        if (!strcmp(keys[i].name, name))
            return *ret_key = keys[i], true;
    return describe_character(name, ret_key, code);
}

static const char *editing_command(const char *key, int modifiers) {
    for (size_t i = 0; modifiers == INPUT_CONTROL && i < ARRAY_LENGTH(editing_commands); i++)
        if (toupper((unsigned char)key[0]) == editing_commands[i].letter && !key[1])
            return editing_commands[i].command;
    return NULL;
}

static json_t *key_event(const char *type, const struct key *key, int modifiers) {
    bool typed = key->text && !(modifiers & ~INPUT_SHIFT) && !strcmp(type, "keyDown");
    const char *dom_key = !strcmp(key->name, "Space") ? " " : key->name;
    const char *command = typed || strcmp(type, "keyDown") ? NULL : editing_command(key->name, modifiers);
    json_t *event =
        json_pack("{s:s, s:s, s:s, s:i, s:i}", "type", typed || strcmp(type, "keyDown") ? type : "rawKeyDown", "key",
                  dom_key, "code", key->code, "windowsVirtualKeyCode", key->virtual_code, "modifiers", modifiers);
    if (typed)
        json_object_set_new(event, "text", json_string(key->text));
    if (command)
        json_object_set_new(event, "commands", json_pack("[s]", command));
    return event;
}

/* The modifiers of a chord and its last key. "+" itself is a key: "Control++". */
static int split_chord(const char *chord, int *ret_modifiers, const char **ret_key, struct error *e) {
    const char *at = chord, *plus;
    int modifiers = 0;
    while ((plus = strchr(at + (*at != '\0'), '+'))) {
        char name[16];
        snprintf(name, sizeof name, "%.*s", (int)(plus - at), at);
        int bit = input_modifier(name);
        if (!bit)
            return error_set(e, EINVAL, ERROR_STEP, "%s in %s is no modifier; use Alt, Control, Meta, Shift", name,
                             chord);
        modifiers |= bit;
        at = plus + 1;
    }
    *ret_modifiers = modifiers;
    *ret_key = at;
    return 0;
}

static void shift_letter(struct key *key, int modifiers, char upper[2]) {
    if ((modifiers & INPUT_SHIFT) && key->name[0] >= 'a' && key->name[0] <= 'z' && !key->name[1]) {
        snprintf(upper, 2, "%c", toupper((unsigned char)key->name[0]));
        key->name = key->text = upper;
    }
}

static size_t press_modifiers(struct cdp_request *requests, const char *type, int modifiers) {
    size_t count = 0;
    int held = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(modifier_rows); i++) {
        struct key key;
        char code[16];
        if (!(modifiers & modifier_rows[i].bit) || !find_key(modifier_rows[i].name, &key, code))
            continue;
        held |= modifier_rows[i].bit;
        requests[count++] =
            (struct cdp_request){.method = "Input.dispatchKeyEvent",
                                 .params = key_event(type, &key, strcmp(type, "keyUp") ? held : modifiers & ~held)};
    }
    return count;
}

static int press_once(struct page *page, const struct key *key, int modifiers, int64_t deadline, struct error *e) {
    struct cdp_request requests[REQUESTS_MAX];
    size_t count = press_modifiers(requests, "keyDown", modifiers);
    for (int up = 0; up < 2; up++)
        requests[count++] = (struct cdp_request){.method = "Input.dispatchKeyEvent",
                                                 .params = key_event(up ? "keyUp" : "keyDown", key, modifiers)};
    count += press_modifiers(requests + count, "keyUp", modifiers);
    return send_all(page, requests, count, deadline, e);
}

int input_press(struct page *page, const char *chord, int times, int64_t deadline, struct error *e) {
    const char *name = "";
    struct key key;
    char code[16], upper[2];
    int modifiers = 0, r = split_chord(chord, &modifiers, &name, e);
    if (r)
        return r;
    if (!find_key(name, &key, code))
        return error_set(e, EINVAL, ERROR_STEP, "%s is no key; use one character or Enter, Tab, Escape, ArrowDown ...",
                         name);
    shift_letter(&key, modifiers, upper);
    for (int i = 0; !r && i < times; i++)
        r = press_once(page, &key, modifiers, deadline, e);
    return r;
}

int input_text(struct page *page, const char *text, int64_t deadline, struct error *e) {
    if (!*text)
        return input_press(page, "Delete", 1, deadline, e);
    struct cdp_request request = {.method = "Input.insertText", .params = json_pack("{s:s}", "text", text)};
    return send_all(page, &request, 1, deadline, e);
}
