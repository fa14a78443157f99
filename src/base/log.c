#include "base/log.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include <string.h>
#include <unistd.h>

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static struct {
    const char *service;
    enum log_level level;
    bool for_people;
} settings = {"replinet", LOG_INFO, false};

void log_start(const char *service, enum log_level level, const char *format) {
    settings.service = service;
    settings.level = level;
    settings.for_people = !strcmp(format, "text") || (!strcmp(format, "auto") && isatty(STDERR_FILENO));
}

static void append_field(struct text *line, const char *name, const char *value) {
    text_append_char(line, ',');
    text_append_json(line, name, strlen(name));
    text_append_char(line, ':');
    text_append_json(line, value, strlen(value));
}

static void print_json(struct text *line, enum log_level level, const struct error *error, const char *message,
                       const struct log_field *fields) {
    char time[CLOCK_TEXT_SIZE];
    text_print(line, "{\"@timestamp\":\"%s\",\"log.level\":\"%s\",\"service.name\":\"replinet-%s\",\"process.pid\":%d",
               clock_format(clock_wall_us(), time), level_names[level], settings.service, getpid());
    append_field(line, "message", message);
    for (; fields->name; fields++)
        if (fields->text)
            append_field(line, fields->name, fields->text);
        else
            text_print(line, ",\"%s\":%lld", fields->name, (long long)fields->number);
    if (error) {
        append_field(line, "error.code", error_name(error->code));
        append_field(line, "error.message", error->text);
        if (error->hint[0])
            append_field(line, "replinet.hint", error->hint);
    }
    text_append_string(line, "}\n");
}

static void print_for_people(struct text *line, enum log_level level, const struct error *error, const char *message,
                             const struct log_field *fields) {
    char time[CLOCK_TEXT_SIZE];
    text_print(line, "%.8s %-5s %-9s %s", clock_format(clock_wall_us(), time) + 11, level_names[level],
               settings.service, message);
    for (; fields->name; fields++) {
        const char *name = text_starts_with(fields->name, "replinet.") ? fields->name + 9 : fields->name;
        if (fields->text)
            text_print(line, "  %s=%s", name, fields->text);
        else
            text_print(line, "  %s=%lld", name, (long long)fields->number);
    }
    if (error)
        text_print(line, ": %s%s%s", error->text, error->hint[0] ? ". " : "", error->hint);
    for (size_t i = 0; i < line->length; i++) /* no terminal control from outside */
        if ((unsigned char)line->data[i] < 0x20 || line->data[i] == 0x7f)
            line->data[i] = ' ';
    text_append_char(line, '\n');
}

void log_write(enum log_level level, const struct error *error, const char *message, const struct log_field *fields) {
    if (level < settings.level)
        return;
    cleanup_text struct text line = {0};
    (settings.for_people ? print_for_people : print_json)(&line, level, error, message, fields);
    ssize_t written = write(STDERR_FILENO, line.data, line.length);
    (void)written; /* nowhere to say that the log is gone */
}
