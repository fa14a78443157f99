/* The actions: name, handler, shape of its arguments, what it does. To add one: a row here, a shape in shapes.c, a
 * handler in an actions_*.c file. Checks, events, docs/script.md and the tools of models come from this table. */
#pragma once

#define ACTION_TABLE(X)                                                                                                \
    X(goto, action_goto, shape_goto, "Opens an address and waits until the page has loaded.")                          \
    X(click, action_click, shape_click,                                                                                \
      "Clicks an element with the mouse once it is visible, still, enabled and uncovered.")                            \
    X(fill, action_fill, shape_fill, "Puts a text into a field in place of what it holds.")                            \
    X(press, action_press, shape_press, "Presses a key or a chord, in a target or where the focus is.")                \
    X(wait_for, action_wait_for, shape_wait_for, "Waits until a condition holds, the page is quiet, or time passes.")  \
    X(extract, action_extract, shape_extract,                                                                          \
      "Reads the page into the results: a text, an attribute, a list, a table, an object.")                            \
    X(screenshot, action_screenshot, shape_screenshot, "Takes a picture of the view, the whole page or an element.")   \
    X(download, action_download, shape_download, "Clicks and keeps the file that the browser then downloads.")         \
    X(upload, action_upload, shape_upload,                                                                             \
      "Gives files to a file input, to what asks for files when clicked, or drops them on an element.")                \
    X(assert, action_assert, shape_assert, "Fails unless a condition holds (or comes to hold in time).")               \
    X(select, action_select, shape_select,                                                                             \
      "Chooses options of a list: of the browser's own, or of one made of elements with ARIA roles.")                  \
    X(check, action_check, shape_check_box, "Turns a checkbox, radio button or switch on, unless it is.")              \
    X(uncheck, action_uncheck, shape_uncheck, "Turns a checkbox or switch off, unless it is.")                         \
    X(hover, action_hover, shape_hover, "Puts the mouse over an element.")                                             \
    X(scroll, action_scroll, shape_scroll,                                                                             \
      "Scrolls to an element, by an amount, to an end, or until something holds.")                                     \
    X(drag, action_drag, shape_drag, "Drags an element with the mouse and drops it.")                                  \
    X(tab, action_tab, shape_tab, "Opens, closes, changes and lists the browser's tabs and windows.")                  \
    X(dialog, action_dialog, shape_dialog, "Says what the next dialogs are answered, or reads the last one.")          \
    X(evaluate, action_evaluate, shape_evaluate, "Runs JavaScript in the page.")                                       \
    X(cookies, action_cookies, shape_cookies, "Reads, sets and clears cookies of the page's address.")                 \
    X(back, action_back, shape_history, "Goes back in the tab's history.")                                             \
    X(forward, action_forward, shape_history, "Goes forward in the tab's history.")                                    \
    X(reload, action_reload, shape_history, "Loads the page again.")                                                   \
    X(set, action_set, shape_set, "Sets variables: each member becomes {{vars.name}}; null takes it away.")            \
    X(if, action_if, shape_if, "Carries out some steps when a condition holds, others when not.")                      \
    X(repeat, action_repeat, shape_repeat, "Carries steps out again and again.")                                       \
    X(for_each, action_for_each, shape_for_each,                                                                       \
      "Carries steps out for each item of a list or each element that fits.")                                          \
    X(call, action_call, shape_call, "Carries out another of the agent's scripts.")                                    \
    X(stop, action_stop, shape_stop, "Ends the script (a called one: that one only) here, with success.")              \
    X(fail, action_fail, shape_fail, "Ends the run as failed.")
