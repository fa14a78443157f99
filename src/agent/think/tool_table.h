/* The model's tools: name, the action of scripts that it is (NULL: one of its own), the fields that the model sees ("!"
 * after what it must give) or the shape of its own arguments, members that every call has, handler, how long it may
 * take (ms; 0: as a step of a script), doc. To add one: a row here; one that is no action also needs a shape and a
 * handler (tools_own.c). */
#pragma once

#define ELEMENT_MS 10000

#define TOOL_TABLE(X)                                                                                                  \
    X(goto, "goto", NULL, "url!", NULL, tool_act, 0, "Opens an address in the current tab.")                           \
    X(click, "click", NULL, "element! button times modifiers follow", NULL, tool_act, ELEMENT_MS,                      \
      "Clicks an element with the mouse.")                                                                             \
    X(fill, "fill", NULL, "element! value credential part", NULL, tool_act, ELEMENT_MS,                                \
      "Puts a text into a field in place of what it holds; or a part of a credential, whose value you never see.")     \
    X(select, "select", NULL, "element! option options index", NULL, tool_act, ELEMENT_MS,                             \
      "Chooses options of a list by their texts.")                                                                     \
    X(check, "check", NULL, "element!", NULL, tool_act, ELEMENT_MS,                                                    \
      "Turns a checkbox, radio button or switch on, unless it is.")                                                    \
    X(uncheck, "uncheck", NULL, "element!", NULL, tool_act, ELEMENT_MS,                                                \
      "Turns a checkbox or switch off, unless it is.")                                                                 \
    X(press, "press", NULL, "key! element times", NULL, tool_act, ELEMENT_MS,                                          \
      "Presses a key or a chord, in an element or where the focus is.")                                                \
    X(hover, "hover", NULL, "element!", NULL, tool_act, ELEMENT_MS, "Puts the mouse over an element.")                 \
    X(drag, "drag", NULL, "element! to right down", NULL, tool_act, ELEMENT_MS,                                        \
      "Drags an element with the mouse and drops it on another, or so many pixels away.")                              \
    X(scroll, "scroll", NULL, "element to down right inside", NULL, tool_act, ELEMENT_MS,                              \
      "Scrolls an element into view, or the page (or an area of it) by an amount or to an end.")                       \
    X(upload, "upload", NULL, "element! file files drop", NULL, tool_act, 0, "Gives files to a file field.")           \
    X(download, "download", NULL, "click! as!", NULL, tool_act, 0,                                                     \
      "Clicks an element and keeps the file that the browser then downloads.")                                         \
    X(back, "back", NULL, "", NULL, tool_act, 0, "Goes back in the tab's history.")                                    \
    X(forward, "forward", NULL, "", NULL, tool_act, 0, "Goes forward in the tab's history.")                           \
    X(reload, "reload", NULL, "", NULL, tool_act, 0, "Loads the page again.")                                          \
    X(tab, "tab", NULL, "to open close", NULL, tool_act, ELEMENT_MS, "Changes to a tab, opens or closes one.")         \
    X(dialog, "dialog", NULL, "answer! text on times", NULL, tool_act, 0,                                              \
      "Says what the next dialogs of the page (confirm, prompt) are answered; call it before what opens them.")        \
    X(wait, "wait_for", NULL, "text element state url page ms", NULL, tool_act, 0,                                     \
      "Waits until a text or element is there, the address fits, the page is quiet, or time passes.")                  \
    X(screenshot, "screenshot", NULL, "as! element full_page", NULL, tool_act, 0,                                      \
      "Keeps a picture of the view, the whole page or an element as a file of the run.")                               \
    X(totp, "fill", NULL, "element! credential!", "{\"part\":\"totp\"}", tool_act, 0,                                  \
      "Types the code that the authenticator of a credential shows now into a field.")                                 \
    X(read_page, NULL, &shape_tool_read_page, NULL, NULL, tool_read_page, 0,                                           \
      "Reads the whole text or all tables of the page, a part at a time.")                                             \
    X(extract, NULL, &shape_tool_extract, NULL, NULL, tool_extract, 0,                                                 \
      "Reads data of the shape that a JSON Schema describes out of the page's text and keeps it as a result.")         \
    X(ask_user, NULL, &shape_tool_ask_user, NULL, NULL, tool_ask_user, 0,                                              \
      "Asks a person and waits for the answer: when the task cannot be done without them, for a code that was sent "   \
      "to them, or for a CAPTCHA that stands in the way.")                                                             \
    X(note, NULL, &shape_tool_note, NULL, NULL, tool_note, 0,                                                          \
      "Writes something down that you need later: older observations are forgotten, notes are not.")                   \
    X(done, NULL, &shape_tool_done, NULL, NULL, tool_done, 0, "Ends the run: the task is done, or cannot be done.")
