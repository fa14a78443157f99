/* launcher: the parts that need no browser. */
#include "unit_test.h"

#include "base/json.h"
#include "base/memory.h"
#include "browsers/launcher/files.h"
#include "browsers/launcher/ids.h"
#include "browsers/launcher/libraries.h"
#include "browsers/launcher/seccomp.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOTS (IDS_PER_RANGE / IDS_PER_SLOT)

static void ids_go_round_and_never_overlap(void **state) {
    static struct ids all[SLOTS];
    struct ids more;
    for (size_t i = 0; i < SLOTS; i++) {
        assert_int_equal(ids_take(&all[i]), 0);
        assert_true(all[i].root != all[i].user && all[i].user != all[i].keeper && all[i].root != all[i].keeper);
        if (i)
            assert_true(all[i].root > all[i - 1].keeper);
    }
    assert_int_equal(ids_take(&more), -EAGAIN);
    ids_give_back(&all[7]);
    ids_give_back(&all[3]);
    assert_int_equal(ids_take(&more), 0);
    assert_int_equal(more.slot, 3); /* the next in the round, not the last given back */
    ids_give_back(&more);
    assert_int_equal(ids_take(&more), 0);
    assert_int_equal(more.slot, 7); /* one just used waits for its turn */
    for (size_t i = 0; i < SLOTS; i++)
        ids_give_back(&all[i]);
}

static void processes_are_named_by_their_start(void **state) {
    uint64_t own = 0, parent = 0;
    assert_int_equal(files_process_start(getpid(), &own), 0);
    assert_int_equal(files_process_start(getppid(), &parent), 0);
    assert_true(own >= parent && parent > 0);
    assert_int_equal(files_process_start(0x7ffffff0, &own), -ESRCH);
}

static bool has_library(const struct libraries *libraries, const char *name) {
    for (size_t i = 0; i < libraries->count; i++)
        if (strstr(libraries->paths[i], name))
            return true;
    return false;
}

static void libraries_of_a_program_are_found(void **state) {
    struct error e = {0};
    cleanup_libraries struct libraries libraries = {0};
    cleanup_free char *self = realpath("/proc/self/exe", NULL);
    assert_int_equal(libraries_find(self, &libraries, &e), 0);
    assert_true(has_library(&libraries, "/libc.so.6"));
    assert_true(has_library(&libraries, "/libjansson.so.4"));
    assert_true(has_library(&libraries, "/ld-linux"));
    struct libraries none = {0};
    assert_int_equal(libraries_find("/etc/passwd", &none, &e), -ENOEXEC);
    assert_non_null(strstr(e.hint, "CHROMIUM_PATH"));
}

/* Whether the profile lets a call through whatever its arguments are. */
static bool allows(const json_t *profile, const char *call) {
    size_t i, n;
    json_t *row, *name;
    json_array_foreach (json_object_get(profile, "syscalls"), i, row) {
        if (json_object_get(row, "args"))
            continue;
        json_array_foreach (json_object_get(row, "names"), n, name) {
            if (!strcmp(json_string_value(name), call))
                return true;
        }
    }
    return false;
}

static void the_filter_lists_what_is_allowed(void **state) {
    static const char *const never[] = {"mount",  "umount2",    "ptrace",         "bpf",         "keyctl", "setns",
                                        "clone",  "unshare",    "io_uring_enter", "userfaultfd", "socket", "mknod",
                                        "reboot", "personality"};
    cleanup_json json_t *profile = seccomp_profile();
    assert_string_equal(json_text_or(profile, "defaultAction", ""), "SCMP_ACT_ERRNO");
    assert_true(allows(profile, "read") && allows(profile, "chroot"));
    for (size_t i = 0; i < ARRAY_LENGTH(never); i++)
        assert_false(allows(profile, never[i]));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_go_round_and_never_overlap),
        cmocka_unit_test(processes_are_named_by_their_start),
        cmocka_unit_test(libraries_of_a_program_are_found),
        cmocka_unit_test(the_filter_lists_what_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
