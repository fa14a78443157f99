/* `replinet artifact get ID [-o FILE] | migrate | check`. */
#include "base/io.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "domain/artifact_files.h"
#include "domain/artifacts.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct call {
    struct cli_session session;
    const char *argument, *output;
    bool json, mend, dry;
};

/* Beside the file, then in its place: what could not be read whole replaces nothing. */
static int get_to_file(struct call *call, struct error *e) {
    cleanup_free char *draft = memory_print("%s.new.%d", call->output, getpid());
    cleanup_close int to = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    struct blob_sink sink = blob_sink_to_fd(&to);
    if (to < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", call->output);
    int r = artifacts_read(&call->session.db, &call->session.caller, call->argument, 0, 0, &sink, e);
    if (!r && (fsync(to) || rename(draft, call->output)))
        r = error_errno(e, errno, ERROR_STORAGE, "cannot write %s", call->output);
    if (r < 0)
        unlink(draft);
    return r;
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
    r = call->output && !is_no_plain_file(call->output) ? get_to_file(call, e) : get_to_other(call, e);
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
    bool takes_argument;
    int (*run)(struct call *call, struct error *e);
} verbs[] = {{"get", true, get}, {"migrate", true, migrate}, {"check", false, check}};

static int take_options(struct call *call, int count, char **arguments) {
    static const struct option options[] = {{"json", no_argument, NULL, 'j'},
                                            {"mend", no_argument, NULL, 'm'},
                                            {"dry-run", no_argument, NULL, 'd'},
                                            {NULL, 0, NULL, 0}};
    bool good = true;
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(count, arguments, "o:", options, NULL)) != -1) {
        call->output = letter == 'o' ? optarg : call->output;
        call->json |= letter == 'j';
        call->mend |= letter == 'm';
        call->dry |= letter == 'd';
        good &= letter != '?';
    }
    return good && optind < count ? 0 : -EINVAL;
}

int artifact_command(int count, char **arguments) {
    struct call call = {0};
    struct error e = {0};
    if (take_options(&call, count, arguments) < 0)
        return report_usage("artifact", "artifact: wrong or missing arguments");
    for (size_t i = 0; i < ARRAY_LENGTH(verbs); i++) {
        if (strcmp(verbs[i].name, arguments[optind]) || count - optind - 1 != verbs[i].takes_argument)
            continue;
        call.argument = verbs[i].takes_argument ? arguments[optind + 1] : NULL;
        int r = session_open(&call.session, &e);
        if (!r)
            r = verbs[i].run(&call, &e);
        session_close(&call.session);
        return r < 0 ? report_failure(&e, call.json) : 0;
    }
    return report_usage("artifact", "artifact: wrong or missing arguments");
}
