/* Whether the providers of models that the configuration names can be reached. Nothing is asked of them: that would
 * cost. */
#include "base/json.h"
#include "base/memory.h"
#include "cli/doctor_table.h"
#include "domain/model_environment.h"
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#define REACH_MS 5000L

#define FOUND(...) snprintf(finding->text, sizeof finding->text, __VA_ARGS__)

/* Why there is no connection to the provider; NULL: there is one. */
static const char *unreachable(const char *url) {
    CURL *easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, REACH_MS);
    CURLcode code = curl_easy_perform(easy);
    curl_easy_cleanup(easy);
    return code == CURLE_OK ? NULL : curl_easy_strerror(code);
}

static enum doctor_verdict look_at(const json_t *providers, struct doctor_finding *finding) {
    enum doctor_verdict verdict = DOCTOR_OK;
    size_t i, n = 0;
    json_t *provider;
    json_array_foreach (providers, i, provider) {
        const char *url = json_text_or(provider, "base_url", ""), *kind = json_text_or(provider, "kind", "");
        const char *why = unreachable(*url ? url : model_kind_base_url(kind));
        n += (size_t)snprintf(finding->text + n, sizeof finding->text - n, "%s%s%s%s", i ? ", " : "",
                              json_text_or(provider, "name", ""), why ? ": " : " is reached", why ? why : "");
        if (why)
            verdict = DOCTOR_WARN;
        if (n >= sizeof finding->text)
            break;
    }
    return verdict;
}

enum doctor_verdict doctor_models(struct doctor_finding *finding) {
    cleanup_json json_t *providers = NULL;
    enum doctor_verdict verdict = DOCTOR_OK;
    struct error e = {0};
    if (model_environment_read(&providers, &e) < 0) {
        FOUND("%s", e.text);
        return DOCTOR_FAIL;
    }
    if (json_array_size(providers))
        verdict = look_at(providers, finding);
    else
        FOUND("the configuration names no provider: scripts, and models of the database");
    model_keys_wipe(providers);
    return verdict;
}
