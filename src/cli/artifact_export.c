/* All files of a thread at once: first every name, then the bytes. */
#include "base/io.h"
#include "base/memory.h"
#include "cli/artifact_file.h"
#include "cli/harmless_name.h"
#include "domain/artifacts.h"
#include "domain/threads.h"
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

/* Names that differ in case only are one file in some file systems. */
static bool is_taken(const json_t *files, size_t before, const char *path) {
    for (size_t i = 0; i < before; i++)
        if (!strcasecmp(json_text_or(json_array_get(files, i), "path", ""), path))
            return true;
    return false;
}

/* "name.pdf", then "name-2.pdf" and so on: the same files get the same names each time. */
static void name_file(json_t *files, size_t index, const char *folder) {
    json_t *file = json_array_get(files, index);
    char name[HARMLESS_NAME_SIZE];
    harmless_name(json_text_or(file, "name", ""), name);
    const char *dot = strrchr(name, '.'), *ending = dot ? dot : "";
    int length = (int)(strlen(name) - strlen(ending));
    cleanup_free char *path = memory_print("%s/%s", folder, name);
    for (int i = 2; is_taken(files, index, path); i++) {
        free(path);
        path = memory_print("%s/%.*s-%d%s", folder, length, name, i, ending);
    }
    json_object_set_new(file, "path", json_string(path));
}

static int check_free(const json_t *files, struct error *e) {
    const json_t *file;
    size_t i;
    struct stat status;
    json_array_foreach (files, i, file) {
        const char *path = json_text_or(file, "path", "");
        if (lstat(path, &status) < 0 && errno == ENOENT)
            continue;
        error_set(e, EEXIST, ERROR_CONFLICT, "%s exists already; nothing was written", path);
        error_hint(e, "name another folder, or replace what has the same name with --force");
        return -EEXIST;
    }
    return 0;
}

static int write_files(struct cli_session *session, const json_t *files, bool replace, struct error *e) {
    const json_t *file;
    size_t i;
    json_array_foreach (files, i, file) {
        const char *id = json_text_or(file, "id", ""), *path = json_text_or(file, "path", "");
        int r = artifact_file_write(session, id, path, replace, e);
        if (r < 0) {
            error_prefix(e, "%zu of %zu files were written, then", i, json_array_size(files));
            return r;
        }
    }
    return 0;
}

static int list_files(struct cli_session *session, const char *thread_id, json_t **ret_files, struct error *e) {
    cleanup_free char *thread = NULL, *text = NULL;
    cleanup_json json_t *list = NULL;
    int r = threads_get(&session->db, &session->caller, thread_id, &thread, e);
    if (!r)
        r = artifacts_list(&session->db, &session->caller, thread_id, &text, e);
    if (!r)
        r = json_parse(text, strlen(text), "the artifacts", &list, e);
    if (!r)
        *ret_files = json_incref(json_object_get(list, "items"));
    return r;
}

int artifact_export(struct cli_session *session, const char *thread_id, const char *folder, bool replace,
                    json_t **ret_files, struct error *e) {
    cleanup_json json_t *files = NULL;
    int r = list_files(session, thread_id, &files, e);
    for (size_t i = 0; !r && i < json_array_size(files); i++)
        name_file(files, i, folder);
    if (!r && !replace)
        r = check_free(files, e);
    if (!r)
        r = io_make_dirs(folder, 0755, e);
    if (!r)
        r = write_files(session, files, replace, e);
    if (!r)
        *ret_files = take_pointer(files);
    return r;
}
