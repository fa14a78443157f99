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
    X(assert, action_assert, shape_assert, "Fails unless a condition holds (or comes to hold in time).")               \
    X(repeat, action_repeat, shape_repeat, "Carries steps out again and again.")
