/* Runs a fuzzer's entry over files and every file of folders: seeds, and inputs that once failed. Each input is also
 * cut at every length up to 256 bytes, which costs nothing and finds reads past the end. */
#include "base/io.h"
#include "base/memory.h"
#include "fuzz.h"
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void run(const char *data, size_t length) {
    cleanup_free char *exact = malloc(length ? length : 1); /* so that the sanitizer sees its end */
    memcpy(exact, data, length);
    LLVMFuzzerTestOneInput((const uint8_t *)exact, length);
}

static int replay_file(const char *path) {
    cleanup_free char *data = NULL;
    size_t length;
    struct error e;
    if (io_read_file(path, 64 << 20, &data, &length, &e) < 0) {
        fprintf(stderr, "%s\n", e.text);
        return -1;
    }
    for (size_t cut = 0; cut < length && cut < 256; cut++)
        run(data, cut);
    run(data, length);
    return 1;
}

static int replay(const char *path) {
    struct stat info;
    if (stat(path, &info) < 0 || !S_ISDIR(info.st_mode))
        return replay_file(path);
    cleanup_dir DIR *dir = opendir(path);
    int count = 0;
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        cleanup_free char *file = memory_print("%s/%s", path, entry->d_name);
        if (entry->d_name[0] == '.')
            continue;
        int n = replay(file);
        if (n < 0)
            return n;
        count += n;
    }
    return count;
}

int main(int count, char **arguments) {
    int inputs = 0;
    for (int i = 1; i < count; i++) {
        int n = replay(arguments[i]);
        if (n < 0)
            return 1;
        inputs += n;
    }
    printf("%d inputs\n", inputs);
    return inputs == 0;
}
