/* What viewers say: a row per message, and what becomes of it in the browser. */
#include "base/memory.h"
#include "base/text.h"
#include "browsers/keeper/live_internal.h"
#include "browsers/keeper/method_policy.h"
#include "browsers/protocol/launcher_protocol.h"
#include "browsers/protocol/live_protocol.h"
#include <stdlib.h>
#include <string.h>

#define COORDINATE_MOST 100000
#define WORD_MAX        64 /* bytes of a key's name */

static double coordinate(const json_t *message, const char *name) {
    double value = json_number_value(json_object_get(message, name));
    return value > COORDINATE_MOST ? COORDINATE_MOST : value < -COORDINATE_MOST ? -COORDINATE_MOST : value;
}

static int64_t bounded(const json_t *message, const char *name, int64_t least, int64_t most) {
    int64_t value = json_int_or(message, name, least);
    return value < least ? least : value > most ? most : value;
}

static const char *word(const json_t *message, const char *name) {
    const char *value = json_text_or(message, name, "");
    return strlen(value) < WORD_MAX ? value : "";
}

static json_int_t modifiers_of(const json_t *message) {
    static const char *const names[] = {"Alt", "Control", "Meta", "Shift"}; /* bits in CDP's order */
    json_int_t bits = 0;
    json_t *item;
    size_t at;
    json_array_foreach (json_object_get(message, "modifiers"), at, item)
        for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
            if (json_is_string(item) && !strcmp(json_string_value(item), names[i]))
                bits |= (json_int_t)1 << i;
    return bits;
}

/* `names` and `values` in pairs; the fallback when none fits. */
struct word_pair {
    const char *said, *meant;
};
static const char *translate(const struct word_pair *pairs, size_t count, const char *said) {
    for (size_t i = 0; i < count; i++)
        if (!strcmp(pairs[i].said, said))
            return pairs[i].meant;
    return NULL;
}

static void take_ack(struct live_viewer *viewer, const json_t *message) {
    live_acknowledge(viewer, (uint32_t)json_int_or(message, "seq", 0));
}

static void take_watch(struct live_viewer *viewer, const json_t *message) {
    viewer->max_width = bounded(message, "max_width", LIVE_WIDTH_LEAST, LIVE_WIDTH_MOST);
    viewer->max_height = bounded(message, "max_height", LIVE_WIDTH_LEAST, LIVE_WIDTH_MOST);
    viewer->quality = bounded(message, "quality", 1, LIVE_QUALITY_MOST);
    live_wishes_changed(viewer->live);
}

static void take_control(struct live_viewer *viewer, const json_t *message) {
    live_take_control(viewer);
}

static void return_control(struct live_viewer *viewer, const json_t *message) {
    live_return_control(viewer->live);
}

static void take_mouse(struct live_viewer *viewer, const json_t *message) {
    static const struct word_pair kinds[] = {
        {"move", "mouseMoved"}, {"down", "mousePressed"}, {"up", "mouseReleased"}, {"wheel", "mouseWheel"}};
    static const struct word_pair buttons[] = {{"left", "left"}, {"middle", "middle"},   {"right", "right"},
                                               {"back", "back"}, {"forward", "forward"}, {"none", "none"}};
    const char *kind = translate(kinds, ARRAY_LENGTH(kinds), word(message, "event"));
    const char *button = translate(buttons, ARRAY_LENGTH(buttons), word(message, "button"));
    if (!kind) {
        live_refuse(viewer, ERROR_BAD_INPUT, "a mouse event is move, down, up or wheel");
        return;
    }
    live_call(viewer->live, viewer->live->front, "Input.dispatchMouseEvent",
              json_pack("{s:s, s:f, s:f, s:s, s:I, s:I, s:f, s:f, s:I}", "type", kind, "x", coordinate(message, "x"),
                        "y", coordinate(message, "y"), "button", button ? button : "none", "buttons",
                        (json_int_t)bounded(message, "buttons", 0, 31), "clickCount",
                        (json_int_t)bounded(message, "clicks", 0, 3), "deltaX", coordinate(message, "delta_x"),
                        "deltaY", coordinate(message, "delta_y"), "modifiers", modifiers_of(message)));
}

static void take_key(struct live_viewer *viewer, const json_t *message) {
    bool up = !strcmp(word(message, "event"), "up");
    const char *text = word(message, "text");
    json_int_t code = bounded(message, "key_code", 0, 255), location = bounded(message, "location", 0, 3);
    json_t *params =
        json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:b, s:b}", "type",
                  up      ? "keyUp"
                  : *text ? "keyDown"
                          : "rawKeyDown",
                  "key", word(message, "key"), "code", word(message, "code"), "windowsVirtualKeyCode", code,
                  "nativeVirtualKeyCode", code, "location", location, "modifiers", modifiers_of(message), "isKeypad",
                  location == 3, "autoRepeat", json_bool_or(message, "repeat", false));
    if (*text && !up) {
        json_object_set_new(params, "text", json_string(text));
        json_object_set_new(params, "unmodifiedText", json_string(text));
    }
    live_call(viewer->live, viewer->live->front, "Input.dispatchKeyEvent", params);
}

static void take_text(struct live_viewer *viewer, const json_t *message) {
    live_call(viewer->live, viewer->live->front, "Input.insertText",
              json_pack("{s:s}", "text", json_text_or(message, "text", "")));
}

/* As JavaScript counts: UTF-16 units. */
static json_int_t length_of(const char *text) {
    json_int_t units = 0;
    for (; *text; text++)
        units += (*text & 0xc0) != 0x80 ? 1 + ((unsigned char)*text >= 0xf0) : 0;
    return units;
}

static void take_composition(struct live_viewer *viewer, const json_t *message) {
    const char *text = json_text_or(message, "text", "");
    json_int_t end = length_of(text);
    live_call(viewer->live, viewer->live->front, "Input.imeSetComposition",
              json_pack("{s:s, s:I, s:I}", "text", text, "selectionStart", end, "selectionEnd", end));
}

static void selection_came(void *user, const struct cdp_envelope *answer) {
    struct live *live = user;
    cleanup_json json_t *result = NULL;
    if (answer->result.data &&
        json_parse(answer->result.data, answer->result.length, "the selection", &result, NULL) == 0)
        live_tell_holder(live, json_pack("{s:s, s:s}", "type", "clipboard", "text",
                                         json_text_or(json_object_get(result, "result"), "value", "")));
}

static void take_copy(struct live_viewer *viewer, const json_t *message) {
    /* The focus may be in a frame of the same origin or in a shadow root. */
    static const char *const script =
        "{\"returnByValue\":true,\"expression\":\"(function look(d){let a=d.activeElement;"
        "while(a&&a.shadowRoot&&a.shadowRoot.activeElement)a=a.shadowRoot.activeElement;"
        "if(a&&a.contentDocument)return look(a.contentDocument);"
        "if(a&&typeof a.selectionStart==='number'&&a.selectionEnd>a.selectionStart&&a.type!=='password')"
        "return a.value.slice(a.selectionStart,a.selectionEnd);"
        "return String(d.getSelection()||'')})(document)\"}";
    struct live *live = viewer->live;
    if (live->insider && live->front && *live->front->session)
        mux_call_in(live->keeper->mux, live->front->session, "Runtime.evaluate", script, selection_came, live);
}

static void go_in_history(struct live *live, const struct cdp_envelope *answer, int by) {
    cleanup_json json_t *result = NULL;
    if (!answer->result.data || json_parse(answer->result.data, answer->result.length, "history", &result, NULL) < 0)
        return;
    int64_t at = json_int_or(result, "currentIndex", -1) + by;
    const json_t *entry = at < 0 ? NULL : json_array_get(json_object_get(result, "entries"), (size_t)at);
    if (entry)
        live_call(live, live->front, "Page.navigateToHistoryEntry",
                  json_pack("{s:I}", "entryId", (json_int_t)json_int_or(entry, "id", 0)));
}

static void go_back(void *user, const struct cdp_envelope *answer) {
    go_in_history(user, answer, -1);
}

static void go_forward(void *user, const struct cdp_envelope *answer) {
    go_in_history(user, answer, 1);
}

/* A run that records what a person does is told what no page can tell it, or could forge. */
static void announce(struct live *live, const char *method, const struct live_tab *tab) {
    cleanup_json json_t *params = json_pack("{s:s}", "targetId", tab->target);
    cleanup_free char *text = json_print(params);
    mux_announce(live->keeper->mux, method, text);
}

static void navigate_by_action(struct live *live, const char *action) {
    if (!strcmp(action, "reload"))
        live_call(live, live->front, "Page.reload", NULL);
    else if (!strcmp(action, "stop"))
        live_call(live, live->front, "Page.stopLoading", NULL);
    else if (live->front && *live->front->session && (!strcmp(action, "back") || !strcmp(action, "forward")))
        mux_call_in(live->keeper->mux, live->front->session, "Page.getNavigationHistory", "{}",
                    *action == 'b' ? go_back : go_forward, live);
}

static void take_navigate(struct live_viewer *viewer, const json_t *message) {
    const char *url = json_text_or(message, "url", "");
    struct live *live = viewer->live;
    if (*url && !method_url_is_allowed(url)) {
        live_refuse(viewer, ERROR_BAD_INPUT, "only web addresses can be opened: http:// or https://");
        return;
    }
    if (live->front)
        announce(live, "Replinet.navigates", live->front);
    if (*url)
        live_call(live, live->front, "Page.navigate", json_pack("{s:s}", "url", url));
    else
        navigate_by_action(live, word(message, "action"));
}

static void take_tab(struct live_viewer *viewer, const json_t *message) {
    struct live *live = viewer->live;
    const char *action = word(message, "action");
    struct live_tab *tab = live_find_tab(live, word(message, "id"));
    if (!strcmp(action, "new"))
        live_call(live, NULL, "Target.createTarget", json_pack("{s:s}", "url", "about:blank"));
    else if (!tab)
        live_refuse(viewer, ERROR_NOT_FOUND, "there is no such tab any more");
    else if (!strcmp(action, "close")) {
        announce(live, "Replinet.closes", tab);
        live_call(live, NULL, "Target.closeTarget", json_pack("{s:s}", "targetId", tab->target));
    } else if (!strcmp(action, "activate"))
        live_bring_to_front(live, tab);
}

/* The files' paths in the container; NULL when a name leads elsewhere. */
static json_t *paths_of(const json_t *names) {
    json_t *paths = json_array(), *name;
    size_t i;
    json_array_foreach (names, i, name) {
        cleanup_free char *path =
            memory_print(LAUNCHER_TRANSFER_PATH "/%s", json_is_string(name) ? json_string_value(name) : "/");
        if (!json_is_string(name) || strchr(json_string_value(name), '/') || !method_path_is_allowed(path)) {
            json_decref(paths);
            return NULL;
        }
        json_array_append_new(paths, json_string(path));
    }
    return paths;
}

static void take_files(struct live_viewer *viewer, const json_t *message) {
    struct live *live = viewer->live;
    if (!live->chooser || json_int_or(message, "chooser", 0) != live->chooser) {
        live_refuse(viewer, ERROR_NOT_FOUND, "the page does not wait for these files any more");
        return;
    }
    json_t *paths = paths_of(json_object_get(message, "names"));
    if (!paths) {
        live_refuse(viewer, ERROR_BAD_INPUT, "a name is not that of a file of the browser's transfer folder");
        return;
    }
    live->chooser = 0;
    live_call_in(live, live->chooser_session, "DOM.setFileInputFiles",
                 json_pack("{s:o, s:I}", "files", paths, "backendNodeId", (json_int_t)live->chooser_node));
}

static void take_dialog(struct live_viewer *viewer, const json_t *message) {
    struct live *live = viewer->live;
    if (!live->dialog || json_int_or(message, "id", 0) != live->dialog) {
        live_refuse(viewer, ERROR_NOT_FOUND, "the dialog is closed already");
        return;
    }
    json_t *params = json_pack("{s:b}", "accept", json_bool_or(message, "accept", false));
    if (json_is_string(json_object_get(message, "text")))
        json_object_set(params, "promptText", json_object_get(message, "text"));
    live_call_in(live, live->dialog_session, "Page.handleJavaScriptDialog", params);
}

static const struct {
    const char *type;
    bool needs_control;
    void (*take)(struct live_viewer *viewer, const json_t *message);
} messages[] = {
    {"ack", false, take_ack},
    {"watch", false, take_watch},
    {"take_control", false, take_control},
    {"return_control", true, return_control},
    {"mouse", true, take_mouse},
    {"key", true, take_key},
    {"text", true, take_text},
    {"composition", true, take_composition},
    {"copy", true, take_copy},
    {"navigate", true, take_navigate},
    {"tab", true, take_tab},
    {"files", true, take_files},
    {"dialog", true, take_dialog},
};

void live_take_message(struct live_viewer *viewer, const char *text, size_t length) {
    cleanup_json json_t *message = NULL;
    struct error e;
    if (json_parse(text, length, "the message", &message, &e) < 0) {
        live_refuse(viewer, ERROR_BAD_INPUT, e.text);
        return;
    }
    const char *type = json_text_or(message, "type", "");
    for (size_t i = 0; i < ARRAY_LENGTH(messages); i++) {
        if (strcmp(messages[i].type, type))
            continue;
        if (messages[i].needs_control && !live_is_holder(viewer)) {
            live_refuse(viewer, ERROR_CONFLICT, "take control of the browser first");
            return;
        }
        if (messages[i].needs_control)
            lease_note_use(viewer->live->keeper);
        messages[i].take(viewer, message);
        return;
    }
    live_refuse(viewer, ERROR_BAD_INPUT, "no message has this type");
}
