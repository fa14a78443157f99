/* Formats of texts. */
#include "base/schema_internal.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

/* "9" stands for a digit, "x" for a hexadecimal one, all else for itself; the text must begin so. */
static bool begins_like(const char *text, const char *like) {
    for (; *like; like++, text++)
        if (*like == '9'   ? !isdigit((unsigned char)*text)
            : *like == 'x' ? !isxdigit((unsigned char)*text)
                           : *text != *like)
            return false;
    return true;
}

static int number_at(const char *text) {
    return (text[0] - '0') * 10 + text[1] - '0';
}

static bool is_date_at(const char *text) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (!begins_like(text, "9999-99-99"))
        return false;
    int year = number_at(text) * 100 + number_at(text + 2), month = number_at(text + 5), day = number_at(text + 8);
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (month == 2 && leap);
}

static bool is_date(const char *text) {
    return is_date_at(text) && strlen(text) == 10;
}

static bool is_offset(const char *text) {
    if ((*text == 'Z' || *text == 'z') && !text[1])
        return true;
    return (*text == '+' || *text == '-') && begins_like(text + 1, "99:99") && !text[6] && number_at(text + 1) < 24 &&
           number_at(text + 4) < 60;
}

static bool is_time(const char *text) {
    if (!begins_like(text, "99:99:99") || number_at(text) > 23 || number_at(text + 3) > 59 || number_at(text + 6) > 60)
        return false;
    text += 8;
    if (*text == '.' && !isdigit((unsigned char)text[1]))
        return false;
    text += *text == '.' ? 1 + strspn(text + 1, "0123456789") : 0;
    return is_offset(text);
}

static bool is_date_time(const char *text) {
    return is_date_at(text) && (text[10] == 'T' || text[10] == 't') && is_time(text + 11);
}

static bool is_hostname(const char *text) {
    size_t length = strlen(text);
    if (!length || length > 253)
        return false;
    for (const char *label = text; label; label = strchr(label, '.') ? strchr(label, '.') + 1 : NULL) {
        size_t n = strcspn(label, ".");
        if (!n || n > 63 || label[0] == '-' || label[n - 1] == '-')
            return false;
        for (size_t i = 0; i < n; i++)
            if (!isalnum((unsigned char)label[i]) && label[i] != '-')
                return false;
    }
    return true;
}

static bool is_email(const char *text) {
    const char *at = strrchr(text, '@');
    if (!at || at == text || at - text > 64 || text[0] == '.' || at[-1] == '.' || strstr(text, ".."))
        return false;
    for (const char *c = text; c < at; c++)
        if (!isalnum((unsigned char)*c) && !strchr(".!#$%&'*+/=?^_`{|}~-", *c) && !((unsigned char)*c & 0x80))
            return false;
    return is_hostname(at + 1);
}

static bool is_uri(const char *text) {
    size_t scheme = strcspn(text, ":");
    if (!isalpha((unsigned char)*text) || !text[scheme] || !text[scheme + 1])
        return false;
    for (size_t i = 0; i < scheme; i++)
        if (!isalnum((unsigned char)text[i]) && !strchr("+-.", text[i]))
            return false;
    for (const char *c = text; *c; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7f || strchr("\"<>\\^`{|}", *c) ||
            (*c == '%' && !begins_like(c + 1, "xx")))
            return false;
    return true;
}

static bool is_uuid(const char *text) {
    return begins_like(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx") && strlen(text) == 36;
}

static bool is_ipv4(const char *text) {
    struct in_addr address;
    return inet_pton(AF_INET, text, &address) == 1;
}

static bool is_ipv6(const char *text) {
    struct in6_addr address;
    return inet_pton(AF_INET6, text, &address) == 1;
}

/* How a form asks for it; any text will do. */
static bool is_text(const char *text) {
    return true;
}

static const struct schema_format formats[] = {
    {"date", "a date like 2026-11-23", is_date},
    {"time", "a time like 18:30:00Z", is_time},
    {"date-time", "a time like 2026-11-23T18:30:00Z", is_date_time},
    {"email", "an e-mail address", is_email},
    {"hostname", "a host's name", is_hostname},
    {"uri", "an address like https://example.org/", is_uri},
    {"uuid", "a UUID", is_uuid},
    {"ipv4", "an IPv4 address", is_ipv4},
    {"ipv6", "an IPv6 address", is_ipv6},
    {"password", "a secret text", is_text},
    {"multiline", "a text of several lines", is_text},
};

const char *schema_format_name_at(size_t i) {
    return i < sizeof formats / sizeof *formats ? formats[i].name : NULL;
}

const struct schema_format *schema_format_find(const char *name) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (!strcmp(formats[i].name, name))
            return &formats[i];
    return NULL;
}
