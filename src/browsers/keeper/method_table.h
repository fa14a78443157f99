/* What CDP clients may call: one row per method or domain: pattern, what happens, check function, why.
 *
 * "Domain.method" goes before "Domain.*"; what no row names is denied, so a domain that a new Chromium brings is shut
 * until somebody has thought about it. ALLOW passes the raw params on. CHECK parses the params strictly (no duplicate
 * keys), lets the function of method_checks.c look at and change them, and passes on what it left. DENY answers with
 * an error that says why. LOCAL is answered by the keeper itself (mux_calls.c).
 *
 * What must not be reachable: files of the container outside the transfer folder, Chromium's own pages, other ways
 * to the network than the gate, and the browser's life (its lease decides about that). */
#pragma once

#define METHOD_TABLE(X)                                                                                                \
    X("Browser.close", LOCAL, NULL, "Disconnects its caller only; the lease decides about the browser.")               \
    X("Replinet.enable", LOCAL, NULL, "Turns Replinet's own events on for this client.")                               \
    X("Replinet.setRun", LOCAL, NULL, "Says what this client's run does, for those who watch.")                        \
    X("Browser.crash", DENY, NULL, "the browser's lease decides when it ends")                                         \
    X("Browser.crashGpuProcess", DENY, NULL, "it would disturb the browser's other clients")                           \
    X("Browser.executeBrowserCommand", DENY, NULL, "it reaches Chromium's own user interface")                         \
    X("Browser.setDownloadBehavior", CHECK, check_download_behavior, "downloads go to the transfer folder")            \
    X("Browser.*", ALLOW, NULL, "")                                                                                    \
    X("Page.setDownloadBehavior", CHECK, check_download_behavior, "downloads go to the transfer folder")               \
    X("Page.navigate", CHECK, check_url, "web pages only")                                                             \
    X("Page.*", ALLOW, NULL, "")                                                                                       \
    X("Target.createTarget", CHECK, check_url, "web pages only")                                                       \
    X("Target.createBrowserContext", CHECK, check_browser_context, "no proxy but the gate")                            \
    X("Target.attachToTarget", CHECK, check_flatten, "a session inside another's messages could not be watched")       \
    X("Target.setAutoAttach", CHECK, check_auto_attach, "a session inside another's messages could not be watched")    \
    X("Target.sendMessageToTarget", DENY, NULL, "use flat sessions: put the sessionId beside the method")              \
    X("Target.exposeDevToolsProtocol", DENY, NULL, "it would hand the browser to the page")                            \
    X("Target.setRemoteLocations", DENY, NULL, "it would make Chromium connect to other browsers")                     \
    X("Target.openDevTools", DENY, NULL, "DevTools pages are Chromium's own")                                          \
    X("Target.getDevToolsTarget", DENY, NULL, "DevTools pages are Chromium's own")                                     \
    X("Target.*", ALLOW, NULL, "")                                                                                     \
    X("Network.loadNetworkResource", CHECK, check_url, "web pages only")                                               \
    X("Network.continueInterceptedRequest", CHECK, check_url, "web pages only")                                        \
    X("Network.*", ALLOW, NULL, "")                                                                                    \
    X("Fetch.continueRequest", CHECK, check_url, "web pages only")                                                     \
    X("Fetch.*", ALLOW, NULL, "")                                                                                      \
    X("DOM.setFileInputFiles", CHECK, check_files, "uploads come from the transfer folder")                            \
    X("DOM.*", ALLOW, NULL, "")                                                                                        \
    X("Input.dispatchDragEvent", CHECK, check_drag_files, "uploads come from the transfer folder")                     \
    X("Input.*", ALLOW, NULL, "")                                                                                      \
    X("Accessibility.*", ALLOW, NULL, "")                                                                              \
    X("Animation.*", ALLOW, NULL, "")                                                                                  \
    X("Audits.*", ALLOW, NULL, "")                                                                                     \
    X("Autofill.*", ALLOW, NULL, "")                                                                                   \
    X("BackgroundService.*", ALLOW, NULL, "")                                                                          \
    X("BluetoothEmulation.*", ALLOW, NULL, "")                                                                         \
    X("CacheStorage.*", ALLOW, NULL, "")                                                                               \
    X("Cast.*", DENY, NULL, "it looks for devices in the network")                                                     \
    X("Console.*", ALLOW, NULL, "")                                                                                    \
    X("CSS.*", ALLOW, NULL, "")                                                                                        \
    X("Database.*", ALLOW, NULL, "")                                                                                   \
    X("Debugger.*", ALLOW, NULL, "")                                                                                   \
    X("DeviceAccess.*", ALLOW, NULL, "")                                                                               \
    X("DeviceOrientation.*", ALLOW, NULL, "")                                                                          \
    X("DOMDebugger.*", ALLOW, NULL, "")                                                                                \
    X("DOMSnapshot.*", ALLOW, NULL, "")                                                                                \
    X("DOMStorage.*", ALLOW, NULL, "")                                                                                 \
    X("Emulation.*", ALLOW, NULL, "")                                                                                  \
    X("EventBreakpoints.*", ALLOW, NULL, "")                                                                           \
    X("Extensions.*", DENY, NULL, "an extension would run outside the pages' walls")                                   \
    X("FedCm.*", ALLOW, NULL, "")                                                                                      \
    X("FileSystem.*", ALLOW, NULL, "A page's own storage, not the container's files.")                                 \
    X("HeadlessExperimental.*", ALLOW, NULL, "")                                                                       \
    X("HeapProfiler.*", ALLOW, NULL, "")                                                                               \
    X("IndexedDB.*", ALLOW, NULL, "")                                                                                  \
    X("Inspector.*", ALLOW, NULL, "")                                                                                  \
    X("IO.*", ALLOW, NULL, "Streams that this browser made for its clients.")                                          \
    X("LayerTree.*", ALLOW, NULL, "")                                                                                  \
    X("Log.*", ALLOW, NULL, "")                                                                                        \
    X("Media.*", ALLOW, NULL, "")                                                                                      \
    X("Memory.*", ALLOW, NULL, "")                                                                                     \
    X("Overlay.*", ALLOW, NULL, "")                                                                                    \
    X("Performance.*", ALLOW, NULL, "")                                                                                \
    X("PerformanceTimeline.*", ALLOW, NULL, "")                                                                        \
    X("Preload.*", ALLOW, NULL, "")                                                                                    \
    X("Profiler.*", ALLOW, NULL, "")                                                                                   \
    X("PWA.*", DENY, NULL, "it installs applications beside the browser")                                              \
    X("Runtime.*", ALLOW, NULL, "")                                                                                    \
    X("Schema.*", ALLOW, NULL, "")                                                                                     \
    X("Security.*", ALLOW, NULL, "")                                                                                   \
    X("ServiceWorker.*", ALLOW, NULL, "")                                                                              \
    X("Storage.*", ALLOW, NULL, "")                                                                                    \
    X("SystemInfo.*", ALLOW, NULL, "The container's view, not the host's.")                                            \
    X("Tethering.*", DENY, NULL, "it opens ports")                                                                     \
    X("Tracing.*", ALLOW, NULL, "")                                                                                    \
    X("WebAudio.*", ALLOW, NULL, "")                                                                                   \
    X("WebAuthn.*", ALLOW, NULL, "Virtual authenticators.")
