/* Chromium's command line, a row per flag. Never one that takes a wall down. Proxy,
 * language and the first page follow in container.c. */
#pragma once

#define CHROMIUM_FLAGS(X)                                                                                              \
    X("--headless=new", "no display")                                                                                  \
    X("--remote-debugging-pipe", "CDP on descriptors 3 and 4: no port")                                                \
    X("--user-data-dir=/home/browser/profile", "on the container's own tmpfs")                                         \
    X("--disable-gpu", "there is none; also spares the GPU process's probing")                                         \
    X("--window-size=1280,900", "pages look as on a common screen; the default is 780 wide")                           \
    X("--no-first-run", "no welcome page")                                                                             \
    X("--no-default-browser-check", "")                                                                                \
    X("--disable-quic", "the gate speaks TCP only")                                                                    \
    X("--force-webrtc-ip-handling-policy=disable_non_proxied_udp", "no address of the inside leaks to a page")         \
    X("--disable-background-networking", "fewer calls home; the gate refuses the rest")                                \
    X("--disable-component-update", "")                                                                                \
    X("--disable-domain-reliability", "")                                                                              \
    X("--disable-sync", "")                                                                                            \
    X("--disable-default-apps", "")                                                                                    \
    X("--disable-extensions", "")                                                                                      \
    X("--disable-component-extensions-with-background-pages", "")                                                      \
    X("--disable-breakpad", "a crash is told by the exit; dumps would hold what pages showed")                         \
    X("--disable-crash-reporter", "")                                                                                  \
    X("--metrics-recording-only", "nothing is sent")                                                                   \
    X("--password-store=basic", "no keyring daemon to look for")                                                       \
    X("--disable-background-timer-throttling", "pages of an agent are never in front of anybody")                      \
    X("--disable-backgrounding-occluded-windows", "")                                                                  \
    X("--disable-renderer-backgrounding", "")                                                                          \
    X("--disable-ipc-flooding-protection", "a run may navigate and push states as fast as it likes")                   \
    X("--disable-popup-blocking", "a script's click counts as a user's")                                               \
    X("--enable-features=NetworkServiceSandbox,OriginKeyedProcessesByDefault",                                         \
      "off by default: whoever parses the network is confined too; a frame of another origin has a process of its "    \
      "own also on the same site, so that runs can reach into it (a login on a subdomain)")                            \
    X("--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",                                                     \
      "pages of Chromium's own that nobody sees, each with a renderer and rights of its own")                          \
    X("--mute-audio", "")                                                                                              \
    X("--proxy-bypass-list=<-loopback>", "loopback goes through the gate too, where it is refused")
