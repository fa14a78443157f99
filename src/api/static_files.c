#include "api/static_files.h"
#include "base/io.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MOST    5000
#define FILE_MOST     (64 << 20)
#define DEPTH_MOST    8
#define IMMUTABLE     "public, max-age=31536000, immutable"
#define REVALIDATED   "no-cache"
#define HASHED_FOLDER "/assets/"

/* Scripts from here only, none inline. Vuetify sets styles from its scripts, which counts as inline. */
#define PAGE_CSP                                                                                                       \
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "            \
    "font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; "         \
    "form-action 'self'; frame-ancestors 'none'"

struct static_file {
    char *path;       /* "/index.html" */
    const void *data; /* mapped for as long as we live: replaced files keep their old bytes */
    size_t size;
    char tag[40];
};

struct static_files {
    struct static_file *list; /* sorted by path */
    size_t count;
    const struct static_file *index;
};

static const struct {
    const char *ending, *type;
} types[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/x-icon"},
    {".woff2", "font/woff2"},
    {".woff", "font/woff"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
};

static const struct { const char *ending, *coding; } codings[] = {{".br", "br"}, {".gz", "gzip"}};

static struct static_files *loading; /* nftw has no argument for its user */
static size_t loading_root;

static const void *map_file(const char *path, size_t size) {
    cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (!size)
        return "";
    void *data = fd < 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    return data == MAP_FAILED ? NULL : data;
}

static int add_file(const char *path, const struct stat *status, int type, struct FTW *where) {
    const char *name = path + loading_root;
    bool hidden = strstr(name, "/.");
    if (type != FTW_F || hidden || status->st_size > FILE_MOST || loading->count == FILES_MOST ||
        where->level > DEPTH_MOST)
        return 0;
    const void *data = map_file(path, (size_t)status->st_size);
    if (!data)
        return 0;
    loading->list = memory_resize(loading->list, (loading->count + 1) * sizeof *loading->list);
    struct static_file *file = &loading->list[loading->count++];
    *file = (struct static_file){.path = memory_copy_text(name), .data = data, .size = (size_t)status->st_size};
    snprintf(file->tag, sizeof file->tag, "\"%llx-%llx\"", (long long)status->st_mtime, (long long)status->st_size);
    return 0;
}

static int by_path(const void *a, const void *b) {
    return strcmp(((const struct static_file *)a)->path, ((const struct static_file *)b)->path);
}

static const struct static_file *find(const struct static_files *files, const char *path) {
    struct static_file wanted = {.path = (char *)path};
    return files->count ? bsearch(&wanted, files->list, files->count, sizeof wanted, by_path) : NULL;
}

struct static_files *static_files_load(const char *folder) {
    struct static_files *files = memory_alloc(sizeof *files);
    loading = files;
    loading_root = strlen(folder);
    if (*folder)
        nftw(folder, add_file, 16, FTW_PHYS);
    if (files->count)
        qsort(files->list, files->count, sizeof *files->list, by_path);
    files->index = find(files, "/index.html");
    log_info("files of the web app", LOG_TEXT("file.path", folder), LOG_INT("replinet.files", files->count));
    return files;
}

void static_files_free(struct static_files *files) {
    for (size_t i = 0; files && i < files->count; i++) {
        if (files->list[i].size)
            munmap((void *)files->list[i].data, files->list[i].size);
        free(files->list[i].path);
    }
    if (files)
        free(files->list);
    free(files);
}

static const char *type_of(const char *path) {
    for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
        if (text_ends_with(path, types[i].ending))
            return types[i].type;
    return "application/octet-stream";
}

/* Whether "br" is among "gzip, deflate;q=0.5, br" and not refused by q=0. */
static bool accepts(const char *header, const char *coding) {
    size_t length = strlen(coding);
    for (const char *at = header; at && *at; at += *at == ',') {
        at += strspn(at, ", ");
        size_t item = strcspn(at, ",");
        if (item >= length && !strncasecmp(at, coding, length) && strchr(",; ", at[length])) {
            const char *q = memmem(at, item, "q=0", 3);
            return !q || strspn(q + 2, "0.") < strcspn(q + 2, ", ");
        }
        at += item;
    }
    return false;
}

static const struct static_file *compressed(const struct static_files *files, const struct static_file *file,
                                            struct http_request *request, const char **ret_coding) {
    for (size_t i = 0; i < ARRAY_LENGTH(codings); i++) {
        cleanup_free char *path = memory_print("%s%s", file->path, codings[i].ending);
        const struct static_file *found = find(files, path);
        if (found && accepts(http_header(request, "accept-encoding"), codings[i].coding)) {
            *ret_coding = codings[i].coding;
            return found;
        }
    }
    return file;
}

static void add_headers(struct http_request *request, const struct static_file *file, const char *coding,
                        const struct static_file *sent) {
    http_add_header(request, "ETag", sent->tag);
    http_add_header(request, "Vary", "Accept-Encoding");
    http_add_header(request, "Cache-Control", text_starts_with(file->path, HASHED_FOLDER) ? IMMUTABLE : REVALIDATED);
    if (text_ends_with(file->path, ".html"))
        http_add_header(request, "Content-Security-Policy", PAGE_CSP);
    if (coding)
        http_add_header(request, "Content-Encoding", coding);
    else
        http_add_header(request, "Accept-Ranges", "bytes");
}

/* One range; 0: all of it is wanted, -1: it cannot be had. */
static int read_range(const char *header, size_t size, size_t *ret_from, size_t *ret_to) {
    long long from = -1, to = -1;
    int used = 0;
    if (!header || strncmp(header, "bytes=", 6) || strchr(header, ','))
        return 0;
    if (sscanf(header + 6, "-%lld%n", &to, &used) == 1 && !header[6 + used]) {
        from = to >= (long long)size ? 0 : (long long)size - to;
        to = (long long)size - 1;
    } else if (sscanf(header + 6, "%lld-%lld%n", &from, &to, &used) == 2 && !header[6 + used])
        to = to >= (long long)size ? (long long)size - 1 : to;
    else if (sscanf(header + 6, "%lld-%n", &from, &used) == 1 && used && !header[6 + used])
        to = (long long)size - 1;
    else
        return 0;
    if (from < 0 || from > to)
        return -1;
    *ret_from = (size_t)from;
    *ret_to = (size_t)to;
    return 1;
}

static void answer_part(struct http_request *request, const struct static_file *file, const char *type) {
    char range[80];
    size_t from, to;
    int r = read_range(http_header(request, "range"), file->size, &from, &to);
    if (!r) {
        http_respond(request, 200, type, file->data, file->size);
        return;
    }
    if (r < 0)
        snprintf(range, sizeof range, "bytes */%zu", file->size);
    else
        snprintf(range, sizeof range, "bytes %zu-%zu/%zu", from, to, file->size);
    http_add_header(request, "Content-Range", range);
    if (r < 0)
        http_respond(request, 416, NULL, "", 0);
    else
        http_respond(request, 206, type, (const char *)file->data + from, to - from + 1);
}

static void answer_file(struct static_files *files, struct http_request *request, const struct static_file *file) {
    const char *coding = NULL, *known = http_header(request, "if-none-match");
    const struct static_file *sent = http_header(request, "range") ? file : compressed(files, file, request, &coding);
    add_headers(request, file, coding, sent);
    if (known && strstr(known, sent->tag))
        http_respond(request, 304, NULL, "", 0);
    else if (coding)
        http_respond(request, 200, type_of(file->path), sent->data, sent->size);
    else
        answer_part(request, file, type_of(file->path));
}

/* A page's path has no dot in its last part; what has one is a file that is not there. */
static bool is_page(const char *path) {
    return !strchr(strrchr(path, '/') ? strrchr(path, '/') : path, '.') && !text_starts_with(path, HASHED_FOLDER);
}

bool static_files_answer(struct static_files *files, struct http_request *request, const char *path) {
    cleanup_free char *decoded = memory_copy_text(path);
    if (http_percent_decode(decoded, false, NULL) < 0)
        return false;
    const struct static_file *file = find(files, decoded);
    if (!file && is_page(decoded))
        file = files->index;
    if (file)
        answer_file(files, request, file);
    return file;
}
