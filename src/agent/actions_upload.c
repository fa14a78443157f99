/* upload: files for a file input, for a file chooser that a click opens, or dropped on an element. They are written to
 * the browser's transfer folder first: pages may be given nothing from anywhere else. */
#include "agent/action.h"
#include "agent/input.h"
#include "agent/shapes.h"
#include "agent/target.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "browsers/protocol/launcher_protocol.h"
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

action_handler action_upload;

#define NAME_MAX_BYTES 200

/* Content */

static int take_text(struct step *step, const json_t *given, struct text *data, char **ret_name, struct error *e) {
    text_append(data, json_string_value(given), json_string_length(given));
    return 0;
}

static int take_base64(struct step *step, const json_t *given, struct text *data, char **ret_name, struct error *e) {
    cleanup_free unsigned char *bytes = NULL;
    size_t length;
    if (text_decode_base64(json_string_value(given), json_string_length(given), &bytes, &length) < 0)
        return error_set(e, EINVAL, ERROR_STEP, "base64 is no base64");
    text_append(data, (const char *)bytes, length);
    return 0;
}

static int take_artifact(struct step *step, const json_t *given, struct text *data, char **ret_name, struct error *e) {
    const struct agent_sink *sink = step->run->sink;
    int r = sink->read_artifact(sink->user, json_string_value(given), data, ret_name, e);
    return r < 0 ? (error_prefix(e, "the file %.60s cannot be given", json_string_value(given)), r) : 0;
}

static const struct {
    const char *member;
    int (*take)(struct step *step, const json_t *given, struct text *data, char **ret_name, struct error *e);
} sources[] = {{"text", take_text}, {"base64", take_base64}, {"artifact", take_artifact}};

static int read_content(struct step *step, const json_t *file, struct text *data, char **ret_name, struct error *e) {
    int r = 0;
    text_reserve(data, 0);
    for (size_t i = 0; !r && i < ARRAY_LENGTH(sources); i++) {
        const json_t *given = json_object_get(file, sources[i].member);
        if (given)
            r = sources[i].take(step, given, data, ret_name, e);
    }
    if (!r && json_object_get(file, "name")) {
        free(*ret_name);
        *ret_name = memory_copy_text(json_text_or(file, "name", ""));
    }
    return r;
}

/* To the transfer folder */

struct source {
    const char *at;
    size_t left;
};

static ssize_t give_piece(void *user, void *data, size_t room) {
    struct source *source = user;
    size_t n = source->left < room ? source->left : room;
    memcpy(data, source->at, n);
    source->at += n;
    source->left -= n;
    return (ssize_t)n;
}

static bool is_plain_name(const char *name) {
    for (const unsigned char *c = (const unsigned char *)name; *c; c++)
        if (*c == '/' || *c < 0x20 || *c == 0x7F)
            return false;
    return *name && strlen(name) <= NAME_MAX_BYTES && strcmp(name, ".") && strcmp(name, "..");
}

/* The same file may be uploaded again; another one of its name would change what the page was given before. */
static int put_file(struct step *step, const char *name, const struct text *data, struct error *e) {
    struct run *run = step->run;
    const json_t *before = json_object_get(run->uploads, name);
    unsigned char hash[crypto_generichash_BYTES];
    cleanup_text struct text sum = {0};
    crypto_generichash(hash, sizeof hash, (const unsigned char *)data->data, data->length, NULL, 0);
    text_append_base64url(&sum, hash, sizeof hash);
    if (before && !strcmp(json_string_value(before), sum.data))
        return 0;
    if (before)
        return error_set(e, EEXIST, ERROR_STEP,
                         "this browser was given another file named %s already: use another name", name);
    struct source source = {data->data, data->length};
    int r = door_write_file(run->options->door, run->browser_id, name, (int64_t)data->length, give_piece, &source, e);
    if (r < 0)
        return error_prefix(e, "the file %s cannot be given to the browser", name), r;
    json_object_set_new(run->uploads, name, json_string(sum.data));
    return 0;
}

static int give_file(struct step *step, const json_t *file, json_t *paths, json_t *told, struct error *e) {
    cleanup_text struct text data = {0};
    cleanup_free char *name = NULL;
    int r = read_content(step, file, &data, &name, e);
    if (r < 0)
        return r;
    if (!name || !is_plain_name(name))
        return error_set(e, EINVAL, ERROR_STEP, "%.100s is no name for a file", name ? name : "nothing");
    r = put_file(step, name, &data, e);
    json_array_append_new(paths, json_sprintf("%s/%s", LAUNCHER_TRANSFER_PATH, name));
    json_array_append_new(told, json_pack("{s:s, s:I}", "name", name, "bytes", (json_int_t)data.length));
    return r;
}

static int give_files(struct step *step, json_t *paths, struct error *e) {
    const json_t *one = json_object_get(step->arguments, "file"), *list = json_object_get(step->arguments, "files");
    json_t *told = json_array();
    int r = one ? give_file(step, one, paths, told, e) : 0;
    for (size_t i = 0; !r && i < json_array_size(list); i++)
        r = give_file(step, json_array_get(list, i), paths, told, e);
    json_object_set_new(step->data, "files", told);
    return r;
}

/* To the page */

static int set_files(struct step *step, const char *session_id, json_t *where, const json_t *paths, struct error *e) {
    json_object_set(where, "files", (json_t *)paths);
    int r = cdp_call(step->run->client, session_id, "DOM.setFileInputFiles", where, clock_remaining_ms(step->deadline),
                     NULL, e);
    return r < 0 ? (error_prefix(e, "the page does not take the files"), r) : 0;
}

static int set_kept_input(struct step *step, size_t session, const json_t *paths, struct error *e) {
    cleanup_json json_t *found = NULL;
    struct page *page = step->run->page;
    int r = page_world_evaluate(page, session, "replinet.kept", step->deadline, &found, e);
    const char *object = json_text_or(json_object_get(found, "result"), "objectId", "");
    return r < 0 ? r
                 : set_files(step, page_session_id(page, session), json_pack("{s:s}", "objectId", object), paths, e);
}

static void intercept_choosers(struct step *step, bool on) {
    struct page *page = step->run->page;
    for (size_t i = 0; i < page_session_count(page); i++)
        cdp_send(page_client(page), page_session_id(page, i), "Page.setInterceptFileChooserDialog",
                 json_pack("{s:b}", "enabled", on), NULL);
}

static bool has_chooser(void *user) {
    return page_has_chooser(user);
}

static int answer_chooser(struct step *step, const json_t *paths, struct error *e) {
    struct page *page = step->run->page;
    int r = cdp_wait(page_client(page), has_chooser, page, step->deadline, e);
    if (r == -ETIMEDOUT)
        return error_set(e, ETIMEDOUT, ERROR_STEP, "this is no file input, and a click on it asked for no file");
    cleanup_json json_t *chooser = r < 0 ? NULL : page_take_chooser(page);
    if (r < 0)
        return r;
    if (json_array_size(paths) > 1 && strcmp(json_text_or(chooser, "mode", ""), "selectMultiple"))
        return error_set(e, EINVAL, ERROR_STEP, "the page asked for one file only");
    if (!json_object_get(chooser, "backendNodeId"))
        return error_set(e, ENOTSUP, ERROR_STEP, "the page asked for files in a way that no input answers");
    return set_files(step, json_text_or(chooser, "session", ""),
                     json_pack("{s:O}", "backendNodeId", json_object_get(chooser, "backendNodeId")), paths, e);
}

static int choose_by_click(struct step *step, const json_t *target, const json_t *paths, struct error *e) {
    json_decref(page_take_chooser(step->run->page)); /* an earlier one */
    intercept_choosers(step, true);
    int r = target_click_plainly(step, target, e);
    if (!r)
        r = answer_chooser(step, paths, e);
    intercept_choosers(step, false);
    return r;
}

static int drop_files(struct step *step, const json_t *target, const json_t *paths, struct error *e) {
    struct aimed to;
    int r = target_aim(step, target, "enabled", &to, e);
    return r < 0 ? r : input_drop_files(step->run->page, to.x, to.y, paths, step->deadline, e);
}

int action_upload(struct step *step, struct error *e) {
    cleanup_json json_t *target = shapes_target_of(step->arguments), *paths = json_array(), *answer = NULL;
    bool drop = json_bool_or(step->arguments, "drop", false);
    size_t session = 0;
    int r = give_files(step, paths, e);
    if (r < 0)
        return r;
    if (drop)
        return drop_files(step, target, paths, e);
    r = target_call(step, target, "keepFileInput", json_pack("[I]", (json_int_t)json_array_size(paths)), &session,
                    &answer, e);
    if (r < 0)
        return r;
    if (strcmp(json_text_or(answer, "how", ""), "set"))
        return choose_by_click(step, target, paths, e);
    return set_kept_input(step, session, paths, e);
}
