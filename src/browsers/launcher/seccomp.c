#include "browsers/launcher/seccomp.h"
#include "base/memory.h"
#include "browsers/launcher/seccomp_table.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct {
    const char *names;
    int argument; /* -1: whatever the arguments are */
    const char *operation;
    json_int_t value, value_two;
} rows[] = {
#define CALLS(names)                                {names, -1, NULL, 0, 0},
#define ONLY(name, argument, operation, value, two) {name, argument, operation, value, two},
    SECCOMP_TABLE(CALLS, ONLY)
#undef CALLS
#undef ONLY
};

#if defined(__x86_64__)
#define SECCOMP_ARCHITECTURE "SCMP_ARCH_X86_64"
#elif defined(__aarch64__)
#define SECCOMP_ARCHITECTURE "SCMP_ARCH_AARCH64"
#endif

static json_t *words(const char *list) {
    json_t *array = json_array();
    cleanup_free char *copy = memory_copy_text(list);
    for (char *rest = copy, *word; (word = strsep(&rest, " "));)
        if (*word)
            json_array_append_new(array, json_string(word));
    return array;
}

json_t *seccomp_profile(void) {
    json_t *calls = json_array();
    for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
        json_t *row = json_pack("{s:o, s:s}", "names", words(rows[i].names), "action", "SCMP_ACT_ALLOW");
        if (rows[i].argument >= 0)
            json_object_set_new(row, "args",
                                json_pack("[{s:i, s:s, s:I, s:I}]", "index", rows[i].argument, "op", rows[i].operation,
                                          "value", rows[i].value, "valueTwo", rows[i].value_two));
        json_array_append_new(calls, row);
    }
    return json_pack("{s:s, s:i, s:[s], s:o}", "defaultAction", "SCMP_ACT_ERRNO", "defaultErrnoRet", ENOSYS,
                     "architectures", SECCOMP_ARCHITECTURE, "syscalls", calls);
}
