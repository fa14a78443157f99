/* Real input: mouse and keyboard events as the browser gets them from a person. One thread. */
#pragma once

#include "agent/page.h"

#define INPUT_ALT     1
#define INPUT_CONTROL 2
#define INPUT_META    4
#define INPUT_SHIFT   8

/* The bit of a modifier's name, 0 when it is none. */
int input_modifier(const char *name);

/* A click, or `times` of them. */
struct input_click {
    const char *button; /* left, middle, right */
    int times, modifiers;
};

/* Moves the mouse there and clicks. `session` has the guard armed (page/guard.js); ret_outcome is what it says: "hit",
 * "missed" (nothing of it reached the page) or "unseen". */
int input_click(struct page *page, double x, double y, const struct input_click *how, size_t session, int64_t deadline,
                char ret_outcome[16], struct error *e);

/* Moves the mouse there. */
int input_move(struct page *page, double x, double y, int64_t deadline, struct error *e);

/* Turns the mouse wheel there; pixels. */
int input_wheel(struct page *page, double x, double y, double right, double down, int64_t deadline, struct error *e);

/* Presses the left button and moves a little, so that a drag begins. */
int input_drag_begin(struct page *page, double x, double y, int64_t deadline, struct error *e);
/* Moves to the end in `moves` moves and lets go there (`drop`) or gives up. Whether the page drags natively (HTML
 * drag and drop) or follows the mouse by itself, it gets the events that belong to it. */
int input_drag_end(struct page *page, double from_x, double from_y, double x, double y, int moves, bool drop,
                   int64_t deadline, struct error *e);

/* Drops files of the browser's transfer folder (a list of paths) there. */
int input_drop_files(struct page *page, double x, double y, const json_t *paths, int64_t deadline, struct error *e);

/* Presses a key or a chord ("Control+Shift+K") `times` times. ERROR_STEP when a name is unknown. */
int input_press(struct page *page, const char *chord, int times, int64_t deadline, struct error *e);

/* Text as if typed or pasted where the focus is, in place of the selection; "" deletes the selection. */
int input_text(struct page *page, const char *text, int64_t deadline, struct error *e);
