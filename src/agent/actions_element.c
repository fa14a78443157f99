/* Actions on one element: click, fill, press, download. */
#include "agent/action.h"
#include "agent/input.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include <errno.h>
#include <string.h>

#define BEGIN_MS 10000 /* a model that clicked something else is told so soon */

action_handler action_click, action_fill, action_press, action_download;

static int modifiers_of(const json_t *arguments) {
    const json_t *list = json_object_get(arguments, "modifiers");
    int modifiers = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        modifiers |= input_modifier(json_string_value(json_array_get(list, i)));
    return modifiers;
}

static int click(struct step *step, const json_t *arguments, struct error *e) {
    cleanup_json json_t *target = shapes_target_of(arguments);
    struct input_click how = {json_text_or(arguments, "button", "left"), (int)json_int_or(arguments, "times", 1),
                              modifiers_of(arguments)};
    struct aimed aimed;
    return target_click(step, target, "aimClick", json_pack("[s]", "enabled"), &how, &aimed, e);
}

int action_click(struct step *step, struct error *e) {
    struct run *run = step->run;
    int64_t seen = tabs_seen(run->tabs);
    int r = click(step, step->arguments, e);
    if (!r && json_bool_or(step->arguments, "follow", false)) {
        r = tabs_follow(run->tabs, seen, step->deadline, e);
        run->page = tabs_current(run->tabs);
    }
    return r;
}

int action_fill(struct step *step, struct error *e) {
    if (json_object_get(step->arguments, "credential"))
        return fill_secret(step, e);
    cleanup_json json_t *target = shapes_target_of(step->arguments), *answer = NULL;
    const char *value = json_text_or(step->arguments, "value", "");
    int r = target_call(step, target, "prepareFill", json_pack("[s]", value), NULL, &answer, e);
    if (r < 0)
        return r;
    /* What is typed into a password field is told to nobody. */
    if (!json_bool_or(answer, "secret", false))
        json_object_set_new(step->data, "value", json_string(value));
    if (strcmp(json_text_or(answer, "how", ""), "type"))
        return 0;
    return input_text(step->run->page, value, step->deadline, e);
}

int action_press(struct step *step, struct error *e) {
    cleanup_json json_t *target = shapes_target_of(step->arguments), *answer = NULL;
    int r = 0;
    if (shapes_has_target(target))
        r = target_call(step, target, "prepareKeys", json_array(), NULL, &answer, e);
    else
        r = page_settle(step->run->page, step->deadline, e);
    if (r < 0)
        return r;
    return input_press(step->run->page, json_text_or(step->arguments, "key", ""),
                       (int)json_int_or(step->arguments, "times", 1), step->deadline, e);
}

static int append_bytes(void *user, const void *data, size_t length) {
    struct text *file = user;
    if (file->length + length > (size_t)config_int(CONFIG_TRANSFER_MAX_MB) * 1024 * 1024)
        return -EFBIG;
    text_append(file, data, length);
    return 0;
}

static const char *media_type_of(const char *name) {
    static const struct {
        const char *ending, *type;
    } types[] = {
        {".pdf", "application/pdf"}, {".csv", "text/csv"},
        {".txt", "text/plain"},      {".json", "application/json"},
        {".xml", "application/xml"}, {".zip", "application/zip"},
        {".png", "image/png"},       {".jpg", "image/jpeg"},
        {".html", "text/html"},      {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (text_ends_with(name, types[i].ending))
            return types[i].type;
    return "application/octet-stream";
}

static int keep_file(struct step *step, const struct page_download *download, struct error *e) {
    cleanup_text struct text file = {0};
    struct run *run = step->run;
    const char *prefix = run->options->download_name_prefix;
    char id[37];
    text_reserve(&file, 0);
    int r = door_read_file(run->options->door, run->browser_id, download->id, append_bytes, &file, e);
    if (r < 0)
        return error_prefix(e, "the downloaded file %.100s cannot be read", download->name), r;
    cleanup_free char *name = memory_print("%s%s", prefix ? prefix : "", download->name);
    r = run_artifact(run, "download", name, media_type_of(name), file.data, file.length, id, e);
    if (r < 0)
        return error_prefix(e, "the downloaded file %.100s was not kept", download->name), r;
    json_t *result = json_pack("{s:s, s:I, s:s}", "name", name, "bytes", (json_int_t)file.length, "artifact", id);
    json_object_update(step->data, result);
    json_object_set(run->results, json_text_or(step->arguments, "as", ""), result);
    cleanup_free char *message = memory_print("Downloaded %.100s, %zu bytes", download->name, file.length);
    json_object_set_new(result, "url", json_string(download->url));
    return run_event(run, LOG_INFO, "download.finished", message, result, e);
}

int action_download(struct step *step, struct error *e) {
    struct page *page = step->run->page;
    size_t before = page_download_count(page);
    int r = click(step, json_object_get(step->arguments, "click"), e);
    if (!r)
        r = page_wait_download(page, before, step->literal ? clock_deadline(BEGIN_MS) : step->deadline, step->deadline,
                               e);
    return r < 0 ? r : keep_file(step, page_download(page, before), e);
}
