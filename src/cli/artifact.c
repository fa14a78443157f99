/* `replinet artifact get ID [-o FILE]`: a thread's file, to a file or to standard output. */
#include "base/io.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/report.h"
#include "cli/session.h"
#include "domain/artifacts.h"
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

#define PIECE_BYTES (256 * 1024)

static int copy_file(const char *path, int to, const char *to_name, struct error *e) {
    cleanup_close int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    cleanup_free char *piece = memory_alloc(PIECE_BYTES);
    if (from < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot open %s", path);
    for (;;) {
        ssize_t n = io_read_full(from, piece, PIECE_BYTES);
        if (n < 0)
            return error_errno(e, (int)-n, ERROR_STORAGE, "cannot read %s", path);
        if (!n)
            return 0;
        int r = io_write_full(to, piece, (size_t)n);
        if (r < 0)
            return error_errno(e, -r, ERROR_STORAGE, "cannot write %s", to_name);
    }
}

static int get(const char *id, const char *output, bool json, struct error *e) {
    cleanup_session struct session session = {0};
    cleanup_free char *answer = NULL, *path = NULL;
    int r = session_open(&session, e);
    if (!r)
        r = artifacts_get(&session.db, &session.caller, id, &answer, &path, e);
    if (r)
        return r;
    if (json)
        session_print(answer);
    if (!output)
        return json ? 0 : copy_file(path, STDOUT_FILENO, "standard output", e);
    cleanup_close int to = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (to < 0)
        return error_errno(e, errno, ERROR_STORAGE, "cannot write %s", output);
    return copy_file(path, to, output, e);
}

int artifact_command(int count, char **arguments) {
    static const struct option options[] = {{"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
    const char *output = NULL;
    struct error e = {0};
    bool json = false, good = true;
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(count, arguments, "o:", options, NULL)) != -1) {
        output = letter == 'o' ? optarg : output;
        json |= letter == 'j';
        good &= letter != '?';
    }
    if (!good || count - optind != 2 || strcmp(arguments[optind], "get"))
        return report_usage("artifact", "artifact: wrong or missing arguments");
    return get(arguments[optind + 1], output, json, &e) < 0 ? report_failure(&e, json) : 0;
}
