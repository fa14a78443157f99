#include "cli/run_sink.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/uuid.h"
#include "cli/harmless_name.h"
#include "domain/artifacts.h"
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SAME_NAME_MAX 1000

/* What a person sees of each kind; kinds without a row show their message when the level is info or worse. */
static const struct {
    const char *kind, *mark;
    bool is_step; /* the live line shows it until it ends */
} rows[] = {
    {"step.started", NULL, true},   {"step.finished", "✓", false},      {"step.failed", "✗", false},
    {"egress.refused", "⊘", false}, {"download.finished", NULL, false}, {"browser.leased", "·", false},
    {"run.finished", NULL, false},  {"run.started", NULL, false},
};

static int write_event(FILE *events, enum log_level level, const char *kind, const char *message, const json_t *data,
                       struct error *e) {
    static const char *const levels[] = {"debug", "info", "warn", "error"};
    char time[CLOCK_TEXT_SIZE];
    cleanup_json json_t *line = json_pack("{s:s, s:s, s:s, s:s, s:O?}", "time", clock_format(clock_wall_us(), time),
                                          "level", levels[level], "kind", kind, "message", message, "data", data);
    cleanup_free char *text = json_print(line);
    if (fprintf(events, "%s\n", text) < 0 || fflush(events))
        return error_errno(e, errno, ERROR_STORAGE, "cannot write the events");
    return 0;
}

static int on_event(void *user, enum log_level level, const char *kind, const char *message, const json_t *data,
                    struct error *e) {
    struct run_sink *sink = user;
    int r = sink->events ? write_event(sink->events, level, kind, message, data, e) : 0;
    if (r < 0)
        return r;
    const char *mark = level >= LOG_WARN ? "!" : "·";
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        if (strcmp(rows[i].kind, kind))
            continue;
        if (rows[i].is_step)
            progress_doing(sink->progress, message);
        if (!rows[i].mark)
            return 0;
        mark = rows[i].mark;
    }
    if (level < LOG_INFO)
        return 0;
    if (text_starts_with(kind, "step."))
        progress_doing(sink->progress, "");
    bool lasted = text_starts_with(kind, "step.") || !strcmp(kind, "browser.leased");
    progress_line(sink->progress, mark, message, lasted ? json_int_or(data, "duration_ms", -1) : -1);
    return 0;
}

/* "name.pdf", then "name-2.pdf" and so on: an existing file is never written over. */
static int create_file(const char *folder, const char *name, char **ret_path, struct error *e) {
    const char *dot = strrchr(name, '.'), *ending = dot ? dot : "";
    int length = (int)(dot ? (size_t)(dot - name) : strlen(name));
    for (int i = 1; i < SAME_NAME_MAX; i++) {
        cleanup_free char *path = i == 1 ? memory_print("%s/%s", folder, name)
                                         : memory_print("%s/%.*s-%d%s", folder, length, name, i, ending);
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd >= 0) {
            *ret_path = take_pointer(path);
            return fd;
        }
        if (errno != EEXIST)
            return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", path);
    }
    return error_set(e, EEXIST, ERROR_STORAGE, "%s holds too many files named %s", folder, name);
}

static int on_artifact(void *user, const char *kind, const char *name, const char *media_type, const void *data,
                       size_t length, char ret_id[37], struct error *e) {
    struct run_sink *sink = user;
    bool screenshot = !strcmp(kind, "screenshot") && sink->screenshot_folder;
    const char *folder = screenshot ? sink->screenshot_folder : sink->folder;
    char harmless[HARMLESS_NAME_SIZE];
    cleanup_free char *path = NULL;
    harmless_name(name, harmless);
    int r = io_make_dirs(folder, 0755, e);
    if (r < 0)
        return r;
    cleanup_close int fd = create_file(folder, harmless, &path, e);
    if (fd < 0)
        return fd;
    r = io_write_full(fd, data, length);
    if (r < 0)
        return error_errno(e, -r, ERROR_STORAGE, "cannot write %s", path);
    json_array_append_new(sink->artifacts,
                          json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "id", uuid_make(ret_id), "kind", kind, "name",
                                    name, "path", path, "media_type", media_type, "bytes", (json_int_t)length));
    progress_line(sink->progress, "↓", path, -1);
    return 0;
}

static int read_artifact(void *user, const char *id, struct text *data, char **ret_name, struct error *e) {
    struct run_sink *sink = user;
    size_t i, length;
    json_t *artifact;
    json_array_foreach (sink->artifacts, i, artifact) {
        cleanup_free char *bytes = NULL;
        if (strcmp(json_text_or(artifact, "id", ""), id))
            continue;
        int r = io_read_file(json_text_or(artifact, "path", ""), ARTIFACT_MAX_BYTES, &bytes, &length, e);
        if (r < 0)
            return r;
        text_append(data, bytes, length);
        *ret_name = memory_copy_text(json_text_or(artifact, "name", ""));
        return 0;
    }
    return error_set(e, ENOENT, ERROR_NOT_FOUND, "this run stored no file with the id %s", id);
}

static int on_running(void *user, const char *browser_id, struct error *e) {
    return 0;
}

static int on_waiting(void *user, const char *reason, struct error *e) {
    return 0;
}

struct agent_sink run_sink_of(struct run_sink *state) {
    return (struct agent_sink){.user = state,
                               .event = on_event,
                               .artifact = on_artifact,
                               .read_artifact = read_artifact,
                               .running = on_running,
                               .waiting = on_waiting};
}
