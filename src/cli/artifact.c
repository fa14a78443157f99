/* `replinet artifact ls | show | get | export | migrate | check`. */
#include "base/io.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/artifact_file.h"
#include "cli/commands.h"
#include "cli/listing.h"
#include "cli/number_option.h"
#include "cli/report.h"
#include "domain/artifact_files.h"
#include "domain/artifacts.h"
#include "domain/threads.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct call {
    struct cli_session session;
    const char *argument, *folder, *output, *thread, *kind;
    struct page page;
    bool json, mend, dry, force;
};

static int list(struct call *call, struct error *e) {
    static const struct listing_column columns[] = {
        {"ID", "id"},           {"THREAD", "thread_id"}, {"KIND", "kind"},          {"NAME", "name"},
        {"TYPE", "media_type"}, {"SIZE", "size"},        {"CREATED", "created_at"}, {NULL, NULL}};
    cleanup_free char *thread = NULL, *text = NULL;
    struct list_query query = {.page = call->page, .all = true};
    struct artifact_filter filter = {.thread_id = call->thread, .kind = call->kind};
    int r = call->thread ? threads_get(&call->session.db, &call->session.caller, call->thread, &thread, e) : 0;
    if (!r)
        r = artifacts_page(&call->session.db, &call->session.caller, &query, &filter, &text, e);
    if (!r && call->json)
        session_print(text);
    else if (!r)
        listing_print(text, columns);
    return r;
}

static int show(struct call *call, struct error *e) {
    cleanup_free char *answer = NULL;
    int r = artifacts_get(&call->session.db, &call->session.caller, call->argument, &answer, e);
    if (!r)
        session_print(answer);
    return r;
}

static int export(struct call *call, struct error *e) {
    cleanup_json json_t *files = NULL;
    json_t *file;
    size_t i;
    int r = artifact_export(&call->session, call->argument, call->folder, call->force, &files, e);
    if (r < 0)
        return r;
    if (call->json) {
        cleanup_json json_t *report =
            json_pack("{s:s, s:s, s:O}", "thread_id", call->argument, "folder", call->folder, "files", files);
        cleanup_free char *text = json_print(report);
        session_print(text);
        return 0;
    }
    json_array_foreach (files, i, file)
        printf("%s\n", json_text_or(file, "path", ""));
    return 0;
}

/* A device or a pipe is written to as it is. */
static int get_to_other(struct call *call, struct error *e) {
    cleanup_close int opened = call->output ? open(call->output, O_WRONLY | O_CLOEXEC) : -1;
    int to = call->output ? opened : STDOUT_FILENO;
    struct blob_sink sink = blob_sink_to_fd(&to);
    if (to < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", call->output);
    return artifacts_read(&call->session.db, &call->session.caller, call->argument, 0, 0, &sink, e);
}

static bool is_no_plain_file(const char *path) {
    struct stat status;
    return !stat(path, &status) && !S_ISREG(status.st_mode);
}

static int get(struct call *call, struct error *e) {
    cleanup_free char *answer = NULL;
    int r = artifacts_get(&call->session.db, &call->session.caller, call->argument, &answer, e);
    if (r < 0)
        return r;
    if (!call->output && call->json) {
        session_print(answer);
        return 0;
    }
    r = call->output && !is_no_plain_file(call->output)
            ? artifact_file_write(&call->session, call->argument, call->output, true, e)
            : get_to_other(call, e);
    if (!r && call->json)
        session_print(answer);
    return r;
}

static json_t *counts_of(const struct artifact_sweep *sweep) {
    return json_pack("{s:I, s:I, s:I, s:I}", "looked_at", (json_int_t)sweep->looked_at, "found",
                     (json_int_t)sweep->mended, "bytes", (json_int_t)sweep->bytes, "failed", (json_int_t)sweep->failed);
}

static void print_counts(const struct call *call, const char *what, const struct artifact_sweep *sweep) {
    if (!call->json)
        printf("%-40s %lld of %lld, %lld bytes%s\n", what, (long long)sweep->mended, (long long)sweep->looked_at,
               (long long)sweep->bytes, sweep->failed ? "; some failed" : "");
}

static int migrate(struct call *call, struct error *e) {
    struct artifact_sweep sweep = {0};
    enum blob_place place;
    if (blob_place_from_name(call->argument, &place) < 0)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "\"%s\" is no place for files: local or s3", call->argument);
    int r = artifact_files_move(&call->session.db, place, call->dry, &sweep, e);
    if (!r && sweep.failed)
        r = -EIO; /* the error is the last one's */
    if (r < 0) {
        error_prefix(e, "%lld files were moved, then", (long long)sweep.mended);
        return r;
    }
    if (call->json) {
        cleanup_json json_t *counts = counts_of(&sweep);
        cleanup_free char *text = json_print(counts);
        session_print(text);
    }
    print_counts(call, call->dry ? "files to be moved" : "files moved", &sweep);
    return 0;
}

/* Both places, as far as they are set up. */
static int check_strays(struct call *call, json_t *report, struct error *e) {
    static const char *const names[] = {"local files without a row", "S3 files without a row"};
    for (int place = 0; place < BLOB_PLACE_COUNT; place++) {
        struct artifact_sweep sweep = {0};
        if (place == BLOB_S3 && !blob_is_configured(BLOB_S3))
            continue;
        int r = artifact_files_remove_strays(&call->session.db, (enum blob_place)place, !call->mend, &sweep, e);
        if (r < 0)
            return r;
        json_object_set_new(report, place == BLOB_S3 ? "strays_s3" : "strays_local", counts_of(&sweep));
        print_counts(call, names[place], &sweep);
    }
    return 0;
}

static int check(struct call *call, struct error *e) {
    cleanup_json json_t *report = json_object();
    struct artifact_sweep missing = {0};
    int r = artifact_files_find_missing(&call->session.db, !call->mend, &missing, e);
    json_object_set_new(report, "missing", counts_of(&missing));
    if (!r) {
        print_counts(call, "rows without their file", &missing);
        r = check_strays(call, report, e);
    }
    if (!r && call->json) {
        cleanup_free char *text = json_print(report);
        session_print(text);
    }
    return r;
}

static const struct {
    const char *name;
    int arguments;
    int (*run)(struct call *call, struct error *e);
} verbs[] = {{"ls", 0, list},       {"show", 1, show},       {"get", 1, get},
             {"export", 2, export}, {"migrate", 1, migrate}, {"check", 0, check}};

static int take_option(struct call *call, int letter) {
    switch (letter) {
    case 'o':
        call->output = optarg;
        return 0;
    case 't':
        call->thread = optarg;
        return 0;
    case 'k':
        call->kind = optarg;
        return 0;
    case 'p':
        return take_number_option(1, 1000000, &call->page.number);
    case 'z':
        return take_number_option(1, PAGE_SIZE_MAX, &call->page.size);
    default:
        return -EINVAL;
    }
}

static int take_options(struct call *call, int count, char **arguments) {
    int flag = 0, letter, r = 0;
    const struct option options[] = {{"json", no_argument, &flag, 'j'},
                                     {"mend", no_argument, &flag, 'm'},
                                     {"dry-run", no_argument, &flag, 'd'},
                                     {"force", no_argument, &flag, 'f'},
                                     {"thread", required_argument, NULL, 't'},
                                     {"kind", required_argument, NULL, 'k'},
                                     {"page", required_argument, NULL, 'p'},
                                     {"size", required_argument, NULL, 'z'},
                                     {NULL, 0, NULL, 0}};
    opterr = 0;
    optind = 1;
    while (!r && (letter = getopt_long(count, arguments, "o:", options, NULL)) != -1) {
        r = letter ? take_option(call, letter) : 0;
        call->json |= flag == 'j';
        call->mend |= flag == 'm';
        call->dry |= flag == 'd';
        call->force |= flag == 'f';
    }
    return !r && optind < count ? 0 : -EINVAL;
}

int artifact_command(int count, char **arguments) {
    struct call call = {.page = {.number = 1, .size = 50}};
    struct error e = {0};
    if (take_options(&call, count, arguments) < 0)
        return report_usage("artifact", "artifact: wrong or missing arguments");
    int given = count - optind - 1;
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
        if (strcmp(verbs[i].name, arguments[optind]) || given != verbs[i].arguments)
            continue;
        call.argument = given > 0 ? arguments[optind + 1] : NULL;
        call.folder = given > 1 ? arguments[optind + 2] : NULL;
        int r = session_open(&call.session, &e);
        if (!r)
            r = verbs[i].run(&call, &e);
        session_close(&call.session);
        return r < 0 ? report_failure(&e, call.json) : 0;
    }
    return report_usage("artifact", "artifact: wrong or missing arguments");
}
