#include "browsers/keeper/memory_watch.h"
#include "base/io.h"
#include <stdlib.h>
#include <string.h>

/* The number behind "name " at the start of a line. */
static int64_t read_row(int dir, const char *file, const char *name) {
    char data[1024];
    size_t length = strlen(name);
    if (io_read_at(dir, file, data, sizeof(data)) < 0)
        return 0;
    for (const char *line = data; line; line = strchr(line, '\n'), line += line != NULL)
        if (!strncmp(line, name, length) && line[length] == ' ')
            return strtoll(line + length, NULL, 10);
    return 0;
}

static double read_stalled(int dir) {
    char data[512];
    const char *full = io_read_at(dir, "memory.pressure", data, sizeof(data)) < 0 ? NULL : strstr(data, "full avg10=");
    return full ? strtod(full + strlen("full avg10="), NULL) : 0;
}

void memory_watch_read(int dir, struct memory_counts *ret_counts) {
    char failures[32];
    if (io_read_at(dir, "memory.failcnt", failures, sizeof(failures)) >= 0)
        *ret_counts = (struct memory_counts){
            .oom_kills = read_row(dir, "memory.oom_control", "oom_kill"),
            .at_limit = strtoll(failures, NULL, 10),
        };
    else
        *ret_counts = (struct memory_counts){
            .oom_kills = read_row(dir, "memory.events", "oom_kill"),
            .at_limit = read_row(dir, "memory.events", "max"),
            .stalled = read_stalled(dir),
        };
}
