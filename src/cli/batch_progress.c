#include "cli/batch_progress.h"
#include "base/clock.h"
#include "base/memory.h"
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_CELLS     30
#define LINE_EVERY_MS 10000

static void write_counts(const struct batch_progress *progress, const struct batch *batch) {
    size_t ended = batch->completed + batch->failed + batch->stopped;
    fprintf(stderr, "%zu of %zu rows, %zu running", ended, batch->count, batch->active);
    if (batch->failed)
        fprintf(stderr, ", %zu failed", batch->failed);
    if (batch->stopped)
        fprintf(stderr, ", %zu stopped", batch->stopped);
    if (batch->resumed)
        fprintf(stderr, ", %zu from before", batch->resumed);
    fprintf(stderr, "  %lld s%s", (long long)(clock_monotonic_ms() - progress->began) / 1000,
            batch->stopping ? ", stopping" : "");
}

void batch_progress_start(struct batch_progress *progress) {
    *progress = (struct batch_progress){.live = isatty(STDERR_FILENO), .began = clock_monotonic_ms()};
}

/* Pages and scripts write into an error: nothing that drives a terminal. */
static void tell_row(const struct batch_progress *progress, size_t number, const struct batch_row *row) {
    cleanup_free char *text = memory_copy_text(row->error);
    for (unsigned char *p = (unsigned char *)text; *p; p++)
        if (*p < 0x20 || *p == 0x7f)
            *p = ' ';
    fprintf(stderr, "%srow %zu: %s%s%s%s%.500s\n", progress->live ? "\r\x1b[K" : "", number, row->status,
            *row->reason ? ", " : "", row->reason, *text ? ": " : "", text);
}

static void tell_failures(struct batch_progress *progress, struct batch *batch) {
    for (size_t i = 0; i < batch->count && progress->told < batch->failed + batch->stopped; i++) {
        struct batch_row *row = &batch->rows[i];
        if (row->told || row->state != BATCH_ENDED || !strcmp(row->status, "completed"))
            continue;
        tell_row(progress, i + 1, row);
        row->told = true;
        progress->told++;
    }
}

void batch_progress_show(struct batch_progress *progress, struct batch *batch) {
    tell_failures(progress, batch);
    if (!progress->live && clock_remaining_ms(progress->due))
        return;
    size_t full = (batch->completed + batch->failed + batch->stopped) * BAR_CELLS / batch->count;
    fputs(progress->live ? "\r\x1b[K" : "", stderr);
    for (size_t i = 0; progress->live && i < BAR_CELLS; i++)
        fputs(i < full ? "█" : "░", stderr);
    fputs(progress->live ? " " : "", stderr);
    write_counts(progress, batch);
    fputs(progress->live ? "" : "\n", stderr);
    fflush(stderr);
    progress->due = clock_deadline(LINE_EVERY_MS);
}

void batch_progress_end(struct batch_progress *progress, struct batch *batch) {
    progress->due = 0;
    batch_progress_show(progress, batch);
    fputs(progress->live ? "\n" : "", stderr);
}
