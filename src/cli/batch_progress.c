#include "cli/batch_progress.h"
#include "base/clock.h"
#include <stdio.h>
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
    *progress = (struct batch_progress){
        .live = isatty(STDERR_FILENO), .began = clock_monotonic_ms(), .due = clock_deadline(LINE_EVERY_MS)};
}

void batch_progress_show(struct batch_progress *progress, const struct batch *batch) {
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

void batch_progress_end(struct batch_progress *progress, const struct batch *batch) {
    progress->due = 0;
    batch_progress_show(progress, batch);
    fputs(progress->live ? "\n" : "", stderr);
}
