#include "base/config.h"
#include "base/io.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct config_row config_rows[CONFIG_COUNT] = {
#define X(name, kind, value, least, most, readers, doc) {#name, #kind, value, least, most, readers, doc},
    CONFIG_TABLE(X)
#undef X
};

#define ENV_FILE_LIMIT (1 << 20)

static char *values[CONFIG_COUNT];
static const char *const level_names[] = {"debug", "info", "warn", "error"};

static int level_of(const char *value) {
    for (int i = 0; i < (int)ARRAY_LENGTH(level_names); i++)
        if (!strcmp(value, level_names[i]))
            return i;
    return -1;
}

static bool hostports_are_good(const char *value) {
    cleanup_free char *copy = memory_copy_text(value);
    char *save = NULL;
    for (char *item = strtok_r(copy, ", ", &save); item; item = strtok_r(NULL, ", ", &save)) {
        char *colon = strrchr(item, ':');
        int64_t port;
        if (!colon || colon == item || strlen(item) > 262 || text_parse_int(colon + 1, 1, 65535, &port))
            return false;
    }
    return true;
}

/* What is wrong with the value, as the end of a sentence; NULL when nothing is. The text is the caller's to free. */
static char *complaint_about(const struct config_row *row, const char *value) {
    int64_t number;
    double real;
    if (!text_is_utf8(value, strlen(value)) || strpbrk(value, "\r\n"))
        return memory_copy_text("is not one line of UTF-8 text");
    if (!strcmp(row->kind, "INT"))
        return text_parse_int(value, (int64_t)row->least, (int64_t)row->most, &number)
                   ? memory_print("is not a whole number from %.0f to %.0f", row->least, row->most)
                   : NULL;
    if (!strcmp(row->kind, "REAL"))
        return text_parse_real(value, row->least, row->most, &real)
                   ? memory_print("is not a number from %g to %g", row->least, row->most)
                   : NULL;
    if (!strcmp(row->kind, "BOOL") && strcmp(value, "true") && strcmp(value, "false"))
        return memory_copy_text("is neither true nor false");
    if (!strcmp(row->kind, "LEVEL") && level_of(value) < 0)
        return memory_copy_text("is not one of debug, info, warn, error");
    if (!strcmp(row->kind, "PATH") && *value && *value != '/')
        return memory_copy_text("is not an absolute path");
    if (!strcmp(row->kind, "HOSTPORTS") && !hostports_are_good(value))
        return memory_copy_text("is not a comma-separated list of host:port");
    if (!strcmp(row->kind, "URL") && *value && !strstr(value, "://"))
        return memory_copy_text("is not a URL");
    return NULL;
}

static int config_find(const char *name, size_t length) {
    for (int i = 0; i < CONFIG_COUNT; i++)
        if (strlen(config_rows[i].name) == length && !memcmp(config_rows[i].name, name, length))
            return i;
    return -1;
}

static bool value_is_secret(const struct config_row *row) {
    static const char *const marks[] = {"SECRET", "_URL", "PASSWORD", "_API_KEY", "MODEL_PROVIDERS"};
    for (size_t i = 0; i < ARRAY_LENGTH(marks); i++)
        if (strstr(row->name, marks[i]))
            return true;
    return false;
}

static void assign(int id, const char *value, const char *origin, struct text *complaints) {
    cleanup_free char *complaint = complaint_about(&config_rows[id], value);
    if (complaint)
        text_print(complaints, "%s=\"%s\" (from %s) %s. %s\n", config_rows[id].name,
                   value_is_secret(&config_rows[id]) ? "..." : value, origin, complaint, config_rows[id].doc);
    free(values[id]);
    values[id] = memory_copy_text(complaint ? config_rows[id].value : value);
}

/* One line of the file: NAME=value, NAME="value", # comment, optional "export ". */
static void read_env_line(char *line, const char *file, int number, struct text *complaints) {
    line += strspn(line, " \t");
    line[strcspn(line, "\r\n")] = '\0';
    if (!*line || *line == '#')
        return;
    if (text_starts_with(line, "export "))
        line += 7;
    cleanup_free char *origin = memory_print("%s line %d", file, number);
    char *equals = strchr(line, '=');
    if (!equals) {
        text_print(complaints, "%s is not NAME=value\n", origin);
        return;
    }
    char *value = equals + 1;
    size_t n = strlen(value);
    while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
        value[--n] = '\0';
    if (n >= 2 && (*value == '"' || *value == '\'') && value[n - 1] == *value) {
        value[n - 1] = '\0';
        value++;
    }
    int id = config_find(line, (size_t)(equals - line));
    if (id >= 0)
        assign(id, value, origin, complaints);
    else
        text_print(complaints, "%.*s (from %s) is not a configuration name; `replinet config` lists them\n",
                   (int)(equals - line), line, origin);
}

static void read_env_file(const char *file, struct text *complaints) {
    cleanup_free char *content = NULL;
    struct error e;
    int r = io_read_file(file, ENV_FILE_LIMIT, &content, NULL, &e);
    if (r == -ENOENT)
        return;
    if (r < 0) {
        text_print(complaints, "%s\n", e.text);
        return;
    }
    int number = 0;
    for (char *line = content, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        read_env_line(line, file, ++number, complaints);
    }
}

int config_load(const char *env_file, char **ret_complaints) {
    struct text complaints = {0};
    for (int i = 0; i < CONFIG_COUNT; i++) {
        free(values[i]);
        values[i] = memory_copy_text(config_rows[i].value);
    }
    if (env_file)
        read_env_file(env_file, &complaints);
    for (int i = 0; i < CONFIG_COUNT; i++) {
        const char *value = getenv(config_rows[i].name);
        if (value)
            assign(i, value, "the environment", &complaints);
    }
    *ret_complaints = complaints.data;
    return complaints.length ? -EINVAL : 0;
}

const char *config_text(enum config_id id) {
    return values[id] ? values[id] : config_rows[id].value;
}

int64_t config_int(enum config_id id) {
    return strtoll(config_text(id), NULL, 10);
}

double config_real(enum config_id id) {
    return strtod(config_text(id), NULL);
}

bool config_bool(enum config_id id) {
    return !strcmp(config_text(id), "true");
}

int config_set(enum config_id id, const char *value, struct error *e) {
    cleanup_free char *complaint = complaint_about(&config_rows[id], value);
    if (complaint)
        return error_set(e, EINVAL, ERROR_BAD_CONFIG, "%s %s", config_rows[id].name, complaint);
    free(values[id]);
    values[id] = memory_copy_text(value);
    return 0;
}

/* The launcher starts the keepers, so what they may know passes through it. */
bool config_is_for(enum config_id id, char reader) {
    return strpbrk(config_rows[id].readers, reader == 'L' ? "LK" : (char[]){reader, '\0'});
}

static const char *const passed_on[] = {"PATH",         "LANG",          "TZ",           "ASAN_OPTIONS",
                                        "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "SSL_CERT_FILE"};

char **config_environment(char reader) {
    struct text block = {0};
    size_t count = 0;
    for (size_t i = 0; i < ARRAY_LENGTH(passed_on); i++) {
        const char *value = getenv(passed_on[i]);
        if (value)
            text_print(&block, "%s=%s%c", passed_on[i], value, 0), count++;
    }
    for (int i = 0; i < CONFIG_COUNT; i++)
        if (config_is_for((enum config_id)i, reader))
            text_print(&block, "%s=%s%c", config_rows[i].name, config_text((enum config_id)i), 0), count++;
    char **list = memory_alloc((count + 1) * sizeof *list + block.length + 1);
    char *strings = (char *)(list + count + 1);
    memcpy(strings, block.data, block.length);
    for (size_t i = 0; i < count; i++, strings += strlen(strings) + 1)
        list[i] = strings;
    text_done(&block);
    return list;
}

void config_start_log(const char *service) {
    log_start(service, (enum log_level)level_of(config_text(CONFIG_LOG_LEVEL)), config_text(CONFIG_LOG_FORMAT));
}
