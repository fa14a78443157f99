/* keeper: what the method table allows, denies and changes. */
#include "unit_test.h"

#include "base/memory.h"
#include "browsers/keeper/method_policy.h"
#include "browsers/keeper/method_table.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int judge(const char *method, const char *params, struct method_verdict *ret, struct error *e) {
    return method_judge(method, (struct cdp_span){params, params ? strlen(params) : 0}, ret, e);
}

static void urls_are_read_as_chromium_reads_them(void **state) {
    static const struct {
        const char *url;
        bool allowed;
    } cases[] = {
        {"https://example.com/", true},
        {"HTTP://example.com/file:///etc", true},
        {"about:blank", true},
        {"ABOUT:BLANK", true},
        {"about:blank#x", true},
        {"about:srcdoc", true},
        {"data:text/html,<p>", true},
        {"blob:https://example.com/1", true},
        {"blob:null/1", true},
        {"", true},
        {"example.com", true}, /* no scheme: Chromium refuses it */
        {"file:///etc/passwd", false},
        {"FILE:///etc/passwd", false},
        {"  file:///etc/passwd", false},
        {"\x01\x1f file:///etc/passwd", false},
        {"fi\tle:///etc/passwd", false},
        {"f\ni\rle\n:///etc/passwd", false},
        {"chrome://version", false},
        {"chrome-untrusted://print", false},
        {"chrome-extension://abc/x.html", false},
        {"devtools://devtools/bundled/inspector.html", false},
        {"view-source:https://example.com", false},
        {"view-source:file:///etc/passwd", false},
        {"about:version", false},
        {"about:blankx", false},
        {"about:", false},
        {"blob:file:///1", false},
        {"blob: file:///1", false},
        {"blob:chrome://settings/1", false},
        {"filesystem:file:///x", false},
        {"ftp://example.com", false},
        {"intent://x", false},
        {"abcdefghijklmnopqrstuvwxyz:x", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (method_url_is_allowed(cases[i].url) != cases[i].allowed)
            fail_msg("%s", cases[i].url);
}

static void paths_stay_in_the_transfer_folder(void **state) {
    static const struct {
        const char *path;
        bool allowed;
    } cases[] = {
        {"/home/browser/transfer/a.txt", true},
        {"/home/browser/transfer/..a/b..c/...", true},
        {"/home/browser/transfer/", false},
        {"/home/browser/transfer", false},
        {"/home/browser/transferred/a", false},
        {"/home/browser/transfer/../profile/x", false},
        {"/home/browser/transfer/a/..", false},
        {"/home/browser/transfer/./a", false},
        {"home/browser/transfer/a", false},
        {"/etc/passwd", false},
        {"", false},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
        if (method_path_is_allowed(cases[i].path) != cases[i].allowed)
            fail_msg("%s", cases[i].path);
}

static void calls_are_allowed_denied_or_changed(void **state) {
    static const struct {
        const char *method, *params;
        const char *left; /* params that go on; NULL: the client's own; "-": denied */
    } cases[] = {
        {"Page.enable", NULL, NULL},
        {"Runtime.evaluate", "{\"expression\":\"1\"}", NULL},
        {"Page.crash", "{}", NULL},
        {"Page.navigate", "{\"url\":\"https://a.test/\"}", "{\"url\":\"https://a.test/\"}"},
        {"Page.navigate", "{\"url\":\"file:///\"}", "-"},
        {"Page.navigate", "{\"url\":\"https://a.test/\",\"url\":\"file:///\"}", "-"},
        {"Page.navigate", "{\"u\\u0072l\":\"file:///\"}", "-"},
        {"Target.createTarget", "{\"url\":\"chrome://gpu\"}", "-"},
        {"Network.loadNetworkResource", "{\"url\":\"file:///\"}", "-"},
        {"Fetch.continueRequest", "{\"requestId\":\"1\",\"url\":\"file:///\"}", "-"},
        {"Fetch.continueRequest", "{\"requestId\":\"1\"}", "{\"requestId\":\"1\"}"},
        {"Target.attachToTarget", "{\"targetId\":\"1\",\"flatten\":true}", "{\"targetId\":\"1\",\"flatten\":true}"},
        {"Target.attachToTarget", "{\"targetId\":\"1\"}", "-"},
        {"Target.setAutoAttach", "{\"autoAttach\":true,\"flatten\":false}", "-"},
        {"Target.setAutoAttach", "{\"autoAttach\":false}", "{\"autoAttach\":false}"},
        {"Target.sendMessageToTarget", "{\"message\":\"{}\"}", "-"},
        {"Target.createBrowserContext",
         "{\"proxyServer\":\"http://x\",\"proxyBypassList\":\"*\",\"disposeOnDetach\":true,"
         "\"originsWithUniversalNetworkAccess\":[\"https://x\"]}",
         "{\"disposeOnDetach\":true}"},
        {"Target.exposeDevToolsProtocol", "{}", "-"},
        {"Target.setRemoteLocations", "{}", "-"},
        {"Target.openDevTools", "{}", "-"},
        {"Browser.crash", NULL, "-"},
        {"Browser.executeBrowserCommand", "{\"commandId\":\"openTabSearch\"}", "-"},
        {"Tethering.bind", "{\"port\":1}", "-"},
        {"Extensions.loadUnpacked", "{\"path\":\"/\"}", "-"},
        {"PWA.install", "{}", "-"},
        {"Cast.enable", NULL, "-"},
        {"Unknown.method", NULL, "-"},
        {"Pages.enable", NULL, "-"},
        {"Page", NULL, "-"},
        {"DOM.setFileInputFiles", "{\"files\":[\"/home/browser/transfer/a\"]}",
         "{\"files\":[\"/home/browser/transfer/a\"]}"},
        {"DOM.setFileInputFiles", "{\"files\":[\"/home/browser/transfer/a\",\"/etc/passwd\"]}", "-"},
        {"DOM.setFileInputFiles", "{\"files\":\"/etc/passwd\"}", "-"},
        {"DOM.setFileInputFiles", "{\"files\":[1]}", "-"},
        {"Input.dispatchDragEvent", "{\"data\":{\"files\":[\"/etc/passwd\"]}}", "-"},
        {"Input.dispatchDragEvent", "{\"data\":{\"items\":[]}}", "{\"data\":{\"items\":[]}}"},
        {"Page.setDownloadBehavior", "{\"behavior\":\"deny\"}", "{\"behavior\":\"deny\"}"},
        {"Browser.setDownloadBehavior", "{\"behavior\":\"allow\",\"downloadPath\":\"/tmp\"}",
         "{\"behavior\":\"allow\",\"downloadPath\":\"/home/browser/transfer\"}"},
    };
    for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
        struct method_verdict verdict = {0};
        struct error e;
        bool passed = judge(cases[i].method, cases[i].params, &verdict, &e) == 0;
        cleanup_free char *left = verdict.params;
        const char *wanted = cases[i].left;
        bool denied = wanted && !strcmp(wanted, "-");
        if (passed == denied || (passed && (!left != !wanted || (left && strcmp(left, wanted)))))
            fail_msg("%s %s: %s %s", cases[i].method, cases[i].params, passed ? "passed" : e.text, left ? left : "");
    }
}

static void a_refusal_says_why(void **state) {
    struct method_verdict verdict;
    struct error e;
    judge("Tethering.bind", "{}", &verdict, &e);
    assert_string_equal(e.text, "Replinet does not allow 'Tethering.bind': it opens ports");
    judge("Page.navigate", "{\"url\":\"file:///x\"}", &verdict, &e);
    assert_non_null(strstr(e.text, "'Page.navigate'"));
    assert_non_null(strstr(e.text, "file:///x"));
}

static void no_row_hides_behind_its_domain(void **state) {
    static const char *const patterns[] = {
#define X(pattern, action, check, why) pattern,
        METHOD_TABLE(X)
#undef X
    };
    for (size_t i = 0; i < ARRAY_LENGTH(patterns); i++)
        for (size_t j = i + 1; j < ARRAY_LENGTH(patterns); j++) {
            size_t length = strlen(patterns[i]) - 1;
            if (!strcmp(patterns[i], patterns[j]) ||
                (patterns[i][length] == '*' && !strncmp(patterns[i], patterns[j], length)))
                fail_msg("%s is never reached: %s stands before it", patterns[j], patterns[i]);
        }
}

static void local_methods_are_local(void **state) {
    struct method_verdict verdict;
    struct error e;
    assert_int_equal(judge("Browser.close", NULL, &verdict, &e), 0);
    assert_int_equal(verdict.action, METHOD_LOCAL);
    assert_int_equal(judge("Replinet.enable", NULL, &verdict, &e), 0);
    assert_int_equal(verdict.action, METHOD_LOCAL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_read_as_chromium_reads_them), cmocka_unit_test(paths_stay_in_the_transfer_folder),
        cmocka_unit_test(calls_are_allowed_denied_or_changed),  cmocka_unit_test(a_refusal_says_why),
        cmocka_unit_test(no_row_hides_behind_its_domain),       cmocka_unit_test(local_methods_are_local),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
