/* Patterns: PCRE2, bounded so that no pattern and no text keep a process busy.
 *
 * The match limit holds per place where a match may begin, so it shrinks with the text's length; the clock bounds all
 * patterns of one comparison together. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/clock.h"
#include "base/memory.h"
#include "base/schema_internal.h"
#include <errno.h>
#include <pcre2.h>
#include <string.h>

#define PATTERN_LETTERS_MAX 2000
#define TEXT_BYTES_MAX      (64 * 1024)
#define NESTING_MAX         100
#define STEPS_MAX           2000000 /* of backtracking, over all beginnings of one text: about 50 ms */
#define STEPS_LEAST         1000
#define HEAP_KIB_MAX        4096

static void cleanup_code(pcre2_code **code) {
    pcre2_code_free(*code);
}
static void cleanup_context(pcre2_match_context **context) {
    pcre2_match_context_free(*context);
}
static void cleanup_match(pcre2_match_data **match) {
    pcre2_match_data_free(*match);
}
#define cleanup_with(function) __attribute__((cleanup(function)))

static pcre2_code *compile(const char *pattern, int *ret_problem, size_t *ret_at) {
    pcre2_compile_context *context = pcre2_compile_context_create(NULL);
    pcre2_set_parens_nest_limit(context, NESTING_MAX);
    pcre2_set_compile_extra_options(context, PCRE2_EXTRA_ALT_BSUX);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_BSUX | PCRE2_MATCH_UNSET_BACKREF |
                                         PCRE2_NEVER_BACKSLASH_C | PCRE2_ALLOW_EMPTY_CLASS,
                                     ret_problem, ret_at, context);
    pcre2_compile_context_free(context);
    return code;
}

int schema_pattern_check(const char *pattern, const char *path, struct error *e) {
    int problem = 0;
    size_t at = 0;
    char words[120];
    if (strlen(pattern) > PATTERN_LETTERS_MAX)
        return error_set(e, E2BIG, ERROR_BAD_INPUT, "%s has more than %d letters", path, PATTERN_LETTERS_MAX);
    cleanup_with(cleanup_code) pcre2_code *code = compile(pattern, &problem, &at);
    if (code)
        return 0;
    pcre2_get_error_message(problem, (PCRE2_UCHAR *)words, sizeof words);
    return error_set(e, EINVAL, ERROR_BAD_INPUT, "%s is no regular expression: %s (at letter %zu of \"%.80s\")", path,
                     words, at + 1, pattern);
}

static uint32_t steps_for(size_t length) {
    size_t each = STEPS_MAX / (length + 1);
    return (uint32_t)(each > STEPS_LEAST ? each : STEPS_LEAST);
}

bool schema_pattern_fits(struct schema_run *run, const struct schema_place *place, const char *pattern,
                         const char *text) {
    int problem;
    size_t at, length = strlen(text);
    cleanup_with(cleanup_code) pcre2_code *code = NULL;
    cleanup_with(cleanup_context) pcre2_match_context *context = NULL;
    cleanup_with(cleanup_match) pcre2_match_data *match = NULL;
    if (length > TEXT_BYTES_MAX || clock_remaining_ms(run->pattern_deadline) <= 0) {
        schema_problem(run, place, "pattern_limit",
                       length > TEXT_BYTES_MAX ? "is too long to be compared with a pattern (64 KiB)"
                                               : "could not be compared in time");
        return true;
    }
    code = compile(pattern, &problem, &at);
    context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(context, steps_for(length));
    pcre2_set_heap_limit(context, HEAP_KIB_MAX);
    match = pcre2_match_data_create(1, NULL);
    int r = code ? pcre2_match(code, (PCRE2_SPTR)text, length, 0, 0, match, context) : PCRE2_ERROR_NOMATCH;
    if (r >= 0 || r == PCRE2_ERROR_NOMATCH)
        return r >= 0;
    schema_problem(run, place, "pattern_limit", "takes too long to compare with the pattern %.100s", pattern);
    return true;
}
