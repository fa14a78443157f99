/* Queries: texts become what their field says, then the same checks apply as to a body. */
#include "api/schema_check_internal.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/http_server.h"
#include <string.h>

/* NULL: the text is none of that kind. */
static json_t *convert(enum schema_kind kind, const char *text) {
    int64_t number;
    double real;
    switch (kind) {
    case SCHEMA_INT:
        return text_parse_int(text, INT64_MIN, INT64_MAX, &number) ? NULL : json_integer(number);
    case SCHEMA_REAL:
        return text_parse_real(text, -1e300, 1e300, &real) ? NULL : json_real(real);
    case SCHEMA_BOOL:
        return !strcmp(text, "true") || !strcmp(text, "1")    ? json_true()
               : !strcmp(text, "false") || !strcmp(text, "0") ? json_false()
                                                              : NULL;
    default:
        return json_string(text);
    }
}

static void complain_of_text(enum schema_kind kind, json_t *loc, struct complaints *complaints) {
    static const struct {
        enum schema_kind kind;
        const char *type, *text;
    } words[] = {
        {SCHEMA_INT, "int_parsing", "Input should be a valid integer, unable to parse string as an integer"},
        {SCHEMA_REAL, "float_parsing", "Input should be a valid number, unable to parse string as a number"},
        {SCHEMA_BOOL, "bool_parsing", "Input should be a valid boolean, unable to interpret input"},
        {SCHEMA_TEXT, "string_type", "Input should be a valid string"},
    };
    size_t i = 0;
    while (words[i].kind != kind && words[i].kind != SCHEMA_TEXT)
        i++;
    complain(complaints, loc, words[i].type, "%s", words[i].text);
}

/* "a,b" and "x=a&x=b" are the same list. */
static void append_items(const struct schema_field *field, json_t *list, char *text, json_t *loc,
                         struct complaints *complaints) {
    char *save = NULL;
    for (char *item = strtok_r(text, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
        json_t *value = convert(field->items, item);
        if (value)
            json_array_append_new(list, value);
        else
            complain_of_text(field->items, loc, complaints);
    }
}

static void take_list(const struct schema_field *field, json_t *query, char *text, json_t *loc,
                      struct complaints *complaints) {
    json_t *list = json_object_get(query, field->name);
    if (!list) {
        list = json_array();
        json_object_set_new(query, field->name, list);
    }
    append_items(field, list, text, loc, complaints);
}

static void take_value(const struct schema_field *field, json_t *query, char *text, json_t *loc,
                       struct complaints *complaints) {
    if (field->kind == SCHEMA_LIST) {
        take_list(field, query, text, loc, complaints);
        return;
    }
    json_t *value = convert(field->kind, text);
    if (!value)
        complain_of_text(field->kind, loc, complaints);
    else if (json_object_get(query, field->name)) {
        complain(complaints, loc, "value_error", "Given more than once");
        json_decref(value);
    } else
        json_object_set_new(query, field->name, value);
}

static void take_pair(const struct schema *schema, json_t *query, char *name, char *text, json_t *loc,
                      struct complaints *complaints) {
    const struct schema_field *field = schema_find_field(schema, name);
    json_array_append_new(loc, json_string(name));
    if (field)
        take_value(field, query, text, loc, complaints);
    else
        schema_complain_unknown(schema, name, loc, complaints);
    json_array_remove(loc, json_array_size(loc) - 1);
}

static void check_values(const struct schema *schema, json_t *query, json_t *loc, struct complaints *complaints) {
    const char *name;
    json_t *value;
    json_object_foreach (query, name, value) {
        json_array_append_new(loc, json_string(name));
        schema_check_value(schema_find_field(schema, name), value, loc, complaints);
        json_array_remove(loc, json_array_size(loc) - 1);
    }
    schema_fill_missing(schema, query, loc, complaints);
}

json_t *schema_check_query(const struct schema *schema, const char *query, struct complaints *complaints) {
    cleanup_free char *copy = memory_copy_text(query);
    cleanup_json json_t *loc = json_pack("[s]", "query");
    cleanup_json json_t *object = json_object();
    char *save = NULL;
    for (char *pair = strtok_r(copy, "&", &save); pair; pair = strtok_r(NULL, "&", &save)) {
        char *value = strchr(pair, '=');
        if (value)
            *value++ = '\0';
        else
            value = pair + strlen(pair);
        if (http_percent_decode(pair, true, NULL) < 0 || http_percent_decode(value, true, NULL) < 0)
            complain(complaints, loc, "value_error", "The query is not valid percent-encoded UTF-8");
        else
            take_pair(schema, object, pair, value, loc, complaints);
    }
    check_values(schema, object, loc, complaints);
    return complaints->detail ? NULL : take_pointer(object);
}
