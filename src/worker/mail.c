/* Letters to users, handed to the SMTP server of SMTP_URL. Letters are rows; a link is made when its letter is sent. */
#include "base/clock.h"
#include "base/config.h"
#include "base/memory.h"
#include "base/public_url.h"
#include "base/text.h"
#include "domain/accounts.h"
#include "domain/questions.h"
#include "domain/sql.h"
#include "worker/job_internal.h"
#include <curl/curl.h>
#include <errno.h>
#include <string.h>
#include <time.h>

#define SEND_SECONDS 30L

static const struct letter {
    const char *name, *language; /* the first of a name is for those who chose none */
    const char *subject, *text;  /* %s: the link; then what is asked */
} letters[] = {
    {"reset", "en", "Set a new password for Replinet",
     "Somebody, hopefully you, asked to set a new password for your Replinet account.\n\nThis link does it; it works "
     "once and for one hour:\n\n%s\n\nIf it was not you, do nothing: your password stays as it is.\n"},
    {"reset", "ru", "Новый пароль для Replinet",
     "Кто-то, надеемся, вы, попросил задать новый пароль для вашей учётной записи Replinet.\n\nЭта ссылка сделает это; "
     "она действует один раз и в течение часа:\n\n%s\n\nЕсли это были не вы, ничего не делайте: пароль останется "
     "прежним.\n"},
    {"question", "en", "Your agent asks you something",
     "An agent of yours on Replinet waits for you. This page shows what it asks and takes your answer; it works once, "
     "until the question's time is up:\n\n%s\n\nIt says:\n\n%s\n"},
    {"question", "ru", "Ваш агент спрашивает вас",
     "Ваш агент в Replinet ждёт вас. На этой странице видно, что он спрашивает, и можно ответить; она действует один "
     "раз, пока не истекло время вопроса:\n\n%s\n\nОн пишет:\n\n%s\n"},
};

static const struct letter *find_letter(const char *name, const char *language) {
    const struct letter *found = NULL;
    for (size_t i = 0; i < ARRAY_LENGTH(letters); i++)
        if (!strcmp(letters[i].name, name) && (!found || !strcmp(letters[i].language, language)))
            found = &letters[i];
    return found;
}

static char *sender(void) {
    if (*config_text(CONFIG_SMTP_FROM))
        return memory_copy_text(config_text(CONFIG_SMTP_FROM));
    cleanup_free char *url = public_url();
    const char *host = strstr(url, "://") + 3;
    return memory_print("replinet@%.*s", (int)strcspn(host, ":/"), host);
}

/* RFC 5322 and 2045: a head of ASCII, the text in base64, lines of 76. */
static void write_letter(struct text *out, const struct letter *letter, const char *from, const char *to,
                         const char *link, const char *words) {
    char date[64];
    cleanup_text struct text body = {0}, encoded = {0};
    time_t now = time(NULL);
    struct tm tm;
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", gmtime_r(&now, &tm));
    text_print(&body, letter->text, link, words);
    text_print(out, "Date: %s\r\nFrom: Replinet <%s>\r\nTo: <%s>\r\nSubject: =?UTF-8?B?", date, from, to);
    text_append_base64(out, letter->subject, strlen(letter->subject));
    text_append_string(out, "?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                            "Content-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n");
    text_append_base64(&encoded, body.data, body.length);
    for (size_t at = 0; at < encoded.length; at += 76)
        text_print(out, "%.76s\r\n", encoded.data + at);
}

struct reading {
    const struct text *text;
    size_t at;
};

static size_t give(char *room, size_t size, size_t count, void *user) {
    struct reading *reading = user;
    size_t left = reading->text->length - reading->at, part = left < size * count ? left : size * count;
    memcpy(room, reading->text->data + reading->at, part);
    reading->at += part;
    return part;
}

static void set_account(CURL *curl) {
    if (!*config_text(CONFIG_SMTP_USER))
        return;
    curl_easy_setopt(curl, CURLOPT_USERNAME, config_text(CONFIG_SMTP_USER));
    curl_easy_setopt(curl, CURLOPT_PASSWORD, config_text(CONFIG_SMTP_PASSWORD));
}

/* With a password the connection must be encrypted; without one it is when the server can. */
static int send_letter(const char *from, const char *to, const struct text *text, struct error *e) {
    char problem[CURL_ERROR_SIZE] = "";
    struct reading reading = {text, 0};
    CURL *curl = curl_easy_init();
    struct curl_slist *recipients = curl_slist_append(NULL, to);
    curl_easy_setopt(curl, CURLOPT_URL, config_text(CONFIG_SMTP_URL));
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)(*config_text(CONFIG_SMTP_USER) ? CURLUSESSL_ALL : CURLUSESSL_TRY));
    curl_easy_setopt(curl, CURLOPT_MAIL_FROM, from);
    curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients);
    curl_easy_setopt(curl, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(curl, CURLOPT_READDATA, &reading);
    curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, SEND_SECONDS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, problem);
    set_account(curl);
    CURLcode code = curl_easy_perform(curl);
    curl_slist_free_all(recipients);
    curl_easy_cleanup(curl);
    return code ? error_set(e, EIO, ERROR_UNAVAILABLE, "the mail server did not take the letter: %s",
                            *problem ? problem : curl_easy_strerror(code))
                : 0;
}

/* Link and words of a letter, made now, so that they lie in no queue; -ENOENT when there is nothing to write any more.
 */
static int fill_letter(struct job_context *context, const struct account *account, char **ret_link, char **ret_words,
                       struct error *e) {
    const char *question = json_text_or(context->payload, "question_id", NULL);
    if (!question) {
        *ret_words = memory_copy_text("");
        return accounts_make_link(&context->db, LINK_RESET, account->id, ret_link, e);
    }
    int r = questions_text(&context->db, question, ret_words, e);
    return r < 0 ? r : question_make_link(question, ret_link, e);
}

int job_handle_MAIL(struct job_context *context, struct error *e) {
    struct account account;
    const char *name = json_text_or(context->payload, "letter", "");
    int r = accounts_get(&context->db, json_text_or(context->payload, "user_id", ""), &account, e);
    if (r == -ENOENT || (!r && !account.is_active))
        return 0; /* deleted or deactivated meanwhile: nobody to write to */
    const struct letter *letter = r ? NULL : find_letter(name, account.language);
    if (r < 0)
        return r;
    if (!letter)
        return error_set(e, EINVAL, ERROR_BAD_INPUT, "there is no letter \"%s\"", name);
    cleanup_free char *link = NULL, *words = NULL, *from = sender();
    cleanup_text struct text text = {0};
    r = fill_letter(context, &account, &link, &words, e);
    if (r < 0)
        return sql_is_missing(r, e) ? 0 : r;
    write_letter(&text, letter, from, account.email, link, words);
    return send_letter(from, account.email, &text, e);
}
