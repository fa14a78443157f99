#include "browsers/launcher/libraries.h"
#include "base/clock.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/process.h"
#include "base/text.h"
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LIST_LIMIT_MS 20000

/* Opened by name: NSS's modules, found beside libnss3.so. */
static const char *const opened_by_name[] = {"libsoftokn3.so", "libfreebl3.so", "libfreeblpriv3.so", "libnssckbi.so"};

static bool is_listed(const struct libraries *libraries, const char *path) {
    for (size_t i = 0; i < libraries->count; i++)
        if (!strcmp(libraries->paths[i], path))
            return true;
    return false;
}

/* Adds the path with links in its folder resolved and its own name kept: that is the name it is asked for by. */
static void add_library(struct libraries *libraries, const char *path) {
    cleanup_free char *copy = memory_copy_text(path), *name = memory_copy_text(path);
    cleanup_free char *folder = realpath(dirname(copy), NULL);
    cleanup_free char *real = memory_print("%s/%s", folder ? folder : "", basename(name));
    struct stat st;
    if (!folder || stat(real, &st) || !S_ISREG(st.st_mode) || is_listed(libraries, real))
        return;
    libraries->paths = memory_resize(libraries->paths, (libraries->count + 1) * sizeof *libraries->paths);
    libraries->paths[libraries->count++] = take_pointer(real);
}

/* The loader that the program names (PT_INTERP), free(); NULL for a file that is no 64-bit program or names none. */
static char *read_loader(const char *program) {
    cleanup_close int fd = open(program, O_RDONLY | O_CLOEXEC);
    Elf64_Ehdr header;
    if (fd < 0 || io_read_full(fd, &header, sizeof header) != sizeof header ||
        memcmp(header.e_ident, ELFMAG, SELFMAG) || header.e_ident[EI_CLASS] != ELFCLASS64)
        return NULL;
    for (int i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr part;
        char path[PATH_MAX] = "";
        if (pread(fd, &part, sizeof part, (off_t)(header.e_phoff + (size_t)i * sizeof part)) != sizeof part)
            return NULL;
        if (part.p_type == PT_INTERP && part.p_filesz < sizeof path &&
            pread(fd, path, part.p_filesz, (off_t)part.p_offset) == (ssize_t)part.p_filesz)
            return memory_copy_text(path);
    }
    return NULL;
}

/* "\tlibX.so.6 => /path/libX.so.6 (0x...)" or "\t/lib64/ld-linux-x86-64.so.2 (0x...)" */
static void read_list(struct libraries *libraries, char *output) {
    for (char *rest = output, *line; (line = strsep(&rest, "\n"));) {
        char *path = strchr(line, '/'), *end = path ? strstr(path, " (0x") : NULL;
        if (!end)
            continue;
        *end = '\0';
        add_library(libraries, path);
    }
}

static int list_one(const char *loader, const char *file, struct libraries *libraries, struct error *e) {
    char *arguments[] = {(char *)loader, "--list", (char *)file, NULL}, *environment[] = {NULL};
    cleanup_close int reading = -1, writing = -1, pidfd = -1;
    cleanup_text struct text output = {0};
    int ends[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    pid_t pid;
    if (pipe2(ends, O_CLOEXEC))
        return error_errno(e, errno, ERROR_INTERNAL, "cannot list the libraries of %s", file);
    reading = ends[0], writing = ends[1];
    struct process_spec spec = {.path = loader,
                                .arguments = arguments,
                                .environment = environment,
                                .stdin_fd = -1,
                                .stdout_fd = writing,
                                .stderr_fd = null};
    int r = process_spawn(&spec, &pid, &pidfd, e);
    close(null);
    close(take_fd(writing));
    if (r < 0)
        return r;
    char part[8192];
    for (ssize_t n; (n = io_read_full(reading, part, sizeof part)) > 0;)
        text_append(&output, part, (size_t)n);
    process_wait(pidfd, clock_deadline(LIST_LIMIT_MS), NULL);
    if (output.data)
        read_list(libraries, output.data);
    return 0;
}

static int list_beside(const char *loader, const char *program, struct libraries *libraries, struct error *e) {
    cleanup_free char *copy = memory_copy_text(program);
    const char *folder = dirname(copy);
    cleanup_dir DIR *dir = opendir(folder);
    int r = 0;
    for (struct dirent *entry; !r && dir && (entry = readdir(dir));)
        if (text_ends_with(entry->d_name, ".so") || strstr(entry->d_name, ".so.")) {
            cleanup_free char *path = memory_print("%s/%s", folder, entry->d_name);
            r = list_one(loader, path, libraries, e);
        }
    return r;
}

static int add_opened_by_name(const char *loader, struct libraries *libraries, struct error *e) {
    int r = 0;
    size_t known = libraries->count;
    for (size_t i = 0; i < known; i++) {
        if (!text_ends_with(libraries->paths[i], "/libnss3.so"))
            continue;
        cleanup_free char *copy = memory_copy_text(libraries->paths[i]);
        const char *folder = dirname(copy);
        for (size_t n = 0; !r && n < ARRAY_LENGTH(opened_by_name); n++) {
            cleanup_free char *path = memory_print("%s/%s", folder, opened_by_name[n]);
            add_library(libraries, path);
            r = list_one(loader, path, libraries, e);
        }
    }
    return r;
}

int libraries_find(const char *program, struct libraries *ret_libraries, struct error *e) {
    cleanup_libraries struct libraries libraries = {0};
    cleanup_free char *loader = read_loader(program);
    if (!loader) {
        error_set(e, ENOEXEC, ERROR_BAD_CONFIG, "%s is not a dynamically linked 64-bit program", program);
        error_hint(e, "CHROMIUM_PATH must name the binary itself, not a wrapper script");
        return -ENOEXEC;
    }
    int r = list_one(loader, program, &libraries, e);
    if (!r)
        r = list_beside(loader, program, &libraries, e);
    if (!r)
        r = add_opened_by_name(loader, &libraries, e);
    if (r < 0)
        return r;
    *ret_libraries = libraries;
    libraries = (struct libraries){0};
    return 0;
}

void libraries_done(struct libraries *libraries) {
    for (size_t i = 0; i < libraries->count; i++)
        free(libraries->paths[i]);
    free(libraries->paths);
    *libraries = (struct libraries){0};
}
