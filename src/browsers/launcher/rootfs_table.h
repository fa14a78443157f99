/* What of the host a browser sees, besides Chromium's folder and the libraries it loads. All of it is public and read
 * only; setuid and setgid files, sockets, pipes and devices inside a folder are covered by an empty file.
 *
 * BIND(path): a file or folder of the host at its own place; left out where the host has none.
 * FOLDER(path): an empty folder, on which a container mounts something.
 * OWN(path, content): a file of our own. */
#pragma once

#define ROOTFS_TABLE(BIND, FOLDER, OWN)                                                                                \
    BIND("/etc/ld.so.cache")                                                                                           \
    BIND("/etc/fonts")                                                                                                 \
    BIND("/etc/ssl/certs/ca-certificates.crt")                                                                         \
    BIND("/usr/share/fonts")                                                                                           \
    BIND("/usr/share/fontconfig")                                                                                      \
    BIND("/var/cache/fontconfig")                                                                                      \
    BIND("/usr/share/zoneinfo")                                                                                        \
    BIND("/usr/lib/locale/C.utf8")                                                                                     \
    FOLDER("/proc")                                                                                                    \
    FOLDER("/dev")                                                                                                     \
    FOLDER("/tmp")                                                                                                     \
    FOLDER("/home/browser")                                                                                            \
    OWN("/etc/passwd", "root:x:0:0::/:/bin/false\nbrowser:x:1000:1000::/home/browser:/bin/false\n")                    \
    OWN("/etc/group", "root:x:0:\nbrowser:x:1000:\n")                                                                  \
    OWN("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")                                                          \
    OWN("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n")                                           \
    OWN("/etc/chromium/policies/managed/replinet.json", ROOTFS_POLICY)

/* Chromium's managed policy: nothing of this machine by URL, and none of the services that would call home or keep
 * secrets. The mux refuses the same schemes; this holds for whatever a page itself does. */
#define ROOTFS_POLICY                                                                                                  \
    "{\"URLBlocklist\":[\"file://*\",\"chrome://*\",\"chrome-untrusted://*\",\"view-source:*\",\"devtools://*\","      \
    "\"chrome-extension://*\",\"filesystem:*\"],\"ExtensionInstallBlocklist\":[\"*\"],"                                \
    "\"PasswordManagerEnabled\":false,\"SyncDisabled\":true,\"BrowserSignin\":0,\"BackgroundModeEnabled\":false,"      \
    "\"AutofillAddressEnabled\":false,\"AutofillCreditCardEnabled\":false,\"MetricsReportingEnabled\":false,"          \
    "\"SafeBrowsingProtectionLevel\":0,\"SearchSuggestEnabled\":false,\"TranslateEnabled\":false,"                     \
    "\"SpellCheckServiceEnabled\":false,\"NetworkPredictionOptions\":2,\"ComponentUpdatesEnabled\":false,"             \
    "\"DefaultBrowserSettingEnabled\":false,\"PromotionsEnabled\":false,\"AlternateErrorPagesEnabled\":false,"         \
    "\"DnsOverHttpsMode\":\"off\",\"QuicAllowed\":false,\"PrintingEnabled\":false,\"CloudPrintProxyEnabled\":false,"   \
    "\"DefaultPopupsSetting\":1,\"AudioCaptureAllowed\":false,\"VideoCaptureAllowed\":false,"                          \
    "\"DefaultSerialGuardSetting\":2,\"DefaultWebUsbGuardSetting\":2,\"DefaultWebBluetoothGuardSetting\":2,"           \
    "\"DefaultWebHidGuardSetting\":2,\"WebRtcIPHandling\":\"disable_non_proxied_udp\"}\n"
